/*
 * translate_request_anthropic - what an OpenAI client asks, for Anthropic.
 * One table says of each member whether it has a place; a member no row
 * knows is dropped and named like those that are known to have none.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* What a member without equivalent may say without being a loss. */
enum neutral { NEVER, IS_FALSE, IS_ZERO, IS_EMPTY, IS_MEDIUM, IS_ONE, TAKEN };

static const struct {
	struct kt_span name;
	enum neutral neutral; /* TAKEN: translated elsewhere */
} fields[] = {
	{ KT_SPAN_INIT("model"), TAKEN },
	{ KT_SPAN_INIT("messages"), TAKEN },
	{ KT_SPAN_INIT("max_completion_tokens"), TAKEN },
	{ KT_SPAN_INIT("max_tokens"), TAKEN },
	{ KT_SPAN_INIT("temperature"), TAKEN },
	{ KT_SPAN_INIT("top_p"), TAKEN },
	{ KT_SPAN_INIT("stop"), TAKEN },
	{ KT_SPAN_INIT("stream"), TAKEN },
	{ KT_SPAN_INIT("stream_options"), TAKEN },
	{ KT_SPAN_INIT("tools"), TAKEN },
	{ KT_SPAN_INIT("tool_choice"), TAKEN },
	{ KT_SPAN_INIT("functions"), TAKEN },
	{ KT_SPAN_INIT("function_call"), TAKEN },
	{ KT_SPAN_INIT("parallel_tool_calls"), TAKEN },
	{ KT_SPAN_INIT("response_format"), TAKEN },
	{ KT_SPAN_INIT("reasoning_effort"), TAKEN },
	{ KT_SPAN_INIT("user"), TAKEN },
	{ KT_SPAN_INIT("safety_identifier"), TAKEN },
	{ KT_SPAN_INIT("service_tier"), TAKEN },
	{ KT_SPAN_INIT("thinking"), TAKEN },
	{ KT_SPAN_INIT("cache_control"), TAKEN },
	{ KT_SPAN_INIT("modalities"), TAKEN },
	{ KT_SPAN_INIT("audio"), TAKEN },
	{ KT_SPAN_INIT("web_search_options"), TAKEN },
	{ KT_SPAN_INIT("n"), IS_ONE },
	{ KT_SPAN_INIT("logprobs"), IS_FALSE },
	{ KT_SPAN_INIT("store"), IS_FALSE },
	{ KT_SPAN_INIT("presence_penalty"), IS_ZERO },
	{ KT_SPAN_INIT("frequency_penalty"), IS_ZERO },
	{ KT_SPAN_INIT("logit_bias"), IS_EMPTY },
	{ KT_SPAN_INIT("metadata"), IS_EMPTY },
	{ KT_SPAN_INIT("verbosity"), IS_MEDIUM },
};

static bool
is_neutral(struct kt_tr *t, uint32_t v, enum neutral neutral)
{
	struct kt_span raw = kt_json_raw(t->json, t->text, v);

	switch (neutral) {
	case TAKEN:
		return true;
	case IS_FALSE:
		return kt_tr_has_type(t, v, KT_JSON_FALSE);
	case IS_ZERO:
		return kt_span_eq(raw, KT_SPAN("0")) ||
		    kt_span_eq(raw, KT_SPAN("0.0"));
	case IS_ONE:
		return kt_span_eq(raw, KT_SPAN("1"));
	case IS_EMPTY:
		return kt_tr_is_empty(t, v);
	case IS_MEDIUM:
		return kt_tr_is(t, v, "medium");
	case NEVER:
		break;
	}
	return false;
}

static void
tell_losses(struct kt_tr *t)
{
	kt_tr_tell_rest(t,
	    kt_tr_get(t, kt_json_root(t->json), "stream_options"),
	    "stream_options", "include_usage");
	for (uint32_t m = kt_json_first(t->json, kt_json_root(t->json)); m != 0;
	     m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);
		enum neutral neutral = NEVER;

		for (size_t i = 0; i < KT_NELEMS(fields); i++)
			if (kt_json_is(t->json, t->text, m, fields[i].name))
				neutral = fields[i].neutral;
		if (!kt_tr_has_type(t, v, KT_JSON_NULL) &&
		    !is_neutral(t, v, neutral))
			kt_tr_dropped_name(t, "", kt_tr_string(t, m));
	}
}

