/*
 * schema - JSON Schema from the tables.  Each table is one definition that
 * others refer to: targets of a project are the targets of the gateway.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/emit.h"
#include "config/fill.h"

#define TABLES_MAX 128

/* The tables reached, each once, in the order in which they are met. */
struct tables {
	const struct kt_config_table *at[TABLES_MAX];
	size_t n;
};

static void
collect(struct tables *t, const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n)
{
	size_t offset;

	for (size_t i = 0; i < t->n; i++) {
		if (t->at[i] == table)
			return;
	}
	if (t->n == TABLES_MAX)
		KT_BUG("more tables than a schema has room for");
	t->at[t->n++] = table;
	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		if (f->table != NULL)
			collect(t, f->table, kinds, kinds_n);
		for (size_t k = 0; f->type == KT_CONFIG_KINDS && k < kinds_n; k++)
			collect(t, kinds[k].table, kinds, kinds_n);
	}
}

static void
type(struct kt_config_emit *e, const char *name, bool may_be_null)
{
	if (!may_be_null) {
		kt_config_emit_text(e, "type", kt_span_of(name));
		return;
	}
	kt_config_emit_list(e, "type");
	kt_config_emit_text(e, NULL, kt_span_of(name));
	kt_config_emit_text(e, NULL, KT_SPAN("null"));
	kt_config_emit_end(e);
}

static void
words(struct kt_config_emit *e, const char *const *names, bool may_be_null)
{
	kt_config_emit_list(e, "enum");
	for (size_t i = 0; names[i] != NULL; i++) {
		struct kt_span name = kt_span_of(names[i]);

		name = kt_span_sub(name, 0, kt_span_find(name, '='));
		kt_config_emit_text(e, NULL, name);
		/* YAML takes 1.2 and 429 for numbers; so may who checks. */
		if (name.ptr[0] >= '0' && name.ptr[0] <= '9')
			kt_config_emit_bare(e, NULL, names[i]);
	}
	if (may_be_null)
		kt_config_emit_bare(e, NULL, "null");
	kt_config_emit_end(e);
}

static void
bounds(struct kt_config_emit *e, const struct kt_config_field *f)
{
	if (f->min == 0 && f->max == 0)
		return;
	kt_config_emit_int(e, "minimum", f->min);
	kt_config_emit_int(e, "maximum", f->max);
}

static void
ref(struct kt_config_emit *e, const struct kt_config_table *table)
{
	char to[128];

	(void)snprintf(to, sizeof(to), "#/$defs/%s", table->name);
	kt_config_emit_text(e, "$ref", kt_span_of(to));
}

static void
ref_or_null(struct kt_config_emit *e, const struct kt_config_table *table)
{
	kt_config_emit_list(e, "anyOf");
	kt_config_emit_map(e, NULL);
	ref(e, table);
	kt_config_emit_end(e);
	kt_config_emit_map(e, NULL);
	kt_config_emit_text(e, "type", KT_SPAN("null"));
	kt_config_emit_end(e);
	kt_config_emit_end(e);
}

static void
list(struct kt_config_emit *e, const struct kt_config_field *f)
{
	bool may_be_null = !f->is_required;

	if (f->takes_one) {
		kt_config_emit_list(e, "type");
		kt_config_emit_text(e, NULL, KT_SPAN("array"));
		kt_config_emit_text(e, NULL, KT_SPAN("string"));
		if (may_be_null)
			kt_config_emit_text(e, NULL, KT_SPAN("null"));
		kt_config_emit_end(e);
	} else {
		type(e, "array", may_be_null);
	}
	kt_config_emit_map(e, "items");
	if (f->type == KT_CONFIG_SECTIONS) {
		ref(e, f->table);
	} else if (f->type == KT_CONFIG_ENUMS) {
		words(e, f->names, false);
	} else {
		type(e, f->type == KT_CONFIG_INTS ? "integer" : "string", false);
		bounds(e, f);
	}
	kt_config_emit_end(e);
}

static void
mapping(struct kt_config_emit *e, const struct kt_config_field *f)
{
	type(e, "object", !f->is_required);
	kt_config_emit_map(e, "additionalProperties");
	if (f->type == KT_CONFIG_WORDS) {
		words(e, f->names, false);
	} else if (f->type == KT_CONFIG_NAMED) {
		ref(e, f->table);
	} else {
		kt_config_emit_list(e, "type");
		kt_config_emit_text(e, NULL, KT_SPAN("string"));
		kt_config_emit_text(e, NULL, KT_SPAN("number"));
		kt_config_emit_text(e, NULL, KT_SPAN("boolean"));
		kt_config_emit_end(e);
	}
	kt_config_emit_end(e);
}

static void
secret(struct kt_config_emit *e, const struct kt_config_field *f)
{
	static const char *const from[] = { "env", "file" };

	type(e, "object", !f->is_required);
	kt_config_emit_map(e, "properties");
	for (size_t i = 0; i < KT_NELEMS(from); i++) {
		kt_config_emit_map(e, from[i]);
		kt_config_emit_text(e, "type", KT_SPAN("string"));
		kt_config_emit_end(e);
	}
	kt_config_emit_end(e);
	kt_config_emit_bare(e, "additionalProperties", "false");
	kt_config_emit_int(e, "minProperties", 1);
	kt_config_emit_int(e, "maxProperties", 1);
}

