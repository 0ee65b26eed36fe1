/*
 * upstream_conn - origins are few, so a list of homes is walked; a home goes
 * when a configuration that named its origin is gone and no connection is
 * left.  Idle connections are a stack: under less load the ones at the
 * bottom reach their idle time instead of being kept alive in turn.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>

#include "cmd/gateway/upstream_conn.h"

static void on_event(void *self, uint32_t events);
static void try_next(struct conn *c);

static struct kt_loop *
loop_of(const struct conn *c)
{
	return c->home->pool->u->loop;
}

static void
drop_home(struct conn_home *home)
{
	gnutls_free(home->session.data);
	kt_origin_free(&home->origin);
	kt_free(home);
}

/* Homes without connections; on a reload those of the old configuration. */
static void
sweep(struct http_pool *pool)
{
	struct conn_home **at = &pool->homes;

	while (*at != NULL) {
		struct conn_home *home = *at;

		if (home->n_conns > 0) {
			at = &home->next;
			continue;
		}
		*at = home->next;
		drop_home(home);
	}
}

static struct conn_home *
home_of(struct http_pool *pool, struct kt_origin *origin)
{
	struct conn_home *home;

	for (home = pool->homes; home != NULL; home = home->next)
		if (home->origin == origin)
			return home;
	sweep(pool);
	home = kt_alloc(sizeof(*home));
	if (home == NULL)
		return NULL;
	home->pool = pool;
	home->origin = kt_origin_ref(origin);
	home->next = pool->homes;
	pool->homes = home;
	return home;
}

static void
unlink_idle(struct conn *c)
{
	if (c->state != CONN_IDLE)
		return;
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->home->n_idle--;
	c->state = CONN_IN_USE;
}

static void
end_opening(struct conn *c)
{
	if (c->opening != NULL && c->opening->lookup != NULL)
		kt_lookup_cancel(c->opening->lookup);
	kt_free(c->opening);
	c->opening = NULL;
}

void
kt_conn_close(struct conn *c)
{
	if (c->is_dead)
		return;
	c->is_dead = true;
	c->call = NULL;
	unlink_idle(c);
	end_opening(c);
	kt_timer_del(loop_of(c), &c->timer);
	kt_watch_del(loop_of(c), &c->watch);
	kt_wire_close(&c->wire);
	c->home->n_conns--;
	c->home = NULL;
	kt_conn_enter(c);
	kt_conn_leave(c);
}

void
kt_conn_enter(struct conn *c)
{
	c->busy++;
}

void
kt_conn_leave(struct conn *c)
{
	if (--c->busy > 0 || !c->is_dead)
		return;
	kt_http1_fini(&c->reader);
	kt_buf_fini(&c->rest);
	kt_free(c);
}

struct conn *
kt_conn_take(
    struct http_pool *pool, struct kt_origin *origin, struct http_call *call)
{
	struct conn_home *home = pool->homes;
	struct conn *c;

	while (home != NULL && home->origin != origin)
		home = home->next;
	while (home != NULL && (c = home->idle) != NULL) {
		/* Its end may be here, and only the event is yet to come. */
		if (!kt_wire_is_quiet(&c->wire) ||
		    !kt_wire_acked(&c->wire, &c->acked)) {
			kt_conn_close(c);
			continue;
		}
		unlink_idle(c); /* its timer stays: it will be set again */
		c->call = call;
		c->is_reused = true;
		return c;
	}
	return NULL;
}

static void
on_idle_end(void *self)
{
	struct conn *c = self;

	if (c->state == CONN_IDLE)
		kt_conn_close(c);
}

/* A ticket costs the next connection one round trip less. */
static void
keep_session(struct conn *c)
{
	gnutls_datum_t session;

	if (c->home->session.size > 0)
		return;
	session = kt_wire_session(&c->wire);
	if (session.size > 0)
		c->home->session = session;
}

