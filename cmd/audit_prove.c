/*
 * audit prove, audit check - one record, proven to somebody else.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is written is enough without kt: the README in the folder does the
 * check with sha256sum, openssl and thirty lines of Python.
 */
#include <errno.h>
#include <unistd.h>

#include "cmd/audit/bundle.h"
#include "cmd/audit/find.h"
#include "cmd/audit/signed_report.h"
#include "cmd/audit/told.h"
#include "cmd/audit_reveal.h"
#include "cmd/cmd.h"
#include "disk/disk.h"

enum {
	OUT = KT_OPT_LONG, VKEY, CHECKPOINT, CONSISTENCY, REPORT, REVEAL,
	REASON, BY
};

static const struct kt_opt prove_options[] = {
	{ OUT, "out", "FOLDER", "where to write (default: here)" },
	{ CHECKPOINT, "checkpoint", "FILE", "instead of the newest" },
	{ CONSISTENCY, "consistency", "SIZE",
	    "that the log of this size is in it; printed" },
	{ REVEAL, "reveal", "FIELD",
	    "with what was said: request, content or completion" },
	{ REASON, "reason", "CODE", "why it is shown, in a word; recorded" },
	{ BY, "by", "NAME", "who asks, in a word" },
	KT_OPT_JSON_LINE,
};

static const struct kt_opt check_options[] = {
	KT_OPT_JSON_LINE,
	{ VKEY, "vkey", "KEY", "the key to trust, or a file that holds it" },
	{ REPORT, "report", "FILE", "a signed report instead of a folder" },
};

/* Wrong bytes are tamper evidence, an absent record is no proof. */
static enum kt_exit
exit_of(enum kt_rc rc)
{
	return rc == KT_OK ? KT_EXIT_YES :
	    rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
}

static const char *
word_of(enum kt_rc rc)
{
	return rc == KT_OK ? "proven" :
	    rc == KT_E_PARSE ? "not-proven" : "undecided";
}

/* ---- prove ---- */

struct prove {
	const char *out, *checkpoint;
	bool is_json;
	uint64_t older; /* 0: a record */
	uint64_t index;
	struct kt_audit_path older_path;
	struct kt_audit_dir dir;
	struct kt_buf note, line;
	struct kt_audit_signed_tree tree;
	struct kt_reveal reveal[KT_REVEALED_FIELDS];
	size_t nreveals;
	enum kt_exit refused; /* else KT_EXIT_YES; it was explained */
	struct kt_err err;
};

static enum kt_rc
path_of(struct prove *p, const char *name, char path[static KT_PATH_MAX])
{
	int n = snprintf(path, KT_PATH_MAX, "%s/%s", p->out, name);

	return n > 0 && n < KT_PATH_MAX ? KT_OK :
	    kt_fail(&p->err, KT_E_LIMIT, "%s: path too long", p->out);
}

static enum kt_rc
put_file(struct prove *p, const char *name, struct kt_span bytes)
{
	char path[KT_PATH_MAX];

	if (path_of(p, name, path) < 0)
		return p->err.rc;
	return kt_disk_write_atomic(&kt_disk_real, path, bytes, 0644, &p->err);
}

