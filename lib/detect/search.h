/*
 * search - findings in the clear and in disguise.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    disguises: compatibility forms, braille, marks that cover letters,
 *           characters between the letters, invisible ones, letters of other
 *           scripts, escapes, percent, quoted-printable, base64, base32 and
 *           hexadecimal codes, one inside another up to KT_DETECT_DEPTH_MAX
 *           deep.
 * Does not: report what an encoded picture or key happens to hold: a run of
 *           digits is decoded only while it says a text.
 * Promises: every finding in the clear, as kt_detect_scan has it; and each in
 *           disguise at the bytes it was written with, never cutting a
 *           character or a group of digits; the work is linear.
 */
#ifndef KT_DETECT_SEARCH_H
#define KT_DETECT_SEARCH_H
#include "detect/detect.h"

/* How a finding was written, when not in the clear; bits. */
enum kt_detect_disguise {
	KT_DISGUISE_FORM = 1,      /* other forms, or more than the letters */
	KT_DISGUISE_LOOKALIKE = 2, /* letters of other scripts */
	KT_DISGUISE_ESCAPE = 4,    /* backslashes and entities of HTML */
	KT_DISGUISE_PERCENT = 8,   /* quoted-printable as well */
	KT_DISGUISE_BASE64 = 16,   /* of UTF-16, too, and base32 */
	KT_DISGUISE_HEX = 32,
};

/* As kt_detect_scan_labelled, of which these findings are more. */
KT_MUSTCHECK enum kt_rc kt_detect_search(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span label, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out);

#endif
