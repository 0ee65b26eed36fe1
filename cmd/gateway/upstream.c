/*
 * upstream - an own HTTP/1.1 client is the way to an origin, because libcurl
 * reads the list of authorities anew for every connection, on the loop, and
 * costs half as much again per request; libcurl is the way through a proxy,
 * where its long list of special cases is worth more than speed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_priv.h"

const char *
kt_upstream_fail_name(enum kt_upstream_fail why)
{
	switch (why) {
	case KT_UPSTREAM_RESOLVE:
		return "resolve";
	case KT_UPSTREAM_CONNECT:
		return "connect";
	case KT_UPSTREAM_CONNECT_TIMEOUT:
		return "connect timeout";
	case KT_UPSTREAM_TLS:
		return "tls";
	case KT_UPSTREAM_RESET:
		return "reset";
	case KT_UPSTREAM_PROTOCOL:
		return "protocol";
	case KT_UPSTREAM_LOCAL:
		return "local";
	}
	KT_BUG("no such failure");
}

enum kt_rc
kt_upstream_new(struct kt_upstream **out, struct kt_loop *loop,
    struct kt_resolver *resolver, struct kt_err *err)
{
	struct kt_upstream *u = kt_alloc(sizeof(*u));

	*out = NULL;
	if (u == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for upstreams");
	u->loop = loop;
	u->resolver = resolver;
	u->http = kt_http_pool_new(u);
	if (u->http == NULL) {
		kt_free(u);
		return kt_fail(err, KT_E_LIMIT, "no memory for upstreams");
	}
	*out = u;
	return KT_OK;
}

void
kt_upstream_free(struct kt_upstream **u)
{
	if (*u == NULL)
		return;
	kt_http_pool_free((*u)->http);
	if ((*u)->curl != NULL)
		kt_curl_pool_free((*u)->curl);
	kt_free(*u);
	*u = NULL;
}

void
kt_upstream_drop_idle(struct kt_upstream *u)
{
	kt_http_pool_drop_idle(u->http);
	if (u->curl != NULL)
		kt_curl_pool_drop_idle(u->curl);
}

enum kt_rc
kt_upstream_start(struct kt_upstream *u, struct kt_origin *origin,
    const struct kt_upstream_request *request,
    const struct kt_upstream_events *events, void *self,
    struct kt_upstream_call **out, struct kt_err *err)
{
	const struct upstream_way *way =
	    origin->proxy[0] != '\0' ? &kt_upstream_curl : &kt_upstream_http;
	struct kt_upstream_call *call = kt_alloc(way->call_bytes);
	enum kt_rc rc;

	*out = NULL;
	if (call == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a request");
	*call = (struct kt_upstream_call){
		.way = way,
		.u = u,
		.origin = kt_origin_ref(origin),
		.events = events,
		.self = self,
	};
	rc = way->start(u, origin, request, call, err);
	if (rc < 0)
		kt_upstream_call_free(call);
	else
		*out = call;
	return rc;
}

void
kt_upstream_cancel(struct kt_upstream_call **call)
{
	if (*call != NULL)
		(*call)->way->cancel(*call);
	*call = NULL;
}

void
kt_upstream_peer(
    const struct kt_upstream_call *call, struct kt_upstream_peer *out)
{
	*out = (struct kt_upstream_peer){ .spki = "" };
	call->way->peer(call, out);
}

void
kt_upstream_pause(struct kt_upstream_call *call)
{
	call->way->pause(call);
}

void
kt_upstream_resume(struct kt_upstream_call *call)
{
	call->way->resume(call);
}

enum kt_rc
kt_upstream_send(
    struct kt_upstream_call *call, struct kt_span piece, struct kt_err *err)
{
	return call->way->send(call, piece, err);
}

void
kt_upstream_finish(struct kt_upstream_call *call)
{
	call->way->finish(call);
}
