/*
 * What begins in the text of one block and ends in that of the next is not
 * in a recorded session either, wherever it was cut, and decides the same
 * when it is played; nor is it left by a second search of a recorded one.
 */
#include "tests/unit/exchange/answers.h"
#include "tests/unit/session/record.h"

#define BEFORE "it is "
#define BEHIND " and no other"

/* The texts of all deltas as one, however deep they are quoted: how many
   digits follow one another in them, blanks aside? */
static size_t
longest_run(struct kt_span file)
{
	static const char name[] = "text\\\":\\\"", plain[] = "text\":\"";
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < file.len; i++) {
		struct kt_span here = kt_span_sub(file, i, file.len);
		size_t at = kt_span_starts(here, kt_span_of(name)) ?
		    sizeof(name) - 1 :
		    kt_span_starts(here, kt_span_of(plain)) ?
		    sizeof(plain) - 1 : 0;

		if (at == 0)
			continue;
		for (i += at; i < file.len && file.ptr[i] != '"' &&
		     file.ptr[i] != '\\'; i++) {
			bool is_digit = file.ptr[i] >= '0' &&
			    file.ptr[i] <= '9';

			if (file.ptr[i] != ' ')
				run = is_digit ? run + 1 : 0;
			longest = run > longest ? run : longest;
		}
	}
	return longest;
}

/* text in two blocks, and each of them in two deltas. */
static void
write_stream(struct kt_buf *b, struct kt_span text, size_t at, bool dies)
{
	const size_t cuts[] = { at, text.len };
	size_t from = 0;

	kt_buf_init(b, 65536);
	keep(b, KT_SPAN(MESSAGE_START));
	for (size_t i = 0; i < KT_NELEMS(cuts); i++) {
		ok(kt_buf_printf(b, BLOCK_START("%zu",
		    "{\"type\":\"text\",\"text\":\"\"}"), i) == KT_OK);
		for (size_t end = from + 1; from < cuts[i];
		     from = end, end = cuts[i])
			ok(kt_buf_printf(b, BLOCK_DELTA("%zu",
			    "{\"type\":\"text_delta\",\"text\":\"%.*s\"}"), i,
			    (int)(end - from), text.ptr + from) == KT_OK);
		if (!dies || i == 0)
			ok(kt_buf_printf(b, BLOCK_STOP("%zu"), i) == KT_OK);
	}
	if (!dies)
		keep(b, KT_SPAN(MESSAGE_END));
}

static void
law(const char *yaml, bool is_facts_only)
{
	const struct kt_span text = KT_SPAN(BEFORE CARD BEHIND);
	struct studio s;
	size_t n, longest = 0, calls = 0;

	if (!ok(studio_init(&s, yaml, is_facts_only)))
		return;
	for (unsigned i = 0; i < 4; i++) {
		for (size_t at = sizeof(BEFORE); at < sizeof(BEFORE CARD) - 1;
		     at++, calls++) {
			struct script script = { .type = "text/event-stream",
				.target = i & 1 ? "/v1/chat/completions" :
				    "/v1/messages",
				.body = ASK_STREAM("hi"), .dies = i & 2,
				.answer_cut = at % 3 ? 0 : 50 };
			struct kt_buf b;
			struct result r;

			write_stream(&b, text, at, i & 2);
			script.answer = b.ptr;
			script.answer_len = b.len;
			studio_call(&s, &script, &r);
			result_fini(&r);
			kt_buf_fini(&b);
		}
	}
	longest = longest_run(kt_buf_span(&s.file));
	if (!ok(longest < 12))
		printf("# %zu digits\n", longest);
	ok(studio_play(&s, &n, true) == 0);
	ok(n == calls);
	studio_fini(&s);
}

static void
nothing_that_reaches_over_is_recorded(void)
{
	law(CONFIG(REDACT), false);
	law(CONFIG(FLAG), false);
	law(CONFIG(BLOCK), false);
	law(CONFIG(REDACT), true);
}

