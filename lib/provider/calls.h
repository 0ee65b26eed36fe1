/*
 * calls - the tools of a body or event: offered, called, answered.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how each format writes a tool's definition, a call of it and what
 *           it gave back, and who runs it: the client, the vendor, or a
 *           server that the vendor asks.
 * Does not: read arguments, or decide.
 * Promises: whatever a client would run is a call; time is linear.
 */
#ifndef KT_CALLS_H
#define KT_CALLS_H
#include "chat/chat.h"
#include "json/json.h"
#include "provider/segments.h"

enum kt_call_kind {
	KT_CALL_OFFER = 0, /* a definition */
	KT_CALL_USE,
	KT_CALL_RESULT,
};
enum kt_call_side {
	KT_CALL_CLIENT = 0, /* the client runs it, once it has the call */
	KT_CALL_SERVER,     /* the vendor does, before the call is seen here */
	KT_CALL_MCP,        /* a server that the vendor asks */
};
struct kt_call {
	enum kt_call_kind kind;
	enum kt_call_side side;
	/* Nodes; 0: not said here.  node is the element of its list, or the
	 * value of "function_call". */
	uint32_t node, name, id;
	uint32_t body; /* arguments (a string may hold JSON), or the content */
	struct kt_span known; /* the name, where no node does */
	uint32_t set;  /* what the name belongs to: toolset, server */
	/* Events: who speaks and where its list has it; OpenAI's older form
	 * without a list is call 0, others begin with 1; so does the place of
	 * an item in a response, and 0 there is none. */
	uint32_t choice, call;
	uint64_t block; /* the growing text of its arguments */
	bool is_whole;  /* Responses: nothing more of it will come */
	bool is_recent; /* a result that no earlier turn has brought */
	uint32_t use;   /* a result's call: index among the calls, or NONE */
};
#define KT_CALL_NONE UINT32_MAX
struct kt_calls {
	const struct kt_call *v; /* in mem, in document order */
	size_t n;
};

/* A whole body. */
KT_MUSTCHECK enum kt_rc kt_calls_read(enum kt_format format,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text, struct kt_arena *mem, struct kt_calls *out);
/* One event; a piece of a call that began earlier is a call too, and so is
 * each repetition of it. */
KT_MUSTCHECK enum kt_rc kt_calls_read_event(enum kt_format format,
    const struct kt_json *json, struct kt_span text, struct kt_arena *mem,
    struct kt_calls *out);
/* The stop reasons of a body or event, as nodes: where[i] is the choice of
 * node[i].  Returns how many there are, at most room. */
size_t kt_calls_stops(enum kt_format format, const struct kt_json *json,
    struct kt_span text, uint32_t *node, uint32_t *where, size_t room);

#endif
