/*
 * models - ids of models: known, served, spelt for their destination.
 * SPDX-License-Identifier: Apache-2.0
 *
 * By prefix and not by list: a new date behind a known name is no mistake.
 */
#include "config/nearest.h"
#include "lint/lint_priv.h"

enum state { SERVED, RETIRED };
static const struct model {
	const char *prefix;
	enum kt_config_vendor vendor;
	enum state state;
	const char *instead;
} models[] = {
#define KT_LINT_MODEL(prefix, vendor, state, instead) \
	{ prefix, KT_CONFIG_##vendor, state, instead },
#include "lint/models.def"
};

static const struct model *
model_of(struct kt_span id)
{
	const struct model *best = NULL;

	for (size_t i = 0; i < KT_NELEMS(models); i++) {
		if (kt_span_starts(id, kt_span_of(models[i].prefix)) &&
		    (best == NULL ||
		    strlen(models[i].prefix) > strlen(best->prefix)))
			best = &models[i];
	}
	return best;
}

/* Is there a known id that the pattern fits?  A prefix stands for all. */
static bool
fits_a_model(struct kt_span glob)
{
	char all[64];

	for (size_t i = 0; i < KT_NELEMS(models); i++) {
		(void)snprintf(all, sizeof(all), "%s*", models[i].prefix);
		if (kt_lint_glob_meets(glob, kt_span_of(all)))
			return true;
	}
	return false;
}

static void
unknown_model(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span id)
{
	struct kt_config_nearest near;
	struct kt_report_finding *f;
	/* As many words as a prefix has, so that a date does not count. */
	size_t cut = id.len;

	for (size_t i = 0, dashes = 0; i < id.len; i++) {
		if (id.ptr[i] == '-' && ++dashes == 2)
			cut = i + 1;
	}
	kt_config_nearest_init(&near, kt_span_sub(id, 0, cut));
	for (size_t i = 0; i < KT_NELEMS(models); i++)
		kt_config_nearest_try(&near, models[i].prefix);
	f = kt_lint_tell(l, KT_LINT_203, node, "no model '%.80s' is known",
	    id.ptr);
	if (f == NULL || near.best == NULL)
		return;
	kt_lint_help(l, f, "did you mean '%s%.60s'?", near.best, id.ptr + cut);
	kt_lint_replace(l, f, node,
	    kt_report_text(l->r, "%s%.60s", near.best, id.ptr + cut).ptr);
}

/* 508: ids of Bedrock, of Vertex, and of the other vendor. */
static bool
is_elsewhere(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span id, int vendor)
{
	static const struct kt_span bedrock = KT_SPAN_INIT("anthropic.");
	size_t dot = kt_span_find(id, '.'), at = kt_span_find(id, '@');
	bool is_bedrock = kt_span_starts(id, bedrock) ||
	    (dot < 7 && kt_span_starts(kt_span_sub(id, dot + 1, SIZE_MAX),
	    bedrock)) || kt_span_starts(id, KT_SPAN("arn:"));
	const struct model *m = model_of(id);
	struct kt_report_finding *f = NULL;

	if (is_bedrock && vendor != KT_CONFIG_BEDROCK)
		f = kt_lint_tell(l, KT_LINT_508, node,
		    "'%.80s' is an id of Bedrock", id.ptr);
	else if (at < id.len && m != NULL && vendor == KT_CONFIG_ANTHROPIC)
		f = kt_lint_tell(l, KT_LINT_508, node,
		    "'%.80s' is an id of Vertex", id.ptr);
	else if (m != NULL && vendor != (int)m->vendor &&
	    (vendor == KT_CONFIG_ANTHROPIC || vendor == KT_CONFIG_OPENAI))
		f = kt_lint_tell(l, KT_LINT_508, node,
		    "'%.80s' is a model of %s", id.ptr,
		    m->vendor == KT_CONFIG_OPENAI ? "openai" : "anthropic");
	else
		return false;
	if (f != NULL && at < id.len && !is_bedrock) {
		struct kt_span fixed = kt_report_text(l->r, "%.*s-%s", (int)at,
		    id.ptr, id.ptr + at + 1);

		kt_lint_help(l, f, "write '%.*s'", KT_SPAN_ARG(fixed));
		kt_lint_replace(l, f, node, fixed.ptr);
	}
	return true;
}

static void
check_id(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span id, int vendor, bool is_public)
{
	const struct model *m = model_of(id);
	struct kt_report_finding *f;

	if (id.len == 0 || node == NULL || !is_public ||
	    is_elsewhere(l, node, id, vendor))
		return;
	if (m == NULL) {
		if (vendor == KT_CONFIG_ANTHROPIC || vendor == KT_CONFIG_OPENAI)
			unknown_model(l, node, id);
		return;
	}
	if (m->state != RETIRED)
		return;
	f = kt_lint_tell(l, KT_LINT_204, node, "'%.80s' is retired", id.ptr);
	kt_lint_help(l, f, "%s replaces it", m->instead);
}

/* A server of one's own may serve anything under any name. */
static bool
is_public(const struct kt_config_target *t)
{
	return kt_span_eq(t->base_url, KT_SPAN("https://api.anthropic.com")) ||
	    kt_span_eq(t->base_url, KT_SPAN("https://api.openai.com")) ||
	    kt_span_eq(t->base_url, KT_SPAN("https://api.openai.com/v1")) ||
	    t->vendor == KT_CONFIG_BEDROCK || t->vendor == KT_CONFIG_VERTEX;
}

static const struct kt_config_pair *
alias_named(const struct kt_config_providers *p, struct kt_span name)
{
	for (size_t i = 0; i < p->model_aliases.n; i++) {
		if (kt_span_eq(p->model_aliases.at[i].key, name))
			return &p->model_aliases.at[i];
	}
	return NULL;
}

/* 208, 209 */
static void
check_alias(struct kt_lint *l, const struct kt_config_providers *p,
    const struct kt_config_pair *a)
{
	const struct kt_config_node *node = kt_config_get(p->model_aliases.node,
	    a->key);
	const struct kt_config_pair *next = a;

	for (size_t i = 0; next != NULL && i <= p->model_aliases.n; i++) {
		next = alias_named(p, next->value);
		if (next != a)
			continue;
		(void)kt_lint_at(l, KT_LINT_208, kt_lint_key_place(l, node),
		    "alias '%.60s' leads back to itself", a->key.ptr);
		return;
	}
	if (kt_lint_glob_is_plain(a->key) && model_of(a->key) != NULL)
		(void)kt_lint_at(l, KT_LINT_209, kt_lint_key_place(l, node),
		    "alias '%.60s' is also the name of a model", a->key.ptr);
}

/* 211 */
static void
check_glob(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span glob, const struct kt_config_providers *p)
{
	const struct kt_config_target *targets = p->targets.at;

	if (glob.ptr == NULL || kt_lint_glob_is_plain(glob) || fits_a_model(glob))
		return;
	for (size_t i = 0; i < p->model_aliases.n; i++) {
		if (kt_lint_glob_meets(glob, p->model_aliases.at[i].key))
			return;
	}
	for (size_t i = 0; i < p->targets.n; i++) {
		if (kt_span_glob(glob, targets[i].model))
			return;
		/* Whatever the client asks for passes to some server. */
		if (targets[i].model.len == 0 && !is_public(&targets[i]) &&
		    targets[i].vendor != KT_CONFIG_OFFLINE)
			return;
	}
	(void)kt_lint_tell(l, KT_LINT_211, node,
	    "no known model fits '%.60s'", glob.ptr);
}

static void
check_group_models(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_group *groups = l->s->consumer_groups.at;

	for (size_t i = 0; i < l->s->consumer_groups.n; i++) {
		const struct kt_config_strings *s = &groups[i].allowed_models;
		const struct kt_config_node *node = kt_lint_element(s->node, 0);

		for (size_t k = 0; k < s->n && node != NULL; k++) {
			check_glob(l, node, s->at[k], p);
			node = node->next;
		}
	}
}

void
kt_lint_check_models(struct kt_lint *l, const struct kt_config_providers *p)
{
	const struct kt_config_target *targets = p->targets.at;
	const struct kt_config_routing_rule *rules = p->routing_rules.at;

	for (size_t i = 0; i < p->targets.n; i++) {
		const struct kt_config_target *t = &targets[i];
		const struct kt_config_node *node = kt_config_get(t->node,
		    KT_SPAN("model"));

		if (node == NULL)
			node = kt_config_get(t->node, KT_SPAN("provider"));
		check_id(l, node, t->model, t->vendor, is_public(t));
		node = kt_config_get(t->node, KT_SPAN("fallback_model"));
		check_id(l, node, t->fallback_model, t->vendor, is_public(t));
	}
	for (size_t i = 0; i < p->model_aliases.n; i++)
		check_alias(l, p, &p->model_aliases.at[i]);
	for (size_t i = 0; i < p->routing_rules.n; i++)
		check_glob(l, kt_config_get(rules[i].when.node, KT_SPAN("model")),
		    rules[i].when.model, p);
	if (p == &l->s->providers)
		check_group_models(l, p);
}
