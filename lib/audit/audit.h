/*
 * audit - a log that shows when it has been edited.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how one record binds the one before it, what the tree over all
 *           of them is, what a checkpoint says, how content is committed to.
 * Does not: open files, print, tell the time, or repair.
 * Promises: a sealed line is canonical JSON of at most KT_AUDIT_LINE_MAX
 *           bytes, and its stored bytes are exactly what is hashed.
 */
#ifndef KT_AUDIT_H
#define KT_AUDIT_H
#include "base/base.h"

#define KT_AUDIT_VERSION "kt-audit/1"
#define KT_AUDIT_HASH 32
#define KT_AUDIT_TILE_LEVELS 6 /* 256^6 records */
#define KT_AUDIT_LOG_ID 32 /* hexadecimal digits of the genesis leaf hash */
/* "sha256s:", 64 digits, NUL. */
#define KT_AUDIT_COMMIT_TEXT 73
/* The largest body that still fits a line together with its envelope. */
#define KT_AUDIT_BODY_MAX (KT_AUDIT_LINE_MAX - 1024)

/* SHA-256 as bytes arrive.  Holds memory from _init to _fini. */
struct kt_audit_hash {
	void *state;
};
KT_MUSTCHECK enum kt_rc kt_audit_hash_init(
    struct kt_audit_hash *h, struct kt_err *err);
void kt_audit_hash_add(struct kt_audit_hash *h, struct kt_span bytes);
/* The digest; the object is then as new. */
void kt_audit_hash_take(struct kt_audit_hash *h, uint8_t out[KT_AUDIT_HASH]);
void kt_audit_hash_fini(struct kt_audit_hash *h);
void kt_audit_sha256(struct kt_span bytes, uint8_t out[KT_AUDIT_HASH]);

/*
 * A commitment is SHA-256("kt-commit-v1" 0x00 salt content): it says nothing
 * about the content to who has no salt, and fixes it for who has.
 * salt = HMAC-SHA256(key, call_id 0x00 field), so that revealing the salt of
 * one field reveals no other.
 */
void kt_audit_salt(const uint8_t key[KT_AUDIT_HASH], struct kt_span call_id,
    struct kt_span field, uint8_t salt[KT_AUDIT_HASH]);
/* Starts a fresh hash; content follows by kt_audit_hash_add(). */
void kt_audit_commit_begin(
    struct kt_audit_hash *h, const uint8_t salt[KT_AUDIT_HASH]);
void kt_audit_commit_end(
    struct kt_audit_hash *h, char out[KT_AUDIT_COMMIT_TEXT]);

/* The log so far: what the next record must bind to. */
struct kt_audit_chain {
	uint64_t size; /* records so far; the next index */
	uint8_t prev[KT_AUDIT_HASH];
	/* Roots of the perfect subtrees: level k is in use where size has
	 * bit k.  A step writes no level in use, so size and prev undo it. */
	uint8_t frontier[64][KT_AUDIT_HASH];
	/* full[k]: the root over the last 256^k records, where size is a
	 * multiple of 256^k: what a full tile of level k-1 hashes to. */
	uint8_t full[KT_AUDIT_TILE_LEVELS + 1][KT_AUDIT_HASH];
	struct kt_audit_hash hash;
};
KT_MUSTCHECK enum kt_rc kt_audit_chain_init(
    struct kt_audit_chain *c, struct kt_err *err);
void kt_audit_chain_fini(struct kt_audit_chain *c);
/* leaf = SHA-256(0x00 line), the line without its LF (RFC 6962). */
void kt_audit_leaf(struct kt_audit_chain *c, struct kt_span line,
    uint8_t leaf[KT_AUDIT_HASH]);
void kt_audit_chain_step(
    struct kt_audit_chain *c, const uint8_t leaf[KT_AUDIT_HASH]);
void kt_audit_chain_root(
    struct kt_audit_chain *c, uint8_t root[KT_AUDIT_HASH]);

enum kt_audit_clock { KT_AUDIT_CLOCK_UNSYNC, KT_AUDIT_CLOCK_SYNC };
/* What every record carries beside its body; `v`, `i`, `prev` are known. */
struct kt_audit_envelope {
	uint64_t ts_us;   /* since 1970, UTC */
	uint64_t mono_us; /* since boot */
	struct kt_span boot; /* random id of this process start */
	enum kt_audit_clock clk;
	int64_t clk_us; /* how far it is steered forward; told with SYNC only */
	struct kt_span origin;
};
/*
 * Merges the envelope into `body` (an object from record.h), appends the
 * line and its LF to `out` and steps the chain.  A failure changes neither.
 */
KT_MUSTCHECK enum kt_rc kt_audit_seal(struct kt_audit_chain *c,
    const struct kt_audit_envelope *env, struct kt_span body,
    struct kt_buf *out, uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err);
/* `ts` as records have it, in microseconds since 1970. */
bool kt_audit_time_parse(struct kt_span ts, uint64_t *us);
/*
 * A time to compare those of records with, or the beginning of one; a Z at
 * its end is taken off.  False: in another form it would compare as something
 * else than it says.
 */
#define KT_AUDIT_TIME_FORM "YYYY[-MM[-DD[Thh[:mm[:ss[.ffffff]]]]]], in UTC"
bool kt_audit_time_take(const char *text, struct kt_span *time);
/* As far as that one goes; one that is empty is before all. */
bool kt_audit_time_is_before(struct kt_span ts, struct kt_span time);
/* Not before the one and before the other, where they are not empty. */
bool kt_audit_time_is_in(
    struct kt_span ts, struct kt_span since, struct kt_span until);
/* Whether a member is the envelope's, which a body must not have. */
bool kt_audit_is_envelope(struct kt_span name);

/* What a log commits to at one moment: C2SP tlog-checkpoint, unsigned. */
struct kt_audit_checkpoint {
	struct kt_span origin; /* borrowed from the text */
	uint64_t size;
	uint8_t root[KT_AUDIT_HASH];
};
KT_MUSTCHECK enum kt_rc kt_audit_checkpoint_write(struct kt_audit_chain *c,
    struct kt_span origin, struct kt_buf *out, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_checkpoint_parse(struct kt_span note,
    struct kt_audit_checkpoint *cp, struct kt_err *err);
/* Takes the first line of `*text`, without its LF; false when it has none. */
bool kt_audit_take_line(struct kt_span *text, struct kt_span *line);
/*
 * Takes the first note of `*text`, notes being followed by one empty line
 * each, and drops both from it.  False: no complete note is left there.
 */
bool kt_audit_notes_next(struct kt_span *text, struct kt_span *note);

#endif
