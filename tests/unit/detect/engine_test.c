/*
 * engine - libhs is trusted where it deserves it, and only there.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

/* Some are found at the front of a text only. */
#define BEFORE_MIN 16
#define BEFORE_MAX 146 /* and two of the longest vectors */
#define EXAMPLE_MAX 512

static struct kt_detect_scratch *scratch;

/* Is something of it found behind so much else? */
static bool
finds(const struct kt_detect *db, struct kt_span example, size_t before)
{
	static _Alignas(64) char text[BEFORE_MAX + EXAMPLE_MAX];
	struct kt_findings f;

	memset(text, ' ', before);
	text[before - 1] = '\n';
	memcpy(text + before, example.ptr, example.len);
	return kt_detect_scan(db, scratch,
	           (struct kt_span){ text, before + example.len }, NULL,
	           &f) == KT_OK &&
	    f.n > 0;
}

/* Found behind some blanks, but not behind others? */
static bool
is_missed(const struct kt_detect *db, struct kt_span example)
{
	size_t n = 0, found = 0;

	for (size_t before = BEFORE_MIN; before <= BEFORE_MAX; before += 3, n++)
		found += finds(db, example, before);
	return found > 0 && found < n;
}

/* A detector of its own database, as a user's are: what it finds must not
   depend on where in a text it stands. */
static void
a_library_that_misses_is_told_of_and_no_other(void)
{
	size_t missed = 0, asked = 0;

	for (size_t i = 0; i < nshipped; i++) {
		struct kt_detect *db = NULL;
		struct kt_err err;

		if (shipped[i].pattern == NULL ||
		    kt_detect_new(&db, &shipped[i], 1, &err) < 0)
			continue;
		if (kt_detect_scratch_grow(scratch, db, &err) < 0)
			KT_BUG(err.text);
		for (size_t k = 0; k < shipped[i].nexamples; k++) {
			struct kt_span example =
			    kt_span_of(shipped[i].examples[k]);

			if (example.len > EXAMPLE_MAX)
				continue;
			asked++;
			missed += is_missed(db, example);
		}
		kt_detect_free(&db);
	}
	printf("# %zu of %zu examples missed somewhere\n", missed, asked);
	ok(asked > 1000);
	ok(kt_detect_engine_misses() == (missed > 0));
}

int
main(void)
{
	struct kt_detect *none = NULL;
	struct kt_err err;

	if (!load_shipped())
		return EXIT_FAILURE;
	if (kt_detect_new(&none, shipped, 1, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, none, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return EXIT_FAILURE;
	}
	RUN(a_library_that_misses_is_told_of_and_no_other);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&none);
	kt_arena_free(&shipped_mem);
	return done();
}
