/*
 * session_priv - edits of a text, and bodies in pieces.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_SESSION_PRIV_H
#define KT_SESSION_PRIV_H
#include "session/scrub.h"

#define KT_SESSION_FILL 'A' /* what cannot be read is letters of no meaning */

/* What is taken out of a text; some overlap until they are applied. */
struct kt_scrub_edit {
	size_t start, end;
	const struct kt_detector *detector; /* NULL: see kind */
	uint32_t tag;
	uint16_t confidence_pm;
	enum kt_scrub_kind {
		KT_SCRUB_STANDIN = 0,
		KT_SCRUB_QUOTED, /* a number becomes a string */
		KT_SCRUB_BLANK,  /* nobody knows what it was */
		KT_SCRUB_GONE,   /* nothing takes its place */
		KT_SCRUB_FILL,   /* as many letters */
		KT_SCRUB_MEDIUM, /* as many, and tag is its number */
	} kind;
};
struct kt_scrub_edits {
	struct kt_scrub_edit *v;
	size_t n, cap;
};
KT_MUSTCHECK enum kt_rc kt_scrub_add(
    struct kt_scrub_edits *e, struct kt_scrub_edit one);
void kt_scrub_edits_fini(struct kt_scrub_edits *e);
/* text with the edits; ends are offsets in it that are moved along. */
KT_MUSTCHECK enum kt_rc kt_scrub_apply(struct kt_scrub_edits *e,
    struct kt_span text, size_t *ends, size_t nends, struct kt_buf *out);
/* The edit for a sighting at [start, end) of text. */
struct kt_scrub_edit kt_scrub_edit_of(const struct kt_scrub *s,
    const struct kt_sighting *at, struct kt_span text);
bool kt_scrub_is_threat(const struct kt_detector *d);

/* What was counted of a request or an answer; nothing of it: no line. */
KT_MUSTCHECK enum kt_rc kt_session_write_measures(struct kt_buf *out,
    uint64_t n, const char *name, const struct kt_measures *m);

/* A part of a body as it is written. */
struct kt_body_part {
	size_t at, len;
	enum kt_body_how {
		KT_BODY_LITERAL = 0,
		KT_BODY_BLOB, /* once in a file, by its name */
		KT_BODY_FILL,
	} how;
	uint64_t name; /* of its bytes */
};
struct kt_body {
	struct kt_body_part *v;
	size_t n, cap;
};
/* text in parts that the next request is likely to have as well. */
KT_MUSTCHECK enum kt_rc kt_body_split(struct kt_body *b, struct kt_span text);
void kt_body_fini(struct kt_body *b);

#endif
