/*
 * pace - two stages.  One long turn is no overload: a large body or a burst
 * makes one, and refusing then would cost calls that could have been served.
 * Only turns that are long for a while without rest are, and only then are
 * calls refused, those for which a turn has no time left.  A fixed number of
 * calls at once would be simpler and wrong in both directions.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/pace.h"

#define STRICT_US 1000000 /* after the last refusal, or the alarm */
#define TELL_US 1000000

void
kt_pace_turn(
    struct kt_pace *p, uint64_t begin_us, uint64_t end_us, uint64_t cpu_us)
{
	bool has_rested = begin_us - p->turn_end_us > KT_PACE_REST_US;
	uint64_t worked_us = cpu_us - p->turn_cpu_us;

	p->turn_end_us = end_us;
	p->turn_cpu_us = cpu_us;
	if (has_rested || worked_us < KT_PACE_TURN_US) {
		p->busy_from_us = 0;
		return;
	}
	if (p->busy_from_us == 0)
		p->busy_from_us = begin_us;
	if (end_us - p->busy_from_us >= KT_PACE_PATIENCE_US)
		p->strict_until_us = end_us + STRICT_US;
}

bool
kt_pace_is_strict(const struct kt_pace *p, uint64_t now_us)
{
	return now_us < p->strict_until_us;
}

bool
kt_pace_admits(struct kt_pace *p, uint64_t now_us, uint64_t cpu_us)
{
	if (!kt_pace_is_strict(p, now_us) ||
	    cpu_us - p->turn_cpu_us < KT_PACE_TURN_US)
		return true;
	p->strict_until_us = now_us + STRICT_US;
	p->refused++;
	return false;
}

uint64_t
kt_pace_tell(struct kt_pace *p, uint64_t now_us)
{
	uint64_t n = p->refused - p->told;

	if (n == 0 || now_us - p->told_us < TELL_US)
		return 0;
	p->told = p->refused;
	p->told_us = now_us;
	return n;
}
