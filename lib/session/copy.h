/*
 * copy - calls of sessions that were read, as lines again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how to write what session.h reads, long texts once.
 * Does not: scrub: what is copied was scrubbed when it was recorded.
 * Promises: a copy plays as the call it is of.
 */
#ifndef KT_SESSION_COPY_H
#define KT_SESSION_COPY_H
#include "session/session.h"

struct kt_session_copy;
struct kt_session_copy *kt_session_copy_new(void); /* NULL: no memory */
void kt_session_copy_free(struct kt_session_copy **c);
/* The first lines, as those of s, with another id and time. */
KT_MUSTCHECK enum kt_rc kt_session_copy_head(const struct kt_session *s,
    struct kt_span id, uint64_t t0_us, struct kt_buf *out);
/* A call under another number and time. */
KT_MUSTCHECK enum kt_rc kt_session_copy_call(struct kt_session_copy *c,
    const struct kt_session_call *call, uint64_t n, uint64_t at_us,
    struct kt_buf *out);
/* Were both recorded by the same policy and detectors, in the same form? */
bool kt_session_is_alike(
    const struct kt_session *a, const struct kt_session *b);

#endif
