/*
 * none - kt without PostgreSQL says so.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The same functions, so that nobody else has to know how kt was built.
 */
#include "fleet/fleet.h"

bool
kt_fleet_is_built(void)
{
	return false;
}

static enum kt_rc
refuse(struct kt_err *err)
{
	return kt_fail(err, KT_E_MISUSE, "this kt was built without "
	    "PostgreSQL: install libpq-dev and build it again");
}

enum kt_rc
kt_fleet_open(struct kt_fleet **f, const char *url, struct kt_err *err)
{
	(void)url;
	*f = NULL;
	return refuse(err);
}

void
kt_fleet_close(struct kt_fleet **f)
{
	*f = NULL;
}

enum kt_rc
kt_fleet_prepare(struct kt_fleet *f, struct kt_err *err)
{
	(void)f;
	return refuse(err);
}

enum kt_rc
kt_fleet_state(struct kt_fleet *f, const char *origin,
    struct kt_fleet_state *state, struct kt_err *err)
{
	(void)f;
	(void)origin;
	(void)state;
	return refuse(err);
}

enum kt_rc
kt_fleet_put(struct kt_fleet *f, const struct kt_fleet_batch *b,
    struct kt_err *err)
{
	(void)f;
	(void)b;
	return refuse(err);
}

enum kt_rc
kt_fleet_freeze(struct kt_fleet *f, struct kt_err *err)
{
	(void)f;
	return refuse(err);
}

enum kt_rc
kt_fleet_origins(struct kt_fleet *f, struct kt_buf *names, struct kt_err *err)
{
	(void)f;
	(void)names;
	return refuse(err);
}

enum kt_rc
kt_fleet_begin(struct kt_fleet *f, const char *origin, struct kt_buf *vkey,
    struct kt_buf *newest, struct kt_err *err)
{
	(void)f;
	(void)origin;
	(void)vkey;
	(void)newest;
	return refuse(err);
}

bool
kt_fleet_next_note(void *fleet, struct kt_span *note)
{
	(void)fleet;
	(void)note;
	return false;
}

bool
kt_fleet_next_line(void *fleet, struct kt_span *line)
{
	(void)fleet;
	(void)line;
	return false;
}

enum kt_rc
kt_fleet_end(struct kt_fleet *f, struct kt_err *err)
{
	(void)f;
	return refuse(err);
}
