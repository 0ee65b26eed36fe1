/*
 * rule_priv - a detector, compiled.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what was learned of a pattern, so that few starts are attempted.
 * Does not: know texts, or leave the room.
 * Promises: what was learned is sure: it spares attempts, never findings.
 */
#ifndef KT_DETECT_RULE_PRIV_H
#define KT_DETECT_RULE_PRIV_H
#include "detect/bytes_priv.h"
#include "detect/detector.h"
#include "detect/model_priv.h"
#include "detect/validate_priv.h"

#define KT_DETECT_VALIDATORS_MAX 4
#define KT_DETECT_FAR (1u << 20) /* bytes: as good as any number */
#define KT_DETECT_GLANCE 8 /* bytes that tell most starts apart */
#define KT_DETECT_AHEAD 64 /* bytes looked at before PCRE2 is asked */

struct kt_detect_rule {
	const struct kt_detector *def;
	struct pcre2_real_code_8 *code; /* NULL: it has a model, or joins others */
	struct kt_detect_jit *jit;
	struct kt_detect_model *model; /* or NULL */
	/* A span begins at least so far behind the start of its match; what
	   matches all before it, and all from it on, or NULL. */
	uint32_t head_min;
	struct pcre2_real_code_8 *head, *rest;
	kt_detect_validator_fn validators[KT_DETECT_VALIDATORS_MAX];
	kt_detect_validator_fn checksum;
	/* Bytes that can stand before a match, and n behind its start, where
	   that is not the front of the text and has_front; any behind a short
	   one. */
	struct kt_detect_bytes before, begin[KT_DETECT_GLANCE];
	/* A match has no byte that is not in body, and one that is in needs. */
	struct kt_detect_bytes body, needs;
	uint32_t needs_by; /* it ends so far behind the start, at most */
	struct kt_detect_bytes tail;
	size_t tail_end_len;
	uint32_t min_width, max_width;
	const char *sought; /* by Vectorscan: see db.c */
	uint32_t hs_flags;
	/* A match starts slack to reach bytes before the end of a hit; behind
	   it when is_near, of words with slack bytes at least: near.c. */
	uint32_t slack, reach;
	uint16_t context_bytes, context_len; /* len: of its longest word */
	struct kt_detect_bytes context_first; /* that its words begin with */
	uint64_t context_openings; /* as kt_detect_openings, 64 of them */
	bool has_tail, has_capture;
	bool is_literal; /* every match begins with a literal of the index */
	bool is_folded; /* the one without case */
	bool begins_word; /* \b stands before all that it matches */
	bool has_front; /* something only matches at the front of the text */
	bool is_near;
	bool is_gated; /* looked for near numbers only */
};
/* What is learned of a pattern, which takes longer than to read it again. */
#define KT_DETECT_LEARNED(fact) \
	fact(head_min) fact(before) fact(begin) fact(body) fact(needs) \
	fact(needs_by) fact(min_width) fact(max_width) fact(hs_flags) \
	fact(slack) fact(reach) fact(has_capture) fact(is_literal) \
	fact(is_folded) fact(begins_word) fact(has_front) fact(is_near)

/* Of its pattern: before, begin, body, needs, needs_by. */
void kt_detect_needs_learn(struct kt_detect_rule *r);
/* False: no match starts at `at`, nor would one with more text behind. */
bool kt_detect_rule_may_begin(
    const struct kt_detect_rule *r, struct kt_span subject, size_t at);

#endif
