/*
 * runs - where which of the rules that are in no index have to be asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream asks at each of its steps, mostly to hear that there is nothing.
 * So all rules are asked at once: a byte says of sixty-four of them in one
 * word whether it can be the first of a match, the second, and so on, and
 * after a few bytes nearly all places are out of the question for all rules.
 */
#include "detect/detect_priv.h"

static uint64_t *
of_byte(const struct kt_detect_runs *runs, uint64_t *sets, char c)
{
	return sets + (uint8_t)c * runs->words;
}

/* n behind a start. */
static uint64_t *
behind(const struct kt_detect_runs *runs, size_t n)
{
	return runs->begin + n * 256 * runs->words;
}

static void
add_rule(struct kt_detect_runs *runs, size_t k)
{
	const struct kt_detect_rule *r = &runs->rules[runs->rule[k]];
	uint64_t bit = (uint64_t)1 << (k & 63);

	for (int c = 0; c < 256; c++) {
		if (kt_detect_bytes_has(&r->before, (char)c))
			of_byte(runs, runs->before, (char)c)[k >> 6] |= bit;
		for (size_t n = 0; n < KT_DETECT_GLANCE; n++)
			if (kt_detect_bytes_has(&r->begin[n], (char)c))
				of_byte(runs, behind(runs, n), (char)c)
				    [k >> 6] |= bit;
	}
}

enum kt_rc
kt_detect_runs_build(struct kt_detect_runs *runs,
    const struct kt_detect_rule *rules)
{
	runs->rules = rules;
	runs->words = (runs->n + 63) / 64;
	runs->before = kt_alloc_array(
	    (1 + KT_DETECT_GLANCE) * 256 * runs->words, sizeof(uint64_t));
	if (runs->before == NULL)
		return KT_E_LIMIT;
	runs->begin = runs->before + 256 * runs->words;
	for (size_t k = 0; k < runs->n; k++)
		add_rule(runs, k);
	return KT_OK;
}

void
kt_detect_runs_fini(struct kt_detect_runs *runs)
{
	kt_free(runs->rule);
	kt_free(runs->before);
}

/* Of the rules of word w those that can begin at `at`. */
static inline uint64_t
can_begin(const struct kt_detect_runs *runs, size_t w, uint64_t rules,
    struct kt_span text, size_t at)
{
	size_t n = text.len - at;

	if (at > 0)
		rules &= of_byte(runs, runs->before, text.ptr[at - 1])[w];
	if (n > KT_DETECT_GLANCE)
		n = KT_DETECT_GLANCE;
	for (size_t i = 0; i < n && rules != 0; i++)
		rules &= of_byte(runs, behind(runs, i), text.ptr[at + i])[w];
	return rules;
}

size_t
kt_detect_runs_next(const struct kt_detect_runs *runs, const uint64_t *wanted,
    struct kt_span text, size_t from, size_t to, uint64_t *out)
{
	for (; from < to; from++) {
		uint64_t all = 0;

		for (size_t w = 0; w < runs->words; w++) {
			out[w] = can_begin(runs, w, wanted[w], text, from);
			all |= out[w];
		}
		if (all != 0)
			return from;
	}
	return to;
}
