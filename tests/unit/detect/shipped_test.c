/*
 * shipped - what the detectors that come with kt promise.
 * SPDX-License-Identifier: Apache-2.0
 */

#include "detect/jit_priv.h"
#include "policy/detector_saved.h"
#include "tests/unit/detect/law.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

/*
 * Patterns without a literal that all matches begin with, and without an
 * anchor: each is measured to leave the whole set fast enough.  A new one
 * needs a literal, an anchor, or a measurement (tests/bench/detect_bench.c).
 * Numbers are looked for where digits are, apart from the others.
 */
static const char *const measured[] = { "credit-card", "us-ssn", "us-ssn-plain",
	"us-itin", "phone-us", "phone-international", "uk-nhs", "uk-nino",
	"nl-bsn", "es-nif", "pl-pesel", "de-steuer-id", "fr-nir", "br-cpf",
	"ca-sin", "in-aadhaar", "fi-hetu", "se-personnummer", "tr-kimlik",
	"kr-rrn", "sg-nric", "za-id", "au-tfn", "us-bank-routing", "us-npi",
	"us-mbi", "us-driver-license", "without-limits", "role-token",
	"fake-role-boundary" };

static bool
hits(const char *text, size_t detector)
{
	struct kt_findings f;

	if (!ok(kt_detect_scan(db, scratch, kt_span_of(text), NULL, &f) ==
		KT_OK))
		return false;
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].detector == detector)
			return true;
	return false;
}

static void
every_example_is_found_and_no_counter_example(void)
{
	for (size_t i = 0; i < nshipped; i++) {
		const struct kt_detector *d = &shipped[i];

		if (!ok(d->nexamples >= 3 && d->ncounter_examples >= 3))
			printf("# %s has too few\n", d->id);
		for (size_t k = 0; k < d->nexamples; k++)
			if (!ok(hits(d->examples[k], i)))
				printf("# %s: example %zu\n", d->id, k);
		for (size_t k = 0; k < d->ncounter_examples; k++)
			if (!ok(!hits(d->counter_examples[k], i)))
				printf("# %s: counter-example %zu\n", d->id, k);
	}
}

static void
every_cut_of_every_example_gives_the_same(void)
{
	leaked = 0;
	for (size_t i = 0; i < nshipped; i++) {
		for (size_t k = 0; k < shipped[i].nexamples; k++) {
			struct kt_span t = kt_span_of(shipped[i].examples[k]);
			size_t bad = 0;

			for (size_t cut = 1; cut <= t.len; cut += stride())
				bad += !streams_as_whole(t, cut, t.len, false);
			bad += !streams_as_whole(t, 1, 1, false);
			if (!ok(bad == 0))
				printf("# %s: example %zu\n", shipped[i].id, k);
		}
	}
	ok(leaked == 0);
}

/* One after the other, whole and cut, with more or less between them. */
static void
examples_mixed_by_chance_obey_as_well(void)
{
	static const char *const between[] = { " ", "\n", ", ", "x", "\"",
		"then some words that say nothing at all stand here: " };
	uint64_t seed = 1;

	leaked = 0;
	for (int round = 0; round < 1000; round++) {
		char text[2048];
		size_t len = 0, n;

		for (int k = 0; k < 6; k++) {
			const struct kt_detector *d;
			const char *s;

			seed = seed * 6364136223846793005u + 1442695040888963407u;
			d = &shipped[(seed >> 33) % nshipped];
			s = seed >> 63 ? d->examples[0] : d->counter_examples[0];
			n = strlen(s);
			n = n < 300 ? n : 300;
			if ((seed >> 60 & 7) == 0)
				n = n / 2;
			memcpy(text + len, s, n);
			len += n;
			s = between[(seed >> 50) % KT_NELEMS(between)];
			memcpy(text + len, s, strlen(s));
			len += strlen(s);
		}
		n = 1 + (seed >> 40) % 40;
		if (!ok(streams_as_whole(
			(struct kt_span){ text, len }, n, n, false)))
			printf("# pieces of %zu: %.*s\n", n, (int)len, text);
	}
	ok(leaked == 0);
}

