/*
 * targets - where calls may go, one by one and against each other.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/lint_priv.h"

#define FIRST_BYTE_MIN 10 /* seconds */

static const struct kt_config_node *
field(const struct kt_config_target *t, const char *name)
{
	return kt_config_get(t->node, kt_span_of(name));
}

static const char *
id_of(const struct kt_config_target *t)
{
	return t->id.ptr != NULL ? t->id.ptr : "";
}

/* Whose host it is; negative: nobody's that is known. */
static int
host_vendor(const struct kt_config_target *t)
{
	/* What a host begins and ends with; all of it, where that is nothing. */
	static const struct {
		enum kt_config_vendor vendor;
		const char *from, *to;
	} hosts[] = { { KT_CONFIG_ANTHROPIC, "api.anthropic.com", "" },
		{ KT_CONFIG_OPENAI, "api.openai.com", "" },
		{ KT_CONFIG_BEDROCK, "bedrock", ".amazonaws.com" },
		{ KT_CONFIG_BEDROCK, "bedrock", ".api.aws" },
		{ KT_CONFIG_VERTEX, "aiplatform.googleapis.com", "" },
		{ KT_CONFIG_VERTEX, "", "-aiplatform.googleapis.com" },
		{ KT_CONFIG_VERTEX, "aiplatform.", ".rep.googleapis.com" } };
	struct kt_span host = kt_lint_host(t->base_url);

	if (t->base_url.len == 0)
		return t->vendor;
	for (size_t i = 0; i < KT_NELEMS(hosts) &&
	    kt_span_starts(t->base_url, KT_SPAN("https://")); i++) {
		struct kt_span from = kt_span_of(hosts[i].from);
		struct kt_span to = kt_span_of(hosts[i].to);

		if (kt_span_eq(host, from) || (to.len > 0 &&
		    kt_span_starts(host, from) && kt_span_ends(host, to)))
			return (int)hosts[i].vendor;
	}
	return -1;
}

/* Does the name of the variable tell that its key is another vendor's?  A
   cloud's may go to any host that is not known to be somebody else's. */
static bool
is_of_another(const struct kt_config_target *t, struct kt_span variable)
{
	static const struct {
		enum kt_config_vendor vendor;
		const char *variable;
		bool is_cloud; /* and the beginning of many names */
	} usual[] = { { KT_CONFIG_ANTHROPIC, "ANTHROPIC_API_KEY", false },
		{ KT_CONFIG_OPENAI, "OPENAI_API_KEY", false },
		{ KT_CONFIG_BEDROCK, "AWS_", true },
		{ KT_CONFIG_VERTEX, "GOOGLE_", true } };

	for (size_t i = 0; i < KT_NELEMS(usual); i++) {
		struct kt_span name = kt_span_of(usual[i].variable);
		int at = usual[i].is_cloud ? host_vendor(t) : t->vendor;

		if (at >= 0 && at != (int)usual[i].vendor &&
		    (usual[i].is_cloud ? kt_span_starts(variable, name) :
		            kt_span_eq(variable, name)))
			return true;
	}
	return false;
}

/* 407: somebody else's key, or the client's own to a host of no vendor. */
static void
check_credential(struct kt_lint *l, const struct kt_config_target *t)
{
	const struct kt_config_secret *s = &t->secret_key_ref;

	if (s->from == KT_CONFIG_ENV && s->node != NULL &&
	    is_of_another(t, s->name))
		(void)kt_lint_tell(l, KT_LINT_407, field(t, "secret_key_ref"),
		    "target '%.60s' is sent the key of another provider", id_of(t));
	if (l->s->auth.mode == KT_CONFIG_AUTH_PASSTHROUGH &&
	    host_vendor(t) < 0 && !kt_lint_is_here(t->base_url))
		(void)kt_lint_tell(l, KT_LINT_407, field(t, "base_url"),
		    "callers' own credentials go to '%.*s'",
		    KT_SPAN_ARG(kt_lint_origin(t->base_url)));
}

