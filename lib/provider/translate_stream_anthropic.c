/*
 * translate_stream_anthropic - OpenAI's chunks as Anthropic's events.
 *
 * Calls may come interleaved, blocks may not.  Waiting for the finish before
 * a second call starts would hold every parallel call back; starting it when
 * its first piece comes would lose late pieces of the one before.  So the
 * arguments are followed as JSON: a call whose object is closed can be
 * closed, and only pieces for another call meanwhile have to wait.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

void
kt_ts_free_calls(struct kt_stream_writer *w)
{
	for (size_t i = 0; i < w->ncalls; i++) {
		kt_buf_fini(&w->calls[i].id);
		kt_buf_fini(&w->calls[i].name);
		kt_buf_fini(&w->calls[i].pending);
	}
	kt_free(w->calls);
	w->calls = NULL;
	w->ncalls = w->calls_cap = 0;
}

/* ---- which call a piece belongs to ---- */

static struct kt_stream_call *
add_call(struct kt_ts *s, uint64_t key)
{
	struct kt_stream_writer *w = s->w;
	struct kt_stream_call *c;

	if (w->ncalls == KT_STREAM_CALLS_MAX ||
	    kt_grow((void **)&w->calls, &w->calls_cap, w->ncalls + 1,
		sizeof(*w->calls)) < 0) {
		kt_tr_full(&s->t);
		return NULL;
	}
	c = &w->calls[w->ncalls++];
	*c = (struct kt_stream_call){ .key = key };
	kt_buf_init(&c->id, 4096);
	kt_buf_init(&c->name, 4096);
	kt_buf_init(&c->pending, KT_EVENT_MAX);
	return c;
}

static bool
is_another(const struct kt_stream_call *c, struct kt_span id)
{
	return id.len > 0 && c->id.len > 0 &&
	    !kt_json_text_eq(kt_buf_span(&c->id), id);
}

/*
 * By index, as it should be.  Servers that only resemble OpenAI leave it out,
 * make it negative, or number all calls 0 and tell them apart by id.
 */
static struct kt_stream_call *
find_call(struct kt_ts *s, uint32_t piece, struct kt_span id, bool is_named)
{
	struct kt_stream_writer *w = s->w;
	uint64_t key = KT_NO_INDEX;

	(void)kt_json_u64(s->t.json, s->t.text,
	    kt_tr_get(&s->t, piece, "index"), &key);
	for (size_t i = w->ncalls; i-- > 0;) {
		struct kt_stream_call *c = &w->calls[i];

		if (key != KT_NO_INDEX && c->key != key)
			continue;
		if (!is_another(c, id))
			return c;
		if (key != KT_NO_INDEX && !is_named)
			return c; /* an id of the chunk, not of the call */
	}
	return add_call(s, key);
}

/* ---- where the arguments of a call are ---- */

/* False when something follows a whole object. */
static bool
follow_json(struct kt_stream_call *c, struct kt_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char ch = text.ptr[i];
		bool is_space = ch == ' ' || ch == '\t' || ch == '\r' ||
		    ch == '\n';

		if (c->args == KT_ARGS_BLANK && !is_space)
			c->args = ch == '{' ? KT_ARGS_OBJECT : KT_ARGS_OTHER;
		if (c->in_string) {
			if (c->in_escape)
				c->in_escape = false;
			else if (ch == '\\')
				c->in_escape = true;
			else if (ch == '"')
				c->in_string = false;
		} else if (is_space) {
			continue;
		} else if (c->is_whole) {
			return false;
		} else if (ch == '"') {
			c->in_string = true;
		} else if (ch == '{' || ch == '[') {
			c->depth++;
		} else if (ch == '}' || ch == ']') {
			c->is_whole = c->depth <= 1;
			c->depth -= c->depth > 0;
		}
	}
	return true;
}

static void
take_arguments(struct kt_ts *s, struct kt_stream_call *c, struct kt_span raw)
{
	struct kt_stream_writer *w = s->w;
	bool was_whole = c->is_whole;

	if (raw.len == 0)
		return;
	kt_buf_reset(&w->scratch);
	if (kt_json_unescape_add(&w->scratch, raw) < 0) {
		kt_tr_full(&s->t);
		return;
	}
	if (!follow_json(c, kt_buf_span(&w->scratch)) ||
	    (c->state == KT_CALL_CLOSED && !was_whole)) {
		kt_tr_refuse(&s->t, "event: a call goes on behind its end");
		return;
	}
	if (c->state == KT_CALL_CLOSED)
		return; /* spaces behind a whole object */
	if (w->pending_bytes + raw.len > KT_EVENT_MAX ||
	    kt_buf_add(&c->pending, raw) < 0) {
		kt_tr_full(&s->t);
		return;
	}
	w->pending_bytes += raw.len;
}

/* ---- blocks ---- */

