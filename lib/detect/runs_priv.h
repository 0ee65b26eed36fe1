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
#include "detect/set.h"

/* A set of rules: bit k is for the rule rule[k]. */
#define KT_DETECT_RUNS_WORDS ((KT_DETECTORS_MAX + 63) / 64)

/* Sets of sixty-four rules, one word of all: */
struct kt_detect_sets {
	/* For each byte: of those that it can stand before; of those that it
	   can be of, n behind their start, for each n; of those that have it
	   in their body, and that need it. */
	uint64_t before[256], begin[KT_DETECT_GLANCE][256];
	uint64_t body[256], needs[256];
	/* For each n, of those that have what they need n bytes behind their
	   start. */
	uint64_t by[KT_DETECT_AHEAD];
	/* For each n, of those that can begin n bytes before the next digit,
	   or the end: most need a digit soon. */
	uint64_t digits[KT_DETECT_AHEAD];
	/* Of those that can begin inside a word; that may begin with any byte
	   at the front of a text. */
	uint64_t inner, front;
};

struct kt_detect_runs {
	const struct kt_detect_rule *rules;
	uint32_t *rule;
	size_t n, words; /* words of 64 bits: a set of them */
	struct kt_detect_sets *sets; /* for each word */
};
/* Bit w: a rule of word w begins with that byte, behind one of that kind. */
struct kt_detect_starts {
	uint32_t words[KT_DETECT_KINDS][256];
	uint32_t all;
};
_Static_assert(KT_DETECT_RUNS_WORDS <= 32, "a bit for each word");

/* Where some of them can begin: those of word w of a set. */
struct kt_detect_spot {
	uint32_t at, w;
	uint64_t rules;
};

/* runs->rule and n are there already; the rules have learned all. */
KT_MUSTCHECK enum kt_rc kt_detect_runs_build(
    struct kt_detect_runs *runs, const struct kt_detect_rule *rules);
void kt_detect_runs_fini(struct kt_detect_runs *runs);
/* Of those of them that are on. */
void kt_detect_starts_add(struct kt_detect_starts *to,
    const struct kt_detect_runs *runs, const struct kt_detect_set *on);
/* The words of a set that are worth to be asked at `at`; behind: the kind of
   the byte before it. */
static inline uint32_t
kt_detect_starts_at(const struct kt_detect_starts *starts, struct kt_span text,
    size_t at, enum kt_detect_kind behind)
{
	return at == 0 ? starts->all
		       : starts->words[behind][(uint8_t)text.ptr[at]];
}
/* Those of word w that have a digit in reach, if they need one; digit: where
   the next one is, or the end. */
static inline uint64_t
kt_detect_runs_near(
    const struct kt_detect_runs *runs, size_t w, size_t at, size_t digit)
{
	size_t n = digit - at;

	return runs->sets[w].digits[n < KT_DETECT_AHEAD ? n
							: KT_DETECT_AHEAD - 1];
}
/* Of the wanted, which are of word w, those of which kt_detect_rule_may_begin
   is true there. */
uint64_t kt_detect_runs_at(const struct kt_detect_runs *runs, size_t w,
    uint64_t wanted, struct kt_span text, size_t at);
#endif
