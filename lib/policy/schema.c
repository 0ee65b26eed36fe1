/*
 * schema - one walk to read a schema, one to compare a value with it.  Both
 * go down the schema, which is not deep, never the value alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdlib.h>

#include "json/text.h"
#include "policy/schema.h"

/* A number as text; more digits say nothing that a double could keep. */
#define NUMBER_MAX 64

struct fit {
	struct kt_schema *s;
	const struct kt_json *j;
	struct kt_span text;
	struct kt_arena *mem;
};

static bool
number_of(const struct kt_json *j, struct kt_span text, uint32_t n, double *v)
{
	struct kt_span raw = kt_json_raw(j, text, n);
	char digits[NUMBER_MAX];

	if (kt_json_type(j, n) != KT_JSON_NUMBER || raw.len >= sizeof(digits))
		return false;
	memcpy(digits, raw.ptr, raw.len);
	digits[raw.len] = '\0';
	*v = strtod(digits, NULL);
	return isfinite(*v);
}

/* Counts work; false: there was too much of it. */
static bool
spend(struct fit *f, size_t steps)
{
	size_t left = KT_SCHEMA_STEPS_MAX - f->s->steps;

	f->s->steps += steps < left ? steps : left;
	return steps < left;
}

/* ---- comparing ---- */

static bool
has_type(const struct fit *f, uint32_t n, struct kt_span word)
{
	static const struct {
		struct kt_span word;
		enum kt_json_type type;
	} types[] = {
		{ KT_SPAN_INIT("null"), KT_JSON_NULL },
		{ KT_SPAN_INIT("boolean"), KT_JSON_TRUE },
		{ KT_SPAN_INIT("boolean"), KT_JSON_FALSE },
		{ KT_SPAN_INIT("string"), KT_JSON_STRING },
		{ KT_SPAN_INIT("array"), KT_JSON_ARRAY },
		{ KT_SPAN_INIT("object"), KT_JSON_OBJECT },
		{ KT_SPAN_INIT("number"), KT_JSON_NUMBER },
	};
	double v;

	if (kt_span_eq(word, KT_SPAN("integer")))
		return number_of(f->j, f->text, n, &v) && floor(v) == v;
	for (size_t i = 0; i < KT_NELEMS(types); i++) {
		if (types[i].type == kt_json_type(f->j, n) &&
		    kt_span_eq(types[i].word, word))
			return true;
	}
	return false;
}

static bool
fits_type(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;

	if (kt_json_type(j, at) == KT_JSON_STRING)
		return has_type(f, n, kt_json_string(j, f->s->text, at));
	for (uint32_t i = kt_json_first(j, at); i != 0; i = kt_json_next(j, i)) {
		if (has_type(f, n, kt_json_string(j, f->s->text, i)))
			return true;
	}
	return false;
}

/* The plain value `at` of the schema is the value n. */
static bool
is_same(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;
	double a, b;

	if (kt_json_type(j, at) != kt_json_type(f->j, n) ||
	    !spend(f, 1 + kt_json_raw(j, f->s->text, at).len))
		return false;
	if (kt_json_type(j, at) == KT_JSON_NUMBER)
		return number_of(j, f->s->text, at, &a) &&
		    number_of(f->j, f->text, n, &b) && a == b;
	if (kt_json_type(j, at) == KT_JSON_STRING)
		return kt_json_text_eq(kt_json_string(j, f->s->text, at),
		    kt_json_string(f->j, f->text, n));
	return true; /* null, true or false */
}

static bool
fits_enum(struct fit *f, uint32_t at, uint32_t n)
{
	for (uint32_t i = kt_json_first(&f->s->json, at); i != 0;
	     i = kt_json_next(&f->s->json, i)) {
		if (is_same(f, i, n))
			return true;
	}
	return false;
}

