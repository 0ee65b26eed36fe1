/*
 * The laws of the machine: whatever arrives in whatever pieces, with
 * whatever memory, nothing is let through that would not be with plenty.
 */
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

static void
bytes_that_no_policy_touches_arrive_as_they_were(void)
{
	static const char *const bodies[] = {
		ASK("hello"),
		"{\r\n\t\"messages\" : [ { \"content\" : \"h\\u00e9\\u0000\" ,\n"
		"\"role\":\"user\"} ], \"model\":\"m\",\"x\":[1e400,-0,"
		"12345678901234567890],\"\":{\"unknown\":null},\"max_tokens\":1}",
	};
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(bodies); i++) {
		struct script s = { .target = "/v1/messages?beta=true",
			.body = bodies[i], .answer = WHOLE("fine  \\u0041") };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(bodies[i])));
		ok(kt_span_eq(kt_buf_span(&r.out), kt_span_of(s.answer)));
		ok(r.status == 200 && r.records == 1 && r.has_ended);
		ok(has(&r.up_head, "/v1/messages?beta=true\n"));
		ok(has(&r.up_head, "x-api-key: sk-test-vendor-key\n"));
		ok(strcmp(r.decision, "pass") == 0);
		result_fini(&r);
	}
	world_fini(&w);
}

static void
a_redaction_is_a_splice(void)
{
	struct script s = { .target = "/v1/messages",
		.body = ASK("caf\\u00e9 my card is " CARD ", thanks \\u0021"),
		.answer = WHOLE("ok") };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(kt_span_eq(kt_buf_span(&r.up), KT_SPAN(
	    ASK("caf\\u00e9 my card is [CREDIT_CARD], thanks \\u0021"))));
	ok(strcmp(r.decision, "redact") == 0);
	ok(strcmp(r.reason, "prompt.pci.detected") == 0);
	ok(has(&r.record, "\"data_class\":\"pci\""));
	ok(!has(&r.record, "4111"));
	result_fini(&r);
	world_fini(&w);
}

static void
an_escape_hides_nothing(void)
{
	struct script s = { .target = "/v1/messages",
		.body = ASK("card \\u0034111 1111 \\u0031111 1111 end"),
		.answer = WHOLE("ok") };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(kt_span_eq(kt_buf_span(&r.up), KT_SPAN(ASK("card [CREDIT_CARD] end"))));
	result_fini(&r);
	world_fini(&w);
}

static void
a_blocked_request_never_reaches_the_upstream(void)
{
	struct script s = { .target = "/v1/messages",
		.body = ASK("use " TOKEN " please"), .answer = WHOLE("ok") };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(BLOCK)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(r.up_calls == 0 && r.status == 403 && r.records == 1);
	ok(has(&r.out, "\"type\":\"permission_error\""));
	ok(has(&r.out, "\"code\":\"input_blocked\""));
	ok(has(&r.out, "prompt.secret.detected"));
	ok(!has(&r.out, "ghp_") && !has(&r.record, "ghp_"));
	ok(strcmp(r.outcome, "blocked") == 0);
	result_fini(&r);
	world_fini(&w);
}

static void
a_whole_answer_is_redacted_or_withheld(void)
{
	struct script s = { .target = "/v1/messages", .body = ASK("hi"),
		.answer = WHOLE("it is " CARD ".") };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(kt_span_eq(kt_buf_span(&r.out), KT_SPAN(WHOLE("it is [CREDIT_CARD]."))));
	result_fini(&r);
	world_fini(&w);
	ok(world_init(&w, CONFIG(BLOCK)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(r.status == 403 && has(&r.out, "output_blocked") && !has(&r.out, "4111"));
	result_fini(&r);
	world_fini(&w);
}

static void
an_answer_that_is_not_json_is_a_bad_gateway(void)
{
	static const char *const answers[] = { "", "{\"a\":1", "no", "[]",
		"{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}" };
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(answers); i++) {
		struct script s = { .target = "/v1/messages", .body = ASK("hi"),
			.answer = answers[i] };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.status == 502 && r.records == 1);
		result_fini(&r);
	}
	world_fini(&w);
}

