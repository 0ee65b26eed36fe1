/*
 * model - facts by prefix, because names grow dates and suffixes faster than
 * any list of whole names.  A model nobody knows is taken for a new one: the
 * newest refuse most, and what is left out is reported.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

#define OFF KT_MODEL_OFF
#define SYSTEM KT_MODEL_SYSTEM
#define DEVELOPER KT_MODEL_DEVELOPER
static const struct kt_model models[] = {
#define KT_MODEL(name, s, e, t, f, max) \
	{ .prefix = KT_SPAN_INIT(name), .sampling = KT_SAMPLING_##s, \
	    .effort = KT_EFFORT_##e, .thinking = KT_THINKING_##t, \
	    .flags = (f), .max_output = (max) },
#include "provider/model.def"
};

/* "us.anthropic.claude-x", "openai/gpt-x", "anthropic/claude-x". */
static struct kt_span
bare(struct kt_span name)
{
	static const struct kt_span vendor = KT_SPAN_INIT("anthropic.");
	size_t at;

	while ((at = kt_span_find(name, '/')) < name.len)
		name = kt_span_sub(name, at + 1, name.len);
	for (at = 0; at + vendor.len < name.len; at++) {
		struct kt_span rest = kt_span_sub(name, at, name.len);

		if (kt_span_starts(rest, vendor))
			return kt_span_sub(rest, vendor.len, rest.len);
	}
	return name;
}

/* "gpt-5." must not take "gpt-5-mini"; "claude-opus-4" must not take
 * "claude-opus-42": a version ends where its digits end. */
static bool
begins(struct kt_span name, struct kt_span prefix)
{
	char last, next;

	if (!kt_span_starts(name, prefix))
		return false;
	if (prefix.len == 0 || prefix.len == name.len)
		return true;
	last = prefix.ptr[prefix.len - 1];
	next = name.ptr[prefix.len];
	return !(last >= '0' && last <= '9' && next >= '0' && next <= '9');
}

const struct kt_model *
kt_tr_model(struct kt_span name)
{
	const struct kt_model *best = &models[0];

	name = bare(name);
	for (size_t i = 0; i < KT_NELEMS(models); i++)
		if (begins(name, models[i].prefix) &&
		    models[i].prefix.len > best->prefix.len)
			best = &models[i];
	return best;
}
