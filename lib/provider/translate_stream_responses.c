/*
 * translate_stream_responses - OpenAI's responses, followed and cut.  The
 * last event of a response repeats all of its output, so what the client has
 * seen is kept: items that are done, and the text of the one that is open.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

/* ---- following ---- */

/* More than can be kept is more than a cut will repeat. */
static void
keep(struct kt_stream_item *i, struct kt_buf *b, const char *between,
    struct kt_span raw)
{
	if ((b->len > 0 && kt_buf_add(b, kt_span_of(between)) < 0) ||
	    kt_buf_add(b, raw) < 0)
		i->is_lost = true;
}

static void
item_added(struct kt_ts *s, uint32_t root)
{
	struct kt_stream_item *i = &s->w->item;
	struct kt_tr *t = &s->t;
	uint32_t item = kt_tr_get(t, root, "item");

	kt_buf_reset(&i->id);
	kt_buf_reset(&i->parts);
	keep(i, &i->id, "", kt_tr_string(t, kt_tr_get(t, item, "id")));
	i->is_message = kt_tr_is(t, kt_tr_get(t, item, "type"), "message");
	i->has_text = false;
	i->output_index = 0;
	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, root, "output_index"), &i->output_index);
}

static void
part_added(struct kt_ts *s, uint32_t root)
{
	struct kt_stream_item *i = &s->w->item;
	struct kt_tr *t = &s->t;
	uint32_t part = kt_tr_get(t, root, "part");

	kt_buf_reset(&i->text);
	i->has_text = kt_tr_is(t, kt_tr_get(t, part, "type"), "output_text");
	i->is_text_said = false;
	i->is_message &= i->has_text; /* no other part can be closed */
	i->content_index = 0;
	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, root, "content_index"), &i->content_index);
}

static void
follow_item(struct kt_ts *s, uint32_t root)
{
	struct kt_stream_item *i = &s->w->item;
	struct kt_tr *t = &s->t;
	uint32_t type = kt_tr_get(t, root, "type");

	if (kt_tr_is(t, type, "response.output_item.added")) {
		item_added(s, root);
	} else if (kt_tr_is(t, type, "response.content_part.added")) {
		part_added(s, root);
	} else if (kt_tr_is(t, type, "response.output_text.delta")) {
		keep(i, &i->text, "",
		    kt_tr_string(t, kt_tr_get(t, root, "delta")));
	} else if (kt_tr_is(t, type, "response.output_text.done")) {
		i->is_text_said = true;
	} else if (kt_tr_is(t, type, "response.content_part.done")) {
		keep(i, &i->parts, ",", kt_json_raw(t->json, t->text,
		    kt_tr_get(t, root, "part")));
		i->has_text = false;
	} else if (kt_tr_is(t, type, "response.output_item.done")) {
		keep(i, &i->done, ",", kt_json_raw(t->json, t->text,
		    kt_tr_get(t, root, "item")));
		i->is_message = i->has_text = false;
	}
}

void
kt_ts_follow_responses(struct kt_ts *s)
{
	struct kt_stream_writer *w = s->w;
	struct kt_tr *t = &s->t;
	uint32_t root = kt_json_root(t->json);
	uint32_t type = kt_tr_get(t, root, "type");
	uint32_t response = kt_tr_get(t, root, "response");

	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, root, "sequence_number"), &w->sequence);
	if (response != 0) {
		w->is_started = true;
		kt_ts_remember(s, response);
		(void)kt_json_u64(t->json, t->text,
		    kt_tr_get(t, response, "created_at"), &w->created);
	}
	follow_item(s, root);
	if (kt_tr_is(t, type, "response.completed") ||
	    kt_tr_is(t, type, "response.incomplete"))
		w->is_ended = w->is_complete = true;
}

/* ---- the cut ---- */

static void
begin_event(struct kt_ts *s, const char *event)
{
	kt_ts_begin(s, event);
	kt_ts_count(s, "sequence_number", ++s->w->sequence);
}

