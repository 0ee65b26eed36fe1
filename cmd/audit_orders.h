/*
 * audit_orders - orders that other commands give.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how an order is laid down and its answer told.
 * Does not: carry it out: cmd/log/orders.h.
 * Promises: the exit code is that of the answer.
 */
#ifndef KT_AUDIT_ORDERS_H
#define KT_AUDIT_ORDERS_H
#include "cmd/cmd.h"

/* Ends the epoch: another key signs from then on. */
enum kt_exit kt_audit_rotate_key(const char *dir, bool is_json);
/* Has it recorded that the keys are revoked from this record on. */
enum kt_exit kt_audit_order_revoke(
    const char *dir, uint64_t index, const char *by);
/* Lets records go that are older; ground and by may be NULL. */
enum kt_exit kt_audit_order_retain(
    const char *dir, uint64_t days, const char *ground, const char *by);

/* Has it recorded that a part of a record's call is shown. */
enum kt_exit kt_audit_order_reveal(const char *dir, uint64_t index,
    const char *field, const char *reason, const char *by,
    struct kt_span subject);

#endif
