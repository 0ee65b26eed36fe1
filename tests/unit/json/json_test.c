/*
 * The laws of the span index: what it refuses, that no cutting changes its
 * mind, and that every node is where it says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"
#include "tests/unit/tap.h"

static enum kt_rc
parse(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	kt_json_init(j, text.len);
	return kt_json_parse(j, text, err);
}

static enum kt_rc
verdict(const char *text)
{
	struct kt_json j;
	struct kt_err err = { 0 };
	enum kt_rc rc = parse(&j, kt_span_of(text), &err);

	kt_json_fini(&j);
	return rc;
}

/* Fed to each byte in turn; the text moves every time. */
static enum kt_rc
parse_in_bytes(struct kt_json *j, struct kt_span text, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	kt_json_init(j, text.len);
	for (size_t n = 0; n <= text.len && rc == KT_OK; n++) {
		char *copy = kt_alloc(n);

		if (n > 0)
			memcpy(copy, text.ptr, n);
		rc = kt_json_feed(j, (struct kt_span){ copy, n }, err);
		kt_free(copy);
	}
	return rc < 0 ? rc : kt_json_end(j, text, err);
}

static bool
is_same_index(const struct kt_json *a, const struct kt_json *b)
{
	return a->count == b->count && kt_json_root(a) == kt_json_root(b) &&
	    (a->count < 2 ||
	        memcmp(a->nodes, b->nodes, a->count * sizeof(*a->nodes)) == 0);
}

static bool
holds_split_law(struct kt_span text)
{
	struct kt_json whole, cut;
	struct kt_err err = { 0 }, cut_err = { 0 };
	enum kt_rc rc = parse(&whole, text, &err);
	bool holds = parse_in_bytes(&cut, text, &cut_err) == rc &&
	    strcmp(err.text, cut_err.text) == 0 &&
	    (rc < 0 || is_same_index(&whole, &cut));

	kt_json_fini(&cut);
	for (size_t at = 0; holds && at <= text.len; at++) {
		cut_err = (struct kt_err){ 0 };
		kt_json_init(&cut, text.len);
		holds = kt_json_feed(
		    &cut, kt_span_sub(text, 0, at), &cut_err) >= rc &&
		    kt_json_end(&cut, text, &cut_err) == rc &&
		    strcmp(err.text, cut_err.text) == 0 &&
		    (rc < 0 || is_same_index(&whole, &cut));
		kt_json_fini(&cut);
	}
	kt_json_fini(&whole);
	return holds;
}

static void
any_cutting_gives_the_same_index(void)
{
	static const char *const texts[] = {
		"{\"a\":[1,-0.5e+7,true,false,null],\"\\u00e9\":\"\\ud83d\\ude00 "
		"\xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xa9 \\n\\\"\",\"\":{}} ",
		"[[],{},[{}],\"\\u0000\",1e400,-0,12345678901234567890]",
		"{\"a\":1,\"b\":{\"c\":2,\"d\":3,\"c\":4}}",
		"{\"a\":1,\"\\u0061\":2}", "\"\\ud800\\u0041\"", "\"\\ud83d\\ud83d\"",
		"\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xc3\"", "\"\xe2\x82\"",
		"[1,]", "01", "1.", "-", "1e", "nul", "nulx", "\"\\u12g4\"", "\"\\x\"",
		"{\"a\"}", "{\"a\":}", "[}", "1 2", "", " ", "\"\x01\"", "\xef\xbb\xbf{}",
		"42", "\"ab", "[\"ab\"", "{\"0\":0,\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,"
		"\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"a\":0,\"\\u0036\":0}",
	};

	for (size_t i = 0; i < KT_NELEMS(texts); i++) {
		if (!ok(holds_split_law(kt_span_of(texts[i]))))
			printf("# in text %zu\n", i);
	}
}

