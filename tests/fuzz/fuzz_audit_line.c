/*
 * Bytes of a hostile log: a canonical body can be sealed and the line is
 * canonical again, no note has two readings, and the verifier gives the same
 * verdict however its input is cut.
 */
#include "audit/audit.h"
#include "audit/canon.h"
#include "audit/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void
must(bool holds, const char *what)
{
	if (!holds)
		KT_BUG(what);
}

static void
seal(struct kt_span body)
{
	struct kt_audit_envelope env = { .boot = KT_SPAN("b"),
		.origin = KT_SPAN("o") };
	struct kt_audit_chain c;
	struct kt_audit_line line;
	struct kt_buf out;
	struct kt_err err;
	uint8_t leaf[KT_AUDIT_HASH];

	kt_buf_init(&out, 1u << 20);
	must(kt_audit_chain_init(&c, &err) == KT_OK, "no chain");
	if (kt_audit_seal(&c, &env, body, &out, leaf, &err) == KT_OK) {
		must(kt_audit_canon_check(body, NULL, NULL, &err) == KT_OK,
		    "sealed what is not canonical");
		must(kt_audit_line_parse(kt_span_sub(kt_buf_span(&out), 0,
		    out.len - 1), &line, &err) == KT_OK,
		    "a sealed line is not canonical");
		must(line.i == 0 && c.size == 1, "a seal lost its index");
	} else {
		must(out.len == 0 && c.size == 0, "a failed seal left bytes");
	}
	kt_audit_chain_fini(&c);
	kt_buf_fini(&out);
}

static bool
next_note(void *arg, struct kt_span *note)
{
	return kt_audit_notes_next(arg, note);
}

/* The first two bytes say where the notes end and where the log is cut. */
static void
verify(struct kt_span notes, struct kt_span log, size_t cut, uint64_t sum[6])
{
	struct kt_audit_evidence e = { .next = next_note, .arg = &notes };
	struct kt_audit_verify *v;
	const struct kt_audit_report *r;
	struct kt_err err;

	must(kt_audit_verify_new(&v, &e, &err) == KT_OK, "no verifier");
	kt_audit_verify_segment(v, 0);
	must(kt_audit_verify_feed(v, kt_span_sub(log, 0, cut), &err) == KT_OK &&
	    kt_audit_verify_feed(v, kt_span_sub(log, cut, log.len), &err) ==
	    KT_OK, "no memory");
	r = kt_audit_verify_finish(v);
	sum[0] = r->size;
	sum[1] = r->nbreaks + r->more_breaks;
	sum[2] = r->good;
	sum[3] = r->nbreaks > 0 ? r->breaks[0].index : 0;
	sum[4] = r->nbreaks > 0 ? r->breaks[0].class : 0;
	sum[5] = r->checkpoints_ok;
	must(r->good <= r->size, "more good records than records");
	kt_audit_verify_free(&v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct kt_span all = { (const char *)bytes, n };
	struct kt_audit_checkpoint cp;
	uint64_t whole[6], cut[6];
	struct kt_err err;
	size_t notes;

	seal(all);
	if (kt_audit_checkpoint_parse(all, &cp, &err) == KT_OK)
		must(cp.origin.len > 0, "a checkpoint of nobody");
	if (n < 2)
		return 0;
	notes = 2 + bytes[0] * (n - 2) / 255;
	all.ptr += 2;
	all.len -= 2;
	verify(kt_span_sub(all, 0, notes - 2),
	    kt_span_sub(all, notes - 2, all.len), 0, whole);
	verify(kt_span_sub(all, 0, notes - 2),
	    kt_span_sub(all, notes - 2, all.len),
	    bytes[1] * all.len / 255, cut);
	must(memcmp(whole, cut, sizeof(cut)) == 0, "a cut changed the verdict");
	return 0;
}
