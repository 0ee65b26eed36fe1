/*
 * exchange - events in, orders out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A switch over events and a short list of orders, instead of callbacks
 * between the steps: the order of what happens can be read, recorded and
 * replayed, and no step can run inside another.
 */
#include "exchange/exchange_priv.h"

/* Above this the upstream waits for the client, below the other it goes on. */
#define IN_FLIGHT_HIGH 262144
#define IN_FLIGHT_LOW 65536
/* Answer bytes that one feed may produce. */
#define OUT_MAX (KT_ANSWER_MAX + (1u << 20))

/* 48 bits of time and 80 random ones, in an alphabet without look-alikes. */
static void
write_call_id(char out[static 27], uint64_t wall_us, const uint8_t *random)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t ms = wall_us / 1000;
	unsigned bit = 0;

	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = alphabet[ms & 31];
	for (int i = 10; i < 26; i++, bit += 5) {
		unsigned two = (unsigned)random[bit / 8] << 8 |
		    (bit / 8 + 1 < 10 ? random[bit / 8 + 1] : 0);

		out[i] = alphabet[two >> (11 - bit % 8) & 31];
	}
	out[26] = '\0';
}

/* ---- life ---- */

struct kt_exchange *
kt_exchange_new(const struct kt_exchange_options *o)
{
	struct kt_exchange *x = o->arena_bytes ? kt_alloc(sizeof(*x)) :
	    kt_x_reuse(o->scratch);

	if (x == NULL)
		return NULL;
	x->program = o->program;
	x->scratch = o->scratch;
	x->budget = o->budget;
	x->is_audit_up = o->is_audit_up;
	x->known = o->caller;
	memcpy(x->measures, o->measures, sizeof(x->measures));
	x->subjects = o->subjects;
	x->drift = o->drift;
	memcpy(x->seed, o->seed, sizeof(x->seed));
	x->has_own_arena = o->arena_bytes > 0;
	if (x->mem == NULL)
		x->mem = kt_arena_new(
		    o->arena_bytes ? o->arena_bytes : KT_EXCHANGE_ARENA_MAX);
	if (x->turn == NULL)
		x->turn = kt_arena_new(KT_EVENT_ARENA_MAX);
	x->out.limit = OUT_MAX;
	x->record.limit = KT_AUDIT_BODY_MAX;
	x->answer.limit = KT_ANSWER_MAX;
	if (x->mem == NULL || x->turn == NULL) {
		x->has_own_arena = true; /* half an exchange is no spare */
		kt_exchange_free(&x);
		return NULL;
	}
	x->peer.is_tls = o->peer.is_tls;
	x->peer.address = kt_arena_dup(x->mem, o->peer.address);
	x->peer.certificate = kt_arena_dup(x->mem, o->peer.certificate);
	x->request_verdict.mem = x->answer_verdict.mem = x->mem;
	x->request_verdict.action = x->request_verdict.wanted =
	    KT_ACTION_IGNORE;
	x->answer_verdict.action = x->answer_verdict.wanted = KT_ACTION_IGNORE;
	x->answer_verdict.direction = KT_ANSWER;
	x->decision = KT_ACTION_BLOCK;
	return x;
}

void
kt_exchange_free(struct kt_exchange **xp)
{
	struct kt_exchange *x = *xp;

	if (x == NULL)
		return;
	kt_x_stream_free(x);
	kt_x_media_free(x);
	kt_x_guard_free(x);
	kt_x_shape_free(x);
	kt_x_drop_request(x);
	kt_buf_fini(&x->offline);
	kt_x_inspect_end(x);
	if (x->has_hash)
		kt_audit_hash_fini(&x->hash);
	if (x->budget != NULL)
		x->budget->used_bytes -= x->budget_taken;
	kt_x_leave(x->scratch, x);
	*xp = NULL;
}

static void
begin(struct kt_exchange *x, const struct kt_event *ev)
{
	x->start_mono = ev->mono_us;
	x->start_wall = ev->wall_us;
	write_call_id(x->call_id, ev->wall_us, x->seed);
	kt_x_request_head(x, ev);
}

static void
sent(struct kt_exchange *x, size_t n)
{
	x->in_flight -= n < x->in_flight ? n : x->in_flight;
	if (x->is_upstream_paused && x->in_flight < IN_FLIGHT_LOW) {
		x->is_upstream_paused = false;
		x->last_byte_mono = x->now_mono; /* silence was of our making */
		if (x->is_upstream_open)
			(void)kt_x_order(x, KT_ORDER_UPSTREAM_RESUME);
	}
}

