/*
 * translate_stream_end - how a stream goes on without the upstream: its
 * grammar is followed while the bytes pass, and every end begins from there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

/* ---- following what passes ---- */

static enum kt_open_block
kind_of(struct kt_ts *s, uint32_t block)
{
	uint32_t type = kt_tr_get(&s->t, block, "type");

	if (kt_tr_is(&s->t, type, "thinking"))
		return KT_OPEN_THINKING;
	return kt_tr_is(&s->t, type, "text") ? KT_OPEN_TEXT : KT_OPEN_OTHER;
}

static void
follow_anthropic(struct kt_ts *s)
{
	struct kt_stream_writer *w = s->w;
	struct kt_tr *t = &s->t;
	uint32_t root = kt_json_root(t->json);
	uint32_t type = kt_tr_get(t, root, "type");

	if (kt_tr_is(t, type, "message_start")) {
		uint32_t message = kt_tr_get(t, root, "message");

		w->is_started = true;
		kt_usage_anthropic(&w->usage, t->json, t->text,
		    kt_tr_get(t, message, "usage"));
	} else if (kt_tr_is(t, type, "content_block_start")) {
		w->open = kind_of(s, kt_tr_get(t, root, "content_block"));
		(void)kt_json_u64(t->json, t->text,
		    kt_tr_get(t, root, "index"), &w->index);
	} else if (kt_tr_is(t, type, "content_block_stop")) {
		w->open = KT_OPEN_NONE;
	} else if (kt_tr_is(t, type, "message_delta")) {
		kt_usage_anthropic(&w->usage, t->json, t->text,
		    kt_tr_get(t, root, "usage"));
	} else if (kt_tr_is(t, type, "message_stop")) {
		w->is_ended = w->is_complete = true;
	}
}

static void
follow_choice(struct kt_ts *s, uint32_t choice)
{
	struct kt_tr *t = &s->t;
	uint64_t i = 0;

	(void)kt_json_u64(
	    t->json, t->text, kt_tr_get(t, choice, "index"), &i);
	if (i >= KT_STREAM_CHOICES_MAX)
		return;
	s->w->seen[i / 64] |= (uint64_t)1 << i % 64;
	if (kt_tr_get(t, choice, "finish_reason") != 0)
		s->w->done[i / 64] |= (uint64_t)1 << i % 64;
}

static void
follow_openai(struct kt_ts *s, struct kt_span data)
{
	struct kt_stream_writer *w = s->w;
	struct kt_tr *t = &s->t;
	uint32_t root, choices;

	if (t->json == NULL) {
		w->is_ended = w->is_complete =
		    kt_span_eq(data, KT_SPAN("[DONE]"));
		return;
	}
	root = kt_json_root(t->json);
	kt_ts_remember(s, root);
	(void)kt_json_u64(
	    t->json, t->text, kt_tr_get(t, root, "created"), &w->created);
	kt_usage_openai(
	    &w->usage, t->json, t->text, kt_tr_get(t, root, "usage"));
	choices = kt_tr_get(t, root, "choices");
	for (uint32_t c = kt_json_first(t->json, choices); c != 0;
	     c = kt_json_next(t->json, c)) {
		w->is_started = true;
		follow_choice(s, c);
	}
}

void
kt_ts_follow(struct kt_ts *s, struct kt_span data)
{
	if (s->w->from == KT_FORMAT_OPENAI && data.len > 0)
		follow_openai(s, data);
	else if (s->t.json == NULL)
		return;
	else if (s->w->from == KT_FORMAT_ANTHROPIC)
		follow_anthropic(s);
	else
		kt_ts_follow_responses(s);
}

/* ---- ends ---- */

