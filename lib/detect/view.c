/*
 * view - one layer of disguise off, in one pass from left to right.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What is decoded stays where it stood, so that a value that alone was
 * encoded keeps its name on its left, and a text that was encoded whole is
 * the whole view.  A run of base64 or hexadecimal digits is decoded while it
 * says a text; keys and hashes do not, and stay.
 */
#include "detect/bytes_priv.h"
#include "detect/search.h"
#include "detect/view_priv.h"

void
kt_detect_view_fini(struct kt_detect_view *v)
{
	kt_buf_fini(&v->text);
	kt_free(v->units);
	*v = (struct kt_detect_view){ 0 };
}

bool
kt_detect_is_cut(struct kt_span in)
{
	unsigned char c = (unsigned char)in.ptr[0];
	size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;

	if (in.len >= n)
		return false;
	for (size_t i = 1; i < in.len; i++)
		if (((unsigned char)in.ptr[i] & 0xc0) != 0x80)
			return false;
	return true;
}

static const struct kt_detect_units *
units_at(const struct kt_detect_view *v, size_t at)
{
	size_t low = 0, high = v->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (v->units[mid].view <= at)
			low = mid;
		else
			high = mid;
	}
	return &v->units[low];
}

uint32_t
kt_detect_view_back(const struct kt_detect_view *v, size_t *start, size_t *end)
{
	const struct kt_detect_units *a = units_at(v, *start);
	const struct kt_detect_units *b = units_at(v, *end - 1);
	uint32_t disguise = 0;

	for (const struct kt_detect_units *u = a; u <= b; u++)
		disguise |= u->disguise;
	*start = a->source + (*start - a->view) / a->view_len * a->source_len;
	*end = b->source +
	    ((*end - 1 - b->view) / b->view_len + 1) * b->source_len;
	return disguise;
}

/* The pass. */
struct pass {
	struct kt_span in;
	size_t at;
	struct kt_detect_view *out;
	bool changed;
	bool has_more; /* behind in, and it may matter */
	bool waits; /* for that */
	bool is_piece; /* of a stream */
};

/* Are n bytes from where the pass is; or does it wait for them? */
static bool
waits_for(struct pass *p, size_t n, enum kt_detect_within within)
{
	if (!p->has_more || p->in.len - p->at >= n)
		return false;
	p->out->within = within;
	p->waits = true;
	return true;
}

static enum kt_rc
add(struct pass *p, size_t source_len, struct kt_span said, uint32_t disguise)
{
	size_t view_unit = disguise ? said.len : 1;
	size_t source_unit = disguise ? source_len : 1;
	struct kt_detect_view *v = p->out;
	struct kt_detect_units *last = v->n > 0 ? &v->units[v->n - 1] : NULL;
	void *units = v->units;

	p->changed |= disguise != 0;
	if (said.len > 0 &&
	    (last == NULL || last->disguise != disguise ||
	        last->view_len != view_unit ||
	        last->source_len != source_unit ||
	        v->source_end != v->source_base + p->at)) {
		if (kt_grow(&units, &v->cap, v->n + 1, sizeof(*v->units)) < 0)
			return KT_E_LIMIT;
		v->units = units;
		v->units[v->n++] = (struct kt_detect_units){
			.view = v->text_base + (uint32_t)v->text.len,
			.source = v->source_base + (uint32_t)p->at,
			.view_len = (uint16_t)view_unit,
			.source_len = (uint16_t)source_unit,
			.disguise = disguise };
	}
	p->at += source_len;
	if (said.len > 0)
		v->source_end = v->source_base + (uint32_t)p->at;
	return kt_buf_add(&v->text, said);
}

static enum kt_rc
add_plain(struct pass *p, size_t len)
{
	return add(p, len, kt_span_sub(p->in, p->at, len), 0);
}

/* ---- runs ---- */

static bool
is_separator(char c)
{
	return c == '+' || c == '-' || c == '/' || c == '_';
}

static enum kt_rc
decode_hex(struct pass *p)
{
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && !waits_for(p, 2, KT_DETECT_WITHIN_HEX)) {
		int is = kt_detect_text16(p->in, p->at);
		char c = (char)is;

		if (is < 0)
			break;
		rc = add(p, 2, (struct kt_span){ &c, 1 }, KT_DISGUISE_HEX);
	}
	return rc;
}

/* A line's end inside a run: RFC 2045 breaks them. */
static size_t
line_end(struct kt_span in, size_t at)
{
	size_t n = at < in.len && in.ptr[at] == '\r';

	if (at + n >= in.len || in.ptr[at + n] != '\n')
		return 0;
	n++;
	return at + n < in.len && kt_detect_digit64(in.ptr[at + n]) >= 0 ? n : 0;
}

