/*
 * pace - how much new work a worker takes when there is more than it can do.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how long the turns of a loop take, and for how long they have.
 * Does not: refuse anything itself, count calls, or read a clock.
 * Promises: a worker that had a moment of rest within KT_PACE_PATIENCE_US
 *           takes everything; one that is overloaded takes new calls for a
 *           part of each turn, so that those under way come first and wait
 *           for a few such turns only.
 *
 * The work of a turn is what a call has to wait for before it is looked at,
 * so it is measured instead of the number of calls: a thousand streams may be
 * little work, and ten large bodies much.  Work is time on a processor: that
 * a neighbour has taken the core is no reason to refuse anything.
 */
#ifndef KT_PACE_H
#define KT_PACE_H
#include "base/base.h"

struct kt_pace {
	uint64_t turn_end_us;  /* of the turn before, if it was long; else 0 */
	uint64_t turn_cpu_us;  /* the work of the thread up to then */
	uint64_t busy_from_us; /* long turns without a rest; 0: none */
	uint64_t calm_us;      /* the last time that nobody waited */
	uint64_t strict_until_us;
};

/*
 * At the end of every turn: was it long, so that kt_pace_turn is to be told
 * how long the thread has worked in its life?  If not, kt_pace_rest.
 */
bool kt_pace_is_long(
    const struct kt_pace *p, uint64_t begin_us, uint64_t end_us);
void kt_pace_turn(
    struct kt_pace *p, uint64_t begin_us, uint64_t end_us, uint64_t cpu_us);
void kt_pace_rest(struct kt_pace *p);
/* Is kt_pace_admits to be asked at all? */
bool kt_pace_is_strict(const struct kt_pace *p, uint64_t now_us);
/* May a call begin, so late in the turn? */
bool kt_pace_admits(struct kt_pace *p, uint64_t now_us, uint64_t cpu_us);

#endif
