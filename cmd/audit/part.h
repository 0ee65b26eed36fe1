/*
 * part - segments of a directory, one after another, through one verifier.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which bytes of the directory a part is judged by.
 * Does not: know of threads, or of other parts.
 * Promises: reads nothing of the directory's object that somebody changes.
 */
#ifndef KT_PART_H
#define KT_PART_H
#include "cmd/audit/find.h"

struct kt_part { /* all borrowed */
	const struct kt_audit_dir *dir;
	size_t first, end; /* of its segments */
	struct kt_span header; /* empty: it begins where the log does */
	struct kt_span next;   /* the segment record behind it; empty: none */
	struct kt_span newest; /* checkpoint, where it is one of the part's */
	uint64_t notes_from, notes_to; /* bytes of the list */
	struct kt_span pinned;
	const struct kt_audit_brought *brought; /* may be NULL */
	bool is_one_of_many;
	kt_audit_line_fn *each; /* may be NULL */
	void *each_arg;
	/* Bytes that were read since the last call; may be NULL. */
	void (*progress)(void *arg, uint64_t bytes);
	void *progress_arg;
};
struct kt_part_told {
	struct kt_audit_report *report; /* owned; NULL: could not find out */
	bool leads_on;     /* the part's end is what `next` says */
	bool has_torn_note;
	uint64_t bytes; /* of its last segment, as it was read */
};
KT_MUSTCHECK enum kt_rc kt_part_verify(const struct kt_part *p,
    struct kt_part_told *told, struct kt_err *err);

#endif
