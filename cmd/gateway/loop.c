/*
 * loop - everything is the caller's storage: a watch, a timer and a post lie
 * inside the object they belong to, so that nothing here can fail but the
 * growth of the heap, and removing is exact.  A wheel would make timers O(1),
 * but a gateway sets one deadline per event and rarely lets it fire: a heap
 * of pointers is smaller and exact, and a deadline that moves away is only
 * written down: its timer moves when the place that it holds comes up.  Posts are a stack that the loop turns
 * round; only the first one on an empty stack costs a system call.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/gateway/loop.h"

#define READY_MAX 256 /* in one turn: as many as a busy worker has */

struct kt_loop {
	struct epoll_event ready[READY_MAX];
	int n_ready, at_ready;
	int epoll_fd;
	struct kt_watch wake; /* an eventfd that other threads write to */
	uint64_t now_us;
	struct kt_timer **heap; /* earliest first: at_us, then order */
	size_t n_timers, timers_cap;
	uint64_t order;
	_Atomic(struct kt_post *) posts; /* latest first */
	atomic_bool is_stopped;
	kt_turn_fn *turn;
	void *turn_self;
	struct kt_post *at_end, **at_end_last; /* oldest first */
};

static uint64_t
read_clock(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		KT_BUG("no monotonic clock");
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t
clock_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t
kt_loop_now(const struct kt_loop *loop)
{
	return loop->now_us;
}

uint64_t
kt_loop_clock(const struct kt_loop *loop)
{
	(void)loop; /* there is one clock for all */
	return clock_us();
}

uint64_t
kt_loop_worked(const struct kt_loop *loop)
{
	(void)loop; /* its thread is the one that asks */
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Watches. */

static int
control(struct kt_loop *loop, int op, struct kt_watch *w)
{
	struct epoll_event ev = { .events = w->events, .data.ptr = w };

	return epoll_ctl(loop->epoll_fd, op, w->fd, &ev);
}

enum kt_rc
kt_watch_add(struct kt_loop *loop, struct kt_watch *w, int fd, uint32_t events,
    kt_watch_fn *fn, void *self, struct kt_err *err)
{
	*w = (struct kt_watch){
		.fn = fn, .self = self, .fd = fd, .events = events
	};
	if (events != 0 && control(loop, EPOLL_CTL_ADD, w) != 0)
		return kt_fail(err, KT_E_IO, "cannot watch a descriptor: %s",
		    strerror(errno));
	w->is_on = true;
	return KT_OK;
}

/* Drops what was fetched for w in this turn and not delivered yet. */
static void
forget(struct kt_loop *loop, const struct kt_watch *w)
{
	for (int i = loop->at_ready; i < loop->n_ready; i++)
		if (loop->ready[i].data.ptr == w)
			loop->ready[i].data.ptr = NULL;
}

void
kt_watch_set(struct kt_loop *loop, struct kt_watch *w, uint32_t events)
{
	uint32_t before = w->events;
	int op = before == 0 ? EPOLL_CTL_ADD
	    : events == 0    ? EPOLL_CTL_DEL
	                     : EPOLL_CTL_MOD;

	if (!w->is_on || events == before)
		return;
	w->events = events;
	/* Closing a descriptor has removed it already. */
	if (control(loop, op, w) != 0 && op != EPOLL_CTL_DEL)
		KT_BUG("a watched descriptor was closed or is of no use");
	if (events == 0)
		forget(loop, w);
}

void
kt_watch_del(struct kt_loop *loop, struct kt_watch *w)
{
	if (!w->is_on)
		return;
	kt_watch_set(loop, w, 0);
	w->is_on = false;
}

/* Timers. */

static bool
is_before(const struct kt_timer *a, const struct kt_timer *b)
{
	return a->held_us < b->held_us ||
	    (a->held_us == b->held_us && a->held_order < b->held_order);
}

static void
place(struct kt_loop *loop, size_t i, struct kt_timer *t)
{
	loop->heap[i] = t;
	t->slot = i + 1;
}

static void
sift(struct kt_loop *loop, size_t i, struct kt_timer *t)
{
	size_t child;

	for (; i > 0 && is_before(t, loop->heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(loop, i, loop->heap[(i - 1) / 2]);
	while ((child = 2 * i + 1) < loop->n_timers) {
		if (child + 1 < loop->n_timers &&
		    is_before(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (!is_before(loop->heap[child], t))
			break;
		place(loop, i, loop->heap[child]);
		i = child;
	}
	place(loop, i, t);
}

/* Where it belongs. */
static void
file(struct kt_loop *loop, struct kt_timer *t)
{
	t->held_us = t->at_us;
	t->held_order = t->order;
	sift(loop, t->slot - 1, t);
}

enum kt_rc
kt_timer_set(struct kt_loop *loop, struct kt_timer *t, uint64_t at_us,
    kt_timer_fn *fn, void *self)
{
	bool is_new = t->slot == 0;

	if (is_new) {
		if (kt_grow((void **)&loop->heap, &loop->timers_cap,
		        loop->n_timers + 1, sizeof(struct kt_timer *)) < 0)
			return KT_E_LIMIT;
		t->slot = ++loop->n_timers;
	}
	t->fn = fn;
	t->self = self;
	/* Not before now, so that it cannot overtake what is due already. */
	t->at_us = at_us > loop->now_us ? at_us : loop->now_us;
	t->order = ++loop->order;
	if (is_new || t->at_us < t->held_us)
		file(loop, t);
	return KT_OK;
}

void
kt_timer_del(struct kt_loop *loop, struct kt_timer *t)
{
	size_t i = t->slot - 1;
	struct kt_timer *last;

	if (t->slot == 0)
		return;
	t->slot = 0;
	last = loop->heap[--loop->n_timers];
	if (last != t)
		sift(loop, i, last);
}

static void
fire_due(struct kt_loop *loop)
{
	uint64_t newest = loop->order;

	while (loop->n_timers > 0) {
		struct kt_timer *t = loop->heap[0];

		if (t->held_us > loop->now_us || t->held_order > newest)
			break;
		if (t->held_order != t->order) {
			file(loop, t);
			continue;
		}
		kt_timer_del(loop, t);
		t->fn(t->self);
	}
}

/* Posts. */

static void
ring(struct kt_loop *loop)
{
	uint64_t one = 1;

	/* A full counter wakes the loop as well. */
	while (write(loop->wake.fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void
kt_loop_post(struct kt_loop *loop, struct kt_post *post)
{
	struct kt_post *first = atomic_load(&loop->posts);

	do
		post->next = first;
	while (!atomic_compare_exchange_weak(&loop->posts, &first, post));
	if (first == NULL)
		ring(loop);
}

static void
run_posts(struct kt_loop *loop)
{
	struct kt_post *latest = atomic_exchange(&loop->posts, NULL);
	struct kt_post *first = NULL;

	while (latest != NULL) {
		struct kt_post *next = latest->next;

		latest->next = first;
		first = latest;
		latest = next;
	}
	while (first != NULL) {
		struct kt_post *next = first->next; /* fn may free it */

		first->fn(first->self);
		first = next;
	}
}

static void
on_wake(void *self, uint32_t events)
{
	struct kt_loop *loop = self;
	uint64_t count;

	(void)events; /* readable is all that was asked for */
	/* Empty already: another turn has taken what it announced. */
	while (read(loop->wake.fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
	run_posts(loop);
}

/* Turns. */

enum kt_rc
kt_loop_new(struct kt_loop **out, struct kt_err *err)
{
	struct kt_loop *loop = kt_alloc(sizeof(*loop));
	int wake_fd;
	enum kt_rc rc = KT_E_IO;

	if (loop == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a loop");
	loop->at_end_last = &loop->at_end;
	loop->now_us = clock_us();
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll_fd < 0 || wake_fd < 0)
		(void)kt_fail(err, rc, "loop: %s", strerror(errno));
	else
		rc = kt_watch_add(loop, &loop->wake, wake_fd, EPOLLIN, on_wake,
		    loop, err);
	loop->wake.fd = wake_fd;
	if (rc < 0)
		kt_loop_free(&loop);
	*out = loop;
	return rc;
}

static void
run_at_end(struct kt_loop *loop)
{
	struct kt_post *post = loop->at_end;

	loop->at_end = NULL;
	loop->at_end_last = &loop->at_end;
	while (post != NULL) {
		struct kt_post *next = post->next; /* fn may free it */

		post->fn(post->self);
		post = next;
	}
}

void
kt_loop_free(struct kt_loop **loop)
{
	if (*loop == NULL)
		return;
	run_posts(*loop);
	run_at_end(*loop);
	if ((*loop)->wake.fd >= 0)
		(void)close((*loop)->wake.fd); /* holds nothing to lose */
	if ((*loop)->epoll_fd >= 0)
		(void)close((*loop)->epoll_fd); /* the same */
	kt_free((*loop)->heap);
	kt_free(*loop);
	*loop = NULL;
}

void
kt_loop_each_turn(struct kt_loop *loop, kt_turn_fn *fn, void *self)
{
	loop->turn = fn;
	loop->turn_self = self;
}

void
kt_loop_at_end(struct kt_loop *loop, struct kt_post *post)
{
	post->next = NULL;
	*loop->at_end_last = post;
	loop->at_end_last = &post->next;
}

/* Milliseconds to wait, rounded up: a timer is never early. */
static int
wait_ms(struct kt_loop *loop, uint64_t max_wait_us)
{
	uint64_t wait = max_wait_us, now = clock_us();

	if (loop->turn != NULL) {
		uint64_t turn_us = loop->turn(loop->turn_self);

		wait = turn_us < wait ? turn_us : wait;
	}
	run_at_end(loop);
	if (loop->n_timers > 0) {
		uint64_t at = loop->heap[0]->held_us;
		uint64_t due = at > now ? at - now : 0;

		wait = due < wait ? due : wait;
	}
	if (wait == UINT64_MAX)
		return -1;
	return wait > 3600000000 ? 3600000 : (int)((wait + 999) / 1000);
}

enum kt_rc
kt_loop_turn(struct kt_loop *loop, uint64_t max_wait_us, struct kt_err *err)
{
	int n = epoll_wait(loop->epoll_fd, loop->ready, READY_MAX,
	    wait_ms(loop, max_wait_us));

	if (n < 0 && errno != EINTR)
		return kt_fail(err, KT_E_IO, "epoll: %s", strerror(errno));
	loop->now_us = clock_us();
	loop->n_ready = n > 0 ? n : 0;
	for (loop->at_ready = 0; loop->at_ready < loop->n_ready;) {
		struct epoll_event *ev = &loop->ready[loop->at_ready++];
		struct kt_watch *w = ev->data.ptr;

		if (w != NULL)
			w->fn(w->self, ev->events);
	}
	loop->n_ready = 0;
	fire_due(loop);
	return KT_OK;
}

enum kt_rc
kt_loop_run(struct kt_loop *loop, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && !atomic_load(&loop->is_stopped))
		rc = kt_loop_turn(loop, UINT64_MAX, err);
	return rc;
}

void
kt_loop_stop(struct kt_loop *loop)
{
	atomic_store(&loop->is_stopped, true);
	ring(loop);
}
