/*
 * answers - one answer in every form in which vendors write it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of what it says each kind is there once at most where a format has one
 * place for it; what a format has no place for is not written.
 */
#ifndef KT_TEST_ANSWERS_H
#define KT_TEST_ANSWERS_H
#include "json/write.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

enum form { ANTHROPIC_WHOLE = 0, ANTHROPIC_STREAM, OPENAI_WHOLE,
	OPENAI_STREAM, RESPONSES_WHOLE, RESPONSES_STREAM, NFORMS };
enum said_kind { SAID_TEXT = 0, SAID_THINKING, SAID_ARGUMENTS, SAID_CITED,
	SAID_REFUSAL, SAID_TRANSCRIPT, SAID_SUMMARY, NSAID };
struct said {
	enum said_kind kind;
	const char *text; /* of arguments: JSON */
};

/* Has the format a place for it? */
static inline bool
can_say(enum form f, enum said_kind kind)
{
	static const bool can[NSAID][NFORMS / 2] = {
		[SAID_TEXT] = { true, true, true },
		[SAID_THINKING] = { true, true, false },
		[SAID_ARGUMENTS] = { true, true, true },
		[SAID_CITED] = { true, true, true },
		[SAID_REFUSAL] = { false, true, true },
		[SAID_TRANSCRIPT] = { false, true, false },
		[SAID_SUMMARY] = { false, false, true } };

	return can[kind][f / 2];
}

/* text from `at`, n bytes of it, as JSON writes it; good for four calls. */
static inline const char *
quoted(const char *text, size_t at, size_t n)
{
	static char kept[4][4096];
	static unsigned next;
	char *to = kept[next++ % KT_NELEMS(kept)];
	struct kt_buf b;

	kt_buf_init(&b, sizeof(kept[0]) - 1);
	ok(kt_json_write_escaped(
	       &b, kt_span_sub(kt_span_of(text), at, n)) == KT_OK);
	copy_word(to, sizeof(kept[0]), kt_buf_span(&b));
	kt_buf_fini(&b);
	return to;
}

/* Two pieces of each text, or where it is told whole only all of it. */
#define EACH_PIECE(text, at, n) \
	for (size_t at = 0, n = (strlen(text) + 1) / 2; \
	     at < strlen(text); at += n)

static inline void
put(struct kt_buf *b, const char *s)
{
	keep(b, kt_span_of(s));
}

/* row with text in the place of its %s. */
static inline void
put_row(struct kt_buf *b, const char *row, const char *text)
{
	const char *at = strstr(row, "%s");

	keep(b, (struct kt_span){ row, (size_t)(at - row) });
	put(b, text);
	put(b, at + 2);
}

static inline void
put_anthropic(struct kt_buf *b, const struct said *v, size_t n)
{
	static const char *const rows[NSAID] = {
		[SAID_TEXT] = "{\"type\":\"text\",\"text\":\"%s\"}",
		[SAID_THINKING] = "{\"type\":\"thinking\",\"thinking\":\"%s\","
		    "\"signature\":\"c2lnbmVk\"}",
		[SAID_CITED] = "{\"type\":\"text\",\"text\":\"so\",\"citations\":"
		    "[{\"type\":\"char_location\",\"cited_text\":\"%s\","
		    "\"document_index\":0}]}",
		[SAID_ARGUMENTS] = "{\"type\":\"tool_use\",\"id\":\"t\","
		    "\"name\":\"n\",\"input\":%s}" };

	put(b, "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"m\",\"content\":[");
	for (size_t i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		put_row(b, rows[v[i].kind], v[i].kind == SAID_ARGUMENTS ?
		        v[i].text : quoted(v[i].text, 0, SIZE_MAX));
	}
	put(b, "],\"stop_reason\":\"end_turn\",\"usage\":"
	    "{\"input_tokens\":3,\"output_tokens\":5}}");
}

static inline void
put_anthropic_stream(struct kt_buf *b, const struct said *v, size_t n)
{
	static const char *const begin[NSAID] = {
		[SAID_TEXT] = "{\"type\":\"text\",\"text\":\"\"}",
		[SAID_THINKING] = "{\"type\":\"thinking\",\"thinking\":\"\"}",
		[SAID_CITED] = "{\"type\":\"text\",\"text\":\"so\"}",
		[SAID_ARGUMENTS] = ("{\"type\":\"tool_use\",\"id\":\"t\","
		    "\"name\":\"n\",\"input\":{}}") };
	static const char *const delta[NSAID] = {
		[SAID_TEXT] = "\"type\":\"text_delta\",\"text\":\"%s\"",
		[SAID_THINKING] =
		    "\"type\":\"thinking_delta\",\"thinking\":\"%s\"",
		[SAID_CITED] = ("\"type\":\"citations_delta\",\"citation\":"
		    "{\"type\":\"char_location\",\"cited_text\":\"%s\"}"),
		[SAID_ARGUMENTS] =
		    "\"type\":\"input_json_delta\",\"partial_json\":\"%s\"" };

	put(b, MESSAGE_START);
	for (size_t i = 0; i < n; i++) {
		ok(kt_buf_printf(b, BLOCK_START("%zu", "%s"), i,
		       begin[v[i].kind]) == KT_OK);
		EACH_PIECE(v[i].text, at, len) {
			len = v[i].kind == SAID_CITED ? SIZE_MAX / 2 : len;
			ok(kt_buf_printf(b, "event: content_block_delta\ndata: "
			    "{\"type\":\"content_block_delta\",\"index\":%zu,"
			    "\"delta\":{", i) == KT_OK);
			put_row(b, delta[v[i].kind],
			    quoted(v[i].text, at, len));
			put(b, "}}\n\n");
		}
		ok(kt_buf_printf(b, BLOCK_STOP("%zu"), i) == KT_OK);
	}
	put(b, MESSAGE_END);
}

