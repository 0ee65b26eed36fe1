/*
 * upstream_http - a call is a list of spans to write and a reader; the
 * connection under it may be exchanged once, for a kept connection that the
 * peer had closed just then.  That is safe to say only when its end came and
 * acknowledges not a byte of the request: whoever read it and then closed
 * may have done what it asks for.  The whole body must still be there, so
 * on_sent waits for the first byte of an answer on a kept connection, and a
 * streamed body never uses one.
 *
 * Whatever is to be said from inside a call of the user goes through one
 * post of the pool, which needs no memory and so cannot fail.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_conn.h"

#define IOV_PIECES 64
#define READS_PER_TURN 4

struct http_call {
	struct kt_upstream_call base;
	struct http_pool *pool;
	struct conn *conn; /* NULL: failed, and about to say so */
	struct http_call *soon_next, **soon_prev;
	struct http_call **gathered; /* its place there, or NULL */

	/* To be written: from byte off of out[at_out] on. */
	struct kt_span *out;
	size_t n_out, at_out, off;
	struct kt_buf head;
	char prefix[24];   /* of a chunk */
	uint64_t left;     /* of a streamed body: promised, not given yet */
	uint64_t unsent;   /* body bytes in out, for on_sent */
	bool is_sent_due;  /* on_sent must be called for what is in out */
	bool is_streamed, is_chunked;
	bool is_finishing; /* no piece follows */
	bool is_finished;  /* the last chunk is in out */
	bool is_mute;      /* writing failed: an answer may still be there */

	enum kt_http1_asked asked;
	bool has_head, is_paused, was_retried, has_failed;
	enum kt_upstream_fail why;
	struct kt_err err;
};

static void
hush(struct http_call *call)
{
	if (call->soon_prev == NULL)
		return;
	*call->soon_prev = call->soon_next;
	if (call->soon_next != NULL)
		call->soon_next->soon_prev = call->soon_prev;
	call->soon_prev = NULL;
}

/* Has the call looked at in a later turn. */
static void
soon(struct http_call *call)
{
	struct http_pool *pool = call->pool;

	if (call->soon_prev != NULL)
		return;
	call->soon_next = pool->soon;
	call->soon_prev = &pool->soon;
	if (call->soon_next != NULL)
		call->soon_next->soon_prev = &call->soon_next;
	pool->soon = call;
	if (!pool->is_posted)
		kt_loop_post(pool->u->loop, &pool->post);
	pool->is_posted = true;
}

static void
free_call(struct http_call *call)
{
	hush(call);
	if (call->gathered != NULL)
		*call->gathered = NULL;
	kt_buf_fini(&call->head);
	kt_free(call->out);
	kt_upstream_call_free(&call->base);
}

static bool
is_all_written(const struct http_call *call)
{
	return call->at_out == call->n_out;
}

static void
set_watch(struct http_call *call)
{
	bool may_write = !is_all_written(call) && !call->is_mute;

	kt_watch_set(call->pool->u->loop, &call->conn->watch,
	    (call->is_paused ? 0 : EPOLLIN) | (may_write ? EPOLLOUT : 0));
}

/* The ends. */

static void
end_whole(struct http_call *call, struct conn *c, bool has_more)
{
	struct kt_upstream_call base = call->base;
	bool is_asked_out = is_all_written(call) && call->left == 0 &&
	    (!call->is_chunked || call->is_finished);

	if (kt_http1_is_reusable(&c->reader) && is_asked_out && !has_more)
		kt_conn_keep(c);
	else
		kt_conn_close(c);
	free_call(call);
	base.events->on_end(base.self, KT_UPSTREAM_OK, NULL);
}

static void
end_broken(struct http_call *call, enum kt_upstream_fail why,
    const struct kt_err *err)
{
	struct kt_upstream_call base = call->base;
	bool has_head = call->has_head;
	struct kt_err copy = *err;

	if (call->conn != NULL)
		kt_conn_close(call->conn);
	free_call(call);
	if (has_head)
		base.events->on_end(base.self, KT_UPSTREAM_TRUNCATED, &copy);
	else
		base.events->on_fail(base.self, why, &copy);
}

