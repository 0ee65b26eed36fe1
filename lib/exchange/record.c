/*
 * record - what the log will say of this exchange.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"
#include "detect/search.h"

#define VERSION_BYTES 4 /* of the hash of a detector */
#define USUAL_BYTES 2048 /* of a record: room for it at once */

static struct kt_span
decision_of(const struct kt_exchange *x)
{
	if (x->stream.is_cut)
		return KT_SPAN("block");
	if (x->is_error)
		return KT_SPAN("error");
	return kt_span_of(kt_decision_word(x->decision));
}

/* A keyed tag: equal texts are equal, nobody reads a text from it. */
static struct kt_span
tag_of(struct kt_exchange *x, struct kt_span text)
{
	uint8_t digest[KT_AUDIT_HASH];
	char hex[17];

	if (text.len == 0)
		return (struct kt_span){ 0 };
	kt_audit_mac(&x->scratch->mac, text, digest);
	kt_hex(digest, 8, hex);
	return kt_arena_dup(x->turn, kt_span_of(hex));
}

static void
order_record(struct kt_exchange *x, enum kt_rc rc)
{
	kt_x_media_cancel(x);
	(void)kt_x_guard_cancel(x); /* nobody waits for it */
	x->phase = KT_X_RECORDING;
	x->is_recorded = true;
	/* No record, no answer: the shell reports it as not written. */
	kt_x_order(x, KT_ORDER_RECORD)->bytes =
	    rc < 0 ? KT_SPAN("") : kt_buf_span(&x->record);
}

void
kt_x_record_reject(struct kt_exchange *x)
{
	struct kt_audit_reject r = {
		.status = x->status,
		.reason_code = kt_span_of(kt_reason_code(x->reason)),
		.detail = kt_span_of(kt_endpoint_name(x->surface.endpoint)),
		.client_addr_tag = tag_of(x, x->peer.address),
		.call_id = kt_span_of(x->call_id),
		.method_bytes = x->method.len,
		.target_bytes = x->target_text.len,
	};

	order_record(x, kt_audit_reject_write(&r, &x->record, NULL));
}

static size_t
fill_components(const struct kt_exchange *x, struct kt_audit_component *out)
{
	const struct kt_x_counts *in = &x->request_counts;
	size_t n = 0;

	for (unsigned c = 0; c < KT_NCOMPONENTS; c++) {
		if (in->count[c] == 0)
			continue;
		out[n++] = (struct kt_audit_component){
			.role = kt_span_of(kt_component_name((enum kt_component)c)),
			.data_class = kt_span_of(kt_class_name(kt_class_highest(
			    x->request_verdict.by_component[c]))),
			.count = in->count[c],
			.bytes = in->bytes[c],
		};
	}
	return n;
}

static size_t
fill_classes(const struct kt_exchange *x, struct kt_audit_component_class *out)
{
	size_t n = 0;

	for (unsigned c = 0; c < KT_NCOMPONENTS; c++) {
		kt_class_set set = x->request_verdict.by_component[c] |
		    x->answer_verdict.by_component[c];

		out[n++] = (struct kt_audit_component_class){
			.component =
			    kt_span_of(kt_component_name((enum kt_component)c)),
			.data_class =
			    kt_span_of(kt_class_name(kt_class_highest(set))),
		};
	}
	return n;
}

static size_t
fill_words(kt_class_set set, struct kt_span *out)
{
	size_t n = 0;

	for (unsigned c = 1; c < KT_NCLASSES; c++) {
		if (set & KT_CLASS_BIT(c))
			out[n++] = kt_span_of(kt_class_name((enum kt_class)c));
	}
	return n;
}

static void
add_texts(struct kt_audit_hash *h, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (texts[i] != NULL)
			kt_audit_hash_add(h, kt_span_of(texts[i]));
		kt_audit_hash_add(h, KT_SPAN("\n"));
	}
}

/*
 * Which definition found it, where several had the same name over time: of
 * all that decides whether it matches.  Of a model a part, for its size.
 */
