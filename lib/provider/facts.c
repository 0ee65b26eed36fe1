/*
 * facts - only what kt acts on is asked for.  Everything else a vendor may
 * refuse by itself: a gateway that validates more breaks on new features.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/facts_priv.h"

static uint32_t
member(const struct kt_json *json, struct kt_span text, uint32_t object,
    const char *name)
{
	return kt_json_member(json, text, object, kt_span_of(name));
}

/* ---- requests ---- */

static uint32_t
count(const struct kt_json *json, uint32_t array)
{
	uint32_t n = 0;

	if (kt_json_type(json, array) != KT_JSON_ARRAY)
		return 0;
	for (uint32_t at = kt_json_first(json, array); at != 0;
	     at = kt_json_next(json, at))
		n++;
	return n;
}

static enum kt_rc
read_model(struct kt_request_facts *f, bool is_required,
    const struct kt_json *json, struct kt_span text, struct kt_err *err)
{
	f->model_node = member(json, text, kt_json_root(json), "model");
	if (f->model_node == 0 && !is_required)
		return KT_OK;
	if (f->model_node == 0)
		return kt_fail(err, KT_E_PARSE, "model: is required");
	if (kt_json_type(json, f->model_node) != KT_JSON_STRING)
		return kt_fail(err, KT_E_PARSE, "model: must be a string");
	f->model = kt_json_string(json, text, f->model_node);
	if (f->model.len == 0)
		return kt_fail(err, KT_E_PARSE, "model: must not be empty");
	return KT_OK;
}

static enum kt_rc
read_stream(struct kt_request_facts *f, const struct kt_json *json,
    struct kt_span text, struct kt_err *err)
{
	uint32_t options;

	f->stream_node = member(json, text, kt_json_root(json), "stream");
	if (f->stream_node != 0 &&
	    kt_json_type(json, f->stream_node) != KT_JSON_NULL &&
	    !kt_json_bool(json, f->stream_node, &f->is_stream))
		return kt_fail(err, KT_E_PARSE, "stream: must be a boolean");
	options = member(json, text, kt_json_root(json), "stream_options");
	(void)kt_json_bool(json, member(json, text, options, "include_usage"),
	    &f->wants_usage); /* absent is false */
	return KT_OK;
}

/* Tools that a later message brings, and that were not listed before. */
static uint32_t
count_added(const struct kt_json *json, struct kt_span text, uint32_t message)
{
	uint32_t content = member(json, text, message, "content"), found = 0;
	uint32_t n = kt_json_type(json, content) == KT_JSON_ARRAY ?
	    kt_json_first(json, content) : 0;

	for (; n != 0; n = kt_json_next(json, n)) {
		uint32_t tool = member(json, text, n, "tool");

		found += kt_json_is(json, text, member(json, text, n, "type"),
		             KT_SPAN("tool_addition")) &&
		    !kt_span_ends(kt_json_string(json, text,
		        member(json, text, tool, "type")),
		        KT_SPAN("_reference"));
	}
	return found;
}

static enum kt_rc
read_messages(struct kt_request_facts *f, const struct kt_json *json,
    struct kt_span text, struct kt_err *err)
{
	uint32_t list = member(json, text, kt_json_root(json), "messages");

	if (list == 0)
		return kt_fail(err, KT_E_PARSE, "messages: is required");
	if (kt_json_type(json, list) != KT_JSON_ARRAY)
		return kt_fail(err, KT_E_PARSE, "messages: must be an array");
	for (uint32_t n = kt_json_first(json, list); n != 0;
	     n = kt_json_next(json, n)) {
		if (kt_json_type(json, n) != KT_JSON_OBJECT)
			return kt_fail(err, KT_E_PARSE,
			    "messages.%u: must be an object", f->nmessages);
		f->nmessages++;
		f->ntools += count_added(json, text, n);
	}
	return KT_OK;
}

static enum kt_rc
read_input(struct kt_request_facts *f, const struct kt_json *json,
    struct kt_span text, struct kt_err *err)
{
	uint32_t input = member(json, text, kt_json_root(json), "input");

	switch (kt_json_type(json, input)) {
	case KT_JSON_STRING:
		f->nmessages = 1;
		return KT_OK;
	case KT_JSON_ARRAY:
		f->nmessages = count(json, input);
		return KT_OK;
	case KT_JSON_ABSENT:
	case KT_JSON_NULL:
		return KT_OK;
	default:
		return kt_fail(err, KT_E_PARSE,
		    "input: must be a string or an array");
	}
}

