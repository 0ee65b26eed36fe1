/*
 * Bytes of hostile notes, proofs, tile paths, keys, receipts, policies and
 * time stamps: what is read has one spelling, and nothing that was not signed
 * counts as signed.
 */
#include "audit/key.h"
#include "audit/proof.h"
#include "audit/stamp.h"
#include "audit/tile.h"
#include "audit/trust.h"
#include "audit/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds, const char *what)
{
	if (!holds)
		KT_BUG(what);
}

static void
note(struct kt_span all)
{
	static const char peter[] = "PeterNeumann+c74f20a3+"
	    "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	static const char signed_text[] =
	    "If you think cryptography is the answer to your problem,\n"
	    "then you don't know what your problem is.\n";
	struct kt_audit_checker c;
	struct kt_audit_vkey k;
	struct kt_span text, lines;
	struct kt_err err;

	must(kt_audit_vkey_parse(kt_span_of(peter), &k, &err) == KT_OK &&
	    kt_audit_checker_init(&c, &k, &err) == KT_OK, "no key");
	if (kt_audit_note_check(&c, all) == KT_AUDIT_SIGNED_GOOD)
		must(kt_audit_note_split(all, &text, &lines) &&
		    kt_span_eq(text, kt_span_of(signed_text)),
		    "a signature over another text");
	kt_audit_checker_fini(&c);
}

static void
proof(struct kt_span all)
{
	struct kt_audit_proof p, q;
	struct kt_buf out;
	struct kt_err err;

	if (kt_audit_proof_parse(all, &p, &err) < 0)
		return;
	kt_buf_init(&out, 2 * all.len + 65536);
	must(kt_audit_proof_write(&p, &out, &err) == KT_OK &&
	    kt_audit_proof_parse(kt_buf_span(&out), &q, &err) == KT_OK &&
	    q.index == p.index && q.path.n == p.path.n &&
	    kt_span_eq(q.checkpoint, p.checkpoint), "a proof changed");
	must(!kt_audit_inclusion_holds(p.path.hash[0], p.index, p.index,
	    &p.path, p.path.hash[0]), "a record beyond its tree");
	kt_buf_fini(&out);
}

static void
names(struct kt_span all)
{
	char path[KT_AUDIT_TILE_PATH], text[KT_AUDIT_VKEY_TEXT];
	struct kt_audit_receipt r;
	struct kt_audit_tile t;
	struct kt_audit_vkey k;
	struct kt_span origin;
	struct kt_err err;

	if (kt_audit_tile_parse(all, &t)) {
		kt_audit_tile_path(&t, path);
		must(kt_span_eq(all, kt_span_of(path)), "two paths of a tile");
		must(t.width > 0 && t.width <= KT_AUDIT_TILE_WIDTH, "a wide tile");
	}
	if (kt_audit_vkey_parse(all, &k, &err) == KT_OK) {
		kt_audit_vkey_text(&k, text);
		must(kt_span_starts(all, kt_span_sub(kt_span_of(text), 0,
		    strlen(k.name))), "a key changed its name");
	}
	if (kt_audit_receipt_parse(all, &r, &origin, &err) == KT_OK)
		must(origin.len > 0, "a receipt of nobody");
}

/* Everybody is enough, and nobody only where nobody has to sign. */
static void
trust(struct kt_span all)
{
	static struct kt_audit_trust t;
	struct kt_err err;
	uint64_t seen = 0;
	bool was_met = false, is_met;

	if (kt_audit_trust_parse(all, &t, &err) < 0)
		return;
	must(kt_audit_trust_is_met(&t, UINT64_MAX), "a quorum of nobody");
	must(kt_audit_trust_is_met(&t, 0) == (t.quorum == 0),
	    "a quorum without witnesses");
	for (size_t i = 0; i < t.nwitnesses; i++, was_met = is_met) {
		seen |= UINT64_C(1) << i;
		is_met = kt_audit_trust_is_met(&t, seen);
		must(is_met || !was_met, "one more witness unmade a quorum");
	}
}

/* Nobody is trusted here. */
static void
stamp(struct kt_span all)
{
	struct kt_audit_stamp s;
	struct kt_err err;

	must(kt_audit_stamp_read(all, KT_SPAN(""), &s, &err) < 0,
	    "a time stamp of nobody");
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct kt_span all = { (const char *)bytes, n };

	note(all);
	proof(all);
	names(all);
	stamp(all);
	trust(all);
	return 0;
}