static struct kt_span
version_of(struct kt_exchange *x, const struct kt_detector *d)
{
	const char *const texts[] = { d->id, d->pattern, d->beside, d->anchor,
		d->tail, d->tail_end, d->checksum };
	char numbers[96], hex[2 * VERSION_BYTES + 1];
	uint8_t digest[KT_AUDIT_HASH];
	struct kt_audit_hash h;

	if (kt_audit_hash_init(&h, NULL) < 0)
		return (struct kt_span){ 0 };
	add_texts(&h, texts, KT_NELEMS(texts));
	add_texts(&h, d->validators, d->nvalidators);
	add_texts(&h, d->context, d->ncontext);
	(void)snprintf(numbers, sizeof(numbers), "%u %u %u %u %d %d %d %d %zu",
	    d->when, d->confidence_pm, d->entropy_cb, d->context_bytes,
	    d->is_caseless, d->is_number, d->is_context_required,
	    d->is_alone_enough, d->model.len); /* fits */
	kt_audit_hash_add(&h, kt_span_of(numbers));
	if (d->tail_gap > 0) { /* what has none is named as before */
		(void)snprintf(numbers, sizeof(numbers), " %u", d->tail_gap);
		kt_audit_hash_add(&h, kt_span_of(numbers));
	}
	kt_audit_hash_add(&h, kt_span_sub(d->model, d->model.len / 2, 4096));
	kt_audit_hash_take(&h, digest);
	kt_audit_hash_fini(&h);
	kt_hex(digest, VERSION_BYTES, hex);
	return kt_arena_dup(x->turn, kt_span_of(hex));
}

static size_t
fill_detections(struct kt_exchange *x, const struct kt_x_verdict *v,
    struct kt_audit_detection *out)
{
	for (size_t i = 0; i < v->ndetections; i++) {
		const struct kt_x_detection *d = &v->detections[i];

		out[i] = (struct kt_audit_detection){
			.detector = kt_span_of(d->detector->id),
			.version = version_of(x, d->detector),
			.data_class =
			    kt_span_of(kt_class_name(d->detector->class)),
			.component = kt_span_of(kt_component_name(d->component)),
			.action = kt_span_of(kt_action_name(d->action)),
			.count = d->count > 0 ? d->count : 1,
			.max_conf_pm = d->max_conf_pm,
		};
	}
	return v->ndetections;
}

/* Where nothing was done: what would have been, had all been enforced. */
static const struct kt_x_verdict *
leading(const struct kt_exchange *x)
{
	const struct kt_x_verdict *q = &x->request_verdict;
	const struct kt_x_verdict *a = &x->answer_verdict;

	if (q->policy == NULL)
		return a->policy != NULL || q->reason == KT_REASON_NONE ? a : q;
	return a->policy != NULL && a->wanted < q->wanted ? a : q;
}

/* Why it was done, or else why it would have been. */
static enum kt_reason
first_reason(const struct kt_exchange *x)
{
	return x->reason != KT_REASON_NONE ? x->reason : leading(x)->reason;
}

static size_t
fill_reasons(const struct kt_exchange *x, struct kt_span *out)
{
	const struct kt_x_verdict *v[] = { &x->request_verdict,
		&x->answer_verdict };
	enum kt_reason first = first_reason(x);
	size_t n = 0;

	if (first != KT_REASON_NONE)
		out[n++] = kt_span_of(kt_reason_code(first));
	for (size_t k = 0; k < KT_NELEMS(v); k++) {
		for (size_t i = 0; i < v[k]->nreasons; i++) {
			if (v[k]->reasons[i] != first)
				out[n++] = kt_span_of(
				    kt_reason_code(v[k]->reasons[i]));
		}
	}
	return n;
}

/* The rule that led to the reason which is told first. */
static bool
is_deciding(const struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_audit_rule *rule)
{
	bool leads = x->reason != KT_REASON_NONE ? v->reason == x->reason :
	    v == leading(x);
	struct kt_span wish = v->wanted < v->action ?
	    kt_span_of(kt_action_name(v->wanted)) : (struct kt_span){ 0 };

	return leads && v->policy != NULL &&
	    kt_span_eq(rule->policy, kt_span_of(v->policy->kind->config.name)) &&
	    kt_span_eq(rule->rule, v->rule) &&
	    kt_span_eq(rule->action, kt_span_of(kt_action_name(v->action))) &&
	    kt_span_eq(rule->wanted, wish);
}

