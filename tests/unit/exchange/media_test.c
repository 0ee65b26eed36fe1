/*
 * What others read in pictures and documents, in the machine: in whatever
 * order answers come, or do not, the verdict and the record are the same.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/ask.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

/* Six media, each with its own letter, so that a test can tell them apart. */
#define A16 "AAAAAAAAAAAAAAAA"
#define PIXELS(c) c A16 A16 A16 A16 A16 A16 A16 A16
#define IMAGE(c) \
	"{\"type\":\"image\",\"source\":{\"type\":\"base64\"," \
	"\"media_type\":\"image/png\",\"data\":\"" PIXELS(c) "\"}}"
#define BODY \
	"{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\"," \
	"\"content\":[" IMAGE("B") "," IMAGE("C") "," IMAGE("D") "," \
	IMAGE("E") ",{\"type\":\"document\",\"source\":{\"type\":\"base64\"," \
	"\"media_type\":\"application/pdf\",\"data\":\"" PIXELS("F") "\"}}," \
	"{\"type\":\"document\",\"title\":\"t\",\"source\":{\"type\":" \
	"\"base64\",\"media_type\":\"application/pdf\",\"data\":\"" \
	PIXELS("G") "\"}}]}]}"
enum { MEDIA = 6, AT_ONCE = 4 };

#define MEDIA_CONFIG(images, documents) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [image-inspector, document-inspector, " \
	"secret-scanner, pii-detector, audit-logger]}\n" \
	"policy:\n  image-inspector: {" images "}\n" \
	"  document-inspector: {" documents "}\n" \
	"  pii-detector: {action: redact, flag_entities: [EMAIL_ADDRESS]}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

struct play {
	struct drive d;
	struct result r;
	uint32_t open[64];
	size_t nopen, ordered, most_open, cancelled;
	uint64_t deadline_us;
	char letter[64]; /* of each job, from its pieces */
};

static void
take(struct play *p, const struct kt_order *o)
{
	struct kt_media_question q;

	switch (o->kind) {
	case KT_ORDER_JOB:
		ok(o->job_kind == KT_JOB_MEDIA && o->npieces == 2 && o->job < 64);
		ok(kt_media_question_read(o->pieces[0], &q) == KT_OK &&
		    q.length == o->pieces[1].len &&
		    q.encoding == KT_MEDIA_BASE64);
		p->letter[o->job] = o->pieces[1].ptr[0];
		p->open[p->nopen++] = o->job;
		p->ordered++;
		p->most_open = p->nopen > p->most_open ? p->nopen : p->most_open;
		break;
	case KT_ORDER_JOB_CANCEL:
		p->cancelled++;
		for (size_t i = 0; i < p->nopen; i++)
			if (p->open[i] == o->job)
				p->open[i] = p->open[--p->nopen];
		break;
	case KT_ORDER_DEADLINE:
		p->deadline_us = o->at_us;
		break;
	default:
		take_order(&p->d, o);
	}
}

static void
tell(struct play *p, struct kt_event ev)
{
	struct kt_order o;

	ev.mono_us = p->d.now;
	ev.wall_us = 1700000000000000ull;
	kt_exchange_feed(p->d.x, &ev);
	while (kt_exchange_next(p->d.x, &o))
		take(p, &o);
	while (p->d.wants_turn || p->d.wants_record) {
		ev = (struct kt_event){ .kind = p->d.wants_turn ?
			    KT_EVENT_TURN : KT_EVENT_RECORDED,
			.is_ok = true, .bytes = KT_SPAN("test#1;00"),
			.mono_us = p->d.now, .wall_us = 1700000000000000ull };
		if (p->d.wants_turn)
			p->d.wants_turn = false;
		else
			p->d.wants_record = false;
		kt_exchange_feed(p->d.x, &ev);
		while (kt_exchange_next(p->d.x, &o))
			take(p, &o);
	}
}