/* How many: characters, elements or members; UINT64_MAX: too much work. */
static uint64_t
length_of(struct fit *f, uint32_t n)
{
	struct kt_span s = kt_json_string(f->j, f->text, n);
	uint64_t count = 0;

	if (kt_json_type(f->j, n) == KT_JSON_STRING) {
		if (!spend(f, s.len / 64 + 1) ||
		    kt_json_unescape(s, f->mem, &s, NULL) < 0)
			return UINT64_MAX;
		for (size_t i = 0; i < s.len; i++)
			count += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
		return count;
	}
	for (uint32_t i = kt_json_first(f->j, n); i != 0; count++) {
		if (kt_json_type(f->j, i) == KT_JSON_NAME)
			i = kt_json_value_of(f->j, i);
		i = kt_json_next(f->j, i);
		if (!spend(f, 1))
			return UINT64_MAX;
	}
	return count;
}

static bool
fits_least(struct fit *f, uint32_t at, uint32_t n)
{
	uint64_t least, length = length_of(f, n);

	return length != UINT64_MAX &&
	    kt_json_u64(&f->s->json, f->s->text, at, &least) &&
	    length >= least;
}

static bool
fits_most(struct fit *f, uint32_t at, uint32_t n)
{
	uint64_t most;

	return kt_json_u64(&f->s->json, f->s->text, at, &most) &&
	    length_of(f, n) <= most;
}

static bool
numbers(const struct fit *f, uint32_t at, uint32_t n, double *bound, double *v)
{
	return number_of(&f->s->json, f->s->text, at, bound) &&
	    number_of(f->j, f->text, n, v);
}

static bool
fits_minimum(struct fit *f, uint32_t at, uint32_t n)
{
	double bound, v;

	return numbers(f, at, n, &bound, &v) && v >= bound;
}

static bool
fits_maximum(struct fit *f, uint32_t at, uint32_t n)
{
	double bound, v;

	return numbers(f, at, n, &bound, &v) && v <= bound;
}

static bool
fits_above(struct fit *f, uint32_t at, uint32_t n)
{
	double bound, v;

	return numbers(f, at, n, &bound, &v) && v > bound;
}

static bool
fits_below(struct fit *f, uint32_t at, uint32_t n)
{
	double bound, v;

	return numbers(f, at, n, &bound, &v) && v < bound;
}

static bool
fits_pattern(struct fit *f, uint32_t at, uint32_t n)
{
	struct kt_span s = kt_json_string(f->j, f->text, n);
	const struct kt_schema_pattern *p = f->s->patterns;
	size_t start, end;

	while (p->node != at)
		p++; /* each was compiled when the schema was read */
	return s.len <= KT_SCHEMA_PATTERN_TEXT_MAX && spend(f, 16 * s.len) &&
	    kt_json_unescape(s, f->mem, &s, NULL) == KT_OK &&
	    kt_detect_regex_find(p->regex, s, 0, &start, &end) == 1;
}

static bool fits(struct fit *f, uint32_t at, uint32_t n);

static bool
fits_items(struct fit *f, uint32_t at, uint32_t n)
{
	for (uint32_t i = kt_json_first(f->j, n); i != 0;
	     i = kt_json_next(f->j, i)) {
		if (!fits(f, at, i))
			return false;
	}
	return true;
}

/* A member by the name of one of the other side; 0: there is none. */
static uint32_t
member_called(struct fit *f, const struct kt_json *in, struct kt_span text,
    uint32_t object, const struct kt_json *by, struct kt_span words,
    uint32_t name)
{
	struct kt_span word = kt_json_string(by, words, name);

	for (uint32_t i = kt_json_first(in, object); i != 0;
	     i = kt_json_next(in, kt_json_value_of(in, i))) {
		if (!spend(f, 1))
			return 0;
		if (kt_json_text_eq(kt_json_string(in, text, i), word))
			return kt_json_value_of(in, i);
	}
	return 0;
}

static bool
fits_required(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;

	for (uint32_t i = kt_json_first(j, at); i != 0; i = kt_json_next(j, i)) {
		if (member_called(f, f->j, f->text, n, j, f->s->text, i) == 0)
			return false;
	}
	return true;
}

static bool
fits_properties(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;

	for (uint32_t i = kt_json_first(f->j, n); i != 0;
	     i = kt_json_next(f->j, kt_json_value_of(f->j, i))) {
		uint32_t sub = member_called(
		    f, j, f->s->text, at, f->j, f->text, i);

		if (sub != 0 && !fits(f, sub, kt_json_value_of(f->j, i)))
			return false;
	}
	return true;
}

