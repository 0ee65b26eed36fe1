#include <pthread.h>
#include <unistd.h>

#include "cmd/gateway/loop.h"
#include "tests/unit/tap.h"

static struct kt_loop *loop;

struct note {
	struct kt_timer timer;
	struct kt_watch watch;
	struct kt_post post;
	struct note *other;
	uint64_t seen_us;
	int times, order;
};
static int order;

static void
on_timer(void *self)
{
	struct note *n = self;

	n->seen_us = kt_loop_now(loop);
	n->times++;
	n->order = ++order;
}

static void
turn(uint64_t max_wait_us)
{
	ok(kt_loop_turn(loop, max_wait_us, NULL) == KT_OK);
}

static void
timers_fire_in_the_order_of_their_deadlines_and_never_early(void)
{
	struct note n[100] = { 0 };
	uint64_t start = kt_loop_now(loop);

	order = 0;
	for (int i = 0; i < 100; i++)
		ok(kt_timer_set(loop, &n[i].timer, start + (i * 37 % 50) * 100,
		       on_timer, &n[i]) == KT_OK);
	for (int i = 0; i < 100; i += 3)
		kt_timer_del(loop, &n[i].timer);
	while (order < 66)
		turn(UINT64_MAX);
	for (int i = 0; i < 100; i++) {
		ok(n[i].times == (i % 3 != 0));
		ok(n[i].times == 0 || n[i].seen_us >= n[i].timer.at_us);
		for (int j = 0; j < i; j++)
			if (n[i].times > 0 && n[j].times > 0)
				ok((n[i].order > n[j].order) ==
				    (n[i].timer.at_us >= n[j].timer.at_us));
	}
}

static void
a_timer_that_is_put_off_fires_at_its_last_deadline_in_order(void)
{
	struct note n[3] = { 0 };
	uint64_t start = kt_loop_now(loop);

	order = 0;
	for (int i = 0; i < 3; i++)
		ok(kt_timer_set(loop, &n[i].timer, start + 1000, on_timer,
		       &n[i]) == KT_OK);
	for (int i = 1; i < 100; i++)
		ok(kt_timer_set(loop, &n[0].timer, start + 1000 + i * 100,
		       on_timer, &n[0]) == KT_OK);
	ok(kt_timer_set(loop, &n[1].timer, start + 1000, on_timer, &n[1]) ==
	    KT_OK);
	while (order < 3)
		turn(UINT64_MAX);
	ok(n[2].order == 1 && n[1].order == 2 && n[0].order == 3);
	ok(n[0].times == 1 && n[0].seen_us >= start + 10900);
	order = 0;
	ok(kt_timer_set(loop, &n[0].timer, start + 3600000000, on_timer,
	       &n[0]) == KT_OK);
	ok(kt_timer_set(loop, &n[0].timer, start, on_timer, &n[0]) == KT_OK);
	turn(UINT64_MAX);
	ok(n[0].times == 2);
}

static void
set_again(void *self)
{
	struct note *n = self;

	n->times++;
	ok(kt_timer_set(loop, &n->timer, 0, set_again, n) == KT_OK);
}

static void
a_timer_that_sets_itself_does_not_hold_the_turn(void)
{
	struct note n = { 0 }, late = { 0 };

	ok(kt_timer_set(loop, &n.timer, 0, set_again, &n) == KT_OK);
	ok(kt_timer_set(loop, &late.timer, 0, on_timer, &late) == KT_OK);
	turn(UINT64_MAX);
	ok(n.times == 1 && late.times == 1);
	turn(UINT64_MAX);
	ok(n.times == 2);
	kt_timer_del(loop, &n.timer);
}

static void
remove_the_other(void *self, uint32_t events)
{
	struct note *n = self;

	ok(events == EPOLLIN);
	n->times++;
	kt_watch_del(loop, &n->other->watch);
	kt_watch_del(loop, &n->watch);
}

