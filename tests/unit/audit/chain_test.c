/*
 * The chain, the tree and the canonical form, against published vectors and
 * against themselves.
 */
#include "config.h"
#include "audit/audit.h"
#include "audit/canon.h"
#include "audit/mac.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "tests/unit/tap.h"

static struct kt_err err;

static bool
is_hex(const uint8_t *hash, const char *starts, const char *ends)
{
	char hex[65];

	kt_hex(hash, KT_AUDIT_HASH, hex);
	return kt_span_starts(kt_span_of(hex), kt_span_of(starts)) &&
	    kt_span_ends(kt_span_of(hex), kt_span_of(ends));
}

static void
tree_has_the_roots_of_rfc_6962(void)
{
	static const struct {
		const char *bytes;
		size_t n;
	} leaves[] = {
		{ "", 0 }, { "\x00", 1 }, { "\x10", 1 }, { "\x20\x21", 2 },
		{ "\x30\x31", 2 }, { "\x40\x41\x42\x43", 4 },
		{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
		{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d"
		  "\x6e\x6f", 16 },
	};
	struct kt_audit_chain c;
	uint8_t root[KT_AUDIT_HASH], leaf[KT_AUDIT_HASH];

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	kt_audit_chain_root(&c, root);
	ok(is_hex(root, "e3b0c442", "7852b855"));
	for (size_t i = 0; i < KT_NELEMS(leaves); i++) {
		kt_audit_leaf(&c, (struct kt_span){ leaves[i].bytes,
		    leaves[i].n }, leaf);
		kt_audit_chain_step(&c, leaf);
		kt_audit_chain_root(&c, root);
		if (c.size == 1)
			ok(is_hex(root, "6e340b9c", "7afa01d"));
		if (c.size == 7)
			ok(is_hex(root, "ddb89be4", "4a74c8c"));
	}
	ok(is_hex(root, "5dc9da79", "4604328"));
	kt_audit_chain_fini(&c);
}

static void
commitment_of_hello_is_the_published_one(void)
{
	struct kt_audit_hash h;
	uint8_t salt[KT_AUDIT_HASH], key[KT_AUDIT_HASH] = { 7 }, other[32];
	char text[KT_AUDIT_COMMIT_TEXT];

	memset(salt, 0x11, sizeof(salt));
	ok(kt_audit_hash_init(&h, &err) == KT_OK);
	for (size_t cut = 0; cut <= 5; cut++) {
		kt_audit_commit_begin(&h, salt);
		kt_audit_hash_add(&h, kt_span_sub(KT_SPAN("hello"), 0, cut));
		kt_audit_hash_add(&h, kt_span_sub(KT_SPAN("hello"), cut, 5));
		kt_audit_commit_end(&h, text);
		ok(kt_span_eq(kt_span_of(text), KT_SPAN("sha256s:"
		    "1766e6a32a8de541a8063952480c316f"
		    "443af0e895af9fb7e69ab5dfd04e0ad0")));
	}
	kt_audit_hash_fini(&h);
	kt_audit_salt(key, KT_SPAN("c1"), KT_SPAN("request"), salt);
	kt_audit_salt(key, KT_SPAN("c1r"), KT_SPAN("equest"), other);
	ok(memcmp(salt, other, 32) != 0);
}

static void
a_key_that_is_set_up_once_makes_the_same_salts(void)
{
	uint8_t key[KT_AUDIT_HASH] = { 7 }, want[32], got[32];
	char id[2 * KT_AUDIT_TEXT_MAX];
	struct kt_audit_mac m;
	size_t bad = 0;

	memset(id, 'x', sizeof(id));
	ok(kt_audit_mac_init(&m, key, &err) == KT_OK);
	for (size_t n = 0; n <= sizeof(id); n++) {
		struct kt_span call = { id, n };

		kt_audit_salt(key, call, KT_SPAN("request"), want);
		kt_audit_mac_salt(&m, call, KT_SPAN("request"), got);
		bad += memcmp(want, got, 32) != 0;
	}
	ok(bad == 0);
	/* RFC 4231, test case 2, has a shorter key: padded, it is this one. */
	memset(key, 0, sizeof(key));
	memcpy(key, "Jefe", 4);
	kt_audit_mac_fini(&m);
	ok(kt_audit_mac_init(&m, key, &err) == KT_OK);
	kt_audit_mac(&m, KT_SPAN("what do ya want for nothing?"), got);
	ok(kt_unhex(KT_SPAN("5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843"), want, 32) &&
	    memcmp(want, got, 32) == 0);
	kt_audit_mac_fini(&m);
}

/* The root by the definition of RFC 6962, over all leaves at once. */
static void
slow_root(const uint8_t (*leaves)[32], size_t n, uint8_t out[32])
{
	uint8_t bytes[65] = { 1 };
	size_t k = 1;

	if (n == 1) {
		memcpy(out, leaves[0], 32);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	slow_root(leaves, k, bytes + 1);
	slow_root(leaves + k, n - k, bytes + 33);
	kt_audit_sha256((struct kt_span){ (char *)bytes, 65 }, out);
}

static void
frontier_root_is_the_recursive_one_and_steps_can_be_undone(void)
{
	static uint8_t leaves[130][32];
	struct kt_audit_chain c;
	uint8_t a[32], b[32], prev[32];

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (size_t i = 0; i < KT_NELEMS(leaves); i++) {
		kt_audit_sha256((struct kt_span){ (char *)&i, sizeof(i) },
		    leaves[i]);
		memcpy(prev, c.prev, 32);
		memset(a, 0xee, 32);
		kt_audit_chain_step(&c, a);
		c.size--;
		memcpy(c.prev, prev, 32);
		kt_audit_chain_step(&c, leaves[i]);
		kt_audit_chain_root(&c, a);
		slow_root((const uint8_t (*)[32])leaves, i + 1, b);
		ok(memcmp(a, b, 32) == 0);
	}
	kt_audit_chain_fini(&c);
}

static const struct kt_audit_envelope env = {
	.ts_us = UINT64_C(1795374706104233),
	.mono_us = 8123456789,
	.boot = KT_SPAN_INIT("b7c1"),
	.clk = KT_AUDIT_CLOCK_SYNC,
	.origin = KT_SPAN_INIT("kt/gw"),
};

static void
sealed_line_has_its_members_in_order(void)
{
	struct kt_audit_chain c;
	struct kt_buf out;
	uint8_t leaf[32], again[32];

	kt_buf_init(&out, 65536);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	ok(kt_audit_seal(&c, &env, KT_SPAN("{\"a\":1,\"call_id\":\"x\","
	    "\"type\":\"call\",\"z\":[{}]}"), &out, leaf, &err) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&out), KT_SPAN("{\"a\":1,\"boot\":\"b7c1\","
	    "\"call_id\":\"x\",\"clk\":{\"forward_us\":0,\"state\":\"sync\"},\"i\":0,"
	    "\"mono\":8123456789,\"origin\":\"kt/gw\",\"prev\":\"00000000000000"
	    "00000000000000000000000000000000000000000000000000\","
	    "\"ts\":\"2026-11-22T19:11:46.104233Z\",\"type\":\"call\","
	    "\"v\":\"kt-audit/1\",\"z\":[{}]}\n")));
	ok(c.size == 1 && memcmp(c.prev, leaf, 32) == 0);
	kt_audit_leaf(&c, kt_span_sub(kt_buf_span(&out), 0, out.len - 1),
	    again);
	ok(memcmp(again, leaf, 32) == 0);
	kt_buf_reset(&out);
	ok(kt_audit_seal(&c, &env, KT_SPAN("{}"), &out, leaf, &err) == KT_OK);
	ok(kt_span_starts(kt_buf_span(&out), KT_SPAN("{\"boot\":")));
	kt_audit_chain_fini(&c);
	kt_buf_fini(&out);
}

