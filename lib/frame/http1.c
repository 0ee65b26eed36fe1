/*
 * http1 - lines are gathered in one small buffer and read when they are
 * whole; body bytes are never copied.  A machine that works byte by byte
 * would save the copy of a head, some hundred bytes, and lose the reader.
 * The head is checked line by line only as far as to fail early on a peer
 * that does not speak HTTP; its fields are read when the last one is there,
 * because spans into a growing buffer do not last.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/http1.h"

#define KEPT 2048u /* memory of the line buffer that outlives the head */

enum state {
	STATUS_LINE = 0,
	FIELDS,
	HEAD_GIVEN, /* the head's spans die with the next call */
	BODY_LENGTH,
	BODY_CLOSE,
	CHUNK_LINE,
	CHUNK_BYTES,
	CHUNK_END,
	TRAILERS,
	COMPLETE,
	DONE,
};

void
kt_http1_init(struct kt_http1 *h, enum kt_http1_asked asked)
{
	*h = (struct kt_http1){ .asked = asked };
	kt_buf_init(&h->line, KT_ANSWER_HEAD_MAX);
}

static void
drop_head(struct kt_http1 *h)
{
	if (h->line.cap > KEPT)
		kt_buf_fini(&h->line);
	kt_buf_reset(&h->line);
	kt_free(h->headers);
	h->headers = NULL;
	h->headers_cap = 0;
	h->line_at = 0;
}

void
kt_http1_again(struct kt_http1 *h, enum kt_http1_asked asked)
{
	struct kt_buf line;

	drop_head(h);
	line = h->line;
	*h = (struct kt_http1){ .asked = asked, .line = line };
}

void
kt_http1_fini(struct kt_http1 *h)
{
	drop_head(h);
	kt_buf_fini(&h->line);
}

bool
kt_http1_is_reusable(const struct kt_http1 *h)
{
	return h->state == DONE && h->is_reusable && h->failed == KT_OK;
}

/*
 * Gathers one line of at most max bytes.  1: it lies, without its CRLF, in
 * *line until the buffer changes.  The caller moves line_at or resets.
 */
static int
take_line(struct kt_http1 *h, struct kt_span *in, size_t max,
    struct kt_span *line, struct kt_err *err)
{
	size_t lf = kt_span_find(*in, '\n');
	size_t n = lf < in->len ? lf + 1 : in->len;

	if (h->line.len - h->line_at + n > max)
		return kt_fail(err, KT_E_LIMIT, "line or head is too long");
	if (kt_buf_add(&h->line, kt_span_sub(*in, 0, n)) < 0)
		return kt_fail(err, KT_E_LIMIT, "head is larger than %d bytes",
		    KT_ANSWER_HEAD_MAX);
	h->has_begun = h->has_begun || n > 0;
	*in = kt_span_sub(*in, n, in->len - n);
	if (n == 0 || h->line.ptr[h->line.len - 1] != '\n')
		return 0;
	*line = kt_span_sub(kt_buf_span(&h->line), h->line_at,
	    h->line.len - h->line_at - 1);
	if (line->len == 0 || kt_span_find(*line, '\r') != line->len - 1)
		return kt_fail(err, KT_E_PARSE, "bare CR or LF in a line");
	line->len--;
	return 1;
}

static enum kt_rc
read_status_line(struct kt_http1 *h, struct kt_span line, struct kt_err *err)
{
	uint64_t status;

	if (line.len < 12 || !kt_span_starts(line, KT_SPAN("HTTP/1.")) ||
	    (line.ptr[7] != '0' && line.ptr[7] != '1') || line.ptr[8] != ' ')
		return kt_fail(err, KT_E_PARSE, "not an HTTP/1.1 status line");
	if (!kt_span_u64(kt_span_sub(line, 9, 3), &status) || status < 100 ||
	    status > 599 || (line.len > 12 && line.ptr[12] != ' ') ||
	    !kt_header_is_value(line))
		return kt_fail(err, KT_E_PARSE, "status line is malformed");
	h->minor = line.ptr[7] - '0';
	h->status = (int)status;
	return KT_OK;
}

