/*
 * runs - where which of the rules that are in no index have to be asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream asks at each of its steps, mostly to hear that there is nothing.
 * So all rules are asked at once: a byte says of sixty-four of them in one
 * word whether it can be the first of a match, the second, and so on, and
 * after a few bytes nearly all places are out of the question for all rules.
 * The answers are those of kt_detect_rule_may_begin, one rule at a time.
 */
#include "detect/detect_priv.h"

static void
add(uint64_t *set, size_t k)
{
	set[k >> 6] |= (uint64_t)1 << (k & 63);
}

/* Rule k is in the sets of those bytes. */
static void
add_rule(const struct kt_detect_runs *runs, uint64_t *sets, size_t k,
    const struct kt_detect_bytes *bytes)
{
	for (size_t c = 0; c < 256; c++)
		if (kt_detect_bytes_has(bytes, (char)c))
			add(sets + c * runs->words, k);
}

/* Can one begin between two bytes of a word? */
static bool
is_inner(const struct kt_detect_rule *r)
{
	if (r->begins_word)
		return false;
	for (size_t c = 0; c < 256; c++)
		if (kt_detect_is_word((char)c) &&
		    kt_detect_bytes_has(&r->before, (char)c))
			return true;
	return false;
}

static bool
begins_with_letter(const struct kt_detect_rule *r)
{
	static const struct kt_detect_bytes letters = { { 0,
	    0x07fffffe07fffffeu, 0, 0 } };

	return kt_detect_bytes_meet(&r->begin[0], &letters);
}

/* To the front, behind the first n, go those of which is_one is true; how many
   are there then. */
static size_t
bring_forward(struct kt_detect_runs *runs, size_t n,
    bool (*is_one)(const struct kt_detect_rule *))
{
	for (size_t k = n; k < runs->n; k++) {
		uint32_t i = runs->rule[k];

		if (!is_one(&runs->rules[i]))
			continue;
		runs->rule[k] = runs->rule[n];
		runs->rule[n++] = i;
	}
	return n;
}

enum kt_rc
kt_detect_runs_build(struct kt_detect_runs *runs,
    const struct kt_detect_rule *rules)
{
	runs->rules = rules;
	/* Most bytes are letters, inside words: so that the other words of a
	   set are hardly ever asked. */
	(void)bring_forward(runs, bring_forward(runs, 0, is_inner),
	    begins_with_letter);
	runs->words = (runs->n + 63) / 64;
	runs->before = kt_alloc_array(
	    ((3 + KT_DETECT_GLANCE) * 256 + KT_DETECT_AHEAD + 1) * runs->words,
	    sizeof(uint64_t));
	if (runs->before == NULL)
		return KT_E_LIMIT;
	runs->begin = runs->before + 256 * runs->words;
	runs->body = runs->begin + KT_DETECT_GLANCE * 256 * runs->words;
	runs->needs = runs->body + 256 * runs->words;
	runs->by = runs->needs + 256 * runs->words;
	runs->inner = runs->by + KT_DETECT_AHEAD * runs->words;
	for (size_t k = 0; k < runs->n; k++) {
		const struct kt_detect_rule *r = &rules[runs->rule[k]];

		for (size_t i = 0; i < KT_NELEMS(r->begin[0].w); i++)
			runs->first[k >> 6].w[i] |= r->begin[0].w[i];
		add_rule(runs, runs->before, k, &r->before);
		add_rule(runs, runs->body, k, &r->body);
		add_rule(runs, runs->needs, k, &r->needs);
		if (r->needs_by < KT_DETECT_AHEAD)
			add(runs->by + r->needs_by * runs->words, k);
		if (is_inner(r))
			add(runs->inner, k);
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

/* Of these rules, those of whose bodies all is until what they need comes. */
static uint64_t
go_on(const struct kt_detect_runs *runs, size_t w, uint64_t rules,
    const uint8_t *p, size_t room)
{
	size_t words = runs->words;
	uint64_t sure = rules & runs->by[w];

	rules &= ~sure;
	if (room > KT_DETECT_AHEAD)
		room = KT_DETECT_AHEAD;
	for (size_t i = 0; i < room && rules != 0; i++) {
		uint64_t has = rules & runs->needs[p[i] * words + w];

		sure |= has;
		rules &= runs->body[p[i] * words + w] & ~has;
		if (i + 1 < KT_DETECT_AHEAD)
			rules &= ~runs->by[(i + 1) * words + w];
	}
	return sure | rules;
}

bool
kt_detect_runs_next(const struct kt_detect_runs *runs, size_t w,
    uint64_t wanted, struct kt_span text, size_t from,
    struct kt_detect_spot *out)
{
	const uint64_t *before = runs->before + w, *begin = runs->begin + w;
	const struct kt_detect_bytes *first = &runs->first[w];
	size_t words = runs->words;

	for (; from < text.len; from++) {
		const uint8_t *p = (const uint8_t *)text.ptr + from;
		const uint8_t *end = (const uint8_t *)text.ptr + text.len;
		const uint64_t *set = begin;
		uint64_t rules = wanted;

		if (!kt_detect_bytes_has(first, (char)*p))
			continue;
		if (from > 0 && kt_detect_is_word((char)*p) &&
		    kt_detect_is_word((char)p[-1]))
			rules &= runs->inner[w];
		if (from > 0 && rules != 0)
			rules &= before[p[-1] * words];
		if (end - p > KT_DETECT_GLANCE)
			end = p + KT_DETECT_GLANCE;
		for (; p < end && rules != 0; p++, set += 256 * words)
			rules &= set[*p * words];
		if (rules != 0)
			rules = go_on(runs, w, rules,
			    (const uint8_t *)text.ptr + from, text.len - from);
		if (rules != 0) {
			*out = (struct kt_detect_spot){ (uint32_t)from,
				(uint32_t)w, rules };
			return true;
		}
	}
	return false;
}
