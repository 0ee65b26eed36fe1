/*
 * chat - names from the one list, so that a new word is one line of chat.def.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "chat/chat.h"

static const struct kt_span format_names[KT_NFORMATS] = {
	[KT_FORMAT_NONE] = KT_SPAN_INIT("none"),
	[KT_FORMAT_ANTHROPIC] = KT_SPAN_INIT("anthropic"),
	[KT_FORMAT_OPENAI] = KT_SPAN_INIT("openai"),
	[KT_FORMAT_RESPONSES] = KT_SPAN_INIT("responses"),
};

static const struct {
	struct kt_span name;
	enum kt_format format;
} endpoints[KT_NENDPOINTS] = {
#define KT_ENDPOINT(id, text, fmt, meaning) \
	[KT_ENDPOINT_##id] = { KT_SPAN_INIT(text), KT_FORMAT_##fmt },
#include "chat/chat.def"
};

static const struct kt_span component_names[KT_NCOMPONENTS] = {
#define KT_COMPONENT(id, text, meaning) \
	[KT_COMPONENT_##id] = KT_SPAN_INIT(text),
#include "chat/chat.def"
};

const char *
kt_format_name(enum kt_format f)
{
	return format_names[f].ptr;
}

const char *
kt_endpoint_name(enum kt_endpoint e)
{
	return endpoints[e].name.ptr;
}

enum kt_format
kt_endpoint_format(enum kt_endpoint e)
{
	return endpoints[e].format;
}

bool
kt_endpoint_of(struct kt_span name, enum kt_endpoint *out)
{
	for (size_t i = 0; i < KT_NENDPOINTS; i++) {
		if (kt_span_eq(endpoints[i].name, name)) {
			*out = (enum kt_endpoint)i;
			return true;
		}
	}
	return false;
}

const char *
kt_component_name(enum kt_component c)
{
	return component_names[c].ptr;
}

bool
kt_component_of(struct kt_span name, enum kt_component *out)
{
	if (kt_span_eq(name, KT_SPAN("tool_result")))
		name = component_names[KT_COMPONENT_TOOL_RESULTS];
	for (size_t i = 0; i < KT_NCOMPONENTS; i++) {
		if (kt_span_eq(component_names[i], name)) {
			*out = (enum kt_component)i;
			return true;
		}
	}
	return false;
}
