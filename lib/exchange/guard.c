/*
 * guard - the opinion of an external classifier, on a request and an answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It is asked last, about what everything else let pass, once in each
 * direction, and with the redactions made; those of a streamed answer are
 * made only when it goes out.  Texts are posted as they stand in the body,
 * because a JSON string can be said again as it is.  Arguments are one text
 * of JSON, as a stream brings them, with what they are called.
 */
#include "exchange/exchange_priv.h"
#include "json/write.h"

static struct kt_x_asking *
asking_of(struct kt_exchange *x, uint32_t job)
{
	for (unsigned d = 0; d < KT_NELEMS(x->asking); d++)
		if (job == KT_X_GUARD_JOB + d)
			return &x->asking[d];
	return NULL;
}

bool
kt_x_guard_wants(const struct kt_exchange *x, enum kt_component c)
{
	struct kt_policy_guard g;

	return x->program->guard != NULL &&
	    kt_chain_guard(&x->program->chain, &g) &&
	    (g.components & KT_COMPONENT_BIT(c)) != 0;
}

/* ---- the question ---- */

static const struct kt_span beginnings[] = {
	[KT_REQUEST] = KT_SPAN_INIT("{\"direction\":\"request\",\"texts\":["),
	[KT_ANSWER] = KT_SPAN_INIT("{\"direction\":\"answer\",\"texts\":["),
};
static const struct kt_span ending = KT_SPAN_INIT("\"}]}");

static void
add(struct kt_exchange *x, enum kt_direction d, enum kt_component c,
    uint64_t key, const char *member, struct kt_span raw)
{
	struct kt_x_asking *a = &x->asking[d];
	struct kt_policy_guard g;
	enum kt_rc rc = KT_OK;

	if (x->program->guard == NULL || raw.len == 0 || a->is_too_much ||
	    !kt_chain_guard(&x->program->chain, &g) ||
	    !(g.components & KT_COMPONENT_BIT(c)))
		return;
	if (a->body.len == 0) {
		kt_buf_init(&a->body, g.bytes_max);
		rc = kt_buf_add(&a->body, beginnings[d]);
	} else if (key == 0 || key != a->key) {
		rc = kt_buf_add(&a->body, KT_SPAN("\"},"));
	}
	if (rc == KT_OK && (a->key != key || key == 0 || a->ntexts == 0)) {
		rc = kt_buf_printf(&a->body, "{\"component\":\"%s\",\"%s\":\"",
		    kt_component_name(c), member);
		a->ntexts++;
	}
	a->key = key;
	if (rc == KT_OK)
		rc = kt_buf_add(&a->body, raw);
	a->is_too_much = rc < 0 || a->body.len + ending.len > g.bytes_max;
}

/* One body or event, and how far into it the question is. */
struct source {
	struct kt_exchange *x;
	enum kt_direction d;
	const struct kt_json *j;
	struct kt_span text;
	const struct kt_x_edits *edits; /* in order */
	size_t edit;                    /* the next one */
	struct kt_calls calls;
	size_t call;        /* the first that has not ended */
	uint32_t arguments; /* that were added last */
};

static void
add_piece(const struct source *s, enum kt_component c, uint64_t key,
    struct kt_span raw, bool is_of_string)
{
	struct kt_buf b;

	if (is_of_string) {
		add(s->x, s->d, c, key, "text", raw);
		return;
	}
	kt_buf_init(&b, KT_BODY_MAX);
	if (kt_json_write_escaped(&b, raw) < 0)
		s->x->asking[s->d].is_too_much = true;
	else
		add(s->x, s->d, c, key, "text", kt_buf_span(&b));
	kt_buf_fini(&b);
}

/* One string, or arguments that are none, as they are to go on. */
static void
add_value(
    struct source *s, enum kt_component c, uint64_t key, uint32_t node)
{
	const struct kt_x_edits *e = s->edits;
	bool is_string = kt_json_type(s->j, node) == KT_JSON_STRING;
	size_t at = s->j->nodes[node].start + is_string;
	size_t end = s->j->nodes[node].end - is_string;

	while (s->edit < e->n && e->v[s->edit].end <= at)
		s->edit++;
	if (s->edit < e->n && e->v[s->edit].start < at)
		return; /* it goes, with more around it */
	for (; s->edit < e->n && e->v[s->edit].end <= end; s->edit++) {
		const struct kt_edit *one = &e->v[s->edit];

		add_piece(s, c, key,
		    kt_span_sub(s->text, at, one->start - at), is_string);
		add_piece(s, c, key, one->text, is_string);
		at = one->end;
	}
	add_piece(s, c, key, kt_span_sub(s->text, at, end - at), is_string);
}

