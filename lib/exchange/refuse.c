/*
 * refuse - the only place where an error or a verdict becomes a refusal.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keep it that way: a second one would be a second opinion on what to do
 * when unsure.  One table says status, error type, code and whether a retry
 * can help, for every reason that kt itself can give.
 */
#include <stdio.h>

#include "exchange/exchange_priv.h"

#define FIELDS_MAX 3 /* of a refusal */

struct saying {
	enum kt_reason reason;
	unsigned status;
	const char *type, *code, *text;
	bool may_retry;   /* else x-should-retry: false */
	bool is_malformed; /* a reject record, unless it became a call */
};

static const struct saying sayings[] = {
	{ KT_REASON_ROUTE_UNKNOWN, 404, "not_found_error", "unknown_path",
	    "no route claims this path", false, true },
	{ KT_REASON_ROUTE_METHOD, 405, "invalid_request_error",
	    "method_not_allowed", "the method does not go with this path", false,
	    true },
	{ KT_REASON_ROUTE_DENIED, 403, "permission_error", "path_denied",
	    "the configuration refuses this path", false, true },
	{ KT_REASON_ROUTE_NO_TARGET, 503, "api_error", "no_target",
	    "no target can take this call", false, false },
	{ KT_REASON_ROUTE_BAA, 503, "api_error", "no_compliant_destination",
	    "no target with the agreement that this data needs", false, false },
	{ KT_REASON_ROUTE_RETENTION, 503, "api_error",
	    "no_compliant_destination",
	    "no target that keeps data as briefly as it must", false, false },
	{ KT_REASON_ROUTE_TRAINING, 503, "api_error",
	    "no_compliant_destination",
	    "no target that promises not to train on data", false, false },
	{ KT_REASON_ROUTE_REGION, 503, "api_error", "no_compliant_destination",
	    "no target in a region that is allowed", false, false },
	{ KT_REASON_ROUTE_CONTEXT, 400, "invalid_request_error",
	    "context_exceeded", "more tokens than the target takes", false,
	    false },
	{ KT_REASON_ROUTE_TRANSLATION, 400, "invalid_request_error",
	    "unsupported_parameter",
	    "cannot be said in the format of the target", false, false },
	{ KT_REASON_GATEWAY_AUTH, 401, "authentication_error", "invalid_token",
	    "no valid kt token; create one with 'kt token create'", false, true },
	{ KT_REASON_GATEWAY_SCOPE, 403, "permission_error", "missing_scope",
	    "the token does not cover this endpoint", false, true },
	{ KT_REASON_GATEWAY_MALFORMED, 400, "invalid_request_error",
	    "malformed_request", "the request body is not what it must be",
	    false, true },
	{ KT_REASON_GATEWAY_TOO_LARGE, 413, "request_too_large",
	    "request_too_large", "the request is larger than allowed", false,
	    true },
	{ KT_REASON_GATEWAY_ENCODING, 415, "invalid_request_error",
	    "unsupported_encoding",
	    "only gzip, deflate and identity can be inspected", false, true },
	{ KT_REASON_GATEWAY_AUDIT, 503, "api_error", "audit_unavailable",
	    "the audit record cannot be written", true, false },
	{ KT_REASON_GATEWAY_INSPECTION, 503, "api_error", "inspection_failed",
	    "inspection could not finish", false, false },
	{ KT_REASON_GATEWAY_GUARD, 503, "api_error", "guard_unavailable",
	    "the external classifier gave no answer", true, false },
	{ KT_REASON_GATEWAY_BUSY, 503, "overloaded_error", "out_of_memory",
	    "too many bodies in flight; try again", true, true },
	{ KT_REASON_GATEWAY_STOPPING, 503, "api_error", "gateway_stopping",
	    "the gateway is shutting down", true, false },
	{ KT_REASON_UPSTREAM_UNREACHABLE, 502, "api_error",
	    "upstream_unreachable", "no connection to the upstream", true,
	    false },
	{ KT_REASON_UPSTREAM_REFUSED, 502, "api_error", "upstream_refused",
	    "an upstream refused, and no other can be reached", true, false },
	{ KT_REASON_UPSTREAM_GARBLED, 502, "api_error",
	    "upstream_unintelligible",
	    "the upstream's answer could not be understood", true, false },
	{ KT_REASON_UPSTREAM_SLOW, 504, "timeout_error", "upstream_timeout",
	    "the upstream took too long", true, false },
};

static const struct saying by_policy = { KT_REASON_NONE, 403,
	"permission_error", NULL, NULL, false, false };

static const struct saying *
saying_of(enum kt_reason reason)
{
	for (size_t i = 0; i < KT_NELEMS(sayings); i++) {
		if (sayings[i].reason == reason)
			return &sayings[i];
	}
	return &by_policy;
}

struct kt_problem
kt_x_problem(struct kt_exchange *x, enum kt_reason reason,
    const struct kt_policy *policy, bool is_answer)
{
	const struct saying *s = saying_of(reason);
	struct kt_problem p = {
		.status = s->status,
		.type = s->type,
		.code = s->code,
		.reason = kt_reason_code(reason),
		.policy = policy ? policy->kind->config.name : NULL,
		.message = kt_span_of(s->text),
		.request_id = kt_span_of(x->call_id),
	};

	if (reason == KT_REASON_UPSTREAM_REFUSED) {
		p.status = x->refused_status;
		p.type = kt_translate_status(x->refused_by->format, &p.status);
	}
	if (s == &by_policy) {
		p.status = (unsigned)x->program->settings->gateway.block_status;
		p.code = is_answer ? "output_blocked" : "input_blocked";
		p.message = kt_arena_printf(x->mem, "blocked by policy%s%s: %s",
		    p.policy ? " " : "", p.policy ? p.policy : "",
		    kt_reason_meaning(reason));
		if (p.message.ptr == NULL)
			p.message = KT_SPAN("blocked by policy");
	}
	return p;
}

