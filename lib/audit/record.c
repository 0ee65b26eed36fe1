/*
 * record - call, reject and policy records as canonical bodies.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A record that does not fit is written again with shorter lists and texts,
 * instead of being measured first: it is rare, and one writer cannot come to
 * disagree with its own measure.
 */
#include "audit/record.h"
#include "audit/canon.h"

#define LIST_MAX KT_AUDIT_TOOLS_MAX

/* How much of a record is kept; the lists count what they drop. */
struct fit {
	struct kt_audit_put put;
	size_t list_max;
	struct {
		const char *list;
		size_t n;
	} dropped[12];
	size_t ndropped;
};

const char *
kt_audit_outcome_name(enum kt_audit_outcome o)
{
	static const char *const names[] = {
#define KT_OUTCOME(name, text) [KT_AUDIT_##name] = text,
#include "audit/outcome.def"
#undef KT_OUTCOME
	};

	return (size_t)o < KT_NELEMS(names) ? names[o] : names[0];
}

static struct kt_span
or_else(struct kt_span s, struct kt_span otherwise)
{
	return s.len > 0 ? s : otherwise;
}

/* Writes the name and '[', and says how many of n entries may follow. */
static size_t
open_list(struct fit *f, const char *name, size_t n)
{
	kt_audit_put_name(&f->put, name);
	kt_audit_put_open(&f->put, '[');
	if (n <= f->list_max)
		return n;
	if (f->ndropped == KT_NELEMS(f->dropped))
		KT_BUG("a record has more lists than it can count");
	f->dropped[f->ndropped].list = name;
	f->dropped[f->ndropped++].n = n - f->list_max;
	return f->list_max;
}

static void
texts(struct fit *f, const char *name, const struct kt_audit_spans *list)
{
	size_t n = open_list(f, name, list->n);

	for (size_t i = 0; i < n; i++)
		kt_audit_put_text(&f->put, list->at[i]);
	kt_audit_put_close(&f->put, ']');
}

