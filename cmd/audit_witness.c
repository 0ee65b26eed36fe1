/*
 * audit witness - one who sees a log grow and signs what was seen.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and answers are the texts of C2SP tlog-witness, over HTTP or on
 * standard input and output: whatever carries them, a web server, curl or a
 * shell on the other machine, is not trusted with anything.
 */
#include "cmd/audit/bundle.h"
#include "cmd/audit/told.h"
#include "cmd/audit/witness.h"
#include "cmd/audit/witness_ask.h"
#include "cmd/audit/witness_serve.h"
#include "cmd/cmd.h"

#define LISTEN_DEFAULT "127.0.0.1:8480"

enum { OLD = KT_OPT_LONG, VKEY, URL, LISTEN };

static const struct kt_opt options[] = {
	{ OLD, "old", "SIZE", "request: what the witness has seen (0)" },
	{ VKEY, "vkey", "KEY", "keep, sync: the witness's key, or a file of it" },
	{ URL, "url", "URL", "sync: where a witness is asked; with its --vkey" },
	{ LISTEN, "listen", "ADDRESS", "serve: on which (" LISTEN_DEFAULT ")" },
	KT_OPT_JSON_LINE,
};

struct run {
	uint64_t old;
	const char *vkeys[KT_WITNESSES_MAX], *urls[KT_WITNESSES_MAX];
	size_t nvkeys, nurls;
	struct kt_config_address address;
	bool is_json;
	char **operands;
	int n;
	struct kt_err err;
};

static enum kt_rc
read_stdin(struct kt_buf *to, struct kt_err *err)
{
	size_t n = 1;

	while (n > 0) {
		if (kt_buf_reserve(to, 4096) < 0)
			return kt_fail(err, KT_E_LIMIT, "the input is too long");
		n = fread(to->ptr + to->len, 1, 4096, stdin);
		to->len += n;
	}
	return ferror(stdin) != 0 ?
	    kt_fail(err, KT_E_IO, "standard input cannot be read") : KT_OK;
}

static enum kt_rc
read_input(const char *name, struct kt_buf *to, struct kt_err *err)
{
	if (strcmp(name, "-") == 0)
		return read_stdin(to, err);
	return kt_disk_read_file(
	    &kt_disk_real, name, 4 * KT_AUDIT_NOTE_MAX, to, err);
}

static enum kt_exit
could_not(struct run *r)
{
	kt_say("%s", r->err.text);
	return r->err.rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
}

static void
say_refused(enum kt_witness_status s)
{
	kt_say("%d: %s", (int)s, kt_witness_meaning(s));
}

/* ---- the witness's side ---- */

