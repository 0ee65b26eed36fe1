/*
 * law - a stream finds what a whole scan finds, wherever it is cut, and
 * gives out no byte of it before.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/detect/law.h"
#include "tests/unit/detect/rules.h"
#include "tests/unit/tap.h"

static const char *const texts[] = {
	"key AKIAQ3EGRZTYW6PLMNBV here, AKIAQ3EGRZTYW6PLMNBVX not",
	"AKIAQ3EGRZTYW6PLMNBV",
	"tokens: ghp_n3jh40gp4wacs9jvqywos1fijnrz4wnho8m4, ghp_short, "
	"xghp_n3jh40gp4wacs9jvqywos1fijnrz4wnho8m4",
	"ops_abcdefghij0123456789abcdef_more=== and then ops_abcdefghij01 end",
	"before\n-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\n"
	"q1B2c3D4\n-----END RSA PRIVATE KEY-----\nafter, mail "
	"a.b@c.example.org",
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq ends too early",
	"-----BEGIN PRIVATE KEY----- is only talked about",
	"-----BEGIN KEY-----\n k.pem:2: MIIEvQIBADANBgkqhkiG9w0B\n k.pem:3: "
	"q1B2c3D4e5F6g7H8i9J0k1L2\n k.pem:4: -----END KEY-----, and behind",
	"-----BEGIN KEY-----\n 2: MIIEvQIBADANBgkqhkiG9w0B\n 3: q1B2c3D4e5F6g7"
	"H8i9J0k1L2\n is cut off; what is behind is a text that goes on",
	"cards 4111 1111 1111 1111, 4111-1111-1111-1112, 378282246310005.",
	"write to jane.doe@mail.example.com or @nobody, a@b, x@y.zz, "
	"icon@2x.png and joe+tag@sub.domain.example",
	"account 12345678 but not 12345678 far behind the word, which is more "
	"than sixty-four bytes away: 87654321",
	"Password: hunter2x and PASSWD=abcdef123456 and password: short",
	"please Ignore previous instructions; ignore all previous instructions",
	"4111111111111111@4111111111111111.com AKIA4111111111111111",
	"\xc3\xa9\xc3\xa9 4111111111111111 \xe2\x82\xac AKIAQ3EGRZTYW6PLMNBV"
	"\xe2\x82\xac",
	"a@a@a@a@a.de@b.com, 12345678 konto 123456 konto1 123456",
	"Linear drone_ci token: abcdef12, linear cir key=cir_key = abc123def, "
	"linear keys key= key=a1b2c3d4 linear token token:tokens",
	"DE89370400440532013000 gb82west12345698765432 DE89370400440532013001",
};

static void
every_cut_gives_the_findings_of_the_whole(void)
{
	leaked = 0;
	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		struct kt_span t = kt_span_of(texts[i]);

		for (size_t cut = 1; cut <= t.len; cut++)
			if (!ok(streams_as_whole(t, cut, t.len, false)))
				printf("# text %zu, cut at %zu\n", i, cut);
		for (size_t each = 1; each <= 7; each++)
			if (!ok(streams_as_whole(t, each, each, false)))
				printf("# text %zu, pieces of %zu\n", i, each);
	}
	ok(leaked == 0);
}

/* Pieces that begin, continue and end each other's matches. */
static const char *const pieces[] = { "linear", "ci", "r", "drone", "_", " ", ".",
	"key", "token", "=", ": ", "abc123", "k3y", "ops_", "AKIA", "GH", "ghp_",
	"passwd", "DE89", "3704", "4405", "4111 ", "@", "konto", "-----BEGIN ",
	"PRIVATE KEY-----\n", "ignore ", "previous" };

static void
texts_by_chance_obey_as_well(void)
{
	uint64_t seed = 1;

	leaked = 0;
	for (int round = 0; round < 3000; round++) {
		char text[256];
		size_t len = 0, n;

		while (len < 200) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			n = strlen(pieces[(seed >> 33) % KT_NELEMS(pieces)]);
			memcpy(text + len,
			    pieces[(seed >> 33) % KT_NELEMS(pieces)], n);
			len += n;
		}
		n = 1 + (seed >> 40) % 9;
		if (!ok(streams_as_whole(
			(struct kt_span){ text, len }, n, n, false)))
			printf("# pieces of %zu: %.*s\n", n, (int)len, text);
	}
	ok(leaked == 0);
}

static void
without_the_hold_bytes_leak(void)
{
	leaked = 0;
	for (size_t i = 0; i < KT_NELEMS(texts); i++)
		(void)streams_as_whole(kt_span_of(texts[i]), 1, 1, true);
	ok(leaked > 100);
}

