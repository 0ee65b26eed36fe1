/*
 * disk - finishing what system calls leave half done.
 * SPDX-License-Identifier: Apache-2.0
 *
 * pread and pwrite with our own offset instead of O_APPEND and the kernel's:
 * after a failed append the file position is unknown, an offset of ours is
 * not, and the next owner of the tail can cut to it.
 */
#include "config.h" /* O_PATH */

#include "disk/disk.h"

#include <errno.h>
#include <fcntl.h>

/* One read or write; larger ones only delay the error. */
#define CHUNK (1u << 20)
/* Without O_NONBLOCK a pipe that nobody writes to is waited for for ever. */
#define READ_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK)
/* As many as the kernel follows: path_resolution(7). */
#define LINKS_MAX 40

static enum kt_rc
io_fail(struct kt_err *err, const char *what, const char *path)
{
	int saved = errno;
	enum kt_rc rc;

	rc = kt_fail(err, KT_E_IO, "%s: %s: %s", path, what, strerror(saved));
	errno = saved;
	return rc;
}

static enum kt_rc
no_file(struct kt_err *err, const char *path)
{
	enum kt_rc rc =
	    kt_fail(err, KT_E_IO, "%s: not a regular file", path);

	errno = EINVAL;
	return rc;
}

static int
open_retry(const struct kt_disk_io *io, const char *path, int flags, unsigned mode)
{
	int fd;

	do
		fd = io->open(io->arg, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

/* -1 and errno, or 0 when all n bytes are written. */
static int
write_all(const struct kt_disk_io *io, int fd, struct kt_span bytes, uint64_t at)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < CHUNK ? bytes.len : CHUNK;
		int64_t w = io->pwrite(io->arg, fd, bytes.ptr, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w == 0)
			errno = ENOSPC; /* a device that takes nothing is full */
		if (w <= 0)
			return -1;
		bytes = kt_span_sub(bytes, (size_t)w, bytes.len);
		at += (uint64_t)w;
	}
	return 0;
}

/*
 * No retry on EINTR or any other error: after a failed sync the kernel may
 * drop the dirty pages, and a second one would "succeed" without them.
 */
static int
sync_data(const struct kt_disk_io *io, int fd)
{
	return io->fdatasync(io->arg, fd);
}

enum kt_rc
kt_disk_read_file(const struct kt_disk_io *io, const char *path, size_t limit,
    struct kt_buf *to, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;
	uint64_t at = 0;
	int64_t got = 1;
	int fd, saved;

	kt_buf_reset(to);
	fd = open_retry(io, path, READ_FLAGS, 0);
	if (fd < 0)
		return io_fail(err, "cannot open", path);
	while (got != 0) {
		rc = kt_buf_reserve(to, 4096);
		if (rc < 0) {
			rc = kt_fail(err, rc, "%s: too long", path);
			break;
		}
		got = io->pread(io->arg, fd, to->ptr + to->len,
		    to->cap - to->len, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			rc = errno == ESPIPE ? no_file(err, path) :
			    io_fail(err, "cannot read", path);
			break;
		}
		to->len += (size_t)got;
		at += (uint64_t)got;
		if (to->len > limit) {
			rc = kt_fail(err, KT_E_LIMIT,
			    "%s: longer than %zu bytes", path, limit);
			break;
		}
	}
	saved = errno;
	(void)io->close(io->arg, fd); /* nothing was written */
	errno = saved;
	return rc;
}

/* The directory part of path, "." where it has none. */
static bool
dir_of(const char *path, char *dir, size_t n)
{
	const char *slash = strrchr(path, '/');
	int w;

	if (slash == NULL)
		w = snprintf(dir, n, ".");
	else if (slash == path)
		w = snprintf(dir, n, "/");
	else
		w = snprintf(dir, n, "%.*s", (int)(slash - path), path);
	return w >= 0 && (size_t)w < n;
}

/* Closes fd, too; a failure leaves no file of that name. */
static enum kt_rc
fill(const struct kt_disk_io *io, int fd, const char *path,
    struct kt_span bytes, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	if (write_all(io, fd, bytes, 0) < 0 || sync_data(io, fd) < 0)
		rc = io_fail(err, "cannot write", path);
	if (io->close(io->arg, fd) < 0 && errno != EINTR && rc == KT_OK)
		rc = io_fail(err, "cannot close", path);
	if (rc < 0)
		(void)io->unlink(io->arg, path); /* already failing */
	return rc;
}

