/*
 * What counting tokens costs: the first pass over a file and later ones, and
 * a mebibyte of the byte that costs most.
 *
 *	token_bench FILE ...
 *
 * Times are CPU time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <time.h>

#include "token/token.h"

#define FILE_MAX (64u << 20)
#define ROUNDS 5

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
count(struct kt_tokenizer *t, struct kt_span text, size_t *n)
{
	double began = now();

	*n = 0;
	if (kt_token_count(t, text, n, NULL, NULL) < 0)
		*n = 0;
	return now() - began;
}

static void
measure(const char *name, struct kt_span text)
{
	for (size_t e = 0; e < KT_ENCODINGS; e++) {
		struct kt_tokenizer *t;
		double first, best;
		size_t n;

		if (kt_tokenizer_new(&t, (enum kt_encoding)e) < 0)
			exit(EXIT_FAILURE);
		best = first = count(t, text, &n);
		for (int i = 0; i < ROUNDS; i++) {
			double took = count(t, text, &n);

			best = took < best ? took : best;
		}
		(void)printf("%-24s %-12.*s %9zu tokens %7.1f %7.1f MB/s\n",
		    name, KT_SPAN_ARG(kt_encoding_name((enum kt_encoding)e)), n,
		    (double)text.len / first / 1e6,
		    (double)text.len / best / 1e6);
		kt_tokenizer_free(&t);
	}
}

static void
measure_runs(void)
{
	size_t len = 1 << 20, n;
	char *text = kt_alloc(len);

	for (size_t e = 0; e < KT_ENCODINGS; e++) {
		struct kt_tokenizer *t;
		double worst = 0;
		int which = 0;

		if (text == NULL ||
		    kt_tokenizer_new(&t, (enum kt_encoding)e) < 0)
			exit(EXIT_FAILURE);
		for (int b = 0; b < 128; b++) {
			double took;

			memset(text, b, len);
			took = count(t, (struct kt_span){ text, len }, &n);
			if (took > worst) {
				worst = took;
				which = b;
			}
		}
		(void)printf("1 MiB of 0x%02x            %-12.*s %7.1f ms\n",
		    which, KT_SPAN_ARG(kt_encoding_name((enum kt_encoding)e)),
		    worst * 1e3);
		kt_tokenizer_free(&t);
	}
	kt_free(text);
}

int
main(int argc, char **argv)
{
	struct kt_buf file;

	(void)printf("%-24s %-12s %16s %7s %7s\n", "", "", "", "first", "later");
	kt_buf_init(&file, FILE_MAX);
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");

		kt_buf_reset(&file);
		if (f == NULL || kt_buf_reserve(&file, FILE_MAX) < 0) {
			(void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return EXIT_FAILURE;
		}
		file.len = fread(file.ptr, 1, FILE_MAX, f);
		(void)fclose(f); /* was only read */
		measure(argv[i], kt_buf_span(&file));
	}
	kt_buf_fini(&file);
	measure_runs();
	return EXIT_SUCCESS;
}
