/*
 * settings - tables of the sections about the gateway itself, and the root.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "chat/chat.h"
#include "chat/class.h"
#include "config/callers.h"
#include "config/check.h"
#include "config/settings.h"

#define SECONDS_MAX 86400

static bool
is_number(struct kt_span s, size_t *at)
{
	size_t from = *at;

	while (*at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9')
		++*at;
	return *at > from && (*at == from + 1 || s.ptr[from] != '0');
}

/* MAJOR.MINOR.PATCH, then what '-' or '+' begins. */
static bool
is_semver(struct kt_span s)
{
	size_t at = 0;

	for (size_t part = 0; part < 3; part++) {
		if (part > 0 && (at >= s.len || s.ptr[at++] != '.'))
			return false;
		if (!is_number(s, &at))
			return false;
	}
	if (at == s.len)
		return true;
	if (s.ptr[at] != '-' && s.ptr[at] != '+')
		return false;
	for (size_t i = at + 1; i < s.len; i++) {
		if (!kt_config_is_token(kt_span_sub(s, i, 1)))
			return false;
	}
	return at + 1 < s.len;
}

static void
check_pack(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_pack *p = section;

	if (p->version.ptr == NULL || is_semver(p->version))
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, p->node, "version",
	    "'version' must be three numbers, such as 1.0.0");
}

#define S struct kt_config_pack
static const struct kt_config_field pack_fields[] = {
	KT_CONFIG_FIELD(S, STRING, name, .is_required = true,
	    .doc = "Name of this configuration"),
	KT_CONFIG_FIELD(S, STRING, version, .doc = "Its version, such as 1.0.0"),
	KT_CONFIG_FIELD(S, BOOL, enabled, .fallback = "true",
	    .doc = "Whether its policies act"),
	KT_CONFIG_FIELD(S, STRING, description, .doc = "A note for people"),
};
#undef S
static const struct kt_config_table pack_table = {
	.name = "pack",
	.doc = "What this configuration is",
	.size = sizeof(struct kt_config_pack),
	.fields = pack_fields, .n = KT_NELEMS(pack_fields), .check = check_pack,
};

static void
check_key_file(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_tls *t = section;

	if (!kt_span_starts(t->private_key, KT_SPAN("-----BEGIN")))
		return;
	kt_config_fault(ctx, KT_CONFIG_SECRET_LITERAL, t->node, "private_key",
	    "'private_key' is the name of a file, not the key");
	kt_config_fault_hide(ctx, t->node, "private_key");
}

static const char *const tls_versions[] = { "1.2", "1.3", NULL };

#define S struct kt_config_tls
static const struct kt_config_field tls_fields[] = {
	KT_CONFIG_FIELD(S, STRING, certificate, .is_required = true,
	    .doc = "File with the certificate and its chain, PEM"),
	KT_CONFIG_FIELD(S, STRING, private_key, .is_required = true,
	    .doc = "File with the private key, PEM"),
	KT_CONFIG_FIELD(S, STRING, client_ca,
	    .doc = "File with the roots of client certificates; with it, a "
	    "client without a certificate is refused"),
	KT_CONFIG_FIELD(S, ENUM, min_version, .fallback = "1.2",
	    .names = tls_versions, .doc = "The oldest version of TLS taken"),
};
#undef S
static const struct kt_config_table tls_table = {
	.name = "gateway.tls",
	.doc = "TLS towards clients; absent, plain HTTP",
	.size = sizeof(struct kt_config_tls),
	.fields = tls_fields, .n = KT_NELEMS(tls_fields),
	.check = check_key_file,
};

static void
check_admin(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_admin *a = section;

	kt_config_check_listen(ctx, a->node, "listen", a->listen);
}

#define S struct kt_config_admin
static const struct kt_config_field admin_fields[] = {
	KT_CONFIG_FIELD(S, STRING, listen, .is_required = true,
	    .doc = "Address and port of the admin listener"),
	KT_CONFIG_FIELD(S, SECRET, token_ref,
	    .doc = "Token that its callers must show"),
};
#undef S
static const struct kt_config_table admin_table = {
	.name = "gateway.admin",
	.doc = "A listener for operators; absent, there is none",
	.size = sizeof(struct kt_config_admin),
	.fields = admin_fields, .n = KT_NELEMS(admin_fields),
	.check = check_admin,
};

#define S struct kt_config_deadlines
#define TIME(member, said, what) \
	KT_CONFIG_FIELD(S, INT, member, .fallback = said, .min = 1, \
	    .max = SECONDS_MAX, .doc = what)
