/*
 * pieces - strings and streams of a PDF as they are written.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/pieces.h"
#include "tests/unit/tap.h"

static const struct {
	struct kt_span source, said;
	size_t streams;
} rows[] = {
	{ KT_SPAN_INIT("1 0 obj<</A(telling (more) \\(\\051)/B(short)>>endobj"),
	    KT_SPAN_INIT("telling (more) ()\n"), 0 },
	{ KT_SPAN_INIT("(4111\\0401111\\\n1)(a\\nbcde)(\\xabcdef)"),
	    KT_SPAN_INIT("4111 11111\na\nbcde\nxabcdef\n"), 0 },
	{ KT_SPAN_INIT("<343131 31\n3131><feff0034003100fc0031>"),
	    KT_SPAN_INIT("411111\n41\xc3\xbc" "1\n"), 0 },
	{ KT_SPAN_INIT("(gr\xfc\xdf dich)(\1\2\3\4\5\6)(D:20240101120000)"),
	    KT_SPAN_INIT("gr\xc3\xbc\xc3\x9f dich\n"), 0 },
	{ KT_SPAN_INIT("1 0 obj<<>>stream\n(hidden\nendstream endobj (behind)"),
	    KT_SPAN_INIT("behind\n"), 1 },
	{ KT_SPAN_INIT("% a ( comment\n(behind)"), KT_SPAN_INIT("behind\n"), 0 },
	{ KT_SPAN_INIT("(open endobj (behind) <41g4> <no hex>"),
	    KT_SPAN_INIT("behind\n"), 0 },
};

static void
strings_are_told_that_are_words_and_streams_are_not_looked_into(void)
{
	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		struct kt_pieces p = { .s = rows[i].source };
		struct kt_span piece, about;
		enum kt_piece kind;
		size_t streams = 0;
		struct kt_buf b;

		kt_buf_init(&b, 256);
		while ((kind = kt_pieces_next(&p, &piece, &about)) !=
		    KT_PIECE_NONE)
			if (kind == KT_PIECE_STREAM)
				streams++;
			else
				ok(kt_pieces_say(piece, &b) == KT_OK);
		ok(streams == rows[i].streams);
		if (!ok(kt_span_eq(kt_buf_span(&b), rows[i].said)))
			printf("# row %zu: %.*s\n", i,
			    KT_SPAN_ARG(kt_buf_span(&b)));
		kt_buf_fini(&b);
	}
}

static void
a_stream_comes_with_what_its_object_says_about_it(void)
{
	struct kt_pieces p = { .s = KT_SPAN("1 0 obj<</A 1>>endobj\n"
		"2 0 obj<</B 2>>stream\r\nbytes\nendstream endobj") };
	struct kt_span piece, about;

	ok(kt_pieces_next(&p, &piece, &about) == KT_PIECE_STREAM);
	ok(kt_span_eq(piece, KT_SPAN("bytes\n")));
	ok(kt_span_eq(about, KT_SPAN("obj<</B 2>>")));
	ok(kt_pieces_next(&p, &piece, &about) == KT_PIECE_NONE);
}

static void
a_string_that_does_not_fit_is_told(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 4);
	ok(kt_pieces_say(KT_SPAN("(telling)"), &b) == KT_E_LIMIT);
	kt_buf_fini(&b);
}

int
main(void)
{
	RUN(strings_are_told_that_are_words_and_streams_are_not_looked_into);
	RUN(a_stream_comes_with_what_its_object_says_about_it);
	RUN(a_string_that_does_not_fit_is_told);
	return done();
}
