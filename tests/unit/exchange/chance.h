/*
 * chance - a shell that does anything a real one may do, in any order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bytes choose the next event among those that are legal now: random ones in
 * a test, any ones in a fuzzer.  Whatever they choose, the laws of the
 * machine hold; what broke one is told, and counted in `broken`.
 */
#ifndef KT_TEST_CHANCE_H
#define KT_TEST_CHANCE_H
#include "tests/unit/exchange/drive.h"

struct chance {
	const uint8_t *bytes;
	size_t n;
	uint64_t state; /* where bytes is NULL: a generator */
};

struct scene {
	const char *method, *target;
	struct kt_span body, answer;
	const char *type;
	bool is_length_known;
};

struct gambler {
	struct chance chance;
	const struct scene *scene;
	struct kt_exchange *x;
	struct kt_buf up, out, record;
	uint64_t now, deadline;
	/* the client */
	size_t request_at;
	bool is_head_in, is_body_in, is_gone;
	/* the upstream */
	bool is_up, is_sent, is_up_head, is_paused;
	const struct kt_span *pieces;
	size_t npieces, answer_at, up_length, ups;
	/* what was ordered */
	bool wants_turn, wants_record, had_head, had_end, has_ended;
	unsigned opens, records, broken, status;
	size_t in_flight;
};

static inline unsigned
draw(struct chance *c, unsigned n)
{
	if (c->bytes != NULL) {
		if (c->n == 0)
			return 0;
		c->n--;
		return *c->bytes++ % n;
	}
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return (unsigned)(c->state >> 33) % n;
}

static inline void
law(struct gambler *g, bool holds, const char *what)
{
	if (holds)
		return;
	g->broken++;
	printf("# broken: %s\n", what);
}

/* The pieces of an upstream request stay as they were until it is written. */
static inline void
check_pieces(struct gambler *g)
{
	struct kt_buf again;

	kt_buf_init(&again, 64u << 20);
	for (size_t i = 0; i < g->npieces; i++)
		keep(&again, g->pieces[i]);
	law(g, again.len == g->up_length && (again.len == 0 ||
	        memcmp(again.ptr, g->up.ptr + g->up.len - again.len,
	            again.len) == 0), "a borrowed body changed");
	kt_buf_fini(&again);
}

static inline void
start_upstream(struct gambler *g, const struct kt_order *o)
{
	law(g, !g->is_up, "two upstreams at once");
	law(g, !g->had_head, "another attempt behind a byte of the answer");
	g->is_up = true;
	g->is_sent = g->is_up_head = g->is_paused = false;
	g->answer_at = 0;
	g->pieces = o->pieces;
	g->npieces = o->npieces;
	g->up_length = 0;
	g->ups++;
	for (size_t i = 0; i < o->npieces; i++) {
		keep(&g->up, o->pieces[i]);
		g->up_length += o->pieces[i].len;
	}
}

static inline void
obey(struct gambler *g, const struct kt_order *o)
{
	law(g, !g->has_ended, "an order behind the end");
	switch (o->kind) {
	case KT_ORDER_UPSTREAM:
		start_upstream(g, o);
		break;
	case KT_ORDER_UPSTREAM_BODY:
		law(g, g->is_up, "an upload to nobody");
		keep(&g->up, o->bytes);
		g->up_length = 0;
		g->npieces = 0;
		break;
	case KT_ORDER_UPSTREAM_FINISH:
		law(g, g->is_up, "the end of an upload to nobody");
		break;
	case KT_ORDER_UPSTREAM_CANCEL:
		law(g, g->is_up, "nobody is cancelled");
		g->is_up = false;
		break;
	case KT_ORDER_UPSTREAM_PAUSE:
		law(g, g->is_up && !g->is_paused, "paused out of turn");
		g->is_paused = true;
		break;
	case KT_ORDER_UPSTREAM_RESUME:
		law(g, g->is_up && g->is_paused, "resumed out of turn");
		g->is_paused = false;
		break;
	case KT_ORDER_ANSWER_HEAD:
		law(g, !g->had_head, "two heads of an answer");
		law(g, o->status >= 200 && o->status < 600, "no status");
		g->had_head = true;
		g->status = o->status;
		break;
	case KT_ORDER_ANSWER_BODY:
		law(g, g->had_head && !g->had_end, "bytes out of turn");
		keep(&g->out, o->bytes);
		g->in_flight += o->bytes.len;
		break;
	case KT_ORDER_ANSWER_END:
	case KT_ORDER_ANSWER_ABORT:
		law(g, g->had_head && !g->had_end, "an end out of turn");
		g->had_end = true;
		break;
	case KT_ORDER_OPEN:
		law(g, !g->is_up && ++g->opens == 1, "opened out of turn");
		g->wants_record = true;
		break;
	case KT_ORDER_RECORD:
		law(g, ++g->records == 1, "two records");
		g->wants_record = true;
		keep(&g->record, o->bytes);
		break;
	case KT_ORDER_DEADLINE:
		g->deadline = o->at_us;
		break;
	case KT_ORDER_TURN:
		g->wants_turn = true;
		break;
	case KT_ORDER_END:
		law(g, !g->wants_record, "ended before its record");
		law(g, !g->is_up, "ended before its upstream");
		law(g, g->is_gone || g->had_end, "ended without an answer");
		g->has_ended = true;
		break;
	case KT_ORDER_NONE:
	case KT_ORDER_REQUEST_PAUSE:
	case KT_ORDER_REQUEST_RESUME:
	case KT_ORDER_JOB:
	case KT_ORDER_JOB_CANCEL:
		break;
	}
}

