/*
 * tile - the tree as files of 256 hashes: C2SP tlog-tiles.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which hashes a tile holds, its path, and the root over tiles.
 * Does not: read or write files.
 * Promises: the root comes from the hashes that the tiles hold and from
 *           nothing else, so it is a second opinion on the chain's.
 */
#ifndef KT_AUDIT_TILE_H
#define KT_AUDIT_TILE_H
#include "audit/audit.h"

#define KT_AUDIT_TILE_WIDTH 256  /* hashes of a full tile */
#define KT_AUDIT_TILE_BYTES (KT_AUDIT_TILE_WIDTH * KT_AUDIT_HASH)
#define KT_AUDIT_TILE_PATH 64 /* bytes of a path with its NUL */

struct kt_audit_tile {
	unsigned level; /* a hash stands for 256^level records */
	uint64_t index;
	unsigned width; /* KT_AUDIT_TILE_WIDTH when full */
};
/* "tile/0/x001/067", and ".p/5" behind it when partial. */
void kt_audit_tile_path(
    const struct kt_audit_tile *t, char out[KT_AUDIT_TILE_PATH]);
/* The same for the records below the tile of level 0: "tile/entries/067". */
void kt_audit_bundle_path(
    const struct kt_audit_tile *t, char out[KT_AUDIT_TILE_PATH]);
/* Only paths that kt_audit_tile_path() writes. */
bool kt_audit_tile_parse(struct kt_span path, struct kt_audit_tile *t);

/* The rightmost tile of each level, and with them the whole tree. */
struct kt_audit_tiles {
	uint64_t size; /* records */
	struct kt_audit_hash hash;
	uint8_t node[KT_AUDIT_TILE_LEVELS][KT_AUDIT_TILE_WIDTH][KT_AUDIT_HASH];
};
/* A tile is full: its hashes, borrowed.  A failure stops the step. */
typedef enum kt_rc kt_audit_tile_fn(void *arg, const struct kt_audit_tile *t,
    struct kt_span hashes, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_tiles_init(
    struct kt_audit_tiles *t, struct kt_err *err);
void kt_audit_tiles_fini(struct kt_audit_tiles *t);
/* KT_E_LIMIT: more records than the levels hold. */
KT_MUSTCHECK enum kt_rc kt_audit_tiles_step(struct kt_audit_tiles *t,
    const uint8_t leaf[KT_AUDIT_HASH], kt_audit_tile_fn *full, void *arg,
    struct kt_err *err);
void kt_audit_tiles_root(
    struct kt_audit_tiles *t, uint8_t root[KT_AUDIT_HASH]);
/* The tile of a level for a tree of this size; width 0: it has none. */
struct kt_audit_tile kt_audit_tile_last(uint64_t size, unsigned level);
/* The root of 2^height hashes one after another, as a tree of that height. */
void kt_audit_tile_root(struct kt_audit_hash *h, const uint8_t *hashes,
    unsigned height, uint8_t root[KT_AUDIT_HASH]);

#endif
