/*
 * tiles - the files of the tree, C2SP tlog-tiles.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where a tile lies in an audit directory, and that a wider one
 *           serves as well.
 * Does not: trust what it reads: whoever asks compares with a root.
 * Promises: a full tile is durable; missing ones are rebuilt from records.
 */
#ifndef KT_TILES_H
#define KT_TILES_H
#include "audit/tile.h"
#include "disk/disk.h"

/* Writes a tile, making directories as it goes. */
KT_MUSTCHECK enum kt_rc kt_tiles_put(const struct kt_disk_io *io,
    const char *dir, const struct kt_audit_tile *t, struct kt_span hashes,
    struct kt_err *err);
/* The first t->width hashes.  KT_E_IO: no file has that many. */
KT_MUSTCHECK enum kt_rc kt_tiles_get(const struct kt_disk_io *io,
    const char *dir, const struct kt_audit_tile *t, uint8_t *hashes,
    struct kt_err *err);
/* How many hashes the widest file of this tile has by its name; 0: no file. */
unsigned kt_tiles_width(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t);
/* The tile is full now: its partial files are of no more use. */
void kt_tiles_drop_partial(const struct kt_disk_io *io, const char *dir,
    const struct kt_audit_tile *t);

#endif
