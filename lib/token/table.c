/*
 * table - search in a vocabulary.  make_table.c lays it out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/table_priv.h"

void
kt_token_table_open(const void *image, struct kt_token_table *out)
{
	const struct kt_token_image *head = image;
	const uint32_t *at = (const uint32_t *)(head + 1);

	*out = (struct kt_token_table){ .n = head->n, .mask = head->mask };
	out->offs = at;
	at += head->n + 1;
	out->slots = at;
	at += head->mask + 1;
	out->bytes = (const uint8_t *)at;
}

uint32_t
kt_token_find(const struct kt_token_table *t, const uint8_t *p, size_t len)
{
	uint64_t h = kt_token_hash(p, len);
	uint32_t tag = kt_token_tag(h);

	for (size_t i = h & t->mask;; i = (i + 1) & t->mask) {
		uint32_t slot = t->slots[i];
		uint32_t token;

		if (slot == 0)
			return KT_NO_TOKEN;
		if ((slot & ~KT_TOKEN_SLOT_MASK) != tag)
			continue;
		token = (slot & KT_TOKEN_SLOT_MASK) - 1;
		if (kt_token_len(t, token) == len &&
		    memcmp(t->bytes + t->offs[token], p, len) == 0)
			return token;
	}
}
