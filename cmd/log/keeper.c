/*
 * keeper - a list under a lock, as the recorder has it, and a thread that
 * encrypts and writes.  Contents are no evidence by themselves: they follow
 * the record that commits to them, so neither a slow nor a full disk delays
 * a call or leaves a record that claims more than there is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "audit/canon.h"
#include "cmd/audit/content.h"
#include "cmd/log/keeper.h"

#define CALL_ID_MAX 64
#define SAY_US 1000000

struct kt_keeping {
	struct kt_keeper *keeper;
	enum kt_config_content mode;
	struct kt_buf request, completion;
	size_t charged;
	bool is_torn; /* it is more than may be kept: nothing is */
	bool is_recorded;
	uint64_t segment, index;
	uint8_t secret[KT_AUDIT_HASH];
	char call_id[CALL_ID_MAX];
	char commits[2][KT_AUDIT_COMMIT_TEXT];
	struct kt_keeping *next;
};

struct kt_keeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct kt_keeping *first, **last; /* under the lock */
	bool is_stopping;                 /* the same */
	atomic_size_t bytes;
	_Atomic uint64_t lost; /* contents of which no record tells yet */
	/* The thread's own. */
	struct kt_keeper_options o;
	char dir[KT_PATH_MAX];
	struct kt_disk_file file;
	uint64_t segment, unsynced, said_us;
	struct kt_buf out;
};

/* ---- on the workers ---- */

static void
let_go(struct kt_keeping *c)
{
	atomic_fetch_sub(&c->keeper->bytes, c->charged);
	kt_buf_fini(&c->request);
	kt_buf_fini(&c->completion);
	explicit_bzero(c->secret, sizeof(c->secret));
	kt_free(c);
}

static void
tear(struct kt_keeping *c)
{
	c->is_torn = true;
	kt_buf_fini(&c->request);
	kt_buf_fini(&c->completion);
	atomic_fetch_sub(&c->keeper->bytes, c->charged);
	c->charged = 0;
}

static void
add(struct kt_keeping *c, struct kt_buf *to, struct kt_span bytes)
{
	size_t before = c->charged, now;

	if (c->is_torn || bytes.len == 0)
		return;
	if (c->request.len + c->completion.len + bytes.len >
	        KT_CONTENT_CALL_MAX ||
	    kt_buf_add(to, bytes) < 0) {
		tear(c);
		return;
	}
	now = c->request.cap + c->completion.cap;
	c->charged = now;
	if (atomic_fetch_add(&c->keeper->bytes, now - before) + now - before >
	    c->keeper->o.queue_bytes)
		tear(c);
}

struct kt_keeping *
kt_keeper_begin(struct kt_keeper *k, enum kt_config_content mode)
{
	struct kt_keeping *c;

	if (k == NULL || mode == KT_CONFIG_CONTENT_NONE)
		return NULL;
	c = kt_alloc(sizeof(*c));
	if (c == NULL) {
		atomic_fetch_add(&k->lost, 1);
		return NULL;
	}
	c->keeper = k;
	c->mode = mode;
	kt_buf_init(&c->request, KT_CONTENT_CALL_MAX);
	kt_buf_init(&c->completion, KT_CONTENT_CALL_MAX);
	return c;
}

void
kt_keeping_event(struct kt_keeping *c, const struct kt_event *ev)
{
	if (c != NULL && c->mode == KT_CONFIG_CONTENT_FULL &&
	    ev->kind == KT_EVENT_REQUEST_BODY)
		add(c, &c->request, ev->bytes);
}

void
kt_keeping_order(struct kt_keeping *c, const struct kt_order *o)
{
	if (c == NULL)
		return;
	if (o->kind == KT_ORDER_ANSWER_BODY)
		add(c, &c->completion, o->bytes);
	if (c->mode != KT_CONFIG_CONTENT_REDACTED ||
	    o->kind != KT_ORDER_UPSTREAM)
		return;
	kt_buf_reset(&c->request); /* of the attempt before */
	for (size_t i = 0; i < o->npieces; i++)
		add(c, &c->request, o->pieces[i]);
}

