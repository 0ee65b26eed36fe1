/*
 * Streams: each script is fed event by event; at every position it is also
 * cut, broken and pinged, and whatever comes out is judged by the grammar of
 * the client's format.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"
#include "provider/translate.h"
#include "stream_grammar.h"

#define OUT_MAX 65536
#define EVENTS_MAX 64

struct script {
	const char *name;
	enum kt_format from, to;
	const char *events[EVENTS_MAX]; /* data; ' for " */
	/* What the client puts together; NULL: only the grammar counts. */
	const char *texts, *calls, *stop, *dropped;
	enum ending ending;
	bool no_usage;
};

#include "translate_stream.rows"

/* ---- feeding ---- */

enum act { GO_ON, DO_CUT, DO_ERROR, DO_PING };

struct fed {
	char out[OUT_MAX], in[OUT_MAX];
	enum ending ending;
	struct grammar g;
	bool is_complete;
	struct kt_translation report;
	enum kt_rc rc;
};

static const struct kt_problem problem = {
	.status = 502,
	.type = "api_error",
	.message = { .ptr = "gone \"away\"", .len = 11 },
};

static void
do_act(struct kt_stream_writer *w, enum act act, struct kt_buf *out)
{
	if (act == DO_CUT)
		ok(kt_stream_write_cut(w, "completion.pii.detected", out) ==
		    KT_OK);
	else if (act == DO_ERROR)
		ok(kt_stream_write_error(w, &problem, out) == KT_OK);
	else if (act == DO_PING)
		ok(kt_stream_write_ping(w, out) == KT_OK);
}

static void
frame_of(char *into, size_t size, enum kt_format f, const char *data)
{
	char name[128] = "";

	if (f != O)
		(void)sscanf(data, "{'type':'%127[^']", name);
	(void)snprintf(into, size, "%s%s%sdata: %s\n\n",
	    name[0] ? "event: " : "", name, name[0] ? "\n" : "", data);
	for (; *into != '\0'; into++)
		if (*into == '\'')
			*into = '"';
}

/* As kt_stream_read would say. */
static enum kt_stream_kind
kind_of(const char *data)
{
	return strstr(data, "'error':") != NULL ? KT_STREAM_ERROR :
	    KT_STREAM_OTHER;
}

/* Acts before event number when; the events behind it still come. */
static void
feed(struct fed *f, const struct script *s, size_t when, enum act act)
{
	struct kt_translate_options o = { .now_s = 1 };
	struct kt_stream_writer *w = kt_stream_writer_new(
	    s->from, s->to, !s->no_usage, &o);
	struct kt_buf out;
	struct kt_err err;
	size_t i;

	*f = (struct fed){ 0 };
	kt_buf_init(&out, OUT_MAX - 1);
	for (i = 0; s->events[i] != NULL && f->rc == KT_OK; i++) {
		char frame[4096];
		struct kt_span data;
		struct kt_json j;
		bool is_json;

		if (i == when)
			do_act(w, act, &out);
		frame_of(frame, sizeof(frame), s->from, s->events[i]);
		data = kt_span_of(strstr(frame, "data: ") + 6);
		data.len -= 2;
		kt_json_init(&j, data.len);
		is_json = kt_json_parse(&j, data, &err) == KT_OK;
		gather(f->in, sizeof(f->in), frame);
		f->rc = kt_stream_write(w, kt_span_of(frame),
		    kind_of(s->events[i]), data,
		    is_json ? &j : NULL, &out, &err);
		kt_json_fini(&j);
	}
	if (i <= when)
		do_act(w, act, &out);
	(void)snprintf(
	    f->out, sizeof(f->out), "%.*s", KT_SPAN_ARG(kt_buf_span(&out)));
	f->ending = judge(&f->g, s->to, kt_buf_span(&out));
	f->is_complete = kt_stream_writer_is_complete(w);
	f->report = *kt_stream_writer_report(w);
	kt_stream_writer_free(&w);
	kt_buf_fini(&out);
}

static size_t
count(const struct script *s)
{
	size_t n = 0;

	while (s->events[n] != NULL)
		n++;
	return n;
}

static bool
is(const char *got, const char *want)
{
	if (want == NULL || strcmp(got, want) == 0)
		return true;
	printf("# got %s want %s\n", got, want);
	return false;
}

