/*
 * Each bound of an exchange is reached here: at it a call passes, behind it
 * the call is refused, and never let through for want of room.
 */
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

#define HEAD "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[" \
	"{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"\"}"
#define OPEN ",{\"type\":\"text\",\"text\":\""
#define CLOSE "\"}"
#define TAIL "]}]}"

/* A body of texts, each of which says the same so many times. */
static char *
body_of(size_t texts, const char *word, size_t times, size_t *len)
{
	size_t n = strlen(word);
	char *body = malloc(sizeof(HEAD TAIL) +
	    texts * (sizeof(OPEN CLOSE) + n * times));
	char *p = stpcpy(body, HEAD);

	for (size_t i = 0; i < texts; i++) {
		p = stpcpy(p, OPEN);
		for (size_t k = 0; k < times; k++, p += n)
			memcpy(p, word, n);
		p = stpcpy(p, CLOSE);
	}
	p = stpcpy(p, TAIL);
	*len = (size_t)(p - body);
	return body;
}

static void
a_file_as_large_as_a_vendor_takes_is_taken(void)
{
	static const uint64_t lengths[] = { KT_FILE_MAX, KT_FILE_MAX + 1ull };
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(lengths); i++) {
		char text[24];
		struct script s = { .target = "/v1/files", .body = "x",
			.answer = "{}", .nheaders = 2, .headers = {
			    { KT_SPAN_INIT("content-length"), { text, 0 } },
			    { KT_SPAN_INIT("anthropic-version"),
			        KT_SPAN_INIT("2023-06-01") } } };
		struct result r;

		s.headers[0].value.len = (size_t)snprintf(text, sizeof(text),
		    "%llu", (unsigned long long)lengths[i]);
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.up_calls == (i == 0));
		ok(i == 0 || (r.status == 413 &&
		    has(&r.record, "gateway.request.too_large")));
		result_fini(&r);
	}
	world_fini(&w);
}

static void
an_answer_that_cannot_be_held_is_never_passed(void)
{
	static const char whole[] = WHOLE("hello");
	char *answer = malloc(KT_ANSWER_MAX + 1u);
	struct world w;

	memset(answer, ' ', KT_ANSWER_MAX + 1u);
	memcpy(answer, whole, sizeof(whole) - 1);
	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < 2; i++) {
		struct script s = { .target = "/v1/messages", .body = ASK("hi"),
			.answer = answer, .answer_len = KT_ANSWER_MAX + i,
			.answer_cut = 1u << 20 };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.status == (i == 0 ? 200 : 502) && r.records == 1);
		ok((r.out.len == KT_ANSWER_MAX) == (i == 0));
		result_fini(&r);
	}
	world_fini(&w);
	free(answer);
}

/* Each redaction is an edit that lives until the body went out. */
static void
more_redactions_than_the_memory_of_a_call_refuse_it(void)
{
	const size_t per_text = KT_FINDINGS_MAX / 4;
	const size_t too_many = KT_EXCHANGE_ARENA_MAX / sizeof(struct kt_edit);
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < 2; i++) {
		struct script s = { .target = "/v1/messages",
			.answer = WHOLE("ok") };
		size_t texts = i == 0 ? 1 : too_many / per_text + 1;
		char *body = body_of(texts, CARD ", ", i == 0 ? 1000 : per_text,
		    &s.body_len);
		struct result r;

		s.body = body;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.up_calls == (i == 0) && r.records == 1);
		ok(r.status == (i == 0 ? 200 : 503) && !has(&r.up, "1111"));
		ok(i == 0 || has(&r.record, "gateway.inspection"));
		result_fini(&r);
		free(body);
	}
	world_fini(&w);
}

/* What is unescaped lies in the memory of one event: the largest text whose
 * every letter is an escape has room there. */
static void
the_largest_text_of_escapes_has_room(void)
{
	const size_t most = KT_BODY_MAX - sizeof(HEAD OPEN CLOSE TAIL);
	static const char *const words[] = { "\\\"", "\\u0041",
		"\\n\\u00e9" };
	struct world w;

	ok(2 * (size_t)KT_BODY_MAX <= KT_EVENT_ARENA_MAX);
	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		struct script s = { .target = "/v1/messages",
			.answer = WHOLE("ok"), .request_cut = 1u << 20 };
		char *body = body_of(
		    1, words[i], most / strlen(words[i]), &s.body_len);
		struct result r;

		s.body = body;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(r.status == 200 && r.up.len == s.body_len);
		result_fini(&r);
		free(body);
	}
	world_fini(&w);
}

static void
a_long_inspection_gives_the_loop_back_between_slices(void)
{
	static const struct {
		size_t texts, bytes;
		unsigned least, most;
	} cases[] = {
		{ 1, KT_INSPECT_SLICE / 2, 0, 0 },
		{ 4, KT_INSPECT_SLICE, 4, 4 },
		{ 64, KT_INSPECT_SLICE / 4, 15, 17 },
	};
	struct world w;

	ok(world_init(&w, CONFIG(REDACT)));
	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		struct script s = { .target = "/v1/messages",
			.answer = WHOLE("ok") };
		char *body = body_of(cases[i].texts, "word ",
		    cases[i].bytes / 5 + 1, &s.body_len);
		struct result r;

		s.body = body;
		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(r.turns >= cases[i].least && r.turns <= cases[i].most))
			printf("# %zu: %u turns\n", i, r.turns);
		ok(r.status == 200 && r.up.len == s.body_len);
		result_fini(&r);
		free(body);
	}
	world_fini(&w);
}

int
main(void)
{
	RUN(a_file_as_large_as_a_vendor_takes_is_taken);
	RUN(an_answer_that_cannot_be_held_is_never_passed);
	RUN(more_redactions_than_the_memory_of_a_call_refuse_it);
	RUN(the_largest_text_of_escapes_has_room);
	RUN(a_long_inspection_gives_the_loop_back_between_slices);
	return done();
}
