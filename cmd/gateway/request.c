/*
 * request - a request as the one who answers it sees it.  Nothing here calls
 * libmicrohttpd: state changes, and the connection is woken; whoever comes
 * back into one of its callbacks, in listen.c, acts on the state.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <sys/socket.h>

#include "cmd/gateway/listen_priv.h"

/*
 * libmicrohttpd takes a short read for the end of what has come, and then
 * misses the end of the connection when both came at once.  What was sent
 * before it has been read by then.
 */
#define HALF_CLOSED_US 200000

/* Waking and breaking. */

/* MHD goes on with this connection in this turn.  Not needed inside one of
 * its callbacks: they look at the state again before they return. */
static void
wake(struct kt_request *r)
{
	if (!r->is_suspended || r->is_waking)
		return;
	r->is_waking = true;
	r->next_waking = r->l->waking;
	r->l->waking = r;
}

void
kt_request_break(struct kt_request *r)
{
	r->is_broken = true;
	(void)shutdown(r->fd, SHUT_RDWR); /* ENOTCONN: it is broken already */
	wake(r);
}

/* The request is over for whoever answers it. */
void
kt_request_leave(struct kt_request *r)
{
	void *call = r->call;

	r->call = NULL;
	kt_request_break(r);
	if (call != NULL)
		r->l->o.events->on_gone(call);
}

void
kt_request_on_peer(void *self, uint32_t events)
{
	struct kt_request *r = self;

	(void)events; /* half closed, closed or reset: all the same */
	r->is_half_closed = true;
	/* A finished answer is on its way: its bytes tell what becomes of it. */
	if (r->is_begun && !r->is_finished && (r->is_ended || r->is_suspended))
		kt_request_leave(r);
	else if (!r->is_ended)
		kt_request_deadline(r, HALF_CLOSED_US);
}

/* Deadlines. */

static void on_deadline(void *self);

void
kt_request_deadline(struct kt_request *r, uint64_t us)
{
	if (r->is_half_closed && us > HALF_CLOSED_US)
		us = HALF_CLOSED_US;
	/* Without memory for timers: better no connection than no deadline. */
	if (kt_timer_set(r->l->o.loop, &r->timer,
	        kt_loop_now(r->l->o.loop) + us, on_deadline, r) < 0)
		kt_request_break(r);
}

static void
on_deadline(void *self)
{
	struct kt_request *r = self;
	const struct kt_listen_options *o = &r->l->o;
	uint64_t now = kt_loop_now(o->loop);
	uint64_t limit = r->is_ended ? o->deadlines.write_idle_us :
	                               o->deadlines.body_idle_us;
	bool waits_for_client = r->is_ended ?
	    (r->out_at < r->out.len || r->is_finished) : !r->is_paused;

	if (!r->is_open || !r->is_begun)
		kt_request_break(r);
	else if (r->is_half_closed && !r->is_ended)
		kt_request_leave(r);
	else if (!waits_for_client)
		kt_request_deadline(r, limit);
	else if (r->active_us + limit > now)
		kt_request_deadline(r, r->active_us + limit - now);
	else
		kt_request_leave(r);
}

/* What an answer is made of. */

struct kt_span
kt_request_address(const struct kt_request *r)
{
	return kt_span_of(r->address);
}

struct kt_span
kt_request_certificate(const struct kt_request *r)
{
	return kt_buf_span(&r->subject);
}

static bool
is_ours_to_write(struct kt_span name)
{
	static const struct kt_span names[] = {
		KT_SPAN_INIT("content-length"), KT_SPAN_INIT("date"),
	};

	for (size_t i = 0; i < KT_NELEMS(names); i++)
		if (kt_span_caseeq(names[i], name))
			return true;
	return kt_header_is_hop_by_hop(NULL, 0, name);
}

void
kt_request_answer(struct kt_request *r, unsigned status,
    const struct kt_header *headers, size_t nheaders, uint64_t length)
{
	if (r->is_answered || r->is_broken)
		return;
	r->is_answered = true;
	r->status = status;
	r->length = length;
	if (length == 0 || status == 204 || status == 304)
		r->is_bodiless = true;
	for (size_t i = 0; i < nheaders; i++) {
		if (is_ours_to_write(headers[i].name))
			continue;
		if (kt_buf_add(&r->fields, headers[i].name) < 0 ||
		    kt_buf_addc(&r->fields, '\0') < 0 ||
		    kt_buf_add(&r->fields, headers[i].value) < 0 ||
		    kt_buf_addc(&r->fields, '\0') < 0) {
			kt_request_break(r); /* half of the fields are no answer */
			return;
		}
	}
	wake(r);
}

enum kt_rc
kt_request_write(struct kt_request *r, struct kt_span bytes)
{
	enum kt_rc rc;

	if (r->is_broken || bytes.len == 0)
		return KT_OK;
	if (r->out_at > 0 && r->out_at >= r->out.len / 2) {
		kt_buf_shift(&r->out, r->out_at);
		r->out_at = 0;
	}
	if (r->out_at == r->out.len)
		r->active_us = kt_loop_now(r->l->o.loop);
	rc = kt_buf_add(&r->out, bytes);
	if (rc == KT_OK)
		wake(r);
	return rc;
}

void
kt_request_finish(struct kt_request *r)
{
	r->is_finished = true;
	r->active_us = kt_loop_now(r->l->o.loop);
	wake(r);
}

void
kt_request_detach(struct kt_request *r)
{
	r->call = NULL;
}

void
kt_request_abort(struct kt_request *r)
{
	r->call = NULL;
	kt_request_break(r);
}

void
kt_request_pause(struct kt_request *r)
{
	r->is_paused = true;
}

void
kt_request_refuse_body(struct kt_request *r)
{
	r->is_unwanted = true;
}

void
kt_request_resume(struct kt_request *r)
{
	r->is_paused = false;
	r->active_us = kt_loop_now(r->l->o.loop);
	if (!r->is_ended)
		wake(r);
}
