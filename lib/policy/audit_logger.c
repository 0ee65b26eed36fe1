/*
 * audit-logger - how much of a call its record tells.  A record is written
 * for every call, with or without this policy in the chain.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	bool immutable, log_all_access;
	int64_t retention_days;
	struct kt_span below_minimum;
	int content, durability;
};
static const char *const contents[] = { "none", "redacted", "full", NULL };
static const char *const durabilities[] = { "commit", "strict", "async", NULL };

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, BOOL, immutable, .fallback = "true",
	    .doc = "Records are chained and cannot be changed unnoticed"),
	KT_CONFIG_FIELD(struct settings, INT, retention_days, .min = 1,
	    .max = 36500, .fallback = "365", .doc = "How long records are kept"),
	KT_CONFIG_FIELD(struct settings, STRING, below_minimum,
	    .doc = "Why fewer than 183 days are enough"),
	KT_CONFIG_FIELD(struct settings, BOOL, log_all_access,
	    .fallback = "true",
	    .doc = "false: no details of findings for calls that passed"),
	KT_CONFIG_FIELD(struct settings, ENUM, content, .names = contents,
	    .fallback = "none", .doc = "Which content is kept"),
	KT_CONFIG_FIELD(struct settings, ENUM, durability,
	    .names = durabilities,
	    .doc = "When a record must be on disk; default: audit.durability"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "audit-logger", fields,
	.doc = "How much of a call its record tells");

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

const struct kt_policy_kind kt_policy_audit_logger = {
	.config = { .name = "audit-logger", .table = &table },
};
