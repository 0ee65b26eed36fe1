/*
 * play - one call through the machine, with the case as the world.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What came of it is read from the record, as an auditor would.
 */
#include "auth/auth.h"
#include "json/json.h"
#include "trial/trial_priv.h"

#define BODY_MAX (8u << 20)
/* 2026-11-20T10:00:00Z, unless a case says another time. */
#define NOW_US 1795168800000000u

struct stage {
	struct kt_exchange *x;
	struct kt_trial_result *r;
	const struct kt_target *target;
	uint64_t wall_us, turns;
	uint32_t jobs[16]; /* to be answered: nothing is read here */
	size_t njobs;
	bool wants_turn, wants_record, is_up, has_failed;
};

static void
take_order(struct stage *s, const struct kt_order *o)
{
	switch (o->kind) {
	case KT_ORDER_UPSTREAM:
		s->is_up = true;
		s->target = o->target;
		break;
	case KT_ORDER_UPSTREAM_CANCEL:
		s->is_up = false;
		break;
	case KT_ORDER_ANSWER_HEAD:
		s->r->status = o->status;
		break;
	case KT_ORDER_OPEN: /* all that it says is in the record, too */
		s->wants_record = true;
		break;
	case KT_ORDER_RECORD:
		s->wants_record = true;
		kt_buf_reset(&s->r->record);
		s->has_failed |= kt_buf_add(&s->r->record, o->bytes) < 0;
		break;
	case KT_ORDER_JOB:
		if (s->njobs < KT_NELEMS(s->jobs))
			s->jobs[s->njobs++] = o->job;
		break;
	case KT_ORDER_TURN:
		s->wants_turn = true;
		break;
	case KT_ORDER_END:
		s->r->has_ended = true;
		break;
	case KT_ORDER_NONE: case KT_ORDER_UPSTREAM_BODY:
	case KT_ORDER_UPSTREAM_FINISH: case KT_ORDER_UPSTREAM_PAUSE:
	case KT_ORDER_UPSTREAM_RESUME: case KT_ORDER_REQUEST_PAUSE:
	case KT_ORDER_REQUEST_RESUME: case KT_ORDER_ANSWER_BODY:
	case KT_ORDER_ANSWER_END: case KT_ORDER_ANSWER_ABORT:
	case KT_ORDER_JOB_CANCEL: case KT_ORDER_DEADLINE:
		break;
	}
}

static void
feed_one(struct stage *s, struct kt_event ev)
{
	struct kt_order o;

	ev.mono_us = 1;
	ev.wall_us = s->wall_us;
	kt_exchange_feed(s->x, &ev);
	while (kt_exchange_next(s->x, &o))
		take_order(s, &o);
}

/* An event, and what the machine asks for before it goes on. */
static void
feed(struct stage *s, struct kt_event ev)
{
	if (s->r->has_ended)
		return;
	feed_one(s, ev);
	while ((s->njobs > 0 || s->wants_turn || s->wants_record) &&
	    !s->r->has_ended) {
		if (s->njobs > 0) {
			feed_one(s, (struct kt_event){ .kind = KT_EVENT_JOB_DONE,
			    .job = s->jobs[--s->njobs] });
		} else if (s->wants_turn) {
			s->wants_turn = false;
			feed_one(s, (struct kt_event){ .kind = KT_EVENT_TURN });
		} else {
			s->wants_record = false;
			feed_one(s, (struct kt_event){ .kind = KT_EVENT_RECORDED,
			    .is_ok = true, .bytes = KT_SPAN("test#1;00") });
		}
	}
}

static void
copy(char *to, size_t room, struct kt_span s)
{
	(void)snprintf(to, room, "%.*s", KT_SPAN_ARG(s));
}

static void
read_rules(const struct kt_json *j, struct kt_span text, uint32_t root,
    struct kt_trial_result *r)
{
	uint32_t list = kt_json_member(j, text, root, KT_SPAN("rules"));

	for (uint32_t n = kt_json_first(j, list); n != 0; n = kt_json_next(j, n)) {
		bool is_deciding = false;

		(void)kt_json_bool(j, kt_json_member(j, text, n,
		    KT_SPAN("deciding")), &is_deciding); /* absent: it is not */
		if (!is_deciding)
			continue;
		copy(r->policy, sizeof(r->policy), kt_json_string(j, text,
		    kt_json_member(j, text, n, KT_SPAN("policy"))));
		copy(r->rule, sizeof(r->rule), kt_json_string(j, text,
		    kt_json_member(j, text, n, KT_SPAN("rule"))));
		return;
	}
}

