/*
 * recover - finding the end of a log that may have stopped anywhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only the last segment is read: its header carries the chain up to it.  The
 * longest prefix that chains is kept, whatever follows is moved away and
 * never deleted, and a log that has less than its checkpoint says is not
 * touched at all: that is no crash, and going on would hide it.
 */
#include "cmd/log/log.h"
#include "cmd/log/room.h"

#include "audit/canon.h"
#include "audit/marks.h"
#include "audit/record.h"
#include "cmd/audit/dir.h"

#include <errno.h>

#define READ_BYTES 65536

struct recovery {
	struct kt_log *log;
	struct kt_audit_checkpoint newest; /* size 0: there is none */
	char newest_origin[KT_LOG_ORIGIN_MAX];
	struct kt_log_segments seg;
	struct kt_disk_file tail;
	uint64_t tail_number;
	struct kt_err failed; /* rc < 0: reading on makes no sense */
	uint64_t kept; /* bytes of the tail that chain */
	uint64_t expected; /* records this process knows to be durable */
	bool has_other_root;
	bool is_restart; /* the process that wrote the log is no more */
	struct kt_unfinished_list open; /* calls that it left, so far */
	struct kt_audit_named keys; /* the last that a record names */
	uint64_t key_at; /* behind the last key record */
	const char *cause;
	uint64_t bytes_cut;
	char cut_sha256[2 * KT_AUDIT_HASH + 1];
	char quarantine[96];
};

/* ---- the newest checkpoint ---- */

/* By the stable key: the epoch's may have changed since. */
static enum kt_rc
check_signature(struct recovery *r, struct kt_span note,
    struct kt_span origin, struct kt_err *err)
{
	struct kt_audit_checker c;
	struct kt_audit_vkey k;
	enum kt_audit_signed s;

	if (kt_audit_vkey_make(
	    &k, origin, r->log->keys.stable.vkey.pub, err) < 0 ||
	    kt_audit_checker_init(&c, &k, err) < 0)
		return err->rc;
	s = kt_audit_note_check(&c, note);
	kt_audit_checker_fini(&c);
	if (s != KT_AUDIT_SIGNED_GOOD)
		return kt_fail(err, KT_E_PARSE,
		    "checkpoint: not signed by key/log.key");
	return KT_OK;
}

static enum kt_rc
consider(struct recovery *r, struct kt_span note, struct kt_err *err)
{
	struct kt_audit_checkpoint cp;

	if (kt_audit_checkpoint_parse(note, &cp, err) < 0)
		return err->rc;
	if (cp.origin.len >= sizeof(r->newest_origin))
		return kt_fail(err, KT_E_PARSE, "checkpoint: origin too long");
	if (check_signature(r, note, cp.origin, err) < 0)
		return err->rc;
	if (cp.size < r->newest.size)
		return KT_OK;
	r->newest = cp;
	memcpy(r->newest_origin, cp.origin.ptr, cp.origin.len);
	r->newest.origin.ptr = r->newest_origin;
	return KT_OK;
}

/* Behind the empty line after a note: what follows is no signature. */
static bool
is_note_end(struct kt_span text, size_t at)
{
	return at >= 2 && text.ptr[at - 1] == '\n' &&
	    text.ptr[at - 2] == '\n' &&
	    (at == text.len || text.ptr[at] != '\xe2');
}

/* The last such place not behind `at`; 0: there is none. */
static size_t
note_end(struct kt_span text, size_t at)
{
	while (at > 0 && !is_note_end(text, at))
		at--;
	return at;
}

/*
 * A note that a crash cut short or left in pieces says nothing and is cut
 * away.  Only the last one can be: each was synced before the next.
 */
static enum kt_rc
last_of_checkpoints(struct recovery *r, struct kt_err *err)
{
	struct kt_disk_file *f = &r->log->checkpoints;
	char bytes[8192];
	uint64_t from = f->size > sizeof(bytes) ? f->size - sizeof(bytes) : 0;
	struct kt_span text = { bytes, 0 };
	size_t end, start;

	if (kt_disk_read_at(f, from, bytes, sizeof(bytes), &text.len, err) < 0)
		return err->rc;
	end = note_end(text, text.len);
	for (int tries = 0; end > 0; tries++, end = start) {
		start = note_end(text, end - 1);
		if (consider(r, kt_span_sub(text, start, end - 1 - start),
		    err) == KT_OK)
			break;
		if (tries > 0)
			return err->rc;
	}
	if (end == 0 && from > 0)
		return kt_fail(err, KT_E_PARSE, "checkpoints: no last note");
	if (from + end < f->size)
		return kt_disk_cut(f, from + end, err);
	return KT_OK;
}