/* The medium with this letter says that text; others say nothing. */
static void
answer(struct play *p, size_t i, char letter, const char *text)
{
	struct kt_media_text t = { .source = KT_MEDIA_SEEN, .page = 1,
		.text = kt_span_of(text) };
	uint32_t job = p->open[i];
	struct kt_buf b;

	p->open[i] = p->open[--p->nopen];
	kt_buf_init(&b, KT_MEDIA_ANSWER_MAX);
	ok(kt_media_answer_begin(&b) == KT_OK);
	if (p->letter[job] == letter)
		ok(kt_media_answer_add(&b, &t) == KT_OK);
	kt_media_answer_end(&b, p->letter[job] == 'E' ?
	    KT_MEDIA_WHY_PIXELS : KT_MEDIA_WHY_NOTHING, 1);
	tell(p, (struct kt_event){ .kind = KT_EVENT_JOB_DONE, .job = job,
	    .bytes = kt_buf_span(&b) });
	kt_buf_fini(&b);
}

static void
begin(struct play *p, struct world *w, const char *body)
{
	struct kt_exchange_options o = { .program = w->program,
		.scratch = w->scratch, .is_audit_up = true,
		.peer.address = KT_SPAN("127.0.0.1") };

	*p = (struct play){ 0 };
	result_init(&p->r);
	p->d.r = &p->r;
	p->d.now = 1000;
	memcpy(o.seed, "0123456789abcdef0123456789abcdef", 32);
	p->d.x = kt_exchange_new(&o);
	tell(p, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = KT_SPAN("POST"), .target = KT_SPAN("/v1/messages"),
	    .has_body = true });
	tell(p, (struct kt_event){ .kind = KT_EVENT_REQUEST_BODY,
	    .bytes = kt_span_of(body) });
	tell(p, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
}

static void
end(struct play *p)
{
	kt_exchange_free(&p->d.x);
	result_fini(&p->r);
}

/* The n-th order of answers: which of the open ones is next. */
static void
play(struct world *w, struct play *p, unsigned n, char letter,
    const char *text)
{
	begin(p, w, BODY);
	while (p->nopen > 0) {
		size_t i = n % p->nopen;

		n /= (unsigned)p->nopen;
		answer(p, i, letter, text);
	}
	if (p->d.is_up)
		tell(p, (struct kt_event){ .kind = KT_EVENT_CLIENT_GONE });
}

static void
any_order_of_answers_gives_the_same_verdict_and_record(void)
{
	static const struct {
		char letter;
		const char *text;
	} says[] = { { 'C', "mail a@example.com" }, { 'G', "card " CARD } };
	struct world w;

	ok(world_init(&w, MEDIA_CONFIG("uninspectable: flag", "")));
	for (size_t k = 0; k < KT_NELEMS(says); k++) {
		struct play first;

		play(&w, &first, 0, says[k].letter, says[k].text);
		ok(first.ordered == MEDIA && first.most_open == AT_ONCE);
		ok(first.r.records == 1);
		ok(first.r.up_calls == (k == 0));
		/* 4 * 4 * 4 * 3 * 2 ways. */
		for (unsigned n = 1; n < 384; n++) {
			struct play p;

			play(&w, &p, n, says[k].letter, says[k].text);
			ok(kt_span_eq(kt_buf_span(&p.r.record),
			    kt_buf_span(&first.r.record)));
			ok(kt_span_eq(kt_buf_span(&p.r.up),
			    kt_buf_span(&first.r.up)));
			ok(kt_span_eq(kt_buf_span(&p.r.out),
			    kt_buf_span(&first.r.out)));
			end(&p);
		}
		end(&first);
	}
	world_fini(&w);
}

static void
media_are_never_edited_a_redaction_there_blocks_or_is_told(void)
{
	static const char *const configs[] = { MEDIA_CONFIG("", ""),
		MEDIA_CONFIG("unredactable: flag", ""),
		MEDIA_CONFIG("mode: monitor, unredactable: block", "") };

	for (size_t i = 0; i < KT_NELEMS(configs); i++) {
		struct world w;
		struct play p;

		ok(world_init(&w, configs[i]));
		play(&w, &p, 0, 'B', CARD);
		ok(p.r.up_calls == (i > 0));
		ok(i == 0 ? p.r.status == 403 :
		    kt_span_eq(kt_buf_span(&p.r.up), KT_SPAN(BODY)));
		ok(has(&p.r.record, "\"data_class\":\"pci\""));
		ok(has(&p.r.record, "\"prompt.pci.detected\""));
		ok(!has(&p.r.record, "4111"));
		end(&p);
		world_fini(&w);
	}
}

