/*
 * put - copies of records and checkpoints, once each.
 * SPDX-License-Identifier: Apache-2.0
 *
 * COPY into a table of the session, and from there what is not known yet:
 * COPY alone fails on the first row that is there, and whoever ships does not
 * know what arrived when a connection broke.  One transaction, so no reader
 * sees a checkpoint without its records.
 */
#include "fleet/fleet_priv.h"

#include "audit/canon.h"

static const char schema[] =
#include "fleet/fleet.inc"
;

/* One gateway at a time makes tables: the lock's number is kt's own. */
enum kt_rc
kt_fleet_prepare(struct kt_fleet *f, struct kt_err *err)
{
	PGresult *r = kt_fleet_ask(f, "SELECT to_regclass('kt_log') IS NULL OR "
	    "to_regclass('kt_record') IS NULL OR "
	    "to_regclass('kt_checkpoint') IS NULL", 0, NULL, err);
	bool is_missing;

	if (r == NULL)
		return err->rc;
	is_missing = *f->pq.getvalue(r, 0, 0) == 't';
	f->pq.clear(r);
	if (is_missing && (kt_fleet_do(f, "BEGIN", err) < 0 ||
	    kt_fleet_do(f, "SELECT pg_advisory_xact_lock(7562317)", err) < 0 ||
	    kt_fleet_do(f, schema, err) < 0 ||
	    kt_fleet_do(f, "COMMIT", err) < 0))
		return err->rc;
	return kt_fleet_do(f, "CREATE TEMP TABLE kt_in (LIKE kt_record); "
	    "CREATE TEMP TABLE kt_in_note (LIKE kt_checkpoint)", err);
}

static uint64_t
number_at(struct kt_fleet *f, const PGresult *r, int column)
{
	uint64_t n = 0;

	return f->pq.ntuples(r) > 0 &&
	    kt_span_u64(kt_span_of(f->pq.getvalue(r, 0, column)), &n) ? n : 0;
}

enum kt_rc
kt_fleet_state(struct kt_fleet *f, const char *origin,
    struct kt_fleet_state *state, struct kt_err *err)
{
	PGresult *r = kt_fleet_ask(f, "SELECT i + 1, line FROM kt_record WHERE "
	    "origin = $1 ORDER BY i DESC LIMIT 1", 1, &origin, err);
	enum kt_rc rc = KT_OK;

	kt_buf_reset(&state->last);
	if (r == NULL)
		return err->rc;
	state->size = number_at(f, r, 0);
	if (state->size > 0 && kt_buf_add(&state->last,
	    kt_span_of(f->pq.getvalue(r, 0, 1))) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "a record too long");
	f->pq.clear(r);
	if (rc < 0)
		return rc;
	r = kt_fleet_ask(f, "SELECT at + octet_length(note) + 1 FROM "
	    "kt_checkpoint WHERE origin = $1 ORDER BY at DESC LIMIT 1", 1,
	    &origin, err);
	if (r == NULL)
		return err->rc;
	state->notes = number_at(f, r, 0);
	f->pq.clear(r);
	return KT_OK;
}

/* ---- rows as COPY reads them ---- */

static enum kt_rc
put_text(struct kt_buf *b, struct kt_span s)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < s.len && rc == KT_OK; i++) {
		char c = s.ptr[i];

		if (c == '\\')
			rc = kt_buf_add(b, KT_SPAN("\\\\"));
		else if (c == '\t')
			rc = kt_buf_add(b, KT_SPAN("\\t"));
		else if (c == '\n')
			rc = kt_buf_add(b, KT_SPAN("\\n"));
		else if (c == '\r')
			rc = kt_buf_add(b, KT_SPAN("\\r"));
		else
			rc = kt_buf_addc(b, c);
	}
	return rc;
}

/* A member of the record, as it is spelt, or NULL. */
static enum kt_rc
put_member(struct kt_buf *b, struct kt_span line, const char *path)
{
	struct kt_span v;
	uint64_t n;

	if (kt_buf_addc(b, '\t') < 0)
		return KT_E_LIMIT;
	if (kt_audit_member_of_text(line, path, &v) ||
	    (kt_audit_member(line, path, &v) && kt_span_u64(v, &n)))
		return put_text(b, v);
	return kt_buf_add(b, KT_SPAN("\\N"));
}

