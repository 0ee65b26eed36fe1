/*
 * translate_messages_anthropic - OpenAI messages as system and turns.
 * System messages are placed before anything is written, because those that
 * may not stand among the turns go in front of them: the list is walked
 * twice by the same step, instead of being kept in an array of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

enum role { NO_ROLE = 0, SYSTEM, USER, ASSISTANT, RESULT };

/* Comparisons of ids out of order before a check is left to the vendor. */
#define ID_COMPARES_MAX 65536

static enum role
role_of(struct kt_tr *t, uint32_t m)
{
	static const struct {
		const char *name;
		enum role role;
	} roles[] = {
		{ "system", SYSTEM },
		{ "developer", SYSTEM },
		{ "user", USER },
		{ "assistant", ASSISTANT },
		{ "tool", RESULT },
		{ "function", RESULT },
	};
	uint32_t role = kt_tr_get(t, m, "role");

	for (size_t i = 0; i < KT_NELEMS(roles); i++)
		if (kt_tr_is(t, role, roles[i].name))
			return roles[i].role;
	kt_tr_refuse(t, "messages.role: is not known");
	return NO_ROLE;
}

/* Nothing in it that could be a block. */
static bool
has_no_content(struct kt_tr *t, uint32_t m)
{
	uint32_t content = kt_tr_get(t, m, "content");

	if (!kt_tr_has_type(t, content, KT_JSON_ARRAY))
		return kt_tr_is_empty(t, content);
	for (uint32_t p = kt_json_first(t->json, content); p != 0;
	     p = kt_json_next(t->json, p))
		if (!kt_tr_is(t, kt_tr_get(t, p, "type"), "text") ||
		    !kt_tr_is_empty(t, kt_tr_get(t, p, "text")))
			return false;
	return true;
}

/* Anthropic refuses empty turns. */
static bool
is_empty(struct kt_tr *t, uint32_t m, enum role role)
{
	if (role == RESULT ||
	    (role == ASSISTANT &&
		(!kt_tr_is_empty(t, kt_tr_get(t, m, "tool_calls")) ||
		    !kt_tr_is_empty(t, kt_tr_get(t, m, "refusal")) ||
		    kt_tr_get(t, m, "function_call") != 0 ||
		    kt_tr_get(t, m, "audio") != 0)))
		return false;
	return has_no_content(t, m);
}

/* ---- one step of the walk ---- */

struct step {
	uint32_t message, behind; /* [message, behind): a run of systems */
	enum role role, before;   /* before: the last turn written */
	bool is_first;            /* a system in front of all turns */
	bool is_in_place;         /* a system that may stand where it is */
};

static uint32_t
skip_empty(struct kt_tr *t, uint32_t m)
{
	while (m != 0 && is_empty(t, m, role_of(t, m)))
		m = kt_json_next(t->json, m);
	return m;
}

/* False at the end.  Starts with behind = the first message. */
static bool
step(struct kt_tr *t, struct step *s)
{
	if (s->role != NO_ROLE && s->role != SYSTEM)
		s->before = s->role;
	s->message = skip_empty(t, s->behind);
	if (s->message == 0 || t->rc < 0)
		return false;
	s->role = role_of(t, s->message);
	s->behind = kt_json_next(t->json, s->message);
	if (s->role != SYSTEM)
		return t->rc == KT_OK;
	s->behind = skip_empty(t, s->behind);
	while (s->behind != 0 && role_of(t, s->behind) == SYSTEM)
		s->behind = skip_empty(t, kt_json_next(t->json, s->behind));
	s->is_first = s->before == NO_ROLE;
	s->is_in_place = !s->is_first &&
	    (t->model->flags & KT_MODEL_SYSTEM) &&
	    (s->before == USER || s->before == RESULT) &&
	    (s->behind == 0 || role_of(t, s->behind) == ASSISTANT);
	return true;
}

static void
begin_turn(struct kt_tr *t, const char *role)
{
	kt_json_begin_object(t->w);
	kt_tr_put(t, "role", role);
}

/* ---- calls and results ---- */

/* The deprecated call has no id: its number in the list is one, and the
 * same on every later turn. */
static void
put_function_id(struct kt_tr *t, const char *name, unsigned nth)
{
	struct kt_span id = kt_arena_printf(t->mem, "call_kt_%u", nth);

	if (id.ptr == NULL)
		kt_tr_full(t);
	else
		kt_tr_put_raw(t, name, id);
}

