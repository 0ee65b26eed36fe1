/*
 * worker - a thread around a loop.  Other threads reach it in two ways only:
 * a seat is laid into a slot and a post says so, and a flag plus a post ask
 * it to drain; both posts may be raised again as soon as they have run.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdatomic.h>

#include "cmd/cmd.h"
#include "cmd/gateway/relay.h"
#include "cmd/gateway/worker.h"

/* Bodies and indexes of all requests under way in a worker.  A buffer that
 * doubles may overshoot it by itself for a moment. */
#define BODIES_MAX (384u << 20)

/* So long clients have to take the error that ends their calls. */
#define LAST_WORD_US 1000000

struct kt_worker {
	pthread_t thread;
	struct kt_loop *loop;
	struct kt_listen *listen;
	struct kt_upstream *upstream;
	struct kt_writer_inbox *inbox;
	struct kt_watch inbox_watch;
	struct kt_timer drain_timer;
	struct kt_console console;
	struct kt_relay relay;
	_Atomic(struct kt_seat *) incoming;
	struct kt_post adopt_post, drain_post, abort_post, over_post;
	struct kt_loop *home;
	_Atomic uint64_t drain_us;
};

static uint64_t
each_turn(void *self)
{
	struct kt_worker *w = self;
	uint64_t wait_us = kt_listen_turn(w->listen);
	uint64_t begin = kt_loop_now(w->loop), end = kt_loop_clock(w->loop);
	struct kt_pace *pace = &w->relay.pace;

	if (kt_pace_is_long(pace, begin, end))
		kt_pace_turn(pace, begin, end, kt_loop_worked(w->loop));
	else
		kt_pace_rest(pace);
	kt_console_flush(&w->console);
	kt_writer_wake(w->relay.writer);
	return wait_us;
}

static void
on_tickets(void *self, uint32_t events)
{
	struct kt_worker *w = self;
	struct kt_writer_ticket *t;

	(void)events; /* readable: tickets wait */
	while ((t = kt_writer_inbox_take(w->inbox)) != NULL) {
		kt_relay_recorded(&w->relay, t);
		kt_writer_ticket_free(&t);
	}
}

static struct kt_listen_deadlines
deadlines_of(const struct kt_edition *e)
{
	const struct kt_config_deadlines *d =
	    &kt_edition_settings(e)->gateway.deadlines;

	return (struct kt_listen_deadlines){
		.head_us = (uint64_t)d->head_seconds * 1000000,
		.body_idle_us = (uint64_t)d->body_idle_seconds * 1000000,
		.keepalive_us = (uint64_t)d->keepalive_seconds * 1000000,
		.write_idle_us = (uint64_t)d->keepalive_seconds * 1000000,
	};
}

static void
on_adopt(void *self)
{
	struct kt_worker *w = self;
	struct kt_seat *seat = atomic_exchange(&w->incoming, NULL);
	struct kt_listen_deadlines deadlines;

	if (seat == NULL)
		return;
	deadlines = deadlines_of(seat->edition);
	kt_listen_set_deadlines(w->listen, &deadlines);
	kt_relay_adopt(&w->relay, seat);
	kt_upstream_drop_idle(w->upstream);
}

/* The last call ended, or the last connection of a drain. */
static void
on_idle(void *self)
{
	struct kt_worker *w = self;

	if (atomic_load(&w->drain_us) != UINT64_MAX && w->relay.ncalls == 0 &&
	    kt_listen_connections(w->listen) == 0)
		kt_loop_stop(w->loop);
}


/* Again told first: a call may have been waiting for the disk. */
static void
on_last_word_over(void *self)
{
	struct kt_worker *w = self;

	kt_relay_stop(&w->relay);
	kt_listen_abort(w->listen);
}

static void
on_abort(void *self)
{
	struct kt_worker *w = self;
	uint64_t at = kt_loop_now(w->loop) + LAST_WORD_US;

	/* Asked when it was over already: the last posts run in destroy(). */
	if (w->listen == NULL)
		return;
	kt_relay_stop(&w->relay);
	if (kt_timer_set(w->loop, &w->drain_timer, at, on_last_word_over,
	        w) < 0)
		on_last_word_over(w);
}

static void
on_drain(void *self)
{
	struct kt_worker *w = self;
	uint64_t at = kt_loop_now(w->loop) + atomic_load(&w->drain_us);

	if (w->listen == NULL)
		return; /* the same */
	kt_listen_drain(w->listen);
	if (kt_timer_set(w->loop, &w->drain_timer, at, on_abort, w) < 0)
		on_abort(w);
}

static void *
work(void *self)
{
	struct kt_worker *w = self;
	struct kt_err err = { 0 };

	if (kt_loop_run(w->loop, &err) < 0)
		kt_say("a worker stopped: %s", err.text);
	kt_loop_post(w->home, &w->over_post);
	return NULL;
}

