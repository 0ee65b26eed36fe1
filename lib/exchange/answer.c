/*
 * answer - what came back: whole bodies, errors, and bytes in a pipe.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A whole answer is held until it was inspected and its record is on disk;
 * a stream (stream.c) goes out event by event.  What no policy touches goes
 * out in the very bytes that came.
 */
#include "exchange/exchange_priv.h"

static bool
is_type(const struct kt_exchange *x, struct kt_span type)
{
	struct kt_span t = kt_x_answer_header(x, KT_SPAN("content-type"));

	t = kt_span_trim(kt_span_sub(t, 0, kt_span_find(t, ';')));
	return kt_span_caseeq(t, type);
}

/* The upstream's headers that may go on to the client. */
static bool
keep_headers(struct kt_exchange *x, const struct kt_header *from, size_t n)
{
	struct kt_header *kept;
	size_t k = 0;

	if (!kt_x_keep_headers(x, from, n, &kept))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (kt_header_is_hop_by_hop(from, n, from[i].name) ||
		    kt_span_caseeq(from[i].name, KT_SPAN("content-length")) ||
		    /* another kt behind this one: its record is not this call's */
		    kt_span_caseeq(from[i].name, KT_SPAN("kt-call")) ||
		    kt_span_caseeq(from[i].name, KT_SPAN("kt-audit")))
			continue;
		kept[k] = kept[i];
		if (x->is_translated)
			kt_translate_header(x->target->format, &kept[k],
			    x->now_wall / 1000000, x->mem);
		k++;
	}
	x->answer_headers = kept;
	x->nanswer_headers = k;
	x->upstream_request_id = kt_x_answer_header(x, KT_SPAN("request-id"));
	if (x->upstream_request_id.ptr == NULL)
		x->upstream_request_id =
		    kt_x_answer_header(x, KT_SPAN("x-request-id"));
	return true;
}

static bool
is_encoded(const struct kt_exchange *x)
{
	struct kt_span e =
	    kt_span_trim(kt_x_answer_header(x, KT_SPAN("content-encoding")));

	return e.len > 0 && !kt_span_caseeq(e, KT_SPAN("identity"));
}

static void
note_attempt(struct kt_exchange *x, unsigned status)
{
	struct kt_audit_attempt *a;

	if (x->nattempts == 0)
		return;
	a = &x->attempts[x->nattempts - 1];
	a->status = status;
	a->ms = (x->now_mono - x->attempt_us) / 1000;
	x->upstream_us = x->now_mono - x->attempt_us;
}

static bool
fail_over(struct kt_exchange *x)
{
	if (x->surface.endpoint == KT_ENDPOINT_FILES || x->is_answer_begun ||
	    !kt_x_has_next(x))
		return false;
	kt_x_cancel_upstream(x);
	return kt_x_try_next(x);
}

static bool
is_chat(const struct kt_exchange *x)
{
	return kt_endpoint_format(x->surface.endpoint) != KT_FORMAT_NONE;
}

/* The bytes of a file, whatever they are said to be. */
static bool
is_download(const struct kt_exchange *x)
{
	return x->surface.endpoint == KT_ENDPOINT_FILES &&
	    kt_span_ends(x->surface.path, KT_SPAN("/content"));
}

/* Bytes that go on as they come, which is told of where texts are looked at
 * or files come down. */
static void
pipe(struct kt_exchange *x, bool is_looked_at)
{
	const struct kt_x_verdict *v = &x->answer_verdict;
	bool is_file = x->surface.endpoint == KT_ENDPOINT_FILES;

	x->phase = KT_X_PIPE;
	if (is_looked_at || is_file)
		(void)kt_x_note_uninspectable(x, &x->answer_verdict,
		    is_file ? KT_COMPONENT_FILES : KT_COMPONENT_COMPLETION);
	if (v->action == KT_ACTION_BLOCK)
		kt_x_refuse(x, v->reason, v->policy, NULL);
	else
		kt_x_answer_head(x, x->upstream_status, KT_LENGTH_CHUNKED);
}