static void
check_whole(const struct script *s)
{
	static struct fed f;
	char dropped[256] = "";

	feed(&f, s, SIZE_MAX, GO_ON);
	ok(f.rc == KT_OK);
	if (!ok(f.ending == s->ending))
		printf("# %s: %s\n%s\n", s->name, f.g.why ? f.g.why : "ended so",
		    f.out);
	ok(is(f.g.texts, s->texts) && is(f.g.calls, s->calls) &&
	    is(f.g.stop, s->stop));
	ok(f.is_complete == (s->ending == ENDED || s->ending == CUT));
	ok(s->from != s->to || strcmp(f.in, f.out) == 0);
	for (unsigned i = 0; i < f.report.ndropped; i++) {
		char one[64];

		(void)snprintf(one, sizeof(one), "%s%.*s", i > 0 ? "," : "",
		    KT_SPAN_ARG(f.report.dropped[i]));
		gather(dropped, sizeof(dropped), one);
	}
	ok(is(dropped, s->dropped));
}

/* Wherever it is cut, broken or pinged, the client can read it. */
static void
check_everywhere(const struct script *s)
{
	static struct fed f;

	for (size_t when = 0; when <= count(s); when++) {
		bool is_over = when == count(s);

		feed(&f, s, when, DO_CUT);
		if (!ok(f.ending == (is_over ? s->ending : CUT) ||
			(f.ending == FAILED &&
			    (strstr(f.out, "thinking") != NULL ||
				(s->to == O && f.g.is_finished)))))
			printf("# %s cut before %zu: %s\n%s\n", s->name, when,
			    f.g.why ? f.g.why : "", f.out);
		ok(is_over || !f.is_complete);
		feed(&f, s, when, DO_ERROR);
		if (!ok(f.ending == (is_over ? s->ending : FAILED)))
			printf("# %s broken before %zu: %s\n%s\n", s->name,
			    when, f.g.why ? f.g.why : "", f.out);
		ok(is_over || !f.is_complete);
		feed(&f, s, when, DO_PING);
		if (!ok(f.ending == s->ending))
			printf("# %s pinged before %zu: %s\n%s\n", s->name,
			    when, f.g.why ? f.g.why : "", f.out);
		ok(is_over || f.g.npings >= 1);
		ok(is(f.g.texts, s->texts) && is(f.g.calls, s->calls));
	}
}

static void
every_script_says_the_same_to_the_client(void)
{
	for (size_t i = 0; i < KT_NELEMS(scripts); i++)
		check_whole(&scripts[i]);
}

static void
cuts_errors_and_pings_are_valid_at_every_event(void)
{
	for (size_t i = 0; i < KT_NELEMS(scripts); i++)
		check_everywhere(&scripts[i]);
}

/* ---- details ---- */

static const struct script *
script(const char *name)
{
	for (size_t i = 0; i < KT_NELEMS(scripts); i++)
		if (strcmp(scripts[i].name, name) == 0)
			return &scripts[i];
	KT_BUG("no such script");
}

