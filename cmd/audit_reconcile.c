/*
 * audit reconcile - the log beside what a provider says it was asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No log shows what was never written to it; a provider's own list does, and
 * this is the only command that looks there.  Both ways: a call that only one
 * of the two knows is a finding, whichever it is.
 */
#include <stdlib.h>

#include "audit/canon.h"
#include "cmd/audit/bundle.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/row.h"
#include "cmd/cmd.h"

enum { SINCE = KT_OPT_LONG, UNTIL, VKEY, ID, INPUT, OUTPUT };

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	{ SINCE, "since", "TIME", "of the log, calls not before" },
	{ UNTIL, "until", "TIME", "and before" },
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	{ ID, "id", "COLUMN", "the provider's id (request_id, message_id, id)" },
	{ INPUT, "input", "COLUMN", "tokens in (input_tokens)" },
	{ OUTPUT, "output", "COLUMN", "tokens out (output_tokens)" },
};

#define LIST_MAX 100 /* of each kind of finding */

struct row { /* of the provider's list */
	struct kt_span id;
	uint64_t in, out;
	bool is_seen;
};
struct finding {
	uint64_t index; /* of the record; UINT64_MAX: there is none */
	char id[80];
	uint64_t log[2], usage[2]; /* tokens */
};
enum kind { MISSING, UNKNOWN, DIFFERENT, KINDS };
static const char *const kinds[KINDS] = {
	[MISSING] = "only the provider knows",
	[UNKNOWN] = "only the log knows",
	[DIFFERENT] = "tokens differ",
};

struct run {
	bool is_json;
	const char *vkey, *columns[3]; /* id, input, output */
	struct kt_span since, until;
	struct kt_buf text;
	struct row *rows;
	size_t nrows, rows_cap;
	bool has_tokens;
	uint64_t calls, log[2], usage[2];
	struct finding at[KINDS][LIST_MAX];
	uint64_t n[KINDS];
	struct finding spare; /* beyond the list: only counted */
	struct kt_err err;
};

/* ---- the list: RFC 4180, with a line of names ---- */

/* One field, without its quotes; *rest begins at the next. */
static bool
take_field(struct kt_span *rest, struct kt_span *field, bool *is_last)
{
	size_t n;

	if (rest->len > 0 && *rest->ptr == '"') {
		*rest = kt_span_sub(*rest, 1, rest->len);
		for (n = 0; n < rest->len; n++) {
			if (rest->ptr[n] != '"')
				continue;
			if (n + 1 == rest->len || rest->ptr[n + 1] != '"')
				break;
			n++; /* one that stands for itself */
		}
		if (n == rest->len)
			return false;
		*field = kt_span_sub(*rest, 0, n);
		*rest = kt_span_sub(*rest, n + 1, rest->len);
	} else {
		for (n = 0; n < rest->len && rest->ptr[n] != ',' &&
		    rest->ptr[n] != '\n' && rest->ptr[n] != '\r'; n++)
			;
		*field = kt_span_sub(*rest, 0, n);
		*rest = kt_span_sub(*rest, n, rest->len);
	}
	if (rest->len > 0 && *rest->ptr == '\r')
		*rest = kt_span_sub(*rest, 1, rest->len);
	*is_last = rest->len == 0 || *rest->ptr == '\n';
	if (!*is_last && *rest->ptr != ',')
		return false;
	*rest = kt_span_sub(*rest, 1, rest->len);
	return true;
}

static bool
is_column(const struct run *r, int which, struct kt_span name)
{
	static const char *const usual[3][4] = {
		{ "request_id", "message_id", "id", NULL },
		{ "input_tokens", "tokens_in", NULL },
		{ "output_tokens", "tokens_out", NULL },
	};

	if (r->columns[which] != NULL)
		return kt_span_eq(name, kt_span_of(r->columns[which]));
	for (const char *const *u = usual[which]; *u != NULL; u++) {
		if (kt_span_eq(name, kt_span_of(*u)))
			return true;
	}
	return false;
}

