/*
 * saved - a compiled database as bytes, so that starting need not compile.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only what is slow to make is saved: Vectorscan's tables and the widths it
 * measured.  PCRE2's code is made again, because its JIT code cannot be saved
 * and the rest takes a few milliseconds.
 */
#include <stdlib.h>

#include "detect/detect_priv.h"

#define MAGIC "kt-detect/3"

static uint64_t
digest_text(const char *text, uint64_t h)
{
	for (const char *p = text; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 0x100000001b3u;
	return (h ^ 0xff) * 0x100000001b3u;
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
	uint64_t numbers_bytes; /* of the last part; 0: there is none */
};
struct saved_rule {
	uint32_t min_width, max_width, slack, reach, hs_flags;
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
			r->reach, r->hs_flags };

		if (kt_buf_add(out, (struct kt_span){ (char *)&w, sizeof(w) }) <
		    0)
			return KT_E_LIMIT;
	}
	if (add_database(out, db->hs[0], &bytes) < 0 ||
	    (db->numbers != NULL &&
	        add_database(out, db->numbers, &h.numbers_bytes) < 0))
		return KT_E_LIMIT;
	memcpy(out->ptr + at, &h, sizeof(h));
	return KT_OK;
}

enum kt_rc
kt_detect_load(struct kt_detect **out, const struct kt_detector *defs, size_t n,
    struct kt_span saved, struct kt_err *err)
{
	struct saved_head said, is;
	size_t skip, rest;

	*out = NULL;
	if (saved.len < sizeof(said))
		goto foreign;
	memcpy(&said, saved.ptr, sizeof(said));
	if (said.n == 0 || said.n > n || said.n > KT_DETECTORS_MAX)
		goto foreign;
	is = head_of(defs, (size_t)said.n);
	skip = sizeof(said) + (size_t)said.n * sizeof(struct saved_rule);
	is.numbers_bytes = said.numbers_bytes;
	if (memcmp(&said, &is, sizeof(is)) != 0 || saved.len < skip ||
	    said.numbers_bytes > saved.len - skip)
		goto foreign;
	rest = saved.len - skip - (size_t)said.numbers_bytes;
	if (kt_detect_prepare(out, defs, n, err) < 0)
		return err->rc;
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
