/*
 * tape - offsets instead of pointers, so that its memory may move; and only
 * headers of a list, because a new header may be a new way to carry a key.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "session/line.h"
#include "session/tape.h"

static const struct kt_span kept[] = { KT_SPAN_INIT("accept"),
	KT_SPAN_INIT("anthropic-beta"), KT_SPAN_INIT("anthropic-version"),
	KT_SPAN_INIT("content-encoding"), KT_SPAN_INIT("content-length"),
	KT_SPAN_INIT("content-type"), KT_SPAN_INIT("openai-beta"),
	KT_SPAN_INIT("request-id"), KT_SPAN_INIT("retry-after"),
	KT_SPAN_INIT("user-agent"), KT_SPAN_INIT("x-claude-code-agent-id"),
	KT_SPAN_INIT("x-claude-code-parent-agent-id"),
	KT_SPAN_INIT("x-claude-code-session-id"),
	KT_SPAN_INIT("x-kt-translation"), KT_SPAN_INIT("x-request-id") };
/* Which one there was tells what kind of client it is. */
static const struct kt_span named[] = { KT_SPAN_INIT("authorization"),
	KT_SPAN_INIT("x-api-key") };

static const char *const words[] = {
#define KT_SESSION_EVENT(id, word, meaning) [KT_SESSION_##id] = word,
#include "session/event.def"
};

const char *
kt_session_event_word(enum kt_session_event_kind k)
{
	return words[k];
}

void
kt_tape_init(struct kt_tape *t, size_t limit)
{
	*t = (struct kt_tape){ .limit = limit };
	kt_buf_init(&t->bytes, limit);
	kt_buf_init(&t->body, limit);
	kt_buf_init(&t->record, limit);
}

void
kt_tape_fini(struct kt_tape *t)
{
	kt_buf_fini(&t->bytes);
	kt_buf_fini(&t->body);
	kt_buf_fini(&t->record);
	kt_free(t->events);
	kt_free(t->headers);
	kt_free(t->jobs);
	*t = (struct kt_tape){ .is_torn = true };
}

static void
put(struct kt_tape *t, struct kt_span s, size_t *at, size_t *len)
{
	*at = t->bytes.len;
	*len = s.len;
	t->is_torn |= t->body.len + t->bytes.len + s.len > t->limit ||
	    kt_buf_add(&t->bytes, s) < 0;
}

struct kt_span
kt_tape_bytes(const struct kt_tape *t, size_t at, size_t len)
{
	return kt_span_sub(kt_buf_span(&t->bytes), at, len);
}

static bool
is_in(const struct kt_span *list, size_t n, struct kt_span name)
{
	for (size_t i = 0; i < n; i++) {
		if (kt_span_caseeq(list[i], name))
			return true;
	}
	return false;
}

static void
put_headers(struct kt_tape *t, const struct kt_header *h, size_t n,
    size_t *count)
{
	void *p;

	*count = 0;
	for (size_t i = 0; i < n && !t->is_torn; i++) {
		struct kt_tape_header *to;
		bool is_named = is_in(named, KT_NELEMS(named), h[i].name);

		if (!is_named && !is_in(kept, KT_NELEMS(kept), h[i].name))
			continue;
		p = t->headers;
		if (kt_grow(&p, &t->headers_cap, t->nheaders + 1,
		        sizeof(*to)) < 0) {
			t->is_torn = true;
			return;
		}
		t->headers = p;
		to = &t->headers[t->nheaders++];
		put(t, h[i].name, &to->name_at, &to->name_len);
		put(t, is_named ? KT_SPAN("-") : h[i].value, &to->value_at,
		    &to->value_len);
		++*count;
	}
}

static struct kt_tape_event *
add(struct kt_tape *t, enum kt_session_event_kind kind, uint64_t mono_us)
{
	void *p = t->events;
	struct kt_tape_event *e;

	if (t->is_torn || kt_grow(&p, &t->cap, t->n + 1, sizeof(*e)) < 0) {
		t->is_torn = true;
		return NULL;
	}
	t->events = p;
	e = &t->events[t->n++];
	*e = (struct kt_tape_event){ .kind = kind,
		.at_us = mono_us - t->mono_us, .header = t->nheaders };
	return e;
}

static void
begin(struct kt_tape *t, const struct kt_event *ev)
{
	t->wall_us = ev->wall_us;
	t->mono_us = ev->mono_us;
	t->has_body = ev->has_body;
	put(t, ev->method, &t->method_at, &t->method_len);
	put(t, ev->target, &t->target_at, &t->target_len);
	put_headers(t, ev->headers, ev->nheaders, &t->request_nheaders);
}

static void
sent(struct kt_tape *t, const struct kt_event *ev)
{
	struct kt_tape_event *e = t->n > 0 ? &t->events[t->n - 1] : NULL;

	if (e == NULL || e->kind != KT_SESSION_SENT) {
		e = add(t, KT_SESSION_SENT, ev->mono_us);
		if (e == NULL)
			return;
	}
	e->n += ev->n;
	e->at_us = ev->mono_us - t->mono_us;
}

/* "request guard.example /check": the same question to the same guard. */
void
kt_tape_guard_id(const struct kt_order *o, char out[static KT_TAPE_GUARD_ID])
{
	bool is_request = o->npieces > 0 && kt_span_starts(
	    o->pieces[0], KT_SPAN("{\"direction\":\"request\""));

	(void)snprintf(out, KT_TAPE_GUARD_ID, "%s %.*s %.*s",
	    is_request ? "request" : "answer",
	    KT_SPAN_ARG(o->target->host_header), KT_SPAN_ARG(o->path));
}

