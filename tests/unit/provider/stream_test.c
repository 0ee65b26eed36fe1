/*
 * What each event says, and which streams are refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/stream.h"
#include "tests/unit/provider/indexed.h"
#include "tests/unit/tap.h"

struct read {
	struct indexed x;
	struct kt_stream_event ev;
	struct kt_arena *mem;
	enum kt_rc rc;
	bool has_index;
};

static void
read_event(struct read *e, struct kt_stream_reader *r, const char *name,
    const char *data)
{
	struct kt_err err = { 0 };

	*e = (struct read){ .mem = kt_arena_new(1 << 20) };
	e->has_index = data[0] == '{' || data[0] == '"' ||
	    (data[0] == '[' && strcmp(data, "[DONE]") != 0);
	e->x.text = kt_span_of(data);
	if (e->has_index)
		index_text(&e->x, kt_span_of(data));
	e->rc = kt_stream_read(r, kt_span_of(name), kt_span_of(data),
	    e->has_index ? &e->x.json : NULL, e->mem, &e->ev, &err);
	if (e->rc < 0)
		ok(err.rc == e->rc && e->ev.nparts == 0);
}

static void
drop(struct read *e)
{
	if (e->has_index)
		kt_json_fini(&e->x.json);
	kt_arena_free(&e->mem);
}

/* Each string of the event is one part, in document order. */
static bool
holds_part_law(const struct read *e)
{
	size_t at = 0;

	if (!e->has_index)
		return e->ev.nparts == 0;
	for (uint32_t n = 1; n < e->x.json.count; n++) {
		if (kt_json_type(&e->x.json, n) != KT_JSON_STRING)
			continue;
		if (at == e->ev.nparts || e->ev.parts[at].node != n)
			return false;
		if ((e->ev.parts[at].kind == KT_PART_DELTA) &&
		    e->ev.parts[at].block == 0)
			return false;
		at++;
	}
	return at == e->ev.nparts;
}

/* ---- scripts: a stream in lines, and where it is refused ---- */

