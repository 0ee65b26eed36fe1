/*
 * charset - texts in other encodings than UTF-8, and what is none.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"
#include "media/kind.h"
#include "tests/unit/tap.h"

static const struct {
	struct kt_span bytes, text;
} texts[] = {
	{ KT_SPAN_INIT("\xff\xfe" "4\0\xe4\0\x3d\xd8\0\xde\x14\xff"),
	    KT_SPAN_INIT("4\xc3\xa4\xf0\x9f\x98\x80\xef\xbc\x94") },
	{ KT_SPAN_INIT("\xfe\xff" "\0" "4\0\xe4\xd8\x3d\xde\0\xff\x14"),
	    KT_SPAN_INIT("4\xc3\xa4\xf0\x9f\x98\x80\xef\xbc\x94") },
	{ KT_SPAN_INIT("\xfe\xff"), KT_SPAN_INIT("") },
	{ KT_SPAN_INIT("gr\xfc\xdf dich"),
	    KT_SPAN_INIT("gr\xc3\xbc\xc3\x9f dich") },
	{ KT_SPAN_INIT("a \x80 b \x93 c"),
	    KT_SPAN_INIT("a \xe2\x82\xac b \xe2\x80\x9c c") },
};

static void
a_text_is_read_as_its_encoding_says(void)
{
	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		struct kt_span s = texts[i].bytes;
		struct kt_buf b;

		kt_buf_init(&b, 64);
		ok(kt_charset_check(s) == s.len);
		ok(kt_media_kind(s) == KT_MEDIA_TEXT_CODED);
		ok(kt_charset_decode(s, &b) == KT_OK);
		if (!ok(kt_span_eq(kt_buf_span(&b), texts[i].text)))
			printf("# row %zu\n", i);
		kt_buf_fini(&b);
	}
}

/* Controls, half a character, no character; mostly or also another script. */
static void
bytes_that_are_no_text_or_another_ones_are_none(void)
{
	static const struct kt_span rows[] = {
		KT_SPAN_INIT("\xff\xfe" "4\0\0\0"),
		KT_SPAN_INIT("\xff\xfe" "4\0" "4"),
		KT_SPAN_INIT("\xff\xfe" "4\0\x3d\xd8"),
		KT_SPAN_INIT("\xff\xfe" "\0\xde" "4\0"),
		KT_SPAN_INIT("4\0" "1\0"),
		KT_SPAN_INIT("gr\xfc\xdf\1 dich"),
		KT_SPAN_INIT("what is \x81 this"),
		KT_SPAN_INIT("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0"),
		KT_SPAN_INIT("four one \xef\xbc\x94\xef\xbc\x91 and then \xff"),
	};

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		if (!ok(kt_charset_check(rows[i]) < rows[i].len))
			printf("# row %zu\n", i);
		ok(kt_media_kind(rows[i]) == KT_MEDIA_UNKNOWN);
	}
}

static void
a_head_of_a_text_is_still_one(void)
{
	struct kt_span s = texts[0].bytes;

	for (size_t n = 4; n <= s.len; n++)
		if (!ok(strcmp(kt_media_type(kt_span_sub(s, 0, n)),
		        "text/plain") == 0))
			printf("# %zu bytes\n", n);
}

static void
a_text_that_does_not_fit_is_told(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 3);
	ok(kt_charset_decode(texts[0].bytes, &b) == KT_E_LIMIT);
	ok(kt_utf8_check(kt_buf_span(&b)) == b.len);
	kt_buf_fini(&b);
}

int
main(void)
{
	RUN(a_text_is_read_as_its_encoding_says);
	RUN(bytes_that_are_no_text_or_another_ones_are_none);
	RUN(a_head_of_a_text_is_still_one);
	RUN(a_text_that_does_not_fit_is_told);
	return done();
}