static enum kt_rc
find_newest(struct recovery *r, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_buf text;
	enum kt_rc rc;

	if (kt_log_path(r->log, path, err, "checkpoint") < 0)
		return err->rc;
	kt_buf_init(&text, 65536);
	rc = kt_disk_read_file(r->log->io, path, 16384, &text, err);
	if (rc == KT_OK)
		rc = consider(r, kt_buf_span(&text), err);
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK;
	kt_buf_fini(&text);
	return rc < 0 ? rc : last_of_checkpoints(r, err);
}

/* ---- the segments ---- */

static void
compare_root(struct recovery *r)
{
	struct kt_audit_chain *c = &r->log->chain;
	uint8_t root[KT_AUDIT_HASH];

	if (r->newest.size == 0 || c->size != r->newest.size)
		return;
	kt_audit_chain_root(c, root);
	if (memcmp(root, r->newest.root, KT_AUDIT_HASH) != 0)
		r->has_other_root = true;
}

/* ---- calls that were under way ---- */

static bool
see_line(void *arg, struct kt_span line)
{
	struct recovery *r = arg;
	struct kt_audit_line l;

	/* A line that is none says nothing about calls. */
	if (kt_audit_line_parse(line, &l, &r->failed) < 0) {
		r->failed.rc = KT_OK;
		return true;
	}
	r->failed.rc =
	    kt_unfinished_see(&r->open, l.type, l.i, line, &r->failed);
	return r->failed.rc == KT_OK;
}

static bool
see_first(void *arg, struct kt_span line)
{
	struct kt_audit_line l;
	uint64_t *index = arg;
	struct kt_err ignored; /* then the one before is looked at, too */

	if (kt_audit_line_parse(line, &l, &ignored) == KT_OK)
		*index = l.i;
	return false;
}

/* What the segments before the tail tell of calls since record `since`. */
static enum kt_rc
see_before(struct recovery *r, uint64_t since, struct kt_err *err)
{
	uint64_t from = r->tail_number, first = UINT64_MAX;

	while (from > r->seg.first && first > since) {
		first = UINT64_MAX;
		if (kt_log_read_lines(
		    r->log, --from, see_first, &first, err) < 0)
			return err->rc;
	}
	for (; from < r->tail_number; from++) {
		if (kt_log_read_lines(r->log, from, see_line, r, err) < 0)
			return err->rc;
		if (r->failed.rc < 0) {
			*err = r->failed;
			return err->rc;
		}
	}
	return KT_OK;
}

static enum kt_rc
see_call(struct recovery *r, struct kt_span line,
    const struct kt_audit_line *l, struct kt_err *err)
{
	uint64_t since;

	if (!r->is_restart)
		return KT_OK; /* they go on in this process */
	if (r->kept == 0 && l->i > 0 &&
	    kt_audit_segment_open_since(line, &since) && since < l->i &&
	    see_before(r, since, err) < 0)
		return err->rc;
	return kt_unfinished_see(&r->open, l->type, l->i, line, err);
}

/* In force before the segment record, which names the oldest of them. */
static void
remember_open(struct recovery *r)
{
	for (struct kt_unfinished *u = r->open.first; u != NULL; u = u->next)
		kt_opens_add(&r->log->opens, u->index);
}

/* Nobody knows what became of them, and the log says so. */
static enum kt_rc
end_open(struct recovery *r, struct kt_err *err)
{
	struct kt_log *log = r->log;

	for (struct kt_unfinished *u = r->open.first; u != NULL; u = u->next) {
		struct kt_span line = { u->line, u->len };

		kt_buf_reset(&log->body);
		if (kt_audit_open_end(line, u->index, &log->body, err) < 0)
			continue; /* too long for one: it stays open */
		if (kt_log_add_own(log, err) < 0 && err->rc == KT_E_IO)
			return err->rc;
		kt_opens_remove(&log->opens, u->index);
	}
	return KT_OK;
}

