/*
 * secret-scanner - keys, tokens, private keys, connection strings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A token that fails its own checksum is an example, or a key with one
 * character changed to slip through.  Examples stand in what tools read and
 * bring: there it is no reason to refuse the call, and none to let it pass.
 */
#include "policy/policy_priv.h"

/* A checksum that holds makes nearly sure; one that does not halves. */
#define FAILED_PM 500
#define WHERE_EXAMPLES_ARE \
	(KT_COMPONENT_BIT(KT_COMPONENT_TOOLS) | \
	    KT_COMPONENT_BIT(KT_COMPONENT_TOOL_RESULTS) | \
	    KT_COMPONENT_BIT(KT_COMPONENT_DOCUMENTS) | \
	    KT_COMPONENT_BIT(KT_COMPONENT_FILES))

struct settings {
	struct kt_config_common common;
	int action;
	struct kt_config_strings detectors;
	bool verify_checksums;
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action,
	    .names = kt_policy_actions, .fallback = "block",
	    .doc = "What to do about a secret, in requests and answers"),
	KT_CONFIG_FIELD(struct settings, STRINGS, detectors,
	    .doc = "Only these, by id or entity; default: all of group secret"),
	KT_CONFIG_FIELD(struct settings, BOOL, verify_checksums,
	    .fallback = "true",
	    .doc = "In tools, results and documents a token whose checksum is "
	           "wrong is redacted, not blocked"),
};

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "secret-scanner", fields,
	.doc = "Keys, tokens, private keys and connection strings");

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	const struct settings *s = (const struct settings *)p->common;

	if (s->detectors.n > 0)
		return kt_policy_select_names(p, db, &s->detectors, err);
	kt_policy_select_group(p, db, "secret");
	return KT_OK;
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	const struct settings *s = (const struct settings *)p->common;

	if (s->verify_checksums && d->checksum != NULL &&
	    f->confidence_pm <= FAILED_PM && s->action == KT_ACTION_BLOCK &&
	    (WHERE_EXAMPLES_ARE & KT_COMPONENT_BIT(c)))
		return KT_ACTION_REDACT;
	return (enum kt_action)s->action;
}

const struct kt_policy_kind kt_policy_secret_scanner = {
	.config = { .name = "secret-scanner", .table = &table },
	.select = choose,
	.judge = judge,
};
