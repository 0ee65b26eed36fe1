/*
 * validate_priv - what a pattern cannot say of a span.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the list in validators.def.
 * Does not: see more than the span.
 * Promises: yes or no, without state.
 */
#ifndef KT_DETECT_VALIDATE_PRIV_H
#define KT_DETECT_VALIDATE_PRIV_H
#include "base/base.h"

typedef bool (*kt_detect_validator_fn)(struct kt_span span);
kt_detect_validator_fn kt_detect_validator(const char *name);
/* By file: numbers on cards and accounts, tokens, addresses, persons. */
#define KT_VALIDATOR(name, fn) bool fn(struct kt_span span);
#include "detect/validators.def"
/* Is it a toll-free number, or a mailbox such as press@? */
bool kt_detect_reaches_a_firm(struct kt_span s);
/* The decimal digits of s, without the rest; how many, at most max. */
size_t kt_detect_digits(struct kt_span s, uint8_t *out, size_t max);
/* Is the last of n decimal digits the Luhn check digit? */
bool kt_detect_luhn(const uint8_t *d, size_t n);
/* In any case. */
bool kt_detect_contains(struct kt_span s, const char *word);
static inline bool
kt_detect_all_same(const uint8_t *d, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (d[i] != d[0])
			return false;
	return true;
}

#endif
