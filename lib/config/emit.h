/*
 * emit - mappings, lists and scalars as YAML or JSON.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    when text needs quotes, and what stands between two values.
 * Does not: check that keys are unique.
 * Promises: both styles mean the same, and YAML reads back by config/tree.h
 *           as what was said.  A failure sticks and is asked for at the end.
 */
#ifndef KT_CONFIG_EMIT_H
#define KT_CONFIG_EMIT_H
#include "config/schema.h"

#define KT_CONFIG_EMIT_DEPTH 48

struct kt_config_emit {
	struct kt_buf *out;
	enum kt_config_style style;
	bool has_failed;
	size_t depth;
	struct {
		bool is_list;
		size_t n;        /* values so far */
	} in[KT_CONFIG_EMIT_DEPTH];
};

/* key is NULL inside a list and at the top. */
void kt_config_emit_map(struct kt_config_emit *e, const char *key);
void kt_config_emit_list(struct kt_config_emit *e, const char *key);
void kt_config_emit_end(struct kt_config_emit *e);
void kt_config_emit_text(
    struct kt_config_emit *e, const char *key, struct kt_span text);
/* Numbers, true, false, null: as they are. */
void kt_config_emit_bare(
    struct kt_config_emit *e, const char *key, const char *bare);
void kt_config_emit_int(struct kt_config_emit *e, const char *key, int64_t v);
void kt_config_emit_number(struct kt_config_emit *e, const char *key, double v);
/* A default as tables write it, by the field's type. */
void kt_config_emit_fallback(struct kt_config_emit *e, const char *key,
    const struct kt_config_field *f);
KT_MUSTCHECK enum kt_rc kt_config_emit_done(struct kt_config_emit *e);

#endif
