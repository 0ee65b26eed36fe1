/*
 * token - hands out, lists and revokes tokens.
 *
 * The list is replaced, never edited in place, and a lock file beside it
 * orders those who replace it: the list itself cannot be locked, because
 * the next rename puts another file under its name.  What counts is the file
 * at the end of all links: it is what a gateway reads, whatever it calls it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "auth/auth.h"
#include "cmd/cmd.h"
#include "disk/disk.h"
#include "json/write.h"

#define LOCK_TRIES 500
#define LOCK_WAIT_NS 20000000
#define MODE 0600

/* The list of tokens of this command, open between begin() and end(). */
struct store {
	char path[KT_PATH_MAX];
	struct kt_disk_file lock;
	struct kt_auth_tokens tokens;
	struct kt_err err;
};

static const char *
chosen_path(const char *option)
{
	const char *path = option != NULL ? option : getenv("KT_TOKENS_FILE");

	return path != NULL && path[0] != '\0' ? path : "tokens.json";
}

static enum kt_rc
lock(struct store *s)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };
	char path[KT_PATH_MAX];
	enum kt_rc rc;
	int n;

	n = snprintf(path, sizeof(path), "%s.lock", s->path);
	if (n < 0 || (size_t)n >= sizeof(path))
		return kt_fail(&s->err, KT_E_LIMIT, "the name is too long");
	rc = kt_disk_open(
	    &s->lock, &kt_disk_real, path, KT_DISK_APPEND, &s->err);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < LOCK_TRIES; i++) {
		rc = kt_disk_lock(&s->lock, &s->err);
		if (rc != KT_E_MISUSE)
			return rc;
		(void)nanosleep(&wait, NULL); /* a shorter wait is as good */
	}
	return rc;
}

enum access { TO_READ, TO_CHANGE };

/* A list that does not exist is empty to who changes it. */
static enum kt_rc
begin(struct store *s, const char *path, enum access access)
{
	struct kt_buf text;
	enum kt_rc rc;

	*s = (struct store){ .lock = KT_DISK_FILE_INIT };
	kt_auth_tokens_init(&s->tokens);
	kt_buf_init(&text, KT_TOKENS_BYTES_MAX);
	rc = kt_disk_follow(&kt_disk_real, path, s->path, &s->err);
	if (rc == KT_OK && access == TO_CHANGE)
		rc = lock(s);
	if (rc == KT_OK) {
		rc = kt_disk_read_file(
		    &kt_disk_real, s->path, KT_TOKENS_BYTES_MAX, &text, &s->err);
		if (rc == KT_OK)
			rc = kt_auth_tokens_parse(
			    &s->tokens, kt_buf_span(&text), &s->err);
		else if (rc == KT_E_IO && errno == ENOENT && access == TO_CHANGE)
			rc = KT_OK;
	}
	kt_buf_fini(&text);
	return rc;
}

static enum kt_rc
save(struct store *s)
{
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, KT_TOKENS_BYTES_MAX);
	rc = kt_auth_tokens_write(&s->tokens, &text);
	if (rc == KT_OK)
		rc = kt_buf_addc(&text, '\n');
	if (rc < 0)
		rc = kt_fail(&s->err, rc, "cannot be written as JSON");
	else
		rc = kt_disk_replace(&kt_disk_real, s->path,
		    kt_buf_span(&text), MODE, &s->err);
	kt_buf_fini(&text);
	return rc;
}

/* Frees everything and tells what went wrong, if anything did. */
static enum kt_exit
end(struct store *s, enum kt_rc rc)
{
	if (rc < 0)
		kt_say("tokens %s: %s", s->path, s->err.text);
	kt_auth_tokens_fini(&s->tokens);
	kt_disk_close(&s->lock);
	return rc < 0 ? KT_EXIT_UNKNOWN : KT_EXIT_YES;
}

static uint64_t
now_seconds(void)
{
	struct kt_disk_time t;

	kt_disk_now(&t);
	return t.real_us / 1000000;
}

/* "30d", "12h", "90m" from now, or a time. */
static bool
read_expires(const char *value, uint64_t now, uint64_t *expires)
{
	struct kt_span s = kt_span_of(value);
	uint64_t n, unit;

	if (kt_auth_when_parse(s, expires))
		return *expires > now;
	if (s.len < 2 || s.len > 7)
		return false;
	switch (s.ptr[s.len - 1]) {
	case 'd':
		unit = 86400;
		break;
	case 'h':
		unit = 3600;
		break;
	case 'm':
		unit = 60;
		break;
	default:
		return false;
	}
	if (!kt_span_u64(kt_span_sub(s, 0, s.len - 1), &n) || n == 0)
		return false;
	*expires = now + n * unit;
	return true;
}

