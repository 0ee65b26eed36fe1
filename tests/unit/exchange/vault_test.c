/*
 * Tokens: what goes up as one comes back as what it was, to whoever sent it.
 */
#include "json/text.h"
#include "json/write.h"
#include "tests/unit/exchange/drive.h"

#define CONFIG(provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [reversible-redaction]}\n" \
	"policy:\n  reversible-redaction:\n" \
	"    entities: [EMAIL_ADDRESS, CREDIT_CARD, PRIVATE_KEY]\n" \
	"    custom_patterns:\n" \
	"      - {name: customer, pattern: 'C-[0-9]{4}'}\n" \
	"      - {name: remark, pattern: 'N<[^>]{1,60}>'}\n" \
	"      - {name: re mark, pattern: 'R-[0-9]{4}'}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
static const char *const configs[] = { CONFIG("anthropic"), CONFIG("openai") };
static const char *const paths[] = { "/v1/messages", "/v1/chat/completions" };
enum format { ANTHROPIC, OPENAI, NFORMATS };

#define MAIL "ann@example.org"
#define CARD "4111 1111 1111 1111"

static void
put(struct kt_buf *b, const char *s)
{
	keep(b, kt_span_of(s));
}

static void
put_quoted(struct kt_buf *b, struct kt_span s)
{
	if (kt_json_write_escaped(b, s) < 0)
		abort();
}

static void
write_request(struct kt_buf *b, const char *text, bool is_stream)
{
	put(b, "{\"model\":\"m\",\"max_tokens\":9,");
	if (is_stream)
		put(b, "\"stream\":true,");
	put(b, "\"messages\":[{\"role\":\"user\",\"content\":\"");
	put_quoted(b, kt_span_of(text));
	put(b, "\"}]}");
}

/* Quotes of what is said are the JSON's own. */
static bool is_bare;

static void
put_said(struct kt_buf *b, struct kt_span text)
{
	if (is_bare)
		keep(b, text);
	else
		put_quoted(b, text);
}

/* A text, or the arguments of a tool, in pieces of `cut` characters; 0:
   whole. */
static void
write_answer(struct kt_buf *b, enum format f, struct kt_span text, size_t cut,
    bool is_call)
{
	static const char *const whole[NFORMATS][2][2] = {
		{ { "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"model\":\"m\",\"content\":[{\"type\":"
		    "\"text\",\"text\":\"", "\"}],\"stop_reason\":\"end_turn\","
		    "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}" },
		    { "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"model\":\"m\",\"content\":[{\"type\":"
		    "\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{\"a\":"
		    "\"", "\"}}],\"stop_reason\":\"tool_use\",\"usage\":{"
		    "\"input_tokens\":1,\"output_tokens\":1}}" } },
		{ { "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
		    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"assistant\",\"content\":\"",
		    "\"},\"finish_reason\":\"stop\"}]}" },
		    { "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,"
		    "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{"
		    "\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{"
		    "\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":"
		    "\"n\",\"arguments\":\"{\\\"a\\\":\\\"",
		    "\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}]}" } } };
	static const char *const begin[NFORMATS][2] = {
		{ "event: message_start\ndata: {\"type\":\"message_start\","
		  "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
		  "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"
		  "\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: "
		  "content_block_start\ndata: {\"type\":\"content_block_start\","
		  "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\""
		  "}}\n\n",
		  "event: message_start\ndata: {\"type\":\"message_start\","
		  "\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":"
		  "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"
		  "\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: "
		  "content_block_start\ndata: {\"type\":\"content_block_start\","
		  "\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":"
		  "\"t\",\"name\":\"n\",\"input\":{}}}\n\n" },
		{ "", "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
		  "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
		  "\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"type\":"
		  "\"function\",\"function\":{\"name\":\"n\",\"arguments\":\"\"}}]"
		  "},\"finish_reason\":null}]}\n\n" } };
	static const char *const piece[NFORMATS][2][2] = {
		{ { "event: content_block_delta\ndata: {\"type\":"
		    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		    "\"text_delta\",\"text\":\"", "\"}}\n\n" },
		    { "event: content_block_delta\ndata: {\"type\":"
		    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		    "\"input_json_delta\",\"partial_json\":\"", "\"}}\n\n" } },
		{ { "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
		    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
		    "\"delta\":{\"content\":\"",
		    "\"},\"finish_reason\":null}]}\n\n" },
		    { "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
		    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
		    "\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{"
		    "\"arguments\":\"", "\"}}]},\"finish_reason\":null}]}\n\n" } }
	};
	static const char *const end[NFORMATS] = {
		"event: content_block_stop\ndata: {\"type\":"
		"\"content_block_stop\",\"index\":0}\n\nevent: message_delta\n"
		"data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
		"\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
		"data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\","
		"\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,"
		"\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n" };
	struct kt_buf inner;

	kt_buf_init(&inner, 1u << 20);
	if (cut == 0) {
		put(b, whole[f][is_call][0]);
		put_said(&inner, text);
		if (is_call && f == OPENAI)
			put_quoted(b, kt_buf_span(&inner));
		else
			keep(b, kt_buf_span(&inner));
		put(b, whole[f][is_call][1]);
		kt_buf_fini(&inner);
		return;
	}
	if (is_call) {
		put(&inner, "{\"a\":\"");
		put_said(&inner, text);
		put(&inner, "\"}");
		text = kt_buf_span(&inner);
	}
	put(b, begin[f][is_call]);
	for (; text.len > 0; text = kt_span_sub(text, cut, text.len)) {
		put(b, piece[f][is_call][0]);
		put_quoted(b, kt_span_sub(text, 0, cut));
		put(b, piece[f][is_call][1]);
	}
	put(b, end[f]);
	kt_buf_fini(&inner);
}

