/*
 * read - one log out of the database, a few hundred rows at a time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cursors in one transaction: the log that grows meanwhile is read as it was
 * when reading began, and memory does not depend on its size.
 */
#include "fleet/fleet_priv.h"

enum kt_rc
kt_fleet_freeze(struct kt_fleet *f, struct kt_err *err)
{
	return kt_fleet_do(f, "SET statement_timeout = 0; "
	    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

enum kt_rc
kt_fleet_origins(struct kt_fleet *f, struct kt_buf *names, struct kt_err *err)
{
	PGresult *r = kt_fleet_ask(f,
	    "SELECT origin FROM kt_log ORDER BY origin COLLATE \"C\"", 0, NULL,
	    err);
	enum kt_rc rc = KT_OK;

	if (r == NULL)
		return err->rc;
	for (int i = 0; i < f->pq.ntuples(r) && rc == KT_OK; i++) {
		const char *name = f->pq.getvalue(r, i, 0);

		rc = kt_buf_add(
		    names, (struct kt_span){ name, strlen(name) + 1 });
	}
	f->pq.clear(r);
	return rc < 0 ? kt_fail(err, rc, "too many logs") : KT_OK;
}

static enum kt_rc
take_text(struct kt_fleet *f, const char *sql, const char *origin,
    struct kt_buf *to, struct kt_err *err)
{
	PGresult *r = kt_fleet_ask(f, sql, 1, &origin, err);
	enum kt_rc rc = KT_OK;

	kt_buf_reset(to);
	if (r == NULL)
		return err->rc;
	if (f->pq.ntuples(r) > 0)
		rc = kt_buf_add(to, kt_span_of(f->pq.getvalue(r, 0, 0)));
	f->pq.clear(r);
	return rc < 0 ? kt_fail(err, rc, "a text too long") : KT_OK;
}

static enum kt_rc
declare(struct kt_fleet *f, struct kt_fleet_cursor *c, const char *sql,
    const char *origin, struct kt_err *err)
{
	PGresult *r = kt_fleet_ask(f, sql, 1, &origin, err);

	if (r == NULL)
		return err->rc;
	f->pq.clear(r);
	f->pq.clear(c->rows);
	c->rows = NULL;
	c->at = 0;
	c->is_over = false;
	return KT_OK;
}

enum kt_rc
kt_fleet_begin(struct kt_fleet *f, const char *origin, struct kt_buf *vkey,
    struct kt_buf *newest, struct kt_err *err)
{
	f->err.rc = KT_OK;
	f->lines.fetch = "FETCH 500 FROM kt_lines";
	f->notes.fetch = "FETCH 500 FROM kt_notes";
	if (kt_fleet_do(f, "CLOSE ALL", err) < 0 ||
	    take_text(f, "SELECT vkey FROM kt_log WHERE origin = $1", origin,
	    vkey, err) < 0 ||
	    take_text(f, "SELECT note FROM kt_checkpoint WHERE origin = $1 "
	    "ORDER BY at DESC LIMIT 1", origin, newest, err) < 0 ||
	    declare(f, &f->lines, "DECLARE kt_lines CURSOR FOR SELECT line "
	    "FROM kt_record WHERE origin = $1 ORDER BY i", origin, err) < 0)
		return err->rc;
	return declare(f, &f->notes, "DECLARE kt_notes CURSOR FOR SELECT note "
	    "FROM kt_checkpoint WHERE origin = $1 ORDER BY at", origin, err);
}

static bool
next(struct kt_fleet *f, struct kt_fleet_cursor *c, struct kt_span *out)
{
	if (c->rows != NULL && c->at == f->pq.ntuples(c->rows)) {
		f->pq.clear(c->rows);
		c->rows = NULL;
	}
	if (c->rows == NULL && !c->is_over) {
		c->rows = kt_fleet_ask(f, c->fetch, 0, NULL, &f->err);
		c->at = 0;
		c->is_over = c->rows == NULL || f->pq.ntuples(c->rows) == 0;
	}
	if (c->is_over)
		return false;
	out->ptr = f->pq.getvalue(c->rows, c->at, 0);
	out->len = (size_t)f->pq.getlength(c->rows, c->at, 0);
	c->at++;
	return true;
}

bool
kt_fleet_next_note(void *fleet, struct kt_span *note)
{
	struct kt_fleet *f = fleet;

	return next(f, &f->notes, note);
}

bool
kt_fleet_next_line(void *fleet, struct kt_span *line)
{
	struct kt_fleet *f = fleet;

	return next(f, &f->lines, line);
}

enum kt_rc
kt_fleet_end(struct kt_fleet *f, struct kt_err *err)
{
	if (f->err.rc == KT_OK)
		return KT_OK;
	*err = f->err;
	return err->rc;
}
