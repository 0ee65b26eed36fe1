/*
 * markdown - a table for a comment on a change.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/report_priv.h"

/* Nothing of the text is markup, a link, a mention or the end of a cell. */
static enum kt_rc
cell(struct kt_buf *out, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		enum kt_rc rc = KT_OK;

		if (c == '<')
			rc = kt_buf_add(out, KT_SPAN("&lt;"));
		else if (c == '@')
			rc = kt_buf_add(out, KT_SPAN("&#64;"));
		else if (strchr("\\`*_[]|#!~>", c) != NULL && c != '\0')
			rc = kt_buf_printf(out, "\\%c", c);
		else
			rc = kt_buf_addc(out, c);
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

static enum kt_rc
row(const struct kt_report *r, const struct kt_report_finding *f,
    struct kt_buf *out)
{
	if (kt_buf_printf(out, "| %s | %s | ", kt_report_severities[f->severity],
	    f->rule->code) < 0 || cell(out, kt_report_file(r, f->at.file)) < 0 ||
	    kt_buf_printf(out, ":%u:%u | ", (unsigned)f->at.line,
	    (unsigned)f->at.column) < 0 || cell(out, f->message) < 0)
		return KT_E_LIMIT;
	if (f->help.len > 0 && (kt_buf_add(out, KT_SPAN("<br>")) < 0 ||
	    cell(out, f->help) < 0))
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN(" |\n"));
}

enum kt_rc
kt_report_write_markdown(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	char room[160];
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look;
	if (kt_buf_printf(out, "**%s**: %.*s\n", kt_report_options(r)->tool,
	    KT_SPAN_ARG(kt_report_summary(r, room))) < 0)
		return KT_E_LIMIT;
	if (kt_report_count(r, KT_REPORT_INFO) == 0)
		return KT_OK;
	if (kt_buf_add(out, KT_SPAN("\n| severity | code | place | what |\n"
	    "|---|---|---|---|\n")) < 0)
		return KT_E_LIMIT;
	for (size_t i = 0; i < n; i++) {
		if (all[i]->suppressed.len == 0 && row(r, all[i], out) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}
