/*
 * No place hides: wherever a body, an answer or an event may hold a text, a
 * card that stands there is redacted, or the call is refused or cut; and no
 * record repeats it.
 */
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

struct place {
	const char *what, *target, *body, *type, *answer;
	/* What must come out, or NULL: anything without the card. */
	const char *up, *out;
};

#define BARE "4111111111111111"
#define CODED "NDExMSAxMTExIDExMTEgMTExMQ=="
#define M(content) \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":" content "}]}"

static const struct place requests[] = {
	{ .what = "model", .body = "{\"model\":\"" CARD "\",\"max_tokens\":9,"
	    "\"messages\":[]}" },
	{ .what = "tool name", .body = M("\"x\"},{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"" CARD
	    "\",\"input\":{}}]") },
	{ .what = "number in an input", .body = M("\"x\"},{\"role\":"
	    "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"1\","
	    "\"name\":\"n\",\"input\":{\"card\":" BARE "}}]"),
	    .up = M("\"x\"},{\"role\":"
	    "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"1\","
	    "\"name\":\"n\",\"input\":{\"card\":\"[CREDIT_CARD]\"}}]") },
	{ .what = "name in an input", .body = M("\"x\"},{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"n\","
	    "\"input\":{\"" CARD "\":1}}]") },
	{ .what = "escaped name", .body = M("\"x\"},{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"n\","
	    "\"input\":{\"\\u0034111 1111 1111 1111\":1}}]") },
	{ .what = "default of a schema", .body = "{\"model\":\"m\","
	    "\"max_tokens\":9,\"messages\":[],\"tools\":[{\"name\":\"n\","
	    "\"input_schema\":{\"properties\":{\"a\":{\"default\":" BARE
	    "}}}}]}" },
	{ .what = "enumeration", .body = "{\"model\":\"m\",\"max_tokens\":9,"
	    "\"messages\":[],\"tools\":[{\"name\":\"n\",\"input_schema\":"
	    "{\"properties\":{\"a\":{\"enum\":[" BARE "]}}}}]}" },
	{ .what = "metadata", .body = "{\"model\":\"m\",\"max_tokens\":9,"
	    "\"messages\":[],\"metadata\":{\"user_id\":\"" CARD "\"}}" },
	{ .what = "unknown member", .body = "{\"model\":\"m\",\"max_tokens\":9,"
	    "\"messages\":[],\"new\":{\"x\":[\"" CARD "\"]}}" },
};

#define CHAT(call) \
	"{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":" \
	"[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"n\"," \
	"\"arguments\":\"" call "\"}}]}]}"
static const struct place nested[] = {
	{ .what = "escape in arguments", .body = CHAT("{\\\"a\\\":"
	    "\\\"\\\\u0034111 1111 1111 1111\\\"}"),
	    .up = CHAT("{\\\"a\\\":\\\"[CREDIT_CARD]\\\"}") },
	{ .what = "behind a blank", .body = CHAT(" \\n{\\\"a\\\":"
	    "\\\"\\\\u0034111 1111 1111 1111\\\"}"),
	    .up = CHAT(" \\n{\\\"a\\\":\\\"[CREDIT_CARD]\\\"}") },
	{ .what = "behind an escape", .body = CHAT("\\u007b\\\"a\\\":"
	    "\\\"\\\\u0034111 1111 1111 1111\\\"}"),
	    .up = CHAT("\\u007b\\\"a\\\":\\\"[CREDIT_CARD]\\\"}") },
	{ .what = "name twice", .body = CHAT("{\\\"a\\\":1,\\\"a\\\":"
	    "\\\"\\\\u0034111 1111 1111 1111\\\"}"),
	    .up = CHAT("{\\\"a\\\":1,\\\"a\\\":\\\"[CREDIT_CARD]\\\"}") },
	{ .what = "number", .body = CHAT("{\\\"a\\\":" BARE "}"),
	    .up = CHAT("{\\\"a\\\":\\\"[CREDIT_CARD]\\\"}") },
	{ .what = "name", .body = CHAT("{\\\"" CARD "\\\":1}") },
	{ .what = "no JSON at all", .body = CHAT("pay " CARD " now"),
	    .up = CHAT("pay [CREDIT_CARD] now") },
	{ .what = "name of a function that gave a result", .body = "{\"model\":"
	    "\"m\",\"messages\":[{\"role\":\"function\",\"name\":\"" CARD
	    "\",\"content\":\"x\"}]}" },
};

static bool
shows(const struct kt_buf *b)
{
	return has(b, "1111 1111") || has(b, "11111111") || has(b, CODED);
}

static void
run_place(struct world *w, const struct place *p, const char *target,
    const char *body, const char *type, const char *answer)
{
	struct script s = { .target = target, .body = body, .type = type,
		.answer = answer };
	struct result r;

	result_init(&r);
	run_script(w, &s, &r);
	if (!ok(!shows(&r.up) && !shows(&r.out) && !shows(&r.record)))
		printf("# %s: up %.*s\n# out %.*s\n# record %.*s\n", p->what,
		    KT_SPAN_ARG(kt_buf_span(&r.up)),
		    KT_SPAN_ARG(kt_buf_span(&r.out)),
		    KT_SPAN_ARG(kt_buf_span(&r.record)));
	if (!ok(r.records == 1 && has(&r.record, "\"pci\"") &&
	        strcmp(r.decision, "pass") != 0))
		printf("# %s: %s\n", p->what, r.decision);
	if (!ok(p->answer == NULL || !has(&r.record, "\"prompt.")))
		printf("# %s: said of the prompt\n", p->what);
	if (p->up != NULL &&
	    !ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(p->up))))
		printf("# %s: %.*s\n", p->what, KT_SPAN_ARG(kt_buf_span(&r.up)));
	if (p->out != NULL &&
	    !ok(kt_span_eq(kt_buf_span(&r.out), kt_span_of(p->out))))
		printf("# %s: %.*s\n", p->what,
		    KT_SPAN_ARG(kt_buf_span(&r.out)));
	result_fini(&r);
}

