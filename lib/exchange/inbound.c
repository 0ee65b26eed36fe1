/*
 * inbound - from the request head to a verdict on the request.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Order: head, route, caller, encoding, body, inspection.  Each step can
 * refuse, and none of the later ones runs after a refusal.
 */
#include "exchange/exchange_priv.h"

/* Room for a body that was announced, as a multiple of what came. */
#define AHEAD ((size_t)8)
#define SPARE_AHEAD (2 * AHEAD) /* of one that is there already */

/* Which shape a client reads that asks for something without a format. */
static enum kt_format
format_of_client(const struct kt_exchange *x)
{
	enum kt_format f = kt_endpoint_format(x->surface.endpoint);

	if (f != KT_FORMAT_NONE)
		return f;
	return kt_x_header(x, KT_SPAN("anthropic-version")).ptr != NULL ||
	        kt_x_header(x, KT_SPAN("x-api-key")).ptr != NULL ||
	        kt_span_starts(kt_x_header(x, KT_SPAN("user-agent")),
	            KT_SPAN("claude")) ?
	    KT_FORMAT_ANTHROPIC : KT_FORMAT_OPENAI;
}

static bool
is_chat(enum kt_endpoint e)
{
	return kt_endpoint_format(e) != KT_FORMAT_NONE;
}

static bool
is_local(enum kt_endpoint e)
{
	return e == KT_ENDPOINT_HELLO || e == KT_ENDPOINT_HEALTH;
}

/* ---- callers ---- */

static uint32_t
scope_of(enum kt_endpoint e)
{
	switch (e) {
	case KT_ENDPOINT_MESSAGES:
		return KT_AUTH_MESSAGES;
	case KT_ENDPOINT_COUNT_TOKENS:
		return KT_AUTH_COUNT_TOKENS;
	case KT_ENDPOINT_COMPLETIONS:
		return KT_AUTH_COMPLETIONS;
	case KT_ENDPOINT_RESPONSES:
		return KT_AUTH_RESPONSES;
	case KT_ENDPOINT_MODELS:
		return KT_AUTH_MODELS;
	case KT_ENDPOINT_FILES:
		return KT_AUTH_FILES;
	case KT_ENDPOINT_PASSTHROUGH:
	case KT_ENDPOINT_DETECT:
		/* What kt does not know needs all that a chat client has. */
		return KT_AUTH_CHAT;
	case KT_ENDPOINT_NONE:
	case KT_ENDPOINT_DENY:
	case KT_ENDPOINT_HELLO:
	case KT_ENDPOINT_HEALTH:
	case KT_NENDPOINTS:
		break;
	}
	return 0;
}

static struct kt_span
without_bearer(struct kt_span value)
{
	struct kt_span word = KT_SPAN("bearer ");

	if (kt_span_caseeq(kt_span_sub(value, 0, word.len), word))
		return kt_span_trim(kt_span_sub(value, word.len, value.len));
	return value;
}

static const struct kt_config_group *
group_named(const struct kt_exchange *x, struct kt_span name)
{
	const struct kt_config_items *all =
	    &x->program->settings->consumer_groups;
	const struct kt_config_group *g = all->at;

	for (size_t i = 0; i < all->n; i++) {
		if (name.len > 0 && kt_span_eq(g[i].name, name))
			return &g[i];
	}
	return NULL;
}

/* Any configured header may carry the token; a client's dummy may stand in
 * another one. */
static void
check_tokens(struct kt_exchange *x)
{
	const struct kt_config_strings *names = &x->program->settings->auth.headers;
	uint64_t now_s = x->now_wall / 1000000;

	for (size_t i = 0; i < x->nheaders; i++) {
		struct kt_auth_result r = { 0 };

		for (size_t k = 0; k < names->n; k++) {
			if (kt_span_caseeq(names->at[k], x->headers[i].name) &&
			    x->program->tokens != NULL)
				kt_auth_check(x->program->tokens,
				    without_bearer(x->headers[i].value), now_s, &r);
		}
		if (r.verdict != KT_AUTH_VALID)
			continue;
		x->caller.id = r.token->principal;
		x->caller.kind = kt_span_of(kt_auth_kinds[r.token->kind]);
		x->caller.token_id = r.token->id;
		x->caller.group = r.token->group;
		if ((r.token->scopes & scope_of(x->surface.endpoint)) !=
		    scope_of(x->surface.endpoint))
			kt_x_refuse(x, KT_REASON_GATEWAY_SCOPE, NULL, "%s",
			    kt_endpoint_name(x->surface.endpoint));
		return;
	}
	kt_x_refuse(x, KT_REASON_GATEWAY_AUTH, NULL, NULL);
}

