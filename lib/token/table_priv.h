/*
 * table_priv - what search and layout of a vocabulary must agree on.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TOKEN_TABLE_PRIV_H
#define KT_TOKEN_TABLE_PRIV_H
#include "token/table.h"

/* A slot is 14 bits of the hash, then the token's number and one. */
#define KT_TOKEN_SLOT_MASK 0x3ffffu

/* Not for strangers: whoever chooses the text may choose collisions, and
   gets a longer search among the tokens of a fixed table, no more. */
static inline uint64_t
kt_token_hash(const uint8_t *p, size_t len)
{
	uint64_t h = len * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, p, len);
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 29;
}

static inline uint32_t
kt_token_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 50) << 18;
}

#endif
