/*
 * write - a writer that remembers its failure instead of asking its caller
 * to look at forty return codes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/write.h"

#include "json/json_priv.h"

static enum kt_rc
add_escape(struct kt_buf *out, unsigned char c)
{
	static const char letters[256] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
	};
	char two[2] = { '\\', letters[c] };

	if (letters[c] != 0)
		return kt_buf_add(out, (struct kt_span){ .ptr = two, .len = 2 });
	return kt_buf_printf(out, "\\u%04x", c);
}

static enum kt_rc
add_escaped(struct kt_buf *out, struct kt_span text)
{
	size_t i = 0;

	while (i < text.len) {
		size_t from = i;
		unsigned char c;

		i = kt_plain(text.ptr, i, text.len);
		while (i < text.len && (unsigned char)text.ptr[i] >= 0x80) {
			int len = kt_json_utf8(text.ptr + i, text.len - i);

			if (len <= 0)
				return KT_E_PARSE;
			i += (size_t)len;
		}
		if (kt_buf_add(out, kt_span_sub(text, from, i - from)) < 0)
			return KT_E_LIMIT;
		if (i == text.len)
			break;
		c = (unsigned char)text.ptr[i];
		if (c != '"' && c != '\\' && c >= 0x20)
			continue;
		if (add_escape(out, c) < 0)
			return KT_E_LIMIT;
		i++;
	}
	return KT_OK;
}

enum kt_rc
kt_json_write_escaped(struct kt_buf *out, struct kt_span text)
{
	size_t before = out->len;
	enum kt_rc rc = add_escaped(out, text);

	if (rc < 0)
		out->len = before;
	return rc;
}

enum kt_rc
kt_json_write_string(struct kt_buf *out, struct kt_span text)
{
	size_t before = out->len;
	enum kt_rc rc = kt_buf_addc(out, '"');

	if (rc == KT_OK)
		rc = add_escaped(out, text);
	if (rc == KT_OK)
		rc = kt_buf_addc(out, '"');
	if (rc < 0)
		out->len = before;
	return rc;
}

void
kt_json_writer_init(struct kt_json_writer *w, struct kt_buf *out)
{
	w->out = out;
	w->rc = KT_OK;
	w->depth = 0;
	w->wants_value = false;
	w->is_whole = false;
}

static void
keep(struct kt_json_writer *w, enum kt_rc rc)
{
	if (w->rc == KT_OK)
		w->rc = rc;
}

/* The comma in front of a member or an element, where one is due. */
static bool
separate(struct kt_json_writer *w)
{
	if (w->open[w->depth - 1].has_items)
		keep(w, kt_buf_addc(w->out, ','));
	w->open[w->depth - 1].has_items = true;
	return w->rc == KT_OK;
}

/* True when a value may stand here. */
static bool
place(struct kt_json_writer *w)
{
	if (w->rc < 0)
		return false;
	if (w->depth == 0) {
		if (w->is_whole)
			keep(w, KT_E_MISUSE);
		w->is_whole = true;
		return w->rc == KT_OK;
	}
	if (w->open[w->depth - 1].is_object) {
		if (!w->wants_value)
			keep(w, KT_E_MISUSE);
		w->wants_value = false;
		return w->rc == KT_OK;
	}
	return separate(w);
}

enum kind { ARRAY, OBJECT };

static void
begin(struct kt_json_writer *w, enum kind kind)
{
	if (!place(w))
		return;
	if (w->depth == KT_JSON_DEPTH_MAX) {
		keep(w, KT_E_LIMIT);
		return;
	}
	w->open[w->depth].is_object = kind == OBJECT;
	w->open[w->depth].has_items = false;
	w->depth++;
	keep(w, kt_buf_addc(w->out, kind == OBJECT ? '{' : '['));
}

static void
end(struct kt_json_writer *w, enum kind kind)
{
	if (w->rc < 0)
		return;
	if (w->depth == 0 || w->wants_value ||
	    w->open[w->depth - 1].is_object != (kind == OBJECT)) {
		keep(w, KT_E_MISUSE);
		return;
	}
	w->depth--;
	keep(w, kt_buf_addc(w->out, kind == OBJECT ? '}' : ']'));
}

void
kt_json_begin_object(struct kt_json_writer *w)
{
	begin(w, OBJECT);
}

void
kt_json_end_object(struct kt_json_writer *w)
{
	end(w, OBJECT);
}

void
kt_json_begin_array(struct kt_json_writer *w)
{
	begin(w, ARRAY);
}

void
kt_json_end_array(struct kt_json_writer *w)
{
	end(w, ARRAY);
}

void
kt_json_put_name_span(struct kt_json_writer *w, struct kt_span name)
{
	if (w->rc < 0)
		return;
	if (w->depth == 0 || !w->open[w->depth - 1].is_object ||
	    w->wants_value) {
		keep(w, KT_E_MISUSE);
		return;
	}
	if (!separate(w))
		return;
	w->wants_value = true;
	keep(w, kt_json_write_string(w->out, name));
	if (w->rc == KT_OK)
		keep(w, kt_buf_addc(w->out, ':'));
}

void
kt_json_put_name(struct kt_json_writer *w, const char *name)
{
	kt_json_put_name_span(w, kt_span_of(name));
}

void
kt_json_put_string(struct kt_json_writer *w, struct kt_span text)
{
	if (place(w))
		keep(w, kt_json_write_string(w->out, text));
}

void
kt_json_put_cstr(struct kt_json_writer *w, const char *text)
{
	kt_json_put_string(w, kt_span_of(text));
}

void
kt_json_put_raw(struct kt_json_writer *w, struct kt_span json)
{
	if (place(w))
		keep(w, kt_buf_add(w->out, json));
}

void
kt_json_put_u64(struct kt_json_writer *w, uint64_t v)
{
	if (place(w))
		keep(w, kt_buf_addn(w->out, v));
}

void
kt_json_put_bool(struct kt_json_writer *w, bool v)
{
	kt_json_put_raw(w, v ? KT_SPAN("true") : KT_SPAN("false"));
}

void
kt_json_put_null(struct kt_json_writer *w)
{
	kt_json_put_raw(w, KT_SPAN("null"));
}

bool
kt_json_is_empty(const struct kt_json_writer *w)
{
	return w->depth > 0 && !w->open[w->depth - 1].has_items;
}

enum kt_rc
kt_json_written(const struct kt_json_writer *w)
{
	if (w->rc < 0)
		return w->rc;
	return w->is_whole && w->depth == 0 ? KT_OK : KT_E_MISUSE;
}
