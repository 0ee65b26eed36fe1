/*
 * offline_responses - the turn as a response: items, each told when it is
 * added, as it grows, and once more when it is done.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/offline_priv.h"

enum phase { ADDED, DONE };

static void
put_part(struct kt_json_writer *w, struct kt_span text)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", "output_text");
	kt_json_named_string(w, "text", text);
	kt_json_named_array(w, "annotations");
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
put_status(struct kt_json_writer *w, enum phase phase)
{
	kt_json_named_cstr(
	    w, "status", phase == DONE ? "completed" : "in_progress");
}

static void
put_message(struct kt_json_writer *w, const struct kt_offline_turn *t,
    enum phase phase)
{
	kt_json_begin_object(w);
	kt_offline_put_id(w, "id", "msg_", t, 0);
	kt_json_named_cstr(w, "type", "message");
	put_status(w, phase);
	kt_json_named_cstr(w, "role", "assistant");
	kt_json_named_array(w, "content");
	if (phase == DONE)
		put_part(w, t->text);
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
put_call(struct kt_json_writer *w, const struct kt_offline_turn *t, size_t i,
    enum phase phase)
{
	kt_json_begin_object(w);
	kt_offline_put_id(w, "id", "fc_", t, i);
	kt_json_named_cstr(w, "type", "function_call");
	put_status(w, phase);
	kt_offline_put_id(w, "call_id", "call_", t, i);
	kt_json_named_string(w, "name", t->calls[i].name);
	kt_json_put_name(w, "arguments");
	kt_json_put_string(w,
	    phase == DONE ? t->calls[i].arguments
			  : (struct kt_span){ .ptr = "" });
	kt_json_end_object(w);
}

static void
put_usage(struct kt_json_writer *w, const struct kt_offline_turn *t)
{
	kt_json_begin_object(w);
	kt_json_named_u64(w, "input_tokens", t->input_tokens);
	kt_json_named_object(w, "input_tokens_details");
	kt_json_named_u64(w, "cached_tokens", 0);
	kt_json_end_object(w);
	kt_json_named_u64(w, "output_tokens", t->output_tokens);
	kt_json_named_object(w, "output_tokens_details");
	kt_json_named_u64(w, "reasoning_tokens", 0);
	kt_json_end_object(w);
	kt_json_named_u64(
	    w, "total_tokens", t->input_tokens + t->output_tokens);
	kt_json_end_object(w);
}

static void
put_nulls(struct kt_json_writer *w)
{
	static const char *const names[] = { "error", "incomplete_details",
		"instructions", "previous_response_id" };

	for (size_t i = 0; i < KT_NELEMS(names); i++)
		kt_json_named_null(w, names[i]);
}

static void
put_response(struct kt_json_writer *w, const struct kt_offline_turn *t,
    enum phase phase)
{
	kt_json_begin_object(w);
	kt_offline_put_id(w, "id", "resp_", t, 0);
	kt_json_named_cstr(w, "object", "response");
	kt_json_named_u64(w, "created_at", 0);
	put_status(w, phase);
	put_nulls(w);
	kt_json_named_raw(w, "model", t->model);
	kt_json_named_array(w, "output");
	if (phase == DONE && t->ncalls == 0)
		put_message(w, t, DONE);
	for (size_t i = 0; phase == DONE && i < t->ncalls; i++)
		put_call(w, t, i, DONE);
	kt_json_end_array(w);
	kt_json_named_bool(w, "parallel_tool_calls", true);
	kt_json_named_cstr(w, "tool_choice", "auto");
	kt_json_named_array(w, "tools");
	kt_json_end_array(w);
	kt_json_put_name(w, "usage");
	if (phase == DONE)
		put_usage(w, t);
	else
		kt_json_put_null(w);
	kt_json_end_object(w);
}

/* ---- streamed ---- */

struct events {
	const struct kt_offline_turn *t;
	struct kt_buf *out;
	struct kt_json_writer w;
	uint64_t number;
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
	kt_json_named_u64(&e->w, "sequence_number", e->number++);
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
response(struct events *e, const char *type, enum phase phase)
{
	begin(e, type);
	kt_json_put_name(&e->w, "response");
	put_response(&e->w, e->t, phase);
	end(e);
}

static void
item(struct events *e, size_t i, enum phase phase)
{
	begin(e, phase == DONE ? "response.output_item.done"
			       : "response.output_item.added");
	kt_json_named_u64(&e->w, "output_index", i);
	kt_json_put_name(&e->w, "item");
	if (e->t->ncalls == 0)
		put_message(&e->w, e->t, phase);
	else
		put_call(&e->w, e->t, i, phase);
	end(e);
}

/* One event of a text: which item, and where in it. */
static void
begin_text(struct events *e, const char *type)
{
	begin(e, type);
	kt_offline_put_id(&e->w, "item_id", "msg_", e->t, 0);
	kt_json_named_u64(&e->w, "output_index", 0);
	kt_json_named_u64(&e->w, "content_index", 0);
}

static void
end_text(struct events *e, const char *name, struct kt_span text)
{
	kt_json_named_string(&e->w, name, text);
	end(e);
}

static void
part(struct events *e, const char *type, struct kt_span text)
{
	begin_text(e, type);
	kt_json_put_name(&e->w, "part");
	put_part(&e->w, text);
	end(e);
}

static void
message(struct events *e)
{
	struct kt_span rest = e->t->text;

	part(e, "response.content_part.added", (struct kt_span){ .ptr = "" });
	while (rest.len > 0) {
		begin_text(e, "response.output_text.delta");
		end_text(e, "delta", kt_offline_piece(&rest));
	}
	begin_text(e, "response.output_text.done");
	end_text(e, "text", e->t->text);
	part(e, "response.content_part.done", e->t->text);
}

static void
begin_arguments(struct events *e, const char *type, size_t i)
{
	begin(e, type);
	kt_offline_put_id(&e->w, "item_id", "fc_", e->t, i);
	kt_json_named_u64(&e->w, "output_index", i);
}

static void
call(struct events *e, size_t i)
{
	struct kt_span rest = e->t->calls[i].arguments;

	while (rest.len > 0) {
		begin_arguments(e, "response.function_call_arguments.delta", i);
		end_text(e, "delta", kt_offline_piece(&rest));
	}
	begin_arguments(e, "response.function_call_arguments.done", i);
	end_text(e, "arguments", e->t->calls[i].arguments);
}

static enum kt_rc
stream(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct events e = { .t = t, .out = out };

	response(&e, "response.created", ADDED);
	response(&e, "response.in_progress", ADDED);
	if (t->ncalls == 0) {
		item(&e, 0, ADDED);
		message(&e);
		item(&e, 0, DONE);
	}
	for (size_t i = 0; i < t->ncalls; i++) {
		item(&e, i, ADDED);
		call(&e, i);
		item(&e, i, DONE);
	}
	response(&e, "response.completed", DONE);
	return e.rc;
}

enum kt_rc
kt_offline_say_responses(const struct kt_offline_turn *t, struct kt_buf *out)
{
	struct kt_json_writer w;

	if (t->is_stream)
		return stream(t, out);
	kt_json_writer_init(&w, out);
	put_response(&w, t, DONE);
	return kt_json_written(&w);
}
