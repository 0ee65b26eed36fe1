/*
 * provider - what the bytes of a wire format mean.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which path is which endpoint, where text stands in a body or in
 *           an event of a stream, how each format says "error", "stop", "I
 *           am alive".  Facts: the vendors' public API references.
 * Does not: decide, inspect, choose targets or do I/O.
 * Promises: every string of a body or event that can reach a model, a tool
 *           or an application is a segment; unknown members, blocks and
 *           events are segments too and are never dropped.
 */
#ifndef KT_PROVIDER_H
#define KT_PROVIDER_H
#include "chat/chat.h"
#include "json/json.h"

/* ---- surface.c: which API is this? ---- */

struct kt_route {
	struct kt_span suffix; /* path suffix, or "*" */
	enum kt_endpoint endpoint;
};
struct kt_surface {
	enum kt_endpoint endpoint; /* NONE: nobody claims it */
	bool is_method_ok;         /* false: 405 */
	struct kt_span path;       /* as upstream wants it: own prefixes stripped,
	                              no query; points into the target or is static */
	struct kt_span query;      /* with its '?', or empty */
	struct kt_span item;       /* what follows /v1/models/ or /v1/files/ */
	struct kt_span project;    /* id of /api/<id>/v1/..., or empty */
};
/* routes replace the built-in map when nroutes > 0: longest suffix, "*" last.
 * The target is origin-form and was checked by the caller: no controls, no
 * dot segments, no "%00". */
void kt_surface(struct kt_surface *s, struct kt_span method,
    struct kt_span target, const struct kt_route *routes, size_t nroutes);

/* ---- segments.c: every string of a body, in document order ---- */

enum kt_direction { KT_REQUEST = 0, KT_ANSWER };
struct kt_segments {
	const struct kt_json *json;
	struct kt_span text;
	enum kt_format format; /* NONE: every string is a message */
	enum kt_direction direction;
	uint32_t at; /* next node to look at */
	struct {
		uint32_t end; /* node index where this scope ends */
		uint8_t component, kind, role;
	} scope[KT_JSON_DEPTH_MAX + 1];
	unsigned depth;
};
void kt_segments_init(struct kt_segments *it, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json, struct kt_span text);
bool kt_segments_next(struct kt_segments *it, struct kt_segment *out);

/* What the machine must know of a request before it decides. */
struct kt_request_facts {
	struct kt_span model;  /* raw, inside the quotes */
	uint32_t model_node;   /* 0: none */
	uint32_t stream_node;  /* 0: none */
	bool is_stream;
	uint32_t nmessages, ntools;
	bool wants_usage;      /* OpenAI stream_options.include_usage */
	uint32_t cache_breakpoints;
};
/* KT_E_PARSE names what is missing or of the wrong type. */
KT_MUSTCHECK enum kt_rc kt_request_facts(enum kt_endpoint endpoint,
    const struct kt_json *json, struct kt_span text,
    struct kt_request_facts *out, struct kt_err *err);

/* What the record wants of a whole answer. */
struct kt_answer_facts {
	struct kt_usage usage;
	struct kt_span id, model, stop_reason; /* raw, inside the quotes */
};
void kt_answer_facts(enum kt_format format, const struct kt_json *json,
    struct kt_span text, struct kt_answer_facts *out);

/* ---- stream.c: what an event of a stream says ---- */

enum kt_part_kind {
	KT_PART_FIXED = 0, /* structure, as KT_SEGMENT_FIXED */
	KT_PART_DELTA,     /* continues the text of its block */
	KT_PART_WHOLE,     /* a complete text of its own */
	KT_PART_SIGNED,    /* thinking that continues; never edited */
	KT_PART_OPAQUE,
};
struct kt_part {
	uint32_t node; /* string in the event's index */
	uint64_t block; /* same key: same growing text */
	enum kt_component component;
	enum kt_part_kind kind;
};
enum kt_stream_kind {
	KT_STREAM_OTHER = 0,
	KT_STREAM_START,
	KT_STREAM_BLOCK_START,
	KT_STREAM_DELTA,
	KT_STREAM_BLOCK_STOP,
	KT_STREAM_FINISH, /* carries a stop reason */
	KT_STREAM_STOP,   /* the last event of a complete answer */
	KT_STREAM_PING,
	KT_STREAM_ERROR,
};
struct kt_stream_event {
	enum kt_stream_kind kind;
	const struct kt_part *parts; /* in document order, in mem */
	size_t nparts;
	/* Texts that end with this event, after its parts are added. */
	const uint64_t *ended;
	size_t nended;
	bool ends_all; /* every open text ends */
	struct kt_answer_facts facts; /* what this event adds; empty spans, usage
	                                 not known where it says nothing */
};
struct kt_stream_reader {
	enum kt_format format;
	bool is_started, is_finished, is_stopped;
	bool has_open_block; /* Anthropic: exactly one may be open */
	uint64_t open_block, next_block;
};
void kt_stream_reader_init(struct kt_stream_reader *r, enum kt_format format);
/*
 * name and data are those of one SSE event; json is the index of data, or
 * NULL when data is empty or "[DONE]".  KT_E_PARSE: the event breaks the
 * grammar of its format (delta for a block that is not open, text after the
 * stop): the stream cannot be trusted any further.
 */
KT_MUSTCHECK enum kt_rc kt_stream_read(struct kt_stream_reader *r,
    struct kt_span name, struct kt_span data, const struct kt_json *json,
    struct kt_arena *mem, struct kt_stream_event *out, struct kt_err *err);

/* ---- speak.c: what kt itself says, in the client's words ---- */

/* One problem, said in any format.  type is the Anthropic error type. */
struct kt_problem {
	unsigned status;
	const char *type;    /* "permission_error", ... */
	const char *code;    /* "input_blocked", ...; NULL: none */
	const char *reason;  /* reason code; NULL: none */
	const char *policy;  /* NULL: none */
	struct kt_span message;
	struct kt_span request_id;
};
KT_MUSTCHECK enum kt_rc kt_speak_error(
    enum kt_format format, const struct kt_problem *p, struct kt_buf *out);
/* {"data":[...]} in the shape of the vendor; item: one model only. */
struct kt_model_entry {
	struct kt_span id, display_name;
};
KT_MUSTCHECK enum kt_rc kt_speak_models(enum kt_format format,
    const struct kt_model_entry *m, size_t n, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_speak_model(
    enum kt_format format, const struct kt_model_entry *m, struct kt_buf *out);

/* ---- offline.c: a deterministic model without a network ---- */

/* Bytes of a whole answer or of a whole SSE stream, by facts->is_stream. */
KT_MUSTCHECK enum kt_rc kt_offline_answer(enum kt_endpoint endpoint,
    const struct kt_json *json, struct kt_span text,
    const struct kt_request_facts *facts, struct kt_buf *out,
    struct kt_err *err);

#endif
