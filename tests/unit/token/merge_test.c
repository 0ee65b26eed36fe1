/*
 * merge - the way for long pieces against the definition.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/tap.h"
#include "token/merge_priv.h"
#include "token/tables.h"

static const void *const images[] = {
#define KT_ENCODING(id, text, number, pattern, norm) kt_token_image_##pattern,
#include "token/encoding.def"
};

static uint64_t state = 88172645463325252u;

static uint64_t
chance(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

/* Text that is hard to encode: tokens, halves of them, and what repeats. */
static size_t
make_piece(const struct kt_token_table *t, uint8_t *out, size_t len)
{
	size_t n = 0;

	while (n < len) {
		uint32_t token = (uint32_t)chance(t->n);
		const uint8_t *p = t->bytes + t->offs[token];
		size_t most = kt_token_len(t, token);
		size_t times = chance(4) == 0 ? 1 + chance(5) : 1;

		if (chance(3) == 0)
			most = 1 + chance(most);
		while (times-- > 0)
			for (size_t i = 0; i < most && n < len; i++)
				out[n++] = p[i];
		if (chance(8) == 0 && n < len)
			out[n++] = (uint8_t)chance(256);
	}
	return n;
}

static void
agree(const struct kt_token_table *t, struct kt_token_room **room)
{
	uint32_t want[KT_TOKEN_MERGE_MAX];
	uint8_t piece[KT_TOKEN_MERGE_MAX];
	size_t bad = 0;

	for (int i = 0; i < 30000; i++) {
		size_t len =
		    make_piece(t, piece, 1 + chance(KT_TOKEN_MERGE_MAX));
		size_t n = kt_token_merge(t, piece, len, want), m = 0, at = 0;
		uint32_t token;

		if (kt_token_merge_long(t, piece, len, room) < 0)
			abort();
		for (; kt_token_merged(*room, &at, &token); m++)
			bad += m >= n || token != want[m];
		bad += m != n;
	}
	ok(bad == 0);
}

static void
each(void (*fn)(const struct kt_token_table *, struct kt_token_room **))
{
	for (size_t i = 0; i < KT_NELEMS(images); i++) {
		struct kt_token_room *room = NULL;
		struct kt_token_table t;

		kt_token_table_open(images[i], &t);
		fn(&t, &room);
		kt_token_room_free(&room);
	}
}

static void
long_pieces_are_encoded_by_the_definition(void)
{
	each(agree);
}

static void
is_itself(const struct kt_token_table *t, struct kt_token_room **room)
{
	size_t bad = 0;

	for (uint32_t token = 0; token < t->n; token++) {
		size_t len = kt_token_len(t, token), at = 0;
		uint32_t first;

		if (kt_token_merge_long(
		        t, t->bytes + t->offs[token], len, room) < 0)
			abort();
		bad += !kt_token_merged(*room, &at, &first) ||
		    first != token || at != len;
	}
	ok(bad == 0);
}

static void
every_token_is_encoded_as_itself(void)
{
	each(is_itself);
}

static void
repeats(const struct kt_token_table *t, struct kt_token_room **room)
{
	uint8_t *piece = kt_alloc(1 << 20);

	for (unsigned b = 0; b < 256; b++) {
		size_t len = b % 64 == 'a' % 64 ? 1 << 20 : 1 << 14;
		size_t at = 0, sum = 0;
		uint32_t token;

		memset(piece, (int)b, len);
		if (kt_token_merge_long(t, piece, len, room) < 0)
			abort();
		while (kt_token_merged(*room, &at, &token))
			sum += kt_token_len(t, token);
		ok(sum == len);
	}
	kt_free(piece);
}

static void
a_long_run_of_any_byte_is_encoded(void)
{
	each(repeats);
}

int
main(void)
{
	RUN(long_pieces_are_encoded_by_the_definition);
	RUN(every_token_is_encoded_as_itself);
	RUN(a_long_run_of_any_byte_is_encoded);
	return done();
}
