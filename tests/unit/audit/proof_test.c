/*
 * Keys, notes, tiles and proofs, against published vectors and against the
 * definitions of RFC 6962.
 */
#include "config.h"
#include "audit/key.h"
#include "audit/proof.h"
#include "audit/tile.h"
#include "tests/unit/tap.h"

static struct kt_err err;

#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define TEXT "If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define SIGNATURE "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8" \
	"pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

/* The vectors of golang.org/x/mod/sumdb/note, which C2SP standardised. */
static void
note_is_signed_to_the_published_bytes(void)
{
	static const char seed64[] =
	    "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
	uint8_t seed[33];
	char text[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_signer s;
	struct kt_buf note;

	kt_buf_init(&note, 4096);
	ok(kt_audit_unbase64(kt_span_of(seed64), seed, sizeof(seed)));
	ok(kt_audit_signer_init(
	    &s, KT_SPAN("PeterNeumann"), seed + 1, &err) == KT_OK);
	kt_audit_vkey_text(&s.vkey, text);
	ok(kt_span_eq(kt_span_of(text), KT_SPAN(PETER)));
	ok(kt_buf_add(&note, KT_SPAN(TEXT "\n")) == KT_OK);
	ok(kt_audit_note_sign(&s, &note, sizeof(TEXT) - 1, &err) == KT_OK);
	ok(kt_span_eq(kt_buf_span(&note), KT_SPAN(TEXT "\n" SIGNATURE)));
	kt_audit_signer_fini(&s);
	kt_buf_fini(&note);
}

static enum kt_audit_signed
check(const char *key, struct kt_span note)
{
	struct kt_audit_checker c;
	struct kt_audit_vkey k;
	enum kt_audit_signed s;

	ok(kt_audit_vkey_parse(kt_span_of(key), &k, &err) == KT_OK);
	ok(kt_audit_checker_init(&c, &k, &err) == KT_OK);
	s = kt_audit_note_check(&c, note);
	kt_audit_checker_fini(&c);
	return s;
}

static void
signature_counts_for_its_key_its_text_and_nothing_else(void)
{
	static const char enoch[] =
	    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
	char note[] = TEXT "\n" SIGNATURE;
	struct kt_span all = { note, sizeof(note) - 1 };

	ok(check(PETER, all) == KT_AUDIT_SIGNED_GOOD);
	ok(check(enoch, all) == KT_AUDIT_SIGNED_NOT);
	ok(check(PETER, KT_SPAN(TEXT "\n")) == KT_AUDIT_SIGNED_NOT);
	for (size_t i = 0; i < all.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			note[i] ^= (char)(1 << bit);
			ok(check(PETER, all) != KT_AUDIT_SIGNED_GOOD);
			note[i] ^= (char)(1 << bit);
		}
	}
	/* A good line does not make up for a bad one. */
	note[3] ^= 1;
	ok(check(PETER, all) == KT_AUDIT_SIGNED_BAD);
}

static void
note_of_kt_audit_signatures_max_is_read_and_no_more_lines(void)
{
	struct kt_buf note;

	kt_buf_init(&note, KT_AUDIT_NOTE_MAX);
	for (int extra = 0; extra < 2; extra++) {
		kt_buf_reset(&note);
		ok(kt_buf_add(&note, KT_SPAN(TEXT "\n")) == KT_OK);
		for (int i = 1; i < KT_AUDIT_SIGNATURES_MAX + extra; i++)
			ok(kt_buf_add(&note, KT_SPAN("\xe2\x80\x94 w AAAA\n")) ==
			    KT_OK);
		ok(kt_buf_add(&note, KT_SPAN(SIGNATURE)) == KT_OK);
		ok(check(PETER, kt_buf_span(&note)) == (extra ?
		    KT_AUDIT_SIGNED_NOT : KT_AUDIT_SIGNED_GOOD));
	}
	kt_buf_fini(&note);
}

