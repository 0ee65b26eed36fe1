/*
 * pace - two stages.  One long turn is no overload: a large body or a burst
 * makes one, and refusing then would cost calls that could have been served.
 * Only turns that are long for a while without rest are, and only then are
 * calls refused, those for which a turn has no time left.  A fixed number of
 * calls at once would be simpler and wrong in both directions.
 *
 * What is admitted in a turn comes back in the next ones as calls under way,
 * which count first: the share bounds both together, so turns settle instead
 * of growing.  A share that follows the length of past turns was tried in the
 * model of pace_test: it swings, serves less and lets calls wait longer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/gateway/pace.h"

#define STRICT_US 1000000 /* after the last refusal, or the alarm */

bool
kt_pace_is_long(const struct kt_pace *p, uint64_t begin_us, uint64_t end_us)
{
	return end_us - begin_us >= KT_PACE_TURN_US ||
	    kt_pace_is_strict(p, end_us);
}

void
kt_pace_rest(struct kt_pace *p)
{
	p->turn_end_us = 0;
	p->busy_from_us = 0;
}

void
kt_pace_turn(
    struct kt_pace *p, uint64_t begin_us, uint64_t end_us, uint64_t cpu_us)
{
	bool has_rested = begin_us - p->turn_end_us > KT_PACE_REST_US;
	uint64_t worked_us = cpu_us - p->turn_cpu_us;

	p->turn_end_us = end_us;
	p->turn_cpu_us = cpu_us;
	if (has_rested || worked_us < KT_PACE_CALM_US)
		p->calm_us = end_us;
	/* After a short turn nobody knows yet how much of this was work. */
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
	uint64_t share_us = now_us - p->calm_us < KT_PACE_CALM_FOR_US
	    ? KT_PACE_CALM_SHARE_US
	    : KT_PACE_SHARE_US;

	if (!kt_pace_is_strict(p, now_us) ||
	    cpu_us - p->turn_cpu_us < share_us)
		return true;
	p->strict_until_us = now_us + STRICT_US;
	return false;
}
