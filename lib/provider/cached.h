/*
 * cached - which part of a request its marks ask to be cached.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    marks (cache_control, prompt_cache_breakpoint), and the order in
 *           which vendors cache: tools, system or instructions, messages or
 *           input, each up to the last mark.
 * Does not: know what a vendor really caches, or for how long.
 * Promises: a mark covers all that stands before it in that order.
 */
#ifndef KT_CACHED_H
#define KT_CACHED_H
#include "base/base.h"
#include "json/json.h"

struct kt_cached {
	struct {
		uint32_t from, to; /* nodes; equal: nothing */
	} part[3]; /* of tools, system, messages */
	const uint32_t *marks; /* values of the members, in mem */
	size_t n;
};
KT_MUSTCHECK enum kt_rc kt_cached_read(const struct kt_json *json,
    struct kt_span text, struct kt_arena *mem, struct kt_cached *out);
bool kt_cached_has(const struct kt_cached *c, uint32_t node);

#endif
