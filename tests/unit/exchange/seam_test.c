/*
 * A value whose begin is in the text of one block and whose end is in that of
 * the next is found as in one text: in requests and answers, whole and
 * streamed, wherever it is cut and however it is written.
 */
#include "detect/detect.h"
#include "exchange/look.h"
#include "tests/unit/exchange/answers.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

#define BEFORE "it is "
#define BEHIND " and no other"
#define MARKER "[CREDIT_CARD]"
#define TEXT(text) "{\"type\":\"text\",\"text\":\"" text "\"}"
#define ASK_BLOCKS(blocks) \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":[" blocks "]}]}"

/* Appends text as JSON writes it, or each character as an escape. */
static void
write_text(struct kt_buf *out, struct kt_span s, bool is_escaped)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_escaped)
			ok(kt_buf_printf(out, "\\u%04x", s.ptr[i]) == KT_OK);
		else
			keep(out, kt_span_sub(s, i, 1));
	}
}

/* Between `open` and `close`, so often as there are pieces of text: cut at
   `at`, and once more `more` bytes behind it unless that is 0. */
static void
write_blocks(struct kt_buf *out, struct kt_span text, size_t at, size_t more,
    bool is_escaped, const char *open, const char *between, const char *close)
{
	const size_t cuts[] = { at, at + more, text.len };
	size_t from = 0;

	for (size_t i = 0; i < KT_NELEMS(cuts); i++) {
		if (cuts[i] == from)
			continue;
		if (from > 0)
			keep(out, kt_span_of(between));
		keep(out, kt_span_of(open));
		write_text(out, kt_span_sub(text, from, cuts[i] - from),
		    is_escaped);
		keep(out, kt_span_of(close));
		from = cuts[i];
	}
}

static const struct {
	const char *target, *head, *open, *between, *close, *tail;
	bool is_openai;
} requests[] = {
	{ "/v1/messages", "{\"model\":\"m\",\"max_tokens\":9,\"messages\":"
	    "[{\"role\":\"user\",\"content\":[", "{\"type\":\"text\",\"text\":\"",
	    ",", "\"}", "]}]}", false },
	{ "/v1/messages", "{\"model\":\"m\",\"max_tokens\":9,\"system\":[",
	    "{\"type\":\"text\",\"cache_control\":{\"type\":\"ephemeral\"},"
	    "\"text\":\"", " , \n", "\"}", "],\"messages\":[{\"role\":\"user\","
	    "\"content\":\"hi\"}]}", false },
	{ "/v1/messages", "{\"model\":\"m\",\"max_tokens\":9,\"messages\":"
	    "[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"t\",\"content\":[", "{\"text\":\"", ",",
	    "\",\"type\":\"text\"}", "]}]}]}", false },
	{ "/v1/chat/completions", "{\"model\":\"m\",\"messages\":[{\"role\":"
	    "\"user\",\"content\":[", "{\"type\":\"text\",\"text\":\"", ",",
	    "\"}", "]}]}", true },
	{ "/v1/responses", "{\"model\":\"m\",\"input\":[{\"role\":\"user\","
	    "\"content\":[", "{\"type\":\"input_text\",\"text\":\"", ",", "\"}",
	    "]}]}", true },
};

/* No two bytes of a value that it shares with nothing around. */
static bool
has_part(const struct kt_buf *b)
{
	return has(b, "4111") || has(b, "1111") || has(b, "\\u0034\\u0031");
}

