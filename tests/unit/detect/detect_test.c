/*
 * detect - what is refused at load, what is kept, what is merged.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/detector_file.h"
#include "tests/unit/detect/rules.h"
#include "tests/unit/tap.h"

static bool
refused(struct kt_detector d, const char *why)
{
	struct kt_detect *db = NULL;
	struct kt_err err;

	d.id = "the-one";
	d.entity = "X";
	d.group = "user";
	if (kt_detect_new(&db, &d, 1, &err) == KT_OK) {
		kt_detect_free(&db);
		return false;
	}
	if (db == NULL && strstr(err.text, "detector the-one: ") != NULL &&
	    strstr(err.text, why) != NULL)
		return true;
	printf("# %s\n", err.text);
	return false;
}

static void
what_cannot_be_decided_within_the_hold_is_refused_by_name(void)
{
	static const char *const unknown[] = { "no-such" };

	ok(refused((struct kt_detector){ .pattern = "a.*b" }, "wider"));
	ok(refused((struct kt_detector){ .pattern = "ab[c-e]{511}" }, "wider"));
	ok(refused((struct kt_detector){ .pattern = "x?" }, "nothing"));
	ok(refused(
	    (struct kt_detector){ .pattern = "(a)b\\1" }, "back reference"));
	ok(refused((struct kt_detector){ .pattern = "a(b" }, "byte 3"));
	ok(refused((struct kt_detector){ 0 }, "no pattern"));
	ok(refused(
	    (struct kt_detector){ .pattern = "ab", .tail = "a-z" }, "tail"));
	ok(refused((struct kt_detector){ .pattern = "ab", .tail = "[a-z]",
	               .tail_gap = 2 * KT_HOLD_MAX },
	    "tail_gap"));
	ok(refused((struct kt_detector){ .pattern = "ab", .checksum = "none" },
	    "checksum"));
	ok(refused(
	    (struct kt_detector){
		.pattern = "ab", .validators = unknown, .nvalidators = 1 },
	    "no-such"));
	ok(refused(
	    (struct kt_detector){ .pattern = "ab", .context_bytes = 500 },
	    "context_bytes"));
	ok(refused((struct kt_detector){ .pattern = "ab", .public_bytes = 2 },
	    "public"));
	ok(refused(
	    (struct kt_detector){ .pattern = "a(b)", .public_bytes = 1 },
	    "public"));
}

static void
too_many_detectors_are_refused(void)
{
	static struct kt_detector many[KT_DETECTORS_MAX + 1];
	struct kt_detect *db = NULL;
	struct kt_err err;

	for (size_t i = 0; i < KT_NELEMS(many); i++)
		many[i] = (struct kt_detector){ .id = "x", .pattern = "abc" };
	ok(kt_detect_new(&db, many, KT_NELEMS(many), &err) == KT_E_LIMIT);
	ok(db == NULL);
}

/* Not the first so many: nothing may be concluded from a part. */
static void
too_many_findings_are_an_error(void)
{
	static const struct kt_detector d = { .id = "x",
		.group = "user",
		.entity = "X",
		.pattern = "ab",
		.confidence_pm = 900 };
	static char text[2 * (KT_FINDINGS_MAX + 1)];
	struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_findings f;
	struct kt_err err;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 == 0 ? 'a' : 'b';
	if (!ok(kt_detect_new(&db, &d, 1, &err) == KT_OK) ||
	    !ok(kt_detect_scratch_new(&s, db, &err) == KT_OK))
		return;
	ok(kt_detect_scan(db, s, (struct kt_span){ text, sizeof(text) }, NULL,
	       &f) == KT_E_LIMIT &&
	    f.n == 0);
	ok(kt_detect_scan(db, s, (struct kt_span){ text, sizeof(text) - 2 },
	       NULL, &f) == KT_OK &&
	    f.n == KT_FINDINGS_MAX);
	kt_detect_scratch_free(&s);
	kt_detect_free(&db);
}

static void
merging_covers_the_same_bytes_by_the_best_name(void)
{
	struct kt_detect *db;
	struct kt_err err;
	struct kt_finding v[] = {
		{ .start = 0, .end = 10, .detector = R_CARD },
		{ .start = 5, .end = 30, .detector = R_EMAIL },
		{ .start = 29, .end = 31, .detector = R_AWS },
		{ .start = 31, .end = 40, .detector = R_ACCOUNT },
		{ .start = 50, .end = 60, .detector = R_EMAIL },
		{ .start = 50, .end = 60, .detector = R_PASSWORD },
	};

	if (!ok(kt_detect_new(&db, rules, NRULES, &err) == KT_OK))
		return;
	ok(kt_findings_merge(db, v, KT_NELEMS(v)) == 3);
	ok(v[0].start == 0 && v[0].end == 31 && v[0].detector == R_EMAIL);
	ok(v[1].start == 31 && v[1].end == 40 && v[1].detector == R_ACCOUNT);
	ok(v[2].start == 50 && v[2].end == 60 && v[2].detector == R_PASSWORD);
	ok(kt_findings_merge(db, v, 0) == 0);
	kt_detect_free(&db);
}

