/*
 * retain - from the oldest file on, until one has to stay.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only the beginning of a log can go: then one segment record, which has the
 * tree over all before it, is all that a verifier needs of what is gone.
 * When a segment ended is said by the record that begins the next one.
 */
#include "cmd/log/retain.h"

#include "audit/canon.h"
#include "audit/marks.h"
#include "cmd/audit/content.h"
#include "cmd/audit/tiles.h"
#include "cmd/log/edge.h"
#include "cmd/log/holds.h"

#include <errno.h>
#include <time.h>

#define DAY_US (UINT64_C(86400) * 1000000)
#define TIME_BYTES 20 /* 2026-11-20T19:51:46 and its NUL */

/* ---- what there is ---- */

struct beginning { /* of a segment */
	uint64_t index;
	char ts[TIME_BYTES];
	struct kt_audit_chain chain;
	bool is_read;
};

static bool
see_beginning(void *arg, struct kt_span line)
{
	struct beginning *b = arg;
	struct kt_audit_line l;
	struct kt_err ignored; /* is_read says it */

	if (kt_audit_line_parse(line, &l, &ignored) < 0 || !l.is_whole ||
	    l.ts.len < TIME_BYTES)
		return false;
	b->index = l.i;
	memcpy(b->ts, l.ts.ptr, TIME_BYTES - 1);
	b->is_read = l.i == 0 ||
	    kt_audit_segment_read(line, &b->chain, &ignored) == KT_OK;
	return false;
}

static enum kt_rc
read_beginning(struct kt_log *log, uint64_t number, struct beginning *b,
    struct kt_err *err)
{
	b->is_read = false;
	if (kt_log_read_lines(log, number, see_beginning, b, err) < 0)
		return err->rc;
	return b->is_read ? KT_OK : kt_fail(err, KT_E_PARSE,
	    "segment %llu does not begin with a segment record",
	    (unsigned long long)number);
}

static enum kt_rc
add_bytes(struct kt_log *log, uint64_t number, struct kt_retain *r,
    struct kt_err *err)
{
	struct kt_disk_file f;
	char path[KT_PATH_MAX];

	if (kt_log_segment_path(log, number, path, err) < 0 ||
	    kt_disk_open(&f, log->io, path, KT_DISK_READ, err) < 0)
		return err->rc;
	r->bytes += f.size;
	kt_disk_close(&f);
	return KT_OK;
}

/* ---- what has to stay ---- */

struct looking { /* for somebody who is covered by a hold */
	const struct kt_holds *holds;
	bool is_held;
};

static bool
see_line(void *arg, struct kt_span line)
{
	struct looking *l = arg;

	l->is_held = kt_holds_name(l->holds, line);
	return !l->is_held;
}

static enum kt_rc
is_held(struct kt_log *log, const struct kt_holds *holds, uint64_t number,
    bool *is, struct kt_err *err)
{
	struct looking l = { .holds = holds, .is_held = holds->is_all };

	if (!l.is_held && holds->subjects.len > 0 &&
	    kt_log_read_lines(log, number, see_line, &l, err) < 0)
		return err->rc;
	*is = l.is_held;
	return KT_OK;
}

