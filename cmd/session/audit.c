/*
 * audit - a record names its findings, and a stand-in is found as what it
 * stands for: so a request of stand-ins is decided like the one that was.
 * What else a decision depended on is not in the record; whether it did is
 * found out by deciding again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "audit/canon.h"
#include "audit/record.h"
#include "cmd/audit/judge.h"
#include "cmd/replay/replay.h"
#include "cmd/session/audit.h"
#include "config.h"
#include "detect/standin.h"
#include "exchange/look.h"
#include "json/json.h"
#include "json/write.h"
#include "session/copy.h"

#define CALL_ARENA (4u << 20)
#define TEXT_MAX (1u << 20)
#define EVENTS_MAX 64
#define STEP_US 1000 /* between two events nobody timed */

struct import {
	struct kt_replay_run *r;
	const struct kt_replay_variant *v;
	struct kt_scratch *scratch;
	struct kt_look *look;
	struct kt_session_copy *copy;
	struct kt_buf out;
	uint64_t t0_us, n, nother, nlost;
	struct kt_err err;
	/* The record at hand. */
	struct kt_arena *mem;
	struct kt_json json;
	struct kt_span line;
	uint32_t root;
	bool is_stream, is_broken; /* broken: the answer was */
};

static uint32_t
find(const struct import *m, uint32_t object, const char *name)
{
	return kt_json_member(&m->json, m->line, object, kt_span_of(name));
}

static struct kt_span
text(const struct import *m, uint32_t object, const char *name)
{
	return kt_json_string(&m->json, m->line, find(m, object, name));
}

/* ---- bodies ---- */

static const struct kt_detector *
detector_of(const struct import *m, struct kt_span id)
{
	const struct kt_detector *d;

	for (size_t i = 0; (d = kt_look_detector(m->look, i)) != NULL; i++) {
		if (kt_span_eq(id, kt_span_of(d->id)))
			return d;
	}
	return NULL;
}

/* A text of what was found in a component. */
static enum kt_rc
add_findings(const struct import *m, const char *component, struct kt_buf *out)
{
	uint32_t list = find(m, m->root, "detections");
	uint32_t tag = 0;
	enum kt_rc rc = KT_OK;

	for (uint32_t n = kt_json_first(&m->json, list); n != 0 && rc == KT_OK;
	     n = kt_json_next(&m->json, n)) {
		const struct kt_detector *d;
		uint64_t confidence = 0;

		if (!kt_span_eq(text(m, n, "component"), kt_span_of(component)))
			continue;
		d = detector_of(m, text(m, n, "detector"));
		if (d == NULL)
			return KT_E_PARSE;
		(void)kt_json_u64(&m->json, m->line,
		    find(m, n, "max_conf_pm"), &confidence); /* canonical */
		rc = kt_standin_write(out, d, (uint16_t)confidence, ++tag);
		if (rc == KT_OK)
			rc = kt_buf_addc(out, ' ');
	}
	return rc;
}

static void
put_findings(const struct import *m, struct kt_json_writer *w,
    const char *member, const char *component)
{
	struct kt_buf b;

	kt_buf_init(&b, TEXT_MAX);
	if (add_findings(m, component, &b) < 0)
		w->rc = KT_E_PARSE;
	kt_json_named_string(w, member, kt_buf_span(&b));
	kt_buf_fini(&b);
}

static void
put_type(struct kt_json_writer *w, const char *type)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "type", type);
}

/* A call of before with what was found in such, and its result. */
static void
put_tools_of_before(const struct import *m, struct kt_json_writer *w)
{
	kt_json_put_raw(w, KT_SPAN("{\"role\":\"user\",\"content\":\"\"}"));
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "assistant");
	kt_json_named_array(w, "content");
	put_type(w, "tool_use");
	kt_json_named_cstr(w, "id", "toolu_0");
	kt_json_named_cstr(w, "name", "imported");
	kt_json_named_object(w, "input");
	put_findings(m, w, "text", "tool_use");
	kt_json_end_object(w);
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static void
put_last_message(const struct import *m, struct kt_json_writer *w)
{
	kt_json_begin_object(w);
	kt_json_named_cstr(w, "role", "user");
	kt_json_named_array(w, "content");
	put_type(w, "tool_result");
	kt_json_named_cstr(w, "tool_use_id", "toolu_0");
	put_findings(m, w, "content", "tool_results");
	kt_json_end_object(w);
	put_type(w, "text");
	put_findings(m, w, "text", "messages");
	kt_json_end_object(w);
	kt_json_end_array(w);
	kt_json_end_object(w);
}

