/*
 * tokenizer - a text, piece by piece.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/known_priv.h"
#include "token/merge_priv.h"
#include "token/split_priv.h"
#include "token/tables.h"
#include "token/token.h"

/* A piece of up to 15 bytes and its tokens, where they are few. */
#define CACHED_BYTES 15
#define CACHED_IDS 3
#define CACHE_SIZE 32768

struct cached {
	uint64_t key[2]; /* the bytes, its length behind them; 0: empty */
	uint32_t ids[CACHED_IDS];
	uint32_t n;
};

struct encoding {
	struct kt_span name;
	uint32_t first;
	kt_token_split *split;
	bool is_normalised;
	const void *image;
};

static const struct encoding encodings[] = {
#define KT_ENCODING(id, text, number, pattern, norm) \
	[KT_ENCODING_##id] = { .name = KT_SPAN_INIT(text), \
		.first = (number), \
		.split = kt_token_split_##pattern, \
		.is_normalised = (norm), \
		.image = kt_token_image_##pattern },
#include "token/encoding.def"
};

/* Ids 0 to 4 of Claude's vocabulary. */
static const struct kt_span specials[] = { KT_SPAN_INIT("<EOT>"),
	KT_SPAN_INIT("<META>"), KT_SPAN_INIT("<META_START>"),
	KT_SPAN_INIT("<META_END>"), KT_SPAN_INIT("<SOS>") };

struct kt_tokenizer {
	const struct encoding *e;
	struct kt_token_table table;
	struct kt_token_room *room;
	struct kt_buf normal;
	struct cached cache[CACHE_SIZE];
	struct kt_token_known known;
};

/* Where tokens go: counted, and kept if somebody wants them. */
struct sink {
	size_t n;
	struct kt_token_ids *ids;
	uint32_t first;
};

struct kt_span
kt_encoding_name(enum kt_encoding e)
{
	return encodings[e].name;
}

bool
kt_encoding_of(struct kt_span name, enum kt_encoding *out)
{
	for (size_t i = 0; i < KT_ENCODINGS; i++)
		if (kt_span_eq(name, encodings[i].name)) {
			*out = (enum kt_encoding)i;
			return true;
		}
	return false;
}

enum kt_rc
kt_tokenizer_new(struct kt_tokenizer **out, enum kt_encoding e)
{
	struct kt_tokenizer *t = kt_alloc(sizeof(*t));

	*out = t;
	if (t == NULL)
		return KT_E_LIMIT;
	t->e = &encodings[e];
	kt_token_table_open(t->e->image, &t->table);
	kt_buf_init(&t->normal, KT_TOKEN_NORMAL_MAX);
	return KT_OK;
}

void
kt_tokenizer_free(struct kt_tokenizer **t)
{
	if (*t == NULL)
		return;
	kt_token_room_free(&(*t)->room);
	kt_buf_fini(&(*t)->normal);
	kt_free(*t);
	*t = NULL;
}

struct kt_token_known *
kt_tokenizer_known(struct kt_tokenizer *t)
{
	return &t->known;
}

void
kt_token_ids_fini(struct kt_token_ids *ids)
{
	kt_free(ids->ids);
	*ids = (struct kt_token_ids){ .ids = NULL };
}

static enum kt_rc
keep(struct sink *s, const uint32_t *tokens, size_t n)
{
	void *ids = s->ids->ids;

	if (kt_grow(&ids, &s->ids->cap, s->ids->n + n, sizeof(*tokens)) < 0)
		return KT_E_LIMIT;
	s->ids->ids = ids;
	for (size_t i = 0; i < n; i++)
		s->ids->ids[s->ids->n++] = s->first + tokens[i];
	return KT_OK;
}

static inline enum kt_rc
emit(struct sink *s, const uint32_t *tokens, size_t n)
{
	s->n += n;
	return s->ids == NULL ? KT_OK : keep(s, tokens, n);
}

static enum kt_rc
long_piece(struct kt_tokenizer *t, const uint8_t *p, size_t len, struct sink *s)
{
	size_t at = 0;
	uint32_t token;

	if (len > KT_TOKEN_PIECE_MAX ||
	    kt_token_merge_long(&t->table, p, len, &t->room) < 0)
		return KT_E_LIMIT;
	while (kt_token_merged(t->room, &at, &token))
		if (emit(s, &token, 1) < 0)
			return KT_E_LIMIT;
	return KT_OK;
}

/* A piece that is a token is that token, whatever joining would give. */
static enum kt_rc
whole_piece(
    struct kt_tokenizer *t, const uint8_t *p, size_t len, struct sink *s)
{
	uint32_t tokens[KT_TOKEN_MERGE_MAX];
	uint32_t token = kt_token_find(&t->table, p, len);

	if (token != KT_NO_TOKEN)
		return emit(s, &token, 1);
	if (len > KT_TOKEN_MERGE_MAX)
		return long_piece(t, p, len, s);
	return emit(s, tokens, kt_token_merge(&t->table, p, len, tokens));
}

/* The piece as two words, zero behind it; room is what may be read. */
static inline void
key_of(const uint8_t *p, size_t len, size_t room, uint64_t key[static 2])
{
	unsigned low = len < 8 ? (unsigned)len * 8 : 64;
	unsigned high = len > 8 ? (unsigned)(len - 8) * 8 : 0;

	if (room >= 16) {
		memcpy(key, p, 16);
		key[0] &= low == 64 ? UINT64_MAX : (UINT64_C(1) << low) - 1;
		key[1] &= (UINT64_C(1) << high) - 1;
	} else {
		key[0] = key[1] = 0;
		memcpy(key, p, len);
	}
	key[1] |= (uint64_t)len << 56;
}

static uint64_t
place_of(const uint64_t key[static 2])
{
	uint64_t h = (key[0] ^ key[1] * UINT64_C(0x9e3779b97f4a7c15)) *
	    UINT64_C(0xff51afd7ed558ccd);

	return (h ^ h >> 32) % CACHE_SIZE;
}

/* Apart, so that nothing is cleared for the many that are in the cache. */
static __attribute__((noinline)) enum kt_rc
new_piece(struct kt_tokenizer *t, const uint8_t *p, size_t len,
    const uint64_t key[static 2], struct sink *s)
{
	uint32_t tokens[CACHED_BYTES];
	struct cached *c = &t->cache[place_of(key)];
	size_t n;

	tokens[0] = kt_token_find(&t->table, p, len);
	n = tokens[0] != KT_NO_TOKEN ? 1 :
	                               kt_token_merge(&t->table, p, len, tokens);
	if (n <= CACHED_IDS) {
		*c = (struct cached){ .key = { key[0], key[1] },
			.n = (uint32_t)n };
		memcpy(c->ids, tokens, n * sizeof(tokens[0]));
	}
	return emit(s, tokens, n);
}

static inline enum kt_rc
short_piece(struct kt_tokenizer *t, const uint8_t *p, size_t len, size_t room,
    struct sink *s)
{
	const struct cached *c;
	uint64_t key[2];

	key_of(p, len, room, key);
	c = &t->cache[place_of(key)];
	if (c->key[0] == key[0] && c->key[1] == key[1])
		return emit(s, c->ids, c->n);
	return new_piece(t, p, len, key, s);
}

static enum kt_rc
ordinary(struct kt_tokenizer *t, struct kt_span text, struct sink *s)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	enum kt_rc rc = KT_OK;

	for (size_t at = 0; at < text.len && rc == KT_OK;) {
		size_t end = t->e->split(p, text.len, at);

		rc = end - at <= CACHED_BYTES ?
		    short_piece(t, p + at, end - at, text.len - at, s) :
		    whole_piece(t, p + at, end - at, s);
		at = end;
	}
	return rc;
}

