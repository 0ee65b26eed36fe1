/*
 * multipart - the parts of a multipart/form-data body, while it arrives.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    RFC 7578 in one strict spelling: no preamble, no epilogue, no
 *           blanks behind a delimiter, no other transfer encoding, no part
 *           in a part; each part has one name.
 * Does not: decode a name or look into a part.
 * Promises: whatever two readers might cut at two places is refused: a
 *           delimiter that is the beginning of a longer line, a name or a
 *           header that comes twice.  Linear; nothing is copied; any cutting
 *           of the input gives the same parts or the same refusal.
 */
#ifndef KT_FRAME_MULTIPART_H
#define KT_FRAME_MULTIPART_H
#include "base/base.h"

struct kt_multipart_part {
	/* Offsets in the body: it may still move. */
	size_t head, head_len; /* its lines, each with CR LF */
	size_t name, name_len;
	size_t filename, filename_len; /* as written between the quotes */
	size_t content, content_len;
	bool has_filename;
};

struct kt_multipart {
	char delimiter[KT_MULTIPART_BOUNDARY_MAX + 5]; /* CR LF "--" boundary */
	size_t delimiter_len;
	size_t at;     /* of the next byte to look at */
	size_t begins; /* of the head or the content at hand */
	enum { KT_MULTIPART_FIRST = 0, KT_MULTIPART_HEAD, KT_MULTIPART_CONTENT,
		KT_MULTIPART_OVER } state;
	struct kt_multipart_part parts[KT_MULTIPART_PARTS_MAX];
	size_t n;
};

/* By the value of content-type; KT_E_PARSE: another type, or a boundary that
 * is none. */
KT_MUSTCHECK enum kt_rc kt_multipart_init(
    struct kt_multipart *m, struct kt_span content_type);
/* text is the body so far, each time from its beginning. */
KT_MUSTCHECK enum kt_rc kt_multipart_feed(
    struct kt_multipart *m, struct kt_span text, struct kt_err *err);
/* The body is complete; KT_E_PARSE: its parts are not. */
KT_MUSTCHECK enum kt_rc kt_multipart_end(
    struct kt_multipart *m, struct kt_span text, struct kt_err *err);

#endif