static size_t
fill_rules(const struct kt_exchange *x, struct kt_audit_rule *out)
{
	const struct kt_x_verdict *v[] = { &x->request_verdict,
		&x->answer_verdict };
	size_t n = 0;

	for (size_t k = 0; k < KT_NELEMS(v); k++) {
		for (size_t i = 0; i < v[k]->nrules; i++) {
			out[n] = v[k]->rules[i];
			out[n].is_deciding = is_deciding(x, v[k], &out[n]);
			n++;
		}
	}
	return n;
}

/* What the other side chose, unless something was found in such a value. */
static struct kt_span
unless_tainted(const struct kt_x_verdict *v, struct kt_span said)
{
	return v->is_tainted ? (struct kt_span){ 0 } : said;
}

static struct kt_span
first_header(const struct kt_exchange *x, const struct kt_config_strings *names)
{
	for (size_t i = 0; i < names->n; i++) {
		struct kt_span s = kt_x_header(x, names->at[i]);

		if (s.len > 0)
			return s;
	}
	return (struct kt_span){ 0 };
}

/* Which agent, as it says; else one per session, under a name of our own. */
static void
fill_agent(struct kt_exchange *x, struct kt_audit_call *call)
{
	const struct kt_config_auth *auth = &x->program->settings->auth;

	call->agent.conversation = first_header(x, &auth->session_headers);
	call->agent.id = first_header(x, &auth->agent_headers);
	if (call->agent.id.len == 0 && call->agent.conversation.len > 0)
		call->agent.id = kt_arena_join(x->turn, (const struct kt_span[]){
		    KT_SPAN("session:"), tag_of(x, call->agent.conversation) }, 2);
	call->agent.on_behalf_of =
	    kt_x_header(x, KT_SPAN("x-claude-code-parent-agent-id"));
}

static void
fill_destination(const struct kt_target *t, struct kt_audit_call *call)
{
	static const struct kt_span providers[] = {
		[KT_PROVIDER_OFFLINE] = KT_SPAN_INIT("offline"),
		[KT_PROVIDER_ANTHROPIC] = KT_SPAN_INIT("anthropic"),
		[KT_PROVIDER_OPENAI] = KT_SPAN_INIT("openai"),
	};

	call->destination.target = t->id;
	call->destination.provider = providers[t->provider];
	call->destination.deployment = KT_SPAN("direct");
	call->destination.region = t->region;
	call->destination.upstream_host = t->host;
	call->destination.baa_id = t->baa_id;
}

/* The words of a path: %20 and the like undone, slashes as line ends. */
static struct kt_span
words_of_path(struct kt_exchange *x, struct kt_span s)
{
	char *p = kt_arena_array(x->turn, s.len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; p != NULL && i < s.len; i++) {
		p[n] = s.ptr[i] == '/' ? '\n' : s.ptr[i];
		if (s.ptr[i] == '%' && kt_unhex(kt_span_sub(s, i + 1, 2), &p[n], 1))
			i += 2;
		n++;
	}
	return (struct kt_span){ p, n };
}

static bool
finds_nothing(struct kt_exchange *x, struct kt_span words, enum kt_component c)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_findings found;

	return kt_detect_search(chain->detect, x->scratch->detect,
	    (struct kt_span){ 0 }, words, &chain->heard[c], &found) == KT_OK &&
	    found.n == 0;
}

/* Nearly every call has the path of the one before: what is no component is
   remembered as text that nothing was found in, like the others. */
static bool
is_clean(struct kt_exchange *x, struct kt_span words)
{
	const struct kt_x_text t = { .raw = words,
		.component = KT_NCOMPONENTS,
		.kind = KT_SEGMENT_FIXED };
	const struct kt_chain *chain = &x->program->chain;
	struct kt_x_clean_key key;

	if ((chain->hears & KT_COMPONENT_BIT(KT_COMPONENT_MESSAGES)) == 0 ||
	    kt_x_clean_has(x->scratch->clean, &t, &key))
		return true;
	if (!finds_nothing(x, words, KT_COMPONENT_MESSAGES))
		return false;
	kt_x_clean_keep(x->scratch->clean, &t, &key);
	return true;
}

