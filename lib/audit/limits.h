/*
 * limits - what a verification cannot exclude.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which rows of the table of attacks a run leaves open.
 * Does not: judge a log: verify.h.
 * Promises: a row that was not excluded is in the list, with what would
 *           exclude it.
 */
#ifndef KT_AUDIT_LIMITS_H
#define KT_AUDIT_LIMITS_H
#include "audit/verify.h"

/* A row of the table of attacks in kt-audit(5) that a run leaves open. */
struct kt_audit_limit {
	int row;
	const char *text;
};
#define KT_AUDIT_LIMITS_MAX 24
/* Fills `limits` with what this run could not exclude; how many. */
size_t kt_audit_not_proven(const struct kt_audit_report *r,
    struct kt_audit_limit limits[KT_AUDIT_LIMITS_MAX]);

#endif
