/*
 * tree - a YAML file as a tree in which everything knows where it stood.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    mappings, lists and scalars of strict YAML, their file, line and
 *           column, and how one file overrides another.
 * Does not: know what any key means, or open files.
 * Promises: no value is guessed: a scalar keeps its text and whether it was
 *           quoted.  Anchors, aliases, tags, duplicate keys, several
 *           documents, text that is not plain UTF-8 and anything over the
 *           bounds of limits.h are refused, each at its place, all in one
 *           run.  Work is linear in the bytes, but for n log n on keys.
 */
#ifndef KT_CONFIG_TREE_H
#define KT_CONFIG_TREE_H
#include "base/base.h"

/* A file as the caller read it.  Both outlive what is made from them. */
struct kt_config_source {
	struct kt_span name; /* as messages show it */
	struct kt_span bytes;
};

/* Counts are of characters and start at 1; line 0 is "nowhere". */
struct kt_config_place {
	uint16_t file;       /* index of the source */
	uint32_t line, column;
	uint32_t len;        /* characters on that line, at least 1 */
};

enum kt_config_node_type {
	KT_CONFIG_NODE_NULL = 0, /* nothing, or a plain "null" or "~" */
	KT_CONFIG_NODE_SCALAR,
	KT_CONFIG_NODE_LIST,
	KT_CONFIG_NODE_MAP,
};

struct kt_config_node {
	enum kt_config_node_type type;
	bool is_plain;       /* a scalar without quotes, not a block */
	struct kt_config_place at, key_at;
	uint32_t end_line;   /* where the value ends */
	struct kt_span key;  /* in a mapping; NUL behind it */
	struct kt_span text; /* of a scalar, unescaped; NUL behind it */
	struct kt_config_node *first, *last, *next; /* in file order */
	struct kt_config_node **by_key; /* a mapping's children, sorted */
	size_t n;
};

enum kt_config_code { /* numbers are for good: documents name them */
	KT_CONFIG_SYNTAX = 101,
	KT_CONFIG_UNKNOWN_KEY = 102,
	KT_CONFIG_WRONG_TYPE = 103,
	KT_CONFIG_DUPLICATE = 104,
	KT_CONFIG_MISSING = 105,
	KT_CONFIG_RANGE = 106,
	KT_CONFIG_TEXT = 107,
	KT_CONFIG_FORM = 112,
	KT_CONFIG_TOO_LARGE = 114,
	KT_CONFIG_UNDEFINED = 201,
	KT_CONFIG_CONTRADICTION = 303,
	KT_CONFIG_SECRET_LITERAL = 414,
};

/* One thing that is wrong.  Never holds a secret. */
struct kt_config_diag {
	enum kt_config_code code;
	struct kt_config_place at;
	char text[240];
	char help[720];      /* how to fix it, or empty */
	char meant[KT_CONFIG_WORD_MAX]; /* what belongs at the place, or empty */
};

/* From this column on, to the end of end_line, no excerpt is shown. */
struct kt_config_hidden {
	uint16_t file;
	uint32_t line, column, end_line;
};

/* Fixed in size: reporting must not be able to fail. */
struct kt_config_diags {
	const struct kt_config_source *files; /* what places refer to */
	size_t files_n;
	size_t n;            /* stored */
	size_t dropped;      /* over KT_CONFIG_DIAGS_MAX */
	struct kt_config_diag at[KT_CONFIG_DIAGS_MAX];
	size_t hidden_n;     /* more than fit: no excerpts at all */
	struct kt_config_hidden hidden[KT_CONFIG_DIAGS_MAX];
	bool is_starved;     /* there was no memory: what is told is not all */
};

void kt_config_diag(struct kt_config_diags *d, enum kt_config_code code,
    struct kt_config_place at, const char *fmt, ...) KT_PRINTF(4, 5);
/* The configuration, or this part of it, does not fit into memory. */
void kt_config_diag_starved(
    struct kt_config_diags *d, struct kt_config_place at);
/* Says how to fix the one reported last. */
void kt_config_diag_help(struct kt_config_diags *d, const char *fmt, ...)
    KT_PRINTF(2, 3);
/* What the one reported last should probably say, word for word. */
void kt_config_diag_meant(struct kt_config_diags *d, const char *word);
/* The value may be a secret: no excerpt shows it. */
void kt_config_diag_hide(
    struct kt_config_diags *d, const struct kt_config_node *value);
bool kt_config_diags_any(const struct kt_config_diags *d);
/* By file, line, column; reports of one place keep their order. */
void kt_config_diags_sort(struct kt_config_diags *d);
/* "file:line:col: error: text [KT102]", the line, a caret, the help. */
KT_MUSTCHECK enum kt_rc kt_config_diags_text(
    const struct kt_config_diags *d, struct kt_buf *out);

/*
 * Reads d->files[file].  NULL after a syntax error or when the arena is full;
 * both are in d.  Other faults are reported and left out of the tree, so
 * that the rest can be checked in the same run.  An empty file is an empty
 * mapping.
 */
struct kt_config_node *kt_config_parse(
    uint16_t file, struct kt_arena *mem, struct kt_config_diags *d);

/*
 * over's keys replace base's, mapping by mapping; lists and scalars replace
 * whole.  Either may be reused by the result.  NULL: the arena is full.
 */
struct kt_config_node *kt_config_merge(struct kt_config_node *base,
    struct kt_config_node *over, struct kt_arena *mem);

/* NULL when map is NULL, no mapping, or has no such key. */
const struct kt_config_node *kt_config_get(
    const struct kt_config_node *map, struct kt_span key);

#endif
