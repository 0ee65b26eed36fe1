/*
 * suppress - comments that allow a finding, with their reason.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	action: flag   # kt:allow KT426 -- test keys only, until 2027-01-31
 *	# kt:allow KT402, KT417 -- the next line that says something
 *	# kt:allow-file KT415 -- one user
 *
 * An allowance without reason allows nothing, one that has ended neither,
 * and one that nothing needs is told: none outlives what it was made for.
 * What keeps the gateway from starting cannot be allowed.
 */
#include "lint/lint_priv.h"

#define MARK "kt:allow"
#define ALLOWANCES_MAX 4096

struct allowance {
	struct kt_report_place at; /* of the comment */
	uint32_t line;             /* that it is about; 0: the file */
	bool codes[KT_LINT_CODES];
	struct kt_span reason;
	uint32_t blanks;           /* before the comment */
	bool is_good, is_used, is_whole_line;
};

struct search {
	struct kt_lint *l;
	size_t file;
	struct allowance *all;
	size_t n;
};

/* A '#' that begins a comment is not in a text. */
static bool
is_in_text(const struct kt_config_node *node, uint32_t line, uint32_t column)
{
	if (node->type == KT_CONFIG_NODE_SCALAR) {
		if (node->end_line > node->at.line)
			return line > node->at.line && line < node->end_line;
		return line == node->at.line && column >= node->at.column &&
		    column < node->at.column + node->at.len;
	}
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		if (c->at.line <= line && c->end_line >= line &&
		    is_in_text(c, line, column))
			return true;
	}
	return false;
}

/* " until 2027-01" or "2027-01-31" at the end of a reason. */
static bool
has_ended(const struct kt_lint *l, struct kt_span reason)
{
	static const char form[] = "until ";

	for (size_t i = 0; i + sizeof(form) + 6 <= reason.len; i++) {
		struct kt_span s = kt_span_sub(reason, i, sizeof(form) - 1);
		struct kt_span date;

		if (!kt_span_eq(s, KT_SPAN("until ")) &&
		    !kt_span_eq(s, KT_SPAN("ove by")))
			continue;
		date = kt_span_sub(reason, i + sizeof(form) - 1, 10);
		date = kt_span_trim(date);
		if (date.len < 7 || date.ptr[4] != '-' || date.ptr[0] != '2')
			continue;
		/* A month lasts to its end: it compares as a prefix. */
		if (date.len < 10)
			date.len = 7;
		return memcmp(date.ptr, l->o->today, date.len) < 0;
	}
	return false;
}

static void
read_codes(struct allowance *a, struct kt_span s, bool *is_known)
{
	size_t n = 0;

	*is_known = true;
	while (s.len > 0) {
		size_t comma = kt_span_find(s, ',');
		struct kt_span one = kt_span_trim(kt_span_sub(s, 0, comma));
		int code = kt_lint_code_of(one);

		if (code < 0)
			*is_known = false;
		else
			a->codes[code] = true;
		n++;
		s = kt_span_sub(s, comma + 1, SIZE_MAX);
	}
	*is_known &= n > 0;
}

static size_t
find_dashes(struct kt_span s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.ptr[i] == '-' && s.ptr[i + 1] == '-')
			return i;
	}
	return s.len;
}

static void
read_allowance(struct search *s, struct allowance *a, struct kt_span text)
{
	size_t dashes = find_dashes(text);
	bool is_known;

	read_codes(a, kt_span_trim(kt_span_sub(text, 0, dashes)), &is_known);
	a->reason = kt_span_trim(kt_span_sub(text, dashes + 2, SIZE_MAX));
	if (!is_known || a->reason.len == 0)
		(void)kt_lint_at(s->l, KT_LINT_907, a->at, !is_known ?
		    "the allowance names no code that there is" :
		    "the allowance gives no reason");
	else if (has_ended(s->l, a->reason))
		(void)kt_lint_at(s->l, KT_LINT_903, a->at,
		    "the allowance has ended");
	else
		a->is_good = true;
}

/* The next line that is neither empty nor a comment. */
static uint32_t
next_line(struct kt_span rest, uint32_t line)
{
	while (rest.len > 0) {
		size_t end = kt_span_find(rest, '\n');
		struct kt_span text = kt_span_trim(kt_span_sub(rest, 0, end));

		line++;
		if (text.len > 0 && text.ptr[0] != '#' && text.ptr[0] != '\r')
			return line;
		rest = kt_span_sub(rest, end + 1, SIZE_MAX);
	}
	return line;
}

