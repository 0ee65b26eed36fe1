/*
 * runs - where which of the rules that are in no index have to be asked.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream asks at each of its steps, mostly to hear that there is nothing.
 * So all rules are asked at once: a byte says of sixty-four of them in one
 * word whether it can be the first of a match, the second, and so on, and
 * after a few bytes nearly all places are out of the question for all rules.
 * At most places the first byte tells that of whole words.
 * The answers are those of kt_detect_rule_may_begin, one rule at a time.
 */
#include "detect/detect_priv.h"

/* The bit is in the sets of those bytes. */
static void
add(uint64_t sets[static 256], uint64_t bit,
    const struct kt_detect_bytes *bytes)
{
	for (size_t c = 0; c < 256; c++)
		sets[c] |= (bytes->w[c >> 6] >> (c & 63) & 1) * bit;
}

/* Of the bytes that one can stand behind: a bit for each kind. */
static unsigned
kinds_before(const struct kt_detect_rule *r)
{
	unsigned kinds = 0;

	for (size_t c = 0; c < 256; c++)
		if (kt_detect_bytes_has(&r->before, (char)c))
			kinds |= 1u << kt_detect_kind((char)c);
	return kinds;
}

/* Can one begin between two letters? */
static bool
is_inner(const struct kt_detect_rule *r)
{
	return !r->begins_word && (kinds_before(r) >> KT_DETECT_LETTER & 1);
}

static bool
needs_digit(const struct kt_detect_rule *r)
{
	static const struct kt_detect_bytes digits = { { 0x03ff000000000000u,
	    0, 0, 0 } };

	return kt_detect_bytes_within(&r->needs, &digits);
}

static bool
needs_no_digit(const struct kt_detect_rule *r)
{
	return !needs_digit(r);
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

static void
learn(struct kt_detect_runs *runs, size_t k)
{
	const struct kt_detect_rule *r = &runs->rules[runs->rule[k]];
	struct kt_detect_sets *sets = &runs->sets[k >> 6];
	uint64_t bit = (uint64_t)1 << (k & 63);

	add(sets->before, bit, &r->before);
	add(sets->body, bit, &r->body);
	add(sets->needs, bit, &r->needs);
	for (size_t n = 0; n < KT_DETECT_GLANCE; n++)
		add(sets->begin[n], bit, &r->begin[n]);
	if (r->needs_by < KT_DETECT_AHEAD)
		sets->by[r->needs_by] |= bit;
	for (size_t n = 0; n < KT_DETECT_AHEAD; n++)
		if (!needs_digit(r) || r->needs_by > n)
			sets->digits[n] |= bit;
	if (!r->begins_word)
		sets->inner |= bit;
	if (r->has_front)
		sets->front |= bit;
}

/* Those of one rule of the word. */
static void
add_starts(struct kt_detect_starts *to, const struct kt_detect_rule *r,
    uint32_t word)
{
	unsigned kinds = kinds_before(r);

	to->all |= word;
	for (enum kt_detect_kind of = 0; of < KT_DETECT_KINDS; of++)
		for (size_t c = 0; c < 256 && (kinds >> of & 1); c++)
			if (kt_detect_bytes_has(&r->begin[0], (char)c) &&
			    !(r->begins_word && of != KT_DETECT_MARK &&
			        kt_detect_is_word((char)c)))
				to->words[of][c] |= word;
}

void
kt_detect_starts_add(struct kt_detect_starts *to,
    const struct kt_detect_runs *runs, const struct kt_detect_set *on)
{
	for (size_t k = 0; k < runs->n; k++)
		if (kt_detect_rule_is_on(on, runs->rule[k]))
			add_starts(to, &runs->rules[runs->rule[k]],
			    (uint32_t)1 << (k >> 6));
}

enum kt_rc
kt_detect_runs_build(struct kt_detect_runs *runs,
    const struct kt_detect_rule *rules)
{
	size_t n;

	runs->rules = rules;
	/* Most bytes are letters, inside words, far from digits: so that the
	   other words of a set are hardly ever asked. */
	n = bring_forward(runs, 0, is_inner);
	n = bring_forward(runs, n, needs_no_digit);
	(void)bring_forward(runs, n, begins_with_letter);
	runs->words = (runs->n + 63) / 64;
	runs->sets = kt_alloc_array(runs->words, sizeof(*runs->sets));
	if (runs->sets == NULL && runs->words > 0)
		return KT_E_LIMIT;
	for (size_t k = 0; k < runs->n; k++)
		learn(runs, k);
	return KT_OK;
}

void
kt_detect_runs_fini(struct kt_detect_runs *runs)
{
	kt_free(runs->rule);
	kt_free(runs->sets);
}

/* Of these rules, those of whose bodies all is until what they need comes. */
static uint64_t
go_on(const struct kt_detect_sets *sets, uint64_t rules, const uint8_t *p,
    size_t room)
{
	uint64_t sure = rules & sets->by[0];

	rules &= ~sure;
	if (room > KT_DETECT_AHEAD)
		room = KT_DETECT_AHEAD;
	for (size_t i = 0; i < room && rules != 0; i++) {
		uint64_t has = rules & sets->needs[p[i]];

		sure |= has;
		rules &= sets->body[p[i]] & ~has;
		if (i + 1 < KT_DETECT_AHEAD)
			rules &= ~sets->by[i + 1];
	}
	return sure | rules;
}

uint64_t
kt_detect_runs_at(const struct kt_detect_runs *runs, size_t w, uint64_t wanted,
    struct kt_span text, size_t at)
{
	const struct kt_detect_sets *sets = &runs->sets[w];
	const uint8_t *p = (const uint8_t *)text.ptr + at;
	size_t room = text.len - at;
	size_t n = room < KT_DETECT_GLANCE ? room : KT_DETECT_GLANCE;
	uint64_t rules = wanted & sets->begin[0][*p];

	if (at > 0) {
		rules &= sets->before[p[-1]];
		if (kt_detect_is_word((char)*p) &&
		    kt_detect_is_word((char)p[-1]))
			rules &= sets->inner;
	}
	for (size_t i = 1; i < n && rules != 0; i++)
		rules &= sets->begin[i][p[i]];
	if (at == 0)
		rules |= wanted & sets->front;
	return rules != 0 ? go_on(sets, rules, p, room) : 0;
}
