/*
 * crate - files that are handed on: a folder, or an archive of the same.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    POSIX ustar as far as a list of plain files needs it, and what
 *           sha256sum reads.
 * Does not: know what the files are for.
 * Promises: nothing that is there is replaced; the same files under the same
 *           names give the same bytes; an archive is there whole or not at
 *           all, while a folder shows what was written before a failure.
 */
#ifndef KT_CRATE_H
#define KT_CRATE_H
#include "audit/audit.h"
#include "disk/disk.h"

/* Bytes of a file's name with its NUL: what ustar has room for. */
#define KT_CRATE_NAME 101
/* Of the folder that an archive unpacks into. */
#define KT_CRATE_FOLDER 156
/* What the field for a file's size holds: eleven octal digits. */
#define KT_CRATE_FILE_MAX ((UINT64_C(1) << 33) - 1)

struct kt_crate { /* all of it is the crate's own */
	const struct kt_disk_io *io;
	const char *out; /* borrowed */
	bool is_archive, has_tmp; /* and that has another name still */
	char folder[KT_CRATE_FOLDER];
	uint64_t time; /* seconds since 1970, of every file */
	struct kt_disk_file file; /* the one being written, or the archive */
	uint64_t head; /* where in the archive the file's header is */
	char name[KT_CRATE_NAME];
	struct kt_audit_hash hash;
	struct kt_buf sums; /* lines for SHA256SUMS */
	struct kt_buf path;
	uint64_t bytes, files; /* that were put into it */
};
/* Whether such a name is that of an archive: it ends in ".tar". */
bool kt_crate_is_archive(const char *out);
/*
 * KT_E_IO: it cannot be made, or an archive of that name is there.  `folder`
 * and `time` are for archives.  To be closed also after a failure.
 */
KT_MUSTCHECK enum kt_rc kt_crate_open(struct kt_crate *c,
    const struct kt_disk_io *io, const char *out, const char *folder,
    uint64_t time, struct kt_err *err);
/* One file; names have folders before them as they need, which are made. */
KT_MUSTCHECK enum kt_rc kt_crate_begin(
    struct kt_crate *c, const char *name, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_crate_add(
    struct kt_crate *c, struct kt_span bytes, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_crate_end(struct kt_crate *c, struct kt_err *err);
/* All three. */
KT_MUSTCHECK enum kt_rc kt_crate_put(struct kt_crate *c, const char *name,
    struct kt_span bytes, struct kt_err *err);
/* That was all: an archive gets its name. */
KT_MUSTCHECK enum kt_rc kt_crate_seal(struct kt_crate *c, struct kt_err *err);
/* Gives back what it holds; an archive that was not sealed goes. */
void kt_crate_close(struct kt_crate *c);

#endif
