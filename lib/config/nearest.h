/*
 * nearest - what somebody probably meant.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how far two words are apart (insert, drop, change, swap).
 * Does not: decide what the candidates are.
 * Promises: the work is bounded by KT_CONFIG_WORD_MAX squared per candidate, and
 *           nothing is suggested that is further off than a third of the
 *           word: a wild guess helps nobody.
 */
#ifndef KT_CONFIG_NEAREST_H
#define KT_CONFIG_NEAREST_H
#include "base/base.h"

struct kt_config_nearest {
	struct kt_span word;
	const char *best;      /* NULL while nothing is near */
	size_t distance;       /* of best; before, the first that is too far */
};

void kt_config_nearest_init(struct kt_config_nearest *n, struct kt_span word);
/* The first of several candidates at the same distance is kept. */
void kt_config_nearest_try(struct kt_config_nearest *n, const char *candidate);

#endif