/* Groups of four digits that say three bytes, or of eight that say five. */
struct groups {
	size_t digits;
	int (*text)(struct kt_span in, size_t at, size_t n, char *out);
	enum kt_detect_within within;
};
static const struct groups groups64 = { 4, kt_detect_text64,
	KT_DETECT_WITHIN_BASE64 };
static const struct groups groups64_wide = { 4, kt_detect_text64_wide,
	KT_DETECT_WITHIN_BASE64_WIDE };
static const struct groups groups32 = { 8, kt_detect_text32,
	KT_DETECT_WITHIN_BASE32 };

static enum kt_rc
decode_groups(struct pass *p, const struct groups *g)
{
	enum kt_rc rc = KT_OK;

	/* An end of line, a group, and the digit behind both. */
	while (rc == KT_OK && !waits_for(p, g->digits + 3, g->within)) {
		size_t digits = 0, pads = 0;
		char bytes[8];
		int n;

		p->at += line_end(p->in, p->at);
		while (digits < g->digits && p->at + digits < p->in.len &&
		    kt_detect_digit64(p->in.ptr[p->at + digits]) >= 0)
			digits++;
		n = g->text(p->in, p->at, digits, bytes);
		if (n < 0)
			break;
		while (digits + pads < g->digits &&
		    p->at + digits + pads < p->in.len &&
		    p->in.ptr[p->at + digits + pads] == '=')
			pads++;
		rc = add(p, digits + pads,
		    (struct kt_span){ bytes, (size_t)n }, KT_DISGUISE_BASE64);
		if (digits < g->digits)
			break;
	}
	return rc;
}

/* ---- rows ---- */

/* Behind the character of n bytes at `at`: is one more of the row there? */
static bool
goes_on(const struct pass *p, size_t n)
{
	const char *c = p->in.ptr + p->at;
	size_t left = p->in.len - p->at;

	if (left < n + 2 || c[n] != p->out->between)
		return false;
	/* A word behind it has not got what stands between. */
	return left < n + 3 || !kt_detect_is_alnum(c[0]) || !kt_detect_is_alnum(c[n + 1]) ||
	    !kt_detect_is_alnum(c[n + 2]);
}

static enum kt_rc
decode_spaced(struct pass *p)
{
	enum kt_rc rc = KT_OK;

	/* A character, what is behind it, and the next two. */
	while (rc == KT_OK && !waits_for(p, 7, KT_DETECT_WITHIN_SPACED) &&
	    p->at < p->in.len) {
		uint32_t cp;
		size_t n = kt_utf8_decode(
		    kt_span_sub(p->in, p->at, p->in.len), &cp);

		if (n == 0 || !goes_on(p, n))
			break;
		rc = add(p, n + 1, kt_span_sub(p->in, p->at, n),
		    KT_DISGUISE_FORM);
	}
	/* The last one has nothing behind it that belongs to the row. */
	if (rc == KT_OK && !p->waits && p->at < p->in.len &&
	    (unsigned char)p->in.ptr[p->at] < 0x80)
		rc = add_plain(p, 1);
	return rc;
}

static enum kt_rc
decode_quoted(struct pass *p)
{
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && !waits_for(p, 3, KT_DETECT_WITHIN_QUOTED) &&
	    p->at < p->in.len && p->in.ptr[p->at] == '=') {
		struct kt_span rest = kt_span_sub(p->in, p->at + 1, 2);
		int is = kt_detect_text16(p->in, p->at + 1);
		char c = (char)is;

		if (is >= 0)
			rc = add(p, 3, (struct kt_span){ &c, 1 },
			    KT_DISGUISE_PERCENT);
		else if (rest.len > 0 && rest.ptr[0] == '\n')
			rc = add(p, 2, KT_SPAN(""), KT_DISGUISE_PERCENT);
		else if (kt_span_eq(rest, KT_SPAN("\r\n")))
			rc = add(p, 3, KT_SPAN(""), KT_DISGUISE_PERCENT);
		else
			break;
	}
	return rc;
}

/* *taken: a row begins there, or may once there is more. */
static enum kt_rc
take_row(struct pass *p, bool *taken)
{
	*taken = true;
	switch (kt_detect_row_says(p->in, p->at)) {
	case KT_DETECT_ROW_SPACED:
		p->out->between = p->in.ptr[p->at + 1];
		return decode_spaced(p);
	case KT_DETECT_ROW_QUOTED:
		return decode_quoted(p);
	case KT_DETECT_ROW_MAYBE:
		*taken = waits_for(
		    p, KT_DETECT_ROW_MIN, KT_DETECT_WITHIN_TEXT);
		return KT_OK;
	case KT_DETECT_ROW_NONE:
		break;
	}
	*taken = false;
	return KT_OK;
}