/* Between two marks of what went up; unescaped. */
static void
take_between(const struct kt_buf *from, const char *before, struct kt_buf *to)
{
	struct kt_span rest = kt_buf_span(from), mark = kt_span_of(before);

	while (rest.len > mark.len) {
		size_t n = 0;

		if (!kt_span_starts(rest, mark)) {
			rest = kt_span_sub(rest, 1, rest.len);
			continue;
		}
		rest = kt_span_sub(rest, mark.len, rest.len);
		while (n < rest.len && rest.ptr[n] != '"')
			n += rest.ptr[n] == '\\' ? 2 : 1;
		if (kt_json_unescape_add(to, kt_span_sub(rest, 0, n)) < 0)
			abort();
		rest = kt_span_sub(rest, n, rest.len);
	}
}

/* What the client joins. */
static void
joined(const struct kt_buf *out, enum format f, size_t cut, bool is_call,
    struct kt_buf *to)
{
	struct kt_buf json;

	if (!is_call) {
		take_between(out, f == OPENAI ? "\"content\":\"" :
		    "\"text\":\"", to);
		return;
	}
	if (cut == 0 && f == ANTHROPIC) {
		take_between(out, "\"input\":{\"a\":\"", to);
		return;
	}
	kt_buf_init(&json, 1u << 20);
	take_between(out, f == OPENAI ? "\"arguments\":\"" :
	    "\"partial_json\":\"", &json);
	take_between(&json, "{\"a\":\"", to);
	kt_buf_fini(&json);
}

struct turn {
	struct kt_buf up; /* the user's text as it went up */
	struct kt_buf got;
	struct result r;
};

/* The user says `text`; the model says `answer`, or NULL: what it was told. */
static void
play(struct world *w, enum format f, const char *text, const char *answer,
    size_t cut, bool is_call, struct turn *t)
{
	struct script s = { .target = paths[f],
		.type = cut ? "text/event-stream" : NULL };
	struct kt_buf request, said;

	kt_buf_init(&request, 1u << 20);
	kt_buf_init(&said, 1u << 20);
	kt_buf_init(&t->up, 1u << 20);
	kt_buf_init(&t->got, 1u << 20);
	write_request(&request, text, cut > 0);
	s.body = request.ptr;
	s.body_len = request.len;
	s.answer = "{}";
	result_init(&t->r);
	run_script(w, &s, &t->r);
	take_between(&t->r.up, "\"content\":\"", &t->up);
	result_fini(&t->r);
	write_answer(&said, f, answer != NULL ? kt_span_of(answer) :
	    kt_buf_span(&t->up), cut, is_call);
	s.answer = said.ptr;
	s.answer_len = said.len;
	result_init(&t->r);
	run_script(w, &s, &t->r);
	joined(&t->r.out, f, cut, is_call, &t->got);
	kt_buf_fini(&request);
	kt_buf_fini(&said);
}

