/*
 * audit show - one record, its proof, and what it belongs to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/canon.h"
#include "cmd/audit/bundle.h"
#include "cmd/audit/find.h"
#include "cmd/audit/row.h"
#include "cmd/audit_reveal.h"
#include "cmd/cmd.h"

#define LINEAGE_MAX 50 /* calls of one conversation that are listed */

enum { VKEY = KT_OPT_LONG, REVEAL, REASON, BY };

static const struct kt_opt options[] = {
	KT_OPT_JSON_LINE,
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	{ REVEAL, "reveal", "FIELD", "what was said: request or completion" },
	{ REASON, "reason", "CODE", "why it is shown, in a word; recorded" },
	{ BY, "by", "NAME", "who asks, in a word" },
};

struct show {
	struct kt_audit_dir dir;
	struct kt_buf line, key;
	struct kt_audit_line env; /* borrows from line */
	struct kt_span wanted;    /* a call's id, or the conversation */
	size_t listed, more;
	bool is_found;
	struct kt_err err;
};

/* ---- finding it ---- */

static bool
is_call(void *arg, struct kt_span line)
{
	struct show *s = arg;
	struct kt_span id, type;

	if (!kt_audit_member_of_text(line, "call_id", &id) ||
	    !kt_span_eq(id, s->wanted) ||
	    !kt_audit_member_of_text(line, "type", &type) ||
	    kt_span_eq(type, KT_SPAN("open")))
		return true;
	kt_buf_reset(&s->line);
	s->is_found = kt_buf_add(&s->line, line) == KT_OK;
	return false;
}

static enum kt_rc
find(struct show *s, const char *what)
{
	uint64_t index;

	s->wanted = kt_span_of(what);
	if (kt_span_u64(s->wanted, &index)) {
		if (kt_audit_find(&s->dir, index, &s->line, &s->err) < 0)
			return s->err.rc;
	} else {
		if (kt_audit_scan(&s->dir, 0, is_call, s, &s->err) < 0)
			return s->err.rc;
		if (!s->is_found)
			return kt_fail(&s->err, KT_E_MISUSE,
			    "there is no call '%s'", what);
	}
	return kt_audit_line_parse(kt_buf_span(&s->line), &s->env, &s->err);
}

/* ---- telling ---- */

static bool
print_member(void *arg, struct kt_span name, struct kt_span value)
{
	(void)arg;
	kt_row_column(name, 21);
	kt_row_put(value);
	(void)printf("\n");
	return true;
}

static enum kt_exit
print_proof(struct show *s)
{
	struct kt_audit_signed_tree tree;
	struct kt_audit_path path;
	uint8_t leaf[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];
	enum kt_rc rc;

	kt_audit_leaf_of(kt_buf_span(&s->line), leaf);
	kt_hex(leaf, sizeof(leaf), hex);
	(void)printf("\nleaf hash %s\nproof     ", hex);
	rc = kt_audit_newest(&s->dir, kt_buf_span(&s->dir.newest),
	    kt_buf_span(&s->key), &tree, &s->err);
	if (rc == KT_OK)
		rc = kt_audit_dir_prove(
		    &s->dir, leaf, s->env.i, &tree.cp, &path, &s->err);
	if (rc == KT_OK)
		(void)printf("in the checkpoint of %llu records, %s\n",
		    (unsigned long long)tree.cp.size,
		    !tree.is_signed ? "which is not signed" :
		    tree.is_pinned ? "signed by the pinned key" :
				     "signed by the log's own key");
	else
		(void)printf("%s: %s\n", rc == KT_E_PARSE ? "NONE" :
		    "undecided", s->err.text);
	return rc == KT_OK ? KT_EXIT_YES :
	    rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
}

static bool
list_call(void *arg, struct kt_span line)
{
	struct show *s = arg;
	struct kt_span c;

	if (!kt_audit_member_of_text(line, "agent.conversation", &c) ||
	    !kt_span_eq(c, s->wanted))
		return true;
	if (s->listed++ < LINEAGE_MAX)
		kt_row(line);
	else
		s->more++;
	return true;
}

