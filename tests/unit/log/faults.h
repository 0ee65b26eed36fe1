/*
 * faults - a table of I/O functions whose n-th call fails.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Counts every call that changes or reads the disk; the one numbered
 * `fail_at` fails with `error`, and with `keeps_failing` all after it do.  A
 * write that fails may have written half: the disk does that, too.
 */
#ifndef KT_TEST_FAULTS_H
#define KT_TEST_FAULTS_H
#include "disk/disk.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

struct faults {
	struct kt_disk_io io;
	atomic_ulong calls, pieces;
	atomic_ulong waits, lists; /* of the calls: for the disk, of names */
	atomic_ulong fail_at; /* 0: never */
	int error;
	bool keeps_failing;
	bool is_short; /* every write and read stops short or is interrupted */
	bool kills;    /* instead of failing, the process is no more */
	int64_t clock_us; /* how far the wall clock is off */
	struct kt_disk_clock clock; /* what the kernel says of it */
	atomic_ulong asked; /* for that */
	atomic_uint used; /* percent of the disk */
	uint64_t disk;    /* bytes: 100 MiB */
	bool is_small;    /* the disk has room for so many bytes more: */
	atomic_long room;
};

/* Whether `n` bytes fit; what is written twice counts twice. */
static inline bool
takes_room(struct faults *f, uint64_t n)
{
	if (!f->is_small)
		return true;
	if (atomic_fetch_sub(&f->room, (long)n) >= (long)n)
		return true;
	(void)atomic_fetch_add(&f->room, (long)n);
	errno = ENOSPC;
	return false;
}

static inline bool
fails(struct faults *f)
{
	unsigned long n = atomic_fetch_add(&f->calls, 1) + 1;
	unsigned long at = atomic_load(&f->fail_at);

	if (at == 0 || n < at || (n > at && !f->keeps_failing))
		return false;
	if (f->kills)
		(void)raise(SIGKILL); /* nothing comes after it */
	errno = f->error;
	return true;
}

static inline bool
interrupts(struct faults *f)
{
	if (!f->is_short || atomic_fetch_add(&f->pieces, 1) % 3 != 0)
		return false;
	errno = EINTR;
	return true;
}

#define FAULTY(name, params, args) \
	static inline int faulty_##name params \
	{ \
		return fails(arg) ? -1 : kt_disk_real.name args; \
	}
FAULTY(open, (void *arg, const char *p, int fl, unsigned m), (NULL, p, fl, m))
FAULTY(ftruncate, (void *arg, int fd, uint64_t n), (NULL, fd, n))
FAULTY(fstat, (void *arg, int fd, struct kt_disk_stat *st), (NULL, fd, st))
FAULTY(fchmod, (void *arg, int fd, unsigned m), (NULL, fd, m))
FAULTY(flock, (void *arg, int fd), (NULL, fd))
FAULTY(rename, (void *arg, const char *a, const char *b), (NULL, a, b))
FAULTY(rmdir, (void *arg, const char *p), (NULL, p))
FAULTY(mkdir, (void *arg, const char *p, unsigned m), (NULL, p, m))

/* Only one file is removed for the room that it has. */
static inline int
faulty_unlink(void *arg, const char *path)
{
	struct faults *f = arg;

	if (fails(f) || kt_disk_real.unlink(NULL, path) < 0)
		return -1;
	if (strlen(path) > 8 && strcmp(path + strlen(path) - 8, "/reserve") == 0)
		(void)atomic_fetch_add(&f->room, KT_AUDIT_RESERVE);
	return 0;
}

static inline int
faulty_allocate(void *arg, int fd, uint64_t n)
{
	struct faults *f = arg;

	if (fails(f))
		return -1;
	if (takes_room(f, n))
		return kt_disk_real.allocate(NULL, fd, n);
	/* What there was of it is taken, and comes back with the file. */
	(void)atomic_fetch_sub(&f->room, KT_AUDIT_RESERVE);
	return -1;
}