static void
destroy(struct kt_worker *w)
{
	struct kt_seat *seat = atomic_exchange(&w->incoming, NULL);

	kt_seat_free(&seat);
	kt_listen_free(&w->listen);
	kt_timer_del(w->loop, &w->drain_timer);
	if (w->inbox != NULL)
		kt_watch_del(w->loop, &w->inbox_watch);
	kt_upstream_free(&w->upstream);
	kt_relay_fini(&w->relay);
	kt_jobs_free(&w->relay.jobs);
	kt_writer_inbox_free(&w->inbox);
	kt_console_fini(&w->console);
	kt_loop_free(&w->loop);
	kt_free(w);
}

static enum kt_rc
open_listener(struct kt_worker *w, const struct kt_worker_options *o,
    const struct kt_edition *edition, struct kt_err *err)
{
	struct kt_listen_options lo = {
		.loop = w->loop,
		.events = &kt_relay_events,
		.worker = &w->relay,
		.fds = o->fds,
		.nfds = o->nfds,
		.tls = o->tls,
		.deadlines = deadlines_of(edition),
		.connections_max = o->connections_max,
	};

	return kt_listen_new(&w->listen, &lo, err);
}

static enum kt_rc
assemble(struct kt_worker *w, const struct kt_worker_options *o,
    struct kt_edition *edition, struct kt_err *err)
{
	struct kt_seat *seat;
	enum kt_rc rc = kt_loop_new(&w->loop, err);

	if (rc == KT_OK)
		rc = kt_upstream_new(&w->upstream, w->loop, o->resolver, err);
	w->relay.jobs = kt_jobs_new(&(struct kt_jobs_options){
	    .loop = w->loop, .media = o->media, .known = o->known,
	    .upstream = w->upstream });
	if (rc == KT_OK && w->relay.jobs == NULL)
		rc = kt_fail(err, KT_E_LIMIT, "no memory for a worker");
	if (rc == KT_OK)
		rc = kt_writer_inbox_new(&w->inbox, err);
	if (rc == KT_OK)
		rc = kt_watch_add(w->loop, &w->inbox_watch,
		    kt_writer_inbox_fd(w->inbox), EPOLLIN, on_tickets, w, err);
	if (rc < 0)
		return rc;
	seat = kt_seat_new(edition);
	if (seat == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a worker");
	w->relay.loop = w->loop;
	w->relay.upstream = w->upstream;
	w->relay.writer = o->writer;
	w->relay.inbox = w->inbox;
	w->relay.console = &w->console;
	w->relay.recorder = o->recorder;
	w->relay.keeper = o->keeper;
	w->relay.drift = o->drift;
	w->relay.budget.limit_bytes = BODIES_MAX;
	w->relay.is_tls = o->tls != NULL;
	w->relay.on_idle = on_idle;
	w->relay.worker = w;
	kt_relay_adopt(&w->relay, seat);
	return open_listener(w, o, edition, err);
}

enum kt_rc
kt_worker_start(struct kt_worker **out, const struct kt_worker_options *o,
    struct kt_edition *edition, struct kt_err *err)
{
	struct kt_worker *w = kt_alloc(sizeof(*w));
	enum kt_rc rc;
	int errnum;

	*out = NULL;
	if (w == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a worker");
	kt_console_init(&w->console, o->is_json);
	atomic_init(&w->drain_us, UINT64_MAX);
	w->adopt_post = (struct kt_post){ .fn = on_adopt, .self = w };
	w->drain_post = (struct kt_post){ .fn = on_drain, .self = w };
	w->abort_post = (struct kt_post){ .fn = on_abort, .self = w };
	w->over_post = (struct kt_post){ .fn = o->on_over, .self = o->self };
	w->home = o->home;
	rc = assemble(w, o, edition, err);
	if (rc == KT_OK) {
		kt_loop_each_turn(w->loop, each_turn, w);
		errnum = pthread_create(&w->thread, NULL, work, w);
		if (errnum != 0)
			rc = kt_fail(err, KT_E_IO, "cannot start a worker: %s",
			    strerror(errnum));
	}
	if (rc < 0) {
		destroy(w);
		return rc;
	}
	*out = w;
	return KT_OK;
}

void
kt_worker_adopt(struct kt_worker *w, struct kt_seat *seat)
{
	struct kt_seat *unseen = atomic_exchange(&w->incoming, seat);

	/* A post is on its way already when the one before was not taken. */
	if (unseen != NULL)
		kt_seat_free(&unseen);
	else
		kt_loop_post(w->loop, &w->adopt_post);
}

void
kt_worker_drain(struct kt_worker *w, uint64_t drain_us)
{
	if (atomic_exchange(&w->drain_us, drain_us) == UINT64_MAX)
		kt_loop_post(w->loop, &w->drain_post);
}

void
kt_worker_abort(struct kt_worker *w)
{
	kt_loop_post(w->loop, &w->abort_post);
}

void
kt_worker_join(struct kt_worker **w)
{
	if (*w == NULL)
		return;
	(void)pthread_join((*w)->thread, NULL); /* fails for no thread only */
	destroy(*w);
	*w = NULL;
}
