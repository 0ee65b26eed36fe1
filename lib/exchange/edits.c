/*
 * edits - what is to stand where, in the order of a text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

enum kt_rc
kt_x_edit_add(struct kt_x_edits *e, struct kt_arena *mem, size_t start,
    size_t end, struct kt_span text)
{
	struct kt_edit *v =
	    kt_x_more(mem, e->v, e->n, &e->cap, SIZE_MAX, sizeof(*v));

	if (v == NULL)
		return KT_E_LIMIT;
	e->v = v;
	v[e->n++] = (struct kt_edit){ .start = start, .end = end, .text = text };
	return KT_OK;
}

enum kt_rc
kt_x_splice(
    struct kt_span text, const struct kt_x_edits *edits, struct kt_buf *out)
{
	size_t at = 0;

	for (size_t i = 0; i < edits->n; i++) {
		const struct kt_edit *e = &edits->v[i];

		if (kt_buf_add(out, kt_span_sub(text, at, e->start - at)) < 0 ||
		    kt_buf_add(out, e->text) < 0)
			return KT_E_LIMIT;
		at = e->end;
	}
	return kt_buf_add(out, kt_span_sub(text, at, text.len));
}

static bool
goes_before(const struct kt_edit *a, const struct kt_edit *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	return a->start == a->end && b->start < b->end;
}

/* Sorted edits that overlap become one: all they cover, as the widest says. */
static void
drop_overlaps(struct kt_x_edits *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->n; i++) {
		struct kt_edit *last = n > 0 ? &e->v[n - 1] : NULL;
		const struct kt_edit *one = &e->v[i];

		if (last == NULL || one->start >= last->end) {
			e->v[n++] = *one;
			continue;
		}
		if (one->end - one->start > last->end - last->start)
			last->text = one->text;
		if (one->end > last->end)
			last->end = one->end;
	}
	e->n = n;
}

/* Nearly sorted always: few are added behind many that are in order. */
void
kt_x_edits_sort(struct kt_x_edits *e)
{
	for (size_t i = 1; i < e->n; i++) {
		struct kt_edit one = e->v[i];
		size_t at = i;

		while (at > 0 && goes_before(&one, &e->v[at - 1]))
			at--;
		if (at == i)
			continue;
		memmove(&e->v[at + 1], &e->v[at], (i - at) * sizeof(one));
		e->v[at] = one;
	}
	drop_overlaps(e);
}

enum kt_rc
kt_x_edits_merge(struct kt_x_edits *to, const struct kt_x_edits *from,
    struct kt_arena *mem)
{
	struct kt_x_edits all = { .cap = to->n + from->n };
	size_t i = 0, k = 0;

	if (from->n == 0)
		return KT_OK;
	all.v = kt_arena_array(mem, all.cap, sizeof(*all.v));
	if (all.v == NULL)
		return KT_E_LIMIT;
	while (i < to->n || k < from->n)
		all.v[all.n++] = k == from->n || (i < to->n &&
		        !goes_before(&from->v[k], &to->v[i])) ?
		    to->v[i++] : from->v[k++];
	drop_overlaps(&all);
	*to = all;
	return KT_OK;
}

enum kt_rc
kt_x_nest_edits(const struct kt_x_edits *inner, const struct kt_x_text *t,
    const struct kt_json_map *map, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	for (size_t i = 0; i < inner->n; i++) {
		const struct kt_edit *e = &inner->v[i];
		struct kt_span twice = { 0 };
		struct kt_buf b;

		kt_buf_init(&b, KT_BODY_MAX);
		if (kt_json_write_escaped(&b, e->text) == KT_OK)
			twice = kt_arena_dup(mem, kt_buf_span(&b));
		kt_buf_fini(&b);
		if (twice.ptr == NULL ||
		    kt_x_edit_add(edits, mem,
		        t->at + kt_json_map_raw(map, t->raw, e->start),
		        t->at + kt_json_map_raw_end(map, t->raw, e->end),
		        twice) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

enum kt_rc
kt_x_splice_turn(struct kt_exchange *x, struct kt_span text,
    const struct kt_x_edits *edits, struct kt_span *out)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, 2 * (size_t)KT_BODY_MAX);
	rc = kt_x_splice(text, edits, &b);
	if (rc == KT_OK) {
		*out = kt_arena_dup(x->turn, kt_buf_span(&b));
		rc = out->ptr == NULL ? KT_E_LIMIT : KT_OK;
	}
	kt_buf_fini(&b);
	return rc;
}