/* The other proofs of a folder are by its checkpoint, and so is a log. */
static enum kt_rc
put_checkpoint(struct prove *p)
{
	struct kt_span note = kt_buf_span(&p->note);
	char path[KT_PATH_MAX];
	struct kt_buf there;
	enum kt_rc rc;

	if (path_of(p, "checkpoint", path) < 0)
		return p->err.rc;
	kt_buf_init(&there, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(&kt_disk_real, path, 4 * KT_AUDIT_NOTE_MAX,
	    &there, &p->err);
	if (rc == KT_E_IO && errno == ENOENT)
		rc = put_file(p, "checkpoint", note);
	else if (rc == KT_OK && !kt_span_eq(kt_buf_span(&there), note))
		rc = kt_fail(&p->err, KT_E_IO, "%s is not the one that the "
		    "proof is by: --out takes a folder without", path);
	kt_buf_fini(&there);
	return rc;
}

/* All are looked at before the first is recorded: half is not asked for. */
static enum kt_rc
open_fields(struct prove *p)
{
	for (size_t i = 0; i < p->nreveals; i++) {
		if (kt_reveal_open(&p->reveal[i], &p->dir,
		    kt_buf_span(&p->line), &p->err) < 0)
			return p->err.rc;
	}
	for (size_t i = 0; i < p->nreveals; i++) {
		p->refused = kt_reveal_tell(&p->reveal[i], p->dir.dir);
		if (p->refused != KT_EXIT_YES)
			return KT_E_MISUSE;
	}
	return KT_OK;
}

static enum kt_rc
write_fields(struct prove *p, uint64_t index, struct kt_buf *readme)
{
	for (size_t i = 0; i < p->nreveals; i++) {
		const struct kt_reveal *r = &p->reveal[i];

		if (kt_revealed_write(p->out, index, r->field,
		    r->is_salted ? r->salt : NULL, r->bytes, &p->err) < 0 ||
		    kt_revealed_readme(index, r->field, r->is_salted,
			r->bytes.ptr != NULL, readme, &p->err) < 0)
			return p->err.rc;
	}
	return KT_OK;
}

static enum kt_rc
write_bundle(struct prove *p, uint64_t index, const struct kt_audit_path *path)
{
	struct kt_audit_proof proof = { .index = index, .path = *path,
		.checkpoint = kt_buf_span(&p->note) };
	char vkey[KT_AUDIT_VKEY_TEXT] = "KEY", name[64];
	struct kt_buf text;
	enum kt_rc rc;

	if (p->tree.is_signed)
		kt_audit_vkey_text(&p->tree.key, vkey);
	kt_buf_init(&text, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_mkdir(&kt_disk_real, p->out, 0755, &p->err);
	if (rc == KT_OK)
		rc = put_checkpoint(p);
	if (rc == KT_OK)
		rc = kt_audit_proof_write(&proof, &text, &p->err);
	(void)snprintf(name, sizeof(name), "%llu.tlog-proof",
	    (unsigned long long)index);
	if (rc == KT_OK)
		rc = put_file(p, name, kt_buf_span(&text));
	(void)snprintf(
	    name, sizeof(name), "%llu.json", (unsigned long long)index);
	if (rc == KT_OK)
		rc = put_file(p, name, kt_buf_span(&p->line));
	kt_buf_reset(&text);
	if (rc == KT_OK)
		rc = kt_bundle_readme(index, vkey, &text, &p->err);
	if (rc == KT_OK)
		rc = write_fields(p, index, &text);
	if (rc == KT_OK)
		rc = put_file(p, "README.md", kt_buf_span(&text));
	kt_buf_fini(&text);
	return rc;
}

static enum kt_rc
prove_record(struct prove *p, uint64_t index)
{
	struct kt_audit_path path;
	uint8_t leaf[KT_AUDIT_HASH];
	enum kt_rc rc;

	if (kt_audit_find(&p->dir, index, &p->line, &p->err) < 0)
		return p->err.rc;
	kt_audit_leaf_of(kt_buf_span(&p->line), leaf);
	if (kt_audit_dir_prove(&p->dir, leaf, index, &p->tree.cp, &path,
	    &p->err) < 0)
		return p->err.rc;
	rc = open_fields(p);
	return rc == KT_OK ? write_bundle(p, index, &path) : rc;
}

static enum kt_rc
prove_older(struct prove *p)
{
	return kt_audit_dir_prove_older(
	    &p->dir, p->older, &p->tree.cp, &p->older_path, &p->err);
}

static void
tell_older(const struct prove *p, struct kt_audit_put *put)
{
	char text[45];

	for (unsigned i = 0; i < p->older_path.n; i++) {
		kt_audit_base64(p->older_path.hash[i], KT_AUDIT_HASH, text);
		if (put != NULL)
			kt_audit_put_text(put, kt_span_of(text));
		else
			(void)printf("%s\n", text);
	}
}

static void
tell_record(const struct prove *p)
{
	unsigned long long index = p->index;

	(void)printf("record %llu of %.*s is proven by the checkpoint of %llu "
	    "records\n%s/%llu.tlog-proof and, beside it, %llu.json, "
	    "checkpoint, README.md\n", index,
	    KT_SPAN_ARG(p->tree.cp.origin),
	    (unsigned long long)p->tree.cp.size, p->out, index, index);
	for (size_t i = 0; i < p->nreveals; i++) {
		const struct kt_reveal *r = &p->reveal[i];

		(void)printf("%s/%llu.%s%s\n", p->out, index, r->name,
		    r->bytes.ptr == NULL ?
		    ".salt, without the bytes, which are not kept" :
		    r->is_salted ? " and its .salt" : "");
	}
}

/* The files of a record, or the hashes between two sizes. */
static void
tell_prove(const struct prove *p, enum kt_rc rc)
{
	struct kt_told t;

	if (!p->is_json) {
		if (rc == KT_OK && p->older > 0)
			tell_older(p, NULL);
		else if (rc == KT_OK)
			tell_record(p);
		else if (p->refused == KT_EXIT_YES)
			kt_say("%s", p->err.text);
		return;
	}
	kt_told_begin(&t);
	if (rc < 0 && p->refused == KT_EXIT_YES)
		kt_audit_member_text(
		    &t.put, "error", kt_span_of(p->err.text));
	if (p->older == 0)
		kt_audit_member_text(&t.put, "folder", kt_span_of(p->out));
	if (p->older > 0) {
		kt_audit_put_name(&t.put, "hashes");
		kt_audit_put_open(&t.put, '[');
		tell_older(p, &t.put);
		kt_audit_put_close(&t.put, ']');
		kt_audit_member_int(&t.put, "older", p->older);
	} else {
		kt_audit_member_int(&t.put, "index", p->index);
	}
	kt_audit_member_some(&t.put, "origin", p->tree.cp.origin);
	kt_audit_member_text(&t.put, "result", kt_span_of(word_of(rc)));
	kt_audit_member_int(&t.put, "size", p->tree.cp.size);
	kt_told_end(&t);
}

static enum kt_rc
prove(struct prove *p, const char *dir)
{
	if (kt_audit_dir_open(&p->dir, dir, &p->err) < 0 ||
	    kt_audit_dir_list(&p->dir, &p->err) < 0)
		return p->err.rc;
	if (p->checkpoint == NULL) {
		if (kt_buf_add(&p->note, kt_buf_span(&p->dir.newest)) < 0)
			return kt_fail(&p->err, KT_E_LIMIT, "no memory");
	} else if (kt_disk_read_file(&kt_disk_real, p->checkpoint,
	    KT_AUDIT_NOTE_MAX, &p->note, &p->err) < 0) {
		return p->err.rc;
	}
	if (kt_audit_newest(&p->dir, kt_buf_span(&p->note),
	    (struct kt_span){ .ptr = NULL }, &p->tree, &p->err) < 0)
		return p->err.rc;
	return p->older > 0 ? prove_older(p) : prove_record(p, p->index);
}

static enum kt_exit
add_field(struct prove *p, const struct kt_cmd *self, const char *name)
{
	if (kt_revealed_named(name) == NULL)
		return kt_misuse(self, "--reveal takes request, content or "
		    "completion");
	for (size_t i = 0; i < p->nreveals; i++) {
		if (strcmp(p->reveal[i].name, name) == 0)
			return kt_misuse(self, "--reveal %s twice", name);
	}
	p->reveal[p->nreveals++] = (struct kt_reveal){ .name = name,
		.is_for_proof = true };
	return KT_EXIT_YES;
}

/* Each of them is a record of its own. */
static enum kt_exit
give_reason(struct prove *p, const struct kt_cmd *self, const char *reason,
    const char *by)
{
	if (p->nreveals > 0 && (reason == NULL || p->older > 0))
		return kt_misuse(self, reason == NULL ?
		    "--reveal is recorded, with a --reason" :
		    "--consistency shows no record");
	if (p->nreveals == 0 && (reason != NULL || by != NULL))
		return kt_misuse(self, "--reason and --by are for --reveal");
	for (size_t i = 0; i < p->nreveals; i++) {
		p->reveal[i].reason = reason;
		p->reveal[i].by = by;
	}
	return KT_EXIT_YES;
}

enum kt_exit
kt_cmd_audit_prove(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = prove_options,
		.opts_n = KT_NELEMS(prove_options), .argc = argc,
		.argv = argv };
	struct prove p = { .out = ".", .refused = KT_EXIT_YES };
	const char *reason = NULL, *by = NULL;
	enum kt_exit e;
	int opt, want;
	enum kt_rc rc;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == OUT)
			p.out = args.value;
		else if (opt == KT_OPT_JSON)
			p.is_json = true;
		else if (opt == CHECKPOINT)
			p.checkpoint = args.value;
		else if (opt == REASON || opt == BY)
			*(opt == REASON ? &reason : &by) = args.value;
		else if (opt == REVEAL) {
			e = add_field(&p, self, args.value);
			if (e != KT_EXIT_YES)
				return e;
		} else if (!kt_span_u64(kt_span_of(args.value), &p.older) ||
		    p.older == 0)
			return kt_misuse(self, "'%s' is no size", args.value);
	}
	e = give_reason(&p, self, reason, by);
	if (e != KT_EXIT_YES)
		return e;
	want = p.older > 0 ? 0 : 1;
	if (argc - args.operand < want || argc - args.operand > want + 1)
		return kt_misuse(self, "give a directory and an index");
	if (want > 0 && !kt_span_u64(kt_span_of(argv[argc - 1]), &p.index))
		return kt_misuse(self, "'%s' is no index", argv[argc - 1]);
	kt_buf_init(&p.note, 4 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&p.line, 2 * KT_AUDIT_LINE_MAX);
	rc = prove(&p, kt_audit_dir_default(argc - args.operand > want ?
	    argv[args.operand] : NULL));
	tell_prove(&p, rc);
	for (size_t i = 0; i < p.nreveals; i++)
		kt_reveal_fini(&p.reveal[i]);
	kt_audit_dir_close(&p.dir);
	kt_buf_fini(&p.note);
	kt_buf_fini(&p.line);
	return p.refused != KT_EXIT_YES ? p.refused : exit_of(rc);
}

