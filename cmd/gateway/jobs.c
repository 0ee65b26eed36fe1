/*
 * jobs - media are read by kt-media, one socket for each.  What was read is
 * kept for a while: a conversation sends its pictures again in every turn.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <poll.h>

#include "audit/audit.h"
#include "cmd/gateway/jobs.h"
#include "cmd/media/client.h"
#include "exchange/program.h"

/* Answers kept: enough for the pictures of some conversations. */
#define KEPT_MAX 256
#define KEPT_BYTES (8u << 20)
#define KEPT_US UINT64_C(3600000000) /* of media, which do not change */

struct kept {
	uint8_t key[KT_AUDIT_HASH];
	struct kt_buf answer;
	uint64_t used; /* 0: empty */
	uint64_t end_us; /* it serves until then */
};

struct kt_jobs {
	struct kt_loop *loop;
	struct kt_known *known;
	struct kt_upstream *upstream;
	struct kt_media_client *media;
	char path[KT_PATH_MAX], languages[128];
	struct kept kept[KEPT_MAX];
	size_t kept_bytes;
	uint64_t uses;
};

struct kt_job {
	struct kt_job *next;
	struct kt_jobs *jobs;
	struct kt_job_list *list;
	uint32_t id;
	bool is_done, is_taken, is_good;
	struct kt_media_talk talk;
	struct kt_watch watch;
	struct kt_timer timer;
	struct kt_upstream_call *call;
	struct kt_buf answer;
	uint64_t keep_us;
	uint8_t key[KT_AUDIT_HASH];
};

struct kt_jobs *
kt_jobs_new(const struct kt_jobs_options *o)
{
	struct kt_jobs *jobs = kt_alloc(sizeof(*jobs));

	if (jobs == NULL)
		return NULL;
	jobs->loop = o->loop;
	jobs->known = o->known;
	jobs->upstream = o->upstream;
	if (o->media != NULL)
		(void)snprintf(jobs->path, sizeof(jobs->path), "%s", o->media);
	return jobs;
}

void
kt_jobs_free(struct kt_jobs **jobs)
{
	if (*jobs == NULL)
		return;
	for (size_t i = 0; i < KEPT_MAX; i++)
		kt_buf_fini(&(*jobs)->kept[i].answer);
	kt_media_client_free(&(*jobs)->media);
	kt_free(*jobs);
	*jobs = NULL;
}

/* ---- answers that are kept ---- */

static bool
key_of(const struct kt_order *o, const struct kt_program *p,
    uint8_t key[static KT_AUDIT_HASH])
{
	struct kt_audit_hash h;

	if (kt_audit_hash_init(&h, NULL) < 0)
		return false;
	/* The program says who is asked, how, and in which languages. */
	kt_audit_hash_add(&h, kt_program_hash(p));
	for (size_t i = 0; i < o->npieces; i++)
		kt_audit_hash_add(&h, o->pieces[i]);
	kt_audit_hash_take(&h, key);
	kt_audit_hash_fini(&h);
	return true;
}

static struct kept *
find(struct kt_jobs *jobs, const uint8_t key[static KT_AUDIT_HASH])
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		if (jobs->kept[i].used > 0 &&
		    jobs->kept[i].end_us > kt_loop_now(jobs->loop) &&
		    memcmp(jobs->kept[i].key, key, KT_AUDIT_HASH) == 0)
			return &jobs->kept[i];
	return NULL;
}

static void
forget(struct kt_jobs *jobs, struct kept *k)
{
	jobs->kept_bytes -= k->answer.cap;
	kt_buf_fini(&k->answer);
	k->used = 0;
}

/* An empty place, or that of the one which was not used for longest. */
static struct kept *
place(struct kt_jobs *jobs)
{
	struct kept *k = &jobs->kept[0];

	for (size_t i = 1; i < KEPT_MAX; i++)
		if (jobs->kept[i].used < k->used)
			k = &jobs->kept[i];
	return k;
}