struct line {
	const char *name, *data;
	enum kt_stream_kind kind;
};
/* Index of the line that was refused, or n. */
static size_t
play(enum kt_format format, const struct line *lines, size_t n)
{
	struct kt_stream_reader r;
	size_t bad = n;

	kt_stream_reader_init(&r, format);
	for (size_t i = 0; i < n; i++) {
		struct read e;

		read_event(&e, &r, lines[i].name, lines[i].data);
		if (e.rc < 0 && bad == n)
			bad = i;
		/* Once refused, always refused. */
		ok((e.rc < 0) == (bad < n));
		if (e.rc == KT_OK) {
			if (!ok(e.ev.kind == lines[i].kind))
				printf("# line %zu: kind %d\n", i,
				    (int)e.ev.kind);
			ok(holds_part_law(&e));
		}
		drop(&e);
	}
	return bad;
}
#define PLAY(format, lines) \
	play(KT_FORMAT_##format, lines, KT_NELEMS(lines))
#define A(type, rest, kind) \
	{ type, "{\"type\":\"" type "\"" rest "}", KT_STREAM_##kind }
#define START \
	A("message_start", \
	    ",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"content\":[]," \
	    "\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}", START)
#define OPEN(i) \
	A("content_block_start", ",\"index\":" i \
	    ",\"content_block\":{\"type\":\"text\",\"text\":\"\"}", BLOCK_START)
#define TEXT(i) \
	A("content_block_delta", ",\"index\":" i \
	    ",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}", DELTA)
#define CLOSE(i) A("content_block_stop", ",\"index\":" i, BLOCK_STOP)
#define FINISH \
	A("message_delta", ",\"delta\":{\"stop_reason\":\"end_turn\"}," \
	    "\"usage\":{\"output_tokens\":5}", FINISH)
#define STOP A("message_stop", "", STOP)
#define PING A("ping", "", PING)

static void
a_whole_anthropic_stream_is_read(void)
{
	static const struct line lines[] = { PING, START, PING, OPEN("0"),
		TEXT("0"), PING, A("content_block_delta", ",\"index\":0,\"delta"
		"\":{\"type\":\"new_delta\",\"x\":[\"y\"]}", OTHER), CLOSE("0"),
		A("surprise", ",\"a\":\"b\"", OTHER), OPEN("1"), CLOSE("1"),
		FINISH, STOP, PING, A("error", ",\"error\":{\"message\":\"m\"}",
		ERROR) };

	ok(PLAY(ANTHROPIC, lines) == KT_NELEMS(lines));
}

static void
streams_that_break_the_grammar_are_refused(void)
{
	static const struct {
		struct line lines[8];
		size_t n, bad;
	} streams[] = {
		{ { OPEN("0") }, 1, 0 },
		{ { TEXT("0") }, 1, 0 },
		{ { FINISH }, 1, 0 },
		{ { STOP }, 1, 0 },
		{ { START, START }, 2, 1 },
		{ { START, TEXT("0") }, 2, 1 },
		{ { START, CLOSE("0") }, 2, 1 },
		{ { START, OPEN("0"), OPEN("1") }, 3, 2 },
		{ { START, OPEN("0"), TEXT("1") }, 3, 2 },
		{ { START, OPEN("0"), CLOSE("1") }, 3, 2 },
		{ { START, OPEN("0"), CLOSE("0"), TEXT("0") }, 4, 3 },
		{ { START, OPEN("0"), CLOSE("0"), OPEN("0") }, 4, 3 },
		{ { START, OPEN("0"), FINISH }, 3, 2 },
		{ { START, STOP }, 2, 1 },
		{ { START, FINISH, OPEN("0") }, 3, 2 },
		{ { START, FINISH, STOP, TEXT("0") }, 4, 3 },
		{ { START, FINISH, STOP, A("surprise", "", OTHER) }, 4, 3 },
		{ { START, FINISH, STOP, STOP, PING }, 5, 3 },
		{ { START, A("error", "", ERROR), OPEN("0") }, 3, 2 },
		{ { START, { "ping", "{\"type\":\"message_stop\"}", 0 } }, 2, 1 },
		{ { START, { "", "[]", 0 } }, 2, 1 },
		{ { START, { "", "[DONE]", 0 } }, 2, 1 },
		{ { START, { "", "nonsense", 0 } }, 2, 1 },
		{ { START, OPEN("-1") }, 2, 1 },
		{ { START, A("content_block_start", ",\"index\":0", OTHER) }, 2, 1 },
		{ { A("message_start", "", OTHER) }, 1, 0 },
	};

	for (size_t i = 0; i < KT_NELEMS(streams); i++) {
		size_t bad = play(
		    KT_FORMAT_ANTHROPIC, streams[i].lines, streams[i].n);

		if (!ok(bad == streams[i].bad))
			printf("# stream %zu broke at %zu\n", i, bad);
	}
}

/* The part of the string at pointer in the last event read. */
static struct kt_part
part_at(const struct read *e, const char *pointer)
{
	for (size_t i = 0; i < e->ev.nparts; i++)
		if (e->ev.parts[i].node == at(&e->x, pointer))
			return e->ev.parts[i];
	ok(!"the part is there");
	return (struct kt_part){ 0 };
}

static struct kt_part
read_part(struct kt_stream_reader *r, const char *data, const char *pointer)
{
	struct read e;
	struct kt_part p;

	read_event(&e, r, "", data);
	ok(e.rc == KT_OK && holds_part_law(&e));
	p = part_at(&e, pointer);
	drop(&e);
	return p;
}

#define MESSAGE_START "{\"type\":\"message_start\",\"message\":{}}"
#define DELTA(i, what) \
	"{\"type\":\"content_block_delta\",\"index\":" i ",\"delta\":{" what "}}"
#define BLOCK(i, what) \
	"{\"type\":\"content_block_start\",\"index\":" i \
	",\"content_block\":{" what "}}"
#define BLOCK_END(i) "{\"type\":\"content_block_stop\",\"index\":" i "}"

static void
skip(struct kt_stream_reader *r, const char *data)
{
	struct read e;

	read_event(&e, r, "", data);
	ok(e.rc == KT_OK);
	drop(&e);
}

static void
pieces_of_one_block_share_its_key(void)
{
	struct kt_stream_reader r;
	struct kt_part a, b, c;

	kt_stream_reader_init(&r, KT_FORMAT_ANTHROPIC);
	skip(&r, MESSAGE_START);
	a = read_part(&r, BLOCK("0", "\"type\":\"text\",\"text\":\"a\""),
	    "/content_block/text");
	b = read_part(&r, DELTA("0", "\"type\":\"text_delta\",\"text\":\"b\""),
	    "/delta/text");
	ok(a.kind == KT_PART_DELTA && b.kind == KT_PART_DELTA);
	ok(a.block == b.block && a.component == KT_COMPONENT_COMPLETION);
	/* A delta nobody knows still grows, apart from the text. */
	a = read_part(&r, DELTA("0", "\"type\":\"new\",\"w\":\"b\""),
	    "/delta/w");
	c = read_part(&r, DELTA("0", "\"w\":\"b\",\"type\":\"new\""),
	    "/delta/w");
	ok(a.kind == KT_PART_DELTA && a.block == c.block);
	ok(a.block != b.block);
	skip(&r, BLOCK_END("0"));
	skip(&r, BLOCK("1", "\"type\":\"tool_use\",\"name\":\"t\","
	    "\"input\":{}"));
	c = read_part(&r,
	    DELTA("1", "\"type\":\"input_json_delta\",\"partial_json\":\"{\""),
	    "/delta/partial_json");
	ok(c.kind == KT_PART_DELTA && c.component == KT_COMPONENT_TOOL_USE);
	ok(c.block != b.block);
	skip(&r, BLOCK_END("1"));
	skip(&r, BLOCK("2", "\"type\":\"thinking\",\"thinking\":\"\""));
	a = read_part(&r,
	    DELTA("2", "\"type\":\"thinking_delta\",\"thinking\":\"h\""),
	    "/delta/thinking");
	ok(a.kind == KT_PART_SIGNED && a.block != 0);
	b = read_part(&r,
	    DELTA("2", "\"type\":\"signature_delta\",\"signature\":\"s\""),
	    "/delta/signature");
	ok(b.kind == KT_PART_FIXED);
	skip(&r, BLOCK_END("2"));
	a = read_part(&r, BLOCK("3", "\"type\":\"web_search_tool_result\","
	    "\"content\":[{\"type\":\"text\",\"text\":\"w\"}]"),
	    "/content_block/content/0/text");
	ok(a.kind == KT_PART_WHOLE && a.block == 0);
	ok(a.component == KT_COMPONENT_TOOL_RESULTS);
}

static void
usage_is_that_of_the_answer_so_far(void)
{
	static const struct line lines[] = { START, FINISH };
	struct kt_stream_reader r;
	struct read e;

	kt_stream_reader_init(&r, KT_FORMAT_ANTHROPIC);
	read_event(&e, &r, lines[0].name, lines[0].data);
	ok(kt_span_eq(e.ev.facts.id, KT_SPAN("msg_1")));
	ok(e.ev.facts.usage.is_known && e.ev.facts.usage.input == 9);
	drop(&e);
	read_event(&e, &r, "ping", "{}");
	ok(!e.ev.facts.usage.is_known);
	drop(&e);
	read_event(&e, &r, lines[1].name, lines[1].data);
	ok(e.ev.facts.usage.is_known && e.ev.facts.usage.input == 9 &&
	    e.ev.facts.usage.output == 5);
	ok(kt_span_eq(e.ev.facts.stop_reason, KT_SPAN("end_turn")));
	drop(&e);
}

/* ---- OpenAI ---- */

#define CHUNK(choices) "{\"id\":\"c\",\"choices\":[" choices "]}"
#define CHOICE(i, delta, reason) \
	"{\"index\":" i ",\"delta\":{" delta "},\"finish_reason\":" reason "}"

static void
choices_and_calls_are_kept_apart(void)
{
	struct kt_stream_reader r;
	struct read e;
	uint64_t first, second;

	kt_stream_reader_init(&r, KT_FORMAT_OPENAI);
	read_event(&e, &r, "",
	    CHUNK(CHOICE("0", "\"content\":\"a\"", "null") "," CHOICE("1",
		"\"content\":\"b\",\"refusal\":\"c\"", "null")));
	ok(e.rc == KT_OK && holds_part_law(&e));
	ok(e.ev.kind == KT_STREAM_START);
	first = part_at(&e, "/choices/0/delta/content").block;
	second = part_at(&e, "/choices/1/delta/content").block;
	ok(first != second && first != 0);
	ok(part_at(&e, "/choices/1/delta/refusal").block != second);
	drop(&e);
	read_event(&e, &r, "",
	    CHUNK(CHOICE("0", "\"tool_calls\":[{\"index\":0,\"function\":{"
	    "\"name\":\"n\",\"arguments\":\"x\"}},{\"index\":1,\"function\":{"
	    "\"arguments\":\"y\"}},{\"index\":-1,\"function\":{"
	    "\"arguments\":\"z\"}}]", "null")));
	ok(e.rc == KT_OK && e.ev.kind == KT_STREAM_DELTA);
	ok(part_at(&e, "/choices/0/delta/tool_calls/0/function/arguments").block !=
	    part_at(&e, "/choices/0/delta/tool_calls/1/function/arguments").block);
	ok(part_at(&e, "/choices/0/delta/tool_calls/2/function/arguments").kind ==
	    KT_PART_DELTA);
	ok(part_at(&e, "/choices/0/delta/tool_calls/0/function/name").kind ==
	    KT_PART_FIXED);
	drop(&e);
	/* One of two finishes: only its own texts end. */
	read_event(&e, &r, "", CHUNK(CHOICE("0", "", "\"stop\"")));
	ok(e.rc == KT_OK && e.ev.kind == KT_STREAM_FINISH && !e.ev.ends_all);
	ok(e.ev.nended == 5 && e.ev.ended[0] == first);
	for (size_t i = 0; i < e.ev.nended; i++)
		ok(e.ev.ended[i] != second);
	drop(&e);
	read_event(&e, &r, "", CHUNK(CHOICE("1", "", "\"length\"")));
	ok(e.ev.ends_all && kt_span_eq(e.ev.facts.stop_reason, KT_SPAN("length")));
	drop(&e);
	read_event(&e, &r, "", "{\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
	    "\"completion_tokens\":3,\"prompt_tokens_details\":{"
	    "\"cached_tokens\":4}}}");
	ok(e.ev.facts.usage.is_known && e.ev.facts.usage.input == 6 &&
	    e.ev.facts.usage.cache_read == 4 && e.ev.facts.usage.output == 3);
	drop(&e);
	read_event(&e, &r, "", "[DONE]");
	ok(e.rc == KT_OK && e.ev.kind == KT_STREAM_STOP && e.ev.ends_all);
	drop(&e);
	read_event(&e, &r, "", CHUNK(""));
	ok(e.rc == KT_E_PARSE);
	drop(&e);
}

static void
openai_streams_that_go_on_are_refused(void)
{
	static const struct line late[] = {
		{ "", CHUNK(CHOICE("0", "\"content\":\"a\"", "\"stop\"")),
		    KT_STREAM_FINISH },
		{ "", CHUNK(CHOICE("0", "\"content\":\"\"", "null")),
		    KT_STREAM_OTHER },
		{ "", CHUNK(CHOICE("0", "\"content\":\"b\"", "null")), 0 },
	};
	static const struct line far[] = {
		{ "", CHUNK(CHOICE("128", "\"content\":\"a\"", "null")), 0 },
	};
	static const struct line early[] = { { "", "[DONE]", 0 } };
	static const struct line failed[] = {
		{ "", "{\"error\":{\"message\":\"m\"}}", KT_STREAM_ERROR },
		{ "", CHUNK(CHOICE("0", "", "null")), 0 },
	};

	ok(PLAY(OPENAI, late) == 2);
	ok(KT_STREAM_CHOICES_MAX == 128 && PLAY(OPENAI, far) == 0);
	ok(PLAY(OPENAI, early) == 0);
	ok(PLAY(OPENAI, failed) == 1);
}

static void
obfuscation_is_structure(void)
{
	struct kt_stream_reader r;

	kt_stream_reader_init(&r, KT_FORMAT_OPENAI);
	ok(read_part(&r, "{\"choices\":[],\"obfuscation\":\"xyz\"}",
	       "/obfuscation").kind == KT_PART_FIXED);
}

/* ---- Responses ---- */

#define R(type, rest, kind) \
	{ type, "{\"type\":\"" type "\",\"sequence_number\":1" rest "}", \
	    KT_STREAM_##kind }
#define TEXT_AT ",\"item_id\":\"i\",\"output_index\":0,\"content_index\":0"
#define CREATED R("response.created", ",\"response\":{\"id\":\"r\"}", START)

static void
a_whole_response_is_read(void)
{
	static const struct line lines[] = { CREATED,
		R("response.output_item.added", ",\"item\":{\"type\":"
		"\"message\",\"content\":[]}", BLOCK_START),
		R("response.output_text.delta", TEXT_AT ",\"delta\":\"a\"",
		DELTA),
		R("response.output_text.done", TEXT_AT ",\"text\":\"a\"",
		OTHER),
		R("response.new_thing", ",\"a\":\"b\"", OTHER),
		R("response.output_item.done", ",\"item\":{\"type\":"
		"\"message\",\"content\":[{\"type\":\"output_text\",\"text\":"
		"\"a\"}]}", BLOCK_STOP),
		R("response.completed", ",\"response\":{\"status\":"
		"\"completed\",\"output\":[]}", STOP), { "", "[DONE]",
		KT_STREAM_PING } };
	static const struct line late[] = { CREATED,
		R("response.output_text.delta", TEXT_AT ",\"delta\":\"a\"",
		DELTA),
		R("response.output_text.done", TEXT_AT ",\"text\":\"a\"",
		OTHER),
		R("response.output_text.delta", TEXT_AT ",\"delta\":\"b\"", OTHER) };
	static const struct line after[] = { CREATED,
		R("response.completed", ",\"response\":{}", STOP),
		R("response.output_text.delta", TEXT_AT ",\"delta\":\"b\"", OTHER) };
	static const struct line early[] = {
		R("response.output_text.delta", TEXT_AT ",\"delta\":\"b\"", OTHER) };

	ok(PLAY(RESPONSES, lines) == KT_NELEMS(lines));
	ok(PLAY(RESPONSES, late) == 3);
	ok(PLAY(RESPONSES, after) == 2);
	ok(PLAY(RESPONSES, early) == 0);
}

static void
done_ends_the_text_it_says_again(void)
{
	struct kt_stream_reader r;
	struct read e;
	struct kt_part delta;

	kt_stream_reader_init(&r, KT_FORMAT_RESPONSES);
	skip(&r, "{\"type\":\"response.created\",\"response\":{}}");
	delta = read_part(&r, "{\"type\":\"response.function_call_arguments."
	    "delta\",\"item_id\":\"i\",\"output_index\":1,\"delta\":\"{\"}",
	    "/delta");
	ok(delta.kind == KT_PART_DELTA && delta.block != 0);
	ok(delta.component == KT_COMPONENT_TOOL_USE);
	read_event(&e, &r, "", "{\"type\":\"response.function_call_arguments."
	    "done\",\"item_id\":\"i\",\"output_index\":1,\"arguments\":\"{}\"}");
	ok(e.ev.nended == 1 && e.ev.ended[0] == delta.block);
	ok(part_at(&e, "/arguments").kind == KT_PART_WHOLE);
	ok(part_at(&e, "/arguments").component == KT_COMPONENT_TOOL_USE);
	drop(&e);
	delta = read_part(&r, "{\"type\":\"response.reasoning_summary_text."
	    "delta\",\"item_id\":\"j\",\"delta\":\"h\"}", "/delta");
	ok(delta.kind == KT_PART_SIGNED && delta.block != 0);
	delta = read_part(&r, "{\"type\":\"response.reasoning_summary_text."
	    "done\",\"item_id\":\"j\",\"text\":\"h\"}", "/text");
	ok(delta.kind == KT_PART_SIGNED && delta.block == 0);
}

/* The texts that ended are remembered up to a bound, oldest lost first. */
static void
a_late_piece_is_refused_while_its_text_is_remembered(void)
{
	for (unsigned others = KT_STREAM_ENDED_MAX - 1;
	     others <= KT_STREAM_ENDED_MAX; others++) {
		struct kt_stream_reader r;
		struct read e;
		char data[128];

		kt_stream_reader_init(&r, KT_FORMAT_RESPONSES);
		skip(&r, "{\"type\":\"response.created\",\"response\":{}}");
		for (unsigned i = 0; i <= others; i++) {
			(void)snprintf(data, sizeof(data), "{\"type\":"
			    "\"response.output_text.done\",\"output_index\":%u}",
			    i);
			skip(&r, data);
		}
		read_event(&e, &r, "", "{\"type\":\"response.output_text."
		    "delta\",\"output_index\":0,\"delta\":\"a\"}");
		ok((e.rc == KT_OK) == (others == KT_STREAM_ENDED_MAX));
		drop(&e);
	}
}

static void
calls_beyond_the_bound_end_with_the_stream(void)
{
	for (unsigned i = KT_STREAM_CALLS_MAX - 1; i <= KT_STREAM_CALLS_MAX; i++) {
		struct kt_stream_reader r;
		struct read e;
		char data[256];

		kt_stream_reader_init(&r, KT_FORMAT_OPENAI);
		skip(&r, CHUNK(CHOICE("1", "\"content\":\"a\"", "null")));
		(void)snprintf(data, sizeof(data), CHUNK(CHOICE("0",
		    "\"tool_calls\":[{\"index\":%u,\"function\":{"
		    "\"arguments\":\"x\"}}]", "\"tool_calls\"")), i);
		read_event(&e, &r, "", data);
		ok(e.rc == KT_OK && e.ev.kind == KT_STREAM_FINISH);
		ok(e.ev.nended == (i < KT_STREAM_CALLS_MAX ? i + 4 : 3));
		drop(&e);
	}
}

static void
streams_without_a_format_pass_what_they_are(void)
{
	static const struct line lines[] = {
		{ "x", "{\"type\":\"message_stop\"}", KT_STREAM_OTHER },
		{ "", "plain words", KT_STREAM_OTHER },
		{ "", "[DONE]", KT_STREAM_OTHER },
		{ "", "", KT_STREAM_PING },
		{ "", "\"text\"", KT_STREAM_OTHER },
	};

	ok(PLAY(NONE, lines) == KT_NELEMS(lines));
}

static void
a_full_arena_is_a_limit_and_no_part(void)
{
	struct kt_stream_reader r;
	struct kt_stream_event ev;
	struct kt_err err = { 0 };
	struct indexed x;
	struct kt_arena *mem = kt_arena_new(1);

	index_text(&x, KT_SPAN("{\"choices\":[],\"a\":[\"b\",\"c\"]}"));
	kt_stream_reader_init(&r, KT_FORMAT_OPENAI);
	ok(kt_stream_read(&r, KT_SPAN(""), x.text, &x.json, mem, &ev, &err) ==
	    KT_E_LIMIT);
	ok(ev.nparts == 0 && r.is_broken);
	kt_arena_free(&mem);
	kt_json_fini(&x.json);
}

int
main(void)
{
	RUN(a_whole_anthropic_stream_is_read);
	RUN(streams_that_break_the_grammar_are_refused);
	RUN(pieces_of_one_block_share_its_key);
	RUN(usage_is_that_of_the_answer_so_far);
	RUN(choices_and_calls_are_kept_apart);
	RUN(openai_streams_that_go_on_are_refused);
	RUN(obfuscation_is_structure);
	RUN(a_whole_response_is_read);
	RUN(done_ends_the_text_it_says_again);
	RUN(a_late_piece_is_refused_while_its_text_is_remembered);
	RUN(calls_beyond_the_bound_end_with_the_stream);
	RUN(streams_without_a_format_pass_what_they_are);
	RUN(a_full_arena_is_a_limit_and_no_part);
	return done();
}
