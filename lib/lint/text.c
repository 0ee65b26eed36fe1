/*
 * text - the bytes of a file, before they mean anything.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines inside a text of several lines are left alone: there blanks count.
 */
#include "lint/format.h"
#include "lint/lint_priv.h"

#define RUN_MIN 16 /* a token that no name has: letters with a digit */

/* 113 */
static void
check_blanks(struct kt_lint *l, size_t file, const struct kt_lint_lines *in)
{
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span rest = o->sources[l->base + file].bytes;

	for (uint32_t line = 1; rest.len > 0; line++) {
		size_t end = kt_span_find(rest, '\n');
		struct kt_span text = kt_span_sub(rest, 0, end);
		struct kt_report_place at = { l->base + file, line, 1, line, 1 };
		struct kt_report_finding *f;
		size_t len;

		rest = kt_span_sub(rest, end + 1, SIZE_MAX);
		if (kt_span_ends(text, KT_SPAN("\r")))
			text.len--;
		len = text.len;
		while (len > 0 && (text.ptr[len - 1] == ' ' ||
		    text.ptr[len - 1] == '\t'))
			len--;
		if (len == text.len || kt_lint_lines_has(in, line))
			continue;
		at.column += kt_lint_characters(kt_span_sub(text, 0, len));
		at.end_column = at.column + (uint32_t)(text.len - len);
		f = kt_lint_at(l, KT_LINT_113, at, "blanks at the end of the line");
		if (f == NULL)
			return;
		f->fix = KT_REPORT_FIX_SAFE;
		kt_report_edit(l->r, f, at, KT_SPAN(""));
	}
}

/* 414: whether a scan is worth its start. */
static bool
may_hold_secret(struct kt_span s)
{
	size_t run = 0, digits = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool is_digit = c >= '0' && c <= '9';

		if (!is_digit && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '_' && c != '+' && c != '/' &&
		    c != '=') {
			if (kt_span_starts(kt_span_sub(s, i, 11),
			    KT_SPAN("-----BEGIN ")))
				return true;
			run = digits = 0;
			continue;
		}
		run++;
		digits += is_digit;
		if (run >= RUN_MIN && digits > 0)
			return true;
	}
	return false;
}

static struct kt_report_place
place_at(size_t file, struct kt_span text, size_t from, size_t to)
{
	struct kt_report_place at = { file, 1, 1, 1, 1 };
	uint32_t cp;

	for (size_t i = 0; i < to;) {
		size_t len = kt_utf8_decode(kt_span_sub(text, i, 4), &cp);

		if (i == from) {
			at.line = at.end_line;
			at.column = at.end_column;
		}
		at.end_column++;
		if (text.ptr[i] == '\n') {
			at.end_line++;
			at.end_column = 1;
		}
		i += len ? len : 1;
	}
	return at;
}

static void
tell_secrets(struct kt_lint *l, size_t file, const struct kt_detect *db,
    struct kt_detect_scratch *s)
{
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span text = o->sources[l->base + file].bytes;
	struct kt_findings found;

	if (kt_detect_scan(db, s, text, NULL, &found) < 0)
		return;
	for (size_t i = 0; i < found.n; i++) {
		const struct kt_finding *one = &found.v[i];
		const struct kt_detector *d = kt_detect_def(db, one->detector);
		struct kt_report_place at;

		if (strcmp(d->group, "secret") != 0)
			continue;
		at = place_at(l->base + file, text, one->start, one->end);
		if (kt_report_hides(l->r, &at))
			continue;
		kt_report_hide(l->r, at);
		(void)kt_lint_at(l, KT_LINT_414, at, "this is a %s", d->entity);
	}
}

static void
check_secrets(struct kt_lint *l, size_t file)
{
	const struct kt_report_options *o = kt_report_options(l->r);
	const struct kt_lint_detectors *d = &l->o->detectors;
	struct kt_detect_scratch *s = NULL;
	struct kt_detect *db = NULL;
	struct kt_err err;

	if (d->n == 0 || !l->o->is_on[KT_LINT_414] ||
	    !may_hold_secret(o->sources[l->base + file].bytes))
		return;
	if (kt_detect_open(&db, d->at, d->n, d->saved, &err) == KT_OK &&
	    kt_detect_scratch_new(&s, db, &err) == KT_OK)
		tell_secrets(l, file, db, s);
	kt_detect_scratch_free(&s);
	kt_detect_free(&db);
}

/* 905 */
static void
check_format(struct kt_lint *l, size_t file, const struct kt_lint_lines *in)
{
	const struct kt_report_options *o = kt_report_options(l->r);
	struct kt_span text = o->sources[l->base + file].bytes;
	struct kt_report_place at = { l->base + file, 1, 1, 1, 2 };
	struct kt_buf b;

	if (!l->o->is_on[KT_LINT_905])
		return;
	kt_buf_init(&b, text.len * 2 + 16);
	if (kt_lint_format_lines(text, in, &b) == KT_OK &&
	    !kt_span_eq(kt_buf_span(&b), text)) {
		size_t i = 0;

		while (i < b.len && i < text.len && b.ptr[i] == text.ptr[i])
			i++;
		if (i < text.len)
			at = place_at(l->base + file, text, i, i + 1);
		if (at.end_line > at.line) {
			at.end_line = at.line;
			at.end_column = at.column + 1;
		}
		(void)kt_lint_at(l, KT_LINT_905, at,
		    "kt policy fmt would change this");
	}
	kt_buf_fini(&b);
}

void
kt_lint_check_text(
    struct kt_lint *l, size_t file, const struct kt_config_node *root)
{
	struct kt_lint_lines in = { 0 };

	if (root == NULL || kt_lint_lines_of(root, l->mem, &in) < 0)
		return;
	check_blanks(l, file, &in);
	check_format(l, file, &in);
	/* Examples of what is looked for are no leak. */
	if (kt_config_get(root, KT_SPAN("detectors")) == NULL &&
	    !kt_lint_is_cases(root))
		check_secrets(l, file);
}
