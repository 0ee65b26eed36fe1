/*
 * conn - one connection to the database.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Bounded waits everywhere: a database that is gone costs its caller half a
 * minute, never more.  Texts are UTF-8 on the wire whatever the machine's
 * locale says; a database that keeps another encoding would change bytes.
 */
#include "fleet/fleet_priv.h"

#include <dlfcn.h>

#define LIBRARY "libpq.so.5"

bool
kt_fleet_is_built(void)
{
	return true;
}

/* libpq's own words are several lines, the last of them empty. */
static void
one_line(const char *from, char to[static 200])
{
	size_t n = 0;

	for (; *from != '\0' && n + 1 < 200; from++) {
		if (*from == '\n' && from[1] == '\0')
			break;
		to[n++] = (unsigned char)*from < ' ' ? ' ' : *from;
	}
	to[n] = '\0';
}

enum kt_rc
kt_fleet_fail(struct kt_fleet *f, const char *what, struct kt_err *err)
{
	char why[200];

	one_line(f->pq.errorMessage(f->conn), why);
	return kt_fail(err, KT_E_IO, "PostgreSQL: %s: %s", what, why);
}

enum kt_rc
kt_fleet_do(struct kt_fleet *f, const char *sql, struct kt_err *err)
{
	PGresult *r = f->pq.exec(f->conn, sql);
	ExecStatusType s = f->pq.resultStatus(r);

	f->pq.clear(r);
	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
		return kt_fleet_fail(f, "a statement failed", err);
	return KT_OK;
}

PGresult *
kt_fleet_ask(struct kt_fleet *f, const char *sql, int n,
    const char *const *values, struct kt_err *err)
{
	PGresult *r = f->pq.execParams(f->conn, sql, n, NULL, values, NULL, NULL, 0);
	ExecStatusType s = f->pq.resultStatus(r);

	if (s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK)
		return r;
	f->pq.clear(r);
	(void)kt_fleet_fail(f, "a query failed", err);
	return NULL;
}

/* It stays loaded: its own libraries do not bear to be taken away. */
static enum kt_rc
load(struct kt_pq *pq, struct kt_err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *at = library;

#define TAKE(name) \
	if (at != NULL && (at = dlsym(library, "PQ" #name)) != NULL) \
		memcpy(&pq->name, &at, sizeof(at));
	KT_PQ(TAKE)
#undef TAKE
	return at != NULL ? KT_OK : kt_fail(err, KT_E_IO, "PostgreSQL: " LIBRARY
	    " cannot be loaded: install it (Debian: libpq5)");
}

/* The notices of IF NOT EXISTS are nobody's business. */
static void
ignore(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static enum kt_rc
check_encoding(struct kt_fleet *f, struct kt_err *err)
{
	const char *encoding = f->pq.parameterStatus(f->conn, "server_encoding");

	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return kt_fail(err, KT_E_MISUSE, "PostgreSQL: the database "
		    "keeps %s, which would change records: it has to be UTF8",
		    encoding != NULL ? encoding : "nothing known");
	return kt_fleet_do(f, "SET statement_timeout = '30s'; "
	    "SET TimeZone = 'UTC'", err);
}

/* What libpq says of a URL that it cannot read has parts of it, as of the
   password. */
static enum kt_rc
check_url(const struct kt_pq *pq, const char *url, struct kt_err *err)
{
	PQconninfoOption *parts = pq->conninfoParse(url, NULL);

	if (parts == NULL)
		return kt_fail(err, KT_E_MISUSE, "PostgreSQL: this is no URL "
		    "of a database: postgresql://USER:PASSWORD@HOST/DATABASE, "
		    "with %%XX for what else stands in a name");
	pq->conninfoFree(parts);
	return KT_OK;
}

enum kt_rc
kt_fleet_open(struct kt_fleet **out, const char *url, struct kt_err *err)
{
	static const char *const names[] = { "dbname", "connect_timeout",
		"tcp_user_timeout", "application_name", "client_encoding",
		NULL };
	const char *const values[] = { url, "5", "30000", "kt", "UTF8", NULL };
	struct kt_fleet *f = kt_alloc(sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a connection");
	kt_buf_init(&f->copy, 64u << 20);
	if (load(&f->pq, err) < 0 || check_url(&f->pq, url, err) < 0) {
		kt_free(f);
		return err->rc;
	}
	f->conn = f->pq.connectdbParams(names, values, 1);
	if (f->pq.status(f->conn) != CONNECTION_OK) {
		(void)kt_fleet_fail(f, "no connection", err);
		kt_fleet_close(&f);
		return err->rc;
	}
	(void)f->pq.setNoticeProcessor(f->conn, ignore, NULL); /* the one before */
	if (check_encoding(f, err) < 0) {
		kt_fleet_close(&f);
		return err->rc;
	}
	*out = f;
	return KT_OK;
}

void
kt_fleet_close(struct kt_fleet **fp)
{
	struct kt_fleet *f = *fp;

	*fp = NULL;
	if (f == NULL)
		return;
	f->pq.clear(f->lines.rows);
	f->pq.clear(f->notes.rows);
	f->pq.finish(f->conn);
	kt_buf_fini(&f->copy);
	kt_free(f);
}
