/*
 * scan - the findings of a whole text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Vectorscan calls back with the end of every match of every rule.  Each rule
 * remembers up to where its starts are settled, so that however many ends
 * are reported, each start is attempted at most once per rule: that is what
 * keeps hostile texts linear.
 */
#include "detect/detect_priv.h"

struct pass {
	const struct kt_detect *db;
	struct kt_detect_scratch *s;
	const struct kt_detect_set *enabled;
	/* label: only what is not written in front of text. */
	struct kt_span label, text;
	size_t from, to; /* what was given, in text: a member has more */
	bool is_named; /* by something that is not the context of a rule */
	size_t base; /* of the window at hand */
	enum kt_rc rc;
};

/* A match: a finding or not, and where the search of its rule goes on. */
static enum kt_rc
take(struct pass *p, uint32_t i, const struct kt_detect_match *m)
{
	const struct kt_detect_rule *r = &p->db->rules[i];
	struct kt_finding f = {
		.start = m->span_start, .end = m->span_end, .detector = i
	};
	bool is_over;
	size_t end;

	if (!kt_detect_rule_accepts(
	        r, p->label, p->text, m, &f.confidence_pm)) {
		p->s->next[i] = m->start + 1;
		return KT_OK;
	}
	p->s->next[i] = m->end;
	if (r->has_tail) {
		end = kt_detect_rule_tail(r, p->text, m->end, m->end, &is_over);
		f.end = end;
		p->s->next[i] = end;
	}
	return kt_detect_scratch_add(p->s, &f);
}

/* All starts of rule i in [next, last] are settled. */
static enum kt_rc
settle(struct pass *p, uint32_t i, size_t from, size_t last)
{
	const struct kt_detect_rule *r = &p->db->rules[i];
	struct kt_detect_match m;
	enum kt_rc rc;

	for (; from <= last; from = p->s->next[i]) {
		switch (kt_detect_rule_attempt(
		    r, p->s, p->text, from, last, true, &m)) {
		case KT_DETECT_ATTEMPT_HIT:
			m.is_alone = !p->is_named && m.start == p->from &&
			    m.end == p->to;
			if ((rc = take(p, i, &m)) < 0)
				return rc;
			break;
		case KT_DETECT_ATTEMPT_MISS:
			p->s->next[i] = last + 1;
			return KT_OK;
		case KT_DETECT_ATTEMPT_OPEN:
		case KT_DETECT_ATTEMPT_ERROR:
			return KT_E_ENGINE;
		}
	}
	return KT_OK;
}

static int
on_match(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *arg)
{
	struct pass *p = arg;
	const struct kt_detect_rule *r;
	size_t end = p->base + (size_t)to, start, last;

	(void)from, (void)flags; /* no start of match was asked for */
	r = &p->db->rules[id];
	if (!kt_detect_rule_is_on(p->enabled, id) || end < r->slack)
		return 0;
	if (!r->is_near) {
		last = end - r->slack;
		start = end > r->reach ? end - r->reach : 0;
	} else if (!kt_detect_near_starts(r, p->text, end, &start, &last)) {
		return 0;
	}
	if (start < p->s->next[id])
		start = (size_t)p->s->next[id];
	p->rc = settle(p, id, start, last);
	return p->rc < 0;
}

/* A word of the label: a match may stand near the begin of the text. */
static int
on_label(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *arg)
{
	struct pass *p = arg;
	size_t last;

	(void)from, (void)to, (void)flags; /* that it is there is enough */
	if (!p->db->rules[id].is_near || !kt_detect_rule_is_on(p->enabled, id))
		return 0;
	last = p->db->rules[id].context_bytes - 1;
	if (last >= p->text.len)
		last = p->text.len - 1;
	p->rc = settle(p, id, (size_t)p->s->next[id], last);
	return p->rc < 0;
}

/* Of those that are looked for near words, numbers or the others: what may
   be all of the text, for that needs no word. */
static enum kt_rc
settle_alone(struct pass *p, bool is_number)
{
	struct kt_span all = kt_span_sub(p->text, p->from, p->to - p->from);
	struct kt_detect_bytes there = { { 0 } };
	enum kt_rc rc = KT_OK;

	if (all.len > p->db->alone_max)
		return KT_OK;
	for (size_t i = 0; i < all.len; i++)
		kt_detect_bytes_add(&there, all.ptr[i]);
	for (size_t k = 0; k < p->db->nnears && rc == KT_OK; k++) {
		uint32_t i = p->db->nears[k];
		const struct kt_detect_rule *r = &p->db->rules[i];

		if (r->is_gated == is_number &&
		    kt_detect_rule_is_on(p->enabled, i) &&
		    kt_detect_near_alone(r, all, &there))
			rc = settle(p, i, p->from, p->from);
	}
	return rc;
}

