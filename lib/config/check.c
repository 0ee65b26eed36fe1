/*
 * check - forms by hand instead of by regular expressions: each says what
 * exactly is wrong, and this room needs no engine.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "chat/chat.h"
#include "config/callers.h"
#include "config/check.h"
#include "config/fill.h"

void
kt_config_fault_hide(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field)
{
	const struct kt_config_node *node = kt_config_get(section,
	    kt_span_of(field));

	if (node != NULL)
		kt_config_diag_hide(ctx->d, node);
}

/* Host, or [address], and a port behind it. */
static bool
is_port_sound(struct kt_span authority)
{
	size_t colon = kt_span_find(authority, ':');
	uint64_t port;

	if (authority.ptr[0] == '[') {
		colon = kt_span_find(authority, ']') + 1;
		if (colon > authority.len ||
		    (colon < authority.len && authority.ptr[colon] != ':'))
			return false;
	}
	return colon >= authority.len ||
	    (kt_span_u64(kt_span_sub(authority, colon + 1, authority.len),
	         &port) && port > 0 && port <= 65535);
}

static const char *
url_fault(struct kt_span url)
{
	struct kt_span rest, host;

	if (kt_span_starts(url, KT_SPAN("https://")))
		rest = kt_span_sub(url, 8, SIZE_MAX);
	else if (kt_span_starts(url, KT_SPAN("http://")))
		rest = kt_span_sub(url, 7, SIZE_MAX);
	else
		return "must begin with https:// or http://";
	for (size_t i = 0; i < rest.len; i++) {
		if ((unsigned char)rest.ptr[i] <= ' ' || rest.ptr[i] == 0x7f)
			return "holds a blank or a control character";
	}
	host = kt_span_sub(rest, 0, kt_span_find(rest, '/'));
	host = kt_span_sub(host, 0, kt_span_find(host, '?'));
	if (kt_span_find(host, '@') < host.len)
		return "holds a user or password; use a reference to a secret";
	if (host.len == 0 || host.ptr[0] == ':')
		return "has no host";
	if (!is_port_sound(host))
		return "has a port that is none: 1 to 65535";
	if (kt_span_find(rest, '#') < rest.len)
		return "has a fragment ('#')";
	return NULL;
}

void
kt_config_check_url(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span url)
{
	const char *fault = url.ptr != NULL ? url_fault(url) : NULL;

	if (fault == NULL)
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, section, field, "'%s' %s", field,
	    fault);
	kt_config_fault_hide(ctx, section, field);
}

static void
listen_help(struct kt_config_ctx *ctx)
{
	kt_config_fault_help(ctx, "write an address and a port, such as "
	    "127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080");
}

void
kt_config_check_listen(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span address)
{
	struct kt_config_address parsed;

	if (address.ptr == NULL || kt_config_address(address, &parsed))
		return;
	kt_config_fault(ctx, KT_CONFIG_FORM, section, field,
	    "'%s' is not an address to listen on", field);
	listen_help(ctx);
}

bool
kt_config_is_token(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return s.len > 0;
}

