/*
 * tile - appending to the rightmost tiles.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A full tile is hashed into one entry of the level above.  That repeats the
 * inner nodes which the chain has computed already; repeating them over the
 * bytes read back from the disk is the point.
 */
#include "audit/tile.h"

/* ---- paths ---- */

/* Behind the `at` bytes that `out` has already. */
static void
put_index(const struct kt_audit_tile *t, int at, char out[KT_AUDIT_TILE_PATH])
{
	unsigned part[7], n = 0;
	uint64_t rest = t->index;

	do
		part[n++] = (unsigned)(rest % 1000);
	while ((rest /= 1000) > 0);
	while (n-- > 0)
		at += snprintf(out + at, (size_t)(KT_AUDIT_TILE_PATH - at),
		    n > 0 ? "x%03u/" : "%03u", part[n]);
	if (t->width < KT_AUDIT_TILE_WIDTH)
		(void)snprintf(out + at, (size_t)(KT_AUDIT_TILE_PATH - at),
		    ".p/%u", t->width);
}

void
kt_audit_tile_path(
    const struct kt_audit_tile *t, char out[KT_AUDIT_TILE_PATH])
{
	put_index(t, snprintf(out, KT_AUDIT_TILE_PATH, "tile/%u/", t->level),
	    out);
}

void
kt_audit_bundle_path(
    const struct kt_audit_tile *t, char out[KT_AUDIT_TILE_PATH])
{
	put_index(t, snprintf(out, KT_AUDIT_TILE_PATH, "tile/entries/"), out);
}

/* The number in front of `end`, which is dropped with it. */
static bool
take_number(struct kt_span *s, char end, uint64_t *n)
{
	size_t at = kt_span_find(*s, end);
	bool is_number = at < s->len && kt_span_u64(kt_span_sub(*s, 0, at), n);

	*s = kt_span_sub(*s, at + 1, s->len);
	return is_number;
}

static bool
add_part(struct kt_audit_tile *t, uint64_t part)
{
	if (part > 999 || t->index > (UINT64_MAX - part) / 1000)
		return false;
	t->index = t->index * 1000 + part;
	return true;
}

/* Reads generously, then asks whether it would be written so. */
bool
kt_audit_tile_parse(struct kt_span path, struct kt_audit_tile *t)
{
	char again[KT_AUDIT_TILE_PATH];
	struct kt_span s = path, last;
	uint64_t level, width = KT_AUDIT_TILE_WIDTH, part;
	size_t partial;

	if (!kt_span_starts(s, KT_SPAN("tile/")))
		return false;
	s = kt_span_sub(s, 5, s.len);
	if (!take_number(&s, '/', &level) || level > 63)
		return false;
	*t = (struct kt_audit_tile){ .level = (unsigned)level };
	while (s.len > 0 && s.ptr[0] == 'x') {
		s = kt_span_sub(s, 1, s.len);
		if (!take_number(&s, '/', &part) || !add_part(t, part))
			return false;
	}
	partial = kt_span_find(s, '.');
	last = kt_span_sub(s, 0, partial);
	if (partial < s.len &&
	    (!kt_span_starts(kt_span_sub(s, partial, 3), KT_SPAN(".p/")) ||
	    !kt_span_u64(kt_span_sub(s, partial + 3, s.len), &width) ||
	    width == 0 || width >= KT_AUDIT_TILE_WIDTH))
		return false;
	if (!kt_span_u64(last, &part) || !add_part(t, part))
		return false;
	t->width = (unsigned)width;
	kt_audit_tile_path(t, again);
	return kt_span_eq(path, kt_span_of(again));
}

/* ---- the tree ---- */

static void
node(struct kt_audit_hash *h, const uint8_t *left, const uint8_t *right,
    uint8_t *out)
{
	char bytes[1 + 2 * KT_AUDIT_HASH] = { 1 };

	memcpy(bytes + 1, left, KT_AUDIT_HASH);
	memcpy(bytes + 1 + KT_AUDIT_HASH, right, KT_AUDIT_HASH);
	kt_audit_hash_add(h, (struct kt_span){ bytes, sizeof(bytes) });
	kt_audit_hash_take(h, out);
}