static bool
fits_additional(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;
	uint32_t schema = kt_json_parent(j, kt_json_name_of(j, at));
	uint32_t known = kt_json_member(
	    j, f->s->text, schema, KT_SPAN("properties"));

	for (uint32_t i = kt_json_first(f->j, n); i != 0;
	     i = kt_json_next(f->j, kt_json_value_of(f->j, i))) {
		if (member_called(
		        f, j, f->s->text, known, f->j, f->text, i) == 0 &&
		    !fits(f, at, kt_json_value_of(f->j, i)))
			return false;
	}
	return true;
}

/* ---- the keywords ---- */

/* What the value of a keyword has to be. */
enum form { FREE, TYPES, PLAIN, PLAINS, NAMES, COUNT, NUMBER, REGEX, SCHEMA,
	SCHEMAS };

#define BIT(type) (1u << KT_JSON_##type)
#define OF_ANY UINT32_MAX
static const struct keyword {
	struct kt_span word;
	enum form form;
	bool (*fits)(struct fit *f, uint32_t at, uint32_t n); /* NULL: always */
	uint32_t types; /* of values that it speaks of */
} keywords[] = {
	{ KT_SPAN_INIT("type"), TYPES, fits_type, OF_ANY },
	{ KT_SPAN_INIT("enum"), PLAINS, fits_enum, OF_ANY },
	{ KT_SPAN_INIT("const"), PLAIN, is_same, OF_ANY },
	{ KT_SPAN_INIT("properties"), SCHEMAS, fits_properties, BIT(OBJECT) },
	{ KT_SPAN_INIT("required"), NAMES, fits_required, BIT(OBJECT) },
	{ KT_SPAN_INIT("additionalProperties"), SCHEMA, fits_additional,
	    BIT(OBJECT) },
	{ KT_SPAN_INIT("minProperties"), COUNT, fits_least, BIT(OBJECT) },
	{ KT_SPAN_INIT("maxProperties"), COUNT, fits_most, BIT(OBJECT) },
	{ KT_SPAN_INIT("items"), SCHEMA, fits_items, BIT(ARRAY) },
	{ KT_SPAN_INIT("minItems"), COUNT, fits_least, BIT(ARRAY) },
	{ KT_SPAN_INIT("maxItems"), COUNT, fits_most, BIT(ARRAY) },
	{ KT_SPAN_INIT("minLength"), COUNT, fits_least, BIT(STRING) },
	{ KT_SPAN_INIT("maxLength"), COUNT, fits_most, BIT(STRING) },
	{ KT_SPAN_INIT("pattern"), REGEX, fits_pattern, BIT(STRING) },
	{ KT_SPAN_INIT("minimum"), NUMBER, fits_minimum, BIT(NUMBER) },
	{ KT_SPAN_INIT("maximum"), NUMBER, fits_maximum, BIT(NUMBER) },
	{ KT_SPAN_INIT("exclusiveMinimum"), NUMBER, fits_above, BIT(NUMBER) },
	{ KT_SPAN_INIT("exclusiveMaximum"), NUMBER, fits_below, BIT(NUMBER) },
	{ KT_SPAN_INIT("title"), FREE, NULL, 0 },
	{ KT_SPAN_INIT("description"), FREE, NULL, 0 },
	{ KT_SPAN_INIT("default"), FREE, NULL, 0 },
	{ KT_SPAN_INIT("examples"), FREE, NULL, 0 },
	{ KT_SPAN_INIT("$schema"), FREE, NULL, 0 },
	{ KT_SPAN_INIT("$comment"), FREE, NULL, 0 },
};

/* NULL: not one of ours. */
static const struct keyword *
keyword_of(const struct kt_schema *s, uint32_t name)
{
	for (size_t i = 0; i < KT_NELEMS(keywords); i++) {
		if (kt_json_is(&s->json, s->text, name, keywords[i].word))
			return &keywords[i];
	}
	return NULL;
}

