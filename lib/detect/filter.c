/*
 * filter - gathers what a stream asks at each byte, for the rules that are on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A policy that looks for keys in what a model says does not ask for its
 * phrases as well: most of the words of prose are none of its business then.
 */
#include "detect/detect_priv.h"

void
kt_detect_filter_learn(struct kt_detect_filter *of, const struct kt_detect *db,
    const struct kt_detect_set *on)
{
	kt_detect_pairs_add(&of->pairs, &db->exact, on);
	kt_detect_pairs_add(&of->pairs, &db->folded, on);
	kt_detect_starts_add(&of->starts, &db->runs, on);
	for (size_t i = 0; i < db->n; i++)
		if (kt_detect_rule_is_on(on, i))
			kt_detect_openings_add(&of->openings, &db->rules[i]);
}

enum kt_rc
kt_detect_set_hasten(struct kt_detect_set *set, const struct kt_detect *db)
{
	set->filter = kt_alloc(sizeof(*set->filter));
	if (set->filter == NULL)
		return KT_E_LIMIT;
	kt_detect_filter_learn(set->filter, db, set);
	return KT_OK;
}
