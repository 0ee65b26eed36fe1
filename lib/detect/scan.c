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
	struct kt_span label, text;
	size_t base; /* of the window at hand */
	enum kt_rc rc;
};

/* Digits end here: the text around is looked at once more, for numbers. */
static enum kt_rc
note_number(struct pass *p, size_t at)
{
	struct kt_detect_scratch *s = p->s;
	size_t reach = p->db->number_reach;
	size_t from = at > reach ? at - reach : 0;
	size_t to = p->text.len - at > reach ? at + reach : p->text.len;
	void *v = s->window;

	if (s->nwindows > 0 && from <= s->window[s->nwindows - 1].to) {
		s->window[s->nwindows - 1].to = to;
		return KT_OK;
	}
	if (kt_grow(&v, &s->windows_cap, s->nwindows + 1, sizeof(*s->window)) <
	    0)
		return KT_E_LIMIT;
	s->window = v;
	s->window[s->nwindows++] =
	    (struct kt_detect_window){ .from = from, .to = to };
	return KT_OK;
}

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
			m.is_alone = m.start == 0 && m.end == p->text.len;
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
	if (id == KT_DETECT_NUMBER) {
		p->rc = note_number(p, end);
		return p->rc < 0;
	}
	r = &p->db->rules[id];
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

/* What identifies a person, in a text that also speaks of something else. */
static enum kt_rc
join(struct pass *p, uint32_t i)
{
	const struct kt_detect_rule *rules = p->db->rules;
	const struct kt_detector *d = rules[i].def;
	struct kt_detect_scratch *s = p->s;
	size_t n = s->nfound;
	bool is_beside = false;
	enum kt_rc rc = KT_OK;

	for (size_t k = 0; k < n && !is_beside; k++)
		is_beside =
		    strcmp(rules[s->found[k].detector].def->group, d->beside) ==
		    0;
	for (size_t k = 0; k < n && is_beside && rc == KT_OK; k++) {
		struct kt_finding f = s->found[k];

		if (rules[f.detector].def->class != KT_CLASS_PII)
			continue;
		f.detector = i;
		f.confidence_pm = d->confidence_pm;
		rc = kt_detect_scratch_add(s, &f);
	}
	return rc;
}

static enum kt_rc
search(struct pass *p, const hs_database_t *hs, size_t from, size_t to)
{
	if (kt_detect_scratch_trips(p->s))
		return KT_E_ENGINE;
	p->base = from;
	/* Stopped by on_match: p->rc says why. */
	if (hs_scan(hs, p->text.ptr + from, (unsigned)(to - from), 0, p->s->hs,
		on_match, p) != HS_SUCCESS)
		return p->rc < 0 ? p->rc : KT_E_ENGINE;
	return KT_OK;
}

enum kt_rc
kt_detect_scan_labelled(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span label, struct kt_span text,
    const struct kt_detect_set *enabled, struct kt_findings *out)
{
	struct pass p = { .db = db, .s = s, .enabled = enabled,
		.label = label, .text = text };
	enum kt_rc rc = KT_OK;

	*out = (struct kt_findings){ 0 };
	s->nfound = 0;
	if (db->n == 0 || text.len == 0)
		return KT_OK;
	if (text.len > UINT32_MAX)
		return KT_E_LIMIT;
	if (s->next_cap < db->n)
		KT_BUG("a scratch that was not grown to its database");
	memset(s->next, 0, db->n * sizeof(*s->next));
	s->nwindows = 0;
	for (size_t i = 0; i < db->nhs && rc == KT_OK; i++)
		rc = search(&p, db->hs[i], 0, text.len);
	for (size_t i = 0; i < s->nwindows && rc == KT_OK; i++)
		rc = search(
		    &p, db->numbers, s->window[i].from, s->window[i].to);
	if (rc == KT_OK)
		rc = kt_detect_models_scan(db, s, enabled, text);
	for (size_t i = 0; i < db->njoins && rc == KT_OK; i++)
		if (kt_detect_rule_is_on(enabled, db->joins[i]))
			rc = join(&p, db->joins[i]);
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
