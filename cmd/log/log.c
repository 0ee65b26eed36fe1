/*
 * log - appending to an audit directory, and closing what is full.
 * SPDX-License-Identifier: Apache-2.0
 *
 * After a failed write or sync nothing is tried again on that descriptor:
 * the kernel may have dropped the dirty pages, and a second sync would
 * report success without them.  The log is poisoned instead, and
 * kt_log_reopen() starts over from the last bytes known to be durable.
 */
#include "cmd/log/log.h"

#include "audit/marks.h"
#include "cmd/log/holds.h"
#include "cmd/log/orders.h"
#include "cmd/log/room.h"
#include "cmd/log/vault.h"

#include <errno.h>

/* What the kernel says of its clock is asked for so often: a checkpoint's
   time, so that it costs nothing per record. */
#define CLOCK_US 1000000

/* A clock that moves less is being steered, not set. */
#define STEP_US 500000

/* A batch longer than this is written before its end: memory stays small. */
#define BATCH_MAX (256u << 10)

enum kt_rc
kt_log_path(const struct kt_log *log, char path[static KT_PATH_MAX],
    struct kt_err *err, const char *fmt, ...)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/", log->dir), m;
	va_list ap;

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", log->dir);
	va_start(ap, fmt);
	m = vsnprintf(path + n, (size_t)(KT_PATH_MAX - n), fmt, ap);
	va_end(ap);
	if (m < 0 || m >= KT_PATH_MAX - n)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", log->dir);
	return KT_OK;
}

enum kt_rc
kt_log_segment_path(const struct kt_log *log, uint64_t number,
    char path[static KT_PATH_MAX], struct kt_err *err)
{
	return kt_log_path(log, path, err, "seg/%012llu.jsonl",
	    (unsigned long long)number);
}

/* ---- setting up ---- */

static bool
copy(char *to, size_t n, struct kt_span from)
{
	int w = snprintf(to, n, "%.*s", KT_SPAN_ARG(from));

	return w >= 0 && (size_t)w < n;
}

/* What may stand in a name: it becomes part of an origin. */
static bool
is_name(struct kt_span s)
{
	if (s.len == 0 || s.len > KT_LOG_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		    c == '.'))
			return false;
	}
	return true;
}

static enum kt_rc
take_opts(struct kt_log *log, const struct kt_writer_opts *opts,
    struct kt_err *err)
{
	uint8_t boot[16];
	struct kt_disk_time now;

	if (!is_name(opts->deployment) || !is_name(opts->gateway))
		return kt_fail(err, KT_E_MISUSE, "the names of deployment and "
		    "gateway take 1 to %d of [A-Za-z0-9._-]", KT_LOG_NAME_MAX);
	(void)snprintf(log->name, sizeof(log->name), "%.*s/%.*s",
	    KT_SPAN_ARG(opts->deployment), KT_SPAN_ARG(opts->gateway));
	if (opts->dir.len == 0 ||
	    !copy(log->dir, sizeof(log->dir), opts->dir))
		return kt_fail(err, KT_E_MISUSE, "bad name of the directory");
	if (!copy(log->software, sizeof(log->software), opts->software) ||
	    !copy(log->policy_hash, sizeof(log->policy_hash),
		opts->policy_hash) ||
	    !copy(log->policy_version, sizeof(log->policy_version),
		opts->policy_version))
		return kt_fail(err, KT_E_MISUSE, "text too long for a record");
	if (kt_disk_random(boot, sizeof(boot), err) < 0)
		return err->rc;
	kt_hex(boot, sizeof(boot), log->boot);
	log->io = opts->io;
	log->io->now(log->io->arg, &now);
	log->clock_us = (int64_t)now.real_us - (int64_t)now.mono_us;
	log->durability = opts->durability;
	log->say = opts->say;
	log->segment_bytes = opts->segment_bytes > 0 ? opts->segment_bytes :
	    KT_AUDIT_SEGMENT_MAX;
	return KT_OK;
}

static enum kt_rc
make_dirs(struct kt_log *log, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (kt_disk_mkdir(log->io, log->dir, 0700, err) < 0 ||
	    kt_log_path(log, path, err, "..") < 0 ||
	    kt_disk_sync_dir(log->io, path, err) < 0 ||
	    kt_log_path(log, path, err, "seg") < 0 ||
	    kt_disk_mkdir(log->io, path, 0700, err) < 0 ||
	    kt_log_path(log, path, err, "key") < 0 ||
	    kt_disk_mkdir(log->io, path, 0700, err) < 0)
		return err->rc;
	return kt_disk_sync_dir(log->io, log->dir, err);
}

