/*
 * orders - what a person asks of a log, whoever is writing it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    orders/NAME.order, one canonical object each, and the answers
 *           beside them; what each order does and which record tells of it.
 * Does not: ask who may: whoever can write the directory can.
 * Promises: an order is carried out by the one process that writes the log,
 *           at the latest when the next one starts; its record is durable
 *           before anything is destroyed.
 */
#ifndef KT_ORDERS_H
#define KT_ORDERS_H
#include "cmd/log/log.h"

/*
 * Carries out what lies there.  Where the log itself fails it is poisoned;
 * else an order cannot be read, and it stays with all behind it.
 */
KT_MUSTCHECK enum kt_rc kt_log_orders(struct kt_log *log, struct kt_err *err);

struct kt_order_answer {
	int code; /* as the command exits: 0 done, 1 no, 3 failed, 5 refused */
	char text[KT_AUDIT_TEXT_MAX];
};
/*
 * Lays `order` down and has it carried out: by the gateway that runs, else
 * here.  KT_E_MISUSE: there is no log.  KT_E_LIMIT: the gateway did not
 * answer in ten seconds; the order is taken back.
 */
KT_MUSTCHECK enum kt_rc kt_order_place(const char *dir, struct kt_span order,
    struct kt_order_answer *answer, struct kt_err *err);

#endif
