/*
 * nearest - optimal string alignment over three rows.  Swapped neighbours
 * count as one slip, as they are the most common one when typing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/nearest.h"

/* Letters compare without case; '_' and '-' are the same slip of memory. */
static char
fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c == '_' ? '-' : c;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static size_t
distance(struct kt_span a, struct kt_span b)
{
	size_t rows[3][KT_CONFIG_WORD_MAX + 1];

	for (size_t j = 0; j <= b.len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = rows[i % 3], *up = rows[(i + 2) % 3];
		size_t *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			char ca = fold(a.ptr[i - 1]), cb = fold(b.ptr[j - 1]);

			now[j] = least(up[j] + 1, now[j - 1] + 1,
			    up[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == fold(b.ptr[j - 2]) &&
			    cb == fold(a.ptr[i - 2]) && up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return rows[a.len % 3][b.len];
}

void
kt_config_nearest_init(struct kt_config_nearest *n, struct kt_span word)
{
	*n = (struct kt_config_nearest){ .word = word, .distance = word.len / 3 + 2 };
}

void
kt_config_nearest_try(struct kt_config_nearest *n, const char *candidate)
{
	struct kt_span c = kt_span_of(candidate);
	size_t d;

	if (n->word.len == 0 || n->word.len > KT_CONFIG_WORD_MAX ||
	    c.len > KT_CONFIG_WORD_MAX)
		return;
	d = distance(n->word, c);
	/* As many slips as letters is another word, not a misspelt one. */
	if (d < n->distance && d < c.len && d < n->word.len) {
		n->distance = d;
		n->best = candidate;
	}
}