static void
on_failed(
    struct http_call *call, enum kt_upstream_fail why, const struct kt_err *err)
{
	call->conn = NULL;
	call->has_failed = true;
	call->why = why;
	call->err = *err;
	soon(call);
}

/* Writing. */

static int
pieces(const struct http_call *call, struct iovec iov[static IOV_PIECES])
{
	size_t off = call->off;
	int n = 0;

	for (size_t i = call->at_out; i < call->n_out && n < IOV_PIECES; i++) {
		struct kt_span s = call->out[i];

		if (s.len > off)
			iov[n++] = (struct iovec){
				.iov_base = (char *)(uintptr_t)s.ptr + off,
				.iov_len = s.len - off,
			};
		off = 0;
	}
	return n;
}

static void
advance(struct http_call *call, size_t n)
{
	while (!is_all_written(call)) {
		size_t have = call->out[call->at_out].len - call->off;

		if (n < have) {
			call->off += n;
			return;
		}
		n -= have;
		call->at_out++;
		call->off = 0;
	}
}

/* The last chunk, once everything before it is written. */
static void
add_last_chunk(struct http_call *call)
{
	if (!is_all_written(call) || !call->is_finishing || call->is_finished ||
	    call->is_sent_due)
		return;
	call->is_finished = true;
	call->out[0] = KT_SPAN("0\r\n\r\n");
	call->n_out = 1;
	call->at_out = 0;
}

/* Writes what the connection takes.  Says nothing: tell_sent does. */
static void
pump(struct http_call *call)
{
	struct iovec iov[IOV_PIECES];
	enum kt_wire_rc rc = KT_WIRE_OK;

	advance(call, 0);
	while (!is_all_written(call) && rc == KT_WIRE_OK && !call->is_mute) {
		size_t n = 0;

		rc = kt_wire_write(&call->conn->wire, iov, pieces(call, iov), &n,
		    &call->err);
		if (rc == KT_WIRE_OK)
			advance(call, n);
		else if (rc == KT_WIRE_BROKEN || rc == KT_WIRE_END)
			call->is_mute = true;
	}
	set_watch(call);
}

/* False when the call is over, cancelled by what it was told. */
static bool
tell_sent(struct http_call *call, struct conn *c)
{
	uint64_t n = call->unsent;

	if (call->is_sent_due && is_all_written(call) &&
	    (!c->is_reused || c->reader.has_begun)) {
		call->is_sent_due = false;
		call->unsent = 0;
		if (!call->is_streamed) /* nothing can be sent again */
			kt_buf_fini(&call->head);
		if (call->base.events->on_sent != NULL)
			call->base.events->on_sent(call->base.self, n);
		if (c->is_dead)
			return false;
	}
	add_last_chunk(call);
	if (!is_all_written(call))
		pump(call);
	return true;
}

static void
on_ready(struct http_call *call)
{
	struct conn *c = call->conn;

	kt_http1_again(&c->reader, call->asked);
	pump(call);
	(void)tell_sent(call, c); /* nothing is done after it */
}

/* Reading. */

/* What was read but may not be told: the call was paused. */
static bool
set_aside(struct http_call *call, struct conn *c, struct kt_span in)
{
	struct kt_err err;

	if (c->rest.len > 0) { /* in is the end of it */
		c->rest_at = c->rest.len - in.len;
		return false;
	}
	c->rest_at = 0;
	if (kt_buf_add(&c->rest, in) < 0) {
		(void)kt_fail(&err, KT_E_LIMIT, "no memory to wait with");
		end_broken(call, KT_UPSTREAM_LOCAL, &err);
	}
	return false;
}

