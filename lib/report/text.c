/*
 * text - the report that people read: what, where, why it matters, how to
 * fix it, where to read more, with the lines of the file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report/report_priv.h"

struct seen { /* per rule, so that one mistake made often hides no other */
	const struct kt_report_rule *rule;
	size_t n;
};
#define SEEN_MAX 256

struct page {
	const struct kt_report *r;
	const struct kt_report_look *look;
	struct kt_buf *out;
	struct seen seen[SEEN_MAX];
	size_t nseen;
	enum kt_rc rc;
};

static void
add(struct page *p, struct kt_span s)
{
	if (p->rc == KT_OK)
		p->rc = kt_buf_add(p->out, s);
}

static void
colour(struct page *p, const char *code)
{
	if (p->look->is_coloured)
		add(p, kt_span_of(code));
}

static bool
is_too_many(struct page *p, const struct kt_report_rule *rule)
{
	size_t i = 0;

	while (i < p->nseen && p->seen[i].rule != rule)
		i++;
	if (i == SEEN_MAX)
		return false;
	if (i == p->nseen)
		p->seen[p->nseen++].rule = rule;
	return ++p->seen[i].n > KT_REPORT_PER_CODE_MAX && !p->look->is_all;
}

static void
head(struct page *p, const struct kt_report_finding *f)
{
	static const char *const colours[] = { "\033[36m", "\033[33m",
		"\033[31m" };
	char place[64] = ":";

	if (f->at.line > 0)
		(void)snprintf(place, sizeof(place), ":%u:%u:",
		    (unsigned)f->at.line, (unsigned)f->at.column);
	colour(p, "\033[1m");
	add(p, kt_report_file(p->r, f->at.file));
	add(p, kt_span_of(place));
	add(p, KT_SPAN(" "));
	colour(p, colours[f->severity]);
	add(p, kt_span_of(kt_report_severities[f->severity]));
	colour(p, "\033[0m");
	add(p, KT_SPAN(": "));
	add(p, f->message);
	if (p->rc == KT_OK)
		p->rc = kt_buf_printf(p->out, " [%s]\n", f->rule->code);
}

static void
excerpt(struct page *p, const struct kt_report_place *at, struct kt_span label)
{
	struct kt_span line = kt_report_line(p->r, at->file, at->line);
	uint32_t len = at->end_line == at->line && at->end_column > at->column ?
	    at->end_column - at->column : 1;
	size_t before = p->out->len;

	/* Of some files only the name is known. */
	if (p->rc < 0 || at->line == 0 || !kt_report_has_bytes(p->r, at->file))
		return;
	p->rc = kt_report_excerpt_line(p->out, line, at->line, at->column, len,
	    kt_report_hidden_from(p->r, at->file, at->line));
	if (p->out->len == before)
		return;
	if (label.len > 0) {
		if (p->out->ptr[p->out->len - 1] == '\n')
			add(p, KT_SPAN("      |"));
		add(p, KT_SPAN(" "));
		add(p, label);
	}
	if (p->out->len > 0 && p->out->ptr[p->out->len - 1] != '\n')
		add(p, KT_SPAN("\n"));
}

/* A line of another place in the same file stands above, in file order. */
static void
lines(struct page *p, const struct kt_report_finding *f)
{
	for (int is_behind = 0; is_behind < 2; is_behind++) {
		if (is_behind)
			excerpt(p, &f->at, KT_SPAN(""));
		for (const struct kt_report_note *n = f->notes; n; n = n->next) {
			bool is_before = n->at.file == f->at.file &&
			    n->at.line < f->at.line;

			if (n->at.file == f->at.file && n->at.line > 0 &&
			    is_before == !is_behind)
				excerpt(p, &n->at, n->text);
		}
	}
}

static void
sentence(struct page *p, const char *what, struct kt_span text)
{
	if (text.len == 0)
		return;
	add(p, KT_SPAN("      = "));
	add(p, kt_span_of(what));
	add(p, KT_SPAN(": "));
	add(p, text);
	add(p, KT_SPAN("\n"));
}

static void
finding(struct page *p, const struct kt_report_finding *f)
{
	head(p, f);
	lines(p, f);
	sentence(p, "why", f->why);
	sentence(p, "help", f->help);
	for (const struct kt_report_note *n = f->notes; n; n = n->next) {
		if (n->at.file == f->at.file && n->at.line > 0)
			continue;
		if (n->at.file == KT_REPORT_NOWHERE || n->at.line == 0)
			sentence(p, "note", n->text);
		else if (p->rc == KT_OK)
			p->rc = kt_buf_printf(p->out, "      = note: "
			    "%.*s:%u:%u: %.*s\n",
			    KT_SPAN_ARG(kt_report_file(p->r, n->at.file)),
			    (unsigned)n->at.line, (unsigned)n->at.column,
			    KT_SPAN_ARG(n->text));
	}
}

enum kt_rc
kt_report_write_text(const struct kt_report *r,
    const struct kt_report_look *look, struct kt_buf *out)
{
	struct page p = { .r = r, .look = look, .out = out };
	char room[160];
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	for (size_t i = 0; i < n && p.rc == KT_OK; i++) {
		if (all[i]->suppressed.len == 0 && !is_too_many(&p, all[i]->rule))
			finding(&p, all[i]);
	}
	for (size_t i = 0; i < p.nseen && p.rc == KT_OK; i++) {
		if (p.seen[i].n > KT_REPORT_PER_CODE_MAX && !look->is_all)
			p.rc = kt_buf_printf(out, "and %zu more of %s "
			    "(--all tells each)\n",
			    p.seen[i].n - KT_REPORT_PER_CODE_MAX,
			    p.seen[i].rule->code);
	}
	if (n > 0) {
		add(&p, kt_report_summary(r, room));
		add(&p, KT_SPAN("\n"));
	}
	return p.rc;
}
