/*
 * targets - tables of the providers section, and what one field cannot tell:
 * shorthands, defaults that depend on the vendor, names that refer to others.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/check.h"
#include "config/fill.h"
#include "config/nearest.h"
#include "config/targets.h"

#define SECONDS_MAX 86400
#define TOKENS_MAX 1000000000

/* What differs by vendor, in the order of enum kt_config_vendor. */
static const struct vendor {
	const char *base_url, *key_variable, *key_header, *key_prefix;
	const char *kinds[4];
	enum kt_config_vendor format;
} vendors[] = {
	[KT_CONFIG_ANTHROPIC] = { "https://api.anthropic.com",
		"ANTHROPIC_API_KEY", "x-api-key", "",
		{ "messages", "claude-agent-sdk" }, KT_CONFIG_ANTHROPIC },
	[KT_CONFIG_OPENAI] = { "https://api.openai.com", "OPENAI_API_KEY",
		"authorization", "Bearer ", { "chat", "responses" },
		KT_CONFIG_OPENAI },
	[KT_CONFIG_BEDROCK] = { NULL, NULL, NULL, NULL, { "converse", "invoke" },
		KT_CONFIG_BEDROCK },
	[KT_CONFIG_VERTEX] = { NULL, NULL, NULL, NULL, { "messages" },
		KT_CONFIG_VERTEX },
	[KT_CONFIG_OFFLINE] = { NULL, NULL, NULL, NULL, { NULL },
		KT_CONFIG_ANTHROPIC },
};
static const char *const vendor_names[] = { "anthropic", "openai", "bedrock",
	"vertex", "offline", NULL };
static const char *const formats[] = { "anthropic", "openai", "bedrock",
	"vertex", NULL };

#define PRICE(member, what) \
	KT_CONFIG_FIELD(struct kt_config_pricing, NUMBER, member, .min = 0, \
	    .max = 1000000, .doc = what ", US dollars per million tokens")
static const struct kt_config_field pricing_fields[] = {
	PRICE(prompt, "Input"),
	PRICE(completion, "Output"),
	PRICE(cache_read, "Input read from the cache"),
	PRICE(cache_write_5m, "Input written to the cache for five minutes"),
	PRICE(cache_write_1h, "Input written to the cache for an hour"),
};
static const struct kt_config_table pricing_table = {
	.name = "pricing",
	.doc = "Prices of one target; they win over the price list, and without "
	    "both prompt and completion its calls have no cost",
	.size = sizeof(struct kt_config_pricing),
	.fields = pricing_fields, .n = KT_NELEMS(pricing_fields),
};

static void
check_baa(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_baa *b = section;

	kt_config_check_date(ctx, b->node, "expires", b->expires);
}

#define S struct kt_config_baa
static const struct kt_config_field baa_fields[] = {
	KT_CONFIG_FIELD(S, STRING, agreement, .is_required = true,
	    .doc = "What identifies the agreement"),
	KT_CONFIG_FIELD(S, STRING, expires,
	    .doc = "Its last day, YYYY-MM-DD; absent, it does not end"),
};
#undef S
static const struct kt_config_table baa_table = {
	.name = "data_policy.baa",
	.doc = "A business associate agreement",
	.size = sizeof(struct kt_config_baa),
	.fields = baa_fields, .n = KT_NELEMS(baa_fields), .check = check_baa,
};

#define S struct kt_config_data_policy
static const struct kt_config_field data_policy_fields[] = {
	KT_CONFIG_FIELD(S, BOOL, zero_data_retention, .fallback = "false",
	    .doc = "The destination keeps nothing; calls to it are in no "
	    "recording"),
	KT_CONFIG_FIELD(S, BOOL, training_opt_out, .fallback = "false",
	    .doc = "The destination does not train on it"),
	KT_CONFIG_FIELD(S, INT, retention_days, .fallback = "-1", .min = -1,
	    .max = 36500, .doc = "Days for which it keeps data; -1, not known"),
	KT_CONFIG_SUBSECTION(S, baa, &baa_table, .is_switch = true,
	    .doc = "The agreement for health data; absent, there is none"),
};
#undef S
static const struct kt_config_table data_policy_table = {
	.name = "data_policy",
	.doc = "What the destination has promised; undeclared is not compliant",
	.size = sizeof(struct kt_config_data_policy),
	.fields = data_policy_fields, .n = KT_NELEMS(data_policy_fields),
};

