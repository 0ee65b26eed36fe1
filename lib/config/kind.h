/*
 * kind - what the settings of all policy kinds have in common.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    whether a kind acts, where it looks, what its own failure means.
 * Does not: know any kind; each brings its table (KT_CONFIG_KIND_TABLE).
 * Promises: block and enforce are zero.
 */
#ifndef KT_CONFIG_KIND_H
#define KT_CONFIG_KIND_H
#include "config/schema.h"

/* Deny is zero. */
enum kt_config_on_error { KT_CONFIG_BLOCK = 0, KT_CONFIG_ALLOW };

/* What every kind has: the first member of a kind's struct. */
enum kt_config_mode { KT_CONFIG_ENFORCE = 0, KT_CONFIG_MONITOR };
struct kt_config_common {
	const struct kt_config_node *node;
	bool enabled;
	int mode;                        /* enum kt_config_mode */
	int on_error;                    /* enum kt_config_on_error */
	uint32_t components;             /* kt_component_set; 0: kind's own */
};
extern const struct kt_config_table kt_config_common_table;
/* For a kind's table: KT_CONFIG_KIND_TABLE(struct s, "name", fields, ...) */
#define KT_CONFIG_KIND_TABLE(S, said, fs, ...) \
	{ .name = "policy." said, .size = sizeof(S), .fields = (fs), \
	  .n = KT_NELEMS(fs), .embed = &kt_config_common_table, __VA_ARGS__ }

#endif
