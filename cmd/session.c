/*
 * session - list, show and redact recorded sessions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They read a session as kt replay does, so what they refuse it refuses.
 */
#include <stdlib.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/session/file.h"
#include "cmd/session/scrubber.h"
#include "disk/disk.h"
#include "json/write.h"
#include "replay/replay.h"

#define TEXT_MAX (64u << 20)

/* ---- what they share ---- */

static enum kt_exit
take_paths(const struct kt_cmd *self, struct kt_session_paths *paths, int argc,
    char **argv, int operand)
{
	struct kt_err err = { .text = "" };

	if (operand == argc)
		return kt_misuse(self, "a session or a folder must follow");
	for (int i = operand; i < argc; i++) {
		if (kt_session_paths_add(paths, argv[i], &err) == KT_OK)
			continue;
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	return KT_EXIT_YES;
}

static const struct kt_opt key_opts[] = { KT_OPT_SESSION_KEY_LINE };

static void
when(uint64_t us, char out[static 24])
{
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	if (gmtime_r(&s, &tm) == NULL ||
	    strftime(out, 24, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

static enum kt_exit
flushed(enum kt_exit status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	kt_say("standard output cannot be written");
	return KT_EXIT_UNKNOWN;
}

/* ---- list ---- */

static bool
list_json(const char *path, const struct kt_session_file *f)
{
	const struct kt_session *s = &f->session;
	struct kt_json_writer j;
	struct kt_buf b;
	bool is_told;

	kt_buf_init(&b, TEXT_MAX);
	kt_json_writer_init(&j, &b);
	kt_json_begin_object(&j);
	kt_json_named_cstr(&j, "file", path);
	kt_json_named_string(&j, "id", s->id);
	kt_json_named_u64(&j, "t0_us", s->t0_us);
	kt_json_named_u64(&j, "calls", s->ncalls);
	kt_json_named_u64(&j, "lost", s->nlost);
	kt_json_named_u64(&j, "bytes", f->bytes.len);
	kt_json_named_bool(&j, "facts_only", s->is_facts_only);
	kt_json_named_bool(&j, "cut", s->cut_line > 0);
	kt_json_named_string(&j, "policy_hash", s->policy_hash);
	kt_json_named_string(&j, "source", s->source);
	kt_json_end_object(&j);
	is_told = kt_json_written(&j) == KT_OK;
	if (is_told)
		(void)printf("%.*s\n", (int)b.len, b.ptr);
	else
		kt_say("%s: a name that JSON cannot hold", path);
	kt_buf_fini(&b);
	return is_told;
}

static void
list_text(const char *path, const struct kt_session_file *f)
{
	const struct kt_session *s = &f->session;
	char t[24];

	when(s->t0_us, t);
	(void)printf("%.*s  %s  %zu call%s  %zu bytes  %s%s%s  %s\n",
	    KT_SPAN_ARG(s->id), t, s->ncalls, s->ncalls == 1 ? "" : "s",
	    f->bytes.len, s->is_facts_only ? "facts only" : "redacted",
	    s->cut_line > 0 ? ", cut" : "", s->nlost > 0 ? ", gaps" : "", path);
}

enum kt_exit
kt_cmd_session_list(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = { KT_OPT_JSON_LINE,
		KT_OPT_SESSION_KEY_LINE };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_session_paths paths = { 0 };
	struct kt_session_key key = { .is_there = false };
	struct kt_err err = { .text = "" };
	const char *key_path = NULL;
	bool is_json = false;
	enum kt_exit status;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		is_json |= c == KT_OPT_JSON;
		if (c == KT_OPT_SESSION_KEY)
			key_path = args.value;
	}
	if (kt_session_key_read(&key, key_path, &err) < 0)
		return kt_say("%s", err.text), KT_EXIT_UNKNOWN;
	status = take_paths(self, &paths, argc, argv, args.operand);
	for (size_t i = 0; status != KT_EXIT_MISUSE && i < paths.n; i++) {
		struct kt_session_file f;

		if (kt_session_file_open(&f, paths.at[i], &key, &err) < 0) {
			kt_say("%s", err.text);
			status = KT_EXIT_UNKNOWN;
			continue;
		}
		if (!is_json)
			list_text(paths.at[i], &f);
		else if (!list_json(paths.at[i], &f))
			status = KT_EXIT_UNKNOWN;
		kt_session_file_close(&f);
	}
	kt_session_paths_fini(&paths);
	kt_session_key_fini(&key);
	return flushed(status);
}

/* ---- show ---- */

#define SHOW_MAX (4 * (size_t)KT_SESSION_FILE_MAX) /* blobs stand in full */

static enum kt_rc
add_pieces(
    struct kt_buf *out, const struct kt_session_piece *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		enum kt_rc rc = p[i].fill > 0 ?
		    kt_buf_printf(out, "<%llu bytes not kept>",
		        (unsigned long long)p[i].fill) :
		    kt_session_join(&p[i], 1, out);

		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

static enum kt_rc
add_line(struct kt_buf *out, const struct kt_session *s,
    const struct kt_session_call *c)
{
	struct kt_outcome o = { .decision = "" };
	struct kt_err err;
	char t[24];

	(void)!kt_outcome_read(&o, c->record, &err); /* then nothing is told */
	when(s->t0_us + c->at_us, t);
	return kt_buf_printf(out,
	    "%.*s#%llu  %s  %.*s %.*s  %u %s%s%s%s%s%s%s\n",
	    KT_SPAN_ARG(s->id), (unsigned long long)c->n, t,
	    KT_SPAN_ARG(c->method), KT_SPAN_ARG(c->path), o.status, o.decision,
	    o.reasons[0] ? "  " : "", o.reasons, o.target[0] ? "  to " : "",
	    o.target, c->has_gaps ? "  (redacted)" : "",
	    c->is_withheld ? "  (in part)" : "");
}

static enum kt_rc
add_event(struct kt_buf *out, const struct kt_session_event *e)
{
	if (kt_buf_printf(out, "\n-- %llu us  %s %.*s",
	    (unsigned long long)e->at_us, kt_session_event_word(e->kind),
	    KT_SPAN_ARG(e->target)) < 0 ||
	    (e->n > 0 && kt_buf_addn(out, e->n) < 0) ||
	    (e->npieces > 0 && kt_buf_addc(out, '\n') < 0))
		return KT_E_LIMIT;
	return add_pieces(out, e->pieces, e->npieces);
}

static enum kt_rc
add_whole(struct kt_buf *out, const struct kt_session *s,
    const struct kt_session_call *c)
{
	if (add_line(out, s, c) < 0)
		return KT_E_LIMIT;
	for (size_t i = 0; i < c->nheaders; i++) {
		if (kt_buf_printf(out, "%.*s: %.*s\n",
		    KT_SPAN_ARG(c->headers[i].name),
		    KT_SPAN_ARG(c->headers[i].value)) < 0)
			return KT_E_LIMIT;
	}
	if (kt_buf_addc(out, '\n') < 0 ||
	    add_pieces(out, c->pieces, c->npieces) < 0)
		return KT_E_LIMIT;
	for (size_t i = 0; i < c->nevents; i++) {
		if (add_event(out, &c->events[i]) < 0)
			return KT_E_LIMIT;
	}
	return kt_buf_printf(
	    out, "\n-- record\n%.*s\n", KT_SPAN_ARG(c->record));
}

/* All of it is text of anybody's: none of it is printed as it is. */
static bool
show_call(const struct kt_session *s, const struct kt_session_call *c,
    bool is_whole)
{
	struct kt_buf raw, plain;
	bool is_shown = false;

	kt_buf_init(&raw, SHOW_MAX);
	kt_buf_init(&plain, SHOW_MAX);
	if ((is_whole ? add_whole(&raw, s, c) : add_line(&raw, s, c)) < 0 ||
	    kt_add_plain(&plain, kt_buf_span(&raw)) < 0)
		kt_say("call %llu is larger than what is shown",
		    (unsigned long long)c->n);
	else
		is_shown = kt_print(kt_buf_span(&plain));
	kt_buf_fini(&raw);
	kt_buf_fini(&plain);
	return is_shown;
}

enum kt_exit
kt_cmd_session_show(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = key_opts,
		.opts_n = KT_NELEMS(key_opts), .argc = argc, .argv = argv };
	struct kt_session_file f;
	struct kt_session_key key = { .is_there = false };
	struct kt_err err = { .text = "" };
	const char *key_path = NULL;
	uint64_t want = 0;
	bool has_any = false, is_shown = true;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		key_path = args.value;
	}
	if (argc - args.operand < 1 || argc - args.operand > 2)
		return kt_misuse(self, "a session must follow, and perhaps the "
		    "number of a call");
	if (argc - args.operand == 2 && (!kt_span_u64(
	        kt_span_of(argv[args.operand + 1]), &want) || want == 0))
		return kt_misuse(self, "'%s' is no number of a call",
		    argv[args.operand + 1]);
	if (kt_session_key_read(&key, key_path, &err) < 0 ||
	    kt_session_file_open(&f, argv[args.operand], &key, &err) < 0) {
		kt_say("%s", err.text);
		return KT_EXIT_UNKNOWN;
	}
	if (f.session.cut_line > 0)
		kt_say("%s: line %zu: the last call is cut", argv[args.operand],
		    f.session.cut_line);
	for (size_t i = 0; i < f.session.ncalls && is_shown; i++) {
		const struct kt_session_call *call = &f.session.calls[i];

		if (want != 0 && call->n != want)
			continue;
		is_shown = show_call(&f.session, call, want != 0);
		has_any = true;
	}
	kt_session_file_close(&f);
	kt_session_key_fini(&key);
	if (want > 0 && !has_any)
		return kt_say("there is no call %llu", (unsigned long long)want),
		       KT_EXIT_UNKNOWN;
	return is_shown ? KT_EXIT_YES : KT_EXIT_UNKNOWN;
}

/* ---- redact ---- */

struct redaction {
	struct kt_scrubber by;
	struct kt_session_key key;
	const char *path;
	bool is_check;
	uint64_t found;
};

/* A crash cut it: nothing reads it, so it goes where nobody could look. */
static enum kt_rc
leave_out(const struct redaction *r, size_t nline, struct kt_err *err)
{
	if (r->is_check)
		return kt_fail(err, KT_E_PARSE, "line %zu: cut, and cannot be "
		    "searched; kt session redact leaves it out", nline);
	kt_say("%s: line %zu: cut, and left out", r->path, nline);
	return KT_OK;
}

/* One place per detector and line is enough to look for. */
static void
tell(void *arg, size_t line, size_t n, const struct kt_detector *first)
{
	struct redaction *r = arg;

	if (r->is_check)
		(void)printf("%s:%zu: %zu finding%s, the first of detector %s\n",
		    r->path, line, n, n == 1 ? "" : "s", first->id);
	r->found += n;
}

static enum kt_rc
redact_lines(struct redaction *r, const struct kt_session_file *f,
    struct kt_span text, struct kt_buf *out, struct kt_err *err)
{
	size_t nline = 0;

	while (text.len > 0) {
		size_t len = kt_span_find(text, '\n');
		const struct kt_detector *first = NULL;
		size_t n = 0, before = out->len;

		nline++;
		if (kt_scrub_line(&r->by.scrub, kt_span_sub(text, 0, len), out, &n,
		        &first) < 0) {
			out->len = before;
			if (len == text.len && nline == f->session.cut_line)
				return leave_out(r, nline, err);
			return kt_fail(err, KT_E_PARSE, "line %zu: cannot be "
			    "searched", nline);
		}
		if (len < text.len && kt_buf_addc(out, '\n') < 0)
			return kt_fail(err, KT_E_LIMIT, "out of memory");
		if (n > 0)
			tell(r, nline, n, first);
		text = kt_span_sub(text, len + 1, text.len);
	}
	return KT_OK;
}

static enum kt_rc
redact_file(struct redaction *r, const char *path, struct kt_err *err)
{
	struct kt_session_file f;
	struct kt_buf joined, out;
	enum kt_rc rc;

	r->path = path;
	if (kt_session_file_open(&f, path, &r->key, err) < 0)
		return err->rc;
	kt_buf_init(&joined, 2 * (size_t)KT_SESSION_FILE_MAX);
	kt_buf_init(&out, 2 * (size_t)KT_SESSION_FILE_MAX);
	rc = kt_scrub_streams(
	    &r->by.scrub, &f.session, &joined, tell, r, err);
	if (rc == KT_OK)
		rc = redact_lines(r, &f, kt_buf_span(&joined), &out, err);
	if (rc < 0)
		(void)kt_wrap(err, "%s", path);
	if (rc == KT_OK && !r->is_check)
		rc = kt_session_file_write(
		    path, f.form, kt_buf_span(&out), &r->key, err);
	kt_buf_fini(&joined);
	kt_buf_fini(&out);
	kt_session_file_close(&f);
	return rc;
}

enum kt_exit
kt_cmd_session_redact(const struct kt_cmd *self, int argc, char **argv)
{
	enum { CHECK = KT_OPT_LONG };
	static const struct kt_opt opts[] = { KT_OPT_POLICY_LINE,
		KT_OPT_SESSION_KEY_LINE,
		{ CHECK, "check", NULL, "tell what is found, change nothing" } };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_session_paths paths = { 0 };
	struct redaction r = { .is_check = false };
	struct kt_err err = { .text = "" };
	const char *key_path = NULL;
	enum kt_exit status;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		r.is_check |= c == CHECK;
		if (c == KT_OPT_SESSION_KEY)
			key_path = args.value;
		if (c == KT_OPT_POLICY && r.by.npolicies < KT_CONFIG_FILES_MAX - 1)
			r.by.policies[r.by.npolicies++] = args.value;
	}
	status = take_paths(self, &paths, argc, argv, args.operand);
	if (status == KT_EXIT_YES &&
	    (kt_session_key_read(&r.key, key_path, &err) < 0 ||
	        kt_scrubber_open(&r.by, &err) < 0))
		status = KT_EXIT_UNKNOWN;
	for (size_t i = 0; status == KT_EXIT_YES && i < paths.n; i++) {
		if (redact_file(&r, paths.at[i], &err) < 0)
			status = KT_EXIT_UNKNOWN;
	}
	if (status == KT_EXIT_UNKNOWN && err.text[0] != '\0')
		kt_say("%s", err.text);
	if (status == KT_EXIT_YES && r.is_check && r.found > 0)
		status = KT_EXIT_NO;
	kt_scrubber_close(&r.by);
	kt_session_key_fini(&r.key);
	kt_session_paths_fini(&paths);
	return flushed(status);
}
