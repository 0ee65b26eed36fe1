/*
 * The law: each string of a body is one segment, in document order; and the
 * rows: what stands where.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>

#include "provider/segments.h"
#include "tests/unit/provider/indexed.h"
#include "tests/unit/tap.h"

static char file[4 << 20], path[4096];

static bool
holds_segment_law(struct kt_span text, enum kt_format f, enum kt_direction d)
{
	struct indexed x;
	struct kt_segments it;
	struct kt_segment seg;
	uint32_t next = 1;
	bool holds = true;

	index_text(&x, text);
	kt_segments_init(&it, f, d, &x.json, text);
	while (holds && kt_segments_next(&it, &seg)) {
		while (kt_json_type(&x.json, next) != KT_JSON_STRING &&
		    next < x.json.count)
			next++;
		holds = seg.node == next++ && seg.component < KT_NCOMPONENTS;
	}
	while (holds && next < x.json.count)
		holds = kt_json_type(&x.json, next++) != KT_JSON_STRING;
	holds = holds && !kt_segments_next(&it, &seg);
	kt_json_fini(&x.json);
	return holds;
}

static bool
holds_in_all_formats(struct kt_span text)
{
	bool holds = true;

	for (unsigned f = 0; f < KT_NFORMATS; f++)
		holds = holds &&
		    holds_segment_law(text, (enum kt_format)f, KT_REQUEST) &&
		    holds_segment_law(text, (enum kt_format)f, KT_ANSWER);
	return holds;
}

static const char *const bodies[] = {
	"\"\"", "[]", "{}", "0", "[[[\"a\"],\"b\"],[],{},\"c\"]",
	"{\"messages\":\"x\",\"system\":{\"a\":[\"b\"]},\"tools\":\"t\"}",
	"{\"messages\":[[\"x\"],{\"role\":1,\"content\":{\"type\":[\"text\"],"
	"\"text\":{\"text\":\"y\"}}}],\"input\":[\"a\",[\"b\"],{}],"
	"\"output\":[{\"type\":\"m\\u0065ssage\",\"content\":[\"q\"]}],"
	"\"choices\":[{\"index\":-1,\"delta\":{\"tool_calls\":[[\"z\"]]}}]}",
};

static void
every_string_is_one_segment(void)
{
	for (size_t i = 0; i < KT_NELEMS(bodies); i++)
		ok(holds_in_all_formats(kt_span_of(bodies[i])));
}

static const char *
beside_sources(const char *name)
{
	const char *dir = getenv("KT_SRCDIR");

	(void)snprintf(path, sizeof(path), "%s/%s", dir == NULL ? "." : dir,
	    name);
	return path;
}

static void
bodies_of_real_clients_are_covered(void)
{
	static const char *const names[] = {
		"tests/data/claude-code-count-tokens.json",
		"tests/data/codex-responses.json",
	};

	for (size_t i = 0; i < KT_NELEMS(names); i++) {
		struct kt_span text =
		    read_whole(beside_sources(names[i]), file, sizeof(file));

		ok(text.len > 0 && holds_in_all_formats(text));
	}
}

/* Every file is a list of requests with a body each. */
static void
check_recording(const char *name)
{
	struct indexed x;
	struct kt_span text = read_whole(name, file, sizeof(file));

	if (!ok(text.len > 0))
		return;
	index_text(&x, text);
	for (uint32_t n = kt_json_first(&x.json, at(&x, "/requests")); n != 0;
	     n = kt_json_next(&x.json, n)) {
		uint32_t body =
		    kt_json_member(&x.json, text, n, KT_SPAN("body"));

		if (body != 0)
			ok(holds_in_all_formats(
			    kt_json_raw(&x.json, text, body)));
	}
	kt_json_fini(&x.json);
}

static void
recorded_bodies_are_covered(void)
{
	static char name[8192];
	DIR *dir = opendir(beside_sources("../shared/corpora/claude-code"));
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!kt_span_ends(kt_span_of(entry->d_name), KT_SPAN(".json")))
			continue;
		(void)snprintf(
		    name, sizeof(name), "%s/%s", path, entry->d_name);
		check_recording(name);
	}
	(void)closedir(dir);
}

/* ---- what stands where ---- */

