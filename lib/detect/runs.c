/*
 * runs - which rules that are in no index have to be asked, and from where.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream asks at each of its steps, mostly to hear that there is nothing:
 * no byte that a match could begin with, or none that it cannot be without
 * and no more than a word at the end that it could begin in.  So all rules
 * are asked at once: what a byte says of sixty-four of them is one word.
 */
#include "detect/detect_priv.h"

enum says { BEGINS, NEEDS, BODY, SAYS };

/* What byte c says of the rules of word w. */
static uint64_t *
of_byte(const struct kt_detect_runs *runs, char c, size_t w)
{
	return runs->sets + ((uint8_t)c * runs->words + w) * SAYS;
}

enum kt_rc
kt_detect_runs_build(struct kt_detect_runs *runs,
    const struct kt_detect_rule *rules)
{
	runs->rules = rules;
	runs->words = (runs->n + 63) / 64;
	runs->sets = kt_alloc_array(256 * SAYS * runs->words, sizeof(uint64_t));
	if (runs->sets == NULL)
		return KT_E_LIMIT;
	for (size_t k = 0; k < runs->n; k++) {
		const struct kt_detect_rule *r = &rules[runs->rule[k]];
		uint64_t bit = (uint64_t)1 << (k & 63);

		for (int c = 0; c < 256; c++) {
			uint64_t *set = of_byte(runs, (char)c, k >> 6);

			if (!r->has_first ||
			    kt_detect_bytes_has(&r->first, (char)c))
				set[BEGINS] |= bit;
			if (kt_detect_bytes_has(&r->needs, (char)c))
				set[NEEDS] |= bit;
			if (kt_detect_bytes_has(&r->body, (char)c))
				set[BODY] |= bit;
		}
	}
	return KT_OK;
}

void
kt_detect_runs_fini(struct kt_detect_runs *runs)
{
	kt_free(runs->rule);
	kt_free(runs->sets);
}

/* What lacks something that is needed: that would be there already, did a
   match begin further back than needs_by. */
static size_t
add(const struct kt_detect_runs *runs, size_t w, uint64_t rules, bool lacks,
    size_t at, size_t end, struct kt_detect_start *out, size_t n)
{
	for (; rules != 0; rules &= rules - 1) {
		uint32_t rule =
		    runs->rule[w * 64 + (size_t)__builtin_ctzll(rules)];
		uint32_t by = runs->rules[rule].needs_by;
		size_t start = lacks && end + 1 > at + by ? end + 1 - by : at;

		if (start < end)
			out[n++] = (struct kt_detect_start){ rule,
				(uint32_t)start };
	}
	return n;
}

size_t
kt_detect_runs_starts(const struct kt_detect_runs *runs,
    const uint64_t *wanted, struct kt_span text, size_t from,
    struct kt_detect_start *out)
{
	size_t n = 0;

	for (size_t w = 0; w < runs->words; w++) {
		uint64_t begins = 0, needs = 0, left;

		if (wanted[w] == 0)
			continue;
		for (size_t at = from; at < text.len; at++) {
			const uint64_t *set = of_byte(runs, text.ptr[at], w);

			begins |= set[BEGINS];
			needs |= set[NEEDS];
		}
		left = wanted[w] & begins;
		n = add(runs, w, left & needs, false, from, text.len, out, n);
		left &= ~needs;
		for (size_t at = text.len; at > from && left != 0; at--) {
			uint64_t in =
			    left & of_byte(runs, text.ptr[at - 1], w)[BODY];

			if (in != left)
				n = add(runs, w, left & ~in, true, at, text.len,
				    out, n);
			left = in;
		}
		n = add(runs, w, left, true, from, text.len, out, n);
	}
	return n;
}
