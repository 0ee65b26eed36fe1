/*
 * What kt says is valid in the format it says it in.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/sse.h"
#include "provider/provider.h"
#include "tests/unit/provider/indexed.h"
#include "tests/unit/tap.h"

static const struct kt_problem blocked = {
	.status = 403,
	.type = "permission_error",
	.code = "input_blocked",
	.reason = "prompt.pii.detected",
	.policy = "pii-detector",
	.message = KT_SPAN_INIT("no \"cards\"\n"),
	.request_id = KT_SPAN_INIT("req_1"),
};

static bool
says(enum kt_format f, const struct kt_problem *p, const char *want)
{
	struct kt_buf out;
	bool yes;

	kt_buf_init(&out, 4096);
	yes = kt_speak_error(f, p, &out) == KT_OK &&
	    kt_span_eq(kt_buf_span(&out), kt_span_of(want));
	if (!yes)
		printf("# says %.*s\n", KT_SPAN_ARG(kt_buf_span(&out)));
	kt_buf_fini(&out);
	return yes;
}

static void
a_problem_is_said_in_the_clients_shape(void)
{
	static const struct kt_problem plain = {
		.status = 500, .type = "api_error", .message = KT_SPAN_INIT("m")
	};

	ok(says(KT_FORMAT_ANTHROPIC, &blocked,
	    "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
	    "\"message\":\"no \\\"cards\\\"\\n\",\"policy\":\"pii-detector\","
	    "\"code\":\"input_blocked\",\"reason_code\":\"prompt.pii.detected\"}"
	    ",\"request_id\":\"req_1\"}"));
	ok(says(KT_FORMAT_OPENAI, &blocked,
	    "{\"error\":{\"message\":\"no \\\"cards\\\"\\n\",\"type\":"
	    "\"invalid_request_error\",\"param\":null,\"code\":"
	    "\"input_blocked\",\"policy\":\"pii-detector\",\"reason_code\":"
	    "\"prompt.pii.detected\"}}"));
	ok(says(KT_FORMAT_ANTHROPIC, &plain,
	    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
	    "\"message\":\"m\"}}"));
	ok(says(KT_FORMAT_RESPONSES, &plain,
	    "{\"error\":{\"message\":\"m\",\"type\":\"server_error\","
	    "\"param\":null,\"code\":null}}"));
}

static void
types_and_statuses_are_mapped(void)
{
	struct kt_problem p = { .status = 401, .type = "authentication_error" };

	ok(says(KT_FORMAT_OPENAI, &p,
	    "{\"error\":{\"message\":\"\",\"type\":\"invalid_request_error\","
	    "\"param\":null,\"code\":\"invalid_api_key\"}}"));
	p.status = 402;
	ok(kt_speak_status(KT_FORMAT_OPENAI, &p) == 429);
	ok(kt_speak_status(KT_FORMAT_ANTHROPIC, &p) == 402);
	p.status = 529;
	ok(kt_speak_status(KT_FORMAT_RESPONSES, &p) == 503);
	/* gateway.block_status is what it says. */
	p = (struct kt_problem){ .status = 402, .type = "permission_error" };
	ok(kt_speak_status(KT_FORMAT_OPENAI, &p) == 402);
}

static void
broken_text_never_keeps_a_problem_from_being_said(void)
{
	static const struct kt_problem p = {
		.type = "api_error", .message = KT_SPAN_INIT("ok\xff\xfe")
	};

	ok(says(KT_FORMAT_ANTHROPIC, &p,
	    "{\"type\":\"error\",\"error\":{\"type\":\"api_error\","
	    "\"message\":\"ok\"}}"));
}

static void
models_are_listed_in_both_shapes(void)
{
	static const struct kt_model_entry m[] = {
		{ KT_SPAN_INIT("claude-a"), KT_SPAN_INIT("A") },
		{ KT_SPAN_INIT("b"), { 0 } },
	};
	struct kt_buf out;

	kt_buf_init(&out, 4096);
	ok(kt_speak_models(KT_FORMAT_ANTHROPIC, m, 2, &out) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&out),
	    KT_SPAN("{\"data\":[{\"id\":\"claude-a\",\"type\":\"model\","
	    "\"display_name\":\"A\",\"created_at\":\"1970-01-01T00:00:00Z\"},"
	    "{\"id\":\"b\",\"type\":\"model\",\"display_name\":\"b\","
	    "\"created_at\":\"1970-01-01T00:00:00Z\"}],\"has_more\":false,"
	    "\"first_id\":\"claude-a\",\"last_id\":\"b\"}")));
	kt_buf_reset(&out);
	ok(kt_speak_models(KT_FORMAT_OPENAI, m, 1, &out) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&out),
	    KT_SPAN("{\"object\":\"list\",\"data\":[{\"id\":\"claude-a\","
	    "\"object\":\"model\",\"created\":0,\"owned_by\":\"kt\"}]}")));
	kt_buf_reset(&out);
	ok(kt_speak_models(KT_FORMAT_ANTHROPIC, m, 0, &out) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&out),
	    KT_SPAN("{\"data\":[],\"has_more\":false,\"first_id\":null,"
	    "\"last_id\":null}")));
	kt_buf_fini(&out);
}

