/*
 * What is remembered as clean saves the search, and hides nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect.h"
#include "exchange/look.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

static const char yaml[] =
    "pack: {name: t, version: 1.0.0, enabled: true}\n"
    "policies: {chain: [prompt-injection, pii-detector, secret-scanner]}\n"
    "policy:\n"
    "  pii-detector: {action: redact, pci_mode: true}\n"
    "providers: {targets: [{id: a, provider: offline}]}\n";
static const char prose[] =
    "The river comes down from the hills in spring and brings the cold with "
    "it. People whose homes are below the bridge know the sound of the water "
    "before they wake, and they listen for the change in its voice. Nobody "
    "keeps count of the floods; there were more than the old men like to "
    "remember, yet the houses stand where they stood.";

#define SPACED " " CARD " "

static struct world w;
static struct kt_look *look;

static size_t
found_in(struct kt_span text, enum kt_component c)
{
	struct kt_looked out;

	return kt_look_at_text(look, text, c, &out) == KT_OK ? out.nfound
							     : SIZE_MAX;
}

static uint64_t
calls_for(struct kt_span text, enum kt_component c)
{
	uint64_t before = kt_detect_scratch_calls(w.scratch->detect);

	ok(found_in(text, c) == 0);
	return kt_detect_scratch_calls(w.scratch->detect) - before;
}

static void
a_long_text_is_searched_once_in_each_component(void)
{
	struct kt_span text = kt_span_of(prose);

	ok(calls_for(text, KT_COMPONENT_MESSAGES) > 0);
	ok(calls_for(text, KT_COMPONENT_MESSAGES) == 0);
	ok(calls_for(text, KT_COMPONENT_SYSTEM) > 0);
	ok(calls_for(text, KT_COMPONENT_SYSTEM) == 0);
}

/* As many as a long conversation has, each turn again, however short. */
static void
none_of_a_conversation_drives_another_out(void)
{
	char text[sizeof(prose) + 16];
	uint64_t again = 0;

	for (unsigned turn = 0; turn < 2; turn++) {
		for (unsigned i = 0; i < 500; i++) {
			int n = snprintf(text, sizeof(text), "%u %.*s", i,
			    i % 2 ? 6 : (int)strlen(prose), prose);
			uint64_t calls = calls_for((struct kt_span){ text,
			    (size_t)n }, KT_COMPONENT_TOOL_RESULTS);

			ok(turn > 0 || calls > 0);
			again += turn > 0 ? calls : 0;
		}
	}
	ok(again == 0);
}

static void
a_card_is_found_wherever_it_is_put_into_a_clean_text(void)
{
	char text[sizeof(prose) + sizeof(SPACED)];
	const size_t n = strlen(prose), card = strlen(SPACED);
	size_t lost = 0;

	ok(found_in(kt_span_of(prose), KT_COMPONENT_MESSAGES) == 0);
	for (size_t at = 0; at <= n; at++) {
		struct kt_span all = { text, n + card };

		memcpy(text, prose, at);
		memcpy(text + at, SPACED, card);
		memcpy(text + at + card, prose + at, n - at);
		/* And again: what was found once is found again. */
		lost += found_in(all, KT_COMPONENT_MESSAGES) != 1;
		lost += found_in(all, KT_COMPONENT_MESSAGES) != 1;
	}
	if (!ok(lost == 0))
		printf("# %zu of %zu not found\n", lost, 2 * (n + 1));
}

static size_t
found_in_arguments(const char *name)
{
	struct kt_looked out;
	struct kt_buf b;
	size_t n;

	kt_buf_init(&b, 4096);
	ok(kt_buf_printf(&b, "{\"%s\":\"536228726 %s\"}", name, prose) ==
	    KT_OK);
	n = kt_look_at_arguments(look, kt_buf_span(&b), &out) == KT_OK
	    ? out.nfound
	    : SIZE_MAX;
	kt_buf_fini(&b);
	return n;
}

static void
what_is_clean_under_one_name_is_searched_under_another(void)
{
	ok(found_in_arguments("note") == 0);
	ok(found_in_arguments("note") == 0);
	ok(found_in_arguments("ssn") == 1);
	ok(found_in_arguments("note") == 0);
}

