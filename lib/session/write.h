/*
 * write - calls as lines of a session file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the order of lines and members, and what was written before, so
 *           that a conversation that grows is written once.
 * Does not: open files; it is handed a buffer.
 * Promises: nothing is written that was not scrubbed; a call is written
 *           whole or not at all; the same calls give the same lines.
 */
#ifndef KT_SESSION_WRITE_H
#define KT_SESSION_WRITE_H
#include "session/scrub.h"
#include "session/tape.h"

struct kt_session_head {
	struct kt_span id, kt, policy_hash, policy_version, source;
	uint64_t t0_us;
	const struct kt_target *targets; /* the unavailable ones are told */
	size_t ntargets;
};

struct kt_session_writer;
/* NULL: no memory.  The scrub outlives it. */
struct kt_session_writer *kt_session_writer_new(
    const struct kt_session_head *head, const struct kt_scrub *scrub);
void kt_session_writer_free(struct kt_session_writer **w);
/* The first lines; then, for each call, those of it. */
KT_MUSTCHECK enum kt_rc kt_session_write_head(
    struct kt_session_writer *w, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_session_write_call(struct kt_session_writer *w,
    const struct kt_tape *t, struct kt_buf *out, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_session_write_lost(
    uint64_t calls, struct kt_buf *out);
size_t kt_session_written(const struct kt_session_writer *w); /* calls */

#endif
