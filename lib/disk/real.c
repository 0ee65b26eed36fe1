/*
 * real - the table of functions that reaches the kernel.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nothing but the calls: every retry and every judgement is in disk.c, where
 * a table with faults exercises it as well.
 */
#include "disk/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

static int
real_open(void *arg, const char *path, int flags, unsigned mode)
{
	(void)arg; /* the kernel needs none */
	return open(path, flags, (mode_t)mode);
}

static int
real_close(void *arg, int fd)
{
	(void)arg;
	return close(fd);
}

static int64_t
real_pread(void *arg, int fd, void *to, size_t n, uint64_t at)
{
	(void)arg;
	return pread(fd, to, n, (off_t)at);
}

static int64_t
real_pwrite(void *arg, int fd, const void *from, size_t n, uint64_t at)
{
	(void)arg;
	return pwrite(fd, from, n, (off_t)at);
}

static int64_t
real_write(void *arg, int fd, const void *from, size_t n)
{
	(void)arg;
	return write(fd, from, n);
}

static int
real_fdatasync(void *arg, int fd)
{
	(void)arg;
	return fdatasync(fd);
}

static int
real_fsync(void *arg, int fd)
{
	(void)arg;
	return fsync(fd);
}

static int
real_ftruncate(void *arg, int fd, uint64_t size)
{
	(void)arg;
	return ftruncate(fd, (off_t)size);
}

static int
real_fstat(void *arg, int fd, struct kt_disk_stat *st)
{
	struct stat s;

	(void)arg;
	if (fstat(fd, &s) < 0)
		return -1;
	st->size = S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0;
	st->mode = s.st_mode & 07777;
	st->is_file = S_ISREG(s.st_mode);
	st->is_gone = s.st_nlink == 0;
	return 0;
}

static int
real_fchmod(void *arg, int fd, unsigned mode)
{
	(void)arg;
	return fchmod(fd, (mode_t)mode);
}

static int
real_flock(void *arg, int fd)
{
	(void)arg;
	return flock(fd, LOCK_EX | LOCK_NB);
}

static int
real_rename(void *arg, const char *from, const char *to)
{
	(void)arg;
	return rename(from, to);
}

static int64_t
real_readlink(void *arg, const char *path, char *to, size_t n)
{
	(void)arg;
	return readlink(path, to, n);
}

static int
real_unlink(void *arg, const char *path)
{
	(void)arg;
	return unlink(path);
}

static int
real_rmdir(void *arg, const char *path)
{
	(void)arg;
	return rmdir(path);
}

static int
real_mkdir(void *arg, const char *path, unsigned mode)
{
	(void)arg;
	return mkdir(path, (mode_t)mode);
}

static int
real_list(void *arg, const char *dir, kt_disk_name_fn *each, void *each_arg)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int saved;

	(void)arg;
	if (d == NULL)
		return -1;
	for (;;) {
		errno = 0;
		e = readdir(d);
		if (e == NULL)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (!each(each_arg, e->d_name)) {
			errno = 0;
			break;
		}
	}
	saved = errno;
	(void)closedir(d); /* only read */
	errno = saved;
	return saved == 0 ? 0 : -1;
}

static uint64_t
clock_us(clockid_t which)
{
	struct timespec ts;

	if (clock_gettime(which, &ts) < 0)
		KT_BUG("a clock of the C library is missing");
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
real_now(void *arg, struct kt_disk_time *t)
{
	(void)arg;
	t->real_us = clock_us(CLOCK_REALTIME);
	t->mono_us = clock_us(CLOCK_MONOTONIC);
}

static int
real_allocate(void *arg, int fd, uint64_t size)
{
	(void)arg;
	errno = posix_fallocate(fd, 0, (off_t)size);
	return errno == 0 ? 0 : -1;
}

static int
real_space(void *arg, const char *path, struct kt_disk_space *s)
{
	struct statvfs st;

	(void)arg;
	if (statvfs(path, &st) < 0)
		return -1;
	s->free = (uint64_t)st.f_bavail * st.f_frsize;
	s->used = (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize;
	return 0;
}

static void
real_clock(void *arg, struct kt_disk_clock *c)
{
	struct timex tx = { .modes = 0 };
	int state = adjtimex(&tx);

	(void)arg;
	c->is_synced = state >= 0 && state != TIME_ERROR &&
	    (tx.status & STA_UNSYNC) == 0;
	c->offset_us = (tx.status & STA_NANO) != 0 ? tx.offset / 1000 :
						     tx.offset;
}

const struct kt_disk_io kt_disk_real = {
	.open = real_open,
	.close = real_close,
	.pread = real_pread,
	.pwrite = real_pwrite,
	.write = real_write,
	.fdatasync = real_fdatasync,
	.fsync = real_fsync,
	.ftruncate = real_ftruncate,
	.fstat = real_fstat,
	.fchmod = real_fchmod,
	.flock = real_flock,
	.rename = real_rename,
	.readlink = real_readlink,
	.unlink = real_unlink,
	.rmdir = real_rmdir,
	.mkdir = real_mkdir,
	.list = real_list,
	.allocate = real_allocate,
	.space = real_space,
	.now = real_now,
	.clock = real_clock,
};

void
kt_disk_now(struct kt_disk_time *t)
{
	real_now(NULL, t);
}

uint64_t
kt_disk_mono_us(void)
{
	struct kt_disk_time t;

	kt_disk_now(&t);
	return t.mono_us;
}

enum kt_rc
kt_disk_random(void *to, size_t n, struct kt_err *err)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = getrandom((char *)to + have, n - have, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return kt_fail(err, KT_E_IO, "no entropy: %s",
			    strerror(errno));
		have += (size_t)got;
	}
	return KT_OK;
}