static void
a_search_that_failed_is_not_remembered(void)
{
	struct kt_span text = { prose, strlen(prose) - 1 };
	uint64_t calls = calls_for(text, KT_COMPONENT_TOOLS), n;

	text.len--;
	for (n = 1; n <= calls; n++) {
		kt_detect_scratch_fail_at(w.scratch->detect, n);
		if (!ok(found_in(text, KT_COMPONENT_TOOLS) == SIZE_MAX))
			break;
	}
	kt_detect_scratch_fail_at(w.scratch->detect, 0);
	ok(calls_for(text, KT_COMPONENT_TOOLS) > 0);
}

static uint64_t
calls_of_exchange(struct world *of, const struct script *s, bool has_path)
{
	uint64_t before = kt_detect_scratch_calls(of->scratch->detect);
	struct result r;

	result_init(&r);
	run_script(of, s, &r);
	ok(r.records == 1 && r.has_ended);
	ok(has(&r.record, "\"path\":") == has_path);
	result_fini(&r);
	return kt_detect_scratch_calls(of->scratch->detect) - before;
}

/* Names, types, roles, the path: only what people wrote is new, and only
   once. */
static void
a_call_is_searched_once(void)
{
	struct script s = { .target = "/v1/messages",
		.body = ASK("good morning"), .answer = WHOLE("and to you") };
	struct world of;
	uint64_t n;

	ok(world_init(&of, CONFIG(REDACT)));
	n = calls_of_exchange(&of, &s, true);
	ok(calls_of_exchange(&of, &s, true) == 0);
	s.body = ASK("good evening");
	ok(calls_of_exchange(&of, &s, true) > 0);
	ok(calls_of_exchange(&of, &s, true) == 0 && n > 0);
	s.body = ASK("");
	s.answer = WHOLE("");
	ok(calls_of_exchange(&of, &s, true) == 0);
	world_fini(&of);
}

/* At one place each among 512, some would drive out others. */
static void
eighty_names_are_remembered_beside_each_other(void)
{
	struct script s = { .target = "/v1/messages", .answer = WHOLE("") };
	struct kt_buf body;
	struct world of;

	kt_buf_init(&body, 65536);
	ok(kt_buf_printf(&body, "{\"model\":\"m\",\"max_tokens\":1,"
	    "\"messages\":[],\"metadata\":{") == KT_OK);
	for (int i = 0; i < 80; i++)
		ok(kt_buf_printf(&body, "\"name %d\":%d,", i, i) == KT_OK);
	ok(kt_buf_printf(&body, "\"last\":0}}") == KT_OK);
	s.body = body.ptr;
	s.body_len = body.len;
	ok(world_init(&of, CONFIG(REDACT)));
	ok(calls_of_exchange(&of, &s, true) > 80);
	ok(calls_of_exchange(&of, &s, true) == 0);
	world_fini(&of);
	kt_buf_fini(&body);
}

static void
a_path_in_which_something_was_found_is_never_told(void)
{
	struct script s = { .method = "GET",
		.target = "/v1/models/4111111111111111" };
	struct world of;

	ok(world_init(&of, CONFIG(REDACT)));
	for (int i = 0; i < 3; i++)
		ok(calls_of_exchange(&of, &s, false) > 0);
	s.target = "/v1/models/claude-x";
	ok(calls_of_exchange(&of, &s, true) > 0);
	ok(calls_of_exchange(&of, &s, true) == 0);
	world_fini(&of);
}

int
main(void)
{
	if (!world_init(&w, yaml) ||
	    (look = kt_look_new(w.program, w.scratch)) == NULL)
		return 1;
	RUN(a_long_text_is_searched_once_in_each_component);
	RUN(none_of_a_conversation_drives_another_out);
	RUN(a_card_is_found_wherever_it_is_put_into_a_clean_text);
	RUN(what_is_clean_under_one_name_is_searched_under_another);
	RUN(a_call_is_searched_once);
	RUN(eighty_names_are_remembered_beside_each_other);
	RUN(a_path_in_which_something_was_found_is_never_told);
	RUN(a_search_that_failed_is_not_remembered);
	kt_look_free(&look);
	world_fini(&w);
	return done();
}