/*
 * The path as it was routed, without its query; none where policies find
 * something in it, which the record must not repeat.
 */
static struct kt_span
clean_path(struct kt_exchange *x)
{
	struct kt_span path = kt_span_sub(
	    x->target_text, 0, kt_span_find(x->target_text, '?'));
	struct kt_span words = words_of_path(x, path);

	return words.ptr != NULL && is_clean(x, words) ? path :
	                                                 (struct kt_span){ 0 };
}

/* Where something was found in a name or an id, it may be one of a tool's. */
static void
hide_tools(struct kt_exchange *x)
{
	if (!x->request_verdict.is_tainted && !x->answer_verdict.is_tainted)
		return;
	for (size_t i = 0; x->tools.v != NULL && i < x->tools.n &&
	     i < KT_AUDIT_TOOLS_MAX; i++) {
		struct kt_audit_tool *t = &x->tools.v[i];

		if (!finds_nothing(x, t->name, KT_COMPONENT_TOOL_USE))
			t->name = (struct kt_span){ 0 };
		if (!finds_nothing(x, t->id, KT_COMPONENT_TOOL_USE))
			t->id = (struct kt_span){ 0 };
	}
}

/* What the answer names; one that names none came from the model asked for. */
static struct kt_span
model_served(const struct kt_exchange *x)
{
	struct kt_span said = x->answer_facts.model;

	if (kt_json_unescape(said, x->mem, &said, NULL) < 0)
		said = (struct kt_span){ 0 }; /* the arena is full: not told */
	if (said.len > 0 || x->target == NULL || x->upstream_status != 200)
		return unless_tainted(&x->answer_verdict, said);
	return x->target->model.len > 0 ? x->target->model :
	    unless_tainted(&x->request_verdict, x->facts.model);
}

/* It went to a target that keeps nothing, or could have gone nowhere else. */
static bool
keeps_nothing(const struct kt_exchange *x)
{
	const struct kt_program *p = x->program;
	bool all = p->ntargets > 0;

	for (size_t i = 0; i < p->ntargets; i++)
		all &= p->targets[i].keeps_nothing;
	return x->keeps_nothing || (all && x->nattempts == 0);
}

/* What is known before the call goes up: the same in both of its records. */
static void
fill_request(struct kt_exchange *x, struct kt_audit_call *call)
{
	call->call_id = kt_span_of(x->call_id);
	call->principal.id = x->subject != NULL ?
	    kt_span_of(x->subject->pseudonym) : x->caller.id;
	call->principal.kind = x->caller.kind;
	call->principal.auth_method = x->caller.auth_method;
	if (x->caller.token_id.len > 0)
		call->principal.issuer = KT_SPAN("kt");
	call->principal.groups_hash = tag_of(x, x->caller.group);
	fill_agent(x, call);
	call->client_addr_tag = tag_of(x, x->peer.address);
	call->token_id = x->caller.token_id;
	call->endpoint = kt_span_of(kt_endpoint_name(x->surface.endpoint));
	call->method = x->method;
	call->path = clean_path(x);
	call->api_version = kt_x_header(x, KT_SPAN("anthropic-version"));
	call->model_requested =
	    unless_tainted(&x->request_verdict, x->facts.model);
	call->request_commit = kt_span_of(x->request_commit);
	call->bytes_in = x->bytes_in;
	call->policy_version = x->program->settings->pack.version;
	call->policy_hash = kt_program_hash(x->program);
	call->decision = decision_of(x);
}

/*
 * How much of the call is kept beside its record.  A call that is too long is
 * not, rather than half of it; both sizes are known by now.
 */
