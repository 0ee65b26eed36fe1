/*
 * context - the words that must, or may, stand before a match.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Most rules that need a word of their context have none, and a stream asks
 * them at each step: it finds once, for all of them, the few words that begin
 * as one of any context does.
 */
#include "detect/detect_priv.h"

/* What context words are made of.  Chinese, Japanese, Korean and Thai have no
   blanks, or endings, at words: their letters are three bytes.  The high half
   of a kind says as what the next byte does not begin a word. */
enum { WORD = 1, UPPER = 2, UNSPACED = 4, INSIDE = WORD << 4,
	NO_HUMP = UPPER << 4 };
static const uint8_t kinds[256] = {
	['0' ... '9'] = WORD | INSIDE | NO_HUMP,
	['A' ... 'Z'] = WORD | UPPER | INSIDE | NO_HUMP,
	['a' ... 'z'] = WORD | INSIDE,
	[0x80 ... 0xdf] = WORD | INSIDE | NO_HUMP,
	[0xe0 ... 0xef] = WORD | UNSPACED | INSIDE | NO_HUMP,
	[0xf0 ... 0xff] = WORD | INSIDE | NO_HUMP,
};

static inline unsigned
kind_of(char c)
{
	return kinds[(uint8_t)c];
}

static bool
is_word(char c)
{
	return kind_of(c) & WORD;
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Names in code: cardNumber, card2, have no blank between their words. */
static bool
is_hump(const char *p, const char *first)
{
	return p > first && kind_of(*p) & UPPER && is_word(p[-1]) &&
	    !(kind_of(p[-1]) & NO_HUMP);
}

static bool
ends_unspaced(const char *first, const char *end)
{
	return end - first >= 3 && kind_of(end[-3]) & UNSPACED &&
	    (uint8_t)end[-1] >= 0x80;
}

bool
kt_detect_word_goes_on(struct kt_span text, size_t end)
{
	const char *p = text.ptr + end;

	return end < text.len && is_word(*p) && !is_hump(p, text.ptr) &&
	    !ends_unspaced(text.ptr, p);
}

/* A blank between two words, as names write it: tax_id, tax-id. */
static bool
is_letter_of(char c, char w)
{
	return fold(c) == fold(w) || (w == ' ' && (c == '_' || c == '-'));
}

static bool
is_context(const struct kt_detector *d, const char *p, const char *end)
{
	for (size_t i = 0; i < d->ncontext; i++) {
		const char *w = d->context[i], *q = p;

		for (; *w != '\0' && q < end; w++) {
			if (is_letter_of(*q, *w))
				q++;
			else if (*w != ' ' || !is_hump(q, p))
				break;
		}
		if (*w == '\0' && (q == end || !is_word(*q) || is_hump(q, p) ||
		                     ends_unspaced(p, q)))
			return true;
	}
	return false;
}

/* Does a word begin with a byte of this kind, behind one of that? */
static inline bool
begins(unsigned behind, unsigned kind)
{
	return (kind & ~(behind >> 4) & (WORD | UPPER | UNSPACED)) != 0;
}

/* ---- for all contexts at once ---- */

#define RULE_OPENING_BITS 6 /* of one rule: a word of 64 */

/* A set of openings: a bit for each value of so many bits. */
static inline uint32_t
hash(uint32_t word, int bits)
{
	return word * 0x9e3779b1u >> (32 - bits);
}

static inline bool
is_opening(const uint64_t *set, int bits, uint32_t word)
{
	uint32_t h = hash(word, bits);

	return set[h / 64] >> h % 64 & 1;
}

static uint32_t
opening_of(const char *w)
{
	uint32_t word = 0;

	for (int n = 0; n < KT_DETECT_OPENING && is_word(w[n]); n++)
		word = word << 8 | (uint8_t)fold(w[n]);
	return word;
}

void
kt_detect_openings_add(
    struct kt_detect_openings *to, const struct kt_detect_rule *r)
{
	for (size_t i = 0; i < r->def->ncontext; i++) {
		uint32_t h = hash(
		    opening_of(r->def->context[i]), KT_DETECT_OPENING_BITS);

		to->at[h / 64] |= (uint64_t)1 << h % 64;
	}
}

/* Does a word of a context open as the one at p does?  Where a hump is in it
   a context may have a blank. */
static inline bool
may_open(const uint64_t *set, int bits, const char *p, const char *end)
{
	uint32_t word = (uint8_t)fold(*p);

	if (kind_of(*p) & UNSPACED)
		return true;
	if (end - p > KT_DETECT_OPENING)
		end = p + KT_DETECT_OPENING;
	for (int n = 1; p + n < end && is_word(p[n]); n++) {
		if (is_hump(p + n, p) && is_opening(set, bits, word))
			return true;
		word = word << 8 | (uint8_t)fold(p[n]);
	}
	return is_opening(set, bits, word);
}

/* Is one of the context words at p, and does it end as a whole word? */
static inline bool
word_at(const struct kt_detect_rule *r, const char *p, const char *end)
{
	return kt_detect_bytes_has(&r->context_first, *p) &&
	    may_open(&r->context_openings, RULE_OPENING_BITS, p, end) &&
	    is_context(r->def, p, end);
}

void
kt_detect_words_find(uint64_t *words,
    const struct kt_detect_openings *o, struct kt_span text, size_t from)
{
	unsigned behind = from > 0 ? kind_of(text.ptr[from - 1]) : 0;
	const char *end = text.ptr + text.len;

	for (; from < text.len; from = (from | 63) + 1) {
		const char *p = text.ptr + from;
		uint64_t bit = (uint64_t)1 << from % 64;
		uint64_t bits = words[from / 64] & (bit - 1);

		for (; p < end && bit != 0; p++, bit <<= 1) {
			unsigned kind = kind_of(*p);

			if (begins(behind, kind) &&
			    may_open(o->at, KT_DETECT_OPENING_BITS, p, end))
				bits |= bit;
			behind = kind;
		}
		words[from / 64] = bits;
	}
}

bool
kt_detect_rule_is_alien(const struct kt_detect_rule *r,
    const uint64_t *words, struct kt_span subject, size_t start)
{
	size_t room = r->context_bytes;
	size_t from = start > room ? start - room : 0;

	/* A word that goes on at the start was taken for a longer one. */
	if (kt_detect_word_goes_on(subject, start) && start > 0 &&
	    is_word(subject.ptr[start - 1]))
		return !kt_detect_rule_has_context(
		    r, (struct kt_span){ 0 }, subject, start);
	for (size_t w = from / 64; w * 64 < start; w++) {
		uint64_t left = words[w];

		if (w == from / 64)
			left &= UINT64_MAX << from % 64;
		if (start - w * 64 < 64)
			left &= ~(UINT64_MAX << start % 64);
		for (; left != 0; left &= left - 1)
			if (word_at(r, subject.ptr + w * 64 +
			        __builtin_ctzll(left), subject.ptr + start))
				return false;
	}
	return true;
}

/* ---- for one, in whole texts ---- */

/* Do the last bytes of text, room at most, hold a word of the context? */
static bool
has_word(const struct kt_detect_rule *r, struct kt_span text, size_t room)
{
	const char *end = text.ptr + text.len;
	const char *p = end - (text.len < room ? text.len : room);
	unsigned behind = p < end && p > text.ptr ? kind_of(p[-1]) : 0;

	for (; p < end; p++) {
		unsigned kind = kind_of(*p);

		if (begins(behind, kind) && word_at(r, p, end))
			return true;
		behind = kind;
	}
	return false;
}

bool
kt_detect_rule_ends_context(
    const struct kt_detect_rule *r, struct kt_span text, size_t end)
{
	return has_word(r, (struct kt_span){ text.ptr, end }, r->context_len);
}

void
kt_detect_rule_learn_context(struct kt_detect_rule *r)
{
	for (size_t i = 0; i < r->def->ncontext; i++) {
		size_t n = strlen(r->def->context[i]);

		r->context_len = n > r->context_len ? (uint16_t)n
						    : r->context_len;
		r->context_openings |= (uint64_t)1 << hash(
		    opening_of(r->def->context[i]), RULE_OPENING_BITS);
		for (int c = 0; c < 256; c++)
			if (is_letter_of((char)c, r->def->context[i][0]))
				kt_detect_bytes_add(
				    &r->context_first, (char)c);
	}
}

bool
kt_detect_rule_has_context(const struct kt_detect_rule *r,
    struct kt_span label, struct kt_span subject, size_t start)
{
	size_t room = r->context_bytes;

	return has_word(r, (struct kt_span){ subject.ptr, start }, room) ||
	    (start < room && label.len > 0 &&
	        has_word(r, label, room - start));
}
