/*
 * verify - whether a log is what its checkpoints commit to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what each kind of tampering leaves behind, and how to go on
 *           after it so that later records are still judged.
 * Does not: read files; whoever does feeds segments in ascending order.
 * Promises: a changed, dropped, added or moved record that a later record or
 *           a checkpoint covers is reported, with the first index that does
 *           not follow; memory does not grow with the log.
 * Does not promise: to notice a rewrite of records and checkpoints that is
 *           consistent, or a change to the very last record where no
 *           checkpoint covers it.
 */
#ifndef KT_AUDIT_VERIFY_H
#define KT_AUDIT_VERIFY_H
#include "audit/audit.h"

enum kt_audit_class {
#define KT_CLASS(name, text) KT_AUDIT_##name,
#include "audit/class.def"
#undef KT_CLASS
};
const char *kt_audit_class_name(enum kt_audit_class c);

enum kt_audit_type {
#define KT_TYPE(name) KT_AUDIT_TYPE_##name,
#include "audit/type.def"
#undef KT_TYPE
	KT_AUDIT_TYPES
};
const char *kt_audit_type_name(enum kt_audit_type t);

struct kt_audit_place {
	uint64_t segment, offset, line; /* lines count from 1 */
};
struct kt_audit_break {
	enum kt_audit_class class;
	/* The first bad record is not before `from` and not after `index`. */
	uint64_t index, from;
	struct kt_audit_place at;
	uint8_t expected[KT_AUDIT_HASH], found[KT_AUDIT_HASH];
	bool has_hashes;
	/* For telling a moved record from one lost and one added. */
	uint64_t odd_i, gap_to;
	uint8_t odd_leaf[KT_AUDIT_HASH];
	bool has_odd;
};

struct kt_audit_report {
	char origin[256];
	uint64_t first, size; /* index of the first record read; the next */
	uint64_t by_type[KT_AUDIT_TYPES];
	uint64_t segments;
	char first_ts[32], last_ts[32];
	uint64_t checkpoints, checkpoints_ok, newest_size;
	uint8_t newest_root[KT_AUDIT_HASH];
	uint64_t tail; /* records beyond the newest checkpoint */
	bool has_incomplete_tail;
	bool has_unknown_version;
	struct kt_audit_break breaks[KT_AUDIT_BREAKS_MAX];
	size_t nbreaks, more_breaks;
	uint64_t good; /* records [0, good) are as they were committed to */
};

/* The next note, oldest first; false: there is none.  Borrowed until then. */
typedef bool kt_audit_note_fn(void *arg, struct kt_span *note);

struct kt_audit_verify;
/*
 * `newest` is the file `checkpoint` (empty: there is none).  Notes have to
 * be read before the segments are listed: then a log that grows meanwhile
 * has at least the records that its notes cover.
 */
KT_MUSTCHECK enum kt_rc kt_audit_verify_new(struct kt_audit_verify **v,
    struct kt_span newest, kt_audit_note_fn *next, void *arg,
    struct kt_err *err);
void kt_audit_verify_free(struct kt_audit_verify **v);
/* The bytes that follow belong to the segment of this number. */
void kt_audit_verify_segment(struct kt_audit_verify *v, uint64_t number);
/* In any pieces.  Only memory makes it fail. */
KT_MUSTCHECK enum kt_rc kt_audit_verify_feed(
    struct kt_audit_verify *v, struct kt_span bytes, struct kt_err *err);
/* The verdict, borrowed from v.  Intact: no breaks, no unknown version. */
const struct kt_audit_report *kt_audit_verify_finish(struct kt_audit_verify *v);

/* What no run over an unsigned log can exclude. */
struct kt_audit_limit {
	int row; /* of the table of attacks in kt-audit(5) */
	const char *text;
};
extern const struct kt_audit_limit kt_audit_not_proven[];
extern const size_t kt_audit_not_proven_n;

#endif