static void
nothing_that_reaches_over_is_left_by_a_second_search(void)
{
	const struct kt_span text = KT_SPAN(BEFORE CARD BEHIND);
	struct studio s;

	ok(studio_init(&s, CONFIG(FLAG), false));
	for (size_t at = sizeof(BEFORE); at < sizeof(BEFORE CARD) - 1; at++) {
		const struct kt_detector *first = NULL;
		struct kt_buf b, out;
		size_t found = 0;

		write_stream(&b, text, at, at % 2);
		kt_buf_init(&out, 65536);
		ok(longest_run(kt_buf_span(&b)) == 16);
		ok(kt_scrub_stream_again(&s.scrub, KT_FORMAT_ANTHROPIC,
		       kt_buf_span(&b), NULL, 0, &out, &found, &first) == KT_OK);
		ok(found > 0 && first != NULL);
		ok(longest_run(kt_buf_span(&out)) < 12);
		ok(has(&out, "t is ") && has(&out, BEHIND));
		kt_buf_fini(&out);
		kt_buf_fini(&b);
	}
	studio_fini(&s);
}

/* What stands between is said, so that neither text goes on in the other. */
static void
other_blocks_part_texts(void)
{
	struct kt_span stream = KT_SPAN(MESSAGE_START
	    BLOCK_START("0", "{\"type\":\"text\",\"text\":\"\"}")
	    BLOCK_DELTA("0", "{\"type\":\"text_delta\",\"text\":\"4111 11\"}")
	    BLOCK_STOP("0")
	    BLOCK_START("1", "{\"type\":\"tool_use\",\"id\":\"t\","
	        "\"name\":\"n\",\"input\":{}}")
	    BLOCK_STOP("1")
	    BLOCK_START("2", "{\"type\":\"text\",\"text\":\"\"}")
	    BLOCK_DELTA("2", "{\"type\":\"text_delta\",\"text\":"
	        "\"11 1111 1111\"}")
	    BLOCK_STOP("2") MESSAGE_END);
	const struct kt_detector *first = NULL;
	struct kt_buf out;
	struct studio s;
	size_t found = 0;

	ok(studio_init(&s, CONFIG(FLAG), false));
	kt_buf_init(&out, 65536);
	ok(kt_scrub_stream_again(&s.scrub, KT_FORMAT_ANTHROPIC, stream, NULL, 0,
	       &out, &found, &first) == KT_OK);
	ok(found == 0 && kt_span_eq(kt_buf_span(&out), stream));
	kt_buf_fini(&out);
	studio_fini(&s);
}

#define PHI(action) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [phi-detector]}\n" \
	"policy: {phi-detector: {require_baa: false, action: " action "}}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

/* A person in one text, an illness in another: the same when it is played. */
static void
what_texts_make_of_each_other_is_played(void)
{
	static const char *const actions[] = { PHI("redact"), PHI("block"),
		PHI("flag") };
	const struct said who = { SAID_TEXT, "Patient: Imani Jankowski, in" };
	const struct said ill = { SAID_TEXT, "has type 2 diabetes mellitus" };
	const struct said both[2][2] = { { who, ill }, { ill, who } };

	for (size_t a = 0; a < KT_NELEMS(actions); a++) {
		struct studio s;
		size_t n;

		if (!ok(studio_init(&s, actions[a], false)))
			return;
		for (unsigned i = 0; i < 8; i++) {
			struct script script = {
				.target = i & 1 ? "/v1/chat/completions" :
				    "/v1/messages",
				.type = i & 2 ? "text/event-stream" :
				    "application/json",
				.body = i & 2 ? ASK_STREAM("hi") : ASK("hi") };
			struct kt_buf b;
			struct result r;

			kt_buf_init(&b, 65536);
			put_answer(&b, i & 2 ? ANTHROPIC_STREAM :
			        ANTHROPIC_WHOLE, both[i / 4], 2);
			script.answer = b.ptr;
			script.answer_len = b.len;
			studio_call(&s, &script, &r);
			ok(has(&r.record, "\"phi\""));
			result_fini(&r);
			kt_buf_fini(&b);
		}
		ok(!has(&s.file, "ankowski"));
		ok(studio_play(&s, &n, true) == 0 && n == 8);
		studio_fini(&s);
	}
}

int
main(void)
{
	RUN(nothing_that_reaches_over_is_recorded);
	RUN(nothing_that_reaches_over_is_left_by_a_second_search);
	RUN(other_blocks_part_texts);
	RUN(what_texts_make_of_each_other_is_played);
	return done();
}
