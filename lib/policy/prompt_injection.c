/*
 * prompt-injection - text that wants to take the place of the operator.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The operator's own words (system prompt, tool definitions) are not scored:
 * they are orders, and look like it.  A finding blocks only above a second
 * threshold; below it is flagged.
 */
#include "detect/search.h"
#include "policy/policy_priv.h"

struct encoding {
	const struct kt_config_node *node;
	bool decode_base64, normalize_unicode, detect_homoglyphs;
};
struct boundaries {
	const struct kt_config_node *node;
	bool enforce_delimiters, reject_fake_boundaries;
};
struct settings {
	struct kt_config_common common;
	int action, sensitivity, tool_results;
	struct kt_config_items attack_patterns;
	struct encoding encoding;
	struct boundaries boundaries;
};

static const char *const actions[] = { "block", "flag", NULL };
static const char *const sensitivities[] = { "low", "medium", "high", NULL };
static const char *const results[] = { "block", "strip", "flag", NULL };

static const struct kt_config_field encoding_fields[] = {
	KT_CONFIG_FIELD(struct encoding, BOOL, decode_base64, .fallback = "true",
	    .doc = "Look into base64"),
	KT_CONFIG_FIELD(struct encoding, BOOL, normalize_unicode,
	    .fallback = "true", .doc = "Look at the normal form of the text"),
	KT_CONFIG_FIELD(struct encoding, BOOL, detect_homoglyphs,
	    .fallback = "true", .doc = "Fold letters that look alike"),
};
static const struct kt_config_table encoding_table = {
	.name = "policy.prompt-injection.encoding",
	.doc = "Disguises to look through",
	.size = sizeof(struct encoding),
	.fields = encoding_fields,
	.n = KT_NELEMS(encoding_fields),
};
static const struct kt_config_field boundary_fields[] = {
	KT_CONFIG_FIELD(struct boundaries, BOOL, enforce_delimiters,
	    .fallback = "false", .doc = "Report text outside its delimiters"),
	KT_CONFIG_FIELD(struct boundaries, BOOL, reject_fake_boundaries,
	    .fallback = "true", .doc = "Report role marks inside a text"),
};
static const struct kt_config_table boundaries_table = {
	.name = "policy.prompt-injection.boundaries",
	.doc = "Where one speaker ends and the next begins",
	.size = sizeof(struct boundaries),
	.fields = boundary_fields,
	.n = KT_NELEMS(boundary_fields),
};
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action, .names = actions,
	    .fallback = "flag",
	    .doc = "What to do about a finding above the second threshold"),
	KT_CONFIG_FIELD(struct settings, ENUM, sensitivity,
	    .names = sensitivities, .fallback = "medium",
	    .doc = "The second threshold: low blocks only the most certain"),
	KT_CONFIG_FIELD(struct settings, ENUM, tool_results, .names = results,
	    .fallback = "flag",
	    .doc = "The same for what tools gave back; strip removes it"),
	KT_CONFIG_FIELD(struct settings, SECTIONS, attack_patterns,
	    .table = &kt_policy_pattern_table,
	    .doc = "Patterns of the user's own"),
	KT_CONFIG_SUBSECTION(struct settings, encoding, &encoding_table,
	    .doc = "Disguises to look through"),
	KT_CONFIG_SUBSECTION(struct settings, boundaries, &boundaries_table,
	    .doc = "Where one speaker ends and the next begins"),
};
static void
check(void *section, struct kt_config_ctx *ctx)
{
	const struct settings *s = section;

	kt_policy_check_patterns(ctx, &s->attack_patterns);
}

static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "prompt-injection", fields,
	.check = check,
	.doc = "Attacks on the model, direct and by way of tools and documents");

static const struct settings *
of(const struct kt_policy *p)
{
	return (const struct settings *)p->common;
}

static enum kt_rc
define(const struct kt_policy *p, struct kt_arena *mem,
    struct kt_detector *out, size_t room, size_t *n, struct kt_err *err)
{
	enum kt_rc rc = kt_policy_define_patterns(
	    p, &of(p)->attack_patterns, mem, out, room, n, err);

	for (size_t i = 0; rc == KT_OK && i < *n; i++)
		out[i].class = KT_CLASS_PROMPT_INJECTION;
	return rc;
}

static enum kt_rc
choose(struct kt_policy *p, const struct kt_detect *db, struct kt_err *err)
{
	(void)err; /* groups cannot be missing */
	kt_policy_select_group(p, db, "user");
	kt_policy_select_group(p, db, "injection");
	return KT_OK;
}

/* Is the finding in a disguise that is not to be looked through? */
static bool
is_left_alone(const struct encoding *e, unsigned disguise)
{
	return (!e->decode_base64 && (disguise & KT_DISGUISE_BASE64)) ||
	    (!e->normalize_unicode && (disguise & KT_DISGUISE_FORM)) ||
	    (!e->detect_homoglyphs && (disguise & KT_DISGUISE_LOOKALIKE));
}

static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	static const uint16_t thresholds_pm[] = { 950, 800, 500 };
	static const enum kt_action in_results[] = {
		KT_ACTION_BLOCK, KT_ACTION_REDACT, KT_ACTION_FLAG
	};
	const struct settings *s = of(p);

	(void)d;
	if (is_left_alone(&s->encoding, f->disguise))
		return KT_ACTION_IGNORE;
	switch (c) {
	case KT_COMPONENT_SYSTEM:
	case KT_COMPONENT_TOOLS:
	case KT_COMPONENT_TOOL_USE:
	case KT_COMPONENT_COMPLETION:
	case KT_NCOMPONENTS:
		return KT_ACTION_IGNORE;
	case KT_COMPONENT_MESSAGES:
	case KT_COMPONENT_TOOL_RESULTS:
	case KT_COMPONENT_IMAGES:
	case KT_COMPONENT_DOCUMENTS:
	case KT_COMPONENT_FILES:
		break;
	}
	if (f->confidence_pm < thresholds_pm[s->sensitivity])
		return KT_ACTION_FLAG;
	if (c == KT_COMPONENT_TOOL_RESULTS)
		return in_results[s->tool_results];
	return s->action == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

const struct kt_policy_kind kt_policy_prompt_injection = {
	.config = { .name = "prompt-injection", .table = &table },
	.define = define,
	.select = choose,
	.judge = judge,
};
