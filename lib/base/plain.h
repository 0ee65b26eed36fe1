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

static inline size_t
kt_plain(const char *p, size_t i, size_t n)
{
#ifdef KT_PLAIN_SSE2
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i space = _mm_set1_epi8(' ');

	for (; n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(p + i));
		/* Signed: a byte over 0x7f is below a space too. */
		__m128i hit = _mm_or_si128(_mm_cmplt_epi8(v, space),
		    _mm_or_si128(_mm_cmpeq_epi8(v, quote),
		        _mm_cmpeq_epi8(v, slash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask != 0)
			return i + (size_t)__builtin_ctz(mask);
	}
	return kt_plain_bytewise(p, i, n);
#else
	return kt_plain_words(p, i, n);
#endif
}

#endif