/* Which special token the text begins with, or KT_NELEMS(specials). */
static size_t
special_at(struct kt_span text)
{
	size_t i = 0;

	/* All of them go on in capitals; most brackets do not. */
	if (text.len < 2 || text.ptr[1] < 'A' || text.ptr[1] > 'Z')
		return KT_NELEMS(specials);
	while (i < KT_NELEMS(specials) && !kt_span_starts(text, specials[i]))
		i++;
	return i;
}

/* Special tokens stand alone; what is between them are texts of their own. */
static enum kt_rc
with_specials(struct kt_tokenizer *t, struct kt_span text, struct sink *s)
{
	size_t from = 0, at = 0;
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK) {
		struct kt_span left = kt_span_sub(text, at, text.len - at);
		size_t next = kt_span_find(left, '<');
		size_t i;

		left = kt_span_sub(left, next, left.len - next);
		at += next;
		i = special_at(left);
		if (left.len > 0 && i == KT_NELEMS(specials)) {
			at++;
			continue;
		}
		rc = ordinary(t, kt_span_sub(text, from, at - from), s);
		if (left.len == 0 || rc < 0)
			break;
		rc = emit(s, &(uint32_t){ (uint32_t)i - s->first }, 1);
		at += specials[i].len;
		from = at;
	}
	return rc;
}

static bool
is_ascii(struct kt_span s)
{
	uint64_t any = 0, word;
	size_t i = 0;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&word, s.ptr + i, 8);
		any |= word;
	}
	for (; i < s.len; i++)
		any |= (uint8_t)s.ptr[i];
	return (any & UINT64_C(0x8080808080808080)) == 0;
}

enum kt_rc
kt_token_count(struct kt_tokenizer *t, struct kt_span text, size_t *n,
    struct kt_token_ids *ids, size_t *at)
{
	struct sink s = { .ids = ids, .first = t->e->first };
	size_t had = ids != NULL ? ids->n : 0;
	size_t bad = is_ascii(text) ? text.len : kt_utf8_check(text);
	enum kt_rc rc = KT_OK;

	if (bad < text.len) {
		if (at != NULL)
			*at = bad;
		return KT_E_PARSE;
	}
	if (!t->e->is_normalised) {
		rc = ordinary(t, text, &s);
	} else {
		if (!is_ascii(text)) {
			rc = kt_token_nfkc(text, &t->normal);
			text = kt_buf_span(&t->normal);
		}
		if (rc == KT_OK)
			rc = with_specials(t, text, &s);
	}
	if (rc == KT_OK)
		*n += s.n;
	else if (ids != NULL)
		ids->n = had;
	return rc;
}
