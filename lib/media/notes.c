/*
 * notes - four containers, each a row of blocks with a kind and a length.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/notes.h"

struct walk {
	struct kt_span s;
	kt_note_fn *told;
	void *self;
	size_t frames;
};

static const struct kt_span none = { 0 };

static void
tell(struct walk *w, struct kt_span key, struct kt_span text,
    enum kt_note_kind kind)
{
	struct kt_note note = { key, text, kind };

	if (text.len > 0 || key.len > 0)
		w->told(w->self, &note);
}

static size_t
big(struct kt_span s, size_t at, size_t n)
{
	size_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (at + i < s.len ? (uint8_t)s.ptr[at + i] : 0);
	return v;
}

static size_t
little(struct kt_span s, size_t at, size_t n)
{
	size_t v = 0;

	for (size_t i = n; i-- > 0;)
		v = v << 8 | (at + i < s.len ? (uint8_t)s.ptr[at + i] : 0);
	return v;
}

/* Up to the next NUL; what is behind it is left in s. */
static struct kt_span
take_string(struct kt_span *s)
{
	size_t end = kt_span_find(*s, '\0');
	struct kt_span string = kt_span_sub(*s, 0, end);

	*s = kt_span_sub(*s, end + 1, s->len);
	return string;
}

static void
tell_chunk(struct walk *w, struct kt_span kind, struct kt_span body)
{
	struct kt_span key;
	bool is_deflated = false;

	if (kt_span_eq(kind, KT_SPAN("IDAT")))
		w->frames = w->frames > 0 ? w->frames : 1;
	if (kt_span_eq(kind, KT_SPAN("fcTL")) && big(body, 0, 4) > 0)
		w->frames++;
	if (!kt_span_eq(kind, KT_SPAN("tEXt")) &&
	    !kt_span_eq(kind, KT_SPAN("zTXt")) &&
	    !kt_span_eq(kind, KT_SPAN("iTXt")))
		return;
	key = take_string(&body);
	if (kind.ptr[0] == 'z') {
		is_deflated = true;
		body = kt_span_sub(body, 1, body.len); /* how: only one way */
	} else if (kind.ptr[0] == 'i') {
		is_deflated = big(body, 0, 1) != 0;
		body = kt_span_sub(body, 2, body.len);
		(void)take_string(&body); /* the language */
		tell(w, take_string(&body), none, KT_NOTE_PLAIN);
	}
	tell(w, key, body, is_deflated ? KT_NOTE_DEFLATED : KT_NOTE_PLAIN);
}

static void
read_png(struct walk *w)
{
	for (size_t at = 8; at + 8 <= w->s.len;) {
		size_t len = big(w->s, at, 4);

		tell_chunk(w, kt_span_sub(w->s, at + 4, 4),
		    kt_span_sub(w->s, at + 8, len));
		if (len >= w->s.len - at - 8)
			return;
		at += 12 + len;
	}
}

/* Datasets of IPTC: 0x1c, record, number, length. */
static void
tell_iptc(struct walk *w, struct kt_span s)
{
	for (size_t at = 0; at + 5 <= s.len;) {
		size_t len = big(s, at + 3, 2);

		if (s.ptr[at] != 0x1c || s.ptr[at + 1] != 2 || len == 0 ||
		    len > s.len - at - 5) {
			at++;
			continue;
		}
		tell(w, none, kt_span_sub(s, at + 5, len), KT_NOTE_PLAIN);
		at += 5 + len;
	}
}

static void
tell_segment(struct walk *w, unsigned kind, struct kt_span body)
{
	static const struct kt_span xmp =
	    KT_SPAN_INIT("http://ns.adobe.com/xap/1.0/\0");
	static const struct kt_span more =
	    KT_SPAN_INIT("http://ns.adobe.com/xmp/extension/\0");

	if (kind == 0xfe)
		tell(w, none, body, KT_NOTE_PLAIN);
	else if (kind == 0xe1 && kt_span_starts(body, xmp))
		tell(w, none, kt_span_sub(body, xmp.len, body.len),
		    KT_NOTE_PLAIN);
	else if (kind == 0xe1 && kt_span_starts(body, more))
		tell(w, none, kt_span_sub(body, more.len + 40, body.len),
		    KT_NOTE_PART);
	else if (kind == 0xed)
		tell_iptc(w, body);
}