static void
in_requests_at_every_place(void)
{
	const struct kt_span text = KT_SPAN(BEFORE CARD BEHIND);
	struct world w[2];
	struct kt_buf body;

	ok(world_init(&w[0], CONFIG(REDACT)));
	ok(world_init(&w[1], CONFIG_OPENAI(REDACT)));
	kt_buf_init(&body, 1u << 20);
	for (size_t i = 0; i < 2 * KT_NELEMS(requests); i++) {
		const struct kt_span first = KT_SPAN(BEFORE);
		unsigned missed = 0, odd = 0;

		for (size_t at = first.len + 1;
		     at < first.len + sizeof(CARD) - 1; at++) {
			struct script s = { .target = requests[i / 2].target };
			struct result r;

			kt_buf_reset(&body);
			keep(&body, kt_span_of(requests[i / 2].head));
			write_blocks(&body, text, at, at % 5, i % 2,
			    requests[i / 2].open, requests[i / 2].between,
			    requests[i / 2].close);
			keep(&body, kt_span_of(requests[i / 2].tail));
			s.body = body.ptr;
			s.body_len = body.len;
			result_init(&r);
			run_script(&w[requests[i / 2].is_openai], &s, &r);
			missed += has_part(&r.up) || !has(&r.up, MARKER);
			odd += r.records != 1 || !has(&r.record, "\"pci\"") ||
			    r.up_calls != 1;
			result_fini(&r);
		}
		if (!ok(missed == 0) || !ok(odd == 0))
			printf("# request %zu: %u missed, %u odd\n", i, missed,
			    odd);
	}
	kt_buf_fini(&body);
	world_fini(&w[0]);
	world_fini(&w[1]);
}

/* What is one text is cut at `at`, in an answer that comes as `cut` says. */
static void
answer(struct world *w, bool is_stream, bool is_chat, size_t at, size_t more,
    bool is_escaped, size_t cut, struct result *r)
{
	const struct kt_span text = KT_SPAN(BEFORE CARD BEHIND);
	struct script s = { .target = is_chat ? "/v1/chat/completions" :
		    "/v1/messages",
		.body = is_stream ? ASK_STREAM("hi") : ASK("hi"),
		.type = is_stream ? "text/event-stream" : "application/json",
		.answer_cut = cut };
	const size_t cuts[] = { at, at + more, text.len };
	struct kt_buf b;
	size_t from = 0, n = 0;

	kt_buf_init(&b, 1u << 20);
	if (!is_stream) {
		keep(&b, KT_SPAN("{\"id\":\"msg_1\",\"type\":\"message\","
			"\"role\":\"assistant\",\"model\":\"m\",\"content\":["));
		write_blocks(&b, text, at, more, is_escaped,
		    "{\"type\":\"text\",\"text\":\"", ",", "\"}");
		keep(&b, KT_SPAN("],\"stop_reason\":\"end_turn\",\"usage\":"
			"{\"input_tokens\":3,\"output_tokens\":5}}"));
	} else {
		keep(&b, KT_SPAN(MESSAGE_START));
		for (size_t i = 0; i < KT_NELEMS(cuts); i++) {
			if (cuts[i] == from)
				continue;
			ok(kt_buf_printf(&b, BLOCK_START("%zu", "{\"type\":"
			    "\"text\",\"text\":\"\"}"), n) == KT_OK);
			/* In two deltas, one of them of one byte. */
			for (size_t end = from + 1; from < cuts[i];
			     from = end, end = cuts[i]) {
				ok(kt_buf_printf(&b, "event: content_block_delta"
				    "\ndata: {\"type\":\"content_block_delta\","
				    "\"index\":%zu,\"delta\":{\"type\":"
				    "\"text_delta\",\"text\":\"", n) == KT_OK);
				write_text(&b,
				    kt_span_sub(text, from, end - from),
				    is_escaped);
				keep(&b, KT_SPAN("\"}}\n\n"));
			}
			ok(kt_buf_printf(&b, BLOCK_STOP("%zu"), n++) == KT_OK);
		}
		keep(&b, KT_SPAN(MESSAGE_END));
	}
	s.answer = b.ptr;
	s.answer_len = b.len;
	result_init(r);
	run_script(w, &s, r);
	kt_buf_fini(&b);
}

static void
in_answers_at_every_place(void)
{
	struct world w;
	unsigned missed = 0, odd = 0;

	ok(world_init(&w, CONFIG(REDACT)));
	for (unsigned i = 0; i < 8; i++) {
		for (size_t at = sizeof(BEFORE); at < sizeof(BEFORE CARD) - 1;
		     at++) {
			struct result r;

			answer(&w, i & 1, i & 2, at, at % 4, i & 4,
			    at % 3 ? 0 : 7, &r);
			missed += has_part(&r.out) || !has(&r.out, MARKER);
			odd += r.records != 1 || !has(&r.record, "\"pci\"") ||
			    r.status != 200 ||
			    strcmp(r.decision, "redact") != 0;
			if (has_part(&r.out) || r.status != 200)
				printf("# %u at %zu: %.*s\n", i, at,
				    KT_SPAN_ARG(kt_buf_span(&r.out)));
			result_fini(&r);
		}
	}
	if (!ok(missed == 0 && odd == 0))
		printf("# %u missed, %u odd\n", missed, odd);
	world_fini(&w);
}