void
kt_conn_keep(struct conn *c)
{
	struct kt_loop *loop = loop_of(c);
	uint64_t end = kt_loop_now(loop) + KT_UPSTREAM_IDLE_SECONDS * 1000000ull;

	keep_session(c);
	if (c->home->n_idle >= KT_UPSTREAM_IDLE_MAX ||
	    kt_wire_has_more(&c->wire) || c->wire.is_in_flight ||
	    kt_timer_set(loop, &c->timer, end, on_idle_end, c) < 0) {
		kt_conn_close(c);
		return;
	}
	kt_buf_fini(&c->rest); /* of an answer that is told to its end */
	c->rest_at = 0;
	c->call = NULL;
	c->state = CONN_IDLE;
	c->next = c->home->idle;
	c->prev = &c->home->idle;
	if (c->next != NULL)
		c->next->prev = &c->next;
	c->home->idle = c;
	c->home->n_idle++;
	kt_watch_set(loop, &c->watch, EPOLLIN);
}

/* The last word of an attempt; the call hears of it later. */
static void
fail(struct conn *c, enum kt_upstream_fail why, const struct kt_err *err)
{
	const struct conn_events *events = c->home->pool->events;
	struct http_call *call = c->call;
	struct kt_err copy = *err; /* it may lie in what is freed now */

	kt_conn_close(c);
	events->failed(call, why, &copy);
}

static void
on_connect_end(void *self)
{
	struct conn *c = self;
	struct kt_err err;

	(void)kt_fail(&err, KT_E_IO, "not connected to %s after %u ms",
	    c->home->origin->host, c->home->origin->connect_ms);
	fail(c, KT_UPSTREAM_CONNECT_TIMEOUT, &err);
}

static void
become_ready(struct conn *c)
{
	kt_timer_del(loop_of(c), &c->timer);
	end_opening(c);
	c->state = CONN_IN_USE;
	kt_watch_set(loop_of(c), &c->watch, EPOLLIN);
	c->home->pool->events->ready(c->call);
}

/* What the handshake answered, at its begin or later. */
static void
on_handshake(struct conn *c, enum kt_wire_rc rc, struct kt_err *err)
{
	switch (rc) {
	case KT_WIRE_OK:
		kt_wire_peer(c->wire.tls, &c->peer);
		become_ready(c);
		return;
	case KT_WIRE_WANT_READ:
		kt_watch_set(loop_of(c), &c->watch, EPOLLIN);
		return;
	case KT_WIRE_WANT_WRITE:
		kt_watch_set(loop_of(c), &c->watch, EPOLLOUT);
		return;
	case KT_WIRE_END:
	case KT_WIRE_BROKEN:
		/* A session that failed is not tried twice. */
		gnutls_free(c->home->session.data);
		c->home->session = (gnutls_datum_t){ NULL, 0 };
		(void)kt_wrap(err, "%s", c->home->origin->host);
		fail(c, KT_UPSTREAM_TLS, err);
		return;
	}
}

static void
on_connected(struct conn *c)
{
	struct kt_err err;

	if (kt_wire_connected(&c->wire, &c->opening->err) != KT_WIRE_OK) {
		kt_watch_del(loop_of(c), &c->watch);
		kt_wire_close(&c->wire);
		try_next(c);
		return;
	}
	if (c->home->origin->trust == NULL) {
		become_ready(c);
		return;
	}
	c->state = CONN_SECURING;
	on_handshake(c,
	    kt_wire_secure(&c->wire, c->home->origin, c->home->session, &err),
	    &err);
}

static void
on_event(void *self, uint32_t events)
{
	struct conn *c = self;
	struct kt_err err;

	kt_conn_enter(c);
	switch (c->state) {
	case CONN_OPENING:
		KT_BUG("an event before there was a socket");
	case CONN_CONNECTING:
		on_connected(c);
		break;
	case CONN_SECURING:
		on_handshake(c, kt_wire_handshake(&c->wire, &err), &err);
		break;
	case CONN_IN_USE:
		c->home->pool->events->event(c->call, events);
		break;
	case CONN_IDLE:
		kt_conn_close(c); /* closed, or speaking without being asked */
		break;
	}
	kt_conn_leave(c);
}

