/*
 * tally - the tokens of a call, counted here.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For a decision all of a request is read; for the record a sample, once the
 * request is on its way and the provider is at work.  What is recorded
 * follows from the call alone: no ratio that was learned is in it.
 */
#include "exchange/exchange_priv.h"

#define ROOM_KEPT 65536 /* of a worker's room for one string */

static struct kt_span
asked_model(const struct kt_exchange *x)
{
	return x->target != NULL && x->target->model.len > 0 ?
	    x->target->model :
	    x->facts.model;
}

static enum kt_format
format_of(const struct kt_exchange *x)
{
	return kt_endpoint_format(x->surface.endpoint);
}

/* NULL: no memory. */
static struct kt_tokenizer *
tokenizer(struct kt_exchange *x, enum kt_family f)
{
	struct kt_tokenizer **t =
	    &x->scratch->tokenizers[kt_family_encoding(f)];

	if (*t == NULL && kt_tokenizer_new(t, kt_family_encoding(f)) < 0)
		return NULL;
	return *t;
}

bool
kt_x_tally(struct kt_exchange *x, enum kt_count_effort effort, enum kt_family f)
{
	struct kt_tokenizer *t = tokenizer(x, f);
	struct kt_buf *room = &x->scratch->tally;
	enum kt_rc rc;

	if (x->is_tallied && x->tallied == f && x->tally_effort <= effort)
		return true;
	if (t == NULL)
		return false;
	rc = kt_count_body(&x->tally, effort, f, t, format_of(x), &x->json,
	    kt_buf_span(&x->body), room);
	if (room->cap > ROOM_KEPT)
		kt_buf_fini(room);
	x->is_tallied = rc == KT_OK;
	x->tallied = f;
	x->tally_effort = effort;
	return x->is_tallied;
}

void
kt_x_tally_request(struct kt_exchange *x)
{
	if (x->is_call && x->is_json && x->body.len > 0 &&
	    format_of(x) != KT_FORMAT_NONE)
		(void)kt_x_tally(x, KT_COUNT_SAMPLE, /* else it is not told */
		    kt_family_of(asked_model(x)));
}

/* ---- the answer ---- */

static void
count_spoken(struct kt_exchange *x, struct kt_span raw)
{
	enum kt_family f = kt_family_of(asked_model(x));
	struct kt_tokenizer *t = tokenizer(x, f);

	if (t == NULL ||
	    kt_sample_add(&x->spoken.sample, f, t, raw, &x->scratch->tally) < 0)
		x->spoken.is_lost = true;
}

static void
flush(struct kt_exchange *x)
{
	if (x->spoken.n > 0)
		count_spoken(x, (struct kt_span){ x->spoken_text, x->spoken.n });
	x->spoken.n = 0;
}

/* Up to the last space, where tokens begin: what is behind it may grow. */
static void
make_room(struct kt_exchange *x)
{
	struct kt_x_spoken *s = &x->spoken;
	size_t n = s->n;

	while (n > 0 && x->spoken_text[n - 1] != ' ')
		n--;
	n = n > 1 ? n - 1 : s->n;
	if (n > 0)
		count_spoken(x, (struct kt_span){ x->spoken_text, n });
	s->n -= n;
	memmove(x->spoken_text, x->spoken_text + n, s->n);
}

/* Text as inside a JSON string; of one block (not 0) in a row it is one. */
static void
hear(struct kt_exchange *x, uint64_t block, struct kt_span raw)
{
	struct kt_x_spoken *s = &x->spoken;

	s->is_heard = true;
	if (s->n > 0 && (block == 0 || block != s->block))
		flush(x);
	if (s->n + raw.len > sizeof(x->spoken_text))
		make_room(x);
	if (s->n + raw.len > sizeof(x->spoken_text))
		flush(x);
	s->block = block;
	if (raw.len > sizeof(x->spoken_text)) {
		count_spoken(x, raw);
		return;
	}
	memcpy(x->spoken_text + s->n, raw.ptr, raw.len);
	s->n += raw.len;
}

void
kt_x_tally_event(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data)
{
	for (size_t i = 0; i < slot->ev.nparts; i++) {
		const struct kt_part *p = &slot->ev.parts[i];

		if (p->kind != KT_PART_FIXED && p->kind != KT_PART_OPAQUE &&
		    !kt_x_is_repeat(slot, i) &&
		    kt_json_type(&slot->json, p->node) == KT_JSON_STRING)
			hear(x, p->block,
			    kt_json_string(&slot->json, data, p->node));
	}
}

void
kt_x_tally_answer(struct kt_exchange *x, enum kt_format format)
{
	struct kt_span text = kt_buf_span(&x->answer);
	struct kt_segments it;
	struct kt_segment s;

	kt_segments_init(&it, format, KT_ANSWER, &x->answer_json, text);
	while (kt_segments_next(&it, &s)) {
		if (s.kind == KT_SEGMENT_TEXT || s.kind == KT_SEGMENT_SIGNED)
			hear(x, 0,
			    kt_json_string(&x->answer_json, text, s.node));
	}
}

/* ---- what the record says of it ---- */

/* What was reported, at the prices of the target; nobody else knows any. */
static void
fill_cost(const struct kt_exchange *x, struct kt_audit_call *call)
{
	const struct kt_usage *u = &x->answer_facts.usage;
	const struct kt_prices *p;
	uint64_t most = UINT64_MAX / 4 / KT_PRICE_MAX;

	if (x->target == NULL || x->nattempts == 0 || !u->is_known)
		return;
	p = &x->target->prices;
	/* A count that no provider can mean is not multiplied. */
	if (!p->is_known || u->input > most || u->output > most ||
	    u->cache_read > most || u->cache_write > most)
		return;
	call->has_cost = true;
	call->cost_micro = (u->input * p->input + u->output * p->output +
	    u->cache_read * p->cache_read + u->cache_write * p->cache_write) /
	    1000000;
}

void
kt_x_tally_fill(struct kt_exchange *x, struct kt_audit_call *call)
{
	const struct kt_usage *u = &x->answer_facts.usage;
	uint64_t reported = u->input + u->cache_read + u->cache_write;

	kt_x_tally_request(x); /* unless it was */
	flush(x);
	kt_sample_end(&x->spoken.sample);
	fill_cost(x, call);
	call->tokens.is_counted = x->is_tallied;
	call->tokens.local_in = x->tally.sum.n;
	call->tokens.is_exact = x->tally.is_exact;
	call->tokens.is_heard = x->spoken.is_heard && !x->spoken.is_lost;
	call->tokens.local_out = x->spoken.sample.sum.n;
	if (!x->is_tallied || !u->is_known || x->tally.sum.n == 0 ||
	    reported > UINT32_MAX)
		return; /* or nobody can mean it */
	call->tokens.drift_pm = reported * 1000 / x->tally.sum.n;
	if (x->drift != NULL && !x->is_offline && !x->tally.is_exact &&
	    x->outcome == KT_AUDIT_OK)
		kt_drift_note(
		    x->drift, asked_model(x), x->tally.sum.n, reported);
}
