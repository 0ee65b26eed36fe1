/*
 * token - the words that stand for values: [[EMAIL_001]].
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a token is written, and what models make of it.
 * Does not: know any value.
 * Promises: what is written is read back, also in other case, with blanks,
 *           emphasis or backslashes, or with one bracket lost.
 */
#ifndef KT_POLICY_TOKEN_H
#define KT_POLICY_TOKEN_H
#include "detect/detect.h"

/* Of the detector that finds tokens. */
#define KT_TOKEN_GROUP "token"
bool kt_policy_token_is(const struct kt_detector *d);
/* The word for an entity: EMAIL for EMAIL_ADDRESS. */
const char *kt_policy_token_label(const char *entity);
KT_MUSTCHECK enum kt_rc kt_policy_token_write(
    const char *label, uint32_t number, struct kt_buf *out);
/* False: it is none.  label borrows from text, as it is written there. */
bool kt_policy_token_read(
    struct kt_span text, struct kt_span *label, uint32_t *number);
/* Are they the same word, whatever stands between its parts? */
bool kt_policy_token_same(const char *label, struct kt_span said);

#endif
