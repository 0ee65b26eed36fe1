/*
 * program - settings, detectors and tokens become one immutable object.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Built apart and swapped whole: an exchange never sees half of a change,
 * and a mistake in a file leaves the program in force as it is.
 */
#include <math.h>

#include "audit/audit.h"
#include "config/idle.h"
#include "exchange/exchange_priv.h"
#include "policy/detector_file.h"
#include "policy/detector_saved.h"

/* One more sentence for the start; text is in the program's memory. */
static void
warn(struct kt_program *p, struct kt_span text)
{
	if (text.ptr != NULL && p->nwarnings < KT_PROGRAM_WARNINGS_MAX)
		p->warnings[p->nwarnings++] = text;
}

static void
warn_of_idle(void *arg, const char *path, const char *who,
    const struct kt_config_node *node)
{
	struct kt_program *p = arg;

	warn(p, kt_arena_printf(p->mem,
	    "%s (line %u) is not acted on %s", path,
	    (unsigned)node->key_at.line, who));
}

/* ---- targets ---- */

struct vendor {
	enum kt_provider_id provider;
	enum kt_format format;
	const char *base_url, *key_header, *key_prefix;
};

static const struct vendor vendors[] = {
	[KT_CONFIG_ANTHROPIC] = { KT_PROVIDER_ANTHROPIC, KT_FORMAT_ANTHROPIC,
	    "https://api.anthropic.com", "x-api-key", "" },
	[KT_CONFIG_OPENAI] = { KT_PROVIDER_OPENAI, KT_FORMAT_OPENAI,
	    "https://api.openai.com", "Authorization", "Bearer " },
	[KT_CONFIG_OFFLINE] = { KT_PROVIDER_OFFLINE, KT_FORMAT_ANTHROPIC,
	    "http://offline.invalid", "x-api-key", "" },
};

static bool
take(struct kt_span *s, struct kt_span prefix)
{
	if (!kt_span_caseeq(kt_span_sub(*s, 0, prefix.len), prefix))
		return false;
	*s = kt_span_sub(*s, prefix.len, s->len);
	return true;
}

/* scheme://host[:port][/path]; "/v1" at the end is what paths begin with. */
static enum kt_rc
read_base_url(struct kt_target *t, struct kt_span url, struct kt_arena *mem,
    struct kt_err *err)
{
	struct kt_span authority, port = { 0 };
	size_t slash, colon;
	uint64_t number;

	t->is_https = take(&url, KT_SPAN("https://"));
	if (!t->is_https && !take(&url, KT_SPAN("http://")))
		return kt_fail(err, KT_E_PARSE,
		    "base_url must begin with http:// or https://");
	slash = kt_span_find(url, '/');
	authority = kt_span_sub(url, 0, slash);
	t->base_path = kt_span_sub(url, slash, url.len);
	if (kt_span_find(authority, '@') < authority.len)
		return kt_fail(err, KT_E_PARSE,
		    "base_url must not hold a user name or password");
	while (kt_span_ends(t->base_path, KT_SPAN("/")))
		t->base_path.len--;
	if (kt_span_ends(t->base_path, KT_SPAN("/v1")))
		t->base_path.len -= 3;
	t->host = authority;
	colon = kt_span_find(authority, ':');
	if (kt_span_starts(authority, KT_SPAN("["))) {
		size_t end = kt_span_find(authority, ']');

		t->host = kt_span_sub(authority, 1, end - 1);
		colon = end + 1;
	}
	if (colon < authority.len) {
		if (authority.ptr[0] != '[')
			t->host = kt_span_sub(authority, 0, colon);
		port = kt_span_sub(authority, colon + 1, authority.len);
	}
	number = t->is_https ? 443 : 80;
	if (t->host.len == 0 ||
	    (port.len > 0 && (!kt_span_u64(port, &number) || number == 0 ||
	        number > 65535)))
		return kt_fail(err, KT_E_PARSE, "base_url has no valid host:port");
	t->port = (uint16_t)number;
	t->host_header = authority;
	t->host = kt_arena_dup(mem, t->host);
	return t->host.ptr != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory for targets");
}

static bool
baa_holds(const struct kt_config_data_policy *d)
{
	return d->baa.node != NULL && d->baa.agreement.len > 0;
}

