/*
 * sim - a disk in memory that loses power.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What was not synced may be there or not, sector by sector and name by
 * name, in any combination: sim_cut() draws one.  Directories are there at
 * once; files appear in them, and change their names, when the directory is
 * synced.
 */
#ifndef KT_TEST_SIM_H
#define KT_TEST_SIM_H
#include "disk/disk.h"

#include <errno.h>
#include <fcntl.h>

#define SIM_FILES 400
#define SIM_FDS 64
#define SIM_OPS 200
#define SIM_SECTOR 512

struct sim_file {
	char *now, *kept; /* what a reader sees; what survives for sure */
	size_t now_size, kept_size, cap;
};
struct sim_name {
	char path[160];
	int file; /* -1: none */
};
struct sim_op { /* a change of names, not yet durable, whole or not at all */
	char path[160], gone[160]; /* gone: what path was called before */
	int file; /* -1: the name goes */
};
struct sim {
	struct kt_disk_io io;
	struct sim_file files[SIM_FILES];
	struct sim_name names[SIM_FILES], kept[SIM_FILES];
	char dirs[SIM_FILES][160];
	struct sim_op ops[SIM_OPS];
	struct {
		int file; /* or of a directory: */
		char dir[160];
		bool is_used;
	} fds[SIM_FDS];
	int nfiles, nnames, nkept, ndirs, nops;
	unsigned long calls, cut_at; /* from that call on all of them fail */
	uint64_t state;
	uint64_t mask;   /* what survives a cut, bit by bit, with: */
	bool has_mask;   /* else it is drawn */
	unsigned flips;  /* how many bits the cut took */
};

static inline uint32_t
sim_next(struct sim *s, uint32_t below)
{
	s->state = s->state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(s->state >> 33) % below;
}

/* Whether one thing that was not synced is there after all. */
static inline bool
sim_flip(struct sim *s)
{
	bool is_there = s->mask & 1;

	s->flips++;
	s->mask >>= 1;
	return s->has_mask ? is_there : sim_next(s, 2) != 0;
}

static inline int
sim_fail(int e)
{
	errno = e;
	return -1;
}

static inline bool
sim_is_off(struct sim *s)
{
	return ++s->calls >= s->cut_at && s->cut_at > 0;
}

static inline void
sim_copy(char to[160], const char *from)
{
	(void)snprintf(to, 160, "%s", from);
}

static inline bool
sim_is_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/' &&
	    strchr(path + n + 1, '/') == NULL;
}

static inline struct sim_name *
sim_find(struct sim_name *names, int n, const char *path)
{
	for (int i = 0; i < n; i++) {
		if (names[i].file >= 0 && strcmp(names[i].path, path) == 0)
			return &names[i];
	}
	return NULL;
}

static inline void
sim_set(struct sim_name *names, int *n, const char *path, int file)
{
	struct sim_name *at = sim_find(names, *n, path);
	int i = 0;

	if (at == NULL && file < 0)
		return;
	while (at == NULL && i < *n && names[i].file >= 0)
		i++;
	if (at == NULL)
		at = &names[i];
	if (at == &names[*n])
		(*n)++;
	if (*n >= SIM_FILES)
		KT_BUG("the simulated disk is too small");
	sim_copy(at->path, path);
	at->file = file;
}

static inline void
sim_rename(struct sim *s, const char *gone, const char *path, int file)
{
	sim_set(s->names, &s->nnames, gone, -1);
	sim_set(s->names, &s->nnames, path, file);
	if (s->nops == SIM_OPS)
		KT_BUG("the simulated disk forgets too much");
	sim_copy(s->ops[s->nops].path, path);
	sim_copy(s->ops[s->nops].gone, gone);
	s->ops[s->nops++].file = file;
}

static inline void
sim_keep(struct sim *s, const struct sim_op *op)
{
	sim_set(s->kept, &s->nkept, op->gone, -1);
	sim_set(s->kept, &s->nkept, op->path, op->file);
}

static inline bool
sim_has_dir(const struct sim *s, const char *path)
{
	for (int i = 0; i < s->ndirs; i++) {
		if (strcmp(s->dirs[i], path) == 0)
			return true;
	}
	return false;
}

static inline int
sim_open(void *arg, const char *path, int flags, unsigned mode)
{
	struct sim *s = arg;
	struct sim_name *n = sim_find(s->names, s->nnames, path);
	char dir[160];
	int fd = 0;

	(void)mode;
	if (sim_is_off(s))
		return sim_fail(EIO);
	while (fd < SIM_FDS && s->fds[fd].is_used)
		fd++;
	if (fd == SIM_FDS)
		return sim_fail(EMFILE);
	s->fds[fd].file = -1;
	if ((flags & O_DIRECTORY) != 0) {
		sim_copy(s->fds[fd].dir, path);
	} else {
		sim_copy(dir, path);
		*strrchr(dir, '/') = '\0';
		if (n == NULL && ((flags & O_CREAT) == 0 ||
		    !sim_has_dir(s, dir)))
			return sim_fail(ENOENT);
		if (n != NULL && (flags & O_EXCL) != 0)
			return sim_fail(EEXIST);
		if (n == NULL) {
			if (s->nfiles == SIM_FILES)
				KT_BUG("too many simulated files");
			sim_rename(s, "", path, s->nfiles++);
			n = sim_find(s->names, s->nnames, path);
		}
		s->fds[fd].file = n->file;
		if ((flags & O_TRUNC) != 0)
			s->files[n->file].now_size = 0;
	}
	s->fds[fd].is_used = true;
	return fd;
}

