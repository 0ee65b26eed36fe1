/*
 * pack - a part of a log as a folder or archive that a reviewer takes along.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which records, tiles and checkpoints prove each other, and how to
 *           tell a reviewer to check them without kt.
 * Does not: judge the log: whoever packs has verified it.
 * Promises: the same log and range give the same bytes; what is in it is
 *           an audit directory whose newest checkpoint covers all it holds.
 */
#ifndef KT_PACK_H
#define KT_PACK_H
#include "cmd/audit/judge.h"

struct kt_pack { /* what goes into it; all borrowed */
	struct kt_audit_dir *dir;
	const char *out; /* a folder, made when absent, or NAME.tar */
	uint64_t from, to; /* the records that were asked for; 0: the first */
	bool has_entries; /* with the records in bundles as well */
};
struct kt_pack_told { /* what is in it */
	uint64_t first, size; /* records [first, size) */
};
/* KT_E_MISUSE: no checkpoint covers such records.  KT_E_IO as usual. */
KT_MUSTCHECK enum kt_rc kt_pack_write(const struct kt_pack *p,
    struct kt_pack_told *told, struct kt_err *err);

/* The texts of README.md and check.py. */
KT_MUSTCHECK enum kt_rc kt_pack_readme(const struct kt_pack_told *told,
    uint64_t example, struct kt_span segment, uint64_t line,
    struct kt_span origin, struct kt_buf *out, struct kt_err *err);
extern const char kt_pack_script[];

#endif
