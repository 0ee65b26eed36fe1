/*
 * The laws of callers: only a whole, known, live token is valid.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/auth.h"
#include "tests/unit/tap.h"

#define NOW 1800000000u

static struct kt_err err;

/* Adds a token made from one repeated byte; its text goes to text. */
static struct kt_auth_token *
add(struct kt_auth_tokens *t, uint8_t seed, char text[static KT_AUTH_TEXT + 1])
{
	struct kt_auth_token token = { .principal = KT_SPAN("ann \"x\"\n"),
		.group = KT_SPAN("g"), .kind = KT_AUTH_SERVICE,
		.scopes = KT_AUTH_CHAT, .created = NOW - 10 };
	uint8_t random[KT_AUTH_RANDOM];
	char id[KT_AUTH_ID + 1];

	memset(random, seed, sizeof(random));
	kt_auth_make(random, text, id, token.sha256);
	token.id = kt_span_of(id);
	ok(kt_auth_tokens_add(t, &token, &err) == KT_OK);
	return &t->list[t->count - 1];
}

static enum kt_auth_verdict
check(const struct kt_auth_tokens *t, const char *text)
{
	struct kt_auth_result r;

	kt_auth_check(t, kt_span_of(text), NOW, &r);
	ok((r.token != NULL) == (r.verdict != KT_AUTH_UNKNOWN));
	return r.verdict;
}

static void
only_a_known_live_token_is_valid(void)
{
	char a[KT_AUTH_TEXT + 1], b[KT_AUTH_TEXT + 1], c[KT_AUTH_TEXT + 1];
	struct kt_auth_tokens t, none;

	kt_auth_tokens_init(&t);
	kt_auth_tokens_init(&none);
	(void)add(&t, 1, a); /* the pointer is not needed */
	add(&t, 2, b)->expires = NOW;
	add(&t, 255, c)->revoked = NOW - 1;
	ok(strlen(a) == KT_AUTH_TEXT && strncmp(a, "kt_gk_", 6) == 0);
	ok(check(&t, a) == KT_AUTH_VALID && check(&none, a) == KT_AUTH_UNKNOWN);
	ok(check(&t, b) == KT_AUTH_EXPIRED && check(&t, c) == KT_AUTH_REVOKED);
	t.list[1].expires = NOW + 1;
	ok(check(&t, b) == KT_AUTH_VALID);
	ok(check(&t, "") == KT_AUTH_UNKNOWN);
	for (size_t i = 0; i < KT_AUTH_TEXT; i++) {
		a[i] ^= 1;
		ok(!kt_auth_is_token(kt_span_of(a)));
		ok(check(&t, a) == KT_AUTH_UNKNOWN);
		a[i] ^= 1;
	}
	kt_auth_tokens_fini(&t);
	kt_auth_tokens_fini(&none);
}

static void
a_list_reads_back_as_written_and_holds_no_token(void)
{
	char a[KT_AUTH_TEXT + 1], b[KT_AUTH_TEXT + 1];
	struct kt_auth_tokens t, back;
	struct kt_buf first, second;

	kt_buf_init(&first, 65536);
	kt_buf_init(&second, 65536);
	kt_auth_tokens_init(&t);
	kt_auth_tokens_init(&back);
	add(&t, 1, a)->expires = NOW + 5;
	add(&t, 2, b)->revoked = NOW;
	ok(kt_auth_tokens_write(&t, &first) == KT_OK);
	ok(kt_auth_tokens_parse(&back, kt_buf_span(&first), &err) == KT_OK);
	ok(kt_auth_tokens_write(&back, &second) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&first), kt_buf_span(&second)));
	ok(check(&back, a) == KT_AUTH_VALID && check(&back, b) == KT_AUTH_REVOKED);
	ok(kt_buf_addc(&first, '\0') == KT_OK);
	ok(strstr(first.ptr, "sha256") != NULL && strstr(first.ptr, a) == NULL);
	kt_auth_tokens_fini(&t);
	kt_auth_tokens_fini(&back);
	kt_buf_fini(&first);
	kt_buf_fini(&second);
}

#define HEX "00000000000000000000000000000000" \
	"00000000000000000000000000000000"
#define HEAD "{\"v\":1,\"tokens\":[{\"id\":\"i\",\"sha256\":\"" HEX \
	"\",\"principal\":\"p\",\"kind\":\"human\","
#define WHEN "\"created\":\"2030-01-01T00:00:00Z\""

