/*
 * upstream - an own HTTP/1.1 client is the way to an origin, because libcurl
 * reads the list of authorities anew for every connection, on the loop, and
 * costs half as much again per request; libcurl is the way through a proxy,
 * where its long list of special cases is worth more than speed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_priv.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

enum kt_rc
kt_trust_new(struct kt_trust **out, struct kt_span ca_file, struct kt_err *err)
{
	struct kt_trust *t = kt_alloc(sizeof(*t) + ca_file.len + 1);
	int n;

	*out = NULL;
	if (t == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for trust");
	if (ca_file.len > 0)
		memcpy(t->ca_file, ca_file.ptr, ca_file.len);
	if (gnutls_certificate_allocate_credentials(&t->credentials) < 0 ||
	    gnutls_priority_init(&t->priority, PRIORITY, NULL) < 0) {
		atomic_store(&t->users, 1);
		kt_trust_free(&t);
		return kt_fail(err, KT_E_LIMIT, "no memory for trust");
	}
	atomic_store(&t->users, 1);
	n = ca_file.len > 0
	    ? gnutls_certificate_set_x509_trust_file(
	          t->credentials, t->ca_file, GNUTLS_X509_FMT_PEM)
	    : gnutls_certificate_set_x509_system_trust(t->credentials);
	if (n > 0) {
		*out = t;
		return KT_OK;
	}
	kt_trust_free(&t);
	return kt_fail(err, KT_E_IO, "no certificates in %s%.*s: %s",
	    ca_file.len > 0 ? "" : "the system's list", KT_SPAN_ARG(ca_file),
	    n < 0 ? gnutls_strerror(n) : "it is empty");
}

enum kt_rc
kt_trust_share(struct kt_trust **out, struct kt_origin *const *origins,
    size_t n, struct kt_span ca_file, struct kt_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct kt_trust *t = origins[i] != NULL ? origins[i]->trust : NULL;

		if (t == NULL || !kt_span_eq(kt_span_of(t->ca_file), ca_file))
			continue;
		atomic_fetch_add(&t->users, 1);
		*out = t;
		return KT_OK;
	}
	return kt_trust_new(out, ca_file, err);
}

void
kt_trust_free(struct kt_trust **trust)
{
	struct kt_trust *t = *trust;

	*trust = NULL;
	if (t == NULL || atomic_fetch_sub(&t->users, 1) > 1)
		return;
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	if (t->priority != NULL)
		gnutls_priority_deinit(t->priority);
	kt_free(t);
}

/* As a C string of at most size - 1 bytes without NUL. */
static bool
copy(char *to, size_t size, struct kt_span s)
{
	if (s.len >= size || kt_span_find(s, '\0') < s.len)
		return false;
	if (s.len > 0)
		memcpy(to, s.ptr, s.len);
	to[s.len] = '\0';
	return true;
}

static void
make_host_header(struct kt_origin *o)
{
	bool is_v6 = strchr(o->host, ':') != NULL;
	char port[8] = "";

	if (o->port != (o->trust != NULL ? 443 : 80))
		(void)snprintf(port, sizeof(port), ":%u", o->port);
	(void)snprintf(o->host_header, sizeof(o->host_header), "%s%s%s%s",
	    is_v6 ? "[" : "", o->host, is_v6 ? "]" : "", port);
}

enum kt_rc
kt_origin_new(struct kt_origin **out, const struct kt_origin_spec *spec,
    struct kt_err *err)
{
	struct kt_origin *o = kt_alloc(sizeof(*o));
	struct kt_span name = spec->tls_name.len > 0 ? spec->tls_name : spec->host;

	*out = NULL;
	if (o == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for an origin");
	if (spec->host.len == 0 || spec->port == 0 ||
	    !copy(o->host, sizeof(o->host), spec->host) ||
	    !kt_header_is_value(spec->host) ||
	    !copy(o->tls_name, sizeof(o->tls_name), name) ||
	    !copy(o->proxy, sizeof(o->proxy), spec->proxy) ||
	    (spec->proxy.len > 0 && !kt_curl_prepare())) {
		kt_free(o);
		return kt_fail(err, KT_E_MISUSE, "host, port or proxy is malformed");
	}
	atomic_store(&o->users, 1);
	o->port = spec->port;
	o->connect_ms = spec->connect_ms > 0 ? spec->connect_ms : 5000;
	o->trust = spec->trust;
	if (o->trust != NULL)
		atomic_fetch_add(&o->trust->users, 1);
	make_host_header(o);
	*out = o;
	return KT_OK;
}

struct kt_origin *
kt_origin_ref(struct kt_origin *origin)
{
	atomic_fetch_add(&origin->users, 1);
	return origin;
}

void
kt_origin_free(struct kt_origin **origin)
{
	struct kt_origin *o = *origin;

	*origin = NULL;
	if (o == NULL || atomic_fetch_sub(&o->users, 1) > 1)
		return;
	kt_trust_free(&o->trust);
	kt_free(o);
}

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
kt_upstream_call_free(struct kt_upstream_call *call)
{
	kt_origin_free(&call->origin);
	kt_free(call);
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
