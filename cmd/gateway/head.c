/*
 * head - one table of rules, run in order; the first that does not hold names
 * the refusal.  A table because a reviewer must be able to see in one place
 * what is let in, and because the order is part of the contract: framing is
 * settled before anything is said about the target.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/head.h"

/* Fields. */

static bool
names_are_tokens(struct kt_head *h)
{
	for (size_t i = 0; i < h->nheaders; i++)
		if (!kt_header_is_name(h->headers[i].name))
			return false;
	return true;
}

static bool
values_are_clean(struct kt_head *h)
{
	for (size_t i = 0; i < h->nheaders; i++)
		if (!kt_header_is_value(h->headers[i].value))
			return false;
	return true;
}

/* How many fields of this name there are; *value is that of the last one. */
static size_t
count(const struct kt_head *h, struct kt_span name, struct kt_span *value)
{
	size_t n = 0;

	for (size_t i = 0; i < h->nheaders; i++)
		if (h->headers[i].name.len == name.len &&
		    kt_span_caseeq(h->headers[i].name, name)) {
			*value = h->headers[i].value;
			n++;
		}
	return n;
}

/*
 * Two readers would choose differently between two of these, and what was
 * inspected would not be what is read.
 */
static const struct kt_span singles[] = {
	KT_SPAN_INIT("authorization"), KT_SPAN_INIT("content-encoding"),
	KT_SPAN_INIT("content-type"),
};

static bool
none_is_repeated(struct kt_head *h)
{
	struct kt_span value;

	for (size_t i = 0; i < KT_NELEMS(singles); i++)
		if (count(h, singles[i], &value) > 1)
			return false;
	return true;
}

static bool
method_is_a_token(struct kt_head *h)
{
	return kt_header_is_name(h->method);
}

static bool
version_is_spoken(struct kt_head *h)
{
	h->is_1_0 = kt_span_eq(h->version, KT_SPAN("HTTP/1.0"));
	return h->is_1_0 || kt_span_eq(h->version, KT_SPAN("HTTP/1.1"));
}

static bool
host_is_one(struct kt_head *h)
{
	struct kt_span host;
	size_t n = count(h, KT_SPAN("host"), &host);

	return n == 1 || (n == 0 && h->is_1_0);
}

/* uri-host [":" port]; no user, no list, no path. */
static bool
host_is_plain(struct kt_head *h)
{
	struct kt_span host = { NULL, 0 };

	if (count(h, KT_SPAN("host"), &host) == 0)
		return true;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		        (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		        c == '_' || c == ':' || c == '[' || c == ']'))
			return false;
	}
	return host.len > 0;
}

/* Framing. */

static bool
coding_is_chunked_alone(struct kt_head *h)
{
	struct kt_span coding;
	size_t n = count(h, KT_SPAN("transfer-encoding"), &coding);

	h->body_bytes = KT_HEAD_NO_BODY;
	if (n == 0)
		return true;
	h->body_bytes = KT_HEAD_CHUNKED;
	return n == 1 && kt_span_caseeq(coding, KT_SPAN("chunked"));
}

static bool
coding_is_of_1_1(struct kt_head *h)
{
	return !(h->is_1_0 && h->body_bytes == KT_HEAD_CHUNKED);
}

static bool
length_is_one_number(struct kt_head *h)
{
	struct kt_span length;
	uint64_t bytes;
	size_t n = count(h, KT_SPAN("content-length"), &length);

	if (n == 0)
		return true;
	/* 18 digits: what every reader on the way holds in 64 bits, signed. */
	if (n > 1 || length.len > 18 || !kt_span_u64(length, &bytes))
		return false;
	if (h->body_bytes == KT_HEAD_NO_BODY)
		h->body_bytes = bytes > 0 ? bytes : KT_HEAD_NO_BODY;
	return true;
}

static bool
framing_is_one(struct kt_head *h)
{
	struct kt_span length;

	return h->body_bytes != KT_HEAD_CHUNKED ||
	    count(h, KT_SPAN("content-length"), &length) == 0;
}

static bool
expectation_is_known(struct kt_head *h)
{
	struct kt_span expect;
	size_t n = count(h, KT_SPAN("expect"), &expect);

	h->has_expect = n > 0;
	return n == 0 ||
	    (n == 1 && kt_span_caseeq(expect, KT_SPAN("100-continue")));
}

/* The target. */

