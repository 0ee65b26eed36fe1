/*
 * tables - takes in the images that cmd/save_ranks.c wrote into the build.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "token/tables.h"

#define KT_ENCODING(id, text, number, pattern, norm) \
	__asm__(".pushsection .rodata\n" \
		".balign 64\n" \
		".global kt_token_image_" #pattern "\n" \
		"kt_token_image_" #pattern ":\n" \
		".incbin \"lib/token/" text ".ktt\"\n" \
		".popsection\n");
#include "token/encoding.def"