struct place {
	const char *pointer;
	enum kt_component component;
	enum kt_segment_kind kind;
};
#define AT(pointer, component, kind) \
	{ pointer, KT_COMPONENT_##component, KT_SEGMENT_##kind }

static void
check(const char *body, enum kt_format f, enum kt_direction d,
    const struct place *want, size_t n)
{
	struct indexed x;
	struct kt_segments it;
	struct kt_segment seg;
	size_t found = 0, strings = 0;

	index_text(&x, kt_span_of(body));
	kt_segments_init(&it, f, d, &x.json, x.text);
	while (kt_segments_next(&it, &seg)) {
		strings++;
		for (size_t i = 0; i < n; i++) {
			if (at(&x, want[i].pointer) != seg.node)
				continue;
			found++;
			if (!ok(seg.component == want[i].component &&
				seg.kind == want[i].kind))
				printf("# %s: %s, kind %d\n", want[i].pointer,
				    kt_component_name(seg.component),
				    (int)seg.kind);
		}
	}
	if (!ok(found == n))
		printf("# %zu of %zu places found\n", found, n);
	ok(strings >= n);
	kt_json_fini(&x.json);
}
#define CHECK(body, format, direction, want) \
	check(body, KT_FORMAT_##format, KT_##direction, want, KT_NELEMS(want))

static void
anthropic_requests_are_placed(void)
{
	static const char body[] =
	    "{\"model\":\"m\",\"system\":[{\"type\":\"text\",\"text\":\"s\","
	    "\"cache_control\":{\"type\":\"ephemeral\"}}],"
	    "\"metadata\":{\"user_id\":\"u\"},\"new_thing\":{\"type\":\"n\","
	    "\"deep\":[{\"x\":\"y\"}]},\"tools\":[{\"name\":\"t\","
	    "\"description\":\"d\",\"input_schema\":{\"type\":\"object\","
	    "\"properties\":{\"type\":{\"description\":\"p\",\"enum\":[\"e\"]}"
	    "}}}],\"messages\":["
	    "{\"content\":\"later\",\"role\":\"system\"},"
	    "{\"role\":\"user\",\"content\":[{\"text\":\"hi\",\"type\":\"text\""
	    "},{\"type\":\"image\",\"source\":{\"type\":\"base64\","
	    "\"media_type\":\"image/png\",\"data\":\"AA\"}},"
	    "{\"type\":\"document\",\"title\":\"ti\",\"source\":{\"type\":"
	    "\"text\",\"data\":\"plain\"}},{\"type\":\"document\",\"source\":{"
	    "\"type\":\"url\",\"url\":\"http://x\"}},{\"type\":\"search_result\""
	    ",\"source\":\"src\",\"title\":\"st\",\"content\":[{\"type\":"
	    "\"text\",\"text\":\"found\"}]},{\"type\":\"container_upload\","
	    "\"file_id\":\"f\"}]},{\"role\":\"assistant\",\"content\":[{"
	    "\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"sig\"},"
	    "{\"type\":\"redacted_thinking\",\"data\":\"zz\"},{\"type\":"
	    "\"tool_use\",\"id\":\"i\",\"name\":\"t\",\"input\":{\"type\":"
	    "\"arg\",\"l\":[\"arg2\"]}},{\"type\":\"future\",\"words\":\"w\"}]},"
	    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
	    "\"tool_use_id\":\"i\",\"content\":[{\"type\":\"text\",\"text\":"
	    "\"out\"},{\"type\":\"image\",\"source\":{\"type\":\"file\","
	    "\"file_id\":\"f2\"}}]},{\"type\":\"tool_result\",\"content\":"
	    "\"plain out\"}]}]}";
	static const struct place want[] = {
		AT("/model", MESSAGES, FIXED),
		AT("/system/0/text", SYSTEM, TEXT),
		AT("/system/0/cache_control/type", SYSTEM, FIXED),
		AT("/metadata/user_id", MESSAGES, TEXT),
		AT("/new_thing/type", MESSAGES, FIXED),
		AT("/new_thing/deep/0/x", MESSAGES, TEXT),
		AT("/tools/0/name", TOOLS, FIXED),
		AT("/tools/0/description", TOOLS, TEXT),
		AT("/tools/0/input_schema/type", TOOLS, FIXED),
		AT("/tools/0/input_schema/properties/type/description", TOOLS,
		    TEXT),
		AT("/tools/0/input_schema/properties/type/enum/0", TOOLS,
		    FIXED),
		AT("/messages/0/content", SYSTEM, TEXT),
		AT("/messages/1/role", MESSAGES, FIXED),
		AT("/messages/1/content/0/text", MESSAGES, TEXT),
		AT("/messages/1/content/1/source/data", IMAGES, OPAQUE),
		AT("/messages/1/content/1/source/media_type", IMAGES, FIXED),
		AT("/messages/1/content/2/title", DOCUMENTS, TEXT),
		AT("/messages/1/content/2/source/data", DOCUMENTS, TEXT),
		AT("/messages/1/content/3/source/url", DOCUMENTS, OPAQUE),
		AT("/messages/1/content/4/source", DOCUMENTS, TEXT),
		AT("/messages/1/content/4/content/0/text", DOCUMENTS, TEXT),
		AT("/messages/1/content/5/file_id", FILES, OPAQUE),
		AT("/messages/2/content/0/thinking", MESSAGES, SIGNED),
		AT("/messages/2/content/0/signature", MESSAGES, FIXED),
		AT("/messages/2/content/1/data", MESSAGES, OPAQUE),
		AT("/messages/2/content/2/name", TOOL_USE, FIXED),
		AT("/messages/2/content/2/input/type", TOOL_USE, TEXT),
		AT("/messages/2/content/2/input/l/0", TOOL_USE, TEXT),
		AT("/messages/2/content/3/words", MESSAGES, TEXT),
		AT("/messages/3/content/0/tool_use_id", TOOL_RESULTS, FIXED),
		AT("/messages/3/content/0/content/0/text", TOOL_RESULTS, TEXT),
		AT("/messages/3/content/0/content/1/source/file_id", IMAGES,
		    OPAQUE),
		AT("/messages/3/content/1/content", TOOL_RESULTS, TEXT),
	};

	CHECK(body, ANTHROPIC, REQUEST, want);
}

static void
openai_requests_are_placed(void)
{
	static const char body[] =
	    "{\"model\":\"m\",\"messages\":[{\"role\":\"developer\","
	    "\"content\":\"s\"},{\"role\":\"user\",\"name\":\"n\",\"content\":["
	    "{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"image_url\","
	    "\"image_url\":{\"url\":\"data:x\",\"detail\":\"low\"}},{\"type\":"
	    "\"input_audio\",\"input_audio\":{\"data\":\"AA\",\"format\":"
	    "\"wav\"}},{\"type\":\"file\",\"file\":{\"file_data\":\"data:\","
	    "\"filename\":\"fn\"}}]},{\"role\":\"assistant\",\"content\":null,"
	    "\"tool_calls\":[{\"id\":\"i\",\"type\":\"function\",\"function\":{"
	    "\"name\":\"t\",\"arguments\":\"{}\"}},{\"type\":\"custom\","
	    "\"custom\":{\"name\":\"c\",\"input\":\"in\"}}],"
	    "\"reasoning_content\":\"hm\"},{\"role\":\"tool\","
	    "\"tool_call_id\":\"i\",\"content\":\"out\"}],\"tools\":[{\"type\":"
	    "\"function\",\"function\":{\"name\":\"t\",\"description\":\"d\","
	    "\"parameters\":{\"title\":\"pt\"}}}],\"tool_choice\":\"auto\","
	    "\"stop\":[\"x\"]}";
	static const struct place want[] = {
		AT("/messages/0/content", SYSTEM, TEXT),
		AT("/messages/1/name", MESSAGES, TEXT),
		AT("/messages/1/content/0/text", MESSAGES, TEXT),
		AT("/messages/1/content/1/image_url/url", IMAGES, OPAQUE),
		AT("/messages/1/content/1/image_url/detail", IMAGES, FIXED),
		AT("/messages/1/content/2/input_audio/data", MESSAGES, OPAQUE),
		AT("/messages/1/content/3/file/file_data", FILES, OPAQUE),
		AT("/messages/1/content/3/file/filename", FILES, TEXT),
		AT("/messages/2/tool_calls/0/id", TOOL_USE, FIXED),
		AT("/messages/2/tool_calls/0/function/name", TOOL_USE, FIXED),
		AT("/messages/2/tool_calls/0/function/arguments", TOOL_USE,
		    TEXT),
		AT("/messages/2/tool_calls/1/custom/input", TOOL_USE, TEXT),
		AT("/messages/2/reasoning_content", MESSAGES, SIGNED),
		AT("/messages/3/tool_call_id", TOOL_RESULTS, FIXED),
		AT("/messages/3/content", TOOL_RESULTS, TEXT),
		AT("/tools/0/function/description", TOOLS, TEXT),
		AT("/tools/0/function/parameters/title", TOOLS, TEXT),
		AT("/tool_choice", TOOLS, FIXED),
		AT("/stop/0", MESSAGES, TEXT),
	};

	CHECK(body, OPENAI, REQUEST, want);
}

static void
responses_requests_are_placed(void)
{
	static const char body[] =
	    "{\"instructions\":\"s\",\"previous_response_id\":\"r\",\"input\":["
	    "{\"role\":\"developer\",\"content\":[{\"type\":\"input_text\","
	    "\"text\":\"d\"}]},{\"type\":\"message\",\"role\":\"user\","
	    "\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"},{\"type\":"
	    "\"input_image\",\"image_url\":\"data:\"},{\"type\":\"input_file\","
	    "\"filename\":\"fn\",\"file_url\":\"http:\"}]},{\"type\":"
	    "\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":"
	    "\"hm\"}],\"encrypted_content\":\"zz\"},{\"type\":"
	    "\"function_call\",\"call_id\":\"c\",\"name\":\"t\",\"arguments\":"
	    "\"{}\"},{\"type\":\"function_call_output\",\"call_id\":\"c\","
	    "\"output\":\"out\"},{\"type\":\"custom_tool_call\",\"input\":"
	    "\"in\"},{\"type\":\"custom_tool_call_output\",\"output\":[{\"type\""
	    ":\"input_text\",\"text\":\"out2\"}]},{\"type\":\"local_shell_call\""
	    ",\"action\":{\"type\":\"exec\",\"command\":[\"ls\"]}},{\"type\":"
	    "\"item_reference\",\"id\":\"x\"}]}";
	static const struct place want[] = {
		AT("/instructions", SYSTEM, TEXT),
		AT("/previous_response_id", MESSAGES, OPAQUE),
		AT("/input/0/content/0/text", SYSTEM, TEXT),
		AT("/input/1/content/0/text", MESSAGES, TEXT),
		AT("/input/1/content/1/image_url", IMAGES, OPAQUE),
		AT("/input/1/content/2/filename", FILES, TEXT),
		AT("/input/1/content/2/file_url", FILES, OPAQUE),
		AT("/input/2/summary/0/text", MESSAGES, SIGNED),
		AT("/input/2/encrypted_content", MESSAGES, OPAQUE),
		AT("/input/3/call_id", TOOL_USE, FIXED),
		AT("/input/3/arguments", TOOL_USE, TEXT),
		AT("/input/4/output", TOOL_RESULTS, TEXT),
		AT("/input/5/input", TOOL_USE, TEXT),
		AT("/input/6/output/0/text", TOOL_RESULTS, TEXT),
		AT("/input/7/action/command/0", TOOL_USE, TEXT),
		AT("/input/8/id", MESSAGES, OPAQUE),
	};
	/* What runs at the vendor takes files and gives pictures. */
	static const struct place remote[] = {
		AT("/input/0/code", TOOL_USE, TEXT),
		AT("/input/0/outputs/0/url", IMAGES, OPAQUE),
		AT("/input/0/outputs/1/type", TOOL_RESULTS, FIXED),
		AT("/input/0/outputs/1/logs", TOOL_RESULTS, TEXT),
		AT("/tools/0/input_image_mask/image_url", IMAGES, OPAQUE),
		AT("/tools/1/container/type", TOOLS, FIXED),
		AT("/tools/1/container/file_ids/0", FILES, OPAQUE),
		AT("/tools/2/container", TOOLS, FIXED),
	};

	CHECK(body, RESPONSES, REQUEST, want);
	CHECK("{\"input\":[{\"type\":\"code_interpreter_call\",\"code\":\"c\","
	    "\"outputs\":[{\"type\":\"image\",\"url\":\"data:\"},{\"type\":"
	    "\"logs\",\"logs\":\"hello\"}]}],\"tools\":[{\"type\":"
	    "\"image_generation\",\"input_image_mask\":{\"image_url\":"
	    "\"data:\"}},{\"type\":\"code_interpreter\",\"container\":{"
	    "\"type\":\"auto\",\"file_ids\":[\"f\"]}},{\"type\":"
	    "\"code_interpreter\",\"container\":\"cntr_1\"}]}",
	    RESPONSES, REQUEST, remote);
	CHECK("{\"input\":\"hi\"}", RESPONSES, REQUEST,
	    ((const struct place[]){ AT("/input", MESSAGES, TEXT) }));
}

static void
answers_are_placed(void)
{
	static const struct place anthropic[] = {
		AT("/id", COMPLETION, FIXED),
		AT("/content/0/text", COMPLETION, TEXT),
		AT("/content/0/citations/0/cited_text", COMPLETION, TEXT),
		AT("/content/1/thinking", COMPLETION, SIGNED),
		AT("/content/2/input/a", TOOL_USE, TEXT),
		AT("/content/3/content/0/title", DOCUMENTS, TEXT),
		AT("/content/3/content/0/encrypted_content", DOCUMENTS, OPAQUE),
		AT("/stop_reason", COMPLETION, FIXED),
	};
	static const struct place openai[] = {
		AT("/choices/0/message/content", COMPLETION, TEXT),
		AT("/choices/0/message/refusal", COMPLETION, TEXT),
		AT("/choices/0/message/tool_calls/0/function/arguments",
		    TOOL_USE, TEXT),
		AT("/choices/0/finish_reason", COMPLETION, FIXED),
	};
	static const struct place responses[] = {
		AT("/output/0/content/0/text", COMPLETION, TEXT),
		AT("/output/1/arguments", TOOL_USE, TEXT),
		AT("/error/message", COMPLETION, TEXT),
	};

	CHECK("{\"id\":\"i\",\"content\":[{\"type\":\"text\",\"text\":\"t\","
	      "\"citations\":[{\"cited_text\":\"c\"}]},{\"type\":\"thinking\","
	      "\"thinking\":\"h\"},{\"type\":\"tool_use\",\"input\":{\"a\":\"b\""
	      "}},{\"type\":\"web_search_tool_result\",\"content\":[{\"type\":"
	      "\"web_search_result\",\"title\":\"w\",\"encrypted_content\":"
	      "\"z\"}]}],\"stop_reason\":\"end_turn\"}",
	    ANTHROPIC, ANSWER, anthropic);
	CHECK("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":"
	      "\"c\",\"refusal\":\"no\",\"tool_calls\":[{\"function\":{"
	      "\"arguments\":\"{}\"}}]},\"finish_reason\":\"stop\"}]}",
	    OPENAI, ANSWER, openai);
	CHECK("{\"output\":[{\"type\":\"message\",\"role\":\"assistant\","
	      "\"content\":[{\"type\":\"output_text\",\"text\":\"t\"}]},{"
	      "\"type\":\"function_call\",\"arguments\":\"{}\"}],\"error\":{"
	      "\"message\":\"m\"}}",
	    RESPONSES, ANSWER, responses);
}

static void
without_a_format_everything_is_a_message(void)
{
	static const struct place request[] = {
		AT("/type", MESSAGES, TEXT),
		AT("/system", MESSAGES, TEXT),
	};
	static const struct place answer[] = { AT("/id", COMPLETION, TEXT) };

	CHECK("{\"type\":\"a\",\"system\":\"b\"}", NONE, REQUEST, request);
	CHECK("{\"id\":\"a\"}", NONE, ANSWER, answer);
}

static void
escaped_names_hide_nothing(void)
{
	static const struct place want[] = {
		AT("/messages/0/content/0/thinking", MESSAGES, SIGNED),
		AT("/system", SYSTEM, TEXT),
	};

	CHECK("{\"\\u006dessages\":[{\"r\\u006fle\":\"user\",\"content\":[{"
	      "\"typ\\u0065\":\"th\\u0069nking\",\"thinking\":\"x\"}]}],"
	      "\"\\u0073ystem\":\"y\"}",
	    ANTHROPIC, REQUEST, want);
}

/* The deepest body the index takes has a scope for each level. */
static void
the_deepest_body_is_walked(void)
{
	char text[2 * KT_JSON_DEPTH_MAX + 3];

	memset(text, '[', KT_JSON_DEPTH_MAX);
	text[KT_JSON_DEPTH_MAX] = text[KT_JSON_DEPTH_MAX + 1] = '"';
	memset(text + KT_JSON_DEPTH_MAX + 2, ']', KT_JSON_DEPTH_MAX);
	text[sizeof(text) - 1] = '\0';
	ok(holds_in_all_formats((struct kt_span){ text, sizeof(text) - 1 }));
}

int
main(void)
{
	DIR *dir = opendir(beside_sources("../shared/corpora/claude-code"));

	RUN(every_string_is_one_segment);
	RUN(bodies_of_real_clients_are_covered);
	if (dir == NULL) {
		SKIP(recorded_bodies_are_covered, "no corpora beside");
	} else {
		(void)closedir(dir);
		RUN(recorded_bodies_are_covered);
	}
	RUN(anthropic_requests_are_placed);
	RUN(openai_requests_are_placed);
	RUN(responses_requests_are_placed);
	RUN(answers_are_placed);
	RUN(without_a_format_everything_is_a_message);
	RUN(escaped_names_hide_nothing);
	RUN(the_deepest_body_is_walked);
	return done();
}
