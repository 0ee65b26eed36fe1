/*
 * ship - reading behind the writer, by its files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only what a checkpoint covers: it stays whatever happens to the machine, so
 * the database never has a record that the log lost.  Where to go on is asked
 * of the database, for nothing else knows what arrived.
 */
#include "config.h" /* pthread_timedjoin_np is an extension */
#include "cmd/log/ship.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "audit/key.h"
#include "cmd/audit/find.h"
#include "fleet/fleet.h"

#define BATCH 1024 /* records or checkpoints of one transaction */
#define WAIT_MAX 60 /* seconds between attempts */
#define STOP_SECONDS 5

struct kt_ship {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_stopping; /* under the lock */
	kt_ship_tell_fn *tell;
	char dir[KT_PATH_MAX];
	char *url;
	bool is_down, has_been_up;

	struct kt_fleet *fleet;
	struct kt_fleet_state state;
	char origin[KT_AUDIT_KEY_NAME], vkey[KT_AUDIT_VKEY_TEXT];
	uint64_t limit; /* records that the newest checkpoint covers */
	struct kt_audit_found at; /* where record state.size begins */
	struct kt_buf chunk;
	struct kt_span lines[BATCH];
	struct kt_fleet_note notes[BATCH];
};

/* ---- where to go on ---- */

/* The key's name is the log's. */
static enum kt_rc
read_name(struct kt_ship *s, const struct kt_audit_dir *d, struct kt_err *err)
{
	struct kt_audit_vkey key;

	if (kt_audit_vkey_parse(kt_buf_span(&d->log_vkey), &key, err) < 0)
		return err->rc;
	memcpy(s->origin, key.name, sizeof(s->origin));
	kt_audit_vkey_text(&key, s->vkey);
	return KT_OK;
}

static enum kt_rc
find_place(struct kt_ship *s, struct kt_audit_dir *d, struct kt_err *err)
{
	uint64_t first = 0;
	struct kt_buf line;
	enum kt_rc rc;

	s->at = (struct kt_audit_found){ 0, 0 };
	if (s->state.size == 0 && d->nsegments > 0 && d->segments[0] > 0) {
		/* What a retention record let go was never shipped. */
		s->at.segment = d->segments[0];
		return kt_audit_find_first(d, &s->state.size, err);
	}
	if (s->state.size == 0)
		return KT_OK;
	if (d->nsegments > 0 && d->segments[0] > 0 &&
	    kt_audit_find_first(d, &first, err) < 0)
		return err->rc;
	if (s->state.size < first)
		return kt_fail(err, KT_E_PARSE, "records [%llu, %llu) went "
		    "before they were shipped: nothing is",
		    (unsigned long long)s->state.size,
		    (unsigned long long)first);
	if (s->state.size == first) {
		s->at.segment = d->segments[0];
		return KT_OK;
	}
	kt_buf_init(&line, 2 * KT_AUDIT_LINE_MAX);
	rc = kt_audit_find_at(d, s->state.size - 1, &line, &s->at, err);
	if (rc == KT_E_MISUSE || (rc == KT_OK &&
	    !kt_span_eq(kt_buf_span(&line), kt_buf_span(&s->state.last))))
		rc = kt_fail(err, KT_E_PARSE, "the database has another "
		    "record %llu of this log: nothing is shipped",
		    (unsigned long long)s->state.size - 1);
	s->at.offset += line.len + 1;
	kt_buf_fini(&line);
	return rc;
}

static enum kt_rc
connect_to(struct kt_ship *s, struct kt_audit_dir *d, struct kt_err *err)
{
	if (s->fleet != NULL)
		return KT_OK;
	if (read_name(s, d, err) < 0 ||
	    kt_fleet_open(&s->fleet, s->url, err) < 0 ||
	    kt_fleet_prepare(s->fleet, err) < 0 ||
	    kt_fleet_state(s->fleet, s->origin, &s->state, err) < 0)
		return err->rc;
	return find_place(s, d, err);
}

/* ---- records ---- */

/* Whole lines of the chunk; how many bytes they are. */
static size_t
cut_lines(struct kt_ship *s, size_t *n)
{
	struct kt_span rest = kt_buf_span(&s->chunk);

	*n = 0;
	while (*n < BATCH && s->state.size + *n < s->limit &&
	    kt_audit_take_line(&rest, &s->lines[*n]))
		++*n;
	return s->chunk.len - rest.len;
}

