/*
 * plain - how far a text is spelt the same inside a JSON string.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that nearly every byte of nearly every string is printable ASCII
 *           without quote and backslash, and how to pass sixteen at a time.
 * Does not: know what the other bytes mean.
 * Promises: never reads behind n.
 */
#ifndef KT_PLAIN_H
#define KT_PLAIN_H
#include "base/base.h"

/* Tests build the same sources once more as for any machine. */
#if defined(__SSE2__) && !defined(KT_PLAIN_ANY)
#define KT_PLAIN_SSE2
#include <emmintrin.h>
#endif

#define KT_PLAIN_ONES UINT64_C(0x0101010101010101)

/* Index in p[i, n) of the first quote, backslash, control or non-ASCII byte. */
static inline size_t
kt_plain_bytewise(const char *p, size_t i, size_t n)
{
	for (; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80)
			break;
	}
	return i;
}

/* The same, eight at a time, for machines of which no more is known. */
static inline size_t
kt_plain_words(const char *p, size_t i, size_t n)
{
	for (; n - i >= 8; i += 8) {
		uint64_t v, q, s, hit;

		memcpy(&v, p + i, 8);
		q = v ^ KT_PLAIN_ONES * '"';
		s = v ^ KT_PLAIN_ONES * '\\';
		/* May be early because of a borrow, never late. */
		hit = (v - KT_PLAIN_ONES * ' ') | (q - KT_PLAIN_ONES) |
		    (s - KT_PLAIN_ONES) | v;
		if ((hit & KT_PLAIN_ONES * 0x80) != 0)
			break;
	}
	return kt_plain_bytewise(p, i, n);
}

#ifdef KT_PLAIN_SSE2
/* A bit for each byte that is not plain. */
static inline unsigned
kt_plain_mask(__m128i v)
{
	/* Signed: a byte over 0x7f is below a space too. */
	__m128i hit = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')),
	    _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	        _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))));

	return (unsigned)_mm_movemask_epi8(hit);
}

/*
 * Fewer than sixteen, as are most names and words: two loads that overlap,
 * the second of which ends at n.  What both see is told by the first.
 */
static inline size_t
kt_plain_few(const char *p, size_t i, size_t n)
{
	unsigned half = n - i >= 8 ? 8 : 4, mask, at;
	uint64_t low = 0, high = 0;

	if (n - i < 4)
		return kt_plain_bytewise(p, i, n);
	if (half == 8) {
		memcpy(&low, p + i, 8);
		memcpy(&high, p + n - 8, 8);
		mask = kt_plain_mask(
		    _mm_set_epi64x((long long)high, (long long)low));
	} else {
		memcpy(&low, p + i, 4);
		memcpy(&high, p + n - 4, 4);
		low |= high << 32;
		mask = kt_plain_mask(_mm_set_epi64x(0, (long long)low)) & 0xff;
	}
	if (mask == 0)
		return n;
	at = (unsigned)__builtin_ctz(mask);
	return at < half ? i + at : n - half + (at - half);
}
#endif

static inline size_t
kt_plain(const char *p, size_t i, size_t n)
{
#ifdef KT_PLAIN_SSE2
	for (; n - i >= 16; i += 16) {
		unsigned mask = kt_plain_mask(
		    _mm_loadu_si128((const __m128i *)(p + i)));

		if (mask != 0)
			return i + (size_t)__builtin_ctz(mask);
	}
	return kt_plain_few(p, i, n);
#else
	return kt_plain_words(p, i, n);
#endif
}

#endif
