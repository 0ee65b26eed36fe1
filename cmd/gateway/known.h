/*
 * known - files that were read when they went up, by the id they got.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    a bounded number of ids, the newest, by which program each was
 *           read, and a short text for it.
 * Does not: outlive the process: after a start every file is unread again.
 * Promises: safe for all threads; an id is kept as its hash only.
 */
#ifndef KT_KNOWN_H
#define KT_KNOWN_H
#include "base/base.h"

struct kt_known;
struct kt_known *kt_known_new(void); /* NULL: no memory */
void kt_known_free(struct kt_known **k);
/* What does not fit is not kept. */
void kt_known_add(struct kt_known *k, struct kt_span id,
    struct kt_span program, struct kt_span text);
/* Adds the text to out; false: that program knows nothing of the id. */
bool kt_known_find(struct kt_known *k, struct kt_span id,
    struct kt_span program, struct kt_buf *out);

#endif