/* ---- check ---- */

static void
tell_revealed(const struct kt_bundle *b)
{
	unsigned long long i = b->proof.index;

	for (size_t k = 0; k < KT_REVEALED_FIELDS; k++) {
		const char *name = kt_revealed_fields[k].name;

		if (b->revealed.field[k].state == KT_REVEALED_BYTES)
			(void)printf("%llu.%s is what the record commits to\n",
			    i, name);
		else if (b->revealed.field[k].state == KT_REVEALED_SALT)
			(void)printf("Not checked: the %s, of which only the "
			    "salt is here\n", name);
	}
}

static void
put_revealed(struct kt_audit_put *put, const struct kt_bundle *b)
{
	kt_audit_put_name(put, "revealed");
	kt_audit_put_open(put, '[');
	for (size_t k = 0; k < KT_REVEALED_FIELDS; k++) {
		if (b->revealed.field[k].state == KT_REVEALED_NOT)
			continue;
		kt_audit_put_open(put, '{');
		kt_audit_member_int(
		    put, "bytes", b->revealed.field[k].bytes);
		kt_audit_member_text(put, "field",
		    kt_span_of(kt_revealed_fields[k].name));
		kt_audit_member_bool(put, "is_checked",
		    b->revealed.field[k].state == KT_REVEALED_BYTES);
		kt_audit_put_close(put, '}');
	}
	kt_audit_put_close(put, ']');
}