static void
names_equal_once_unescaped_are_refused(void)
{
	ok(verdict("{\"a\":1,\"a\":2}") == KT_E_PARSE);
	ok(verdict("{\"a\":1,\"\\u0061\":2}") == KT_E_PARSE);
	ok(verdict("{\"\\u0061\":1,\"a\":2}") == KT_E_PARSE);
	ok(verdict("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}") == KT_E_PARSE);
	ok(verdict("{\"/\":1,\"\\/\":2}") == KT_E_PARSE);
	ok(verdict("{\"\":1,\"\":2}") == KT_E_PARSE);
	/* Equal only to a reader that stops at NUL, folds case or nests. */
	ok(verdict("{\"a\":1,\"a\\u0000\":2}") == KT_OK);
	ok(verdict("{\"a\\u0000b\":1,\"a\\u0000c\":2}") == KT_OK);
	ok(verdict("{\"a\":1,\"A\":2}") == KT_OK);
	ok(verdict("{\"a\":{\"a\":1},\"b\":{\"a\":2}}") == KT_OK);
	ok(verdict("{\"12345678\":1,\"12345678\\u0000\":2}") == KT_OK);
}

/* An object of n names; the last is name number twice again, escaped. */
static enum kt_rc
many_names(unsigned n, unsigned twice, size_t *nodes)
{
	struct kt_buf b;
	struct kt_json j;
	struct kt_err err = { 0 };
	enum kt_rc rc = KT_OK;

	kt_buf_init(&b, SIZE_MAX);
	for (unsigned i = 0; i < n && rc == KT_OK; i++)
		rc = kt_buf_printf(&b, "%c\"k%u\":0", i ? ',' : '{', i);
	if (twice < n && rc == KT_OK)
		rc = kt_buf_printf(&b, ",\"\\u006b%u\":0", twice);
	if (rc == KT_OK)
		rc = kt_buf_addc(&b, '}');
	if (rc == KT_OK)
		rc = parse(&j, kt_buf_span(&b), &err);
	*nodes = rc == KT_OK ? j.count - 1 : 0;
	if (rc == KT_OK)
		ok(j.names.ptr == NULL && j.table.ptr == NULL);
	kt_json_fini(&j);
	kt_buf_fini(&b);
	return rc;
}

static void
a_second_name_is_found_among_any_number(void)
{
	static const unsigned sizes[] = { 2, 7, 8, 9, 10, 16, 17, 33, 30000 };
	size_t nodes;

	for (size_t i = 0; i < KT_NELEMS(sizes); i++) {
		unsigned n = sizes[i];

		ok(many_names(n, n, &nodes) == KT_OK && nodes == 1 + 2 * n);
		ok(many_names(n, 0, &nodes) == KT_E_PARSE);
		ok(many_names(n, n / 2, &nodes) == KT_E_PARSE);
		ok(many_names(n, n - 1, &nodes) == KT_E_PARSE);
	}
}

/* Reads the hashes of an open object, to choose names as an attacker would. */
static void
choose_names(struct kt_buf *out, unsigned wanted, uint32_t mask)
{
	struct kt_json j;
	struct kt_err err = { 0 };
	struct kt_buf b;
	unsigned n = 0;

	kt_buf_init(&b, SIZE_MAX);
	ok(kt_buf_addc(&b, '{') == KT_OK);
	for (unsigned i = 0; i < 30000; i++)
		ok(kt_buf_printf(&b, "\"%u\":0,", i) == KT_OK);
	kt_json_init(&j, b.len);
	ok(kt_json_feed(&j, kt_buf_span(&b), &err) == KT_OK);
	for (uint32_t i = 0; n < wanted && i < j.names.len / 8; i++) {
		uint32_t hash;

		memcpy(&hash, j.names.ptr + 8 * i, sizeof(hash));
		if ((hash & mask) == 1) {
			ok(kt_buf_printf(out, "%c\"%u\":0", n ? ',' : '{', i) ==
			    KT_OK);
			n++;
		}
	}
	ok(n == wanted && kt_buf_addc(out, '}') == KT_OK);
	kt_json_fini(&j);
	kt_buf_fini(&b);
}