static void
turn_fini(struct turn *t)
{
	kt_buf_fini(&t->up);
	kt_buf_fini(&t->got);
	result_fini(&t->r);
}

static const size_t cuts[] = { 0, 1, 3, 8, 1000 };

static void
what_is_restored_is_what_was_sent(void)
{
	static const char *const texts[] = {
		"write to " MAIL ", again " MAIL " and to bob@example.org",
		"customer C-1234 paid with " CARD,
		"a token [[EMAIL_001]] of mine, and " MAIL,
		"in other dress: [[ email_002 ]] **[[EMAIL_001]]** \\[\\[EMAIL_001\\]\\]"
		" " MAIL,
		"[[EMAIL_001] lost one, [CUSTOMER_001]] too: C-9999",
		"links [[Note_2024]] and [1] stay, " MAIL,
		"quotes \" and \\ and \xc3\xbc around \"" MAIL "\"",
		"nothing at all",
	};

	for (unsigned f = 0; f < NFORMATS; f++) {
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		for (size_t i = 0; i < KT_NELEMS(texts); i++) {
			for (size_t k = 0; k < 2 * KT_NELEMS(cuts); k++) {
				struct turn t;
				size_t cut = cuts[k / 2];

				/* The pieces of a test cut no character. */
				if (i == 6 && cut > 0 && cut < 1000)
					continue;
				play(&w, (enum format)f, texts[i], NULL, cut, k & 1,
				    &t);
				if (!ok(kt_span_eq(kt_buf_span(&t.got),
				        kt_span_of(texts[i]))))
					printf("# format %u text %zu cut %zu call %zu: "
					       "%.*s\n# up: %.*s\n", f, i, cut, k & 1,
					    (int)t.got.len, t.got.ptr, (int)t.up.len,
					    t.up.ptr);
				ok(!has(&t.up, MAIL) && !has(&t.up, CARD) &&
				    !has(&t.up, "C-1234"));
				ok(!has(&t.r.record, MAIL));
				turn_fini(&t);
			}
		}
		world_fini(&w);
	}
}

static void
equal_values_have_equal_tokens(void)
{
	struct world w;
	struct turn t;

	if (!ok(world_init(&w, configs[0])))
		return;
	play(&w, ANTHROPIC, MAIL " bob@example.org " MAIL " C-1234", NULL, 0,
	    false, &t);
	ok(kt_span_eq(kt_buf_span(&t.up),
	    KT_SPAN("[[EMAIL_001]] [[EMAIL_002]] [[EMAIL_001]] "
	            "[[CUSTOMER_001]]")));
	turn_fini(&t);
	play(&w, ANTHROPIC, "[\"N<\\\"b>\",\"[\\\"N<\\\\\\\"b>\\\"]\"]", NULL,
	    0, false, &t);
	ok(kt_span_eq(kt_buf_span(&t.up),
	    KT_SPAN("[\"[[REMARK_001]]\",\"[\\\"[[REMARK_001]]\\\"]\"]")));
	turn_fini(&t);
	play(&w, ANTHROPIC, "keep [[Note_2024]], not [[EMAIL_001]]", NULL, 0,
	    false, &t);
	ok(kt_span_eq(kt_buf_span(&t.up),
	    KT_SPAN("keep [[Note_2024]], not [[LITERAL_001]]")));
	turn_fini(&t);
	world_fini(&w);
}

