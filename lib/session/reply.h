/*
 * reply - what the model said in a recorded call.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which events of a call are its last answer, and where each format
 *           has text and calls of tools, whole or streamed.
 * Does not: keep thinking, refusals, or what a vendor's own tools did.
 * Promises: the text is what a client would join; of an answer that is cut or
 *           breaks its grammar, what came before that.
 */
#ifndef KT_SESSION_REPLY_H
#define KT_SESSION_REPLY_H
#include "session/session.h"

#define KT_SESSION_REPLY_CALLS 32

struct kt_session_reply {
	unsigned status; /* 0: nothing came back, or nobody was asked */
	bool is_stream;
	struct kt_buf text; /* of the first choice */
	struct kt_session_reply_call {
		uint64_t block; /* while its input still grows */
		struct kt_buf name, input; /* input: JSON */
	} calls[KT_SESSION_REPLY_CALLS];
	size_t ncalls;
};

/* Release with _fini, also after a failure. */
KT_MUSTCHECK enum kt_rc kt_session_reply_read(struct kt_session_reply *r,
    const struct kt_session_call *c, struct kt_err *err);
void kt_session_reply_fini(struct kt_session_reply *r);

#endif