static enum kt_exit
tell_key(struct run *r)
{
	char text[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_vkey key;

	if (kt_witness_key(r->operands[0], &key, &r->err) < 0)
		return could_not(r);
	kt_audit_covkey_text(&key, text);
	(void)printf("%s\n", text);
	return KT_EXIT_YES;
}

static enum kt_exit
init(struct run *r)
{
	if (kt_witness_init(r->operands[0], kt_span_of(r->operands[1]),
	    &r->err) < 0)
		return could_not(r);
	return tell_key(r);
}

static enum kt_exit
trust(struct run *r)
{
	enum kt_exit e = KT_EXIT_YES;
	struct kt_buf key;

	kt_buf_init(&key, 1u << 20);
	if (kt_text_or_file(r->operands[1], &key, &r->err) < 0 ||
	    kt_witness_trust(
		r->operands[0], kt_buf_span(&key), &r->err) < 0)
		e = could_not(r);
	kt_buf_fini(&key);
	return e;
}

static enum kt_exit
add(struct run *r)
{
	enum kt_exit e = KT_EXIT_UNKNOWN;
	enum kt_witness_status status;
	struct kt_buf request, answer;

	kt_buf_init(&request, 16 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&answer, 4 * KT_AUDIT_NOTE_MAX);
	if (read_input(r->n > 1 ? r->operands[1] : "-", &request, &r->err) <
	    0 || kt_witness_add(r->operands[0], kt_buf_span(&request), &status,
	    &answer, &r->err) < 0) {
		e = could_not(r);
	} else {
		(void)printf("%.*s", KT_SPAN_ARG(kt_buf_span(&answer)));
		e = status == KT_WITNESS_ADDED ? KT_EXIT_YES : KT_EXIT_NO;
		if (e == KT_EXIT_NO)
			say_refused(status);
	}
	kt_buf_fini(&request);
	kt_buf_fini(&answer);
	return e;
}

static enum kt_exit
serve(struct run *r)
{
	return kt_witness_serve(r->operands[0], &r->address, &r->err) < 0 ?
	    could_not(r) : KT_EXIT_YES;
}

/* ---- the log's side ---- */

static enum kt_rc
open_dir(struct run *r, struct kt_audit_dir *d, const char *dir)
{
	if (kt_audit_dir_open(d, dir, &r->err) < 0)
		return r->err.rc;
	return kt_audit_dir_list(d, &r->err);
}

static enum kt_exit
request(struct run *r)
{
	enum kt_exit e = KT_EXIT_YES;
	struct kt_audit_dir d;
	struct kt_buf out;

	kt_buf_init(&out, 4 * KT_AUDIT_NOTE_MAX);
	if (open_dir(r, &d, kt_audit_dir_default(
	    r->n > 0 ? r->operands[0] : NULL)) < 0 ||
	    kt_witness_request(&d, r->old, &out, &r->err) < 0)
		e = could_not(r);
	else
		(void)printf("%.*s", KT_SPAN_ARG(kt_buf_span(&out)));
	kt_audit_dir_close(&d);
	kt_buf_fini(&out);
	return e;
}

static enum kt_exit
keep(struct run *r)
{
	struct kt_audit_vkey key;
	enum kt_exit e = KT_EXIT_YES;
	struct kt_buf text, asked, answer;
	struct kt_audit_dir d;

	kt_buf_init(&text, 1u << 20);
	kt_buf_init(&asked, 16 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&answer, 16 * KT_AUDIT_NOTE_MAX);
	kt_audit_dir_none(&d, r->operands[0]);
	if (kt_text_or_file(r->vkeys[0], &text, &r->err) < 0 ||
	    kt_audit_covkey_parse(kt_buf_span(&text), &key, &r->err) < 0 ||
	    read_input(r->operands[1], &asked, &r->err) < 0 ||
	    read_input(r->operands[2], &answer, &r->err) < 0 ||
	    kt_witness_keep(&d, kt_buf_span(&asked), kt_buf_span(&answer),
	    &key, &r->err) < 0)
		e = could_not(r);
	kt_audit_dir_close(&d);
	kt_buf_fini(&text);
	kt_buf_fini(&asked);
	kt_buf_fini(&answer);
	return e;
}

/* One witness, near or far. */
struct asking {
	const char *folder, *url; /* one of them */
	struct kt_audit_vkey key;
	struct kt_buf asked, answer;
	uint64_t size;   /* of the log, as asked */
	unsigned status; /* 0: nobody answered */
	struct kt_err err;
};

static enum kt_rc
carry(struct asking *a, struct kt_audit_dir *d, uint64_t old)
{
	enum kt_witness_status status = KT_WITNESS_MALFORMED;
	struct kt_span request;

	kt_buf_reset(&a->asked);
	kt_buf_reset(&a->answer);
	if (kt_witness_request(d, old, &a->asked, &a->err) < 0)
		return a->err.rc;
	request = kt_buf_span(&a->asked);
	if (a->url != NULL)
		return kt_witness_ask(
		    a->url, request, &a->status, &a->answer, &a->err);
	if (kt_witness_add(
	    a->folder, request, &status, &a->answer, &a->err) < 0)
		return a->err.rc;
	a->status = status;
	return KT_OK;
}

/* Where a log was cut or put back, its witness has seen more of it. */
static enum kt_rc
read_size(struct asking *a, uint64_t *old)
{
	struct kt_span text = kt_buf_span(&a->answer);

	if (text.len > 0 && text.ptr[text.len - 1] == '\n')
		text.len--;
	if (!kt_span_u64(text, old))
		return kt_fail(&a->err, KT_E_PARSE,
		    "409: the witness does not say which size it has seen");
	if (*old > a->size)
		return kt_fail(&a->err, KT_E_PARSE, "409: the witness has seen "
		    "%llu records, and the log has %llu: it was cut or put "
		    "back", (unsigned long long)*old,
		    (unsigned long long)a->size);
	return KT_OK;
}

/* From what it signed last; if it knows another size, once more from there. */
static enum kt_rc
ask(struct asking *a, struct kt_audit_dir *d)
{
	struct kt_witnessed w = { .key = a->key };
	struct kt_audit_checkpoint cp;
	uint64_t old;

	if (kt_audit_checkpoint_parse(
	    kt_buf_span(&d->newest), &cp, &a->err) < 0)
		return a->err.rc;
	a->size = cp.size;
	kt_witness_read(d->dir, &w);
	if (carry(a, d, w.size <= cp.size ? w.size : 0) < 0)
		return a->err.rc;
	if (a->status == KT_WITNESS_CONFLICT &&
	    (read_size(a, &old) < 0 || carry(a, d, old) < 0))
		return a->err.rc;
	if (a->status == KT_WITNESS_ADDED)
		return kt_witness_keep(d, kt_buf_span(&a->asked),
		    kt_buf_span(&a->answer), &a->key, &a->err);
	return kt_fail(&a->err, a->status < 500 && a->status >= 400 ?
	    KT_E_PARSE : KT_E_IO, "%u: %s", a->status,
	    kt_witness_meaning((enum kt_witness_status)a->status));
}

static void
tell(const struct asking *a, bool is_json, enum kt_rc rc)
{
	struct kt_told t;

	if (!is_json) {
		if (rc < 0)
			kt_say("%s: %s", a->key.name, a->err.text);
		else
			(void)printf("%s has signed the checkpoint of %llu "
			    "records\n", a->key.name,
			    (unsigned long long)a->size);
		return;
	}
	kt_told_begin(&t);
	if (rc < 0)
		kt_audit_member_text(
		    &t.put, "error", kt_span_of(a->err.text));
	kt_audit_member_text(&t.put, "result", rc == KT_OK ?
	    KT_SPAN("signed") : rc == KT_E_PARSE ? KT_SPAN("refused") :
	    KT_SPAN("undecided"));
	kt_audit_member_int(&t.put, "size", a->size);
	kt_audit_member_int(&t.put, "status", a->status);
	kt_audit_member_text(&t.put, "witness", kt_span_of(a->key.name));
	kt_told_end(&t);
}

static enum kt_rc
take_key(struct asking *a, const char *vkey)
{
	struct kt_buf text;
	enum kt_rc rc;

	if (a->folder != NULL)
		return kt_witness_key(a->folder, &a->key, &a->err);
	kt_buf_init(&text, 1u << 20);
	rc = kt_text_or_file(vkey, &text, &a->err);
	if (rc == KT_OK)
		rc = kt_audit_covkey_parse(
		    kt_buf_span(&text), &a->key, &a->err);
	kt_buf_fini(&text);
	return rc;
}

static enum kt_exit
sync_one(struct run *r, struct kt_audit_dir *d, const char *folder,
    const char *url, const char *vkey)
{
	struct asking a = { .folder = folder, .url = url };
	enum kt_rc rc;

	kt_buf_init(&a.asked, KT_WITNESS_REQUEST_MAX);
	kt_buf_init(&a.answer, KT_AUDIT_NOTE_MAX);
	rc = take_key(&a, vkey);
	if (rc < 0) {
		(void)snprintf(a.key.name, sizeof(a.key.name), "%s",
		    folder != NULL ? folder : url);
		rc = KT_E_IO; /* so nobody was asked */
	} else {
		rc = ask(&a, d);
	}
	tell(&a, r->is_json, rc);
	kt_buf_fini(&a.asked);
	kt_buf_fini(&a.answer);
	return rc == KT_OK ? KT_EXIT_YES :
	    rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
}

/* All are asked; one that says no outweighs one that says nothing. */
static enum kt_exit
sync_all(struct run *r)
{
	enum kt_exit all = KT_EXIT_YES, e;
	struct kt_audit_dir d;
	bool is_far = r->nurls > 0;

	if (open_dir(r, &d, kt_audit_dir_default(
	    r->n > 0 ? r->operands[0] : NULL)) < 0)
		all = could_not(r);
	for (size_t i = 0; r->err.rc == KT_OK &&
	    i < (is_far ? r->nurls : 1); i++) {
		e = sync_one(r, &d, is_far ? NULL : r->operands[1],
		    is_far ? r->urls[i] : NULL, is_far ? r->vkeys[i] : NULL);
		if (e != KT_EXIT_YES && all != KT_EXIT_NO)
			all = e;
	}
	kt_audit_dir_close(&d);
	return all;
}

/* ---- the command ---- */

static const struct {
	const char *word;
	enum kt_exit (*run)(struct run *r);
	int least, most; /* operands */
} verbs[] = {
	{ "init", init, 2, 2 },
	{ "key", tell_key, 1, 1 },
	{ "trust", trust, 2, 2 },
	{ "serve", serve, 1, 1 },
	{ "add", add, 1, 2 },
	{ "request", request, 0, 1 },
	{ "keep", keep, 3, 3 },
	{ "sync", sync_all, 0, 2 },
};

/* KT_EXIT_YES: taken. */
static enum kt_exit
take_option(struct run *r, const struct kt_args *args, int opt)
{
	bool is_key = opt == VKEY;

	if (opt == KT_OPT_JSON)
		r->is_json = true;
	else if (opt == OLD && !kt_span_u64(kt_span_of(args->value), &r->old))
		return kt_misuse(args->cmd, "'%s' is no size", args->value);
	else if (opt == LISTEN && !kt_config_address(
	    kt_span_of(args->value), &r->address))
		return kt_misuse(args->cmd,
		    "'%s' is no address with a port", args->value);
	else if (opt == OLD || opt == LISTEN)
		return KT_EXIT_YES;
	else if ((is_key ? r->nvkeys : r->nurls) == KT_WITNESSES_MAX)
		return kt_misuse(args->cmd,
		    "more than %d witnesses", KT_WITNESSES_MAX);
	else if (is_key)
		r->vkeys[r->nvkeys++] = args->value;
	else
		r->urls[r->nurls++] = args->value;
	return KT_EXIT_YES;
}

/* Whether what was given is what this verb takes. */
static bool
fits(const struct run *r, size_t verb)
{
	int least = verbs[verb].least, most = verbs[verb].most;

	if (verbs[verb].run == keep)
		return r->n == most && r->nvkeys == 1 && r->nurls == 0;
	if (verbs[verb].run == sync_all)
		return r->nvkeys == r->nurls &&
		    (r->nurls > 0 ? r->n <= 1 : r->n == most);
	return r->n >= least && r->n <= most && r->nvkeys + r->nurls == 0;
}

enum kt_exit
kt_cmd_audit_witness(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .old = 0 };
	enum kt_exit e;
	int opt;

	(void)kt_config_address(KT_SPAN(LISTEN_DEFAULT), &r.address);
	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		e = take_option(&r, &args, opt);
		if (e != KT_EXIT_YES)
			return e;
	}
	if (args.operand == argc)
		return kt_misuse(self, "what should the witness do?");
	r.operands = argv + args.operand + 1;
	r.n = argc - args.operand - 1;
	for (size_t i = 0; i < KT_NELEMS(verbs); i++) {
		if (strcmp(argv[args.operand], verbs[i].word) != 0)
			continue;
		if (!fits(&r, i))
			return kt_misuse(self,
			    "%s takes other arguments", verbs[i].word);
		return verbs[i].run(&r);
	}
	return kt_misuse(self, "'%s' is nothing a witness does",
	    argv[args.operand]);
}