/* Made at the first start; salts derived from it cannot be made up. */
static enum kt_rc
take_key(struct kt_log *log, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	bool is_new;

	if (kt_log_path(log, path, err, "key/commit.key") < 0)
		return err->rc;
	return kt_keys_secret(
	    log->io, path, true, log->commit_key, &is_new, err);
}

static void
release(struct kt_log *log)
{
	kt_disk_close(&log->segment);
	kt_disk_close(&log->checkpoints);
	kt_audit_chain_fini(&log->chain);
	kt_audit_tiles_fini(&log->tiles);
	kt_keys_close(&log->keys);
	kt_opens_fini(&log->opens);
	kt_audit_subjects_free(&log->subjects);
	kt_buf_fini(&log->batch);
	kt_buf_fini(&log->body);
	explicit_bzero(log->commit_key, sizeof(log->commit_key));
}

enum kt_rc
kt_log_open_checkpoints(struct kt_log *log, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	kt_disk_close(&log->checkpoints);
	if (kt_log_path(log, path, err, "checkpoints") < 0 ||
	    kt_disk_open(&log->checkpoints, log->io, path, KT_DISK_APPEND,
		err) < 0 ||
	    kt_disk_lock(&log->checkpoints, err) < 0)
		return err->rc;
	return kt_disk_sync_dir(log->io, log->dir, err);
}

