/*
 * translate_messages_openai - Anthropic turns as OpenAI messages.  A turn of
 * results becomes one message per result; what OpenAI cannot hold in a
 * result (pictures, documents) follows in the user's message behind them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

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

/* What most blocks may carry and no part can. */
static void
tell_marks(struct kt_tr *t, uint32_t block)
{
	if (kt_tr_get(t, block, "cache_control") != 0)
		kt_tr_approximated(t, "cache_control");
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
	tell_marks(t, block);
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

	tell_marks(t, block);
	if (kt_tr_get(t, block, "transformations") != 0)
		kt_tr_dropped(t, "image.transformations");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "image_url");
	kt_json_put_name(t->w, "image_url");
	kt_json_begin_object(t->w);
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
	kt_json_put_name(t->w, "file");
	kt_json_begin_object(t->w);
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

	tell_marks(t, block);
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
		kt_json_put_name(t->w, "content");
		kt_json_begin_array(t->w);
		for (uint32_t b = kt_json_first(t->json, content); b != 0;
		     b = kt_json_next(t->json, b)) {
			if (is_type(t, b, "text"))
				put_text(t, b);
			else
				drop_block(t, b);
		}
		kt_json_end_array(t->w);
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
	tell_marks(t, block);
	if (!kt_tr_has_type(t, id, KT_JSON_STRING))
		kt_tr_refuse(t, "tool_result.tool_use_id: is required");
	begin_message(t, "tool");
	kt_tr_call_id_back(t, "tool_call_id", kt_tr_string(t, id));
	if (!kt_tr_has_type(t, content, KT_JSON_ARRAY)) {
		kt_tr_put_raws(t, "content", text, 2);
	} else {
		kt_json_put_name(t->w, "content");
		kt_json_begin_array(t->w);
		if (is_error || kt_tr_is_empty(t, content))
			kt_tr_text_block(t, text[0]);
		for (uint32_t b = kt_json_first(t->json, content); b != 0;
		     b = kt_json_next(t->json, b))
			put_result_part(t, b);
		kt_json_end_array(t->w);
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
	kt_json_put_name(t->w, "content");
	kt_json_begin_array(t->w);
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
put_user(struct kt_tr *t, uint32_t content)
{
	uint32_t first = kt_json_first(t->json, content), b;
	bool is_open = false;

	for (b = first; b != 0; b = kt_json_next(t->json, b))
		if (is_type(t, b, "tool_result"))
			put_result(t, b);
	for (b = first; b != 0; b = kt_json_next(t->json, b))
		if (is_type(t, b, "tool_result"))
			put_media_of(t, b, &is_open);
	for (b = first; b != 0; b = kt_json_next(t->json, b)) {
		if (is_type(t, b, "tool_result"))
			continue;
		open_user(t, &is_open);
		put_part(t, b);
	}
	if (is_open) {
		kt_json_end_array(t->w);
		kt_json_end_object(t->w);
	}
}

/* ---- the assistant's turn ---- */

static void
put_calls(struct kt_tr *t, uint32_t first)
{
	kt_json_put_name(t->w, "tool_calls");
	kt_json_begin_array(t->w);
	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		if (!is_type(t, b, "tool_use"))
			continue;
		tell_marks(t, b);
		kt_json_begin_object(t->w);
		kt_tr_call_id_back(
		    t, "id", kt_tr_string(t, kt_tr_get(t, b, "id")));
		kt_tr_put(t, "type", "function");
		kt_json_put_name(t->w, "function");
		kt_json_begin_object(t->w);
		kt_tr_copy_string(
		    t, "name", kt_tr_get(t, b, "name"), "tool_use.name");
		kt_tr_put_arguments(t, kt_tr_get(t, b, "input"));
		kt_json_end_object(t->w);
		kt_json_end_object(t->w);
	}
	kt_json_end_array(t->w);
}

static void
put_texts(struct kt_tr *t, uint32_t first, uint32_t ntexts)
{
	kt_json_put_name(t->w, "content");
	if (ntexts == 0)
		kt_json_put_null(t->w);
	if (ntexts > 1)
		kt_json_begin_array(t->w);
	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		uint32_t text = kt_tr_get(t, b, "text");

		if (!is_type(t, b, "text") || kt_tr_is_empty(t, text))
			continue;
		if (ntexts > 1) {
			put_text(t, b);
			continue;
		}
		tell_citations(t, b);
		if (!kt_tr_has_type(t, text, KT_JSON_STRING))
			kt_tr_refuse(t, "messages.content.text: must be a "
					"string");
		kt_tr_put_raw(t, NULL, kt_tr_string(t, text));
	}
	if (ntexts > 1)
		kt_json_end_array(t->w);
}

static void
put_assistant(struct kt_tr *t, uint32_t content)
{
	uint32_t first = kt_json_first(t->json, content);
	uint32_t ntexts = 0, ncalls = 0;

	for (uint32_t b = first; b != 0; b = kt_json_next(t->json, b)) {
		if (is_type(t, b, "tool_use")) {
			ncalls++;
		} else if (!is_type(t, b, "text")) {
			drop_block(t, b);
		} else if (!kt_tr_is_empty(t, kt_tr_get(t, b, "text"))) {
			ntexts++;
			if (ncalls > 0)
				kt_tr_approximated(t, "messages.order");
		}
	}
	if (ntexts + ncalls == 0)
		return;
	begin_message(t, "assistant");
	put_texts(t, first, ntexts);
	if (ncalls > 0)
		put_calls(t, first);
	kt_json_end_object(t->w);
}

static void
put_message(struct kt_tr *t, uint32_t m)
{
	uint32_t role = kt_tr_get(t, m, "role");
	uint32_t content = kt_tr_get(t, m, "content");
	bool is_user = kt_tr_is(t, role, "user");

	if (!is_user && !kt_tr_is(t, role, "assistant") &&
	    !kt_tr_is(t, role, "system")) {
		kt_tr_refuse(t, "messages.role: is not known");
	} else if (!kt_tr_has_type(t, content, KT_JSON_STRING) &&
	    !kt_tr_has_type(t, content, KT_JSON_ARRAY)) {
		kt_tr_refuse(
		    t, "messages.content: must be a string or an array");
	} else if (kt_tr_is(t, role, "system")) {
		put_system(t, content);
	} else if (kt_tr_has_type(t, content, KT_JSON_STRING)) {
		begin_message(t, is_user ? "user" : "assistant");
		kt_tr_copy(t, "content", content);
		kt_json_end_object(t->w);
	} else if (is_user) {
		put_user(t, content);
	} else {
		put_assistant(t, content);
	}
}

void
kt_tr_messages_to_openai(struct kt_tr *t, uint32_t system, uint32_t messages)
{
	if (!kt_tr_has_type(t, messages, KT_JSON_ARRAY)) {
		kt_tr_refuse(t, "messages: must be an array");
		return;
	}
	kt_json_put_name(t->w, "messages");
	kt_json_begin_array(t->w);
	put_system(t, system);
	for (uint32_t m = kt_json_first(t->json, messages); m != 0;
	     m = kt_json_next(t->json, m))
		put_message(t, m);
	kt_json_end_array(t->w);
}
