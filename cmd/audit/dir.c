/*
 * dir - reading an audit directory that may grow meanwhile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints are read before the segments are listed: the records that they
 * cover are there by then.  No lock is taken, for a copy on read-only media
 * is read in the same way.
 */
#include "cmd/audit/dir.h"

#include <errno.h>
#include <stdlib.h>

static enum kt_rc
path_of(const struct kt_audit_dir *d, const char *name,
    char path[static KT_PATH_MAX], struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/%s", d->dir, name);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", d->dir);
	return KT_OK;
}

const char *
kt_audit_dir_default(const char *dir)
{
	if (dir == NULL)
		dir = getenv("KT_AUDIT_DIR");
	return dir != NULL && dir[0] != '\0' ? dir : "./audit";
}

/* ---- checkpoints ---- */

void
kt_audit_notes_init(struct kt_audit_notes *n,
    const struct kt_disk_file *file, uint64_t from, uint64_t to)
{
	*n = (struct kt_audit_notes){ .file = *file, .at = from };
	if (to < n->file.size)
		n->file.size = to;
	kt_buf_init(&n->text, 4 * KT_AUDIT_DIR_READ);
	n->rest = kt_buf_span(&n->text);
}

void
kt_audit_notes_fini(struct kt_audit_notes *n)
{
	kt_buf_fini(&n->text);
}

static bool
more_notes(struct kt_audit_notes *n)
{
	uint64_t left = n->file.fd < 0 || n->at >= n->file.size ? 0 :
	    n->file.size - n->at;
	size_t want = left < KT_AUDIT_DIR_READ ? (size_t)left :
	    KT_AUDIT_DIR_READ, got = 0;

	kt_buf_shift(&n->text, n->text.len - n->rest.len);
	n->rest = kt_buf_span(&n->text);
	if (want == 0)
		return false;
	if (kt_buf_reserve(&n->text, want) < 0) {
		(void)kt_fail(
		    &n->err, KT_E_LIMIT, "checkpoints: a note too long");
		return false;
	}
	if (kt_disk_read_at(&n->file, n->at, n->text.ptr + n->text.len, want,
	    &got, &n->err) < 0)
		return false;
	n->at += got;
	n->text.len += got;
	n->rest = kt_buf_span(&n->text);
	return got > 0;
}

bool
kt_audit_notes_read(void *arg, struct kt_span *note)
{
	struct kt_audit_notes *n = arg;

	while (!kt_audit_notes_next(&n->rest, note)) {
		if (more_notes(n))
			continue;
		n->is_torn = n->rest.len > 0;
		return false;
	}
	return true;
}

uint64_t
kt_audit_notes_tell(const struct kt_audit_notes *n)
{
	return n->at - n->rest.len;
}

static enum kt_rc
read_some(struct kt_audit_dir *d, const char *name, struct kt_buf *to,
    struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (path_of(d, name, path, err) < 0)
		return err->rc;
	if (kt_disk_read_file(d->io, path, 2 * KT_AUDIT_NOTE_MAX, to, err) ==
	    KT_OK)
		return KT_OK;
	kt_buf_reset(to);
	return err->rc == KT_E_IO && errno == ENOENT ? KT_OK : err->rc;
}

static void
begin(struct kt_audit_dir *d)
{
	*d = (struct kt_audit_dir){ .io = &kt_disk_real,
		.notes = KT_DISK_FILE_INIT };
	kt_buf_init(&d->newest, 4 * KT_AUDIT_NOTE_MAX);
	kt_buf_init(&d->log_vkey, 4 * KT_AUDIT_NOTE_MAX);
}

void
kt_audit_dir_none(struct kt_audit_dir *d, const char *name)
{
	begin(d);
	(void)snprintf(d->dir, sizeof(d->dir), "%s", name);
}

enum kt_rc
kt_audit_dir_open(
    struct kt_audit_dir *d, const char *dir, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	int n;

	begin(d);
	n = snprintf(d->dir, sizeof(d->dir), "%s", dir);
	if (n < 0 || (size_t)n >= sizeof(d->dir))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (read_some(d, "log.vkey", &d->log_vkey, err) < 0 ||
	    read_some(d, "checkpoint", &d->newest, err) < 0 ||
	    path_of(d, "checkpoints", path, err) < 0)
		return err->rc;
	if (kt_disk_open(&d->notes, d->io, path, KT_DISK_READ, err) < 0 &&
	    errno != ENOENT)
		return err->rc;
	return KT_OK;
}

