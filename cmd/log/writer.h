/*
 * writer - the one thread that appends to the audit log.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    when bytes are durable, when a checkpoint is due, how a log is
 *           taken up again after a crash or a failed disk.
 * Does not: know what a record says (lib/audit/record.h) or who waits for it.
 * Promises: a ticket comes back for every entry that was taken, and says
 *           durable only after fdatasync returned; after an error nothing is
 *           durable until the tail was cut, read back and a new segment
 *           opened, and after a full disk until there is room to tell of the
 *           next; no checkpoint covers bytes that are not durable.
 *
 * A worker owns an inbox: it polls the inbox's descriptor, drains it, and
 * takes the finished tickets.  No lock is taken on either way.
 */
#ifndef KT_WRITER_H
#define KT_WRITER_H
#include "audit/subject.h"
#include "disk/disk.h"

struct kt_writer;
struct kt_writer_inbox;

enum kt_durability {
	KT_DURABILITY_COMMIT, /* a ticket waits for fdatasync */
	KT_DURABILITY_STRICT, /* the same, and calls are opened before */
	KT_DURABILITY_ASYNC,  /* a ticket waits for write; sync each second */
};

struct kt_writer_opts {
	const struct kt_disk_io *io; /* &kt_disk_real but in tests */
	struct kt_span dir;          /* made with mode 0700 when absent */
	struct kt_span deployment, gateway; /* the name part of the origin */
	enum kt_durability durability;
	struct kt_span software; /* "kt 0.1.0" */
	struct kt_span policy_hash, policy_version;
	uint64_t segment_bytes; /* 0: KT_AUDIT_SEGMENT_MAX */
	void (*say)(const char *text); /* for people; NULL: nobody */
};

/* What became of an entry.  `owner` is what the worker handed in. */
struct kt_writer_ticket {
	struct kt_writer_ticket *next;
	void *owner;
	bool is_durable; /* false: the record is not in the log */
	uint64_t index, segment;
	uint8_t leaf[KT_AUDIT_HASH];
};

/*
 * Takes up the log in opts->dir or begins one, then starts the thread.
 * KT_E_MISUSE: another process writes this log.  KT_E_PARSE: the log holds
 * fewer or other records than its checkpoint says; it is left as it is.
 */
KT_MUSTCHECK enum kt_rc kt_writer_start(struct kt_writer **w,
    const struct kt_writer_opts *opts, struct kt_err *err);
/*
 * Drains the queue, writes the shutdown record and the last checkpoint, and
 * joins the thread.  Tickets are delivered before it returns.  KT_E_IO: the
 * end of the log could not be written.
 */
enum kt_rc kt_writer_stop(struct kt_writer **w, struct kt_err *err);

/*
 * Hands in one body (copied).  After KT_OK a ticket will come to `inbox`;
 * NULL: nobody waits.  KT_E_LIMIT: the queue is full.  KT_E_IO: the log is
 * down.  In both cases the call must be refused: gateway.audit.unavailable.
 */
KT_MUSTCHECK enum kt_rc kt_writer_submit(struct kt_writer *w,
    struct kt_span body, struct kt_writer_inbox *inbox, void *owner,
    struct kt_err *err);
/* One of the two records of a call that is opened before it goes up. */
struct kt_writer_pair {
	enum { KT_WRITER_OPENS, KT_WRITER_ENDS } part;
	uint64_t opened; /* KT_WRITER_ENDS: the index of its open record */
};
/*
 * The same without waking the thread, for who hands in several in one turn
 * of a loop: one write and one sync then serve them all.  kt_writer_wake
 * must follow before the loop sleeps.  With `pair` (NULL: the call has one
 * record) the ticket waits for fdatasync in every mode.
 */
KT_MUSTCHECK enum kt_rc kt_writer_queue(struct kt_writer *w,
    struct kt_span body, const struct kt_writer_pair *pair,
    struct kt_writer_inbox *inbox, void *owner, struct kt_err *err);
void kt_writer_wake(struct kt_writer *w);
/* Whether a record handed in now has a chance. */
bool kt_writer_is_up(const struct kt_writer *w);
/* A new segment after what is queued now; safe in a signal handler. */
void kt_writer_rotate(struct kt_writer *w);
/* Another chain came into force: a policy record, and later headers. */
KT_MUSTCHECK enum kt_rc kt_writer_policy(struct kt_writer *w,
    struct kt_span policy_hash, struct kt_span policy_version,
    struct kt_span cause, struct kt_err *err);
/* Carries out what lies in orders/; safe in a signal handler. */
void kt_writer_orders(struct kt_writer *w);
/* Until kt_writer_stop(). */
struct kt_audit_subjects *kt_writer_subjects(const struct kt_writer *w);
/* Constant once started: <deployment>/<gateway>/<log id>. */
struct kt_span kt_writer_origin(const struct kt_writer *w);
/* The verifier key to pin, and whether this start made it; constant. */
const char *kt_writer_vkey(const struct kt_writer *w);
bool kt_writer_is_new(const struct kt_writer *w);
/* Salts of commitments are derived from it: kt_audit_salt(). */
void kt_writer_commit_key(
    const struct kt_writer *w, uint8_t key[KT_AUDIT_HASH]);

struct kt_writer_counts {
	uint64_t records, batches, bytes, failures;
};
void kt_writer_counts(const struct kt_writer *w, struct kt_writer_counts *c);

KT_MUSTCHECK enum kt_rc kt_writer_inbox_new(
    struct kt_writer_inbox **in, struct kt_err *err);
/* Only after every ticket for it has come back. */
void kt_writer_inbox_free(struct kt_writer_inbox **in);
/* Readable when tickets wait. */
int kt_writer_inbox_fd(const struct kt_writer_inbox *in);
/* The oldest finished ticket, or NULL; the caller frees it. */
struct kt_writer_ticket *kt_writer_inbox_take(struct kt_writer_inbox *in);
void kt_writer_ticket_free(struct kt_writer_ticket **t);

#endif
