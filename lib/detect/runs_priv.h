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

/* A set of rules: bit k is for the rule rule[k]. */
#define KT_DETECT_RUNS_WORDS ((KT_DETECTORS_MAX + 63) / 64)

struct kt_detect_runs {
	const struct kt_detect_rule *rules;
	uint32_t *rule;
	size_t n, words; /* words of 64 bits: a set of them */
	/* Sets, for each byte: of those that it can stand before; of those that
	   it can be of, n behind their start, for each n; of those that have it
	   in their body, and that need it.  by: for each n, of those that
	   have what they need n bytes behind their start. */
	uint64_t *before, *begin, *body, *needs, *by;
	uint64_t *inner; /* a set: of those that can begin inside a word */
	/* For each word of a set: what its rules begin with. */
	struct kt_detect_bytes first[KT_DETECT_RUNS_WORDS];
};

/* Where some of them can begin: those of word w of a set. */
struct kt_detect_spot {
	uint32_t at, w;
	uint64_t rules;
};

/* runs->rule and n are there already; the rules have learned all. */
KT_MUSTCHECK enum kt_rc kt_detect_runs_build(
    struct kt_detect_runs *runs, const struct kt_detect_rule *rules);
void kt_detect_runs_fini(struct kt_detect_runs *runs);
/* The first spot at or behind `from` of the wanted, which are of word w; for
   each of its rules kt_detect_rule_may_begin is true there. */
bool kt_detect_runs_next(const struct kt_detect_runs *runs, size_t w,
    uint64_t wanted, struct kt_span text, size_t from,
    struct kt_detect_spot *out);
#endif
