/*
 * proof - walking down the tree of RFC 6962, and up again to check.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Loops and not the recursion of the RFC: the path is found from the root
 * down, turned round, and its length is bounded by the bits of an index.
 */
#include "audit/proof.h"
#include "audit/key.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define HASH_TEXT 44

static void
node(const uint8_t *left, const uint8_t *right, uint8_t *out)
{
	char bytes[1 + 2 * KT_AUDIT_HASH] = { 1 };

	memcpy(bytes + 1, left, KT_AUDIT_HASH);
	memcpy(bytes + 1 + KT_AUDIT_HASH, right, KT_AUDIT_HASH);
	kt_audit_sha256((struct kt_span){ bytes, sizeof(bytes) }, out);
}

/* The largest power of two below n, n > 1, as its exponent. */
static unsigned
split_of(uint64_t n)
{
	unsigned k = 0;

	while (k < 63 && ((n - 1) >> (k + 1)) != 0)
		k++;
	return k;
}

/* The root over [from, to): perfect subtrees, the largest first. */
static enum kt_rc
root_of(uint64_t from, uint64_t to, kt_audit_node_fn *get, void *arg,
    uint8_t out[KT_AUDIT_HASH], struct kt_err *err)
{
	uint8_t part[64][KT_AUDIT_HASH];
	unsigned n = 0;

	for (unsigned level = 64; level-- > 0;) {
		if ((to - from) >> level == 0)
			continue;
		if (get(arg, level, from >> level, part[n++], err) < 0)
			return err->rc;
		from += UINT64_C(1) << level;
	}
	memcpy(out, part[--n], KT_AUDIT_HASH);
	while (n-- > 0)
		node(part[n], out, out);
	return KT_OK;
}

enum kt_rc
kt_audit_root_of(uint64_t size, kt_audit_node_fn *get, void *arg,
    uint8_t root[KT_AUDIT_HASH], struct kt_err *err)
{
	return root_of(0, size, get, arg, root, err);
}

static void
turn_round(struct kt_audit_path *path)
{
	uint8_t t[KT_AUDIT_HASH];

	for (unsigned i = 0, k = path->n; i + 1 < k; i++) {
		k--;
		memcpy(t, path->hash[i], sizeof(t));
		memcpy(path->hash[i], path->hash[k], sizeof(t));
		memcpy(path->hash[k], t, sizeof(t));
	}
}

enum kt_rc
kt_audit_prove_inclusion(uint64_t index, uint64_t size, kt_audit_node_fn *get,
    void *arg, struct kt_audit_path *path, struct kt_err *err)
{
	uint64_t from = 0, to = size, mid;

	path->n = 0;
	if (index >= size)
		return kt_fail(err, KT_E_MISUSE,
		    "record %llu is not among %llu", (unsigned long long)index,
		    (unsigned long long)size);
	while (to - from > 1) {
		uint8_t *side = path->hash[path->n++];
		bool is_left;

		mid = from + (UINT64_C(1) << split_of(to - from));
		is_left = index < mid;
		if (root_of(is_left ? mid : from, is_left ? to : mid, get, arg,
		    side, err) < 0)
			return err->rc;
		*(is_left ? &to : &from) = mid;
	}
	turn_round(path);
	return KT_OK;
}

enum kt_rc
kt_audit_prove_consistency(uint64_t older, uint64_t size,
    kt_audit_node_fn *get, void *arg, struct kt_audit_path *path,
    struct kt_err *err)
{
	uint64_t from = 0, to = size, mid;

	path->n = 0;
	if (older == 0 || older > size)
		return kt_fail(err, KT_E_MISUSE,
		    "a tree of %llu is not older than one of %llu",
		    (unsigned long long)older, (unsigned long long)size);
	while (to != older) {
		uint8_t *side = path->hash[path->n++];
		bool is_left;

		mid = from + (UINT64_C(1) << split_of(to - from));
		is_left = older <= mid;
		if (root_of(is_left ? mid : from, is_left ? to : mid, get, arg,
		    side, err) < 0)
			return err->rc;
		*(is_left ? &to : &from) = mid;
	}
	/* The older tree's own last part, unless it is the whole of it. */
	if (from > 0 && root_of(from, to, get, arg, path->hash[path->n++],
	    err) < 0)
		return err->rc;
	turn_round(path);
	return KT_OK;
}

