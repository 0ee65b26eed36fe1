/*
 * The laws of unescaping and writing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/door.h"
#include "json/json.h"
#include "json/text.h"
#include "json/write.h"
#include "tests/unit/tap.h"

/* Small and repeatable; quality does not matter here. */
static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static const char long_run[] =
    "a run of text that is longer than the stretch between two marks in the "
    "map, so that some look-ups lie far behind any escape";

static void
random_raw(struct kt_buf *b, uint32_t *seed, unsigned pieces)
{
	static const char *const piece[] = { "\\n", "\\u0041", "\\u00e9", "\\u20ac",
		"\\ud83d\\ude00", "\\u0000", "\\\\", "\\\"", "plain", "x", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", long_run };

	for (unsigned i = 0; i < pieces; i++) {
		const char *s = piece[next_random(seed) % KT_NELEMS(piece)];

		ok(kt_buf_add(b, kt_span_of(s)) == KT_OK);
	}
}

/* Walks both texts in step, one character or escape at a time. */
static bool
holds_map_law(struct kt_span raw, struct kt_span text, struct kt_json_map map)
{
	size_t i = 0, d = 0;

	while (i < raw.len) {
		size_t end, became;

		if (raw.ptr[i] == '\\') {
			struct kt_buf one;

			end = i + 2;
			if (raw.ptr[i + 1] == 'u')
				end = i + (raw.ptr[i + 2] == 'd' ? 12 : 6);
			kt_buf_init(&one, 12);
			if (kt_json_unescape_add(
				&one, kt_span_sub(raw, i, end - i)) < 0)
				return false;
			became = one.len;
			kt_buf_fini(&one);
		} else {
			end = i + 1;
			became = 1;
		}
		for (size_t k = 0; k < became; k++) {
			if (kt_json_map_raw(&map, raw, d + k) != i)
				return false;
			/* An end inside an escape moves behind it. */
			if (kt_json_map_raw_end(&map, raw, d + k) !=
			    (k == 0 ? i : end))
				return false;
		}
		d += became;
		i = end;
	}
	return d == text.len && kt_json_map_raw(&map, raw, d) == raw.len &&
	    kt_json_map_raw_end(&map, raw, d) == raw.len;
}

static void
every_decoded_byte_maps_into_its_escape(void)
{
	struct kt_arena *mem = kt_arena_new(1 << 20);
	uint32_t seed = 1;

	for (unsigned round = 0; round < 60; round++) {
		struct kt_buf raw;
		struct kt_span text;
		struct kt_json_map map;

		kt_buf_init(&raw, SIZE_MAX);
		random_raw(&raw, &seed, round);
		ok(kt_json_unescape(kt_buf_span(&raw), mem, &text, &map) == KT_OK);
		ok(holds_map_law(kt_buf_span(&raw), text, map));
		ok(map.count <= raw.len / 64 + 1);
		kt_buf_fini(&raw);
		kt_arena_reset(mem);
	}
	kt_arena_free(&mem);
}

static void
text_without_an_escape_is_not_copied(void)
{
	struct kt_span raw = KT_SPAN("nothing to see \xc3\xa9"), out;
	struct kt_json_map map;
	struct kt_arena *mem = kt_arena_new(0);

	ok(kt_json_unescape(raw, mem, &out, &map) == KT_OK);
	ok(out.ptr == raw.ptr && out.len == raw.len && map.count == 0);
	ok(kt_json_map_raw(&map, raw, 9) == 9);
	ok(kt_json_map_raw_end(&map, raw, raw.len) == raw.len);
	ok(kt_json_unescape(KT_SPAN("\\n"), mem, &out, &map) == KT_E_LIMIT);
	kt_arena_free(&mem);
}

static void
a_malformed_escape_is_never_decoded(void)
{
	static const char *const bad[] = { "\\", "\\x", "\\u12", "\\ud800",
		"\\ud800\\n", "\\udc00", "a\\u00g0" };
	struct kt_arena *mem = kt_arena_new(4096);
	struct kt_span out;
	struct kt_buf b;

	kt_buf_init(&b, 64);
	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		struct kt_span raw = kt_span_of(bad[i]);

		ok(kt_json_unescape(raw, mem, &out, NULL) == KT_E_PARSE);
		ok(kt_json_unescape_add(&b, raw) == KT_E_PARSE && b.len == 0);
		ok(!kt_json_text_is(raw, KT_SPAN("")));
	}
	kt_buf_fini(&b);
	kt_arena_free(&mem);
}

