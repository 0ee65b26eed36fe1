/*
 * orders - what the shell is told to do, and heads as they are kept.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"

struct kt_order *
kt_x_order(struct kt_exchange *x, enum kt_order_kind kind)
{
	struct kt_order *o;

	if (x->norders == KT_NELEMS(x->orders))
		KT_BUG("more orders than one event can cause");
	o = &x->orders[x->norders++];
	*o = (struct kt_order){ .kind = kind };
	return o;
}

void
kt_x_out(struct kt_exchange *x, struct kt_span bytes)
{
	struct kt_order *last;
	size_t at = x->out.len;

	if (bytes.len == 0 || x->is_client_gone || x->is_out_lost ||
	    x->is_head_only)
		return;
	if (kt_buf_add(&x->out, bytes) < 0) {
		x->is_out_lost = x->is_truncated = true;
		return;
	}
	x->bytes_out += bytes.len;
	x->in_flight += bytes.len;
	x->last_out_mono = x->now_mono;
	last = x->norders > 0 ? &x->orders[x->norders - 1] : NULL;
	if (last != NULL && last->kind == KT_ORDER_ANSWER_BODY) {
		last->bytes.len += bytes.len;
		return;
	}
	last = kt_x_order(x, KT_ORDER_ANSWER_BODY);
	/* out may still move; ptr is filled in by _next. */
	last->bytes = (struct kt_span){ .ptr = NULL, .len = bytes.len };
	last->length = at;
}

void
kt_x_order_deadline(struct kt_exchange *x, uint64_t at_us)
{
	if (at_us == x->deadline_us)
		return;
	x->deadline_us = at_us;
	kt_x_order(x, KT_ORDER_DEADLINE)->at_us = at_us;
}

void
kt_x_cancel_upstream(struct kt_exchange *x)
{
	if (!x->is_upstream_open)
		return;
	x->is_upstream_open = false;
	(void)kt_x_order(x, KT_ORDER_UPSTREAM_CANCEL);
}

void
kt_x_end(struct kt_exchange *x)
{
	kt_x_cancel_upstream(x);
	kt_x_order_deadline(x, 0);
	x->phase = KT_X_DONE;
	x->end_mono = x->now_mono;
	(void)kt_x_order(x, KT_ORDER_END);
}

void
kt_x_seed_json(struct kt_exchange *x, struct kt_json *json)
{
	uint64_t seed;

	memcpy(&seed, x->seed + 16, sizeof(seed));
	kt_json_seed(
	    json, seed + ++x->json_seeds * UINT64_C(0x9e3779b97f4a7c15));
}

bool
kt_x_keep_headers(struct kt_exchange *x, const struct kt_header *from,
    size_t n, struct kt_header **out)
{
	struct kt_header *to = kt_arena_array(x->mem, n, sizeof(*to));

	if (to == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		to[i].name = kt_arena_dup(x->mem, from[i].name);
		to[i].value = kt_arena_dup(x->mem, from[i].value);
		if (to[i].name.ptr == NULL || to[i].value.ptr == NULL)
			return false;
	}
	*out = to;
	return true;
}

struct kt_span
kt_x_header(const struct kt_exchange *x, struct kt_span name)
{
	return kt_header_find(x->headers, x->nheaders, name);
}

bool
kt_x_header_add(struct kt_header *list, size_t *n, size_t room,
    struct kt_span name, struct kt_span value)
{
	if (*n == room)
		return false;
	list[(*n)++] = (struct kt_header){ .name = name, .value = value };
	return true;
}
