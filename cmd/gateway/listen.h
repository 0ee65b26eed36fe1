/*
 * listen - the clients of one worker: connections and their requests.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    libmicrohttpd and its traps, deadlines of heads and bodies, how
 *           a client that left is noticed while nobody reads from it.
 * Does not: know exchanges, upstreams or policies.
 * Promises: only heads that kt_head_check lets in are told; after a refusal
 *           nothing more of the connection is served; an answer that was
 *           given up never looks complete; on_gone or on_done is the last
 *           call for a request, and comes exactly once.
 *
 * A request is told by on_head, on_body*, on_end, then on_sent*.  Its answer
 * may begin at any time.  Callbacks may call anything below.
 */
#ifndef KT_LISTEN_H
#define KT_LISTEN_H
#include "cmd/gateway/head.h"
#include "cmd/gateway/loop.h"
#include "cmd/gateway/tls.h"

/* Bytes of an answer that may wait for a slow client. */
#define KT_REQUEST_OUT_MAX (40u << 20)

struct kt_listen;
struct kt_request;

struct kt_listen_events {
	/* The head and its spans are valid during the call.  NULL: 503. */
	void *(*on_head)(void *worker, struct kt_request *r,
	    const struct kt_head *head);
	void (*on_body)(void *call, struct kt_span bytes);
	void (*on_end)(void *call);
	/* So many bytes given to kt_request_write were handed on. */
	void (*on_sent)(void *call, size_t bytes);
	/* The client left, or a deadline passed. */
	void (*on_gone)(void *call);
	/* The answer is complete. */
	void (*on_done)(void *call);
	/* A head was refused before it became a request. */
	void (*on_reject)(void *worker, unsigned status, const char *what,
	    const struct kt_head *head);
	/* After kt_listen_drain: the last connection is closed. */
	void (*on_empty)(void *worker);
};

struct kt_listen_deadlines {
	uint64_t head_us, body_idle_us, keepalive_us, write_idle_us;
};

struct kt_listen_options {
	struct kt_loop *loop;
	const struct kt_listen_events *events;
	void *worker;
	const int *fds; /* of kt_bind, copied; the listener closes them */
	size_t nfds;
	const struct kt_tls *tls; /* NULL: plain text; outlives the listener */
	struct kt_listen_deadlines deadlines;
	size_t connections_max;
};

/* On failure fds are closed. */
KT_MUSTCHECK enum kt_rc kt_listen_new(struct kt_listen **out,
    const struct kt_listen_options *o, struct kt_err *err);
/* After on_empty, or when the loop has ended. */
void kt_listen_free(struct kt_listen **l);
/* For every wait that begins from now on. */
void kt_listen_set_deadlines(
    struct kt_listen *l, const struct kt_listen_deadlines *d);
/* At the end of every turn of the loop: how long it may wait. */
uint64_t kt_listen_turn(struct kt_listen *l);
/*
 * Closes the listening sockets and idle connections.  Requests under way go
 * on; new ones on open connections are answered 503 and the connection is
 * closed.
 */
void kt_listen_drain(struct kt_listen *l);
/* Breaks every connection: on_gone for each request under way. */
void kt_listen_abort(struct kt_listen *l);
size_t kt_listen_connections(const struct kt_listen *l);

/* Text without port; valid while the request is. */
struct kt_span kt_request_address(const struct kt_request *r);
/* Subject of the verified certificate, or empty. */
struct kt_span kt_request_certificate(const struct kt_request *r);

/*
 * Begins the answer.  Headers are copied; those that frame or concern this
 * hop are left out.  `length` is KT_HEAD_CHUNKED when not known.
 */
void kt_request_answer(struct kt_request *r, unsigned status,
    const struct kt_header *headers, size_t nheaders, uint64_t length);
/* KT_E_LIMIT: more than KT_REQUEST_OUT_MAX waits; break the answer. */
KT_MUSTCHECK enum kt_rc kt_request_write(
    struct kt_request *r, struct kt_span bytes);
void kt_request_finish(struct kt_request *r);
/* Nothing more is to be told; what was given is still delivered. */
void kt_request_detach(struct kt_request *r);
/* Breaks the connection.  Neither on_done nor on_gone follows. */
void kt_request_abort(struct kt_request *r);
/* In on_head: an answer will come, and a long body is not waited for. */
void kt_request_refuse_body(struct kt_request *r);
/* Stops reading the body: the client fills its window and waits. */
void kt_request_pause(struct kt_request *r);
void kt_request_resume(struct kt_request *r);

#endif
