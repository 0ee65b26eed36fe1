#include "base/base.h"
#include "base/plain.h"
#include "tests/unit/tap.h"

static void
a_buffer_keeps_what_it_had_when_the_limit_is_reached(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 10);
	ok(kt_buf_add(&b, KT_SPAN("12345678")) == KT_OK);
	ok(kt_buf_add(&b, KT_SPAN("abc")) == KT_E_LIMIT);
	ok(kt_buf_printf(&b, "%d", 123) == KT_E_LIMIT);
	ok(kt_span_eq(kt_buf_span(&b), KT_SPAN("12345678")));
	ok(kt_buf_printf(&b, "%d", 12) == KT_OK && b.len == 10);
	kt_buf_fini(&b);
}

static void
a_full_arena_stays_full_until_reset(void)
{
	struct kt_arena *a = kt_arena_new(100);

	ok(kt_arena_alloc(a, 80) != NULL);
	ok(kt_arena_alloc(a, 80) == NULL);
	ok(kt_arena_alloc(a, 1) == NULL && kt_arena_is_full(a));
	kt_arena_reset(a);
	ok(kt_arena_alloc(a, 80) != NULL && !kt_arena_is_full(a));
	ok(kt_arena_array(a, SIZE_MAX / 2, 8) == NULL);
	kt_arena_free(&a);
	ok(a == NULL);
}

static void
context_goes_in_front_and_never_overflows(void)
{
	struct kt_err err;

	ok(kt_fail(&err, KT_E_PARSE, "%s", "cause") == KT_E_PARSE);
	ok(kt_wrap(&err, "file %s", "a.yaml") == KT_E_PARSE);
	ok(strcmp(err.text, "file a.yaml: cause") == 0);
	for (int i = 0; i < 100; i++)
		(void)kt_wrap(&err, "%0100d", i);
	ok(memchr(err.text, '\0', sizeof(err.text)) != NULL);
}

static void
utf8_is_strict(void)
{
	static const struct {
		struct kt_span s;
		size_t bad;
	} cases[] = {
		{ KT_SPAN_INIT("plain ascii, long enough"), 24 },
		{ KT_SPAN_INIT("gr\xc3\xbc\xc3\x9f"), 6 },
		{ KT_SPAN_INIT("\xf0\x9f\x98\x80"), 4 },
		{ KT_SPAN_INIT("a\xc0\x80"), 1 },         /* overlong */
		{ KT_SPAN_INIT("a\xe0\x80\x80"), 1 },
		{ KT_SPAN_INIT("\xed\xa0\x80"), 0 },      /* surrogate */
		{ KT_SPAN_INIT("\xf4\x90\x80\x80"), 0 },  /* over U+10FFFF */
		{ KT_SPAN_INIT("12345678\xe2\x82"), 8 },  /* cut */
		{ KT_SPAN_INIT("\xff"), 0 },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++)
		ok(kt_utf8_check(cases[i].s) == cases[i].bad);
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char out[4];
		uint32_t back = 1;
		size_t n;

		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		n = kt_utf8_encode(cp, out);
		if (kt_utf8_decode((struct kt_span){ out, n }, &back) != n || back != cp) {
			ok(!"every code point survives a round trip");
			return;
		}
	}
}

static void
numbers_do_not_overflow_and_globs_match(void)
{
	uint64_t v = 7;

	ok(kt_span_u64(KT_SPAN("18446744073709551615"), &v) && v == UINT64_MAX);
	v = 7;
	ok(!kt_span_u64(KT_SPAN("18446744073709551616"), &v) && v == 7);
	ok(!kt_span_u64(KT_SPAN("+1"), &v) && !kt_span_u64(KT_SPAN(""), &v));
	ok(kt_span_glob(KT_SPAN("gpt-4*"), KT_SPAN("gpt-4o-mini")));
	ok(kt_span_glob(KT_SPAN("a*b?d"), KT_SPAN("axxbcd")));
	ok(!kt_span_glob(KT_SPAN("a*b"), KT_SPAN("acbx")));
	ok(!kt_span_glob(KT_SPAN("Ba*"), KT_SPAN("bash")));
	ok(kt_span_caseglob(KT_SPAN("Ba*h"), KT_SPAN("bAsH")));
	ok(kt_span_caseeq(KT_SPAN("Content-Type"), KT_SPAN("content-type")));
	ok(!kt_span_caseeq(KT_SPAN("@"), KT_SPAN("`")));
}

static unsigned
lower(unsigned c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static void
two_bytes_are_the_same_letter_or_the_same_byte(void)
{
	size_t bad = 0;

	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char one[] = { 'x', (char)a }, other[] = { 'X', (char)b };

			bad += kt_case_eq(one, other, 2) !=
			    (lower(a) == lower(b));
		}
	}
	ok(bad == 0);
}

/* Each byte at each place of each length, and a second end behind it. */
static void
plain_text_ends_at_the_same_byte_however_it_is_passed(void)
{
	char text[44];
	size_t bad = 0;

	for (unsigned c = 0; c < 256; c++) {
		for (size_t i = 0; i < sizeof(text) * sizeof(text); i++) {
			size_t n = i / sizeof(text), at = i % sizeof(text), end;
			size_t from = n > 0 ? at % 7 % n : 0;

			memset(text, 'a' + (char)(c % 26), sizeof(text));
			text[(at + n) / 2] = '"';
			text[at] = (char)c;
			end = kt_plain_bytewise(text, from, n);
			bad += kt_plain(text, from, n) != end ||
			    kt_plain_words(text, from, n) != end;
		}
	}
	ok(bad == 0);
}

static void
two_digits_are_a_byte_and_nothing_else_is(void)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	uint8_t byte, three[3];

	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char text[3] = { (char)a, (char)b, '\0' };
			bool is_one = a != 0 && b != 0 &&
			    strspn(text, digits) == 2;

			byte = 0;
			if (kt_unhex((struct kt_span){ text, 2 }, &byte, 1) !=
			    is_one || (is_one &&
				byte != strtoul(text, NULL, 16)))
				ok(false);
		}
	}
	ok(kt_unhex(KT_SPAN("0fA0ff"), three, 3) && three[0] == 0x0f &&
	    three[1] == 0xa0 && three[2] == 0xff);
	ok(!kt_unhex(KT_SPAN("0fA0f"), three, 3));
}

int
main(void)
{
	RUN(a_buffer_keeps_what_it_had_when_the_limit_is_reached);
	RUN(a_full_arena_stays_full_until_reset);
	RUN(context_goes_in_front_and_never_overflows);
	RUN(two_digits_are_a_byte_and_nothing_else_is);
	RUN(utf8_is_strict);
	RUN(numbers_do_not_overflow_and_globs_match);
	RUN(two_bytes_are_the_same_letter_or_the_same_byte);
	RUN(plain_text_ends_at_the_same_byte_however_it_is_passed);
	return done();
}
