/*
 * surface - paths are compared, never rewritten.  The built-in map is a
 * short table that is read from the top; a trie would be faster than a few
 * comparisons by nothing that anybody can measure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/surface.h"

#define OTHER_MAX 4096 /* what is longer and odd is not served */

/* Behind the version: "/v1". */
static const struct {
	struct kt_span path;
	enum kt_endpoint endpoint;
	bool has_items; /* what lies below belongs to it */
} map[] = {
	{ KT_SPAN_INIT("/messages"), KT_ENDPOINT_MESSAGES, false },
	{ KT_SPAN_INIT("/messages/count_tokens"), KT_ENDPOINT_COUNT_TOKENS,
	    false },
	{ KT_SPAN_INIT("/chat/completions"), KT_ENDPOINT_COMPLETIONS, false },
	{ KT_SPAN_INIT("/responses"), KT_ENDPOINT_RESPONSES, false },
	{ KT_SPAN_INIT("/responses/compact"), KT_ENDPOINT_RESPONSES, false },
	{ KT_SPAN_INIT("/responses/input_tokens"), KT_ENDPOINT_RESPONSES,
	    false },
	{ KT_SPAN_INIT("/models"), KT_ENDPOINT_MODELS, true },
	{ KT_SPAN_INIT("/files"), KT_ENDPOINT_FILES, true },
};

static bool
has_items(enum kt_endpoint e)
{
	return e == KT_ENDPOINT_MODELS || e == KT_ENDPOINT_FILES;
}

static struct kt_span
behind(struct kt_span s, size_t n)
{
	return kt_span_sub(s, n, s.len - n);
}

/* "/api/<id>/v1..." becomes "/v1...". */
static void
strip_project(struct kt_surface *s)
{
	struct kt_span rest, id;

	if (!kt_span_starts(s->path, KT_SPAN("/api/")))
		return;
	rest = behind(s->path, 5);
	id = kt_span_sub(rest, 0, kt_span_find(rest, '/'));
	rest = behind(rest, id.len);
	if (id.len == 0 || !kt_span_starts(rest, KT_SPAN("/v1/")))
		return;
	s->project = id;
	s->path = rest;
}

/* "/v1/anthropic/v1/x" and "/v1/anthropic/x" both mean "/v1/x". */
static void
strip_vendor(struct kt_surface *s)
{
	if (!kt_span_starts(s->path, KT_SPAN("/v1/anthropic/")))
		return;
	s->path = behind(s->path, sizeof("/v1/anthropic") - 1);
	if (!kt_span_starts(s->path, KT_SPAN("/v1/")))
		s->root = KT_SPAN("/v1");
}

/* "/item" below base, which equals base or lies below it. */
static bool
is_at(struct kt_span path, struct kt_span base, bool items)
{
	return kt_span_eq(path, base) ||
	    (items && path.len > base.len + 1 &&
		kt_span_starts(path, base) && path.ptr[base.len] == '/');
}

static void
take_item(struct kt_surface *s, struct kt_span below)
{
	if (below.len > 1)
		s->item = behind(below, 1);
}

static enum kt_endpoint
built_in(struct kt_surface *s)
{
	struct kt_span path = s->path;

	if (s->root.len == 0) {
		if (!kt_span_starts(path, KT_SPAN("/v1/")))
			return KT_ENDPOINT_NONE;
		path = behind(path, 3);
	}
	for (size_t i = 0; i < KT_NELEMS(map); i++) {
		if (!is_at(path, map[i].path, map[i].has_items))
			continue;
		if (map[i].has_items)
			take_item(s, behind(path, map[i].path.len));
		return map[i].endpoint;
	}
	return KT_ENDPOINT_NONE;
}

/* Where clients and load balancers knock; a route may take it over. */
static enum kt_endpoint
own(struct kt_span path)
{
	if (kt_span_eq(path, KT_SPAN("/")) ||
	    kt_span_eq(path, KT_SPAN("/api/hello")))
		return KT_ENDPOINT_HELLO;
	if (kt_span_eq(path, KT_SPAN("/healthz")))
		return KT_ENDPOINT_HEALTH;
	return KT_ENDPOINT_NONE;
}

/* Offset behind the route's suffix in path, or 0: it does not claim it. */
static size_t
claims(const struct kt_route *r, struct kt_span path)
{
	bool items = has_items(r->endpoint);

	if (r->suffix.len == 0 || r->suffix.len > path.len)
		return 0;
	for (size_t i = 0; i + r->suffix.len <= path.len; i++) {
		struct kt_span rest = behind(path, i);

		if (path.ptr[i] != '/' && (i == 0 || path.ptr[i - 1] != '/'))
			continue;
		if (is_at(rest, r->suffix, items))
			return i + r->suffix.len;
	}
	return 0;
}

static const struct kt_route *
choose(const struct kt_route *routes, size_t n, struct kt_span path,
    size_t *end)
{
	const struct kt_route *best = NULL, *rest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t at;

		if (kt_span_eq(routes[i].suffix, KT_SPAN("*"))) {
			rest = rest == NULL ? &routes[i] : rest;
			continue;
		}
		at = claims(&routes[i], path);
		if (at == 0 ||
		    (best != NULL && best->suffix.len >= routes[i].suffix.len))
			continue;
		best = &routes[i];
		*end = at;
	}
	return best != NULL ? best : rest;
}