static void
check_probe(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_health_probe *p = section;

	if (p->node != NULL && (p->path.ptr == NULL) == (p->model.ptr == NULL))
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, p->node, "path",
		    "a probe asks for either 'path' or 'model'");
}

#define S struct kt_config_health_probe
static const struct kt_config_field probe_fields[] = {
	KT_CONFIG_FIELD(S, STRING, path, .doc = "Path to GET"),
	KT_CONFIG_FIELD(S, STRING, model, .doc = "Model to ask for one token"),
	KT_CONFIG_FIELD(S, INT, interval_seconds, .fallback = "30", .min = 1,
	    .max = SECONDS_MAX, .doc = "Time between two probes"),
	KT_CONFIG_FIELD(S, INT, timeout_seconds, .fallback = "5", .min = 1,
	    .max = SECONDS_MAX, .doc = "When a probe has failed"),
	KT_CONFIG_FIELD(S, INT, unhealthy_after, .fallback = "3", .min = 1,
	    .max = 1000, .doc = "Failures in a row that take the target out"),
	KT_CONFIG_FIELD(S, INT, healthy_after, .fallback = "2", .min = 1,
	    .max = 1000, .doc = "Successes in a row that bring it back"),
};
#undef S
static const struct kt_config_table probe_table = {
	.name = "health_probe",
	.doc = "Questions that tell whether a target answers",
	.size = sizeof(struct kt_config_health_probe),
	.fields = probe_fields, .n = KT_NELEMS(probe_fields),
	.check = check_probe,
};

static void
check_kind(struct kt_config_ctx *ctx, struct kt_config_target *t,
    const char *const kinds[static 4])
{
	for (size_t i = 0; i < 4 && kinds[i] != NULL; i++) {
		if (kt_span_eq(t->vendor_kind, kt_span_of(kinds[i])))
			return;
	}
	kt_config_fault(ctx, KT_CONFIG_RANGE, t->node, "provider",
	    "'%.40s' is not spoken by '%s'", t->vendor_kind.ptr,
	    vendor_names[t->vendor]);
	if (kinds[0] != NULL)
		kt_config_fault_help(ctx, "one of: %s%s%s", kinds[0],
		    kinds[1] ? ", " : "", kinds[1] ? kinds[1] : "");
}

static void
refuse_vendor(struct kt_config_ctx *ctx, struct kt_config_target *t,
    struct kt_span vendor)
{
	struct kt_config_nearest near;

	kt_config_nearest_init(&near, vendor);
	for (size_t i = 0; vendor_names[i] != NULL; i++)
		kt_config_nearest_try(&near, vendor_names[i]);
	kt_config_fault(ctx, KT_CONFIG_RANGE, t->node, "provider",
	    "'%.40s' is not a provider", t->provider.ptr);
	kt_config_fault_help(ctx, "%s%s%sone of: anthropic, openai, bedrock, "
	    "vertex, offline, or VENDOR:KIND:MODEL",
	    near.best ? "did you mean '" : "", near.best ? near.best : "",
	    near.best ? "'? " : "");
}

/* vendor, or vendor:kind:model; a model may hold further colons. */
static void
resolve_provider(struct kt_config_ctx *ctx, struct kt_config_target *t)
{
	struct kt_span s = t->provider, kind, model;
	size_t colon = kt_span_find(s, ':');
	struct kt_span vendor = kt_span_sub(s, 0, colon);

	t->vendor = kt_config_word(vendor_names, vendor);
	if (t->vendor < 0) {
		refuse_vendor(ctx, t, vendor);
		return;
	}
	if (colon == s.len)
		return;
	s = kt_span_sub(s, colon + 1, SIZE_MAX);
	kind = kt_span_sub(s, 0, kt_span_find(s, ':'));
	model = kt_span_sub(s, kind.len + 1, SIZE_MAX);
	t->vendor_kind = kt_arena_dup(ctx->mem, kind);
	if (t->vendor_kind.ptr == NULL)
		return;
	check_kind(ctx, t, vendors[t->vendor].kinds);
	if (model.len == 0)
		return;
	if (t->model.ptr != NULL && !kt_span_eq(t->model, model))
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, t->node, "model",
		    "'model' and the model in 'provider' differ");
	t->model = model;
}