static enum kt_rc
read_field(struct kt_span line, struct kt_header *field, struct kt_err *err)
{
	size_t colon = kt_span_find(line, ':');

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		return kt_fail(err, KT_E_PARSE, "folded header line");
	if (colon == line.len)
		return kt_fail(err, KT_E_PARSE, "header line without a colon");
	field->name = kt_span_sub(line, 0, colon);
	field->value =
	    kt_span_trim(kt_span_sub(line, colon + 1, line.len - colon - 1));
	if (!kt_header_is_name(field->name))
		return kt_fail(err, KT_E_PARSE, "header name is not a token");
	if (!kt_header_is_value(field->value))
		return kt_fail(err, KT_E_PARSE, "control character in a header");
	return KT_OK;
}

/* Fills part->head from the gathered lines. */
static enum kt_rc
read_fields(struct kt_http1 *h, struct kt_http1_head *head, struct kt_err *err)
{
	struct kt_span rest = kt_buf_span(&h->line);
	size_t n = 0;
	enum kt_rc rc;

	*head = (struct kt_http1_head){ .status = h->status, .minor = h->minor };
	for (size_t nth = 0;; nth++) {
		size_t lf = kt_span_find(rest, '\n');
		struct kt_span line = kt_span_sub(rest, 0, lf - 1);

		rest = kt_span_sub(rest, lf + 1, rest.len - lf - 1);
		if (line.len == 0)
			break;
		if (nth == 0) {
			head->reason = kt_span_sub(line, 13, line.len);
			continue;
		}
		if (n == KT_HEADERS_MAX)
			return kt_fail(err, KT_E_LIMIT, "more than %d headers",
			    KT_HEADERS_MAX);
		if (kt_grow((void **)&h->headers, &h->headers_cap, n + 1,
		        sizeof(*h->headers)) < 0)
			return kt_fail(err, KT_E_LIMIT, "no memory for headers");
		if ((rc = read_field(line, &h->headers[n++], err)) < 0)
			return rc;
	}
	head->headers = h->headers;
	head->n_headers = n;
	return KT_OK;
}

static enum kt_rc
read_length(const struct kt_http1_head *head, size_t *count, uint64_t *length,
    struct kt_err *err)
{
	*count = 0;
	*length = 0;
	for (size_t i = 0; i < head->n_headers; i++) {
		uint64_t n;

		if (!kt_span_caseeq(
		        head->headers[i].name, KT_SPAN("content-length")))
			continue;
		if (!kt_span_u64(head->headers[i].value, &n) || n > INT64_MAX)
			return kt_fail(err, KT_E_PARSE, "bad Content-Length");
		if ((*count)++ > 0 && n != *length)
			return kt_fail(
			    err, KT_E_PARSE, "Content-Lengths differ");
		*length = n;
	}
	return KT_OK;
}

/* RFC 9112, section 6.3, and nothing that it leaves to taste. */
static enum kt_rc
choose_framing(
    struct kt_http1 *h, const struct kt_http1_head *head, struct kt_err *err)
{
	size_t codings = 0, lengths;
	bool is_chunked = false;
	enum kt_rc rc;

	for (size_t i = 0; i < head->n_headers; i++) {
		if (!kt_span_caseeq(
		        head->headers[i].name, KT_SPAN("transfer-encoding")))
			continue;
		codings++;
		is_chunked =
		    kt_span_caseeq(head->headers[i].value, KT_SPAN("chunked"));
	}
	if ((rc = read_length(head, &lengths, &h->left, err)) < 0)
		return rc;
	if (codings > 0 && (codings > 1 || !is_chunked || h->minor == 0))
		return kt_fail(
		    err, KT_E_PARSE, "Transfer-Encoding is not just chunked");
	if (codings > 0 && lengths > 0)
		return kt_fail(err, KT_E_PARSE,
		    "both Content-Length and Transfer-Encoding");
	h->is_reusable = h->minor == 1 &&
	    !kt_header_has_token(head->headers, head->n_headers,
	        KT_SPAN("connection"), KT_SPAN("close"));
	if (h->asked == KT_HTTP1_ASKED_HEAD || h->status == 204 ||
	    h->status == 304 || (lengths > 0 && h->left == 0))
		h->after_head = COMPLETE;
	else if (is_chunked)
		h->after_head = CHUNK_LINE;
	else if (lengths > 0)
		h->after_head = BODY_LENGTH;
	else
		h->after_head = BODY_CLOSE;
	h->is_reusable = h->is_reusable && h->after_head != BODY_CLOSE;
	return KT_OK;
}

