/*
 * diag - mistakes are collected, not thrown: the reader of a list of all of
 * them fixes a file once.  The excerpt is the line of the file itself, cut
 * where a value begins that might be a secret.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/tree.h"

#define EXCERPT_MAX 160 /* characters; a longer line is shown in part */

void
kt_config_diag(struct kt_config_diags *d, enum kt_config_code code,
    struct kt_config_place at, const char *fmt, ...)
{
	struct kt_config_diag *one;
	va_list ap;

	if (d->n == KT_CONFIG_DIAGS_MAX) {
		d->dropped++;
		return;
	}
	one = &d->at[d->n++];
	*one = (struct kt_config_diag){ .code = code, .at = at };
	va_start(ap, fmt);
	(void)vsnprintf(one->text, sizeof(one->text), fmt, ap);
	va_end(ap);
}

void
kt_config_diag_help(struct kt_config_diags *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n == 0 || d->dropped > 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(d->at[d->n - 1].help, sizeof(d->at[0].help), fmt, ap);
	va_end(ap);
}

void
kt_config_diag_hide(
    struct kt_config_diags *d, const struct kt_config_node *value)
{
	if (d->hidden_n < KT_CONFIG_DIAGS_MAX)
		d->hidden[d->hidden_n] = (struct kt_config_hidden){
			value->at.file, value->at.line, value->at.column,
			value->end_line };
	d->hidden_n++;
}

bool
kt_config_diags_any(const struct kt_config_diags *d)
{
	return d->n > 0;
}

static bool
comes_after(const struct kt_config_place *a, const struct kt_config_place *b)
{
	if (a->file != b->file)
		return a->file > b->file;
	if (a->line != b->line)
		return a->line > b->line;
	return a->column > b->column;
}

void
kt_config_diags_sort(struct kt_config_diags *d)
{
	/* By insertion: at most a hundred, mostly in order, and stable. */
	for (size_t i = 1; i < d->n; i++) {
		for (size_t j = i; j > 0 &&
		    comes_after(&d->at[j - 1].at, &d->at[j].at); j--) {
			struct kt_config_diag swap = d->at[j];

			d->at[j] = d->at[j - 1];
			d->at[j - 1] = swap;
		}
	}
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

/* The first column of this line that is not shown. */
static uint32_t
hidden_from(const struct kt_config_diags *d, const struct kt_config_place *at)
{
	uint32_t from = EXCERPT_MAX + 1;

	if (d->hidden_n > KT_CONFIG_DIAGS_MAX)
		return 1;
	for (size_t i = 0; i < d->hidden_n; i++) {
		const struct kt_config_hidden *h = &d->hidden[i];
		uint32_t column = at->line == h->line ? h->column : 1;

		if (h->file == at->file && at->line >= h->line &&
		    at->line <= h->end_line && column < from)
			from = column;
	}
	return from;
}

/* Up to n characters; what is not text to look at is shown as '?'. */
static enum kt_rc
add_chars(struct kt_buf *out, struct kt_span line, uint32_t n, bool *is_cut)
{
	uint32_t cp;

	for (; n > 0 && line.len > 0; n--) {
		size_t len = kt_utf8_decode(line, &cp);
		struct kt_span c = kt_span_sub(line, 0, len);

		if (len == 0 || (cp < 0x20 && cp != '\t') || cp == 0x7f ||
		    (cp >= 0x80 && cp < 0xa0) || (cp >= 0x2028 && cp <= 0x202e) ||
		    (cp >= 0x2066 && cp <= 0x2069))
			c = KT_SPAN("?");
		if (kt_buf_add(out, c) < 0)
			return KT_E_LIMIT;
		line = kt_span_sub(line, len ? len : 1, SIZE_MAX);
	}
	*is_cut = line.len > 0;
	return KT_OK;
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

static enum kt_rc
excerpt(const struct kt_config_diags *d, const struct kt_config_diag *one,
    struct kt_buf *out)
{
	struct kt_span line = line_of(d->files[one->at.file].bytes, one->at.line);
	uint32_t from = hidden_from(d, &one->at);
	uint32_t carets = one->at.len > 0 ? one->at.len : 1;
	bool is_cut;

	if (from <= 1)
		return KT_OK;
	if (kt_buf_printf(out, "%5u | ", (unsigned)one->at.line) < 0 ||
	    add_chars(out, line, from - 1, &is_cut) < 0 ||
	    kt_buf_printf(out, "%s\n", is_cut ? "..." : "") < 0)
		return KT_E_LIMIT;
	if (one->at.column >= from)
		return KT_OK;
	if (carets > from - one->at.column)
		carets = from - one->at.column;
	if (kt_buf_printf(out, "      | ") < 0 ||
	    add_blanks(out, line, one->at.column - 1) < 0 ||
	    kt_buf_addc(out, '^') < 0)
		return KT_E_LIMIT;
	for (uint32_t i = 1; i < carets; i++) {
		if (kt_buf_addc(out, '~') < 0)
			return KT_E_LIMIT;
	}
	return kt_buf_addc(out, '\n');
}

/* A key may hold anything: nothing of it reaches a terminal as control. */
static enum kt_rc
add_text(struct kt_buf *out, const char *text)
{
	bool is_cut;

	return add_chars(out, kt_span_of(text), UINT32_MAX, &is_cut);
}

enum kt_rc
kt_config_diags_text(const struct kt_config_diags *d, struct kt_buf *out)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct kt_config_diag *one = &d->at[i];
		enum kt_rc rc = KT_OK;

		if (one->at.file < d->files_n)
			rc = kt_buf_printf(out, "%.*s:",
			    KT_SPAN_ARG(d->files[one->at.file].name));
		if (rc == KT_OK && one->at.line > 0)
			rc = kt_buf_printf(out, "%u:%u:", (unsigned)one->at.line,
			    (unsigned)one->at.column);
		if (rc < 0 || kt_buf_printf(out, " error: ") < 0 ||
		    add_text(out, one->text) < 0 ||
		    kt_buf_printf(out, " [KT%d]\n", (int)one->code) < 0)
			return KT_E_LIMIT;
		if (one->at.line > 0 && one->at.file < d->files_n &&
		    excerpt(d, one, out) < 0)
			return KT_E_LIMIT;
		if (one->help[0] != '\0' &&
		    (kt_buf_printf(out, "      = help: ") < 0 ||
		    add_text(out, one->help) < 0 || kt_buf_addc(out, '\n') < 0))
			return KT_E_LIMIT;
	}
	if (d->dropped > 0)
		return kt_buf_printf(out, "and %zu more\n", d->dropped);
	return KT_OK;
}
