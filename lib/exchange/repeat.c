/*
 * repeat - texts of a stream that say once more what it said before.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The responses format tells a text piece by piece, then whole, then in its
 * part, its item and the answer.  It is one text all the same, so what counts
 * is the text and not where it stands: within an event each one counts, in a
 * later one only those that were not said as often.  Every one is inspected.
 */
#include "exchange/exchange_priv.h"

/* More are counted whenever they are said. */
#define SAID_MAX 1024
#define PRIME ((UINT64_C(1) << 61) - 1)

struct kt_x_said {
	uint64_t hash;
	uint64_t block;       /* while it grows; 0: it is complete */
	uint64_t event;       /* that said it last */
	uint32_t here, times; /* by that event, and as it was counted */
	struct kt_x_said *next;
};

/* A polynomial at a secret point: two texts meet only by chance. */
static uint64_t
extend(const struct kt_exchange *x, uint64_t hash, struct kt_span text)
{
	uint64_t point;

	memcpy(&point, x->seed + 8, sizeof(point));
	point %= PRIME;
	for (size_t i = 0; i < text.len; i++) {
		__uint128_t m = (__uint128_t)hash * point +
		    (unsigned char)text.ptr[i] + 1;

		hash = (uint64_t)(m & PRIME) + (uint64_t)(m >> 61);
		hash = hash >= PRIME ? hash - PRIME : hash;
	}
	return hash;
}

static struct kt_x_said **
place_of(struct kt_x_repeats *r, uint64_t hash)
{
	return &r->complete[hash % KT_NELEMS(r->complete)];
}

static struct kt_x_said *
find(struct kt_x_said *s, uint64_t hash)
{
	while (s != NULL && s->hash != hash)
		s = s->next;
	return s;
}

static struct kt_x_said *
add(struct kt_exchange *x, struct kt_x_said **list, struct kt_x_said said)
{
	struct kt_x_said *s = x->stream.repeats.n < SAID_MAX ?
	    kt_arena_alloc(x->mem, sizeof(*s)) : NULL;

	if (s == NULL)
		return NULL;
	x->stream.repeats.n++;
	*s = said;
	s->next = *list;
	*list = s;
	return s;
}

static void
grow(struct kt_exchange *x, uint64_t block, struct kt_span text)
{
	struct kt_x_repeats *r = &x->stream.repeats;
	struct kt_x_said *s = r->growing;

	while (s != NULL && s->block != block)
		s = s->next;
	if (s == NULL)
		s = add(x, &r->growing,
		    (struct kt_x_said){ .block = block, .times = 1 });
	if (s != NULL)
		s->hash = extend(x, s->hash, text);
}

static bool
was_said(struct kt_exchange *x, struct kt_span text)
{
	struct kt_x_repeats *r = &x->stream.repeats;
	uint64_t hash = extend(x, 0, text), event = x->stream.events;
	struct kt_x_said *s = find(*place_of(r, hash), hash);

	if (s == NULL)
		s = find(r->growing, hash);
	if (s == NULL) {
		(void)add(x, place_of(r, hash), /* or it counts again */
		    (struct kt_x_said){ .hash = hash, .event = event,
			.here = 1, .times = 1 });
		return false;
	}
	s->here = s->event == event ? s->here + 1 : 1;
	s->event = event;
	if (s->here <= s->times)
		return true;
	s->times = s->here;
	return false;
}

/* What has grown is complete; it may have been said by another block. */
static void
end(struct kt_x_repeats *r, const struct kt_stream_event *ev)
{
	for (struct kt_x_said **at = &r->growing; *at != NULL;) {
		struct kt_x_said *s = *at, **to, *same;

		if (!kt_stream_ends(ev, s->block)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		to = place_of(r, s->hash);
		same = find(*to, s->hash);
		if (same != NULL) {
			same->times += s->times;
			continue;
		}
		s->block = 0;
		s->next = *to;
		*to = s;
	}
}

enum kt_rc
kt_x_find_repeats(
    struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data)
{
	const struct kt_stream_event *ev = &slot->ev;

	slot->repeats = NULL;
	if (x->stream.reader.format != KT_FORMAT_RESPONSES)
		return KT_OK;
	slot->repeats = kt_arena_array(
	    slot->mem, ev->nparts, sizeof(*slot->repeats));
	if (slot->repeats == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < ev->nparts; i++) {
		const struct kt_part *p = &ev->parts[i];
		struct kt_span text;

		slot->repeats[i] = false;
		if (p->kind == KT_PART_FIXED || p->kind == KT_PART_OPAQUE)
			continue;
		if (kt_json_unescape(kt_json_string(&slot->json, data, p->node),
		        x->turn, &text, NULL) < 0)
			return KT_E_LIMIT;
		if (p->block != 0)
			grow(x, p->block, text);
		else if (text.len > 0)
			slot->repeats[i] = was_said(x, text);
	}
	end(&x->stream.repeats, ev);
	return KT_OK;
}

bool
kt_x_is_repeat(const struct kt_x_slot *slot, size_t part)
{
	return slot->repeats != NULL && slot->repeats[part];
}
