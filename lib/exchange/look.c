/*
 * look - an exchange that never gets an event.  Only its inspection is used;
 * a second way through the chain would be a second opinion.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/exchange_priv.h"
#include "exchange/look.h"

struct kt_look {
	struct kt_exchange *x;
	struct kt_sightings found;
	struct kt_x_edits edits;
	struct kt_span text;
	kt_look_read_fn *read; /* NULL: nobody can */
	void *arg;
};

struct kt_look *
kt_look_new(const struct kt_program *program, struct kt_scratch *scratch)
{
	struct kt_exchange_options o = { .program = program,
		.scratch = scratch };
	struct kt_look *l = kt_alloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	l->x = kt_exchange_new(&o);
	if (l->x == NULL) {
		kt_free(l);
		return NULL;
	}
	l->x->sightings = &l->found;
	return l;
}

void
kt_look_free(struct kt_look **l)
{
	if (*l == NULL)
		return;
	kt_exchange_free(&(*l)->x);
	kt_free((*l)->found.v);
	kt_free(*l);
	*l = NULL;
}

void
kt_look_set_reader(struct kt_look *l, kt_look_read_fn *fn, void *arg)
{
	l->read = fn;
	l->arg = arg;
}

const struct kt_detector *
kt_look_detector(const struct kt_look *l, size_t i)
{
	const struct kt_detect *db = l->x->program->chain.detect;

	return db != NULL && i < kt_detect_count(db) ? kt_detect_def(db, i) :
	    NULL;
}

bool
kt_look_hears(const struct kt_look *l, size_t i)
{
	const struct kt_chain *chain = &l->x->program->chain;

	for (unsigned c = 0; c < KT_NCOMPONENTS; c++) {
		if (chain->heard[c].bits != NULL &&
		    kt_detect_set_has(&chain->heard[c], i))
			return true;
	}
	return false;
}

static void
begin(struct kt_look *l, struct kt_span text)
{
	kt_x_media_free(l->x);
	kt_arena_reset(l->x->mem);
	kt_arena_reset(l->x->turn);
	l->x->request_verdict = (struct kt_x_verdict){
		.action = KT_ACTION_IGNORE, .wanted = KT_ACTION_IGNORE,
		.mem = l->x->mem };
	l->edits = (struct kt_x_edits){ 0 };
	l->x->tools = (struct kt_x_tools){ 0 };
	l->x->seen = (struct kt_x_seen){ 0 };
	l->x->vault = (struct kt_x_vault){ 0 };
	l->found.n = 0;
	l->text = text;
}

/* What a text is by others of its message is found after them. */
static int
by_place(const void *va, const void *vb)
{
	const struct kt_sighting *a = va, *b = vb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	return (a->detector > b->detector) - (a->detector < b->detector);
}

static void
tell(const struct kt_look *l, struct kt_looked *out)
{
	const struct kt_x_verdict *v = &l->x->request_verdict;

	*out = (struct kt_looked){
		.action = v->action,
		.reason = v->reason,
		.policy = v->policy,
		.reasons = v->reasons,
		.nreasons = v->nreasons,
		.classes = v->classes,
		.found = l->found.v,
		.nfound = l->found.n,
		.measures = l->x->inspection.measures,
	};
	memcpy(out->by_component, v->by_component, sizeof(out->by_component));
}

enum kt_rc
kt_look_at_text(struct kt_look *l, struct kt_span text,
    enum kt_component component, struct kt_looked *out)
{
	struct kt_x_verdict *v = &l->x->request_verdict;
	struct kt_x_text t = { .raw = text, .is_plain = true,
		.component = component, .kind = KT_SEGMENT_TEXT };
	enum kt_rc rc;

	*out = (struct kt_looked){ 0 };
	if (kt_utf8_check(text) < text.len)
		return KT_E_PARSE;
	begin(l, text);
	rc = kt_x_inspect_text(l->x, v, &t, l->x->mem, &l->edits);
	if (rc < 0)
		return rc;
	kt_x_apply_text_limits(l->x, v, text, component);
	if (kt_x_vault_number(l->x, NULL, text, &l->edits) < 0 ||
	    kt_arena_is_full(l->x->mem) || kt_arena_is_full(l->x->turn))
		return KT_E_LIMIT;
	tell(l, out);
	return KT_OK;
}

static void
read_medium(struct kt_look *l, const struct kt_order *o)
{
	struct kt_buf out;

	kt_buf_init(&out, KT_MEDIA_ANSWER_MAX);
	if (l->read == NULL || o->job_kind != KT_JOB_MEDIA ||
	    l->read(l->arg, o->pieces, &out) < 0)
		kt_buf_reset(&out);
	/* There is no budget that it could be over. */
	(void)!kt_x_media_answer(l->x, o->job, kt_buf_span(&out));
	kt_buf_fini(&out);
}

