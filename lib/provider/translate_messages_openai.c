/*
 * translate_messages_openai - Anthropic turns as OpenAI messages.  A turn of
 * results becomes one message per result; what OpenAI cannot hold in a
 * result (pictures, documents) follows in the user's message behind them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* The blocks of turns that follow one another in one role. */
struct turn {
	uint32_t *blocks;
	size_t n;
};

static uint32_t
type_of(struct kt_tr *t, uint32_t block)
{
	return kt_tr_get(t, block, "type");
}

static bool
is_type(struct kt_tr *t, uint32_t block, const char *type)
{
	return kt_tr_is(t, type_of(t, block), type);
}

/* What a block says beside its own members; a mark no part can carry. */
static void
tell_rest(struct kt_tr *t, uint32_t block, const char *type, const char *known)
{
	if (kt_tr_get(t, block, "cache_control") != 0)
		kt_tr_approximated(t, "cache_control");
	kt_tr_tell_rest(t, block, type, known);
}

static void
drop_block(struct kt_tr *t, uint32_t block)
{
	uint32_t type = type_of(t, block);

	if (!kt_tr_has_type(t, type, KT_JSON_STRING))
		kt_tr_refuse(t, "messages.content.type: is required");
	else
		kt_tr_dropped_name(t, "messages", kt_tr_string(t, type));
}

/* ---- blocks as parts of an array that is open ---- */

static void
put_text_of(struct kt_tr *t, uint32_t value, const char *field)
{
	if (value == 0)
		return;
	if (!kt_tr_has_type(t, value, KT_JSON_STRING))
		kt_tr_refuse(t, "%s: must be a string", field);
	else if (!kt_tr_is_empty(t, value))
		kt_tr_text_block(t, kt_tr_string(t, value));
}

static void
tell_citations(struct kt_tr *t, uint32_t block)
{
	tell_rest(t, block, "text", "type text citations cache_control");
	if (!kt_tr_is_empty(t, kt_tr_get(t, block, "citations")))
		kt_tr_dropped(t, "citations");
}

static void
put_text(struct kt_tr *t, uint32_t block)
{
	tell_citations(t, block);
	put_text_of(t, kt_tr_get(t, block, "text"), "messages.content.text");
}

static void
put_data_url(struct kt_tr *t, const char *name, uint32_t source)
{
	uint32_t type = kt_tr_get(t, source, "media_type");
	uint32_t body = kt_tr_get(t, source, "data");
	struct kt_span url[] = {
		KT_SPAN("data:"),
		kt_tr_string(t, type),
		KT_SPAN(";base64,"),
		kt_tr_string(t, body),
	};

	if (!kt_tr_has_type(t, type, KT_JSON_STRING) ||
	    !kt_tr_has_type(t, body, KT_JSON_STRING))
		kt_tr_refuse(t, "source: needs media_type and data");
	kt_tr_put_raws(t, name, url, KT_NELEMS(url));
}

static void
put_image(struct kt_tr *t, uint32_t block)
{
	uint32_t source = kt_tr_get(t, block, "source");

	tell_rest(t, block, "image", "type source cache_control");
	kt_tr_tell_rest(t, source, "image.source", "type media_type data url");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "image_url");
	kt_json_named_object(t->w, "image_url");
	if (is_type(t, source, "base64"))
		put_data_url(t, "url", source);
	else if (is_type(t, source, "url"))
		kt_tr_copy_string(t, "url", kt_tr_get(t, source, "url"),
		    "image.source.url");
	else
		kt_tr_refuse(t, "image.source: has no equivalent");
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

static void
put_pdf(struct kt_tr *t, uint32_t block, uint32_t source)
{
	uint32_t title = kt_tr_get(t, block, "title");

	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "file");
	kt_json_named_object(t->w, "file");
	if (title != 0)
		kt_tr_copy_string(t, "filename", title, "document.title");
	else
		kt_tr_put(t, "filename", "document.pdf");
	put_data_url(t, "file_data", source);
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

static void
put_inline(struct kt_tr *t, uint32_t content)
{
	if (!kt_tr_has_type(t, content, KT_JSON_ARRAY)) {
		put_text_of(t, content, "document.source.content");
		return;
	}
	for (uint32_t b = kt_json_first(t->json, content); b != 0;
	     b = kt_json_next(t->json, b)) {
		if (is_type(t, b, "text"))
			put_text(t, b);
		else if (is_type(t, b, "image"))
			put_image(t, b);
		else
			drop_block(t, b);
	}
}