/* Principal, agent, tools, and the other calls of the same conversation. */
static void
print_lineage(struct show *s)
{
	struct kt_span line = kt_buf_span(&s->line), v;

	if (!kt_audit_member(line, "principal", &v))
		return;
	(void)printf("\nprincipal ");
	kt_row_put(v);
	(void)printf("\nagent     ");
	if (kt_audit_member(line, "agent", &v))
		kt_row_put(v);
	(void)printf("\ntools     ");
	if (kt_audit_member(line, "tool_invocations", &v))
		kt_row_put(v);
	(void)printf("\n");
	if (!kt_audit_member_of_text(line, "agent.conversation", &s->wanted) ||
	    s->wanted.len == 0)
		return;
	(void)printf("calls of this conversation:\n");
	kt_row_head();
	if (kt_audit_scan(&s->dir, 0, list_call, s, &s->err) < 0)
		kt_say("%s", s->err.text);
	if (s->more > 0)
		(void)printf("and %zu more: kt audit query --conversation\n",
		    s->more);
}

/* The bytes themselves, and nothing else on standard output. */
static enum kt_exit
print_content(struct show *s, struct kt_reveal *r)
{
	enum kt_rc rc = kt_reveal_open(
	    r, &s->dir, kt_buf_span(&s->line), &s->err);
	enum kt_exit e = rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;

	if (rc < 0)
		kt_say("%s", s->err.text);
	else
		e = kt_reveal_tell(r, s->dir.dir);
	if (e == KT_EXIT_YES && fwrite(r->bytes.ptr, 1, r->bytes.len, stdout) !=
	    r->bytes.len)
		e = KT_EXIT_UNKNOWN;
	kt_reveal_fini(r);
	return e;
}

static enum kt_exit
show(struct show *s, const char *dir, const char *what, bool is_json,
    struct kt_reveal *reveal)
{
	enum kt_exit e;

	if (kt_audit_dir_open(&s->dir, dir, &s->err) < 0 ||
	    kt_audit_dir_list(&s->dir, &s->err) < 0 || find(s, what) < 0) {
		kt_say("%s", s->err.text);
		return KT_EXIT_UNKNOWN;
	}
	if (reveal->name != NULL)
		return print_content(s, reveal);
	if (is_json) {
		(void)printf("%.*s\n", KT_SPAN_ARG(kt_buf_span(&s->line)));
		return KT_EXIT_YES;
	}
	if (kt_audit_canon_check(kt_buf_span(&s->line), print_member, NULL,
	    &s->err) < 0)
		kt_say("%s", s->err.text);
	e = print_proof(s);
	print_lineage(s);
	return e;
}

enum kt_exit
kt_cmd_audit_show(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct show s = { .err = { .rc = KT_OK } };
	struct kt_reveal reveal = { .name = NULL };
	const char *vkey = NULL;
	bool is_json = false;
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == KT_OPT_JSON)
			is_json = true;
		else
			*(opt == VKEY ? &vkey : opt == REVEAL ? &reveal.name :
			    opt == REASON ? &reveal.reason : &reveal.by) =
			    args.value;
	}
	if (reveal.name != NULL) {
		if (strcmp(reveal.name, "request") != 0 &&
		    strcmp(reveal.name, "completion") != 0)
			return kt_misuse(self, "--reveal takes request or "
			    "completion");
		if (reveal.reason == NULL || is_json)
			return kt_misuse(self, is_json ?
			    "--reveal prints bytes, which are no JSON" :
			    "--reveal is recorded, with a --reason");
	}
	if (argc - args.operand < 1 || argc - args.operand > 2)
		return kt_misuse(self, "give an index or a call's id");
	kt_buf_init(&s.line, 2 * KT_AUDIT_LINE_MAX);
	kt_buf_init(&s.key, 1u << 20);
	s.dir.notes.fd = -1;
	if (vkey != NULL && kt_text_or_file(vkey, &s.key, &s.err) < 0) {
		e = kt_exit_untold(&s.err);
	} else {
		e = show(&s, kt_audit_dir_default(argc - args.operand > 1 ?
		    argv[args.operand] : NULL), argv[argc - 1], is_json,
		    &reveal);
	}
	kt_audit_dir_close(&s.dir);
	kt_buf_fini(&s.line);
	kt_buf_fini(&s.key);
	return e;
}