/* Jobs are done on the spot, and turns are nobody's but ours. */
static enum kt_rc
look_at_media(struct kt_look *l)
{
	struct kt_exchange *x = l->x;
	int done = 0;

	while (done == 0) {
		x->norders = 0;
		kt_arena_reset(x->turn);
		done = kt_x_media(x, &x->request_verdict);
		for (size_t i = 0; i < x->norders; i++)
			read_medium(l, &x->orders[i]);
	}
	return done < 0 ? (enum kt_rc)done : KT_OK;
}

enum kt_rc
kt_look_at_medium(struct kt_look *l, struct kt_span bytes,
    enum kt_component component, struct kt_looked *out)
{
	enum kt_rc rc = KT_OK;

	*out = (struct kt_looked){ 0 };
	begin(l, bytes);
	if (!kt_x_media_list_file(l->x, component, bytes))
		rc = kt_x_note_unread(l->x, &l->x->request_verdict, component, 0,
		    0, bytes.len);
	if (rc == KT_OK)
		rc = look_at_media(l);
	if (rc == KT_OK)
		tell(l, out);
	return rc;
}

enum kt_rc
kt_look_at_arguments(
    struct kt_look *l, struct kt_span text, struct kt_looked *out)
{
	enum kt_rc rc;

	*out = (struct kt_looked){ 0 };
	begin(l, text);
	rc = kt_x_inspect_arguments(l->x, &l->x->request_verdict, text,
	    KT_COMPONENT_TOOL_USE, l->x->mem, &l->edits);
	if (rc == KT_OK)
		rc = kt_x_vault_number(l->x, NULL, text, &l->edits);
	if (rc == KT_OK && kt_arena_is_full(l->x->turn))
		rc = KT_E_LIMIT;
	if (rc == KT_OK)
		tell(l, out);
	return rc;
}

enum kt_rc
kt_look_at_beginning(struct kt_look *l, struct kt_span text,
    enum kt_component component, struct kt_looked *out)
{
	const struct kt_chain *chain = &l->x->program->chain;
	struct kt_detect_stream *st = NULL;
	struct kt_detect_step step = { 0 };
	enum kt_rc rc;

	*out = (struct kt_looked){ 0 };
	begin(l, text);
	if ((chain->hears & KT_COMPONENT_BIT(component)) == 0)
		return KT_OK;
	rc = kt_detect_stream_new(&st, chain->detect, &chain->heard[component],
	    &chain->heard[component]);
	if (rc == KT_OK)
		rc = kt_detect_stream_feed(
		    st, l->x->scratch->detect, text, &step);
	for (size_t i = 0; rc == KT_OK && i < step.findings.n; i++) {
		const struct kt_finding *f = &step.findings.v[i];

		rc = kt_x_note_sighting(l->x, (struct kt_sighting){
			.detector = kt_detect_def(chain->detect, f->detector),
			.start = f->start, .end = f->end,
			.confidence_pm = f->confidence_pm,
			.component = component, .action = KT_ACTION_IGNORE });
	}
	kt_detect_stream_free(&st);
	if (rc == KT_OK)
		tell(l, out);
	out->hold = step.hold;
	return rc;
}

enum kt_rc
kt_look_at_body(struct kt_look *l, enum kt_endpoint endpoint,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text, struct kt_looked *out)
{
	struct kt_request_facts facts = { 0 };
	struct kt_exchange *x = l->x;
	struct kt_err why;
	int done = 0;

	*out = (struct kt_looked){ 0 };
	if (direction == KT_REQUEST &&
	    kt_request_facts(endpoint, json, text, &facts, &why) < 0)
		return KT_E_PARSE;
	begin(l, text);
	x->request_verdict.direction = direction;
	kt_x_inspect_begin(
	    x, kt_endpoint_format(endpoint), direction, json, text);
	x->inspection.measures.messages = facts.nmessages;
	x->inspection.measures.tools = facts.ntools;
	while (done == 0)
		done = kt_x_inspect(x, &x->request_verdict, &l->edits);
	if (done < 0)
		return (enum kt_rc)done;
	if (l->found.n > 0)
		qsort(l->found.v, l->found.n, sizeof(*l->found.v), by_place);
	if (look_at_media(l) < 0)
		return KT_E_ENGINE;
	kt_x_edits_sort(&l->edits);
	if (kt_x_vault_number(x, json, text, &l->edits) < 0)
		return KT_E_LIMIT;
	tell(l, out);
	return KT_OK;
}

bool
kt_look_is_payload(struct kt_span raw)
{
	return kt_x_is_payload(raw);
}

enum kt_rc
kt_look_redacted(const struct kt_look *l, struct kt_buf *out)
{
	return kt_x_splice(l->text, &l->edits, out);
}
