/*
 * translate_error - what went wrong, in the client's words.  Two tables from
 * left to right; the message is carried as it came, because people search
 * for it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* A body that is no JSON is carried up to here: a proxy's page, mostly. */
#define PLAIN_MAX 4096

struct error {
	unsigned status;
	const char *type, *code; /* code NULL: null */
};

static const struct {
	struct kt_span type; /* Anthropic's */
	unsigned status;     /* Anthropic's */
	struct error openai;
} to_openai[] = {
	{ KT_SPAN_INIT("invalid_request_error"), 400,
	    { 400, "invalid_request_error", NULL } },
	{ KT_SPAN_INIT("authentication_error"), 401,
	    { 401, "invalid_request_error", "invalid_api_key" } },
	{ KT_SPAN_INIT("billing_error"), 402,
	    { 429, "insufficient_quota", "insufficient_quota" } },
	{ KT_SPAN_INIT("permission_error"), 403,
	    { 403, "invalid_request_error", "permission_denied" } },
	{ KT_SPAN_INIT("not_found_error"), 404,
	    { 404, "invalid_request_error", "model_not_found" } },
	{ KT_SPAN_INIT("conflict_error"), 409,
	    { 409, "invalid_request_error", "conflict" } },
	{ KT_SPAN_INIT("request_too_large"), 413,
	    { 413, "invalid_request_error", "request_too_large" } },
	{ KT_SPAN_INIT("rate_limit_error"), 429,
	    { 429, "rate_limit_error", "rate_limit_exceeded" } },
	{ KT_SPAN_INIT("api_error"), 500, { 500, "server_error", NULL } },
	{ KT_SPAN_INIT("timeout_error"), 504,
	    { 504, "server_error", "timeout" } },
	{ KT_SPAN_INIT("overloaded_error"), 529,
	    { 503, "server_error", "overloaded" } },
};

static const struct {
	unsigned from;
	struct error anthropic;
} to_anthropic[] = {
	{ 401, { 401, "authentication_error", NULL } },
	{ 402, { 402, "billing_error", NULL } },
	{ 403, { 403, "permission_error", NULL } },
	{ 404, { 404, "not_found_error", NULL } },
	{ 408, { 408, "timeout_error", NULL } },
	{ 409, { 409, "conflict_error", NULL } },
	{ 413, { 413, "request_too_large", NULL } },
	{ 429, { 429, "rate_limit_error", NULL } },
	{ 503, { 529, "overloaded_error", NULL } },
	{ 504, { 504, "timeout_error", NULL } },
	{ 529, { 529, "overloaded_error", NULL } }, /* servers that know both */
};

/* In a stream there is no status: what the type and code stand for. */
static const struct {
	struct kt_span word;
	unsigned status;
} words[] = {
	{ KT_SPAN_INIT("invalid_api_key"), 401 },
	{ KT_SPAN_INIT("permission_denied"), 403 },
	{ KT_SPAN_INIT("model_not_found"), 404 },
	{ KT_SPAN_INIT("request_too_large"), 413 },
	{ KT_SPAN_INIT("rate_limit_exceeded"), 429 },
	{ KT_SPAN_INIT("rate_limit_error"), 429 },
	{ KT_SPAN_INIT("overloaded"), 503 },
	{ KT_SPAN_INIT("timeout"), 504 },
	{ KT_SPAN_INIT("invalid_request_error"), 400 },
	{ KT_SPAN_INIT("server_error"), 500 },
};

static struct error
openai_of(struct kt_span type, unsigned status)
{
	size_t by_status = KT_NELEMS(to_openai);
	struct error e;

	for (size_t i = 0; i < KT_NELEMS(to_openai); i++) {
		e = to_openai[i].openai;
		if (kt_span_eq(to_openai[i].type, type)) {
			/* 4xx of many kinds are invalid requests, and 502 to
			 * 504 of many proxies are just errors. */
			if ((i == 0 && status > 400 && status < 500) ||
			    (e.status == 500 && status > 500 && status < 505))
				e.status = status;
			return e;
		}
		if (to_openai[i].status == status)
			by_status = i;
	}
	if (by_status < KT_NELEMS(to_openai))
		return to_openai[by_status].openai;
	if (status < 500)
		return (struct error){ status, "invalid_request_error", NULL };
	return (struct error){ status, "server_error", NULL };
}

static struct error
anthropic_of(struct kt_span code, unsigned status)
{
	if (kt_span_eq(code, KT_SPAN("insufficient_quota")))
		return (struct error){ 402, "billing_error", NULL };
	for (size_t i = 0; i < KT_NELEMS(to_anthropic); i++)
		if (to_anthropic[i].from == status)
			return to_anthropic[i].anthropic;
	return (struct error){
		.status = status,
		.type = status >= 500 ? "api_error" : "invalid_request_error",
	};
}

const char *
kt_translate_status(enum kt_format from, unsigned *status)
{
	struct error e;

	for (size_t i = 0; from == KT_FORMAT_ANTHROPIC &&
	     i < KT_NELEMS(to_openai); i++)
		if (to_openai[i].status == *status)
			return to_openai[i].type.ptr;
	if (from == KT_FORMAT_ANTHROPIC)
		return "api_error";
	e = anthropic_of((struct kt_span){ 0 }, *status);
	*status = e.status;
	return e.type;
}

