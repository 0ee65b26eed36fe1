/*
 * listen_head - a head as libmicrohttpd hands it over, and as it was sent.
 * MHD accepts ambiguous heads, and writes over some bytes as it reads: head.c
 * judges the fields, is_tiled() the bytes that were replaced (bare LF, NUL,
 * folded lines), as far as it knows how this version lays out a head.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/listen_mhd.h"

static enum MHD_Result
take_header(void *self, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct kt_listen *l = self;

	(void)kind; /* only headers were asked for */
	if (l->nheaders < KT_HEADERS_MAX)
		l->headers[l->nheaders] = (struct kt_header){
			.name = { name, name_len }, .value = { value, value_len }
		};
	return ++l->nheaders <= KT_HEADERS_MAX ? MHD_YES : MHD_NO;
}

static enum MHD_Result
count_cookie(void *self, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	size_t *used = self;

	(void)kind; /* only cookies were asked for */
	(void)name;
	(void)value;
	*used += name_len + value_len + POOL_FIELD_BYTES;
	return MHD_YES;
}

/* Whether the head of any answer has room beside this one. */
static bool
leaves_room(const struct kt_request *r)
{
	size_t used = r->head_bytes + r->l->nheaders * POOL_FIELD_BYTES;

	(void)MHD_get_connection_values_n(
	    r->mhd, MHD_COOKIE_KIND, count_cookie, &used);
	return used <= POOL_BYTES - POOL_ANSWER_BYTES;
}

static bool
is_line_end(const char *at, const char *end)
{
	return end - at >= 2 && at[0] == '\0' && at[1] == '\0';
}

/*
 * Whether request line and fields lie side by side in the head as received,
 * each ended by the two NULs that MHD wrote over CR LF.  A bare LF is one, a
 * NUL of the client's ends a string early, a folded line was moved away: all
 * leave a gap.
 */
static bool
is_tiled(const struct kt_request *r, const char *version)
{
	const struct kt_listen *l = r->l;
	const char *at = r->head + strlen(r->head) + 1;
	const char *end = r->head + r->head_bytes;

	if (at != r->uri || at + r->target.len + 1 != version)
		return false;
	at = version + strlen(version);
	for (size_t i = 0; i < l->nheaders; i++) {
		const struct kt_header *h = &l->headers[i];

		if (!is_line_end(at, end) || at + 2 != h->name.ptr)
			return false;
		at = h->name.ptr + h->name.len + 1; /* the colon */
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at != h->value.ptr)
			return false;
		at += h->value.len;
	}
	return is_line_end(at, end) && is_line_end(at + 2, end) &&
	    at + 4 == end;
}

const struct kt_head_fault *
kt_listen_head(struct kt_request *r, struct kt_head *head, const char *method,
    const char *version)
{
	static const struct kt_head_fault too_many = { 431, "header.count" };
	static const struct kt_head_fault too_long = { 431, "head.bytes" };
	static const struct kt_head_fault layout = { 400, "head.layout" };
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct kt_listen *l = r->l;

	r->head = method;
	r->head_bytes = size != NULL ? size->header_size : 0;
	l->nheaders = 0;
	(void)MHD_get_connection_values_n(
	    r->mhd, MHD_HEADER_KIND, take_header, l);
	if (l->nheaders > KT_HEADERS_MAX)
		return &too_many;
	*head = (struct kt_head){
		.method = kt_span_of(method), .version = kt_span_of(version),
		.target = kt_buf_span(&r->target),
		.headers = l->headers, .nheaders = l->nheaders,
	};
	if (!leaves_room(r))
		return &too_long;
	if (l->knows_layout && !is_tiled(r, version))
		return &layout;
	/* MHD takes "chunked " for a coding that it does not know. */
	for (size_t i = 0; i < l->nheaders; i++)
		if (!kt_span_caseeq(
		        l->headers[i].name, KT_SPAN("transfer-encoding")))
			l->headers[i].value = kt_span_trim(l->headers[i].value);
	return kt_head_check(head);
}

bool
kt_listen_knows_layout(void)
{
	return strcmp(MHD_get_version(), "0.9.75") == 0;
}
