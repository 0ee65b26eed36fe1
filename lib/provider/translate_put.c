/*
 * translate_put - members are read, copied and told of as lost.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

/* ---- losses and refusals ---- */

static void
tell(struct kt_span *list, unsigned *n, struct kt_span field)
{
	for (unsigned i = 0; i < *n; i++)
		if (kt_span_eq(list[i], field))
			return;
	if (*n == KT_TRANSLATION_MAX)
		return;
	list[*n] = *n + 1 < KT_TRANSLATION_MAX ? field
					      : KT_SPAN(KT_TRANSLATION_MORE);
	(*n)++;
}

void
kt_translation_add(
    struct kt_translation *to, const struct kt_translation *from)
{
	for (unsigned i = 0; i < from->ndropped; i++)
		tell(to->dropped, &to->ndropped, from->dropped[i]);
	for (unsigned i = 0; i < from->napproximated; i++)
		tell(to->approximated, &to->napproximated,
		    from->approximated[i]);
}

void
kt_tr_refuse(struct kt_tr *t, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	if (t->rc < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap); /* cut is fine */
	va_end(ap);
	t->rc = kt_fail(t->err, KT_E_PARSE, "%s", why);
}

void
kt_tr_full(struct kt_tr *t)
{
	if (t->rc == KT_OK)
		t->rc = kt_fail(t->err, KT_E_LIMIT,
		    "translation: more memory than it may use");
}

void
kt_tr_dropped(struct kt_tr *t, const char *field)
{
	if (t->is_strict)
		kt_tr_refuse(t, "%s: has no equivalent", field);
	tell(t->report->dropped, &t->report->ndropped, kt_span_of(field));
}

void
kt_tr_approximated(struct kt_tr *t, const char *field)
{
	if (t->is_strict)
		kt_tr_refuse(t, "%s: has no exact equivalent", field);
	tell(t->report->approximated, &t->report->napproximated,
	    kt_span_of(field));
}

static bool
is_told(const struct kt_translation *report, struct kt_span field)
{
	for (unsigned i = 0; i < report->ndropped; i++)
		if (kt_span_eq(report->dropped[i], field))
			return true;
	return report->ndropped == KT_TRANSLATION_MAX;
}

/* The name goes into a header and a record: no byte of it is trusted. */
void
kt_tr_dropped_name(struct kt_tr *t, const char *where, struct kt_span name)
{
	char field[128];
	struct kt_span s;

	name = kt_span_sub(name, 0, 64);
	(void)snprintf(field, sizeof(field), "%s%s%.*s", where,
	    *where ? "." : "", KT_SPAN_ARG(name)); /* where is short */
	for (char *at = field; *at != '\0'; at++)
		if (!((*at >= 'a' && *at <= 'z') ||
			(*at >= 'A' && *at <= 'Z') ||
			(*at >= '0' && *at <= '9') || *at == '.' ||
			*at == '-'))
			*at = '_';
	/* Once in memory, however often it is dropped. */
	if (!t->is_strict && is_told(t->report, kt_span_of(field)))
		return;
	s = kt_arena_printf(t->mem, "%s", field);
	if (s.ptr == NULL)
		kt_tr_full(t);
	else
		kt_tr_dropped(t, s.ptr);
}

static bool
is_among(struct kt_tr *t, uint32_t member, const char *words)
{
	struct kt_span left = kt_span_of(words);

	while (left.len > 0) {
		size_t len = kt_span_find(left, ' ');

		if (kt_json_is(t->json, t->text, member,
			kt_span_sub(left, 0, len)))
			return true;
		left = kt_span_sub(left, len + 1, left.len);
	}
	return false;
}

/* Nothing, false and empty ask for nothing. */
void
kt_tr_tell_rest(
    struct kt_tr *t, uint32_t object, const char *where, const char *known)
{
	if (!kt_tr_has_type(t, object, KT_JSON_OBJECT))
		return;
	for (uint32_t m = kt_json_first(t->json, object); m != 0;
	     m = kt_tr_next(t, m)) {
		uint32_t v = kt_json_value_of(t->json, m);

		if (!kt_tr_is_empty(t, v) &&
		    !kt_tr_has_type(t, v, KT_JSON_FALSE) &&
		    !is_among(t, m, known))
			kt_tr_dropped_name(t, where, kt_tr_string(t, m));
	}
}

/* ---- reading ---- */

