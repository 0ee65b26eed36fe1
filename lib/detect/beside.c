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

enum kt_rc
kt_detect_joins_scan(const struct kt_detect *db, struct kt_detect_scratch *s,
    const struct kt_detect_set *enabled, struct kt_span text)
{
	size_t n = s->nfound;

	for (size_t i = 0; i < db->njoins; i++) {
		const struct kt_detector *d = db->rules[db->joins[i]].def;
		bool is_beside = false;

		if (!kt_detect_rule_is_on(enabled, db->joins[i]))
			continue;
		for (size_t k = 0; k < n && !is_beside; k++)
			is_beside = is_of_group(db, &s->found[k], d);
		for (size_t k = 0; k < n && is_beside; k++) {
			struct kt_finding f = s->found[k];

			if (!is_of_person(db, text, &f))
				continue;
			f.detector = db->joins[i];
			f.confidence_pm = d->confidence_pm;
			if (kt_detect_scratch_add(s, &f) < 0)
				return KT_E_LIMIT;
		}
	}
	return KT_OK;
}

uint32_t
kt_detect_topics(const struct kt_detect *db, const struct kt_findings *found)
{
	uint32_t topics = 0;

	for (size_t i = 0; i < db->njoins; i++)
		for (size_t k = 0; k < found->n && !(topics >> i & 1); k++)
			if (is_of_group(db, &found->v[k],
			        db->rules[db->joins[i]].def))
				topics |= 1u << i;
	return topics;
}

bool
kt_detect_has_person(const struct kt_detect *db, struct kt_span text,
    const struct kt_findings *found)
{
	for (size_t k = 0; db->njoins > 0 && k < found->n; k++)
		if (is_of_person(db, text, &found->v[k]))
			return true;
	return false;
}

static bool
is_close_only(const struct kt_detector *d, const char *entity)
{
	for (size_t i = 0; i < d->nclose_only; i++)
		if (strcmp(d->close_only[i], entity) == 0)
			return true;
	return false;
}

/* Does the text say who it is, and not only how somebody is reached? */
static bool
identifies(const struct kt_detect *db, struct kt_span text,
    const struct kt_findings *found, const struct kt_detector *d)
{
	for (size_t k = 0; k < found->n; k++)
		if (is_of_person(db, text, &found->v[k]) &&
		    !is_close_only(d,
		        db->rules[found->v[k].detector].def->entity))
			return true;
	return false;
}

/* The first joining detector that applies; njoins: none does. */
static size_t
joining(const struct kt_detect *db, const struct kt_detect_set *enabled,
    struct kt_span text, const struct kt_findings *found, uint32_t close,
    uint32_t far)
{
	uint32_t own = kt_detect_topics(db, found);

	for (size_t i = 0; i < db->njoins; i++)
		if (kt_detect_rule_is_on(enabled, db->joins[i]) &&
		    !(own >> i & 1) && ((close >> i & 1) || ((far >> i & 1) &&
		        identifies(db, text, found, db->rules[db->joins[i]].def))))
			return i;
	return db->njoins;
}

size_t
kt_detect_beside(const struct kt_detect *db,
    const struct kt_detect_set *enabled, struct kt_span text,
    const struct kt_findings *found, uint32_t close, uint32_t far,
    struct kt_finding *out)
{
	size_t i = joining(db, enabled, text, found, close, far), n = 0;

	for (size_t k = 0; i < db->njoins && k < found->n; k++) {
		if (!is_of_person(db, text, &found->v[k]))
			continue;
		out[n] = found->v[k];
		out[n].detector = db->joins[i];
		out[n++].confidence_pm =
		    db->rules[db->joins[i]].def->confidence_pm;
	}
	return n;
}
