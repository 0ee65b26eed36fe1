/*
 * charset - one character at a time, by one of two rules.  Any bytes at all
 * are Latin-1 to somebody, so a text has to look like one: no controls, at
 * most one byte of three above ASCII, and no character of UTF-8, in which
 * somebody else would read it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"

#define HIGH_SHARE 3 /* one byte of so many */
#define MARK_LEN 2

uint32_t
kt_charset_western(unsigned char c)
{
	static const uint16_t upper[32] = { 0x20ac, 0, 0x201a, 0x0192, 0x201e,
		0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,
		0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
		0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e,
		0x0178 };

	return c >= 0x80 && c < 0xa0 ? upper[c - 0x80] : c;
}

bool
kt_charset_is_control(uint32_t c)
{
	return (c < ' ' && !(c >= '\b' && c <= '\r')) || c == 0x7f;
}

enum kt_rc
kt_charset_add(struct kt_buf *out, uint32_t c)
{
	char bytes[4];

	return kt_buf_add(
	    out, (struct kt_span){ bytes, kt_utf8_encode(c, bytes) });
}

static bool
is_wide(struct kt_span s)
{
	return kt_span_starts(s, KT_SPAN("\xff\xfe")) ||
	    kt_span_starts(s, KT_SPAN("\xfe\xff"));
}

/* Of a text with a mark, which tells its order. */
static uint32_t
unit(struct kt_span s, size_t at)
{
	size_t high = (unsigned char)s.ptr[0] == 0xff;

	return (uint32_t)(unsigned char)s.ptr[at + high] << 8 |
	    (unsigned char)s.ptr[at + 1 - high];
}

/* The character at `at`, and how many bytes it takes; 0: there is none. */
static size_t
wide_at(struct kt_span s, size_t at, uint32_t *c)
{
	uint32_t low;

	if (s.len - at < 2)
		return 0;
	*c = unit(s, at);
	if (*c < 0xd800 || *c > 0xdfff)
		return 2;
	low = s.len - at < 4 ? 0 : unit(s, at + 2);
	if (*c > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return 4;
}

static size_t
char_at(struct kt_span s, size_t at, uint32_t *c)
{
	size_t n = 1;

	if (is_wide(s))
		n = wide_at(s, at, c);
	else if (kt_utf8_decode(kt_span_sub(s, at, s.len), c) > 1)
		n = 0;
	else
		*c = kt_charset_western((unsigned char)s.ptr[at]);
	return n > 0 && *c != 0 && !kt_charset_is_control(*c) ? n : 0;
}

static bool
is_mostly_ascii(struct kt_span s)
{
	size_t high = 0;

	for (size_t i = 0; i < s.len; i++)
		high += (unsigned char)s.ptr[i] >= 0x80;
	return high <= s.len / HIGH_SHARE;
}

size_t
kt_charset_check(struct kt_span s)
{
	size_t at = is_wide(s) ? MARK_LEN : 0, n = 1;
	uint32_t c = 0;

	if (!is_wide(s) && !is_mostly_ascii(s))
		return 0;
	for (; at < s.len && n > 0; at += n)
		n = char_at(s, at, &c);
	return at;
}

enum kt_rc
kt_charset_decode(struct kt_span s, struct kt_buf *out)
{
	size_t n = 1;
	uint32_t c = 0;

	for (size_t at = is_wide(s) ? MARK_LEN : 0; at < s.len; at += n) {
		n = char_at(s, at, &c);
		if (n == 0)
			return KT_E_PARSE;
		if (kt_charset_add(out, c) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}
