/*
 * text - unescaping keeps sparse marks instead of one per escape.
 *
 * A string made of nothing but escapes would need a table larger than
 * itself.  So a mark is set in front of an escape only when the last mark
 * lies at least MARK_EVERY raw bytes back, and a look-up reads those few
 * bytes again.  Behind that stretch, up to the next mark, there can be no
 * escape, so the rest is arithmetic.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json/text.h"

#include "json/json_priv.h"

#define MARK_EVERY 64

const unsigned char kt_json_simple[256] = {
	['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b',
	['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
};

static int
hex4(const unsigned char *p, size_t n, uint32_t *v)
{
	*v = 0;
	for (size_t i = 0; i < 4; i++) {
		unsigned c;

		if (i >= n)
			return 0;
		c = p[i];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			c = (c | 0x20) - 'a' + 10;
		else
			return KT_JSON_BAD_ESCAPE;
		*v = *v << 4 | c;
	}
	return 4;
}

/* The low half, its first byte at p. */
static int
low_half(const unsigned char *p, size_t n, uint32_t *v)
{
	int len;

	if (n == 0)
		return 0;
	if (p[0] != '\\')
		return KT_JSON_BAD_PAIR;
	if (n == 1)
		return 0;
	if (p[1] != 'u')
		return KT_JSON_BAD_PAIR;
	len = hex4(p + 2, n - 2, v);
	if (len <= 0)
		return len;
	return *v >= 0xdc00 && *v <= 0xdfff ? 6 : KT_JSON_BAD_PAIR;
}

int
kt_json_escape(const char *text, size_t n, uint32_t *cp)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t low;
	int len;

	if (n < 2)
		return 0;
	if (p[1] != 'u') {
		*cp = kt_json_simple[p[1]];
		return *cp ? 2 : KT_JSON_BAD_ESCAPE;
	}
	len = hex4(p + 2, n - 2, cp);
	if (len <= 0)
		return len;
	if (*cp < 0xd800 || *cp > 0xdfff)
		return 6;
	if (*cp > 0xdbff)
		return KT_JSON_BAD_PAIR;
	len = low_half(p + 6, n - 6, &low);
	if (len <= 0)
		return len;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return 12;
}

int
kt_json_letter(struct kt_json_letters *l)
{
	uint32_t cp;
	int len;

	if (l->more_at < l->more_len)
		return l->more[l->more_at++];
	if (l->p == l->end)
		return -1;
	if (*l->p != '\\')
		return (unsigned char)*l->p++;
	len = kt_json_escape(l->p, (size_t)(l->end - l->p), &cp);
	if (len <= 0)
		return -1;
	l->p += len;
	l->more_len = (unsigned)kt_utf8_encode(cp, (char *)l->more);
	l->more_at = 1;
	return l->more[0];
}

/* How many raw bytes lie in front of the next escape at or behind from. */
static size_t
next_escape(struct kt_span raw, size_t from)
{
	const char *hit = NULL;

	if (from < raw.len)
		hit = memchr(raw.ptr + from, '\\', raw.len - from);
	return hit ? (size_t)(hit - raw.ptr) : raw.len;
}

/* Source code has an escape every dozen bytes: too near for two calls. */
#define NEAR 16

/* Copies to the next escape or the end; returns where that is. */
static size_t
copy_plain(struct kt_span raw, size_t from, char *out)
{
	size_t at = from, near = raw.len - from < NEAR ? raw.len : from + NEAR;

	for (; at < near; at++) {
		if (raw.ptr[at] == '\\')
			return at;
		out[at - from] = raw.ptr[at];
	}
	if (at < raw.len) {
		size_t stop = next_escape(raw, at);

		memcpy(out + (at - from), raw.ptr + at, stop - at);
		at = stop;
	}
	return at;
}

/*
 * Decodes into out, which has room for raw.len bytes: no escape is shorter
 * than what it stands for.  marks may be NULL.
 */
static enum kt_rc
decode(struct kt_span raw, char *out, size_t *out_len,
    struct kt_json_mark *marks, size_t *count)
{
	size_t i = 0, d = 0, marked = 0;

	while (i < raw.len) {
		size_t stop = copy_plain(raw, i, out + d);
		uint32_t cp;
		unsigned char c;
		int len;

		d += stop - i;
		i = stop;
		if (i == raw.len)
			break;
		if (marks != NULL && i - marked >= MARK_EVERY) {
			marks[(*count)++] = (struct kt_json_mark){
				.decoded = (uint32_t)d, .raw = (uint32_t)i,
			};
			marked = i;
		}
		c = i + 1 < raw.len
		    ? kt_json_simple[(unsigned char)raw.ptr[i + 1]] : 0;
		if (c != 0) {
			out[d++] = (char)c;
			i += 2;
			continue;
		}
		len = kt_json_escape(raw.ptr + i, raw.len - i, &cp);
		if (len <= 0)
			return KT_E_PARSE;
		d += kt_utf8_encode(cp, out + d);
		i += (size_t)len;
	}
	*out_len = d;
	return KT_OK;
}

