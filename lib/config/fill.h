/*
 * fill - private to config: one load, and values as C from nodes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what a field type takes, and how a default is written.
 * Does not: know any section.
 * Promises: every fault is reported once, at its place.
 */
#ifndef KT_CONFIG_FILL_H
#define KT_CONFIG_FILL_H
#include "config/schema.h"

struct kt_config_ctx {
	const struct kt_config_kind *kinds;
	size_t kinds_n;
	struct kt_arena *mem;
	struct kt_config_diags *d;
};

/* All fields, those of the embedded table first. */
size_t kt_config_fields_n(const struct kt_config_table *table);
const struct kt_config_field *kt_config_field_at(
    const struct kt_config_table *table, size_t i, size_t *offset);

/* One scalar or list into its member; reports and leaves it absent else. */
void kt_config_value(struct kt_config_ctx *ctx,
    const struct kt_config_field *f, const struct kt_config_node *node,
    void *member);
/* A default as a node without a place; KT_BUG when it is no value. */
const struct kt_config_node *kt_config_fallback(
    struct kt_config_ctx *ctx, const struct kt_config_field *f);
/* Index of a word in names, aliases resolved; -1. */
int kt_config_word(const char *const *names, struct kt_span word);
/*
 * Help for the last mistake: which of the names was meant, and all of them
 * without aliases behind `what`.  Returns the one meant, or NULL.
 */
const char *kt_config_suggest(struct kt_config_ctx *ctx, struct kt_span word,
    const char *const *names, const char *what);
/* Names of all kinds, up to a NULL; NULL: no memory. */
const char **kt_config_kind_names(struct kt_config_ctx *ctx);

#endif
