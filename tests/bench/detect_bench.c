/*
 * detect_bench - what each shipped detector costs.
 * SPDX-License-Identifier: Apache-2.0
 *
 *	KT_SRCDIR=. tests/bench/detect_bench FILE
 *
 * Scans FILE with the set of all detectors whose patterns begin with literals
 * in one case (the hot set), then with each other detector added to it alone, and names
 * those that bring it under 1 GB/s.  Then the cost of all of them together,
 * whole and as a stream of 64 byte deltas, and of compiling and loading.
 */
#include <time.h>

#include "detect/detect_priv.h"
#include "detect/stream.h"
#include "tests/unit/detect/shipped.h"

#define DELTA 64

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* this clock always is */
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct kt_detect *
compile(const struct kt_detector *defs, size_t n)
{
	struct kt_detect *db;
	struct kt_err err;

	if (kt_detect_new(&db, defs, n, &err) < 0)
		KT_BUG(err.text);
	return db;
}

/* Best of three, in GB/s. */
static double
speed(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span text)
{
	double best = 1e9;
	struct kt_findings f;
	struct kt_err err;

	if (kt_detect_scratch_grow(s, db, &err) < 0)
		KT_BUG(err.text);
	for (int i = 0; i < 3; i++) {
		double from = seconds(), took;

		if (kt_detect_scan(db, s, text, NULL, &f) < 0)
			KT_BUG("the engine failed");
		took = seconds() - from;
		best = took < best ? took : best;
	}
	return (double)text.len / best / 1e9;
}

static void
stream(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span text)
{
	struct kt_detect_stream *st;
	struct kt_detect_step out;
	double from = seconds(), lag = 0;
	size_t n = 0;

	if (kt_detect_stream_new(&st, db, NULL, NULL) < 0)
		KT_BUG("no memory");
	for (size_t at = 0; at + DELTA <= text.len; at += DELTA, n++) {
		if (kt_detect_stream_feed(
			st, s, kt_span_sub(text, at, DELTA), &out) < 0)
			KT_BUG("the engine failed");
		lag += (double)(at + DELTA - out.hold);
	}
	printf("stream, %d byte deltas: %.0f ns each, %.1f bytes held on "
	       "average\n",
	    DELTA, (seconds() - from) / (double)n * 1e9, lag / (double)n);
	kt_detect_stream_free(&st);
}

static bool
is_hot(const struct kt_detect_rule *r)
{
	return r->is_literal && !r->is_folded;
}

static void
one_by_one(const struct kt_detect *all, struct kt_detect_scratch *s,
    struct kt_span text)
{
	static struct kt_detector hot[KT_DETECTORS_MAX];
	struct kt_detect *db;
	size_t n = 0;

	for (size_t i = 0; i < nshipped; i++)
		if (is_hot(&all->rules[i]))
			hot[n++] = shipped[i];
	db = compile(hot, n);
	printf("%-28s %6.2f GB/s (%zu detectors)\n", "hot set",
	    speed(db, s, text), n);
	kt_detect_free(&db);
	for (size_t i = 0; i < nshipped; i++) {
		double gb;

		if (is_hot(&all->rules[i]))
			continue;
		hot[n] = shipped[i];
		db = compile(hot, n + 1);
		gb = speed(db, s, text);
		printf("+ %-26s %6.2f GB/s%s\n", shipped[i].id, gb,
		    gb < 1.0 ? "  <-- under 1" : "");
		kt_detect_free(&db);
	}
}

int
main(int argc, char **argv)
{
	struct kt_detect_scratch *s;
	struct kt_detect *all, *again;
	struct kt_buf saved;
	struct kt_span text;
	struct kt_err err;
	double from;

	if (argc != 2 || !load_shipped())
		return EXIT_FAILURE;
	text = read_whole(argv[1]);
	from = seconds();
	all = compile(shipped, nshipped);
	printf("compile %zu detectors: %.1f ms\n", nshipped,
	    (seconds() - from) * 1e3);
	kt_buf_init(&saved, 64u << 20);
	from = seconds();
	if (kt_detect_save(all, &saved) < 0)
		KT_BUG("not saved");
	from = seconds();
	if (kt_detect_load(
		&again, shipped, nshipped, kt_buf_span(&saved), &err) < 0)
		KT_BUG(err.text);
	printf(
	    "load: %.1f ms, %zu bytes\n", (seconds() - from) * 1e3, saved.len);
	kt_detect_free(&again);
	if (text.len == 0 || kt_detect_scratch_new(&s, all, &err) < 0)
		return EXIT_FAILURE;
	one_by_one(all, s, text);
	printf("all together: %.2f us/KB\n", 1024e-3 / speed(all, s, text));
	stream(all, s, text);
	kt_detect_scratch_free(&s);
	kt_detect_free(&all);
	kt_buf_fini(&saved);
	kt_arena_free(&shipped_mem);
	return EXIT_SUCCESS;
}
