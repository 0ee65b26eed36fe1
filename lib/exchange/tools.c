/*
 * tools - tools offered, called and answered, as policies and the record see
 * them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Arguments are always read by an index of their own, wherever and however
 * often quoted they stood, so that the same call gives the same verdict in
 * every format, streamed or whole.  A call that is denied is taken out of
 * the answer; what the vendor ran itself cannot be taken back, and refuses
 * the answer.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

static const struct kt_span redacted = KT_SPAN_INIT("[REDACTED]");

/* ---- what is told to the record ---- */

static struct kt_span
commit(struct kt_exchange *x, struct kt_span what, struct kt_span id,
    struct kt_span content)
{
	return kt_x_commit(x, kt_arena_join(x->turn,
	    (const struct kt_span[]){ what, KT_SPAN(":"), id }, 3), content);
}

static struct kt_audit_tool *
add_tool(struct kt_exchange *x, struct kt_span name, struct kt_span id)
{
	struct kt_x_tools *t = &x->tools;

	if (t->n++ >= KT_AUDIT_TOOLS_MAX)
		return NULL; /* counted, and the record says how many */
	if (t->v == NULL)
		t->v = kt_arena_array(x->mem, KT_AUDIT_TOOLS_MAX, sizeof(*t->v));
	if (t->v == NULL)
		return NULL; /* a full arena refuses the call */
	t->v[t->n - 1] = (struct kt_audit_tool){
		.name = kt_arena_dup(x->mem, name),
		.id = kt_arena_dup(x->mem, id) };
	return &t->v[t->n - 1];
}

static void
decide(struct kt_audit_tool *t, enum kt_action a, enum kt_reason reason)
{
	t->decision = kt_span_of(kt_decision_word(a));
	if (a != KT_ACTION_IGNORE)
		t->reason_code = kt_span_of(kt_reason_code(reason));
}

/* ---- one tool ---- */

/* A string of a body, unescaped; empty for anything else. */
static struct kt_span
plain(struct kt_exchange *x, const struct kt_json *j, struct kt_span text,
    uint32_t n)
{
	struct kt_span s = { 0 };

	if (kt_json_type(j, n) != KT_JSON_STRING &&
	    kt_json_type(j, n) != KT_JSON_NAME)
		return s;
	s = kt_json_string(j, text, n);
	if (kt_json_has_escapes(j, n) &&
	    kt_json_unescape(s, x->turn, &s, NULL) < 0)
		s = (struct kt_span){ 0 }; /* the arena is full, which refuses */
	return s;
}

/* A server's tool is called as clients call it that reach the server. */
static struct kt_span
name_of(struct kt_exchange *x, enum kt_call_side side, struct kt_span name,
    struct kt_span set)
{
	if (side != KT_CALL_MCP || set.len == 0)
		return name;
	return kt_arena_join(x->turn, (const struct kt_span[]){
	    KT_SPAN("mcp__"), set, KT_SPAN("__"), name }, 4);
}

static bool
only_watches(const struct kt_exchange *x)
{
	return x->surface.endpoint == KT_ENDPOINT_DETECT;
}

/* Notes every opinion, each at most as strong as `limit`. */
static enum kt_action
judge(struct kt_exchange *x, struct kt_x_verdict *v, const struct kt_tool *t,
    enum kt_action limit, struct kt_tool_opinion *decides)
{
	struct kt_tool_opinion o[KT_X_OPINIONS_MAX];
	enum kt_action strongest = KT_ACTION_IGNORE;
	size_t n, deciding;

	*decides = (struct kt_tool_opinion){ .action = KT_ACTION_IGNORE };
	n = kt_chain_judge_tool(
	    &x->program->chain, t, o, KT_NELEMS(o), &deciding);
	for (size_t i = 0; i < n; i++) {
		enum kt_action a = only_watches(x) ? KT_ACTION_FLAG : o[i].action;
		enum kt_action told = a < limit ? limit : a;

		kt_x_note_rule(v, told,
		    a == KT_ACTION_FLAG ? o[i].wanted : told, o[i].reason,
		    o[i].policy, o[i].rule);
		if (a < strongest) {
			strongest = a;
			*decides = o[i];
			decides->action = a;
		}
	}
	return strongest;
}

/* Edits of the arguments as they are written for themselves; without any
   there is nothing that could stand for what the rule wants gone. */
