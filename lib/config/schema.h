/*
 * schema - one table per section, from which everything else is made.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a field is: name, type, bounds, default, one sentence.
 * Does not: know any section (config/settings.h and the policy kinds do).
 * Promises: the loader, the printed configuration, the JSON Schema and the
 *           manual come from the same table, so none can lack a field or
 *           tell another default.  Loading reports every fault there is.
 *
 * A section is a C struct whose first member is its node (NULL when the
 * files do not name the section, and every field has its default).
 */
#ifndef KT_CONFIG_SCHEMA_H
#define KT_CONFIG_SCHEMA_H
#include "config/tree.h"
#include "config/value.h"

struct kt_config_field {
	const char *name;
	enum kt_config_type type;
	size_t offset;
	const char *doc;     /* a sentence without full stop, for all readers */
	const char *fallback; /* the default as YAML flow text, or NULL */
	bool is_required;
	bool takes_one;      /* STRINGS: a single string is a list of one */
	bool is_switch;      /* SECTION: being there switches something on */
	int64_t min, max;    /* INT, SIZE, NUMBER, INTS; both 0: any */
	/* NULL-terminated.  "tool_result=tool_results" is an alias. */
	const char *const *names;
	const struct kt_config_table *table; /* SECTION, SECTIONS, NAMED */
};

struct kt_config_ctx; /* one load; for reports out of a check */
/* After the fields are filled in: what no single field can tell. */
typedef void kt_config_check_fn(void *section, struct kt_config_ctx *ctx);

struct kt_config_table {
	const char *name;    /* "gateway.tls": unique */
	const char *doc;
	size_t size;         /* of the C struct */
	const struct kt_config_field *fields;
	size_t n;
	/* Fields of this one come first, loaded at embed_offset. */
	const struct kt_config_table *embed;
	size_t embed_offset;
	kt_config_check_fn *check;
};

/* KT_CONFIG_FIELD(struct s, INT, workers, .min = 1, .doc = "...") */
#define KT_CONFIG_FIELD(S, T, member, ...) \
	KT_CONFIG_FIELD_AS(S, T, #member, member, __VA_ARGS__)
#define KT_CONFIG_FIELD_AS(S, T, said, member, ...) \
	{ .name = said, .type = KT_CONFIG_##T, \
	  .offset = KT_CONFIG_OFFSET(S, T, member), __VA_ARGS__ }
/* Does not compile when the member is not what the type stores. */
#define KT_CONFIG_OFFSET(S, T, member) \
	(offsetof(S, member) + 0 * sizeof(char[ \
	__builtin_types_compatible_p(__typeof__(((S *)0)->member), \
	    kt_config_c_##T) ? 1 : -1]))
#define KT_CONFIG_SUBSECTION(S, member, sub, ...) \
	{ .name = #member, .type = KT_CONFIG_SECTION, \
	  .offset = offsetof(S, member), .table = (sub), __VA_ARGS__ }

/* For checks: reports at the section's field, its key, or the section. */
void kt_config_fault(struct kt_config_ctx *ctx, enum kt_config_code code,
    const struct kt_config_node *section, const char *field,
    const char *fmt, ...) KT_PRINTF(5, 6);
/* The same at a node, such as one element of a list. */
void kt_config_fault_at(struct kt_config_ctx *ctx, enum kt_config_code code,
    const struct kt_config_node *node, const char *fmt, ...) KT_PRINTF(4, 5);
void kt_config_fault_help(struct kt_config_ctx *ctx, const char *fmt, ...)
    KT_PRINTF(2, 3);

/*
 * Fills in *out (table->size bytes, in mem) from a tree; KT_E_PARSE when
 * anything is in d.  For files of one's own, such as detectors.
 */
KT_MUSTCHECK enum kt_rc kt_config_fill(void **out,
    const struct kt_config_table *table, const struct kt_config_node *node,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d);

/*
 * The same, but *out is there also when there were mistakes, for whoever
 * tells of them: what was refused has its default, or is absent.  NULL only
 * when mem is full.
 */
KT_MUSTCHECK enum kt_rc kt_config_examine(void **out,
    const struct kt_config_table *table, const struct kt_config_node *node,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d);

/* A field that the files name: its table, its value in C and in the tree. */
struct kt_config_seen {
	const struct kt_config_table *table;
	const struct kt_config_field *field;
	const void *section, *member;
	const struct kt_config_node *node;
};
typedef void kt_config_visit_fn(void *arg, const struct kt_config_seen *seen);
/* All of them, section by section, each before what is in it. */
void kt_config_visit(const struct kt_config_table *table, const void *section,
    kt_config_visit_fn *visit, void *arg);
/* A section's field by name; its member is the effective value.  False: the
   table has none of that name. */
bool kt_config_find(const struct kt_config_table *table, const void *section,
    const char *name, struct kt_config_seen *out);
/* What an alias in names ("old=new") stands for, or NULL. */
const char *kt_config_alias_of(
    const char *const *names, struct kt_span word);

enum kt_config_style { KT_CONFIG_YAML = 0, KT_CONFIG_JSON };
/* What is in force, defaults included.  Loads again to the same. */
KT_MUSTCHECK enum kt_rc kt_config_show(const struct kt_config_table *table,
    const void *section, enum kt_config_style style, struct kt_buf *out);
/* JSON Schema, draft 2020-12. */
KT_MUSTCHECK enum kt_rc kt_config_schema(const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n, struct kt_buf *out);
/* The sections of the manual page, in mdoc(7). */
KT_MUSTCHECK enum kt_rc kt_config_man(const struct kt_config_table *table,
    const struct kt_config_kind *kinds, size_t kinds_n, struct kt_buf *out);

#endif