/* Below these the names are the caller's: a mark there is an argument. */
bool
kt_facts_is_free(
    const struct kt_json *json, struct kt_span text, uint32_t name)
{
	static const struct kt_span names[] = {
		KT_SPAN_INIT("input"),
		KT_SPAN_INIT("input_schema"),
		KT_SPAN_INIT("parameters"),
		KT_SPAN_INIT("metadata"),
		KT_SPAN_INIT("input_examples"),
	};

	struct kt_span said = kt_json_string(json, text, name);

	/* Every name of a body comes by: one look tells most of them apart. */
	if (!kt_json_has_escapes(json, name) &&
	    (said.len == 0 || strchr("ipm", said.ptr[0]) == NULL))
		return false;
	/* What a response is asked is no argument. */
	if (kt_json_parent(json, name) == kt_json_root(json) &&
	    kt_json_is(json, text, name, names[0]))
		return false;
	for (size_t i = 0; i < KT_NELEMS(names); i++)
		if (kt_json_is(json, text, name, names[i]))
			return true;
	return false;
}

bool
kt_facts_is_mark(const struct kt_json *json, struct kt_span text, uint32_t name)
{
	return kt_json_type(json, name + 1) == KT_JSON_OBJECT &&
	    (kt_json_is(json, text, name, KT_SPAN("cache_control")) ||
	        kt_json_is(json, text, name,
	            KT_SPAN("prompt_cache_breakpoint")));
}

static uint32_t
count_breakpoints(const struct kt_json *json, struct kt_span text)
{
	uint32_t found = 0;

	for (uint32_t n = 1; n < json->count; n++) {
		if (json->nodes[n].type != KT_JSON_NAME)
			continue;
		if (kt_facts_is_free(json, text, n))
			n = json->nodes[n + 1].next - 1;
		else
			found += kt_facts_is_mark(json, text, n);
	}
	return found;
}

static enum kt_rc
read_tools(struct kt_request_facts *f, const struct kt_json *json,
    struct kt_span text, struct kt_err *err)
{
	uint32_t tools = member(json, text, kt_json_root(json), "tools");
	enum kt_json_type type = kt_json_type(json, tools);

	if (type != KT_JSON_ABSENT && type != KT_JSON_NULL &&
	    type != KT_JSON_ARRAY)
		return kt_fail(err, KT_E_PARSE, "tools: must be an array");
	f->ntools = count(json, tools) +
	    count(json, member(json, text, kt_json_root(json), "functions"));
	return KT_OK;
}

enum kt_rc
kt_request_facts(enum kt_endpoint endpoint, const struct kt_json *json,
    struct kt_span text, struct kt_request_facts *out, struct kt_err *err)
{
	enum kt_format format = kt_endpoint_format(endpoint);
	enum kt_rc rc;

	*out = (struct kt_request_facts){ 0 };
	if (format == KT_FORMAT_NONE)
		return KT_OK;
	if (kt_json_type(json, kt_json_root(json)) != KT_JSON_OBJECT)
		return kt_fail(
		    err, KT_E_PARSE, "request body: must be a JSON object");
	if ((rc = read_model(out, format != KT_FORMAT_RESPONSES, json, text,
		 err)) < 0 ||
	    (rc = read_stream(out, json, text, err)) < 0 ||
	    (rc = read_tools(out, json, text, err)) < 0)
		return rc;
	out->cache_breakpoints = count_breakpoints(json, text);
	return format == KT_FORMAT_RESPONSES
	    ? read_input(out, json, text, err)
	    : read_messages(out, json, text, err);
}

static bool
is_any(const struct kt_json *json, struct kt_span text, uint32_t name,
    const struct kt_span *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (kt_json_is(json, text, name, names[i]))
			return true;
	}
	return false;
}

/* Nothing below the member of this name chooses a model: what is said may
   speak of models. */
static bool
chooses_none(enum kt_format format, const struct kt_json *json,
    struct kt_span text, uint32_t name)
{
	static const struct kt_span choosing[] = { KT_SPAN_INIT("model"),
		KT_SPAN_INIT("fallbacks"), KT_SPAN_INIT("tools") };

	if (format != KT_FORMAT_NONE &&
	    kt_json_parent(json, name) == kt_json_root(json))
		return !is_any(json, text, name, choosing, KT_NELEMS(choosing));
	return kt_facts_is_free(json, text, name) ||
	    kt_json_is(json, text, name, KT_SPAN("messages"));
}

