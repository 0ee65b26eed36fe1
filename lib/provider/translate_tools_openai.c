/*
 * translate_tools_openai - Anthropic tools as functions.  Tools that the
 * client runs by a schema the model was trained on get that schema spelled
 * out; tools that the vendor runs cannot be had elsewhere and are refused.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

#define S(props, required) \
	"{\"type\":\"object\",\"properties\":{" props "},\"required\":[" \
	required "]}"
#define P(name) "\"" name "\":{\"type\":\"string\"}"
#define I(name) "\"" name "\":{\"type\":\"integer\"}"
#define COMMANDS(list) "\"command\":{\"type\":\"string\",\"enum\":[" list "]}"
#define RANGE \
	"\"view_range\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}"

static const struct {
	struct kt_span type; /* without its date */
	const char *report, *description, *schema;
} known[] = {
	{ KT_SPAN_INIT("bash_"), "tools.bash",
	    "Run a command in a persistent bash session.",
	    S(P("command") ",\"restart\":{\"type\":\"boolean\"}", "") },
	{ KT_SPAN_INIT("text_editor_"), "tools.text_editor",
	    "View, create and edit text files.",
	    S(COMMANDS("\"view\",\"create\",\"str_replace\",\"insert\"") "," P(
		  "path") "," P("file_text") "," P("old_str") "," P("new_str")
		  "," P("insert_text") "," I("insert_line") "," RANGE,
		"\"command\",\"path\"") },
	{ KT_SPAN_INIT("memory_"), "tools.memory",
	    "View, create and edit files of a memory directory.",
	    S(COMMANDS("\"view\",\"create\",\"str_replace\",\"insert\","
		       "\"delete\",\"rename\"") "," P("path") "," P("file_text")
		  "," P("old_str") "," P("new_str") "," P("insert_text") "," P(
		      "old_path") "," P("new_path") "," I("insert_line") ","
		  RANGE,
		"\"command\"") },
};

/* Members of a tool that a function has no place for. */
static void
tell_losses(struct kt_tr *t, uint32_t tool)
{
	if (kt_tr_get(t, tool, "cache_control") != 0)
		kt_tr_approximated(t, "cache_control");
	kt_tr_tell_rest(t, tool, "tools",
	    "type name description input_schema strict cache_control");
}

static void
put_own(struct kt_tr *t, uint32_t tool)
{
	uint32_t schema = kt_tr_get(t, tool, "input_schema");
	uint32_t strict = kt_tr_get(t, tool, "strict");

	kt_tr_copy_string(t, "description", kt_tr_get(t, tool, "description"),
	    "tools.description");
	if (!kt_tr_has_type(t, schema, KT_JSON_OBJECT))
		kt_tr_refuse(t, "tools.input_schema: must be an object");
	kt_tr_copy(t, "parameters", schema);
	if (kt_tr_has_type(t, strict, KT_JSON_TRUE) &&
	    !kt_tr_schema_is_total(t, schema))
		kt_tr_approximated(t, "tools.strict");
	else
		kt_tr_copy(t, "strict", strict);
}

static void
put_known(struct kt_tr *t, uint32_t type)
{
	struct kt_span raw = kt_tr_string(t, type);

	for (size_t i = 0; i < KT_NELEMS(known); i++) {
		if (!kt_span_starts(raw, known[i].type))
			continue;
		kt_tr_approximated(t, known[i].report);
		kt_tr_put(t, "description", known[i].description);
		kt_json_put_name(t->w, "parameters");
		kt_json_put_raw(t->w, kt_span_of(known[i].schema));
		return;
	}
	kt_tr_refuse(t, "tools: %.*s has no equivalent",
	    (int)(raw.len < 64 ? raw.len : 64), raw.ptr);
}

static void
put_tool(struct kt_tr *t, uint32_t tool)
{
	uint32_t type = kt_tr_get(t, tool, "type");

	tell_losses(t, tool);
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "function");
	kt_json_named_object(t->w, "function");
	if (kt_tr_get(t, tool, "name") == 0)
		kt_tr_refuse(t, "tools.name: is required");
	kt_tr_copy_string(t, "name", kt_tr_get(t, tool, "name"), "tools.name");
	if (type == 0 || kt_tr_is(t, type, "custom"))
		put_own(t, tool);
	else
		put_known(t, type);
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

static void
put_choice(struct kt_tr *t, uint32_t choice)
{
	uint32_t type = kt_tr_get(t, choice, "type");
	bool is_single = false;

	if (choice == 0)
		return;
	kt_tr_tell_rest(t, choice, "tool_choice",
	    "type name disable_parallel_tool_use");
	if (kt_tr_is(t, type, "tool")) {
		kt_json_named_object(t->w, "tool_choice");
		kt_tr_put(t, "type", "function");
		kt_json_named_object(t->w, "function");
		kt_tr_copy_string(t, "name", kt_tr_get(t, choice, "name"),
		    "tool_choice.name");
		kt_json_end_object(t->w);
		kt_json_end_object(t->w);
	} else if (kt_tr_is(t, type, "any")) {
		kt_tr_put(t, "tool_choice", "required");
	} else if (kt_tr_is(t, type, "auto") || kt_tr_is(t, type, "none")) {
		kt_tr_copy(t, "tool_choice", type);
	} else {
		kt_tr_refuse(t, "tool_choice.type: is not known");
	}
	(void)kt_json_bool(t->json,
	    kt_tr_get(t, choice, "disable_parallel_tool_use"), &is_single);
	if (is_single)
		kt_json_named_bool(t->w, "parallel_tool_calls", false);
}

void
kt_tr_tools_to_openai(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t tools = kt_tr_get(t, root, "tools");

	if (kt_tr_is_empty(t, tools))
		return; /* a choice among nothing says nothing */
	kt_json_named_array(t->w, "tools");
	for (uint32_t n = kt_json_first(t->json, tools); n != 0;
	     n = kt_json_next(t->json, n))
		put_tool(t, n);
	kt_json_end_array(t->w);
	put_choice(t, kt_tr_get(t, root, "tool_choice"));
}
