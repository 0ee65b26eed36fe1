/*
 * wire - a case as bytes: the request of a client.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/write.h"
#include "trial/trial_priv.h"

/* How many digits stand at *at, which goes behind them. */
static size_t
skip_digits(struct kt_span s, size_t *at)
{
	size_t from = *at;

	while (*at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9')
		++*at;
	return *at - from;
}

/* As JSON has numbers; other forms that YAML has are text. */
static bool
is_number(struct kt_span s)
{
	size_t at = s.len > 0 && s.ptr[0] == '-', from = at;
	size_t n = skip_digits(s, &at);

	if (n == 0 || (n > 1 && s.ptr[from] == '0'))
		return false;
	if (at < s.len && s.ptr[at] == '.' &&
	    (++at, skip_digits(s, &at) == 0))
		return false;
	if (at < s.len && (s.ptr[at] | 0x20) == 'e') {
		at++;
		at += at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+');
		if (skip_digits(s, &at) == 0)
			return false;
	}
	return at == s.len;
}

/* YAML as JSON: plain words that are JSON stay what they are. */
static void
put_node(struct kt_json_writer *w, const struct kt_config_node *node)
{
	switch (node->type) {
	case KT_CONFIG_NODE_NULL:
		kt_json_put_null(w);
		return;
	case KT_CONFIG_NODE_SCALAR:
		if (node->is_plain && (kt_span_eq(node->text, KT_SPAN("true")) ||
		    kt_span_eq(node->text, KT_SPAN("false")) ||
		    is_number(node->text)))
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
	kt_json_named_array(w, "tools");
	for (size_t i = 0; i < r->tools.n; i++) {
		kt_json_begin_object(w);
		if (is_openai) {
			kt_json_named_cstr(w, "type", "function");
			kt_json_named_object(w, "function");
		}
		kt_json_named_string(w, "name", r->tools.at[i]);
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
	kt_json_named_cstr(w, "role", role);
	kt_json_named_string(w, "content", text);
	kt_json_end_object(w);
}

/* An earlier call: the one that is given, else one of the first tool. */
static struct kt_span
called(const struct kt_trial_request *r, const struct kt_config_node **input)
{
	*input = r->tool_use != NULL ? r->tool_use->first : NULL;
	return *input != NULL ? (*input)->key :
	    r->tools.n > 0    ? r->tools.at[0] :
	                        KT_SPAN("Read");
}

void
kt_trial_put_input(struct kt_json_writer *w, const struct kt_config_node *input)
{
	if (input != NULL && input->type == KT_CONFIG_NODE_MAP)
		put_node(w, input);
	else
		kt_json_put_raw(w, KT_SPAN("{}"));
}

/* OpenAI has arguments as a text. */
void
kt_trial_put_arguments(
    struct kt_json_writer *w, const struct kt_config_node *input)
{
	struct kt_json_writer inner;
	struct kt_buf b;

	kt_buf_init(&b, 1u << 20);
	kt_json_writer_init(&inner, &b);
	kt_trial_put_input(&inner, input);
	kt_json_put_string(w, kt_buf_span(&b));
	if (kt_json_written(&inner) < 0)
		w->rc = KT_E_LIMIT;
	kt_buf_fini(&b);
}

static void
put_anthropic_result(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	const struct kt_config_node *input;
	struct kt_span tool = called(r, &input);

	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "assistant");
	kt_json_named_array(w, "content");
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", "tool_use");
	kt_json_named_cstr(w, "id", "toolu_1");
	kt_json_named_string(w, "name", tool);
	kt_json_put_name(w, "input");
	kt_trial_put_input(w, input);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "user");
	kt_json_named_array(w, "content");
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", "tool_result");
	kt_json_named_cstr(w, "tool_use_id", "toolu_1");
	kt_json_named_string(w, "content", r->tool_result);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
put_openai_result(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	const struct kt_config_node *input;
	struct kt_span tool = called(r, &input);

	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "assistant");
	kt_json_named_array(w, "tool_calls");
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "id", "call_1");
	kt_json_named_cstr(w, "type", "function");
	kt_json_named_object(w, "function");
	kt_json_named_string(w, "name", tool);
	kt_json_put_name(w, "arguments");
	kt_trial_put_arguments(w, input);
	kt_json_end_object(w);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "tool");
	kt_json_named_cstr(w, "tool_call_id", "call_1");
	kt_json_named_string(w, "content", r->tool_result);
	kt_json_end_object(w);
}

static void
put_result(struct kt_json_writer *w, const struct kt_trial_request *r)
{
	if (r->api == KT_TRIAL_MESSAGES)
		put_anthropic_result(w, r);
	else
		put_openai_result(w, r);
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
		kt_json_named_string(w, "model", r->model);
	if (kt_config_get(body, KT_SPAN("max_tokens")) == NULL) {
		kt_json_named_u64(w, "max_tokens", 64);
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
	kt_json_named_string(&w, "model", r->model);
	kt_json_named_u64(&w, "max_tokens", 64);
	if (r->stream) {
		kt_json_named_bool(&w, "stream", true);
	}
	if (r->system.ptr != NULL && r->api == KT_TRIAL_MESSAGES)
		kt_json_named_string(&w, "system", r->system);
	put_tools(&w, r);
	kt_json_named_array(&w, "messages");
	if (r->system.ptr != NULL && r->api == KT_TRIAL_COMPLETIONS)
		put_message(&w, "system", r->system);
	put_message(&w, "user", r->user.len > 0 ? r->user : KT_SPAN("hello"));
	if (r->tool_result.ptr != NULL || r->tool_use != NULL)
		put_result(&w, r);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}
