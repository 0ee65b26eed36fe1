/*
 * changed - which lines of a file were changed since a commit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how git(1) is asked, and the heads of its hunks.
 * Does not: use a shell, or change the repository.
 * Promises: a git that fails is an error, never "nothing was changed"; a
 *           file that git does not know was changed as a whole.
 */
#ifndef KT_CMD_CHANGED_H
#define KT_CMD_CHANGED_H
#include "base/base.h"

struct kt_cmd_changed {
	struct { uint32_t first, n; } *hunks;
	size_t n, cap;
	bool is_new;
};
KT_MUSTCHECK enum kt_rc kt_cmd_changed_since(struct kt_cmd_changed *c,
    const char *commit, const char *path, struct kt_err *err);
bool kt_cmd_changed_has(const struct kt_cmd_changed *c, uint32_t line);
void kt_cmd_changed_fini(struct kt_cmd_changed *c);

#endif
