/*
 * gathered - rows instead of files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Segments are where their records say: for whoever wants to look at the
 * gateway's own file, a break names the same segment and line.
 */
#include "config.h" /* memmem is an extension */
#include "cmd/audit/gathered.h"

#include "audit/canon.h"
#include "cmd/audit/bundle.h"

/* libpq takes a bare word for the name of a database: more likely it was to
   be that of a file. */
static bool
is_bare(struct kt_span text)
{
	return kt_span_find(text, ':') == text.len &&
	    kt_span_find(text, '=') == text.len;
}

enum kt_rc
kt_gathered_open(struct kt_gathered *g, const char *url)
{
	struct kt_buf text;
	enum kt_rc rc;

	*g = (struct kt_gathered){ .fleet = NULL };
	kt_buf_init(&g->names, 16u << 20);
	kt_buf_init(&text, 1u << 20);
	if (kt_text_or_file(url, &text, &g->err) < 0) {
		kt_buf_fini(&text);
		return g->err.rc;
	}
	while (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	rc = kt_buf_addc(&text, '\0');
	if (rc < 0)
		rc = kt_fail(&g->err, KT_E_LIMIT, "a URL too long");
	if (rc == KT_OK)
		rc = kt_fleet_open(&g->fleet, text.ptr, &g->err);
	if (rc < 0 && g->err.rc == rc && is_bare(kt_span_of(url)) &&
	    text.len > 0 && strcmp(text.ptr, url) == 0)
		rc = kt_wrap(&g->err, "'%s' is no file; as a database", url);
	if (text.cap > 0)
		explicit_bzero(text.ptr, text.cap);
	kt_buf_fini(&text);
	if (rc == KT_OK)
		rc = kt_fleet_freeze(g->fleet, &g->err);
	return rc < 0 ? rc : kt_fleet_origins(g->fleet, &g->names, &g->err);
}

void
kt_gathered_close(struct kt_gathered *g)
{
	kt_fleet_close(&g->fleet);
	kt_buf_fini(&g->names);
}

const char *
kt_gathered_next(struct kt_gathered *g, const char *pattern)
{
	while (g->at < g->names.len) {
		const char *name = g->names.ptr + g->at;

		g->at += strlen(name) + 1;
		if (pattern == NULL ||
		    kt_span_glob(kt_span_of(pattern), kt_span_of(name)))
			return name;
	}
	return NULL;
}

/*
 * Text of a value has no quotes of its own: it is the record's member.  The
 * first file begins with record 0, or with what a retention record left.
 */
static void
see_segment(struct kt_audit_verify *v, struct kt_span line, bool is_first)
{
	static const char type[] = "\"type\":\"segment\"";
	struct kt_span number;
	uint64_t n;

	if (memmem(line.ptr, line.len, type, sizeof(type) - 1) != NULL &&
	    kt_audit_member(line, "number", &number) &&
	    kt_span_u64(number, &n) && n > 0)
		kt_audit_verify_segment(v, n);
	else if (is_first)
		kt_audit_verify_segment(v, 0);
}

static enum kt_rc
feed(struct kt_gathered *g, struct kt_judge *j, struct kt_audit_verify *v,
    kt_audit_line_fn *each, void *arg)
{
	struct kt_span line;
	bool is_first = true;

	while (kt_fleet_next_line(g->fleet, &line)) {
		see_segment(v, line, is_first);
		is_first = false;
		if (kt_audit_verify_feed(v, line, &j->err) < 0 ||
		    kt_audit_verify_feed(v, KT_SPAN("\n"), &j->err) < 0)
			return j->err.rc;
		if (each != NULL)
			(void)each(arg, line); /* all are verified */
		j->read_bytes += line.len;
		if (j->progress != NULL)
			j->progress(j->progress_arg, j->read_bytes, 0);
	}
	return KT_OK;
}

static enum kt_rc
judge(struct kt_gathered *g, struct kt_judge *j, const char *origin,
    struct kt_audit_evidence *e, kt_audit_line_fn *each, void *arg)
{
	struct kt_audit_verify *v = NULL;
	enum kt_rc rc;

	if (kt_fleet_begin(g->fleet, origin, &j->dir.log_vkey, &j->dir.newest,
	    &j->err) < 0)
		return j->err.rc;
	e->newest = kt_buf_span(&j->dir.newest);
	e->log_vkey = kt_buf_span(&j->dir.log_vkey);
	rc = kt_audit_verify_new(&v, e, &j->err);
	if (rc == KT_OK)
		rc = feed(g, j, v, each, arg);
	if (rc == KT_OK) {
		const struct kt_audit_report *r = kt_audit_verify_finish(v);

		j->report = kt_alloc(sizeof(*j->report));
		if (j->report == NULL)
			rc = kt_fail(&j->err, KT_E_LIMIT, "no memory");
		else
			*j->report = *r;
	}
	kt_audit_verify_free(&v);
	/* Rows that could not be read are not rows that are missing. */
	if (kt_fleet_end(g->fleet, &j->err) < 0) {
		kt_free(j->report);
		j->report = NULL;
		rc = j->err.rc;
	}
	return rc;
}

const struct kt_audit_report *
kt_gathered_judge(struct kt_gathered *g, struct kt_judge *j,
    const char *origin, struct kt_span pinned,
    const struct kt_audit_brought *brought, kt_audit_line_fn *each, void *arg)
{
	struct kt_audit_evidence e = { .next = kt_fleet_next_note,
		.arg = g->fleet, .pinned = pinned, .brought = brought };

	j->report = NULL;
	j->read_bytes = 0;
	j->err.rc = KT_OK;
	kt_audit_dir_none(&j->dir, origin);
	(void)!judge(g, j, origin, &e, each, arg); /* then there is no report */
	return j->report;
}
