/*
 * policy - what is to be done about what was found.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the kinds of policy (kinds.def), their settings, and how several
 *           opinions become one: block beats redact beats flag.
 * Does not: search text, edit bytes, or talk to anybody.
 * Promises: block is zero; a policy in monitor mode changes nothing; every
 *           policy that matches is told, the deciding one first.
 */
#ifndef KT_POLICY_H
#define KT_POLICY_H
#include "policy/kind.h"

enum kt_chain_use {
	KT_CHAIN_SERVE = 0,
	KT_CHAIN_RECORD, /* every detector is heard everywhere */
	KT_CHAIN_REPLAY, /* stand-ins are found as what they stand for */
};
/* Policies in order with one database for all their detectors. */
struct kt_chain {
	enum kt_chain_use use;
	struct kt_policy *policies;
	size_t n;
	struct kt_detect *detect; /* NULL: nothing to search for */
	/* What some policy does not ignore, and what it may redact or block:
	   the rest need not be searched for, and not held back. */
	struct kt_detect_set heard[KT_NCOMPONENTS];
	struct kt_detect_set enforced[KT_NCOMPONENTS];
	/* Where there is any of them. */
	kt_component_set hears, acts;
	struct kt_arena *mem;
};
/*
 * shipped outlives the chain, as the settings do.  saved is what
 * kt_detect_save gave for it, or empty: milliseconds instead of hundreds.
 * What does not fit (another CPU, edited files) is compiled.  Policies with
 * enabled: false are left out.
 */
KT_MUSTCHECK enum kt_rc kt_chain_init(struct kt_chain *c,
    const struct kt_settings *settings, const struct kt_detector *shipped,
    size_t nshipped, struct kt_span saved, const uint8_t mark_key[32],
    enum kt_chain_use use, struct kt_err *err);
void kt_chain_fini(struct kt_chain *c);

/* One opinion about one finding. */
struct kt_opinion {
	const struct kt_policy *policy;
	enum kt_action action; /* as it counts: monitor makes it FLAG */
	enum kt_action wanted; /* as the policy would have it */
	enum kt_reason reason;
};
/*
 * All opinions about f, in chain order; returns how many (0: nobody
 * listens).  *deciding is the index of the strongest, the first of equals.
 */
size_t kt_chain_judge(const struct kt_chain *c, const struct kt_finding *f,
    enum kt_component component, struct kt_opinion *out, size_t room,
    size_t *deciding);
/* The audit section, with what an enabled audit-logger of the chain says. */
struct kt_config_audit kt_policy_audit(const struct kt_settings *settings);
/* audit-logger's log_all_access; true without that policy. */
bool kt_policy_logs_passed(const struct kt_chain *c);
/* Adds the marker of the deciding policy for the matched text. */
KT_MUSTCHECK enum kt_rc kt_policy_mark(const struct kt_policy *p,
    const struct kt_detector *d, struct kt_span matched, struct kt_buf *out);

#endif