/* Tiles and keys that a record which follows brings. */
static enum kt_rc
take(struct recovery *r, struct kt_span line, const struct kt_audit_line *l,
    const uint8_t leaf[KT_AUDIT_HASH], struct kt_err *err)
{
	struct kt_log *log = r->log;
	struct kt_audit_named named;

	if (r->kept == 0 && kt_log_tiles_at(log, r->tail_number, err) < 0)
		return err->rc;
	if (kt_log_tiles_step(log, leaf, err) < 0 ||
	    see_call(r, line, l, err) < 0)
		return err->rc;
	if (kt_span_eq(l->type, KT_SPAN("key")))
		r->key_at = l->i + 1;
	else if (!kt_span_eq(l->type, KT_SPAN("genesis")) &&
	    !kt_span_eq(l->type, KT_SPAN("segment")))
		return KT_OK;
	if (kt_audit_keys_read(line, &named, err) < 0)
		return err->rc;
	if (named.has_stable)
		r->keys.stable = named.stable;
	if (named.has_epoch)
		r->keys.epoch = named.epoch;
	r->keys.has_stable |= named.has_stable;
	r->keys.has_epoch |= named.has_epoch;
	return KT_OK;
}

/* The full origin, from the genesis leaf or from any later record. */
static bool
origin_fits(struct kt_log *log, struct kt_span origin,
    const uint8_t leaf[KT_AUDIT_HASH])
{
	struct kt_span name = kt_span_of(log->name);
	struct kt_err ignored; /* it does not fit, then */

	if (log->chain.size == 0)
		return kt_span_eq(origin, name) &&
		    kt_log_set_origin(log, leaf, &ignored) == KT_OK;
	if (log->origin[0] == '\0') {
		if (origin.len != name.len + 1 + KT_AUDIT_LOG_ID ||
		    !kt_span_starts(origin, name))
			return false;
		memcpy(log->origin, origin.ptr, origin.len);
		log->origin[origin.len] = '\0';
		return kt_audit_signer_rename(
		    &log->keys.stable, origin, &ignored) == KT_OK;
	}
	return kt_span_eq(origin, kt_span_of(log->origin));
}

/*
 * Whether the line continues the chain; if so the chain has taken it.  An
 * error of the disk is none of the line's: it goes to r->failed.
 */
static bool
follows(struct recovery *r, struct kt_span line)
{
	struct kt_log *log = r->log;
	struct kt_audit_chain *c = &log->chain;
	uint8_t leaf[KT_AUDIT_HASH], prev[KT_AUDIT_HASH];
	struct kt_audit_line l;
	struct kt_err ignored;

	if (kt_audit_line_parse(line, &l, &ignored) < 0 || !l.is_whole ||
	    !kt_span_eq(l.v, KT_SPAN(KT_AUDIT_VERSION)))
		return false;
	if (r->kept == 0 && l.i > 0) {
		if (kt_audit_segment_read(line, c, &ignored) < 0)
			return false;
		compare_root(r);
	}
	if (l.i != c->size || !kt_unhex(l.prev, prev, sizeof(prev)) ||
	    memcmp(prev, c->prev, sizeof(prev)) != 0)
		return false;
	kt_audit_leaf(c, line, leaf);
	if (!origin_fits(log, l.origin, leaf))
		return false;
	if (take(r, line, &l, leaf, &r->failed) < 0)
		return false;
	kt_audit_chain_step(c, leaf);
	return true;
}

static void
forget(struct kt_log *log)
{
	log->chain.size = 0;
	memset(log->chain.prev, 0, KT_AUDIT_HASH);
	log->tiles.size = 0;
	memset(log->tiled, 0xff, sizeof(log->tiled)); /* KT_LOG_UNTOLD */
	log->origin[0] = '\0';
}

/* Steps the chain over the tail as far as it goes. */
static enum kt_rc
read_tail(struct recovery *r, struct kt_err *err)
{
	struct kt_buf text;
	enum kt_rc rc = KT_OK;
	size_t got = 1, n, at;
	uint64_t from = 0;

	r->kept = 0;
	r->failed.rc = KT_OK;
	r->keys.has_stable = r->keys.has_epoch = false;
	r->key_at = 0;
	kt_unfinished_fini(&r->open);
	forget(r->log);
	kt_buf_init(&text, KT_AUDIT_LINE_MAX + 2 * READ_BYTES);
	while (rc == KT_OK && got > 0 && text.len <= KT_AUDIT_LINE_MAX) {
		rc = kt_buf_reserve(&text, READ_BYTES);
		if (rc < 0 || (rc = kt_disk_read_at(&r->tail, from,
		    text.ptr + text.len, READ_BYTES, &got, err)) < 0)
			break;
		from += got;
		text.len += got;
		for (at = 0;; at += n + 1) {
			struct kt_span rest =
			    kt_span_sub(kt_buf_span(&text), at, text.len);

			n = kt_span_find(rest, '\n');
			if (n == rest.len ||
			    !follows(r, kt_span_sub(rest, 0, n)))
				break;
			r->kept += n + 1;
			compare_root(r);
		}
		if (n < text.len - at)
			got = 0; /* a whole line that does not follow */
		kt_buf_shift(&text, at);
	}
	kt_buf_fini(&text);
	if (rc == KT_OK && r->failed.rc < 0) {
		*err = r->failed;
		rc = err->rc;
	}
	return rc;
}

