/*
 * kinds - settings of policy kinds, and the chain they stand in.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/lint_priv.h"

/* 427: switches that protect, by kind and path. */
static const struct {
	const char *kind, *section, *field, *loss;
} protections[] = {
	{ "pii-detector", NULL, "pci_mode", "payment cards are not looked for" },
	{ "secret-scanner", NULL, "verify_checksums",
	    "examples of keys are refused like keys" },
	{ "prompt-injection", "encoding", "decode_base64",
	    "attacks in base64 are not seen" },
	{ "prompt-injection", "encoding", "normalize_unicode",
	    "attacks in unusual letters are not seen" },
	{ "prompt-injection", "encoding", "detect_homoglyphs",
	    "attacks in letters that look alike are not seen" },
	{ "prompt-injection", "boundaries", "reject_fake_boundaries",
	    "role marks inside a text are not reported" },
};

static void
check_protections(struct kt_lint *l)
{
	struct kt_lint_kind k;

	for (size_t i = 0; i < KT_NELEMS(protections); i++) {
		const struct kt_config_node *node;

		if (!kt_lint_kind_named(l, protections[i].kind, &k))
			continue;
		node = k.common->node;
		if (protections[i].section != NULL)
			node = kt_lint_node(&k, protections[i].section);
		node = kt_config_get(node, kt_span_of(protections[i].field));
		if (node != NULL && kt_span_eq(node->text, KT_SPAN("false")))
			(void)kt_lint_tell(l, KT_LINT_427, node,
			    "'%s' is off: %s", protections[i].field,
			    protections[i].loss);
	}
}

/* 402, 417, 431 */
static void
check_common(struct kt_lint *l, const struct kt_lint_kind *k)
{
	const struct kt_config_common *c = k->common;
	const char *name = k->kind->name;

	if (c->on_error == KT_CONFIG_ALLOW)
		(void)kt_lint_tell(l, KT_LINT_402, kt_lint_node(k, "on_error"),
		    "'%s' lets pass what it could not judge", name);
	if (c->mode == KT_CONFIG_MONITOR)
		(void)kt_lint_tell(l, KT_LINT_417, kt_lint_node(k, "mode"),
		    "'%s' only watches", name);
	if (!c->enabled && k->is_in_chain)
		(void)kt_lint_tell(l, KT_LINT_431, kt_lint_node(k, "enabled"),
		    "'%s' is in the chain and does not act", name);
}

/* 210, 403, 404: components. */

#define BIT(id) KT_COMPONENT_BIT(KT_COMPONENT_##id)
static const struct {
	const char *kind;
	uint32_t never; /* components at which it never acts */
} blind[] = {
	{ "prompt-injection", BIT(SYSTEM) | BIT(TOOLS) | BIT(TOOL_USE) |
	    BIT(COMPLETION) },
	{ "agent-firewall", BIT(SYSTEM) | BIT(MESSAGES) | BIT(IMAGES) |
	    BIT(DOCUMENTS) | BIT(FILES) | BIT(COMPLETION) },
	{ "data-routing-policy", BIT(COMPLETION) },
	{ "cache-guard", BIT(COMPLETION) },
	{ "content-limits", KT_COMPONENTS_ALL },
	{ "prompt-decorator", KT_COMPONENTS_ALL },
	{ "audit-logger", KT_COMPONENTS_ALL },
};

static const char *const components[] = {
#define KT_COMPONENT(id, name, meaning) name,
#include "chat/chat.def"
};

static void
check_blind(struct kt_lint *l, const struct kt_lint_kind *k,
    const struct kt_config_node *list, uint32_t never)
{
	for (const struct kt_config_node *c = list->first; c; c = c->next) {
		struct kt_span word = c->text;

		if (kt_span_eq(word, KT_SPAN("tool_result")))
			word = KT_SPAN("tool_results");
		for (size_t i = 0; i < KT_NELEMS(components); i++) {
			if ((never >> i & 1) &&
			    kt_span_eq(word, kt_span_of(components[i])))
				(void)kt_lint_tell(l, KT_LINT_210, c,
				    "'%s' never acts on '%s'", k->kind->name,
				    components[i]);
		}
	}
}

