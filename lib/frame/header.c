/*
 * header - lists are short, so a walk beats any index; the hop-by-hop names
 * stand in one table for both directions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/header.h"

bool
kt_header_is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' ||
	    memchr("!#$%&'*+-.^_`|~", c, sizeof("!#$%&'*+-.^_`|~") - 1) != NULL;
}

bool
kt_header_is_name(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!kt_header_is_token_char(s.ptr[i]))
			return false;
	return s.len > 0;
}

bool
kt_header_is_value(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
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
