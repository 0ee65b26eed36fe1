/*
 * play - the session is the world: it brings the request, the answers and
 * the time.  Orders that need nothing from outside (a turn, a record, a
 * deadline that comes before the next event) are carried out at once.
 *
 * A candidate may ask a target that the recording did not.  It gets the
 * answer that was recorded if it would understand it, else one that is made
 * up and that says nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "replay/replay.h"
#include "session/media.h"

#define EVENTS_MAX 100000 /* of the machine's own making */
#define CHUNK 65536
#define JOBS_MAX 64
#define EPOCH_US 1000000 /* no time is zero */

struct stage {
	const struct kt_session_call *c;
	struct kt_exchange *x;
	struct kt_replayed *out;
	uint64_t mono_us, t0_us, deadline_us;
	const struct kt_target *target; /* of the attempt under way */
	bool wants_turn, wants_record, wants_open, wants_answer, is_up, has_failed;
	/* How often the audit log could not take a record, before the request
	   went up and all in all. */
	unsigned lost_early, nlost;
	size_t used[16], nused; /* attempts that were played, by their event */
	uint64_t made; /* events */
	struct kt_order jobs[JOBS_MAX]; /* asked for */
	size_t njobs;
};

static void
take(struct stage *s, const struct kt_order *o)
{
	switch (o->kind) {
	case KT_ORDER_UPSTREAM:
		s->is_up = s->wants_answer = true;
		s->target = o->target;
		break;
	case KT_ORDER_UPSTREAM_CANCEL:
		s->is_up = s->wants_answer = false;
		break;
	case KT_ORDER_OPEN:
		s->wants_open = true;
		break;
	case KT_ORDER_RECORD:
		s->wants_record = true;
		kt_buf_reset(&s->out->record);
		s->has_failed |= kt_buf_add(&s->out->record, o->bytes) < 0;
		break;
	case KT_ORDER_TURN:
		s->wants_turn = true;
		break;
	case KT_ORDER_DEADLINE:
		s->deadline_us = o->at_us;
		break;
	case KT_ORDER_JOB:
		if (s->njobs < JOBS_MAX)
			s->jobs[s->njobs++] = *o;
		break;
	case KT_ORDER_END:
		s->out->has_ended = true;
		break;
	case KT_ORDER_NONE: case KT_ORDER_UPSTREAM_BODY:
	case KT_ORDER_UPSTREAM_FINISH: case KT_ORDER_UPSTREAM_PAUSE:
	case KT_ORDER_UPSTREAM_RESUME: case KT_ORDER_REQUEST_PAUSE:
	case KT_ORDER_REQUEST_RESUME: case KT_ORDER_ANSWER_HEAD:
	case KT_ORDER_ANSWER_BODY: case KT_ORDER_ANSWER_END:
	case KT_ORDER_ANSWER_ABORT: case KT_ORDER_JOB_CANCEL:
		break;
	}
}

static void
feed_one(struct stage *s, struct kt_event ev)
{
	struct kt_order o;

	ev.mono_us = s->mono_us;
	ev.wall_us = s->t0_us + s->mono_us - EPOCH_US;
	kt_exchange_feed(s->x, &ev);
	while (kt_exchange_next(s->x, &o))
		take(s, &o);
}

/* What was recorded of a job; of others nothing is known. */
static void
feed_job(struct stage *s, const struct kt_order *o)
{
	struct kt_event ev = { .kind = KT_EVENT_JOB_DONE, .job = o->job };
	struct kt_buf answer;

	kt_buf_init(&answer, KT_MEDIA_ANSWER_MAX);
	if (o->job_kind != KT_JOB_REMEMBER &&
	    kt_session_answer_of(s->c, o, &answer) < 0) {
		s->out->lacks_fact = true;
		kt_buf_reset(&answer);
	}
	ev.bytes = kt_buf_span(&answer);
	feed_one(s, ev);
	kt_buf_fini(&answer);
}

/* What the machine asks for that needs nothing from outside. */
static void
settle(struct stage *s)
{
	while ((s->wants_turn || s->wants_record || s->wants_open ||
	           s->njobs > 0) && !s->out->has_ended && s->made++ < EVENTS_MAX) {
		struct kt_event ev = { .kind = KT_EVENT_RECORDED,
			.bytes = KT_SPAN("replay#0;00") };

		if (s->wants_turn) {
			s->wants_turn = false;
			ev = (struct kt_event){ .kind = KT_EVENT_TURN };
		} else if (s->njobs > 0) {
			struct kt_order job = s->jobs[--s->njobs];

			feed_job(s, &job);
			continue;
		} else if (s->wants_open) {
			s->wants_open = false;
			ev.is_ok = s->lost_early == 0;
			s->nlost -= s->lost_early > 0;
		} else {
			s->wants_record = false;
			ev.is_ok = s->nlost == 0;
		}
		feed_one(s, ev);
	}
}

