/*
 * audit query, audit tail - looking for records.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A query reads the whole log, because only then can it say that what it
 * found is what was recorded, and that nothing else was; and a window of time
 * then holds whatever a clock that stepped has put there.
 */
#include <errno.h>
#include <poll.h>

#include "audit/canon.h"
#include "audit/course.h"
#include "chat/class.h"
#include "cmd/audit/bundle.h"
#include "cmd/audit/gathered.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/row.h"
#include "cmd/audit/siem.h"
#include "cmd/cmd.h"
#include "cmd/log/vault.h"
#include "json/text.h"

enum { VKEY = KT_OPT_LONG, SINCE, UNTIL, LIMIT, FORMAT, POSTGRES, ORIGIN,
	FILTER };

#define PRINCIPAL 2 /* of the filters */

static const char *const types[] = {
#define KT_TYPE(name) \
	KT_AUDIT_TYPE_##name < KT_AUDIT_TYPE_other ? #name : NULL,
#include "audit/type.def"
#undef KT_TYPE
	NULL };
static const char *const decisions[] = { "pass", "redact", "block",
	"truncate", "error", NULL };
static const char *const outcomes[] = {
#define KT_OUTCOME(name, text) text,
#include "audit/outcome.def"
#undef KT_OUTCOME
	NULL };
static const char *const formats[] = { "table", "json", "csv", "ocsf", "cef",
	NULL };

/* What a record is asked for: option, path in the record, one of a list, and
   the words that can stand there, where they are known. */
static const struct {
	const char *option, *path;
	const char *const *words;
} filters[] = {
	{ "type", "type", types },
	{ "call", "call_id" },
	[PRINCIPAL] = { "principal", "principal.id" },
	{ "agent", "agent.id" },
	{ "conversation", "agent.conversation" },
	{ "model", "model_requested" },
	{ "decision", "decision", decisions },
	{ "outcome", "outcome", outcomes },
	{ "data-class", "data_classes", kt_class_data_names },
	{ "reason", "reason_codes" },
	{ "target", "destination.target" },
};

static const struct kt_opt query_options[] = {
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	{ SINCE, "since", "TIME", "not before, such as 2026-11-20T19" },
	{ UNTIL, "until", "TIME", "before" },
	{ LIMIT, "limit", "N", "print at most so many" },
	{ FORMAT, "format", "FORMAT", "table (default), json, csv, ocsf or cef" },
	KT_OPT_JSON_LINE,
	{ POSTGRES, "postgres", "URL",
	    "logs in a database instead of a directory; or a file with it" },
	{ ORIGIN, "origin", "PATTERN", "of these the ones so named" },
	{ FILTER + 0, "type", "TYPE", "call, reject, policy, ..." },
	{ FILTER + 1, "call", "ID", "the call's id" },
	{ FILTER + 2, "principal", "ID", "who called" },
	{ FILTER + 3, "agent", "ID", "which agent" },
	{ FILTER + 4, "conversation", "ID", "in which conversation" },
	{ FILTER + 5, "model", "NAME", "the model asked for" },
	{ FILTER + 6, "decision", "WORD", "pass, redact, block, ..." },
	{ FILTER + 7, "outcome", "WORD", "ok, blocked, client-abort, ..." },
	{ FILTER + 8, "data-class", "CLASS", "among the classes found" },
	{ FILTER + 9, "reason", "CODE", "among the reasons" },
	{ FILTER + 10, "target", "NAME", "where it went" },
};
_Static_assert(KT_NELEMS(query_options) == 8 + KT_NELEMS(filters),
    "an option for each filter");

enum format { TABLE, JSON, CSV, EVENT };

struct query {
	const char *postgres, *origin; /* NULL: a directory */
	struct kt_span since, until, want[KT_NELEMS(filters)];
	char pseudonym[KT_AUDIT_PSEUDONYM]; /* of the principal wanted */
	enum format format;
	kt_siem_fn *event; /* EVENT: how a record is told */
	struct kt_buf text; /* and one of them */
	uint64_t limit, printed, found, scanned;
};

/* ---- matching ---- */

/* '*' and '?' as in the shell, over the text and not how it is spelt. */
static bool
is_like(struct query *q, struct kt_span spelt, struct kt_span want)
{
	if (kt_span_find(spelt, '\\') < spelt.len) {
		kt_buf_reset(&q->text);
		if (kt_json_unescape_add(&q->text, spelt) == KT_OK)
			spelt = kt_buf_span(&q->text);
	}
	return kt_span_glob(want, spelt);
}