static void
put_document(struct kt_tr *t, uint32_t block)
{
	uint32_t source = kt_tr_get(t, block, "source");
	uint32_t citations = kt_tr_get(t, block, "citations");

	tell_rest(t, block, "document",
	    "type source title context citations cache_control");
	kt_tr_tell_rest(
	    t, source, "document.source", "type media_type data content");
	if (kt_tr_has_type(
		t, kt_tr_get(t, citations, "enabled"), KT_JSON_TRUE))
		kt_tr_approximated(t, "document.citations");
	if (is_type(t, source, "base64")) {
		put_pdf(t, block, source);
		put_text_of(
		    t, kt_tr_get(t, block, "context"), "document.context");
		return;
	}
	if (!is_type(t, source, "text") && !is_type(t, source, "content")) {
		kt_tr_refuse(t, "document.source: has no equivalent");
		return;
	}
	kt_tr_approximated(t, "document");
	put_text_of(t, kt_tr_get(t, block, "title"), "document.title");
	put_text_of(t, kt_tr_get(t, block, "context"), "document.context");
	if (is_type(t, source, "text"))
		put_text_of(
		    t, kt_tr_get(t, source, "data"), "document.source.data");
	else
		put_inline(t, kt_tr_get(t, source, "content"));
}

static void
put_search_result(struct kt_tr *t, uint32_t block)
{
	uint32_t content = kt_tr_get(t, block, "content");
	struct kt_span head[] = {
		KT_SPAN("Source: "),
		kt_tr_string(t, kt_tr_get(t, block, "source")),
		KT_SPAN("\\nTitle: "),
		kt_tr_string(t, kt_tr_get(t, block, "title")),
	};

	kt_tr_approximated(t, "search_result");
	tell_rest(t, block, "search_result",
	    "type source title content citations cache_control");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "text");
	kt_tr_put_raws(t, "text", head, KT_NELEMS(head));
	kt_json_end_object(t->w);
	for (uint32_t b = kt_json_first(t->json, content); b != 0;
	     b = kt_json_next(t->json, b))
		put_text(t, b);
}

static void
put_part(struct kt_tr *t, uint32_t block)
{
	if (kt_tr_has_type(t, block, KT_JSON_STRING))
		put_text_of(t, block, "messages.content");
	else if (is_type(t, block, "text"))
		put_text(t, block);
	else if (is_type(t, block, "image"))
		put_image(t, block);
	else if (is_type(t, block, "document"))
		put_document(t, block);
	else if (is_type(t, block, "search_result"))
		put_search_result(t, block);
	else
		drop_block(t, block);
}

/* A list of parts may not be empty, an empty text may be in it. */
static void
end_parts(struct kt_tr *t)
{
	if (kt_json_is_empty(t->w))
		kt_tr_text_block(t, KT_SPAN(""));
	kt_json_end_array(t->w);
}

/* ---- turns ---- */

static void
begin_message(struct kt_tr *t, const char *role)
{
	kt_json_begin_object(t->w);
	kt_tr_put(t, "role", role);
}

static void
put_system(struct kt_tr *t, uint32_t content)
{
	if (kt_tr_is_empty(t, content))
		return;
	begin_message(t,
	    t->model->flags & KT_MODEL_DEVELOPER ? "developer" : "system");
	if (kt_tr_has_type(t, content, KT_JSON_STRING)) {
		kt_tr_copy(t, "content", content);
	} else {
		kt_json_named_array(t->w, "content");
		for (uint32_t b = kt_json_first(t->json, content); b != 0;
		     b = kt_json_next(t->json, b)) {
			if (is_type(t, b, "text"))
				put_text(t, b);
			else
				drop_block(t, b);
		}
		end_parts(t);
	}
	kt_json_end_object(t->w);
}

static bool
is_media(struct kt_tr *t, uint32_t block)
{
	return is_type(t, block, "image") || is_type(t, block, "document");
}

static void
put_result_part(struct kt_tr *t, uint32_t block)
{
	if (!is_media(t, block)) {
		put_part(t, block);
		return;
	}
	kt_tr_approximated(t, "tool_result.content");
	kt_tr_text_block(t, is_type(t, block, "image")
		? KT_SPAN("[image: in the next user message]")
		: KT_SPAN("[document: in the next user message]"));
}

