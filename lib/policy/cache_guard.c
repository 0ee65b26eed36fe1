/*
 * cache-guard - what may stand in a provider's prompt cache.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is cached stays at the provider after the call.  Whether that is
 * allowed depends on the target, so it narrows the targets, or takes the
 * marks off for some of them, instead of refusing at once.
 */
#include "policy/destination.h"
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	int max_class, action;
	bool unless_baa;
};
enum { BLOCK, STRIP };
static const char *const actions[] = { "block", "strip_cache_control", NULL };

#define S struct settings
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(S, ENUM, max_class, .names = kt_class_data_names,
	    .fallback = "pii",
	    .doc = "The highest class that may be marked to be cached"),
	KT_CONFIG_FIELD(S, BOOL, unless_baa, .fallback = "true",
	    .doc = "A target with a valid data_policy.baa may cache all"),
	KT_CONFIG_FIELD(S, ENUM, action, .names = actions,
	    .fallback = "block",
	    .doc = "Above it: do not send it there, or take cache_control off"),
};
#undef S
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "cache-guard", fields,
	.doc = "Limits what requests mark to be cached at the provider");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err;
	kt_policy_select_classes(p, db, kt_classes_above(of(p)->max_class));
	return KT_OK;
}

static bool
is_above(const struct settings *s, const struct kt_destination *d,
    const struct kt_cargo *cargo)
{
	return cargo->is_marked &&
	    (int)kt_class_highest(cargo->cached) > s->max_class &&
	    !(s->unless_baa && d->has_baa);
}

static enum kt_reason
admit(const struct kt_policy *p, const struct kt_destination *d,
    const struct kt_cargo *cargo)
{
	return of(p)->action == BLOCK && is_above(of(p), d, cargo) ?
	    KT_REASON_ROUTE_CACHE : KT_REASON_NONE;
}

static bool
unmarks(const struct kt_policy *p, const struct kt_destination *d,
    const struct kt_cargo *cargo)
{
	return of(p)->action == STRIP && is_above(of(p), d, cargo);
}

const struct kt_policy_kind kt_policy_cache_guard = {
	.config = { .name = "cache-guard", .table = &table },
	.select = choose,
	.judge = kt_policy_note,
	.admit = admit,
	.unmarks = unmarks,
};
