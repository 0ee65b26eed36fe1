/*
 * estimate - families of models.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/estimate.h"

#include "chat/model.h"
#include "token/ascii_priv.h"
#include "token/class_priv.h"
#include "token/known_priv.h"

/* What a text is made of, as far as the error of an estimate depends on it. */
enum class {
#define KT_BAND(id, permille) id,
#include "token/family.def"
	CLASSES
};

static const struct {
	struct kt_span name;
	enum kt_encoding encoding;
	bool is_exact;
	uint16_t permille[CLASSES];
} families[] = {
#define KT_FAMILY(id, text, enc, exact, prose, code, digits, foreign) \
	[KT_FAMILY_##id] = { KT_SPAN_INIT(text), KT_ENCODING_##enc, (exact), \
		{ [PROSE] = (prose), [CODE] = (code), [DIGITS] = (digits), \
		    [FOREIGN] = (foreign) } },
#include "token/family.def"
};

static const uint16_t bands[] = {
#define KT_BAND(id, permille) [id] = (permille),
#include "token/family.def"
};

static const struct {
	struct kt_span prefix;
	enum kt_family family;
} models[] = {
#define KT_TOKEN_MODEL(text, id) { KT_SPAN_INIT(text), KT_FAMILY_##id },
#include "token/family.def"
};

enum kt_family
kt_family_of(struct kt_span model)
{
	size_t best = 0;

	model = kt_model_bare(model);
	if (model.len == 0)
		return models[0].family;
	for (size_t i = 1; i < KT_NELEMS(models); i++)
		if (*models[i].prefix.ptr == *model.ptr &&
		    models[i].prefix.len > models[best].prefix.len &&
		    kt_model_begins(model, models[i].prefix))
			best = i;
	return models[best].family;
}

struct kt_span
kt_family_name(enum kt_family f)
{
	return families[f].name;
}

enum kt_encoding
kt_family_encoding(enum kt_family f)
{
	return families[f].encoding;
}

bool
kt_family_is_exact(enum kt_family f)
{
	return families[f].is_exact;
}

struct shares {
	size_t letters, digits, signs, foreign;
};

static void
add_char(struct shares *of, const uint8_t *p, size_t *len)
{
	unsigned class = kt_char_class(p, len);

	of->letters += (class & KT_CHAR_LETTER) != 0;
	of->digits += (class & KT_CHAR_NUMBER) != 0;
	of->signs += class == 0;
	/* From U+0340 on: not Latin. */
	of->foreign += *p >= 0xcd &&
	    (class & (KT_CHAR_LETTER | KT_CHAR_MARK)) != 0;
}

/* The bits in each of four masks of sixteen, side by side. */
static uint64_t
bits_of_each(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) +
	    (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (x + (x >> 8)) & UINT64_C(0x001f001f001f001f);
}

/* Sixteen characters of ASCII. */
static void
add_ascii(struct shares *of, const struct kt_ascii *a)
{
	uint64_t letters = a->upper | a->lower, digits = a->digit;
	uint64_t signs = 0xffff & ~(letters | digits | a->space);
	uint64_t n = bits_of_each(letters | digits << 16 | signs << 32);

	of->letters += n & 0xffff;
	of->digits += n >> 16 & 0xffff;
	of->signs += n >> 32;
}

static void
add_text(struct shares *of, struct kt_span text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;

	for (size_t at = 0, len; at < text.len; at += len) {
		struct kt_ascii a;

		if (text.len - at >= KT_ASCII_STEP) {
			a = kt_ascii_of(p + at);
			if (a.other == 0) {
				add_ascii(of, &a);
				len = KT_ASCII_STEP;
				continue;
			}
		}
		add_char(of, p + at, &len);
	}
}

/* By shares of characters; a text without any is prose. */
static enum class
class_of(struct kt_span text)
{
	struct shares of = { .letters = 0 };
	size_t seen;

	add_text(&of, text);
	seen = of.letters + of.digits + of.signs;
	if (of.foreign * 3 > seen)
		return FOREIGN;
	if (of.digits * 3 > seen)
		return DIGITS;
	return of.signs * 8 > seen ? CODE : PROSE;
}

static enum kt_rc
sum_of(struct kt_token_sum *sum, enum kt_family f, struct kt_tokenizer *t,
    struct kt_span text, size_t *at)
{
	size_t n = 0;
	enum kt_rc rc = kt_token_count(t, text, &n, NULL, at);
	enum class class;
	uint64_t off;

	*sum = (struct kt_token_sum){ .n = n, .low = n, .high = n };
	if (rc < 0 || families[f].is_exact)
		return rc;
	class = class_of(text);
	sum->n = ((uint64_t)n * families[f].permille[class] + 500) / 1000;
	off = (sum->n * bands[class] + 999) / 1000;
	sum->low = sum->n - off;
	sum->high = sum->n + off;
	return KT_OK;
}

enum kt_rc
kt_token_sum_add(struct kt_token_sum *sum, enum kt_family f,
    struct kt_tokenizer *t, struct kt_span text, size_t *at)
{
	struct kt_token_known *k = kt_tokenizer_known(t);
	uint8_t hash[KT_TOKEN_HASH];
	const struct kt_token_sum *known = NULL;
	struct kt_token_sum more;
	enum kt_rc rc;

	if (text.len >= KT_TOKEN_KNOWN_MIN) {
		kt_token_known_hash(text, hash);
		known = kt_token_known_find(k, f, hash);
	}
	if (known == NULL) {
		rc = sum_of(&more, f, t, text, at);
		if (rc < 0)
			return rc;
		if (text.len >= KT_TOKEN_KNOWN_MIN)
			kt_token_known_keep(k, f, hash, &more);
		known = &more;
	}
	kt_token_sum_join(sum, known);
	return KT_OK;
}

void
kt_token_sum_join(struct kt_token_sum *sum, const struct kt_token_sum *more)
{
	sum->n += more->n;
	sum->low += more->low;
	sum->high += more->high;
}

void
kt_token_sum_fixed(struct kt_token_sum *sum, uint64_t n)
{
	sum->n += n;
	sum->low += n;
	sum->high += n;
}

/* Shrinks w x h so that neither side is over most; never grows. */
static void
fit(uint64_t *w, uint64_t *h, uint64_t most)
{
	uint64_t longer = *w > *h ? *w : *h;

	if (longer <= most)
		return;
	*w = (*w * most + longer - 1) / longer;
	*h = (*h * most + longer - 1) / longer;
}

static uint64_t
tiles(uint64_t length, uint64_t tile)
{
	return (length + tile - 1) / tile;
}

/*
 * Anthropic: a token for each 28 x 28 pixels, after shrinking the longer side
 * to 1568 (2576 since Opus 4.7).  OpenAI, "high" detail: shrunk to 2048 x 2048
 * and the shorter side to 768; 85, and 170 for each 512 x 512.
 */
uint64_t
kt_token_image(enum kt_family f, uint32_t width, uint32_t height)
{
	uint64_t w = width, h = height, shorter;

	if (families[f].encoding == KT_ENCODING_CLAUDE) {
		fit(&w, &h, f == KT_FAMILY_CLAUDE_4_7 ? 2576 : 1568);
		return tiles(w, 28) * tiles(h, 28);
	}
	fit(&w, &h, 2048);
	shorter = w < h ? w : h;
	if (shorter > 768) {
		w = w * 768 / shorter;
		h = h * 768 / shorter;
	}
	return 85 + 170 * tiles(w, 512) * tiles(h, 512);
}