/* A text, or a list of texts that has it. */
static bool
has(struct query *q, struct kt_span value, struct kt_span want)
{
	if (value.len >= 2 && value.ptr[0] == '"')
		return is_like(q, kt_span_sub(value, 1, value.len - 2), want);
	if (value.len < 2 || value.ptr[0] != '[')
		return false;
	value = kt_span_sub(value, 1, value.len - 2);
	while (value.len > 0) {
		size_t n = kt_span_find(value, ','); /* words have none */

		if (has(q, kt_span_sub(value, 0, n), want))
			return true;
		value = kt_span_sub(value, n + 1, value.len);
	}
	return false;
}

static bool
is_in_window(const struct query *q, struct kt_span line)
{
	struct kt_span ts;

	if (q->since.len == 0 && q->until.len == 0)
		return true;
	return kt_audit_member_of_text(line, "ts", &ts) &&
	    kt_audit_time_is_in(ts, q->since, q->until);
}

static bool
matches(struct query *q, struct kt_span line)
{
	struct kt_span value;

	for (size_t i = 0; i < KT_NELEMS(filters); i++) {
		if (q->want[i].len == 0)
			continue;
		if (!kt_audit_member(line, filters[i].path, &value))
			return false;
		if (!has(q, value, q->want[i]) && (i != PRINCIPAL ||
		    !has(q, value, kt_span_of(q->pseudonym))))
			return false;
	}
	return is_in_window(q, line);
}

/* ---- printing ---- */

static const char *const csv[] = { "i", "ts", "type", "call_id",
	"principal.id", "agent.id", "model_requested", "data_class",
	"decision", "outcome", "http_status", "destination.target" };

static void
print_csv(struct kt_span line)
{
	for (size_t i = 0; i < KT_NELEMS(csv); i++) {
		struct kt_span v = { .ptr = NULL };

		if (!kt_audit_member(line, csv[i], &v))
			v.len = 0;
		(void)printf("%s", i > 0 ? "," : "");
		if (v.len < 2 || v.ptr[0] != '"') {
			kt_row_put(v);
			continue;
		}
		(void)printf("\"");
		v = kt_span_sub(v, 1, v.len - 2);
		while (v.len > 0) { /* CSV doubles what JSON escapes */
			size_t n = kt_span_find(v, '"');

			kt_row_put(kt_span_sub(v, 0, n));
			(void)printf("%s", n < v.len ? "\"\"" : "");
			v = kt_span_sub(v, n + 1, v.len);
		}
		(void)printf("\"");
	}
	(void)printf("\n");
}

/* What is no record is told of at the end: the log was tampered with. */
static void
print_event(struct query *q, struct kt_span line)
{
	struct kt_err ignored;

	kt_buf_reset(&q->text);
	if (q->event(line, &q->text, &ignored) == KT_OK)
		(void)fwrite(q->text.ptr, 1, q->text.len, stdout);
}

static void
print(struct query *q, struct kt_span line)
{
	switch (q->format) {
	case TABLE:
		kt_row(line);
		break;
	case JSON:
		(void)printf("%.*s\n", KT_SPAN_ARG(line));
		break;
	case CSV:
		print_csv(line);
		break;
	case EVENT:
		print_event(q, line);
		break;
	}
}

static void
print_head(enum format format)
{
	if (format == TABLE)
		kt_row_head();
	for (size_t i = 0; format == CSV && i < KT_NELEMS(csv); i++)
		(void)printf("%s%s", csv[i],
		    i + 1 < KT_NELEMS(csv) ? "," : "\n");
}

static bool
see(void *arg, struct kt_span line)
{
	struct query *q = arg;

	q->scanned++;
	if (!matches(q, line))
		return true;
	q->found++;
	if (q->limit > 0 && q->printed == q->limit)
		return true;
	q->printed++;
	print(q, line);
	return true;
}

static enum kt_exit
tell(struct query *q, const struct kt_judge *j)
{
	const struct kt_audit_report *r = j->report;

	if (fflush(stdout) != 0)
		r = NULL;
	if (r == NULL) {
		kt_say("%s", j->err.rc < 0 ? j->err.text :
		    "standard output cannot be written");
		return KT_EXIT_UNKNOWN;
	}
	if (q->postgres != NULL)
		(void)fprintf(stderr, "%s: ", j->dir.dir);
	(void)fprintf(stderr, "%llu of %llu records, %llu printed; ",
	    (unsigned long long)q->found, (unsigned long long)q->scanned,
	    (unsigned long long)q->printed);
	if (r->nbreaks > 0) {
		(void)fprintf(stderr, "TAMPERED: see kt audit verify "
		    "(%s at record %llu)\n",
		    kt_audit_class_name(r->breaks[0].class),
		    (unsigned long long)r->breaks[0].index);
		return KT_EXIT_NO;
	}
	(void)fprintf(stderr, "[%llu, %llu) proven by %s\n",
	    (unsigned long long)r->first, (unsigned long long)r->newest_size,
	    !r->has_key ? "unsigned checkpoints" :
	    r->is_pinned ? "the pinned key" : "the log's own key");
	return KT_EXIT_YES;
}

