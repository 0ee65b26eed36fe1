/*
 * tally - the tokens that a record tells of.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/sample.h"
#include "tests/unit/exchange/drive.h"
#include "token/drift.h"

#define LONG_TEXT (8u << 20)

static uint64_t
chance(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *state >> 33;
}

/* Words, numbers, escapes and other scripts, as inside a JSON string; what is
 * said changes with the place, so that no beginning stands for all. */
static void
write_text(struct kt_buf *b, size_t n)
{
	static const char *const words[] = { "the ", "request ", "counted",
		" as", " it", "\\n\\t", "\\\"", "naïve ", "文字を", "\\u6587",
		"\\ud83d\\ude00", "\\\\", "0x1f4a9", " = f(x);", "3.14159 ",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	uint64_t state = 7;

	kt_buf_reset(b);
	while (b->len < n) {
		size_t half = b->len / 40000 % 2 * 8;

		keep(b, kt_span_of(words[half + chance(&state) % 8]));
	}
}

static bool
sample(struct kt_sample *s, enum kt_family f, struct kt_span raw, size_t cut)
{
	struct kt_tokenizer *t;
	struct kt_buf room;
	bool is_counted = true;

	if (kt_tokenizer_new(&t, kt_family_encoding(f)) < 0)
		abort();
	kt_buf_init(&room, LONG_TEXT * 2);
	while (raw.len > 0 && is_counted) {
		size_t n = cut > 0 && cut < raw.len ? cut : raw.len;

		is_counted = kt_sample_add(
		    s, f, t, kt_span_sub(raw, 0, n), &room) == KT_OK;
		raw = kt_span_sub(raw, n, raw.len);
	}
	kt_sample_end(s);
	kt_buf_fini(&room);
	kt_tokenizer_free(&t);
	return is_counted;
}

static void
what_is_short_is_counted_whole(void)
{
	struct kt_sample part = { 0 }, all = { .counts_all = true };
	struct kt_buf b;

	kt_buf_init(&b, LONG_TEXT);
	write_text(&b, KT_TALLY_WHOLE - 100);
	ok(sample(&part, KT_FAMILY_O200K, kt_buf_span(&b), 0));
	ok(sample(&all, KT_FAMILY_O200K, kt_buf_span(&b), 0));
	ok(part.sum.n == all.sum.n && !part.is_partial);
	kt_buf_fini(&b);
}

static void
a_sample_is_near_the_count_and_costs_little(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 2 * LONG_TEXT);
	for (size_t n = 50000; n <= LONG_TEXT; n = n * 5 / 2) {
		struct kt_sample part = { 0 }, all = { .counts_all = true };
		unsigned doublings = 1;

		write_text(&b, n);
		ok(sample(&part, KT_FAMILY_CLAUDE_3, kt_buf_span(&b), 0));
		ok(sample(&all, KT_FAMILY_CLAUDE_3, kt_buf_span(&b), 0));
		ok(part.is_partial && !all.is_partial);
		ok(all.counted >= n);
		while (n >> doublings > KT_TALLY_STEP)
			doublings++;
		ok(part.counted <= KT_TALLY_WHOLE +
		        (doublings + 1) * (uint64_t)KT_TALLY_STEP);
		ok(part.sum.n > all.sum.n - all.sum.n / 12);
		ok(part.sum.n < all.sum.n + all.sum.n / 12);
		ok(part.sum.low <= part.sum.n && part.sum.n <= part.sum.high);
	}
	kt_buf_fini(&b);
}

/* An escape that is cut is no JSON any more, which counts as too large. */
static void
no_cut_tears_an_escape(void)
{
	static const char *const units[] = { "\\u6587", "\\ud83d\\ude00",
		"\\\\", "\\n", "文", "\\\\u6587", "a\\ud83d\\ude00" };
	struct kt_buf b;

	kt_buf_init(&b, LONG_TEXT);
	for (size_t u = 0; u < KT_NELEMS(units); u++) {
		struct kt_sample s = { 0 };

		kt_buf_reset(&b);
		for (size_t i = 0; i < u; i++)
			keep(&b, KT_SPAN("x"));
		while (b.len < 8 * KT_TALLY_WHOLE)
			keep(&b, kt_span_of(units[u]));
		ok(sample(&s, KT_FAMILY_O200K, kt_buf_span(&b), 0));
		ok(s.is_partial && s.counted < 3 * KT_TALLY_WHOLE);
	}
	kt_buf_fini(&b);
}

