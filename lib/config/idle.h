/*
 * idle - keys that load and that nothing acts on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which keys of the published format this version does not act on,
 *           and the values of them that change nothing.
 * Does not: say so to anybody.
 * Promises: each key that is there is told once, in the order of the list.
 */
#ifndef KT_CONFIG_IDLE_H
#define KT_CONFIG_IDLE_H
#include "config/tree.h"

/* path: as the list has it, "*" for every element or kind; who: "by this
   version", or without what; until it returns. */
typedef void kt_config_idle_fn(void *arg, const char *path, const char *who,
    const struct kt_config_node *node);
void kt_config_idle(
    const struct kt_config_node *root, kt_config_idle_fn *tell, void *arg);

#endif