static void
vendor_defaults(struct kt_config_target *t)
{
	const struct vendor *v = &vendors[t->vendor];

	if (t->base_url.ptr == NULL)
		t->base_url = kt_span_of(v->base_url);
	if (t->secret_key_ref.from == KT_CONFIG_FROM_NONE &&
	    v->key_variable != NULL) {
		t->secret_key_ref.from = KT_CONFIG_ENV;
		t->secret_key_ref.name = kt_span_of(v->key_variable);
	}
	if (t->api_key_header.ptr == NULL)
		t->api_key_header = kt_span_of(v->key_header);
	if (t->api_key_prefix.ptr == NULL)
		t->api_key_prefix = kt_span_of(v->key_prefix);
	if (t->format < 0)
		t->format = (int)v->format;
	if (t->stream_timeout_seconds == 0)
		t->stream_timeout_seconds = t->timeout_seconds;
}

static void
check_zdr(struct kt_config_ctx *ctx, struct kt_config_target *t)
{
	const struct kt_config_node *said = kt_config_get(t->data_policy.node,
	    KT_SPAN("zero_data_retention"));

	if (!t->zdr)
		return;
	if (said != NULL && !t->data_policy.zero_data_retention)
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, t->node, "zdr",
		    "'zdr' and data_policy.zero_data_retention differ");
	t->data_policy.zero_data_retention = true;
}

/* Variables handed to a child: their names tell which hold credentials. */
static void
check_cli_env(struct kt_config_ctx *ctx, const struct kt_config_pairs *env)
{
	static const char *const marks[] = { "KEY", "TOKEN", "SECRET", "PASSWORD" };

	for (size_t i = 0; i < env->n; i++) {
		const struct kt_config_node *node = kt_config_get(env->node,
		    env->at[i].key);

		for (size_t m = 0; m < KT_NELEMS(marks); m++) {
			if (node == NULL || strstr(env->at[i].key.ptr, marks[m]) == NULL)
				continue;
			kt_config_diag(ctx->d, KT_CONFIG_SECRET_LITERAL,
			    node->key_at, "'cli_env' must not carry a credential");
			kt_config_diag_hide(ctx->d, node);
			break;
		}
	}
}

/* Paths are added behind it. */
static void
check_base_url(struct kt_config_ctx *ctx, const struct kt_config_target *t)
{
	kt_config_check_url(ctx, t->node, "base_url", t->base_url);
	if (kt_span_find(t->base_url, '?') == t->base_url.len)
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, t->node, "base_url",
	    "'base_url' has a query ('?')");
	kt_config_fault_hide(ctx, t->node, "base_url");
}

/* What becomes a part of a header, and may be a part of a secret. */
static void
check_text(struct kt_config_ctx *ctx, const struct kt_config_target *t,
    const char *field, struct kt_span text)
{
	if (kt_config_is_clean(text))
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, t->node, field,
	    "'%s' holds a control character", field);
	kt_config_fault_hide(ctx, t->node, field);
}

