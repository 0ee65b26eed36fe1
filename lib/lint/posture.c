/*
 * posture - what the gateway's own sections give away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lint/lint_priv.h"

/* 401, 205: routes. */

static const char *
treatment(const struct kt_config_node *routes, const char *path)
{
	const struct kt_config_node *n = kt_config_get(routes, kt_span_of(path));

	return n != NULL && n->type == KT_CONFIG_NODE_SCALAR ? n->text.ptr : "";
}

static void
check_routes(struct kt_lint *l, const struct kt_config_node *routes,
    const struct kt_config_providers *p)
{
	const struct kt_config_target *targets = p->targets.at;
	const char *rest = treatment(routes, "*");
	bool is_passed = strcmp(rest, "passthrough") == 0 ||
	    strcmp(rest, "detect") == 0;
	bool has_files = false;

	if (routes == NULL)
		return;
	for (size_t i = 0; i < p->targets.n; i++)
		has_files |= targets[i].vendor == KT_CONFIG_ANTHROPIC ||
		    targets[i].vendor == KT_CONFIG_OPENAI;
	for (const struct kt_config_node *c = routes->first; c; c = c->next) {
		if (is_passed && kt_span_eq(c->text, KT_SPAN("deny")))
			(void)kt_lint_tell(l, KT_LINT_401, kt_config_get(routes,
			    KT_SPAN("*")), "'%.60s' is denied, and every other "
			    "unknown path passes", c->key.ptr);
		if (kt_span_eq(c->text, KT_SPAN("files")) && !has_files &&
		    p->targets.n > 0)
			(void)kt_lint_tell(l, KT_LINT_205, c,
			    "no target has files: '%.60s' cannot be served",
			    c->key.ptr);
	}
}

/* 419, 420, 421, 432, 402 */

static void
check_listen(struct kt_lint *l)
{
	const struct kt_config_gateway *g = &l->s->gateway;
	const struct kt_config_node *node = kt_lint_element(g->listen.node, 0);
	struct kt_config_address a;

	for (size_t i = 0; i < g->listen.n && node != NULL; i++) {
		bool is_far = g->listen.at[i].ptr != NULL &&
		    kt_config_address(g->listen.at[i], &a) && !a.is_loopback;

		if (is_far && l->s->auth.mode == KT_CONFIG_AUTH_NONE &&
		    g->tls.client_ca.ptr == NULL)
			(void)kt_lint_tell(l, KT_LINT_419, node, "'%.60s' can be "
			    "reached from outside, and anybody may call",
			    g->listen.at[i].ptr);
		if (is_far && g->tls.node == NULL)
			(void)kt_lint_tell(l, KT_LINT_420, node,
			    "'%.60s' can be reached from outside without TLS",
			    g->listen.at[i].ptr);
		node = node->next;
	}
	if (g->admin.node != NULL &&
	    g->admin.token_ref.from == KT_CONFIG_FROM_NONE)
		(void)kt_lint_tell(l, KT_LINT_421, g->admin.node,
		    "the admin listener asks for no token");
}

static void
check_gateway(struct kt_lint *l)
{
	const struct kt_config_gateway *g = &l->s->gateway;
	int64_t s = g->block_status;

	check_listen(l);
	if (g->fail_mode == KT_CONFIG_ALLOW)
		(void)kt_lint_tell(l, KT_LINT_402, kt_config_get(g->node,
		    KT_SPAN("fail_mode")),
		    "calls that could not be inspected pass");
	if (s == 408 || s == 409 || s == 429 || s >= 500)
		(void)kt_lint_tell(l, KT_LINT_432, kt_config_get(g->node,
		    KT_SPAN("block_status")), "clients repeat what is answered "
		    "with %lld", (long long)s);
	if (l->s->pack.node != NULL && !l->s->pack.enabled)
		(void)kt_lint_tell(l, KT_LINT_430, kt_config_get(l->s->pack.node,
		    KT_SPAN("enabled")), "the pack is switched off");
}

