/*
 * since - a checkpoint that a reviewer trusts, and goes on from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that it counts only where it is of the same log, by the same
 *           key, and its last record is among what was read.
 * Does not: read records.
 * Promises: one that could not be tied to what was read is an error, never
 *           one that agrees.
 */
#ifndef KT_SINCE_H
#define KT_SINCE_H
#include "cmd/audit/dir.h"

struct kt_since {
	struct kt_buf note; /* empty: there is none */
	struct kt_audit_checkpoint cp; /* borrows from the note */
};
/* kt_since_fini() in any case. */
KT_MUSTCHECK enum kt_rc kt_since_read(
    struct kt_since *s, const char *path, struct kt_err *err);
void kt_since_fini(struct kt_since *s);
/* KT_E_PARSE: it is not signed by the pinned key, or if there is none by the
 * directory's own; then comparing it would accuse the wrong one. */
KT_MUSTCHECK enum kt_rc kt_since_check(const struct kt_since *s,
    const char *dir, struct kt_span pinned, struct kt_err *err);
/* KT_E_PARSE: a log without breaks, but it was not compared. */
KT_MUSTCHECK enum kt_rc kt_since_was_met(const struct kt_since *s,
    const struct kt_audit_report *r, struct kt_err *err);

#endif
