/*
 * table - a vocabulary, laid out so that it can be searched in place.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where the bytes of each token are, and which token some bytes are.
 *           An image is made by cmd/save_ranks.c while kt is being built, for
 *           this machine's byte order, and becomes read-only data.
 * Does not: know ids: tokens are numbered from 0 here, and the encoding adds
 *           its first id.  Does not check an image: it is part of the program.
 * Promises: a search reads a few slots, whatever the bytes are.
 */
#ifndef KT_TOKEN_TABLE_H
#define KT_TOKEN_TABLE_H
#include "base/base.h"

#define KT_NO_TOKEN UINT32_MAX

struct kt_token_image {
	uint32_t n;    /* tokens; below 2^18 */
	uint32_t mask; /* slots - 1 */
	/* Behind it: the members of struct kt_token_table, in its order. */
};

struct kt_token_table {
	uint32_t n;
	uint32_t mask;
	const uint32_t *offs;  /* [n + 1] into bytes */
	const uint32_t *slots; /* open addressing: 14 bits of hash, token + 1 */
	const uint8_t *bytes;
};

/* Borrows the image. */
void kt_token_table_open(const void *image, struct kt_token_table *out);
/* What the .ranks file of data/ranks.py becomes. */
KT_MUSTCHECK enum kt_rc kt_token_table_make(
    struct kt_span ranks, struct kt_buf *image, struct kt_err *err);

static inline uint32_t
kt_token_len(const struct kt_token_table *t, uint32_t token)
{
	return t->offs[token + 1] - t->offs[token];
}

/* The token that is exactly these bytes, or KT_NO_TOKEN. */
uint32_t kt_token_find(
    const struct kt_token_table *t, const uint8_t *p, size_t len);

#endif
