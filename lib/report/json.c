/*
 * json - the report for scripts, and GitLab's Code Quality.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are stable: one may be added, none changes its meaning.
 */
#include "report/report_priv.h"

#define SCHEMA_VERSION 1

static void
put_place(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_place *at)
{
	kt_json_put_name(w, "file");
	if (at->file == KT_REPORT_NOWHERE)
		kt_json_put_null(w);
	else
		kt_json_put_string(w, kt_report_file(r, at->file));
	kt_json_named_u64(w, "line", at->line);
	kt_json_named_u64(w, "column", at->column);
	kt_json_named_u64(w, "end_line", at->end_line);
	kt_json_named_u64(w, "end_column", at->end_column);
	kt_json_named_u64(w, "start", kt_report_offset(r, at, false));
	kt_json_named_u64(w, "end", kt_report_offset(r, at, true));
}

static void
put_notes(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	kt_json_named_array(w, "related");
	for (const struct kt_report_note *n = f->notes; n != NULL; n = n->next) {
		kt_json_begin_object(w);
		put_place(w, r, &n->at);
		kt_json_named_string(w, "message", n->text);
		kt_json_end_object(w);
	}
	kt_json_end_array(w);
}

static void
put_fix(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	kt_json_put_name(w, "fix");
	if (f->edits == NULL) {
		kt_json_put_null(w);
		return;
	}
	kt_json_begin_object(w);
	kt_json_named_bool(w, "safe", f->fix == KT_REPORT_FIX_SAFE);
	kt_json_named_array(w, "edits");
	for (const struct kt_report_edit *e = f->edits; e != NULL; e = e->next) {
		kt_json_begin_object(w);
		put_place(w, r, &e->at);
		kt_json_named_string(w, "text", e->text);
		kt_json_end_object(w);
	}
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
put_finding(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	char hex[17];

	kt_report_hex(f->print, hex);
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "code", f->rule->code);
	kt_json_named_cstr(w, "severity", kt_report_severities[f->severity]);
	put_place(w, r, &f->at);
	kt_json_named_string(w, "message", f->message);
	kt_json_named_string(w, "why", f->why);
	kt_json_named_string(w, "help", f->help);
	if (f->subject.len > 0)
		kt_json_named_string(w, "case", f->subject);
	kt_json_named_cstr(w, "fingerprint", hex);
	put_notes(w, r, f);
	put_fix(w, r, f);
	if (f->suppressed.len > 0)
		kt_json_named_string(w, "suppressed", f->suppressed);
	kt_json_end_object(w);
}

static void
put_passes(struct kt_json_writer *w, const struct kt_report *r)
{
	size_t n;
	const struct kt_report_pass *all = kt_report_passes(r, &n);

	kt_json_named_array(w, "passed");
	for (size_t i = 0; i < n; i++) {
		kt_json_begin_object(w);
		kt_json_named_string(w, "file", kt_report_file(r, all[i].file));
		if (all[i].subject.len > 0)
			kt_json_named_string(w, "case", all[i].subject);
		if (all[i].skipped.len > 0)
			kt_json_named_string(w, "skipped", all[i].skipped);
		kt_json_end_object(w);
	}
	kt_json_end_array(w);
}

enum kt_rc
kt_report_write_json(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	struct kt_json_writer w;
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look; /* scripts count for themselves */
	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_u64(&w, "schema_version", SCHEMA_VERSION);
	kt_json_named_cstr(&w, "tool", kt_report_options(r)->tool);
	kt_json_named_array(&w, "findings");
	for (size_t i = 0; i < n; i++)
		put_finding(&w, r, all[i]);
	kt_json_end_array(&w);
	put_passes(&w, r);
	kt_json_named_object(&w, "count");
	kt_json_named_u64(&w, "error", kt_report_count(r, KT_REPORT_ERROR));
	kt_json_named_u64(&w, "warning", kt_report_count(r, KT_REPORT_WARNING) -
	    kt_report_count(r, KT_REPORT_ERROR));
	kt_json_named_u64(&w, "info", kt_report_count(r, KT_REPORT_INFO) -
	    kt_report_count(r, KT_REPORT_WARNING));
	kt_json_named_u64(&w, "suppressed",
	    n - kt_report_count(r, KT_REPORT_INFO));
	kt_json_end_object(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w) < 0 ? KT_E_LIMIT : kt_buf_addc(out, '\n');
}

static void
put_quality(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	static const char *const severities[] = { "info", "minor", "major" };
	char hex[17];

	kt_report_hex(f->print, hex);
	kt_json_begin_object(w);
	kt_json_named_string(w, "description", f->message);
	kt_json_named_cstr(w, "check_name", f->rule->code);
	kt_json_named_cstr(w, "fingerprint", hex);
	kt_json_named_cstr(w, "severity", severities[f->severity]);
	kt_json_named_object(w, "location");
	kt_json_named_string(w, "path", kt_report_file(r, f->at.file));
	kt_json_named_object(w, "lines");
	kt_json_named_u64(w, "begin", f->at.line > 0 ? f->at.line : 1);
	kt_json_named_u64(w, "end", f->at.end_line > 0 ? f->at.end_line : 1);
	kt_json_end_object(w);
	kt_json_end_object(w);
	kt_json_end_object(w);
}

enum kt_rc
kt_report_write_gitlab(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	struct kt_json_writer w;
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look;
	kt_json_writer_init(&w, out);
	kt_json_begin_array(&w);
	for (size_t i = 0; i < n; i++) {
		if (all[i]->suppressed.len == 0)
			put_quality(&w, r, all[i]);
	}
	kt_json_end_array(&w);
	return kt_json_written(&w) < 0 ? KT_E_LIMIT : kt_buf_addc(out, '\n');
}
