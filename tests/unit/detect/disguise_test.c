/*
 * The law: of what is found in the clear, 95 of 100 are found in each
 * disguise, where they stand; and once those bytes are gone, no view of what
 * is left has it.
 *
 * Over the examples of the shipped detectors, each disguised whole and, where
 * that is how it is done, in its match only.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/search.h"
#include "tests/unit/detect/disguises.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define LEAST_PC 95

static struct kt_detect *db;
static struct kt_detect_scratch *scratch;
static struct kt_buf left;

/* Is there a finding of detector d?  Then it is taken out of `made`. */
static bool
takes_out(uint32_t d)
{
	struct kt_span text = kt_buf_span(&made);
	struct kt_findings f;
	size_t at = 0;
	bool is_there = false;

	kt_buf_reset(&left);
	if (kt_detect_search(db, scratch, (struct kt_span){ 0 }, text, NULL,
	        &f) < 0)
		return false;
	for (size_t i = 0; i < f.n; i++) {
		if (f.v[i].detector != d || f.v[i].start < at)
			continue;
		is_there = true;
		if (f.v[i].end > text.len ||
		    kt_buf_add(&left, kt_span_sub(text, at,
		                          f.v[i].start - at)) < 0 ||
		    kt_buf_add(&left, KT_SPAN("[X]")) < 0)
			return false;
		at = f.v[i].end;
	}
	return is_there &&
	    kt_buf_add(&left, kt_span_sub(text, at, text.len)) == KT_OK;
}

/* In what is left, nothing of that value is found, however it is read. */
static bool
is_gone(uint32_t d)
{
	struct kt_findings f;

	if (kt_detect_search(db, scratch, (struct kt_span){ 0 },
	        kt_buf_span(&left), NULL, &f) < 0)
		return false;
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].detector == d)
			return false;
	return true;
}

static void
what_is_found_in_the_clear_is_found_in_disguise(void)
{
	for (size_t i = 0; i < KT_NELEMS(disguises); i++) {
		size_t found = 0, gone = 0, all = 0;

		for (uint32_t d = 0; d < nshipped; d++) {
			for (size_t k = 0; k < shipped[d].nexamples; k++) {
				struct kt_span text =
				    kt_span_of(shipped[d].examples[k]);
				struct kt_findings f;
				size_t at = 0, start, end;

				if (!suits(&disguises[i], text) ||
				    kt_detect_scan(
				        db, scratch, text, NULL, &f) < 0)
					continue;
				while (at < f.n && f.v[at].detector != d)
					at++;
				if (at == f.n)
					continue;
				start = f.v[at].start, end = f.v[at].end;
				/* Of some, what is left is one again. */
				kt_buf_reset(&made);
				put(text);
				if (!takes_out(d) || !is_gone(d))
					continue;
				all++;
				wear(&disguises[i], text, start, end);
				if (!takes_out(d)) {
					if (getenv("KT_TEST_TELL"))
						printf("# %s: %s: %.*s\n",
						    disguises[i].name,
						    shipped[d].id,
						    KT_SPAN_ARG(text));
					continue;
				}
				found++;
				gone += is_gone(d);
				if (!is_gone(d) && getenv("KT_TEST_TELL"))
					printf("# %s: %s left: %.*s\n",
					    disguises[i].name, shipped[d].id,
					    KT_SPAN_ARG(text));
			}
		}
		printf("# %s: %zu of %zu, %zu gone\n", disguises[i].name,
		    found, all, gone);
		ok(all > 100);
		ok(found * 100 >= all * LEAST_PC);
		ok(gone == found);
	}
}

/* What plain text costs: nothing is searched twice. */
static void
ordinary_text_is_searched_once(void)
{
	static const char *const texts[] = {
		"It\xe2\x80\x99s a \xe2\x80\x9cquote\xe2\x80\x9d \xe2\x80\x94 "
		"and more\xe2\x80\xa6 na\xc3\xafve caf\xc3\xa9",
		"\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, "
		"\xd0\xbc\xd0\xb8\xd1\x80",
		"\xe4\xbd\xa0\xe5\xa5\xbd\xef\xbc\x8c\xe4\xb8\x96\xe7\x95\x8c",
		"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb \xe2\x9c\x94\xef"
		"\xb8\x8f done",
		"printf(\"hello %d%%\\n\", kt_policy_detectors_load(x));",
		"C:\\Users\\me /usr/include/x86_64-linux-gnu 100% sure",
		"3fb6a1b5d0c7e29f1a2b3c4d5e6f708192a3b4c5",
		"sed 's/\\(a\\)\\1\\2/x/' \\033[0m \\0 \\u{} \\x{zz} AT&#T &# &#x",
		"550e8400-e29b-41d4-a716-446655440000 AntidisestablishmentX",
		"cafe\xcc\x81 nai\xcc\x88ve, step 1 2 3 4 5 6 7 8 9 of a table",
		"a = b = c; x=10=20 | 0 | 1 | 1 | 0 | - - - - - - - - - - -",
		"\xe2\xa0\x8b Loading \xe2\xa0\x99 2 of 3",
		"AUTHORIZATIONSERVERS INSTRUCTIONSETARCHITECTURE",
		"Oui\xc2\xa0! Non\xe2\x80\xaf; \xc2\xab\xc2\xa0mot\xc2\xa0\xc2\xbb",
		"\xe7\x94\xa8 Python\xef\xbc\x8c\xe5\xa5\xbd\xe3\x80\x82 "
		"\xe4\xbb\x96\xe8\xaf\xb4\xef\xbc\x9a\xe5\xa5\xbd\xef\xbc\x81",
	};

	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		struct kt_span s = kt_span_of(texts[i]);
		struct kt_findings f;
		uint64_t calls = kt_detect_scratch_calls(scratch), once;

		ok(kt_detect_scan(db, scratch, s, NULL, &f) == KT_OK);
		once = kt_detect_scratch_calls(scratch) - calls;
		ok(kt_detect_search(db, scratch, (struct kt_span){ 0 }, s,
		       NULL, &f) == KT_OK);
		if (!ok(kt_detect_scratch_calls(scratch) - calls == 2 * once))
			printf("# %s\n", texts[i]);
	}
}

