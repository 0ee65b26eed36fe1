/*
 * fields - checks that hold for every field of a type, whatever it means.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "config/idle.h"
#include "lint/lint_priv.h"

/* 110: aliases of values. */
static void
check_alias(struct kt_lint *l, const struct kt_config_field *f,
    const struct kt_config_node *node)
{
	const char *usual;
	struct kt_report_finding *one;

	if (node->type != KT_CONFIG_NODE_SCALAR)
		return;
	usual = kt_config_alias_of(f->names, node->text);
	if (usual == NULL)
		return;
	one = kt_lint_tell(l, KT_LINT_110, node,
	    "'%s' is an old name of '%s'", node->text.ptr, usual);
	kt_lint_replace(l, one, node, usual);
}

struct entry {
	struct kt_span text;
	const struct kt_config_node *node;
};

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
by_folded(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	for (size_t i = 0; i < a->text.len && i < b->text.len; i++) {
		char x = fold(a->text.ptr[i]), y = fold(b->text.ptr[i]);

		if (x != y)
			return (unsigned char)x < (unsigned char)y ? -1 : 1;
	}
	if (a->text.len != b->text.len)
		return a->text.len < b->text.len ? -1 : 1;
	if (a->node->at.line != b->node->at.line)
		return a->node->at.line < b->node->at.line ? -1 : 1;
	return a->node->at.column < b->node->at.column ? -1 : 1;
}

/* Lists whose entries are compared without case. */
static bool
is_caseless(const struct kt_config_field *f)
{
	return strcmp(f->name, "blocked_terms") == 0 ||
	    strcmp(f->name, "headers") == 0;
}

/* 305, 309: by sorting, so that a list of thousands stays cheap. */
static void
check_repeats(struct kt_lint *l, const struct kt_config_seen *seen)
{
	const struct kt_config_strings *s = seen->member;
	const struct kt_config_node *node = s->node;
	struct entry *all;
	size_t n = 0;

	if (s->n < 2 || node == NULL || node->type != KT_CONFIG_NODE_LIST)
		return;
	all = kt_arena_array(l->mem, s->n, sizeof(*all));
	if (all == NULL)
		return;
	for (node = node->first; node != NULL; node = node->next) {
		if (node->type == KT_CONFIG_NODE_SCALAR && n < s->n)
			all[n++] = (struct entry){ node->text, node };
	}
	qsort(all, n, sizeof(*all), by_folded);
	for (size_t i = 1; i < n; i++) {
		bool is_same = kt_span_eq(all[i].text, all[i - 1].text);
		struct kt_report_finding *f = NULL;

		if (is_same)
			f = kt_lint_tell(l, KT_LINT_305, all[i].node,
			    "'%.60s' is in '%s' twice", all[i].text.ptr,
			    seen->field->name);
		else if (is_caseless(seen->field) &&
		    kt_span_caseeq(all[i].text, all[i - 1].text))
			f = kt_lint_tell(l, KT_LINT_309, all[i].node,
			    "'%.60s' and '%.60s' are the same here", all[i].text.ptr,
			    all[i - 1].text.ptr);
		if (f == NULL)
			continue;
		kt_report_note(l->r, f, kt_lint_place(l, all[i - 1].node),
		    "the first one");
		kt_lint_drop_line(l, f, all[i].node);
	}
}

static void
visit(void *arg, const struct kt_config_seen *seen)
{
	struct kt_lint *l = arg;
	const struct kt_config_node *c;

	switch (seen->field->type) {
	case KT_CONFIG_ENUM:
		check_alias(l, seen->field, seen->node);
		break;
	case KT_CONFIG_ENUMS:
		for (c = seen->node->first; c != NULL; c = c->next)
			check_alias(l, seen->field, c);
		break;
	case KT_CONFIG_STRINGS: case KT_CONFIG_INTS:
		/* The chain tells its own repeats, as a mistake. */
		if (strcmp(seen->field->name, "chain") != 0)
			check_repeats(l, seen);
		break;
	case KT_CONFIG_BOOL: case KT_CONFIG_INT: case KT_CONFIG_SIZE:
	case KT_CONFIG_NUMBER: case KT_CONFIG_STRING: case KT_CONFIG_PAIRS:
	case KT_CONFIG_WORDS: case KT_CONFIG_SECRET: case KT_CONFIG_SECTION:
	case KT_CONFIG_SECTIONS: case KT_CONFIG_NAMED: case KT_CONFIG_KINDS:
	case KT_CONFIG_ANY:
		break;
	}
}