static void
worked_example_byte_for_byte(void)
{
	static struct fed f;
	static char want[OUT_MAX];
	const char *head =
	    "{'id':'chatcmpl-01A','object':'chat.completion.chunk',"
	    "'created':1,'model':'claude-x','choices':[";
	const char *const chunks[] = {
		"{'index':0,'delta':{'role':'assistant','content':''},'finish_reason':null}]}",
		"{'index':0,'delta':{'content':'Checking'},'finish_reason':null}]}",
		"ping",
		"{'index':0,'delta':{'tool_calls':[{'index':0,'id':'toolu_9','type':'function','function':{'name':'get_weather','arguments':''}}]},'finish_reason':null}]}",
		"{'index':0,'delta':{'tool_calls':[{'index':0,'function':{'arguments':'{\\'city\\':'}}]},'finish_reason':null}]}",
		"{'index':0,'delta':{'tool_calls':[{'index':0,'function':{'arguments':'\\'Paris\\'}'}}]},'finish_reason':null}]}",
		"{'index':0,'delta':{},'finish_reason':'tool_calls'}]}",
		"],'usage':{'prompt_tokens':112,'completion_tokens':40,'total_tokens':152,'prompt_tokens_details':{'cached_tokens':100}}}",
	};

	want[0] = '\0';
	for (size_t i = 0; i < KT_NELEMS(chunks); i++) {
		if (strcmp(chunks[i], "ping") == 0) {
			gather(want, sizeof(want), ": ping\n\n");
			continue;
		}
		gather(want, sizeof(want), "data: ");
		gather(want, sizeof(want), head);
		gather(want, sizeof(want), chunks[i]);
		gather(want, sizeof(want), "\n\n");
	}
	gather(want, sizeof(want), "data: [DONE]\n\n");
	for (char *c = want; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	feed(&f, script("text_then_call"), SIZE_MAX, GO_ON);
	if (!ok(strcmp(f.out, want) == 0))
		printf("# got\n%s\n# want\n%s\n", f.out, want);
}

static void
worked_example_in_reverse(void)
{
	static struct fed f;
	static const char *const marks[] = {
		"event: message_start\n", "\"id\":\"msg_01A\"",
		"\"content_block\":{\"type\":\"text\",\"text\":\"\"}",
		"\"delta\":{\"type\":\"text_delta\",\"text\":\"Checking\"}",
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}",
		"{\"type\":\"tool_use\",\"id\":\"toolu_9\",\"name\":\"get_weather\",\"input\":{}}",
		"\"partial_json\":\"{\\\"city\\\":\"",
		"\"partial_json\":\"\\\"Paris\\\"}\"",
		"\"index\":1}\n\nevent: message_delta",
		"\"stop_reason\":\"tool_use\"",
		"\"usage\":{\"input_tokens\":12,\"output_tokens\":40,\"cache_read_input_tokens\":100",
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	};
	const char *from = f.out;

	feed(&f, script("chunks_text_then_call"), SIZE_MAX, GO_ON);
	for (size_t i = 0; i < KT_NELEMS(marks); i++) {
		const char *hit = strstr(from, marks[i]);

		if (!ok(hit != NULL)) {
			printf("# %s\n%s\n", marks[i], f.out);
			return;
		}
		from = hit + strlen(marks[i]);
	}
	ok(*from == '\0');
}

static void
cut_says_the_reason_code(void)
{
	static struct fed f;

	feed(&f, script("anthropic_untouched"), 4, DO_CUT);
	ok(strstr(f.out, "\"stop_reason\":\"policy_block\"") != NULL);
	ok(strstr(f.out, "{\"type\":\"message_stop\",\"policy_reason_code\":"
			 "\"completion.pii.detected\"}") != NULL);
	feed(&f, script("responses_untouched"), 2, DO_CUT);
	ok(strstr(f.out, "\"incomplete_details\":{\"reason\":"
			 "\"content_filter\"}") != NULL);
	ok(strstr(f.out, "\"id\":\"resp_1\"") != NULL);
}

static void
cut_response_ends_its_message_and_repeats_its_items(void)
{
	static struct fed f;
	static const char *const marks[] = {
		"event: response.output_text.done\ndata: {\"type\":"
		"\"response.output_text.done\",\"sequence_number\":6,"
		"\"item_id\":\"ms\",\"output_index\":1,\"content_index\":0,"
		"\"text\":\"a\\n\"",
		"event: response.content_part.done\n",
		"event: response.output_item.done\n",
		"\"status\":\"incomplete\",\"role\":\"assistant\"",
		"event: response.incomplete\n",
		"\"output\":[{\"id\":\"fc\"",
		",{\"id\":\"ms\",\"type\":\"message\",\"status\":"
		"\"incomplete\",\"role\":\"assistant\",\"content\":[{"
		"\"type\":\"output_text\",\"text\":\"a\\n\"",
	};
	const char *from = f.out;

	feed(&f, script("responses_of_some_items"), 6, DO_CUT);
	for (size_t i = 0; i < KT_NELEMS(marks); i++) {
		const char *hit = strstr(from, marks[i]);

		if (!ok(hit != NULL)) {
			printf("# %s\n%s\n", marks[i], f.out);
			return;
		}
		from = hit + strlen(marks[i]);
	}
	/* Who sees the end of a call might run it. */
	feed(&f, script("responses_of_some_items"), 2, DO_CUT);
	ok(strstr(f.out, "output_item.done") == NULL);
}

