/*
 * relay - one switch over orders.  Neither the listener nor the upstream
 * calls back from inside a call, so orders run in a plain loop; what goes
 * wrong while they run (no connection, a full queue) is noted and becomes
 * the next event, never a nested one.  A call may end in any event: whoever
 * tells an event does not look at the call afterwards.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/receipt.h"
#include "audit/record.h"
#include "cmd/gateway/relay.h"
#include "disk/disk.h"
#include "policy/policy.h"

#define SPARE_MAX 256          /* calls kept for reuse */
#define UPLOAD_HIGH (256u << 10)
#define UPLOAD_MAX (4u << 20)
#define REJECT_MAX 4096
#define SHED_RECORD_US 1000000

struct kt_call {
	struct kt_relay *relay;
	struct kt_call *next, **link;
	struct kt_seat *seat;
	struct kt_exchange *x;
	struct kt_recording *recording; /* NULL: it is not */
	struct kt_keeping *keeping;     /* the same */
	struct kt_request *request;   /* NULL: gone, or detached */
	struct kt_upstream_call *upstream;
	struct kt_timer deadline, turn;
	struct kt_buf going, waiting; /* of a streamed upload */
	uint64_t to_send, sent;       /* of the body upstream */
	enum kt_fault fault;          /* to be told next; 0: none */
	struct kt_job_list jobs;
	bool is_record_lost;          /* to be told next */
	bool is_record_out;           /* a ticket is outstanding */
	bool is_opening;              /* and it is that of the open record */
	bool is_opened;               /* which is in the log: */
	uint64_t opened;              /* its index */
	bool is_client_lost;          /* to be told next */
	bool is_sent;                 /* to be told next */
	bool is_ended;
	bool is_answer_whole;
	bool is_upload, is_chunked, is_upload_whole, is_upload_paused;
	bool is_piece_out; /* on_sent of it has not come yet */
};

static void run(struct kt_call *c, const struct kt_order *o);

/* Life of a call. */

static bool
next_seed(struct kt_relay *relay, uint8_t out[static 32])
{
	if (relay->seeds_left == 0) {
		if (kt_disk_random(
		        relay->seeds, sizeof(relay->seeds), NULL) < 0)
			return false;
		relay->seeds_left = KT_RELAY_SEEDS;
	}
	memcpy(out, relay->seeds[--relay->seeds_left], 32);
	return true;
}

static struct kt_call *
take_spare(struct kt_relay *relay)
{
	struct kt_call *c = relay->spare;

	if (c == NULL)
		return kt_alloc(sizeof(*c));
	relay->spare = c->next;
	relay->nspare--;
	*c = (struct kt_call){ 0 };
	return c;
}

static void
put_spare(struct kt_relay *relay, struct kt_call *c)
{
	if (relay->nspare == SPARE_MAX) {
		kt_free(c);
		return;
	}
	c->next = relay->spare;
	relay->spare = c;
	relay->nspare++;
}

static void
leave_seat(struct kt_seat *seat)
{
	if (--seat->users == 0 && seat->is_retired)
		kt_seat_free(&seat);
}

static struct kt_call *
begin(struct kt_relay *relay, struct kt_request *r)
{
	struct kt_exchange_options o = {
		.program = kt_edition_program(relay->seat->edition),
		.scratch = relay->seat->scratch,
		.budget = &relay->budget,
		.peer = { .address = kt_request_address(r),
		    .is_tls = relay->is_tls,
		    .certificate = kt_request_certificate(r) },
		.is_audit_up = kt_writer_is_up(relay->writer),
		.subjects = kt_writer_subjects(relay->writer),
		.drift = relay->drift,
	};
	struct kt_call *c = take_spare(relay);

	if (c == NULL)
		return NULL;
	c->x = next_seed(relay, o.seed) ? kt_exchange_new(&o) : NULL;
	if (c->x == NULL) {
		put_spare(relay, c);
		return NULL;
	}
	c->recording = kt_recorder_begin(relay->recorder, relay->seat->edition,
	    relay->is_tls, o.is_audit_up);
	c->keeping = kt_keeper_begin(relay->keeper, relay->seat->content);
	c->relay = relay;
	c->request = r;
	c->seat = relay->seat;
	c->seat->users++;
	kt_buf_init(&c->going, UPLOAD_MAX);
	kt_buf_init(&c->waiting, UPLOAD_MAX);
	c->next = relay->first;
	c->link = &relay->first;
	if (c->next != NULL)
		c->next->link = &c->next;
	relay->first = c;
	relay->ncalls++;
	return c;
}