void
kt_x_upstream_head(struct kt_exchange *x, unsigned status,
    const struct kt_header *headers, size_t n)
{
	bool is_inspected = is_chat(x) ||
	    (x->surface.endpoint == KT_ENDPOINT_FILES && !is_download(x)) ||
	    x->surface.endpoint == KT_ENDPOINT_PASSTHROUGH ||
	    x->surface.endpoint == KT_ENDPOINT_DETECT;

	note_attempt(x, status);
	x->last_byte_mono = x->now_mono;
	if (kt_x_may_retry(x, status)) {
		const struct kt_target *by = x->target;

		if (fail_over(x)) {
			x->refused_by = by;
			x->refused_status = status;
			return;
		}
	}
	x->upstream_status = status;
	if (!keep_headers(x, headers, n)) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	if (is_inspected && is_encoded(x)) {
		kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL,
		    "content-encoding, though identity was asked for");
		return;
	}
	if (x->is_upstream_sent)
		kt_x_drop_request(x);
	kt_buf_reset(&x->answer);
	kt_json_reset(&x->answer_json, KT_ANSWER_MAX);
	kt_x_seed_json(x, &x->answer_json);
	if (status >= 400 || x->is_head_only) {
		x->phase = KT_X_WHOLE;
	} else if (is_chat(x) && is_type(x, KT_SPAN("text/event-stream"))) {
		x->phase = KT_X_STREAM;
		kt_x_stream_begin(x);
	} else if (is_chat(x) ||
	    (is_inspected && is_type(x, KT_SPAN("application/json")))) {
		x->phase = KT_X_WHOLE;
	} else {
		pipe(x, is_inspected);
	}
}

void
kt_x_upstream_body(struct kt_exchange *x, struct kt_span bytes)
{
	x->last_byte_mono = x->now_mono;
	switch (x->phase) {
	case KT_X_WHOLE:
		if (kt_buf_add(&x->answer, bytes) < 0)
			kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL,
			    "the answer is too large");
		else if (!kt_x_charge(x))
			kt_x_refuse(x, KT_REASON_GATEWAY_BUSY, NULL, NULL);
		return;
	case KT_X_STREAM:
		kt_x_stream_body(x, bytes);
		return;
	case KT_X_PIPE:
		kt_x_out(x, bytes);
		return;
	case KT_X_HEAD:
	case KT_X_UPLOAD:
	case KT_X_INSPECT:
	case KT_X_OPENING:
	case KT_X_ATTEMPT:
	case KT_X_RECORDING:
	case KT_X_DONE:
		return;
	}
}

/* What goes to the client is what is committed to. */
static void
commit_answer(struct kt_exchange *x, struct kt_span bytes)
{
	kt_x_commit_begin(x, KT_SPAN("completion"));
	kt_audit_hash_add(&x->hash, bytes);
	kt_x_commit_end(x, x->completion_commit);
}

static void
finish_whole(struct kt_exchange *x, unsigned status, struct kt_span body)
{
	x->status = status;
	x->final_body = body;
	if (x->has_hash)
		commit_answer(x, body);
	kt_x_record(x);
}

/* Instead of what the upstream said there. */
static void
set_header(struct kt_exchange *x, struct kt_span name, struct kt_span value)
{
	struct kt_header *h = kt_arena_array(
	    x->mem, x->nanswer_headers + 1, sizeof(*h));
	size_t n = 0;

	if (h == NULL)
		return; /* the full arena refuses the whole answer */
	for (size_t i = 0; i < x->nanswer_headers; i++)
		if (!kt_span_caseeq(x->answer_headers[i].name, name))
			h[n++] = x->answer_headers[i];
	h[n++] = (struct kt_header){ name, value };
	x->answer_headers = h;
	x->nanswer_headers = n;
}

