/*
 * recorder - a list under a lock that is held for a few instructions, and a
 * thread that takes all of it at once.  A second inspection of everything
 * costs as much as the first: on a worker it would halve what the gateway
 * can do, here it is merely late, and what is too late is dropped.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>
#include <stdatomic.h>

#include "audit/audit.h"
#include "cmd/cmd.h"
#include "cmd/gateway/recorder.h"
#include "config.h"
#include "disk/disk.h"
#include "session/write.h"

#define FILES_MAX 32  /* conversations that are written to at one time */
#define FILE_BYTES (64u << 20)
#define SAY_US 1000000

struct kt_recording {
	struct kt_recorder *recorder;
	struct kt_edition *edition;
	struct kt_tape tape;
	size_t charged;
	struct kt_recording *next;
};

/* A session that is being written. */
struct file {
	uint64_t key; /* of the conversation; 0: of calls without one */
	uint64_t used;
	uint8_t tag_key[KT_AUDIT_HASH];
	struct kt_scrub scrub;
	struct kt_session_writer *writer;
	struct kt_session_wrap wrap;
	struct kt_disk_file disk;
	bool is_open;
};

struct kt_recorder {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct kt_recording *first, **last; /* under the lock */
	bool is_stopping;                   /* the same */
	atomic_size_t bytes;
	_Atomic uint64_t dropped;
	/* The thread's own. */
	char dir[KT_PATH_MAX];
	uint8_t key[KT_AUDIT_HASH];
	struct kt_edition *edition;
	struct kt_scratch *scratch;
	struct kt_look *look;
	struct file files[FILES_MAX];
	uint64_t uses, said_us, lost;
	struct kt_buf out, wrapped;
};

/* ---- on the workers ---- */

static size_t
size_of(const struct kt_tape *t)
{
	return t->bytes.cap + t->body.cap + t->record.cap +
	    t->cap * sizeof(*t->events) + t->headers_cap * sizeof(*t->headers);
}

/* All tapes together stay below the limit; who exceeds it is dropped. */
static void
charge(struct kt_recording *c)
{
	size_t now = size_of(&c->tape), before = c->charged;

	if (now == before)
		return;
	c->charged = now;
	if (atomic_fetch_add(&c->recorder->bytes, now - before) + now - before <=
	    KT_SESSION_QUEUE_MAX)
		return;
	kt_tape_fini(&c->tape); /* torn from now on */
	atomic_fetch_sub(&c->recorder->bytes, now);
	c->charged = 0;
}

struct kt_recording *
kt_recorder_begin(
    struct kt_recorder *r, struct kt_edition *e, bool is_tls, bool is_audited)
{
	struct kt_recording *c;

	if (r == NULL || kt_edition_recorder(e) == NULL)
		return NULL;
	c = kt_alloc(sizeof(*c));
	if (c == NULL) {
		atomic_fetch_add(&r->dropped, 1);
		return NULL;
	}
	c->recorder = r;
	c->edition = kt_edition_ref(e);
	kt_tape_init(&c->tape, KT_SESSION_CALL_MAX);
	c->tape.is_tls = is_tls;
	c->tape.is_unaudited = !is_audited;
	return c;
}

void
kt_recording_event(struct kt_recording *c, const struct kt_event *ev)
{
	if (c == NULL || c->tape.is_torn)
		return;
	kt_tape_event(&c->tape, ev);
	charge(c);
}

void
kt_recording_order(struct kt_recording *c, const struct kt_order *o)
{
	if (c == NULL || c->tape.is_torn)
		return;
	kt_tape_order(&c->tape, o);
	charge(c);
}

static void
let_go(struct kt_recording *c)
{
	atomic_fetch_sub(&c->recorder->bytes, c->charged);
	kt_tape_fini(&c->tape);
	kt_edition_free(&c->edition);
	kt_free(c);
}

void
kt_recording_end(struct kt_recording **cp, const struct kt_summary *s)
{
	struct kt_recording *c = *cp;
	struct kt_recorder *r;

	*cp = NULL;
	if (c == NULL)
		return;
	r = c->recorder;
	kt_tape_end(&c->tape, s);
	if (c->tape.is_torn)
		atomic_fetch_add(&r->dropped, 1);
	if (c->tape.is_torn || c->tape.record.len == 0 || s->keeps_nothing) {
		let_go(c); /* without a record it is no call */
		return;
	}
	charge(c);
	(void)pthread_mutex_lock(&r->lock); /* ours: cannot fail */
	*r->last = c;
	r->last = &c->next;
	(void)pthread_cond_signal(&r->wake);
	(void)pthread_mutex_unlock(&r->lock);
}

/* ---- files ---- */

/* 48 bits of time and 80 random ones, as ids of calls have them. */
static bool
make_id(char out[static 27], uint64_t wall_us)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t ms = wall_us / 1000;
	uint8_t random[16];

	if (kt_disk_random(random, sizeof(random), NULL) < 0)
		return false;
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = alphabet[ms & 31];
	for (int i = 0; i < 16; i++)
		out[10 + i] = alphabet[random[i] & 31];
	out[26] = '\0';
	return true;
}