static enum kt_rc
make_request(const struct import *m, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_string(&w, "model", text(m, m->root, "model_requested"));
	kt_json_named_u64(&w, "max_tokens", 1);
	kt_json_named_bool(&w, "stream", m->is_stream);
	put_findings(m, &w, "system", "system");
	kt_json_named_array(&w, "tools");
	kt_json_begin_object(&w);
	kt_json_named_cstr(&w, "name", "imported");
	put_findings(m, &w, "description", "tools");
	kt_json_named_raw(&w, "input_schema", KT_SPAN("{\"type\":\"object\"}"));
	kt_json_end_object(&w);
	kt_json_end_array(&w);
	kt_json_named_array(&w, "messages");
	put_tools_of_before(m, &w);
	put_last_message(m, &w);
	kt_json_end_array(&w);
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

/* ---- answers ---- */

static enum kt_rc
make_whole(const struct import *m, struct kt_buf *out)
{
	struct kt_json_writer w;

	kt_json_writer_init(&w, out);
	kt_json_begin_object(&w);
	kt_json_named_cstr(&w, "id", "msg_0");
	kt_json_named_cstr(&w, "type", "message");
	kt_json_named_cstr(&w, "role", "assistant");
	kt_json_named_string(&w, "model", text(m, m->root, "model_served"));
	kt_json_named_array(&w, "content");
	put_type(&w, "text");
	put_findings(m, &w, "text", "completion");
	kt_json_end_object(&w);
	kt_json_end_array(&w);
	kt_json_named_cstr(&w, "stop_reason", "end_turn");
	kt_json_named_null(&w, "stop_sequence");
	kt_json_put_name(&w, "usage");
	kt_json_put_raw(&w, KT_SPAN("{\"input_tokens\":0,\"output_tokens\":0}"));
	kt_json_end_object(&w);
	return kt_json_written(&w);
}

static enum kt_rc
make_stream(const struct import *m, struct kt_buf *out)
{
	static const char begin[] =
	    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
	    "{\"id\":\"msg_0\",\"type\":\"message\",\"role\":\"assistant\","
	    "\"model\":\"m\",\"content\":[],\"stop_reason\":null,"
	    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,"
	    "\"output_tokens\":0}}}\n\nevent: content_block_start\ndata: "
	    "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
	    "{\"type\":\"text\",\"text\":\"\"}}\n\n"
	    "event: content_block_delta\ndata: {\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"";
	static const char end[] = "\"}}\n\nevent: content_block_stop\ndata: "
	    "{\"type\":\"content_block_stop\",\"index\":0}\n\n"
	    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
	    "{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":"
	    "{\"output_tokens\":0}}\n\nevent: message_stop\ndata: {\"type\":"
	    "\"message_stop\"}\n\n";
	enum kt_rc rc = kt_buf_add(out, kt_span_of(begin));

	if (rc == KT_OK) /* stand-ins need no escape */
		rc = add_findings(m, "completion", out);
	/* One that broke off has no end. */
	return rc < 0 ? rc : kt_buf_add(
	    out, m->is_broken ? KT_SPAN("\"}}\n\n") : kt_span_of(end));
}

static enum kt_rc
make_error(const struct import *m, struct kt_buf *out)
{
	enum kt_rc rc = kt_buf_add(out, KT_SPAN("{\"type\":\"error\",\"error\":{"
	    "\"type\":\"api_error\",\"message\":\""));

	if (rc == KT_OK)
		rc = add_findings(m, "completion", out);
	return rc < 0 ? rc : kt_buf_add(out, KT_SPAN("\"}}"));
}

/* ---- a call ---- */

/* One piece of a session: the text with its escapes, in mem. */
static const struct kt_session_piece *
piece_of(const struct import *m, struct kt_span body)
{
	struct kt_session_piece *p = kt_arena_alloc(m->mem, sizeof(*p));
	struct kt_buf raw;

	kt_buf_init(&raw, 2 * TEXT_MAX);
	if (p != NULL && kt_json_write_escaped(&raw, body) == KT_OK)
		p->raw = kt_arena_dup(m->mem, kt_buf_span(&raw));
	kt_buf_fini(&raw);
	return p != NULL && p->raw.len > 0 ? p : NULL;
}

static struct kt_session_event *
add_event(struct kt_session_call *c, enum kt_session_event_kind kind)
{
	struct kt_session_event *e;

	if (c->nevents == EVENTS_MAX)
		return NULL;
	e = &c->events[c->nevents];
	*e = (struct kt_session_event){ .kind = kind,
		.at_us = ++c->nevents * STEP_US };
	return e;
}

static const struct kt_target *
target_of(const struct import *m, struct kt_span id)
{
	size_t n;
	const struct kt_target *t =
	    kt_program_targets(m->v->programs[KT_REPLAY_NEW], &n);

	for (size_t i = 0; i < n; i++) {
		if (kt_span_eq(t[i].id, id))
			return &t[i];
	}
	return NULL;
}

static const struct kt_header *
type_of(const struct import *m, bool is_stream)
{
	struct kt_header *h = kt_arena_alloc(m->mem, sizeof(*h));

	if (h != NULL)
		*h = (struct kt_header){ KT_SPAN("content-type"), is_stream ?
			KT_SPAN("text/event-stream") : KT_SPAN("application/json") };
	return h;
}

static enum kt_rc
make_body(const struct import *m, uint64_t status, struct kt_session_event *e)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, TEXT_MAX);
	if (status >= 300)
		rc = make_error(m, &b);
	else
		rc = m->is_stream ? make_stream(m, &b) : make_whole(m, &b);
	if (rc == KT_OK) {
		e->pieces = piece_of(m, kt_buf_span(&b));
		e->npieces = 1;
		rc = e->pieces != NULL ? KT_OK : KT_E_LIMIT;
	}
	kt_buf_fini(&b);
	return rc;
}

