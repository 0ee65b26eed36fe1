/*
 * trim - a long conversation for a target that takes a short one.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A splice like any other edit: what is cut out is one piece between the
 * beginning and the newest messages, so all that stays keeps its bytes.
 */
#include "exchange/exchange_priv.h"

static bool
has_role(const struct kt_exchange *x, uint32_t message, struct kt_span role)
{
	struct kt_span text = kt_buf_span(&x->body);

	return kt_json_is(&x->json, text,
	    kt_json_member(&x->json, text, message, KT_SPAN("role")), role);
}

static bool
is_tool_answer(const struct kt_exchange *x, uint32_t message)
{
	struct kt_span text = kt_buf_span(&x->body);
	uint32_t content =
	    kt_json_member(&x->json, text, message, KT_SPAN("content"));

	if (has_role(x, message, KT_SPAN("tool")) ||
	    has_role(x, message, KT_SPAN("function")))
		return true;
	if (kt_json_type(&x->json, content) != KT_JSON_ARRAY)
		return false;
	for (uint32_t b = kt_json_first(&x->json, content); b != 0;
	     b = kt_json_next(&x->json, b)) {
		if (kt_json_is(&x->json, text,
		        kt_json_member(&x->json, text, b, KT_SPAN("type")),
		        KT_SPAN("tool_result")))
			return true;
	}
	return false;
}

/* The last message that always stays: the first user turn, with what the
 * operator says in front of it. */
static uint32_t
last_of_beginning(const struct kt_exchange *x, uint32_t first, uint64_t *count)
{
	uint32_t m = first, next;

	*count = 1;
	while (!has_role(x, m, KT_SPAN("user")) &&
	    (has_role(x, m, KT_SPAN("system")) ||
	        has_role(x, m, KT_SPAN("developer"))) &&
	    (next = kt_json_next(&x->json, m)) != 0) {
		m = next;
		++*count;
	}
	return m;
}

/*
 * The beginning and the newest messages stay; a result never loses its call,
 * so the cut moves on to a message that answers no tool.
 */
enum kt_rc
kt_x_drop_old_messages(struct kt_exchange *x, const struct kt_target *t,
    struct kt_x_edits *edits)
{
	struct kt_span text = kt_buf_span(&x->body);
	uint32_t list = kt_json_member(
	    &x->json, text, kt_json_root(&x->json), KT_SPAN("messages"));
	uint32_t first = kt_json_first(&x->json, list), last, m;
	uint64_t n = 0, kept_first, drop;
	struct kt_x_edits kept = { 0 };
	size_t from, to;

	for (uint32_t k = first; k != 0; k = kt_json_next(&x->json, k))
		n++;
	if (t->max_messages == 0 || n <= t->max_messages || first == 0)
		return KT_OK;
	last = last_of_beginning(x, first, &kept_first);
	/* The newest one always stays. */
	drop = n - (t->max_messages > kept_first ? t->max_messages :
	        kept_first + (kept_first < n));
	m = kt_json_next(&x->json, last);
	while (m != 0 && (drop > 0 || is_tool_answer(x, m))) {
		drop -= drop > 0;
		m = kt_json_next(&x->json, m);
	}
	if (m == 0)
		return KT_OK; /* one long chain of tools: left as it is */
	from = x->json.nodes[last].end;
	to = x->json.nodes[m].start;
	for (size_t i = 0; i < edits->n; i++) {
		const struct kt_edit *e = &edits->v[i];

		if (e->start >= from && e->start < to)
			continue;
		if (kt_x_edit_add(&kept, x->mem, e->start, e->end, e->text) < 0)
			return KT_E_LIMIT;
	}
	*edits = kept;
	if (kt_x_edit_add(edits, x->mem, from, to, KT_SPAN(",")) < 0)
		return KT_E_LIMIT;
	kt_x_edits_sort(edits);
	return KT_OK;
}
