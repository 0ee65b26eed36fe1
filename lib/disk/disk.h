/*
 * disk - files, the clock and entropy, behind one table of functions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how to read a whole file with a limit, replace one atomically,
 *           append to one, list a directory, tell the time, get random bytes.
 * Does not: know what the files mean; keep a path longer than a call.
 * Promises: every call that can fail in the world goes through the table, so
 *           a test can make the n-th of them fail; EINTR and short writes
 *           are finished here; "atomic" includes the directory's fsync.
 */
#ifndef KT_DISK_H
#define KT_DISK_H
#include "base/base.h"

struct kt_disk_time {
	uint64_t real_us; /* since 1970, UTC */
	uint64_t mono_us; /* since boot, never steps back */
};
struct kt_disk_clock { /* what the kernel says of the wall clock */
	bool is_synced;
	int64_t offset_us; /* that it is steered forward; < 0: back */
};
struct kt_disk_space { /* of a file system, in bytes */
	uint64_t free; /* for who is not root */
	uint64_t used;
};
struct kt_disk_stat {
	uint64_t size;
	uint32_t mode;      /* permission bits only */
	bool is_file;       /* not a folder, a device or a pipe */
	bool is_gone;       /* its last name was removed */
};

/* Called for each name but "." and ".."; false ends the listing early. */
typedef bool kt_disk_name_fn(void *arg, const char *name);

/*
 * The world.  Each function returns as the system call of its name does:
 * -1 and errno, and may stop short.  `arg` is for whoever stands in for it.
 */
struct kt_disk_io {
	void *arg;
	int (*open)(void *arg, const char *path, int flags, unsigned mode);
	int (*close)(void *arg, int fd);
	int64_t (*pread)(void *arg, int fd, void *to, size_t n, uint64_t at);
	int64_t (*pwrite)(
	    void *arg, int fd, const void *from, size_t n, uint64_t at);
	int64_t (*write)(void *arg, int fd, const void *from, size_t n);
	int (*fdatasync)(void *arg, int fd);
	int (*fsync)(void *arg, int fd);
	int (*ftruncate)(void *arg, int fd, uint64_t size);
	int (*fstat)(void *arg, int fd, struct kt_disk_stat *st);
	int (*fchmod)(void *arg, int fd, unsigned mode);
	int (*flock)(void *arg, int fd); /* exclusive, does not wait */
	int (*rename)(void *arg, const char *from, const char *to);
	int64_t (*readlink)(void *arg, const char *path, char *to, size_t n);
	int (*unlink)(void *arg, const char *path);
	int (*rmdir)(void *arg, const char *path);
	int (*mkdir)(void *arg, const char *path, unsigned mode);
	int (*list)(
	    void *arg, const char *dir, kt_disk_name_fn *each, void *each_arg);
	/* Blocks for the first `size` bytes; a shorter file gets that long. */
	int (*allocate)(void *arg, int fd, uint64_t size);
	int (*space)(void *arg, const char *path, struct kt_disk_space *s);
	void (*now)(void *arg, struct kt_disk_time *t);
	void (*clock)(void *arg, struct kt_disk_clock *c);
};
extern const struct kt_disk_io kt_disk_real;

/*
 * Replaces the contents of `to`.  KT_E_LIMIT when the file is longer than
 * `limit` bytes (a device is read up to it as well), KT_E_IO else; errno then
 * says why (ENOENT: there is none).  A pipe is not waited for: KT_E_IO.
 */
KT_MUSTCHECK enum kt_rc kt_disk_read_file(const struct kt_disk_io *io,
    const char *path, size_t limit, struct kt_buf *to, struct kt_err *err);

/* A file of exactly n bytes that nobody else is to know: `to` is the only
   copy.  KT_E_PARSE: it has more or fewer. */
KT_MUSTCHECK enum kt_rc kt_disk_read_secret(const struct kt_disk_io *io,
    const char *path, uint8_t *to, size_t n, struct kt_err *err);

/*
 * After KT_OK the file holds exactly `bytes` whatever happens next; after a
 * failure it holds what it held before.  The temporary name is `path`.tmp:
 * for the folders of kt itself.
 */
KT_MUSTCHECK enum kt_rc kt_disk_write_atomic(const struct kt_disk_io *io,
    const char *path, struct kt_span bytes, unsigned mode, struct kt_err *err);