enum kt_rc
kt_disk_write_copy(const struct kt_disk_io *io, const char *path,
    struct kt_span bytes, unsigned mode, struct kt_err *err)
{
	char tmp[KT_PATH_MAX];
	int fd, n;

	n = snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", path);
	fd = open_retry(io, tmp, O_WRONLY | O_CREAT | O_TRUNC, mode);
	if (fd < 0)
		return io_fail(err, "cannot create", tmp);
	if (fill(io, fd, tmp, bytes, err) < 0)
		return err->rc;
	if (io->rename(io->arg, tmp, path) < 0)
		return io_fail(err, "cannot replace", path);
	return KT_OK;
}

enum kt_rc
kt_disk_write_atomic(const struct kt_disk_io *io, const char *path,
    struct kt_span bytes, unsigned mode, struct kt_err *err)
{
	char dir[KT_PATH_MAX];

	if (!dir_of(path, dir, sizeof(dir)))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", path);
	if (kt_disk_write_copy(io, path, bytes, mode, err) < 0)
		return err->rc;
	return kt_disk_sync_dir(io, dir, err);
}

/* Where a link at `path` points, seen from where `path` is. */
static bool
link_from(char path[static KT_PATH_MAX], struct kt_span link)
{
	char dir[KT_PATH_MAX], to[KT_PATH_MAX];
	bool is_absolute = kt_span_starts(link, KT_SPAN("/"));
	int n;

	if (!dir_of(path, dir, sizeof(dir)))
		return false;
	n = snprintf(to, sizeof(to), "%s%s%.*s", is_absolute ? "" : dir,
	    is_absolute ? "" : "/", KT_SPAN_ARG(link));
	if (n < 0 || (size_t)n >= sizeof(to))
		return false;
	memcpy(path, to, (size_t)n + 1);
	return true;
}

enum kt_rc
kt_disk_follow(const struct kt_disk_io *io, const char *path,
    char to[static KT_PATH_MAX], struct kt_err *err)
{
	char link[KT_PATH_MAX];

	if (snprintf(to, KT_PATH_MAX, "%s", path) >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", path);
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		int64_t n = io->readlink(io->arg, to, link, sizeof(link));

		if (n < 0)
			return errno == EINVAL || errno == ENOENT ? KT_OK :
			    io_fail(err, "cannot be followed", path);
		if (!link_from(to, (struct kt_span){ link, (size_t)n }))
			return kt_fail(
			    err, KT_E_LIMIT, "%s: path too long", path);
	}
	errno = ELOOP;
	return io_fail(err, "cannot be followed", path);
}

/* Asks without opening: a FIFO would wait, a device may act. */
static int
look_at(const struct kt_disk_io *io, const char *path, struct kt_disk_stat *st)
{
	int fd = open_retry(io, path, O_PATH, 0);
	int r, saved;

	if (fd < 0)
		return -1;
	r = io->fstat(io->arg, fd, st);
	saved = errno;
	(void)io->close(io->arg, fd); /* nothing was written */
	errno = saved;
	return r;
}

/* Into what is no regular file: it has no position, and no other name. */
static enum kt_rc
pour(const struct kt_disk_io *io, const char *path, struct kt_span bytes,
    struct kt_err *err)
{
	int fd = open_retry(io, path, O_WRONLY | O_NOCTTY, 0);
	enum kt_rc rc = KT_OK;

	if (fd < 0)
		return io_fail(err, "cannot open", path);
	while (bytes.len > 0 && rc == KT_OK) {
		int64_t w = io->write(io->arg, fd, bytes.ptr, bytes.len);

		if (w < 0 && errno == EINTR)
			continue;
		if (w == 0)
			errno = ENOSPC; /* a device that takes nothing is full */
		if (w <= 0)
			rc = io_fail(err, "cannot write", path);
		else
			bytes = kt_span_sub(bytes, (size_t)w, bytes.len);
	}
	if (io->close(io->arg, fd) < 0 && errno != EINTR && rc == KT_OK)
		rc = io_fail(err, "cannot close", path);
	return rc;
}