static void
body_that_is_not_canonical_is_not_sealed(void)
{
	static const char *const bad[] = {
		"", "{", "[]", "{\"b\":1,\"a\":1}", "{\"a\":1,\"a\":1}",
		"{\"a\": 1}", "{\"a\":1.0}", "{\"a\":01}", "{\"a\":-0}", "{\"a\":-5}",
		"{\"a\":9007199254740992}", "{\"a\":\"\\u0041\"}",
		"{\"a\":\"\\u000a\"}", "{\"a\":\"\\u001F\"}", "{\"a\":\"\\/\"}",
		"{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":tru}",
		"{\"a\":1}x", "{\"i\":1}", "{\"ts\":1}", "{\"a\":1,\"v\":1}",
		"{\"\\n\":1}", "{\"\xc3\xa9\":1}", "{\"a\":1,}", "{\"a\":[1,]}",
	};
	struct kt_audit_chain c;
	struct kt_buf out;
	uint8_t leaf[32];

	kt_buf_init(&out, 65536);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (size_t i = 0; i < KT_NELEMS(bad); i++) {
		if (!ok(kt_audit_seal(&c, &env, kt_span_of(bad[i]), &out, leaf,
		    &err) < 0))
			printf("# %s\n", bad[i]);
		ok(out.len == 0 && c.size == 0);
	}
	kt_audit_chain_fini(&c);
	kt_buf_fini(&out);
}