#define LIMIT_CONFIG(kind, limit) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [image-inspector, pii-detector, " kind "]}\n" \
	"policy:\n  image-inspector: {unredactable: flag}\n" \
	"  pii-detector: {action: flag}\n  " kind ": " limit "\n" \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define USE \
	"{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\"," \
	"\"content\":\"go\"},{\"role\":\"assistant\",\"content\":[{\"type\":" \
	"\"tool_use\",\"id\":\"t\",\"name\":\"Shot\",\"input\":{}}]}," \
	"{\"role\":\"user\",\"content\":["
#define RESULT(with) \
	"{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":[" with "]}"

/* What is in a medium is known last, and limits on classes count it. */
static void
limits_on_classes_count_what_is_in_media(void)
{
	static const char *const of_results =
	    LIMIT_CONFIG("agent-firewall", "{results: {max_class: internal}}");
	static const char *const of_all =
	    LIMIT_CONFIG("rbac", "{roles: [{principals: ['*'], max_class: pii}]}");
	static const struct {
		const char *config, *body, *says;
		bool passes;
	} cases[] = {
		{ of_results, USE RESULT(IMAGE("B")) "]}]}", CARD, false },
		{ of_results, USE RESULT(IMAGE("B")) "]}]}", "fine", true },
		{ of_results, USE IMAGE("B") "," RESULT("") "]}]}", CARD, true },
		{ of_all, USE IMAGE("B") "]}]}", CARD, false },
		{ of_all, USE IMAGE("B") "]}]}", "a@example.com", true },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct world w;
		struct play p;

		if (!ok(world_init(&w, cases[i].config)))
			return;
		begin(&p, &w, cases[i].body);
		ok(p.nopen == 1);
		answer(&p, 0, 'B', cases[i].says);
		if (!ok(p.r.up_calls == cases[i].passes))
			printf("# case %zu\n", i);
		if (p.d.is_up)
			tell(&p, (struct kt_event){
			    .kind = KT_EVENT_CLIENT_GONE });
		end(&p);
		world_fini(&w);
	}
}

static void
what_could_not_be_read_is_told_or_refused(void)
{
	struct world w;
	struct play p;

	ok(world_init(&w, MEDIA_CONFIG("", "")));
	play(&w, &p, 0, '-', "");
	ok(p.r.up_calls == 1);
	ok(has(&p.r.record, "prompt.content.uninspectable"));
	end(&p);
	world_fini(&w);
	ok(world_init(&w, MEDIA_CONFIG("uninspectable: block", "")));
	play(&w, &p, 0, '-', "");
	ok(p.r.up_calls == 0 && p.r.status == 403);
	end(&p);
	world_fini(&w);
}

/* Whoever was taken over: an answer is text, or nothing. */
static void
an_answer_that_is_none_counts_as_unread(void)
{
	static const struct kt_span bad[] = { KT_SPAN_INIT(""),
		KT_SPAN_INIT("KTMA"), KT_SPAN_INIT("allow"),
		KT_SPAN_INIT("KTMA\1\0\0\0\0\0\0\0\377\377\377\377") };

	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		struct world w;
		struct play p;

		ok(world_init(&w, MEDIA_CONFIG("uninspectable: block", "")));
		begin(&p, &w, BODY);
		while (p.nopen > 0)
			tell(&p, (struct kt_event){ .kind = KT_EVENT_JOB_DONE,
			    .job = p.open[--p.nopen], .bytes = bad[i] });
		ok(p.r.up_calls == 0 && p.r.status == 403);
		end(&p);
		world_fini(&w);
	}
}

