/*
 * segment - the files that hold the records: which there are, what begins
 * one, and what ends it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/log/log.h"

#include "audit/marks.h"
#include "cmd/audit/dir.h"

#include <errno.h>

static bool
see_segment(void *arg, const char *name)
{
	struct kt_log_segments *s = arg;
	uint64_t n;

	if (!kt_audit_dir_is_segment(name, &n))
		return true;
	if (s->n == 0 || n < s->first)
		s->first = n;
	if (s->n == 0 || n > s->last)
		s->last = n;
	s->n++;
	return true;
}

enum kt_rc
kt_log_list_segments(
    struct kt_log *log, struct kt_log_segments *s, struct kt_err *err)
{
	char dir[KT_PATH_MAX];

	*s = (struct kt_log_segments){ .n = 0 };
	if (kt_log_path(log, dir, err, "seg") < 0 ||
	    kt_disk_list(log->io, dir, see_segment, s, err) < 0)
		return err->rc;
	if (s->n > 0 && s->last - s->first + 1 != s->n)
		return kt_fail(err, KT_E_PARSE, "a segment file is missing");
	return KT_OK;
}

/* ---- the next one ---- */

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
	    kt_log_add(log, kt_buf_span(&log->body), leaf, err) < 0)
		return err->rc;
	kt_buf_reset(&log->body);
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
