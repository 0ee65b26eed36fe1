/*
 * tool - what policies say of tools: offered, called, answered.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    a tool by its name, its arguments as an index, who calls.
 * Does not: find calls in bodies, or take anything out of them.
 * Promises: block is zero; arguments that cannot be read satisfy no rule
 *           that allows and every rule that denies.
 */
#ifndef KT_POLICY_TOOL_H
#define KT_POLICY_TOOL_H
#include "policy/policy.h"

enum kt_tool_phase {
	KT_TOOL_OFFER = 0, /* its definition, in a request */
	KT_TOOL_CALL,      /* in an answer, complete */
};
struct kt_tool {
	enum kt_tool_phase phase;
	bool is_remote;       /* the vendor runs it, or a server it asks */
	bool is_server;       /* phase OFFER: a server of tools itself */
	struct kt_span name;  /* plain; empty: not said */
	struct kt_span set;   /* toolset or server it belongs to */
	struct kt_span url;   /* OFFER: of the server */
	/* CALL: arguments; OFFER: the definition.  json NULL: not readable */
	const struct kt_json *json;
	struct kt_span text;
	uint32_t root; /* 0: none at all */
	uint64_t before; /* CALL: calls of this conversation before it */
	const struct kt_member *who; /* never NULL */
	struct kt_arena *mem; /* for a moment */
};
/* One opinion; spans of nodes are where a redaction is wanted. */
struct kt_tool_opinion {
	const struct kt_policy *policy;
	enum kt_action action; /* as it counts: monitor makes it FLAG */
	enum kt_action wanted; /* as the policy would have it */
	enum kt_reason reason;
	struct kt_span rule;   /* its name, or empty */
	const struct kt_config_strings *redact; /* pointers, or NULL */
};

/* Redactions of one tool result; spans in what was given, in order. */
struct kt_tool_cut {
	size_t start, end;
	bool is_value; /* a JSON value, so that a string is to stand there */
};
struct kt_tool_cuts {
	struct kt_tool_cut *v; /* in mem */
	size_t n, cap;
	struct kt_arena *mem;
	bool is_full;
	bool is_broken; /* given: begins like JSON, or goes on so, and is none */
};
void kt_tool_cut_add(
    struct kt_tool_cuts *c, size_t start, size_t end, bool is_value);

/* Opinions in chain order; returns how many, the strongest is *deciding. */
size_t kt_chain_judge_tool(const struct kt_chain *c, const struct kt_tool *t,
    struct kt_tool_opinion *out, size_t room, size_t *deciding);
/* Does any policy speak of tools at all? */
bool kt_chain_hears_tools(const struct kt_chain *c);

#endif