/* The JSON of an error, in the shape each format streams it. */
static void
put_problem(struct kt_ts *s, const struct kt_problem *p)
{
	if (s->w->to == KT_FORMAT_RESPONSES) {
		kt_ts_begin(s, "error");
		kt_ts_count(s, "sequence_number", s->w->sequence + 1);
		kt_tr_put(&s->t, "code", p->code != NULL ? p->code : p->type);
		kt_json_named_string(&s->json, "message", p->message);
		kt_json_named_null(&s->json, "param");
		kt_ts_end(s);
	} else {
		if (s->w->to != KT_FORMAT_OPENAI)
			kt_ts_add(s, KT_SPAN("event: error\n"));
		kt_ts_add(s, KT_SPAN("data: "));
		if (s->t.rc == KT_OK &&
		    kt_speak_error(s->w->to, p, s->out) < 0)
			kt_tr_full(&s->t);
		kt_ts_add(s, KT_SPAN("\n\n"));
	}
	s->w->is_ended = true;
}

/* Where no end by policy can be said any more. */
static void
fail_by_policy(struct kt_ts *s, const char *reason)
{
	struct kt_problem p = {
		.status = 403,
		.type = "permission_error",
		.code = "output_blocked",
		.reason = reason,
		.message = KT_SPAN("The answer was stopped by policy."),
	};

	put_problem(s, &p);
}

static void
cut_anthropic(struct kt_ts *s, const char *reason)
{
	if (s->w->open == KT_OPEN_THINKING) {
		fail_by_policy(s, reason);
		return;
	}
	if (!s->w->is_started)
		kt_ts_message_start(s);
	kt_ts_block_stop(s);
	kt_ts_message_delta(s, "policy_block", false);
	kt_ts_message_stop(s, reason);
}

/* A choice finishes once: behind that a cut would look like a clean end. */
static void
cut_openai(struct kt_ts *s, const char *reason)
{
	struct kt_stream_writer *w = s->w;
	bool is_said = false;

	if (!w->is_started)
		kt_ts_chunk_role(s);
	w->seen[0] |= 1;
	if (w->is_finished) /* translated: the one choice has ended */
		w->done[0] |= 1;
	for (uint64_t i = 0; i < KT_STREAM_CHOICES_MAX; i++) {
		if (!((w->seen[i / 64] & ~w->done[i / 64]) >> i % 64 & 1))
			continue;
		kt_ts_chunk_begin(s, i);
		kt_ts_chunk_end(s, "content_filter");
		is_said = true;
	}
	if (!is_said) {
		fail_by_policy(s, reason);
		return;
	}
	if (w->wants_usage && w->usage.is_known)
		kt_ts_chunk_usage(s);
	kt_ts_done(s);
}

/* Nothing is written by halves, and after a failure nothing more. */
static enum kt_rc
settle(struct kt_ts *s, size_t before)
{
	s->w->is_ended = true;
	kt_arena_reset(s->w->mem);
	if (s->t.rc < 0)
		s->out->len = before;
	return s->t.rc;
}

enum kt_rc
kt_stream_write_cut(
    struct kt_stream_writer *w, const char *reason, struct kt_buf *out)
{
	struct kt_ts s;
	size_t before = out->len;

	if (w->is_ended)
		return KT_OK;
	kt_ts_init(&s, w, out, NULL, (struct kt_span){ 0 }, NULL);
	if (w->to == KT_FORMAT_OPENAI)
		cut_openai(&s, reason);
	else if (w->to == KT_FORMAT_RESPONSES)
		kt_ts_cut_responses(&s);
	else
		cut_anthropic(&s, reason);
	return settle(&s, before);
}

enum kt_rc
kt_stream_write_error(struct kt_stream_writer *w, const struct kt_problem *p,
    struct kt_buf *out)
{
	struct kt_ts s;
	size_t before = out->len;

	if (w->is_ended)
		return KT_OK;
	kt_ts_init(&s, w, out, NULL, (struct kt_span){ 0 }, NULL);
	put_problem(&s, p);
	return settle(&s, before);
}

/* Before the message has begun only a comment is valid for everybody. */
enum kt_rc
kt_stream_write_ping(struct kt_stream_writer *w, struct kt_buf *out)
{
	if (w->is_ended)
		return KT_OK;
	if (w->to == KT_FORMAT_ANTHROPIC && w->is_started)
		return kt_buf_add(out,
		    KT_SPAN("event: ping\ndata: {\"type\": \"ping\"}\n\n"));
	return kt_buf_add(out, KT_SPAN(": ping\n\n"));
}
