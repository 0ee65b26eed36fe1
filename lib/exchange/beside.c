/*
 * beside - a name in one text of a message, an illness in another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text is searched by itself, and what is found in it is acted upon; only
 * when all texts of a message were read is it known what they are about.  So
 * those with persons are noted, and looked at once more if need be.  An answer
 * is one message.
 */
#include "exchange/exchange_priv.h"

/* As kt_segments_end counts. */
static unsigned
message_depth(const struct kt_segments *in)
{
	return in->direction == KT_ANSWER ? 1 : 3;
}

/* One of the content, a call. */
static unsigned
block_depth(const struct kt_segments *in)
{
	if (in->direction == KT_REQUEST)
		return 5;
	return in->format == KT_FORMAT_ANTHROPIC ? 3 :
	    in->format == KT_FORMAT_OPENAI ? 6 : 5;
}

/* Of the request, which an answer says again. */
static bool
is_echo(enum kt_direction direction, enum kt_component c)
{
	return direction == KT_ANSWER &&
	    (c == KT_COMPONENT_SYSTEM || c == KT_COMPONENT_TOOLS);
}

/* One that counts for the message, if there is any. */
static struct kt_finding
one_person(const struct kt_detect *db, const struct kt_detect_set *heard,
    struct kt_span text, const struct kt_findings *found)
{
	struct kt_finding best = { 0 };
	bool has_one = false;

	for (size_t i = 0; i < found->n; i++) {
		const struct kt_findings one = { &found->v[i], 1 };
		struct kt_detect_beside b =
		    kt_detect_beside(db, heard, text, &one);

		if (b.near == 0 || (b.far == 0 && has_one))
			continue;
		best = found->v[i];
		has_one = true;
		if (b.far != 0)
			break;
	}
	return best;
}

enum kt_rc
kt_x_beside_text(struct kt_exchange *x, enum kt_component c,
    struct kt_span text, struct kt_findings *found)
{
	const struct kt_detect *db = x->program->chain.detect;
	const struct kt_detect_set *heard = &x->program->chain.heard[c];
	const struct kt_x_inspection *in = &x->inspection;
	struct kt_x_beside *b = &x->inspection.beside;
	struct kt_finding *v;

	if ((!in->is_under_way && !b->is_stream) || is_echo(b->is_stream ?
	        KT_ANSWER : in->segments->direction, c))
		return KT_OK;
	if (!b->is_again) {
		struct kt_detect_beside one =
		    kt_detect_beside(db, heard, text, found);

		if (one.near != 0 && (b->at_hand.near == 0 ||
		        (one.far != 0 && b->at_hand.far == 0)))
			b->person = one_person(db, heard, text, found);
		b->at_hand.topics |= one.topics;
		b->at_hand.near |= one.near;
		b->at_hand.far |= one.far;
		return KT_OK;
	}
	v = kt_arena_array(x->turn, found->n, sizeof(*v));
	if (v == NULL)
		return KT_E_LIMIT;
	found->n = kt_detect_join(db, heard, text, found,
	    b->block_again, b->message_topics, v);
	found->v = v;
	return KT_OK;
}

static void
end_block(struct kt_x_beside *b)
{
	for (; b->open < b->n; b->open++)
		b->v[b->open].block = b->block_topics;
	b->block_topics = 0;
}

static enum kt_rc
add_person(struct kt_exchange *x, const struct kt_segment *s)
{
	struct kt_x_beside *b = &x->inspection.beside;
	struct kt_x_person *v =
	    kt_x_more(x->mem, b->v, b->n, &b->cap, SIZE_MAX, sizeof(*v));

	if (v == NULL)
		return KT_E_LIMIT;
	b->v = v;
	v[b->n++] = (struct kt_x_person){ .s = *s,
		.near = b->at_hand.near, .far = b->at_hand.far };
	return KT_OK;
}

enum kt_rc
kt_x_beside_segment(struct kt_exchange *x, const struct kt_segment *s)
{
	const struct kt_segments *in = x->inspection.segments;
	struct kt_x_beside *b = &x->inspection.beside;
	enum kt_rc rc = KT_OK;

	if (s->node >= b->block_end) {
		end_block(b);
		b->block_end = kt_segments_end(in, block_depth(in));
	}
	b->message_end = kt_segments_end(in, message_depth(in));
	b->block_topics |= b->at_hand.topics;
	b->message_topics |= b->at_hand.topics;
	if (b->at_hand.near != 0)
		rc = add_person(x, s);
	b->at_hand = (struct kt_detect_beside){ 0 };
	return rc;
}

bool
kt_x_beside_next(struct kt_exchange *x, struct kt_segment *s)
{
	struct kt_x_beside *b = &x->inspection.beside;

	if (x->inspection.segments->at < b->message_end)
		return false;
	end_block(b);
	while (b->again < b->n) {
		const struct kt_x_person *p = &b->v[b->again++];

		b->is_again = (p->near & p->block) != 0 ||
		    (p->far & b->message_topics) != 0;
		b->block_again = p->block;
		*s = p->s;
		if (b->is_again)
			return true;
	}
	b->is_again = false;
	b->n = b->again = b->open = 0;
	b->message_topics = 0;
	b->message_end = b->block_end = 0;
	return false;
}
