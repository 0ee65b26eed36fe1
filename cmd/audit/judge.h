/*
 * judge - one pass over a directory that verifies, and shows on the way.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    in which order the files go to the verifier, and how several
 *           threads share them.
 * Does not: know what a caller does with the lines.
 * Promises: the lines shown are the bytes verified, not read a second time;
 *           how many threads there are changes no answer.
 */
#ifndef KT_JUDGE_H
#define KT_JUDGE_H
#include "cmd/audit/find.h"
#include "cmd/audit/plan.h"

struct kt_judge {
	/* Set by the caller, may all be zero. */
	void (*progress)(void *arg, uint64_t read, uint64_t all);
	void *progress_arg;
	unsigned jobs;                /* threads; used where no line is shown */
	const struct kt_range *range; /* NULL: all of it */
	bool is_quick; /* the end alone, while nothing speaks against it */

	struct kt_audit_dir dir;
	struct kt_audit_report *report; /* NULL: could not find out; owned */
	struct kt_err err;
	uint64_t read_bytes;
	bool was_part; /* the range left something out */
	/* The report is of the end alone, and of so many of the segment
	 * records before it some checkpoint has the root. */
	bool was_quick;
	size_t skipped, agree;
};
/*
 * Reads all of it; `each`, when not NULL, sees every line.  The report, or
 * NULL with j->err.  kt_judge_fini() in any case.
 */
const struct kt_audit_report *kt_judge(struct kt_judge *j, const char *dir,
    struct kt_span pinned, const struct kt_audit_brought *brought,
    kt_audit_line_fn *each, void *arg);
void kt_judge_fini(struct kt_judge *j);

#endif
