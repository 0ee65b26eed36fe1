/*
 * unbase64 - a medium as it stands inside a JSON string.  One spelling only,
 * RFC 4648 section 4; who reads others reads what we did not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/unbase64.h"

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits or, at the end, fewer; how many bytes they are goes up. */
static enum kt_rc
add(struct kt_buf *out, uint32_t bits, size_t digits)
{
	char bytes[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };

	if (digits == 1)
		return KT_E_PARSE;
	/* Bits that no byte takes have to be zero. */
	if ((digits == 2 && (bits & 0xffff) != 0) ||
	    (digits == 3 && (bits & 0xff) != 0))
		return KT_E_PARSE;
	return kt_buf_add(out, (struct kt_span){ bytes, digits - 1 });
}

enum kt_rc
kt_media_unbase64(struct kt_span s, struct kt_buf *out)
{
	uint32_t bits = 0;
	size_t digits = 0, at = 0;

	for (; at < s.len && s.ptr[at] != '='; at++) {
		int v;

		if (s.ptr[at] == '\\' && at + 1 < s.len &&
		    s.ptr[at + 1] == '/')
			at++; /* how some write a slash */
		v = value(s.ptr[at]);
		if (v < 0)
			return KT_E_PARSE;
		bits |= (uint32_t)v << (18 - 6 * digits);
		if (++digits < 4)
			continue;
		if (add(out, bits, digits) < 0)
			return KT_E_LIMIT;
		bits = 0;
		digits = 0;
	}
	if (digits == 0)
		return at == s.len ? KT_OK : KT_E_PARSE;
	/* Padding: what is missing to four, or nothing at all. */
	if (at < s.len && !kt_span_eq(kt_span_sub(s, at, s.len),
	        kt_span_sub(KT_SPAN("=="), 0, 4 - digits)))
		return KT_E_PARSE;
	return add(out, bits, digits);
}
