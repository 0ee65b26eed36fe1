/*
 * A part of JSON Schema: each keyword says yes and no, and what is not
 * supported is refused by its name.
 */
#include "policy/schema.h"
#include "tests/unit/tap.h"

static bool
fits(const char *schema, struct kt_span text)
{
	struct kt_arena *mem = kt_arena_new(1u << 20);
	struct kt_err err = { 0 };
	struct kt_schema s;
	struct kt_json j;
	bool is_so;

	kt_json_init(&j, KT_ANSWER_MAX);
	if (!ok(kt_schema_init(&s, kt_span_of(schema), &err) == KT_OK))
		printf("# %s: %s\n", schema, err.text);
	ok(kt_json_parse(&j, text, NULL) == KT_OK);
	is_so = kt_schema_fits(&s, &j, text, kt_json_root(&j), mem);
	kt_schema_fini(&s);
	kt_json_fini(&j);
	kt_arena_free(&mem);
	return is_so;
}

static void
each_keyword_says_yes_and_no(void)
{
	static const struct {
		const char *schema, *yes[4], *no[4];
	} cases[] = {
		{ "true", { "1", "{}" }, { NULL } },
		{ "false", { NULL }, { "1", "null" } },
		{ "{}", { "null", "[[]]" }, { NULL } },
		{ "{\"type\":\"integer\"}", { "1", "-0", "1.0", "1e3" },
		    { "1.5", "\"1\"", "null" } },
		{ "{\"type\":[\"null\",\"boolean\"]}",
		    { "null", "true", "false" }, { "0", "\"\"" } },
		{ "{\"type\":\"number\"}", { "1", "1.5" }, { "true" } },
		{ "{\"enum\":[\"a\\u0062\",2,null]}",
		    { "\"ab\"", "\"\\u0061b\"", "2.0", "null" },
		    { "\"a\"", "3", "false" } },
		{ "{\"const\":\"x\"}", { "\"x\"" }, { "\"y\"", "1" } },
		{ "{\"properties\":{\"a\":{\"type\":\"string\"}}}",
		    { "{\"a\":\"\"}", "{\"b\":1}", "3" }, { "{\"a\":1}",
		    "{\"\\u0061\":1}" } },
		{ "{\"required\":[\"a\",\"b\"]}", { "{\"b\":1,\"a\":2}", "[]" },
		    { "{}", "{\"a\":1}" } },
		{ "{\"additionalProperties\":false,\"properties\":{\"a\":true}}",
		    { "{}", "{\"a\":1}", "{\"\\u0061\":1}" },
		    { "{\"b\":1}", "{\"a\":1,\"c\":1}" } },
		{ "{\"additionalProperties\":{\"type\":\"null\"}}",
		    { "{\"x\":null}" }, { "{\"x\":1}" } },
		{ "{\"minProperties\":1,\"maxProperties\":2}",
		    { "{\"a\":1}", "{\"a\":1,\"b\":2}", "0" },
		    { "{}", "{\"a\":1,\"b\":2,\"c\":3}" } },
		{ "{\"items\":{\"type\":\"integer\"}}", { "[]", "[1,2]", "{}" },
		    { "[1,\"2\"]" } },
		{ "{\"minItems\":1,\"maxItems\":2}", { "[1]", "[1,[2,3]]" },
		    { "[]", "[1,2,3]" } },
		{ "{\"minLength\":2,\"maxLength\":3}",
		    { "\"ab\"", "\"\\u00e9\xc3\xa9x\"",
		        "\"\\ud83d\\ude00a\"", "1" },
		    { "\"a\"", "\"\"", "\"abcd\"" } },
		{ "{\"pattern\":\"^[a-z]+\\\\d$\"}", { "\"abc1\"", "7" },
		    { "\"abc\"", "\"1\"" } },
		{ "{\"pattern\":\"^[a-z]+$\"}", { "\"ab\"" },
		    { "\"ab\\n\"" } },
		{ "{\"minimum\":-1.5,\"maximum\":10}", { "-1.5", "10", "\"\"" },
		    { "-1.6", "10.01", "1e9" } },
		{ "{\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}", { "0.5" },
		    { "0", "1" } },
		{ "{\"title\":\"t\",\"description\":\"d\",\"default\":1,"
		  "\"examples\":[],\"$schema\":\"s\",\"$comment\":\"c\"}",
		    { "1" }, { NULL } },
		{ "{\"type\":\"object\",\"properties\":{\"l\":{\"type\":\"array\","
		  "\"items\":{\"required\":[\"id\"],\"properties\":{\"id\":"
		  "{\"type\":\"integer\"}}}}}}",
		    { "{\"l\":[{\"id\":1},{\"id\":2}]}" },
		    { "{\"l\":[{\"id\":1},{\"id\":\"2\"}]}", "{\"l\":[{}]}" } },
	};

	for (size_t i = 0; i < KT_NELEMS(cases); i++) {
		for (size_t k = 0; k < 4 && cases[i].yes[k]; k++)
			if (!ok(fits(cases[i].schema,
			        kt_span_of(cases[i].yes[k]))))
				printf("# %s: %s\n", cases[i].schema,
				    cases[i].yes[k]);
		for (size_t k = 0; k < 4 && cases[i].no[k]; k++)
			if (!ok(!fits(cases[i].schema,
			        kt_span_of(cases[i].no[k]))))
				printf("# %s: not %s\n", cases[i].schema,
				    cases[i].no[k]);
	}
}

