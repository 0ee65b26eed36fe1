/*
 * person_priv - arithmetic that the numbers of persons share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    digits and their value, weighted sums, days that exist.
 * Does not: know a country.
 * Promises: no state.
 */
#ifndef KT_DETECT_PERSON_PRIV_H
#define KT_DETECT_PERSON_PRIV_H
#include "detect/detect_priv.h"

/* Sum of d[i] * w[i]. */
static inline unsigned
kt_detect_weigh(const uint8_t *d, const uint8_t *w, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (unsigned)d[i] * w[i];
	return sum;
}

/* Exactly n digits, and not the same one all the time. */
static inline bool
kt_detect_number(struct kt_span s, uint8_t *d, size_t n)
{
	return kt_detect_digits(s, d, n) == n && !kt_detect_all_same(d, n);
}

static inline uint64_t
kt_detect_value(const uint8_t *d, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + d[i];
	return v;
}

/* The digit that fills a sum up to a multiple of m; 10 and more is none. */
static inline unsigned
kt_detect_fills(unsigned sum, unsigned m)
{
	return (m - sum % m) % m;
}

/* ISO 7064, MOD 11,10: the last of n digits checks those before it. */
static inline bool
kt_detect_is_mod11_10(const uint8_t *d, size_t n)
{
	unsigned p = 10;

	for (size_t i = 0; i + 1 < n; i++) {
		unsigned x = (d[i] + p) % 10;

		p = (x == 0 ? 10 : x) * 2 % 11;
	}
	return (11 - p) % 10 == d[n - 1];
}

static inline bool
kt_detect_is_day(unsigned day, unsigned month)
{
	static const uint8_t days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* Two digits as a number. */
static inline unsigned
kt_detect_pair(const uint8_t *d)
{
	return d[0] * 10u + d[1];
}

static inline char
kt_detect_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

#endif
