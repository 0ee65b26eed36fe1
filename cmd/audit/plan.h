/*
 * plan - where a log can be cut into parts that are verified by themselves.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the first record of each segment, and which checkpoints cover
 *           the records of which.
 * Does not: trust either: the verifier holds parts against each other.
 * Promises: each checkpoint belongs to one segment; making a plan reads the
 *           first record of each and the list of checkpoints once.
 */
#ifndef KT_PLAN_H
#define KT_PLAN_H
#include "cmd/audit/dir.h"

struct kt_plan_at {       /* a segment */
	uint64_t number;      /* of its file */
	struct kt_buf header; /* its segment record; empty where the log begins */
	uint64_t index;       /* of its first record */
	uint64_t notes;       /* the byte where its checkpoints begin */
	uint64_t covered;     /* the largest size among them; 0: it has none */
};
struct kt_plan {
	struct kt_plan_at *at; /* as many as the directory has segments */
	size_t n;
	uint64_t notes_end;
};
/* KT_E_PARSE: a segment does not begin with a segment record. */
KT_MUSTCHECK enum kt_rc kt_plan_make(
    struct kt_plan *p, const struct kt_audit_dir *d, struct kt_err *err);
void kt_plan_fini(struct kt_plan *p);

/* Which records to verify; what holds them is verified whole. */
struct kt_range {
	uint64_t from, to;         /* indices, both included */
	struct kt_span since, until; /* empty, or kt_audit_time_take() took it */
	bool has_segment; /* then the file of this number instead of indices */
	uint64_t segment;
};
/*
 * The segments [*first, *end) that hold the range and the checkpoint that
 * covers it.  KT_E_MISUSE: there are no such records.
 */
KT_MUSTCHECK enum kt_rc kt_plan_range(const struct kt_plan *p,
    const struct kt_range *range, size_t *first, size_t *end,
    struct kt_err *err);

/*
 * How many segment records have the root that a checkpoint of just so many
 * records has.  KT_E_PARSE: one has another.
 */
KT_MUSTCHECK enum kt_rc kt_plan_roots(const struct kt_plan *p,
    const struct kt_audit_dir *d, size_t *agree, struct kt_err *err);

#endif
