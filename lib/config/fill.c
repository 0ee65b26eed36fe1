/*
 * fill - a tree into C structs by tables.  One pass over what the file says
 * (unknown keys), one over what the table says (values, defaults), so that
 * every fault of both kinds is found.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>

#include "config/fill.h"

static void fill(struct kt_config_ctx *ctx, const struct kt_config_table *table,
    const struct kt_config_node *node, char *out);

size_t
kt_config_fields_n(const struct kt_config_table *table)
{
	return table->n + (table->embed ? table->embed->n : 0);
}

const struct kt_config_field *
kt_config_field_at(
    const struct kt_config_table *table, size_t i, size_t *offset)
{
	size_t first = table->embed ? table->embed->n : 0;
	const struct kt_config_field *f;

	if (i < first) {
		f = &table->embed->fields[i];
		*offset = table->embed_offset + f->offset;
	} else {
		f = &table->fields[i - first];
		*offset = f->offset;
	}
	return f;
}

static void vfault(struct kt_config_ctx *ctx, enum kt_config_code code,
    struct kt_config_place at, const char *fmt, va_list ap) KT_PRINTF(4, 0);

static void
vfault(struct kt_config_ctx *ctx, enum kt_config_code code,
    struct kt_config_place at, const char *fmt, va_list ap)
{
	char text[sizeof(ctx->d->at[0].text)];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	kt_config_diag(ctx->d, code, at, "%s", text);
}

void
kt_config_fault(struct kt_config_ctx *ctx, enum kt_config_code code,
    const struct kt_config_node *section, const char *field,
    const char *fmt, ...)
{
	const struct kt_config_node *node = kt_config_get(section,
	    kt_span_of(field));
	struct kt_config_place at = { 0 };
	va_list ap;

	if (node != NULL)
		at = node->at;
	else if (section != NULL)
		at = section->key_at.line ? section->key_at : section->at;
	va_start(ap, fmt);
	vfault(ctx, code, at, fmt, ap);
	va_end(ap);
}

void
kt_config_fault_at(struct kt_config_ctx *ctx, enum kt_config_code code,
    const struct kt_config_node *node, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfault(ctx, code, node ? node->at : (struct kt_config_place){ 0 }, fmt, ap);
	va_end(ap);
}

void
kt_config_fault_help(struct kt_config_ctx *ctx, const char *fmt, ...)
{
	char text[sizeof(ctx->d->at[0].help)];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	kt_config_diag_help(ctx->d, "%s", text);
}

static struct kt_config_node *
bare_node(struct kt_config_ctx *ctx, struct kt_span text, bool is_plain)
{
	struct kt_config_node *node = kt_arena_alloc(ctx->mem, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->type = KT_CONFIG_NODE_SCALAR;
	node->is_plain = is_plain;
	node->text = kt_arena_dup(ctx->mem, text);
	return node->text.ptr != NULL ? node : NULL;
}

const struct kt_config_node *
kt_config_fallback(struct kt_config_ctx *ctx, const struct kt_config_field *f)
{
	struct kt_span text = kt_span_of(f->fallback);
	bool is_text = f->type == KT_CONFIG_STRING || f->type == KT_CONFIG_STRINGS;
	struct kt_config_node *list, *one;

	if (text.len < 2 || text.ptr[0] != '[')
		return bare_node(ctx, text, !is_text);
	list = kt_arena_alloc(ctx->mem, sizeof(*list));
	if (list == NULL)
		return NULL;
	list->type = KT_CONFIG_NODE_LIST;
	text = kt_span_sub(text, 1, text.len - 2);
	while (text.len > 0) {
		size_t comma = kt_span_find(text, ',');

		one = bare_node(ctx, kt_span_trim(kt_span_sub(text, 0, comma)),
		    !is_text);
		if (one == NULL)
			return NULL;
		if (list->last != NULL)
			list->last->next = one;
		else
			list->first = one;
		list->last = one;
		list->n++;
		text = kt_span_sub(text, comma + 1, SIZE_MAX);
	}
	return list;
}

static void
set_absent(const struct kt_config_field *f, char *member)
{
	if (f->type == KT_CONFIG_NUMBER)
		*(double *)(void *)member = NAN;
	else if (f->type == KT_CONFIG_ENUM)
		*(int *)(void *)member = -1;
}

static const struct kt_config_field *
field_named(const struct kt_config_table *table, struct kt_span name)
{
	size_t offset;

	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		if (kt_span_eq(kt_span_of(f->name), name))
			return f;
	}
	return NULL;
}

/* A word of the list that the key takes which was meant: no secret. */
static bool
is_known_word(const struct kt_config_table *table, const char *meant,
    const struct kt_config_node *node)
{
	const struct kt_config_field *f = table != NULL && meant != NULL ?
	    field_named(table, kt_span_of(meant)) : NULL;

	if (f == NULL || node->type != KT_CONFIG_NODE_SCALAR)
		return false;
	if (f->type == KT_CONFIG_BOOL)
		return kt_span_eq(node->text, KT_SPAN("true")) ||
		    kt_span_eq(node->text, KT_SPAN("false"));
	return f->type == KT_CONFIG_ENUM &&
	    kt_config_word(f->names, node->text) >= 0;
}

