/*
 * audit anchor - a checkpoint put where the log's keepers cannot take it back.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A folder on write-once media, a mount of another machine, a bucket with a
 * lock: two hundred bytes there fix everything before them.  Each anchor is
 * held against the one before, so that a log that was put back is noticed on
 * the day it is anchored and not years later.
 */
#include <errno.h>
#include <syslog.h>

#include "audit/proof.h"
#include "audit/stamp.h"
#include "cmd/audit/find.h"
#include "cmd/audit/stamped.h"
#include "cmd/audit/told.h"

enum { TO = KT_OPT_LONG, SYSLOG, ASK, STAMP, TSA_CA };

static const struct kt_opt options[] = {
	{ TO, "to", "FOLDER", "where checkpoints are put; may be write-once" },
	{ SYSLOG, "syslog", NULL, "size and root as a line of the system's log" },
	{ ASK, "stamp-request", "FILE", "write what to ask a time authority" },
	{ STAMP, "stamp", "FILE", "keep its answer beside what it stamps" },
	{ TSA_CA, "tsa-ca", "FILE", "certificates that it is trusted by" },
	KT_OPT_JSON_LINE,
};

struct run {
	const char *to, *ask, *stamp, *tsa_ca;
	bool has_syslog, is_json;
	struct kt_audit_dir dir;
	struct kt_audit_signed_tree tree;
	char stem[17];   /* of this log's files: of its origin's hash */
	uint64_t newest; /* the largest size that is anchored */
	struct kt_audit_stamp stamped;
	bool is_kept; /* there was something that it stamps */
	char name[KT_PATH_MAX]; /* of what is written */
	struct kt_err err;
};

static void
path_of(const struct run *r, uint64_t size, char path[static KT_PATH_MAX])
{
	(void)snprintf(path, KT_PATH_MAX, "%s/%s-%012llu.checkpoint", r->to,
	    r->stem, (unsigned long long)size);
}

static bool
see(void *arg, const char *name)
{
	struct run *r = arg;
	struct kt_span s = kt_span_of(name);
	uint64_t size;

	if (s.len > 28 && kt_span_starts(s, kt_span_of(r->stem)) &&
	    kt_span_ends(s, KT_SPAN(".checkpoint")) &&
	    kt_span_u64(kt_span_sub(s, 17, s.len - 28), &size) &&
	    size > r->newest)
		r->newest = size;
	return true;
}

/* What is there must be of the same history. */
static enum kt_rc
hold_against(struct run *r)
{
	char path[KT_PATH_MAX];
	struct kt_audit_checkpoint old;
	struct kt_audit_path proof;
	struct kt_buf note;
	enum kt_rc rc;

	path_of(r, r->newest, path);
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note, &r->err);
	if (rc == KT_OK)
		rc = kt_audit_checkpoint_parse(
		    kt_buf_span(&note), &old, &r->err);
	if (rc == KT_OK && old.size > r->tree.cp.size)
		rc = kt_fail(&r->err, KT_E_PARSE, "the log has %llu records, "
		    "and %llu were anchored: it was cut or put back",
		    (unsigned long long)r->tree.cp.size,
		    (unsigned long long)old.size);
	if (rc == KT_OK && old.size < r->tree.cp.size)
		rc = kt_audit_dir_prove_older(
		    &r->dir, old.size, &r->tree.cp, &proof, &r->err);
	if (rc == KT_OK && (old.size < r->tree.cp.size ?
		!kt_audit_consistency_holds(old.size, old.root,
		    r->tree.cp.size, r->tree.cp.root, &proof) :
		memcmp(old.root, r->tree.cp.root, KT_AUDIT_HASH) != 0))
		rc = kt_fail(&r->err, KT_E_PARSE, "the log is another one than "
		    "was anchored at %llu records",
		    (unsigned long long)old.size);
	kt_buf_fini(&note);
	return rc;
}

