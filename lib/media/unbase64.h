/*
 * unbase64 - bytes of a medium that was written as base64.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    RFC 4648, section 4, and that JSON may write "\/" for a slash.
 * Does not: skip blanks, or take another alphabet.
 * Promises: linear in s; adds at most three bytes for four.
 */
#ifndef KT_MEDIA_UNBASE64_H
#define KT_MEDIA_UNBASE64_H
#include "base/base.h"

/* Adds the bytes; KT_E_PARSE or KT_E_LIMIT may have added some of them. */
KT_MUSTCHECK enum kt_rc kt_media_unbase64(struct kt_span s, struct kt_buf *out);

#endif
