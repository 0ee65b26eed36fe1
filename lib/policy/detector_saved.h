/*
 * detector_saved - definitions as bytes, so that starting need not parse.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a definition is made of, and which files it came from.
 * Does not: keep examples: those who run them read the files.
 * Promises: what is restored is what the files say, or KT_E_PARSE: made from
 *           other files, by another kt, or damaged.
 */
#ifndef KT_POLICY_DETECTOR_SAVED_H
#define KT_POLICY_DETECTOR_SAVED_H
#include "config/tree.h"
#include "detect/detect.h"

/* defs are what kt_policy_detectors_load made of these files. */
KT_MUSTCHECK enum kt_rc kt_policy_detectors_save(
    const struct kt_config_source *files, size_t nfiles,
    const struct kt_detector *defs, size_t n, struct kt_buf *out);
/* The definitions live in mem and borrow nothing. */
KT_MUSTCHECK enum kt_rc kt_policy_detectors_restore(
    const struct kt_config_source *files, size_t nfiles, struct kt_span saved,
    struct kt_arena *mem, const struct kt_detector **out, size_t *n);

#endif
