/*
 * estimate - tokens as a model counts them, or nearly.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which family a model belongs to, how families differ from the
 *           vocabularies that are public, and how far that may be off.
 * Does not: know messages: see exchange/count.h.
 * Promises: what is not the model's own count is never called exact.
 */
#ifndef KT_TOKEN_ESTIMATE_H
#define KT_TOKEN_ESTIMATE_H
#include "token/token.h"

enum kt_family {
#define KT_FAMILY(id, text, enc, exact, p, c, d, f) KT_FAMILY_##id,
#include "token/family.def"
	KT_FAMILIES
};
enum kt_family kt_family_of(struct kt_span model);
struct kt_span kt_family_name(enum kt_family f);
enum kt_encoding kt_family_encoding(enum kt_family f);
bool kt_family_is_exact(enum kt_family f);

/* A sum of texts; starts zeroed.  Exact: low = n = high. */
struct kt_token_sum {
	uint64_t n, low, high;
};
/* As kt_token_count; the tokenizer is of the family's encoding. */
KT_MUSTCHECK enum kt_rc kt_token_sum_add(struct kt_token_sum *sum,
    enum kt_family f, struct kt_tokenizer *t, struct kt_span text, size_t *at);
void kt_token_sum_join(
    struct kt_token_sum *sum, const struct kt_token_sum *more);
/* Tokens that no text shows: frames around messages, tools, images. */
void kt_token_sum_fixed(struct kt_token_sum *sum, uint64_t n);

/* An image of so many pixels, by the vendor's published formula. */
uint64_t kt_token_image(enum kt_family f, uint32_t width, uint32_t height);

#endif
