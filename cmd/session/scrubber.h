/*
 * scrubber - what takes secrets out of sessions, for commands.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a scrub is made from the shipped detectors and those of a
 *           configuration.
 * Does not: know what is scrubbed.
 * Promises: its key is new each time, so tags tell nothing across runs.
 */
#ifndef KT_CMD_SESSION_SCRUBBER_H
#define KT_CMD_SESSION_SCRUBBER_H
#include "cmd/program.h"
#include "session/scrub.h"

struct kt_scrubber {
	char *policies[KT_CONFIG_FILES_MAX]; /* --policy-config */
	size_t npolicies;
	struct kt_scrub scrub;
	struct kt_cmd_program program;
	uint8_t key[32]; /* its own */
};
KT_MUSTCHECK enum kt_rc kt_scrubber_open(
    struct kt_scrubber *s, struct kt_err *err);
void kt_scrubber_close(struct kt_scrubber *s);

#endif
