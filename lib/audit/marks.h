/*
 * marks - the records that the log writes about itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    genesis, segment, recovery, heartbeat, seal and shutdown.
 * Does not: decide when one is due: cmd/gateway/writer.h.
 * Promises: a chain read back from a segment record continues the log as if
 *           every record before it had been read.
 */
#ifndef KT_AUDIT_MARKS_H
#define KT_AUDIT_MARKS_H
#include "audit/audit.h"

struct kt_audit_genesis {
	struct kt_span software, cites; /* cites: the checkpoint of a lost log */
};
struct kt_audit_segment {
	uint64_t number;
	struct kt_span software, durability, policy_hash, policy_version;
};
struct kt_audit_recovery {
	uint64_t bytes_cut;
	struct kt_span cut_sha256; /* hexadecimal, of the bytes cut off */
	struct kt_span cause, quarantine;
};
KT_MUSTCHECK enum kt_rc kt_audit_genesis_write(const struct kt_audit_genesis *g,
    struct kt_buf *out, struct kt_err *err);
/* Takes first index, root and frontier from the chain as it stands. */
KT_MUSTCHECK enum kt_rc kt_audit_segment_write(const struct kt_audit_segment *s,
    struct kt_audit_chain *c, struct kt_buf *out, struct kt_err *err);
/* The opposite: a chain that continues at this segment record. */
KT_MUSTCHECK enum kt_rc kt_audit_segment_read(
    struct kt_span line, struct kt_audit_chain *c, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_recovery_write(
    const struct kt_audit_recovery *r, struct kt_buf *out, struct kt_err *err);
/* heartbeat, seal, shutdown: the type and how many records came before. */
KT_MUSTCHECK enum kt_rc kt_audit_mark_write(struct kt_span type,
    uint64_t records, struct kt_buf *out, struct kt_err *err);

#endif