enum { FILE_OPT = KT_OPT_LONG, PRINCIPAL, KIND, GROUP, SCOPES, EXPIRES };
#define FILE_LINE \
	{ FILE_OPT, "tokens-file", "FILE", \
		"the list ($KT_TOKENS_FILE, else tokens.json)" }

static const struct kt_opt create_opts[] = {
	FILE_LINE,
	{ PRINCIPAL, "principal", "NAME", "who calls with it" },
	{ KIND, "kind", "KIND", "human (default) or service" },
	{ GROUP, "group", "GROUP", "its consumer group" },
	{ SCOPES, "scopes", "LIST", "what it opens, default chat" },
	{ EXPIRES, "expires", "WHEN", "30d, 12h, 90m or 2030-01-31T12:00:00Z" },
};

/* What it takes is what its help says. */
static enum kt_exit
does_not_fit(const struct kt_args *args, int code)
{
	size_t i = 0;

	while (create_opts[i].code != code)
		i++;
	return kt_misuse(args->cmd, "--%s: '%s' does not fit; it takes: %s",
	    create_opts[i].name, args->value, create_opts[i].text);
}

/* False: the value is wrong, and *exit says what to return. */
static bool
read_option(const struct kt_args *args, int code, struct kt_auth_token *token,
    enum kt_exit *exit)
{
	struct kt_err err = { 0 };
	bool is_right = true;

	switch (code) {
	case PRINCIPAL:
		token->principal = kt_span_of(args->value);
		is_right = token->principal.len > 0;
		break;
	case GROUP:
		token->group = kt_span_of(args->value);
		is_right = token->group.len > 0;
		break;
	case KIND:
		is_right = strcmp(args->value, kt_auth_kinds[0]) == 0 ||
		    strcmp(args->value, kt_auth_kinds[1]) == 0;
		token->kind = strcmp(args->value, kt_auth_kinds[1]) == 0
		    ? KT_AUTH_SERVICE : KT_AUTH_HUMAN;
		break;
	case SCOPES:
		if (kt_auth_scopes_parse(kt_span_of(args->value),
		    &token->scopes, &err) < 0) {
			*exit = kt_misuse(args->cmd, "%s", err.text);
			return false;
		}
		break;
	case EXPIRES:
		is_right = read_expires(
		    args->value, token->created, &token->expires);
		break;
	default:
		break;
	}
	if (!is_right || kt_utf8_check(kt_span_of(args->value)) !=
	    strlen(args->value)) {
		*exit = does_not_fit(args, code);
		return false;
	}
	return true;
}

/* A token that nobody has seen does not stay valid. */
static enum kt_rc
take_back(struct store *s, const char *id)
{
	struct kt_auth_token *token =
	    kt_auth_tokens_find(&s->tokens, kt_span_of(id));

	token->revoked = now_seconds();
	if (save(s) < 0)
		return kt_wrap(&s->err,
		    "the token could not be shown: revoke '%s'", id);
	return kt_fail(&s->err, KT_E_IO,
	    "the token could not be shown and is revoked");
}

/* Adds the token under a fresh id; the text is printed once it is saved. */
static enum kt_exit
create(const char *path, struct kt_auth_token *token)
{
	char text[KT_AUTH_TEXT + 1], id[KT_AUTH_ID + 1];
	uint8_t random[KT_AUTH_RANDOM];
	struct store s;
	enum kt_rc rc = begin(&s, path, TO_CHANGE);

	if (rc == KT_OK)
		rc = kt_disk_random(random, sizeof(random), &s.err);
	if (rc == KT_OK) {
		kt_auth_make(random, text, id, token->sha256);
		token->id = kt_span_of(id);
		rc = kt_auth_tokens_add(&s.tokens, token, &s.err);
	}
	if (rc == KT_OK)
		rc = save(&s);
	if (rc == KT_OK && (printf("id %s, shown this once:\n%s\n", id, text) < 0 ||
	    fflush(stdout) != 0))
		rc = take_back(&s, id);
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	return end(&s, rc);
}

