/*
 * flow - decides while the text is still arriving.
 * SPDX-License-Identifier: Apache-2.0
 *
 * PCRE2's hard partial matching answers the one question that matters here:
 * whether an attempt looked at the end of what there is.  One that did not
 * has the result it would have in any longer text; one that did is open, and
 * the first open start is where the text is held.  So a step is: attempt
 * every start from the last hold on, for each rule, until one is open.
 * Starts below hold are settled for good and never looked at again.
 *
 * To know the few starts worth an attempt a step does not scan with
 * Vectorscan, which cannot see an unfinished match: it walks the index of
 * literals, which can, and asks the rules without a literal one by one, if a
 * byte that they can begin with is there at all.
 *
 * Where the span can only begin behind an open start (head.c), the text is
 * held from there, and the other rules go on up to there; the rule itself
 * stays behind and is asked again from that start on.
 *
 * Span and late rules are two lanes of the same walk; only the first one's
 * open starts hold text back.
 */
#include "detect/detect_priv.h"
#include "detect/flow_priv.h"

#define TAILS_MAX 8
#define BEHIND_MAX 48 /* as many as begin like one word: "pass" */

enum lane { LANE_SPAN, LANE_LATE, NLANES };

/* A span rule that is open at a start before from[]. */
struct behind {
	uint32_t rule, from;
};

struct kt_detect_flow {
	const struct kt_detect *db;
	const struct kt_detect_filter *filter;
	uint64_t total; /* bytes seen */
	uint64_t from[NLANES]; /* starts before it are settled */
	bool is_used[NLANES];
	bool is_failed, is_over;
	uint32_t keep_len; /* the last bytes seen */
	uint32_t words_len; /* of them, those of which words tells */
	uint64_t words[KT_DETECT_KEEP / 64 + 1];
	char keep[KT_DETECT_KEEP];
	struct {
		struct kt_finding f;
		uint64_t from;
		size_t slot; /* 1 + its place in this call's findings, or 0 */
	} tail[TAILS_MAX];
	size_t ntails;
	struct behind behind[BEHIND_MAX]; /* each rule once */
	size_t nbehind;
	/* Those in the lane: a bit per rule, and per rule of db->runs. */
	uint64_t in[NLANES][KT_DETECT_RUNS_WORDS];
	uint64_t runs[NLANES][KT_DETECT_RUNS_WORDS];
	/* Per rule: starts before it lie in a finding.  NULL: none had one. */
	uint32_t *next;
};

/* One slice: the kept bytes and new ones, one behind the other. */
struct step {
	struct kt_detect_flow *st;
	const struct kt_detect *db;
	struct kt_detect_scratch *s;
	struct kt_span text;
	uint64_t base; /* of text in the block */
	size_t hold; /* in text: where an open span can begin at the earliest */
	size_t words_len; /* bytes of text of which s->words tells */
	enum lane lane;
	bool is_end;
};

static inline bool
is_in_lane(const struct kt_detect_flow *st, enum lane lane, size_t i)
{
	return st->in[lane][i >> 6] >> (i & 63) & 1;
}

static void
choose_lane(struct kt_detect_flow *st, const struct kt_detect_set *enabled,
    const struct kt_detect_set *held, size_t i)
{
	enum kt_detect_when when = st->db->rules[i].def->when;
	enum lane lane = when == KT_DETECT_SPAN && kt_detect_rule_is_on(held, i)
	    ? LANE_SPAN
	    : LANE_LATE;

	if (when == KT_DETECT_BLOCK || !kt_detect_rule_is_on(enabled, i))
		return;
	st->is_used[lane] = true;
	st->in[lane][i >> 6] |= (uint64_t)1 << (i & 63);
}

static uint32_t
next_of(const struct kt_detect_flow *st, uint32_t i)
{
	return st->next == NULL ? 0 : st->next[i];
}

static enum kt_rc
set_next(struct kt_detect_flow *st, uint32_t i, uint32_t at)
{
	if (st->next == NULL)
		st->next = kt_alloc_array(st->db->n, sizeof(*st->next));
	if (st->next == NULL)
		return KT_E_LIMIT;
	st->next[i] = at;
	return KT_OK;
}

