/*
 * visit - what the files say, field by field, for whoever judges it by the
 * same tables that loaded it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/fill.h"

static const struct kt_config_node *
node_of(const void *section)
{
	/* Every section's first member. */
	return *(const struct kt_config_node *const *)section;
}

static void
visit_items(const struct kt_config_field *f, const struct kt_config_items *items,
    kt_config_visit_fn *visit, void *arg)
{
	const char *at = items->at;

	for (size_t i = 0; i < items->n; i++)
		kt_config_visit(f->table, at + i * f->table->size, visit, arg);
}

void
kt_config_visit(const struct kt_config_table *table, const void *section,
    kt_config_visit_fn *visit, void *arg)
{
	size_t offset;

	if (node_of(section) == NULL)
		return;
	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);
		struct kt_config_seen seen = { table, f, section,
			(const char *)section + offset,
			kt_config_get(node_of(section), kt_span_of(f->name)) };
		const struct kt_config_kinds *kinds = seen.member;

		if (seen.node == NULL)
			continue;
		visit(arg, &seen);
		if (f->type == KT_CONFIG_SECTION)
			kt_config_visit(f->table, seen.member, visit, arg);
		else if (f->type == KT_CONFIG_SECTIONS ||
		    f->type == KT_CONFIG_NAMED)
			visit_items(f, seen.member, visit, arg);
		for (size_t k = 0; f->type == KT_CONFIG_KINDS && k < kinds->n; k++)
			kt_config_visit(kinds->at[k].kind->table,
			    kinds->at[k].settings, visit, arg);
	}
}

bool
kt_config_find(const struct kt_config_table *table, const void *section,
    const char *name, struct kt_config_seen *out)
{
	size_t offset;

	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		if (strcmp(f->name, name) != 0)
			continue;
		*out = (struct kt_config_seen){ table, f, section,
			(const char *)section + offset,
			kt_config_get(node_of(section), kt_span_of(name)) };
		return true;
	}
	return false;
}

const char *
kt_config_alias_of(const char *const *names, struct kt_span word)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		struct kt_span name = kt_span_of(names[i]);
		size_t eq = kt_span_find(name, '=');

		if (eq < name.len && kt_span_eq(kt_span_sub(name, 0, eq), word))
			return names[i] + eq + 1;
	}
	return NULL;
}
