/*
 * verify - one pass over the lines, with one line held back where it matters.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line that follows is accepted at once.  One that does not is held until
 * the next line is known: that one's `prev` says what was really there, so
 * the kinds of tampering can be told apart, and the tree continues with the
 * committed leaf instead of the found one.  Later checkpoints then still
 * match, which proves both the diagnosis and everything after it.
 */
#include "audit/verify_priv.h"

static const char *const class_names[] = {
#define KT_CLASS(name, text) [KT_AUDIT_##name] = text,
#include "audit/class.def"
#undef KT_CLASS
};

static const char *const durability_names[] = {
	[KT_AUDIT_DURABLE_STRICT] = "strict",
	[KT_AUDIT_DURABLE_COMMIT] = "commit",
	[KT_AUDIT_DURABLE_ASYNC] = "async",
};

const char *
kt_audit_durability_name(enum kt_audit_durability d)
{
	return durability_names[d];
}

const char *
kt_audit_class_name(enum kt_audit_class c)
{
	return class_names[c];
}

/* ---- checkpoints ---- */

/* A note beyond the bound keeps too little to be signed. */
static void
take_note(struct kt_audit_verify *v, struct kt_span note,
    const struct kt_audit_checkpoint *cp)
{
	kt_buf_reset(&v->note);
	(void)!kt_buf_add(&v->note, note);
	v->cp = *cp;
	v->cp.origin = (struct kt_span){ .ptr = NULL };
	v->has_cp = true;
}

static void
check_origin(struct kt_audit_verify *v, struct kt_span origin)
{
	struct kt_audit_report *r = &v->report;

	if (r->origin[0] == '\0' && origin.len < sizeof(r->origin)) {
		memcpy(r->origin, origin.ptr, origin.len);
		r->origin[origin.len] = '\0';
	} else if (!kt_span_eq(origin, kt_span_of(r->origin))) {
		kt_audit_break(v, KT_AUDIT_CHECKPOINT, v->proven);
	}
}

void
kt_audit_next_note(struct kt_audit_verify *v)
{
	struct kt_span note;
	struct kt_err err;

	while (v->next != NULL && v->next(v->next_arg, &note)) {
		uint64_t last = v->cp.size;
		struct kt_audit_checkpoint cp;

		v->report.checkpoints++;
		if (kt_audit_checkpoint_parse(note, &cp, &err) < 0 ||
		    cp.size < last) {
			kt_audit_break(v, KT_AUDIT_CHECKPOINT, v->proven);
			continue;
		}
		take_note(v, note, &cp);
		check_origin(v, cp.origin);
		if (kt_span_eq(note, kt_buf_span(&v->newest_note)))
			v->has_seen_newest = true;
		return;
	}
	v->next = NULL;
	v->has_cp = false;
	if (v->newest.size > v->cp.size) {
		/* The list lost its end; the newest one still counts. */
		take_note(v, kt_buf_span(&v->newest_note), &v->newest);
		v->has_seen_newest = true;
		v->report.checkpoints++;
		kt_audit_break(v, KT_AUDIT_CHECKPOINT, v->proven);
	}
}

static void
compare(struct kt_audit_verify *v, bool is_signed)
{
	uint8_t root[KT_AUDIT_HASH];
	size_t known;

	if (v->is_tree_lost)
		return;
	kt_audit_chain_root(&v->chain, root);
	if (memcmp(root, v->cp.root, KT_AUDIT_HASH) == 0) {
		v->report.checkpoints_ok++;
		if (!is_signed)
			return; /* consistent, but by whom? */
		if (v->has_suspect)
			/* The records were right: it was the note. */
			v->report.breaks[v->suspect].class =
			    KT_AUDIT_CHECKPOINT;
		v->has_suspect = false;
		v->proven = v->chain.size;
		return;
	}
	if (v->has_suspect || v->report.nbreaks == KT_AUDIT_BREAKS_MAX)
		return;
	known = v->report.nbreaks;
	kt_audit_break(v, KT_AUDIT_EDIT, v->proven);
	if (v->report.nbreaks == known)
		return; /* by an edit that is told already */
	v->has_suspect = true;
	v->suspect = known;
	v->suspect_cp = v->cp;
	v->report.breaks[v->suspect].index = v->chain.size - 1;
	v->report.breaks[v->suspect].at = v->last;
}

