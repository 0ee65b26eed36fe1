/*
 * jit_priv - machine code of a rule.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how often a rule was asked, and its machine code.
 * Does not: know what a match is for.
 * Promises: many threads match at once, and none waits for another.
 */
#ifndef KT_DETECT_JIT_PRIV_H
#define KT_DETECT_JIT_PRIV_H
#include <stdatomic.h>

#include "detect/detect_priv.h"

/* The one thing that changes in a database that threads share. */
struct kt_detect_jit {
	_Atomic(pcre2_code *) code; /* NULL: the interpreter matches */
	_Atomic uint32_t asked;
};
void kt_detect_jit_fini(struct kt_detect_jit *j);
/* As pcre2_match. */
int kt_detect_jit_match(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    uint32_t options);

#endif