/* False: read no further, the call may be gone. */
static bool
feed(struct http_call *call, struct conn *c, struct kt_span in)
{
	const struct kt_upstream_events *events = call->base.events;
	struct kt_http1_part part;
	struct kt_err err;
	int got;

	while ((got = kt_http1_next(&c->reader, &in, &part, &err)) > 0) {
		if (part.got == KT_HTTP1_HEAD) {
			if (!tell_sent(call, c))
				return false;
			call->has_head = true;
			events->on_head(call->base.self, &part.head);
		} else if (part.got == KT_HTTP1_BODY) {
			events->on_body(call->base.self, part.body);
		} else {
			end_whole(call, c, in.len > 0);
			return false;
		}
		if (c->is_dead)
			return false;
		if (call->is_paused)
			return set_aside(call, c, in);
	}
	if (got < 0)
		end_broken(call, KT_UPSTREAM_PROTOCOL, &err);
	return got == 0;
}

/*
 * On a kept connection the peer may have closed while we were writing.  A
 * reset does not tell what it had read before.
 */
static bool
retry(struct http_call *call, struct conn *c, enum kt_wire_rc rc)
{
	uint64_t acked;

	if (!c->is_reused || c->reader.has_begun || call->was_retried ||
	    call->is_streamed || rc != KT_WIRE_END ||
	    !kt_wire_acked(&c->wire, &acked) || acked != c->acked)
		return false;
	call->was_retried = true;
	call->is_mute = false;
	call->at_out = 0;
	call->off = 0;
	kt_conn_close(c);
	call->conn = kt_conn_open(call->pool, call->base.origin, call);
	return true;
}

static void
on_close(struct http_call *call, struct conn *c, enum kt_wire_rc rc,
    struct kt_err *err)
{
	if (retry(call, c, rc))
		return;
	if (rc == KT_WIRE_END && kt_http1_eof(&c->reader, err) == KT_OK)
		end_whole(call, c, false);
	else
		end_broken(call, KT_UPSTREAM_RESET, err);
}

static void
read_on(struct http_call *call, struct conn *c)
{
	char *bytes = call->pool->bytes;
	struct kt_err err;

	for (int i = 0; i < READS_PER_TURN; i++) {
		size_t n = 0;
		enum kt_wire_rc rc =
		    kt_wire_read(&c->wire, bytes, READ_BYTES, &n, &err);

		if (rc == KT_WIRE_END || rc == KT_WIRE_BROKEN)
			on_close(call, c, rc, &err);
		if (rc != KT_WIRE_OK ||
		    !feed(call, c, (struct kt_span){ bytes, n }))
			return;
		if (n < READ_BYTES && c->wire.tls == NULL)
			return; /* an event tells when there is more */
	}
	if (kt_wire_has_more(&c->wire))
		soon(call);
}

/* First what was set aside, then what is there to read. */
static void
go_on(struct http_call *call, struct conn *c)
{
	struct kt_span rest = kt_span_sub(
	    kt_buf_span(&c->rest), c->rest_at, c->rest.len);

	if (!feed(call, c, rest))
		return;
	kt_buf_fini(&c->rest);
	c->rest_at = 0;
	read_on(call, c);
}

static void
on_event(struct http_call *call, uint32_t events)
{
	struct conn *c = call->conn;

	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
		pump(call);
		if (!tell_sent(call, c))
			return;
	}
	if ((events & ~(uint32_t)EPOLLOUT) != 0 && !call->is_paused)
		go_on(call, c);
}

/* What could not be said from inside a call of the user. */
static void
say(struct http_call *call)
{
	struct conn *c = call->conn;

	if (call->has_failed) {
		end_broken(call, call->why, &call->err);
		return;
	}
	if (c->state != CONN_IN_USE)
		return;
	kt_conn_enter(c);
	if (tell_sent(call, c) && !call->is_paused)
		go_on(call, c);
	kt_conn_leave(c);
}

