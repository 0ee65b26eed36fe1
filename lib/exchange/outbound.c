/*
 * outbound - the request as it goes up, to one target after the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What no edit touches is sent from the very bytes that came: the body of an
 * upstream request is a list of pieces of the client's body with the edits
 * between them, so a megabyte of conversation is never copied or written
 * again.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

#include <inttypes.h>

/* Tokens around a text that no byte of it shows: frames of tools. */
#define FRAME_TOKENS_MAX 512
#define HEADERS_ADDED_MAX 16

static bool
is_chat_format(enum kt_format f)
{
	return f == KT_FORMAT_ANTHROPIC || f == KT_FORMAT_OPENAI;
}

static enum kt_format
request_format(const struct kt_exchange *x)
{
	return kt_endpoint_format(x->surface.endpoint);
}

static bool
needs_translation(const struct kt_exchange *x, const struct kt_target *t)
{
	return t->provider != KT_PROVIDER_OFFLINE &&
	    is_chat_format(request_format(x)) &&
	    request_format(x) != t->format;
}

static bool
can_take(const struct kt_exchange *x, const struct kt_target *t)
{
	if (!t->is_available)
		return false;
	switch (x->surface.endpoint) {
	case KT_ENDPOINT_RESPONSES:
		return t->format == KT_FORMAT_OPENAI ||
		    t->provider == KT_PROVIDER_OFFLINE;
	case KT_ENDPOINT_COUNT_TOKENS: /* others have no such endpoint */
		return t->format == KT_FORMAT_ANTHROPIC;
	case KT_ENDPOINT_FILES:
		return t->format == x->client_format &&
		    t->provider != KT_PROVIDER_OFFLINE;
	default:
		return true;
	}
}

/* No token is less than a byte, so short requests need no counting. */
static bool
fits(struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_span model = t->model.len > 0 ? t->model : x->facts.model;

	if (t->max_context_tokens == 0 ||
	    x->body.len + FRAME_TOKENS_MAX <= t->max_context_tokens)
		return true;
	return kt_x_tally(x, KT_COUNT_ALL, kt_family_of(model)) &&
	    x->tally.sum.n <= t->max_context_tokens;
}

bool
kt_x_may_retry(const struct kt_exchange *x, unsigned status)
{
	uint32_t on = x->program->settings->providers.fallback.triggers;

	if (status == 429)
		return on & (1u << KT_CONFIG_ON_RATE_LIMIT);
	return status >= 500 && (on & (1u << KT_CONFIG_ON_SERVER_ERROR));
}

/* ---- the body ---- */

/* The client's body with all edits for this target. */
static enum kt_rc
collect_edits(struct kt_exchange *x, const struct kt_target *t,
    struct kt_x_edits *out)
{
	struct kt_buf b;
	struct kt_span model;
	enum kt_rc rc = kt_x_edits_merge(out, &x->edits, x->mem);

	if (rc == KT_OK && x->is_json && is_chat_format(request_format(x)))
		rc = kt_x_drop_old_messages(x, t, out);
	if (rc == KT_OK)
		rc = kt_x_unmark(x, t, out);
	if (rc < 0 || t->model.len == 0 || x->facts.model_node == 0 ||
	    needs_translation(x, t) || t->provider == KT_PROVIDER_OFFLINE)
		return rc;
	kt_buf_init(&b, KT_EVENT_MAX);
	rc = kt_json_write_string(&b, t->model);
	model = rc == KT_OK ? kt_arena_dup(x->mem, kt_buf_span(&b)) :
	    (struct kt_span){ 0 };
	kt_buf_fini(&b);
	if (model.ptr == NULL ||
	    kt_x_edit_add(out, x->mem, x->json.nodes[x->facts.model_node].start,
	        x->json.nodes[x->facts.model_node].end, model) < 0)
		return KT_E_LIMIT;
	kt_x_edits_sort(out);
	return KT_OK;
}

