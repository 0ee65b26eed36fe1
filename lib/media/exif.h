/*
 * exif - what a camera wrote beside a picture: where, by whom, of what.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    Exif (CIPA DC-008) in JPEG, PNG and WebP: the position, and how
 *           the first image is to be turned, its description, artist and
 *           copyright.
 * Does not: read XMP, maker notes or thumbnails; decode pixels.
 * Promises: reads only what it is given, in time linear in it; never
 *           allocates.  A position that is there and makes no sense is told
 *           as one.
 */
#ifndef KT_MEDIA_EXIF_H
#define KT_MEDIA_EXIF_H
#include "base/base.h"

#define KT_EXIF_TEXTS_MAX 3
struct kt_exif {
	bool has_place;
	double latitude, longitude; /* degrees; north and east are positive */
	/* As they were written: not always UTF-8.  Borrowed. */
	struct kt_span texts[KT_EXIF_TEXTS_MAX];
	size_t ntexts;
	/* 2 to 8: another row or column than the first is the upper or the
	 * left one; 0: they are where they stand. */
	unsigned orientation;
};
/* False: nothing of all that is there. */
bool kt_exif_read(struct kt_span picture, struct kt_exif *out);

#endif
