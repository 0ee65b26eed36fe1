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
	struct kt_span text;
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

	if (!kt_detect_rule_accepts(r, p->text, m, &f.confidence_pm)) {
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
	const struct kt_detect_rule *r = &p->db->rules[id];
	size_t end = (size_t)to, start, last;

	(void)from, (void)flags; /* no start of match was asked for */
	if (!kt_detect_rule_is_on(p->enabled, id) || end < r->slack)
		return 0;
	last = end - r->slack;
	if (last < p->s->next[id])
		return 0;
	start = end > r->reach ? end - r->reach : 0;
	if (start < p->s->next[id])
		start = (size_t)p->s->next[id];
	p->rc = settle(p, id, start, last);
	return p->rc < 0;
}

enum kt_rc
kt_detect_scan(const struct kt_detect *db, struct kt_detect_scratch *s,
    struct kt_span text, const struct kt_detect_set *enabled,
    struct kt_findings *out)
{
	struct pass p = { .db = db, .s = s, .enabled = enabled, .text = text };

	*out = (struct kt_findings){ 0 };
	s->nfound = 0;
	if (db->n == 0 || text.len == 0)
		return KT_OK;
	if (text.len > UINT32_MAX)
		return KT_E_LIMIT;
	if (s->next_cap < db->n)
		KT_BUG("a scratch that was not grown to its database");
	memset(s->next, 0, db->n * sizeof(*s->next));
	for (size_t i = 0; i < db->nhs; i++) {
		if (kt_detect_scratch_trips(s))
			return KT_E_ENGINE;
		/* Stopped by on_match: p.rc says why. */
		if (hs_scan(db->hs[i], text.ptr, (unsigned)text.len, 0, s->hs,
			on_match, &p) != HS_SUCCESS)
			return p.rc < 0 ? p.rc : KT_E_ENGINE;
	}
	kt_detect_sort(s->found, s->nfound);
	*out = (struct kt_findings){ .v = s->found, .n = s->nfound };
	return KT_OK;
}
