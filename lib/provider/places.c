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

/* What is structure, or cannot be read, in every place that has a shape. */
static const struct row shared[] = {
	ROW("type", FIXED, SAME),
	ROW("id", FIXED, SAME),
	ROW("role", FIXED, SAME),
	ROW("cache_control", FIXED, SAME),
	ROW("signature", FIXED, SAME),
	ROW("tool_use_id", FIXED, SAME),
	ROW("tool_call_id", FIXED, SAME),
	ROW("call_id", FIXED, SAME),
	ROW("item_id", FIXED, SAME),
	ROW("media_type", FIXED, SAME),
	ROW("mime_type", FIXED, SAME),
	ROW("status", FIXED, SAME),
	ROW("model", FIXED, SAME),
	ROW("object", FIXED, SAME),
	ROW("caller", FIXED, SAME),
	ROW("detail", FIXED, SAME),
	ROW("usage", FIXED, SAME),
	ROW("service_tier", FIXED, SAME),
	ROW("obfuscation", FIXED, SAME),
	ROW("toolset_name", FIXED, SAME),
	ROW("error_code", FIXED, SAME),
	ROW("prompt_cache_breakpoint", FIXED, SAME),
	ROW("encrypted_content", OPAQUE, SAME),
	ROW("encrypted_stdout", OPAQUE, SAME),
	ROW("encrypted_index", OPAQUE, SAME),
	ROW("file_id", OPAQUE, C(FILES)),
	ROW("file_data", OPAQUE, C(FILES)),
};

static const struct row anthropic[] = {
	ROW("messages", MESSAGE, C(MESSAGES)),
	ROW("system", BLOCK, C(SYSTEM)),
	ROW("tools", TOOL, C(TOOLS)),
	ROW("tool_choice", FIXED, C(TOOLS)),
	ROW("mcp_servers", FIXED, C(TOOLS)),
	ROW("metadata", FREE, SAME),
	ROW("stop_sequences", FREE, SAME),
	ROW("thinking", FIXED, SAME),
	ROW("output_config", OUTPUT_CONFIG, SAME),
	ROW("output_format", TOOL, C(TOOLS)),
	ROW("speed", FIXED, SAME),
	ROW("inference_geo", FIXED, SAME),
	ROW("container", FIXED, SAME),
	ROW("diagnostics", FIXED, SAME),
	ROW("betas", FIXED, SAME),
	ROW("fallback_credit_token", FIXED, SAME),
};

static const struct row openai[] = {
	ROW("messages", MESSAGE, C(MESSAGES)),
	ROW("tools", TOOL, C(TOOLS)),
	ROW("functions", TOOL, C(TOOLS)),
	ROW("tool_choice", FIXED, C(TOOLS)),
	ROW("function_call", FIXED, C(TOOLS)),
	ROW("response_format", TOOL, C(TOOLS)),
	ROW("prediction", MESSAGE, SAME),
	ROW("metadata", FREE, SAME),
	ROW("stop", FREE, SAME),
	ROW("modalities", FIXED, SAME),
	ROW("audio", FIXED, SAME),
	ROW("reasoning_effort", FIXED, SAME),
	ROW("verbosity", FIXED, SAME),
	ROW("thinking", FIXED, SAME),
	ROW("prompt_cache_options", FIXED, SAME),
	ROW("prompt_cache_retention", FIXED, SAME),
};

static const struct row responses[] = {
	ROW("input", ITEM, C(MESSAGES)),
	ROW("instructions", ITEM, C(SYSTEM)),
	ROW("tools", TOOL, C(TOOLS)),
	ROW("tool_choice", FIXED, C(TOOLS)),
	ROW("text", OUTPUT_CONFIG, SAME),
	ROW("metadata", FREE, SAME),
	ROW("client_metadata", FREE, SAME),
	ROW("prompt", PROMPT, SAME),
	ROW("previous_response_id", OPAQUE, SAME),
	ROW("conversation", OPAQUE, SAME),
	ROW("reasoning", FIXED, SAME),
	ROW("include", FIXED, SAME),
	ROW("truncation", FIXED, SAME),
	ROW("prompt_cache_options", FIXED, SAME),
	ROW("prompt_cache_retention", FIXED, SAME),
};

