/*
 * audit recover - a log that lost records, and the next one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A gateway does not go on with a log that is shorter than what it signed.
 * To accept that is a person's act: the log is set aside whole, and the next
 * one begins with a record that cites what was lost.
 */
#include <errno.h>
#include <unistd.h>

#include "cmd/audit/judge.h"
#include "cmd/audit/revoked.h"
#include "cmd/audit/told.h"
#include "disk/disk.h"

enum { ACCEPT_LOSS = KT_OPT_LONG };

static const struct kt_opt options[] = {
	{ ACCEPT_LOSS, "accept-loss", NULL,
	    "set the log aside, so that a new one begins" },
	KT_OPT_JSON_LINE,
};

/* What makes a log; the rest of the directory stays. */
static const char *const parts[] = { "seg", "tile", "key", "quarantine",
	"content", "witness", "log.vkey", "checkpoint", "checkpoints",
	KT_REVOKED_FILE };

/* Nobody writes to it while it is moved, nor before. */
static enum kt_rc
take_lock(struct kt_disk_file *f, const char *dir, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/checkpoints", dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (kt_disk_open(f, &kt_disk_real, path, KT_DISK_READ, err) < 0 ||
	    kt_disk_lock(f, err) < 0)
		return kt_wrap(err, "%s", path);
	return KT_OK;
}

static enum kt_rc
move(const char *dir, const char *aside, const char *name, struct kt_err *err)
{
	char from[KT_PATH_MAX], to[KT_PATH_MAX];
	int a = snprintf(from, sizeof(from), "%s/%s", dir, name);
	int b = snprintf(to, sizeof(to), "%s/%s/%s", dir, aside, name);

	if (a < 0 || (size_t)a >= sizeof(from) || b < 0 ||
	    (size_t)b >= sizeof(to))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (kt_disk_real.rename(NULL, from, to) < 0 && errno != ENOENT)
		return kt_fail(err, KT_E_IO, "%s: cannot be moved: %s", from,
		    strerror(errno));
	return KT_OK;
}