static void
components(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;
	size_t n = open_list(f, "components", c->ncomponents);

	for (size_t i = 0; i < n; i++) {
		const struct kt_audit_component *k = &c->components[i];

		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "bytes", k->bytes);
		kt_audit_member_some(p, "commit", k->commit);
		kt_audit_member_int(p, "count", k->count);
		kt_audit_member_some(p, "data_class", k->data_class);
		kt_audit_member_text(p, "role", k->role);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

/* In the order of names, each once: the first word the caller gave for it. */
static void
component_classes(struct fit *f, const struct kt_audit_call *c)
{
	static const char *const roles[] = {
		"completion", "documents", "files", "images", "messages",
		"system", "tool_results", "tool_use", "tools",
	};
	struct kt_audit_put *p = &f->put;

	kt_audit_put_name(p, "data_class_components");
	kt_audit_put_open(p, '{');
	for (size_t r = 0; r < KT_NELEMS(roles); r++) {
		for (size_t i = 0; i < c->ncomponent_classes; i++) {
			const struct kt_audit_component_class *k =
			    &c->component_classes[i];

			if (!kt_span_eq(k->component, kt_span_of(roles[r])))
				continue;
			kt_audit_member_text(p, roles[r],
			    or_else(k->data_class, KT_SPAN("none")));
			break;
		}
	}
	kt_audit_put_close(p, '}');
}

static void
detections(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;
	size_t n = open_list(f, "detections", c->ndetections);

	for (size_t i = 0; i < n; i++) {
		const struct kt_audit_detection *d = &c->detections[i];

		kt_audit_put_open(p, '{');
		kt_audit_member_some(p, "action", d->action);
		kt_audit_member_some(p, "class", d->data_class);
		kt_audit_member_some(p, "component", d->component);
		kt_audit_member_int(p, "count", d->count);
		kt_audit_member_text(p, "detector", d->detector);
		kt_audit_member_some(p, "detector_version", d->version);
		kt_audit_member_int(p, "max_conf_pm", d->max_conf_pm);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
rules(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;
	size_t n = open_list(f, "rules", c->nrules);

	for (size_t i = 0; i < n; i++) {
		const struct kt_audit_rule *r = &c->rules[i];

		kt_audit_put_open(p, '{');
		kt_audit_member_some(p, "action", r->action);
		kt_audit_member_bool(p, "deciding", r->is_deciding);
		kt_audit_member_text(p, "policy", r->policy);
		kt_audit_member_some(p, "rule", r->rule);
		kt_audit_member_some(p, "wanted", r->wanted);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
attempts(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;
	size_t n = open_list(f, "attempts", c->nattempts);

	for (size_t i = 0; i < n; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "ms", c->attempts[i].ms);
		kt_audit_member_int(p, "status", c->attempts[i].status);
		kt_audit_member_text(p, "target", c->attempts[i].target);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
principal(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "principal");
	kt_audit_put_open(p, '{');
	kt_audit_member_some(p, "auth_method", c->principal.auth_method);
	kt_audit_member_some(p, "groups_hash", c->principal.groups_hash);
	kt_audit_member_text(p, "id", c->principal.id);
	kt_audit_member_some(p, "issuer", c->principal.issuer);
	kt_audit_member_some(p, "kind", c->principal.kind);
	kt_audit_put_close(p, '}');
}

static void
agent(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "agent");
	if (c->agent.id.len == 0 && c->agent.conversation.len == 0) {
		kt_audit_put_null(p);
		return;
	}
	kt_audit_put_open(p, '{');
	kt_audit_member_some(p, "conversation", c->agent.conversation);
	kt_audit_member_some(p, "id", c->agent.id);
	kt_audit_member_some(p, "on_behalf_of", c->agent.on_behalf_of);
	kt_audit_put_close(p, '}');
}

static void
destination(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "destination");
	if (c->destination.target.len == 0) {
		kt_audit_put_null(p);
		return;
	}
	kt_audit_put_open(p, '{');
	kt_audit_member_bool(p, "baa", c->destination.has_baa);
	kt_audit_member_some(p, "baa_id", c->destination.baa_id);
	kt_audit_member_some(p, "deployment", c->destination.deployment);
	kt_audit_member_text(p, "provider", c->destination.provider);
	kt_audit_member_some(p, "region", c->destination.region);
	kt_audit_member_text(p, "target", c->destination.target);
	kt_audit_member_some(p, "upstream_host", c->destination.upstream_host);
	if (c->destination.tls_version.len > 0) {
		kt_audit_put_name(p, "upstream_tls");
		kt_audit_put_open(p, '{');
		kt_audit_member_some(p, "spki", c->destination.tls_spki);
		kt_audit_member_text(p, "version", c->destination.tls_version);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, '}');
}

static void
stream(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "stream");
	if (!c->is_stream) {
		kt_audit_put_null(p);
		return;
	}
	kt_audit_put_open(p, '{');
	if (c->stream.is_cut)
		kt_audit_member_int(p, "cut_at_event", c->stream.cut_at_event);
	kt_audit_member_int(p, "events", c->stream.events);
	kt_audit_member_int(p, "forwarded_bytes", c->stream.forwarded_bytes);
	kt_audit_member_int(p, "withheld_bytes", c->stream.withheld_bytes);
	kt_audit_put_close(p, '}');
}

static void
member_time(struct kt_audit_put *p, const char *name, uint64_t us)
{
	if (us > 0)
		kt_audit_member_int(p, name, us);
}

static void
times(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "t");
	kt_audit_put_open(p, '{');
	member_time(p, "end", c->t.end);
	member_time(p, "first_byte", c->t.first_byte);
	kt_audit_member_int(p, "inspect_us", c->t.inspect_us);
	member_time(p, "start", c->t.start);
	kt_audit_member_int(p, "upstream_us", c->t.upstream_us);
	kt_audit_put_close(p, '}');
}

static void
cache(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "cache");
	if (!c->tokens.is_reported && c->cache_breakpoints == 0) {
		kt_audit_put_null(p);
		return;
	}
	kt_audit_put_open(p, '{');
	kt_audit_member_int(p, "breakpoints", c->cache_breakpoints);
	if (c->tokens.is_reported)
		kt_audit_member_bool(p, "hit", c->tokens.cache_read > 0);
	kt_audit_member_some(p, "prefix_data_class", c->prefix_class);
	kt_audit_member_some(p, "prefix_tag", c->prefix_tag);
	if (c->tokens.is_reported) {
		kt_audit_member_int(p, "read_tokens", c->tokens.cache_read);
		kt_audit_member_int(p, "write_tokens", c->tokens.cache_write);
	}
	kt_audit_put_close(p, '}');
}

