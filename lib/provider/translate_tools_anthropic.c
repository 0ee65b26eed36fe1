/*
 * translate_tools_anthropic - OpenAI tools and the choice among them.  The
 * deprecated functions go the same way, one table row beside the new ones.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* The vendor's own bound on strict tools in one request. */
#define STRICT_TOOLS_MAX 20
/* Comparisons of names; the vendors take far fewer tools. */
#define NAME_COMPARES_MAX 1000000

static void
put_schema(struct kt_tr *t, uint32_t parameters)
{
	struct kt_span raw = kt_json_raw(t->json, t->text, parameters);

	if (kt_tr_is_empty(t, parameters)) {
		kt_json_named_raw(t->w, "input_schema",
		    KT_SPAN("{\"type\":\"object\",\"properties\":{}}"));
		return;
	}
	if (!kt_tr_has_type(t, parameters, KT_JSON_OBJECT)) {
		kt_tr_refuse(t, "tools.function.parameters: must be an object");
		return;
	}
	if (kt_tr_get(t, parameters, "type") != 0) {
		kt_tr_copy(t, "input_schema", parameters);
		return;
	}
	if (kt_tr_is_too_deep(raw) ||
	    kt_json_member(t->json, t->text, parameters, KT_SPAN("type"))) {
		kt_tr_refuse(t, "tools.function.parameters: is no schema");
		return;
	}
	kt_json_put_name(t->w, "input_schema");
	kt_json_put_raw(t->w, KT_SPAN("{\"type\":\"object\","));
	if (t->w->rc == KT_OK)
		t->w->rc = kt_buf_add(
		    t->w->out, kt_span_sub(raw, 1, raw.len - 1));
}

static void
put_function(struct kt_tr *t, uint32_t tool, uint32_t f, unsigned *nstrict)
{
	uint32_t parameters = kt_tr_get(t, f, "parameters");
	bool is_strict = false;

	kt_tr_tell_rest(t, f, "tools.function",
	    "name description parameters strict cache_control");
	kt_json_begin_object(t->w);
	kt_tr_copy_string(
	    t, "name", kt_tr_get(t, f, "name"), "tools.function.name");
	kt_tr_copy_string(t, "description", kt_tr_get(t, f, "description"),
	    "tools.function.description");
	put_schema(t, parameters);
	(void)kt_json_bool(t->json, kt_tr_get(t, f, "strict"), &is_strict);
	if (is_strict && *nstrict < STRICT_TOOLS_MAX &&
	    kt_tr_schema_fits_strict(t, parameters)) {
		kt_json_named_bool(t->w, "strict", true);
		(*nstrict)++;
	} else if (is_strict) {
		kt_tr_approximated(t, "tools.function.strict");
	}
	kt_tr_cache_mark(
	    t, kt_tr_get(t, tool, "cache_control") != 0 ? tool : f);
	kt_json_end_object(t->w);
}

static void
put_custom(struct kt_tr *t, uint32_t tool, struct kt_span *names)
{
	uint32_t custom = kt_tr_get(t, tool, "custom");
	uint32_t name = kt_tr_get(t, custom, "name");
	uint32_t format = kt_tr_get(t, custom, "format");

	kt_tr_approximated(t, "tools.custom");
	kt_tr_tell_rest(t, custom, "tools.custom", "name description format");
	if (format != 0 && !kt_tr_is(t, kt_tr_get(t, format, "type"), "text"))
		kt_tr_dropped(t, "tools.custom.format");
	kt_json_begin_object(t->w);
	kt_tr_copy_string(t, "name", name, "tools.custom.name");
	kt_tr_copy_string(t, "description",
	    kt_tr_get(t, custom, "description"), "tools.custom.description");
	kt_json_put_name(t->w, "input_schema");
	kt_json_put_raw(t->w,
	    KT_SPAN("{\"type\":\"object\",\"properties\":{\"input\":"
		    "{\"type\":\"string\"}},\"required\":[\"input\"]}"));
	kt_tr_cache_mark(t, tool);
	kt_json_end_object(t->w);
	names[t->report->ncustom_tools++] = kt_tr_string(t, name);
}

