/*
 * archive - plain files, one behind the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Own code for tar: a header of one block per file is all that it takes, and
 * whoever wants the same bytes each time would have to talk a library out of
 * owners, times and extensions.  A header is written once the length of its
 * file is known, over zeros that held its place.
 */
#include "cmd/audit/archive.h"

#include <errno.h>

#define BLOCK 512

/* IEEE Std 1003.1-1988, ustar: texts end where they are full or at a NUL. */
struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12];
	char chksum[8], typeflag, linkname[100], magic[6], version[2];
	char uname[32], gname[32], devmajor[8], devminor[8], prefix[155];
	char rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");
_Static_assert(KT_ARCHIVE_NAME == sizeof(((struct header *)0)->name) + 1 &&
    KT_ARCHIVE_FOLDER == sizeof(((struct header *)0)->prefix) + 1,
    "names fill their fields");

bool
kt_archive_is_tar(const char *out)
{
	return kt_span_ends(kt_span_of(out), KT_SPAN(".tar"));
}

/* "<out><between><name>", with a NUL. */
static const char *
path_of(struct kt_archive *c, const char *between, const char *name)
{
	kt_buf_reset(&c->path);
	if (kt_buf_printf(&c->path, "%s%s%s", c->out, between, name) < 0 ||
	    kt_buf_addc(&c->path, '\0') < 0)
		return NULL;
	return c->path.ptr;
}

static enum kt_rc
open_tar(struct kt_archive *c, struct kt_err *err)
{
	struct kt_disk_file there;
	const char *path;

	if (kt_disk_open(&there, c->io, c->out, KT_DISK_READ, err) == KT_OK) {
		kt_disk_close(&there);
		return kt_fail(err, KT_E_IO, "%s: is there already", c->out);
	}
	if (errno != ENOENT)
		return err->rc;
	path = path_of(c, ".tmp", "");
	if (path == NULL)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", c->out);
	c->has_tmp = true;
	if (kt_disk_open(&c->file, c->io, path, KT_DISK_APPEND, err) < 0)
		return err->rc;
	return c->file.size == 0 ? KT_OK : kt_disk_cut(&c->file, 0, err);
}

enum kt_rc
kt_archive_open(struct kt_archive *c, const struct kt_disk_io *io,
    const char *out, const char *folder, uint64_t time, struct kt_err *err)
{
	*c = (struct kt_archive){ .io = io, .out = out, .time = time,
		.is_tar = kt_archive_is_tar(out),
		.file = KT_DISK_FILE_INIT };
	kt_buf_init(&c->sums, 256u << 20);
	kt_buf_init(&c->path, KT_PATH_MAX);
	if (snprintf(c->folder, sizeof(c->folder), "%s", folder) >=
	    (int)sizeof(c->folder))
		return kt_fail(err, KT_E_LIMIT, "%s: too long", folder);
	if (kt_audit_hash_init(&c->hash, err) < 0)
		return err->rc;
	return c->is_tar ? open_tar(c, err) :
	    kt_disk_mkdir(io, out, 0755, err);
}