enum kt_rc
kt_detect_flow_new(struct kt_detect_flow **out, const struct kt_detect *db,
    const struct kt_detect_set *enabled, const struct kt_detect_set *held)
{
	struct kt_detect_flow *st;

	st = kt_alloc(sizeof(*st));
	*out = st;
	if (st == NULL)
		return KT_E_LIMIT;
	st->db = db;
	st->filter = enabled != NULL && enabled->filter != NULL
	    ? enabled->filter
	    : &db->filter;
	for (size_t i = 0; i < db->n; i++)
		choose_lane(st, enabled, held, i);
	for (enum lane lane = 0; lane < NLANES; lane++)
		for (size_t k = 0; k < db->runs.n; k++)
			if (is_in_lane(st, lane, db->runs.rule[k]))
				st->runs[lane][k >> 6] |= (uint64_t)1 << (k & 63);
	return KT_OK;
}

void
kt_detect_flow_free(struct kt_detect_flow **st)
{
	if (*st != NULL)
		kt_free((*st)->next);
	kt_free(*st);
	*st = NULL;
}

enum kt_rc
kt_detect_flow_fork(
    struct kt_detect_flow **out, const struct kt_detect_flow *of, uint64_t at)
{
	struct kt_detect_flow *st = kt_alloc(sizeof(*st));
	uint32_t cut = (uint32_t)(of->total - at);

	*out = st;
	if (st == NULL || at > of->total || cut > of->keep_len) {
		kt_detect_flow_free(out);
		return KT_E_LIMIT;
	}
	*st = *of;
	st->next = NULL;
	if (of->next != NULL && set_next(st, 0, 0) < 0) {
		kt_detect_flow_free(out);
		return KT_E_LIMIT;
	}
	if (of->next != NULL)
		memcpy(st->next, of->next, of->db->n * sizeof(*st->next));
	st->total = at;
	st->keep_len -= cut;
	if (st->words_len + KT_DETECT_OPENING > st->keep_len)
		st->words_len = 0; /* found again */
	for (enum lane lane = 0; lane < NLANES; lane++)
		if (st->from[lane] > at)
			st->from[lane] = at;
	for (size_t k = 0; k < st->ntails; k++)
		if (st->tail[k].f.end > at)
			st->tail[k].f.end = at;
	return KT_OK;
}

struct kt_span
kt_detect_flow_kept(const struct kt_detect_flow *st)
{
	return (struct kt_span){ st->keep, st->keep_len };
}

bool
kt_detect_flow_is_open(const struct kt_detect_flow *st)
{
	return st->ntails > 0;
}

/*
 * Follows the tail of f, which began at `from`, as far as there is text, and
 * tells f once per call however many slices the call had: slot says where.
 */
static enum kt_rc
follow_tail(struct step *t, struct kt_finding *f, uint64_t from, size_t slot)
{
	struct kt_detect_flow *st = t->st;
	uint64_t begin = from > t->base ? from - t->base : 0;
	bool is_over;
	size_t end = kt_detect_rule_tail(&t->db->rules[f->detector], t->text,
	    (size_t)begin, (size_t)(f->end - t->base), &is_over);
	enum kt_rc rc;

	f->end = t->base + end;
	f->is_open = !is_over && !t->is_end;
	rc = set_next(
	    st, f->detector, f->is_open ? UINT32_MAX : (uint32_t)f->end);
	if (slot > 0) {
		t->s->found[slot - 1] = *f;
	} else if (rc == KT_OK) {
		rc = kt_detect_scratch_add(t->s, f);
		slot = t->s->nfound;
	}
	if (rc < 0 || !f->is_open)
		return rc;
	if (st->ntails == TAILS_MAX)
		return KT_E_LIMIT;
	st->tail[st->ntails].f = *f;
	st->tail[st->ntails].from = from;
	st->tail[st->ntails++].slot = slot;
	return KT_OK;
}

static enum kt_rc
take(struct step *t, uint32_t i, const struct kt_detect_match *m)
{
	const struct kt_detect_rule *r = &t->db->rules[i];
	struct kt_finding f = { .detector = i,
		.start = t->base + m->span_start,
		.end = t->base + m->span_end };

	if (!kt_detect_rule_accepts(
	        r, (struct kt_span){ 0 }, t->text, m, &f.confidence_pm))
		return KT_OK;
	if (r->has_tail) {
		f.end = t->base + m->end;
		return follow_tail(t, &f, f.end, 0);
	}
	if (set_next(t->st, i, (uint32_t)(t->base + m->end)) < 0)
		return KT_E_LIMIT;
	return kt_detect_scratch_add(t->s, &f);
}

static bool
is_behind(const struct kt_detect_flow *st, uint32_t i)
{
	for (size_t k = 0; k < st->nbehind; k++)
		if (st->behind[k].rule == i)
			return true;
	return false;
}