static void
keep(struct kt_job *job)
{
	struct kt_jobs *jobs = job->jobs;
	struct kept *k;

	if (job->keep_us == 0 || job->answer.cap > KEPT_BYTES / 4)
		return;
	do {
		k = place(jobs);
		if (k->used > 0)
			forget(jobs, k);
	} while (jobs->kept_bytes + job->answer.cap > KEPT_BYTES);
	kt_buf_init(&k->answer, KT_MEDIA_ANSWER_MAX);
	if (kt_buf_add(&k->answer, kt_buf_span(&job->answer)) < 0)
		return;
	memcpy(k->key, job->key, sizeof(k->key));
	k->used = ++jobs->uses;
	k->end_us = kt_loop_now(jobs->loop) + job->keep_us;
	jobs->kept_bytes += k->answer.cap;
}

/* ---- one job ---- */

static void
stop(struct kt_job *job)
{
	kt_watch_del(job->jobs->loop, &job->watch);
	kt_timer_del(job->jobs->loop, &job->timer);
	if (job->talk.fd >= 0)
		kt_media_talk_end(&job->talk);
	kt_upstream_cancel(&job->call);
}

static void
tell(void *self)
{
	struct kt_job *job = self;

	job->list->on_done(job->list->self);
}

/* Told in the next turn: never inside of who started it. */
static void
done(struct kt_job *job)
{
	job->is_done = true;
	/* Without memory for a timer its deadline tells. */
	(void)!kt_timer_set(job->jobs->loop, &job->timer, 0, tell, job);
}

/* Only what was read whole: what failed may go well the next time. */
static void
keep_medium(struct kt_job *job)
{
	struct kt_media_answer a;

	job->keep_us = KEPT_US;
	if (kt_media_answer_read(kt_buf_span(&job->answer), &a) == KT_OK &&
	    a.why == KT_MEDIA_WHY_NOTHING)
		keep(job);
}

static uint32_t
events_of(const struct kt_job *job)
{
	return kt_media_talk_wants(&job->talk) == POLLOUT ? EPOLLOUT : EPOLLIN;
}

static void
on_ready(void *self, uint32_t events)
{
	struct kt_job *job = self;

	(void)events; /* the step finds out */
	switch (kt_media_talk_step(&job->talk)) {
	case KT_MEDIA_MORE:
		kt_watch_set(job->jobs->loop, &job->watch, events_of(job));
		return;
	case KT_MEDIA_DONE:
		job->answer = job->talk.answer;
		job->talk.answer = (struct kt_buf){ 0 };
		keep_medium(job);
		break;
	case KT_MEDIA_LOST:
		break;
	}
	stop(job);
	job->is_done = true;
	tell(job); /* may free it */
}

/* The program that reads, with the languages that are wanted now. */
static struct kt_media_client *
client(struct kt_jobs *jobs, struct kt_span languages)
{
	if (jobs->media != NULL &&
	    !kt_span_eq(kt_span_of(jobs->languages), languages))
		kt_media_client_free(&jobs->media);
	if (jobs->media == NULL && jobs->path[0] != '\0') {
		(void)snprintf(jobs->languages, sizeof(jobs->languages), "%.*s",
		    KT_SPAN_ARG(languages));
		jobs->media = kt_media_client_new(jobs->path, languages);
	}
	return jobs->media;
}

static bool
begin(struct kt_job *job, const struct kt_order *o, const struct kt_program *p)
{
	struct kt_media_client *c = client(job->jobs, kt_program_languages(p));
	struct kt_err err = { 0 };

	return c != NULL &&
	    kt_media_talk_begin(c, &job->talk, o->pieces, &err) == KT_OK &&
	    kt_watch_add(job->jobs->loop, &job->watch, job->talk.fd,
	        events_of(job), on_ready, job, &err) == KT_OK;
}

/* ---- a classifier that is asked by HTTP ---- */

static void
on_head(void *self, const struct kt_http1_head *head)
{
	struct kt_job *job = self;

	job->is_good = head->status == 200;
}

static void
on_body(void *self, struct kt_span bytes)
{
	struct kt_job *job = self;

	job->is_good &= job->answer.len + bytes.len <= KT_GUARD_ANSWER_MAX &&
	    kt_buf_add(&job->answer, bytes) == KT_OK;
}

static void
finish(struct kt_job *job, bool is_whole)
{
	job->call = NULL;
	if (is_whole && job->is_good)
		keep(job);
	else
		kt_buf_reset(&job->answer);
	job->is_done = true;
	tell(job); /* may free it */
}

