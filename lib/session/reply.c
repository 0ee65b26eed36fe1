/*
 * reply - the bytes of the last answer, joined, are read as a client reads
 * them; its grammar is lib/provider's.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "frame/sse.h"
#include "json/text.h"
#include "provider/provider.h"
#include "provider/said.h"
#include "session/reply.h"

struct reading {
	struct kt_session_reply *to;
	enum kt_format format;
	const struct kt_json *json;
	struct kt_span text;
	struct kt_arena *mem;
	enum kt_rc rc;
};

static void
add_string(struct reading *r, struct kt_buf *to, uint32_t node)
{
	if (r->rc == KT_OK && kt_json_type(r->json, node) == KT_JSON_STRING)
		r->rc = kt_json_unescape_add(
		    to, kt_json_string(r->json, r->text, node));
}

static void
add_said(void *arg, const struct kt_said *said)
{
	struct reading *r = arg;

	if (said->choice == 0)
		add_string(r, &r->to->text, said->node);
}

static struct kt_session_reply_call *
find_call(struct reading *r, uint64_t block)
{
	for (size_t i = 0; i < r->to->ncalls; i++) {
		if (block != 0 && r->to->calls[i].block == block)
			return &r->to->calls[i];
	}
	return NULL;
}

/* A tool that the client is to run; more than there is room for are left. */
static void
add_call(struct reading *r, const struct kt_call *c, bool is_whole)
{
	struct kt_session_reply *to = r->to;
	struct kt_session_reply_call *call;

	if (c->kind != KT_CALL_USE || c->side != KT_CALL_CLIENT ||
	    c->choice != 0 || to->ncalls == KT_SESSION_REPLY_CALLS ||
	    (!is_whole && find_call(r, c->block) != NULL))
		return;
	call = &to->calls[to->ncalls++];
	call->block = is_whole ? 0 : c->block;
	kt_buf_init(&call->name, KT_EVENT_MAX);
	kt_buf_init(&call->input, KT_ANSWER_MAX);
	add_string(r, &call->name, c->name);
	if (!is_whole)
		return;
	if (kt_json_type(r->json, c->body) == KT_JSON_STRING)
		add_string(r, &call->input, c->body);
	else if (r->rc == KT_OK)
		r->rc = kt_buf_add(&call->input,
		    kt_json_raw(r->json, r->text, c->body));
}

static enum kt_rc
add_calls(struct reading *r, bool is_whole)
{
	struct kt_calls calls;
	enum kt_rc rc = is_whole ?
	    kt_calls_read(r->format, KT_ANSWER, r->json, r->text, r->mem, &calls) :
	    kt_calls_read_event(r->format, r->json, r->text, r->mem, &calls);

	for (size_t i = 0; rc == KT_OK && i < calls.n; i++)
		add_call(r, &calls.v[i],
		    is_whole || r->format == KT_FORMAT_RESPONSES);
	return rc;
}

static enum kt_rc
read_whole(struct reading *r)
{
	kt_said_read(r->format, r->json, r->text, add_said, r);
	return r->rc == KT_OK ? add_calls(r, true) : r->rc;
}

/* Pieces of the inputs of calls that began in this event or before. */
static void
add_pieces(struct reading *r, const struct kt_stream_event *ev)
{
	for (size_t i = 0; i < ev->nparts; i++) {
		struct kt_session_reply_call *call =
		    find_call(r, ev->parts[i].block);

		if (call != NULL && ev->parts[i].kind == KT_PART_DELTA)
			add_string(r, &call->input, ev->parts[i].node);
	}
}

static enum kt_rc
read_event(struct reading *r, struct kt_stream_reader *reader,
    const struct kt_sse_event *ev, struct kt_err *err)
{
	struct kt_stream_event said;

	if (kt_stream_read(reader, ev->name, ev->data, r->json, r->mem, &said,
	        err) < 0)
		return err->rc;
	if (r->json == NULL)
		return KT_OK;
	kt_said_read_event(r->format, r->json, r->text, add_said, r);
	if (r->rc == KT_OK && add_calls(r, false) < 0)
		return KT_E_LIMIT;
	add_pieces(r, &said);
	return r->rc;
}