void
kt_audit_dir_close(struct kt_audit_dir *d)
{
	kt_disk_close(&d->notes);
	kt_buf_fini(&d->newest);
	kt_buf_fini(&d->log_vkey);
	kt_free(d->segments);
	d->segments = NULL;
}

/* ---- segments ---- */

bool
kt_audit_dir_is_segment(const char *name, uint64_t *number)
{
	struct kt_span s = kt_span_of(name);

	return s.len == 18 && kt_span_ends(s, KT_SPAN(".jsonl")) &&
	    kt_span_u64(kt_span_sub(s, 0, 12), number);
}

static bool
see_segment(void *arg, const char *name)
{
	struct kt_audit_dir *d = arg;
	uint64_t n;

	if (!kt_audit_dir_is_segment(name, &n))
		return true;
	if (kt_grow((void **)&d->segments, &d->segments_cap, d->nsegments + 1,
	    sizeof(*d->segments)) < 0) {
		(void)kt_fail(&d->err, KT_E_LIMIT, "no memory");
		return false;
	}
	d->segments[d->nsegments++] = n;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

enum kt_rc
kt_audit_dir_segment(const struct kt_audit_dir *d, uint64_t segment,
    struct kt_disk_file *f, struct kt_err *err)
{
	char path[KT_PATH_MAX], name[40];

	(void)snprintf(name, sizeof(name), "seg/%012llu.jsonl",
	    (unsigned long long)segment);
	if (path_of(d, name, path, err) < 0)
		return err->rc;
	return kt_disk_open(f, d->io, path, KT_DISK_READ, err);
}

/* For progress only: what cannot be opened is an error when it is read. */
static void
add_size(struct kt_audit_dir *d, uint64_t segment)
{
	struct kt_disk_file f;
	struct kt_err ignored;

	if (kt_audit_dir_segment(d, segment, &f, &ignored) < 0)
		return;
	d->bytes += f.size;
	kt_disk_close(&f);
}

enum kt_rc
kt_audit_dir_list(struct kt_audit_dir *d, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	bool has_notes = d->newest.len > 0 || d->notes.fd >= 0;

	d->nsegments = 0;
	d->bytes = 0;
	d->err.rc = KT_OK;
	if (path_of(d, "seg", path, err) < 0)
		return err->rc;
	if (kt_disk_list(d->io, path, see_segment, d, err) < 0 &&
	    (errno != ENOENT || !has_notes))
		return err->rc;
	if (d->err.rc < 0) {
		*err = d->err;
		return err->rc;
	}
	if (d->nsegments == 0 && !has_notes)
		return kt_fail(err, KT_E_IO, "%s: no audit log", d->dir);
	if (d->nsegments > 0)
		qsort(d->segments, d->nsegments, sizeof(*d->segments),
		    by_number);
	for (size_t i = 0; i < d->nsegments; i++)
		add_size(d, d->segments[i]);
	return KT_OK;
}

enum kt_rc
kt_audit_dir_read(const struct kt_audit_dir *d, uint64_t segment,
    kt_audit_piece_fn *each, void *arg, struct kt_err *err)
{
	struct kt_disk_file f;
	struct kt_buf piece;
	uint64_t at = 0;
	size_t got = 1;
	enum kt_rc rc;

	if (kt_audit_dir_segment(d, segment, &f, err) < 0)
		return err->rc;
	kt_buf_init(&piece, KT_AUDIT_DIR_READ);
	rc = kt_buf_reserve(&piece, KT_AUDIT_DIR_READ);
	if (rc < 0)
		(void)kt_fail(err, rc, "no memory to read with");
	for (; rc == KT_OK && got > 0; at += got) {
		rc = kt_disk_read_at(
		    &f, at, piece.ptr, KT_AUDIT_DIR_READ, &got, err);
		if (rc == KT_OK && got > 0 &&
		    !each(arg, (struct kt_span){ piece.ptr, got }))
			break;
	}
	kt_buf_fini(&piece);
	kt_disk_close(&f);
	return rc < 0 ? kt_wrap(err, "segment %llu",
	    (unsigned long long)segment) : KT_OK;
}
