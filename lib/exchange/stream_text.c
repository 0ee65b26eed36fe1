/*
 * stream_text - the growing texts of a stream: what is found in them, how
 * long they are held, and how an event is written again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A text is held for as long as a match could still grow, never longer than
 * KT_HOLD_MAX bytes; tool arguments are held until their block is complete,
 * because half a JSON text cannot be read.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

/* ---- blocks: the growing texts ---- */

/* ---- findings ---- */

/* Text of the block between two offsets; what is gone is empty. */
static struct kt_span
text_between(const struct kt_x_block *b, uint64_t start, uint64_t end)
{
	if (start < b->text_at || end < start)
		return (struct kt_span){ 0 };
	return kt_span_sub(
	    kt_buf_span(&b->text), start - b->text_at, end - start);
}

static void
quote_up_to(struct kt_x_block *b, uint64_t at)
{
	if (at > b->quoting.at)
		kt_x_quoting_go(&b->quoting, text_between(b, b->quoting.at, at));
}

static struct kt_span
plain_marker(struct kt_exchange *x, struct kt_x_block *b,
    const struct kt_policy *by, const struct kt_finding *f)
{
	struct kt_span s, matched = text_between(b, f->start, f->end);
	struct kt_buf m;
	enum kt_rc rc;

	kt_buf_init(&m, KT_EVENT_MAX);
	rc = kt_x_mark(x, &x->answer_verdict, by, f, matched, &m);
	s = kt_buf_span(&m);
	if (rc == KT_OK && kt_x_vault_restores(x, &x->answer_verdict, by)) {
		quote_up_to(b, f->start);
		s = kt_x_quoting_put(x, &b->quoting, matched, s);
	}
	s = rc == KT_OK && s.ptr != NULL ? kt_arena_dup(x->mem, s) :
	    (struct kt_span){ 0 };
	kt_buf_fini(&m);
	return s;
}

/* KT_OK to go on; anything else cuts. */
static enum kt_rc
take_finding(struct kt_exchange *x, struct kt_x_block *b,
    const struct kt_finding *f)
{
	const struct kt_policy *by = NULL;

	if (kt_x_block_knows(b, f))
		return KT_OK;
	switch (kt_x_judge(x, &x->answer_verdict, f, b->component,
	    b->is_signed ? KT_SEGMENT_SIGNED : KT_SEGMENT_TEXT,
	    text_between(b, f->start, f->end), &by)) {
	case KT_ACTION_BLOCK:
		return KT_E_PARSE;
	case KT_ACTION_REDACT:
		return kt_x_block_redact(x, b, f->start, f->end, f->detector,
		    f->is_open, plain_marker(x, b, by, f));
	case KT_ACTION_FLAG:
	case KT_ACTION_IGNORE:
		break;
	}
	if (f->is_open && b->nopen < KT_X_OPEN_MAX) {
		b->open[b->nopen].start = f->start;
		b->open[b->nopen++].detector = f->detector;
	}
	return KT_OK;
}

static enum kt_rc
take_step(struct kt_exchange *x, struct kt_x_block *b,
    const struct kt_detect_step *step)
{
	size_t n = step->findings.n;
	struct kt_finding *copy = kt_arena_array(x->turn, n, sizeof(*copy));

	if (copy == NULL)
		return KT_E_LIMIT;
	if (n > 0)
		memcpy(copy, step->findings.v, n * sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		if (take_finding(x, b, &copy[i]) < 0)
			return KT_E_PARSE;
	}
	b->hold = b->is_held ? step->hold : b->length;
	if (!b->is_ended)
		b->decided = step->hold;
	/* Markers may want the matched text, and the next text the end of this
	   one: keep both. */
	if (b->text.len > KT_X_TAIL && step->hold > b->text_at) {
		size_t gone = step->hold - b->text_at;

		if (gone > b->text.len - KT_X_TAIL)
			gone = b->text.len - KT_X_TAIL;
		quote_up_to(b, b->text_at + gone);
		kt_buf_shift(&b->text, gone);
		b->text_at += gone;
	}
	return KT_OK;
}

