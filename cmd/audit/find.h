/*
 * find - one record among millions, and the tree around it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that indices ascend through segments and within them.
 * Does not: verify: whoever asks holds what it gets against a root.
 * Promises: finding one record reads a handful of pages, not the log.
 */
#ifndef KT_AUDIT_FIND_H
#define KT_AUDIT_FIND_H
#include "audit/proof.h"
#include "cmd/audit/dir.h"

/* Its line, without the LF.  KT_E_MISUSE: the log has no such record. */
KT_MUSTCHECK enum kt_rc kt_audit_find(struct kt_audit_dir *d, uint64_t index,
    struct kt_buf *line, struct kt_err *err);
/* The index of the first record that there is. */
KT_MUSTCHECK enum kt_rc kt_audit_find_first(
    struct kt_audit_dir *d, uint64_t *index, struct kt_err *err);
/* The same, and where it is. */
struct kt_audit_found {
	uint64_t segment, offset;
};
KT_MUSTCHECK enum kt_rc kt_audit_find_at(struct kt_audit_dir *d,
    uint64_t index, struct kt_buf *line, struct kt_audit_found *found,
    struct kt_err *err);
/* A whole line, without its LF; false ends the reading. */
typedef bool kt_audit_line_fn(void *arg, struct kt_span line);
struct kt_audit_lines { /* pieces of a segment, cut into lines */
	kt_audit_line_fn *each;
	void *arg;
	struct kt_buf part;
	uint64_t from; /* lines of smaller indices are passed over */
	bool is_over, is_too_long;
};
void kt_audit_lines_init(
    struct kt_audit_lines *l, kt_audit_line_fn *each, void *arg);
void kt_audit_lines_fini(struct kt_audit_lines *l);
/* A kt_audit_piece_fn over a struct kt_audit_lines. */
bool kt_audit_lines_feed(void *lines, struct kt_span piece);
/*
 * Segment k is over.  What is left of it is a line where another file
 * follows, as verification takes it; in the last one it is being written.
 */
void kt_audit_lines_end(struct kt_audit_lines *l, const struct kt_audit_dir *d,
    size_t k);
/* Each line from `index` on. */
KT_MUSTCHECK enum kt_rc kt_audit_scan(struct kt_audit_dir *d, uint64_t index,
    kt_audit_line_fn *each, void *arg, struct kt_err *err);

struct kt_audit_signed_tree { /* a checkpoint and who signed it */
	struct kt_audit_checkpoint cp; /* borrows from d->newest */
	struct kt_audit_vkey key;
	bool is_signed, is_pinned;
};
/*
 * The newest checkpoint, held against `pinned` or the log's own key.
 * KT_E_PARSE: there is none, or its signature is wrong.
 */
KT_MUSTCHECK enum kt_rc kt_audit_newest(struct kt_audit_dir *d,
    struct kt_span note, struct kt_span pinned,
    struct kt_audit_signed_tree *t, struct kt_err *err);
/*
 * An inclusion proof that holds for this leaf and root, from tiles or, where
 * those are missing or wrong, from the records.  KT_E_PARSE: neither.
 */
KT_MUSTCHECK enum kt_rc kt_audit_dir_prove(struct kt_audit_dir *d,
    const uint8_t leaf[KT_AUDIT_HASH], uint64_t index,
    const struct kt_audit_checkpoint *cp, struct kt_audit_path *path,
    struct kt_err *err);
/* A consistency proof from the tree of `older` records to cp, likewise. */
KT_MUSTCHECK enum kt_rc kt_audit_dir_prove_older(struct kt_audit_dir *d,
    uint64_t older, const struct kt_audit_checkpoint *cp,
    struct kt_audit_path *path, struct kt_err *err);
/*
 * The root over records [i << level, (i + 1) << level): from the tile that
 * has it, where that is missing from the records.  Not checked.
 */
KT_MUSTCHECK enum kt_rc kt_audit_dir_node(struct kt_audit_dir *d,
    unsigned level, uint64_t i, uint8_t out[KT_AUDIT_HASH],
    struct kt_err *err);
void kt_audit_leaf_of(struct kt_span line, uint8_t leaf[KT_AUDIT_HASH]);

#endif
