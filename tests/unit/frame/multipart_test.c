/*
 * multipart - uploads in one strict spelling, however they are cut.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/multipart.h"
#include "tests/unit/tap.h"

#define TYPE "multipart/form-data; boundary=xYz"
#define D "form-data; name="
#define PART(head, content) \
	"--xYz\r\nContent-Disposition: " head "\r\n\r\n" content "\r\n"
#define WELL \
	PART(D "\"purpose\"", "assistants") \
	PART(D "\"file\"; filename=\"a b.txt\"\r\nContent-Type: text/plain", \
	    "one\r\n--xY\r\n--\r\ntwo") PART(D "empty", "") "--xYz--\r\n"

static bool
is(struct kt_span text, size_t at, size_t len, const char *want)
{
	return kt_span_eq(kt_span_sub(text, at, len), kt_span_of(want));
}

/* Fed in pieces of n bytes, each time in memory of its own. */
static enum kt_rc
run(struct kt_multipart *m, struct kt_span text, size_t n)
{
	struct kt_err err = { 0 };
	enum kt_rc rc = kt_multipart_init(m, KT_SPAN(TYPE));

	for (size_t at = n; rc == KT_OK && at < text.len; at += n) {
		char *copy = kt_alloc(at);

		memcpy(copy, text.ptr, at);
		rc = kt_multipart_feed(m, (struct kt_span){ copy, at }, &err);
		kt_free(copy);
	}
	return rc == KT_OK ? kt_multipart_end(m, text, &err) : rc;
}

static void
parts_are_found_however_the_body_is_cut(void)
{
	struct kt_span text = KT_SPAN(WELL);

	for (size_t n = 1; n <= text.len; n++) {
		struct kt_multipart m;

		ok(run(&m, text, n) == KT_OK && m.n == 3);
		ok(is(text, m.parts[0].head, m.parts[0].head_len,
		    "Content-Disposition: form-data; name=\"purpose\"\r\n"));
		ok(is(text, m.parts[0].name, m.parts[0].name_len, "purpose"));
		ok(is(text, m.parts[0].content, m.parts[0].content_len,
		    "assistants"));
		ok(!m.parts[0].has_filename && m.parts[1].has_filename);
		ok(is(text, m.parts[1].filename, m.parts[1].filename_len,
		    "a b.txt"));
		ok(is(text, m.parts[1].content, m.parts[1].content_len,
		    "one\r\n--xY\r\n--\r\ntwo"));
		ok(is(text, m.parts[2].name, m.parts[2].name_len, "empty"));
		ok(m.parts[2].content_len == 0);
	}
}

static void
no_beginning_of_a_body_is_one(void)
{
	struct kt_span text = KT_SPAN(WELL);
	struct kt_multipart m;

	/* The last line may lack its end. */
	for (size_t n = 0; n < text.len; n++)
		ok((run(&m, kt_span_sub(text, 0, n), n + 1) == KT_OK) ==
		    (n == text.len - 2));
}

static void
what_two_readers_could_cut_differently_is_refused(void)
{
	static const struct kt_span bad[] = {
#define BAD(text) KT_SPAN_INIT(text "--xYz--\r\n")
		BAD("preamble\r\n" PART(D "a", "b")),
		BAD("\r\n" PART(D "a", "b")),
		BAD(PART(D "a", "b\r\n--xYzz\r\nc")),
		BAD(PART(D "a", "b\r\n--xYz \r\nc")),
		BAD(PART(D "a; name=b", "c")),
		BAD(PART(D "a; filename=b; filename=c", "d")),
		BAD(PART(D "a; filename=b; filename*=UTF-8''c", "d")),
		BAD(PART(D "a; filename=\"b\\\"; filename=c\"", "d")),
		BAD(PART(D "a; filename=\"b", "d")),
		BAD(PART(D "a; filename=b\"c", "d")),
		BAD(PART("form-data", "b")),
		BAD(PART("attachment; name=a", "b")),
		BAD(PART(D "a\r\nContent-Disposition: " D "b", "c")),
		BAD(PART(D "a\r\nContent-Transfer-Encoding: base64", "YQ==")),
		BAD(PART(D "a\r\nContent-Encoding: gzip", "b")),
		BAD(PART(D "a\r\nContent-Type: multipart/mixed; boundary=q", "")),
		BAD(PART(D "a\r\n folded: b", "c")),
		BAD(PART(D "a\r\nno colon", "c")),
		BAD("--xYz\nContent-Disposition: " D "a\n\nb\n"),
		BAD("--xYz\r\nContent-Disposition: " D "a\n\r\nb\r\n"),
		BAD("--xYz\r\n\r\nb\r\n"),
		BAD(PART(D "a", "b") "--xYz--\r\nepilogue"),
		BAD(""),
	};
	struct kt_multipart m;

	for (size_t i = 0; i < KT_NELEMS(bad) - 1; i++)
		for (size_t n = 1; n <= bad[i].len; n++)
			if (!ok(run(&m, bad[i], n) == KT_E_PARSE))
				printf("# row %zu in pieces of %zu\n", i, n);
	/* No part at all is no upload, but it is well formed. */
	ok(run(&m, bad[KT_NELEMS(bad) - 1], 1) == KT_OK && m.n == 0);
}

