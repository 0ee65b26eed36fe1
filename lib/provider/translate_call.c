/*
 * translate_call - ids and arguments of calls.  An id outside Anthropic's
 * alphabet is spelled in base64url behind a mark, so that the way back needs
 * no memory of what was sent: a client's history is all there is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "provider/translate_priv.h"

static const struct kt_span mark = KT_SPAN_INIT("kt64_");
static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool
is_plain(struct kt_span id)
{
	for (size_t i = 0; i < id.len; i++)
		if (id.ptr[i] == '\0' || strchr(alphabet, id.ptr[i]) == NULL)
			return false;
	return id.len > 0 && !kt_span_starts(id, mark);
}

/* Four characters for three bytes, without padding. */
static struct kt_span
encode(struct kt_arena *mem, struct kt_span id)
{
	size_t n = 0;
	char *out = kt_arena_alloc(mem, mark.len + id.len / 3 * 4 + 4);

	if (out == NULL)
		return (struct kt_span){ 0 };
	memcpy(out, mark.ptr, mark.len);
	n = mark.len;
	for (size_t i = 0; i < id.len; i += 3) {
		uint32_t v = 0;
		size_t left = id.len - i < 3 ? id.len - i : 3;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < left ? (uint8_t)id.ptr[i + k] : 0);
		for (size_t k = 0; k <= left; k++)
			out[n++] = alphabet[v >> (18 - 6 * k) & 63];
	}
	return (struct kt_span){ .ptr = out, .len = n };
}

/* Empty when it is not what encode() wrote. */
static struct kt_span
decode(struct kt_arena *mem, struct kt_span id)
{
	struct kt_span in = kt_span_sub(id, mark.len, id.len);
	char *out = kt_arena_alloc(mem, in.len + 1);
	uint32_t v = 0;
	size_t n = 0, bits = 0;

	if (out == NULL)
		return (struct kt_span){ 0 };
	for (size_t i = 0; i < in.len; i++) {
		const char *at = in.ptr[i] != '\0'
		    ? strchr(alphabet, in.ptr[i])
		    : NULL;

		if (at == NULL)
			return (struct kt_span){ 0 };
		v = (v << 6 | (uint32_t)(at - alphabet)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(v >> bits & 0xff);
		}
	}
	return (struct kt_span){ .ptr = out, .len = n };
}

void
kt_tr_call_id_out(struct kt_tr *t, const char *name, struct kt_span raw)
{
	struct kt_span id;

	if (is_plain(raw)) {
		kt_tr_put_raw(t, name, raw);
		return;
	}
	if (kt_json_unescape(raw, t->mem, &id, NULL) < 0) {
		kt_tr_full(t);
		return;
	}
	id = is_plain(id) ? id : encode(t->mem, id);
	if (id.ptr == NULL) {
		kt_tr_full(t);
		return;
	}
	kt_tr_put_raw(t, name, id);
}

void
kt_tr_call_id_back(struct kt_tr *t, const char *name, struct kt_span raw)
{
	struct kt_span id = raw;

	if (kt_span_starts(raw, mark))
		id = decode(t->mem, raw);
	/* What we did not write is the client's own. */
	if (id.len == 0 || kt_utf8_check(id) < id.len)
		id = raw;
	if (id.ptr == raw.ptr) {
		kt_tr_put_raw(t, name, raw);
		return;
	}
	kt_json_named_string(t->w, name, id);
}

void
kt_tr_message_id(struct kt_tr *t, enum kt_format to, struct kt_span raw)
{
	static const struct kt_span a = KT_SPAN_INIT("msg_");
	static const struct kt_span o = KT_SPAN_INIT("chatcmpl-");
	bool is_out = to == KT_FORMAT_OPENAI;
	struct kt_span old = is_out ? a : o;
	struct kt_span id[] = { is_out ? o : a, raw };

	if (kt_span_starts(raw, old))
		id[1] = kt_span_sub(raw, old.len, raw.len);
	if (id[1].len == 0)
		id[1] = KT_SPAN("kt");
	kt_tr_put_raws(t, "id", id, 2);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool
kt_tr_says_nothing(struct kt_span plain)
{
	while (plain.len > 0 && is_space(plain.ptr[0]))
		plain = kt_span_sub(plain, 1, plain.len);
	while (plain.len > 0 && is_space(plain.ptr[plain.len - 1]))
		plain.len--;
	return plain.len == 0 || kt_span_eq(plain, KT_SPAN("null"));
}

/* The strict index has the last word on what an object is. */
static bool
is_object(struct kt_span plain)
{
	struct kt_json j;
	struct kt_err err;
	bool is;

	if (kt_tr_is_too_deep(plain))
		return false;
	kt_json_init(&j, plain.len);
	is = kt_json_parse(&j, plain, &err) == KT_OK &&
	    kt_json_type(&j, kt_json_root(&j)) == KT_JSON_OBJECT;
	kt_json_fini(&j);
	return is;
}

/* Unescaped where it will stay: arguments may be a whole file. */
void
kt_tr_put_input(struct kt_tr *t, struct kt_span raw, const char *field)
{
	struct kt_buf *out = t->w->out;
	struct kt_span plain;
	size_t from;

	kt_json_put_name(t->w, "input");
	from = out->len;
	if (t->w->rc == KT_OK)
		t->w->rc = kt_json_unescape_add(out, raw);
	if (t->w->rc < 0)
		return;
	plain = kt_span_sub(kt_buf_span(out), from, out->len);
	if (is_object(plain)) {
		kt_json_put_raw(t->w, KT_SPAN("")); /* it stands there */
		return;
	}
	/* The bytes stay readable behind the end until something is added. */
	out->len = from;
	if (kt_tr_says_nothing(plain)) {
		kt_json_put_raw(t->w, KT_SPAN("{}"));
		return;
	}
	kt_tr_approximated(t, field);
	kt_json_begin_object(t->w);
	kt_tr_put_raw(t, "_raw", raw);
	kt_json_end_object(t->w);
}

void
kt_tr_put_arguments(struct kt_tr *t, uint32_t n)
{
	struct kt_span raw = kt_json_raw(t->json, t->text, n);
	bool in_string = false;
	size_t from = 0;
	enum kt_rc rc = KT_OK;

	if (n == 0)
		raw = KT_SPAN("{}");
	kt_json_named_raw(t->w, "arguments", KT_SPAN("\""));
	if (t->w->rc < 0)
		return;
	/* Runs between spaces that stand outside of strings. */
	for (size_t i = 0; i <= raw.len && rc == KT_OK; i++) {
		char c = i < raw.len ? raw.ptr[i] : ' ';

		if (in_string && c == '\\' && i + 1 < raw.len)
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (i == raw.len ||
		    (!in_string && c != '\0' && strchr(" \t\r\n", c) != NULL)) {
			rc = kt_json_write_escaped(
			    t->w->out, kt_span_sub(raw, from, i - from));
			from = i + 1;
		}
	}
	t->w->rc = rc == KT_OK ? kt_buf_addc(t->w->out, '"') : rc;
}
