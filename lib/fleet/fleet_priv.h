/*
 * fleet_priv - a connection, between the files of this room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    libpq.
 * Does not: leave this room.
 * Promises: a result is cleared by whoever asked for it.
 */
#ifndef KT_FLEET_PRIV_H
#define KT_FLEET_PRIV_H
#include "fleet/fleet.h"

#include <libpq-fe.h>

struct kt_fleet_cursor {
	const char *fetch;
	PGresult *rows; /* NULL: none */
	int at;
	bool is_over;
};
struct kt_fleet {
	PGconn *conn;
	struct kt_buf copy; /* rows on their way */
	struct kt_fleet_cursor lines, notes;
	struct kt_err err; /* of reading */
};

/* With the server's reason, on one line. */
enum kt_rc kt_fleet_fail(
    struct kt_fleet *f, const char *what, struct kt_err *err);
/* A statement without rows. */
KT_MUSTCHECK enum kt_rc kt_fleet_do(
    struct kt_fleet *f, const char *sql, struct kt_err *err);
/* One with parameters, all of them text; NULL and err where it failed. */
PGresult *kt_fleet_ask(struct kt_fleet *f, const char *sql, int n,
    const char *const *values, struct kt_err *err);

#endif