bool
kt_config_is_clean(struct kt_span value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static const struct kt_config_node *
node_of_key(const struct kt_config_pairs *pairs, struct kt_span key)
{
	return kt_config_get(pairs->node, key);
}

static void
refuse_header(struct kt_config_ctx *ctx, const struct kt_config_node *node,
    enum kt_config_code code, const char *why)
{
	if (node == NULL)
		return;
	kt_config_diag(ctx->d, code, node->key_at, "header %s", why);
	kt_config_diag_hide(ctx->d, node);
}

bool
kt_config_is_framing(struct kt_span name)
{
	static const char *const framing[] = { "host", "content-length",
		"transfer-encoding", "connection", "keep-alive",
		"proxy-connection", "te", "trailer", "upgrade", "expect",
		"accept-encoding" };

	for (size_t i = 0; i < KT_NELEMS(framing); i++) {
		if (kt_span_caseeq(name, kt_span_of(framing[i])))
			return true;
	}
	return false;
}

void
kt_config_check_headers(
    struct kt_config_ctx *ctx, const struct kt_config_pairs *headers)
{
	static const char *const secret[] = { "authorization", "x-api-key",
		"api-key", "apikey", "proxy-authorization", "cookie",
		"x-goog-api-key", "x-auth-token" };

	for (size_t i = 0; i < headers->n; i++) {
		const struct kt_config_pair *p = &headers->at[i];
		const struct kt_config_node *node = node_of_key(headers, p->key);

		if (!kt_config_is_token(p->key))
			refuse_header(ctx, node, KT_CONFIG_FORM,
			    "name is not a token");
		if (kt_config_is_framing(p->key)) {
			refuse_header(ctx, node, KT_CONFIG_FORM,
			    "belongs to the connection, and kt writes it");
			kt_config_fault_help(ctx, "remove it: the host is that of "
			    "the URL, lengths are those of what is sent");
		}
		if (!kt_config_is_clean(p->value))
			refuse_header(ctx, node, KT_CONFIG_FORM,
			    "value holds a control character");
		for (size_t n = 0; n < KT_NELEMS(secret); n++) {
			if (!kt_span_caseeq(p->key, kt_span_of(secret[n])))
				continue;
			refuse_header(ctx, node, KT_CONFIG_SECRET_LITERAL,
			    "carries a credential in the file");
			kt_config_fault_help(ctx, "use a reference: "
			    "secret_key_ref, with api_key_header for its name");
		}
	}
}

void
kt_config_check_date(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, const char *field,
    struct kt_span date)
{
	static const char form[] = "0000-00-00";
	bool is_date = date.len == sizeof(form) - 1;

	for (size_t i = 0; is_date && i < date.len; i++)
		is_date = form[i] == '-' ? date.ptr[i] == '-' :
		    date.ptr[i] >= '0' && date.ptr[i] <= '9';
	if (date.ptr != NULL && !is_date)
		kt_config_fault(ctx, KT_CONFIG_FORM, section, field,
		    "'%s' must be a date, YYYY-MM-DD", field);
}

/* What is compared: a section of a list and its one text. */
struct one {
	struct kt_span text;
	const struct kt_config_node *section;
};

static int
by_text(const void *left, const void *right)
{
	const struct one *a = left, *b = right;
	size_t len = a->text.len < b->text.len ? a->text.len : b->text.len;
	int c = len ? memcmp(a->text.ptr, b->text.ptr, len) : 0;

	if (c != 0)
		return c;
	if (a->text.len != b->text.len)
		return a->text.len < b->text.len ? -1 : 1;
	return a->section->at.line < b->section->at.line ? -1 :
	    a->section->at.line > b->section->at.line;
}

void
kt_config_check_unique(struct kt_config_ctx *ctx,
    const struct kt_config_items *items, size_t size, size_t offset,
    const char *field)
{
	struct one *all = kt_arena_array(ctx->mem, items->n, sizeof(*all));
	size_t n = 0;

	if (all == NULL)
		return;
	for (size_t i = 0; i < items->n; i++) {
		const char *at = (const char *)items->at + i * size;
		const struct kt_config_node *node =
		    *(const struct kt_config_node *const *)(const void *)at;
		const struct kt_span *s = (const void *)(at + offset);

		if (s->ptr != NULL && node != NULL)
			all[n++] = (struct one){ *s, node };
	}
	qsort(all, n, sizeof(*all), by_text);
	for (size_t i = 1; i < n; i++) {
		if (kt_span_eq(all[i].text, all[i - 1].text))
			kt_config_fault(ctx, KT_CONFIG_DUPLICATE, all[i].section,
			    field, "%s '%.60s' is taken, first in line %u", field,
			    all[i].text.ptr,
			    (unsigned)all[i - 1].section->at.line);
	}
}

/* What a route may ask for, in the endpoints' order without "none". */
const char *const kt_config_treatments[] = {
#define KT_ENDPOINT(id, name, format, meaning) \
	[KT_ENDPOINT_##id == KT_ENDPOINT_NONE ? KT_NENDPOINTS : \
	    KT_ENDPOINT_##id - 1] = KT_ENDPOINT_##id == KT_ENDPOINT_NONE || \
	    KT_ENDPOINT_##id > KT_ENDPOINT_DENY ? NULL : (name),
#include "chat/chat.def"
};

void
kt_config_check_routes(
    struct kt_config_ctx *ctx, struct kt_config_pairs *routes)
{
	struct kt_config_pair *all = (struct kt_config_pair *)routes->at;

	for (size_t i = 0; i < routes->n; i++) {
		struct kt_span s = all[i].key;

		all[i].word += 1; /* the names begin behind "none" */
		if (kt_span_eq(s, KT_SPAN("*")) || (s.len > 1 && s.ptr[0] == '/'))
			continue;
		kt_config_diag(ctx->d, KT_CONFIG_FORM,
		    node_of_key(routes, s)->key_at,
		    "a route is a path that begins with '/', or \"*\"");
	}
}

void
kt_config_check_retention(struct kt_config_ctx *ctx,
    const struct kt_config_node *section, int64_t days,
    struct kt_span below_minimum)
{
	if (days >= KT_AUDIT_RETENTION_MIN || days <= 0 || below_minimum.len > 0)
		return;
	kt_config_fault(ctx, KT_CONFIG_RANGE, section, "retention_days",
	    "'retention_days' is below %d", KT_AUDIT_RETENTION_MIN);
	kt_config_fault_help(ctx, "say why in 'below_minimum', or keep records "
	    "for %d days", KT_AUDIT_RETENTION_MIN);
}
