/*
 * retain - letting go of records that have been kept long enough.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which segments at the beginning of a log are older than so many
 *           days, and which of them a legal hold keeps.
 * Does not: write the record that tells of it, or ask who may: orders.c.
 * Promises: whole segments from the beginning on and never the open one; one
 *           with a record that is too young, that a hold covers, or whose
 *           call is under way stays, and so does all behind it.  What goes is
 *           read once more: it hashes to the root that stays, and its tiles
 *           are durable.
 */
#ifndef KT_RETAIN_H
#define KT_RETAIN_H
#include "cmd/log/log.h"

struct kt_retain {
	uint64_t days; /* how long records are kept: the caller's */
	uint64_t first, size; /* records [first, size) may go; equal: none */
	uint8_t root[KT_AUDIT_HASH]; /* over [0, size) */
	uint64_t first_segment, segment; /* the first there is, and to stay */
	uint64_t bytes; /* of the files that may go */
	uint64_t most; /* segments of one order; 0: all.  The caller's */
	bool is_held; /* a hold keeps some that are old enough */
};
/*
 * Of the log only io, dir and opens are used.  KT_E_PARSE: a segment is
 * missing, or does not begin as it should; then nothing may go.
 */
KT_MUSTCHECK enum kt_rc kt_retain_plan(
    struct kt_log *log, struct kt_retain *r, struct kt_err *err);
/* Keeps all tiles over them, and the edge.  KT_E_PARSE: the records are not
 * what the log committed to, and must stay. */
KT_MUSTCHECK enum kt_rc kt_retain_keep_tree(
    struct kt_log *log, const struct kt_retain *r, struct kt_err *err);
/* Removes those files, oldest first; a retention record is durable. */
KT_MUSTCHECK enum kt_rc kt_retain_remove(
    struct kt_log *log, const struct kt_retain *r, struct kt_err *err);

#endif
