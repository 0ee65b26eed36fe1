/*
 * block - a growing text of a stream, and what is to be covered in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

static void
block_fini(struct kt_x_block *b)
{
	kt_detect_stream_free(&b->stream);
	kt_buf_fini(&b->text);
}

void
kt_x_blocks_free(struct kt_exchange *x)
{
	for (struct kt_x_block *b = x->stream.blocks; b != NULL; b = b->next)
		block_fini(b);
	x->stream.blocks = NULL;
}

struct kt_x_block *
kt_x_find_block(struct kt_exchange *x, uint64_t key)
{
	struct kt_x_block *b = x->stream.blocks;

	while (b != NULL && b->key != key)
		b = b->next;
	return b;
}

struct kt_x_block *
kt_x_block_add(struct kt_exchange *x, const struct kt_part *part)
{
	struct kt_x_streaming *s = &x->stream;
	struct kt_x_block *b = s->free_blocks;
	const struct kt_chain *chain = &x->program->chain;

	if (b != NULL)
		s->free_blocks = b->next;
	else if ((b = kt_arena_alloc(x->mem, sizeof(*b))) == NULL)
		return NULL;
	*b = (struct kt_x_block){ .key = part->block, .next = s->blocks,
		.component = part->component,
		.is_signed = part->kind == KT_PART_SIGNED };
	s->blocks = b;
	kt_buf_init(&b->text, KT_EVENT_MAX);
	if ((chain->hears & KT_COMPONENT_BIT(b->component)) == 0 &&
	    b->component != KT_COMPONENT_TOOL_USE)
		return b;
	b->is_inspected = true;
	b->is_held = b->component == KT_COMPONENT_TOOL_USE ? s->holds_calls :
	    (chain->acts & KT_COMPONENT_BIT(b->component)) != 0;
	b->is_collected = b->component == KT_COMPONENT_TOOL_USE ||
	    kt_detect_needs_block(chain->detect, &chain->heard[b->component]);
	if (!b->is_collected &&
	    kt_detect_stream_new(&b->stream, chain->detect,
	        &chain->heard[b->component], &chain->enforced[b->component]) < 0)
		return NULL;
	return b;
}

/* Ended, and every byte of it is out: its memory serves the next one. */
void
kt_x_blocks_retire(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;
	struct kt_x_block **at = &s->blocks;

	while (*at != NULL) {
		struct kt_x_block *b = *at;

		if (!b->is_ended || b->released < b->length) {
			at = &b->next;
			continue;
		}
		*at = b->next;
		block_fini(b);
		b->next = s->free_blocks;
		s->free_blocks = b;
	}
}

enum kt_rc
kt_x_block_redact(struct kt_exchange *x, struct kt_x_block *b, uint64_t start,
    uint64_t end, uint32_t detector, bool is_open, struct kt_span marker)
{
	struct kt_x_redaction *r = x->stream.free_redactions, **at = &b->first;

	if (marker.ptr == NULL)
		return KT_E_LIMIT;
	if (r != NULL)
		x->stream.free_redactions = r->next;
	else if ((r = kt_arena_alloc(x->mem, sizeof(*r))) == NULL)
		return KT_E_LIMIT;
	*r = (struct kt_x_redaction){ .start = start, .end = end,
		.detector = detector, .is_open = is_open, .marker = marker };
	/* One that began earlier may be decided later. */
	while (*at != NULL && ((*at)->start < start ||
	        ((*at)->start == start && (*at)->end >= end)))
		at = &(*at)->next;
	r->next = *at;
	*at = r;
	return KT_OK;
}

/* Told before: only its tail grew. */
bool
kt_x_block_knows(struct kt_x_block *b, const struct kt_finding *f)
{
	for (struct kt_x_redaction *r = b->first; r != NULL; r = r->next) {
		if (r->detector == f->detector && r->start == f->start) {
			/* In disguise it may be longer than in the clear. */
			r->end = f->end > r->end ? f->end : r->end;
			r->is_open = f->is_open;
			return true;
		}
	}
	for (size_t i = 0; i < b->nopen; i++) {
		if (b->open[i].start != f->start ||
		    b->open[i].detector != f->detector)
			continue;
		if (!f->is_open)
			b->open[i] = b->open[--b->nopen];
		return true;
	}
	return false;
}

enum kt_rc
kt_x_block_cover(struct kt_exchange *x, struct kt_x_block *b,
    const struct kt_finding *f, struct kt_span marker)
{
	return kt_x_block_knows(b, f) ? KT_OK : kt_x_block_redact(x, b, f->start, f->end,
	    f->detector, f->is_open, marker);
}

enum kt_rc
kt_x_block_edit(struct kt_exchange *x, struct kt_x_block *b,
    const struct kt_x_edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		const struct kt_edit *e = &edits->v[i];

		if (kt_x_block_redact(x, b, e->start, e->end, UINT32_MAX, false,
		        kt_arena_dup(x->mem, e->text)) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

enum kt_rc
kt_x_block_leaves(struct kt_exchange *x, const struct kt_x_block *b,
    struct kt_span *out)
{
	struct kt_x_edits edits = { 0 };

	for (const struct kt_x_redaction *r = b->first; r != NULL; r = r->next) {
		if (kt_x_edit_add(
		        &edits, x->turn, r->start, r->end, r->marker) < 0)
			return KT_E_LIMIT;
	}
	kt_x_edits_sort(&edits);
	return kt_x_splice_turn(x, kt_buf_span(&b->text), &edits, out);
}

struct kt_span
kt_x_slot_data(const struct kt_x_slot *slot)
{
	if (slot->is_joined)
		return kt_buf_span(&slot->joined);
	return kt_span_sub(kt_buf_span(&slot->raw), slot->data_at, slot->data_len);
}