/* Nobody waits for it, and there is too much of it to be kept. */
static void
give_up(struct kt_exchange *x, struct kt_x_block *b)
{
	(void)kt_x_note_uninspectable(x, &x->answer_verdict, b->component);
	b->is_inspected = b->is_collected = false;
	kt_buf_fini(&b->text);
}

static enum kt_rc
grow_block(struct kt_exchange *x, struct kt_x_block *b, struct kt_span text)
{
	struct kt_detect_step step = { 0 };

	b->length += text.len;
	if (!b->is_held)
		b->hold = b->length;
	if (!b->is_inspected)
		return KT_OK;
	if (kt_buf_add(&b->text, text) < 0) {
		if (b->is_held || !b->is_collected)
			return KT_E_LIMIT;
		give_up(x, b);
		return KT_OK;
	}
	if (b->is_collected)
		return KT_OK;
	if (kt_detect_stream_feed(b->stream, x->scratch->detect, text, &step) < 0)
		return KT_E_ENGINE;
	return take_step(x, b, &step);
}

static enum kt_rc
end_block(struct kt_exchange *x, struct kt_x_block *b)
{
	struct kt_detect_step step = { 0 };
	enum kt_rc rc = KT_OK;

	if (b->is_ended)
		return KT_OK;
	b->is_ended = true;
	if (b->is_collected) {
		rc = kt_x_scan_block(x, b);
	} else if (b->stream != NULL) {
		if (kt_detect_stream_end(b->stream, x->scratch->detect, &step) < 0)
			return KT_E_ENGINE;
		rc = take_step(x, b, &step);
	}
	b->hold = b->length;
	return rc < 0 ? rc : kt_x_row_ended(x, b);
}

/* ---- one event ---- */

static enum kt_rc
inspect_growing(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data, const struct kt_part *part, struct kt_x_piece *piece)
{
	struct kt_span raw = kt_json_string(&slot->json, data, part->node), text;
	enum kt_rc rc;

	if (kt_json_unescape(raw, x->turn, &text, NULL) < 0)
		return KT_E_LIMIT;
	piece->block = kt_x_find_block(x, part->block);
	if (piece->block == NULL)
		piece->block = kt_x_block_add(x, part);
	if (piece->block == NULL)
		return KT_E_LIMIT;
	piece->start = piece->block->length;
	piece->end = piece->start + text.len;
	kt_x_measure_answer(x, raw);
	if ((rc = grow_block(x, piece->block, text)) < 0)
		return rc;
	return kt_x_row_grow(x, piece->block, text);
}

static enum kt_rc
inspect_part(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data, const struct kt_part *part, struct kt_x_piece *piece)
{
	struct kt_segment s = { .node = part->node,
		.component = part->component, .kind = KT_SEGMENT_TEXT };

	switch (part->kind) {
	case KT_PART_FIXED:
		s.kind = KT_SEGMENT_FIXED;
		break;
	case KT_PART_OPAQUE:
		if (kt_json_string(&slot->json, data, part->node).len > 0)
			(void)kt_x_note_uninspectable(
			    x, &x->answer_verdict, part->component);
		if (x->answer_verdict.action == KT_ACTION_BLOCK)
			return KT_E_PARSE;
		if (kt_x_is_payload(
		        kt_json_string(&slot->json, data, part->node)))
			return KT_OK;
		s.kind = KT_SEGMENT_FIXED;
		break;
	case KT_PART_SIGNED:
		s.kind = KT_SEGMENT_SIGNED;
		break;
	case KT_PART_DELTA:
	case KT_PART_WHOLE:
		break;
	}
	if (part->block != 0 && part->kind != KT_PART_OPAQUE)
		return inspect_growing(x, slot, data, part, piece);
	if (s.kind != KT_SEGMENT_FIXED && !x->is_repeat)
		kt_x_measure_answer(
		    x, kt_json_string(&slot->json, data, part->node));
	return kt_x_inspect_whole(x, slot, data, &s, &slot->edits);
}

