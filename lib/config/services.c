/*
 * services - tables of what kt keeps and tells elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/check.h"
#include "config/services.h"

static const char *const recorded[] = { "redacted", "facts_only", NULL };

#define S struct kt_config_recording
static const struct kt_config_field recording_fields[] = {
	KT_CONFIG_FIELD(S, STRING, directory, .is_required = true,
	    .doc = "Where sessions are written"),
	KT_CONFIG_FIELD(S, NUMBER, sample, .fallback = "1", .min = 0, .max = 1,
	    .doc = "The part of all sessions that is recorded"),
	KT_CONFIG_FIELD(S, ENUM, content, .fallback = "redacted",
	    .names = recorded, .doc = "How much of a session is written"),
	KT_CONFIG_FIELD(S, SECRET, encrypt_to,
	    .doc = "Key that sessions are encrypted with: 64 hexadecimal "
	           "digits"),
	KT_CONFIG_FIELD(S, BOOL, compress, .fallback = "false",
	    .doc = "Write .kts.zst: half the size or less"),
};
#undef S
const struct kt_config_table kt_config_recording_table = {
	.name = "recording",
	.doc = "Sessions kept for replay; absent, nothing is recorded",
	.size = sizeof(struct kt_config_recording),
	.fields = recording_fields, .n = KT_NELEMS(recording_fields),
};

static void
check_webhook(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_webhook *w = section;

	kt_config_check_url(ctx, w->node, "url", w->url);
}

#define S struct kt_config_webhook
static const struct kt_config_field webhook_fields[] = {
	KT_CONFIG_FIELD(S, STRING, url, .is_required = true,
	    .doc = "Where events are posted"),
	KT_CONFIG_FIELD(S, SECRET, secret_ref,
	    .doc = "Key with which each post is signed"),
	KT_CONFIG_FIELD(S, STRINGS, events,
	    .doc = "Names of the events to post; empty, all of them"),
};
#undef S
const struct kt_config_table kt_config_webhook_table = {
	.name = "webhooks[]",
	.doc = "One receiver of events",
	.size = sizeof(struct kt_config_webhook),
	.fields = webhook_fields, .n = KT_NELEMS(webhook_fields),
	.check = check_webhook,
};

static void
check_otlp(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_otlp *o = section;

	kt_config_check_url(ctx, o->node, "endpoint", o->endpoint);
	kt_config_check_headers(ctx, &o->headers);
}

#define S struct kt_config_otlp
static const struct kt_config_field otlp_fields[] = {
	KT_CONFIG_FIELD(S, STRING, endpoint, .is_required = true,
	    .doc = "URL of the collector"),
	KT_CONFIG_FIELD(S, PAIRS, headers,
	    .doc = "Headers sent with every export; no credentials"),
};
#undef S
static const struct kt_config_table otlp_table = {
	.name = "telemetry.otlp",
	.doc = "Export by the OpenTelemetry protocol",
	.size = sizeof(struct kt_config_otlp),
	.fields = otlp_fields, .n = KT_NELEMS(otlp_fields),
	.check = check_otlp,
};

static void
check_prometheus(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_prometheus *p = section;

	kt_config_check_listen(ctx, p->node, "listen", p->listen);
}

#define S struct kt_config_prometheus
static const struct kt_config_field prometheus_fields[] = {
	KT_CONFIG_FIELD(S, STRING, listen, .is_required = true,
	    .doc = "Address and port on which metrics are served"),
};
#undef S
static const struct kt_config_table prometheus_table = {
	.name = "telemetry.prometheus",
	.doc = "Metrics to be scraped",
	.size = sizeof(struct kt_config_prometheus),
	.fields = prometheus_fields, .n = KT_NELEMS(prometheus_fields),
	.check = check_prometheus,
};

#define S struct kt_config_telemetry
static const struct kt_config_field telemetry_fields[] = {
	KT_CONFIG_SUBSECTION(S, otlp, &otlp_table, .is_switch = true,
	    .doc = "Traces and metrics to a collector"),
	KT_CONFIG_SUBSECTION(S, prometheus, &prometheus_table,
	    .is_switch = true, .doc = "Metrics to be scraped"),
};
#undef S
const struct kt_config_table kt_config_telemetry_table = {
	.name = "telemetry",
	.doc = "What is told about the gateway's own work",
	.size = sizeof(struct kt_config_telemetry),
	.fields = telemetry_fields, .n = KT_NELEMS(telemetry_fields),
};

#define S struct kt_config_shared_state
static const struct kt_config_field shared_fields[] = {
	KT_CONFIG_FIELD(S, SECRET, redis_url,
	    .doc = "Where limits and budgets of a fleet are kept"),
	KT_CONFIG_FIELD(S, SECRET, postgres_url,
	    .doc = "Where evidence of a fleet is gathered"),
};
#undef S
const struct kt_config_table kt_config_shared_state_table = {
	.name = "shared_state",
	.doc = "What several gateways share; URLs hold passwords, so they are "
	    "references",
	.size = sizeof(struct kt_config_shared_state),
	.fields = shared_fields, .n = KT_NELEMS(shared_fields),
};

#define S struct kt_config_ship
static const struct kt_config_field ship_fields[] = {
	KT_CONFIG_FIELD(S, SECRET, postgres, .is_required = true,
	    .doc = "Connection URL of the database"),
};
#undef S
const struct kt_config_table kt_config_ship_table = {
	.name = "audit.ship",
	.doc = "Copies of the evidence for queries; the files stay the evidence",
	.size = sizeof(struct kt_config_ship),
	.fields = ship_fields, .n = KT_NELEMS(ship_fields),
};