static enum kt_rc
put_note(struct run *r)
{
	char path[KT_PATH_MAX];
	struct kt_disk_file f;
	enum kt_rc rc;

	path_of(r, r->tree.cp.size, path);
	rc = kt_disk_open(&f, &kt_disk_real, path, KT_DISK_NEW, &r->err);
	if (rc < 0)
		return rc;
	rc = kt_disk_append(&f, kt_buf_span(&r->dir.newest), &r->err);
	if (rc == KT_OK)
		rc = kt_disk_sync(&f, &r->err);
	kt_disk_close(&f);
	if (rc == KT_OK)
		(void)snprintf(r->name, sizeof(r->name), "%s", path);
	return rc;
}

static enum kt_rc
anchor_to(struct run *r)
{
	if (kt_disk_list(&kt_disk_real, r->to, see, r, &r->err) < 0)
		return r->err.rc;
	if (r->newest > 0 && hold_against(r) < 0)
		return r->err.rc;
	return r->newest == r->tree.cp.size ? KT_OK : put_note(r);
}

static void
tell_syslog(const struct run *r)
{
	char root[2 * KT_AUDIT_HASH + 1];

	kt_hex(r->tree.cp.root, KT_AUDIT_HASH, root);
	openlog("kt", 0, LOG_AUTHPRIV);
	syslog(LOG_NOTICE, "audit %.*s %llu %s",
	    KT_SPAN_ARG(r->tree.cp.origin),
	    (unsigned long long)r->tree.cp.size, root);
	closelog();
}

/* ---- time stamps ---- */

static enum kt_rc
put_request(struct run *r)
{
	uint8_t digest[KT_AUDIT_HASH], nonce[KT_AUDIT_STAMP_NONCE];
	struct kt_buf der;
	enum kt_rc rc;

	kt_audit_sha256(kt_buf_span(&r->dir.newest), digest);
	kt_buf_init(&der, 4096);
	rc = kt_disk_random(nonce, sizeof(nonce), &r->err);
	if (rc == KT_OK)
		rc = kt_audit_stamp_ask(digest, nonce, &der, &r->err);
	if (rc == KT_OK)
		rc = kt_disk_replace(&kt_disk_real, r->ask,
		    kt_buf_span(&der), 0644, &r->err);
	kt_buf_fini(&der);
	return rc;
}

/* Beside the checkpoint that it stamps; like that, it is never replaced. */
static bool
see_stamped(void *arg, const char *name)
{
	struct run *r = arg;
	struct kt_span s = kt_span_of(name);
	uint8_t digest[KT_AUDIT_HASH];
	char path[KT_PATH_MAX];
	struct kt_buf note;

	if (!kt_span_ends(s, KT_SPAN(".checkpoint")) ||
	    snprintf(path, sizeof(path), "%s/%s", r->to, name) >=
	        (int)sizeof(path))
		return true;
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	if (kt_disk_read_file(&kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note,
	    &r->err) == KT_OK) {
		kt_audit_sha256(kt_buf_span(&note), digest);
		r->is_kept = memcmp(digest, r->stamped.digest,
		    KT_AUDIT_HASH) == 0;
	}
	kt_buf_fini(&note);
	if (r->is_kept)
		(void)snprintf(r->name, sizeof(r->name), "%s/%.*s.tsr", r->to,
		    (int)(s.len - strlen(".checkpoint")), name);
	return !r->is_kept;
}

static enum kt_rc
put_stamp(struct run *r, struct kt_span answer)
{
	struct kt_disk_file f = KT_DISK_FILE_INIT;
	enum kt_rc rc;

	if (kt_disk_list(&kt_disk_real, r->to, see_stamped, r, &r->err) < 0)
		return r->err.rc;
	if (!r->is_kept)
		return kt_fail(&r->err, KT_E_PARSE, "%s: it stamps nothing that "
		    "is in %s", r->stamp, r->to);
	rc = kt_disk_open(&f, &kt_disk_real, r->name, KT_DISK_NEW, &r->err);
	if (rc == KT_OK)
		rc = kt_disk_append(&f, answer, &r->err);
	if (rc == KT_OK)
		rc = kt_disk_sync(&f, &r->err);
	kt_disk_close(&f);
	return rc;
}