static void
answers_that_do_not_come_are_not_waited_for_beyond_the_deadline(void)
{
	struct world w;
	struct play p;

	ok(world_init(&w, MEDIA_CONFIG("timeout_seconds: 2", "")));
	begin(&p, &w, BODY);
	answer(&p, 0, 'B', CARD "0");
	ok(p.nopen == AT_ONCE && p.r.up_calls == 0);
	ok(p.deadline_us == p.d.now + 2000000);
	p.d.now = p.deadline_us;
	tell(&p, (struct kt_event){ .kind = KT_EVENT_DEADLINE });
	ok(p.nopen == 0 && p.cancelled == AT_ONCE);
	ok(p.ordered < MEDIA && p.r.up_calls == 1);
	/* Too late: the verdict stands. */
	tell(&p, (struct kt_event){ .kind = KT_EVENT_JOB_DONE, .job = 2,
	    .bytes = KT_SPAN("x") });
	end(&p);
	world_fini(&w);
}

static void
a_body_that_is_refused_for_its_texts_has_no_medium_read(void)
{
	struct world w;
	struct play p;

	ok(world_init(&w, MEDIA_CONFIG("", "")));
	begin(&p, &w,
	    "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
	    "\"content\":[" IMAGE("B") ",{\"type\":\"text\",\"text\":\"key "
	    TOKEN "\"}]}]}");
	ok(p.ordered == 0 && p.r.status == 403);
	end(&p);
	world_fini(&w);
}

static void
a_client_that_leaves_takes_its_jobs_along(void)
{
	struct world w;
	struct play p;

	ok(world_init(&w, MEDIA_CONFIG("", "")));
	begin(&p, &w, BODY);
	ok(p.nopen == AT_ONCE);
	tell(&p, (struct kt_event){ .kind = KT_EVENT_CLIENT_GONE });
	ok(p.nopen == 0 && p.r.records == 1 && p.r.has_ended);
	ok(p.r.up_calls == 0);
	end(&p);
	world_fini(&w);
}

static void
the_record_tells_of_each_medium_and_nothing_of_what_it_holds(void)
{
	static const char *const told[] = {
		"\"images\":[{\"bytes\":96,\"component\":\"images\"",
		"\"data_class\":\"pci\",\"findings\":1,\"image_hash\":\"sha256s:",
		"\"verdict\":\"block\"",
		"\"files\":[{\"bytes\":96,\"component\":\"documents\"",
		"\"data_class\":\"none\",\"file_hash\":\"sha256s:",
		"\"verdict\":\"uninspectable\",\"why\":\"pixels\"",
		"\"verdict\":\"pass\"" };
	struct world w;
	struct play p;

	if (!ok(world_init(&w, MEDIA_CONFIG("", ""))))
		return;
	play(&w, &p, 0, 'C', CARD);
	for (size_t i = 0; i < KT_NELEMS(told); i++)
		if (!ok(has(&p.r.record, told[i])))
			printf("# lacks %s\n# %.*s\n", told[i],
			    KT_SPAN_ARG(kt_buf_span(&p.r.record)));
	ok(!has(&p.r.record, A16) && !has(&p.r.record, "4111"));
	end(&p);
	world_fini(&w);
}

/* ---- answers ---- */

#define DATA "data:image/png;base64," PIXELS("B")
#define RESPONSE(output) \
	"{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\"," \
	"\"model\":\"m\",\"output\":[" output "]}"
#define DRAWN \
	"{\"type\":\"image_generation_call\",\"id\":\"ig_1\",\"status\":" \
	"\"completed\",\"result\":\"" PIXELS("B") "\"}"
#define CHOICE(message) \
	"{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1," \
	"\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":" \
	"\"assistant\"," message "},\"finish_reason\":\"stop\"}]}"
#define SHOWN \
	"\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"" \
	DATA "\"}}]"
#define FILE_MADE \
	"{\"type\":\"code_execution_tool_result\",\"tool_use_id\":\"s1\"," \
	"\"content\":{\"type\":\"code_execution_result\",\"stdout\":\"\"," \
	"\"stderr\":\"\",\"return_code\":0,\"content\":[{\"type\":" \
	"\"code_execution_output\",\"file_id\":\"file_1\"}]}}"
#define MESSAGE(block) \
	"{\"id\":\"m1\",\"type\":\"message\",\"role\":\"assistant\"," \
	"\"model\":\"m\",\"content\":[" block "],\"stop_reason\":" \
	"\"end_turn\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"