/* ---- in a call ---- */

static const char config[] =
    "pack: {name: t, version: 1.0.0}\n"
    "policies: {chain: []}\n"
    "providers:\n  targets:\n"
    "    - {id: one, provider: openai, base_url: 'http://127.0.0.1:9',\n"
    "       secret_key_ref: {env: TEST_KEY}}\n";
/* Caching that has no price costs what input does. */
static const char priced[] =
    "pack: {name: t, version: 1.0.0}\n"
    "policies: {chain: [secret-scanner]}\n"
    "policy: {secret-scanner: {action: redact}}\n"
    "audit: {retention_days: 400}\n"
    "providers:\n  targets:\n"
    "    - {id: one, provider: openai, base_url: 'http://127.0.0.1:9',\n"
    "       pricing: {prompt: 3, completion: 15.5, cache_read: 0.3},\n"
    "       secret_key_ref: {env: TEST_KEY}}\n";
#define ASK(more) \
	"{\"model\":\"gpt-4o\"" more ",\"messages\":[{\"role\":\"user\"," \
	"\"content\":\"tell me of tokens\"}]}"
#define SAID "Tokens are counted here, and there too."
/* 3, and 4 with 4 for the text; SAID has 9 tokens. */
#define LOCAL_IN "\"local_in\":11"
#define LOCAL_OUT "\"local_out\":9"

#define ANSWER \
	"{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1," \
	"\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,\"message\":{" \
	"\"role\":\"assistant\",\"content\":\"" SAID "\"}," \
	"\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":22," \
	"\"completion_tokens\":9,\"total_tokens\":31," \
	"\"prompt_tokens_details\":{\"cached_tokens\":20}}}"

static void
run_under(const char *yaml, const char *body, const char *type,
    const char *answer, struct result *r)
{
	struct world w;
	struct script s = { .target = "/v1/chat/completions",
		.headers = { { KT_SPAN("content-type"),
		    KT_SPAN("application/json") } },
		.nheaders = 1,
		.body = body,
		.type = type,
		.answer = answer };

	result_init(r);
	if (!ok(world_init(&w, yaml)))
		return;
	run_script(&w, &s, r);
	ok(r->records == 1 && r->status == 200);
	world_fini(&w);
}

static void
run(const char *body, const char *type, const char *answer, struct result *r)
{
	run_under(config, body, type, answer, r);
}

static void
a_record_tells_both_counts_and_the_drift(void)
{
	struct result r;

	run(ASK(""), "application/json", ANSWER, &r);
	/* Of 22 tokens 20 were cached: still two for one. */
	ok(has(&r.record, "\"tokens\":{\"cache_read\":20,\"cache_write\":0,"
	        "\"drift\":2000,\"local_exact\":true," LOCAL_IN "," LOCAL_OUT
	        ",\"reported_in\":2,\"reported_out\":9}"));
	ok(!has(&r.record, "cost_micro")); /* nobody said a price */
	ok(has(&r.record, "\"retention_class\":\"365d\""));
	result_fini(&r);
}

static void
a_record_tells_what_a_call_cost_by_the_prices_of_its_target(void)
{
	struct result r;

	run_under(priced, ASK(""), "application/json", ANSWER, &r);
	/* 2 * 3 + 20 * 0.3 + 9 * 15.5 millionths of a dollar. */
	ok(has(&r.record, "\"cost_micro\":151,"));
	ok(has(&r.record, "\"retention_class\":\"400d\""));
	result_fini(&r);
}

static void
a_detection_tells_which_definition_it_was(void)
{
	struct kt_span before = KT_SPAN("\"detector_version\":\"");
	struct result r;
	size_t at = 0;

	run_under(priced, "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":"
	    "\"user\",\"content\":\"ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	    "\"}]}", "application/json", ANSWER, &r);
	while (at < r.record.len && !kt_span_starts(
	        kt_span_sub(kt_buf_span(&r.record), at, before.len), before))
		at++;
	if (ok(at < r.record.len)) {
		struct kt_span digits = kt_span_sub(kt_buf_span(&r.record),
		    at + before.len, 9);
		uint8_t bytes[4];

		ok(digits.len == 9 && digits.ptr[8] == '"');
		ok(kt_unhex(kt_span_sub(digits, 0, 8), (char *)bytes, 4));
	}
	result_fini(&r);
}

