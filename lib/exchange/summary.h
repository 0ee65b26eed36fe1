/*
 * summary - what a call came to, for those who tell or keep it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    who called, where it went, how it ended, what may be kept of it.
 * Does not: repeat the record, which is the evidence.
 * Promises: no text of a request or an answer is in it.
 */
#ifndef KT_SUMMARY_H
#define KT_SUMMARY_H
#include "chat/chat.h"
#include "config/settings.h"

/* Who calls, as a configuration tells one from another. */
struct kt_caller {
	struct kt_span id, kind, auth_method, token_id, group;
	bool lacks_scope; /* and was refused for it */
};

/*
 * What is to be kept of a call beside its record: the request as it came
 * (full) or as it went up (redacted), and the answer; each where it has a
 * commitment.  Salts are made of the secret: kt_audit_salt().
 */
struct kt_x_kept {
	enum kt_config_content mode;
	const uint8_t *secret; /* KT_AUDIT_HASH bytes */
	struct kt_span request, completion; /* their commitments, or empty */
};

/* One call in one line, for a terminal or a log. */
struct kt_summary {
	struct kt_span call_id, principal, endpoint, model_requested, model_served;
	struct kt_span target_id, reason; /* first reason code */
	struct kt_span outcome, decision, data_class, provider;
	unsigned status;
	struct kt_usage usage;
	uint64_t start_wall_us, first_byte_us, total_us; /* durations */
	struct kt_caller caller;
	bool is_call; /* false: answered here without a record of type call */
	bool is_stream, keeps_nothing; /* so nothing of it may be kept here */
	struct kt_x_kept kept;
};

#endif
