/*
 * make_table - lays out a vocabulary for search.  Runs while kt is being
 * built, so it is plain rather than fast.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/table_priv.h"

#define TOKENS_MAX (KT_TOKEN_SLOT_MASK - 1)

struct maker {
	uint32_t *image;
	size_t words; /* of it */
	struct kt_token_table t;
	uint32_t *offs, *slots;
	uint8_t *bytes;
};

/* LEB128; 0 at the end or when it is too large to be meant. */
static uint32_t
next_len(struct kt_span ranks, size_t *at)
{
	uint32_t len = 0;

	for (unsigned shift = 0; *at < ranks.len && shift < 21; shift += 7) {
		uint8_t b = (uint8_t)ranks.ptr[(*at)++];

		len |= (uint32_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return len;
	}
	return 0;
}

static enum kt_rc
measure(struct kt_span ranks, uint32_t *n, uint32_t *bytes, struct kt_err *err)
{
	*n = 0;
	*bytes = 0;
	for (size_t at = 0; at < ranks.len; (*n)++) {
		uint32_t len = next_len(ranks, &at);

		if (len == 0 || len > ranks.len - at || *n == TOKENS_MAX)
			return kt_fail(err, KT_E_PARSE,
			    "token %u is not as ranks.py writes it", *n);
		at += len;
		*bytes += len;
	}
	return KT_OK;
}

static enum kt_rc
make_room(struct maker *m, uint32_t n, uint32_t n_bytes, struct kt_err *err)
{
	uint32_t slots = 1;
	struct kt_token_image *head;

	while (slots < 2 * n)
		slots *= 2;
	m->words = sizeof(*head) / 4 + n + 1 + slots + (n_bytes + 3) / 4;
	m->image = kt_alloc_array(m->words, 4);
	if (m->image == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	head = (struct kt_token_image *)m->image;
	*head = (struct kt_token_image){ .n = n, .mask = slots - 1 };
	kt_token_table_open(m->image, &m->t);
	m->offs = (uint32_t *)m->t.offs;
	m->slots = (uint32_t *)m->t.slots;
	m->bytes = (uint8_t *)m->t.bytes;
	return KT_OK;
}

static enum kt_rc
enter(struct maker *m, uint32_t token, struct kt_err *err)
{
	const uint8_t *p = m->bytes + m->offs[token];
	size_t len = kt_token_len(&m->t, token);
	uint64_t h = kt_token_hash(p, len);
	size_t i;

	if (kt_token_find(&m->t, p, len) != KT_NO_TOKEN)
		return kt_fail(err, KT_E_PARSE, "token %u is there twice", token);
	for (i = h & m->t.mask; m->slots[i] != 0;)
		i = (i + 1) & m->t.mask;
	m->slots[i] = kt_token_tag(h) | (token + 1);
	return KT_OK;
}

static enum kt_rc
fill(struct maker *m, struct kt_span ranks, struct kt_err *err)
{
	uint32_t bytes = 0;
	size_t at = 0;

	for (uint32_t i = 0; i < m->t.n; i++) {
		uint32_t len = next_len(ranks, &at);

		memcpy(m->bytes + bytes, ranks.ptr + at, len);
		at += len;
		bytes += len;
		m->offs[i + 1] = bytes;
		if (enter(m, i, err) < 0)
			return err->rc;
	}
	for (unsigned b = 0; b < 256; b++)
		if (kt_token_find(&m->t, &(uint8_t){ (uint8_t)b }, 1) ==
		    KT_NO_TOKEN)
			return kt_fail(
			    err, KT_E_PARSE, "byte %u is no token", b);
	return KT_OK;
}

enum kt_rc
kt_token_table_make(
    struct kt_span ranks, struct kt_buf *image, struct kt_err *err)
{
	struct maker m = { .image = NULL };
	uint32_t n, n_bytes;

	if (measure(ranks, &n, &n_bytes, err) < 0 ||
	    make_room(&m, n, n_bytes, err) < 0)
		return err->rc;
	err->rc = KT_OK;
	if (fill(&m, ranks, err) == KT_OK &&
	    kt_buf_add(image,
	        (struct kt_span){
	            .ptr = (const char *)m.image, .len = m.words * 4 }) < 0)
		(void)kt_fail(err, KT_E_LIMIT, "no room for the table");
	kt_free(m.image);
	return err->rc;
}