/* ---- what does not follow ---- */

static enum kt_rc
copy_out(struct recovery *r, const char *path, struct kt_err *err)
{
	struct kt_disk_file to;
	struct kt_audit_hash h;
	uint8_t digest[KT_AUDIT_HASH];
	char bytes[4096];
	uint64_t at = r->kept;
	size_t got = 0;
	enum kt_rc rc;

	rc = kt_disk_open(&to, r->log->io, path, KT_DISK_NEW, err);
	if (rc < 0)
		return rc;
	rc = kt_audit_hash_init(&h, err);
	while (rc == KT_OK) {
		rc = kt_disk_read_at(
		    &r->tail, at, bytes, sizeof(bytes), &got, err);
		if (rc < 0 || got == 0)
			break;
		kt_audit_hash_add(&h, (struct kt_span){ bytes, got });
		rc = kt_disk_append(&to, (struct kt_span){ bytes, got }, err);
		at += got;
	}
	if (rc == KT_OK)
		rc = kt_disk_sync(&to, err);
	if (h.state != NULL) {
		kt_audit_hash_take(&h, digest);
		kt_hex(digest, sizeof(digest), r->cut_sha256);
		kt_audit_hash_fini(&h);
	}
	kt_disk_close(&to);
	if (rc < 0)
		(void)r->log->io->unlink(r->log->io->arg, path); /* failing */
	return rc;
}

/* Moves the bytes behind `kept` away; durable there before they go here. */
static enum kt_rc
cut_tail(struct recovery *r, uint64_t number, struct kt_err *err)
{
	struct kt_log *log = r->log;
	char path[KT_PATH_MAX], dir[KT_PATH_MAX];
	uint8_t unique[4];

	if (r->tail.size == r->kept)
		return kt_disk_sync(&r->tail, err);
	if (kt_disk_random(unique, sizeof(unique), err) < 0)
		return err->rc;
	(void)snprintf(r->quarantine, sizeof(r->quarantine),
	    "%012llu-%llu-%02x%02x%02x%02x", (unsigned long long)number,
	    (unsigned long long)r->kept, unique[0], unique[1], unique[2],
	    unique[3]);
	if (kt_log_path(log, dir, err, "quarantine") < 0 ||
	    kt_log_path(log, path, err, "quarantine/%s", r->quarantine) < 0 ||
	    kt_disk_mkdir(log->io, dir, 0700, err) < 0 ||
	    copy_out(r, path, err) < 0 ||
	    kt_disk_sync_dir(log->io, dir, err) < 0)
		return kt_wrap(err, "quarantine");
	r->bytes_cut += r->tail.size - r->kept;
	return kt_disk_cut(&r->tail, r->kept, err);
}

static enum kt_rc
open_tail(struct recovery *r, uint64_t number, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	kt_disk_close(&r->tail);
	r->tail_number = number;
	if (kt_log_segment_path(r->log, number, path, err) < 0)
		return err->rc;
	return kt_disk_open(&r->tail, r->log->io, path, KT_DISK_APPEND, err);
}

/*
 * A segment whose header never became durable holds nothing: the log ends in
 * the one before it, and its number is used again.
 */
