/*
 * offline_openai - the turn as a chat completion.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/offline_priv.h"

static const char *
finish_reason(const struct kt_offline_turn *t)
{
	return t->ncalls > 0 ? "tool_calls" : t->is_cut ? "length" : "stop";
}

static void
put_usage(struct kt_json_writer *w, const struct kt_offline_turn *t)
{
	kt_json_named_object(w, "usage");
	kt_json_named_u64(w, "prompt_tokens", t->input_tokens);
	kt_json_named_u64(w, "completion_tokens", t->output_tokens);
	kt_json_named_u64(
	    w, "total_tokens", t->input_tokens + t->output_tokens);
	kt_json_end_object(w);
}

static void
put_head(struct kt_json_writer *w, const struct kt_offline_turn *t,
    const char *object)
{
	kt_json_begin_object(w);
	kt_offline_put_id(w, "id", "chatcmpl-", t, 0);
	kt_json_named_cstr(w, "object", object);
	kt_json_named_u64(w, "created", 0);
	kt_json_named_raw(w, "model", t->model);
	kt_json_named_array(w, "choices");
}

static void
put_function(struct kt_json_writer *w, const struct kt_span *name,
    struct kt_span arguments)
{
	kt_json_named_object(w, "function");
	if (name != NULL)
		kt_json_named_string(w, "name", *name);
	kt_json_named_string(w, "arguments", arguments);
	kt_json_end_object(w);
}

static void
put_call_head(
    struct kt_json_writer *w, const struct kt_offline_turn *t, size_t i)
{
	kt_offline_put_id(w, "id", "call_", t, i);
	kt_json_named_cstr(w, "type", "function");
}

static enum kt_rc
whole(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	put_head(&w, t, "chat.completion");
	kt_json_begin_object(&w);
	kt_json_named_u64(&w, "index", 0);
	kt_json_named_object(&w, "message");
	kt_json_named_cstr(&w, "role", "assistant");
	kt_json_put_name(&w, "content");
	if (t->ncalls > 0)
		kt_json_put_null(&w);
	else
		kt_json_put_string(&w, t->text);
	kt_json_named_null(&w, "refusal");
	if (t->ncalls > 0) {
		kt_json_named_array(&w, "tool_calls");
		for (size_t i = 0; i < t->ncalls; i++) {
			kt_json_begin_object(&w);
			put_call_head(&w, t, i);
			put_function(&w, &t->calls[i].name,
			    t->calls[i].arguments);
			kt_json_end_object(&w);
		}
		kt_json_end_array(&w);
	}
	kt_json_end_object(&w);
	kt_json_named_null(&w, "logprobs");
	kt_json_named_cstr(&w, "finish_reason", finish_reason(t));
	kt_json_end_object(&w);
	kt_json_end_array(&w);
	put_usage(&w, t);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

/* ---- streamed ---- */

struct chunks {
	const struct kt_offline_turn *t;
	struct kt_buf *out;
	struct kt_json_writer w;
	enum kt_rc rc; /* the first failure stays */
};

/* Leaves the writer inside "delta". */
static void
begin(struct chunks *c)
{
	if (c->rc == KT_OK)
		c->rc = kt_buf_add(c->out, KT_SPAN("data: "));
	kt_json_writer_init(&c->w, c->out);
	put_head(&c->w, c->t, "chat.completion.chunk");
	kt_json_begin_object(&c->w);
	kt_json_named_u64(&c->w, "index", 0);
	kt_json_named_object(&c->w, "delta");
}

static void
close_chunk(struct chunks *c)
{
	kt_json_end_object(&c->w);
	if (c->rc == KT_OK)
		c->rc = kt_json_written(&c->w);
	if (c->rc == KT_OK)
		c->rc = kt_buf_add(c->out, KT_SPAN("\n\n"));
}

static void
end(struct chunks *c, const char *reason)
{
	kt_json_end_object(&c->w);
	kt_json_named_word(&c->w, "finish_reason", reason);
	kt_json_end_object(&c->w);
	kt_json_end_array(&c->w);
	if (c->t->wants_usage)
		kt_json_named_null(&c->w, "usage");
	close_chunk(c);
}

static void
call_chunk(struct chunks *c, size_t i, bool is_first, struct kt_span piece)
{
	begin(c);
	kt_json_named_array(&c->w, "tool_calls");
	kt_json_begin_object(&c->w);
	kt_json_named_u64(&c->w, "index", i);
	if (is_first)
		put_call_head(&c->w, c->t, i);
	put_function(&c->w, is_first ? &c->t->calls[i].name : NULL, piece);
	kt_json_end_object(&c->w);
	kt_json_end_array(&c->w);
	end(c, NULL);
}

static enum kt_rc
stream(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct chunks c = { .t = t, .out = out };
	struct kt_span rest = t->text;

	begin(&c);
	kt_json_named_cstr(&c.w, "role", "assistant");
	kt_json_named_cstr(&c.w, "content", "");
	end(&c, NULL);
	while (rest.len > 0) {
		begin(&c);
		kt_json_named_string(&c.w, "content", kt_offline_piece(&rest));
		end(&c, NULL);
	}
	for (size_t i = 0; i < t->ncalls; i++) {
		rest = t->calls[i].arguments;
		call_chunk(&c, i, true, (struct kt_span){ .ptr = "" });
		while (rest.len > 0)
			call_chunk(&c, i, false, kt_offline_piece(&rest));
	}
	begin(&c);
	end(&c, finish_reason(t));
	if (t->wants_usage && c.rc == KT_OK) {
		c.rc = kt_buf_add(out, KT_SPAN("data: "));
		kt_json_writer_init(&c.w, out);
		put_head(&c.w, t, "chat.completion.chunk");
		kt_json_end_array(&c.w);
		put_usage(&c.w, t);
		close_chunk(&c);
	}
	return c.rc == KT_OK ? kt_buf_add(out, KT_SPAN("data: [DONE]\n\n"))
			     : c.rc;
}

enum kt_rc
kt_offline_say_openai(const struct kt_offline_turn *t, struct kt_buf *out)
{
	return t->is_stream ? stream(t, out) : whole(t, out);
}
