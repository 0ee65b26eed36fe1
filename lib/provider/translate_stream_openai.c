/*
 * translate_stream_openai - Anthropic's events as OpenAI's chunks.  One
 * function per event type; what has no place among chunks says nothing, and
 * the caller's pings keep the connection alive meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

static uint32_t
root_member(struct kt_ts *s, const char *name)
{
	return kt_tr_get(&s->t, kt_json_root(s->t.json), name);
}

static void
take_usage(struct kt_ts *s, uint32_t usage)
{
	struct kt_tr *t = &s->t;
	uint32_t details = kt_tr_get(t, usage, "output_tokens_details");

	kt_usage_anthropic(&s->w->usage, t->json, t->text, usage);
	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, details, "thinking_tokens"), &s->w->reasoning);
}

static void
message_start(struct kt_ts *s)
{
	uint32_t message = root_member(s, "message");

	kt_ts_remember(s, message);
	take_usage(s, kt_tr_get(&s->t, message, "usage"));
	kt_ts_chunk_role(s);
}

static void
put_text(struct kt_ts *s, const char *name, struct kt_span raw)
{
	if (raw.len == 0)
		return;
	kt_ts_chunk_begin(s, 0);
	kt_tr_put_raw(&s->t, name, raw);
	kt_ts_chunk_end(s, NULL);
}

/* {..."tool_calls":[{"index":k, of which a function_call has nothing. */
static void
call_begin(struct kt_ts *s)
{
	kt_ts_chunk_begin(s, 0);
	if (kt_tr_has_functions(&s->t))
		return;
	kt_json_named_array(&s->json, "tool_calls");
	kt_json_begin_object(&s->json);
	kt_ts_count(s, "index", s->w->ncalls_sent);
}

static void
call_end(struct kt_ts *s)
{
	if (!kt_tr_has_functions(&s->t)) {
		kt_json_end_object(&s->json);
		kt_json_end_array(&s->json);
	}
	kt_ts_chunk_end(s, NULL);
}

static void
function_begin(struct kt_ts *s)
{
	kt_json_named_object(&s->json,
	    kt_tr_has_functions(&s->t) ? "function_call" : "function");
}

static void
put_arguments(struct kt_ts *s, struct kt_span raw)
{
	call_begin(s);
	function_begin(s);
	kt_tr_put_raw(&s->t, "arguments", raw);
	kt_json_end_object(&s->json);
	call_end(s);
	s->w->has_json = true;
}

/* A call whose input came with its start: it is said when the block ends. */
static void
keep_input(struct kt_ts *s, uint32_t input)
{
	struct kt_span raw = kt_json_raw(s->t.json, s->t.text, input);

	kt_buf_reset(&s->w->pending);
	if (kt_tr_has_type(&s->t, input, KT_JSON_OBJECT) &&
	    !kt_tr_is_empty(&s->t, input) &&
	    kt_buf_add(&s->w->pending, raw) < 0)
		kt_tr_full(&s->t);
}

static void
call_start(struct kt_ts *s, uint32_t block)
{
	struct kt_stream_writer *w = s->w;
	struct kt_tr *t = &s->t;
	struct kt_span id = kt_tr_string(t, kt_tr_get(t, block, "id"));
	struct kt_span name = kt_tr_string(t, kt_tr_get(t, block, "name"));

	if (kt_tr_has_functions(t) && w->ncalls_sent > 0) {
		w->open = KT_OPEN_OTHER;
		kt_tr_dropped(t, "tool_calls");
		return;
	}
	w->has_json = false;
	keep_input(s, kt_tr_get(t, block, "input"));
	if (kt_tr_is_custom(t, name)) {
		kt_buf_reset(&w->call_id);
		kt_buf_reset(&w->name);
		if (kt_buf_add(&w->call_id, id) < 0 ||
		    kt_buf_add(&w->name, name) < 0)
			kt_tr_full(t);
		w->open = KT_OPEN_CUSTOM;
		return;
	}
	w->open = KT_OPEN_CALL;
	call_begin(s);
	if (!kt_tr_has_functions(t)) {
		kt_tr_call_id_back(t, "id", id);
		kt_tr_put(t, "type", "function");
	}
	function_begin(s);
	kt_tr_put_raw(t, "name", name);
	kt_tr_put(t, "arguments", "");
	kt_json_end_object(&s->json);
	call_end(s);
}

static void
block_start(struct kt_ts *s)
{
	struct kt_tr *t = &s->t;
	uint32_t block = root_member(s, "content_block");
	uint32_t type = kt_tr_get(t, block, "type");

	if (kt_tr_is(t, type, "text")) {
		s->w->open = KT_OPEN_TEXT;
		put_text(s, "content",
		    kt_tr_string(t, kt_tr_get(t, block, "text")));
	} else if (kt_tr_is(t, type, "tool_use")) {
		call_start(s, block);
	} else {
		/* The name must outlive the event: a few are worth one. */
		s->w->open = KT_OPEN_OTHER;
		kt_tr_dropped(t, kt_tr_is(t, type, "thinking") ? "thinking"
			: kt_tr_is(t, type, "redacted_thinking")
			? "redacted_thinking"
			: kt_tr_is(t, type, "server_tool_use")
			? "server_tool_use"
			: "content_block");
	}
}

