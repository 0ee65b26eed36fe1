/*
 * resolve - what it means that a line does not follow.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The line after the odd one decides: its index says how many records were
 * meant to be here, its `prev` is the leaf of the one that was.  Where the
 * committed leaf is known that way, the tree continues with it.
 */
#include "audit/verify_priv.h"

#include "audit/marks.h"

static bool
same(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, KT_AUDIT_HASH) == 0;
}

/* The record at the expected index, by the leaf the log committed to. */
static void
step_committed(struct kt_audit_verify *v, const uint8_t *leaf,
    const struct kt_audit_seen *s)
{
	memcpy(v->prev_before, v->chain.prev, KT_AUDIT_HASH);
	v->last = s->at;
	v->is_epoch_lost = true; /* the record may have been a key */
	kt_audit_chain_step(&v->chain, leaf);
	kt_audit_meet(v);
}

/* Its leaf is not known: the chain goes on, the tree cannot. */
static void
step_unknown(struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	v->is_tree_lost = true;
	step_committed(v, s->leaf, s);
}

/* Takes back the last record and puts the committed leaf in its place. */
static void
correct_last(struct kt_audit_verify *v, const uint8_t *leaf)
{
	v->chain.size--;
	memcpy(v->chain.prev, v->prev_before, KT_AUDIT_HASH);
	v->is_epoch_lost = true; /* what it said about keys was not so */
	if (v->chain.size == 0)
		kt_audit_forget_genesis(v);
	kt_audit_chain_step(&v->chain, leaf);
	kt_audit_explain(v);
	kt_audit_meet(v);
}

static struct kt_audit_break *
report(struct kt_audit_verify *v, enum kt_audit_class class, uint64_t index,
    const struct kt_audit_seen *s)
{
	struct kt_audit_break *b = kt_audit_break(v, class, index);

	b->at = s->at;
	return b;
}

static void
expect(struct kt_audit_break *b, const uint8_t *expected, const uint8_t *found)
{
	memcpy(b->expected, expected, KT_AUDIT_HASH);
	memcpy(b->found, found, KT_AUDIT_HASH);
	b->has_hashes = true;
}

/* ---- moved records ---- */

static void
carry(struct kt_audit_break *b, const struct kt_audit_seen *odd)
{
	b->has_odd = true;
	b->odd_i = odd->i;
	memcpy(b->odd_leaf, odd->leaf, KT_AUDIT_HASH);
}

/* Whether one is the gap and the other the record that is missing in it. */
static bool
is_gap_of(const struct kt_audit_break *gap, const struct kt_audit_break *odd)
{
	return odd->has_odd && gap->gap_to > gap->index &&
	    odd->odd_i >= gap->index && odd->odd_i < gap->gap_to &&
	    (gap->gap_to > gap->index + 1 ||
		same(gap->expected, odd->odd_leaf));
}

static bool
are_swapped(const struct kt_audit_break *a, const struct kt_audit_break *b)
{
	return a->has_odd && b->has_odd && a->odd_i == b->index &&
	    b->odd_i == a->index;
}

/* One lost here and added there is one record moved. */
static struct kt_audit_break *
match_moves(struct kt_audit_verify *v, struct kt_audit_break *b)
{
	for (size_t k = 0; k < v->report.nbreaks; k++) {
		struct kt_audit_break *e = &v->report.breaks[k];

		if (e == b || !(is_gap_of(e, b) || is_gap_of(b, e) ||
		    are_swapped(e, b)))
			continue;
		e->class = b->class = KT_AUDIT_REORDER;
		return e;
	}
	return NULL;
}

/* ---- the cases ---- */

/* Something else stands where a record was; `after` knows its leaf. */
static void
replaced(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	struct kt_audit_break *b =
	    report(v, KT_AUDIT_EDIT, v->chain.size, odd);

	expect(b, after->prev, odd->leaf);
	if (odd->is_canonical && !same(odd->prev, v->chain.prev)) {
		carry(b, odd);
		(void)match_moves(v, b); /* a swap changes both classes */
	}
	step_committed(v, after->prev, odd);
}

