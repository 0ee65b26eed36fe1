/*
 * stream - events of an answer, inspected while they flow.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whole events are the unit: one goes out, byte for byte, as soon as no
 * detector can still claim any of its text; only an event that a redaction
 * touches is written again, and only inside the strings that it touches.
 */
#include "exchange/exchange_priv.h"

/* Everything of one stream that is held back at one time. */
#define HELD_MAX ((size_t)2 * KT_EVENT_MAX)

static enum kt_format
upstream_format(const struct kt_exchange *x)
{
	enum kt_format f = kt_endpoint_format(x->surface.endpoint);

	return x->is_translated ? x->target->format : f;
}

void
kt_x_stream_begin(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;

	x->inspection.beside = (struct kt_x_beside){ 0 };
	kt_sse_init(&s->sse, KT_EVENT_MAX);
	kt_buf_init(&s->tail, HELD_MAX);
	kt_stream_reader_init(&s->reader, upstream_format(x));
	x->tools.is_heard = kt_chain_hears_tools(&x->program->chain);
	s->holds_calls = x->tools.is_heard ||
	    (x->program->chain.acts &
	        KT_COMPONENT_BIT(KT_COMPONENT_TOOL_USE)) != 0;
	s->is_inspected = x->program->chain.hears != 0 ||
	    x->tools.is_heard || kt_x_has_limits(x);
	x->translate_options = (struct kt_translate_options){
		.now_s = x->now_wall / 1000000, .request = &x->translation };
	s->writer = kt_stream_writer_new(upstream_format(x),
	    kt_endpoint_format(x->surface.endpoint), x->facts.wants_usage,
	    &x->translate_options);
	s->is_guarded = kt_x_shape_begin(x) ||
	    kt_x_guard_wants(x, KT_COMPONENT_COMPLETION) ||
	    kt_x_guard_wants(x, KT_COMPONENT_TOOL_USE);
	x->is_answer_stream = true;
	kt_x_commit_begin(x, KT_SPAN("completion"));
	if (s->writer == NULL)
		kt_x_fail(x, KT_E_LIMIT);
}

static void
drop_held(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;

	if (s->first != NULL)
		kt_x_beside_let_go(x);
	while (s->first != NULL) {
		struct kt_x_slot *slot = s->first;

		s->first = slot->next;
		s->withheld_bytes += slot->raw.len;
		kt_x_slot_give(x->scratch, slot);
	}
	s->last = NULL;
	s->held_bytes = 0;
}

void
kt_x_stream_free(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;

	kt_x_blocks_free(x);
	kt_x_row_free(x);
	drop_held(x);
	kt_sse_fini(&s->sse);
	kt_buf_fini(&s->tail);
	kt_stream_writer_free(&s->writer);
}

static void
emit(struct kt_exchange *x, struct kt_span bytes)
{
	if (bytes.len == 0)
		return;
	if (!x->is_answer_begun)
		kt_x_answer_head(x, x->upstream_status, KT_LENGTH_CHUNKED);
	kt_audit_hash_add(&x->hash, bytes);
	x->stream.forwarded_bytes += bytes.len;
	kt_x_out(x, bytes);
}

static enum kt_rc
write_slot(struct kt_exchange *x, struct kt_x_slot *slot)
{
	struct kt_x_streaming *s = &x->stream;
	struct kt_buf out;
	enum kt_rc rc;

	if (slot->part_of != NULL && slot->part_of->state == KT_X_CALL_GOES) {
		kt_x_note_redacted(x);
		s->ngone += slot->ev.kind == KT_STREAM_BLOCK_START;
		s->withheld_bytes += slot->raw.len;
		return KT_OK;
	}
	if (kt_x_apply_redactions(x, slot) < 0)
		return KT_E_ENGINE; /* however it failed: no fault of theirs */
	kt_buf_init(&out, 4 * (size_t)KT_EVENT_MAX);
	rc = kt_stream_write(s->writer, kt_buf_span(&slot->raw), slot->ev.kind,
	    kt_x_slot_data(slot), slot->has_json ? &slot->json : NULL, &out, NULL);
	if (rc == KT_OK && slot->ev.kind == KT_STREAM_STOP) {
		rc = kt_buf_add(&s->tail, kt_buf_span(&out));
		s->has_tail = true;
	} else if (rc == KT_OK) {
		emit(x, kt_buf_span(&out));
	}
	kt_buf_fini(&out);
	return rc;
}