static void
block_delta(struct kt_ts *s)
{
	struct kt_tr *t = &s->t;
	uint32_t delta = root_member(s, "delta");
	uint32_t type = kt_tr_get(t, delta, "type");
	struct kt_span json = kt_tr_string(
	    t, kt_tr_get(t, delta, "partial_json"));

	if (kt_tr_is(t, type, "text_delta"))
		put_text(s, "content",
		    kt_tr_string(t, kt_tr_get(t, delta, "text")));
	else if (kt_tr_is(t, type, "citations_delta"))
		kt_tr_dropped(t, "citations");
	else if (!kt_tr_is(t, type, "input_json_delta") || json.len == 0)
		return;
	else if (s->w->open == KT_OPEN_CALL)
		put_arguments(s, json);
	else if (s->w->open == KT_OPEN_CUSTOM &&
	    kt_json_unescape_add(&s->w->pending, json) < 0)
		kt_tr_full(t);
}

/* {"input": text} as the text; what the model wrote otherwise stays. */
static void
put_custom(struct kt_ts *s)
{
	struct kt_stream_writer *w = s->w;
	struct kt_span whole = kt_buf_span(&w->pending);
	struct kt_json j;
	uint32_t input = 0;

	kt_json_init(&j, whole.len);
	if (kt_json_parse(&j, whole, NULL) == KT_OK)
		input = kt_json_member(
		    &j, whole, kt_json_root(&j), KT_SPAN("input"));
	call_begin(s);
	kt_tr_call_id_back(&s->t, "id", kt_buf_span(&w->call_id));
	kt_tr_put(&s->t, "type", "custom");
	kt_json_named_object(&s->json, "custom");
	kt_tr_put_raw(&s->t, "name", kt_buf_span(&w->name));
	kt_json_put_name(&s->json, "input");
	if (kt_json_type(&j, input) == KT_JSON_STRING)
		kt_json_put_raw(&s->json, kt_json_raw(&j, whole, input));
	else
		kt_json_put_string(&s->json, whole);
	kt_json_end_object(&s->json);
	call_end(s);
	kt_json_fini(&j);
}

static void
put_kept_input(struct kt_ts *s)
{
	struct kt_span whole = kt_buf_span(&s->w->pending);

	kt_buf_reset(&s->w->scratch);
	if (whole.len == 0)
		whole = KT_SPAN("{}");
	if (kt_json_write_escaped(&s->w->scratch, whole) < 0)
		kt_tr_full(&s->t);
	put_arguments(s, kt_buf_span(&s->w->scratch));
}

static void
block_stop(struct kt_ts *s)
{
	struct kt_stream_writer *w = s->w;

	if (w->open == KT_OPEN_CUSTOM)
		put_custom(s);
	else if (w->open == KT_OPEN_CALL && !w->has_json)
		put_kept_input(s);
	if (w->open == KT_OPEN_CUSTOM || w->open == KT_OPEN_CALL)
		w->ncalls_sent++;
	w->open = KT_OPEN_NONE;
	kt_buf_reset(&w->pending);
}

static void
message_delta(struct kt_ts *s)
{
	struct kt_tr *t = &s->t;
	uint32_t delta = root_member(s, "delta");
	uint32_t reason = kt_tr_get(t, delta, "stop_reason");
	uint32_t why = kt_tr_get(
	    t, kt_tr_get(t, delta, "stop_details"), "explanation");
	const char *word;

	take_usage(s, root_member(s, "usage"));
	if (!kt_tr_has_type(t, reason, KT_JSON_STRING) || s->w->is_finished)
		return;
	word = kt_tr_stop_to_openai(t, kt_tr_string(t, reason));
	if (kt_tr_get(t, delta, "stop_sequence") != 0)
		kt_tr_dropped(t, "stop_sequence");
	if (kt_tr_is(t, reason, "refusal"))
		put_text(s, "refusal", kt_tr_string(t, why));
	kt_ts_chunk_begin(s, 0);
	kt_ts_chunk_end(s, word);
	s->w->is_finished = true;
}

static void
message_stop(struct kt_ts *s)
{
	if (!s->w->is_finished) {
		kt_tr_refuse(&s->t, "event: the message ends without a stop");
		return;
	}
	if (s->w->wants_usage)
		kt_ts_chunk_usage(s);
	kt_ts_done(s);
	s->w->is_complete = s->t.rc == KT_OK;
}

static void
ping(struct kt_ts *s)
{
	kt_ts_add(s, KT_SPAN(": ping\n\n"));
}

void
kt_ts_to_openai(struct kt_ts *s, struct kt_span data)
{
	static const struct {
		const char *type;
		void (*write)(struct kt_ts *s);
		bool needs_start;
	} types[] = {
		{ "content_block_delta", block_delta, true },
		{ "content_block_start", block_start, true },
		{ "content_block_stop", block_stop, true },
		{ "message_start", message_start, false },
		{ "message_delta", message_delta, true },
		{ "message_stop", message_stop, true },
		{ "ping", ping, false },
	};
	uint32_t type;

	(void)data;
	if (s->t.json == NULL)
		return;
	type = root_member(s, "type");
	for (size_t i = 0; i < KT_NELEMS(types); i++) {
		if (!kt_tr_is(&s->t, type, types[i].type))
			continue;
		if (types[i].needs_start && !s->w->is_started)
			kt_tr_refuse(&s->t, "event: before the message began");
		else
			types[i].write(s);
		return;
	}
}