static enum kt_rc
add_attempt(const struct import *m, uint32_t attempt,
    struct kt_session_call *c)
{
	const struct kt_target *t = target_of(m, text(m, attempt, "target"));
	struct kt_session_event *up = add_event(c, KT_SESSION_UP), *e;
	uint64_t status = 0;

	(void)kt_json_u64(&m->json, m->line, find(m, attempt, "status"),
	    &status); /* null: there was none */
	if (t == NULL || t->format != KT_FORMAT_ANTHROPIC || up == NULL)
		return KT_E_PARSE;
	up->target = t->id;
	up->format = t->format;
	e = add_event(c, status == 0 ? KT_SESSION_FAIL : KT_SESSION_HEAD);
	if (e == NULL)
		return KT_E_PARSE;
	e->n = status == 0 ? KT_FAULT_CONNECT : status;
	if (status == 0)
		return KT_OK;
	e->headers = type_of(m, m->is_stream && status < 300);
	e->nheaders = 1;
	e = add_event(c, KT_SESSION_BODY);
	if (e == NULL || make_body(m, status, e) < 0)
		return KT_E_PARSE;
	e = add_event(c, m->is_broken ? KT_SESSION_FAIL : KT_SESSION_END);
	if (e == NULL)
		return KT_E_PARSE;
	e->n = m->is_broken ? KT_FAULT_RESET : 0;
	return KT_OK;
}

static enum kt_rc
make_call(struct import *m, struct kt_session_call *c)
{
	uint32_t who = find(m, m->root, "principal");
	uint32_t list = find(m, m->root, "attempts");
	struct kt_buf body;
	enum kt_rc rc;

	*c = (struct kt_session_call){ .method = KT_SPAN("POST"),
		.path = text(m, m->root, "path"), .asked_us = STEP_US,
		.conversation = text(m, find(m, m->root, "agent"),
		    "conversation"),
		.caller = { .id = text(m, who, "id"), .kind = text(m, who, "kind"),
		    .auth_method = text(m, who, "auth_method") },
		.headers = type_of(m, false), .nheaders = 1,
		.is_audit_up = true, .has_body = true, .has_gaps = true,
		.events = kt_arena_array(m->mem, EVENTS_MAX, sizeof(*c->events)),
		.npieces = 1, .record = m->line };
	if (c->headers == NULL || c->events == NULL)
		return KT_E_LIMIT;
	m->is_stream = kt_json_type(&m->json, find(m, m->root, "stream")) ==
	    KT_JSON_OBJECT;
	m->is_broken = kt_span_eq(text(m, m->root, "outcome"),
	    kt_span_of(kt_audit_outcome_name(KT_AUDIT_UPSTREAM_ERROR)));
	kt_buf_init(&body, TEXT_MAX);
	rc = make_request(m, &body);
	c->pieces = rc == KT_OK ? piece_of(m, kt_buf_span(&body)) : NULL;
	kt_buf_fini(&body);
	if (c->pieces == NULL)
		return KT_E_PARSE;
	for (uint32_t n = kt_json_first(&m->json, list); n != 0 && rc == KT_OK;
	     n = kt_json_next(&m->json, n))
		rc = add_attempt(m, n, c);
	return rc;
}

