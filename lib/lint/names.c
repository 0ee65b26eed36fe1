/*
 * names - what one part of a configuration calls another by.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/nearest.h"
#include "lint/lint_priv.h"

/* 201 for detectors: by id, entity or group, or the user's own pattern. */

static bool
is_own(const struct kt_lint_kind *k, struct kt_span name)
{
	static const char *const lists[] = { "detect_patterns",
		"attack_patterns", "custom_patterns" };

	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		const struct kt_config_node *list = kt_lint_node(k, lists[i]);

		for (const struct kt_config_node *c = list ? list->first : NULL;
		     c != NULL; c = c->next) {
			const struct kt_config_node *entity = kt_config_get(c,
			    KT_SPAN("entity")), *own = kt_config_get(c,
			    KT_SPAN("name"));

			if ((entity != NULL && kt_span_eq(entity->text, name)) ||
			    (own != NULL && kt_span_caseeq(own->text, name)))
				return true;
		}
	}
	return false;
}

static void
check_detector(struct kt_lint *l, const struct kt_lint_kind *k,
    struct kt_span name, struct kt_report_place at)
{
	const struct kt_lint_detectors *d = &l->detectors;
	struct kt_config_nearest near;
	struct kt_report_finding *f;

	kt_config_nearest_init(&near, name);
	for (size_t i = 0; i < d->n; i++) {
		if (kt_detect_is_called(&d->at[i], name))
			return;
	}
	if (is_own(k, name))
		return;
	for (size_t i = 0; i < d->n; i++) {
		kt_config_nearest_try(&near, d->at[i].entity);
		kt_config_nearest_try(&near, d->at[i].id);
	}
	f = kt_lint_at(l, KT_LINT_201, at,
	    "no detector, group or entity is called '%.60s'", name.ptr);
	if (k->is_in_chain && k->common->enabled)
		kt_lint_refuse(f);
	if (near.best == NULL || f == NULL)
		return;
	kt_lint_help(l, f, "did you mean '%s'?", near.best);
	f->fix = KT_REPORT_FIX_UNSAFE;
	kt_report_edit(l->r, f, at, kt_span_of(near.best));
}

static void
check_detectors(struct kt_lint *l, const struct kt_lint_kind *k)
{
	static const char *const lists[] = { "entities", "flag_entities",
		"detectors" };
	const struct kt_config_node *markers;

	if (l->detectors.n == 0)
		return; /* nobody told them */
	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		const struct kt_config_strings *s = kt_lint_strings(k, lists[i]);

		const struct kt_config_node *node = kt_lint_element(s->node, 0);

		for (size_t n = 0; n < s->n && node != NULL; n++) {
			if (s->at[n].ptr != NULL)
				check_detector(l, k, s->at[n],
				    kt_lint_place(l, node));
			node = node->next;
		}
	}
	markers = kt_config_get(kt_lint_node(k, "redaction"),
	    KT_SPAN("custom_markers"));
	for (const struct kt_config_node *c = markers ? markers->first : NULL;
	     c != NULL; c = c->next)
		check_detector(l, k, c->key, kt_lint_key_place(l, c));
}

/* 202: settings of a kind that no chain names. */
static bool
is_in_any_chain(const struct kt_lint *l, const struct kt_lint_kind *k)
{
	const struct kt_config_project *projects = l->s->projects.at;
	bool is_in = k->is_in_chain;

	for (size_t i = 0; i < l->s->projects.n; i++) {
		for (size_t n = 0; n < projects[i].policies.links_n; n++)
			is_in |= projects[i].policies.links[n].kind == k->kind;
	}
	return is_in;
}

static void
check_unused(struct kt_lint *l, const struct kt_lint_kind *k)
{
	struct kt_report_finding *f;

	if (k->common->node == NULL || is_in_any_chain(l, k))
		return;
	f = kt_lint_tell(l, KT_LINT_202, k->common->node,
	    "'%s' has settings and is in no chain", k->kind->name);
	kt_lint_help(l, f, "add '%s' to policies.chain, or remove its settings",
	    k->kind->name);
}

/* 202, 201: parameters of texts, both ways. */

static bool
is_used(struct kt_span text, struct kt_span key)
{
	for (size_t i = 0; i + key.len + 4 <= text.len; i++) {
		if (memcmp(text.ptr + i, "{{", 2) == 0 &&
		    memcmp(text.ptr + i + 2, key.ptr, key.len) == 0 &&
		    memcmp(text.ptr + i + 2 + key.len, "}}", 2) == 0)
			return true;
	}
	return false;
}

static void
check_placeholders(struct kt_lint *l, const struct kt_config_node *list,
    const struct kt_config_node *parameters)
{
	const struct kt_config_node *c = kt_lint_element(list, 0);

	for (; c != NULL; c = c->next) {
		struct kt_span rest = c->text;

		while (rest.len > 4) {
			size_t open = kt_span_find(rest, '{'), end;
			struct kt_span name;

			rest = kt_span_sub(rest, open + 1, SIZE_MAX);
			if (rest.len == 0 || rest.ptr[0] != '{')
				continue;
			rest = kt_span_sub(rest, 1, SIZE_MAX);
			end = kt_span_find(rest, '}');
			name = kt_span_sub(rest, 0, end);
			if (end + 1 < rest.len && rest.ptr[end + 1] == '}' &&
			    kt_config_get(parameters, name) == NULL)
				(void)kt_lint_tell(l, KT_LINT_201, c,
				    "there is no parameter '%.*s'",
				    name.len > 60 ? 60 : (int)name.len, name.ptr);
		}
		if (list->type != KT_CONFIG_NODE_LIST)
			break;
	}
}

