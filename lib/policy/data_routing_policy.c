/*
 * data-routing-policy - narrows the targets to those that promise enough.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It looks at the classes of the whole request, whatever part they are of and
 * whichever policy found them, also beside its own components:
 * a conversation brings all of its past with every turn, so what once needed
 * an agreement needs it to the end, through every failover.
 */
#include "policy/destination.h"
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	uint32_t require_baa_for; /* bits of the words below */
	bool require_zero_data_retention, require_no_training;
	int64_t max_retention_days;
	struct kt_config_strings regions;
	int on_no_compliant_provider;
};
static const char *const endings[] = { "block", NULL };

#define S struct settings
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(S, ENUMS, require_baa_for, .names = kt_class_data_names,
	    .fallback = "[phi]",
	    .doc = "Data of these classes goes to targets with a valid "
	           "data_policy.baa only; none, all data"),
	KT_CONFIG_FIELD(S, BOOL, require_zero_data_retention,
	    .fallback = "false",
	    .doc = "Targets must declare zero_data_retention"),
	KT_CONFIG_FIELD(S, BOOL, require_no_training, .fallback = "false",
	    .doc = "Targets must declare training_opt_out"),
	KT_CONFIG_FIELD(S, INT, max_retention_days, .min = -1, .max = 36500,
	    .fallback = "-1",
	    .doc = "Targets must declare at most so many retention_days; -1: no "
	           "limit"),
	KT_CONFIG_FIELD(S, STRINGS, regions,
	    .doc = "Regions of targets, by name or pattern; empty, all"),
	KT_CONFIG_FIELD(S, ENUM, on_no_compliant_provider, .names = endings,
	    .fallback = "block",
	    .doc = "What happens when no target is left: it is always refused"),
};
#undef S
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "data-routing-policy", fields,
	.doc = "Keeps data from targets that do not promise enough; what a "
	       "target does not declare counts as not promised");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

/* It only wants to know: the classes it routes by. */
static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err;
	kt_policy_select_classes(p, db, of(p)->require_baa_for);
	return KT_OK;
}

static enum kt_reason
admit(const struct kt_policy *p, const struct kt_destination *d,
    const struct kt_cargo *cargo)
{
	const struct settings *s = of(p);

	/* Some of any request is of no class. */
	if (((cargo->classes | KT_CLASS_BIT(KT_CLASS_NONE)) &
	        s->require_baa_for) != 0 && !d->has_baa)
		return KT_REASON_ROUTE_BAA;
	if (s->require_zero_data_retention && !d->keeps_nothing)
		return KT_REASON_ROUTE_RETENTION;
	if (s->max_retention_days >= 0 && !d->keeps_nothing &&
	    (d->retention_days < 0 ||
	        d->retention_days > s->max_retention_days))
		return KT_REASON_ROUTE_RETENTION;
	if (s->require_no_training && !d->is_no_training)
		return KT_REASON_ROUTE_TRAINING;
	if (s->regions.n > 0 && (d->region.len == 0 ||
	        !kt_policy_is_listed(&s->regions, d->region)))
		return KT_REASON_ROUTE_REGION;
	return KT_REASON_NONE;
}

const struct kt_policy_kind kt_policy_data_routing_policy = {
	.config = { .name = "data-routing-policy", .table = &table },
	.select = choose,
	.judge = kt_policy_note,
	.admit = admit,
};
