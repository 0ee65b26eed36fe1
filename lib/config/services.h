/*
 * services - what kt keeps and tells elsewhere, as C structs: recording,
 * webhooks, telemetry, shared state.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the fields of these sections.
 * Does not: act on them; they are checked and shown.
 * Promises: credentials are references.
 */
#ifndef KT_CONFIG_SERVICES_H
#define KT_CONFIG_SERVICES_H
#include "config/schema.h"

struct kt_config_recording {
	const struct kt_config_node *node; /* NULL: nothing is recorded */
	struct kt_span directory;
	struct kt_config_secret encrypt_to;
	double sample;
	int content;                       /* 0 redacted, 1 facts_only */
	bool compress;
};
struct kt_config_webhook {
	const struct kt_config_node *node;
	struct kt_span url;
	struct kt_config_secret secret_ref;
	struct kt_config_strings events;
};
struct kt_config_otlp {
	const struct kt_config_node *node;
	struct kt_span endpoint;
	struct kt_config_pairs headers;
};
struct kt_config_prometheus {
	const struct kt_config_node *node;
	struct kt_span listen;
};
struct kt_config_telemetry {
	const struct kt_config_node *node;
	struct kt_config_otlp otlp;
	struct kt_config_prometheus prometheus;
};
struct kt_config_shared_state {
	const struct kt_config_node *node;
	struct kt_config_secret redis_url, postgres_url;
};
struct kt_config_ship {
	const struct kt_config_node *node;
	struct kt_config_secret postgres;
};

extern const struct kt_config_table kt_config_recording_table;
extern const struct kt_config_table kt_config_webhook_table;
extern const struct kt_config_table kt_config_telemetry_table;
extern const struct kt_config_table kt_config_shared_state_table;
extern const struct kt_config_table kt_config_ship_table;

#endif