/* When the exchange has ended: everything but what the ticket points to. */
static void
finish(struct kt_call *c)
{
	struct kt_summary s;

	if (c->x == NULL)
		return;
	kt_exchange_summary(c->x, &s);
	kt_recording_end(&c->recording, &s);
	kt_keeping_seal(&c->keeping, &s);
	/* A refusal too: who mistyped a path or a token looks here first. */
	if (s.is_call || s.status >= 400)
		kt_console_call(c->relay->console, &s);
	kt_upstream_cancel(&c->upstream);
	kt_jobs_drop_all(c->relay->jobs, &c->jobs);
	kt_timer_del(c->relay->loop, &c->deadline);
	kt_timer_del(c->relay->loop, &c->turn);
	if (c->request != NULL && c->is_answer_whole)
		kt_request_detach(c->request);
	else if (c->request != NULL)
		kt_request_abort(c->request);
	c->request = NULL;
	kt_exchange_free(&c->x);
	kt_buf_fini(&c->going);
	kt_buf_fini(&c->waiting);
	leave_seat(c->seat);
	c->seat = NULL;
}

static void
release(struct kt_call *c)
{
	struct kt_relay *relay = c->relay;

	finish(c);
	if (c->is_record_out)
		return;
	kt_keeping_end(&c->keeping);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	put_spare(relay, c);
	if (--relay->ncalls == 0)
		relay->on_idle(relay->worker);
}

/* Events. */

static void
feed(struct kt_call *c, struct kt_event *ev)
{
	struct kt_disk_time now;
	struct kt_order o;

	kt_disk_now(&now);
	ev->mono_us = now.mono_us;
	ev->wall_us = now.real_us;
	kt_recording_event(c->recording, ev);
	kt_keeping_event(c->keeping, ev);
	kt_exchange_feed(c->x, ev);
	while (kt_exchange_next(c->x, &o)) {
		kt_recording_order(c->recording, &o);
		kt_keeping_order(c->keeping, &o);
		run(c, &o);
	}
}

/* What came up while orders ran.  False: nothing. */
static bool
pending(struct kt_call *c, struct kt_event *ev)
{
	*ev = (struct kt_event){ 0 };
	if (c->is_client_lost) {
		c->is_client_lost = false;
		ev->kind = KT_EVENT_CLIENT_GONE;
	} else if (c->fault != 0) {
		ev->kind = KT_EVENT_UPSTREAM_FAIL;
		ev->fault = c->fault;
		c->fault = 0;
	} else if (c->is_sent) {
		c->is_sent = false;
		ev->kind = KT_EVENT_UPSTREAM_SENT;
	} else if (c->is_record_lost) {
		c->is_record_lost = false;
		ev->kind = KT_EVENT_RECORDED;
	} else if (kt_jobs_take(c->relay->jobs, &c->jobs, &ev->job,
	               &ev->bytes)) {
		ev->kind = KT_EVENT_JOB_DONE;
	} else {
		return false;
	}
	return true;
}

/* Feeds what came up; the call may be gone after. */
static void
settle(struct kt_call *c)
{
	struct kt_event ev;

	while (!c->is_ended && pending(c, &ev))
		feed(c, &ev);
	if (c->is_ended)
		release(c);
}

/* Feeds an event and what follows from it; the call may be gone after. */
static void
tell(struct kt_call *c, struct kt_event *ev)
{
	if (c->is_ended)
		return; /* waits for its ticket only */
	feed(c, ev);
	settle(c);
}

/* What came of a job is told as what came up. */
static void
on_job(void *self)
{
	settle(self);
}

static void
on_deadline(void *self)
{
	struct kt_event ev = { .kind = KT_EVENT_DEADLINE };

	tell(self, &ev);
}

static void
on_turn(void *self)
{
	struct kt_event ev = { .kind = KT_EVENT_TURN };

	tell(self, &ev);
}

/* Upstream. */