void
kt_audit_explain(struct kt_audit_verify *v)
{
	struct kt_audit_break *b = &v->report.breaks[v->suspect];
	uint8_t root[KT_AUDIT_HASH];

	if (!v->has_suspect || v->suspect_cp.size != v->chain.size)
		return;
	kt_audit_chain_root(&v->chain, root);
	if (memcmp(root, v->suspect_cp.root, KT_AUDIT_HASH) != 0)
		return;
	v->has_suspect = false;
	v->proven = v->chain.size;
	v->report.checkpoints_ok++;
	v->report.nbreaks--;
	memmove(b, b + 1, (v->report.nbreaks - v->suspect) * sizeof(*b));
}

void
kt_audit_meet(struct kt_audit_verify *v)
{
	kt_audit_meet_brought(v);
	while (v->has_cp && v->cp.size <= v->chain.size) {
		bool is_here = v->cp.size == v->chain.size;
		bool is_signed = kt_audit_is_signed(v, is_here);

		if (is_here) {
			compare(v, is_signed);
			memcpy(v->report.newest_ts, v->report.course.last.ts,
			    sizeof(v->report.newest_ts));
		}
		v->report.newest_size = v->cp.size;
		memcpy(v->report.newest_root, v->cp.root, KT_AUDIT_HASH);
		kt_audit_next_note(v);
	}
}

/* ---- breaks ---- */

struct kt_audit_break *
kt_audit_break(
    struct kt_audit_verify *v, enum kt_audit_class class, uint64_t index)
{
	struct kt_audit_report *r = &v->report;
	static const struct kt_audit_break none;
	struct kt_audit_break *b = &v->spare;

	/* A record may be wrong in two ways: it is one break. */
	if (r->nbreaks > 0 && r->breaks[r->nbreaks - 1].class == class &&
	    r->breaks[r->nbreaks - 1].index == index)
		return &r->breaks[r->nbreaks - 1];
	*b = none;
	if (r->nbreaks < KT_AUDIT_BREAKS_MAX)
		b = &r->breaks[r->nbreaks++];
	else
		r->more_breaks++;
	b->class = class;
	b->index = b->from = index;
	b->at = v->last;
	return b;
}

/* ---- lines ---- */

static enum kt_audit_type
type_of(struct kt_span type)
{
	enum kt_audit_type t = 0;

	while (t < KT_AUDIT_TYPE_other &&
	    !kt_span_eq(type, kt_span_of(kt_audit_type_name(t))))
		t++;
	return t;
}

static bool
see_durability(void *arg, struct kt_span name, struct kt_span value)
{
	struct kt_audit_report *r = arg;

	if (!kt_span_eq(name, KT_SPAN("durability")) || value.len < 2)
		return true;
	value = kt_span_sub(value, 1, value.len - 2);
	for (unsigned d = 0; d < KT_AUDIT_DURABILITIES; d++) {
		if (kt_span_eq(value, kt_span_of(durability_names[d])))
			r->durability |= 1u << d;
	}
	return false;
}

/* What a segment record says about those that follow. */
static void
note_segment(struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_err err;

	(void)!kt_audit_canon_check(
	    s->text, see_durability, &v->report, &err);
}

/* The largest says most: what it covers was to go, and may have. */
void
kt_audit_note_retention(
    struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_audit_report *r = &v->report;
	struct kt_audit_retention said;
	struct kt_err err; /* then it tells of nothing */

	if (!kt_span_eq(s->l.type, KT_SPAN("retention")) ||
	    kt_audit_retention_read(s->text, &said, &err) < 0 ||
	    said.size > s->i || said.size < r->retained)
		return;
	r->retained = said.size;
	r->retained_by = s->i;
	memcpy(r->retained_root, said.root, KT_AUDIT_HASH);
}