static void
a_stream_goes_through_byte_for_byte(void)
{
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream", .answer = START ": comment\n\n"
		DELTA("Hello ") "event: new\ndata: {\"type\":\"new\",\"a\":1}\n\n"
		DELTA("w\\u00f6rld, mail me@example") DELTA(".org now") FINISH };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG("  pii-detector: {action: flag}\n"
	                         "  secret-scanner: {action: flag}\n")));
	result_init(&r);
	run_script(&w, &s, &r);
	/* Pings and comments may overtake, nothing else moves. */
	ok(kt_span_eq(kt_buf_span(&r.out), kt_span_of(s.answer)));
	ok(has(&r.record, "\"reported_out\":9"));
	result_fini(&r);
	world_fini(&w);
}

static void
a_stream_is_redacted_in_place(void)
{
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream",
		.answer = START DELTA("The card 4111 11") DELTA("11 1111 1111 is")
		    DELTA(" old") FINISH };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(kt_span_eq(kt_buf_span(&r.out), KT_SPAN(START
	    DELTA("The card [CREDIT_CARD]") DELTA(" is") DELTA(" old") FINISH)));
	ok(strcmp(r.decision, "redact") == 0);
	result_fini(&r);
	world_fini(&w);
}

static void
a_cut_stream_ends_in_valid_grammar(void)
{
	struct script s = { .target = "/v1/messages", .body = ASK_STREAM("hi"),
		.type = "text/event-stream",
		.answer = START DELTA("key: ghp_wWPw5k4aXcaT4fN")
		    DELTA("P0UcnZwJUVFk6LO0pINUx done") FINISH };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(BLOCK)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(r.status == 200 && has(&r.out, "policy_block"));
	ok(has(&r.out, "\"policy_reason_code\":\"completion.secret.detected\""));
	ok(has(&r.out, "event: content_block_stop"));
	ok(!has(&r.out, "ghp_"));
	ok(strcmp(r.outcome, "cut-by-policy") == 0 && r.cancels == 1);
	result_fini(&r);
	world_fini(&w);
}

static void
an_upstream_that_dies_is_never_a_clean_end(void)
{
	static const char whole[] = START DELTA("Hello") FINISH;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t n = 0; n < sizeof(whole) - 3; n += 7) {
		for (int dies = 0; dies < 2; dies++) {
			struct script s = { .target = "/v1/messages",
				.body = ASK_STREAM("hi"), .type = "text/event-stream",
				.answer = whole, .answer_len = n ? n : 1,
				.dies = dies != 0 };
			struct result r;

			result_init(&r);
			run_script(&w, &s, &r);
			ok(r.status >= 500 || r.is_aborted ||
			    has(&r.out, "event: error"));
			ok(!has(&r.out, "message_stop") && r.records == 1);
			ok(strcmp(r.outcome, "upstream-error") == 0);
			result_fini(&r);
		}
	}
	world_fini(&w);
}

static void
an_event_out_of_its_grammar_ends_by_an_error(void)
{
	static const char *const broken[] = {
		EVENT("one", "{\"type\":\"other\"}"),
		EVENT("new", "{\"type\":7}"),
		EVENT("new", "[1]"),
		EVENT("new", "{\"type\":\"new\""),
		BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"a\"}"),
		BLOCK_STOP("4"),
		EVENT("message_stop", "{\"type\":\"message_stop\"}"),
		MESSAGE_START,
	};
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(broken); i++) {
		char answer[2000];
		struct script s = { .target = "/v1/messages",
			.body = ASK_STREAM("hi"), .type = "text/event-stream",
			.answer = answer };
		struct result r;

		(void)snprintf(answer, sizeof(answer), "%s%s", MESSAGE_START,
		    broken[i]);
		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.out, MESSAGE_START "event: error\n"));
		ok(r.records == 1 && r.cancels == 1);
		ok(strcmp(r.outcome, "upstream-error") == 0);
		result_fini(&r);
	}
	world_fini(&w);
}