/* What no dropping could make right. */
static void
refuse_impossible(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t n = kt_tr_get(t, root, "n");
	uint32_t list = kt_tr_get(t, root, "modalities");

	if (n != 0 && !is_neutral(t, n, IS_ONE))
		kt_tr_refuse(t, "n: must be 1");
	if (kt_tr_get(t, root, "audio") != 0)
		kt_tr_refuse(t, "audio: has no equivalent");
	for (uint32_t at = kt_json_first(t->json, list); at != 0;
	     at = kt_json_next(t->json, at))
		if (!kt_tr_is(t, at, "text"))
			kt_tr_refuse(t, "modalities: only text is possible");
}

static uint64_t
put_max_tokens(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	const char *field = "max_completion_tokens";
	uint32_t n = kt_tr_get(t, root, field);
	uint64_t max = t->o->max_tokens;

	if (n == 0) {
		field = "max_tokens";
		n = kt_tr_get(t, root, field);
	}
	if (n == 0)
		max = max != 0 ? max : t->model->max_output;
	else if (!kt_json_u64(t->json, t->text, n, &max) || max == 0)
		kt_tr_refuse(t, "%s: must be a whole number above 0", field);
	kt_json_named_u64(t->w, "max_tokens", max);
	return max;
}

static bool
is_blank(struct kt_tr *t, uint32_t n)
{
	struct kt_span s;

	if (kt_json_unescape(kt_tr_string(t, n), t->mem, &s, NULL) < 0) {
		kt_tr_full(t);
		return true;
	}
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\0' || strchr(" \t\r\n\v\f", s.ptr[i]) == NULL)
			return false;
	return true;
}

static void
put_stop_one(struct kt_tr *t, uint32_t n, bool *is_open)
{
	if (!kt_tr_has_type(t, n, KT_JSON_STRING)) {
		kt_tr_refuse(t, "stop: must be a string or an array of them");
		return;
	}
	if (is_blank(t, n)) {
		kt_tr_approximated(t, "stop");
		return;
	}
	if (!*is_open) {
		kt_json_named_array(t->w, "stop_sequences");
		*is_open = true;
	}
	kt_tr_put_raw(t, NULL, kt_tr_string(t, n));
}

static void
put_stop(struct kt_tr *t)
{
	uint32_t stop = kt_tr_get(t, kt_json_root(t->json), "stop");
	bool is_open = false;

	if (stop == 0)
		return;
	if (!kt_tr_has_type(t, stop, KT_JSON_ARRAY))
		put_stop_one(t, stop, &is_open);
	else
		for (uint32_t n = kt_json_first(t->json, stop); n != 0;
		     n = kt_json_next(t->json, n))
			put_stop_one(t, n, &is_open);
	if (is_open)
		kt_json_end_array(t->w);
}

static void
put_user(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t user = kt_tr_get(t, root, "user");
	uint32_t id = kt_tr_get(t, root, "safety_identifier");

	if (user == 0 && id == 0)
		return;
	if (user != 0 && id != 0 &&
	    !kt_json_text_eq(kt_tr_string(t, user), kt_tr_string(t, id)))
		kt_tr_dropped(t, "user");
	kt_json_named_object(t->w, "metadata");
	kt_tr_copy_string(t, "user_id", id != 0 ? id : user,
	    id != 0 ? "safety_identifier" : "user");
	kt_json_end_object(t->w);
}

static void
put_tier(struct kt_tr *t)
{
	uint32_t tier = kt_tr_get(t, kt_json_root(t->json), "service_tier");

	if (tier == 0)
		return;
	if (kt_tr_is(t, tier, "auto"))
		kt_tr_put(t, "service_tier", "auto");
	else if (kt_tr_is(t, tier, "default"))
		kt_tr_put(t, "service_tier", "standard_only");
	else
		kt_tr_dropped(t, "service_tier");
}

/* The format of the answer is told after the effort, in one object. */
static void
put_format(struct kt_tr *t, uint32_t format)
{
	uint32_t schema = kt_tr_get(
	    t, kt_tr_get(t, format, "json_schema"), "schema");

	if (!kt_tr_has_type(t, schema, KT_JSON_OBJECT)) {
		kt_tr_refuse(t, "response_format.json_schema.schema: "
				"must be an object");
		return;
	}
	kt_tr_approximated(t, "response_format");
	kt_json_named_object(t->w, "format");
	kt_tr_put(t, "type", "json_schema");
	(void)kt_tr_put_closed_schema(t, schema); /* reported already */
	kt_json_end_object(t->w);
}

static bool
is_thinking(struct kt_tr *t)
{
	uint32_t type = kt_tr_get(t,
	    kt_tr_get(t, kt_json_root(t->json), "thinking"), "type");

	return type != 0 && !kt_tr_is(t, type, "disabled");
}