static void
tell_proven(const struct kt_bundle *b)
{
	(void)printf("record %llu of %.*s is in the checkpoint of %llu "
	    "records,\nwhich is signed by %s\n",
	    (unsigned long long)b->proof.index,
	    KT_SPAN_ARG(b->tree.cp.origin),
	    (unsigned long long)b->tree.cp.size, b->tree.key.name);
	tell_revealed(b);
	(void)printf("Not proven: whether the log goes on from here, and the "
	    "truth of the record\n");
}

static void
tell_check(const struct kt_bundle *b, bool is_json, enum kt_rc rc,
    const struct kt_err *err)
{
	struct kt_told t;

	if (!is_json) {
		if (rc < 0)
			kt_say("%s", err->text);
		else
			tell_proven(b);
		(void)printf("RESULT %s\n", rc == KT_OK ? "proven" :
		    rc == KT_E_PARSE ? "NOT PROVEN" : "undecided");
		return;
	}
	kt_told_begin(&t);
	if (rc < 0)
		kt_audit_member_text(&t.put, "error", kt_span_of(err->text));
	kt_audit_member_int(&t.put, "index", b->proof.index);
	kt_audit_member_some(&t.put, "origin", b->tree.cp.origin);
	kt_audit_member_text(&t.put, "result", kt_span_of(word_of(rc)));
	put_revealed(&t.put, b);
	kt_audit_member_int(&t.put, "size", b->tree.cp.size);
	kt_told_end(&t);
}

