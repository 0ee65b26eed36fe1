/*
 * wire - a case as bytes: the request of a client, the answer of a provider.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/write.h"
#include "trial/trial_priv.h"

#define PIECE 12 /* bytes of text in one event of a stream */

static void
put_text(struct kt_json_writer *w, const char *name, struct kt_span s)
{
	kt_json_put_name(w, name);
	kt_json_put_string(w, s);
}

/* YAML as JSON: plain words that are JSON stay what they are. */
static void
put_node(struct kt_json_writer *w, const struct kt_config_node *node)
{
	uint64_t v;

	switch (node->type) {
	case KT_CONFIG_NODE_NULL:
		kt_json_put_null(w);
		return;
	case KT_CONFIG_NODE_SCALAR:
		if (node->is_plain && (kt_span_eq(node->text, KT_SPAN("true")) ||
		    kt_span_eq(node->text, KT_SPAN("false")) ||
		    (kt_span_u64(node->text, &v) && (node->text.len == 1 ||
		    node->text.ptr[0] != '0'))))
			kt_json_put_raw(w, node->text);
		else
			kt_json_put_string(w, node->text);
		return;
	case KT_CONFIG_NODE_LIST:
		kt_json_begin_array(w);
		break;
	case KT_CONFIG_NODE_MAP:
		kt_json_begin_object(w);
		break;
	}
	for (const struct kt_config_node *c = node->first; c; c = c->next) {
		if (node->type == KT_CONFIG_NODE_MAP)
			kt_json_put_name_span(w, c->key);
		put_node(w, c);
	}
	if (node->type == KT_CONFIG_NODE_LIST)
		kt_json_end_array(w);
	else
		kt_json_end_object(w);
}

static void
put_tools(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	bool is_openai = r->api == KT_TRIAL_COMPLETIONS;

	if (r->tools.n == 0)
		return;
	kt_json_put_name(w, "tools");
	kt_json_begin_array(w);
	for (size_t i = 0; i < r->tools.n; i++) {
		kt_json_begin_object(w);
		if (is_openai) {
			put_text(w, "type", KT_SPAN("function"));
			kt_json_put_name(w, "function");
			kt_json_begin_object(w);
		}
		put_text(w, "name", r->tools.at[i]);
		kt_json_put_name(w, is_openai ? "parameters" : "input_schema");
		kt_json_put_raw(w, KT_SPAN("{\"type\":\"object\"}"));
		if (is_openai)
			kt_json_end_object(w);
		kt_json_end_object(w);
	}
	kt_json_end_array(w);
}

static void
put_message(struct kt_json_writer *w, const char *role, struct kt_span text)
{
	kt_json_begin_object(w);
	put_text(w, "role", kt_span_of(role));
	put_text(w, "content", text);
	kt_json_end_object(w);
}

/* A call of the first tool, and what it gave back. */
static void
put_result(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	struct kt_span tool = r->tools.n > 0 ? r->tools.at[0] : KT_SPAN("Read");

	kt_json_begin_object(w);
	put_text(w, "role", KT_SPAN("assistant"));
	if (r->api == KT_TRIAL_MESSAGES) {
		kt_json_put_name(w, "content");
		kt_json_begin_array(w);
		kt_json_begin_object(w);
		put_text(w, "type", KT_SPAN("tool_use"));
		put_text(w, "id", KT_SPAN("toolu_1"));
		put_text(w, "name", tool);
		kt_json_put_name(w, "input");
		kt_json_put_raw(w, KT_SPAN("{}"));
		kt_json_end_object(w);
		kt_json_end_array(w);
		kt_json_end_object(w);
		kt_json_begin_object(w);
		put_text(w, "role", KT_SPAN("user"));
		kt_json_put_name(w, "content");
		kt_json_begin_array(w);
		kt_json_begin_object(w);
		put_text(w, "type", KT_SPAN("tool_result"));
		put_text(w, "tool_use_id", KT_SPAN("toolu_1"));
		put_text(w, "content", r->tool_result);
		kt_json_end_object(w);
		kt_json_end_array(w);
		kt_json_end_object(w);
		return;
	}
	kt_json_put_name(w, "tool_calls");
	kt_json_begin_array(w);
	kt_json_begin_object(w);
	put_text(w, "id", KT_SPAN("call_1"));
	put_text(w, "type", KT_SPAN("function"));
	kt_json_put_name(w, "function");
	kt_json_begin_object(w);
	put_text(w, "name", tool);
	put_text(w, "arguments", KT_SPAN("{}"));
	kt_json_end_object(w);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_begin_object(w);
	put_text(w, "role", KT_SPAN("tool"));
	put_text(w, "tool_call_id", KT_SPAN("call_1"));
	put_text(w, "content", r->tool_result);
	kt_json_end_object(w);
}