/* Names of members, and numbers that are long enough to say something. */
static enum kt_rc
inspect_rest(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data)
{
	struct kt_segment s = { .component = KT_COMPONENT_COMPLETION,
		.kind = KT_SEGMENT_FIXED };
	struct kt_x_edits none = { 0 };
	enum kt_rc rc = KT_OK;

	if (!slot->has_json)
		return KT_OK;
	for (s.node = 1; rc == KT_OK && s.node < slot->json.count; s.node++) {
		enum kt_json_type type = kt_json_type(&slot->json, s.node);

		if (type == KT_JSON_NAME || (type == KT_JSON_NUMBER &&
		        kt_segment_is_long_number(
		            kt_json_raw(&slot->json, data, s.node))))
			rc = kt_x_inspect_whole(x, slot, data, &s, &none);
	}
	return rc;
}

enum kt_rc
kt_x_inspect_frame(struct kt_exchange *x, struct kt_span raw)
{
	struct kt_x_text t = { .is_plain = true,
		.component = KT_COMPONENT_COMPLETION, .kind = KT_SEGMENT_FIXED };
	struct kt_x_edits none = { 0 };

	for (; raw.len > 0; raw = kt_span_sub(raw, t.raw.len + 1, raw.len)) {
		t.raw = kt_span_sub(raw, 0, kt_span_find(raw, '\n'));
		t.raw = kt_span_sub(raw, 0, kt_span_find(t.raw, '\r'));
		if (kt_span_starts(t.raw, KT_SPAN("data:")))
			continue;
		if (kt_x_inspect_text(x, &x->answer_verdict, &t, x->turn, &none) < 0)
			return KT_E_ENGINE;
		if (x->answer_verdict.action == KT_ACTION_BLOCK)
			return KT_E_PARSE;
	}
	return KT_OK;
}

/* The event's own lines; its data is inspected as what it says. */
static enum kt_rc
inspect_lines(struct kt_exchange *x, const struct kt_x_slot *slot)
{
	struct kt_span raw = kt_buf_span(&slot->raw);
	size_t behind = slot->data_at + slot->data_len;
	enum kt_rc rc;

	if (slot->is_joined)
		return kt_x_inspect_frame(x, raw);
	rc = kt_x_inspect_frame(x, kt_span_sub(raw, 0, slot->data_at));
	return rc < 0 ? rc :
	    kt_x_inspect_frame(x, kt_span_sub(raw, behind, raw.len));
}

/* Does it begin what is no text, or end the answer? */
static bool
parts_texts(const struct kt_exchange *x, const struct kt_x_slot *slot)
{
	const struct kt_stream_event *ev = &slot->ev;

	for (size_t i = 0; i < ev->nparts; i++)
		if (slot->pieces[i].block != NULL &&
		    !slot->pieces[i].block->is_ended)
			return false;
	return (ev->kind == KT_STREAM_BLOCK_START && !kt_x_row_goes_on(x)) ||
	    ev->kind == KT_STREAM_FINISH || ev->kind == KT_STREAM_STOP;
}

