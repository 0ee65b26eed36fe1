/*
 * fold - characters that stand for others: compatibility forms (NFKC), what
 * cannot be seen, digits of other scripts, look-alikes, punctuation, braille.
 * SPDX-License-Identifier: Apache-2.0
 *
 * NFKC is libunistring's, which GnuTLS brings along anyway; ICU would bring
 * thirty megabytes.  It is asked for one character at a time, so that the way
 * back to the source stays exact; a mark is composed with what is before it.
 */
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>

#include "detect/search.h"
#include "detect/view_priv.h"

static const struct {
	uint32_t cp;
	char letter;
} lookalikes[] = {
#define LOOKALIKE(cp, letter) { cp, letter },
#include "detect/lookalikes.def"
};

/* Ranges whose characters all stand for one of ASCII; 0: for nothing.  Small
   capitals are among them: nothing is written in those. */
static const struct {
	uint32_t first, last;
	char ascii;
} ranges[] = {
	{ 0x00a0, 0x00a0, ' ' },
	{ 0x00ab, 0x00ab, '"' },
	{ 0x00ad, 0x00ad, 0 },
	{ 0x00bb, 0x00bb, '"' },
	{ 0x0262, 0x0262, 'g' },
	{ 0x026a, 0x026a, 'i' },
	{ 0x0274, 0x0274, 'n' },
	{ 0x0280, 0x0280, 'r' },
	{ 0x028f, 0x028f, 'y' },
	{ 0x0299, 0x0299, 'b' },
	{ 0x029c, 0x029c, 'h' },
	{ 0x029f, 0x029f, 'l' },
	{ 0x02bc, 0x02bc, '\'' },
	{ 0x034f, 0x034f, 0 },
	{ 0x061c, 0x061c, 0 },
	{ 0x115f, 0x1160, 0 },
	{ 0x1680, 0x1680, ' ' },
	{ 0x17b4, 0x17b5, 0 },
	{ 0x180b, 0x180f, 0 },
	{ 0x1d00, 0x1d00, 'a' },
	{ 0x1d04, 0x1d04, 'c' },
	{ 0x1d05, 0x1d05, 'd' },
	{ 0x1d07, 0x1d07, 'e' },
	{ 0x1d0a, 0x1d0a, 'j' },
	{ 0x1d0b, 0x1d0b, 'k' },
	{ 0x1d0d, 0x1d0d, 'm' },
	{ 0x1d0f, 0x1d0f, 'o' },
	{ 0x1d18, 0x1d18, 'p' },
	{ 0x1d1b, 0x1d1b, 't' },
	{ 0x1d1c, 0x1d1c, 'u' },
	{ 0x1d20, 0x1d20, 'v' },
	{ 0x1d21, 0x1d21, 'w' },
	{ 0x1d22, 0x1d22, 'z' },
	{ 0x2000, 0x200a, ' ' },
	{ 0x200b, 0x200f, 0 },
	{ 0x2010, 0x2015, '-' },
	{ 0x2018, 0x201b, '\'' },
	{ 0x201c, 0x201f, '"' },
	{ 0x2028, 0x2029, '\n' },
	{ 0x202a, 0x202e, 0 },
	{ 0x202f, 0x202f, ' ' },
	{ 0x2032, 0x2032, '\'' },
	{ 0x2033, 0x2033, '"' },
	{ 0x2043, 0x2043, '-' },
	{ 0x2044, 0x2044, '/' },
	{ 0x205f, 0x205f, ' ' },
	{ 0x2060, 0x206f, 0 },
	{ 0x2212, 0x2212, '-' },
	{ 0x2215, 0x2215, '/' },
	{ 0x3000, 0x3000, ' ' },
	{ 0x3002, 0x3002, '.' },
	{ 0x3164, 0x3164, 0 },
	{ 0xa730, 0xa730, 'f' },
	{ 0xa731, 0xa731, 's' },
	{ 0xfe00, 0xfe0f, 0 },
	{ 0xfeff, 0xfeff, 0 },
	{ 0xffa0, 0xffa0, 0 },
	{ 0xfff0, 0xfff8, 0 },
	{ 0x1bca0, 0x1bca3, 0 },
	{ 0x1d173, 0x1d17a, 0 },
};
/* Tags: ASCII that nobody sees and models read; and the selectors of variants
   that carry a byte each. */
#define TAG_FIRST 0xe0020
#define TAG_LAST 0xe007e
#define SELECTOR_FIRST 0xe0110
#define SELECTOR_LAST 0xe016e
/* Where the alphabet stands in capitals that NFKC leaves as they are: white in
   a disc and in a square; letters in pairs are flags, and in rows words. */
static const uint32_t alphabets[] = { 0x1f150, 0x1f170, 0x1f1e6 };