static void
models_may_write_a_token_in_their_way(void)
{
	static const struct {
		const char *said, *got;
	} cases[] = {
		{ "to [[email_001]].", "to " MAIL "." },
		{ "to [[ EMAIL_001 ]].", "to " MAIL "." },
		{ "to [[EMAIL 001]].", "to " MAIL "." },
		{ "to \\[\\[EMAIL_001\\]\\].", "to " MAIL "." },
		{ "to \\[[EMAIL_001\\]].", "to " MAIL "." },
		{ "to \\[\\[EMAIL\\_001\\]\\].", "to " MAIL "." },
		{ "to [[EMAIL\\_001]].", "to " MAIL "." },
		{ "a\\[[EMAIL_001]].", "a\\" MAIL "." },
		{ "to [[**EMAIL_001**]].", "to " MAIL "." },
		{ "to **[[EMAIL_001]]**.", "to **" MAIL "**." },
		{ "to [[EMAIL_001].", "to " MAIL "." },
		{ "to [EMAIL_001]].", "to " MAIL "." },
		{ "to \\u005b\\u005bEMAIL_001\\u005d\\u005d.", "to " MAIL "." },
		/* Not issued, or not a token. */
		{ "to [[EMAIL_002]].", "to [[EMAIL_002]]." },
		{ "to [[PHONE_001]].", "to [[PHONE_001]]." },
		{ "to [[EMAIL_0011]].", "to [[EMAIL_0011]]." },
		{ "to [EMAIL_001].", "to [EMAIL_001]." },
		{ "to EMAIL_001.", "to EMAIL_001." },
		{ "to [[XEMAIL_001]].", "to [[XEMAIL_001]]." },
	};

	for (unsigned f = 0; f < NFORMATS; f++) {
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		for (size_t i = 0; i < KT_NELEMS(cases); i++) {
			for (size_t k = 0; k < 2 * KT_NELEMS(cuts); k++) {
				struct turn t;

				play(&w, (enum format)f, "I am " MAIL, cases[i].said,
				    cuts[k / 2], k & 1, &t);
				if (!ok(kt_span_eq(kt_buf_span(&t.got),
				        kt_span_of(cases[i].got))))
					printf("# format %u case %zu cut %zu call %zu: "
					       "%.*s\n", f, i, cuts[k / 2], k & 1,
					    (int)t.got.len, t.got.ptr);
				turn_fini(&t);
			}
		}
		world_fini(&w);
	}
}

/* Read with the numbers of its lines, it is the same key as without. */
static void
a_key_that_a_listing_numbers_is_restored_without_the_numbers(void)
{
#define LINE "MIIEowIBAAKCAQEAxA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3"
#define BEGIN "-----BEGIN RSA PRIVATE KEY-----\n"
#define END "-----END RSA PRIVATE KEY-----"
	static const char key[] = BEGIN LINE "\n" LINE "\n" END;
	static const char *const listed[] = {
		"8\t" BEGIN "9\t" LINE "\n10\t" LINE "\n11\t" END "\n12\t",
		"     8\xe2\x86\x92" BEGIN "     9\xe2\x86\x92" LINE
		"\n    10\xe2\x86\x92" LINE "\n    11\xe2\x86\x92" END,
	};
	/* No listing: numbers that do not follow each other are the value's. */
	static const char other[] =
	    BEGIN "9\t" LINE "\n9\t" LINE "\n10\t" END;
	struct world w;
	struct turn t;

	if (!ok(world_init(&w, configs[0])))
		return;
	for (size_t i = 0; i < KT_NELEMS(listed); i++) {
		play(&w, ANTHROPIC, listed[i], "[[PRIVATE_KEY_001]]", 0, true, &t);
		ok(has(&t.up, "[[PRIVATE_KEY_001]]") && !has(&t.up, LINE));
		if (!ok(kt_span_eq(kt_buf_span(&t.got), kt_span_of(key))))
			printf("# %.*s\n", (int)t.got.len, t.got.ptr);
		turn_fini(&t);
	}
	play(&w, ANTHROPIC, other, NULL, 0, true, &t);
	ok(kt_span_eq(kt_buf_span(&t.got), kt_span_of(other)));
	turn_fini(&t);
	world_fini(&w);
#undef LINE
#undef BEGIN
#undef END
}

