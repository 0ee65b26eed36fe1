/*
 * held - what a reviewer holds of logs, from elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    files of checkpoints, receipts and time stamps, and which stamp
 *           is over which checkpoint.
 * Does not: compare them with a log: audit/verify.h.
 * Promises: what cannot be read is an error, never a thing less.
 */
#ifndef KT_HELD_H
#define KT_HELD_H
#include "audit/verify.h"
#include "cmd/audit/stamped.h"

#define KT_HELD_STAMPS_MAX 16

struct kt_held { /* all zero: nothing */
	struct kt_audit_checkpoint *known;
	struct kt_audit_receipt *receipts;
	size_t nknown, known_cap, nreceipts, receipts_cap;
	struct kt_stamped *known_files; /* what there is to be stamped */
	size_t nknown_files, known_files_cap;
	const char *stamp_files[KT_HELD_STAMPS_MAX], *tsa_ca;
	struct kt_stamped stamps[KT_HELD_STAMPS_MAX]; /* read and checked */
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
void kt_held_sort(struct kt_audit_checkpoint *known, size_t n);
void kt_held_fini(struct kt_held *h);

#endif