static void
check_components(struct kt_lint *l, const struct kt_lint_kind *k)
{
	const struct kt_config_node *list = kt_lint_node(k, "components");
	uint32_t said = k->common->components, never = 0, request, lacks;
	char names[128] = "";

	if (list == NULL || said == 0 || list->type != KT_CONFIG_NODE_LIST)
		return;
	for (size_t i = 0; i < KT_NELEMS(blind); i++) {
		if (strcmp(blind[i].kind, k->kind->name) == 0)
			never = blind[i].never;
	}
	check_blind(l, k, list, never);
	request = (BIT(SYSTEM) | BIT(MESSAGES) | BIT(TOOLS) | BIT(TOOL_USE) |
	    BIT(TOOL_RESULTS) | BIT(DOCUMENTS)) & ~never;
	lacks = request & ~said;
	for (size_t i = 0; i < KT_NELEMS(components); i++) {
		if (lacks >> i & 1)
			(void)snprintf(names + strlen(names),
			    sizeof(names) - strlen(names), "%s%s",
			    *names ? ", " : "", components[i]);
	}
	if (lacks != 0)
		(void)kt_lint_at(l, KT_LINT_403, kt_lint_key_place(l, list),
		    "'%s' does not look at %s", k->kind->name, names);
	if (!(never & BIT(COMPLETION)) && !(said & BIT(COMPLETION)))
		(void)kt_lint_at(l, KT_LINT_404, kt_lint_key_place(l, list),
		    "'%s' does not look at answers", k->kind->name);
}

/* 306: an entity in two lists. */
static void
check_conflicts(struct kt_lint *l)
{
	const struct kt_config_strings *act, *flag;
	const struct kt_config_node *node;
	struct kt_report_finding *f;
	struct kt_lint_kind k;

	if (!kt_lint_kind_named(l, "pii-detector", &k))
		return;
	act = kt_lint_strings(&k, "entities");
	flag = kt_lint_strings(&k, "flag_entities");
	node = kt_lint_element(flag->node, 0);
	for (size_t i = 0; i < flag->n && node; i++, node = node->next) {
		for (size_t n = 0; n < act->n; n++) {
			if (!kt_span_eq(act->at[n], flag->at[i]) ||
			    flag->at[i].ptr == NULL)
				continue;
			f = kt_lint_tell(l, KT_LINT_306, node,
			    "'%.60s' is to be acted on and to be left alone",
			    flag->at[i].ptr);
			if (f != NULL)
				kt_report_note(l->r, f, kt_lint_place(l,
				    kt_lint_element(act->node, n)),
				    "to be acted on");
		}
	}
}

/* 426: what must not leave, in a list of what is only noted. */
static void
check_noted(struct kt_lint *l)
{
	static const char *const never[] = { "CREDIT_CARD", "US_SSN", "IBAN_CODE",
		"secret", "pci" };
	const struct kt_config_strings *flag;
	const struct kt_config_node *node;
	struct kt_lint_kind k;

	if (kt_lint_kind_named(l, "secret-scanner", &k) && k.is_in_chain &&
	    strcmp(kt_lint_word(&k, "action"), "flag") == 0)
		(void)kt_lint_tell(l, KT_LINT_426, kt_lint_node(&k, "action"),
		    "secrets are noted, and leave");
	if (!kt_lint_kind_named(l, "pii-detector", &k) || !k.is_in_chain)
		return;
	if (strcmp(kt_lint_word(&k, "action"), "flag") == 0)
		(void)kt_lint_tell(l, KT_LINT_436, kt_lint_node(&k, "action"),
		    "personal data and cards are noted, and leave");
	flag = kt_lint_strings(&k, "flag_entities");
	node = kt_lint_element(flag->node, 0);
	for (size_t i = 0; i < flag->n && node; i++, node = node->next) {
		for (size_t n = 0; n < KT_NELEMS(never); n++) {
			if (kt_span_eq(flag->at[i], kt_span_of(never[n])))
				(void)kt_lint_tell(l, KT_LINT_426, node,
				    "'%s' is noted, and leaves", never[n]);
		}
	}
}

static bool
says(const struct kt_lint_kind *k, const char *field, const char *word)
{
	const struct kt_config_node *node = kt_lint_node(k, field);

	return node != NULL && kt_span_eq(node->text, kt_span_of(word));
}

/* Is it named, in the chain, and not only there to watch? */
static bool
is_enforced(struct kt_lint *l, const char *name, struct kt_lint_kind *k)
{
	return kt_lint_kind_named(l, name, k) && k->is_in_chain &&
	    k->common->enabled && k->common->mode == KT_CONFIG_ENFORCE;
}

static bool
expects_health_data(struct kt_lint *l)
{
	struct kt_lint_kind k;

	return (kt_lint_kind_named(l, "pii-detector", &k) &&
	           says(&k, "healthcare_mode", "true")) ||
	    (kt_lint_kind_named(l, "phi-detector", &k) && k.is_in_chain);
}

/* Does a policy keep it from targets without an agreement? */
static bool
keeps_health_data(struct kt_lint *l)
{
	struct kt_lint_kind k;
	const struct kt_config_node *list;

	if (is_enforced(l, "phi-detector", &k) && !says(&k, "require_baa", "false"))
		return true;
	if (!is_enforced(l, "data-routing-policy", &k))
		return false;
	list = kt_lint_node(&k, "require_baa_for");
	if (list == NULL)
		return true; /* phi is its default */
	for (const struct kt_config_node *c = list->first; c; c = c->next) {
		if (kt_span_eq(c->text, KT_SPAN("phi")))
			return true;
	}
	return kt_span_eq(list->text, KT_SPAN("phi"));
}

