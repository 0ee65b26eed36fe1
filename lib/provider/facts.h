/*
 * facts - the few values of a body that the machine itself needs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where model, stream, usage, stop reason and ids stand.
 * Does not: validate what only the vendor can judge; a body that kt can read
 *           safely goes up as it is.
 * Promises: kt_usage.input never contains cached tokens, whatever the format
 *           counts.
 */
#ifndef KT_FACTS_H
#define KT_FACTS_H
#include "chat/chat.h"
#include "json/json.h"

/* What the machine must know of a request before it decides. */
struct kt_request_facts {
	struct kt_span model; /* raw, inside the quotes */
	uint32_t model_node;  /* 0: none */
	uint32_t stream_node; /* 0: none */
	bool is_stream;
	uint32_t nmessages, ntools;
	bool wants_usage; /* OpenAI stream_options.include_usage */
	uint32_t cache_breakpoints;
};
/*
 * KT_E_PARSE names what is missing or of the wrong type.  Endpoints without
 * a chat body have no facts and accept every JSON value.
 */
KT_MUSTCHECK enum kt_rc kt_request_facts(enum kt_endpoint endpoint,
    const struct kt_json *json, struct kt_span text,
    struct kt_request_facts *out, struct kt_err *err);

/*
 * The next string behind node `after` that names a model which may work on
 * the request: its own, those it falls back to, and those that tools ask.
 * Without a chat format every member of that name is one.  0: no more.
 */
uint32_t kt_request_next_model(enum kt_format format,
    const struct kt_json *json, struct kt_span text, uint32_t after);

/* What the record wants of an answer. */
struct kt_answer_facts {
	struct kt_usage usage;
	struct kt_span id, model, stop_reason; /* raw, inside the quotes */
};
/* A whole answer.  What it does not say stays empty and not known. */
void kt_answer_facts(enum kt_format format, const struct kt_json *json,
    struct kt_span text, struct kt_answer_facts *out);

#endif
