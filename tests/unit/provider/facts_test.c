/*
 * What a request must have, and what an answer tells.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/cached.h"
#include "provider/facts.h"
#include "tests/unit/provider/indexed.h"
#include "tests/unit/tap.h"

static enum kt_rc
facts_of(enum kt_endpoint e, const char *body, struct kt_request_facts *f,
    struct kt_err *err)
{
	struct indexed x;
	enum kt_rc rc;

	index_text(&x, kt_span_of(body));
	rc = kt_request_facts(e, &x.json, x.text, f, err);
	kt_json_fini(&x.json);
	return rc;
}

static void
facts_of_a_request_are_found(void)
{
	struct kt_request_facts f;
	struct kt_err err = { 0 };

	ok(facts_of(KT_ENDPOINT_MESSAGES,
	       "{\"cache_control\":{\"type\":\"ephemeral\"},\"model\":\"m\","
	       "\"stream\":true,\"system\":[{\"cache_control\":{}},{"
	       "\"cache_control\":null}],\"tools\":[{\"input_schema\":{"
	       "\"cache_control\":{}}},{}],\"messages\":[{},{\"content\":[{"
	       "\"input\":{\"cache_control\":{}}}]}]}", &f, &err) == KT_OK);
	ok(kt_span_eq(f.model, KT_SPAN("m")) && f.model_node != 0);
	ok(f.is_stream && f.stream_node != 0 && !f.wants_usage);
	ok(f.nmessages == 2 && f.ntools == 2 && f.cache_breakpoints == 2);
	ok(facts_of(KT_ENDPOINT_MESSAGES,
	       "{\"model\":\"m\",\"tools\":[{}],\"messages\":[{\"content\":[{"
	       "\"type\":\"tool_addition\",\"tool\":{\"type\":"
	       "\"tool_definition\"}},{\"type\":\"tool_addition\",\"tool\":{"
	       "\"type\":\"tool_reference\"}}]}]}", &f, &err) == KT_OK);
	ok(f.ntools == 2);
	ok(facts_of(KT_ENDPOINT_COMPLETIONS,
	       "{\"model\":\"m\",\"stream\":null,\"messages\":[],\"functions\":["
	       "{}],\"stream_options\":{\"include_usage\":true}}", &f, &err) ==
	    KT_OK);
	ok(!f.is_stream && f.wants_usage && f.ntools == 1);
	ok(facts_of(KT_ENDPOINT_RESPONSES, "{\"input\":\"hi\"}", &f, &err) ==
	    KT_OK);
	ok(f.model_node == 0 && f.nmessages == 1);
	ok(facts_of(KT_ENDPOINT_RESPONSES, "{\"input\":[{\"content\":[{"
	       "\"prompt_cache_breakpoint\":{}}]}]}", &f, &err) == KT_OK);
	ok(f.cache_breakpoints == 1);
	ok(facts_of(KT_ENDPOINT_PASSTHROUGH, "[1]", &f, &err) == KT_OK);
}

/* A response has its prefix under names of its own. */
static void
a_mark_in_the_input_covers_the_instructions(void)
{
	struct kt_arena *mem = kt_arena_new(1u << 16);
	struct kt_cached c;
	struct indexed x;

	index_text(&x, KT_SPAN("{\"instructions\":\"I\",\"input\":[{\"content\":"
	    "[{\"text\":\"A\",\"prompt_cache_breakpoint\":{}},{\"text\":"
	    "\"B\"}]}]}"));
	ok(kt_cached_read(&x.json, x.text, mem, &c) == KT_OK && c.n == 1);
	for (uint32_t n = 1; n < x.json.count; n++) {
		struct kt_span s = kt_json_string(&x.json, x.text, n);

		if (s.len == 1)
			ok(kt_cached_has(&c, n) == (s.ptr[0] != 'B'));
	}
	kt_json_fini(&x.json);
	kt_arena_free(&mem);
}

