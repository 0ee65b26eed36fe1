/*
 * constraint - one argument against what a rule says of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Paths are compared as text, after "." and ".." are undone: this process
 * cannot see the files of the one that will open them, so symbolic links are
 * the tool's affair.
 */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>

#include "detect/regex.h"
#include "json/text.h"
#include "policy/constraint.h"

#define S struct kt_constraint
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(S, STRING, equals, .doc = "The value is this one"),
	KT_CONFIG_FIELD(S, STRINGS, one_of, .doc = "The value is one of these"),
	KT_CONFIG_FIELD(S, STRING, matches,
	    .doc = "The value has a match of this regular expression"),
	KT_CONFIG_FIELD(S, STRING, in_scope,
	    .doc = "The value is in this list of data_scope of the caller's "
	           "group"),
	KT_CONFIG_FIELD(S, STRINGS, host_in,
	    .doc = "The value is a URL or host of these; *.example.org for what "
	           "is below it"),
	KT_CONFIG_FIELD(S, STRINGS, path_under, .takes_one = true,
	    .doc = "The value is an absolute path in one of these directories"),
	KT_CONFIG_FIELD(S, NUMBER, min, .doc = "The value is at least this"),
	KT_CONFIG_FIELD(S, NUMBER, max, .doc = "The value is at most this"),
};
#undef S

void
kt_constraint_check_pointer(struct kt_config_ctx *ctx,
    const struct kt_config_node *node, struct kt_span pointer)
{
	if (pointer.len == 0 || pointer.ptr[0] == '/')
		return;
	kt_config_fault_at(ctx, KT_CONFIG_FORM, node,
	    "a JSON pointer begins with '/'");
	kt_config_fault_help(ctx, "write /%.*s", KT_SPAN_ARG(pointer));
}

/* ---- hosts ---- */

static bool
is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static bool
is_digits(struct kt_span s)
{
	uint64_t v;

	return s.len == 0 || kt_span_u64(s, &v);
}

/* Where the authority begins; false: a scheme that is not of the web. */
static bool
skip_scheme(struct kt_span *s)
{
	size_t colon = kt_span_find(*s, ':'), n = 0;
	struct kt_span scheme = kt_span_sub(*s, 0, colon), rest;

	while (n < s->len && s->ptr[n] == '/')
		n++;
	if (n > 0) { /* "//host/path"; one slash is a path of nobody */
		*s = kt_span_sub(*s, n, s->len);
		return n == 2;
	}
	if (colon == s->len)
		return true;
	rest = kt_span_sub(*s, colon + 1, s->len);
	if (kt_span_caseeq(scheme, KT_SPAN("http")) ||
	    kt_span_caseeq(scheme, KT_SPAN("https")) ||
	    kt_span_caseeq(scheme, KT_SPAN("ws")) ||
	    kt_span_caseeq(scheme, KT_SPAN("wss"))) {
		while (rest.len > 0 && rest.ptr[0] == '/')
			rest = kt_span_sub(rest, 1, rest.len);
		*s = rest;
		return true;
	}
	/* "host:8080/path" has no scheme; "javascript:..." has one. */
	n = 0;
	while (n < rest.len && rest.ptr[n] >= '0' && rest.ptr[n] <= '9')
		n++;
	return n > 0 && (n == rest.len || rest.ptr[n] == '/');
}

/* Browsers read a host as a number if its last part is one. */
static bool
is_number(struct kt_span host)
{
	size_t at = host.len, n = 0;
	struct kt_span last;

	while (at > 0 && host.ptr[at - 1] != '.')
		at--;
	last = kt_span_sub(host, at, host.len);
	while (n < last.len && last.ptr[n] >= '0' && last.ptr[n] <= '9')
		n++;
	return last.len > 0 && (n == last.len ||
	    (n == 1 && last.ptr[0] == '0' && (last.ptr[1] | 32) == 'x'));
}

