/*
 * speak - errors and lists are written, never formatted from a template: a
 * message may hold any UTF-8, and a template forgets to escape one day.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/write.h"
#include "provider/speak.h"

static const struct {
	const char *type;
	const char *openai_type, *openai_code; /* code NULL: null */
} errors[] = {
	{ "invalid_request_error", "invalid_request_error", NULL },
	{ "authentication_error", "invalid_request_error", "invalid_api_key" },
	{ "billing_error", "insufficient_quota", "insufficient_quota" },
	{ "permission_error", "invalid_request_error", "permission_denied" },
	{ "not_found_error", "invalid_request_error", "model_not_found" },
	{ "conflict_error", "invalid_request_error", "conflict" },
	{ "request_too_large", "invalid_request_error", "request_too_large" },
	{ "rate_limit_error", "rate_limit_error", "rate_limit_exceeded" },
	{ "timeout_error", "server_error", "timeout" },
	{ "overloaded_error", "server_error", "overloaded" },
	/* The last one is also for types that nobody listed. */
	{ "api_error", "server_error", NULL },
};

static size_t
index_of(const char *type)
{
	size_t i = 0;

	while (i + 1 < KT_NELEMS(errors) &&
	    (type == NULL || strcmp(errors[i].type, type) != 0))
		i++;
	return i;
}

static bool
is_openai(enum kt_format format)
{
	return format == KT_FORMAT_OPENAI || format == KT_FORMAT_RESPONSES;
}

/* An upstream's words may be broken; what kt says is not. */
static void
put_text(struct kt_json_writer *w, struct kt_span text)
{
	kt_json_put_string(w, kt_span_sub(text, 0, kt_utf8_check(text)));
}

static void
put_member(struct kt_json_writer *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	kt_json_put_name(w, name);
	put_text(w, kt_span_of(value));
}

static void
put_anthropic(struct kt_json_writer *w, const struct kt_problem *p)
{
	kt_json_begin_object(w);
	put_member(w, "type", "error");
	kt_json_named_object(w, "error");
	put_member(w, "type", p->type == NULL ? "api_error" : p->type);
	kt_json_put_name(w, "message");
	put_text(w, p->message);
	put_member(w, "policy", p->policy);
	put_member(w, "code", p->code);
	put_member(w, "reason_code", p->reason);
	kt_json_end_object(w);
	if (p->request_id.len > 0) {
		kt_json_put_name(w, "request_id");
		put_text(w, p->request_id);
	}
	kt_json_end_object(w);
}

static void
put_openai(struct kt_json_writer *w, const struct kt_problem *p)
{
	size_t i = index_of(p->type);
	const char *code = p->code != NULL ? p->code : errors[i].openai_code;

	kt_json_begin_object(w);
	kt_json_named_object(w, "error");
	kt_json_put_name(w, "message");
	put_text(w, p->message);
	put_member(w, "type", errors[i].openai_type);
	kt_json_named_null(w, "param");
	if (code == NULL)
		kt_json_named_null(w, "code");
	put_member(w, "code", code);
	put_member(w, "policy", p->policy);
	put_member(w, "reason_code", p->reason);
	kt_json_end_object(w);
	kt_json_end_object(w);
}

enum kt_rc
kt_speak_error(
    enum kt_format format, const struct kt_problem *p, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	if (is_openai(format))
		put_openai(&w, p);
	else
		put_anthropic(&w, p);
	return kt_json_written(&w);
}

unsigned
kt_speak_status(enum kt_format format, const struct kt_problem *p)
{
	/* Who configured a status for what a policy refuses meant it. */
	if (!is_openai(format) || strcmp(p->type, "permission_error") == 0)
		return p->status;
	return p->status == 402 ? 429 : p->status == 529 ? 503 : p->status;
}

static void
put_model(struct kt_json_writer *w, enum kt_format format,
    const struct kt_model_entry *m)
{
	kt_json_begin_object(w);
	kt_json_put_name(w, "id");
	put_text(w, m->id);
	if (is_openai(format)) {
		put_member(w, "object", "model");
		kt_json_named_u64(w, "created", 0);
		put_member(w, "owned_by", "kt");
	} else {
		put_member(w, "type", "model");
		kt_json_put_name(w, "display_name");
		put_text(w, m->display_name.len > 0 ? m->display_name : m->id);
		put_member(w, "created_at", "1970-01-01T00:00:00Z");
	}
	kt_json_end_object(w);
}

static void
put_id(struct kt_json_writer *w, const char *name,
    const struct kt_model_entry *m)
{
	kt_json_put_name(w, name);
	if (m == NULL)
		kt_json_put_null(w);
	else
		put_text(w, m->id);
}

enum kt_rc
kt_speak_models(enum kt_format format, const struct kt_model_entry *m,
    size_t n, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	if (is_openai(format))
		put_member(&w, "object", "list");
	kt_json_named_array(&w, "data");
	for (size_t i = 0; i < n; i++)
		put_model(&w, format, &m[i]);
	kt_json_end_array(&w);
	if (!is_openai(format)) {
		kt_json_named_bool(&w, "has_more", false);
		put_id(&w, "first_id", n == 0 ? NULL : &m[0]);
		put_id(&w, "last_id", n == 0 ? NULL : &m[n - 1]);
	}
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

enum kt_rc
kt_speak_model(
    enum kt_format format, const struct kt_model_entry *m, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	put_model(&w, format, m);
	return kt_json_written(&w);
}
