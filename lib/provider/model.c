/*
 * model - facts by prefix.  A model nobody knows is taken for a new one: the
 * newest refuse most, and what is left out is reported.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "chat/model.h"
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

const struct kt_model *
kt_tr_model(struct kt_span name)
{
	const struct kt_model *best = &models[0];

	name = kt_model_bare(name);
	for (size_t i = 0; i < KT_NELEMS(models); i++)
		if (kt_model_begins(name, models[i].prefix) &&
		    models[i].prefix.len > best->prefix.len)
			best = &models[i];
	return best;
}
