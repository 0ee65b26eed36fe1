/*
 * http1_write - everything is checked before the first byte is written, so
 * that a refusal leaves the buffer as it was; framing is the one thing that
 * is added, because a head and its body must not be able to disagree.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/http1.h"

/* Refusals of a head to be written; the place is named, never the value. */
static enum kt_rc
check_request(struct kt_span method, struct kt_span target,
    const struct kt_header *headers, size_t n, uint64_t body_bytes,
    struct kt_err *err)
{
	size_t hosts = 0;
	uint64_t length;

	if (!kt_header_is_name(method) || target.len == 0)
		return kt_fail(err, KT_E_MISUSE, "method or target is malformed");
	for (size_t i = 0; i < target.len; i++)
		if ((unsigned char)target.ptr[i] <= ' ' || target.ptr[i] == 0x7f)
			return kt_fail(err, KT_E_MISUSE, "target is malformed");
	for (size_t i = 0; i < n; i++) {
		struct kt_span name = headers[i].name;

		if (!kt_header_is_name(name) || !kt_header_is_value(headers[i].value))
			return kt_fail(
			    err, KT_E_MISUSE, "header %zu is malformed", i);
		hosts += kt_span_caseeq(name, KT_SPAN("host"));
		if (kt_span_caseeq(name, KT_SPAN("transfer-encoding")))
			return kt_fail(err, KT_E_MISUSE,
			    "Transfer-Encoding is not the caller's to give");
		if (kt_span_caseeq(name, KT_SPAN("content-length")) &&
		    (!kt_span_u64(headers[i].value, &length) ||
		        length != body_bytes))
			return kt_fail(err, KT_E_MISUSE,
			    "Content-Length is not that of the body");
	}
	if (hosts != 1)
		return kt_fail(err, KT_E_MISUSE, "not exactly one Host");
	return KT_OK;
}

static enum kt_rc
add_line(struct kt_buf *out, struct kt_span a, struct kt_span sep,
    struct kt_span b, struct kt_span end)
{
	const struct kt_span parts[] = { a, sep, b, end };
	enum kt_rc rc = kt_buf_reserve(out, a.len + sep.len + b.len + end.len);

	for (size_t i = 0; i < KT_NELEMS(parts) && rc == KT_OK; i++)
		rc = kt_buf_add(out, parts[i]);
	return rc;
}

static enum kt_rc
add_framing(struct kt_buf *out, uint64_t body_bytes, bool has_length)
{
	if (body_bytes == KT_HTTP1_CHUNKED)
		return kt_buf_add(out, KT_SPAN("Transfer-Encoding: chunked\r\n"));
	if (body_bytes == KT_HTTP1_NO_BODY || has_length)
		return KT_OK;
	if (kt_buf_add(out, KT_SPAN("Content-Length: ")) < 0 ||
	    kt_buf_addn(out, body_bytes) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN("\r\n"));
}

enum kt_rc
kt_http1_write_request(struct kt_buf *out, struct kt_span method,
    struct kt_span target, const struct kt_header *headers, size_t n_headers,
    uint64_t body_bytes, struct kt_err *err)
{
	size_t before = out->len;
	bool has_length = kt_header_find(headers, n_headers,
	    KT_SPAN("content-length")).ptr != NULL;
	enum kt_rc rc;

	rc = check_request(method, target, headers, n_headers, body_bytes, err);
	if (rc < 0)
		return rc;
	rc = add_line(
	    out, method, KT_SPAN(" "), target, KT_SPAN(" HTTP/1.1\r\n"));
	for (size_t i = 0; i < n_headers && rc == KT_OK; i++)
		rc = add_line(out, headers[i].name, KT_SPAN(": "),
		    headers[i].value, KT_SPAN("\r\n"));
	if (rc == KT_OK)
		rc = add_framing(out, body_bytes, has_length);
	if (rc == KT_OK)
		rc = kt_buf_add(out, KT_SPAN("\r\n"));
	if (rc == KT_OK)
		return KT_OK;
	out->len = before;
	return kt_fail(err, rc, "request head is too large");
}