static void
the_budget_names_the_pattern_that_has_no_anchor(void)
{
	for (size_t i = 0; i < nshipped; i++) {
		bool is_known = kt_detect_is_anchored(db, i) ||
		    shipped[i].pattern == NULL || shipped[i].is_number;

		for (size_t k = 0; k < KT_NELEMS(measured) && !is_known; k++)
			is_known = strcmp(measured[k], shipped[i].id) == 0;
		if (!ok(is_known))
			printf("# %s has neither literal nor anchor\n",
			    shipped[i].id);
	}
}

/* What a member is called is as good as what stands in front of a text. */
static void
a_name_tells_what_its_value_is(void)
{
	static const struct {
		const char *name, *value, *detector; /* NULL: nothing is found */
	} v[] = {
		{ "ssn", "536228726", "us-ssn-plain" },
		{ "password", "Wint3rTime82", "password-assigned" },
		{ "db_password", "q7Zt2mXc9", "password-assigned" },
		{ "apiKey", "q7Zt2mXc9kW2pQ77", "key-assigned" },
		{ "date_of_birth", "1987-12-04", "date-of-birth" },
		{ "cvv", "123", "card-security-code" },
		{ "passport_number", "E51987693", "passport" },
		{ "text", "111222333", "nl-bsn" }, /* as good as no name */
		{ "order_id", "111222333", NULL },
		{ "part_count", "1234567", NULL },
		{ "password_hash", "5f4dcc3b5aa765d61d8327deb882cf99", NULL },
		{ "password", "${DB_PASSWORD}", NULL },
		{ "auth_public_key",
		    "kIhUhPu6RvZnBoYTwviFX9wewdgSEjjZGA1NqlWKOpw=", NULL },
		{ "536228726", "ssn", NULL }, /* nothing in the name itself */
	};

	for (size_t i = 0; i < KT_NELEMS(v); i++) {
		struct kt_findings f;
		size_t at = 0, len = strlen(v[i].value);

		ok(kt_detect_scan_labelled(db, scratch, kt_span_of(v[i].name),
		       kt_span_of(v[i].value), NULL, &f) == KT_OK);
		while (at < f.n && v[i].detector != NULL &&
		    strcmp(shipped[f.v[at].detector].id, v[i].detector) != 0)
			at++;
		if (!ok(v[i].detector == NULL
		            ? f.n == 0
		            : at < f.n && f.v[at].start == 0 && f.v[at].end == len))
			printf("# %s: %s\n", v[i].name,
			    f.n > 0 ? shipped[f.v[0].detector].id : "nothing");
	}
}

/* It may be context alone, to what is too long to be written behind it. */
static void
a_name_tells_of_values_of_any_length(void)
{
	static char text[KT_MEMBER_MAX + 8];
	struct kt_findings f;

	memset(text, ' ', sizeof(text));
	memcpy(text, "536228726", 9);
	for (size_t n = KT_MEMBER_MAX - 16; n <= sizeof(text); n++) {
		ok(kt_detect_scan_labelled(db, scratch, KT_SPAN("ssn"),
		       (struct kt_span){ text, n }, NULL, &f) == KT_OK);
		if (!ok(f.n == 1 && f.v[0].start == 0 && f.v[0].end == 9))
			printf("# of %zu bytes: %zu\n", n, f.n);
	}
}

static bool
has(const struct kt_findings *f, const struct kt_finding *one)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].detector == one->detector &&
		    f->v[i].start <= one->start && f->v[i].end >= one->end)
			return true;
	return false;
}

/* But for what is only found where it is all there is. */
static void
a_name_that_tells_nothing_hides_nothing(void)
{
	struct kt_span name = KT_SPAN("note");

	for (size_t i = 0; i < nshipped; i++) {
		const struct kt_detector *d = &shipped[i];

		for (size_t k = 0; k < d->nexamples; k++) {
			struct kt_span text = kt_span_of(d->examples[k]);
			struct kt_finding was = { 0 };
			struct kt_findings f;

			ok(kt_detect_scan(db, scratch, text, NULL, &f) ==
			    KT_OK);
			for (size_t n = 0; n < f.n; n++)
				if (f.v[n].detector == i)
					was = f.v[n];
			ok(kt_detect_scan_labelled(db, scratch, name, text,
			       NULL, &f) == KT_OK);
			if (!d->is_alone_enough && !ok(has(&f, &was)))
				printf("# %s: example %zu\n", d->id, k);
		}
	}
}

