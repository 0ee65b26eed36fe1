/*
 * text - what a JSON string says, and where each byte of that was written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    escapes, and the way from an offset in the unescaped text back
 *           to the escaped one.
 * Does not: check UTF-8 or quotes: raw is the inside of a string that the
 *           index accepted (a malformed escape is KT_E_PARSE all the same).
 * Promises: without an escape nothing is copied; a map takes at most an
 *           eighth of the raw text; a look-up never reads more than a few
 *           dozen bytes behind a binary search.
 */
#ifndef KT_JSON_TEXT_H
#define KT_JSON_TEXT_H
#include "base/base.h"

/* Both offsets lie in front of the same escape. */
struct kt_json_mark {
	uint32_t decoded, raw;
};
/* Zero means: no escape, both offsets are the same. */
struct kt_json_map {
	const struct kt_json_mark *marks;
	size_t count;
};

/*
 * *out is raw itself when raw has no escape, else it lies in mem, as the map
 * does.  map may be NULL.  KT_E_LIMIT when mem is full.
 */
KT_MUSTCHECK enum kt_rc kt_json_unescape(struct kt_span raw,
    struct kt_arena *mem, struct kt_span *out, struct kt_json_map *map);
/* Adds the unescaped text; on failure the buffer is as it was. */
KT_MUSTCHECK enum kt_rc kt_json_unescape_add(
    struct kt_buf *out, struct kt_span raw);

/*
 * The raw offset of a decoded one.  Inside what one escape became, _raw goes
 * back to the escape's first byte and _raw_end on to the byte behind it, so
 * that [map_raw(from), map_raw_end(to)) never cuts an escape.
 */
size_t kt_json_map_raw(
    const struct kt_json_map *map, struct kt_span raw, size_t decoded);
size_t kt_json_map_raw_end(
    const struct kt_json_map *map, struct kt_span raw, size_t decoded);

/* Equal once both are unescaped. */
bool kt_json_text_eq(struct kt_span raw_a, struct kt_span raw_b);
/* raw, once unescaped, equals the plain text. */
bool kt_json_text_is(struct kt_span raw, struct kt_span plain);
/* An object or array, behind blanks and a byte order mark. */
bool kt_json_begins(struct kt_span text);

#endif