static inline int
faulty_space(void *arg, const char *path, struct kt_disk_space *s)
{
	struct faults *f = arg;

	(void)path;
	s->used = atomic_load(&f->used) * (f->disk / 100);
	s->free = f->disk - s->used;
	return fails(f) ? -1 : 0;
}

static inline void
faulty_clock(void *arg, struct kt_disk_clock *c)
{
	struct faults *f = arg;

	(void)atomic_fetch_add(&f->asked, 1);
	*c = f->clock;
}

static inline int
faulty_fdatasync(void *arg, int fd)
{
	struct faults *f = arg;

	(void)atomic_fetch_add(&f->waits, 1);
	return fails(f) ? -1 : kt_disk_real.fdatasync(NULL, fd);
}

static inline int
faulty_fsync(void *arg, int fd)
{
	struct faults *f = arg;

	(void)atomic_fetch_add(&f->waits, 1);
	return fails(f) ? -1 : kt_disk_real.fsync(NULL, fd);
}

static inline int
faulty_list(void *arg, const char *dir, kt_disk_name_fn *each, void *each_arg)
{
	struct faults *f = arg;

	(void)atomic_fetch_add(&f->lists, 1);
	return fails(f) ? -1 : kt_disk_real.list(NULL, dir, each, each_arg);
}

static inline int
faulty_close(void *arg, int fd)
{
	(void)arg; /* a descriptor must not leak because a test said so */
	return kt_disk_real.close(NULL, fd);
}

static inline int64_t
faulty_pread(void *arg, int fd, void *to, size_t n, uint64_t at)
{
	struct faults *f = arg;

	if (fails(f) || interrupts(f))
		return -1;
	return kt_disk_real.pread(NULL, fd, to, f->is_short && n > 7 ? 7 : n, at);
}

static inline int64_t
faulty_pwrite(void *arg, int fd, const void *from, size_t n, uint64_t at)
{
	struct faults *f = arg;

	if (interrupts(f) || !takes_room(f, n))
		return -1;
	if (fails(f)) {
		int saved = errno;

		(void)!kt_disk_real.pwrite(NULL, fd, from, n / 2, at);
		errno = saved;
		return -1;
	}
	return kt_disk_real.pwrite(
	    NULL, fd, from, f->is_short && n > 9 ? 9 : n, at);
}

static inline int64_t
faulty_write(void *arg, int fd, const void *from, size_t n)
{
	struct faults *f = arg;

	if (fails(f) || interrupts(f))
		return -1;
	return kt_disk_real.write(NULL, fd, from, f->is_short && n > 9 ? 9 : n);
}

static inline int64_t
faulty_readlink(void *arg, const char *path, char *to, size_t n)
{
	return fails(arg) ? -1 : kt_disk_real.readlink(NULL, path, to, n);
}

static inline void
faulty_now(void *arg, struct kt_disk_time *t)
{
	const struct faults *f = arg;

	kt_disk_real.now(NULL, t);
	t->real_us = (uint64_t)((int64_t)t->real_us + f->clock_us);
}

static inline void
faults_init(struct faults *f)
{
	*f = (struct faults){
		.disk = 100u << 20,
		.io = {
			.arg = f,
			.open = faulty_open,
			.close = faulty_close,
			.pread = faulty_pread,
			.pwrite = faulty_pwrite,
			.write = faulty_write,
			.fdatasync = faulty_fdatasync,
			.fsync = faulty_fsync,
			.ftruncate = faulty_ftruncate,
			.fstat = faulty_fstat,
			.fchmod = faulty_fchmod,
			.flock = faulty_flock,
			.rename = faulty_rename,
			.readlink = faulty_readlink,
			.unlink = faulty_unlink,
			.rmdir = faulty_rmdir,
			.mkdir = faulty_mkdir,
			.list = faulty_list,
			.allocate = faulty_allocate,
			.space = faulty_space,
			.now = faulty_now,
			.clock = faulty_clock,
		},
		.error = EIO,
	};
}
#endif
