/*
 * queue - long pieces: the definition again, but the pair to be joined next
 * is found at once.  Pairs stand in a list for each token that they would
 * become; a tree of bits over the lists tells the lowest that is not empty.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "token/merge_priv.h"

/* Tokens are below 2^18: three levels of 64 bits each. */
#define LISTS (1u << 18)
#define NOTHING UINT32_MAX

/* One token of the piece so far, named by the offset where it begins. */
struct part {
	uint32_t prev, next; /* parts */
	uint32_t token;
	uint32_t joined;       /* with the next: in whose list it stands */
	uint32_t before, behind; /* in that list */
};

struct list {
	uint32_t first, last;
	bool is_unsorted;
};

/* What two tokens become, remembered: what repeats is joined alike. */
struct pair {
	uint32_t left, right, joined;
};
#define PAIRS 1024

struct kt_token_room {
	struct pair pairs[PAIRS];
	struct part *parts;
	size_t cap;
	size_t n; /* bytes of the piece */
	uint64_t top, middle[64], low[4096];
	struct list lists[LISTS];
	uint32_t byte[256]; /* the token of each */
};

void
kt_token_room_free(struct kt_token_room **room)
{
	if (*room != NULL)
		kt_free((*room)->parts);
	kt_free(*room);
	*room = NULL;
}

static struct kt_token_room *
room_new(const struct kt_token_table *t)
{
	struct kt_token_room *room = kt_alloc(sizeof(*room));

	if (room == NULL)
		return NULL;
	for (size_t i = 0; i < LISTS; i++)
		room->lists[i].first = room->lists[i].last = NOTHING;
	for (size_t i = 0; i < PAIRS; i++)
		room->pairs[i].left = NOTHING;
	for (unsigned b = 0; b < 256; b++)
		room->byte[b] =
		    kt_token_find(t, &(uint8_t){ (uint8_t)b }, 1);
	return room;
}

static void
mark(struct kt_token_room *room, uint32_t list)
{
	room->low[list >> 6] |= UINT64_C(1) << (list & 63);
	room->middle[list >> 12] |= UINT64_C(1) << (list >> 6 & 63);
	room->top |= UINT64_C(1) << (list >> 12);
}

static void
unmark(struct kt_token_room *room, uint32_t list)
{
	room->low[list >> 6] &= ~(UINT64_C(1) << (list & 63));
	if (room->low[list >> 6] != 0)
		return;
	room->middle[list >> 12] &= ~(UINT64_C(1) << (list >> 6 & 63));
	if (room->middle[list >> 12] == 0)
		room->top &= ~(UINT64_C(1) << (list >> 12));
}

/* The lowest list with a pair in it, or NOTHING. */
static uint32_t
lowest(const struct kt_token_room *room)
{
	uint32_t at;

	if (room->top == 0)
		return NOTHING;
	at = (uint32_t)__builtin_ctzll(room->top);
	at = at << 6 | (uint32_t)__builtin_ctzll(room->middle[at]);
	return at << 6 | (uint32_t)__builtin_ctzll(room->low[at]);
}

static void
enter(struct kt_token_room *room, uint32_t i, uint32_t joined)
{
	struct part *p = &room->parts[i];
	struct list *l;

	p->joined = joined;
	if (joined == KT_NO_TOKEN)
		return;
	l = &room->lists[joined];
	p->before = l->last;
	p->behind = NOTHING;
	if (l->last == NOTHING) {
		l->first = i;
		mark(room, joined);
	} else {
		l->is_unsorted |= l->last > i;
		room->parts[l->last].behind = i;
	}
	l->last = i;
}

static void
leave(struct kt_token_room *room, uint32_t i)
{
	struct part *p = &room->parts[i];
	struct list *l;

	if (p->joined == KT_NO_TOKEN)
		return;
	l = &room->lists[p->joined];
	if (p->before != NOTHING)
		room->parts[p->before].behind = p->behind;
	else
		l->first = p->behind;
	if (p->behind != NOTHING)
		room->parts[p->behind].before = p->before;
	else
		l->last = p->before;
	if (l->first == NOTHING) {
		l->is_unsorted = false;
		unmark(room, p->joined);
	}
	p->joined = KT_NO_TOKEN;
}