static void
kinds_of(struct kt_config_emit *e, const struct kt_config_kind *kinds,
    size_t kinds_n)
{
	type(e, "object", true);
	kt_config_emit_map(e, "properties");
	for (size_t i = 0; i < kinds_n; i++) {
		kt_config_emit_map(e, kinds[i].name);
		ref_or_null(e, kinds[i].table);
		kt_config_emit_end(e);
		if (kinds[i].alias == NULL)
			continue;
		kt_config_emit_map(e, kinds[i].alias);
		ref_or_null(e, kinds[i].table);
		kt_config_emit_end(e);
	}
	kt_config_emit_end(e);
	kt_config_emit_bare(e, "additionalProperties", "false");
}

static void
constraint(struct kt_config_emit *e, const struct kt_config_field *f,
    const struct kt_config_kind *kinds, size_t kinds_n)
{
	switch (f->type) {
	case KT_CONFIG_BOOL:
		type(e, "boolean", !f->is_required);
		return;
	case KT_CONFIG_INT:
		type(e, "integer", !f->is_required);
		bounds(e, f);
		return;
	case KT_CONFIG_SIZE:
		kt_config_emit_list(e, "type");
		kt_config_emit_text(e, NULL, KT_SPAN("integer"));
		kt_config_emit_text(e, NULL, KT_SPAN("string"));
		kt_config_emit_text(e, NULL, KT_SPAN("null"));
		kt_config_emit_end(e);
		kt_config_emit_text(e, "pattern",
		    KT_SPAN("^[0-9]+ *(B|KiB|MiB|GiB)?$"));
		bounds(e, f);
		return;
	case KT_CONFIG_NUMBER:
		type(e, "number", !f->is_required);
		bounds(e, f);
		return;
	case KT_CONFIG_STRING:
		type(e, "string", !f->is_required);
		return;
	case KT_CONFIG_ENUM:
		words(e, f->names, !f->is_required);
		return;
	case KT_CONFIG_ENUMS: case KT_CONFIG_STRINGS: case KT_CONFIG_INTS:
	case KT_CONFIG_SECTIONS:
		list(e, f);
		return;
	case KT_CONFIG_PAIRS: case KT_CONFIG_WORDS: case KT_CONFIG_NAMED:
		mapping(e, f);
		return;
	case KT_CONFIG_SECRET:
		secret(e, f);
		return;
	case KT_CONFIG_SECTION:
		if (f->is_required)
			ref(e, f->table);
		else
			ref_or_null(e, f->table);
		return;
	case KT_CONFIG_KINDS:
		kinds_of(e, kinds, kinds_n);
		return;
	case KT_CONFIG_ANY:
		return;
	}
}

static void
define(struct kt_config_emit *e, const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n)
{
	size_t n = kt_config_fields_n(table), required = 0, offset;

	if (table->doc != NULL)
		kt_config_emit_text(e, "description", kt_span_of(table->doc));
	kt_config_emit_text(e, "type", KT_SPAN("object"));
	kt_config_emit_map(e, "properties");
	for (size_t i = 0; i < n; i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		kt_config_emit_map(e, f->name);
		if (f->doc != NULL)
			kt_config_emit_text(e, "description", kt_span_of(f->doc));
		constraint(e, f, kinds, kinds_n);
		if (f->fallback != NULL)
			kt_config_emit_fallback(e, "default", f);
		kt_config_emit_end(e);
		required += f->is_required;
	}
	kt_config_emit_end(e);
	if (required > 0) {
		kt_config_emit_list(e, "required");
		for (size_t i = 0; i < n; i++) {
			const struct kt_config_field *f = kt_config_field_at(table,
			    i, &offset);

			if (f->is_required)
				kt_config_emit_text(e, NULL, kt_span_of(f->name));
		}
		kt_config_emit_end(e);
	}
	kt_config_emit_bare(e, "additionalProperties", "false");
}

enum kt_rc
kt_config_schema(const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n, struct kt_buf *out)
{
	struct kt_config_emit e = { .out = out, .style = KT_CONFIG_JSON };
	struct tables t = { .n = 0 };

	collect(&t, table, kinds, kinds_n);
	kt_config_emit_map(&e, NULL);
	kt_config_emit_text(&e, "$schema",
	    KT_SPAN("https://json-schema.org/draft/2020-12/schema"));
	kt_config_emit_text(&e, "title", kt_span_of(table->name));
	define(&e, table, kinds, kinds_n);
	kt_config_emit_map(&e, "$defs");
	for (size_t i = 1; i < t.n; i++) {
		kt_config_emit_map(&e, t.at[i]->name);
		define(&e, t.at[i], kinds, kinds_n);
		kt_config_emit_end(&e);
	}
	kt_config_emit_end(&e);
	kt_config_emit_end(&e);
	return kt_config_emit_done(&e);
}