/* The last bytes are in the tail; they go out once the record is written. */
static void
finish(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;

	if (!x->is_answer_begun)
		kt_x_answer_head(x, x->upstream_status, KT_LENGTH_CHUNKED);
	kt_audit_hash_add(&x->hash, kt_buf_span(&s->tail));
	s->forwarded_bytes += s->tail.len;
	kt_x_commit_end(x, x->completion_commit);
	x->status = x->upstream_status;
	if (x->is_translated)
		kt_translation_add(&x->translation,
		    kt_stream_writer_report(s->writer));
	kt_x_record(x);
}

static void
cut(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;
	enum kt_reason reason = x->answer_verdict.reason;

	kt_x_cancel_upstream(x);
	drop_held(x);
	kt_x_cut_calls(x, reason);
	s->is_cut = true;
	s->cut_at_event = s->events;
	x->decision = KT_ACTION_BLOCK;
	x->reason = reason;
	x->outcome = KT_AUDIT_CUT_BY_POLICY;
	kt_buf_reset(&s->tail);
	if (kt_stream_write_cut(s->writer, kt_reason_code(reason), &s->tail) < 0)
		x->is_truncated = true;
	finish(x);
}

static void release(struct kt_exchange *x);

/* No text follows: those that ended need not wait for one. */
static void
release_ended(struct kt_exchange *x)
{
	bool is_waiting = x->row.n > 0 || x->inspection.beside.n > 0;

	kt_x_beside_let_go(x);
	x->inspection.beside.n = 0; /* a release that fails comes here again */
	if (is_waiting && kt_x_row_end(x, &x->answer_verdict) == KT_OK &&
	    x->answer_verdict.action != KT_ACTION_BLOCK)
		release(x);
}

void
kt_x_stream_fail(struct kt_exchange *x, enum kt_reason reason)
{
	struct kt_x_streaming *s = &x->stream;
	struct kt_problem p = kt_x_problem(x, reason, NULL, true);

	if (reason != KT_REASON_GATEWAY_INSPECTION)
		release_ended(x);
	if (x->phase != KT_X_STREAM)
		return; /* that failed */
	drop_held(x);
	kt_x_cut_calls(x, reason);
	if (!x->is_answer_begun) {
		kt_x_refuse(x, reason, NULL, NULL);
		return;
	}
	kt_x_cancel_upstream(x);
	x->reason = reason;
	x->is_error = true;
	x->outcome = kt_x_outcome_of(reason);
	kt_buf_reset(&s->tail);
	if (kt_stream_write_error(s->writer, &p, &s->tail) < 0 ||
	    s->tail.len == 0)
		x->is_truncated = true;
	finish(x);
}

/* Reading or saying an event failed: whose fault was it? */
static void
fail(struct kt_exchange *x, enum kt_rc rc)
{
	kt_x_stream_fail(x, rc == KT_E_PARSE ? KT_REASON_UPSTREAM_GARBLED :
	        KT_REASON_GATEWAY_INSPECTION);
}

void
kt_x_stream_abandon(struct kt_exchange *x)
{
	drop_held(x);
	kt_x_commit_end(x, x->completion_commit);
}

uint64_t
kt_x_ping_at(const struct kt_exchange *x)
{
	bool is_as_it_comes = !x->is_translated && x->stream.first == NULL;

	return x->last_out_mono +
	    (is_as_it_comes ? KT_X_STILL_US : KT_X_PING_US);
}

/*
 * Whoever hears nothing gives up in the end, whether events are held back,
 * dropped by a translation, or have not come.  Only whole events go out, so a
 * ping always stands between two.
 */
void
kt_x_stream_ping(struct kt_exchange *x)
{
	struct kt_buf b;

	if (!x->is_answer_begun || x->now_mono < kt_x_ping_at(x))
		return;
	x->last_out_mono = x->now_mono; /* also where no ping can be said */
	if (x->is_upstream_paused)
		return; /* it has enough to read */
	kt_buf_init(&b, 256);
	if (kt_stream_write_ping(x->stream.writer, &b) == KT_OK)
		emit(x, kt_buf_span(&b));
	kt_buf_fini(&b);
}

static void
release(struct kt_exchange *x)
{
	struct kt_x_streaming *s = &x->stream;

	while (s->first != NULL && x->phase == KT_X_STREAM) {
		struct kt_x_slot *slot = s->first;
		bool is_error = slot->ev.kind == KT_STREAM_ERROR;
		enum kt_rc rc;

		if (!kt_x_may_go(slot) || s->is_guarded ||
		    (slot->is_of_item && s->open_items > 0))
			return;
		rc = write_slot(x, slot);
		if (rc < 0) {
			fail(x, rc);
			return;
		}
		s->first = slot->next;
		if (s->first == NULL)
			s->last = NULL;
		s->held_bytes -= slot->raw_bytes;
		kt_x_forget_released(x, slot);
		kt_x_slot_give(x->scratch, slot);
		if (s->has_tail) {
			x->outcome = KT_AUDIT_OK;
			finish(x);
		} else if (is_error) {
			kt_x_cancel_upstream(x);
			x->outcome = KT_AUDIT_UPSTREAM_ERROR;
			finish(x);
		}
	}
}

