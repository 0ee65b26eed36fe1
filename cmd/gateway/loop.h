/*
 * loop - one thread that waits: for descriptors, for time, for other threads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    epoll, a heap of timers, a queue of posts from other threads.
 * Does not: know HTTP, own what it watches, or call back from another thread.
 * Promises: nothing is called after it was removed, not even when its event
 *           was already fetched; timers of one deadline fire in the order
 *           they were set; a turn ends: what is set during a turn waits for
 *           the next one.
 * Only kt_loop_post and kt_loop_stop may be called from other threads.
 */
#ifndef KT_LOOP_H
#define KT_LOOP_H
#include <sys/epoll.h>

#include "base/base.h"

struct kt_loop;

KT_MUSTCHECK enum kt_rc kt_loop_new(struct kt_loop **out, struct kt_err *err);
/* Runs what is still queued, so that its owners free it. */
void kt_loop_free(struct kt_loop **loop);
/* Returns after kt_loop_stop, or with KT_E_IO when epoll itself fails. */
KT_MUSTCHECK enum kt_rc kt_loop_run(struct kt_loop *loop, struct kt_err *err);
void kt_loop_stop(struct kt_loop *loop);
/* One turn: waits at most max_wait_us (UINT64_MAX: until something is due). */
KT_MUSTCHECK enum kt_rc kt_loop_turn(
    struct kt_loop *loop, uint64_t max_wait_us, struct kt_err *err);
/* Monotonic time in microseconds, read once per turn. */
uint64_t kt_loop_now(const struct kt_loop *loop);
/* The same, read now. */
uint64_t kt_loop_clock(const struct kt_loop *loop);
/* How long the calling thread, which is the loop's, has been on a core. */
uint64_t kt_loop_worked(const struct kt_loop *loop);

/* A watched descriptor; the storage is the caller's and starts zeroed. */
typedef void kt_watch_fn(void *self, uint32_t events);
struct kt_watch {
	kt_watch_fn *fn;
	void *self;
	int fd;
	uint32_t events;
	bool is_on;  /* added and not deleted */
};
/* Flags are those of epoll_ctl(2). */
KT_MUSTCHECK enum kt_rc kt_watch_add(struct kt_loop *loop, struct kt_watch *w,
    int fd, uint32_t events, kt_watch_fn *fn, void *self, struct kt_err *err);
/* A system call only when events differ.  0: nothing, not even errors. */
void kt_watch_set(struct kt_loop *loop, struct kt_watch *w, uint32_t events);
/* Before the descriptor is closed.  Harmless when it is not watched. */
void kt_watch_del(struct kt_loop *loop, struct kt_watch *w);

/* A timer; the storage is the caller's and starts zeroed. */
typedef void kt_timer_fn(void *self);
struct kt_timer {
	kt_timer_fn *fn;
	void *self;
	uint64_t at_us;
	uint64_t order;
	uint64_t held_us, held_order; /* its place in the heap: never later */
	size_t slot; /* 1 + index in the heap; 0: not set */
};
/*
 * Fires once, at or after at_us (kt_loop_now or earlier: in the next turn).
 * Sets anew when already set: later costs nothing, else O(log n).
 * KT_E_LIMIT: no memory.
 */
KT_MUSTCHECK enum kt_rc kt_timer_set(struct kt_loop *loop, struct kt_timer *t,
    uint64_t at_us, kt_timer_fn *fn, void *self);
void kt_timer_del(struct kt_loop *loop, struct kt_timer *t);

/* Work handed over by another thread; must not be posted twice at a time. */
typedef void kt_post_fn(void *self);
struct kt_post {
	struct kt_post *next;
	kt_post_fn *fn;
	void *self;
};
/* fn(self) runs on the loop's thread, in order per posting thread. */
void kt_loop_post(struct kt_loop *loop, struct kt_post *post);

/*
 * Called at the end of every turn, before waiting; answers how long the loop
 * may wait, in microseconds (UINT64_MAX: no opinion).  One per loop.
 */
typedef uint64_t kt_turn_fn(void *self);
void kt_loop_each_turn(struct kt_loop *loop, kt_turn_fn *fn, void *self);
/*
 * On the loop's thread: fn(self) runs once, after that function and before
 * the loop waits, in order.  For output that is better written side by side:
 * the peer is woken once.  What it sets off waits for the next event.
 */
void kt_loop_at_end(struct kt_loop *loop, struct kt_post *post);

#endif
