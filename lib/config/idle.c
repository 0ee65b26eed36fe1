/*
 * idle - what a configuration says and this version does not act on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Sections and keys of the published format load, so that a file serves
 * several versions.  Somebody who wrote one must not believe that it
 * protects anything: the gateway tells each at its start, lint by its place.
 * What acts from now on leaves this list.
 */
#include "config/idle.h"

static const struct idle {
	const char *path; /* "*": every element or kind */
	const char *harmless; /* words that change nothing, or NULL */
	const char *but; /* the one that "*" does not mean, or NULL */
	const char *unless; /* this kind is in the chain, or NULL */
} idle[] = {
	{ "pack.enabled", "true" },
	{ "gateway.admin", NULL },
	{ "gateway.fail_mode", "block" },
	{ "auth.jwt", NULL },
	{ "projects", NULL },
	{ "consumer_groups.*.rate_limits", NULL },
	{ "consumer_groups.*.budget", NULL },
	{ "consumer_groups.*.scopes", NULL },
	{ "consumer_groups.*.allowed_models", .unless = "rbac" },
	{ "consumer_groups.*.allowed_tools", .unless = "rbac" },
	{ "policy.*.on_error", "block", "external-guard" },
	{ "policy.prompt-injection.encoding", NULL },
	{ "policy.prompt-injection.boundaries", NULL },
	{ "policy.pii-detector.redaction.reversible", "false" },
	{ "policy.audit-logger.immutable", "true" },
	{ "providers.strategy", "single ordered" },
	{ "providers.circuit_breaker", NULL },
	{ "providers.retry", NULL },
	{ "providers.model_aliases", NULL },
	{ "providers.routing_rules", NULL },
	{ "providers.targets.*.weight", "1 1.0" },
	{ "providers.targets.*.health_probe", NULL },
	{ "providers.targets.*.rate_limit", NULL },
	{ "providers.targets.*.pricing.cache_write_1h", NULL },
	/* The rest of a claude-agent-sdk target is one of Anthropic's. */
	{ "providers.targets.*.path_to_claude_code_executable", NULL },
	{ "providers.targets.*.working_dir", NULL },
	{ "providers.targets.*.permission_mode", NULL },
	{ "providers.targets.*.max_turns", NULL },
	{ "providers.targets.*.allow_all_tools", "false" },
	{ "providers.targets.*.append_allowed_tools", NULL },
	{ "providers.targets.*.disallowed_tools", NULL },
	{ "providers.targets.*.fallback_model", NULL },
	{ "providers.targets.*.additional_directories", NULL },
	{ "providers.targets.*.cli_env", NULL },
	{ "pricing", NULL },
	{ "webhooks", NULL },
	{ "telemetry", NULL },
	{ "shared_state", NULL },
};

static bool
is_harmless(const struct kt_config_node *n, const char *words)
{
	struct kt_span rest = kt_span_of(words);

	if (n->type == KT_CONFIG_NODE_NULL ||
	    (n->type != KT_CONFIG_NODE_SCALAR && n->n == 0))
		return true;
	while (rest.len > 0) {
		size_t len = kt_span_find(rest, ' ');

		if (kt_span_eq(n->text, kt_span_sub(rest, 0, len)))
			return true;
		rest = kt_span_sub(rest, len + 1, rest.len);
	}
	return false;
}

struct search {
	kt_config_idle_fn *tell;
	void *arg;
};

static void
tell_of(const struct search *s, const struct idle *i,
    const struct kt_config_node *n)
{
	char who[64] = "by this version";

	if (i->unless != NULL)
		(void)snprintf(who, sizeof(who), "without %s in the chain",
		    i->unless); /* which is short */
	s->tell(s->arg, i->path, who, n);
}

/* Follows the rest of the path from here; the paths of the table are short. */
static void
follow(const struct search *s, const struct idle *i, struct kt_span rest,
    const struct kt_config_node *n)
{
	size_t len = kt_span_find(rest, '.');
	struct kt_span word = kt_span_sub(rest, 0, len);
	const struct kt_config_node *c;

	if (n == NULL || rest.len == 0) {
		if (n != NULL && !is_harmless(n, i->harmless ? i->harmless : ""))
			tell_of(s, i, n);
		return;
	}
	rest = kt_span_sub(rest, len + 1, rest.len);
	if (!kt_span_eq(word, KT_SPAN("*"))) {
		follow(s, i, rest, kt_config_get(n, word));
		return;
	}
	for (c = n->first; c != NULL; c = c->next)
		if (i->but == NULL || !kt_span_eq(c->key, kt_span_of(i->but)))
			follow(s, i, rest, c);
}

static bool
has_in_chain(const struct kt_config_node *root, const char *kind)
{
	const struct kt_config_node *n = kt_config_get(
	    kt_config_get(root, KT_SPAN("policies")), KT_SPAN("chain"));

	for (n = n != NULL ? n->first : NULL; n != NULL; n = n->next)
		if (kt_span_eq(n->text, kt_span_of(kind)))
			return true;
	return false;
}

void
kt_config_idle(
    const struct kt_config_node *root, kt_config_idle_fn *tell, void *arg)
{
	const struct search s = { tell, arg };

	for (size_t i = 0; i < KT_NELEMS(idle); i++)
		if (idle[i].unless == NULL || !has_in_chain(root, idle[i].unless))
			follow(&s, &idle[i], kt_span_of(idle[i].path), root);
}
