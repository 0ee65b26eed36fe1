/*
 * relay - carries one exchange: events to it, its orders out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which event each callback of the shell is, which call of the
 *           shell each order is.
 * Does not: decide anything: that is the exchange's.
 * Promises: after each event every order is carried out before the next
 *           event; a call is freed when its exchange has ended and no
 *           ticket of the audit log is outstanding.
 */
#ifndef KT_RELAY_H
#define KT_RELAY_H
#include "cmd/gateway/console.h"
#include "cmd/gateway/edition.h"
#include "cmd/gateway/jobs.h"
#include "cmd/gateway/listen.h"
#include "cmd/gateway/pace.h"
#include "cmd/gateway/recorder.h"
#include "cmd/log/keeper.h"
#include "cmd/log/writer.h"

#define KT_RELAY_SEEDS 64

struct kt_call;

/* The calls of one worker and what they need.  Filled in by the worker. */
struct kt_relay {
	struct kt_loop *loop;
	struct kt_upstream *upstream;
	struct kt_jobs *jobs;
	struct kt_writer *writer;
	struct kt_writer_inbox *inbox;
	struct kt_console *console;
	struct kt_recorder *recorder; /* NULL: nothing is recorded */
	struct kt_keeper *keeper;     /* NULL: no contents are kept */
	struct kt_drift *drift;
	struct kt_seat *seat; /* for calls that begin now */
	struct kt_budget budget;
	struct kt_pace pace;
	bool is_tls;
	void (*on_idle)(void *worker); /* the last call ended */
	void *worker;

	/* Its own. */
	struct kt_call *first, *spare;
	size_t ncalls, nspare;
	uint8_t seeds[KT_RELAY_SEEDS][32];
	size_t seeds_left;
	struct kt_timer shed_timer;
	uint64_t nshed; /* since the last record of them */
};

/* For kt_listen_options; `worker` is the struct kt_relay. */
extern const struct kt_listen_events kt_relay_events;
/* A ticket came back. */
void kt_relay_recorded(
    struct kt_relay *relay, const struct kt_writer_ticket *ticket);
/* Seats are given back when their last call ends. */
void kt_relay_adopt(struct kt_relay *relay, struct kt_seat *seat);
/* Ends all calls by what they can still say; records may be outstanding. */
void kt_relay_stop(struct kt_relay *relay);
/* When no calls are left. */
void kt_relay_fini(struct kt_relay *relay);

#endif