static bool
is_refused(struct kt_span schema, const char *why)
{
	struct kt_err err = { 0 };
	struct kt_schema s;
	bool is_so = kt_schema_init(&s, schema, &err) < 0 &&
	    strstr(err.text, why) != NULL;

	if (!is_so)
		printf("# %.*s: %s\n", (int)(schema.len < 200 ? schema.len : 200),
		    schema.ptr, err.text);
	kt_schema_fini(&s);
	return is_so;
}

static void
what_is_not_supported_is_refused_by_name(void)
{
	static const char *const words[] = { "$ref", "$defs", "allOf", "anyOf",
		"oneOf", "not", "if", "then", "else", "format", "multipleOf",
		"uniqueItems", "contains", "prefixItems", "patternProperties",
		"propertyNames", "dependentRequired", "dependentSchemas",
		"unevaluatedProperties", "contentEncoding", "$id", "typo" };
	static const struct {
		const char *schema, *why;
	} others[] = {
		{ "1", "not a schema" },
		{ "{\"items\":[{}]}", "'/items': not a schema" },
		{ "{\"type\":\"text\"}", "'/type': not a type" },
		{ "{\"type\":[\"string\",1]}", "'/type': not a type" },
		{ "{\"enum\":[{}]}", "'/enum': a list of plain values" },
		{ "{\"const\":[1]}", "'/const': objects and arrays" },
		{ "{\"required\":[1]}", "'/required': a list of names" },
		{ "{\"minItems\":-1}", "'/minItems': a whole number" },
		{ "{\"maximum\":\"1\"}", "'/maximum': a number" },
		{ "{\"pattern\":\"(\"}", "'/pattern': not a regular" },
		{ "{\"pattern\":1}", "'/pattern': a pattern is a string" },
		{ "{\"properties\":[]}", "'/properties': an object of" },
		{ "{\"type\":\"null\",\"type\":\"null\"}", "schema" },
		{ "{", "schema" },
	};
	char text[128], why[64];

	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		(void)snprintf(text, sizeof(text),
		    "{\"items\":{\"%s\":true}}", words[i]);
		(void)snprintf(why, sizeof(why), "'/items/%s': this keyword",
		    words[i]);
		ok(is_refused(kt_span_of(text), why));
	}
	for (size_t i = 0; i < KT_NELEMS(others); i++)
		ok(is_refused(kt_span_of(others[i].schema), others[i].why));
}

static void
add(struct kt_buf *b, const char *s, size_t times)
{
	for (size_t i = 0; i < times; i++)
		if (kt_buf_add(b, kt_span_of(s)) < 0)
			abort();
}

static void
a_schema_keeps_to_its_bounds(void)
{
	struct kt_buf b;

	kt_buf_init(&b, 4u << 20);
	add(&b, "{\"items\":", KT_SCHEMA_DEPTH_MAX);
	add(&b, "{}", 1);
	add(&b, "}", KT_SCHEMA_DEPTH_MAX);
	ok(is_refused(kt_buf_span(&b), "too deep"));
	kt_buf_reset(&b);
	add(&b, "{\"properties\":{", 1);
	for (unsigned i = 0; i <= KT_SCHEMA_PATTERNS_MAX; i++)
		if (kt_buf_printf(&b, "%s\"p%u\":{\"pattern\":\"a\"}",
		        i > 0 ? "," : "", i) < 0)
			abort();
	add(&b, "}}", 1);
	ok(is_refused(kt_buf_span(&b), "too many patterns"));
	kt_buf_reset(&b);
	add(&b, " ", KT_SCHEMA_BYTES_MAX);
	add(&b, "{}", 1);
	ok(is_refused(kt_buf_span(&b), "schema"));
	kt_buf_fini(&b);
}

static void
what_costs_too_much_does_not_fit(void)
{
	struct kt_buf b;

	kt_buf_init(&b, KT_ANSWER_MAX);
	add(&b, "\"", 1);
	add(&b, "a", KT_SCHEMA_PATTERN_TEXT_MAX);
	add(&b, "\"", 1);
	ok(fits("{\"pattern\":\"a\"}", kt_buf_span(&b)));
	b.len--;
	add(&b, "a\"", 1);
	ok(!fits("{\"pattern\":\"a\"}", kt_buf_span(&b)));
	/* Backtracking that never ends is no match. */
	ok(!fits("{\"pattern\":\"(a+)+$\"}", KT_SPAN("\"aaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaab\"")));
	/* A value for which the steps are used up fits nothing. */
	kt_buf_reset(&b);
	add(&b, "[0", 1);
	add(&b, ",       0", 100000);
	add(&b, "]", 1);
	ok(fits("{\"items\":{\"type\":\"integer\"}}", kt_buf_span(&b)));
	kt_buf_reset(&b);
	add(&b, "[0", 1);
	add(&b, ",       0", KT_SCHEMA_STEPS_MAX / 2);
	add(&b, "]", 1);
	ok(!fits("{\"items\":{\"type\":\"integer\"}}", kt_buf_span(&b)));
	ok(!fits("{\"maxItems\":1000000}", kt_buf_span(&b)));
	kt_buf_fini(&b);
}

int
main(void)
{
	RUN(each_keyword_says_yes_and_no);
	RUN(what_is_not_supported_is_refused_by_name);
	RUN(a_schema_keeps_to_its_bounds);
	RUN(what_costs_too_much_does_not_fit);
	return done();
}
