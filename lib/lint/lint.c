/*
 * lint - one unit after another: read it as the gateway would, tell what the
 * loader tells, then ask every check.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Checks also run beside mistakes of the loader (kt_config_load_all), so
 * that nobody mends one and then meets the next.
 */
#include "lint/lint_priv.h"
#include "policy/detector_file.h"

#define ARENA_MAX (256u << 20)

const char *const kt_lint_presets[] = { "relaxed", "default", "strict", NULL };

/* The loader's own words. */

static void
tell_diags(struct kt_lint *l)
{
	const struct kt_config_diags *d = l->d;

	for (size_t i = 0; i < d->n; i++)
		kt_lint_tell_diag(l, &d->at[i]);
	kt_lint_tell_rest(l, d->dropped);
	for (size_t i = 0; i < d->hidden_n && i < KT_CONFIG_DIAGS_MAX; i++) {
		const struct kt_config_hidden *h = &d->hidden[i];

		kt_report_hide(l->r, (struct kt_report_place){ l->base + h->file,
		    h->line, h->column, h->end_line, UINT32_MAX });
	}
	if (d->hidden_n > KT_CONFIG_DIAGS_MAX) {
		for (size_t i = 0; i < d->files_n; i++)
			kt_report_hide(l->r, (struct kt_report_place){ l->base + i,
			    1, 1, UINT32_MAX, UINT32_MAX });
	}
}

static void
check_providers(struct kt_lint *l, const struct kt_config_providers *p)
{
	kt_lint_check_targets(l, p);
	kt_lint_check_models(l, p);
	kt_lint_check_rules(l, p);
}

static bool
has_refusal(const struct kt_lint *l)
{
	size_t n;
	struct kt_report_finding *const *all = kt_report_findings(l->r, &n);

	while (n > 0 && (all[n - 1]->at.file < l->base || !all[n - 1]->is_firm))
		n--;
	return n > 0;
}

/*
 * What only the compiler refuses, such as more terms than there is room for.
 * When it is none of the policies and no detector of the user's own that is
 * refused, then memory is short or a shipped detector is: nothing is known of
 * the file.
 */
static void
check_compiles(struct kt_lint *l)
{
	const struct kt_config_policies *p = &l->s->policies;
	const struct kt_config_node *node = NULL;

	if (!l->o->is_on[KT_LINT_112] || !l->is_whole || l->detectors.n == 0 ||
	    has_refusal(l) || kt_lint_chain(l) != NULL)
		return;
	if (p->detectors.n > 0)
		node = p->detectors.node;
	for (size_t i = 0; i < p->links_n; i++) {
		const struct kt_config_common *c = p->links[i].settings;

		if (strstr(l->why_not.text, p->links[i].kind->name) != NULL)
			node = c->node != NULL ? c->node : p->links[i].node;
	}
	l->is_starved = node == NULL;
	if (node != NULL)
		kt_lint_refuse(kt_lint_at(l, KT_LINT_112,
		    kt_lint_key_place(l, node), "%s", l->why_not.text));
}

/* What the user's own files define is known from here on. */
static void
check_own_detectors(struct kt_lint *l)
{
	const struct kt_config_strings *own = &l->s->policies.detectors;
	struct kt_err err = { .text = "" };
	enum kt_rc rc;

	l->detectors = l->o->detectors;
	if (own->n == 0 || l->detectors.n == 0)
		return;
	l->detectors.n = 0;
	if (l->o->own == NULL)
		return;
	rc = l->o->own(
	    l->o->own_arg, l->s, l->base, l->mem, &l->detectors, &err);
	if (rc == KT_OK)
		return;
	l->detectors.n = 0;
	kt_lint_refuse(kt_lint_tell(l, rc == KT_E_IO ? KT_LINT_201 :
	    KT_LINT_112, own->node, "%s", err.text));
}

