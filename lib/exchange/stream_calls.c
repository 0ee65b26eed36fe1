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

/* A response numbers its items; where it repeats them all, ids tell. */
static struct kt_x_call *
find(struct kt_exchange *x, const struct kt_call *from, struct kt_span id)
{
	struct kt_x_call *c = x->stream.calls;
	bool is_response = x->stream.reader.format == KT_FORMAT_RESPONSES;

	for (; c != NULL; c = c->next) {
		if (!is_response ? c->block == from->block : from->call != 0 ?
		        c->call == from->call :
		        id.len > 0 && kt_span_eq(c->id, id))
			return c;
	}
	return NULL;
}

static struct kt_x_call *
add(struct kt_exchange *x, const struct kt_call *from)
{
	struct kt_x_call *c = kt_arena_alloc(x->mem, sizeof(*c));

	if (c == NULL)
		return NULL;
	*c = (struct kt_x_call){ .side = from->side,
		.cannot_go = x->stream.reader.format == KT_FORMAT_RESPONSES,
		.block = from->block, .choice = from->choice,
		.call = from->call };
	if (x->stream.last_call != NULL)
		x->stream.last_call->next = c;
	else
		x->stream.calls = c;
	x->stream.last_call = c;
	return c;
}

/* What was judged is not what some client acts on: judged once more. */
static void
reopen(struct kt_x_call *c)
{
	if (c->state == KT_X_CALL_STAYS)
		c->state = KT_X_CALL_OPEN;
}

/*
 * Pieces may come in any order.  A name that comes in two is none: one client
 * joins them, another takes the last.  A response may repeat it.
 */
static void
complete(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data, const struct kt_call *from, struct kt_x_call *c)
{
	bool is_response = x->stream.reader.format == KT_FORMAT_RESPONSES;
	struct kt_span name = plain(x, slot, data, from->name);
	struct kt_span set = plain(x, slot, data, from->set);
	bool is_same = is_response && kt_span_eq(name, c->name) &&
	    (from->node == kt_json_root(&slot->json) ||
	        (from->side == c->side && kt_span_eq(set, c->set)));

	if (name.len > 0 && c->is_named && !is_same) {
		c->name = (struct kt_span){ 0 };
		reopen(c);
	} else if (name.len > 0) {
		c->name = name;
		c->is_named = true;
	}
	if (c->set.len == 0)
		c->set = set;
	c->is_whole |= from->is_whole;
}

static void
say_unclear(struct kt_x_call *c)
{
	c->is_unclear = true;
	reopen(c);
}

/* A response grows the arguments of an item under a key of its own. */
static void
take_block(const struct kt_x_slot *slot, struct kt_x_call *c)
{
	for (size_t i = 0; i < slot->ev.nparts; i++) {
		const struct kt_part *p = &slot->ev.parts[i];

		if (p->block == 0 || p->block == c->block ||
		    p->component != KT_COMPONENT_TOOL_USE)
			continue;
		if (c->block != 0 || c->state != KT_X_CALL_OPEN)
			say_unclear(c);
		c->block = p->block;
	}
}

static struct kt_x_call *
take(struct kt_exchange *x, const struct kt_x_slot *slot, struct kt_span data,
    const struct kt_call *from)
{
	enum kt_format format = x->stream.reader.format;
	struct kt_span id = plain(x, slot, data, from->id);
	struct kt_x_call *c = find(x, from, id);

	if (c == NULL)
		c = add(x, from);
	if (c == NULL)
		return NULL;
	complete(x, slot, data, from, c);
	if (c->id.len == 0)
		c->id = id;
	if (format == KT_FORMAT_OPENAI)
		return c; /* all its arguments are growing text */
	if (format == KT_FORMAT_RESPONSES)
		take_block(slot, c);
	/* An object without members is one whose text is to follow. */
	if (kt_json_type(&slot->json, from->body) == KT_JSON_STRING ||
	    kt_json_first(&slot->json, from->body) != 0) {
		if (c->begun_in == slot)
			say_unclear(c);
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
	if (c->begun.len == 0 && *b != NULL && !c->is_unclear) {
		*said = kt_buf_span(&(*b)->text);
		return kt_x_block_leaves(x, *b, leaves);
	}
	if (c->is_unclear || (*b != NULL && (*b)->length > 0 &&
	        !kt_span_eq(kt_buf_span(&(*b)->text), c->begun)))
		*said = *leaves = KT_SPAN("?"); /* nobody knows which holds */
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
	return kt_x_block_edit(x, b, &edits);
}

/* Its event is inspected: what the client gets of it is known. */
static enum kt_rc
end_begun(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data, struct kt_x_call *c)
{
	struct kt_span said, leaves;

	if (c->begun_in != slot)
		return KT_OK;
	c->begun_in = NULL;
	if (kt_x_arguments(x, &slot->json, data, c->begun_at, &slot->edits,
	        &said, &leaves) < 0)
		return KT_E_LIMIT;
	if (said.len == 0)
		return KT_OK;
	if (c->begun.len > 0 || c->state != KT_X_CALL_OPEN) {
		if (!kt_span_eq(c->begun, said))
			say_unclear(c);
		return KT_OK;
	}
	c->begun = kt_arena_dup(x->mem, said);
	c->begun_leaves = kt_arena_dup(x->mem, leaves);
	return KT_OK;
}

enum kt_rc
kt_x_end_calls(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data)
{
	for (struct kt_x_call *c = x->stream.calls; c != NULL; c = c->next) {
		if (end_begun(x, slot, data, c) < 0)
			return KT_E_LIMIT;
		if (c->state == KT_X_CALL_OPEN &&
		    (c->is_whole || kt_stream_ends(&slot->ev, c->block)) &&
		    decide(x, c) < 0)
			return KT_E_PARSE;
	}
	return KT_OK;
}

void
kt_x_cut_calls(struct kt_exchange *x, enum kt_reason reason)
{
	for (struct kt_x_call *c = x->stream.calls; c != NULL; c = c->next) {
		if (c->state != KT_X_CALL_OPEN)
			continue;
		c->state = KT_X_CALL_GOES;
		kt_x_withhold_call(x, c, reason);
	}
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
 * What comes later is judged again where it says something else.
 */
static void
take_item(struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data)
{
	struct kt_x_streaming *s = &x->stream;
	const struct kt_json *j = &slot->json;
	uint32_t root = kt_json_root(j);
	uint32_t type = kt_json_member(j, data, root, KT_SPAN("type"));
	uint32_t item = kt_json_member(j, data, root, KT_SPAN("item"));
	bool is_call = false;

	for (size_t i = 0; i < slot->calls.n; i++)
		is_call |= slot->calls.v[i].kind == KT_CALL_USE &&
		    slot->calls.v[i].node == item;
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
		uint32_t list = kt_x_list_of(j, gone[i]);
		bool is_done = false, keeps_any = false;

		for (size_t k = 0; k < i; k++)
			is_done |= kt_x_list_of(j, gone[k]) == list;
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
			    j, kt_x_list_of(j, list), &list, 1, x->turn, edits);
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
