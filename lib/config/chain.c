/*
 * chain - the names of a chain become the kinds they mean.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/check.h"
#include "config/fill.h"
#include "config/settings.h"

#define S struct kt_config_policies
static const struct kt_config_field policies_fields[] = {
	KT_CONFIG_FIELD(S, STRINGS, chain, .is_required = true,
	    .doc = "Policy kinds in the order in which they act; one without "
	    "settings uses its defaults"),
	KT_CONFIG_FIELD(S, STRINGS, detectors,
	    .doc = "Files of detectors of your own, or folders of them, beside "
	    "the shipped ones; relative to the file that names them"),
};
#undef S
const struct kt_config_table kt_config_policies_table = {
	.name = "policies",
	.doc = "Which policies act, in which order",
	.size = sizeof(struct kt_config_policies),
	.fields = policies_fields, .n = KT_NELEMS(policies_fields),
};

static const struct kt_config_kind_settings *
kind_named(const struct kt_config_kinds *kinds, struct kt_span name)
{
	for (size_t i = 0; i < kinds->n; i++) {
		const struct kt_config_kind *kind = kinds->at[i].kind;

		if (kt_span_eq(name, kt_span_of(kind->name)) ||
		    (kind->alias != NULL &&
		    kt_span_eq(name, kt_span_of(kind->alias))))
			return &kinds->at[i];
	}
	return NULL;
}

void
kt_config_resolve_chain(struct kt_config_ctx *ctx,
    struct kt_config_policies *p, const struct kt_config_kinds *kinds)
{
	const struct kt_config_node *node = p->chain.node;
	struct kt_config_link *links = kt_arena_array(ctx->mem, kinds->n,
	    sizeof(*links));
	const char **names = kt_config_kind_names(ctx);
	size_t n = 0, seen;

	if (node == NULL || links == NULL || names == NULL)
		return;
	node = node->first;
	for (size_t i = 0; i < p->chain.n; i++, node = node ? node->next : NULL) {
		const struct kt_config_kind_settings *one;

		if (p->chain.at[i].ptr == NULL)
			continue; /* reported as no text */
		one = kind_named(kinds, p->chain.at[i]);
		if (one == NULL) {
			kt_config_fault_at(ctx, KT_CONFIG_UNDEFINED, node,
			    "'%.40s' is not a policy kind", p->chain.at[i].ptr);
			(void)kt_config_suggest(ctx, p->chain.at[i], names,
			    "kinds");
			continue;
		}
		for (seen = 0; seen < n && links[seen].kind != one->kind;)
			seen++;
		if (seen < n)
			kt_config_fault_at(ctx, KT_CONFIG_DUPLICATE, node,
			    "'%s' is in the chain twice", one->kind->name);
		else
			links[n++] = (struct kt_config_link){ one->kind,
				one->settings, node };
	}
	p->links = links;
	p->links_n = n;
}
