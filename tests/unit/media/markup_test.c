/*
 * markup - what is in one piece when it is shown, in RTF and HTML.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/markup.h"
#include "tests/unit/tap.h"

struct row {
	struct kt_span source, shown, beside;
};
typedef bool read_fn(struct kt_span s, struct kt_markup *m);

static void
check(read_fn *read, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct kt_markup m;

		kt_markup_init(&m, 256);
		ok(read(rows[i].source, &m) && !m.is_full);
		if (!ok(kt_span_eq(kt_buf_span(&m.shown), rows[i].shown)))
			printf("# row %zu: %.*s\n", i,
			    KT_SPAN_ARG(kt_buf_span(&m.shown)));
		if (!ok(kt_span_eq(kt_buf_span(&m.beside), rows[i].beside)))
			printf("# row %zu, beside: %.*s\n", i,
			    KT_SPAN_ARG(kt_buf_span(&m.beside)));
		kt_markup_fini(&m);
	}
}
#define ROW(s, shown, beside) \
	{ KT_SPAN_INIT(s), KT_SPAN_INIT(shown), KT_SPAN_INIT(beside) }

static void
rtf_is_read_as_it_is_shown(void)
{
	static const struct row rows[] = {
		ROW("{\\rtf1\\ansi 41{\\b 11} x\\par y}", "4111 x\ny", ""),
		ROW("{\\rtf1 \\'34\\'31\\'fc\n1\\u228?1\\uc0\\u228 1}",
		    "41\xc3\xbc" "1\xc3\xa4" "1\xc3\xa4" "1", ""),
		ROW("{\\rtf1 \\u-10179?\\u-8704?}", "\xf0\x9f\x98\x80", ""),
		ROW("{\\rtf1 41{\\*\\note a}11{\\footnote b}11}", "411111",
		    "a\nb\n"),
		ROW("{\\rtf1 41\\v no\\v0 11\\~\\{a\\_b\\}}", "4111 {a-b}",
		    "no\n"),
		ROW("{\\rtf1 a\\cell b\\row c}behind", "a\tb\nc", ""),
	};

	check(kt_markup_rtf, rows, KT_NELEMS(rows));
}

static void
html_is_read_as_it_is_shown(void)
{
	static const struct row rows[] = {
		ROW("<p>41<b>11</b> x<p>y", "4111 x\ny", ""),
		ROW("41<!-- a > b -->11<wbr/>11", "411111", ""),
		ROW("41<span title='a>b'>11</SPAN>", "4111", ""),
		ROW("a&commat;b&#46;c&#x6f;m &uuml;&nbsp;x",
		    "a@b.com \xc3\xbc\xc2\xa0x", ""),
		ROW("<tr><td>41<i>1</i></td><td>1</td></tr>", "411\t1\t\n", ""),
		ROW("41<script>a<b>c</script><style>x</style>1<b>1</b>",
		    "41\n11", ""),
		ROW("<img alt='4&#49;'>x", "x", "<img alt='41'>\n"),
		ROW("x<y and 41<b>1</b> &no; a<b", "x<y and 411 &no; a<b", ""),
		ROW("41<!-- open<b>1</b>", "41<!-- open1", ""),
		ROW("<![CDATA[4]]><b>1</b>", "41", ""),
	};

	check(kt_markup_html, rows, KT_NELEMS(rows));
}

/* Nothing is taken from what is only source: it was looked at as such. */
static void
what_shows_nothing_else_is_source(void)
{
	static const struct kt_span sources[] = {
		KT_SPAN_INIT("a text"), KT_SPAN_INIT("if (a<b) c>d"),
		KT_SPAN_INIT("#include <stdio.h>\n"),
		KT_SPAN_INIT("<p>alone</p>\n<b> </b>\n"),
		KT_SPAN_INIT("{\\rtf1 no end"), KT_SPAN_INIT("{\\rtf1 {}"),
		KT_SPAN_INIT("{\\rt 1}"), KT_SPAN_INIT(""),
	};
	struct kt_markup m;

	for (size_t i = 0; i < KT_NELEMS(sources); i++) {
		kt_markup_init(&m, 64);
		if (!ok(!kt_markup_rtf(sources[i], &m) &&
		        !kt_markup_html(sources[i], &m)))
			printf("# row %zu\n", i);
		ok(m.shown.len == 0 && m.beside.len == 0);
		kt_markup_fini(&m);
	}
}

static void
pictures_and_objects_in_rtf_are_told_and_not_read(void)
{
	static const struct kt_span sources[] = {
		KT_SPAN_INIT("{\\rtf1 a{\\pict\\pngblip 89504e47}b}"),
		KT_SPAN_INIT("{\\rtf1 a{\\object{\\*\\objdata 01}}b}"),
	};
	struct kt_markup m;

	for (size_t i = 0; i < KT_NELEMS(sources); i++) {
		kt_markup_init(&m, 64);
		ok(kt_markup_rtf(sources[i], &m) && m.has_media);
		ok(kt_span_eq(kt_buf_span(&m.shown), KT_SPAN("ab")));
		ok(m.beside.len == 0);
		kt_markup_fini(&m);
	}
}

static void
groups_without_end_and_a_full_buffer_are_told(void)
{
	struct kt_markup m;
	struct kt_buf deep;

	kt_buf_init(&deep, 4096);
	ok(kt_buf_add(&deep, KT_SPAN("{\\rtf1 ")) == KT_OK);
	for (int i = 0; i < 1000; i++)
		ok(kt_buf_addc(&deep, '{') == KT_OK);
	for (int i = 0; i < 1001; i++)
		ok(kt_buf_addc(&deep, '}') == KT_OK);
	kt_markup_init(&m, 64);
	ok(!kt_markup_rtf(kt_buf_span(&deep), &m));
	kt_markup_fini(&m);
	kt_buf_fini(&deep);
	kt_markup_init(&m, 2);
	ok(kt_markup_html(KT_SPAN("4<b>1</b>11"), &m) && m.is_full);
	kt_markup_fini(&m);
}

int
main(void)
{
	RUN(rtf_is_read_as_it_is_shown);
	RUN(html_is_read_as_it_is_shown);
	RUN(what_shows_nothing_else_is_source);
	RUN(pictures_and_objects_in_rtf_are_told_and_not_read);
	RUN(groups_without_end_and_a_full_buffer_are_told);
	return done();
}