static void
before_days(struct kt_log *log, uint64_t days, char out[static TIME_BYTES])
{
	struct kt_disk_time now;
	struct tm tm;
	time_t at;

	log->io->now(log->io->arg, &now);
	at = now.real_us > days * DAY_US ?
	    (time_t)((now.real_us - days * DAY_US) / 1000000) : 0;
	if (gmtime_r(&at, &tm) == NULL ||
	    strftime(out, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		KT_BUG("a clock far beyond this calendar");
}

/* One segment more, where its successor begins early enough. */
static enum kt_rc
go_on(struct kt_log *log, const struct kt_holds *holds, const char *before,
    struct beginning *next, struct kt_retain *r, bool *may_go,
    struct kt_err *err)
{
	uint64_t opened;

	*may_go = false;
	if (read_beginning(log, r->segment + 1, next, err) < 0)
		return err->rc;
	if (memcmp(next->ts, before, TIME_BYTES - 1) >= 0 ||
	    (kt_opens_since(&log->opens, &opened) && opened < next->index))
		return KT_OK;
	if (is_held(log, holds, r->segment, &r->is_held, err) < 0)
		return err->rc;
	if (r->is_held)
		return KT_OK;
	*may_go = true;
	r->size = next->index;
	kt_audit_chain_root(&next->chain, r->root);
	return add_bytes(log, r->segment++, r, err);
}

static enum kt_rc
plan(struct kt_log *log, struct kt_retain *r, const struct kt_holds *holds,
    struct beginning *b, struct kt_err *err)
{
	char before[TIME_BYTES];
	struct kt_log_segments f;
	bool may_go = true;

	if (kt_log_list_segments(log, &f, err) < 0)
		return err->rc;
	if (f.n == 0)
		return kt_fail(err, KT_E_PARSE, "a segment file is missing");
	if (read_beginning(log, f.first, b, err) < 0)
		return err->rc;
	r->first = r->size = b->index;
	r->first_segment = r->segment = f.first;
	before_days(log, r->days, before);
	while (may_go && r->segment < f.last && (r->most == 0 ||
	    r->segment - r->first_segment < r->most)) {
		if (go_on(log, holds, before, b, r, &may_go, err) < 0)
			return err->rc;
	}
	return KT_OK;
}

enum kt_rc
kt_retain_plan(struct kt_log *log, struct kt_retain *r, struct kt_err *err)
{
	struct beginning b = { .index = 0 };
	struct kt_holds holds;
	enum kt_rc rc;

	*r = (struct kt_retain){ .days = r->days, .most = r->most };
	if (kt_audit_chain_init(&b.chain, err) < 0)
		return err->rc;
	kt_holds_read(&holds, log);
	rc = plan(log, r, &holds, &b, err);
	kt_holds_fini(&holds);
	kt_audit_chain_fini(&b.chain);
	return rc;
}

/* ---- the tree over what goes ---- */

struct keeping {
	struct kt_log *log;
	struct kt_audit_tiles tiles;
	struct kt_err *err;
	enum kt_rc rc;
};

/* Not a cache any more: a tile that cannot be written keeps its records. */
static enum kt_rc
keep_tile(void *arg, const struct kt_audit_tile *t, struct kt_span hashes,
    struct kt_err *err)
{
	struct keeping *k = arg;
	uint8_t there[KT_AUDIT_TILE_BYTES];

	if (kt_tiles_get(k->log->io, k->log->dir, t, there, err) == KT_OK &&
	    memcmp(there, hashes.ptr, hashes.len) == 0)
		return KT_OK;
	return kt_tiles_put(k->log->io, k->log->dir, t, hashes, err);
}

static bool
keep_line(void *arg, struct kt_span line)
{
	struct keeping *k = arg;
	uint8_t leaf[KT_AUDIT_HASH];

	kt_audit_leaf(&k->log->chain, line, leaf);
	k->rc = kt_audit_tiles_step(&k->tiles, leaf, keep_tile, k, k->err);
	return k->rc == KT_OK;
}

static enum kt_rc
keep_tree(struct keeping *k, const struct kt_retain *r, struct kt_err *err)
{
	uint8_t root[KT_AUDIT_HASH];
	uint64_t n;

	if (kt_edge_read(k->log, &k->tiles, &n, err) < 0)
		return err->rc;
	if (k->tiles.size > r->size)
		return KT_OK; /* of an order that was interrupted */
	for (; k->rc == KT_OK && n < r->segment; n++) {
		if (kt_log_read_lines(k->log, n, keep_line, k, err) < 0)
			return err->rc;
	}
	if (k->rc < 0)
		return err->rc;
	kt_audit_tiles_root(&k->tiles, root);
	if (k->tiles.size != r->size ||
	    memcmp(root, r->root, KT_AUDIT_HASH) != 0)
		return kt_fail(err, KT_E_PARSE, "the oldest records are not "
		    "what the log committed to: they stay");
	return kt_edge_write(k->log, &k->tiles, r->segment, err);
}

enum kt_rc
kt_retain_keep_tree(
    struct kt_log *log, const struct kt_retain *r, struct kt_err *err)
{
	struct keeping *k = kt_alloc(sizeof(*k));
	enum kt_rc rc;

	if (k == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for tiles");
	k->log = log;
	k->err = err;
	rc = kt_audit_tiles_init(&k->tiles, err);
	if (rc == KT_OK)
		rc = keep_tree(k, r, err);
	kt_audit_tiles_fini(&k->tiles);
	kt_free(k);
	return rc;
}

static enum kt_rc
drop(struct kt_log *log, const char *path, struct kt_err *err)
{
	if (log->io->unlink(log->io->arg, path) < 0 && errno != ENOENT)
		return kt_fail(err, KT_E_IO, "%s: cannot be removed: %s", path,
		    strerror(errno));
	return KT_OK;
}

enum kt_rc
kt_retain_remove(
    struct kt_log *log, const struct kt_retain *r, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	for (uint64_t n = r->first_segment; n < r->segment; n++) {
		if (kt_content_path(path, log->dir, n, err) < 0 ||
		    drop(log, path, err) < 0 ||
		    kt_log_segment_path(log, n, path, err) < 0 ||
		    drop(log, path, err) < 0)
			return err->rc;
	}
	if (kt_log_path(log, path, err, "seg") < 0)
		return err->rc;
	return kt_disk_sync_dir(log->io, path, err);
}
