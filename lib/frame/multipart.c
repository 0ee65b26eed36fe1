/*
 * multipart - a delimiter, a head, a content, and again.  Only the head of a
 * part is read byte by byte; its content is skipped to the next delimiter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/header.h"
#include "frame/multipart.h"

static enum kt_rc
refuse(struct kt_err *err, const char *why)
{
	return kt_fail(err, KT_E_PARSE, "multipart: %s", why);
}

/* ---- values with parameters ---- */

/* The next parameter of "; name=value" lists.  1: one, 0: the end. */
static int
next_parameter(struct kt_span *rest, struct kt_span *name,
    struct kt_span *value)
{
	size_t eq, len;

	*rest = kt_span_trim(*rest);
	if (rest->len == 0)
		return 0;
	if (rest->ptr[0] != ';')
		return KT_E_PARSE;
	*rest = kt_span_trim(kt_span_sub(*rest, 1, rest->len));
	eq = kt_span_find(*rest, '=');
	*name = kt_span_sub(*rest, 0, eq);
	if (eq == rest->len || !kt_header_is_name(*name))
		return KT_E_PARSE;
	*rest = kt_span_sub(*rest, eq + 1, rest->len);
	if (!kt_span_starts(*rest, KT_SPAN("\""))) {
		len = kt_span_find(*rest, ';');
		*value = kt_span_trim(kt_span_sub(*rest, 0, len));
		*rest = kt_span_sub(*rest, len, rest->len);
		return value->len > 0 &&
		    kt_span_find(*value, '"') == value->len ? 1 : KT_E_PARSE;
	}
	*rest = kt_span_sub(*rest, 1, rest->len);
	/* A backslash is a quote to some and a letter to others. */
	len = kt_span_find(*rest, '"');
	*value = kt_span_sub(*rest, 0, len);
	if (len == rest->len || kt_span_find(*value, '\\') < len)
		return KT_E_PARSE;
	*rest = kt_span_sub(*rest, len + 1, rest->len);
	return 1;
}

static bool
is_boundary(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!kt_header_is_token_char(s.ptr[i]) &&
		    memchr("()/:=?,", s.ptr[i], 7) == NULL)
			return false;
	return s.len > 0 && s.len <= KT_MULTIPART_BOUNDARY_MAX;
}

enum kt_rc
kt_multipart_init(struct kt_multipart *m, struct kt_span type)
{
	size_t semicolon = kt_span_find(type, ';');
	struct kt_span rest = kt_span_sub(type, semicolon, type.len);
	struct kt_span name, value, boundary = { 0 };
	int got;

	*m = (struct kt_multipart){ 0 };
	if (!kt_span_caseeq(kt_span_trim(kt_span_sub(type, 0, semicolon)),
	        KT_SPAN("multipart/form-data")))
		return KT_E_PARSE;
	while ((got = next_parameter(&rest, &name, &value)) > 0) {
		if (!kt_span_caseeq(name, KT_SPAN("boundary")))
			continue;
		if (boundary.ptr != NULL)
			return KT_E_PARSE;
		boundary = value;
	}
	if (got < 0 || !is_boundary(boundary))
		return KT_E_PARSE;
	memcpy(m->delimiter, "\r\n--", 4);
	memcpy(m->delimiter + 4, boundary.ptr, boundary.len);
	m->delimiter_len = 4 + boundary.len;
	return KT_OK;
}

/* ---- the head of a part ---- */

static enum kt_rc
read_disposition(struct kt_multipart_part *p, struct kt_span text,
    struct kt_span value, struct kt_err *err)
{
	size_t semicolon = kt_span_find(value, ';');
	struct kt_span rest = kt_span_sub(value, semicolon, value.len);
	struct kt_span name, v;
	bool has_name = false;
	int got;

	if (!kt_span_caseeq(kt_span_trim(kt_span_sub(value, 0, semicolon)),
	        KT_SPAN("form-data")))
		return refuse(err, "a part is not form-data");
	while ((got = next_parameter(&rest, &name, &v)) > 0) {
		if (kt_span_caseeq(name, KT_SPAN("name"))) {
			if (has_name)
				return refuse(err, "a part has two names");
			has_name = true;
			p->name = (size_t)(v.ptr - text.ptr);
			p->name_len = v.len;
		} else if (kt_span_caseeq(name, KT_SPAN("filename"))) {
			if (p->has_filename)
				return refuse(err, "a part has two file names");
			p->has_filename = true;
			p->filename = (size_t)(v.ptr - text.ptr);
			p->filename_len = v.len;
		} else if (kt_span_caseeq(name, KT_SPAN("filename*"))) {
			return refuse(err, "filename* is not taken");
		}
	}
	if (got < 0 || !has_name)
		return refuse(err, "content-disposition");
	return KT_OK;
}

static enum kt_rc
read_field(struct kt_multipart_part *p, struct kt_span text,
    struct kt_span line, bool *has_disposition, struct kt_err *err)
{
	size_t colon = kt_span_find(line, ':');
	struct kt_span name = kt_span_sub(line, 0, colon);
	struct kt_span value =
	    kt_span_trim(kt_span_sub(line, colon + 1, line.len));