/* Nine digits say nothing; what they are called does. */
static void
a_members_name_is_context_for_its_value(void)
{
	static const struct {
		const char *input, *up;
	} cases[] = {
		{ "{\"ssn\":\"536228726\"}", "{\"ssn\":\"[US_SSN]\"}" },
		{ "{\"a\":{\"patientSsn\":[0,536228726]}}",
		    "{\"a\":{\"patientSsn\":[0,\"[US_SSN]\"]}}" },
		{ "{\"social_security\":\"536228726\"}",
		    "{\"social_security\":\"[US_SSN]\"}" },
		{ "{\"\\u0073sn\":\"is 536228726\"}",
		    "{\"\\u0073sn\":\"is [US_SSN]\"}" },
		{ "{\"ssn\":{\"order\":\"536228726\"},\"n\":536228726}",
		    "{\"ssn\":{\"order\":\"536228726\"},\"n\":536228726}" },
	};
	static const char whole[] = M("\"x\"},{\"role\":\"assistant\","
	    "\"content\":[{\"type\":\"tool_use\",\"id\":\"1\",\"name\":"
	    "\"n\",\"input\":%s}]");
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		char body[512], up[512];
		struct script s = { .target = "/v1/messages", .body = body,
			.answer = WHOLE("ok") };
		struct result r;

		(void)snprintf(body, sizeof(body), whole, cases[i].input);
		(void)snprintf(up, sizeof(up), whole, cases[i].up);
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(up))))
			printf("# %.*s\n", KT_SPAN_ARG(kt_buf_span(&r.up)));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
no_place_of_a_request_hides_a_card(void)
{
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(requests); i++)
		run_place(&w, &requests[i], "/v1/messages", requests[i].body, NULL,
		    WHOLE("ok"));
	world_fini(&w);
	ok(world_init(&w, CONFIG_OPENAI(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(nested); i++)
		run_place(&w, &nested[i], "/v1/chat/completions", nested[i].body,
		    NULL, "{\"choices\":[]}");
	world_fini(&w);
}

static void
no_call_of_a_whole_answer_hides_a_card(void)
{
	static const char *const calls[] = { "{\"type\":\"tool_use\",\"id\":"
	    "\"t\",\"name\":\"" CARD "\",\"input\":{}}",
		"{\"type\":\"tool_use\",\"id\":\"" CARD
		"\",\"name\":\"n\",\"input\":{}}",
		"{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"" CODED
		"\",\"input\":{}}" };
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(calls); i++) {
		char answer[256];
		const struct place p = { .what = calls[i], .answer = answer };

		(void)snprintf(answer, sizeof(answer), "{\"type\":\"message\","
		    "\"content\":[%s]}", calls[i]);
		run_place(&w, &p, "/v1/messages", M("\"hi\""), NULL, answer);
	}
	world_fini(&w);
}

