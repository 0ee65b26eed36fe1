/*
 * file - the document that lists tokens, read through the strict door and
 * written by the writer, so that what kt wrote is what kt reads.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "auth/auth.h"
#include "json/door.h"
#include "json/write.h"

void
kt_auth_tokens_init(struct kt_auth_tokens *t)
{
	*t = (struct kt_auth_tokens){ .mem = kt_arena_new(KT_TOKENS_BYTES_MAX) };
}

void
kt_auth_tokens_fini(struct kt_auth_tokens *t)
{
	kt_arena_free(&t->mem);
	kt_free(t->list);
	*t = (struct kt_auth_tokens){ 0 };
}

struct kt_auth_token *
kt_auth_tokens_find(struct kt_auth_tokens *t, struct kt_span id)
{
	for (size_t i = 0; i < t->count; i++) {
		if (kt_span_eq(t->list[i].id, id))
			return &t->list[i];
	}
	return NULL;
}

enum kt_rc
kt_auth_tokens_add(struct kt_auth_tokens *t, const struct kt_auth_token *token,
    struct kt_err *err)
{
	struct kt_auth_token *to;

	if (t->count == KT_TOKENS_MAX)
		return kt_fail(err, KT_E_LIMIT, "more than %d tokens", KT_TOKENS_MAX);
	if (kt_auth_tokens_find(t, token->id) != NULL)
		return kt_fail(err, KT_E_MISUSE, "id '%.*s' is there already",
		    KT_SPAN_ARG(token->id));
	if (token->principal.len > KT_CALLER_NAME_MAX)
		return kt_fail(err, KT_E_LIMIT,
		    "principal: longer than %d bytes", KT_CALLER_NAME_MAX);
	if (t->mem == NULL || kt_grow((void **)&t->list, &t->cap, t->count + 1,
	    sizeof(*t->list)) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory for tokens");
	to = &t->list[t->count];
	*to = *token;
	to->id = kt_arena_dup(t->mem, token->id);
	to->principal = kt_arena_dup(t->mem, token->principal);
	to->group = kt_arena_dup(t->mem, token->group);
	if (kt_arena_is_full(t->mem))
		return kt_fail(err, KT_E_LIMIT, "no memory for tokens");
	t->count++;
	return KT_OK;
}

static enum kt_rc
read_scopes(const cJSON *list, uint32_t *scopes, struct kt_err *err)
{
	const cJSON *one;

	if (!cJSON_IsArray(list))
		return kt_fail(err, KT_E_PARSE, "scopes: not a list");
	cJSON_ArrayForEach(one, list) {
		uint32_t bits;

		if (!kt_auth_scope_of(
			kt_span_of(cJSON_GetStringValue(one)), &bits))
			return kt_fail(err, KT_E_PARSE, "scopes: an unknown one");
		*scopes |= bits;
	}
	return KT_OK;
}

static bool
read_kind(struct kt_span s, enum kt_auth_kind *kind)
{
	for (int i = 0; i < 2; i++) {
		if (!kt_span_eq(s, kt_span_of(kt_auth_kinds[i])))
			continue;
		*kind = (enum kt_auth_kind)i;
		return true;
	}
	return false;
}

enum {
	HAS_ID = 1, HAS_HASH = 2, HAS_PRINCIPAL = 4, HAS_KIND = 8,
	HAS_SCOPES = 16, HAS_CREATED = 32, HAS_ALL = 63,
};

/* One member.  What it does not know it refuses: it may be a restriction. */
static enum kt_rc
read_member(const cJSON *m, struct kt_auth_token *to, unsigned *has,
    struct kt_err *err)
{
	struct kt_span name = kt_span_of(m->string);
	struct kt_span s = kt_span_of(cJSON_GetStringValue(m));
	bool is_right = s.ptr != NULL;