void
kt_keeping_seal(struct kt_keeping **cp, const struct kt_summary *s)
{
	struct kt_keeping *c = *cp;

	if (c == NULL)
		return;
	if (s->kept.mode != KT_CONFIG_CONTENT_NONE && !c->is_torn) {
		memcpy(c->secret, s->kept.secret, sizeof(c->secret));
		(void)snprintf(c->call_id, sizeof(c->call_id), "%.*s",
		    KT_SPAN_ARG(s->call_id));
		(void)snprintf(c->commits[0], sizeof(c->commits[0]), "%.*s",
		    KT_SPAN_ARG(s->kept.request));
		(void)snprintf(c->commits[1], sizeof(c->commits[1]), "%.*s",
		    KT_SPAN_ARG(s->kept.completion));
		return;
	}
	if (s->kept.mode != KT_CONFIG_CONTENT_NONE)
		atomic_fetch_add(&c->keeper->lost, 1);
	let_go(c);
	*cp = NULL;
}

void
kt_keeping_recorded(
    struct kt_keeping *c, const struct kt_writer_ticket *ticket)
{
	if (c == NULL)
		return;
	c->segment = ticket->segment;
	c->index = ticket->index;
	c->is_recorded = true;
}

void
kt_keeping_end(struct kt_keeping **cp)
{
	struct kt_keeping *c = *cp;
	struct kt_keeper *k;

	*cp = NULL;
	if (c == NULL)
		return;
	if (!c->is_recorded) {
		let_go(c);
		return;
	}
	k = c->keeper;
	(void)pthread_mutex_lock(&k->lock); /* ours: cannot fail */
	*k->last = c;
	k->last = &c->next;
	(void)pthread_cond_signal(&k->wake);
	(void)pthread_mutex_unlock(&k->lock);
}

/* ---- the thread ---- */

static enum kt_rc
use_segment(struct kt_keeper *k, uint64_t segment, struct kt_err *err)
{
	char path[KT_PATH_MAX], dir[KT_PATH_MAX];

	if (k->file.fd >= 0 && k->segment == segment)
		return KT_OK;
	kt_disk_close(&k->file);
	if (snprintf(dir, sizeof(dir), "%s/content", k->dir) >=
	    (int)sizeof(dir))
		return kt_fail(err, KT_E_LIMIT, "path too long");
	if (kt_content_path(path, k->dir, segment, err) < 0 ||
	    kt_disk_mkdir(k->o.io, dir, 0700, err) < 0 ||
	    kt_disk_open(&k->file, k->o.io, path, KT_DISK_APPEND, err) < 0)
		return err->rc;
	k->segment = segment;
	return kt_disk_sync_dir(k->o.io, dir, err);
}

/* What is not what the record commits to is not kept: a client that left
 * did not get all of an answer, and a body may be cut. */
static void
take_parts(const struct kt_keeping *c, struct kt_content *out)
{
	struct kt_span id = kt_span_of(c->call_id);
	uint8_t salt[KT_AUDIT_HASH];

	*out = (struct kt_content){ kt_buf_span(&c->request),
		kt_buf_span(&c->completion) };
	kt_audit_salt(c->secret, id, c->mode == KT_CONFIG_CONTENT_FULL ?
	    KT_SPAN("request") : KT_SPAN("content"), salt);
	if (!kt_content_is(out->request, kt_span_of(c->commits[0]), salt))
		out->request = KT_SPAN("");
	kt_audit_salt(c->secret, id, KT_SPAN("completion"), salt);
	if (!kt_content_is(out->completion, kt_span_of(c->commits[1]), salt))
		out->completion = KT_SPAN("");
	explicit_bzero(salt, sizeof(salt));
}

static enum kt_rc
write_one(
    struct kt_keeper *k, const struct kt_keeping *c, struct kt_err *err)
{
	struct kt_content content;

	take_parts(c, &content);
	if (content.request.len + content.completion.len == 0)
		return KT_OK;
	if (kt_disk_free_percent(k->o.io, k->dir) < KT_CONTENT_FREE_PERCENT)
		return kt_fail(err, KT_E_IO, "less than %d %% of the disk is "
		    "free, which is for records", KT_CONTENT_FREE_PERCENT);
	kt_buf_reset(&k->out);
	if (use_segment(k, c->segment, err) < 0 ||
	    kt_content_put(&content, c->index, c->secret,
	        kt_span_of(c->call_id), &k->out, err) < 0)
		return err->rc;
	if (kt_disk_append(&k->file, kt_buf_span(&k->out), err) < 0)
		return err->rc;
	k->unsynced++;
	return KT_OK;
}

