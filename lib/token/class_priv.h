/*
 * class_priv - the classes of characters that the patterns speak of.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Source: Unicode 16.0, by data/unicode.py.  Not the newest and not the
 * library's: the reference has exactly these.
 */
#ifndef KT_TOKEN_CLASS_PRIV_H
#define KT_TOKEN_CLASS_PRIV_H
#include "base/base.h"

enum {
	KT_CHAR_UPPER = 1,   /* Lu Lt */
	KT_CHAR_LOWER = 2,   /* Ll */
	KT_CHAR_CASELESS = 4, /* Lm Lo */
	KT_CHAR_MARK = 8,    /* M */
	KT_CHAR_NUMBER = 16, /* N */
	KT_CHAR_SPACE = 32,  /* White_Space: with U+0085, without U+FEFF */
	KT_CHAR_LETTER = KT_CHAR_UPPER | KT_CHAR_LOWER | KT_CHAR_CASELESS,
};

/* By blocks of 128 code points: which row, and the rows. */
extern const uint8_t kt_char_block[];
extern const uint8_t kt_char_classes[][128];

/* What a character of valid UTF-8 is, and how long; *len is 1 to 4. */
static inline unsigned
kt_char_class(const uint8_t *p, size_t *len)
{
	uint32_t c = p[0];

	if (c < 0x80) {
		*len = 1;
		return kt_char_classes[0][c];
	}
	if (c < 0xe0) {
		*len = 2;
		c = (c & 0x1f) << 6 | (p[1] & 0x3fu);
	} else if (c < 0xf0) {
		*len = 3;
		c = (c & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
	} else {
		*len = 4;
		c = (c & 0x07) << 18 | (p[1] & 0x3fu) << 12 |
		    (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
	}
	return kt_char_classes[kt_char_block[c >> 7]][c & 0x7f];
}

/*
 * Normalisation form KC into out, which is emptied first.  By libunistring,
 * and for what came after its Unicode from the tables of this room.
 */
KT_MUSTCHECK enum kt_rc kt_token_nfkc(struct kt_span text, struct kt_buf *out);

#endif
