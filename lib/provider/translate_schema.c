/*
 * translate_schema - JSON schemas between "loose" and "strict".  Only where
 * a schema stands is anything changed: a property may well be called
 * "additionalProperties", and examples and enums are values of the user's.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* What lies below a member of a schema. */
enum below { VALUE, SCHEMA, SCHEMAS, SCHEMA_MAP };

static enum below
below(struct kt_tr *t, uint32_t name)
{
	static const struct kt_span one[] = { KT_SPAN_INIT("items"),
		KT_SPAN_INIT("not"), KT_SPAN_INIT("if"), KT_SPAN_INIT("then"),
		KT_SPAN_INIT("else"), KT_SPAN_INIT("contains"),
		KT_SPAN_INIT("additionalProperties") };
	static const struct kt_span list[] = { KT_SPAN_INIT("anyOf"),
		KT_SPAN_INIT("allOf"), KT_SPAN_INIT("oneOf"),
		KT_SPAN_INIT("prefixItems") };
	static const struct kt_span map[] = { KT_SPAN_INIT("properties"),
		KT_SPAN_INIT("$defs"), KT_SPAN_INIT("definitions"),
		KT_SPAN_INIT("patternProperties") };

	if (kt_tr_which(t, name, one, KT_NELEMS(one)) < KT_NELEMS(one))
		return SCHEMA;
	if (kt_tr_which(t, name, list, KT_NELEMS(list)) < KT_NELEMS(list))
		return SCHEMAS;
	if (kt_tr_which(t, name, map, KT_NELEMS(map)) < KT_NELEMS(map))
		return SCHEMA_MAP;
	return VALUE;
}

static bool
is_object_schema(struct kt_tr *t, uint32_t n)
{
	return kt_tr_is(t, kt_tr_get(t, n, "type"), "object") ||
	    kt_tr_get(t, n, "properties") != 0;
}

/* What a grammar cannot hold to: the vendor refuses a schema with one. */
static bool
is_bound(struct kt_tr *t, uint32_t name, uint32_t value)
{
	static const struct kt_span bounds[] = { KT_SPAN_INIT("minimum"),
		KT_SPAN_INIT("maximum"), KT_SPAN_INIT("exclusiveMinimum"),
		KT_SPAN_INIT("exclusiveMaximum"), KT_SPAN_INIT("multipleOf"),
		KT_SPAN_INIT("minLength"), KT_SPAN_INIT("maxLength"),
		KT_SPAN_INIT("maxItems"), KT_SPAN_INIT("uniqueItems") };
	uint64_t count;

	if (kt_tr_is(t, name, "minItems"))
		return !kt_json_u64(t->json, t->text, value, &count) ||
		    count > 1;
	return kt_tr_which(t, name, bounds, KT_NELEMS(bounds)) <
	    KT_NELEMS(bounds);
}

/* A copy with changes: what lies between them is never re-spelled. */
struct splice {
	size_t pos; /* copied so far */
	bool has_changed;
};

static void
put(struct kt_tr *t, struct splice *s, size_t upto, const char *instead,
    size_t then)
{
	enum kt_rc rc = t->w->rc;

	if (rc == KT_OK)
		rc = kt_buf_add(t->w->out,
		    kt_span_sub(t->text, s->pos, upto - s->pos));
	if (rc == KT_OK)
		rc = kt_buf_add(t->w->out, kt_span_of(instead));
	t->w->rc = rc;
	s->pos = then;
	s->has_changed = true;
}

static void close_below(
    struct kt_tr *t, struct splice *s, uint32_t n, enum below what);

static void
close_schema(struct kt_tr *t, struct splice *s, uint32_t n)
{
	const struct kt_json_node *node = &t->json->nodes[n];
	bool is_object = is_object_schema(t, n), is_closed = false;
	bool has_gap = false, is_bare = true;
	size_t kept = node->start + 1; /* the end of what stays before m */

	for (uint32_t m = kt_json_first(t->json, n); m != 0;
	     m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);

		if (is_bound(t, m, v)) {
			has_gap = true;
			continue;
		}
		if (has_gap)
			put(t, s, kept, is_bare ? "" : ",",
			    t->json->nodes[m].start);
		has_gap = is_bare = false;
		kept = t->json->nodes[v].end;
		if (!is_object || !kt_tr_is(t, m, "additionalProperties")) {
			close_below(t, s, v, below(t, m));
			continue;
		}
		is_closed = true;
		if (!kt_tr_has_type(t, v, KT_JSON_FALSE))
			put(t, s, t->json->nodes[v].start, "false",
			    t->json->nodes[v].end);
	}
	if (has_gap)
		put(t, s, kept, "", node->end - 1);
	if (is_object && !is_closed)
		put(t, s, node->end - 1,
		    is_bare ? "\"additionalProperties\":false"
			    : ",\"additionalProperties\":false",
		    node->end - 1);
}