/* The end of YYYY-MM-DD in seconds since 1970, UTC; 0: no date. */
static uint64_t
end_of_day(struct kt_span date)
{
	uint64_t y, m, d, era, day;

	if (!kt_span_u64(kt_span_sub(date, 0, 4), &y) ||
	    !kt_span_u64(kt_span_sub(date, 5, 2), &m) ||
	    !kt_span_u64(kt_span_sub(date, 8, 2), &d) || y < 1970)
		return 0;
	/* Years that begin in March: the leap day is the last one. */
	y -= m <= 2;
	era = y / 400;
	day = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	day += (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100;
	return (era * 146097 + day - 719468 + 1) * 86400;
}

/* A dollar per million tokens is a microdollar per token. */
static uint64_t
price_of(double usd)
{
	return (uint64_t)(usd * 1e6 + 0.5);
}

/*
 * What is known of two prices is known of all: caching that has no price of
 * its own costs what input does.  An answer does not tell for how long it was
 * cached; five minutes are what nobody has to ask for.
 */
static struct kt_prices
read_prices(const struct kt_config_pricing *c)
{
	double in = c->prompt;

	if (c->node == NULL || isnan(in) || isnan(c->completion))
		return (struct kt_prices){ .is_known = false };
	return (struct kt_prices){ .is_known = true,
		.input = price_of(in),
		.output = price_of(c->completion),
		.cache_read = price_of(isnan(c->cache_read) ? in :
		        c->cache_read),
		.cache_write = price_of(isnan(c->cache_write_5m) ? in :
		        c->cache_write_5m) };
}

static void
read_secret(struct kt_program *p, const struct kt_program_options *o,
    struct kt_target *t, const struct kt_config_target *c)
{
	const struct kt_config_secret *ref = &c->secret_key_ref;
	bool is_named = ref->node != NULL; /* else the vendor's usual variable */
	bool is_vendor = kt_span_eq(
	    c->base_url, kt_span_of(vendors[c->vendor].base_url));
	bool is_passed = p->settings->auth.mode == KT_CONFIG_AUTH_PASSTHROUGH;
	bool is_found;

	t->is_available = true;
	if (t->provider == KT_PROVIDER_OFFLINE || (!is_named && is_passed))
		return; /* the client's own credential goes up */
	is_found = o->secret != NULL &&
	    o->secret(o->secret_arg, ref, p->mem, &t->key) && t->key.len > 0;
	if (is_found && kt_header_is_value(t->key))
		return;
	t->key = (struct kt_span){ 0 };
	/* A server of one's own wants no key, where none is named. */
	if (!is_named && !is_vendor)
		return;
	t->is_available = is_passed;
	if (!t->is_available)
		warn(p, kt_arena_printf(p->mem,
		    "target %.*s is unavailable: its secret (%s %.*s) %s",
		    KT_SPAN_ARG(t->id), ref->from == KT_CONFIG_FILE ? "file" :
		    "variable", KT_SPAN_ARG(ref->name), is_found ?
		    "holds a line break or another control character" :
		    "is not set"));
}

static enum kt_rc
add_target(struct kt_program *p, const struct kt_program_options *o,
    const struct kt_config_target *c, struct kt_err *err)
{
	struct kt_target *t = &p->targets[p->ntargets];
	int vendor = c->provider_type >= 0 ? c->provider_type : c->vendor;
	int format = c->format >= 0 ? c->format : vendor;
	const char *unspoken = kt_config_unspoken(c);
	const struct vendor *v;

	if (unspoken != NULL) {
		warn(p, kt_arena_printf(p->mem,
		    "target %.*s is unavailable: %s is not supported yet",
		    KT_SPAN_ARG(c->id), unspoken));
		return KT_OK;
	}
	v = &vendors[vendor];
	*t = (struct kt_target){
		.id = c->id,
		.provider = v->provider,
		.format = vendors[format].format,
		.model = c->model,
		.ca_file = c->ca_file,
		.key_header = c->api_key_header.ptr ? c->api_key_header :
		    kt_span_of(v->key_header),
		.key_prefix = c->api_key_prefix.ptr ? c->api_key_prefix :
		    kt_span_of(v->key_prefix),
		.headers = c->headers.at,
		.nheaders = c->headers.n,
		.anthropic_version = c->anthropic_version,
		.region = c->region,
		.first_byte_us = (uint64_t)c->timeout_seconds * 1000000,
		.silence_us = (uint64_t)(c->stream_timeout_seconds > 0 ?
		        c->stream_timeout_seconds : c->timeout_seconds) * 1000000,
		.total_us = (uint64_t)c->total_timeout_seconds * 1000000,
		.max_context_tokens = (uint64_t)c->max_context_tokens,
		.max_messages = (uint64_t)c->max_messages,
		.has_baa = baa_holds(&c->data_policy),
		.baa_until_s = end_of_day(c->data_policy.baa.expires),
		.keeps_nothing = c->zdr || c->data_policy.zero_data_retention,
		.is_no_training = c->data_policy.training_opt_out,
		.retention_days = c->data_policy.retention_days,
		.baa_id = c->data_policy.baa.agreement,
		.prices = read_prices(&c->pricing),
		.index = p->ntargets,
	};
	if (read_base_url(t, c->base_url.len ? c->base_url :
	        kt_span_of(v->base_url), p->mem, err) < 0)
		return kt_wrap(err, "target %.*s", KT_SPAN_ARG(c->id));
	read_secret(p, o, t, c);
	p->ntargets++;
	return KT_OK;
}

static enum kt_rc
add_targets(struct kt_program *p, const struct kt_program_options *o,
    struct kt_err *err)
{
	const struct kt_config_items *from = &p->settings->providers.targets;
	bool is_single = p->settings->providers.strategy == KT_CONFIG_SINGLE;
	bool has_any = false;

	p->targets = kt_arena_array(p->mem, from->n + 1, sizeof(*p->targets));
	if (p->targets == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for targets");
	/* One that is not there, or does not take a call, has no stand-in. */
	for (size_t i = 0; i < from->n && !(is_single && i > 0); i++) {
		const struct kt_config_target *c = from->at;

		if (add_target(p, o, &c[i], err) < 0)
			return err->rc;
	}
	for (size_t i = 0; i < p->ntargets; i++)
		has_any |= p->targets[i].is_available;
	if (has_any)
		return KT_OK;
	if (!o->may_use_offline && p->nwarnings > 0)
		return kt_fail(err, KT_E_MISUSE, "no target is usable: %.*s%s",
		    KT_SPAN_ARG(p->warnings[0]),
		    p->nwarnings > 1 ? "; and others" : "");
	if (!o->may_use_offline)
		return kt_fail(err, KT_E_MISUSE,
		    "no target is usable: set the secret of one, or name a target "
		    "with provider offline");
	p->targets[p->ntargets] = (struct kt_target){
		.id = KT_SPAN("offline"),
		.provider = KT_PROVIDER_OFFLINE,
		.format = KT_FORMAT_ANTHROPIC,
		.host = KT_SPAN("offline"),
		.is_available = true,
		.index = p->ntargets,
	};
	p->ntargets++;
	warn(p, KT_SPAN("no API key found: the built-in offline model answers; "
	                "set ANTHROPIC_API_KEY for the real one"));
	return KT_OK;
}

/* ---- the rest ---- */

static enum kt_rc
add_routes(struct kt_program *p, struct kt_err *err)
{
	const struct kt_config_pairs *from = &p->settings->routes;

	if (from->n == 0)
		return KT_OK;
	p->routes = kt_arena_array(p->mem, from->n, sizeof(*p->routes));
	if (p->routes == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for routes");
	for (size_t i = 0; i < from->n; i++) {
		enum kt_endpoint e = KT_ENDPOINT_NONE;

		if (!kt_endpoint_of(from->at[i].value, &e))
			return kt_fail(err, KT_E_PARSE, "route '%.*s' has no "
			    "treatment", KT_SPAN_ARG(from->at[i].key));
		p->routes[p->nroutes++] = (struct kt_route){
			.suffix = from->at[i].key, .endpoint = e };
	}
	return KT_OK;
}

/* As they were saved, if these are the files they were made from. */
static enum kt_rc
read_detectors(struct kt_program *p, const struct kt_program_options *o,
    const struct kt_detector **out, size_t *n, struct kt_err *err)
{
	struct kt_config_diags *d;
	enum kt_rc rc = kt_policy_detectors_restore(o->detectors, o->ndetectors,
	    o->saved_definitions, p->mem, out, n);

	if (rc != KT_E_PARSE)
		return rc == KT_OK ? rc :
		    kt_fail(err, rc, "no memory for detectors");
	d = kt_alloc(sizeof(*d));
	if (d == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for detectors");
	rc = kt_policy_detectors_load(
	    o->detectors, o->ndetectors, p->mem, d, out, n);
	if (rc < 0 && d->n > 0)
		rc = kt_fail(err, rc, "%.*s:%u:%u: %s",
		    KT_SPAN_ARG(o->detectors[d->at[0].at.file].name),
		    d->at[0].at.line, d->at[0].at.column, d->at[0].text);
	else if (rc < 0)
		rc = kt_fail(err, rc, "no memory for detectors");
	kt_free(d);
	return rc;
}

static enum kt_rc
add_chain(struct kt_program *p, const struct kt_program_options *o,
    struct kt_err *err)
{
	const struct kt_detector *shipped = NULL;
	size_t n = 0;

	if (read_detectors(p, o, &shipped, &n, err) < 0)
		return err->rc;
	return kt_chain_init(&p->chain, p->settings, shipped, n,
	    o->saved_detectors, p->instance_key, o->use, err);
}

/* A name goes to a program as part of an argument: nothing but letters. */
static bool
is_language(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') ||
		        (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') ||
		        s.ptr[i] == '_'))
			return false;
	return s.len > 0;
}

static bool
has_language(struct kt_span list, struct kt_span name)
{
	while (list.len > 0) {
		size_t len = kt_span_find(list, '+');

		if (kt_span_eq(kt_span_sub(list, 0, len), name))
			return true;
		list = kt_span_sub(list, len + 1, list.len);
	}
	return false;
}

static enum kt_rc
add_languages(struct kt_program *p, struct kt_err *err)
{
	for (unsigned c = 0; c < KT_NCOMPONENTS; c++) {
		struct kt_policy_reading r = { 0 };

		if (!kt_chain_reads(&p->chain, (enum kt_component)c, &r))
			continue;
		for (size_t i = 0; i < r.languages->n; i++) {
			struct kt_span name = r.languages->at[i];

			if (!is_language(name))
				return kt_fail(err, KT_E_PARSE,
				    "languages: '%.*s' is no name of a language",
				    KT_SPAN_ARG(name));
			if (has_language(p->languages, name))
				continue;
			p->languages = kt_arena_printf(p->mem, "%.*s%s%.*s",
			    KT_SPAN_ARG(p->languages),
			    p->languages.len > 0 ? "+" : "", KT_SPAN_ARG(name));
		}
	}
	return kt_arena_is_full(p->mem) ?
	    kt_fail(err, KT_E_LIMIT, "no memory for languages") : KT_OK;
}

/* The path of its URL is taken as it is, also one that ends in /v1. */
static enum kt_rc
add_guard(struct kt_program *p, const struct kt_program_options *o,
    struct kt_err *err)
{
	struct kt_policy_guard g;
	struct kt_target *t;
	size_t slash;

	if (!kt_chain_guard(&p->chain, &g))
		return KT_OK;
	t = kt_arena_alloc(p->mem, sizeof(*t));
	if (t == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for external-guard");
	*t = (struct kt_target){ .id = KT_SPAN("external-guard"),
		.provider = KT_PROVIDER_OPENAI, .is_available = true,
		.index = p->ntargets };
	if (read_base_url(t, g.url, p->mem, err) < 0)
		return kt_wrap(err, "external-guard");
	slash = (size_t)(t->host_header.ptr + t->host_header.len - g.url.ptr);
	t->base_path = kt_span_sub(g.url, slash, g.url.len);
	if (g.key->from != KT_CONFIG_FROM_NONE && (o->secret == NULL ||
	        !o->secret(o->secret_arg, g.key, p->mem, &t->key)))
		warn(p, kt_arena_printf(p->mem,
		    "external-guard: its secret (%s %.*s) is not set",
		    g.key->from == KT_CONFIG_FILE ? "file" : "variable",
		    KT_SPAN_ARG(g.key->name)));
	p->guard = t;
	return KT_OK;
}

static enum kt_rc
add_tokens(struct kt_program *p, const struct kt_program_options *o,
    struct kt_err *err)
{
	if (o->tokens_file.len == 0) {
		if (p->settings->auth.mode == KT_CONFIG_AUTH_TOKENS)
			warn(p, KT_SPAN("every call is refused: no list of tokens is "
			                "named (auth.tokens_file, --tokens-file)"));
		return KT_OK;
	}
	p->tokens = kt_alloc(sizeof(*p->tokens));
	if (p->tokens == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for tokens");
	kt_auth_tokens_init(p->tokens);
	if (kt_auth_tokens_parse(p->tokens, o->tokens_file, err) < 0)
		return kt_wrap(err, "tokens file");
	return KT_OK;
}

/* What decides: the effective settings and the bytes of the detectors. */
static enum kt_rc
add_hash(struct kt_program *p, const struct kt_program_options *o,
    struct kt_err *err)
{
	struct kt_audit_hash h;
	struct kt_buf b;
	uint8_t digest[KT_AUDIT_HASH];

	kt_buf_init(&b, KT_PROGRAM_ARENA_MAX);
	if (kt_audit_hash_init(&h, err) < 0)
		return err->rc;
	if (kt_config_show(&kt_config_root_table, p->settings, KT_CONFIG_JSON, &b) <
	    0) {
		kt_audit_hash_fini(&h);
		kt_buf_fini(&b);
		return kt_fail(err, KT_E_LIMIT, "settings are too large");
	}
	kt_audit_hash_add(&h, kt_buf_span(&b));
	for (size_t i = 0; i < o->ndetectors; i++)
		kt_audit_hash_add(&h, o->detectors[i].bytes);
	kt_audit_hash_take(&h, digest);
	kt_audit_hash_fini(&h);
	kt_buf_fini(&b);
	memcpy(p->hash, "sha256:", 7);
	kt_hex(digest, sizeof(digest), p->hash + 7);
	return KT_OK;
}

struct kt_program *
kt_program_new(const struct kt_program_options *o, struct kt_err *err)
{
	struct kt_program *p = kt_alloc(sizeof(*p));

	if (p == NULL || (p->mem = kt_arena_new(KT_PROGRAM_ARENA_MAX)) == NULL) {
		kt_free(p);
		(void)kt_fail(err, KT_E_LIMIT, "no memory for the program");
		return NULL;
	}
	p->settings = o->settings;
	p->mono_us = o->mono_us;
	p->audit = kt_policy_audit(o->settings);
	if (o->instance_key.len == sizeof(p->instance_key))
		memcpy(p->instance_key, o->instance_key.ptr, o->instance_key.len);
	if (add_routes(p, err) < 0 || add_targets(p, o, err) < 0 ||
	    add_chain(p, o, err) < 0 || add_languages(p, err) < 0 ||
	    add_guard(p, o, err) < 0 || add_tokens(p, o, err) < 0 ||
	    add_hash(p, o, err) < 0) {
		kt_program_free(&p);
		return NULL;
	}
	kt_config_idle(p->settings->node, warn_of_idle, p);
	return p;
}

void
kt_program_free(struct kt_program **pp)
{
	struct kt_program *p = *pp;

	if (p == NULL)
		return;
	kt_chain_fini(&p->chain);
	if (p->tokens != NULL)
		kt_auth_tokens_fini(p->tokens);
	kt_free(p->tokens);
	kt_arena_free(&p->mem);
	memset(p->instance_key, 0, sizeof(p->instance_key));
	kt_free(p);
	*pp = NULL;
}

struct kt_span
kt_program_hash(const struct kt_program *p)
{
	return kt_span_of(p->hash);
}

const struct kt_target *
kt_program_guard(const struct kt_program *p)
{
	return p->guard;
}

struct kt_span
kt_program_languages(const struct kt_program *p)
{
	return p->languages;
}

const struct kt_target *
kt_program_targets(const struct kt_program *p, size_t *n)
{
	*n = p->ntargets;
	return p->targets;
}

const struct kt_span *
kt_program_warnings(const struct kt_program *p, size_t *n)
{
	*n = p->nwarnings;
	return p->warnings;
}

/* ---- scratch ---- */

struct kt_scratch *
kt_scratch_new(const struct kt_program *p)
{
	struct kt_scratch *s = kt_alloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->program = p;
	kt_buf_init(&s->tally, KT_BODY_MAX);
	s->clean = kt_x_clean_new();
	if (s->clean == NULL ||
	    kt_audit_mac_init(&s->mac, p->instance_key, NULL) < 0 ||
	    (p->chain.detect != NULL &&
	        kt_detect_scratch_new(&s->detect, p->chain.detect, NULL) < 0))
		kt_scratch_free(&s);
	return s;
}

void
kt_scratch_free(struct kt_scratch **sp)
{
	struct kt_scratch *s = *sp;

	if (s == NULL)
		return;
	kt_x_free_spares(s);
	kt_free(s->segments);
	for (size_t i = 0; i < KT_ENCODINGS; i++)
		kt_tokenizer_free(&s->tokenizers[i]);
	kt_buf_fini(&s->tally);
	for (size_t i = 0; i < KT_X_SPARES_MAX; i++)
		kt_buf_fini(&s->spares[i]);
	kt_detect_scratch_free(&s->detect);
	kt_x_clean_free(&s->clean);
	kt_audit_mac_fini(&s->mac);
	kt_free(s);
	*sp = NULL;
}
