/*
 * class - classes and normalisation, as Unicode 16.0 has them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <uninorm.h>

#include "token/class_priv.h"
#include "token/unicode.inc"

/* All of them lie between U+10000 and U+1EFFF, below the emoji. */
static bool
has_newer(struct kt_span text)
{
	const char *p = text.ptr, *end = p + text.len;

	while ((p = memchr(p, 0xf0, (size_t)(end - p))) != NULL)
		if ((uint8_t)*++p < 0x9f)
			return true;
	return false;
}

static int
by_first(const void *key, const void *row)
{
	uint32_t a = *(const uint32_t *)key, b = *(const uint32_t *)row;

	return (a > b) - (a < b);
}

static uint32_t
compatible(uint32_t cp)
{
	const uint32_t *row = bsearch(&cp, newer_compatible,
	    KT_NELEMS(newer_compatible), sizeof(newer_compatible[0]), by_first);

	return row != NULL ? row[1] : cp;
}

static enum kt_rc
put(struct kt_buf *out, uint32_t cp)
{
	char utf8[4];

	return kt_buf_add(out,
	    (struct kt_span){ .ptr = utf8, .len = kt_utf8_encode(cp, utf8) });
}

static enum kt_rc
replace_newer(struct kt_span text, struct kt_buf *out)
{
	for (size_t i = 0; i < text.len;) {
		uint32_t cp;
		size_t n = kt_utf8_decode(
		    kt_span_sub(text, i, text.len - i), &cp);

		if (n == 0)
			return KT_E_PARSE;
		if (put(out, compatible(cp)) < 0)
			return KT_E_LIMIT;
		i += n;
	}
	return KT_OK;
}

/* Up to four parts of a composed newer character. */
static size_t
decompose(uint32_t cp, uint32_t parts[static 4])
{
	for (size_t i = 0; i < KT_NELEMS(newer_composed); i++) {
		const uint32_t *row = newer_composed[i];
		size_t n;

		if (row[2] != cp)
			continue;
		n = decompose(row[0], parts);
		parts[n] = row[1];
		return n + 1;
	}
	parts[0] = cp;
	return 1;
}

static uint32_t
compose(uint32_t a, uint32_t b)
{
	for (size_t i = 0; i < KT_NELEMS(newer_composed); i++)
		if (newer_composed[i][0] == a && newer_composed[i][1] == b)
			return newer_composed[i][2];
	return 0;
}

/* Canonical composition of newer characters that follow each other. */
static enum kt_rc
compose_newer(struct kt_span text, struct kt_buf *out)
{
	uint32_t last = 0, parts[4], both;

	for (size_t i = 0; i < text.len;) {
		uint32_t cp;
		size_t n = kt_utf8_decode(
		    kt_span_sub(text, i, text.len - i), &cp);

		if (n == 0)
			return KT_E_PARSE;
		i += n;
		n = cp > 0xffff ? decompose(cp, parts) : 1;
		if (n == 1)
			parts[0] = cp;
		for (size_t k = 0; k < n; k++) {
			both = compose(last, parts[k]);
			if (both == 0 && last != 0 && put(out, last) < 0)
				return KT_E_LIMIT;
			last = both != 0 ? both : parts[k];
		}
	}
	return last == 0 ? KT_OK : put(out, last);
}

static enum kt_rc
by_library(struct kt_span text, struct kt_buf *out)
{
	uint8_t room[256];
	size_t n = sizeof(room);
	uint8_t *nfkc = u8_normalize(
	    UNINORM_NFKC, (const uint8_t *)text.ptr, text.len, room, &n);
	enum kt_rc rc;

	if (nfkc == NULL)
		return KT_E_LIMIT;
	rc = kt_buf_add(
	    out, (struct kt_span){ .ptr = (const char *)nfkc, .len = n });
	if (nfkc != room)
		free(nfkc);
	return rc;
}

static size_t
run_of(struct kt_span text, size_t at, bool ascii)
{
	while (at < text.len && (text.ptr[at] >= 0) == ascii)
		at++;
	return at;
}

/* ASCII is normal, and joins only with what follows it: nothing before an
 * ASCII character matters behind it. */
static enum kt_rc
by_runs(struct kt_span text, struct kt_buf *out)
{
	for (size_t at = 0; at < text.len;) {
		size_t other = run_of(text, at, true);
		size_t from = other > at && other < text.len ? other - 1 :
		                                               other;
		size_t end = run_of(text, other, false);

		if (kt_buf_add(out, kt_span_sub(text, at, from - at)) < 0 ||
		    (end > from &&
		        by_library(kt_span_sub(text, from, end - from), out) <
		            0))
			return KT_E_LIMIT;
		at = end;
	}
	return KT_OK;
}

enum kt_rc
kt_token_nfkc(struct kt_span text, struct kt_buf *out)
{
	struct kt_buf one, two;
	enum kt_rc rc;

	kt_buf_reset(out);
	if (!has_newer(text))
		return by_runs(text, out);
	kt_buf_init(&one, out->limit);
	kt_buf_init(&two, out->limit);
	rc = replace_newer(text, &one);
	if (rc == KT_OK)
		rc = by_runs(kt_buf_span(&one), &two);
	if (rc == KT_OK)
		rc = compose_newer(kt_buf_span(&two), out);
	kt_buf_fini(&one);
	kt_buf_fini(&two);
	return rc;
}