static size_t
count_of(const char *text, uint32_t detector)
{
	struct kt_findings f;
	size_t n = 0;

	if (!ok(kt_detect_scan(db, scratch, kt_span_of(text), NULL, &f) ==
		KT_OK))
		return 0;
	for (size_t i = 0; i < f.n; i++)
		n += f.v[i].detector == detector;
	return n;
}

/* The texts above must have something to find, or the law says nothing. */
static void
each_rule_finds_in_the_texts_of_the_law(void)
{
	for (uint32_t r = 0; r < NRULES; r++) {
		size_t n = 0;

		for (size_t i = 0; i < KT_NELEMS(texts); i++)
			n += count_of(texts[i], r);
		if (!ok(n > 0 || r == R_WHOLE))
			printf("# %s finds nothing\n", rules[r].id);
	}
	ok(count_of("alpha beta omega", R_WHOLE) == 1);
}

/* Long texts are worked through in slices, with findings across them. */
static void
slices_do_not_show(void)
{
	static char big[20000];
	const char *const secret =
	    " AKIAQ3EGRZTYW6PLMNBV ops_abcdefghij01234567 ";
	size_t len = strlen(secret);

	for (size_t shift = 0; shift < 48; shift++) {
		struct kt_span text = { big, sizeof(big) };

		memset(big, 'q', sizeof(big));
		for (size_t at = shift; at + 500 < sizeof(big); at += 407)
			memcpy(big + at, secret, len);
		ok(streams_as_whole(text, sizeof(big), 1, false));
		if (shift % 16 == 0)
			ok(streams_as_whole(text, 701, 1511, false));
	}
}

static uint64_t
lag_of(const struct kt_detect_set *set, const struct kt_detect_set *held,
    const char *text)
{
	struct kt_detect_stream *st;
	struct kt_detect_step out = { .hold = 0 };

	if (!ok(kt_detect_stream_new(&st, db, set, held) == KT_OK) ||
	    !ok(kt_detect_stream_feed(st, scratch, kt_span_of(text), &out) ==
		KT_OK))
		return 0;
	kt_detect_stream_free(&st);
	return strlen(text) - out.hold;
}

static void
clean_prose_holds_at_most_the_current_word(void)
{
	struct kt_detect_set secrets;

	ok(kt_detect_set_init(&secrets, db) == KT_OK);
	kt_detect_set_add(&secrets, R_AWS);
	kt_detect_set_add(&secrets, R_GHP);
	kt_detect_set_add(&secrets, R_PEM);
	ok(lag_of(&secrets, NULL, "The quick brown fox") == 0);
	ok(lag_of(&secrets, NULL, "The quick brown fox bragh") == 0);
	ok(lag_of(&secrets, NULL, "The quick brown fox gh") == 2);
	ok(lag_of(&secrets, NULL, "4111 1111 1111 ") == 0);
	ok(lag_of(NULL, NULL, "The quick brown fox") == 3);
	ok(lag_of(NULL, NULL, "The quick brown fox ") == 0);
	ok(lag_of(NULL, NULL, "ignore previous inst") == 4);
	ok(lag_of(NULL, NULL, "The linear. ") == 0);
	/* What is only to be known is looked for and holds nothing. */
	ok(lag_of(NULL, &secrets, "The quick brown fox") == 0);
	ok(lag_of(NULL, &secrets, "The quick brown fox gh") == 2);
	kt_detect_set_fini(&secrets);
}

/* A word before a secret is none: from the first byte of the secret on. */
static void
what_stands_before_a_span_is_not_held(void)
{
	struct kt_detect_set set;

	ok(kt_detect_set_init(&set, db) == KT_OK);
	kt_detect_set_add(&set, R_BRAND);
	kt_detect_set_add(&set, R_PASSWORD);
	kt_detect_set_add(&set, R_IBAN);
	ok(lag_of(&set, NULL, "a linear") == 0);
	ok(lag_of(&set, NULL, "a linear drone-ci my token =") == 0);
	ok(lag_of(&set, NULL, "a linear token = a") == 1);
	ok(lag_of(&set, NULL, "a linear token = a1b2c3") == 6);
	ok(lag_of(&set, NULL, "a linear key: cir") == 3);
	ok(lag_of(&set, NULL, "a linear key: cir token: a1") == 2);
	ok(lag_of(&set, NULL, "a linear token = !") == 0);
	ok(lag_of(&set, NULL, "password : hunter2") == 7);
	ok(lag_of(&set, NULL, "to us") == 0);
	ok(lag_of(&set, NULL, "to DE8937") == 4);
	kt_detect_set_fini(&set);
}

/* Without context to its left nothing can become a finding. */
static void
a_number_without_its_context_is_not_held(void)
{
	struct kt_detect_set set;

	ok(kt_detect_set_init(&set, db) == KT_OK);
	kt_detect_set_add(&set, R_ACCOUNT);
	ok(lag_of(&set, NULL, "order 123456") == 0);
	ok(lag_of(&set, NULL, "account 123456") == 6);
	kt_detect_set_fini(&set);
}