/* ---- intake ---- */

/* A policy cuts; whatever else went wrong is an error. */
static void
refuse_event(struct kt_exchange *x)
{
	if (x->answer_verdict.action == KT_ACTION_BLOCK)
		cut(x);
	else
		kt_x_stream_fail(x, KT_REASON_GATEWAY_INSPECTION);
}

static bool
fill_slot(struct kt_x_slot *slot, const struct kt_sse_event *ev)
{
	kt_arena_reset(slot->mem);
	kt_buf_reset(&slot->raw);
	kt_buf_reset(&slot->joined);
	slot->pieces = NULL;
	slot->edits = (struct kt_x_edits){ 0 };
	slot->calls = (struct kt_calls){ 0 };
	slot->of_calls = NULL;
	slot->part_of = NULL;
	slot->is_of_item = false;
	slot->nawaited = 0;
	slot->next = NULL;
	slot->raw_bytes = ev->raw.len;
	slot->is_joined = ev->data_lines > 1;
	slot->data_at = ev->data_lines == 1 ?
	    (size_t)(ev->data.ptr - ev->raw.ptr) : 0;
	slot->data_len = ev->data.len;
	slot->name_at = ev->name.len ? (size_t)(ev->name.ptr - ev->raw.ptr) : 0;
	slot->name_len = ev->name.len;
	return kt_buf_add(&slot->raw, ev->raw) == KT_OK &&
	    (!slot->is_joined || kt_buf_add(&slot->joined, ev->data) == KT_OK);
}

static void
note_facts(struct kt_exchange *x, const struct kt_answer_facts *f)
{
	struct kt_answer_facts *to = &x->answer_facts;

	if (f->usage.is_known)
		to->usage = f->usage;
	if (to->id.len == 0 && f->id.len > 0)
		to->id = kt_arena_dup(x->mem, f->id);
	if (to->model.len == 0 && f->model.len > 0)
		to->model = kt_arena_dup(x->mem, f->model);
	if (to->stop_reason.len == 0 && f->stop_reason.len > 0)
		to->stop_reason = kt_arena_dup(x->mem, f->stop_reason);
}

/* A comment keeps connections alive; it has nothing to hold. */
static void
pass_comment(struct kt_exchange *x, struct kt_span raw)
{
	if (x->is_translated)
		return;
	if (x->stream.is_inspected && kt_x_inspect_frame(x, raw) < 0)
		refuse_event(x);
	else
		emit(x, raw);
}

static enum kt_rc
read_slot(struct kt_exchange *x, struct kt_x_slot *slot,
    const struct kt_sse_event *sse)
{
	struct kt_span data;

	if (!fill_slot(slot, sse))
		return KT_E_LIMIT;
	data = kt_x_slot_data(slot);
	slot->has_json = data.len > 0 && !kt_span_eq(data, KT_SPAN("[DONE]"));
	kt_x_seed_json(x, &slot->json);
	if ((slot->has_json && kt_json_parse(&slot->json, data, NULL) < 0) ||
	    kt_stream_read(&x->stream.reader, sse->name, data,
	        slot->has_json ? &slot->json : NULL, slot->mem, &slot->ev, NULL) <
	        0)
		return KT_E_PARSE;
	note_facts(x, &slot->ev.facts);
	if (kt_x_find_repeats(x, slot, data) < 0)
		return KT_E_LIMIT;
	kt_x_tally_event(x, slot, data);
	return x->stream.is_inspected ? kt_x_take_calls(x, slot, data) : KT_OK;
}

/* Not scanned is never told as clean, even where nobody scans. */
static void
note_opaque(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data)
{
	for (size_t i = 0; i < slot->ev.nparts; i++) {
		const struct kt_part *p = &slot->ev.parts[i];

		if (p->kind == KT_PART_OPAQUE &&
		    kt_json_string(&slot->json, data, p->node).len > 0)
			(void)kt_x_note_uninspectable(
			    x, &x->answer_verdict, p->component);
	}
}

static bool
has_growing_text(const struct kt_x_slot *slot)
{
	for (size_t i = 0; slot->pieces != NULL && i < slot->ev.nparts; i++) {
		if (slot->pieces[i].block != NULL)
			return true;
	}
	return false;
}