static void
close_below(struct kt_tr *t, struct splice *s, uint32_t n, enum below what)
{
	enum kt_json_type type = kt_json_type(t->json, n);

	if (what == SCHEMA && type == KT_JSON_OBJECT) {
		close_schema(t, s, n);
	} else if ((what == SCHEMAS && type == KT_JSON_ARRAY) ||
	    (what == SCHEMA_MAP && type == KT_JSON_OBJECT)) {
		for (uint32_t k = kt_json_first(t->json, n); k != 0;
		     k = kt_tr_next(t, k))
			close_below(t, s,
			    what == SCHEMAS ? k : kt_json_value_of(t->json, k),
			    SCHEMA);
	}
}

bool
kt_tr_put_closed_schema(struct kt_tr *t, uint32_t n)
{
	const struct kt_json_node *node = &t->json->nodes[n];
	struct splice s = { .pos = node->start };

	if (kt_tr_is_too_deep(kt_json_raw(t->json, t->text, n))) {
		kt_tr_refuse(t, "schema: is nested too deep");
		return false;
	}
	kt_json_put_name(t->w, "schema");
	/* Opens the value; its bytes follow. */
	kt_json_put_raw(t->w, (struct kt_span){ 0 });
	close_below(t, &s, n, SCHEMA);
	if (t->w->rc == KT_OK)
		t->w->rc = kt_buf_add(t->w->out,
		    kt_span_sub(t->text, s.pos, node->end - s.pos));
	return s.has_changed;
}

/* ---- what strict tools accept ---- */

static bool fits_below(
    struct kt_tr *t, uint32_t n, enum below what, bool in_definition);

static bool
member_fits(struct kt_tr *t, uint32_t m, uint32_t v, bool in_definition)
{
	static const struct kt_span shapes[] = { KT_SPAN_INIT("oneOf"),
		KT_SPAN_INIT("not"), KT_SPAN_INIT("if"),
		KT_SPAN_INIT("patternProperties") };

	if (is_bound(t, m, v) ||
	    kt_tr_which(t, m, shapes, KT_NELEMS(shapes)) < KT_NELEMS(shapes))
		return false;
	/* A reference inside a definition may well lead back to it. */
	if (kt_tr_is(t, m, "$ref"))
		return !in_definition &&
		    (kt_span_starts(kt_tr_string(t, v), KT_SPAN("#/$defs/")) ||
			kt_span_starts(
			    kt_tr_string(t, v), KT_SPAN("#/definitions/")));
	if (kt_tr_is(t, m, "$defs") || kt_tr_is(t, m, "definitions"))
		in_definition = true;
	return fits_below(t, v, below(t, m), in_definition);
}

static bool
fits_below(struct kt_tr *t, uint32_t n, enum below what, bool in_definition)
{
	uint32_t m = kt_json_first(t->json, n);

	if (what == VALUE)
		return true;
	if (what == SCHEMA && is_object_schema(t, n) &&
	    !kt_tr_has_type(t, kt_tr_get(t, n, "additionalProperties"),
		KT_JSON_FALSE))
		return false;
	for (; m != 0; m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);

		if (what == SCHEMA && v != 0
			? !member_fits(t, m, v, in_definition)
			: !fits_below(t, v != 0 ? v : m, SCHEMA, in_definition))
			return false;
	}
	return true;
}

bool
kt_tr_schema_fits_strict(struct kt_tr *t, uint32_t n)
{
	return kt_tr_has_type(t, n, KT_JSON_OBJECT) &&
	    fits_below(t, n, SCHEMA, false);
}

/* ---- what OpenAI takes as strict ---- */

#define NAME_COMPARES_MAX 1000000 /* in one request: some 10 ms */

/* Both lists are most often in one order: each search begins where the last
 * one ended. */
static bool
is_each_required(struct kt_tr *t, uint32_t properties, uint32_t required)
{
	uint32_t first = kt_json_first(t->json, required), at = first;

	for (uint32_t p = kt_json_first(t->json, properties); p != 0;
	     p = kt_tr_next(t, p)) {
		uint32_t from = at;

		while (at != 0 && !kt_json_text_eq(kt_tr_string(t, p),
				      kt_tr_string(t, at))) {
			at = kt_json_next(t->json, at);
			at = at != 0 ? at : first;
			if (at == from || ++t->compares > NAME_COMPARES_MAX)
				return false;
		}
		if (at == 0)
			return false;
	}
	return true;
}

static bool
is_total(struct kt_tr *t, uint32_t n, enum below what)
{
	if (what == VALUE)
		return true;
	if (what == SCHEMA && is_object_schema(t, n) &&
	    !(kt_tr_has_type(t, kt_tr_get(t, n, "additionalProperties"),
		  KT_JSON_FALSE) &&
		is_each_required(t, kt_tr_get(t, n, "properties"),
		    kt_tr_get(t, n, "required"))))
		return false;
	for (uint32_t m = kt_json_first(t->json, n); m != 0;
	     m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);

		if (!is_total(t, v != 0 ? v : m,
			what == SCHEMA && v != 0 ? below(t, m) : SCHEMA))
			return false;
	}
	return true;
}

bool
kt_tr_schema_is_total(struct kt_tr *t, uint32_t n)
{
	return is_total(t, n, SCHEMA);
}