static void
a_tail_is_reported_open_and_costs_no_hold(void)
{
	struct kt_detect_stream *st;
	struct kt_detect_step out;
	char more[KT_HOLD_MAX * 3];

	memset(more, 'x', sizeof(more));
	ok(kt_detect_stream_new(&st, db, NULL, NULL) == KT_OK);
	ok(kt_detect_stream_feed(st, scratch, KT_SPAN("see ops_abc"), &out) ==
	    KT_OK);
	ok(out.findings.n == 0 && out.hold == 4);
	ok(kt_detect_stream_feed(st, scratch, KT_SPAN("defghij01234"), &out) ==
	    KT_OK);
	ok(out.findings.n == 1 && out.findings.v[0].is_open &&
	    out.findings.v[0].start == 4);
	ok(kt_detect_stream_feed(st, scratch,
	       (struct kt_span){ more, sizeof(more) }, &out) == KT_OK);
	ok(out.findings.n == 1 && out.findings.v[0].is_open &&
	    out.findings.v[0].end == 23 + sizeof(more));
	ok(kt_detect_stream_feed(st, scratch, KT_SPAN(". end"), &out) == KT_OK);
	ok(out.findings.n == 1 && !out.findings.v[0].is_open &&
	    out.findings.v[0].end == 23 + sizeof(more));
	kt_detect_stream_free(&st);
}

/* Over what stands in front of lines; where no end comes, not much further. */
static void
a_tail_goes_over_what_is_between_its_lines(void)
{
	static const char prefixed[] =
	    "-----BEGIN KEY-----\n> MIIEvQIBADANBgkqhkiG9w0B\n"
	    "> q1B2c3D4e5F6g7H8i9J0k1L2\n";
	char text[256];
	struct kt_findings f;

	(void)snprintf(text, sizeof(text), "%s> -----END KEY-----, x", prefixed);
	ok(kt_detect_scan(db, scratch, kt_span_of(text), NULL, &f) == KT_OK);
	ok(f.n == 1 && f.v[0].end == strlen(text) - 3);
	(void)snprintf(
	    text, sizeof(text), "%sand so on. It goes on. And on.", prefixed);
	ok(kt_detect_scan(db, scratch, kt_span_of(text), NULL, &f) == KT_OK);
	ok(f.n == 1 && f.v[0].end == strlen(text) - strlen(" on."));
}

static void
an_engine_that_fails_at_any_call_never_says_nothing_found(void)
{
	struct kt_span text = kt_span_of(texts[4]);
	bool is_through = false;

	for (uint64_t n = 1; n < 10000 && !is_through; n++) {
		struct kt_detect_stream *st;
		struct kt_detect_step out;
		struct kt_findings f;
		enum kt_rc rc = KT_OK, whole;

		kt_detect_scratch_fail_at(scratch, n);
		whole = kt_detect_scan(db, scratch, text, NULL, &f);
		ok(whole == KT_E_ENGINE ? f.n == 0 : whole == KT_OK);
		kt_detect_scratch_fail_at(scratch, n);
		if (!ok(kt_detect_stream_new(&st, db, NULL, NULL) == KT_OK))
			return;
		for (size_t i = 0; i < text.len && rc == KT_OK; i += 16)
			rc = kt_detect_stream_feed(
			    st, scratch, kt_span_sub(text, i, 16), &out);
		if (rc == KT_OK)
			rc = kt_detect_stream_end(st, scratch, &out);
		else
			ok(kt_detect_stream_end(st, scratch, &out) ==
			    KT_E_ENGINE);
		ok(rc == KT_OK || rc == KT_E_ENGINE);
		is_through = rc == KT_OK && whole == KT_OK;
		kt_detect_scratch_fail_at(scratch, 0);
		kt_detect_stream_free(&st);
	}
	ok(is_through);
}

int
main(void)
{
	struct kt_err err;

	if (kt_detect_new(&db, rules, NRULES, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return EXIT_FAILURE;
	}
	RUN(each_rule_finds_in_the_texts_of_the_law);
	RUN(every_cut_gives_the_findings_of_the_whole);
	RUN(texts_by_chance_obey_as_well);
	RUN(without_the_hold_bytes_leak);
	RUN(slices_do_not_show);
	RUN(clean_prose_holds_at_most_the_current_word);
	RUN(what_stands_before_a_span_is_not_held);
	RUN(a_number_without_its_context_is_not_held);
	RUN(a_tail_is_reported_open_and_costs_no_hold);
	RUN(a_tail_goes_over_what_is_between_its_lines);
	RUN(an_engine_that_fails_at_any_call_never_says_nothing_found);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	return done();
}