/* A value that no JSON writes as it is, in JSON, in a string of JSON. */
#define NOTE "N<a \"b\" \\ c\nd>"
static void
a_value_is_written_as_its_place_takes_it(void)
{
	static const struct {
		const char *said[2]; /* around the token */
		unsigned depth;
		bool stays, stays_in_streams;
	} cases[] = {
		{ { "it says ", "." }, 0, false, false },
		{ { "[note] ", "." }, 0, false, false },
		{ { "", " it was." }, 0, false, false },
		{ { "{\"to\":[\"x ", " y\"],\"n\":\"z\"}" }, 1, false, false },
		{ { "{\"", "\":0}" }, 1, false, false },
		{ { "[\"\\\"", "\"]" }, 1, false, false },
		{ { "{\"a\":\"{\\\"to\\\":\\\"\xc3\xbc ",
		    "\\\"}\",\"b\":\"\\n\"}" }, 2, false, true },
		/* JSON that is none. */
		{ { "{\"to\":\"x\"}, ", "" }, 0, true, true },
		{ { "{\"to\":", "}" }, 0, true, true },
	};
	static const size_t whole[] = { 0, 1000 };

	for (unsigned f = 0; f < NFORMATS; f++) {
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		for (size_t i = 0; i < 2 * 2 * KT_NELEMS(cases); i++) {
			const size_t c = i / 4, cut = whole[i & 1];
			bool is_call = i & 2, stays = cases[c].stays ||
			    (cases[c].stays_in_streams && !is_call && cut > 0);
			struct kt_buf said, want, value, more;
			struct turn t;

			kt_buf_init(&said, 1u << 20);
			kt_buf_init(&want, 1u << 20);
			kt_buf_init(&value, 1u << 20);
			put(&value, stays ? "[[REMARK_001]]" : NOTE);
			for (unsigned d = 0; d < cases[c].depth; d++) {
				kt_buf_init(&more, 1u << 20);
				put_quoted(&more, kt_buf_span(&value));
				kt_buf_fini(&value);
				value = more;
			}
			put(&said, cases[c].said[0]);
			put(&said, "[[REMARK_001]]");
			put(&said, cases[c].said[1]);
			put(&want, cases[c].said[0]);
			keep(&want, kt_buf_span(&value));
			put(&want, cases[c].said[1]);
			keep(&said, KT_SPAN("\0"));
			play(&w, (enum format)f, "my " NOTE, said.ptr, cut, is_call,
			    &t);
			if (!ok(kt_span_eq(
			        kt_buf_span(&t.got), kt_buf_span(&want))))
				printf("# format %u case %zu cut %zu call %d: %.*s\n",
				    f, c, cut, is_call, (int)t.got.len, t.got.ptr);
			turn_fini(&t);
			/* And where it is sent so, it comes back so. */
			if (!stays) {
				keep(&want, KT_SPAN("\0"));
				play(&w, (enum format)f, want.ptr, NULL, cut, is_call,
				    &t);
				ok(has(&t.up, "[[REMARK_001]]") &&
				    t.got.len == want.len - 1 &&
				    memcmp(t.got.ptr, want.ptr, t.got.len) == 0);
				turn_fini(&t);
			}
			kt_buf_fini(&said);
			kt_buf_fini(&want);
			kt_buf_fini(&value);
		}
		world_fini(&w);
	}
}

static void
nothing_is_restored_for_who_did_not_send_it(void)
{
	struct world w;
	struct turn t;

	if (!ok(world_init(&w, configs[0])))
		return;
	play(&w, ANTHROPIC, "I am " MAIL, NULL, 0, false, &t);
	turn_fini(&t);
	/* The next call, of whomever, has no such value. */
	play(&w, ANTHROPIC, "hello", "it is [[EMAIL_001]]", 0, false, &t);
	ok(kt_span_eq(kt_buf_span(&t.got), KT_SPAN("it is [[EMAIL_001]]")));
	ok(strcmp(t.r.decision, "pass") == 0);
	turn_fini(&t);
	world_fini(&w);
}

/* A model may lose what stands between the parts of a word. */
static void
words_that_read_the_same_are_numbered_as_one(void)
{
	struct world w;
	struct turn t;

	if (!ok(world_init(&w, configs[0])))
		return;
	play(&w, ANTHROPIC, "N<a> R-1234", "[[REMARK_001]] [[RE_MARK_002]]", 0,
	    false, &t);
	ok(kt_span_eq(kt_buf_span(&t.up),
	    KT_SPAN("[[REMARK_001]] [[RE_MARK_002]]")));
	ok(kt_span_eq(kt_buf_span(&t.got), KT_SPAN("N<a> R-1234")));
	turn_fini(&t);
	world_fini(&w);
}

