/*
 * origin - where calls go, and whom to trust there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_priv.h"
#include "cmd/libcurl.h"

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

/* Off the loops, before the first call over a proxy. */
static bool
can_use_proxies(void)
{
	struct kt_curl curl;

	return kt_curl_load(&curl, NULL) == KT_OK &&
	    curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
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
	    (spec->proxy.len > 0 && !can_use_proxies())) {
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

void
kt_upstream_call_free(struct kt_upstream_call *call)
{
	kt_origin_free(&call->origin);
	kt_free(call);
}
