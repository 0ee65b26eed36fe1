/*
 * plan - reading where segments begin.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A checkpoint belongs to the segment of the last record that it covers: the
 * one written at a rotation, to the segment that was closed.
 */
#include "cmd/audit/plan.h"

#include "audit/canon.h"
#include "audit/marks.h"

static enum kt_rc
read_header(const struct kt_audit_dir *d, uint64_t segment,
    struct kt_plan_at *at, struct kt_err *err)
{
	struct kt_disk_file f;
	struct kt_audit_line l;
	struct kt_span line;
	size_t got = 0;
	enum kt_rc rc;

	if (kt_audit_dir_segment(d, segment, &f, err) < 0)
		return err->rc;
	rc = kt_buf_reserve(&at->header, KT_AUDIT_LINE_MAX + 1);
	if (rc < 0)
		rc = kt_fail(err, rc, "no memory");
	else
		rc = kt_disk_read_at(
		    &f, 0, at->header.ptr, KT_AUDIT_LINE_MAX + 1, &got, err);
	kt_disk_close(&f);
	if (rc < 0)
		return rc;
	line = (struct kt_span){ at->header.ptr, got };
	line.len = kt_span_find(line, '\n');
	if (line.len == got || kt_audit_line_parse(line, &l, err) < 0 ||
	    !l.is_whole || !kt_span_eq(l.type, KT_SPAN("segment")))
		return kt_fail(err, KT_E_PARSE,
		    "segment %llu does not begin with a segment record",
		    (unsigned long long)segment);
	at->index = l.i;
	at->header.len = line.len;
	return KT_OK;
}