/* One result as a message; there is no field for "it failed". */
static void
put_result(struct kt_tr *t, uint32_t block)
{
	uint32_t content = kt_tr_get(t, block, "content");
	uint32_t id = kt_tr_get(t, block, "tool_use_id");
	bool is_error = false;
	struct kt_span text[2] = { { .ptr = "", .len = 0 },
		kt_tr_string(t, content) };

	(void)kt_json_bool(t->json, kt_tr_get(t, block, "is_error"), &is_error);
	if (is_error) {
		kt_tr_approximated(t, "tool_result.is_error");
		text[0] = KT_SPAN("[tool error] ");
	}
	tell_rest(t, block, "tool_result",
	    "type tool_use_id content is_error cache_control");
	if (!kt_tr_has_type(t, id, KT_JSON_STRING))
		kt_tr_refuse(t, "tool_result.tool_use_id: is required");
	begin_message(t, "tool");
	kt_tr_call_id_back(t, "tool_call_id", kt_tr_string(t, id));
	if (!kt_tr_has_type(t, content, KT_JSON_ARRAY)) {
		kt_tr_put_raws(t, "content", text, 2);
	} else {
		kt_json_named_array(t->w, "content");
		if (is_error)
			kt_tr_text_block(t, text[0]);
		for (uint32_t b = kt_json_first(t->json, content); b != 0;
		     b = kt_json_next(t->json, b))
			put_result_part(t, b);
		end_parts(t);
	}
	kt_json_end_object(t->w);
}

/* The user's message behind the results opens with its first part. */
static void
open_user(struct kt_tr *t, bool *is_open)
{
	if (*is_open)
		return;
	begin_message(t, "user");
	kt_json_named_array(t->w, "content");
	*is_open = true;
}

static void
put_media_of(struct kt_tr *t, uint32_t block, bool *is_open)
{
	for (uint32_t b = kt_json_first(
		 t->json, kt_tr_get(t, block, "content"));
	     b != 0; b = kt_json_next(t->json, b)) {
		if (!is_media(t, b))
			continue;
		open_user(t, is_open);
		put_part(t, b);
	}
}

static void
put_user(struct kt_tr *t, const struct turn *turn)
{
	bool is_open = false;

	for (size_t i = 0; i < turn->n; i++)
		if (is_type(t, turn->blocks[i], "tool_result"))
			put_result(t, turn->blocks[i]);
	for (size_t i = 0; i < turn->n; i++)
		if (is_type(t, turn->blocks[i], "tool_result"))
			put_media_of(t, turn->blocks[i], &is_open);
	for (size_t i = 0; i < turn->n; i++) {
		if (is_type(t, turn->blocks[i], "tool_result"))
			continue;
		open_user(t, &is_open);
		put_part(t, turn->blocks[i]);
	}
	if (is_open) {
		end_parts(t);
		kt_json_end_object(t->w);
	}
}

/* ---- the assistant's turn ---- */

