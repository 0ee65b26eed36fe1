/*
 * audit - sessions made of audit records.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what of a call its record tells: findings, classes, who called,
 *           the model, the tools, the target and its answer's status.
 * Does not: make up what is not there: text, arguments, sizes.
 * Promises: a call is in the session only if the policy that was in force
 *           does the same to what was made of its record; the log was
 *           verified, or nothing is written.
 */
#ifndef KT_CMD_SESSION_AUDIT_H
#define KT_CMD_SESSION_AUDIT_H
#include "cmd/session/form.h"

struct kt_session_of_log {
	char *const *policies; /* that was in force */
	size_t npolicies;
	const char *dir, *out;
	const struct kt_session_key *key;
};
enum kt_exit kt_session_import_log(const struct kt_session_of_log *o);

#endif
