/*
 * The leak sweep: for each shipped rule that the chain blocks on, and each
 * way of cutting a text into events, no byte of what it matches leaves.
 */
#include "json/text.h"
#include "policy/detector_file.h"
#include "tests/unit/exchange/drive.h"

#define CONFIG(action, provider) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [secret-scanner, pii-detector]}\n" \
	"policy:\n  secret-scanner: {action: " action "}\n" \
	"  pii-detector: {action: " action "}\n" \
	"providers:\n  targets:\n    - id: up\n      provider: " provider "\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"

enum writing { PLAIN, ESCAPED };

struct format {
	const char *config_block, *config_redact, *config_flag;
	const char *target, *body, *start, *before, *after, *finish, *member;
};
static const struct format formats[] = {
	{ CONFIG("block", "anthropic"), CONFIG("redact", "anthropic"),
	    CONFIG("flag", "anthropic"), "/v1/messages",
	    "{\"model\":\"m\",\"max_tokens\":9,\"stream\":true,\"messages\":[]}",
	    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
	    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":1,"
	    "\"output_tokens\":1}}}\n\n"
	    "event: content_block_start\ndata: {\"type\":"
	    "\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
	    "\"text\",\"text\":\"\"}}\n\n",
	    "event: content_block_delta\ndata: {\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"",
	    "\"}}\n\n",
	    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\","
	    "\"index\":0}\n\nevent: message_delta\ndata: {\"type\":"
	    "\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
	    "\"usage\":{\"output_tokens\":2}}\n\n"
	    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	    "\"text_delta\",\"text\":\"" },
	{ CONFIG("block", "openai"), CONFIG("redact", "openai"),
	    CONFIG("flag", "openai"), "/v1/chat/completions",
	    "{\"model\":\"m\",\"stream\":true,\"messages\":[]}",
	    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
	    "{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}"
	    "\n\n",
	    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
	    "{\"content\":\"",
	    "\"},\"finish_reason\":null}]}\n\n",
	    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	    "\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":"
	    "{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
	    "\"delta\":{\"content\":\"" },
};

static void
write_text(struct kt_buf *out, struct kt_span s, enum writing how)
{
	while (s.len > 0) {
		uint32_t cp = 0;
		size_t n = kt_utf8_decode(s, &cp);

		if (n == 0)
			abort();
		if (how == PLAIN && cp >= ' ' && cp != '"' && cp != '\\')
			keep(out, kt_span_sub(s, 0, n));
		else if (cp > 0xffff) {
			if (kt_buf_printf(out, "\\u%04x\\u%04x",
			        0xd800 + ((cp - 0x10000) >> 10),
			        0xdc00 + ((cp - 0x10000) & 0x3ff)) < 0)
				abort();
		} else if (kt_buf_printf(out, "\\u%04x", cp) < 0)
			abort();
		s = kt_span_sub(s, n, s.len);
	}
}

static void
add_delta(struct kt_buf *out, const struct format *f, struct kt_span text,
    enum writing how)
{
	keep(out, kt_span_of(f->before));
	write_text(out, text, how);
	keep(out, kt_span_of(f->after));
}

/* What a client would join. */
static void
joined(const struct kt_buf *out, const struct format *f, struct kt_buf *text)
{
	struct kt_span rest = kt_buf_span(out), mark = kt_span_of(f->member);

	while (rest.len > mark.len) {
		size_t n = 0;

		if (!kt_span_starts(rest, mark)) {
			rest = kt_span_sub(rest, 1, rest.len);
			continue;
		}
		rest = kt_span_sub(rest, mark.len, rest.len);
		while (n < rest.len && rest.ptr[n] != '"')
			n += rest.ptr[n] == '\\' ? 2 : 1;
		if (kt_json_unescape_add(text, kt_span_sub(rest, 0, n)) < 0)
			abort();
		rest = kt_span_sub(rest, n, rest.len);
	}
}

/* Runs the text, cut at `at` (0: every character by itself). */
static void
stream(struct world *w, const struct format *f, struct kt_span text, size_t at,
    enum writing how, struct kt_buf *said, struct result *r)
{
	struct kt_buf answer;
	struct script s = { .target = f->target, .body = f->body,
		.type = "text/event-stream" };