static enum kt_rc
one_piece(struct kt_exchange *x, struct kt_span text)
{
	x->pieces = kt_arena_array(x->mem, 1, sizeof(*x->pieces));
	if (x->pieces == NULL)
		return KT_E_LIMIT;
	x->pieces[0] = text;
	x->npieces = text.len > 0 ? 1 : 0;
	return KT_OK;
}

static enum kt_rc
cut_into_pieces(struct kt_exchange *x, const struct kt_x_edits *e)
{
	struct kt_span text = kt_buf_span(&x->body);
	size_t at = 0, n = 0;

	x->pieces = kt_arena_array(x->mem, 2 * e->n + 1, sizeof(*x->pieces));
	if (x->pieces == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < e->n; i++) {
		x->pieces[n++] = kt_span_sub(text, at, e->v[i].start - at);
		x->pieces[n++] = e->v[i].text;
		at = e->v[i].end;
	}
	x->pieces[n++] = kt_span_sub(text, at, text.len);
	x->npieces = n;
	return KT_OK;
}

/* The names lie in a body that is gone when the answer comes. */
static enum kt_rc
keep_tool_names(struct kt_exchange *x, struct kt_translation *t)
{
	struct kt_span *kept = kt_arena_array(
	    x->mem, t->ncustom_tools, sizeof(*kept));

	if (kept == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < t->ncustom_tools; i++)
		kept[i] = kt_arena_dup(x->mem, t->custom_tools[i]);
	t->custom_tools = kept;
	return kt_arena_is_full(x->mem) ? KT_E_LIMIT : KT_OK;
}

/* Changes nothing of x; KT_E_PARSE: it cannot be said to t, as err tells. */
static enum kt_rc
translate_to(struct kt_exchange *x, const struct kt_target *t,
    const struct kt_x_edits *e, struct kt_buf *out,
    struct kt_translation *translation, struct kt_err *err)
{
	struct kt_translate_options o = {
		.model = t->model,
		.api_version = t->anthropic_version.len ? t->anthropic_version :
		    KT_SPAN("2023-06-01"),
		.now_s = x->now_wall / 1000000,
	};
	struct kt_span text = kt_buf_span(&x->body);
	struct kt_json *json = &x->json, edited;
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	kt_buf_init(&b, 2 * KT_BODY_MAX);
	kt_json_init(&edited, 2 * KT_BODY_MAX);
	if (e->n > 0) {
		rc = kt_x_splice(text, e, &b);
		text = kt_buf_span(&b);
		if (rc == KT_OK)
			rc = kt_json_parse(&edited, text, err);
		json = &edited;
	}
	*translation = (struct kt_translation){
		.is_strict = kt_header_has_token(x->headers, x->nheaders,
		    KT_SPAN("x-kt-translation"), KT_SPAN("strict")),
	};
	if (rc == KT_OK)
		rc = kt_translate_request(request_format(x), t->format, json, text,
		    &o, x->mem, out, translation, err);
	if (rc == KT_OK)
		rc = keep_tool_names(x, translation);
	kt_json_fini(&edited);
	kt_buf_fini(&b);
	return rc;
}

static enum kt_rc
translate(struct kt_exchange *x, const struct kt_target *t,
    const struct kt_x_edits *e, struct kt_err *err)
{
	enum kt_rc rc;

	kt_buf_fini(&x->translated);
	kt_buf_init(&x->translated, 4 * (size_t)KT_BODY_MAX);
	rc = translate_to(x, t, e, &x->translated, &x->translation, err);
	return rc < 0 ? rc : one_piece(x, kt_buf_span(&x->translated));
}

/* Before an answer is given up for t. */
static bool
can_be_told(struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_translation translation;
	struct kt_x_edits edits = { 0 };
	struct kt_err err = { 0 };
	struct kt_buf b;
	enum kt_rc rc;

	if (!needs_translation(x, t))
		return true;
	kt_buf_init(&b, 4 * (size_t)KT_BODY_MAX);
	rc = collect_edits(x, t, &edits);
	if (rc == KT_OK)
		rc = translate_to(x, t, &edits, &b, &translation, &err);
	kt_buf_fini(&b);
	return rc == KT_OK;
}