enum kt_rc
kt_trial_read_record(struct kt_trial_result *r)
{
	struct kt_span text = kt_buf_span(&r->record);
	struct kt_err err;
	struct kt_json j;
	uint32_t root, node;
	enum kt_rc rc;

	if (text.len == 0)
		return KT_OK;
	kt_json_init(&j, BODY_MAX);
	rc = kt_json_parse(&j, text, &err);
	root = rc == KT_OK ? kt_json_root(&j) : 0;
	copy(r->decision, sizeof(r->decision), kt_json_string(&j, text,
	    kt_json_member(&j, text, root, KT_SPAN("decision"))));
	copy(r->data_class, sizeof(r->data_class), kt_json_string(&j, text,
	    kt_json_member(&j, text, root, KT_SPAN("data_class"))));
	node = kt_json_first(&j,
	    kt_json_member(&j, text, root, KT_SPAN("reason_codes")));
	if (node == 0) /* a reject has one */
		node = kt_json_member(&j, text, root, KT_SPAN("reason_code"));
	copy(r->reason_code, sizeof(r->reason_code),
	    kt_json_string(&j, text, node));
	read_rules(&j, text, root, r);
	kt_json_fini(&j);
	return rc;
}

static enum kt_rc
upstream(struct stage *s, const struct kt_trial_case *c)
{
	struct kt_header type = { KT_SPAN("content-type"), c->request.stream ?
		KT_SPAN("text/event-stream") : KT_SPAN("application/json") };
	struct kt_buf answer;
	enum kt_rc rc;

	if (!s->is_up)
		return KT_OK;
	kt_buf_init(&answer, BODY_MAX);
	rc = kt_trial_answer(c, s->target->format, &answer);
	if (rc == KT_OK) {
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_SENT });
		feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_HEAD,
		    .status = 200, .headers = &type, .nheaders = 1 });
		if (s->is_up)
			feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_BODY,
			    .bytes = kt_buf_span(&answer) });
		if (s->is_up)
			feed(s, (struct kt_event){ .kind = KT_EVENT_UPSTREAM_END });
	}
	kt_buf_fini(&answer);
	return rc;
}

enum kt_rc
kt_trial_play(const struct kt_trial *t, const struct kt_trial_case *c,
    struct kt_trial_result *out)
{
	static const struct kt_span targets[] = {
		KT_SPAN_INIT("/v1/messages"), KT_SPAN_INIT("/v1/chat/completions") };
	struct kt_header headers[] = {
		{ KT_SPAN("content-type"), KT_SPAN("application/json") },
		{ KT_SPAN("authorization"), KT_SPAN("Bearer test") },
	};
	const struct kt_caller caller = { .id = c->given.principal,
		.group = c->given.group, .kind = KT_SPAN("unknown"),
		.auth_method = KT_SPAN("none") };
	struct kt_exchange_options o = { .program = t->program,
		.scratch = t->scratch, .is_audit_up = true, .caller = &caller,
		.peer.address = KT_SPAN("127.0.0.1") };
	struct stage s = { .r = out, .wall_us = NOW_US };
	uint64_t seconds;
	struct kt_buf body;
	enum kt_rc rc;

	kt_buf_init(&body, BODY_MAX);
	rc = kt_trial_body(c, &body);
	if (kt_auth_when_parse(c->given.now, &seconds))
		s.wall_us = seconds * 1000000;
	memcpy(o.seed, "0123456789abcdef0123456789abcdef", sizeof(o.seed));
	if (rc == KT_OK && (s.x = kt_exchange_new(&o)) == NULL)
		rc = KT_E_LIMIT;
	if (rc == KT_OK) {
		feed(&s, (struct kt_event){ .kind = KT_EVENT_REQUEST_HEAD,
		    .method = KT_SPAN("POST"),
		    .target = targets[c->request.api], .headers = headers,
		    .nheaders = KT_NELEMS(headers), .has_body = true });
		feed(&s, (struct kt_event){ .kind = KT_EVENT_REQUEST_BODY,
		    .bytes = kt_buf_span(&body) });
		feed(&s, (struct kt_event){ .kind = KT_EVENT_REQUEST_END });
		rc = upstream(&s, c);
		if (rc == KT_OK)
			rc = kt_trial_read_record(out);
		if (s.has_failed)
			rc = KT_E_LIMIT;
		kt_exchange_free(&s.x);
	}
	kt_buf_fini(&body);
	return rc;
}
