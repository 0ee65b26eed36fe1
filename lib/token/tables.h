/*
 * tables - the vocabularies, as read-only data of the program.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_TOKEN_TABLES_H
#define KT_TOKEN_TABLES_H

/* Images of token/table.h. */
#define KT_ENCODING(id, text, number, pattern, norm) \
	extern const unsigned char kt_token_image_##pattern[];
#include "token/encoding.def"

#endif
