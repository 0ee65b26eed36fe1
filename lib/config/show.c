/*
 * show - prints the C structs, not the files: what is shown is what acts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>

#include "config/emit.h"
#include "config/fill.h"

static void show(struct kt_config_emit *e, const char *key,
    const struct kt_config_table *table, const char *section);

static void
show_bits(struct kt_config_emit *e, const struct kt_config_field *f,
    uint32_t bits)
{
	kt_config_emit_list(e, f->name);
	for (unsigned i = 0; i < 32 && f->names[i] != NULL; i++) {
		if ((bits & (uint32_t)1 << i) != 0)
			kt_config_emit_text(e, NULL, kt_span_of(f->names[i]));
	}
	kt_config_emit_end(e);
}

static void
show_strings(struct kt_config_emit *e, const struct kt_config_field *f,
    const struct kt_config_strings *s)
{
	kt_config_emit_list(e, f->name);
	for (size_t i = 0; i < s->n; i++) {
		if (f->type == KT_CONFIG_INTS)
			kt_config_emit_bare(e, NULL, s->at[i].ptr);
		else
			kt_config_emit_text(e, NULL, s->at[i]);
	}
	kt_config_emit_end(e);
}

static void
show_pairs(struct kt_config_emit *e, const struct kt_config_field *f,
    const struct kt_config_pairs *p)
{
	kt_config_emit_map(e, f->name);
	for (size_t i = 0; i < p->n; i++)
		kt_config_emit_text(e, p->at[i].key.ptr, p->at[i].value);
	kt_config_emit_end(e);
}

/* Plain words and digits mean what they meant in the file. */
static bool
is_bare(const struct kt_config_node *node)
{
	uint64_t v;

	return node->is_plain && (kt_span_eq(node->text, KT_SPAN("true")) ||
	    kt_span_eq(node->text, KT_SPAN("false")) ||
	    (kt_span_u64(node->text, &v) &&
	    (node->text.len == 1 || node->text.ptr[0] != '0')));
}

static void
show_node(struct kt_config_emit *e, const char *key,
    const struct kt_config_node *node)
{
	switch (node->type) {
	case KT_CONFIG_NODE_NULL:
		kt_config_emit_bare(e, key, "null");
		return;
	case KT_CONFIG_NODE_SCALAR:
		if (is_bare(node))
			kt_config_emit_bare(e, key, node->text.ptr);
		else
			kt_config_emit_text(e, key, node->text);
		return;
	case KT_CONFIG_NODE_LIST:
		kt_config_emit_list(e, key);
		break;
	case KT_CONFIG_NODE_MAP:
		kt_config_emit_map(e, key);
		break;
	}
	for (const struct kt_config_node *c = node->first; c; c = c->next)
		show_node(e, c->key.ptr, c);
	kt_config_emit_end(e);
}

static void
show_secret(struct kt_config_emit *e, const char *key,
    const struct kt_config_secret *s)
{
	if (s->from == KT_CONFIG_FROM_NONE) {
		kt_config_emit_bare(e, key, "null");
		return;
	}
	kt_config_emit_map(e, key);
	kt_config_emit_text(e, s->from == KT_CONFIG_ENV ? "env" : "file", s->name);
	kt_config_emit_end(e);
}

static void
show_items(struct kt_config_emit *e, const struct kt_config_field *f,
    const struct kt_config_items *items)
{
	const char *at = items->at;

	if (f->type == KT_CONFIG_NAMED)
		kt_config_emit_map(e, f->name);
	else
		kt_config_emit_list(e, f->name);
	for (size_t i = 0; i < items->n; i++, at += f->table->size) {
		const struct kt_config_node *const *node = (const void *)at;

		show(e, f->type == KT_CONFIG_NAMED ? (*node)->key.ptr : NULL,
		    f->table, at);
	}
	kt_config_emit_end(e);
}

static bool
has_required(const struct kt_config_table *table)
{
	size_t offset;

	for (size_t i = 0; i < kt_config_fields_n(table); i++)
		if (kt_config_field_at(table, i, &offset)->is_required)
			return true;
	return false;
}