static void
check_parameters(struct kt_lint *l)
{
	struct kt_lint_kind k;
	const struct kt_config_node *parameters, *lists[2];

	if (!kt_lint_kind_named(l, "prompt-decorator", &k))
		return;
	parameters = kt_lint_node(&k, "parameters");
	lists[0] = kt_lint_node(&k, "prepend");
	lists[1] = kt_lint_node(&k, "append");
	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		if (lists[i] != NULL)
			check_placeholders(l, lists[i], parameters);
	}
	for (const struct kt_config_node *p = parameters ? parameters->first :
	     NULL; p != NULL; p = p->next) {
		bool is_found = false;

		for (size_t i = 0; i < KT_NELEMS(lists); i++) {
			const struct kt_config_node *c = kt_lint_element(lists[i], 0);

			for (; c != NULL; c = c->next) {
				is_found |= is_used(c->text, p->key);
				if (lists[i]->type != KT_CONFIG_NODE_LIST)
					break;
			}
		}
		if (!is_found)
			(void)kt_lint_at(l, KT_LINT_202, kt_lint_key_place(l, p),
			    "parameter '%.60s' stands in no text", p->key.ptr);
	}
}

/* 201: groups that others name; a pattern is to fit one. */
static void
check_group(struct kt_lint *l, const struct kt_config_node *node)
{
	const struct kt_config_group *groups = l->s->consumer_groups.at;
	struct kt_config_nearest near;
	struct kt_report_finding *f;

	kt_config_nearest_init(&near, node->text);
	for (size_t n = 0; n < l->s->consumer_groups.n; n++) {
		if (kt_span_glob(node->text, groups[n].name))
			return;
		if (groups[n].name.ptr != NULL)
			kt_config_nearest_try(&near, groups[n].name.ptr);
	}
	f = kt_lint_tell(l, KT_LINT_201, node, "there is no group '%.60s'",
	    node->text.ptr);
	if (f != NULL && near.best != NULL) {
		kt_lint_help(l, f, "did you mean '%s'?", near.best);
		kt_lint_replace(l, f, node, near.best);
	}
}

static void
check_groups_named(struct kt_lint *l)
{
	const struct kt_config_routing_rule *rules =
	    l->s->providers.routing_rules.at;
	const struct kt_config_node *roles = NULL, *c;
	struct kt_lint_kind k;

	for (size_t i = 0; i < l->s->providers.routing_rules.n; i++) {
		if (rules[i].when.group.ptr != NULL)
			check_group(l, kt_config_get(
			    rules[i].when.node, KT_SPAN("group")));
	}
	/* Without any, a token's group is a word that nobody declares. */
	if (l->s->consumer_groups.n > 0 && kt_lint_kind_named(l, "rbac", &k))
		roles = kt_lint_node(&k, "roles");
	for (roles = roles ? roles->first : NULL; roles; roles = roles->next) {
		c = kt_config_get(roles, KT_SPAN("groups"));
		for (c = c ? c->first : NULL; c != NULL; c = c->next)
			check_group(l, c);
	}
}

void
kt_lint_check_names(struct kt_lint *l)
{
	struct kt_lint_kind k;

	for (size_t i = 0; i < l->s->policy.n; i++) {
		if (!kt_lint_kind_named(l, l->s->policy.at[i].kind->name, &k))
			continue;
		check_detectors(l, &k);
		check_unused(l, &k);
	}
	check_parameters(l);
	check_groups_named(l);
}

/* 405, 406, 415, 437: groups. */
void
kt_lint_check_groups(struct kt_lint *l)
{
	const struct kt_config_group *groups = l->s->consumer_groups.at;
	int mode = l->s->auth.mode;

	for (size_t i = 0; i < l->s->consumer_groups.n; i++) {
		const struct kt_config_group *g = &groups[i];
		const struct kt_config_node *scopes = kt_config_get(g->node,
		    KT_SPAN("scopes"));
		bool is_admin = false;

		for (const struct kt_config_node *c = scopes ? scopes->first : NULL;
		     c != NULL; c = c->next)
			is_admin |= kt_span_eq(c->text, KT_SPAN("admin"));
		if (is_admin &&
		    scopes->n > 1)
			(void)kt_lint_tell(l, KT_LINT_406, scopes,
			    "group '%.60s' may administer and call models",
			    g->name.ptr ? g->name.ptr : "");
		if (g->budget.node != NULL && g->budget.on_exceed == 1)
			(void)kt_lint_tell(l, KT_LINT_437, kt_config_get(
			    g->budget.node, KT_SPAN("on_exceed")),
			    "the budget of '%.60s' stops nothing",
			    g->name.ptr ? g->name.ptr : "");
	}
	if (l->s->consumer_groups.n > 0 && mode != KT_CONFIG_AUTH_TOKENS &&
	    mode != KT_CONFIG_AUTH_JWT)
		(void)kt_lint_tell(l, KT_LINT_405, l->s->consumer_groups.node,
		    "groups are told by tokens, and auth.mode asks for none");
}
