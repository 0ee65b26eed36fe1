/*
 * judge - feeding the verifier.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread and one pass: the tamper evidence of a record may be in the one
 * after it, so the order is what makes the diagnosis exact.
 */
#include "cmd/audit/judge.h"

#include "cmd/audit/tiles.h"

struct feed {
	struct kt_judge *judge;
	struct kt_audit_tiles *tiles;
	struct kt_audit_lines lines;
	bool has_lines;
};

static bool
feed_piece(void *arg, struct kt_span piece)
{
	struct feed *f = arg;
	struct kt_judge *j = f->judge;

	if (kt_audit_verify_feed(j->verify, piece, &j->err) < 0)
		return false;
	/* A line too long is the verifier's to report, not to show. */
	if (f->has_lines)
		(void)kt_audit_lines_feed(&f->lines, piece);
	j->read_bytes += piece.len;
	if (j->progress != NULL)
		j->progress(j->progress_arg, j->read_bytes, j->dir.bytes);
	return true;
}

/* A tile that is missing can be rebuilt; one that differs was changed. */
static enum kt_rc
compare_tile(void *arg, const struct kt_audit_tile *t, struct kt_span hashes,
    struct kt_err *err)
{
	struct kt_judge *j = arg;
	uint8_t found[KT_AUDIT_TILE_BYTES];

	if (kt_tiles_get(j->dir.io, j->dir.dir, t, found, err) == KT_OK &&
	    memcmp(found, hashes.ptr, sizeof(found)) != 0)
		kt_audit_verify_bad_tile(
		    j->verify, t->index << (8 * (t->level + 1)));
	return KT_OK;
}

static void
step_tiles(void *arg, const uint8_t leaf[KT_AUDIT_HASH])
{
	struct feed *f = arg;
	struct kt_err err;

	/* Beyond the levels there are none to compare with. */
	(void)!kt_audit_tiles_step(
	    f->tiles, leaf, compare_tile, f->judge, &err);
}

static enum kt_rc
feed_segments(struct feed *f)
{
	struct kt_judge *j = f->judge;

	j->err.rc = KT_OK;
	for (size_t i = 0; i < j->dir.nsegments; i++) {
		kt_audit_verify_segment(j->verify, j->dir.segments[i]);
		if (kt_audit_dir_read(&j->dir, j->dir.segments[i], feed_piece,
		    f, &j->err) < 0 || j->err.rc < 0)
			return j->err.rc;
		kt_buf_reset(&f->lines.part);
	}
	return KT_OK;
}

const struct kt_audit_report *
kt_judge(struct kt_judge *j, const char *dir, struct kt_span pinned,
    const struct kt_audit_brought *brought, kt_audit_line_fn *each, void *arg)
{
	struct kt_audit_evidence e = { .next = kt_audit_dir_next_note,
		.arg = &j->dir, .pinned = pinned, .brought = brought };
	struct feed f = { .judge = j, .has_lines = each != NULL };
	enum kt_rc rc;

	j->verify = NULL;
	j->report = NULL;
	j->read_bytes = 0;
	j->err.rc = KT_OK;
	if (kt_audit_dir_open(&j->dir, dir, &j->err) < 0)
		return NULL;
	e.newest = kt_buf_span(&j->dir.newest);
	e.log_vkey = kt_buf_span(&j->dir.log_vkey);
	if (kt_audit_verify_new(&j->verify, &e, &j->err) < 0 ||
	    kt_audit_dir_list(&j->dir, &j->err) < 0)
		return NULL;
	kt_audit_lines_init(&f.lines, each, arg);
	f.tiles = kt_alloc(sizeof(*f.tiles));
	if (f.tiles != NULL &&
	    kt_audit_tiles_init(f.tiles, &j->err) == KT_OK)
		kt_audit_verify_watch(j->verify, step_tiles, &f);
	rc = feed_segments(&f);
	kt_audit_verify_watch(j->verify, NULL, NULL);
	if (f.tiles != NULL)
		kt_audit_tiles_fini(f.tiles);
	kt_free(f.tiles);
	kt_audit_lines_fini(&f.lines);
	if (rc < 0)
		return NULL;
	j->report = kt_audit_verify_finish(j->verify);
	if (j->dir.err.rc < 0) {
		j->err = j->dir.err;
		j->report = NULL;
	}
	return j->report;
}

void
kt_judge_fini(struct kt_judge *j)
{
	kt_audit_verify_free(&j->verify);
	kt_audit_dir_close(&j->dir);
}