/* 410, 311, 515: claude-agent-sdk. */

static bool
is_agent(const struct kt_config_target *t)
{
	return kt_span_eq(t->vendor_kind, KT_SPAN("claude-agent-sdk"));
}

static void
check_agent(struct kt_lint *l, const struct kt_config_target *t)
{
	const struct kt_config_strings *yes = &t->append_allowed_tools,
				       *no = &t->disallowed_tools;

	if (t->allow_all_tools)
		(void)kt_lint_tell(l, KT_LINT_410, field(t, "allow_all_tools"),
		    "every tool may be used");
	if (t->permission_mode == 3)
		(void)kt_lint_tell(l, KT_LINT_410, field(t, "permission_mode"),
		    "nobody is asked before a tool acts");
	if (no->n > 0 && yes->n == 0)
		(void)kt_lint_at(l, KT_LINT_311, kt_lint_key_place(l, no->node),
		    "tools are forbidden one by one");
	kt_lint_check_allowed(l, yes->node, no->node);
}

static void
check_strangers(struct kt_lint *l, const struct kt_config_target *t)
{
	static const char *const agent[] = { "path_to_claude_code_executable",
		"working_dir", "permission_mode", "max_turns", "allow_all_tools",
		"append_allowed_tools", "disallowed_tools", "fallback_model",
		"additional_directories", "cli_env" };
	const struct kt_config_node *node;

	if (is_agent(t)) {
		check_agent(l, t);
		return;
	}
	for (size_t i = 0; i < KT_NELEMS(agent); i++) {
		node = field(t, agent[i]);
		if (node != NULL && t->vendor >= 0)
			(void)kt_lint_at(l, KT_LINT_515,
			    kt_lint_key_place(l, node),
			    "'%s' means nothing to '%.60s'", agent[i],
			    t->provider.ptr ? t->provider.ptr : "");
	}
}

/* 411, 503, 507, 513, 501, 428, 438 */

static void
check_headers(struct kt_lint *l, const struct kt_config_target *t)
{
	for (size_t i = 0; i < t->headers.n; i++) {
		struct kt_span key = t->headers.at[i].key;

		if (kt_span_caseeq(key, KT_SPAN("anthropic-beta")) ||
		    kt_span_caseeq(key, KT_SPAN("openai-beta")))
			(void)kt_lint_at(l, KT_LINT_411, kt_lint_key_place(l,
			    kt_config_get(t->headers.node, key)),
			    "every call gets '%.60s'", t->headers.at[i].value.ptr);
	}
}

static void
check_version(struct kt_lint *l, const struct kt_config_target *t)
{
	static const char *const known[] = { "2023-06-01", "2023-01-01",
		"2026-10-21", "bedrock-2023-05-31", "vertex-2023-10-16" };
	struct kt_span v = t->anthropic_version;
	bool is_known = false;

	if (v.ptr == NULL)
		return;
	for (size_t i = 0; i < KT_NELEMS(known); i++)
		is_known |= kt_span_eq(v, kt_span_of(known[i]));
	if (t->format == KT_CONFIG_OPENAI)
		(void)kt_lint_tell(l, KT_LINT_507, field(t, "anthropic_version"),
		    "target '%.60s' does not speak Anthropic's format", id_of(t));
	else if (!is_known)
		(void)kt_lint_tell(l, KT_LINT_507, field(t, "anthropic_version"),
		    "'%.40s' is no version that Anthropic has published", v.ptr);
}

/* YYYY-MM-DD compares as text; what is no date was told by the loader. */
static bool
has_ended(const struct kt_lint *l, struct kt_span date)
{
	return date.len == 10 && l->o->today[0] != '\0' &&
	    memcmp(date.ptr, l->o->today, 10) < 0;
}

