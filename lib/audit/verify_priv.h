/*
 * verify_priv - the state of a verification, between its files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what verify.c keeps, resolve.c and signed.c change.
 * Does not: leave this room.
 * Promises: chain.size is the next index expected; the tree behind it is of
 *           committed leaves as far as they are known.
 */
#ifndef KT_AUDIT_VERIFY_PRIV_H
#define KT_AUDIT_VERIFY_PRIV_H
#include "audit/canon.h"
#include "audit/marks.h"
#include "audit/verify.h"

struct kt_audit_seen { /* a line, looked at */
	struct kt_span text;
	struct kt_audit_line l;
	struct kt_audit_place at;
	uint64_t i;
	uint8_t prev[KT_AUDIT_HASH], leaf[KT_AUDIT_HASH];
	bool is_canonical; /* with a whole envelope */
	bool is_good;      /* and of a version known here */
};

struct kt_audit_verify {
	struct kt_audit_report report;
	struct kt_audit_chain chain;
	uint8_t prev_before[KT_AUDIT_HASH]; /* chain.prev before the last step */
	uint8_t genesis[KT_AUDIT_HASH];
	uint64_t accepted;
	uint64_t proven; /* records under a checkpoint that matched */
	bool is_tree_lost;

	struct kt_audit_place at, last; /* of this line; of the last accepted */
	uint64_t offset;
	bool is_gap_between_files;
	bool is_part;
	bool is_resumed; /* begins at a segment record */
	struct kt_buf part; /* a line that goes on in the next piece */

	bool has_odd; /* a line that does not follow, held back */
	struct kt_audit_seen odd;
	struct kt_buf odd_text;
	bool is_skipping;
	uint64_t skip_i;
	uint8_t skip_prev[KT_AUDIT_HASH];

	kt_audit_note_fn *next;
	void *next_arg;
	struct kt_audit_checkpoint cp, newest;
	bool has_cp, has_seen_newest;
	bool has_suspect; /* a root that differed, not yet explained */
	size_t suspect;   /* the break that says so */
	struct kt_audit_checkpoint suspect_cp;
	struct kt_audit_break spare; /* beyond the list */

	struct kt_buf note, newest_note; /* with their signatures */
	struct kt_audit_vkey pinned;
	uint8_t stable_pub[KT_AUDIT_PUB];
	bool is_signature_due; /* stable_pub is known */
	bool is_due_by_genesis, is_replaced_by_genesis;
	bool has_replaced_key, has_bad_signature;
	struct kt_audit_checker stable, epoch, before; /* state NULL: none */
	uint64_t epoch_from; /* larger sizes are under `epoch` */
	bool is_epoch_open;  /* no checkpoint closes `before` yet */
	bool is_epoch_lost;  /* records that may have changed it are missing */
	kt_audit_step_fn *watch;
	void *watch_arg;
	const struct kt_audit_brought *brought;
	size_t next_known, next_receipt;
	uint64_t agreed; /* records that something brought agrees with */
	bool has_forked; /* and something does not */
};

struct kt_audit_break *kt_audit_break(
    struct kt_audit_verify *v, enum kt_audit_class class, uint64_t index);
bool kt_audit_follows(
    const struct kt_audit_verify *v, const struct kt_audit_seen *s);
void kt_audit_accept(
    struct kt_audit_verify *v, const struct kt_audit_seen *s);
/* What such a record says is gone. */
void kt_audit_note_retention(
    struct kt_audit_verify *v, const struct kt_audit_seen *s);
/* Fetches the next checkpoint into cp, or clears has_cp. */
void kt_audit_next_note(struct kt_audit_verify *v);
/* Checks every checkpoint at the size reached. */
void kt_audit_meet(struct kt_audit_verify *v);
/* Withdraws the suspicion where the corrected tree has its root. */
void kt_audit_explain(struct kt_audit_verify *v);
/* Says what `odd` is, given the line after it (NULL: none that is whole). */
void kt_audit_resolve(struct kt_audit_verify *v,
    const struct kt_audit_seen *odd, const struct kt_audit_seen *after);
/* Records that checkpoints cover and the files lack. */
void kt_audit_finish_tail(struct kt_audit_verify *v);

/* signed.c */
KT_MUSTCHECK enum kt_rc kt_audit_signed_begin(struct kt_audit_verify *v,
    const struct kt_audit_evidence *e, struct kt_err *err);
void kt_audit_learn_keys(
    struct kt_audit_verify *v, const struct kt_audit_seen *s);
/* Record 0 was not what the log committed to: neither were its keys. */
void kt_audit_forget_genesis(struct kt_audit_verify *v);
/* Whether cp counts; says so where it does not. */
bool kt_audit_is_signed(struct kt_audit_verify *v, bool is_reached);
void kt_audit_meet_brought(struct kt_audit_verify *v);
void kt_audit_finish_brought(struct kt_audit_verify *v);
void kt_audit_signed_finish(struct kt_audit_verify *v);
void kt_audit_signed_end(struct kt_audit_verify *v);
/* A part begins or ends in the epoch of this key. */
void kt_audit_signed_resume(
    struct kt_audit_verify *v, const struct kt_audit_vkey *epoch);
bool kt_audit_is_epoch_of(
    const struct kt_audit_verify *v, const struct kt_audit_vkey *epoch);

#endif
