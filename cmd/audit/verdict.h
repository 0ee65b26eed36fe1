/*
 * verdict - what a verification found, told to people and to programs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the words of kt-audit(1) and which exit code they go with.
 * Does not: verify.
 * Promises: what this run did not prove is part of every answer.
 */
#ifndef KT_VERDICT_H
#define KT_VERDICT_H
#include "audit/trust.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/revoked.h"
#include "cmd/audit/stamped.h"
#include "cmd/audit/witness.h"
#include "cmd/cmd.h"

struct kt_verdict_told {
	const struct kt_audit_dir *dir;
	const struct kt_audit_report *report; /* NULL: could not find out */
	const struct kt_err *err;             /* why, then */
	bool is_strict;
	bool is_part; /* only a range was asked for */
	uint64_t since; /* the size of the checkpoint it went on from; or 0 */
	const struct kt_judge *quick; /* NULL: not only the end was read */
	/* Who had to have seen it, and how many of them are enough. */
	const struct kt_witnessed *witnesses;
	size_t nwitnesses;
	uint64_t quorum;
	const struct kt_audit_trust *policy; /* NULL, or says who is enough */
	struct kt_revoked revoked;
	const struct kt_stamped *stamps; /* of what was known, checked */
	size_t nstamps;
};
/* Those that make an intact log a weaker one, of a report; how many. */
#define KT_VERDICT_WARNINGS_MAX 16
size_t kt_verdict_warnings(const struct kt_verdict_told *t,
    const char *texts[static KT_VERDICT_WARNINGS_MAX]);
/* How long records were written behind the newest checkpoint, by the clock. */
uint64_t kt_verdict_tail_us(const struct kt_audit_report *r);
/* The records that a quorum of witnesses has seen. */
uint64_t kt_verdict_quorum_size(const struct kt_verdict_told *t);
/* intact, weak, tampered, undecided. */
const char *kt_verdict_word(enum kt_exit e);
enum kt_exit kt_verdict_exit(const struct kt_verdict_told *t);
/* On standard output; returns the exit code. */
enum kt_exit kt_verdict_json(const struct kt_verdict_told *t);
enum kt_exit kt_verdict_text(const struct kt_verdict_told *t);

#endif