static enum kt_rc
find_end(struct recovery *r, struct kt_err *err)
{
	uint64_t n = r->seg.last;

	for (;;) {
		/* First on the disk: what is read here gets into tiles. */
		if (open_tail(r, n, err) < 0 ||
		    kt_disk_sync(&r->tail, err) < 0 || read_tail(r, err) < 0)
			return err->rc;
		r->log->next_number = r->kept > 0 ? n + 1 : n;
		if (r->kept > 0 || n == r->seg.first)
			break;
		n--;
	}
	if (r->has_other_root)
		return kt_fail(err, KT_E_PARSE,
		    "the checkpoint of %llu records has another root: the log "
		    "was edited or is damaged, and is left as it is",
		    (unsigned long long)r->newest.size);
	if (r->log->chain.size < r->expected)
		return kt_fail(err, KT_E_PARSE,
		    "%llu records, but %llu were durable",
		    (unsigned long long)r->log->chain.size,
		    (unsigned long long)r->expected);
	if (r->log->chain.size < r->newest.size)
		return kt_fail(err, KT_E_PARSE,
		    "%llu records, but its checkpoint covers %llu: the log was "
		    "cut or is damaged, and is left as it is",
		    (unsigned long long)r->log->chain.size,
		    (unsigned long long)r->newest.size);
	return KT_OK;
}

/* From the end to the last file: everything that does not follow. */
static enum kt_rc
cut_all(struct recovery *r, struct kt_err *err)
{
	uint64_t n = r->log->next_number - (r->kept > 0 ? 1 : 0);

	for (; n <= r->seg.last; n++) {
		if (open_tail(r, n, err) < 0 || cut_tail(r, n, err) < 0)
			return err->rc;
		r->kept = 0; /* of the next one nothing is kept */
	}
	return KT_OK;
}

/*
 * In this process the durable end is known, and behind it may be bytes that
 * the page cache still shows but the disk does not have.
 */
static enum kt_rc
cut_to_durable(struct recovery *r, struct kt_err *err)
{
	if (r->log->durability == KT_DURABILITY_ASYNC)
		return KT_OK;
	if (open_tail(r, r->log->number, err) < 0)
		return err->rc;
	if (r->tail.size < r->log->durable_bytes)
		return kt_fail(err, KT_E_PARSE,
		    "segment %llu lost durable bytes",
		    (unsigned long long)r->log->number);
	r->kept = r->log->durable_bytes;
	return cut_tail(r, r->log->number, err);
}

/* ---- going on ---- */

static enum kt_rc
note_recovery(struct recovery *r, struct kt_err *err)
{
	struct kt_audit_recovery rec = {
		.bytes_cut = r->bytes_cut,
		.cut_sha256 = kt_span_of(r->cut_sha256),
		.cause = kt_span_of(r->cause),
		.quarantine = kt_span_of(r->quarantine),
		.unfinished = r->open.n,
	};

	if (kt_audit_recovery_write(&rec, &r->log->body, err) < 0)
		return err->rc;
	return kt_log_add_own(r->log, err);
}

static enum kt_rc
go_on(struct recovery *r, struct kt_err *err)
{
	struct kt_log *log = r->log;

	log->durable = log->chain.size;
	log->checkpointed = r->newest.size;
	log->is_poisoned = false;
	kt_buf_reset(&log->batch);
	memset(log->tiled, 0xff, sizeof(log->tiled)); /* KT_LOG_UNTOLD */
	remember_open(r);
	if (kt_log_begin_segment(log, err) < 0)
		return err->rc;
	if (r->cause != NULL && note_recovery(r, err) < 0)
		return err->rc;
	if (end_open(r, err) < 0 || kt_log_checkpoint(log, err) < 0)
		return err->rc;
	kt_log_keep_partial_tiles(log);
	return KT_OK;
}

/* ---- keys ---- */

static bool
is_key(const struct kt_audit_signer *s, const struct kt_audit_vkey *k)
{
	return s->state != NULL &&
	    memcmp(s->vkey.pub, k->pub, KT_AUDIT_PUB) == 0;
}

/*
 * The change of an epoch that a crash stopped behind its record: the old key
 * signs over the record first, then the new one is in force.
 */
static enum kt_rc
finish_epoch(struct recovery *r, struct kt_err *err)
{
	struct kt_log *log = r->log;

	if (r->newest.size < r->key_at) {
		if (log->chain.size != r->key_at)
			return kt_fail(err, KT_E_PARSE,
			    "records follow an epoch that was never closed");
		if (kt_log_store_checkpoint(log, err) < 0)
			return err->rc;
		r->newest.size = log->chain.size;
	}
	return kt_keys_promote(&log->keys, err);
}

