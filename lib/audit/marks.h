/*
 * marks - the records that the log writes about itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    genesis, segment, key, clock, space, recovery, retention,
 *           heartbeat, seal, shutdown.
 * Does not: decide when one is due: cmd/log/writer.h.
 * Promises: a chain read back from a segment record continues the log as if
 *           every record before it had been read.
 */
#ifndef KT_AUDIT_MARKS_H
#define KT_AUDIT_MARKS_H
#include "audit/key.h"

/* Keys are C2SP verifier keys, as text. */
struct kt_audit_genesis {
	struct kt_span software, cites; /* cites: the checkpoint of a lost log */
	struct kt_span vkey, epoch_vkey;
	struct kt_span recovery_vkey; /* who may revoke the two; or empty */
};
struct kt_audit_segment {
	uint64_t number;
	struct kt_span software, durability, policy_hash, policy_version;
	struct kt_span epoch_vkey; /* in force */
	struct kt_span recovery_vkey; /* as in genesis, which may be gone */
	bool has_open;
	uint64_t open_since; /* no open record before it lacks its end */
};
struct kt_audit_recovery {
	uint64_t bytes_cut;
	struct kt_span cut_sha256; /* hexadecimal, of the bytes cut off */
	struct kt_span cause, quarantine;
	uint64_t unfinished; /* calls that were open and now are ended */
};
struct kt_audit_retention { /* the records [first, size) are to go */
	uint64_t first, size, days;
	uint64_t segment; /* the first that stays; its header has the root */
	uint8_t root[KT_AUDIT_HASH]; /* over all records before it */
	struct kt_span by, ground; /* ground: why less than the minimum */
};
KT_MUSTCHECK enum kt_rc kt_audit_retention_write(
    const struct kt_audit_retention *r, struct kt_buf *out,
    struct kt_err *err);
/* Size and root, which is all that a verifier needs of it. */
KT_MUSTCHECK enum kt_rc kt_audit_retention_read(
    struct kt_span line, struct kt_audit_retention *r, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_genesis_write(const struct kt_audit_genesis *g,
    struct kt_buf *out, struct kt_err *err);
/* Takes first index, root and frontier from the chain as it stands. */
KT_MUSTCHECK enum kt_rc kt_audit_segment_write(const struct kt_audit_segment *s,
    struct kt_audit_chain *c, struct kt_buf *out, struct kt_err *err);
/* The opposite: a chain that continues at this segment record. */
KT_MUSTCHECK enum kt_rc kt_audit_segment_read(
    struct kt_span line, struct kt_audit_chain *c, struct kt_err *err);
/* False: the segment record says that no call was open. */
bool kt_audit_segment_open_since(struct kt_span line, uint64_t *index);
KT_MUSTCHECK enum kt_rc kt_audit_recovery_write(
    const struct kt_audit_recovery *r, struct kt_buf *out, struct kt_err *err);
/* The next epoch's key, under a checkpoint that the one before signs. */
KT_MUSTCHECK enum kt_rc kt_audit_key_write(struct kt_span epoch_vkey,
    struct kt_buf *out, struct kt_err *err);
/* The wall clock stepped against the steady one. */
KT_MUSTCHECK enum kt_rc kt_audit_clock_write(int64_t step_us,
    struct kt_buf *out, struct kt_err *err);

/* So much of the disk is free, which is less than `below` percent; 0: more
   than what was told of before. */
KT_MUSTCHECK enum kt_rc kt_audit_space_write(unsigned free_percent,
    unsigned below, struct kt_buf *out, struct kt_err *err);

/* The keys that a genesis, key or segment record names. */
struct kt_audit_named {
	struct kt_audit_vkey stable, epoch, recovery;
	bool has_stable, has_epoch, has_recovery;
};
/* KT_E_PARSE: not canonical, or a key that is none. */
KT_MUSTCHECK enum kt_rc kt_audit_keys_read(
    struct kt_span line, struct kt_audit_named *keys, struct kt_err *err);
/* heartbeat, seal, shutdown: the type and how many records came before; gap:
 * how many are missing. */
KT_MUSTCHECK enum kt_rc kt_audit_mark_write(struct kt_span type,
    uint64_t records, struct kt_buf *out, struct kt_err *err);

#endif