/* 402, 412, 413: evidence. */
static void
check_audit(struct kt_lint *l)
{
	const struct kt_config_audit *a = &l->s->audit;
	const struct kt_config_node *node;
	struct kt_lint_kind k;

	if (a->on_failure == 1)
		(void)kt_lint_tell(l, KT_LINT_402, kt_config_get(a->node,
		    KT_SPAN("on_failure")), "calls pass that cannot be recorded");
	if (a->content == KT_CONFIG_CONTENT_FULL)
		(void)kt_lint_tell(l, KT_LINT_412, kt_config_get(a->node,
		    KT_SPAN("content")), "what was said is kept as it was, encrypted");
	if (a->durability == KT_CONFIG_ASYNC)
		(void)kt_lint_tell(l, KT_LINT_413, kt_config_get(a->node,
		    KT_SPAN("durability")),
		    "calls end before their record is on disk");
	if (a->hash_mode == 1)
		(void)kt_lint_tell(l, KT_LINT_413, kt_config_get(a->node,
		    KT_SPAN("hash_mode")),
		    "unsalted hashes of short texts can be tried out");
	if (!kt_lint_kind_named(l, "audit-logger", &k))
		return;
	if (strcmp(kt_lint_word(&k, "content"), "full") == 0)
		(void)kt_lint_tell(l, KT_LINT_412, kt_lint_node(&k, "content"),
		    "what was said is kept as it was, encrypted");
	if (strcmp(kt_lint_word(&k, "durability"), "async") == 0)
		(void)kt_lint_tell(l, KT_LINT_413, kt_lint_node(&k, "durability"),
		    "calls end before their record is on disk");
	node = kt_lint_node(&k, "immutable");
	if (node != NULL && kt_span_eq(node->text, KT_SPAN("false")))
		(void)kt_lint_tell(l, KT_LINT_413, node,
		    "records may be changed unnoticed");
	node = kt_lint_node(&k, "log_all_access");
	if (node != NULL && kt_span_eq(node->text, KT_SPAN("false")))
		(void)kt_lint_tell(l, KT_LINT_413, node,
		    "findings of calls that passed are not told");
}

/* 405: headers that everybody writes as they like. */
static void
check_auth(struct kt_lint *l)
{
	static const char *const told[] = { "user-agent", "x-forwarded-for",
		"x-real-ip", "x-claude-code-session-id", "x-request-id", "host",
		"origin", "referer", "x-user-id" };
	const struct kt_config_strings *h = &l->s->auth.headers;
	const struct kt_config_node *node = kt_lint_element(h->node, 0);

	for (size_t i = 0; i < h->n && node != NULL; i++, node = node->next) {
		for (size_t n = 0; n < KT_NELEMS(told); n++) {
			if (kt_span_caseeq(h->at[i], kt_span_of(told[n])))
				(void)kt_lint_tell(l, KT_LINT_405, node,
				    "'%s' carries no credential", told[n]);
		}
	}
}

/* 408, 409: whatever is spoken to besides targets. */

/* Scheme and host: what follows may be a secret, as of many webhooks. */
struct kt_span
kt_lint_origin(struct kt_span url)
{
	size_t at = kt_span_starts(url, KT_SPAN("http://")) ? 7 : 8;
	struct kt_span rest = kt_span_sub(url, at, SIZE_MAX);

	return kt_span_sub(url, 0, at + kt_span_find(rest, '/'));
}

struct kt_span
kt_lint_host(struct kt_span url)
{
	struct kt_span origin = kt_lint_origin(url);
	struct kt_span rest = kt_span_sub(
	    origin, kt_span_find(origin, '/') + 2, SIZE_MAX);
	bool is_v6 = kt_span_starts(rest, KT_SPAN("["));

	return kt_span_sub(rest, 0, is_v6 ? kt_span_find(rest, ']') + 1 :
	        kt_span_find(rest, ':'));
}

/* Names that only look like one of this machine are not of it. */
bool
kt_lint_is_here(struct kt_span url)
{
	struct kt_span host = kt_lint_host(url);
	struct kt_config_address a;
	char text[64];
	int n = snprintf(text, sizeof(text), "%.*s:0", KT_SPAN_ARG(host));

	return n > 0 && (size_t)n < sizeof(text) &&
	    kt_config_address(kt_span_of(text), &a) && a.is_loopback;
}

