/*
 * verdict_priv - what was found in one direction, and what follows from it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    reasons, rules and detections as they add up, and edits in order.
 * Does not: search any text.
 * Promises: the strongest action stays; edits that overlap become one.
 */
#ifndef KT_VERDICT_PRIV_H
#define KT_VERDICT_PRIV_H
#include "audit/record.h"
#include "exchange/exchange.h"
#include "policy/policy.h"
#include "provider/provider.h"

#define KT_X_DETECTIONS_MAX 64
#define KT_X_REASONS_MAX 16
#define KT_X_OPINIONS_MAX 32

struct kt_exchange;

/* What was found and what follows from it; one per direction. */
struct kt_x_detection {
	const struct kt_detector *detector;
	enum kt_component component;
	enum kt_action action;
	uint32_t count; /* 0: only in what says a text once more */
	uint32_t max_conf_pm;
};
struct kt_x_verdict {
	enum kt_direction direction;
	enum kt_action action; /* strongest so far; IGNORE: nothing found */
	enum kt_action wanted; /* by the policy, were it to act */
	enum kt_reason reason; /* of the strongest */
	const struct kt_policy *policy;
	struct kt_span rule; /* the name it has in that policy, or empty */
	kt_class_set classes, threats;
	kt_class_set by_component[KT_NCOMPONENTS];
	kt_class_set of_results; /* also of documents in them */
	kt_class_set cached; /* of the part that is marked to be cached */
	/* Something was found in a value that a record might repeat. */
	bool is_tainted;
	enum kt_reason reasons[KT_X_REASONS_MAX]; /* without repeats */
	size_t nreasons;
	/* In mem, as they come: nearly every call has few or none.  A list
	 * that could not grow has filled the arena, which refuses. */
	struct kt_arena *mem;
	struct kt_x_detection *detections;
	size_t ndetections, detections_cap;
	struct kt_audit_rule *rules;
	size_t nrules, rules_cap;
};

/* Edits of one body, in document order. */
struct kt_x_edits {
	struct kt_edit *v; /* in mem */
	size_t n, cap;
};

/* judge.c */
/* One finding at one place; returns what is to be done with it. */
enum kt_action kt_x_judge(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_finding *f, enum kt_component c,
    enum kt_segment_kind kind, struct kt_span matched,
    const struct kt_policy **by);
/* The policy that decides about it, or NULL; nothing is noted. */
const struct kt_policy *kt_x_decider(const struct kt_exchange *x,
    const struct kt_x_verdict *v, const struct kt_finding *f,
    enum kt_component c, enum kt_segment_kind kind, struct kt_span matched);
void kt_x_note(struct kt_x_verdict *v, enum kt_action action,
    enum kt_reason reason, const struct kt_policy *policy);
/* The same, for a rule that has a name, and where more was wanted. */
void kt_x_note_rule(struct kt_x_verdict *v, enum kt_action action,
    enum kt_action wanted, enum kt_reason reason,
    const struct kt_policy *policy, struct kt_span rule);
/* The same, where a policy or an endpoint may only watch; returns what the
 * wish comes to. */
enum kt_action kt_x_note_wish(struct kt_exchange *x, struct kt_x_verdict *v,
    enum kt_action wanted, enum kt_reason reason,
    const struct kt_policy *policy);
/* The answer is not what it was. */
void kt_x_note_redacted(struct kt_exchange *x);
/* Who calls, as policies ask for it. */
struct kt_member kt_x_member(const struct kt_exchange *x);

/* edits.c */
/* By start, insertions first, ties in the order they were made; of those
 * that overlap the widest stays. */
void kt_x_edits_sort(struct kt_x_edits *e);
/* Both sorted; *to is, with the edits of both. */
KT_MUSTCHECK enum kt_rc kt_x_edits_merge(struct kt_x_edits *to,
    const struct kt_x_edits *from, struct kt_arena *mem);
KT_MUSTCHECK enum kt_rc kt_x_edit_add(struct kt_x_edits *e,
    struct kt_arena *mem, size_t start, size_t end, struct kt_span text);
/* text with the edits, appended. */
KT_MUSTCHECK enum kt_rc kt_x_splice(struct kt_span text,
    const struct kt_x_edits *edits, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_x_splice_turn(struct kt_exchange *x,
    struct kt_span text, const struct kt_x_edits *edits, struct kt_span *out);

#endif
