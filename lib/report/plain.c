/*
 * plain - formats of one line for each finding.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/report_priv.h"

static enum kt_rc
short_line(const struct kt_report *r, const struct kt_report_finding *f,
    struct kt_buf *out)
{
	return kt_buf_printf(out, "%.*s:%u:%u: %s: %.*s [%s]\n",
	    KT_SPAN_ARG(kt_report_file(r, f->at.file)),
	    (unsigned)(f->at.line ? f->at.line : 1),
	    (unsigned)(f->at.column ? f->at.column : 1),
	    kt_report_severities[f->severity], KT_SPAN_ARG(f->message),
	    f->rule->code);
}

enum kt_rc
kt_report_write_short(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look; /* machines read it: nothing is left out */
	for (size_t i = 0; i < n; i++) {
		if (all[i]->suppressed.len == 0 && short_line(r, all[i], out) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* Workflow commands: % and line ends are escaped, in properties : and , too. */
static enum kt_rc
escape(struct kt_buf *out, struct kt_span s, bool is_property)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		enum kt_rc rc;

		if (c == '%' || c == '\r' || c == '\n' ||
		    (is_property && (c == ':' || c == ',')))
			rc = kt_buf_printf(out, "%%%02X", c);
		else
			rc = kt_buf_addc(out, (char)c);
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

static enum kt_rc
annotation(const struct kt_report *r, const struct kt_report_finding *f,
    struct kt_buf *out)
{
	static const char *const levels[] = { "notice", "warning", "error" };
	uint32_t end = f->at.end_line > f->at.line ? f->at.end_line : f->at.line;

	if (kt_buf_printf(out, "::%s file=", levels[f->severity]) < 0 ||
	    escape(out, kt_report_file(r, f->at.file), true) < 0)
		return KT_E_LIMIT;
	if (f->at.line > 0 && kt_buf_printf(out, ",line=%u,endLine=%u",
	    (unsigned)f->at.line, (unsigned)end) < 0)
		return KT_E_LIMIT;
	/* Columns of a range over several lines are refused there. */
	if (f->at.line > 0 && end == f->at.line &&
	    kt_buf_printf(out, ",col=%u,endColumn=%u", (unsigned)f->at.column,
	    (unsigned)f->at.end_column) < 0)
		return KT_E_LIMIT;
	if (kt_buf_printf(out, ",title=%s::", f->rule->code) < 0 ||
	    escape(out, f->message, false) < 0)
		return KT_E_LIMIT;
	if (f->help.len > 0 && (kt_buf_add(out, KT_SPAN("%0Ahelp: ")) < 0 ||
	    escape(out, f->help, false) < 0))
		return KT_E_LIMIT;
	return kt_buf_addc(out, '\n');
}

enum kt_rc
kt_report_write_github(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look;
	for (size_t i = 0; i < n; i++) {
		if (all[i]->suppressed.len == 0 && annotation(r, all[i], out) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* A description in TAP ends at '#', and the diagnostic is YAML. */
static enum kt_rc
tap_text(struct kt_buf *out, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '#' || s.ptr[i] == '\\') {
			if (kt_buf_addc(out, '\\') < 0)
				return KT_E_LIMIT;
		}
		if (kt_buf_addc(out, s.ptr[i]) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
tap_member(struct kt_buf *out, const char *name, struct kt_span s)
{
	if (s.len == 0)
		return KT_OK;
	if (kt_buf_printf(out, "  %s: ", name) < 0 ||
	    kt_json_write_string(out, s) < 0)
		return KT_E_LIMIT;
	return kt_buf_addc(out, '\n');
}

static enum kt_rc
tap_failure(const struct kt_report *r, const struct kt_report_finding *f,
    size_t number, struct kt_buf *out)
{
	struct kt_span file = kt_report_file(r, f->at.file);
	/* Only an error is a failure; the rest is told and passes. */
	const char *verdict = f->severity == KT_REPORT_ERROR ? "not ok" : "ok";

	if (kt_buf_printf(out, "%s %zu - ", verdict, number) < 0 ||
	    tap_text(out, f->subject.len > 0 ? f->subject : f->message) < 0 ||
	    kt_buf_printf(out, "\n  ---\n  code: %s\n  severity: %s\n",
	    f->rule->code, kt_report_severities[f->severity]) < 0 ||
	    tap_member(out, "message", f->message) < 0 ||
	    tap_member(out, "file", file) < 0 ||
	    kt_buf_printf(out, "  line: %u\n  column: %u\n  end_line: %u\n"
	    "  end_column: %u\n", (unsigned)f->at.line, (unsigned)f->at.column,
	    (unsigned)f->at.end_line, (unsigned)f->at.end_column) < 0 ||
	    tap_member(out, "help", f->help) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN("  ...\n"));
}

static enum kt_rc
tap_pass(const struct kt_report *r, const struct kt_report_pass *p,
    size_t number, struct kt_buf *out)
{
	struct kt_span what = p->subject.len > 0 ? p->subject :
	    kt_report_file(r, p->file);

	if (kt_buf_printf(out, "ok %zu - ", number) < 0 ||
	    tap_text(out, what) < 0)
		return KT_E_LIMIT;
	if (p->skipped.len > 0 && kt_buf_printf(out, " # SKIP %.*s",
	    KT_SPAN_ARG(p->skipped)) < 0)
		return KT_E_LIMIT;
	return kt_buf_addc(out, '\n');
}

enum kt_rc
kt_report_write_tap(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	size_t n, npasses, number = 0;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);
	const struct kt_report_pass *passes = kt_report_passes(r, &npasses);
	enum kt_rc rc = kt_buf_add(out, KT_SPAN("TAP version 13\n"));

	(void)look;
	for (size_t i = 0; i < npasses && rc == KT_OK; i++)
		rc = tap_pass(r, &passes[i], ++number, out);
	for (size_t i = 0; i < n && rc == KT_OK; i++) {
		if (all[i]->suppressed.len == 0)
			rc = tap_failure(r, all[i], ++number, out);
	}
	return rc < 0 ? rc : kt_buf_printf(out, "1..%zu\n", number);
}
