/*
 * beside - a name in one text of a message, an illness in another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text is searched by itself, and what is found in it is acted upon; only
 * when all texts of a message were read is it known what they are about.  So
 * those with persons are noted, and looked at once more if need be.  Requests
 * only: of an answer that streams, the beginning is gone by then.
 */
#include "exchange/exchange_priv.h"

/* As kt_segments_end counts. */
#define MESSAGE_DEPTH 3
#define BLOCK_DEPTH 5

enum kt_rc
kt_x_beside_text(struct kt_exchange *x, enum kt_component c,
    struct kt_span text, struct kt_findings *found)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_x_beside *b = &x->inspection.beside;
	struct kt_finding *v;

	if (!b->is_again) {
		b->topics |= kt_detect_topics(chain->detect, found);
		b->has_person = b->has_person ||
		    kt_detect_has_person(chain->detect, text, found);
		return KT_OK;
	}
	v = kt_arena_array(x->turn, found->n, sizeof(*v));
	if (v == NULL)
		return KT_E_LIMIT;
	found->n = kt_detect_beside(chain->detect, &chain->heard[c], text, found,
	    b->v[b->again - 1].close, b->message_topics, v);
	found->v = v;
	return KT_OK;
}

static void
end_block(struct kt_x_beside *b)
{
	for (; b->block < b->n; b->block++)
		b->v[b->block].close = b->block_topics;
	b->block_topics = 0;
}

static enum kt_rc
add_person(struct kt_exchange *x, const struct kt_segment *s)
{
	struct kt_x_beside *b = &x->inspection.beside;

	if (b->n == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 16;
		struct kt_x_person *v =
		    kt_arena_array(x->mem, cap, sizeof(*v));

		if (v == NULL)
			return KT_E_LIMIT;
		if (b->n > 0)
			memcpy(v, b->v, b->n * sizeof(*v));
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = (struct kt_x_person){ .s = *s };
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
		b->block_end = kt_segments_end(in, BLOCK_DEPTH);
	}
	b->message_end = kt_segments_end(in, MESSAGE_DEPTH);
	b->block_topics |= b->topics;
	b->message_topics |= b->topics;
	if (b->has_person && in->direction == KT_REQUEST)
		rc = add_person(x, s);
	b->topics = 0;
	b->has_person = false;
	return rc;
}

bool
kt_x_beside_next(struct kt_exchange *x, struct kt_segment *s)
{
	struct kt_x_beside *b = &x->inspection.beside;

	if (x->inspection.segments->at < b->message_end)
		return false;
	end_block(b);
	b->is_again = b->message_topics != 0 && b->again < b->n;
	if (b->is_again) {
		*s = b->v[b->again++].s;
		return true;
	}
	b->n = b->again = b->block = 0;
	b->message_topics = 0;
	b->message_end = b->block_end = 0;
	return false;
}
