/*
 * beside - what is more than it was by what else is spoken of: a person in a
 * text about health.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect_priv.h"
#include "detect/rule_priv.h"
#include "detect/validate_priv.h"

static bool
is_of_group(const struct kt_detect *db, const struct kt_finding *f,
    const struct kt_detector *d)
{
	return strcmp(db->rules[f->detector].def->group, d->beside) == 0;
}

/* A firm is no person. */
static bool
is_of_person(const struct kt_detect *db, struct kt_span text,
    const struct kt_finding *f)
{
	return db->rules[f->detector].def->class == KT_CLASS_PII &&
	    !kt_detect_reaches_a_firm(
		kt_span_sub(text, f->start, f->end - f->start));
}

static bool
speaks_of(const struct kt_detect *db, const struct kt_findings *found,
    const struct kt_detector *d)
{
	for (size_t k = 0; k < found->n; k++)
		if (is_of_group(db, &found->v[k], d))
			return true;
	return false;
}

/* The same span, as what detector i makes of it. */
static struct kt_finding
joined(const struct kt_detect *db, struct kt_finding f, uint32_t i)
{
	f.detector = i;
	f.confidence_pm = db->rules[i].def->confidence_pm;
	return f;
}

enum kt_rc
kt_detect_joins_scan(const struct kt_detect *db, struct kt_detect_scratch *s,
    const struct kt_detect_set *enabled, struct kt_span text)
{
	size_t n = s->nfound;

	for (size_t i = 0; i < db->njoins; i++) {
		const struct kt_findings own = { s->found, n };

		if (!kt_detect_rule_is_on(enabled, db->joins[i]) ||
		    !speaks_of(db, &own, db->rules[db->joins[i]].def))
			continue;
		for (size_t k = 0; k < n; k++) {
			struct kt_finding f = s->found[k];

			if (!is_of_person(db, text, &f))
				continue;
			f = joined(db, f, db->joins[i]);
			if (kt_detect_scratch_add(s, &f) < 0)
				return KT_E_LIMIT;
		}
	}
	return KT_OK;
}

static bool
is_close_only(const struct kt_detector *d, const char *entity)
{
	for (size_t i = 0; i < d->nclose_only; i++)
		if (strcmp(d->close_only[i], entity) == 0)
			return true;
	return false;
}

struct kt_detect_beside
kt_detect_beside(const struct kt_detect *db,
    const struct kt_detect_set *enabled, struct kt_span text,
    const struct kt_findings *found)
{
	struct kt_detect_beside b = { 0 };

	for (size_t i = 0; i < db->njoins; i++) {
		const struct kt_detector *d = db->rules[db->joins[i]].def;

		if (!kt_detect_rule_is_on(enabled, db->joins[i]))
			continue;
		if (speaks_of(db, found, d)) {
			b.topics |= 1u << i;
			continue; /* and it was joined */
		}
		for (size_t k = 0; k < found->n && !(b.far >> i & 1); k++) {
			const struct kt_finding *f = &found->v[k];

			if (!is_of_person(db, text, f))
				continue;
			b.near |= 1u << i;
			if (!is_close_only(
			        d, db->rules[f->detector].def->entity))
				b.far |= 1u << i;
		}
	}
	return b;
}

size_t
kt_detect_join(const struct kt_detect *db,
    const struct kt_detect_set *enabled, struct kt_span text,
    const struct kt_findings *found, uint32_t near, uint32_t far,
    struct kt_finding *out)
{
	struct kt_detect_beside b =
	    kt_detect_beside(db, enabled, text, found);
	uint32_t which = (b.near & near) | (b.far & far);
	size_t i = 0, n = 0;

	while (i < db->njoins && !(which >> i & 1))
		i++;
	for (size_t k = 0; i < db->njoins && k < found->n; k++)
		if (is_of_person(db, text, &found->v[k]))
			out[n++] = joined(db, found->v[k], db->joins[i]);
	return n;
}