/* A kind that has to be told something has no settings until it is told. */
static void
show_kinds(struct kt_config_emit *e, const struct kt_config_field *f,
    const struct kt_config_kinds *kinds)
{
	kt_config_emit_map(e, f->name);
	for (size_t i = 0; i < kinds->n; i++) {
		const struct kt_config_kind *kind = kinds->at[i].kind;
		const struct kt_config_node *const *node =
		    kinds->at[i].settings;

		if (*node != NULL || !has_required(kind->table))
			show(e, kind->name, kind->table, kinds->at[i].settings);
	}
	kt_config_emit_end(e);
}

static void
show_number(struct kt_config_emit *e, const char *key, double v)
{
	if (isnan(v))
		kt_config_emit_bare(e, key, "null");
	else
		kt_config_emit_number(e, key, v);
}

static void
show_int(struct kt_config_emit *e, const struct kt_config_field *f, int64_t v)
{
	/* Outside its own bounds is "not said". */
	if (v == 0 && f->fallback == NULL && f->min > 0)
		kt_config_emit_bare(e, f->name, "null");
	else
		kt_config_emit_int(e, f->name, v);
}

static void
show_field(struct kt_config_emit *e, const struct kt_config_field *f,
    const void *m)
{
	const struct kt_span *s = m;
	const struct kt_config_node *const *any = m;

	switch (f->type) {
	case KT_CONFIG_BOOL:
		kt_config_emit_bare(e, f->name, *(const bool *)m ? "true" : "false");
		return;
	case KT_CONFIG_INT: case KT_CONFIG_SIZE:
		show_int(e, f, *(const int64_t *)m);
		return;
	case KT_CONFIG_NUMBER:
		show_number(e, f->name, *(const double *)m);
		return;
	case KT_CONFIG_STRING:
		if (s->ptr == NULL)
			kt_config_emit_bare(e, f->name, "null");
		else
			kt_config_emit_text(e, f->name, *s);
		return;
	case KT_CONFIG_ENUM:
		if (*(const int *)m < 0)
			kt_config_emit_bare(e, f->name, "null");
		else
			kt_config_emit_text(e, f->name,
			    kt_span_of(f->names[*(const int *)m]));
		return;
	case KT_CONFIG_ENUMS:
		show_bits(e, f, *(const uint32_t *)m);
		return;
	case KT_CONFIG_STRINGS: case KT_CONFIG_INTS:
		show_strings(e, f, m);
		return;
	case KT_CONFIG_PAIRS: case KT_CONFIG_WORDS:
		show_pairs(e, f, m);
		return;
	case KT_CONFIG_SECRET:
		show_secret(e, f->name, m);
		return;
	case KT_CONFIG_SECTIONS: case KT_CONFIG_NAMED:
		show_items(e, f, m);
		return;
	case KT_CONFIG_KINDS:
		show_kinds(e, f, m);
		return;
	case KT_CONFIG_ANY:
		if (*any == NULL)
			kt_config_emit_bare(e, f->name, "null");
		else
			show_node(e, f->name, *any);
		return;
	case KT_CONFIG_SECTION:
		/* A section that switches something on must not be shown as on. */
		if (*any == NULL && f->is_switch)
			kt_config_emit_bare(e, f->name, "null");
		else
			show(e, f->name, f->table, m);
		return;
	}
}

static void
show(struct kt_config_emit *e, const char *key,
    const struct kt_config_table *table, const char *section)
{
	size_t offset;

	kt_config_emit_map(e, key);
	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		show_field(e, f, section + offset);
	}
	kt_config_emit_end(e);
}

enum kt_rc
kt_config_show(const struct kt_config_table *table, const void *section,
    enum kt_config_style style, struct kt_buf *out)
{
	struct kt_config_emit e = { .out = out, .style = style };

	show(&e, NULL, table, section);
	return kt_config_emit_done(&e);
}