/* Candidates are of a table or, without one, of the kinds. */
static void
unknown(struct kt_config_ctx *ctx, const struct kt_config_node *node,
    const struct kt_config_table *table, const char *where,
    const char *const *candidates)
{
	const char *meant;

	kt_config_diag(ctx->d, KT_CONFIG_UNKNOWN_KEY, node->key_at,
	    "unknown key '%.40s' in %s", node->key.ptr, where);
	meant = kt_config_suggest(ctx, node->key, candidates, "keys here");
	if (!is_known_word(table, meant, node))
		kt_config_diag_hide(ctx->d, node);
}

static void
check_keys(struct kt_config_ctx *ctx, const struct kt_config_table *table,
    const struct kt_config_node *node)
{
	size_t n = kt_config_fields_n(table), offset;
	const char **names = NULL;

	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		if (field_named(table, c->key) != NULL)
			continue;
		if (names == NULL) {
			names = kt_arena_array(ctx->mem, n + 1, sizeof(*names));
			if (names == NULL)
				return;
			for (size_t i = 0; i < n; i++)
				names[i] = kt_config_field_at(table, i, &offset)->name;
		}
		unknown(ctx, c, table, table->name, names);
	}
}

static void
fill_sections(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, struct kt_config_items *out)
{
	size_t size = f->table->size;
	char *all;

	if (node == NULL)
		return;
	if (f->type == KT_CONFIG_NAMED && node->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->at,
		    "'%s' takes a mapping", f->name);
		return;
	}
	if (f->type == KT_CONFIG_SECTIONS && node->type != KT_CONFIG_NODE_LIST) {
		kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->at,
		    "'%s' takes a list", f->name);
		kt_config_diag_help(ctx->d, "begin each element with '- '");
		return;
	}
	all = kt_arena_array(ctx->mem, node->n, size);
	if (all == NULL)
		return;
	*out = (struct kt_config_items){ all, node->n, node };
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		if (c->type == KT_CONFIG_NODE_NULL)
			kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, c->at,
			    "an element of '%s' is empty", f->name);
		fill(ctx, f->table, c, all);
		all += size;
	}
}

static const struct kt_config_node *
kind_node(struct kt_config_ctx *ctx, const struct kt_config_node *node,
    const struct kt_config_kind *kind)
{
	const struct kt_config_node *one = kt_config_get(node,
	    kt_span_of(kind->name)), *other = NULL;

	if (kind->alias != NULL)
		other = kt_config_get(node, kt_span_of(kind->alias));
	if (one != NULL && other != NULL)
		kt_config_diag(ctx->d, KT_CONFIG_DUPLICATE, other->key_at,
		    "'%s' is another name of '%s', which is there as well",
		    kind->alias, kind->name);
	return one != NULL ? one : other;
}

const char **
kt_config_kind_names(struct kt_config_ctx *ctx)
{
	const char **names = kt_arena_array(ctx->mem, ctx->kinds_n + 1,
	    sizeof(*names));

	for (size_t i = 0; names != NULL && i < ctx->kinds_n; i++)
		names[i] = ctx->kinds[i].name;
	return names;
}

static void
check_kinds(struct kt_config_ctx *ctx, const struct kt_config_node *node)
{
	const char **names = kt_config_kind_names(ctx);

	if (names == NULL)
		return;
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		size_t i = 0;

		while (i < ctx->kinds_n &&
		    !kt_span_eq(c->key, kt_span_of(ctx->kinds[i].name)) &&
		    !kt_span_eq(c->key, kt_span_of(ctx->kinds[i].alias)))
			i++;
		if (i == ctx->kinds_n)
			unknown(ctx, c, NULL, "policy", names);
	}
}

static void
fill_kinds(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *node, struct kt_config_kinds *out)
{
	struct kt_config_kind_settings *all = kt_arena_array(ctx->mem,
	    ctx->kinds_n, sizeof(*all));

	if (all == NULL)
		return;
	if (node != NULL && node->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->at,
		    "'%s' takes a mapping of policy kinds", f->name);
		node = NULL;
	}
	if (node != NULL)
		check_kinds(ctx, node);
	for (size_t i = 0; i < ctx->kinds_n; i++) {
		const struct kt_config_kind *kind = &ctx->kinds[i];
		void *settings = kt_arena_alloc(ctx->mem, kind->table->size);

		if (settings == NULL)
			return;
		fill(ctx, kind->table, kind_node(ctx, node, kind), settings);
		all[i] = (struct kt_config_kind_settings){ kind, settings };
	}
	*out = (struct kt_config_kinds){ node, all, ctx->kinds_n };
}

static void
missing(struct kt_config_ctx *ctx, const struct kt_config_table *table,
    const struct kt_config_field *f, const struct kt_config_node *section)
{
	struct kt_config_place at = section ? section->at :
	    (struct kt_config_place){ 0 };

	if (section != NULL && section->key_at.line > 0)
		at = section->key_at;
	kt_config_diag(ctx->d, KT_CONFIG_MISSING, at, "%s needs '%s'",
	    table->name, f->name);
	kt_config_diag_help(ctx->d, "%s: %s", f->name, f->doc);
}