/* No unsigned block may be left: its end cannot be had. */
static void
cut_inside_thinking_is_an_error(void)
{
	static struct fed f;

	for (size_t when = 9; when <= 11; when++) {
		feed(&f, script("anthropic_untouched"), when, DO_CUT);
		ok(f.ending == FAILED);
	}
	feed(&f, script("anthropic_untouched"), 12, DO_CUT);
	ok(f.ending == CUT);
}

/* What was held back in another call's favour is not released by an end. */
static void
waiting_calls_die_with_a_cut(void)
{
	static struct fed f;

	feed(&f, script("interleaved_calls_are_put_in_order"), 5, DO_CUT);
	ok(f.ending == CUT);
	ok(strcmp(f.g.stop, "policy_block") == 0);
	ok(strstr(f.out, "\"b\"") == NULL);
}

static void
call_is_streamed_once_the_one_before_is_whole(void)
{
	static struct fed f;
	struct script s = *script("calls_one_after_the_other");

	s.events[4] = NULL; /* no finish yet */
	feed(&f, &s, SIZE_MAX, GO_ON);
	ok(f.ending == OPEN && strstr(f.out, "\"b\"") != NULL);
	ok(strstr(f.out, "\\\"x\\\"") != NULL);
}

static void
arguments_put_into_an_object_are_told(void)
{
	static struct fed f;

	feed(&f, script("arguments_without_an_object_go_into_one"), SIZE_MAX,
	    GO_ON);
	ok(f.report.napproximated == 1 &&
	    kt_span_eq(f.report.approximated[0],
		KT_SPAN("tool_calls.arguments")));
}

