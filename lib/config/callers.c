/*
 * callers - tables of projects and consumer groups.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/callers.h"
#include "config/check.h"

static const char *const exceed[] = { "block", "warn", NULL };

#define S struct kt_config_budget
static const struct kt_config_field budget_fields[] = {
	KT_CONFIG_FIELD(S, NUMBER, usd_per_day, .min = 0,
	    .max = KT_CONFIG_LIMIT_MAX,
	    .doc = "US dollars in a day; absent, no budget"),
	KT_CONFIG_FIELD(S, NUMBER, usd_per_month, .min = 0,
	    .max = KT_CONFIG_LIMIT_MAX,
	    .doc = "US dollars in a month; absent, no budget"),
	KT_CONFIG_FIELD(S, ENUM, on_exceed, .fallback = "block",
	    .names = exceed, .doc = "What happens when it is spent"),
};
#undef S
static const struct kt_config_table budget_table = {
	.name = "budget",
	.doc = "How much may be spent",
	.size = sizeof(struct kt_config_budget),
	.fields = budget_fields, .n = KT_NELEMS(budget_fields),
};

static const char *const scopes[] = { "messages", "completions", "responses",
	"count_tokens", "models", "files", "chat", "admin", NULL };

#define S struct kt_config_group
static const struct kt_config_field group_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .is_required = true,
	    .doc = "Name of the group, as tokens carry it"),
	KT_CONFIG_FIELD(S, STRINGS, allowed_models,
	    .doc = "Models by name or pattern, where rbac is in the chain; "
	    "empty, all of them"),
	KT_CONFIG_FIELD(S, STRINGS, allowed_tools,
	    .doc = "Tools by name or pattern, where rbac is in the chain; "
	    "empty, all of them"),
	KT_CONFIG_SUBSECTION(S, rate_limits, &kt_config_rate_limits_table,
	    .doc = "Limits of all its members together"),
	KT_CONFIG_SUBSECTION(S, budget, &budget_table,
	    .doc = "Money of all its members together"),
	KT_CONFIG_FIELD(S, ENUMS, scopes, .names = scopes,
	    .doc = "What its members may call; empty, what their token says"),
	KT_CONFIG_FIELD(S, ANY, data_scope,
	    .doc = "Claims that tool rules may refer to"),
};
#undef S
const struct kt_config_table kt_config_group_table = {
	.name = "consumer_groups[]",
	.doc = "Callers that share limits",
	.size = sizeof(struct kt_config_group),
	.fields = group_fields, .n = KT_NELEMS(group_fields),
};

static bool
is_uuid(struct kt_span s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	char byte;

	if (s.len != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char pair[2] = { '0', s.ptr[i] };

		if (form[i] == '-' ? s.ptr[i] != '-' :
		    !kt_unhex((struct kt_span){ pair, 2 }, &byte, 1))
			return false;
	}
	return true;
}

static void
check_project(void *section, struct kt_config_ctx *ctx)
{
	struct kt_config_project *p = section;

	kt_config_check_routes(ctx, &p->routes);
	if (p->id.ptr == NULL || is_uuid(p->id))
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, p->node, "id",
	    "'id' must be a UUID");
	kt_config_fault_help(ctx, "such as 4f9c1b7e-0a55-4c1e-9d0e-2f6a8f3b7c11");
}

static const char *const types[] = { "agent_proxy", "wrapper", "ai_gateway",
	NULL };

#define S struct kt_config_project
static const struct kt_config_field project_fields[] = {
	KT_CONFIG_FIELD(S, STRING, id, .is_required = true,
	    .doc = "UUID; the project is served below /api/ID/v1"),
	KT_CONFIG_FIELD(S, STRING, name, .doc = "Name for people"),
	KT_CONFIG_FIELD(S, ENUM, type, .is_required = true, .names = types,
	    .doc = "How the project's applications call"),
	KT_CONFIG_SUBSECTION(S, policies, &kt_config_policies_table,
	    .is_switch = true, .doc = "A chain of its own"),
	KT_CONFIG_SUBSECTION(S, providers, &kt_config_providers_table,
	    .is_switch = true, .doc = "Targets of its own"),
	KT_CONFIG_FIELD(S, WORDS, routes, .names = kt_config_treatments,
	    .doc = "Treatment of path suffixes, in place of all others; the "
	    "longest wins"),
};
#undef S
const struct kt_config_table kt_config_project_table = {
	.name = "projects[]",
	.doc = "An application with policies, targets or routes of its own",
	.size = sizeof(struct kt_config_project),
	.fields = project_fields, .n = KT_NELEMS(project_fields),
	.check = check_project,
};
