/*
 * translate_answer - whole answers both ways, and the words for stops and
 * usage that streams share.  An answer is never refused for a loss: nobody
 * could ask for another one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* ---- stops ---- */

struct stop {
	struct kt_span from;
	const char *to;
	bool is_exact;
};

static const char *
find_stop(
    const struct stop *stops, size_t n, struct kt_span raw, bool *is_exact)
{
	for (size_t i = 0; i < n; i++) {
		if (!kt_span_eq(stops[i].from, raw))
			continue;
		*is_exact = stops[i].is_exact;
		return stops[i].to;
	}
	*is_exact = false;
	return NULL;
}

const char *
kt_tr_stop_to_openai(struct kt_tr *t, struct kt_span raw)
{
	static const struct stop stops[] = {
		{ KT_SPAN_INIT("end_turn"), "stop", true },
		{ KT_SPAN_INIT("stop_sequence"), "stop", true },
		{ KT_SPAN_INIT("max_tokens"), "length", true },
		{ KT_SPAN_INIT("model_context_window_exceeded"), "length",
		    true },
		{ KT_SPAN_INIT("tool_use"), "tool_calls", true },
		{ KT_SPAN_INIT("refusal"), "content_filter", true },
		{ KT_SPAN_INIT("policy_block"), "content_filter", true },
		{ KT_SPAN_INIT("pause_turn"), "stop", false },
		{ KT_SPAN_INIT("compaction"), "stop", false },
	};
	bool is_exact;
	const char *word = find_stop(stops, KT_NELEMS(stops), raw, &is_exact);

	if (!is_exact)
		kt_tr_approximated(t, "stop_reason");
	if (word == NULL)
		return "stop";
	return kt_tr_has_functions(t) && strcmp(word, "tool_calls") == 0
	    ? "function_call"
	    : word;
}

const char *
kt_tr_stop_to_anthropic(struct kt_span raw, bool *is_exact)
{
	static const struct stop stops[] = {
		{ KT_SPAN_INIT("stop"), "end_turn", true },
		{ KT_SPAN_INIT("length"), "max_tokens", true },
		{ KT_SPAN_INIT("tool_calls"), "tool_use", true },
		{ KT_SPAN_INIT("function_call"), "tool_use", true },
		{ KT_SPAN_INIT("content_filter"), "refusal", true },
	};
	const char *word = find_stop(stops, KT_NELEMS(stops), raw, is_exact);

	return word != NULL ? word : "end_turn";
}

/* ---- usage ---- */

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void
put_count(struct kt_tr *t, const char *name, uint64_t v)
{
	kt_json_named_u64(t->w, name, v);
}

void
kt_tr_usage_openai(
    struct kt_tr *t, const struct kt_usage *u, uint64_t reasoning)
{
	uint64_t prompt = sum(sum(u->input, u->cache_read), u->cache_write);

	kt_json_named_object(t->w, "usage");
	put_count(t, "prompt_tokens", prompt);
	put_count(t, "completion_tokens", u->output);
	put_count(t, "total_tokens", sum(prompt, u->output));
	kt_json_named_object(t->w, "prompt_tokens_details");
	put_count(t, "cached_tokens", u->cache_read);
	if (u->cache_write > 0)
		put_count(t, "cache_write_tokens", u->cache_write);
	kt_json_end_object(t->w);
	if (reasoning > 0) {
		kt_json_named_object(t->w, "completion_tokens_details");
		put_count(t, "reasoning_tokens", reasoning);
		kt_json_end_object(t->w);
	}
	kt_json_end_object(t->w);
}

void
kt_tr_usage_anthropic(
    struct kt_tr *t, const struct kt_usage *u, uint64_t reasoning)
{
	kt_json_named_object(t->w, "usage");
	put_count(t, "input_tokens", u->input);
	put_count(t, "output_tokens", u->output);
	put_count(t, "cache_read_input_tokens", u->cache_read);
	put_count(t, "cache_creation_input_tokens", u->cache_write);
	if (reasoning > 0) {
		kt_json_named_object(t->w, "output_tokens_details");
		put_count(t, "thinking_tokens", reasoning);
		kt_json_end_object(t->w);
	}
	kt_json_end_object(t->w);
}

