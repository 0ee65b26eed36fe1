/*
 * tiles - reading and writing tiles without trusting either.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No atomic replacement: a torn tile is noticed because its root does not
 * fit, and recovery writes those of the last segment again.  Full ones are
 * synced, so that a power cut does not look like somebody's change; a partial
 * one is worth nothing to nobody a second later.
 */
#include "cmd/audit/tiles.h"

#include <errno.h>

static enum kt_rc
path_of(const char *dir, const struct kt_audit_tile *t,
    char path[static KT_PATH_MAX], struct kt_err *err)
{
	char name[KT_AUDIT_TILE_PATH];
	int n;

	kt_audit_tile_path(t, name);
	n = snprintf(path, KT_PATH_MAX, "%s/%s", dir, name);
	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	return KT_OK;
}

/* Every directory between `dir` and the file. */
static enum kt_rc
make_dirs(const struct kt_disk_io *io, const char *dir, char *path,
    struct kt_err *err)
{
	for (char *c = path + strlen(dir) + 1; *c != '\0'; c++) {
		enum kt_rc rc;

		if (*c != '/')
			continue;
		*c = '\0';
		rc = kt_disk_mkdir(io, path, 0700, err);
		*c = '/';
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

enum kt_rc
kt_tiles_put(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t, struct kt_span hashes, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_disk_file f;
	enum kt_rc rc;

	if (path_of(dir, t, path, err) < 0)
		return err->rc;
	rc = kt_disk_open(&f, io, path, KT_DISK_APPEND, err);
	if (rc == KT_E_IO && errno == ENOENT) {
		if (make_dirs(io, dir, path, err) < 0)
			return err->rc;
		rc = kt_disk_open(&f, io, path, KT_DISK_APPEND, err);
	}
	if (rc < 0)
		return rc;
	f.size = 0; /* it may be there from before a crash */
	rc = kt_disk_append(&f, hashes, err);
	if (rc == KT_OK && t->width == KT_AUDIT_TILE_WIDTH)
		rc = kt_disk_sync(&f, err);
	kt_disk_close(&f);
	return rc;
}

static enum kt_rc
read_tile(const struct kt_disk_io *io, const char *path, unsigned width,
    uint8_t *hashes, struct kt_err *err)
{
	struct kt_disk_file f;
	size_t got = 0, want = (size_t)width * KT_AUDIT_HASH;
	enum kt_rc rc = kt_disk_open(&f, io, path, KT_DISK_READ, err);

	if (rc < 0)
		return rc;
	rc = kt_disk_read_at(&f, 0, hashes, want, &got, err);
	kt_disk_close(&f);
	if (rc == KT_OK && got < want)
		rc = kt_fail(err, KT_E_IO, "%s: too short", path);
	return rc;
}

struct widths {
	const struct kt_disk_io *io;
	const char *dir; /* of the partial tiles; when dropping */
	unsigned least, found;
};

static bool
see_width(void *arg, const char *name)
{
	struct widths *w = arg;
	uint64_t n;

	if (kt_span_u64(kt_span_of(name), &n) && n >= w->least &&
	    n > w->found && n < KT_AUDIT_TILE_WIDTH)
		w->found = (unsigned)n;
	return true;
}

enum kt_rc
kt_tiles_get(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t, uint8_t *hashes, struct kt_err *err)
{
	struct kt_audit_tile at = *t;
	struct widths w = { .least = t->width };
	char path[KT_PATH_MAX];

	at.width = KT_AUDIT_TILE_WIDTH;
	if (path_of(dir, &at, path, err) < 0)
		return err->rc;
	if (read_tile(io, path, t->width, hashes, err) == KT_OK)
		return KT_OK;
	if (t->width == KT_AUDIT_TILE_WIDTH)
		return err->rc;
	if (strlen(path) + 3 < sizeof(path))
		memcpy(path + strlen(path), ".p", 3);
	if (kt_disk_list(io, path, see_width, &w, err) < 0)
		return err->rc;
	if (w.found == 0)
		return kt_fail(err, KT_E_IO, "%s: no tile", path);
	at.width = w.found;
	if (path_of(dir, &at, path, err) < 0)
		return err->rc;
	return read_tile(io, path, t->width, hashes, err);
}

unsigned
kt_tiles_width(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t)
{
	struct kt_audit_tile at = *t;
	struct widths w = { .least = 1 };
	struct kt_disk_file f;
	struct kt_err ignored; /* no file */
	char path[KT_PATH_MAX];

	at.width = KT_AUDIT_TILE_WIDTH;
	if (path_of(dir, &at, path, &ignored) < 0)
		return 0;
	if (kt_disk_open(&f, io, path, KT_DISK_READ, &ignored) == KT_OK) {
		kt_disk_close(&f);
		return KT_AUDIT_TILE_WIDTH;
	}
	if (strlen(path) + 3 >= sizeof(path))
		return 0;
	memcpy(path + strlen(path), ".p", 3);
	if (kt_disk_list(io, path, see_width, &w, &ignored) < 0)
		return 0;
	return w.found;
}

static bool
drop_width(void *arg, const char *name)
{
	struct widths *w = arg;
	char path[KT_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", w->dir, name);

	if (n > 0 && (size_t)n < sizeof(path))
		(void)w->io->unlink(w->io->arg, path); /* a cache */
	return true;
}

void
kt_tiles_drop_partial(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t)
{
	struct kt_audit_tile at = *t;
	struct widths w = { .io = io };
	struct kt_err ignored;
	char path[KT_PATH_MAX];

	at.width = KT_AUDIT_TILE_WIDTH;
	if (path_of(dir, &at, path, &ignored) < 0 ||
	    strlen(path) + 3 >= sizeof(path))
		return;
	memcpy(path + strlen(path), ".p", 3);
	w.dir = path;
	if (kt_disk_list(io, path, drop_width, &w, &ignored) == KT_OK)
		(void)io->rmdir(io->arg, path); /* a cache */
}
