/*
 * audit witness - one who sees a log grow and signs what was seen.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests and answers are the texts of C2SP tlog-witness, on standard input
 * and output: whatever carries them, a web server, curl or a shell on the
 * other machine, is not trusted with anything.
 */
#include <unistd.h>

#include "cmd/audit/bundle.h"
#include "cmd/audit/witness.h"
#include "cmd/cmd.h"

enum { OLD = KT_OPT_LONG, VKEY };

static const struct kt_opt options[] = {
	{ OLD, "old", "SIZE", "request: what the witness has seen (0)" },
	{ VKEY, "vkey", "KEY", "keep: the witness's key, or a file with it" },
};

struct run {
	uint64_t old;
	const char *vkey;
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

static const char *
meaning(enum kt_witness_status s)
{
	switch (s) {
	case KT_WITNESS_ADDED:
		return "signed";
	case KT_WITNESS_MALFORMED:
		return "not a request";
	case KT_WITNESS_UNSIGNED:
		return "not signed by the log's key";
	case KT_WITNESS_UNKNOWN:
		return "not a log that is trusted here";
	case KT_WITNESS_CONFLICT:
		return "another size was seen last, or another root of this "
		       "size";
	case KT_WITNESS_INCONSISTENT:
		return "not an extension of what was seen";
	}
	return "unknown";
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
			kt_say("%d: %s", (int)status, meaning(status));
	}
	kt_buf_fini(&request);
	kt_buf_fini(&answer);
	return e;
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
	if (kt_text_or_file(r->vkey, &text, &r->err) < 0 ||
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

/* Ask, and ask again from the size that the witness says it knows. */
static enum kt_rc
ask_twice(struct run *r, struct kt_audit_dir *d, struct kt_buf *asked,
    struct kt_buf *answer, enum kt_witness_status *status)
{
	uint64_t old = r->old;

	for (int k = 0; k < 2; k++) {
		kt_buf_reset(asked);
		kt_buf_reset(answer);
		if (kt_witness_request(d, old, asked, &r->err) < 0 ||
		    kt_witness_add(r->operands[1], kt_buf_span(asked), status,
		    answer, &r->err) < 0)
			return r->err.rc;
		if (*status != KT_WITNESS_CONFLICT || answer->len == 0 ||
		    !kt_span_u64(kt_span_sub(kt_buf_span(answer), 0,
			answer->len - 1), &old))
			return KT_OK;
	}
	return KT_OK;
}

static enum kt_exit
sync_one(struct run *r)
{
	enum kt_witness_status status = KT_WITNESS_MALFORMED;
	enum kt_exit e = KT_EXIT_YES;
	struct kt_audit_vkey key;
	struct kt_buf asked, answer;
	struct kt_audit_dir d;

	kt_buf_init(&asked, 16 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&answer, 4 * KT_AUDIT_NOTE_MAX);
	if (open_dir(r, &d, r->operands[0]) < 0 ||
	    kt_witness_key(r->operands[1], &key, &r->err) < 0 ||
	    ask_twice(r, &d, &asked, &answer, &status) < 0) {
		e = could_not(r);
	} else if (status != KT_WITNESS_ADDED) {
		kt_say("%d: %s", (int)status, meaning(status));
		e = KT_EXIT_NO;
	} else if (kt_witness_keep(&d, kt_buf_span(&asked),
	    kt_buf_span(&answer), &key, &r->err) < 0) {
		e = could_not(r);
	}
	kt_audit_dir_close(&d);
	kt_buf_fini(&asked);
	kt_buf_fini(&answer);
	return e;
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
	{ "add", add, 1, 2 },
	{ "request", request, 0, 1 },
	{ "keep", keep, 3, 3 },
	{ "sync", sync_one, 2, 2 },
};

enum kt_exit
kt_cmd_audit_witness(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .old = 0 };
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == VKEY)
			r.vkey = args.value;
		else if (!kt_span_u64(kt_span_of(args.value), &r.old))
			return kt_misuse(self, "'%s' is no size", args.value);
	}
	if (args.operand == argc)
		return kt_misuse(self, "what should the witness do?");
	r.operands = argv + args.operand + 1;
	r.n = argc - args.operand - 1;
	for (size_t i = 0; i < KT_NELEMS(verbs); i++) {
		if (strcmp(argv[args.operand], verbs[i].word) != 0)
			continue;
		if (r.n < verbs[i].least || r.n > verbs[i].most ||
		    (verbs[i].run == keep && r.vkey == NULL))
			return kt_misuse(
			    self, "%s: see the manual", verbs[i].word);
		return verbs[i].run(&r);
	}
	return kt_misuse(self, "'%s' is nothing a witness does",
	    argv[args.operand]);
}