static enum kt_rc
keep_stamp(struct run *r)
{
	struct kt_buf answer;
	enum kt_rc rc;

	kt_buf_init(&answer, 1u << 20);
	rc = kt_stamp_of_file(
	    r->stamp, r->tsa_ca, &answer, &r->stamped, &r->err);
	if (rc == KT_OK)
		rc = put_stamp(r, kt_buf_span(&answer));
	kt_buf_fini(&answer);
	return rc;
}

static enum kt_rc
anchor(struct run *r, const char *dir)
{
	uint8_t digest[KT_AUDIT_HASH];

	if (kt_audit_dir_open(&r->dir, dir, &r->err) < 0 ||
	    kt_audit_dir_list(&r->dir, &r->err) < 0 ||
	    kt_audit_newest(&r->dir, kt_buf_span(&r->dir.newest),
	    (struct kt_span){ .ptr = NULL }, &r->tree, &r->err) < 0)
		return r->err.rc;
	kt_audit_sha256(r->tree.cp.origin, digest);
	kt_hex(digest, 8, r->stem);
	if (r->to != NULL && anchor_to(r) < 0)
		return r->err.rc;
	if (r->ask != NULL && put_request(r) < 0)
		return r->err.rc;
	if (r->has_syslog)
		tell_syslog(r);
	return KT_OK;
}

static void
tell_text(const struct run *r, enum kt_rc rc)
{
	if (rc < 0)
		kt_say("%s", r->err.text);
	else if (r->name[0] != '\0')
		(void)printf("%s\n", r->name);
	if (rc == KT_OK && r->stamp != NULL)
		(void)printf("there at %s, says who is trusted by %s\n",
		    r->stamped.time, r->tsa_ca);
}

static void
tell_json(const struct run *r, enum kt_rc rc, enum kt_exit e)
{
	char root[2 * KT_AUDIT_HASH + 1];
	struct kt_told t;

	kt_told_begin(&t);
	if (rc < 0)
		kt_audit_member_text(&t.put, "error", kt_span_of(r->err.text));
	else
		kt_audit_member_some(&t.put, "file", kt_span_of(r->name));
	kt_audit_member_some(&t.put, "origin", r->tree.cp.origin);
	kt_audit_member_text(&t.put, "result", kt_span_of(kt_told_word(e)));
	if (r->tree.cp.origin.len > 0) {
		kt_hex(r->tree.cp.root, KT_AUDIT_HASH, root);
		kt_audit_member_text(&t.put, "root", kt_span_of(root));
		kt_audit_member_int(&t.put, "size", r->tree.cp.size);
	}
	if (rc == KT_OK && r->stamp != NULL)
		kt_audit_member_text(
		    &t.put, "time", kt_span_of(r->stamped.time));
	kt_told_end(&t);
}

enum kt_exit
kt_cmd_audit_anchor(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .dir = { .notes = KT_DISK_FILE_INIT } };
	enum kt_exit e;
	enum kt_rc rc;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == SYSLOG)
			r.has_syslog = true;
		else if (opt == KT_OPT_JSON)
			r.is_json = true;
		else
			*(opt == TO ? &r.to : opt == ASK ? &r.ask :
			    opt == STAMP ? &r.stamp : &r.tsa_ca) = args.value;
	}
	if ((r.stamp == NULL) != (r.tsa_ca == NULL) ||
	    ((r.stamp != NULL || r.ask != NULL) && r.to == NULL) ||
	    (r.stamp != NULL && r.ask != NULL))
		return kt_misuse(self, "a time stamp takes --to with "
		    "--stamp-request, then with --stamp and --tsa-ca");
	if (argc - args.operand > 1 || (r.to == NULL && !r.has_syslog))
		return kt_misuse(self, "name a directory, and where to: --to "
		    "or --syslog");
	rc = r.stamp != NULL ? keep_stamp(&r) :
	    anchor(&r, kt_audit_dir_default(args.operand < argc ?
	        argv[args.operand] : NULL));
	e = rc == KT_OK ? KT_EXIT_YES :
	    rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
	if (r.is_json)
		tell_json(&r, rc, e);
	else
		tell_text(&r, rc);
	kt_audit_dir_close(&r.dir);
	return e;
}