/*
 * The temporary name is one that nobody has: in a folder of the user's,
 * FILE.tmp may be theirs, or a link that somebody else laid there.
 */
static enum kt_rc
put_beside(const struct kt_disk_io *io, const char *path,
    struct kt_span bytes, unsigned mode, bool is_new, struct kt_err *err)
{
	char dir[KT_PATH_MAX], tmp[KT_PATH_MAX];
	uint64_t random;
	int fd, n;

	if (kt_disk_random(&random, sizeof(random), err) < 0)
		return err->rc;
	n = !dir_of(path, dir, sizeof(dir)) ? -1 : snprintf(tmp, sizeof(tmp),
	    "%s/.kt-%016llx.tmp", dir, (unsigned long long)random);
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", path);
	fd = open_retry(io, tmp, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0)
		return io_fail(err, "cannot create a file beside it", path);
	if (!is_new && io->fchmod(io->arg, fd, mode) < 0) {
		(void)io_fail(err, "cannot protect", tmp);
		(void)io->close(io->arg, fd);   /* already failing */
		(void)io->unlink(io->arg, tmp); /* already failing */
		return err->rc;
	}
	if (fill(io, fd, tmp, bytes, err) < 0)
		return err->rc;
	if (io->rename(io->arg, tmp, path) < 0) {
		(void)io_fail(err, "cannot replace", path);
		(void)io->unlink(io->arg, tmp); /* already failing */
		return err->rc;
	}
	return kt_disk_sync_dir(io, dir, err);
}

enum kt_rc
kt_disk_replace(const struct kt_disk_io *io, const char *path,
    struct kt_span bytes, unsigned mode, struct kt_err *err)
{
	char file[KT_PATH_MAX];
	struct kt_disk_stat st;
	bool is_new = look_at(io, path, &st) < 0;

	if (is_new && errno != ENOENT)
		return io_fail(err, "cannot open", path);
	if (!is_new && !st.is_file)
		return pour(io, path, bytes, err);
	if (kt_disk_follow(io, path, file, err) < 0)
		return err->rc;
	return put_beside(
	    io, file, bytes, is_new ? mode : st.mode & 0777, is_new, err);
}

enum kt_rc
kt_disk_mkdir(const struct kt_disk_io *io, const char *path, unsigned mode,
    struct kt_err *err)
{
	if (io->mkdir(io->arg, path, mode) < 0 && errno != EEXIST)
		return io_fail(err, "cannot make directory", path);
	return KT_OK;
}

enum kt_rc
kt_disk_sync_dir(
    const struct kt_disk_io *io, const char *path, struct kt_err *err)
{
	int fd = open_retry(io, path, O_RDONLY | O_DIRECTORY, 0);
	enum kt_rc rc = KT_OK;

	if (fd < 0)
		return io_fail(err, "cannot open directory", path);
	if (io->fsync(io->arg, fd) < 0)
		rc = io_fail(err, "cannot sync directory", path);
	(void)io->close(io->arg, fd); /* nothing was written through it */
	return rc;
}

enum kt_rc
kt_disk_list(const struct kt_disk_io *io, const char *dir,
    kt_disk_name_fn *each, void *arg, struct kt_err *err)
{
	if (io->list(io->arg, dir, each, arg) < 0)
		return io_fail(err, "cannot list", dir);
	return KT_OK;
}

enum kt_rc
kt_disk_open(struct kt_disk_file *f, const struct kt_disk_io *io,
    const char *path, enum kt_disk_how how, struct kt_err *err)
{
	struct kt_disk_stat st;
	int flags = 0;

	*f = (struct kt_disk_file){ .io = io, .fd = -1 };
	switch (how) {
	case KT_DISK_READ:
		flags = READ_FLAGS;
		break;
	case KT_DISK_APPEND:
		flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY;
		break;
	case KT_DISK_NEW:
		flags = O_RDWR | O_CREAT | O_EXCL | O_NOCTTY;
		break;
	}
	f->fd = open_retry(io, path, flags, 0600);
	if (f->fd < 0)
		return io_fail(err, "cannot open", path);
	if (io->fstat(io->arg, f->fd, &st) < 0) {
		(void)io_fail(err, "cannot examine", path);
		kt_disk_close(f);
		return KT_E_IO;
	}
	if (how == KT_DISK_READ && !st.is_file) {
		kt_disk_close(f);
		return no_file(err, path);
	}
	f->size = st.size;
	return KT_OK;
}