/* Budgets of models that have no word for effort. */
static uint64_t
budget(struct kt_tr *t, uint32_t effort, uint64_t max_tokens)
{
	uint64_t b = 4096;

	if (kt_tr_is(t, effort, "minimal"))
		b = 1024;
	else if (kt_tr_is(t, effort, "low"))
		b = 2048;
	else if (kt_tr_is(t, effort, "high"))
		b = 16384;
	else if (kt_tr_is(t, effort, "xhigh") || kt_tr_is(t, effort, "max"))
		b = 32000;
	return b < max_tokens ? b : max_tokens - 1;
}

/* Manual thinking goes with no forced tool. */
static bool
forces_tool(struct kt_tr *t)
{
	uint32_t choice = kt_tr_get(t, kt_json_root(t->json), "tool_choice");

	return choice != 0 && !kt_tr_is(t, choice, "auto") &&
	    !kt_tr_is(t, choice, "none");
}

static bool
has_calls(struct kt_tr *t, uint32_t m)
{
	return !kt_tr_is_empty(t, kt_tr_get(t, m, "tool_calls")) ||
	    kt_tr_get(t, m, "function_call") != 0;
}

/*
 * Manual thinking goes with no turn that is to be continued: it would have
 * to begin with its thinking, which an OpenAI history does not hold.
 */
static bool
continues_turn(struct kt_tr *t)
{
	uint32_t last = 0;
	bool continues = false;

	for (uint32_t m = kt_json_first(t->json,
		 kt_tr_get(t, kt_json_root(t->json), "messages"));
	     m != 0; m = kt_json_next(t->json, m)) {
		uint32_t role = kt_tr_get(t, m, "role");

		if (kt_tr_is(t, role, "user")) {
			continues = has_calls(t, last);
		} else if (kt_tr_is(t, role, "assistant") &&
		    (has_calls(t, m) ||
			!kt_tr_is_empty(t, kt_tr_get(t, m, "content")))) {
			continues = true;
			last = m;
		}
	}
	return continues;
}

static bool
put_manual(struct kt_tr *t, uint32_t effort, uint64_t max_tokens)
{
	uint64_t b;

	if (max_tokens <= 1024 || forces_tool(t) || continues_turn(t)) {
		kt_tr_dropped(t, "reasoning_effort");
		return false;
	}
	b = budget(t, effort, max_tokens);
	kt_tr_approximated(t, "reasoning_effort");
	kt_json_named_object(t->w, "thinking");
	kt_tr_put(t, "type", "enabled");
	kt_json_named_u64(t->w, "budget_tokens", b);
	kt_json_end_object(t->w);
	return true;
}

/* NULL when the word is not one of them. */
static const char *
effort_word(struct kt_tr *t, uint32_t effort)
{
	static const struct {
		const char *word, *on_high, *on_highmax;
	} words[] = {
		{ "low", "low", "low" },
		{ "medium", "medium", "medium" },
		{ "high", "high", "high" },
		{ "xhigh", "high", "high" },
		{ "max", "high", "max" },
	};

	if (kt_tr_is(t, effort, "minimal"))
		return "low";
	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		const char *said = words[i].word;

		if (!kt_tr_is(t, effort, said))
			continue;
		if (t->model->effort == KT_EFFORT_HIGH)
			said = words[i].on_high;
		else if (t->model->effort == KT_EFFORT_HIGHMAX)
			said = words[i].on_highmax;
		if (said != words[i].word)
			kt_tr_approximated(t, "reasoning_effort");
		return said;
	}
	return NULL;
}

static void
put_no_thinking(struct kt_tr *t)
{
	if (t->model->thinking == KT_THINKING_NONE)
		return; /* there is none to switch off */
	kt_tr_approximated(t, "reasoning_effort");
	if (!(t->model->flags & KT_MODEL_OFF))
		return;
	kt_json_named_object(t->w, "thinking");
	kt_tr_put(t, "type", "disabled");
	kt_json_end_object(t->w);
}

/* thinking, and the word for output_config; true when the model thinks. */
static bool
put_thinking(struct kt_tr *t, uint64_t max_tokens, const char **word)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t effort = kt_tr_get(t, root, "reasoning_effort");
	uint32_t thinking = kt_tr_get(t, root, "thinking");

	*word = NULL;
	kt_tr_copy(t, "thinking", thinking);
	if (effort == 0)
		return is_thinking(t);
	if (kt_tr_is(t, effort, "none")) {
		if (thinking == 0)
			put_no_thinking(t);
		else if (is_thinking(t))
			kt_tr_dropped(t, "reasoning_effort");
		return is_thinking(t);
	}
	if (t->model->effort != KT_EFFORT_NONE) {
		*word = effort_word(t, effort);
		if (*word == NULL)
			kt_tr_refuse(t, "reasoning_effort: is not known");
	} else if (t->model->thinking == KT_THINKING_MANUAL && thinking == 0) {
		return put_manual(t, effort, max_tokens);
	} else {
		kt_tr_dropped(t, "reasoning_effort");
	}
	return is_thinking(t);
}