static enum kt_rc
read_chunk(struct kt_ship *s, const struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_disk_file f;
	size_t got = 0;
	enum kt_rc rc;

	kt_buf_reset(&s->chunk);
	if (kt_audit_dir_segment(d, s->at.segment, &f, err) < 0)
		return err->rc;
	rc = kt_disk_read_at(
	    &f, s->at.offset, s->chunk.ptr, KT_AUDIT_DIR_READ, &got, err);
	kt_disk_close(&f);
	s->chunk.len = got;
	return rc;
}

/* One batch of what a checkpoint covers. */
static enum kt_rc
ship_lines(struct kt_ship *s, const struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_fleet_batch b = { .origin = s->origin, .vkey = s->vkey,
		.index = s->state.size, .lines = s->lines };
	size_t used;

	if (read_chunk(s, d, err) < 0)
		return err->rc;
	used = cut_lines(s, &b.nlines);
	if (used == 0) { /* the end of a segment that was closed */
		s->at = (struct kt_audit_found){ s->at.segment + 1, 0 };
		return KT_OK;
	}
	if (kt_fleet_put(s->fleet, &b, err) < 0)
		return err->rc;
	s->state.size += b.nlines;
	s->at.offset += used;
	return KT_OK;
}

/* ---- checkpoints ---- */

static enum kt_rc
put_notes(struct kt_ship *s, size_t n, uint64_t end, struct kt_err *err)
{
	struct kt_fleet_batch b = { .origin = s->origin, .vkey = s->vkey,
		.notes = s->notes, .nnotes = n };

	if (n == 0)
		return KT_OK;
	if (kt_fleet_put(s->fleet, &b, err) < 0)
		return err->rc;
	s->state.notes = end;
	return KT_OK;
}

/* Those whose records are there.  Their texts are copied into the chunk. */
static enum kt_rc
ship_notes(struct kt_ship *s, const struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_audit_checkpoint cp;
	struct kt_audit_notes notes;
	struct kt_span note;
	uint64_t from = s->state.notes;
	size_t n = 0;
	enum kt_rc rc = KT_OK;

	kt_audit_notes_init(&notes, &d->notes, from, UINT64_MAX);
	kt_buf_reset(&s->chunk);
	while (rc == KT_OK && kt_audit_notes_read(&notes, &note)) {
		if (kt_audit_checkpoint_parse(note, &cp, err) < 0)
			rc = err->rc;
		else if (cp.size > s->state.size)
			break;
		if (rc == KT_OK && (n == BATCH ||
		    s->chunk.len + note.len > KT_AUDIT_DIR_READ)) {
			rc = put_notes(s, n, from, err);
			kt_buf_reset(&s->chunk);
			n = 0;
		}
		if (rc < 0 || kt_buf_add(&s->chunk, note) < 0)
			break;
		s->notes[n++] = (struct kt_fleet_note){ from, cp.size,
			{ s->chunk.ptr + s->chunk.len - note.len, note.len } };
		from = kt_audit_notes_tell(&notes);
	}
	if (rc == KT_OK && notes.err.rc < 0) {
		*err = notes.err;
		rc = err->rc;
	}
	kt_audit_notes_fini(&notes);
	return rc < 0 ? rc : put_notes(s, n, from, err);
}

/* ---- the thread ---- */

static bool
is_stopping(struct kt_ship *s)
{
	bool is;

	(void)pthread_mutex_lock(&s->lock); /* a plain one does not fail */
	is = s->is_stopping;
	(void)pthread_mutex_unlock(&s->lock); /* as above */
	return is;
}

/* Everything that is covered by now. */
static enum kt_rc
ship_all(struct kt_ship *s, struct kt_audit_dir *d, struct kt_err *err)
{
	struct kt_audit_checkpoint cp;

	if (d->newest.len == 0)
		return KT_OK; /* the log is about to begin */
	if (kt_audit_checkpoint_parse(kt_buf_span(&d->newest), &cp, err) < 0 ||
	    connect_to(s, d, err) < 0)
		return err->rc;
	s->limit = cp.size;
	while (s->state.size < s->limit) {
		if (ship_lines(s, d, err) < 0)
			return err->rc;
	}
	return ship_notes(s, d, err);
}