#define CITATION(text) \
	"\"annotations\":[{\"type\":\"url_citation\",\"url_citation\":" \
	"{\"url\":\"https://a.example/\",\"title\":\"" text "\"}}]"

static inline void
put_openai(struct kt_buf *b, const struct said *v, size_t n)
{
	static const char *const rows[NSAID] = {
		[SAID_TEXT] = "\"content\":\"%s\"",
		[SAID_THINKING] = "\"reasoning_content\":\"%s\"",
		[SAID_CITED] = CITATION("%s"),
		[SAID_REFUSAL] = "\"refusal\":\"%s\"",
		[SAID_TRANSCRIPT] = ("\"audio\":{\"id\":\"a\",\"data\":\"\","
		    "\"expires_at\":1,\"transcript\":\"%s\"}"),
		[SAID_ARGUMENTS] = "\"tool_calls\":[{\"id\":\"t\",\"type\":"
		    "\"function\",\"function\":{\"name\":\"n\",\"arguments\":"
		    "\"%s\"}}]" };

	put(b, "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
	    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"
	    "\"role\":\"assistant\"");
	for (size_t i = 0; i < n; i++) {
		put(b, ",");
		put_row(b, rows[v[i].kind], quoted(v[i].text, 0, SIZE_MAX));
	}
	put(b, "},\"finish_reason\":\"stop\"}]}");
}

static inline void
put_openai_stream(struct kt_buf *b, const struct said *v, size_t n)
{
	static const char *const rows[NSAID] = {
		[SAID_TEXT] = "\"content\":\"%s\"",
		[SAID_THINKING] = "\"reasoning_content\":\"%s\"",
		[SAID_CITED] = CITATION("%s"),
		[SAID_REFUSAL] = "\"refusal\":\"%s\"",
		[SAID_TRANSCRIPT] = "\"audio\":{\"transcript\":\"%s\"}",
		[SAID_ARGUMENTS] = "\"tool_calls\":[{\"index\":0,\"function\":"
		    "{\"arguments\":\"%s\"}}]" };

	put(b, CHUNK("{\"role\":\"assistant\"}", "null"));
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == SAID_ARGUMENTS)
			put(b, CHUNK("{\"tool_calls\":[{\"index\":0,\"id\":\"t\","
			    "\"type\":\"function\",\"function\":{\"name\":\"n\","
			    "\"arguments\":\"\"}}]}", "null"));
		EACH_PIECE(v[i].text, at, len) {
			len = v[i].kind == SAID_CITED ? SIZE_MAX / 2 : len;
			put(b, "data: {\"id\":\"c\",\"object\":"
			    "\"chat.completion.chunk\",\"created\":1,\"model\":"
			    "\"m\",\"choices\":[{\"index\":0,\"delta\":{");
			put_row(b, rows[v[i].kind], quoted(v[i].text, at, len));
			put(b, "},\"finish_reason\":null}]}\n\n");
		}
	}
	put(b, CHUNK("{}", "\"stop\"") CHUNK_DONE);
}

/* An item of the output, as it is at its end. */
static inline void
put_item(struct kt_buf *b, const struct said *s)
{
	static const char *const rows[NSAID] = {
		[SAID_TEXT] = "{\"id\":\"i\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"content\":[{\"type\":\"output_text\","
		    "\"text\":\"%s\",\"annotations\":[]}]}",
		[SAID_CITED] = "{\"id\":\"i\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"content\":[{\"type\":\"output_text\","
		    "\"text\":\"so\",\"annotations\":[{\"type\":"
		    "\"url_citation\",\"title\":\"%s\"}]}]}",
		[SAID_REFUSAL] = "{\"id\":\"i\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"content\":[{\"type\":\"refusal\","
		    "\"refusal\":\"%s\"}]}",
		[SAID_SUMMARY] = "{\"id\":\"i\",\"type\":\"reasoning\","
		    "\"summary\":[{\"type\":\"summary_text\",\"text\":"
		    "\"%s\"}]}",
		[SAID_ARGUMENTS] = "{\"id\":\"i\",\"type\":\"function_call\","
		    "\"call_id\":\"t\",\"name\":\"n\",\"arguments\":\"%s\"}" };

	put_row(b, rows[s->kind], quoted(s->text, 0, SIZE_MAX));
}

