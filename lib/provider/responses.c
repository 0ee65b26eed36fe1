/*
 * responses - events of the OpenAI responses format.  There are dozens of
 * types and more each season; what they share is read instead of a list: a
 * type that ends in ".delta" grows, its ".done" says the same text again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream_priv.h"

static bool
contains(struct kt_span s, struct kt_span what)
{
	for (size_t i = 0; i + what.len <= s.len; i++)
		if (memcmp(s.ptr + i, what.ptr, what.len) == 0)
			return true;
	return false;
}

/* The type without its last word. */
static struct kt_span
family(struct kt_span type)
{
	size_t n = type.len;

	while (n > 0 && type.ptr[n - 1] != '.')
		n--;
	return kt_span_sub(type, 0, n);
}

static uint64_t
number(const struct kt_stream_step *s, const char *name)
{
	uint64_t v = 0;

	(void)kt_json_u64(s->json, s->text,
	    kt_stream_member(s, s->root, name), &v); /* absent is 0 */
	return v;
}

/* Which text the event speaks of; kt_place_trail then says which member. */
static uint64_t
read_place(const struct kt_stream_step *s)
{
	uint32_t item = kt_stream_member(s, s->root, "item_id");
	uint64_t trail = kt_place_trail(0, family(s->type));

	trail = kt_place_trail(
	    trail, kt_json_string(s->json, s->text, item));
	return kt_stream_odd_key(
	    number(s, "output_index") << 20 ^ number(s, "content_index"),
	    number(s, "summary_index"), trail);
}

static uint64_t
key_of(const struct kt_stream_step *s, uint64_t trail)
{
	return kt_stream_odd_key(0, 0, s->trail ^ trail);
}

static bool
has_ended(const struct kt_stream_reader *r, uint64_t key)
{
	for (size_t i = 0; i < KT_NELEMS(r->ended); i++)
		if (r->ended[i] == key)
			return true;
	return false;
}

/* Whose text the strings right in the event are. */
static void
read_family(struct kt_stream_step *s)
{
	struct kt_span type = family(s->type);

	s->kind = contains(type, KT_SPAN("reasoning")) ? KT_PART_SIGNED
	    : kt_span_ends(type, KT_SPAN("audio."))    ? KT_PART_OPAQUE
						       : KT_PART_WHOLE;
	s->is_tool_use = contains(type, KT_SPAN("_arguments")) ||
	    contains(type, KT_SPAN("_call"));
	s->trail = read_place(s);
	if (kt_stream_member(s, s->root, "delta") != 0)
		s->inside[0] = s->root;
}

static enum kt_rc
grow(struct kt_stream_step *s, const struct kt_segments_scope *leaf,
    struct kt_part *part)
{
	uint64_t key;

	if (part->kind == KT_PART_WHOLE &&
	    kt_json_parent(s->json, part->node) == s->root) {
		part->kind = s->kind;
		if (s->is_tool_use)
			part->component = KT_COMPONENT_TOOL_USE;
	}
	if (leaf->place != KT_PLACE_GROW_OTHER || s->inside[0] == 0 ||
	    part->kind == KT_PART_OPAQUE)
		return KT_OK;
	if (!s->r->is_started)
		return kt_stream_refuse(s, "text before the start");
	key = key_of(s, leaf->trail);
	if (has_ended(s->r, key) &&
	    kt_json_string(s->json, s->text, part->node).len > 0)
		return kt_stream_refuse(s, "text for a part that is done");
	kt_stream_grow(part, key);
	s->out->kind = KT_STREAM_DELTA;
	return KT_OK;
}

static enum kt_rc
end_text(struct kt_stream_step *s)
{
	uint64_t *key;

	if (!kt_span_ends(s->type, KT_SPAN(".done")))
		return KT_OK;
	key = kt_arena_alloc(s->mem, sizeof(*key));
	if (key == NULL)
		return kt_fail(s->err, KT_E_LIMIT, "event: no room for a key");
	*key = key_of(s, kt_place_trail(0, KT_SPAN("delta")));
	s->out->ended = key;
	s->out->nended = 1;
	s->r->ended[s->r->next_ended++ % KT_STREAM_ENDED_MAX] = *key;
	return KT_OK;
}

static const struct {
	struct kt_span type;
	enum kt_stream_kind kind;
} types[] = {
	{ KT_SPAN_INIT("response.created"), KT_STREAM_START },
	{ KT_SPAN_INIT("response.output_item.added"), KT_STREAM_BLOCK_START },
	{ KT_SPAN_INIT("response.output_item.done"), KT_STREAM_BLOCK_STOP },
	{ KT_SPAN_INIT("response.completed"), KT_STREAM_STOP },
	{ KT_SPAN_INIT("response.incomplete"), KT_STREAM_STOP },
	{ KT_SPAN_INIT("response.failed"), KT_STREAM_ERROR },
	{ KT_SPAN_INIT("response.cancelled"), KT_STREAM_ERROR },
	{ KT_SPAN_INIT("error"), KT_STREAM_ERROR },
	{ KT_SPAN_INIT("keepalive"), KT_STREAM_PING },
	{ KT_SPAN_INIT("ping"), KT_STREAM_PING },
};

static enum kt_stream_kind
kind_of(const struct kt_stream_step *s)
{
	for (size_t i = 0; i < KT_NELEMS(types); i++)
		if (kt_span_eq(types[i].type, s->type))
			return types[i].kind;
	if (s->type.len == 0 &&
	    kt_json_type(s->json, kt_stream_member(s, s->root, "error")) ==
		KT_JSON_OBJECT)
		return KT_STREAM_ERROR;
	return KT_STREAM_OTHER;
}

/* created, in_progress and completed carry the answer as it stands. */
static void
read_response(struct kt_stream_step *s)
{
	uint32_t response = kt_stream_member(s, s->root, "response");
	struct kt_answer_facts *f = &s->out->facts;

	if (kt_json_type(s->json, response) != KT_JSON_OBJECT)
		return;
	s->r->is_started = true;
	f->usage = s->r->usage;
	f->usage.is_known = false;
	kt_answer_responses(f, s->json, s->text, response);
	kt_stream_take_usage(s, f->usage);
	if (s->out->kind != KT_STREAM_STOP && s->out->kind != KT_STREAM_ERROR)
		f->stop_reason = (struct kt_span){ 0 };
}

enum kt_rc
kt_stream_responses(struct kt_stream_step *s)
{
	struct kt_stream_reader *r = s->r;
	enum kt_stream_kind kind = kind_of(s);

	if (r->is_stopped && kind != KT_STREAM_PING && kind != KT_STREAM_ERROR)
		return kt_stream_refuse(s, "follows the end");
	if (kind == KT_STREAM_START && r->is_started)
		return kt_stream_refuse(s, "a second response begins");
	if (kind == KT_STREAM_STOP && !r->is_started)
		return kt_stream_refuse(s, "the response ends out of turn");
	s->out->kind = kind;
	read_response(s);
	read_family(s);
	if (kt_stream_collect(s, grow) < 0 || end_text(s) < 0)
		return s->err->rc;
	if (kind == KT_STREAM_STOP) {
		r->is_finished = s->out->ends_all = true;
		s->out->kind = kind;
	}
	if (kind == KT_STREAM_STOP || kind == KT_STREAM_ERROR)
		r->is_stopped = true;
	return KT_OK;
}