/* Who has a name gets a secret; it is stored before the record is. */
static void
find_subject(struct kt_exchange *x)
{
	uint8_t secret[KT_AUDIT_HASH];

	if (x->subjects == NULL ||
	    kt_span_eq(x->caller.id, KT_SPAN("anonymous")))
		return;
	x->subject = kt_audit_subject_find(x->subjects, x->caller.id);
	if (x->subject != NULL)
		return;
	kt_audit_salt(x->seed, KT_SPAN(""), KT_SPAN("subject"), secret);
	x->subject = kt_audit_subject_add(x->subjects, x->caller.id, secret);
	if (x->subject == NULL)
		kt_x_fail(x, KT_E_LIMIT);
}

static void
check_caller(struct kt_exchange *x)
{
	static const struct kt_span words[] = {
		[KT_CONFIG_AUTH_NONE] = KT_SPAN_INIT("none"),
		[KT_CONFIG_AUTH_PASSTHROUGH] = KT_SPAN_INIT("passthrough"),
		[KT_CONFIG_AUTH_TOKENS] = KT_SPAN_INIT("token"),
		[KT_CONFIG_AUTH_JWT] = KT_SPAN_INIT("jwt"),
	};
	int mode = x->program->settings->auth.mode;

	if (x->known != NULL) {
		x->caller = *x->known;
		x->group = group_named(x, x->caller.group);
		if (x->caller.id.len == 0)
			kt_x_refuse(x, KT_REASON_GATEWAY_AUTH, NULL, NULL);
		else if (x->caller.lacks_scope)
			kt_x_refuse(x, KT_REASON_GATEWAY_SCOPE, NULL, "%s",
			    kt_endpoint_name(x->surface.endpoint));
		return;
	}
	x->caller.auth_method = words[mode];
	x->caller.id = x->peer.certificate.len > 0 ? x->peer.certificate :
	    KT_SPAN("anonymous");
	x->caller.kind = KT_SPAN("unknown");
	if (mode == KT_CONFIG_AUTH_TOKENS) {
		check_tokens(x);
		x->group = group_named(x, x->caller.group);
	}
	else if (mode != KT_CONFIG_AUTH_NONE &&
	    mode != KT_CONFIG_AUTH_PASSTHROUGH)
		kt_x_refuse(x, KT_REASON_GATEWAY_AUTH, NULL, NULL);
	if (x->phase == KT_X_HEAD)
		find_subject(x);
}

/* ---- roles ---- */

static void
ask_roles(struct kt_exchange *x, const struct kt_member *who)
{
	const struct kt_chain *chain = &x->program->chain;

	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		enum kt_reason r = KT_REASON_NONE;

		if (p->kind->permit != NULL)
			r = p->kind->permit(p, who);
		if (r != KT_REASON_NONE)
			(void)kt_x_note_wish(
			    x, &x->request_verdict, KT_ACTION_BLOCK, r, p);
	}
}

static bool
has_roles(const struct kt_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		if (chain->policies[i].kind->permit != NULL)
			return true;
	}
	return false;
}

/* Of every model that the body, once it is read, names. */
static enum kt_rc
ask_models(struct kt_exchange *x)
{
	enum kt_format format = kt_endpoint_format(x->surface.endpoint);
	struct kt_member who = kt_x_member(x);
	struct kt_span text = kt_buf_span(&x->body);
	uint32_t n = 0;

	while ((n = kt_request_next_model(format, &x->json, text, n)) != 0) {
		if (kt_json_unescape(kt_json_string(&x->json, text, n), x->turn,
		        &who.model, NULL) < 0)
			return KT_E_LIMIT;
		ask_roles(x, &who);
	}
	return KT_OK;
}

