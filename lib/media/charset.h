/*
 * charset - text that is not written in UTF-8.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    UTF-16 behind its mark, in both byte orders; Windows-1252, and so
 *           the letters of Latin-1.
 * Does not: guess: text of other scripts, of which most bytes are above
 *           ASCII, is none here, nor is what has controls in it.
 * Promises: linear in s; adds at most three bytes for one.
 */
#ifndef KT_MEDIA_CHARSET_H
#define KT_MEDIA_CHARSET_H
#include "base/base.h"

/* How many bytes from the beginning on are such a text; a character that is
 * cut is none. */
size_t kt_charset_check(struct kt_span s);
/* Adds all that is checked as UTF-8, without the mark; KT_E_LIMIT has added
 * some of it. */
KT_MUSTCHECK enum kt_rc kt_charset_decode(struct kt_span s, struct kt_buf *out);
/* What a byte is in Windows-1252; 0: nothing. */
uint32_t kt_charset_western(unsigned char c);
/* Is it one that no text has? */
bool kt_charset_is_control(uint32_t c);
/* KT_E_LIMIT: the character does not fit. */
KT_MUSTCHECK enum kt_rc kt_charset_add(struct kt_buf *out, uint32_t c);

#endif