uint32_t
kt_tr_get(struct kt_tr *t, uint32_t object, const char *name)
{
	uint32_t n = kt_json_member(t->json, t->text, object, kt_span_of(name));

	return kt_json_type(t->json, n) == KT_JSON_NULL ? 0 : n;
}

bool
kt_tr_is(struct kt_tr *t, uint32_t n, const char *want)
{
	return kt_json_is(t->json, t->text, n, kt_span_of(want));
}

bool
kt_tr_has_type(struct kt_tr *t, uint32_t n, enum kt_json_type type)
{
	return kt_json_type(t->json, n) == type;
}

struct kt_span
kt_tr_string(struct kt_tr *t, uint32_t n)
{
	return kt_json_string(t->json, t->text, n);
}

bool
kt_tr_is_empty(struct kt_tr *t, uint32_t n)
{
	switch (kt_json_type(t->json, n)) {
	case KT_JSON_ABSENT:
	case KT_JSON_NULL:
		return true;
	case KT_JSON_STRING:
		return kt_tr_string(t, n).len == 0;
	case KT_JSON_ARRAY:
	case KT_JSON_OBJECT:
		return kt_json_first(t->json, n) == 0;
	default:
		return false;
	}
}

uint32_t
kt_tr_next(struct kt_tr *t, uint32_t n)
{
	uint32_t value = kt_json_value_of(t->json, n);

	return kt_json_next(t->json, value != 0 ? value : n);
}

size_t
kt_tr_which(struct kt_tr *t, uint32_t name, const struct kt_span *names,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (kt_json_is(t->json, t->text, name, names[i]))
			return i;
	return n;
}

/* ---- writing ---- */

void
kt_tr_copy(struct kt_tr *t, const char *name, uint32_t n)
{
	struct kt_span raw = kt_json_raw(t->json, t->text, n);

	if (n == 0)
		return;
	if ((kt_tr_has_type(t, n, KT_JSON_OBJECT) ||
		kt_tr_has_type(t, n, KT_JSON_ARRAY)) &&
	    kt_tr_is_too_deep(raw)) {
		kt_tr_refuse(t, "%s: is nested too deep", name);
		return;
	}
	kt_json_named_raw(t->w, name, raw);
}

void
kt_tr_copy_string(
    struct kt_tr *t, const char *name, uint32_t n, const char *field)
{
	if (n != 0 && !kt_tr_has_type(t, n, KT_JSON_STRING))
		kt_tr_refuse(t, "%s: must be a string", field);
	else
		kt_tr_copy(t, name, n);
}

void
kt_tr_put(struct kt_tr *t, const char *name, const char *value)
{
	kt_json_named_cstr(t->w, name, value);
}

void
kt_tr_put_raws(
    struct kt_tr *t, const char *name, const struct kt_span *raws, size_t n)
{
	enum kt_rc rc = KT_OK;

	if (name != NULL)
		kt_json_put_name(t->w, name);
	kt_json_put_raw(t->w, KT_SPAN("\""));
	if (t->w->rc < 0)
		return;
	for (size_t i = 0; i < n && rc == KT_OK; i++)
		rc = kt_buf_add(t->w->out, raws[i]);
	if (rc == KT_OK)
		rc = kt_buf_addc(t->w->out, '"');
	t->w->rc = rc;
}

void
kt_tr_put_raw(struct kt_tr *t, const char *name, struct kt_span raw)
{
	kt_tr_put_raws(t, name, &raw, 1);
}

void
kt_tr_text_block(struct kt_tr *t, struct kt_span raw)
{
	kt_json_begin_object(t->w);
	kt_tr_put(t, "type", "text");
	kt_tr_put_raw(t, "text", raw);
	kt_json_end_object(t->w);
}

void
kt_tr_put_model(struct kt_tr *t)
{
	uint32_t model = kt_tr_get(t, kt_json_root(t->json), "model");

	if (t->o->model.len > 0) {
		kt_json_named_string(t->w, "model", t->o->model);
	} else if (!kt_tr_has_type(t, model, KT_JSON_STRING)) {
		kt_tr_refuse(t, "model: is required");
	} else {
		kt_tr_copy(t, "model", model);
	}
}

bool
kt_tr_is_too_deep(struct kt_span json)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		if (depth + KT_TR_DEPTH_SPARE > KT_JSON_DEPTH_MAX)
			return true;
	}
	return false;
}
