/*
 * policy_priv - what the files of policy kinds share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KT_POLICY_PRIV_H
#define KT_POLICY_PRIV_H
#include "policy/policy.h"

/* A number that stands alone, without a word that says what it is. */
#define KT_POLICY_UNSURE_PM 500

/* Words of settings, in the order of enum kt_action. */
extern const char *const kt_policy_actions[];     /* block redact flag */

/* A pattern of the user's own: detect_patterns[], attack_patterns[]. */
struct kt_policy_pattern {
	const struct kt_config_node *node;
	struct kt_span name, pattern, entity;
	int class;  /* enum kt_class among those of data */
	int action; /* enum kt_action, or -1: the policy's */
};
extern const struct kt_config_table kt_policy_pattern_table;
/* Letters, digits, blanks, - and _, which are bytes of ASCII; not empty. */
bool kt_policy_is_name(struct kt_span s);
/* For the check of a kind: no two have the same name. */
void kt_policy_check_patterns(
    struct kt_config_ctx *ctx, const struct kt_config_items *patterns);
/* Detectors "<policy>:<name>" of group "user". */
KT_MUSTCHECK enum kt_rc kt_policy_define_patterns(const struct kt_policy *p,
    const struct kt_config_items *patterns, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err);
/* Adds all of a group, or the own ones of this policy when group is "user". */
void kt_policy_select_group(struct kt_policy *p, const struct kt_detect *db,
    const char *group);
/* Adds those of group "user" that came from files. */
void kt_policy_select_files(struct kt_policy *p, const struct kt_detect *db);
/* Adds by id, group or entity; an unknown name is KT_E_PARSE. */
KT_MUSTCHECK enum kt_rc kt_policy_select_names(struct kt_policy *p,
    const struct kt_detect *db, const struct kt_config_strings *names,
    struct kt_err *err);
/* Adds those of a class in the set. */
void kt_policy_select_classes(
    struct kt_policy *p, const struct kt_detect *db, kt_class_set set);
/* Adds medical identifiers, persons in texts about health, and that talk. */
void kt_policy_select_health(struct kt_policy *p, const struct kt_detect *db);
/* The action, but talk of health and what stands alone are noted. */
enum kt_action kt_policy_act_if_sure(const struct kt_detector *d,
    const struct kt_finding *f, enum kt_action action);
/* A judge who only wants to know what a request has, and does nothing. */
enum kt_action kt_policy_note(const struct kt_policy *p,
    const struct kt_detector *d, const struct kt_finding *f,
    enum kt_component c);
/* Does one of the patterns fit s? */
bool kt_policy_is_listed(
    const struct kt_config_strings *globs, struct kt_span s);
/* The user's pattern that made d, or NULL. */
const struct kt_policy_pattern *kt_policy_pattern_of(const struct kt_policy *p,
    const struct kt_config_items *patterns, const struct kt_detector *d);

#endif
