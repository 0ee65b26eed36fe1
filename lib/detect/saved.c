/*
 * saved - a compiled database as bytes, so that starting need not compile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is slow to make is saved: Vectorscan's tables and the widths it
 * measured, what was learned of each pattern and the literals it begins with,
 * and PCRE2's code; not that of its JIT, which cannot be.
 */
#include <stdlib.h>

#include "detect/detect_priv.h"

#define MAGIC "kt-detect/6"

/* Eight bytes at once: it tells damage, not forgery. */
static uint64_t
digest_bytes(struct kt_span s)
{
	uint64_t h = 0xcbf29ce484222325u ^ s.len, w;

	for (; s.len >= sizeof(w); s = kt_span_sub(s, sizeof(w), s.len)) {
		memcpy(&w, s.ptr, sizeof(w));
		h = (h ^ w) * 0x100000001b3u;
		h ^= h >> 32;
	}
	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3u;
	return h;
}

static uint64_t
digest_text(const char *text, uint64_t h)
{
	return (h ^ digest_bytes(kt_span_of(text))) * 0x100000001b3u;
}

/* What a saved database was made from: all that shapes it. */
static uint64_t
digest(const struct kt_detector *defs, size_t n)
{
	uint64_t h = 0;

	for (size_t i = 0; i <= n; i++) {
		const char *part[5] = { hs_version(), MAGIC, "", "", "" };

		if (i < n) {
			part[0] = defs[i].pattern ? defs[i].pattern : "";
			part[1] = defs[i].anchor ? defs[i].anchor : "";
			part[2] = defs[i].is_caseless ? "i" : "";
			part[3] = defs[i].when == KT_DETECT_BLOCK ? "b" : "";
			part[4] = defs[i].is_number ? "n" : "";
		}
		for (size_t k = 0; k < KT_NELEMS(part); k++)
			h = digest_text(part[k], h);
		if (i < n)
			h = (h ^ defs[i].public_bytes) * 0x100000001b3u;
		for (size_t k = 0; i < n && defs[i].is_context_required &&
		     k < defs[i].ncontext;
		     k++)
			h = digest_text(defs[i].context[k], h);
	}
	return h;
}

struct saved_head {
	char magic[16];
	uint64_t digest, n;
	/* Of the parts behind what was learned: literals, Vectorscan's tables,
	   those of numbers, if there are any, and the codes. */
	uint64_t literals_bytes, hs_bytes, numbers_bytes, codes_bytes;
	uint64_t nliterals;
	/* Of what is taken as it is; Vectorscan looks. */
	uint64_t learned_digest, codes_digest;
};
/* In front of what was learned of a rule: its codes. */
enum { HAS_WHOLE = 1, HAS_HEAD = 2, HAS_REST = 4 };
#define BYTES_OF(fact) +sizeof(((struct kt_detect_rule *)NULL)->fact)
#define RULE_BYTES (1 KT_DETECT_LEARNED(BYTES_OF))
/* In front of its bytes. */
struct saved_literal {
	uint32_t rule;
	uint8_t len, is_word, zero[2];
};

static struct saved_head
head_of(const struct kt_detector *defs, size_t n)
{
	return (struct saved_head){ .magic = MAGIC, .digest = digest(defs, n),
		.n = n };
}

static enum kt_rc
add_database(struct kt_buf *out, const hs_database_t *hs, uint64_t *len)
{
	struct kt_span s = { 0 };
	char *bytes = NULL;
	enum kt_rc rc = KT_E_LIMIT;

	if (hs_serialize_database(hs, &bytes, &s.len) == HS_SUCCESS) {
		s.ptr = bytes;
		*len = s.len;
		rc = kt_buf_add(out, s);
	}
	free(bytes);
	return rc;
}

/* Of all rules, one behind the other. */
static enum kt_rc
add_codes(
    struct kt_buf *out, const struct kt_detect *db, struct saved_head *h)
{
	const pcre2_code **v = kt_alloc_array(db->n, 3 * sizeof(*v));
	struct kt_span s = { 0 };
	uint8_t *bytes = NULL;
	enum kt_rc rc = KT_E_LIMIT;
	int32_t n = 0;