static void
what_is_missing_is_named(void)
{
	static const struct {
		enum kt_endpoint endpoint;
		const char *body, *names;
	} bad[] = {
		{ KT_ENDPOINT_MESSAGES, "[]", "request body" },
		{ KT_ENDPOINT_MESSAGES, "{\"messages\":[]}", "model" },
		{ KT_ENDPOINT_MESSAGES, "{\"model\":1,\"messages\":[]}", "model" },
		{ KT_ENDPOINT_MESSAGES, "{\"model\":\"\",\"messages\":[]}",
		    "model" },
		{ KT_ENDPOINT_COUNT_TOKENS, "{\"model\":\"m\"}", "messages" },
		{ KT_ENDPOINT_MESSAGES, "{\"model\":\"m\",\"messages\":{}}",
		    "messages" },
		{ KT_ENDPOINT_COMPLETIONS, "{\"model\":\"m\",\"messages\":[{},"
		    "3]}", "messages.1" },
		{ KT_ENDPOINT_MESSAGES, "{\"model\":\"m\",\"messages\":[],"
		    "\"stream\":\"true\"}", "stream" },
		{ KT_ENDPOINT_MESSAGES, "{\"model\":\"m\",\"messages\":[],"
		    "\"tools\":{}}", "tools" },
		{ KT_ENDPOINT_RESPONSES, "{\"input\":7}", "input" },
		{ KT_ENDPOINT_RESPONSES, "{\"model\":null}", "model" },
	};

	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		struct kt_request_facts f;
		struct kt_err err = { 0 };

		ok(facts_of(bad[i].endpoint, bad[i].body, &f, &err) ==
		    KT_E_PARSE);
		if (!ok(strncmp(err.text, bad[i].names,
			strlen(bad[i].names)) == 0))
			printf("# %s\n", err.text);
	}
}

static struct kt_answer_facts
answer(enum kt_format f, struct indexed *x, const char *body)
{
	struct kt_answer_facts out;

	index_text(x, kt_span_of(body));
	kt_answer_facts(f, &x->json, x->text, &out);
	return out;
}

static void
cached_tokens_are_never_counted_twice(void)
{
	struct indexed x;
	struct kt_answer_facts f;

	f = answer(KT_FORMAT_ANTHROPIC, &x,
	    "{\"id\":\"i\",\"model\":\"m\",\"stop_reason\":\"end_turn\","
	    "\"usage\":{\"input_tokens\":5,\"output_tokens\":7,"
	    "\"cache_read_input_tokens\":100,"
	    "\"cache_creation_input_tokens\":null}}");
	ok(f.usage.is_known && f.usage.input == 5 && f.usage.output == 7);
	ok(f.usage.cache_read == 100 && f.usage.cache_write == 0);
	ok(kt_span_eq(f.id, KT_SPAN("i")) && kt_span_eq(f.model, KT_SPAN("m")));
	ok(kt_span_eq(f.stop_reason, KT_SPAN("end_turn")));
	kt_json_fini(&x.json);
	f = answer(KT_FORMAT_OPENAI, &x,
	    "{\"choices\":[{\"finish_reason\":\"stop\"}],\"usage\":{"
	    "\"prompt_tokens\":105,\"completion_tokens\":7,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":90,"
	    "\"cache_write_tokens\":10}}}");
	ok(f.usage.input == 5 && f.usage.cache_read == 90);
	ok(f.usage.cache_write == 10 && f.usage.output == 7);
	ok(kt_span_eq(f.stop_reason, KT_SPAN("stop")));
	kt_json_fini(&x.json);
	f = answer(KT_FORMAT_RESPONSES, &x,
	    "{\"status\":\"completed\",\"usage\":{\"input_tokens\":5,"
	    "\"input_tokens_details\":{\"cached_tokens\":9},"
	    "\"output_tokens\":1}}");
	ok(f.usage.input == 0 && f.usage.cache_read == 9);
	ok(kt_span_eq(f.stop_reason, KT_SPAN("completed")));
	kt_json_fini(&x.json);
	f = answer(KT_FORMAT_ANTHROPIC, &x, "{\"input_tokens\":42}");
	ok(f.usage.is_known && f.usage.input == 42);
	kt_json_fini(&x.json);
	f = answer(KT_FORMAT_OPENAI, &x, "[\"usage\"]");
	ok(!f.usage.is_known && f.id.len == 0);
	kt_json_fini(&x.json);
}

int
main(void)
{
	RUN(facts_of_a_request_are_found);
	RUN(a_mark_in_the_input_covers_the_instructions);
	RUN(what_is_missing_is_named);
	RUN(cached_tokens_are_never_counted_twice);
	return done();
}
