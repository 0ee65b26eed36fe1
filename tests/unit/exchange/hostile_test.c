/*
 * Hostile bodies against every kind of finding at once: the work is linear in
 * the bytes, counted in calls of engines, memory keeps to its bounds, and
 * nothing that should have been found goes up.
 */
#include "audit/audit.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

#define ALL(actions) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [prompt-injection, secret-scanner, pii-detector, " \
	"agent-firewall, audit-logger]}\npolicy:\n" actions \
	"providers:\n  targets:\n    - id: up\n      provider: anthropic\n" \
	"      base_url: http://127.0.0.1:1\n" \
	"      secret_key_ref: {env: TEST_KEY}\n"
#define HEAD \
	"{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\"," \
	"\"content\":\""
#define TAIL "\"}]}"

static struct world w;

/* Engine calls that one body takes. */
static uint64_t
send(const struct kt_buf *body, struct result *r)
{
	struct script s = { .target = "/v1/messages", .body = body->ptr,
		.body_len = body->len, .answer = WHOLE("fine") };
	uint64_t from = kt_detect_scratch_calls(w.scratch->detect);

	result_init(r);
	run_script(&w, &s, r);
	ok(r->has_ended && r->records <= 1 && r->up_calls <= 1);
	ok(r->record.len <= KT_AUDIT_BODY_MAX);
	return kt_detect_scratch_calls(w.scratch->detect) - from;
}

static void
add(struct kt_buf *b, const char *s, size_t times)
{
	for (size_t i = 0; i < times; i++)
		keep(b, kt_span_of(s));
}

static uint64_t
send_repeated(struct kt_span piece, size_t bytes, const char *behind,
    struct result *r)
{
	struct kt_buf b;
	uint64_t calls;

	kt_buf_init(&b, KT_BODY_MAX);
	keep(&b, KT_SPAN(HEAD));
	while (b.len < bytes)
		keep(&b, piece);
	add(&b, behind, 1);
	keep(&b, KT_SPAN(TAIL));
	calls = send(&b, r);
	kt_buf_fini(&b);
	return calls;
}

#define LARGE (1u << 20)

/* What is no JSON is refused; behind all else a card is still found. */
static void
a_mebibyte_of_any_byte_costs_what_its_bytes_cost(void)
{
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;
		struct kt_span piece = { &byte, 1 };
		bool is_text = c >= ' ' && c < 0x80 && c != '"'; /* "\\\\" is */
		struct result small, large;
		uint64_t few, many;

		few = send_repeated(piece, LARGE / 4, "\\n" CARD, &small);
		many = send_repeated(piece, LARGE, "\\n" CARD, &large);
		if (!ok(many <= 5 * few + 1000 && many <= 4ull * LARGE) ||
		    !ok(is_text ? strcmp(large.decision, "redact") == 0 &&
		            large.up_calls == 1 : large.up_calls == 0) ||
		    !ok(!has(&large.up, "4111")))
			printf("# byte %u: %llu calls, then %llu; %s\n", c,
			    (unsigned long long)few, (unsigned long long)many,
			    large.decision);
		result_fini(&small);
		result_fini(&large);
	}
}

static void
encode(struct kt_buf *b)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct kt_buf out;

	kt_buf_init(&out, KT_BODY_MAX);
	while (b->len % 3 != 0)
		keep(b, KT_SPAN(" "));
	for (size_t i = 0; i < b->len; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)b->ptr[i] << 16 |
		    (uint32_t)(uint8_t)b->ptr[i + 1] << 8 |
		    (uint8_t)b->ptr[i + 2];

		for (int k = 18; k >= 0; k -= 6)
			keep(&out, (struct kt_span){ &digits[v >> k & 63], 1 });
	}
	kt_buf_fini(b);
	*b = out;
}

/* Base64 in base64: as deep as it is looked into, it is found; deeper, it
 * still costs no more than its bytes. */
