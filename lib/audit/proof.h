/*
 * proof - that one record is in a tree, and one tree in another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the proofs of RFC 6962 and the text of C2SP tlog-proof.
 * Does not: know where hashes are kept, or whom a checkpoint is signed by.
 * Promises: a proof that holds fixes the leaf or the older root; asking for
 *           one takes at most 64 nodes and as many node requests squared.
 */
#ifndef KT_AUDIT_PROOF_H
#define KT_AUDIT_PROOF_H
#include "audit/audit.h"

#define KT_AUDIT_PROOF_MAX 65 /* a consistency proof has one more */

struct kt_audit_path {
	uint8_t hash[KT_AUDIT_PROOF_MAX][KT_AUDIT_HASH];
	unsigned n;
};
/* The root over records [i << level, (i + 1) << level). */
typedef enum kt_rc kt_audit_node_fn(void *arg, unsigned level, uint64_t i,
    uint8_t out[KT_AUDIT_HASH], struct kt_err *err);

/* The root of the tree of the first `size` records, size > 0. */
KT_MUSTCHECK enum kt_rc kt_audit_root_of(uint64_t size,
    kt_audit_node_fn *node, void *arg, uint8_t root[KT_AUDIT_HASH],
    struct kt_err *err);
/* KT_E_MISUSE: index >= size. */
KT_MUSTCHECK enum kt_rc kt_audit_prove_inclusion(uint64_t index,
    uint64_t size, kt_audit_node_fn *node, void *arg,
    struct kt_audit_path *path, struct kt_err *err);
/* KT_E_MISUSE: older is zero or larger than size. */
KT_MUSTCHECK enum kt_rc kt_audit_prove_consistency(uint64_t older,
    uint64_t size, kt_audit_node_fn *node, void *arg,
    struct kt_audit_path *path, struct kt_err *err);
bool kt_audit_inclusion_holds(const uint8_t leaf[KT_AUDIT_HASH],
    uint64_t index, uint64_t size, const struct kt_audit_path *path,
    const uint8_t root[KT_AUDIT_HASH]);
bool kt_audit_consistency_holds(uint64_t older,
    const uint8_t older_root[KT_AUDIT_HASH], uint64_t size,
    const uint8_t root[KT_AUDIT_HASH], const struct kt_audit_path *path);

struct kt_audit_proof { /* a .tlog-proof file */
	uint64_t index;
	struct kt_audit_path path;
	struct kt_span checkpoint; /* with its signatures; borrowed */
};
KT_MUSTCHECK enum kt_rc kt_audit_proof_write(const struct kt_audit_proof *p,
    struct kt_buf *out, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_proof_parse(
    struct kt_span text, struct kt_audit_proof *p, struct kt_err *err);

#endif
