/*
 * xml - JUnit: one suite for each file, what passed by name.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The common ground of its readers: testsuites, testsuite, testcase with
 * failure or skipped.  Only errors are failures, so that a build server and
 * the exit code agree; the rest stands in system-out.
 */
#include "report/report_priv.h"

static enum kt_rc
escape(struct kt_buf *out, struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		const char *as = NULL;

		switch (s.ptr[i]) {
		case '&': as = "&amp;"; break;
		case '<': as = "&lt;"; break;
		case '>': as = "&gt;"; break;
		case '"': as = "&quot;"; break;
		default: break;
		}
		if ((as != NULL ? kt_buf_add(out, kt_span_of(as)) :
		    kt_buf_addc(out, s.ptr[i])) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
open_case(const struct kt_report *r, size_t file, struct kt_span name,
    struct kt_buf *out)
{
	if (kt_buf_printf(out, "    <testcase classname=\"") < 0 ||
	    escape(out, kt_report_file(r, file)) < 0 ||
	    kt_buf_printf(out, "\" name=\"") < 0 || escape(out, name) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN("\" time=\"0\""));
}

static enum kt_rc
failed(const struct kt_report *r, const struct kt_report_finding *f,
    struct kt_buf *out)
{
	bool is_failure = f->severity == KT_REPORT_ERROR;
	char name[80];

	(void)snprintf(name, sizeof(name), "%s at %u:%u", f->rule->code,
	    (unsigned)f->at.line, (unsigned)f->at.column);
	if (open_case(r, f->at.file, f->subject.len > 0 ? f->subject :
	    kt_span_of(name), out) < 0)
		return KT_E_LIMIT;
	if (is_failure && (kt_buf_printf(out, ">\n      <failure type=\"%s\" "
	    "message=\"", f->rule->code) < 0 || escape(out, f->message) < 0 ||
	    kt_buf_printf(out, "\">") < 0))
		return KT_E_LIMIT;
	if (!is_failure && kt_buf_printf(out, ">\n      <system-out>") < 0)
		return KT_E_LIMIT;
	if (escape(out, kt_report_file(r, f->at.file)) < 0 ||
	    kt_buf_printf(out, ":%u:%u: ", (unsigned)f->at.line,
	    (unsigned)f->at.column) < 0 || escape(out, f->message) < 0 ||
	    kt_buf_printf(out, " [%s] end %u:%u", f->rule->code,
	    (unsigned)f->at.end_line, (unsigned)f->at.end_column) < 0)
		return KT_E_LIMIT;
	if (f->help.len > 0 && (kt_buf_printf(out, "\nhelp: ") < 0 ||
	    escape(out, f->help) < 0))
		return KT_E_LIMIT;
	return kt_buf_printf(out, "</%s>\n    </testcase>\n",
	    is_failure ? "failure" : "system-out");
}

static enum kt_rc
passed(const struct kt_report *r, const struct kt_report_pass *p,
    struct kt_buf *out)
{
	if (open_case(r, p->file, p->subject.len > 0 ? p->subject :
	    KT_SPAN("no finding"), out) < 0)
		return KT_E_LIMIT;
	if (p->skipped.len == 0)
		return kt_buf_add(out, KT_SPAN("/>\n"));
	if (kt_buf_printf(out, ">\n      <skipped message=\"") < 0 ||
	    escape(out, p->skipped) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN("\"/>\n    </testcase>\n"));
}

struct tally {
	size_t tests, failures, skipped;
};

/* out NULL: counts only. */
static enum kt_rc
suite(const struct kt_report *r, size_t file, bool is_any, struct tally *t,
    struct kt_buf *out)
{
	size_t n, npasses;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);
	const struct kt_report_pass *passes = kt_report_passes(r, &npasses);

	for (size_t i = 0; i < npasses; i++) {
		if (!is_any && passes[i].file != file)
			continue;
		t->tests++;
		t->skipped += passes[i].skipped.len > 0;
		if (out != NULL && passed(r, &passes[i], out) < 0)
			return KT_E_LIMIT;
	}
	for (size_t i = 0; i < n; i++) {
		if ((!is_any && all[i]->at.file != file) ||
		    all[i]->suppressed.len > 0)
			continue;
		t->tests++;
		t->failures += all[i]->severity == KT_REPORT_ERROR;
		if (out != NULL && failed(r, all[i], out) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
begin(const char *element, const char *indent, struct kt_span name,
    const struct tally *t, struct kt_buf *out)
{
	if (kt_buf_printf(out, "%s<%s name=\"", indent, element) < 0 ||
	    escape(out, name) < 0)
		return KT_E_LIMIT;
	return kt_buf_printf(out, "\" tests=\"%zu\" failures=\"%zu\" "
	    "errors=\"0\" skipped=\"%zu\" time=\"0\">\n", t->tests, t->failures,
	    t->skipped);
}

static enum kt_rc
write_suite(const struct kt_report *r, size_t file, struct kt_buf *out)
{
	struct tally t = { 0 }, again = { 0 };

	if (suite(r, file, false, &t, NULL) < 0 || t.tests == 0)
		return KT_OK;
	if (begin("testsuite", "  ", kt_report_file(r, file), &t, out) < 0 ||
	    suite(r, file, false, &again, out) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, KT_SPAN("  </testsuite>\n"));
}

enum kt_rc
kt_report_write_junit(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	const struct kt_report_options *o = kt_report_options(r);
	struct tally t = { 0 };
	enum kt_rc rc;

	(void)look;
	if (suite(r, 0, true, &t, NULL) < 0 || kt_buf_printf(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") < 0 ||
	    begin("testsuites", "", kt_span_of(o->tool), &t, out) < 0)
		return KT_E_LIMIT;
	rc = KT_OK;
	for (size_t i = 0; i < o->nsources && rc == KT_OK; i++)
		rc = write_suite(r, i, out);
	if (rc == KT_OK)
		rc = write_suite(r, KT_REPORT_NOWHERE, out);
	return rc < 0 ? rc : kt_buf_add(out, KT_SPAN("</testsuites>\n"));
}
