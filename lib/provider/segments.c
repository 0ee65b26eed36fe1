/*
 * segments - one loop over the nodes with a stack of scopes.  Not recursive,
 * so that a caller may stop between any two strings and go on later.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/places.h"

static const struct {
	uint8_t request, answer, event;
} tops[KT_NFORMATS] = {
	[KT_FORMAT_NONE] = { KT_PLACE_FREE, KT_PLACE_FREE, KT_PLACE_FREE },
	[KT_FORMAT_ANTHROPIC] = { KT_PLACE_ANTHROPIC,
	    KT_PLACE_ANTHROPIC_ANSWER, KT_PLACE_ANTHROPIC_EVENT },
	[KT_FORMAT_OPENAI] = { KT_PLACE_OPENAI, KT_PLACE_OPENAI_ANSWER,
	    KT_PLACE_OPENAI_ANSWER },
	[KT_FORMAT_RESPONSES] = { KT_PLACE_RESPONSES,
	    KT_PLACE_RESPONSES_ANSWER, KT_PLACE_RESPONSES_EVENT },
};

void
kt_segments_init(struct kt_segments *it, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text)
{
	/* Not the whole stack: only what is open is ever read. */
	it->json = json;
	it->text = text;
	it->format = format;
	it->direction = direction;
	it->at = kt_json_root(json);
	it->depth = 1;
	it->is_event = it->wants_all = false;
	it->scope[0] = (struct kt_segments_scope){
		.end = UINT32_MAX,
		.place = direction == KT_REQUEST ? tops[format].request
						 : tops[format].answer,
		.component = direction == KT_REQUEST ? KT_COMPONENT_MESSAGES
						     : KT_COMPONENT_COMPLETION,
	};
	it->leaf = it->scope[0];
}

void
kt_segments_init_event(struct kt_segments *it, enum kt_format format,
    const struct kt_json *json, struct kt_span text)
{
	kt_segments_init(it, format, KT_ANSWER, json, text);
	it->is_event = true;
	it->scope[0].place = tops[format].event;
}

uint64_t
kt_place_trail(uint64_t trail, struct kt_span name)
{
	trail = (trail ^ (name.len & 0xff)) * 1099511628211u;
	for (size_t i = 0; i < name.len && i < 64; i++)
		trail = (trail ^ (unsigned char)name.ptr[i]) * 1099511628211u;
	return trail;
}

static void
read_name(struct kt_segments *it, uint32_t n)
{
	const struct kt_segments_scope *top = &it->scope[it->depth - 1];

	it->leaf.choice = top->choice;
	it->leaf.call = top->call;
	it->leaf.is_of_result = top->is_of_result;
	kt_place_member(it, n, top, &it->leaf);
	if (it->is_event)
		it->leaf.trail = kt_place_trail(
		    top->trail, kt_json_string(it->json, it->text, n));
}

/* What stands in a result has a component of its own, such as a document. */
static bool
is_of_result(const struct kt_segments_scope *s)
{
	return s->is_of_result || s->component == KT_COMPONENT_TOOL_RESULTS;
}

static void
enter(struct kt_segments *it, uint32_t n, enum kt_json_type type)
{
	struct kt_segments_scope *s;

	if (it->depth >= KT_NELEMS(it->scope))
		KT_BUG("deeper than the index allows");
	s = &it->scope[it->depth++];
	*s = it->leaf;
	s->end = it->json->nodes[n].next;
	s->is_object = type == KT_JSON_OBJECT;
	s->is_of_result = is_of_result(s);
	if (s->is_object)
		kt_place_object(it, n, s);
	s->is_of_result = is_of_result(s);
}

void
kt_segments_want_all(struct kt_segments *it)
{
	it->wants_all = true;
}

bool
kt_segment_is_long_number(struct kt_span raw)
{
	size_t at = raw.len > 0 && raw.ptr[0] == '-', from = at;

	while (at < raw.len && raw.ptr[at] >= '0' && raw.ptr[at] <= '9')
		at++;
	return at - from >= KT_SEGMENT_DIGITS_MIN;
}

static bool
give(const struct kt_segments *it, uint32_t n, enum kt_segment_kind kind,
    struct kt_segment *out)
{
	out->node = n;
	out->component = (enum kt_component)it->leaf.component;
	out->kind = kind;
	out->is_of_result = is_of_result(&it->leaf);
	return true;
}

uint32_t
kt_segments_end(const struct kt_segments *it, unsigned depth)
{
	return depth < it->depth ? it->scope[depth].end : 0;
}

bool
kt_segments_next(struct kt_segments *it, struct kt_segment *out)
{
	while (it->at != 0 && it->at < it->json->count) {
		uint32_t n = it->at++;
		enum kt_json_type type =
		    (enum kt_json_type)it->json->nodes[n].type;

		while (n >= it->scope[it->depth - 1].end)
			it->depth--;
		if (type == KT_JSON_NAME) {
			read_name(it, n);
			if (it->wants_all)
				return give(it, n, it->leaf.component ==
				        KT_COMPONENT_TOOL_USE
				    ? KT_SEGMENT_NAME
				    : KT_SEGMENT_FIXED, out);
			continue;
		}
		if (!it->scope[it->depth - 1].is_object)
			it->leaf = it->scope[it->depth - 1];
		if (type == KT_JSON_STRING)
			return give(it, n, kt_place_kind(it->leaf.place), out);
		if (type == KT_JSON_NUMBER && it->wants_all &&
		    kt_segment_is_long_number(
			kt_json_raw(it->json, it->text, n)))
			return give(it, n, kt_place_kind(it->leaf.place), out);
		if (type == KT_JSON_ARRAY || type == KT_JSON_OBJECT)
			enter(it, n, type);
	}
	return false;
}
