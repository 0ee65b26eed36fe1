/*
 * audit erase, audit hold, and the orders of audit key and audit retain -
 * what is asked of whoever writes the log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A person is named here and never in an order: the name is looked up in the
 * vault, and what is passed on, and recorded, is the pseudonym.
 */
#include <unistd.h>

#include "audit/canon.h"
#include "cmd/audit/dir.h"
#include "cmd/audit/told.h"
#include "cmd/audit_orders.h"
#include "cmd/log/orders.h"
#include "cmd/log/vault.h"

#define ORDER_BYTES 4096

enum { SUBJECT = KT_OPT_LONG, GROUND, BY, RELEASE };

struct asked {
	const char *what, *subject, *ground, *by, *name, *dir;
	uint64_t days; /* 0: not of this order */
	const uint64_t *record; /* NULL: the same */
	bool is_quiet; /* the command says itself what was done */
	bool is_json;
};

/* Else a mistyped directory would be one where nobody is known. */
static bool
has_log(const char *dir)
{
	char path[KT_PATH_MAX];

	return snprintf(path, sizeof(path), "%s/log.vkey", dir) <
	    (int)sizeof(path) && access(path, F_OK) == 0;
}

/* The pseudonym of a name, or the one that was given as such. */
static bool
find_subject(const struct asked *a, char out[KT_AUDIT_PSEUDONYM])
{
	uint8_t digits[(KT_AUDIT_PSEUDONYM - 3) / 2];

	if (strlen(a->subject) == KT_AUDIT_PSEUDONYM - 1 &&
	    memcmp(a->subject, "p:", 2) == 0 &&
	    kt_unhex(kt_span_of(a->subject + 2), digits, sizeof(digits))) {
		memcpy(out, a->subject, KT_AUDIT_PSEUDONYM);
		return true;
	}
	return kt_vault_pseudonym(
	    &kt_disk_real, a->dir, kt_span_of(a->subject), out);
}

static struct kt_span
text_of(const char *s)
{
	return s != NULL ? kt_span_of(s) : (struct kt_span){ .ptr = NULL };
}

static enum kt_exit
tell(const struct asked *a, const char *subject, int code, const char *text)
{
	enum kt_exit e = (enum kt_exit)code;
	struct kt_told t;

	if (!a->is_json && e != KT_EXIT_YES)
		kt_say("%s: %s", a->dir, text);
	else if (!a->is_json && !a->is_quiet)
		(void)printf("%s\n", text);
	if (!a->is_json)
		return e;
	kt_told_begin(&t);
	if (e != KT_EXIT_YES)
		kt_audit_member_text(&t.put, "error", kt_span_of(text));
	kt_audit_member_text(&t.put, "result", kt_span_of(kt_told_word(e)));
	kt_audit_member_some(&t.put, "subject", kt_span_of(subject));
	kt_told_end(&t);
	return e;
}

static enum kt_exit
place(const struct asked *a)
{
	char pseudonym[KT_AUDIT_PSEUDONYM] = "";
	struct kt_order_answer answer = { .code = KT_EXIT_UNKNOWN };
	struct kt_err err = { 0 };
	struct kt_audit_put p;
	struct kt_buf order;
	enum kt_rc rc;

	if (!has_log(a->dir))
		return tell(a, "", KT_EXIT_UNKNOWN, "no log is here");
	if (a->subject != NULL && !find_subject(a, pseudonym)) {
		(void)kt_fail(&err, KT_E_MISUSE,
		    "nobody is known by the name '%s'", a->subject);
		return tell(a, "", KT_EXIT_NO, err.text);
	}
	kt_buf_init(&order, ORDER_BYTES);
	kt_audit_put_begin(&p, &order);
	kt_audit_member_some(&p, "by", text_of(a->by));
	if (a->days > 0)
		kt_audit_member_int(&p, "days", a->days);
	kt_audit_member_text(&p, "do", kt_span_of(a->what));
	kt_audit_member_some(&p, "ground", text_of(a->ground));
	kt_audit_member_some(&p, "name", text_of(a->name));
	if (a->record != NULL)
		kt_audit_member_int(&p, "record", *a->record);
	kt_audit_member_some(&p, "subject", kt_span_of(pseudonym));
	rc = kt_audit_put_finish(&p, &err);
	if (rc == KT_OK)
		rc = kt_order_place(
		    a->dir, kt_buf_span(&order), &answer, &err);
	kt_buf_fini(&order);
	return rc < 0 ? tell(a, pseudonym, KT_EXIT_UNKNOWN, err.text) :
	    tell(a, pseudonym, answer.code, answer.text);
}

enum kt_exit
kt_audit_rotate_key(const char *dir, bool is_json)
{
	return place(&(struct asked){ .what = "rotate", .dir = dir,
	    .is_json = is_json });
}

enum kt_exit
kt_audit_order_reveal(const char *dir, uint64_t index, const char *field,
    const char *reason, const char *by, struct kt_span subject)
{
	char whose[KT_AUDIT_PSEUDONYM];

	(void)snprintf(whose, sizeof(whose), "%.*s", KT_SPAN_ARG(subject));
	return place(&(struct asked){ .what = "reveal", .dir = dir,
	    .name = field, .ground = reason, .by = by, .record = &index,
	    .subject = kt_span_starts(subject, KT_SPAN("p:")) ? whose : NULL,
	    .is_quiet = true });
}

enum kt_exit
kt_audit_order_revoke(const char *dir, uint64_t index, const char *by)
{
	return place(&(struct asked){ .what = "revoke", .dir = dir, .by = by,
	    .record = &index, .is_quiet = true });
}

enum kt_exit
kt_audit_order_retain(
    const char *dir, uint64_t days, const char *ground, const char *by)
{
	return place(&(struct asked){ .what = "retain", .dir = dir,
	    .days = days, .ground = ground, .by = by, .is_quiet = true });
}

enum kt_exit
kt_cmd_audit_erase(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ SUBJECT, "subject", "ID", "whose records they are" },
		{ GROUND, "ground", "CODE", "why, in a word: gdpr-17" },
		{ BY, "by", "NAME", "who ordered it, in a word" },
		KT_OPT_JSON_LINE,
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct asked a = { .what = "erase" };
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == KT_OPT_JSON)
			a.is_json = true;
		else
			*(c == SUBJECT ? &a.subject : c == GROUND ?
			    &a.ground : &a.by) = args.value;
	}
	if (a.subject == NULL || argc - args.operand > 1)
		return kt_misuse(self, a.subject == NULL ? "no --subject" :
		    "one directory at a time");
	a.dir = kt_audit_dir_default(
	    args.operand < argc ? argv[args.operand] : NULL);
	return place(&a);
}

enum kt_exit
kt_cmd_audit_hold(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ SUBJECT, "subject", "ID", "whom it covers; else everybody" },
		{ RELEASE, "release", NULL, "end it" },
		{ BY, "by", "NAME", "who ordered it, in a word" },
		KT_OPT_JSON_LINE,
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct asked a = { .what = "hold" };
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == RELEASE)
			a.what = "release";
		else if (c == KT_OPT_JSON)
			a.is_json = true;
		else
			*(c == SUBJECT ? &a.subject : &a.by) = args.value;
	}
	if (args.operand == argc || argc - args.operand > 2)
		return kt_misuse(self, "one name and one directory");
	a.name = argv[args.operand];
	a.dir = kt_audit_dir_default(args.operand + 1 < argc ?
	    argv[args.operand + 1] : NULL);
	return place(&a);
}
