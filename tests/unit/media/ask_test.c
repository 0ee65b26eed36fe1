/*
 * ask - questions and answers of the media worker, and what bytes are.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/ask.h"
#include "media/kind.h"
#include "media/unbase64.h"
#include "tests/unit/tap.h"

static const struct kt_media_text texts[] = {
	{ KT_MEDIA_ABOUT, 0, KT_SPAN_INIT("a title") },
	{ KT_MEDIA_SAID, 1, KT_SPAN_INIT("") },
	{ KT_MEDIA_SEEN, 2, KT_SPAN_INIT("gr\xc3\xbc\xc3\x9f dich") },
	{ KT_MEDIA_CODE, 600, KT_SPAN_INIT("https://example.com/") },
};

static struct kt_buf
written(enum kt_media_why why)
{
	struct kt_buf b;

	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	ok(kt_media_answer_begin(&b) == KT_OK);
	for (size_t i = 0; i < KT_NELEMS(texts); i++)
		ok(kt_media_answer_add(&b, &texts[i]) == KT_OK);
	kt_media_answer_end(&b, why, 600);
	return b;
}

static void
an_answer_is_read_as_it_was_written(void)
{
	struct kt_buf b = written(KT_MEDIA_WHY_PAGES);
	struct kt_media_answer a;
	struct kt_media_text t;

	ok(kt_media_answer_read(kt_buf_span(&b), &a) == KT_OK);
	ok(a.why == KT_MEDIA_WHY_PAGES && a.pages == 600);
	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		ok(kt_media_answer_next(&a, &t));
		ok(t.source == texts[i].source && t.page == texts[i].page &&
		    kt_span_eq(t.text, texts[i].text));
	}
	ok(!kt_media_answer_next(&a, &t));
	kt_buf_fini(&b);
}

static void
no_part_of_an_answer_is_an_answer(void)
{
	struct kt_buf b = written(KT_MEDIA_WHY_NOTHING);
	struct kt_media_answer a;

	for (size_t n = 0; n < b.len; n++) {
		struct kt_span part = { b.ptr, n };
		size_t length = kt_media_answer_length(part);

		ok(length == (n < KT_MEDIA_ANSWER_HEAD ? 0 : b.len));
		ok(kt_media_answer_read(part, &a) == KT_E_PARSE);
		ok(a.why == KT_MEDIA_WHY_FAILED && a.rest.len == 0);
	}
	kt_buf_fini(&b);
}

/* Any byte changed: it is refused, or still a list of texts in bounds. */
static void
a_changed_answer_never_leads_outside(void)
{
	struct kt_buf b = written(KT_MEDIA_WHY_NOTHING);

	for (size_t i = 0; i < b.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct kt_media_answer a;
			struct kt_media_text t;

			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
			if (kt_media_answer_read(kt_buf_span(&b), &a) == KT_OK) {
				while (kt_media_answer_next(&a, &t)) {
					ok(t.text.ptr >= b.ptr &&
					    t.text.ptr + t.text.len <=
					        b.ptr + b.len);
					ok(kt_utf8_check(t.text) == t.text.len);
				}
			}
			b.ptr[i] = (char)(b.ptr[i] ^ (1 << bit));
		}
	kt_buf_fini(&b);
}

static void
an_answer_longer_than_KT_MEDIA_ANSWER_MAX_is_none(void)
{
	char head[KT_MEDIA_ANSWER_HEAD] = "KTMA";
	struct kt_span s = { head, sizeof(head) };

	memset(head + 12, 0xff, 4);
	ok(kt_media_answer_length(s) == KT_MEDIA_ANSWER_BAD);
}

static void
a_question_is_read_as_it_was_written_and_keeps_to_KT_MEDIA_MAX(void)
{
	struct kt_media_question q = { .encoding = KT_MEDIA_BASE64,
		.pixels_max = 1, .pages_max = 2, .seconds_max = 3,
		.length = KT_MEDIA_MAX }, r;
	char head[KT_MEDIA_HEAD];
	struct kt_span s = { head, sizeof(head) };

	kt_media_question_write(&q, head);
	ok(kt_media_question_read(s, &r) == KT_OK);
	ok(memcmp(&q, &r, sizeof(q)) == 0);
	ok(kt_media_question_read(kt_span_sub(s, 0, KT_MEDIA_HEAD - 1), &r) ==
	    KT_E_PARSE);
	q.length++;
	kt_media_question_write(&q, head);
	ok(kt_media_question_read(s, &r) == KT_E_PARSE);
	head[4] = KT_MEDIA_NENCODINGS;
	ok(kt_media_question_read(s, &r) == KT_E_PARSE);
}

