/*
 * man - the manual's list of fields, in mdoc(7), from the tables.  Written as
 * plain text with escapes; a table's sentence never holds macros.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/emit.h"
#include "config/fill.h"

#define TABLES_MAX 128

struct man {
	struct kt_buf *out;
	const struct kt_config_kind *kinds;
	size_t kinds_n;
	bool has_failed;
	const struct kt_config_table *seen[TABLES_MAX];
	size_t seen_n;
};

static void
put(struct man *m, const char *s)
{
	if (kt_buf_add(m->out, kt_span_of(s)) < 0)
		m->has_failed = true;
}

/* Text on a text line: no macro at its start, no escape inside. */
static void
text(struct man *m, const char *s)
{
	if (*s == '.' || *s == '\'')
		put(m, "\\&");
	for (; *s != '\0'; s++) {
		char one[2] = { *s, '\0' };

		put(m, *s == '\\' ? "\\e" : one);
	}
}

/* As an argument of a macro: quoted, so that no word is called. */
static void
argument(struct man *m, const char *s)
{
	put(m, "\"\\&");
	for (; *s != '\0'; s++) {
		char one[2] = { *s, '\0' };

		put(m, *s == '\\' ? "\\e" : *s == '"' ? "\"\"" : one);
	}
	put(m, "\"");
}

static const char *
type_name(const struct kt_config_field *f)
{
	switch (f->type) {
	case KT_CONFIG_BOOL:
		return "true or false";
	case KT_CONFIG_INT:
		return "whole number";
	case KT_CONFIG_SIZE:
		return "bytes, or with KiB, MiB, GiB";
	case KT_CONFIG_NUMBER:
		return "number";
	case KT_CONFIG_STRING:
		return "text";
	case KT_CONFIG_ENUM:
		return "one of";
	case KT_CONFIG_ENUMS:
		return "list of";
	case KT_CONFIG_STRINGS:
		return f->takes_one ? "text or list of texts" : "list of texts";
	case KT_CONFIG_INTS:
		return "list of whole numbers";
	case KT_CONFIG_PAIRS:
		return "mapping of texts";
	case KT_CONFIG_WORDS:
		return "mapping to one of";
	case KT_CONFIG_SECRET:
		return "{env: NAME} or {file: PATH}";
	case KT_CONFIG_SECTION:
		return "section";
	case KT_CONFIG_SECTIONS:
		return "list of sections";
	case KT_CONFIG_NAMED:
		return "mapping of names to sections";
	case KT_CONFIG_KINDS:
		return "mapping of policy kinds to their settings";
	case KT_CONFIG_ANY:
		break;
	}
	return "any";
}

static void
field(struct man *m, const struct kt_config_field *f)
{
	char range[64];

	put(m, ".It Cm ");
	argument(m, f->name);
	put(m, "\n");
	if (f->doc != NULL) {
		text(m, f->doc);
		put(m, ".\n");
	}
	put(m, "Takes ");
	put(m, type_name(f));
	for (size_t i = 0; f->names != NULL && f->names[i] != NULL; i++) {
		if (strchr(f->names[i], '=') != NULL)
			continue;
		put(m, i ? ", " : ": ");
		text(m, f->names[i]);
	}
	if (f->min != 0 || f->max != 0) {
		(void)snprintf(range, sizeof(range), ", %lld to %lld",
		    (long long)f->min, (long long)f->max);
		put(m, range);
	}
	if (f->table != NULL) {
		put(m, ", see\n.Sx ");
		argument(m, f->table->name);
		put(m, " ");
	}
	put(m, f->table ? ".\n" : f->is_required ? "; required.\n" : ".\n");
	if (f->table != NULL && f->is_required)
		put(m, "Required.\n");
	if (f->fallback != NULL) {
		put(m, "The default is\n.Ql ");
		argument(m, f->fallback);
		put(m, " .\n");
	}
}

static void
section(struct man *m, const struct kt_config_table *table, const char *alias)
{
	size_t n = kt_config_fields_n(table), offset;

	for (size_t i = 0; i < m->seen_n; i++) {
		if (m->seen[i] == table)
			return;
	}
	if (m->seen_n == TABLES_MAX)
		KT_BUG("more tables than the manual has room for");
	m->seen[m->seen_n++] = table;
	put(m, ".Ss ");
	argument(m, table->name);
	put(m, "\n");
	if (table->doc != NULL) {
		text(m, table->doc);
		put(m, ".\n");
	}
	if (alias != NULL) {
		put(m, "Also written\n.Ql ");
		argument(m, alias);
		put(m, " .\n");
	}
	put(m, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++)
		field(m, kt_config_field_at(table, i, &offset));
	put(m, ".El\n");
	for (size_t i = 0; i < n; i++) {
		const struct kt_config_field *f = kt_config_field_at(table, i,
		    &offset);

		if (f->table != NULL)
			section(m, f->table, NULL);
		for (size_t k = 0; f->type == KT_CONFIG_KINDS && k < m->kinds_n; k++)
			section(m, m->kinds[k].table, m->kinds[k].alias);
	}
}

enum kt_rc
kt_config_man(const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n, struct kt_buf *out)
{
	struct man m = { .out = out, .kinds = kinds, .kinds_n = kinds_n };

	section(&m, table, NULL);
	return m.has_failed ? KT_E_LIMIT : KT_OK;
}
