/*
 * Any legal order of events, at any moment of a call: one record, one head,
 * one end, nothing behind it; borrowed bodies stay as they were; nothing
 * planted leaves.
 */
#include "tests/unit/exchange/chance.h"
#include "tests/unit/exchange/words.h"

#define PAIR(action, first, second) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [secret-scanner, pii-detector, content-limits," \
	" prompt-decorator]}\n" \
	"policy:\n  secret-scanner: {action: " action "}\n" \
	"  pii-detector: {action: " action "}\n" \
	"  content-limits: {max_completion_chars: 90}\n" \
	"  prompt-decorator: {prepend: hello, append: bye}\n" \
	"routes: {/v1/messages: messages, /v1/chat/completions: completions," \
	" /v1/messages/count_tokens: count_tokens, /v1/models: models," \
	" /v1/files: files, /raw: passthrough, /see: detect, /no: deny}\n" \
	"providers:\n" \
	"  fallback: {triggers: [rate_limit, server_error, timeout, connect]}\n" \
	"  targets:\n" \
	"    - {id: a, provider: " first ", base_url: 'http://127.0.0.1:1'," \
	" secret_key_ref: {env: TEST_KEY}, timeout_seconds: 5," \
	" stream_timeout_seconds: 2, total_timeout_seconds: 40," \
	" model: other, max_messages: 3}\n" \
	"    - {id: b, provider: " second ", base_url: 'http://127.0.0.1:2'," \
	" secret_key_ref: {env: TEST_KEY}, timeout_seconds: 3}\n"

static const char *const configs[] = {
	PAIR("redact", "anthropic", "openai"),
	PAIR("redact", "openai", "anthropic"),
	PAIR("block", "anthropic", "openai"),
	PAIR("redact", "anthropic", "openai") "audit: {durability: strict}\n",
};

#define LONG \
	"{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[" \
	"{\"role\":\"user\",\"content\":\"one " CARD "\"}," \
	"{\"role\":\"assistant\",\"content\":\"two\"}," \
	"{\"role\":\"user\",\"content\":\"three\"}," \
	"{\"role\":\"assistant\",\"content\":\"four\"}," \
	"{\"role\":\"user\",\"content\":\"\"}]}"
#define SPOKEN \
	START DELTA("the card 4111 11") DELTA("11 1111 1111 is") \
	    DELTA(" known, " TOKEN) FINISH
#define CHUNKS \
	CHUNK("{\"role\":\"assistant\",\"content\":\"a 4111 1111\"}", "null") \
	    CHUNK("{\"content\":\" 1111 1111 b\"}", "null") \
	    CHUNK("{}", "\"stop\"") CHUNK_DONE
#define S(text) KT_SPAN_INIT(text)

static const struct scene scenes[] = {
	{ "POST", "/v1/messages", S(ASK("my " CARD " ok")), S(WHOLE("a " CARD)),
	    "application/json", false },
	{ "POST", "/v1/messages", S(LONG), S(SPOKEN), "text/event-stream",
	    false },
	{ "POST", "/v1/messages", S(ASK_STREAM("hi")), S(CHUNKS),
	    "text/event-stream", false },
	{ "POST", "/v1/messages", S(ASK("hi " TOKEN)), S("{\"error\":{}}"),
	    "application/json", false },
	{ "POST", "/v1/messages", S(ASK("hi")), S(""), "text/plain", false },
	{ "POST", "/v1/messages", S("{\"model\":"), S("x"), "text/plain",
	    false },
	{ "POST", "/v1/chat/completions", S(LONG), S(CHUNKS),
	    "text/event-stream", false },
	{ "POST", "/v1/chat/completions", S(LONG), S(SPOKEN),
	    "text/event-stream", false },
	{ "POST", "/v1/messages/count_tokens", S(ASK("is " CARD)),
	    S("{\"input_tokens\":3}"), "application/json", false },
	{ "GET", "/v1/models", S(""), S("{\"data\":[]}"), "application/json",
	    false },
	{ "POST", "/v1/files", S("--x\r\nany bytes\r\n--x--"),
	    S("{\"id\":\"file_1\"}"), "application/json", false },
	{ "POST", "/raw", S("{\"a\":\"" CARD "\"}"), S("{\"b\":\"" CARD "\"}"),
	    "application/json; charset=utf-8", false },
	{ "POST", "/see", S("{\"a\":1}"), S("{\"b\":2}"), "application/json",
	    false },
	{ "POST", "/no", S("{}"), S("{}"), "application/json", false },
	{ "HEAD", "/raw", S(""), S(""), "application/json", false },
	{ "HEAD", "/", S(""), S(""), "text/plain", false },
	{ "POST", "/nowhere", S("{}"), S("{}"), "text/plain", false },
};

static bool
shows(const struct kt_buf *b)
{
	return has(b, "1111 1111") || has(b, "P0UcnZwJ");
}

static void
any_order_of_events_keeps_the_laws(void)
{
	unsigned calls = 0, answered = 0;

	for (size_t c = 0; c < KT_NELEMS(configs); c++) {
		struct world w;

		ok(world_init(&w, configs[c]));
		for (uint64_t seed = 1; seed <= 2500; seed++) {
			const struct scene *s = &scenes[seed % KT_NELEMS(scenes)];
			struct gambler g = { .chance.state =
			    seed * UINT64_C(0x9e3779b97f4a7c15) + c, .now = 77 };
			bool is_odd;

			play(&w, s, &g);
			/* Events of another vendor, or in an error, are read one
			 * by one: nobody would join their texts. */
			is_odd = s == &scenes[2] || s == &scenes[7] ||
			    (g.status >= 400 && strstr(s->type, "event"));
			if (!ok(g.broken == 0 && !shows(&g.up) &&
			        (is_odd || !shows(&g.out)) && !shows(&g.record)))
				printf("# config %zu scene %zu seed %llu: status %u\n", c,
				    (size_t)(s - scenes), (unsigned long long)seed,
				    g.status);
			calls += g.records;
			answered += g.status == 200;
			leave(&g);
		}
		world_fini(&w);
	}
	/* The dice reach every part of a call. */
	ok(calls > 4000 && answered > 500);
	printf("# %u records, %u answers with 200\n", calls, answered);
}

int
main(void)
{
	RUN(any_order_of_events_keeps_the_laws);
	return done();
}