static inline int
sim_close(void *arg, int fd)
{
	struct sim *s = arg;

	s->fds[fd].is_used = false;
	return 0;
}

static inline int64_t
sim_pread(void *arg, int fd, void *to, size_t n, uint64_t at)
{
	struct sim *s = arg;
	struct sim_file *f = &s->files[s->fds[fd].file];

	if (sim_is_off(s))
		return sim_fail(EIO);
	if (at >= f->now_size)
		return 0;
	if (n > f->now_size - at)
		n = f->now_size - at;
	memcpy(to, f->now + at, n);
	return (int64_t)n;
}

static inline void
sim_grow(struct sim_file *f, size_t size)
{
	size_t cap = f->cap;
	size_t kept = f->cap;

	if (size <= f->cap)
		return;
	if (kt_grow((void **)&f->now, &cap, size, 1) < 0 ||
	    kt_grow((void **)&f->kept, &kept, cap, 1) < 0)
		KT_BUG("no memory for a simulated file");
	f->cap = cap < kept ? cap : kept;
}

static inline void
sim_resize(struct sim_file *f, size_t size)
{
	sim_grow(f, size + 1);
	if (size > f->now_size)
		memset(f->now + f->now_size, 0, size - f->now_size);
	f->now_size = size;
}

static inline int64_t
sim_pwrite(void *arg, int fd, const void *from, size_t n, uint64_t at)
{
	struct sim *s = arg;
	struct sim_file *f = &s->files[s->fds[fd].file];

	if (sim_is_off(s))
		return sim_fail(EIO);
	if (at + n > f->now_size)
		sim_resize(f, at + n);
	memcpy(f->now + at, from, n);
	return (int64_t)n;
}

static inline int
sim_fdatasync(void *arg, int fd)
{
	struct sim *s = arg;
	struct sim_file *f = &s->files[s->fds[fd].file];

	if (sim_is_off(s))
		return sim_fail(EIO);
	sim_grow(f, 1);
	memcpy(f->kept, f->now, f->now_size);
	f->kept_size = f->now_size;
	return 0;
}

/* Of a directory: the names in it. */
static inline int
sim_fsync(void *arg, int fd)
{
	struct sim *s = arg;
	int left = 0;

	if (sim_is_off(s))
		return sim_fail(EIO);
	for (int i = 0; i < s->nops; i++) {
		if (sim_is_in(s->ops[i].path, s->fds[fd].dir))
			sim_keep(s, &s->ops[i]);
		else
			s->ops[left++] = s->ops[i];
	}
	s->nops = left;
	return 0;
}

static inline int
sim_ftruncate(void *arg, int fd, uint64_t size)
{
	struct sim *s = arg;

	if (sim_is_off(s))
		return sim_fail(EIO);
	sim_resize(&s->files[s->fds[fd].file], size);
	return 0;
}

static inline int
sim_fstat(void *arg, int fd, struct kt_disk_stat *st)
{
	struct sim *s = arg;

	if (sim_is_off(s))
		return sim_fail(EIO);
	*st = (struct kt_disk_stat){ .is_file = true,
		.size = s->files[s->fds[fd].file].now_size };
	return 0;
}

static inline int
sim_nothing(void *arg, int fd)
{
	(void)fd;
	return sim_is_off(arg) ? sim_fail(EIO) : 0;
}

static inline int
sim_fchmod(void *arg, int fd, unsigned mode)
{
	(void)mode;
	return sim_nothing(arg, fd);
}

static inline int
sim_move(void *arg, const char *from, const char *to)
{
	struct sim *s = arg;
	struct sim_name *n = sim_find(s->names, s->nnames, from);
	int file;

	if (sim_is_off(s))
		return sim_fail(EIO);
	if (n == NULL)
		return sim_fail(ENOENT);
	file = n->file;
	sim_rename(s, from, to, file);
	return 0;
}

static inline int
sim_unlink(void *arg, const char *path)
{
	struct sim *s = arg;

	if (sim_is_off(s))
		return sim_fail(EIO);
	if (sim_find(s->names, s->nnames, path) == NULL)
		return sim_fail(ENOENT);
	sim_rename(s, "", path, -1);
	return 0;
}

static inline int
sim_mkdir(void *arg, const char *path, unsigned mode)
{
	struct sim *s = arg;

	(void)mode;
	if (sim_is_off(s))
		return sim_fail(EIO);
	if (sim_has_dir(s, path))
		return sim_fail(EEXIST);
	sim_copy(s->dirs[s->ndirs++], path);
	return 0;
}

