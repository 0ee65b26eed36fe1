/*
 * translate_stream_priv - what a client has seen of a stream so far.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the state of either grammar on the client's side, and the calls
 *           of an OpenAI stream that wait for their turn.
 * Does not: decide when a stream ends.
 * Promises: a frame is written whole or not at all; memory is bounded by
 *           KT_STREAM_CALLS_MAX and KT_EVENT_MAX.
 */
#ifndef KT_TRANSLATE_STREAM_PRIV_H
#define KT_TRANSLATE_STREAM_PRIV_H
#include "provider/facts_priv.h"
#include "provider/translate_priv.h"

enum kt_open_block {
	KT_OPEN_NONE = 0,
	KT_OPEN_TEXT,
	KT_OPEN_THINKING, /* cannot be closed without its signature */
	KT_OPEN_CALL,
	KT_OPEN_CUSTOM, /* a call whose input is unwrapped when it is whole */
	KT_OPEN_OTHER,
};

/* One call of an OpenAI stream, in the order of their first pieces. */
struct kt_stream_call {
	uint64_t key; /* the upstream's index, or KT_NO_INDEX */
	struct kt_buf id, name, pending; /* raw */
	enum { KT_CALL_WAITS = 0, KT_CALL_OPEN, KT_CALL_CLOSED } state;
	/* Where the arguments are: whole means nothing can follow. */
	enum { KT_ARGS_BLANK = 0, KT_ARGS_OBJECT, KT_ARGS_OTHER } args;
	unsigned depth;
	bool in_string, in_escape, is_whole;
};
#define KT_NO_INDEX UINT64_MAX

/* OpenAI responses: what the last event has to repeat; all of it raw. */
struct kt_stream_item {
	struct kt_buf done; /* items, commas between */
	/* Of the item that is open: */
	struct kt_buf id, parts, text;
	uint64_t output_index, content_index;
	bool is_message;   /* that can be closed, unlike a call */
	bool has_text;     /* a part of text is open */
	bool is_text_said; /* and its text has been said as a whole */
	bool is_lost;      /* there was more than is kept */
};

struct kt_stream_writer {
	enum kt_format from, to;
	const struct kt_translate_options *o;
	struct kt_translation report;
	struct kt_arena *mem; /* of one event */
	struct kt_buf scratch;
	bool wants_usage;
	/* What the client has seen. */
	bool is_started, is_finished, is_ended, is_complete;
	enum kt_open_block open;
	uint64_t index, next_index; /* of blocks */
	struct kt_buf id, model;    /* raw, as the upstream says them */
	uint64_t created;
	uint64_t sequence; /* OpenAI responses: last number */
	struct kt_stream_item item;
	struct kt_usage usage;
	uint64_t reasoning;
	uint64_t seen[KT_STREAM_CHOICES_MAX / 64];
	uint64_t done[KT_STREAM_CHOICES_MAX / 64];
	/* To OpenAI: the call that is open. */
	uint64_t ncalls_sent;
	struct kt_buf pending, name, call_id;
	bool has_json;
	/* To Anthropic. */
	struct kt_stream_call *calls;
	size_t ncalls, calls_cap, next_call;
	size_t pending_bytes;
	const char *stop; /* held until the usage is known */
	bool has_refused;
};

/* One event on its way; what a frame needs. */
struct kt_ts {
	struct kt_stream_writer *w;
	struct kt_buf *out;
	struct kt_json_writer json;
	struct kt_tr t;
};
void kt_ts_init(struct kt_ts *s, struct kt_stream_writer *w,
    struct kt_buf *out, const struct kt_json *json, struct kt_span text,
    struct kt_err *err);
/* "event: name\ndata: {"type":"name", without name: "data: {". */
void kt_ts_begin(struct kt_ts *s, const char *name);
void kt_ts_end(struct kt_ts *s); /* "}\n\n" */
void kt_ts_add(struct kt_ts *s, struct kt_span bytes);
void kt_ts_count(struct kt_ts *s, const char *name, uint64_t v);

/* Anthropic's frames. */
void kt_ts_message_start(struct kt_ts *s);
void kt_ts_block_start(struct kt_ts *s, enum kt_open_block kind,
    struct kt_span id, struct kt_span name);
void kt_ts_block_delta(struct kt_ts *s, struct kt_span raw);
void kt_ts_block_stop(struct kt_ts *s);
void kt_ts_message_delta(struct kt_ts *s, const char *stop, bool all_usage);
void kt_ts_message_stop(struct kt_ts *s, const char *policy_reason);
/* OpenAI's frames: {..."choices":[{"index":0,"delta":{ and the rest. */
void kt_ts_chunk_begin(struct kt_ts *s, uint64_t choice);
void kt_ts_chunk_end(struct kt_ts *s, const char *finish_reason);
void kt_ts_chunk_role(struct kt_ts *s);
void kt_ts_chunk_usage(struct kt_ts *s);
void kt_ts_done(struct kt_ts *s);

/* One event: followed, or translated. */
void kt_ts_follow(struct kt_ts *s, struct kt_span data);
void kt_ts_to_openai(struct kt_ts *s, struct kt_span data);
void kt_ts_to_anthropic(struct kt_ts *s, struct kt_span data);
void kt_ts_follow_responses(struct kt_ts *s);
void kt_ts_cut_responses(struct kt_ts *s);
void kt_ts_free_calls(struct kt_stream_writer *w);
/* The object is a message or chunk: its id and model, once. */
void kt_ts_remember(struct kt_ts *s, uint32_t object);

#endif