uint32_t
kt_request_next_model(enum kt_format format, const struct kt_json *json,
    struct kt_span text, uint32_t after)
{
	static const struct kt_span names[] = { KT_SPAN_INIT("model"),
		KT_SPAN_INIT("fallbacks") };

	for (uint32_t n = after + 1; n < json->count; n++) {
		enum kt_json_type type = kt_json_type(json, n);

		if (type == KT_JSON_NAME && chooses_none(format, json, text, n))
			n = json->nodes[n + 1].next - 1;
		else if (type == KT_JSON_STRING && is_any(json, text,
		             kt_json_label_of(json, n), names, KT_NELEMS(names)))
			return n;
	}
	return 0;
}

/* ---- answers ---- */

static bool
take(const struct kt_json *json, struct kt_span text, uint32_t object,
    const char *name, uint64_t *out)
{
	return kt_json_u64(json, text, member(json, text, object, name), out);
}

static struct kt_span
string(const struct kt_json *json, struct kt_span text, uint32_t object,
    const char *name)
{
	return kt_json_string(json, text, member(json, text, object, name));
}

void
kt_usage_anthropic(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage)
{
	bool any = take(json, text, usage, "input_tokens", &u->input);

	any |= take(json, text, usage, "output_tokens", &u->output);
	any |= take(json, text, usage, "cache_read_input_tokens",
	    &u->cache_read);
	any |= take(json, text, usage, "cache_creation_input_tokens",
	    &u->cache_write);
	u->is_known |= any;
}

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* Both OpenAI formats count cached tokens among the input. */
static void
usage_openai(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage, const char *input,
    const char *details_name, const char *output)
{
	uint32_t details = member(json, text, usage, details_name);
	uint64_t all;
	bool any = take(json, text, usage, output, &u->output);

	any |= take(json, text, details, "cached_tokens", &u->cache_read);
	any |= take(json, text, details, "cache_write_tokens", &u->cache_write);
	if (take(json, text, usage, input, &all)) {
		u->input = less(less(all, u->cache_read), u->cache_write);
		any = true;
	}
	u->is_known |= any;
}

void
kt_usage_openai(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage)
{
	usage_openai(u, json, text, usage, "prompt_tokens",
	    "prompt_tokens_details", "completion_tokens");
}

static void
usage_responses(struct kt_usage *u, const struct kt_json *json,
    struct kt_span text, uint32_t usage)
{
	usage_openai(u, json, text, usage, "input_tokens",
	    "input_tokens_details", "output_tokens");
}

void
kt_answer_anthropic(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer)
{
	f->id = string(json, text, answer, "id");
	f->model = string(json, text, answer, "model");
	f->stop_reason = string(json, text, answer, "stop_reason");
	kt_usage_anthropic(
	    &f->usage, json, text, member(json, text, answer, "usage"));
}

void
kt_answer_openai(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer)
{
	uint32_t choices = member(json, text, answer, "choices");

	f->id = string(json, text, answer, "id");
	f->model = string(json, text, answer, "model");
	f->stop_reason = string(
	    json, text, kt_json_first(json, choices), "finish_reason");
	kt_usage_openai(
	    &f->usage, json, text, member(json, text, answer, "usage"));
}

void
kt_answer_responses(struct kt_answer_facts *f, const struct kt_json *json,
    struct kt_span text, uint32_t answer)
{
	f->id = string(json, text, answer, "id");
	f->model = string(json, text, answer, "model");
	f->stop_reason = string(json, text,
	    member(json, text, answer, "incomplete_details"), "reason");
	if (f->stop_reason.len == 0)
		f->stop_reason = string(json, text, answer, "status");
	usage_responses(
	    &f->usage, json, text, member(json, text, answer, "usage"));
}

void
kt_answer_facts(enum kt_format format, const struct kt_json *json,
    struct kt_span text, struct kt_answer_facts *out)
{
	uint32_t root = kt_json_root(json);

	*out = (struct kt_answer_facts){ 0 };
	switch (format) {
	case KT_FORMAT_ANTHROPIC:
		kt_answer_anthropic(out, json, text, root);
		/* What count_tokens answers is a usage by itself. */
		if (!out->usage.is_known)
			kt_usage_anthropic(&out->usage, json, text, root);
		break;
	case KT_FORMAT_OPENAI:
		kt_answer_openai(out, json, text, root);
		break;
	case KT_FORMAT_RESPONSES:
		kt_answer_responses(out, json, text, root);
		break;
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
}
