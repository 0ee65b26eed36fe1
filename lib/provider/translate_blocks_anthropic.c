/*
 * translate_blocks_anthropic - OpenAI content parts as blocks.  Media moves
 * as the base64 it is; only its envelope, the data URL, is taken apart.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* A media type with its parameters. */
#define TYPE_MAX 256

void
kt_tr_cache_mark(struct kt_tr *t, uint32_t n)
{
	uint32_t mark = kt_tr_get(t, n, "cache_control");

	if (mark != 0) {
		kt_tr_copy(t, "cache_control", mark);
		t->nmarks++;
	} else if (kt_tr_get(t, n, "prompt_cache_breakpoint") == 0) {
		return;
	} else if (t->nmarks >= 4) {
		kt_tr_dropped(t, "prompt_cache_breakpoint");
	} else {
		kt_tr_approximated(t, "prompt_cache_breakpoint");
		kt_json_named_object(t->w, "cache_control");
		kt_tr_put(t, "type", "ephemeral");
		kt_json_end_object(t->w);
		t->nmarks++;
	}
}

/* A part, and the message whose own mark it carries when it is the last. */
void
kt_tr_put_text(struct kt_tr *t, uint32_t value, uint32_t part, uint32_t marked)
{
	if (!kt_tr_has_type(t, value, KT_JSON_STRING)) {
		kt_tr_refuse(t, "messages.content.text: must be a string");
		return;
	}
	if (kt_tr_is_empty(t, value))
		return;
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "text");
	kt_tr_copy(t, "text", value);
	if (kt_tr_get(t, part, "cache_control") != 0 ||
	    kt_tr_get(t, part, "prompt_cache_breakpoint") != 0)
		kt_tr_cache_mark(t, part);
	else
		kt_tr_cache_mark(t, marked);
	kt_json_end_object(t->w);
}

/*
 * "data:TYPE;base64,BODY" in its two halves, or false.  The body stays as it
 * is escaped, so that a picture is never copied twice.
 */
static bool
split_url(struct kt_tr *t, uint32_t url, struct kt_span *type,
    struct kt_span *body)
{
	static const struct kt_span base64 = KT_SPAN_INIT(";base64");
	struct kt_span s = kt_tr_string(t, url);
	size_t comma;

	if (!kt_span_caseeq(kt_span_sub(s, 0, 5), KT_SPAN("data:")))
		return false;
	s = kt_span_sub(s, 5, s.len);
	comma = kt_span_find(s, ',');
	*type = kt_span_sub(s, 0, comma);
	*body = kt_span_sub(s, comma + 1, s.len);
	if (comma == s.len || comma > TYPE_MAX)
		return false;
	if (kt_json_unescape(*type, t->mem, type, NULL) < 0) {
		kt_tr_full(t);
		return false;
	}
	if (!kt_span_ends(*type, base64))
		return false;
	type->len -= base64.len;
	type->len = kt_span_find(*type, ';');
	return true;
}

static void
put_source(struct kt_tr *t, const char *type, struct kt_span body)
{
	kt_json_named_object(t->w, "source");
	kt_tr_put(t, "type", "base64");
	kt_tr_put(t, "media_type", type);
	kt_tr_put_raw(t, "data", body);
	kt_json_end_object(t->w);
}

static const char *
image_type(struct kt_span type)
{
	static const struct {
		struct kt_span said;
		const char *name;
	} types[] = {
		{ KT_SPAN_INIT("image/jpeg"), "image/jpeg" },
		{ KT_SPAN_INIT("image/jpg"), "image/jpeg" },
		{ KT_SPAN_INIT("image/png"), "image/png" },
		{ KT_SPAN_INIT("image/gif"), "image/gif" },
		{ KT_SPAN_INIT("image/webp"), "image/webp" },
	};

	for (size_t i = 0; i < KT_NELEMS(types); i++)
		if (kt_span_caseeq(types[i].said, type))
			return types[i].name;
	return NULL;
}

