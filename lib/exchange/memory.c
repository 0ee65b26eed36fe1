/*
 * memory - what an exchange holds, and what it leaves to the next one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

#if defined(__SANITIZE_ADDRESS__)
#define SPARES_MAX 0 /* memory used again hides who uses it too long */
#else
#define SPARES_MAX 64
#endif
#define SLOTS_KEPT 8
#define KEPT_BYTES 4096 /* of a buffer; a larger one goes back */

void *
kt_x_more(struct kt_arena *mem, void *list, size_t n, size_t *cap, size_t max,
    size_t size)
{
	void *to;

	if (n < *cap)
		return list;
	if (n == max)
		return NULL;
	*cap = n > 0 ? 2 * n : 4;
	to = kt_arena_array(mem, *cap, size);
	if (to == NULL)
		*cap = n;
	else if (n > 0)
		memcpy(to, list, n * size);
	return to;
}

/* Answers about media. */
static size_t
media_held(const struct kt_exchange *x)
{
	size_t held = 0;

	for (uint32_t i = x->media.looked; i < x->media.ordered; i++)
		held += x->media.v[i].answer.cap;
	return held;
}

bool
kt_x_charge(struct kt_exchange *x)
{
	size_t now = x->body.cap + x->wire.cap + x->translated.cap +
	    x->json.store.cap + x->answer.cap + x->offline.cap +
	    x->answer_json.store.cap + media_held(x) +
	    x->asking[0].body.cap + x->asking[1].body.cap;

	if (x->budget == NULL)
		return true;
	x->budget->used_bytes -= x->budget_taken;
	x->budget_taken = 0;
	if (now > x->budget->limit_bytes - x->budget->used_bytes)
		return false;
	x->budget->used_bytes += now;
	x->budget_taken = now;
	return true;
}

void
kt_x_drop_request(struct kt_exchange *x)
{
	kt_x_spare_give(x->scratch, &x->body);
	kt_buf_fini(&x->wire);
	kt_buf_fini(&x->translated);
	kt_json_fini(&x->json);
	(void)kt_x_charge(x); /* less than before, so it fits */
}

static void
destroy(struct kt_exchange *x)
{
	kt_buf_fini(&x->out);
	kt_buf_fini(&x->record);
	kt_buf_fini(&x->answer);
	kt_json_fini(&x->answer_json);
	kt_arena_free(&x->mem);
	kt_arena_free(&x->turn);
	kt_free(x);
}

static void
keep_small(struct kt_buf *b)
{
	if (b->cap > KEPT_BYTES)
		kt_buf_fini(b);
	kt_buf_reset(b);
}

struct kt_exchange *
kt_x_reuse(struct kt_scratch *s)
{
	struct kt_exchange *x = s->exchanges;

	if (x == NULL)
		return kt_alloc(sizeof(*x));
	s->exchanges = x->spare;
	s->nexchanges--;
	return x;
}

/* Whatever a call left is gone: only its memory stays. */
void
kt_x_leave(struct kt_scratch *s, struct kt_exchange *x)
{
	if (s->nexchanges + 1 > SPARES_MAX || x->has_own_arena) {
		destroy(x);
		return;
	}
	memset(x, 0, offsetof(struct kt_exchange, orders));
	keep_small(&x->out);
	keep_small(&x->record);
	keep_small(&x->answer);
	if (x->answer_json.store.cap > KEPT_BYTES)
		kt_json_fini(&x->answer_json);
	kt_arena_reset(x->mem);
	kt_arena_reset(x->turn);
	x->spare = s->exchanges;
	s->exchanges = x;
	s->nexchanges++;
}

static void
free_slot(struct kt_x_slot *slot)
{
	kt_buf_fini(&slot->raw);
	kt_buf_fini(&slot->joined);
	kt_json_fini(&slot->json);
	kt_arena_free(&slot->mem);
	kt_free(slot);
}

struct kt_x_slot *
kt_x_slot_take(struct kt_scratch *s)
{
	struct kt_x_slot *slot = s->slots;

	if (slot != NULL) {
		s->slots = slot->next;
		s->nslots--;
		slot->next = NULL;
		return slot;
	}
	slot = kt_alloc(sizeof(*slot));
	if (slot == NULL)
		return NULL;
	slot->mem = kt_arena_new(KT_EVENT_ARENA_MAX);
	if (slot->mem == NULL) {
		kt_free(slot);
		return NULL;
	}
	kt_buf_init(&slot->raw, 2 * KT_EVENT_MAX);
	kt_buf_init(&slot->joined, 2 * KT_EVENT_MAX);
	kt_json_init(&slot->json, 2 * KT_EVENT_MAX);
	return slot;
}

void
kt_x_slot_give(struct kt_scratch *s, struct kt_x_slot *slot)
{
	/* What one huge event needed is not kept for the small ones. */
	if (s->nslots == SLOTS_KEPT || slot->raw.cap > 65536) {
		free_slot(slot);
		return;
	}
	slot->next = s->slots;
	s->slots = slot;
	s->nslots++;
}

void
kt_x_spare_take(struct kt_scratch *s, struct kt_buf *b, size_t min, size_t max)
{
	for (size_t i = 0; i < KT_X_SPARES_MAX; i++) {
		struct kt_buf spare = s->spares[i];

		if (spare.cap < min || spare.cap > max ||
		    spare.cap > b->limit || spare.cap == 0)
			continue;
		if (b->len > 0)
			memcpy(spare.ptr, b->ptr, b->len);
		spare.len = b->len;
		spare.limit = b->limit;
		kt_buf_fini(b);
		*b = spare;
		s->spares[i] = (struct kt_buf){ 0 };
		return;
	}
}

/* The largest ones stay. */
void
kt_x_spare_give(struct kt_scratch *s, struct kt_buf *b)
{
	for (size_t i = 0; i < KT_X_SPARES_MAX; i++) {
		struct kt_buf other = s->spares[i];

		if (b->cap < KT_X_SPARE_BYTES_MIN ||
		    b->cap > KT_X_SPARE_BYTES_MAX || b->cap <= other.cap)
			continue;
		s->spares[i] = *b;
		*b = other;
	}
	kt_buf_fini(b);
}

void
kt_x_free_spares(struct kt_scratch *s)
{
	while (s->slots != NULL) {
		struct kt_x_slot *slot = s->slots;

		s->slots = slot->next;
		free_slot(slot);
	}
	while (s->exchanges != NULL) {
		struct kt_exchange *x = s->exchanges;

		s->exchanges = x->spare;
		destroy(x);
	}
}
