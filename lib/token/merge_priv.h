/*
 * merge_priv - from the bytes of one piece to its tokens.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The definition: begin with single bytes; as long as two neighbours together
 * are a token, join those whose token has the lowest number, the leftmost of
 * equals.
 */
#ifndef KT_TOKEN_MERGE_PRIV_H
#define KT_TOKEN_MERGE_PRIV_H
#include "token/table.h"

/* Looking through all pairs for each join is quadratic: for short pieces. */
#define KT_TOKEN_MERGE_MAX 64

/* len is at most KT_TOKEN_MERGE_MAX, out has room for as many tokens. */
size_t kt_token_merge(const struct kt_token_table *t, const uint8_t *p,
    size_t len, uint32_t *out);

/* Room for long pieces: 24 bytes for each of theirs, and 3 MiB. */
struct kt_token_room;
void kt_token_room_free(struct kt_token_room **room);
/*
 * The same for pieces of any length below 4 GiB, in linear time but for the
 * sorting of equal pairs.  *room is made at first (NULL) and used again, for
 * the same table.
 */
KT_MUSTCHECK enum kt_rc kt_token_merge_long(const struct kt_token_table *t,
    const uint8_t *p, size_t len, struct kt_token_room **room);
/* The token that begins at *at, which moves behind it; false at the end. */
bool kt_token_merged(
    const struct kt_token_room *room, size_t *at, uint32_t *token);

#endif
