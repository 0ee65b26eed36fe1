/*
 * codes - what a place in a text says: escapes, runs and rows.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A run of base64, base32 or hexadecimal digits is one while it says a text,
 * base64 also one in UTF-16; keys and hashes do not.  A row is a text with
 * the same byte behind each of its characters, or one that is written in
 * quoted-printable throughout.  Both are told by how they begin.
 */
#include "detect/bytes_priv.h"
#include "detect/search.h"
#include "detect/view_priv.h"

#define N16 -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
/* clang-format off */
const int8_t kt_detect_digits64[256] = {
	N16, N16,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	N16, N16, N16, N16, N16, N16, N16, N16,
};
/* clang-format on */

static int
digit16(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_text_byte(unsigned char c)
{
	return (c >= ' ' && c != 127) || c == '\t' || c == '\n' || c == '\r';
}

static int
digit32(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Bytes of n digits at `at`, all there, which say so many bits each; how
   many. */
static inline size_t
bytes_of(struct kt_span in, size_t at, size_t n, unsigned bits,
    int (*digit)(char c), char *out)
{
	size_t len = 0;
	uint32_t all = 0;

	for (size_t i = 1; i <= n; i++) {
		int d = digit(in.ptr[at + i - 1]);

		if (d < 0)
			return 0;
		all = all << bits | (uint32_t)d;
		if (i * bits / 8 > len)
			out[len++] = (char)(all >> i * bits % 8);
	}
	return len;
}

static size_t
bytes64(struct kt_span in, size_t at, size_t n, char *out)
{
	return bytes_of(in, at, n, 6, kt_detect_digit64, out);
}

static size_t
bytes32(struct kt_span in, size_t at, size_t n, char *out)
{
	return bytes_of(in, at, n, 5, digit32, out);
}

static bool
is_text(const char *bytes, size_t n)
{
	struct kt_span s = { bytes, n };
	unsigned char any = 0;

	for (size_t i = 0; i < n; i++) {
		any |= (unsigned char)bytes[i];
		if (!is_text_byte((unsigned char)bytes[i]))
			return false;
	}
	/* The last character may go on behind what is looked at, and the first
	   one of a group begin before it. */
	return any < 0x80 || n <= 5 || kt_utf8_check(s) + 4 > n;
}

/* UTF-16, with what is Latin in every second byte and nothing in the others;
   a mark of its order may be in front. */
static bool
is_wide(const char *bytes, size_t n)
{
	size_t at = n > 1 && (unsigned char)bytes[0] + (unsigned char)bytes[1] ==
	        0xff + 0xfe ? 2 : 0;
	size_t none = at < n && bytes[at] == 0 ? at : at + 1;

	if (n < at + 3)
		return false;
	for (; at < n; at++)
		if (at % 2 == none % 2
		        ? bytes[at] != 0
		        : !is_text_byte((unsigned char)bytes[at]))
			return false;
	return true;
}

bool
kt_detect_begins_run(struct kt_span in, size_t at)
{
	if (at == 0 || !kt_detect_is_alnum(in.ptr[at - 1]))
		return true;
	return at > 1 && (in.ptr[at - 1] | 32) == 'x' && in.ptr[at - 2] == '0' &&
	    (at == 2 || !kt_detect_is_alnum(in.ptr[at - 3]));
}

enum kt_detect_run
kt_detect_run_says(struct kt_span in, size_t from)
{
	char bytes[KT_DETECT_RUN_MIN];
	size_t n = 0;

	if (in.len - from < KT_DETECT_RUN_MIN ||
	    kt_detect_has_blank(in.ptr + from) ||
	    kt_detect_has_blank(in.ptr + from + 8))
		return KT_DETECT_RUN_NONE;
	for (; n < KT_DETECT_RUN_MIN / 2; n++) {
		int a = digit16(in.ptr[from + 2 * n]);
		int b = digit16(in.ptr[from + 2 * n + 1]);

		if (a < 0 || b < 0)
			break;
		bytes[n] = (char)(a << 4 | b);
		if (!is_text_byte((unsigned char)bytes[n]))
			break;
	}
	if (n == KT_DETECT_RUN_MIN / 2 && is_text(bytes, n))
		return KT_DETECT_RUN_HEX;
	/* Of words and keys two in three are told by their first digits. */
	n = bytes64(in, from, 4, bytes);
	if (n > 0 && is_text(bytes, n)) {
		n = bytes64(in, from, KT_DETECT_RUN_MIN, bytes);
		if (n > 0 && is_text(bytes, n))
			return KT_DETECT_RUN_BASE64;
	} else if (n > 0 && is_wide(bytes, n)) {
		n = bytes64(in, from, KT_DETECT_RUN_MIN, bytes);
		if (n > 0 && is_wide(bytes, n))
			return KT_DETECT_RUN_BASE64_WIDE;
	}
	n = bytes32(in, from, KT_DETECT_RUN_MIN, bytes);
	return n > 0 && is_text(bytes, n) ? KT_DETECT_RUN_BASE32
	                                  : KT_DETECT_RUN_NONE;
}

bool
kt_detect_run_may_say(struct kt_span in, size_t from)
{
	char bytes[KT_DETECT_RUN_MIN] = { 0 };
	size_t digits = in.len - from, n = 0;

	if (digits >= KT_DETECT_RUN_MIN)
		return false;
	for (; 2 * n + 1 < digits; n++) {
		int a = digit16(in.ptr[from + 2 * n]);
		int b = digit16(in.ptr[from + 2 * n + 1]);

		if (a < 0 || b < 0)
			break;
		bytes[n] = (char)(a << 4 | b);
	}
	if (n == digits / 2 && is_text(bytes, n))
		return true;
	n = bytes64(in, from, digits, bytes);
	if (n > 0 && (is_text(bytes, n) || is_wide(bytes, n)))
		return true;
	n = bytes32(in, from, digits, bytes);
	return n > 0 && is_text(bytes, n);
}

int
kt_detect_text64(struct kt_span in, size_t at, size_t n, char *out)
{
	size_t len = bytes64(in, at, n, out);

	return len > 0 && is_text(out, len) ? (int)len : -1;
}

int
kt_detect_text64_wide(struct kt_span in, size_t at, size_t n, char *out)
{
	size_t len = bytes64(in, at, n, out), kept = 0;

	/* None of these three is a byte of a text. */
	for (size_t i = 0; i < len; i++)
		if (out[i] != 0 && (unsigned char)out[i] < 0xfe)
			out[kept++] = out[i];
	/* Alone, the second byte of the last letter. */
	return (kept > 0 || len == 1) && is_text(out, kept) ? (int)kept : -1;
}

int
kt_detect_text32(struct kt_span in, size_t at, size_t n, char *out)
{
	size_t len = bytes32(in, at, n, out);

	return len > 0 && is_text(out, len) ? (int)len : -1;
}

int
kt_detect_text16(struct kt_span in, size_t at)
{
	int a, b;

	if (at >= in.len || in.len - at < 2)
		return -1;
	a = digit16(in.ptr[at]);
	b = digit16(in.ptr[at + 1]);
	if (a < 0 || b < 0 || !is_text_byte((unsigned char)(a << 4 | b)))
		return -1;
	return a << 4 | b;
}

/* ---- rows ---- */

/* What words, tables and code often begin like is shorter. */
#define ROW_WAITS 4

static bool
is_shown(char c)
{
	return c >= ' ' && c < 127;
}

/* "i g n o r e": digits are put so in tables, and letters by none. */
static enum kt_detect_row
spaced_row(struct kt_span in, size_t at, size_t n)
{
	const char *p = in.ptr + at;
	size_t letters = 0;

	if (!kt_detect_is_alnum(p[0]) || (n > 1 && (kt_detect_is_alnum(p[1]) || p[1] & 0x80)))
		return KT_DETECT_ROW_NONE;
	for (size_t i = 0; i < n; i++) {
		if (i % 2 == 0 ? !is_shown(p[i]) : p[i] != p[1])
			return KT_DETECT_ROW_NONE;
		letters += i % 2 == 0 && kt_detect_kind(p[i]) == KT_DETECT_LETTER;
	}
	if (n < KT_DETECT_ROW_MIN)
		return KT_DETECT_ROW_MAYBE;
	return letters >= KT_DETECT_ROW_LETTERS ? KT_DETECT_ROW_SPACED
	                                        : KT_DETECT_ROW_NONE;
}

static enum kt_detect_row
quoted_row(struct kt_span in, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = in.ptr[at + i];

		if (i % 3 == 0 ? c != '=' : digit16(c) < 0)
			return KT_DETECT_ROW_NONE;
		if (i % 3 == 2 && kt_detect_text16(in, at + i - 1) < 0)
			return KT_DETECT_ROW_NONE;
	}
	return n < KT_DETECT_ROW_MIN ? KT_DETECT_ROW_MAYBE
	                             : KT_DETECT_ROW_QUOTED;
}

enum kt_detect_row
kt_detect_row_says(struct kt_span in, size_t at)
{
	size_t n = in.len - at;

	if (n > KT_DETECT_ROW_MIN)
		n = KT_DETECT_ROW_MIN;
	if (in.ptr[at] == '=')
		return quoted_row(in, at, n);
	return at > 0 && kt_detect_is_alnum(in.ptr[at - 1]) ? KT_DETECT_ROW_NONE
	                                          : spaced_row(in, at, n);
}

/* Of one that began before, so that it is told by now, or will be. */
static bool
is_further(struct kt_span in, size_t at)
{
	if (in.ptr[at] == '=')
		return at > 2 && in.ptr[at - 3] == '=';
	return at > 1 && in.ptr[at - 1] == in.ptr[at + 1] &&
	    is_shown(in.ptr[at - 2]);
}

size_t
kt_detect_row_waits(struct kt_span in)
{
	size_t at = in.len > KT_DETECT_ROW_MIN ? in.len - KT_DETECT_ROW_MIN : 0;

	for (; in.len - at >= ROW_WAITS; at++)
		if (kt_detect_row_says(in, at) == KT_DETECT_ROW_MAYBE)
			return is_further(in, at) ? in.len : at;
	return in.len;
}

/* ---- escapes ---- */

/* More than a character has bits for is none. */
static int
hex_at(struct kt_span in, size_t at, size_t n)
{
	int v = 0;

	if (at > in.len || in.len - at < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int d = digit16(in.ptr[at + i]);

		if (d < 0 || v > 0xffffff)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* \uXXXX, its other half with it if there is one. */
static size_t
unicode_escape(struct kt_span in, size_t at, uint32_t *cp)
{
	int high = hex_at(in, at + 2, 4), low;

	if (high < 0)
		return 0;
	*cp = (uint32_t)high;
	if (high < 0xd800 || high > 0xdfff)
		return 6;
	if (high > 0xdbff || in.len - at < 12 || in.ptr[at + 6] != '\\' ||
	    in.ptr[at + 7] != 'u')
		return 0;
	low = hex_at(in, at + 8, 4);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*cp = 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	return 12;
}

/* "&#64;" or "&#x40;", with a digit to seven: how long what is there of it is.
   Whole when it ends in a semicolon or something is behind it. */
static size_t
numbered(struct kt_span in, size_t at, uint32_t *cp)
{
	bool is_hex = in.len - at > 2 && (in.ptr[at + 2] | 32) == 'x';
	size_t first = at + 2 + is_hex, end = first;

	*cp = 0;
	for (; end < in.len && end - first < 7; end++) {
		int d = digit16(in.ptr[end]);

		if (d < 0 || (d > 9 && !is_hex))
			break;
		*cp = *cp * (is_hex ? 16 : 10) + (uint32_t)d;
	}
	if (end < in.len &&
	    (end == first ||
	        (end - first == 7 && kt_detect_is_alnum(in.ptr[end]))))
		return 0;
	return end < in.len && in.ptr[end] == ';' ? end + 1 - at : end - at;
}

/* "\u{40}" or "\x{40}", with a digit to six: as numbered, whole when it ends
   in a brace. */
static size_t
braced(struct kt_span in, size_t at, uint32_t *cp)
{
	size_t first = at + 3, end = first;

	*cp = 0;
	for (; end < in.len && end - first < 6; end++) {
		int d = digit16(in.ptr[end]);

		if (d < 0)
			break;
		*cp = *cp << 4 | (uint32_t)d;
	}
	if (end < in.len && (end == first || in.ptr[end] != '}'))
		return 0;
	return end < in.len ? end + 1 - at : end - at;
}

static bool
is_braced(struct kt_span in, size_t at)
{
	return in.len - at > 2 && in.ptr[at + 2] == '{' &&
	    (in.ptr[at + 1] == 'u' || in.ptr[at + 1] == 'x');
}

static bool
is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "\100" or "\64": of C and its shells, three digits at most and a byte. */
static size_t
octal(struct kt_span in, size_t at, uint32_t *byte)
{
	size_t n = 1;

	*byte = 0;
	for (; n < 4 && n < in.len - at && is_octal(in.ptr[at + n]); n++) {
		uint32_t v = *byte * 8 + (uint32_t)(in.ptr[at + n] - '0');

		if (v > 0xff)
			break;
		*byte = v;
	}
	/* One digit is a group of a pattern. */
	return n > 2 && (*byte >= 0x80 || is_text_byte((unsigned char)*byte))
	    ? n
	    : 0;
}

static bool
is_character(uint32_t cp)
{
	return cp > 0 && cp < 0x110000 && (cp < 0xd800 || cp > 0xdfff);
}

/* What HTML has names for that stands in values and around them. */
static const struct {
	struct kt_span name;
	uint32_t cp;
} names[] = {
	{ KT_SPAN_INIT("&quot;"), '"' }, { KT_SPAN_INIT("&apos;"), '\'' },
	{ KT_SPAN_INIT("&amp;"), '&' }, { KT_SPAN_INIT("&lt;"), '<' },
	{ KT_SPAN_INIT("&gt;"), '>' }, { KT_SPAN_INIT("&nbsp;"), 0xa0 },
	{ KT_SPAN_INIT("&commat;"), '@' }, { KT_SPAN_INIT("&period;"), '.' },
	{ KT_SPAN_INIT("&colon;"), ':' }, { KT_SPAN_INIT("&equals;"), '=' },
	{ KT_SPAN_INIT("&sol;"), '/' }, { KT_SPAN_INIT("&lowbar;"), '_' },
	{ KT_SPAN_INIT("&plus;"), '+' }, { KT_SPAN_INIT("&hyphen;"), '-' },
	{ KT_SPAN_INIT("&dash;"), '-' }, { KT_SPAN_INIT("&shy;"), 0xad },
	{ KT_SPAN_INIT("&Tab;"), '\t' }, { KT_SPAN_INIT("&NewLine;"), '\n' },
};

/* One of HTML, or the beginning of one that ends the text: as numbered; a name
   is whole with its semicolon only. */
static size_t
entity(struct kt_span in, size_t at, uint32_t *cp)
{
	if (in.len - at > 1 && in.ptr[at + 1] == '#')
		return numbered(in, at, cp);
	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		struct kt_span is = kt_span_sub(in, at, names[i].name.len);

		*cp = names[i].cp;
		if (kt_span_starts(names[i].name, is))
			return is.len;
	}
	return 0;
}

size_t
kt_detect_escape(struct kt_span in, size_t at, uint32_t *cp, bool *is_byte)
{
	static const char plain[] = "\"\\/'nrtbf", said[] = "\"\\/'\n\r\t\b\f";
	const char *simple;
	int v;

	*is_byte = false;
	if (in.len - at < 2)
		return 0;
	if (in.ptr[at] == '&') {
		size_t n = entity(in, at, cp);
		bool is_whole = n > 0 &&
		    (in.ptr[at + n - 1] == ';' || in.ptr[at + 1] == '#');

		return is_whole && is_character(*cp) ? n : 0;
	}
	if (is_braced(in, at)) {
		size_t n = braced(in, at, cp);
		bool is_whole = n > 0 && in.ptr[at + n - 1] == '}';

		return is_whole && is_character(*cp) ? n : 0;
	}
	if (in.ptr[at] == '%' || in.ptr[at + 1] == 'x') {
		size_t n = in.ptr[at] == '%' ? 3 : 4;

		*is_byte = true;
		v = in.len - at < n ? -1 : hex_at(in, at + n - 2, 2);
		*cp = (uint32_t)v;
		return v > 0 ? n : 0;
	}
	if (in.ptr[at + 1] == 'u')
		return unicode_escape(in, at, cp);
	if (in.ptr[at + 1] == 'U') {
		v = hex_at(in, at + 2, 8);
		*cp = (uint32_t)v;
		return v > 0 && is_character(*cp) ? 10 : 0;
	}
	if (is_octal(in.ptr[at + 1])) {
		*is_byte = true;
		return octal(in, at, cp);
	}
	simple = memchr(plain, in.ptr[at + 1], sizeof(plain) - 1);
	if (simple == NULL)
		return 0;
	*cp = (unsigned char)said[simple - plain];
	return 2;
}

size_t
kt_detect_escape_needs(struct kt_span in, size_t at)
{
	static const char simple[] = "\"\\/'nrtbf";
	char c = at + 1 < in.len ? in.ptr[at + 1] : '\0';
	bool is_high = at + 3 < in.len && (in.ptr[at + 2] | 32) == 'd' &&
	    (in.ptr[at + 3] >= '8');

	if (at + 1 >= in.len)
		return 2;
	if (in.ptr[at] == '&') {
		uint32_t cp;
		size_t n = entity(in, at, &cp);

		return n == 0 ? 1
		    : n < in.len - at || in.ptr[at + n - 1] == ';' ? n
		                                                   : n + 1;
	}
	if (in.ptr[at] == '%')
		return digit16(c) >= 0 ? 3 : 1;
	if (is_braced(in, at)) {
		uint32_t cp;
		size_t n = braced(in, at, &cp);

		return n == 0 ? 1 : in.ptr[at + n - 1] == '}' ? n : n + 1;
	}
	if (is_octal(c))
		return c > '3' ? 3 : 4;
	if (c == 'U')
		return 10;
	if (c == 'u')
		return is_high ? 12 : 6;
	if (c == 'x')
		return 4;
	return memchr(simple, c, sizeof(simple) - 1) != NULL ? 2 : 1;
}

