/*
 * console - one line per call, for a person or a collector.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the columns of a line and the gen_ai.* names of OpenTelemetry.
 * Does not: know texts of requests: a summary has none.
 * Promises: a terminal that is stopped or a pipe that is full never stops
 *           the gateway: lines are dropped and counted; what a client named
 *           cannot move the cursor.
 */
#ifndef KT_CONSOLE_H
#define KT_CONSOLE_H
#include <time.h>

#include "exchange/exchange.h"

struct kt_console {
	struct kt_buf lines; /* of this turn */
	int fd;              /* -1: nowhere */
	bool is_json, is_colored, is_owned;
	uint64_t dropped;
	time_t clock_at; /* the second that clock spells */
	char clock[16];
};

void kt_console_init(struct kt_console *c, bool is_json);
void kt_console_fini(struct kt_console *c);
void kt_console_call(struct kt_console *c, const struct kt_summary *s);
/* A head that was refused before there was a call. */
void kt_console_reject(
    struct kt_console *c, uint64_t wall_us, unsigned status, const char *what);
/* At the end of a turn: one write(2) when there are lines. */
void kt_console_flush(struct kt_console *c);

#endif