static void
put_given_body(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	const struct kt_config_node *body = r->body;

	kt_json_begin_object(w);
	for (const struct kt_config_node *c = body->first; c; c = c->next) {
		if (kt_span_eq(c->key, KT_SPAN("headers")))
			continue; /* some write them there; none is needed */
		kt_json_put_name_span(w, c->key);
		put_node(w, c);
	}
	if (kt_config_get(body, KT_SPAN("model")) == NULL)
		put_text(w, "model", r->model);
	if (kt_config_get(body, KT_SPAN("max_tokens")) == NULL) {
		kt_json_put_name(w, "max_tokens");
		kt_json_put_u64(w, 64);
	}
	kt_json_end_object(w);
}

enum kt_rc
kt_trial_body(const struct kt_trial_case *c, struct kt_buf *out)
{
	const struct kt_trial_request *r = &c->request;
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	if (r->body != NULL) {
		if (r->body->type != KT_CONFIG_NODE_MAP)
			return KT_E_PARSE;
		put_given_body(&w, r);
		return kt_json_written(&w);
	}
	kt_json_begin_object(&w);
	put_text(&w, "model", r->model);
	kt_json_put_name(&w, "max_tokens");
	kt_json_put_u64(&w, 64);
	if (r->stream) {
		kt_json_put_name(&w, "stream");
		kt_json_put_bool(&w, true);
	}
	if (r->system.ptr != NULL && r->api == KT_TRIAL_MESSAGES)
		put_text(&w, "system", r->system);
	put_tools(&w, r);
	kt_json_put_name(&w, "messages");
	kt_json_begin_array(&w);
	if (r->system.ptr != NULL && r->api == KT_TRIAL_COMPLETIONS)
		put_message(&w, "system", r->system);
	put_message(&w, "user", r->user.len > 0 ? r->user : KT_SPAN("hello"));
	if (r->tool_result.ptr != NULL)
		put_result(&w, r);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

/* Answers: a frame of constant JSON around the text. */

static enum kt_rc
put_framed(struct kt_buf *out, const char *before, struct kt_span text,
    const char *after)
{
	if (kt_buf_add(out, kt_span_of(before)) < 0 ||
	    kt_json_write_string(out, text) < 0)
		return KT_E_LIMIT;
	return kt_buf_add(out, kt_span_of(after));
}

/* Up to PIECE bytes, whole characters. */
static struct kt_span
take_piece(struct kt_span *text)
{
	size_t n = 0;
	struct kt_span piece;
	uint32_t cp;

	while (n < text->len && n < PIECE) {
		size_t len = kt_utf8_decode(kt_span_sub(*text, n, 4), &cp);

		n += len ? len : 1;
	}
	piece = kt_span_sub(*text, 0, n);
	*text = kt_span_sub(*text, n, SIZE_MAX);
	return piece;
}

static const struct {
	const char *whole[2], *begin, *delta[2], *end;
} frames[] = {
	[false] = { { "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"text\","
	    "\"text\":", "}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
	    "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}" },
	    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"m\",\"content\":[],\"stop_reason\":null,"
	    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,"
	    "\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: "
	    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
	    "{\"type\":\"text\",\"text\":\"\"}}\n\n",
	    { "event: content_block_delta\ndata: {\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":", "}}\n\n" },
	    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\","
	    "\"index\":0}\n\nevent: message_delta\ndata: {\"type\":"
	    "\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\","
	    "\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}}\n\n"
	    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n" },
	[true] = { { "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,"
	    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
	    "\"assistant\",\"content\":", "},\"finish_reason\":\"stop\"}],"
	    "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,"
	    "\"total_tokens\":2}}" },
	    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
	    "{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}"
	    "\n\n",
	    { "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
	    "{\"content\":", "},\"finish_reason\":null}]}\n\n" },
	    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},"
	    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n" },
};

enum kt_rc
kt_trial_answer(const struct kt_trial_case *c, enum kt_format format,
    struct kt_buf *out)
{
	bool is_openai = format == KT_FORMAT_OPENAI;
	struct kt_span text = c->answer.ptr != NULL ? c->answer : KT_SPAN("ok");

	if (!c->request.stream)
		return put_framed(out, frames[is_openai].whole[0], text,
		    frames[is_openai].whole[1]);
	if (kt_buf_add(out, kt_span_of(frames[is_openai].begin)) < 0)
		return KT_E_LIMIT;
	while (text.len > 0) {
		if (put_framed(out, frames[is_openai].delta[0],
		    take_piece(&text), frames[is_openai].delta[1]) < 0)
			return KT_E_LIMIT;
	}
	return kt_buf_add(out, kt_span_of(frames[is_openai].end));
}
