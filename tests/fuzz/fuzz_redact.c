/*
 * fuzz_redact - what is cut out of a request is gone, and only that.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input: one byte (policy, spelling), then a text in which "@@" stands for a
 * secret.  Whatever stands around it, the body that goes up is JSON, holds no
 * secret, and is made of markers and of bytes of the request in their order;
 * where nothing but secrets was found, those alone are gone.  With tokens that
 * can be taken back, a model that repeats what it heard is heard by the client
 * as if nothing had been replaced.
 */
#include "json/text.h"
#include "json/write.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/words.h"

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum policy { GONE, REVERSIBLE, POLICIES };

static const struct {
	const char *config, *secret;
} policies[POLICIES] = {
	[GONE] = { CONFIG(REDACT), TOKEN },
	[REVERSIBLE] = {
	    "pack: {name: t, version: 1.0.0, enabled: true}\n"
	    "policies: {chain: [reversible-redaction]}\n"
	    "policy: {reversible-redaction: {entities: [EMAIL_ADDRESS]}}\n"
	    "providers:\n  targets:\n    - {id: up, provider: anthropic,"
	    " base_url: 'http://127.0.0.1:1', secret_key_ref: {env: TEST_KEY}}\n",
	    "ann@example.org" },
};

static const char before[] =
    "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
    "\"content\":\"";
static const char behind[] = "\"}]}";

static void
must(bool holds)
{
	if (!holds)
		KT_BUG("no memory");
}

/* Text with the secret between two line ends wherever "@@" stands. */
static size_t
plant(struct kt_span from, const char *secret, struct kt_buf *to)
{
	size_t n = 0;

	for (size_t i = 0; i < from.len; i++) {
		if (!kt_span_starts(
		        kt_span_sub(from, i, from.len), KT_SPAN("@@"))) {
			keep(to, kt_span_sub(from, i, 1));
			continue;
		}
		keep(to, KT_SPAN("\n"));
		keep(to, kt_span_of(secret));
		keep(to, KT_SPAN("\n"));
		i++;
		n++;
	}
	return n;
}

/* The inside of a string: as short as can be, or each byte of ASCII as \u. */
static void
spell(struct kt_buf *to, struct kt_span text, bool is_long)
{
	for (size_t i = 0; i < text.len; i++) {
		struct kt_span one = kt_span_sub(text, i, 1);

		if ((uint8_t)text.ptr[i] >= 0x80)
			keep(to, one);
		else if (is_long)
			must(kt_buf_printf(
			         to, "\\u%04x", (unsigned)text.ptr[i]) == KT_OK);
		else
			must(kt_json_write_escaped(to, one) == KT_OK);
	}
}

/* What a string of the body, or of an answer, says; its first of the name. */
static void
said(const struct kt_buf *body, const char *name, struct kt_buf *to)
{
	struct kt_span text = kt_buf_span(body), raw = { .len = 0 };
	struct kt_json json;
	struct kt_err err;

	kt_json_init(&json, 1u << 20);
	if (kt_json_parse(&json, text, &err) < 0)
		KT_BUG("what was redacted is not JSON");
	for (uint32_t i = 1; i < json.count && raw.len == 0; i++)
		if (kt_json_type(&json, i) == KT_JSON_STRING &&
		    kt_json_is(&json, text, kt_json_name_of(&json, i),
		        kt_span_of(name)))
			raw = kt_json_string(&json, text, i);
	if (kt_json_unescape_add(to, raw) < 0)
		KT_BUG("a string that cannot be read");
	kt_json_fini(&json);
}

/* Bytes of the marker that s begins with, or 0. */
static size_t
marker_at(struct kt_span s)
{
	size_t n = 1;

	if (s.len == 0 || s.ptr[0] != '[')
		return 0;
	while (n < s.len && ((s.ptr[n] >= 'A' && s.ptr[n] <= 'Z') ||
	    (s.ptr[n] >= '0' && s.ptr[n] <= '9') || s.ptr[n] == '_'))
		n++;
	return n > 1 && n < s.len && s.ptr[n] == ']' ? n + 1 : 0;
}

/* Where s has part first, or s.len. */
static size_t
place_of(struct kt_span s, struct kt_span part)
{
	size_t at = 0;

	while (at < s.len && !kt_span_starts(kt_span_sub(s, at, s.len), part))
		at++;
	return at;
}

