/*
 * draft - cases that people go on with, made from calls that happened.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a call is written as a case, and which fields of its record
 *           a case would compare.
 * Does not: know where calls are recorded.
 * Promises: kt_trial_load reads what is written; a field that says nothing is
 *           left out.
 */
#ifndef KT_TRIAL_DRAFT_H
#define KT_TRIAL_DRAFT_H
#include "config/emit.h"
#include "trial/trial.h"

#define KT_TRIAL_DRAFT_CALLS 32

struct kt_trial_draft {
	struct kt_span name, now, principal, group;
	enum kt_trial_api api;
	bool is_stream;
	struct kt_span body;   /* JSON */
	struct kt_span answer; /* no pointer: nothing was said */
	struct {
		struct kt_span name, input; /* input: JSON, or nothing */
	} calls[KT_TRIAL_DRAFT_CALLS]; /* of a name that was, left out */
	size_t ncalls;
	struct kt_span record; /* JSON */
	unsigned status;
};

/* begin, any number of add, end; e stays where it is meanwhile. */
void kt_trial_draft_begin(struct kt_config_emit *e, struct kt_buf *out);
/* KT_E_PARSE: the body is no JSON object; nothing was written. */
KT_MUSTCHECK enum kt_rc kt_trial_draft_add(struct kt_config_emit *e,
    const struct kt_trial_draft *d, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_trial_draft_end(struct kt_config_emit *e);

#endif
