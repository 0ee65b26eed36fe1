/*
 * address - host and port of a listener.  Names are refused: what a name
 * resolves to is not the file's to decide, and lint must not ask the network.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>

#include "config/address.h"

static bool
is_loopback_v6(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a);
}

bool
kt_config_address(struct kt_span text, struct kt_config_address *out)
{
	struct kt_span host, port;
	struct in6_addr v6;
	struct in_addr v4;
	size_t colon = text.len;
	uint64_t number;

	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	host = kt_span_sub(text, 0, colon - 1);
	port = kt_span_sub(text, colon, SIZE_MAX);
	if (!kt_span_u64(port, &number) || number > 65535 || port.len > 5)
		return false;
	*out = (struct kt_config_address){ .port = (uint16_t)number };
	if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
		host = kt_span_sub(host, 1, host.len - 2);
		out->is_v6 = true;
	}
	if (kt_span_eq(host, KT_SPAN("localhost")))
		host = KT_SPAN("127.0.0.1");
	if (host.len == 0 || host.len >= sizeof(out->host) ||
	    memchr(host.ptr, '\0', host.len) != NULL)
		return false;
	memcpy(out->host, host.ptr, host.len);
	out->host[host.len] = '\0';
	if (out->is_v6) {
		if (inet_pton(AF_INET6, out->host, &v6) != 1)
			return false;
		out->is_loopback = is_loopback_v6(&v6);
		return true;
	}
	if (inet_pton(AF_INET, out->host, &v4) != 1)
		return false;
	out->is_loopback = (ntohl(v4.s_addr) >> 24) == 127;
	return true;
}
