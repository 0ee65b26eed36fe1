/*
 * schema - a bounded part of JSON Schema (draft 2020-12).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    type, enum and const of plain values, properties, required,
 *           additionalProperties, minProperties, maxProperties, items,
 *           minItems, maxItems, minLength, maxLength, pattern, minimum,
 *           maximum, exclusiveMinimum, exclusiveMaximum, and schemas that
 *           are true or false.
 * Does not: follow references or combine schemas.  A keyword that is not
 *           above, nor one that only explains (title, description, default,
 *           examples, $schema, $comment), is refused by its name.
 * Promises: the work on any value is bounded (KT_SCHEMA_STEPS_MAX); what
 *           cannot be decided does not fit; numbers are compared as doubles.
 */
#ifndef KT_POLICY_SCHEMA_H
#define KT_POLICY_SCHEMA_H
#include "detect/regex.h"
#include "json/json.h"

struct kt_schema {
	struct kt_json json;
	struct kt_span text; /* borrowed */
	struct kt_schema_pattern {
		uint32_t node;
		struct kt_detect_regex *regex;
	} patterns[KT_SCHEMA_PATTERNS_MAX];
	size_t npatterns;
	size_t steps; /* of the fit under way */
};

/* text is the schema as JSON, and outlives it.  KT_E_PARSE says what is wrong
 * or not supported, and where; _fini is due in any case. */
KT_MUSTCHECK enum kt_rc kt_schema_init(
    struct kt_schema *s, struct kt_span text, struct kt_err *err);
void kt_schema_fini(struct kt_schema *s);
/* Does the value n fit?  mem is for a moment. */
bool kt_schema_fits(struct kt_schema *s, const struct kt_json *j,
    struct kt_span text, uint32_t n, struct kt_arena *mem);

#endif