static const struct kt_config_field deadlines_fields[] = {
	TIME(head_seconds, "10", "Time in which a request's head must arrive"),
	TIME(body_idle_seconds, "30",
	    "Longest silence while a request's body arrives"),
	TIME(keepalive_seconds, "75", "How long an idle connection is kept"),
	TIME(connect_seconds, "5", "Time to reach a target"),
};
#undef S
static const struct kt_config_table deadlines_table = {
	.name = "gateway.deadlines",
	.doc = "How long the gateway waits",
	.size = sizeof(struct kt_config_deadlines),
	.fields = deadlines_fields, .n = KT_NELEMS(deadlines_fields),
};

static void
check_gateway(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_gateway *g = section;
	const struct kt_config_node *node = g->listen.node;
	struct kt_config_address parsed;

	if (node != NULL && node->type == KT_CONFIG_NODE_LIST)
		node = node->first;
	for (size_t i = 0; i < g->listen.n; i++) {
		if (g->listen.at[i].ptr != NULL &&
		    !kt_config_address(g->listen.at[i], &parsed)) {
			kt_config_fault_at(ctx, KT_CONFIG_FORM, node,
			    "'listen' takes an address and a port");
			kt_config_fault_help(ctx, "such as 127.0.0.1:8080, "
			    "[::1]:8080 or 0.0.0.0:8080");
		}
		node = node != NULL ? node->next : NULL;
	}
	if (g->listen.node != NULL && g->listen.n == 0)
		kt_config_fault(ctx, KT_CONFIG_MISSING, g->node, "listen",
		    "'listen' needs at least one address");
}

static const char *const block_allow[] = { "block", "allow", NULL };

#define S struct kt_config_gateway
static const struct kt_config_field gateway_fields[] = {
	KT_CONFIG_FIELD(S, STRINGS, listen, .takes_one = true,
	    .fallback = "127.0.0.1:8080",
	    .doc = "Address and port to listen on, or several"),
	KT_CONFIG_SUBSECTION(S, tls, &tls_table, .is_switch = true,
	    .doc = "TLS towards clients"),
	KT_CONFIG_SUBSECTION(S, admin, &admin_table, .is_switch = true,
	    .doc = "A listener for operators"),
	KT_CONFIG_FIELD(S, INT, workers, .fallback = "0", .min = 0,
	    .max = KT_CONFIG_WORKERS_MAX,
	    .doc = "Threads that carry traffic; 0, one per core"),
	KT_CONFIG_FIELD(S, SIZE, max_body_bytes, .fallback = "33554432",
	    .min = 1024, .max = KT_BODY_MAX, .doc = "Largest request body"),
	KT_CONFIG_FIELD(S, SIZE, max_file_bytes, .fallback = "524288000",
	    .min = 1024, .max = KT_FILE_MAX, .doc = "Largest file upload"),
	KT_CONFIG_SUBSECTION(S, deadlines, &deadlines_table,
	    .doc = "How long the gateway waits"),
	KT_CONFIG_FIELD(S, ENUM, fail_mode, .fallback = "block",
	    .names = block_allow,
	    .doc = "What happens to a call that could not be inspected"),
	KT_CONFIG_FIELD(S, INT, drain_seconds, .fallback = "30", .min = 0,
	    .max = SECONDS_MAX,
	    .doc = "How long open calls may go on when the gateway stops"),
	KT_CONFIG_FIELD(S, INT, block_status, .fallback = "403", .min = 400,
	    .max = 599, .doc = "Status of a refusal by policy"),
};
#undef S
static const struct kt_config_table gateway_table = {
	.name = "gateway",
	.doc = "How clients reach the gateway",
	.size = sizeof(struct kt_config_gateway),
	.fields = gateway_fields, .n = KT_NELEMS(gateway_fields),
	.check = check_gateway,
};

static void
check_jwt(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_jwt *j = section;

	kt_config_check_url(ctx, j->node, "jwks_url", j->jwks_url);
	if (j->node != NULL &&
	    (j->jwks_file.ptr == NULL) == (j->jwks_url.ptr == NULL))
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, j->node, "jwks_url",
		    "either 'jwks_file' or 'jwks_url' must be there");
}

#define S struct kt_config_jwt
static const struct kt_config_field jwt_fields[] = {
	KT_CONFIG_FIELD(S, STRING, issuer, .is_required = true,
	    .doc = "Issuer that tokens must name"),
	KT_CONFIG_FIELD(S, STRING, audience,
	    .doc = "Audience that tokens must name"),
	KT_CONFIG_FIELD(S, STRING, jwks_file, .doc = "File with the keys"),
	KT_CONFIG_FIELD(S, STRING, jwks_url, .doc = "Where the keys are fetched"),
	KT_CONFIG_FIELD(S, PAIRS, claims,
	    .doc = "Which claim gives which property of the caller"),
};
#undef S
static const struct kt_config_table jwt_table = {
	.name = "auth.jwt",
	.doc = "Callers that show a signed token of an issuer",
	.size = sizeof(struct kt_config_jwt),
	.fields = jwt_fields, .n = KT_NELEMS(jwt_fields), .check = check_jwt,
};

