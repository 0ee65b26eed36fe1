/*
 * changes - both trees at once.  Nesting is bounded by the index.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"
#include "json/write.h"
#include "lint/changes.h"

#define DOCUMENT_MAX (64u << 20)
#define PATH_MAX_LEN 65536

struct side {
	struct kt_json json;
	struct kt_span text;
};
struct walk {
	struct side a, b;
	struct kt_buf path, name;
	struct kt_json_writer w;
	size_t n;
	enum kt_rc rc;
};

static void walk(struct walk *k, uint32_t a, uint32_t b);

/* One of the two may be 0: it has no such value. */
static void
tell(struct walk *k, uint32_t a, uint32_t b)
{
	k->n++;
	kt_json_begin_object(&k->w);
	kt_json_named_string(&k->w, "path", kt_buf_span(&k->path));
	if (a != 0) {
		kt_json_put_name(&k->w, "old");
		kt_json_put_raw(&k->w, kt_json_raw(&k->a.json, k->a.text, a));
	}
	if (b != 0) {
		kt_json_put_name(&k->w, "new");
		kt_json_put_raw(&k->w, kt_json_raw(&k->b.json, k->b.text, b));
	}
	kt_json_end_object(&k->w);
}

static void
add_name(struct walk *k, struct kt_span raw)
{
	if (k->rc == KT_OK)
		k->rc = kt_buf_addc(&k->path, '/');
	if (k->rc == KT_OK)
		k->rc = kt_json_pointer_add(&k->path, raw);
}

static struct kt_span
name_of(const struct side *s, uint32_t name)
{
	return kt_json_string(&s->json, s->text, name);
}

/* The value of the same name, however it is escaped; 0: there is none. */
static uint32_t
other_of(struct walk *k, struct kt_span raw, const struct side *s,
    uint32_t object)
{
	kt_buf_reset(&k->name);
	if (k->rc == KT_OK)
		k->rc = kt_json_unescape_add(&k->name, raw);
	return kt_json_member(&s->json, s->text, object, kt_buf_span(&k->name));
}

static void
walk_object(struct walk *k, uint32_t a, uint32_t b)
{
	size_t len = k->path.len;

	for (uint32_t m = kt_json_first(&k->a.json, a); m != 0;
	     m = kt_json_next(&k->a.json, kt_json_value_of(&k->a.json, m))) {
		struct kt_span name = name_of(&k->a, m);

		add_name(k, name);
		walk(k, kt_json_value_of(&k->a.json, m),
		    other_of(k, name, &k->b, b));
		k->path.len = len;
	}
	for (uint32_t m = kt_json_first(&k->b.json, b); m != 0;
	     m = kt_json_next(&k->b.json, kt_json_value_of(&k->b.json, m))) {
		struct kt_span name = name_of(&k->b, m);

		if (other_of(k, name, &k->a, a) != 0)
			continue;
		add_name(k, name);
		tell(k, 0, kt_json_value_of(&k->b.json, m));
		k->path.len = len;
	}
}

static void
walk_list(struct walk *k, uint32_t a, uint32_t b)
{
	uint32_t i = kt_json_first(&k->a.json, a);
	uint32_t j = kt_json_first(&k->b.json, b);
	size_t len = k->path.len;

	for (uint64_t n = 0; i != 0 || j != 0; n++) {
		if (k->rc == KT_OK)
			k->rc = kt_buf_addc(&k->path, '/');
		if (k->rc == KT_OK)
			k->rc = kt_buf_addn(&k->path, n);
		walk(k, i, j);
		k->path.len = len;
		i = kt_json_next(&k->a.json, i);
		j = kt_json_next(&k->b.json, j);
	}
}

static void
walk(struct walk *k, uint32_t a, uint32_t b)
{
	enum kt_json_type type = kt_json_type(&k->a.json, a);

	if (a == 0 || b == 0 || type != kt_json_type(&k->b.json, b))
		tell(k, a, b);
	else if (type == KT_JSON_OBJECT)
		walk_object(k, a, b);
	else if (type == KT_JSON_ARRAY)
		walk_list(k, a, b);
	else if (!kt_span_eq(kt_json_raw(&k->a.json, k->a.text, a),
	             kt_json_raw(&k->b.json, k->b.text, b)))
		tell(k, a, b);
}

enum kt_rc
kt_lint_changes(struct kt_span before, struct kt_span after,
    struct kt_buf *out, size_t *n)
{
	struct walk k = { .a.text = before, .b.text = after };

	kt_json_init(&k.a.json, DOCUMENT_MAX);
	kt_json_init(&k.b.json, DOCUMENT_MAX);
	kt_buf_init(&k.path, PATH_MAX_LEN);
	kt_buf_init(&k.name, PATH_MAX_LEN);
	kt_json_writer_init(&k.w, out);
	if (kt_json_parse(&k.a.json, before, NULL) < 0 ||
	    kt_json_parse(&k.b.json, after, NULL) < 0)
		k.rc = KT_E_PARSE;
	kt_json_begin_object(&k.w);
	kt_json_named_array(&k.w, "changes");
	if (k.rc == KT_OK)
		walk(&k, kt_json_root(&k.a.json), kt_json_root(&k.b.json));
	kt_json_end_array(&k.w);
	kt_json_end_object(&k.w);
	if (k.rc == KT_OK)
		k.rc = kt_json_written(&k.w);
	if (k.rc == KT_OK)
		k.rc = kt_buf_addc(out, '\n');
	*n = k.n;
	kt_json_fini(&k.a.json);
	kt_json_fini(&k.b.json);
	kt_buf_fini(&k.path);
	kt_buf_fini(&k.name);
	return k.rc;
}
