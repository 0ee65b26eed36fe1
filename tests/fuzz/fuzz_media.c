/*
 * What a worker answered, what bytes are, how large a picture is, what its
 * camera and others wrote beside it, what base64 says, a text that is not UTF-8 and what markup
 * shows: whatever comes, texts lie inside and are UTF-8, and none is longer
 * than what it was made from.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/ask.h"
#include "media/charset.h"
#include "media/exif.h"
#include "media/image.h"
#include "media/kind.h"
#include "media/markup.h"
#include "media/notes.h"
#include "media/pieces.h"
#include "media/unbase64.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
read_answer(struct kt_span s)
{
	struct kt_media_answer a;
	struct kt_media_text t;
	size_t n = 0;

	if (kt_media_answer_read(s, &a) < 0) {
		if (a.why != KT_MEDIA_WHY_FAILED || a.rest.len > 0)
			KT_BUG("half an answer");
		return;
	}
	while (kt_media_answer_next(&a, &t)) {
		if (t.text.ptr < s.ptr || t.text.ptr + t.text.len > s.ptr + s.len)
			KT_BUG("a text outside");
		if (kt_utf8_check(t.text) != t.text.len)
			KT_BUG("a text that is none");
		n += t.text.len;
	}
	if (n > s.len || kt_media_why_word(a.why) == NULL)
		KT_BUG("more than came");
}

static void
read_base64(struct kt_span s)
{
	struct kt_buf b;

	kt_buf_init(&b, s.len + 3);
	if (kt_media_unbase64(s, &b) == KT_OK && b.len > s.len / 4 * 3 + 3)
		KT_BUG("more bytes than digits");
	kt_buf_fini(&b);
}

static void
read_charset(struct kt_span s)
{
	size_t good = kt_charset_check(s);
	struct kt_buf b;

	kt_buf_init(&b, 3 * s.len + 3);
	if (good > s.len ||
	    kt_charset_decode(kt_span_sub(s, 0, good), &b) < 0)
		KT_BUG("not as it was checked");
	if (kt_utf8_check(kt_buf_span(&b)) < b.len || b.len > 3 * s.len)
		KT_BUG("a text that is none");
	kt_buf_fini(&b);
}

static void
read_markup(struct kt_span s)
{
	bool (*const reads[])(struct kt_span, struct kt_markup *) = {
		kt_markup_rtf, kt_markup_html };

	for (size_t i = 0; i < KT_NELEMS(reads); i++) {
		struct kt_markup m;
		struct kt_span shown, beside;
		bool is_any;

		kt_markup_init(&m, s.len + 2);
		is_any = reads[i](s, &m);
		shown = kt_buf_span(&m.shown);
		beside = kt_buf_span(&m.beside);
		if (m.is_full || (!is_any && shown.len + beside.len > 0))
			KT_BUG("more than was written");
		if (kt_utf8_check(shown) < shown.len ||
		    kt_utf8_check(beside) < beside.len)
			KT_BUG("a text that is none");
		kt_markup_fini(&m);
	}
}

static void
read_exif(struct kt_span s)
{
	struct kt_exif e;
	bool is_any = kt_exif_read(s, &e);

	if (is_any != (e.has_place || e.ntexts > 0 || e.orientation != 0))
		KT_BUG("nothing is told as something");
	for (size_t i = 0; i < e.ntexts; i++)
		if (e.texts[i].ptr < s.ptr || e.texts[i].len == 0 ||
		    e.texts[i].ptr + e.texts[i].len > s.ptr + s.len)
			KT_BUG("a text outside");
}

static void
on_note(void *self, const struct kt_note *note)
{
	const struct kt_span *s = self;
	const struct kt_span both[] = { note->key, note->text };

	if (note->key.len + note->text.len == 0)
		KT_BUG("nothing is told as something");
	for (size_t i = 0; i < KT_NELEMS(both); i++)
		if (both[i].len > 0 && (both[i].ptr < s->ptr ||
		        both[i].ptr + both[i].len > s->ptr + s->len))
			KT_BUG("a note outside");
}

static void
read_pieces(struct kt_span s)
{
	struct kt_pieces p = { .s = s };
	struct kt_span piece, about;
	enum kt_piece kind;
	size_t n = 0;
	struct kt_buf b;

	kt_buf_init(&b, 3 * s.len + 3);
	while ((kind = kt_pieces_next(&p, &piece, &about)) != KT_PIECE_NONE) {
		if (piece.ptr < s.ptr + n ||
		    piece.ptr + piece.len > s.ptr + s.len)
			KT_BUG("a piece outside");
		n = (size_t)(piece.ptr - s.ptr) + piece.len;
		if (kind == KT_PIECE_STRING && kt_pieces_say(piece, &b) < 0)
			KT_BUG("more than was written");
	}
	if (kt_utf8_check(kt_buf_span(&b)) < b.len)
		KT_BUG("a text that is none");
	kt_buf_fini(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span s = { (const char *)bytes, len };
	struct kt_media_question q;
	uint32_t w = 0, h = 0;

	if (len > 1u << 20)
		return 0;
	read_answer(s);
	read_base64(s);
	read_charset(s);
	read_markup(s);
	read_exif(s);
	read_pieces(s);
	if (kt_notes_read(s, on_note, &s) > len)
		KT_BUG("more frames than bytes");
	if (kt_image_size(s, &w, &h) && (w == 0 || h == 0))
		KT_BUG("a picture without an inside");
	if (kt_media_kind(s) == KT_MEDIA_TEXT && kt_utf8_check(s) < len)
		KT_BUG("a text that is none");
	if (kt_media_question_read(s, &q) == KT_OK && q.length > KT_MEDIA_MAX)
		KT_BUG("a question over its limit");
	return 0;
}