static enum kt_rc
inspect_answer(struct kt_exchange *x)
{
	enum kt_format format = is_chat(x) && !x->is_offline ?
	    (kt_endpoint_format(x->surface.endpoint) == KT_FORMAT_RESPONSES ?
	            KT_FORMAT_RESPONSES : x->target->format) :
	    kt_endpoint_format(x->surface.endpoint);
	int rc;

	if (x->upstream_status < 400) {
		kt_answer_facts(format, &x->answer_json,
		    kt_buf_span(&x->answer), &x->answer_facts);
		kt_x_tally_answer(x, format);
	}
	kt_x_inspect_begin(x, format, KT_ANSWER, &x->answer_json,
	    kt_buf_span(&x->answer));
	while ((rc = kt_x_inspect(x, &x->answer_verdict, &x->answer_edits)) == 0)
		kt_arena_reset(x->turn); /* markers and edits lie in mem */
	if (rc > 0 && x->upstream_status < 400) {
		(void)kt_x_shape_begin(x); /* it is held in any case */
		kt_x_shape_add(x, format, false, &x->answer_json,
		    kt_buf_span(&x->answer));
		kt_x_shape_judge(x);
	}
	return rc < 0 ? (enum kt_rc)rc : KT_OK;
}

/* An error is text like any other, JSON or not; KT_OK: *body may go out. */
static enum kt_rc
inspect_error(struct kt_exchange *x, struct kt_span *body)
{
	struct kt_x_text t = { .raw = *body, .is_plain = true,
		.component = KT_COMPONENT_COMPLETION, .kind = KT_SEGMENT_TEXT };
	enum kt_rc rc;

	if (body->len == 0 || x->program->chain.hears == 0)
		return KT_OK;
	if (kt_json_parse(&x->answer_json, *body, NULL) == KT_OK)
		rc = inspect_answer(x);
	else
		rc = kt_x_inspect_text(
		    x, &x->answer_verdict, &t, x->mem, &x->answer_edits);
	if (rc < 0 || x->answer_edits.n == 0 ||
	    x->answer_verdict.action == KT_ACTION_BLOCK)
		return rc;
	kt_buf_fini(&x->offline);
	kt_buf_init(&x->offline, KT_ANSWER_MAX);
	rc = kt_x_splice(*body, &x->answer_edits, &x->offline);
	*body = kt_buf_span(&x->offline);
	return rc;
}

/* In the words of the client's vendor; *body may move. */
static enum kt_rc
translate_error(struct kt_exchange *x, unsigned *status, struct kt_span *body)
{
	struct kt_buf said;
	enum kt_rc rc;

	kt_buf_init(&said, KT_ANSWER_MAX);
	rc = kt_translate_error(x->target->format,
	    kt_endpoint_format(x->surface.endpoint), status, *body,
	    x->upstream_request_id, x->mem, &said);
	kt_buf_fini(&x->offline); /* what was translated may have lain here */
	x->offline = said;
	*body = kt_buf_span(&x->offline);
	set_header(x, KT_SPAN("content-type"), KT_SPAN("application/json"));
	if (rc == KT_OK && x->upstream_status == 402 && *status != 402)
		set_header(x, KT_SPAN("x-should-retry"),
		    KT_SPAN("false")); /* their word for it is a 429 */
	return rc;
}

static void
note_redaction(struct kt_exchange *x)
{
	const struct kt_x_verdict *v = &x->answer_verdict;

	if (v->action >= x->decision)
		return;
	x->decision = v->action;
	if (v->action == KT_ACTION_REDACT && x->reason == KT_REASON_NONE)
		x->reason = v->reason;
}

/* An error, or what only is called JSON.  Clients recover by the wording of
 * their vendor's errors: byte for byte, unless the vendor is another one or a
 * policy finds something. */