static void
on_up_head(void *self, const struct kt_http1_head *head)
{
	struct kt_call *c = self;
	struct kt_event ev = { .kind = KT_EVENT_UPSTREAM_HEAD,
		.status = (unsigned)head->status, .headers = head->headers,
		.nheaders = head->n_headers };
	struct kt_upstream_peer peer;

	kt_upstream_peer(c->upstream, &peer);
	ev.tls_version = kt_span_of(peer.tls_version);
	ev.tls_spki = kt_span_of(peer.spki);
	tell(c, &ev);
}

static void
on_up_body(void *self, struct kt_span bytes)
{
	struct kt_event ev = { .kind = KT_EVENT_UPSTREAM_BODY, .bytes = bytes };

	tell(self, &ev);
}

/* One piece is on its way at a time; the next one gathers meanwhile. */
static void
send_more(struct kt_call *c)
{
	struct kt_buf sent = c->going;

	if (c->upstream == NULL || c->is_piece_out)
		return;
	if (c->waiting.len == 0) {
		if (c->is_upload_whole && c->is_chunked)
			kt_upstream_finish(c->upstream);
		return;
	}
	kt_buf_reset(&sent);
	c->going = c->waiting;
	c->waiting = sent;
	c->to_send += c->going.len;
	c->is_piece_out = true;
	if (kt_upstream_send(c->upstream, kt_buf_span(&c->going), NULL) < 0) {
		kt_upstream_cancel(&c->upstream);
		c->fault = KT_FAULT_PROTOCOL;
	}
	if (c->is_upload_paused && c->request != NULL) {
		c->is_upload_paused = false;
		kt_request_resume(c->request);
	}
}

static void
on_up_sent(void *self, uint64_t bytes)
{
	struct kt_call *c = self;

	c->sent += bytes;
	c->is_piece_out = false;
	if (c->is_upload)
		send_more(c);
	c->is_sent = c->sent >= c->to_send &&
	    (!c->is_upload || c->is_upload_whole);
	settle(c);
}

static void
on_up_end(void *self, enum kt_upstream_end how, const struct kt_err *err)
{
	struct kt_call *c = self;
	struct kt_event ev = { .kind = how == KT_UPSTREAM_OK
		    ? KT_EVENT_UPSTREAM_END : KT_EVENT_UPSTREAM_FAIL,
		.fault = KT_FAULT_RESET };

	(void)err; /* the record has the kind of fault, not its text */
	c->upstream = NULL;
	tell(c, &ev);
}

static void
on_up_fail(void *self, enum kt_upstream_fail why, const struct kt_err *err)
{
	static const enum kt_fault faults[] = {
		[KT_UPSTREAM_RESOLVE] = KT_FAULT_CONNECT,
		[KT_UPSTREAM_CONNECT] = KT_FAULT_CONNECT,
		[KT_UPSTREAM_CONNECT_TIMEOUT] = KT_FAULT_TIMEOUT,
		[KT_UPSTREAM_TLS] = KT_FAULT_CONNECT,
		[KT_UPSTREAM_RESET] = KT_FAULT_RESET,
		[KT_UPSTREAM_PROTOCOL] = KT_FAULT_PROTOCOL,
		[KT_UPSTREAM_LOCAL] = KT_FAULT_CONNECT,
	};
	struct kt_call *c = self;
	struct kt_event ev = { .kind = KT_EVENT_UPSTREAM_FAIL,
		.fault = faults[why] };

	(void)err; /* the same */
	c->upstream = NULL;
	tell(c, &ev);
}