static enum kt_rc
read_names(struct run *r, struct kt_span *rest, size_t columns[static 3])
{
	struct kt_span name;
	bool is_last = false;

	columns[0] = columns[1] = columns[2] = SIZE_MAX;
	for (size_t k = 0; !is_last; k++) {
		if (!take_field(rest, &name, &is_last))
			return kt_fail(&r->err, KT_E_PARSE, "line 1: no CSV");
		for (int which = 0; which < 3; which++) {
			if (columns[which] == SIZE_MAX &&
			    is_column(r, which, name))
				columns[which] = k;
		}
	}
	if (columns[0] == SIZE_MAX)
		return kt_fail(&r->err, KT_E_PARSE, "line 1 names no column "
		    "with the provider's ids: say which with --id");
	r->has_tokens = columns[1] != SIZE_MAX && columns[2] != SIZE_MAX;
	return KT_OK;
}

static enum kt_rc
read_row(struct run *r, struct kt_span *rest, const size_t columns[static 3],
    size_t line)
{
	struct row row = { .in = 0 };
	struct kt_span field;
	bool is_last = false, holds = true;

	for (size_t k = 0; !is_last; k++) {
		if (!take_field(rest, &field, &is_last))
			return kt_fail(&r->err, KT_E_PARSE,
			    "line %zu: no CSV", line);
		if (k == columns[0])
			row.id = field;
		else if (k == columns[1] && field.len > 0)
			holds &= kt_span_u64(field, &row.in);
		else if (k == columns[2] && field.len > 0)
			holds &= kt_span_u64(field, &row.out);
	}
	if (!holds)
		return kt_fail(
		    &r->err, KT_E_PARSE, "line %zu: no number", line);
	if (row.id.len == 0)
		return KT_OK; /* a line of sums, or an empty one */
	if (kt_grow((void **)&r->rows, &r->rows_cap, r->nrows + 1,
	    sizeof(*r->rows)) < 0)
		return kt_fail(&r->err, KT_E_LIMIT, "no memory");
	r->rows[r->nrows++] = row;
	r->usage[0] += row.in;
	r->usage[1] += row.out;
	return KT_OK;
}

