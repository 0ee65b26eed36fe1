/*
 * destination - the chain's opinions about where a request may go.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/destination.h"

static bool
is_asked(const struct kt_policy *p, bool monitors)
{
	return (p->common->mode == KT_CONFIG_MONITOR) == monitors;
}

enum kt_reason
kt_chain_admit(const struct kt_chain *c, const struct kt_destination *d,
    const struct kt_cargo *cargo, bool monitors, const struct kt_policy **by)
{
	for (size_t i = 0; i < c->n && !d->is_local; i++) {
		const struct kt_policy *p = &c->policies[i];
		enum kt_reason r = KT_REASON_NONE;

		if (p->kind->admit != NULL && is_asked(p, monitors))
			r = p->kind->admit(p, d, cargo);
		if (r == KT_REASON_NONE)
			continue;
		*by = p;
		return r;
	}
	return KT_REASON_NONE;
}

bool
kt_chain_unmarks(const struct kt_chain *c, const struct kt_destination *d,
    const struct kt_cargo *cargo, bool monitors, const struct kt_policy **by)
{
	for (size_t i = 0; i < c->n && !d->is_local; i++) {
		const struct kt_policy *p = &c->policies[i];

		if (p->kind->unmarks == NULL || !is_asked(p, monitors) ||
		    !p->kind->unmarks(p, d, cargo))
			continue;
		*by = p;
		return true;
	}
	return false;
}

bool
kt_chain_hears_cache(const struct kt_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->policies[i].kind->unmarks != NULL)
			return true;
	}
	return false;
}
