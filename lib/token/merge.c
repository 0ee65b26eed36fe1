/*
 * merge - short pieces, by the definition to the letter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/merge_priv.h"

/* A run of bytes that has become one token, and what it would make together
 * with the run behind it. */
struct run {
	uint32_t start;
	uint32_t joined;
};

static uint32_t
joined(const struct kt_token_table *t, const uint8_t *p, const struct run *runs,
    size_t n, size_t i)
{
	if (i + 2 > n)
		return KT_NO_TOKEN;
	return kt_token_find(
	    t, p + runs[i].start, runs[i + 2].start - runs[i].start);
}

size_t
kt_token_merge(const struct kt_token_table *t, const uint8_t *p, size_t len,
    uint32_t *out)
{
	struct run runs[KT_TOKEN_MERGE_MAX + 1]; /* the last is the end */
	size_t n = len;

	for (size_t i = 0; i <= len; i++)
		runs[i].start = (uint32_t)i;
	for (size_t i = 0; i < len; i++)
		runs[i].joined = joined(t, p, runs, n, i);
	for (;;) {
		size_t best = 0;

		for (size_t i = 1; i + 1 < n; i++)
			if (runs[i].joined < runs[best].joined)
				best = i;
		if (runs[best].joined == KT_NO_TOKEN)
			break;
		memmove(runs + best + 1, runs + best + 2,
		    (n - best - 1) * sizeof(*runs));
		n--;
		runs[best].joined = joined(t, p, runs, n, best);
		if (best > 0)
			runs[best - 1].joined =
			    joined(t, p, runs, n, best - 1);
	}
	for (size_t i = 0; i < n; i++)
		out[i] = kt_token_find(
		    t, p + runs[i].start, runs[i + 1].start - runs[i].start);
	return n;
}
