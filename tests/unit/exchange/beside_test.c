/*
 * A person in one text of a message and an illness in another are health data
 * of that person, as they are in one text; in two messages they are not.  An
 * answer is one message, whole or streamed.
 */
#include "exchange/look.h"
#include "tests/unit/exchange/answers.h"

#define HEAD(provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [phi-detector]}\n" \
	"policy: {phi-detector: {require_baa: false}}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define ACTION(action) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [phi-detector]}\n" \
	"policy: {phi-detector: {require_baa: false, action: " action "}}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define USER(content) \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":" content "}]}"
#define TEXTS(a, b) \
	"[{\"type\":\"text\",\"text\":\"" a "\"}," \
	"{\"type\":\"text\",\"text\":\"" b "\"}]"
#define CALL(input) \
	"\"go on\"},{\"role\":\"assistant\",\"content\":[{\"type\":" \
	"\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":" input "}]"
#define ANSWERED(a, b) \
	"[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":" \
	"[{\"type\":\"text\",\"text\":\"" a "\"}]}," \
	"{\"type\":\"text\",\"text\":\"" b "\"}]"
#define WHO(name) "Patient: " name ", admitted"
#define NAME "Imani Jankowski"
#define ILL "diagnosed with type 2 diabetes mellitus"
#define MAIL "imani.jankowski@example.net"

static const struct {
	const char *body, *up; /* up NULL: as it came */
} cases[] = {
	{ USER(TEXTS(WHO(NAME), ILL)), USER(TEXTS(WHO("[PHI]"), ILL)) },
	{ USER(TEXTS(ILL, WHO(NAME))), USER(TEXTS(ILL, WHO("[PHI]"))) },
	{ USER(ANSWERED(WHO(NAME), ILL)), USER(ANSWERED(WHO("[PHI]"), ILL)) },
	/* An escape is cut with what it is part of. */
	{ USER(TEXTS(WHO("Imani Jan\\u006bowski"), ILL)),
	    USER(TEXTS(WHO("[PHI]"), ILL)) },
	/* How somebody is reached goes with who it is, and not without. */
	{ USER(TEXTS(WHO(NAME) ", " MAIL, ILL)),
	    USER(TEXTS(WHO("[PHI]") ", [PHI]", ILL)) },
	{ USER(TEXTS("I am " MAIL, ILL)), NULL },
	{ USER(CALL("{\"to\":\"" MAIL "\",\"why\":{\"it\":\"" ILL "\"}}")),
	    USER(CALL("{\"to\":\"[PHI]\",\"why\":{\"it\":\"" ILL "\"}}")) },
	/* Whatever stands behind the last text. */
	{ USER(CALL("{\"to\":\"" MAIL "\",\"it\":\"" ILL "\",\"is\":true}")),
	    USER(CALL("{\"to\":\"[PHI]\",\"it\":\"" ILL "\",\"is\":true}")) },
	{ USER(CALL("{\"to\":\"" MAIL "\"}},{\"type\":\"tool_use\",\"id\":\"u\","
	    "\"name\":\"n\",\"input\":{\"it\":\"" ILL "\"}")), NULL },
	/* Another message is another matter. */
	{ USER("\"" WHO(NAME) "\"},{\"role\":\"assistant\",\"content\":\"yes\"},"
	    "{\"role\":\"user\",\"content\":\"" ILL "\""), NULL },
};

static const struct {
	const char *body, *up;
} openai[] = {
	{ USER(TEXTS(WHO(NAME), ILL)), USER(TEXTS(WHO("[PHI]"), ILL)) },
	{ USER("\"x\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\","
	    "\"type\":\"function\",\"function\":{\"name\":\"n\",\"arguments\":"
	    "\"{\\\"to\\\":\\\"" MAIL "\\\",\\\"it\\\":\\\"" ILL "\\\"}\"}}]"),
	    USER("\"x\"},{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\","
	    "\"type\":\"function\",\"function\":{\"name\":\"n\",\"arguments\":"
	    "\"{\\\"to\\\":\\\"[PHI]\\\",\\\"it\\\":\\\"" ILL "\\\"}\"}}]") },
};

static void
run(struct world *w, const char *target, const char *body, const char *up)
{
	struct script s = { .target = target, .body = body,
		.answer = WHOLE("ok") };
	struct result r;

	result_init(&r);
	run_script(w, &s, &r);
	if (!ok(kt_span_eq(kt_buf_span(&r.up),
	        kt_span_of(up != NULL ? up : body))))
		printf("# up %.*s\n", KT_SPAN_ARG(kt_buf_span(&r.up)));
	ok(r.records == 1 && has(&r.record, "\"phi\"") == (up != NULL));
	ok(!has(&r.record, "Jankowski") && !has(&r.record, "jankowski"));
	result_fini(&r);
}

static void
texts_of_a_message_are_about_the_same(void)
{
	struct world w;

	ok(world_init(&w, HEAD("anthropic")));
	for (size_t i = 0; i < KT_NELEMS(cases); i++)
		run(&w, "/v1/messages", cases[i].body, cases[i].up);
	world_fini(&w);
	ok(world_init(&w, HEAD("openai")));
	for (size_t i = 0; i < KT_NELEMS(openai); i++)
		run(&w, "/v1/chat/completions", openai[i].body, openai[i].up);
	world_fini(&w);
}

/* ---- answers ---- */

static const struct {
	struct said said[2];
	const char *decision;
	bool is_phi;
} answers[] = {
	{ { { SAID_TEXT, WHO(NAME) }, { SAID_TEXT, ILL } }, "redact", true },
	{ { { SAID_TEXT, ILL }, { SAID_TEXT, WHO(NAME) } }, "redact", true },
	{ { { SAID_TEXT, WHO(NAME) }, { SAID_ARGUMENTS, "{\"it\":\"" ILL "\"}" } },
	    "redact", true },
	{ { { SAID_TEXT, ILL },
	      { SAID_ARGUMENTS, "{\"who\":\"" WHO(NAME) "\"}" } },
	    "redact", true },
	{ { { SAID_CITED, WHO(NAME) }, { SAID_TEXT, ILL } }, "redact", true },
	{ { { SAID_TEXT, WHO(NAME) }, { SAID_REFUSAL, ILL } }, "redact", true },
	/* Thinking is told, and never edited. */
	{ { { SAID_THINKING, WHO(NAME) }, { SAID_TEXT, ILL } }, "pass", true },
	{ { { SAID_THINKING, ILL }, { SAID_TEXT, WHO(NAME) } }, "redact", true },
	{ { { SAID_SUMMARY, ILL }, { SAID_TEXT, WHO(NAME) } }, "redact", true },
	/* How somebody is reached goes with who it is, and not without. */
	{ { { SAID_TEXT, "ok" }, { SAID_ARGUMENTS,
	      "{\"to\":\"" MAIL "\",\"it\":\"" ILL "\"}" } }, "redact", true },
	{ { { SAID_TEXT, "I am " MAIL },
	      { SAID_ARGUMENTS, "{\"it\":\"" ILL "\"}" } }, "pass", false },
	{ { { SAID_TEXT, WHO(NAME) }, { SAID_ARGUMENTS, "{\"it\":\"ok\"}" } },
	    "pass", false },
};

static bool
can_say_both(enum form f, size_t i)
{
	const struct said *v = answers[i].said;

	/* A message of this format has one text. */
	return can_say(f, v[0].kind) && can_say(f, v[1].kind) &&
	    (f / 2 != OPENAI_WHOLE / 2 || v[0].kind != v[1].kind);
}

static void
texts_of_an_answer_are_about_the_same(void)
{
	struct world w[2];

	ok(world_init(&w[0], HEAD("anthropic")));
	ok(world_init(&w[1], HEAD("openai")));
	for (unsigned n = 0; n < KT_NELEMS(answers) * NFORMS * 2; n++) {
		size_t i = n % KT_NELEMS(answers);
		enum form f = n / KT_NELEMS(answers) % NFORMS;
		bool is_translated = n / KT_NELEMS(answers) / NFORMS;
		bool is_redacted = strcmp(answers[i].decision, "redact") == 0;
		struct result r;

		if (!can_say_both(f, i) || (is_translated && f / 2 == 2))
			continue;
		run_answer(&w[f / 2 != 0], f, is_translated, answers[i].said, 2,
		    &r);
		if (!ok(has(&r.record, "\"phi\"") == answers[i].is_phi) ||
		    !ok(strcmp(r.decision, answers[i].decision) == 0) ||
		    !ok(!is_redacted || (!has(&r.out, "ankowski") &&
		        (is_translated || has(&r.out, "[PHI]")) &&
		        r.status == 200)) ||
		    !ok(r.records == 1 && !has(&r.record, "ankowski")))
			printf("# answer %zu form %d%s: %s\n# %.*s\n", i, f,
			    is_translated ? " translated" : "", r.decision,
			    KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
	}
	world_fini(&w[0]);
	world_fini(&w[1]);
}

/* In whatever pieces it comes, the same goes out; a policy that blocks lets
   nothing of a person out, one that flags changes nothing. */
static void
a_stream_is_judged_as_a_whole(void)
{
	static const char *const actions[] = { ACTION("redact"),
		ACTION("block"), ACTION("flag") };
	const struct said said[2][2] = {
		{ { SAID_TEXT, WHO(NAME) }, { SAID_TEXT, ILL } },
		{ { SAID_TEXT, ILL }, { SAID_TEXT, WHO(NAME) } } };
	struct kt_buf b;

	kt_buf_init(&b, 1u << 20);
	for (size_t a = 0; a < KT_NELEMS(actions); a++) {
		struct script s = { .target = "/v1/messages",
			.type = "text/event-stream", .body = ASK_STREAM("hi") };
		struct result first = { .records = 0 };
		struct world w;

		ok(world_init(&w, actions[a]));
		for (size_t cut = 0; cut < 200; cut += cut < 3 ? 1 : 37) {
			struct result r;

			put_answer(&b, ANTHROPIC_STREAM, said[cut % 2], 2);
			s.answer = b.ptr;
			s.answer_len = b.len;
			s.answer_cut = cut;
			result_init(&r);
			run_script(&w, &s, &r);
			ok(has(&r.record, "\"phi\"") && r.records == 1);
			ok(a == 2 || !has(&r.out, "nkowski"));
			ok(strcmp(r.decision, a == 0 ? "redact" :
			       a == 1 ? "block" : "pass") == 0);
			if (a == 2)
				ok(kt_span_eq(
				    kt_buf_span(&r.out), kt_buf_span(&b)));
			if (cut == 0)
				first = r;
			else if (cut % 2 == 0)
				ok(kt_span_eq(kt_buf_span(&r.out),
				    kt_buf_span(&first.out)));
			if (cut > 0)
				result_fini(&r);
		}
		result_fini(&first);
		world_fini(&w);
	}
	kt_buf_fini(&b);
}

/* A text waits for others, but not for ever; then it is told. */
static void
what_has_gone_is_told(void)
{
	static const char line[] = "and some words of prose that nobody would "
	    "call private in any way at all, ";
	struct script s = { .target = "/v1/messages",
		.type = "text/event-stream", .body = ASK_STREAM("hi") };
	struct kt_buf b;
	struct world w;

	kt_buf_init(&b, 16u << 20);
	for (unsigned is_block = 0; is_block < 2; is_block++) {
		struct result r;
		size_t n = 0;

		ok(world_init(&w, is_block ? ACTION("block") :
		        ACTION("redact")));
		kt_buf_reset(&b);
		put(&b, MESSAGE_START BLOCK_START("0",
		        "{\"type\":\"text\",\"text\":\"\"}")
		    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\""
		        WHO(NAME) "\"}") BLOCK_STOP("0"));
		for (n = 1; b.len < (5u << 20); n++) {
			ok(kt_buf_printf(&b, BLOCK_START("%zu",
			       "{\"type\":\"text\",\"text\":\"\"}"), n) == KT_OK);
			for (unsigned i = 0; i < 100; i++)
				ok(kt_buf_printf(&b, BLOCK_DELTA("%zu",
				    "{\"type\":\"text_delta\",\"text\":\"%s\"}"),
				    n, line) == KT_OK);
			ok(kt_buf_printf(&b, BLOCK_STOP("%zu"), n) == KT_OK);
		}
		ok(kt_buf_printf(&b, BLOCK_START("%zu",
		       "{\"type\":\"text\",\"text\":\"" ILL "\"}")
		       BLOCK_STOP("%zu") MESSAGE_END, n, n) == KT_OK);
		s.answer = b.ptr;
		s.answer_len = b.len;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.out, NAME) && has(&r.record, "\"phi\""));
		ok(has(&r.record, "completion.phi.detected"));
		ok(strcmp(r.decision, is_block ? "block" : "pass") == 0);
		ok(has(&r.out, ILL) == !is_block);
		result_fini(&r);
		world_fini(&w);
	}
	kt_buf_fini(&b);
}