static void
start_upstream(struct kt_call *c, const struct kt_order *o)
{
	static const struct kt_upstream_events events = { on_up_head,
		on_up_body, on_up_sent, on_up_end, on_up_fail };
	struct kt_upstream_request request = { .method = o->method,
		.target = o->path, .headers = o->headers,
		.n_headers = o->nheaders, .body = o->pieces,
		.n_body = o->npieces, .body_bytes = o->length };
	struct kt_origin *origin =
	    kt_edition_origin(c->seat->edition, o->target->index);
	uint64_t at_hand = 0;

	for (size_t i = 0; i < o->npieces; i++)
		at_hand += o->pieces[i].len;
	if (o->length == 0 && !kt_span_eq(o->method, KT_SPAN("POST")))
		request.body_bytes = KT_HTTP1_NO_BODY;
	c->is_chunked = o->length == KT_LENGTH_CHUNKED;
	c->is_upload = o->length != at_hand;
	c->to_send = at_hand;
	c->sent = 0;
	c->is_sent = false; /* of the attempt before, as is a fault */
	c->fault = 0;
	c->is_piece_out = true; /* what is at hand, be it nothing */
	kt_buf_reset(&c->going);
	if (origin == NULL || kt_upstream_start(c->relay->upstream, origin,
	        &request, &events, c, &c->upstream, NULL) < 0) {
		c->upstream = NULL;
		c->fault = KT_FAULT_CONNECT;
		return;
	}
	if (o->length == 0)
		c->is_sent = true; /* nothing is borrowed */
}

static void
upload(struct kt_call *c, struct kt_span bytes)
{
	if (c->upstream == NULL)
		return;
	if (kt_buf_add(&c->waiting, bytes) < 0) {
		kt_upstream_cancel(&c->upstream);
		c->fault = KT_FAULT_PROTOCOL;
		return;
	}
	send_more(c);
	if (c->waiting.len > UPLOAD_HIGH && c->request != NULL) {
		c->is_upload_paused = true;
		kt_request_pause(c->request);
	}
}

/* Orders. */

static void
answer_body(struct kt_call *c, struct kt_span bytes)
{
	if (c->request == NULL || kt_request_write(c->request, bytes) == KT_OK)
		return;
	kt_request_abort(c->request);
	c->request = NULL;
	c->is_client_lost = true;
}

static void
record(struct kt_call *c, struct kt_span body, bool is_opening)
{
	struct kt_writer_pair pair = { .part = is_opening ? KT_WRITER_OPENS :
		KT_WRITER_ENDS, .opened = c->opened };

	c->is_opening = is_opening;
	if (kt_writer_queue(c->relay->writer, body,
	    is_opening || c->is_opened ? &pair : NULL, c->relay->inbox, c,
	    NULL) < 0)
		c->is_record_lost = true;
	else
		c->is_record_out = true;
}

static void
set_timer(struct kt_call *c, struct kt_timer *timer, uint64_t at_us,
    kt_timer_fn *fn)
{
	if (at_us == 0)
		kt_timer_del(c->relay->loop, timer);
	else if (kt_timer_set(c->relay->loop, timer, at_us, fn, c) < 0)
		c->is_client_lost = true; /* no time-out, no call */
}

static void
start_job(struct kt_call *c, const struct kt_order *o)
{
	c->jobs.on_done = on_job;
	c->jobs.self = c;
	kt_jobs_start(c->relay->jobs, &c->jobs, o,
	    kt_edition_program(c->seat->edition), o->target == NULL ? NULL :
	        kt_edition_origin(c->seat->edition, o->target->index));
}

static void
run(struct kt_call *c, const struct kt_order *o)
{
	switch (o->kind) {
	case KT_ORDER_NONE:
		break;
	case KT_ORDER_UPSTREAM:
		start_upstream(c, o);
		break;
	case KT_ORDER_UPSTREAM_BODY:
		upload(c, o->bytes);
		break;
	case KT_ORDER_UPSTREAM_FINISH:
		c->is_upload_whole = true;
		send_more(c);
		break;
	case KT_ORDER_UPSTREAM_CANCEL:
		kt_upstream_cancel(&c->upstream);
		break;
	case KT_ORDER_UPSTREAM_PAUSE:
		if (c->upstream != NULL)
			kt_upstream_pause(c->upstream);
		break;
	case KT_ORDER_UPSTREAM_RESUME:
		if (c->upstream != NULL)
			kt_upstream_resume(c->upstream);
		break;
	case KT_ORDER_REQUEST_PAUSE:
		if (c->request != NULL)
			kt_request_pause(c->request);
		break;
	case KT_ORDER_REQUEST_RESUME:
		if (c->request != NULL)
			kt_request_resume(c->request);
		break;
	case KT_ORDER_ANSWER_HEAD:
		if (c->request != NULL)
			kt_request_answer(c->request, o->status, o->headers,
			    o->nheaders, o->length);
		break;
	case KT_ORDER_ANSWER_BODY:
		answer_body(c, o->bytes);
		break;
	case KT_ORDER_ANSWER_END:
		c->is_answer_whole = true;
		if (c->request != NULL)
			kt_request_finish(c->request);
		break;
	case KT_ORDER_ANSWER_ABORT:
		if (c->request != NULL)
			kt_request_abort(c->request);
		c->request = NULL;
		break;
	case KT_ORDER_OPEN:
	case KT_ORDER_RECORD:
		record(c, o->bytes, o->kind == KT_ORDER_OPEN);
		break;
	case KT_ORDER_JOB:
		start_job(c, o);
		break;
	case KT_ORDER_JOB_CANCEL:
		kt_jobs_drop(c->relay->jobs, &c->jobs, o->job);
		break;
	case KT_ORDER_DEADLINE:
		set_timer(c, &c->deadline, o->at_us, on_deadline);
		break;
	case KT_ORDER_TURN:
		set_timer(c, &c->turn, kt_loop_now(c->relay->loop), on_turn);
		break;
	case KT_ORDER_END:
		c->is_ended = true;
		break;
	}
}

