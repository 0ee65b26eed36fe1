/*
 * answer - what the provider of a case says: a text, calls of tools, or both,
 * whole or as the events of its API.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/write.h"
#include "trial/trial_priv.h"

#define PIECE 12 /* bytes of text in one event of a stream */
#define EVENT_MAX (1u << 20)

struct answer {
	const struct kt_trial_case *c;
	struct kt_buf *out;
	bool is_openai;
	uint64_t index; /* of the block under way */
	enum kt_rc rc;
};

static const struct kt_config_node *
first_call(const struct answer *a)
{
	return a->c->tool_use != NULL ? a->c->tool_use->first : NULL;
}

static bool
has_text(const struct answer *a)
{
	return a->c->answer.ptr != NULL || first_call(a) == NULL;
}

static struct kt_span
text_of(const struct answer *a)
{
	return a->c->answer.ptr != NULL ? a->c->answer : KT_SPAN("ok");
}

static void
add(struct answer *a, const char *text)
{
	if (a->rc == KT_OK)
		a->rc = kt_buf_add(a->out, kt_span_of(text));
}

static void
add_string(struct answer *a, struct kt_span text)
{
	if (a->rc == KT_OK)
		a->rc = kt_json_write_string(a->out, text);
}

static void
add_number(struct answer *a, uint64_t n)
{
	if (a->rc == KT_OK)
		a->rc = kt_buf_addn(a->out, n);
}

/* The input of a call: JSON, or the text of it. */
static void
add_input(
    struct answer *a, const struct kt_config_node *call, bool is_as_text)
{
	struct kt_json_writer w;

	if (a->rc < 0)
		return;
	kt_json_writer_init(&w, a->out);
	if (is_as_text)
		kt_trial_put_arguments(&w, call);
	else
		kt_trial_put_input(&w, call);
	a->rc = kt_json_written(&w);
}

static const char *
stop_reason(const struct answer *a)
{
	return first_call(a) == NULL ? (a->is_openai ? "stop" : "end_turn") :
	    a->is_openai             ? "tool_calls" :
	                               "tool_use";
}

/* ---- whole ---- */

static void
add_whole_anthropic(struct answer *a)
{
	bool is_first = true;

	add(a, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"m\",\"content\":[");
	if (has_text(a)) {
		add(a, "{\"type\":\"text\",\"text\":");
		add_string(a, text_of(a));
		add(a, "}");
		is_first = false;
	}
	for (const struct kt_config_node *c = first_call(a); c; c = c->next) {
		add(a, is_first ? "" : ",");
		is_first = false;
		add(a, "{\"type\":\"tool_use\",\"id\":\"toolu_a");
		add_number(a, ++a->index);
		add(a, "\",\"name\":");
		add_string(a, c->key);
		add(a, ",\"input\":");
		add_input(a, c, false);
		add(a, "}");
	}
	add(a, "],\"stop_reason\":\"");
	add(a, stop_reason(a));
	add(a, "\",\"stop_sequence\":null,"
	    "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}");
}

static void
add_openai_call(struct answer *a, const struct kt_config_node *c)
{
	add(a, "{\"index\":");
	add_number(a, a->index);
	add(a, ",\"id\":\"call_a");
	add_number(a, a->index++);
	add(a, "\",\"type\":\"function\",\"function\":{\"name\":");
	add_string(a, c->key);
	add(a, ",\"arguments\":");
	add_input(a, c, true);
	add(a, "}}");
}

static void
add_whole_openai(struct answer *a)
{
	add(a, "{\"id\":\"c1\",\"object\":\"chat.completion\",\"created\":1,"
	    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
	    "\"assistant\",\"content\":");
	if (has_text(a))
		add_string(a, text_of(a));
	else
		add(a, "null");
	for (const struct kt_config_node *c = first_call(a); c; c = c->next) {
		add(a, a->index == 0 ? ",\"tool_calls\":[" : ",");
		add_openai_call(a, c);
	}
	add(a, a->index > 0 ? "]" : "");
	add(a, "},\"finish_reason\":\"");
	add(a, stop_reason(a));
	add(a, "\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,"
	    "\"total_tokens\":2}}");
}

