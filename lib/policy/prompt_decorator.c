/*
 * prompt-decorator - puts the operator's words in front of or behind the
 * caller's.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything is an insertion, so that all other bytes stay as they came.
 * The first system block of some clients is an attribution that their vendor
 * removes by position; nothing ever goes in front of it, a text that begins
 * with it has all behind it, and the system array stays an array.  Known
 * limit: instructions of OpenAI responses that are a list of messages stay as
 * they are.
 */
#include "json/write.h"
#include "policy/policy_priv.h"

enum target { SYSTEM, FIRST_USER, LAST_USER };
static const char *const targets[] = { "system", "first_user", "last_user",
	NULL };

struct settings {
	struct kt_config_common common;
	struct kt_config_strings prepend, append;
	int target;
	struct kt_config_pairs parameters;
};

static const struct kt_config_field fields[] = {
	KT_CONFIG_FIELD(struct settings, STRINGS, prepend, .takes_one = true,
	    .doc = "Texts that stand first, in this order, but never in front "
	           "of a client's attribution block"),
	KT_CONFIG_FIELD(struct settings, STRINGS, append, .takes_one = true,
	    .doc = "Texts that stand last, in this order"),
	KT_CONFIG_FIELD(struct settings, ENUM, target, .names = targets,
	    .fallback = "system", .doc = "Which text they are added to"),
	KT_CONFIG_FIELD(struct settings, PAIRS, parameters,
	    .doc = "Values for {{name}} in the texts"),
};
static const struct kt_config_table table =
    KT_CONFIG_KIND_TABLE(struct settings, "prompt-decorator", fields,
	.doc = "Adds text to the system prompt or a message");

static const struct kt_span attribution =
    KT_SPAN_INIT("x-anthropic-billing-header:");

struct decoration {
	const struct settings *s;
	enum kt_format format;
	const struct kt_json *json;
	struct kt_span text;
	struct kt_arena *mem;
	struct kt_edit *out;
	size_t room, n;
};

static enum kt_rc
insert(struct decoration *d, size_t at, const struct kt_buf *what)
{
	struct kt_span copy;

	if (what->len == 0)
		return KT_OK;
	copy = kt_arena_dup(d->mem, kt_buf_span(what));
	if (copy.ptr == NULL || d->n == d->room)
		return KT_E_LIMIT;
	d->out[d->n++] = (struct kt_edit){ .start = at, .end = at, .text = copy };
	return KT_OK;
}

/* One text with its parameters filled in, escaped for a JSON string. */
static enum kt_rc
fill(const struct settings *s, struct kt_span text, struct kt_buf *out)
{
	while (text.len > 0) {
		size_t open = 0, pair = s->parameters.n;
		enum kt_rc rc;

		while (open < text.len &&
		    !kt_span_starts(kt_span_sub(text, open, 2), KT_SPAN("{{")))
			open++;
		rc = kt_json_write_escaped(out, kt_span_sub(text, 0, open));
		if (rc < 0)
			return rc;
		text = kt_span_sub(text, open, text.len);
		if (text.len == 0)
			return KT_OK;
		for (size_t i = 0; i < s->parameters.n; i++) {
			struct kt_span key = s->parameters.at[i].key;

			if (kt_span_eq(kt_span_sub(text, 2, key.len), key) &&
			    kt_span_eq(kt_span_sub(text, 2 + key.len, 2),
			        KT_SPAN("}}")))
				pair = i;
		}
		if (pair < s->parameters.n) {
			rc = kt_json_write_escaped(out, s->parameters.at[pair].value);
			text = kt_span_sub(text,
			    s->parameters.at[pair].key.len + 4, text.len);
		} else {
			rc = kt_json_write_escaped(out, kt_span_sub(text, 0, 2));
			text = kt_span_sub(text, 2, text.len);
		}
		if (rc < 0)
			return rc;
	}
	return KT_OK;
}