/* Nobody waits for it: what cannot be told now is told later. */
static void
tell_lost(struct kt_keeper *k, const char *why)
{
	uint64_t n = atomic_exchange(&k->lost, 0);
	char text[sizeof(((struct kt_err *)NULL)->text) + 80];
	struct kt_disk_time now;
	struct kt_audit_put p;
	struct kt_buf body;
	struct kt_err err;
	enum kt_rc rc;

	if (n == 0)
		return;
	kt_disk_now(&now);
	if (k->o.tell != NULL && now.mono_us >= k->said_us + SAY_US) {
		(void)snprintf(text, sizeof(text), "what was said in %llu "
		    "calls is not kept: %s", (unsigned long long)n, why);
		k->o.tell(text);
		k->said_us = now.mono_us;
	}
	if (k->o.writer == NULL)
		return;
	kt_buf_init(&body, 4096);
	kt_audit_put_begin(&p, &body);
	kt_audit_member_int(&p, "contents", n);
	kt_audit_member_text(&p, "type", KT_SPAN("gap"));
	rc = kt_audit_put_finish(&p, &err);
	if (rc == KT_OK)
		rc = kt_writer_submit(
		    k->o.writer, kt_buf_span(&body), NULL, NULL, &err);
	if (rc < 0)
		atomic_fetch_add(&k->lost, n);
	kt_buf_fini(&body);
}

static void
write_all(struct kt_keeper *k, struct kt_keeping *c)
{
	struct kt_err err = { .text = "more than can be kept up with" };

	while (c != NULL) {
		struct kt_keeping *next = c->next;

		if (write_one(k, c, &err) < 0)
			atomic_fetch_add(&k->lost, 1);
		let_go(c);
		c = next;
	}
	if (k->unsynced > 0 && kt_disk_sync(&k->file, &err) < 0) {
		atomic_fetch_add(&k->lost, k->unsynced);
		kt_disk_close(&k->file); /* never tried twice */
	}
	k->unsynced = 0;
	tell_lost(k, err.text);
}

static void *
work(void *self)
{
	struct kt_keeper *k = self;
	bool is_over = false;

	while (!is_over) {
		struct kt_keeping *all;

		(void)pthread_mutex_lock(&k->lock); /* ours: cannot fail */
		while (k->first == NULL && !k->is_stopping)
			(void)pthread_cond_wait(&k->wake, &k->lock);
		all = k->first;
		k->first = NULL;
		k->last = &k->first;
		is_over = k->is_stopping && all == NULL;
		(void)pthread_mutex_unlock(&k->lock);
		write_all(k, all);
	}
	kt_disk_close(&k->file);
	return NULL;
}

enum kt_rc
kt_keeper_start(struct kt_keeper **out, const struct kt_keeper_options *o,
    struct kt_err *err)
{
	struct kt_keeper *k = kt_alloc(sizeof(*k));
	int errnum;

	*out = NULL;
	if (k == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for contents");
	k->o = *o;
	if (k->o.queue_bytes == 0)
		k->o.queue_bytes = KT_CONTENT_QUEUE_MAX;
	if (snprintf(k->dir, sizeof(k->dir), "%s", o->dir) >=
	    (int)sizeof(k->dir)) {
		kt_free(k);
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", o->dir);
	}
	k->file = (struct kt_disk_file)KT_DISK_FILE_INIT;
	k->last = &k->first;
	kt_buf_init(&k->out, KT_CONTENT_CALL_MAX + 4096u);
	(void)pthread_mutex_init(&k->lock, NULL); /* cannot fail on Linux */
	(void)pthread_cond_init(&k->wake, NULL);
	errnum = pthread_create(&k->thread, NULL, work, k);
	if (errnum != 0) {
		kt_free(k);
		return kt_fail(err, KT_E_IO, "contents: no thread: %s",
		    strerror(errnum));
	}
	*out = k;
	return KT_OK;
}

void
kt_keeper_stop(struct kt_keeper **kp)
{
	struct kt_keeper *k = *kp;

	*kp = NULL;
	if (k == NULL)
		return;
	(void)pthread_mutex_lock(&k->lock);
	k->is_stopping = true;
	(void)pthread_cond_signal(&k->wake);
	(void)pthread_mutex_unlock(&k->lock);
	(void)pthread_join(k->thread, NULL); /* fails for no thread only */
	(void)pthread_cond_destroy(&k->wake);
	(void)pthread_mutex_destroy(&k->lock);
	kt_buf_fini(&k->out);
	kt_free(k);
}