/* One address has many spellings; a rule is content with the usual one. */
static bool
is_usual_address(struct kt_span host, bool is_v6)
{
	char text[INET6_ADDRSTRLEN], usual[INET6_ADDRSTRLEN];
	struct in6_addr v6;
	struct in_addr v4;

	if (host.len >= sizeof(text) ||
	    memchr(host.ptr, '\0', host.len) != NULL)
		return false;
	memcpy(text, host.ptr, host.len);
	text[host.len] = '\0';
	if (!is_v6)
		return inet_pton(AF_INET, text, &v4) == 1;
	return inet_pton(AF_INET6, text, &v6) == 1 &&
	    !IN6_IS_ADDR_V4MAPPED(&v6) && !IN6_IS_ADDR_V4COMPAT(&v6) &&
	    inet_ntop(AF_INET6, &v6, usual, sizeof(usual)) != NULL &&
	    kt_span_caseeq(host, kt_span_of(usual));
}

bool
kt_constraint_host(struct kt_span url, struct kt_span *host)
{
	size_t n = 0, at;

	url = kt_span_trim(url);
	for (size_t i = 0; i < url.len; i++) {
		/* Some leave a blank out, or take \ for a slash, and go
		   elsewhere than others. */
		if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == '\\')
			return false;
	}
	if (!skip_scheme(&url))
		return false;
	while (n < url.len && url.ptr[n] != '/' && url.ptr[n] != '?' &&
	    url.ptr[n] != '#')
		n++;
	url = kt_span_sub(url, 0, n);
	while ((at = kt_span_find(url, '@')) < url.len)
		url = kt_span_sub(url, at + 1, url.len);
	if (url.len > 0 && url.ptr[0] == '[') {
		at = kt_span_find(url, ']');
		*host = kt_span_sub(url, 1, at - 1);
		return at < url.len && is_usual_address(*host, true);
	}
	at = kt_span_find(url, ':');
	if (!is_digits(kt_span_sub(url, at + 1, url.len)))
		return false;
	url = kt_span_sub(url, 0, at);
	if (kt_span_ends(url, KT_SPAN(".")))
		url.len--;
	for (size_t i = 0; i < url.len; i++) {
		if (!is_host_char(url.ptr[i]))
			return false;
	}
	*host = url;
	return url.len > 0 && !kt_span_ends(url, KT_SPAN(".")) &&
	    (!is_number(url) || is_usual_address(url, false));
}

bool
kt_constraint_covers(
    const struct kt_config_strings *domains, struct kt_span host)
{
	for (size_t i = 0; i < domains->n; i++) {
		struct kt_span d = domains->at[i];

		if (kt_span_caseeq(d, host))
			return true;
		if (!kt_span_starts(d, KT_SPAN("*.")))
			continue;
		d = kt_span_sub(d, 1, d.len);
		if (host.len > d.len && kt_span_caseeq(d,
		        kt_span_sub(host, host.len - d.len, d.len)))
			return true;
	}
	return false;
}

/* ---- paths ---- */

/* The next part of a path; false at its end. */
static bool
next_part(struct kt_span *path, struct kt_span *part)
{
	size_t n;

	while (path->len > 0 && path->ptr[0] == '/')
		*path = kt_span_sub(*path, 1, path->len);
	n = kt_span_find(*path, '/');
	*part = kt_span_sub(*path, 0, n);
	*path = kt_span_sub(*path, n, path->len);
	return part->len > 0;
}

#define PARTS_MAX 128
/* Without "." and ".."; false: it is none that text alone can tell, as with
   a backslash, which is a slash for some. */
static bool
read_path(struct kt_span path, struct kt_span parts[static PARTS_MAX],
    size_t *n)
{
	struct kt_span part;

	*n = 0;
	if (path.len == 0 || path.ptr[0] != '/' ||
	    kt_span_find(path, '\0') < path.len ||
	    kt_span_find(path, '\\') < path.len)
		return false;
	while (next_part(&path, &part)) {
		if (kt_span_eq(part, KT_SPAN(".")))
			continue;
		if (kt_span_eq(part, KT_SPAN(".."))) {
			*n -= *n > 0;
			continue;
		}
		if (*n == PARTS_MAX)
			return false;
		parts[(*n)++] = part;
	}
	return true;
}

