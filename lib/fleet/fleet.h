/*
 * fleet - the evidence of many gateways in one PostgreSQL database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the tables of fleet.sql, and how to fill and to read them.
 * Does not: judge what it reads; know files, gateways or threads.
 * Promises: what was put is there once, however often it is put; reading
 *           sees one moment of the database and holds no more than a few
 *           hundred rows; no error text has a password.
 *
 * Calls wait for the database: never on a thread that serves.
 */
#ifndef KT_FLEET_H
#define KT_FLEET_H
#include "base/base.h"

struct kt_fleet;
/* False: kt was built without PostgreSQL, and kt_fleet_open() says so. */
bool kt_fleet_is_built(void);
/* A URL or connection string of libpq.  KT_E_IO: no such database. */
KT_MUSTCHECK enum kt_rc kt_fleet_open(
    struct kt_fleet **f, const char *url, struct kt_err *err);
void kt_fleet_close(struct kt_fleet **f);

/* ---- putting ---- */

/* Makes the tables that are not there. */
KT_MUSTCHECK enum kt_rc kt_fleet_prepare(
    struct kt_fleet *f, struct kt_err *err);
/* What is there of a log; `last` is its last record, empty: none. */
struct kt_fleet_state {
	uint64_t size, notes; /* records; bytes of `checkpoints` */
	struct kt_buf last;   /* made by the caller */
};
KT_MUSTCHECK enum kt_rc kt_fleet_state(struct kt_fleet *f, const char *origin,
    struct kt_fleet_state *state, struct kt_err *err);

struct kt_fleet_note {
	uint64_t at, size;
	struct kt_span text;
};
struct kt_fleet_batch {
	const char *origin, *vkey;
	uint64_t index; /* of the first record */
	const struct kt_span *lines;
	size_t nlines;
	const struct kt_fleet_note *notes;
	size_t nnotes;
};
/* All of it or nothing. */
KT_MUSTCHECK enum kt_rc kt_fleet_put(struct kt_fleet *f,
    const struct kt_fleet_batch *b, struct kt_err *err);

/* ---- reading ---- */

/* All that is read from here on is of one moment. */
KT_MUSTCHECK enum kt_rc kt_fleet_freeze(struct kt_fleet *f, struct kt_err *err);
/* Their names, each followed by NUL, ascending. */
KT_MUSTCHECK enum kt_rc kt_fleet_origins(
    struct kt_fleet *f, struct kt_buf *names, struct kt_err *err);
/* Begins to read one log: its key, and its newest checkpoint, or nothing. */
KT_MUSTCHECK enum kt_rc kt_fleet_begin(struct kt_fleet *f, const char *origin,
    struct kt_buf *vkey, struct kt_buf *newest, struct kt_err *err);
/* The next checkpoint, oldest first, borrowed until the next call. */
bool kt_fleet_next_note(void *fleet, struct kt_span *note);
/* The next record, without LF, likewise. */
bool kt_fleet_next_line(void *fleet, struct kt_span *line);
/* Why there was no next: KT_OK where all were read. */
KT_MUSTCHECK enum kt_rc kt_fleet_end(struct kt_fleet *f, struct kt_err *err);

#endif
