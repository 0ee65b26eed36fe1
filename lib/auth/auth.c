/*
 * auth - tokens carry 256 random bits, so a plain SHA-256 is enough: there
 * is nothing to guess that a slow hash would protect.  The check letters
 * only spare a look-up; they are no secret.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/auth.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define PREFIX "kt_gk_"
#define PREFIX_LEN 6
#define BODY_LEN 43
#define CHECK_LEN 6

static const char letters[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const char *const kt_auth_kinds[2] = { "human", "service" };

static const struct {
	const char *name;
	uint32_t bits;
} scopes[] = {
#define KT_AUTH_SCOPE(id, name, chat) { name, KT_AUTH_##id },
#include "auth/scope.def"
#undef KT_AUTH_SCOPE
	{ "chat", KT_AUTH_CHAT },
};

#define KT_AUTH_SCOPE(id, name, chat) \
	_Static_assert(!(KT_AUTH_CHAT & KT_AUTH_##id) == !(chat), name);
#include "auth/scope.def"
#undef KT_AUTH_SCOPE

bool
kt_auth_scope_of(struct kt_span name, uint32_t *out)
{
	for (size_t i = 0; i < KT_NELEMS(scopes); i++) {
		if (!kt_span_eq(name, kt_span_of(scopes[i].name)))
			continue;
		*out = scopes[i].bits;
		return true;
	}
	return false;
}

enum kt_rc
kt_auth_scopes_parse(struct kt_span list, uint32_t *out, struct kt_err *err)
{
	uint32_t all = 0;

	for (;;) {
		size_t comma = kt_span_find(list, ',');
		struct kt_span name = kt_span_trim(kt_span_sub(list, 0, comma));
		uint32_t bits;

		if (!kt_auth_scope_of(name, &bits))
			return kt_fail(err, KT_E_PARSE, "unknown scope '%.*s'",
			    KT_SPAN_ARG(name));
		all |= bits;
		if (comma == list.len)
			break;
		list = kt_span_sub(list, comma + 1, list.len);
	}
	*out = all;
	return KT_OK;
}

enum kt_rc
kt_auth_scopes_print(uint32_t bits, struct kt_buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i + 1 < KT_NELEMS(scopes); i++) {
		if ((bits & scopes[i].bits) == 0)
			continue;
		if (kt_buf_printf(out, "%s%s", comma, scopes[i].name) < 0)
			return KT_E_LIMIT;
		comma = ",";
	}
	return KT_OK;
}

static void
hash(struct kt_span text, uint8_t out[static KT_AUTH_HASH])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text.ptr, text.len, out) < 0)
		KT_BUG("no SHA-256 in the crypto library");
}

/* The number in bytes, most significant first, in letters. */
static void
spell(const uint8_t *bytes, size_t n, char *out, size_t len)
{
	uint8_t number[32];

	memcpy(number, bytes, n);
	for (size_t i = len; i-- > 0;) {
		unsigned rest = 0;

		for (size_t k = 0; k < n; k++) {
			rest = rest << 8 | number[k];
			number[k] = (uint8_t)(rest / 62);
			rest %= 62;
		}
		out[i] = letters[rest];
	}
	gnutls_memset(number, 0, sizeof(number));
}

static void
spell_check(const char *text, char out[static CHECK_LEN])
{
	uint8_t sum[KT_AUTH_HASH];

	hash((struct kt_span){ text, PREFIX_LEN + BODY_LEN }, sum);
	spell(sum, 4, out, CHECK_LEN);
}

void
kt_auth_make(const uint8_t random[static KT_AUTH_RANDOM],
    char text[static KT_AUTH_TEXT + 1], char id[static KT_AUTH_ID + 1],
    uint8_t sha256[static KT_AUTH_HASH])
{
	memcpy(text, PREFIX, PREFIX_LEN);
	spell(random, 32, text + PREFIX_LEN, BODY_LEN);
	spell_check(text, text + PREFIX_LEN + BODY_LEN);
	text[KT_AUTH_TEXT] = '\0';
	memcpy(id, "tok_", 4);
	spell(random + 32, 8, id + 4, KT_AUTH_ID - 4);
	id[KT_AUTH_ID] = '\0';
	hash((struct kt_span){ text, KT_AUTH_TEXT }, sha256);
}

bool
kt_auth_is_token(struct kt_span s)
{
	char check[CHECK_LEN];

	if (s.len != KT_AUTH_TEXT || !kt_span_starts(s, KT_SPAN(PREFIX)))
		return false;
	spell_check(s.ptr, check);
	return kt_span_eq(kt_span_sub(s, PREFIX_LEN + BODY_LEN, CHECK_LEN),
	    (struct kt_span){ check, CHECK_LEN });
}

void
kt_auth_check(const struct kt_auth_tokens *t, struct kt_span candidate,
    uint64_t now, struct kt_auth_result *result)
{
	uint8_t sum[KT_AUTH_HASH];
	const struct kt_auth_token *found = NULL;

	*result = (struct kt_auth_result){ 0 };
	if (!kt_auth_is_token(candidate))
		return;
	hash(candidate, sum);
	for (size_t i = 0; i < t->count; i++) {
		/* In the same time wherever they differ, and to the last. */
		if (gnutls_memcmp(t->list[i].sha256, sum, sizeof(sum)) == 0)
			found = &t->list[i];
	}
	result->token = found;
	if (found == NULL)
		result->verdict = KT_AUTH_UNKNOWN;
	else if (found->revoked != 0)
		result->verdict = KT_AUTH_REVOKED;
	else if (found->expires != 0 && found->expires <= now)
		result->verdict = KT_AUTH_EXPIRED;
	else
		result->verdict = KT_AUTH_VALID;
}
