/*
 * judge - what was found becomes a verdict, and what a record tells of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every opinion of every policy is noted, and the strongest decides; nothing
 * here can make a verdict weaker than it was.
 */
#include "exchange/exchange_priv.h"

static void
note_reason(struct kt_x_verdict *v, enum kt_reason reason)
{
	for (size_t i = 0; i < v->nreasons; i++) {
		if (v->reasons[i] == reason)
			return;
	}
	if (v->nreasons < KT_NELEMS(v->reasons))
		v->reasons[v->nreasons++] = reason;
}

static void
note_rule(struct kt_x_verdict *v, const struct kt_policy *p,
    enum kt_action action, enum kt_action wanted, struct kt_span rule)
{
	struct kt_span policy = kt_span_of(p->kind->config.name);
	struct kt_span word = kt_span_of(kt_action_name(action));
	struct kt_span wish = wanted < action ?
	    kt_span_of(kt_action_name(wanted)) : (struct kt_span){ 0 };
	struct kt_audit_rule *at;

	for (size_t i = 0; i < v->nrules; i++) {
		if (kt_span_eq(v->rules[i].policy, policy) &&
		    kt_span_eq(v->rules[i].rule, rule) &&
		    kt_span_eq(v->rules[i].action, word) &&
		    kt_span_eq(v->rules[i].wanted, wish))
			return;
	}
	at = kt_x_more(v->mem, v->rules, v->nrules, &v->rules_cap,
	    KT_X_REASONS_MAX, sizeof(*at));
	if (at == NULL)
		return;
	v->rules = at;
	at[v->nrules++] = (struct kt_audit_rule){
		.policy = policy, .rule = rule, .action = word, .wanted = wish };
}

void
kt_x_note_rule(struct kt_x_verdict *v, enum kt_action action,
    enum kt_action wanted, enum kt_reason reason,
    const struct kt_policy *policy, struct kt_span rule)
{
	bool leads = action < v->action || (action == v->action &&
	    policy != NULL && (v->policy == NULL || wanted < v->wanted));

	if (v->direction == KT_ANSWER)
		reason = kt_reason_in_answer(reason);
	if (rule.len == 0)
		rule = kt_span_of(kt_reason_code(reason));
	note_reason(v, reason);
	if (policy != NULL)
		note_rule(v, policy, action, wanted, rule);
	if (leads) {
		v->action = action;
		v->wanted = wanted;
		v->reason = reason;
		v->policy = policy;
		v->rule = rule;
	}
}

void
kt_x_note(struct kt_x_verdict *v, enum kt_action action, enum kt_reason reason,
    const struct kt_policy *policy)
{
	kt_x_note_rule(
	    v, action, action, reason, policy, (struct kt_span){ 0 });
}

enum kt_action
kt_x_note_wish(struct kt_exchange *x, struct kt_x_verdict *v,
    enum kt_action wanted, enum kt_reason reason,
    const struct kt_policy *policy)
{
	enum kt_action action = wanted;

	if (action < KT_ACTION_FLAG &&
	    (policy->common->mode == KT_CONFIG_MONITOR ||
	        x->surface.endpoint == KT_ENDPOINT_DETECT))
		action = KT_ACTION_FLAG;
	kt_x_note_rule(
	    v, action, wanted, reason, policy, (struct kt_span){ 0 });
	return action;
}

void
kt_x_note_redacted(struct kt_exchange *x)
{
	if (x->decision <= KT_ACTION_REDACT)
		return;
	x->decision = KT_ACTION_REDACT;
	if (x->reason == KT_REASON_NONE)
		x->reason = x->answer_verdict.reason;
}

static void
note_detection(const struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_detector *d, const struct kt_finding *f,
    enum kt_component c, enum kt_action action)
{
	struct kt_x_detection *at = NULL;

	if (KT_CLASS_BIT(d->class) & KT_CLASS_THREATS)
		v->threats |= KT_CLASS_BIT(d->class);
	else
		v->classes |= KT_CLASS_BIT(d->class);
	v->by_component[c] |= KT_CLASS_BIT(d->class);
	for (size_t i = 0; i < v->ndetections && at == NULL; i++) {
		if (v->detections[i].detector == d &&
		    v->detections[i].component == c &&
		    v->detections[i].action == action)
			at = &v->detections[i];
	}
	if (at == NULL) {
		at = kt_x_more(v->mem, v->detections, v->ndetections,
		    &v->detections_cap, KT_X_DETECTIONS_MAX, sizeof(*at));
		if (at == NULL)
			return; /* the classes and reasons above still tell */
		v->detections = at;
		at = &v->detections[v->ndetections++];
		*at = (struct kt_x_detection){ .detector = d,
			.component = c, .action = action };
	}
	at->count += !x->is_repeat;
	if (f->confidence_pm > at->max_conf_pm)
		at->max_conf_pm = f->confidence_pm;
}

/* What an action means where bytes must not be edited. */
static enum kt_action
without_edit(enum kt_action a, enum kt_segment_kind kind)
{
	if (a != KT_ACTION_REDACT || kind == KT_SEGMENT_TEXT)
		return a;
	/* Thinking passes, or its signature breaks; structure cannot be cut
	 * without changing what the request means, so it is refused. */
	return kind == KT_SEGMENT_SIGNED ? KT_ACTION_FLAG : KT_ACTION_BLOCK;
}

/* As they count here: of who has a say, in this place and direction. */
static size_t
opinions_of(const struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_finding *f, enum kt_component c, enum kt_segment_kind kind,
    struct kt_span matched, struct kt_opinion out[static KT_X_OPINIONS_MAX])
{
	size_t deciding, kept = 0, n = kt_chain_judge(&x->program->chain, f, c,
	    out, KT_X_OPINIONS_MAX, &deciding);

