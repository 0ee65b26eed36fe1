/*
 * writer - queue in, tickets out, one thread between them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The thread takes everything that waits, writes it, syncs once and delivers:
 * the batch is what arrived during the last sync.  A timer that collects
 * would only add its wait to a lonely call, and nothing under load; but who
 * waits for this processor is let through first, as it may have more.
 *
 * Both directions are stacks that are taken whole and turned round.  One
 * compare-and-swap per record; an eventfd is written only to who sleeps.
 */
#include "config.h"
#include "cmd/log/writer.h"

#include "audit/marks.h"
#include "audit/record.h"
#include "cmd/log/log.h"
#include "cmd/log/orders.h"
#include "cmd/log/room.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHECKPOINT_US 1000000u  /* between checkpoints under load */
#define CHECKPOINT_RECORDS 65536u
#define RETRY_US 1000000u       /* between attempts to come up again */
#define SEGMENT_US (UINT64_C(86400) * 1000000) /* an epoch's longest life */
#define STACK_BYTES (256u << 10)

struct policy_text {
	char hash[KT_AUDIT_TEXT_MAX + 1];
	char version[KT_AUDIT_TEXT_MAX + 1];
};

/* First the ticket: it is what goes back of an entry. */
struct entry {
	struct kt_writer_ticket ticket;
	struct kt_writer_inbox *inbox;
	struct policy_text *policy;
	struct kt_writer_pair pair;
	bool has_pair;
	size_t len;
	char body[];
};

struct kt_writer_inbox {
	_Atomic(struct kt_writer_ticket *) pushed; /* newest first */
	struct kt_writer_ticket *taken;            /* oldest first */
	atomic_uint ringing; /* it is not freed meanwhile */
	int fd;
};

struct kt_writer {
	struct kt_log log; /* the thread's alone, once it runs */
	pthread_t thread;
	int wake_fd;
	_Atomic(struct kt_writer_ticket *) pushed;
	atomic_bool is_asleep, is_up, is_stopping, wants_rotation, has_orders;
	atomic_size_t waiting, waiting_bytes;
	atomic_uint_fast64_t records, batches, bytes, failures;
	atomic_uint_fast64_t lost; /* not told of in a gap record yet */
	char origin[KT_LOG_ORIGIN_MAX];
	char vkey[KT_AUDIT_VKEY_TEXT];
	bool is_new;
	uint8_t commit_key[KT_AUDIT_HASH];
	/* Below: the thread's alone. */
	bool is_narrow; /* records tell that the disk is full: nothing else */
	uint64_t checkpoint_at, retry_at, last_record_at;
	struct kt_err stop_err;
};

/* ---- both stacks ---- */

/* True when it was empty: somebody may sleep beside it. */
static bool
push(_Atomic(struct kt_writer_ticket *) *stack, struct kt_writer_ticket *t)
{
	struct kt_writer_ticket *head = atomic_load(stack);

	do
		t->next = head;
	while (!atomic_compare_exchange_weak(stack, &head, t));
	return head == NULL;
}

/* Everything, oldest first. */
static struct kt_writer_ticket *
take_all(_Atomic(struct kt_writer_ticket *) *stack)
{
	struct kt_writer_ticket *t = atomic_exchange(stack, NULL);
	struct kt_writer_ticket *list = NULL, *next;

	for (; t != NULL; t = next) {
		next = t->next;
		t->next = list;
		list = t;
	}
	return list;
}

