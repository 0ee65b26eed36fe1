/*
 * body - a request in parts.  Each turn of a conversation repeats all that
 * was said before: what is long gets a name and is written once, and what
 * the body before began with is not even listed again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "session/line.h"
#include "session/session_priv.h"

#define ELEMENT_MAX 4096 /* longer ones are cut at their long strings */
#define FILL_MIN 1024
#define PARTS_MAX 131072

static enum kt_rc
add(struct kt_body *b, struct kt_span text, size_t from, size_t to,
    enum kt_body_how how)
{
	void *p = b->v;
	struct kt_body_part *one;

	if (from >= to)
		return KT_OK;
	if (b->n == PARTS_MAX || kt_grow(&p, &b->cap, b->n + 1, sizeof(*one)) < 0)
		return KT_E_LIMIT;
	b->v = p;
	one = &b->v[b->n++];
	*one = (struct kt_body_part){ .at = from, .len = to - from, .how = how,
		.name = kt_blob_name(kt_span_sub(text, from, to - from)) };
	if (how == KT_BODY_LITERAL && one->len >= KT_BLOB_MIN)
		one->how = KT_BODY_BLOB;
	return KT_OK;
}

/* How many letters of no meaning a string ends with. */
static size_t
fill_of(struct kt_span s)
{
	size_t n = 0;

	while (n < s.len && s.ptr[s.len - 1 - n] == KT_SESSION_FILL)
		n++;
	return n >= FILL_MIN ? n : 0;
}

static enum kt_rc
add_value(struct kt_body *b, const struct kt_json *j, struct kt_span text,
    uint32_t value)
{
	size_t at = j->nodes[value].start, end = j->nodes[value].end;
	bool is_long = end - at > ELEMENT_MAX;
	enum kt_rc rc = KT_OK;

	for (uint32_t n = value; rc == KT_OK && end - at >= KT_BLOB_MIN &&
	     n < j->count && j->nodes[n].start < end; n++) {
		size_t from = j->nodes[n].start + 1, to = j->nodes[n].end - 1;
		size_t fill;

		if (kt_json_type(j, n) != KT_JSON_STRING || to - from < KT_BLOB_MIN)
			continue;
		fill = fill_of(kt_span_sub(text, from, to - from));
		if (fill == 0 && !is_long)
			continue;
		rc = add(b, text, at, from, KT_BODY_LITERAL);
		if (rc == KT_OK)
			rc = add(b, text, from, to - fill, KT_BODY_LITERAL);
		if (rc == KT_OK)
			rc = add(b, text, to - fill, to, KT_BODY_FILL);
		at = to;
	}
	return rc == KT_OK ? add(b, text, at, end, KT_BODY_LITERAL) : rc;
}

static enum kt_rc
split_json(struct kt_body *b, const struct kt_json *j, struct kt_span text)
{
	uint32_t root = kt_json_root(j);
	size_t at = 0;
	enum kt_rc rc = KT_OK;

	for (uint32_t m = kt_json_first(j, root); m != 0 && rc == KT_OK;
	     m = kt_json_next(j, m)) {
		uint32_t v = kt_json_value_of(j, m), one = v;
		bool is_list = kt_json_type(j, v) == KT_JSON_ARRAY;

		if (is_list)
			one = kt_json_first(j, v);
		while (one != 0 && rc == KT_OK) {
			rc = add(b, text, at, j->nodes[one].start,
			    KT_BODY_LITERAL);
			if (rc == KT_OK)
				rc = add_value(b, j, text, one);
			at = j->nodes[one].end;
			one = is_list ? kt_json_next(j, one) : 0;
		}
	}
	return rc == KT_OK ? add(b, text, at, text.len, KT_BODY_LITERAL) : rc;
}

enum kt_rc
kt_body_split(struct kt_body *b, struct kt_span text)
{
	struct kt_json j;
	enum kt_rc rc;

	*b = (struct kt_body){ 0 };
	if (fill_of(text) == text.len && text.len > 0)
		return add(b, text, 0, text.len, KT_BODY_FILL);
	kt_json_init(&j, text.len + 1);
	if (kt_json_parse(&j, text, NULL) == KT_OK &&
	    kt_json_type(&j, kt_json_root(&j)) == KT_JSON_OBJECT)
		rc = split_json(b, &j, text);
	else
		rc = add(b, text, 0, text.len, KT_BODY_LITERAL);
	kt_json_fini(&j);
	return rc;
}

void
kt_body_fini(struct kt_body *b)
{
	kt_free(b->v);
	*b = (struct kt_body){ 0 };
}
