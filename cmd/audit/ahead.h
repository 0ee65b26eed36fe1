/*
 * ahead - tiles of records that are not there.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that a tile is written only for records that were read back from
 *           the disk, so there were that many once.
 * Does not: trust a tile, which nobody signs: what it says of the records
 *           that are there is judged elsewhere.
 * Promises: a log that grows while it is read is not accused.
 */
#ifndef KT_AHEAD_H
#define KT_AHEAD_H
#include "cmd/audit/dir.h"

/*
 * Adds to the report of a log that was read to its end, `bytes` being what
 * its last segment had then.  A log that ends with its newest checkpoint and
 * has a full tile beyond it was cut; else it may be a copy that was made
 * while it grew, and is only told.
 */
void kt_ahead_compare(
    const struct kt_audit_dir *d, uint64_t bytes, struct kt_audit_report *r);

#endif
