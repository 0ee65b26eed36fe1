/*
 * ask - how the media worker is asked, and what it answers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the two messages: a question (limits, then the medium) and an
 *           answer (why not, then the texts found in it).
 * Does not: send, wait, or decode a picture.
 * Promises: an answer comes from a process that hostile bytes went through,
 *           so it is checked whole before any of it is used: lengths, enums,
 *           UTF-8, totals; nothing in it is more than text.
 *
 * One socket carries one question and its answer.  Numbers are 32 bits,
 * little-endian.
 *   question  "KTMQ" encoding pixels pages seconds length, then the medium
 *   answer    "KTMA" why pages length, then texts until length:
 *             source page length, then the bytes
 */
#ifndef KT_MEDIA_ASK_H
#define KT_MEDIA_ASK_H
#include "base/base.h"

enum kt_media_why {
#define KT_MEDIA_WHY(id, word, meaning) KT_MEDIA_WHY_##id,
#include "media/why.def"
	KT_MEDIA_NWHYS,
};
const char *kt_media_why_word(enum kt_media_why w);

enum kt_media_encoding {
	KT_MEDIA_RAW = 0,
	KT_MEDIA_BASE64, /* as it stands inside a JSON string */
	KT_MEDIA_NENCODINGS,
};

#define KT_MEDIA_HEAD 24 /* bytes of a question before the medium */
struct kt_media_question {
	enum kt_media_encoding encoding;
	uint32_t pixels_max, pages_max, seconds_max;
	uint32_t length; /* of the medium, as it is sent */
};
void kt_media_question_write(
    const struct kt_media_question *q, char out[static KT_MEDIA_HEAD]);
/* KT_E_PARSE: nobody of ours wrote this. */
KT_MUSTCHECK enum kt_rc kt_media_question_read(
    struct kt_span head, struct kt_media_question *q);

/* Where in the medium a text stood. */
enum kt_media_source {
	KT_MEDIA_SAID = 0, /* text of a document */
	KT_MEDIA_SEEN,     /* read from pixels */
	KT_MEDIA_CODE,     /* a QR or bar code */
	KT_MEDIA_ABOUT,    /* title, author, place: what lies beside */
	KT_MEDIA_NSOURCES,
};
/* The word of it, as sessions have it. */
bool kt_media_source_of(struct kt_span word, enum kt_media_source *out);
const char *kt_media_source_word(enum kt_media_source s);
struct kt_media_text {
	enum kt_media_source source;
	uint32_t page; /* from 1 on; 0: of the whole */
	struct kt_span text;
};

#define KT_MEDIA_ANSWER_HEAD 16
/* Gathers an answer; out's limit is its own business. */
KT_MUSTCHECK enum kt_rc kt_media_answer_begin(struct kt_buf *out);
/* KT_E_LIMIT: it does not fit, and nothing was added. */
KT_MUSTCHECK enum kt_rc kt_media_answer_add(
    struct kt_buf *out, const struct kt_media_text *t);
/* Fills in the head. */
void kt_media_answer_end(
    struct kt_buf *out, enum kt_media_why why, uint32_t pages);

struct kt_media_answer {
	enum kt_media_why why;
	uint32_t pages;
	struct kt_span rest; /* texts not yet taken */
};
/* How many bytes the answer has in all that begins so; 0: not known yet;
 * KT_MEDIA_ANSWER_BAD: it is none, or longer than KT_MEDIA_ANSWER_MAX. */
#define KT_MEDIA_ANSWER_BAD SIZE_MAX
size_t kt_media_answer_length(struct kt_span begin);
/* KT_E_PARSE leaves *a at FAILED without texts; bytes outlive a. */
KT_MUSTCHECK enum kt_rc kt_media_answer_read(
    struct kt_span bytes, struct kt_media_answer *a);
bool kt_media_answer_next(struct kt_media_answer *a, struct kt_media_text *t);

#endif