static enum kt_rc
read_stream(struct reading *r, struct kt_json *j, struct kt_span bytes,
    struct kt_err *err)
{
	struct kt_stream_reader reader;
	struct kt_sse sse;
	struct kt_sse_event ev;
	enum kt_rc rc = KT_OK;
	int got;

	kt_stream_reader_init(&reader, r->format);
	kt_sse_init(&sse, KT_EVENT_MAX);
	kt_sse_feed(&sse, bytes);
	while (rc == KT_OK && (got = kt_sse_next(&sse, &ev, err)) != 0) {
		bool is_json = false;

		if (got < 0) {
			rc = (enum kt_rc)got;
			break;
		}
		if (ev.data.len > 0)
			is_json = kt_json_parse(j, ev.data, err) == KT_OK;
		r->json = is_json ? j : NULL;
		r->text = ev.data;
		rc = read_event(r, &reader, &ev, err);
	}
	kt_sse_fini(&sse);
	return rc;
}

static bool
says_stream(const struct kt_session_event *head)
{
	for (size_t i = 0; i < head->nheaders; i++) {
		if (kt_span_caseeq(
		        head->headers[i].name, KT_SPAN("content-type")))
			return kt_span_starts(head->headers[i].value,
			    KT_SPAN("text/event-stream"));
	}
	return false;
}

/* The bytes of the last answer. */
static enum kt_rc
join(struct reading *r, const struct kt_session_call *c, struct kt_buf *bytes)
{
	enum kt_rc rc = KT_OK;

	for (size_t i = 0; i < c->nevents && rc == KT_OK; i++) {
		const struct kt_session_event *e = &c->events[i];

		if (e->kind == KT_SESSION_UP) {
			r->format = e->format;
			r->to->status = 0;
			kt_buf_reset(bytes);
		} else if (e->kind == KT_SESSION_HEAD) {
			r->to->status = (unsigned)e->n;
			r->to->is_stream = says_stream(e);
		} else if (e->kind == KT_SESSION_BODY) {
			rc = kt_session_join(e->pieces, e->npieces, bytes);
		}
	}
	return rc;
}

enum kt_rc
kt_session_reply_read(struct kt_session_reply *to,
    const struct kt_session_call *c, struct kt_err *err)
{
	struct reading r = { .to = to, .mem = kt_arena_new(KT_EVENT_ARENA_MAX) };
	struct kt_json j;
	struct kt_buf bytes;
	enum kt_rc rc;

	*to = (struct kt_session_reply){ .status = 0 };
	kt_buf_init(&to->text, KT_ANSWER_MAX);
	kt_buf_init(&bytes, KT_SESSION_CALL_MAX);
	kt_json_init(&j, KT_SESSION_CALL_MAX);
	rc = r.mem != NULL ? join(&r, c, &bytes) : KT_E_LIMIT;
	if (rc == KT_OK && to->status == 200 && to->is_stream) {
		rc = read_stream(&r, &j, kt_buf_span(&bytes), err);
	} else if (rc == KT_OK && to->status == 200 &&
	    kt_json_parse(&j, kt_buf_span(&bytes), err) == KT_OK) {
		r.json = &j;
		r.text = kt_buf_span(&bytes);
		rc = read_whole(&r);
	}
	kt_json_fini(&j);
	kt_buf_fini(&bytes);
	kt_arena_free(&r.mem);
	return rc == KT_E_LIMIT ? kt_fail(err, rc, "call %llu: its answer is "
	    "larger than what is read", (unsigned long long)c->n) : KT_OK;
}

void
kt_session_reply_fini(struct kt_session_reply *r)
{
	for (size_t i = 0; i < r->ncalls; i++) {
		kt_buf_fini(&r->calls[i].name);
		kt_buf_fini(&r->calls[i].input);
	}
	kt_buf_fini(&r->text);
	r->ncalls = 0;
}