static void
names_chosen_to_collide_are_refused_and_a_seed_parts_them(void)
{
	struct kt_buf b;
	struct kt_json j;
	struct kt_err err = { 0 };

	kt_buf_init(&b, SIZE_MAX);
	choose_names(&b, 64, 127); /* a table of twice as many slots */
	ok(parse(&j, kt_buf_span(&b), &err) == KT_E_LIMIT);
	kt_json_seed(&j, 42);
	ok(kt_json_parse(&j, kt_buf_span(&b), &err) == KT_OK);
	kt_json_fini(&j);
	kt_buf_fini(&b);
}

static void
what_other_readers_would_bend_is_kept_as_text(void)
{
	struct kt_span text = KT_SPAN("[1e400,-0,123456789012345678901,"
				      "\"a\\u0000b\",18446744073709551615,-5,1.0]");
	struct kt_json j;
	struct kt_err err = { 0 };
	uint32_t n;
	uint64_t u = 7;

	ok(parse(&j, text, &err) == KT_OK);
	n = kt_json_first(&j, kt_json_root(&j));
	ok(kt_span_eq(kt_json_raw(&j, text, n), KT_SPAN("1e400")));
	ok(!kt_json_u64(&j, text, n, &u) && u == 7);
	n = kt_json_next(&j, n);
	ok(kt_span_eq(kt_json_raw(&j, text, n), KT_SPAN("-0")));
	ok(!kt_json_u64(&j, text, n, &u) && u == 7);
	n = kt_json_next(&j, n);
	ok(kt_span_eq(kt_json_raw(&j, text, n), KT_SPAN("123456789012345678901")));
	ok(!kt_json_u64(&j, text, n, &u));
	n = kt_json_next(&j, n);
	ok(kt_json_has_escapes(&j, n));
	ok(kt_json_is(&j, text, n, (struct kt_span){ "a\0b", 3 }));
	ok(!kt_json_is(&j, text, n, KT_SPAN("a")));
	n = kt_json_next(&j, n);
	ok(kt_json_u64(&j, text, n, &u) && u == UINT64_MAX);
	n = kt_json_next(&j, n);
	ok(!kt_json_u64(&j, text, n, &u));
	n = kt_json_next(&j, n);
	ok(!kt_json_u64(&j, text, n, &u) && kt_json_next(&j, n) == 0);
	kt_json_fini(&j);
}

static enum kt_rc
nested(unsigned depth, const char *open, const char *middle, const char *close)
{
	struct kt_buf b;
	enum kt_rc rc = KT_OK;
	struct kt_json j;
	struct kt_err err = { 0 };

	kt_buf_init(&b, SIZE_MAX);
	for (unsigned i = 0; i < depth && rc == KT_OK; i++)
		rc = kt_buf_add(&b, kt_span_of(open));
	if (rc == KT_OK)
		rc = kt_buf_add(&b, kt_span_of(middle));
	for (unsigned i = 0; i < depth && rc == KT_OK; i++)
		rc = kt_buf_add(&b, kt_span_of(close));
	if (rc == KT_OK)
		rc = parse(&j, kt_buf_span(&b), &err);
	kt_json_fini(&j);
	kt_buf_fini(&b);
	return rc;
}

static void
nesting_ends_at_its_limit(void)
{
	ok(nested(KT_JSON_DEPTH_MAX, "[", "", "]") == KT_OK);
	ok(nested(KT_JSON_DEPTH_MAX + 1, "[", "", "]") == KT_E_PARSE);
	ok(nested(KT_JSON_DEPTH_MAX, "{\"a\":", "0", "}") == KT_OK);
	ok(nested(KT_JSON_DEPTH_MAX + 1, "{\"a\":", "0", "}") == KT_E_PARSE);
	ok(nested(1000000, "[", "", "") == KT_E_PARSE);
}