static void
a_boundary_is_said_once_and_in_its_letters(void)
{
	static const struct {
		struct kt_span type;
		bool is_ok;
	} rows[] = {
		{ KT_SPAN_INIT("multipart/form-data; boundary=a"), true },
		{ KT_SPAN_INIT("Multipart/Form-Data ; Boundary=\"a(b)\""), true },
		{ KT_SPAN_INIT("multipart/form-data; charset=x; boundary=a"), true },
		{ KT_SPAN_INIT("multipart/form-data"), false },
		{ KT_SPAN_INIT("multipart/form-data; boundary="), false },
		{ KT_SPAN_INIT("multipart/form-data; boundary=a; boundary=b"),
		    false },
		{ KT_SPAN_INIT("multipart/form-data; boundary=\"a\r\nb\""), false },
		{ KT_SPAN_INIT("multipart/form-data; boundary=\"a b\""), false },
		{ KT_SPAN_INIT("multipart/form-data boundary=a"), false },
		{ KT_SPAN_INIT("multipart/mixed; boundary=a"), false },
	};
	char longest[128] = "multipart/form-data; boundary=";
	size_t len = strlen(longest);
	struct kt_multipart m;

	for (size_t i = 0; i < KT_NELEMS(rows); i++)
		if (!ok((kt_multipart_init(&m, rows[i].type) == KT_OK) ==
		        rows[i].is_ok))
			printf("# %.*s\n", KT_SPAN_ARG(rows[i].type));
	memset(longest + len, 'a', KT_MULTIPART_BOUNDARY_MAX + 1);
	len += KT_MULTIPART_BOUNDARY_MAX;
	ok(kt_multipart_init(&m, (struct kt_span){ longest, len }) == KT_OK);
	ok(kt_multipart_init(&m, (struct kt_span){ longest, len + 1 }) ==
	    KT_E_PARSE);
}

static void
parts_and_their_heads_are_bounded(void)
{
	struct kt_multipart m;
	struct kt_buf b;

	for (size_t n = KT_MULTIPART_PARTS_MAX; n < KT_MULTIPART_PARTS_MAX + 2;
	     n++) {
		kt_buf_init(&b, 65536);
		for (size_t i = 0; i < n; i++)
			ok(kt_buf_add(&b, KT_SPAN(PART(D "a", "b"))) == KT_OK);
		ok(kt_buf_add(&b, KT_SPAN("--xYz--")) == KT_OK);
		ok((run(&m, kt_buf_span(&b), 7) == KT_OK) ==
		    (n == KT_MULTIPART_PARTS_MAX));
		kt_buf_fini(&b);
	}
	kt_buf_init(&b, 65536);
	ok(kt_buf_add(&b, KT_SPAN("--xYz\r\nContent-Disposition: " D)) == KT_OK);
	for (size_t i = 0; i < KT_MULTIPART_HEAD_MAX; i++)
		ok(kt_buf_addc(&b, 'a') == KT_OK);
	ok(kt_multipart_init(&m, KT_SPAN(TYPE)) == KT_OK);
	ok(kt_multipart_feed(&m, kt_buf_span(&b), NULL) == KT_E_PARSE);
	kt_buf_fini(&b);
}

int
main(void)
{
	RUN(parts_are_found_however_the_body_is_cut);
	RUN(no_beginning_of_a_body_is_one);
	RUN(what_two_readers_could_cut_differently_is_refused);
	RUN(a_boundary_is_said_once_and_in_its_letters);
	RUN(parts_and_their_heads_are_bounded);
	return done();
}