static void
tokens(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	kt_audit_put_name(p, "tokens");
	if (!c->tokens.is_reported && !c->tokens.is_counted &&
	    !c->tokens.is_heard) {
		kt_audit_put_null(p);
		return;
	}
	kt_audit_put_open(p, '{');
	if (c->tokens.is_reported) {
		kt_audit_member_int(p, "cache_read", c->tokens.cache_read);
		kt_audit_member_int(p, "cache_write", c->tokens.cache_write);
	}
	if (c->tokens.drift_pm > 0)
		kt_audit_member_int(p, "drift", c->tokens.drift_pm);
	if (c->tokens.is_counted) {
		kt_audit_member_bool(p, "local_exact", c->tokens.is_exact);
		kt_audit_member_int(p, "local_in", c->tokens.local_in);
	}
	if (c->tokens.is_heard)
		kt_audit_member_int(p, "local_out", c->tokens.local_out);
	if (c->tokens.is_reported) {
		kt_audit_member_int(p, "reported_in", c->tokens.in);
		kt_audit_member_int(p, "reported_out", c->tokens.out);
	}
	kt_audit_put_close(p, '}');
}

static void
translation(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;

	if (!c->translation.is_present)
		return;
	kt_audit_put_name(p, "translation");
	kt_audit_put_open(p, '{');
	texts(f, "approximated", &c->translation.approximated);
	texts(f, "dropped", &c->translation.dropped);
	kt_audit_member_bool(p, "strict", c->translation.is_strict);
	kt_audit_put_close(p, '}');
}

