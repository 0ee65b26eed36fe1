/*
 * notes - texts beside the pixels, in each container, and its frames.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/notes.h"
#include "tests/unit/tap.h"

#define PNG "\x89PNG\r\n\x1a\n"
#define GIF "GIF89a\1\0\1\0\x80\0\0RGBRGB"
#define FRAME ",\0\0\0\0\1\0\1\0\0\2\1x\0"
#define JPEG "\xff\xd8"
#define XMP "http://ns.adobe.com/xap/1.0/\0"
#define MORE "http://ns.adobe.com/xmp/extension/\0" \
	"0123456789abcdef0123456789abcdef\0\0\0\2\0\0\0\0"

/* Key, text and kind of each, as one line. */
static void
write_note(void *self, const struct kt_note *n)
{
	static const char kinds[] = { 't', 'z', 'p', 'e' };
	struct kt_buf *b = self;

	ok(kt_buf_printf(b, "%.*s=%.*s %c;", KT_SPAN_ARG(n->key),
	    KT_SPAN_ARG(n->text), kinds[n->kind]) == KT_OK);
}

static const struct {
	struct kt_span picture, notes;
	size_t frames;
} rows[] = {
	{ KT_SPAN_INIT(PNG "\0\0\0\3tEXta\0b...." "\0\0\0\4zTXta\0\0c...."
	    "\0\0\0\x0aiTXta\0\0\0en\0d\0e...." "\0\0\0\x06iTXta\0\1\0\0\0...."
	    "\0\0\0\1IDATx...." "\0\0\0\0IEND...."),
	    KT_SPAN_INIT("a=b t;a=c z;d= t;a=e t;a= z;"), 1 },
	{ KT_SPAN_INIT(PNG "\0\0\0\4fcTL\0\0\0\0...." "\0\0\0\1IDATx...."
	    "\0\0\0\4fcTL\0\0\0\1...."), KT_SPAN_INIT(""), 2 },
	{ KT_SPAN_INIT(JPEG "\xff\xfe\0\4ab" "\xff\xe1\0\x20" XMP "c"
	    "\xff\xed\0\x0c" "8B\x1c\2\x78\0\3abc" "\xff\xe1\0\x4f" MORE "dd"
	    "\xff\xda\0\2" "\xff\xfe\0\3x"),
	    KT_SPAN_INIT("=ab t;=c t;=abc t;=dd p;"), 1 },
	{ KT_SPAN_INIT(GIF "!\xfe\2ab\1c\0" FRAME
	    "!\xff\x0bXMP DataXMP\3<x>\0" FRAME ";"),
	    KT_SPAN_INIT("=ab p;=c e;=\3<x>"), 2 },
	{ KT_SPAN_INIT("RIFF\0\0\0\0WEBP" "XMP \3\0\0\0abc\0"
	    "ANMF\2\0\0\0xx" "ANMF\2\0\0\0xx"), KT_SPAN_INIT("=abc t;"), 2 },
	{ KT_SPAN_INIT("RIFF\0\0\0\0WEBP" "VP8 \2\0\0\0xx"),
	    KT_SPAN_INIT(""), 1 },
};

static void
notes_and_frames_are_told_as_they_stand(void)
{
	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		struct kt_buf b;
		size_t frames;

		kt_buf_init(&b, 1024);
		frames = kt_notes_read(rows[i].picture, write_note, &b);
		if (!ok(frames == rows[i].frames &&
		        kt_span_starts(kt_buf_span(&b), rows[i].notes)))
			printf("# row %zu: %zu, %.*s\n", i, frames,
			    KT_SPAN_ARG(kt_buf_span(&b)));
		kt_buf_fini(&b);
	}
}

static void
lie_inside(void *self, const struct kt_note *n)
{
	const struct kt_span *s = self;

	ok(n->text.len == 0 || (n->text.ptr >= s->ptr &&
	    n->text.ptr + n->text.len <= s->ptr + s->len));
}

static void
a_picture_that_is_cut_anywhere_leads_nowhere_else(void)
{
	for (size_t i = 0; i < KT_NELEMS(rows); i++)
		for (size_t n = 0; n < rows[i].picture.len; n++) {
			struct kt_span s = kt_span_sub(rows[i].picture, 0, n);

			ok(kt_notes_read(s, lie_inside, &s) <= rows[i].frames);
		}
}

int
main(void)
{
	RUN(notes_and_frames_are_told_as_they_stand);
	RUN(a_picture_that_is_cut_anywhere_leads_nowhere_else);
	return done();
}
