/*
 * tables - the vocabularies, as read-only data of the program.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the names of the images.
 * Does not: read them: token/table.h.
 * Promises: one for each encoding, aligned for any type.
 */
#ifndef KT_TOKEN_TABLES_H
#define KT_TOKEN_TABLES_H

/* Images of token/table.h. */
#define KT_ENCODING(id, text, number, pattern, norm) \
	extern const unsigned char kt_token_image_##pattern[];
#include "token/encoding.def"

#endif