static enum kt_rc
open_files(struct kt_log *log, struct kt_err *err)
{
	if (make_dirs(log, err) < 0 ||
	    kt_log_open_checkpoints(log, err) < 0 ||
	    kt_room_hold(log, err) < 0)
		return err->rc;
	log->subjects = kt_audit_subjects_new();
	if (log->subjects == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for callers");
	if (take_key(log, err) < 0 ||
	    kt_vault_load(log->subjects, log->io, log->dir, err) < 0 ||
	    kt_log_recover(log, err) < 0)
		return err->rc;
	kt_holds_tell(log);
	return kt_log_orders(log, err); /* of those who asked meanwhile */
}

enum kt_rc
kt_log_open(struct kt_log *log, const struct kt_writer_opts *opts,
    struct kt_err *err)
{
	*log = (struct kt_log){
		.segment = KT_DISK_FILE_INIT,
		.checkpoints = KT_DISK_FILE_INIT,
	};
	kt_buf_init(&log->batch, BATCH_MAX + 2 * KT_AUDIT_LINE_MAX);
	kt_buf_init(&log->body, KT_AUDIT_LINE_MAX);
	if (take_opts(log, opts, err) < 0 ||
	    kt_audit_chain_init(&log->chain, err) < 0 ||
	    kt_audit_tiles_init(&log->tiles, err) < 0 ||
	    open_files(log, err) < 0) {
		kt_room_release(log);
		release(log);
		return kt_wrap(err, "audit log '%s'", log->dir);
	}
	kt_room_begin(log);
	return KT_OK;
}

/* ---- appending ---- */

enum kt_rc
kt_log_poison(struct kt_log *log, struct kt_err *err)
{
	log->is_full = kt_room_lacked();
	log->is_poisoned = true;
	log->why = *err;
	return kt_wrap(err, "audit log '%s'", log->dir);
}

static enum kt_rc
write_batch(struct kt_log *log, struct kt_err *err)
{
	if (log->is_poisoned)
		return kt_fail(err, KT_E_IO, "audit log is down");
	if (log->batch.len == 0)
		return KT_OK;
	if (kt_disk_append(&log->segment, kt_buf_span(&log->batch), err) < 0)
		return kt_log_poison(log, err);
	kt_buf_reset(&log->batch);
	return KT_OK;
}

enum kt_rc
kt_log_add(struct kt_log *log, struct kt_span body,
    uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err)
{
	struct kt_audit_envelope env = {
		.boot = kt_span_of(log->boot),
		.origin = kt_span_of(
		    log->origin[0] != '\0' ? log->origin : log->name),
	};
	struct kt_disk_time now;

	if (log->batch.len >= BATCH_MAX && write_batch(log, err) < 0)
		return err->rc;
	log->io->now(log->io->arg, &now);
	if (log->clock_at == 0 || now.mono_us - log->clock_at >= CLOCK_US) {
		log->io->clock(log->io->arg, &log->clock);
		log->clock_at = now.mono_us;
	}
	env.clk = log->clock.is_synced ? KT_AUDIT_CLOCK_SYNC :
	    KT_AUDIT_CLOCK_UNSYNC;
	env.clk_us = log->clock.offset_us;
	env.ts_us = now.real_us;
	env.mono_us = now.mono_us;
	return kt_audit_seal(&log->chain, &env, body, &log->batch, leaf, err);
}

enum kt_rc
kt_log_sync(struct kt_log *log, struct kt_err *err)
{
	if (write_batch(log, err) < 0)
		return err->rc;
	if (log->durable == log->chain.size)
		return KT_OK;
	if (kt_disk_sync(&log->segment, err) < 0) {
		(void)kt_wrap(err, "segment %llu",
		    (unsigned long long)log->number);
		return kt_log_poison(log, err);
	}
	log->durable = log->chain.size;
	log->durable_bytes = log->segment.size;
	return KT_OK;
}

/* A step of the wall clock is a record, so that times can be judged later. */
static void
note_clock(struct kt_log *log)
{
	struct kt_disk_time now;
	struct kt_err ignored; /* the records that wait matter more */
	int64_t is, step;

	log->io->now(log->io->arg, &now);
	is = (int64_t)now.real_us - (int64_t)now.mono_us;
	step = is - log->clock_us;
	log->clock_us = is;
	if (step > -STEP_US && step < STEP_US)
		return;
	kt_buf_reset(&log->body);
	if (kt_audit_clock_write(step, &log->body, &ignored) == KT_OK)
		(void)!kt_log_add_own(log, &ignored);
}

enum kt_rc
kt_log_flush(struct kt_log *log, struct kt_err *err)
{
	if (log->batch.len > 0)
		note_clock(log);
	if (kt_vault_store(log->subjects, log->io, log->dir, err) < 0)
		return kt_log_poison(log, err);
	switch (log->durability) {
	case KT_DURABILITY_COMMIT:
	case KT_DURABILITY_STRICT:
		return kt_log_sync(log, err);
	case KT_DURABILITY_ASYNC:
		return write_batch(log, err);
	}
	return kt_fail(err, KT_E_MISUSE, "unknown durability");
}

/* ---- segments ---- */

/* Adds what the log says about itself. */
static enum kt_rc
add_own(struct kt_log *log, uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err)
{
	enum kt_rc rc = kt_log_add(log, kt_buf_span(&log->body), leaf, err);

	kt_buf_reset(&log->body);
	return rc;
}

enum kt_rc
kt_log_add_own(struct kt_log *log, struct kt_err *err)
{
	uint8_t leaf[KT_AUDIT_HASH];

	return add_own(log, leaf, err);
}

/* A log that was set aside is named by the next: kt audit recover. */
static enum kt_rc
read_cites(struct kt_log *log, struct kt_buf *to, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (kt_log_path(log, path, err, "cites") < 0)
		return err->rc;
	if (kt_disk_read_file(log->io, path, 4096, to, err) == KT_OK ||
	    (err->rc == KT_E_IO && errno == ENOENT))
		return KT_OK;
	return err->rc;
}

/* The first record, whose leaf makes the second half of the origin. */
static enum kt_rc
write_genesis(struct kt_log *log, struct kt_span cites, struct kt_err *err)
{
	char vkey[KT_AUDIT_VKEY_TEXT], epoch[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_genesis g = { .cites = cites,
		.software = kt_span_of(log->software) };
	uint8_t leaf[KT_AUDIT_HASH];

	log->origin[0] = '\0';
	if (kt_audit_signer_rename(
	    &log->keys.stable, kt_span_of(log->name), err) < 0)
		return err->rc;
	kt_audit_vkey_text(&log->keys.stable.vkey, vkey);
	kt_audit_vkey_text(&log->keys.epoch.vkey, epoch);
	g.vkey = kt_span_of(vkey);
	g.epoch_vkey = kt_span_of(epoch);
	g.recovery_vkey = kt_span_of(log->keys.recovery);
	if (kt_audit_genesis_write(&g, &log->body, err) < 0 ||
	    add_own(log, leaf, err) < 0)
		return err->rc;
	return kt_log_set_origin(log, leaf, err);
}

static enum kt_rc
add_genesis(struct kt_log *log, struct kt_err *err)
{
	struct kt_buf cites;
	enum kt_rc rc;

	kt_buf_init(&cites, 16384);
	rc = read_cites(log, &cites, err);
	if (rc == KT_OK)
		rc = write_genesis(log, kt_buf_span(&cites), err);
	kt_buf_fini(&cites);
	return rc;
}

enum kt_rc
kt_log_set_origin(struct kt_log *log, const uint8_t leaf[KT_AUDIT_HASH],
    struct kt_err *err)
{
	char id[KT_AUDIT_LOG_ID + 1];

	kt_hex(leaf, KT_AUDIT_LOG_ID / 2, id);
	(void)snprintf(
	    log->origin, sizeof(log->origin), "%s/%s", log->name, id);
	return kt_audit_signer_rename(
	    &log->keys.stable, kt_span_of(log->origin), err);
}

static enum kt_rc
add_header(struct kt_log *log, struct kt_err *err)
{
	static const struct kt_span words[] = {
		[KT_DURABILITY_COMMIT] = KT_SPAN_INIT("commit"),
		[KT_DURABILITY_STRICT] = KT_SPAN_INIT("strict"),
		[KT_DURABILITY_ASYNC] = KT_SPAN_INIT("async"),
	};
	char epoch[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_segment seg = {
		.number = log->number,
		.software = kt_span_of(log->software),
		.durability = words[log->durability],
		.policy_hash = kt_span_of(log->policy_hash),
		.policy_version = kt_span_of(log->policy_version),
	};

	kt_audit_vkey_text(&log->keys.epoch.vkey, epoch);
	seg.epoch_vkey = kt_span_of(epoch);
	seg.recovery_vkey = kt_span_of(log->keys.recovery);
	seg.has_open = kt_opens_since(&log->opens, &seg.open_since);
	if (kt_audit_segment_write(&seg, &log->chain, &log->body, err) < 0)
		return err->rc;
	return kt_log_add_own(log, err);
}

/* The file and its name are durable before the first record goes in. */
enum kt_rc
kt_log_begin_segment(struct kt_log *log, struct kt_err *err)
{
	struct kt_disk_time now;
	char path[KT_PATH_MAX], dir[KT_PATH_MAX];

	if (kt_log_path(log, dir, err, "seg") < 0 ||
	    kt_log_segment_path(log, log->next_number, path, err) < 0 ||
	    kt_disk_open(&log->segment, log->io, path, KT_DISK_APPEND, err) <
		0 ||
	    kt_disk_sync_dir(log->io, dir, err) < 0)
		return err->rc;
	if (log->segment.size > 0)
		return kt_fail(err, KT_E_PARSE, "%s: not empty", path);
	log->io->now(log->io->arg, &now);
	log->begun_us = now.mono_us;
	log->number = log->next_number++;
	log->durable_bytes = log->checked_bytes = 0;
	kt_buf_reset(&log->body);
	if (log->chain.size == 0 && add_genesis(log, err) < 0)
		return err->rc;
	return add_header(log, err);
}

/* The next epoch's key, announced under the one that then is forgotten. */
static enum kt_rc
change_epoch(struct kt_log *log, struct kt_err *err)
{
	char vkey[KT_AUDIT_VKEY_TEXT];

	if (kt_keys_make_next(&log->keys, err) < 0)
		return err->rc;
	kt_audit_vkey_text(&log->keys.next.vkey, vkey);
	kt_buf_reset(&log->body);
	if (kt_audit_key_write(kt_span_of(vkey), &log->body, err) < 0 ||
	    kt_log_add_own(log, err) < 0 || kt_log_checkpoint(log, err) < 0)
		return err->rc;
	return kt_keys_promote(&log->keys, err);
}

static enum kt_rc
change_segment(
    struct kt_log *log, struct kt_disk_file *old, struct kt_err *err)
{
	if (change_epoch(log, err) < 0)
		return err->rc;
	kt_buf_reset(&log->body);
	if (kt_audit_mark_write(KT_SPAN("seal"), log->chain.size, &log->body,
	    err) < 0 || kt_log_add_own(log, err) < 0 ||
	    kt_log_checkpoint(log, err) < 0)
		return err->rc;
	kt_log_keep_partial_tiles(log); /* here a recovery would begin */
	*old = log->segment;
	log->segment.fd = -1;
	if (kt_log_begin_segment(log, err) < 0 || kt_log_sync(log, err) < 0)
		return err->rc;
	/* Not before: a crash would have to write to the old one again. */
	return kt_disk_protect(old, err);
}

enum kt_rc
kt_log_rotate(struct kt_log *log, struct kt_err *err)
{
	struct kt_disk_file old = KT_DISK_FILE_INIT;
	enum kt_rc rc = change_segment(log, &old, err);

	kt_disk_close(&old);
	return rc < 0 ? kt_log_poison(log, err) : KT_OK;
}

/*
 * The checkpoint before the shutdown record makes it the only record under
 * the last one: whichever of the two was edited, verify can say which.
 */
enum kt_rc
kt_log_close(struct kt_log *log, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	kt_room_release(log); /* for what comes now, and no copy has it */
	if (log->is_poisoned) {
		rc = kt_fail(err, KT_E_IO, "audit log '%s' is down", log->dir);
	} else {
		rc = kt_log_checkpoint(log, err);
		kt_buf_reset(&log->body);
		if (rc == KT_OK)
			rc = kt_audit_mark_write(KT_SPAN("shutdown"),
			    log->chain.size, &log->body, err);
		if (rc == KT_OK)
			rc = kt_log_add_own(log, err);
		if (rc == KT_OK)
			rc = kt_log_checkpoint(log, err);
		if (rc == KT_OK)
			kt_log_keep_partial_tiles(log);
	}
	release(log);
	return rc;
}
