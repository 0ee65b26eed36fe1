/*
 * log - an audit directory that is being written to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which files an audit directory has (kt-audit(5)), in which order
 *           they become durable, and how far to trust them after a crash.
 * Does not: wait, run threads, or answer anybody: writer.h.
 * Promises: `durable` counts only records that a successful fdatasync
 *           covers; a failed call poisons the log until kt_log_reopen(),
 *           which keeps exactly the durable records; a checkpoint is stored
 *           only over durable records.
 */
#ifndef KT_LOG_H
#define KT_LOG_H
#include "audit/subject.h"
#include "audit/tile.h"
#include "cmd/log/keys.h"
#include "cmd/log/opens.h"
#include "cmd/log/writer.h"

#define KT_LOG_NAME_MAX 64 /* bytes of a deployment's or gateway's name */
#define KT_LOG_ORIGIN_MAX (2 * KT_LOG_NAME_MAX + KT_AUDIT_LOG_ID + 3)

struct kt_log {
	const struct kt_disk_io *io;
	enum kt_durability durability;
	uint64_t segment_bytes;
	char dir[KT_PATH_MAX];
	char name[2 * KT_LOG_NAME_MAX + 2]; /* <deployment>/<gateway> */
	char origin[KT_LOG_ORIGIN_MAX]; /* name and log id, once known */
	char boot[33];
	char software[KT_AUDIT_TEXT_MAX + 1];
	char policy_hash[KT_AUDIT_TEXT_MAX + 1];
	char policy_version[KT_AUDIT_TEXT_MAX + 1];
	uint8_t commit_key[KT_AUDIT_HASH];

	struct kt_keys keys;
	struct kt_disk_file segment, checkpoints;
	uint64_t number;        /* of the open segment */
	uint64_t begun_us;      /* when it was opened, by the steady clock */
	uint64_t next_number;   /* of the next one */
	struct kt_audit_chain chain;
	struct kt_buf batch, body;
	struct kt_audit_subjects *subjects; /* shared with all workers */
	struct kt_opens opens;  /* calls that are under way */
	uint64_t durable;       /* records */
	uint64_t durable_bytes; /* of the open segment */
	uint64_t checked_bytes; /* of those, read back into the tiles */
	uint64_t checkpointed;  /* records the newest checkpoint covers */
	struct kt_audit_tiles tiles; /* of the records read back */
	uint64_t tiled[KT_AUDIT_TILE_LEVELS]; /* hashes that files hold, or: */
#define KT_LOG_UNTOLD UINT64_MAX /* what an earlier process left */
	int64_t clock_us; /* wall clock less steady clock, as last seen */
	struct kt_disk_clock clock; /* what the kernel says of it, */
	uint64_t clock_at; /* asked then, by the steady one; 0: never */
	unsigned alarm; /* free percent that the disk has less of; 0: none */
	bool has_reserve; /* room.h */
	bool is_full;     /* why it is poisoned: there is no space */
	bool is_poisoned;
	struct kt_err why; /* of the last time */
	void (*say)(const char *text); /* for people; NULL: nobody */
};

/* ---- append.c ---- */

#define KT_LOG_BATCH_MAX (256u << 10) /* what is longer is written: memory */

/* Seals a body into the batch.  KT_E_MISUSE, KT_E_PARSE: the body is bad. */
KT_MUSTCHECK enum kt_rc kt_log_add(struct kt_log *log, struct kt_span body,
    uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err);
/* Adds what log->body holds and empties it. */
KT_MUSTCHECK enum kt_rc kt_log_add_own(struct kt_log *log, struct kt_err *err);
/* Writes the batch; but with KT_DURABILITY_ASYNC it is durable afterwards. */
KT_MUSTCHECK enum kt_rc kt_log_flush(struct kt_log *log, struct kt_err *err);
/* Whatever the mode: every record so far is durable afterwards. */
KT_MUSTCHECK enum kt_rc kt_log_sync(struct kt_log *log, struct kt_err *err);
/* Whether the call that failed last, by errno, lacked space. */
bool kt_log_lacks_space(void);
enum kt_rc kt_log_poison(struct kt_log *log, struct kt_err *err);
/* "<dir>/<rest>"; KT_E_LIMIT when it does not fit. */
KT_MUSTCHECK enum kt_rc kt_log_path(const struct kt_log *log,
    char path[static KT_PATH_MAX], struct kt_err *err, const char *fmt, ...)
    KT_PRINTF(4, 5);