/* The name part on the genesis record, all of it later. */
static bool
origin_fits(const struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_span whole = kt_span_of(v->report.origin);

	if (whole.len == 0)
		return true;
	if (s->i == 0)
		return whole.len == s->l.origin.len + 1 + KT_AUDIT_LOG_ID &&
		    kt_span_starts(whole, s->l.origin);
	return kt_span_eq(s->l.origin, whole);
}

void
kt_audit_accept(struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_audit_report *r = &v->report;
	enum kt_audit_type type = type_of(s->l.type);

	v->is_gap_between_files = false;
	if (v->accepted++ == 0)
		r->first = s->i;
	if (s->i > 0 && r->origin[0] == '\0')
		check_origin(v, s->l.origin);
	if (!origin_fits(v, s))
		kt_audit_break(v, KT_AUDIT_EDIT, s->i);
	memcpy(v->prev_before, v->chain.prev, KT_AUDIT_HASH);
	v->last = s->at;
	kt_audit_chain_step(&v->chain, s->leaf);
	if (v->watch != NULL && v->report.nbreaks == 0)
		v->watch(v->watch_arg, &v->chain);
	if (s->i == 0)
		memcpy(v->genesis, s->leaf, KT_AUDIT_HASH);
	kt_audit_learn_keys(v, s);
	if (type == KT_AUDIT_TYPE_segment)
		note_segment(v, s);
	if (type == KT_AUDIT_TYPE_retention)
		kt_audit_note_retention(v, s);
	r->by_type[type]++;
	kt_audit_course_see(&r->course, &s->l, type, s->text);
	kt_audit_meet(v);
}

static void
look(struct kt_audit_verify *v, struct kt_span line, struct kt_audit_seen *s)
{
	struct kt_err err;

	s->text = line;
	s->at = v->at;
	s->is_good = kt_audit_line_parse(line, &s->l, &err) == KT_OK &&
	    s->l.is_whole && kt_unhex(s->l.prev, s->prev, KT_AUDIT_HASH);
	s->is_canonical = s->is_good;
	s->i = s->l.i;
	if (s->is_good && !kt_span_eq(s->l.v, KT_SPAN(KT_AUDIT_VERSION)))
		s->is_good = false;
	kt_audit_leaf(&v->chain, line, s->leaf);
}

bool
kt_audit_follows(
    const struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	return s->is_good && s->i == v->chain.size &&
	    memcmp(s->prev, v->chain.prev, KT_AUDIT_HASH) == 0;
}

/* A copy of the line that outlives the piece it came in. */
static enum kt_rc
hold(struct kt_audit_verify *v, const struct kt_audit_seen *s,
    struct kt_err *err)
{
	struct kt_audit_seen *odd = &v->odd;