static void
check_target(void *section, struct kt_config_ctx *ctx)
{
	struct kt_config_target *t = section;

	if (t->provider.ptr != NULL)
		resolve_provider(ctx, t);
	if (t->vendor >= 0)
		vendor_defaults(t);
	check_base_url(ctx, t);
	check_text(ctx, t, "api_key_prefix", t->api_key_prefix);
	check_text(ctx, t, "anthropic_version", t->anthropic_version);
	kt_config_check_headers(ctx, &t->headers);
	check_cli_env(ctx, &t->cli_env);
	check_zdr(ctx, t);
	if (t->api_key_header.ptr != NULL &&
	    (!kt_config_is_token(t->api_key_header) ||
		kt_config_is_framing(t->api_key_header)))
		kt_config_fault(ctx, KT_CONFIG_FORM, t->node, "api_key_header",
		    "'api_key_header' is not the name of a header for keys");
	if (t->total_timeout_seconds > 0 &&
	    t->total_timeout_seconds < t->timeout_seconds)
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, t->node,
		    "total_timeout_seconds", "'total_timeout_seconds' is shorter "
		    "than 'timeout_seconds', which is a part of it");
	if (t->provider_type >= 0 && t->vendor >= 0 &&
	    t->vendor != KT_CONFIG_OFFLINE && t->vendor_kind.ptr == NULL)
		t->vendor = t->provider_type;
}

const char *
kt_config_unspoken(const struct kt_config_target *t)
{
	int words[] = { t->provider_type >= 0 ? t->provider_type : t->vendor,
		t->format };

	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		if (words[i] == KT_CONFIG_BEDROCK || words[i] == KT_CONFIG_VERTEX)
			return vendor_names[words[i]];
	}
	return NULL;
}

static const char *const permissions[] = { "default", "acceptEdits", "plan",
	"bypassPermissions", NULL };

#define S struct kt_config_target
#define TIME(member, ...) \
	KT_CONFIG_FIELD(S, INT, member, .min = 1, .max = SECONDS_MAX, __VA_ARGS__)
