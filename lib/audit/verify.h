/*
 * verify - whether a log is what its checkpoints commit to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what each kind of tampering leaves behind, and how to go on
 *           after it so that later records are still judged.
 * Does not: read files; whoever does feeds segments in ascending order.
 * Promises: a changed, dropped, added or moved record that a later record or
 *           a checkpoint covers is reported, with the first index that does
 *           not follow; memory does not grow with the log.
 * Does not promise: to notice a rewrite of records and checkpoints that is
 *           consistent, or a change to the very last record where no
 *           checkpoint covers it.
 */
#ifndef KT_AUDIT_VERIFY_H
#define KT_AUDIT_VERIFY_H
#include "audit/course.h"
#include "audit/key.h"
#include "audit/receipt.h"

enum kt_audit_class {
#define KT_CLASS(name, text) KT_AUDIT_##name,
#include "audit/class.def"
#undef KT_CLASS
};
const char *kt_audit_class_name(enum kt_audit_class c);

enum kt_audit_durability {
	KT_AUDIT_DURABLE_STRICT,
	KT_AUDIT_DURABLE_COMMIT,
	KT_AUDIT_DURABLE_ASYNC,
	KT_AUDIT_DURABILITIES
};
const char *kt_audit_durability_name(enum kt_audit_durability d);

struct kt_audit_place {
	uint64_t segment, offset, line; /* lines count from 1 */
};
struct kt_audit_break {
	enum kt_audit_class class;
	/* The first bad record is not before `from` and not after `index`. */
	uint64_t index, from;
	struct kt_audit_place at;
	uint8_t expected[KT_AUDIT_HASH], found[KT_AUDIT_HASH];
	bool has_hashes;
	/* For telling a moved record from one lost and one added. */
	uint64_t odd_i, gap_to;
	uint8_t odd_leaf[KT_AUDIT_HASH];
	bool has_odd;
};

struct kt_audit_report {
	char origin[256];
	uint64_t first, size; /* index of the first record read; the next */
	uint64_t by_type[KT_AUDIT_TYPES], segments;
	struct kt_audit_course course;
	uint64_t checkpoints, checkpoints_ok, newest_size;
	uint8_t newest_root[KT_AUDIT_HASH];
	uint64_t tail; /* records beyond the newest checkpoint */
	char newest_ts[32]; /* of the last that it covers; empty: not read */
	struct kt_audit_vkey key; /* where has_key: whose signatures count */
	struct kt_audit_vkey recovery; /* where has_recovery: who may revoke */
	bool has_key, is_pinned, has_recovery;
	bool has_open_epoch; /* no checkpoint closes the last but one yet */
	uint64_t signed_checkpoints, unsigned_checkpoints, epochs;
	uint64_t known_size; /* the largest known checkpoint that agrees */
	uint64_t receipts;   /* that agree */
	bool has_inventory;  /* of logs that there have to be: the caller's */
	uint64_t bad_tile;   /* its first record and one; 0: none */
	unsigned durability; /* 1 << enum kt_audit_durability, seen */
	bool has_incomplete_tail, has_unknown_version;
	/* Records [0, pruned) are gone: by a retention record, the largest
	 * that was read being of these (size 0: none), or by somebody. */
	uint64_t pruned;
	uint8_t pruned_root[KT_AUDIT_HASH];
	bool has_pruned_root; /* else its segment record was changed */
	struct kt_audit_place pruned_at;
	uint64_t retained, retained_by; /* its size, and its own index */
	uint8_t retained_root[KT_AUDIT_HASH];
	struct kt_audit_break breaks[KT_AUDIT_BREAKS_MAX];
	size_t nbreaks, more_breaks;
	uint64_t good; /* records [0, good) are as they were committed to */
	struct kt_audit_place end; /* of the last record */
	uint64_t tiled; /* tiles tell of so many records, more than there are */
};

/* The next note, oldest first; false: there is none.  Borrowed until then. */
typedef bool kt_audit_note_fn(void *arg, struct kt_span *note);

/* What a reviewer holds from elsewhere, in ascending order each. */
struct kt_audit_brought {
	const struct kt_audit_checkpoint *known;
	size_t nknown;
	const struct kt_audit_receipt *receipts;
	size_t nreceipts;
};
struct kt_audit_evidence {
	/* The file `checkpoint` (empty: there is none) and the list.  Notes
	 * have to be read before the segments are listed: then a log that
	 * grows meanwhile has at least the records that its notes cover. */
	struct kt_span newest;
	kt_audit_note_fn *next;
	void *arg;
	struct kt_span log_vkey; /* the file; empty: there is none */
	struct kt_span pinned;   /* the key to trust; empty: the log's own */
	const struct kt_audit_brought *brought; /* borrowed; may be NULL */
	bool is_part; /* of a log; what is pruned may be told in another */
};

struct kt_audit_verify;
/* KT_E_PARSE: the pinned key is none. */
KT_MUSTCHECK enum kt_rc kt_audit_verify_new(struct kt_audit_verify **v,
    const struct kt_audit_evidence *evidence, struct kt_err *err);
void kt_audit_verify_free(struct kt_audit_verify **v);
/* The bytes that follow belong to the segment of this number. */
void kt_audit_verify_segment(struct kt_audit_verify *v, uint64_t number);
/* In any pieces.  Only memory makes it fail. */
KT_MUSTCHECK enum kt_rc kt_audit_verify_feed(
    struct kt_audit_verify *v, struct kt_span bytes, struct kt_err *err);
/* After each record: the chain that ends in it, while the log is good. */
typedef void kt_audit_step_fn(void *arg, const struct kt_audit_chain *c);
void kt_audit_verify_watch(
    struct kt_audit_verify *v, kt_audit_step_fn *each, void *arg);

/*
 * A log can be verified in parts, each from one segment record on.  What that
 * record says of the records before it is a claim: the part before leads to
 * it, or a checkpoint behind it is signed over it.
 *
 * Before the first byte.  KT_E_PARSE: the line is no segment record.
 */
KT_MUSTCHECK enum kt_rc kt_audit_verify_resume(
    struct kt_audit_verify *v, struct kt_span header, struct kt_err *err);
/* Whether the records fed so far are what this segment record says. */
bool kt_audit_verify_leads_to(
    struct kt_audit_verify *v, struct kt_span header);
/* Adds a part to those before it.  False: they are not both intact. */
bool kt_audit_report_join(
    struct kt_audit_report *r, const struct kt_audit_report *next);
/* Nothing is gone that no retention record tells of. */
bool kt_audit_report_is_told(const struct kt_audit_report *r);
/* What was brought says otherwise of records that are gone. */
void kt_audit_report_fork(
    struct kt_audit_report *r, uint64_t from, uint64_t index);
/* Records are missing behind the last one, by other evidence than notes. */
void kt_audit_report_cut(struct kt_audit_report *r);
/* The tile whose first record is this one has other hashes. */
void kt_audit_verify_bad_tile(struct kt_audit_verify *v, uint64_t first);
/* The verdict, borrowed from v.  Intact: no breaks, no unknown version. */
const struct kt_audit_report *kt_audit_verify_finish(struct kt_audit_verify *v);

#endif