static void
client_gone(struct kt_exchange *x)
{
	x->is_client_gone = true;
	switch (x->phase) {
	case KT_X_HEAD:
	case KT_X_UPLOAD: /* it never became a call */
		kt_x_end(x);
		return;
	case KT_X_INSPECT:
		x->is_error = true; /* nobody came to a decision */
		break;
	case KT_X_OPENING: /* goes on when that record is done */
		return;
	case KT_X_STREAM:
		kt_x_stream_abandon(x);
		break;
	case KT_X_ATTEMPT:
	case KT_X_WHOLE:
	case KT_X_PIPE:
		break;
	case KT_X_RECORDING: /* its record is still to come */
	case KT_X_DONE:
		kt_x_cancel_upstream(x);
		return;
	}
	kt_x_cancel_upstream(x);
	x->outcome = KT_AUDIT_CLIENT_ABORT;
	kt_x_record(x);
}

/* The client is still there, and hears why it ends.  Who has not sent all of
   a request does not listen yet: it is no call, and ends with its client. */
static void
stop(struct kt_exchange *x)
{
	if (x->phase == KT_X_INSPECT)
		kt_x_refuse(x, KT_REASON_GATEWAY_STOPPING, NULL, NULL);
	else
		kt_x_give_up(x, KT_REASON_GATEWAY_STOPPING);
}

/* Goes on where a classifier was waited for. */
static void
guarded(struct kt_exchange *x)
{
	if (x->phase == KT_X_INSPECT)
		kt_x_request_end(x);
	else if (x->phase == KT_X_WHOLE)
		kt_x_answer_guarded(x);
	else if (x->phase == KT_X_STREAM)
		kt_x_stream_guarded(x);
}

static void
deadline(struct kt_exchange *x)
{
	x->deadline_us = 0;
	if (kt_x_guard_end(x) != 0) {
		if (x->now_mono >= kt_x_guard_end(x) && kt_x_guard_cancel(x))
			guarded(x);
		return;
	}
	if (x->phase == KT_X_INSPECT && x->media.is_waiting &&
	    x->now_mono >= x->media.end_us) {
		kt_x_media_cancel(x);
		kt_x_request_end(x);
	}
	if (x->phase == KT_X_ATTEMPT || x->phase == KT_X_WHOLE ||
	    x->phase == KT_X_STREAM || x->phase == KT_X_PIPE)
		kt_x_upstream_slow(x);
}

/* The record is on disk, or cannot be: the last bytes go out, or do not. */
static void
recorded(struct kt_exchange *x, bool is_ok, struct kt_span receipt)
{
	if (x->phase == KT_X_OPENING) {
		kt_x_opened(x, is_ok);
		return;
	}
	if (x->phase != KT_X_RECORDING)
		return;
	if (x->is_client_gone) {
		kt_x_end(x);
		return;
	}
	if (is_ok)
		x->receipt = kt_arena_dup(x->mem, receipt);
	else if (x->program->audit.on_failure == 0)
		kt_x_lose_record(x);
	if (!x->is_answer_begun) {
		kt_x_answer_head(x, x->status, x->final_body.len);
		kt_x_out(x, x->final_body);
	} else if (!x->is_truncated) {
		kt_x_out(x, kt_buf_span(&x->stream.tail));
	}
	(void)kt_x_order(x, x->is_truncated ? KT_ORDER_ANSWER_ABORT :
	        KT_ORDER_ANSWER_END);
	kt_x_end(x);
}

static void
job_done(struct kt_exchange *x, uint32_t job, struct kt_span bytes)
{
	if (kt_x_guard_answer(x, job, bytes))
		guarded(x);
	else if (x->phase != KT_X_INSPECT)
		return; /* nobody waits for it any more */
	else if (!kt_x_media_answer(x, job, bytes))
		kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
	else if (x->media.is_waiting)
		kt_x_request_end(x);
}