static void
a_policy_that_blocks_cuts(void)
{
	struct world w;

	ok(world_init(&w, CONFIG(BLOCK)));
	for (unsigned i = 0; i < 4; i++) {
		struct result r;

		answer(&w, i & 1, i & 2, sizeof(BEFORE) + 7, 0, false, 0, &r);
		ok(!has_part(&r.out) && strcmp(r.decision, "block") == 0);
		ok(r.status == (i & 1 ? 200 : 403));
		result_fini(&r);
	}
	world_fini(&w);
}

#define R(type, rest) EVENT(type, "{\"type\":\"" type "\"," rest "}")
#define PART(n) "\"item_id\":\"i\",\"output_index\":0,\"content_index\":" n ","

/* A stream that says each text again cannot be redacted over two of them. */
static void
where_texts_are_said_again_it_cuts(void)
{
	struct script s = { .target = "/v1/responses",
		.body = "{\"model\":\"m\",\"stream\":true,\"input\":\"hi\"}",
		.type = "text/event-stream",
		.answer = R("response.created",
		              "\"response\":{\"id\":\"r\",\"output\":[]}")
		    R("response.output_text.delta",
		        PART("0") "\"delta\":\"so 4111 11\"")
		    R("response.output_text.done",
		        PART("0") "\"text\":\"so 4111 11\"")
		    R("response.output_text.delta",
		        PART("1") "\"delta\":\"11 1111 1111 yes\"")
		    R("response.output_text.done",
		        PART("1") "\"text\":\"11 1111 1111 yes\"")
		    R("response.completed", "\"response\":{\"id\":\"r\","
		        "\"status\":\"completed\",\"output\":[]}") };
	struct world w;
	struct result r;

	ok(world_init(&w, CONFIG_OPENAI(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	if (!ok(!has_part(&r.out) && strcmp(r.decision, "block") == 0))
		printf("# %s: %.*s\n", r.decision,
		    KT_SPAN_ARG(kt_buf_span(&r.out)));
	result_fini(&r);
	world_fini(&w);
}

/* Nor does it hold a byte that it may not change. */
static void
one_that_flags_changes_nothing(void)
{
	struct world w;
	struct result r;

	ok(world_init(&w, CONFIG(FLAG)));
	for (unsigned i = 0; i < 2; i++) {
		answer(&w, i & 1, false, sizeof(BEFORE) + 7, 0, false, 0, &r);
		ok(has(&r.out, "t is 4111 111\"") && has(&r.out, " 1111 1111 and"));
		ok(has(&r.record, "\"pci\""));
		result_fini(&r);
	}
	world_fini(&w);
}

/* Two places, and together they are the value and nothing else. */
static void
each_part_is_told_with_its_place(void)
{
	static const char body[] = ASK_BLOCKS(
	    TEXT(BEFORE "4111 11") "," TEXT("\\u00311 1111 1111" BEHIND));
	struct kt_span text = kt_span_of(body);
	struct kt_looked out = { 0 };
	struct kt_look *look;
	struct kt_json json;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	look = kt_look_new(w.program, w.scratch);
	kt_json_init(&json, 1u << 20);
	ok(kt_json_parse(&json, text, NULL) == KT_OK);
	ok(kt_look_at_body(look, KT_ENDPOINT_MESSAGES, KT_REQUEST, &json, text,
	       &out) == KT_OK);
	if (!ok(out.nfound == 2))
		printf("# %zu found\n", out.nfound);
	for (size_t i = 0; i < out.nfound && i < 2; i++) {
		const char *part = i == 0 ? "4111 11" : "\\u00311 1111 1111";

		ok(kt_span_eq(kt_span_sub(text, out.found[i].start,
		    out.found[i].end - out.found[i].start), kt_span_of(part)));
		ok(out.found[i].confidence_pm > 0);
		ok(text.ptr[json.nodes[out.found[i].node].start + 1] ==
		    (i == 0 ? 'i' : '\\'));
		ok(out.found[i].action == KT_ACTION_REDACT);
	}
	kt_json_fini(&json);
	kt_look_free(&look);
	world_fini(&w);
}

/* Each part by itself: the whole value in both places would be twice. */
static void
what_was_taken_out_comes_back_as_it_was(void)
{
	static const char config[] =
	    "pack: {name: t, version: 1.0.0, enabled: true}\n"
	    "policies: {chain: [reversible-redaction]}\n"
	    "policy: {reversible-redaction: {entities: [CREDIT_CARD]}}\n"
	    "providers:\n  targets:\n    - id: up\n      provider: anthropic\n"
	    "      base_url: http://127.0.0.1:1\n"
	    "      secret_key_ref: {env: TEST_KEY}\n";
	struct script s = { .target = "/v1/messages",
		.body = ASK_BLOCKS(TEXT("so 4111 11") "," TEXT("11 1111 1111")),
		.answer = WHOLE("so [[CARD_001]][[CARD_002]]") };
	struct world w;
	struct result r;

	ok(world_init(&w, config));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(!has_part(&r.up) && has(&r.up, "so [[CARD_001]]") &&
	    has(&r.up, "\"[[CARD_002]]"));
	if (!ok(has(&r.out, "so " CARD)))
		printf("# %.*s\n", KT_SPAN_ARG(kt_buf_span(&r.out)));
	result_fini(&r);
	world_fini(&w);
}

/* A text that is over waits for the next one, and for nothing else. */
static void
what_ended_goes_before_an_error(void)
{
	static const char ended[] = START DELTA("so 4111 11") BLOCK_STOP("0");
	static const char error[] = EVENT("error", "{\"type\":\"error\","
	    "\"error\":{\"type\":\"overloaded_error\",\"message\":\"m\"}}");
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (unsigned dies = 0; dies < 2; dies++) {
		struct script s = { .target = "/v1/messages",
			.body = ASK_STREAM("hi"), .type = "text/event-stream",
			.dies = dies };
		struct kt_buf all;
		struct result r;

		kt_buf_init(&all, 1u << 16);
		keep(&all, KT_SPAN(ended));
		if (!dies)
			keep(&all, KT_SPAN(error));
		s.answer = all.ptr;
		s.answer_len = all.len;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(kt_span_starts(kt_buf_span(&r.out), kt_buf_span(&all)));
		ok(r.records == 1 && has(&r.out, "event: error"));
		ok(dies || r.out.len == all.len);
		result_fini(&r);
		kt_buf_fini(&all);
	}
	world_fini(&w);
}

/* Each of them apart is nothing, and so they stay as they are. */
static void
what_does_not_follow_is_not_joined(void)
{
	static const char *const bodies[] = {
		ASK_BLOCKS(TEXT("it is 4111 1111 ")
		    ",{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":"
		    "\"https://example.org/a.png\"}}," TEXT("1111 1111")),
		ASK_BLOCKS(TEXT("it is 4111 1111 ") "]},{\"role\":\"assistant\","
		    "\"content\":[" TEXT("1111 1111")),
		ASK_BLOCKS("{\"type\":\"tool_result\",\"tool_use_id\":\"t\","
		    "\"content\":[" TEXT("4111 1111 ") "]},"
		    "{\"type\":\"tool_result\",\"tool_use_id\":\"u\","
		    "\"content\":[" TEXT("1111 1111") "]}"),
		ASK_BLOCKS(TEXT("a 4111 1111 ") "," TEXT("1112 1111")),
		ASK_BLOCKS(TEXT("a 4111 1111 ") "," TEXT(" ") "," TEXT("b")),
	};
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(bodies); i++) {
		struct script s = { .target = "/v1/messages",
			.body = bodies[i], .answer = WHOLE("ok") };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(bodies[i]))))
			printf("# up %.*s\n", KT_SPAN_ARG(kt_buf_span(&r.up)));
		result_fini(&r);
	}
	world_fini(&w);
}