static void
end_text(struct kt_exchange *x)
{
	const struct kt_x_verdict *v = &x->answer_verdict;
	unsigned status = x->upstream_status;
	struct kt_span body = kt_buf_span(&x->answer);
	enum kt_rc rc = inspect_error(x, &body);

	if (rc < 0) {
		kt_x_fail(x, rc);
		return;
	}
	if (v->action == KT_ACTION_BLOCK) {
		kt_x_refuse(x, v->reason, v->policy, NULL);
		return;
	}
	note_redaction(x);
	x->outcome = status == 529 ? KT_AUDIT_UPSTREAM_OVERLOADED :
	    KT_AUDIT_UPSTREAM_ERROR;
	if (status < 400)
		x->outcome = KT_AUDIT_OK; /* HEAD, or no JSON */
	if (x->is_translated && status >= 400 &&
	    translate_error(x, &status, &body) < 0) {
		kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL, NULL);
		return;
	}
	finish_whole(x, status, body);
}

/* The answer as the client gets it, in x->answer or x->offline. */
static enum kt_rc
render_answer(struct kt_exchange *x, struct kt_span *out, struct kt_err *err)
{
	struct kt_translate_options o = { .now_s = x->now_wall / 1000000,
		.request = &x->translation };
	struct kt_translation losses = { .is_strict = x->translation.is_strict };
	struct kt_json edited, *json = &x->answer_json;
	struct kt_buf b;
	enum kt_rc rc = KT_OK;

	*out = kt_buf_span(&x->answer);
	if (x->answer_edits.n == 0 && !x->is_translated)
		return KT_OK;
	kt_buf_fini(&x->offline);
	kt_buf_init(&x->offline, 4 * (size_t)KT_ANSWER_MAX);
	if (x->answer_edits.n > 0 && !x->is_translated) {
		rc = kt_x_splice(*out, &x->answer_edits, &x->offline);
		*out = kt_buf_span(&x->offline);
		return rc;
	}
	kt_buf_init(&b, 2 * (size_t)KT_ANSWER_MAX);
	kt_json_init(&edited, 2 * (size_t)KT_ANSWER_MAX);
	kt_x_seed_json(x, &edited);
	if (x->answer_edits.n > 0) {
		rc = kt_x_splice(*out, &x->answer_edits, &b);
		*out = kt_buf_span(&b);
		json = &edited;
		if (rc == KT_OK)
			rc = kt_json_parse(&edited, *out, err);
	}
	if (rc == KT_OK)
		rc = kt_translate_answer(x->target->format,
		    kt_endpoint_format(x->surface.endpoint), json, *out, &o,
		    x->mem, &x->offline, &losses, err);
	kt_translation_add(&x->translation, &losses);
	kt_json_fini(&edited);
	kt_buf_fini(&b);
	*out = kt_buf_span(&x->offline);
	return rc;
}

static void
end_whole(struct kt_exchange *x)
{
	struct kt_err err = { 0 };
	enum kt_rc rc;

	rc = kt_json_parse(&x->answer_json, kt_buf_span(&x->answer), &err);
	if (rc < 0 && !is_chat(x)) {
		if (x->answer.len > 0)
			(void)kt_x_note_uninspectable(x, &x->answer_verdict,
			    KT_COMPONENT_COMPLETION);
		end_text(x);
		return;
	}
	if (rc < 0 || (is_chat(x) &&
	        kt_json_type(&x->answer_json, kt_json_root(&x->answer_json)) !=
	            KT_JSON_OBJECT)) {
		kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL, "%s",
		    err.text[0] ? err.text : "not a JSON object");
		return;
	}
	rc = inspect_answer(x);
	if (rc < 0)
		kt_x_fail(x, rc);
	else
		kt_x_answer_guarded(x);
}

void
kt_x_answer_guarded(struct kt_exchange *x)
{
	const struct kt_x_verdict *v = &x->answer_verdict;
	struct kt_err err = { 0 };
	struct kt_span body;
	int rc = kt_x_guard(x, KT_ANSWER, &x->answer_verdict);

	if (rc == 0)
		return; /* it is asked */
	if (rc < 0) {
		kt_x_fail(x, KT_E_LIMIT);
		return;
	}
	if (v->action == KT_ACTION_BLOCK) {
		kt_x_refuse(x, v->reason, v->policy, NULL);
		return;
	}
	rc = render_answer(x, &body, &err);
	if (rc < 0) {
		kt_x_refuse(x, KT_REASON_UPSTREAM_GARBLED, NULL, "%s", err.text);
		return;
	}
	note_redaction(x);
	kt_x_upload_remember(x);
	x->outcome = KT_AUDIT_OK;
	finish_whole(x, x->upstream_status, body);
}

