/*
 * recorder - writes sessions beside the traffic: kt-session(5).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which session file a call belongs to, and how much may wait.
 * Does not: decide anything about a call, or hold one up.
 * Promises: workers copy bytes and hand them over, nothing else; searching
 *           and writing are a thread of its own; what it cannot keep up with
 *           is dropped, said and written down; no byte is written that was
 *           not scrubbed.
 */
#ifndef KT_RECORDER_H
#define KT_RECORDER_H
#include "cmd/gateway/edition.h"
#include "session/tape.h"

struct kt_recorder;
struct kt_recorder_options {
	const char *dir; /* made when absent */
	const uint8_t *key; /* 32 bytes: what tags are keyed by */
};
KT_MUSTCHECK enum kt_rc kt_recorder_start(struct kt_recorder **out,
    const struct kt_recorder_options *o, struct kt_err *err);
/* Writes what waits, then ends.  No call is under way any more. */
void kt_recorder_stop(struct kt_recorder **r);

/* Of any worker.  NULL: this call is not recorded. */
struct kt_recording;
struct kt_recording *kt_recorder_begin(
    struct kt_recorder *r, struct kt_edition *e, bool is_tls, bool is_audited);
void kt_recording_event(struct kt_recording *c, const struct kt_event *ev);
void kt_recording_order(struct kt_recording *c, const struct kt_order *o);
/* Hands it over; NULL is fine. */
void kt_recording_end(struct kt_recording **c, const struct kt_summary *s);

#endif
