/*
 * chat - the vocabulary that all wire formats share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    formats, endpoints, components, segments, usage; their names.
 * Does not: read or write any wire format; that is provider's room.
 * Promises: one list per word (chat.def); names never change once released,
 *           because records and policies carry them.
 */
#ifndef KT_CHAT_H
#define KT_CHAT_H
#include "base/base.h"

enum kt_format {
	KT_FORMAT_NONE = 0, /* not a chat body: files, models, passthrough */
	KT_FORMAT_ANTHROPIC,
	KT_FORMAT_OPENAI,    /* chat completions */
	KT_FORMAT_RESPONSES, /* OpenAI responses */
	KT_NFORMATS,
};

enum kt_endpoint {
#define KT_ENDPOINT(id, name, format, meaning) KT_ENDPOINT_##id,
#include "chat/chat.def"
	KT_NENDPOINTS,
};

/* Where a text or medium stands; a bit in kt_component_set. */
enum kt_component {
#define KT_COMPONENT(id, name, meaning) KT_COMPONENT_##id,
#include "chat/chat.def"
	KT_NCOMPONENTS,
};
typedef uint32_t kt_component_set;
#define KT_COMPONENT_BIT(c) ((kt_component_set)1 << (c))
#define KT_COMPONENTS_ALL (((kt_component_set)1 << KT_NCOMPONENTS) - 1)

const char *kt_format_name(enum kt_format f);
const char *kt_endpoint_name(enum kt_endpoint e);
enum kt_format kt_endpoint_format(enum kt_endpoint e);
/* False leaves *out alone. */
bool kt_endpoint_of(struct kt_span name, enum kt_endpoint *out);
const char *kt_component_name(enum kt_component c);
/* "tool_result" is taken as an alias of "tool_results". */
bool kt_component_of(struct kt_span name, enum kt_component *out);

/* What may be done with a segment. */
enum kt_segment_kind {
	KT_SEGMENT_FIXED = 0, /* structure: inspected, never edited */
	KT_SEGMENT_TEXT,      /* inspected, may be edited by a splice */
	KT_SEGMENT_SIGNED,    /* thinking: inspected, never edited, passes */
	KT_SEGMENT_OPAQUE,    /* cannot be read here: base64 media, URL or file
	                         id sources, encrypted blobs */
	KT_SEGMENT_NAME,      /* of a member of a tool's arguments: as FIXED, but
	                         what has one token each may be edited */
};
/* Is it structure, and no text? */
static inline bool
kt_segment_is_fixed(enum kt_segment_kind k)
{
	return k == KT_SEGMENT_FIXED || k == KT_SEGMENT_NAME;
}

/* One string of a body.  node is its index in the span index. */
struct kt_segment {
	uint32_t node;
	enum kt_component component;
	enum kt_segment_kind kind;
	bool is_of_result; /* below what a tool gave back, whatever it is */
};

struct kt_usage {
	uint64_t input, output; /* input without the cached part */
	uint64_t cache_read, cache_write;
	bool is_known;
};

#endif
