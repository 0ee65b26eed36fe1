/*
 * archive - files that are handed on, in a folder or in one tar file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    POSIX ustar as far as a list of plain files needs it, and what
 *           sha256sum reads.
 * Does not: know what the files are for.
 * Promises: nothing that is there is replaced; the same files under the same
 *           names give the same bytes; a tar file is there whole or not at
 *           all, while a folder shows what was written before a failure.
 */
#ifndef KT_ARCHIVE_H
#define KT_ARCHIVE_H
#include "audit/audit.h"
#include "disk/disk.h"

/* Bytes of a file's name with its NUL: what ustar has room for. */
#define KT_ARCHIVE_NAME 101
/* Of the folder that a tar file unpacks into. */
#define KT_ARCHIVE_FOLDER 156
/* What the field for a file's size holds: eleven octal digits. */
#define KT_ARCHIVE_FILE_MAX ((UINT64_C(1) << 33) - 1)

struct kt_archive { /* all of it is the archive's own */
	const struct kt_disk_io *io;
	const char *out; /* borrowed */
	bool is_tar, has_tmp; /* and that has another name still */
	char folder[KT_ARCHIVE_FOLDER];
	uint64_t time; /* seconds since 1970, of every file */
	struct kt_disk_file file; /* the one being written, or the tar file */
	uint64_t head; /* where in the tar file the file's header is */
	char name[KT_ARCHIVE_NAME];
	struct kt_audit_hash hash;
	struct kt_buf sums; /* lines for SHA256SUMS */
	struct kt_buf path;
	uint64_t bytes, files; /* that were put into it */
};
/* Does such a name end in ".tar"? */
bool kt_archive_is_tar(const char *out);
/*
 * KT_E_IO: it cannot be made, or a tar file of that name is there.  `folder`
 * and `time` are for tar files.  To be closed also after a failure.
 */
KT_MUSTCHECK enum kt_rc kt_archive_open(struct kt_archive *c,
    const struct kt_disk_io *io, const char *out, const char *folder,
    uint64_t time, struct kt_err *err);
/* One file; names have folders before them as they need, which are made. */
KT_MUSTCHECK enum kt_rc kt_archive_begin(
    struct kt_archive *c, const char *name, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_archive_add(
    struct kt_archive *c, struct kt_span bytes, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_archive_end(
    struct kt_archive *c, struct kt_err *err);
/* All three. */
KT_MUSTCHECK enum kt_rc kt_archive_put(struct kt_archive *c, const char *name,
    struct kt_span bytes, struct kt_err *err);
/* That was all: a tar file gets its name. */
KT_MUSTCHECK enum kt_rc kt_archive_seal(
    struct kt_archive *c, struct kt_err *err);
/* Gives back what it holds; a tar file that was not sealed goes. */
void kt_archive_close(struct kt_archive *c);

#endif