/* A path of the user's own goes up as the vendor's path of its endpoint. */
static void
take_vendor_path(struct kt_surface *s, struct kt_span below)
{
	for (size_t i = 0; i < KT_NELEMS(map); i++) {
		if (map[i].endpoint != s->endpoint)
			continue;
		if (!map[i].has_items)
			below = (struct kt_span){ 0 };
		s->root = s->endpoint == KT_ENDPOINT_MODELS
		    ? KT_SPAN("/v1/models")
		    : s->endpoint == KT_ENDPOINT_FILES ? KT_SPAN("/v1/files")
						       : KT_SPAN("/v1");
		s->path = map[i].has_items ? below : map[i].path;
		take_item(s, below);
		return;
	}
}

/* As the Allow field names them; empty: any. */
static struct kt_span
methods_of(const struct kt_surface *s)
{
	switch (s->endpoint) {
	case KT_ENDPOINT_MESSAGES:
	case KT_ENDPOINT_COUNT_TOKENS:
	case KT_ENDPOINT_COMPLETIONS:
	case KT_ENDPOINT_RESPONSES:
		return KT_SPAN("POST");
	case KT_ENDPOINT_MODELS:
	case KT_ENDPOINT_HELLO:
	case KT_ENDPOINT_HEALTH:
		return KT_SPAN("GET, HEAD");
	case KT_ENDPOINT_FILES:
		return s->item.len == 0 ? KT_SPAN("GET, POST")
					: KT_SPAN("GET, DELETE");
	case KT_ENDPOINT_NONE:
	case KT_ENDPOINT_PASSTHROUGH:
	case KT_ENDPOINT_DETECT:
	case KT_ENDPOINT_DENY:
	case KT_NENDPOINTS:
		break;
	}
	return (struct kt_span){ 0 };
}

static bool
takes_method(struct kt_span methods, struct kt_span method)
{
	struct kt_span left = methods;

	while (left.len > 0) {
		size_t end = kt_span_find(left, ',');

		if (kt_span_eq(kt_span_sub(left, 0, end), method))
			return true;
		left = kt_span_trim(behind(left, end < left.len ? end + 1 : end));
	}
	return methods.len == 0;
}

static void
route(struct kt_surface *s, struct kt_span path, const struct kt_route *routes,
    size_t nroutes)
{
	const struct kt_route *r;
	enum kt_endpoint known;
	size_t end = 0;

	r = choose(routes, nroutes, path, &end);
	if (r == NULL || kt_span_eq(r->suffix, KT_SPAN("*"))) {
		s->endpoint = own(path);
		if (s->endpoint != KT_ENDPOINT_NONE || r == NULL)
			return;
		end = path.len;
	}
	s->endpoint = r->endpoint;
	known = built_in(s);
	if (known == s->endpoint)
		return;
	s->item = (struct kt_span){ 0 };
	take_vendor_path(s, behind(path, end));
}

static void
resolve(struct kt_surface *s, struct kt_span path,
    const struct kt_route *routes, size_t nroutes)
{
	*s = (struct kt_surface){ .path = path };
	strip_project(s);
	strip_vendor(s);
	if (nroutes > 0) {
		route(s, path, routes, nroutes);
		return;
	}
	s->endpoint = own(path);
	if (s->endpoint == KT_ENDPOINT_NONE)
		s->endpoint = built_in(s);
}

/* ---- other spellings ---- */

static bool
has_other_spelling(struct kt_span path)
{
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (c == '%' || c == ';' ||
		    (c == '/' && i > 0 &&
		        (i + 1 == path.len || path.ptr[i - 1] == '/')))
			return true;
	}
	return false;
}

/*
 * As readers take it that decode first, that see no empty segments, or to
 * whom what follows a ';' is no part of a name.  len is 0 if it is too long.
 */
static struct kt_span
other_spelling(struct kt_span path, char plain[static OTHER_MAX])
{
	bool is_parameter = false;
	size_t n = 0;

	if (path.len > OTHER_MAX)
		return (struct kt_span){ 0 };
	for (size_t i = 0; i < path.len; i++) {
		char c = path.ptr[i];

		if (c == '%' && kt_unhex(kt_span_sub(path, i + 1, 2), &c, 1))
			i += 2;
		if (c == '\\')
			c = '/';
		is_parameter = c == ';' || (is_parameter && c != '/');
		if (!is_parameter && (c != '/' || n == 0 || plain[n - 1] != '/'))
			plain[n++] = c;
	}
	if (n > 1 && plain[n - 1] == '/')
		n--;
	return (struct kt_span){ plain, n };
}

/* Routed as one thing here, it must not be another behind us. */
static bool
is_unclear(const struct kt_surface *s, struct kt_span path,
    const struct kt_route *routes, size_t nroutes)
{
	char plain[OTHER_MAX];
	struct kt_span other;
	struct kt_surface o;

	if (!has_other_spelling(path))
		return false;
	other = other_spelling(path, plain);
	resolve(&o, other, routes, nroutes);
	return other.len == 0 || o.endpoint != s->endpoint;
}

void
kt_surface(struct kt_surface *s, struct kt_span method, struct kt_span target,
    const struct kt_route *routes, size_t nroutes)
{
	size_t q = kt_span_find(target, '?');
	struct kt_span path = kt_span_sub(target, 0, q);

	resolve(s, path, routes, nroutes);
	s->query = behind(target, q);
	s->methods = methods_of(s);
	s->is_method_ok = takes_method(s->methods, method);
	s->is_unclear = is_unclear(s, path, routes, nroutes);
	if (s->is_unclear)
		s->endpoint = KT_ENDPOINT_NONE;
}
