/*
 * near - what is looked for by the words beside it is what is found by itself.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect.h"
#include "tests/unit/tap.h"

static const char *const words[] = { "konto", "tax id", "nr" };

#define NUMBERS "\\b\\d{6,9}\\b"
#define LETTERS "[a-z]\\d{3,6}(?:[a-z]\\d)?"
#define RULE(name, what, ...) \
	{ \
		.id = name, .entity = "ACCOUNT", .class = KT_CLASS_PII, \
		.confidence_pm = 700, .context = words, \
		.ncontext = KT_NELEMS(words), .is_context_required = true, \
		.pattern = what, __VA_ARGS__ \
	}
#define RULES(by) \
	{ \
		RULE("near", NUMBERS, .anchor = by), \
		    RULE("letters", LETTERS, .anchor = by), \
		    RULE("nearer", NUMBERS, .anchor = by, .context_bytes = 9), \
		    RULE("nowhere", NUMBERS, .anchor = by, .context_bytes = 1), \
		    RULE("alone", LETTERS, .anchor = by, .is_alone_enough = true), \
		    RULE("number", NUMBERS, .anchor = by, .is_number = true), \
		    RULE("lone", NUMBERS, .anchor = by, .is_number = true, \
		        .is_alone_enough = true) \
	}

/* The same: an anchor is looked for where there is one. */
static const struct kt_detector near[] = RULES(NULL);
static const struct kt_detector plain[] = RULES("\\d");

static const char *const pieces[] = { "konto", "Konto", "tax", "Id", "id", "nr",
	" ", " ", "_", "-", ".", "123456", "12", "1234567", "x1234", "y123a4",
	"konton", "zzzzzzzzzzzzzzzzzzzzzzzzzz", "\xc3\xa4", "N", "taxId" };
static const char *const labels[] = { "", "konto", "myTaxId", "nr.", "knr",
	"konto oder was sonst in den neun Bytes steht" };

static struct kt_detect *a, *b;
static struct kt_detect_scratch *sa, *sb;
static size_t found, alone;

static bool
is_same(struct kt_span label, struct kt_span text)
{
	struct kt_findings fa, fb;

	if (kt_detect_scan_labelled(a, sa, label, text, NULL, &fa) != KT_OK ||
	    kt_detect_scan_labelled(b, sb, label, text, NULL, &fb) != KT_OK)
		return false;
	found += fa.n;
	for (size_t i = 0; i < fa.n; i++)
		alone += fa.v[i].confidence_pm < 700;
	return fa.n == fb.n &&
	    (fa.n == 0 || memcmp(fa.v, fb.v, fa.n * sizeof(*fa.v)) == 0);
}

static void
words_lead_to_all_that_is_near_them(void)
{
	uint64_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		size_t len = 0, least;
		char text[256];
		const char *label;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		least = seed >> 60 < 4 ? 1 : (seed >> 50) % 200;
		label = labels[(seed >> 40) % KT_NELEMS(labels)];
		do {
			const char *s;

			seed = seed * 6364136223846793005u +
			    1442695040888963407u;
			s = pieces[(seed >> 33) % KT_NELEMS(pieces)];
			memcpy(text + len, s, strlen(s));
			len += strlen(s);
		} while (len < least);
		if (!ok(is_same(kt_span_of(label),
			(struct kt_span){ text, len })))
			printf("# %s: %.*s\n", label, (int)len, text);
	}
	/* Or the law says nothing. */
	ok(found > 10000);
	ok(alone > 100);
}

int
main(void)
{
	struct kt_err err;

	if (kt_detect_new(&a, near, KT_NELEMS(near), &err) < 0 ||
	    kt_detect_scratch_new(&sa, a, &err) < 0 ||
	    kt_detect_new(&b, plain, KT_NELEMS(plain), &err) < 0 ||
	    kt_detect_scratch_new(&sb, b, &err) < 0) {
		printf("Bail out! %s\n", err.text);
		return EXIT_FAILURE;
	}
	RUN(words_lead_to_all_that_is_near_them);
	kt_detect_scratch_free(&sa);
	kt_detect_scratch_free(&sb);
	kt_detect_free(&a);
	kt_detect_free(&b);
	return done();
}