static void
check_settings(struct kt_lint *l)
{
	const struct kt_config_project *projects = l->s->projects.at;

	check_own_detectors(l);
	kt_lint_check_fields(l);
	kt_lint_check_names(l);
	kt_lint_check_groups(l);
	kt_lint_check_kinds(l);
	kt_lint_check_posture(l);
	check_providers(l, &l->s->providers);
	for (size_t i = 0; i < l->s->projects.n; i++) {
		if (projects[i].providers.node != NULL)
			check_providers(l, &projects[i].providers);
	}
	kt_lint_check_patterns(l);
	check_compiles(l);
	kt_lint_check_own_words(l);
	kt_lint_check_streams(l);
}

static void
check_configuration(struct kt_lint *l, const struct kt_lint_unit *u)
{
	const struct kt_config_kind *kinds;
	size_t kinds_n;

	kinds = kt_policy_config_kinds(&kinds_n);
	l->is_whole = kt_config_load_all(&l->s, kinds, kinds_n, l->mem,
	    l->d) == KT_OK;
	tell_diags(l);
	if (l->s != NULL)
		check_settings(l);
	kt_lint_check_merge(l, u);
}

static bool
is_detector_file(const struct kt_config_node *root)
{
	return kt_config_get(root, KT_SPAN("detectors")) != NULL &&
	    kt_config_get(root, KT_SPAN("pack")) == NULL;
}

/* A file's own tree, without what loading it again would tell twice. */
static const struct kt_config_node *
parse(struct kt_lint *l, size_t file)
{
	const struct kt_config_node *root;

	root = kt_config_parse((uint16_t)file, l->mem, l->d);
	l->d->n = l->d->dropped = l->d->hidden_n = 0;
	return root;
}

static enum kt_rc
check_unit(struct kt_lint *l, const struct kt_lint_unit *u, struct kt_err *err)
{
	const struct kt_config_node **roots = kt_arena_array(l->mem, u->n,
	    sizeof(*roots));

	if (roots == NULL)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	for (size_t i = 0; i < u->n; i++)
		roots[i] = parse(l, i);
	if (u->n == 1 && is_detector_file(roots[0]))
		kt_lint_check_detectors(l, 0);
	else if (u->n > 1 || !kt_lint_is_cases(roots[0]))
		check_configuration(l, u);
	for (size_t i = 0; i < u->n; i++)
		kt_lint_check_text(l, i, roots[i]);
	for (size_t i = 0; i < u->n; i++)
		kt_lint_suppress(l, i, roots[i]);
	if (kt_arena_is_full(l->mem))
		return kt_fail(err, KT_E_LIMIT, "the configuration does not fit "
		    "into memory");
	return l->is_starved ? kt_fail(err, KT_E_LIMIT, "%s", l->why_not.text) :
	    KT_OK;
}

enum kt_rc
kt_lint_run(const struct kt_lint_options *o, struct kt_report *r,
    struct kt_err *err)
{
	const struct kt_report_options *from = kt_report_options(r);
	struct kt_config_source *sources;
	enum kt_rc rc = KT_OK;

	sources = kt_arena_array(kt_report_mem(r), from->nsources,
	    sizeof(*sources));
	if (sources == NULL)
		return kt_fail(err, KT_E_LIMIT, "out of memory");
	for (size_t i = 0; i < from->nsources; i++)
		sources[i] = (struct kt_config_source){ from->sources[i].name,
			from->sources[i].bytes };
	for (size_t i = 0; i < o->nunits && rc == KT_OK; i++) {
		struct kt_lint l = { .o = o, .r = r, .base = o->units[i].first,
			.mem = kt_arena_new(ARENA_MAX),
			.d = kt_alloc(sizeof(*l.d)) };

		if (l.mem == NULL || l.d == NULL) {
			rc = kt_fail(err, KT_E_LIMIT, "out of memory");
		} else {
			l.d->files = sources + l.base;
			l.d->files_n = o->units[i].n;
			rc = check_unit(&l, &o->units[i], err);
		}
		if (l.has_chain)
			kt_chain_fini(&l.chain);
		kt_free(l.d);
		kt_arena_free(&l.mem);
	}
	return rc;
}