static void
no_part_and_no_neighbour_of_a_verifier_key_is_one(void)
{
	char key[] = PETER;
	struct kt_audit_vkey k;
	size_t n = sizeof(key) - 1;

	ok(kt_audit_vkey_parse(KT_SPAN(PETER "\n"), &k, &err) == KT_OK);
	ok(kt_audit_vkey_parse(KT_SPAN("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegw"
	    "xbzhKqiBfsVkmqq/LDE4izWy10TW"), &k, &err) < 0);
	for (size_t from = 0; from <= n; from++) {
		for (size_t to = from; to <= n; to++) {
			if (from > 0 || to < n)
				ok(kt_audit_vkey_parse((struct kt_span){
				    key + from, to - from }, &k, &err) < 0);
		}
	}
	for (size_t i = 0; i < n; i++) {
		key[i]++;
		ok(kt_audit_vkey_parse((struct kt_span){ key, n }, &k, &err) <
		    0);
		key[i]--;
	}
	ok(kt_audit_vkey_make(&k, KT_SPAN("a+b"), k.pub, &err) == KT_E_PARSE);
	ok(kt_audit_vkey_make(&k, KT_SPAN("a b"), k.pub, &err) == KT_E_PARSE);
	ok(kt_audit_vkey_make(&k, KT_SPAN(""), k.pub, &err) == KT_E_PARSE);
}

static void
base64_has_one_spelling(void)
{
	static const char *const odd[] = { "QQ", "QQ=", "QR==", "Q===", "QQ=A",
		"QQ==\n", " QQ==", "-_==", "QQA=" };
	uint8_t in[40], out[40];
	char text[60];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 37);
	for (size_t n = 0; n <= sizeof(in); n++) {
		kt_audit_base64(in, n, text);
		ok(kt_audit_unbase64(kt_span_of(text), out, n) &&
		    memcmp(in, out, n) == 0);
	}
	for (size_t i = 0; i < KT_NELEMS(odd); i++)
		ok(!kt_audit_unbase64(kt_span_of(odd[i]), out, 1));
}

/* ---- tiles ---- */

