/*
 * digits - what several validators need.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/validate_priv.h"

size_t
kt_detect_digits(struct kt_span s, uint8_t *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			continue;
		if (n == max)
			return max + 1;
		out[n++] = (uint8_t)(s.ptr[i] - '0');
	}
	return n;
}

bool
kt_detect_luhn(const uint8_t *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned x = d[n - 1 - i];

		if (i & 1)
			x = x < 5 ? 2 * x : 2 * x - 9;
		sum += x;
	}
	return n > 1 && sum % 10 == 0;
}

bool
kt_detect_contains(struct kt_span s, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= s.len; i++)
		if (kt_span_caseeq(kt_span_sub(s, i, n), kt_span_of(word)))
			return true;
	return false;
}
