/*
 * mend - edits made, as a text or as a patch; findings known before.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "json/json.h"
#include "lint/lint.h"

#define CONTEXT 3
#define RESYNC_MAX 64 /* lines; further apart, the rest is one change */

struct edit {
	size_t from, to, finding;
	struct kt_span text;
};

static int
by_place(const void *left, const void *right)
{
	const struct edit *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static bool
is_wanted(const struct kt_report_finding *f, size_t file,
    enum kt_report_fix most)
{
	return f->at.file == file && f->edits != NULL &&
	    f->suppressed.len == 0 && f->fix != KT_REPORT_FIX_NONE &&
	    f->fix <= most;
}

/* Edits of the wanted findings; out NULL: how many. */
static size_t
collect(const struct kt_report *r, size_t file, enum kt_report_fix most,
    struct edit *out)
{
	size_t n, count = 0;
	struct kt_report_finding *const *all = kt_report_findings(r, &n);

	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(all[i], file, most))
			continue;
		for (const struct kt_report_edit *e = all[i]->edits; e;
		     e = e->next, count++) {
			if (out != NULL)
				out[count] = (struct edit){
					kt_report_offset(r, &e->at, false),
					kt_report_offset(r, &e->at, true), i,
					e->text };
		}
	}
	return count;
}

enum kt_rc
kt_lint_mend(const struct kt_report *r, size_t file, enum kt_report_fix most,
    struct kt_buf *out, size_t *n)
{
	struct kt_span text = kt_report_options(r)->sources[file].bytes;
	size_t count = collect(r, file, most, NULL), at = 0;
	struct edit *all = NULL;
	enum kt_rc rc = KT_OK;

	*n = 0;
	if (count > 0) {
		all = kt_alloc_array(count, sizeof(*all));
		if (all == NULL)
			return KT_E_LIMIT;
		(void)collect(r, file, most, all);
		qsort(all, count, sizeof(*all), by_place);
	}
	for (size_t i = 0; i < count && rc == KT_OK; i++) {
		/* Each finding has one edit so far: what overlaps waits. */
		if (all[i].from < at || all[i].to < all[i].from)
			continue;
		if (kt_buf_add(out, kt_span_sub(text, at, all[i].from - at)) < 0 ||
		    kt_buf_add(out, all[i].text) < 0)
			rc = KT_E_LIMIT;
		at = all[i].to;
		(*n)++;
	}
	kt_free(all);
	if (rc == KT_OK)
		rc = kt_buf_add(out, kt_span_sub(text, at, SIZE_MAX));
	return rc;
}

/* Patches. */

struct side {
	struct kt_span *lines; /* each with its line feed, when it has one */
	size_t n;
};
struct change { /* lines [a0, a1) become [b0, b1) */
	size_t a0, a1, b0, b1;
};

static enum kt_rc
split(struct kt_span text, struct side *out)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	out->n = 0;
	out->lines = kt_alloc_array(n + 1, sizeof(*out->lines));
	if (out->lines == NULL)
		return KT_E_LIMIT;
	while (text.len > 0) {
		size_t end = kt_span_find(text, '\n');

		out->lines[out->n++] = kt_span_sub(text, 0, end + 1);
		text = kt_span_sub(text, end + 1, SIZE_MAX);
	}
	return KT_OK;
}

/* From a difference at (i, j): the nearest place where both agree again. */
static void
resync(const struct side *a, const struct side *b, struct change *c)
{
	for (size_t d = 1; d <= RESYNC_MAX; d++) {
		for (size_t k = 0; k <= d; k++) {
			size_t i = c->a0 + k, j = c->b0 + d - k;

			if (i > a->n || j > b->n)
				continue;
			if ((i == a->n && j == b->n) || (i < a->n && j < b->n &&
			    kt_span_eq(a->lines[i], b->lines[j]))) {
				c->a1 = i;
				c->b1 = j;
				return;
			}
		}
	}
	c->a1 = a->n;
	c->b1 = b->n;
}

static bool
next_change(const struct side *a, const struct side *b, struct change *c)
{
	c->a0 = c->a1;
	c->b0 = c->b1;
	while (c->a0 < a->n && c->b0 < b->n &&
	    kt_span_eq(a->lines[c->a0], b->lines[c->b0])) {
		c->a0++;
		c->b0++;
	}
	if (c->a0 == a->n && c->b0 == b->n)
		return false;
	resync(a, b, c);
	return true;
}

static enum kt_rc
put_line(struct kt_buf *out, char mark, struct kt_span line)
{
	if (kt_buf_addc(out, mark) < 0 || kt_buf_add(out, line) < 0)
		return KT_E_LIMIT;
	if (kt_span_ends(line, KT_SPAN("\n")))
		return KT_OK;
	return kt_buf_add(out, KT_SPAN("\n\\ No newline at end of file\n"));
}

static enum kt_rc
put_lines(struct kt_buf *out, char mark, const struct side *s, size_t from,
    size_t to)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = from; i < to && rc == KT_OK; i++)
		rc = put_line(out, mark, s->lines[i]);
	return rc;
}

