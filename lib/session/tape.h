/*
 * tape - one call as it happens, kept in memory until it is over.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which events and orders of an exchange make it happen again, and
 *           which headers say something without being a credential.
 * Does not: look into what was said; that is done later, by somebody else.
 * Promises: no credential is on it; it holds at most its limit of bytes and
 *           then says that it is torn, and a torn one is not written.
 */
#ifndef KT_TAPE_H
#define KT_TAPE_H
#include "exchange/exchange.h"

enum kt_session_event_kind {
#define KT_SESSION_EVENT(id, word, meaning) KT_SESSION_##id,
#include "session/event.def"
	KT_NSESSION_EVENTS,
};

struct kt_tape_event {
	enum kt_session_event_kind kind;
	uint64_t at_us; /* since the request began */
	/* UP: enum kt_format of the target; HEAD: status; FAIL: enum kt_fault;
	   SENT: bytes. */
	uint64_t n;
	size_t at, len; /* in bytes: the target's id, or bytes of a body */
	size_t header, nheaders;
};

/* A job whose answer is a fact of the call. */
struct kt_tape_job {
	enum kt_job_kind kind;
	uint32_t id;
	uint64_t name;           /* of a medium: kt_blob_name of its payload */
	size_t id_at, id_len;    /* in bytes: what of, or who was asked */
	size_t at, len;          /* in bytes: its answer */
	bool is_answered;
};

struct kt_tape {
	size_t limit;
	struct kt_buf bytes, body; /* body: of the request */
	struct kt_tape_event *events;
	size_t n, cap;
	struct kt_tape_header {
		size_t name_at, name_len, value_at, value_len;
	} *headers;
	size_t nheaders, headers_cap;
	size_t method_at, method_len, target_at, target_len;
	size_t request_nheaders; /* the first ones */
	uint64_t wall_us, mono_us, asked_us; /* asked: request complete */
	uint64_t body_bytes; /* also of what is not kept */
	bool has_body, is_tls, is_unaudited, is_torn;
	bool has_guard; /* somebody outside was asked */
	struct kt_tape_job *jobs;
	size_t njobs, jobs_cap;
	struct kt_buf record; /* as it was ordered */
	/* Filled in at the end: spans in bytes. */
	struct kt_span caller[5];
	bool lacks_scope, is_call;
	enum kt_endpoint endpoint;
};
void kt_tape_init(struct kt_tape *t, size_t limit);
void kt_tape_fini(struct kt_tape *t);
void kt_tape_event(struct kt_tape *t, const struct kt_event *ev);
void kt_tape_order(struct kt_tape *t, const struct kt_order *o);
/* When the exchange has ended. */
void kt_tape_end(struct kt_tape *t, const struct kt_summary *s);
#define KT_TAPE_GUARD_ID 512
void kt_tape_guard_id(
    const struct kt_order *o, char out[static KT_TAPE_GUARD_ID]);
struct kt_span kt_tape_bytes(const struct kt_tape *t, size_t at, size_t len);

const char *kt_session_event_word(enum kt_session_event_kind k);

#endif
