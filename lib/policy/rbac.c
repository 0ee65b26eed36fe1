/*
 * rbac - which group may use which models, tools, endpoints and data.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first role that fits a caller is the caller's; who has none gets what
 * `default` says.  What consumer_groups allows holds besides.
 */
#include "config/callers.h"
#include "policy/policy_priv.h"
#include "policy/tool.h"

struct role {
	const struct kt_config_node *node;
	struct kt_span name;
	struct kt_config_strings groups, principals, models, tools, endpoints;
	int max_class;
};
struct settings {
	struct kt_config_common common;
	struct kt_config_items roles;
	int otherwise;
};
enum { DENY, ALLOW };
static const char *const words[] = { "deny", "allow", NULL };

#define S struct role
static const struct kt_config_field role_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .doc = "Name of the role"),
	KT_CONFIG_FIELD(S, STRINGS, groups,
	    .doc = "Groups of callers, by name or pattern"),
	KT_CONFIG_FIELD(S, STRINGS, principals,
	    .doc = "Callers, by name or pattern"),
	KT_CONFIG_FIELD(S, STRINGS, models,
	    .doc = "Models by name or pattern, also those that a request falls "
	           "back to or its tools ask; empty, all; else a request for "
	           "an answer has to name one"),
	KT_CONFIG_FIELD(S, STRINGS, tools,
	    .doc = "Tools by name or pattern; empty, all"),
	KT_CONFIG_FIELD(S, STRINGS, endpoints,
	    .doc = "Endpoints by name or pattern, such as messages, models or "
	           "files; empty, all"),
	KT_CONFIG_FIELD(S, ENUM, max_class, .names = kt_class_data_names,
	    .doc = "The highest class of data that a caller may send, whether or "
	           "not it is redacted on the way; absent, any"),
};
#undef S
static const struct kt_config_table role_table = {
	.name = "policy.rbac.roles[]",
	.doc = "One role; the first that fits the caller counts",
	.size = sizeof(struct role),
	.fields = role_fields, .n = KT_NELEMS(role_fields),
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, SECTIONS, roles, .table = &role_table,
	    .doc = "Who may use what"),
	KT_CONFIG_FIELD_AS(struct settings, ENUM, "default", otherwise,
	    .names = words, .fallback = "deny",
	    .doc = "Callers that no role fits"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "rbac", fields,
	.doc = "Models, tools, endpoints and classes of data, by group");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static bool
is_within(const struct kt_config_strings *globs, struct kt_span s)
{
	return globs->n == 0 || kt_policy_is_listed(globs, s);
}

/* NULL: no role fits. */
static const struct role *
role_of(const struct kt_policy *p, const struct kt_member *who)
{
	const struct role *r = of(p)->roles.at;

	for (size_t i = 0; i < of(p)->roles.n; i++) {
		bool is_anybody = r[i].groups.n == 0 && r[i].principals.n == 0;

		if (is_anybody || kt_policy_is_listed(&r[i].groups, who->group) ||
		    kt_policy_is_listed(&r[i].principals, who->principal))
			return &r[i];
	}
	return NULL;
}

static enum kt_reason
permit(const struct kt_policy *p, const struct kt_member *who)
{
	const struct role *r = role_of(p, who);

	if (r == NULL)
		return of(p)->otherwise == DENY ? KT_REASON_GATEWAY_ROLE :
		    KT_REASON_NONE;
	if (!is_within(&r->endpoints, who->endpoint))
		return KT_REASON_GATEWAY_ENDPOINT;
	if ((who->model.len > 0 || who->is_for_model) &&
	    (!is_within(&r->models, who->model) ||
	        (who->settings != NULL &&
	            !is_within(&who->settings->allowed_models, who->model))))
		return KT_REASON_GATEWAY_MODEL;
	return KT_REASON_NONE;
}

static enum kt_action
judge_tool(const struct kt_policy *p, const struct kt_tool *t,
    struct kt_tool_opinion *o)
{
	const struct role *r = role_of(p, t->who);

	if (t->phase == KT_TOOL_OFFER && !t->is_remote)
		return KT_ACTION_IGNORE;
	o->reason = t->phase == KT_TOOL_OFFER ? KT_REASON_TOOL_SERVER :
	    KT_REASON_TOOL_NAME;
	if (r != NULL)
		o->rule = r->name;
	return (r != NULL && !is_within(&r->tools, t->name)) ||
	        (t->who->settings != NULL &&
	            !is_within(&t->who->settings->allowed_tools, t->name)) ?
	    KT_ACTION_BLOCK : KT_ACTION_IGNORE;
}

static bool
has_class_limit(const struct settings *s)
{
	const struct role *r = s->roles.at;

	for (size_t i = 0; i < s->roles.n; i++) {
		if (r[i].max_class >= 0)
			return true;
	}
	return false;
}

/* It only wants to know. */
static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err;
	if (has_class_limit(of(p)))
		kt_policy_select_classes(p, db, kt_classes_above(-1));
	return KT_OK;
}

static enum kt_reason
weigh(const struct kt_policy *p, const struct kt_member *who,
    const kt_class_set *by_component)
{
	const struct role *r = role_of(p, who);
	kt_class_set all = 0;

	for (unsigned c = 0; c < KT_NCOMPONENTS; c++)
		all |= by_component[c];
	return r != NULL && r->max_class >= 0 &&
	        (int)kt_class_highest(all & ~KT_CLASS_THREATS) > r->max_class ?
	    KT_REASON_PROMPT_CLASS : KT_REASON_NONE;
}

const struct kt_policy_kind kt_policy_rbac = {
	.config = { .name = "rbac", .table = &table },
	.select = choose,
	.judge = kt_policy_note,
	.tool = judge_tool,
	.permit = permit,
	.weigh = weigh,
};
