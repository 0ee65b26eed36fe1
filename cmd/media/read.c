/*
 * read - one medium, its kind first.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include <stdio.h>

#include "cmd/media/read.h"
#include "exchange/look.h"
#include "media/charset.h"
#include "media/exif.h"
#include "media/kind.h"
#include "media/markup.h"
#include "media/notes.h"

void
kt_reading_missed(struct kt_reading *r, enum kt_media_why why)
{
	if (r->why == KT_MEDIA_WHY_NOTHING)
		r->why = why;
}

/* Engines promise UTF-8; what is none becomes a question mark. */
static void
add_cleaned(struct kt_reading *r, struct kt_span text)
{
	struct kt_media_text t = r->at;
	struct kt_buf b;

	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	while (text.len > 0) {
		size_t good = kt_utf8_check(text);

		if (kt_buf_add(&b, kt_span_sub(text, 0, good)) < 0 ||
		    (good < text.len && kt_buf_addc(&b, '?') < 0))
			break;
		text = kt_span_sub(text, good + (good < text.len), text.len);
	}
	t.text = kt_buf_span(&b);
	if (text.len > 0 || kt_media_answer_add(&r->answer, &t) < 0)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	kt_buf_fini(&b);
}

void
kt_reading_add(struct kt_reading *r, enum kt_media_source source,
    struct kt_span text)
{
	if (text.len == 0)
		return;
	r->at.source = source;
	r->at.text = text;
	if (kt_utf8_check(text) < text.len)
		add_cleaned(r, text);
	else if (kt_media_answer_add(&r->answer, &r->at) < 0)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
}

/* As it is written, and where that is another thing as it is shown. */
void
kt_read_text(struct kt_reading *r, enum kt_media_source source,
    struct kt_span text)
{
	struct kt_markup m;

	kt_reading_add(r, source, text);
	kt_markup_init(&m, KT_MEDIA_ANSWER_MAX);
	if (kt_markup_rtf(text, &m) || kt_markup_html(text, &m)) {
		kt_reading_add(r, source, kt_buf_span(&m.shown));
		kt_reading_add(r, KT_MEDIA_ABOUT, kt_buf_span(&m.beside));
	}
	if (m.is_full)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	if (m.has_media)
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
	kt_markup_fini(&m);
}

static void
read_coded(struct kt_reading *r, struct kt_span bytes)
{
	struct kt_buf text;

	kt_buf_init(&text, KT_MEDIA_ANSWER_MAX);
	if (kt_charset_decode(bytes, &text) < 0)
		kt_reading_missed(r, KT_MEDIA_WHY_TEXT);
	kt_read_text(r, KT_MEDIA_SAID, kt_buf_span(&text));
	kt_buf_fini(&text);
}

/* Beside the pixels: who draws the picture does not show it. */
static void
read_exif(struct kt_reading *r, struct kt_span bytes)
{
	struct kt_exif e;
	char place[96];

	if (!kt_exif_read(bytes, &e))
		return;
	(void)snprintf(place, sizeof(place),
	    "picture taken at latitude %.6f, longitude %.6f", e.latitude,
	    e.longitude);
	if (e.has_place)
		kt_reading_add(r, KT_MEDIA_ABOUT, kt_span_of(place));
	for (size_t i = 0; i < e.ntexts; i++)
		kt_reading_add(r, KT_MEDIA_ABOUT, e.texts[i]);
}

/* A picture's notes on the way into an answer. */
struct noted {
	struct kt_reading *r;
	struct kt_buf text, parts;
};

static void
end_note(struct noted *n, struct kt_buf *text)
{
	struct kt_span s = kt_buf_span(text);

	if (s.len > 0 && kt_charset_check(s) == s.len)
		read_coded(n->r, s);
	else
		kt_read_text(n->r, KT_MEDIA_ABOUT, s);
	kt_buf_reset(text);
}

/* At most so much as may be unpacked of all together. */
static enum kt_rc
unpack_note(struct noted *n, struct kt_span text)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	rc = kt_look_inflate(text, false, &b);
	n->r->unpacked += b.len;
	if (n->r->unpacked > KT_MEDIA_UNPACKED_MAX)
		rc = KT_E_LIMIT;
	if (rc == KT_OK)
		rc = kt_buf_add(&n->text, kt_buf_span(&b));
	kt_buf_fini(&b);
	return rc;
}