static void
a_slip_in_the_list_refuses_it_whole(void)
{
	static const struct {
		const char *text;
		enum kt_rc rc;
	} lists[] = {
		{ "{\"v\":1,\"tokens\":[]}", KT_OK },
		{ HEAD "\"scopes\":[\"chat\"]," WHEN "}]}", KT_OK },
		{ HEAD "\"scopes\":[\"chats\"]," WHEN "}]}", KT_E_PARSE },
		{ HEAD "\"scopes\":[1]," WHEN "}]}", KT_E_PARSE },
		{ HEAD WHEN "}]}", KT_E_PARSE },
		{ HEAD "\"scopes\":[]," WHEN ",\"revokd\":\"x\"}]}", KT_E_PARSE },
		{ HEAD "\"scopes\":[]," WHEN ",\"revoked\":null}]}", KT_E_PARSE },
		{ HEAD "\"scopes\":[]," WHEN ",\"expires\":0}]}", KT_E_PARSE },
		{ HEAD "\"scopes\":[]," WHEN ",\"id\":\"j\"}]}", KT_E_PARSE },
		{ "{\"v\":2,\"tokens\":[]}", KT_E_PARSE },
		{ "{\"v\":1,\"tokens\":[],\"x\":1}", KT_E_PARSE },
		{ "{\"v\":1,\"tokens\":{}}", KT_E_PARSE },
		{ "[]", KT_E_PARSE }, { "", KT_E_PARSE },
	};

	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		struct kt_auth_tokens t;

		kt_auth_tokens_init(&t);
		if (!ok(kt_auth_tokens_parse(&t, kt_span_of(lists[i].text),
		    &err) == lists[i].rc))
			printf("# list %zu\n", i);
		kt_auth_tokens_fini(&t);
	}
}

static void
a_list_has_a_bounded_size(void)
{
	struct kt_auth_token token = { .principal = KT_SPAN("p") };
	struct kt_auth_tokens t;
	char *spaces = kt_alloc(KT_TOKENS_BYTES_MAX + 1);

	kt_auth_tokens_init(&t);
	ok(kt_auth_tokens_parse(&t, (struct kt_span){ spaces,
		KT_TOKENS_BYTES_MAX + 1 }, &err) == KT_E_LIMIT);
	for (int i = 0; i <= KT_TOKENS_MAX; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "%d", i);
		token.id = kt_span_of(id);
		ok(kt_auth_tokens_add(&t, &token, &err) ==
		    (i < KT_TOKENS_MAX ? KT_OK : KT_E_LIMIT));
	}
	t.count = 1;
	token.id = KT_SPAN("0");
	ok(kt_auth_tokens_add(&t, &token, &err) == KT_E_MISUSE);
	token.id = KT_SPAN("1");
	token.principal = (struct kt_span){ spaces, KT_CALLER_NAME_MAX + 1 };
	ok(kt_auth_tokens_add(&t, &token, &err) == KT_E_LIMIT);
	token.principal.len--;
	ok(kt_auth_tokens_add(&t, &token, &err) == KT_OK);
	kt_auth_tokens_fini(&t);
	kt_free(spaces);
}

static void
scopes_read_back_as_printed(void)
{
	struct kt_buf b;
	uint32_t bits = 0;

	kt_buf_init(&b, 256);
	ok(kt_auth_scopes_parse(KT_SPAN("chat, files"), &bits, &err) == KT_OK);
	ok(bits == (KT_AUTH_CHAT | KT_AUTH_FILES));
	ok(kt_auth_scopes_print(bits, &b) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&b), KT_SPAN("messages,completions,responses,"
					       "count_tokens,models,files")));
	bits = 0;
	ok(kt_auth_scopes_parse(kt_buf_span(&b), &bits, &err) == KT_OK);
	ok(bits == (KT_AUTH_CHAT | KT_AUTH_FILES));
	ok(kt_auth_scopes_parse(KT_SPAN(""), &bits, &err) == KT_E_PARSE);
	ok(kt_auth_scopes_parse(KT_SPAN("files,"), &bits, &err) == KT_E_PARSE);
	kt_buf_fini(&b);
}

static void
times_read_back_as_printed(void)
{
	static const char *const bad[] = { "", "2030-02-29T00:00:00Z",
		"2030-13-01T00:00:00Z", "2030-01-01T24:00:00Z",
		"2030-01-01 00:00:00Z", "1969-12-31T23:59:59Z",
		"2030-01-01T00:00:00+", "2100-02-29T00:00:00Z" };
	uint64_t back = 0;
	char text[21];

	for (uint64_t s = 0; s < UINT64_C(8000000000); s += 86400 * 17 + 12345) {
		kt_auth_when_print(s, text);
		ok(kt_auth_when_parse(kt_span_of(text), &back) && back == s);
	}
	ok(kt_auth_when_parse(KT_SPAN("2024-02-29T12:30:45Z"), &back));
	ok(back == 1709209845);
	for (size_t i = 0; i < KT_NELEMS(bad); i++)
		ok(!kt_auth_when_parse(kt_span_of(bad[i]), &back));
}

int
main(void)
{
	RUN(only_a_known_live_token_is_valid);
	RUN(a_list_reads_back_as_written_and_holds_no_token);
	RUN(a_slip_in_the_list_refuses_it_whole);
	RUN(a_list_has_a_bounded_size);
	RUN(scopes_read_back_as_printed);
	RUN(times_read_back_as_printed);
	return done();
}