/* ---- the head ---- */

/*
 * Whose credential goes up to t?  A client that brings its own means it for
 * the vendor whose words it speaks, or for the first target: not for another
 * vendor that a call fails over to, nor where the target has a key.
 */
static bool
takes_clients_credential(const struct kt_exchange *x, const struct kt_target *t)
{
	if (x->program->settings->auth.mode != KT_CONFIG_AUTH_PASSTHROUGH)
		return false;
	return !needs_translation(x, t) ||
	    (t->key.len == 0 &&
	        t->provider == x->program->targets[0].provider);
}

static bool
is_credential(const struct kt_exchange *x, struct kt_span name)
{
	static const struct kt_span known[] = {
		KT_SPAN_INIT("authorization"), KT_SPAN_INIT("x-api-key"),
		KT_SPAN_INIT("proxy-authorization"),
		KT_SPAN_INIT("x-amz-security-token"), KT_SPAN_INIT("x-amz-date"),
		KT_SPAN_INIT("x-goog-api-key"), KT_SPAN_INIT("api-key"),
		KT_SPAN_INIT("cookie"),
	};
	const struct kt_config_auth *auth = &x->program->settings->auth;

	for (size_t i = 0; i < KT_NELEMS(known); i++) {
		if (kt_span_caseeq(known[i], name))
			return true;
	}
	for (size_t i = 0; i < auth->headers.n; i++) {
		if (kt_span_caseeq(auth->headers.at[i], name))
			return true;
	}
	return false;
}

/* These belong to one hop, or are said anew. */
static bool
is_replaced(const struct kt_exchange *x, const struct kt_target *t,
    struct kt_span name, bool is_rewritten)
{
	static const struct kt_span always[] = {
		KT_SPAN_INIT("host"), KT_SPAN_INIT("content-length"),
		KT_SPAN_INIT("expect"), KT_SPAN_INIT("accept-encoding"),
		KT_SPAN_INIT("x-kt-translation"), KT_SPAN_INIT("te"),
	};

	for (size_t i = 0; i < KT_NELEMS(always); i++) {
		if (kt_span_caseeq(always[i], name))
			return true;
	}
	if (is_rewritten && kt_span_caseeq(name, KT_SPAN("content-encoding")))
		return true;
	for (size_t i = 0; i < t->nheaders; i++) {
		if (kt_span_caseeq(t->headers[i].key, name))
			return true;
	}
	if (kt_span_caseeq(name, KT_SPAN("anthropic-version")) &&
	    t->anthropic_version.len > 0)
		return true;
	if (!needs_translation(x, t))
		return false;
	return kt_span_caseeq(kt_span_sub(name, 0, 10), KT_SPAN("anthropic-")) ||
	    kt_span_caseeq(kt_span_sub(name, 0, 7), KT_SPAN("openai-"));
}

static enum kt_rc
write_head(struct kt_exchange *x, const struct kt_target *t,
    struct kt_order *o, bool is_rewritten)
{
	size_t room = x->nheaders + t->nheaders + HEADERS_ADDED_MAX, n = 0;
	struct kt_header *h = kt_arena_array(x->mem, room, sizeof(*h));
	bool has_version = false, is_theirs = takes_clients_credential(x, t);

