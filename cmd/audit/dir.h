/*
 * dir - an audit directory as a reader finds it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which files there are, and in which order to look at them while
 *           a gateway goes on writing.
 * Does not: judge what it reads, or write.
 * Promises: what could not be read is an error, never an absence.
 */
#ifndef KT_AUDIT_DIR_H
#define KT_AUDIT_DIR_H
#include "audit/verify.h"
#include "disk/disk.h"

#define KT_AUDIT_DIR_READ (256u << 10) /* bytes of one read */

/* The list of checkpoints, or the bytes of it from `at` to file.size. */
struct kt_audit_notes {
	struct kt_disk_file file;
	uint64_t at; /* where to read on */
	struct kt_buf text;
	struct kt_span rest;
	bool is_torn; /* it ends inside a note */
	struct kt_err err;
};
/* Borrows the file, which may be closed: then there are none. */
void kt_audit_notes_init(struct kt_audit_notes *n,
    const struct kt_disk_file *file, uint64_t from, uint64_t to);
void kt_audit_notes_fini(struct kt_audit_notes *n);
/* The next one, oldest first; a kt_audit_note_fn. */
bool kt_audit_notes_read(void *notes, struct kt_span *note);
/* Where in the file the note that comes next begins. */
uint64_t kt_audit_notes_tell(const struct kt_audit_notes *n);

struct kt_audit_dir {
	const struct kt_disk_io *io;
	char dir[KT_PATH_MAX];
	/* Read when it was opened; empty: there is no such file. */
	struct kt_buf newest, log_vkey;
	/* The list of checkpoints, up to the size it had then. */
	struct kt_disk_file notes;
	bool has_torn_note; /* told by whoever read it */
	/* The numbers of the segment files, ascending. */
	uint64_t *segments;
	size_t nsegments, segments_cap;
	uint64_t bytes; /* of all of them, as listed */
	struct kt_err err; /* rc < 0: something could not be read */
};

/* `dir` as given, else $KT_AUDIT_DIR, else ./audit. */
const char *kt_audit_dir_default(const char *dir);
/* Checkpoints and key first.  KT_E_IO: they are there and unreadable. */
KT_MUSTCHECK enum kt_rc kt_audit_dir_open(
    struct kt_audit_dir *d, const char *dir, struct kt_err *err);
/* Then the segments.  KT_E_IO: neither a segment nor a checkpoint is there. */
KT_MUSTCHECK enum kt_rc kt_audit_dir_list(
    struct kt_audit_dir *d, struct kt_err *err);
/* A log that is in no directory, for those who tell its name. */
void kt_audit_dir_none(struct kt_audit_dir *d, const char *name);
void kt_audit_dir_close(struct kt_audit_dir *d);
/* 000000000042.jsonl; other names are not ours to judge. */
bool kt_audit_dir_is_segment(const char *name, uint64_t *number);
/* Bytes of one segment, in pieces; false ends the reading early. */
typedef bool kt_audit_piece_fn(void *arg, struct kt_span piece);
KT_MUSTCHECK enum kt_rc kt_audit_dir_read(const struct kt_audit_dir *d,
    uint64_t segment, kt_audit_piece_fn *each, void *arg, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_dir_segment(const struct kt_audit_dir *d,
    uint64_t segment, struct kt_disk_file *f, struct kt_err *err);

#endif
