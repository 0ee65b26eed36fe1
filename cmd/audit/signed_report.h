/*
 * signed_report - that a report was made by who has the key of the log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the note over a report's hash, beside it in REPORT.note.
 * Does not: know what a report says.
 * Promises: the note is no checkpoint: its first line is no origin.
 */
#ifndef KT_SIGNED_REPORT_H
#define KT_SIGNED_REPORT_H
#include "audit/key.h"
#include "disk/disk.h"

/* By the stable key in `dir`, which takes the right to read it. */
KT_MUSTCHECK enum kt_rc kt_report_sign(const char *report, const char *dir,
    const char *origin, struct kt_err *err);
/* KT_E_PARSE: not by this key, or over other bytes. */
KT_MUSTCHECK enum kt_rc kt_report_check(
    const char *report, struct kt_span vkey, struct kt_err *err);

#endif