/* A word, or what is left of a run: as it is, to where one may begin. */
static enum kt_rc
pass_word(struct pass *p)
{
	size_t n = p->out->within == KT_DETECT_WITHIN_WORD ? 0 : 1;

	p->out->within = KT_DETECT_WITHIN_TEXT;
	while (p->at + n < p->in.len &&
	    kt_detect_digit64(p->in.ptr[p->at + n]) >= 0 &&
	    (n == 0 || !is_separator(p->in.ptr[p->at + n - 1])))
		n++;
	if (p->at + n == p->in.len && p->has_more &&
	    (n == 0 || !is_separator(p->in.ptr[p->at + n - 1]))) {
		p->out->within = KT_DETECT_WITHIN_WORD;
		p->waits = true;
	}
	return n > 0 ? add_plain(p, n) : KT_OK;
}

/* "0x" in front of the digits: what they say does not begin with it. */
static size_t
prefix(const struct pass *p)
{
	return p->in.len - p->at > 2 && p->in.ptr[p->at] == '0' &&
	        (p->in.ptr[p->at + 1] | 32) == 'x' &&
	        kt_detect_begins_run(p->in, p->at + 2)
	    ? 2
	    : 0;
}

static enum kt_rc
take_run(struct pass *p)
{
	size_t n = 0, skip = prefix(p), least = skip + KT_DETECT_RUN_MIN;
	enum kt_detect_run run;

	while (n < least && p->at + n < p->in.len &&
	    kt_detect_digit64(p->in.ptr[p->at + n]) >= 0)
		n++;
	if (p->at + n == p->in.len &&
	    waits_for(p, least, KT_DETECT_WITHIN_TEXT))
		return KT_OK;
	run = kt_detect_run_says(p->in, p->at + skip);
	if (run != KT_DETECT_RUN_NONE && skip > 0 &&
	    add(p, skip, KT_SPAN(""), KT_DISGUISE_HEX) < 0)
		return KT_E_LIMIT;
	switch (run) {
	case KT_DETECT_RUN_HEX:
		return decode_hex(p);
	case KT_DETECT_RUN_BASE64:
		return decode_groups(p, &groups64);
	case KT_DETECT_RUN_BASE64_WIDE:
		return decode_groups(p, &groups64_wide);
	case KT_DETECT_RUN_BASE32:
		return decode_groups(p, &groups32);
	case KT_DETECT_RUN_NONE:
		break;
	}
	return pass_word(p);
}

/* ---- escapes and characters ---- */

static enum kt_rc
take_escape(struct pass *p)
{
	uint32_t cp, disguise =
	    p->in.ptr[p->at] == '%' ? KT_DISGUISE_PERCENT : KT_DISGUISE_ESCAPE;
	char bytes[4];
	bool is_byte;
	size_t n, k = 1;

	if (waits_for(p, kt_detect_escape_needs(p->in, p->at),
		KT_DETECT_WITHIN_TEXT))
		return KT_OK;
	n = kt_detect_escape(p->in, p->at, &cp, &is_byte);
	if (n == 0)
		return add_plain(p, 1);
	bytes[0] = (char)cp;
	if (!is_byte)
		k = kt_utf8_encode(cp, bytes);
	return add(p, n, (struct kt_span){ bytes, k }, disguise);
}

/*
 * A mark: with the plain letter before it one character, when that is one and
 * it is the only mark; else nothing, as those are that cover a letter.
 */
static enum kt_rc
take_mark(struct pass *p, uint32_t mark, size_t len)
{
	struct kt_detect_view *v = p->out;
	struct kt_detect_units *last = v->n > 0 ? &v->units[v->n - 1] : NULL;
	uint32_t cp = 0;
	char bytes[4];
	size_t n;

	if (last != NULL && last->disguise == 0 && v->text.len > 0 &&
	    !p->is_piece && v->source_end == p->at &&
	    !kt_detect_is_mark(p->in, p->at + len))
		cp = kt_detect_compose(
		    (unsigned char)v->text.ptr[v->text.len - 1], mark);
	if (cp == 0)
		return add(p, len, KT_SPAN(""), KT_DISGUISE_FORM);
	v->text.len--;
	if (last->view == v->text.len)
		v->n--;
	v->source_end--;
	p->at--;
	n = kt_utf8_encode(cp, bytes);
	return add(p, 1 + len, (struct kt_span){ bytes, n },
	    KT_DISGUISE_FORM);
}