static inline void
put_responses(struct kt_buf *b, const struct said *v, size_t n)
{
	put(b, "{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\","
	    "\"model\":\"m\",\"output\":[");
	for (size_t i = 0; i < n; i++) {
		put(b, i > 0 ? "," : "");
		put_item(b, &v[i]);
	}
	put(b, "]}");
}

#define RESPONSE(type, rest) EVENT(type, "{\"type\":\"" type "\"," rest "}")

static inline void
put_responses_stream(struct kt_buf *b, const struct said *v, size_t n)
{
	static const char *const type[NSAID] = {
		[SAID_TEXT] = "output_text",
		[SAID_REFUSAL] = "refusal",
		[SAID_SUMMARY] = "reasoning_summary_text",
		[SAID_ARGUMENTS] = "function_call_arguments" };
	static const char *const whole[NSAID] = {
		[SAID_TEXT] = "text",
		[SAID_REFUSAL] = "refusal",
		[SAID_SUMMARY] = "text",
		[SAID_ARGUMENTS] = "arguments" };

	put(b, RESPONSE("response.created",
	    "\"response\":{\"id\":\"r\",\"status\":\"in_progress\","
	    "\"output\":[]}"));
	for (size_t i = 0; i < n; i++) {
		const char *t = type[v[i].kind];
		char place[128];

		(void)snprintf(place, sizeof(place), "\"item_id\":\"i%zu\","
		    "\"output_index\":%zu,\"%s_index\":0", i, i,
		    v[i].kind == SAID_SUMMARY ? "summary" : "content");
		if (v[i].kind == SAID_ARGUMENTS)
			ok(kt_buf_printf(b, RESPONSE(
			    "response.output_item.added", "\"output_index\":%zu,"
			    "\"item\":{\"id\":\"i%zu\",\"type\":"
			    "\"function_call\",\"call_id\":\"t\",\"name\":\"n\","
			    "\"arguments\":\"\"}"), i, i) == KT_OK);
		if (t == NULL)
			ok(kt_buf_printf(b, RESPONSE(
			    "response.output_text.annotation.added", "%s,"
			    "\"annotation\":{\"type\":\"url_citation\","
			    "\"title\":\"%s\"}"), place,
			    quoted(v[i].text, 0, SIZE_MAX)) == KT_OK);
		EACH_PIECE(v[i].text, at, len)
			if (t != NULL)
				ok(kt_buf_printf(b, "event: response.%s.delta\n"
				    "data: {\"type\":\"response.%s.delta\",%s,"
				    "\"delta\":\"%s\"}\n\n", t, t, place,
				    quoted(v[i].text, at, len)) == KT_OK);
		if (t != NULL)
			ok(kt_buf_printf(b, "event: response.%s.done\n"
			    "data: {\"type\":\"response.%s.done\",%s,\"%s\":"
			    "\"%s\"}\n\n", t, t, place, whole[v[i].kind],
			    quoted(v[i].text, 0, SIZE_MAX)) == KT_OK);
		ok(kt_buf_printf(b, "event: response.output_item.done\n"
		    "data: {\"type\":\"response.output_item.done\","
		    "\"output_index\":%zu,\"item\":", i) == KT_OK);
		put_item(b, &v[i]);
		put(b, "}\n\n");
	}
	put(b, "event: response.completed\ndata: {\"type\":"
	    "\"response.completed\",\"response\":");
	put_responses(b, v, n);
	put(b, "}\n\n");
}

static inline void
put_answer(struct kt_buf *b, enum form f, const struct said *v, size_t n)
{
	static void (*const put_as[NFORMS])(
	    struct kt_buf *, const struct said *, size_t) = {
		put_anthropic, put_anthropic_stream, put_openai,
		put_openai_stream, put_responses, put_responses_stream };

	kt_buf_reset(b);
	put_as[f](b, v, n);
}

/* To a client of the same protocol, or of the other where there is one. */
static inline void
run_answer(struct world *w, enum form f, bool is_translated,
    const struct said *v, size_t n, struct result *r)
{
	static const char *const targets[] = { "/v1/messages",
		"/v1/chat/completions", "/v1/responses" };
	bool is_stream = f % 2 != 0;
	struct script s = { .type = is_stream ? "text/event-stream" :
		    "application/json",
		.target = targets[f / 2 ^ is_translated],
		.body = f / 2 < 2 ? (is_stream ? ASK_STREAM("hi") : ASK("hi")) :
		    is_stream ? "{\"model\":\"m\",\"stream\":true,"
		                "\"input\":\"hi\"}" :
		    "{\"model\":\"m\",\"input\":\"hi\"}" };
	struct kt_buf b;

	kt_buf_init(&b, 1u << 20);
	put_answer(&b, f, v, n);
	s.answer = b.ptr;
	s.answer_len = b.len;
	result_init(r);
	run_script(w, &s, r);
	kt_buf_fini(&b);
}

#endif