	kt_buf_reset(&v->odd_text);
	if (kt_buf_add(&v->odd_text, s->text) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory for a line");
	*odd = *s;
	odd->text = kt_buf_span(&v->odd_text);
	if (s->is_canonical &&
	    kt_audit_line_parse(odd->text, &odd->l, err) < 0)
		KT_BUG("a copy of a line parses otherwise");
	v->has_odd = true;
	return KT_OK;
}

/* A run of earlier records, already reported: until it ends. */
static bool
skips(struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	if (!v->is_skipping || !s->is_good || s->i != v->skip_i ||
	    memcmp(s->prev, v->skip_prev, KT_AUDIT_HASH) != 0) {
		v->is_skipping = false;
		return false;
	}
	v->skip_i++;
	memcpy(v->skip_prev, s->leaf, KT_AUDIT_HASH);
	return true;
}

static enum kt_rc
take_seen(struct kt_audit_verify *v, const struct kt_audit_seen *s,
    struct kt_err *err)
{
	if (v->has_odd && !v->odd.is_canonical && !s->is_canonical)
		return KT_OK; /* the rest of what replaced one record */
	if (v->has_odd) {
		v->has_odd = false;
		kt_audit_resolve(v, &v->odd, s->is_canonical ? s : NULL);
	}
	if (skips(v, s))
		return KT_OK;
	if (!kt_audit_follows(v, s))
		return hold(v, s, err);
	kt_audit_accept(v, s);
	return KT_OK;
}

static enum kt_rc
take_line(struct kt_audit_verify *v, struct kt_span line, struct kt_err *err)
{
	struct kt_audit_seen s;

	look(v, line, &s);
	return take_seen(v, &s, err);
}

/*
 * What a file ends in though another one follows.  A record is a line that
 * ends in LF: those who look for lines would not find this one.
 */
static void
take_unended(struct kt_audit_verify *v)
{
	struct kt_audit_seen s;
	struct kt_err err;

	look(v, kt_buf_span(&v->part), &s);
	s.is_good = s.is_canonical = false;
	/* Without memory the next line tells that one is missing. */
	(void)take_seen(v, &s, &err);
}

/* ---- bytes ---- */

static void
take_newest(struct kt_audit_verify *v, struct kt_span newest)
{
	struct kt_err err;

	if (newest.len == 0)
		return;
	if (kt_audit_checkpoint_parse(newest, &v->newest, &err) < 0)
		kt_audit_break(v, KT_AUDIT_CHECKPOINT, 0);
	else
		check_origin(v, v->newest.origin);
	(void)!kt_buf_add(&v->newest_note, newest); /* see take_note */
	v->newest.origin = (struct kt_span){ .ptr = NULL };
}

enum kt_rc
kt_audit_verify_new(struct kt_audit_verify **out,
    const struct kt_audit_evidence *e, struct kt_err *err)
{
	struct kt_audit_verify *v = kt_alloc(sizeof(*v));

	*out = NULL;
	if (v == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory to verify with");
	kt_buf_init(&v->part, KT_AUDIT_LINE_MAX + 2);
	kt_buf_init(&v->odd_text, KT_AUDIT_LINE_MAX + 2);
	kt_buf_init(&v->note, KT_AUDIT_NOTE_MAX);
	kt_buf_init(&v->newest_note, KT_AUDIT_NOTE_MAX);
	v->next = e->next;
	v->next_arg = e->arg;
	v->brought = e->brought;
	v->is_part = e->is_part;
	if (kt_audit_chain_init(&v->chain, err) < 0 ||
	    kt_audit_signed_begin(v, e, err) < 0) {
		kt_audit_verify_free(&v);
		return err->rc;
	}
	*out = v;
	take_newest(v, e->newest);
	kt_audit_next_note(v);
	kt_audit_meet(v);
	return KT_OK;
}

void
kt_audit_verify_watch(
    struct kt_audit_verify *v, kt_audit_step_fn *each, void *arg)
{
	v->watch = each;
	v->watch_arg = arg;
}

/* Only beside records that are good: else it is the records' doing. */
void
kt_audit_verify_bad_tile(struct kt_audit_verify *v, uint64_t first)
{
	if (v->report.nbreaks == 0)
		v->report.bad_tile = first + 1;
}

void
kt_audit_verify_free(struct kt_audit_verify **v)
{
	if (*v == NULL)
		return;
	kt_audit_chain_fini(&(*v)->chain);
	kt_buf_fini(&(*v)->part);
	kt_buf_fini(&(*v)->odd_text);
	kt_buf_fini(&(*v)->newest_note);
	kt_audit_signed_end(*v);
	kt_free(*v);
	*v = NULL;
}

void
kt_audit_verify_segment(struct kt_audit_verify *v, uint64_t number)
{
	if (v->part.len > 0) {
		v->at.line++;
		take_unended(v);
		kt_buf_reset(&v->part);
	}
	v->is_gap_between_files = v->report.segments > 0 ?
	    number != v->at.segment + 1 : number != 0 && !v->is_resumed;
	v->report.segments++;
	v->at = (struct kt_audit_place){ .segment = number };
	v->offset = 0;
}

enum kt_rc
kt_audit_verify_feed(
    struct kt_audit_verify *v, struct kt_span bytes, struct kt_err *err)
{
	while (bytes.len > 0) {
		size_t n = kt_span_find(bytes, '\n');
		size_t room = v->part.limit - v->part.len;
		/* An overlong line keeps enough to be seen as such. */
		struct kt_span line =
		    kt_span_sub(bytes, 0, n < room ? n : room);
		enum kt_rc rc;

		if (n == bytes.len || v->part.len > 0) {
			if (kt_buf_add(&v->part, line) < 0)
				return kt_fail(
				    err, KT_E_LIMIT, "no memory for a line");
			line = kt_buf_span(&v->part);
		}
		if (n == bytes.len) {
			v->offset += n;
			return KT_OK;
		}
		v->at.line++;
		rc = take_line(v, line, err);
		kt_buf_reset(&v->part);
		if (rc < 0)
			return rc;
		v->offset += n + 1;
		v->at.offset = v->offset;
		bytes = kt_span_sub(bytes, n + 1, bytes.len);
	}
	return KT_OK;
}

static int
by_index(const void *a, const void *b)
{
	const struct kt_audit_break *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

/* An edited record says wrong things about keys: the edit is the finding. */
static void
drop_echoes(struct kt_audit_report *r)
{
	for (size_t k = 0; k < r->nbreaks;) {
		struct kt_audit_break *b = &r->breaks[k];
		bool is_echo = false;

		for (size_t e = 0; e < r->nbreaks; e++)
			is_echo |= r->breaks[e].class == KT_AUDIT_EDIT &&
			    r->breaks[e].from <= b->index &&
			    r->breaks[e].index >= b->from;
		if ((b->class == KT_AUDIT_KEY_REPLACED ||
		    b->class == KT_AUDIT_KEY_OUT_OF_EPOCH) && is_echo)
			memmove(b, b + 1, (--r->nbreaks - k) * sizeof(*b));
		else
			k++;
	}
}

/* The second half of the origin is the genesis leaf. */
static void
check_log_id(struct kt_audit_verify *v)
{
	struct kt_span origin = kt_span_of(v->report.origin);
	char id[KT_AUDIT_LOG_ID + 1];

	if (v->accepted == 0 || v->report.first != 0 || v->report.nbreaks > 0 ||
	    origin.len == 0)
		return;
	kt_hex(v->genesis, KT_AUDIT_LOG_ID / 2, id);
	if (!kt_span_ends(origin, kt_span_of(id)))
		kt_audit_break(v, KT_AUDIT_EDIT, 0);
}

const struct kt_audit_report *
kt_audit_verify_finish(struct kt_audit_verify *v)
{
	struct kt_audit_report *r = &v->report;

	if (v->part.len > 0)
		r->has_incomplete_tail = true;
	if (v->has_odd) {
		v->has_odd = false;
		kt_audit_resolve(v, &v->odd, NULL);
	}
	kt_audit_finish_tail(v);
	kt_audit_finish_brought(v);
	kt_audit_signed_finish(v);
	check_log_id(v);
	if (!v->is_part && !kt_audit_report_is_told(r))
		kt_audit_break(v, KT_AUDIT_MISSING_SEGMENT,
		    r->retained < r->pruned ? r->retained : 0)->at =
		    r->pruned_at;
	if (r->bad_tile > 0 && r->nbreaks == 0)
		kt_audit_break(v, KT_AUDIT_TILE, r->bad_tile - 1);
	if (v->newest.size > 0 && !v->has_seen_newest)
		kt_audit_break(v, KT_AUDIT_CHECKPOINT, v->proven);
	r->size = v->chain.size;
	r->end = v->last;
	r->tail = r->newest_size > r->first ? r->newest_size : r->first;
	r->tail = r->size > r->tail ? r->size - r->tail : 0;
	drop_echoes(r);
	r->good = r->size;
	for (size_t k = 0; k < r->nbreaks; k++) {
		if (r->breaks[k].from < r->good)
			r->good = r->breaks[k].from;
	}
	qsort(r->breaks, r->nbreaks, sizeof(r->breaks[0]), by_index);
	return r;
}
