/*
 * gathered - logs that gateways shipped to a database, judged from there.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how to feed a verifier from the database alone.
 * Does not: trust it: a row is what it is proven to be, as a file is.
 * Promises: the lines shown are the bytes verified; of many logs each has
 *           its own report.
 */
#ifndef KT_GATHERED_H
#define KT_GATHERED_H
#include "cmd/audit/judge.h"
#include "fleet/fleet.h"

struct kt_gathered {
	struct kt_fleet *fleet;
	struct kt_buf names; /* of logs, each with its NUL */
	size_t at;           /* of the next one */
	struct kt_err err;
};
/* `url`: a connection URL, or a file that holds one. */
KT_MUSTCHECK enum kt_rc kt_gathered_open(
    struct kt_gathered *g, const char *url);
void kt_gathered_close(struct kt_gathered *g);
/* The next log whose name fits the pattern (NULL: all); NULL: no more. */
const char *kt_gathered_next(struct kt_gathered *g, const char *pattern);
/* As kt_judge(), of this log; kt_judge_fini() in any case. */
const struct kt_audit_report *kt_gathered_judge(struct kt_gathered *g,
    struct kt_judge *j, const char *origin, struct kt_span pinned,
    const struct kt_audit_brought *brought, kt_audit_line_fn *each,
    void *arg);

#endif
