/*
 * upstream - a request to a provider, from one worker's loop.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    origins, trust, connections and how they fail.
 * Does not: choose a target, read bodies, know exchanges, or bound the time
 *           to the first byte, silence or the whole: those are the caller's
 *           (kt_timer_set, then kt_upstream_cancel).
 * Promises: callbacks come in the order (head body* end) or fail, on the
 *           loop's thread, never from inside a call into this header; a cut
 *           answer never ends KT_UPSTREAM_OK; nothing blocks the loop; no
 *           redirect is followed; after cancel nothing is called.
 */
#ifndef KT_UPSTREAM_H
#define KT_UPSTREAM_H
#include "cmd/gateway/loop.h"
#include "frame/http1.h"

/* Which certificates are believed: read once, shared by origins, counted. */
struct kt_trust;
struct kt_origin;
/* Reads files, so not on a loop.  An empty ca_file is the system's list. */
KT_MUSTCHECK enum kt_rc kt_trust_new(
    struct kt_trust **out, struct kt_span ca_file, struct kt_err *err);
/* That of one of n origins (NULL among them) that trusts the same, or new:
   the system's list takes megabytes. */
KT_MUSTCHECK enum kt_rc kt_trust_share(struct kt_trust **out,
    struct kt_origin *const *origins, size_t n, struct kt_span ca_file,
    struct kt_err *err);
void kt_trust_free(struct kt_trust **trust); /* drops one reference */

/* Where a provider listens.  Immutable, counted: workers may share it. */
struct kt_origin_spec {
	struct kt_span host; /* a name, an IPv4 address, or IPv6 without [] */
	uint16_t port;
	struct kt_trust *trust; /* NULL: plain text.  Gets its own reference */
	struct kt_span tls_name; /* SNI and verified name; empty: host */
	struct kt_span proxy;    /* URL of an HTTP proxy; empty: none */
	uint32_t connect_ms; /* resolve, connect, handshake; 0: 5000 */
};
KT_MUSTCHECK enum kt_rc kt_origin_new(struct kt_origin **out,
    const struct kt_origin_spec *spec, struct kt_err *err);
struct kt_origin *kt_origin_ref(struct kt_origin *origin);
void kt_origin_free(struct kt_origin **origin); /* drops one reference */

/* Threads that look up names; one for all workers. */
struct kt_resolver;
KT_MUSTCHECK enum kt_rc kt_resolver_new(
    struct kt_resolver **out, struct kt_err *err);
/* Before the loops are freed.  Does not wait for a lookup under way. */
void kt_resolver_free(struct kt_resolver **resolver);

/* One worker's connections. */
struct kt_upstream;
KT_MUSTCHECK enum kt_rc kt_upstream_new(struct kt_upstream **out,
    struct kt_loop *loop, struct kt_resolver *resolver, struct kt_err *err);
/* On the loop's thread or after it ended.  Every call must be over. */
void kt_upstream_free(struct kt_upstream **u);
/* Closes idle connections, such as those of a configuration now replaced. */
void kt_upstream_drop_idle(struct kt_upstream *u);

struct kt_upstream_request {
	struct kt_span method;
	struct kt_span target; /* "/v1/messages?beta=true" */
	/* Copied.  Host is added when absent; hop-by-hop is the caller's. */
	const struct kt_header *headers;
	size_t n_headers;
	/*
	 * The body at hand, sent in order.  The array is copied, the bytes are
	 * borrowed until on_sent covers them or the call is over.
	 */
	const struct kt_span *body;
	size_t n_body;
	/*
	 * KT_HTTP1_NO_BODY, KT_HTTP1_CHUNKED or the length of the whole.  When
	 * that is not the sum of the pieces above, the rest follows by
	 * kt_upstream_send, and the call goes over a fresh connection.
	 */
	uint64_t body_bytes;
};

/* Why there is no answer. */
enum kt_upstream_fail {
	KT_UPSTREAM_RESOLVE,         /* the name has no address */
	KT_UPSTREAM_CONNECT,         /* refused, unreachable */
	KT_UPSTREAM_CONNECT_TIMEOUT, /* connect_ms is over */
	KT_UPSTREAM_TLS,             /* handshake or certificate */
	KT_UPSTREAM_RESET,           /* closed before the whole head came */
	KT_UPSTREAM_PROTOCOL,        /* what came is not HTTP/1.1 */
	KT_UPSTREAM_LOCAL,           /* no memory, no descriptor */
};
const char *kt_upstream_fail_name(enum kt_upstream_fail why);
enum kt_upstream_end { KT_UPSTREAM_TRUNCATED = 0, KT_UPSTREAM_OK };

struct kt_upstream_events {
	/* Valid during the call. */
	void (*on_head)(void *self, const struct kt_http1_head *head);
	/* Valid during the call.  kt_upstream_pause may be called here. */
	void (*on_body)(void *self, struct kt_span bytes);
	/*
	 * May be NULL.  So many more bytes of the body are no longer borrowed:
	 * they were handed over, and no retry can need them.  Called once for
	 * what was at hand (with 0 when that was nothing) and for each piece.
	 */
	void (*on_sent)(void *self, uint64_t bytes);
	/* The last call.  err says why when how is KT_UPSTREAM_TRUNCATED. */
	void (*on_end)(void *self, enum kt_upstream_end how,
	    const struct kt_err *err);
	/* The last call. */
	void (*on_fail)(void *self, enum kt_upstream_fail why,
	    const struct kt_err *err);
};

/* One request under way.  Gone when on_end or on_fail is called. */
struct kt_upstream_call;
/*
 * Takes its own reference to origin.  A failure here is a bad request
 * (KT_E_MISUSE) or no memory, and calls nothing back.
 */
KT_MUSTCHECK enum kt_rc kt_upstream_start(struct kt_upstream *u,
    struct kt_origin *origin, const struct kt_upstream_request *request,
    const struct kt_upstream_events *events, void *self,
    struct kt_upstream_call **out, struct kt_err *err);
/* Whom it reached, in on_head; both empty: in clear, or not known. */
struct kt_upstream_peer {
	char tls_version[16];  /* "TLS1.3" */
	char spki[7 + 64 + 1]; /* "sha256:", of the key in its certificate */
};
void kt_upstream_peer(
    const struct kt_upstream_call *call, struct kt_upstream_peer *out);
/* Closes the connection at once; allowed in every callback. */
void kt_upstream_cancel(struct kt_upstream_call **call);
/* Stops reading: the peer fills its window and waits.  Idempotent. */
void kt_upstream_pause(struct kt_upstream_call *call);
void kt_upstream_resume(struct kt_upstream_call *call);
/*
 * The next piece of a streamed body, borrowed until on_sent covers it; one
 * piece may be on its way at a time.  KT_E_MISUSE when it is more than was
 * promised.  kt_upstream_finish says that a chunked body is complete.
 */
KT_MUSTCHECK enum kt_rc kt_upstream_send(
    struct kt_upstream_call *call, struct kt_span piece, struct kt_err *err);
void kt_upstream_finish(struct kt_upstream_call *call);

#endif
