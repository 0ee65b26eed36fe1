/*
 * stream_calls - tool calls of a streamed answer: held until they are
 * complete, then let go, edited, or left out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where blocks stand one after the other a call is a run of events, which go
 * or stay together; what follows is numbered again.  Where several calls
 * share an event, each is an element that is taken out of it.
 */
#include "exchange/exchange_priv.h"

static struct kt_x_call *
find(struct kt_exchange *x, uint64_t block)
{
	struct kt_x_call *c = x->stream.calls;

	while (c != NULL && c->block != block)
		c = c->next;
	return c;
}

static struct kt_span
plain(struct kt_exchange *x, const struct kt_x_slot *slot, struct kt_span data,
    uint32_t node)
{
	struct kt_span s = { 0 };

	if (kt_json_type(&slot->json, node) != KT_JSON_STRING ||
	    kt_json_unescape(kt_json_string(&slot->json, data, node), x->turn,
	        &s, NULL) < 0)
		return (struct kt_span){ 0 }; /* a full arena cuts the stream */
	return kt_arena_dup(x->mem, s);
}

/* Pieces may come in any order; a name that comes in two is none. */
static void
complete(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data, const struct kt_call *from, struct kt_x_call *c)
{
	if (from->name != 0 && c->name.len == 0)
		c->name = plain(x, slot, data, from->name);
	else if (from->name != 0 &&
	    kt_json_string(&slot->json, data, from->name).len > 0)
		c->cannot_go = true;
	if (from->id != 0 && c->id.len == 0)
		c->id = plain(x, slot, data, from->id);
	if (from->set != 0 && c->set.len == 0)
		c->set = plain(x, slot, data, from->set);
}

static struct kt_x_call *
take(struct kt_exchange *x, const struct kt_x_slot *slot, struct kt_span data,
    const struct kt_call *from)
{
	enum kt_format format = x->stream.reader.format;
	struct kt_x_call *c =
	    format == KT_FORMAT_RESPONSES ? NULL : find(x, from->block);

	if (c == NULL) {
		c = kt_arena_alloc(x->mem, sizeof(*c));
		if (c == NULL)
			return NULL;
		*c = (struct kt_x_call){ .side = from->side,
			.cannot_go = format == KT_FORMAT_RESPONSES,
			.block = from->block, .choice = from->choice,
			.call = from->call };
		if (x->stream.last_call != NULL)
			x->stream.last_call->next = c;
		else
			x->stream.calls = c;
		x->stream.last_call = c;
	}
	complete(x, slot, data, from, c);
	if (format == KT_FORMAT_OPENAI)
		return c; /* all its arguments are growing text */
	/* An object without members is one whose text is to follow. */
	if (kt_json_type(&slot->json, from->body) == KT_JSON_STRING ||
	    kt_json_first(&slot->json, from->body) != 0) {
		c->begun_in = slot;
		c->begun_at = from->body;
	}
	return c;
}

/* What the model has written of a call, what leaves of it, and the text that
   can be edited, or NULL. */
static enum kt_rc
arguments_of(struct kt_exchange *x, const struct kt_x_call *c,
    struct kt_span *said, struct kt_span *leaves, struct kt_x_block **b)
{
	*b = kt_x_find_block(x, c->block);
	*said = c->begun;
	*leaves = c->begun_leaves;
	if (c->begun.len == 0 && *b != NULL) {
		*said = kt_buf_span(&(*b)->text);
		return kt_x_block_leaves(x, *b, leaves);
	}
	if (*b != NULL && (*b)->length > 0) /* nobody knows which holds */
		*said = *leaves = KT_SPAN("?");
	*b = NULL;
	return KT_OK;
}

