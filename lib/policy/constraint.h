/*
 * constraint - what must be true of one argument of a tool.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    values, hosts, paths and numbers, as tools read them.
 * Does not: know which rule asks, or what follows.
 * Promises: a value that cannot be understood does not hold when all must
 *           (KT_ALL), and holds when one is enough (KT_ANY): a rule that
 *           allows asks for all of them, one that denies for any.
 */
#ifndef KT_POLICY_CONSTRAINT_H
#define KT_POLICY_CONSTRAINT_H
#include "config/kind.h"
#include "json/json.h"

struct kt_constraint {
	const struct kt_config_node *node; /* its key is a JSON pointer */
	struct kt_span equals, matches, in_scope;
	struct kt_config_strings one_of, host_in, path_under;
	double min, max;
};
extern const struct kt_config_table kt_constraint_table;

enum kt_constraint_need { KT_ALL = 0, KT_ANY };
struct kt_constraint_value {
	const struct kt_json *json;
	struct kt_span text;
	uint32_t node; /* 0: the argument is absent, which never holds */
	const struct kt_config_node *scope; /* of the caller, or NULL */
	struct kt_arena *mem; /* for a moment */
};
/* A JSON pointer that does not begin with '/' finds nothing: a fault. */
void kt_constraint_check_pointer(struct kt_config_ctx *ctx,
    const struct kt_config_node *node, struct kt_span pointer);
/* So is a host that is none: a URL, a pattern other than "*.example.org". */
void kt_constraint_check_hosts(struct kt_config_ctx *ctx,
    const struct kt_config_strings *hosts);
/* Arrays and objects are asked value by value. */
bool kt_constraint_holds(const struct kt_constraint *c,
    const struct kt_constraint_value *v, enum kt_constraint_need need);

/* The host of a URL, or of what a person would type for one; false also for
 * an address that is not written as usual: 0x7f.1, [::ffff:127.0.0.1]. */
bool kt_constraint_host(struct kt_span url, struct kt_span *host);
/* Itself, or below it with "*." in front; without case. */
bool kt_constraint_covers(
    const struct kt_config_strings *domains, struct kt_span host);

#endif
