#include "cmd/gateway/pace.h"
#include "tests/unit/tap.h"

#define START_US 5000000

static struct kt_pace pace;
static uint64_t now_us, cpu_us;

/* Turns of so much work and so long a wait for a core, for a while. */
static void
turns_of(uint64_t work_us, uint64_t wait_us, uint64_t rest_us, uint64_t for_us)
{
	for (uint64_t until = now_us + for_us; now_us < until;) {
		cpu_us += work_us;
		uint64_t end_us = now_us + work_us + wait_us;

		if (kt_pace_is_long(&pace, now_us, end_us))
			kt_pace_turn(&pace, now_us, end_us, cpu_us);
		else
			kt_pace_rest(&pace);
		now_us = end_us + rest_us;
	}
}

static void
turns(uint64_t work_us, uint64_t rest_us, uint64_t for_us)
{
	turns_of(work_us, 0, rest_us, for_us);
}

/* Calls that a turn takes when one comes every 100 us of it. */
static unsigned
admitted(uint64_t turn_us)
{
	unsigned n = 0;

	for (uint64_t at = 0; at < turn_us; at += 100)
		n += kt_pace_admits(&pace, now_us + at, cpu_us + at);
	return n;
}

static void
begin(void)
{
	pace = (struct kt_pace){ 0 };
	now_us = START_US;
	cpu_us = 0;
}

static void
short_turns_take_everything(void)
{
	begin();
	turns(KT_PACE_TURN_US - 1, 0, 10 * KT_PACE_PATIENCE_US);
	ok(admitted(50000) == 500);
}

static void
one_long_turn_is_no_overload(void)
{
	begin();
	turns(KT_PACE_PATIENCE_US - 1, 0, 1);
	ok(admitted(50000) == 500);
	turns(1000, 0, 1000);
	turns(KT_PACE_PATIENCE_US - 1, 0, 1);
	ok(admitted(50000) == 500);
}

static void
a_worker_that_rests_between_long_turns_takes_everything(void)
{
	begin();
	turns(4 * KT_PACE_TURN_US, KT_PACE_REST_US + 1, 10000000);
	ok(admitted(50000) == 500);
}

static void
a_neighbour_on_the_core_is_no_overload(void)
{
	begin();
	turns_of(KT_PACE_TURN_US - 1, 8 * KT_PACE_TURN_US, 0,
	    10 * KT_PACE_PATIENCE_US);
	ok(admitted(50000) == 500);
}

static void
long_turns_without_rest_leave_new_calls_a_part_of_each(void)
{
	begin();
	turns(2 * KT_PACE_TURN_US, 0, 2 * KT_PACE_PATIENCE_US);
	ok(admitted(50000) == KT_PACE_SHARE_US / 100);
}

static void
a_second_after_the_last_refusal_all_is_as_before(void)
{
	begin();
	turns(2 * KT_PACE_TURN_US, 0, 2 * KT_PACE_PATIENCE_US);
	ok(admitted(50000) < 500);
	turns(1000, 0, 1100000);
	ok(admitted(50000) == 500);
}

static void
a_short_turn_makes_room_for_a_large_call(void)
{
	begin();
	turns(2 * KT_PACE_TURN_US, 0, 2 * KT_PACE_PATIENCE_US);
	turns(KT_PACE_CALM_US - 1, 0, 1);
	ok(admitted(50000) == KT_PACE_CALM_SHARE_US / 100);
	turns(KT_PACE_CALM_US + 1, 0, KT_PACE_CALM_FOR_US);
	ok(admitted(50000) == KT_PACE_SHARE_US / 100);
}

/*
 * A worker as the relay drives it, in model time.  A call comes, is begun and
 * sent up; its answer comes back and is recorded; its record is durable and
 * it is answered: each step in a turn of its own.
 */
#define CALLS_MAX 400000
enum { COME, ANSWERED, RECORDED, STEPS };

static struct model {
	uint64_t came_us[CALLS_MAX], due_us[STEPS][CALLS_MAX];
	size_t n[STEPS], done[STEPS]; /* of each step: known, worked on */
	size_t refused;
	size_t early[1000], waited[1000]; /* by milliseconds */
} model;

static const uint64_t cost_us[STEPS] = { 20, 25, 10 };
static const uint64_t until_next_us[STEPS] = { 300, 1500, 0 };
#define REFUSAL_US 12
#define CALL_US 55
#define LARGE_EACH 50
#define LARGE_US 3000
#define ALARM_US (4 * KT_PACE_PATIENCE_US) /* by then it was given */
#define ROUNDS 4 /* of the listener in a turn */

static void
toil(uint64_t us)
{
	now_us += us;
	cpu_us += us;
}