	kt_buf_init(&answer, 16u << 20);
	keep(&answer, kt_span_of(f->start));
	if (at == 0) {
		for (struct kt_span rest = text; rest.len > 0;) {
			uint32_t cp;
			size_t n = kt_utf8_decode(rest, &cp);

			add_delta(&answer, f, kt_span_sub(rest, 0, n), how);
			rest = kt_span_sub(rest, n, rest.len);
		}
	} else {
		add_delta(&answer, f, kt_span_sub(text, 0, at), how);
		add_delta(&answer, f, kt_span_sub(text, at, text.len), how);
	}
	keep(&answer, kt_span_of(f->finish));
	s.answer = answer.ptr;
	s.answer_len = answer.len;
	run_script(w, &s, r);
	joined(&r->out, f, said);
	kt_buf_fini(&answer);
}

struct rules {
	struct kt_arena *mem;
	const struct kt_detector *defs;
	size_t n;
};

static bool
rules_init(struct rules *rules, struct world *w)
{
	struct kt_config_diags *d = calloc(1, sizeof(*d));
	bool is_ok;

	rules->mem = kt_arena_new(16u << 20);
	is_ok = kt_policy_detectors_load(w->detectors,
	            KT_NELEMS(w->detectors), rules->mem, d,
	            &rules->defs, &rules->n) == KT_OK;
	free(d);
	return is_ok;
}

static bool
is_swept(const struct kt_detector *d)
{
	return d->when == KT_DETECT_SPAN && d->nexamples > 0 &&
	    (d->components == 0 || /* of all of them */
	        (d->components & KT_COMPONENT_BIT(KT_COMPONENT_COMPLETION))) &&
	    (strcmp(d->group, "secret") == 0 || strcmp(d->group, "pii") == 0);
}

/* Where the first thing that any rule finds begins; SIZE_MAX: nowhere. */
static size_t
first_start(struct world *w, struct kt_span text)
{
	struct kt_findings found;

	if (kt_detect_scan(w->program->chain.detect, w->scratch->detect, text,
	        &w->program->chain.heard[KT_COMPONENT_COMPLETION], &found) < 0)
		abort();
	return found.n > 0 ? found.v[0].start : SIZE_MAX;
}

