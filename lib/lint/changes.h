/*
 * changes - the values that two documents differ in, for scripts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    JSON pointers (RFC 6901), and that lists are compared by place.
 * Does not: know what a value means.
 * Promises: nothing is told where both say the same; each value that differs
 *           is told once, at the lowest place that has it.
 */
#ifndef KT_LINT_CHANGES_H
#define KT_LINT_CHANGES_H
#include "base/base.h"

/*
 * {"changes":[{"path","old","new"}]} and a line feed; what one side has not
 * is left out.  n: how many.  KT_E_PARSE: one is no JSON.
 */
KT_MUSTCHECK enum kt_rc kt_lint_changes(struct kt_span before,
    struct kt_span after, struct kt_buf *out, size_t *n);

#endif