/* The memory of a whole line is more than the line needs. */
static enum kt_rc
keep_header(struct kt_plan_at *at, const struct kt_buf *line,
    struct kt_err *err)
{
	kt_buf_init(&at->header, KT_AUDIT_LINE_MAX);
	if (kt_buf_add(&at->header, kt_buf_span(line)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	return KT_OK;
}

static enum kt_rc
read_headers(struct kt_plan *p, const struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_plan_at line = { .index = 0 };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&line.header, KT_AUDIT_LINE_MAX + 1);
	for (size_t k = 0; rc == KT_OK && k < d->nsegments; k++) {
		struct kt_plan_at *at = &p->at[p->n++];

		kt_buf_init(&at->header, KT_AUDIT_LINE_MAX);
		at->number = d->segments[k];
		if (at->number == 0)
			continue; /* the log's beginning */
		kt_buf_reset(&line.header);
		rc = read_header(d, d->segments[k], &line, err);
		if (rc == KT_OK)
			rc = keep_header(at, &line.header, err);
		at->index = line.index;
		if (rc == KT_OK && k > 0 && at->index <= p->at[k - 1].index)
			rc = kt_fail(err, KT_E_PARSE,
			    "segment %llu does not follow",
			    (unsigned long long)d->segments[k]);
	}
	kt_buf_fini(&line.header);
	return rc;
}

static enum kt_rc
share_notes(struct kt_plan *p, const struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_audit_checkpoint cp;
	struct kt_audit_notes notes;
	struct kt_span note;
	uint64_t from = 0;
	size_t k = 0;
	enum kt_rc rc = KT_OK;

	kt_audit_notes_init(&notes, &d->notes, 0, UINT64_MAX);
	while (kt_audit_notes_read(&notes, &note)) {
		struct kt_err ignored; /* the verifier says what it is */

		if (kt_audit_checkpoint_parse(note, &cp, &ignored) == KT_OK) {
			while (k + 1 < p->n && cp.size > p->at[k + 1].index)
				p->at[++k].notes = from;
			p->at[k].covered = cp.size;
		}
		from = kt_audit_notes_tell(&notes);
	}
	p->notes_end = notes.file.size;
	while (k + 1 < p->n)
		p->at[++k].notes = from;
	if (notes.err.rc < 0) {
		*err = notes.err;
		rc = err->rc;
	}
	kt_audit_notes_fini(&notes);
	return rc;
}

enum kt_rc
kt_plan_make(
    struct kt_plan *p, const struct kt_audit_dir *d, struct kt_err *err)
{
	*p = (struct kt_plan){ .n = 0 };
	if (d->nsegments == 0)
		return kt_fail(err, KT_E_PARSE, "no segments");
	p->at = kt_alloc_array(d->nsegments, sizeof(*p->at));
	if (p->at == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (read_headers(p, d, err) < 0)
		return err->rc;
	return share_notes(p, d, err);
}

void
kt_plan_fini(struct kt_plan *p)
{
	for (size_t k = 0; k < p->n; k++)
		kt_buf_fini(&p->at[k].header);
	kt_free(p->at);
	*p = (struct kt_plan){ .n = 0 };
}

/* ---- ranges ---- */

static bool
is_before(const struct kt_plan_at *at, struct kt_span time)
{
	struct kt_audit_line l;
	struct kt_err ignored; /* parsed once already */

	if (at->header.len == 0 || kt_audit_line_parse(
	    kt_buf_span(&at->header), &l, &ignored) < 0)
		return true;
	return kt_audit_time_is_before(l.ts, time);
}

/*
 * A clock that stepped may have put a time into a neighbour: one segment
 * more at each end.
 */
static void
narrow_by_time(const struct kt_plan *p, const struct kt_range *range,
    size_t *first, size_t *end)
{
	size_t last = *end;

	while (range->since.len > 0 && *first + 1 < last &&
	    is_before(&p->at[*first + 1], range->since))
		++*first;
	while (range->until.len > 0 && last - 1 > *first &&
	    !is_before(&p->at[last - 1], range->until))
		last--;
	if (range->since.len > 0 && *first > 0)
		--*first;
	if (last < *end)
		*end = last + 1;
}

/* The records of the file of that number; none: a range that is empty. */
static struct kt_range
of_segment(const struct kt_plan *p, uint64_t number)
{
	struct kt_range none = { .from = 1 };

	for (size_t k = 0; k < p->n; k++) {
		if (p->at[k].number == number)
			return (struct kt_range){ .from = p->at[k].index,
				.to = k + 1 < p->n ? p->at[k + 1].index - 1 :
						     UINT64_MAX };
	}
	return none;
}

enum kt_rc
kt_plan_range(const struct kt_plan *p, const struct kt_range *range,
    size_t *first, size_t *end, struct kt_err *err)
{
	uint64_t covered = 0, need;
	struct kt_range file;

	if (range->has_segment) {
		file = of_segment(p, range->segment);
		range = &file;
	}
	*first = 0;
	*end = p->n;
	while (*first + 1 < p->n && p->at[*first + 1].index <= range->from)
		++*first;
	while (*end - 1 > *first && p->at[*end - 1].index > range->to)
		--*end;
	if (range->from > range->to || range->to < p->at[0].index)
		return kt_fail(err, KT_E_MISUSE, "there are no such records");
	narrow_by_time(p, range, first, end);
	need = *end < p->n ? p->at[*end].index : UINT64_MAX;
	if (range->to < need)
		need = range->to + 1;
	for (size_t k = *first; k < *end; k++)
		covered = p->at[k].covered > covered ? p->at[k].covered :
						       covered;
	while (*end < p->n && covered < need) {
		if (p->at[*end].covered > covered)
			covered = p->at[*end].covered;
		++*end;
	}
	return KT_OK;
}

/* ---- roots ---- */

static enum kt_rc
root_of(const struct kt_plan_at *at, struct kt_audit_chain *c,
    uint8_t root[KT_AUDIT_HASH], struct kt_err *err)
{
	if (kt_audit_segment_read(kt_buf_span(&at->header), c, err) < 0)
		return err->rc;
	kt_audit_chain_root(c, root);
	return KT_OK;
}

/* Both lists ascend. */
static enum kt_rc
compare_roots(const struct kt_plan *p, struct kt_audit_notes *notes,
    struct kt_audit_chain *c, size_t *agree, struct kt_err *err)
{
	struct kt_audit_checkpoint cp;
	uint8_t root[KT_AUDIT_HASH];
	struct kt_span note;
	size_t k = 0;

	while (kt_audit_notes_read(notes, &note)) {
		if (kt_audit_checkpoint_parse(note, &cp, err) < 0)
			return err->rc;
		while (k < p->n && p->at[k].index < cp.size)
			k++;
		if (k == p->n || p->at[k].header.len == 0 ||
		    p->at[k].index != cp.size)
			continue;
		if (root_of(&p->at[k], c, root, err) < 0)
			return err->rc;
		if (memcmp(root, cp.root, KT_AUDIT_HASH) != 0)
			return kt_fail(err, KT_E_PARSE,
			    "segment %llu has another root than the "
			    "checkpoint", (unsigned long long)p->at[k].number);
		k++;
		++*agree;
	}
	if (notes->err.rc < 0)
		*err = notes->err;
	return notes->err.rc;
}

enum kt_rc
kt_plan_roots(const struct kt_plan *p, const struct kt_audit_dir *d,
    size_t *agree, struct kt_err *err)
{
	struct kt_audit_notes notes;
	struct kt_audit_chain c;
	enum kt_rc rc;

	*agree = 0;
	if (kt_audit_chain_init(&c, err) < 0)
		return err->rc;
	kt_audit_notes_init(&notes, &d->notes, 0, UINT64_MAX);
	rc = compare_roots(p, &notes, &c, agree, err);
	kt_audit_notes_fini(&notes);
	kt_audit_chain_fini(&c);
	return rc;
}