/* A letter of braille, or what tells how the next ones are read. */
static enum kt_rc
take_cell(struct pass *p, uint32_t cp, size_t len)
{
	char c = kt_detect_cell(cp, &p->out->cells);

	return add(p, len, (struct kt_span){ &c, c != '\0' },
	    KT_DISGUISE_FORM);
}

static enum kt_rc
take_character(struct pass *p)
{
	char bytes[KT_DETECT_FOLD_MAX];
	uint32_t cp, disguise;
	size_t n, len = kt_utf8_decode(
	              kt_span_sub(p->in, p->at, p->in.len), &cp);

	if (len == 0)
		return kt_detect_is_cut(kt_span_sub(p->in, p->at, 4)) &&
		    waits_for(p, 4, KT_DETECT_WITHIN_TEXT)
		    ? KT_OK
		    : add_plain(p, 1);
	if (kt_detect_is_mark(p->in, p->at))
		return take_mark(p, cp, len);
	if (kt_detect_is_cell(cp))
		return take_cell(p, cp, len);
	p->out->cells = KT_DETECT_CELLS_LETTERS;
	if (!kt_detect_fold(cp, bytes, &n, &disguise))
		return add_plain(p, len);
	return add(p, len, (struct kt_span){ bytes, n }, disguise);
}

static enum kt_rc
take(struct pass *p)
{
	char c = p->in.ptr[p->at];
	bool taken = false;
	enum kt_rc rc = KT_OK;

	if (p->out->within == KT_DETECT_WITHIN_WORD)
		return pass_word(p);
	if ((unsigned char)c >= 0x80)
		return take_character(p);
	p->out->cells = KT_DETECT_CELLS_LETTERS;
	if (c == '\\' || c == '%' || c == '&')
		return take_escape(p);
	if (c == '=' || kt_detect_is_alnum(c))
		rc = take_row(p, &taken);
	if (taken)
		return rc;
	return kt_detect_digit64(c) >= 0 ? take_run(p) : add_plain(p, 1);
}

/* What the last piece ended in goes on. */
static enum kt_rc
take_rest(struct pass *p, enum kt_detect_within within)
{
	switch (within) {
	case KT_DETECT_WITHIN_HEX:
		return decode_hex(p);
	case KT_DETECT_WITHIN_BASE64:
		return decode_groups(p, &groups64);
	case KT_DETECT_WITHIN_BASE64_WIDE:
		return decode_groups(p, &groups64_wide);
	case KT_DETECT_WITHIN_BASE32:
		return decode_groups(p, &groups32);
	case KT_DETECT_WITHIN_SPACED:
		return decode_spaced(p);
	case KT_DETECT_WITHIN_QUOTED:
		return decode_quoted(p);
	case KT_DETECT_WITHIN_TEXT:
	case KT_DETECT_WITHIN_WORD:
		break;
	}
	return KT_OK;
}

enum kt_rc
kt_detect_unmask(struct kt_span in, struct kt_detect_view *out, bool *changed)
{
	struct pass p = { .in = in, .out = out };
	enum kt_rc rc = KT_OK;

	out->text.limit = KT_DETECT_VIEW_GROWTH * in.len + KT_DETECT_FOLD_MAX;
	kt_buf_reset(&out->text);
	out->n = 0;
	out->source_end = 0;
	out->cells = KT_DETECT_CELLS_LETTERS;
	while (rc == KT_OK && p.at < in.len)
		rc = take(&p);
	*changed = p.changed;
	return rc;
}

enum kt_rc
kt_detect_unmask_more(
    struct kt_span in, bool is_end, struct kt_detect_view *out, size_t *used)
{
	struct pass p = {
		.in = in, .out = out, .has_more = !is_end, .is_piece = true
	};
	enum kt_detect_within within = out->within;
	enum kt_rc rc;

	out->text_base += (uint32_t)out->text.len;
	kt_buf_reset(&out->text);
	out->text.limit = KT_DETECT_VIEW_GROWTH * in.len + KT_DETECT_FOLD_MAX;
	if (within != KT_DETECT_WITHIN_WORD)
		out->within = KT_DETECT_WITHIN_TEXT;
	rc = take_rest(&p, within);
	while (rc == KT_OK && !p.waits && p.at < in.len)
		rc = take(&p);
	*used = p.at;
	out->source_base += (uint32_t)p.at;
	return rc;
}
