/*
 * reason - a code for each thing that can be said, by class and place.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/reason.h"

static const char *const reason_codes[KT_NREASONS] = {
#define KT_REASON(id, code, meaning) [KT_REASON_##id] = code,
#include "policy/reason.def"
};

static const char *const reason_meanings[KT_NREASONS] = {
#define KT_REASON(id, code, meaning) [KT_REASON_##id] = meaning,
#include "policy/reason.def"
};

enum where { PROMPT, SYSTEM, TOOL, COMPLETION, NWHERE };

#define ROW(id) \
	{ KT_REASON_PROMPT_##id, KT_REASON_SYSTEM_##id, KT_REASON_TOOL_##id, \
		KT_REASON_COMPLETION_##id }
static const enum kt_reason by_class[KT_NCLASSES][NWHERE] = {
	[KT_CLASS_NONE] = ROW(TERM),
	[KT_CLASS_INTERNAL] = ROW(INTERNAL),
	[KT_CLASS_CLINICAL] = ROW(CLINICAL),
	[KT_CLASS_PII] = ROW(PII),
	[KT_CLASS_PCI] = ROW(PCI),
	[KT_CLASS_PHI] = ROW(PHI),
	[KT_CLASS_SECRET] = ROW(SECRET),
	[KT_CLASS_PROMPT_INJECTION] = ROW(INJECTION),
	[KT_CLASS_UNINSPECTABLE] = ROW(UNINSPECTABLE),
};

static const enum kt_reason of_url[NWHERE] = ROW(URL);

const char *
kt_reason_code(enum kt_reason r)
{
	return reason_codes[r];
}

const char *
kt_reason_meaning(enum kt_reason r)
{
	return reason_meanings[r];
}

static enum where
where_of(enum kt_component c)
{
	switch (c) {
	case KT_COMPONENT_SYSTEM:
		return SYSTEM;
	case KT_COMPONENT_TOOLS:
	case KT_COMPONENT_TOOL_USE:
	case KT_COMPONENT_TOOL_RESULTS:
		return TOOL;
	case KT_COMPONENT_COMPLETION:
		return COMPLETION;
	case KT_COMPONENT_MESSAGES:
	case KT_COMPONENT_IMAGES:
	case KT_COMPONENT_DOCUMENTS:
	case KT_COMPONENT_FILES:
	case KT_NCOMPONENTS:
		break;
	}
	return PROMPT;
}

enum kt_reason
kt_reason_of(enum kt_component c, enum kt_class class)
{
	return by_class[class][where_of(c)];
}

enum kt_reason
kt_reason_of_url(enum kt_component c)
{
	return of_url[where_of(c)];
}

enum kt_reason
kt_reason_in_answer(enum kt_reason r)
{
	if (r == of_url[PROMPT])
		return of_url[COMPLETION];
	for (size_t i = 0; i < KT_NELEMS(by_class); i++)
		if (r == by_class[i][PROMPT])
			return by_class[i][COMPLETION];
	return r;
}
