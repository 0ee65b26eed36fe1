/*
 * settings - policy-config.yaml as C structs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    every section and field (policy-config.yaml(5)), its default,
 *           and which combinations make no sense.
 * Does not: open files, look up secrets, or know what a policy kind wants;
 *           kinds bring their own tables.
 * Promises: what loads is complete and consistent: every default filled in,
 *           every name resolved.  Secrets are references, never values.
 *
 * Strings point into the arena and have a NUL behind them.  Members are
 * named as in the file, so that one word finds both.
 */
#ifndef KT_CONFIG_SETTINGS_H
#define KT_CONFIG_SETTINGS_H
#include "config/address.h"
#include "config/kind.h"
#include "config/schema.h"
#include "config/services.h"
#include "config/targets.h"

struct kt_config_pack {
	const struct kt_config_node *node;
	struct kt_span name, version, description;
	bool enabled;
};

enum kt_config_tls_version { KT_CONFIG_TLS_1_2 = 0, KT_CONFIG_TLS_1_3 };
struct kt_config_tls {
	const struct kt_config_node *node; /* NULL: no TLS */
	struct kt_span certificate, private_key, client_ca; /* files */
	int min_version;                 /* enum kt_config_tls_version */
};

struct kt_config_admin {
	const struct kt_config_node *node; /* NULL: no admin listener */
	struct kt_span listen;
	struct kt_config_secret token_ref;
};

#define KT_CONFIG_WORKERS_MAX 256

struct kt_config_deadlines {
	const struct kt_config_node *node;
	int64_t head_seconds, body_idle_seconds, keepalive_seconds;
	int64_t connect_seconds;
};

struct kt_config_gateway {
	const struct kt_config_node *node;
	struct kt_config_strings listen; /* each passes kt_config_address */
	struct kt_config_tls tls;
	struct kt_config_admin admin;
	int64_t workers;                 /* 0: one per core */
	int64_t max_body_bytes, max_file_bytes;
	struct kt_config_deadlines deadlines;
	int fail_mode;                   /* enum kt_config_on_error */
	int64_t drain_seconds;
	int64_t block_status;
};

enum kt_config_auth_mode {
	KT_CONFIG_AUTH_NONE = 0,
	KT_CONFIG_AUTH_PASSTHROUGH,
	KT_CONFIG_AUTH_TOKENS,
	KT_CONFIG_AUTH_JWT,
};
struct kt_config_jwt {
	const struct kt_config_node *node;
	struct kt_span issuer, audience, jwks_file, jwks_url;
	struct kt_config_pairs claims;
};
struct kt_config_auth {
	const struct kt_config_node *node;
	int mode;                        /* enum kt_config_auth_mode */
	struct kt_config_strings headers;
	struct kt_config_strings agent_headers, session_headers;
	struct kt_span tokens_file;
	struct kt_config_jwt jwt;
};

/* policies.chain, resolved. */
struct kt_config_link {
	const struct kt_config_kind *kind;
	const void *settings;            /* of the kind's table, never NULL */
	const struct kt_config_node *node;
};
struct kt_config_policies {
	const struct kt_config_node *node;
	struct kt_config_strings chain;  /* names as written */
	struct kt_config_strings detectors; /* files and folders, as written */
	const struct kt_config_link *links;
	size_t links_n;
};
enum kt_config_durability {
	KT_CONFIG_COMMIT = 0, KT_CONFIG_STRICT, KT_CONFIG_ASYNC
};
enum kt_config_content {
	KT_CONFIG_CONTENT_NONE = 0, KT_CONFIG_CONTENT_REDACTED,
	KT_CONFIG_CONTENT_FULL
};
struct kt_config_audit {
	const struct kt_config_node *node;
	struct kt_span directory;        /* absent: $KT_AUDIT_DIR, ./audit */
	int durability, content;
	uint32_t strict_classes;         /* kt_class_set */
	int64_t retention_days;
	struct kt_span below_minimum;
	int hash_mode;                   /* 0 salted, 1 plain */
	int on_failure;                  /* 0 fail_closed, 1 fail_open */
	struct kt_config_ship ship;
};
/* For the check of a table: fewer days than is lawful want a reason. */
void kt_config_check_retention(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, int64_t days,
    struct kt_span below_minimum);

struct kt_settings {
	const struct kt_config_node *node;
	struct kt_config_pack pack;
	struct kt_config_gateway gateway;
	struct kt_config_auth auth;
	struct kt_config_items projects;        /* struct kt_config_project */
	struct kt_config_items consumer_groups; /* struct kt_config_group */
	struct kt_config_pairs routes;   /* value.word: enum kt_endpoint */
	struct kt_config_policies policies;
	struct kt_config_kinds policy;
	struct kt_config_providers providers;
	struct kt_span pricing;          /* a price list file */
	struct kt_config_audit audit;
	struct kt_config_recording recording;
	struct kt_config_items webhooks;        /* struct kt_config_webhook */
	struct kt_config_telemetry telemetry;
	struct kt_config_shared_state shared_state;
};
extern const struct kt_config_table kt_config_root_table;

/*
 * Loads d->files in order, later ones over earlier ones.  On success *out is
 * in mem and lives as long as mem and the files' bytes.  KT_E_PARSE: d says
 * everything that is wrong, sorted.
 */
KT_MUSTCHECK enum kt_rc kt_config_load(const struct kt_settings **out,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d);
/*
 * The same, for whoever tells of mistakes: *out is also there beside them
 * (see kt_config_examine), and NULL when a file could not be read at all.
 */
KT_MUSTCHECK enum kt_rc kt_config_load_all(const struct kt_settings **out,
    const struct kt_config_kind *kinds, size_t kinds_n,
    struct kt_arena *mem, struct kt_config_diags *d);

#endif
