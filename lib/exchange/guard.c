/*
 * guard - the opinion of an external classifier, on a request and an answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It is asked last, about what everything else let pass, once in each
 * direction, and with the redactions made; those of a streamed answer are
 * made only when it goes out.  Texts are posted as they stand in the body,
 * because a JSON string can be said again as it is.
 */
#include "exchange/exchange_priv.h"

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
		kt_buf_init(&a->body, g.bytes_max + 256);
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
	a->is_too_much = rc < 0;
}

void
kt_x_guard_add(struct kt_exchange *x, enum kt_direction d, enum kt_component c,
    uint64_t key, struct kt_span raw)
{
	add(x, d, c, key, "text", raw);
}

/* A picture or a document, as it stands in the body. */
static void
add_medium(struct kt_exchange *x, enum kt_direction d, enum kt_component c,
    uint64_t key, struct kt_span raw)
{
	struct kt_policy_guard g;

	if (kt_chain_guard(&x->program->chain, &g) && g.takes_media &&
	    (c == KT_COMPONENT_IMAGES || c == KT_COMPONENT_DOCUMENTS ||
	        c == KT_COMPONENT_FILES) && kt_x_is_payload(raw))
		add(x, d, c, key, "data", raw);
}

/* One string of a whole body, as it is to go on. */
static void
add_segment(struct kt_exchange *x, enum kt_direction d,
    const struct kt_segment *s, const struct kt_json *j, struct kt_span text,
    const struct kt_x_edits *edits, size_t *next)
{
	size_t at = j->nodes[s->node].start + 1, end = j->nodes[s->node].end - 1;
	uint64_t key = s->node + UINT64_C(1);

	while (*next < edits->n && edits->v[*next].end <= at)
		(*next)++;
	if (*next < edits->n && edits->v[*next].start < at)
		return; /* it goes, with more around it */
	for (; *next < edits->n && edits->v[*next].end <= end; (*next)++) {
		const struct kt_edit *e = &edits->v[*next];

		kt_x_guard_add(x, d, s->component, key,
		    kt_span_sub(text, at, e->start - at));
		kt_x_guard_add(x, d, s->component, key, e->text);
		at = e->end;
	}
	kt_x_guard_add(x, d, s->component, key, kt_span_sub(text, at, end - at));
}

/* What policies redacted is not shown to the classifier either. */
static void
add_body(struct kt_exchange *x, enum kt_direction d)
{
	const struct kt_json *j = d == KT_REQUEST ? &x->json : &x->answer_json;
	struct kt_span text =
	    kt_buf_span(d == KT_REQUEST ? &x->body : &x->answer);
	struct kt_x_edits *edits =
	    d == KT_REQUEST ? &x->edits : &x->answer_edits;
	struct kt_segments walk;
	struct kt_segment s;
	size_t next = 0;

	kt_x_edits_sort(edits);
	kt_segments_init(&walk, x->inspection.format, d, j, text);
	while (kt_segments_next(&walk, &s)) {
		if (s.kind == KT_SEGMENT_OPAQUE)
			add_medium(x, d, s.component, s.node + UINT64_C(1),
			    kt_json_string(j, text, s.node));
		if ((s.kind == KT_SEGMENT_TEXT || s.kind == KT_SEGMENT_SIGNED) &&
		    kt_json_type(j, s.node) == KT_JSON_STRING)
			add_segment(x, d, &s, j, text, edits, &next);
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

	if (h == NULL || kt_buf_add(&a->body, KT_SPAN("\"}]}")) < 0)
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