/* False: there is no room for one more. */
static bool
stay_behind(struct step *t, uint32_t i, size_t start)
{
	struct kt_detect_flow *st = t->st;

	if (st->nbehind == BEHIND_MAX || t->text.len - start > KT_HOLD_MAX)
		return false;
	st->behind[st->nbehind++] =
	    (struct behind){ i, (uint32_t)(t->base + start) };
	return true;
}

/* Rule i is open at start; true when starts behind it matter as well. */
static bool
hold_for(struct step *t, uint32_t i, size_t start, bool *is_open)
{
	size_t from = start;

	if (t->lane == LANE_SPAN)
		from = kt_detect_head_end(
		    &t->db->rules[i], t->s, t->text, start);
	if (from > start && !*is_open && !stay_behind(t, i, start))
		from = start;
	*is_open = true;
	if (from < t->hold)
		t->hold = from;
	return from > start;
}

/*
 * Without a word of its context a match is none, whatever comes.  False when
 * it needs none, or may stand alone.
 */
static bool
is_hopeless(struct step *t, const struct kt_detect_rule *r, size_t at)
{
	if (!r->def->is_context_required || r->def->ncontext == 0 ||
	    (r->def->is_alone_enough && t->is_end && t->base + at == 0))
		return false;
	if (t->words_len < t->text.len)
		kt_detect_words_find(t->s->words, &t->st->filter->openings,
		    t->text, t->words_len);
	t->words_len = t->text.len;
	return kt_detect_rule_is_alien(r, t->s->words, t->text, at);
}

/* The end is so near that no match fits before it, and all that there is can
   be the begin of one: PCRE2 would nearly always say that it is open. */
static bool
is_cut(const struct step *t, const struct kt_detect_rule *r, size_t at)
{
	size_t room = t->text.len - at;

	return !t->is_end && room < KT_DETECT_GLANCE && room < r->min_width &&
	    r->head == NULL;
}

/*
 * Rule i at a start where it may begin; an open one lowers the hold.  Behind
 * an open start nothing is decided: what matches there only lowers the hold.
 * *is_held: the text is held from here, and starts behind it do not matter.
 */
static enum kt_rc
settle_start(
    struct step *t, uint32_t i, size_t at, bool *is_open, bool *is_held)
{
	const struct kt_detect_rule *r = &t->db->rules[i];
	struct kt_detect_match m;

	if (next_of(t->st, i) > t->base + at || is_hopeless(t, r, at))
		return KT_OK;
	switch (is_cut(t, r, at) ? KT_DETECT_ATTEMPT_OPEN
	                         : kt_detect_rule_ask(r, t->s, t->text, at,
	                               t->is_end, &m)) {
	case KT_DETECT_ATTEMPT_MISS:
		return KT_OK;
	case KT_DETECT_ATTEMPT_OPEN:
		*is_held = !hold_for(t, i, at, is_open);
		return KT_OK;
	case KT_DETECT_ATTEMPT_HIT:
		m.is_alone = t->is_end && t->base == 0 && m.start == 0 &&
		    m.end == t->text.len;
		if (!*is_open)
			return take(t, i, &m);
		if (m.span_start < t->hold)
			t->hold = m.span_start;
		return KT_OK;
	case KT_DETECT_ATTEMPT_ERROR:
		break;
	}
	return KT_E_ENGINE;
}

/* Rule i at the starts [from, last]. */
static enum kt_rc
settle(struct step *t, uint32_t i, size_t from, size_t last)
{
	bool is_open = is_behind(t->st, i), is_held = false;
	enum kt_rc rc = KT_OK;

	for (; from <= last && !is_held && rc == KT_OK; from++)
		if (kt_detect_rule_may_begin(
		        &t->db->rules[i], t->text, from))
			rc = settle_start(t, i, from, &is_open, &is_held);
	return rc;
}

/* Brings those that stayed behind to where the others are, or leaves them. */
static enum kt_rc
settle_behind(struct step *t, size_t from)
{
	struct kt_detect_flow *st = t->st;
	struct behind was[BEHIND_MAX];
	size_t n = st->nbehind;
	enum kt_rc rc = KT_OK;

	if (t->lane != LANE_SPAN)
		return KT_OK;
	memcpy(was, st->behind, n * sizeof(*was));
	st->nbehind = 0;
	for (size_t k = 0; k < n && rc == KT_OK; k++)
		if (was[k].from < t->base + from)
			rc = settle(t, was[k].rule,
			    (size_t)(was[k].from - t->base), from - 1);
	return rc;
}

