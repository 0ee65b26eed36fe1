/*
 * count - strings are counted by the tokenizer, frames by rule.
 *
 * Rules.  OpenAI (the cookbook on counting): 3 and the role for each message,
 * 3 for the answer.  Tools of OpenAI, and all frames of Claude: the fitted
 * constants of npm ai-tokenizer; the tokens of tool definitions of Claude are
 * those of their JSON.  An image that hides its size counts as a large one.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange/count.h"

#include <gnutls/gnutls.h>

#include "media/image.h"

/* What stands around what the client wrote. */
struct frame {
	uint16_t request, message, tools, tool, member;
};
static const struct frame openai = { .request = 3,
	.message = 4, /* with the role, which is one token */
	.tools = 10,
	.tool = 6,
	.member = 3 };
static const struct frame claude = { .request = 6,
	.message = 2,
	.tools = 346,
	.tool = 5 };
#define LARGE_IMAGE 1568

struct job {
	struct kt_count *out;
	struct kt_sample sample;
	enum kt_family f;
	struct kt_tokenizer *t;
	const struct kt_json *json;
	struct kt_span text;
	struct kt_buf *room;
};

static bool
is_claude(const struct job *j)
{
	return kt_family_encoding(j->f) == KT_ENCODING_CLAUDE;
}

static enum kt_rc
add_string(struct job *j, uint32_t node)
{
	return kt_sample_add(&j->sample, j->f, j->t,
	    kt_json_string(j->json, j->text, node), j->room);
}

/* Base64 of a picture; whatever else cannot be read costs nothing here. */
static void
add_image(struct job *j, uint32_t node)
{
	struct kt_span data = kt_json_string(j->json, j->text, node);
	uint32_t w = LARGE_IMAGE, h = LARGE_IMAGE;
	size_t comma = kt_span_find(data, ',');
	gnutls_datum_t in, head;

	if (kt_span_starts(data, KT_SPAN("data:")) && comma < data.len)
		data = kt_span_sub(data, comma + 1, data.len);
	if (data.len > KT_IMAGE_HEAD)
		data.len = KT_IMAGE_HEAD;
	data.len -= data.len % 4;
	in = (gnutls_datum_t){ .data = (unsigned char *)data.ptr,
		.size = (unsigned)data.len };
	if (data.len > 0 && gnutls_base64_decode2(&in, &head) == 0) {
		(void)kt_image_size(/* a large one if it does not tell */
		    (struct kt_span){ (const char *)head.data, head.size }, &w,
		    &h);
		gnutls_free(head.data);
	}
	j->out->images++;
	kt_token_sum_fixed(&j->out->sum, kt_token_image(j->f, w, h));
}

/* The elements of a member of the body. */
static uint32_t
elements(const struct job *j, const char *name)
{
	uint32_t n = 0, node = kt_json_member(j->json, j->text,
	                    kt_json_root(j->json), kt_span_of(name));

	if (kt_json_type(j->json, node) != KT_JSON_ARRAY)
		return 0;
	for (node = kt_json_first(j->json, node); node != 0;
	     node = kt_json_next(j->json, node))
		n++;
	return n;
}

/* Claude is shown the JSON of each tool. */
static enum kt_rc
add_tools_of_claude(struct job *j)
{
	uint32_t node = kt_json_member(
	    j->json, j->text, kt_json_root(j->json), KT_SPAN("tools"));

	if (kt_json_type(j->json, node) != KT_JSON_ARRAY)
		return KT_OK;
	for (node = kt_json_first(j->json, node); node != 0;
	     node = kt_json_next(j->json, node))
		if (kt_sample_add(&j->sample, j->f, j->t,
		        kt_json_raw(j->json, j->text, node), NULL) < 0)
			return KT_E_LIMIT;
	return KT_OK;
}

/* "type":"function" and the like are in the frame of a tool. */
static bool
is_shown_of_tool(const struct job *j, const struct kt_segment *s)
{
	uint32_t name = kt_json_name_of(j->json, s->node);

	return s->kind == KT_SEGMENT_TEXT ||
	    kt_json_is(j->json, j->text, name, KT_SPAN("name"));
}

static enum kt_rc
add_segment(struct job *j, const struct kt_segment *s)
{
	enum kt_json_type type = kt_json_type(j->json, s->node);

	if (s->component == KT_COMPONENT_TOOLS) {
		if (is_claude(j))
			return KT_OK;
		if (type == KT_JSON_NAME) {
			kt_token_sum_fixed(&j->out->sum, openai.member);
			return KT_OK;
		}
		return type == KT_JSON_STRING && is_shown_of_tool(j, s) ?
		    add_string(j, s->node) :
		    KT_OK;
	}
	if (type != KT_JSON_STRING)
		return KT_OK;
	if (s->kind == KT_SEGMENT_OPAQUE) {
		if (s->component == KT_COMPONENT_IMAGES)
			add_image(j, s->node);
		else
			j->out->is_exact = false;
		return KT_OK;
	}
	return kt_segment_is_fixed(s->kind) ? KT_OK : add_string(j, s->node);
}

enum kt_rc
kt_count_body(struct kt_count *out, enum kt_count_effort effort,
    enum kt_family f, struct kt_tokenizer *t, enum kt_format format,
    const struct kt_json *json, struct kt_span text, struct kt_buf *room)
{
	struct job j = { .out = out,
		.sample = { .counts_all = effort == KT_COUNT_ALL },
		.f = f,
		.t = t,
		.json = json,
		.text = text,
		.room = room };
	const struct frame *frame = is_claude(&j) ? &claude : &openai;
	struct kt_segments it;
	struct kt_segment s;

	*out = (struct kt_count){ .is_exact =
		    kt_family_is_exact(f) && format == KT_FORMAT_OPENAI };
	kt_segments_init(&it, format, KT_REQUEST, json, text);
	kt_segments_want_all(&it);
	while (kt_segments_next(&it, &s))
		if (add_segment(&j, &s) < 0)
			return KT_E_LIMIT;
	if (is_claude(&j) && add_tools_of_claude(&j) < 0)
		return KT_E_LIMIT;
	kt_sample_end(&j.sample);
	kt_token_sum_join(&out->sum, &j.sample.sum);
	out->messages = elements(&j, "messages") + elements(&j, "input");
	out->tools = elements(&j, "tools") + elements(&j, "functions");
	kt_token_sum_fixed(&out->sum,
	    frame->request + (uint64_t)out->messages * frame->message);
	if (out->tools > 0)
		kt_token_sum_fixed(&out->sum,
		    frame->tools + (uint64_t)out->tools * frame->tool);
	if (out->tools > 0 || out->images > 0 || j.sample.is_partial)
		out->is_exact = false;
	return KT_OK;
}