static void
depth_of_a_line_is_bounded_by_kt_audit_depth_max(void)
{
	char line[6 + 2 * KT_AUDIT_DEPTH_MAX];

	for (size_t n = KT_AUDIT_DEPTH_MAX - 1; n <= KT_AUDIT_DEPTH_MAX; n++) {
		struct kt_span s = { line, 6 + 2 * n };

		memcpy(line, "{\"a\":", 5);
		memset(line + 5, '[', n);
		memset(line + 5 + n, ']', n);
		line[5 + 2 * n] = '}';
		ok((kt_audit_canon_check(s, NULL, NULL, &err) == KT_OK) ==
		    (n < KT_AUDIT_DEPTH_MAX));
	}
}

static void
line_of_kt_audit_line_max_is_sealed_and_no_longer_one(void)
{
	static char text[KT_AUDIT_LINE_MAX];
	struct kt_audit_chain c;
	struct kt_buf out, body;
	uint8_t leaf[32];
	size_t around;

	kt_buf_init(&out, 1u << 17);
	kt_buf_init(&body, 1u << 17);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	ok(kt_audit_seal(&c, &env, KT_SPAN("{\"a\":\"\"}"), &out, leaf,
	    &err) == KT_OK);
	around = out.len - 1;
	memset(text, 'x', sizeof(text));
	for (size_t more = 0; more < 2; more++) {
		size_t n = KT_AUDIT_LINE_MAX - around + more;

		kt_buf_reset(&out);
		kt_buf_reset(&body);
		c.size = 0;
		memset(c.prev, 0, sizeof(c.prev));
		ok(kt_buf_printf(&body, "{\"a\":\"%.*s\"}", (int)n, text) ==
		    KT_OK);
		ok((kt_audit_seal(&c, &env, kt_buf_span(&body), &out, leaf,
		    &err) == KT_OK) == (more == 0));
		ok(out.len == (more == 0 ? KT_AUDIT_LINE_MAX + 1 : 0));
	}
	kt_audit_chain_fini(&c);
	kt_buf_fini(&out);
	kt_buf_fini(&body);
}

/* A small generator, so that a failure can be repeated. */
static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void
whatever_text_is_put_the_line_is_canonical(void)
{
	uint32_t seed = 1;
	struct kt_buf out;
	char text[300];

	kt_buf_init(&out, 65536);
	for (int round = 0; round < 3000; round++) {
		struct kt_audit_put p;
		size_t n = next(&seed) % sizeof(text);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(round % 2 ? next(&seed) :
			    next(&seed) % 128);
		kt_buf_reset(&out);
		kt_audit_put_begin(&p, &out);
		kt_audit_member_text(&p, "a", (struct kt_span){ text, n });
		kt_audit_member_int(&p, "b", (uint64_t)next(&seed) << 40);
		ok(kt_audit_put_finish(&p, &err) == KT_OK);
		ok(kt_audit_canon_check(
		    kt_buf_span(&out), NULL, NULL, &err) == KT_OK);
		ok(out.len < 6 * KT_AUDIT_TEXT_MAX + 64);
	}
	kt_buf_fini(&out);
}

