/*
 * room - how much of the disk is left to the log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that a file called `reserve` holds KT_AUDIT_RESERVE bytes of it, or
 *           an eighth of a small disk, and which amounts of free space people
 *           want to be told of.
 * Does not: decide what becomes of calls: writer.h.
 * Promises: while the reserve is held, a full disk can still be recorded;
 *           each alarm is told once as it begins and once as it ends.
 */
#ifndef KT_ROOM_H
#define KT_ROOM_H
#include "cmd/log/log.h"

/* KT_E_IO: there is not so much space.  Held already: nothing is done. */
KT_MUSTCHECK enum kt_rc kt_room_hold(struct kt_log *log, struct kt_err *err);
/* Gives it to whatever is written next. */
void kt_room_release(struct kt_log *log);
/* As the log is taken up: what is so already is said, and no record. */
void kt_room_begin(struct kt_log *log);
/* Adds a record to the batch where an alarm begins or ends. */
void kt_room_look(struct kt_log *log);

#endif