static void
check_auth(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_auth *a = section;

	for (size_t i = 0; i < a->headers.n; i++) {
		if (a->headers.at[i].ptr == NULL ||
		    kt_config_is_token(a->headers.at[i]))
			continue;
		kt_config_fault(ctx, KT_CONFIG_FORM, a->node, "headers",
		    "an element of 'headers' is not the name of a header");
	}
	if (a->mode == KT_CONFIG_AUTH_JWT)
		kt_config_fault(ctx, KT_CONFIG_RANGE, a->node, "mode",
		    "mode 'jwt' is not available in this version");
}

static const char *const auth_modes[] = { "none", "passthrough", "tokens",
	"jwt", NULL };

#define S struct kt_config_auth
static const struct kt_config_field auth_fields[] = {
	KT_CONFIG_FIELD(S, ENUM, mode, .fallback = "none", .names = auth_modes,
	    .doc = "Who may call: anybody, anybody with a provider's credential "
	    "of their own, holders of a kt token; jwt is not available yet"),
	KT_CONFIG_FIELD(S, STRINGS, headers,
	    .fallback = "[authorization, x-api-key]",
	    .doc = "Headers in which a token is looked for"),
	KT_CONFIG_FIELD(S, STRING, tokens_file,
	    .doc = "File that holds the kt tokens"),
	KT_CONFIG_FIELD(S, STRINGS, agent_headers,
	    .fallback = "[x-claude-code-agent-id]",
	    .doc = "Headers in which an agent names itself, the first of them "
	    "wins; without any its name in records is made from the session"),
	KT_CONFIG_FIELD(S, STRINGS, session_headers,
	    .fallback = "[x-claude-code-session-id, session_id]",
	    .doc = "Headers that name the conversation, the first of them wins"),
	KT_CONFIG_SUBSECTION(S, jwt, &jwt_table, .is_switch = true,
	    .doc = "How signed tokens are checked"),
};
#undef S
static const struct kt_config_table auth_table = {
	.name = "auth",
	.doc = "Who may call",
	.size = sizeof(struct kt_config_auth),
	.fields = auth_fields, .n = KT_NELEMS(auth_fields), .check = check_auth,
};

static const char *const modes[] = { "enforce", "monitor", NULL };
static const char *const components[] = {
#define KT_COMPONENT(id, name, meaning) name,
#include "chat/chat.def"
	"tool_result=tool_results", NULL,
};

#define S struct kt_config_common
static const struct kt_config_field common_fields[] = {
	KT_CONFIG_FIELD(S, BOOL, enabled, .fallback = "true",
	    .doc = "Whether it acts at all"),
	KT_CONFIG_FIELD(S, ENUM, mode, .fallback = "enforce", .names = modes,
	    .doc = "Whether it acts or only records what it would have done"),
	KT_CONFIG_FIELD(S, ENUM, on_error, .fallback = "block",
	    .names = block_allow,
	    .doc = "What happens to a call that it could not judge"),
	KT_CONFIG_FIELD(S, ENUMS, components, .names = components,
	    .doc = "Where it looks; empty, everywhere it makes sense"),
};
#undef S
const struct kt_config_table kt_config_common_table = {
	.name = "policy.*",
	.doc = "What all policy kinds have",
	.size = sizeof(struct kt_config_common),
	.fields = common_fields, .n = KT_NELEMS(common_fields),
};

static void
check_audit(void *section, struct kt_config_ctx *ctx)
{
	const struct kt_config_audit *a = section;

	kt_config_check_retention(
	    ctx, a->node, a->retention_days, a->below_minimum);
}

static const char *const durabilities[] = { "commit", "strict", "async", NULL };
static const char *const contents[] = { "none", "redacted", "full", NULL };
static const char *const hash_modes[] = { "salted", "plain", NULL };
static const char *const failures[] = { "fail_closed", "fail_open", NULL };
static const char *const classes[] = {
#define KT_CLASS(id, name, meaning) name,
#include "chat/class.def"
	NULL,
};