static void
put_output_config(struct kt_tr *t, const char *effort)
{
	uint32_t format = kt_tr_get(
	    t, kt_json_root(t->json), "response_format");
	bool has_schema = kt_tr_is(
	    t, kt_tr_get(t, format, "type"), "json_schema");

	if (effort == NULL && !has_schema)
		return;
	kt_json_named_object(t->w, "output_config");
	if (effort != NULL)
		kt_tr_put(t, "effort", effort);
	if (has_schema)
		put_format(t, format);
	kt_json_end_object(t->w);
}

/* A number of the client's, for a comparison only. */
static double
number(struct kt_tr *t, uint32_t n)
{
	char copy[64];
	struct kt_span raw = kt_json_raw(t->json, t->text, n);

	if (!kt_tr_has_type(t, n, KT_JSON_NUMBER) || raw.len >= sizeof(copy))
		return 2;
	memcpy(copy, raw.ptr, raw.len);
	copy[raw.len] = '\0';
	return strtod(copy, NULL);
}

static bool
accepts_sampling(struct kt_tr *t, bool is_thinking)
{
	struct kt_span version = t->o->api_version;

	return !is_thinking && t->model->sampling != KT_SAMPLING_NONE &&
	    (version.len == 0 || kt_span_eq(version, KT_SPAN("2023-06-01")));
}

/* 1 is the default of both: to leave it out says the same. */
static void
put_sampling(struct kt_tr *t, bool is_thinking)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t temperature = kt_tr_get(t, root, "temperature");
	uint32_t top_p = kt_tr_get(t, root, "top_p");
	bool accepts = accepts_sampling(t, is_thinking);
	bool is_one = t->model->sampling == KT_SAMPLING_ONE;
	bool has_both = temperature != 0 && number(t, temperature) != 1;

	if (temperature != 0 && accepts && number(t, temperature) > 1) {
		kt_tr_approximated(t, "temperature");
		kt_json_named_u64(t->w, "temperature", 1);
	} else if (accepts && (has_both || !is_one || top_p == 0)) {
		kt_tr_copy(t, "temperature", temperature);
	} else if (temperature != 0 && number(t, temperature) != 1) {
		kt_tr_dropped(t, "temperature");
	}
	if (top_p == 0 || number(t, top_p) == 1)
		return;
	if (!accepts || (has_both && is_one))
		kt_tr_dropped(t, "top_p");
	else
		kt_tr_copy(t, "top_p", top_p);
}

/* Without a schema there is no mode for it: one sentence, reported. */
static struct kt_span
last_system(struct kt_tr *t)
{
	uint32_t type = kt_tr_get(t, kt_tr_get(t, kt_json_root(t->json),
	    "response_format"), "type");

	if (type == 0 || kt_tr_is(t, type, "text") ||
	    kt_tr_is(t, type, "json_schema"))
		return (struct kt_span){ 0 };
	if (!kt_tr_is(t, type, "json_object")) {
		kt_tr_refuse(t, "response_format.type: is not known");
		return (struct kt_span){ 0 };
	}
	kt_tr_approximated(t, "response_format");
	return KT_SPAN("Answer with one valid JSON object and nothing else.");
}

void
kt_tr_request_to_anthropic(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	const char *effort;
	uint64_t max_tokens;
	bool thinks;

	refuse_impossible(t);
	tell_losses(t);
	kt_json_begin_object(t->w);
	kt_tr_put_model(t);
	max_tokens = put_max_tokens(t);
	kt_tr_messages_to_anthropic(
	    t, kt_tr_get(t, root, "messages"), last_system(t));
	kt_tr_tools_to_anthropic(t);
	put_stop(t);
	thinks = put_thinking(t, max_tokens, &effort);
	put_output_config(t, effort);
	put_sampling(t, thinks);
	put_user(t);
	put_tier(t);
	kt_tr_copy(t, "cache_control", kt_tr_get(t, root, "cache_control"));
	kt_tr_copy(t, "stream", kt_tr_get(t, root, "stream"));
	kt_json_end_object(t->w);
}