	if (h == NULL)
		return KT_E_LIMIT;
	(void)kt_x_header_add(h, &n, room, KT_SPAN("Host"), t->host_header);
	for (size_t i = 0; i < x->nheaders; i++) {
		struct kt_span name = x->headers[i].name;

		if (kt_header_is_hop_by_hop(x->headers, x->nheaders, name) ||
		    (!is_theirs && (is_credential(x, name) ||
		        kt_span_caseeq(name, t->key_header))) ||
		    is_replaced(x, t, name, is_rewritten))
			continue;
		has_version |= kt_span_caseeq(name, KT_SPAN("anthropic-version"));
		(void)kt_x_header_add(h, &n, room, name, x->headers[i].value);
	}
	for (size_t i = 0; i < t->nheaders; i++) {
		has_version |= kt_span_caseeq(
		    t->headers[i].key, KT_SPAN("anthropic-version"));
		(void)kt_x_header_add(
		    h, &n, room, t->headers[i].key, t->headers[i].value);
	}
	if (t->format == KT_FORMAT_ANTHROPIC && !has_version)
		(void)kt_x_header_add(h, &n, room, KT_SPAN("anthropic-version"),
		    t->anthropic_version.len ? t->anthropic_version :
		    KT_SPAN("2023-06-01"));
	if (t->key.len > 0 && !is_theirs) { /* once, and ours */
		struct kt_span value = kt_arena_join(x->mem,
		    (const struct kt_span[]){ t->key_prefix, t->key }, 2);

		if (value.ptr == NULL)
			return KT_E_LIMIT;
		(void)kt_x_header_add(h, &n, room, t->key_header, value);
	}
	(void)kt_x_header_add(h, &n, room, KT_SPAN("Accept-Encoding"),
	    KT_SPAN("identity"));
	o->headers = h;
	o->nheaders = n;
	return KT_OK;
}

static struct kt_span
write_path(struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_span path[] = { t->base_path, x->surface.root,
		x->surface.path, x->surface.query };

	if (!needs_translation(x, t))
		return kt_arena_join(x->mem, path, KT_NELEMS(path));
	path[1] = t->format == KT_FORMAT_OPENAI ?
	    KT_SPAN("/v1/chat/completions") :
	    x->surface.endpoint == KT_ENDPOINT_COUNT_TOKENS ?
	    KT_SPAN("/v1/messages/count_tokens") : KT_SPAN("/v1/messages");
	return kt_arena_join(x->mem, path, 2);
}

/* ---- answers of kt's own ---- */

static void
answer_json(struct kt_exchange *x, struct kt_buf *b, enum kt_rc rc)
{
	bool is_count = x->surface.endpoint == KT_ENDPOINT_COUNT_TOKENS;
	struct kt_header *h = kt_arena_array(x->mem, 3, sizeof(*h));
	size_t n = 0;

	x->final_body = rc == KT_OK ? kt_arena_dup(x->mem, kt_buf_span(b)) :
	    (struct kt_span){ 0 };
	kt_buf_fini(b);
	if (x->final_body.ptr == NULL || h == NULL) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	(void)kt_x_header_add(
	    h, &n, 3, KT_SPAN("content-type"), KT_SPAN("application/json"));
	if (x->is_offline)
		(void)kt_x_header_add(
		    h, &n, 3, KT_SPAN("kt-offline"), KT_SPAN("true"));
	if (is_count)
		(void)kt_x_header_add(h, &n, 3, KT_SPAN("kt-estimate"),
		    x->tally.is_exact ? KT_SPAN("false") : KT_SPAN("true"));
	x->answer_headers = h;
	x->nanswer_headers = n;
	x->status = 200;
	x->outcome = KT_AUDIT_OK;
	kt_x_record(x);
}

/* Is it this model?  A path may have any byte as %XX, such as a slash. */
static bool
is_named(struct kt_span item, struct kt_span model)
{
	for (size_t i = 0; i < model.len; i++) {
		char c = item.len > 0 ? item.ptr[0] : '\0';
		size_t n = c == '%' ? 3 : 1;

		if (item.len < n ||
		    (c == '%' && !kt_unhex(kt_span_sub(item, 1, 2), &c, 1)) ||
		    c != model.ptr[i])
			return false;
		item = kt_span_sub(item, n, item.len);
	}
	return item.len == 0;
}

static bool
is_listed(const struct kt_model_entry *m, size_t n, struct kt_span id)
{
	for (size_t i = 0; i < n; i++) {
		if (kt_span_eq(m[i].id, id))
			return true;
	}
	return false;
}

