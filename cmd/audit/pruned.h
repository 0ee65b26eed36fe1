/*
 * pruned - what somebody kept elsewhere of records that are gone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that the tiles of the tree stay when a retention record lets the
 *           records go.
 * Does not: trust a tile: what it says has to lead to the newest checkpoint.
 * Promises: a checkpoint or receipt that could not be compared is an error,
 *           never one that agrees.
 */
#ifndef KT_PRUNED_H
#define KT_PRUNED_H
#include "cmd/audit/find.h"

/* Adds to the report of the whole log what was brought of [0, pruned). */
KT_MUSTCHECK enum kt_rc kt_pruned_compare(struct kt_audit_dir *d,
    const struct kt_audit_brought *brought, struct kt_audit_report *r,
    struct kt_err *err);

#endif