static void
add_job(struct kt_tape *t, const struct kt_order *o)
{
	void *p = t->jobs;
	struct kt_tape_job *job;
	char id[KT_TAPE_GUARD_ID];

	if (o->job_kind == KT_JOB_REMEMBER)
		return;
	if (kt_grow(&p, &t->jobs_cap, t->njobs + 1, sizeof(*job)) < 0) {
		t->is_torn = true;
		return;
	}
	t->jobs = p;
	job = &t->jobs[t->njobs++];
	*job = (struct kt_tape_job){ .kind = o->job_kind, .id = o->job };
	if (o->job_kind == KT_JOB_GUARD) {
		kt_tape_guard_id(o, id);
		put(t, kt_span_of(id), &job->id_at, &job->id_len);
		t->has_guard = true;
	} else if (o->job_kind == KT_JOB_RECALL)
		put(t, o->pieces[0], &job->id_at, &job->id_len);
	else
		job->name = kt_blob_name(o->pieces[1]);
}

static void
end_job(struct kt_tape *t, const struct kt_event *ev)
{
	for (size_t i = 0; i < t->njobs; i++) {
		struct kt_tape_job *job = &t->jobs[i];

		if (job->id != ev->job || job->is_answered)
			continue;
		job->is_answered = true;
		put(t, ev->bytes, &job->at, &job->len);
	}
}

void
kt_tape_event(struct kt_tape *t, const struct kt_event *ev)
{
	struct kt_tape_event *e;

	if (t->is_torn)
		return;
	switch (ev->kind) {
	case KT_EVENT_REQUEST_HEAD:
		begin(t, ev);
		return;
	case KT_EVENT_REQUEST_BODY:
		t->body_bytes += ev->bytes.len;
		t->is_torn |= t->body.len + t->bytes.len + ev->bytes.len >
		        t->limit ||
		    kt_buf_add(&t->body, ev->bytes) < 0;
		return;
	case KT_EVENT_REQUEST_END:
		t->asked_us = ev->mono_us - t->mono_us;
		return;
	case KT_EVENT_UPSTREAM_HEAD:
		e = add(t, KT_SESSION_HEAD, ev->mono_us);
		if (e == NULL)
			return;
		e->n = ev->status;
		put_headers(t, ev->headers, ev->nheaders, &e->nheaders);
		return;
	case KT_EVENT_UPSTREAM_BODY:
		e = add(t, KT_SESSION_BODY, ev->mono_us);
		if (e != NULL)
			put(t, ev->bytes, &e->at, &e->len);
		return;
	case KT_EVENT_UPSTREAM_END:
		(void)add(t, KT_SESSION_END, ev->mono_us);
		return;
	case KT_EVENT_UPSTREAM_FAIL:
		e = add(t, KT_SESSION_FAIL, ev->mono_us);
		if (e != NULL)
			e->n = ev->fault;
		return;
	case KT_EVENT_SENT:
		sent(t, ev);
		return;
	case KT_EVENT_CLIENT_GONE:
		(void)add(t, KT_SESSION_GONE, ev->mono_us);
		return;
	case KT_EVENT_STOP:
		(void)add(t, KT_SESSION_STOP, ev->mono_us);
		return;
	case KT_EVENT_RECORDED:
		if (!ev->is_ok)
			(void)add(t, KT_SESSION_LOST, ev->mono_us);
		return;
	case KT_EVENT_JOB_DONE:
		end_job(t, ev);
		return;
	case KT_EVENT_UPSTREAM_SENT: /* these follow from the others */
	case KT_EVENT_DEADLINE:
	case KT_EVENT_TURN:
		return;
	}
}

void
kt_tape_order(struct kt_tape *t, const struct kt_order *o)
{
	struct kt_tape_event *e;

	if (t->is_torn)
		return;
	if (o->kind == KT_ORDER_JOB)
		add_job(t, o);
	if (o->kind == KT_ORDER_RECORD) {
		kt_buf_reset(&t->record);
		t->is_torn |= kt_buf_add(&t->record, o->bytes) < 0;
	} else if (o->kind == KT_ORDER_UPSTREAM) {
		e = add(t, KT_SESSION_UP, t->mono_us);
		if (e == NULL)
			return;
		e->at_us = t->n > 1 ? t->events[t->n - 2].at_us : t->asked_us;
		e->n = o->target->format;
		put(t, o->target->id, &e->at, &e->len);
	}
}

void
kt_tape_end(struct kt_tape *t, const struct kt_summary *s)
{
	const struct kt_span from[] = { s->caller.id, s->caller.kind,
		s->caller.auth_method, s->caller.token_id, s->caller.group };
	size_t at[KT_NELEMS(from)], len[KT_NELEMS(from)];

	for (size_t i = 0; i < KT_NELEMS(from); i++)
		put(t, from[i], &at[i], &len[i]);
	for (size_t i = 0; i < KT_NELEMS(from); i++)
		t->caller[i] = kt_tape_bytes(t, at[i], len[i]);
	t->lacks_scope = s->caller.lacks_scope;
	t->is_call = s->is_call;
	t->endpoint = KT_ENDPOINT_NONE;
	(void)kt_endpoint_of(s->endpoint, &t->endpoint); /* NONE has no name */
}