/* May this caller come here, with what is known of the request by now?
   False: it was refused. */
static bool
check_roles(struct kt_exchange *x)
{
	const struct kt_member who = kt_x_member(x);
	struct kt_x_verdict *v = &x->request_verdict;

	if (!has_roles(&x->program->chain))
		return true;
	ask_roles(x, &who);
	if (x->is_call && x->is_json && ask_models(x) < 0) {
		kt_x_fail(x, KT_E_LIMIT);
		return false;
	}
	if (v->action != KT_ACTION_BLOCK)
		return true;
	kt_x_refuse(x, v->reason, v->policy, NULL);
	return false;
}

/* ---- the head ---- */

static void
answer_here(struct kt_exchange *x)
{
	bool is_health = x->surface.endpoint == KT_ENDPOINT_HEALTH;
	struct kt_header *h = kt_arena_array(x->mem, 1, sizeof(*h));
	size_t n = 0;

	x->status = is_health && !x->is_audit_up ? 503 : 200;
	if (is_health)
		x->final_body = x->is_audit_up ? KT_SPAN("{\"status\":\"ok\"}\n") :
		    KT_SPAN("{\"status\":\"audit_unavailable\"}\n");
	if (h != NULL && is_health)
		(void)kt_x_header_add(h, &n, 1, KT_SPAN("content-type"),
		    KT_SPAN("application/json"));
	x->answer_headers = h;
	x->nanswer_headers = n;
	kt_x_answer_head(x, x->status, x->final_body.len);
	kt_x_out(x, x->final_body);
	(void)kt_x_order(x, KT_ORDER_ANSWER_END);
	x->decision = KT_ACTION_IGNORE;
	x->outcome = KT_AUDIT_OK;
	kt_x_end(x);
}

static bool
begin_hash(struct kt_exchange *x)
{
	if (kt_audit_hash_init(&x->hash, NULL) < 0)
		return false;
	x->has_hash = true;
	kt_x_commit_begin(x, KT_SPAN("request"));
	return true;
}

static bool
check_encoding(struct kt_exchange *x)
{
	const struct kt_span name = KT_SPAN("content-encoding");
	struct kt_span e = kt_span_trim(kt_x_header(x, name));
	size_t times = 0;

	for (size_t i = 0; i < x->nheaders; i++)
		times += kt_span_caseeq(x->headers[i].name, name);
	x->is_encoded = times > 1 ||
	    (e.len > 0 && !kt_span_caseeq(e, KT_SPAN("identity")));
	if (!x->is_encoded)
		return true;
	/* Said twice: we might undo less than the other side does. */
	return times == 1 && (kt_span_caseeq(e, KT_SPAN("gzip")) ||
	    kt_span_caseeq(e, KT_SPAN("deflate")));
}

static uint64_t
body_limit(const struct kt_exchange *x)
{
	const struct kt_config_gateway *g = &x->program->settings->gateway;

	return (uint64_t)(x->surface.endpoint == KT_ENDPOINT_FILES ?
	        g->max_file_bytes : g->max_body_bytes);
}

static void
prepare_body(struct kt_exchange *x)
{
	uint64_t length = 0, limit = body_limit(x);

	if (!check_encoding(x)) {
		kt_x_refuse(x, KT_REASON_GATEWAY_ENCODING, NULL, NULL);
		return;
	}
	if (kt_span_u64(kt_x_header(x, KT_SPAN("content-length")), &length) &&
	    length > limit) {
		kt_x_refuse(x, KT_REASON_GATEWAY_TOO_LARGE, NULL,
		    "at most %llu bytes", (unsigned long long)limit);
		return;
	}
	kt_buf_init(&x->body, limit < KT_BODY_MAX ? limit : KT_BODY_MAX);
	kt_buf_init(&x->wire, limit < KT_BODY_MAX ? limit : KT_BODY_MAX);
	kt_json_init(&x->json, KT_BODY_MAX);
	kt_x_seed_json(x, &x->json);
	x->is_json = true;
	x->phase = KT_X_UPLOAD;
	if (!begin_hash(x))
		kt_x_fail(x, KT_E_LIMIT);
	else if (x->surface.endpoint == KT_ENDPOINT_FILES && check_roles(x))
		kt_x_upload_begin(x); /* may go up before its end is here */
}

