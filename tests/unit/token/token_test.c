/*
 * token - counts and ids against those of the reference encoders.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/audit.h"
#include "json/json.h"
#include "json/text.h"
#include "tests/unit/tap.h"
#include "token/ascii_priv.h"
#include "token/class_priv.h"
#include "token/known_priv.h"
#include "token/token.h"

#define FILE_MAX (4u << 20)

static struct kt_tokenizer *
tokenizer(enum kt_encoding e)
{
	struct kt_tokenizer *t;

	if (kt_tokenizer_new(&t, e) < 0)
		abort();
	return t;
}

/* Decimal ids with a comma between, as the vectors hash them. */
static void
hash_ids(const struct kt_token_ids *ids, char hex[static 65])
{
	uint8_t digest[KT_AUDIT_HASH];
	struct kt_buf text;

	kt_buf_init(&text, FILE_MAX);
	for (size_t i = 0; i < ids->n; i++)
		if (kt_buf_printf(
		        &text, "%s%u", i > 0 ? "," : "", ids->ids[i]) < 0)
			abort();
	kt_audit_sha256(kt_buf_span(&text), digest);
	kt_hex(digest, sizeof(digest), hex);
	kt_buf_fini(&text);
}

static struct kt_span
string_at(const struct kt_json *j, struct kt_span line, const char *name)
{
	return kt_json_string(j, line,
	    kt_json_member(j, line, kt_json_root(j), kt_span_of(name)));
}

static bool
is_as_said(struct kt_tokenizer *t, struct kt_span line, struct kt_json *j)
{
	struct kt_token_ids ids = { .ids = NULL };
	struct kt_buf text;
	struct kt_err err;
	char hex[65] = "";
	size_t n = 0;
	uint64_t want;
	bool is_equal;

	kt_buf_init(&text, FILE_MAX);
	if (kt_json_parse(j, line, &err) < 0 ||
	    kt_json_unescape_add(&text, string_at(j, line, "text")) < 0 ||
	    kt_token_count(t, kt_buf_span(&text), &n, &ids, NULL) < 0)
		abort();
	hash_ids(&ids, hex);
	is_equal = kt_json_u64(j, line,
	               kt_json_member(j, line, kt_json_root(j),
	                   KT_SPAN("n_tokens")),
	               &want) &&
	    want == n && n == ids.n &&
	    kt_span_eq(string_at(j, line, "tokens_sha256"), kt_span_of(hex));
	if (!is_equal)
		printf("# %.*s: %zu tokens\n",
		    KT_SPAN_ARG(string_at(j, line, "cat")), n);
	kt_token_ids_fini(&ids);
	kt_buf_fini(&text);
	return is_equal;
}

static bool
read_file(const char *path, struct kt_buf *out)
{
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return false;
	if (kt_buf_reserve(out, FILE_MAX) < 0)
		abort();
	out->len = fread(out->ptr, 1, FILE_MAX, f);
	return fclose(f) == 0;
}

/* False: the file is not on this machine. */
static bool
all_as_said(enum kt_encoding e, const char *folder)
{
	const char *src = getenv("KT_SRCDIR");
	struct kt_tokenizer *t = tokenizer(e);
	size_t lines = 0, bad = 0;
	char path[4096];
	struct kt_json j;
	struct kt_buf file;

	kt_buf_init(&file, FILE_MAX);
	kt_json_init(&j, FILE_MAX);
	(void)snprintf(path, sizeof(path), "%s/%s/%.*s.jsonl",
	    src != NULL ? src : ".", folder, KT_SPAN_ARG(kt_encoding_name(e)));
	if (read_file(path, &file)) {
		struct kt_span rest = kt_buf_span(&file);

		while (rest.len > 0) {
			size_t end = kt_span_find(rest, '\n');

			lines++;
			bad += !is_as_said(t, kt_span_sub(rest, 0, end), &j);
			rest = kt_span_sub(rest, end + 1, rest.len);
		}
		ok(lines > 0 && bad == 0);
	}
	kt_json_fini(&j);
	kt_buf_fini(&file);
	kt_tokenizer_free(&t);
	return lines > 0;
}

static void
kept_vectors_hold(void)
{
	for (size_t e = 0; e < KT_ENCODINGS; e++)
		ok(all_as_said((enum kt_encoding)e, "tests/data/tokens"));
}

