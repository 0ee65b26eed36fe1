/*
 * detector_file - detectors as users write them, in YAML.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the keys of policies/detectors/ *.yaml and what they stand for.
 * Does not: open files, compile patterns or run examples.
 * Promises: every mistake of every file is reported at its place in one run;
 *           what loads without a report is complete.
 *
 *	defaults: {group: secret, class: secret}      # for all below
 *	detectors:
 *	  - id: github-pat
 *	    entity: GITHUB_TOKEN
 *	    pattern: '\bghp_[A-Za-z0-9]{36}\b'
 *	    checksum: crc32-base62
 *	    examples: [...]
 *	    counter_examples: [...]
 */
#ifndef KT_POLICY_DETECTOR_FILE_H
#define KT_POLICY_DETECTOR_FILE_H
#include "config/tree.h"
#include "detect/detect.h"

/*
 * d->files is set to files.  A later detector replaces an earlier one of the
 * same id.  KT_E_PARSE when anything was reported, KT_E_LIMIT when mem is
 * full.  The definitions live in mem and borrow nothing from the files.
 */
KT_MUSTCHECK enum kt_rc kt_policy_detectors_load(
    const struct kt_config_source *files, size_t nfiles, struct kt_arena *mem,
    struct kt_config_diags *d, const struct kt_detector **out, size_t *n);

#endif
