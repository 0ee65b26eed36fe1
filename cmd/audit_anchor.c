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
#include "cmd/audit/find.h"
#include "cmd/cmd.h"

enum { TO = KT_OPT_LONG, SYSLOG };

static const struct kt_opt options[] = {
	{ TO, "to", "FOLDER", "where checkpoints are put; may be write-once" },
	{ SYSLOG, "syslog", NULL, "size and root as a line of the system's log" },
};

struct run {
	const char *to;
	bool has_syslog;
	struct kt_audit_dir dir;
	struct kt_audit_signed_tree tree;
	char stem[17];   /* of this log's files: of its origin's hash */
	uint64_t newest; /* the largest size that is anchored */
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
		(void)printf("%s\n", path);
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
	if (r->has_syslog)
		tell_syslog(r);
	return KT_OK;
}

enum kt_exit
kt_cmd_audit_anchor(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct run r = { .dir = { .notes = KT_DISK_FILE_INIT } };
	enum kt_rc rc;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		if (opt == TO)
			r.to = args.value;
		else
			r.has_syslog = true;
	}
	if (argc - args.operand > 1 || (r.to == NULL && !r.has_syslog))
		return kt_misuse(self, "name a directory, and where to: --to "
		    "or --syslog");
	rc = anchor(&r, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL));
	if (rc < 0)
		kt_say("%s", r.err.text);
	kt_audit_dir_close(&r.dir);
	return rc == KT_OK ? KT_EXIT_YES :
	    rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
}
