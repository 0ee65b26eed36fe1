/*
 * translate_events - the frames of both formats, and what a client has seen.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

void
kt_ts_init(struct kt_ts *s, struct kt_stream_writer *w, struct kt_buf *out,
    const struct kt_json *json, struct kt_span text, struct kt_err *err)
{
	s->w = w;
	s->out = out;
	kt_json_writer_init(&s->json, out);
	kt_tr_init(&s->t, json, text, w->o, w->mem, &s->json, &w->report, err);
}

void
kt_ts_add(struct kt_ts *s, struct kt_span bytes)
{
	if (s->t.rc == KT_OK && kt_buf_add(s->out, bytes) < 0)
		kt_tr_full(&s->t);
}

void
kt_ts_begin(struct kt_ts *s, const char *name)
{
	if (name != NULL) {
		kt_ts_add(s, KT_SPAN("event: "));
		kt_ts_add(s, kt_span_of(name));
		kt_ts_add(s, KT_SPAN("\n"));
	}
	kt_ts_add(s, KT_SPAN("data: "));
	kt_json_writer_init(&s->json, s->out);
	kt_json_begin_object(&s->json);
	if (name != NULL)
		kt_tr_put(&s->t, "type", name);
}

void
kt_ts_end(struct kt_ts *s)
{
	kt_json_end_object(&s->json);
	if (s->t.rc == KT_OK && kt_json_written(&s->json) < 0)
		kt_tr_full(&s->t);
	kt_ts_add(s, KT_SPAN("\n\n"));
}

void
kt_ts_count(struct kt_ts *s, const char *name, uint64_t v)
{
	kt_json_named_u64(&s->json, name, v);
}

void
kt_ts_message_start(struct kt_ts *s)
{
	kt_ts_begin(s, "message_start");
	kt_json_named_object(&s->json, "message");
	kt_tr_message_id(&s->t, KT_FORMAT_ANTHROPIC, kt_buf_span(&s->w->id));
	kt_tr_put(&s->t, "type", "message");
	kt_tr_put(&s->t, "role", "assistant");
	kt_tr_put_raw(&s->t, "model", kt_buf_span(&s->w->model));
	kt_json_named_array(&s->json, "content");
	kt_json_end_array(&s->json);
	kt_json_named_null(&s->json, "stop_reason");
	kt_json_named_null(&s->json, "stop_sequence");
	kt_tr_usage_anthropic(&s->t, &s->w->usage, 0);
	kt_json_end_object(&s->json);
	kt_ts_end(s);
	s->w->is_started = true;
}

void
kt_ts_block_start(struct kt_ts *s, enum kt_open_block kind, struct kt_span id,
    struct kt_span name)
{
	struct kt_stream_writer *w = s->w;

	w->index = w->next_index++;
	w->open = kind;
	kt_ts_begin(s, "content_block_start");
	kt_ts_count(s, "index", w->index);
	kt_json_named_object(&s->json, "content_block");
	if (kind == KT_OPEN_TEXT) {
		kt_tr_put(&s->t, "type", "text");
		kt_tr_put(&s->t, "text", "");
	} else {
		kt_tr_put(&s->t, "type", "tool_use");
		kt_tr_call_id_out(&s->t, "id", id);
		kt_tr_put_raw(&s->t, "name", name);
		kt_json_named_raw(&s->json, "input", KT_SPAN("{}"));
	}
	kt_json_end_object(&s->json);
	kt_ts_end(s);
}

void
kt_ts_block_delta(struct kt_ts *s, struct kt_span raw)
{
	bool is_text = s->w->open == KT_OPEN_TEXT;

	kt_ts_begin(s, "content_block_delta");
	kt_ts_count(s, "index", s->w->index);
	kt_json_named_object(&s->json, "delta");
	kt_tr_put(&s->t, "type", is_text ? "text_delta" : "input_json_delta");
	kt_tr_put_raw(&s->t, is_text ? "text" : "partial_json", raw);
	kt_json_end_object(&s->json);
	kt_ts_end(s);
}

void
kt_ts_block_stop(struct kt_ts *s)
{
	if (s->w->open == KT_OPEN_NONE)
		return;
	kt_ts_begin(s, "content_block_stop");
	kt_ts_count(s, "index", s->w->index);
	kt_ts_end(s);
	s->w->open = KT_OPEN_NONE;
}

void
kt_ts_message_delta(struct kt_ts *s, const char *stop, bool all_usage)
{
	kt_ts_begin(s, "message_delta");
	kt_json_named_object(&s->json, "delta");
	kt_tr_put(&s->t, "stop_reason", stop);
	kt_json_named_null(&s->json, "stop_sequence");
	kt_json_end_object(&s->json);
	if (all_usage) {
		kt_tr_usage_anthropic(&s->t, &s->w->usage, s->w->reasoning);
	} else {
		kt_json_named_object(&s->json, "usage");
		kt_ts_count(s, "output_tokens", s->w->usage.output);
		kt_json_end_object(&s->json);
	}
	kt_ts_end(s);
	s->w->is_finished = true;
}

void
kt_ts_message_stop(struct kt_ts *s, const char *policy_reason)
{
	kt_ts_begin(s, "message_stop");
	if (policy_reason != NULL)
		kt_tr_put(&s->t, "policy_reason_code", policy_reason);
	kt_ts_end(s);
	s->w->is_ended = true;
	s->w->is_complete = policy_reason == NULL;
}

static void
chunk_head(struct kt_ts *s)
{
	struct kt_stream_writer *w = s->w;

	kt_ts_begin(s, NULL);
	if (w->from == KT_FORMAT_OPENAI && w->id.len > 0)
		kt_tr_put_raw(&s->t, "id", kt_buf_span(&w->id));
	else
		kt_tr_message_id(&s->t, KT_FORMAT_OPENAI, kt_buf_span(&w->id));
	kt_tr_put(&s->t, "object", "chat.completion.chunk");
	kt_ts_count(s, "created", w->created);
	kt_tr_put_raw(&s->t, "model", kt_buf_span(&w->model));
	kt_json_named_array(&s->json, "choices");
}

void
kt_ts_chunk_begin(struct kt_ts *s, uint64_t choice)
{
	chunk_head(s);
	kt_json_begin_object(&s->json);
	kt_ts_count(s, "index", choice);
	kt_json_named_object(&s->json, "delta");
	s->w->is_started = true;
}

void
kt_ts_chunk_end(struct kt_ts *s, const char *finish_reason)
{
	kt_json_end_object(&s->json);
	kt_json_named_word(&s->json, "finish_reason", finish_reason);
	kt_json_end_object(&s->json);
	kt_json_end_array(&s->json);
	kt_ts_end(s);
}

void
kt_ts_chunk_role(struct kt_ts *s)
{
	kt_ts_chunk_begin(s, 0);
	kt_tr_put(&s->t, "role", "assistant");
	kt_tr_put(&s->t, "content", "");
	kt_ts_chunk_end(s, NULL);
}

void
kt_ts_chunk_usage(struct kt_ts *s)
{
	chunk_head(s);
	kt_json_end_array(&s->json);
	kt_tr_usage_openai(&s->t, &s->w->usage, s->w->reasoning);
	kt_ts_end(s);
}

void
kt_ts_done(struct kt_ts *s)
{
	kt_ts_add(s, KT_SPAN("data: [DONE]\n\n"));
	s->w->is_ended = true;
}

static bool
keep(struct kt_buf *b, struct kt_span raw)
{
	return b->len > 0 || raw.len == 0 || kt_buf_add(b, raw) == KT_OK;
}

void
kt_ts_remember(struct kt_ts *s, uint32_t object)
{
	struct kt_tr *t = &s->t;

	if (!keep(&s->w->id, kt_tr_string(t, kt_tr_get(t, object, "id"))) ||
	    !keep(&s->w->model, kt_tr_string(t, kt_tr_get(t, object, "model"))))
		kt_tr_refuse(t, "event: an id or model of many bytes");
}