#define TOOL(index) \
	BLOCK_START(index, "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\"," \
	    "\"input\":{}}")
#define PART(index, json) \
	BLOCK_DELTA(index, "{\"type\":\"input_json_delta\",\"partial_json\":\"" \
	    json "\"}")
static const struct place events[] = {
	{ .what = "name of a tool", .answer = MESSAGE_START BLOCK_START("0",
	    "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"" CARD
	    "\",\"input\":{}}") BLOCK_STOP("0") MESSAGE_END },
	{ .what = "id of a message", .answer = EVENT("message_start",
	    "{\"type\":\"message_start\",\"message\":{\"id\":\"" CARD
	    "\",\"model\":\"" CARD "\"}}") MESSAGE_END },
	{ .what = "stop reason", .answer = MESSAGE_START EVENT("message_delta",
	    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"" CARD
	    "\"}}") },
	{ .what = "ping", .answer = MESSAGE_START EVENT("ping",
	    "{\"type\":\"ping\",\"text\":\"" CARD "\"}") MESSAGE_END,
	    .out = MESSAGE_START EVENT("ping",
	    "{\"type\":\"ping\",\"text\":\"[CREDIT_CARD]\"}") MESSAGE_END },
	{ .what = "unknown event", .answer = MESSAGE_START EVENT("new",
	    "{\"type\":\"new\",\"a\":[\"" CARD "\"]}") MESSAGE_END,
	    .out = MESSAGE_START EVENT("new",
	    "{\"type\":\"new\",\"a\":[\"[CREDIT_CARD]\"]}") MESSAGE_END },
	{ .what = "name of a member", .answer = MESSAGE_START EVENT("new",
	    "{\"type\":\"new\",\"" CARD "\":1}") MESSAGE_END },
	{ .what = "number", .answer = MESSAGE_START EVENT("new",
	    "{\"type\":\"new\",\"a\":" BARE "}") MESSAGE_END },
	{ .what = "comment", .answer = MESSAGE_START ": " CARD "\n\n"
	    MESSAGE_END },
	{ .what = "id line", .answer = MESSAGE_START "id: " CARD
	    "\nevent: ping\ndata: {\"type\":\"ping\"}\n\n" MESSAGE_END },
	{ .what = "event of several data lines", .answer = MESSAGE_START
	    "event: new\nid: " CARD "\ndata: {\"type\":\ndata: \"new\"}\n\n"
	    MESSAGE_END },
	{ .what = "arguments", .answer = MESSAGE_START TOOL("0")
	    PART("0", "{\\\"a\\\":\\\"4111 11") PART("0", "11 1111 1111\\\"}")
	    BLOCK_STOP("0") MESSAGE_END,
	    .out = MESSAGE_START TOOL("0")
	    PART("0", "{\\\"a\\\":\\\"[CREDIT_CARD]") PART("0", "\\\"}")
	    BLOCK_STOP("0") MESSAGE_END },
	{ .what = "number in arguments", .answer = MESSAGE_START TOOL("0")
	    PART("0", "{\\\"a\\\": 41111") PART("0", "11111111111}")
	    BLOCK_STOP("0") MESSAGE_END,
	    .out = MESSAGE_START TOOL("0")
	    PART("0", "{\\\"a\\\": \\\"[CREDIT_CARD]\\\"") PART("0", "}")
	    BLOCK_STOP("0") MESSAGE_END },
	{ .what = "name in arguments", .answer = MESSAGE_START TOOL("0")
	    PART("0", "{\\\"4111 11") PART("0", "11 1111 1111\\\":1}")
	    BLOCK_STOP("0") MESSAGE_END },
	{ .what = "result of the vendor's tool", .answer = MESSAGE_START
	    BLOCK_START("0", "{\"type\":\"bash_code_execution_tool_result\","
	    "\"tool_use_id\":\"t\",\"content\":{\"type\":\"x\",\"stdout\":\""
	    CARD "\"}}") BLOCK_STOP("0") MESSAGE_END,
	    .out = MESSAGE_START
	    BLOCK_START("0", "{\"type\":\"bash_code_execution_tool_result\","
	    "\"tool_use_id\":\"t\",\"content\":{\"type\":\"x\",\"stdout\":\""
	    "[CREDIT_CARD]\"}}") BLOCK_STOP("0") MESSAGE_END },
	{ .what = "title of a page that the vendor found",
	    .answer = MESSAGE_START BLOCK_START("0",
	    "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"t\","
	    "\"content\":[{\"type\":\"web_search_result\",\"title\":\"" CARD
	    "\"}]}") BLOCK_STOP("0") MESSAGE_END },
};

