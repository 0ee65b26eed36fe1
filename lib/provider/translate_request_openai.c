/*
 * translate_request_openai - what an Anthropic client asks, for OpenAI.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "provider/translate_priv.h"

/* An identifier of a user may not be longer. */
#define USER_MAX 64
#define STOPS_MAX 4

static const struct kt_span taken[] = {
	KT_SPAN_INIT("model"),
	KT_SPAN_INIT("max_tokens"),
	KT_SPAN_INIT("system"),
	KT_SPAN_INIT("messages"),
	KT_SPAN_INIT("tools"),
	KT_SPAN_INIT("tool_choice"),
	KT_SPAN_INIT("stop_sequences"),
	KT_SPAN_INIT("temperature"),
	KT_SPAN_INIT("top_p"),
	KT_SPAN_INIT("thinking"),
	KT_SPAN_INIT("output_config"),
	KT_SPAN_INIT("output_format"),
	KT_SPAN_INIT("metadata"),
	KT_SPAN_INIT("cache_control"),
	KT_SPAN_INIT("stream"),
	KT_SPAN_INIT("service_tier"),
	KT_SPAN_INIT("mcp_servers"),
};

static void
tell_losses(struct kt_tr *t)
{
	for (uint32_t m = kt_json_first(t->json, kt_json_root(t->json)); m != 0;
	     m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);

		if (kt_tr_which(t, m, taken, KT_NELEMS(taken)) <
			KT_NELEMS(taken) ||
		    kt_tr_has_type(t, v, KT_JSON_NULL) ||
		    (kt_tr_is(t, m, "speed") && kt_tr_is(t, v, "standard")))
			continue;
		kt_tr_dropped_name(t, "", kt_tr_string(t, m));
	}
	if (kt_tr_get(t, kt_json_root(t->json), "cache_control") != 0)
		kt_tr_approximated(t, "cache_control");
}

static void
put_max_tokens(struct kt_tr *t)
{
	uint32_t n = kt_tr_get(t, kt_json_root(t->json), "max_tokens");
	uint64_t max = t->o->max_tokens;

	if (n == 0 && max == 0)
		return; /* optional over there */
	if (n != 0 &&
	    (!kt_json_u64(t->json, t->text, n, &max) || max == 0)) {
		kt_tr_refuse(t, "max_tokens: must be a whole number above 0");
		return;
	}
	kt_json_named_u64(t->w, "max_completion_tokens", max);
}

static void
put_stop(struct kt_tr *t)
{
	uint32_t stop = kt_tr_get(t, kt_json_root(t->json), "stop_sequences");
	uint32_t n = kt_json_first(t->json, stop);

	if (n == 0)
		return;
	kt_json_named_array(t->w, "stop");
	for (unsigned i = 0; n != 0 && i < STOPS_MAX; i++) {
		if (!kt_tr_has_type(t, n, KT_JSON_STRING))
			kt_tr_refuse(t, "stop_sequences: must be strings");
		kt_tr_put_raw(t, NULL, kt_tr_string(t, n));
		n = kt_json_next(t->json, n);
	}
	kt_json_end_array(t->w);
	if (n != 0)
		kt_tr_approximated(t, "stop_sequences");
}

static bool
is_one(struct kt_tr *t, uint32_t n)
{
	struct kt_span raw = kt_json_raw(t->json, t->text, n);

	return kt_span_eq(raw, KT_SPAN("1")) || kt_span_eq(raw, KT_SPAN("1.0"));
}

static void
put_sampling_one(struct kt_tr *t, const char *name)
{
	uint32_t n = kt_tr_get(t, kt_json_root(t->json), name);

	/* A model nobody knows may well be a local one: those take it. */
	if (t->model->sampling != KT_SAMPLING_NONE || t->model->prefix.len == 0)
		kt_tr_copy(t, name, n);
	else if (n != 0 && !is_one(t, n))
		kt_tr_dropped(t, name);
}

/* ---- thinking ---- */

static const char *
word_of_budget(struct kt_tr *t, uint32_t thinking)
{
	uint64_t budget;

	if (!kt_json_u64(t->json, t->text,
		kt_tr_get(t, thinking, "budget_tokens"), &budget))
		return NULL;
	if (budget <= 4096)
		return "low";
	return budget <= 16384 ? "medium" : "high";
}

