/*
 * shape - whether what an answer says has the form that a policy asks for.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A form can be judged once all of it is there, so a stream is held to its
 * end where a policy may refuse it.  Judged is what the model wrote, before
 * anything in it is redacted; an answer that says nothing, because it calls
 * tools or refuses, has no form.
 */
#include "exchange/exchange_priv.h"
#include "policy/schema.h"
#include "provider/said.h"

struct kt_x_shape {
	struct kt_buf said[KT_X_SHAPES_MAX]; /* by choice */
	bool is_too_much;
};

static struct kt_span
schema_of(const struct kt_policy *p)
{
	return p->kind->schema != NULL ? p->kind->schema(p) :
	    (struct kt_span){ 0 };
}

static enum kt_action
wanted_of(const struct kt_policy *p)
{
	return p->kind->judge(p, NULL, NULL, KT_COMPONENT_COMPLETION);
}

bool
kt_x_shape_begin(struct kt_exchange *x)
{
	const struct kt_chain *chain = &x->program->chain;
	bool is_wanted = false, may_refuse = false;

	kt_x_shape_free(x);
	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];

		if (schema_of(p).len == 0)
			continue;
		is_wanted = true;
		may_refuse |= p->common->mode != KT_CONFIG_MONITOR &&
		    wanted_of(p) == KT_ACTION_BLOCK;
	}
	if (!is_wanted)
		return false;
	/* Without memory the arena is full, which refuses. */
	x->shape = kt_arena_alloc(x->mem, sizeof(*x->shape));
	if (x->shape == NULL)
		return false;
	*x->shape = (struct kt_x_shape){ .is_too_much = false };
	for (size_t i = 0; i < KT_X_SHAPES_MAX; i++)
		kt_buf_init(&x->shape->said[i], KT_ANSWER_MAX);
	return may_refuse && x->surface.endpoint != KT_ENDPOINT_DETECT;
}

void
kt_x_shape_free(struct kt_exchange *x)
{
	for (size_t i = 0; x->shape != NULL && i < KT_X_SHAPES_MAX; i++)
		kt_buf_fini(&x->shape->said[i]);
	x->shape = NULL;
}

struct hearing {
	struct kt_x_shape *shape;
	const struct kt_json *json;
	struct kt_span text;
};

static void
hear(void *arg, const struct kt_said *said)
{
	struct hearing *h = arg;
	struct kt_span raw = kt_json_string(h->json, h->text, said->node);

	if (said->choice >= KT_X_SHAPES_MAX ||
	    kt_json_unescape_add(&h->shape->said[said->choice], raw) < 0)
		h->shape->is_too_much = true;
}

void
kt_x_shape_add(struct kt_exchange *x, enum kt_format format, bool is_event,
    const struct kt_json *json, struct kt_span text)
{
	struct hearing h = { x->shape, json, text };

	if (x->shape == NULL)
		return;
	if (is_event)
		kt_said_read_event(format, json, text, hear, &h);
	else
		kt_said_read(format, json, text, hear, &h);
}

/* One choice; of what it says nothing is read twice. */
static bool
has_form(struct kt_exchange *x, struct kt_schema *schema, struct kt_span said)
{
	struct kt_json j;
	bool fits;

	kt_json_init(&j, KT_ANSWER_MAX);
	kt_x_seed_json(x, &j);
	fits = kt_json_parse(&j, said, NULL) == KT_OK &&
	    kt_schema_fits(schema, &j, said, kt_json_root(&j), x->turn);
	kt_json_fini(&j);
	return fits;
}

void
kt_x_shape_judge(struct kt_exchange *x)
{
	const struct kt_chain *chain = &x->program->chain;

	for (size_t i = 0; x->shape != NULL && i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		bool fits = !x->shape->is_too_much;
		struct kt_schema schema;

		if (schema_of(p).len == 0)
			continue;
		/* It was read when the policy was loaded, and is read again
		 * because a search counts in it. */
		fits &= kt_schema_init(&schema, schema_of(p), NULL) == KT_OK;
		for (size_t k = 0; fits && k < KT_X_SHAPES_MAX; k++) {
			struct kt_span said = kt_buf_span(&x->shape->said[k]);

			fits = said.len == 0 || has_form(x, &schema, said);
		}
		kt_schema_fini(&schema);
		if (!fits)
			(void)kt_x_note_wish(x, &x->answer_verdict,
			    wanted_of(p), KT_REASON_COMPLETION_SCHEMA, p);
	}
}
