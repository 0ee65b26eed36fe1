/*
 * external-guard - somebody else's opinion, by HTTP.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The texts of a request, or of an answer, are posted to a classifier, and
 * media where that is asked for: faces and plates in pictures are its affair.
 * One value of what it says decides.  No answer, or one that cannot be
 * understood, is a failure, which blocks unless on_error says otherwise.
 */
#include <stdlib.h>

#include "config/check.h"
#include "policy/constraint.h"
#include "policy/outside.h"
#include "policy/policy_priv.h"

enum { PHASE_REQUEST, PHASE_TOOL, PHASE_COMPLETION, PHASE_MEDIA };
static const char *const phases[] = { "request", "tool", "completion", "media",
	NULL };
static const char *const actions[] = { "block", "flag", NULL };

struct settings {
	struct kt_config_common common;
	struct kt_span url, verdict;
	struct kt_config_pairs headers;
	struct kt_config_secret secret_key_ref;
	uint32_t phases;
	int action;
	int64_t timeout_ms, cache_seconds, max_bytes;
	double threshold;
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, STRING, url, .is_required = true,
	    .doc = "Where texts are posted, as JSON"),
	KT_CONFIG_FIELD(struct settings, PAIRS, headers,
	    .doc = "Headers sent with them; no credentials"),
	KT_CONFIG_FIELD(struct settings, SECRET, secret_key_ref,
	    .doc = "A bearer token sent with them"),
	KT_CONFIG_FIELD(struct settings, ENUMS, phases, .names = phases,
	    .fallback = "[request, tool, completion]",
	    .doc = "What is posted: texts of requests, of tools with their "
	           "calls and results, of answers; media of requests, as base64, "
	           "for which max_bytes has to have room"),
	KT_CONFIG_FIELD(struct settings, ENUM, action, .names = actions,
	    .fallback = "block",
	    .doc = "What to do where the classifier objects"),
	KT_CONFIG_FIELD(struct settings, STRING, verdict,
	    .fallback = "/decision",
	    .doc = "JSON pointer to the value that decides: \"pass\", \"flag\" "
	           "or \"block\", true where it objects, or a score"),
	KT_CONFIG_FIELD(struct settings, NUMBER, threshold, .fallback = "0.5",
	    .doc = "A score from here on objects"),
	KT_CONFIG_FIELD(struct settings, INT, timeout_ms, .min = 1,
	    .max = 600000, .fallback = "2000",
	    .doc = "How long it may take"),
	KT_CONFIG_FIELD(struct settings, INT, cache_seconds, .max = 86400,
	    .fallback = "0",
	    .doc = "How long an answer serves for the same texts again"),
	KT_CONFIG_FIELD(struct settings, SIZE, max_bytes, .min = 1,
	    .max = KT_BODY_MAX, .fallback = "1048576",
	    .doc = "More than this is not posted, which is a failure"),
};

static void
check(void *section, struct kt_config_ctx *ctx)
{
	struct settings *s = section;

	if (s->url.ptr != NULL)
		kt_config_check_url(ctx, s->common.node, "url", s->url);
	kt_config_check_headers(ctx, &s->headers);
	kt_constraint_check_pointer(ctx, kt_config_get(s->common.node,
	    KT_SPAN("verdict")), s->verdict);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "external-guard", fields,
	.check = check, .doc = "Any HTTP classifier");

