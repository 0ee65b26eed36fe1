/*
 * pieces - strings and streams of a PDF, whoever refers to them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how strings, comments and streams are written (ISO 32000-1, 7.3).
 * Does not: follow references, unpack, decrypt, or tell what is in use: it is
 *           a second look beside an engine that does.
 * Promises: pieces lie inside, one behind the other; linear in all.
 */
#ifndef KT_MEDIA_PIECES_H
#define KT_MEDIA_PIECES_H
#include "base/base.h"

struct kt_pieces {
	struct kt_span s;
	size_t at;
	size_t object;	/* where the one begins that is being read */
	size_t no_text; /* no string in brackets begins before this */
};
enum kt_piece { KT_PIECE_NONE = 0, KT_PIECE_STRING, KT_PIECE_STREAM };
/* The next of p, which begins as { .s = all }.  A string is with its brackets;
 * about: what stands in the object before its stream. */
enum kt_piece kt_pieces_next(
    struct kt_pieces *p, struct kt_span *piece, struct kt_span *about);
/* Adds what a string says, and the end of a line, if it may be words, a name
 * or a number of somebody; KT_E_LIMIT: not all of it. */
KT_MUSTCHECK enum kt_rc kt_pieces_say(struct kt_span string, struct kt_buf *out);

#endif