	for (size_t i = 0; i < n; i++) {
		if (!kt_x_vault_hears(
		        x, v, out[i].policy, f, c, kind, matched))
			continue;
		out[kept] = out[i];
		/* An endpoint that only detects never changes a byte. */
		if (x->surface.endpoint == KT_ENDPOINT_DETECT)
			out[kept].action = KT_ACTION_FLAG;
		if (kind != KT_SEGMENT_NAME ||
		    out[kept].policy->kind->restores == NULL)
			out[kept].action = without_edit(out[kept].action, kind);
		kept++;
	}
	return kept;
}

const struct kt_policy *
kt_x_decider(const struct kt_exchange *x, const struct kt_x_verdict *v,
    const struct kt_finding *f, enum kt_component c, enum kt_segment_kind kind,
    struct kt_span matched)
{
	struct kt_opinion o[KT_X_OPINIONS_MAX];
	size_t n = opinions_of(x, v, f, c, kind, matched, o), best = 0;

	for (size_t i = 1; i < n; i++) {
		if (o[i].action < o[best].action)
			best = i;
	}
	return n > 0 ? o[best].policy : NULL;
}

enum kt_action
kt_x_judge(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_finding *f, enum kt_component c, enum kt_segment_kind kind,
    struct kt_span matched, const struct kt_policy **by)
{
	struct kt_opinion o[KT_X_OPINIONS_MAX];
	const struct kt_detector *d =
	    kt_detect_def(x->program->chain.detect, f->detector);
	enum kt_action action = KT_ACTION_IGNORE;
	size_t n = opinions_of(x, v, f, c, kind, matched, o), told = 0;

	for (size_t i = 0; i < n; i++) {
		if (!kt_x_vault_restores(x, v, o[i].policy)) {
			kt_x_note_rule(v, o[i].action, o[i].wanted, o[i].reason,
			    o[i].policy, (struct kt_span){ 0 });
			told++;
		}
		if (o[i].action < action) {
			action = o[i].action;
			*by = o[i].policy;
		}
	}
	if (told > 0 && x->medium != NULL) {
		x->medium->told.findings++;
		x->medium->classes |= KT_CLASS_BIT(d->class) & ~KT_CLASS_THREATS;
		if (action < x->medium->action)
			x->medium->action = action;
	}
	if (told > 0) {
		note_detection(x, v, d, f, c, action);
		if (x->is_of_result)
			v->of_results |= KT_CLASS_BIT(d->class);
		if (v == &x->request_verdict &&
		    !(KT_CLASS_BIT(d->class) & KT_CLASS_THREATS) &&
		    kt_cached_has(&x->cached, x->node))
			v->cached |= KT_CLASS_BIT(d->class);
		v->is_tainted |= kt_segment_is_fixed(kind);
	}
	return action;
}

enum kt_rc
kt_x_note_sighting(struct kt_exchange *x, struct kt_sighting s)
{
	struct kt_sightings *all = x->sightings;
	void *v = all->v;

	if (kt_grow(&v, &all->cap, all->n + 1, sizeof(s)) < 0)
		return KT_E_LIMIT;
	all->v = v;
	s.node = x->node;
	all->v[all->n++] = s;
	return KT_OK;
}

enum kt_action
kt_x_note_uninspectable(
    struct kt_exchange *x, struct kt_x_verdict *v, enum kt_component c)
{
	const struct kt_chain *chain = &x->program->chain;
	enum kt_reason reason = kt_reason_of(c, KT_CLASS_UNINSPECTABLE);
	enum kt_action strongest = KT_ACTION_FLAG;

	v->threats |= KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE);
	v->by_component[c] |= KT_CLASS_BIT(KT_CLASS_UNINSPECTABLE);
	kt_x_note(v, KT_ACTION_FLAG, reason, NULL);
	for (size_t i = 0; i < chain->n; i++) {
		const struct kt_policy *p = &chain->policies[i];
		enum kt_action a;

		if (p->kind->unseen == NULL ||
		    !(p->components & KT_COMPONENT_BIT(c)))
			continue;
		a = kt_x_note_wish(x, v, p->kind->unseen(p), reason, p);
		strongest = a < strongest ? a : strongest;
	}
	return strongest;
}

enum kt_rc
kt_x_note_unread(struct kt_exchange *x, struct kt_x_verdict *v,
    enum kt_component c, uint32_t node, size_t at, size_t length)
{
	enum kt_action a = kt_x_note_uninspectable(x, v, c);

	x->node = node;
	return x->sightings == NULL ? KT_OK :
	    kt_x_note_sighting(x, (struct kt_sighting){ .start = at,
		.end = at + length, .confidence_pm = 1000, .component = c,
		.action = a });
}

static const char *const decision_words[] = {
	[KT_ACTION_BLOCK] = "block",
	[KT_ACTION_REDACT] = "redact",
	[KT_ACTION_FLAG] = "pass",
	[KT_ACTION_IGNORE] = "pass",
};

const char *
kt_decision_word(enum kt_action a)
{
	return decision_words[a];
}

struct kt_member
kt_x_member(const struct kt_exchange *x)
{
	return (struct kt_member){ .principal = x->caller.id,
		.group = x->caller.group, .model = x->facts.model,
		.endpoint = kt_span_of(kt_endpoint_name(x->surface.endpoint)),
		.is_for_model =
		    kt_endpoint_format(x->surface.endpoint) != KT_FORMAT_NONE,
		.settings = x->group };
}
