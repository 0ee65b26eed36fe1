/*
 * set - which detectors are on, and findings in order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The order of findings is total (start, end, detector), so that equal
 * inputs give equal records whatever the C library does with ties.
 */
#include <stdlib.h>

#include "detect/detect_priv.h"
#include "detect/stream.h"

enum kt_rc
kt_detect_set_init(struct kt_detect_set *set, const struct kt_detect *db)
{
	set->n = db->n;
	set->filter = NULL;
	set->bits = kt_alloc_array((db->n + 63) / 64, sizeof(*set->bits));
	return set->bits != NULL ? KT_OK : KT_E_LIMIT;
}

void
kt_detect_set_fini(struct kt_detect_set *set)
{
	kt_free(set->filter);
	kt_free(set->bits);
	set->filter = NULL;
	set->bits = NULL;
	set->n = 0;
}

void
kt_detect_set_add(struct kt_detect_set *set, size_t i)
{
	if (i >= set->n || set->filter != NULL)
		KT_BUG("a detector that is not in the set's database, or late");
	set->bits[i >> 6] |= (uint64_t)1 << (i & 63);
}

bool
kt_detect_set_has(const struct kt_detect_set *set, size_t i)
{
	return i < set->n && kt_detect_rule_is_on(set, i);
}

static bool
is_word(const char *word, struct kt_span name)
{
	return word != NULL && kt_span_eq(kt_span_of(word), name);
}

bool
kt_detect_is_called(const struct kt_detector *d, struct kt_span name)
{
	return is_word(d->id, name) || is_word(d->group, name) ||
	    is_word(d->entity, name);
}

bool
kt_detect_set_add_named(
    struct kt_detect_set *set, const struct kt_detect *db, struct kt_span name)
{
	bool any = false;

	for (size_t i = 0; i < db->n; i++) {
		if (kt_detect_is_called(db->rules[i].def, name)) {
			kt_detect_set_add(set, i);
			any = true;
		}
	}
	return any;
}

bool
kt_detect_needs_block(
    const struct kt_detect *db, const struct kt_detect_set *enabled)
{
	for (size_t i = 0; i < db->n; i++)
		if (db->rules[i].def->when == KT_DETECT_BLOCK &&
		    kt_detect_rule_is_on(enabled, i))
			return true;
	return false;
}

enum kt_rc
kt_detect_scratch_add(struct kt_detect_scratch *s, const struct kt_finding *f)
{
	void *p = s->found;

	if (s->nfound == KT_FINDINGS_MAX)
		return KT_E_LIMIT;
	if (kt_grow(&p, &s->found_cap, s->nfound + 1, sizeof(*s->found)) < 0)
		return KT_E_LIMIT;
	s->found = p;
	s->found[s->nfound++] = *f;
	return KT_OK;
}

static int
in_order(const void *x, const void *y)
{
	const struct kt_finding *a = x, *b = y;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return a->detector < b->detector ? -1 : a->detector > b->detector;
}

void
kt_detect_sort(struct kt_finding *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), in_order);
}

/* Does b name the merged span better than a? */
static bool
is_better(const struct kt_detect *db, const struct kt_finding *a,
    const struct kt_finding *b)
{
	uint64_t wa = a->end - a->start, wb = b->end - b->start;

	if (wa != wb)
		return wb > wa;
	return kt_detect_def(db, b->detector)->class >
	    kt_detect_def(db, a->detector)->class;
}

size_t
kt_findings_merge(const struct kt_detect *db, struct kt_finding *v, size_t n)
{
	size_t out = 0;
	struct kt_finding best = { 0 };

	for (size_t i = 0; i < n; i++) {
		struct kt_finding f = v[i];

		if (out == 0 || f.start >= v[out - 1].end) {
			best = f;
			v[out++] = f;
			continue;
		}
		if (is_better(db, &best, &f)) {
			best = f;
			v[out - 1].detector = f.detector;
			v[out - 1].confidence_pm = f.confidence_pm;
		}
		if (f.end > v[out - 1].end)
			v[out - 1].end = f.end;
		v[out - 1].is_open = v[out - 1].is_open || f.is_open;
	}
	return out;
}

const struct kt_detector *
kt_detect_def(const struct kt_detect *db, size_t i)
{
	if (i >= db->n)
		KT_BUG("a detector that is not in the database");
	return db->rules[i].def;
}
