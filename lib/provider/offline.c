/*
 * offline - reads a request as a model would: who spoke last, and was it a
 * tool.  No memory and no clock, so that the same request gives the same
 * bytes and tests may compare them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/text.h"
#include "provider/offline_priv.h"
#include "provider/segments.h"

struct request {
	enum kt_format format;
	const struct kt_json *json;
	struct kt_span text;
	uint32_t root;
};

static uint32_t
member(const struct request *q, uint32_t object, const char *name)
{
	return kt_json_member(q->json, q->text, object, kt_span_of(name));
}

static bool
is(const struct request *q, uint32_t node, const char *want)
{
	return kt_json_is(q->json, q->text, node, kt_span_of(want));
}

static bool
is_string(const struct request *q, uint32_t node)
{
	return kt_json_type(q->json, node) == KT_JSON_STRING;
}

/* A string, or the last text of a list of blocks; 0: none. */
static uint32_t
last_text(const struct request *q, uint32_t content)
{
	uint32_t found = 0;

	if (is_string(q, content))
		return content;
	if (kt_json_type(q->json, content) != KT_JSON_ARRAY)
		return 0;
	for (uint32_t n = kt_json_first(q->json, content); n != 0;
	     n = kt_json_next(q->json, n)) {
		uint32_t text = member(q, n, "text");

		if (is_string(q, text))
			found = text;
	}
	return found;
}

/* The last tool result among blocks; 0: none. */
static uint32_t
last_result(const struct request *q, uint32_t content)
{
	uint32_t found = 0;

	if (kt_json_type(q->json, content) != KT_JSON_ARRAY)
		return 0;
	for (uint32_t n = kt_json_first(q->json, content); n != 0;
	     n = kt_json_next(q->json, n))
		if (is(q, member(q, n, "type"), "tool_result"))
			found = n;
	return found;
}

/*
 * The text to answer.  *is_result: a tool said it, and the turn ends; it may
 * have said nothing.
 */
static uint32_t
find_prompt(const struct request *q, bool *is_result)
{
	uint32_t list = member(q, q->root,
	    q->format == KT_FORMAT_RESPONSES ? "input" : "messages");
	uint32_t text = 0;

	*is_result = false;
	if (is_string(q, list))
		return list;
	if (kt_json_type(q->json, list) != KT_JSON_ARRAY)
		return 0;
	for (uint32_t n = kt_json_first(q->json, list); n != 0;
	     n = kt_json_next(q->json, n)) {
		uint32_t content = member(q, n, "content");
		uint32_t role = member(q, n, "role");
		uint32_t output = member(q, n, "output");
		uint32_t result = last_result(q, content);

		if (is(q, role, "tool")) {
			*is_result = true;
			text = last_text(q, content);
		} else if (output != 0) {
			*is_result = true;
			text = last_text(q, output);
		} else if (is(q, role, "user")) {
			*is_result = result != 0;
			text = last_text(q,
			    result != 0 ? member(q, result, "content")
					: content);
		}
	}
	return text;
}

/* OpenAI's custom tools take text, which this model does not write. */
static bool
is_tool_named(const struct request *q, uint32_t tool, struct kt_span name)
{
	uint32_t function = member(q, tool, "function");

	if (q->format != KT_FORMAT_ANTHROPIC &&
	    is(q, member(q, tool, "type"), "custom"))
		return false;
	return kt_json_is(q->json, q->text,
	    member(q, function != 0 ? function : tool, "name"), name);
}

static bool
has_tool(const struct request *q, struct kt_span name)
{
	uint32_t tools = member(q, q->root, "tools");

	if (kt_json_type(q->json, tools) != KT_JSON_ARRAY)
		return false;
	for (uint32_t n = kt_json_first(q->json, tools); n != 0;
	     n = kt_json_next(q->json, n))
		if (is_tool_named(q, n, name))
			return true;
	return false;
}

static bool
is_object(struct kt_span text)
{
	struct kt_json json;
	struct kt_err err;
	bool yes;

	kt_json_init(&json, KT_BODY_MAX);
	yes = kt_json_parse(&json, text, &err) == KT_OK &&
	    kt_json_type(&json, kt_json_root(&json)) == KT_JSON_OBJECT;
	kt_json_fini(&json);
	return yes;
}

/* "call tool NAME {json}"; without JSON the tool gets no arguments. */
static void
read_call(const struct request *q, struct kt_span line,
    struct kt_offline_turn *t)
{
	static const struct kt_span words = KT_SPAN_INIT("call tool ");
	struct kt_span name, arguments;

