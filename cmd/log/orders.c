/*
 * orders - files as messages: they survive the process that must obey, and
 * need no other right than that to write the directory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"
#include "cmd/log/orders.h"

#include "audit/canon.h"
#include "audit/marks.h"
#include "cmd/log/holds.h"
#include "cmd/log/pidfile.h"
#include "cmd/log/retain.h"
#include "cmd/log/vault.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#define ORDER_MAX 4096
#define ANSWER_MS 10000
#define SLICE_MS 20
#define NAME_DIGITS 16

/* One that is being carried out; texts are as they are spelt. */
struct order {
	struct kt_log *log;
	struct kt_span what, by, subject, ground, name;
	uint64_t record; /* which is shown, or the first that is not proven */
	bool has_record;
	struct kt_order_answer answer;
};

static void
answer(struct order *o, int code, const char *text)
{
	o->answer.code = code;
	(void)snprintf(o->answer.text, sizeof(o->answer.text), "%s", text);
}

/* ---- holds ---- */

static enum kt_rc
put_record(struct order *o, const char *action, struct kt_err *err)
{
	struct kt_log *log = o->log;
	bool is_erasure = kt_span_eq(o->what, KT_SPAN("erase"));
	struct kt_audit_put p;

	kt_buf_reset(&log->body);
	kt_audit_put_begin(&p, &log->body);
	if (!is_erasure)
		kt_audit_member_text(&p, "action", kt_span_of(action));
	kt_audit_member_some(&p, "by", o->by);
	kt_audit_member_some(&p, "ground", o->ground);
	kt_audit_member_some(&p, "name", o->name);
	if (o->has_record)
		kt_audit_member_int(&p, "record", o->record);
	if (is_erasure)
		kt_audit_member_int(&p, "secrets", 1);
	kt_audit_member_some(&p, "subject", o->subject);
	kt_audit_member_text(&p, "type",
	    is_erasure ? KT_SPAN("erasure") : KT_SPAN("admin"));
	if (kt_audit_put_finish(&p, err) < 0 || kt_log_add_own(log, err) < 0)
		return err->rc;
	return kt_log_checkpoint(log, err);
}

static enum kt_rc
hold(struct order *o, struct kt_err *err)
{
	struct kt_log *log = o->log;
	char dir[KT_PATH_MAX], path[KT_PATH_MAX];

	if (kt_log_path(log, dir, err, "hold") < 0 ||
	    kt_log_path(log, path, err, "hold/%.*s", KT_SPAN_ARG(o->name)) <
		0 || kt_disk_mkdir(log->io, dir, 0700, err) < 0 ||
	    kt_disk_write_atomic(log->io, path, o->subject, 0600, err) < 0)
		return err->rc;
	answer(o, 0, "held");
	kt_holds_tell(log);
	return put_record(o, "hold", err);
}

static enum kt_rc
let_go(struct order *o, struct kt_err *err)
{
	struct kt_log *log = o->log;
	char dir[KT_PATH_MAX], path[KT_PATH_MAX];

	if (kt_log_path(log, dir, err, "hold") < 0 ||
	    kt_log_path(log, path, err, "hold/%.*s", KT_SPAN_ARG(o->name)) < 0)
		return err->rc;
	if (log->io->unlink(log->io->arg, path) < 0) {
		answer(o, errno == ENOENT ? 1 : 3, errno == ENOENT ?
		    "there is no such hold" : "the hold cannot be removed");
		return KT_OK;
	}
	answer(o, 0, "released");
	kt_holds_tell(log);
	if (kt_disk_sync_dir(log->io, dir, err) < 0)
		return err->rc;
	return put_record(o, "release", err);
}

/* ---- the others ---- */

