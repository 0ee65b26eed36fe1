/*
 * translate_stream - the frames of both formats, and one event in, none or
 * some out.  What a client has seen is kept as a handful of flags beside the
 * translation, so that a stream can be ended validly between any two events
 * without asking what the upstream would have said next.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_stream_priv.h"

/* Ids and names; a longer one is no id. */
#define NAME_MAX_BYTES 4096

/* ---- lifetime ---- */

static bool
can_translate(enum kt_format from, enum kt_format to)
{
	return from == to ||
	    (from == KT_FORMAT_OPENAI && to == KT_FORMAT_ANTHROPIC) ||
	    (from == KT_FORMAT_ANTHROPIC && to == KT_FORMAT_OPENAI);
}

struct kt_stream_writer *
kt_stream_writer_new(enum kt_format from, enum kt_format to, bool wants_usage,
    const struct kt_translate_options *o)
{
	struct kt_stream_writer *w;

	if (!can_translate(from, to))
		return NULL;
	w = kt_alloc(sizeof(*w));
	if (w == NULL)
		return NULL;
	w->mem = kt_arena_new(KT_EVENT_ARENA_MAX);
	if (w->mem == NULL) {
		kt_free(w);
		return NULL;
	}
	w->from = from;
	w->to = to;
	w->wants_usage = wants_usage;
	w->o = o;
	w->created = o->now_s;
	kt_buf_init(&w->id, NAME_MAX_BYTES);
	kt_buf_init(&w->model, NAME_MAX_BYTES);
	kt_buf_init(&w->name, NAME_MAX_BYTES);
	kt_buf_init(&w->call_id, NAME_MAX_BYTES);
	kt_buf_init(&w->pending, KT_EVENT_MAX);
	kt_buf_init(&w->scratch, 2 * (size_t)KT_EVENT_MAX);
	kt_buf_init(&w->item.done, KT_EVENT_MAX);
	kt_buf_init(&w->item.id, NAME_MAX_BYTES);
	kt_buf_init(&w->item.parts, KT_EVENT_MAX);
	kt_buf_init(&w->item.text, KT_EVENT_MAX);
	return w;
}

void
kt_stream_writer_free(struct kt_stream_writer **w)
{
	if (*w == NULL)
		return;
	kt_ts_free_calls(*w);
	kt_buf_fini(&(*w)->id);
	kt_buf_fini(&(*w)->model);
	kt_buf_fini(&(*w)->name);
	kt_buf_fini(&(*w)->call_id);
	kt_buf_fini(&(*w)->pending);
	kt_buf_fini(&(*w)->scratch);
	kt_buf_fini(&(*w)->item.done);
	kt_buf_fini(&(*w)->item.id);
	kt_buf_fini(&(*w)->item.parts);
	kt_buf_fini(&(*w)->item.text);
	kt_arena_free(&(*w)->mem);
	kt_free(*w);
	*w = NULL;
}

bool
kt_stream_writer_is_complete(const struct kt_stream_writer *w)
{
	return w->is_complete;
}

const struct kt_translation *
kt_stream_writer_report(const struct kt_stream_writer *w)
{
	return &w->report;
}

/* ---- frames ---- */

/* ---- Anthropic's ---- */

/* ---- OpenAI's ---- */

/* ---- one event ---- */

static void
put_error(struct kt_ts *s)
{
	if (s->w->to == KT_FORMAT_ANTHROPIC)
		kt_ts_add(s, KT_SPAN("event: error\n"));
	kt_ts_add(s, KT_SPAN("data: "));
	if (s->t.rc == KT_OK && kt_tr_error_frame(s->w->to, s->t.json,
	                            s->t.text, s->out) < 0)
		kt_tr_full(&s->t);
	kt_ts_add(s, KT_SPAN("\n\n"));
}

enum kt_rc
kt_stream_write(struct kt_stream_writer *w, struct kt_span raw,
    enum kt_stream_kind kind, struct kt_span data,
    const struct kt_json *json, struct kt_buf *out, struct kt_err *err)
{
	struct kt_ts s;
	size_t before = out->len;

	/* Comments behind an end are the upstream's bytes, and no events. */
	if (w->is_ended &&
	    !(w->is_complete && w->from == w->to && json == NULL))
		return KT_OK;
	if (w->from == KT_FORMAT_NONE)
		return kt_buf_add(out, raw);
	kt_ts_init(&s, w, out, json, data, err);
	if (w->from == w->to) {
		kt_ts_add(&s, raw);
		if (!w->is_ended && kind != KT_STREAM_ERROR)
			kt_ts_follow(&s, data);
	} else if (kind == KT_STREAM_ERROR) {
		put_error(&s);
	} else if (json == NULL && data.len == 0) {
		if (kt_stream_write_ping(w, out) < 0)
			kt_tr_full(&s.t);
	} else if (w->to == KT_FORMAT_OPENAI) {
		kt_ts_to_openai(&s, data);
	} else {
		kt_ts_to_anthropic(&s, data);
	}
	w->is_ended |= kind == KT_STREAM_ERROR;
	kt_arena_reset(w->mem);
	if (s.t.rc < 0)
		out->len = before;
	return s.t.rc;
}