static enum kt_rc
decide(struct kt_exchange *x, struct kt_x_call *c)
{
	struct kt_x_edits edits = { 0 };
	struct kt_span said, leaves;
	struct kt_x_block *b;
	enum kt_action a;

	if (arguments_of(x, c, &said, &leaves, &b) < 0)
		return KT_E_LIMIT;
	a = kt_x_judge_call(x, &x->answer_verdict, c, said, leaves,
	    b != NULL ? &edits : NULL);
	c->state = a == KT_ACTION_BLOCK ? KT_X_CALL_GOES : KT_X_CALL_STAYS;
	if (x->answer_verdict.action == KT_ACTION_BLOCK)
		return KT_E_PARSE;
	for (size_t i = 0; i < edits.n; i++) {
		if (kt_x_block_edit(x, b, &edits.v[i]) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* Its event is inspected: what the client gets of it is known. */
static enum kt_rc
end_begun(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data, struct kt_x_call *c)
{
	const struct kt_x_edits edits = { .v = slot->edits,
		.n = slot->nedits };
	struct kt_span said, leaves;

	if (c->begun_in != slot)
		return KT_OK;
	c->begun_in = NULL;
	if (kt_x_arguments(x, &slot->json, data, c->begun_at, &edits, &said,
	        &leaves) < 0)
		return KT_E_LIMIT;
	c->begun = kt_arena_dup(x->mem, said);
	c->begun_leaves = kt_arena_dup(x->mem, leaves);
	return KT_OK;
}

enum kt_rc
kt_x_end_calls(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data)
{
	const struct kt_stream_event *ev = &slot->ev;

	for (struct kt_x_call *c = x->stream.calls; c != NULL; c = c->next) {
		bool ends = ev->ends_all ||
		    x->stream.reader.format == KT_FORMAT_RESPONSES;

		if (end_begun(x, slot, data, c) < 0)
			return KT_E_LIMIT;
		for (size_t i = 0; i < ev->nended && !ends; i++)
			ends = ev->ended[i] == c->block;
		if (!ends || c->state != KT_X_CALL_OPEN)
			continue;
		if (decide(x, c) < 0)
			return KT_E_PARSE;
	}
	return KT_OK;
}

/* Is the event one of the block that is open? */
static bool
is_of_block(const struct kt_x_slot *slot, struct kt_span data)
{
	switch (slot->ev.kind) {
	case KT_STREAM_BLOCK_START:
	case KT_STREAM_DELTA:
	case KT_STREAM_BLOCK_STOP:
		return true;
	case KT_STREAM_OTHER:
		return slot->has_json && kt_json_member(&slot->json, data,
		    kt_json_root(&slot->json), KT_SPAN("index")) != 0;
	case KT_STREAM_START:
	case KT_STREAM_FINISH:
	case KT_STREAM_STOP:
	case KT_STREAM_PING:
	case KT_STREAM_ERROR:
		break;
	}
	return false;
}

/*
 * A response tells a call piece by piece, its name first, and once more when
 * its item is complete: then it is judged, and until then all of it is held.
 */
static void
take_item(struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data)
{
	struct kt_x_streaming *s = &x->stream;
	const struct kt_json *j = &slot->json;
	uint32_t root = kt_json_root(j);
	uint32_t type = kt_json_member(j, data, root, KT_SPAN("type"));
	uint32_t item = kt_json_member(j, data, root, KT_SPAN("item"));
	bool is_call = kt_span_ends(kt_json_string(j, data,
	    kt_json_member(j, data, item, KT_SPAN("type"))), KT_SPAN("_call"));

	s->open_items += is_call && kt_json_is(j, data, type,
	    KT_SPAN("response.output_item.added"));
	slot->is_of_item = s->open_items > 0;
	if (slot->ev.kind == KT_STREAM_STOP)
		s->open_items = 0;
	else if (is_call && s->open_items > 0 && kt_json_is(j, data, type,
	    KT_SPAN("response.output_item.done")))
		s->open_items--;
}

enum kt_rc
kt_x_take_calls(
    struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data)
{
	struct kt_x_streaming *s = &x->stream;
	bool is_anthropic = s->reader.format == KT_FORMAT_ANTHROPIC;

	if (!slot->has_json || kt_json_root(&slot->json) == 0)
		return KT_OK;
	if (!is_anthropic || slot->ev.kind == KT_STREAM_BLOCK_START) {
		if (kt_calls_read_event(s->reader.format, &slot->json, data,
		        slot->mem, &slot->calls) < 0)
			return KT_E_LIMIT;
		slot->of_calls = kt_arena_array(
		    slot->mem, slot->calls.n, sizeof(struct kt_x_call *));
		if (slot->of_calls == NULL)
			return KT_E_LIMIT;
	}
	for (size_t i = 0; i < slot->calls.n; i++) {
		if (slot->calls.v[i].kind != KT_CALL_USE)
			continue;
		slot->of_calls[i] = take(x, slot, data, &slot->calls.v[i]);
		if (slot->of_calls[i] == NULL)
			return KT_E_LIMIT;
		if (is_anthropic)
			s->open_call = slot->of_calls[i];
	}
	if (!s->holds_calls) { /* only told: nothing waits for it */
		slot->calls.n = 0;
		return KT_OK;
	}
	if (s->reader.format == KT_FORMAT_RESPONSES)
		take_item(x, slot, data);
	if (is_anthropic && s->open_call != NULL && is_of_block(slot, data)) {
		slot->part_of = s->open_call;
		if (slot->ev.kind == KT_STREAM_BLOCK_STOP)
			s->open_call = NULL;
	}
	return KT_OK;
}

/* ---- on the way out ---- */

static enum kt_rc
put_number(struct kt_exchange *x, const struct kt_x_slot *slot,
    uint32_t node, uint64_t n, struct kt_x_edits *edits)
{
	const struct kt_json_node *at = &slot->json.nodes[node];
	struct kt_span digits = kt_arena_printf(
	    x->turn, "%llu", (unsigned long long)n);

	if (node == 0)
		return KT_OK;
	return digits.ptr == NULL ? KT_E_LIMIT :
	    kt_x_edit_add(edits, x->turn, at->start, at->end, digits);
}

/* Blocks behind one that is gone move up. */
static enum kt_rc
renumber_block(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data, struct kt_x_edits *edits)
{
	uint32_t index = kt_json_member(&slot->json, data,
	    kt_json_root(&slot->json), KT_SPAN("index"));
	uint64_t n;

	if (x->stream.ngone == 0 || !is_of_block(slot, data) ||
	    !kt_json_u64(&slot->json, data, index, &n) || n < x->stream.ngone)
		return KT_OK;
	return put_number(x, slot, index, n - x->stream.ngone, edits);
}

/* How many calls of that choice in front of it are gone. */
static uint32_t
gone_before(const struct kt_exchange *x, const struct kt_x_call *c)
{
	uint32_t n = 0;

	for (const struct kt_x_call *o = x->stream.calls; o != NULL; o = o->next)
		n += o->choice == c->choice && o->call > 0 &&
		    o->call < c->call && o->state == KT_X_CALL_GOES;
	return n;
}

static uint32_t
list_of(const struct kt_json *j, uint32_t node)
{
	uint32_t list = kt_json_parent(j, node);

	return kt_json_type(j, list) == KT_JSON_NAME ? kt_json_parent(j, list) :
	    list;
}

/* Elements of one chunk: what goes, and the numbers of what stays. */
static enum kt_rc
edit_elements(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data, struct kt_x_edits *edits)
{
	const struct kt_json *j = &slot->json;
	uint32_t *gone = kt_arena_array(x->turn, slot->calls.n + 1, sizeof(*gone));
	size_t n = 0;
	enum kt_rc rc = gone != NULL ? KT_OK : KT_E_LIMIT;

	for (size_t i = 0; rc == KT_OK && i < slot->calls.n; i++) {
		const struct kt_x_call *c = slot->of_calls[i];
		uint32_t node = slot->calls.v[i].node, before;

		if (c->state == KT_X_CALL_GOES) {
			gone[n++] = node;
			continue;
		}
		before = gone_before(x, c);
		if (before > 0)
			rc = put_number(x, slot, kt_json_member(j, data, node,
			    KT_SPAN("index")), c->call - 1 - before, edits);
	}
	for (size_t i = 0; rc == KT_OK && i < n; i++) {
		uint32_t list = list_of(j, gone[i]);
		bool is_done = false, keeps_any = false;

		for (size_t k = 0; k < i; k++)
			is_done |= list_of(j, gone[k]) == list;
		if (is_done && kt_json_type(j, list) == KT_JSON_ARRAY)
			continue;
		for (uint32_t at = kt_json_type(j, list) == KT_JSON_ARRAY ?
		         kt_json_first(j, list) : 0; at != 0;
		     at = kt_json_next(j, at)) {
			bool goes = false;

			for (size_t k = 0; k < n; k++)
				goes |= gone[k] == at;
			keeps_any |= !goes;
		}
		if (keeps_any)
			rc = kt_x_erase(j, list, gone, n, x->turn, edits);
		else if (kt_json_type(j, list) == KT_JSON_ARRAY)
			rc = kt_x_erase(
			    j, list_of(j, list), &list, 1, x->turn, edits);
		else
			rc = kt_x_erase(
			    j, list, &gone[i], 1, x->turn, edits);
	}
	return rc;
}

static bool
has_calls(const struct kt_exchange *x, uint32_t choice,
    enum kt_x_call_state state)
{
	for (const struct kt_x_call *c = x->stream.calls; c; c = c->next) {
		if (c->choice == choice && c->state == state &&
		    c->side == KT_CALL_CLIENT)
			return true;
	}
	return false;
}

enum kt_rc
kt_x_edit_calls(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data, struct kt_x_edits *edits)
{
	enum kt_format format = x->stream.reader.format;
	uint32_t stops[KT_STREAM_CHOICES_MAX], where[KT_STREAM_CHOICES_MAX];
	size_t n;
	enum kt_rc rc = KT_OK;

	if (!slot->has_json || x->stream.calls == NULL)
		return KT_OK;
	if (format == KT_FORMAT_ANTHROPIC)
		rc = renumber_block(x, slot, data, edits);
	else if (format == KT_FORMAT_OPENAI && slot->calls.n > 0)
		rc = edit_elements(x, slot, data, edits);
	if (slot->ev.kind != KT_STREAM_FINISH)
		return rc;
	n = kt_calls_stops(
	    format, &slot->json, data, stops, where, KT_NELEMS(stops));
	for (size_t i = 0; rc == KT_OK && i < n; i++) {
		if (has_calls(x, where[i], KT_X_CALL_GOES) &&
		    !has_calls(x, where[i], KT_X_CALL_STAYS))
			rc = kt_x_correct_stop(&slot->json, data, stops[i],
			    format, x->turn, edits);
	}
	return rc;
}