/* "12,3"; the line before an empty range, as diff(1) counts. */
static void
range(char out[static 48], size_t from, size_t to)
{
	(void)snprintf(out, 48, "%zu,%zu", to > from ? from + 1 : from,
	    to - from);
}

static enum kt_rc
put_hunk(struct kt_buf *out, const struct side *a, const struct side *b,
    const struct change *c)
{
	size_t lead = c->a0 < CONTEXT ? c->a0 : CONTEXT;
	size_t tail = a->n - c->a1 < CONTEXT ? a->n - c->a1 : CONTEXT;
	char was[48], is[48];

	range(was, c->a0 - lead, c->a1 + tail);
	range(is, c->b0 - lead, c->b1 + tail);
	if (kt_buf_printf(out, "@@ -%s +%s @@\n", was, is) < 0 ||
	    put_lines(out, ' ', a, c->a0 - lead, c->a0) < 0 ||
	    put_lines(out, '-', a, c->a0, c->a1) < 0 ||
	    put_lines(out, '+', b, c->b0, c->b1) < 0)
		return KT_E_LIMIT;
	return put_lines(out, ' ', a, c->a1, c->a1 + tail);
}

/* Changes whose context would meet are one. */
static enum kt_rc
put_hunks(struct kt_buf *out, const struct side *a, const struct side *b)
{
	struct change c = { 0 }, open = { 0 };
	bool is_open = false;
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && next_change(a, b, &c)) {
		if (is_open && c.a0 - open.a1 <= (size_t)2 * CONTEXT) {
			open.a1 = c.a1;
			open.b1 = c.b1;
			continue;
		}
		if (is_open)
			rc = put_hunk(out, a, b, &open);
		open = c;
		is_open = true;
	}
	return rc == KT_OK && is_open ? put_hunk(out, a, b, &open) : rc;
}

enum kt_rc
kt_lint_patch(struct kt_span name, struct kt_span before,
    struct kt_span after, struct kt_buf *out)
{
	struct side a = { 0 }, b = { 0 };
	enum kt_rc rc = KT_E_LIMIT;

	if (kt_span_eq(before, after))
		return KT_OK;
	if (split(before, &a) == KT_OK && split(after, &b) == KT_OK &&
	    kt_buf_printf(out, "--- a/%.*s\n+++ b/%.*s\n", KT_SPAN_ARG(name),
	    KT_SPAN_ARG(name)) == KT_OK)
		rc = put_hunks(out, &a, &b);
	kt_free(a.lines);
	kt_free(b.lines);
	return rc;
}

/* Baselines. */

static int
by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static bool
read_print(const struct kt_json *j, struct kt_span text, uint32_t finding,
    uint64_t *out)
{
	struct kt_span hex = kt_json_string(j, text,
	    kt_json_member(j, text, finding, KT_SPAN("fingerprint")));
	uint8_t bytes[8];

	if (!kt_unhex(hex, bytes, sizeof(bytes)))
		return false;
	*out = 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		*out = *out << 8 | bytes[i];
	return true;
}

static void
match(struct kt_report *r, uint64_t *known, size_t n, size_t *stale)
{
	size_t all_n;
	struct kt_report_finding *const *all = kt_report_findings(r, &all_n);

	*stale = n;
	for (size_t i = 0; i < all_n && n > 0; i++) {
		if (bsearch(&all[i]->print, known, n, sizeof(*known),
		    by_number) == NULL)
			continue;
		all[i]->suppressed = KT_SPAN("in the baseline");
		(*stale)--;
	}
}

enum kt_rc
kt_lint_baseline(struct kt_report *r, struct kt_span json, size_t *stale,
    struct kt_err *err)
{
	struct kt_json j;
	uint32_t list, one;
	uint64_t *known = NULL;
	size_t n = 0, cap = 0;
	enum kt_rc rc;

	kt_json_init(&j, KT_CONFIG_BYTES_MAX * 8u);
	rc = kt_json_parse(&j, json, err);
	list = rc == KT_OK ? kt_json_member(&j, json, kt_json_root(&j),
	    KT_SPAN("findings")) : 0;
	if (rc == KT_OK && kt_json_type(&j, list) != KT_JSON_ARRAY)
		rc = kt_fail(err, KT_E_PARSE, "not a report of kt policy lint "
		    "-o json");
	for (one = kt_json_first(&j, list); one != 0 && rc == KT_OK;
	     one = kt_json_next(&j, one)) {
		rc = kt_grow((void **)&known, &cap, n + 1, sizeof(*known));
		if (rc < 0)
			(void)kt_fail(err, rc, "out of memory"); /* in err */
		else if (!read_print(&j, json, one, &known[n++]))
			rc = kt_fail(err, KT_E_PARSE, "a finding has no "
			    "fingerprint");
	}
	if (rc == KT_OK) {
		if (n > 0)
			qsort(known, n, sizeof(*known), by_number);
		match(r, known, n, stale);
	}
	kt_free(known);
	kt_json_fini(&j);
	return rc;
}