static void
on_end(void *self, enum kt_upstream_end how, const struct kt_err *err)
{
	(void)err; /* a failure is a failure */
	finish(self, how == KT_UPSTREAM_OK);
}

static void
on_fail(void *self, enum kt_upstream_fail why, const struct kt_err *err)
{
	(void)why, (void)err; /* the same */
	finish(self, false);
}

static bool
post(struct kt_job *job, const struct kt_order *o, struct kt_origin *origin)
{
	static const struct kt_upstream_events events = { on_head, on_body,
		NULL, on_end, on_fail };
	struct kt_upstream_request r = { .method = KT_SPAN("POST"),
		.target = o->path, .headers = o->headers,
		.n_headers = o->nheaders, .body = o->pieces,
		.n_body = o->npieces, .body_bytes = o->pieces[0].len };

	return origin != NULL && kt_upstream_start(job->jobs->upstream, origin,
	    &r, &events, job, &job->call, NULL) == KT_OK;
}

/* From what is kept, or by asking; an answer that cannot come is empty. */
static void
ask(struct kt_job *job, const struct kt_order *o, const struct kt_program *p,
    struct kt_origin *origin)
{
	struct kt_jobs *jobs = job->jobs;
	struct kept *k = key_of(o, p, job->key) ? find(jobs, job->key) : NULL;

	if (k != NULL &&
	    kt_buf_add(&job->answer, kt_buf_span(&k->answer)) == KT_OK) {
		k->used = ++jobs->uses;
		done(job);
	} else if (o->job_kind == KT_JOB_GUARD ? !post(job, o, origin) :
	    !begin(job, o, p)) {
		stop(job);
		done(job);
	}
}

void
kt_jobs_start(struct kt_jobs *jobs, struct kt_job_list *list,
    const struct kt_order *o, const struct kt_program *p,
    struct kt_origin *origin)
{
	struct kt_job *job;

	if (o->job_kind == KT_JOB_REMEMBER) {
		kt_known_add(
		    jobs->known, o->pieces[0], o->pieces[1], o->pieces[2]);
		return;
	}
	job = kt_alloc(sizeof(*job));
	if (job == NULL)
		return; /* its deadline answers */
	job->jobs = jobs;
	job->list = list;
	job->id = o->job;
	job->talk.fd = -1;
	job->next = list->first;
	list->first = job;
	kt_buf_init(&job->answer, KT_MEDIA_ANSWER_MAX);
	job->keep_us = o->keep_us;
	if (o->job_kind != KT_JOB_RECALL) {
		ask(job, o, p, origin);
		return;
	}
	(void)kt_known_find(jobs->known, o->pieces[0], o->pieces[1],
	    &job->answer); /* or it is empty */
	done(job);
}

static void
drop(struct kt_job **at)
{
	struct kt_job *job = *at;

	*at = job->next;
	stop(job);
	kt_buf_fini(&job->answer);
	kt_free(job);
}

bool
kt_jobs_take(struct kt_jobs *jobs, struct kt_job_list *list, uint32_t *id,
    struct kt_span *bytes)
{
	(void)jobs; /* whose list it is */
	for (struct kt_job **at = &list->first; *at != NULL;) {
		if ((*at)->is_taken) {
			drop(at);
			continue;
		}
		at = &(*at)->next;
	}
	for (struct kt_job *job = list->first; job != NULL; job = job->next) {
		if (!job->is_done)
			continue;
		job->is_taken = true;
		*id = job->id;
		*bytes = kt_buf_span(&job->answer);
		return true;
	}
	return false;
}

void
kt_jobs_drop(struct kt_jobs *jobs, struct kt_job_list *list, uint32_t id)
{
	(void)jobs; /* the same */
	for (struct kt_job **at = &list->first; *at != NULL; at = &(*at)->next)
		if ((*at)->id == id) {
			drop(at);
			return;
		}
}

void
kt_jobs_drop_all(struct kt_jobs *jobs, struct kt_job_list *list)
{
	(void)jobs; /* the same */
	while (list->first != NULL)
		drop(&list->first);
}
