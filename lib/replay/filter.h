/*
 * filter - which recorded calls are meant.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    words for what a call and its record say.
 * Does not: play anything.
 * Promises: a call fits when it fits every word; of lists one entry is
 *           enough.
 */
#ifndef KT_REPLAY_FILTER_H
#define KT_REPLAY_FILTER_H
#include "session/session.h"

#define KT_REPLAY_FILTER_WORDS 8
struct kt_replay_filter {
	struct {
		unsigned field;
		struct kt_span glob; /* borrowed */
	} want[KT_REPLAY_FILTER_WORDS];
	size_t n;
};
/* Adds what "principal=ann tool=Bash*" asks for; false: nobody knows that. */
bool kt_replay_filter_add(struct kt_replay_filter *f, struct kt_span text);
/* The words there are, parted by ", ". */
void kt_replay_filter_names(char *out, size_t room);
KT_MUSTCHECK enum kt_rc kt_replay_filter_fits(const struct kt_replay_filter *f,
    const struct kt_session_call *c, bool *fits, struct kt_err *err);

#endif
