/*
 * proxy - no_proxy has no standard; this is what curl, wget and Go agree on:
 * a comma list of "*", names that cover their subdomains with or without a
 * dot in front, and addresses, each with an optional port.  Networks such as
 * 10.0.0.0/8 are what they do not agree on, and match nothing here.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/proxy.h"

static bool
is_loopback(struct kt_span host)
{
	return kt_span_caseeq(host, KT_SPAN("localhost")) ||
	    kt_span_eq(host, KT_SPAN("::1")) ||
	    kt_span_starts(host, KT_SPAN("127."));
}

/* Takes ":port" off the entry; false when it is there and another one. */
static bool
has_port(struct kt_span *entry, uint16_t port)
{
	size_t colon = kt_span_find(*entry, ':');
	uint64_t n;

	/* More than one colon is an IPv6 address. */
	if (colon == entry->len ||
	    kt_span_find(kt_span_sub(*entry, colon + 1, entry->len), ':') <
	        entry->len - colon - 1)
		return true;
	if (!kt_span_u64(kt_span_sub(*entry, colon + 1, entry->len), &n))
		return false;
	*entry = kt_span_sub(*entry, 0, colon);
	return n == port;
}

static bool
is_covered(struct kt_span entry, struct kt_span host, uint16_t port)
{
	struct kt_span tail;

	if (kt_span_eq(entry, KT_SPAN("*")))
		return true;
	if (entry.len == 0 || !has_port(&entry, port))
		return false;
	if (kt_span_starts(entry, KT_SPAN(".")))
		entry = kt_span_sub(entry, 1, entry.len);
	if (entry.len == 0 || entry.len > host.len)
		return false;
	tail = kt_span_sub(host, host.len - entry.len, entry.len);
	return kt_span_caseeq(tail, entry) && (entry.len == host.len ||
	    host.ptr[host.len - entry.len - 1] == '.');
}

struct kt_span
kt_proxy_for(const struct kt_proxy_env *env, bool is_tls, struct kt_span host,
    uint16_t port)
{
	struct kt_span none = { NULL, 0 }, list = env->no_proxy;

	if (is_loopback(host))
		return none;
	while (list.len > 0) {
		size_t comma = kt_span_find(list, ',');

		if (is_covered(
		        kt_span_trim(kt_span_sub(list, 0, comma)), host, port))
			return none;
		list = kt_span_sub(list, comma + 1, list.len);
	}
	return is_tls ? env->https_proxy : env->http_proxy;
}