static void
a_record_names_the_path_unless_something_is_in_it(void)
{
	static const char *const paths[] = {
		"/v1/models/claude-x?limit=1", "/v1/models/a%2Fb",
		"/v1/models/" BARE, "/v1/models/4111%201111%201111%201111",
		"/v1/models/a?q=" BARE, "/v1/models/" CODED,
	};
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(paths); i++) {
		struct script s = { .method = "GET", .target = paths[i],
			.answer = "{\"id\":\"m\"}" };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.records == 1 && has(&r.record, "\"endpoint\":\"models\""));
		ok(has(&r.record, "\"path\":\"/v1/models/claude-x\"") == (i == 0));
		ok(has(&r.record, "\"path\":\"/v1/models/a%2Fb\"") == (i == 1));
		ok(has(&r.record, "\"path\":") == (i < 2 || i == 4));
		ok(!has(&r.record, "1111") && !has(&r.record, CODED));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
no_event_of_a_stream_hides_a_card(void)
{
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(events); i++)
		run_place(&w, &events[i], "/v1/messages", ASK_STREAM("hi"),
		    "text/event-stream", events[i].answer);
	world_fini(&w);
}

#define R(type, rest) EVENT(type, "{\"type\":\"" type "\"," rest "}")
#define CALL(arguments) \
	"\"item\":{\"id\":\"i\",\"type\":\"function_call\",\"name\":\"n\"," \
	"\"call_id\":\"c\",\"arguments\":\"" arguments "\"}"
#define ITEM "\"item_id\":\"i\",\"output_index\":0,\"content_index\":0,"
#define CREATED \
	R("response.created", "\"response\":{\"id\":\"r\",\"output\":[]}")

/* What a stream says again at its end is redacted like the first time. */
static void
restated_texts_are_redacted_alike(void)
{
	static const struct place p = { .what = "restated",
		.answer = CREATED
		    R("response.output_text.delta", ITEM "\"delta\":\"a 4111 \"")
		    R("response.output_text.delta",
		        ITEM "\"delta\":\"1111 1111 1111 b\"")
		    R("response.output_text.done",
		        ITEM "\"text\":\"a " CARD " b\"")
		    R("response.function_call_arguments.done",
		        "\"item_id\":\"j\",\"output_index\":1,\"arguments\":"
		        "\"{\\\"c\\\":\\\"\\\\u0034111 1111 1111 1111\\\","
		        "\\\"n\\\":" BARE "}\"")
		    R("response.output_item.done", "\"output_index\":1,"
		        CALL("{\\\"c\\\":\\\"\\\\u0034111 1111 1111 1111\\\"}"))
		    R("response.completed",
		        "\"response\":{\"id\":\"r\",\"status\":\"completed\","
		        "\"output\":[{" "\"type\":\"message\",\"content\":[{"
		        "\"type\":\"output_text\",\"text\":\"a " CARD " b\"}]}]}"),
		.out = CREATED
		    R("response.output_text.delta",
		        ITEM "\"delta\":\"a [CREDIT_CARD]\"")
		    R("response.output_text.delta", ITEM "\"delta\":\" b\"")
		    R("response.output_text.done",
		        ITEM "\"text\":\"a [CREDIT_CARD] b\"")
		    R("response.function_call_arguments.done",
		        "\"item_id\":\"j\",\"output_index\":1,\"arguments\":"
		        "\"{\\\"c\\\":\\\"[CREDIT_CARD]\\\","
		        "\\\"n\\\":\\\"[CREDIT_CARD]\\\"}\"")
		    R("response.output_item.done", "\"output_index\":1,"
		        CALL("{\\\"c\\\":\\\"[CREDIT_CARD]\\\"}"))
		    R("response.completed",
		        "\"response\":{\"id\":\"r\",\"status\":\"completed\","
		        "\"output\":[{" "\"type\":\"message\",\"content\":[{"
		        "\"type\":\"output_text\",\"text\":\"a [CREDIT_CARD] b\""
		        "}]}]}"),
	};
	struct world w;

	ok(world_init(&w, CONFIG_OPENAI(REDACT)));
	run_place(&w, &p, "/v1/responses",
	    "{\"model\":\"m\",\"stream\":true,\"input\":\"hi\"}",
	    "text/event-stream", p.answer);
	world_fini(&w);
}