/* Offset of "# kt:allow" in a line; SIZE_MAX: none. */
static size_t
find_mark(struct kt_span line)
{
	for (size_t i = 0; i + sizeof(MARK) <= line.len; i++) {
		struct kt_span rest;

		if (line.ptr[i] != '#' || (i > 0 && line.ptr[i - 1] != ' ' &&
		    line.ptr[i - 1] != '\t'))
			continue;
		rest = kt_span_trim(kt_span_sub(line, i + 1, SIZE_MAX));
		if (kt_span_starts(rest, KT_SPAN(MARK)))
			return i;
	}
	return SIZE_MAX;
}

uint32_t
kt_lint_characters(struct kt_span s)
{
	uint32_t n = 0, cp;

	for (; s.len > 0; n++) {
		size_t len = kt_utf8_decode(s, &cp);

		s = kt_span_sub(s, len ? len : 1, SIZE_MAX);
	}
	return n;
}

static void
read_line(struct search *s, const struct kt_config_node *root,
    struct kt_span line, struct kt_span rest, uint32_t number)
{
	size_t at = find_mark(line);
	struct allowance *a;
	struct kt_span text;

	if (at == SIZE_MAX || s->n == ALLOWANCES_MAX)
		return;
	a = &s->all[s->n];
	*a = (struct allowance){ .at = { s->l->base + s->file, number,
		kt_lint_characters(kt_span_sub(line, 0, at)) + 1, number,
		kt_lint_characters(line) + 1 } };
	if (root != NULL && is_in_text(root, number, a->at.column))
		return;
	s->n++;
	for (size_t i = at; i > 0 && line.ptr[i - 1] == ' '; i--)
		a->blanks++;
	a->is_whole_line = kt_span_trim(kt_span_sub(line, 0, at)).len == 0;
	a->line = a->is_whole_line ? next_line(rest, number) : number;
	text = kt_span_trim(kt_span_sub(line, at + 1, SIZE_MAX));
	text = kt_span_sub(text, sizeof(MARK) - 1, SIZE_MAX);
	if (kt_span_starts(text, KT_SPAN("-file"))) {
		a->line = 0;
		text = kt_span_sub(text, 5, SIZE_MAX);
	}
	read_allowance(s, a, text);
}

static void
apply(struct search *s)
{
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(s->l->r, &n);

	for (size_t i = 0; i < n; i++) {
		struct kt_report_finding *f = all[i];
		size_t code = (size_t)(f->rule - kt_lint_rules);

		if (f->at.file != s->l->base + s->file || code == KT_LINT_907 ||
		    code == KT_LINT_903 || f->is_firm)
			continue;
		for (size_t k = 0; k < s->n; k++) {
			struct allowance *a = &s->all[k];

			if (!a->is_good || !a->codes[code] ||
			    (a->line != 0 && a->line != f->at.line))
				continue;
			f->suppressed = a->reason;
			a->is_used = true;
			break;
		}
	}
}

/* 902: only where a run could have found what is allowed. */
static void
tell_unused(struct search *s)
{
	for (size_t k = 0; k < s->n; k++) {
		struct allowance *a = &s->all[k];
		struct kt_report_place at = a->at;
		struct kt_report_finding *f;
		bool could = a->is_good;

		for (size_t i = 0; i < KT_LINT_CODES; i++)
			could &= !a->codes[i] || s->l->o->is_on[i];
		if (!could || a->is_used)
			continue;
		f = kt_lint_at(s->l, KT_LINT_902, at,
		    "nothing here needs this allowance");
		if (f == NULL)
			continue;
		at.column -= a->blanks;
		if (a->is_whole_line) {
			at.column = 1;
			at.end_line = at.line + 1;
			at.end_column = 1;
		}
		f->fix = KT_REPORT_FIX_SAFE;
		kt_report_edit(s->l->r, f, at, KT_SPAN(""));
	}
}

void
kt_lint_suppress(
    struct kt_lint *l, size_t file, const struct kt_config_node *root)
{
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span rest = o->sources[l->base + file].bytes;
	struct search s = { .l = l, .file = file };

	for (uint32_t number = 1; rest.len > 0; number++) {
		size_t end = kt_span_find(rest, '\n');
		struct kt_span line = kt_span_sub(rest, 0, end);

		if (kt_span_ends(line, KT_SPAN("\r")))
			line.len--;
		rest = kt_span_sub(rest, end + 1, SIZE_MAX);
		if (s.all == NULL && find_mark(line) != SIZE_MAX) {
			s.all = kt_arena_array(l->mem, ALLOWANCES_MAX,
			    sizeof(*s.all));
			if (s.all == NULL)
				return; /* the full arena is told */
		}
		if (s.all != NULL)
			read_line(&s, root, line, rest, number);
	}
	apply(&s);
	tell_unused(&s);
}