	for (size_t i = 0; v != NULL && i < db->n; i++) {
		const struct kt_detect_rule *r = &db->rules[i];

		if (r->code != NULL)
			v[n++] = r->code;
		if (r->head != NULL)
			v[n++] = r->head;
		if (r->rest != NULL)
			v[n++] = r->rest;
	}
	h->codes_bytes = 0;
	if (v != NULL && n == 0)
		rc = KT_OK;
	else if (v != NULL &&
	    pcre2_serialize_encode(v, n, &bytes, &s.len, NULL) == n) {
		s.ptr = (char *)bytes;
		h->codes_bytes = s.len;
		h->codes_digest = digest_bytes(s);
		rc = kt_buf_add(out, s);
		pcre2_serialize_free(bytes);
	}
	kt_free(v);
	return rc;
}

static enum kt_rc
add_bytes(struct kt_buf *out, const void *p, size_t n)
{
	return kt_buf_add(out, (struct kt_span){ p, n });
}

static enum kt_rc
add_learned(struct kt_buf *out, const struct kt_detect_rule *r)
{
	uint8_t has = (r->code != NULL ? HAS_WHOLE : 0) |
	    (r->head != NULL ? HAS_HEAD : 0) | (r->rest != NULL ? HAS_REST : 0);
	enum kt_rc rc = add_bytes(out, &has, 1);

#define ADD(fact) \
	if (rc == KT_OK) \
		rc = add_bytes(out, &r->fact, sizeof(r->fact));
	KT_DETECT_LEARNED(ADD)
#undef ADD
	return rc;
}

static enum kt_rc
add_literals(struct kt_buf *out, const struct kt_detect_index *ix)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < ix->nlit && rc == KT_OK; i++) {
		const struct kt_detect_literal *l = &ix->lit[i];
		struct saved_literal w = { l->rule, (uint8_t)l->len, l->is_word,
			{ 0 } };

		rc = add_bytes(out, &w, sizeof(w));
		if (rc == KT_OK)
			rc = add_bytes(out, l->text, l->len);
	}
	return rc;
}

/* False: not what add_literals made of n. */
static bool
read_literals(struct kt_span bytes, size_t n, struct kt_detect_saved *out)
{
	if (n > bytes.len / sizeof(struct saved_literal))
		return false;
	out->lit = kt_alloc_array(n, sizeof(*out->lit));
	if (out->lit == NULL && n > 0)
		return false;
	for (out->nlit = 0; out->nlit < n; out->nlit++) {
		struct saved_literal w;

		if (bytes.len < sizeof(w))
			return false;
		memcpy(&w, bytes.ptr, sizeof(w));
		if (w.len > bytes.len - sizeof(w) || w.rule >= out->n)
			return false;
		out->lit[out->nlit] = (struct kt_detect_literal){
			bytes.ptr + sizeof(w), w.len, w.rule, w.is_word };
		bytes = kt_span_sub(bytes, sizeof(w) + w.len,
		    bytes.len - sizeof(w) - w.len);
	}
	return bytes.len == 0;
}

static void
free_saved(struct kt_detect_saved *saved)
{
	for (size_t i = 0; saved->v != NULL && i < saved->n; i++) {
		pcre2_code_free(saved->v[i].code);
		pcre2_code_free(saved->v[i].head);
		pcre2_code_free(saved->v[i].rest);
	}
	kt_free(saved->v);
	kt_free(saved->lit);
	saved->v = NULL;
	saved->lit = NULL;
}

static const char *
read_learned(const char *p, struct kt_detect_rule *r)
{
#define READ(fact) \
	memcpy(&r->fact, p, sizeof(r->fact)); \
	p += sizeof(r->fact);
	KT_DETECT_LEARNED(READ)
#undef READ
	return p;
}

/* False: not what add_codes made of as many rules. */
static bool
read_rules(struct kt_span codes, const char *learned, size_t n,
    struct kt_detect_saved *out)
{
	pcre2_code **v = kt_alloc_array(n, 3 * sizeof(*v));
	const uint8_t *from = (const uint8_t *)codes.ptr;
	int32_t has = 0, k = 0;

	out->v = kt_alloc_array(n, sizeof(*out->v));
	out->n = n;
	if (v != NULL && out->v != NULL && codes.len > 0 &&
	    (has = pcre2_serialize_get_number_of_codes(from)) > 0 &&
	    (size_t)has <= 3 * n)
		has = pcre2_serialize_decode(v, has, from, NULL);
	for (size_t i = 0; out->v != NULL && i < n; i++) {
		struct kt_detect_rule *r = &out->v[i];
		int which = *learned++;

		learned = read_learned(learned, r);
		if (which & HAS_WHOLE && k < has)
			r->code = v[k++];
		if (which & HAS_HEAD && k < has)
			r->head = v[k++];
		if (which & HAS_REST && k < has)
			r->rest = v[k++];
	}
	kt_free(v);
	return out->v != NULL && has >= 0 && k == has;
}