static enum kt_rc
search(struct pass *p, const hs_database_t *hs, struct kt_span in,
    match_event_handler on)
{
	if (kt_detect_scratch_trips(p->s))
		return KT_E_ENGINE;
	/* Stopped by the handler: p->rc says why. */
	if (hs_scan(hs, in.ptr, (unsigned)in.len, 0, p->s->hs, on, p) !=
	    HS_SUCCESS)
		return p->rc < 0 ? p->rc : KT_E_ENGINE;
	return KT_OK;
}

static enum kt_rc
search_label(struct pass *p, const hs_database_t *hs)
{
	if (p->label.len == 0 || p->db->nnears == 0)
		return KT_OK;
	return search(p, hs, p->label, on_label);
}

static enum kt_rc
search_numbers(struct pass *p)
{
	struct kt_detect_scratch *s = p->s;
	enum kt_rc rc;

	if (p->db->numbers == NULL)
		return KT_OK;
	rc = kt_detect_number_windows(p->db, s, p->text);
	if (rc < 0 || s->nwindows == 0)
		return rc;
	rc = settle_alone(p, true);
	if (rc == KT_OK)
		rc = search_label(p, p->db->numbers);
	for (size_t i = 0; i < s->nwindows && rc == KT_OK; i++) {
		p->base = s->window[i].from;
		rc = search(p, p->db->numbers,
		    kt_span_sub(p->text, p->base, s->window[i].to - p->base),
		    on_match);
	}
	return rc;
}

/* What members are called that say nothing about their values. */
static bool
is_name_of_anything(struct kt_span label)
{
	static const char *const words[] = { "text", "content", "value",
		"input", "data", "body", "message", "query", "arguments",
		"output", "result", "prompt", "values", "items", "args" };

	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (kt_span_caseeq(label, kt_span_of(words[i])))
			return true;
	return false;
}

/* A short text that has a name is searched as JSON would write it. */
static void
write_member(struct pass *p)
{
	struct kt_detect_scratch *s = p->s;
	char *to = s->member;

	p->is_named = p->label.len > 0 && !is_name_of_anything(p->label);
	if (!p->is_named ||
	    p->label.len + p->text.len + 6 > sizeof(s->member))
		return;
	*to++ = '"';
	memcpy(to, p->label.ptr, p->label.len);
	to += p->label.len;
	memcpy(to, "\": \"", 4);
	to += 4;
	p->from = (size_t)(to - s->member);
	p->to = p->from + p->text.len;
	memcpy(to, p->text.ptr, p->text.len);
	to[p->text.len] = '"';
	p->text = (struct kt_span){ s->member, p->to + 1 };
	p->label = (struct kt_span){ 0 };
}

/* Findings in the value, where it was; what is in its name only is none. */
static void
read_member(struct pass *p)
{
	struct kt_detect_scratch *s = p->s;
	size_t kept = 0;

	for (size_t i = 0; i < s->nfound && p->from > 0; i++) {
		struct kt_finding f = s->found[i];

		if (f.end <= p->from || f.start >= p->to)
			continue;
		f.start = f.start > p->from ? f.start - p->from : 0;
		f.end = (f.end < p->to ? f.end : p->to) - p->from;
		s->found[kept++] = f;
	}
	if (p->from > 0)
		s->nfound = kept;
}

static enum kt_rc
search_patterns(struct pass *p)
{
	const struct kt_detect *db = p->db;
	enum kt_rc rc = settle_alone(p, false);

	for (size_t i = 0; i < db->nhs && rc == KT_OK; i++) {
		rc = search_label(p, db->hs[i]);
		if (rc == KT_OK)
			rc = search(p, db->hs[i], p->text, on_match);
	}
	return rc == KT_OK ? search_numbers(p) : rc;
}

enum kt_rc
kt_detect_scan_labelled(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span label, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out)
{
	struct pass p = { .db = db, .s = s, .enabled = enabled,
		.label = label, .text = text, .to = text.len };
	enum kt_rc rc;

	*out = (struct kt_findings){ 0 };
	s->nfound = 0;
	if (db->n == 0 || text.len == 0)
		return KT_OK;
	if (text.len > UINT32_MAX)
		return KT_E_LIMIT;
	if (s->next_cap < db->n)
		KT_BUG("a scratch that was not grown to its database");
	memset(s->next, 0, db->n * sizeof(*s->next));
	write_member(&p);
	rc = search_patterns(&p);
	read_member(&p);
	if (rc == KT_OK)
		rc = kt_detect_models_scan(db, s, enabled, text);
	if (rc == KT_OK)
		rc = kt_detect_joins_scan(db, s, enabled, text);
	if (rc < 0)
		return rc;
	kt_detect_sort(s->found, s->nfound);
	*out = (struct kt_findings){ .v = s->found, .n = s->nfound };
	return KT_OK;
}

enum kt_rc
kt_detect_scan(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span text, const struct kt_detect_set *enabled,
    struct kt_findings *out)
{
	return kt_detect_scan_labelled(
	    db, s, (struct kt_span){ 0 }, text, enabled, out);
}
