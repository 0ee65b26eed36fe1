/*
 * file - session files, as commands name and read them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that a folder means all sessions in it, by name, and that a
 *           name says what a session is wrapped in.
 * Does not: know what a session holds.
 * Promises: the order of files does not depend on the file system; nothing
 *           grows past KT_SESSION_FILE_MAX.
 */
#ifndef KT_CMD_SESSION_FILE_H
#define KT_CMD_SESSION_FILE_H
#include "cmd/session/form.h"
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
	struct kt_buf bytes; /* its lines */
	struct kt_session session;
	struct kt_session_form form; /* that it had */
};
/* After a failure nothing has to be closed; err names the file. */
KT_MUSTCHECK enum kt_rc kt_session_file_open(struct kt_session_file *f,
    const char *path, const struct kt_session_key *key, struct kt_err *err);
void kt_session_file_close(struct kt_session_file *f);
/* Whole or not at all. */
KT_MUSTCHECK enum kt_rc kt_session_file_write(const char *path,
    struct kt_session_form form, struct kt_span lines,
    const struct kt_session_key *key, struct kt_err *err);
/* In the form that the name says. */
KT_MUSTCHECK enum kt_rc kt_session_file_save(const char *path,
    struct kt_span lines, const struct kt_session_key *key,
    struct kt_err *err);

#endif