/* Models that the configuration names, or a few that clients know. */
static void
answer_models(struct kt_exchange *x)
{
	static const struct kt_span usual[] = {
		KT_SPAN_INIT("claude-opus-4-8"), KT_SPAN_INIT("claude-sonnet-5"),
		KT_SPAN_INIT("claude-haiku-4-5"),
	};
	struct kt_model_entry m[64];
	size_t n = 0;
	struct kt_buf b;
	enum kt_rc rc;

	for (size_t i = 0; i < x->program->ntargets && n < KT_NELEMS(m); i++) {
		const struct kt_target *t = &x->program->targets[i];

		if (t->is_available && t->model.len > 0 &&
		    !is_listed(m, n, t->model))
			m[n++] = (struct kt_model_entry){ t->model, t->model };
	}
	for (size_t i = 0; n == 0 || (i > 0 && i < KT_NELEMS(usual)); i++)
		m[n++] = (struct kt_model_entry){ usual[i], usual[i] };
	kt_buf_init(&b, KT_EVENT_MAX);
	if (x->surface.item.len == 0) {
		rc = kt_speak_models(x->client_format, m, n, &b);
		answer_json(x, &b, rc);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_named(x->surface.item, m[i].id)) {
			rc = kt_speak_model(x->client_format, &m[i], &b);
			answer_json(x, &b, rc);
			return;
		}
	}
	kt_buf_fini(&b);
	kt_x_refuse(x, KT_REASON_ROUTE_UNKNOWN, NULL, "no such model");
}

/* What the first target that takes a message would be asked for. */
static struct kt_span
counted_model(const struct kt_exchange *x)
{
	for (size_t i = 0; i < x->program->ntargets; i++) {
		const struct kt_target *t = &x->program->targets[i];

		if (t->is_available && t->model.len > 0)
			return t->model;
		if (t->is_available)
			break;
	}
	return x->facts.model;
}

/*
 * No target has such an endpoint: counted here, and the answer says so.  An
 * estimate is as far off as those of this model were so far.
 */
static void
answer_count(struct kt_exchange *x)
{
	struct kt_span model = counted_model(x);
	uint64_t permille = 1000;
	struct kt_buf b;
	enum kt_rc rc = KT_E_LIMIT;

	kt_buf_init(&b, 64);
	if (kt_x_tally(x, KT_COUNT_ALL, kt_family_of(model))) {
		if (!x->tally.is_exact && x->drift != NULL)
			permille = kt_drift_permille(x->drift, model);
		rc = kt_buf_printf(&b, "{\"input_tokens\":%" PRIu64 "}",
		    (x->tally.sum.n * permille + 500) / 1000);
	}
	answer_json(x, &b, rc);
}

static void
answer_offline(struct kt_exchange *x)
{
	struct kt_json edited, *j = &x->json;
	struct kt_request_facts facts = x->facts;
	struct kt_span text = kt_buf_span(&x->body);
	struct kt_err err = { 0 };
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	kt_json_init(&edited, 2 * KT_BODY_MAX);
	kt_buf_init(&b, 2 * KT_BODY_MAX);
	kt_buf_init(&x->offline, KT_ANSWER_MAX);
	if (x->edits.n > 0) {
		rc = kt_x_splice(text, &x->edits, &b);
		text = kt_buf_span(&b);
		j = &edited;
		if (rc == KT_OK)
			rc = kt_json_parse(&edited, text, &err);
		if (rc == KT_OK)
			rc = kt_request_facts(
			    x->surface.endpoint, j, text, &facts, &err);
	}
	if (rc == KT_OK)
		rc = kt_offline_answer(
		    x->surface.endpoint, j, text, &facts, &x->offline, &err);
	kt_json_fini(&edited);
	kt_buf_fini(&b);
	if (rc < 0) {
		kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL, "%s", err.text);
		return;
	}
	x->is_upstream_sent = x->has_offline = true;
}

/* ---- attempts ---- */