static void
turn(struct kt_exchange *x)
{
	if (x->phase == KT_X_INSPECT)
		kt_x_request_end(x);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* While an answer is under way, silence must not kill the connection. */
static void
set_deadline(struct kt_exchange *x)
{
	const struct kt_target *t = x->target;
	uint64_t at = 0;

	if (kt_x_guard_end(x) != 0) {
		kt_x_order_deadline(x, kt_x_guard_end(x));
		return;
	}
	switch (x->phase) {
	case KT_X_ATTEMPT:
		at = t->first_byte_us ? x->asked_us + t->first_byte_us : 0;
		break;
	case KT_X_WHOLE:
	case KT_X_STREAM:
	case KT_X_PIPE:
		at = t->silence_us && !x->is_upstream_paused ?
		    x->last_byte_mono + t->silence_us : 0;
		break;
	case KT_X_INSPECT:
		kt_x_order_deadline(x, x->media.is_waiting ? x->media.end_us : 0);
		return;
	case KT_X_HEAD:
	case KT_X_UPLOAD:
	case KT_X_OPENING:
	case KT_X_RECORDING:
	case KT_X_DONE:
		kt_x_order_deadline(x, 0);
		return;
	}
	at = earlier(at, t->total_us ? x->attempt_us + t->total_us : 0);
	if (x->phase == KT_X_STREAM && x->is_answer_begun)
		at = earlier(at, kt_x_ping_at(x));
	/* Rounded up, so that not every event moves the timer. */
	kt_x_order_deadline(x, at == 0 ? 0 : (at / 262144 + 1) * 262144);
}

/* The built-in provider has answered, in the same turn. */
static void
play_offline(struct kt_exchange *x)
{
	static const struct kt_header json[] = { { KT_SPAN_INIT("content-type"),
	    KT_SPAN_INIT("application/json") } };
	static const struct kt_header events[] = { { KT_SPAN_INIT("content-type"),
	    KT_SPAN_INIT("text/event-stream") } };

	x->has_offline = false;
	kt_x_upstream_head(x, 200, x->facts.is_stream ? events : json, 1);
	kt_x_upstream_body(x, kt_buf_span(&x->offline));
	kt_x_upstream_end(x);
}

void
kt_exchange_feed(struct kt_exchange *x, const struct kt_event *ev)
{
	if (x->next_order != x->norders)
		KT_BUG("fed before all orders were taken");
	x->norders = x->next_order = 0;
	kt_buf_reset(&x->out);
	kt_arena_reset(x->turn);
	x->now_mono = ev->mono_us;
	x->now_wall = ev->wall_us;
	if (x->phase == KT_X_DONE)
		return;

	switch (ev->kind) {
	case KT_EVENT_REQUEST_HEAD:
		if (x->phase == KT_X_HEAD)
			begin(x, ev);
		break;
	case KT_EVENT_REQUEST_BODY:
		kt_x_request_body(x, ev->bytes);
		break;
	case KT_EVENT_REQUEST_END:
		x->is_request_complete = true;
		kt_x_request_end(x);
		break;
	case KT_EVENT_UPSTREAM_SENT:
		x->is_upstream_sent = true;
		kt_x_tally_request(x); /* while the provider is at work */
		if (x->phase > KT_X_ATTEMPT)
			kt_x_drop_request(x);
		break;
	case KT_EVENT_UPSTREAM_HEAD:
		if (!x->is_upstream_open)
			break;
		x->tls_version = kt_arena_dup(x->mem, ev->tls_version);
		x->tls_spki = kt_arena_dup(x->mem, ev->tls_spki);
		kt_x_upstream_head(x, ev->status, ev->headers, ev->nheaders);
		break;
	case KT_EVENT_UPSTREAM_BODY:
		if (x->is_upstream_open)
			kt_x_upstream_body(x, ev->bytes);
		break;
	case KT_EVENT_UPSTREAM_END:
		if (x->is_upstream_open) {
			x->is_upstream_open = false;
			kt_x_upstream_end(x);
		}
		break;
	case KT_EVENT_UPSTREAM_FAIL:
		if (x->is_upstream_open) {
			x->is_upstream_open = false;
			kt_x_upstream_fail(x, ev->fault);
		}
		break;
	case KT_EVENT_SENT:
		sent(x, ev->n);
		break;
	case KT_EVENT_CLIENT_GONE:
		client_gone(x);
		break;
	case KT_EVENT_STOP:
		stop(x);
		break;
	case KT_EVENT_DEADLINE:
		deadline(x);
		break;
	case KT_EVENT_RECORDED:
		recorded(x, ev->is_ok, ev->bytes);
		break;
	case KT_EVENT_JOB_DONE:
		job_done(x, ev->job, ev->bytes);
		break;
	case KT_EVENT_TURN:
		turn(x);
		break;
	}
	if (x->has_offline)
		play_offline(x);
	if (x->is_out_lost && x->phase == KT_X_STREAM)
		kt_x_stream_fail(x, KT_REASON_GATEWAY_INSPECTION);
	else if (x->is_out_lost && x->phase == KT_X_PIPE)
		kt_x_break_off(x, KT_REASON_GATEWAY_INSPECTION);
	if (x->is_upstream_open && !x->is_upstream_paused &&
	    x->in_flight > IN_FLIGHT_HIGH) {
		x->is_upstream_paused = true;
		(void)kt_x_order(x, KT_ORDER_UPSTREAM_PAUSE);
	}
	set_deadline(x);
}

bool
kt_exchange_next(struct kt_exchange *x, struct kt_order *out)
{
	if (x->next_order == x->norders)
		return false;
	*out = x->orders[x->next_order++];
	if (out->kind == KT_ORDER_ANSWER_BODY) {
		out->bytes.ptr = x->out.ptr + out->length;
		out->length = 0;
	}
	return true;
}