static const char *const members[] = {
	"ts", "type", "call_id", "principal.id", "agent.id",
	"agent.conversation", "model_requested", "data_class", "decision",
	"outcome", "destination.target", "cost_micro", "tokens.reported_in",
	"tokens.reported_out",
};

static enum kt_rc
put_line(struct kt_buf *b, const struct kt_fleet_batch *batch, size_t k)
{
	enum kt_rc rc = put_text(b, kt_span_of(batch->origin));

	if (rc == KT_OK)
		rc = kt_buf_printf(
		    b, "\t%llu\t", (unsigned long long)(batch->index + k));
	if (rc == KT_OK)
		rc = put_text(b, batch->lines[k]);
	for (size_t m = 0; m < KT_NELEMS(members) && rc == KT_OK; m++)
		rc = put_member(b, batch->lines[k], members[m]);
	return rc < 0 ? rc : kt_buf_addc(b, '\n');
}

static enum kt_rc
put_note(struct kt_buf *b, const struct kt_fleet_batch *batch, size_t k)
{
	const struct kt_fleet_note *n = &batch->notes[k];
	enum kt_rc rc = put_text(b, kt_span_of(batch->origin));

	if (rc == KT_OK)
		rc = kt_buf_printf(b, "\t%llu\t%llu\t",
		    (unsigned long long)n->at, (unsigned long long)n->size);
	if (rc == KT_OK)
		rc = put_text(b, n->text);
	return rc < 0 ? rc : kt_buf_addc(b, '\n');
}

/* ---- a batch ---- */

typedef enum kt_rc put_fn(
    struct kt_buf *b, const struct kt_fleet_batch *batch, size_t k);

static enum kt_rc
copy(struct kt_fleet *f, const char *sql, const struct kt_fleet_batch *batch,
    put_fn *put, size_t n, struct kt_err *err)
{
	PGresult *r;
	ExecStatusType s;

	kt_buf_reset(&f->copy);
	for (size_t k = 0; k < n; k++) {
		if (put(&f->copy, batch, k) < 0)
			return kt_fail(err, KT_E_LIMIT, "too many records");
	}
	r = f->pq.exec(f->conn, sql);
	s = f->pq.resultStatus(r);
	f->pq.clear(r);
	if (s != PGRES_COPY_IN ||
	    f->pq.putCopyData(f->conn, f->copy.ptr, (int)f->copy.len) != 1 ||
	    f->pq.putCopyEnd(f->conn, NULL) != 1)
		return kt_fleet_fail(f, "COPY", err);
	r = f->pq.getResult(f->conn);
	s = f->pq.resultStatus(r);
	while (r != NULL) {
		f->pq.clear(r);
		r = f->pq.getResult(f->conn);
	}
	return s == PGRES_COMMAND_OK ? KT_OK : kt_fleet_fail(f, "COPY", err);
}

static enum kt_rc
put_all(struct kt_fleet *f, const struct kt_fleet_batch *b,
    struct kt_err *err)
{
	const char *log[] = { b->origin, b->vkey };
	PGresult *r;

	if (kt_fleet_do(f, "BEGIN; TRUNCATE kt_in, kt_in_note", err) < 0)
		return err->rc;
	r = kt_fleet_ask(f, "INSERT INTO kt_log (origin, vkey) VALUES ($1, $2) "
	    "ON CONFLICT DO NOTHING", 2, log, err);
	if (r == NULL)
		return err->rc;
	f->pq.clear(r);
	if (b->nlines > 0 && (copy(f, "COPY kt_in FROM STDIN", b, put_line,
	    b->nlines, err) < 0 || kt_fleet_do(f, "INSERT INTO kt_record "
	    "SELECT * FROM kt_in ON CONFLICT DO NOTHING", err) < 0))
		return err->rc;
	if (b->nnotes > 0 && (copy(f, "COPY kt_in_note FROM STDIN", b, put_note,
	    b->nnotes, err) < 0 || kt_fleet_do(f, "INSERT INTO kt_checkpoint "
	    "SELECT * FROM kt_in_note ON CONFLICT DO NOTHING", err) < 0))
		return err->rc;
	return kt_fleet_do(f, "COMMIT", err);
}

enum kt_rc
kt_fleet_put(struct kt_fleet *f, const struct kt_fleet_batch *b,
    struct kt_err *err)
{
	enum kt_rc rc = put_all(f, b, err);
	struct kt_err ignored; /* the first one says why */

	if (rc < 0)
		(void)!kt_fleet_do(f, "ROLLBACK", &ignored);
	return rc;
}
