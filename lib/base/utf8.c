/*
 * utf8 - strict UTF-8 (RFC 3629): shortest form, no surrogates, at most
 * U+10FFFF.  ASCII runs are passed eight bytes at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/base.h"

size_t
kt_utf8_decode(struct kt_span s, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	uint32_t v;
	size_t n;

	if (s.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.len < n)
		return 0;
	v = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && (v < 0x800 || (v >= 0xd800 && v <= 0xdfff))) ||
	    (n == 4 && (v < 0x10000 || v > 0x10ffff)))
		return 0;
	*cp = v;
	return n;
}

size_t
kt_utf8_check(struct kt_span s)
{
	size_t i = 0;

	while (i < s.len) {
		uint64_t eight;
		uint32_t cp;
		size_t n;

		if (s.len - i >= 8) {
			memcpy(&eight, s.ptr + i, 8);
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				i += 8;
				continue;
			}
		}
		n = kt_utf8_decode(kt_span_sub(s, i, 4), &cp);
		if (n == 0)
			return i;
		i += n;
	}
	return s.len;
}

size_t
kt_utf8_encode(uint32_t cp, char out[static 4])
{
	unsigned char *o = (unsigned char *)out;

	if (cp < 0x80) {
		o[0] = (unsigned char)cp;
		return 1;
	}
	if (cp < 0x800) {
		o[0] = (unsigned char)(0xc0 | cp >> 6);
		o[1] = (unsigned char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		o[0] = (unsigned char)(0xe0 | cp >> 12);
		o[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
		o[2] = (unsigned char)(0x80 | (cp & 0x3f));
		return 3;
	}
	o[0] = (unsigned char)(0xf0 | cp >> 18);
	o[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3f));
	o[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3f));
	o[3] = (unsigned char)(0x80 | (cp & 0x3f));
	return 4;
}
