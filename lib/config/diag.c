/*
 * diag - mistakes are collected, not thrown: the reader of a list of all of
 * them fixes a file once.  The excerpt is the line of the file itself, cut
 * where a value begins that might be a secret.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/tree.h"
#include "report/format.h"

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
kt_config_diag_starved(struct kt_config_diags *d, struct kt_config_place at)
{
	kt_config_diag(d, KT_CONFIG_TOO_LARGE, at,
	    "the configuration does not fit into memory");
	d->is_starved = true;
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
kt_config_diag_meant(struct kt_config_diags *d, const char *word)
{
	struct kt_config_diag *one;

	if (d->n == 0 || d->dropped > 0 || word == NULL)
		return;
	one = &d->at[d->n - 1];
	if (strlen(word) < sizeof(one->meant))
		(void)snprintf(one->meant, sizeof(one->meant), "%s", word);
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

/* The first column of this line that is not shown. */
static uint32_t
hidden_from(const struct kt_config_diags *d, const struct kt_config_place *at)
{
	uint32_t from = UINT32_MAX;

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
		    kt_report_add_clean(out, kt_span_of(one->text)) < 0 ||
		    kt_buf_printf(out, " [KT%d]\n", (int)one->code) < 0)
			return KT_E_LIMIT;
		if (one->at.line > 0 && one->at.file < d->files_n &&
		    kt_report_excerpt(out, d->files[one->at.file].bytes,
		    one->at.line, one->at.column, one->at.len,
		    hidden_from(d, &one->at)) < 0)
			return KT_E_LIMIT;
		if (one->help[0] != '\0' &&
		    (kt_buf_printf(out, "      = help: ") < 0 ||
		    kt_report_add_clean(out, kt_span_of(one->help)) < 0 || kt_buf_addc(out, '\n') < 0))
			return KT_E_LIMIT;
	}
	if (d->dropped > 0)
		return kt_buf_printf(out, "and %zu more\n", d->dropped);
	return KT_OK;
}