/* NULL also for an explicit null: both ask for the default. */
static const struct kt_config_node *
value_of(struct kt_config_ctx *ctx, const struct kt_config_field *f,
    const struct kt_config_node *section)
{
	const struct kt_config_node *node = kt_config_get(section,
	    kt_span_of(f->name));
	bool may_be_empty = f->type == KT_CONFIG_SECTION ||
	    f->type == KT_CONFIG_SECTIONS || f->type == KT_CONFIG_KINDS ||
	    f->type == KT_CONFIG_PAIRS || f->type == KT_CONFIG_WORDS ||
	    f->type == KT_CONFIG_NAMED;

	if (node == NULL || node->type != KT_CONFIG_NODE_NULL)
		return node;
	if (node->text.len == 0 && !may_be_empty) {
		kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->key_at,
		    "'%s' has no value", f->name);
		kt_config_diag_help(ctx->d, "leave the line out, or write null, "
		    "for the default");
	}
	return NULL;
}

static void
fill_field(struct kt_config_ctx *ctx, const struct kt_config_table *table,
    const struct kt_config_field *f, const struct kt_config_node *section,
    char *member)
{
	const struct kt_config_node *node = value_of(ctx, f, section), *fallback;

	set_absent(f, member);
	if (node == NULL && f->is_required && section != NULL)
		missing(ctx, table, f, section);
	switch (f->type) {
	case KT_CONFIG_SECTION:
		fill(ctx, f->table, node, member);
		return;
	case KT_CONFIG_SECTIONS:
	case KT_CONFIG_NAMED:
		fill_sections(ctx, f, node, (void *)member);
		return;
	case KT_CONFIG_KINDS:
		fill_kinds(ctx, f, node, (void *)member);
		return;
	case KT_CONFIG_BOOL: case KT_CONFIG_INT: case KT_CONFIG_SIZE:
	case KT_CONFIG_NUMBER: case KT_CONFIG_STRING: case KT_CONFIG_ENUM:
	case KT_CONFIG_ENUMS: case KT_CONFIG_STRINGS: case KT_CONFIG_INTS:
	case KT_CONFIG_PAIRS: case KT_CONFIG_WORDS: case KT_CONFIG_SECRET:
	case KT_CONFIG_ANY:
		break;
	}
	/* The default first: a refused value then leaves something sane. */
	if (f->fallback != NULL && (fallback = kt_config_fallback(ctx, f)) != NULL)
		kt_config_value(ctx, f, fallback, member);
	if (node != NULL)
		kt_config_value(ctx, f, node, member);
}

static void
fill(struct kt_config_ctx *ctx, const struct kt_config_table *table,
    const struct kt_config_node *node, char *out)
{
	size_t offset;

	if (node != NULL && node->type == KT_CONFIG_NODE_NULL)
		node = NULL;
	if (node != NULL && node->type != KT_CONFIG_NODE_MAP) {
		kt_config_diag(ctx->d, KT_CONFIG_WRONG_TYPE, node->at,
		    "%s is a mapping of settings, and this is %s", table->name,
		    node->type == KT_CONFIG_NODE_LIST ? "a list" : "a word");
		kt_config_diag_hide(ctx->d, node);
		node = NULL;
	}
	*(const struct kt_config_node **)(void *)out = node;
	if (table->embed != NULL)
		*(const struct kt_config_node **)(void *)
		    (out + table->embed_offset) = node;
	if (node != NULL)
		check_keys(ctx, table, node);
	for (size_t i = 0; i < kt_config_fields_n(table); i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		fill_field(ctx, table, f, node, out + offset);
	}
	if (table->check != NULL)
		table->check(out, ctx);
}

enum kt_rc
kt_config_fill(void **out, const struct kt_config_table *table,
    const struct kt_config_node *node, const struct kt_config_kind *kinds,
    size_t kinds_n, struct kt_arena *mem, struct kt_config_diags *d)
{
	void *section;
	enum kt_rc rc = kt_config_examine(&section, table, node, kinds, kinds_n,
	    mem, d);

	if (rc == KT_OK)
		*out = section;
	return rc;
}

enum kt_rc
kt_config_examine(void **out, const struct kt_config_table *table,
    const struct kt_config_node *node, const struct kt_config_kind *kinds,
    size_t kinds_n, struct kt_arena *mem, struct kt_config_diags *d)
{
	struct kt_config_ctx ctx = { kinds, kinds_n, mem, d };
	void *section = kt_arena_alloc(mem, table->size);

	if (section != NULL)
		fill(&ctx, table, node, section);
	/* A value left out for want of memory must not look like a default. */
	if (kt_arena_is_full(mem)) {
		kt_config_diag_starved(d, (struct kt_config_place){ 0 });
		section = NULL;
	}
	kt_config_diags_sort(d);
	*out = section;
	return kt_config_diags_any(d) || d->dropped > 0 ? KT_E_PARSE : KT_OK;
}