/* Texts as the inside of a string, with a blank line after or before each. */
static enum kt_rc
as_string(const struct decoration *d, const struct kt_config_strings *texts,
    bool is_before, struct kt_buf *out)
{
	for (size_t i = 0; i < texts->n; i++) {
		if (!is_before && kt_buf_add(out, KT_SPAN("\\n\\n")) < 0)
			return KT_E_LIMIT;
		if (fill(d->s, texts->at[i], out) < 0)
			return KT_E_LIMIT;
		if (is_before && kt_buf_add(out, KT_SPAN("\\n\\n")) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

/* Texts as blocks, with a comma after or before each. */
static enum kt_rc
as_blocks(const struct decoration *d, const struct kt_config_strings *texts,
    bool comma_before, bool comma_after, struct kt_buf *out)
{
	for (size_t i = 0; i < texts->n; i++) {
		if ((comma_before || i > 0) && kt_buf_addc(out, ',') < 0)
			return KT_E_LIMIT;
		if (kt_buf_printf(out, "{\"type\":\"%s\",\"text\":\"",
		        d->format == KT_FORMAT_RESPONSES ? "input_text" :
		        "text") < 0 ||
		    fill(d->s, texts->at[i], out) < 0 ||
		    kt_buf_add(out, KT_SPAN("\"}")) < 0)
			return KT_E_LIMIT;
	}
	if (comma_after && texts->n > 0 && kt_buf_addc(out, ',') < 0)
		return KT_E_LIMIT;
	return KT_OK;
}

static bool
is_attribution(struct kt_span raw)
{
	return kt_span_starts(kt_span_trim(raw), attribution);
}

/* Must stay first: the attribution, and results in front of other content. */
static bool
stays_first(const struct decoration *d, uint32_t block)
{
	uint32_t text = kt_json_member(d->json, d->text, block, KT_SPAN("text"));

	return kt_json_is(d->json, d->text,
	           kt_json_member(d->json, d->text, block, KT_SPAN("type")),
	           KT_SPAN("tool_result")) ||
	    is_attribution(kt_json_string(d->json, d->text, text));
}

static enum kt_rc
decorate_string(struct decoration *d, uint32_t n)
{
	const struct kt_json_node *at = &d->json->nodes[n];
	bool is_behind = is_attribution(kt_json_string(d->json, d->text, n));
	struct kt_buf front, back;
	enum kt_rc rc;

	kt_buf_init(&front, KT_BODY_MAX);
	kt_buf_init(&back, KT_BODY_MAX);
	rc = as_string(
	    d, &d->s->prepend, !is_behind, is_behind ? &back : &front);
	if (rc == KT_OK)
		rc = as_string(d, &d->s->append, false, &back);
	if (rc == KT_OK)
		rc = insert(d, at->start + 1, &front);
	if (rc == KT_OK)
		rc = insert(d, at->end - 1, &back);
	kt_buf_fini(&front);
	kt_buf_fini(&back);
	return rc;
}

static enum kt_rc
decorate_array(struct decoration *d, uint32_t n)
{
	const struct kt_json_node *at = &d->json->nodes[n];
	uint32_t first = kt_json_first(d->json, n);
	size_t front_at = at->start + 1;
	bool is_behind = false;
	struct kt_buf front, back;
	enum kt_rc rc;

	for (uint32_t b = first; b != 0 && stays_first(d, b);
	     b = kt_json_next(d->json, b)) {
		front_at = d->json->nodes[b].end;
		is_behind = true;
	}
	kt_buf_init(&front, KT_BODY_MAX);
	kt_buf_init(&back, KT_BODY_MAX);
	rc = as_blocks(d, &d->s->prepend, is_behind,
	    !is_behind && (first != 0 || d->s->append.n > 0), &front);
	if (rc == KT_OK)
		rc = as_blocks(d, &d->s->append, first != 0, false, &back);
	if (rc == KT_OK)
		rc = insert(d, front_at, &front);
	if (rc == KT_OK)
		rc = insert(d, at->end - 1, &back);
	kt_buf_fini(&front);
	kt_buf_fini(&back);
	return rc;
}

static bool
is_list_of_messages(const struct decoration *d, uint32_t n)
{
	return kt_json_member(d->json, d->text, kt_json_first(d->json, n),
	           KT_SPAN("role")) != 0;
}

static enum kt_rc
decorate_value(struct decoration *d, uint32_t n)
{
	if (kt_json_type(d->json, n) == KT_JSON_STRING)
		return decorate_string(d, n);
	if (kt_json_type(d->json, n) == KT_JSON_ARRAY && !is_list_of_messages(d, n))
		return decorate_array(d, n);
	return KT_OK;
}

/* All texts as one string, a blank line between them. */
static enum kt_rc
as_one(const struct decoration *d, struct kt_buf *out)
{
	const struct kt_config_strings *lists[] = { &d->s->prepend,
		&d->s->append };
	bool is_first = true;

	for (size_t k = 0; k < KT_NELEMS(lists); k++) {
		for (size_t i = 0; i < lists[k]->n; i++) {
			if (!is_first && kt_buf_add(out, KT_SPAN("\\n\\n")) < 0)
				return KT_E_LIMIT;
			if (fill(d->s, lists[k]->at[i], out) < 0)
				return KT_E_LIMIT;
			is_first = false;
		}
	}
	return KT_OK;
}

/* No system prompt yet: one of our own, in the place of [from, to). */
static enum kt_rc
add_system(struct decoration *d, size_t from, size_t to, const char *open,
    const char *close)
{
	struct kt_buf b;
	enum kt_rc rc;

	kt_buf_init(&b, KT_BODY_MAX);
	rc = kt_buf_printf(&b, "%s", open);
	if (rc == KT_OK)
		rc = as_one(d, &b);
	if (rc == KT_OK)
		rc = kt_buf_printf(&b, "%s", close);
	if (rc == KT_OK)
		rc = insert(d, from, &b);
	if (rc == KT_OK)
		d->out[d->n - 1].end = to;
	kt_buf_fini(&b);
	return rc;
}

static bool
has_role(const struct decoration *d, uint32_t message, struct kt_span role)
{
	return kt_json_is(d->json, d->text,
	    kt_json_member(d->json, d->text, message, KT_SPAN("role")), role);
}

/* Of a format whose system prompt is a string among the body's members. */
static enum kt_rc
decorate_member(struct decoration *d, const char *name, const char *open)
{
	uint32_t root = kt_json_root(d->json);
	uint32_t n = kt_json_member(d->json, d->text, root, kt_span_of(name));
	const struct kt_json_node *at = &d->json->nodes[n];
	size_t front = d->json->nodes[root].start + 1;

	if (n == 0)
		return add_system(d, front, front, open,
		    kt_json_first(d->json, root) != 0 ? "\"," : "\"");
	if (kt_json_type(d->json, n) == KT_JSON_NULL)
		return add_system(d, at->start, at->end, "\"", "\"");
	return decorate_value(d, n);
}

static enum kt_rc
decorate_system(struct decoration *d, enum kt_format format)
{
	uint32_t n = kt_json_member(d->json, d->text, kt_json_root(d->json),
	    KT_SPAN("messages"));
	size_t front;

	if (format == KT_FORMAT_ANTHROPIC)
		return decorate_member(d, "system", "\"system\":\"");
	if (format == KT_FORMAT_RESPONSES)
		return decorate_member(
		    d, "instructions", "\"instructions\":\"");
	if (n == 0)
		return KT_OK;
	for (uint32_t m = kt_json_first(d->json, n); m; m = kt_json_next(d->json, m)) {
		if (has_role(d, m, KT_SPAN("system")) ||
		    has_role(d, m, KT_SPAN("developer")))
			return decorate_value(d, kt_json_member(d->json, d->text, m,
			    KT_SPAN("content")));
	}
	front = d->json->nodes[n].start + 1;
	return add_system(d, front, front,
	    "{\"role\":\"system\",\"content\":\"",
	    kt_json_first(d->json, n) != 0 ? "\"}," : "\"}");
}

static enum kt_rc
decorate_user(struct decoration *d, enum kt_format format)
{
	uint32_t user = 0, messages = kt_json_member(d->json, d->text,
	    kt_json_root(d->json), format == KT_FORMAT_RESPONSES ?
	    KT_SPAN("input") : KT_SPAN("messages"));

	if (kt_json_type(d->json, messages) == KT_JSON_STRING)
		return decorate_value(d, messages);
	for (uint32_t m = kt_json_first(d->json, messages); m != 0;
	     m = kt_json_next(d->json, m)) {
		if (!has_role(d, m, KT_SPAN("user")))
			continue;
		if (user == 0 || d->s->target == LAST_USER)
			user = m;
	}
	return decorate_value(d,
	    kt_json_member(d->json, d->text, user, KT_SPAN("content")));
}

static enum kt_rc
decorate(const struct kt_policy *p, enum kt_format format,
    const struct kt_json *json, struct kt_span text, struct kt_arena *mem,
    struct kt_edit *out, size_t room, size_t *n)
{
	struct decoration d = { .s = (const struct settings *)p->common,
		.format = format, .json = json, .text = text, .mem = mem, .out = out, .room = room };
	enum kt_rc rc;

	if (d.s->prepend.n + d.s->append.n == 0)
		return KT_OK;
	rc = d.s->target == SYSTEM ? decorate_system(&d, format) :
	    decorate_user(&d, format);
	*n = d.n;
	return rc;
}

const struct kt_policy_kind kt_policy_prompt_decorator = {
	.config = { .name = "prompt-decorator", .table = &table },
	.decorate = decorate,
};