/* The long one begins first and is decided last; the short one is in it. */
static void
a_redaction_that_begins_earlier_may_come_later(void)
{
	static const char config[] =
	    "pack: {name: t, version: 1.0.0, enabled: true}\n"
	    "policies: {chain: [dlp-filter]}\n"
	    "policy:\n  dlp-filter:\n    action: redact\n"
	    "    detect_patterns:\n"
	    "      - {name: short, pattern: 'inner'}\n"
	    "      - {name: long, pattern: '[e-u]{5}-\\w{1,9}-inner-\\w{1,9}-end'}\n"
	    "providers:\n  targets:\n    - id: up\n      provider: anthropic\n"
	    "      base_url: http://127.0.0.1:1\n"
	    "      secret_key_ref: {env: TEST_KEY}\n";
	static const char text[] = "x outer-12-inner-34-end y inner z";
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream" };
	struct world w;

	ok(world_init(&w, config));
	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		struct kt_buf answer;
		struct result r;

		kt_buf_init(&answer, 1u << 20);
		ok(kt_buf_printf(&answer, "%s"
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"%.*s\"}")
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"%s\"}")
		    "%s", START, (int)at, text, text + at, FINISH) == KT_OK);
		s.answer = answer.ptr;
		s.answer_len = answer.len;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(!has(&r.out, "outer") && !has(&r.out, "inner") &&
		        !has(&r.out, "-12-") && !has(&r.out, "-34-") &&
		        has(&r.out, "[LONG]") && has(&r.out, "[SHORT]")))
			printf("# cut %zu: %.*s\n", at,
			    KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
		kt_buf_fini(&answer);
	}
	world_fini(&w);
}

/* Where nobody can act, a stream keeps its very order, pings included. */
static void
a_flag_changes_no_byte_of_a_stream(void)
{
	static const char *const configs[] = { CONFIG(FLAG),
		CONFIG("  secret-scanner: {action: block, mode: monitor}\n"
		       "  pii-detector: {action: redact, mode: monitor}\n") };
	static const char answer[] = MESSAGE_START
	    BLOCK_START("0", "{\"type\":\"text\",\"text\":\"\"}")
	    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"c 4111 \"}")
	    EVENT("ping", "{\"type\": \"ping\"}") ": note\n\n"
	    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"1111 1111"
	        " 1111, key ghp_wWPw5k4aXcaT4fNP\"}")
	    EVENT("ping", "{\"type\": \"ping\"}")
	    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":"
	        "\"0UcnZwJUVFk6LO0pINUx\"}") BLOCK_STOP("0") TOOL("1")
	    PART("1", "{\\\"a\\\": 41111") EVENT("ping", "{\"type\": \"ping\"}")
	    PART("1", "11111111111}") BLOCK_STOP("1") MESSAGE_END;

	for (size_t i = 0; i < KT_NELEMS(configs); i++) {
		struct script s = { .target = "/v1/messages",
			.body = ASK_STREAM("my " CARD), .type = "text/event-stream",
			.answer = answer };
		struct world w;
		struct result r;

		ok(world_init(&w, configs[i]));
		for (size_t cut = 0; cut < 300; cut += 37) {
			s.answer_cut = cut;
			result_init(&r);
			run_script(&w, &s, &r);
			ok(kt_span_eq(kt_buf_span(&r.out), KT_SPAN(answer)));
			ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(s.body)));
			ok(strcmp(r.decision, "pass") == 0);
			ok(has(&r.record, "completion.pci.detected"));
			ok(!shows(&r.record));
			result_fini(&r);
		}
		world_fini(&w);
	}
}