static enum kt_rc
erase(struct order *o, struct kt_err *err)
{
	struct kt_log *log = o->log;
	struct kt_audit_subject *s =
	    kt_audit_subject_named(log->subjects, o->subject);
	struct kt_holds holds;
	bool is_held;

	if (s == NULL) {
		answer(o, 1, "nobody is known by that name");
		return KT_OK;
	}
	kt_holds_read(&holds, log);
	is_held = kt_holds_cover(&holds, o->subject);
	kt_holds_fini(&holds);
	if (is_held) {
		answer(o, 5, "a legal hold covers this caller");
		return KT_OK;
	}
	answer(o, 0, "erased");
	if (kt_vault_store(log->subjects, log->io, log->dir, err) < 0 ||
	    put_record(o, NULL, err) < 0)
		return err->rc;
	return kt_vault_erase(s, log->io, log->dir, err);
}

static enum kt_rc
rotate(struct order *o, struct kt_err *err)
{
	if (put_record(o, "rotate-key", err) < 0)
		return err->rc;
	answer(o, 0, "a new epoch has begun, under another key");
	return kt_log_rotate(o->log, err);
}

/* Somebody is about to see what was said, or to revoke the keys. */
static enum kt_rc
tell_of_record(struct order *o, struct kt_span text, struct kt_err *err)
{
	struct kt_span index;
	bool is_reveal = kt_span_eq(o->what, KT_SPAN("reveal"));

	if (!kt_audit_member(text, "record", &index) ||
	    !kt_span_u64(index, &o->record) ||
	    (is_reveal && (o->ground.len == 0 || o->name.len == 0)))
		return KT_OK;
	o->has_record = true;
	answer(o, 0, "recorded");
	return put_record(o, is_reveal ? "reveal" : "revoke", err);
}

/* Tells of it first: files that are gone without a record are missing. */
static enum kt_rc
let_records_go(struct order *o, const struct kt_retain *r, struct kt_err *err)
{
	struct kt_log *log = o->log;
	struct kt_audit_retention rec = { .first = r->first, .size = r->size,
		.days = r->days, .segment = r->segment, .by = o->by,
		.ground = o->ground };

	memcpy(rec.root, r->root, KT_AUDIT_HASH);
	kt_buf_reset(&log->body);
	if (kt_audit_retention_write(&rec, &log->body, err) < 0 ||
	    kt_log_add_own(log, err) < 0 || kt_log_checkpoint(log, err) < 0)
		return err->rc;
	(void)snprintf(o->answer.text, sizeof(o->answer.text),
	    "removed records [%llu, %llu) in %llu segments",
	    (unsigned long long)r->first, (unsigned long long)r->size,
	    (unsigned long long)(r->segment - r->first_segment));
	o->answer.code = 0;
	return kt_retain_remove(log, r, err);
}

static enum kt_rc
retain(struct order *o, struct kt_span text, struct kt_err *err)
{
	struct kt_retain r = { .most = KT_AUDIT_RETAIN_SEGMENTS };
	struct kt_err why;
	struct kt_span days;

	if (!kt_audit_member(text, "days", &days) ||
	    !kt_span_u64(days, &r.days) || r.days > KT_AUDIT_RETENTION_MAX)
		return KT_OK;
	if (r.days < KT_AUDIT_RETENTION_MIN && o->ground.len == 0) {
		answer(o, 5, "records are kept for half a year at least");
		return KT_OK;
	}
	if (kt_retain_plan(o->log, &r, &why) < 0 || (r.size > r.first &&
	    kt_retain_keep_tree(o->log, &r, &why) < 0)) {
		answer(o, 3, why.text);
		return KT_OK;
	}
	if (r.size > r.first)
		return let_records_go(o, &r, err);
	if (r.is_held)
		answer(o, 5, "a legal hold covers the oldest records");
	else
		answer(o, 0, "no segment is that old");
	return KT_OK;
}

/* A name that a file may have and that says nothing else. */
static bool
is_word(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    (c == '.' && i > 0)))
			return false;
	}
	return s.len > 0 && s.len <= 64;
}