#define S struct kt_config_audit
static const struct kt_config_field audit_fields[] = {
	KT_CONFIG_FIELD(S, STRING, directory,
	    .doc = "Where records are written; absent, $KT_AUDIT_DIR, else "
	    "./audit"),
	KT_CONFIG_FIELD(S, ENUM, durability, .fallback = "commit",
	    .names = durabilities,
	    .doc = "When a call may end: its record is on disk, it was there "
	    "before the call began as well, or soon"),
	KT_CONFIG_FIELD(S, ENUMS, strict_classes, .names = classes,
	    .doc = "Data classes whose calls are recorded as with strict"),
	KT_CONFIG_FIELD(S, INT, retention_days, .fallback = "365", .min = 1,
	    .max = 36500, .doc = "How long records are kept; at least 183"),
	KT_CONFIG_FIELD(S, STRING, below_minimum,
	    .doc = "Why retention_days may be below 183"),
	KT_CONFIG_FIELD(S, ENUM, content, .fallback = "none", .names = contents,
	    .doc = "What is kept of the text beside the record, encrypted: all, "
	    "or what went to the provider"),
	KT_CONFIG_FIELD(S, ENUM, hash_mode, .fallback = "salted",
	    .names = hash_modes, .doc = "How text is committed to"),
	KT_CONFIG_FIELD(S, ENUM, on_failure, .fallback = "fail_closed",
	    .names = failures,
	    .doc = "What happens to calls that cannot be recorded"),
	KT_CONFIG_SUBSECTION(S, ship, &kt_config_ship_table, .is_switch = true,
	    .doc = "Copies of the evidence for queries"),
};
#undef S
static const struct kt_config_table audit_table = {
	.name = "audit",
	.doc = "The evidence that is kept of every call",
	.size = sizeof(struct kt_config_audit),
	.fields = audit_fields, .n = KT_NELEMS(audit_fields),
	.check = check_audit,
};

static void
check_root(void *section, struct kt_config_ctx *ctx)
{
	struct kt_settings *s = section;
	struct kt_config_project *projects = s->projects.at;

	kt_config_check_routes(ctx, &s->routes);
	kt_config_check_unique(ctx, &s->projects, sizeof(*projects),
	    offsetof(struct kt_config_project, id), "id");
	kt_config_check_unique(ctx, &s->consumer_groups,
	    sizeof(struct kt_config_group),
	    offsetof(struct kt_config_group, name), "name");
	kt_config_resolve_chain(ctx, &s->policies, &s->policy);
	for (size_t i = 0; i < s->projects.n; i++)
		kt_config_resolve_chain(ctx, &projects[i].policies, &s->policy);
}

#define S struct kt_settings
static const struct kt_config_field root_fields[] = {
	KT_CONFIG_SUBSECTION(S, pack, &pack_table, .is_required = true,
	    .doc = "What this configuration is"),
	KT_CONFIG_SUBSECTION(S, gateway, &gateway_table,
	    .doc = "How clients reach the gateway"),
	KT_CONFIG_SUBSECTION(S, auth, &auth_table, .doc = "Who may call"),
	KT_CONFIG_FIELD(S, SECTIONS, projects,
	    .table = &kt_config_project_table,
	    .doc = "Applications with policies, targets or routes of their own"),
	KT_CONFIG_FIELD(S, SECTIONS, consumer_groups,
	    .table = &kt_config_group_table, .doc = "Callers that share limits"),
	KT_CONFIG_FIELD(S, WORDS, routes, .names = kt_config_treatments,
	    .doc = "Treatment of path suffixes, in place of all that are built "
	    "in; the longest wins, and \"*\" is tried last"),
	KT_CONFIG_SUBSECTION(S, policies, &kt_config_policies_table,
	    .is_required = true, .doc = "Which policies act"),
	KT_CONFIG_FIELD(S, KINDS, policy,
	    .doc = "Settings of policy kinds, whether or not they are in a chain"),
	KT_CONFIG_SUBSECTION(S, providers, &kt_config_providers_table,
	    .is_required = true, .doc = "Where calls may go"),
	KT_CONFIG_FIELD(S, STRING, pricing,
	    .doc = "File with a price list; prices of a target win"),
	KT_CONFIG_SUBSECTION(S, audit, &audit_table,
	    .doc = "The evidence that is kept"),
	KT_CONFIG_SUBSECTION(S, recording, &kt_config_recording_table,
	    .is_switch = true, .doc = "Sessions kept for replay"),
	KT_CONFIG_FIELD(S, SECTIONS, webhooks,
	    .table = &kt_config_webhook_table, .doc = "Who is told of events"),
	KT_CONFIG_SUBSECTION(S, telemetry, &kt_config_telemetry_table,
	    .doc = "What is told about the gateway's own work"),
	KT_CONFIG_SUBSECTION(S, shared_state, &kt_config_shared_state_table,
	    .is_switch = true, .doc = "What several gateways share"),
};
#undef S
const struct kt_config_table kt_config_root_table = {
	.name = "policy-config.yaml",
	.doc = "The sections of a configuration",
	.size = sizeof(struct kt_settings),
	.fields = root_fields, .n = KT_NELEMS(root_fields), .check = check_root,
};