static void
put_call(struct kt_tr *t, uint32_t call)
{
	uint32_t custom = kt_tr_get(t, call, "custom");
	uint32_t f = kt_tr_get(t, call, "function");
	uint32_t id = kt_tr_get(t, call, "id");

	if (!kt_tr_has_type(t, id, KT_JSON_STRING) || kt_tr_is_empty(t, id)) {
		kt_tr_refuse(t, "messages.tool_calls.id: is required");
		return;
	}
	kt_tr_tell_rest(t, call, "messages.tool_calls",
	    "id index type function custom");
	kt_tr_tell_rest(
	    t, f, "messages.tool_calls.function", "name arguments");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "tool_use");
	kt_tr_call_id_out(t, "id", kt_tr_string(t, id));
	kt_tr_copy_string(t, "name",
	    kt_tr_get(t, custom != 0 ? custom : f, "name"),
	    "messages.tool_calls.name");
	if (custom != 0) {
		kt_json_named_object(t->w, "input");
		kt_tr_put_raw(t, "input",
		    kt_tr_string(t, kt_tr_get(t, custom, "input")));
		kt_json_end_object(t->w);
	} else {
		kt_tr_put_input(t,
		    kt_tr_string(t, kt_tr_get(t, f, "arguments")),
		    "messages.tool_calls.arguments");
	}
	kt_json_end_object(t->w);
}

static void
put_function_call(struct kt_tr *t, uint32_t f, unsigned nth)
{
	kt_tr_approximated(t, "messages.function_call");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "tool_use");
	put_function_id(t, "id", nth);
	kt_tr_copy_string(
	    t, "name", kt_tr_get(t, f, "name"), "messages.function_call.name");
	kt_tr_put_input(t, kt_tr_string(t, kt_tr_get(t, f, "arguments")),
	    "messages.function_call.arguments");
	kt_json_end_object(t->w);
}

static void
put_assistant(struct kt_tr *t, uint32_t m, unsigned nth)
{
	uint32_t refusal = kt_tr_get(t, m, "refusal");
	uint32_t calls = kt_tr_get(t, m, "tool_calls");
	uint32_t f = kt_tr_get(t, m, "function_call");

	if (kt_tr_get(t, m, "audio") != 0)
		kt_tr_refuse(t, "messages.audio: has no equivalent");
	begin_turn(t, "assistant");
	if (kt_tr_is_empty(t, refusal) && kt_tr_is_empty(t, calls) && f == 0) {
		kt_tr_put_content(t, m);
		kt_json_end_object(t->w);
		return;
	}
	kt_json_named_array(t->w, "content");
	kt_tr_put_parts(t, m);
	if (!kt_tr_is_empty(t, refusal)) {
		kt_tr_approximated(t, "messages.refusal");
		kt_tr_put_text(t, refusal, 0, 0);
	}
	for (uint32_t c = kt_json_first(t->json, calls); c != 0;
	     c = kt_json_next(t->json, c))
		put_call(t, c);
	if (f != 0)
		put_function_call(t, f, nth);
	kt_json_end_array(t->w);
	kt_json_end_object(t->w);
}

static void
put_result(struct kt_tr *t, uint32_t m, unsigned nth)
{
	uint32_t id = kt_tr_get(t, m, "tool_call_id");
	bool is_function = kt_tr_is(t, kt_tr_get(t, m, "role"), "function");

	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "tool_result");
	if (is_function)
		put_function_id(t, "tool_use_id", nth);
	else if (!kt_tr_has_type(t, id, KT_JSON_STRING))
		kt_tr_refuse(t, "messages.tool_call_id: is required");
	else
		kt_tr_call_id_out(t, "tool_use_id", kt_tr_string(t, id));
	if (!has_no_content(t, m))
		kt_tr_put_content(t, m);
	kt_json_end_object(t->w);
}

/* The first result in [from, end) that answers id; 0: none before end or
 * before another turn begins. */
static uint32_t
find_result(struct kt_tr *t, uint32_t from, uint32_t end, struct kt_span id,
    unsigned *compares)
{
	for (uint32_t m = from; m != 0 && m != end;
	     m = kt_json_next(t->json, m)) {
		enum role role = role_of(t, m);

		if (role == SYSTEM)
			continue;
		if (role != RESULT || ++*compares > ID_COMPARES_MAX)
			return 0;
		if (kt_json_text_eq(id, kt_tr_string(t,
			kt_tr_get(t, m, "tool_call_id"))))
			return m;
	}
	return 0;
}

