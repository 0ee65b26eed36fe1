/*
 * checkpoint - durable, read back, hashed again, then signed.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One flipped bit that gets into a signed root ends a log, so the root is
 * computed twice: as records are appended, and from the bytes that the disk
 * gives back.  The second time fills the tiles, so it is not work for show;
 * it is done piece by piece, so that a checkpoint has little left to read and
 * records that arrive meanwhile do not wait for it.
 */
#include "cmd/log/log.h"

#include "cmd/audit/tiles.h"
#include "cmd/log/edge.h"

#define READ_BYTES 65536

/* ---- reading back ---- */

/* A full tile: a cache, so that failing to write it fails nothing. */
static enum kt_rc
keep_tile(void *arg, const struct kt_audit_tile *t, struct kt_span hashes,
    struct kt_err *err)
{
	struct kt_log *log = arg;
	uint64_t *tiled = &log->tiled[t->level];
	bool has_partial = *tiled > t->index << 8; /* KT_LOG_UNTOLD: maybe */

	if (kt_tiles_put(log->io, log->dir, t, hashes, err) < 0)
		return KT_OK;
	if (has_partial)
		kt_tiles_drop_partial(log->io, log->dir, t);
	*tiled = (t->index + 1) << 8;
	return KT_OK;
}

enum kt_rc
kt_log_tiles_step(struct kt_log *log, const uint8_t leaf[KT_AUDIT_HASH],
    struct kt_err *err)
{
	return kt_audit_tiles_step(&log->tiles, leaf, keep_tile, log, err);
}

/* The whole lines of `text`; how many bytes they are. */
static enum kt_rc
step_lines(struct kt_log *log, struct kt_span text, size_t *used,
    struct kt_err *err)
{
	struct kt_span rest = text, line;
	uint8_t leaf[KT_AUDIT_HASH];

	*used = 0;
	while (kt_audit_take_line(&rest, &line)) {
		kt_audit_leaf(&log->chain, line, leaf);
		if (kt_log_tiles_step(log, leaf, err) < 0)
			return err->rc;
		*used = text.len - rest.len;
	}
	return KT_OK;
}

static enum kt_rc
read_back(struct kt_log *log, struct kt_err *err)
{
	struct kt_buf text;
	enum kt_rc rc = KT_OK;
	uint64_t at = log->checked_bytes;
	size_t got, used;

	kt_buf_init(&text, KT_AUDIT_LINE_MAX + 2 * READ_BYTES);
	while (rc == KT_OK && at < log->durable_bytes) {
		uint64_t left = log->durable_bytes - at;
		size_t n = left < READ_BYTES ? (size_t)left : READ_BYTES;

		if (kt_buf_reserve(&text, n) < 0) {
			rc = kt_fail(err, KT_E_LIMIT, "no memory to read back");
			break;
		}
		rc = kt_disk_read_at(
		    &log->segment, at, text.ptr + text.len, n, &got, err);
		if (rc == KT_OK && got < n)
			rc = kt_fail(err, KT_E_IO, "durable bytes are gone");
		if (rc < 0)
			break;
		at += got;
		text.len += got;
		rc = step_lines(log, kt_buf_span(&text), &used, err);
		kt_buf_shift(&text, used);
	}
	kt_buf_fini(&text);
	log->checked_bytes = at;
	return rc;
}

enum kt_rc
kt_log_read_back(struct kt_log *log, struct kt_err *err)
{
	if (log->durable_bytes - log->checked_bytes < READ_BYTES ||
	    read_back(log, err) == KT_OK)
		return KT_OK;
	return kt_log_poison(log, err);
}

/* ---- the root, twice ---- */

static enum kt_rc
compare_roots(struct kt_log *log, struct kt_err *err)
{
	uint8_t written[KT_AUDIT_HASH], read[KT_AUDIT_HASH];

	kt_audit_chain_root(&log->chain, written);
	kt_audit_tiles_root(&log->tiles, read);
	if (log->tiles.size != log->chain.size ||
	    memcmp(written, read, KT_AUDIT_HASH) != 0)
		return kt_fail(err, KT_E_IO,
		    "the disk gives other bytes back than were written");
	return KT_OK;
}

/* Of the levels that grew since the last time. */
void
kt_log_keep_partial_tiles(struct kt_log *log)
{
	struct kt_err ignored; /* a cache */

	if (log->is_poisoned || log->tiles.size != log->checkpointed)
		return;
	for (unsigned level = 0; level < KT_AUDIT_TILE_LEVELS; level++) {
		struct kt_audit_tile t =
		    kt_audit_tile_last(log->tiles.size, level);
		uint64_t hashes = log->tiles.size >> (8 * level);

		if (t.width > 0 && hashes != log->tiled[level])
			(void)!kt_tiles_put(log->io, log->dir, &t,
			    (struct kt_span){
				(const char *)log->tiles.node[level],
				t.width * KT_AUDIT_HASH }, &ignored);
		log->tiled[level] = hashes;
	}
}

/* Signed text in log->body, by the stable key and the epoch's. */
static enum kt_rc
sign(struct kt_log *log, struct kt_err *err)
{
	size_t text;

	kt_buf_reset(&log->body);
	if (kt_audit_checkpoint_write(
	    &log->chain, kt_span_of(log->origin), &log->body, err) < 0)
		return err->rc;
	text = log->body.len - 1; /* without the empty line */
	if (kt_audit_note_sign(&log->keys.stable, &log->body, text, err) < 0)
		return err->rc;
	return kt_audit_note_sign(&log->keys.epoch, &log->body, text, err);
}