static void
what_is_written_reads_back_the_same(void)
{
	struct kt_buf json, back;
	char all[256];

	for (int c = 0; c < 128; c++)
		all[c] = (char)c;
	memcpy(all + 128, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9);
	kt_buf_init(&json, 4096);
	kt_buf_init(&back, 4096);
	ok(kt_json_write_escaped(&json, (struct kt_span){ all, 137 }) == KT_OK);
	ok(kt_json_unescape_add(&back, kt_buf_span(&json)) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&back), (struct kt_span){ all, 137 }));
	ok(kt_json_text_is(kt_buf_span(&json), kt_buf_span(&back)));
	kt_buf_reset(&json);
	ok(kt_json_write_string(&json, KT_SPAN("\"\\/\b\f\n\r\t\x1f")) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&json),
	    KT_SPAN("\"\\\"\\\\/\\b\\f\\n\\r\\t\\u001f\"")));
	kt_buf_reset(&json);
	ok(kt_json_write_string(&json, KT_SPAN("a\xff")) == KT_E_PARSE);
	ok(kt_json_write_string(&json, KT_SPAN("a\xc3")) == KT_E_PARSE);
	ok(json.len == 0);
	kt_buf_fini(&back);
	kt_buf_fini(&json);
}

static void
write_sample(struct kt_json_writer *w, struct kt_buf *b)
{
	kt_json_writer_init(w, b);
	kt_json_begin_object(w);
	kt_json_put_name(w, "a");
	kt_json_begin_array(w);
	kt_json_put_u64(w, UINT64_MAX);
	kt_json_put_bool(w, true);
	kt_json_put_null(w);
	kt_json_begin_object(w);
	kt_json_end_object(w);
	kt_json_begin_array(w);
	kt_json_end_array(w);
	kt_json_end_array(w);
	kt_json_put_name(w, "b\n");
	kt_json_put_cstr(w, "c");
	kt_json_end_object(w);
}

static void
a_starved_writer_never_says_it_is_whole(void)
{
	struct kt_span want = KT_SPAN("{\"a\":[18446744073709551615,"
		"true,null,{},[]],\"b\\n\":\"c\"}");
	struct kt_json_writer w;
	struct kt_buf b;

	for (size_t limit = 0; limit < want.len; limit++) {
		kt_buf_init(&b, limit);
		write_sample(&w, &b);
		ok(kt_json_written(&w) == KT_E_LIMIT);
		kt_buf_fini(&b);
	}
	kt_buf_init(&b, want.len);
	write_sample(&w, &b);
	ok(kt_json_written(&w) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&b), want));
	kt_buf_fini(&b);
}

static void
a_writer_used_wrongly_says_so(void)
{
	struct kt_json_writer w;
	struct kt_buf b;

	kt_buf_init(&b, 4096);
	kt_json_writer_init(&w, &b);
	ok(kt_json_written(&w) == KT_E_MISUSE); /* nothing yet */
	kt_json_put_null(&w);
	kt_json_put_null(&w);
	ok(kt_json_written(&w) == KT_E_MISUSE);
	kt_json_writer_init(&w, &b);
	kt_json_begin_object(&w);
	ok(kt_json_written(&w) == KT_E_MISUSE); /* still open */
	kt_json_put_null(&w);
	kt_json_end_object(&w);
	ok(kt_json_written(&w) == KT_E_MISUSE);
	kt_json_writer_init(&w, &b);
	kt_json_begin_array(&w);
	kt_json_put_name(&w, "a");
	ok(kt_json_written(&w) == KT_E_MISUSE);
	kt_json_writer_init(&w, &b);
	for (unsigned i = 0; i <= KT_JSON_DEPTH_MAX; i++)
		kt_json_begin_array(&w);
	ok(kt_json_written(&w) == KT_E_LIMIT);
	kt_buf_fini(&b);
}

static void
the_door_opens_only_to_what_cjson_reads_truly(void)
{
	struct kt_err err = { 0 };
	cJSON *tree = kt_json_door(KT_SPAN("{\"a\":[1,\"x\\n\"]} "), &err);

	ok(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(tree, "a")) == 2);
	cJSON_Delete(tree);
	ok(kt_json_door(KT_SPAN("{\"a\":1,\"\\u0061\":2}"), &err) == NULL);
	ok(kt_json_door(KT_SPAN("{\"a\\u0000\":1}"), &err) == NULL);
	ok(kt_json_door(KT_SPAN("[\"a\\u0000\"]"), &err) == NULL);
	ok(err.rc == KT_E_PARSE && strstr(err.text, "byte 1") != NULL);
	ok(kt_json_door(KT_SPAN("\xef\xbb\xbf{}"), &err) == NULL);
	ok(kt_json_door(KT_SPAN("{} x"), &err) == NULL);
	ok(kt_json_door(KT_SPAN(""), &err) == NULL);
}

int
main(void)
{
	RUN(every_decoded_byte_maps_into_its_escape);
	RUN(text_without_an_escape_is_not_copied);
	RUN(a_malformed_escape_is_never_decoded);
	RUN(what_is_written_reads_back_the_same);
	RUN(a_starved_writer_never_says_it_is_whole);
	RUN(a_writer_used_wrongly_says_so);
	RUN(the_door_opens_only_to_what_cjson_reads_truly);
	return done();
}
