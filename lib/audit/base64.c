/*
 * base64 - RFC 4648, section 4, in its one strict spelling.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ours and not GnuTLS's: a second spelling of the same bytes would be a
 * second text under the same signature, and that decoder skips white space.
 */
#include "audit/key.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
kt_audit_base64(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t v = (uint32_t)bytes[i] << 16;

		if (have > 1)
			v |= (uint32_t)bytes[i + 1] << 8;
		if (have > 2)
			v |= bytes[i + 2];
		*out++ = digits[v >> 18 & 63];
		*out++ = digits[v >> 12 & 63];
		*out++ = have > 1 ? digits[v >> 6 & 63] : '=';
		*out++ = have > 2 ? digits[v & 63] : '=';
	}
	*out = '\0';
}

static int
value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

bool
kt_audit_unbase64(struct kt_span text, uint8_t *out, size_t n)
{
	if (text.len != (n + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < n; i += 3) {
		size_t have = n - i < 3 ? n - i : 3;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			char c = text.ptr[i / 3 * 4 + k];
			int d = k <= have ? value(c) : c == '=' ? 0 : -1;

			if (d < 0)
				return false;
			v = v << 6 | (uint32_t)d;
		}
		/* Bits that no byte takes have to be zero. */
		if ((v & (UINT32_C(0xffffff) >> 8 * have)) != 0)
			return false;
		for (size_t k = 0; k < have; k++)
			out[i + k] = (uint8_t)(v >> (16 - 8 * k));
	}
	return true;
}