static unsigned
status_of(struct kt_span code, struct kt_span type)
{
	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (kt_span_eq(words[i].word, code))
			return words[i].status;
	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (kt_span_eq(words[i].word, type))
			return words[i].status;
	return 500;
}

/* ---- one body ---- */

static struct kt_span
string(const struct kt_json *j, struct kt_span text, uint32_t object,
    const char *name)
{
	return kt_json_string(
	    j, text, kt_json_member(j, text, object, kt_span_of(name)));
}

struct problem {
	struct kt_span message, type, code, request_id; /* raw */
};

static void
read_problem(struct problem *p, const struct kt_json *j, struct kt_span text)
{
	uint32_t root = kt_json_root(j);
	uint32_t error = kt_json_member(j, text, root, KT_SPAN("error"));
	uint32_t details;

	p->request_id = string(j, text, root, "request_id");
	if (kt_json_type(j, error) == KT_JSON_STRING) {
		p->message = kt_json_string(j, text, error);
		return;
	}
	if (kt_json_type(j, error) != KT_JSON_OBJECT)
		error = root;
	details = kt_json_member(j, text, error, KT_SPAN("details"));
	p->message = string(j, text, error, "message");
	p->type = string(j, text, error, "type");
	p->code = string(j, text, error, "code");
	if (p->code.len == 0)
		p->code = string(j, text, details, "error_code");
}

static void
put_raw(struct kt_json_writer *w, const char *name, struct kt_span raw)
{
	kt_json_named_raw(w, name, KT_SPAN("\""));
	if (w->rc == KT_OK)
		w->rc = kt_buf_add(w->out, raw);
	if (w->rc == KT_OK)
		w->rc = kt_buf_addc(w->out, '"');
}

static enum kt_rc
write_openai(
    const struct problem *p, const struct error *e, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_object(&w, "error");
	put_raw(&w, "message", p->message);
	kt_json_named_word(&w, "type", e->type);
	kt_json_named_null(&w, "param");
	kt_json_named_word(&w, "code", e->code);
	kt_json_end_object(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

static enum kt_rc
write_anthropic(
    const struct problem *p, const struct error *e, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_word(&w, "type", "error");
	kt_json_named_object(&w, "error");
	kt_json_named_word(&w, "type", e->type);
	put_raw(&w, "message", p->message);
	if (p->code.len > 0) {
		kt_json_named_object(&w, "details");
		put_raw(&w, "error_code", p->code);
		kt_json_end_object(&w);
	}
	kt_json_end_object(&w);
	if (p->request_id.len > 0)
		put_raw(&w, "request_id", p->request_id);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

static enum kt_rc
say(enum kt_format to, unsigned *status, struct problem *p, struct kt_buf *out)
{
	struct error e;

	if (p->message.len == 0)
		p->message = KT_SPAN("the provider reported an error");
	if (to == KT_FORMAT_ANTHROPIC || to == KT_FORMAT_NONE) {
		e = anthropic_of(
		    p->code.len > 0 ? p->code : p->type, *status);
		*status = e.status;
		return write_anthropic(p, &e, out);
	}
	e = openai_of(p->type, *status);
	*status = e.status;
	return write_openai(p, &e, out);
}

enum kt_rc
kt_tr_error_frame(enum kt_format to, const struct kt_json *json,
    struct kt_span text, struct kt_buf *out)
{
	struct problem p = { 0 };
	unsigned status;

	read_problem(&p, json, text);
	status = to == KT_FORMAT_ANTHROPIC ? status_of(p.code, p.type) : 500;
	return say(to, &status, &p, out);
}

/* Plain text as the inside of a string; what is not UTF-8 is not said. */
static struct kt_span
escaped(struct kt_span body, struct kt_arena *mem)
{
	struct kt_buf b;
	struct kt_span s = { 0 };

	body = kt_span_sub(body, 0, PLAIN_MAX);
	body.len = kt_utf8_check(body); /* the cut may lie in a character */
	kt_buf_init(&b, PLAIN_MAX * 6u);
	if (kt_json_write_escaped(&b, body) == KT_OK)
		s = kt_arena_dup(mem, kt_buf_span(&b));
	kt_buf_fini(&b);
	return s;
}

static bool
is_openai(enum kt_format f)
{
	return f == KT_FORMAT_OPENAI || f == KT_FORMAT_RESPONSES;
}

enum kt_rc
kt_translate_error(enum kt_format from, enum kt_format to, unsigned *status,
    struct kt_span body, struct kt_span request_id, struct kt_arena *mem,
    struct kt_buf *out)
{
	struct problem p = { 0 };
	struct kt_json j;
	struct kt_err err;
	size_t before = out->len;
	enum kt_rc rc;

	if (from == to || is_openai(from) == is_openai(to))
		return kt_buf_add(out, body);
	kt_json_init(&j, body.len);
	if (kt_json_parse(&j, body, &err) == KT_OK)
		read_problem(&p, &j, body);
	else
		p.message = escaped(body, mem);
	if (p.request_id.len == 0)
		p.request_id = escaped(request_id, mem);
	rc = say(to, status, &p, out);
	if (rc < 0)
		out->len = before;
	kt_json_fini(&j);
	return rc;
}