/* Does the policy that was in force do the same to it? */
static bool
is_true_to_its_record(struct import *m, const struct kt_session_call *c)
{
	struct kt_replay play = { m->v->programs[KT_REPLAY_NEW], m->scratch };
	struct kt_replayed now;
	struct kt_outcome from;
	struct kt_err err;
	bool is_same = kt_replay_call(&play, c, m->t0_us, &now, &err) == KT_OK &&
	    kt_outcome_read(&from, c->record, &err) == KT_OK &&
	    now.has_ended && !now.lacks_fact &&
	    kt_outcome_compare(&from, &now.outcome) == KT_CHANGE_NONE;

	kt_buf_fini(&now.record);
	return is_same;
}

/* ---- the session ---- */

static enum kt_rc
begin_session(struct import *m, uint64_t t0_us)
{
	struct kt_session s = { .kt = KT_SPAN(PACKAGE_VERSION),
		.source = KT_SPAN(KT_REPLAY_OF_LOG), .is_facts_only = true,
		.policy_hash = kt_program_hash(m->v->programs[KT_REPLAY_NEW]),
		.policy_version = text(m, m->root, "policy_version") };
	struct kt_session_detector *d;
	const struct kt_buf *lists[] = { &m->v->heard, &m->v->settled };
	char id[32];
	size_t n = 0;

	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		for (size_t k = 0; k < lists[i]->len; k++)
			n += lists[i]->ptr[k] == '\n';
	}
	d = kt_arena_array(m->mem, n + 1, sizeof(*d));
	if (d == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < KT_NELEMS(lists); i++) {
		struct kt_span rest = kt_buf_span(lists[i]);

		while (rest.len > 0) {
			size_t lf = kt_span_find(rest, '\n');
			struct kt_span line = kt_span_sub(rest, 0, lf);
			size_t blank = kt_span_find(line, ' ');

			d[s.ndetectors++] = (struct kt_session_detector){
				kt_span_sub(line, 0, blank),
				kt_span_sub(line, blank + 1, line.len) };
			rest = kt_span_sub(rest, lf + 1, rest.len);
		}
	}
	s.detectors = d;
	m->t0_us = t0_us;
	(void)snprintf(id, sizeof(id), "audit-%llu",
	    (unsigned long long)(t0_us / 1000000));
	return kt_session_copy_head(&s, kt_span_of(id), t0_us, &m->out);
}

static enum kt_rc
take_call(struct import *m)
{
	struct kt_session_call c;
	uint64_t start = 0;
	enum kt_rc rc;

	if (!kt_span_eq(text(m, m->root, "policy_hash"),
	        kt_program_hash(m->v->programs[KT_REPLAY_NEW]))) {
		m->nother++;
		return KT_OK;
	}
	(void)kt_json_u64(&m->json, m->line,
	    find(m, find(m, m->root, "t"), "start"), &start); /* canonical */
	if (m->out.len == 0 && begin_session(m, start) < 0)
		return KT_E_LIMIT;
	rc = kt_span_eq(text(m, m->root, "endpoint"), KT_SPAN("messages")) ?
	    make_call(m, &c) : KT_E_PARSE;
	if (rc == KT_OK && !is_true_to_its_record(m, &c))
		rc = KT_E_PARSE;
	if (rc == KT_OK)
		return kt_session_copy_call(m->copy, &c, ++m->n,
		    start > m->t0_us ? start - m->t0_us : 0, &m->out);
	m->nlost += rc == KT_E_PARSE;
	return rc == KT_E_PARSE ? KT_OK : rc;
}

