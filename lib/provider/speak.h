/*
 * speak - what kt itself says, in the client's words.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how each format writes errors and lists of models; a model that
 *           needs no network.
 * Does not: choose what to say, or write headers.
 * Promises: whatever it writes is valid in its format, for any UTF-8; the
 *           same request gets the same answer, byte for byte.
 */
#ifndef KT_SPEAK_H
#define KT_SPEAK_H
#include "chat/chat.h"
#include "json/json.h"
#include "provider/facts.h"

/* One problem, said in any format.  type is the Anthropic error type. */
struct kt_problem {
	unsigned status;
	const char *type;   /* "permission_error", ... */
	const char *code;   /* "input_blocked", ...; NULL: none */
	const char *reason; /* reason code; NULL: none */
	const char *policy; /* NULL: none */
	struct kt_span message;
	struct kt_span request_id;
};
/* The body of an error answer; formats NONE and ANTHROPIC are the same. */
KT_MUSTCHECK enum kt_rc kt_speak_error(
    enum kt_format format, const struct kt_problem *p, struct kt_buf *out);
/* The status that goes with it: OpenAI's own have no 402 and no 529. */
unsigned kt_speak_status(enum kt_format format, const struct kt_problem *p);

struct kt_model_entry {
	struct kt_span id, display_name;
};
/* The list, or one model, in the shape of the vendor. */
KT_MUSTCHECK enum kt_rc kt_speak_models(enum kt_format format,
    const struct kt_model_entry *m, size_t n, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_speak_model(
    enum kt_format format, const struct kt_model_entry *m, struct kt_buf *out);

/*
 * Bytes of a whole answer or of a whole SSE stream, by facts->is_stream.
 * The model echoes the last user text.  A line "call tool NAME {json}" in it
 * makes it call that tool when the request offers it; after a tool result it
 * echoes the result and ends the turn.  A token is four bytes, rounded up.
 */
KT_MUSTCHECK enum kt_rc kt_offline_answer(enum kt_endpoint endpoint,
    const struct kt_json *json, struct kt_span text,
    const struct kt_request_facts *facts, struct kt_buf *out,
    struct kt_err *err);

#endif