static void
read_jpeg(struct walk *w)
{
	w->frames = 1;
	for (size_t at = 2; at + 4 <= w->s.len;) {
		unsigned kind = (uint8_t)w->s.ptr[at + 1];
		size_t len = big(w->s, at + 2, 2);

		if ((uint8_t)w->s.ptr[at] != 0xff || kind == 0xda ||
		    kind == 0xd9)
			return;
		if (kind == 0xff) { /* fill */
			at++;
			continue;
		}
		if (len < 2)
			return;
		tell_segment(w, kind, kt_span_sub(w->s, at + 4, len - 2));
		at += 2 + len;
	}
}

static void
read_webp(struct walk *w)
{
	for (size_t at = 12; at + 8 <= w->s.len;) {
		struct kt_span kind = kt_span_sub(w->s, at, 4);
		size_t len = little(w->s, at + 4, 4);

		if (kt_span_eq(kind, KT_SPAN("XMP ")))
			tell(w, none, kt_span_sub(w->s, at + 8, len),
			    KT_NOTE_PLAIN);
		w->frames += kt_span_eq(kind, KT_SPAN("ANMF")) ||
		    kt_span_eq(kind, KT_SPAN("VP8 ")) ||
		    kt_span_eq(kind, KT_SPAN("VP8L"));
		if (len >= w->s.len - at - 8)
			return;
		at += 8 + len + (len & 1);
	}
}

/* Behind the last of the sub-blocks at `at`. */
static size_t
behind_blocks(struct kt_span s, size_t at)
{
	while (at < s.len && s.ptr[at] != 0)
		at += 1 + (size_t)(uint8_t)s.ptr[at];
	return at + 1;
}

/* Of XMP the lengths of sub-blocks are letters of it. */
static void
tell_extension(struct walk *w, unsigned kind, struct kt_span s)
{
	if (kind == 0xff && kt_span_eq(kt_span_sub(s, 1, 11),
	        KT_SPAN("XMP DataXMP"))) {
		tell(w, none, kt_span_sub(s, 12, s.len), KT_NOTE_PLAIN);
		return;
	}
	while ((kind == 0xfe || kind == 1) && s.len > 1) {
		size_t len = (uint8_t)s.ptr[0];
		struct kt_span block = kt_span_sub(s, 1, len);

		s = kt_span_sub(s, 1 + len, s.len);
		tell(w, none, block,
		    s.len > 1 ? KT_NOTE_PART : KT_NOTE_PART_END);
	}
}

static size_t
colours_of(unsigned flags)
{
	return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static void
read_gif(struct walk *w)
{
	size_t at = 13 + colours_of((unsigned)big(w->s, 10, 1)), from;

	while (at + 2 <= w->s.len) {
		unsigned kind = (uint8_t)w->s.ptr[at + 1];

		if (w->s.ptr[at] == '!') {
			from = at + 2;
			at = behind_blocks(w->s, from);
			tell_extension(w, kind,
			    kt_span_sub(w->s, from, at - from));
		} else if (w->s.ptr[at] == ',') {
			w->frames++;
			at += 11 + colours_of((unsigned)big(w->s, at + 9, 1));
			at = behind_blocks(w->s, at);
		} else {
			return;
		}
	}
}

size_t
kt_notes_read(struct kt_span s, kt_note_fn *told, void *self)
{
	struct walk w = { s, told, self, 0 };

	if (kt_span_starts(s, KT_SPAN("\xff\xd8\xff")))
		read_jpeg(&w);
	else if (kt_span_starts(s, KT_SPAN("\x89PNG\r\n\x1a\n")))
		read_png(&w);
	else if (kt_span_starts(s, KT_SPAN("GIF8")))
		read_gif(&w);
	else if (kt_span_starts(s, KT_SPAN("RIFF")) &&
	    kt_span_eq(kt_span_sub(s, 8, 4), KT_SPAN("WEBP")))
		read_webp(&w);
	return w.frames;
}