static const char *
tool_kind(struct kt_tr *t, uint32_t tool)
{
	return kt_tr_is(t, kt_tr_get(t, tool, "type"), "custom") ? "custom"
								 : "function";
}

/* Whether the choice leaves this tool in.  Without a list all are in. */
static bool
is_allowed(struct kt_tr *t, uint32_t tool, uint32_t list, unsigned *compares)
{
	const char *kind = tool_kind(t, tool);
	struct kt_span name = kt_tr_string(
	    t, kt_tr_get(t, kt_tr_get(t, tool, kind), "name"));

	if (list == 0)
		return true;
	for (uint32_t n = kt_json_first(t->json, list); n != 0;
	     n = kt_json_next(t->json, n)) {
		if (++*compares > NAME_COMPARES_MAX) {
			kt_tr_refuse(t, "tool_choice.allowed_tools: too many");
			return false;
		}
		if (kt_json_text_eq(name, kt_tr_string(t, kt_tr_get(t,
			kt_tr_get(t, n, tool_kind(t, n)), "name"))))
			return true;
	}
	return false;
}

static uint32_t
count(struct kt_tr *t, uint32_t list)
{
	uint32_t n = 0;

	for (uint32_t at = kt_json_first(t->json, list); at != 0;
	     at = kt_json_next(t->json, at))
		n++;
	return n;
}

/* web_search_options asks for the vendor's own search. */
static void
put_search(struct kt_tr *t, uint32_t options)
{
	uint32_t place = kt_tr_get(
	    t, kt_tr_get(t, options, "user_location"), "approximate");

	kt_tr_approximated(t, "web_search_options");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "web_search_20250305");
	kt_tr_put(t, "name", "web_search");
	if (kt_tr_has_type(t, place, KT_JSON_OBJECT)) {
		kt_json_named_object(t->w, "user_location");
		kt_tr_put(t, "type", "approximate");
		kt_tr_copy(t, "city", kt_tr_get(t, place, "city"));
		kt_tr_copy(t, "region", kt_tr_get(t, place, "region"));
		kt_tr_copy(t, "country", kt_tr_get(t, place, "country"));
		kt_tr_copy(t, "timezone", kt_tr_get(t, place, "timezone"));
		kt_json_end_object(t->w);
	}
	kt_json_end_object(t->w);
}

struct tools {
	uint32_t tools, functions, search;
	uint32_t allowed; /* list of allowed_tools */
	unsigned compares, nstrict;
};

/* Whether anything is left to choose from. */
static bool
has_any(struct kt_tr *t, struct tools *s)
{
	if (!kt_tr_is_empty(t, s->functions) || s->search != 0)
		return true;
	for (uint32_t n = kt_json_first(t->json, s->tools); n != 0;
	     n = kt_json_next(t->json, n))
		if (is_allowed(t, n, s->allowed, &s->compares))
			return true;
	return false;
}

static void
put_one(struct kt_tr *t, struct tools *s, uint32_t tool,
    struct kt_span *names)
{
	uint32_t type = kt_tr_get(t, tool, "type");

	if (!is_allowed(t, tool, s->allowed, &s->compares))
		return;
	kt_tr_tell_rest(t, tool, "tools", "type function custom cache_control");
	if (kt_tr_is(t, type, "function"))
		put_function(t, tool, kt_tr_get(t, tool, "function"),
		    &s->nstrict);
	else if (kt_tr_is(t, type, "custom"))
		put_custom(t, tool, names);
	else
		kt_tr_refuse(t, "tools.type: has no equivalent");
}

