/*
 * tool - the chain's opinions about tools.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/tool.h"

bool
kt_chain_hears_tools(const struct kt_chain *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->policies[i].kind->tool != NULL ||
		    c->policies[i].kind->cut != NULL)
			return true;
	}
	return false;
}

size_t
kt_chain_judge_tool(const struct kt_chain *c, const struct kt_tool *t,
    struct kt_tool_opinion *out, size_t room, size_t *deciding)
{
	size_t n = 0;

	*deciding = 0;
	for (size_t i = 0; i < c->n && n < room; i++) {
		const struct kt_policy *p = &c->policies[i];
		struct kt_tool_opinion o = { .policy = p };

		if (p->kind->tool == NULL || !(p->components & KT_COMPONENT_BIT(
		        t->phase == KT_TOOL_OFFER ? KT_COMPONENT_TOOLS :
		            KT_COMPONENT_TOOL_USE)))
			continue;
		o.action = o.wanted = p->kind->tool(p, t, &o);
		if (o.action == KT_ACTION_IGNORE)
			continue;
		if (p->common->mode == KT_CONFIG_MONITOR)
			o.action = KT_ACTION_FLAG;
		out[n] = o;
		if (o.action < out[*deciding].action)
			*deciding = n;
		n++;
	}
	return n;
}

void
kt_tool_cut_add(
    struct kt_tool_cuts *c, size_t start, size_t end, bool is_value)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 8;
		struct kt_tool_cut *v = kt_arena_array(c->mem, cap, sizeof(*v));

		if (v == NULL) {
			c->is_full = true;
			return;
		}
		if (c->n > 0)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = (struct kt_tool_cut){ start, end, is_value };
}
