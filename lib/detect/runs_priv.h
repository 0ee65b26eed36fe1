/*
 * runs_priv - rules that are in no index, asked all at once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what each byte says of each of them.
 * Does not: ask an engine, or leave the room.
 * Promises: to pass over no start that a match could have.
 */
#ifndef KT_DETECT_RUNS_PRIV_H
#define KT_DETECT_RUNS_PRIV_H
#include "detect/rule_priv.h"

struct kt_detect_runs {
	const struct kt_detect_rule *rules;
	uint32_t *rule;
	size_t n, words; /* words of 64 bits: a set of them */
	uint64_t *sets;
};

/* Where a rule has to be asked from. */
struct kt_detect_start {
	uint32_t rule, at;
};

/* runs->rule and n are there already; the rules have learned all. */
KT_MUSTCHECK enum kt_rc kt_detect_runs_build(
    struct kt_detect_runs *runs, const struct kt_detect_rule *rules);
void kt_detect_runs_fini(struct kt_detect_runs *runs);
/*
 * Fills out, which has room for all, and returns how many: a rule can have no
 * match that begins in [from, text.len) before where it is to be asked from,
 * nor could more text give it one.  Bit k of wanted is for runs->rule[k].
 */
size_t kt_detect_runs_starts(const struct kt_detect_runs *runs,
    const uint64_t *wanted, struct kt_span text, size_t from,
    struct kt_detect_start *out);
#endif