/* 1 with a head to give, 0 when it was an interim one. */
static int
end_head(struct kt_http1 *h, struct kt_http1_part *part, struct kt_err *err)
{
	enum kt_rc rc;

	if ((rc = read_fields(h, &part->head, err)) < 0)
		return rc;
	if (h->status == 101)
		return kt_fail(err, KT_E_PARSE, "upgrade that nobody asked for");
	if (h->status < 200) {
		if (++h->interim > KT_HTTP1_INTERIM_MAX)
			return kt_fail(err, KT_E_LIMIT, "too many interim answers");
		drop_head(h);
		h->state = STATUS_LINE;
		return 0;
	}
	if ((rc = choose_framing(h, &part->head, err)) < 0)
		return rc;
	part->got = KT_HTTP1_HEAD;
	h->state = HEAD_GIVEN;
	return 1;
}

static size_t
skip_blank(struct kt_span s, size_t i)
{
	while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '\t'))
		i++;
	return i;
}

static size_t
skip_token(struct kt_span s, size_t i)
{
	while (i < s.len && kt_header_is_token_char(s.ptr[i]))
		i++;
	return i;
}

/* Index behind the closing quote, or i when there is none. */
static size_t
skip_quoted(struct kt_span s, size_t i)
{
	for (size_t at = i + 1; at < s.len; at++) {
		if (s.ptr[at] == '"')
			return at + 1;
		if (s.ptr[at] == '\\')
			at++;
	}
	return i;
}