static bool
see(void *arg, struct kt_span line)
{
	struct import *m = arg;
	struct kt_span type;

	if (!kt_audit_member_of_text(line, "type", &type) ||
	    !kt_span_eq(type, KT_SPAN("call")))
		return true;
	kt_arena_reset(m->mem);
	kt_json_reset(&m->json, KT_SESSION_LINE_MAX);
	m->line = line;
	if (kt_json_parse(&m->json, line, &m->err) == KT_OK) {
		m->root = kt_json_root(&m->json);
		if (take_call(m) < 0)
			(void)kt_fail(&m->err, KT_E_LIMIT, "larger than a session "
			    "may be"); /* in err */
	}
	return m->err.rc == KT_OK;
}

static enum kt_exit
read_log(struct import *m, const char *dir)
{
	struct kt_judge j = { .progress = NULL };
	const struct kt_audit_report *r =
	    kt_judge(&j, dir, (struct kt_span){ 0 }, NULL, see, m);
	enum kt_exit status = KT_EXIT_YES;

	if (m->err.rc < 0 || r == NULL) {
		kt_say("%s: %s", dir, m->err.rc < 0 ? m->err.text : j.err.text);
		status = KT_EXIT_UNKNOWN;
	} else if (r->nbreaks > 0) {
		kt_say("%s: this log was changed: see kt audit verify", dir);
		status = KT_EXIT_NO;
	}
	kt_judge_fini(&j);
	return status;
}

static enum kt_exit
run(struct import *m, const struct kt_session_of_log *o)
{
	struct kt_session none = { .calls = NULL };
	enum kt_exit status = KT_EXIT_UNKNOWN;

	m->v = kt_replay_load(m->r, &m->err) == KT_OK ?
	    kt_replay_variant_of(m->r, &none, &m->err) : NULL;
	m->scratch = m->v != NULL ?
	    kt_scratch_new(m->v->programs[KT_REPLAY_NEW]) : NULL;
	m->look = m->scratch != NULL ?
	    kt_look_new(m->v->programs[KT_REPLAY_NEW], m->scratch) : NULL;
	m->copy = kt_session_copy_new();
	m->mem = kt_arena_new(CALL_ARENA);
	if (m->look == NULL || m->copy == NULL || m->mem == NULL) {
		kt_say("%s", m->err.rc < 0 ? m->err.text : "out of memory");
		return status;
	}
	status = read_log(m, o->dir);
	if (status != KT_EXIT_YES)
		return status;
	if (m->n == 0) {
		kt_say("%s: no call can be made again from its record; %llu are of "
		    "other policies", o->dir, (unsigned long long)m->nother);
		return KT_EXIT_UNKNOWN;
	}
	if (kt_session_file_save(
	        o->out, kt_buf_span(&m->out), o->key, &m->err) < 0) {
		kt_say("%s", m->err.text);
		return KT_EXIT_UNKNOWN;
	}
	(void)printf("%llu calls imported, %llu cannot be made again from their "
	    "records, %llu are of other policies\n", (unsigned long long)m->n,
	    (unsigned long long)m->nlost, (unsigned long long)m->nother);
	return KT_EXIT_YES;
}

enum kt_exit
kt_session_import_log(const struct kt_session_of_log *o)
{
	struct kt_replay_run *r = kt_alloc(sizeof(*r));
	struct import m = { .r = r };
	enum kt_exit status = KT_EXIT_UNKNOWN;

	if (r == NULL) {
		kt_say("out of memory");
		return status;
	}
	for (size_t i = 0; i < o->npolicies; i++)
		r->sides[KT_REPLAY_NEW].paths[i] = o->policies[i];
	r->sides[KT_REPLAY_NEW].npaths = o->npolicies;
	kt_buf_init(&m.out, KT_SESSION_FILE_MAX);
	kt_json_init(&m.json, KT_SESSION_LINE_MAX);
	status = run(&m, o);
	kt_look_free(&m.look);
	kt_scratch_free(&m.scratch);
	kt_session_copy_free(&m.copy);
	kt_arena_free(&m.mem);
	kt_json_fini(&m.json);
	kt_buf_fini(&m.out);
	kt_replay_free(r);
	kt_free(r);
	return status;
}
