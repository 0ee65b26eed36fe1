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

#define KT_DETECT_CONTEXT_MAX 120 /* bytes before a match, at most */

/* As what words of any context open: a bit for what their first bytes come to,
   and those of a few that are none. */
#define KT_DETECT_OPENING 4 /* bytes of a word that count, or all it has */
#define KT_DETECT_OPENING_BITS 14
struct kt_detect_openings {
	uint64_t at[(1 << KT_DETECT_OPENING_BITS) / 64];
};

/* What the words of its context begin with. */
void kt_detect_rule_learn_context(struct kt_detect_rule *r);
/* Is one of them in the label or the subject, near enough before start? */
bool kt_detect_rule_has_context(const struct kt_detect_rule *r,
    struct kt_span label, struct kt_span subject, size_t start);
/* Could one of them, as a whole word, end at `end`? */
bool kt_detect_rule_ends_context(
    const struct kt_detect_rule *r, struct kt_span text, size_t end);
void kt_detect_openings_add(
    struct kt_detect_openings *to, const struct kt_detect_rule *r);
/* Those at and behind `from`: a bit for each byte of text, in words of 64; the
   last ones, less than an opening before its end, may be others when there is
   more. */
void kt_detect_words_find(uint64_t *words,
    const struct kt_detect_openings *o, struct kt_span text, size_t from);
/* Is none in the subject?  words: those that begin near before start. */
bool kt_detect_rule_is_alien(const struct kt_detect_rule *r,
    const uint64_t *words, struct kt_span subject, size_t start);
/* Does the word that ends at `end` go on there? */
bool kt_detect_word_goes_on(struct kt_span text, size_t end);

#endif
