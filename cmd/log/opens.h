/*
 * opens - the calls that were opened and have not come to an end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the indices of their open records, in order; where a crash left
 *           them, their lines.
 * Does not: read files, write records, or know who waits.
 * Promises: kt_opens_since() is not behind any open record without an end,
 *           even where memory ran out.
 */
#ifndef KT_OPENS_H
#define KT_OPENS_H
#include "base/base.h"

struct kt_opens {
	uint64_t *at; /* ascending */
	size_t n, cap;
	uint64_t floor; /* one and the index that found no room; 0: none */
};
void kt_opens_fini(struct kt_opens *o);
/* Indices come in ascending order. */
void kt_opens_add(struct kt_opens *o, uint64_t index);
/* One that is not there is left alone. */
void kt_opens_remove(struct kt_opens *o, uint64_t index);
/* False: no call is open.  Else *index is its record's, or before it. */
bool kt_opens_since(const struct kt_opens *o, uint64_t *index);

/* A call that a crash left open. */
struct kt_unfinished {
	struct kt_unfinished *next;
	uint64_t index;
	struct kt_span call_id; /* as spelt, in line */
	size_t len;
	char line[];
};
struct kt_unfinished_list {
	struct kt_unfinished *first, **last; /* by index */
	size_t n;
};
void kt_unfinished_init(struct kt_unfinished_list *l);
void kt_unfinished_fini(struct kt_unfinished_list *l);
/* Looks at a record in its turn: an open one is added, a call's end takes
 * its own away.  KT_E_LIMIT: no memory. */
KT_MUSTCHECK enum kt_rc kt_unfinished_see(struct kt_unfinished_list *l,
    struct kt_span type, uint64_t index, struct kt_span line,
    struct kt_err *err);

#endif