static inline void
bet(struct gambler *g, struct kt_event ev)
{
	struct kt_order o;

	ev.mono_us = g->now;
	ev.wall_us = 1700000000000000ull + g->now;
	kt_exchange_feed(g->x, &ev);
	while (kt_exchange_next(g->x, &o))
		obey(g, &o);
}

/* A copy of its own, so that ASan sees a span that was kept too long. */
static inline void
bet_bytes(struct gambler *g, enum kt_event_kind kind, struct kt_span s)
{
	char *copy = malloc(s.len + 1);

	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	bet(g, (struct kt_event){ .kind = kind, .bytes = { copy, s.len } });
	memset(copy, 'x', s.len);
	free(copy);
}

static inline size_t
piece(struct gambler *g, size_t left)
{
	static const size_t sizes[] = { SIZE_MAX, 1, 7, 64, 500, 4096 };
	size_t n = sizes[draw(&g->chance, KT_NELEMS(sizes))];

	return n < left ? n : left;
}

static inline void
client_step(struct gambler *g)
{
	const struct scene *s = g->scene;
	struct kt_span rest =
	    kt_span_sub(s->body, g->request_at, s->body.len);
	size_t n = piece(g, rest.len);

	if (rest.len == 0) {
		g->is_body_in = true;
		bet(g, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
		return;
	}
	g->request_at += n;
	bet_bytes(g, KT_EVENT_REQUEST_BODY, kt_span_sub(rest, 0, n));
}

static inline void
upstream_step(struct gambler *g)
{
	static const unsigned statuses[] = { 200, 200, 200, 200, 201, 204, 302,
		304, 400, 402, 404, 429, 500, 503, 529 };
	struct kt_header h[] = {
		{ KT_SPAN("content-type"), kt_span_of(g->scene->type) },
		{ KT_SPAN("request-id"), KT_SPAN("req_1") },
		{ KT_SPAN("content-encoding"), KT_SPAN("gzip") },
	};
	struct kt_span rest = kt_span_sub(
	    g->scene->answer, g->answer_at, g->scene->answer.len);
	unsigned what = draw(&g->chance, 16);
	size_t n;

	if (what == 15) {
		g->is_up = false;
		bet(g, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_FAIL,
		    .fault = (enum kt_fault)(1 + draw(&g->chance, 4)) });
	} else if (!g->is_sent && what >= 8) {
		check_pieces(g);
		g->is_sent = true;
		bet(g, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_SENT });
	} else if (!g->is_up_head) {
		g->is_up_head = true;
		bet(g, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
		    .status = statuses[draw(&g->chance, KT_NELEMS(statuses))],
		    .headers = h, .nheaders = what == 7 ? 3 : 2 });
	} else if (rest.len > 0 && what != 14) {
		n = piece(g, rest.len);
		g->answer_at += n;
		bet_bytes(g, KT_EVENT_UPSTREAM_BODY, kt_span_sub(rest, 0, n));
	} else {
		g->is_up = false;
		bet(g, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_END });
	}
}

