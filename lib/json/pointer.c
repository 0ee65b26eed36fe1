/*
 * pointer - RFC 6901, from a node and to a node.  Names are compared and
 * written unescaped, so that "a" has one pointer however it was spelled.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/json.h"
#include "json/text.h"

enum kt_rc
kt_json_pointer_add(struct kt_buf *out, struct kt_span raw)
{
	struct kt_buf plain;
	enum kt_rc rc;

	kt_buf_init(&plain, raw.len);
	rc = kt_json_unescape_add(&plain, raw);
	for (size_t i = 0; rc == KT_OK && i < plain.len; i++) {
		switch (plain.ptr[i]) {
		case '~':
			rc = kt_buf_add(out, KT_SPAN("~0"));
			break;
		case '/':
			rc = kt_buf_add(out, KT_SPAN("~1"));
			break;
		default:
			rc = kt_buf_addc(out, plain.ptr[i]);
			break;
		}
	}
	kt_buf_fini(&plain);
	return rc;
}

static enum kt_rc
add_step(const struct kt_json *j, struct kt_span text, uint32_t n,
    struct kt_buf *out)
{
	uint32_t name = kt_json_name_of(j, n);
	size_t index = 0;

	if (kt_buf_addc(out, '/') < 0)
		return KT_E_LIMIT;
	if (name != 0)
		return kt_json_pointer_add(out, kt_json_string(j, text, name));
	for (uint32_t k = kt_json_first(j, kt_json_parent(j, n)); k != n;
	     k = kt_json_next(j, k))
		index++;
	return kt_buf_printf(out, "%zu", index);
}

enum kt_rc
kt_json_pointer(const struct kt_json *j, struct kt_span text, uint32_t n,
    struct kt_buf *out)
{
	uint32_t path[KT_JSON_DEPTH_MAX + 1];
	size_t depth = 0, before = out->len;

	if (kt_json_type(j, n) == KT_JSON_ABSENT)
		return KT_E_MISUSE;
	if (kt_json_type(j, n) == KT_JSON_NAME)
		n = kt_json_value_of(j, n);
	for (; kt_json_parent(j, n) != 0; n = kt_json_parent(j, n))
		path[depth++] = n;
	while (depth > 0) {
		if (add_step(j, text, path[--depth], out) < 0) {
			out->len = before;
			return KT_E_LIMIT;
		}
	}
	return KT_OK;
}

/* A pointer's token equals a name; "~0" and "~1" are the only escapes. */
static bool
is_token(struct kt_span token, struct kt_span plain)
{
	size_t k = 0;

	for (size_t i = 0; i < token.len; i++, k++) {
		char c = token.ptr[i];

		if (c == '~') {
			if (++i == token.len)
				return false;
			if (token.ptr[i] != '0' && token.ptr[i] != '1')
				return false;
			c = token.ptr[i] == '0' ? '~' : '/';
		}
		if (k == plain.len || plain.ptr[k] != c)
			return false;
	}
	return k == plain.len;
}

static uint32_t
in_object(const struct kt_json *j, struct kt_span text, uint32_t object,
    struct kt_span token)
{
	uint32_t n = kt_json_first(j, object), found = 0;
	struct kt_buf plain;

	kt_buf_init(&plain, SIZE_MAX);
	for (; n != 0 && found == 0; n = kt_json_next(j, n + 1)) {
		struct kt_span name = kt_json_string(j, text, n);

		if (kt_json_has_escapes(j, n)) {
			kt_buf_reset(&plain);
			if (kt_json_unescape_add(&plain, name) < 0)
				break;
			name = kt_buf_span(&plain);
		}
		if (is_token(token, name))
			found = n + 1;
	}
	kt_buf_fini(&plain);
	return found;
}

static uint32_t
in_array(const struct kt_json *j, uint32_t array, struct kt_span token)
{
	uint32_t n = kt_json_first(j, array);
	uint64_t index;

	if (!kt_span_u64(token, &index) ||
	    (token.len > 1 && token.ptr[0] == '0'))
		return 0;
	while (n != 0 && index-- > 0)
		n = kt_json_next(j, n);
	return n;
}

uint32_t
kt_json_at(const struct kt_json *j, struct kt_span text, struct kt_span pointer)
{
	uint32_t n = kt_json_root(j);

	while (n != 0 && pointer.len > 0) {
		struct kt_span token;

		if (pointer.ptr[0] != '/')
			return 0;
		pointer = kt_span_sub(pointer, 1, pointer.len);
		token = kt_span_sub(pointer, 0, kt_span_find(pointer, '/'));
		pointer = kt_span_sub(pointer, token.len, pointer.len);
		if (kt_json_type(j, n) == KT_JSON_OBJECT)
			n = in_object(j, text, n, token);
		else
			n = kt_json_type(j, n) == KT_JSON_ARRAY
			    ? in_array(j, n, token) : 0;
	}
	return n;
}
