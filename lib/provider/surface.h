/*
 * surface - which API a request line asks for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the vendors' paths, kt's own prefixes (/v1/anthropic/...,
 *           /api/<id>/v1/...) and the user's map of path suffixes.
 * Does not: check the target; the caller refused controls, dot segments and
 *           "%00" before.  The path that is matched is the path that goes up
 *           and into the record, byte for byte.
 * Promises: no failure; what nobody claims is NONE, and so is what others,
 *           who decode it first, would read as another endpoint.
 */
#ifndef KT_SURFACE_H
#define KT_SURFACE_H
#include "chat/chat.h"

struct kt_route {
	struct kt_span suffix; /* path suffix, or "*" */
	enum kt_endpoint endpoint;
};
struct kt_surface {
	enum kt_endpoint endpoint; /* NONE: nobody claims it */
	bool is_method_ok;         /* false: 405 */
	struct kt_span methods;    /* that it takes: "GET, HEAD"; empty: any */
	bool is_unclear;           /* NONE, for others read it as another */
	/* What upstream wants is root, path, query, one behind the other.
	 * root is static and mostly empty: it is "/v1" where a prefix of ours
	 * stood in the middle (/v1/anthropic/models/x). */
	struct kt_span root, path;
	struct kt_span query;   /* with its '?', or empty */
	struct kt_span item;    /* what follows /v1/models/ or /v1/files/ */
	struct kt_span project; /* id of /api/<id>/v1/..., or empty */
};
/*
 * routes replace the built-in map when nroutes > 0: longest suffix first,
 * "*" last; a suffix begins and ends at a slash.  A models or files route
 * also claims the items below it.  Paths that start no chat endpoint by name
 * (routes of the user's own) go up as the vendor's path of that endpoint.
 */
void kt_surface(struct kt_surface *s, struct kt_span method,
    struct kt_span target, const struct kt_route *routes, size_t nroutes);

#endif