static enum kt_rc
carry_out(struct order *o, struct kt_span text, struct kt_err *err)
{
	answer(o, 3, "not an order");
	if (!kt_audit_member_of_text(text, "do", &o->what))
		return KT_OK;
	(void)kt_audit_member_of_text(text, "by", &o->by);
	(void)kt_audit_member_of_text(text, "ground", &o->ground);
	(void)kt_audit_member_of_text(text, "name", &o->name);
	(void)kt_audit_member_of_text(text, "subject", &o->subject);
	if ((o->by.len > 0 && !is_word(o->by)) ||
	    (o->ground.len > 0 && !is_word(o->ground)) ||
	    (o->name.len > 0 && !is_word(o->name)))
		return KT_OK;
	if (kt_span_eq(o->what, KT_SPAN("erase")))
		return erase(o, err);
	if (kt_span_eq(o->what, KT_SPAN("rotate")))
		return rotate(o, err);
	if (kt_span_eq(o->what, KT_SPAN("retain")))
		return retain(o, text, err);
	if (kt_span_eq(o->what, KT_SPAN("reveal")) ||
	    kt_span_eq(o->what, KT_SPAN("revoke")))
		return tell_of_record(o, text, err);
	if (kt_span_eq(o->what, KT_SPAN("hold")) && o->name.len > 0)
		return hold(o, err);
	if (kt_span_eq(o->what, KT_SPAN("release")) && o->name.len > 0)
		return let_go(o, err);
	return KT_OK;
}

/* ---- the files ---- */

static enum kt_rc
write_answer(struct kt_log *log, const char *name,
    const struct kt_order_answer *a, struct kt_err *err)
{
	char path[KT_PATH_MAX], text[KT_AUDIT_TEXT_MAX + 8];
	int n = snprintf(text, sizeof(text), "%d %s", a->code, a->text);

	if (kt_log_path(log, path, err, "orders/%.16s.answer", name) < 0)
		return err->rc;
	return kt_disk_write_atomic(log->io, path,
	    (struct kt_span){ text, (size_t)n }, 0600, err);
}

/* The order goes when it is done, so that a crash repeats it. */
static enum kt_rc
obey(struct kt_log *log, const char *name, const char *path,
    struct kt_span text, struct kt_err *err)
{
	struct order o = { .log = log };

	if (carry_out(&o, text, err) < 0 ||
	    write_answer(log, name, &o.answer, err) < 0)
		return kt_log_poison(log, err);
	if (log->io->unlink(log->io->arg, path) == 0)
		return KT_OK;
	(void)kt_fail(err, KT_E_IO, "%s: %s", path, strerror(errno));
	return kt_log_poison(log, err);
}

/* One file.  That it cannot be read is no fault of the log. */
static enum kt_rc
take(struct kt_log *log, const char *name, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, 8192);
	rc = kt_log_path(log, path, err, "orders/%s", name);
	if (rc == KT_OK)
		rc = kt_disk_read_file(log->io, path, ORDER_MAX, &text, err);
	if (rc == KT_OK)
		rc = obey(log, name, path, kt_buf_span(&text), err);
	kt_buf_fini(&text);
	return rc;
}

struct first {
	char name[NAME_DIGITS + 7];
};

static bool
see_order(void *arg, const char *name)
{
	struct first *f = arg;
	struct kt_span s = kt_span_of(name);

	if (s.len != NAME_DIGITS + 6 || !kt_span_ends(s, KT_SPAN(".order")))
		return true;
	memcpy(f->name, name, sizeof(f->name));
	return false;
}

enum kt_rc
kt_log_orders(struct kt_log *log, struct kt_err *err)
{
	char dir[KT_PATH_MAX];

	if (kt_log_path(log, dir, err, "orders") < 0)
		return err->rc;
	for (;;) {
		struct first f = { .name = "" };

		if (kt_disk_list(log->io, dir, see_order, &f, err) < 0)
			return errno == ENOENT ? KT_OK : err->rc;
		if (f.name[0] == '\0')
			return KT_OK;
		if (take(log, f.name, err) < 0)
			return err->rc;
	}
}

/* ---- who asks ---- */

