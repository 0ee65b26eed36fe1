/*
 * reload - a signal to the process that holds the pid file.  Whether the new
 * configuration is any good is told by the gateway, in its own words, where
 * its other messages go: kt policy lint tells it beforehand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/log/pidfile.h"

enum { AUDIT_DIR = KT_OPT_LONG, PID_FILE };

enum kt_exit
kt_cmd_gateway_reload(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = {
		{ AUDIT_DIR, "audit-dir", "DIR",
		    "of the running gateway (default $KT_AUDIT_DIR, ./audit)" },
		{ PID_FILE, "pid-file", "FILE",
		    "of the running gateway (default DIR/" KT_PIDFILE_NAME ")" },
	};
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	const char *dir = getenv("KT_AUDIT_DIR"), *file = NULL;
	char path[KT_PATH_MAX];
	struct kt_err err = { 0 };
	pid_t pid;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		*(c == AUDIT_DIR ? &dir : &file) = args.value;
	}
	if (args.operand < argc)
		return kt_misuse(self, "unexpected '%s'", argv[args.operand]);
	(void)snprintf(path, sizeof(path), "%s/" KT_PIDFILE_NAME,
	    dir != NULL && *dir != '\0' ? dir : "audit");
	if (kt_pidfile_read(&pid, file != NULL ? file : path, &err) < 0) {
		kt_say("cannot reload: %s", err.text);
		return err.rc == KT_E_MISUSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
	}
	if (kill(pid, SIGHUP) != 0) {
		kt_say("cannot reload: process %ld: %s", (long)pid,
		    strerror(errno));
		return KT_EXIT_UNKNOWN;
	}
	return KT_EXIT_YES;
}
