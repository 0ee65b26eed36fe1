/*
 * places - the formats as tables.  One walk over rows instead of a reader
 * per format: what a reader forgets is lost, what a row forgets is text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/places.h"

/* Beside the components: what stands around, and a citation's. */
#define SAME 0xff
#define CITED 0xfe

struct row {
	const char *name;
	uint8_t len, place, component;
};
#define ROW(name, place, component) \
	{ name, sizeof(name) - 1, KT_PLACE_##place, component }
#define C(component) KT_COMPONENT_##component

#include "provider/places.def"

#define NONE NULL, 0
#define ROWS(set) (set), KT_NELEMS(set)
#define ROWS_BUT_FIRST(set) &(set)[1], KT_NELEMS(set) - 1
static const struct {
	const struct row *rows;
	uint8_t nrows;
	uint8_t rest; /* place of members that no row names */
	bool is_shaped; /* shared rows hold too */
	uint8_t kind; /* of strings right here */
} places[KT_NPLACES] = {
#define PLACE(id, rows, rest, shaped, kind) \
	[KT_PLACE_##id] = { rows, KT_PLACE_##rest, shaped, KT_SEGMENT_##kind }
	PLACE(FREE, NONE, FREE, false, TEXT),
	PLACE(ANY, NONE, ANY, true, TEXT),
	PLACE(FIXED, NONE, FIXED, false, FIXED),
	PLACE(OPAQUE, NONE, OPAQUE, true, OPAQUE),
	PLACE(SIGNED, NONE, SIGNED, true, SIGNED),
	PLACE(ANTHROPIC, ROWS(anthropic), ANY, true, TEXT),
	PLACE(OPENAI, ROWS(openai), ANY, true, TEXT),
	PLACE(RESPONSES, ROWS(responses), ANY, true, TEXT),
	PLACE(MESSAGE, ROWS_BUT_FIRST(message), ANY, true, TEXT),
	PLACE(RESULT_MESSAGE, ROWS(message), ANY, true, TEXT),
	PLACE(ITEM, NONE, ANY, true, TEXT),
	PLACE(TOOL, ROWS(tool), ANY, true, TEXT),
	PLACE(CONTAINER, ROWS(container), FIXED, false, FIXED),
	PLACE(SCHEMA, ROWS(schema), SCHEMA, false, TEXT),
	PLACE(SCHEMA_MAP, NONE, SCHEMA, false, TEXT),
	PLACE(OUTPUT_CONFIG, ROWS(output_config), ANY, true, TEXT),
	PLACE(PROMPT, ROWS(prompt), ANY, true, TEXT),
	PLACE(BLOCK, NONE, ANY, true, TEXT),
	PLACE(TEXT, ROWS(text_block), ANY, true, TEXT),
	PLACE(THINKING, ROWS(thinking), ANY, true, SIGNED),
	PLACE(REASONING, ROWS(reasoning), SIGNED, true, SIGNED),
	PLACE(REDACTED, ROWS(redacted), ANY, true, OPAQUE),
	PLACE(IMAGE, ROWS(image), ANY, true, TEXT),
	PLACE(DOCUMENT, ROWS(document), ANY, true, TEXT),
	PLACE(SOURCE, ROWS(source), ANY, true, TEXT),
	PLACE(SOURCE_TEXT, ROWS(source_text), ANY, true, TEXT),
	PLACE(TOOL_USE, ROWS(tool_use), ANY, true, TEXT),
	PLACE(TOOL_RESULT, ROWS(tool_result), ANY, true, TEXT),
	PLACE(CITATION, NONE, ANY, true, TEXT),
	PLACE(FILE, ROWS(file), ANY, true, TEXT),
	PLACE(AUDIO, ROWS(audio), ANY, true, TEXT),
	PLACE(REFERENCE, ROWS(reference), ANY, true, TEXT),
	PLACE(COMPACTION, ROWS(compaction), ANY, true, TEXT),
	PLACE(UNHEARD, ROWS(unheard), ANY, true, TEXT),
	PLACE(ANTHROPIC_ANSWER, ROWS(anthropic_answer), ANY, true, TEXT),
	PLACE(OPENAI_ANSWER, ROWS(openai_answer), ANY, true, TEXT),
	PLACE(RESPONSES_ANSWER, ROWS(responses_answer), ANY, true, TEXT),
	PLACE(CHOICE, ROWS(choice), ANY, true, TEXT),
	PLACE(ERROR, ROWS(error), ANY, true, TEXT),
	PLACE(ANTHROPIC_EVENT, ROWS(anthropic_event), ANY, true, TEXT),
	PLACE(ANTHROPIC_DELTA, ROWS(anthropic_delta), GROW_OTHER, true, TEXT),
	PLACE(RESPONSES_EVENT, ROWS(responses_event), ANY, true, TEXT),
	PLACE(CHOICE_DELTA, ROWS(choice_delta), GROW_OTHER, true, TEXT),
	PLACE(CALL_DELTA, ROWS(call_delta), GROW_OTHER, true, TEXT),
	PLACE(FUNCTION_DELTA, ROWS(function_delta), GROW_OTHER, true, TEXT),
	PLACE(GROW_TEXT, NONE, GROW_TEXT, true, TEXT),
	PLACE(GROW_REFUSAL, NONE, GROW_REFUSAL, true, TEXT),
	PLACE(GROW_JSON, NONE, GROW_JSON, false, TEXT),
	PLACE(GROW_SIGNED, ROWS(reasoning), GROW_SIGNED, true, SIGNED),
	PLACE(GROW_OTHER, NONE, GROW_OTHER, true, TEXT),
};

static const struct row *
find(const struct kt_segments *it, const struct row *rows, size_t n,
    uint32_t node)
{
	struct kt_span raw = kt_json_string(it->json, it->text, node);

	if (kt_json_has_escapes(it->json, node)) {
		for (size_t i = 0; i < n; i++)
			if (kt_json_is(it->json, it->text, node,
				(struct kt_span){ rows[i].name, rows[i].len }))
				return &rows[i];
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		if (rows[i].len == raw.len && *rows[i].name == *raw.ptr &&
		    memcmp(rows[i].name, raw.ptr, raw.len) == 0)
			return &rows[i];
	return NULL;
}

static void
go(const struct kt_segments *it, const struct row *r,
    struct kt_segments_scope *s)
{
	s->place = r->place;
	if (r->component == SAME)
		return;
	if (r->component != CITED)
		s->component = r->component;
	else if (it->direction == KT_REQUEST)
		s->component = KT_COMPONENT_DOCUMENTS;
}

void
kt_place_member(const struct kt_segments *it, uint32_t name,
    const struct kt_segments_scope *parent, struct kt_segments_scope *s)
{
	const struct row *r;

	s->component = parent->component;
	s->place = places[parent->place].rest;
	r = find(it, places[parent->place].rows, places[parent->place].nrows,
	    name);
	if (r == NULL && places[parent->place].is_shaped)
		r = find(it, shared, KT_NELEMS(shared), name);
	if (r != NULL)
		go(it, r, s);
}

static uint32_t
member(const struct kt_segments *it, uint32_t object, struct kt_span name)
{
	return kt_json_member(it->json, it->text, object, name);
}

static bool
is_one_of(const struct kt_segments *it, uint32_t node, const char *a,
    const char *b)
{
	return kt_json_is(it->json, it->text, node, kt_span_of(a)) ||
	    kt_json_is(it->json, it->text, node, kt_span_of(b));
}

/* Who speaks decides, but only where a request lists its turns. */
static void
enter_message(const struct kt_segments *it, uint32_t object,
    struct kt_segments_scope *s)
{
	uint32_t role;

	s->place = KT_PLACE_MESSAGE;
	if (s->component != KT_COMPONENT_MESSAGES)
		return;
	role = member(it, object, KT_SPAN("role"));
	if (is_one_of(it, role, "system", "developer")) {
		s->component = KT_COMPONENT_SYSTEM;
	} else if (is_one_of(it, role, "tool", "function")) {
		s->component = KT_COMPONENT_TOOL_RESULTS;
		s->place = KT_PLACE_RESULT_MESSAGE;
	}
}

static void
enter_block(const struct kt_segments *it, uint32_t object,
    struct kt_segments_scope *s)
{
	uint32_t type = member(it, object, KT_SPAN("type"));
	const struct row *r;
	struct kt_span raw;

	s->place = KT_PLACE_ANY;
	if (kt_json_type(it->json, type) != KT_JSON_STRING)
		return;
	r = find(it, types, KT_NELEMS(types), type);
	raw = kt_json_string(it->json, it->text, type);
	for (size_t i = 0; r == NULL && i < KT_NELEMS(endings); i++)
		if (kt_span_ends(raw,
			(struct kt_span){ endings[i].name, endings[i].len }))
			r = &endings[i];
	if (r != NULL)
		go(it, r, s);
	else
		s->place = KT_PLACE_UNHEARD;
}

/* Responses: an item that only has a role is a message. */
static void
enter_item(const struct kt_segments *it, uint32_t object,
    struct kt_segments_scope *s)
{
	uint32_t type = member(it, object, KT_SPAN("type"));

	if (type == 0 || is_one_of(it, type, "message", "agent_message"))
		enter_message(it, object, s);
	else
		enter_block(it, object, s);
}

static uint32_t
number(const struct kt_segments *it, uint32_t object, uint32_t max,
    uint32_t odd)
{
	uint32_t n = member(it, object, KT_SPAN("index"));
	uint64_t v;

	if (n == 0)
		return 0;
	if (!kt_json_u64(it->json, it->text, n, &v) || v > max)
		return odd;
	return (uint32_t)v;
}

void
kt_place_object(const struct kt_segments *it, uint32_t object,
    struct kt_segments_scope *s)
{
	switch (s->place) {
	case KT_PLACE_MESSAGE:
		enter_message(it, object, s);
		break;
	case KT_PLACE_ITEM:
		enter_item(it, object, s);
		break;
	case KT_PLACE_BLOCK:
		enter_block(it, object, s);
		break;
	case KT_PLACE_SOURCE:
		if (!is_one_of(it, member(it, object, KT_SPAN("type")),
			"base64", "url"))
			s->place = KT_PLACE_SOURCE_TEXT;
		break;
	case KT_PLACE_CHOICE:
		s->choice = number(it, object, KT_CHOICE_ODD - 1, KT_CHOICE_ODD);
		break;
	case KT_PLACE_CALL_DELTA:
		s->call = 1 +
		    number(it, object, KT_CALL_ODD - 2, KT_CALL_ODD - 1);
		break;
	default:
		break;
	}
}

enum kt_segment_kind
kt_place_kind(uint8_t place)
{
	return (enum kt_segment_kind)places[place].kind;
}
