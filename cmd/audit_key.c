/*
 * audit key - whose log it is, and which key signed what.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/canon.h"
#include "audit/marks.h"
#include "cmd/audit/judge.h"
#include "cmd/audit/revoked.h"
#include "cmd/audit/told.h"
#include "cmd/audit_orders.h"
#include "cmd/cmd.h"

enum { AT = KT_OPT_LONG, RECOVERY_KEY, BY };

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	{ AT, "at", "INDEX", "revoke: the first record not to be believed" },
	{ RECOVERY_KEY, "recovery-key", "FILE", "revoke: who may" },
	{ BY, "by", "NAME", "revoke: who ordered it, in a word" },
};

struct asked { /* of revoke */
	const char *at, *key, *by;
	bool is_json;
};

struct keys {
	struct kt_audit_put *put; /* NULL: text */
	uint64_t epochs;
};

static bool
see(void *arg, struct kt_span line)
{
	struct keys *k = arg;
	struct kt_audit_named named;
	struct kt_audit_line l;
	struct kt_err ignored; /* verify says what is wrong with it */
	char vkey[KT_AUDIT_VKEY_TEXT];

	if (kt_audit_line_parse(line, &l, &ignored) < 0 || !l.is_whole ||
	    (!kt_span_eq(l.type, KT_SPAN("genesis")) &&
	    !kt_span_eq(l.type, KT_SPAN("key"))) ||
	    kt_audit_keys_read(line, &named, &ignored) < 0)
		return true;
	if (!named.has_epoch)
		return true;
	k->epochs++;
	kt_audit_vkey_text(&named.epoch, vkey);
	if (k->put == NULL) {
		(void)printf("epoch     from record %llu: %s\n",
		    (unsigned long long)l.i, vkey);
		return true;
	}
	kt_audit_put_open(k->put, '{');
	kt_audit_member_int(k->put, "from", l.i);
	kt_audit_member_text(k->put, "vkey", kt_span_of(vkey));
	kt_audit_put_close(k->put, '}');
	return true;
}

