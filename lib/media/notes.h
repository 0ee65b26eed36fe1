/*
 * notes - texts that lie beside the pixels of a picture, and its frames.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    text chunks of PNG, comments of JPEG and GIF, IPTC in JPEG, XMP in
 *           all of them and in WebP; how many pictures follow one another.
 * Does not: read Exif (exif.h), unpack, or convert.
 * Promises: tells only parts of what it is given, in time linear in it; never
 *           allocates.
 */
#ifndef KT_MEDIA_NOTES_H
#define KT_MEDIA_NOTES_H
#include "base/base.h"

enum kt_note_kind {
	KT_NOTE_PLAIN,
	KT_NOTE_DEFLATED, /* by zlib (RFC 1950) */
	KT_NOTE_PART,	  /* of one text that all of these make */
	KT_NOTE_PART_END, /* the last one of it */
};
struct kt_note {
	struct kt_span key;  /* what it is called; may be empty */
	struct kt_span text; /* not always UTF-8 */
	enum kt_note_kind kind;
};
typedef void kt_note_fn(void *self, const struct kt_note *note);
/* How many frames there are, as the file has them; 0: none was found. */
size_t kt_notes_read(struct kt_span picture, kt_note_fn *told, void *self);

#endif