/* Time passes; deadlines that fall into it come first. */
static void
pass(struct stage *s, uint64_t to_us)
{
	while (!s->out->has_ended && s->deadline_us != 0 &&
	    s->deadline_us <= to_us && s->made++ < EVENTS_MAX) {
		if (s->deadline_us > s->mono_us)
			s->mono_us = s->deadline_us;
		s->deadline_us = 0;
		feed_one(s, (struct kt_event){ .kind = KT_EVENT_DEADLINE });
		settle(s);
	}
	if (to_us > s->mono_us)
		s->mono_us = to_us;
}

static void
feed(struct stage *s, struct kt_event ev)
{
	if (s->out->has_ended)
		return;
	feed_one(s, ev);
	settle(s);
}

static void
feed_bytes(struct stage *s, enum kt_event_kind kind, struct kt_span bytes)
{
	for (; bytes.len > 0; bytes = kt_span_sub(bytes, CHUNK, bytes.len))
		feed(s, (struct kt_event){ .kind = kind,
		    .bytes = kt_span_sub(bytes, 0, CHUNK) });
}

static enum kt_rc
feed_pieces(struct stage *s, enum kt_event_kind kind,
    const struct kt_session_piece *p, size_t n, size_t limit)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, limit);
	rc = kt_session_join(p, n, &b);
	if (rc == KT_OK && kind == KT_EVENT_REQUEST_BODY)
		feed_bytes(s, kind, kt_buf_span(&b));
	else if (rc == KT_OK)
		feed(s, (struct kt_event){ .kind = kind,
		    .bytes = kt_buf_span(&b) });
	kt_buf_fini(&b);
	return rc;
}

/* ---- answers ---- */

static bool
was_used(const struct stage *s, size_t at)
{
	for (size_t i = 0; i < s->nused; i++) {
		if (s->used[i] == at)
			return true;
	}
	return false;
}

static bool
has_head(const struct kt_session_call *c, size_t up)
{
	for (size_t i = up + 1;
	     i < c->nevents && c->events[i].kind != KT_SESSION_UP; i++) {
		if (c->events[i].kind == KT_SESSION_HEAD)
			return true;
	}
	return false;
}

/* The format in which this target would answer this request. */
static bool
is_understood(const struct stage *s, enum kt_format format)
{
	return format == KT_FORMAT_NONE || format == KT_FORMAT_RESPONSES ||
	    format == s->target->format;
}

/* What was recorded of the same target, else the last real answer. */
static bool
find_answer(struct stage *s, size_t *at)
{
	const struct kt_session_call *c = s->c;
	bool has_any = false;

	for (size_t i = 0; i < c->nevents; i++) {
		const struct kt_session_event *e = &c->events[i];

		if (e->kind != KT_SESSION_UP || was_used(s, i))
			continue;
		if (kt_span_eq(e->target, s->target->id)) {
			*at = i;
			return true;
		}
		if (is_understood(s, e->format) && has_head(c, i)) {
			*at = i;
			has_any = true;
		}
	}
	return has_any;
}

static void
make_up(struct stage *s)
{
	static const struct kt_header type = { KT_SPAN_INIT("content-type"),
		KT_SPAN_INIT("application/json") };
	static const struct kt_span bodies[] = {
		[KT_FORMAT_NONE] = KT_SPAN_INIT("{}"),
		[KT_FORMAT_ANTHROPIC] = KT_SPAN_INIT(
		    "{\"id\":\"msg_0\",\"type\":\"message\",\"role\":"
		    "\"assistant\",\"model\":\"m\",\"content\":[],"
		    "\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
		    "\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}"),
		[KT_FORMAT_OPENAI] = KT_SPAN_INIT(
		    "{\"id\":\"c_0\",\"object\":\"chat.completion\","
		    "\"created\":0,\"model\":\"m\",\"choices\":[{\"index\":0,"
		    "\"message\":{\"role\":\"assistant\",\"content\":\"\"},"
		    "\"finish_reason\":\"stop\"}]}"),
	};
	size_t f = s->target->format;

	s->out->is_answer_made_up = true;
	feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
	    .status = 200, .headers = &type, .nheaders = 1 });
	if (s->is_up)
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
		    .bytes = bodies[f < KT_NELEMS(bodies) ? f : 0] });
	if (s->is_up)
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_END });
}

