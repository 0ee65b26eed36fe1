/*
 * regex - a regular expression that is asked once per value.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    PCRE2, and how much work one question may cost.
 * Does not: search streams; detectors do (detect/stream.h).
 * Promises: the work from each start is bounded; giving up is told apart from
 *           "no".
 */
#ifndef KT_DETECT_REGEX_H
#define KT_DETECT_REGEX_H
#include "base/base.h"

/* Where a dollar matches: also before a last line feed, as in PCRE2, or as in
   ECMA-262 at the end alone. */
enum kt_detect_regex_end { KT_DETECT_REGEX_LINE, KT_DETECT_REGEX_TEXT };

struct kt_detect_regex;
KT_MUSTCHECK enum kt_rc kt_detect_regex_new(struct kt_detect_regex **out,
    struct kt_span pattern, enum kt_detect_regex_end end,
    struct kt_err *err);
void kt_detect_regex_free(struct kt_detect_regex **r);
/* The first match from offset `from` on.  1 found, 0 not, KT_E_ENGINE. */
KT_MUSTCHECK int kt_detect_regex_find(const struct kt_detect_regex *r,
    struct kt_span text, size_t from, size_t *start, size_t *end);

#endif
