/*
 * holds - what must stay because a matter needs it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    hold/: one file for each matter, with the caller that it covers
 *           or nothing for all.
 * Does not: place or lift a hold: orders.c.
 * Promises: what cannot be read is held.
 */
#ifndef KT_HOLDS_H
#define KT_HOLDS_H
#include "cmd/log/log.h"

struct kt_holds {
	bool is_all; /* everybody is covered, or nobody knows who is */
	struct kt_buf subjects; /* pseudonyms, each with a LF behind it */
};
/* Reads all of them.  Holds memory until kt_holds_fini(). */
void kt_holds_read(struct kt_holds *h, const struct kt_log *log);
void kt_holds_fini(struct kt_holds *h);
bool kt_holds_cover(const struct kt_holds *h, struct kt_span subject);
/* Whether a record is about a caller that is covered. */
bool kt_holds_name(const struct kt_holds *h, struct kt_span line);

/* Tells the workers whom they cover, for the records that follow. */
void kt_holds_tell(struct kt_log *log);

#endif
