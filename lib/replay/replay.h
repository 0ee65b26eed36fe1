/*
 * replay - recorded calls once more, and what comes out otherwise.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how the events of a session drive an exchange, with the time of
 *           the recording; which differences of two records are changes.
 * Does not: read files, reach a network, or know any policy.
 * Promises: the same session and program give the same outcome; what was not
 *           recorded is told as made up or as not known, never taken for
 *           equal.
 */
#ifndef KT_REPLAY_H
#define KT_REPLAY_H
#include "session/session.h"

enum kt_change {
	KT_CHANGE_NONE = 0,
#define KT_CHANGE(id, word, code, fails, meaning) KT_CHANGE_##id,
#include "replay/change.def"
	KT_NCHANGES,
};
const char *kt_change_word(enum kt_change c);
bool kt_change_fails(enum kt_change c); /* unless told otherwise */
bool kt_change_of(struct kt_span word, enum kt_change *out);

#define KT_OUTCOME_WORD 64
#define KT_OUTCOME_LIST 512
/* What a record says came of a call. */
struct kt_outcome {
	char decision[16], outcome[32], target[KT_OUTCOME_WORD];
	char data_class[24], policy[KT_OUTCOME_WORD], rule[KT_OUTCOME_WORD];
	unsigned status;
	uint64_t attempts;
	/* Sorted, parted by blanks; a hash stands in for what is too long. */
	char reasons[KT_OUTCOME_LIST], rules[KT_OUTCOME_LIST];
	char redactions[KT_OUTCOME_LIST], flags[KT_OUTCOME_LIST];
	char translation[KT_OUTCOME_LIST];
	bool is_cut, is_recorded; /* false: it left no record */
};
/* KT_E_PARSE: not a record.  An empty one is one that was never written. */
KT_MUSTCHECK enum kt_rc kt_outcome_read(
    struct kt_outcome *o, struct kt_span record, struct kt_err *err);
enum kt_change kt_outcome_compare(
    const struct kt_outcome *from, const struct kt_outcome *to);

struct kt_replay {
	const struct kt_program *program; /* made with KT_CHAIN_REPLAY */
	struct kt_scratch *scratch;
};
struct kt_replayed {
	struct kt_outcome outcome;
	struct kt_buf record;  /* the caller's to free */
	bool is_answer_made_up; /* it asked where no answer was recorded */
	bool lacks_fact; /* it asked for work that was not done then */
	bool has_ended;
};
/* Plays a call.  KT_E_LIMIT: no memory, or a body that is too large. */
KT_MUSTCHECK enum kt_rc kt_replay_call(const struct kt_replay *r,
    const struct kt_session_call *c, uint64_t t0_us, struct kt_replayed *out,
    struct kt_err *err);

#endif
