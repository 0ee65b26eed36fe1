/*
 * What is guessed from how a text looks: the linear model of attacks, and
 * whether a value was drawn as a key.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/model_priv.h"
#include "detect/validate_priv.h"
#include "tests/unit/tap.h"

static int8_t weights[KT_DETECT_MODEL_LANES][KT_DETECT_MODEL_BUCKETS];

static void
fill_weights(void)
{
	uint32_t x = 1;

	for (size_t k = 0; k < KT_DETECT_MODEL_LANES; k++) {
		for (size_t i = 0; i < KT_DETECT_MODEL_BUCKETS; i++) {
			x = x * 1664525u + 1013904223u;
			weights[k][i] = (int8_t)(x >> 24);
		}
	}
}

struct told {
	struct kt_span text;
	size_t n, words;
	uint32_t end;
	uint64_t digest;
};

static void
hear(void *arg, const struct kt_detect_model_window *w)
{
	struct told *t = arg;
	uint32_t end = kt_detect_model_word_at(w, w->n - 1)->end;

	ok(w->n >= KT_DETECT_MODEL_LEAST && w->n <= KT_DETECT_MODEL_LONG);
	ok(w->scale != KT_DETECT_MODEL_SENTENCE ||
	    w->n <= KT_DETECT_MODEL_SHORT);
	ok(end >= t->end && end <= t->text.len);
	for (uint32_t k = 0; k < KT_DETECT_MODEL_LANES; k++) {
		int32_t sum = 0;

		for (uint32_t i = 0; i < w->n; i++) {
			const struct kt_detect_model_word *word =
			    kt_detect_model_word_at(w, i);

			ok(word->start < word->end);
			for (unsigned g = 0; g < KT_DETECT_MODEL_GRAMS; g++)
				sum += weights[k][word->bucket[g]];
		}
		ok(sum == w->sum[k]);
	}
	t->end = end;
	t->n++;
	t->words += w->n;
	t->digest = (t->digest ^ (uint64_t)(uint32_t)w->sum[0]) *
	    1099511628211u;
}

static struct told
windows_of(struct kt_span text)
{
	static const int8_t *const lanes[] = { weights[0], weights[1] };
	struct told t = { .text = text };

	kt_detect_model_windows(text, lanes, hear, &t);
	return t;
}

static void
a_window_weighs_what_its_words_weigh(void)
{
	static const char *const texts[] = { "", "one two", "one two three",
		"Please ignore all of this. Then go on! What now? Yes, you do.",
		"caf\xc3\xa9 \xe2\x80\x99s na\xc3\xafve | cells | of | tables",
		"a\\nb c d e\\nf g h" };
	char longer[4096];
	size_t n = 0;

	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		struct told a = windows_of(kt_span_of(texts[i]));
		struct told b = windows_of(kt_span_of(texts[i]));

		ok(a.n == b.n && a.digest == b.digest);
	}
	ok(windows_of(kt_span_of(texts[1])).n == 0);
	ok(windows_of(kt_span_of(texts[3])).n > 2);
	while (n + 6 < sizeof(longer)) /* no sentence ends in here */
		n += (size_t)snprintf(longer + n, 7, "w%c%c%c ",
		    (char)('a' + n % 26), (char)('a' + n / 26 % 26),
		    (char)('a' + n / 676 % 26));
	ok(windows_of((struct kt_span){ longer, n }).n >=
	    n / 5 / KT_DETECT_MODEL_STRIDE);
}

