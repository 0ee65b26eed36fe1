/*
 * audit-logger - how much of a call its record tells.  A record is written
 * for every call, with or without this policy in the chain.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	bool immutable, log_all_access;
	struct kt_span directory, below_minimum;
	int64_t retention_days; /* 0: as audit has it */
	int content, durability; /* negative: as audit has it */
};
static const char *const contents[] = { "none", "redacted", "full", NULL };
static const char *const durabilities[] = { "commit", "strict", "async", NULL };

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, BOOL, immutable, .fallback = "true",
	    .doc = "Records are chained and cannot be changed unnoticed"),
	KT_CONFIG_FIELD(struct settings, STRING, directory,
	    .doc = "Where records are written; default: audit.directory"),
	KT_CONFIG_FIELD(struct settings, INT, retention_days, .min = 1,
	    .max = 36500, .doc = "How long records are kept; default: "
	    "audit.retention_days"),
	KT_CONFIG_FIELD(struct settings, STRING, below_minimum,
	    .doc = "Why fewer than 183 days are enough"),
	KT_CONFIG_FIELD(struct settings, BOOL, log_all_access,
	    .fallback = "true",
	    .doc = "false: no details of findings for calls that passed"),
	KT_CONFIG_FIELD(struct settings, ENUM, content, .names = contents,
	    .doc = "Which content is kept; default: audit.content"),
	KT_CONFIG_FIELD(struct settings, ENUM, durability,
	    .names = durabilities,
	    .doc = "When a record must be on disk; default: audit.durability"),
};
static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct settings *s = section;

	kt_config_check_retention(
	    ctx, s->common.node, s->retention_days, s->below_minimum);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "audit-logger", fields,
	.check = check, .doc = "How much of a call its record tells");

bool
kt_policy_logs_passed(const struct kt_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct settings *s =
		    (const struct settings *)c->policies[i].common;

		if (c->policies[i].kind->config.table == &table)
			return s->log_all_access;
	}
	return true;
}

struct kt_config_audit
kt_policy_audit(const struct kt_settings *settings)
{
	struct kt_config_audit audit = settings->audit;
	const struct kt_config_policies *p = &settings->policies;

	for (size_t i = 0; i < p->links_n; i++) {
		const struct settings *s = p->links[i].settings;

		if (p->links[i].kind->table != &table || !s->common.enabled)
			continue;
		if (s->directory.len > 0)
			audit.directory = s->directory;
		if (s->durability >= 0)
			audit.durability = s->durability;
		if (s->content >= 0)
			audit.content = s->content;
		if (s->retention_days > 0) {
			audit.retention_days = s->retention_days;
			audit.below_minimum = s->below_minimum;
		}
	}
	return audit;
}

const struct kt_policy_kind kt_policy_audit_logger = {
	.config = { .name = "audit-logger", .table = &table },
};