enum kt_rc
kt_disk_append(
    struct kt_disk_file *f, struct kt_span bytes, struct kt_err *err)
{
	if (write_all(f->io, f->fd, bytes, f->size) < 0)
		return io_fail(err, "cannot append", "file");
	f->size += bytes.len;
	return KT_OK;
}

enum kt_rc
kt_disk_sync(struct kt_disk_file *f, struct kt_err *err)
{
	struct kt_disk_stat st;

	if (sync_data(f->io, f->fd) < 0 ||
	    f->io->fstat(f->io->arg, f->fd, &st) < 0)
		return io_fail(err, "cannot sync", "file");
	if (!st.is_gone)
		return KT_OK;
	errno = ENOENT;
	return kt_fail(err, KT_E_IO, "a file was removed while it was written");
}

enum kt_rc
kt_disk_cut(struct kt_disk_file *f, uint64_t size, struct kt_err *err)
{
	if (f->io->ftruncate(f->io->arg, f->fd, size) < 0)
		return io_fail(err, "cannot cut", "file");
	f->size = size;
	return kt_disk_sync(f, err);
}

enum kt_rc
kt_disk_read_at(struct kt_disk_file *f, uint64_t at, void *to, size_t n,
    size_t *got, struct kt_err *err)
{
	*got = 0;
	while (*got < n) {
		int64_t r = f->io->pread(f->io->arg, f->fd, (char *)to + *got,
		    n - *got, at + *got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return io_fail(err, "cannot read", "file");
		if (r == 0)
			break;
		*got += (size_t)r;
	}
	return KT_OK;
}

enum kt_rc
kt_disk_allocate(struct kt_disk_file *f, uint64_t size, struct kt_err *err)
{
	int r;

	do
		r = f->io->allocate(f->io->arg, f->fd, size);
	while (r < 0 && errno == EINTR);
	return r < 0 ? io_fail(err, "cannot set space aside", "file") : KT_OK;
}

unsigned
kt_disk_free_percent(const struct kt_disk_io *io, const char *path)
{
	struct kt_disk_space s;
	uint64_t percent;

	if (io->space(io->arg, path, &s) < 0 || s.free + s.used < 100)
		return 100; /* then the disk says when it is full */
	percent = s.free / ((s.free + s.used) / 100);
	return percent < 100 ? (unsigned)percent : 100;
}

enum kt_rc
kt_disk_protect(struct kt_disk_file *f, struct kt_err *err)
{
	if (f->io->fchmod(f->io->arg, f->fd, 0400) < 0)
		return io_fail(err, "cannot protect", "file");
	return KT_OK;
}

enum kt_rc
kt_disk_lock(struct kt_disk_file *f, struct kt_err *err)
{
	int r;

	do
		r = f->io->flock(f->io->arg, f->fd);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EWOULDBLOCK)
		return kt_fail(err, KT_E_MISUSE, "held by another process");
	if (r < 0)
		return io_fail(err, "cannot lock", "file");
	return KT_OK;
}

enum kt_rc
kt_disk_read_secret(const struct kt_disk_io *io, const char *path,
    uint8_t *to, size_t n, struct kt_err *err)
{
	struct kt_disk_file f;
	size_t got = 0;
	enum kt_rc rc;

	if (kt_disk_open(&f, io, path, KT_DISK_READ, err) < 0)
		return err->rc;
	rc = kt_disk_read_at(&f, 0, to, n, &got, err);
	if (rc < 0)
		(void)kt_wrap(err, "%s", path);
	else if (got != n || f.size != n)
		rc = kt_fail(err, KT_E_PARSE, "%s: not a key", path);
	kt_disk_close(&f);
	if (rc < 0)
		explicit_bzero(to, n);
	return rc;
}

void
kt_disk_close(struct kt_disk_file *f)
{
	if (f->fd >= 0)
		(void)f->io->close(f->io->arg, f->fd); /* synced by who cares */
	f->fd = -1;
}
