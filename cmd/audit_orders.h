/*
 * audit_orders - orders that other commands give.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how an order is laid down and its answer told.
 * Does not: carry it out: cmd/gateway/orders.h.
 * Promises: the exit code is that of the answer.
 */
#ifndef KT_AUDIT_ORDERS_H
#define KT_AUDIT_ORDERS_H
#include "cmd/cmd.h"

/* Ends the epoch: another key signs from then on. */
enum kt_exit kt_audit_rotate_key(const char *dir);

#endif
