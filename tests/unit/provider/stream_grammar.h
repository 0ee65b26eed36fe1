/*
 * stream_grammar - whether bytes are a valid stream, and how it ended.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Written from the vendors' grammars, not from the writers it judges.
 */
#ifndef KT_TEST_STREAM_GRAMMAR_H
#define KT_TEST_STREAM_GRAMMAR_H
#include <cJSON.h>

#include "frame/sse.h"

enum ending {
	BROKEN = 0, /* against the grammar: why says what */
	OPEN,       /* valid so far, may go on */
	ENDED,      /* the provider's own end */
	CUT,        /* a valid end by policy */
	FAILED,     /* an error event */
};

struct grammar {
	const char *why;
	bool is_started, is_finished, has_open;
	bool is_cut, is_failed, is_ended;
	bool is_thinking, is_signed;
	double index, next_index;
	/* What the client put together. */
	char texts[8192], calls[8192], stop[64];
	char arguments[8192];
	unsigned npings;
	int nitems; /* of a response, that are done */
};

static inline void
gather(char *into, size_t size, const char *text)
{
	size_t len = strlen(into);

	(void)snprintf(into + len, size - len, "%s", text ? text : "");
}

static inline const cJSON *
member(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static inline const char *
string(const cJSON *o, const char *name)
{
	const char *s = cJSON_GetStringValue(member(o, name));

	return s != NULL ? s : "";
}

/* NULL or what is wrong. */
static inline const char *
anthropic_block(struct grammar *g, const char *name, const cJSON *data)
{
	const cJSON *block = member(data, "content_block");
	const cJSON *delta = member(data, "delta"), *tree;
	const char *type = string(block, "type");

	if (strcmp(name, "content_block_start") == 0) {
		if (g->has_open || g->is_finished)
			return "a block begins out of turn";
		if (cJSON_GetNumberValue(member(data, "index")) !=
		    g->next_index)
			return "blocks are not numbered in order";
		g->index = g->next_index++;
		g->has_open = true;
		g->is_thinking = strcmp(type, "thinking") == 0;
		g->is_signed = false;
		g->arguments[0] = '\0';
		if (strcmp(type, "tool_use") != 0)
			return NULL;
		for (const char *c = string(block, "id"); *c != '\0'; c++)
			if (strchr("abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789_-", *c) == NULL)
				return "an id outside the alphabet";
		if (string(block, "id")[0] == '\0' ||
		    string(block, "name")[0] == '\0')
			return "a call without id or name";
		gather(g->calls, sizeof(g->calls), string(block, "id"));
		gather(g->calls, sizeof(g->calls), "=");
		gather(g->calls, sizeof(g->calls), string(block, "name"));
		return NULL;
	}
	if (!g->has_open ||
	    cJSON_GetNumberValue(member(data, "index")) != g->index)
		return "belongs to no open block";
	if (strcmp(name, "content_block_delta") == 0) {
		gather(g->texts, sizeof(g->texts), string(delta, "text"));
		gather(g->arguments, sizeof(g->arguments),
		    string(delta, "partial_json"));
		if (strcmp(string(delta, "type"), "signature_delta") == 0)
			g->is_signed = true;
		return NULL;
	}
	if (g->is_thinking && !g->is_signed)
		return "thinking without a signature";
	g->has_open = false;
	if (g->arguments[0] != '\0') {
		tree = cJSON_Parse(g->arguments);
		gather(g->calls, sizeof(g->calls), g->arguments);
		gather(g->calls, sizeof(g->calls),
		    cJSON_IsObject(tree) ? ";" : "?;");
		cJSON_Delete((cJSON *)(uintptr_t)tree);
	}
	return NULL;
}

static inline const char *
anthropic_event(struct grammar *g, const char *name, const cJSON *data)
{
	if (strcmp(string(data, "type"), name) != 0)
		return "name and type differ";
	if (g->is_ended || g->is_failed)
		return "something follows the end";
	if (strcmp(name, "error") == 0) {
		g->is_failed = true;
		return string(member(data, "error"), "type")[0] != '\0' &&
			string(member(data, "error"), "message")[0] != '\0'
		    ? NULL
		    : "an error without type or message";
	}
	if (strcmp(name, "message_start") == 0) {
		if (g->is_started)
			return "a second start";
		g->is_started = true;
		return string(member(data, "message"), "id")[0] != '\0'
		    ? NULL
		    : "a message without id";
	}
	if (!g->is_started)
		return "something precedes the start";
	if (strcmp(name, "ping") == 0) {
		g->npings++;
		return NULL;
	}
	if (strncmp(name, "content_block_", 14) == 0)
		return anthropic_block(g, name, data);
	if (strcmp(name, "message_delta") == 0) {
		if (g->has_open)
			return "the message ends with a block open";
		(void)snprintf(g->stop, sizeof(g->stop), "%s",
		    string(member(data, "delta"), "stop_reason"));
		g->is_finished = g->stop[0] != '\0';
		return member(data, "usage") != NULL ? NULL : "no usage";
	}
	if (strcmp(name, "message_stop") == 0) {
		g->is_ended = true;
		g->is_cut = member(data, "policy_reason_code") != NULL;
		if (g->is_cut && strcmp(g->stop, "policy_block") != 0)
			return "a cut without policy_block";
		return g->is_finished ? NULL : "an end without a stop reason";
	}
	return "an event nobody knows";
}

static inline const char *
openai_event(struct grammar *g, const char *name, const cJSON *data)
{
	const cJSON *choice, *delta, *call;

	if (name[0] != '\0')
		return "a chunk with a name";
	if (g->is_ended || g->is_failed)
		return "something follows the end";
	if (data == NULL) {
		g->is_ended = true;
		return g->is_finished ? NULL : "an end without a finish";
	}
	if (member(data, "error") != NULL) {
		g->is_failed = true;
		return string(member(data, "error"), "message")[0] != '\0'
		    ? NULL
		    : "an error without message";
	}
	if (strcmp(string(data, "object"), "chat.completion.chunk") != 0 ||
	    string(data, "id")[0] == '\0')
		return "no chunk";
	choice = cJSON_GetArrayItem(member(data, "choices"), 0);
	if (choice == NULL)
		return member(data, "usage") != NULL && g->is_finished
		    ? NULL
		    : "an empty chunk before the finish";
	if (g->is_finished)
		return "a choice goes on behind its finish";
	delta = member(choice, "delta");
	if (!g->is_started && strcmp(string(delta, "role"), "assistant") != 0)
		return "the first delta has no role";
	g->is_started = true;
	gather(g->texts, sizeof(g->texts), string(delta, "content"));
	call = cJSON_GetArrayItem(member(delta, "tool_calls"), 0);
	if (call != NULL) {
		double index = cJSON_GetNumberValue(member(call, "index"));
		const cJSON *f = member(call, "function");

		if (string(call, "id")[0] != '\0') {
			if (index != g->next_index)
				return "calls are not numbered in order";
			g->index = g->next_index++;
			gather(g->calls, sizeof(g->calls), string(call, "id"));
			gather(g->calls, sizeof(g->calls), "=");
		}
		if (index != g->index)
			return "a piece of another call";
		if (f == NULL)
			f = member(call, "custom");
		gather(g->calls, sizeof(g->calls), string(f, "name"));
		gather(g->calls, sizeof(g->calls), string(f, "arguments"));
		gather(g->calls, sizeof(g->calls), string(f, "input"));
	}
	(void)snprintf(g->stop, sizeof(g->stop), "%s",
	    string(choice, "finish_reason"));
	g->is_finished = g->stop[0] != '\0';
	g->is_cut = strcmp(g->stop, "content_filter") == 0;
	return NULL;
}

/* A message says what its deltas said; a call may stay open. */
static inline const char *
responses_item(struct grammar *g, const char *name, const cJSON *data)
{
	const cJSON *item = member(data, "item"), *part;

	if (strcmp(name, "response.output_item.added") == 0)
		g->has_open = strcmp(string(item, "type"), "message") == 0;
	else if (strcmp(name, "response.output_text.delta") == 0)
		gather(g->texts, sizeof(g->texts), string(data, "delta"));
	if (strcmp(name, "response.output_item.done") != 0)
		return NULL;
	g->nitems++;
	part = cJSON_GetArrayItem(member(item, "content"), 0);
	if (g->has_open && strcmp(string(part, "text"), g->texts) != 0)
		return "a message is not what its deltas said";
	g->has_open = false;
	return NULL;
}

static inline const char *
responses_event(struct grammar *g, const char *name, const cJSON *data)
{
	double n = cJSON_GetNumberValue(member(data, "sequence_number"));

	if (strcmp(string(data, "type"), name) != 0)
		return "name and type differ";
	if (g->is_ended || g->is_failed)
		return "something follows the end";
	if (n < g->next_index)
		return "the sequence does not rise";
	g->next_index = n + 1;
	if (strcmp(name, "error") == 0) {
		g->is_failed = true;
		return NULL;
	}
	if (!g->is_started && strcmp(name, "response.created") != 0)
		return "the response was not created";
	g->is_started = true;
	g->is_cut = strcmp(name, "response.incomplete") == 0;
	g->is_ended = g->is_cut || strcmp(name, "response.completed") == 0;
	if (g->is_cut && g->has_open)
		return "a message is left open";
	if (g->is_cut &&
	    cJSON_GetArraySize(member(member(data, "response"), "output")) !=
		g->nitems)
		return "the last event does not repeat the items";
	return responses_item(g, name, data);
}

static inline enum ending
judge(struct grammar *g, enum kt_format format, struct kt_span bytes)
{
	struct kt_sse sse;
	struct kt_sse_event ev;
	struct kt_err err;
	int more;

	*g = (struct grammar){ 0 };
	kt_sse_init(&sse, KT_EVENT_MAX);
	kt_sse_feed(&sse, bytes);
	while (g->why == NULL && (more = kt_sse_next(&sse, &ev, &err)) == 1) {
		static char name[256], text[65536];
		cJSON *data;

		if (ev.is_comment) {
			g->npings++;
			continue;
		}
		(void)snprintf(
		    name, sizeof(name), "%.*s", KT_SPAN_ARG(ev.name));
		(void)snprintf(
		    text, sizeof(text), "%.*s", KT_SPAN_ARG(ev.data));
		data = cJSON_Parse(text);
		if (data == NULL && strcmp(text, "[DONE]") != 0)
			g->why = "the data is not JSON";
		else if (format == KT_FORMAT_ANTHROPIC)
			g->why = anthropic_event(g, name, data);
		else if (format == KT_FORMAT_OPENAI)
			g->why = openai_event(g, name, data);
		else
			g->why = responses_event(g, name, data);
		cJSON_Delete(data);
	}
	if (g->why == NULL && kt_sse_rest(&sse).len > 0)
		g->why = "half an event at the end";
	kt_sse_fini(&sse);
	if (g->why != NULL)
		return BROKEN;
	if (g->is_failed)
		return FAILED;
	if (!g->is_ended)
		return OPEN;
	return g->is_cut ? CUT : ENDED;
}
#endif