	if (kt_span_eq(name, KT_SPAN("scopes"))) {
		*has |= HAS_SCOPES;
		return read_scopes(m, &to->scopes, err);
	}
	if (kt_span_eq(name, KT_SPAN("id"))) {
		*has |= s.len > 0 ? HAS_ID : 0;
		to->id = s;
	} else if (kt_span_eq(name, KT_SPAN("sha256"))) {
		*has |= HAS_HASH;
		is_right = is_right && kt_unhex(s, to->sha256, KT_AUTH_HASH);
	} else if (kt_span_eq(name, KT_SPAN("principal"))) {
		*has |= s.len > 0 ? HAS_PRINCIPAL : 0;
		to->principal = s;
	} else if (kt_span_eq(name, KT_SPAN("kind"))) {
		*has |= HAS_KIND;
		is_right = is_right && read_kind(s, &to->kind);
	} else if (kt_span_eq(name, KT_SPAN("group"))) {
		to->group = s;
	} else if (kt_span_eq(name, KT_SPAN("created"))) {
		*has |= HAS_CREATED;
		is_right = is_right && kt_auth_when_parse(s, &to->created);
	} else if (kt_span_eq(name, KT_SPAN("expires"))) {
		is_right = is_right && kt_auth_when_parse(s, &to->expires) &&
		    to->expires != 0;
	} else if (kt_span_eq(name, KT_SPAN("revoked"))) {
		is_right = is_right && kt_auth_when_parse(s, &to->revoked) &&
		    to->revoked != 0;
	} else {
		return kt_fail(err, KT_E_PARSE, "an unknown member");
	}
	if (!is_right)
		return kt_fail(err, KT_E_PARSE, "%s: malformed", m->string);
	return KT_OK;
}

static enum kt_rc
read_token(struct kt_auth_tokens *t, const cJSON *object, struct kt_err *err)
{
	struct kt_auth_token token = { 0 };
	unsigned has = 0;
	const cJSON *m;

	if (!cJSON_IsObject(object))
		return kt_fail(err, KT_E_PARSE, "not an object");
	cJSON_ArrayForEach(m, object) {
		if (read_member(m, &token, &has, err) < 0)
			return err->rc;
	}
	if (has != HAS_ALL)
		return kt_fail(err, KT_E_PARSE, "a member is missing or empty");
	return kt_auth_tokens_add(t, &token, err);
}

static enum kt_rc
read_tree(struct kt_auth_tokens *t, const cJSON *tree, struct kt_err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(tree, "v");
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "tokens");
	const cJSON *one;

	if (!cJSON_IsNumber(v) || v->valuedouble != 1.0)
		return kt_fail(err, KT_E_PARSE, "not a version 1 list of tokens");
	if (!cJSON_IsArray(list) || cJSON_GetArraySize(tree) != 2)
		return kt_fail(err, KT_E_PARSE, "not a list of tokens");
	cJSON_ArrayForEach(one, list) {
		if (read_token(t, one, err) < 0)
			return kt_wrap(err, "token %zu", t->count);
	}
	return KT_OK;
}

enum kt_rc
kt_auth_tokens_parse(
    struct kt_auth_tokens *t, struct kt_span text, struct kt_err *err)
{
	cJSON *tree;
	enum kt_rc rc;

	if (text.len > KT_TOKENS_BYTES_MAX)
		return kt_fail(err, KT_E_LIMIT, "longer than %u bytes",
		    KT_TOKENS_BYTES_MAX);
	tree = kt_json_door(text, err);
	if (tree == NULL)
		return err->rc;
	rc = read_tree(t, tree, err);
	cJSON_Delete(tree);
	return rc;
}

static void
put_when(struct kt_json_writer *w, const char *name, uint64_t seconds)
{
	char text[21];

	if (seconds == 0)
		return;
	kt_auth_when_print(seconds, text);
	kt_json_named_cstr(w, name, text);
}

static void
put_scopes(struct kt_json_writer *w, uint32_t scopes)
{
	kt_json_named_array(w, "scopes");
#define KT_AUTH_SCOPE(id, name, chat) \
	if ((scopes & KT_AUTH_##id) != 0) \
		kt_json_put_cstr(w, name);
#include "auth/scope.def"
#undef KT_AUTH_SCOPE
	kt_json_end_array(w);
}

static void
put_token(struct kt_json_writer *w, const struct kt_auth_token *token)
{
	char hex[2 * KT_AUTH_HASH + 1];

	kt_hex(token->sha256, KT_AUTH_HASH, hex);
	kt_json_begin_object(w);
	kt_json_named_string(w, "id", token->id);
	kt_json_named_cstr(w, "sha256", hex);
	kt_json_named_string(w, "principal", token->principal);
	kt_json_named_cstr(w, "kind", kt_auth_kinds[token->kind]);
	if (token->group.len > 0) {
		kt_json_named_string(w, "group", token->group);
	}
	put_scopes(w, token->scopes);
	put_when(w, "created", token->created);
	put_when(w, "expires", token->expires);
	put_when(w, "revoked", token->revoked);
	kt_json_end_object(w);
}

enum kt_rc
kt_auth_tokens_write(const struct kt_auth_tokens *t, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_u64(&w, "v", 1);
	kt_json_named_array(&w, "tokens");
	for (size_t i = 0; i < t->count; i++)
		put_token(&w, &t->list[i]);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}