static const struct row message[] = {
	ROW("content", BLOCK, SAME),
	ROW("tool_calls", TOOL_USE, C(TOOL_USE)),
	ROW("function_call", TOOL_USE, C(TOOL_USE)),
	ROW("reasoning_content", SIGNED, SAME),
	ROW("reasoning", SIGNED, SAME),
	ROW("reasoning_details", REASONING, SAME),
	ROW("audio", AUDIO, SAME),
	ROW("annotations", CITATION, CITED),
	ROW("output_config", OUTPUT_CONFIG, SAME),
	ROW("phase", FIXED, SAME),
};

static const struct row tool[] = {
	ROW("name", FIXED, SAME),
	ROW("input_schema", SCHEMA, SAME),
	ROW("parameters", SCHEMA, SAME),
	ROW("schema", SCHEMA, SAME),
	ROW("function", TOOL, SAME),
	ROW("custom", TOOL, SAME),
	ROW("tool", TOOL, SAME),
	ROW("tools", TOOL, SAME),
	ROW("json_schema", TOOL, SAME),
	ROW("format", TOOL, SAME),
	ROW("input_examples", FREE, SAME),
	ROW("tool_name", FIXED, SAME),
	ROW("syntax", FIXED, SAME),
	ROW("mode", FIXED, SAME),
	ROW("allowed_callers", FIXED, SAME),
	ROW("allowed_tools", FIXED, SAME),
	ROW("server_label", FIXED, SAME),
	ROW("server_url", FIXED, SAME),
	ROW("mcp_server_name", FIXED, SAME),
	ROW("headers", FIXED, SAME),
	ROW("authorization", FIXED, SAME),
	ROW("vector_store_ids", FIXED, SAME),
	ROW("container", FIXED, SAME),
	ROW("require_approval", FIXED, SAME),
};

static const struct row schema[] = {
	ROW("type", FIXED, SAME),
	ROW("required", FIXED, SAME),
	ROW("enum", FIXED, SAME),
	ROW("const", FIXED, SAME),
	ROW("format", FIXED, SAME),
	ROW("pattern", FIXED, SAME),
	ROW("$ref", FIXED, SAME),
	ROW("$schema", FIXED, SAME),
	ROW("$id", FIXED, SAME),
	ROW("properties", SCHEMA_MAP, SAME),
	ROW("patternProperties", SCHEMA_MAP, SAME),
	ROW("$defs", SCHEMA_MAP, SAME),
	ROW("definitions", SCHEMA_MAP, SAME),
	ROW("dependentRequired", FIXED, SAME),
	ROW("default", FREE, SAME),
	ROW("example", FREE, SAME),
	ROW("examples", FREE, SAME),
};

static const struct row output_config[] = {
	ROW("effort", FIXED, SAME),
	ROW("verbosity", FIXED, SAME),
	ROW("format", TOOL, C(TOOLS)),
};

static const struct row prompt[] = {
	ROW("id", OPAQUE, SAME),
	ROW("version", FIXED, SAME),
	ROW("variables", FREE, SAME),
};

static const struct row text_block[] = {
	ROW("text", GROW_TEXT, SAME),
	ROW("refusal", GROW_TEXT, SAME),
	ROW("citations", CITATION, CITED),
	ROW("annotations", CITATION, CITED),
};

static const struct row thinking[] = {
	ROW("thinking", GROW_SIGNED, SAME),
};

static const struct row reasoning[] = {
	ROW("data", OPAQUE, SAME),
};

static const struct row redacted[] = {
	ROW("data", OPAQUE, SAME),
};

static const struct row image[] = {
	ROW("source", SOURCE, SAME),
	ROW("image_url", OPAQUE, SAME),
	ROW("file_id", OPAQUE, SAME),
	ROW("result", OPAQUE, SAME),
};

static const struct row document[] = {
	ROW("source", SOURCE, SAME),
	ROW("content", BLOCK, SAME),
	ROW("file_id", OPAQUE, SAME),
};

static const struct row source[] = {
	ROW("data", OPAQUE, SAME),
	ROW("url", OPAQUE, SAME),
	ROW("file_id", OPAQUE, SAME),
	ROW("content", BLOCK, SAME),
};

/* A source whose type is not one of those that only machines can read. */
static const struct row source_text[] = {
	ROW("data", FREE, SAME),
	ROW("url", OPAQUE, SAME),
	ROW("file_id", OPAQUE, SAME),
	ROW("content", BLOCK, SAME),
};