static void
fill_kept(struct kt_exchange *x, struct kt_audit_call *call)
{
	enum kt_config_content mode =
	    (enum kt_config_content)x->program->audit.content;
	struct kt_x_kept *kept = &x->kept;

	if (!x->is_call || mode == KT_CONFIG_CONTENT_NONE ||
	    keeps_nothing(x) ||
	    call->bytes_in + call->bytes_out > KT_CONTENT_CALL_MAX)
		return;
	kept->mode = mode;
	kept->secret = x->subject != NULL ? x->subject->secret :
	    x->program->instance_key;
	kept->completion = kt_span_of(x->completion_commit);
	call->content = KT_SPAN("full");
	kept->request = call->request_commit;
	if (mode == KT_CONFIG_CONTENT_FULL)
		return;
	call->content = KT_SPAN("redacted");
	call->content_commit = kt_span_of(x->content_commit);
	kept->request = call->content_commit;
	/* What was taken out of the request is back in such an answer. */
	if (x->vault.n > 0)
		kept->completion = (struct kt_span){ 0 };
}

void
kt_x_record_open(struct kt_exchange *x, const struct kt_target *t)
{
	kt_class_set set = x->request_verdict.classes;
	struct kt_audit_call call = {
		.data_class = kt_span_of(kt_class_name(kt_class_highest(set))),
	};
	enum kt_rc rc;

	fill_request(x, &call);
	fill_destination(t, &call);
	call.destination.has_baa = kt_x_has_baa(x, t);
	rc = kt_audit_open_write(&call, &x->record, NULL);
	x->phase = KT_X_OPENING;
	/* The shell reports what is empty as not written. */
	kt_x_order(x, KT_ORDER_OPEN)->bytes =
	    rc < 0 ? KT_SPAN("") : kt_buf_span(&x->record);
}

void
kt_x_record(struct kt_exchange *x)
{
	struct kt_audit_component components[KT_NCOMPONENTS];
	struct kt_audit_component_class classes[KT_NCOMPONENTS];
	struct kt_span words[KT_NCLASSES], threats[KT_NCLASSES];
	struct kt_span reasons[2 * KT_X_REASONS_MAX + 1];
	struct kt_audit_rule rules[2 * KT_X_REASONS_MAX];
	kt_class_set set = x->request_verdict.classes | x->answer_verdict.classes;
	struct kt_audit_call call = {
		.is_stream = x->is_answer_stream || x->facts.is_stream,
		.model_served = model_served(x),
		.completion_commit = kt_span_of(x->completion_commit),
		.bytes_out = x->bytes_out + (x->is_answer_begun ?
		        x->stream.tail.len : x->final_body.len),
		.components = components,
		.ncomponents = fill_components(x, components),
		.data_class = kt_span_of(kt_class_name(kt_class_highest(set))),
		.data_classes = { words, fill_words(set, words) },
		.threats = { threats,
		    fill_words(x->request_verdict.threats |
		            x->answer_verdict.threats, threats) },
		.component_classes = classes,
		.ncomponent_classes = fill_classes(x, classes),
		.reason_codes = { reasons, fill_reasons(x, reasons) },
		.tools = { x->tools.v, x->tools.n },
		.rules = rules,
		.nrules = fill_rules(x, rules),
		.eval_us = x->inspect_us,
		.attempts = x->attempts,
		.nattempts = x->nattempts,
		.upstream_request_id = x->upstream_request_id,
		.upstream_message_id =
		    unless_tainted(&x->answer_verdict, x->answer_facts.id),
		.outcome = x->outcome,
		.http_status = x->status,
		.stop_reason = unless_tainted(
		    &x->answer_verdict, x->answer_facts.stop_reason),
		.stream = { x->stream.events, x->stream.forwarded_bytes,
		    x->stream.withheld_bytes, x->stream.is_cut,
		    x->stream.cut_at_event },
		.tokens = { .is_reported = x->answer_facts.usage.is_known,
		    .in = x->answer_facts.usage.input,
		    .out = x->answer_facts.usage.output,
		    .cache_read = x->answer_facts.usage.cache_read,
		    .cache_write = x->answer_facts.usage.cache_write },
		.retention_days = x->program->audit.retention_days,
		.cache_breakpoints = x->facts.cache_breakpoints,
		.prefix_tag = kt_span_of(x->prefix_tag),
		.prefix_class = x->prefix_tag[0] == '\0' ?
		    (struct kt_span){ 0 } :
		    kt_span_of(kt_class_name(
		        kt_class_highest(x->request_verdict.cached))),
		.t = { x->start_wall,
		    x->first_byte_mono ?
		        x->start_wall + (x->first_byte_mono - x->start_mono) : 0,
		    x->now_wall, x->inspect_us, x->upstream_us },
	};
	const struct kt_translation *t = &x->translation;
	enum kt_rc rc;

	hide_tools(x);
	fill_request(x, &call);
	fill_kept(x, &call);
	if (kt_x_seen_list(x, true, &call.images, &call.nimages) < 0 ||
	    kt_x_seen_list(x, false, &call.files, &call.nfiles) < 0) {
		order_record(x, KT_E_LIMIT);
		return;
	}
	call.is_held = x->subjects != NULL &&
	    kt_audit_subject_is_held(x->subjects, x->subject);
	kt_x_tally_fill(x, &call);
	if (kt_policy_logs_passed(&x->program->chain) ||
	    x->decision <= KT_ACTION_REDACT) {
		size_t n = x->request_verdict.ndetections +
		    x->answer_verdict.ndetections;
		struct kt_audit_detection *found =
		    kt_arena_array(x->turn, n, sizeof(*found));

		if (found == NULL) {
			order_record(x, KT_E_LIMIT);
			return;
		}
		call.detections = found;
		call.ndetections = fill_detections(x, &x->request_verdict, found);
		call.ndetections += fill_detections(
		    x, &x->answer_verdict, found + call.ndetections);
	}
	if (x->target != NULL && x->nattempts > 0) {
		fill_destination(x->target, &call);
		call.destination.has_baa = kt_x_has_baa(x, x->target);
		call.destination.tls_version = x->tls_version;
		call.destination.tls_spki = x->tls_spki;
	}
	if (x->is_translated) {
		call.translation.is_present = true;
		call.translation.is_strict = t->is_strict;
		call.translation.dropped.at = t->dropped;
		call.translation.dropped.n = t->ndropped;
		call.translation.approximated.at = t->approximated;
		call.translation.approximated.n = t->napproximated;
	}
	kt_buf_reset(&x->record); /* of the open record */
	rc = kt_buf_reserve(&x->record, USUAL_BYTES);
	if (rc == KT_OK)
		rc = kt_audit_call_write(&call, &x->record, NULL);
	if (rc == KT_E_LIMIT) {
		/* Too many kinds of findings for one line: classes, rules and
		 * reasons still tell, and the call need not fail. */
		kt_buf_reset(&x->record);
		call.ndetections = 0;
		rc = kt_audit_call_write(&call, &x->record, NULL);
	}
	order_record(x, rc);
}