/* Each log for itself: an index is one of a log. */
static enum kt_exit
run_gathered(struct query *q, struct kt_span vkey)
{
	enum kt_exit e = KT_EXIT_YES;
	struct kt_gathered g;
	const char *origin;

	if (kt_gathered_open(&g, q->postgres) < 0) {
		kt_say("%s", g.err.text);
		e = KT_EXIT_UNKNOWN;
	}
	while (e != KT_EXIT_UNKNOWN &&
	    (origin = kt_gathered_next(&g, q->origin)) != NULL) {
		struct kt_judge j = { .progress = NULL };
		enum kt_exit one;

		q->found = q->scanned = 0;
		(void)kt_gathered_judge(&g, &j, origin, vkey, NULL, see, q);
		one = tell(q, &j);
		e = one == KT_EXIT_YES ? e : one;
		kt_judge_fini(&j);
	}
	kt_gathered_close(&g);
	return e;
}

static enum kt_exit
run(struct query *q, const char *dir, struct kt_span vkey)
{
	struct kt_judge j = { .progress = NULL };
	enum kt_exit e;

	print_head(q->format);
	if (q->postgres != NULL)
		return run_gathered(q, vkey);
	/* Who may read the vault asks by name. */
	if (q->want[PRINCIPAL].len > 0)
		(void)kt_vault_pseudonym(&kt_disk_real,
		    kt_audit_dir_default(dir), q->want[PRINCIPAL],
		    q->pseudonym);
	(void)kt_judge(&j, dir, vkey, NULL, see, q);
	e = tell(q, &j);
	kt_judge_fini(&j);
	return e;
}

/* A pattern that none of the words fits finds nothing in any log. */
static bool
fits_any(struct kt_span want, const char *const *words)
{
	if (words == NULL)
		return want.len > 0;
	while (*words != NULL && !kt_span_glob(want, kt_span_of(*words)))
		words++;
	return *words != NULL;
}

static bool
take(struct query *q, int opt, const char *value)
{
	struct kt_span v = kt_span_of(value);

	switch (opt) {
	case SINCE:
		return kt_audit_time_take(value, &q->since);
	case UNTIL:
		return kt_audit_time_take(value, &q->until);
	case POSTGRES:
		q->postgres = value;
		return true;
	case ORIGIN:
		q->origin = value;
		return true;
	case KT_OPT_JSON:
		q->format = JSON;
		return true;
	case LIMIT:
		return kt_span_u64(v, &q->limit) && q->limit > 0;
	case FORMAT:
		q->event = kt_siem_find(value);
		q->format = EVENT;
		if (q->event != NULL)
			return true;
		for (size_t i = TABLE; i < EVENT; i++) {
			if (strcmp(value, formats[i]) != 0)
				continue;
			q->format = (enum format)i;
			return true;
		}
		return false;
	default:
		q->want[opt - FILTER] = v;
		return fits_any(v, filters[opt - FILTER].words);
	}
}

static enum kt_exit
refuse(const struct kt_cmd *self, int opt, const char *value)
{
	if (opt == FORMAT)
		return kt_misuse_word(self, "format", value, formats);
	if (opt >= FILTER && filters[opt - FILTER].words != NULL)
		return kt_misuse_word(self, filters[opt - FILTER].option,
		    value, filters[opt - FILTER].words);
	return kt_misuse(self, opt == SINCE || opt == UNTIL ?
	    "'%s' is no time: " KT_AUDIT_TIME_FORM :
	    "'%s' is no such value", value);
}

enum kt_exit
kt_cmd_audit_query(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = query_options,
		.opts_n = KT_NELEMS(query_options), .argc = argc,
		.argv = argv };
	struct query q = { .format = TABLE };
	struct kt_err err = { .rc = KT_OK };
	const char *vkey = NULL;
	struct kt_buf key;
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == VKEY)
			vkey = args.value;
		else if (!take(&q, opt, args.value))
			return refuse(self, opt, args.value);
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	kt_buf_init(&key, 1u << 20);
	kt_buf_init(&q.text, KT_SIEM_LINE_MAX);
	if (vkey != NULL && kt_text_or_file(vkey, &key, &err) < 0) {
		e = kt_exit_untold(&err);
	} else {
		e = run(&q, kt_audit_dir_default(args.operand < argc ?
		    argv[args.operand] : NULL), kt_buf_span(&key));
	}
	kt_buf_fini(&key);
	kt_buf_fini(&q.text);
	return e;
}