void
kt_audit_tile_root(struct kt_audit_hash *h, const uint8_t *hashes,
    unsigned height, uint8_t root[KT_AUDIT_HASH])
{
	uint8_t row[KT_AUDIT_TILE_WIDTH / 2][KT_AUDIT_HASH];

	if (height > 8)
		KT_BUG("a tile is eight levels high");
	if (height == 0) {
		memcpy(root, hashes, KT_AUDIT_HASH);
		return;
	}
	for (size_t n = (size_t)1 << (height - 1), i = 0; i < n; i++)
		node(h, hashes + 2 * i * KT_AUDIT_HASH,
		    hashes + (2 * i + 1) * KT_AUDIT_HASH, row[i]);
	for (size_t n = (size_t)1 << (height - 1); n > 1; n /= 2) {
		for (size_t i = 0; i < n / 2; i++)
			node(h, row[2 * i], row[2 * i + 1], row[i]);
	}
	memcpy(root, row[0], KT_AUDIT_HASH);
}

enum kt_rc
kt_audit_tiles_init(struct kt_audit_tiles *t, struct kt_err *err)
{
	t->size = 0;
	return kt_audit_hash_init(&t->hash, err);
}

void
kt_audit_tiles_fini(struct kt_audit_tiles *t)
{
	kt_audit_hash_fini(&t->hash);
}

struct kt_audit_tile
kt_audit_tile_last(uint64_t size, unsigned level)
{
	uint64_t n = size >> (8 * level);

	return (struct kt_audit_tile){ .level = level, .index = n >> 8,
		.width = (unsigned)(n & 255) };
}

enum kt_rc
kt_audit_tiles_step(struct kt_audit_tiles *t,
    const uint8_t leaf[KT_AUDIT_HASH], kt_audit_tile_fn *full, void *arg,
    struct kt_err *err)
{
	uint8_t up[KT_AUDIT_HASH];
	struct kt_audit_tile at;

	if (t->size >> (8 * KT_AUDIT_TILE_LEVELS) != 0)
		return kt_fail(err, KT_E_LIMIT, "more records than tiles hold");
	memcpy(up, leaf, sizeof(up));
	for (unsigned level = 0; level < KT_AUDIT_TILE_LEVELS; level++) {
		at = kt_audit_tile_last(t->size, level);
		memcpy(t->node[level][at.width], up, sizeof(up));
		if (at.width + 1 < KT_AUDIT_TILE_WIDTH)
			break;
		at.width++;
		if (full != NULL && full(arg, &at,
		    (struct kt_span){ (const char *)t->node[level],
			KT_AUDIT_TILE_BYTES }, err) < 0)
			return err->rc;
		kt_audit_tile_root(&t->hash, t->node[level][0], 8, up);
	}
	t->size++;
	return KT_OK;
}

/* From the right: the perfect subtrees of each level, lowest first. */
void
kt_audit_tiles_root(struct kt_audit_tiles *t, uint8_t root[KT_AUDIT_HASH])
{
	uint8_t left[KT_AUDIT_HASH];
	bool has_some = false;

	for (unsigned level = 0; level < KT_AUDIT_TILE_LEVELS; level++) {
		unsigned width = kt_audit_tile_last(t->size, level).width;

		for (unsigned height = 0; width >> height != 0; height++) {
			unsigned from;

			if ((width >> height & 1) == 0)
				continue;
			from = width >> (height + 1) << (height + 1);
			kt_audit_tile_root(
			    &t->hash, t->node[level][from], height, left);
			if (has_some)
				node(&t->hash, left, root, root);
			else
				memcpy(root, left, KT_AUDIT_HASH);
			has_some = true;
		}
	}
	if (!has_some)
		kt_audit_hash_take(&t->hash, root); /* of no bytes at all */
}
