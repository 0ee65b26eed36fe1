/*
 * upstream_conn - connections of one worker: made, kept, handed out, closed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    resolve, connect and handshake as one step with one deadline, and
 *           the idle connections of each origin.
 * Does not: read or write HTTP.
 * Promises: a connection belongs to one call or is idle; one that the peer
 *           closed while idle is not handed out; a closed one is freed only
 *           when no function of it is running.
 */
#ifndef KT_UPSTREAM_CONN_H
#define KT_UPSTREAM_CONN_H
#include "cmd/gateway/wire.h"

struct http_call; /* upstream_http.c */

enum conn_state { CONN_OPENING, CONN_CONNECTING, CONN_SECURING, CONN_IN_USE,
	CONN_IDLE };

/* The connections to one origin. */
struct conn_home {
	struct conn_home *next;
	struct http_pool *pool;
	struct kt_origin *origin; /* a reference */
	struct conn *idle;        /* latest first: the others may time out */
	size_t n_idle, n_conns;
	gnutls_datum_t session; /* for the next handshake */
};

/* Where a connection that is being made stands. */
struct conn_opening {
	struct kt_addresses found;
	size_t next; /* of found: to be tried */
	struct kt_lookup *lookup;
	struct kt_err err; /* of the last address */
};

struct conn {
	struct kt_wire wire;
	struct kt_watch watch;
	struct kt_timer timer; /* connect deadline, or idle time */
	struct kt_http1 reader;
	struct conn_home *home;
	struct http_call *call;
	struct conn_opening *opening;
	struct conn *next, **prev; /* among the idle */
	struct kt_buf rest;        /* read, but the call was paused */
	size_t rest_at;            /* so much of rest is used up */
	struct kt_upstream_peer peer; /* once it is secure */
	uint64_t acked; /* when it was handed out again */
	enum conn_state state;
	int busy;       /* functions of it that are running */
	bool is_dead;   /* closed: only its memory is left */
	bool is_reused; /* has carried a request before this one */
};

/* What a connection says to its call. */
struct conn_events {
	void (*ready)(struct http_call *call);
	/* Only remembers: tells the caller in a later turn. */
	void (*failed)(struct http_call *call, enum kt_upstream_fail why,
	    const struct kt_err *err);
	void (*event)(struct http_call *call, uint32_t events);
};

#define READ_BYTES 32768
#define GATHER_MAX 16 /* calls that wait for the end of a turn */
struct http_pool {
	struct kt_upstream *u;
	const struct conn_events *events;
	struct conn_home *homes;
	struct http_call *soon; /* calls that have something to say */
	struct kt_post post;
	bool is_posted, is_write_due, is_freed;
	struct http_call *gathered[GATHER_MAX]; /* NULL: over already */
	size_t n_gathered;
	struct kt_post at_end;
	char bytes[READ_BYTES]; /* shared: an idle stream owns no buffer */
};

/* An idle connection, or NULL. */
struct conn *kt_conn_take(
    struct http_pool *pool, struct kt_origin *origin, struct http_call *call);
/*
 * A new one; `ready` or `failed` follows.  NULL: it failed at once, and
 * `failed` has been called.
 */
struct conn *kt_conn_open(
    struct http_pool *pool, struct kt_origin *origin, struct http_call *call);
void kt_conn_keep(struct conn *c);  /* the call is over, the answer was whole */
/* At once; memory that spans may point into stays while c is busy. */
void kt_conn_close(struct conn *c);
/* Around everything that may call out. */
void kt_conn_enter(struct conn *c);
void kt_conn_leave(struct conn *c);

#endif