/* 110 for the keys of kinds. */
static void
check_kind_names(struct kt_lint *l)
{
	for (size_t i = 0; i < l->s->policy.n; i++) {
		const struct kt_config_kind *k = l->s->policy.at[i].kind;
		const struct kt_config_node *node;
		struct kt_report_finding *f;

		if (k->alias == NULL)
			continue;
		node = kt_config_get(l->s->policy.node, kt_span_of(k->alias));
		if (node == NULL)
			continue;
		f = kt_lint_at(l, KT_LINT_110, kt_lint_key_place(l, node),
		    "'%s' is an old name of '%s'", k->alias, k->name);
		if (f == NULL)
			continue;
		f->fix = KT_REPORT_FIX_SAFE;
		kt_report_edit(l->r, f, kt_lint_key_place(l, node),
		    kt_span_of(k->name));
	}
}

/* 904: names that stand in records, markers and other rules. */
static void
check_name(void *arg, const struct kt_config_seen *seen)
{
	struct kt_lint *l = arg;
	const struct kt_span *s = seen->member;

	if (seen->field->type != KT_CONFIG_STRING || s->ptr == NULL ||
	    (strcmp(seen->field->name, "name") != 0 &&
	    strcmp(seen->field->name, "id") != 0) ||
	    strcmp(seen->table->name, "projects[]") == 0)
		return;
	for (size_t i = 0; i < s->len; i++) {
		char c = fold(s->ptr[i]);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '_' || c == '.')
			continue;
		(void)kt_lint_tell(l, KT_LINT_904, seen->node,
		    "'%.60s' holds other than letters, digits, '-', '_'", s->ptr);
		return;
	}
}

/* 901 */
static void
check_descriptions(struct kt_lint *l)
{
	if (l->s->pack.node != NULL && l->s->pack.description.len == 0)
		(void)kt_lint_tell(l, KT_LINT_901, l->s->pack.node,
		    "the pack has no description");
}

/* 440 */
static void
tell_idle(void *arg, const char *path, const char *who,
    const struct kt_config_node *node)
{
	struct kt_lint *l = arg;

	(void)kt_lint_at(l, KT_LINT_440, kt_lint_key_place(l, node),
	    "'%s' is not acted on %s", path, who);
}

void
kt_lint_check_fields(struct kt_lint *l)
{
	kt_config_visit(&kt_config_root_table, l->s, visit, l);
	kt_config_visit(&kt_config_root_table, l->s, check_name, l);
	check_kind_names(l);
	check_descriptions(l);
	kt_config_idle(l->s->node, tell_idle, l);
}

/* 312: what a later file's list takes away. */

static const struct kt_config_node *
missing_of(const struct kt_config_node *before,
    const struct kt_config_node *after)
{
	for (const struct kt_config_node *b = before->first; b; b = b->next) {
		const struct kt_config_node *a = after->first;

		while (a != NULL && !kt_span_eq(a->text, b->text))
			a = a->next;
		if (a == NULL)
			return b;
	}
	return NULL;
}

static void
compare(struct kt_lint *l, const struct kt_config_node *before,
    const struct kt_config_node *after)
{
	const struct kt_config_node *lost;
	struct kt_report_finding *f;

	if (before->type == KT_CONFIG_NODE_LIST &&
	    after->type == KT_CONFIG_NODE_LIST) {
		lost = missing_of(before, after);
		if (lost == NULL)
			return;
		f = kt_lint_at(l, KT_LINT_312, kt_lint_key_place(l, after),
		    "'%s' replaces the list of an earlier file%s%.60s%s",
		    after->key.ptr, lost->text.len > 0 ? ": '" : "",
		    lost->text.len > 0 ? lost->text.ptr : "",
		    lost->text.len > 0 ? "' is gone" : "");
		if (f != NULL)
			kt_report_note(l->r, f, kt_lint_key_place(l, before),
			    "the earlier list");
		return;
	}
	if (before->type != KT_CONFIG_NODE_MAP || after->type != before->type)
		return;
	for (const struct kt_config_node *c = after->first; c; c = c->next) {
		const struct kt_config_node *was = kt_config_get(before, c->key);

		if (was != NULL)
			compare(l, was, c);
	}
}

void
kt_lint_check_merge(struct kt_lint *l, const struct kt_lint_unit *u)
{
	const struct kt_config_node *before = NULL, *after;

	if (u->n < 2 || !l->o->is_on[KT_LINT_312])
		return;
	for (size_t i = 0; i < u->n; i++, before = after) {
		after = kt_config_parse((uint16_t)i, l->mem, l->d);
		l->d->n = l->d->dropped = l->d->hidden_n = 0;
		if (before != NULL && after != NULL)
			compare(l, before, after);
	}
}
