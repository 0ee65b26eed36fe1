/*
 * token - how many tokens a text has, and which.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    byte-pair encodings with a published vocabulary, and the patterns
 *           that cut a text before it is encoded.
 * Does not: know of messages, models or prices, or read files: the tables are
 *           part of the program (data/ says where they come from).
 * Promises: counts and ids are those of the reference, OpenAI's tiktoken and
 *           Anthropic's tokenizer of Claude 2; the work is linear in the text
 *           whatever the text is.
 *
 * Text in one of the encodings of OpenAI is "ordinary": "<|endoftext|>" is
 * seven tokens like any other text.  Claude's is normalised (NFKC) and its
 * five special tokens count as one each, as its own countTokens does.
 */
#ifndef KT_TOKEN_H
#define KT_TOKEN_H
#include "base/base.h"

enum kt_encoding {
#define KT_ENCODING(name, text, first, pattern, norm) KT_ENCODING_##name,
#include "token/encoding.def"
	KT_ENCODINGS
};
struct kt_span kt_encoding_name(enum kt_encoding e);
/* False when no encoding is called so. */
bool kt_encoding_of(struct kt_span name, enum kt_encoding *out);

/* Counts for one thread: remembers pieces, so that most are seen once. */
struct kt_tokenizer;
KT_MUSTCHECK enum kt_rc kt_tokenizer_new(
    struct kt_tokenizer **out, enum kt_encoding e);
void kt_tokenizer_free(struct kt_tokenizer **t);

/* Token ids in order.  Owned; starts zeroed. */
struct kt_token_ids {
	uint32_t *ids;
	size_t n;
	size_t cap;
};
void kt_token_ids_fini(struct kt_token_ids *ids);

/*
 * Adds the tokens of text to *n and, unless it is NULL, to *ids.
 * KT_E_PARSE  not UTF-8; *at (unless NULL) is the offset of the first bad byte
 * KT_E_LIMIT  a piece without a break of over KT_TOKEN_PIECE_MAX, or no memory
 * After an error *n and *ids are what they were.
 */
KT_MUSTCHECK enum kt_rc kt_token_count(struct kt_tokenizer *t,
    struct kt_span text, size_t *n, struct kt_token_ids *ids, size_t *at);

#endif
