/*
 * ship - copying the evidence of this gateway into the fleet's database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a checkpoint covers here and what the database has of it.
 * Does not: serve, or hold up whoever does: a thread of its own reads files
 *           that are written anyway.
 * Promises: everything that a checkpoint covers arrives, once, in order, as
 *           soon as the database is there; a database that has another
 *           history of this log gets nothing more.
 */
#ifndef KT_SHIP_H
#define KT_SHIP_H
#include "base/base.h"

struct kt_ship;
/* One line for people, when shipping stops and when it goes on again. */
typedef void kt_ship_tell_fn(const char *text);
/* The URL is copied.  KT_E_MISUSE: built without PostgreSQL. */
KT_MUSTCHECK enum kt_rc kt_ship_start(struct kt_ship **s, const char *dir,
    struct kt_span url, kt_ship_tell_fn *tell, struct kt_err *err);
/* Ships what is there by now; waits a few seconds at most. */
void kt_ship_stop(struct kt_ship **s);

#endif
