/*
 * value - what a field of a configuration becomes in C.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the types of fields, the C type of each, and how "not said"
 *           looks in it.
 * Does not: read them; that is config/schema.h.
 * Promises: text has a NUL behind it and lives as long as the arena.
 */
#ifndef KT_CONFIG_VALUE_H
#define KT_CONFIG_VALUE_H
#include "config/tree.h"

/* A list of strings; a mapping; sections; where a secret is to be found. */
struct kt_config_strings {
	const struct kt_span *at;
	size_t n;
	const struct kt_config_node *node;
};
struct kt_config_pair {
	struct kt_span key, value;
	int word;            /* WORDS: index in names */
};
struct kt_config_pairs {
	const struct kt_config_pair *at;
	size_t n;
	const struct kt_config_node *node;
};
struct kt_config_items {
	void *at;            /* n structs of the table's size, one by one */
	size_t n;
	const struct kt_config_node *node;
};
enum kt_config_from { KT_CONFIG_FROM_NONE = 0, KT_CONFIG_ENV, KT_CONFIG_FILE };
struct kt_config_secret {
	enum kt_config_from from;
	struct kt_span name; /* of the variable or file */
	const struct kt_config_node *node;
};

struct kt_config_table;
/* A policy kind brings its settings.  Its struct starts with kt_config_common. */
struct kt_config_kind {
	const char *name;    /* "secret-scanner" */
	const char *alias;   /* or NULL */
	const struct kt_config_table *table;
};
struct kt_config_kind_settings {
	const struct kt_config_kind *kind;
	const void *settings; /* of the kind's table, never NULL */
};
/* What KINDS stores: one per registered kind, in that order. */
struct kt_config_kinds {
	const struct kt_config_node *node;
	const struct kt_config_kind_settings *at;
	size_t n;
};

/*     type      C type of the member           absent, and no default */
#define KT_CONFIG_TYPES(T) \
	T(BOOL,     bool)                        /* false */ \
	T(INT,      int64_t)                     /* 0 */ \
	T(SIZE,     int64_t)                     /* 0; bytes, "32 MiB" */ \
	T(NUMBER,   double)                      /* NAN */ \
	T(STRING,   struct kt_span)              /* ptr is NULL */ \
	T(ENUM,     int)                         /* -1; index in names */ \
	T(ENUMS,    uint32_t)                    /* 0; a bit per name */ \
	T(STRINGS,  struct kt_config_strings)    /* n is 0 */ \
	T(INTS,     struct kt_config_strings)    /* checked as INT, as text */ \
	T(PAIRS,    struct kt_config_pairs)      /* n is 0 */ \
	T(WORDS,    struct kt_config_pairs)      /* pairs, values of names */ \
	T(SECRET,   struct kt_config_secret)     /* from is NONE */ \
	T(SECTIONS, struct kt_config_items)      /* n is 0 */ \
	T(NAMED,    struct kt_config_items)      /* a mapping of sections; the \
	                                            key is their node's */ \
	T(KINDS,    struct kt_config_kinds)      /* "policy": all kinds */ \
	T(ANY,      const struct kt_config_node *) /* NULL */

enum kt_config_type {
#define KT_CONFIG_TYPE(name, ctype) KT_CONFIG_##name,
	KT_CONFIG_TYPES(KT_CONFIG_TYPE)
#undef KT_CONFIG_TYPE
	KT_CONFIG_SECTION,   /* embedded; its node is NULL when absent */
};

/* For the check of KT_CONFIG_OFFSET. */
#define KT_CONFIG_TYPE(name, ctype) typedef ctype kt_config_c_##name;
KT_CONFIG_TYPES(KT_CONFIG_TYPE)
#undef KT_CONFIG_TYPE

#endif