static void
only_what_is_enabled_is_found(void)
{
	struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_detect_set set;
	struct kt_findings f;
	struct kt_err err;
	const struct kt_span text = KT_SPAN_INIT(
	    "AKIAQ3EGRZTYW6PLMNBV 4111111111111111 a@b.example.org");

	if (!ok(kt_detect_new(&db, rules, NRULES, &err) == KT_OK) ||
	    !ok(kt_detect_scratch_new(&s, db, &err) == KT_OK) ||
	    !ok(kt_detect_set_init(&set, db) == KT_OK))
		return;
	ok(kt_detect_scan(db, s, text, &set, &f) == KT_OK && f.n == 0);
	ok(kt_detect_set_add_named(&set, db, KT_SPAN("CREDIT_CARD")));
	ok(!kt_detect_set_add_named(&set, db, KT_SPAN("nobody")));
	ok(kt_detect_scan(db, s, text, &set, &f) == KT_OK && f.n == 1 &&
	    f.v[0].detector == R_CARD && f.v[0].start == 21 &&
	    f.v[0].end == 37);
	ok(kt_detect_set_add_named(&set, db, KT_SPAN("secret")));
	ok(kt_detect_scan(db, s, text, &set, &f) == KT_OK && f.n == 2);
	ok(!kt_detect_needs_block(db, &set) && kt_detect_needs_block(db, NULL));
	kt_detect_set_fini(&set);
	kt_detect_scratch_free(&s);
	kt_detect_free(&db);
}

/* A token whose checksum holds, and one with its last digit changed. */
static void
a_checksum_raises_and_its_failure_halves_the_confidence(void)
{
	struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_findings f;
	struct kt_err err;

	if (!ok(kt_detect_new(&db, rules, NRULES, &err) == KT_OK) ||
	    !ok(kt_detect_scratch_new(&s, db, &err) == KT_OK))
		return;
	ok(kt_detect_scan(db, s,
	       KT_SPAN("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"), NULL,
	       &f) == KT_OK &&
	    f.n == 1 && f.v[0].confidence_pm == 990);
	ok(kt_detect_scan(db, s,
	       KT_SPAN("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1a"), NULL,
	       &f) == KT_OK &&
	    f.n == 1 && f.v[0].confidence_pm == 450);
	kt_detect_scratch_free(&s);
	kt_detect_free(&db);
}

static void
a_detector_file_reports_every_mistake_at_its_place(void)
{
	static struct kt_config_diags d;
	const struct kt_config_source file = { KT_SPAN_INIT("x.yaml"),
		KT_SPAN_INIT("defaults: {group: pii, clas: pii}\n"
			     "detectors:\n"
			     "  - id: one\n"
			     "    entity: ONE\n"
			     "    pattern: 'a{3}'\n"
			     "    confidence: 1001\n"
			     "    validators: [nope]\n"
			     "  - id: two\n"
			     "    stream: sometimes\n") };
	struct kt_arena *mem = kt_arena_new(1 << 20);
	const struct kt_detector *v;
	size_t n;

	ok(kt_policy_detectors_load(&file, 1, mem, &d, &v, &n) == KT_E_PARSE);
	ok(d.n == 5);
	ok(d.at[0].at.line == 1 && d.at[0].code == KT_CONFIG_UNKNOWN_KEY);
	ok(d.at[1].at.line == 6 && d.at[1].code == KT_CONFIG_RANGE);
	ok(d.at[2].at.line == 7 && d.at[3].at.line == 9);
	kt_arena_free(&mem);
}

int
main(void)
{
	RUN(what_cannot_be_decided_within_the_hold_is_refused_by_name);
	RUN(too_many_detectors_are_refused);
	RUN(too_many_findings_are_an_error);
	RUN(merging_covers_the_same_bytes_by_the_best_name);
	RUN(only_what_is_enabled_is_found);
	RUN(a_checksum_raises_and_its_failure_halves_the_confidence);
	RUN(a_detector_file_reports_every_mistake_at_its_place);
	return done();
}