/* A marker is escaped once where it stands in JSON, and twice in two. */
static void
a_marker_with_quotes_is_escaped_where_it_stands(void)
{
	static const char config[] = CONFIG("  secret-scanner: {action: flag}\n"
	    "  pii-detector:\n    action: redact\n    redaction:\n"
	    "      custom_markers: {CREDIT_CARD: 'a \"b\" \\ c'}\n");
	static const struct place stream = { .what = "stream",
		.answer = MESSAGE_START
		    BLOCK_START("0", "{\"type\":\"text\",\"text\":\"\"}")
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"" CARD
		        " x\"}") BLOCK_STOP("0") TOOL("1")
		    PART("1", "{\\\"a\\\":\\\"" CARD "\\\"}") BLOCK_STOP("1")
		    TOOL("2") PART("2", "pay " CARD " now") BLOCK_STOP("2")
		    MESSAGE_END,
		.out = MESSAGE_START
		    BLOCK_START("0", "{\"type\":\"text\",\"text\":\"\"}")
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":"
		        "\"a \\\"b\\\" \\\\ c x\"}") BLOCK_STOP("0") TOOL("1")
		    PART("1", "{\\\"a\\\":\\\"a \\\\\\\"b\\\\\\\" \\\\\\\\ c\\\"}")
		    BLOCK_STOP("1")
		    TOOL("2") PART("2", "pay a \\\"b\\\" \\\\ c now")
		    BLOCK_STOP("2") MESSAGE_END };
	struct world w;

	ok(world_init(&w, config));
	run_place(&w, &stream, "/v1/messages", ASK_STREAM("hi"),
	    "text/event-stream", stream.answer);
	world_fini(&w);
}

/* Thinking is signed: it passes as it is, or ends the answer. */
static void
thinking_is_never_edited(void)
{
	static const char answer[] = MESSAGE_START BLOCK_START("0",
	    "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
	    BLOCK_DELTA("0", "{\"type\":\"thinking_delta\",\"thinking\":\"a "
	        CARD " b\"}")
	    BLOCK_DELTA("0", "{\"type\":\"signature_delta\",\"signature\":"
	        "\"c2ln\"}") BLOCK_STOP("0") MESSAGE_END;
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream", .answer = answer };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(kt_span_eq(kt_buf_span(&r.out), KT_SPAN(answer)));
	ok(has(&r.record, "completion.pci.detected"));
	result_fini(&r);
	world_fini(&w);
	ok(world_init(&w, CONFIG(BLOCK)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(!shows(&r.out) && strcmp(r.outcome, "cut-by-policy") == 0);
	ok(has(&r.out, "event: error") && !has(&r.out, "message_stop"));
	result_fini(&r);
	world_fini(&w);
}

/* What nobody can read is never told as clean, with or without policies. */
static void
what_cannot_be_read_is_told(void)
{
	static const char *const configs[] = { CONFIG(REDACT),
		"pack: {name: t, version: 1.0.0, enabled: true}\n"
		"policies: {chain: [audit-logger]}\n"
		"providers:\n  targets:\n    - id: up\n"
		"      provider: anthropic\n      base_url: http://127.0.0.1:1\n"
		"      secret_key_ref: {env: TEST_KEY}\n" };
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream", .answer = MESSAGE_START BLOCK_START(
		"0", "{\"type\":\"redacted_thinking\",\"data\":\"AAAA\"}")
		BLOCK_STOP("0") MESSAGE_END };

	for (size_t i = 0; i < KT_NELEMS(configs); i++) {
		struct result r;
		struct world w;

		ok(world_init(&w, configs[i]));
		result_init(&r);
		run_script(&w, &s, &r);
		ok(kt_span_eq(kt_buf_span(&r.out), kt_span_of(s.answer)));
		ok(has(&r.record, "completion.content.uninspectable"));
		ok(has(&r.record, "\"uninspectable\""));
		result_fini(&r);
		world_fini(&w);
	}
}

int
main(void)
{
	RUN(no_place_of_a_request_hides_a_card);
	RUN(a_members_name_is_context_for_its_value);
	RUN(a_record_names_the_path_unless_something_is_in_it);
	RUN(no_call_of_a_whole_answer_hides_a_card);
	RUN(no_event_of_a_stream_hides_a_card);
	RUN(restated_texts_are_redacted_alike);
	RUN(a_redaction_that_begins_earlier_may_come_later);
	RUN(a_flag_changes_no_byte_of_a_stream);
	RUN(a_marker_with_quotes_is_escaped_where_it_stands);
	RUN(thinking_is_never_edited);
	RUN(what_cannot_be_read_is_told);
	return done();
}
