/*
 * json - the report for scripts, and GitLab's Code Quality.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys are stable: one may be added, none changes its meaning.
 */
#include "report/report_priv.h"

#define SCHEMA_VERSION 1

static void
put_u64(struct kt_json_writer *w, const char *name, uint64_t v)
{
	kt_json_put_name(w, name);
	kt_json_put_u64(w, v);
}

static void
put_text(struct kt_json_writer *w, const char *name, struct kt_span s)
{
	kt_json_put_name(w, name);
	kt_json_put_string(w, s);
}

static void
put_place(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_place *at)
{
	kt_json_put_name(w, "file");
	if (at->file == KT_REPORT_NOWHERE)
		kt_json_put_null(w);
	else
		kt_json_put_string(w, kt_report_file(r, at->file));
	put_u64(w, "line", at->line);
	put_u64(w, "column", at->column);
	put_u64(w, "end_line", at->end_line);
	put_u64(w, "end_column", at->end_column);
	put_u64(w, "start", kt_report_offset(r, at, false));
	put_u64(w, "end", kt_report_offset(r, at, true));
}

static void
put_notes(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	kt_json_put_name(w, "related");
	kt_json_begin_array(w);
	for (const struct kt_report_note *n = f->notes; n != NULL; n = n->next) {
		kt_json_begin_object(w);
		put_place(w, r, &n->at);
		put_text(w, "message", n->text);
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
	kt_json_put_name(w, "safe");
	kt_json_put_bool(w, f->fix == KT_REPORT_FIX_SAFE);
	kt_json_put_name(w, "edits");
	kt_json_begin_array(w);
	for (const struct kt_report_edit *e = f->edits; e != NULL; e = e->next) {
		kt_json_begin_object(w);
		put_place(w, r, &e->at);
		put_text(w, "text", e->text);
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
	put_text(w, "code", kt_span_of(f->rule->code));
	put_text(w, "severity", kt_span_of(kt_report_severities[f->severity]));
	put_place(w, r, &f->at);
	put_text(w, "message", f->message);
	put_text(w, "why", f->why);
	put_text(w, "help", f->help);
	if (f->subject.len > 0)
		put_text(w, "case", f->subject);
	put_text(w, "fingerprint", kt_span_of(hex));
	put_notes(w, r, f);
	put_fix(w, r, f);
	if (f->suppressed.len > 0)
		put_text(w, "suppressed", f->suppressed);
	kt_json_end_object(w);
}

static void
put_passes(struct kt_json_writer *w, const struct kt_report *r)
{
	size_t n;
	const struct kt_report_pass *all = kt_report_passes(r, &n);

	kt_json_put_name(w, "passed");
	kt_json_begin_array(w);
	for (size_t i = 0; i < n; i++) {
		kt_json_begin_object(w);
		put_text(w, "file", kt_report_file(r, all[i].file));
		if (all[i].subject.len > 0)
			put_text(w, "case", all[i].subject);
		if (all[i].skipped.len > 0)
			put_text(w, "skipped", all[i].skipped);
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
	put_u64(&w, "schema_version", SCHEMA_VERSION);
	put_text(&w, "tool", kt_span_of(kt_report_options(r)->tool));
	kt_json_put_name(&w, "findings");
	kt_json_begin_array(&w);
	for (size_t i = 0; i < n; i++)
		put_finding(&w, r, all[i]);
	kt_json_end_array(&w);
	put_passes(&w, r);
	kt_json_put_name(&w, "count");
	kt_json_begin_object(&w);
	put_u64(&w, "error", kt_report_count(r, KT_REPORT_ERROR));
	put_u64(&w, "warning", kt_report_count(r, KT_REPORT_WARNING) -
	    kt_report_count(r, KT_REPORT_ERROR));
	put_u64(&w, "info", kt_report_count(r, KT_REPORT_INFO) -
	    kt_report_count(r, KT_REPORT_WARNING));
	put_u64(&w, "suppressed", n - kt_report_count(r, KT_REPORT_INFO));
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
	put_text(w, "description", f->message);
	put_text(w, "check_name", kt_span_of(f->rule->code));
	put_text(w, "fingerprint", kt_span_of(hex));
	put_text(w, "severity", kt_span_of(severities[f->severity]));
	kt_json_put_name(w, "location");
	kt_json_begin_object(w);
	put_text(w, "path", kt_report_file(r, f->at.file));
	kt_json_put_name(w, "lines");
	kt_json_begin_object(w);
	put_u64(w, "begin", f->at.line > 0 ? f->at.line : 1);
	put_u64(w, "end", f->at.end_line > 0 ? f->at.end_line : 1);
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
