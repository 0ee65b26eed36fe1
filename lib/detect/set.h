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

/* One bit per detector, in the order of the definitions. */
struct kt_detect_set {
	uint64_t *bits;
	size_t n; /* detectors */
};
KT_MUSTCHECK enum kt_rc kt_detect_set_init(
    struct kt_detect_set *set, const struct kt_detect *db);
void kt_detect_set_fini(struct kt_detect_set *set);
void kt_detect_set_add(struct kt_detect_set *set, size_t detector);
/* All whose id or group or entity is name; false when there is none. */
bool kt_detect_set_add_named(
    struct kt_detect_set *set, const struct kt_detect *db, struct kt_span name);
bool kt_detect_set_has(const struct kt_detect_set *set, size_t detector);

#endif