static enum kt_rc
settle_keys(struct recovery *r, struct kt_err *err)
{
	struct kt_keys *keys = &r->log->keys;

	if (!r->keys.has_epoch)
		return kt_fail(err, KT_E_PARSE,
		    "a log without keys: it is from before checkpoints were "
		    "signed; keep it, and begin another");
	if (r->keys.has_stable && !is_key(&keys->stable, &r->keys.stable))
		return kt_fail(err, KT_E_PARSE,
		    "key/log.key is not the key of this log");
	if (is_key(&keys->epoch, &r->keys.epoch))
		return KT_OK;
	if (is_key(&keys->next, &r->keys.epoch))
		return finish_epoch(r, err);
	return kt_fail(err, KT_E_PARSE,
	    "key/epoch.key is not the key that the log announced");
}

/* What reviewers pin, once the log id is known. */
static enum kt_rc
keep_vkey(struct kt_log *log, struct kt_err *err)
{
	char path[KT_PATH_MAX], text[KT_AUDIT_VKEY_TEXT + 1];
	struct kt_buf old;
	enum kt_rc rc;

	kt_audit_vkey_text(&log->keys.stable.vkey, text);
	memcpy(text + strlen(text), "\n", 2);
	if (kt_log_path(log, path, err, "log.vkey") < 0)
		return err->rc;
	kt_buf_init(&old, 8192);
	rc = kt_disk_read_file(log->io, path, 4096, &old, err);
	if (rc == KT_OK && !kt_span_eq(kt_buf_span(&old), kt_span_of(text)))
		rc = kt_fail(err, KT_E_PARSE, "log.vkey is another key");
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = kt_disk_write_atomic(
		    log->io, path, kt_span_of(text), 0644, err);
	kt_buf_fini(&old);
	return rc;
}

/* ---- all of it ---- */

static enum kt_rc
look_round(struct recovery *r, struct kt_err *err)
{
	struct kt_log *log = r->log;

	if (kt_log_list_segments(log, &r->seg, err) < 0)
		return err->rc;
	if (log->keys.stable.state == NULL && kt_keys_open(&log->keys,
	    log->io, log->dir, kt_span_of(log->name), r->seg.n == 0, err) < 0)
		return err->rc;
	return find_newest(r, err);
}

static enum kt_rc
recover(struct recovery *r, struct kt_err *err)
{
	struct kt_log *log = r->log;

	if (look_round(r, err) < 0)
		return err->rc;
	log->next_number = 0;
	forget(log);
	if (r->seg.n > 0) {
		if (find_end(r, err) < 0 || cut_all(r, err) < 0)
			return err->rc;
	} else if (r->newest.size > 0) {
		return kt_fail(err, KT_E_PARSE,
		    "no records, but its checkpoint covers %llu",
		    (unsigned long long)r->newest.size);
	}
	if ((r->bytes_cut > 0 || r->open.n > 0) && r->cause == NULL)
		r->cause = "crash";
	if (log->chain.size > 0 && settle_keys(r, err) < 0)
		return err->rc;
	if (go_on(r, err) < 0)
		return err->rc;
	return keep_vkey(log, err);
}

static enum kt_rc
finish(struct recovery *r, enum kt_rc rc)
{
	r->log->is_full = rc < 0 && (r->log->is_full || kt_log_lacks_space());
	kt_disk_close(&r->tail);
	kt_unfinished_fini(&r->open);
	if (rc < 0) {
		kt_disk_close(&r->log->segment);
		r->log->is_poisoned = true;
	}
	return rc;
}

enum kt_rc
kt_log_recover(struct kt_log *log, struct kt_err *err)
{
	struct recovery r = { .log = log, .tail = KT_DISK_FILE_INIT,
		.is_restart = true };

	kt_unfinished_init(&r.open);
	return finish(&r, recover(&r, err));
}

enum kt_rc
kt_log_reopen(struct kt_log *log, struct kt_err *err)
{
	struct recovery r = {
		.log = log,
		.tail = KT_DISK_FILE_INIT,
		.expected = log->durable,
		.cause = log->is_full ? "disk-full" : "write-error",
	};
	enum kt_rc rc;

	kt_unfinished_init(&r.open);
	kt_disk_close(&log->segment);
	if (log->is_full)
		kt_room_release(log); /* so that this can be recorded */
	rc = kt_log_open_checkpoints(log, err);
	if (rc == KT_OK)
		rc = cut_to_durable(&r, err);
	if (rc == KT_OK)
		rc = recover(&r, err);
	return finish(&r, rc);
}
