/*
 * set - which of a database's detectors are meant.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    detectors by number, and by what they are called.
 * Does not: know what any of them finds.
 * Promises: a set made for one database means the same for all its life.
 */
#ifndef KT_DETECT_SET_H
#define KT_DETECT_SET_H
#include "base/base.h"

struct kt_detect;
struct kt_detect_filter;

/* One bit per detector, in the order of the definitions. */
struct kt_detect_set {
	uint64_t *bits;
	size_t n; /* detectors */
	struct kt_detect_filter *filter; /* or NULL */
};
KT_MUSTCHECK enum kt_rc kt_detect_set_init(
    struct kt_detect_set *set, const struct kt_detect *db);
void kt_detect_set_fini(struct kt_detect_set *set);
void kt_detect_set_add(struct kt_detect_set *set, size_t detector);
/* All that are called so; false when there is none. */
bool kt_detect_set_add_named(
    struct kt_detect_set *set, const struct kt_detect *db, struct kt_span name);
bool kt_detect_set_has(const struct kt_detect_set *set, size_t detector);
/* Once nothing more is added: streams that look for these alone ask less of
   each byte.  Some 20 KiB. */
KT_MUSTCHECK enum kt_rc kt_detect_set_hasten(
    struct kt_detect_set *set, const struct kt_detect *db);

/* NULL is all of them. */
static inline bool
kt_detect_rule_is_on(const struct kt_detect_set *enabled, size_t i)
{
	return enabled == NULL || (enabled->bits[i >> 6] >> (i & 63) & 1);
}

#endif
