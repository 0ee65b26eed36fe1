/*
 * stream_beside - a name in one text of a stream, an illness in another.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What has not gone out can be changed as in a body.  So where a policy acts
 * on what becomes of them, texts with persons are held until something made
 * more of them or the answer is over.  What could not be held so long is told
 * all the same: one of its persons is kept, and never its text.
 */
#include "exchange/exchange_priv.h"

static bool
acts_on(const struct kt_chain *chain, enum kt_component c)
{
	size_t n = (chain->acts & KT_COMPONENT_BIT(c)) != 0 ?
	    kt_detect_count(chain->detect) : 0;

	for (size_t i = 0; i < n; i++) {
		if (kt_detect_def(chain->detect, i)->beside != NULL &&
		    kt_detect_set_has(&chain->enforced[c], i))
			return true;
	}
	return false;
}

static void
let_go(const struct kt_x_person *p)
{
	if (p->text != NULL)
		p->text->is_awaited = false;
	if (p->slot != NULL)
		p->slot->nawaited--;
}

static enum kt_rc
add_person(struct kt_exchange *x, struct kt_x_person p)
{
	struct kt_x_beside *b = &x->inspection.beside;
	bool is_held = acts_on(&x->program->chain, p.s.component) &&
	    (p.text == NULL || p.text->is_held);
	struct kt_x_person *v =
	    kt_x_more(x->mem, b->v, b->n, &b->cap, SIZE_MAX, sizeof(*v));

	if (v == NULL)
		return KT_E_LIMIT;
	if (!is_held) {
		p.text = NULL;
		p.slot = NULL;
	}
	if (p.text != NULL)
		p.text->is_awaited = true;
	if (p.slot != NULL)
		p.slot->nawaited++;
	b->v = v;
	v[b->n++] = p;
	return KT_OK;
}

static enum kt_rc searched(struct kt_exchange *x, struct kt_x_person p);

enum kt_rc
kt_x_scan_block(struct kt_exchange *x, struct kt_x_block *b)
{
	struct kt_x_text t = { .raw = kt_buf_span(&b->text), .is_plain = true,
		.component = b->component,
		.kind = b->is_signed ? KT_SEGMENT_SIGNED : KT_SEGMENT_TEXT };
	struct kt_x_edits edits = { 0 };
	enum kt_rc rc;

	x->inspection.beside.is_stream = true;
	if (b->component == KT_COMPONENT_TOOL_USE)
		rc = kt_x_inspect_arguments(x, &x->answer_verdict, t.raw,
		    b->component, x->turn, &edits);
	else
		rc = kt_x_inspect_text(
		    x, &x->answer_verdict, &t, x->turn, &edits);
	x->inspection.beside.is_stream = false;
	if (rc < 0)
		return rc;
	if (x->answer_verdict.action == KT_ACTION_BLOCK)
		return KT_E_PARSE;
	rc = kt_x_block_edit(x, b, &edits);
	return rc < 0 ? rc : searched(x, (struct kt_x_person){
		.s = { .component = b->component, .kind = t.kind }, .text = b });
}

/* What is complete by itself; BLOCK becomes a failure, which cuts. */
enum kt_rc
kt_x_inspect_whole(struct kt_exchange *x, struct kt_x_slot *slot,
    struct kt_span data, const struct kt_segment *s, struct kt_x_edits *edits)
{
	enum kt_rc rc;

	if ((x->program->chain.hears & KT_COMPONENT_BIT(s->component)) == 0)
		return KT_OK;
	x->inspection.beside.is_stream = true;
	rc = kt_x_inspect_node(x, &x->answer_verdict, &slot->json, data, s,
	    x->stream.reader.format, slot->mem, edits);
	x->inspection.beside.is_stream = false;
	if (rc == KT_OK && x->answer_verdict.action == KT_ACTION_BLOCK)
		rc = KT_E_PARSE;
	return rc < 0 ? rc : searched(x,
	    (struct kt_x_person){ .s = *s, .slot = slot });
}