/* The next address that does not fail at once. */
static void
try_next(struct conn *c)
{
	struct conn_opening *o = c->opening;
	struct kt_err err = o->err;

	c->state = CONN_CONNECTING;
	while (o->next < o->found.n) {
		enum kt_wire_rc rc = kt_wire_connect(
		    &c->wire, &o->found.list[o->next++], &o->err);

		/* A connection made at once is told by the same event. */
		if (rc != KT_WIRE_BROKEN &&
		    kt_watch_add(loop_of(c), &c->watch, c->wire.fd, EPOLLOUT,
		        on_event, c, &o->err) == KT_OK)
			return;
		kt_wire_close(&c->wire);
		err = o->err;
	}
	(void)kt_wrap(&err, "%s port %u", c->home->origin->host,
	    c->home->origin->port);
	fail(c, KT_UPSTREAM_CONNECT, &err);
}

static void
on_found(void *self, const struct kt_addresses *found, const char *why)
{
	struct conn *c = self;
	struct kt_err err;

	c->opening->lookup = NULL;
	c->opening->found = *found;
	if (found->n > 0) {
		try_next(c);
		return;
	}
	(void)kt_fail(&err, KT_E_IO, "%s: %s", c->home->origin->host, why);
	fail(c, KT_UPSTREAM_RESOLVE, &err);
}

/* False: no memory. */
static bool
begin(struct conn *c)
{
	struct kt_upstream *u = c->home->pool->u;
	const struct kt_origin *origin = c->home->origin;

	if (kt_timer_set(u->loop, &c->timer,
	        kt_loop_now(u->loop) + origin->connect_ms * 1000ull,
	        on_connect_end, c) < 0)
		return false;
	if (kt_resolver_find(
	        u->resolver, origin->host, origin->port, &c->opening->found))
		return true;
	c->opening->lookup = kt_resolver_ask(
	    u->resolver, u->loop, origin->host, origin->port, on_found, c);
	return c->opening->lookup != NULL;
}

struct conn *
kt_conn_open(
    struct http_pool *pool, struct kt_origin *origin, struct http_call *call)
{
	struct conn_home *home = home_of(pool, origin);
	struct conn *c = home != NULL ? kt_alloc(sizeof(*c)) : NULL;
	struct kt_err err;

	(void)kt_fail(&err, KT_E_LIMIT, "no memory for a connection");
	if (c == NULL) {
		pool->events->failed(call, KT_UPSTREAM_LOCAL, &err);
		return NULL;
	}
	c->home = home;
	home->n_conns++;
	c->call = call;
	c->wire.fd = -1;
	kt_http1_init(&c->reader, KT_HTTP1_ASKED_ANY);
	kt_buf_init(&c->rest, READ_BYTES);
	c->opening = kt_alloc(sizeof(*c->opening));
	kt_conn_enter(c); /* to be able to see whether it failed */
	if (c->opening == NULL || !begin(c))
		fail(c, KT_UPSTREAM_LOCAL, &err);
	else if (c->opening->lookup == NULL)
		try_next(c);
	home = c->home;
	kt_conn_leave(c);
	return home != NULL ? c : NULL;
}

void
kt_http_pool_drop_idle(struct http_pool *pool)
{
	for (struct conn_home *home = pool->homes; home; home = home->next)
		while (home->idle != NULL)
			kt_conn_close(home->idle);
	sweep(pool);
}

void
kt_http_pool_free(struct http_pool *pool)
{
	kt_http_pool_drop_idle(pool);
	if (pool->homes != NULL)
		KT_BUG("upstreams freed before their calls were over");
	pool->is_freed = true;
	if (!pool->is_posted && !pool->is_write_due)
		kt_free(pool);
}