static const struct row tool_use[] = {
	ROW("name", FIXED, SAME),
	ROW("namespace", FIXED, SAME),
	ROW("server_name", FIXED, SAME),
	ROW("server_label", FIXED, SAME),
	ROW("input", FREE, SAME),
	ROW("arguments", FREE, SAME),
	ROW("function", TOOL_USE, SAME),
	ROW("custom", TOOL_USE, SAME),
	ROW("output", BLOCK, C(TOOL_RESULTS)),
	ROW("outputs", BLOCK, C(TOOL_RESULTS)),
	ROW("results", ANY, C(TOOL_RESULTS)),
	ROW("error", ANY, C(TOOL_RESULTS)),
	ROW("container_id", FIXED, SAME),
};

static const struct row tool_result[] = {
	ROW("content", BLOCK, SAME),
	ROW("output", BLOCK, SAME),
	ROW("tools", TOOL, C(TOOLS)),
	ROW("image_url", OPAQUE, C(IMAGES)),
	ROW("tool_references", FIXED, C(TOOLS)),
};

static const struct row file[] = {
	ROW("file", FILE, SAME),
	ROW("file_url", OPAQUE, SAME),
};

static const struct row audio[] = {
	ROW("input_audio", AUDIO, SAME),
	ROW("id", OPAQUE, SAME),
	ROW("data", OPAQUE, SAME),
	ROW("format", FIXED, SAME),
	ROW("transcript", GROW_OTHER, SAME),
};

static const struct row reference[] = {
	ROW("id", OPAQUE, SAME),
};

static const struct row compaction[] = {
	ROW("content", GROW_SIGNED, SAME),
	ROW("tool_changes", TOOL, C(TOOLS)),
};

static const struct row anthropic_answer[] = {
	ROW("content", BLOCK, SAME),
	ROW("stop_reason", FIXED, SAME),
	ROW("stop_sequence", FIXED, SAME),
	ROW("container", FIXED, SAME),
	ROW("error", ERROR, SAME),
	ROW("request_id", FIXED, SAME),
};

static const struct row openai_answer[] = {
	ROW("choices", CHOICE, SAME),
	ROW("system_fingerprint", FIXED, SAME),
	ROW("error", ERROR, SAME),
};

static const struct row responses_answer[] = {
	ROW("output", ITEM, SAME),
	ROW("instructions", ITEM, C(SYSTEM)),
	ROW("tools", TOOL, C(TOOLS)),
	ROW("tool_choice", FIXED, C(TOOLS)),
	ROW("text", OUTPUT_CONFIG, SAME),
	ROW("metadata", FREE, SAME),
	ROW("reasoning", FIXED, SAME),
	ROW("truncation", FIXED, SAME),
	ROW("previous_response_id", FIXED, SAME),
	ROW("incomplete_details", FIXED, SAME),
	ROW("error", ERROR, SAME),
};

static const struct row choice[] = {
	ROW("message", MESSAGE, SAME),
	ROW("delta", CHOICE_DELTA, SAME),
	ROW("text", GROW_TEXT, SAME),
	ROW("finish_reason", FIXED, SAME),
	ROW("logprobs", GROW_OTHER, SAME),
};

static const struct row error[] = {
	ROW("code", FIXED, SAME),
	ROW("param", FIXED, SAME),
};

static const struct row anthropic_event[] = {
	ROW("message", ANTHROPIC_ANSWER, SAME),
	ROW("content_block", BLOCK, SAME),
	ROW("delta", ANTHROPIC_DELTA, SAME),
	ROW("error", ERROR, SAME),
	ROW("request_id", FIXED, SAME),
};

static const struct row anthropic_delta[] = {
	ROW("text", GROW_TEXT, SAME),
	ROW("partial_json", GROW_JSON, C(TOOL_USE)),
	ROW("thinking", GROW_SIGNED, SAME),
	ROW("content", GROW_SIGNED, SAME),
	ROW("citation", CITATION, CITED),
	ROW("stop_reason", FIXED, SAME),
	ROW("stop_sequence", FIXED, SAME),
	ROW("container", FIXED, SAME),
	ROW("stop_details", ANY, SAME),
};

static const struct row responses_event[] = {
	ROW("response", RESPONSES_ANSWER, SAME),
	ROW("item", ITEM, SAME),
	ROW("part", BLOCK, SAME),
	ROW("annotation", CITATION, CITED),
	ROW("delta", GROW_OTHER, SAME),
	ROW("logprobs", GROW_OTHER, SAME),
	ROW("name", FIXED, SAME),
	ROW("partial_image_b64", OPAQUE, C(IMAGES)),
	ROW("error", ERROR, SAME),
	ROW("code", ANY, SAME),
	ROW("param", FIXED, SAME),
};