static void
on_say(void *self)
{
	struct http_pool *pool = self;
	struct http_call *now = pool->soon;

	pool->is_posted = false;
	if (pool->is_freed) {
		if (!pool->is_write_due)
			kt_free(pool);
		return;
	}
	/* What is said now may add to the list, for the next turn. */
	pool->soon = NULL;
	if (now != NULL)
		now->soon_prev = &now;
	while (now != NULL) {
		struct http_call *call = now;

		hush(call);
		say(call);
	}
}

/*
 * Requests of one turn are written side by side: a peer that sleeps is woken
 * by the first one, and what wakes it is what a write costs.
 */
static void
write_gathered(struct http_pool *pool)
{
	size_t n = pool->n_gathered;

	pool->n_gathered = 0;
	for (size_t i = 0; i < n; i++) {
		struct http_call *call = pool->gathered[i];

		if (call == NULL)
			continue;
		call->gathered = NULL;
		pump(call); /* nothing is called from there */
	}
}

static void
on_turn_end(void *self)
{
	struct http_pool *pool = self;

	pool->is_write_due = false;
	write_gathered(pool);
	if (pool->is_freed && !pool->is_posted)
		kt_free(pool);
}

static void
gather(struct http_call *call)
{
	struct http_pool *pool = call->pool;

	if (pool->n_gathered == GATHER_MAX)
		write_gathered(pool);
	call->gathered = &pool->gathered[pool->n_gathered++];
	*call->gathered = call;
	if (!pool->is_write_due)
		kt_loop_at_end(pool->u->loop, &pool->at_end);
	pool->is_write_due = true;
}

/* The way. */

static enum kt_rc
write_head(struct http_call *call, const struct kt_upstream_request *r,
    struct kt_err *err)
{
	struct kt_header headers[KT_HEADERS_MAX + 1];
	size_t n = 0;

	if (r->n_headers > KT_HEADERS_MAX)
		return kt_fail(err, KT_E_MISUSE, "more than %d headers",
		    KT_HEADERS_MAX);
	if (kt_header_find(r->headers, r->n_headers, KT_SPAN("host")).ptr == NULL)
		headers[n++] = (struct kt_header){
			KT_SPAN("Host"), kt_span_of(call->base.origin->host_header)
		};
	for (size_t i = 0; i < r->n_headers; i++)
		headers[n++] = r->headers[i];
	/* All that a peer would read, and a little of our own. */
	kt_buf_init(&call->head, 2 * KT_HEAD_MAX);
	return kt_http1_write_request(
	    &call->head, r->method, r->target, headers, n, r->body_bytes, err);
}

static enum kt_rc
fill_out(struct http_call *call, const struct kt_upstream_request *r,
    struct kt_err *err)
{
	uint64_t length = r->body_bytes == KT_HTTP1_NO_BODY ? 0 : r->body_bytes;

	for (size_t i = 0; i < r->n_body; i++)
		call->unsent += r->body[i].len;
	if (call->unsent > length)
		return kt_fail(err, KT_E_MISUSE, "body is longer than it said");
	call->is_chunked = length == KT_HTTP1_CHUNKED;
	call->left = call->is_chunked ? 0 : length - call->unsent;
	call->is_streamed = call->is_chunked || call->left > 0;
	call->is_sent_due = true;
	call->out = kt_alloc_array(r->n_body + 3, sizeof(*call->out));
	if (call->out == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a request");
	if (call->is_chunked && call->unsent > 0 &&
	    kt_buf_printf(&call->head, "%jx\r\n", (uintmax_t)call->unsent) < 0)
		return kt_fail(err, KT_E_LIMIT, "request head is too large");
	call->out[call->n_out++] = kt_buf_span(&call->head);
	for (size_t i = 0; i < r->n_body; i++)
		call->out[call->n_out++] = r->body[i];
	if (call->is_chunked && call->unsent > 0)
		call->out[call->n_out++] = KT_SPAN("\r\n");
	return KT_OK;
}

static enum kt_rc
start(struct kt_upstream *u, struct kt_origin *origin,
    const struct kt_upstream_request *request, struct kt_upstream_call *base,
    struct kt_err *err)
{
	struct http_call *call = (struct http_call *)base;
	enum kt_rc rc;