static bool
fold_range(uint32_t cp, char *out, size_t *n)
{
	size_t low = 0, high = KT_NELEMS(ranges);

	if (cp >= 0xe0000 && cp <= 0xe0fff) {
		*n = (cp >= TAG_FIRST && cp <= TAG_LAST) ||
		    (cp >= SELECTOR_FIRST && cp <= SELECTOR_LAST);
		out[0] = (char)(cp < SELECTOR_FIRST ? cp - 0xe0000
		                                    : cp - SELECTOR_FIRST + ' ');
		return true;
	}
	for (size_t i = 0; i < KT_NELEMS(alphabets); i++) {
		if (cp < alphabets[i] || cp >= alphabets[i] + 26)
			continue;
		*n = 1;
		out[0] = (char)('A' + (cp - alphabets[i]));
		return true;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cp > ranges[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == KT_NELEMS(ranges) || cp < ranges[low].first)
		return false;
	*n = ranges[low].ascii != 0;
	out[0] = ranges[low].ascii;
	return true;
}

static char
letter_like(uint32_t cp)
{
	size_t low = 0, high = KT_NELEMS(lookalikes);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cp > lookalikes[mid].cp)
			low = mid + 1;
		else
			high = mid;
	}
	return low < KT_NELEMS(lookalikes) && lookalikes[low].cp == cp
	    ? lookalikes[low].letter
	    : '\0';
}

static bool
fold_nfkc(uint32_t cp, char *out, size_t *n, uint32_t *disguise)
{
	uint32_t folded[64];
	size_t len = KT_NELEMS(folded), at = 0;
	uint32_t *r = u32_normalize(UNINORM_NFKC, &cp, 1, folded, &len);
	char bytes[4];

	/* What does not fit into the buffer is no word anybody looks for. */
	if (r != folded) {
		free(r);
		return false;
	}
	if (len == 1 && folded[0] == cp)
		return false;
	for (size_t i = 0; i < len; i++) {
		char like = letter_like(folded[i]);
		size_t k;

		if (like != '\0')
			*disguise |= KT_DISGUISE_LOOKALIKE;
		bytes[0] = like;
		k = like != '\0' ? 1 : kt_utf8_encode(folded[i], bytes);
		if (at + k > KT_DETECT_FOLD_MAX)
			return false;
		memcpy(out + at, bytes, k);
		at += k;
	}
	*n = at;
	*disguise |= KT_DISGUISE_FORM;
	return true;
}

bool
kt_detect_fold(uint32_t cp, char out[static KT_DETECT_FOLD_MAX], size_t *n,
    uint32_t *disguise)
{
	int digit;
	char like;

	*disguise = KT_DISGUISE_FORM;
	if (fold_range(cp, out, n))
		return true;
	digit = uc_decimal_value(cp);
	if (digit >= 0) {
		out[0] = (char)('0' + digit);
		*n = 1;
		return true;
	}
	like = letter_like(cp);
	if (like != '\0') {
		*disguise = KT_DISGUISE_LOOKALIKE;
		out[0] = like;
		*n = 1;
		return true;
	}
	*disguise = 0;
	return fold_nfkc(cp, out, n, disguise);
}

uint32_t
kt_detect_compose(uint32_t cp, uint32_t mark)
{
	return uc_composition(cp, mark);
}

/* By the dots of the cell; 0: no character of its own. */
static const char cells[64] = {
	' ', 'a', ',', 'b', '\'', 'k', ';', 'l', 0, 'c', 'i', 'f', 0, 'm', 's',
	'p', 0, 'e', ':', 'h', 0, 'o', '!', 'r', 0, 'd', 'j', 'g', 0, 'n', 't',
	'q', 0, 0, 0, 0, '-', 'u', '?', 'v', 0, 0, 0, 0, 0, 'x', 0, 0, 0, 0, '.',
	0, 0, 'z', 0, 0, 0, 0, 'w', 0, 0, 'y', 0, 0
};
#define CELL_FIRST 0x2800
#define CELL_CAPITAL 32
#define CELL_LETTERS 48
#define CELL_DIGITS 60

bool
kt_detect_is_cell(uint32_t cp)
{
	return cp >= CELL_FIRST && cp < CELL_FIRST + KT_NELEMS(cells);
}

char
kt_detect_cell(uint32_t cp, enum kt_detect_cells *how)
{
	char c = cells[cp - CELL_FIRST];
	bool is_letter = c >= 'a' && c <= 'z';

	switch (cp - CELL_FIRST) {
	case CELL_CAPITAL:
		*how = *how == KT_DETECT_CELLS_CAPITAL
		    ? KT_DETECT_CELLS_CAPITALS
		    : KT_DETECT_CELLS_CAPITAL;
		return '\0';
	case CELL_LETTERS:
		*how = KT_DETECT_CELLS_LETTERS;
		return '\0';
	case CELL_DIGITS:
		*how = KT_DETECT_CELLS_DIGITS;
		return '\0';
	}
	if (*how == KT_DETECT_CELLS_DIGITS && c >= 'a' && c <= 'j')
		return c == 'j' ? '0' : (char)(c - 'a' + '1');
	if (*how == KT_DETECT_CELLS_DIGITS && (c == '.' || c == ','))
		return c;
	if (is_letter && (*how == KT_DETECT_CELLS_CAPITAL ||
	        *how == KT_DETECT_CELLS_CAPITALS))
		c = (char)(c - 'a' + 'A');
	if (!is_letter || *how != KT_DETECT_CELLS_CAPITALS)
		*how = KT_DETECT_CELLS_LETTERS;
	return c;
}