static bool
fits(struct fit *f, uint32_t at, uint32_t n)
{
	const struct kt_json *j = &f->s->json;

	if (!spend(f, 1) || kt_json_type(j, at) == KT_JSON_FALSE)
		return false;
	for (uint32_t i = kt_json_first(j, at); i != 0;
	     i = kt_json_next(j, kt_json_value_of(j, i))) {
		const struct keyword *k = keyword_of(f->s, i);

		if (k == NULL || !spend(f, 1))
			return false;
		if (k->fits != NULL &&
		    (k->types & 1u << kt_json_type(f->j, n)) != 0 &&
		    !k->fits(f, kt_json_value_of(j, i), n))
			return false;
	}
	return true;
}

bool
kt_schema_fits(struct kt_schema *s, const struct kt_json *j,
    struct kt_span text, uint32_t n, struct kt_arena *mem)
{
	struct fit f = { .s = s, .j = j, .text = text, .mem = mem };

	/* A search that ran out of steps may have overlooked a property. */
	s->steps = 0;
	return n != 0 && fits(&f, kt_json_root(&s->json), n) && spend(&f, 1);
}

/* ---- reading ---- */

static enum kt_rc
refuse(const struct kt_schema *s, uint32_t node, const char *what,
    struct kt_err *err)
{
	struct kt_span p;
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, 4096);
	if (kt_json_pointer(&s->json, s->text, node, &b) < 0)
		kt_buf_reset(&b);
	p = kt_buf_span(&b);
	rc = kt_fail(err, KT_E_PARSE, "schema at '%.*s': %s",
	    (int)(p.len < 120 ? p.len : 120), p.len > 0 ? p.ptr : "", what);
	kt_buf_fini(&b);
	return rc;
}

static bool
is_plain(enum kt_json_type t)
{
	return t == KT_JSON_NULL || t == KT_JSON_FALSE || t == KT_JSON_TRUE ||
	    t == KT_JSON_NUMBER || t == KT_JSON_STRING;
}

static bool
is_type_word(const struct kt_schema *s, uint32_t n)
{
	static const struct kt_span words[] = { KT_SPAN_INIT("null"),
		KT_SPAN_INIT("boolean"), KT_SPAN_INIT("object"),
		KT_SPAN_INIT("array"), KT_SPAN_INIT("number"),
		KT_SPAN_INIT("string"), KT_SPAN_INIT("integer") };

	for (size_t i = 0; i < KT_NELEMS(words); i++) {
		if (kt_json_type(&s->json, n) == KT_JSON_STRING &&
		    kt_span_eq(kt_json_string(&s->json, s->text, n), words[i]))
			return true;
	}
	return false;
}

/* Is every element such a thing?  Not of what is no list. */
static bool
are_all(const struct kt_schema *s, uint32_t list,
    bool (*is)(const struct kt_schema *s, uint32_t n))
{
	if (kt_json_type(&s->json, list) != KT_JSON_ARRAY)
		return false;
	for (uint32_t i = kt_json_first(&s->json, list); i != 0;
	     i = kt_json_next(&s->json, i)) {
		if (!is(s, i))
			return false;
	}
	return true;
}

static bool
is_string(const struct kt_schema *s, uint32_t n)
{
	return kt_json_type(&s->json, n) == KT_JSON_STRING;
}

static bool
is_plain_node(const struct kt_schema *s, uint32_t n)
{
	return is_plain(kt_json_type(&s->json, n));
}

static enum kt_rc
compile(struct kt_schema *s, uint32_t n, struct kt_err *err)
{
	struct kt_schema_pattern *p = &s->patterns[s->npatterns];
	struct kt_span raw = kt_json_string(&s->json, s->text, n);
	struct kt_buf b;
	enum kt_rc rc;

	if (!is_string(s, n))
		return refuse(s, n, "a pattern is a string", err);
	if (s->npatterns == KT_NELEMS(s->patterns))
		return refuse(s, n, "too many patterns", err);
	kt_buf_init(&b, KT_SCHEMA_BYTES_MAX);
	rc = kt_json_unescape_add(&b, raw);
	if (rc == KT_OK)
		rc = kt_detect_regex_new(&p->regex, kt_buf_span(&b),
		    KT_DETECT_REGEX_TEXT, err);
	kt_buf_fini(&b);
	if (rc < 0)
		return refuse(s, n, "not a regular expression", err);
	p->node = n;
	s->npatterns++;
	return KT_OK;
}