static enum kt_exit
check_report(const char *report, struct kt_span vkey, bool is_json,
    enum kt_rc rc, struct kt_err *err)
{
	const char *result = "undecided";

	if (rc == KT_OK)
		rc = kt_report_check(report, vkey, err);
	if (rc == KT_OK || rc == KT_E_PARSE)
		result = rc == KT_OK ? "proven" : "not-proven";
	if (rc < 0)
		kt_say("%s", err->text);
	(void)printf(is_json ? "{\"result\":\"%s\"}\n" : "RESULT %s\n",
	    is_json || rc != KT_E_PARSE ? result : "NOT PROVEN");
	return exit_of(rc);
}

enum kt_exit
kt_cmd_audit_check(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = check_options,
		.opts_n = KT_NELEMS(check_options), .argc = argc,
		.argv = argv };
	enum kt_exit e;
	struct kt_bundle b;
	struct kt_buf key;
	struct kt_err err = { .rc = KT_OK };
	bool is_json = false;
	const char *vkey = NULL, *report = NULL;
	enum kt_rc rc;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == KT_OPT_JSON)
			is_json = true;
		else
			*(opt == VKEY ? &vkey : &report) = args.value;
	}
	if (argc - args.operand > (report == NULL ? 1 : 0))
		return kt_misuse(self, "one proof at a time");
	if (vkey == NULL)
		return kt_misuse(self, "--vkey is needed: a proof is worth as "
		    "much as the key it is held against");
	kt_buf_init(&key, 1u << 16);
	rc = kt_text_or_file(vkey, &key, &err);
	if (report != NULL) {
		e = check_report(report, kt_buf_span(&key), is_json, rc, &err);
		kt_buf_fini(&key);
		return e;
	}
	if (rc == KT_OK)
		rc = kt_bundle_check(&b, args.operand < argc ?
		    argv[args.operand] : ".", kt_buf_span(&key), &err);
	else
		kt_bundle_init(&b);
	tell_check(&b, is_json, rc, &err);
	kt_bundle_fini(&b);
	kt_buf_fini(&key);
	return exit_of(rc);
}