/* Of one that has gone: nothing of it can be edited any more. */
static enum kt_rc
tell(struct kt_exchange *x, const struct kt_x_person *p)
{
	const struct kt_chain *chain = &x->program->chain;
	const struct kt_x_beside *b = &x->inspection.beside;
	const struct kt_findings one = { &p->one, 1 };
	const struct kt_policy *by = NULL;
	const struct kt_span gone = { 0 };
	struct kt_finding f;

	if (kt_detect_join(chain->detect, &chain->heard[p->s.component], gone,
	        &one, b->block_again, b->message_topics, &f) == 0)
		return KT_OK;
	return kt_x_judge(x, &x->answer_verdict, &f, p->s.component,
	    KT_SEGMENT_SIGNED, gone, &by) == KT_ACTION_BLOCK ? KT_E_PARSE :
	    KT_OK;
}

/* As what the other texts make of it. */
static enum kt_rc
look_again(struct kt_exchange *x, const struct kt_x_person *p)
{
	struct kt_x_beside *b = &x->inspection.beside;
	bool was_repeat = x->is_repeat;
	enum kt_rc rc;

	x->is_repeat = p->is_repeat;
	b->is_again = true;
	if (p->text != NULL)
		rc = kt_x_scan_block(x, p->text);
	else if (p->slot != NULL)
		rc = kt_x_inspect_whole(x, p->slot, kt_x_slot_data(p->slot),
		    &p->s, &p->slot->edits);
	else
		rc = tell(x, p);
	b->is_again = false;
	x->is_repeat = was_repeat;
	return rc;
}

static enum kt_rc
settle(struct kt_exchange *x)
{
	struct kt_x_beside *b = &x->inspection.beside;
	enum kt_rc rc = KT_OK;
	size_t n = 0;

	b->has_close = false;
	for (size_t i = 0; i < b->n; i++) {
		const struct kt_x_person p = b->v[i];
		bool is_here = p.of == b->of;

		b->block_again = is_here ? b->block_topics : 0;
		if (rc == KT_OK && (p.near & b->block_again) == 0 &&
		    (p.far & b->message_topics) == 0 &&
		    (is_here || p.far != 0)) {
			b->has_close |= p.far == 0;
			b->v[n++] = p;
			continue;
		}
		let_go(&p);
		if (rc == KT_OK)
			rc = look_again(x, &p);
	}
	b->n = n;
	return rc;
}

/* p, a text or an event; KT_E_PARSE: a policy cuts for what one text makes of
   another. */
static enum kt_rc
searched(struct kt_exchange *x, struct kt_x_person p)
{
	struct kt_x_beside *b = &x->inspection.beside;
	struct kt_detect_beside found = b->at_hand;
	const struct kt_stream_reader *r = &x->stream.reader;
	uint64_t of = r->format == KT_FORMAT_ANTHROPIC ? r->next_block :
	    b->of + 1; /* a text of its own */
	bool is_due = (found.topics & ~b->message_topics) != 0 ||
	    (of != b->of && b->has_close);
	enum kt_rc rc = KT_OK;

	b->at_hand = (struct kt_detect_beside){ 0 };
	if (b->is_again)
		return KT_OK;
	if (of != b->of)
		b->block_topics = 0;
	b->of = p.of = of;
	b->block_topics |= found.topics;
	b->message_topics |= found.topics;
	if (found.near != 0) {
		p.near = found.near;
		p.far = found.far;
		p.one = b->person;
		p.is_repeat = x->is_repeat;
		b->has_close |= p.far == 0;
		is_due |= b->message_topics != 0;
		rc = add_person(x, p);
	}
	return rc == KT_OK && is_due ? settle(x) : rc;
}

void
kt_x_beside_let_go(struct kt_exchange *x)
{
	struct kt_x_beside *b = &x->inspection.beside;

	for (size_t i = 0; i < b->n; i++) {
		let_go(&b->v[i]);
		b->v[i].text = NULL;
		b->v[i].slot = NULL;
	}
}
