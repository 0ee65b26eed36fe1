/*
 * ascii_priv - what sixteen bytes are, at once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Most of most texts is ASCII, and in ASCII the classes of Unicode are four
 * ranges and a few blanks.  Bit i of a mask is about byte i.
 */
#ifndef KT_TOKEN_ASCII_PRIV_H
#define KT_TOKEN_ASCII_PRIV_H
#include "base/plain.h"

#define KT_ASCII_STEP 16

struct kt_ascii {
	unsigned upper, lower, digit, space;
	unsigned other; /* not ASCII */
};

/* For any machine; tests compare the other with it. */
static inline struct kt_ascii
kt_ascii_bytewise(const uint8_t *p)
{
	struct kt_ascii a = { .upper = 0 };

	for (unsigned i = 0; i < KT_ASCII_STEP; i++) {
		a.upper |= (unsigned)(p[i] >= 'A' && p[i] <= 'Z') << i;
		a.lower |= (unsigned)(p[i] >= 'a' && p[i] <= 'z') << i;
		a.digit |= (unsigned)(p[i] >= '0' && p[i] <= '9') << i;
		a.space |= (unsigned)(p[i] == ' ' ||
		               (p[i] >= '\t' && p[i] <= '\r'))
		    << i;
		a.other |= (unsigned)(p[i] >= 0x80) << i;
	}
	return a;
}

#ifdef KT_PLAIN_SSE2
/* Bytes from first to last, which are ASCII; compares are signed. */
static inline __m128i
kt_ascii_range(__m128i v, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8(first - 1)),
	    _mm_cmplt_epi8(v, _mm_set1_epi8(last + 1)));
}

static inline struct kt_ascii
kt_ascii_of(const uint8_t *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);
	__m128i space = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')),
	    kt_ascii_range(v, '\t', '\r'));

	return (struct kt_ascii){
		.upper = (unsigned)_mm_movemask_epi8(
		    kt_ascii_range(v, 'A', 'Z')),
		.lower = (unsigned)_mm_movemask_epi8(
		    kt_ascii_range(v, 'a', 'z')),
		.digit = (unsigned)_mm_movemask_epi8(
		    kt_ascii_range(v, '0', '9')),
		.space = (unsigned)_mm_movemask_epi8(space),
		.other = (unsigned)_mm_movemask_epi8(v),
	};
}
#else
#define kt_ascii_of kt_ascii_bytewise
#endif

/* How many bytes from the first one on have their bit set; at most 16. */
static inline size_t
kt_ascii_run(unsigned mask)
{
	return (size_t)__builtin_ctz(~mask);
}

#endif
