/*
 * context_priv - words before a match.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where words begin, in prose and in names of code, and in writing
 *           without blanks.
 * Does not: know what a match is, or leave the room.
 * Promises: what is told by the begins of words is what is told by the text.
 */
#ifndef KT_DETECT_CONTEXT_PRIV_H
#define KT_DETECT_CONTEXT_PRIV_H
#include "detect/rule_priv.h"

/* A stream keeps this much to the left of what is undecided. */
#define KT_DETECT_CONTEXT_MAX 120
#define KT_DETECT_KEEP (KT_HOLD_MAX + KT_DETECT_CONTEXT_MAX + 8)
/* A delta is worked through in pieces of this size. */
#define KT_DETECT_SLICE 4096

/* As what words of any context open: a bit for what their first bytes come to,
   and those of a few that are none. */
#define KT_DETECT_OPENING 4 /* bytes of a word that count, or all it has */
#define KT_DETECT_OPENING_BITS 14
struct kt_detect_openings {
	uint64_t at[(1 << KT_DETECT_OPENING_BITS) / 64];
};

/* A bit for each byte of a slice with which such a word begins. */
struct kt_detect_words {
	uint64_t at[(KT_DETECT_KEEP + KT_DETECT_SLICE) / 64 + 2];
};

/* What the words of its context begin with. */
void kt_detect_rule_learn_context(struct kt_detect_rule *r);
/* Is one of them in the label or the subject, near enough before start? */
bool kt_detect_rule_has_context(const struct kt_detect_rule *r,
    struct kt_span label, struct kt_span subject, size_t start);
void kt_detect_openings_learn(
    struct kt_detect_openings *o, const struct kt_detector *d);
/* Those at and behind `from`; the last ones, less than an opening before the
   end of text, may be others when there is more. */
void kt_detect_words_find(struct kt_detect_words *words,
    const struct kt_detect_openings *o, struct kt_span text, size_t from);
/* Is none in the subject?  words: those that begin near before start. */
bool kt_detect_rule_is_alien(const struct kt_detect_rule *r,
    const struct kt_detect_words *words, struct kt_span subject, size_t start);
/* Does the word that ends at `end` go on there? */
bool kt_detect_word_goes_on(struct kt_span text, size_t end);

#endif