static void
a_stream_is_counted_however_it_is_cut(void)
{
	static const size_t widths[] = { 1, 7, sizeof(SAID) - 1 };

	for (size_t i = 0; i < KT_NELEMS(widths); i++) {
		struct kt_span left = KT_SPAN(SAID);
		struct result r;
		struct kt_buf b;

		kt_buf_init(&b, 1u << 20);
		while (left.len > 0) {
			struct kt_span one = kt_span_sub(left, 0, widths[i]);

			if (kt_buf_printf(&b,
			        "data: {\"id\":\"c\",\"object\":"
			        "\"chat.completion.chunk\",\"created\":1,"
			        "\"model\":\"gpt-4o\",\"choices\":[{\"index\":0,"
			        "\"delta\":{\"content\":\"%.*s\"},"
			        "\"finish_reason\":null}]}\n\n",
			        KT_SPAN_ARG(one)) < 0)
				abort();
			left = kt_span_sub(left, one.len, left.len);
		}
		keep(&b, KT_SPAN("data: {\"id\":\"c\",\"object\":"
		    "\"chat.completion.chunk\",\"created\":1,\"model\":"
		    "\"gpt-4o\",\"choices\":[{\"index\":0,\"delta\":{},"
		    "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"));
		if (kt_buf_addc(&b, '\0') < 0)
			abort();
		run(ASK(",\"stream\":true"), "text/event-stream", b.ptr, &r);
		ok(has(&r.record, "\"tokens\":{\"local_exact\":true," LOCAL_IN
		        "," LOCAL_OUT "}"));
		result_fini(&r);
		kt_buf_fini(&b);
	}
}

/* ---- what is learned ---- */

static void
a_ratio_follows_what_was_reported(void)
{
	struct kt_drift *d = kt_drift_new();
	struct kt_span m = KT_SPAN("claude-x");

	ok(kt_drift_permille(d, m) == 1000);
	kt_drift_note(d, m, 1000, 1300);
	ok(kt_drift_permille(d, m) == 1300);
	kt_drift_note(d, m, 1000, 1100);
	ok(kt_drift_permille(d, m) == 1200);
	ok(kt_drift_permille(d, KT_SPAN("claude-y")) == 1000);
	/* What is newer weighs more than a long past. */
	for (int i = 0; i < 1000; i++)
		kt_drift_note(d, m, 50000, 100000);
	ok(kt_drift_permille(d, m) >= 1990);
	kt_drift_free(&d);
	ok(d == NULL);
}

static void
no_provider_can_push_it_too_far(void)
{
	struct kt_drift *d = kt_drift_new();

	kt_drift_note(d, KT_SPAN("a"), 10, 1000000);
	kt_drift_note(d, KT_SPAN("b"), 1000, 1);
	kt_drift_note(d, KT_SPAN("c"), 10, UINT64_MAX);
	kt_drift_note(d, KT_SPAN("c"), UINT64_MAX, 10);
	kt_drift_note(d, KT_SPAN("c"), 0, 10);
	ok(kt_drift_permille(d, KT_SPAN("a")) == KT_DRIFT_MOST);
	ok(kt_drift_permille(d, KT_SPAN("b")) == KT_DRIFT_LEAST);
	ok(kt_drift_permille(d, KT_SPAN("c")) == 1000);
	kt_drift_free(&d);
}

static void
models_beyond_KT_DRIFT_MODELS_MAX_are_not_remembered(void)
{
	struct kt_drift *d = kt_drift_new();
	char name[16];

	for (int i = 0; i <= KT_DRIFT_MODELS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "m%d", i);
		kt_drift_note(d, kt_span_of(name), 100, 200);
		ok(kt_drift_permille(d, kt_span_of(name)) ==
		    (i < KT_DRIFT_MODELS_MAX ? 2000 : 1000));
	}
	kt_drift_free(&d);
}

int
main(void)
{
	RUN(what_is_short_is_counted_whole);
	RUN(a_sample_is_near_the_count_and_costs_little);
	RUN(no_cut_tears_an_escape);
	RUN(a_record_tells_both_counts_and_the_drift);
	RUN(a_record_tells_what_a_call_cost_by_the_prices_of_its_target);
	RUN(a_detection_tells_which_definition_it_was);
	RUN(a_stream_is_counted_however_it_is_cut);
	RUN(a_ratio_follows_what_was_reported);
	RUN(no_provider_can_push_it_too_far);
	RUN(models_beyond_KT_DRIFT_MODELS_MAX_are_not_remembered);
	return done();
}