/* False: it cannot be said to t. */
static bool
send_to(struct kt_exchange *x, const struct kt_target *t)
{
	struct kt_x_edits edits = { 0 };
	struct kt_err err = { 0 };
	bool is_piped = x->surface.endpoint == KT_ENDPOINT_FILES &&
	    !x->is_request_complete;
	struct kt_order *o;
	enum kt_rc rc;

	x->is_translated = needs_translation(x, t);
	rc = collect_edits(x, t, &edits);
	if (rc == KT_OK && x->is_translated)
		rc = translate(x, t, &edits, &err);
	else if (rc == KT_OK && edits.n > 0)
		rc = cut_into_pieces(x, &edits);
	else if (rc == KT_OK)
		rc = one_piece(x, kt_buf_span(x->is_encoded ? &x->wire : &x->body));
	if (rc == KT_E_PARSE) {
		x->untold = kt_arena_printf(x->mem, "%s", err.text);
		return false;
	}
	o = kt_x_order(x, KT_ORDER_UPSTREAM);
	o->target = t;
	o->method = x->method;
	o->path = write_path(x, t);
	if (rc < 0 || o->path.ptr == NULL ||
	    write_head(x, t, o, x->is_translated || edits.n > 0) < 0) {
		x->norders--; /* nothing goes up half-made */
		kt_x_fail(x, KT_E_LIMIT);
		return true;
	}
	o->pieces = x->pieces;
	o->npieces = x->npieces;
	for (size_t i = 0; i < x->npieces; i++)
		o->length += x->pieces[i].len;
	if (!is_piped)
		kt_x_commit_pieces(x);
	if (is_piped && !kt_span_u64(
	        kt_x_header(x, KT_SPAN("content-length")), &o->length))
		o->length = KT_LENGTH_CHUNKED;
	x->is_upstream_open = true;
	x->is_upstream_sent = false;
	x->phase = KT_X_ATTEMPT;
	return true;
}

/* The next target that can take this call, or NULL. */
static const struct kt_target *
next_target(struct kt_exchange *x)
{
	int64_t most = x->program->settings->providers.fallback.max_attempts;

	if (x->nattempts == KT_NELEMS(x->attempts) ||
	    (most > 0 && x->nattempts >= (size_t)most))
		return NULL;
	for (size_t i = x->next_target; i < x->program->ntargets; i++) {
		const struct kt_target *t = &x->program->targets[i];

		/* Nothing fails over to a model that is none. */
		if (can_take(x, t) && kt_x_admits(x, t) && fits(x, t) &&
		    (x->nattempts == 0 || t->provider != KT_PROVIDER_OFFLINE))
			return t;
	}
	return NULL;
}

/* Passes over those that it cannot be said to, once and for all. */
bool
kt_x_has_next(struct kt_exchange *x)
{
	const struct kt_target *t;

	while ((t = next_target(x)) != NULL && x->nattempts > 0 &&
	    !can_be_told(x, t))
		x->next_target = t->index + 1;
	return t != NULL;
}

static void
begin_attempt(struct kt_exchange *x, const struct kt_target *t)
{
	x->next_target = t->index + 1;
	x->target = t;
	x->tls_version = x->tls_spki = (struct kt_span){ 0 };
	x->translation = (struct kt_translation){ 0 };
	x->attempts[x->nattempts++] =
	    (struct kt_audit_attempt){ .target = t->id };
	x->attempt_us = x->asked_us = x->last_byte_mono = x->now_mono;
	x->upstream_status = 0;
}

/* A target that the call cannot be said to is none. */
bool
kt_x_try_next(struct kt_exchange *x)
{
	const struct kt_target *t;

	while ((t = next_target(x)) != NULL) {
		begin_attempt(x, t);
		if (t->provider == KT_PROVIDER_OFFLINE || send_to(x, t))
			break;
		x->nattempts--;
	}
	if (t == NULL)
		return false;
	kt_x_note_target(x, t);
	x->keeps_nothing |= t->keeps_nothing;
	if (t->provider != KT_PROVIDER_OFFLINE)
		return true;
	x->is_offline = true;
	if (x->surface.endpoint == KT_ENDPOINT_MODELS)
		answer_models(x);
	else
		answer_offline(x);
	return true;
}

static bool
any_takes(const struct kt_exchange *x)
{
	for (size_t i = 0; i < x->program->ntargets; i++) {
		if (can_take(x, &x->program->targets[i]))
			return true;
	}
	return false;
}