static enum kt_rc
one_pass(struct kt_ship *s, struct kt_err *err)
{
	struct kt_audit_dir d;
	enum kt_rc rc = kt_audit_dir_open(&d, s->dir, err);

	if (rc == KT_OK)
		rc = kt_audit_dir_list(&d, err);
	if (rc == KT_OK)
		rc = ship_all(s, &d, err);
	kt_audit_dir_close(&d);
	return rc;
}

static void
tell_state(struct kt_ship *s, enum kt_rc rc, const struct kt_err *err)
{
	bool is_down = rc < 0;

	if (is_down == s->is_down && (is_down || s->has_been_up))
		return; /* once, however long it lasts */
	s->has_been_up |= !is_down;
	if (is_down)
		s->tell(err->text);
	else if (s->is_down)
		s->tell("shipped again");
	s->is_down = is_down;
}

static void
sleep_for(struct kt_ship *s, unsigned seconds)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
	until.tv_sec += seconds;
	(void)pthread_mutex_lock(&s->lock); /* a plain one does not fail */
	while (!s->is_stopping && pthread_cond_timedwait(
	    &s->wake, &s->lock, &until) != ETIMEDOUT)
		;
	(void)pthread_mutex_unlock(&s->lock); /* as above */
}

static void *
run(void *arg)
{
	struct kt_ship *s = arg;
	unsigned wait = 1;
	bool is_last;

	do {
		struct kt_err err;
		enum kt_rc rc;

		is_last = is_stopping(s); /* one more, for the last records */
		rc = one_pass(s, &err);
		tell_state(s, rc, &err);
		if (rc < 0)
			kt_fleet_close(&s->fleet);
		wait = rc == KT_OK ? 1 : 2 * wait > WAIT_MAX ? WAIT_MAX :
		    2 * wait;
		if (!is_last)
			sleep_for(s, wait);
	} while (!is_last);
	kt_fleet_close(&s->fleet);
	return NULL;
}

static void
free_ship(struct kt_ship *s)
{
	explicit_bzero(s->url, strlen(s->url));
	kt_free(s->url);
	kt_buf_fini(&s->chunk);
	kt_buf_fini(&s->state.last);
	(void)pthread_cond_destroy(&s->wake);  /* nobody waits */
	(void)pthread_mutex_destroy(&s->lock); /* nobody holds it */
	kt_free(s);
}

enum kt_rc
kt_ship_start(struct kt_ship **out, const char *dir, struct kt_span url,
    kt_ship_tell_fn *tell, struct kt_err *err)
{
	struct kt_ship *s;

	*out = NULL;
	if (!kt_fleet_is_built())
		return kt_fail(err, KT_E_MISUSE,
		    "audit.ship: this kt was built without PostgreSQL");
	s = kt_alloc(sizeof(*s));
	if (s == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory to ship with");
	s->tell = tell;
	(void)snprintf(s->dir, sizeof(s->dir), "%s", dir);
	kt_buf_init(&s->chunk, 2 * KT_AUDIT_DIR_READ);
	kt_buf_init(&s->state.last, 2 * KT_AUDIT_LINE_MAX);
	s->url = kt_alloc(url.len + 1);
	if (s->url != NULL)
		memcpy(s->url, url.ptr, url.len);
	if (s->url == NULL || kt_buf_reserve(
	    &s->chunk, 2 * KT_AUDIT_DIR_READ) < 0 ||
	    pthread_mutex_init(&s->lock, NULL) != 0 ||
	    pthread_cond_init(&s->wake, NULL) != 0 ||
	    pthread_create(&s->thread, NULL, run, s) != 0) {
		kt_buf_fini(&s->chunk);
		kt_free(s->url);
		kt_free(s);
		return kt_fail(err, KT_E_LIMIT, "no memory to ship with");
	}
	*out = s;
	return KT_OK;
}

/* A thread that waits for a database is left to the end of the process. */
void
kt_ship_stop(struct kt_ship **s)
{
	struct timespec until;

	if (*s == NULL)
		return;
	(void)pthread_mutex_lock(&(*s)->lock); /* a plain one does not fail */
	(*s)->is_stopping = true;
	(void)pthread_cond_signal(&(*s)->wake);  /* cannot fail */
	(void)pthread_mutex_unlock(&(*s)->lock); /* as above */
	(void)clock_gettime(CLOCK_REALTIME, &until); /* cannot fail */
	until.tv_sec += STOP_SECONDS;
	if (pthread_timedjoin_np((*s)->thread, NULL, &until) == 0)
		free_ship(*s);
	*s = NULL;
}