static uint32_t
end_of(const struct kt_token_room *room, uint32_t i)
{
	return room->parts[i].next != NOTHING ? room->parts[i].next :
	                                        (uint32_t)room->n;
}

static uint32_t
joined(const struct kt_token_table *t, const uint8_t *p,
    struct kt_token_room *room, uint32_t i)
{
	const struct part *left = &room->parts[i];
	const struct part *right = &room->parts[left->next];
	struct pair *known =
	    &room->pairs[(left->token * 31 + right->token) % PAIRS];

	if (known->left != left->token || known->right != right->token)
		*known = (struct pair){ .left = left->token,
			.right = right->token,
			.joined = kt_token_find(
			    t, p + i, end_of(room, left->next) - i) };
	return known->joined;
}

/* Puts the pair that begins with part i where it belongs now. */
static void
look_again(const struct kt_token_table *t, const uint8_t *p,
    struct kt_token_room *room, uint32_t i)
{
	leave(room, i);
	if (room->parts[i].next != NOTHING)
		enter(room, i, joined(t, p, room, i));
}

static int
by_offset(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum kt_rc
sort(struct kt_token_room *room, uint32_t list)
{
	struct list *l = &room->lists[list];
	uint32_t *all, n = 0;

	for (uint32_t i = l->first; i != NOTHING; i = room->parts[i].behind)
		n++;
	all = kt_alloc_array(n, sizeof(*all));
	if (all == NULL)
		return KT_E_LIMIT;
	n = 0;
	for (uint32_t i = l->first; i != NOTHING; i = room->parts[i].behind)
		all[n++] = i;
	qsort(all, n, sizeof(*all), by_offset);
	*l = (struct list){ .first = NOTHING, .last = NOTHING };
	for (uint32_t i = 0; i < n; i++)
		enter(room, all[i], list);
	kt_free(all);
	return KT_OK;
}

static void
join(const struct kt_token_table *t, const uint8_t *p,
    struct kt_token_room *room, uint32_t i)
{
	struct part *left = &room->parts[i];
	struct part *right = &room->parts[left->next];
	uint32_t token = left->joined;

	leave(room, i);
	leave(room, left->next);
	left->token = token;
	left->next = right->next;
	if (left->next != NOTHING)
		room->parts[left->next].prev = i;
	look_again(t, p, room, i);
	if (left->prev != NOTHING)
		look_again(t, p, room, left->prev);
}

static enum kt_rc
begin(const struct kt_token_table *t, const uint8_t *p, size_t len,
    struct kt_token_room *room)
{
	void *parts = room->parts;

	if (kt_grow(&parts, &room->cap, len, sizeof(struct part)) < 0)
		return KT_E_LIMIT;
	room->parts = parts;
	room->n = len;
	for (uint32_t i = 0; i < len; i++)
		room->parts[i] = (struct part){ .token = room->byte[p[i]],
			.prev = i == 0 ? NOTHING : i - 1,
			.next = i + 1 == len ? NOTHING : i + 1,
			.joined = KT_NO_TOKEN };
	for (uint32_t i = 0; i < len; i++)
		look_again(t, p, room, i);
	return KT_OK;
}

enum kt_rc
kt_token_merge_long(const struct kt_token_table *t, const uint8_t *p,
    size_t len, struct kt_token_room **room)
{
	uint32_t list;

	if (*room == NULL)
		*room = room_new(t);
	if (*room == NULL || begin(t, p, len, *room) < 0)
		return KT_E_LIMIT;
	while ((list = lowest(*room)) != NOTHING) {
		if ((*room)->lists[list].is_unsorted && sort(*room, list) < 0) {
			kt_token_room_free(room); /* its lists are not empty */
			return KT_E_LIMIT;
		}
		join(t, p, *room, (*room)->lists[list].first);
	}
	return KT_OK;
}

bool
kt_token_merged(const struct kt_token_room *room, size_t *at, uint32_t *token)
{
	if (*at >= room->n)
		return false;
	*token = room->parts[*at].token;
	*at = end_of(room, (uint32_t)*at);
	return true;
}