/* What would be taken instead: HTTP asks for it with these. */
static void
add_advice(const struct kt_exchange *x, const struct saying *s,
    struct kt_header *h, size_t *n)
{
	if (s->status == 401)
		(void)kt_x_header_add(h, n, FIELDS_MAX,
		    KT_SPAN("www-authenticate"), KT_SPAN("Bearer"));
	else if (s->status == 405)
		(void)kt_x_header_add(h, n, FIELDS_MAX, KT_SPAN("allow"),
		    x->surface.methods);
	else if (s->status == 415)
		(void)kt_x_header_add(h, n, FIELDS_MAX,
		    KT_SPAN("accept-encoding"), KT_SPAN("gzip, deflate"));
}

static void
answer_problem(struct kt_exchange *x, const struct kt_problem *p,
    const struct saying *s)
{
	struct kt_buf b;
	struct kt_header *h = kt_arena_array(x->mem, FIELDS_MAX, sizeof(*h));
	size_t n = 0;

	kt_buf_init(&b, KT_EVENT_MAX);
	if (kt_speak_error(x->client_format, p, &b) < 0)
		kt_buf_reset(&b);
	x->final_body = kt_arena_dup(x->mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	x->status = kt_speak_status(x->client_format, p);
	x->answer_headers = h;
	if (h != NULL) {
		(void)kt_x_header_add(h, &n, FIELDS_MAX,
		    KT_SPAN("content-type"), KT_SPAN("application/json"));
		if (!s->may_retry)
			(void)kt_x_header_add(h, &n, FIELDS_MAX,
			    KT_SPAN("x-should-retry"), KT_SPAN("false"));
		else if (p->status == 503)
			(void)kt_x_header_add(h, &n, FIELDS_MAX,
			    KT_SPAN("retry-after"), KT_SPAN("1"));
		add_advice(x, s, h, &n);
	}
	x->nanswer_headers = n;
}

enum kt_audit_outcome
kt_x_outcome_of(enum kt_reason reason)
{
	switch (reason) {
	case KT_REASON_UPSTREAM_UNREACHABLE:
	case KT_REASON_UPSTREAM_REFUSED:
	case KT_REASON_UPSTREAM_GARBLED:
		return KT_AUDIT_UPSTREAM_ERROR;
	case KT_REASON_UPSTREAM_SLOW:
		return KT_AUDIT_UPSTREAM_TIMEOUT;
	case KT_REASON_GATEWAY_AUDIT:
	case KT_REASON_GATEWAY_INSPECTION:
	case KT_REASON_GATEWAY_GUARD:
	case KT_REASON_GATEWAY_BUSY:
	case KT_REASON_GATEWAY_STOPPING:
		return KT_AUDIT_FAIL_CLOSED;
	default:
		return KT_AUDIT_BLOCKED;
	}
}

void
kt_x_refuse(struct kt_exchange *x, enum kt_reason reason,
    const struct kt_policy *policy, const char *fmt, ...)
{
	const struct saying *s = saying_of(reason);
	bool is_answer = x->upstream_status != 0;
	struct kt_problem p = kt_x_problem(x, reason, policy, is_answer);

	if (fmt != NULL) {
		char text[300];
		va_list ap;

		va_start(ap, fmt);
		(void)vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		p.message = kt_arena_printf(
		    x->mem, "%.*s: %s", KT_SPAN_ARG(p.message), text);
		if (p.message.ptr == NULL)
			p.message = kt_span_of(s->text);
	}
	kt_x_cancel_upstream(x);
	x->reason = reason;
	x->outcome = kt_x_outcome_of(reason);
	if (reason == KT_REASON_UPSTREAM_REFUSED && p.status == 529)
		x->outcome = KT_AUDIT_UPSTREAM_OVERLOADED;
	x->decision = KT_ACTION_BLOCK;
	x->is_error = x->outcome != KT_AUDIT_BLOCKED;
	if (x->is_answer_begun)
		x->is_truncated = true; /* too late to say anything */
	else
		answer_problem(x, &p, s);
	if (!x->is_answer_begun)
		kt_x_withhold_calls(x, reason);
	if (s->is_malformed && !x->is_call)
		kt_x_record_reject(x);
	else
		kt_x_record(x);
}

void
kt_x_fail(struct kt_exchange *x, enum kt_rc rc)
{
	(void)rc; /* every failure of inspection refuses alike */
	kt_x_refuse(x, KT_REASON_GATEWAY_INSPECTION, NULL, NULL);
}

void
kt_x_lose_record(struct kt_exchange *x)
{
	struct kt_problem p =
	    kt_x_problem(x, KT_REASON_GATEWAY_AUDIT, NULL, false);

	x->reason = KT_REASON_GATEWAY_AUDIT;
	x->outcome = KT_AUDIT_FAIL_CLOSED;
	x->is_error = true;
	if (!x->is_answer_begun) {
		answer_problem(x, &p, saying_of(KT_REASON_GATEWAY_AUDIT));
		return;
	}
	kt_buf_reset(&x->stream.tail);
	if (!x->is_answer_stream ||
	    kt_stream_write_error(x->stream.writer, &p, &x->stream.tail) < 0 ||
	    x->stream.tail.len == 0)
		x->is_truncated = true;
}
