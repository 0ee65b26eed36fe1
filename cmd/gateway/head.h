/*
 * head - which request heads are served at all.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    RFC 9112 and 3986 as far as two readers could differ over a
 *           head: framing, Host, target.
 * Does not: own a connection, know endpoints, or answer.
 * Promises: what passes has one meaning: one Host, one framing, a target in
 *           origin-form without dot segments or hidden controls.  The target
 *           that passes is a part of the one received, never rewritten.
 */
#ifndef KT_HEAD_H
#define KT_HEAD_H
#include "base/base.h"
#include "frame/header.h"

/* Lengths that are not numbers of bytes; CHUNKED is KT_LENGTH_CHUNKED. */
#define KT_HEAD_CHUNKED UINT64_MAX
#define KT_HEAD_NO_BODY (UINT64_MAX - 1)

struct kt_head {
	struct kt_span method, target, version; /* as received */
	const struct kt_header *headers;
	size_t nheaders;
	/* Filled in by kt_head_check. */
	struct kt_span path; /* the target in origin-form, with query */
	uint64_t body_bytes; /* or one of the two above */
	bool is_1_0;
	bool has_expect;
};

/* Why a head is refused: a status and a stable word for the record. */
struct kt_head_fault {
	unsigned status;
	const char *what;
};

/* NULL: the head is served. */
const struct kt_head_fault *kt_head_check(struct kt_head *h);
/* Whether a field of this name may stand behind a chunked body. */
bool kt_head_may_trail(struct kt_span name);

#endif