/* Wherever the system prompt stands in the body, it is numbered first. */
static void
a_conversation_that_grows_keeps_its_tokens(void)
{
	static const char *const bodies[] = {
		"{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
		"{\"role\":\"user\",\"content\":\"b@example.org\"}],"
		"\"system\":\"a@example.org\"}",
		"{\"model\":\"m\",\"max_tokens\":9,\"messages\":["
		"{\"role\":\"user\",\"content\":\"b@example.org\"},"
		"{\"role\":\"assistant\",\"content\":\"a@example.org\"},"
		"{\"role\":\"user\",\"content\":\"c@example.org\"}],"
		"\"system\":\"a@example.org\"}",
	};
	static const char *const ups[] = {
		"\"content\":\"[[EMAIL_002]]\"}],\"system\":\"[[EMAIL_001]]\"}",
		"\"content\":\"[[EMAIL_002]]\"},{\"role\":\"assistant\","
		"\"content\":\"[[EMAIL_001]]\"},{\"role\":\"user\","
		"\"content\":\"[[EMAIL_003]]\"}],\"system\":\"[[EMAIL_001]]\"}",
	};
	struct world w;

	if (!ok(world_init(&w, configs[0])))
		return;
	for (size_t i = 0; i < KT_NELEMS(bodies); i++) {
		struct script s = { .target = paths[0], .body = bodies[i],
			.answer = "{}" };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		if (!ok(has(&r.up, ups[i])))
			printf("# %.*s\n", (int)r.up.len, r.up.ptr);
		result_fini(&r);
	}
	world_fini(&w);
}

/* ---- what is signed ---- */

#define SIGNED(t) \
	"{\"type\":\"thinking\",\"thinking\":\"to " t "\",\"signature\":\"c2ln\"}" \
	",{\"type\":\"compaction\",\"content\":\"so " t "\"}"
#define SAID(t) "{\"type\":\"text\",\"text\":\"dear " t "\"}"
#define ANSWER(blocks) \
	"{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\"," \
	"\"model\":\"m\",\"content\":[" blocks "],\"stop_reason\":\"end_turn\"," \
	"\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}"
#define TURN(blocks) \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":\"" MAIL "\"},{\"role\":\"assistant\",\"content\":[" \
	blocks "]},{\"role\":\"user\",\"content\":\"go on\"}]}"
#define OF_BLOCK(n, start, delta) \
	"data: {\"type\":\"content_block_start\",\"index\":" n "," \
	"\"content_block\":" start "}\n\n" \
	"data: {\"type\":\"content_block_delta\",\"index\":" n ",\"delta\":" \
	delta "}\n\ndata: {\"type\":\"content_block_stop\",\"index\":" n "}\n\n"

/* Not in the answer, nor when the client sends it back in the next turn. */
static void
tokens_in_what_is_signed_stay(void)
{
	static const char stream[] =
	    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\","
	    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\","
	    "\"content\":[],\"usage\":{\"input_tokens\":1}}}\n\n"
	    OF_BLOCK("0", "{\"type\":\"thinking\",\"thinking\":\"\"}",
	        "{\"type\":\"thinking_delta\",\"thinking\":"
	        "\"to [[EMAIL_001]]\"}")
	    OF_BLOCK("1", "{\"type\":\"compaction\",\"content\":\"\"}",
	        "{\"type\":\"compaction_delta\",\"content\":"
	        "\"so [[EMAIL_001]]\"}")
	    OF_BLOCK("2", "{\"type\":\"text\",\"text\":\"\"}",
	        "{\"type\":\"text_delta\",\"text\":\"dear [[EMAIL_001]]\"}")
	    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
	    "\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
	    "data: {\"type\":\"message_stop\"}\n\n";
	struct world w;

	ok(world_init(&w, configs[ANTHROPIC]));
	for (unsigned is_stream = 0; is_stream < 2; is_stream++) {
		struct script s = { .target = paths[ANTHROPIC],
			.body = TURN(SIGNED("[[EMAIL_001]]") "," SAID(MAIL)),
			.type = is_stream ? "text/event-stream" :
			    "application/json",
			.answer = is_stream ? stream :
			    ANSWER(SIGNED("[[EMAIL_001]]") ","
			        SAID("[[EMAIL_001]]")) };
		struct result r;

		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.up, SIGNED("[[EMAIL_001]]") ","
		       SAID("[[EMAIL_001]]")) && !has(&r.up, MAIL));
		ok(has(&r.out, "\"to [[EMAIL_001]]\"") &&
		    has(&r.out, "\"so [[EMAIL_001]]\""));
		if (!ok(has(&r.out, "dear " MAIL)))
			printf("# %.*s\n", KT_SPAN_ARG(kt_buf_span(&r.out)));
		result_fini(&r);
	}
	world_fini(&w);
}

