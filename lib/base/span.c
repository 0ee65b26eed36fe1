/*
 * span - borrowed text.  Every comparison takes both lengths, so a NUL in
 * the middle is a byte like any other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/base.h"

struct kt_span
kt_span_sub(struct kt_span s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct kt_span){ .ptr = s.ptr ? s.ptr + from : NULL, .len = len };
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
kt_case_eq(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] &&
		    ((a[i] ^ b[i]) != ('a' ^ 'A') || !is_letter(a[i])))
			return false;
	return true;
}

/* The first bytes by hand: most prefixes end there. */
bool
kt_span_starts(struct kt_span s, struct kt_span prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 ||
	        (*s.ptr == *prefix.ptr &&
	            memcmp(s.ptr, prefix.ptr, prefix.len) == 0));
}

bool
kt_span_ends(struct kt_span s, struct kt_span suffix)
{
	return s.len >= suffix.len &&
	    kt_span_eq(kt_span_sub(s, s.len - suffix.len, suffix.len), suffix);
}

size_t
kt_span_find(struct kt_span s, char c)
{
	const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;

	return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

struct kt_span
kt_span_trim(struct kt_span s)
{
	while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
		s.ptr++;
		s.len--;
	}
	while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	return s;
}

bool
kt_span_u64(struct kt_span s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t d = (uint64_t)(unsigned char)s.ptr[i] - '0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

static bool
is_same(const char *a, const char *b)
{
	return *a == *b;
}

static bool
is_same_letter(const char *a, const char *b)
{
	return kt_case_eq(a, b, 1);
}

static bool
glob(struct kt_span p, struct kt_span s, bool (*same)(const char *, const char *))
{
	size_t pi = 0, si = 0, star = SIZE_MAX, mark = 0;

	while (si < s.len) {
		if (pi < p.len && p.ptr[pi] == '*') {
			star = pi++;
			mark = si;
		} else if (pi < p.len && (p.ptr[pi] == '?' || same(&p.ptr[pi], &s.ptr[si]))) {
			pi++;
			si++;
		} else if (star != SIZE_MAX) {
			pi = star + 1;
			si = ++mark;
		} else {
			return false;
		}
	}
	while (pi < p.len && p.ptr[pi] == '*')
		pi++;
	return pi == p.len;
}

bool
kt_span_glob(struct kt_span pattern, struct kt_span s)
{
	return glob(pattern, s, is_same);
}

bool
kt_span_caseglob(struct kt_span pattern, struct kt_span s)
{
	return glob(pattern, s, is_same_letter);
}

uint64_t
kt_hash(uint64_t h, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 1099511628211u;
	return h;
}

struct kt_span
kt_decimal(uint64_t n, char text[static 20])
{
	size_t at = 20;

	do
		text[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return (struct kt_span){ text + at, 20 - at };
}

void
kt_hex(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
}

/* The value of a digit with 0x10; 0 for what is none. */
static const unsigned char nibbles[256] = {
	['0'] = 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19,
	['A'] = 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	['a'] = 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
};

bool
kt_unhex(struct kt_span s, void *out, size_t n)
{
	unsigned char *b = out;

	if (s.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned hi = nibbles[(unsigned char)s.ptr[2 * i]];
		unsigned lo = nibbles[(unsigned char)s.ptr[2 * i + 1]];

		if ((hi & lo & 0x10) == 0)
			return false;
		b[i] = (unsigned char)(hi << 4 | (lo & 0xf));
	}
	return true;
}