KT_MUSTCHECK enum kt_rc kt_log_segment_path(const struct kt_log *log,
    uint64_t number, char path[static KT_PATH_MAX], struct kt_err *err);

/* ---- checkpoint.c ---- */

/* The file of all checkpoints, and the lock that it carries, once more. */
KT_MUSTCHECK enum kt_rc kt_log_open_checkpoints(
    struct kt_log *log, struct kt_err *err);
/* Of what is durable the next piece, if there is a whole one, for the next
   checkpoint. */
KT_MUSTCHECK enum kt_rc kt_log_read_back(
    struct kt_log *log, struct kt_err *err);
/* The partial tiles of the newest checkpoint: when nobody waits, or where
   recovery would begin. */
void kt_log_keep_partial_tiles(struct kt_log *log);
/* Syncs, then stores a checkpoint unless the newest covers everything. */
KT_MUSTCHECK enum kt_rc kt_log_checkpoint(
    struct kt_log *log, struct kt_err *err);
/* Signs and stores, where the tiles have every record already. */
KT_MUSTCHECK enum kt_rc kt_log_store_checkpoint(
    struct kt_log *log, struct kt_err *err);
/* The tiles of the tree that the chain is at, from files or, where those
 * do not have its root, from the first `segments` segments. */
KT_MUSTCHECK enum kt_rc kt_log_tiles_at(
    struct kt_log *log, uint64_t segments, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_log_tiles_step(struct kt_log *log,
    const uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err);
/* Each whole line of a segment, without its LF; false: no more of them. */
typedef bool kt_log_line_fn(void *arg, struct kt_span line);
KT_MUSTCHECK enum kt_rc kt_log_read_lines(struct kt_log *log, uint64_t number,
    kt_log_line_fn *each, void *arg, struct kt_err *err);

/* ---- segment.c ---- */

struct kt_log_segments { /* the files, by number; n is 0: there are none */
	uint64_t first, last, n;
};
/* KT_E_PARSE: there is a gap. */
KT_MUSTCHECK enum kt_rc kt_log_list_segments(
    struct kt_log *log, struct kt_log_segments *s, struct kt_err *err);
/* Adds its header, and the genesis record where there is none. */
KT_MUSTCHECK enum kt_rc kt_log_begin_segment(
    struct kt_log *log, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_log_set_origin(struct kt_log *log,
    const uint8_t genesis_leaf[KT_AUDIT_HASH], struct kt_err *err);
/* Seals the open segment and begins the next one. */
KT_MUSTCHECK enum kt_rc kt_log_rotate(struct kt_log *log, struct kt_err *err);

/* ---- recover.c ---- */

/* Finds the end of the log, cuts what does not follow, begins a segment. */
KT_MUSTCHECK enum kt_rc kt_log_recover(struct kt_log *log, struct kt_err *err);
/* After a failure: cuts the tail to what is durable, reads it back, goes on
 * in a new segment.  Fails and may be tried again. */
KT_MUSTCHECK enum kt_rc kt_log_reopen(struct kt_log *log, struct kt_err *err);

/* ---- log.c ---- */

/* Takes up or begins the log, as kt_writer_start() says. */
KT_MUSTCHECK enum kt_rc kt_log_open(struct kt_log *log,
    const struct kt_writer_opts *opts, struct kt_err *err);
/* With the shutdown record and the last checkpoint, unless poisoned. */
enum kt_rc kt_log_close(struct kt_log *log, struct kt_err *err);

#endif