static const struct kt_config_field target_fields[] = {
	KT_CONFIG_FIELD(S, STRING, id, .is_required = true,
	    .doc = "Name of the target, unique"),
	KT_CONFIG_FIELD(S, STRING, provider, .is_required = true,
	    .doc = "anthropic, openai, bedrock, vertex or offline; or "
	    "VENDOR:KIND:MODEL such as anthropic:messages:claude-sonnet-4-5"),
	KT_CONFIG_FIELD(S, STRING, model,
	    .doc = "Replaces the model that the client asks for; absent, the "
	    "client's passes"),
	KT_CONFIG_FIELD(S, STRING, base_url,
	    .doc = "Where the provider is; absent, its public address"),
	KT_CONFIG_FIELD(S, SECRET, secret_key_ref,
	    .doc = "The provider's key; absent, its usual variable"),
	KT_CONFIG_FIELD(S, STRING, api_key_header,
	    .doc = "Header that carries the key; absent, the provider's"),
	KT_CONFIG_FIELD(S, STRING, api_key_prefix,
	    .doc = "Text before the key in that header; absent, the provider's"),
	KT_CONFIG_FIELD(S, STRING, anthropic_version,
	    .doc = "Value of anthropic-version; absent, the client's, else "
	    "2023-06-01"),
	TIME(timeout_seconds, .fallback = "60",
	    .doc = "Time to the first byte of an answer"),
	TIME(stream_timeout_seconds,
	    .doc = "Silence between bytes; absent, as timeout_seconds"),
	TIME(total_timeout_seconds,
	    .doc = "Time for the whole answer; absent, no limit"),
	KT_CONFIG_FIELD(S, INT, max_context_tokens, .min = 1, .max = TOKENS_MAX,
	    .doc = "A larger request is refused; absent, no limit"),
	KT_CONFIG_FIELD(S, INT, max_messages, .min = 1, .max = TOKENS_MAX,
	    .doc = "Only the newest messages are sent; absent, all of them"),
	KT_CONFIG_FIELD(S, PAIRS, headers,
	    .doc = "Headers of each request, in place of the client's of the same "
	    "name; no credentials"),
	KT_CONFIG_FIELD(S, ENUM, format, .names = formats,
	    .doc = "Wire format of the target; absent, its provider's"),
	KT_CONFIG_FIELD(S, ENUM, provider_type, .names = vendor_names,
	    .doc = "What the target is, when its URL and provider mislead"),
	KT_CONFIG_FIELD(S, STRING, ca_file,
	    .doc = "Roots to trust for this target; absent, the system's"),
	KT_CONFIG_FIELD(S, STRING, description, .doc = "A note for people"),
	KT_CONFIG_FIELD(S, NUMBER, weight, .fallback = "1", .min = 0,
	    .max = 1000000, .doc = "Share of the calls when strategies weigh"),
	KT_CONFIG_FIELD(S, STRING, region, .doc = "Where data is handled"),
	KT_CONFIG_SUBSECTION(S, pricing, &pricing_table, .doc = "Its prices"),
	KT_CONFIG_SUBSECTION(S, data_policy, &data_policy_table,
	    .is_switch = true, .doc = "What it does with data"),
	KT_CONFIG_FIELD(S, BOOL, zdr, .fallback = "false",
	    .doc = "Short for data_policy.zero_data_retention: true"),
	KT_CONFIG_SUBSECTION(S, health_probe, &probe_table, .is_switch = true,
	    .doc = "How its health is asked for; absent, it is not"),
	KT_CONFIG_SUBSECTION(S, rate_limit, &kt_config_rate_limits_table,
	    .doc = "What it may be sent"),
	KT_CONFIG_FIELD(S, STRING, path_to_claude_code_executable,
	    .doc = "claude-agent-sdk: the program"),
	KT_CONFIG_FIELD(S, STRING, working_dir,
	    .doc = "claude-agent-sdk: the directory it works in"),
	KT_CONFIG_FIELD(S, ENUM, permission_mode, .names = permissions,
	    .doc = "claude-agent-sdk: what it may do without asking"),
	KT_CONFIG_FIELD(S, INT, max_turns, .min = 1, .max = 100000,
	    .doc = "claude-agent-sdk: turns in one call"),
	KT_CONFIG_FIELD(S, BOOL, allow_all_tools, .fallback = "false",
	    .doc = "claude-agent-sdk: every tool may be used"),
	KT_CONFIG_FIELD(S, STRINGS, append_allowed_tools,
	    .doc = "claude-agent-sdk: tools allowed besides its own"),
	KT_CONFIG_FIELD(S, STRINGS, disallowed_tools,
	    .doc = "claude-agent-sdk: tools forbidden"),
	KT_CONFIG_FIELD(S, STRING, fallback_model,
	    .doc = "claude-agent-sdk: model when the first is overloaded"),
	KT_CONFIG_FIELD(S, STRINGS, additional_directories,
	    .doc = "claude-agent-sdk: directories it may reach"),
	KT_CONFIG_FIELD(S, PAIRS, cli_env,
	    .doc = "claude-agent-sdk: variables it is started with; no "
	    "credentials"),
};
#undef S
static const struct kt_config_table target_table = {
	.name = "providers.targets[]",
	.doc = "One place to which calls may go",
	.size = sizeof(struct kt_config_target),
	.fields = target_fields, .n = KT_NELEMS(target_fields),
	.check = check_target,
};

#define S struct kt_config_routing_when
static const struct kt_config_field when_fields[] = {
	KT_CONFIG_FIELD(S, STRING, model, .doc = "Model asked for, or a pattern"),
	KT_CONFIG_FIELD(S, STRING, input_tokens,
	    .doc = "Comparison such as \"< 4000\""),
	KT_CONFIG_FIELD(S, ANY, streaming, .doc = "true or false"),
	KT_CONFIG_FIELD(S, STRING, group, .doc = "Consumer group of the caller"),
	KT_CONFIG_FIELD(S, STRING, time_of_day,
	    .doc = "Times such as \"22:00-06:00\""),
	KT_CONFIG_FIELD(S, STRING, budget_spent_pct,
	    .doc = "Comparison such as \">= 80\""),
};
#undef S
static const struct kt_config_table when_table = {
	.name = "routing_rules[].when",
	.doc = "Conditions; all of them must hold",
	.size = sizeof(struct kt_config_routing_when),
	.fields = when_fields, .n = KT_NELEMS(when_fields),
};

