/*
 * callers - who may call: projects and consumer groups as C structs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the fields of both sections and their bounds.
 * Does not: recognise a caller; the fields are checked and shown, and act
 *           with the features that use them.
 * Promises: ids and names are unique.
 */
#ifndef KT_CONFIG_CALLERS_H
#define KT_CONFIG_CALLERS_H
#include "config/settings.h"

struct kt_config_project {
	const struct kt_config_node *node;
	struct kt_span id, name;
	int type;
	struct kt_config_policies policies;
	struct kt_config_providers providers;
	struct kt_config_pairs routes;
};

struct kt_config_budget {
	const struct kt_config_node *node;
	double usd_per_day, usd_per_month; /* NAN: none */
	int on_exceed;                     /* 0 block, 1 warn */
};
struct kt_config_group {
	const struct kt_config_node *node;
	struct kt_span name;
	struct kt_config_strings allowed_models, allowed_tools;
	struct kt_config_rate_limits rate_limits;
	struct kt_config_budget budget;
	uint32_t scopes;
	const struct kt_config_node *data_scope;
};

extern const struct kt_config_table kt_config_project_table;
extern const struct kt_config_table kt_config_group_table;
extern const struct kt_config_table kt_config_policies_table;
/* NULL-terminated; enum kt_endpoint is the index and one. */
extern const char *const kt_config_treatments[];

#endif
