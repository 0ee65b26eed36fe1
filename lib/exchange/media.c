/*
 * media - what lies inside pictures and documents is read elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * While a body is inspected its media are only listed.  Then each becomes a
 * job, a few at a time, and answers are looked at in the order in which the
 * media stand in the body, whichever came first: so verdict and record do not
 * depend on who was faster.  A body that is refused for its texts has no
 * medium read.
 */
#include "exchange/exchange_priv.h"

/* ---- the jobs ---- */

static uint64_t
end_of(const struct kt_exchange *x, const struct kt_policy_reading *r)
{
	uint64_t end = x->now_mono + r->seconds_max * UINT64_C(1000000);

	return x->media.end_us != 0 && x->media.end_us < end ?
	    x->media.end_us : end;
}

static bool
write_question(struct kt_exchange *x, struct kt_x_medium *one,
    const struct kt_policy_reading *reading)
{
	struct kt_media_question q = {
		.encoding = one->encoding,
		.pixels_max = reading->pixels_max,
		.pages_max = reading->pages_max,
		.seconds_max = reading->seconds_max,
		.length = (uint32_t)one->bytes.len,
	};
	char *head = kt_arena_array(x->mem, KT_MEDIA_HEAD, 1);

	if (head == NULL)
		return false;
	kt_media_question_write(&q, head);
	one->pieces[0] = (struct kt_span){ head, KT_MEDIA_HEAD };
	one->pieces[1] = one->bytes;
	return true;
}

static bool
order(struct kt_exchange *x, uint32_t i)
{
	struct kt_x_medium *one = &x->media.v[i];
	struct kt_policy_reading reading = { 0 };
	struct kt_order *o;

	if (x->media.end_us != 0 && x->now_mono >= x->media.end_us) {
		one->state = KT_X_MEDIUM_ANSWERED;
		one->is_late = true;
		return true;
	}
	(void)kt_chain_reads(
	    &x->program->chain, one->component, &reading); /* listed: it does */
	if (one->job == KT_JOB_MEDIA && !write_question(x, one, &reading))
		return false;
	if (one->job == KT_JOB_RECALL) {
		one->pieces[0] = one->bytes;
		one->pieces[1] = kt_program_hash(x->program);
	}
	kt_buf_init(&one->answer, KT_MEDIA_ANSWER_MAX);
	one->state = KT_X_MEDIUM_ASKED;
	x->media.end_us = end_of(x, &reading);
	o = kt_x_order(x, KT_ORDER_JOB);
	o->job = i + 1;
	o->job_kind = one->job;
	o->pieces = one->pieces;
	o->npieces = KT_NELEMS(one->pieces);
	return true;
}

bool
kt_x_media_answer(struct kt_exchange *x, uint32_t job, struct kt_span bytes)
{
	struct kt_x_medium *one =
	    job > 0 && job <= x->media.n ? &x->media.v[job - 1] : NULL;

	if (one == NULL || one->state != KT_X_MEDIUM_ASKED)
		return true;
	one->state = KT_X_MEDIUM_ANSWERED;
	if (kt_buf_add(&one->answer, bytes) < 0)
		kt_buf_reset(&one->answer); /* reads as failed */
	return kt_x_charge(x);
}

/* Who has not answered by now is not waited for. */
void
kt_x_media_cancel(struct kt_exchange *x)
{
	for (uint32_t i = 0; i < x->media.n; i++) {
		struct kt_x_medium *one = &x->media.v[i];

		if (one->state != KT_X_MEDIUM_ASKED)
			continue;
		one->state = KT_X_MEDIUM_ANSWERED;
		one->is_late = true;
		kt_x_order(x, KT_ORDER_JOB_CANCEL)->job = i + 1;
	}
}

void
kt_x_media_free(struct kt_exchange *x)
{
	for (size_t i = 0; i < x->media.n; i++)
		kt_buf_fini(&x->media.v[i].answer);
	x->media = (struct kt_x_media){ 0 };
}

/* ---- what they said ---- */

/* Neither is ever edited: a redaction blocks the one, the other is only told
   of. */
static enum kt_segment_kind
kind_of(const struct kt_exchange *x, const struct kt_x_medium *one)
{
	struct kt_policy_reading reading = { 0 };

	(void)kt_chain_reads(
	    &x->program->chain, one->component, &reading); /* listed: it does */
	return reading.unredactable == KT_ACTION_BLOCK ? KT_SEGMENT_OPAQUE :
	    KT_SEGMENT_SIGNED;
}

/* The next line of upload.c's found; false: it says nothing here. */
static bool
read_found(const struct kt_detect *db, struct kt_span *lines,
    struct kt_finding *f)
{
	size_t end = kt_span_find(*lines, '\n');
	struct kt_span line = kt_span_sub(*lines, 0, end);
	size_t space = kt_span_find(line, ' ');
	struct kt_span id = kt_span_sub(line, space + 1, line.len);
	uint64_t sure_pm;

