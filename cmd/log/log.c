/*
 * log - taking up an audit directory, and leaving it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/log/log.h"

#include "audit/marks.h"
#include "cmd/log/holds.h"
#include "cmd/log/room.h"
#include "cmd/log/vault.h"

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
	return KT_OK;
}

enum kt_rc
kt_log_open(struct kt_log *log, const struct kt_writer_opts *opts,
    struct kt_err *err)
{
	*log = (struct kt_log){
		.segment = KT_DISK_FILE_INIT,
		.checkpoints = KT_DISK_FILE_INIT,
	};
	kt_buf_init(&log->batch, KT_LOG_BATCH_MAX + 2 * KT_AUDIT_LINE_MAX);
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