static size_t
boundary(struct kt_span text, size_t at)
{
	while (at < text.len && ((unsigned char)text.ptr[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void
sweep_text(struct world *w, const struct format *f, const char *id,
    struct kt_span text)
{
	size_t start = first_start(w, text);

	if (!ok(start != SIZE_MAX))
		printf("# %s: its example is not found\n", id);
	for (size_t at = 0; at < text.len; at += stride()) {
		for (enum writing how = PLAIN; how <= ESCAPED; how++) {
			struct kt_buf said;
			struct result r;

			if (boundary(text, at) != at)
				continue;
			kt_buf_init(&said, 1u << 20);
			result_init(&r);
			stream(w, f, text, at, how, &said, &r);
			if (!ok(said.len <= start &&
			        strcmp(r.outcome, "cut-by-policy") == 0))
				printf("# %s cut at %zu, %s: %zu of %zu bytes out, %s\n",
				    id, at, how ? "escaped" : "plain", said.len, start,
				    r.outcome);
			result_fini(&r);
			kt_buf_fini(&said);
		}
	}
}

static void
no_byte_of_a_match_leaves_however_the_text_is_cut(void)
{
	for (size_t k = 0; k < KT_NELEMS(formats); k++) {
		struct rules rules;
		struct world w;
		size_t swept = 0;

		ok(world_init(&w, formats[k].config_block));
		ok(rules_init(&rules, &w));
		for (size_t i = 0; i < rules.n; i++) {
			const struct kt_detector *d = &rules.defs[i];
			struct kt_span text;

			if (!is_swept(d))
				continue;
			text = kt_arena_printf(rules.mem, "Gr\xc3\xbc\xc3\x9f %.200s ok",
			    d->examples[0]);
			sweep_text(&w, &formats[k], d->id, text);
			swept++;
		}
		ok(swept > 60);
		printf("# %zu rules\n", swept);
		kt_arena_free(&rules.mem);
		world_fini(&w);
	}
}

static void
a_flag_leaks_so_the_sweep_can_fail(void)
{
	for (size_t k = 0; k < KT_NELEMS(formats); k++) {
		struct kt_span text = KT_SPAN("card 4111 1111 1111 1111 ok");
		struct world w;

		ok(world_init(&w, formats[k].config_flag));
		for (size_t at = 0; at < text.len; at++) {
			struct kt_buf said;
			struct result r;

			kt_buf_init(&said, 1u << 20);
			result_init(&r);
			stream(&w, &formats[k], text, at, PLAIN, &said, &r);
			ok(kt_span_eq(kt_buf_span(&said), text));
			ok(strcmp(r.outcome, "ok") == 0);
			result_fini(&r);
			kt_buf_fini(&said);
		}
		world_fini(&w);
	}
}

static void
a_redaction_keeps_both_sides_however_the_text_is_cut(void)
{
	static const struct {
		struct kt_span text, want;
	} cases[] = {
		{ KT_SPAN_INIT("caf\xc3\xa9: 4111 1111 1111 1111, \xf0\x9f\x98\x80"),
		    KT_SPAN_INIT("caf\xc3\xa9: [CREDIT_CARD], \xf0\x9f\x98\x80") },
		{ KT_SPAN_INIT("a 4111111111111111 b 5500005555555559 c"),
		    KT_SPAN_INIT("a [CREDIT_CARD] b [CREDIT_CARD] c") },
	};

	for (size_t k = 0; k < KT_NELEMS(formats); k++) {
		struct world w;

		ok(world_init(&w, formats[k].config_redact));
		for (size_t i = 0; i < KT_NELEMS(cases); i++) {
			for (size_t at = 0; at < cases[i].text.len; at++) {
				struct kt_buf said;
				struct result r;

				if (boundary(cases[i].text, at) != at)
					continue;
				kt_buf_init(&said, 1u << 20);
				result_init(&r);
				stream(&w, &formats[k], cases[i].text, at, PLAIN, &said,
				    &r);
				if (!ok(kt_span_eq(kt_buf_span(&said), cases[i].want)))
					printf("# case %zu cut %zu: %.*s\n", i, at,
					    KT_SPAN_ARG(kt_buf_span(&said)));
				ok(strcmp(r.outcome, "ok") == 0);
				result_fini(&r);
				kt_buf_fini(&said);
			}
		}
		world_fini(&w);
	}
}

static void
a_private_key_is_withheld_whole(void)
{
	static const char begin[] = "-----BEGIN RSA PRIVATE KEY-----\n";
	static const char line[] =
	    "MIIEowIBAAKCAQEAx0Yx1kq3cmDL5hG0Wz7Jm2v1S5bYt3lZp8dQ6o4kR2uT9wE\n";
	struct kt_buf text;
	struct world w;

	kt_buf_init(&text, 1u << 20);
	keep(&text, KT_SPAN("here: "));
	keep(&text, kt_span_of(begin));
	for (int i = 0; i < 24; i++)
		keep(&text, kt_span_of(line));
	keep(&text, KT_SPAN("-----END RSA PRIVATE KEY-----\nthat was it"));
	ok(world_init(&w, formats[0].config_redact));
	for (size_t at = 0; at < text.len; at += at < 64 ? 1 : 37) {
		struct kt_buf said;
		struct result r;

		kt_buf_init(&said, 1u << 20);
		result_init(&r);
		stream(&w, &formats[0], kt_buf_span(&text), at, ESCAPED, &said, &r);
		if (!ok(!has(&said, "MIIE") && !has(&said, "x0Yx1kq3") &&
		        !has(&said, "BEGIN") && has(&said, "here: ") &&
		        has(&said, "that was it")))
			printf("# cut %zu: %.*s\n", at,
			    KT_SPAN_ARG(kt_buf_span(&said)));
		result_fini(&r);
		kt_buf_fini(&said);
	}
	world_fini(&w);
	kt_buf_fini(&text);
}

int
main(void)
{
	RUN(no_byte_of_a_match_leaves_however_the_text_is_cut);
	RUN(a_flag_leaks_so_the_sweep_can_fail);
	RUN(a_redaction_keeps_both_sides_however_the_text_is_cut);
	RUN(a_private_key_is_withheld_whole);
	return done();
}
