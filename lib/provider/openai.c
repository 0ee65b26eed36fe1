/*
 * openai - chunks of chat completions.  Several choices and calls share one
 * chunk and nothing says where one ends, so their texts are keyed by number
 * and all of a choice end with its finish reason.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream_priv.h"

enum slot { SLOT_TEXT = 1, SLOT_REFUSAL, SLOT_JSON };

static bool
has(const uint64_t *set, uint32_t choice)
{
	return set[choice / 64] >> (choice % 64) & 1;
}

static void
put(uint64_t *set, uint32_t choice)
{
	set[choice / 64] |= (uint64_t)1 << (choice % 64);
}

static uint64_t
key_of(const struct kt_segments_scope *leaf)
{
	switch (leaf->place) {
	case KT_PLACE_GROW_TEXT:
		return kt_stream_key(leaf->choice, leaf->call, SLOT_TEXT);
	case KT_PLACE_GROW_REFUSAL:
		return kt_stream_key(leaf->choice, leaf->call, SLOT_REFUSAL);
	case KT_PLACE_GROW_JSON:
		return kt_stream_key(leaf->choice, leaf->call, SLOT_JSON);
	default:
		return kt_stream_odd_key(
		    leaf->choice, leaf->call, leaf->trail);
	}
}

static enum kt_rc
grow(struct kt_stream_step *s, const struct kt_segments_scope *leaf,
    struct kt_part *part)
{
	struct kt_stream_reader *r = s->r;

	if (!KT_PLACE_GROWS(leaf->place))
		return KT_OK;
	if (leaf->choice >= KT_STREAM_CHOICES_MAX)
		return kt_stream_refuse(s, "the index of a choice is unusable");
	if (has(r->done, leaf->choice)) {
		/* A client would join it to what was judged as complete. */
		if (kt_json_string(s->json, s->text, part->node).len > 0)
			return kt_stream_refuse(s, "text after the finish");
		part->kind = KT_PART_FIXED;
		return KT_OK;
	}
	if (leaf->call > r->ncalls && leaf->call <= KT_STREAM_CALLS_MAX)
		r->ncalls = leaf->call;
	kt_stream_grow(part, key_of(leaf));
	if (s->out->kind == KT_STREAM_OTHER)
		s->out->kind = KT_STREAM_DELTA;
	return KT_OK;
}

/* What a choice may have said, once others still speak. */
static enum kt_rc
end_choice(struct kt_stream_step *s, uint32_t choice, uint64_t **next)
{
	uint64_t *at = *next;

	if (at == NULL)
		return kt_fail(s->err, KT_E_LIMIT, "event: too many calls");
	*at++ = kt_stream_key(choice, 0, SLOT_TEXT);
	*at++ = kt_stream_key(choice, 0, SLOT_REFUSAL);
	for (uint32_t call = 0; call <= s->r->ncalls; call++)
		*at++ = kt_stream_key(choice, call, SLOT_JSON);
	s->out->nended += (size_t)(at - *next);
	*next = at;
	return KT_OK;
}

static enum kt_rc
read_choice(struct kt_stream_step *s, uint32_t object, uint32_t *choice,
    bool *finishes)
{
	uint32_t index = kt_stream_member(s, object, "index");
	uint32_t reason = kt_stream_member(s, object, "finish_reason");
	uint64_t v = 0;

	if ((index != 0 && !kt_json_u64(s->json, s->text, index, &v)) ||
	    v >= KT_STREAM_CHOICES_MAX)
		return kt_stream_refuse(s, "the index of a choice is unusable");
	*choice = (uint32_t)v;
	*finishes = kt_json_type(s->json, reason) == KT_JSON_STRING;
	if (*finishes)
		s->out->facts.stop_reason =
		    kt_json_string(s->json, s->text, reason);
	put(s->r->seen, *choice);
	return KT_OK;
}

static bool
are_all_done(const struct kt_stream_reader *r)
{
	for (size_t i = 0; i < KT_NELEMS(r->seen); i++)
		if (r->seen[i] & ~r->done[i])
			return false;
	return true;
}

bool
kt_stream_lacks_done(const struct kt_stream_reader *r)
{
	return r->format == KT_FORMAT_OPENAI && r->is_finished &&
	    r->usage.is_known && are_all_done(r) && !r->is_stopped &&
	    !r->is_broken;
}

static enum kt_rc
finish_choices(struct kt_stream_step *s, uint32_t choices)
{
	struct kt_stream_reader *r = s->r;
	uint64_t now[KT_NELEMS(r->done)] = { 0 };
	uint64_t *next;
	size_t n = 0;

	for (uint32_t at = kt_json_first(s->json, choices); at != 0;
	     at = kt_json_next(s->json, at)) {
		uint32_t choice = 0;
		bool finishes = false;

		if (read_choice(s, at, &choice, &finishes) < 0)
			return s->err->rc;
		if (!finishes || has(now, choice))
			continue;
		put(now, choice);
		put(r->done, choice);
		n++;
	}
	if (n == 0)
		return KT_OK;
	s->out->kind = KT_STREAM_FINISH;
	r->is_finished = s->out->ends_all = are_all_done(r);
	if (s->out->ends_all)
		return KT_OK;
	next = kt_arena_array(s->mem, n * (r->ncalls + 3), sizeof(*next));
	s->out->ended = next;
	for (uint32_t c = 0; c < KT_STREAM_CHOICES_MAX; c++)
		if (has(now, c) && end_choice(s, c, &next) < 0)
			return s->err->rc;
	return KT_OK;
}

static bool
is_error(const struct kt_stream_step *s)
{
	enum kt_json_type type = kt_json_type(
	    s->json, kt_stream_member(s, s->root, "error"));

	return kt_span_eq(s->type, KT_SPAN("error")) ||
	    type == KT_JSON_OBJECT || type == KT_JSON_STRING;
}

enum kt_rc
kt_stream_openai(struct kt_stream_step *s)
{
	struct kt_stream_reader *r = s->r;
	struct kt_answer_facts *f = &s->out->facts;
	uint32_t choices = kt_stream_member(s, s->root, "choices");

	if (is_error(s)) {
		r->is_stopped = true;
		s->out->kind = KT_STREAM_ERROR;
		return kt_stream_collect(s, NULL);
	}
	if (r->is_stopped)
		return kt_stream_refuse(s, "follows the end");
	f->usage = r->usage;
	f->usage.is_known = false;
	kt_answer_openai(f, s->json, s->text, s->root);
	kt_stream_take_usage(s, f->usage);
	f->stop_reason = (struct kt_span){ 0 };
	if (!r->is_started)
		s->out->kind = KT_STREAM_START;
	r->is_started = true;
	if (kt_stream_collect(s, grow) < 0)
		return s->err->rc;
	return finish_choices(s, choices);
}