/* [ 0,0,...] with n values in all, in len bytes; blanks stand first. */
static enum kt_rc
values(unsigned n, size_t len, size_t max_bytes, size_t *memory)
{
	size_t at = len - 2 * (size_t)(n - 1);
	char *p = kt_alloc(len);
	struct kt_json j;
	struct kt_err err = { 0 };
	enum kt_rc rc;

	memset(p, ' ', len);
	p[0] = '[';
	for (unsigned i = 0; i + 1 < n; i++)
		memcpy(p + at + 2 * i, i + 2 < n ? "0," : "0]", 2);
	kt_json_init(&j, max_bytes);
	rc = kt_json_parse(&j, (struct kt_span){ p, len }, &err);
	*memory = j.store.cap;
	kt_json_fini(&j);
	kt_free(p);
	return rc;
}

static void
a_body_has_a_bounded_number_of_values(void)
{
	const size_t small = 4 * KT_JSON_NODES_MIN;
	const size_t large = 8 * small;
	/* The last value begins two bytes before the end. */
	const unsigned most = (unsigned)((large - 2) / KT_JSON_BYTES_PER_NODE);
	size_t memory;

	ok(values(KT_JSON_NODES_MIN, small, small, &memory) == KT_OK);
	ok(values(KT_JSON_NODES_MIN + 1, small, small, &memory) == KT_E_LIMIT);
	ok(values(most, large, large, &memory) == KT_OK);
	ok(values(most + 1, large, large, &memory) == KT_E_LIMIT);
	ok(memory <= (most + 1) * sizeof(struct kt_json_node));
	/* What might still come does not help, nor does a larger limit. */
	ok(values(KT_JSON_NODES_MIN + 1, small, KT_BODY_MAX, &memory) ==
	    KT_E_LIMIT);
	ok(values((unsigned)large / 2, large, KT_BODY_MAX, &memory) ==
	    KT_E_LIMIT);
	ok(memory <= 2 * KT_JSON_NODES_MIN * sizeof(struct kt_json_node));
	ok(values(2, 100, 99, &memory) == KT_E_LIMIT);
	ok(values(2, 100, 100, &memory) == KT_OK);
}

static void
messages_name_the_place_and_never_the_text(void)
{
	struct kt_json j;
	struct kt_err err = { 0 };

	ok(parse(&j, KT_SPAN("{\"secret\": sk-1}"), &err) == KT_E_PARSE);
	ok(err.rc == KT_E_PARSE && strstr(err.text, "byte 11: ") != NULL);
	ok(strstr(err.text, "sk") == NULL && strstr(err.text, "secret") == NULL);
	ok(kt_json_root(&j) == 0 && kt_json_type(&j, 1) == KT_JSON_ABSENT);
	/* The first refusal stays. */
	ok(kt_json_end(&j, KT_SPAN("{\"secret\": 1}   "), &err) == KT_E_PARSE);
	kt_json_fini(&j);
}

static void
members_are_found_by_what_they_say(void)
{
	struct kt_span text = KT_SPAN("{\"m\\u006fdel\":\"x\",\"n\":{\"t\":true}}");
	struct kt_json j;
	struct kt_err err = { 0 };
	uint32_t root, n;
	bool b = false;

	ok(parse(&j, text, &err) == KT_OK);
	root = kt_json_root(&j);
	n = kt_json_member(&j, text, root, KT_SPAN("model"));
	ok(kt_json_is(&j, text, n, KT_SPAN("x")));
	ok(kt_json_value_of(&j, kt_json_name_of(&j, n)) == n);
	ok(kt_json_parent(&j, n) == root);
	ok(kt_json_member(&j, text, root, KT_SPAN("mode")) == 0);
	ok(kt_json_member(&j, text, n, KT_SPAN("x")) == 0);
	ok(kt_json_member(&j, text, 0, KT_SPAN("x")) == 0);
	n = kt_json_member(&j, text, root, KT_SPAN("n"));
	ok(kt_json_bool(&j, kt_json_member(&j, text, n, KT_SPAN("t")), &b) && b);
	ok(!kt_json_bool(&j, n, &b) && kt_json_next(&j, n) == 0);
	ok(kt_json_name_of(&j, root) == 0 && kt_json_parent(&j, root) == 0);
	kt_json_fini(&j);
}

