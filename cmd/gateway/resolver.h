/*
 * resolver - names to addresses, off the loop.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    getaddrinfo, a small cache, and the threads that wait for both.
 * Does not: connect, or sort addresses beyond what the system says.
 * Promises: numeric and remembered names cost no thread; an answer comes on
 *           the asking loop; after kt_lookup_cancel none comes; a name
 *           server that hangs does not delay kt_resolver_free.
 */
#ifndef KT_RESOLVER_H
#define KT_RESOLVER_H
#include <netinet/in.h>

#include "cmd/gateway/upstream.h"

struct kt_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;
	socklen_t len;
};
struct kt_addresses {
	struct kt_address list[KT_ADDRESSES_MAX];
	size_t n;
};

/* True when no lookup is needed. */
bool kt_resolver_find(struct kt_resolver *r, const char *host, uint16_t port,
    struct kt_addresses *out);

struct kt_lookup;
/* found->n is 0, and why says what the system said, when there is none. */
typedef void kt_lookup_fn(
    void *self, const struct kt_addresses *found, const char *why);
/* NULL: no memory. */
struct kt_lookup *kt_resolver_ask(struct kt_resolver *r, struct kt_loop *loop,
    const char *host, uint16_t port, kt_lookup_fn *fn, void *self);
/* On the loop's thread. */
void kt_lookup_cancel(struct kt_lookup *lookup);

#endif