/* ---- as events ---- */

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

/* The head of an event about the block under way. */
static void
add_block_event(struct answer *a, const char *type)
{
	add(a, "event: content_block_");
	add(a, type);
	add(a, "\ndata: {\"type\":\"content_block_");
	add(a, type);
	add(a, "\",\"index\":");
	add_number(a, a->index);
}

static void
add_deltas(struct answer *a, struct kt_span text, const char *type,
    const char *member)
{
	while (text.len > 0 && a->rc == KT_OK) {
		add_block_event(a, "delta");
		add(a, ",\"delta\":{\"type\":\"");
		add(a, type);
		add(a, "\",\"");
		add(a, member);
		add(a, "\":");
		add_string(a, take_piece(&text));
		add(a, "}}\n\n");
	}
	add_block_event(a, "stop");
	add(a, "}\n\n");
	a->index++;
}

static void
add_call_events(struct answer *a, const struct kt_config_node *c)
{
	struct kt_json_writer w;
	struct kt_buf input;

	add_block_event(a, "start");
	add(a, ",\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_a");
	add_number(a, a->index);
	add(a, "\",\"name\":");
	add_string(a, c->key);
	add(a, ",\"input\":{}}}\n\n");
	kt_buf_init(&input, EVENT_MAX);
	kt_json_writer_init(&w, &input);
	kt_trial_put_input(&w, c);
	if (kt_json_written(&w) < 0)
		a->rc = KT_E_LIMIT;
	add_deltas(a, kt_buf_span(&input), "input_json_delta", "partial_json");
	kt_buf_fini(&input);
}

static void
add_stream_anthropic(struct answer *a)
{
	add(a, "event: message_start\ndata: {\"type\":\"message_start\","
	    "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"m\",\"content\":[],"
	    "\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{"
	    "\"input_tokens\":1,\"output_tokens\":1}}}\n\n");
	if (has_text(a)) {
		add_block_event(a, "start");
		add(a, ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}"
		    "\n\n");
		add_deltas(a, text_of(a), "text_delta", "text");
	}
	for (const struct kt_config_node *c = first_call(a); c; c = c->next)
		add_call_events(a, c);
	add(a, "event: message_delta\ndata: {\"type\":\"message_delta\","
	    "\"delta\":{\"stop_reason\":\"");
	add(a, stop_reason(a));
	add(a, "\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}}\n\n"
	    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

static void
begin_chunk(struct answer *a)
{
	add(a, "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
	    "\"delta\":{");
}

static void
end_chunk(struct answer *a, const char *reason)
{
	add(a, "},\"finish_reason\":");
	add(a, reason ? "\"" : "null");
	add(a, reason ? reason : "");
	add(a, reason ? "\"}]}\n\n" : "}]}\n\n");
}

static void
add_stream_openai(struct answer *a)
{
	struct kt_span text = has_text(a) ? text_of(a) : KT_SPAN("");

	begin_chunk(a);
	add(a, "\"role\":\"assistant\",\"content\":\"\"");
	end_chunk(a, NULL);
	while (text.len > 0 && a->rc == KT_OK) {
		begin_chunk(a);
		add(a, "\"content\":");
		add_string(a, take_piece(&text));
		end_chunk(a, NULL);
	}
	for (const struct kt_config_node *c = first_call(a); c; c = c->next) {
		begin_chunk(a);
		add(a, "\"tool_calls\":[");
		add_openai_call(a, c);
		add(a, "]");
		end_chunk(a, NULL);
	}
	begin_chunk(a);
	end_chunk(a, stop_reason(a));
	add(a, "data: [DONE]\n\n");
}

enum kt_rc
kt_trial_answer(const struct kt_trial_case *c, enum kt_format format,
    struct kt_buf *out)
{
	struct answer a = { .c = c, .out = out,
		.is_openai = format == KT_FORMAT_OPENAI };

	if (c->request.stream && a.is_openai)
		add_stream_openai(&a);
	else if (c->request.stream)
		add_stream_anthropic(&a);
	else if (a.is_openai)
		add_whole_openai(&a);
	else
		add_whole_anthropic(&a);
	return a.rc;
}
