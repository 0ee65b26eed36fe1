/*
 * auth - who calls: the tokens that kt hands out, and what they open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how a token is spelled and checked, the document that lists them
 *           (of each token only its SHA-256), scopes, expiry, revocation.
 * Does not: read files, the clock or the random source; those are arguments.
 *           It decides nothing about models or policies.
 * Promises: a document with a member, scope or kind it does not know is
 *           refused whole, so that a slip never widens access; a look-up
 *           takes the same time whichever entry matches; no message holds a
 *           token or a hash.
 */
#ifndef KT_AUTH_H
#define KT_AUTH_H
#include "base/base.h"

#define KT_AUTH_HASH 32
#define KT_AUTH_RANDOM 40      /* bytes that make one token and its id */
#define KT_AUTH_TEXT 55        /* "kt_gk_", 43 random, 6 check letters */
#define KT_AUTH_ID 14          /* "tok_" and 10 letters */

enum kt_auth_scope_bit {
#define KT_AUTH_SCOPE(id, name, chat) KT_AUTH_BIT_##id,
#include "auth/scope.def"
#undef KT_AUTH_SCOPE
};
enum kt_auth_scope {
#define KT_AUTH_SCOPE(id, name, chat) KT_AUTH_##id = 1 << KT_AUTH_BIT_##id,
#include "auth/scope.def"
#undef KT_AUTH_SCOPE
};
/* "chat": everything a chat client needs, no files and no administration. */
#define KT_AUTH_CHAT \
	(KT_AUTH_MESSAGES | KT_AUTH_COMPLETIONS | KT_AUTH_RESPONSES | \
	    KT_AUTH_COUNT_TOKENS | KT_AUTH_MODELS)

/* One name, "chat" included; false when there is no such scope. */
bool kt_auth_scope_of(struct kt_span name, uint32_t *scopes);
/* Names parted by commas; at least one. */
KT_MUSTCHECK enum kt_rc kt_auth_scopes_parse(
    struct kt_span list, uint32_t *scopes, struct kt_err *err);
/* "messages,models", without spaces. */
KT_MUSTCHECK enum kt_rc kt_auth_scopes_print(
    uint32_t scopes, struct kt_buf *out);

enum kt_auth_kind { KT_AUTH_HUMAN, KT_AUTH_SERVICE };
extern const char *const kt_auth_kinds[2];

struct kt_auth_token {
	struct kt_span id, principal, group; /* group may be empty */
	enum kt_auth_kind kind;
	uint32_t scopes;
	uint64_t created, expires, revoked; /* seconds since 1970; 0: never */
	uint8_t sha256[KT_AUTH_HASH];
};

struct kt_auth_tokens {
	struct kt_arena *mem; /* of every span below */
	struct kt_auth_token *list;
	size_t count, cap;
};
void kt_auth_tokens_init(struct kt_auth_tokens *t);
void kt_auth_tokens_fini(struct kt_auth_tokens *t);
/* Into an empty list; after a failure only _fini. */
KT_MUSTCHECK enum kt_rc kt_auth_tokens_parse(
    struct kt_auth_tokens *t, struct kt_span text, struct kt_err *err);
/* Copies what token points to.  KT_E_MISUSE when the id is taken. */
KT_MUSTCHECK enum kt_rc kt_auth_tokens_add(struct kt_auth_tokens *t,
    const struct kt_auth_token *token, struct kt_err *err);
struct kt_auth_token *kt_auth_tokens_find(
    struct kt_auth_tokens *t, struct kt_span id);
KT_MUSTCHECK enum kt_rc kt_auth_tokens_write(
    const struct kt_auth_tokens *t, struct kt_buf *out);

/* The text is shown once and never kept: token gets its hash and id. */
void kt_auth_make(const uint8_t random[static KT_AUTH_RANDOM],
    char text[static KT_AUTH_TEXT + 1], char id[static KT_AUTH_ID + 1],
    uint8_t sha256[static KT_AUTH_HASH]);
/* Spelled like a token, check letters included: worth a look-up. */
bool kt_auth_is_token(struct kt_span candidate);

/* Nothing is valid that nobody found. */
enum kt_auth_verdict {
	KT_AUTH_UNKNOWN = 0,
	KT_AUTH_EXPIRED,
	KT_AUTH_REVOKED,
	KT_AUTH_VALID,
};
struct kt_auth_result {
	enum kt_auth_verdict verdict;
	const struct kt_auth_token *token; /* NULL when unknown */
};
void kt_auth_check(const struct kt_auth_tokens *t, struct kt_span candidate,
    uint64_t now, struct kt_auth_result *result);

/* "2030-01-31T12:00:00Z", UTC only; false leaves *seconds alone. */
bool kt_auth_when_parse(struct kt_span text, uint64_t *seconds);
void kt_auth_when_print(uint64_t seconds, char text[static 21]);

#endif