static void
there_are_enough_provider_tokens(void)
{
	size_t n = 0;

	for (size_t i = 0; i < nshipped; i++)
		n += strcmp(shipped[i].group, "secret") == 0;
	ok(n >= 40);
}

/* Texts and lists equal, and all that is no pointer equal byte for byte. */
static bool
is_same(const struct kt_detector *a, const struct kt_detector *b)
{
	struct kt_detector x, y;
	uintptr_t words[sizeof(x) / sizeof(uintptr_t)];

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
#define SAME_TEXT(name) \
	if ((x.name == NULL) != (y.name == NULL) || \
	    (x.name != NULL && strcmp(x.name, y.name) != 0)) \
		return false; \
	x.name = y.name = NULL
#define SAME_LIST(name) \
	if (x.n##name != y.n##name) \
		return false; \
	for (size_t i = 0; i < x.n##name; i++) \
		if (strcmp(x.name[i], y.name[i]) != 0) \
			return false; \
	x.name = y.name = NULL
	SAME_TEXT(id);
	SAME_TEXT(group);
	SAME_TEXT(entity);
	SAME_TEXT(pattern);
	SAME_TEXT(anchor);
	SAME_TEXT(tail);
	SAME_TEXT(tail_end);
	SAME_TEXT(checksum);
	SAME_TEXT(beside);
	SAME_LIST(validators);
	SAME_LIST(context);
	SAME_LIST(close_only);
	if ((x.model.ptr == NULL) != (y.model.ptr == NULL) ||
	    !kt_span_eq(x.model, y.model))
		return false;
	x.model.ptr = y.model.ptr = NULL;
	x.examples = x.counter_examples = NULL;
	x.nexamples = x.ncounter_examples = 0;
	if (memcmp(&x, &y, sizeof(x)) != 0)
		return false;
	/* What is left is small: a word that is not is a forgotten pointer. */
	memcpy(words, &x, sizeof(x));
	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (words[i] > (uintptr_t)1 << 40)
			return false;
	return true;
}

static void
definitions_are_restored_as_they_were_read(void)
{
	struct kt_arena *mem = kt_arena_new(SHIPPED_ARENA_MAX);
	struct kt_config_source other = { KT_SPAN("x"), KT_SPAN("y") };
	const struct kt_detector *again = NULL;
	size_t n = 0, same = 0, refused = 0, tries = 0;
	struct kt_buf saved;

	kt_buf_init(&saved, 64u << 20);
	ok(kt_policy_detectors_save(shipped_files, KT_NELEMS(shipped_files),
	       shipped, nshipped, &saved) == KT_OK);
	ok(kt_policy_detectors_restore(shipped_files,
	       KT_NELEMS(shipped_files), kt_buf_span(&saved), mem, &again,
	       &n) == KT_OK);
	for (size_t i = 0; i < n && n == nshipped; i++)
		same += is_same(&shipped[i], &again[i]);
	ok(same == nshipped);
	ok(kt_policy_detectors_restore(&other, 1, kt_buf_span(&saved), mem,
	       &again, &n) == KT_E_PARSE);
	for (size_t len = 0; len < saved.len; len += 1009, tries++)
		refused += kt_policy_detectors_restore(shipped_files,
		    KT_NELEMS(shipped_files),
		    kt_span_sub(kt_buf_span(&saved), 0, len), mem, &again,
		    &n) == KT_E_PARSE;
	ok(refused == tries);
	kt_buf_fini(&saved);
	kt_arena_free(&mem);
}

/* In every example, at the same places. */
static void
finds_what_db_finds(const struct kt_detect *other)
{
	static struct kt_finding v[64];
	size_t differ = 0;

	for (size_t i = 0; i < nshipped; i++)
		for (size_t k = 0; k < shipped[i].nexamples; k++) {
			struct kt_span text =
			    kt_span_of(shipped[i].examples[k]);
			struct kt_findings a, b;
			size_t n;

			if (kt_detect_scan(db, scratch, text, NULL, &a) < 0 ||
			    a.n > KT_NELEMS(v))
				continue;
			n = a.n;
			memcpy(v, a.v, n * sizeof(*v));
			differ += kt_detect_scan(
			              other, scratch, text, NULL, &b) < 0 ||
			    b.n != n || memcmp(b.v, v, n * sizeof(*v)) != 0;
		}
	ok(differ == 0);
}

/* Rules that have machine code, of those with a pattern. */
static size_t
hastened(const struct kt_detect *of, size_t *npatterns)
{
	size_t n = 0;

	*npatterns = 0;
	for (size_t i = 0; i < of->n; i++) {
		*npatterns += of->rules[i].code != NULL;
		n += atomic_load(&of->jits[i].code) != NULL;
	}
	return n;
}

static void
machine_code_finds_what_the_interpreter_finds(void)
{
	struct kt_detect *cold = NULL;
	size_t npatterns;
	struct kt_err err;

	for (int i = 0; i < 20; i++)
		finds_what_db_finds(db);
	ok(hastened(db, &npatterns) > npatterns / 10 * 9);
	ok(kt_detect_new(&cold, shipped, nshipped, &err) == KT_OK);
	ok(hastened(cold, &npatterns) == 0);
	finds_what_db_finds(cold);
	kt_detect_free(&cold);
}

static bool
knows_the_same(const struct kt_detect_rule *a, const struct kt_detect_rule *b)
{
	bool is_same = true;

#define COMPARE(fact) \
	is_same = is_same && memcmp(&a->fact, &b->fact, sizeof(a->fact)) == 0;
	KT_DETECT_LEARNED(COMPARE)
#undef COMPARE
	return is_same;
}

static void
what_was_saved_is_what_was_learned(void)
{
	struct kt_detect *again = NULL;
	struct kt_buf saved;
	struct kt_err err;
	size_t at;

	kt_buf_init(&saved, 64u << 20);
	ok(kt_detect_save(db, &saved) == KT_OK);
	if (!ok(kt_detect_load(&again, shipped, nshipped, kt_buf_span(&saved),
		    &err) == KT_OK))
		return;
	for (size_t i = 0; i < nshipped; i++)
		if (!ok(knows_the_same(&db->rules[i], &again->rules[i])))
			printf("# %s\n", shipped[i].id);
	ok(again->exact.nlit == db->exact.nlit &&
	    again->folded.nlit == db->folded.nlit &&
	    again->runs.n == db->runs.n && again->nnears == db->nnears);
	kt_detect_free(&again);
	/* A bit of what is known of the first rules, or of a literal. */
	saved.ptr[200] ^= 1;
	ok(kt_detect_load(&again, shipped, nshipped, kt_buf_span(&saved),
	       &err) == KT_E_PARSE);
	saved.ptr[200] ^= 1;
	for (at = 0; at + 4 < saved.len &&
	     memcmp(saved.ptr + at, "AKIA", 4) != 0; at++)
		;
	saved.ptr[at] ^= 1;
	ok(kt_detect_load(&again, shipped, nshipped, kt_buf_span(&saved),
	       &err) == KT_E_PARSE);
	kt_buf_fini(&saved);
}

static void
what_was_saved_loads_only_for_the_same_definitions(void)
{
	static struct kt_detector more[KT_DETECTORS_MAX];
	struct kt_detect *again = NULL;
	struct kt_findings f;
	struct kt_buf saved;
	struct kt_err err;

	kt_buf_init(&saved, 64u << 20);
	ok(kt_detect_save(db, &saved) == KT_OK);
	ok(kt_detect_load(
	       &again, shipped, nshipped, kt_buf_span(&saved), &err) == KT_OK);
	ok(kt_detect_scan(again, scratch, KT_SPAN("AKIAQ3EGRZTYW6PLMNBV"), NULL,
	       &f) == KT_OK &&
	    f.n == 1);
	finds_what_db_finds(again);
	kt_detect_free(&again);
	/* What was saved for the first ones serves when others follow. */
	memcpy(more, shipped, nshipped * sizeof(*more));
	more[nshipped] = (struct kt_detector){ .id = "own",
		.group = "user",
		.entity = "OWN",
		.pattern = "project-\\d{4}",
		.confidence_pm = 900 };
	ok(kt_detect_load(
	       &again, more, nshipped + 1, kt_buf_span(&saved), &err) == KT_OK);
	ok(kt_detect_scratch_grow(scratch, again, &err) == KT_OK);
	ok(kt_detect_scan(again, scratch,
	       KT_SPAN("AKIAQ3EGRZTYW6PLMNBV for project-4711"), NULL,
	       &f) == KT_OK &&
	    f.n == 2 && f.v[1].detector == nshipped);
	kt_detect_free(&again);
	/* An edited file: compiling tells what is wrong. */
	memcpy(more, shipped, nshipped * sizeof(*more));
	more[0].public_bytes = 500;
	ok(kt_detect_load(&again, more, nshipped, kt_buf_span(&saved), &err) ==
		KT_E_PARSE &&
	    kt_detect_new(&again, more, nshipped, &err) == KT_E_PARSE);
	ok(kt_detect_load(&again, shipped, nshipped - 1, kt_buf_span(&saved),
	       &err) == KT_E_PARSE &&
	    again == NULL);
	saved.ptr[saved.len - 100] ^= 1;
	ok(kt_detect_load(&again, shipped, nshipped, kt_buf_span(&saved),
	       &err) == KT_E_PARSE &&
	    again == NULL);
	saved.len /= 2;
	ok(kt_detect_load(&again, shipped, nshipped, kt_buf_span(&saved),
	       &err) == KT_E_PARSE);
	kt_buf_fini(&saved);
}

#define HOSTILE (1u << 20)

/* How many engine calls it takes: work, told without a clock. */
static uint64_t
scan_of_repeated(const char *piece, size_t total)
{
	static char text[HOSTILE];
	struct kt_findings f;
	size_t n = strlen(piece);
	uint64_t from = kt_detect_scratch_calls(scratch);
	enum kt_rc rc;

	for (size_t i = 0; i < total; i++)
		text[i] = piece[i % n];
	rc = kt_detect_scan(
	    db, scratch, (struct kt_span){ text, total }, NULL, &f);
	ok(rc == KT_OK || rc == KT_E_LIMIT);
	return kt_detect_scratch_calls(scratch) - from;
}

/* Four times the text is not much more than four times the work. */
static void
hostile_texts_stay_linear(void)
{
	static const char *const pieces[] = { "a@", "a@a.", "4", "41 ", "4111-",
		"AKIA", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----\nAAAAAAAA",
		"password=", "curl -u ", "12:", "1.1.", "eyJ", "ghp_", "DE89 ",
		"aws_secret_key = ", "https://a:", " ", "\n", "A", "x",
		"ignore all previous ", "google token ", "078-05-1120 " };

	for (size_t i = 0; i < KT_NELEMS(pieces); i++) {
		uint64_t small = scan_of_repeated(pieces[i], HOSTILE / 4);
		uint64_t big = scan_of_repeated(pieces[i], HOSTILE);

		if (!ok(big <= 5 * small + 1000 && big <= HOSTILE * 4ull))
			printf("# '%s': %llu calls, four times the text: %llu\n",
			    pieces[i], (unsigned long long)small,
			    (unsigned long long)big);
	}
}

int
main(void)
{
	struct kt_err err;

	if (!load_shipped())
		return EXIT_FAILURE;
	if (kt_detect_new(&db, shipped, nshipped, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return EXIT_FAILURE;
	}
	RUN(every_example_is_found_and_no_counter_example);
	RUN(every_cut_of_every_example_gives_the_same);
	RUN(examples_mixed_by_chance_obey_as_well);
	RUN(the_budget_names_the_pattern_that_has_no_anchor);
	RUN(a_name_tells_what_its_value_is);
	RUN(a_name_tells_of_values_of_any_length);
	RUN(a_name_that_tells_nothing_hides_nothing);
	RUN(there_are_enough_provider_tokens);
	RUN(definitions_are_restored_as_they_were_read);
	RUN(machine_code_finds_what_the_interpreter_finds);
	RUN(what_was_saved_is_what_was_learned);
	RUN(what_was_saved_loads_only_for_the_same_definitions);
	RUN(hostile_texts_stay_linear);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	kt_arena_free(&shipped_mem);
	return done();
}