void
kt_exchange_summary(const struct kt_exchange *x, struct kt_summary *out)
{
	kt_class_set set = x->request_verdict.classes | x->answer_verdict.classes;

	*out = (struct kt_summary){
		.call_id = kt_span_of(x->call_id),
		.principal = x->caller.id,
		.caller = x->caller,
		.endpoint = kt_span_of(kt_endpoint_name(x->surface.endpoint)),
		.model_requested =
		    unless_tainted(&x->request_verdict, x->facts.model),
		.model_served = model_served(x),
		.target_id = x->target && x->nattempts ? x->target->id :
		    (struct kt_span){ 0 },
		.reason = kt_span_of(kt_reason_code(first_reason(x))),
		.outcome = kt_span_of(kt_audit_outcome_name(x->outcome)),
		.decision = decision_of(x),
		.data_class = kt_span_of(kt_class_name(kt_class_highest(set))),
		.status = x->status,
		.usage = x->answer_facts.usage,
		.start_wall_us = x->start_wall,
		.first_byte_us =
		    x->first_byte_mono ? x->first_byte_mono - x->start_mono : 0,
		.total_us = x->end_mono - x->start_mono,
		.is_call = x->is_call,
		.is_stream = x->is_answer_stream,
		.keeps_nothing = keeps_nothing(x),
		.kept = x->kept,
	};
	if (x->reason == KT_REASON_GATEWAY_AUTH)
		out->caller.id = (struct kt_span){ 0 };
	out->caller.lacks_scope = x->reason == KT_REASON_GATEWAY_SCOPE;
	if (first_reason(x) == KT_REASON_NONE)
		out->reason = (struct kt_span){ 0 };
}
