/*
 * targets - where calls may go: the providers section as C structs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the fields of a target and their defaults per provider.
 * Does not: choose a target or know how a provider is spoken to.
 * Promises: after loading, ids are unique, URLs have a host, and the
 *           shorthands (vendor:kind:model, zdr) are resolved into fields.
 */
#ifndef KT_CONFIG_TARGETS_H
#define KT_CONFIG_TARGETS_H
#include "config/schema.h"

enum kt_config_vendor {
	KT_CONFIG_ANTHROPIC = 0,
	KT_CONFIG_OPENAI,
	KT_CONFIG_BEDROCK,
	KT_CONFIG_VERTEX,
	KT_CONFIG_OFFLINE,
};

struct kt_config_pricing { /* USD per million tokens; NAN: not said */
	const struct kt_config_node *node;
	double prompt, completion, cache_read, cache_write_5m, cache_write_1h;
};

struct kt_config_baa {
	const struct kt_config_node *node;
	struct kt_span agreement, expires; /* expires: YYYY-MM-DD */
};
struct kt_config_data_policy { /* undeclared is not compliant */
	const struct kt_config_node *node;
	bool zero_data_retention, training_opt_out;
	int64_t retention_days;  /* -1: not said */
	struct kt_config_baa baa;
};

struct kt_config_health_probe {
	const struct kt_config_node *node; /* NULL: none */
	struct kt_span path, model;
	int64_t interval_seconds, timeout_seconds;
	int64_t unhealthy_after, healthy_after;
};

struct kt_config_rate_limits { /* 0: no limit */
	const struct kt_config_node *node;
	int64_t requests_per_minute, requests_per_day;
	int64_t tokens_per_minute, tokens_per_day;
	int64_t input_tokens_per_minute, input_tokens_per_day;
	int64_t output_tokens_per_minute, output_tokens_per_day;
};

struct kt_config_target {
	const struct kt_config_node *node;
	struct kt_span id;
	struct kt_span provider;       /* as written */
	int vendor;                    /* enum kt_config_vendor, resolved */
	struct kt_span vendor_kind;    /* "messages" of anthropic:messages:M */
	struct kt_span model;          /* absent: the client's passes */
	struct kt_span base_url;       /* absent for offline */
	struct kt_config_secret secret_key_ref; /* node NULL: the usual one */
	struct kt_span api_key_header, api_key_prefix;
	struct kt_span anthropic_version;
	int64_t timeout_seconds, stream_timeout_seconds;
	int64_t total_timeout_seconds; /* 0: none */
	int64_t max_context_tokens, max_messages; /* 0: none */
	struct kt_config_pairs headers;
	int format;                    /* enum kt_config_vendor */
	int provider_type;             /* enum kt_config_vendor; -1: not said */
	struct kt_span ca_file;        /* absent: the system's roots */
	struct kt_span description, region;
	double weight;
	struct kt_config_pricing pricing;
	struct kt_config_data_policy data_policy;
	bool zdr;
	struct kt_config_health_probe health_probe;
	struct kt_config_rate_limits rate_limit;
	/* anthropic:claude-agent-sdk only */
	struct kt_span path_to_claude_code_executable, working_dir;
	int permission_mode;
	int64_t max_turns;
	bool allow_all_tools;
	struct kt_config_strings append_allowed_tools, disallowed_tools;
	struct kt_span fallback_model;
	struct kt_config_strings additional_directories;
	struct kt_config_pairs cli_env;
};

struct kt_config_routing_when {
	const struct kt_config_node *node;
	struct kt_span model, input_tokens, group, time_of_day;
	struct kt_span budget_spent_pct;
	const struct kt_config_node *streaming;
};
struct kt_config_routing_use {
	const struct kt_config_node *node;
	struct kt_span target, model;
};
struct kt_config_routing_rule {
	const struct kt_config_node *node;
	struct kt_span name;
	struct kt_config_routing_when when;
	struct kt_config_routing_use use;
};

enum kt_config_trigger { /* bits of fallback.triggers */
	KT_CONFIG_ON_RATE_LIMIT = 0,
	KT_CONFIG_ON_SERVER_ERROR,
	KT_CONFIG_ON_TIMEOUT,
	KT_CONFIG_ON_CONNECT,
};
struct kt_config_fallback {
	const struct kt_config_node *node;
	uint32_t triggers;
	int64_t max_attempts;
};
struct kt_config_retry {
	const struct kt_config_node *node; /* NULL: none */
	int64_t max_attempts, base_ms, max_ms;
	int jitter;
	uint32_t on;
};
struct kt_config_circuit_breaker {
	const struct kt_config_node *node; /* NULL: none */
	int64_t failures, window_seconds, cooldown_seconds;
	int64_t half_open_probes;
};

enum kt_config_strategy {
	KT_CONFIG_SINGLE = 0,
	KT_CONFIG_ORDERED,
	KT_CONFIG_ROUND_ROBIN,
	KT_CONFIG_WEIGHTED_ROUND_ROBIN,
	KT_CONFIG_LOWEST_LATENCY,
	KT_CONFIG_LEAST_BUSY,
	KT_CONFIG_COST,
	KT_CONFIG_STICKY,
	KT_CONFIG_RANDOM,
};
struct kt_config_providers {
	const struct kt_config_node *node;
	int strategy;                  /* enum kt_config_strategy */
	struct kt_config_items targets; /* struct kt_config_target */
	struct kt_config_fallback fallback;
	struct kt_config_circuit_breaker circuit_breaker;
	struct kt_config_retry retry;
	struct kt_config_pairs model_aliases;
	struct kt_config_items routing_rules; /* struct kt_config_routing_rule */
};
extern const struct kt_config_table kt_config_providers_table;
#define KT_CONFIG_LIMIT_MAX 1000000000000 /* beyond any use; sums fit */
extern const struct kt_config_table kt_config_rate_limits_table;
/* What of it this version does not speak, such as "bedrock"; NULL: nothing. */
const char *kt_config_unspoken(const struct kt_config_target *t);

#endif