static void
tile_paths_are_those_of_c2sp(void)
{
	static const struct {
		struct kt_audit_tile t;
		const char *path;
	} good[] = {
		{ { 0, 1234067, 256 }, "tile/0/x001/x234/067" },
		{ { 0, 0, 256 }, "tile/0/000" },
		{ { 1, 999, 255 }, "tile/1/999.p/255" },
		{ { 63, 1000, 1 }, "tile/63/x001/000.p/1" },
		{ { 2, UINT64_MAX, 7 },
		    "tile/2/x018/x446/x744/x073/x709/x551/615.p/7" },
	};
	static const char *const bad[] = { "", "tile/0/0", "tile/0/0000",
		"tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/x001",
		"tile/0/001/002", "tile/0/000.p/0", "tile/0/000.p/256",
		"tile/0/000.p/01", "tile/0/000.p/", "tile/0/000/", "/tile/0/000",
		"tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/-01",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/x999/000" };
	char path[KT_AUDIT_TILE_PATH], bundle[KT_AUDIT_TILE_PATH];
	struct kt_audit_tile t;

	for (size_t i = 0; i < KT_NELEMS(good); i++) {
		kt_audit_tile_path(&good[i].t, path);
		ok(strcmp(path, good[i].path) == 0);
		ok(kt_audit_tile_parse(kt_span_of(path), &t));
		ok(t.level == good[i].t.level && t.index == good[i].t.index &&
		    t.width == good[i].t.width);
		kt_audit_bundle_path(&t, bundle);
		ok(strncmp(bundle, "tile/entries/", 13) == 0 && strcmp(
		    bundle + 13, strchr(path + 5, '/') + 1) == 0);
		ok(!kt_audit_tile_parse(kt_span_of(bundle), &t));
	}
	for (size_t i = 0; i < KT_NELEMS(bad); i++)
		if (!ok(!kt_audit_tile_parse(kt_span_of(bad[i]), &t)))
			printf("# %s\n", bad[i]);
}

static unsigned full[KT_AUDIT_TILE_LEVELS];

static enum kt_rc
count_full(void *arg, const struct kt_audit_tile *t, struct kt_span hashes,
    struct kt_err *e)
{
	(void)arg;
	(void)e;
	ok(t->width == 256 && hashes.len == KT_AUDIT_TILE_BYTES);
	ok(t->index == full[t->level]++);
	return KT_OK;
}

/* And the example of the specification: 70,000 records. */
static void
tiles_have_the_root_of_the_chain_at_every_size(void)
{
	static struct kt_audit_tiles t;
	struct kt_audit_chain c;
	uint8_t a[32], b[32];

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	ok(kt_audit_tiles_init(&t, &err) == KT_OK);
	for (uint32_t i = 0; i < 70000; i++) {
		uint8_t leaf[32] = { (uint8_t)i, (uint8_t)(i >> 8),
			(uint8_t)(i >> 16) };

		if (i < 1100 || i % 251 == 0 || (i & 255) < 2) {
			kt_audit_chain_root(&c, a);
			kt_audit_tiles_root(&t, b);
			ok(memcmp(a, b, 32) == 0);
		}
		kt_audit_chain_step(&c, leaf);
		ok(kt_audit_tiles_step(&t, leaf, count_full, NULL, &err) ==
		    KT_OK);
	}
	ok(full[0] == 273 && full[1] == 1 && full[2] == 0);
	ok(kt_audit_tile_last(70000, 0).width == 112);
	ok(kt_audit_tile_last(70000, 1).width == 17);
	ok(kt_audit_tile_last(70000, 2).width == 1);
	ok(kt_audit_tile_last(70000, 3).width == 0);
	kt_audit_chain_fini(&c);
	kt_audit_tiles_fini(&t);
}

/* ---- proofs ---- */

#define LEAVES 70
static uint8_t leaves[LEAVES][32];

/* The definition of RFC 6962. */
static void
slow_root(uint64_t from, uint64_t to, uint8_t out[32])
{
	uint8_t bytes[65] = { 1 };
	uint64_t k = 1;

	if (to - from == 1) {
		memcpy(out, leaves[from], 32);
		return;
	}
	while (k * 2 < to - from)
		k *= 2;
	slow_root(from, from + k, bytes + 1);
	slow_root(from + k, to, bytes + 33);
	kt_audit_sha256((struct kt_span){ (char *)bytes, 65 }, out);
}

static enum kt_rc
get_node(void *arg, unsigned level, uint64_t i, uint8_t out[32],
    struct kt_err *e)
{
	uint64_t *size = arg;

	(void)e;
	ok((i + 1) << level <= *size); /* else it is not in that tree */
	slow_root(i << level, (i + 1) << level, out);
	return KT_OK;
}

static void
make_leaves(void)
{
	for (size_t i = 0; i < LEAVES; i++)
		kt_audit_sha256((struct kt_span){ (char *)&i, sizeof(i) },
		    leaves[i]);
}

static void
each_record_of_each_tree_has_a_proof_and_only_its_own(void)
{
	struct kt_audit_path path;
	uint8_t root[32];

	for (uint64_t size = 1; size <= LEAVES; size++) {
		slow_root(0, size, root);
		for (uint64_t i = 0; i < size; i++) {
			ok(kt_audit_prove_inclusion(i, size, get_node, &size,
			    &path, &err) == KT_OK);
			ok(kt_audit_inclusion_holds(
			    leaves[i], i, size, &path, root));
			ok(!kt_audit_inclusion_holds(
			    leaves[(i + 1) % LEAVES], i, size, &path, root));
			ok(size == 1 || !kt_audit_inclusion_holds(leaves[i],
			    (i + 1) % size, size, &path, root));
			ok(!kt_audit_inclusion_holds(
			    leaves[i], i, i, &path, root));
			if (path.n == 0)
				continue;
			path.hash[path.n - 1][5] ^= 4;
			ok(!kt_audit_inclusion_holds(
			    leaves[i], i, size, &path, root));
			path.hash[path.n - 1][5] ^= 4;
			path.n--;
			ok(!kt_audit_inclusion_holds(
			    leaves[i], i, size, &path, root));
		}
	}
	ok(kt_audit_prove_inclusion(5, 5, get_node, NULL, &path, &err) ==
	    KT_E_MISUSE);
}

static void
each_tree_is_consistent_with_each_older_one_and_no_other(void)
{
	struct kt_audit_path path;
	uint8_t root[32], older_root[32], other[32];

	for (uint64_t size = 1; size <= LEAVES; size++) {
		slow_root(0, size, root);
		for (uint64_t older = 1; older <= size; older++) {
			slow_root(0, older, older_root);
			ok(kt_audit_prove_consistency(older, size, get_node,
			    &size, &path, &err) == KT_OK);
			ok(kt_audit_consistency_holds(
			    older, older_root, size, root, &path));
			memcpy(other, older_root, 32);
			other[0] ^= 1;
			ok(!kt_audit_consistency_holds(
			    older, other, size, root, &path));
			ok(!kt_audit_consistency_holds(
			    older, older_root, size, other, &path));
			ok(older == size || !kt_audit_consistency_holds(
			    older + 1, older_root, size, root, &path));
			if (path.n == 0)
				continue;
			path.hash[0][0] ^= 1;
			ok(!kt_audit_consistency_holds(
			    older, older_root, size, root, &path));
		}
	}
	ok(kt_audit_prove_consistency(0, 5, get_node, NULL, &path, &err) < 0);
	ok(kt_audit_prove_consistency(6, 5, get_node, NULL, &path, &err) < 0);
}

/* Certificate Transparency's own: sizes 6 and 8 of its eight leaves. */
static void
proof_of_the_reference_tree_is_the_published_one(void)
{
	static const struct {
		const char *bytes;
		size_t n;
	} in[] = {
		{ "", 0 }, { "\x00", 1 }, { "\x10", 1 }, { "\x20\x21", 2 },
		{ "\x30\x31", 2 }, { "\x40\x41\x42\x43", 4 },
		{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8 },
		{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d"
		  "\x6e\x6f", 16 },
	};
	static const char *const want[] = {
		"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
		"ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	};
	struct kt_audit_chain c;
	struct kt_audit_path path;
	uint64_t size = 8;
	char hex[65];

	ok(kt_audit_chain_init(&c, &err) == KT_OK);
	for (size_t i = 0; i < KT_NELEMS(in); i++)
		kt_audit_leaf(&c, (struct kt_span){ in[i].bytes, in[i].n },
		    leaves[i]);
	kt_audit_chain_fini(&c);
	ok(kt_audit_prove_consistency(6, 8, get_node, &size, &path, &err) ==
	    KT_OK);
	ok(path.n == KT_NELEMS(want));
	for (size_t i = 0; i < KT_NELEMS(want); i++) {
		kt_hex(path.hash[i], 32, hex);
		ok(strcmp(hex, want[i]) == 0);
	}
	make_leaves();
}

static void
proof_survives_its_text_and_no_part_of_it_passes(void)
{
	struct kt_audit_proof p = { .index = 41,
		.checkpoint = KT_SPAN("o\n70\nroot\n\nsignatures\n") };
	struct kt_audit_proof q;
	struct kt_buf out;
	uint64_t size = LEAVES;

	kt_buf_init(&out, 65536);
	ok(kt_audit_prove_inclusion(41, size, get_node, &size, &p.path, &err) ==
	    KT_OK);
	ok(kt_audit_proof_write(&p, &out, &err) == KT_OK);
	ok(kt_audit_proof_parse(kt_buf_span(&out), &q, &err) == KT_OK);
	ok(q.index == 41 && q.path.n == p.path.n);
	ok(memcmp(q.path.hash, p.path.hash, (size_t)q.path.n * 32) == 0);
	ok(kt_span_eq(q.checkpoint, p.checkpoint));
	for (size_t n = 0; n < out.len - p.checkpoint.len; n++)
		ok(kt_audit_proof_parse(
		    kt_span_sub(kt_buf_span(&out), 0, n), &q, &err) < 0);
	ok(kt_audit_proof_parse(KT_SPAN("c2sp.org/tlog-proof@v1\nextra QQ==\n"
	    "index 0\n\nc\n"), &q, &err) == KT_OK && q.path.n == 0);
	ok(kt_audit_proof_parse(KT_SPAN("c2sp.org/tlog-proof@v1\nindex 01\n\n"),
	    &q, &err) < 0);
	kt_buf_fini(&out);
}

int
main(void)
{
	make_leaves();
	RUN(note_is_signed_to_the_published_bytes);
	RUN(signature_counts_for_its_key_its_text_and_nothing_else);
	RUN(note_of_kt_audit_signatures_max_is_read_and_no_more_lines);
	RUN(no_part_and_no_neighbour_of_a_verifier_key_is_one);
	RUN(base64_has_one_spelling);
	RUN(tile_paths_are_those_of_c2sp);
	RUN(tiles_have_the_root_of_the_chain_at_every_size);
	RUN(each_record_of_each_tree_has_a_proof_and_only_its_own);
	RUN(each_tree_is_consistent_with_each_older_one_and_no_other);
	RUN(proof_of_the_reference_tree_is_the_published_one);
	RUN(proof_survives_its_text_and_no_part_of_it_passes);
	return done();
}