#define SAID CHUNK("{\"role\":\"assistant\",\"content\":\"x\"}", "null")
#define CALLED(piece) \
	CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":" \
	    "{\"name\":\"f\",\"arguments\":\"" piece "\"}}]}", "null")

static void
what_the_upstream_did_wrong_is_told_of_it_in_any_format(void)
{
	static const struct {
		const char *answer, *says, *reason;
	} rows[] = {
		{ SAID EVENT("error", "{\"message\":\"boom\"}"), "boom", "" },
		{ SAID "data: {\"error\":\"boom\"}\n\n", "boom", "" },
		{ SAID CHUNK_DONE, "understood",
		    "route.upstream.unintelligible" },
		{ CALLED("{") SAID CALLED("}"), "understood",
		    "route.upstream.unintelligible" },
	};
	struct world w;

	ok(world_init(&w, CONFIG_OPENAI(FLAG)));
	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		struct script s = { .target = "/v1/messages",
			.body = ASK_STREAM("hi"), .type = "text/event-stream",
			.answer = rows[i].answer };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.out, "event: error\n") && has(&r.out, rows[i].says));
		ok(!has(&r.out, "message_stop") && r.records == 1);
		if (!ok(strcmp(r.outcome, "upstream-error") == 0 &&
		        strcmp(r.reason, rows[i].reason) == 0))
			printf("# %zu: %s %s\n", i, r.outcome, r.reason);
		result_fini(&r);
	}
	world_fini(&w);
}