/* 429 */
static void
check_health_data(struct kt_lint *l)
{
	const struct kt_config_target *targets = l->s->providers.targets.at;

	if (!expects_health_data(l) || keeps_health_data(l))
		return;
	for (size_t i = 0; i < l->s->providers.targets.n; i++) {
		const struct kt_config_target *t = &targets[i];

		if (t->vendor == KT_CONFIG_OFFLINE || t->node == NULL ||
		    t->data_policy.baa.node != NULL)
			continue;
		(void)kt_lint_tell(l, KT_LINT_429, kt_config_get(t->node,
		    KT_SPAN("id")), "target '%.60s' has no agreement for health "
		    "data", t->id.ptr ? t->id.ptr : "");
	}
}

/* 439, 434, 703 */
static void
check_single(struct kt_lint *l)
{
	const struct kt_config_node *node;
	struct kt_lint_kind k;

	if (kt_lint_kind_named(l, "prompt-injection", &k) &&
	    strcmp(kt_lint_word(&k, "sensitivity"), "low") == 0 &&
	    strcmp(kt_lint_word(&k, "action"), "block") == 0)
		(void)kt_lint_tell(l, KT_LINT_439, kt_lint_node(&k, "sensitivity"),
		    "attacks are to be blocked, and hardly any is");
	if (kt_lint_kind_named(l, "dlp-filter", &k) && k.is_in_chain &&
	    kt_lint_items(&k, "detect_patterns")->n == 0 &&
	    kt_lint_strings(&k, "blocked_terms")->n == 0)
		(void)kt_lint_tell(l, KT_LINT_434, k.common->node,
		    "dlp-filter has neither patterns nor terms");
	if (!kt_lint_kind_named(l, "pii-detector", &k))
		return;
	node = kt_config_get(kt_lint_node(&k, "redaction"),
	    KT_SPAN("reversible"));
	if (node != NULL && kt_span_eq(node->text, KT_SPAN("true")))
		(void)kt_lint_tell(l, KT_LINT_703, node,
		    "pii-detector does not restore what it replaced");
}

/* 316, 424, 425 */

static bool
inspects(const struct kt_config_kind *kind)
{
	static const char *const not[] = { "audit-logger", "prompt-decorator",
		"content-limits", "rbac" };

	for (size_t i = 0; i < KT_NELEMS(not); i++) {
		if (strcmp(kind->name, not[i]) == 0)
			return false;
	}
	return true;
}

static void
check_chain(struct kt_lint *l, const struct kt_config_policies *p)
{
	bool is_inspected = false;

	for (size_t i = 0; i < p->links_n; i++) {
		is_inspected |= inspects(p->links[i].kind);
		if (i + 1 < p->links_n &&
		    strcmp(p->links[i].kind->name, "audit-logger") == 0)
			(void)kt_lint_tell(l, KT_LINT_316, p->links[i].node,
			    "'%s' stands behind audit-logger",
			    p->links[i + 1].kind->name);
	}
	if (!is_inspected && p->node != NULL)
		(void)kt_lint_tell(l, KT_LINT_424, kt_config_get(p->node,
		    KT_SPAN("chain")), "no policy of the chain looks at texts");
}

static void
check_projects(struct kt_lint *l)
{
	const struct kt_config_project *projects = l->s->projects.at;
	const struct kt_config_policies *all = &l->s->policies;

	for (size_t i = 0; i < l->s->projects.n; i++) {
		const struct kt_config_policies *own = &projects[i].policies;

		if (own->node == NULL)
			continue;
		check_chain(l, own);
		for (size_t g = 0; g < all->links_n; g++) {
			size_t n = 0;

			while (n < own->links_n &&
			    own->links[n].kind != all->links[g].kind)
				n++;
			if (n == own->links_n && inspects(all->links[g].kind))
				(void)kt_lint_tell(l, KT_LINT_425, kt_config_get(
				    own->node, KT_SPAN("chain")),
				    "'%s' of the global chain does not act here",
				    all->links[g].kind->name);
		}
	}
}

void
kt_lint_check_kinds(struct kt_lint *l)
{
	struct kt_lint_kind k;

	for (size_t i = 0; i < l->s->policy.n; i++) {
		if (!kt_lint_kind_named(l, l->s->policy.at[i].kind->name, &k) ||
		    k.common->node == NULL)
			continue;
		check_common(l, &k);
		check_components(l, &k);
	}
	check_protections(l);
	check_conflicts(l);
	kt_lint_check_firewall(l);
	check_noted(l);
	check_single(l);
	check_health_data(l);
	check_chain(l, &l->s->policies);
	check_projects(l);
}
