/*
 * sarif - SARIF 2.1.0 as code scanning reads it: rules with their help,
 * relative URIs, columns of characters, prints that stay when lines move.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Suppressed findings are left out: readers show them as open ones.
 */
#include "report/report_priv.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/" \
	"sarif-schema-2.1.0.json"

static void
put_message(struct kt_json_writer *w, const char *name, struct kt_span s)
{
	kt_json_named_object(w, name);
	kt_json_named_string(w, "text", s);
	kt_json_end_object(w);
}

/* As a URI reference: what is no path character is written %XX. */
static void
put_uri(struct kt_json_writer *w, struct kt_span path)
{
	static const char plain[] = "-._~/!$&'()*+,;=@";
	struct kt_buf b;

	kt_buf_init(&b, KT_PATH_MAX * 3);
	for (size_t i = 0; i < path.len && w->rc == KT_OK; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr(plain, c) != NULL);

		w->rc = is_plain ? kt_buf_addc(&b, (char)c) :
		    kt_buf_printf(&b, "%%%02X", c);
	}
	kt_json_named_string(w, "uri", kt_buf_span(&b));
	kt_buf_fini(&b);
}

static void
put_region(struct kt_json_writer *w, const char *name,
    const struct kt_report_place *at)
{
	kt_json_named_object(w, name);
	kt_json_named_u64(w, "startLine", at->line);
	kt_json_named_u64(w, "startColumn", at->column);
	kt_json_named_u64(w, "endLine", at->end_line);
	kt_json_named_u64(w, "endColumn", at->end_column);
	kt_json_end_object(w);
}

static void
put_artifact(struct kt_json_writer *w, const struct kt_report *r, size_t file)
{
	kt_json_named_object(w, "artifactLocation");
	put_uri(w, kt_report_path(r, file));
	kt_json_end_object(w);
}

static void
put_location(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_place *at, struct kt_span message)
{
	kt_json_begin_object(w);
	kt_json_named_object(w, "physicalLocation");
	put_artifact(w, r, at->file);
	if (at->line > 0)
		put_region(w, "region", at);
	kt_json_end_object(w);
	if (message.len > 0)
		put_message(w, "message", message);
	kt_json_end_object(w);
}

static void
put_rule(struct kt_json_writer *w, const struct kt_report_rule *rule)
{
	static const char *const levels[] = { "note", "warning", "error" };
	char md[1200];

	(void)snprintf(md, sizeof(md), "**%s**\n\n%s\n\n%s\n\n`kt explain %s`",
	    rule->title, rule->why, rule->help, rule->code);
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "id", rule->code);
	put_message(w, "shortDescription", kt_span_of(rule->title));
	put_message(w, "fullDescription", kt_span_of(
	    rule->why));
	kt_json_named_object(w, "help");
	kt_json_named_cstr(w, "text", rule->help);
	kt_json_named_cstr(w, "markdown", md);
	kt_json_end_object(w);
	kt_json_named_object(w, "defaultConfiguration");
	kt_json_named_cstr(w, "level", levels[rule->severity]);
	kt_json_end_object(w);
	kt_json_end_object(w);
}

static void
put_fix(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	kt_json_named_array(w, "fixes");
	kt_json_begin_object(w);
	put_message(w, "description", f->help.len > 0 ? f->help : f->message);
	kt_json_named_array(w, "artifactChanges");
	kt_json_begin_object(w);
	put_artifact(w, r, f->at.file);
	kt_json_named_array(w, "replacements");
	for (const struct kt_report_edit *e = f->edits; e != NULL; e = e->next) {
		kt_json_begin_object(w);
		put_region(w, "deletedRegion", &e->at);
		put_message(w, "insertedContent", e->text);
		kt_json_end_object(w);
	}
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_end_array(w);
}

static void
put_result(struct kt_json_writer *w, const struct kt_report *r,
    const struct kt_report_finding *f)
{
	static const char *const levels[] = { "note", "warning", "error" };
	const struct kt_report_rule *rules = kt_report_options(r)->rules;
	char hex[17];

	kt_report_hex(f->print, hex);
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "ruleId", f->rule->code);
	kt_json_named_u64(w, "ruleIndex", (uint64_t)(f->rule - rules));
	kt_json_named_cstr(w, "level", levels[f->severity]);
	put_message(w, "message", f->message);
	kt_json_named_array(w, "locations");
	if (f->at.file != KT_REPORT_NOWHERE)
		put_location(w, r, &f->at, KT_SPAN(""));
	kt_json_end_array(w);
	if (f->notes != NULL) {
		kt_json_named_array(w, "relatedLocations");
		for (const struct kt_report_note *n = f->notes; n; n = n->next) {
			if (n->at.file != KT_REPORT_NOWHERE)
				put_location(w, r, &n->at, n->text);
		}
		kt_json_end_array(w);
	}
	kt_json_named_object(w, "partialFingerprints");
	kt_json_named_cstr(w, "ktFinding/v1", hex);
	kt_json_end_object(w);
	if (f->edits != NULL)
		put_fix(w, r, f);
	kt_json_end_object(w);
}

static void
put_driver(struct kt_json_writer *w, const struct kt_report *r)
{
	const struct kt_report_options *o = kt_report_options(r);

	kt_json_named_object(w, "tool");
	kt_json_named_object(w, "driver");
	kt_json_named_cstr(w, "name", o->tool);
	kt_json_named_array(w, "rules");
	for (size_t i = 0; i < o->nrules; i++)
		put_rule(w, &o->rules[i]);
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_end_object(w);
}

enum kt_rc
kt_report_write_sarif(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	struct kt_json_writer w;
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	(void)look;
	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_cstr(&w, "$schema", SCHEMA);
	kt_json_named_cstr(&w, "version", "2.1.0");
	kt_json_named_array(&w, "runs");
	kt_json_begin_object(&w);
	put_driver(&w, r);
	kt_json_named_cstr(&w, "columnKind", "unicodeCodePoints");
	kt_json_named_array(&w, "results");
	for (size_t i = 0; i < n; i++) {
		if (all[i]->suppressed.len == 0)
			put_result(&w, r, all[i]);
	}
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w) < 0 ? KT_E_LIMIT : kt_buf_addc(out, '\n');
}
