/*
 * lint_priv - what the checks share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_LINT_PRIV_H
#define KT_LINT_PRIV_H
#include "config/callers.h"
#include "config/settings.h"
#include "lint/lint.h"
#include "policy/policy.h"

/* One unit while it is looked at. */
struct kt_lint {
	const struct kt_lint_options *o;
	struct kt_report *r;
	struct kt_arena *mem;
	struct kt_config_diags *d;
	size_t base;         /* the unit's first source */
	const struct kt_settings *s; /* NULL: could not be read */
	struct kt_lint_detectors detectors; /* none: not known */
	bool is_whole;       /* no mistakes: it can be compiled */
	struct kt_chain chain;
	struct kt_err why_not; /* it does not compile */
	bool has_chain, has_tried, is_starved;
};

/* What the loader told. */
void kt_lint_tell_diag(struct kt_lint *l, const struct kt_config_diag *diag);
/* How many it could not keep. */
void kt_lint_tell_rest(struct kt_lint *l, size_t n);
/* Nothing happens, and NULL comes back, when the code is off. */
struct kt_report_finding *kt_lint_at(struct kt_lint *l,
    enum kt_lint_code code, struct kt_report_place at, const char *fmt, ...)
    KT_PRINTF(4, 5);
#define kt_lint_tell(l, code, node, ...) \
	kt_lint_at((l), (code), kt_lint_place((l), (node)), __VA_ARGS__)
void kt_lint_help(struct kt_lint *l, struct kt_report_finding *f,
    const char *fmt, ...) KT_PRINTF(3, 4);
/* The gateway refuses it, whatever a comment allows.  f may be NULL. */
void kt_lint_refuse(struct kt_report_finding *f);
/* The node's text replaced; the fix is what rules.def says of the code. */
void kt_lint_replace(struct kt_lint *l, struct kt_report_finding *f,
    const struct kt_config_node *node, const char *text);
/* The line of an element of a block list taken out. */
void kt_lint_drop_line(struct kt_lint *l, struct kt_report_finding *f,
    const struct kt_config_node *node);

/* Scalars: the text; mappings and lists: their key, when they have one. */
struct kt_report_place kt_lint_place(
    const struct kt_lint *l, const struct kt_config_node *node);
struct kt_report_place kt_lint_key_place(
    const struct kt_lint *l, const struct kt_config_node *node);
/* The i-th element of a list, or the scalar that stands for one. */
const struct kt_config_node *kt_lint_element(
    const struct kt_config_node *list, size_t i);

/* A kind's settings and whether the gateway's chain names it. */
struct kt_lint_kind {
	const struct kt_config_kind *kind;
	const struct kt_config_common *common; /* never NULL */
	bool is_in_chain;
};
/* False: there is no such kind. */
bool kt_lint_kind_named(
    const struct kt_lint *l, const char *name, struct kt_lint_kind *out);
/* Effective values of a kind by field; defaults when there is none. */
const struct kt_config_strings *kt_lint_strings(
    const struct kt_lint_kind *k, const char *field);
const struct kt_config_items *kt_lint_items(
    const struct kt_lint_kind *k, const char *field);
const struct kt_config_node *kt_lint_node(
    const struct kt_lint_kind *k, const char *field);
/* The word of an enumeration's effective value, "" when not said. */
const char *kt_lint_word(const struct kt_lint_kind *k, const char *field);

/* The chain as it would act; NULL while there are mistakes. */
const struct kt_chain *kt_lint_chain(struct kt_lint *l);

/* A byte that is not of UTF-8 is one. */
uint32_t kt_lint_characters(struct kt_span s);

/* Patterns with * and ?: exact, as sets of texts. */
bool kt_lint_glob_is_plain(struct kt_span glob);
/* Cheap; false is certain. */
bool kt_lint_glob_may_meet(struct kt_span a, struct kt_span b);
bool kt_lint_glob_covers(struct kt_span wide, struct kt_span narrow);
bool kt_lint_glob_meets(struct kt_span a, struct kt_span b);

/* 408, 409: node NULL, nothing is told. */
void kt_lint_check_url(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span url);

/* What of a URL may be shown: scheme and host. */
struct kt_span kt_lint_origin(struct kt_span url);
/* Its host, without the port. */
struct kt_span kt_lint_host(struct kt_span url);
/* Is it this machine, by its address or as "localhost"? */
bool kt_lint_is_here(struct kt_span url);

/* The checks, in order; each tells by kt_lint_tell. */
void kt_lint_check_fields(struct kt_lint *l);
void kt_lint_check_names(struct kt_lint *l);
void kt_lint_check_models(struct kt_lint *l,
    const struct kt_config_providers *p);
void kt_lint_check_groups(struct kt_lint *l);
void kt_lint_check_rules(struct kt_lint *l,
    const struct kt_config_providers *p);
void kt_lint_check_kinds(struct kt_lint *l);
void kt_lint_check_firewall(struct kt_lint *l);
/* 308: lists of names and patterns; NULL: there is none. */
void kt_lint_check_allowed(struct kt_lint *l,
    const struct kt_config_node *yes, const struct kt_config_node *no);
void kt_lint_check_posture(struct kt_lint *l);
void kt_lint_check_targets(struct kt_lint *l,
    const struct kt_config_providers *p);
void kt_lint_check_patterns(struct kt_lint *l);
void kt_lint_check_own_words(struct kt_lint *l);
void kt_lint_check_streams(struct kt_lint *l);
void kt_lint_check_merge(struct kt_lint *l, const struct kt_lint_unit *u);
/* A file of kt policy test, which says what is wrong with it itself. */
bool kt_lint_is_cases(const struct kt_config_node *root);
/* Of one file's text and tree. */
void kt_lint_check_text(
    struct kt_lint *l, size_t file, const struct kt_config_node *root);
/* A file with a list "detectors". */
void kt_lint_check_detectors(struct kt_lint *l, size_t file);
/* Comments that allow; after all findings of the file. */
void kt_lint_suppress(
    struct kt_lint *l, size_t file, const struct kt_config_node *root);

#endif