static bool
any_admits(const struct kt_exchange *x)
{
	for (size_t i = 0; i < x->program->ntargets; i++) {
		const struct kt_target *t = &x->program->targets[i];

		if (t->is_available && kt_x_admits(x, t))
			return true;
	}
	return false;
}

/* A native target is asked for its models; others are told from here. */
static bool
is_native(const struct kt_exchange *x)
{
	for (size_t i = 0; i < x->program->ntargets; i++) {
		const struct kt_target *t = &x->program->targets[i];

		if (t->is_available)
			return t->format == x->client_format ||
			    t->provider == KT_PROVIDER_OFFLINE;
	}
	return false;
}

/* Some policy keeps it from the targets that there are: it was refused. */
static bool
refuse_by_policy(struct kt_exchange *x)
{
	const struct kt_policy *by = NULL;
	enum kt_reason why = kt_x_why_nowhere(x, &by);

	if (why == KT_REASON_NONE)
		return false;
	kt_x_note(&x->request_verdict, KT_ACTION_BLOCK, why, by);
	kt_x_refuse(x, why, by, NULL);
	return true;
}

/* To the first target that takes it. */
static void
go_up(struct kt_exchange *x)
{
	if (kt_x_try_next(x)) {
		if (x->is_opened && x->surface.endpoint == KT_ENDPOINT_FILES)
			(void)kt_x_order(x, KT_ORDER_REQUEST_RESUME);
		return;
	}
	if (x->untold.len > 0) {
		kt_x_refuse(x, KT_REASON_ROUTE_TRANSLATION, NULL, "%.*s",
		    KT_SPAN_ARG(x->untold));
		return;
	}
	if (refuse_by_policy(x))
		return;
	if (any_takes(x))
		kt_x_refuse(x, KT_REASON_ROUTE_CONTEXT, NULL, NULL);
	else
		kt_x_refuse(x, KT_REASON_ROUTE_NO_TARGET, NULL, NULL);
}

/* Where something is to go that has to be on disk before; or NULL. */
static const struct kt_target *
wants_open(struct kt_exchange *x)
{
	const struct kt_config_audit *audit = &x->program->audit;
	const struct kt_target *t;

	if (audit->durability != KT_CONFIG_STRICT &&
	    (audit->strict_classes & x->request_verdict.classes) == 0)
		return NULL;
	t = next_target(x);
	return t == NULL || t->provider == KT_PROVIDER_OFFLINE ? NULL : t;
}

void
kt_x_opened(struct kt_exchange *x, bool is_ok)
{
	x->is_opened = true;
	x->phase = KT_X_INSPECT;
	if (x->surface.endpoint == KT_ENDPOINT_FILES && x->is_request_complete)
		kt_x_upload_digest(x);
	if (x->is_client_gone) {
		x->outcome = KT_AUDIT_CLIENT_ABORT;
		kt_x_record(x);
	} else if (!is_ok && x->program->audit.on_failure == 0) {
		kt_x_refuse(x, KT_REASON_GATEWAY_AUDIT, NULL, NULL);
	} else if (x->is_error) { /* not all of a file could be kept */
		kt_x_fail(x, KT_E_LIMIT);
	} else {
		go_up(x);
	}
}

void
kt_x_dispatch(struct kt_exchange *x)
{
	const struct kt_target *t;

	x->is_call = true;
	if (x->surface.endpoint == KT_ENDPOINT_MODELS && !is_native(x)) {
		answer_models(x);
		return;
	}
	if (x->surface.endpoint == KT_ENDPOINT_COUNT_TOKENS &&
	    !kt_x_has_next(x)) {
		/* Where the message itself might go, it is counted here. */
		if (any_admits(x) || !refuse_by_policy(x))
			answer_count(x);
		return;
	}
	t = wants_open(x);
	if (t == NULL) {
		go_up(x);
		return;
	}
	if (x->surface.endpoint == KT_ENDPOINT_FILES)
		(void)kt_x_order(x, KT_ORDER_REQUEST_PAUSE);
	kt_x_record_open(x, t);
}
