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

#define N16 -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1
/* clang-format off */
const int8_t kt_detect_digits64[256] = {
	N16, N16,
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 62, -1, 62, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	N16, N16, N16, N16, N16, N16, N16, N16,
};
/* clang-format on */

static int
digit16(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_separator(char c)
{
	return c == '+' || c == '-' || c == '/' || c == '_';
}

static bool
is_text_byte(unsigned char c)
{
	return (c >= ' ' && c != 127) || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of n digits at `at`, all there; how many. */
static size_t
bytes64(struct kt_span in, size_t at, size_t n, char *out)
{
	size_t len = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++) {
		int d = kt_detect_digit64(in.ptr[at + i]);

		if (d < 0)
			return 0;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 == 1)
			out[len++] = (char)(bits >> 4);
		else if (i % 4 == 2)
			out[len++] = (char)(bits >> 2);
		else if (i % 4 == 3)
			out[len++] = (char)bits;
	}
	return len;
}

static bool
is_text(const char *bytes, size_t n)
{
	struct kt_span s = { bytes, n };

	unsigned char any = 0;

	for (size_t i = 0; i < n; i++) {
		any |= (unsigned char)bytes[i];
		if (!is_text_byte((unsigned char)bytes[i]))
			return false;
	}
	/* The last character may go on behind what is looked at. */
	return any < 0x80 || n <= 4 || kt_utf8_check(s) + 4 > n;
}

uint32_t
kt_detect_run_says(struct kt_span in, size_t from)
{
	char bytes[KT_DETECT_RUN_MIN];
	size_t n = 0;

	if (in.len - from < KT_DETECT_RUN_MIN ||
	    kt_detect_has_blank(in.ptr + from) ||
	    kt_detect_has_blank(in.ptr + from + 8))
		return 0;
	for (; n < KT_DETECT_RUN_MIN / 2; n++) {
		int a = digit16(in.ptr[from + 2 * n]);
		int b = digit16(in.ptr[from + 2 * n + 1]);

		if (a < 0 || b < 0)
			break;
		bytes[n] = (char)(a << 4 | b);
		if (!is_text_byte((unsigned char)bytes[n]))
			break;
	}
	if (n == KT_DETECT_RUN_MIN / 2 && is_text(bytes, n))
		return KT_DISGUISE_HEX;
	/* Of words and keys two in three are told by their first digits. */
	n = bytes64(in, from, 4, bytes);
	if (n == 0 || !is_text(bytes, n))
		return 0;
	n = bytes64(in, from, KT_DETECT_RUN_MIN, bytes);
	return n > 0 && is_text(bytes, n) ? KT_DISGUISE_BASE64 : 0;
}

bool
kt_detect_run_may_say(struct kt_span in, size_t from)
{
	char bytes[KT_DETECT_RUN_MIN];
	size_t digits = in.len - from, n = 0;

	if (digits >= KT_DETECT_RUN_MIN)
		return false;
	for (; 2 * n + 1 < digits; n++) {
		int a = digit16(in.ptr[from + 2 * n]);
		int b = digit16(in.ptr[from + 2 * n + 1]);

		if (a < 0 || b < 0)
			break;
		bytes[n] = (char)(a << 4 | b);
	}
	if (n == digits / 2 && is_text(bytes, n))
		return true;
	n = bytes64(in, from, digits, bytes);
	return n > 0 && is_text(bytes, n);
}