static void
put_call(struct kt_tr *t, uint32_t block)
{
	uint32_t caller = kt_tr_get(t, block, "caller");

	tell_rest(t, block, "tool_use",
	    "type id name input caller cache_control");
	if (caller != 0 && !is_type(t, caller, "direct"))
		kt_tr_dropped(t, "tool_use.caller");
	kt_json_begin_object(t->w);
	kt_tr_call_id_back(
	    t, "id", kt_tr_string(t, kt_tr_get(t, block, "id")));
	kt_tr_put(t, "type", "function");
	kt_json_named_object(t->w, "function");
	kt_tr_copy_string(
	    t, "name", kt_tr_get(t, block, "name"), "tool_use.name");
	kt_tr_put_arguments(t, kt_tr_get(t, block, "input"));
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

static void
put_calls(struct kt_tr *t, const struct turn *turn)
{
	kt_json_named_array(t->w, "tool_calls");
	for (size_t i = 0; i < turn->n; i++)
		if (is_type(t, turn->blocks[i], "tool_use"))
			put_call(t, turn->blocks[i]);
	kt_json_end_array(t->w);
}

/* The text of a block, which may be the content itself; 0: it has none. */
static uint32_t
text_of(struct kt_tr *t, uint32_t block)
{
	uint32_t text = block;

	if (is_type(t, block, "text"))
		text = kt_tr_get(t, block, "text");
	else if (!kt_tr_has_type(t, block, KT_JSON_STRING))
		return 0;
	return kt_tr_is_empty(t, text) ? 0 : text;
}

static void
put_texts(struct kt_tr *t, const struct turn *turn, uint32_t ntexts)
{
	kt_json_put_name(t->w, "content");
	if (ntexts == 0)
		kt_json_put_null(t->w);
	if (ntexts > 1)
		kt_json_begin_array(t->w);
	for (size_t i = 0; i < turn->n; i++) {
		uint32_t text = text_of(t, turn->blocks[i]);

		if (text == 0)
			continue;
		if (ntexts > 1) {
			put_part(t, turn->blocks[i]);
			continue;
		}
		tell_citations(t, turn->blocks[i]);
		if (!kt_tr_has_type(t, text, KT_JSON_STRING))
			kt_tr_refuse(t, "messages.content.text: must be a "
					"string");
		kt_tr_put_raw(t, NULL, kt_tr_string(t, text));
	}
	if (ntexts > 1)
		kt_json_end_array(t->w);
}

static void
put_assistant(struct kt_tr *t, const struct turn *turn)
{
	uint32_t ntexts = 0, ncalls = 0;

	for (size_t i = 0; i < turn->n; i++) {
		uint32_t b = turn->blocks[i];

		if (is_type(t, b, "tool_use")) {
			ncalls++;
		} else if (text_of(t, b) != 0) {
			ntexts++;
			if (ncalls > 0)
				kt_tr_approximated(t, "messages.order");
		} else if (!is_type(t, b, "text") &&
		    !kt_tr_has_type(t, b, KT_JSON_STRING)) {
			drop_block(t, b);
		}
	}
	if (ntexts + ncalls == 0)
		return;
	begin_message(t, "assistant");
	put_texts(t, turn, ntexts);
	if (ncalls > 0)
		put_calls(t, turn);
	kt_json_end_object(t->w);
}

/* ---- the list ---- */

static bool
has_content(struct kt_tr *t, uint32_t m)
{
	uint32_t content = kt_tr_get(t, m, "content");

	if (kt_tr_has_type(t, content, KT_JSON_STRING) ||
	    kt_tr_has_type(t, content, KT_JSON_ARRAY))
		return true;
	kt_tr_refuse(t, "messages.content: must be a string or an array");
	return false;
}

/* A string counts as one block. */
static void
collect(struct kt_tr *t, struct turn *turn, uint32_t from, uint32_t behind)
{
	for (uint32_t m = from; m != behind; m = kt_json_next(t->json, m)) {
		uint32_t content = kt_tr_get(t, m, "content"), b = content;

		if (!has_content(t, m))
			return;
		if (kt_tr_has_type(t, content, KT_JSON_ARRAY))
			b = kt_json_first(t->json, content);
		for (; b != 0; b = b == content ? 0 : kt_json_next(t->json, b)) {
			if (turn->blocks != NULL)
				turn->blocks[turn->n] = b;
			turn->n++;
		}
	}
}

static void
put_run(struct kt_tr *t, uint32_t from, uint32_t behind, bool is_user)
{
	struct turn turn = { .n = 0 };

	collect(t, &turn, from, behind);
	turn.blocks = kt_arena_array(
	    t->mem, turn.n + 1, sizeof(*turn.blocks));
	if (turn.blocks == NULL) {
		kt_tr_full(t);
		return;
	}
	turn.n = 0;
	collect(t, &turn, from, behind);
	if (is_user)
		put_user(t, &turn);
	else
		put_assistant(t, &turn);
}

/*
 * Turns of one role in a row are one: only then do results stand right
 * behind the message that has all their calls.  Gives what comes next.
 */
static uint32_t
put_turn(struct kt_tr *t, uint32_t m)
{
	uint32_t role = kt_tr_get(t, m, "role");
	uint32_t content = kt_tr_get(t, m, "content");
	uint32_t next = kt_json_next(t->json, m), behind = next;
	bool is_user = kt_tr_is(t, role, "user");
	const char *name = is_user ? "user" : "assistant";

	if (kt_tr_is(t, role, "system")) {
		if (has_content(t, m))
			put_system(t, content);
		return next;
	}
	if (!kt_tr_is(t, role, name)) {
		kt_tr_refuse(t, "messages.role: is not known");
		return 0;
	}
	while (behind != 0 && kt_tr_is(t, kt_tr_get(t, behind, "role"), name))
		behind = kt_json_next(t->json, behind);
	if (behind == next && kt_tr_has_type(t, content, KT_JSON_STRING)) {
		begin_message(t, name);
		kt_tr_copy(t, "content", content);
		kt_json_end_object(t->w);
	} else {
		put_run(t, m, behind, is_user);
	}
	return behind;
}

void
kt_tr_messages_to_openai(struct kt_tr *t, uint32_t system, uint32_t messages)
{
	if (!kt_tr_has_type(t, messages, KT_JSON_ARRAY)) {
		kt_tr_refuse(t, "messages: must be an array");
		return;
	}
	kt_json_named_array(t->w, "messages");
	put_system(t, system);
	for (uint32_t m = kt_json_first(t->json, messages); m != 0;
	     m = kt_json_next(t->json, m))
		kt_tr_tell_rest(t, m, "messages", "role content");
	for (uint32_t m = kt_json_first(t->json, messages);
	     m != 0 && t->rc == KT_OK;)
		m = put_turn(t, m);
	kt_json_end_array(t->w);
}