static inline void
record_step(struct gambler *g)
{
	g->wants_record = false;
	bet(g, (struct kt_event){ .kind = KT_EVENT_RECORDED,
	    .is_ok = draw(&g->chance, 8) != 7, .bytes = KT_SPAN("t#1;00") });
}

static inline void
time_step(struct gambler *g)
{
	if (g->deadline == 0)
		return;
	/* Clocks may fire early, and late. */
	g->now = g->deadline + draw(&g->chance, 3) * 1000000 > g->now + 500 ?
	    g->deadline + draw(&g->chance, 3) * 1000000 - 500 : g->now;
	g->deadline = 0;
	bet(g, (struct kt_event){ .kind = KT_EVENT_DEADLINE });
}

static inline void
any_step(struct gambler *g)
{
	size_t n = g->in_flight;

	g->now += draw(&g->chance, 4) * 1000;
	switch (draw(&g->chance, 40)) {
	case 39:
		g->is_gone = true;
		bet(g, (struct kt_event){ .kind = KT_EVENT_CLIENT_GONE });
		return;
	case 38:
		time_step(g);
		return;
	case 37:
		bet(g, (struct kt_event){ .kind = KT_EVENT_JOB_DONE,
		    .job = draw(&g->chance, 3), .bytes = KT_SPAN("allow") });
		return;
	case 36:
		if (draw(&g->chance, 4) == 0)
			bet(g, (struct kt_event){ .kind = KT_EVENT_STOP });
		return;
	case 35:
		g->in_flight = 0;
		bet(g, (struct kt_event){ .kind = KT_EVENT_SENT, .n = n });
		return;
	}
	if (g->wants_turn && draw(&g->chance, 2)) {
		g->wants_turn = false;
		bet(g, (struct kt_event){ .kind = KT_EVENT_TURN });
	} else if (g->wants_record && draw(&g->chance, 2)) {
		record_step(g);
	} else if (!g->is_gone && !g->is_body_in && draw(&g->chance, 2)) {
		client_step(g);
	} else if (g->is_up && !g->is_paused) {
		upstream_step(g);
	}
}

/* Plays until the machine has ended; what it is owed comes at last. */
static inline void
play(struct world *w, const struct scene *s, struct gambler *g)
{
	struct kt_budget budget = { .limit_bytes =
		draw(&g->chance, 16) == 15 ? draw(&g->chance, 256) * 64 :
		256u << 20 };
	struct kt_exchange_options o = { .program = w->program,
		.scratch = w->scratch, .is_audit_up = draw(&g->chance, 32) != 31,
		.budget = &budget, .peer.address = KT_SPAN("127.0.0.1"),
		.arena_bytes = draw(&g->chance, 16) == 15 ?
		    1 + draw(&g->chance, 256) * 32 : 0 };
	struct kt_header h[] = {
		{ KT_SPAN("content-type"), KT_SPAN("application/json") },
		{ KT_SPAN("authorization"), KT_SPAN("Bearer dummy") },
	};
	struct kt_summary sum;

	kt_buf_init(&g->up, 64u << 20);
	kt_buf_init(&g->out, 64u << 20);
	kt_buf_init(&g->record, 1u << 20);
	g->scene = s;
	memcpy(o.seed, "0123456789abcdef0123456789abcdef", 32);
	g->x = kt_exchange_new(&o);
	if (g->x == NULL)
		return;
	bet(g, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = kt_span_of(s->method), .target = kt_span_of(s->target),
	    .headers = h, .nheaders = KT_NELEMS(h), .has_body = s->body.len > 0 });
	for (unsigned i = 0; i < 4000 && !g->has_ended; i++)
		any_step(g);
	if (!g->has_ended && !g->is_gone) {
		g->is_gone = true;
		bet(g, (struct kt_event){ .kind = KT_EVENT_CLIENT_GONE });
	}
	if (g->wants_record)
		record_step(g);
	law(g, g->has_ended, "it never ends");
	kt_exchange_summary(g->x, &sum);
	law(g, g->records == 1 || (!sum.is_call && g->records == 0),
	    "a call without a record");
	law(g, g->records == 1 || g->ups == 0, "sent up without a record");
	kt_exchange_free(&g->x);
	law(g, budget.used_bytes == 0, "memory is still charged for");
}

static inline void
leave(struct gambler *g)
{
	kt_buf_fini(&g->up);
	kt_buf_fini(&g->out);
	kt_buf_fini(&g->record);
}

#endif
