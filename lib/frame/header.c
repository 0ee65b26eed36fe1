/*
 * header - lists are short, so a walk beats any index; the hop-by-hop names
 * stand in one table for both directions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/header.h"

/* tchar of RFC 9110; a table, since every name is read, some of them twice. */
static const bool token_chars[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true,
	['\''] = true, ['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true,
	['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true, ['~'] = true,
};

bool
kt_header_is_token_char(char c)
{
	return token_chars[(unsigned char)c];
}

bool
kt_header_is_name(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!kt_header_is_token_char(s.ptr[i]))
			return false;
	return s.len > 0;
}

static bool
is_value_bytewise(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Eight at a time; those with a control among them, or a tab, one by one. */
bool
kt_header_is_value(struct kt_span s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (; s.len - i >= 8; i += 8) {
		uint64_t v, del, hit;

		memcpy(&v, s.ptr + i, 8);
		del = v ^ ones * 0x7f;
		/* May be too many because of a borrow, never too few. */
		hit = ((v - ones * 0x20) & ~v) | ((del - ones) & ~del);
		if ((hit & ones * 0x80) != 0 && !is_value_bytewise(s.ptr + i, 8))
			return false;
	}
	return is_value_bytewise(s.ptr + i, s.len - i);
}

struct kt_span
kt_header_find(const struct kt_header *headers, size_t n, struct kt_span name)
{
	for (size_t i = 0; i < n; i++)
		if (kt_span_caseeq(headers[i].name, name))
			return headers[i].value;
	return (struct kt_span){ NULL, 0 };
}

static bool
list_has(struct kt_span list, struct kt_span token)
{
	while (list.len > 0) {
		size_t comma = kt_span_find(list, ',');

		if (kt_span_caseeq(
		        kt_span_trim(kt_span_sub(list, 0, comma)), token))
			return true;
		if (comma == list.len)
			break;
		list = kt_span_sub(list, comma + 1, list.len - comma - 1);
	}
	return false;
}

bool
kt_header_has_token(const struct kt_header *headers, size_t n,
    struct kt_span name, struct kt_span token)
{
	for (size_t i = 0; i < n; i++)
		if (kt_span_caseeq(headers[i].name, name) &&
		    list_has(headers[i].value, token))
			return true;
	return false;
}

bool
kt_header_is_hop_by_hop(
    const struct kt_header *headers, size_t n, struct kt_span name)
{
	static const struct kt_span names[] = {
		KT_SPAN_INIT("connection"),
		KT_SPAN_INIT("keep-alive"),
		KT_SPAN_INIT("proxy-authenticate"),
		KT_SPAN_INIT("proxy-authorization"),
		KT_SPAN_INIT("proxy-connection"),
		KT_SPAN_INIT("te"),
		KT_SPAN_INIT("trailer"),
		KT_SPAN_INIT("transfer-encoding"),
		KT_SPAN_INIT("upgrade"),
	};

	for (size_t i = 0; i < KT_NELEMS(names); i++)
		if (kt_span_caseeq(names[i], name))
			return true;
	return kt_header_has_token(headers, n, KT_SPAN("connection"), name);
}
