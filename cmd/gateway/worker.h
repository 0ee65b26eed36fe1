/*
 * worker - one thread of the gateway: its loop, its clients, its upstreams.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a thread owns and in which order it comes and goes.
 * Does not: share anything on the path of a request.
 * Promises: a new edition is used by every request that begins after it was
 *           handed over; a drained worker has finished its records; nothing
 *           outlives kt_worker_join.
 */
#ifndef KT_WORKER_H
#define KT_WORKER_H
#include "cmd/gateway/console.h"
#include "cmd/gateway/edition.h"
#include "cmd/gateway/known.h"
#include "cmd/gateway/listen.h"
#include "cmd/log/writer.h"

struct kt_worker;
struct kt_keeper;
struct kt_recorder;

/* What all workers share. */
struct kt_worker_options {
	struct kt_writer *writer;
	struct kt_resolver *resolver;
	struct kt_recorder *recorder; /* NULL: nothing is recorded */
	struct kt_keeper *keeper;     /* NULL: no contents are kept */
	const struct kt_tls *tls; /* NULL: plain text */
	const int *fds;     /* of this worker, one per address; taken */
	size_t nfds;
	size_t connections_max;
	const char *media;  /* the path of kt-media; NULL: there is none */
	struct kt_known *known;
	struct kt_drift *drift;
	bool is_json;
	struct kt_loop *home; /* told when the thread has ended, of itself too */
	kt_post_fn *on_over;
	void *self;
};

/* Starts the thread. */
KT_MUSTCHECK enum kt_rc kt_worker_start(struct kt_worker **out,
    const struct kt_worker_options *o, struct kt_edition *edition,
    struct kt_err *err);
/* Hands over a seat of another edition; takes it. */
void kt_worker_adopt(struct kt_worker *w, struct kt_seat *seat);
/* Stops accepting; ends when all is done, or after drain_us. */
void kt_worker_drain(struct kt_worker *w, uint64_t drain_us);
/* After a drain, once: does not wait any longer for what is under way. */
void kt_worker_abort(struct kt_worker *w);
/* Waits for the end of the thread, which must have been drained. */
void kt_worker_join(struct kt_worker **w);

#endif
