/*
 * check - what can be said of a detector to whoever writes it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where a pattern is wrong, how wide it is, what it costs.
 * Does not: compile a database, or judge what the pattern is for.
 * Promises: what is KT_OK here is taken by kt_detect_new.
 */
#ifndef KT_DETECT_CHECK_H
#define KT_DETECT_CHECK_H
#include "detect/detect.h"

/* What a definition is worth, without a database. */
struct kt_detect_facts {
	size_t error_at;     /* byte of the pattern; SIZE_MAX: no such place */
	unsigned min_width, max_width; /* UINT_MAX: without bound */
	bool begins_literal; /* or has an anchor: little is held back */
	bool is_nested;      /* a repetition of a repetition */
	bool is_words;       /* plain words with | between them */
};
/*
 * KT_OK: kt_detect_new will take it.  Else err says why, and what is known
 * of it is in *out; a width out of bounds is KT_E_LIMIT, an empty match
 * KT_E_PARSE with min_width 0.
 */
KT_MUSTCHECK enum kt_rc kt_detect_check(const struct kt_detector *d,
    struct kt_detect_facts *out, struct kt_err *err);

#endif