static bool
take_answer(const char *path, struct kt_order_answer *a)
{
	struct kt_err ignored; /* there is none yet */
	struct kt_buf text;
	struct kt_span s;
	bool is_there;

	kt_buf_init(&text, 8192);
	is_there = kt_disk_read_file(&kt_disk_real, path, ORDER_MAX, &text,
	    &ignored) == KT_OK && text.len > 2;
	if (is_there) {
		s = kt_buf_span(&text);
		a->code = s.ptr[0] - '0';
		(void)snprintf(a->text, sizeof(a->text), "%.*s",
		    KT_SPAN_ARG(kt_span_sub(s, 2, s.len)));
		(void)kt_disk_real.unlink(NULL, path); /* nobody else reads it */
	}
	kt_buf_fini(&text);
	return is_there;
}

/* The name part of the origin that the log's key is named with. */
static enum kt_rc
carry_out_here(const char *dir, struct kt_span vkey, struct kt_err *err)
{
	struct kt_writer_opts opts = { .io = &kt_disk_real,
		.dir = kt_span_of(dir),
		.software = KT_SPAN("kt " PACKAGE_VERSION) };
	struct kt_log *log;
	size_t a = kt_span_find(vkey, '/'), b;
	enum kt_rc rc;

	opts.deployment = kt_span_sub(vkey, 0, a);
	vkey = kt_span_sub(vkey, a + 1, vkey.len);
	b = kt_span_find(vkey, '/');
	opts.gateway = kt_span_sub(vkey, 0, b);
	log = kt_alloc(sizeof(*log));
	if (log == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a log");
	rc = kt_log_open(log, &opts, err);
	if (rc == KT_OK) {
		struct kt_err why;

		rc = kt_log_orders(log, err);
		if (kt_log_close(log, &why) < 0 && rc == KT_OK) {
			*err = why;
			rc = why.rc;
		}
	}
	kt_free(log);
	return rc;
}

static enum kt_rc
have_done(const char *dir, struct kt_span vkey, const char *answer_path,
    struct kt_order_answer *a, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/" KT_PIDFILE_NAME, dir);
	if (kt_pidfile_read(&pid, path, err) < 0) {
		if (carry_out_here(dir, vkey, err) < 0)
			return err->rc;
	} else if (kill(pid, SIGUSR2) != 0) {
		return kt_fail(err, KT_E_IO, "process %ld: %s", (long)pid,
		    strerror(errno));
	}
	for (int ms = 0; ms < ANSWER_MS; ms += SLICE_MS) {
		if (take_answer(answer_path, a))
			return KT_OK;
		(void)poll(NULL, 0, SLICE_MS);
	}
	return kt_fail(err, KT_E_LIMIT, "the gateway does not answer");
}

enum kt_rc
kt_order_place(const char *dir, struct kt_span order,
    struct kt_order_answer *a, struct kt_err *err)
{
	char path[KT_PATH_MAX], answer_path[KT_PATH_MAX];
	char digits[NAME_DIGITS + 1];
	uint8_t random[NAME_DIGITS / 2];
	struct kt_buf vkey;
	enum kt_rc rc;
	int n = snprintf(path, sizeof(path), "%s/log.vkey", dir);

	if (n < 0 || (size_t)n + 64 >= sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	kt_buf_init(&vkey, 8192);
	rc = kt_disk_read_file(&kt_disk_real, path, 4096, &vkey, err);
	if (rc < 0)
		rc = kt_fail(err, KT_E_MISUSE, "%s: no log is here", dir);
	(void)snprintf(path, sizeof(path), "%s/orders", dir);
	if (rc == KT_OK)
		rc = kt_disk_mkdir(&kt_disk_real, path, 0700, err);
	if (rc == KT_OK)
		rc = kt_disk_random(random, sizeof(random), err);
	kt_hex(random, sizeof(random), digits);
	(void)snprintf(path, sizeof(path), "%s/orders/%s.order", dir, digits);
	(void)snprintf(answer_path, sizeof(answer_path),
	    "%s/orders/%s.answer", dir, digits);
	if (rc == KT_OK)
		rc = kt_disk_write_atomic(
		    &kt_disk_real, path, order, 0600, err);
	if (rc == KT_OK)
		rc = have_done(
		    dir, kt_buf_span(&vkey), answer_path, a, err);
	if (rc < 0)
		(void)kt_disk_real.unlink(NULL, path); /* taken back */
	kt_buf_fini(&vkey);
	return rc;
}
