/*
 * anthropic - the grammar of a streamed message: blocks one after the other,
 * numbered, and a message around them.  A table of event types with one
 * function each; the state is the three flags a reader can check by eye.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream_priv.h"

enum slot { SLOT_TEXT = 1, SLOT_JSON, SLOT_SIGNED };

static enum kt_rc
grow(struct kt_stream_step *s, const struct kt_segments_scope *leaf,
    struct kt_part *part)
{
	const struct kt_stream_reader *r = s->r;
	uint32_t parent = kt_json_parent(s->json, part->node);

	if (!KT_PLACE_GROWS(leaf->place) || !r->has_open_block)
		return KT_OK;
	if (leaf->place == KT_PLACE_GROW_OTHER)
		/* Only a delta continues; a block that begins states. */
		kt_stream_grow(part,
		    kt_stream_odd_key(r->open_block, 0, leaf->trail));
	else if (parent != 0 &&
	    (parent == s->inside[0] || parent == s->inside[1]))
		kt_stream_grow(part,
		    kt_stream_key(r->open_block, 0,
			leaf->place == KT_PLACE_GROW_JSON ? SLOT_JSON
			    : leaf->place == KT_PLACE_GROW_SIGNED
			    ? SLOT_SIGNED
			    : SLOT_TEXT));
	return KT_OK;
}

static bool
read_index(const struct kt_stream_step *s, uint64_t *out)
{
	return kt_json_u64(s->json, s->text,
		   kt_stream_member(s, s->root, "index"), out) &&
	    *out < 1u << 30;
}

static enum kt_rc
message_start(struct kt_stream_step *s)
{
	uint32_t message = kt_stream_member(s, s->root, "message");

	if (s->r->is_started)
		return kt_stream_refuse(s, "a second message begins");
	if (kt_json_type(s->json, message) != KT_JSON_OBJECT)
		return kt_stream_refuse(s, "a message begins without one");
	s->r->is_started = true;
	s->out->kind = KT_STREAM_START;
	kt_answer_anthropic(&s->out->facts, s->json, s->text, message);
	kt_stream_take_usage(s, s->out->facts.usage);
	return kt_stream_collect(s, NULL);
}

static enum kt_rc
block_start(struct kt_stream_step *s)
{
	struct kt_stream_reader *r = s->r;
	uint32_t block = kt_stream_member(s, s->root, "content_block");
	uint64_t index;

	if (!r->is_started || r->is_finished || r->has_open_block)
		return kt_stream_refuse(s, "a block begins out of turn");
	if (!read_index(s, &index) || index < r->next_block)
		return kt_stream_refuse(s, "a block begins with a used index");
	if (kt_json_type(s->json, block) != KT_JSON_OBJECT)
		return kt_stream_refuse(s, "a block begins without one");
	r->has_open_block = true;
	r->open_block = index;
	r->next_block = index + 1;
	s->inside[0] = block;
	s->out->kind = KT_STREAM_BLOCK_START;
	return kt_stream_collect(s, grow);
}

/* Of the open block, or refused. */
static enum kt_rc
in_block(struct kt_stream_step *s)
{
	uint64_t index;

	if (!s->r->has_open_block || !read_index(s, &index) ||
	    index != s->r->open_block)
		return kt_stream_refuse(s, "belongs to a block that is not open");
	return KT_OK;
}

static enum kt_rc
block_delta(struct kt_stream_step *s)
{
	static const struct kt_span known[] = {
		KT_SPAN_INIT("text_delta"),
		KT_SPAN_INIT("input_json_delta"),
		KT_SPAN_INIT("thinking_delta"),
		KT_SPAN_INIT("signature_delta"),
		KT_SPAN_INIT("citations_delta"),
		KT_SPAN_INIT("compaction_delta"),
	};
	uint32_t delta = kt_stream_member(s, s->root, "delta");
	uint32_t type = kt_stream_member(s, delta, "type");

	if (in_block(s) < 0)
		return s->err->rc;
	for (size_t i = 0; i < KT_NELEMS(known); i++)
		if (kt_json_is(s->json, s->text, type, known[i]))
			s->out->kind = KT_STREAM_DELTA;
	s->inside[1] = delta;
	return kt_stream_collect(s, grow);
}

static enum kt_rc
block_stop(struct kt_stream_step *s)
{
	if (in_block(s) < 0)
		return s->err->rc;
	s->r->has_open_block = false;
	s->out->kind = KT_STREAM_BLOCK_STOP;
	s->out->ends_all = true;
	return kt_stream_collect(s, NULL);
}

static enum kt_rc
message_delta(struct kt_stream_step *s)
{
	struct kt_stream_reader *r = s->r;
	uint32_t delta = kt_stream_member(s, s->root, "delta");
	uint32_t reason = kt_stream_member(s, delta, "stop_reason");
	struct kt_usage usage = r->usage;

	if (!r->is_started || r->has_open_block)
		return kt_stream_refuse(s, "the message changes out of turn");
	usage.is_known = false;
	kt_usage_anthropic(&usage, s->json, s->text,
	    kt_stream_member(s, s->root, "usage"));
	kt_stream_take_usage(s, usage);
	if (kt_json_type(s->json, reason) == KT_JSON_STRING) {
		s->out->facts.stop_reason =
		    kt_json_string(s->json, s->text, reason);
		s->out->kind = KT_STREAM_FINISH;
		r->is_finished = true;
	}
	return kt_stream_collect(s, NULL);
}

static enum kt_rc
message_stop(struct kt_stream_step *s)
{
	if (!s->r->is_finished)
		return kt_stream_refuse(s, "the message ends out of turn");
	s->r->is_stopped = true;
	s->out->kind = KT_STREAM_STOP;
	s->out->ends_all = true;
	return kt_stream_collect(s, NULL);
}

static enum kt_rc
ping(struct kt_stream_step *s)
{
	s->out->kind = KT_STREAM_PING;
	return kt_stream_collect(s, NULL);
}

static enum kt_rc
error(struct kt_stream_step *s)
{
	s->r->is_stopped = true;
	s->out->kind = KT_STREAM_ERROR;
	return kt_stream_collect(s, NULL);
}

static const struct {
	struct kt_span type;
	enum kt_rc (*read)(struct kt_stream_step *s);
	bool may_follow_stop;
} types[] = {
	{ KT_SPAN_INIT("content_block_delta"), block_delta, false },
	{ KT_SPAN_INIT("content_block_start"), block_start, false },
	{ KT_SPAN_INIT("content_block_stop"), block_stop, false },
	{ KT_SPAN_INIT("message_start"), message_start, false },
	{ KT_SPAN_INIT("message_delta"), message_delta, false },
	{ KT_SPAN_INIT("message_stop"), message_stop, false },
	{ KT_SPAN_INIT("ping"), ping, true },
	{ KT_SPAN_INIT("error"), error, true },
};

enum kt_rc
kt_stream_anthropic(struct kt_stream_step *s)
{
	for (size_t i = 0; i < KT_NELEMS(types); i++) {
		if (!kt_span_eq(types[i].type, s->type))
			continue;
		if (s->r->is_stopped && !types[i].may_follow_stop)
			break;
		return types[i].read(s);
	}
	if (s->r->is_stopped)
		return kt_stream_refuse(s, "follows the end");
	if (s->type.len == 0 &&
	    kt_json_type(s->json, kt_stream_member(s, s->root, "error")) ==
		KT_JSON_OBJECT)
		return error(s);
	return kt_stream_collect(s, NULL);
}
