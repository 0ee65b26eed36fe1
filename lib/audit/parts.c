/*
 * parts - a log verified from one segment record to the next.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A segment record has all that the chain and the tree need, so parts can be
 * read at the same time.  They are joined where each leads to the next; where
 * one does not, or is not intact, a pass over all of it says what is wrong:
 * the kinds of tampering are told apart in one place only.
 */
#include "audit/verify_priv.h"

/* The chain and the epoch as a segment record claims them. */
static enum kt_rc
read_header(struct kt_span header, struct kt_audit_chain *c,
    struct kt_audit_named *named, struct kt_err *err)
{
	if (kt_audit_segment_read(header, c, err) < 0)
		return err->rc;
	return kt_audit_keys_read(header, named, err);
}

enum kt_rc
kt_audit_verify_resume(
    struct kt_audit_verify *v, struct kt_span header, struct kt_err *err)
{
	struct kt_audit_named named;

	if (read_header(header, &v->chain, &named, err) < 0)
		return err->rc;
	if (named.has_epoch)
		kt_audit_signed_resume(v, &named.epoch);
	v->proven = v->chain.size;
	v->is_resumed = true;
	return KT_OK;
}

static bool
are_same(const struct kt_audit_chain *a, const struct kt_audit_chain *b)
{
	if (a->size != b->size || memcmp(a->prev, b->prev, KT_AUDIT_HASH) != 0)
		return false;
	for (unsigned level = 0; level < 64; level++) {
		if ((a->size >> level & 1) != 0 && memcmp(a->frontier[level],
		    b->frontier[level], KT_AUDIT_HASH) != 0)
			return false;
	}
	return true;
}

bool
kt_audit_verify_leads_to(struct kt_audit_verify *v, struct kt_span header)
{
	struct kt_audit_chain claim = { .hash = v->chain.hash };
	struct kt_audit_named named;
	struct kt_err err;

	if (v->part.len > 0 || v->has_odd || v->is_tree_lost ||
	    read_header(header, &claim, &named, &err) < 0 ||
	    !are_same(&v->chain, &claim))
		return false;
	return named.has_epoch ? kt_audit_is_epoch_of(v, &named.epoch) :
				 v->epoch.state == NULL;
}

static bool
is_intact(const struct kt_audit_report *r)
{
	return r->nbreaks == 0 && r->more_breaks == 0 &&
	    !r->has_unknown_version;
}

bool
kt_audit_report_is_told(const struct kt_audit_report *r)
{
	if (r->pruned == 0 || r->retained > r->pruned)
		return true; /* the removal may have been interrupted */
	return r->retained == r->pruned && (!r->has_pruned_root ||
	    memcmp(r->retained_root, r->pruned_root, KT_AUDIT_HASH) == 0);
}

void
kt_audit_report_fork(
    struct kt_audit_report *r, uint64_t from, uint64_t index)
{
	if (r->nbreaks == KT_AUDIT_BREAKS_MAX) {
		r->more_breaks++;
		return;
	}
	memmove(r->breaks + 1, r->breaks, r->nbreaks++ * sizeof(*r->breaks));
	r->breaks[0] = (struct kt_audit_break){ .class = KT_AUDIT_FORK,
		.index = index, .from = from, .at = r->pruned_at };
	r->good = from < r->good ? from : r->good;
}

void
kt_audit_report_cut(struct kt_audit_report *r)
{
	if (r->nbreaks == KT_AUDIT_BREAKS_MAX) {
		r->more_breaks++;
		return;
	}
	r->breaks[r->nbreaks++] = (struct kt_audit_break){
		.class = KT_AUDIT_TRUNCATE, .index = r->size, .from = r->size,
		.at = r->end };
}

static void
add_counts(struct kt_audit_report *r, const struct kt_audit_report *next)
{
	for (int t = 0; t < KT_AUDIT_TYPES; t++)
		r->by_type[t] += next->by_type[t];
	r->segments += next->segments;
	r->checkpoints += next->checkpoints;
	r->checkpoints_ok += next->checkpoints_ok;
	r->signed_checkpoints += next->signed_checkpoints;
	r->unsigned_checkpoints += next->unsigned_checkpoints;
	r->epochs += next->epochs;
	r->receipts += next->receipts;
	r->durability |= next->durability;
}

bool
kt_audit_report_join(
    struct kt_audit_report *r, const struct kt_audit_report *next)
{
	if (!is_intact(r) || !is_intact(next) || r->has_incomplete_tail ||
	    r->size != next->first || strcmp(r->origin, next->origin) != 0 ||
	    r->has_key != next->has_key)
		return false;
	add_counts(r, next);
	kt_audit_course_join(&r->course, &next->course, next->first);
	r->has_open_epoch = next->has_open_epoch;
	if (next->checkpoints > 0) {
		r->newest_size = next->newest_size;
		memcpy(r->newest_root, next->newest_root, KT_AUDIT_HASH);
		memcpy(r->newest_ts, next->newest_ts, sizeof(r->newest_ts));
	}
	if (next->known_size > 0)
		r->known_size = next->known_size;
	if (next->retained >= r->retained) {
		r->retained = next->retained;
		r->retained_by = next->retained_by;
		memcpy(r->retained_root, next->retained_root, KT_AUDIT_HASH);
	}
	r->has_incomplete_tail = next->has_incomplete_tail;
	r->size = next->size;
	r->end = next->end;
	r->tail = r->size > r->newest_size ? r->size - r->newest_size : 0;
	r->good = r->size;
	return true;
}