#define FINISHED SAID CHUNK("{}", "\"stop\"")
#define USAGE \
	"data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":" \
	"{\"prompt_tokens\":3,\"completion_tokens\":5}}\n\n"

/* Some servers never send it; what else is missing is an answer cut short. */
static void
a_translated_answer_that_is_whole_needs_no_terminator(void)
{
	static const struct {
		const char *target, *answer;
		bool is_whole;
	} rows[] = {
		{ "/v1/messages", FINISHED USAGE, true },
		{ "/v1/messages", FINISHED, false },
		{ "/v1/messages", SAID USAGE, false },
		{ "/v1/messages", FINISHED USAGE "data: {\"choices\":[", false },
		{ "/v1/messages", FINISHED USAGE "data: {\"choices\":[{"
		    "\"index\":1,\"delta\":{\"content\":\"y\"}}]}\n\n", false },
		{ "/v1/chat/completions", FINISHED USAGE, false },
	};
	struct world w;

	ok(world_init(&w, CONFIG_OPENAI(FLAG)));
	for (size_t i = 0; i < KT_NELEMS(rows); i++) {
		bool is_whole = rows[i].is_whole;
		struct script s = { .target = rows[i].target,
			.body = ASK_STREAM("hi"), .type = "text/event-stream",
			.answer = rows[i].answer };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.records == 1 && strcmp(r.outcome,
		    is_whole ? "ok" : "upstream-error") == 0);
		ok(has(&r.out, "\"error\"") == !is_whole);
		ok(has(&r.out, "message_stop") == is_whole);
		ok(!is_whole || has(&r.out, "\"output_tokens\":5"));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
without_a_record_there_is_no_answer(void)
{
	struct script s = { .target = "/v1/messages", .body = ASK("hi"),
		.answer = WHOLE("secret of the model"), .record_fails = true };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(r.status == 503 && !has(&r.out, "secret of the model"));
	ok(has(&r.out, "gateway.audit.unavailable"));
	result_fini(&r);
	world_fini(&w);
}

static void
what_must_be_opened_is_not_sent_before(void)
{
	static const char *const audits[] = { "audit: {durability: strict}\n",
		"audit: {strict_classes: [pci]}\n", "audit: {durability: commit}\n" };
	static const char *const asks[] = { ASK("hi"), ASK("my " CARD) };
	static const bool opens[3][2] = { { true, true }, { false, true },
		{ false, false } };

	for (size_t i = 0; i < 3; i++) {
		char yaml[2048];
		struct world w;

		(void)snprintf(yaml, sizeof(yaml), "%s%s", CONFIG(REDACT),
		    audits[i]);
		ok(world_init(&w, yaml));
		for (size_t k = 0; k < 2; k++) {
			struct script s = { .target = "/v1/messages",
				.body = asks[k], .answer = WHOLE("ok") };
			struct result r;

			result_init(&r);
			run_script(&w, &s, &r);
			ok(r.opens == opens[i][k] && r.records == 1);
			ok(r.status == 200 && r.up_calls == 1);
			ok(r.opens == 0 || has(&r.open, "\"type\":\"open\""));
			ok(!has(&r.open, "4111"));
			result_fini(&r);
			result_init(&r);
			s.record_fails = true;
			run_script(&w, &s, &r);
			ok(r.status == 503 && r.up_calls == !opens[i][k]);
			ok(has(&r.out, "gateway.audit.unavailable"));
			result_fini(&r);
		}
		world_fini(&w);
	}
}

static void
a_file_waits_until_it_is_opened_and_arrives_whole(void)
{
	for (size_t cut = 0; cut < 8; cut++) {
		struct script s = { .target = "/v1/files",
			.body = "--x\r\nsome bytes of a file\r\n--x--",
			.answer = "{\"id\":\"file_1\"}", .request_cut = cut,
			.nheaders = 1, .headers = {
			    { KT_SPAN_INIT("anthropic-version"),
			        KT_SPAN_INIT("2023-06-01") } } };
		struct result r;
		struct world w;

		ok(world_init(&w, CONFIG("  secret-scanner: {action: flag}\n"
		    "  pii-detector: {action: flag}\n")
		    "routes: {/v1/files: files}\naudit: {durability: strict}\n"));
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.opens == 1 && r.up_calls == 1 && r.status == 200);
		ok(kt_span_eq(kt_buf_span(&r.up), kt_span_of(s.body)));
		result_fini(&r);
		world_fini(&w);
	}
}

/* ---- sweeps ---- */

static const struct script sweep[] = {
	{ .target = "/v1/messages",
	    .body = ASK("caf\\u00e9 " CARD " and " TOKEN "!"),
	    .answer = WHOLE("mine is " CARD) },
	{ .target = "/v1/messages", .body = ASK_STREAM("gr\xc3\xbc\xc3\x9f dich"),
	    .type = "text/event-stream",
	    .answer = START DELTA("my \\u0063ard 41") DELTA("11 1111 1")
	        DELTA("111 1111, ") DELTA("me@exam") DELTA("ple.com; ")
	        ": c\r\n\r\n" DELTA("gh") DELTA("p_wWPw5k4aXcaT4fNP0Ucn")
	        DELTA("ZwJUVFk6LO0pINUx \xf0\x9f\x98\x80 end") FINISH },
	{ .target = "/v1/messages", .body = "{\"model\":\"m\",\"messages\":[]" },
	{ .target = "/v1/messages", .body = ASK("\\ud800") },
};

static bool
same(const struct result *a, const struct result *b)
{
	return a->status == b->status && a->records == b->records &&
	    kt_span_eq(kt_buf_span(&a->out), kt_buf_span(&b->out)) &&
	    kt_span_eq(kt_buf_span(&a->up), kt_buf_span(&b->up)) &&
	    kt_span_eq(kt_buf_span(&a->record), kt_buf_span(&b->record));
}

static void
every_split_is_the_same(void)
{
	static const char *const configs[] = { CONFIG(REDACT), CONFIG(BLOCK) };

	for (size_t c = 0; c < KT_NELEMS(configs); c++) {
		struct world w;

		ok(world_init(&w, configs[c]));
		for (size_t i = 0; i < KT_NELEMS(sweep); i++) {
			struct script s = sweep[i];
			size_t most = strlen(s.body);
			struct result base, r;

			if (s.answer && strlen(s.answer) > most)
				most = strlen(s.answer);
			result_init(&base);
			run_script(&w, &s, &base);
			for (size_t at = 0; at < most; at++) {
				s.request_at = s.answer_at = at;
				s.request_cut = s.answer_cut = at == 0 ? 1 : 0;
				result_init(&r);
				run_script(&w, &s, &r);
				if (!ok(same(&base, &r)))
					printf("# config %zu script %zu cut %zu\n", c, i,
					    at);
				result_fini(&r);
			}
			result_fini(&base);
		}
		world_fini(&w);
	}
}

static bool
leaks(const struct result *r)
{
	return has(&r->up, "1111 1111") || has(&r->up, "1111 \\u0031111") ||
	    has(&r->up, "P0UcnZwJUVFk") || has(&r->out, "1111 1111") ||
	    has(&r->out, "P0UcnZwJUVFk");
}

static void
a_starved_exchange_never_allows(void)
{
	static const char *const configs[] = { CONFIG(REDACT), CONFIG(BLOCK) };

	for (size_t c = 0; c < KT_NELEMS(configs); c++) {
		struct world w;

		ok(world_init(&w, configs[c]));
		for (size_t i = 0; i < KT_NELEMS(sweep); i++) {
			struct script s = sweep[i];

			for (size_t n = 1; n < 30000; n += n < 6000 ? 53 : 997) {
				struct result r;

				s.arena_bytes = n;
				result_init(&r);
				run_script(&w, &s, &r);
				if (!ok(!leaks(&r)))
					printf("# config %zu script %zu arena %zu\n", c, i,
					    n);
				ok(c == 0 || i > 0 || r.up_calls == 0);
				result_fini(&r);
			}
		}
		world_fini(&w);
	}
}

static void
a_failing_engine_never_allows(void)
{
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < 2; i++) {
		for (uint64_t n = 1; n < 60; n++) {
			struct result r;

			kt_detect_scratch_fail_at(w.scratch->detect, n);
			result_init(&r);
			run_script(&w, &sweep[i], &r);
			if (!ok(!leaks(&r)))
				printf("# script %zu call %llu\n", i,
				    (unsigned long long)n);
			result_fini(&r);
		}
	}
	kt_detect_scratch_fail_at(w.scratch->detect, 0);
	world_fini(&w);
}

