/*
 * firewall - rules on tools that an earlier one has decided already, and what
 * is said of tools without effect.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A rule can only cover another if what its name begins with, up to the first
 * sign, is what the other's begins with.  So rules are found by that, and of
 * thousands few are compared.
 */
#include "lint/lint_priv.h"

struct rule {
	const struct kt_config_node *node; /* of the tool */
	struct kt_span tool;
	size_t stem; /* bytes before the first sign; all of a plain name */
	size_t next; /* in its bucket, 1 + index of an earlier one; 0: none */
};

struct firewall {
	struct rule *rules;
	size_t n, nbuckets, *buckets; /* of those that always hold: 1 + index */
	size_t pairs;
};

static void
read_rule(struct rule *r, const struct kt_config_node *node)
{
	r->node = kt_config_get(node, KT_SPAN("tool"));
	if (r->node != NULL)
		r->tool = r->node->text;
	while (r->stem < r->tool.len && r->tool.ptr[r->stem] != '*' &&
	    r->tool.ptr[r->stem] != '?')
		r->stem++;
}

static void
remember(struct firewall *f, size_t i)
{
	uint64_t h = kt_hash(KT_HASH_BEGIN,
	    kt_span_sub(f->rules[i].tool, 0, f->rules[i].stem));
	size_t *bucket = &f->buckets[h % f->nbuckets];

	f->rules[i].next = *bucket;
	*bucket = i + 1;
}

static bool
covers(struct firewall *f, const struct rule *a, const struct rule *b,
    size_t stem)
{
	if (a->stem != stem || memcmp(a->tool.ptr, b->tool.ptr, stem) != 0)
		return false;
	f->pairs++;
	return kt_lint_glob_covers(a->tool, b->tool);
}

/* The first of the rules before that decides all that b holds for, or NULL. */
static const struct rule *
cover_of(struct firewall *f, const struct rule *b)
{
	const struct rule *first = NULL;
	uint64_t h = KT_HASH_BEGIN;

	for (size_t stem = 0;; stem++) {
		size_t i = f->buckets[h % f->nbuckets];

		for (; i != 0; i = f->rules[i - 1].next)
			if ((first == NULL || &f->rules[i - 1] < first) &&
			    covers(f, &f->rules[i - 1], b, stem))
				first = &f->rules[i - 1];
		if (stem == b->stem)
			return first;
		h = kt_hash(h, kt_span_sub(b->tool, stem, 1));
	}
}

static void
tell(struct kt_lint *l, const struct rule *b, const struct rule *by)
{
	struct kt_report_finding *f = kt_lint_tell(l, KT_LINT_301, b->node,
	    "an earlier rule decides every call of '%.60s'", b->tool.ptr);

	if (f != NULL)
		kt_report_note(
		    l->r, f, kt_lint_place(l, by->node), "this one");
}

static void
compare(struct kt_lint *l, struct firewall *f,
    const struct kt_config_node *rules)
{
	for (const struct kt_config_node *node = rules->first; node != NULL;
	     node = node->next) {
		struct rule *r = &f->rules[f->n];
		const struct rule *by;

		read_rule(r, node);
		f->n++;
		if (r->tool.len == 0)
			continue;
		if (f->pairs > KT_LINT_PAIRS_MAX) {
			(void)kt_lint_tell(l, KT_LINT_302, r->node,
			    "from here on, rules were not compared: too many "
			    "patterns");
			return;
		}
		by = cover_of(f, r);
		if (by != NULL)
			tell(l, r, by);
		if (kt_config_get(node, KT_SPAN("when")) == NULL)
			remember(f, f->n - 1);
	}
}

static const struct kt_config_node *
items_of(const struct kt_config_node *list)
{
	return list != NULL && list->type == KT_CONFIG_NODE_LIST ? list->first :
	    NULL;
}

void
kt_lint_check_allowed(struct kt_lint *l, const struct kt_config_node *yes,
    const struct kt_config_node *no)
{
	size_t pairs = 0;

	for (const struct kt_config_node *y = items_of(yes); y; y = y->next) {
		const struct kt_config_node *n = items_of(no);
		struct kt_report_finding *f;

		while (n != NULL && pairs++ < KT_LINT_PAIRS_MAX &&
		    !kt_lint_glob_covers(n->text, y->text))
			n = n->next;
		if (n == NULL || pairs > KT_LINT_PAIRS_MAX)
			continue;
		f = kt_lint_tell(l, KT_LINT_308, y,
		    "'%.60s' is allowed, and forbidden by '%.60s'", y->text.ptr,
		    n->text.ptr);
		if (f != NULL)
			kt_report_note(
			    l->r, f, kt_lint_place(l, n), "forbidden here");
	}
}

/* 202: arguments where none is replaced; 304: what asks for nothing. */
static void
check_rule(struct kt_lint *l, const struct kt_config_node *rule)
{
	const struct kt_config_node *action = kt_config_get(rule,
	    KT_SPAN("action")), *arguments = kt_config_get(rule,
	    KT_SPAN("arguments")), *when = kt_config_get(rule, KT_SPAN("when"));

	if (arguments != NULL && action != NULL &&
	    !kt_span_eq(action->text, KT_SPAN("redact")))
		(void)kt_lint_at(l, KT_LINT_202, kt_lint_key_place(l, arguments),
		    "'arguments' are replaced by action redact only");
	for (const struct kt_config_node *c = when ? when->first : NULL; c;
	     c = c->next) {
		if (c->type == KT_CONFIG_NODE_MAP && c->first == NULL)
			(void)kt_lint_at(l, KT_LINT_304, kt_lint_key_place(l, c),
			    "any value of '%.60s' will do", c->key.ptr);
	}
}

void
kt_lint_check_firewall(struct kt_lint *l)
{
	const struct kt_config_node *rules, *screen;
	struct firewall f = { .n = 0 };
	struct kt_lint_kind k;
	size_t n = 0;

	if (!kt_lint_kind_named(l, "agent-firewall", &k))
		return;
	kt_lint_check_allowed(l, kt_lint_node(&k, "allowed_tools"),
	    kt_lint_node(&k, "blocked_tools"));
	screen = kt_lint_node(&k, "computer_use");
	kt_lint_check_allowed(l,
	    kt_config_get(screen, KT_SPAN("allowed_actions")),
	    kt_config_get(screen, KT_SPAN("blocked_actions")));
	rules = kt_lint_node(&k, "rules");
	if (rules == NULL || rules->type != KT_CONFIG_NODE_LIST)
		return;
	for (const struct kt_config_node *r = rules->first; r; r = r->next, n++)
		check_rule(l, r);
	f.nbuckets = 2 * n + 1;
	f.rules = kt_arena_array(l->mem, n, sizeof(*f.rules));
	f.buckets = kt_arena_array(l->mem, f.nbuckets, sizeof(*f.buckets));
	if (f.rules != NULL && f.buckets != NULL)
		compare(l, &f, rules);
}
