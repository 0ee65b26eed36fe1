/*
 * split_priv - the patterns that cut a text into pieces.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TOKEN_SPLIT_PRIV_H
#define KT_TOKEN_SPLIT_PRIV_H
#include "token/class_priv.h"

/* Where the piece that begins at at < len ends.  The text is valid UTF-8. */
typedef size_t kt_token_split(const uint8_t *p, size_t len, size_t at);
kt_token_split kt_token_split_cl100k;
kt_token_split kt_token_split_o200k;
kt_token_split kt_token_split_claude;

#endif