static uint64_t
thinking_tokens(
    struct kt_tr *t, const char *details, const char *name)
{
	uint32_t usage = kt_tr_get(t, kt_json_root(t->json), "usage");
	uint64_t n = 0;

	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, kt_tr_get(t, usage, details), name), &n);
	return n;
}

/* ---- Anthropic's answer for an OpenAI client ---- */

bool
kt_tr_is_custom(struct kt_tr *t, struct kt_span raw_name)
{
	const struct kt_translation *r = t->o->request;

	for (size_t i = 0; r != NULL && i < r->ncustom_tools; i++)
		if (kt_json_text_eq(r->custom_tools[i], raw_name))
			return true;
	return false;
}

bool
kt_tr_has_functions(struct kt_tr *t)
{
	return t->o->request != NULL && t->o->request->has_functions;
}

static void
put_function(struct kt_tr *t, const char *name, uint32_t block)
{
	kt_json_named_object(t->w, name);
	kt_tr_put_raw(
	    t, "name", kt_tr_string(t, kt_tr_get(t, block, "name")));
	kt_tr_put_arguments(t, kt_tr_get(t, block, "input"));
	kt_json_end_object(t->w);
}

static void
put_call(struct kt_tr *t, uint32_t block)
{
	uint32_t name = kt_tr_get(t, block, "name");
	uint32_t input = kt_tr_get(t, block, "input");
	bool is_custom = kt_tr_is_custom(t, kt_tr_string(t, name)) &&
	    kt_tr_has_type(t, kt_tr_get(t, input, "input"), KT_JSON_STRING);

	kt_json_begin_object(t->w);
	kt_tr_call_id_back(
	    t, "id", kt_tr_string(t, kt_tr_get(t, block, "id")));
	kt_tr_put(t, "type", is_custom ? "custom" : "function");
	if (is_custom) {
		kt_json_named_object(t->w, "custom");
		kt_tr_put_raw(t, "name", kt_tr_string(t, name));
		kt_tr_copy(t, "input", kt_tr_get(t, input, "input"));
		kt_json_end_object(t->w);
	} else {
		put_function(t, "function", block);
	}
	kt_json_end_object(t->w);
}

/* In characters, which is what both ends of a citation count. */
static uint64_t
characters(struct kt_span raw)
{
	uint64_t n = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (((unsigned char)c & 0xc0) == 0x80)
			continue;
		n++;
		if (c != '\\' || i + 1 >= raw.len)
			continue;
		if (raw.ptr[++i] != 'u' || i + 2 >= raw.len)
			continue;
		/* Two escapes make one character above U+FFFF. */
		if ((raw.ptr[i + 1] | 32) == 'd' &&
		    strchr("cdefCDEF", raw.ptr[i + 2]) != NULL)
			n--;
		i += 4;
	}
	return n;
}

static void
put_citation(struct kt_tr *t, uint32_t c, uint64_t from, uint64_t to,
    bool *is_open)
{
	if (!kt_tr_has_type(t, kt_tr_get(t, c, "url"), KT_JSON_STRING)) {
		kt_tr_dropped(t, "citations");
		return;
	}
	kt_tr_approximated(t, "citations");
	if (!*is_open) {
		kt_json_named_array(t->w, "annotations");
		*is_open = true;
	}
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "url_citation");
	kt_json_named_object(t->w, "url_citation");
	put_count(t, "start_index", from);
	put_count(t, "end_index", to);
	kt_tr_copy(t, "url", kt_tr_get(t, c, "url"));
	kt_tr_put_raw(t, "title", kt_tr_string(t, kt_tr_get(t, c, "title")));
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

static void
put_citations(struct kt_tr *t, uint32_t first)
{
	uint64_t from = 0;
	bool is_open = false;

	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		uint32_t list = kt_tr_get(t, b, "citations");
		uint64_t to;

		if (!kt_tr_is(t, kt_tr_get(t, b, "type"), "text"))
			continue;
		to = from +
		    characters(kt_tr_string(t, kt_tr_get(t, b, "text")));
		for (uint32_t c = kt_json_first(t->json, list); c != 0;
		     c = kt_json_next(t->json, c))
			put_citation(t, c, from, to, &is_open);
		from = to;
	}
	if (is_open)
		kt_json_end_array(t->w);
}