/* What is no marker in up are bytes of text, in their order. */
static bool
is_made_of(struct kt_span up, struct kt_span text)
{
	while (up.len > 0) {
		size_t n = 0, at;

		while (n < up.len &&
		    marker_at(kt_span_sub(up, n, up.len)) == 0)
			n++;
		at = place_of(text, kt_span_sub(up, 0, n));
		if (n > 0 && at == text.len)
			return false;
		text = kt_span_sub(text, at + n, text.len);
		up = kt_span_sub(up, n, up.len);
		up = kt_span_sub(up, marker_at(up), up.len);
	}
	return true;
}

/* The secrets, and nothing else, were found. */
static bool
found_only(const struct kt_buf *record, size_t n)
{
	struct kt_span s = kt_buf_span(record), name = KT_SPAN("\"detector\":");
	char want[64];
	size_t detectors = 0;

	(void)snprintf(want, sizeof(want),
	    "\"count\":%zu,\"detector\":\"github-pat\"", n);
	for (; s.len > 0; s = kt_span_sub(s, 1, s.len))
		detectors += kt_span_starts(s, name);
	return detectors == 1 && has(record, want);
}

static void
ask(struct world *w, const struct kt_buf *body, const struct kt_buf *answer,
    struct result *r)
{
	struct script s = { .target = "/v1/messages",
		.body = body->ptr,
		.body_len = body->len,
		.answer = answer != NULL ? answer->ptr : WHOLE("so"),
		.answer_len = answer != NULL ? answer->len : 0 };

	result_init(r);
	run_script(w, &s, r);
	if (tap_bad + tap_failed_here > 0)
		KT_BUG("a law of the machine was broken");
}

/* The model repeats what it was told. */
static void
check_restored(struct world *w, const struct kt_buf *body, struct kt_span up,
    struct kt_span text)
{
	static const char head[] =
	    "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"";
	static const char tail[] = "\"}],\"stop_reason\":\"end_turn\","
	    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":3,"
	    "\"output_tokens\":5}}";
	struct kt_buf answer, got;
	struct result r;

	kt_buf_init(&answer, 1u << 20);
	kt_buf_init(&got, 1u << 20);
	keep(&answer, kt_span_of(head));
	spell(&answer, up, false);
	keep(&answer, kt_span_of(tail));
	ask(w, body, &answer, &r);
	said(&r.out, "text", &got);
	if (!kt_span_eq(kt_buf_span(&got), text))
		KT_BUG("what was restored is not what was replaced");
	result_fini(&r);
	kt_buf_fini(&answer);
	kt_buf_fini(&got);
}

static void
check(struct world *w, enum policy p, bool is_long, struct kt_span input)
{
	struct kt_buf text, body, up, want;
	struct result r;
	size_t n;

	kt_buf_init(&text, 1u << 20);
	kt_buf_init(&body, 1u << 20);
	kt_buf_init(&up, 1u << 20);
	kt_buf_init(&want, 1u << 20);
	n = plant(input, policies[p].secret, &text);
	keep(&body, kt_span_of(before));
	spell(&body, kt_buf_span(&text), is_long);
	keep(&body, kt_span_of(behind));
	ask(w, &body, NULL, &r);
	if (r.up_calls != 1)
		KT_BUG("a redacted request did not go up");
	said(&r.up, "content", &up);
	if (n > 0 && (has(&up, policies[p].secret) ||
	        has(&r.record, policies[p].secret)))
		KT_BUG("a secret is left");
	if (p == REVERSIBLE)
		check_restored(w, &body, kt_buf_span(&up), kt_buf_span(&text));
	else if (!is_made_of(kt_buf_span(&up), kt_buf_span(&text)))
		KT_BUG("something else was changed");
	if (p == GONE && found_only(&r.record, n)) {
		(void)plant(input, "[GITHUB_TOKEN]", &want);
		if (!kt_span_eq(kt_buf_span(&up), kt_buf_span(&want)))
			KT_BUG("more than the secrets is gone, or less");
	}
	result_fini(&r);
	kt_buf_fini(&text);
	kt_buf_fini(&body);
	kt_buf_fini(&up);
	kt_buf_fini(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct world worlds[POLICIES];
	struct kt_span text = { (const char *)bytes + 1, len - 1 };
	enum policy p = bytes[0] & 1;

	/* One that stands there by itself may be part of a longer word. */
	if (len < 2 || len > TEXT_MAX || kt_utf8_check(text) < text.len ||
	    place_of(text, kt_span_of(policies[p].secret)) < text.len)
		return 0;
	if (worlds[p].program == NULL &&
	    !world_init(&worlds[p], policies[p].config))
		KT_BUG("the configuration of the test does not load");
	check(&worlds[p], p, bytes[0] >> 1 & 1, text);
	return 0;
}