static void
vectors_of_all_scripts_hold(void)
{
	for (size_t e = 0; e < KT_ENCODINGS; e++)
		ok(all_as_said((enum kt_encoding)e, "../shared/corpora/tokens"));
}

/* U+FDFA is three bytes and becomes 33. */
static void
a_text_that_grows_too_much_is_refused(void)
{
	size_t n = KT_TOKEN_NORMAL_MAX / 33 + 1, count = 0;
	struct kt_tokenizer *t = tokenizer(KT_ENCODING_CLAUDE);
	char *text = kt_alloc(4 * n);

	for (size_t i = 0; i < n; i++)
		memcpy(text + 4 * i, "\xef\xb7\xba ", 4);
	ok(kt_token_count(t, (struct kt_span){ text, 4 * n }, &count, NULL,
	       NULL) == KT_E_LIMIT);
	ok(count == 0);
	kt_free(text);
	kt_tokenizer_free(&t);
}

/* What was cached must not change what comes next. */
static void
a_second_count_equals_the_first(void)
{
	static const char text[] =
	    "The quick brown fox's 12345 tails\r\n\r\n  don't\xc3\xa9 /* */ x";
	struct kt_tokenizer *t = tokenizer(KT_ENCODING_O200K);
	size_t first = 0, both = 0;

	ok(kt_token_count(t, KT_SPAN(text), &first, NULL, NULL) == KT_OK);
	ok(kt_token_count(t, KT_SPAN(text), &both, NULL, NULL) == KT_OK);
	ok(kt_token_count(t, KT_SPAN(text), &both, NULL, NULL) == KT_OK);
	ok(first > 0 && both == 2 * first);
	kt_tokenizer_free(&t);
}

static void
text_that_is_not_utf8_is_refused_with_its_place(void)
{
	struct kt_token_ids ids = { .ids = NULL };
	struct kt_tokenizer *t = tokenizer(KT_ENCODING_CLAUDE);
	size_t n = 7, at = 0;

	ok(kt_token_count(t, KT_SPAN("abc\xed\xa0\x80"), &n, &ids, &at) ==
	    KT_E_PARSE);
	ok(n == 7 && ids.n == 0 && at == 3);
	kt_tokenizer_free(&t);
}

static void
a_piece_without_end_is_refused(void)
{
	size_t len = KT_TOKEN_PIECE_MAX + 1, n = 0;
	struct kt_tokenizer *t = tokenizer(KT_ENCODING_CL100K);
	char *text = kt_alloc(len);

	memset(text, 'a', len);
	ok(kt_token_count(t, (struct kt_span){ text, len }, &n, NULL, NULL) ==
	    KT_E_LIMIT);
	ok(kt_token_count(t, (struct kt_span){ text, len - 1 }, &n, NULL,
	       NULL) == KT_OK);
	kt_free(text);
	kt_tokenizer_free(&t);
}

static bool
is_same_of_16(const uint8_t *p)
{
	struct kt_ascii a = kt_ascii_of(p), b = kt_ascii_bytewise(p);

	return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Each byte at each of the sixteen places, and what the tables call it. */
static void
sixteen_bytes_at_once_are_what_each_of_them_is(void)
{
	uint8_t p[KT_ASCII_STEP];
	bool is_so = true;

	for (unsigned c = 0; c < 256; c++)
		for (size_t i = 0; i < KT_ASCII_STEP; i++) {
			unsigned class = c < 0x80 ? kt_char_classes[0][c] : 0;
			struct kt_ascii a;

			memset(p, (int)(c * 7 + i), sizeof(p));
			p[i] = (uint8_t)c;
			a = kt_ascii_of(p);
			is_so &= is_same_of_16(p) &&
			    (a.upper >> i & 1) == !!(class & KT_CHAR_UPPER) &&
			    (a.lower >> i & 1) == !!(class & KT_CHAR_LOWER) &&
			    (a.digit >> i & 1) == !!(class & KT_CHAR_NUMBER) &&
			    (a.space >> i & 1) == !!(class & KT_CHAR_SPACE) &&
			    (a.other >> i & 1) == (c >= 0x80);
		}
	ok(is_so);
}

/* Letters and signs, of a length around the one from which on they are kept. */
static struct kt_span
some_text(char *text, uint32_t seed)
{
	static const char signs[] = "etaoin shrdlu, {}().\n0123456789_ABC";
	size_t len = KT_TOKEN_KNOWN_MIN - 2 + seed % 40;

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = signs[(seed >> 16) % (sizeof(signs) - 1)];
	}
	return (struct kt_span){ text, len };
}

