/*
 * limits - the table of what may pass in a span of time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/callers.h"
#include "config/check.h"

#define S struct kt_config_rate_limits
#define LIMIT(member, what) \
	KT_CONFIG_FIELD(S, INT, member, .min = 1, .max = KT_CONFIG_LIMIT_MAX, \
	    .doc = what "; absent, no limit")
static const struct kt_config_field rate_fields[] = {
	LIMIT(requests_per_minute, "Requests in a minute"),
	LIMIT(requests_per_day, "Requests in a day"),
	LIMIT(tokens_per_minute, "Tokens in a minute, both directions"),
	LIMIT(tokens_per_day, "Tokens in a day, both directions"),
	LIMIT(input_tokens_per_minute, "Tokens sent in a minute"),
	LIMIT(input_tokens_per_day, "Tokens sent in a day"),
	LIMIT(output_tokens_per_minute, "Tokens answered in a minute"),
	LIMIT(output_tokens_per_day, "Tokens answered in a day"),
};
#undef S
const struct kt_config_table kt_config_rate_limits_table = {
	.name = "rate_limits",
	.doc = "How much may pass in a span of time",
	.size = sizeof(struct kt_config_rate_limits),
	.fields = rate_fields, .n = KT_NELEMS(rate_fields),
};