/* The line is no record of this format. */
static void
resolve_bad(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	uint64_t n = v->chain.size;

	if (after == NULL && odd->is_canonical && odd->i == n &&
	    same(odd->prev, v->chain.prev)) {
		/* Of another version; checkpoints tell whether it was so. */
		v->report.has_unknown_version = true;
		step_committed(v, odd->leaf, odd);
	} else if (after == NULL) {
		report(v, KT_AUDIT_EDIT, n, odd);
		step_unknown(v, odd);
	} else if (after->i == n + 1 && same(after->prev, odd->leaf)) {
		/* The log did commit to it. */
		if (odd->is_canonical)
			v->report.has_unknown_version = true;
		else
			report(v, KT_AUDIT_CANONICAL, n, odd);
		step_committed(v, odd->leaf, odd);
	} else if (kt_audit_follows(v, after)) {
		report(v, KT_AUDIT_INSERT, n, odd);
	} else if (after->i == n + 1) {
		replaced(v, odd, after);
	} else if (after->i > n + 1) {
		report(v, KT_AUDIT_EDIT, n, odd);
		v->is_tree_lost = v->is_epoch_lost = true;
		v->chain.size = after->i;
		memcpy(v->chain.prev, after->prev, KT_AUDIT_HASH);
	} else {
		report(v, KT_AUDIT_EDIT, n, odd);
		step_unknown(v, odd);
	}
}

/* The leaf of the line as it would be with the expected `prev`. */
static void
leaf_with_prev(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    uint8_t leaf[KT_AUDIT_HASH])
{
	static const char zero[1];
	char hex[2 * KT_AUDIT_HASH + 1];
	size_t at = (size_t)(odd->l.prev.ptr - odd->text.ptr);

	kt_hex(v->chain.prev, KT_AUDIT_HASH, hex);
	kt_audit_hash_add(&v->chain.hash, (struct kt_span){ zero, 1 });
	kt_audit_hash_add(&v->chain.hash, kt_span_sub(odd->text, 0, at));
	kt_audit_hash_add(&v->chain.hash, kt_span_of(hex));
	kt_audit_hash_add(&v->chain.hash,
	    kt_span_sub(odd->text, at + odd->l.prev.len, odd->text.len));
	kt_audit_hash_take(&v->chain.hash, leaf);
}

/* Whether the log is as a checkpoint says once this leaf is appended. */
static bool
would_match(struct kt_audit_verify *v, const uint8_t leaf[KT_AUDIT_HASH])
{
	struct kt_audit_chain *c = &v->chain;
	uint8_t prev[KT_AUDIT_HASH], root[KT_AUDIT_HASH];

	if (v->is_tree_lost || !v->has_cp || v->cp.size != c->size + 1)
		return false;
	memcpy(prev, c->prev, KT_AUDIT_HASH);
	kt_audit_chain_step(c, leaf);
	kt_audit_chain_root(c, root);
	c->size--;
	memcpy(c->prev, prev, KT_AUDIT_HASH);
	return same(root, v->cp.root);
}

/*
 * The right index, but another `prev`: either the record before was changed
 * and this one is its witness, or this one's `prev` was.
 */