/* The client. */

static void
record_reject(struct kt_relay *relay, const struct kt_audit_reject *r)
{
	struct kt_disk_time now;
	struct kt_buf body;

	kt_disk_now(&now);
	kt_console_reject(
	    relay->console, now.real_us, r->status, r->detail.ptr);
	kt_buf_init(&body, REJECT_MAX);
	/* Refused it is in any case; without a log the writer says so. */
	if (kt_audit_reject_write(r, &body, NULL) == KT_OK)
		(void)!kt_writer_submit(
		    relay->writer, kt_buf_span(&body), NULL, NULL, NULL);
	kt_buf_fini(&body);
}

/* One record a second: what is shed must stay cheap. */
static void
record_shed(void *self)
{
	struct kt_relay *relay = self;
	char detail[48];
	int n = snprintf(detail, sizeof(detail), "overloaded: %llu calls",
	    (unsigned long long)relay->nshed);
	struct kt_audit_reject r = { .status = 503,
		.reason_code = kt_span_of(
		    kt_reason_code(KT_REASON_GATEWAY_BUSY)),
		.detail = { detail, (size_t)n } };

	relay->nshed = 0;
	record_reject(relay, &r);
}

/*
 * Without an exchange or a record of its own: it has to cost less than a
 * call.
 */
static void
refuse_for_now(struct kt_relay *relay, struct kt_request *r)
{
	static const struct kt_header headers[] = {
		{ KT_SPAN_INIT("content-type"),
		    KT_SPAN_INIT("application/json") },
		{ KT_SPAN_INIT("retry-after"), KT_SPAN_INIT("1") },
	};
	/* Clients of either vendor find what they look for. */
	static const struct kt_span body = KT_SPAN_INIT(
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	    "\"message\":\"gateway.overloaded: more calls than can be "
	    "inspected; try again\",\"code\":\"overloaded\"}}");

	kt_request_answer(r, 503, headers, KT_NELEMS(headers), body.len);
	if (kt_request_write(r, body) < 0)
		kt_request_abort(r);
	kt_request_finish(r);
	if (relay->nshed++ == 0 && kt_timer_set(relay->loop,
	        &relay->shed_timer, kt_loop_now(relay->loop) + SHED_RECORD_US,
	        record_shed, relay) < 0)
		record_shed(relay);
}

/* The clock of work is a system call: asked only when it may say no. */
static bool
may_begin(struct kt_relay *relay)
{
	uint64_t now = kt_loop_now(relay->loop);

	return !kt_pace_is_strict(&relay->pace, now) ||
	    kt_loop_clock(relay->loop) < now + KT_PACE_SHARE_US ||
	    kt_pace_admits(&relay->pace, now, kt_loop_worked(relay->loop));
}