/* unsure: what is true of a path that cannot be told, and of one that is
   under them for file systems without case. */
static bool
is_under(const struct kt_config_strings *dirs, struct kt_span path, bool unsure)
{
	struct kt_span a[PARTS_MAX], b[PARTS_MAX];
	size_t na, nb;

	if (!read_path(path, a, &na))
		return unsure;
	for (size_t i = 0; i < dirs->n; i++) {
		bool is_it = read_path(dirs->at[i], b, &nb) && nb <= na;

		for (size_t k = 0; is_it && k < nb; k++)
			is_it = unsure ? kt_span_caseeq(a[k], b[k]) :
			    kt_span_eq(a[k], b[k]);
		if (is_it)
			return true;
	}
	return false;
}

/* ---- values ---- */

static bool
read_number(struct kt_span s, double *out)
{
	char text[64], *end;

	if (s.len == 0 || s.len >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (strchr("+-.0123456789eE", s.ptr[i]) == NULL || s.ptr[i] == '\0')
			return false; /* 0x10 is no number for some */
	}
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out);
}

/* The same text; unsure: numbers are also written in other ways. */
static bool
is_same(struct kt_span a, struct kt_span b, bool unsure)
{
	double x, y;

	return kt_span_eq(a, b) ||
	    (unsure && read_number(a, &x) && read_number(b, &y) &&
	        !(x < y) && !(x > y));
}

static bool
is_listed(const struct kt_config_strings *list, struct kt_span s, bool unsure)
{
	for (size_t i = 0; i < list->n; i++) {
		if (is_same(list->at[i], s, unsure))
			return true;
	}
	return false;
}

static bool
is_in_scope(const struct kt_config_node *scope, struct kt_span list,
    struct kt_span s, bool unsure)
{
	const struct kt_config_node *n = kt_config_get(scope, list);

	if (n == NULL)
		return false;
	if (n->type == KT_CONFIG_NODE_SCALAR)
		return is_same(n->text, s, unsure);
	for (n = n->type == KT_CONFIG_NODE_LIST ? n->first : NULL; n != NULL;
	     n = n->next) {
		if (n->type == KT_CONFIG_NODE_SCALAR &&
		    is_same(n->text, s, unsure))
			return true;
	}
	return false;
}

static bool
has_match(const struct kt_constraint *c, struct kt_span s, bool unsure)
{
	struct kt_detect_regex *r;
	struct kt_err err;
	size_t from, to;
	int found;

	/* Nothing stands behind what is allowed, not even a line's end. */
	if (kt_detect_regex_new(&r, c->matches, unsure ?
	        KT_DETECT_REGEX_LINE : KT_DETECT_REGEX_TEXT, &err) < 0)
		return unsure;
	found = kt_detect_regex_find(r, s, 0, &from, &to);
	kt_detect_regex_free(&r);
	return found < 0 ? unsure : found == 1;
}

/* unsure: what is true of a value that is not of the kind asked for. */
static bool
holds(const struct kt_constraint *c, const struct kt_constraint_value *v,
    struct kt_span s, bool unsure)
{
	struct kt_span host;
	bool is_it = true;
	double d = 0;

	if (c->equals.ptr != NULL)
		is_it &= is_same(c->equals, s, unsure);
	if (c->one_of.node != NULL)
		is_it &= is_listed(&c->one_of, s, unsure);
	if (c->in_scope.ptr != NULL)
		is_it &= is_in_scope(v->scope, c->in_scope, s, unsure);
	if (c->host_in.node != NULL)
		is_it &= kt_constraint_host(s, &host) ?
		    kt_constraint_covers(&c->host_in, host) : unsure;
	if (c->path_under.node != NULL)
		is_it &= is_under(&c->path_under, s, unsure);
	if (!isnan(c->min) || !isnan(c->max))
		is_it &= read_number(s, &d) ?
		    !(d < c->min) && !(d > c->max) : unsure;
	if (is_it && c->matches.ptr != NULL)
		is_it = has_match(c, s, unsure);
	return is_it;
}