static void
ring(int fd)
{
	const uint64_t one = 1;

	/* Only a full counter makes it fail, and then it is readable. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void
hush(int fd)
{
	uint64_t n;

	/* Nothing to read is fine: it was rung for what is taken already. */
	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

/* ---- inboxes ---- */

enum kt_rc
kt_writer_inbox_new(struct kt_writer_inbox **out, struct kt_err *err)
{
	struct kt_writer_inbox *in = kt_alloc(sizeof(*in));

	*out = NULL;
	if (in == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for an inbox");
	in->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (in->fd < 0) {
		kt_free(in);
		return kt_fail(err, KT_E_IO, "eventfd: %s", strerror(errno));
	}
	*out = in;
	return KT_OK;
}

void
kt_writer_inbox_free(struct kt_writer_inbox **in)
{
	struct kt_writer_ticket *t;

	if (*in == NULL)
		return;
	while ((t = kt_writer_inbox_take(*in)) != NULL)
		kt_writer_ticket_free(&t);
	/* The last ticket may be here before its bell was rung. */
	while (atomic_load(&(*in)->ringing) > 0)
		(void)sched_yield(); /* cannot fail on Linux */
	(void)close((*in)->fd); /* an eventfd holds nothing to lose */
	kt_free(*in);
	*in = NULL;
}

int
kt_writer_inbox_fd(const struct kt_writer_inbox *in)
{
	return in->fd;
}

struct kt_writer_ticket *
kt_writer_inbox_take(struct kt_writer_inbox *in)
{
	struct kt_writer_ticket *t;

	if (in->taken == NULL) {
		hush(in->fd); /* before taking: a later push rings again */
		in->taken = take_all(&in->pushed);
	}
	t = in->taken;
	if (t != NULL)
		in->taken = t->next;
	return t;
}

void
kt_writer_ticket_free(struct kt_writer_ticket **t)
{
	kt_free(*t);
	*t = NULL;
}

/* ---- handing in ---- */

static bool
reserve(struct kt_writer *w, size_t len)
{
	if (atomic_fetch_add(&w->waiting, 1) < KT_AUDIT_QUEUE_MAX) {
		if (atomic_fetch_add(&w->waiting_bytes, len) + len <=
		    KT_AUDIT_QUEUE_BYTES_MAX)
			return true;
		atomic_fetch_sub(&w->waiting_bytes, len);
	}
	atomic_fetch_sub(&w->waiting, 1);
	return false;
}

/* Does not wake the thread. */
static enum kt_rc
put_entry(struct kt_writer *w, struct kt_span body, struct policy_text *policy,
    const struct kt_writer_pair *pair, struct kt_writer_inbox *inbox,
    void *owner, struct kt_err *err)
{
	struct entry *e;

	if (!atomic_load(&w->is_up))
		return kt_fail(err, KT_E_IO, "audit log is down");
	if (body.len > KT_AUDIT_LINE_MAX || !reserve(w, body.len))
		return kt_fail(err, KT_E_LIMIT, "audit queue is full");
	e = kt_alloc(sizeof(*e) + body.len);
	if (e == NULL) {
		atomic_fetch_sub(&w->waiting, 1);
		atomic_fetch_sub(&w->waiting_bytes, body.len);
		return kt_fail(err, KT_E_LIMIT, "no memory for a record");
	}
	e->ticket.owner = owner;
	e->inbox = inbox;
	e->policy = policy;
	e->has_pair = pair != NULL;
	if (pair != NULL)
		e->pair = *pair;
	e->len = body.len;
	memcpy(e->body, body.ptr, body.len);
	(void)push(&w->pushed, &e->ticket); /* woken by kt_writer_wake */
	return KT_OK;
}

/* What was not taken is a record that is known to be lost. */
static enum kt_rc
put(struct kt_writer *w, struct kt_span body, struct policy_text *policy,
    const struct kt_writer_pair *pair, struct kt_writer_inbox *inbox,
    void *owner, struct kt_err *err)
{
	enum kt_rc rc = put_entry(w, body, policy, pair, inbox, owner, err);

	if (rc < 0)
		atomic_fetch_add(&w->lost, 1);
	return rc;
}

void
kt_writer_wake(struct kt_writer *w)
{
	if (atomic_load(&w->pushed) != NULL && atomic_load(&w->is_asleep))
		ring(w->wake_fd);
}

enum kt_rc
kt_writer_queue(struct kt_writer *w, struct kt_span body,
    const struct kt_writer_pair *pair, struct kt_writer_inbox *inbox,
    void *owner, struct kt_err *err)
{
	return put(w, body, NULL, pair, inbox, owner, err);
}

enum kt_rc
kt_writer_submit(struct kt_writer *w, struct kt_span body,
    struct kt_writer_inbox *inbox, void *owner, struct kt_err *err)
{
	enum kt_rc rc = put(w, body, NULL, NULL, inbox, owner, err);

	kt_writer_wake(w);
	return rc;
}

enum kt_rc
kt_writer_policy(struct kt_writer *w, struct kt_span policy_hash,
    struct kt_span policy_version, struct kt_span cause, struct kt_err *err)
{
	struct kt_audit_policy rec = {
		.policy_hash = policy_hash,
		.policy_version = policy_version,
		.cause = cause,
	};
	struct policy_text *policy = kt_alloc(sizeof(*policy));
	struct kt_buf body;
	enum kt_rc rc;

	if (policy == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for a record");
	(void)snprintf(policy->hash, sizeof(policy->hash), "%.*s",
	    KT_SPAN_ARG(policy_hash));
	(void)snprintf(policy->version, sizeof(policy->version), "%.*s",
	    KT_SPAN_ARG(policy_version));
	kt_buf_init(&body, KT_AUDIT_LINE_MAX);
	rc = kt_audit_policy_write(&rec, &body, err);
	if (rc == KT_OK)
		rc = put(w, kt_buf_span(&body), policy, NULL, NULL, NULL,
		    err);
	if (rc < 0)
		kt_free(policy);
	kt_writer_wake(w);
	kt_buf_fini(&body);
	return rc;
}

/* ---- the thread ---- */

/* Once pushed, the ticket is the worker's, and may be freed already. */
static void
hand_back(struct kt_writer_inbox *in, struct kt_writer_ticket *t)
{
	(void)atomic_fetch_add(&in->ringing, 1);
	if (push(&in->pushed, t))
		ring(in->fd);
	(void)atomic_fetch_sub(&in->ringing, 1);
}

static void
deliver(struct kt_writer *w, struct kt_writer_ticket *list, bool is_durable)
{
	struct kt_writer_ticket *t, *next;

	for (t = list; t != NULL; t = next) {
		struct entry *e = (struct entry *)t;

		next = t->next;
		t->is_durable = t->is_durable && is_durable;
		if (!t->is_durable) {
			atomic_fetch_add(&w->failures, 1);
			atomic_fetch_add(&w->lost, 1);
		}
		atomic_fetch_sub(&w->waiting, 1);
		atomic_fetch_sub(&w->waiting_bytes, e->len);
		kt_free(e->policy);
		if (e->inbox == NULL)
			kt_free(e);
		else
			hand_back(e->inbox, t);
	}
}

static void
go_down(struct kt_writer *w)
{
	char text[sizeof(w->log.why.text) + 40];

	(void)snprintf(text, sizeof(text), "no call can be recorded: %s",
	    w->log.is_full ? "the disk is full" : w->log.why.text);
	if (atomic_exchange(&w->is_up, false) && w->log.say != NULL)
		w->log.say(text);
	w->retry_at = kt_disk_mono_us() + RETRY_US;
}

/* is_durable is set for what was sealed; deliver() takes it back.  True:
 * some of it belongs to calls that are opened first. */
static bool
seal_list(struct kt_writer *w, struct kt_writer_ticket *list)
{
	struct kt_err err;
	bool has_pairs = false;

	for (struct kt_writer_ticket *t = list; t != NULL; t = t->next) {
		struct entry *e = (struct entry *)t;

		t->index = w->log.chain.size;
		t->segment = w->log.number;
		t->is_durable = kt_log_add(&w->log, (struct kt_span){ e->body,
		    e->len }, t->leaf, &err) == KT_OK;
		if (t->is_durable && e->policy != NULL) {
			memcpy(w->log.policy_hash, e->policy->hash,
			    sizeof(e->policy->hash));
			memcpy(w->log.policy_version, e->policy->version,
			    sizeof(e->policy->version));
		}
		has_pairs |= e->has_pair;
	}
	return has_pairs;
}

/* Which calls are under way, so that a crash can be told of each. */
static void
note_pairs(struct kt_writer *w, struct kt_writer_ticket *list)
{
	for (struct kt_writer_ticket *t = list; t != NULL; t = t->next) {
		struct entry *e = (struct entry *)t;

		if (!e->has_pair || !t->is_durable)
			continue;
		if (e->pair.part == KT_WRITER_OPENS)
			kt_opens_add(&w->log.opens, t->index);
		else
			kt_opens_remove(&w->log.opens, e->pair.opened);
	}
}

static void
write_list(struct kt_writer *w, struct kt_writer_ticket *list)
{
	uint64_t before = w->log.chain.size, from = w->log.segment.size;
	struct kt_err err;
	bool is_written, has_pairs;

	if (w->log.is_poisoned || w->is_narrow) {
		deliver(w, list, false);
		return;
	}
	has_pairs = seal_list(w, list);
	is_written = kt_log_flush(&w->log, &err) == KT_OK &&
	    (!has_pairs || kt_log_sync(&w->log, &err) == KT_OK);
	if (is_written) {
		if (has_pairs)
			note_pairs(w, list);
		atomic_fetch_add(&w->records, w->log.chain.size - before);
		atomic_fetch_add(&w->bytes, w->log.segment.size - from);
		atomic_fetch_add(&w->batches, 1);
		w->last_record_at = kt_disk_mono_us();
	} else {
		go_down(w);
	}
	deliver(w, list, is_written);
}

/* What the log says about itself fails like any record, but nobody waits. */
static void
keep(struct kt_writer *w, enum kt_rc rc)
{
	if (rc < 0)
		go_down(w);
}

static void
beat(struct kt_writer *w)
{
	struct kt_err err;

	kt_room_look(&w->log);
	kt_buf_reset(&w->log.body);
	if (kt_audit_mark_write(KT_SPAN("heartbeat"), w->log.chain.size,
	    &w->log.body, &err) < 0 || kt_log_add_own(&w->log, &err) < 0)
		return;
	keep(w, kt_log_flush(&w->log, &err));
	w->last_record_at = kt_disk_mono_us();
}

/* Records that did not get into the log: how many, at least. */
static void
tell_gap(struct kt_writer *w)
{
	uint64_t n = atomic_exchange(&w->lost, 0);
	struct kt_err err;

	kt_buf_reset(&w->log.body);
	if (kt_audit_mark_write(KT_SPAN("gap"), n, &w->log.body, &err) == KT_OK &&
	    kt_log_add_own(&w->log, &err) == KT_OK &&
	    kt_log_flush(&w->log, &err) == KT_OK)
		return;
	atomic_fetch_add(&w->lost, n);
	if (err.rc == KT_E_IO)
		go_down(w);
}

static void
come_up(struct kt_writer *w)
{
	struct kt_err err;

	w->retry_at = kt_disk_mono_us() + RETRY_US;
	if (w->log.is_poisoned) {
		if (kt_log_reopen(&w->log, &err) < 0)
			return;
		w->is_narrow = true;
		if (atomic_load(&w->lost) > 0)
			tell_gap(w);
		if (!w->log.is_poisoned)
			keep(w, kt_log_checkpoint(&w->log, &err));
	}
	if (w->log.is_poisoned || kt_room_hold(&w->log, &err) < 0)
		return;
	w->is_narrow = false;
	w->last_record_at = w->checkpoint_at = kt_disk_mono_us();
	atomic_store(&w->has_orders, true); /* one may have been interrupted */
	if (w->log.say != NULL)
		w->log.say("calls are recorded again");
	atomic_store(&w->is_up, true);
}

/* Who asks is not answered, but calls do not need what cannot be read. */
static void
obey(struct kt_writer *w)
{
	struct kt_err err;

	if (kt_log_orders(&w->log, &err) == KT_OK)
		return;
	if (w->log.is_poisoned)
		go_down(w);
	else if (w->log.say != NULL)
		w->log.say(err.text);
}

static uint64_t
behind(const struct kt_writer *w)
{
	return w->log.chain.size - w->log.checkpointed;
}

/* Whatever is due beside the queue. */
static void
keep_house(struct kt_writer *w)
{
	struct kt_err err;
	uint64_t now = kt_disk_mono_us();

	if (w->log.is_poisoned || w->is_narrow) {
		if (now >= w->retry_at)
			come_up(w);
		return;
	}
	if (atomic_exchange(&w->wants_rotation, false) ||
	    now - w->log.begun_us >= SEGMENT_US ||
	    w->log.segment.size >= w->log.segment_bytes)
		keep(w, kt_log_rotate(&w->log, &err));
	else if (now - w->last_record_at >= KT_AUDIT_HEARTBEAT_US)
		beat(w);
	if (!w->log.is_poisoned && atomic_load(&w->lost) > 0)
		tell_gap(w);
	if (!w->log.is_poisoned && atomic_exchange(&w->has_orders, false))
		obey(w);
	if (!w->log.is_poisoned)
		keep(w, kt_log_read_back(&w->log, &err));
	if (!w->log.is_poisoned && (behind(w) >= CHECKPOINT_RECORDS ||
	    (behind(w) > 0 && now >= w->checkpoint_at))) {
		kt_room_look(&w->log);
		keep(w, kt_log_checkpoint(&w->log, &err));
		w->checkpoint_at = now + CHECKPOINT_US;
	}
}

static struct kt_writer_ticket *
take_batch(struct kt_writer *w)
{
	if (atomic_load(&w->pushed) != NULL)
		(void)sched_yield(); /* cannot fail on Linux */
	return take_all(&w->pushed);
}

/* Until something is due, or for ever less a heartbeat. */
static int
patience_ms(const struct kt_writer *w)
{
	uint64_t now = kt_disk_mono_us();
	uint64_t due = w->last_record_at + KT_AUDIT_HEARTBEAT_US;

	if (w->log.is_poisoned || w->is_narrow)
		due = w->retry_at;
	else if (behind(w) > 0 && w->checkpoint_at < due)
		due = w->checkpoint_at;
	return due <= now ? 0 : (int)((due - now + 999) / 1000);
}

static void
sleep_until_rung(struct kt_writer *w)
{
	struct pollfd p = { .fd = w->wake_fd, .events = POLLIN };

	atomic_store(&w->is_asleep, true);
	/* Looked at again: who pushed before the store did not ring. */
	if (atomic_load(&w->pushed) == NULL &&
	    !atomic_load(&w->is_stopping) &&
	    !atomic_load(&w->wants_rotation) &&
	    !atomic_load(&w->has_orders) &&
	    poll(&p, 1, patience_ms(w)) < 0 && errno != EINTR)
		KT_BUG("poll on an eventfd failed");
	atomic_store(&w->is_asleep, false);
	hush(w->wake_fd);
}

static void *
run(void *arg)
{
	struct kt_writer *w = arg;
	struct kt_writer_ticket *list;

	for (;;) {
		/* First: what was handed in before the stop is still taken. */
		bool is_last = atomic_load(&w->is_stopping);

		list = take_batch(w);
		if (list != NULL)
			write_list(w, list);
		keep_house(w);
		if (list == NULL && is_last)
			break;
		if (list == NULL) {
			kt_log_keep_partial_tiles(&w->log);
			sleep_until_rung(w);
		}
	}
	atomic_store(&w->is_up, false);
	if (!w->log.is_poisoned && atomic_load(&w->lost) > 0)
		tell_gap(w);
	w->stop_err.rc = KT_OK;
	w->stop_err.rc = kt_log_close(&w->log, &w->stop_err);
	deliver(w, take_all(&w->pushed), false);
	return NULL;
}

/* ---- life ---- */

/* Signals are for the threads that wait for them. */
static int
start_thread(struct kt_writer *w)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int e;

	e = pthread_attr_init(&attr);
	if (e != 0)
		return e;
	(void)sigfillset(&all);
	e = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (e == 0)
		e = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (e == 0) {
		e = pthread_create(&w->thread, &attr, run, w);
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	(void)pthread_attr_destroy(&attr);
	return e;
}

enum kt_rc
kt_writer_start(struct kt_writer **out, const struct kt_writer_opts *opts,
    struct kt_err *err)
{
	struct kt_writer *w = kt_alloc(sizeof(*w));
	struct kt_err ignored;
	int e;

	*out = NULL;
	if (w == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for the writer");
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0) {
		(void)kt_fail(err, KT_E_IO, "eventfd: %s", strerror(errno));
		goto no_fd;
	}
	if (kt_log_open(&w->log, opts, err) < 0)
		goto no_log;
	memcpy(w->origin, w->log.origin, sizeof(w->origin));
	kt_audit_vkey_text(&w->log.keys.stable.vkey, w->vkey);
	w->is_new = w->log.keys.is_new;
	memcpy(w->commit_key, w->log.commit_key, sizeof(w->commit_key));
	w->last_record_at = w->checkpoint_at = kt_disk_mono_us();
	atomic_store(&w->has_orders, true); /* of those who asked meanwhile */
	atomic_store(&w->is_up, true);
	e = start_thread(w);
	if (e != 0) {
		(void)kt_fail(err, KT_E_IO, "no thread: %s", strerror(e));
		(void)kt_log_close(&w->log, &ignored); /* failing already */
		goto no_log;
	}
	*out = w;
	return KT_OK;
no_log:
	(void)close(w->wake_fd); /* an eventfd holds nothing to lose */
no_fd:
	kt_free(w);
	return err->rc;
}

enum kt_rc
kt_writer_stop(struct kt_writer **w, struct kt_err *err)
{
	enum kt_rc rc;

	if (*w == NULL)
		return KT_OK;
	atomic_store(&(*w)->is_stopping, true);
	ring((*w)->wake_fd);
	if (pthread_join((*w)->thread, NULL) != 0)
		KT_BUG("the writer thread cannot be joined");
	rc = (*w)->stop_err.rc;
	if (rc < 0)
		*err = (*w)->stop_err;
	(void)close((*w)->wake_fd); /* an eventfd holds nothing to lose */
	explicit_bzero((*w)->commit_key, KT_AUDIT_HASH);
	kt_free(*w);
	*w = NULL;
	return rc;
}

bool
kt_writer_is_up(const struct kt_writer *w)
{
	return atomic_load(&w->is_up);
}

void
kt_writer_rotate(struct kt_writer *w)
{
	atomic_store(&w->wants_rotation, true);
	ring(w->wake_fd);
}

void
kt_writer_orders(struct kt_writer *w)
{
	atomic_store(&w->has_orders, true);
	ring(w->wake_fd);
}

struct kt_audit_subjects *
kt_writer_subjects(const struct kt_writer *w)
{
	return w->log.subjects;
}

struct kt_span
kt_writer_origin(const struct kt_writer *w)
{
	return kt_span_of(w->origin);
}

const char *
kt_writer_vkey(const struct kt_writer *w)
{
	return w->vkey;
}

bool
kt_writer_is_new(const struct kt_writer *w)
{
	return w->is_new;
}

void
kt_writer_commit_key(const struct kt_writer *w, uint8_t key[KT_AUDIT_HASH])
{
	memcpy(key, w->commit_key, KT_AUDIT_HASH);
}

void
kt_writer_counts(const struct kt_writer *w, struct kt_writer_counts *c)
{
	c->records = atomic_load(&w->records);
	c->batches = atomic_load(&w->batches);
	c->bytes = atomic_load(&w->bytes);
	c->failures = atomic_load(&w->failures);
}
