/*
 * cached - marks are found in one walk; what a caller named itself (schemas,
 * arguments) is stepped over, as where they are counted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/cached.h"
#include "provider/facts_priv.h"

enum part { TOOLS, SYSTEM, MESSAGES, NPARTS };
static const char *const names[NPARTS][2] = { { "tools", "tools" },
	{ "system", "instructions" }, { "messages", "input" } };

/* Nobody marks more: vendors take four. */
#define MARKS_MAX 256

static enum kt_rc
find_marks(const struct kt_json *json, struct kt_span text,
    struct kt_arena *mem, struct kt_cached *out)
{
	uint32_t *marks = NULL;

	for (uint32_t n = 1; n < json->count; n++) {
		if (json->nodes[n].type != KT_JSON_NAME)
			continue;
		if (kt_facts_is_free(json, text, n)) {
			n = json->nodes[n + 1].next - 1;
			continue;
		}
		if (!kt_facts_is_mark(json, text, n))
			continue;
		if (marks == NULL)
			marks = kt_arena_array(mem, MARKS_MAX, sizeof(*marks));
		if (marks == NULL || out->n == MARKS_MAX)
			return KT_E_LIMIT;
		marks[out->n++] = n + 1;
	}
	out->marks = marks;
	return KT_OK;
}

/* The end of the object that the mark stands in. */
static uint32_t
end_of(const struct kt_json *json, uint32_t mark)
{
	return json->nodes[kt_json_parent(json, mark)].next;
}

enum kt_rc
kt_cached_read(const struct kt_json *json, struct kt_span text,
    struct kt_arena *mem, struct kt_cached *out)
{
	uint32_t root = kt_json_root(json), ends[NPARTS] = { 0 };
	int last = -1;

	*out = (struct kt_cached){ 0 };
	if (kt_json_type(json, root) != KT_JSON_OBJECT)
		return KT_OK;
	if (find_marks(json, text, mem, out) < 0)
		return KT_E_LIMIT;
	for (int p = 0; p < NPARTS; p++) {
		uint32_t n = kt_json_member(
		    json, text, root, kt_span_of(names[p][0]));

		if (n == 0)
			n = kt_json_member(
			    json, text, root, kt_span_of(names[p][1]));
		if (n == 0)
			continue;
		out->part[p].from = out->part[p].to = n;
		for (size_t i = 0; i < out->n; i++) {
			uint32_t m = out->marks[i];

			if (kt_json_parent(json, m) == root)
				ends[p] = json->nodes[n].next;
			else if (m > n && m < json->nodes[n].next &&
			    end_of(json, m) > ends[p])
				ends[p] = end_of(json, m);
		}
		if (ends[p] > 0)
			last = p;
	}
	for (int p = 0; p <= last; p++) {
		uint32_t n = out->part[p].from;

		if (n != 0)
			out->part[p].to = p < last ? json->nodes[n].next : ends[p];
	}
	return KT_OK;
}

bool
kt_cached_has(const struct kt_cached *c, uint32_t node)
{
	for (size_t i = 0; i < KT_NELEMS(c->part); i++) {
		if (node >= c->part[i].from && node < c->part[i].to)
			return true;
	}
	return false;
}