/* ---- the offline model ---- */

static enum kt_rc
ask(enum kt_endpoint endpoint, const char *body, struct kt_buf *out)
{
	struct indexed x;
	struct kt_request_facts facts;
	struct kt_err err = { 0 };
	enum kt_rc rc;

	kt_buf_init(out, 1 << 20);
	index_text(&x, kt_span_of(body));
	rc = kt_request_facts(endpoint, &x.json, x.text, &facts, &err);
	if (rc == KT_OK)
		rc = kt_offline_answer(
		    endpoint, &x.json, x.text, &facts, out, &err);
	if (rc < 0)
		printf("# %s\n", err.text);
	kt_json_fini(&x.json);
	return rc;
}

static bool
answers(enum kt_endpoint endpoint, const char *body, const char *pointer,
    const char *want)
{
	struct kt_buf out;
	struct indexed x;
	bool yes;

	if (ask(endpoint, body, &out) < 0)
		return false;
	index_text(&x, kt_buf_span(&out));
	yes = kt_span_eq(kt_json_raw(&x.json, x.text, at(&x, pointer)),
	    kt_span_of(want));
	if (!yes)
		printf("# %.*s\n", KT_SPAN_ARG(x.text));
	kt_json_fini(&x.json);
	kt_buf_fini(&out);
	return yes;
}

#define ASK(text, more) \
	"{\"model\":\"m\",\"max_tokens\":999," more "\"messages\":[{\"role\":" \
	"\"user\",\"content\":\"" text "\"}]}"
#define A_TOOL \
	"\"tools\":[{\"name\":\"Read\",\"type\":\"function\",\"function\":{" \
	"\"name\":\"Read\"}}],"
#define CALL "hi\\ncall tool Read {\\\"file\\\": \\\"\xc3\xa4\\\"}"
#define ITEMS(more) \
	"{\"model\":\"m\"," A_TOOL more "\"input\":[{\"role\":\"user\"," \
	"\"content\":[{\"type\":\"input_text\",\"text\":\"" CALL "\"}]}]}"

static void
the_offline_model_echoes_in_every_format(void)
{
	ok(answers(KT_ENDPOINT_MESSAGES, ASK("hi \\ud83d\\ude00\\u0000", ""),
	    "/content/0/text", "\"hi \xf0\x9f\x98\x80\\u0000\""));
	ok(answers(KT_ENDPOINT_COMPLETIONS, ASK("hi", ""),
	    "/choices/0/message/content", "\"hi\""));
	ok(answers(KT_ENDPOINT_RESPONSES, "{\"input\":\"hi\"}",
	    "/output/0/content/0/text", "\"hi\""));
	ok(answers(KT_ENDPOINT_COUNT_TOKENS, ASK("12345678", ""),
	    "/input_tokens", "4"));
	ok(answers(KT_ENDPOINT_MESSAGES,
	    "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
	    "\"content\":\"abc\xc3\xa4\"}]}", "/content/0/text", "\"abc\""));
}

static void
the_offline_model_calls_the_tool_it_is_asked_to_call(void)
{
	ok(answers(KT_ENDPOINT_MESSAGES, ASK(CALL, A_TOOL), "/content/0/input",
	    "{\"file\": \"\xc3\xa4\"}"));
	ok(answers(KT_ENDPOINT_MESSAGES, ASK(CALL, A_TOOL), "/stop_reason",
	    "\"tool_use\""));
	ok(answers(KT_ENDPOINT_COMPLETIONS, ASK(CALL, A_TOOL),
	    "/choices/0/message/tool_calls/0/function/arguments",
	    "\"{\\\"file\\\": \\\"\xc3\xa4\\\"}\""));
	ok(answers(KT_ENDPOINT_RESPONSES, ITEMS(""), "/output/0/name",
	    "\"Read\""));
	/* Nobody offers that tool, or its arguments are no object. */
	ok(answers(KT_ENDPOINT_MESSAGES, ASK(CALL, ""), "/stop_reason",
	    "\"end_turn\""));
	ok(answers(KT_ENDPOINT_MESSAGES, ASK("call tool Read [1]", A_TOOL),
	    "/stop_reason", "\"end_turn\""));
	ok(answers(KT_ENDPOINT_MESSAGES, ASK("call tool Read", A_TOOL),
	    "/content/0/input", "{}"));
}