static void
queue(struct kt_x_streaming *s, struct kt_x_slot *slot)
{
	bool may_overtake =
	    slot->ev.kind == KT_STREAM_PING && !has_growing_text(slot);

	s->held_bytes += slot->raw_bytes;
	if (may_overtake && s->first != NULL) {
		slot->next = s->first;
		s->first = slot;
	} else if (s->last != NULL) {
		s->last->next = slot;
		s->last = slot;
	} else {
		s->first = s->last = slot;
	}
}

static void
one_event(struct kt_exchange *x, const struct kt_sse_event *sse)
{
	struct kt_x_streaming *s = &x->stream;
	struct kt_x_slot *slot;
	enum kt_rc rc;

	if (sse->data_lines == 0) {
		pass_comment(x, sse->raw);
		return;
	}
	slot = kt_x_slot_take(x->scratch);
	rc = slot != NULL ? read_slot(x, slot, sse) : KT_E_LIMIT;
	if (rc < 0) {
		if (slot != NULL)
			kt_x_slot_give(x->scratch, slot);
		fail(x, rc);
		return;
	}
	if (slot->ev.kind == KT_STREAM_ERROR) {
		release_ended(x);
		drop_held(x);
	}
	if (x->phase != KT_X_STREAM) {
		kt_x_slot_give(x->scratch, slot);
		return;
	}
	if (s->is_inspected)
		rc = kt_x_inspect_event(x, slot, kt_x_slot_data(slot));
	else
		note_opaque(x, slot, kt_x_slot_data(slot));
	if (slot->has_json)
		kt_x_shape_add(x, s->reader.format, true, &slot->json,
		    kt_x_slot_data(slot));
	if (slot->ev.kind == KT_STREAM_STOP) {
		kt_x_beside_let_go(x);
		kt_x_shape_judge(x);
	}
	if (x->answer_verdict.action == KT_ACTION_BLOCK)
		rc = KT_E_PARSE;
	if (rc == KT_OK && (kt_arena_is_full(x->mem) ||
	        kt_arena_is_full(x->turn) ||
	        s->held_bytes + slot->raw_bytes > HELD_MAX))
		rc = KT_E_LIMIT;
	if (rc < 0) {
		s->withheld_bytes += slot->raw.len;
		kt_x_beside_let_go(x); /* the event may be among them */
		kt_x_slot_give(x->scratch, slot);
		refuse_event(x);
		return;
	}
	if (s->is_guarded)
		kt_x_guard_add_event(x, slot);
	queue(s, slot);
	if (s->held_bytes > HELD_MAX / 2)
		kt_x_beside_let_go(x);
	release(x);
}

static void
drain(struct kt_exchange *x)
{
	struct kt_sse_event ev;
	struct kt_err err;
	int rc = 0;

	while (x->phase == KT_X_STREAM &&
	    (rc = kt_sse_next(&x->stream.sse, &ev, &err)) == 1) {
		x->stream.events++;
		one_event(x, &ev);
		/* One read may bring thousands of events. */
		if (x->stream.first == NULL && kt_arena_used(x->turn) > 65536)
			kt_arena_reset(x->turn);
	}
	if (x->phase == KT_X_STREAM && rc < 0)
		kt_x_stream_fail(x, KT_REASON_UPSTREAM_GARBLED);
}

void
kt_x_stream_body(struct kt_exchange *x, struct kt_span bytes)
{
	kt_sse_feed(&x->stream.sse, bytes);
	drain(x);
}

void
kt_x_stream_end(struct kt_exchange *x)
{
	struct kt_sse_event done = { .data = KT_SPAN("[DONE]"), .data_lines = 2 };

	kt_sse_finish(&x->stream.sse);
	drain(x);
	/* A client of the same format is owed the terminator itself. */
	if (x->phase == KT_X_STREAM && x->is_translated &&
	    kt_sse_rest(&x->stream.sse).len == 0 &&
	    kt_stream_lacks_done(&x->stream.reader))
		one_event(x, &done);
	if (x->phase == KT_X_STREAM && x->stream.is_guarded)
		kt_x_stream_guarded(x);
	else if (x->phase == KT_X_STREAM)
		kt_x_stream_fail(x, KT_REASON_UPSTREAM_GARBLED);
}

/* All of it came: it goes out once the classifier has seen it. */
void
kt_x_stream_guarded(struct kt_exchange *x)
{
	int rc = kt_x_guard(x, KT_ANSWER, &x->answer_verdict);

	if (rc == 0)
		return; /* it is asked */
	x->stream.is_guarded = false;
	if (rc < 0)
		kt_x_stream_fail(x, KT_REASON_GATEWAY_INSPECTION);
	else if (x->answer_verdict.action == KT_ACTION_BLOCK)
		cut(x);
	else
		release(x);
	if (x->phase == KT_X_STREAM)
		kt_x_stream_fail(x, KT_REASON_UPSTREAM_GARBLED);
}
