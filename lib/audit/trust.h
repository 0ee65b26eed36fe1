/*
 * trust - whose word about a log counts: C2SP tlog-policy.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the lines log, witness, group and quorum, and when a quorum is
 *           met.
 * Does not: read files, or check what anybody signed.
 * Promises: a policy that is not exactly of that form is refused with its
 *           line; one more witness that signed never makes a quorum unmet.
 */
#ifndef KT_AUDIT_TRUST_H
#define KT_AUDIT_TRUST_H
#include "audit/key.h"

struct kt_audit_trust_node { /* a witness, or a group of those before it */
	struct kt_span name;
	unsigned witness; /* which one, where least is 0 */
	unsigned least;   /* so many members are enough */
	uint64_t members; /* bits of nodes */
};
struct kt_audit_trust {
	struct kt_audit_vkey logs[KT_WITNESSES_MAX]; /* any of them */
	struct kt_audit_vkey witnesses[KT_WITNESSES_MAX];
	struct kt_audit_trust_node nodes[2 * KT_WITNESSES_MAX];
	size_t nlogs, nwitnesses, ngroups, nnodes;
	uint64_t grouped; /* nodes that are a member already */
	size_t quorum;    /* a node and one; 0: nobody has to sign */
	bool has_quorum;
};
/* Borrows names from the text.  KT_E_PARSE, KT_E_LIMIT: with the line. */
KT_MUSTCHECK enum kt_rc kt_audit_trust_parse(
    struct kt_span text, struct kt_audit_trust *t, struct kt_err *err);
/* Whether those are enough that signed: bits of witnesses. */
bool kt_audit_trust_is_met(const struct kt_audit_trust *t, uint64_t seen);

#endif
