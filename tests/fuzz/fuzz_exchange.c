/*
 * fuzz_exchange - any request, any answer, any order of events: the laws of
 * the machine hold, and a token never leaves in what was inspected.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Input: one byte (scene and policies), the request body, 0xff, the answer,
 * 0xff, dice.  "@@" in a body stands for a token between two blanks.
 */
#include "tests/unit/exchange/chance.h"
#include "tests/unit/exchange/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BOTH(first, second) \
	"pack: {name: t, version: 1.0.0, enabled: true}\n" \
	"policies: {chain: [secret-scanner, pii-detector]}\n" \
	"policy:\n" BLOCK "providers:\n  targets:\n" \
	"    - {id: a, provider: " first ", base_url: 'http://127.0.0.1:1'," \
	" secret_key_ref: {env: TEST_KEY}, timeout_seconds: 5}\n" \
	"    - {id: b, provider: " second ", base_url: 'http://127.0.0.1:2'," \
	" secret_key_ref: {env: TEST_KEY}}\n"

static struct world worlds[2];
static const char *const configs[] = { BOTH("anthropic", "openai"),
	BOTH("openai", "anthropic") };
static const char *const targets[] = { "/v1/messages",
	"/v1/chat/completions", "/v1/responses", "/v1/messages/count_tokens" };
static const char *const types[] = { "text/event-stream",
	"application/json" };

/* One that stands there by itself may be part of a longer word. */
static bool
holds_token(struct kt_span s)
{
	struct kt_span token = KT_SPAN(TOKEN);

	for (size_t i = 0; i + token.len <= s.len; i++) {
		if (kt_span_starts(kt_span_sub(s, i, s.len), token))
			return true;
	}
	return false;
}

static struct kt_span
planted(struct kt_buf *to, struct kt_span from)
{
	for (size_t i = 0; i < from.len; i++) {
		if (i + 1 < from.len && from.ptr[i] == '@' &&
		    from.ptr[i + 1] == '@') {
			keep(to, KT_SPAN(" " TOKEN " "));
			i++;
		} else {
			keep(to, kt_span_sub(from, i, 1));
		}
	}
	return kt_buf_span(to);
}

static struct kt_span
take_part(struct kt_span *rest)
{
	size_t n = kt_span_find(*rest, (char)0xff);
	struct kt_span part = kt_span_sub(*rest, 0, n);

	*rest = kt_span_sub(*rest, n + 1, rest->len);
	return part;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span rest = { (const char *)bytes + 1, len - 1 };
	struct kt_buf body, answer;
	struct scene s = { .method = "POST" };
	struct gambler g = { .now = 77 };
	struct world *w;

	if (len < 4 || len > 20000 || holds_token(rest))
		return 0;
	w = &worlds[bytes[0] & 1];
	if (w->program == NULL && !world_init(w, configs[bytes[0] & 1]))
		KT_BUG("the configuration of the test does not load");
	kt_buf_init(&body, 64u << 20);
	kt_buf_init(&answer, 64u << 20);
	s.target = targets[bytes[0] >> 1 & 3];
	s.type = types[bytes[0] >> 3 & 1];
	s.body = planted(&body, take_part(&rest));
	s.answer = planted(&answer, take_part(&rest));
	g.chance.bytes = (const uint8_t *)rest.ptr;
	g.chance.n = rest.len;
	if (g.chance.bytes == NULL)
		g.chance.bytes = bytes;
	play(w, &s, &g);
	if (g.broken > 0)
		KT_BUG("a law was broken");
	/* What cannot be read passes, and is told to be unread. */
	if (!has(&g.record, "uninspectable") &&
	    (has(&g.up, TOKEN) || has(&g.out, TOKEN)))
		KT_BUG("a token left");
	if (has(&g.record, TOKEN))
		KT_BUG("a token was recorded");
	leave(&g);
	kt_buf_fini(&body);
	kt_buf_fini(&answer);
	return 0;
}
