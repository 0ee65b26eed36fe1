/*
 * held - what a reviewer holds of logs, from elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    files of checkpoints, receipts and time stamps, of which log each
 *           is, and which stamp is over which checkpoint.
 * Does not: compare them with a log: audit/verify.h.
 * Promises: what cannot be read is an error, never a thing less; and what is
 *           of another log is told, and never held against this one.
 */
#ifndef KT_HELD_H
#define KT_HELD_H
#include "audit/verify.h"
#include "cmd/audit/stamped.h"

#define KT_HELD_STAMPS_MAX 16

#define KT_HELD_ORIGIN 256 /* bytes, with the NUL */

struct kt_held_known { /* a checkpoint; its cp.origin is NULL */
	struct kt_audit_checkpoint cp;
	uint8_t digest[KT_AUDIT_HASH]; /* of the file, as it may be stamped */
	char origin[KT_HELD_ORIGIN];
	bool is_used;
};
struct kt_held_receipt {
	struct kt_audit_receipt r;
	char origin[KT_HELD_ORIGIN];
	bool is_used;
};
struct kt_held { /* all zero: nothing */
	struct kt_held_known *known;
	struct kt_held_receipt *receipts;
	size_t nknown, known_cap, nreceipts, receipts_cap;
	const char *stamp_files[KT_HELD_STAMPS_MAX], *tsa_ca;
	struct kt_stamped stamps[KT_HELD_STAMPS_MAX]; /* read and checked */
	size_t stamped[KT_HELD_STAMPS_MAX]; /* which of known */
	size_t nstamps;
};
KT_MUSTCHECK enum kt_rc kt_held_checkpoint(
    struct kt_held *h, const char *path, struct kt_err *err);
/* A receipt, or the file of that name with one a line. */
KT_MUSTCHECK enum kt_rc kt_held_receipts(
    struct kt_held *h, const char *value, struct kt_err *err);
/* KT_E_MISUSE: too many.  Read by kt_held_finish(). */
KT_MUSTCHECK enum kt_rc kt_held_stamp(
    struct kt_held *h, const char *path, struct kt_err *err);
/* When all are named: puts them in order, and reads the stamps. */
KT_MUSTCHECK enum kt_rc kt_held_finish(struct kt_held *h, struct kt_err *err);
void kt_held_fini(struct kt_held *h);

/* What of it is of one log, in order. */
struct kt_held_part {
	struct kt_audit_checkpoint *known;
	struct kt_audit_receipt *receipts;
	size_t nknown, nreceipts;
	struct kt_stamped stamps[KT_HELD_STAMPS_MAX];
	size_t nstamps;
};
/*
 * `origin` is the log's; empty: nobody knows it, and all is of it.  Where it
 * is the only log that is looked at, what is of one of the same name is held
 * against it, whatever that one's id: a log that was begun anew in its place
 * is a fork.  There is room for `more` checkpoints.  kt_held_part_fini() in
 * any case.
 */
KT_MUSTCHECK enum kt_rc kt_held_of(struct kt_held *h, const char *origin,
    bool is_only, size_t more, struct kt_held_part *out, struct kt_err *err);
void kt_held_part_fini(struct kt_held_part *p);
/* The origin of something that no log was asked for; NULL: there is none. */
const char *kt_held_unused(const struct kt_held *h);
void kt_held_sort(struct kt_audit_checkpoint *known, size_t n);

#endif