bool
kt_constraint_holds(const struct kt_constraint *c,
    const struct kt_constraint_value *v, enum kt_constraint_need need)
{
	const struct kt_json *j = v->json;
	bool has_any = false;

	if (v->node == 0)
		return false;
	for (uint32_t n = v->node; n < j->nodes[v->node].next; n++) {
		enum kt_json_type type = kt_json_type(j, n);
		struct kt_span s = kt_json_raw(j, v->text, n);
		bool is_it;

		if (type == KT_JSON_ARRAY || type == KT_JSON_OBJECT ||
		    type == KT_JSON_NAME)
			continue;
		if (type == KT_JSON_STRING)
			s = kt_json_string(j, v->text, n);
		is_it = kt_json_has_escapes(j, n) &&
		        kt_json_unescape(s, v->mem, &s, NULL) < 0 ?
		    need == KT_ANY : holds(c, v, s, need == KT_ANY);
		if (is_it != (need == KT_ALL))
			return is_it;
		has_any = true;
	}
	return need == KT_ALL && has_any;
}

/* ---- settings ---- */

static bool
is_host(struct kt_span s)
{
	struct kt_span host, name = kt_span_starts(s, KT_SPAN("*.")) ?
	    kt_span_sub(s, 2, s.len) : s;

	return is_usual_address(s, true) ||
	    (kt_constraint_host(name, &host) && kt_span_eq(name, host));
}

static bool
is_directory(struct kt_span s)
{
	struct kt_span parts[PARTS_MAX];
	size_t n;

	return read_path(s, parts, &n);
}

/* What no value can ever be would make a rule that denies nothing. */
static void
check_each(struct kt_config_ctx *ctx, const struct kt_config_node *list,
    bool (*is)(struct kt_span s), const char *what)
{
	const struct kt_config_node *n = list;

	if (n != NULL && n->type == KT_CONFIG_NODE_LIST)
		n = n->first;
	for (; n != NULL; n = n == list ? NULL : n->next) {
		if (n->type == KT_CONFIG_NODE_SCALAR && !is(n->text))
			kt_config_fault_at(ctx, KT_CONFIG_FORM, n, "%s", what);
	}
}

void
kt_constraint_check_hosts(
    struct kt_config_ctx *ctx, const struct kt_config_strings *hosts)
{
	check_each(ctx, hosts->node, is_host,
	    "a host is a name or an address alone, or '*.' and a name");
}

static void
check(void *section, struct kt_config_ctx *ctx)
{
	struct kt_constraint *c = section;
	struct kt_detect_regex *r;
	struct kt_err err = { 0 };

	if (c->node == NULL)
		return;
	kt_constraint_check_pointer(ctx, c->node, c->node->key);
	kt_constraint_check_hosts(ctx, &c->host_in);
	check_each(ctx, c->path_under.node, is_directory,
	    "a directory is an absolute path without backslashes");
	if (c->min > c->max)
		kt_config_fault(ctx, KT_CONFIG_CONTRADICTION, c->node, "max",
		    "no value is as small as 'max' and as large as 'min'");
	if (c->matches.ptr == NULL)
		return;
	if (kt_detect_regex_new(
	        &r, c->matches, KT_DETECT_REGEX_LINE, &err) < 0)
		kt_config_fault(
		    ctx, KT_CONFIG_FORM, c->node, "matches", "%s", err.text);
	kt_detect_regex_free(&r);
}

const struct kt_config_table kt_constraint_table = {
	.name = "policy.agent-firewall.rules[].when",
	.doc = "What must be true of an argument; all of what is said must hold",
	.size = sizeof(struct kt_constraint),
	.fields = fields,
	.n = KT_NELEMS(fields),
	.check = check,
};