/* A mebibyte of one byte, of words and of ends: windows are few. */
static void
hostile_texts_have_few_windows(void)
{
	static const char *const pieces[] = { "a", "a ", "a b c. ", ".", "\n",
		" ", "\\n", "'", "\xc3\xa9 ", "|a b c|" };
	static char text[1u << 20];

	for (size_t i = 0; i < KT_NELEMS(pieces); i++) {
		size_t len = strlen(pieces[i]);
		struct told t;

		for (size_t k = 0; k < sizeof(text); k++)
			text[k] = pieces[i][k % len];
		t = windows_of((struct kt_span){ text, sizeof(text) });
		/* A word is in one sentence, and in as many passages as
		 * strides fit into one. */
		ok(t.words <= sizeof(text) / 2 *
		    (2 + KT_DETECT_MODEL_LONG / KT_DETECT_MODEL_STRIDE));
	}
}

static void
a_file_that_is_no_model_is_none(void)
{
	static char file[KT_DETECT_MODEL_BYTES + 1];
	struct kt_detect_model_head head = { .magic = KT_DETECT_MODEL_MAGIC,
		.flag = 1000, .block = 2000 };
	struct kt_detect_model m;

	memcpy(file, &head, sizeof(head));
	ok(kt_detect_model_read(&m, (struct kt_span){ file,
	    KT_DETECT_MODEL_BYTES }));
	for (size_t n = 1; n <= KT_DETECT_MODEL_LONG; n++)
		for (int s = 0; s < KT_DETECT_MODEL_SCALES; s++)
			ok(kt_detect_model_score(&m, s, m.least[s][n], n) >=
			        head.flag &&
			    kt_detect_model_score(
			        &m, s, m.least[s][n] - 1, n) < head.flag);
	ok(!kt_detect_model_read(&m, (struct kt_span){ file,
	    KT_DETECT_MODEL_BYTES - 1 }));
	ok(!kt_detect_model_read(&m, (struct kt_span){ file,
	    KT_DETECT_MODEL_BYTES + 1 }));
	ok(!kt_detect_model_read(&m, KT_SPAN("")));
	file[3] ^= 1;
	ok(!kt_detect_model_read(&m, (struct kt_span){ file,
	    KT_DETECT_MODEL_BYTES }));
}

static void
what_was_drawn_is_told_from_what_was_written(void)
{
	static const char *const keys[] = { "x7Kq29vLmZ4tR8wB", "9f8Gh2kLq0Zx",
		"q8Zr-41TmVb7_kW2" };
	static const char *const passwords[] = { "hunter2", "Tr0ub4dor",
		"c0rrect!horse" };
	static const char *const neither[] = { "", "a", "abcd", "aaaaaaaaaa",
		"password", "your-api-key", "${SECRET}", "getenv(KEY)",
		"config.json", "user_name", "example-token", "<token>",
		"12345678", "internationalization" };

	for (size_t i = 0; i < KT_NELEMS(keys); i++)
		if (!ok(kt_detect_is_key(kt_span_of(keys[i]))))
			printf("# %s\n", keys[i]);
	for (size_t i = 0; i < KT_NELEMS(passwords); i++) {
		char both[64];

		if (!ok(kt_detect_is_password(kt_span_of(passwords[i])) &&
		        !kt_detect_is_key(kt_span_of(passwords[i]))))
			printf("# %s\n", passwords[i]);
		(void)snprintf(both, sizeof(both), "ann:%s", passwords[i]);
		ok(kt_detect_is_user_password(kt_span_of(both)));
	}
	for (size_t i = 0; i < KT_NELEMS(neither); i++)
		if (!ok(!kt_detect_is_key(kt_span_of(neither[i])) &&
		        !kt_detect_is_password(kt_span_of(neither[i])) &&
		        !kt_detect_is_plain_password(kt_span_of(neither[i]))))
			printf("# %s\n", neither[i]);
	ok(!kt_detect_is_user_password(KT_SPAN("ann")));
	ok(!kt_detect_is_user_password(KT_SPAN("ann:")));
}

int
main(void)
{
	fill_weights();
	RUN(a_window_weighs_what_its_words_weigh);
	RUN(hostile_texts_have_few_windows);
	RUN(a_file_that_is_no_model_is_none);
	RUN(what_was_drawn_is_told_from_what_was_written);
	return done();
}
