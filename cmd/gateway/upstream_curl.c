/*
 * upstream_curl - the way through a proxy; not there yet, and says so.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/upstream_priv.h"

void
curl_pool_free(struct curl_pool *p)
{
	kt_free(p);
}

static enum kt_rc
start(struct kt_upstream *u, struct kt_origin *origin,
    const struct kt_upstream_request *request, struct kt_upstream_call *base,
    struct kt_err *err)
{
	(void)u, (void)request, (void)base; /* nothing is started */
	return kt_fail(err, KT_E_MISUSE, "%s: no way through a proxy",
	    origin->host);
}

const struct upstream_way kt_upstream_curl = {
	.start = start,
	.call_bytes = sizeof(struct kt_upstream_call),
};
