/*
 * bytes_priv - a set of bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_DETECT_BYTES_PRIV_H
#define KT_DETECT_BYTES_PRIV_H
#include "base/base.h"

struct kt_detect_bytes {
	uint64_t w[4];
};
static inline bool
kt_detect_bytes_has(const struct kt_detect_bytes *set, char c)
{
	uint8_t b = (uint8_t)c;

	return set->w[b >> 6] >> (b & 63) & 1;
}
static inline void
kt_detect_bytes_add(struct kt_detect_bytes *set, char c)
{
	uint8_t b = (uint8_t)c;

	set->w[b >> 6] |= (uint64_t)1 << (b & 63);
}
static inline bool
kt_detect_bytes_meet(
    const struct kt_detect_bytes *a, const struct kt_detect_bytes *b)
{
	return ((a->w[0] & b->w[0]) | (a->w[1] & b->w[1]) |
	           (a->w[2] & b->w[2]) | (a->w[3] & b->w[3])) != 0;
}
static inline bool
kt_detect_bytes_within(
    const struct kt_detect_bytes *a, const struct kt_detect_bytes *b)
{
	return ((a->w[0] & ~b->w[0]) | (a->w[1] & ~b->w[1]) |
	           (a->w[2] & ~b->w[2]) | (a->w[3] & ~b->w[3])) == 0;
}
/* Of what a byte is, as \b has it: the last three are of words. */
enum kt_detect_kind {
	KT_DETECT_MARK,
	KT_DETECT_LETTER,
	KT_DETECT_DIGIT,
	KT_DETECT_BAR,
	KT_DETECT_KINDS
};
static inline enum kt_detect_kind
kt_detect_kind(char c)
{
	static const uint8_t kinds[256] = {
		['0' ... '9'] = KT_DETECT_DIGIT,
		['A' ... 'Z'] = KT_DETECT_LETTER,
		['a' ... 'z'] = KT_DETECT_LETTER,
		['_'] = KT_DETECT_BAR,
	};

	return kinds[(uint8_t)c];
}
static inline bool
kt_detect_is_word(char c)
{
	return kt_detect_kind(c) != KT_DETECT_MARK;
}
static inline bool
kt_detect_is_alnum(char c)
{
	enum kt_detect_kind kind = kt_detect_kind(c);

	return kind == KT_DETECT_LETTER || kind == KT_DETECT_DIGIT;
}
/* Is a blank or a control character among these eight bytes? */
static inline bool
kt_detect_has_blank(const char *p)
{
	static const uint64_t ones = 0x0101010101010101u;
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return ((w - ones * 0x21) & ~w & ones * 0x80) != 0;
}
/* The first digit at or behind `at`, or text.len. */
static inline size_t
kt_detect_next_digit(struct kt_span text, size_t at)
{
	static const uint64_t ones = 0x0101010101010101u;
	uint64_t w;

	for (; text.len - at >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, text.ptr + at, sizeof(w));
		w ^= ones * '0'; /* a digit is below 10 now */
		w |= (w & ones * 0x7f) + ones * 0x76;
		if ((w & ones * 0x80) != ones * 0x80)
			break;
	}
	while (at < text.len && (text.ptr[at] < '0' || text.ptr[at] > '9'))
		at++;
	return at;
}
/* "[A-Za-z0-9_-]"; false when it is not a class. */
bool kt_detect_bytes_parse(const char *text, struct kt_detect_bytes *set);

#endif