static enum kt_rc
play_event(struct stage *s, const struct kt_session_event *e)
{
	pass(s, EPOCH_US + e->at_us);
	switch (e->kind) {
	case KT_SESSION_HEAD:
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
		    .status = (unsigned)e->n, .headers = e->headers,
		    .nheaders = e->nheaders });
		break;
	case KT_SESSION_BODY:
		if (s->is_up)
			return feed_pieces(s, KT_EVENT_UPSTREAM_BODY, e->pieces,
			    e->npieces, KT_SESSION_CALL_MAX);
		break;
	case KT_SESSION_END:
		if (s->is_up)
			feed(s, (struct kt_event){
			    .kind = KT_EVENT_UPSTREAM_END });
		break;
	case KT_SESSION_FAIL:
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_FAIL,
		    .fault = (enum kt_fault)e->n });
		break;
	case KT_SESSION_SENT:
		feed(s, (struct kt_event){ .kind = KT_EVENT_SENT, .n = e->n });
		break;
	case KT_SESSION_GONE:
		feed(s, (struct kt_event){ .kind = KT_EVENT_CLIENT_GONE });
		break;
	case KT_SESSION_STOP:
		feed(s, (struct kt_event){ .kind = KT_EVENT_STOP });
		break;
	case KT_SESSION_UP:
	case KT_SESSION_LOST:
	case KT_NSESSION_EVENTS:
		break;
	}
	return KT_OK;
}

/* Events behind `at`, to the next attempt. */
static enum kt_rc
play_events(struct stage *s, size_t at)
{
	const struct kt_session_call *c = s->c;
	enum kt_rc rc = KT_OK;

	for (size_t i = at; rc == KT_OK && i < c->nevents &&
	     c->events[i].kind != KT_SESSION_UP && !s->out->has_ended &&
	     !s->wants_answer; i++)
		rc = play_event(s, &c->events[i]);
	return rc;
}

static enum kt_rc
play_answers(struct stage *s)
{
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && s->wants_answer && !s->out->has_ended &&
	    s->made++ < EVENTS_MAX) {
		size_t at;

		s->wants_answer = false;
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_SENT });
		if (s->nused < KT_NELEMS(s->used) && find_answer(s, &at)) {
			s->used[s->nused++] = at;
			rc = play_events(s, at + 1);
		} else {
			make_up(s);
		}
		/* Silence until the end: what is due comes. */
		while (!s->out->has_ended && !s->wants_answer &&
		    s->deadline_us != 0 && s->made < EVENTS_MAX)
			pass(s, s->deadline_us);
	}
	return rc;
}

static void
count_lost(struct stage *s)
{
	bool is_early = true;

	for (size_t i = 0; i < s->c->nevents; i++) {
		is_early &= s->c->events[i].kind != KT_SESSION_UP;
		s->nlost += s->c->events[i].kind == KT_SESSION_LOST;
		if (is_early)
			s->lost_early = s->nlost;
	}
}

static enum kt_rc
play(struct stage *s)
{
	const struct kt_session_call *c = s->c;
	enum kt_rc rc;

	feed(s, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
	    .method = c->method, .target = c->path, .headers = c->headers,
	    .nheaders = c->nheaders, .has_body = c->has_body });
	s->mono_us += c->asked_us;
	rc = feed_pieces(s, KT_EVENT_REQUEST_BODY, c->pieces, c->npieces,
	    KT_FILE_MAX);
	feed(s, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
	/* Before an attempt: a client that went away. */
	if (rc == KT_OK && !s->wants_answer)
		rc = play_events(s, 0);
	return rc == KT_OK ? play_answers(s) : rc;
}

enum kt_rc
kt_replay_call(const struct kt_replay *r, const struct kt_session_call *c,
    uint64_t t0_us, struct kt_replayed *out, struct kt_err *err)
{
	struct kt_exchange_options o = { .program = r->program,
		.scratch = r->scratch, .is_audit_up = c->is_audit_up,
		.peer = { .address = KT_SPAN("127.0.0.1"),
		    .is_tls = c->is_tls },
		.caller = &c->caller,
		.measures = { c->measures[0], c->measures[1] } };
	struct stage s = { .c = c, .out = out, .mono_us = EPOCH_US,
		.t0_us = t0_us + c->at_us };
	enum kt_rc rc;

	*out = (struct kt_replayed){ .has_ended = false };
	kt_buf_init(&out->record, KT_SESSION_LINE_MAX);
	memcpy(o.seed, "0123456789abcdef0123456789abcdef", sizeof(o.seed));
	s.x = kt_exchange_new(&o);
	if (s.x == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	count_lost(&s);
	rc = play(&s);
	kt_exchange_free(&s.x);
	if (rc < 0 || s.has_failed)
		return kt_fail(err, KT_E_LIMIT, "call %llu is larger than what "
		    "is played", (unsigned long long)c->n);
	return kt_outcome_read(&out->outcome, kt_buf_span(&out->record), err);
}