static bool
is_answered_here(const struct kt_exchange *x)
{
	return is_local(x->surface.endpoint) && x->surface.is_method_ok &&
	    x->surface.project.len == 0;
}

static void
check_route(struct kt_exchange *x)
{
	const struct kt_surface *to = &x->surface;

	if (to->endpoint == KT_ENDPOINT_NONE)
		kt_x_refuse(x, KT_REASON_ROUTE_UNKNOWN, NULL, to->is_unclear ?
		    "others would read it as another path" : NULL);
	else if (to->project.len > 0)
		/* A project has policies of its own; without them it is not
		 * served at all. */
		kt_x_refuse(x, KT_REASON_ROUTE_UNKNOWN, NULL,
		    "no project is served");
	else if (!to->is_method_ok)
		kt_x_refuse(x, KT_REASON_ROUTE_METHOD, NULL, NULL);
	else if (to->endpoint == KT_ENDPOINT_DENY)
		kt_x_refuse(x, KT_REASON_ROUTE_DENIED, NULL, NULL);
}

void
kt_x_request_head(struct kt_exchange *x, const struct kt_event *ev)
{
	bool may_be_lost = x->program->audit.on_failure != 0;

	x->method = kt_arena_dup(x->mem, ev->method);
	x->target_text = kt_arena_dup(x->mem, ev->target);
	x->is_request_complete = !ev->has_body;
	x->client_format = KT_FORMAT_ANTHROPIC;
	x->is_head_only = kt_span_eq(ev->method, KT_SPAN("HEAD"));
	if (x->method.ptr == NULL || x->target_text.ptr == NULL ||
	    !kt_x_keep_headers(x, ev->headers, ev->nheaders, &x->headers)) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	x->nheaders = ev->nheaders;
	kt_surface(&x->surface, x->method, x->target_text, x->program->routes,
	    x->program->nroutes);
	x->client_format = format_of_client(x);
	if (is_answered_here(x)) {
		answer_here(x);
	} else if (!x->is_audit_up && !may_be_lost) {
		kt_x_refuse(x, KT_REASON_GATEWAY_AUDIT, NULL, NULL);
	} else {
		/* Who asks comes first: a stranger learns of no path. */
		check_caller(x);
		if (x->phase == KT_X_HEAD)
			check_route(x);
		if (x->phase == KT_X_HEAD)
			prepare_body(x);
	}
}

/* ---- the body ---- */

static void
refuse_json(struct kt_exchange *x)
{
	if (x->json_rc == KT_E_LIMIT)
		kt_x_refuse(x, KT_REASON_GATEWAY_TOO_LARGE, NULL, "%s",
		    x->json_err.text);
	else
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL, "%s",
		    x->json_err.text);
}

/* Reads on in the index; a passthrough body need not be JSON. */
static bool
index_more(struct kt_exchange *x, bool is_end)
{
	struct kt_span text = kt_buf_span(&x->body);

	if (!x->is_json)
		return true;
	x->json_rc = is_end ? kt_json_end(&x->json, text, &x->json_err) :
	    kt_json_feed(&x->json, text, &x->json_err);
	if (x->json_rc == KT_OK)
		return true;
	if (!is_chat(x->surface.endpoint) && x->json_rc == KT_E_PARSE &&
	    !kt_span_starts(kt_x_header(x, KT_SPAN("content-type")),
	        KT_SPAN("application/json"))) {
		x->is_json = false;
		return true;
	}
	refuse_json(x);
	return false;
}

/*
 * Adds to the body.  A length that was announced saves copies, but only in
 * proportion to what came: whoever announces much and sends little does not
 * get the budget of others.
 */
