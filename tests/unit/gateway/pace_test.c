#include "cmd/gateway/pace.h"
#include "tests/unit/tap.h"

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
	now_us = 5000000;
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

int
main(void)
{
	RUN(short_turns_take_everything);
	RUN(one_long_turn_is_no_overload);
	RUN(a_worker_that_rests_between_long_turns_takes_everything);
	RUN(a_neighbour_on_the_core_is_no_overload);
	RUN(long_turns_without_rest_leave_new_calls_a_part_of_each);
	RUN(a_second_after_the_last_refusal_all_is_as_before);
	return done();
}
