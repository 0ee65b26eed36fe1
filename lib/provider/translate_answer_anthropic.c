/*
 * translate_answer_anthropic - an OpenAI answer as a message.  Servers that
 * only resemble OpenAI are expected here: calls without ids, "stop" beside
 * calls, content in parts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

static void
put_text(struct kt_tr *t, uint32_t text)
{
	if (kt_tr_has_type(t, text, KT_JSON_STRING) && !kt_tr_is_empty(t, text))
		kt_tr_text_block(t, kt_tr_string(t, text));
}

static void
put_texts(struct kt_tr *t, uint32_t content)
{
	put_text(t, content);
	if (!kt_tr_has_type(t, content, KT_JSON_ARRAY))
		return;
	for (uint32_t p = kt_json_first(t->json, content); p != 0;
	     p = kt_json_next(t->json, p)) {
		uint32_t type = kt_tr_get(t, p, "type");

		if (kt_tr_is(t, type, "text"))
			put_text(t, kt_tr_get(t, p, "text"));
		else if (kt_tr_is(t, type, "refusal"))
			put_text(t, kt_tr_get(t, p, "refusal"));
		else
			kt_tr_dropped_name(
			    t, "content", kt_tr_string(t, type));
	}
}

/* An id that is missing is made of the answer's own and a number. */
static void
put_id(struct kt_tr *t, struct kt_span id, unsigned nth)
{
	struct kt_span message = kt_tr_string(
	    t, kt_tr_get(t, kt_json_root(t->json), "id"));

	if (id.len == 0) {
		id = kt_arena_printf(t->mem, "call_%.*s_%u",
		    KT_SPAN_ARG(message), nth);
		if (id.ptr == NULL)
			kt_tr_full(t);
	}
	kt_tr_call_id_out(t, "id", id);
}

static void
put_call(struct kt_tr *t, uint32_t call, unsigned nth)
{
	uint32_t f = kt_tr_get(t, call, "function");
	uint32_t custom = kt_tr_get(t, call, "custom"), arguments;

	if (f == 0 && custom == 0)
		f = call; /* the deprecated function_call */
	arguments = kt_tr_get(t, f, "arguments");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "tool_use");
	put_id(t, kt_tr_string(t, kt_tr_get(t, call, "id")), nth);
	kt_tr_put_raw(t, "name", kt_tr_string(t,
	    kt_tr_get(t, custom != 0 ? custom : f, "name")));
	if (kt_tr_has_type(t, arguments, KT_JSON_OBJECT)) {
		kt_tr_copy(t, "input", arguments); /* as some servers say it */
	} else if (custom == 0) {
		kt_tr_put_input(t, kt_tr_string(t, arguments),
		    "tool_calls.arguments");
	} else {
		kt_json_named_object(t->w, "input");
		kt_tr_put_raw(t, "input",
		    kt_tr_string(t, kt_tr_get(t, custom, "input")));
		kt_json_end_object(t->w);
	}
	kt_json_end_object(t->w);
}

static unsigned
put_content(struct kt_tr *t, uint32_t message)
{
	uint32_t f = kt_tr_get(t, message, "function_call");
	uint32_t calls = kt_tr_get(t, message, "tool_calls");
	unsigned ncalls = 0;

	if (calls != 0 && !kt_tr_has_type(t, calls, KT_JSON_ARRAY))
		kt_tr_refuse(t, "message.tool_calls: must be an array");
	kt_json_named_array(t->w, "content");
	put_texts(t, kt_tr_get(t, message, "content"));
	put_text(t, kt_tr_get(t, message, "refusal"));
	for (uint32_t c = kt_json_first(t->json, calls); c != 0;
	     c = kt_json_next(t->json, c))
		put_call(t, c, ncalls++);
	if (f != 0)
		put_call(t, f, ncalls++);
	kt_json_end_array(t->w);
	return ncalls;
}

static void
tell_losses(struct kt_tr *t, uint32_t choice, uint32_t message)
{
	static const char *const names[] = { "reasoning_content", "reasoning",
		"annotations", "audio" };

	for (size_t i = 0; i < KT_NELEMS(names); i++)
		if (!kt_tr_is_empty(t, kt_tr_get(t, message, names[i])))
			kt_tr_dropped(t, names[i]);
	if (kt_tr_get(t, choice, "logprobs") != 0)
		kt_tr_dropped(t, "logprobs");
	if (kt_json_next(t->json, choice) != 0)
		kt_tr_dropped(t, "choices");
}

static void
put_stop(struct kt_tr *t, uint32_t choice, uint32_t message, unsigned ncalls)
{
	struct kt_span finish = kt_tr_string(
	    t, kt_tr_get(t, choice, "finish_reason"));
	bool is_exact;
	const char *word = kt_tr_stop_to_anthropic(finish, &is_exact);

	if (!is_exact)
		kt_tr_approximated(t, "finish_reason");
	if (!kt_tr_is_empty(t, kt_tr_get(t, message, "refusal")))
		word = "refusal";
	else if (ncalls > 0 && strcmp(word, "end_turn") == 0)
		word = "tool_use"; /* or the client would not run them */
	kt_tr_put(t, "stop_reason", word);
	kt_json_named_null(t->w, "stop_sequence");
}

void
kt_tr_answer_to_anthropic(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t choice = kt_json_first(
	    t->json, kt_tr_get(t, root, "choices"));
	uint32_t message = kt_tr_get(t, choice, "message");
	uint32_t usage = kt_tr_get(t, root, "usage");
	uint64_t reasoning = 0;
	struct kt_answer_facts facts;
	unsigned ncalls;

	if (!kt_tr_has_type(t, message, KT_JSON_OBJECT)) {
		kt_tr_refuse(t, "choices: must hold a message");
		return;
	}
	kt_answer_facts(KT_FORMAT_OPENAI, t->json, t->text, &facts);
	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, kt_tr_get(t, usage, "completion_tokens_details"),
		"reasoning_tokens"),
	    &reasoning); /* absent is none */
	tell_losses(t, choice, message);
	kt_json_begin_object(t->w);
	kt_tr_message_id(t, KT_FORMAT_ANTHROPIC, facts.id);
	kt_tr_put(t, "type", "message");
	kt_tr_put(t, "role", "assistant");
	kt_tr_put_raw(t, "model", facts.model);
	ncalls = put_content(t, message);
	put_stop(t, choice, message, ncalls);
	kt_tr_usage_anthropic(t, &facts.usage, reasoning);
	kt_json_end_object(t->w);
}
