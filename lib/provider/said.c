/*
 * said - a few members of each format.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/said.h"

struct reading {
	const struct kt_json *json;
	struct kt_span text;
	kt_said_fn *tell;
	void *arg;
};

static uint32_t
member(const struct reading *r, uint32_t object, const char *name)
{
	return kt_json_member(r->json, r->text, object, kt_span_of(name));
}

static bool
is_type(const struct reading *r, uint32_t object, const char *type)
{
	return kt_json_is(
	    r->json, r->text, member(r, object, "type"), kt_span_of(type));
}

static void
say(const struct reading *r, uint32_t node, uint64_t choice)
{
	if (kt_json_type(r->json, node) == KT_JSON_STRING)
		r->tell(r->arg, &(struct kt_said){ node, choice });
}

/* A string, or a list of blocks of such a type. */
static void
say_content(const struct reading *r, uint32_t content, const char *type,
    uint64_t choice)
{
	say(r, content, choice);
	if (kt_json_type(r->json, content) != KT_JSON_ARRAY)
		return;
	for (uint32_t n = kt_json_first(r->json, content); n != 0;
	     n = kt_json_next(r->json, n)) {
		if (is_type(r, n, type))
			say(r, member(r, n, "text"), choice);
	}
}

static void
say_choices(const struct reading *r, const char *name)
{
	uint32_t list = member(r, kt_json_root(r->json), "choices");
	uint64_t at = 0;

	if (kt_json_type(r->json, list) != KT_JSON_ARRAY)
		return;
	for (uint32_t n = kt_json_first(r->json, list); n != 0;
	     n = kt_json_next(r->json, n), at++) {
		uint64_t choice = at;

		(void)kt_json_u64(r->json, r->text, member(r, n, "index"),
		    &choice); /* absent: as they stand */
		say_content(r, member(r, member(r, n, name), "content"), "text",
		    choice);
	}
}

static void
say_output(const struct reading *r)
{
	uint32_t list = member(r, kt_json_root(r->json), "output");

	if (kt_json_type(r->json, list) != KT_JSON_ARRAY)
		return;
	for (uint32_t n = kt_json_first(r->json, list); n != 0;
	     n = kt_json_next(r->json, n)) {
		if (is_type(r, n, "message"))
			say_content(r, member(r, n, "content"), "output_text", 0);
	}
}

void
kt_said_read(enum kt_format format, const struct kt_json *json,
    struct kt_span text, kt_said_fn *tell, void *arg)
{
	const struct reading r = { json, text, tell, arg };

	switch (format) {
	case KT_FORMAT_ANTHROPIC:
		say_content(&r, member(&r, kt_json_root(json), "content"),
		    "text", 0);
		break;
	case KT_FORMAT_OPENAI:
		say_choices(&r, "message");
		break;
	case KT_FORMAT_RESPONSES:
		say_output(&r);
		break;
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
}

void
kt_said_read_event(enum kt_format format, const struct kt_json *json,
    struct kt_span text, kt_said_fn *tell, void *arg)
{
	const struct reading r = { json, text, tell, arg };
	uint32_t root = kt_json_root(json), part;

	switch (format) {
	case KT_FORMAT_ANTHROPIC:
		part = member(&r, root, "content_block");
		if (is_type(&r, part, "text"))
			say(&r, member(&r, part, "text"), 0);
		part = member(&r, root, "delta");
		if (is_type(&r, part, "text_delta"))
			say(&r, member(&r, part, "text"), 0);
		break;
	case KT_FORMAT_OPENAI:
		say_choices(&r, "delta");
		break;
	case KT_FORMAT_RESPONSES:
		if (is_type(&r, root, "response.output_text.delta"))
			say(&r, member(&r, root, "delta"), 0);
		break;
	case KT_FORMAT_NONE:
	case KT_NFORMATS:
		break;
	}
}
