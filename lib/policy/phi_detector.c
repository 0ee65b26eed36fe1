/*
 * phi-detector - health data of persons, and where it may go.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It finds what pii-detector finds in its healthcare_mode, without personal
 * data that stands in no message about health; and it asks of targets what
 * data-routing-policy asks for the class phi.  A marker does not change what
 * a text is about, so that is asked of redacted texts as well.
 */
#include "policy/destination.h"
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	int action;
	bool require_baa;
};

#define S struct settings
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(S, ENUM, action, .names = kt_policy_actions,
	    .fallback = "redact",
	    .doc = "What to do about medical identifiers, and about persons in "
	           "texts about health, in requests and answers; talk of "
	           "health alone is recorded"),
	KT_CONFIG_FIELD(S, BOOL, require_baa, .fallback = "true",
	    .doc = "A request with health data of a person, redacted or not, "
	           "goes to targets with a valid data_policy.baa only; without "
	           "one it is refused"),
};
#undef S
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "phi-detector", fields,
	.doc = "Health data of persons: the identifiers of HIPAA in texts about "
	       "health");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err;
	kt_policy_select_health(p, db);
	return KT_OK;
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	(void)c;
	return kt_policy_act_if_sure(d, f, (enum kt_action)of(p)->action);
}

static enum kt_reason
admit(const struct kt_policy *p, const struct kt_destination *d,
    const struct kt_cargo *cargo)
{
	return of(p)->require_baa && !d->has_baa &&
	        (cargo->classes & KT_CLASS_BIT(KT_CLASS_PHI)) ?
	    KT_REASON_ROUTE_BAA : KT_REASON_NONE;
}

const struct kt_policy_kind kt_policy_phi_detector = {
	.config = { .name = "phi-detector", .alias = "hipaa-phi-detector",
		.table = &table },
	.select = choose,
	.judge = judge,
	.admit = admit,
};