static void
call_record_of_any_size_fits_a_line(void)
{
	static char long_text[4096];
	static struct kt_audit_detection many[5000];
	static struct kt_span codes[5000];
	static struct kt_audit_attempt attempts[70];
	struct kt_audit_call call = { .is_stream = true };
	struct kt_span huge = { long_text, sizeof(long_text) };
	struct kt_audit_chain c;
	struct kt_buf body, line;
	uint8_t leaf[32];

	memset(long_text, 1, sizeof(long_text)); /* six bytes each */
	for (size_t i = 0; i < KT_NELEMS(many); i++) {
		many[i] = (struct kt_audit_detection){ .detector = huge,
			.data_class = huge, .component = huge,
			.action = huge, .version = huge };
		codes[i] = huge;
	}
	for (size_t i = 0; i < KT_NELEMS(attempts); i++)
		attempts[i].target = huge;
	kt_buf_init(&body, 1u << 20);
	kt_buf_init(&line, 1u << 20);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (size_t n = 0; n <= KT_NELEMS(many); n = n * 2 + 1) {
		call.detections = many;
		call.ndetections = n;
		call.reason_codes.at = codes;
		call.reason_codes.n = n;
		call.threats = call.reason_codes;
		call.attempts = attempts;
		call.nattempts = n < 70 ? n : 70;
		call.translation.is_present = n % 3 == 0;
		call.translation.dropped = call.reason_codes;
		call.model_requested = call.stop_reason = huge;
		call.call_id = call.upstream_request_id = huge;
		kt_buf_reset(&body);
		ok(kt_audit_call_write(&call, &body, &err) == KT_OK);
		ok(body.len <= KT_AUDIT_BODY_MAX);
		ok(kt_audit_seal(
		    &c, &env, kt_buf_span(&body), &line, leaf, &err) == KT_OK);
		ok(n < 100 || memmem(body.ptr, body.len, "\"truncated\":[{", 14));
	}
	kt_audit_chain_fini(&c);
	kt_buf_fini(&body);
	kt_buf_fini(&line);
}

static void
record_nobody_filled_in_is_an_error_that_failed_closed(void)
{
	struct kt_audit_call call = { .is_stream = false };
	struct kt_buf body;

	kt_buf_init(&body, 65536);
	ok(kt_audit_call_write(&call, &body, &err) == KT_OK);
	ok(memmem(body.ptr, body.len, "\"decision\":\"error\"", 18) != NULL);
	ok(memmem(body.ptr, body.len, "\"outcome\":\"fail-closed\"", 23) != NULL);
	ok(memmem(body.ptr, body.len, "\"tokens\":null", 13) != NULL);
	kt_buf_fini(&body);
}

static void
checkpoint_survives_its_text_and_no_other_text_passes(void)
{
	struct kt_audit_chain c;
	struct kt_audit_checkpoint cp;
	struct kt_span rest, note;
	struct kt_buf out;
	uint8_t root[32];
	size_t n = 0;

	kt_buf_init(&out, 65536);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (int i = 0; i < 3; i++) {
		uint8_t leaf[32] = { (uint8_t)i };

		kt_audit_chain_step(&c, leaf);
		ok(kt_audit_checkpoint_write(
		    &c, KT_SPAN("a/b/c"), &out, &err) == KT_OK);
		if (i == 1)
			ok(kt_buf_add(&out, KT_SPAN("\xe2\x80\x94 w AAAA\n")) ==
			    KT_OK);
		ok(kt_buf_addc(&out, '\n') == KT_OK);
	}
	rest = kt_buf_span(&out);
	while (kt_audit_notes_next(&rest, &note)) {
		ok(kt_audit_checkpoint_parse(note, &cp, &err) == KT_OK);
		ok(cp.size == ++n);
		ok(kt_span_eq(cp.origin, KT_SPAN("a/b/c")));
		for (size_t cut = 0; cut < note.len && n != 2; cut++) {
			struct kt_audit_checkpoint other;

			ok(kt_audit_checkpoint_parse(
			    kt_span_sub(note, 0, cut), &other, &err) < 0);
		}
	}
	ok(n == 3 && rest.len == 0);
	kt_audit_chain_root(&c, root);
	ok(memcmp(root, cp.root, 32) == 0);
	ok(kt_audit_checkpoint_parse(KT_SPAN("o\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAA=\n\n"), &cp, &err) < 0);
	ok(kt_audit_checkpoint_parse(KT_SPAN("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAB=\n\n"), &cp, &err) < 0);
	ok(kt_audit_checkpoint_parse(KT_SPAN("o\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAA=\n\n"), &cp, &err) == KT_OK);
	kt_audit_chain_fini(&c);
	kt_buf_fini(&out);
}

