/*
 * offline_anthropic - the turn as a message.  Whole and streamed are written
 * apart: a stream made from a whole answer would hide faults in its grammar.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/offline_priv.h"

static void
put_usage(struct kt_json_writer *w, const struct kt_offline_turn *t,
    uint64_t output)
{
	kt_json_named_object(w, "usage");
	kt_json_named_u64(w, "input_tokens", t->input_tokens);
	kt_json_named_u64(w, "cache_creation_input_tokens", 0);
	kt_json_named_u64(w, "cache_read_input_tokens", 0);
	kt_json_named_u64(w, "output_tokens", output);
	kt_json_end_object(w);
}

static const char *
stop_reason(const struct kt_offline_turn *t)
{
	return t->ncalls > 0 ? "tool_use" : t->is_cut ? "max_tokens" : "end_turn";
}

static void
put_tool(struct kt_json_writer *w, const struct kt_offline_turn *t, size_t i,
    struct kt_span input)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", "tool_use");
	kt_offline_put_id(w, "id", "toolu_", t, i);
	kt_json_named_string(w, "name", t->calls[i].name);
	kt_json_named_raw(w, "input", input);
	kt_json_end_object(w);
}

static void
put_text(struct kt_json_writer *w, struct kt_span text)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", "text");
	kt_json_named_string(w, "text", text);
	kt_json_end_object(w);
}

static void
put_message(struct kt_json_writer *w, const struct kt_offline_turn *t,
    bool is_whole)
{
	kt_json_begin_object(w);
	kt_offline_put_id(w, "id", "msg_", t, 0);
	kt_json_named_cstr(w, "type", "message");
	kt_json_named_cstr(w, "role", "assistant");
	kt_json_named_raw(w, "model", t->model);
	kt_json_named_array(w, "content");
	if (is_whole && t->text.len > 0)
		put_text(w, t->text);
	for (size_t i = 0; is_whole && i < t->ncalls; i++)
		put_tool(w, t, i, t->calls[i].arguments);
	kt_json_end_array(w);
	kt_json_named_word(w, "stop_reason", is_whole ? stop_reason(t) : NULL);
	kt_json_named_null(w, "stop_sequence");
	put_usage(w, t, is_whole ? t->output_tokens : 1);
	kt_json_end_object(w);
}

/* ---- streamed ---- */

struct events {
	const struct kt_offline_turn *t;
	struct kt_buf *out;
	struct kt_json_writer w;
	enum kt_rc rc; /* the first failure stays */
};

static void
begin(struct events *e, const char *type)
{
	if (e->rc == KT_OK)
		e->rc = kt_buf_printf(e->out, "event: %s\ndata: ", type);
	kt_json_writer_init(&e->w, e->out);
	kt_json_begin_object(&e->w);
	kt_json_named_cstr(&e->w, "type", type);
}

static void
end(struct events *e)
{
	kt_json_end_object(&e->w);
	if (e->rc == KT_OK)
		e->rc = kt_json_written(&e->w);
	if (e->rc == KT_OK)
		e->rc = kt_buf_add(e->out, KT_SPAN("\n\n"));
}

static void
deltas(struct events *e, size_t index, const char *type, const char *name,
    struct kt_span rest)
{
	while (rest.len > 0) {
		begin(e, "content_block_delta");
		kt_json_named_u64(&e->w, "index", index);
		kt_json_named_object(&e->w, "delta");
		kt_json_named_cstr(&e->w, "type", type);
		kt_json_named_string(&e->w, name, kt_offline_piece(&rest));
		kt_json_end_object(&e->w);
		end(e);
	}
}

static void
block_start(struct events *e, size_t index)
{
	begin(e, "content_block_start");
	kt_json_named_u64(&e->w, "index", index);
	kt_json_put_name(&e->w, "content_block");
}

static void
block_stop(struct events *e, size_t index)
{
	begin(e, "content_block_stop");
	kt_json_named_u64(&e->w, "index", index);
	end(e);
}

static void
blocks(struct events *e)
{
	const struct kt_offline_turn *t = e->t;

	if (t->text.len > 0) {
		block_start(e, 0);
		put_text(&e->w, (struct kt_span){ .ptr = "" });
		end(e);
		deltas(e, 0, "text_delta", "text", t->text);
		block_stop(e, 0);
	}
	for (size_t i = 0; i < t->ncalls; i++) {
		block_start(e, i);
		put_tool(&e->w, t, i, KT_SPAN("{}"));
		end(e);
		deltas(e, i, "input_json_delta", "partial_json",
		    t->calls[i].arguments);
		block_stop(e, i);
	}
}

static enum kt_rc
stream(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct events e = { .t = t, .out = out };

	begin(&e, "message_start");
	kt_json_put_name(&e.w, "message");
	put_message(&e.w, t, false);
	end(&e);
	begin(&e, "ping");
	end(&e);
	blocks(&e);
	begin(&e, "message_delta");
	kt_json_named_object(&e.w, "delta");
	kt_json_named_cstr(&e.w, "stop_reason", stop_reason(t));
	kt_json_named_null(&e.w, "stop_sequence");
	kt_json_end_object(&e.w);
	put_usage(&e.w, t, t->output_tokens);
	end(&e);
	begin(&e, "message_stop");
	end(&e);
	return e.rc;
}

enum kt_rc
kt_offline_say_anthropic(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct kt_json_writer w;

	if (t->is_stream)
		return stream(t, out);
	kt_json_writer_init(&w, out);
	put_message(&w, t, true);
	return kt_json_written(&w);
}