/* Who is given the texts of an answer as one finds nothing between them. */
static void
what_a_translation_joins_is_one_text_over_calls_and_thoughts(void)
{
	static const struct said between[] = {
		{ SAID_ARGUMENTS, "{\"a\":\"b\"}" }, { SAID_THINKING, "so" } };
	static const char card[] = "it is 4111 1111 1111 1111";
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(between); i++) {
		for (size_t at = 7; at + 1 < sizeof(card); at++) {
			char first[sizeof(card)];
			struct said said[] = { { SAID_TEXT, first },
				between[i], { SAID_TEXT, card + at } };

			copy_word(first, sizeof(first),
			    (struct kt_span){ card, at });
			for (enum form f = ANTHROPIC_WHOLE;
			     f <= ANTHROPIC_STREAM; f++) {
				struct result r;

				run_answer(&w, f, true, said, 3, &r);
				if (!ok(strcmp(r.decision, "redact") == 0 &&
				    has(&r.out, MARKER) && r.records == 1 &&
				    (i > 0 || has(&r.out, "\\\"b\\\""))))
					printf("# %zu %zu %d: %.*s\n", i, at, f,
					    KT_SPAN_ARG(kt_buf_span(&r.out)));
				result_fini(&r);
			}
		}
	}
	world_fini(&w);
}