static void
put_image(struct kt_tr *t, uint32_t part)
{
	uint32_t image = kt_tr_get(t, part, "image_url");
	uint32_t url = kt_tr_has_type(t, image, KT_JSON_STRING)
	    ? image
	    : kt_tr_get(t, image, "url");
	uint32_t detail = kt_tr_get(t, image, "detail");
	struct kt_span type, body, raw = kt_tr_string(t, url);
	const char *name;

	kt_tr_tell_rest(t, image, "image_url", "url detail");
	if (detail != 0 && !kt_tr_is(t, detail, "auto"))
		kt_tr_dropped(t, "image_url.detail");
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "image");
	if (split_url(t, url, &type, &body)) {
		name = image_type(type);
		if (name == NULL)
			kt_tr_refuse(t, "image_url.url: must be a JPEG, PNG, "
					"GIF or WebP image");
		else
			put_source(t, name, body);
	} else if (kt_span_caseeq(kt_span_sub(raw, 0, 4), KT_SPAN("http"))) {
		kt_json_named_object(t->w, "source");
		kt_tr_put(t, "type", "url");
		kt_tr_copy(t, "url", url);
		kt_json_end_object(t->w);
	} else {
		kt_tr_refuse(t, "image_url.url: must be a base64 data URL or "
				"an http address");
	}
	kt_tr_cache_mark(t, part);
	kt_json_end_object(t->w);
}

static void
put_file(struct kt_tr *t, uint32_t part)
{
	uint32_t file = kt_tr_get(t, part, "file");
	uint32_t url = kt_tr_get(t, file, "file_data");
	struct kt_span type, body;

	kt_tr_tell_rest(t, file, "file", "file_data filename");
	if (url == 0) {
		kt_tr_refuse(t, "file.file_id: has no equivalent");
		return;
	}
	if (!split_url(t, url, &type, &body) ||
	    !kt_span_caseeq(type, KT_SPAN("application/pdf"))) {
		kt_tr_refuse(t, "file.file_data: must be a data URL of a PDF");
		return;
	}
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "document");
	put_source(t, "application/pdf", body);
	kt_tr_copy_string(t, "title", kt_tr_get(t, file, "filename"),
	    "file.filename");
	kt_tr_cache_mark(t, part);
	kt_json_end_object(t->w);
}

static void
put_part(struct kt_tr *t, uint32_t part, uint32_t marked)
{
	uint32_t type = kt_tr_get(t, part, "type");

	kt_tr_tell_rest(t, part, "messages.content",
	    "type text refusal image_url file input_audio cache_control "
	    "prompt_cache_breakpoint");
	if (kt_tr_has_type(t, part, KT_JSON_STRING)) {
		kt_tr_put_text(t, part, 0, marked);
	} else if (kt_tr_is(t, type, "text")) {
		kt_tr_put_text(t, kt_tr_get(t, part, "text"), part, marked);
	} else if (kt_tr_is(t, type, "refusal")) {
		kt_tr_approximated(t, "messages.refusal");
		kt_tr_put_text(t, kt_tr_get(t, part, "refusal"), part, marked);
	} else if (kt_tr_is(t, type, "image_url")) {
		put_image(t, part);
	} else if (kt_tr_is(t, type, "file")) {
		put_file(t, part);
	} else if (kt_tr_is(t, type, "input_audio")) {
		kt_tr_refuse(t, "input_audio: has no equivalent");
	} else if (!kt_tr_has_type(t, type, KT_JSON_STRING)) {
		kt_tr_refuse(t, "messages.content.type: must be a string");
	} else {
		kt_tr_dropped_name(
		    t, "messages.content", kt_tr_string(t, type));
	}
}

/* The content of m as blocks of an array that is open. */
void
kt_tr_put_parts(struct kt_tr *t, uint32_t m)
{
	uint32_t content = kt_tr_get(t, m, "content");

	if (kt_tr_has_type(t, content, KT_JSON_STRING)) {
		kt_tr_put_text(t, content, 0, m);
		return;
	}
	if (content != 0 && !kt_tr_has_type(t, content, KT_JSON_ARRAY))
		kt_tr_refuse(t, "messages.content: must be a string or an "
				"array");
	for (uint32_t p = kt_json_first(t->json, content); p != 0;) {
		uint32_t next = kt_json_next(t->json, p);

		put_part(t, p, next == 0 ? m : 0);
		p = next;
	}
}

/* Neither no block nor an empty text is taken for what was dropped. */
void
kt_tr_end_parts(struct kt_tr *t)
{
	if (kt_json_is_empty(t->w))
		kt_tr_text_block(t, KT_SPAN("[left out]"));
	kt_json_end_array(t->w);
}

/* A string stays one, unless something hangs on it. */
void
kt_tr_put_content(struct kt_tr *t, uint32_t m)
{
	uint32_t content = kt_tr_get(t, m, "content");

	if (kt_tr_has_type(t, content, KT_JSON_STRING) &&
	    kt_tr_get(t, m, "cache_control") == 0 &&
	    kt_tr_get(t, m, "prompt_cache_breakpoint") == 0) {
		kt_tr_copy(t, "content", content);
		return;
	}
	kt_json_named_array(t->w, "content");
	kt_tr_put_parts(t, m);
	kt_tr_end_parts(t);
}
