/*
 * policy_case - cases to begin with.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what --new and --from-session of kt policy test print.
 * Does not: run cases.
 * Promises: what is printed is a file of cases that kt policy test reads.
 */
#ifndef KT_CMD_POLICY_CASE_H
#define KT_CMD_POLICY_CASE_H
#include "cmd/cmd.h"

enum kt_exit kt_cmd_case_new(
    const struct kt_cmd *self, const char *policy);
/* from: a session, or "FILE#12" for one of its calls; key_path: NULL, or
   the file of its key. */
enum kt_exit kt_cmd_case_of_session(
    const struct kt_cmd *self, const char *from, const char *key_path);

#endif