/* Upstream would refuse without a name: results mostly come in order. */
static void
check_results(struct kt_tr *t, uint32_t m)
{
	uint32_t first = kt_json_next(t->json, m), at = first;
	unsigned compares = 0;

	for (uint32_t c = kt_json_first(t->json,
		 kt_tr_get(t, m, "tool_calls"));
	     c != 0 && t->rc == KT_OK; c = kt_json_next(t->json, c)) {
		struct kt_span id = kt_tr_string(t, kt_tr_get(t, c, "id"));
		uint32_t hit = find_result(t, at, 0, id, &compares);

		if (hit == 0)
			hit = find_result(t, first, at, id, &compares);
		if (compares > ID_COMPARES_MAX)
			return;
		if (hit == 0)
			kt_tr_refuse(t, "messages.tool_calls: no message with "
					"tool_call_id \"%.*s\"",
			    (int)(id.len < 64 ? id.len : 64), id.ptr);
		at = hit != 0 ? kt_json_next(t->json, hit) : at;
	}
}

/* ---- the list ---- */

static void
put_system(struct kt_tr *t, uint32_t messages, struct kt_span last)
{
	struct step s = { .behind = kt_json_first(t->json, messages) };
	bool is_open = false;

	while (step(t, &s)) {
		if (s.role != SYSTEM || s.is_in_place)
			continue;
		if (!s.is_first)
			kt_tr_approximated(t, "messages.system");
		if (!is_open) {
			kt_json_named_array(t->w, "system");
			is_open = true;
		}
		for (uint32_t m = s.message; m != s.behind;
		     m = kt_json_next(t->json, m))
			kt_tr_put_parts(t, m);
	}
	if (!is_open && last.len > 0) {
		kt_json_named_array(t->w, "system");
		is_open = true;
	}
	if (last.len > 0)
		kt_tr_text_block(t, last);
	if (is_open)
		kt_tr_end_parts(t);
}

static void
tell_losses(struct kt_tr *t, uint32_t m)
{
	kt_tr_tell_rest(t, m, "messages",
	    "role name content refusal audio tool_calls tool_call_id "
	    "function_call cache_control prompt_cache_breakpoint");
	if (kt_tr_get(t, m, "name") == 0)
		return;
	if (kt_tr_is(t, kt_tr_get(t, m, "role"), "function"))
		kt_tr_approximated(t, "messages.function");
	else
		kt_tr_dropped(t, "messages.name");
}

/* A run of results is one turn; what the user says next belongs to it. */
struct turns {
	bool is_open;
	unsigned nfunctions; /* deprecated calls so far */
};

static void
close_turn(struct kt_tr *t, struct turns *s)
{
	if (s->is_open) {
		kt_tr_end_parts(t);
		kt_json_end_object(t->w);
	}
	s->is_open = false;
}

static void
open_turn(struct kt_tr *t, struct turns *s, const char *role)
{
	if (s->is_open)
		return;
	begin_turn(t, role);
	kt_json_named_array(t->w, "content");
	s->is_open = true;
}

static void
put_turn(struct kt_tr *t, struct turns *turns, const struct step *s)
{
	uint32_t m = s->message;

	switch (s->role) {
	case RESULT:
		open_turn(t, turns, "user");
		put_result(t, m, turns->nfunctions);
		break;
	case USER:
		if (turns->is_open) {
			kt_tr_put_parts(t, m);
			close_turn(t, turns);
			break;
		}
		begin_turn(t, "user");
		kt_tr_put_content(t, m);
		kt_json_end_object(t->w);
		break;
	case ASSISTANT:
		close_turn(t, turns);
		check_results(t, m);
		if (kt_tr_get(t, m, "function_call") != 0)
			turns->nfunctions++;
		put_assistant(t, m, turns->nfunctions);
		break;
	case SYSTEM:
		if (!s->is_in_place)
			break;
		close_turn(t, turns);
		open_turn(t, turns, "system");
		for (; m != s->behind; m = kt_json_next(t->json, m))
			kt_tr_put_parts(t, m);
		close_turn(t, turns);
		break;
	case NO_ROLE:
		break;
	}
}

void
kt_tr_messages_to_anthropic(
    struct kt_tr *t, uint32_t messages, struct kt_span last_system)
{
	struct step s = { .behind = kt_json_first(t->json, messages) };
	struct turns turns = { 0 };

	if (!kt_tr_has_type(t, messages, KT_JSON_ARRAY)) {
		kt_tr_refuse(t, "messages: must be an array");
		return;
	}
	put_system(t, messages, last_system);
	kt_json_named_array(t->w, "messages");
	while (step(t, &s)) {
		for (uint32_t m = s.message; m != s.behind;
		     m = kt_json_next(t->json, m))
			tell_losses(t, m);
		put_turn(t, &turns, &s);
	}
	close_turn(t, &turns);
	kt_json_end_array(t->w);
}