/* The text of the newest checkpoint, for the next genesis to cite. */
static enum kt_rc
keep_cites(const char *dir, struct kt_span note, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_span text, lines;
	int n = snprintf(path, sizeof(path), "%s/cites", dir);

	if (n < 0 || (size_t)n >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (!kt_audit_note_split(note, &text, &lines))
		return kt_fail(err, KT_E_PARSE, "%s: no checkpoint", dir);
	return kt_disk_write_atomic(&kt_disk_real, path, text, 0600, err);
}

static enum kt_rc
set_aside(struct kt_judge *j, char aside[static 64], struct kt_err *err)
{
	struct kt_disk_file lock = KT_DISK_FILE_INIT;
	const char *dir = j->dir.dir;
	struct kt_disk_time now;
	char path[KT_PATH_MAX];
	int n;
	enum kt_rc rc;

	kt_disk_now(&now);
	(void)snprintf(aside, 64, "lost-%llu",
	    (unsigned long long)(now.real_us / 1000000));
	n = snprintf(path, sizeof(path), "%s/%s", dir, aside);
	if (n < 0 || (size_t)n >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	rc = take_lock(&lock, dir, err);
	if (rc == KT_OK)
		rc = keep_cites(dir, kt_buf_span(&j->dir.newest), err);
	if (rc == KT_OK)
		rc = kt_disk_mkdir(&kt_disk_real, path, 0700, err);
	for (size_t i = 0; rc == KT_OK && i < KT_NELEMS(parts); i++)
		rc = move(dir, aside, parts[i], err);
	if (rc == KT_OK)
		rc = kt_disk_sync_dir(&kt_disk_real, path, err);
	if (rc == KT_OK)
		rc = kt_disk_sync_dir(&kt_disk_real, dir, err);
	kt_disk_close(&lock);
	return rc;
}

/* What there is, and what was done about it. */
struct found {
	const struct kt_audit_report *log; /* NULL: not known */
	struct kt_revoked revoked;
	char aside[64]; /* "": nothing was done */
};

static void
tell_text(const struct found *f, const char *dir)
{
	const struct kt_audit_report *r = f->log;

	if (r->nbreaks == 0 && f->revoked.is_there)
		(void)printf("the keys of this log were revoked from record "
		    "%llu on\n", (unsigned long long)f->revoked.index);
	else if (r->nbreaks == 0)
		(void)printf("nothing to do: %llu records, and the newest "
		    "checkpoint covers %llu\na gateway cuts an incomplete tail "
		    "by itself\n", (unsigned long long)r->size,
		    (unsigned long long)r->newest_size);
	else
		(void)printf("%s at record %llu; a checkpoint covers %llu "
		    "records\n", kt_audit_class_name(r->breaks[0].class),
		    (unsigned long long)r->breaks[0].index,
		    (unsigned long long)r->newest_size);
	if (f->aside[0] != '\0')
		(void)printf("the log is in %s/%s; the next start begins "
		    "another one, with another key, that cites it\n", dir,
		    f->aside);
	else if (r->nbreaks > 0 || f->revoked.is_there)
		(void)printf("a gateway does not go on with this log; find a "
		    "copy of it, or see --accept-loss\n");
}

static void
tell_json(const struct found *f, enum kt_exit e, const char *why)
{
	const struct kt_audit_report *r = f->log;
	struct kt_told t;

	kt_told_begin(&t);
	if (r != NULL && r->nbreaks > 0)
		kt_audit_member_text(&t.put, "class", kt_span_of(
		    kt_audit_class_name(r->breaks[0].class)));
	kt_audit_member_some(&t.put, "error", kt_span_of(why));
	if (r != NULL && r->nbreaks > 0)
		kt_audit_member_int(
		    &t.put, "first_bad", r->breaks[0].index);
	kt_audit_member_some(&t.put, "folder", kt_span_of(f->aside));
	if (r != NULL)
		kt_audit_member_int(&t.put, "newest_size", r->newest_size);
	kt_audit_member_text(&t.put, "result", kt_span_of(kt_told_word(e)));
	if (f->revoked.is_there)
		kt_audit_member_int(
		    &t.put, "revoked_from", f->revoked.index);
	if (r != NULL)
		kt_audit_member_int(&t.put, "size", r->size);
	kt_told_end(&t);
}

static enum kt_exit
recover(struct kt_judge *j, const char *dir, bool is_accepted, bool is_json)
{
	struct found f = { .log =
	    kt_judge(j, dir, KT_SPAN(""), NULL, NULL, NULL) };
	enum kt_exit e = KT_EXIT_YES;
	enum kt_rc rc = KT_OK;

	if (f.log == NULL || kt_revoked_read(
	    &f.revoked, f.log, j->dir.dir, &j->err) < 0)
		rc = KT_E_IO;
	else if (f.log->nbreaks == 0 && !f.revoked.is_there)
		is_accepted = false;
	else if (!is_accepted)
		e = KT_EXIT_NO;
	if (rc == KT_OK && is_accepted &&
	    set_aside(j, f.aside, &j->err) < 0) {
		f.aside[0] = '\0';
		rc = KT_E_IO;
	}
	if (rc < 0)
		e = KT_EXIT_UNKNOWN;
	if (is_json)
		tell_json(&f, e, rc < 0 ? j->err.text : e == KT_EXIT_NO ?
		    "a gateway does not go on with this log" : "");
	else if (rc < 0)
		kt_say("%s", j->err.text);
	else
		tell_text(&f, dir);
	return e;
}

enum kt_exit
kt_cmd_audit_recover(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = options,
		.opts_n = KT_NELEMS(options), .argc = argc, .argv = argv };
	struct kt_judge j = { .progress = NULL };
	bool is_accepted = false, is_json = false;
	enum kt_exit e;
	int opt;

	while ((opt = kt_args_next(&args)) != KT_ARGS_END) {
		if (opt == KT_ARGS_STOP)
			return args.exit;
		*(opt == KT_OPT_JSON ? &is_json : &is_accepted) = true;
	}
	if (argc - args.operand > 1)
		return kt_misuse(self, "one directory at a time");
	e = recover(&j, kt_audit_dir_default(args.operand < argc ?
	    argv[args.operand] : NULL), is_accepted, is_json);
	kt_judge_fini(&j);
	return e;
}