static bool
target_is_visible(struct kt_head *h)
{
	for (size_t i = 0; i < h->target.len; i++) {
		unsigned char c = (unsigned char)h->target.ptr[i];

		if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\')
			return false;
	}
	return h->target.len > 0;
}

/*
 * "/path?query", or "http://HOST/path" with the HOST of the Host field: any
 * other absolute form asks for a proxy, which this is not.
 */
static bool
target_is_ours(struct kt_head *h)
{
	struct kt_span t = h->target, host = { NULL, 0 };
	size_t scheme = kt_span_starts(t, KT_SPAN("http://")) ? 7
	    : kt_span_starts(t, KT_SPAN("https://"))          ? 8
	                                                      : 0;
	size_t slash;

	h->path = t;
	if (scheme > 0) {
		(void)count(h, KT_SPAN("host"), &host);
		t = kt_span_sub(t, scheme, t.len - scheme);
		slash = kt_span_find(t, '/');
		if (!kt_span_caseeq(kt_span_sub(t, 0, slash), host))
			return false;
		h->path = kt_span_sub(t, slash, t.len - slash);
	}
	return h->path.len > 0 && h->path.ptr[0] == '/';
}

/* The byte that %XX at i stands for; -1: it is not written so. */
static int
escaped(struct kt_span s, size_t i)
{
	unsigned char byte;

	if (i + 2 >= s.len || !kt_unhex(kt_span_sub(s, i + 1, 2), &byte, 1))
		return -1;
	return byte;
}

/* No %00 anywhere, and in the path nothing that decodes to a control. */
static bool
escapes_are_harmless(struct kt_head *h)
{
	size_t query = kt_span_find(h->path, '?');

	for (size_t i = 0; i < h->path.len; i++) {
		int byte = 0x20;

		if (h->path.ptr[i] == '%')
			byte = escaped(h->path, i);
		if (byte <= 0 || (i < query && (byte < 0x20 || byte == 0x7f)))
			return false;
	}
	return true;
}

/* "." and ".." as whole segments, they and what divides them escaped or not:
 * who decodes first and divides then would leave the path that was routed. */
static bool
no_segment_is_dots(struct kt_head *h)
{
	struct kt_span path = kt_span_sub(
	    h->path, 0, kt_span_find(h->path, '?'));
	size_t dots = 0, others = 0;

	for (size_t i = 0; i <= path.len; i++) {
		int c = i < path.len ? (unsigned char)path.ptr[i] : '/';

		if (c == '%') {
			c = escaped(path, i);
			i += 2;
		}
		if (c == '/' || c == '\\') {
			if (others == 0 && (dots == 1 || dots == 2))
				return false;
			dots = others = 0;
		} else if (c == '.') {
			dots++;
		} else {
			others++;
		}
	}
	return true;
}

static const struct rule {
	bool (*holds)(struct kt_head *h);
	struct kt_head_fault fault;
} rules[] = {
	{ names_are_tokens, { 400, "header.name" } },
	{ values_are_clean, { 400, "header.value" } },
	{ none_is_repeated, { 400, "header.repeated" } },
	{ method_is_a_token, { 400, "method" } },
	{ version_is_spoken, { 505, "version" } },
	{ host_is_one, { 400, "host.count" } },
	{ host_is_plain, { 400, "host.value" } },
	{ coding_is_chunked_alone, { 400, "transfer_encoding" } },
	{ coding_is_of_1_1, { 400, "transfer_encoding.version" } },
	{ length_is_one_number, { 400, "content_length" } },
	{ framing_is_one, { 400, "framing" } },
	{ expectation_is_known, { 417, "expect" } },
	{ target_is_visible, { 400, "target.bytes" } },
	{ target_is_ours, { 400, "target.form" } },
	{ escapes_are_harmless, { 400, "target.escape" } },
	{ no_segment_is_dots, { 400, "target.dots" } },
};

const struct kt_head_fault *
kt_head_check(struct kt_head *h)
{
	for (size_t i = 0; i < KT_NELEMS(rules); i++)
		if (!rules[i].holds(h))
			return &rules[i].fault;
	return NULL;
}

bool
kt_head_may_trail(struct kt_span name)
{
	static const struct kt_span never[] = {
		KT_SPAN_INIT("content-length"), KT_SPAN_INIT("host"),
		KT_SPAN_INIT("transfer-encoding"),
	};

	for (size_t i = 0; i < KT_NELEMS(never); i++)
		if (kt_span_caseeq(never[i], name))
			return false;
	return kt_header_is_name(name);
}