void
kt_x_upstream_end(struct kt_exchange *x)
{
	switch (x->phase) {
	case KT_X_WHOLE:
		if (x->upstream_status >= 400 || x->is_head_only)
			end_text(x);
		else
			end_whole(x);
		return;
	case KT_X_STREAM:
		kt_x_stream_end(x);
		return;
	case KT_X_PIPE:
		x->outcome = KT_AUDIT_OK;
		kt_x_record(x);
		return;
	case KT_X_HEAD:
	case KT_X_UPLOAD:
	case KT_X_INSPECT:
	case KT_X_OPENING:
	case KT_X_ATTEMPT:
	case KT_X_RECORDING:
	case KT_X_DONE:
		return;
	}
}

void
kt_x_break_off(struct kt_exchange *x, enum kt_reason reason)
{
	kt_x_cancel_upstream(x);
	x->reason = reason;
	x->is_error = true;
	x->outcome = kt_x_outcome_of(reason);
	x->is_truncated = true;
	kt_x_record(x);
}

void
kt_x_give_up(struct kt_exchange *x, enum kt_reason reason)
{
	switch (x->phase) {
	case KT_X_ATTEMPT:
	case KT_X_WHOLE:
		kt_x_refuse(x, reason, NULL, NULL);
		return;
	case KT_X_STREAM:
		kt_x_stream_fail(x, reason);
		return;
	case KT_X_PIPE:
		kt_x_break_off(x, reason);
		return;
	case KT_X_HEAD:
	case KT_X_UPLOAD:
	case KT_X_INSPECT:
	case KT_X_OPENING:
	case KT_X_RECORDING:
	case KT_X_DONE:
		return;
	}
}

void
kt_x_upstream_fail(struct kt_exchange *x, enum kt_fault fault)
{
	uint32_t on = x->program->settings->providers.fallback.triggers;
	enum kt_config_trigger trigger = fault == KT_FAULT_TIMEOUT ?
	    KT_CONFIG_ON_TIMEOUT : fault == KT_FAULT_CONNECT ?
	    KT_CONFIG_ON_CONNECT : KT_CONFIG_ON_SERVER_ERROR;

	if (x->phase == KT_X_ATTEMPT) {
		note_attempt(x, 0);
		if ((on & (1u << trigger)) && fail_over(x))
			return;
	}
	/* That nobody is there says less than what another one said. */
	kt_x_give_up(x, fault == KT_FAULT_CONNECT && x->refused_by != NULL ?
	        KT_REASON_UPSTREAM_REFUSED : fault == KT_FAULT_CONNECT ?
	        KT_REASON_UPSTREAM_UNREACHABLE :
	        fault == KT_FAULT_TIMEOUT ? KT_REASON_UPSTREAM_SLOW :
	        KT_REASON_UPSTREAM_GARBLED);
}

void
kt_x_upstream_slow(struct kt_exchange *x)
{
	const struct kt_target *t = x->target;
	uint32_t on = x->program->settings->providers.fallback.triggers;
	bool is_over = t->total_us && x->now_mono >= x->attempt_us + t->total_us;

	if (x->phase == KT_X_ATTEMPT) {
		is_over |= t->first_byte_us &&
		    x->now_mono >= x->asked_us + t->first_byte_us;
		if (is_over)
			note_attempt(x, 0);
		if (is_over && (on & (1u << KT_CONFIG_ON_TIMEOUT)) && fail_over(x))
			return;
	} else {
		is_over |= t->silence_us && !x->is_upstream_paused &&
		    x->now_mono >= x->last_byte_mono + t->silence_us;
	}
	if (is_over)
		kt_x_give_up(x, KT_REASON_UPSTREAM_SLOW);
	else if (x->phase == KT_X_STREAM)
		kt_x_stream_ping(x);
}
