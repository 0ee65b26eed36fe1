/*
 * saved - a compiled database as bytes, so that starting need not compile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is slow to make is saved: Vectorscan's tables and the widths it
 * measured, and PCRE2's code; not that of its JIT, which cannot be.
 */
#include <stdlib.h>

#include "detect/detect_priv.h"

#define MAGIC "kt-detect/5"

static uint64_t
digest_text(const char *text, uint64_t h)
{
	for (const char *p = text; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
}

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

/* What a saved database was made from: FNV-1a over all that shapes it. */
static uint64_t
digest(const struct kt_detector *defs, size_t n, uint64_t h)
{
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
		for (size_t k = 0; i < n && defs[i].is_context_required &&
		     k < defs[i].ncontext;
		     k++)
			h = digest_text(defs[i].context[k], h);
	}
	return h;
}

struct saved_head {
	char magic[16];
	uint64_t digest[2], n;
	/* Of the last parts; 0: there are no numbers. */
	uint64_t numbers_bytes, codes_bytes;
	/* Of the codes, which PCRE2 takes as they are; Vectorscan looks. */
	uint64_t codes_digest;
};
struct saved_rule {
	uint32_t min_width, max_width, slack, reach, hs_flags, head_min;
	uint8_t has_whole, has_head, has_rest, zero;
};

static struct saved_head
head_of(const struct kt_detector *defs, size_t n)
{
	struct saved_head h = { .magic = MAGIC, .n = n };

	h.digest[0] = digest(defs, n, 0xcbf29ce484222325u);
	h.digest[1] = digest(defs, n, 0x9e3779b97f4a7c15u);
	return h;
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

static void
free_codes(struct kt_detect_codes *codes)
{
	for (size_t i = 0; codes->v != NULL && i < codes->n; i++) {
		pcre2_code_free(codes->v[i].whole);
		pcre2_code_free(codes->v[i].head);
		pcre2_code_free(codes->v[i].rest);
	}
	kt_free(codes->v);
	codes->v = NULL;
}

/* False: not what add_codes made of as many rules. */
static bool
read_codes(struct kt_span bytes, const char *rules, size_t n,
    struct kt_detect_codes *out)
{
	pcre2_code **v = kt_alloc_array(n, 3 * sizeof(*v));
	const uint8_t *from = (const uint8_t *)bytes.ptr;
	int32_t has = 0, k = 0;

	out->v = kt_alloc_array(n, sizeof(*out->v));
	out->n = n;
	if (v != NULL && out->v != NULL && bytes.len > 0 &&
	    (has = pcre2_serialize_get_number_of_codes(from)) > 0 &&
	    (size_t)has <= 3 * n)
		has = pcre2_serialize_decode(v, has, from, NULL);
	for (size_t i = 0; out->v != NULL && i < n; i++) {
		struct kt_detect_code *c = &out->v[i];
		struct saved_rule w;

		memcpy(&w, rules + i * sizeof(w), sizeof(w));
		c->head_min = w.head_min;
		if (w.has_whole && k < has)
			c->whole = v[k++];
		if (w.has_head && k < has)
			c->head = v[k++];
		if (w.has_rest && k < has)
			c->rest = v[k++];
	}
	kt_free(v);
	return out->v != NULL && has >= 0 && k == has;
}

enum kt_rc
kt_detect_save(const struct kt_detect *db, struct kt_buf *out)
{
	struct saved_head h;
	size_t at = out->len;
	uint64_t bytes;

	if (db->nhs != 1)
		return KT_E_MISUSE;
	h = head_of(db->rules[0].def, db->n);
	if (kt_buf_add(out, (struct kt_span){ (char *)&h, sizeof(h) }) < 0)
		return KT_E_LIMIT;
	for (size_t i = 0; i < db->n; i++) {
		const struct kt_detect_rule *r = &db->rules[i];
		struct saved_rule w = { r->min_width, r->max_width, r->slack,
			r->reach, r->hs_flags, r->head_min, r->code != NULL,
			r->head != NULL, r->rest != NULL, 0 };

		if (kt_buf_add(out, (struct kt_span){ (char *)&w, sizeof(w) }) <
		    0)
			return KT_E_LIMIT;
	}
	if (add_database(out, db->hs[0], &bytes) < 0 ||
	    (db->numbers != NULL &&
	        add_database(out, db->numbers, &h.numbers_bytes) < 0) ||
	    add_codes(out, db, &h) < 0)
		return KT_E_LIMIT;
	memcpy(out->ptr + at, &h, sizeof(h));
	return KT_OK;
}

enum kt_rc
kt_detect_load(struct kt_detect **out, const struct kt_detector *defs, size_t n,
    struct kt_span saved, struct kt_err *err)
{
	struct saved_head said, is;
	struct kt_detect_codes codes = { 0 };
	struct kt_span bytes;
	size_t skip, rest;
	enum kt_rc rc;

	*out = NULL;
	if (saved.len < sizeof(said))
		goto foreign;
	memcpy(&said, saved.ptr, sizeof(said));
	if (said.n == 0 || said.n > n || said.n > KT_DETECTORS_MAX)
		goto foreign;
	is = head_of(defs, (size_t)said.n);
	skip = sizeof(said) + (size_t)said.n * sizeof(struct saved_rule);
	is.numbers_bytes = said.numbers_bytes;
	is.codes_bytes = said.codes_bytes;
	is.codes_digest = said.codes_digest;
	if (memcmp(&said, &is, sizeof(is)) != 0 || saved.len < skip ||
	    said.numbers_bytes > saved.len - skip ||
	    said.codes_bytes > saved.len - skip - said.numbers_bytes)
		goto foreign;
	rest = saved.len - skip - (size_t)said.numbers_bytes -
	    (size_t)said.codes_bytes;
	bytes = kt_span_sub(saved, saved.len - (size_t)said.codes_bytes,
	    (size_t)said.codes_bytes);
	if ((bytes.len > 0 && digest_bytes(bytes) != said.codes_digest) ||
	    !read_codes(bytes, saved.ptr + sizeof(said), (size_t)said.n,
	        &codes)) {
		free_codes(&codes);
		goto foreign;
	}
	rc = kt_detect_prepare(out, defs, n, &codes, err);
	free_codes(&codes);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < said.n; i++) {
		struct kt_detect_rule *r = &(*out)->rules[i];
		struct saved_rule w;

		memcpy(&w, saved.ptr + sizeof(said) + i * sizeof(w), sizeof(w));
		r->min_width = w.min_width;
		r->max_width = w.max_width;
		r->slack = w.slack;
		r->reach = w.reach;
		r->hs_flags = w.hs_flags;
		if (r->code != NULL &&
		    r->min_width <= r->def->public_bytes) {
			kt_detect_free(out);
			goto foreign; /* compiling tells what is wrong */
		}
	}
	if (hs_deserialize_database(
		saved.ptr + skip, rest, &(*out)->hs[0]) != HS_SUCCESS) {
		kt_detect_free(out);
		goto foreign;
	}
	(*out)->nhs = 1;
	if (said.numbers_bytes > 0 &&
	    hs_deserialize_database(saved.ptr + skip + rest,
		(size_t)said.numbers_bytes, &(*out)->numbers) != HS_SUCCESS) {
		kt_detect_free(out);
		goto foreign;
	}
	return kt_detect_compile_from(out, (size_t)said.n, err);
foreign:
	return kt_fail(err, KT_E_PARSE,
	    "saved detectors: made from other "
	    "definitions, by another library or for another CPU");
}