static void
on_note(void *self, const struct kt_note *note)
{
	struct noted *n = self;
	enum kt_rc rc = KT_OK;

	if (n->r->unpacked > KT_MEDIA_UNPACKED_MAX)
		return; /* told */
	if (note->kind == KT_NOTE_PART || note->kind == KT_NOTE_PART_END) {
		rc = kt_buf_add(&n->parts, note->text);
	} else {
		rc = kt_buf_add(&n->text, note->key);
		if (rc == KT_OK && note->key.len > 0)
			rc = kt_buf_add(&n->text, KT_SPAN(": "));
		if (rc == KT_OK)
			rc = note->kind == KT_NOTE_DEFLATED ?
			    unpack_note(n, note->text) :
			    kt_buf_add(&n->text, note->text);
	}
	if (rc < 0)
		kt_reading_missed(n->r, rc == KT_E_LIMIT ?
		    KT_MEDIA_WHY_BOMB : KT_MEDIA_WHY_BROKEN);
	end_note(n, &n->text);
	if (note->kind == KT_NOTE_PART_END)
		end_note(n, &n->parts);
}

/* Beside the pixels: who draws the picture does not show it.  Only its first
   frame is looked at. */
static void
read_about(struct kt_reading *r, struct kt_span bytes)
{
	struct noted n = { .r = r };

	kt_buf_init(&n.text, KT_MEDIA_ANSWER_MAX);
	kt_buf_init(&n.parts, KT_MEDIA_ANSWER_MAX);
	if (kt_notes_read(bytes, on_note, &n) > 1)
		kt_reading_missed(r, KT_MEDIA_WHY_PAGES);
	end_note(&n, &n.parts);
	kt_buf_fini(&n.text);
	kt_buf_fini(&n.parts);
	read_exif(r, bytes);
}

void
kt_read(struct kt_reading *r, struct kt_span bytes)
{
	switch (kt_media_kind(bytes)) {
	case KT_MEDIA_UNKNOWN:
		kt_reading_missed(r, KT_MEDIA_WHY_KIND);
		break;
	case KT_MEDIA_TWOFOLD:
		kt_reading_missed(r, KT_MEDIA_WHY_TWOFOLD);
		break;
	case KT_MEDIA_PICTURE:
		read_about(r, bytes);
		kt_read_picture(r, bytes);
		break;
	case KT_MEDIA_PDF:
		if (!kt_read_pdf(r, bytes))
			kt_reading_missed(r, KT_MEDIA_WHY_BROKEN);
		break;
	case KT_MEDIA_ZIP:
		kt_read_zip(r, bytes);
		break;
	case KT_MEDIA_TEXT_OR_PDF:
		(void)kt_read_pdf(r, bytes); /* or it only tells of one */
		kt_read_text(r, KT_MEDIA_SAID, bytes);
		break;
	case KT_MEDIA_TEXT:
		kt_read_text(r, KT_MEDIA_SAID, bytes);
		break;
	case KT_MEDIA_TEXT_CODED:
		read_coded(r, bytes);
		break;
	}
}

const char kt_read_engines[] = KT_MEDIA_ENGINES;

#ifndef KT_HAVE_POPPLER
void
kt_pdf_open(void)
{
	/* there is nothing to load */
}

bool
kt_read_pdf(struct kt_reading *r, struct kt_span bytes)
{
	(void)bytes; /* nobody here can */
	kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
	return true;
}
#endif

#ifndef KT_HAVE_OFFICE
void
kt_read_zip(struct kt_reading *r, struct kt_span bytes)
{
	(void)bytes; /* the same */
	kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
}
#endif

#ifndef KT_HAVE_LEPTONICA
struct kt_ocr *
kt_ocr_open(const char *languages)
{
	(void)languages; /* the same */
	return NULL;
}

void
kt_read_picture(struct kt_reading *r, struct kt_span bytes)
{
	(void)bytes; /* the same */
	kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
}

void
kt_read_pixels(struct kt_reading *r, const unsigned char *gray,
    uint32_t width, uint32_t height, size_t stride, size_t letters_min)
{
	(void)gray, (void)width, (void)height, (void)stride; /* the same */
	if (letters_min == 0)
		kt_reading_missed(r, KT_MEDIA_WHY_ENGINE);
}
#endif