/* chunk-ext of RFC 9112, section 7.1.1: read only to be sure what it is. */
static bool
is_extension(struct kt_span s)
{
	size_t i = 0, start;

	while (i < s.len) {
		i = skip_blank(s, i);
		if (i == s.len || s.ptr[i] != ';')
			return false;
		start = skip_blank(s, i + 1);
		i = skip_token(s, start);
		if (i == start)
			return false;
		if (skip_blank(s, i) == s.len || s.ptr[skip_blank(s, i)] != '=')
			continue;
		start = skip_blank(s, skip_blank(s, i) + 1);
		if (start == s.len)
			return false;
		i = s.ptr[start] == '"' ? skip_quoted(s, start)
		                        : skip_token(s, start);
		if (i == start)
			return false;
	}
	return kt_header_is_value(s);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum kt_rc
spend(struct kt_http1 *h, size_t n, struct kt_err *err)
{
	h->spent += n;
	if (h->spent > KT_ANSWER_HEAD_MAX)
		return kt_fail(err, KT_E_LIMIT,
		    "chunk extensions and trailers are too long");
	return KT_OK;
}

static enum kt_rc
read_chunk_line(struct kt_http1 *h, struct kt_span line, struct kt_err *err)
{
	uint64_t size = 0;
	size_t i = 0;

	for (; i < line.len && i < 15 && hex_digit(line.ptr[i]) >= 0; i++)
		size = size << 4 | (uint64_t)hex_digit(line.ptr[i]);
	if (i == 0 || !is_extension(kt_span_sub(line, i, line.len - i)))
		return kt_fail(err, KT_E_PARSE, "chunk size is malformed");
	h->left = size;
	h->state = size > 0 ? CHUNK_BYTES : TRAILERS;
	kt_buf_reset(&h->line);
	return spend(h, line.len - i, err);
}

static enum kt_rc
read_trailer(struct kt_http1 *h, struct kt_span line, struct kt_err *err)
{
	struct kt_header dropped;
	enum kt_rc rc = KT_OK;

	if (line.len == 0)
		h->state = COMPLETE;
	else if ((rc = read_field(line, &dropped, err)) == KT_OK)
		rc = spend(h, line.len, err);
	kt_buf_reset(&h->line);
	return rc;
}

/* The CRLF behind a chunk; left counts its bytes. */
static enum kt_rc
end_chunk(struct kt_http1 *h, struct kt_span *in, struct kt_err *err)
{
	for (; in->len > 0 && h->state == CHUNK_END;
	     *in = kt_span_sub(*in, 1, in->len - 1)) {
		if (in->ptr[0] != "\r\n"[h->left])
			return kt_fail(
			    err, KT_E_PARSE, "chunk is longer than it said");
		if (++h->left == 2)
			h->state = CHUNK_LINE;
	}
	return KT_OK;
}

static int
give_body(struct kt_http1 *h, struct kt_span *in, struct kt_http1_part *part)
{
	size_t n = in->len;

	if (h->state != BODY_CLOSE) {
		if (n > h->left)
			n = (size_t)h->left;
		h->left -= n;
		if (h->left == 0)
			h->state = h->state == BODY_LENGTH ? COMPLETE : CHUNK_END;
	}
	part->got = KT_HTTP1_BODY;
	part->body = kt_span_sub(*in, 0, n);
	*in = kt_span_sub(*in, n, in->len - n);
	return 1;
}

static int
on_head_line(struct kt_http1 *h, struct kt_span line,
    struct kt_http1_part *part, struct kt_err *err)
{
	enum kt_rc rc;

	h->line_at = h->line.len;
	if (h->state == FIELDS)
		return line.len == 0 ? end_head(h, part, err) : 0;
	if ((rc = read_status_line(h, line, err)) < 0)
		return rc;
	h->state = FIELDS;
	return 0;
}

/* One step.  1: a part; 0: go on, if there is input; < 0: a fault. */
static int
step(struct kt_http1 *h, struct kt_span *in, struct kt_http1_part *part,
    struct kt_err *err)
{
	struct kt_span line;
	int got;

	switch ((enum state)h->state) {
	case STATUS_LINE:
	case FIELDS:
		got = take_line(h, in, KT_ANSWER_HEAD_MAX, &line, err);
		return got > 0 ? on_head_line(h, line, part, err) : got;
	case HEAD_GIVEN:
		drop_head(h);
		h->state = h->after_head;
		return 0;
	case BODY_LENGTH:
	case BODY_CLOSE:
	case CHUNK_BYTES:
		return in->len > 0 ? give_body(h, in, part) : 0;
	case CHUNK_LINE:
		got = take_line(h, in, KT_HTTP1_CHUNK_LINE_MAX, &line, err);
		return got > 0 ? (int)read_chunk_line(h, line, err) : got;
	case CHUNK_END:
		return end_chunk(h, in, err);
	case TRAILERS:
		got = take_line(h, in, KT_ANSWER_HEAD_MAX, &line, err);
		return got > 0 ? (int)read_trailer(h, line, err) : got;
	case COMPLETE:
		part->got = KT_HTTP1_END;
		h->state = DONE;
		return 1;
	case DONE:
		return 0;
	}
	KT_BUG("no such state");
}

/* States that move on without input. */
static bool
is_stepping(const struct kt_http1 *h)
{
	return h->state == HEAD_GIVEN || h->state == COMPLETE;
}

int
kt_http1_next(struct kt_http1 *h, struct kt_span *in,
    struct kt_http1_part *part, struct kt_err *err)
{
	int got;

	if (h->failed < 0)
		return kt_fail(err, h->failed, "answer was malformed before");
	while (h->state != DONE && (in->len > 0 || is_stepping(h))) {
		got = step(h, in, part, err);
		if (got < 0)
			h->failed = (enum kt_rc)got;
		if (got != 0)
			return got;
	}
	return 0;
}

enum kt_rc
kt_http1_eof(struct kt_http1 *h, struct kt_err *err)
{
	bool is_whole = h->state == COMPLETE || h->state == DONE ||
	    h->state == BODY_CLOSE ||
	    (h->state == HEAD_GIVEN &&
	        (h->after_head == COMPLETE || h->after_head == BODY_CLOSE));

	h->is_reusable = false;
	if (h->failed < 0)
		return kt_fail(err, h->failed, "answer was malformed before");
	if (is_whole)
		return KT_OK;
	return kt_fail(err, KT_E_PARSE, "connection was closed inside %s",
	    h->state <= FIELDS ? "the head" : "the body");
}
