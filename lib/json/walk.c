/*
 * walk - going from node to node.  Nodes hold no list of children: document
 * order and the index behind each subtree are enough, at 16 bytes a node.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"

uint32_t
kt_json_root(const struct kt_json *j)
{
	return j->is_complete ? 1 : 0;
}

static bool
is_node(const struct kt_json *j, uint32_t n)
{
	return n != 0 && n < j->count && j->is_complete;
}

enum kt_json_type
kt_json_type(const struct kt_json *j, uint32_t n)
{
	return is_node(j, n) ? (enum kt_json_type)j->nodes[n].type
			     : KT_JSON_ABSENT;
}

uint32_t
kt_json_parent(const struct kt_json *j, uint32_t n)
{
	return is_node(j, n) ? j->nodes[n].parent : 0;
}

uint32_t
kt_json_first(const struct kt_json *j, uint32_t n)
{
	enum kt_json_type type = kt_json_type(j, n);

	if (type != KT_JSON_ARRAY && type != KT_JSON_OBJECT)
		return 0;
	return j->nodes[n].next == n + 1 ? 0 : n + 1;
}

uint32_t
kt_json_next(const struct kt_json *j, uint32_t n)
{
	uint32_t next;

	if (!is_node(j, n))
		return 0;
	next = j->nodes[n].next;
	return next < j->nodes[j->nodes[n].parent].next ? next : 0;
}

uint32_t
kt_json_value_of(const struct kt_json *j, uint32_t name)
{
	return kt_json_type(j, name) == KT_JSON_NAME ? name + 1 : 0;
}

uint32_t
kt_json_name_of(const struct kt_json *j, uint32_t value)
{
	if (!is_node(j, value) || j->nodes[value].type == KT_JSON_NAME)
		return 0;
	return j->nodes[value - 1].type == KT_JSON_NAME ? value - 1 : 0;
}

uint32_t
kt_json_label_of(const struct kt_json *j, uint32_t value)
{
	uint32_t name = kt_json_name_of(j, value);
	uint32_t parent = kt_json_parent(j, value);

	if (name != 0 || kt_json_type(j, parent) != KT_JSON_ARRAY)
		return name;
	return kt_json_name_of(j, parent);
}

bool
kt_json_has_escapes(const struct kt_json *j, uint32_t n)
{
	return is_node(j, n) && j->nodes[n].has_escapes;
}

/* Without the first and last `quotes` bytes. */
static inline struct kt_span
part(const struct kt_json_node *node, struct kt_span text, unsigned quotes)
{
	if (node->end > text.len)
		KT_BUG("a node lies outside the text");
	return (struct kt_span){
		.ptr = text.ptr + node->start + quotes,
		.len = node->end - node->start - 2 * quotes,
	};
}

static inline bool
is_text(const struct kt_json_node *node)
{
	return node->type == KT_JSON_STRING || node->type == KT_JSON_NAME;
}

static inline bool
says(const struct kt_json_node *node, struct kt_span text, struct kt_span want)
{
	struct kt_span s = part(node, text, 1);

	if (node->has_escapes)
		return kt_json_text_is(s, want);
	return kt_span_eq(s, want);
}

struct kt_span
kt_json_raw(const struct kt_json *j, struct kt_span text, uint32_t n)
{
	return is_node(j, n) ? part(&j->nodes[n], text, 0)
			     : (struct kt_span){ 0 };
}

struct kt_span
kt_json_string(const struct kt_json *j, struct kt_span text, uint32_t n)
{
	if (!is_node(j, n) || !is_text(&j->nodes[n]))
		return (struct kt_span){ 0 };
	return part(&j->nodes[n], text, 1);
}

bool
kt_json_is(const struct kt_json *j, struct kt_span text, uint32_t n,
    struct kt_span want)
{
	return is_node(j, n) && is_text(&j->nodes[n]) &&
	    says(&j->nodes[n], text, want);
}

uint32_t
kt_json_member(const struct kt_json *j, struct kt_span text, uint32_t object,
    struct kt_span name)
{
	uint32_t end;

	if (kt_json_type(j, object) != KT_JSON_OBJECT)
		return 0;
	end = j->nodes[object].next;
	for (uint32_t n = object + 1; n < end; n = j->nodes[n + 1].next) {
		if (says(&j->nodes[n], text, name))
			return n + 1;
	}
	return 0;
}

bool
kt_json_bool(const struct kt_json *j, uint32_t n, bool *out)
{
	enum kt_json_type type = kt_json_type(j, n);

	if (type != KT_JSON_TRUE && type != KT_JSON_FALSE)
		return false;
	*out = type == KT_JSON_TRUE;
	return true;
}

bool
kt_json_u64(const struct kt_json *j, struct kt_span text, uint32_t n,
    uint64_t *out)
{
	if (kt_json_type(j, n) != KT_JSON_NUMBER)
		return false;
	return kt_span_u64(kt_json_raw(j, text, n), out);
}