/* KT_DETECT_DEPTH_MAX layers come off, and no more. */
static void
the_fourth_layer_stays_on(void)
{
	kt_buf_reset(&made);
	again(percent, base64, KT_SPAN("my card is 4111 1111 1111 1111 ok"));
	for (unsigned i = 2; i <= KT_DETECT_DEPTH_MAX + 1; i++) {
		struct kt_findings f;
		struct kt_buf was = made;

		ok(kt_detect_search(db, scratch, (struct kt_span){ 0 },
		       kt_buf_span(&made), NULL, &f) == KT_OK);
		ok((f.n > 0) == (i <= KT_DETECT_DEPTH_MAX));
		kt_buf_init(&made, 1u << 20);
		base64(kt_buf_span(&was));
		kt_buf_fini(&was);
	}
}

/* Far inside a run that is longer than any window, and behind it. */
static void
a_long_run_is_searched_to_its_end(void)
{
	static const struct disguise how[] = {
		{ "base64", base64, true }, { "hex", hex, true },
		{ "base64 of UTF-16", base64_wide, true },
		{ "octal", octal, true },
		{ "base64 twice", base64_twice, true },
		{ "percent", percent, true }, { "full width", full_width, true },
		{ "base32", base32, true }, { "quoted", quoted, true },
		{ "blanks", blanks_between, true }, { "braille", braille, true },
	};
	struct kt_buf plain;
	struct kt_findings f;

	kt_buf_init(&plain, 1u << 20);
	while (plain.len < 20000)
		ok(kt_buf_add(&plain, KT_SPAN("card 4111 1111 1111 1111, ")) ==
		    KT_OK);
	for (size_t i = 0; i < KT_NELEMS(how); i++) {
		size_t n = 0;

		kt_buf_reset(&made);
		how[i].put_on(kt_buf_span(&plain));
		put(KT_SPAN(" 4111%201111%201111%201111"));
		ok(kt_detect_search(db, scratch, (struct kt_span){ 0 },
		       kt_buf_span(&made), NULL, &f) == KT_OK);
		for (size_t k = 0; k < f.n; k++)
			n += strcmp(shipped[f.v[k].detector].id,
			         "credit-card") == 0;
		if (!ok(n == plain.len / 26 + 1))
			printf("# %s: %zu\n", how[i].name, n);
	}
	kt_buf_fini(&plain);
}

/* Work per byte does not grow with the text, whatever it is full of. */
static void
hostile_disguises_stay_linear(void)
{
	static const char *const pieces[] = { "%41", "\\u0041", "\xe2\x80\x8b",
		"a ", "a-", "=41", "=", "\\064", "\\u{41}",
		"\\u{", "&#52", "&#", "QQBBAEEA", "e\xcc\xb6\xcc\x81",
		"\xe2\xa0\xbc\xe2\xa0\x81", "KFAUCQKBIFAUCQKB",
		"a\xe2\x80\x8b", "QUFB", "\\", "\xef\xbc\x91", "\xc2\xa0",
		" \xe3\x80\x80t", "\xef\xbc\x9a ",
		"QUFBQUFBQUFBQUFB/", "4", "e\xcc\x81", "\xf3\xa0\x81\x81",
		"4111%201111%201111%201111 " };

	for (size_t i = 0; i < KT_NELEMS(pieces); i++) {
		uint64_t calls[2];

		for (size_t k = 0; k < 2; k++) {
			uint64_t before = kt_detect_scratch_calls(scratch);
			struct kt_findings f;

			kt_buf_reset(&made);
			while (made.len < (k + 1) * (256u << 10))
				put(kt_span_of(pieces[i]));
			ok(kt_detect_search(db, scratch, (struct kt_span){ 0 },
			       kt_buf_span(&made), NULL, &f) == KT_OK);
			calls[k] = kt_detect_scratch_calls(scratch) - before;
		}
		if (!ok(calls[1] <= 2 * calls[0] + 1000))
			printf("# '%s': %llu calls, twice the text: %llu\n",
			    pieces[i], (unsigned long long)calls[0],
			    (unsigned long long)calls[1]);
	}
}

int
main(void)
{
	struct kt_err err;

	if (!load_shipped() ||
	    kt_detect_new(&db, shipped, nshipped, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0)
		return EXIT_FAILURE;
	kt_buf_init(&made, 1u << 20);
	kt_buf_init(&left, 1u << 20);
	RUN(what_is_found_in_the_clear_is_found_in_disguise);
	RUN(ordinary_text_is_searched_once);
	RUN(the_fourth_layer_stays_on);
	RUN(a_long_run_is_searched_to_its_end);
	RUN(hostile_disguises_stay_linear);
	kt_buf_fini(&made);
	kt_buf_fini(&left);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	kt_arena_free(&shipped_mem);
	return done();
}
