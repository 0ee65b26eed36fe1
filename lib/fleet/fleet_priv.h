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

/*
 * What is used of libpq.  It is loaded when a database is asked for: it brings
 * twenty libraries along, and all other commands would wait for them.
 */
#define KT_PQ(X) \
	X(clear) X(conninfoFree) X(conninfoParse) X(connectdbParams) \
	X(errorMessage) X(exec) X(execParams) X(finish) \
	X(getResult) X(getlength) X(getvalue) X(ntuples) \
	X(parameterStatus) X(putCopyData) X(putCopyEnd) X(resultStatus) \
	X(setNoticeProcessor) X(status)
struct kt_pq {
#define MEMBER(name) __typeof__(PQ##name) *name;
	KT_PQ(MEMBER)
#undef MEMBER
};

struct kt_fleet_cursor {
	const char *fetch;
	PGresult *rows; /* NULL: none */
	int at;
	bool is_over;
};
struct kt_fleet {
	struct kt_pq pq;
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