static kt_component_set
components_of(uint32_t chosen)
{
	static const kt_component_set tools =
	    KT_COMPONENT_BIT(KT_COMPONENT_TOOLS) |
	    KT_COMPONENT_BIT(KT_COMPONENT_TOOL_USE) |
	    KT_COMPONENT_BIT(KT_COMPONENT_TOOL_RESULTS);
	static const kt_component_set completion =
	    KT_COMPONENT_BIT(KT_COMPONENT_COMPLETION);
	static const kt_component_set media =
	    KT_COMPONENT_BIT(KT_COMPONENT_IMAGES) |
	    KT_COMPONENT_BIT(KT_COMPONENT_DOCUMENTS) |
	    KT_COMPONENT_BIT(KT_COMPONENT_FILES);
	kt_component_set set = 0;

	if (chosen & 1u << PHASE_MEDIA)
		set |= media;
	if (chosen & 1u << PHASE_REQUEST)
		set |= KT_COMPONENTS_ALL & ~(tools | completion);
	if (chosen & 1u << PHASE_TOOL)
		set |= tools;
	if (chosen & 1u << PHASE_COMPLETION)
		set |= completion;
	return set;
}

static void
guard(const struct kt_policy *p, struct kt_policy_guard *out)
{
	const struct settings *s = (const struct settings *)p->common;

	*out = (struct kt_policy_guard){
		.policy = p,
		.url = s->url,
		.headers = &s->headers,
		.key = &s->secret_key_ref,
		.components = components_of(s->phases) & p->components,
		.takes_media = (s->phases & 1u << PHASE_MEDIA) != 0,
		.timeout_us = (uint64_t)s->timeout_ms * 1000,
		.keep_us = (uint64_t)s->cache_seconds * 1000000,
		.bytes_max = (size_t)s->max_bytes,
		.objects = s->action == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG,
		.fails = p->common->on_error == KT_CONFIG_BLOCK ?
		    KT_ACTION_BLOCK : KT_ACTION_FLAG,
		.verdict = s->verdict,
		.threshold = s->threshold,
	};
}

static enum kt_policy_said
said_by_number(struct kt_span raw, double threshold)
{
	char digits[64];

	if (raw.len >= sizeof(digits))
		return KT_POLICY_SAID_NOTHING;
	memcpy(digits, raw.ptr, raw.len);
	digits[raw.len] = '\0';
	return strtod(digits, NULL) >= threshold ? KT_POLICY_SAID_BLOCK :
	    KT_POLICY_SAID_PASS;
}

static enum kt_policy_said
said_by_word(struct kt_span word)
{
	static const struct {
		struct kt_span word;
		enum kt_policy_said said;
	} words[] = {
		{ KT_SPAN_INIT("pass"), KT_POLICY_SAID_PASS },
		{ KT_SPAN_INIT("flag"), KT_POLICY_SAID_FLAG },
		{ KT_SPAN_INIT("block"), KT_POLICY_SAID_BLOCK },
	};

	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (kt_span_eq(words[i].word, word))
			return words[i].said;
	return KT_POLICY_SAID_NOTHING;
}

enum kt_policy_said
kt_policy_guard_said(const struct kt_policy_guard *g, struct kt_span answer)
{
	enum kt_policy_said said = KT_POLICY_SAID_NOTHING;
	struct kt_json j;
	uint32_t n;

	kt_json_init(&j, KT_GUARD_ANSWER_MAX);
	if (kt_json_parse(&j, answer, NULL) == KT_OK) {
		n = kt_json_at(&j, answer, g->verdict);
		switch (kt_json_type(&j, n)) {
		case KT_JSON_TRUE:
			said = KT_POLICY_SAID_BLOCK;
			break;
		case KT_JSON_FALSE:
			said = KT_POLICY_SAID_PASS;
			break;
		case KT_JSON_STRING:
			said = said_by_word(kt_json_string(&j, answer, n));
			break;
		case KT_JSON_NUMBER:
			said = said_by_number(
			    kt_json_raw(&j, answer, n), g->threshold);
			break;
		case KT_JSON_ABSENT:
		case KT_JSON_NULL:
		case KT_JSON_NAME:
		case KT_JSON_ARRAY:
		case KT_JSON_OBJECT:
			break;
		}
	}
	kt_json_fini(&j);
	return said;
}

const struct kt_policy_kind kt_policy_external_guard = {
	.config = { .name = "external-guard", .table = &table },
	.guard = guard,
};