static enum kt_rc
add_body(struct kt_exchange *x, struct kt_buf *to, struct kt_span bytes)
{
	size_t len = to->len + bytes.len;
	uint64_t announced;

	if (len > to->cap && kt_span_u64(
	        kt_x_header(x, KT_SPAN("content-length")), &announced) &&
	    announced > len) {
		size_t ahead = announced < AHEAD * len ? (size_t)announced :
		    AHEAD * len;

		if (ahead > to->limit)
			return kt_buf_add(to, bytes);
		kt_x_spare_take(x->scratch, to, ahead, SPARE_AHEAD * len);
		if (kt_buf_reserve(to, ahead - to->len) < 0)
			return KT_E_LIMIT;
	}
	return kt_buf_add(to, bytes);
}

void
kt_x_request_body(struct kt_exchange *x, struct kt_span bytes)
{
	struct kt_buf *to = x->is_encoded ? &x->wire : &x->body;

	if (x->phase == KT_X_RECORDING || x->phase == KT_X_DONE)
		return; /* refused; the rest is not read */
	x->bytes_in += bytes.len;
	if (x->has_hash)
		kt_audit_hash_add(&x->hash, bytes);
	if (x->surface.endpoint == KT_ENDPOINT_FILES) {
		kt_x_upload_body(x, bytes);
		return;
	}
	if (x->phase != KT_X_UPLOAD)
		return;
	if (add_body(x, to, bytes) < 0) {
		kt_x_refuse(x, KT_REASON_GATEWAY_TOO_LARGE, NULL,
		    "at most %zu bytes", to->limit);
		return;
	}
	if (!x->is_encoded && !index_more(x, false))
		return;
	if (!kt_x_charge(x))
		kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
}

/* Its name, however it is spelled in JSON; the body may be gone when the
   record is written. */
static bool
keep_model(struct kt_exchange *x)
{
	struct kt_span raw = x->facts.model, name;

	if (raw.len == 0)
		return true;
	if (kt_json_unescape(raw, x->mem, &name, NULL) < 0)
		return false;
	x->facts.model = name.ptr == raw.ptr ? kt_arena_dup(x->mem, raw) : name;
	return x->facts.model.ptr != NULL;
}

/* The body as JSON, or known to be none.  False: it was refused. */
static bool
read_body(struct kt_exchange *x)
{
	if (x->bytes_in == 0 && !is_chat(x->surface.endpoint)) {
		x->is_json = false; /* a GET */
		return true;
	}
	if (!kt_x_decode_body(x) || !index_more(x, true))
		return false;
	if (kt_x_charge(x))
		return true;
	kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
	return false;
}

/* What does it ask for? */
static bool
read_facts(struct kt_exchange *x)
{
	struct kt_err err = { 0 };

	if (kt_request_facts(x->surface.endpoint, &x->json,
	        kt_buf_span(&x->body), &x->facts, &err) < 0) {
		kt_x_refuse(x, KT_REASON_GATEWAY_MALFORMED, NULL, "%s", err.text);
		return false;
	}
	if (kt_x_read_cached(x) < 0 || !keep_model(x)) {
		kt_x_fail(x, KT_E_LIMIT);
		return false;
	}
	return true;
}

/* The body is complete: may it be asked, and what is there to inspect? */
static bool
read_request(struct kt_exchange *x)
{
	kt_x_commit_end(x, x->request_commit);
	if (!read_body(x) || (x->is_json && !read_facts(x)))
		return false;
	x->is_call = true;
	if (!check_roles(x))
		return false;
	if (!x->is_json) {
		if (x->bytes_in > 0)
			(void)kt_x_note_uninspectable(
			    x, &x->request_verdict, KT_COMPONENT_MESSAGES);
		return true;
	}
	kt_x_inspect_begin(x, kt_endpoint_format(x->surface.endpoint),
	    KT_REQUEST, &x->json, kt_buf_span(&x->body));
	x->inspection.measures.messages = x->facts.nmessages;
	x->inspection.measures.tools = x->facts.ntools;
	return true;
}