static int
compare(struct kt_span a, struct kt_span b)
{
	int order = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int
by_id(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return compare(x->id, y->id);
}

/* What is listed in several lines is one call. */
static void
merge_rows(struct run *r)
{
	size_t n = 0;

	if (r->nrows > 0)
		qsort(r->rows, r->nrows, sizeof(*r->rows), by_id);
	for (size_t i = 0; i < r->nrows; i++) {
		if (n > 0 && kt_span_eq(r->rows[n - 1].id, r->rows[i].id)) {
			r->rows[n - 1].in += r->rows[i].in;
			r->rows[n - 1].out += r->rows[i].out;
		} else {
			r->rows[n++] = r->rows[i];
		}
	}
	r->nrows = n;
}

static enum kt_rc
read_usage(struct run *r, const char *path)
{
	size_t columns[3], line = 1;
	struct kt_span rest;

	if (kt_disk_read_file(
	    &kt_disk_real, path, KT_FILE_MAX, &r->text, &r->err) < 0)
		return r->err.rc;
	rest = kt_buf_span(&r->text);
	if (kt_span_starts(rest, KT_SPAN("\xef\xbb\xbf"))) /* byte order mark */
		rest = kt_span_sub(rest, 3, rest.len);
	if (read_names(r, &rest, columns) < 0)
		return kt_wrap(&r->err, "%s", path);
	while (rest.len > 0) {
		if (read_row(r, &rest, columns, ++line) < 0)
			return kt_wrap(&r->err, "%s", path);
	}
	merge_rows(r);
	return KT_OK;
}

/* ---- the log ---- */

static struct finding *
found(struct run *r, enum kind kind, struct kt_span id, uint64_t index)
{
	struct finding *f = r->n[kind] < LIST_MAX ?
	    &r->at[kind][r->n[kind]] : &r->spare;

	r->n[kind]++;
	*f = (struct finding){ .index = index };
	(void)snprintf(f->id, sizeof(f->id), "%.*s", KT_SPAN_ARG(id));
	return f;
}

static struct row *
find_row(struct run *r, struct kt_span line, struct kt_span *id)
{
	static const char *const names[] = { "upstream_request_id",
		"upstream_message_id" };
	struct row *row = NULL, key;

	id->len = 0;
	for (size_t i = 0; i < KT_NELEMS(names) && row == NULL; i++) {
		if (!kt_audit_member_of_text(line, names[i], &key.id) ||
		    key.id.len == 0)
			continue;
		*id = key.id;
		if (r->nrows > 0)
			row = bsearch(&key, r->rows, r->nrows, sizeof(*row),
			    by_id);
	}
	return row;
}

static uint64_t
number(struct kt_span line, const char *path)
{
	struct kt_span v;
	uint64_t n = 0;

	return kt_audit_member(line, path, &v) && kt_span_u64(v, &n) ? n : 0;
}

static void
see_call(struct run *r, struct kt_span line, uint64_t index)
{
	uint64_t in = number(line, "tokens.reported_in");
	uint64_t out = number(line, "tokens.reported_out");
	struct kt_span id;
	struct row *row = find_row(r, line, &id);
	struct kt_span provider;

	if (id.len == 0 || (kt_audit_member_of_text(
	    line, "destination.provider", &provider) &&
	    kt_span_eq(provider, KT_SPAN("offline"))))
		return; /* it did not reach a provider that names calls */
	r->calls++;
	r->log[0] += in;
	r->log[1] += out;
	if (row == NULL || row->is_seen) { /* a provider's id is of one call */
		(void)found(r, UNKNOWN, id, index);
		return;
	}
	row->is_seen = true;
	if (r->has_tokens && (row->in != in || row->out != out)) {
		struct finding *f = found(r, DIFFERENT, row->id, index);

		f->log[0] = in;
		f->log[1] = out;
		f->usage[0] = row->in;
		f->usage[1] = row->out;
	}
}

static bool
see(void *arg, struct kt_span line)
{
	struct run *r = arg;
	struct kt_audit_line l;
	struct kt_err ignored; /* the verifier says what is wrong with it */

	if (kt_audit_line_parse(line, &l, &ignored) == KT_OK && l.is_whole &&
	    kt_span_eq(l.type, KT_SPAN("call")) &&
	    kt_audit_time_is_in(l.ts, r->since, r->until))
		see_call(r, line, l.i);
	return true;
}

/* ---- the answer ---- */

static void
tell(const struct run *r)
{
	(void)printf("log       %llu calls that a provider named, %llu tokens "
	    "in, %llu out\nprovider  %zu calls, %llu tokens in, %llu out\n",
	    (unsigned long long)r->calls, (unsigned long long)r->log[0],
	    (unsigned long long)r->log[1], r->nrows,
	    (unsigned long long)r->usage[0],
	    (unsigned long long)r->usage[1]);
	for (int k = 0; k < KINDS; k++) {
		(void)printf("%-24s %llu\n", kinds[k],
		    (unsigned long long)r->n[k]);
		for (uint64_t i = 0; i < r->n[k] && i < LIST_MAX; i++) {
			const struct finding *f = &r->at[k][i];

			(void)fputs("  ", stdout);
			kt_row_put(kt_span_of(f->id));
			if (f->index != UINT64_MAX)
				(void)printf("  record %llu",
				    (unsigned long long)f->index);
			if (k == DIFFERENT)
				(void)printf("  log %llu/%llu, provider "
				    "%llu/%llu",
				    (unsigned long long)f->log[0],
				    (unsigned long long)f->log[1],
				    (unsigned long long)f->usage[0],
				    (unsigned long long)f->usage[1]);
			(void)printf("\n");
		}
	}
}

static void
put_findings(struct kt_audit_put *p, const struct run *r, enum kind k,
    const char *name)
{
	kt_audit_put_name(p, name);
	kt_audit_put_open(p, '{');
	kt_audit_member_int(p, "count", r->n[k]);
	kt_audit_put_name(p, "first");
	kt_audit_put_open(p, '[');
	for (uint64_t i = 0; i < r->n[k] && i < LIST_MAX; i++) {
		const struct finding *f = &r->at[k][i];

		kt_audit_put_open(p, '{');
		kt_audit_member_text(p, "id", kt_span_of(f->id));
		if (f->index != UINT64_MAX)
			kt_audit_member_int(p, "index", f->index);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
	kt_audit_put_close(p, '}');
}

static enum kt_rc
tell_json(struct run *r, const struct kt_audit_report *log)
{
	struct kt_audit_put p;
	struct kt_buf out;
	enum kt_rc rc;

	kt_buf_init(&out, 4u << 20);
	kt_audit_put_begin(&p, &out);
	kt_audit_member_int(&p, "calls", r->calls);
	kt_audit_member_bool(&p, "intact", log->nbreaks == 0);
	put_findings(&p, r, UNKNOWN, "only_log");
	put_findings(&p, r, MISSING, "only_provider");
	put_findings(&p, r, DIFFERENT, "tokens_differ");
	kt_audit_member_int(&p, "usage", r->nrows);
	rc = kt_audit_put_finish(&p, &r->err);
	if (rc == KT_OK)
		(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	kt_buf_fini(&out);
	return rc;
}

static enum kt_exit
reconcile(struct run *r, const char *dir, struct kt_span vkey)
{
	struct kt_judge j = { .jobs = 1 };
	const struct kt_audit_report *log =
	    kt_judge(&j, dir, vkey, NULL, see, r);
	enum kt_exit e = KT_EXIT_YES;

	for (size_t i = 0; i < r->nrows; i++) {
		if (!r->rows[i].is_seen)
			(void)found(r, MISSING, r->rows[i].id, UINT64_MAX);
	}
	if (r->n[MISSING] + r->n[UNKNOWN] + r->n[DIFFERENT] > 0)
		e = KT_EXIT_NO;
	if (log == NULL) {
		kt_say("%s", j.err.text);
		e = KT_EXIT_UNKNOWN;
	} else if (!r->is_json) {
		tell(r);
	} else if (tell_json(r, log) < 0) {
		kt_say("%s", r->err.text);
		e = KT_EXIT_UNKNOWN;
	}
	if (log != NULL && log->nbreaks > 0) {
		kt_say("the log was tampered with: see kt audit verify");
		e = KT_EXIT_NO;
	}
	kt_judge_fini(&j);
	return e;
}

static bool
take(struct run *r, int opt, const char *value)
{
	switch (opt) {
	case KT_OPT_JSON:
		r->is_json = true;
		break;
	case SINCE:
		return kt_audit_time_take(value, &r->since);
	case UNTIL:
		return kt_audit_time_take(value, &r->until);
	case VKEY:
		r->vkey = value;
		break;
	default:
		r->columns[opt - ID] = value;
		break;
	}
	return true;
}

enum kt_exit
kt_cmd_audit_reconcile(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run *r;
	enum kt_exit e = KT_EXIT_UNKNOWN;
	struct kt_buf key;
	int opt, n;

	r = kt_alloc(sizeof(*r));
	if (r == NULL)
		return KT_EXIT_UNKNOWN;
	while ((opt = kt_args_next(&args)) >= 0) {
		if (take(r, opt, args.value))
			continue;
		kt_free(r);
		return kt_misuse(self, "'%s' is no time: "
		    KT_AUDIT_TIME_FORM, args.value);
	}
	n = argc - args.operand;
	if (opt == KT_ARGS_STOP || n < 1 || n > 2) {
		e = opt == KT_ARGS_STOP ? args.exit :
		    kt_misuse(self, "give a directory and the provider's list");
		kt_free(r);
		return e;
	}
	kt_buf_init(&key, 1u << 20);
	kt_buf_init(&r->text, KT_FILE_MAX + (1u << 20));
	if ((r->vkey != NULL &&
		kt_text_or_file(r->vkey, &key, &r->err) < 0) ||
	    read_usage(r, argv[argc - 1]) < 0)
		kt_say("%s", r->err.text);
	else
		e = reconcile(r, kt_audit_dir_default(n > 1 ?
		    argv[args.operand] : NULL), kt_buf_span(&key));
	kt_buf_fini(&key);
	kt_buf_fini(&r->text);
	kt_free(r->rows);
	kt_free(r);
	return e;
}