static const struct row choice_delta[] = {
	ROW("content", GROW_TEXT, SAME),
	ROW("refusal", GROW_REFUSAL, SAME),
	ROW("tool_calls", CALL_DELTA, C(TOOL_USE)),
	ROW("function_call", FUNCTION_DELTA, C(TOOL_USE)),
	ROW("reasoning_content", GROW_SIGNED, SAME),
	ROW("reasoning", GROW_SIGNED, SAME),
	ROW("reasoning_details", GROW_SIGNED, SAME),
	ROW("audio", AUDIO, SAME),
	ROW("annotations", CITATION, CITED),
};

static const struct row call_delta[] = {
	ROW("function", FUNCTION_DELTA, SAME),
	ROW("custom", FUNCTION_DELTA, SAME),
};

static const struct row function_delta[] = {
	ROW("name", FIXED, SAME),
	ROW("arguments", GROW_JSON, SAME),
	ROW("input", GROW_JSON, SAME),
};

#define NONE NULL, 0
#define ROWS(set) (set), KT_NELEMS(set)
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
	PLACE(MESSAGE, ROWS(message), ANY, true, TEXT),
	PLACE(ITEM, NONE, ANY, true, TEXT),
	PLACE(TOOL, ROWS(tool), ANY, true, TEXT),
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

/* Blocks, parts and items by type.  The rest goes by its ending. */
static const struct row types[] = {
	ROW("text", TEXT, SAME),
	ROW("input_text", TEXT, SAME),
	ROW("output_text", TEXT, SAME),
	ROW("summary_text", SIGNED, SAME),
	ROW("reasoning_text", SIGNED, SAME),
	ROW("refusal", TEXT, SAME),
	ROW("tool_use", TOOL_USE, C(TOOL_USE)),
	ROW("tool_result", TOOL_RESULT, C(TOOL_RESULTS)),
	ROW("thinking", THINKING, SAME),
	ROW("redacted_thinking", REDACTED, SAME),
	ROW("reasoning", REASONING, SAME),
	ROW("image", IMAGE, C(IMAGES)),
	ROW("image_url", IMAGE, C(IMAGES)),
	ROW("input_image", IMAGE, C(IMAGES)),
	ROW("computer_screenshot", IMAGE, C(IMAGES)),
	ROW("image_generation_call", IMAGE, C(IMAGES)),
	ROW("document", DOCUMENT, C(DOCUMENTS)),
	ROW("search_result", DOCUMENT, C(DOCUMENTS)),
	ROW("web_search_result", DOCUMENT, C(DOCUMENTS)),
	ROW("web_fetch_result", DOCUMENT, C(DOCUMENTS)),
	ROW("file", FILE, C(FILES)),
	ROW("input_file", FILE, C(FILES)),
	ROW("container_upload", FILE, C(FILES)),
	ROW("input_audio", AUDIO, SAME),
	ROW("mcp_tool_listing", TOOL, C(TOOLS)),
	ROW("mcp_list_tools", TOOL, C(TOOLS)),
	ROW("tool_addition", TOOL, C(TOOLS)),
	ROW("tool_removal", TOOL, C(TOOLS)),
	ROW("tool_reference", TOOL, C(TOOLS)),
	ROW("mcp_approval_request", TOOL_USE, C(TOOL_USE)),
	ROW("mcp_approval_response", TOOL_RESULT, C(TOOL_RESULTS)),
	ROW("item_reference", REFERENCE, SAME),
	ROW("compaction", COMPACTION, SAME),
	ROW("fallback", FIXED, SAME),
};
static const struct row endings[] = {
	ROW("_tool_use", TOOL_USE, C(TOOL_USE)),
	ROW("_call", TOOL_USE, C(TOOL_USE)),
	ROW("_tool_result", TOOL_RESULT, C(TOOL_RESULTS)),
	ROW("_output", TOOL_RESULT, C(TOOL_RESULTS)),
	ROW("_result", TOOL_RESULT, C(TOOL_RESULTS)),
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
		if (rows[i].len == raw.len &&
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
	if (is_one_of(it, role, "system", "developer"))
		s->component = KT_COMPONENT_SYSTEM;
	else if (is_one_of(it, role, "tool", "function"))
		s->component = KT_COMPONENT_TOOL_RESULTS;
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
		s->call = 1 + number(it, object, KT_CALL_ODD - 2, KT_CALL_ODD - 1);
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
