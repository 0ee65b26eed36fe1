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

/* Rule k is in the sets of those bytes. */
static void
add_rule(const struct kt_detect_runs *runs, uint64_t *sets, size_t k,
    const struct kt_detect_bytes *bytes)
{
	for (size_t c = 0; c < 256; c++)
		if (kt_detect_bytes_has(bytes, (char)c))
			sets[c * runs->words + (k >> 6)] |=
			    (uint64_t)1 << (k & 63);
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
	for (size_t k = 0; k < runs->n; k++) {
		const struct kt_detect_rule *r = &rules[runs->rule[k]];

		add_rule(runs, runs->before, k, &r->before);
		for (size_t n = 0; n < KT_DETECT_GLANCE; n++)
			add_rule(runs, runs->begin + n * 256 * runs->words, k,
			    &r->begin[n]);
	}
	return KT_OK;
}

void
kt_detect_runs_fini(struct kt_detect_runs *runs)
{
	kt_free(runs->rule);
	kt_free(runs->before);
}

bool
kt_detect_runs_next(const struct kt_detect_runs *runs, size_t w,
    uint64_t wanted, struct kt_span text, size_t from,
    struct kt_detect_spot *out)
{
	const uint64_t *before = runs->before + w, *begin = runs->begin + w;
	size_t words = runs->words;

	for (; from < text.len; from++) {
		const uint8_t *p = (const uint8_t *)text.ptr + from;
		const uint8_t *end = (const uint8_t *)text.ptr + text.len;
		const uint64_t *set = begin;
		uint64_t rules = wanted;

		if (from > 0)
			rules &= before[p[-1] * words];
		if (end - p > KT_DETECT_GLANCE)
			end = p + KT_DETECT_GLANCE;
		for (; p < end && rules != 0; p++, set += 256 * words)
			rules &= set[*p * words];
		if (rules != 0) {
			*out = (struct kt_detect_spot){ (uint32_t)from,
				(uint32_t)w, rules };
			return true;
		}
	}
	return false;
}