/* The same but for the directory's sync, of what is durable elsewhere too:
   a power cut may bring back what the file held before. */
KT_MUSTCHECK enum kt_rc kt_disk_write_copy(const struct kt_disk_io *io,
    const char *path, struct kt_span bytes, unsigned mode, struct kt_err *err);

/*
 * As write_atomic, for files that users name.  A link is followed to its end,
 * a file keeps its permissions (`mode` is of a new one, less the umask), what
 * is no file is written into, and nothing else of the folder is touched.
 */
KT_MUSTCHECK enum kt_rc kt_disk_replace(const struct kt_disk_io *io,
    const char *path, struct kt_span bytes, unsigned mode, struct kt_err *err);
/* The name that `path` is a link to, and that one, to the end. */
KT_MUSTCHECK enum kt_rc kt_disk_follow(const struct kt_disk_io *io,
    const char *path, char to[static KT_PATH_MAX], struct kt_err *err);

/* A directory that is there already is fine. */
KT_MUSTCHECK enum kt_rc kt_disk_mkdir(const struct kt_disk_io *io,
    const char *path, unsigned mode, struct kt_err *err);
/* Makes names in a directory durable. */
KT_MUSTCHECK enum kt_rc kt_disk_sync_dir(
    const struct kt_disk_io *io, const char *path, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_disk_list(const struct kt_disk_io *io,
    const char *dir, kt_disk_name_fn *each, void *arg, struct kt_err *err);

/* An open file that is read anywhere and grows only at its end. */
struct kt_disk_file {
	const struct kt_disk_io *io;
	int fd;        /* -1 when closed */
	uint64_t size; /* where the next append goes */
};
#define KT_DISK_FILE_INIT { .fd = -1 }
enum kt_disk_how {
	KT_DISK_READ,   /* must exist, as a file: others may have no end */
	KT_DISK_APPEND, /* made with mode 0600 when absent */
	KT_DISK_NEW,    /* must not exist */
};
KT_MUSTCHECK enum kt_rc kt_disk_open(struct kt_disk_file *f,
    const struct kt_disk_io *io, const char *path, enum kt_disk_how how,
    struct kt_err *err);
/* A failure may leave some of the bytes behind `size`: cut or leave them. */
KT_MUSTCHECK enum kt_rc kt_disk_append(
    struct kt_disk_file *f, struct kt_span bytes, struct kt_err *err);
/* KT_E_IO, too, when the file is gone: nobody would ever find the bytes. */
KT_MUSTCHECK enum kt_rc kt_disk_sync(struct kt_disk_file *f, struct kt_err *err);
/* Cuts the file to `size` bytes and makes that durable. */
KT_MUSTCHECK enum kt_rc kt_disk_cut(
    struct kt_disk_file *f, uint64_t size, struct kt_err *err);
/* Up to n bytes at `at`; *got is less than n only at the end of the file. */
KT_MUSTCHECK enum kt_rc kt_disk_read_at(struct kt_disk_file *f, uint64_t at,
    void *to, size_t n, size_t *got, struct kt_err *err);
/* Room for so many bytes, whatever else is written to the disk. */
KT_MUSTCHECK enum kt_rc kt_disk_allocate(
    struct kt_disk_file *f, uint64_t size, struct kt_err *err);
/* How much of the disk is free, as df(1) counts; 100 where it cannot tell. */
unsigned kt_disk_free_percent(const struct kt_disk_io *io, const char *path);
/* Nobody but root writes to it any more. */
KT_MUSTCHECK enum kt_rc kt_disk_protect(
    struct kt_disk_file *f, struct kt_err *err);
/* KT_E_MISUSE when somebody else holds it; held until the file is closed. */
KT_MUSTCHECK enum kt_rc kt_disk_lock(struct kt_disk_file *f, struct kt_err *err);
void kt_disk_close(struct kt_disk_file *f);

/* As kt_disk_real tells it. */
void kt_disk_now(struct kt_disk_time *t);
uint64_t kt_disk_mono_us(void);
/* Fails only where the kernel has no entropy at all. */
KT_MUSTCHECK enum kt_rc kt_disk_random(void *to, size_t n, struct kt_err *err);

#endif