static void
check_promises(struct kt_lint *l, const struct kt_config_target *t)
{
	const struct kt_config_baa *baa = &t->data_policy.baa;

	if (baa->node != NULL && has_ended(l, baa->expires))
		(void)kt_lint_tell(l, KT_LINT_428, kt_config_get(baa->node,
		    KT_SPAN("expires")), "the agreement with '%.60s' ended on %.10s",
		    id_of(t), baa->expires.ptr);
	if (t->data_policy.node == NULL && !t->zdr &&
	    t->vendor != KT_CONFIG_OFFLINE)
		(void)kt_lint_tell(l, KT_LINT_438, field(t, "id"),
		    "'%.60s' has promised nothing about data", id_of(t));
}

/* 440, 519: what is said by the first of these that names it. */
static void
check_spoken(struct kt_lint *l, const struct kt_config_target *t)
{
	static const char *const words[] = { "provider_type", "format",
		"provider" };
	const char *what = kt_config_unspoken(t);
	const struct kt_config_node *node = NULL;

	if (what == NULL)
		return;
	for (size_t i = 0; i < KT_NELEMS(words) && node == NULL; i++) {
		node = field(t, words[i]);
		if (node != NULL && !kt_span_starts(node->text, kt_span_of(what)))
			node = NULL;
	}
	(void)kt_lint_tell(l, KT_LINT_440, node,
	    "target '%.60s' is never used: this version does not speak %s",
	    id_of(t), what);
	if (t->base_url.len == 0 && t->region.len == 0)
		(void)kt_lint_tell(l, KT_LINT_519, field(t, "id"),
		    "'%.60s' has neither 'region' nor 'base_url'", id_of(t));
}

static void
check_target(struct kt_lint *l, const struct kt_config_target *t)
{
	const struct kt_config_node *node = field(t, "max_messages");

	if (t->node == NULL)
		return;
	check_spoken(l, t);
	kt_lint_check_url(l, field(t, "base_url"), t->base_url);
	check_credential(l, t);
	check_strangers(l, t);
	check_headers(l, t);
	check_version(l, t);
	check_promises(l, t);
	if (node != NULL)
		(void)kt_lint_tell(l, KT_LINT_503, node,
		    "dropping messages changes where each call begins");
	node = field(t, "timeout_seconds");
	if (node != NULL && t->timeout_seconds > 0 &&
	    t->timeout_seconds < FIRST_BYTE_MIN)
		(void)kt_lint_tell(l, KT_LINT_513, node,
		    "%lld seconds to the first byte",
		    (long long)t->timeout_seconds);
}

/* 517, 509, 501: two targets. */

static bool
is_twin(const struct kt_config_target *a, const struct kt_config_target *b)
{
	return a->vendor == b->vendor && kt_span_eq(a->model, b->model) &&
	    kt_span_eq(a->base_url, b->base_url) &&
	    a->secret_key_ref.from == b->secret_key_ref.from &&
	    kt_span_eq(a->secret_key_ref.name, b->secret_key_ref.name) &&
	    kt_span_eq(a->region, b->region);
}

/* "eu-west-1", "eu": what stands before the first dash. */
static struct kt_span
continent(struct kt_span region)
{
	return kt_span_sub(region, 0, kt_span_find(region, '-'));
}

static void
check_pair(struct kt_lint *l, const struct kt_config_target *a,
    const struct kt_config_target *b)
{
	struct kt_report_finding *f = NULL;

	if (is_twin(a, b))
		f = kt_lint_tell(l, KT_LINT_517, field(b, "id"),
		    "'%.60s' and '%.60s' are one place with one key", id_of(a),
		    id_of(b));
	if (f != NULL)
		kt_report_note(l->r, f, kt_lint_place(l, field(a, "id")),
		    "the same place");
	f = NULL;
	if (a->region.len > 0 && b->region.len > 0 &&
	    !kt_span_caseeq(continent(a->region), continent(b->region)))
		f = kt_lint_tell(l, KT_LINT_509, field(b, "region"),
		    "a call for '%.40s' may be answered in '%.40s'",
		    a->region.ptr, b->region.ptr);
	if (f != NULL)
		kt_report_note(l->r, f, kt_lint_place(l, field(a, "region")),
		    "handled here first");
}

