/*
 * known - a table that forgets what falls on the same place.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A conversation sends all its turns again with every turn.  Counts decide
 * about limits, so the hash is one for which nobody can make two texts.
 */
#include "token/known_priv.h"

#include <gnutls/crypto.h>

static size_t
place_of(const uint8_t hash[static KT_TOKEN_HASH])
{
	return (hash[0] | (size_t)hash[1] << 8) % KT_TOKEN_KNOWN;
}

void
kt_token_known_hash(struct kt_span text, uint8_t hash[static KT_TOKEN_HASH])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text.ptr, text.len, hash) < 0)
		KT_BUG("no SHA-256 in the crypto library");
}

const struct kt_token_sum *
kt_token_known_find(const struct kt_token_known *k, enum kt_family f,
    const uint8_t hash[static KT_TOKEN_HASH])
{
	const struct kt_token_known_text *at = &k->texts[place_of(hash)];

	return at->family == f && memcmp(at->hash, hash, KT_TOKEN_HASH) == 0 ?
	    &at->sum :
	    NULL;
}

void
kt_token_known_keep(struct kt_token_known *k, enum kt_family f,
    const uint8_t hash[static KT_TOKEN_HASH], const struct kt_token_sum *sum)
{
	struct kt_token_known_text *at = &k->texts[place_of(hash)];

	*at = (struct kt_token_known_text){ .sum = *sum, .family = f };
	memcpy(at->hash, hash, KT_TOKEN_HASH);
}
