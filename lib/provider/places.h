/*
 * places - which rows read the members of a value.  Private to the room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    each format as a table: in this place, a member of that name is
 *           such a place and such a component.
 * Does not: walk; segments.c and stream.c do.
 * Promises: a member that no row names keeps the component around it and is
 *           text, so a new field of a vendor is inspected before anybody
 *           here has heard of it.
 */
#ifndef KT_PLACES_H
#define KT_PLACES_H
#include "provider/segments.h"

enum kt_place {
	KT_PLACE_FREE = 0, /* names are the user's: everything is text */
	KT_PLACE_ANY,      /* text, save what looks like structure */
	KT_PLACE_FIXED,
	KT_PLACE_OPAQUE,
	KT_PLACE_SIGNED,
	/* Requests. */
	KT_PLACE_ANTHROPIC,
	KT_PLACE_OPENAI,
	KT_PLACE_RESPONSES,
	KT_PLACE_MESSAGE,
	KT_PLACE_RESULT_MESSAGE, /* of a tool, by its role */
	KT_PLACE_ITEM,
	KT_PLACE_TOOL,
	KT_PLACE_CONTAINER,
	KT_PLACE_SCHEMA,
	KT_PLACE_SCHEMA_MAP,
	KT_PLACE_OUTPUT_CONFIG,
	KT_PLACE_PROMPT,
	/* Blocks, parts and items. */
	KT_PLACE_BLOCK,
	KT_PLACE_TEXT,
	KT_PLACE_THINKING,
	KT_PLACE_REASONING,
	KT_PLACE_REDACTED,
	KT_PLACE_IMAGE,
	KT_PLACE_DOCUMENT,
	KT_PLACE_SOURCE,
	KT_PLACE_SOURCE_TEXT,
	KT_PLACE_TOOL_USE,
	KT_PLACE_TOOL_RESULT,
	KT_PLACE_CITATION,
	KT_PLACE_FILE,
	KT_PLACE_AUDIO,
	KT_PLACE_REFERENCE,
	KT_PLACE_COMPACTION,
	KT_PLACE_UNHEARD, /* of a type that nobody here has heard of */
	/* Answers. */
	KT_PLACE_ANTHROPIC_ANSWER,
	KT_PLACE_OPENAI_ANSWER,
	KT_PLACE_RESPONSES_ANSWER,
	KT_PLACE_CHOICE,
	KT_PLACE_ERROR,
	/* Events. */
	KT_PLACE_ANTHROPIC_EVENT,
	KT_PLACE_ANTHROPIC_DELTA,
	KT_PLACE_RESPONSES_EVENT,
	KT_PLACE_CHOICE_DELTA,
	KT_PLACE_CALL_DELTA,
	KT_PLACE_FUNCTION_DELTA,
	/* Texts that a later event of the same stream continues. */
	KT_PLACE_GROW_TEXT,
	KT_PLACE_GROW_REFUSAL,
	KT_PLACE_GROW_JSON,
	KT_PLACE_GROW_SIGNED,
	KT_PLACE_GROW_OTHER,
	KT_NPLACES,
};
#define KT_PLACE_GROWS(p) ((p) >= KT_PLACE_GROW_TEXT)

/* The event's call that has no usable number. */
#define KT_CALL_ODD 0xffffffu
#define KT_CHOICE_ODD UINT32_MAX

/* As kt_segments_init, on the data of one event. */
void kt_segments_init_event(struct kt_segments *it, enum kt_format format,
    const struct kt_json *json, struct kt_span text);

/* FNV-1a over the names on the way down; long names by their beginning. */
uint64_t kt_place_trail(uint64_t trail, struct kt_span name);
/* Where the member that is called name leads to; the rest of *s stays. */
void kt_place_member(const struct kt_segments *it, uint32_t name,
    const struct kt_segments_scope *parent, struct kt_segments_scope *s);
/* An object is what its type and role say. */
void kt_place_object(const struct kt_segments *it, uint32_t object,
    struct kt_segments_scope *s);
enum kt_segment_kind kt_place_kind(uint8_t place);

#endif