/* Blocks without end, and however little memory. */
static void
neither_number_nor_memory_lets_it_through(void)
{
	static char body[1u << 20];
	struct script s = { .target = "/v1/messages", .body = body,
		.answer = WHOLE("ok") };
	struct world w;
	size_t n, served = 0;

	ok(world_init(&w, CONFIG(REDACT)));
	n = (size_t)snprintf(body, sizeof(body), "{\"model\":\"m\","
	    "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[");
	for (unsigned i = 0; i < 2000; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n,
		    "{\"type\":\"text\",\"text\":\"part %u, as 4111 11\"},", i);
	n += (size_t)snprintf(body + n, sizeof(body) - n,
	    "{\"type\":\"text\",\"text\":\"11 1111 1111\"}]}]}");
	ok(n < sizeof(body));
	for (size_t arena = 4096; arena < 1u << 24; arena *= 2) {
		struct result r;

		s.arena_bytes = arena;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(!has(&r.up, "\"11 1111 1111"));
		served += has(&r.up, "part 1999, as " MARKER);
		result_fini(&r);
	}
	ok(served > 0);
	world_fini(&w);
}

/* Whichever call of the engine fails, nothing goes on. */
static void
an_engine_that_fails_lets_nothing_through(void)
{
	struct script s = { .target = "/v1/messages", .answer = WHOLE("ok"),
		.body = ASK_BLOCKS(TEXT("so 4111 11") "," TEXT("11 1111 1111")) };
	uint64_t n, failed = 0;
	bool is_over = false;

	for (n = 1; !is_over && n < 1000; n++) {
		struct world w;
		struct result r;

		ok(world_init(&w, CONFIG(REDACT)));
		kt_detect_scratch_fail_at(w.scratch->detect, n);
		result_init(&r);
		run_script(&w, &s, &r);
		ok(!has_part(&r.up) && r.records == 1);
		is_over = r.status == 200;
		failed += r.up_calls == 0;
		result_fini(&r);
		world_fini(&w);
	}
	ok(is_over && failed > 2); /* two texts, and the seam */
}

int
main(void)
{
	RUN(in_requests_at_every_place);
	RUN(in_answers_at_every_place);
	RUN(a_policy_that_blocks_cuts);
	RUN(where_texts_are_said_again_it_cuts);
	RUN(one_that_flags_changes_nothing);
	RUN(each_part_is_told_with_its_place);
	RUN(what_was_taken_out_comes_back_as_it_was);
	RUN(what_ended_goes_before_an_error);
	RUN(what_does_not_follow_is_not_joined);
	RUN(what_a_translation_joins_is_one_text_over_calls_and_thoughts);
	RUN(an_engine_that_fails_lets_nothing_through);
	RUN(neither_number_nor_memory_lets_it_through);
	return done();
}