enum kt_rc
kt_detect_save(const struct kt_detect *db, struct kt_buf *out)
{
	struct saved_head h;
	size_t at = out->len;

	if (db->nhs != 1)
		return KT_E_MISUSE;
	h = head_of(db->rules[0].def, db->n);
	if (add_bytes(out, &h, sizeof(h)) < 0)
		return KT_E_LIMIT;
	for (size_t i = 0; i < db->n; i++)
		if (add_learned(out, &db->rules[i]) < 0)
			return KT_E_LIMIT;
	h.literals_bytes = out->len;
	if (add_literals(out, &db->exact) < 0 ||
	    add_literals(out, &db->folded) < 0)
		return KT_E_LIMIT;
	h.literals_bytes = out->len - h.literals_bytes;
	h.nliterals = db->exact.nlit + db->folded.nlit;
	h.learned_digest = digest_bytes(kt_span_sub(kt_buf_span(out),
	    at + sizeof(h), out->len - at - sizeof(h)));
	if (add_database(out, db->hs[0], &h.hs_bytes) < 0 ||
	    (db->numbers != NULL &&
	        add_database(out, db->numbers, &h.numbers_bytes) < 0) ||
	    add_codes(out, db, &h) < 0)
		return KT_E_LIMIT;
	memcpy(out->ptr + at, &h, sizeof(h));
	return KT_OK;
}

/* The next n bytes of what is left; false: there are not so many. */
static bool
cut(struct kt_span *left, uint64_t n, struct kt_span *part)
{
	if (n > left->len)
		return false;
	*part = kt_span_sub(*left, 0, (size_t)n);
	*left = kt_span_sub(*left, part->len, left->len - part->len);
	return true;
}

enum kt_rc
kt_detect_load(struct kt_detect **out, const struct kt_detector *defs, size_t n,
    struct kt_span saved, struct kt_err *err)
{
	struct saved_head said, is;
	struct kt_detect_saved rules = { 0 };
	struct kt_span left = saved, head, learned, literals, hs, numbers, codes;
	enum kt_rc rc;

	*out = NULL;
	if (!cut(&left, sizeof(said), &head))
		goto foreign;
	memcpy(&said, head.ptr, sizeof(said));
	if (said.n == 0 || said.n > n || said.n > KT_DETECTORS_MAX)
		goto foreign;
	is = head_of(defs, (size_t)said.n);
	if (memcmp(&said, &is, offsetof(struct saved_head, literals_bytes)) !=
		0 ||
	    !cut(&left, said.n * RULE_BYTES, &learned) ||
	    !cut(&left, said.literals_bytes, &literals) ||
	    !cut(&left, said.hs_bytes, &hs) ||
	    !cut(&left, said.numbers_bytes, &numbers) ||
	    !cut(&left, said.codes_bytes, &codes) || left.len > 0)
		goto foreign;
	if (digest_bytes((struct kt_span){ learned.ptr,
		learned.len + literals.len }) != said.learned_digest ||
	    (codes.len > 0 && digest_bytes(codes) != said.codes_digest) ||
	    !read_rules(codes, learned.ptr, (size_t)said.n, &rules) ||
	    !read_literals(literals, (size_t)said.nliterals, &rules)) {
		free_saved(&rules);
		goto foreign;
	}
	rc = kt_detect_prepare(out, defs, n, &rules, err);
	free_saved(&rules);
	if (rc < 0)
		return rc;
	if (hs_deserialize_database(hs.ptr, hs.len, &(*out)->hs[0]) !=
	    HS_SUCCESS) {
		kt_detect_free(out);
		goto foreign;
	}
	(*out)->nhs = 1;
	if (numbers.len > 0 &&
	    hs_deserialize_database(numbers.ptr, numbers.len,
		&(*out)->numbers) != HS_SUCCESS) {
		kt_detect_free(out);
		goto foreign;
	}
	return kt_detect_compile_from(out, (size_t)said.n, err);
foreign:
	return kt_fail(err, KT_E_PARSE,
	    "saved detectors: made from other "
	    "definitions, by another library or for another CPU");
}

enum kt_rc
kt_detect_open(struct kt_detect **out, const struct kt_detector *defs, size_t n,
    struct kt_span saved, struct kt_err *err)
{
	enum kt_rc rc = KT_E_PARSE;

	if (saved.len > 0)
		rc = kt_detect_load(out, defs, n, saved, err);
	return rc == KT_E_PARSE ? kt_detect_new(out, defs, n, err) : rc;
}