enum kt_exit
kt_cmd_token_create(const struct kt_cmd *self, int argc, char **argv)
{
	struct kt_args args = { .cmd = self, .opts = create_opts,
		.opts_n = KT_NELEMS(create_opts), .argc = argc, .argv = argv };
	struct kt_auth_token token = { .scopes = KT_AUTH_CHAT,
		.created = now_seconds() };
	const char *file = NULL;
	enum kt_exit exit;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == FILE_OPT)
			file = args.value;
		else if (!read_option(&args, c, &token, &exit))
			return exit;
	}
	if (args.operand < argc)
		return kt_misuse(self, "unexpected '%s'", argv[args.operand]);
	if (token.principal.len == 0)
		return kt_misuse(self, "--principal is missing");
	return create(chosen_path(file), &token);
}

static const char *
state(const struct kt_auth_token *token, uint64_t now)
{
	if (token->revoked != 0)
		return "revoked";
	return token->expires != 0 && token->expires <= now ? "expired" : "valid";
}

/* A name from the list, without what would move a terminal's cursor. */
static void
print_name(struct kt_span s, int width)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		(void)putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
	for (int i = (int)s.len; i <= width; i++)
		(void)putchar(' ');
}

static enum kt_rc
print_table(const struct kt_auth_tokens *t, struct kt_err *err)
{
	(void)printf("%-14s %-7s %-7s %-20s %-20s %-12s %s\n", "ID", "STATE",
	    "KIND", "EXPIRES", "PRINCIPAL", "GROUP", "SCOPES");
	for (size_t i = 0; i < t->count; i++) {
		const struct kt_auth_token *token = &t->list[i];
		char when[21] = "never";
		struct kt_buf b;

		kt_buf_init(&b, 256);
		if (kt_auth_scopes_print(token->scopes, &b) < 0) {
			kt_buf_fini(&b);
			return kt_fail(err, KT_E_LIMIT, "too many scopes");
		}
		if (token->expires != 0)
			kt_auth_when_print(token->expires, when);
		print_name(token->id, 14);
		(void)printf("%-7s %-7s %-20s ", state(token, now_seconds()),
		    kt_auth_kinds[token->kind], when);
		print_name(token->principal, 20);
		print_name(token->group, 12);
		(void)printf("%.*s\n", (int)b.len, b.ptr ? b.ptr : "");
		kt_buf_fini(&b);
	}
	return KT_OK;
}

static enum kt_rc
print_json(const struct kt_auth_tokens *t, struct kt_err *err)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, KT_TOKENS_BYTES_MAX);
	rc = kt_auth_tokens_write(t, &b);
	if (rc < 0)
		rc = kt_fail(err, rc, "cannot be written as JSON");
	else
		(void)printf("%.*s\n", (int)b.len, b.ptr);
	kt_buf_fini(&b);
	return rc;
}

enum kt_exit
kt_cmd_token_list(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = { FILE_LINE, KT_OPT_JSON_LINE };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	const char *file = NULL;
	bool is_json = false;
	struct store s;
	enum kt_rc rc;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		if (c == FILE_OPT)
			file = args.value;
		else
			is_json = true;
	}
	if (args.operand < argc)
		return kt_misuse(self, "unexpected '%s'", argv[args.operand]);
	rc = begin(&s, chosen_path(file), TO_READ);
	if (rc == KT_OK)
		rc = is_json ? print_json(&s.tokens, &s.err)
			     : print_table(&s.tokens, &s.err);
	if (rc == KT_OK && fflush(stdout) != 0)
		rc = kt_fail(&s.err, KT_E_IO, "cannot be shown");
	return end(&s, rc);
}

enum kt_exit
kt_cmd_token_revoke(const struct kt_cmd *self, int argc, char **argv)
{
	static const struct kt_opt opts[] = { FILE_LINE };
	struct kt_args args = { .cmd = self, .opts = opts,
		.opts_n = KT_NELEMS(opts), .argc = argc, .argv = argv };
	struct kt_auth_token *token = NULL;
	const char *file = NULL;
	struct store s;
	enum kt_rc rc;
	int c;

	while ((c = kt_args_next(&args)) != KT_ARGS_END) {
		if (c == KT_ARGS_STOP)
			return args.exit;
		file = args.value;
	}
	if (argc - args.operand != 1)
		return kt_misuse(self, "one id is wanted");
	rc = begin(&s, chosen_path(file), TO_CHANGE);
	if (rc == KT_OK) {
		token = kt_auth_tokens_find(
		    &s.tokens, kt_span_of(argv[args.operand]));
		if (token == NULL)
			kt_say("tokens %s: no such id", s.path);
	}
	if (token != NULL && token->revoked == 0) {
		token->revoked = now_seconds();
		rc = save(&s);
	}
	if (rc == KT_OK && token == NULL) {
		(void)end(&s, KT_OK); /* nothing more to tell */
		return KT_EXIT_NO;
	}
	return end(&s, rc);
}
