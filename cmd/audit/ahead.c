/*
 * ahead - first the tile, then once more the records.
 * SPDX-License-Identifier: Apache-2.0
 *
 * In this order a writer that goes on meanwhile is seen: the records of a
 * tile are on the disk before it is.
 */
#include "cmd/audit/ahead.h"

#include "cmd/audit/tiles.h"

/* How many records the tiles from the one that the log ends in on tell of. */
static uint64_t
tiled(const struct kt_audit_dir *d, uint64_t size)
{
	struct kt_audit_tile t = { .index = size >> 8 };
	unsigned width;
	uint64_t n;

	do {
		width = kt_tiles_width(d->io, d->dir, &t);
		n = (t.index++ << 8) + width;
	} while (width == KT_AUDIT_TILE_WIDTH);
	return n;
}

/* What cannot be looked at may have grown. */
static bool
has_grown(const struct kt_audit_dir *d, uint64_t bytes)
{
	uint64_t last = d->segments[d->nsegments - 1];
	struct kt_disk_file f;
	struct kt_err ignored; /* as above */
	bool is_longer;

	if (kt_audit_dir_segment(d, last + 1, &f, &ignored) == KT_OK) {
		kt_disk_close(&f);
		return true;
	}
	if (kt_audit_dir_segment(d, last, &f, &ignored) < 0)
		return true;
	is_longer = f.size > bytes;
	kt_disk_close(&f);
	return is_longer;
}

void
kt_ahead_compare(
    const struct kt_audit_dir *d, uint64_t bytes, struct kt_audit_report *r)
{
	uint64_t n;

	if (d->nsegments == 0 || r->nbreaks > 0 || r->has_unknown_version)
		return;
	n = tiled(d, r->size);
	if (n <= r->size || has_grown(d, bytes))
		return;
	r->tiled = n;
	if (r->newest_size == r->size && n >> 8 > r->size >> 8)
		kt_audit_report_cut(r);
}