static void
resolve_prev(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	uint64_t n = v->chain.size;
	bool is_next = after != NULL && after->i == n + 1;
	bool is_genuine = is_next && same(after->prev, odd->leaf);
	struct kt_audit_break *b;
	uint8_t leaf[KT_AUDIT_HASH];

	if (after != NULL && kt_audit_follows(v, after)) {
		/* The record itself is there: this one came from elsewhere. */
		report(v, KT_AUDIT_INSERT, n, odd);
		return;
	}
	leaf_with_prev(v, odd, leaf);
	if (!is_genuine && (n == 0 || n <= v->proven ||
	    (is_next && same(after->prev, leaf)) || would_match(v, leaf))) {
		b = report(v, KT_AUDIT_EDIT, n, odd);
		expect(b, v->chain.prev, odd->prev);
		step_committed(v, is_next ? after->prev : leaf, odd);
		return;
	}
	if (n == 0 || n <= v->proven) {
		/* Committed, yet it does not bind to what is proven. */
		report(v, KT_AUDIT_EDIT, n, odd);
		step_committed(v, odd->leaf, odd);
		return;
	}
	memcpy(leaf, v->chain.prev, sizeof(leaf));
	correct_last(v, odd->prev);
	b = kt_audit_break(v, KT_AUDIT_EDIT, n - 1);
	expect(b, odd->prev, leaf);
	if (is_next && !is_genuine) {
		replaced(v, odd, after);
	} else {
		kt_audit_note_retention(v, odd);
		step_committed(v, odd->leaf, odd);
	}
}

/* Records are missing before this one, which is as it was. */
static void
resolve_gap(struct kt_audit_verify *v, const struct kt_audit_seen *odd)
{
	uint64_t n = v->chain.size;
	struct kt_err err;
	struct kt_audit_break *b = report(v, v->is_gap_between_files ?
	    KT_AUDIT_MISSING_SEGMENT : KT_AUDIT_DELETE, n, odd);

	b->gap_to = odd->i;
	v->is_epoch_lost = true; /* a key record may be among them */
	expect(b, odd->prev, v->chain.prev);
	(void)match_moves(v, b); /* a move changes both classes */
	if (odd->i == n + 1) {
		step_committed(v, odd->prev, odd);
	} else if (kt_audit_segment_read(odd->text, &v->chain, &err) == KT_OK) {
		v->is_tree_lost = false; /* the header carries all of it */
	} else {
		v->is_tree_lost = true;
		v->chain.size = odd->i;
		memcpy(v->chain.prev, odd->prev, KT_AUDIT_HASH);
	}
	kt_audit_accept(v, odd);
}

static void
resolve_ahead(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	uint64_t n = v->chain.size;
	struct kt_audit_break *b;

	if (after != NULL && kt_audit_follows(v, after)) {
		b = report(v, KT_AUDIT_INSERT, n, odd);
		carry(b, odd);
		(void)match_moves(v, b); /* a move changes both classes */
	} else if (after != NULL && after->i == n + 1) {
		replaced(v, odd, after);
	} else if (after == NULL && same(odd->prev, v->chain.prev)) {
		report(v, KT_AUDIT_EDIT, n, odd);
		step_unknown(v, odd);
	} else {
		resolve_gap(v, odd);
	}
}

static void
resolve_behind(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	uint64_t n = v->chain.size;
	struct kt_audit_break *b, *other;

	if (after != NULL && after->i == n + 1) {
		replaced(v, odd, after);
		return;
	}
	if (odd->i + 1 == n && same(odd->prev, v->prev_before) && after != NULL &&
	    after->i == n && same(after->prev, odd->leaf) &&
	    !same(odd->leaf, v->chain.prev)) {
		/* This one is the record; the one before was put in. */
		correct_last(v, odd->leaf);
		kt_audit_break(v, KT_AUDIT_INSERT, n - 1);
		return;
	}
	if (after == NULL && same(odd->prev, v->chain.prev)) {
		report(v, KT_AUDIT_EDIT, n, odd);
		step_unknown(v, odd);
		return;
	}
	b = report(v, KT_AUDIT_INSERT, n, odd);
	carry(b, odd);
	other = match_moves(v, b);
	if (other != NULL && are_swapped(other, b)) {
		step_committed(v, other->odd_leaf, odd);
	} else if (after != NULL && after->i == odd->i + 1) {
		v->is_skipping = true;
		v->skip_i = after->i;
		memcpy(v->skip_prev, after->prev, KT_AUDIT_HASH);
	}
}

/* ---- a log whose beginning is gone ---- */

/*
 * The first file is not the first of the log: the records before it are
 * gone.  Whether by a retention record or by somebody is known at the end.
 */