static struct kt_token_sum
sum(enum kt_family f, struct kt_tokenizer *t, struct kt_span text)
{
	struct kt_token_sum sum = { .n = 0 };

	if (kt_token_sum_add(&sum, f, t, text, NULL) < 0)
		abort();
	return sum;
}

static bool
is_same_sum(struct kt_token_sum a, struct kt_token_sum b)
{
	return a.n == b.n && a.low == b.low && a.high == b.high;
}

/* Twice as many as there are places for, of all families, and once more. */
static void
a_text_that_is_known_counts_as_one_that_is_not(void)
{
	struct kt_tokenizer *knows[KT_ENCODINGS], *forgets[KT_ENCODINGS];
	char text[KT_TOKEN_KNOWN_MIN + 40];
	bool is_so = true;

	for (unsigned e = 0; e < KT_ENCODINGS; e++) {
		knows[e] = tokenizer((enum kt_encoding)e);
		forgets[e] = tokenizer((enum kt_encoding)e);
	}
	for (uint32_t i = 0; i < 4 * KT_TOKEN_KNOWN; i++) {
		struct kt_span s = some_text(text, i % (2 * KT_TOKEN_KNOWN));
		enum kt_family f = (enum kt_family)(i / 5 % KT_FAMILIES);
		enum kt_encoding e = kt_family_encoding(f);
		uint8_t hash[KT_TOKEN_HASH];
		struct kt_token_sum want;

		want = sum(f, forgets[e], s);
		if (s.len >= KT_TOKEN_KNOWN_MIN) { /* forgets */
			kt_token_known_hash(s, hash);
			kt_token_known_keep(kt_tokenizer_known(forgets[e]),
			    KT_FAMILIES, hash, &want);
		}
		is_so &= is_same_sum(sum(f, knows[e], s), want) &&
		    is_same_sum(sum(f, knows[e], s), want);
	}
	ok(is_so);
	for (unsigned e = 0; e < KT_ENCODINGS; e++) {
		kt_tokenizer_free(&knows[e]);
		kt_tokenizer_free(&forgets[e]);
	}
}

static void
a_long_text_is_counted_once_and_a_short_one_each_time(void)
{
	struct kt_tokenizer *t = tokenizer(KT_ENCODING_CLAUDE);
	struct kt_token_sum other = { .n = 9, .low = 8, .high = 10 };
	enum kt_family f = KT_FAMILY_CLAUDE_4_7;
	char text[KT_TOKEN_KNOWN_MIN];
	uint8_t hash[KT_TOKEN_HASH];

	memset(text, 'x', sizeof(text));
	for (size_t n = KT_TOKEN_KNOWN_MIN - 1; n <= KT_TOKEN_KNOWN_MIN; n++) {
		struct kt_span s = { text, n };
		struct kt_token_sum first = sum(f, t, s);

		kt_token_known_hash(s, hash);
		kt_token_known_keep(kt_tokenizer_known(t), f, hash, &other);
		ok(is_same_sum(sum(f, t, s),
		    n < KT_TOKEN_KNOWN_MIN ? first : other));
	}
	kt_tokenizer_free(&t);
}

int
main(void)
{
	char path[4096];
	const char *src = getenv("KT_SRCDIR");
	FILE *f;

	RUN(kept_vectors_hold);
	(void)snprintf(path, sizeof(path), "%s/../shared/corpora/tokens/README.md",
	    src != NULL ? src : ".");
	f = fopen(path, "rb");
	if (f != NULL) {
		(void)fclose(f); /* only looked for */
		RUN(vectors_of_all_scripts_hold);
	} else {
		SKIP(vectors_of_all_scripts_hold, "no ../shared/corpora/tokens");
	}
	RUN(sixteen_bytes_at_once_are_what_each_of_them_is);
	RUN(a_second_count_equals_the_first);
	RUN(a_text_that_is_known_counts_as_one_that_is_not);
	RUN(a_long_text_is_counted_once_and_a_short_one_each_time);
	RUN(text_that_is_not_utf8_is_refused_with_its_place);
	RUN(a_piece_without_end_is_refused);
	RUN(a_text_that_grows_too_much_is_refused);
	return done();
}
