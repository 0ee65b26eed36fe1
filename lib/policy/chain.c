/*
 * chain - policies in order, over one database of detectors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every text is searched once for all policies; each policy then sees the
 * findings of the detectors it listens to.  A search per policy would read
 * a megabyte of conversation as many times as there are policies.
 */
#include "detect/standin.h"
#include "policy/outside.h"
#include "policy/policy.h"
#include "policy/policy_priv.h"

/* Patterns of the user's own, over all policies of a chain. */
#define OWN_DETECTORS_MAX 1024
#define CHAIN_ARENA_MAX (16u << 20)
#define OPINIONS_MAX 32

#define KT_POLICY_KIND(name) extern const struct kt_policy_kind kt_policy_##name;
#include "policy/kinds.def"

const struct kt_policy_kind *const kt_policy_kinds[] = {
#define KT_POLICY_KIND(name) &kt_policy_##name,
#include "policy/kinds.def"
};
const size_t kt_policy_nkinds = KT_NELEMS(kt_policy_kinds);

const char *
kt_action_name(enum kt_action a)
{
	static const char *const names[] = { "block", "redact", "flag", "ignore" };

	return names[a];
}

const struct kt_config_kind *
kt_policy_config_kinds(size_t *n)
{
	/* The same list, in the shape the loader of settings wants. */
	static struct kt_config_kind kinds[KT_NELEMS(kt_policy_kinds)];

	for (size_t i = 0; i < kt_policy_nkinds; i++)
		kinds[i] = kt_policy_kinds[i]->config;
	*n = kt_policy_nkinds;
	return kinds;
}

static const struct kt_policy_kind *
kind_of(const struct kt_config_kind *config)
{
	for (size_t i = 0; i < kt_policy_nkinds; i++) {
		if (strcmp(kt_policy_kinds[i]->config.name, config->name) == 0)
			return kt_policy_kinds[i];
	}
	KT_BUG("a chain names a kind that is not in kinds.def");
}

