/*
 * program - what a configuration does, for commands without a gateway.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a program is made of: a configuration, its detectors, what
 *           the build saved of them.
 * Does not: know what it is run on.
 * Promises: mistakes of the configuration were printed when opening fails
 *           with KT_E_PARSE; what is open is closed, however far it got.
 */
#ifndef KT_CMD_PROGRAM_H
#define KT_CMD_PROGRAM_H
#include "cmd/files.h"
#include "exchange/program.h"

struct kt_cmd_program { /* starts zeroed */
	struct kt_cmd_files config, detectors;
	struct kt_cmd_settings settings;
	struct kt_buf saved[2]; /* detectors; definitions */
	struct kt_program *program;
	struct kt_scratch *scratch;
};
/* Of these files, or the starter without any.  o: all but what they say. */
KT_MUSTCHECK enum kt_rc kt_cmd_program_open(struct kt_cmd_program *p,
    char *const *paths, size_t n, struct kt_program_options *o,
    struct kt_err *err);
void kt_cmd_program_close(struct kt_cmd_program *p); /* and zeroed again */

#endif