static void
no_turn_calls_more_tools_than_the_bound(void)
{
	char last[64];

	ok(KT_OFFLINE_CALLS_MAX == 8);
	(void)snprintf(
	    last, sizeof(last), "/content/%d/name", KT_OFFLINE_CALLS_MAX - 1);
#define THREE "call tool Read\\ncall tool Read\\ncall tool Read\\n"
	ok(answers(KT_ENDPOINT_MESSAGES, ASK(THREE THREE THREE, A_TOOL), last,
	    "\"Read\""));
	ok(answers(KT_ENDPOINT_MESSAGES, ASK(THREE THREE THREE, A_TOOL),
	    "/content/8/name", ""));
}

static void
a_tool_result_ends_the_turn(void)
{
	ok(answers(KT_ENDPOINT_MESSAGES,
	    "{\"model\":\"m\"," A_TOOL "\"messages\":[{\"role\":\"user\","
	    "\"content\":\"" CALL "\"},{\"role\":\"assistant\",\"content\":[]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"content\":\"call tool Read {}\"}]}]}", "/content/0/text",
	    "\"call tool Read {}\""));
	ok(answers(KT_ENDPOINT_COMPLETIONS,
	    "{\"model\":\"m\"," A_TOOL "\"messages\":[{\"role\":\"user\","
	    "\"content\":\"" CALL "\"},{\"role\":\"tool\",\"content\":\"out\"}"
	    "]}", "/choices/0/message/content", "\"out\""));
	ok(answers(KT_ENDPOINT_RESPONSES,
	    "{" A_TOOL "\"input\":[{\"role\":\"user\",\"content\":\"" CALL
	    "\"},{\"type\":\"function_call_output\",\"output\":\"out\"}]}",
	    "/output/0/content/0/text", "\"out\""));
}

/* Joins the growing texts of a stream while its grammar is followed. */
static bool
streams(enum kt_endpoint endpoint, const char *body, const char *want)
{
	struct kt_buf out, text;
	struct kt_sse sse;
	struct kt_sse_event raw;
	struct kt_stream_reader r;
	struct kt_err err = { 0 };
	struct kt_arena *mem = kt_arena_new(1 << 20);
	bool good = ask(endpoint, body, &out) == KT_OK;

	kt_buf_init(&text, 1 << 20);
	kt_sse_init(&sse, 1 << 20);
	kt_sse_feed(&sse, kt_buf_span(&out));
	kt_stream_reader_init(&r, kt_endpoint_format(endpoint));
	while (good && kt_sse_next(&sse, &raw, &err) > 0) {
		bool is_json = raw.data.len > 0 && raw.data.ptr[0] == '{';
		struct kt_stream_event ev;
		struct indexed x;

		if (is_json)
			index_text(&x, raw.data);
		good = kt_stream_read(&r, raw.name, raw.data,
		    is_json ? &x.json : NULL, mem, &ev, &err) == KT_OK;
		for (size_t i = 0; good && i < ev.nparts; i++)
			if (ev.parts[i].kind == KT_PART_DELTA)
				good = kt_buf_add(&text, kt_json_string(&x.json,
				    x.text, ev.parts[i].node)) == KT_OK;
		if (is_json)
			kt_json_fini(&x.json);
		kt_arena_reset(mem);
	}
	good = good && r.is_stopped && r.is_finished && r.usage.is_known &&
	    kt_span_eq(kt_buf_span(&text), kt_span_of(want));
	if (!good)
		printf("# %s\n# %.*s\n", err.text,
		    KT_SPAN_ARG(kt_buf_span(&text)));
	kt_sse_fini(&sse);
	kt_buf_fini(&text);
	kt_buf_fini(&out);
	kt_arena_free(&mem);
	return good;
}

#define STREAM "\"stream\":true,\"stream_options\":{\"include_usage\":true},"
#define LONG \
	"0123456789 0123456789 0123456789 0123456789 01\xe2\x82\xac 0123456789" \
	" \xf0\x9f\x98\x80 0123456789 0123456789 0123456789 0123456789 end"