static bool
is_inside_word(struct kt_span text, size_t at)
{
	return at > 0 && kt_detect_is_word(text.ptr[at - 1]);
}

/*
 * Rule i, of which the text ends inside a literal at `at`.  True when that
 * is all there is to say: no byte of a span is there yet, so it waits.
 */
static bool
waits(struct step *t, uint32_t i, size_t at)
{
	const struct kt_detect_rule *r = &t->db->rules[i];

	if (t->lane != LANE_SPAN || r->head == NULL ||
	    t->text.len - at > r->head_min)
		return false;
	return next_of(t->st, i) > t->base + at || is_behind(t->st, i) ||
	    stay_behind(t, i, at);
}

/* Several literals of a rule can begin with the same bytes: once for all. */
static enum kt_rc
settle_hit(struct step *t, const struct kt_detect_hit *hit)
{
	bool is_inside = is_inside_word(t->text, hit->at);
	uint32_t last = UINT32_MAX;
	enum kt_rc rc = KT_OK;

	for (uint32_t i = hit->lo; i < hit->hi && rc == KT_OK; i++) {
		const struct kt_detect_literal *lit = &hit->ix->lit[i];

		if (lit->rule == last || (is_inside && lit->is_word) ||
		    !is_in_lane(t->st, t->lane, lit->rule))
			continue;
		last = lit->rule;
		if (!hit->is_cut || !waits(t, lit->rule, hit->at))
			rc = settle(t, lit->rule, hit->at, hit->at);
	}
	return rc;
}

static enum kt_rc
settle_hits(struct step *t, size_t from)
{
	enum kt_rc rc = KT_OK;

	for (size_t k = 0; k < t->s->nhits && rc == KT_OK; k++)
		if (t->s->hits[k].at >= from && t->s->hits[k].at < t->hold)
			rc = settle_hit(t, &t->s->hits[k]);
	return rc;
}