static void
open_call(struct kt_ts *s, struct kt_stream_call *c)
{
	struct kt_span id = kt_buf_span(&c->id);

	if (c->name.len == 0) {
		kt_tr_refuse(&s->t, "event: a call without a name");
		return;
	}
	if (id.len == 0) {
		struct kt_span message = kt_buf_span(&s->w->id);

		id = kt_arena_printf(s->w->mem, "call_%.*s_%zu",
		    KT_SPAN_ARG(message), (size_t)(c - s->w->calls));
		if (id.ptr == NULL) {
			kt_tr_full(&s->t);
			return;
		}
	}
	kt_ts_block_stop(s);
	kt_ts_block_start(s, KT_OPEN_CALL, id, kt_buf_span(&c->name));
	c->state = KT_CALL_OPEN;
}

/* Clients build an object: other text goes into one, whole. */
static void
wrap_arguments(struct kt_ts *s, struct kt_stream_call *c)
{
	struct kt_buf *b = &s->w->scratch;

	kt_buf_reset(b);
	if (kt_json_unescape_add(b, kt_buf_span(&c->pending)) < 0) {
		kt_tr_full(&s->t);
		return;
	}
	if (kt_tr_says_nothing(kt_buf_span(b)))
		return;
	kt_tr_approximated(&s->t, "tool_calls.arguments");
	kt_buf_reset(b);
	if (kt_buf_add(b, KT_SPAN("{\\\"_raw\\\":\\\"")) < 0 ||
	    kt_json_write_escaped(b, kt_buf_span(&c->pending)) < 0 ||
	    kt_buf_add(b, KT_SPAN("\\\"}")) < 0)
		kt_tr_full(&s->t);
	kt_ts_block_delta(s, kt_buf_span(b));
}

/* Text that has not begun an object is kept until all of it is there. */
static void
flush_call(struct kt_ts *s, struct kt_stream_call *c, bool is_all)
{
	if (c->pending.len == 0 || (c->args != KT_ARGS_OBJECT && !is_all))
		return;
	if (c->args == KT_ARGS_OBJECT)
		kt_ts_block_delta(s, kt_buf_span(&c->pending));
	else
		wrap_arguments(s, c);
	s->w->pending_bytes -= c->pending.len;
	kt_buf_reset(&c->pending);
}

/* Whether enough is known to begin: an id may still follow a name. */
static bool
can_open(const struct kt_stream_call *c)
{
	return c->name.len > 0 && (c->id.len > 0 || c->pending.len > 0);
}

/* Says what can be said; with is_last all that there is. */
static void
pump(struct kt_ts *s, bool is_last)
{
	struct kt_stream_writer *w = s->w;

	while (w->next_call < w->ncalls && s->t.rc == KT_OK) {
		struct kt_stream_call *c = &w->calls[w->next_call];
		bool has_next = w->next_call + 1 < w->ncalls;
		bool is_all = is_last || (c->is_whole && has_next);

		if (c->state == KT_CALL_WAITS && !is_last && !can_open(c))
			return;
		if (c->state == KT_CALL_WAITS)
			open_call(s, c);
		flush_call(s, c, is_all);
		if (!is_all)
			return;
		kt_ts_block_stop(s);
		c->state = KT_CALL_CLOSED;
		kt_buf_fini(&c->pending);
		w->next_call++;
	}
}

static void
put_text(struct kt_ts *s, uint32_t n)
{
	struct kt_span raw = kt_tr_string(&s->t, n);

	if (raw.len == 0)
		return;
	if (s->w->open != KT_OPEN_TEXT) {
		pump(s, true);
		kt_ts_block_start(s, KT_OPEN_TEXT, (struct kt_span){ 0 },
		    (struct kt_span){ 0 });
	}
	kt_ts_block_delta(s, raw);
}

static void
put_piece(struct kt_ts *s, uint32_t piece, uint32_t f)
{
	struct kt_tr *t = &s->t;
	struct kt_span id = kt_tr_string(t, kt_tr_get(t, piece, "id"));
	struct kt_span name = kt_tr_string(t, kt_tr_get(t, f, "name"));
	uint32_t arguments = kt_tr_get(t, f, "arguments");
	struct kt_stream_call *c = find_call(s, piece, id, name.len > 0);

	if (c == NULL)
		return;
	if ((c->id.len == 0 && kt_buf_add(&c->id, id) < 0) ||
	    (c->name.len == 0 && kt_buf_add(&c->name, name) < 0)) {
		kt_tr_full(t);
		return;
	}
	/* Some send the object itself, whole. */
	if (kt_tr_has_type(t, arguments, KT_JSON_OBJECT)) {
		struct kt_buf b;

		kt_buf_init(&b, KT_EVENT_MAX);
		if (kt_json_write_escaped(
			&b, kt_json_raw(t->json, t->text, arguments)) < 0)
			kt_tr_full(t);
		take_arguments(s, c, kt_buf_span(&b));
		kt_buf_fini(&b);
	} else {
		take_arguments(s, c, kt_tr_string(t, arguments));
	}
	pump(s, false);
}

