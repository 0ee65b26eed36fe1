/*
 * edge - the right edge of the tree where records were let go.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    tile/edge: how many records the tree had there, which segment
 *           comes next, and the hashes of the last tile of each level.
 * Does not: trust it: who goes on from it compares roots.
 * Promises: it is durable before the records behind it go, so that tiles can
 *           be rebuilt from what is left.
 */
#ifndef KT_EDGE_H
#define KT_EDGE_H
#include "cmd/log/log.h"

/* Tiles of size 0 and segment 0 where there is none. */
KT_MUSTCHECK enum kt_rc kt_edge_read(const struct kt_log *log,
    struct kt_audit_tiles *t, uint64_t *segment, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_edge_write(const struct kt_log *log,
    const struct kt_audit_tiles *t, uint64_t segment, struct kt_err *err);

#endif