/* The arguments around a node, if they are no string; 0: there are none. */
static uint32_t
arguments_around(struct source *s, uint32_t node)
{
	const struct kt_json_node *nodes = s->j->nodes;
	const struct kt_call *v = s->calls.v;

	while (s->call < s->calls.n && (v[s->call].kind != KT_CALL_USE ||
	        nodes[v[s->call].node].next <= node))
		s->call++;
	for (size_t i = s->call; i < s->calls.n && v[i].node <= node; i++) {
		uint32_t body = v[i].body;

		if (v[i].kind == KT_CALL_USE && body != 0 && body < node &&
		    node < nodes[body].next)
			return body;
	}
	return 0;
}

static bool
is_tool_name(const struct source *s, enum kt_component c, uint32_t node)
{
	return (c == KT_COMPONENT_TOOLS || c == KT_COMPONENT_TOOL_USE) &&
	    kt_json_is(s->j, s->text, kt_json_name_of(s->j, node),
	        KT_SPAN("name"));
}

/* What stands in an object or list is part of the arguments around it. */
static void
add_node(struct source *s, enum kt_component c, uint32_t node, uint64_t key,
    bool is_fixed)
{
	uint32_t arguments = arguments_around(s, node);

	if (arguments != 0 && arguments != s->arguments)
		add_value(s, c, UINT64_MAX - arguments, arguments);
	else if (arguments == 0 &&
	    kt_json_type(s->j, node) == KT_JSON_STRING &&
	    (!is_fixed || is_tool_name(s, c, node)))
		add_value(s, c, key, node);
	s->arguments = arguments;
}

/* A picture or a document, as it stands in the body. */
static void
add_medium(const struct source *s, enum kt_component c, uint32_t node)
{
	struct kt_span raw = kt_json_string(s->j, s->text, node);
	struct kt_policy_guard g;

	if (kt_chain_guard(&s->x->program->chain, &g) && g.takes_media &&
	    (c == KT_COMPONENT_IMAGES || c == KT_COMPONENT_DOCUMENTS ||
	        c == KT_COMPONENT_FILES) && kt_x_is_payload(raw))
		add(s->x, s->d, c, 0, "data", raw);
}

/* What policies redacted is not shown to the classifier either. */
static void
add_body(struct kt_exchange *x, enum kt_direction d)
{
	struct kt_x_edits *edits =
	    d == KT_REQUEST ? &x->edits : &x->answer_edits;
	struct source s = { .x = x, .d = d, .edits = edits,
		.j = d == KT_REQUEST ? &x->json : &x->answer_json,
		.text = kt_buf_span(d == KT_REQUEST ? &x->body : &x->answer) };
	struct kt_segments walk;
	struct kt_segment one;

	kt_x_edits_sort(edits);
	if (kt_calls_read(x->inspection.format, d, s.j, s.text, x->turn,
	        &s.calls) < 0)
		x->asking[d].is_too_much = true;
	kt_segments_init(&walk, x->inspection.format, d, s.j, s.text);
	kt_segments_want_all(&walk);
	while (kt_segments_next(&walk, &one)) {
		if (one.kind == KT_SEGMENT_OPAQUE)
			add_medium(&s, one.component, one.node);
		else
			add_node(&s, one.component, one.node,
			    one.node + UINT64_C(1),
			    kt_segment_is_fixed(one.kind));
	}
}

/* Texts of one growing block in a row are one text. */
void
kt_x_guard_add_event(struct kt_exchange *x, const struct kt_x_slot *slot)
{
	static const struct kt_x_edits none = { 0 };
	struct source s = { .x = x, .d = KT_ANSWER, .j = &slot->json,
		.text = kt_x_slot_data(slot), .edits = &none };

	if (slot->has_json && kt_calls_read_event(x->stream.reader.format,
	        s.j, s.text, slot->mem, &s.calls) < 0)
		x->asking[KT_ANSWER].is_too_much = true;
	for (size_t i = 0; i < slot->ev.nparts; i++) {
		const struct kt_part *p = &slot->ev.parts[i];

		if (p->kind != KT_PART_OPAQUE && !kt_x_is_repeat(slot, i))
			add_node(&s, p->component, p->node, p->block,
			    p->kind == KT_PART_FIXED);
	}
}