static enum kt_rc
end_blocks(struct kt_exchange *x, const struct kt_stream_event *ev)
{
	for (struct kt_x_block *b = x->stream.blocks; b != NULL; b = b->next) {
		enum kt_rc rc = kt_stream_ends(ev, b->key) ? end_block(x, b) :
		    KT_OK;

		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

enum kt_rc
kt_x_inspect_event(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data)
{
	const struct kt_stream_event *ev = &slot->ev;
	enum kt_rc rc;

	slot->pieces = kt_arena_array(
	    slot->mem, ev->nparts, sizeof(*slot->pieces));
	if (slot->pieces == NULL)
		return KT_E_LIMIT;
	rc = inspect_lines(x, slot);
	if (rc == KT_OK)
		rc = inspect_rest(x, slot, data);
	for (size_t i = 0; rc == KT_OK && i < ev->nparts; i++) {
		x->is_repeat = kt_x_is_repeat(slot, i);
		rc = inspect_part(x, slot, data, &ev->parts[i],
		    &slot->pieces[i]);
	}
	x->is_repeat = false;
	if (rc == KT_OK && !kt_x_is_within_limits(x, &x->stream.measures))
		rc = KT_E_PARSE;
	if (rc == KT_OK)
		rc = end_blocks(x, ev);
	if (rc == KT_OK && parts_texts(x, slot))
		rc = kt_x_row_end(x, &x->answer_verdict);
	return rc < 0 ? rc : kt_x_end_calls(x, slot, data);
}

/* ---- release ---- */

/* Where several overlap, the widest gives the marker. */
static struct kt_span
widest_marker(const struct kt_x_redaction *r)
{
	const struct kt_x_redaction *best = r;
	uint64_t end = r->end;

	for (r = r->next; r != NULL && r->start < end; r = r->next) {
		if (r->end - r->start > best->end - best->start)
			best = r;
		if (r->end > end)
			end = r->end;
	}
	return best->marker;
}

/* Redactions of a block, as edits of the string that holds a piece of it. */
static enum kt_rc
edit_piece(struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data,
    const struct kt_part *part, const struct kt_x_piece *piece,
    struct kt_x_edits *out)
{
	struct kt_span raw = kt_json_string(&slot->json, data, part->node), text;
	size_t at = slot->json.nodes[part->node].start + 1;
	uint64_t covered = piece->start;
	struct kt_json_map map;

	if (kt_json_unescape(raw, x->turn, &text, &map) < 0)
		return KT_E_LIMIT;
	for (const struct kt_x_redaction *r = piece->block->first; r != NULL;
	     r = r->next) {
		uint64_t end = r->is_open || r->end > piece->end ?
		    piece->end : r->end;
		uint64_t start = r->start > covered ? r->start : covered;
		struct kt_span marker = { 0 };
		size_t from, to;

		if (r->start >= piece->end || start >= end)
			continue;
		if (r->start == start && r->start >= piece->start) {
			struct kt_buf b;
			enum kt_rc rc;

			kt_buf_init(&b, KT_EVENT_MAX);
			rc = kt_json_write_escaped(&b, widest_marker(r));
			if (rc == KT_OK)
				marker = kt_arena_dup(x->turn, kt_buf_span(&b));
			kt_buf_fini(&b);
			if (marker.ptr == NULL)
				return KT_E_LIMIT;
		}
		from = kt_json_map_raw(&map, raw, start - piece->start);
		to = kt_json_map_raw_end(&map, raw, end - piece->start);
		if (kt_x_edit_add(out, x->turn, at + from, at + to, marker) < 0)
			return KT_E_LIMIT;
		covered = end;
	}
	return KT_OK;
}

/* The lines of an event that are not of its data, as they came. */
static enum kt_rc
add_other_lines(struct kt_buf *out, struct kt_span raw)
{
	enum kt_rc rc = KT_OK;

	while (raw.len > 0 && rc == KT_OK) {
		struct kt_span line = kt_span_sub(raw, 0, kt_span_find(raw, '\n'));

		line = kt_span_sub(line, 0, kt_span_find(line, '\r'));
		raw = kt_span_sub(raw, line.len + 1, raw.len);
		if (line.len == 0 || kt_span_eq(line, KT_SPAN("data")) ||
		    kt_span_starts(line, KT_SPAN("data:")))
			continue;
		rc = kt_buf_add(out, line);
		if (rc == KT_OK)
			rc = kt_buf_addc(out, '\n');
	}
	return rc;
}

/* Several data lines become one: what stood between them is a blank to JSON,
   which has no line end inside a string. */
static enum kt_rc
join_lines(struct kt_x_slot *slot, struct kt_buf *data, struct kt_buf *raw)
{
	enum kt_rc rc = add_other_lines(raw, kt_buf_span(&slot->raw));

	for (size_t i = 0; i < data->len; i++)
		if (data->ptr[i] == '\n')
			data->ptr[i] = ' ';
	if (rc == KT_OK)
		rc = kt_buf_add(raw, KT_SPAN("data: "));
	slot->data_at = raw->len;
	if (rc == KT_OK)
		rc = kt_buf_add(raw, kt_buf_span(data));
	return rc == KT_OK ? kt_buf_add(raw, KT_SPAN("\n\n")) : rc;
}

/* The event with its edits, indexed again. */
static enum kt_rc
rewrite(struct kt_x_slot *slot, const struct kt_x_edits *edits)
{
	struct kt_buf data, raw;
	struct kt_span old = kt_buf_span(&slot->raw);
	enum kt_rc rc;

	kt_buf_init(&data, slot->raw.limit);
	kt_buf_init(&raw, slot->raw.limit);
	rc = kt_x_splice(kt_x_slot_data(slot), edits, &data);
	if (rc == KT_OK && slot->is_joined) {
		rc = join_lines(slot, &data, &raw);
	} else if (rc == KT_OK) {
		size_t behind = slot->data_at + slot->data_len;

		rc = kt_buf_add(&raw, kt_span_sub(old, 0, slot->data_at));
		if (rc == KT_OK)
			rc = kt_buf_add(&raw, kt_buf_span(&data));
		if (rc == KT_OK)
			rc = kt_buf_add(&raw, kt_span_sub(old, behind, old.len));
	}
	if (rc == KT_OK) {
		struct kt_buf swap = slot->raw;

		slot->is_joined = false;
		slot->data_len = data.len;
		slot->raw = raw;
		raw = swap;
		rc = kt_json_parse(&slot->json, kt_x_slot_data(slot), NULL);
	}
	kt_buf_fini(&data);
	kt_buf_fini(&raw);
	return rc;
}

enum kt_rc
kt_x_apply_redactions(struct kt_exchange *x, struct kt_x_slot *slot)
{
	struct kt_x_edits *edits = &slot->edits;
	struct kt_span data = kt_x_slot_data(slot);

	for (size_t i = 0; slot->pieces != NULL && i < slot->ev.nparts; i++) {
		const struct kt_x_piece *piece = &slot->pieces[i];

		if (piece->block != NULL && piece->block->first != NULL &&
		    edit_piece(x, slot, data, &slot->ev.parts[i], piece, edits) <
		        0)
			return KT_E_LIMIT;
	}
	if (kt_x_edit_calls(x, slot, data, edits) < 0)
		return KT_E_LIMIT;
	if (edits->n == 0)
		return KT_OK;
	if (kt_x_drop_logprobs(x->stream.reader.format, &slot->json, data,
	        x->turn, edits) < 0)
		return KT_E_LIMIT;
	kt_x_edits_sort(edits);
	kt_x_note_redacted(x);
	return rewrite(slot, edits);
}

void
kt_x_forget_released(struct kt_exchange *x, struct kt_x_slot *slot)
{
	for (size_t i = 0; slot->pieces != NULL && i < slot->ev.nparts; i++) {
		struct kt_x_block *b = slot->pieces[i].block;

		if (b == NULL)
			continue;
		b->released = slot->pieces[i].end;
		while (b->first != NULL && !b->first->is_open &&
		    b->first->end <= b->released) {
			struct kt_x_redaction *r = b->first;

			b->first = r->next;
			r->next = x->stream.free_redactions;
			x->stream.free_redactions = r;
		}
	}
	kt_x_blocks_retire(x);
}

bool
kt_x_may_go(const struct kt_x_slot *slot)
{
	for (size_t i = 0; slot->pieces != NULL && i < slot->ev.nparts; i++) {
		const struct kt_x_piece *p = &slot->pieces[i];

		if (p->block != NULL &&
		    (p->end > p->block->hold || p->block->is_awaited))
			return false;
	}
	if (slot->nawaited > 0)
		return false;
	for (size_t i = 0; i < slot->calls.n; i++) {
		if (slot->of_calls[i] != NULL &&
		    slot->of_calls[i]->state == KT_X_CALL_OPEN)
			return false;
	}
	return slot->part_of == NULL ||
	    slot->part_of->state != KT_X_CALL_OPEN;
}