static void
step(size_t kind, bool has_large, uint64_t begin_us)
{
	size_t at = model.done[kind]++, next;
	bool is_large = kind == COME && has_large && at % LARGE_EACH == 0;

	if (kind == COME && kt_pace_is_strict(&pace, begin_us) &&
	    !kt_pace_admits(&pace, begin_us, cpu_us)) {
		toil(REFUSAL_US);
		model.refused++;
		return;
	}
	toil(cost_us[kind] + (is_large ? LARGE_US : 0));
	if (kind == COME)
		model.came_us[model.n[ANSWERED]] = model.due_us[COME][at];
	if (kind + 1 < STEPS) {
		next = model.n[kind + 1]++;
		model.due_us[kind + 1][next] = now_us + until_next_us[kind];
		return;
	}
	next = (now_us - model.came_us[at]) / 1000;
	if (next > KT_NELEMS(model.waited) - 1)
		next = KT_NELEMS(model.waited) - 1;
	if (model.came_us[at] >= START_US + ALARM_US)
		model.waited[next]++;
	else
		model.early[next]++;
}

/* What is due now; what comes meanwhile waits. */
static void
take(size_t kind, uint64_t until_us, bool has_large, uint64_t begin_us)
{
	while (model.done[kind] < model.n[kind] &&
	    model.due_us[kind][model.done[kind]] <= until_us)
		step(kind, has_large, begin_us);
}

/* `load` in percent of what the worker can do. */
static void
play(unsigned load, bool has_large)
{
	uint64_t each_us = CALL_US + (has_large ? LARGE_US / LARGE_EACH : 0);
	uint64_t step_us = each_us * 100 / load, turn_us;

	begin();
	memset(&model, 0, sizeof(model)); /* too large for the stack */
	model.n[COME] = 3000000 / step_us;
	for (size_t i = 0; i < model.n[COME]; i++)
		model.due_us[COME][i] = now_us + i * step_us;
	while (model.done[COME] < model.n[COME]) {
		turn_us = now_us;
		take(RECORDED, turn_us, has_large, turn_us);
		take(ANSWERED, turn_us, has_large, turn_us);
		for (int round = 0; round < ROUNDS &&
		     now_us - turn_us < KT_PACE_TURN_US; round++)
			take(COME, now_us, has_large, turn_us);
		toil(10);
		if (kt_pace_is_long(&pace, turn_us, now_us))
			kt_pace_turn(&pace, turn_us, now_us, cpu_us);
		else
			kt_pace_rest(&pace);
	}
}

static unsigned
p99_ms(const size_t waited[static 1000])
{
	size_t n = 0, all = 0;
	unsigned ms = 0;

	for (size_t i = 0; i < 1000; i++)
		all += waited[i];
	while ((n += waited[ms]) < all - all / 100)
		ms++;
	return ms + 1;
}

static void
what_can_be_served_is_served(void)
{
	play(90, false);
	ok(model.refused == 0 && p99_ms(model.waited) <= 10);
	play(90, true);
	ok(model.refused < model.n[COME] / 5);
}

static void
a_call_that_was_taken_is_soon_done_however_many_come(void)
{
	static const unsigned loads[] = { 110, 150, 200, 300 };

	for (size_t i = 0; i < KT_NELEMS(loads); i++)
		for (int has_large = 0; has_large < 2; has_large++) {
			uint64_t each_us = CALL_US +
			    (has_large ? LARGE_US / LARGE_EACH : 0);

			play(loads[i], has_large);
			printf("# %u %%%s: %zu of %zu served, p99 %u ms, at first %u\n",
			    loads[i], has_large ? " with large ones" : "",
			    model.done[RECORDED], model.n[COME], p99_ms(model.waited),
			    p99_ms(model.early));
			ok(p99_ms(model.waited) <= 50);
			/* Refusals are work, too: at thrice more than half. */
			ok(model.done[RECORDED] * each_us >
			    3000000 * (loads[i] <= 200 ? 60ull : 40ull) / 100);
		}
}

int
main(void)
{
	RUN(short_turns_take_everything);
	RUN(one_long_turn_is_no_overload);
	RUN(a_worker_that_rests_between_long_turns_takes_everything);
	RUN(a_neighbour_on_the_core_is_no_overload);
	RUN(long_turns_without_rest_leave_new_calls_a_part_of_each);
	RUN(a_short_turn_makes_room_for_a_large_call);
	RUN(what_can_be_served_is_served);
	RUN(a_call_that_was_taken_is_soon_done_however_many_come);
	RUN(a_second_after_the_last_refusal_all_is_as_before);
	return done();
}