#define S struct kt_config_routing_use
static const struct kt_config_field use_fields[] = {
	KT_CONFIG_FIELD(S, STRING, target, .is_required = true,
	    .doc = "id of a target"),
	KT_CONFIG_FIELD(S, STRING, model, .doc = "Model to ask it for"),
};
#undef S
static const struct kt_config_table use_table = {
	.name = "routing_rules[].use",
	.doc = "Where a call goes",
	.size = sizeof(struct kt_config_routing_use),
	.fields = use_fields, .n = KT_NELEMS(use_fields),
};

#define S struct kt_config_routing_rule
static const struct kt_config_field rule_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .is_required = true,
	    .doc = "Name of the rule, unique"),
	KT_CONFIG_SUBSECTION(S, when, &when_table,
	    .doc = "When it applies; empty, always"),
	KT_CONFIG_SUBSECTION(S, use, &use_table, .is_required = true,
	    .doc = "Where the call goes"),
};
#undef S
static const struct kt_config_table rule_table = {
	.name = "providers.routing_rules[]",
	.doc = "Rules are tried in order, and the first that holds decides",
	.size = sizeof(struct kt_config_routing_rule),
	.fields = rule_fields, .n = KT_NELEMS(rule_fields),
};

static const char *const triggers[] = { "rate_limit", "server_error",
	"timeout", "connect", NULL };

#define S struct kt_config_fallback
static const struct kt_config_field fallback_fields[] = {
	KT_CONFIG_FIELD(S, ENUMS, triggers, .names = triggers,
	    .fallback = "[rate_limit, server_error, timeout, connect]",
	    .doc = "After which failures the next target is tried"),
	KT_CONFIG_FIELD(S, INT, max_attempts, .fallback = "3", .min = 1,
	    .max = KT_ATTEMPTS_MAX, .doc = "How many targets are tried in all"),
};
#undef S
static const struct kt_config_table fallback_table = {
	.name = "providers.fallback",
	.doc = "When another target takes over; never once the client has seen "
	    "a byte of the answer",
	.size = sizeof(struct kt_config_fallback),
	.fields = fallback_fields, .n = KT_NELEMS(fallback_fields),
};

#define S struct kt_config_circuit_breaker
static const struct kt_config_field breaker_fields[] = {
	KT_CONFIG_FIELD(S, INT, failures, .fallback = "5", .min = 1, .max = 10000,
	    .doc = "Failures that take the target out"),
	KT_CONFIG_FIELD(S, INT, window_seconds, .fallback = "30", .min = 1,
	    .max = SECONDS_MAX, .doc = "Within which they count"),
	KT_CONFIG_FIELD(S, INT, cooldown_seconds, .fallback = "30", .min = 1,
	    .max = SECONDS_MAX, .doc = "How long it stays out"),
	KT_CONFIG_FIELD(S, INT, half_open_probes, .fallback = "1", .min = 1,
	    .max = 1000, .doc = "Calls let through to see whether it is back"),
};
#undef S
static const struct kt_config_table breaker_table = {
	.name = "providers.circuit_breaker",
	.doc = "When a failing target is left alone",
	.size = sizeof(struct kt_config_circuit_breaker),
	.fields = breaker_fields, .n = KT_NELEMS(breaker_fields),
};

static void
check_retry(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_retry *r = section;

	if (r->base_ms > r->max_ms)
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, r->node, "base_ms",
		    "'base_ms' is longer than 'max_ms'");
}

static const char *const jitters[] = { "none", "full", NULL };
static const char *const retried[] = { "connect", "timeout", "429", "500",
	"502", "503", "504", "529", NULL };

