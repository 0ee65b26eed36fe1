/*
 * tap - a test is a sentence: TEST(starved_inspection_never_allows).
 * SPDX-License-Identifier: Apache-2.0
 *
 * ok() goes on after a failure and names the place; done() prints the plan
 * and gives the exit code of main.
 */
#ifndef KT_TAP_H
#define KT_TAP_H
#include <stdio.h>
#include <stdlib.h>

static int tap_bad, tap_run;
static int tap_failed_here __attribute__((unused));

#define ok(claim) tap_ok((claim), #claim, __FILE__, __LINE__)
#define RUN(test) \
	do { \
		tap_failed_here = 0; \
		test(); \
		tap_run++; \
		tap_bad += tap_failed_here ? 1 : 0; \
		printf("%s %d - %s\n", tap_failed_here ? "not ok" : "ok", tap_run, #test); \
		/* A test that forks must not have its child say it again. */ \
		(void)fflush(stdout); \
	} while (0)
/* For what is absent on this machine: a test of its own, named. */
#define SKIP(test, why) printf("ok %d - %s # SKIP %s\n", ++tap_run, #test, (why))

static inline int
tap_ok(int holds, const char *claim, const char *file, int line)
{
	if (!holds) {
		tap_failed_here = 1;
		printf("# %s:%d: not so: %s\n", file, line, claim);
	}
	return holds;
}

/* From one place of a sweep to the next: KT_EVERY, 1 unless set, for builds
   in which each place takes long. */
static inline unsigned
stride(void)
{
	const char *said = getenv("KT_EVERY");
	long n = said != NULL ? strtol(said, NULL, 10) : 1;

	return n > 0 && n < 1000 ? (unsigned)n : 1;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_run);
	return tap_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
#endif