static void *
on_head(void *self, struct kt_request *r, const struct kt_head *head)
{
	struct kt_relay *relay = self;
	struct kt_call *c;
	struct kt_event ev = { .kind = KT_EVENT_REQUEST_HEAD,
		.method = head->method, .target = head->path,
		.headers = head->headers, .nheaders = head->nheaders,
		.has_body = head->body_bytes != KT_HEAD_NO_BODY };

	/* What has no body is no work, and tells whether kt is alive. */
	if (ev.has_body && !may_begin(relay)) {
		refuse_for_now(relay, r);
		return NULL;
	}
	c = begin(relay, r);
	if (c == NULL)
		return NULL;
	tell(c, &ev);
	/* Ended by its head: the answer, if any, is with the listener. */
	if (relay->first != c || c->is_ended)
		return NULL;
	if (c->is_record_out && !c->is_opening && ev.has_body)
		kt_request_refuse_body(r); /* recorded before it came: refused */
	return c;
}

static void
on_body(void *self, struct kt_span bytes)
{
	struct kt_event ev = { .kind = KT_EVENT_REQUEST_BODY, .bytes = bytes };

	tell(self, &ev);
}

static void
on_end(void *self)
{
	struct kt_event ev = { .kind = KT_EVENT_REQUEST_END };

	tell(self, &ev);
}

static void
on_sent(void *self, size_t bytes)
{
	struct kt_event ev = { .kind = KT_EVENT_SENT, .n = bytes };

	tell(self, &ev);
}

static void
on_gone(void *self)
{
	struct kt_call *c = self;
	struct kt_event ev = { .kind = KT_EVENT_CLIENT_GONE };

	c->request = NULL;
	tell(c, &ev);
}

/* The answer left; the exchange ended before, or will without the client. */
static void
on_done(void *self)
{
	struct kt_call *c = self;

	c->request = NULL;
}

static void
on_reject(void *self, unsigned status, const char *what,
    const struct kt_head *head)
{
	struct kt_audit_reject r = { .status = status,
		.reason_code = kt_span_of(
		    kt_reason_code(KT_REASON_GATEWAY_MALFORMED)),
		.detail = kt_span_of(what), .method_bytes = head->method.len,
		.target_bytes = head->target.len };

	for (size_t i = 0; i < head->nheaders; i++)
		r.head_bytes +=
		    head->headers[i].name.len + head->headers[i].value.len + 4;
	record_reject(self, &r);
}

static void
on_empty(void *self)
{
	struct kt_relay *relay = self;

	if (relay->ncalls == 0)
		relay->on_idle(relay->worker);
}

const struct kt_listen_events kt_relay_events = { on_head, on_body, on_end,
	on_sent, on_gone, on_done, on_reject, on_empty };

void
kt_relay_recorded(
    struct kt_relay *relay, const struct kt_writer_ticket *ticket)
{
	struct kt_call *c = ticket->owner;
	struct kt_event ev = { .kind = KT_EVENT_RECORDED,
		.is_ok = ticket->is_durable };
	struct kt_audit_receipt receipt = { .index = ticket->index };
	char text[KT_AUDIT_RECEIPT_MAX];

	memcpy(receipt.leaf, ticket->leaf, sizeof(receipt.leaf));
	ev.bytes = kt_audit_receipt_write(
	    &receipt, kt_writer_origin(relay->writer), text);
	c->is_record_out = false;
	if (c->is_opening && ticket->is_durable) {
		c->is_opened = true;
		c->opened = ticket->index;
	} else if (ticket->is_durable) {
		kt_keeping_recorded(c->keeping, ticket);
	}
	if (c->is_ended)
		release(c);
	else
		tell(c, &ev);
}

void
kt_relay_adopt(struct kt_relay *relay, struct kt_seat *seat)
{
	struct kt_seat *old = relay->seat;

	relay->seat = seat;
	if (old == NULL)
		return;
	old->is_retired = true;
	if (old->users == 0)
		kt_seat_free(&old);
}

void
kt_relay_stop(struct kt_relay *relay)
{
	struct kt_call *c, *next;

	for (c = relay->first; c != NULL; c = next) {
		struct kt_event ev = { .kind = KT_EVENT_STOP };

		next = c->next;
		tell(c, &ev);
	}
}

void
kt_relay_fini(struct kt_relay *relay)
{
	kt_relay_adopt(relay, NULL);
	if (relay->nshed > 0)
		record_shed(relay);
	if (relay->loop != NULL)
		kt_timer_del(relay->loop, &relay->shed_timer);
	while (relay->spare != NULL) {
		struct kt_call *c = relay->spare;

		relay->spare = c->next;
		kt_free(c);
	}
}
