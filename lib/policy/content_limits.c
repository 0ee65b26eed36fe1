/*
 * content-limits - sizes and counts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/policy_priv.h"

struct settings {
	struct kt_config_common common;
	int action, uninspectable;
	int64_t max_bytes, max_chars, max_words, max_messages, max_tools;
	int64_t max_attachment_bytes, max_completion_chars;
};
static const char *const actions[] = { "block", "flag", NULL };

#define LIMIT(member, text) \
	KT_CONFIG_FIELD(struct settings, INT, member, .max = INT64_MAX, \
	    .fallback = "0", .doc = text "; 0: no limit")
static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, ENUM, action, .names = actions,
	    .fallback = "block", .doc = "What to do over a limit"),
	LIMIT(max_bytes, "Bytes of the request body"),
	LIMIT(max_chars, "Characters of all texts together"),
	LIMIT(max_words, "Words of all texts together"),
	LIMIT(max_messages, "Messages of the conversation"),
	LIMIT(max_tools, "Tool definitions"),
	LIMIT(max_attachment_bytes, "Bytes of images and documents as sent"),
	LIMIT(max_completion_chars, "Characters of a whole answer"),
	KT_CONFIG_FIELD(struct settings, ENUM, uninspectable,
	    .names = actions, .fallback = "flag",
	    .doc = "What to do about content that cannot be read: references "
	           "by URL or id, encrypted content, unknown kinds of blocks"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "content-limits", fields,
	.doc = "Sizes and counts of requests and answers");

static bool
is_over(int64_t limit, uint64_t value)
{
	return limit > 0 && value > (uint64_t)limit;
}

static enum kt_reason
measure(const struct kt_policy *p, const struct kt_measures *m, bool is_answer)
{
	const struct settings *s = (const struct settings *)p->common;

	if (is_answer)
		return is_over(s->max_completion_chars, m->chars) ?
		    KT_REASON_COMPLETION_SIZE : KT_REASON_NONE;
	if (is_over(s->max_bytes, m->bytes) || is_over(s->max_chars, m->chars) ||
	    is_over(s->max_words, m->words) ||
	    is_over(s->max_attachment_bytes, m->attachment_bytes))
		return KT_REASON_PROMPT_SIZE;
	if (is_over(s->max_messages, m->messages))
		return KT_REASON_PROMPT_MESSAGES;
	if (is_over(s->max_tools, m->tools))
		return KT_REASON_TOOL_COUNT;
	return KT_REASON_NONE;
}

/* What this policy does over a limit. */
static enum kt_action
judge(const struct kt_policy *p, const struct kt_detector *d,
    const struct kt_finding *f, enum kt_component c)
{
	const struct settings *s = (const struct settings *)p->common;

	(void)d, (void)f, (void)c; /* it has no findings, only measures */
	return s->action == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

static enum kt_action
unseen(const struct kt_policy *p)
{
	const struct settings *s = (const struct settings *)p->common;

	return s->uninspectable == 0 ? KT_ACTION_BLOCK : KT_ACTION_FLAG;
}

const struct kt_policy_kind kt_policy_content_limits = {
	.config = { .name = "content-limits", .table = &table },
	.judge = judge,
	.measure = measure,
	.unseen = unseen,
};