static enum kt_rc check(
    struct kt_schema *s, uint32_t n, unsigned depth, struct kt_err *err);

static enum kt_rc
check_all(struct kt_schema *s, uint32_t n, unsigned depth, struct kt_err *err)
{
	enum kt_rc rc = KT_OK;

	if (kt_json_type(&s->json, n) != KT_JSON_OBJECT)
		return refuse(s, n, "an object of schemas is wanted", err);
	for (uint32_t i = kt_json_first(&s->json, n); rc == KT_OK && i != 0;
	     i = kt_json_next(&s->json, kt_json_value_of(&s->json, i)))
		rc = check(s, kt_json_value_of(&s->json, i), depth, err);
	return rc;
}

static enum kt_rc
check_value(struct kt_schema *s, enum form form, uint32_t n, unsigned depth,
    struct kt_err *err)
{
	uint64_t count;
	double v;

	switch (form) {
	case FREE:
		return KT_OK;
	case TYPES:
		return is_type_word(s, n) || are_all(s, n, is_type_word) ?
		    KT_OK : refuse(s, n, "not a type", err);
	case PLAIN:
		return is_plain_node(s, n) ? KT_OK : refuse(s, n,
		    "objects and arrays are not supported here", err);
	case PLAINS:
		return are_all(s, n, is_plain_node) ? KT_OK : refuse(s, n,
		    "a list of plain values is wanted", err);
	case NAMES:
		return are_all(s, n, is_string) ? KT_OK :
		    refuse(s, n, "a list of names is wanted", err);
	case COUNT:
		return kt_json_u64(&s->json, s->text, n, &count) ? KT_OK :
		    refuse(s, n, "a whole number is wanted", err);
	case NUMBER:
		return number_of(&s->json, s->text, n, &v) ? KT_OK :
		    refuse(s, n, "a number is wanted", err);
	case REGEX:
		return compile(s, n, err);
	case SCHEMA:
		return check(s, n, depth, err);
	case SCHEMAS:
		return check_all(s, n, depth, err);
	}
	return KT_E_PARSE;
}

static enum kt_rc
check(struct kt_schema *s, uint32_t n, unsigned depth, struct kt_err *err)
{
	enum kt_json_type type = kt_json_type(&s->json, n);
	enum kt_rc rc = KT_OK;

	if (type == KT_JSON_TRUE || type == KT_JSON_FALSE)
		return KT_OK;
	if (type != KT_JSON_OBJECT)
		return refuse(s, n, "not a schema", err);
	if (depth == KT_SCHEMA_DEPTH_MAX)
		return refuse(s, n, "too deep", err);
	for (uint32_t i = kt_json_first(&s->json, n); rc == KT_OK && i != 0;
	     i = kt_json_next(&s->json, kt_json_value_of(&s->json, i))) {
		const struct keyword *k = keyword_of(s, i);

		if (k == NULL)
			return refuse(s, i, "this keyword is not supported", err);
		rc = check_value(s, k->form, kt_json_value_of(&s->json, i),
		    depth + 1, err);
	}
	return rc;
}

enum kt_rc
kt_schema_init(struct kt_schema *s, struct kt_span text, struct kt_err *err)
{
	*s = (struct kt_schema){ .text = text };
	kt_json_init(&s->json, KT_SCHEMA_BYTES_MAX);
	if (kt_json_parse(&s->json, text, err) < 0)
		return kt_wrap(err, "schema");
	return check(s, kt_json_root(&s->json), 0, err);
}

void
kt_schema_fini(struct kt_schema *s)
{
	for (size_t i = 0; i < s->npatterns; i++)
		kt_detect_regex_free(&s->patterns[i].regex);
	s->npatterns = 0;
	kt_json_fini(&s->json);
}