static enum kt_rc
add_policies(struct kt_chain *c, const struct kt_settings *settings,
    const uint8_t mark_key[32], struct kt_err *err)
{
	const struct kt_config_policies *from = &settings->policies;

	c->policies = kt_arena_array(c->mem, from->links_n, sizeof(*c->policies));
	if (c->policies == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for the policies");
	for (size_t i = 0; i < from->links_n; i++) {
		struct kt_policy *p = &c->policies[c->n];
		const struct kt_config_common *common = from->links[i].settings;

		if (!common->enabled)
			continue;
		*p = (struct kt_policy){
			.kind = kind_of(from->links[i].kind),
			.common = common,
			.components = common->components,
			.index = c->n,
		};
		memcpy(p->mark_key, mark_key, sizeof(p->mark_key));
		if (p->components == 0)
			p->components = p->kind->components ?
			    p->kind->components : KT_COMPONENTS_ALL;
		c->n++;
	}
	return KT_OK;
}

/* What was recorded is found where it stood: detect/standin.h. */
static enum kt_rc
add_standins(struct kt_chain *c, struct kt_detector *all, size_t room,
    size_t *n, struct kt_err *err)
{
	size_t known = *n;

	for (size_t i = 0; i < known; i++) {
		struct kt_detector forms[KT_STANDIN_FORMS_MAX];
		size_t made = kt_standin_define(&all[i], c->mem, forms);

		if (made == 0 || made > room - *n)
			return kt_fail(err, KT_E_LIMIT,
			    "no room for what stands in for detectors");
		memcpy(all + *n, forms, made * sizeof(*forms));
		*n += made;
	}
	return KT_OK;
}

/* Shipped detectors and those that policies bring, in one array. */
static enum kt_rc
gather(struct kt_chain *c, const struct kt_detector *shipped, size_t nshipped,
    struct kt_detector **out, size_t *n, struct kt_err *err)
{
	size_t room = nshipped + OWN_DETECTORS_MAX;
	struct kt_detector *all = kt_arena_array(c->mem, room, sizeof(*all));

	if (all == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for the detectors");
	if (nshipped > 0)
		memcpy(all, shipped, nshipped * sizeof(*all));
	*n = nshipped;
	for (size_t i = 0; i < c->n; i++) {
		const struct kt_policy *p = &c->policies[i];
		size_t added = 0;

		if (p->kind->define == NULL)
			continue;
		if (p->kind->define(p, c->mem, all + *n, room - *n, &added, err) < 0)
			return kt_wrap(err, "policy %s", p->kind->config.name);
		*n += added;
	}
	*out = all;
	return c->use == KT_CHAIN_REPLAY ? add_standins(c, all, room, n, err) :
	    KT_OK;
}

/*
 * What is found beside something else needs both to be looked for, also
 * where no policy wants to know of them by themselves.
 */
static void
hear_beside(struct kt_chain *c, enum kt_component component)
{
	struct kt_detect_set *heard = &c->heard[component];
	size_t n = kt_detect_count(c->detect);

	for (size_t i = 0; i < n; i++) {
		const char *group = kt_detect_def(c->detect, i)->beside;

		for (size_t k = 0; group != NULL && k < n &&
		     kt_detect_set_has(heard, i); k++) {
			const struct kt_detector *d = kt_detect_def(c->detect, k);

			if ((d->class == KT_CLASS_PII ||
			        strcmp(d->group, group) == 0) &&
			    (d->components == 0 || (d->components &
			        KT_COMPONENT_BIT(component))))
				kt_detect_set_add(heard, k);
		}
	}
}

/* Sorts the detectors by what the policies would do with the surest find. */
static enum kt_rc
weigh(struct kt_chain *c, enum kt_component component)
{
	struct kt_opinion o[OPINIONS_MAX];
	size_t deciding;

	if (kt_detect_set_init(&c->heard[component], c->detect) < 0 ||
	    kt_detect_set_init(&c->enforced[component], c->detect) < 0)
		return KT_E_LIMIT;
	for (size_t d = 0; d < kt_detect_count(c->detect); d++) {
		struct kt_finding f = { .detector = (uint32_t)d,
			.confidence_pm = 1000 };

		if (c->use == KT_CHAIN_RECORD) {
			kt_detect_set_add(&c->heard[component], d);
			c->hears |= KT_COMPONENT_BIT(component);
			continue;
		}
		if (kt_chain_judge(c, &f, component, o, KT_NELEMS(o),
		        &deciding) == 0)
			continue;
		kt_detect_set_add(&c->heard[component], d);
		c->hears |= KT_COMPONENT_BIT(component);
		if (o[deciding].action >= KT_ACTION_FLAG)
			continue;
		kt_detect_set_add(&c->enforced[component], d);
		c->acts |= KT_COMPONENT_BIT(component);
	}
	hear_beside(c, component);
	/* What a model says arrives in pieces. */
	return component == KT_COMPONENT_COMPLETION
	    ? kt_detect_set_hasten(&c->heard[component], c->detect)
	    : KT_OK;
}

static enum kt_rc
select_all(struct kt_chain *c, struct kt_err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		struct kt_policy *p = &c->policies[i];

		if (p->kind->select == NULL)
			continue;
		if (kt_detect_set_init(&p->listens, c->detect) < 0)
			return kt_fail(err, KT_E_LIMIT, "no memory for the detectors");
		if (p->kind->select(p, c->detect, err) < 0)
			return kt_wrap(err, "policy %s", p->kind->config.name);
	}
	for (unsigned i = 0; i < KT_NCOMPONENTS; i++)
		if (weigh(c, (enum kt_component)i) < 0)
			return kt_fail(err, KT_E_LIMIT, "no memory for the detectors");
	return KT_OK;
}

enum kt_rc
kt_chain_init(struct kt_chain *c, const struct kt_settings *settings,
    const struct kt_detector *shipped, size_t nshipped, struct kt_span saved,
    const uint8_t mark_key[32], enum kt_chain_use use, struct kt_err *err)
{
	struct kt_detector *all = NULL;
	bool wants_detectors = use == KT_CHAIN_RECORD;
	size_t n = 0;

	*c = (struct kt_chain){ .mem = kt_arena_new(CHAIN_ARENA_MAX),
		.use = use };
	if (c->mem == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for the chain");
	if (add_policies(c, settings, mark_key, err) < 0)
		goto fail;
	for (size_t i = 0; i < c->n; i++)
		wants_detectors |= c->policies[i].kind->select != NULL;
	if (!wants_detectors)
		return KT_OK;
	if (gather(c, shipped, nshipped, &all, &n, err) < 0 ||
	    kt_detect_open(&c->detect, all, n, saved, err) < 0 ||
	    select_all(c, err) < 0)
		goto fail;
	return KT_OK;
fail:
	kt_chain_fini(c);
	return err ? err->rc : KT_E_LIMIT;
}

void
kt_chain_fini(struct kt_chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		kt_detect_set_fini(&c->policies[i].listens);
	for (unsigned i = 0; i < KT_NCOMPONENTS; i++) {
		kt_detect_set_fini(&c->heard[i]);
		kt_detect_set_fini(&c->enforced[i]);
	}
	kt_detect_free(&c->detect);
	kt_arena_free(&c->mem);
	*c = (struct kt_chain){ 0 };
}

size_t
kt_chain_judge(const struct kt_chain *c, const struct kt_finding *f,
    enum kt_component component, struct kt_opinion *out, size_t room,
    size_t *deciding)
{
	const struct kt_detector *d = kt_detect_def(c->detect, f->detector);
	size_t n = 0;

	*deciding = 0;
	for (size_t i = 0; i < c->n && n < room; i++) {
		const struct kt_policy *p = &c->policies[i];
		struct kt_opinion o = { .policy = p };

		if (p->kind->judge == NULL || p->listens.bits == NULL ||
		    !kt_detect_set_has(&p->listens, f->detector) ||
		    !(p->components & KT_COMPONENT_BIT(component)) ||
		    (d->components != 0 &&
		        !(d->components & KT_COMPONENT_BIT(component))))
			continue;
		o.wanted = p->kind->judge(p, d, f, component);
		if (o.wanted == KT_ACTION_IGNORE)
			continue;
		o.action = p->common->mode == KT_CONFIG_MONITOR ?
		    KT_ACTION_FLAG : o.wanted;
		o.reason = strcmp(d->group, "user") == 0 ?
		    kt_reason_of(component, KT_CLASS_NONE) :
		    kt_reason_of(component, d->class);
		if (p->kind->reason != NULL)
			o.reason = p->kind->reason(d, component);
		out[n] = o;
		if (o.action < out[*deciding].action)
			*deciding = n;
		n++;
	}
	return n;
}

bool
kt_chain_reads(const struct kt_chain *c, enum kt_component component,
    struct kt_policy_reading *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct kt_policy *p = &c->policies[i];

		if (p->kind->reads == NULL ||
		    !(p->components & KT_COMPONENT_BIT(component)))
			continue;
		p->kind->reads(p, out);
		return true;
	}
	return false;
}

bool
kt_chain_covers(
    const struct kt_chain *c, enum kt_component in, enum kt_component of)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct kt_policy *p = &c->policies[i];

		if (p->listens.bits != NULL &&
		    (p->components & KT_COMPONENT_BIT(of)) &&
		    !(p->components & KT_COMPONENT_BIT(in)))
			return false;
	}
	for (size_t d = 0; c->detect != NULL && d < kt_detect_count(c->detect); d++)
		if (kt_detect_set_has(&c->heard[of], d) &&
		    !kt_detect_set_has(&c->heard[in], d))
			return false;
	return true;
}

bool
kt_chain_guard(const struct kt_chain *c, struct kt_policy_guard *out)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->policies[i].kind->guard == NULL)
			continue;
		c->policies[i].kind->guard(&c->policies[i], out);
		return true;
	}
	return false;
}

enum kt_rc
kt_policy_mark(const struct kt_policy *p, const struct kt_detector *d,
    struct kt_span matched, struct kt_buf *out)
{
	if (p->kind->mark != NULL)
		return p->kind->mark(p, d, matched, out);
	return kt_buf_printf(out, "[%s]", d->entity);
}