static enum kt_exit
tell(struct kt_judge *j, const char *dir, bool is_json)
{
	struct keys k = { .put = NULL };
	const struct kt_audit_report *r;
	struct kt_audit_put put;
	struct kt_buf out;
	char vkey[KT_AUDIT_VKEY_TEXT] = "", recovery[KT_AUDIT_VKEY_TEXT];
	enum kt_exit e = KT_EXIT_YES;

	kt_buf_init(&out, 64u << 20);
	kt_audit_put_begin(&put, &out);
	put.text_max = KT_AUDIT_VKEY_TEXT;
	if (is_json) {
		k.put = &put;
		kt_audit_put_name(&put, "epochs");
		kt_audit_put_open(&put, '[');
	}
	r = kt_judge(j, dir, KT_SPAN(""), NULL, see, &k);
	if (r != NULL && r->has_key)
		kt_audit_vkey_text(&r->key, vkey);
	if (r == NULL) {
		kt_say("%s", j->err.text);
		e = KT_EXIT_UNKNOWN;
	} else if (is_json) {
		kt_audit_put_close(&put, ']');
		kt_audit_member_bool(&put, "intact", r->nbreaks == 0);
		if (r->has_recovery) {
			kt_audit_vkey_text(&r->recovery, recovery);
			kt_audit_member_text(
			    &put, "recovery_vkey", kt_span_of(recovery));
		}
		kt_audit_member_text(&put, "vkey", kt_span_of(vkey));
		if (kt_audit_put_finish(&put, &j->err) == KT_OK)
			(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	} else {
		(void)printf("key       %s\n", r->has_key ? vkey : "none");
		if (r->has_recovery) {
			kt_audit_vkey_text(&r->recovery, vkey);
			(void)printf("recovery  %s\n", vkey);
		}
	}
	if (r != NULL && r->nbreaks > 0) {
		kt_say("the log was tampered with: see kt audit verify");
		e = KT_EXIT_NO;
	}
	kt_buf_fini(&out);
	return e;
}

/* ---- revoke ---- */

static enum kt_rc
make_note(struct kt_judge *j, const char *dir, const char *key,
    uint64_t index, struct kt_buf *note)
{
	const struct kt_audit_report *r =
	    kt_judge(j, dir, KT_SPAN(""), NULL, NULL, NULL);
	struct kt_revoked before = { .index = 0 };
	uint8_t seed[KT_AUDIT_SEED];
	enum kt_rc rc;

	if (r == NULL)
		return j->err.rc;
	if (index > r->size)
		return kt_fail(&j->err, KT_E_MISUSE, "there are %llu records",
		    (unsigned long long)r->size);
	if (kt_revoked_read(&before, r, j->dir.dir, &j->err) < 0)
		return j->err.rc;
	if (before.is_there && before.index <= index)
		return kt_fail(&j->err, KT_E_MISUSE, "revoked already, from "
		    "record %llu on", (unsigned long long)before.index);
	rc = kt_disk_read_secret(
	    &kt_disk_real, key, seed, sizeof(seed), &j->err);
	if (rc == KT_OK)
		rc = kt_revoked_write(r, index, seed, note, &j->err);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

static void
tell_revoked(const char *path, uint64_t index, enum kt_exit e, const char *why)
{
	struct kt_told t;

	kt_told_begin(&t);
	kt_audit_member_some(&t.put, "error", kt_span_of(why));
	if (e == KT_EXIT_YES)
		kt_audit_member_text(&t.put, "file", kt_span_of(path));
	kt_audit_member_int(&t.put, "from", index);
	kt_audit_member_text(&t.put, "result", kt_span_of(kt_told_word(e)));
	kt_told_end(&t);
}

static enum kt_exit
revoke(struct kt_judge *j, const char *dir, uint64_t index,
    const struct asked *a)
{
	char path[KT_PATH_MAX];
	struct kt_buf note;
	enum kt_exit e = KT_EXIT_UNKNOWN;
	enum kt_rc rc;

	kt_buf_init(&note, KT_AUDIT_NOTE_MAX);
	rc = make_note(j, dir, a->key, index, &note);
	if (rc == KT_OK && snprintf(path, sizeof(path), "%s/" KT_REVOKED_FILE,
	    j->dir.dir) >= (int)sizeof(path))
		rc = kt_fail(&j->err, KT_E_LIMIT, "%s: path too long", dir);
	if (rc == KT_OK)
		e = kt_audit_order_revoke(dir, index, a->by);
	if (rc == KT_OK && e == KT_EXIT_YES)
		rc = kt_disk_write_atomic(&kt_disk_real, path,
		    kt_buf_span(&note), 0644, &j->err);
	if (rc < 0)
		e = rc == KT_E_MISUSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
	if (a->is_json) {
		tell_revoked(path, index, e, rc < 0 ? j->err.text :
		    e != KT_EXIT_YES ? "the order was not carried out" : "");
	} else if (rc < 0) {
		kt_say("%s", j->err.text);
	} else if (e == KT_EXIT_YES) {
		(void)printf("revoked from record %llu on: %s\ngive this file "
		    "to who verifies; stop the gateway, kt audit recover "
		    "--accept-loss, start it again\n",
		    (unsigned long long)index, path);
	}
	kt_buf_fini(&note);
	return e;
}

enum kt_exit
kt_cmd_audit_key(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct kt_judge j = { .progress = NULL };
	bool wants_rotation = false, wants_end = false;
	struct asked a = { .at = NULL };
	const char *dir;
	uint64_t index = 0;
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == KT_OPT_JSON)
			a.is_json = true;
		else
			*(opt == AT ? &a.at : opt == BY ? &a.by : &a.key) =
			    args.value;
	}
	if (args.operand < argc) {
		wants_rotation = strcmp(argv[args.operand], "rotate") == 0;
		wants_end = strcmp(argv[args.operand], "revoke") == 0;
		args.operand += wants_rotation || wants_end;
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	if (wants_end && (a.at == NULL || a.key == NULL ||
	    !kt_span_u64(kt_span_of(a.at), &index)))
		return kt_misuse(self, "revoke takes --at INDEX and "
		    "--recovery-key FILE");
	if (!wants_end && (a.at != NULL || a.key != NULL || a.by != NULL))
		return kt_misuse(self, "--at, --recovery-key and --by are for "
		    "revoke");
	dir = kt_audit_dir_default(
	    args.operand < argc ? argv[args.operand] : NULL);
	if (wants_rotation)
		return kt_audit_rotate_key(dir, a.is_json);
	e = wants_end ? revoke(&j, dir, index, &a) : tell(&j, dir, a.is_json);
	kt_judge_fini(&j);
	return e;
}
