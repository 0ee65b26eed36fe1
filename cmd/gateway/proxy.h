/*
 * proxy - which proxy, if any, stands before a host.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what http_proxy, https_proxy and no_proxy mean.
 * Does not: read the environment: main does, once, at start.
 * Promises: a loopback host is never reached over a proxy of the
 *           environment.
 */
#ifndef KT_PROXY_H
#define KT_PROXY_H
#include "base/base.h"

struct kt_proxy_env {
	struct kt_span http_proxy;  /* http_proxy alone: upper case is CGI's */
	struct kt_span https_proxy; /* https_proxy, else HTTPS_PROXY */
	struct kt_span no_proxy;    /* no_proxy, else NO_PROXY */
};

/* For kt_origin_spec.proxy; empty: none. */
struct kt_span kt_proxy_for(const struct kt_proxy_env *env, bool is_tls,
    struct kt_span host, uint16_t port);

#endif
