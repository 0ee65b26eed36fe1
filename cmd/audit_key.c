/*
 * audit key - whose log it is, and which key signed what.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/canon.h"
#include "audit/marks.h"
#include "cmd/audit/judge.h"
#include "cmd/audit_orders.h"
#include "cmd/cmd.h"

static const struct kt_opt options[] = { KT_OPT_JSON_LINE };

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
	char vkey[KT_AUDIT_VKEY_TEXT] = "";
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
		kt_audit_member_text(&put, "vkey", kt_span_of(vkey));
		if (kt_audit_put_finish(&put, &j->err) == KT_OK)
			(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	} else {
		(void)printf("key       %s\n", r->has_key ? vkey : "none");
	}
	if (r != NULL && r->nbreaks > 0) {
		kt_say("the log was tampered with: see kt audit verify");
		e = KT_EXIT_NO;
	}
	kt_buf_fini(&out);
	return e;
}

enum kt_exit
kt_cmd_audit_key(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct kt_judge j = { .progress = NULL };
	bool is_json = false, wants_rotation = false;
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		is_json = true;
	}
	if (args.operand < argc && strcmp(argv[args.operand], "rotate") == 0) {
		args.operand++;
		wants_rotation = true;
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	if (wants_rotation)
		return kt_audit_rotate_key(kt_audit_dir_default(
		    args.operand < argc ? argv[args.operand] : NULL));
	e = tell(&j, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL), is_json);
	kt_judge_fini(&j);
	return e;
}