	line = kt_span_trim(line);
	if (!kt_span_starts(line, words) || t->ncalls == KT_OFFLINE_CALLS_MAX)
		return;
	line = kt_span_trim(
	    kt_span_sub(line, words.len, line.len - words.len));
	name = kt_span_sub(line, 0, kt_span_find(line, ' '));
	arguments = kt_span_trim(
	    kt_span_sub(line, name.len, line.len - name.len));
	if (arguments.len == 0)
		arguments = KT_SPAN("{}");
	if (!has_tool(q, name) || !is_object(arguments))
		return;
	t->calls[t->ncalls].name = name;
	t->calls[t->ncalls++].arguments = arguments;
	t->output_tokens += (name.len + arguments.len + 3) / 4;
}

static void
read_calls(const struct request *q, struct kt_span said,
    struct kt_offline_turn *t)
{
	while (said.len > 0) {
		size_t end = kt_span_find(said, '\n');

		read_call(q, kt_span_sub(said, 0, end), t);
		said = kt_span_sub(
		    said, end + 1, end < said.len ? said.len - end - 1 : 0);
	}
}

static void
read_echo(const struct request *q, struct kt_span said,
    struct kt_offline_turn *t)
{
	uint64_t max_tokens;
	uint32_t n = member(q, q->root, "max_completion_tokens");

	if (n == 0)
		n = member(q, q->root, "max_tokens");
	t->text = kt_offline_cut(said, KT_OFFLINE_ECHO_MAX);
	if (t->text.len == 0)
		t->text = KT_SPAN("The offline model was told nothing.");
	if (kt_json_u64(q->json, q->text, n, &max_tokens) &&
	    max_tokens < KT_OFFLINE_ECHO_MAX / 4 &&
	    t->text.len > max_tokens * 4) {
		t->text = kt_offline_cut(t->text, (size_t)max_tokens * 4);
		t->is_cut = true;
	}
	t->output_tokens = (t->text.len + 3) / 4;
}

static uint64_t
count_tokens(const struct request *q)
{
	struct kt_segments it;
	struct kt_segment seg;
	uint64_t bytes = 0;

	kt_segments_init(&it, q->format, KT_REQUEST, q->json, q->text);
	while (kt_segments_next(&it, &seg))
		if (seg.kind != KT_SEGMENT_OPAQUE)
			bytes += kt_json_string(q->json, q->text, seg.node).len;
	return (bytes + 3) / 4;
}

static enum kt_rc
say(const struct request *q, enum kt_endpoint endpoint,
    const struct kt_offline_turn *t, struct kt_buf *out)
{
	if (endpoint == KT_ENDPOINT_COUNT_TOKENS)
		return kt_buf_printf(out, "{\"input_tokens\":%llu}",
		    (unsigned long long)t->input_tokens);
	switch (q->format) {
	case KT_FORMAT_ANTHROPIC:
		return kt_offline_say_anthropic(t, out);
	case KT_FORMAT_OPENAI:
		return kt_offline_say_openai(t, out);
	case KT_FORMAT_RESPONSES:
		return kt_offline_say_responses(t, out);
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
	return KT_E_MISUSE;
}

enum kt_rc
kt_offline_answer(enum kt_endpoint endpoint, const struct kt_json *json,
    struct kt_span text, const struct kt_request_facts *facts,
    struct kt_buf *out, struct kt_err *err)
{
	struct request q = {
		.format = kt_endpoint_format(endpoint),
		.json = json,
		.text = text,
		.root = kt_json_root(json),
	};
	struct kt_offline_turn t = {
		.model = facts->model_node != 0
		    ? kt_json_raw(json, text, facts->model_node)
		    : KT_SPAN("\"offline\""),
		.seed = kt_hash(KT_HASH_BEGIN, text),
		.is_stream = facts->is_stream,
		.wants_usage = facts->wants_usage,
	};
	struct kt_buf said;
	bool is_result;
	enum kt_rc rc;
	uint32_t prompt;

	if (q.format == KT_FORMAT_NONE)
		return kt_fail(err, KT_E_MISUSE,
		    "the offline model does not serve this endpoint");
	t.input_tokens = count_tokens(&q);
	prompt = find_prompt(&q, &is_result);
	kt_buf_init(&said, KT_BODY_MAX);
	rc = kt_json_unescape_add(&said, kt_json_string(json, text, prompt));
	if (rc == KT_OK) {
		if (!is_result)
			read_calls(&q, kt_buf_span(&said), &t);
		if (t.ncalls == 0)
			read_echo(&q, kt_buf_span(&said), &t);
		rc = say(&q, endpoint, &t, out);
	}
	kt_buf_fini(&said);
	return rc == KT_OK ? KT_OK
			   : kt_fail(err, rc, "the offline answer does not fit");
}