static void
jobs_that_nobody_ordered_change_nothing(void)
{
	struct result base, r;
	struct script s = sweep[0];
	struct world w;
	struct drive d = { .r = &r };
	struct kt_exchange_options o = { .is_audit_up = true,
		.peer.address = KT_SPAN("127.0.0.1") };

	ok(world_init(&w, CONFIG(BLOCK)));
	result_init(&base);
	result_init(&r);
	run_script(&w, &s, &base);
	o.program = w.program;
	o.scratch = w.scratch;
	memcpy(o.seed, "0123456789abcdef0123456789abcdef", 32);
	d.x = kt_exchange_new(&o);
	for (uint32_t job = 0; job < 3; job++)
		feed(&d, (struct kt_event){ .kind = KT_EVENT_JOB_DONE,
		    .job = job, .bytes = KT_SPAN("allow") });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = KT_SPAN("POST"), .target = kt_span_of(s.target),
	    .has_body = true });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_BODY,
	    .bytes = kt_span_of(s.body) });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_JOB_DONE, .job = 1,
	    .bytes = KT_SPAN("allow") });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_JOB_DONE, .job = 9 });
	settle(&d, false);
	ok(same(&base, &r) && r.status == 403);
	kt_exchange_free(&d.x);
	result_fini(&base);
	result_fini(&r);
	world_fini(&w);
}