static void
segment_record_carries_the_whole_chain(void)
{
	struct kt_audit_segment seg = { .number = 7 };
	struct kt_audit_chain c, again;
	struct kt_buf body, line;
	uint8_t leaf[32], a[32], b[32];

	kt_buf_init(&body, 65536);
	kt_buf_init(&line, 65536);
	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (int i = 0; i < 40; i++) {
		kt_buf_reset(&body);
		kt_buf_reset(&line);
		ok(kt_audit_segment_write(&seg, &c, &body, &err) == KT_OK);
		ok(kt_audit_seal(&c, &env, kt_buf_span(&body), &line, leaf,
		    &err) == KT_OK);
		ok(kt_audit_chain_init(&again, &err) == KT_OK);
		line.len--;
		ok(kt_audit_segment_read(
		    kt_buf_span(&line), &again, &err) == KT_OK);
		kt_audit_chain_step(&again, leaf);
		kt_audit_chain_root(&c, a);
		kt_audit_chain_root(&again, b);
		ok(again.size == c.size && memcmp(a, b, 32) == 0);
		kt_audit_chain_fini(&again);
	}
	kt_audit_chain_fini(&c);
	kt_buf_fini(&body);
	kt_buf_fini(&line);
}

static void
time_is_read_as_it_is_written_and_nothing_else_is_one(void)
{
	static const char *const bad[] = {
		"2026-11-20T19:51:46Z", "2026-11-20 19:51:46.104233Z",
		"2026-11-31T19:51:46.104233Z", "2026-11-20T19:51:60.104233Z",
		"2026-11-20T19:51:46.104233+", "1969-11-20T19:51:46.104233Z",
		"2026-1x-20T19:51:46.104233Z", "",
	};
	uint64_t us = 0;

	ok(kt_audit_time_parse(KT_SPAN("2026-11-20T19:51:46.104233Z"), &us) &&
	    us == UINT64_C(1795204306104233));
	ok(kt_audit_time_parse(KT_SPAN("1970-01-01T00:00:00.000000Z"), &us) &&
	    us == 0);
	ok(kt_audit_time_parse(KT_SPAN("2028-02-29T23:59:59.999999Z"), &us));
	for (size_t i = 0; i < KT_NELEMS(bad); i++)
		ok(!kt_audit_time_parse(kt_span_of(bad[i]), &us));
}

/* What is written is compared inside kt_audit_time_parse(). */
static void
every_day_until_10000_is_written_as_the_calendar_has_it(void)
{
	size_t bad = 0;

	for (uint64_t day = 0; day < 2932897; day += day < 150000 ? 1 : 61) {
		time_t at = (time_t)(day * 86400 + day % 86400);
		uint64_t us = 0, want = (uint64_t)at * 1000000 + day % 1000000;
		char text[40];
		struct tm tm;
		size_t n;

		if (gmtime_r(&at, &tm) == NULL)
			continue;
		n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		(void)snprintf(text + n, sizeof(text) - n, ".%06uZ",
		    (unsigned)(day % 1000000));
		bad += !kt_audit_time_parse(kt_span_of(text), &us) ||
		    us != want;
	}
	ok(bad == 0);
	ok(!kt_audit_time_parse(KT_SPAN("10000-01-01T00:00:00.00000Z"),
	    &(uint64_t){ 0 }));
}

int
main(void)
{
	RUN(every_day_until_10000_is_written_as_the_calendar_has_it);
	RUN(time_is_read_as_it_is_written_and_nothing_else_is_one);
	RUN(a_key_that_is_set_up_once_makes_the_same_salts);
	RUN(tree_has_the_roots_of_rfc_6962);
	RUN(commitment_of_hello_is_the_published_one);
	RUN(frontier_root_is_the_recursive_one_and_steps_can_be_undone);
	RUN(sealed_line_has_its_members_in_order);
	RUN(body_that_is_not_canonical_is_not_sealed);
	RUN(depth_of_a_line_is_bounded_by_kt_audit_depth_max);
	RUN(line_of_kt_audit_line_max_is_sealed_and_no_longer_one);
	RUN(whatever_text_is_put_the_line_is_canonical);
	RUN(call_record_of_any_size_fits_a_line);
	RUN(record_nobody_filled_in_is_an_error_that_failed_closed);
	RUN(checkpoint_survives_its_text_and_no_other_text_passes);
	RUN(segment_record_carries_the_whole_chain);
	return done();
}