static void
put_tools(struct kt_tr *t, struct tools *s)
{
	struct kt_span *names;

	names = kt_arena_array(
	    t->mem, count(t, s->tools) + 1u, sizeof(*names));
	if (names == NULL) {
		kt_tr_full(t);
		return;
	}
	t->report->custom_tools = names;
	t->report->ncustom_tools = 0;
	kt_json_named_array(t->w, "tools");
	for (uint32_t n = kt_json_first(t->json, s->tools); n != 0;
	     n = kt_json_next(t->json, n))
		put_one(t, s, n, names);
	for (uint32_t n = kt_json_first(t->json, s->functions); n != 0;
	     n = kt_json_next(t->json, n)) {
		kt_tr_approximated(t, "functions");
		put_function(t, n, n, &s->nstrict);
	}
	if (s->search != 0)
		put_search(t, s->search);
	kt_json_end_array(t->w);
}

/* ---- tool_choice ---- */

static struct kt_span
named(struct kt_tr *t, uint32_t choice)
{
	uint32_t f = kt_tr_get(t, choice, tool_kind(t, choice));

	if (f == 0) /* function_call, and what some clients send */
		f = choice;
	return kt_tr_string(t, kt_tr_get(t, f, "name"));
}

static const char *
choice_type(struct kt_tr *t, uint32_t choice)
{
	uint32_t mode = choice;

	if (kt_tr_is(t, kt_tr_get(t, choice, "type"), "allowed_tools"))
		mode = kt_tr_get(
		    t, kt_tr_get(t, choice, "allowed_tools"), "mode");
	if (mode == 0 || kt_tr_is(t, mode, "auto"))
		return "auto";
	if (kt_tr_is(t, mode, "required"))
		return "any";
	if (kt_tr_is(t, mode, "none"))
		return "none";
	if (named(t, choice).len == 0)
		kt_tr_refuse(t, "tool_choice: is not known");
	return "tool";
}

static void
put_choice(struct kt_tr *t, const struct tools *s)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t choice = kt_tr_get(t, root, "tool_choice");
	bool is_parallel = true;
	const char *type;

	if (choice == 0 && s->functions != 0)
		choice = kt_tr_get(t, root, "function_call");
	(void)kt_json_bool(t->json, kt_tr_get(t, root, "parallel_tool_calls"),
	    &is_parallel);
	if (t->report->has_functions)
		is_parallel = false; /* they come one at a time */
	if (choice == 0 && is_parallel)
		return;
	kt_tr_tell_rest(t, choice, "tool_choice",
	    "type name function custom allowed_tools");
	type = choice_type(t, choice);
	kt_json_named_object(t->w, "tool_choice");
	kt_tr_put(t, "type", type);
	if (strcmp(type, "tool") == 0)
		kt_tr_put_raw(t, "name", named(t, choice));
	if (!is_parallel && strcmp(type, "none") != 0)
		kt_json_named_bool(t->w, "disable_parallel_tool_use", true);
	kt_json_end_object(t->w);
}

void
kt_tr_tools_to_anthropic(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t choice = kt_tr_get(t, root, "tool_choice");
	struct tools s = {
		.tools = kt_tr_get(t, root, "tools"),
		.functions = kt_tr_get(t, root, "functions"),
		.search = kt_tr_get(t, root, "web_search_options"),
	};

	if (kt_tr_is(t, kt_tr_get(t, choice, "type"), "allowed_tools"))
		s.allowed = kt_tr_get(
		    t, kt_tr_get(t, choice, "allowed_tools"), "tools");
	if (!has_any(t, &s)) {
		/* A choice among nothing says nothing. */
		if (!kt_tr_is_empty(t, s.tools))
			kt_tr_dropped(t, "tool_choice.allowed_tools");
		return;
	}
	t->report->has_functions = kt_tr_is_empty(t, s.tools) &&
	    !kt_tr_is_empty(t, s.functions);
	put_tools(t, &s);
	put_choice(t, &s);
}