/* ---- chunks ---- */

static void
put_content(struct kt_ts *s, uint32_t content)
{
	if (!kt_tr_has_type(&s->t, content, KT_JSON_ARRAY)) {
		put_text(s, content);
		return;
	}
	for (uint32_t p = kt_json_first(s->t.json, content); p != 0;
	     p = kt_json_next(s->t.json, p))
		put_text(s, kt_tr_get(&s->t, p, "text"));
}

static void
put_delta(struct kt_ts *s, uint32_t delta)
{
	struct kt_tr *t = &s->t;
	uint32_t refusal = kt_tr_get(t, delta, "refusal");
	uint32_t calls = kt_tr_get(t, delta, "tool_calls");
	uint32_t f = kt_tr_get(t, delta, "function_call");

	if (!kt_tr_is_empty(t, kt_tr_get(t, delta, "reasoning_content")) ||
	    !kt_tr_is_empty(t, kt_tr_get(t, delta, "reasoning")))
		kt_tr_dropped(t, "reasoning_content");
	put_content(s, kt_tr_get(t, delta, "content"));
	if (!kt_tr_is_empty(t, refusal)) {
		s->w->has_refused = true;
		put_text(s, refusal);
	}
	for (uint32_t c = kt_json_first(t->json, calls); c != 0;
	     c = kt_json_next(t->json, c))
		put_piece(s, c, kt_tr_get(t, c, "function"));
	if (f != 0)
		put_piece(s, 0, f);
}

static void
finish(struct kt_ts *s, uint32_t reason)
{
	struct kt_stream_writer *w = s->w;
	bool is_exact;

	pump(s, true);
	kt_ts_block_stop(s);
	w->stop = kt_tr_stop_to_anthropic(
	    kt_tr_string(&s->t, reason), &is_exact);
	if (!is_exact)
		kt_tr_approximated(&s->t, "finish_reason");
	if (w->has_refused)
		w->stop = "refusal";
	else if (w->ncalls > 0 && strcmp(w->stop, "end_turn") == 0)
		w->stop = "tool_use"; /* or the client would not run them */
}

static void
put_choice(struct kt_ts *s, uint32_t choice)
{
	struct kt_tr *t = &s->t;
	uint32_t delta = kt_tr_get(t, choice, "delta");
	uint32_t reason = kt_tr_get(t, choice, "finish_reason");
	uint64_t index = 0;

	(void)kt_json_u64(
	    t->json, t->text, kt_tr_get(t, choice, "index"), &index);
	if (index != 0) {
		kt_tr_dropped(t, "choices");
		return;
	}
	if (kt_tr_get(t, choice, "logprobs") != 0)
		kt_tr_dropped(t, "logprobs");
	if (s->w->stop == NULL)
		put_delta(s, delta);
	else if (!kt_tr_is_empty(t, kt_tr_get(t, delta, "content")) ||
	    !kt_tr_is_empty(t, kt_tr_get(t, delta, "tool_calls")))
		kt_tr_refuse(t, "event: text behind the finish");
	if (reason != 0 && s->w->stop == NULL)
		finish(s, reason);
}

/* "[DONE]", not the usage before it: the end must be one event. */
static void
end(struct kt_ts *s)
{
	if (s->w->stop == NULL) {
		kt_tr_refuse(&s->t, "event: the stream ends without a finish");
		return;
	}
	kt_ts_message_delta(s, s->w->stop, true);
	kt_ts_message_stop(s, NULL);
	s->w->is_complete = s->t.rc == KT_OK;
}

void
kt_ts_to_anthropic(struct kt_ts *s, struct kt_span data)
{
	struct kt_tr *t = &s->t;
	uint32_t root, usage, choices;

	if (t->json == NULL) {
		if (kt_span_eq(data, KT_SPAN("[DONE]")))
			end(s);
		return;
	}
	root = kt_json_root(t->json);
	kt_ts_remember(s, root);
	usage = kt_tr_get(t, root, "usage");
	kt_usage_openai(&s->w->usage, t->json, t->text, usage);
	(void)kt_json_u64(t->json, t->text,
	    kt_tr_get(t, kt_tr_get(t, usage, "completion_tokens_details"),
		"reasoning_tokens"),
	    &s->w->reasoning); /* absent is none */
	choices = kt_tr_get(t, root, "choices");
	if (kt_json_first(t->json, choices) != 0 && !s->w->is_started)
		kt_ts_message_start(s);
	for (uint32_t c = kt_json_first(t->json, choices); c != 0;
	     c = kt_json_next(t->json, c))
		put_choice(s, c);
}
