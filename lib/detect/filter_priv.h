/*
 * filter_priv - what a stream asks at each of its bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    with which bytes the rules that are on can begin, and as what the
 *           words of their contexts open.
 * Does not: know texts, or leave the room.
 * Promises: to keep no byte from a rule that could begin with it.
 */
#ifndef KT_DETECT_FILTER_PRIV_H
#define KT_DETECT_FILTER_PRIV_H
#include "detect/context_priv.h"
#include "detect/index_priv.h"
#include "detect/runs_priv.h"

struct kt_detect_filter {
	struct kt_detect_pairs pairs; /* of the literals of both indexes */
	struct kt_detect_starts starts; /* of rules without one */
	struct kt_detect_openings openings;
};

/* of is empty; on: NULL is all. */
void kt_detect_filter_learn(struct kt_detect_filter *of,
    const struct kt_detect *db, const struct kt_detect_set *on);

#endif