static void
tell_blocks(struct kt_tr *t, uint32_t first, uint32_t *ntexts, uint32_t *ncalls)
{
	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		uint32_t type = kt_tr_get(t, b, "type");

		if (kt_tr_is(t, type, "text"))
			(*ntexts)++;
		else if (kt_tr_is(t, type, "tool_use"))
			(*ncalls)++;
		else
			kt_tr_dropped_name(t, "", kt_tr_string(t, type));
	}
}

static void
put_joined(struct kt_tr *t, uint32_t first)
{
	kt_json_put_raw(t->w, KT_SPAN("\""));
	for (uint32_t b = first; b != 0 && t->w->rc == KT_OK;
	     b = kt_json_next(t->json, b))
		if (kt_tr_is(t, kt_tr_get(t, b, "type"), "text"))
			t->w->rc = kt_buf_add(t->w->out,
			    kt_tr_string(t, kt_tr_get(t, b, "text")));
	if (t->w->rc == KT_OK)
		t->w->rc = kt_buf_addc(t->w->out, '"');
}

static void
put_refusal(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t why = kt_tr_get(
	    t, kt_tr_get(t, root, "stop_details"), "explanation");

	kt_json_put_name(t->w, "refusal");
	if (kt_tr_is(t, kt_tr_get(t, root, "stop_reason"), "refusal") &&
	    kt_tr_has_type(t, why, KT_JSON_STRING))
		kt_json_put_raw(t->w, kt_json_raw(t->json, t->text, why));
	else
		kt_json_put_null(t->w);
}

static void
put_calls(struct kt_tr *t, uint32_t first)
{
	bool has_functions = kt_tr_has_functions(t);
	uint32_t n = 0;

	if (!has_functions)
		kt_json_named_array(t->w, "tool_calls");
	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		if (!kt_tr_is(t, kt_tr_get(t, b, "type"), "tool_use"))
			continue;
		if (!has_functions)
			put_call(t, b);
		else if (n++ == 0)
			put_function(t, "function_call", b);
		else
			kt_tr_dropped(t, "tool_calls");
	}
	if (!has_functions)
		kt_json_end_array(t->w);
}

static void
put_message(struct kt_tr *t)
{
	uint32_t first = kt_json_first(t->json,
	    kt_tr_get(t, kt_json_root(t->json), "content"));
	uint32_t ntexts = 0, ncalls = 0;

	tell_blocks(t, first, &ntexts, &ncalls);
	kt_json_named_object(t->w, "message");
	kt_tr_put(t, "role", "assistant");
	kt_json_put_name(t->w, "content");
	if (ntexts > 0)
		put_joined(t, first);
	else
		kt_json_put_null(t->w);
	put_refusal(t);
	if (ncalls > 0)
		put_calls(t, first);
	put_citations(t, first);
	kt_json_end_object(t->w);
}

static void
put_finish(struct kt_tr *t)
{
	struct kt_span stop = kt_tr_string(t,
	    kt_tr_get(t, kt_json_root(t->json), "stop_reason"));

	if (kt_tr_get(t, kt_json_root(t->json), "stop_sequence") != 0)
		kt_tr_dropped(t, "stop_sequence");
	kt_tr_put(t, "finish_reason", kt_tr_stop_to_openai(t, stop));
}

void
kt_tr_answer_to_openai(struct kt_tr *t)
{
	struct kt_answer_facts facts;

	if (!kt_tr_has_type(t, kt_tr_get(t, kt_json_root(t->json), "content"),
		KT_JSON_ARRAY)) {
		kt_tr_refuse(t, "content: must be an array");
		return;
	}
	kt_answer_facts(KT_FORMAT_ANTHROPIC, t->json, t->text, &facts);
	kt_json_begin_object(t->w);
	kt_tr_message_id(t, KT_FORMAT_OPENAI, facts.id);
	kt_tr_put(t, "object", "chat.completion");
	put_count(t, "created", t->o->now_s);
	kt_tr_put_raw(t, "model", facts.model);
	kt_json_named_array(t->w, "choices");
	kt_json_begin_object(t->w);
	put_count(t, "index", 0);
	put_message(t);
	kt_json_named_null(t->w, "logprobs");
	put_finish(t);
	kt_json_end_object(t->w);
	kt_json_end_array(t->w);
	kt_tr_usage_openai(t, &facts.usage,
	    thinking_tokens(t, "output_tokens_details", "thinking_tokens"));
	kt_json_named_null(t->w, "system_fingerprint");
	kt_json_end_object(t->w);
}