	*lines = kt_span_sub(*lines, end + 1, lines->len);
	if (!kt_span_u64(kt_span_sub(line, 0, space), &sure_pm) ||
	    sure_pm > 1000 || db == NULL)
		return false;
	*f = (struct kt_finding){ .confidence_pm = (uint16_t)sure_pm };
	while (f->detector < kt_detect_count(db) && !kt_span_eq(id,
	    kt_span_of(kt_detect_def(db, f->detector)->id)))
		f->detector++;
	return f->detector < kt_detect_count(db);
}

/*
 * What was found in it when it went up, judged where it is named now: by the
 * same program, or nothing is remembered.  What nobody listened for then was
 * not looked for.
 */
static enum kt_rc
open_memory(
    struct kt_exchange *x, struct kt_x_verdict *v, struct kt_x_medium *one)
{
	const struct kt_chain *chain = &x->program->chain;
	struct kt_span lines = kt_buf_span(&one->answer);
	bool is_known = kt_span_starts(lines, KT_SPAN("read")) &&
	    kt_chain_covers(chain, KT_COMPONENT_FILES, one->component);

	x->media.is_open = true;
	x->media.open = (struct kt_media_answer){ 0 };
	x->node = one->node;
	x->is_of_result = one->is_of_result;
	lines = kt_span_sub(lines, 5, lines.len);
	while (is_known && lines.len > 0) {
		const struct kt_policy *by = NULL;
		struct kt_finding f;

		is_known = read_found(chain->detect, &lines, &f);
		if (is_known)
			(void)kt_x_judge(x, v, &f, one->component,
			    kind_of(x, one), (struct kt_span){ 0 }, &by);
	}
	return is_known ? KT_OK : kt_x_note_unread(
	    x, v, one->component, one->node, one->at, one->length);
}

static enum kt_rc
open_answer(
    struct kt_exchange *x, struct kt_x_verdict *v, struct kt_x_medium *one)
{
	struct kt_media_answer *a = &x->media.open;

	if (kt_media_answer_read(kt_buf_span(&one->answer), a) < 0 &&
	    one->is_late)
		a->why = KT_MEDIA_WHY_SLOW;
	x->media.is_open = true;
	one->why = a->why;
	if (one->seen != NULL) {
		one->seen->is_read = a->why == KT_MEDIA_WHY_NOTHING;
		if (!one->seen->is_read)
			one->seen->told.why =
			    kt_span_of(kt_media_why_word(a->why));
	}
	return a->why == KT_MEDIA_WHY_NOTHING ? KT_OK :
	    kt_x_note_unread(x, v, one->component, one->node, one->at,
	        one->length);
}

/* False: that was the last text of this medium. */
static bool
look_at_next(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_x_medium *one, size_t *cost, enum kt_rc *rc)
{
	struct kt_x_edits none = { 0 };
	struct kt_media_text said;
	struct kt_x_text t = { .at = one->at, .stands_for = one->length,
		.is_plain = true, .component = one->component,
		.kind = kind_of(x, one) };

	if (!kt_media_answer_next(&x->media.open, &said))
		return false;
	t.raw = said.text;
	*cost += said.text.len + 16;
	x->node = one->node;
	x->is_of_result = one->is_of_result;
	x->medium = one->seen;
	*rc = kt_x_inspect_text(x, v, &t, x->turn, &none);
	x->medium = NULL;
	return true;
}

int
kt_x_media(struct kt_exchange *x, struct kt_x_verdict *v)
{
	struct kt_x_media *m = &x->media;
	enum kt_rc rc = KT_OK;
	size_t cost = 0;

	m->is_waiting = false;
	if (m->n == 0 || (m->ordered == 0 && v->action == KT_ACTION_BLOCK))
		return 1;
	while (m->looked < m->n) {
		struct kt_x_medium *one = &m->v[m->looked];

		while (m->ordered < m->n &&
		    m->ordered < m->looked + KT_X_MEDIA_AT_ONCE)
			if (!order(x, m->ordered++))
				return KT_E_LIMIT;
		if (one->state != KT_X_MEDIUM_ANSWERED) {
			m->is_waiting = true;
			return 0;
		}
		if (!m->is_open)
			rc = one->job == KT_JOB_RECALL ?
			    open_memory(x, v, one) : open_answer(x, v, one);
		while (rc == KT_OK && cost < KT_INSPECT_SLICE &&
		    look_at_next(x, v, one, &cost, &rc))
			continue;
		if (rc < 0)
			return rc;
		if (cost >= KT_INSPECT_SLICE)
			return 0;
		kt_buf_fini(&one->answer);
		m->is_open = false;
		m->looked++;
	}
	return kt_arena_is_full(x->mem) || kt_arena_is_full(x->turn) ?
	    KT_E_LIMIT : 1;
}
