/*
 * destination - where what may go, as policies say.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a target promises about data, and what a request carries.
 * Does not: choose a target.
 * Promises: what a target does not promise counts as refused.
 */
#ifndef KT_POLICY_DESTINATION_H
#define KT_POLICY_DESTINATION_H
#include "policy/policy.h"

struct kt_destination {
	bool is_local; /* nothing leaves this process */
	bool has_baa, keeps_nothing, is_no_training;
	int64_t retention_days; /* -1: not said */
	struct kt_span region;
};
struct kt_cargo {
	kt_class_set classes; /* of all of the request */
	kt_class_set cached;  /* of the part that is marked to be cached */
	bool is_marked;
};

/* A policy of the chain that keeps it from there; NONE: it may go.
   monitors: ask those that only watch, instead of those that act. */
enum kt_reason kt_chain_admit(const struct kt_chain *c,
    const struct kt_destination *d, const struct kt_cargo *cargo,
    bool monitors, const struct kt_policy **by);
/* Are the marks to be taken off on the way there? */
bool kt_chain_unmarks(const struct kt_chain *c,
    const struct kt_destination *d, const struct kt_cargo *cargo,
    bool monitors, const struct kt_policy **by);
/* Does any policy want to know what is cached? */
bool kt_chain_hears_cache(const struct kt_chain *c);

#endif