static enum kt_rc
decode_hex(struct pass *p)
{
	enum kt_rc rc = KT_OK;

	while (rc == KT_OK && !waits_for(p, 2, KT_DETECT_WITHIN_HEX) &&
	    p->in.len - p->at >= 2) {
		int a = digit16(p->in.ptr[p->at]);
		int b = digit16(p->in.ptr[p->at + 1]);
		char c;

		if (a < 0 || b < 0)
			break;
		c = (char)(a << 4 | b);
		if (!is_text_byte((unsigned char)c))
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

static enum kt_rc
decode_base64(struct pass *p)
{
	enum kt_rc rc = KT_OK;

	/* An end of line, a group, and the digit behind both. */
	while (rc == KT_OK && !waits_for(p, 7, KT_DETECT_WITHIN_BASE64)) {
		size_t digits = 0, pads = 0, n;
		char bytes[3];

		p->at += line_end(p->in, p->at);
		while (digits < 4 && p->at + digits < p->in.len &&
		    kt_detect_digit64(p->in.ptr[p->at + digits]) >= 0)
			digits++;
		n = bytes64(p->in, p->at, digits, bytes);
		if (n == 0 || !is_text(bytes, n))
			break;
		while (digits + pads < 4 && p->at + digits + pads < p->in.len &&
		    p->in.ptr[p->at + digits + pads] == '=')
			pads++;
		rc = add(p, digits + pads, (struct kt_span){ bytes, n },
		    KT_DISGUISE_BASE64);
		if (digits < 4)
			break;
	}
	return rc;
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

static enum kt_rc
take_run(struct pass *p)
{
	size_t n = 0;
	uint32_t says;

	while (n < KT_DETECT_RUN_MIN && p->at + n < p->in.len &&
	    kt_detect_digit64(p->in.ptr[p->at + n]) >= 0)
		n++;
	if (p->at + n == p->in.len &&
	    waits_for(p, KT_DETECT_RUN_MIN, KT_DETECT_WITHIN_TEXT))
		return KT_OK;
	says = kt_detect_run_says(p->in, p->at);
	if (says == KT_DISGUISE_HEX)
		return decode_hex(p);
	if (says == KT_DISGUISE_BASE64)
		return decode_base64(p);
	return pass_word(p);
}

/* ---- escapes and characters ---- */

static int
hex_at(struct kt_span in, size_t at, size_t n)
{
	int v = 0;

	if (in.len - at < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int d = digit16(in.ptr[at + i]);

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* \uXXXX, its other half with it if there is one. */
static size_t
unicode_escape(struct kt_span in, size_t at, uint32_t *cp)
{
	int high = hex_at(in, at + 2, 4), low;

	if (high < 0)
		return 0;
	*cp = (uint32_t)high;
	if (high < 0xd800 || high > 0xdfff)
		return 6;
	if (high > 0xdbff || in.len - at < 12 || in.ptr[at + 6] != '\\' ||
	    in.ptr[at + 7] != 'u')
		return 0;
	low = hex_at(in, at + 8, 4);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	*cp = 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
	return 12;
}

/* "&#64;" or "&#x40;", with a digit to seven: how long what is there of it is.
   Whole when it ends in a semicolon. */
static size_t
entity(struct kt_span in, size_t at, uint32_t *cp)
{
	bool is_hex = in.len - at > 2 && (in.ptr[at + 2] | 32) == 'x';
	size_t first = at + 2 + is_hex, end = first;

	*cp = 0;
	if (in.len - at < 2 || in.ptr[at + 1] != '#')
		return in.len - at < 2 ? 1 : 0;
	for (; end < in.len && end - first < 7; end++) {
		int d = digit16(in.ptr[end]);

		if (d < 0 || (d > 9 && !is_hex))
			break;
		*cp = *cp * (is_hex ? 16 : 10) + (uint32_t)d;
	}
	if (end < in.len && (in.ptr[end] != ';' || end == first))
		return 0;
	return end < in.len ? end + 1 - at : end - at;
}

size_t
kt_detect_escape(struct kt_span in, size_t at, uint32_t *cp, bool *is_byte)
{
	static const char plain[] = "\"\\/'nrtbf", said[] = "\"\\/'\n\r\t\b\f";
	const char *simple;
	int v;

	*is_byte = false;
	if (in.len - at < 2)
		return 0;
	if (in.ptr[at] == '&') {
		size_t n = entity(in, at, cp);

		return n > 0 && in.ptr[at + n - 1] == ';' && *cp > 0 &&
		    *cp < 0x110000 && (*cp < 0xd800 || *cp > 0xdfff)
		    ? n
		    : 0;
	}
	if (in.ptr[at] == '%' || in.ptr[at + 1] == 'x') {
		size_t n = in.ptr[at] == '%' ? 3 : 4;

		*is_byte = true;
		v = in.len - at < n ? -1 : hex_at(in, at + n - 2, 2);
		*cp = (uint32_t)v;
		return v > 0 ? n : 0;
	}
	if (in.ptr[at + 1] == 'u')
		return unicode_escape(in, at, cp);
	simple = memchr(plain, in.ptr[at + 1], sizeof(plain) - 1);
	if (simple == NULL)
		return 0;
	*cp = (unsigned char)said[simple - plain];
	return 2;
}

size_t
kt_detect_escape_needs(struct kt_span in, size_t at)
{
	static const char simple[] = "\"\\/'nrtbf";
	char c = at + 1 < in.len ? in.ptr[at + 1] : '\0';
	bool is_high = at + 3 < in.len && (in.ptr[at + 2] | 32) == 'd' &&
	    (in.ptr[at + 3] >= '8');

	if (at + 1 >= in.len)
		return 2;
	if (in.ptr[at] == '&') {
		uint32_t cp;
		size_t n = entity(in, at, &cp);

		return n == 0 ? 1 : in.ptr[at + n - 1] == ';' ? n : n + 1;
	}
	if (in.ptr[at] == '%')
		return digit16(c) >= 0 ? 3 : 1;
	if (c == 'u')
		return is_high ? 12 : 6;
	if (c == 'x')
		return 4;
	return memchr(simple, c, sizeof(simple) - 1) != NULL ? 2 : 1;
}

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

/* A mark that belongs to the plain letter before it. */
static enum kt_rc
take_mark(struct pass *p, uint32_t mark, size_t len, bool *taken)
{
	struct kt_detect_view *v = p->out;
	struct kt_detect_units *last = v->n > 0 ? &v->units[v->n - 1] : NULL;
	uint32_t cp;
	char bytes[4];
	size_t n;

	*taken = false;
	if (last == NULL || last->disguise != 0 || v->text.len == 0 ||
	    p->is_piece || v->source_end != p->at ||
	    (unsigned char)v->text.ptr[v->text.len - 1] >= 0x80)
		return KT_OK;
	cp = kt_detect_compose(
	    (unsigned char)v->text.ptr[v->text.len - 1], mark);
	if (cp == 0)
		return KT_OK;
	*taken = true;
	v->text.len--;
	if (last->view == v->text.len)
		v->n--;
	v->source_end--;
	p->at--;
	n = kt_utf8_encode(cp, bytes);
	return add(p, 1 + len, (struct kt_span){ bytes, n },
	    KT_DISGUISE_FORM);
}

static enum kt_rc
take_character(struct pass *p)
{
	char bytes[KT_DETECT_FOLD_MAX];
	uint32_t cp, disguise;
	size_t n, len = kt_utf8_decode(
	              kt_span_sub(p->in, p->at, p->in.len), &cp);
	bool taken = false;
	enum kt_rc rc;

	if (len == 0)
		return kt_detect_is_cut(kt_span_sub(p->in, p->at, 4)) &&
		    waits_for(p, 4, KT_DETECT_WITHIN_TEXT)
		    ? KT_OK
		    : add_plain(p, 1);
	if (cp >= 0x300 && cp < 0x370) {
		rc = take_mark(p, cp, len, &taken);
		if (rc < 0 || taken)
			return rc;
	}
	if (!kt_detect_fold(cp, bytes, &n, &disguise))
		return add_plain(p, len);
	return add(p, len, (struct kt_span){ bytes, n }, disguise);
}

static enum kt_rc
take(struct pass *p)
{
	char c = p->in.ptr[p->at];

	if (p->out->within == KT_DETECT_WITHIN_WORD)
		return pass_word(p);
	if ((unsigned char)c >= 0x80)
		return take_character(p);
	if (kt_detect_begins_escape(c))
		return take_escape(p);
	return kt_detect_digit64(c) >= 0 ? take_run(p) : add_plain(p, 1);
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
	enum kt_rc rc = KT_OK;

	out->text_base += (uint32_t)out->text.len;
	kt_buf_reset(&out->text);
	out->text.limit = KT_DETECT_VIEW_GROWTH * in.len + KT_DETECT_FOLD_MAX;
	if (within != KT_DETECT_WITHIN_WORD)
		out->within = KT_DETECT_WITHIN_TEXT;
	if (within == KT_DETECT_WITHIN_HEX)
		rc = decode_hex(&p);
	else if (within == KT_DETECT_WITHIN_BASE64)
		rc = decode_base64(&p);
	while (rc == KT_OK && !p.waits && p.at < in.len)
		rc = take(&p);
	*used = p.at;
	out->source_base += (uint32_t)p.at;
	return rc;
}
