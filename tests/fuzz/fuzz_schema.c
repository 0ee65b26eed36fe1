/*
 * A schema and a value, apart by the first NUL.  Whatever is read as a schema
 * says the same twice, fits nothing that the schema false refuses, and takes
 * no more than its steps.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "policy/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
compare(struct kt_schema *s, struct kt_span text)
{
	struct kt_arena *mem = kt_arena_new(4u << 20);
	struct kt_json j;
	bool once;

	kt_json_init(&j, 1u << 20);
	if (mem != NULL && kt_json_parse(&j, text, NULL) == KT_OK) {
		once = kt_schema_fits(s, &j, text, kt_json_root(&j), mem);
		if (s->steps > KT_SCHEMA_STEPS_MAX)
			KT_BUG("more steps than there are");
		kt_arena_reset(mem);
		if (once != kt_schema_fits(s, &j, text, kt_json_root(&j), mem))
			KT_BUG("one value, two answers");
		if (once && (s->steps == KT_SCHEMA_STEPS_MAX ||
		        kt_span_eq(s->text, KT_SPAN("false"))))
			KT_BUG("what cannot be decided fits");
		if (kt_schema_fits(s, &j, text, 0, mem))
			KT_BUG("nothing fits");
	}
	kt_json_fini(&j);
	kt_arena_free(&mem);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kt_span all = { (const char *)bytes, len };
	size_t at = kt_span_find(all, '\0');
	struct kt_schema s;

	if (kt_schema_init(&s, kt_span_sub(all, 0, at), NULL) == KT_OK &&
	    at < len)
		compare(&s, kt_span_sub(all, at + 1, len));
	kt_schema_fini(&s);
	return 0;
}