static void
broken_order_of_the_upstream_is_refused(void)
{
	static const struct script bad[] = {
		{ "no_finish", O, A, { ROLE, "[DONE]" }, 0, 0, 0, 0, 0, 0 },
		{ "late_text", O, A, { ROLE, LAST("stop"), CHUNK("'content':'a'") },
		    0, 0, 0, 0, 0, 0 },
		{ "call_without_name", O, A,
		    { CHUNK("'tool_calls':[{'index':0,'id':'a'}]"), LAST("stop") },
		    0, 0, 0, 0, 0, 0 },
		{ "late_piece", O, A,
		    { FIRST(0, "a", "{}"), FIRST(1, "b", "{}"),
			PIECE(0, "", ",1") }, 0, 0, 0, 0, 0, 0 },
		{ "piece_behind_text", O, A,
		    { FIRST(0, "a", "{"), CHUNK("'content':'t'"),
			PIECE(0, "", "}") }, 0, 0, 0, 0, 0, 0 },
		{ "no_stop", A, O, { START, STOP }, 0, 0, 0, 0, 0, 0 },
		{ "no_start", A, O, { TEXT_BLOCK(0) }, 0, 0, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		static struct fed f;

		feed(&f, &bad[i], SIZE_MAX, GO_ON);
		if (!ok(f.rc == KT_E_PARSE))
			printf("# %s\n%s\n", bad[i].name, f.out);
		ok(f.ending == OPEN || f.out[0] == '\0');
		/* And can still be ended. */
		feed(&f, &bad[i], count(&bad[i]) - 1, DO_ERROR);
		ok(f.ending == FAILED);
	}
}

/* One more call than KT_STREAM_CALLS_MAX. */
static void
calls_are_bounded(void)
{
	struct kt_translate_options o = { 0 };
	struct kt_stream_writer *w = kt_stream_writer_new(O, A, false, &o);
	enum kt_rc rc = KT_OK;
	unsigned n = 0;

	for (; n <= KT_STREAM_CALLS_MAX && rc == KT_OK; n++) {
		char data[256];
		struct kt_json j;
		struct kt_buf out;
		struct kt_err err;

		(void)snprintf(data, sizeof(data),
		    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%u,"
		    "\"id\":\"c%u\",\"function\":{\"name\":\"f\"}}]}}]}", n, n);
		kt_buf_init(&out, OUT_MAX);
		kt_json_init(&j, sizeof(data));
		ok(kt_json_parse(&j, kt_span_of(data), &err) == KT_OK);
		rc = kt_stream_write(w, KT_SPAN(""), KT_STREAM_OTHER,
		    kt_span_of(data), &j, &out, &err);
		kt_json_fini(&j);
		kt_buf_fini(&out);
	}
	ok(rc == KT_E_LIMIT && n == KT_STREAM_CALLS_MAX + 1);
	kt_stream_writer_free(&w);
}

/* A script whose request said something; what came out is in OUT. */
static void
answer(const struct script *s, const struct kt_translation *request,
    struct grammar *g, char *text)
{
	struct kt_translate_options o = { .request = request };
	struct kt_stream_writer *w = kt_stream_writer_new(A, O, false, &o);
	struct kt_buf out;

	kt_buf_init(&out, OUT_MAX - 1);
	for (size_t i = 0; s->events[i] != NULL; i++) {
		char frame[4096];
		struct kt_span data;
		struct kt_json j;
		struct kt_err err;

		frame_of(frame, sizeof(frame), A, s->events[i]);
		data = kt_span_of(strstr(frame, "data: ") + 6);
		data.len -= 2;
		kt_json_init(&j, data.len);
		ok(kt_json_parse(&j, data, &err) == KT_OK);
		ok(kt_stream_write(w, data, KT_STREAM_OTHER, data, &j, &out,
		       &err) == KT_OK);
		kt_json_fini(&j);
	}
	ok(judge(g, O, kt_buf_span(&out)) == ENDED);
	(void)snprintf(
	    text, OUT_MAX, "%.*s", KT_SPAN_ARG(kt_buf_span(&out)));
	kt_stream_writer_free(&w);
	kt_buf_fini(&out);
}

static void
call_of_a_custom_tool_is_unwrapped(void)
{
	static const struct script s = { "custom", A, O,
		{ START, BLOCK(0, "{'type':'tool_use','id':'t','name':'c','input':{}}"),
		    JSON(0, "{\\'inp"), JSON(0, "ut\\': \\'a\\\\nb\\'}"),
		    STOP_BLOCK(0), FINISH("tool_use", ""), STOP },
		0, 0, 0, 0, 0, 0 };
	static char text[OUT_MAX];
	struct kt_span names[] = { KT_SPAN("c") };
	struct kt_translation request = {
		.custom_tools = names,
		.ncustom_tools = 1,
	};
	struct grammar g;

	answer(&s, &request, &g, text);
	ok(is(g.calls, "t=ca\nb"));
}

static void
call_of_a_deprecated_function_is_said_in_its_way(void)
{
	static const struct script s = { "functions", A, O,
		{ START, BLOCK(0, "{'type':'tool_use','id':'t','name':'f','input':{}}"),
		    JSON(0, "{\\'a\\':1}"), STOP_BLOCK(0),
		    CALL_BLOCK(1, "u"), JSON(1, "{}"), STOP_BLOCK(1),
		    FINISH("tool_use", ""), STOP },
		0, 0, 0, 0, 0, 0 };
	static char text[OUT_MAX];
	struct kt_translation request = { .has_functions = true };
	struct grammar g;

	answer(&s, &request, &g, text);
	ok(is(g.stop, "function_call") && is(g.calls, ""));
	ok(strstr(text, "\"delta\":{\"function_call\":{\"name\":\"f\","
			"\"arguments\":\"\"}}") != NULL);
	ok(strstr(text, "\"delta\":{\"function_call\":{\"arguments\":"
			"\"{\\\"a\\\":1}\"}}") != NULL);
	ok(strstr(text, "get_weather") == NULL);
}

int
main(void)
{
	RUN(every_script_says_the_same_to_the_client);
	RUN(cuts_errors_and_pings_are_valid_at_every_event);
	RUN(worked_example_byte_for_byte);
	RUN(worked_example_in_reverse);
	RUN(cut_says_the_reason_code);
	RUN(cut_response_ends_its_message_and_repeats_its_items);
	RUN(cut_inside_thinking_is_an_error);
	RUN(waiting_calls_die_with_a_cut);
	RUN(call_is_streamed_once_the_one_before_is_whole);
	RUN(arguments_put_into_an_object_are_told);
	RUN(broken_order_of_the_upstream_is_refused);
	RUN(calls_are_bounded);
	RUN(call_of_a_custom_tool_is_unwrapped);
	RUN(call_of_a_deprecated_function_is_said_in_its_way);
	return done();
}