static bool
order(struct kt_exchange *x, enum kt_direction d,
    const struct kt_policy_guard *g)
{
	struct kt_x_asking *a = &x->asking[d];
	const struct kt_target *t = x->program->guard;
	size_t room = g->headers->n + 4, n = 0;
	struct kt_header *h = kt_arena_array(x->mem, room, sizeof(*h));
	struct kt_order *o;

	if (h == NULL || kt_buf_add(&a->body, ending) < 0)
		return false;
	(void)kt_x_header_add(h, &n, room, KT_SPAN("Host"), t->host_header);
	(void)kt_x_header_add(h, &n, room, KT_SPAN("Content-Type"),
	    KT_SPAN("application/json"));
	(void)kt_x_header_add(h, &n, room, KT_SPAN("Accept-Encoding"),
	    KT_SPAN("identity"));
	for (size_t i = 0; i < g->headers->n; i++)
		(void)kt_x_header_add(h, &n, room, g->headers->at[i].key,
		    g->headers->at[i].value);
	if (t->key.len > 0)
		(void)kt_x_header_add(h, &n, room, KT_SPAN("Authorization"),
		    kt_arena_join(x->mem, (const struct kt_span[]){
		    KT_SPAN("Bearer "), t->key }, 2));
	a->piece = kt_buf_span(&a->body);
	a->state = KT_X_ASKED;
	a->end_us = x->now_mono + g->timeout_us;
	o = kt_x_order(x, KT_ORDER_JOB);
	o->job = KT_X_GUARD_JOB + d;
	o->job_kind = KT_JOB_GUARD;
	o->target = t;
	o->path = t->base_path.len > 0 ? t->base_path : KT_SPAN("/");
	o->headers = h;
	o->nheaders = n;
	o->pieces = &a->piece;
	o->npieces = 1;
	o->keep_us = g->keep_us;
	return true;
}

/* ---- the answer ---- */

static void
conclude(struct kt_exchange *x, struct kt_x_verdict *v, struct kt_x_asking *a,
    const struct kt_policy_guard *g, enum kt_direction d)
{
	enum kt_reason objection = d == KT_REQUEST ? KT_REASON_PROMPT_GUARD :
	    KT_REASON_COMPLETION_GUARD;

	a->state = KT_X_CONCLUDED;
	switch (a->said) {
	case KT_POLICY_SAID_BLOCK:
		(void)kt_x_note_wish(x, v, g->objects, objection, g->policy);
		break;
	case KT_POLICY_SAID_FLAG:
		kt_x_note(v, KT_ACTION_FLAG, objection, g->policy);
		break;
	case KT_POLICY_SAID_NOTHING:
		(void)kt_x_note_wish(
		    x, v, g->fails, KT_REASON_GATEWAY_GUARD, g->policy);
		break;
	case KT_POLICY_SAID_PASS:
		break;
	}
	kt_buf_fini(&a->body);
}

int
kt_x_guard(struct kt_exchange *x, enum kt_direction d, struct kt_x_verdict *v)
{
	struct kt_x_asking *a = &x->asking[d];
	struct kt_policy_guard g;

	if (x->program->guard == NULL || a->state == KT_X_CONCLUDED ||
	    v->action == KT_ACTION_BLOCK ||
	    !kt_chain_guard(&x->program->chain, &g))
		return 1;
	if (a->state == KT_X_UNASKED && a->ntexts == 0 &&
	    x->phase != KT_X_STREAM && (d == KT_ANSWER || x->is_json))
		add_body(x, d);
	if (a->ntexts == 0 && !a->is_too_much)
		return 1;
	if (a->state == KT_X_UNASKED) {
		if (a->is_too_much)
			a->state = KT_X_ANSWERED; /* with nothing */
		else if (!order(x, d, &g))
			return KT_E_LIMIT;
	}
	if (a->state == KT_X_ASKED)
		return 0;
	conclude(x, v, a, &g, d);
	return 1;
}

/* True: somebody waited for it. */
bool
kt_x_guard_answer(struct kt_exchange *x, uint32_t job, struct kt_span bytes)
{
	struct kt_x_asking *a = asking_of(x, job);
	struct kt_policy_guard g;

	if (a == NULL || a->state != KT_X_ASKED ||
	    !kt_chain_guard(&x->program->chain, &g))
		return false;
	a->said = kt_policy_guard_said(&g, bytes);
	a->state = KT_X_ANSWERED;
	return true;
}

uint64_t
kt_x_guard_end(const struct kt_exchange *x)
{
	for (unsigned d = 0; d < KT_NELEMS(x->asking); d++)
		if (x->asking[d].state == KT_X_ASKED)
			return x->asking[d].end_us;
	return 0;
}

bool
kt_x_guard_cancel(struct kt_exchange *x)
{
	bool is_any = false;

	for (unsigned d = 0; d < KT_NELEMS(x->asking); d++) {
		if (x->asking[d].state != KT_X_ASKED)
			continue;
		x->asking[d].state = KT_X_ANSWERED; /* with nothing */
		kt_x_order(x, KT_ORDER_JOB_CANCEL)->job = KT_X_GUARD_JOB + d;
		is_any = true;
	}
	return is_any;
}

void
kt_x_guard_free(struct kt_exchange *x)
{
	for (unsigned d = 0; d < KT_NELEMS(x->asking); d++)
		kt_buf_fini(&x->asking[d].body);
}
