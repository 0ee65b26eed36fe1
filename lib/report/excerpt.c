/*
 * excerpt - text of a file as a terminal may show it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/report_priv.h"

#define EXCERPT_MAX 160 /* characters; a longer line is shown in part */

static bool
is_shown(uint32_t cp)
{
	return (cp >= 0x20 || cp == '\t') && cp != 0x7f &&
	    !(cp >= 0x80 && cp < 0xa0) && !(cp >= 0x2028 && cp <= 0x202e) &&
	    !(cp >= 0x2066 && cp <= 0x2069) && cp != 0xfeff &&
	    (cp & 0xfffe) != 0xfffe; /* not characters, and XML has none */
}

/* Up to n characters; *is_cut when more follow. */
static enum kt_rc
add_chars(struct kt_buf *out, struct kt_span s, uint32_t n, bool *is_cut)
{
	uint32_t cp;

	for (; n > 0 && s.len > 0; n--) {
		size_t len = kt_utf8_decode(s, &cp);
		struct kt_span c = kt_span_sub(s, 0, len);

		if (len == 1 && cp == '\n')
			c = KT_SPAN(" ");
		else if (len == 0 || !is_shown(cp))
			c = KT_SPAN("?");
		if (kt_buf_add(out, c) < 0)
			return KT_E_LIMIT;
		s = kt_span_sub(s, len ? len : 1, SIZE_MAX);
	}
	*is_cut = s.len > 0;
	return KT_OK;
}

enum kt_rc
kt_report_add_clean(struct kt_buf *out, struct kt_span text)
{
	bool is_cut;

	return add_chars(out, text, UINT32_MAX, &is_cut);
}

/* Blanks below the characters before the caret; a tab stays a tab. */
static enum kt_rc
add_blanks(struct kt_buf *out, struct kt_span line, uint32_t n)
{
	uint32_t cp;

	for (; n > 0 && line.len > 0; n--) {
		size_t len = kt_utf8_decode(line, &cp);

		if (kt_buf_addc(out, len == 1 && cp == '\t' ? '\t' : ' ') < 0)
			return KT_E_LIMIT;
		line = kt_span_sub(line, len ? len : 1, SIZE_MAX);
	}
	return KT_OK;
}

static struct kt_span
line_of(struct kt_span bytes, uint32_t line)
{
	size_t end;

	while (line > 1) {
		size_t lf = kt_span_find(bytes, '\n');

		if (lf == bytes.len)
			return (struct kt_span){ 0 };
		bytes = kt_span_sub(bytes, lf + 1, SIZE_MAX);
		line--;
	}
	end = kt_span_find(bytes, '\n');
	if (end > 0 && bytes.ptr[end - 1] == '\r')
		end--;
	return kt_span_sub(bytes, 0, end);
}

enum kt_rc
kt_report_excerpt_line(struct kt_buf *out, struct kt_span text, uint32_t line,
    uint32_t column, uint32_t len, uint32_t from)
{
	uint32_t carets = len > 0 ? len : 1;
	bool is_cut;

	if (from > EXCERPT_MAX + 1)
		from = EXCERPT_MAX + 1;
	if (from <= 1)
		return KT_OK;
	if (kt_buf_printf(out, "%5u | ", (unsigned)line) < 0 ||
	    add_chars(out, text, from - 1, &is_cut) < 0 ||
	    kt_buf_printf(out, "%s\n", is_cut ? "..." : "") < 0)
		return KT_E_LIMIT;
	if (column >= from)
		return KT_OK;
	if (carets > from - column)
		carets = from - column;
	if (kt_buf_printf(out, "      | ") < 0 ||
	    add_blanks(out, text, column - 1) < 0 || kt_buf_addc(out, '^') < 0)
		return KT_E_LIMIT;
	for (uint32_t i = 1; i < carets; i++) {
		if (kt_buf_addc(out, '~') < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

enum kt_rc
kt_report_excerpt(struct kt_buf *out, struct kt_span bytes, uint32_t line,
    uint32_t column, uint32_t len, uint32_t from_hidden)
{
	size_t before = out->len;

	if (kt_report_excerpt_line(out, line_of(bytes, line), line, column, len,
	    from_hidden) < 0)
		return KT_E_LIMIT;
	if (out->len == before || out->ptr[out->len - 1] == '\n')
		return KT_OK;
	return kt_buf_addc(out, '\n');
}