static void
a_project_that_is_not_served_is_not_found(void)
{
	struct script s = { .target = "/api/7d0c/v1/messages", .body = ASK("hi"),
		.answer = WHOLE("ok") };
	struct result r;
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	run_script(&w, &s, &r);
	ok(r.status == 404 && r.up_calls == 0 && r.records == 1);
	result_fini(&r);
	world_fini(&w);
}

static void
a_million_events_leave_memory_flat(void)
{
	struct kt_exchange_options o = { .is_audit_up = true,
		.peer.address = KT_SPAN("127.0.0.1") };
	struct kt_header type = { KT_SPAN("content-type"),
		KT_SPAN("text/event-stream") };
	struct result r;
	struct world w;
	struct drive d = { .r = &r };
	struct kt_buf many;

	ok(world_init(&w, CONFIG(REDACT)));
	result_init(&r);
	o.program = w.program;
	o.scratch = w.scratch;
	o.arena_bytes = 65536; /* a leak of one byte an event would show */
	d.x = kt_exchange_new(&o);
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = KT_SPAN("POST"), .target = KT_SPAN("/v1/messages"),
	    .has_body = true });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_BODY,
	    .bytes = KT_SPAN(ASK_STREAM("hi")) });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
	settle(&d, false);
	feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
	    .status = 200, .headers = &type, .nheaders = 1 });
	feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
	    .bytes = KT_SPAN(START) });
	kt_buf_init(&many, 1u << 20);
	for (int i = 0; i < 1000; i++)
		keep(&many, KT_SPAN(DELTA("some clean words ")));
	for (int i = 0; i < 1000 && d.is_up; i++) {
		kt_buf_reset(&r.out);
		feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
		    .bytes = kt_buf_span(&many) });
		ok(r.out.len > many.len / 2);
		feed(&d, (struct kt_event){ .kind = KT_EVENT_SENT,
		    .n = r.out.len });
	}
	feed(&d, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
	    .bytes = KT_SPAN(FINISH) });
	settle(&d, false);
	ok(r.has_ended && r.records == 1 && has(&r.out, "message_stop"));
	kt_exchange_free(&d.x);
	kt_buf_fini(&many);
	result_fini(&r);
	world_fini(&w);
}

int
main(void)
{
	RUN(bytes_that_no_policy_touches_arrive_as_they_were);
	RUN(a_redaction_is_a_splice);
	RUN(an_escape_hides_nothing);
	RUN(a_blocked_request_never_reaches_the_upstream);
	RUN(a_whole_answer_is_redacted_or_withheld);
	RUN(an_answer_that_is_not_json_is_a_bad_gateway);
	RUN(a_stream_goes_through_byte_for_byte);
	RUN(a_stream_is_redacted_in_place);
	RUN(a_cut_stream_ends_in_valid_grammar);
	RUN(an_upstream_that_dies_is_never_a_clean_end);
	RUN(an_event_out_of_its_grammar_ends_by_an_error);
	RUN(what_the_upstream_did_wrong_is_told_of_it_in_any_format);
	RUN(a_translated_answer_that_is_whole_needs_no_terminator);
	RUN(without_a_record_there_is_no_answer);
	RUN(what_must_be_opened_is_not_sent_before);
	RUN(a_file_waits_until_it_is_opened_and_arrives_whole);
	RUN(every_split_is_the_same);
	RUN(a_starved_exchange_never_allows);
	RUN(a_failing_engine_never_allows);
	RUN(jobs_that_nobody_ordered_change_nothing);
	RUN(a_project_that_is_not_served_is_not_found);
	RUN(a_million_events_leave_memory_flat);
	return done();
}