static void
tools(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;
	size_t n = open_list(f, "tool_invocations", c->tools.n);

	for (size_t i = 0; i < n; i++) {
		const struct kt_audit_tool *t = &c->tools.v[i];

		kt_audit_put_open(p, '{');
		kt_audit_member_some(p, "arguments_hash", t->arguments_hash);
		kt_audit_member_some(p, "decision", t->decision);
		kt_audit_member_some(p, "reason_code", t->reason_code);
		kt_audit_member_some(p, "result_decision", t->result_decision);
		kt_audit_member_some(p, "result_hash", t->result_hash);
		kt_audit_member_text(p, "tool_name", t->name);
		kt_audit_member_text(p, "tool_use_id", t->id);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
media(struct fit *f, const char *name, const char *hash,
    const struct kt_audit_medium *v, size_t n)
{
	struct kt_audit_put *p = &f->put;

	if (n == 0)
		return;
	n = open_list(f, name, n);
	for (size_t i = 0; i < n; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "bytes", v[i].bytes);
		kt_audit_member_some(p, "component", v[i].component);
		kt_audit_member_some(p, "data_class", v[i].data_class);
		if (hash[0] == 'f')
			kt_audit_member_some(p, hash, v[i].hash);
		kt_audit_member_int(p, "findings", v[i].findings);
		if (v[i].height > 0)
			kt_audit_member_int(p, "h", v[i].height);
		if (hash[0] == 'i')
			kt_audit_member_some(p, hash, v[i].hash);
		kt_audit_member_some(p, "media_type", v[i].media_type);
		kt_audit_member_text(p, "verdict", v[i].verdict);
		if (v[i].width > 0)
			kt_audit_member_int(p, "w", v[i].width);
		kt_audit_member_some(p, "why", v[i].why);
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

static void
truncated(struct fit *f)
{
	struct kt_audit_put *p = &f->put;
	size_t n = f->ndropped;

	if (n == 0)
		return;
	kt_audit_put_name(p, "truncated");
	kt_audit_put_open(p, '[');
	for (size_t i = 0; i < n; i++) {
		kt_audit_put_open(p, '{');
		kt_audit_member_int(p, "dropped", f->dropped[i].n);
		kt_audit_member_text(
		    p, "list", kt_span_of(f->dropped[i].list));
		kt_audit_put_close(p, '}');
	}
	kt_audit_put_close(p, ']');
}

/* A class is how long records of it are kept. */
static void
retention_class(struct kt_audit_put *p, const struct kt_audit_call *c)
{
	char days[21];
	struct kt_span text;

	if (c->retention_days <= 0)
		return;
	text = kt_decimal((uint64_t)c->retention_days, days);
	days[20] = 'd';
	text.len++;
	kt_audit_member_text(p, "retention_class", text);
}

/* Members in their canonical order: put_name() insists. */
static void
call_members(struct fit *f, const struct kt_audit_call *c)
{
	struct kt_audit_put *p = &f->put;

	agent(p, c);
	kt_audit_member_some(p, "api_version", c->api_version);
	attempts(f, c);
	kt_audit_member_int(p, "bytes_in", c->bytes_in);
	kt_audit_member_int(p, "bytes_out", c->bytes_out);
	cache(p, c);
	kt_audit_member_text(p, "call_id", c->call_id);
	kt_audit_member_some(p, "client_addr_tag", c->client_addr_tag);
	kt_audit_member_some(p, "completion_commit", c->completion_commit);
	components(f, c);
	kt_audit_member_some(p, "content", c->content);
	kt_audit_member_some(p, "content_commit", c->content_commit);
	if (c->has_cost)
		kt_audit_member_int(p, "cost_micro", c->cost_micro);
	kt_audit_member_text(
	    p, "data_class", or_else(c->data_class, KT_SPAN("none")));
	component_classes(f, c);
	texts(f, "data_classes", &c->data_classes);
	kt_audit_member_text(
	    p, "decision", or_else(c->decision, KT_SPAN("error")));
	destination(p, c);
	detections(f, c);
	kt_audit_member_text(p, "endpoint", c->endpoint);
	kt_audit_member_int(p, "eval_us", c->eval_us);
	media(f, "files", "file_hash", c->files, c->nfiles);
	kt_audit_member_int(p, "http_status", c->http_status);
	media(f, "images", "image_hash", c->images, c->nimages);
	if (c->is_held)
		kt_audit_member_bool(p, "legal_hold", true);
	kt_audit_member_text(p, "method", c->method);
	kt_audit_member_some(p, "model_requested", c->model_requested);
	kt_audit_member_some(p, "model_served", c->model_served);
	kt_audit_member_text(p, "outcome",
	    kt_span_of(kt_audit_outcome_name(c->outcome)));
	kt_audit_member_some(p, "path", c->path);
	kt_audit_member_text(p, "policy_hash", c->policy_hash);
	kt_audit_member_some(p, "policy_version", c->policy_version);
	principal(p, c);
	texts(f, "reason_codes", &c->reason_codes);
	kt_audit_member_some(p, "request_commit", c->request_commit);
	retention_class(p, c);
	rules(f, c);
	kt_audit_member_some(p, "stop_reason", c->stop_reason);
	stream(p, c);
	times(p, c);
	texts(f, "threats", &c->threats);
	kt_audit_member_some(p, "token_id", c->token_id);
	tokens(p, c);
	tools(f, c);
	translation(f, c);
	truncated(f);
	kt_audit_member_text(p, "type", KT_SPAN("call"));
	kt_audit_member_some(p, "upstream_message_id", c->upstream_message_id);
	kt_audit_member_some(p, "upstream_request_id", c->upstream_request_id);
}

enum kt_rc
kt_audit_call_write(const struct kt_audit_call *call, struct kt_buf *out,
    struct kt_err *err)
{
	size_t from = out->len, list_max = LIST_MAX;
	size_t text_max = KT_AUDIT_TEXT_MAX;
	struct fit f;

	for (;;) {
		f = (struct fit){ .list_max = list_max };
		kt_audit_put_begin(&f.put, out);
		f.put.text_max = text_max;
		call_members(&f, call);
		kt_audit_put_close(&f.put, '}');
		if (f.put.rc == KT_OK && out->len - from <= KT_AUDIT_BODY_MAX)
			return KT_OK;
		out->len = from;
		if (list_max == 0)
			return kt_fail(err, KT_E_LIMIT, "no room for a record");
		list_max /= 2;
		if (text_max > 32)
			text_max /= 2;
	}
}

enum kt_rc
kt_audit_open_write(const struct kt_audit_call *c, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	agent(&p, c);
	kt_audit_member_some(&p, "api_version", c->api_version);
	kt_audit_member_int(&p, "bytes_in", c->bytes_in);
	kt_audit_member_text(&p, "call_id", c->call_id);
	kt_audit_member_some(&p, "client_addr_tag", c->client_addr_tag);
	kt_audit_member_text(
	    &p, "data_class", or_else(c->data_class, KT_SPAN("none")));
	kt_audit_member_text(
	    &p, "decision", or_else(c->decision, KT_SPAN("error")));
	destination(&p, c);
	kt_audit_member_text(&p, "endpoint", c->endpoint);
	kt_audit_member_text(&p, "method", c->method);
	kt_audit_member_some(&p, "model_requested", c->model_requested);
	kt_audit_member_some(&p, "path", c->path);
	kt_audit_member_text(&p, "policy_hash", c->policy_hash);
	kt_audit_member_some(&p, "policy_version", c->policy_version);
	principal(&p, c);
	kt_audit_member_some(&p, "request_commit", c->request_commit);
	kt_audit_member_some(&p, "token_id", c->token_id);
	kt_audit_member_text(&p, "type", KT_SPAN("open"));
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_reject_write(const struct kt_audit_reject *r, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	kt_audit_member_some(&p, "call_id", r->call_id);
	kt_audit_member_some(&p, "client_addr_tag", r->client_addr_tag);
	kt_audit_member_some(&p, "detail", r->detail);
	kt_audit_member_int(&p, "head_bytes", r->head_bytes);
	kt_audit_member_int(&p, "http_status", r->status);
	kt_audit_member_int(&p, "method_bytes", r->method_bytes);
	kt_audit_member_some(&p, "reason_code", r->reason_code);
	kt_audit_member_int(&p, "target_bytes", r->target_bytes);
	kt_audit_member_text(&p, "type", KT_SPAN("reject"));
	return kt_audit_put_finish(&p, err);
}

enum kt_rc
kt_audit_policy_write(const struct kt_audit_policy *r, struct kt_buf *out,
    struct kt_err *err)
{
	struct kt_audit_put p;

	kt_audit_put_begin(&p, out);
	kt_audit_member_some(&p, "cause", r->cause);
	kt_audit_member_text(&p, "policy_hash", r->policy_hash);
	kt_audit_member_some(&p, "policy_version", r->policy_version);
	kt_audit_member_text(&p, "type", KT_SPAN("policy"));
	return kt_audit_put_finish(&p, err);
}