static void
begin_text_event(struct kt_ts *s, const char *event)
{
	begin_event(s, event);
	kt_tr_put_raw(&s->t, "item_id", kt_buf_span(&s->w->item.id));
	kt_ts_count(s, "output_index", s->w->item.output_index);
	kt_ts_count(s, "content_index", s->w->item.content_index);
}

static void
put_text_part(struct kt_ts *s)
{
	kt_json_begin_object(&s->json);
	kt_tr_put(&s->t, "type", "output_text");
	kt_tr_put_raw(&s->t, "text", kt_buf_span(&s->w->item.text));
	kt_json_named_raw(&s->json, "annotations", KT_SPAN("[]"));
	kt_json_end_object(&s->json);
}

static void
close_text(struct kt_ts *s)
{
	if (!s->w->item.is_text_said) {
		begin_text_event(s, "response.output_text.done");
		kt_tr_put_raw(&s->t, "text", kt_buf_span(&s->w->item.text));
		kt_json_named_raw(&s->json, "logprobs", KT_SPAN("[]"));
		kt_ts_end(s);
	}
	begin_text_event(s, "response.content_part.done");
	kt_json_put_name(&s->json, "part");
	put_text_part(s);
	kt_ts_end(s);
}

/* The message that the cut has left without an end. */
static void
put_message(struct kt_ts *s)
{
	struct kt_stream_item *i = &s->w->item;

	kt_json_begin_object(&s->json);
	kt_tr_put_raw(&s->t, "id", kt_buf_span(&i->id));
	kt_tr_put(&s->t, "type", "message");
	kt_tr_put(&s->t, "status", "incomplete");
	kt_tr_put(&s->t, "role", "assistant");
	kt_json_named_array(&s->json, "content");
	if (i->parts.len > 0)
		kt_json_put_raw(&s->json, kt_buf_span(&i->parts));
	if (i->has_text)
		put_text_part(s);
	kt_json_end_array(&s->json);
	kt_json_end_object(&s->json);
}

/* An open call stays so: who sees the end of one might run it. */
static void
close_message(struct kt_ts *s)
{
	if (!s->w->item.is_message || s->w->item.is_lost)
		return;
	if (s->w->item.has_text)
		close_text(s);
	begin_event(s, "response.output_item.done");
	kt_ts_count(s, "output_index", s->w->item.output_index);
	kt_json_put_name(&s->json, "item");
	put_message(s);
	kt_ts_end(s);
}

static void
put_output(struct kt_ts *s)
{
	struct kt_stream_item *i = &s->w->item;

	kt_json_named_array(&s->json, "output");
	if (i->done.len > 0 && !i->is_lost)
		kt_json_put_raw(&s->json, kt_buf_span(&i->done));
	if (i->is_message && !i->is_lost)
		put_message(s);
	kt_json_end_array(&s->json);
}

static void
put_response(struct kt_ts *s, const char *event, const char *status,
    const char *reason)
{
	struct kt_stream_writer *w = s->w;
	struct kt_span id = kt_buf_span(&w->id);

	begin_event(s, event);
	kt_json_named_object(&s->json, "response");
	kt_tr_put_raw(&s->t, "id", id.len > 0 ? id : KT_SPAN("resp_kt"));
	kt_tr_put(&s->t, "object", "response");
	kt_ts_count(s, "created_at", w->created);
	kt_tr_put(&s->t, "status", status);
	kt_tr_put_raw(&s->t, "model", kt_buf_span(&w->model));
	put_output(s);
	kt_json_named_null(&s->json, "error");
	kt_json_put_name(&s->json, "incomplete_details");
	if (reason == NULL) {
		kt_json_put_null(&s->json);
	} else {
		kt_json_begin_object(&s->json);
		kt_tr_put(&s->t, "reason", reason);
		kt_json_end_object(&s->json);
	}
	kt_json_end_object(&s->json);
	kt_ts_end(s);
}

void
kt_ts_cut_responses(struct kt_ts *s)
{
	if (!s->w->is_started)
		put_response(s, "response.created", "in_progress", NULL);
	close_message(s);
	put_response(s, "response.incomplete", "incomplete", "content_filter");
	s->w->is_ended = true;
}