static void
base64_is_read_in_its_one_spelling_and_with_json_slashes(void)
{
	static const struct {
		struct kt_span text, bytes;
		bool is_ok;
	} rows[] = {
#define ROW(text, bytes, is) { KT_SPAN_INIT(text), KT_SPAN_INIT(bytes), is }
		ROW("", "", true),
		ROW("TQ==", "M", true),
		ROW("TWE=", "Ma", true),
		ROW("TWFu", "Man", true),
		ROW("TWFuTQ", "ManM", true),
		ROW("\\/\\/\\/\\/", "\xff\xff\xff", true),
		ROW("////", "\xff\xff\xff", true),
		ROW("T", "", false),
		ROW("TR==", "", false),  /* bits of no byte */
		ROW("TQ=", "", false),   /* half a padding */
		ROW("TQ==TQ==", "", false),
		ROW("TW Fu", "", false),
		ROW("__--", "", false),
		ROW("=", "", false),
		ROW("TWFu=", "", false),
	};

	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		struct kt_buf b;
		enum kt_rc rc;

		kt_buf_init(&b, 64);
		rc = kt_media_unbase64(rows[i].text, &b);
		if (!ok((rc == KT_OK) == rows[i].is_ok) ||
		    !ok(!rows[i].is_ok ||
		        kt_span_eq(kt_buf_span(&b), rows[i].bytes)))
			printf("# %.*s\n", KT_SPAN_ARG(rows[i].text));
		kt_buf_fini(&b);
	}
}

static void
bytes_are_what_any_of_their_readers_takes_them_for(void)
{
	static const struct {
		struct kt_span bytes;
		enum kt_media_kind kind;
	} rows[] = {
		{ KT_SPAN_INIT("%PDF-1.7\n"), KT_MEDIA_PDF },
		{ KT_SPAN_INIT("\x7f\0\0%PDF-1.7\n"), KT_MEDIA_PDF },
		{ KT_SPAN_INIT("a PDF begins with %PDF-1.7\n"),
		    KT_MEDIA_TEXT_OR_PDF },
		{ KT_SPAN_INIT("\xff\xd8\xff\xe0\0\x10JFIF %PDF-1.4"),
		    KT_MEDIA_TWOFOLD },
		{ KT_SPAN_INIT("PK\3\4......%PDF-1.4"), KT_MEDIA_TWOFOLD },
		{ KT_SPAN_INIT("\xff\xd8\xff\xe0\0\x10JFIF"), KT_MEDIA_PICTURE },
		{ KT_SPAN_INIT("\x89PNG\r\n\x1a\n"), KT_MEDIA_PICTURE },
		{ KT_SPAN_INIT("GIF89a"), KT_MEDIA_PICTURE },
		{ KT_SPAN_INIT("RIFF....WEBPVP8 "), KT_MEDIA_PICTURE },
		{ KT_SPAN_INIT("RIFF....WAVEfmt "), KT_MEDIA_TEXT },
		{ KT_SPAN_INIT("PK\3\4"), KT_MEDIA_ZIP },
		{ KT_SPAN_INIT("name;card\n"), KT_MEDIA_TEXT },
		{ KT_SPAN_INIT("name\0card\n"), KT_MEDIA_UNKNOWN },
		{ KT_SPAN_INIT("gr\xfc\xdf dich"), KT_MEDIA_TEXT_CODED },
		{ KT_SPAN_INIT(""), KT_MEDIA_UNKNOWN },
	};

	for (size_t i = 0; i < KT_NELEMS(rows); i++)
		if (!ok(kt_media_kind(rows[i].bytes) == rows[i].kind))
			printf("# row %zu\n", i);
}

int
main(void)
{
	RUN(an_answer_is_read_as_it_was_written);
	RUN(no_part_of_an_answer_is_an_answer);
	RUN(a_changed_answer_never_leads_outside);
	RUN(an_answer_longer_than_KT_MEDIA_ANSWER_MAX_is_none);
	RUN(a_question_is_read_as_it_was_written_and_keeps_to_KT_MEDIA_MAX);
	RUN(base64_is_read_in_its_one_spelling_and_with_json_slashes);
	RUN(bytes_are_what_any_of_their_readers_takes_them_for);
	return done();
}