enum kt_rc
kt_json_unescape(struct kt_span raw, struct kt_arena *mem,
    struct kt_span *out, struct kt_json_map *map)
{
	struct kt_json_mark *marks = NULL;
	size_t count = 0, len = 0;
	char *text;
	enum kt_rc rc;

	if (map != NULL)
		*map = (struct kt_json_map){ 0 };
	*out = raw;
	if (next_escape(raw, 0) == raw.len)
		return KT_OK;
	*out = (struct kt_span){ 0 };
	if (raw.len > UINT32_MAX)
		return KT_E_LIMIT;
	text = kt_arena_alloc(mem, raw.len);
	if (text == NULL)
		return KT_E_LIMIT;
	if (map != NULL) {
		marks = kt_arena_array(
		    mem, raw.len / MARK_EVERY + 1, sizeof(*marks));
		if (marks == NULL)
			return KT_E_LIMIT;
	}
	rc = decode(raw, text, &len, marks, &count);
	if (rc < 0)
		return rc;
	*out = (struct kt_span){ .ptr = text, .len = len };
	if (map != NULL)
		*map = (struct kt_json_map){ .marks = marks, .count = count };
	return KT_OK;
}

enum kt_rc
kt_json_unescape_add(struct kt_buf *out, struct kt_span raw)
{
	size_t len = 0;
	enum kt_rc rc = kt_buf_reserve(out, raw.len);

	if (rc < 0 || raw.len == 0)
		return rc;
	rc = decode(raw, out->ptr + out->len, &len, NULL, NULL);
	if (rc == KT_OK)
		out->len += len;
	return rc;
}

enum side { BEFORE, BEHIND };

static size_t
map_side(const struct kt_json_map *map, struct kt_span raw, size_t decoded,
    enum side side)
{
	size_t low = 0, high = map->count, i = 0, d = 0, stop;

	while (low < high) { /* the last mark at or in front of decoded */
		size_t mid = low + (high - low) / 2;

		if (map->marks[mid].decoded <= decoded)
			low = mid + 1;
		else
			high = mid;
	}
	if (low > 0) {
		d = map->marks[low - 1].decoded;
		i = map->marks[low - 1].raw;
	}
	stop = raw.len - i > MARK_EVERY ? i + MARK_EVERY : raw.len;
	while (d < decoded && i < stop) {
		char bytes[4];
		uint32_t cp;
		size_t became;
		int len;

		if (raw.ptr[i] != '\\') {
			d++, i++;
			continue;
		}
		len = kt_json_escape(raw.ptr + i, raw.len - i, &cp);
		if (len <= 0)
			break;
		became = kt_utf8_encode(cp, bytes);
		if (decoded - d < became)
			return side == BEFORE ? i : i + (size_t)len;
		d += became;
		i += (size_t)len;
	}
	i += decoded - d;
	return i < raw.len ? i : raw.len;
}

size_t
kt_json_map_raw(
    const struct kt_json_map *map, struct kt_span raw, size_t decoded)
{
	return map_side(map, raw, decoded, BEFORE);
}

size_t
kt_json_map_raw_end(
    const struct kt_json_map *map, struct kt_span raw, size_t decoded)
{
	return map_side(map, raw, decoded, BEHIND);
}

bool
kt_json_text_eq(struct kt_span raw_a, struct kt_span raw_b)
{
	struct kt_json_letters a = kt_json_letters_of(raw_a);
	struct kt_json_letters b = kt_json_letters_of(raw_b);
	int c;

	do {
		c = kt_json_letter(&a);
		if (c != kt_json_letter(&b))
			return false;
	} while (c >= 0);
	return a.p == a.end && b.p == b.end;
}

bool
kt_json_text_is(struct kt_span raw, struct kt_span plain)
{
	struct kt_json_letters l = kt_json_letters_of(raw);

	if (plain.len > raw.len)
		return false;
	for (size_t i = 0; i < plain.len; i++) {
		if (kt_json_letter(&l) != (unsigned char)plain.ptr[i])
			return false;
	}
	return kt_json_letter(&l) < 0 && l.p == l.end;
}

bool
kt_json_begins(struct kt_span text)
{
	size_t at = kt_span_starts(text, KT_SPAN("\xef\xbb\xbf")) ? 3 : 0;

	while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\n' ||
	        text.ptr[at] == '\t' || text.ptr[at] == '\r'))
		at++;
	return at < text.len && (text.ptr[at] == '{' || text.ptr[at] == '[');
}
