/*
 * pidfile - which process writes an audit directory, so that it can be told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    a file with a number, locked as long as its writer lives.
 * Does not: start or stop anything.
 * Promises: a process is named only while it holds the lock, so a number
 *           left behind by a crash never gets somebody else's signal.
 */
#ifndef KT_PIDFILE_H
#define KT_PIDFILE_H
#include <sys/types.h>

#include "base/base.h"

#define KT_PIDFILE_NAME "gateway.pid"

/* Holds the file; *fd is closed at exit.  KT_E_MISUSE: another one does. */
KT_MUSTCHECK enum kt_rc kt_pidfile_take(
    int *fd, const char *path, struct kt_err *err);
/* KT_E_MISUSE: nobody runs. */
KT_MUSTCHECK enum kt_rc kt_pidfile_read(
    pid_t *pid, const char *path, struct kt_err *err);

#endif