	call->pool = u->http;
	call->asked = kt_span_eq(request->method, KT_SPAN("HEAD"))
	    ? KT_HTTP1_ASKED_HEAD
	    : KT_HTTP1_ASKED_ANY;
	rc = write_head(call, request, err);
	if (rc == KT_OK)
		rc = fill_out(call, request, err);
	if (rc < 0) {
		kt_buf_fini(&call->head);
		kt_free(call->out);
		return rc;
	}
	if (!call->is_streamed)
		call->conn = kt_conn_take(u->http, origin, call);
	if (call->conn == NULL) {
		call->conn = kt_conn_open(u->http, origin, call);
		return KT_OK;
	}
	kt_http1_again(&call->conn->reader, call->asked);
	gather(call);
	return KT_OK;
}

static void
cancel(struct kt_upstream_call *base)
{
	struct http_call *call = (struct http_call *)base;

	if (call->conn != NULL)
		kt_conn_close(call->conn);
	free_call(call);
}

static void
pause_call(struct kt_upstream_call *base)
{
	struct http_call *call = (struct http_call *)base;

	call->is_paused = true;
	if (call->conn != NULL && call->conn->state == CONN_IN_USE)
		set_watch(call);
}

static void
resume_call(struct kt_upstream_call *base)
{
	struct http_call *call = (struct http_call *)base;

	if (!call->is_paused)
		return;
	call->is_paused = false;
	if (call->conn == NULL || call->conn->state != CONN_IN_USE)
		return;
	set_watch(call);
	soon(call);
}

static enum kt_rc
send_piece(
    struct kt_upstream_call *base, struct kt_span piece, struct kt_err *err)
{
	struct http_call *call = (struct http_call *)base;
	size_t n = 0;

	if (call->is_sent_due || call->is_finishing)
		return kt_fail(err, KT_E_MISUSE, "a piece is on its way still");
	if (!call->is_chunked && piece.len > call->left)
		return kt_fail(err, KT_E_MISUSE, "body is longer than it said");
	call->is_sent_due = true;
	call->unsent = piece.len;
	call->at_out = 0;
	call->off = 0;
	if (call->is_chunked && piece.len > 0) {
		int len = snprintf(
		    call->prefix, sizeof(call->prefix), "%zx\r\n", piece.len);

		call->out[n++] = (struct kt_span){ call->prefix, (size_t)len };
		call->out[n++] = piece;
		call->out[n++] = KT_SPAN("\r\n");
	} else {
		call->left -= call->is_chunked ? 0 : piece.len;
		call->out[n++] = piece;
	}
	call->n_out = n;
	if (call->conn != NULL)
		pump(call);
	soon(call);
	return KT_OK;
}

static void
finish(struct kt_upstream_call *base)
{
	struct http_call *call = (struct http_call *)base;

	if (!call->is_chunked || call->is_finishing)
		return;
	call->is_finishing = true;
	soon(call);
}

static void
tell_peer(const struct kt_upstream_call *base, struct kt_upstream_peer *out)
{
	const struct http_call *call = (const struct http_call *)base;

	if (call->conn != NULL)
		*out = call->conn->peer;
}

static const struct conn_events conn_events = {
	.ready = on_ready,
	.failed = on_failed,
	.event = on_event,
};

struct http_pool *
kt_http_pool_new(struct kt_upstream *u)
{
	struct http_pool *pool = kt_alloc(sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->u = u;
	pool->events = &conn_events;
	pool->post.fn = on_say;
	pool->post.self = pool;
	pool->at_end.fn = on_turn_end;
	pool->at_end.self = pool;
	return pool;
}

const struct upstream_way kt_upstream_http = {
	.start = start,
	.cancel = cancel,
	.peer = tell_peer,
	.pause = pause_call,
	.resume = resume_call,
	.send = send_piece,
	.finish = finish,
	.call_bytes = sizeof(struct http_call),
};