static inline uint8_t
byte_at(const struct kt_detect_index *ix, struct kt_span text, size_t at)
{
	uint8_t c = (uint8_t)text.ptr[at];

	return ix->is_folded && c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static enum kt_rc
add_hit(struct step *t, struct kt_detect_hit hit)
{
	struct kt_detect_scratch *s = t->s;
	void *v = s->hits;

	if (kt_grow(&v, &s->hits_cap, s->nhits + 1, sizeof(hit)) < 0)
		return KT_E_LIMIT;
	s->hits = v;
	s->hits[s->nhits++] = hit;
	return KT_OK;
}

/* All literals that start at `start`, or could, were there more text. */
static enum kt_rc
walk(struct step *t, const struct kt_detect_index *ix, size_t start)
{
	const struct kt_detect_node *n =
	    &ix->node[ix->root[(uint8_t)t->text.ptr[start]]];
	struct kt_detect_hit hit = { .ix = ix, .at = (uint32_t)start };

	for (size_t at = start + 1;; at++) {
		const uint8_t *byte, *end;
		uint8_t c;

		hit.lo = n->lo;
		hit.hi = n->term;
		if (hit.lo < hit.hi && add_hit(t, hit) < 0)
			return KT_E_LIMIT;
		if (at == t->text.len) { /* a literal is cut by the end */
			hit.lo = n->term;
			hit.hi = n->hi;
			hit.is_cut = true;
			return t->is_end ? KT_OK : add_hit(t, hit);
		}
		c = byte_at(ix, t->text, at);
		byte = ix->byte + n->child;
		for (end = byte + n->nchild; byte < end && *byte < c; byte++)
			;
		if (byte == end || *byte != c)
			return KT_OK;
		n = &ix->node[byte - ix->byte];
	}
}

/* Where the rules that are in no index can begin, of these words of a set. */
static enum kt_rc
add_spots(struct step *t, size_t at, size_t digit, uint32_t words)
{
	struct kt_detect_scratch *s = t->s;

	for (; words != 0; words &= words - 1) {
		uint32_t w = (uint32_t)__builtin_ctz(words);
		uint64_t rules = (t->st->runs[LANE_SPAN][w] |
		                     t->st->runs[LANE_LATE][w]) &
		    kt_detect_runs_near(&t->db->runs, w, at, digit);
		void *v = s->spots;

		if (rules != 0)
			rules = kt_detect_runs_at(
			    &t->db->runs, w, rules, t->text, at);
		if (rules == 0)
			continue;
		if (kt_grow(&v, &s->spots_cap, s->nspots + 1,
		        sizeof(*s->spots)) < 0)
			return KT_E_LIMIT;
		s->spots = v;
		s->spots[s->nspots++] =
		    (struct kt_detect_spot){ (uint32_t)at, w, rules };
	}
	return KT_OK;
}

static enum kt_rc
walk_both(struct step *t, size_t at, bool is_inside)
{
	const struct kt_detect_index *both[] = { &t->db->exact, &t->db->folded };
	struct kt_span rest = { t->text.ptr + at, t->text.len - at };
	enum kt_rc rc = KT_OK;

	if (!kt_detect_pairs_may(
	        &t->st->filter->pairs, rest.ptr, rest.len, is_inside))
		return KT_OK;
	for (size_t i = 0; i < KT_NELEMS(both) && rc == KT_OK; i++)
		if (kt_detect_pairs_may(
		        &both[i]->pairs, rest.ptr, rest.len, is_inside))
			rc = walk(t, both[i], at);
	return rc;
}

/* Where any rule can begin. */
static enum kt_rc
walk_all(struct step *t, size_t from)
{
	const struct kt_detect_starts *starts = &t->st->filter->starts;
	enum kt_detect_kind behind =
	    from > 0 ? kt_detect_kind(t->text.ptr[from - 1]) : KT_DETECT_MARK;
	size_t digit = kt_detect_next_digit(t->text, from);
	enum kt_rc rc = KT_OK;

	for (; from < t->text.len && rc == KT_OK; from++) {
		uint32_t words =
		    kt_detect_starts_at(starts, t->text, from, behind);

		rc = walk_both(t, from, behind != KT_DETECT_MARK);
		if (digit < from)
			digit = kt_detect_next_digit(t->text, from);
		if (rc == KT_OK && words != 0)
			rc = add_spots(t, from, digit, words);
		behind = kt_detect_kind(t->text.ptr[from]);
	}
	return rc;
}

/* For all lanes at once. */
static enum kt_rc
find_starts(struct step *t)
{
	uint64_t from = UINT64_MAX;

	t->s->nhits = t->s->nspots = 0;
	for (enum lane lane = 0; lane < NLANES; lane++)
		if (t->st->is_used[lane] && t->st->from[lane] < from)
			from = t->st->from[lane];
	if (from == UINT64_MAX)
		return KT_OK;
	return walk_all(t, (size_t)(from - t->base));
}

static enum kt_rc
settle_spots(struct step *t, size_t from)
{
	enum kt_rc rc = KT_OK;

	for (size_t k = 0; k < t->s->nspots && rc == KT_OK; k++) {
		struct kt_detect_spot s = t->s->spots[k];

		if (s.at < from || s.at >= t->hold)
			continue;
		s.rules &= t->st->runs[t->lane][s.w];
		for (; s.rules != 0 && rc == KT_OK; s.rules &= s.rules - 1) {
			uint32_t i = t->db->runs.rule[s.w * 64 +
			    (size_t)__builtin_ctzll(s.rules)];
			bool is_open = is_behind(t->st, i), is_held;

			rc = settle_start(t, i, s.at, &is_open, &is_held);
		}
	}
	return rc;
}

static enum kt_rc
run_lane(struct step *t, enum lane lane)
{
	size_t from = (size_t)(t->st->from[lane] - t->base);
	enum kt_rc rc;

	t->lane = lane;
	t->hold = t->text.len;
	if (!t->st->is_used[lane])
		goto out;
	if ((rc = settle_behind(t, from)) < 0 ||
	    (rc = settle_hits(t, from)) < 0 ||
	    (rc = settle_spots(t, from)) < 0)
		return rc;
	/* Proofs at load say that this cannot be; trust them only so far. */
	if (t->text.len - t->hold > KT_HOLD_MAX || t->hold < from)
		return KT_E_LIMIT;
out:
	t->st->from[lane] = t->base + t->hold;
	return KT_OK;
}

static enum kt_rc
follow_open_tails(struct step *t)
{
	struct kt_detect_flow *st = t->st;
	size_t n = st->ntails;
	enum kt_rc rc;

	st->ntails = 0; /* those still open are put back, in order */
	for (size_t k = 0; k < n; k++) {
		struct kt_finding f = st->tail[k].f;

		rc = follow_tail(t, &f, st->tail[k].from, st->tail[k].slot);
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

/* What of it can still be looked back at. */
static void
keep_words(struct step *t, size_t dropped)
{
	struct kt_detect_flow *st = t->st;
	const uint64_t *at = t->s->words + dropped / 64;
	size_t known = t->words_len, sure = t->text.len > KT_DETECT_OPENING
	    ? t->text.len - KT_DETECT_OPENING
	    : 0;

	known = known < sure ? known : sure;
	st->words_len = known > dropped ? (uint32_t)(known - dropped) : 0;
	for (size_t i = 0; i * 64 < st->words_len; i++)
		st->words[i] = dropped % 64 == 0 ? at[i]
		    : at[i] >> dropped % 64 | at[i + 1] << (64 - dropped % 64);
}

static void
keep(struct step *t)
{
	struct kt_detect_flow *st = t->st;
	size_t len = t->text.len, n = len < KT_DETECT_KEEP ? len
	                                                  : KT_DETECT_KEEP;

	st->keep_len = (uint32_t)n;
	memcpy(st->keep, t->text.ptr + len - n, n);
	keep_words(t, len - n);
}

static enum kt_rc
run_slice(struct kt_detect_flow *st, struct kt_detect_scratch *s,
    struct kt_span delta, bool is_end)
{
	struct step t = { .st = st, .db = st->db, .s = s,
		.words_len = st->words_len, .is_end = is_end };
	size_t len = st->keep_len + delta.len;
	enum kt_rc rc;

	memcpy(s->work, st->keep, st->keep_len);
	if (delta.len > 0)
		memcpy(s->work + st->keep_len, delta.ptr, delta.len);
	t.text = (struct kt_span){ s->work, len };
	t.base = st->total - st->keep_len;
	memcpy(s->words, st->words, sizeof(st->words));
	st->total += delta.len;
	if ((rc = follow_open_tails(&t)) < 0 ||
	    (rc = find_starts(&t)) < 0)
		return rc;
	for (enum lane lane = 0; lane < NLANES; lane++)
		if ((rc = run_lane(&t, lane)) < 0)
			return rc;
	keep(&t);
	return KT_OK;
}

static enum kt_rc
fail(struct kt_detect_flow *st, enum kt_rc rc)
{
	st->is_failed = true;
	return rc;
}

static void
begin(struct kt_detect_flow *st, struct kt_detect_scratch *s,
    struct kt_detect_step *out)
{
	*out = (struct kt_detect_step){ .hold = st->from[LANE_SPAN] };
	for (size_t i = 0; i < st->ntails; i++)
		st->tail[i].slot = 0;
	s->nfound = 0;
	if (st->is_over)
		KT_BUG("a stream fed behind its end");
}

static void
tell(const struct kt_detect_flow *st, struct kt_detect_scratch *s,
    struct kt_detect_step *out)
{
	kt_detect_sort(s->found, s->nfound);
	out->findings = (struct kt_findings){ s->found, s->nfound };
	out->hold = st->from[LANE_SPAN];
}

enum kt_rc
kt_detect_flow_feed(struct kt_detect_flow *st, struct kt_detect_scratch *s,
    struct kt_span delta, struct kt_detect_step *out)
{
	enum kt_rc rc = KT_OK;

	begin(st, s, out);
	if (st->is_failed)
		return KT_E_ENGINE;
	if (delta.len >= UINT32_MAX - st->total)
		return fail(st, KT_E_LIMIT);
	while (delta.len > 0 && rc == KT_OK) {
		size_t n =
		    delta.len < KT_DETECT_SLICE ? delta.len : KT_DETECT_SLICE;

		rc = run_slice(st, s, kt_span_sub(delta, 0, n), false);
		delta.ptr += n;
		delta.len -= n;
	}
	if (rc < 0)
		return fail(st, rc);
	tell(st, s, out);
	return KT_OK;
}

enum kt_rc
kt_detect_flow_end(struct kt_detect_flow *st, struct kt_detect_scratch *s,
    struct kt_detect_step *out)
{
	enum kt_rc rc;

	begin(st, s, out);
	if (st->is_failed)
		return KT_E_ENGINE;
	rc = run_slice(st, s, (struct kt_span){ 0 }, true);
	if (rc < 0)
		return fail(st, rc);
	st->is_over = true;
	tell(st, s, out);
	return KT_OK;
}

uint64_t
kt_detect_flow_hold(const struct kt_detect_flow *st)
{
	return st->from[LANE_SPAN];
}

uint64_t
kt_detect_flow_length(const struct kt_detect_flow *st)
{
	return st->total;
}
