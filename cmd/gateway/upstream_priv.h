/*
 * upstream_priv - what the ways to reach an origin share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the parts of an origin, and the table by which a call is driven.
 * Does not: leave cmd/gateway/upstream*.c.
 * Promises: upstream_http.c and upstream_curl.c know nothing of each other.
 */
#ifndef KT_UPSTREAM_PRIV_H
#define KT_UPSTREAM_PRIV_H
#include <gnutls/gnutls.h>
#include <stdatomic.h>

#include "cmd/gateway/resolver.h"

struct kt_trust {
	atomic_int users;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	char ca_file[]; /* empty: the system's list */
};

struct kt_origin {
	atomic_int users;
	struct kt_trust *trust; /* NULL: plain text */
	uint32_t connect_ms;
	uint16_t port;
	char host[256];
	char tls_name[256];
	char host_header[300];
	char proxy[512];
};

/* One way to make calls.  The first member of each call is the base below. */
struct upstream_way {
	enum kt_rc (*start)(struct kt_upstream *u, struct kt_origin *origin,
	    const struct kt_upstream_request *request,
	    struct kt_upstream_call *base, struct kt_err *err);
	void (*cancel)(struct kt_upstream_call *call);
	void (*peer)(const struct kt_upstream_call *call,
	    struct kt_upstream_peer *out);
	void (*pause)(struct kt_upstream_call *call);
	void (*resume)(struct kt_upstream_call *call);
	enum kt_rc (*send)(struct kt_upstream_call *call, struct kt_span piece,
	    struct kt_err *err);
	void (*finish)(struct kt_upstream_call *call);
	size_t call_bytes;
};
extern const struct upstream_way kt_upstream_http, kt_upstream_curl;

struct kt_upstream_call {
	const struct upstream_way *way;
	struct kt_upstream *u;
	struct kt_origin *origin; /* a reference */
	const struct kt_upstream_events *events;
	void *self;
};
/* Of a session after its handshake. */
void kt_wire_peer(gnutls_session_t tls, struct kt_upstream_peer *out);
/* origin.c: drops the reference and the memory; the way's own parts are gone
   before. */
void kt_upstream_call_free(struct kt_upstream_call *call);

/* What a way keeps for a worker; made and freed by upstream.c. */
struct http_pool;
struct curl_pool;
struct kt_upstream {
	struct kt_loop *loop;
	struct kt_resolver *resolver;
	struct http_pool *http;
	struct curl_pool *curl; /* made by the first call over a proxy */
};
struct http_pool *kt_http_pool_new(struct kt_upstream *u);
void kt_http_pool_free(struct http_pool *p);
void kt_http_pool_drop_idle(struct http_pool *p);
void kt_curl_pool_free(struct curl_pool *p);
void kt_curl_pool_drop_idle(struct curl_pool *p);

#endif