void
kt_lint_check_url(struct kt_lint *l, const struct kt_config_node *node,
    struct kt_span url)
{
	static const char *const metadata[] = { "169.254.", "metadata.google",
		"[fe80:", "[fd00:ec2:", "100.100.100.200" };
	bool is_plain = kt_span_starts(url, KT_SPAN("http://"));
	struct kt_span host = kt_span_sub(url, is_plain ? 7 : 8, SIZE_MAX);

	if (node == NULL || url.len < 9)
		return;
	for (size_t i = 0; i < KT_NELEMS(metadata); i++) {
		if (kt_span_starts(host, kt_span_of(metadata[i])))
			(void)kt_lint_tell(l, KT_LINT_409, node,
			    "'%.*s' is an address of the infrastructure",
			    KT_SPAN_ARG(kt_lint_origin(url)));
	}
	if (is_plain && !kt_lint_is_here(url))
		(void)kt_lint_tell(l, KT_LINT_408, node,
		    "'%.*s' is not encrypted",
		    KT_SPAN_ARG(kt_lint_origin(url)));
}

static void
hide_path(struct kt_lint *l, const struct kt_config_node *url)
{
	struct kt_report_place at = kt_lint_place(l, url);

	if (url->type != KT_CONFIG_NODE_SCALAR)
		return;
	at.column += (uint32_t)kt_lint_origin(url->text).len +
	    (url->is_plain ? 0 : 1);
	if (at.column < at.end_column)
		kt_report_hide(l->r, at);
}

static void
check_services(struct kt_lint *l)
{
	const struct kt_config_webhook *hooks = l->s->webhooks.at;
	const struct kt_config_recording *rec = &l->s->recording;

	for (size_t i = 0; i < l->s->webhooks.n; i++) {
		const struct kt_config_node *url = kt_config_get(hooks[i].node,
		    KT_SPAN("url"));

		/* Whoever knows such a URL may write there. */
		if (url != NULL)
			hide_path(l, url);
		kt_lint_check_url(l, url, hooks[i].url);
		if (hooks[i].secret_ref.from == KT_CONFIG_FROM_NONE && url != NULL)
			(void)kt_lint_tell(l, KT_LINT_433, url,
			    "events to '%.*s' are not signed",
			    KT_SPAN_ARG(kt_lint_origin(hooks[i].url)));
	}
	kt_lint_check_url(l, kt_config_get(l->s->telemetry.otlp.node,
	    KT_SPAN("endpoint")), l->s->telemetry.otlp.endpoint);
	if (rec->node != NULL && rec->encrypt_to.from == KT_CONFIG_FROM_NONE && rec->content == 0)
		(void)kt_lint_tell(l, KT_LINT_435, rec->node,
		    "recorded sessions are not encrypted");
}

/* 415 */
static void
check_limits(struct kt_lint *l)
{
	const struct kt_config_target *targets = l->s->providers.targets.at;
	const struct kt_config_group *groups = l->s->consumer_groups.at;

	for (size_t i = 0; i < l->s->consumer_groups.n; i++) {
		if (groups[i].rate_limits.node != NULL ||
		    groups[i].budget.node != NULL)
			return;
	}
	for (size_t i = 0; i < l->s->providers.targets.n; i++) {
		if (targets[i].rate_limit.node != NULL ||
		    targets[i].max_context_tokens > 0)
			return;
	}
	if (l->s->providers.node != NULL)
		(void)kt_lint_tell(l, KT_LINT_415, l->s->providers.node,
		    "nothing limits calls, tokens or money");
}

void
kt_lint_check_posture(struct kt_lint *l)
{
	const struct kt_config_project *projects = l->s->projects.at;

	check_routes(l, l->s->routes.node, &l->s->providers);
	for (size_t i = 0; i < l->s->projects.n; i++)
		check_routes(l, projects[i].routes.node,
		    projects[i].providers.node != NULL ?
		    &projects[i].providers : &l->s->providers);
	check_gateway(l);
	check_audit(l);
	check_auth(l);
	check_services(l);
	check_limits(l);
}