static void
begin_later(struct kt_audit_verify *v, const struct kt_audit_seen *s,
    uint64_t index)
{
	v->is_gap_between_files = false;
	v->is_tree_lost = true;
	v->report.pruned = v->proven = index; /* breaks are not before it */
	v->report.pruned_at = s->at;
	v->chain.size = index;
}

/* What the first segment record says of what is gone. */
static bool
read_beginning(struct kt_audit_verify *v, const struct kt_audit_seen *s)
{
	struct kt_err err;

	begin_later(v, s, s->i);
	if (kt_audit_segment_read(s->text, &v->chain, &err) < 0) {
		v->chain.size = s->i;
		memcpy(v->chain.prev, s->prev, KT_AUDIT_HASH);
		return false;
	}
	v->is_tree_lost = false;
	v->report.has_pruned_root = true;
	kt_audit_chain_root(&v->chain, v->report.pruned_root);
	kt_audit_meet(v);
	return true;
}

static bool
is_segment(const struct kt_audit_seen *s)
{
	return s->is_good && s->i > 0 &&
	    kt_span_eq(s->l.type, KT_SPAN("segment"));
}

/* Every file begins with a segment record: what this one begins with. */
static bool
begins_later(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	if (!v->is_gap_between_files || v->accepted > 0 || v->is_resumed)
		return false;
	if (odd->is_good && odd->i > 0 &&
	    (after == NULL || after->i == odd->i + 1)) {
		if (!read_beginning(v, odd) && (is_segment(odd) ||
		    (after != NULL && !same(after->prev, odd->leaf))))
			report(v, KT_AUDIT_EDIT, odd->i, odd);
		else if (v->is_tree_lost) /* the one that was before it */
			report(v, KT_AUDIT_DELETE, --v->report.pruned, odd);
		kt_audit_accept(v, odd);
	} else if (after != NULL && is_segment(after)) {
		report(v, KT_AUDIT_INSERT, after->i, odd);
		(void)read_beginning(v, after); /* it comes next itself */
	} else if (after != NULL && after->i > 1) {
		begin_later(v, odd, after->i - 1);
		report(v, KT_AUDIT_EDIT, after->i - 1, odd);
		step_committed(v, after->prev, odd);
	} else {
		return false;
	}
	return true;
}

void
kt_audit_resolve(struct kt_audit_verify *v, const struct kt_audit_seen *odd,
    const struct kt_audit_seen *after)
{
	uint64_t n = v->chain.size;

	if (begins_later(v, odd, after))
		return;
	if (!odd->is_good)
		resolve_bad(v, odd, after);
	else if (odd->i == n)
		resolve_prev(v, odd, after);
	else if (odd->i > n)
		resolve_ahead(v, odd, after);
	else
		resolve_behind(v, odd, after);
}

void
kt_audit_finish_tail(struct kt_audit_verify *v)
{
	struct kt_audit_report *r = &v->report;
	uint64_t newest = r->newest_size;
	struct kt_audit_break *b;

	/* The last record may have been moved to an earlier place. */
	for (size_t k = 0; v->has_cp && k < r->nbreaks; k++) {
		b = &r->breaks[k];
		if (b->class != KT_AUDIT_INSERT || !b->has_odd ||
		    b->odd_i != v->chain.size)
			continue;
		b->class = KT_AUDIT_REORDER;
		kt_audit_chain_step(&v->chain, b->odd_leaf);
		kt_audit_meet(v);
		break;
	}
	while (v->has_cp) { /* those that remain cover more than there is */
		struct kt_audit_checkpoint cp = v->cp;

		(void)kt_audit_is_signed(v, false); /* says what is wrong */
		newest = cp.size;
		memcpy(r->newest_root, cp.root, KT_AUDIT_HASH);
		v->has_cp = false;
		kt_audit_next_note(v);
	}
	if (newest > v->chain.size)
		kt_audit_break(v, KT_AUDIT_TRUNCATE, v->chain.size);
	r->newest_size = newest > r->newest_size ? newest : r->newest_size;
}