	if (colon == line.len || !kt_header_is_name(name) ||
	    !kt_header_is_value(value))
		return refuse(err, "a header of a part");
	if (kt_span_caseeq(name, KT_SPAN("content-disposition"))) {
		if (*has_disposition)
			return refuse(err, "content-disposition, twice");
		*has_disposition = true;
		return read_disposition(p, text, value, err);
	}
	if (kt_span_caseeq(name, KT_SPAN("content-transfer-encoding")) &&
	    !kt_span_caseeq(value, KT_SPAN("binary")) &&
	    !kt_span_caseeq(value, KT_SPAN("8bit")) &&
	    !kt_span_caseeq(value, KT_SPAN("7bit")))
		return refuse(err, "content-transfer-encoding");
	if (kt_span_caseeq(name, KT_SPAN("content-encoding")) ||
	    (kt_span_caseeq(name, KT_SPAN("content-type")) &&
	        kt_span_caseeq(kt_span_sub(value, 0, 10),
	            KT_SPAN("multipart/"))))
		return refuse(err, "a part in a part, or an encoding");
	return KT_OK;
}

/* 1: read, 0: not all of it is there. */
static int
read_head(struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	struct kt_multipart_part p = { 0 };
	bool has_disposition = false;
	size_t at = m->begins;

	for (;;) {
		struct kt_span rest = kt_span_sub(text, at, text.len);
		size_t end = kt_span_find(rest, '\n');
		struct kt_span line = kt_span_sub(rest, 0, end);

		if (at - m->begins + end > KT_MULTIPART_HEAD_MAX)
			return refuse(err, "the head of a part is too long");
		if (end == rest.len)
			return 0;
		if (!kt_span_ends(line, KT_SPAN("\r")))
			return refuse(err, "a line without CR");
		line.len--;
		at += end + 1;
		if (line.len == 0)
			break;
		if (read_field(&p, text, line, &has_disposition, err) < 0)
			return KT_E_PARSE;
	}
	if (!has_disposition)
		return refuse(err, "a part without content-disposition");
	if (m->n == KT_MULTIPART_PARTS_MAX)
		return kt_fail(err, KT_E_PARSE, "multipart: more than %d parts",
		    KT_MULTIPART_PARTS_MAX);
	p.head = m->begins;
	p.head_len = at - 2 - m->begins;
	p.content = at;
	m->parts[m->n++] = p;
	/* An empty content ends with the delimiter right here. */
	m->at = at - 2;
	m->begins = at;
	m->state = KT_MULTIPART_CONTENT;
	return 1;
}

/* ---- delimiters ---- */

/* What follows a delimiter that ends at m->at.  1, 0 as above. */
static int
after_delimiter(struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	struct kt_span two = kt_span_sub(text, m->at, 2);

	if (two.len < 2)
		return 0;
	m->at += 2;
	m->begins = m->at;
	if (kt_span_eq(two, KT_SPAN("\r\n")))
		m->state = KT_MULTIPART_HEAD;
	else if (kt_span_eq(two, KT_SPAN("--")))
		m->state = KT_MULTIPART_OVER;
	else
		return refuse(err, "more than a delimiter in its line");
	return 1;
}

static int
read_first(struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	struct kt_span line = { m->delimiter + 2, m->delimiter_len - 2 };
	struct kt_span begin = kt_span_sub(text, 0, line.len);

	if (memcmp(begin.ptr, line.ptr, begin.len) != 0)
		return refuse(err, "something before the first part");
	if (text.len < line.len + 2)
		return 0;
	m->at = line.len;
	return after_delimiter(m, text, err);
}

static int
read_content(struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	struct kt_multipart_part *p = &m->parts[m->n - 1];
	struct kt_span mark = { m->delimiter, m->delimiter_len };
	size_t found;

	for (;;) {
		struct kt_span rest = kt_span_sub(text, m->at, text.len);
		size_t cr = kt_span_find(rest, '\r');

		m->at += cr;
		rest = kt_span_sub(rest, cr, rest.len);
		if (rest.len < mark.len + 2)
			return 0; /* the rest, or nothing, may come yet */
		if (memcmp(rest.ptr, mark.ptr, mark.len) == 0)
			break;
		m->at++;
	}
	found = m->at;
	m->at += mark.len;
	if (after_delimiter(m, text, err) < 0)
		return KT_E_PARSE;
	p->content_len = found > p->content ? found - p->content : 0;
	return 1;
}

enum kt_rc
kt_multipart_feed(
    struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	int got = 1;

	while (got > 0) {
		switch (m->state) {
		case KT_MULTIPART_FIRST:
			got = text.len > 0 ? read_first(m, text, err) : 0;
			break;
		case KT_MULTIPART_HEAD:
			got = read_head(m, text, err);
			break;
		case KT_MULTIPART_CONTENT:
			got = read_content(m, text, err);
			break;
		case KT_MULTIPART_OVER:
			if (text.len - m->at > 2 || memcmp(text.ptr + m->at,
			        "\r\n", text.len - m->at) != 0)
				return refuse(err, "something behind the last part");
			return KT_OK;
		}
	}
	return got < 0 ? KT_E_PARSE : KT_OK;
}

enum kt_rc
kt_multipart_end(
    struct kt_multipart *m, struct kt_span text, struct kt_err *err)
{
	if (kt_multipart_feed(m, text, err) < 0)
		return KT_E_PARSE;
	if (m->state != KT_MULTIPART_OVER || text.len - m->at == 1)
		return refuse(err, "the last part does not end");
	return KT_OK;
}
