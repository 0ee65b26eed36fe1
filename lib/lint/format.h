/*
 * format - the usual form of a file's lines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    blanks at line ends, empty lines, the blank behind '#'.
 * Does not: move, reorder or re-quote anything.
 * Promises: a formatted file means what it meant, and formatting it again
 *           changes nothing; texts of several lines are left as they are.
 */
#ifndef KT_LINT_FORMAT_H
#define KT_LINT_FORMAT_H
#include "config/tree.h"

/* Lines that are inside a text of several lines. */
struct kt_lint_lines {
	const uint8_t *bits;
	uint32_t n;
};
KT_MUSTCHECK enum kt_rc kt_lint_lines_of(const struct kt_config_node *root,
    struct kt_arena *mem, struct kt_lint_lines *out);
bool kt_lint_lines_has(const struct kt_lint_lines *l, uint32_t line);

KT_MUSTCHECK enum kt_rc kt_lint_format_lines(struct kt_span text,
    const struct kt_lint_lines *in, struct kt_buf *out);
/*
 * d->files[0], formatted.  KT_E_PARSE: it is not YAML, and d says why.
 */
KT_MUSTCHECK enum kt_rc kt_lint_format(struct kt_config_diags *d,
    struct kt_arena *mem, struct kt_buf *out);

#endif