static void
offline_streams_obey_their_grammar(void)
{
	static const char arguments[] = "{\\\"file\\\": \\\"\xc3\xa4\\\"}";

	ok(streams(KT_ENDPOINT_MESSAGES, ASK(LONG, STREAM), LONG));
	ok(streams(KT_ENDPOINT_COMPLETIONS, ASK(LONG, STREAM), LONG));
	ok(streams(KT_ENDPOINT_RESPONSES,
	    "{\"stream\":true,\"input\":\"" LONG "\"}", LONG));
	ok(streams(
	    KT_ENDPOINT_MESSAGES, ASK(CALL, A_TOOL STREAM), arguments));
	ok(streams(
	    KT_ENDPOINT_COMPLETIONS, ASK(CALL, A_TOOL STREAM), arguments));
	ok(streams(KT_ENDPOINT_RESPONSES, ITEMS("\"stream\":true,"),
	    arguments));
}

static void
the_same_request_gets_the_same_bytes(void)
{
	struct kt_buf a, b, c;

	ok(ask(KT_ENDPOINT_MESSAGES, ASK("hi", STREAM), &a) == KT_OK);
	ok(ask(KT_ENDPOINT_MESSAGES, ASK("hi", STREAM), &b) == KT_OK);
	ok(ask(KT_ENDPOINT_MESSAGES, ASK("ho", STREAM), &c) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&a), kt_buf_span(&b)));
	ok(!kt_span_eq(kt_buf_span(&a), kt_buf_span(&c)));
	kt_buf_fini(&a);
	kt_buf_fini(&b);
	kt_buf_fini(&c);
}

static void
an_echo_is_bounded_and_whole_in_its_characters(void)
{
	static char body[3 * KT_OFFLINE_ECHO_MAX];
	struct kt_buf out;
	struct indexed x;
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"model\":\"m\","
	    "\"messages\":[{\"role\":\"user\",\"content\":\"x");

	while (n < 2 * KT_OFFLINE_ECHO_MAX) {
		memcpy(body + n, "\xe2\x82\xac", 3);
		n += 3;
	}
	(void)snprintf(body + n, sizeof(body) - n, "\"}]}");
	ok(ask(KT_ENDPOINT_MESSAGES, body, &out) == KT_OK);
	index_text(&x, kt_buf_span(&out));
	n = kt_json_string(&x.json, x.text, at(&x, "/content/0/text")).len;
	ok(n <= KT_OFFLINE_ECHO_MAX && n > KT_OFFLINE_ECHO_MAX - 4);
	kt_json_fini(&x.json);
	kt_buf_fini(&out);
}

static void
a_short_buffer_is_a_limit_never_half_an_answer(void)
{
	struct kt_buf out;
	struct indexed x;
	struct kt_request_facts facts;
	struct kt_err err = { 0 };
	size_t whole;

	index_text(&x, KT_SPAN(ASK("hi", STREAM)));
	ok(kt_request_facts(KT_ENDPOINT_MESSAGES, &x.json, x.text, &facts,
	       &err) == KT_OK);
	ok(ask(KT_ENDPOINT_MESSAGES, ASK("hi", STREAM), &out) == KT_OK);
	whole = out.len;
	kt_buf_fini(&out);
	for (size_t limit = 0; limit < whole; limit++) {
		kt_buf_init(&out, limit);
		ok(kt_offline_answer(KT_ENDPOINT_MESSAGES, &x.json, x.text,
		       &facts, &out, &err) == KT_E_LIMIT);
		kt_buf_fini(&out);
	}
	kt_json_fini(&x.json);
}

int
main(void)
{
	RUN(a_problem_is_said_in_the_clients_shape);
	RUN(types_and_statuses_are_mapped);
	RUN(broken_text_never_keeps_a_problem_from_being_said);
	RUN(models_are_listed_in_both_shapes);
	RUN(the_offline_model_echoes_in_every_format);
	RUN(the_offline_model_calls_the_tool_it_is_asked_to_call);
	RUN(no_turn_calls_more_tools_than_the_bound);
	RUN(a_tool_result_ends_the_turn);
	RUN(offline_streams_obey_their_grammar);
	RUN(the_same_request_gets_the_same_bytes);
	RUN(an_echo_is_bounded_and_whole_in_its_characters);
	RUN(a_short_buffer_is_a_limit_never_half_an_answer);
	return done();
}
