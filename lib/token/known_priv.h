/*
 * known - what was counted before, so that each text is counted once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the SHA-256 of texts and what a family made of them.
 * Does not: keep any text, or know how one is counted.
 * Promises: what it finds was kept for that text and that family.
 */
#ifndef KT_TOKEN_KNOWN_PRIV_H
#define KT_TOKEN_KNOWN_PRIV_H
#include "token/estimate.h"

#define KT_TOKEN_HASH 32
/* Shorter ones are counted for what their hash would cost; so are the pieces
   in which the text of a stream is counted. */
#define KT_TOKEN_KNOWN_MIN 256
/* 256 KB in each tokenizer: the texts of fifty long conversations. */
#define KT_TOKEN_KNOWN 4096

/* Starts zeroed. */
struct kt_token_known {
	struct kt_token_known_text {
		uint8_t hash[KT_TOKEN_HASH];
		struct kt_token_sum sum;
		enum kt_family family;
	} texts[KT_TOKEN_KNOWN];
};
struct kt_token_known *kt_tokenizer_known(struct kt_tokenizer *t);

void kt_token_known_hash(struct kt_span text, uint8_t hash[static KT_TOKEN_HASH]);
/* NULL: not known, or not any more. */
const struct kt_token_sum *kt_token_known_find(const struct kt_token_known *k,
    enum kt_family f, const uint8_t hash[static KT_TOKEN_HASH]);
void kt_token_known_keep(struct kt_token_known *k, enum kt_family f,
    const uint8_t hash[static KT_TOKEN_HASH], const struct kt_token_sum *sum);

#endif
