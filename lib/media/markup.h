/*
 * markup - what RTF and HTML show, without what they are written in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    groups, destinations and characters of RTF 1.9; elements,
 *           comments and character references of HTML.
 * Does not: lay out, run scripts, or read pictures and objects inside: that
 *           they are there is told.
 * Promises: linear in the text; what it makes is no longer than the text and
 *           is UTF-8 if that is.  It is a second look: what it leaves out or
 *           takes for none is still in the source.
 */
#ifndef KT_MEDIA_MARKUP_H
#define KT_MEDIA_MARKUP_H
#include "base/base.h"

struct kt_markup {
	struct kt_buf shown;  /* what stands in one piece when it is shown */
	struct kt_buf beside; /* notes, names, attributes: a line each */
	bool has_media;	      /* of RTF: pictures or objects, not looked at */
	bool is_full;
};
void kt_markup_init(struct kt_markup *m, size_t limit);
void kt_markup_fini(struct kt_markup *m);

/* False: it is source and no more, or its groups do not close; what m holds
 * then is nothing.  Of HTML also where nothing is shown that is not written
 * so: no tag, comment or reference inside a word. */
KT_MUSTCHECK bool kt_markup_rtf(struct kt_span s, struct kt_markup *m);
KT_MUSTCHECK bool kt_markup_html(struct kt_span s, struct kt_markup *m);

/* For both of them. */
void kt_markup_add(struct kt_markup *m, struct kt_buf *to, uint32_t c);
void kt_markup_separate(struct kt_markup *m, struct kt_buf *to, char by);

#endif