static enum kt_rc
redact_arguments(struct kt_exchange *x, struct kt_span said,
    const struct kt_config_strings *pointers, struct kt_x_edits *edits)
{
	struct kt_json j;
	enum kt_rc rc;

	kt_json_init(&j, KT_BODY_MAX);
	kt_x_seed_json(x, &j);
	rc = kt_json_parse(&j, said, NULL);
	for (size_t i = 0; rc == KT_OK && i < pointers->n; i++) {
		uint32_t n = kt_json_at(&j, said, pointers->at[i]);

		if (n != 0)
			rc = kt_x_edit_add(edits, x->turn, j.nodes[n].start,
			    j.nodes[n].end, KT_SPAN("\"[REDACTED]\""));
	}
	kt_json_fini(&j);
	kt_x_edits_sort(edits);
	return rc == KT_OK && edits->n == 0 ? KT_E_PARSE : rc;
}

/* The first edit that does not lie before it. */
static size_t
first_edit(const struct kt_x_edits *e, size_t at)
{
	size_t low = 0, high = e->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (e->v[mid].start < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

enum kt_rc
kt_x_arguments(struct kt_exchange *x, const struct kt_json *j,
    struct kt_span text, uint32_t node, const struct kt_x_edits *edits,
    struct kt_span *said, struct kt_span *leaves)
{
	bool is_string = kt_json_type(j, node) == KT_JSON_STRING;
	size_t from = j->nodes[node].start + is_string;
	struct kt_span raw = is_string ? kt_json_string(j, text, node) :
	    kt_json_raw(j, text, node);
	struct kt_x_edits inner = { 0 };
	enum kt_rc rc = KT_OK;

	*said = is_string ? plain(x, j, text, node) : raw;
	*leaves = *said;
	for (size_t i = first_edit(edits, from);
	     i < edits->n && edits->v[i].end <= from + raw.len; i++) {
		const struct kt_edit *e = &edits->v[i];

		if (kt_x_edit_add(&inner, x->turn, e->start - from,
		        e->end - from, e->text) < 0)
			return KT_E_LIMIT;
	}
	if (inner.n == 0)
		return KT_OK;
	kt_x_edits_sort(&inner);
	rc = kt_x_splice_turn(x, raw, &inner, leaves);
	if (rc == KT_OK && is_string)
		rc = kt_json_unescape(*leaves, x->turn, leaves, NULL);
	return rc;
}

enum kt_action
kt_x_judge_call(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_x_call *c, struct kt_span said, struct kt_span leaves,
    struct kt_x_edits *edits)
{
	bool is_final = c->side != KT_CALL_CLIENT || c->cannot_go;
	const struct kt_member who = kt_x_member(x);
	struct kt_tool t = { .phase = KT_TOOL_CALL,
		.is_remote = c->side != KT_CALL_CLIENT,
		.name = name_of(x, c->side, c->name, c->set), .set = c->set,
		.text = leaves, .root = leaves.len > 0,
		.before = x->tools.before, .mem = x->turn, .who = &who };
	enum kt_action a,
	    limit = is_final ? KT_ACTION_BLOCK : KT_ACTION_REDACT;
	struct kt_tool_opinion o;
	struct kt_audit_tool *told;
	struct kt_json j;

	kt_json_init(&j, KT_BODY_MAX);
	kt_x_seed_json(x, &j);
	if (leaves.len > 0 && kt_json_parse(&j, leaves, NULL) == KT_OK)
		t.json = &j;
	a = judge(x, v, &t, limit, &o);
	if (a == KT_ACTION_REDACT && (is_final || edits == NULL ||
	        o.redact == NULL ||
	        redact_arguments(x, said, o.redact, edits) < 0)) {
		/* What cannot be replaced does not go out. */
		a = KT_ACTION_BLOCK;
		kt_x_note_rule(v, limit, limit, o.reason, o.policy, o.rule);
	}
	kt_json_fini(&j);
	x->tools.before += a != KT_ACTION_BLOCK;
	told = add_tool(x, t.name, c->id);
	if (told != NULL) {
		told->arguments_hash =
		    commit(x, KT_SPAN("arguments"), c->id, said);
		decide(told, a, o.reason);
	}
	return a;
}

void
kt_x_withhold_calls(struct kt_exchange *x, enum kt_reason reason)
{
	for (size_t i = 0; x->tools.v != NULL && i < x->tools.n &&
	     i < KT_AUDIT_TOOLS_MAX; i++) {
		struct kt_audit_tool *t = &x->tools.v[i];

		if (!kt_span_eq(t->decision, KT_SPAN("pass")))
			continue; /* a result, or withheld by itself */
		decide(t, KT_ACTION_BLOCK, reason);
	}
}

void
kt_x_withhold_call(struct kt_exchange *x, const struct kt_x_call *c,
    enum kt_reason reason)
{
	struct kt_audit_tool *told =
	    add_tool(x, name_of(x, c->side, c->name, c->set), c->id);

	if (told != NULL)
		decide(told, KT_ACTION_BLOCK, reason);
}

/* ---- taking out ---- */

static bool
is_gone(const uint32_t *gone, size_t n, uint32_t node)
{
	for (size_t i = 0; i < n; i++) {
		if (gone[i] == node)
			return true;
	}
	return false;
}

uint32_t
kt_x_list_of(const struct kt_json *j, uint32_t node)
{
	uint32_t list = kt_json_parent(j, node);

	return kt_json_type(j, list) == KT_JSON_NAME ? kt_json_parent(j, list) :
	    list;
}

/*
 * Takes elements out of an array, or members out of an object, with one
 * comma each: up to the one before where something stays in front, else up
 * to the one behind.
 */
enum kt_rc
kt_x_erase(const struct kt_json *j, uint32_t list, const uint32_t *gone,
    size_t n, struct kt_arena *mem, struct kt_x_edits *edits)
{
	bool is_object = kt_json_type(j, list) == KT_JSON_OBJECT;
	bool has_kept = false;
	size_t before = j->nodes[list].start + 1;
	uint32_t at = kt_json_first(j, list);

	while (at != 0) {
		uint32_t value = is_object ? kt_json_value_of(j, at) : at;
		uint32_t next = kt_json_next(j, value);
		bool goes = is_gone(gone, n, value);
		size_t from = has_kept ? before : j->nodes[at].start;
		size_t to = !has_kept && next != 0 ? j->nodes[next].start :
		    j->nodes[value].end;

		if (goes && kt_x_edit_add(
		        edits, mem, from, to, (struct kt_span){ 0 }) < 0)
			return KT_E_LIMIT;
		has_kept |= !goes;
		before = j->nodes[value].end;
		at = next;
	}
	return KT_OK;
}

/* An answer that ended for a call that it no longer has. */
enum kt_rc
kt_x_correct_stop(const struct kt_json *j, struct kt_span text,
    uint32_t node, enum kt_format format, struct kt_arena *mem,
    struct kt_x_edits *edits)
{
	struct kt_span word = KT_SPAN("\"stop\"");

	if (format == KT_FORMAT_ANTHROPIC)
		word = KT_SPAN("\"end_turn\"");
	if (!kt_json_is(j, text, node, KT_SPAN("tool_use")) &&
	    !kt_json_is(j, text, node, KT_SPAN("tool_calls")) &&
	    !kt_json_is(j, text, node, KT_SPAN("function_call")))
		return KT_OK;
	return kt_x_edit_add(
	    edits, mem, j->nodes[node].start, j->nodes[node].end, word);
}

/* ---- whole answers ---- */

struct answer {
	struct kt_exchange *x;
	struct kt_x_verdict *v;
	const struct kt_json *j;
	struct kt_span text;
	enum kt_format format;
	struct kt_x_edits edits; /* of this file, in order, in x->mem */
	const struct kt_x_edits *before; /* of others, in order */
	uint32_t *gone;
	size_t ngone;
};

/* Edits of arguments become edits of the body around them. */
static enum kt_rc
place_edits(struct answer *a, uint32_t body, const struct kt_x_edits *inner)
{
	struct kt_x_text t = { .raw = kt_json_string(a->j, a->text, body),
		.at = a->j->nodes[body].start + 1 };
	size_t at = a->j->nodes[body].start;
	struct kt_json_map map = { 0 };
	struct kt_span said;

	if (kt_json_type(a->j, body) == KT_JSON_STRING) {
		if (kt_json_unescape(t.raw, a->x->turn, &said, &map) < 0)
			return KT_E_LIMIT;
		return kt_x_nest_edits(inner, &t, &map, a->x->mem, &a->edits);
	}
	for (size_t i = 0; i < inner->n; i++) {
		if (kt_x_edit_add(&a->edits, a->x->mem, at + inner->v[i].start,
		        at + inner->v[i].end, inner->v[i].text) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
one_call(struct answer *a, const struct kt_call *call)
{
	struct kt_exchange *x = a->x;
	struct kt_x_edits inner = { 0 };
	struct kt_span said = { 0 }, leaves = { 0 };
	struct kt_x_call c = { .side = call->side,
		.cannot_go = a->format == KT_FORMAT_RESPONSES,
		.name = plain(x, a->j, a->text, call->name),
		.id = plain(x, a->j, a->text, call->id),
		.set = plain(x, a->j, a->text, call->set) };

	if (call->body != 0 && kt_x_arguments(x, a->j, a->text, call->body,
	        a->before, &said, &leaves) < 0)
		return KT_E_LIMIT;
	if (kt_json_type(a->j, call->body) != KT_JSON_STRING)
		kt_measure_text(&x->inspection.measures, said, false);
	if (kt_x_judge_call(x, a->v, &c, said, leaves, &inner) ==
	    KT_ACTION_BLOCK) {
		a->gone[a->ngone++] = call->node;
		return KT_OK;
	}
	return place_edits(a, call->body, &inner);
}

static bool
has_calls(const struct answer *a, const struct kt_calls *calls,
    uint32_t choice, bool that_stay)
{
	for (size_t i = 0; i < calls->n; i++) {
		if (calls->v[i].kind == KT_CALL_USE &&
		    calls->v[i].side == KT_CALL_CLIENT &&
		    calls->v[i].choice == choice &&
		    is_gone(a->gone, a->ngone, calls->v[i].node) != that_stay)
			return true;
	}
	return false;
}

/* Lists that lose all of theirs go too, where the format has them as
   members. */
static enum kt_rc
erase_calls(struct answer *a, const struct kt_calls *calls)
{
	uint32_t done = 0;

	for (size_t i = 0; i < a->ngone; i++) {
		uint32_t one = a->gone[i];
		uint32_t list = kt_x_list_of(a->j, one);
		bool keeps_any = a->format == KT_FORMAT_ANTHROPIC;

		if (kt_json_name_of(a->j, one) != 0) {
			/* "function_call" itself. */
			if (kt_x_erase(a->j, list, &one, 1, a->x->mem,
			        &a->edits) < 0)
				return KT_E_LIMIT;
			continue;
		}
		if (list == done)
			continue;
		done = list;
		for (size_t k = 0; k < calls->n && !keeps_any; k++)
			keeps_any = calls->v[k].kind == KT_CALL_USE &&
			    kt_json_parent(a->j, calls->v[k].node) == list &&
			    !is_gone(a->gone, a->ngone, calls->v[k].node);
		if (!keeps_any) {
			one = list;
			list = kt_x_list_of(a->j, list);
		}
		if (kt_x_erase(a->j, list, keeps_any ? a->gone : &one,
		        keeps_any ? a->ngone : 1, a->x->mem, &a->edits) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static enum kt_rc
inspect_answer(struct answer *a, struct kt_x_edits *edits)
{
	struct kt_exchange *x = a->x;
	uint32_t stops[KT_STREAM_CHOICES_MAX], where[KT_STREAM_CHOICES_MAX];
	struct kt_calls calls;
	size_t n;

	if (kt_calls_read(
	        a->format, KT_ANSWER, a->j, a->text, x->turn, &calls) < 0)
		return KT_E_LIMIT;
	a->gone = kt_arena_array(x->turn, calls.n + 1, sizeof(*a->gone));
	if (a->gone == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < calls.n; i++) {
		if (calls.v[i].kind == KT_CALL_USE &&
		    one_call(a, &calls.v[i]) < 0)
			return KT_E_LIMIT;
	}
	if (a->ngone > 0 && erase_calls(a, &calls) < 0)
		return KT_E_LIMIT;
	n = kt_calls_stops(a->format, a->j, a->text, stops, where,
	    KT_NELEMS(stops));
	for (size_t i = 0; a->ngone > 0 && i < n; i++) {
		if (has_calls(a, &calls, where[i], false) &&
		    !has_calls(a, &calls, where[i], true) &&
		    kt_x_correct_stop(a->j, a->text, stops[i], a->format,
		        x->mem, &a->edits) < 0)
			return KT_E_LIMIT;
	}
	kt_x_edits_sort(&a->edits);
	return kt_x_edits_merge(edits, &a->edits, x->mem);
}

/* ---- requests ---- */

struct request {
	struct kt_exchange *x;
	struct kt_x_verdict *v;
	const struct kt_json *j;
	struct kt_span text;
	struct kt_x_edits edits; /* of this file, in order, in x->mem */
	/* The texts; results come in the order of the body too. */
	struct kt_segments segments;
	struct kt_segment segment;
	bool has_segment;
	bool is_broken; /* a text of this result began like JSON and is none */
};

static void
judge_offer(struct request *q, const struct kt_call *c)
{
	struct kt_exchange *x = q->x;
	const struct kt_member who = kt_x_member(x);
	struct kt_tool t = { .phase = KT_TOOL_OFFER,
		.is_remote = c->side != KT_CALL_CLIENT,
		.is_server = c->name == c->set && c->set != 0,
		.name = c->known.len > 0 ? c->known :
		    plain(x, q->j, q->text, c->name),
		.set = plain(x, q->j, q->text, c->set),
		.url = plain(x, q->j, q->text, c->body), .json = q->j,
		.text = q->text, .root = c->node, .mem = x->turn,
		.who = &who };
	struct kt_tool_opinion o;

	(void)judge(x, q->v, &t, KT_ACTION_BLOCK, &o); /* it is noted */
}

/* Where a line begins with a fence of Markdown, at or behind `at`. */
static size_t
next_fence(struct kt_span text, size_t at)
{
	while (at < text.len) {
		size_t begin = at;

		while (begin < text.len && text.ptr[begin] == ' ')
			begin++;
		if (kt_span_starts(kt_span_sub(text, begin, 3), KT_SPAN("```")))
			break;
		at = begin + kt_span_find(kt_span_sub(text, begin, text.len),
		    '\n');
		at += at < text.len;
	}
	return at;
}

/* What stands in the first fence of a text that has one, where it stands, with
   blanks around; any other text as it is. */
static enum kt_rc
unfence(struct kt_exchange *x, struct kt_span text, struct kt_span *out)
{
	size_t from = next_fence(text, 0), to;
	char *bare;

	*out = text;
	if (from == text.len || kt_json_begins(text))
		return KT_OK;
	from += kt_span_find(kt_span_sub(text, from, text.len), '\n');
	to = next_fence(text, from);
	bare = kt_arena_alloc(x->turn, text.len);
	if (bare == NULL)
		return KT_E_LIMIT;
	memset(bare, ' ', text.len);
	memcpy(bare + from, text.ptr + from, to - from);
	*out = (struct kt_span){ bare, text.len };
	return KT_OK;
}

/* What policies take out of one text of a result. */
static enum kt_rc
cut_text(struct request *q, struct kt_span tool, uint32_t n, bool *has_cut)
{
	struct kt_exchange *x = q->x;
	const struct kt_chain *chain = &x->program->chain;
	struct kt_x_text t = { .raw = kt_json_string(q->j, q->text, n),
		.at = q->j->nodes[n].start + 1 };
	struct kt_tool_cuts cuts = { .mem = x->turn };
	struct kt_x_edits inner = { 0 };
	struct kt_json_map map = { 0 };
	struct kt_span text, bare;
	struct kt_json j;
	enum kt_rc rc;

	if (kt_json_unescape(t.raw, x->turn, &text, &map) < 0 ||
	    unfence(x, text, &bare) < 0)
		return KT_E_LIMIT;
	kt_json_init(&j, KT_BODY_MAX);
	kt_x_seed_json(x, &j);
	rc = kt_json_parse(&j, bare, NULL);
	q->is_broken |= rc < 0 && kt_json_begins(bare);
	cuts.is_broken = rc < 0 && q->is_broken;
	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		size_t before = cuts.n;

		if (p->kind->cut == NULL || !(p->components &
		        KT_COMPONENT_BIT(KT_COMPONENT_TOOL_RESULTS)))
			continue;
		p->kind->cut(p, tool, text, rc == KT_OK ? &j : NULL, &cuts);
		if (cuts.n == before)
			continue;
		if (kt_x_note_wish(x, q->v, KT_ACTION_REDACT,
		        KT_REASON_TOOL_RESULT, p) == KT_ACTION_FLAG)
			cuts.n = before;
	}
	kt_json_fini(&j);
	for (size_t i = 0; i < cuts.n; i++) {
		if (kt_x_edit_add(&inner, x->turn, cuts.v[i].start,
		        cuts.v[i].end, cuts.v[i].is_value ?
		        KT_SPAN("\"[REDACTED]\"") : redacted) < 0)
			return KT_E_LIMIT;
	}
	kt_x_edits_sort(&inner);
	*has_cut |= inner.n > 0;
	return cuts.is_full ? KT_E_LIMIT :
	    kt_x_nest_edits(&inner, &t, &map, x->mem, &q->edits);
}

/* Every text of a result: where it stands is what segments tell. */
static enum kt_rc
cut_result(struct request *q, struct kt_span tool, const struct kt_call *c,
    bool *has_cut)
{
	enum kt_rc rc = KT_OK;

	q->is_broken = false;
	while (rc == KT_OK && c->body != 0 && q->has_segment &&
	    q->segment.node < q->j->nodes[c->body].next) {
		if (q->segment.node >= c->body &&
		    q->segment.kind == KT_SEGMENT_TEXT)
			rc = cut_text(q, tool, q->segment.node, has_cut);
		q->has_segment = kt_segments_next(&q->segments, &q->segment);
	}
	return rc;
}

/* Has a detector's policy taken something out of it? */
static bool
is_edited(const struct kt_x_edits *e, const struct kt_json_node *n)
{
	size_t i = first_edit(e, n->start);

	return i < e->n && e->v[i].start < n->end;
}

static enum kt_rc
one_result(struct request *q, const struct kt_calls *calls,
    const struct kt_call *c, const struct kt_x_edits *edits)
{
	const struct kt_call *use = c->use != KT_CALL_NONE ? &calls->v[c->use] :
	    c;
	struct kt_exchange *x = q->x;
	struct kt_span id = plain(x, q->j, q->text, c->id), tool;
	struct kt_audit_tool *told;
	bool has_cut = false;

	tool = name_of(x, use->side, plain(x, q->j, q->text, use->name),
	    plain(x, q->j, q->text, use->set));
	if (x->tools.is_heard && cut_result(q, tool, c, &has_cut) < 0)
		return KT_E_LIMIT;
	if (!c->is_recent)
		return KT_OK;
	told = add_tool(x, tool, id);
	if (told == NULL)
		return KT_OK;
	has_cut |= c->body != 0 && is_edited(edits, &q->j->nodes[c->body]);
	told->result_hash = commit(x, KT_SPAN("result"), id,
	    kt_json_raw(q->j, q->text, c->body));
	told->result_decision = has_cut ? KT_SPAN("redact") : KT_SPAN("pass");
	return KT_OK;
}

void
kt_x_withhold_results(struct kt_exchange *x, enum kt_reason reason)
{
	for (size_t i = 0; x->tools.v != NULL && i < x->tools.n &&
	     i < KT_AUDIT_TOOLS_MAX; i++) {
		struct kt_audit_tool *t = &x->tools.v[i];

		if (t->result_decision.len == 0)
			continue;
		t->result_decision = KT_SPAN("block");
		t->reason_code = kt_span_of(kt_reason_code(reason));
	}
}

static enum kt_rc
inspect_request(
    struct request *q, enum kt_format format, struct kt_x_edits *edits)
{
	struct kt_exchange *x = q->x;
	struct kt_calls calls;

	if (kt_calls_read(
	        format, KT_REQUEST, q->j, q->text, x->turn, &calls) < 0)
		return KT_E_LIMIT;
	kt_segments_init(&q->segments, format, KT_REQUEST, q->j, q->text);
	q->has_segment = x->tools.is_heard && calls.n > 0 &&
	    kt_segments_next(&q->segments, &q->segment);
	for (size_t i = 0; i < calls.n; i++) {
		const struct kt_call *c = &calls.v[i];

		if (c->kind == KT_CALL_OFFER && x->tools.is_heard)
			judge_offer(q, c);
		else if (c->kind == KT_CALL_USE)
			x->tools.before++;
		else if (c->kind == KT_CALL_RESULT &&
		    (x->tools.is_heard || c->is_recent) &&
		    one_result(q, &calls, c, edits) < 0)
			return KT_E_LIMIT;
	}
	return kt_x_edits_merge(edits, &q->edits, x->mem);
}

enum kt_rc
kt_x_inspect_tools(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_segments *s, struct kt_x_edits *edits)
{
	x->tools.is_heard = kt_chain_hears_tools(&x->program->chain);
	if (s->direction == KT_REQUEST) {
		struct request q = { .x = x, .v = v, .j = s->json,
			.text = s->text };

		return inspect_request(&q, s->format, edits);
	} else {
		struct answer a = { .x = x, .v = v, .j = s->json,
			.text = s->text, .format = s->format,
			.before = edits };

		return inspect_answer(&a, edits);
	}
}
