/*
 * keeper - writes what was said beside the records: kt-audit(5), Content.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which bytes of a call are kept, and how much may wait.
 * Does not: hold up a call, or decide what is kept: the exchange does.
 * Promises: nothing is kept but what a durable record commits to, and
 *           nothing in clear; of what the disk or the queue refuses, a gap
 *           record tells; room is left for records.
 */
#ifndef KT_KEEPER_H
#define KT_KEEPER_H
#include "cmd/log/writer.h"
#include "exchange/exchange.h"

struct kt_keeper;
struct kt_keeper_options {
	const struct kt_disk_io *io; /* &kt_disk_real but in tests */
	const char *dir;             /* of the log */
	struct kt_writer *writer;    /* takes gap records; NULL: nobody */
	void (*tell)(const char *text); /* for people; NULL: nobody */
	size_t queue_bytes; /* 0: KT_CONTENT_QUEUE_MAX */
};
KT_MUSTCHECK enum kt_rc kt_keeper_start(struct kt_keeper **out,
    const struct kt_keeper_options *o, struct kt_err *err);
/* Writes what waits, then ends.  Before the writer does. */
void kt_keeper_stop(struct kt_keeper **k);

/* Of any worker.  NULL: nothing of this call is kept. */
struct kt_keeping;
struct kt_keeping *kt_keeper_begin(
    struct kt_keeper *k, enum kt_config_content mode);
void kt_keeping_event(struct kt_keeping *c, const struct kt_event *ev);
void kt_keeping_order(struct kt_keeping *c, const struct kt_order *o);
/* When the exchange has ended: the secret may go now. */
void kt_keeping_seal(struct kt_keeping **c, const struct kt_summary *s);
/* Its record is durable, and there; may come before or after the end. */
void kt_keeping_recorded(
    struct kt_keeping *c, const struct kt_writer_ticket *ticket);
/* After both; without a record nothing is kept. */
void kt_keeping_end(struct kt_keeping **c);

#endif