/* Every folder between `out` and the file. */
static enum kt_rc
make_folders(struct kt_archive *c, char *path, struct kt_err *err)
{
	for (char *at = path + strlen(c->out) + 1; *at != '\0'; at++) {
		enum kt_rc rc;

		if (*at != '/')
			continue;
		*at = '\0';
		rc = kt_disk_mkdir(c->io, path, 0755, err);
		*at = '/';
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

enum kt_rc
kt_archive_begin(struct kt_archive *c, const char *name, struct kt_err *err)
{
	static const char place[BLOCK];
	const char *path = path_of(c, "/", name);
	enum kt_rc rc;

	if (path == NULL || snprintf(c->name, sizeof(c->name), "%s", name) >=
	    (int)sizeof(c->name))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", name);
	if (c->is_tar) {
		c->head = c->file.size;
		return kt_disk_append(
		    &c->file, (struct kt_span){ place, BLOCK }, err);
	}
	rc = kt_disk_open(&c->file, c->io, path, KT_DISK_NEW, err);
	if (rc == KT_E_IO && errno == ENOENT) {
		if (make_folders(c, c->path.ptr, err) < 0)
			return err->rc;
		rc = kt_disk_open(&c->file, c->io, path, KT_DISK_NEW, err);
	}
	return rc == KT_E_IO && errno == EEXIST ? kt_fail(err, KT_E_IO,
	    "%s: %s is there already, and is not replaced", c->out, name) : rc;
}

enum kt_rc
kt_archive_add(struct kt_archive *c, struct kt_span bytes, struct kt_err *err)
{
	kt_audit_hash_add(&c->hash, bytes);
	c->bytes += bytes.len;
	return kt_disk_append(&c->file, bytes, err);
}

/* ---- the header ---- */

static void
put_octal(char *field, size_t n, uint64_t value)
{
	field[--n] = '\0';
	while (n-- > 0) {
		field[n] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

static void
put_text(char *field, const char *text)
{
	memcpy(field, text, strlen(text)); /* full: there is no NUL */
}

/* Over all bytes, those of the sum itself as spaces. */
static uint64_t
sum_of(const struct header *h)
{
	const unsigned char *at = (const unsigned char *)h;
	uint64_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += at[i];
	return sum;
}

static void
fill(struct header *h, const struct kt_archive *c, uint64_t size)
{
	*h = (struct header){ .typeflag = '0' };
	put_text(h->name, c->name);
	put_text(h->prefix, c->folder);
	put_octal(h->mode, sizeof(h->mode), 0644);
	put_octal(h->uid, sizeof(h->uid), 0);
	put_octal(h->gid, sizeof(h->gid), 0);
	put_octal(h->size, sizeof(h->size), size);
	put_octal(h->mtime, sizeof(h->mtime), c->time);
	put_octal(h->devmajor, sizeof(h->devmajor), 0);
	put_octal(h->devminor, sizeof(h->devminor), 0);
	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	memset(h->chksum, ' ', sizeof(h->chksum));
	put_octal(h->chksum, sizeof(h->chksum) - 1, sum_of(h));
}

/* To a whole number of blocks, then over the place of the header. */
static enum kt_rc
end_in_tar(struct kt_archive *c, struct kt_err *err)
{
	static const char zeros[BLOCK];
	uint64_t size = c->file.size - c->head - BLOCK, end;
	struct header h;
	enum kt_rc rc;

	if (size > KT_ARCHIVE_FILE_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: too long", c->name);
	if (kt_disk_append(&c->file, (struct kt_span){ zeros,
	    (size_t)((BLOCK - size % BLOCK) % BLOCK) }, err) < 0)
		return err->rc;
	fill(&h, c, size);
	end = c->file.size;
	c->file.size = c->head;
	rc = kt_disk_append(
	    &c->file, (struct kt_span){ (const char *)&h, BLOCK }, err);
	c->file.size = end;
	return rc;
}

enum kt_rc
kt_archive_end(struct kt_archive *c, struct kt_err *err)
{
	uint8_t digest[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];
	enum kt_rc rc;

	if (c->is_tar) {
		rc = end_in_tar(c, err);
	} else {
		rc = kt_disk_sync(&c->file, err);
		kt_disk_close(&c->file);
	}
	kt_audit_hash_take(&c->hash, digest);
	kt_hex(digest, sizeof(digest), hex);
	c->files++;
	if (rc == KT_OK &&
	    kt_buf_printf(&c->sums, "%s  %s\n", hex, c->name) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "too many files");
	return rc;
}

enum kt_rc
kt_archive_put(struct kt_archive *c, const char *name, struct kt_span bytes,
    struct kt_err *err)
{
	if (kt_archive_begin(c, name, err) < 0 ||
	    kt_archive_add(c, bytes, err) < 0)
		return err->rc;
	return kt_archive_end(c, err);
}

enum kt_rc
kt_archive_seal(struct kt_archive *c, struct kt_err *err)
{
	static const char end[2 * BLOCK];
	const char *tmp;

	if (!c->is_tar)
		return KT_OK;
	tmp = path_of(c, ".tmp", "");
	if (tmp == NULL)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", c->out);
	if (kt_disk_append(
	    &c->file, (struct kt_span){ end, sizeof(end) }, err) < 0 ||
	    kt_disk_sync(&c->file, err) < 0)
		return err->rc;
	if (c->io->rename(c->io->arg, tmp, c->out) < 0)
		return kt_fail(err, KT_E_IO, "%s: cannot be named: %s", c->out,
		    strerror(errno));
	c->has_tmp = false;
	kt_disk_close(&c->file);
	return KT_OK;
}

void
kt_archive_close(struct kt_archive *c)
{
	const char *tmp = c->has_tmp ? path_of(c, ".tmp", "") : NULL;

	if (tmp != NULL)
		(void)c->io->unlink(c->io->arg, tmp); /* of no use to anybody */
	kt_disk_close(&c->file);
	kt_audit_hash_fini(&c->hash);
	kt_buf_fini(&c->sums);
	kt_buf_fini(&c->path);
}