static void
put_effort(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t thinking = kt_tr_get(t, root, "thinking");
	uint32_t type = kt_tr_get(t, thinking, "type");
	uint32_t effort = kt_tr_get(
	    t, kt_tr_get(t, root, "output_config"), "effort");
	const char *word = NULL;

	if (t->model->thinking == KT_THINKING_NONE) {
		if (effort != 0)
			kt_tr_dropped(t, "output_config.effort");
		if (type != 0 && !kt_tr_is(t, type, "disabled"))
			kt_tr_dropped(t, "thinking");
		return;
	}
	if (kt_tr_is(t, type, "disabled")) {
		if (effort != 0)
			kt_tr_dropped(t, "output_config.effort");
		if (t->model->prefix.len > 0 &&
		    (t->model->flags & KT_MODEL_OFF))
			kt_tr_put(t, "reasoning_effort", "none");
		else
			kt_tr_approximated(t, "thinking");
		return;
	}
	if (type != 0)
		kt_tr_approximated(t, "thinking");
	if (effort != 0) {
		kt_tr_copy_string(t, "reasoning_effort", effort,
		    "output_config.effort");
	} else if ((word = word_of_budget(t, thinking)) != NULL) {
		kt_tr_put(t, "reasoning_effort", word);
	}
}

static void
put_format(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);
	uint32_t config = kt_tr_get(t, root, "output_config");
	uint32_t format = kt_tr_get(t, config, "format");
	uint32_t schema;
	bool is_strict;

	kt_tr_tell_rest(t, config, "output_config", "effort format");
	if (format == 0)
		format = kt_tr_get(t, root, "output_format");
	if (format == 0)
		return;
	schema = kt_tr_get(t, format, "schema");
	if (!kt_tr_is(t, kt_tr_get(t, format, "type"), "json_schema") ||
	    !kt_tr_has_type(t, schema, KT_JSON_OBJECT)) {
		kt_tr_refuse(t, "output_config.format: must be a json_schema");
		return;
	}
	is_strict = kt_tr_schema_is_total(t, schema);
	if (!is_strict)
		kt_tr_approximated(t, "output_config.format");
	kt_json_named_object(t->w, "response_format");
	kt_tr_put(t, "type", "json_schema");
	kt_json_named_object(t->w, "json_schema");
	kt_tr_put(t, "name", "answer");
	kt_json_named_bool(t->w, "strict", is_strict);
	kt_tr_copy(t, "schema", schema);
	kt_json_end_object(t->w);
	kt_json_end_object(t->w);
}

/* ---- the rest ---- */

static void
put_user(struct kt_tr *t)
{
	uint32_t metadata = kt_tr_get(t, kt_json_root(t->json), "metadata");
	uint32_t id = kt_tr_get(t, metadata, "user_id");
	uint8_t hash[32];
	char hex[2 * sizeof(hash) + 1];
	struct kt_span plain;

	kt_tr_tell_rest(t, metadata, "metadata", "user_id");
	if (id == 0)
		return;
	if (kt_json_unescape(kt_tr_string(t, id), t->mem, &plain, NULL) < 0) {
		kt_tr_full(t);
		return;
	}
	if (plain.len <= USER_MAX) {
		kt_tr_copy_string(
		    t, "safety_identifier", id, "metadata.user_id");
		return;
	}
	kt_tr_approximated(t, "metadata.user_id");
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, plain.ptr, plain.len, hash) <
	    0) {
		kt_tr_refuse(t, "metadata.user_id: cannot be shortened");
		return;
	}
	kt_hex(hash, sizeof(hash), hex);
	kt_tr_put(t, "safety_identifier", hex);
}

static void
put_stream(struct kt_tr *t)
{
	uint32_t stream = kt_tr_get(t, kt_json_root(t->json), "stream");

	kt_tr_copy(t, "stream", stream);
	if (!kt_tr_has_type(t, stream, KT_JSON_TRUE))
		return;
	kt_json_named_object(t->w, "stream_options");
	kt_json_named_bool(t->w, "include_usage", true);
	kt_json_end_object(t->w);
}

static void
put_tier(struct kt_tr *t)
{
	uint32_t tier = kt_tr_get(t, kt_json_root(t->json), "service_tier");

	if (kt_tr_is(t, tier, "auto"))
		kt_tr_put(t, "service_tier", "auto");
	else if (kt_tr_is(t, tier, "standard_only"))
		kt_tr_put(t, "service_tier", "default");
	else if (tier != 0)
		kt_tr_dropped(t, "service_tier");
}

void
kt_tr_request_to_openai(struct kt_tr *t)
{
	uint32_t root = kt_json_root(t->json);

	if (!kt_tr_is_empty(t, kt_tr_get(t, root, "mcp_servers")))
		kt_tr_refuse(t, "mcp_servers: has no equivalent");
	tell_losses(t);
	kt_json_begin_object(t->w);
	kt_tr_put_model(t);
	put_max_tokens(t);
	kt_tr_messages_to_openai(t, kt_tr_get(t, root, "system"),
	    kt_tr_get(t, root, "messages"));
	kt_tr_tools_to_openai(t);
	put_stop(t);
	put_sampling_one(t, "temperature");
	put_sampling_one(t, "top_p");
	put_effort(t);
	put_format(t);
	put_user(t);
	put_tier(t);
	put_stream(t);
	kt_json_end_object(t->w);
}