/* What policies add, between what they took away: nothing is lost by it. */
static bool
decorate(struct kt_exchange *x)
{
	const struct kt_chain *chain = &x->program->chain;

	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		bool watches = p->common->mode == KT_CONFIG_MONITOR;
		struct kt_edit e[64];
		size_t n = 0;

		if (p->kind->decorate == NULL || !is_chat(x->surface.endpoint))
			continue;
		if (p->kind->decorate(p, kt_endpoint_format(x->surface.endpoint),
		        &x->json, kt_buf_span(&x->body), x->mem, e,
		        KT_NELEMS(e), &n) < 0)
			return false;
		if (n > 0)
			kt_x_note_rule(&x->request_verdict,
			    watches ? KT_ACTION_IGNORE : KT_ACTION_FLAG,
			    KT_ACTION_FLAG, KT_REASON_PROMPT_TEXT, p,
			    (struct kt_span){ 0 });
		for (size_t k = 0; k < n && !watches; k++) {
			if (kt_x_edit_add(&x->edits, x->mem, e[k].start, e[k].end,
			        e[k].text) < 0)
				return false;
		}
	}
	kt_x_edits_sort(&x->edits);
	return true;
}

/* For durations only: what is decided does not depend on it. */
static uint64_t
mono_us(const struct kt_exchange *x)
{
	return x->program->mono_us != NULL ? x->program->mono_us()
					   : x->now_mono;
}

static void
inspected(struct kt_exchange *x)
{
	const struct kt_x_verdict *v = &x->request_verdict;

	x->decision = v->action;
	x->inspect_us = mono_us(x) - x->inspect_mono;
	x->request_counts = x->inspection.counts;
	if (v->action == KT_ACTION_BLOCK) {
		kt_x_refuse(x, v->reason, v->policy, NULL);
		return;
	}
	if (x->is_json && !decorate(x)) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	if (v->action == KT_ACTION_REDACT)
		x->reason = v->reason;
	kt_x_dispatch(x);
}

/* After all of a request was looked at, media too: what policies say of the
   classes that are in it. */
static void
weigh(struct kt_exchange *x, struct kt_x_verdict *v)
{
	const struct kt_chain *chain = &x->program->chain;
	const struct kt_member who = kt_x_member(x);
	kt_class_set classes[KT_NCOMPONENTS];

	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		enum kt_reason r;

		if (p->kind->weigh == NULL)
			continue;
		/* What others found elsewhere is not its business. */
		memcpy(classes, v->by_component, sizeof(classes));
		classes[KT_COMPONENT_TOOL_RESULTS] |= v->of_results;
		for (unsigned c = 0; c < KT_NCOMPONENTS; c++)
			if (!(p->components & KT_COMPONENT_BIT(c)))
				classes[c] = 0;
		r = p->kind->weigh(p, &who, classes);
		if (r != KT_REASON_NONE &&
		    kt_x_note_wish(x, v, KT_ACTION_BLOCK, r, p) ==
		        KT_ACTION_BLOCK && r == KT_REASON_TOOL_CLASS)
			kt_x_withhold_results(x, r);
	}
}

/* Everything was looked at; what is asked outside is what will go up. */
static int
ask_outside(struct kt_exchange *x)
{
	struct kt_x_verdict *v = &x->request_verdict;

	weigh(x, v);
	if (v->action != KT_ACTION_BLOCK &&
	    kt_x_vault_number(x, x->is_json ? &x->json : NULL,
	        kt_buf_span(&x->body), &x->edits) < 0)
		return KT_E_LIMIT;
	return kt_x_guard(x, KT_REQUEST, v);
}

void
kt_x_request_end(struct kt_exchange *x)
{
	int rc = 1;

	if (x->surface.endpoint == KT_ENDPOINT_FILES && !kt_x_upload_end(x))
		return;
	if (x->phase == KT_X_UPLOAD) {
		if (!read_request(x))
			return;
		x->phase = KT_X_INSPECT;
		x->inspect_mono = x->now_mono;
	}
	if (x->phase != KT_X_INSPECT)
		return;
	if (x->inspection.is_under_way)
		rc = kt_x_inspect(x, &x->request_verdict, &x->edits);
	if (rc == 1)
		rc = kt_x_media(x, &x->request_verdict);
	if (rc == 1)
		rc = ask_outside(x);
	if (rc < 0)
		kt_x_fail(x, (enum kt_rc)rc);
	else if (rc > 0)
		inspected(x);
	else if (!x->media.is_waiting && kt_x_guard_end(x) == 0)
		(void)kt_x_order(x, KT_ORDER_TURN);
}