enum kt_rc
kt_log_store_checkpoint(struct kt_log *log, struct kt_err *err)
{
	struct kt_span note;
	char path[KT_PATH_MAX];

	if (kt_log_path(log, path, err, "checkpoint") < 0 ||
	    compare_roots(log, err) < 0 || sign(log, err) < 0)
		return err->rc;
	note = kt_buf_span(&log->body);
	if (kt_disk_append(&log->checkpoints, note, err) < 0 ||
	    kt_disk_append(&log->checkpoints, KT_SPAN("\n"), err) < 0 ||
	    kt_disk_sync(&log->checkpoints, err) < 0)
		return kt_wrap(err, "checkpoints");
	if (kt_disk_write_copy(log->io, path, note, 0600, err) < 0)
		return err->rc;
	kt_buf_reset(&log->body);
	log->checkpointed = log->chain.size;
	return KT_OK;
}

enum kt_rc
kt_log_checkpoint(struct kt_log *log, struct kt_err *err)
{
	if (kt_log_sync(log, err) < 0)
		return err->rc;
	if (log->checkpointed == log->chain.size)
		return KT_OK;
	if (read_back(log, err) < 0 || kt_log_store_checkpoint(log, err) < 0)
		return kt_log_poison(log, err);
	return KT_OK;
}

/* ---- taking tiles up again ---- */

static bool
is_root(struct kt_log *log)
{
	uint8_t said[KT_AUDIT_HASH], read[KT_AUDIT_HASH];

	kt_audit_chain_root(&log->chain, said);
	kt_audit_tiles_root(&log->tiles, read);
	return memcmp(said, read, KT_AUDIT_HASH) == 0;
}

static bool
read_tiles(struct kt_log *log)
{
	struct kt_err ignored; /* they are rebuilt then */

	for (unsigned level = 0; level < KT_AUDIT_TILE_LEVELS; level++) {
		struct kt_audit_tile t =
		    kt_audit_tile_last(log->chain.size, level);

		if (t.width > 0 && kt_tiles_get(log->io, log->dir, &t,
		    log->tiles.node[level][0], &ignored) < 0)
			return false;
	}
	log->tiles.size = log->chain.size;
	return is_root(log);
}

/* What is left of `text` behind its whole lines; false: no more wanted. */
static bool
each_line(struct kt_span *text, kt_log_line_fn *each, void *arg)
{
	struct kt_span line;

	while (kt_audit_take_line(text, &line)) {
		if (!each(arg, line))
			return false;
	}
	return true;
}

static enum kt_rc
read_file_lines(struct kt_disk_file *f, kt_log_line_fn *each, void *arg,
    struct kt_err *err)
{
	struct kt_span rest;
	struct kt_buf text;
	uint64_t at = 0;
	size_t got = 1;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&text, KT_AUDIT_LINE_MAX + 2 * READ_BYTES);
	while (got > 0) {
		if (kt_buf_reserve(&text, READ_BYTES) < 0)
			rc = kt_fail(err, KT_E_LIMIT, "no room for a line");
		if (rc < 0 || (rc = kt_disk_read_at(f, at,
		    text.ptr + text.len, READ_BYTES, &got, err)) < 0)
			break;
		at += got;
		text.len += got;
		rest = kt_buf_span(&text);
		if (!each_line(&rest, each, arg))
			break;
		kt_buf_shift(&text, text.len - rest.len);
	}
	kt_buf_fini(&text);
	return rc;
}

enum kt_rc
kt_log_read_lines(struct kt_log *log, uint64_t number, kt_log_line_fn *each,
    void *arg, struct kt_err *err)
{
	struct kt_disk_file f;
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (kt_log_segment_path(log, number, path, err) < 0 ||
	    kt_disk_open(&f, log->io, path, KT_DISK_READ, err) < 0)
		return err->rc;
	rc = read_file_lines(&f, each, arg, err);
	kt_disk_close(&f);
	return rc;
}

struct rebuilding {
	struct kt_log *log;
	struct kt_err *err;
	enum kt_rc rc;
};

static bool
step_line(void *arg, struct kt_span line)
{
	struct rebuilding *r = arg;
	uint8_t leaf[KT_AUDIT_HASH];

	kt_audit_leaf(&r->log->chain, line, leaf);
	r->rc = kt_log_tiles_step(r->log, leaf, r->err);
	return r->rc == KT_OK;
}

/* One segment's lines, until the tree has chain.size records. */
static enum kt_rc
step_segment(struct kt_log *log, uint64_t number, struct kt_err *err)
{
	struct rebuilding r = { .log = log, .err = err };

	if (kt_log_read_lines(log, number, step_line, &r, err) < 0)
		return err->rc;
	return r.rc;
}

enum kt_rc
kt_log_tiles_at(struct kt_log *log, uint64_t segments, struct kt_err *err)
{
	uint64_t from = 0;

	log->tiles.size = 0;
	if (log->chain.size == 0 || read_tiles(log))
		return KT_OK;
	if (kt_edge_read(log, &log->tiles, &from, err) < 0)
		return kt_wrap(err, "rebuilding the tiles");
	for (uint64_t n = from; n < segments; n++) {
		if (step_segment(log, n, err) < 0)
			return kt_wrap(err, "rebuilding the tiles");
	}
	if (log->tiles.size != log->chain.size || !is_root(log))
		return kt_fail(err, KT_E_PARSE, "the tiles are damaged, and so "
		    "are the records to rebuild them from");
	return KT_OK;
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