/* RFC 9162, 2.1.3.2. */
bool
kt_audit_inclusion_holds(const uint8_t leaf[KT_AUDIT_HASH], uint64_t index,
    uint64_t size, const struct kt_audit_path *path,
    const uint8_t root[KT_AUDIT_HASH])
{
	uint64_t fn = index, sn = size - 1;
	uint8_t r[KT_AUDIT_HASH];

	if (index >= size)
		return false;
	memcpy(r, leaf, sizeof(r));
	for (unsigned i = 0; i < path->n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			node(path->hash[i], r, r);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			node(r, path->hash[i], r);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(r, root, sizeof(r)) == 0;
}

/* RFC 9162, 2.1.4.2. */
bool
kt_audit_consistency_holds(uint64_t older,
    const uint8_t older_root[KT_AUDIT_HASH], uint64_t size,
    const uint8_t root[KT_AUDIT_HASH], const struct kt_audit_path *path)
{
	uint64_t fn = older - 1, sn = size - 1;
	uint8_t fr[KT_AUDIT_HASH], sr[KT_AUDIT_HASH];
	unsigned i = 0;

	if (older == 0 || older > size)
		return false;
	if (older == size)
		return path->n == 0 &&
		    memcmp(older_root, root, KT_AUDIT_HASH) == 0;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	/* A power of two is a node of the newer tree: it is not sent. */
	if (fn != 0 && path->n == 0)
		return false;
	memcpy(fr, fn == 0 ? older_root : path->hash[i++], sizeof(fr));
	memcpy(sr, fr, sizeof(sr));
	for (; i < path->n; i++) {
		if (sn == 0)
			return false;
		if ((fn & 1) != 0 || fn == sn) {
			node(path->hash[i], fr, fr);
			node(path->hash[i], sr, sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			node(sr, path->hash[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	return sn == 0 && memcmp(fr, older_root, sizeof(fr)) == 0 &&
	    memcmp(sr, root, sizeof(sr)) == 0;
}

/* ---- the text ---- */

enum kt_rc
kt_audit_proof_write(const struct kt_audit_proof *p, struct kt_buf *out,
    struct kt_err *err)
{
	char text[HASH_TEXT + 1];
	enum kt_rc rc = kt_buf_printf(out, FIRST_LINE "\nindex %llu\n",
	    (unsigned long long)p->index);

	for (unsigned i = 0; rc == KT_OK && i < p->path.n; i++) {
		kt_audit_base64(p->path.hash[i], KT_AUDIT_HASH, text);
		rc = kt_buf_printf(out, "%s\n", text);
	}
	if (rc == KT_OK)
		rc = kt_buf_addc(out, '\n');
	if (rc == KT_OK)
		rc = kt_buf_add(out, p->checkpoint);
	return rc < 0 ? kt_fail(err, rc, "no room for a proof") : KT_OK;
}

enum kt_rc
kt_audit_proof_parse(
    struct kt_span text, struct kt_audit_proof *p, struct kt_err *err)
{
	struct kt_span line, number;

	p->path.n = 0;
	if (!kt_audit_take_line(&text, &line) ||
	    !kt_span_eq(line, KT_SPAN(FIRST_LINE)))
		return kt_fail(err, KT_E_PARSE, "not a " FIRST_LINE);
	if (!kt_audit_take_line(&text, &line))
		return kt_fail(err, KT_E_PARSE, "proof: cut short");
	if (kt_span_starts(line, KT_SPAN("extra ")) &&
	    !kt_audit_take_line(&text, &line)) /* not ours, and never trusted */
		return kt_fail(err, KT_E_PARSE, "proof: cut short");
	number = kt_span_sub(line, 6, line.len);
	if (!kt_span_starts(line, KT_SPAN("index ")) ||
	    !kt_span_u64(number, &p->index) ||
	    (number.len > 1 && number.ptr[0] == '0'))
		return kt_fail(err, KT_E_PARSE, "proof: no index");
	for (;;) {
		if (!kt_audit_take_line(&text, &line))
			return kt_fail(err, KT_E_PARSE, "proof: cut short");
		if (line.len == 0)
			break;
		if (p->path.n == KT_AUDIT_PROOF_MAX ||
		    !kt_audit_unbase64(line, p->path.hash[p->path.n++],
			KT_AUDIT_HASH))
			return kt_fail(err, KT_E_PARSE, "proof: not a hash");
	}
	p->checkpoint = text;
	return KT_OK;
}