static const struct {
	const char *target, *answer;
	bool is_stream;
} made[] = {
	{ "/v1/responses", RESPONSE(DRAWN), false },
	{ "/v1/chat/completions", CHOICE("\"content\":\"so\"," SHOWN), false },
	{ "/v1/chat/completions", CHOICE("\"content\":null,\"audio\":{\"id\":"
	    "\"a\",\"data\":\"" PIXELS("B") "\",\"transcript\":\"x\"}"),
	    false },
	{ "/v1/messages", MESSAGE(IMAGE("B")), false },
	{ "/v1/messages", MESSAGE(FILE_MADE), false },
	{ "/v1/messages", MESSAGE_START BLOCK_START("0", IMAGE("B"))
	    BLOCK_STOP("0") MESSAGE_END, true },
	{ "/v1/messages", MESSAGE_START BLOCK_START("0", FILE_MADE)
	    BLOCK_STOP("0") MESSAGE_END, true },
	{ "/v1/chat/completions", CHUNK("{\"role\":\"assistant\"," SHOWN "}",
	    "null") CHUNK("{}", "\"stop\"") CHUNK_DONE, true },
	{ "/v1/responses", EVENT("response.created",
	    "{\"type\":\"response.created\",\"response\":{\"id\":\"r\","
	    "\"model\":\"m\",\"output\":[]}}")
	    EVENT("response.image_generation_call.partial_image",
	    "{\"type\":\"response.image_generation_call.partial_image\","
	    "\"output_index\":0,\"item_id\":\"ig_1\","
	    "\"partial_image_b64\":\"" PIXELS("B") "\"}")
	    EVENT("response.completed", "{\"type\":\"response.completed\","
	    "\"response\":" RESPONSE(DRAWN) "}"), true },
};

static void
what_a_model_makes_is_told_as_unread_or_refused(void)
{
	static const char *const wants[] = { "flag", "block" };

	for (size_t i = 0; i < 2 * KT_NELEMS(made); i++) {
		bool blocks = i % 2 == 1;
		const char *target = made[i / 2].target;
		char yaml[1024];
		struct script s = { .target = target,
			.answer = made[i / 2].answer,
			.type = made[i / 2].is_stream ? "text/event-stream" : NULL };
		struct result r;
		struct world w;

		s.body = strcmp(target, "/v1/responses") == 0 ?
		    "{\"model\":\"m\",\"input\":\"hi\"}" :
		    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[]}";
		(void)snprintf(yaml, sizeof(yaml),
		    "pack: {name: t, version: 1.0.0, enabled: true}\n"
		    "policies: {chain: [content-limits]}\npolicy:\n"
		    "  content-limits: {uninspectable: %s}\nproviders:\n"
		    "  targets:\n    - id: up\n      provider: %s\n"
		    "      base_url: http://127.0.0.1:1\n"
		    "      secret_key_ref: {env: TEST_KEY}\n", wants[blocks],
		    strcmp(target, "/v1/messages") == 0 ? "anthropic" : "openai");
		if (!ok(world_init(&w, yaml)))
			continue;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(has(&r.record, "\"threats\":[\"uninspectable\"]") &&
		        strcmp(r.decision, blocks ? "block" : "pass") == 0 &&
		        has(&r.out, PIXELS("B")) ==
		            (!blocks && strstr(s.answer, PIXELS("B")) != NULL)))
			printf("# %s %zu, %s: %s %s\n", target, i / 2,
			    wants[blocks], r.decision, r.reason);
		result_fini(&r);
		world_fini(&w);
	}
}

int
main(void)
{
	RUN(the_record_tells_of_each_medium_and_nothing_of_what_it_holds);
	RUN(what_a_model_makes_is_told_as_unread_or_refused);
	RUN(any_order_of_answers_gives_the_same_verdict_and_record);
	RUN(media_are_never_edited_a_redaction_there_blocks_or_is_told);
	RUN(limits_on_classes_count_what_is_in_media);
	RUN(what_could_not_be_read_is_told_or_refused);
	RUN(an_answer_that_is_none_counts_as_unread);
	RUN(answers_that_do_not_come_are_not_waited_for_beyond_the_deadline);
	RUN(a_body_that_is_refused_for_its_texts_has_no_medium_read);
	RUN(a_client_that_leaves_takes_its_jobs_along);
	return done();
}