static inline int
sim_rmdir(void *arg, const char *path)
{
	(void)path; /* nobody looks for it */
	return sim_is_off(arg) ? sim_fail(EIO) : 0;
}

static inline int
sim_list(void *arg, const char *dir, kt_disk_name_fn *each, void *each_arg)
{
	struct sim *s = arg;

	if (sim_is_off(s))
		return sim_fail(EIO);
	if (!sim_has_dir(s, dir))
		return sim_fail(ENOENT);
	for (int i = 0; i < s->nnames; i++) {
		if (s->names[i].file >= 0 &&
		    sim_is_in(s->names[i].path, dir) &&
		    !each(each_arg, strrchr(s->names[i].path, '/') + 1))
			break;
	}
	return 0;
}

/* There is always room, and nobody reads what is set aside. */
static inline int
sim_allocate(void *arg, int fd, uint64_t size)
{
	(void)size;
	return sim_nothing(arg, fd);
}

static inline int
sim_space(void *arg, const char *path, struct kt_disk_space *s)
{
	(void)path;
	*s = (struct kt_disk_space){ .free = 1u << 30, .used = 1 };
	return sim_is_off(arg) ? sim_fail(EIO) : 0;
}

static inline void
sim_clock(void *arg, struct kt_disk_clock *c)
{
	(void)arg;
	*c = (struct kt_disk_clock){ .is_synced = true };
}

static inline void
sim_now(void *arg, struct kt_disk_time *t)
{
	(void)arg;
	kt_disk_real.now(NULL, t);
}

static inline void
sim_init(struct sim *s, uint64_t seed)
{
	*s = (struct sim){
		.state = seed,
		.io = { .arg = s, .open = sim_open, .close = sim_close,
		    .pread = sim_pread, .pwrite = sim_pwrite,
		    .fdatasync = sim_fdatasync, .fsync = sim_fsync,
		    .ftruncate = sim_ftruncate, .fstat = sim_fstat,
		    .fchmod = sim_fchmod, .flock = sim_nothing,
		    .rename = sim_move, .unlink = sim_unlink,
		    .rmdir = sim_rmdir, .mkdir = sim_mkdir,
		    .list = sim_list, .allocate = sim_allocate,
		    .space = sim_space, .now = sim_now,
		    .clock = sim_clock },
	};
}

static inline void
sim_fini(struct sim *s)
{
	for (int i = 0; i < s->nfiles; i++) {
		kt_free(s->files[i].now);
		kt_free(s->files[i].kept);
	}
}

/* The size is old or new on its own, and so is every sector that differs. */
static inline void
sim_cut_file(struct sim *s, struct sim_file *f)
{
	size_t size = f->now_size != f->kept_size && sim_flip(s) ?
	    f->now_size : f->kept_size;

	sim_grow(f, 1);
	if (f->now_size < size)
		sim_resize(f, size);
	if (f->kept_size < size)
		memset(f->kept + f->kept_size, 0, size - f->kept_size);
	for (size_t at = 0; at < size; at += SIM_SECTOR) {
		size_t n = size - at < SIM_SECTOR ? size - at : SIM_SECTOR;

		if (memcmp(f->now + at, f->kept + at, n) != 0 && !sim_flip(s))
			memcpy(f->now + at, f->kept + at, n);
	}
	memcpy(f->kept, f->now, size);
	f->now_size = f->kept_size = size;
}

/* Power goes and comes again: the disk is what is left of it. */
static inline void
sim_cut(struct sim *s)
{
	s->flips = 0;
	for (int i = 0; i < s->nops; i++) {
		if (sim_flip(s))
			sim_keep(s, &s->ops[i]);
	}
	s->nops = 0;
	memcpy(s->names, s->kept, sizeof(s->names));
	s->nnames = s->nkept;
	for (int i = 0; i < s->nfiles; i++)
		sim_cut_file(s, &s->files[i]);
	memset(s->fds, 0, sizeof(s->fds));
	s->cut_at = 0;
	s->calls = 0;
}

/* A disk of its own that is as `from` is. */
static inline void
sim_copy_disk(struct sim *to, const struct sim *from)
{
	*to = *from;
	to->io.arg = to;
	for (int i = 0; i < to->nfiles; i++) {
		struct sim_file *f = &to->files[i];
		const struct sim_file *was = &from->files[i];

		f->now = f->kept = NULL;
		f->cap = 0;
		if (was->cap == 0)
			continue;
		sim_grow(f, was->cap);
		memcpy(f->now, was->now, was->cap);
		memcpy(f->kept, was->kept, was->cap);
	}
}

/* What a path holds; ptr is NULL when there is no such file. */
static inline struct kt_span
sim_read(struct sim *s, const char *path)
{
	struct sim_name *n = sim_find(s->names, s->nnames, path);

	if (n == NULL)
		return (struct kt_span){ .ptr = NULL };
	sim_grow(&s->files[n->file], 1);
	return (struct kt_span){ s->files[n->file].now,
		s->files[n->file].now_size };
}
#endif