/* Strategy and its numbers: 202, 510, 511, 512, 317, 318, 416. */

static bool
is_weighted(int strategy)
{
	return strategy == KT_CONFIG_WEIGHTED_ROUND_ROBIN ||
	    strategy == KT_CONFIG_RANDOM;
}

static void
check_strategy(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_target *t = p->targets.at;
	double sum = 0;

	for (size_t i = 0; i < p->targets.n; i++) {
		const struct kt_config_node *weight = field(&t[i], "weight");

		sum += t[i].weight;
		if (i > 0 && p->strategy == KT_CONFIG_SINGLE)
			(void)kt_lint_tell(l, KT_LINT_202, field(&t[i], "id"),
			    "strategy single never uses '%.60s'", id_of(&t[i]));
		if (weight != NULL && !is_weighted(p->strategy))
			(void)kt_lint_tell(l, KT_LINT_510, weight,
			    "the strategy does not look at weights");
		if (p->strategy == KT_CONFIG_COST && t[i].pricing.node == NULL &&
		    l->s->pricing.ptr == NULL)
			(void)kt_lint_tell(l, KT_LINT_512, field(&t[i], "id"),
			    "the price of '%.60s' is not known", id_of(&t[i]));
	}
	if (p->targets.n > 0 && is_weighted(p->strategy) && sum <= 0)
		(void)kt_lint_at(l, KT_LINT_511, kt_lint_key_place(l,
		    p->targets.node), "no target has a weight above 0");
}

static void
check_failover(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_node *on = kt_config_get(p->retry.node,
	    KT_SPAN("on"));
	const struct kt_config_node *attempts = kt_config_get(p->fallback.node,
	    KT_SPAN("max_attempts"));

	if (p->fallback.node != NULL && p->targets.n == 1)
		(void)kt_lint_tell(l, KT_LINT_318, p->fallback.node,
		    "there is no second target");
	else if (attempts != NULL && p->targets.n > 0 &&
	    p->fallback.max_attempts > (int64_t)p->targets.n)
		(void)kt_lint_tell(l, KT_LINT_317, attempts,
		    "%lld attempts, and %zu targets",
		    (long long)p->fallback.max_attempts, p->targets.n);
	for (const struct kt_config_node *c = on ? on->first : NULL; c;
	     c = c->next) {
		if (kt_span_eq(c->text, KT_SPAN("timeout")))
			(void)kt_lint_tell(l, KT_LINT_416, c,
			    "a call that timed out is made again");
	}
}

/* 518: only of what is in force. */
static void
check_any_spoken(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_target *t = p->targets.at;
	size_t n = p->strategy == KT_CONFIG_SINGLE && p->targets.n > 0 ? 1 :
	    p->targets.n;

	for (size_t i = 0; i < n; i++) {
		if (kt_config_unspoken(&t[i]) == NULL)
			return;
	}
	if (n > 0 && p == &l->s->providers)
		(void)kt_lint_at(l, KT_LINT_518, kt_lint_key_place(l,
		    p->targets.node), "no target is left that calls can go to");
}

void
kt_lint_check_targets(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_target *t = p->targets.at;
	const struct kt_config_target *other = NULL;

	for (size_t i = 0; i < p->targets.n; i++) {
		check_target(l, &t[i]);
		if (i > 0 && other == NULL && t[i].format != t[0].format &&
		    t[i].format >= 0)
			other = &t[i];
	}
	if (other != NULL && field(other, "id") != NULL)
		(void)kt_lint_tell(l, KT_LINT_501, field(other, "id"),
		    "'%.60s' speaks another format than '%.60s'", id_of(other),
		    id_of(&t[0]));
	/* All against all of a few; nobody has hundreds of targets. */
	for (size_t i = 1; i < p->targets.n && p->targets.n <= 256; i++) {
		for (size_t n = 0; n < i; n++)
			check_pair(l, &t[n], &t[i]);
	}
	check_any_spoken(l, p);
	check_strategy(l, p);
	check_failover(l, p);
}
