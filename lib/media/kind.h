/*
 * kind - what bytes are, by how they begin.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the marks of the formats that models take: PNG, JPEG, GIF, WebP,
 *           PDF (its mark may stand within the first KiB), ZIP, plain text.
 * Does not: believe a name or a media type that came along.
 * Promises: bytes that readers may take for two things are TWOFOLD, so that
 *           nobody is shown one of them while we look at the other.
 */
#ifndef KT_MEDIA_KIND_H
#define KT_MEDIA_KIND_H
#include "base/base.h"

enum kt_media_kind {
	KT_MEDIA_UNKNOWN = 0,
	KT_MEDIA_TWOFOLD,
	KT_MEDIA_PICTURE, /* of the formats of kt_image_size */
	KT_MEDIA_PDF,
	KT_MEDIA_ZIP,
	KT_MEDIA_TEXT, /* UTF-8 without controls, all of it */
	KT_MEDIA_TEXT_CODED, /* a text of charset.h */
	KT_MEDIA_TEXT_OR_PDF, /* such a text with the mark of PDF in it */
};
enum kt_media_kind kt_media_kind(struct kt_span bytes);
/* "image/png" and the like, by the beginning; "application/octet-stream":
 * none of those. */
const char *kt_media_type(struct kt_span head);

#endif
