/*
 * listen_priv - connections and requests between listen*.c, which know
 * libmicrohttpd, and request.c, which does not.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_LISTEN_PRIV_H
#define KT_LISTEN_PRIV_H
#include <netinet/in.h>

#include "cmd/gateway/linger.h"
#include "cmd/gateway/listen.h"

struct acceptor; /* of listen.c */
struct MHD_Daemon;
struct MHD_Connection;

struct kt_listen {
	struct kt_listen_options o;
	struct MHD_Daemon *daemon;
	struct kt_watch run_watch;
	struct kt_timer accept_timer;
	struct acceptor *acceptors;
	size_t nacceptors;
	struct kt_linger linger;
	struct kt_request *first;   /* connections */
	struct kt_request *waking;  /* to be resumed in this turn */
	struct kt_header headers[KT_HEADERS_MAX]; /* of the head at hand */
	size_t nheaders;
	const struct sockaddr *peer; /* of the connection being added */
	size_t nconnections;
	size_t nunseen; /* 400s of the library's that are not recorded yet */
	int adding_fd;
	bool is_ready, is_draining, is_told_empty, knows_layout;
};

/* A connection, and the request on it while is_open. */
struct kt_request {
	struct kt_listen *l;
	struct MHD_Connection *mhd;
	struct kt_request *next, **link, *next_waking;
	int fd;
	struct kt_watch peer_watch;
	struct kt_timer timer;
	void *call;            /* NULL: nobody is to be told */
	const char *uri;       /* where MHD had it, before it was decoded */
	const char *head;      /* as MHD keeps it: head_bytes of it */
	struct kt_buf target;  /* as received */
	struct kt_buf fields;  /* of the answer: name NUL value NUL ... */
	struct kt_buf out;     /* of the answer: [out_at, len) waits */
	struct kt_buf subject; /* of the peer's certificate */
	size_t head_bytes, out_at, sent, dropped;
	uint64_t length, active_us;
	unsigned status;
	char address[INET6_ADDRSTRLEN];
	bool wants_peer;       /* to show a certificate of the client CA */
	bool is_peer_known;    /* it was verified */
	bool is_half_closed;
	bool is_used;          /* carried a request before */
	bool is_suspended, is_waking, wants_linger;
	/* Of the request; cleared by reset(). */
	bool is_open, is_begun, is_ended, is_paused, is_refused, is_unwanted;
	bool is_forged; /* by a trailer */
	bool is_answered, is_finished, is_broken, is_bodiless, is_1_0;
};

/* The request is over for whoever answers it: on_gone, if not told yet. */
void kt_request_leave(struct kt_request *r);
/* The connection is of no more use. */
void kt_request_break(struct kt_request *r);
/* From now; what is due is decided when it passes. */
void kt_request_deadline(struct kt_request *r, uint64_t us);
/* EPOLLRDHUP came, or worse. */
void kt_request_on_peer(void *self, uint32_t events);

#endif