/* Many turns of the loop between the two, and however little memory. */
static void
neither_length_nor_memory_parts_them(void)
{
	static char body[1u << 20];
	struct world w;
	struct script s = { .target = "/v1/messages", .body = body,
		.answer = WHOLE("ok") };
	size_t n, served = 0;

	ok(world_init(&w, HEAD("anthropic")));
	n = (size_t)snprintf(body, sizeof(body), "{\"model\":\"m\","
	    "\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[");
	for (unsigned i = 0; i < 3000; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n,
		    "{\"type\":\"text\",\"text\":\"%s %u and some words of prose "
		    "that nobody would call private in any way at all\"},",
		    i == 7 ? WHO(NAME) : "nobody", i);
	n += (size_t)snprintf(body + n, sizeof(body) - n,
	    "{\"type\":\"text\",\"text\":\"" ILL "\"}]}]}");
	ok(n < sizeof(body));
	for (size_t arena = 4096; arena < 1u << 24; arena *= 2) {
		struct result r;

		s.arena_bytes = arena;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(!has(&r.up, NAME));
		served += has(&r.up, "7 and some words") &&
		    has(&r.up, WHO("[PHI]"));
		result_fini(&r);
	}
	ok(served > 0);
	world_fini(&w);
}

/* An inspection that the engine broke off has nothing to say of the next. */
static void
what_was_given_up_is_forgotten(void)
{
	struct kt_span body = kt_span_of(cases[1].body);
	struct kt_look *look;
	struct kt_json j;
	struct kt_looked l;
	struct world w;
	enum kt_rc rc = KT_E_ENGINE;

	ok(world_init(&w, HEAD("anthropic")));
	look = kt_look_new(w.program, w.scratch);
	kt_json_init(&j, KT_BODY_MAX);
	ok(look != NULL && kt_json_parse(&j, body, NULL) == KT_OK);
	for (uint64_t n = 1; rc != KT_OK && n < 1000; n++) {
		kt_detect_scratch_fail_at(w.scratch->detect, n);
		rc = kt_look_at_body(look, KT_ENDPOINT_MESSAGES, KT_REQUEST, &j,
		    body, &l);
		kt_detect_scratch_fail_at(w.scratch->detect, 0);
		ok(rc == KT_OK || rc == KT_E_ENGINE);
		ok(kt_look_at_text(look, KT_SPAN(WHO(NAME)),
		       KT_COMPONENT_MESSAGES, &l) == KT_OK);
		ok((l.classes & KT_CLASS_BIT(KT_CLASS_PHI)) == 0);
	}
	ok(rc == KT_OK);
	kt_json_fini(&j);
	kt_look_free(&look);
	world_fini(&w);
}

int
main(void)
{
	RUN(texts_of_a_message_are_about_the_same);
	RUN(texts_of_an_answer_are_about_the_same);
	RUN(a_stream_is_judged_as_a_whole);
	RUN(what_has_gone_is_told);
	RUN(neither_length_nor_memory_parts_them);
	RUN(what_was_given_up_is_forgotten);
	return done();
}
