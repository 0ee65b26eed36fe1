/*
 * file - session files, as commands name and read them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that a folder means all *.kts and *.kts.zst in it, by name, and
 *           how one is unpacked.
 * Does not: know what a session holds.
 * Promises: the order of files does not depend on the file system; nothing
 *           grows past KT_SESSION_FILE_MAX.
 */
#ifndef KT_CMD_SESSION_FILE_H
#define KT_CMD_SESSION_FILE_H
#include "session/session.h"

struct kt_session_paths {
	char **at;
	size_t n, cap;
};
/* A file, or all of a folder. */
KT_MUSTCHECK enum kt_rc kt_session_paths_add(
    struct kt_session_paths *p, const char *path, struct kt_err *err);
void kt_session_paths_fini(struct kt_session_paths *p);

struct kt_session_file {
	struct kt_buf bytes;
	struct kt_session session;
};
/* After a failure nothing has to be closed; err names the file. */
KT_MUSTCHECK enum kt_rc kt_session_file_open(
    struct kt_session_file *f, const char *path, struct kt_err *err);
/* The text of a file, unpacked. */
KT_MUSTCHECK enum kt_rc kt_session_file_bytes(
    struct kt_buf *out, const char *path, struct kt_err *err);
void kt_session_file_close(struct kt_session_file *f);

#endif