#define S struct kt_config_retry
static const struct kt_config_field retry_fields[] = {
	KT_CONFIG_FIELD(S, INT, max_attempts, .fallback = "2", .min = 1,
	    .max = 100, .doc = "How often one target is asked in all"),
	KT_CONFIG_FIELD(S, INT, base_ms, .fallback = "200", .min = 1,
	    .max = 3600000, .doc = "First pause; each further one doubles"),
	KT_CONFIG_FIELD(S, INT, max_ms, .fallback = "5000", .min = 1,
	    .max = 3600000, .doc = "Longest pause"),
	KT_CONFIG_FIELD(S, ENUM, jitter, .fallback = "full", .names = jitters,
	    .doc = "Whether pauses are spread at random"),
	KT_CONFIG_FIELD(S, ENUMS, on, .names = retried,
	    .fallback = "[connect, 429, 500, 502, 503, 529]",
	    .doc = "After which failures it is asked again"),
};
#undef S
static const struct kt_config_table retry_table = {
	.name = "providers.retry",
	.doc = "Asking the same target again",
	.size = sizeof(struct kt_config_retry),
	.fields = retry_fields, .n = KT_NELEMS(retry_fields),
	.check = check_retry,
};

static void
check_rules(struct kt_config_ctx *ctx, const struct kt_config_providers *p)
{
	const struct kt_config_routing_rule *rules = p->routing_rules.at;
	const struct kt_config_target *targets = p->targets.at;

	for (size_t i = 0; i < p->routing_rules.n; i++) {
		const struct kt_config_routing_use *use = &rules[i].use;
		struct kt_config_nearest near;
		bool is_there = use->target.ptr == NULL;

		kt_config_nearest_init(&near, use->target);
		for (size_t t = 0; t < p->targets.n && !is_there; t++) {
			if (targets[t].id.ptr == NULL)
				continue;
			is_there = kt_span_eq(targets[t].id, use->target);
			kt_config_nearest_try(&near, targets[t].id.ptr);
		}
		if (is_there)
			continue;
		kt_config_fault(ctx, KT_CONFIG_UNDEFINED, use->node, "target",
		    "there is no target '%.60s'", use->target.ptr);
		if (near.best != NULL)
			kt_config_fault_help(ctx, "did you mean '%s'?", near.best);
		kt_config_diag_meant(ctx->d, near.best);
	}
}

static void
check_providers(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_providers *p = section;

	if (p->targets.node != NULL && p->targets.n == 0)
		kt_config_fault(ctx, KT_CONFIG_MISSING, p->node, "targets",
		    "there must be at least one target");
	kt_config_check_unique(ctx, &p->targets, sizeof(struct kt_config_target),
	    offsetof(struct kt_config_target, id), "id");
	kt_config_check_unique(ctx, &p->routing_rules,
	    sizeof(struct kt_config_routing_rule),
	    offsetof(struct kt_config_routing_rule, name), "name");
	check_rules(ctx, p);
}

static const char *const strategies[] = { "single", "ordered", "round_robin",
	"weighted_round_robin", "lowest_latency", "least_busy", "cost", "sticky",
	"random", NULL };

#define S struct kt_config_providers
static const struct kt_config_field providers_fields[] = {
	KT_CONFIG_FIELD(S, ENUM, strategy, .fallback = "ordered",
	    .names = strategies,
	    .doc = "How a target is chosen; ordered tries them from the first, "
	    "single uses the first and no other"),
	KT_CONFIG_FIELD(S, SECTIONS, targets, .table = &target_table,
	    .is_required = true, .doc = "Where calls may go"),
	KT_CONFIG_SUBSECTION(S, fallback, &fallback_table,
	    .doc = "When the next target is tried"),
	KT_CONFIG_SUBSECTION(S, circuit_breaker, &breaker_table,
	    .is_switch = true, .doc = "When a target is left alone"),
	KT_CONFIG_SUBSECTION(S, retry, &retry_table, .is_switch = true,
	    .doc = "When the same target is asked again; absent, never"),
	KT_CONFIG_FIELD(S, PAIRS, model_aliases,
	    .doc = "Other names of models: exact ones first, then the longest "
	    "pattern"),
	KT_CONFIG_FIELD(S, SECTIONS, routing_rules, .table = &rule_table,
	    .doc = "Which target a call prefers"),
};
#undef S
const struct kt_config_table kt_config_providers_table = {
	.name = "providers",
	.doc = "Where calls may go, and how the place is chosen",
	.size = sizeof(struct kt_config_providers),
	.fields = providers_fields, .n = KT_NELEMS(providers_fields),
	.check = check_providers,
};