static void
close_file(struct file *f)
{
	if (!f->is_open)
		return;
	kt_session_writer_free(&f->writer);
	kt_session_wrap_end(&f->wrap);
	kt_disk_close(&f->disk);
	explicit_bzero(f->tag_key, sizeof(f->tag_key));
	*f = (struct file){ .disk = KT_DISK_FILE_INIT };
}

/* What is in r->out, in the form of the file. */
static enum kt_rc
put(struct kt_recorder *r, struct file *f, struct kt_err *err)
{
	if (kt_session_wrap_add(&f->wrap, kt_buf_span(&r->out), &r->wrapped,
	        err) < 0)
		return err->rc;
	return kt_disk_append(&f->disk, kt_buf_span(&r->wrapped), err);
}

static enum kt_rc
open_file(struct kt_recorder *r, struct file *f, uint64_t key,
    uint64_t wall_us, struct kt_err *err)
{
	const struct kt_settings *s = kt_edition_settings(r->edition);
	const struct kt_session_key *secret =
	    kt_edition_session_key(r->edition);
	struct kt_session_form form = { .is_sealed = secret->is_there,
		.is_packed = s->recording.node != NULL &&
		    s->recording.compress };
	char id[27], path[KT_PATH_MAX];
	struct kt_session_head head = { .t0_us = wall_us,
		.kt = KT_SPAN(PACKAGE_VERSION), .source = KT_SPAN("gateway"),
		.policy_hash = kt_program_hash(kt_edition_program(r->edition)),
		.policy_version = s->pack.version };

	if (!make_id(id, wall_us))
		return kt_fail(err, KT_E_IO, "no random bytes");
	head.id = kt_span_of(id);
	head.targets = kt_program_targets(
	    kt_edition_program(r->edition), &head.ntargets);
	if (snprintf(path, sizeof(path), "%s/%s%s", r->dir, id,
	        kt_session_form_suffix(form)) >= (int)sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "the name of %s is too long",
		    r->dir);
	*f = (struct file){ .key = key, .disk = KT_DISK_FILE_INIT };
	kt_audit_salt(r->key, head.id, KT_SPAN("recording"), f->tag_key);
	f->scrub = (struct kt_scrub){ .look = r->look, .key = f->tag_key,
		.is_facts_only = s->recording.node != NULL &&
		    s->recording.content == 1 };
	f->writer = kt_session_writer_new(&head, &f->scrub);
	if (f->writer == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	f->is_open = true;
	kt_buf_reset(&r->out);
	if (kt_session_write_head(f->writer, &r->out) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	kt_buf_reset(&r->wrapped);
	if (kt_session_wrap_begin(&f->wrap, form, secret, &r->wrapped, err) < 0)
		return err->rc;
	if (kt_disk_open(&f->disk, &kt_disk_real, path, KT_DISK_NEW, err) < 0)
		return err->rc;
	return put(r, f, err);
}

/* The file of a conversation, or the place of the one not used longest. */
static struct file *
find_file(struct kt_recorder *r, uint64_t key)
{
	struct file *oldest = &r->files[0];

	for (size_t i = 0; i < FILES_MAX; i++) {
		struct file *f = &r->files[i];

		if (f->is_open && f->key == key)
			return f;
		if (!f->is_open || (oldest->is_open && f->used < oldest->used))
			oldest = f;
	}
	close_file(oldest);
	return oldest;
}

/* ---- the thread ---- */

static uint64_t
key_of(const struct kt_tape *t)
{
	for (size_t i = 0; i < t->request_nheaders; i++) {
		const struct kt_tape_header *at = &t->headers[i];
		struct kt_span id = kt_tape_bytes(t, at->value_at, at->value_len);

		if (kt_span_caseeq(kt_tape_bytes(t, at->name_at, at->name_len),
		        KT_SPAN("x-claude-code-session-id")))
			return kt_hash(KT_HASH_BEGIN, id) | 1;
	}
	return 0;
}

/* A part of all conversations; of calls without one, a part of the calls. */
static bool
is_sampled(const struct kt_recorder *r, uint64_t key, uint64_t wall_us)
{
	const struct kt_settings *s = kt_edition_settings(r->edition);
	double share = s->recording.node != NULL ? s->recording.sample : 1;
	uint64_t h = key != 0 ? key : wall_us;

	h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	return (double)(h & 0xffffff) < share * 0x1000000;
}

static void
forget_edition(struct kt_recorder *r)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		close_file(&r->files[i]);
	kt_look_free(&r->look);
	kt_scratch_free(&r->scratch);
	if (r->edition != NULL)
		kt_edition_free(&r->edition);
}

/* Another policy is another session: its detectors may be others. */
static bool
use_edition(struct kt_recorder *r, struct kt_edition *e)
{
	const struct kt_program *p = kt_edition_recorder(e);

	if (r->edition == e && r->look != NULL)
		return true;
	forget_edition(r);
	r->edition = kt_edition_ref(e);
	r->scratch = kt_scratch_new(p);
	r->look = r->scratch != NULL ? kt_look_new(p, r->scratch) : NULL;
	return r->look != NULL;
}

static enum kt_rc
append(struct kt_recorder *r, struct file *f, const struct kt_tape *t,
    struct kt_err *err)
{
	kt_buf_reset(&r->out);
	if (r->lost > 0 && kt_session_write_lost(r->lost, &r->out) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (kt_session_write_call(f->writer, t, &r->out, err) < 0)
		return err->rc;
	kt_buf_reset(&r->wrapped);
	if (put(r, f, err) < 0) {
		/* Half a line may be there: nothing may follow it. */
		close_file(f);
		return err->rc;
	}
	r->lost = 0;
	return KT_OK;
}

static enum kt_rc
write_one(struct kt_recorder *r, const struct kt_recording *c,
    struct kt_err *err)
{
	uint64_t key = key_of(&c->tape);
	struct file *f;

	if (!use_edition(r, c->edition))
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (!is_sampled(r, key, c->tape.wall_us))
		return KT_OK;
	f = find_file(r, key);
	if (f->is_open && (f->disk.size > FILE_BYTES ||
	        kt_session_written(f->writer) >= KT_SESSION_CALLS_MAX))
		close_file(f);
	if (!f->is_open && open_file(r, f, key, c->tape.wall_us, err) < 0) {
		close_file(f);
		return err->rc;
	}
	f->used = ++r->uses;
	return append(r, f, &c->tape, err);
}

static void
say_lost(struct kt_recorder *r, const char *why)
{
	struct kt_disk_time now;
	uint64_t n = atomic_exchange(&r->dropped, 0);

	r->lost += n + (why != NULL);
	kt_disk_now(&now);
	if ((n == 0 && why == NULL) || now.mono_us < r->said_us + SAY_US)
		return;
	r->said_us = now.mono_us;
	kt_say("recording: %llu calls not recorded: %s",
	    (unsigned long long)r->lost, why != NULL ? why :
	    "more than can be kept up with");
}

static void
write_all(struct kt_recorder *r, struct kt_recording *c)
{
	while (c != NULL) {
		struct kt_recording *next = c->next;
		struct kt_err err = { .text = "" };

		say_lost(r, NULL);
		if (write_one(r, c, &err) < 0)
			say_lost(r, err.text);
		let_go(c);
		c = next;
	}
}

static void *
work(void *self)
{
	struct kt_recorder *r = self;
	bool is_over = false;

	while (!is_over) {
		struct kt_recording *all;

		(void)pthread_mutex_lock(&r->lock); /* ours: cannot fail */
		while (r->first == NULL && !r->is_stopping)
			(void)pthread_cond_wait(&r->wake, &r->lock);
		all = r->first;
		r->first = NULL;
		r->last = &r->first;
		is_over = r->is_stopping && all == NULL;
		(void)pthread_mutex_unlock(&r->lock);
		write_all(r, all);
	}
	say_lost(r, NULL);
	forget_edition(r);
	return NULL;
}

enum kt_rc
kt_recorder_start(struct kt_recorder **out,
    const struct kt_recorder_options *o, struct kt_err *err)
{
	struct kt_recorder *r = kt_alloc(sizeof(*r));
	int errnum;

	*out = NULL;
	if (r == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for recording");
	if (kt_disk_mkdir(&kt_disk_real, o->dir, 0700, err) < 0 ||
	    snprintf(r->dir, sizeof(r->dir), "%s", o->dir) >=
	        (int)sizeof(r->dir)) {
		kt_free(r);
		return kt_wrap(err, "recording");
	}
	memcpy(r->key, o->key, sizeof(r->key));
	for (size_t i = 0; i < FILES_MAX; i++)
		r->files[i].disk = (struct kt_disk_file)KT_DISK_FILE_INIT;
	r->last = &r->first;
	kt_buf_init(&r->out, KT_SESSION_FILE_MAX);
	kt_buf_init(&r->wrapped, 2 * (size_t)KT_SESSION_FILE_MAX);
	(void)pthread_mutex_init(&r->lock, NULL); /* cannot fail on Linux */
	(void)pthread_cond_init(&r->wake, NULL);
	errnum = pthread_create(&r->thread, NULL, work, r);
	if (errnum != 0) {
		kt_free(r);
		return kt_fail(err, KT_E_IO, "recording: no thread: %s",
		    strerror(errnum));
	}
	*out = r;
	return KT_OK;
}

void
kt_recorder_stop(struct kt_recorder **rp)
{
	struct kt_recorder *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	(void)pthread_mutex_lock(&r->lock);
	r->is_stopping = true;
	(void)pthread_cond_signal(&r->wake);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL); /* fails for no thread only */
	(void)pthread_cond_destroy(&r->wake);
	(void)pthread_mutex_destroy(&r->lock);
	kt_buf_fini(&r->out);
	kt_buf_fini(&r->wrapped);
	explicit_bzero(r->key, sizeof(r->key));
	kt_free(r);
}