static void
encodings_in_encodings_stay_linear(void)
{
	for (unsigned depth = 1; depth <= 14; depth++) {
		struct kt_buf inner, body;
		struct result r;
		uint64_t calls;

		kt_buf_init(&inner, KT_BODY_MAX);
		add(&inner, "this is a card " CARD ". ", 200);
		for (unsigned i = 0; i < depth; i++)
			encode(&inner);
		kt_buf_init(&body, KT_BODY_MAX);
		keep(&body, KT_SPAN(HEAD));
		keep(&body, kt_buf_span(&inner));
		keep(&body, KT_SPAN(TAIL));
		calls = send(&body, &r);
		ok(calls <= 16 * body.len);
		if (depth <= KT_DETECT_DEPTH_MAX)
			ok(!has(&r.up, "VuY3") || strcmp(r.decision, "pass") != 0);
		if (!ok(depth > KT_DETECT_DEPTH_MAX ||
		        strcmp(r.decision, "pass") != 0))
			printf("# depth %u: %s\n", depth, r.decision);
		result_fini(&r);
		kt_buf_fini(&inner);
		kt_buf_fini(&body);
	}
}

static uint64_t
send_results(unsigned n, struct result *r)
{
	struct kt_buf b;
	uint64_t calls;

	kt_buf_init(&b, KT_BODY_MAX);
	keep(&b, KT_SPAN("{\"model\":\"m\",\"max_tokens\":9,\"messages\":["));
	for (unsigned i = 0; i < n; i++)
		if (kt_buf_printf(&b, "%s{\"role\":\"assistant\",\"content\":["
		    "{\"type\":\"tool_use\",\"id\":\"t%u\",\"name\":\"Read\","
		    "\"input\":{\"n\":%u}}]},{\"role\":\"user\",\"content\":["
		    "{\"type\":\"tool_result\",\"tool_use_id\":\"t%u\","
		    "\"content\":\"line %u of a file, as long as lines of files "
		    "are, so that it is no more of structure than of text%s\"}]}", i > 0 ? "," : "", i, i, i, i,
		    i % 1000 == 999 ? " card " CARD : "") < 0)
			abort();
	keep(&b, KT_SPAN("]}"));
	calls = send(&b, r);
	kt_buf_fini(&b);
	return calls;
}

static void
ten_thousand_results_are_all_looked_at(void)
{
	struct result small, large;
	uint64_t few = send_results(2500, &small);
	uint64_t many = send_results(10000, &large);

	ok(many <= 5 * few + 1000);
	ok(strcmp(large.decision, "redact") == 0 && large.up_calls == 1);
	ok(!has(&large.up, "4111 1") && has(&large.up, "line 9998 "));
	ok(has(&large.record, "tool.pci.detected"));
	result_fini(&small);
	result_fini(&large);
}

/* Told of or not: in one text there is no more room than KT_FINDINGS_MAX, and
 * for edits no more than a call's memory. */
static void
a_hundred_thousand_findings_fail_closed(void)
{
	static const struct kt_span pieces[] = {
		KT_SPAN_INIT("4111 1111 1111 1111, "),
		KT_SPAN_INIT("ann@example.com, ") };

	for (size_t i = 0; i < KT_NELEMS(pieces); i++) {
		struct result small, large;
		uint64_t few = send_repeated(
		    pieces[i], 25000 * pieces[i].len, "", &small);
		uint64_t many = send_repeated(
		    pieces[i], 100000 * pieces[i].len, "", &large);

		ok(many <= 5 * few + 1000);
		ok(i == 0 ? !has(&large.up, "4111") :
		    strcmp(large.decision, "pass") == 0 ||
		        large.up_calls == 0);
		if (!ok(strcmp(large.outcome, "ok") == 0 ||
		        strcmp(large.outcome, "fail-closed") == 0 ||
		        strcmp(large.outcome, "blocked") == 0))
			printf("# %zu: %s %s\n", i, large.decision,
			    large.outcome);
		result_fini(&small);
		result_fini(&large);
	}
}

int
main(void)
{
	if (!world_init(&w, ALL("  secret-scanner: {action: redact}\n"
	    "  pii-detector: {action: redact, flag_entities: [EMAIL_ADDRESS]}\n")))
		return EXIT_FAILURE;
	RUN(a_mebibyte_of_any_byte_costs_what_its_bytes_cost);
	RUN(encodings_in_encodings_stay_linear);
	RUN(ten_thousand_results_are_all_looked_at);
	RUN(a_hundred_thousand_findings_fail_closed);
	world_fini(&w);
	return done();
}
