/*
 * outside - what policies have done elsewhere: media read, texts judged.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the bounds of each, and what follows from what comes back.
 * Does not: order any of it; the exchange does.
 * Promises: block is zero, and nothing said is no permission.
 */
#ifndef KT_POLICY_OUTSIDE_H
#define KT_POLICY_OUTSIDE_H
#include "policy/policy.h"

/* Whom to ask about texts, and what follows. */
struct kt_policy_guard {
	const struct kt_policy *policy;
	struct kt_span url;
	const struct kt_config_pairs *headers;
	const struct kt_config_secret *key;
	uint32_t components; /* kt_component_set: whose texts */
	bool takes_media;    /* and the media of those components */
	uint64_t timeout_us, keep_us; /* 0: an answer serves once */
	size_t bytes_max;
	enum kt_action objects, fails; /* BLOCK or FLAG */
	struct kt_span verdict; /* pointer */
	double threshold;
};
enum kt_policy_said { KT_POLICY_SAID_NOTHING = 0, KT_POLICY_SAID_BLOCK,
	KT_POLICY_SAID_FLAG, KT_POLICY_SAID_PASS };
/* What it answered comes to; NOTHING: it cannot be understood. */
enum kt_policy_said kt_policy_guard_said(
    const struct kt_policy_guard *g, struct kt_span answer);

/* The bounds of the first policy that wants media of this component read;
 * false: none does. */
bool kt_chain_reads(const struct kt_chain *c, enum kt_component component,
    struct kt_policy_reading *out);
/* Whoever listens to texts of `of` listened to those of `in` as well: what was
 * found there is all that would be found here. */
bool kt_chain_covers(const struct kt_chain *c, enum kt_component in,
    enum kt_component of);
/* False: nobody is to be asked. */
bool kt_chain_guard(const struct kt_chain *c, struct kt_policy_guard *out);

#endif