static void
every_node_is_found_by_its_pointer(void)
{
	struct kt_span text = KT_SPAN("{\"a/b\":[1,{\"m~n\":[[],[2]]}],\"\":{\"\":0},"
		"\"\\u0041\\n\":[0,1,2,3,4,5,6,7,8,9,10],\"0\":{\"1\":null}}");
	struct kt_json j;
	struct kt_err err = { 0 };
	struct kt_buf b;

	kt_buf_init(&b, 4096);
	ok(parse(&j, text, &err) == KT_OK);
	for (uint32_t n = 1; n < j.count; n++) {
		uint32_t want = n;

		if (kt_json_type(&j, n) == KT_JSON_NAME)
			want = n + 1;
		kt_buf_reset(&b);
		ok(kt_json_pointer(&j, text, n, &b) == KT_OK);
		ok(kt_json_at(&j, text, kt_buf_span(&b)) == want);
	}
	ok(kt_json_at(&j, text, KT_SPAN("/a~1b/1/m~0n/1/0")) != 0);
	ok(kt_json_at(&j, text, KT_SPAN("/A\n/10")) != 0);
	ok(kt_json_at(&j, text, KT_SPAN("/A\n/11")) == 0);
	ok(kt_json_at(&j, text, KT_SPAN("/A\n/01")) == 0);
	ok(kt_json_at(&j, text, KT_SPAN("/A\n/-")) == 0);
	ok(kt_json_at(&j, text, KT_SPAN("/a~2b")) == 0);
	ok(kt_json_at(&j, text, KT_SPAN("a")) == 0);
	ok(kt_json_at(&j, text, KT_SPAN("/a~1b/0/x")) == 0);
	kt_buf_reset(&b);
	b.limit = 3;
	ok(kt_json_pointer(&j, text, 4, &b) == KT_E_LIMIT && b.len == 0);
	kt_buf_fini(&b);
	kt_json_fini(&j);
}

/* Fed byte by byte, a string is never passed in blocks. */
static void
a_string_full_of_escapes_says_the_same_in_blocks_and_in_bytes(void)
{
	static const char *const parts[] = { "\\\\", "\\\"", "\\n", "\\/",
		"\\u00e9", "\\uD83D\\uDE00", "abc", "text without any of them",
		"\xc3\xa9", "\x7f", "x", "    ", "\\\\\\\\\\\\", "\\t\\t" };
	static const char *const ends[] = { "\"]", "\\\"]", "\\\\\"]",
		"\x01\"]", "\\\x01\"]", "\\q\"]", "\\\xc3\"]", "\xff\"]",
		"\\uD800\"]", "\"", "\\" };
	uint32_t seed = 7;
	char text[1024];
	size_t wrong = 0;

	for (unsigned round = 0; round < 400; round++) {
		const char *end;
		size_t n = 2, bytes;

		memcpy(text, "[\"", 2);
		seed = seed * 1664525 + 1013904223;
		for (bytes = seed >> 8 & 511; n < bytes + 2;) {
			const char *part;

			seed = seed * 1664525 + 1013904223;
			part = parts[(seed >> 8) % KT_NELEMS(parts)];
			memcpy(text + n, part, strlen(part));
			n += strlen(part);
		}
		end = ends[round % KT_NELEMS(ends)];
		memcpy(text + n, end, strlen(end));
		n += strlen(end);
		wrong += !holds_split_law((struct kt_span){ text, n });
	}
	ok(wrong == 0);
}

int
main(void)
{
	RUN(a_string_full_of_escapes_says_the_same_in_blocks_and_in_bytes);
	RUN(any_cutting_gives_the_same_index);
	RUN(names_equal_once_unescaped_are_refused);
	RUN(a_second_name_is_found_among_any_number);
	RUN(names_chosen_to_collide_are_refused_and_a_seed_parts_them);
	RUN(what_other_readers_would_bend_is_kept_as_text);
	RUN(nesting_ends_at_its_limit);
	RUN(a_body_has_a_bounded_number_of_values);
	RUN(messages_name_the_place_and_never_the_text);
	RUN(members_are_found_by_what_they_say);
	RUN(every_node_is_found_by_its_pointer);
	return done();
}