static void
nothing_is_called_after_it_was_removed(void)
{
	struct note a = { 0 }, b = { 0 };
	int pair[2];

	ok(pipe(pair) == 0 && write(pair[1], "x", 1) == 1);
	a.other = &b;
	b.other = &a;
	ok(kt_watch_add(loop, &a.watch, pair[0], EPOLLIN, remove_the_other, &a,
	       NULL) == KT_OK);
	ok(kt_watch_add(loop, &b.watch, dup(pair[0]), EPOLLIN, remove_the_other,
	       &b, NULL) == KT_OK);
	turn(1000000);
	turn(0);
	ok(a.times + b.times == 1);
	kt_watch_del(loop, &a.watch);
	(void)close(b.watch.fd); /* pipes have nothing to say */
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
count_event(void *self, uint32_t events)
{
	(void)events;
	((struct note *)self)->times++;
}

static void
a_watch_for_nothing_hears_nothing_not_even_a_hang_up(void)
{
	struct note n = { 0 };
	int pair[2];

	ok(pipe(pair) == 0);
	ok(kt_watch_add(loop, &n.watch, pair[0], EPOLLIN, count_event, &n,
	       NULL) == KT_OK);
	kt_watch_set(loop, &n.watch, 0);
	(void)close(pair[1]); /* the hang-up */
	turn(0);
	ok(n.times == 0);
	kt_watch_set(loop, &n.watch, EPOLLIN);
	turn(0);
	ok(n.times == 1);
	kt_watch_del(loop, &n.watch);
	(void)close(pair[0]); /* nothing to lose */
}

#define POSTERS 4
#define POSTS 2000
static struct {
	struct kt_post post;
	int thread, nth;
} posts[POSTERS][POSTS];
static int last[POSTERS], total, is_out_of_order;

static void
on_post(void *self)
{
	int thread = (int)((char *)self - (char *)posts) / (int)sizeof(posts[0]);
	int nth = (int)((char *)self - (char *)posts[thread]) /
	    (int)sizeof(posts[0][0]);

	is_out_of_order |= nth != last[thread];
	last[thread] = nth + 1;
	if (++total == POSTERS * POSTS)
		kt_loop_stop(loop);
}

static void *
post_all(void *arg)
{
	int thread = *(int *)arg;

	for (int i = 0; i < POSTS; i++) {
		posts[thread][i].post.fn = on_post;
		posts[thread][i].post.self = &posts[thread][i];
		kt_loop_post(loop, &posts[thread][i].post);
	}
	return NULL;
}

static void
posts_of_many_threads_all_arrive_in_their_order(void)
{
	pthread_t threads[POSTERS];
	int number[POSTERS];

	for (int i = 0; i < POSTERS; i++) {
		number[i] = i;
		ok(pthread_create(&threads[i], NULL, post_all, &number[i]) == 0);
	}
	ok(kt_loop_run(loop, NULL) == KT_OK);
	for (int i = 0; i < POSTERS; i++)
		ok(pthread_join(threads[i], NULL) == 0);
	ok(total == POSTERS * POSTS && !is_out_of_order);
}

static uint64_t
each_turn(void *self)
{
	((struct note *)self)->times++;
	return 0;
}

static void
the_turn_hook_can_forbid_waiting(void)
{
	struct note n = { 0 };

	kt_loop_each_turn(loop, each_turn, &n);
	turn(UINT64_MAX);
	ok(n.times == 1);
	kt_loop_each_turn(loop, NULL, NULL);
}

static void
on_end(void *self)
{
	struct note *n = self;

	n->times++;
	n->order = ++order;
	if (n->other != NULL)
		kt_loop_at_end(loop, &n->other->post);
}

static void
what_is_left_for_the_end_of_a_turn_runs_before_the_wait(void)
{
	struct note n[3] = { 0 };

	order = 0;
	for (int i = 0; i < 3; i++)
		n[i].post = (struct kt_post){ .fn = on_end, .self = &n[i] };
	n[1].other = &n[2];
	kt_loop_at_end(loop, &n[0].post);
	kt_loop_at_end(loop, &n[1].post);
	turn(0);
	ok(n[0].order == 1 && n[1].order == 2 && n[2].times == 0);
	turn(0);
	turn(0);
	ok(n[0].times == 1 && n[1].times == 1 && n[2].times == 1);
}

int
main(void)
{
	if (!ok(kt_loop_new(&loop, NULL) == KT_OK))
		return EXIT_FAILURE;
	RUN(timers_fire_in_the_order_of_their_deadlines_and_never_early);
	RUN(a_timer_that_is_put_off_fires_at_its_last_deadline_in_order);
	RUN(a_timer_that_sets_itself_does_not_hold_the_turn);
	RUN(nothing_is_called_after_it_was_removed);
	RUN(a_watch_for_nothing_hears_nothing_not_even_a_hang_up);
	RUN(the_turn_hook_can_forbid_waiting);
	RUN(what_is_left_for_the_end_of_a_turn_runs_before_the_wait);
	RUN(posts_of_many_threads_all_arrive_in_their_order);
	kt_loop_free(&loop);
	return done();
}