/* A tool's arguments by address, the call before and the next one: the names
   have tokens too, and what was restored goes up as the same token again. */
static void
names_of_arguments_have_tokens(void)
{
	static const char *const asks[NFORMATS] = {
		"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":"
		"\"user\",\"content\":\"go\"},{\"role\":\"assistant\","
		"\"content\":[{\"type\":\"tool_use\",\"id\":\"t0\",\"name\":"
		"\"n\",\"input\":{\"" MAIL "\":{\"a\":1}}}]},{\"role\":\"user\","
		"\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t0\","
		"\"content\":\"ok\"}]}]}",
		"{\"model\":\"m\",\"messages\":[{\"role\":\"user\","
		"\"content\":\"go\"},{\"role\":\"assistant\",\"tool_calls\":[{"
		"\"id\":\"t0\",\"type\":\"function\",\"function\":{\"name\":"
		"\"n\",\"arguments\":\"{\\\"" MAIL "\\\":{\\\"a\\\":1}}\"}}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"t0\",\"content\":"
		"\"ok\"}]}" };
	static const char said[] = "x\",\"[[EMAIL_001]]\":\"[[EMAIL_001]]";
	static const char got[] = "\"" MAIL "\":\"" MAIL "\"}";

	is_bare = true;
	for (unsigned i = 0; i < NFORMATS * KT_NELEMS(cuts); i++) {
		enum format f = (enum format)(i % NFORMATS);
		size_t cut = cuts[i / NFORMATS];
		struct script s = { .target = paths[f],
			.type = cut ? "text/event-stream" : NULL };
		struct kt_buf ask, answer, all;
		struct result r;
		struct world w;

		if (!ok(world_init(&w, configs[f])))
			continue;
		kt_buf_init(&ask, 1u << 20);
		kt_buf_init(&answer, 1u << 20);
		kt_buf_init(&all, 1u << 20);
		put(&ask, cut ? "{\"stream\":true," : "{");
		put(&ask, asks[f] + 1);
		write_answer(&answer, f, KT_SPAN(said), cut, true);
		s.body = ask.ptr;
		s.body_len = ask.len;
		s.answer = answer.ptr;
		s.answer_len = answer.len;
		result_init(&r);
		run_script(&w, &s, &r);
		ok(has(&r.up, "[[EMAIL_001]]") && !has(&r.up, MAIL));
		if (cut == 0 && f == ANTHROPIC)
			keep(&all, kt_buf_span(&r.out));
		else
			take_between(&r.out, f == OPENAI ? "\"arguments\":\"" :
			    "\"partial_json\":\"", &all);
		if (!ok(has(&all, got)))
			printf("# format %u cut %zu: %.*s\n", f, cut,
			    (int)r.out.len, r.out.ptr);
		result_fini(&r);
		kt_buf_fini(&ask);
		kt_buf_fini(&answer);
		kt_buf_fini(&all);
		world_fini(&w);
	}
	is_bare = false;
}

int
main(void)
{
	RUN(what_is_restored_is_what_was_sent);
	RUN(equal_values_have_equal_tokens);
	RUN(models_may_write_a_token_in_their_way);
	RUN(a_key_that_a_listing_numbers_is_restored_without_the_numbers);
	RUN(a_value_is_written_as_its_place_takes_it);
	RUN(nothing_is_restored_for_who_did_not_send_it);
	RUN(words_that_read_the_same_are_numbered_as_one);
	RUN(a_conversation_that_grows_keeps_its_tokens);
	RUN(tokens_in_what_is_signed_stay);
	RUN(names_of_arguments_have_tokens);
	return done();
}
