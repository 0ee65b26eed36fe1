/*
 * canon - writing and checking canonical lines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The checker is a recursive descent over bytes and not the span index of
 * lib/json: it has to refuse valid JSON that is spelt otherwise, sees lines
 * of at most 32 KiB, and must read hundreds of megabytes a second.
 */
#include "audit/canon.h"
#include "base/plain.h"

/* ---- writing ---- */

/* Where n more bytes go; NULL once there was no room. */
static inline char *
room(struct kt_audit_put *p, size_t n)
{
	struct kt_buf *b = p->out;

	if (p->rc == KT_OK &&
	    (n > b->cap - b->len || n > b->limit - b->len))
		p->rc = kt_buf_reserve(b, n);
	if (p->rc < 0)
		return NULL;
	b->len += n;
	return b->ptr + b->len - n;
}

static void
raw(struct kt_audit_put *p, struct kt_span s)
{
	char *to = room(p, s.len);

	if (to != NULL)
		memcpy(to, s.ptr, s.len);
}

static void
one(struct kt_audit_put *p, char c)
{
	char *to = room(p, 1);

	if (to != NULL)
		*to = c;
}

/* The comma before a value of an array; members have theirs before the name. */
static void
separate(struct kt_audit_put *p)
{
	if (p->depth > 0 && p->level[p->depth].name == NULL) {
		if (p->level[p->depth].has_some)
			one(p, ',');
		p->level[p->depth].has_some = true;
	}
}

void
kt_audit_put_open(struct kt_audit_put *p, char bracket)
{
	separate(p);
	one(p, bracket);
	if (++p->depth >= KT_AUDIT_DEPTH_MAX)
		KT_BUG("a record is nested too deep");
	p->level[p->depth].name = NULL;
	p->level[p->depth].has_some = false;
}

void
kt_audit_put_close(struct kt_audit_put *p, char bracket)
{
	if (p->depth == 0)
		KT_BUG("a bracket too many in a record");
	p->depth--;
	one(p, bracket);
}

void
kt_audit_put_begin(struct kt_audit_put *p, struct kt_buf *out)
{
	*p = (struct kt_audit_put){
		.out = out,
		.from = out->len,
		.text_max = KT_AUDIT_TEXT_MAX,
	};
	kt_audit_put_open(p, '{');
}

enum kt_rc
kt_audit_put_finish(struct kt_audit_put *p, struct kt_err *err)
{
	kt_audit_put_close(p, '}');
	if (p->rc == KT_OK)
		return KT_OK;
	p->out->len = p->from;
	return kt_fail(err, p->rc, "no room for a record");
}

void
kt_audit_put_name_of(struct kt_audit_put *p, const char *name, size_t n)
{
	const char *last = p->level[p->depth].name;
	char *to;

	if (last != NULL && (unsigned char)*last >= (unsigned char)*name &&
	    strcmp(last, name) >= 0)
		KT_BUG("members of a record are out of order");
	p->level[p->depth].name = name;
	to = room(p, n + 3 + (last != NULL));
	if (to == NULL)
		return;
	if (last != NULL)
		*to++ = ',';
	*to++ = '"';
	memcpy(to, name, n);
	memcpy(to + n, "\":", 2);
}

/* The escape of one byte below 0x20, a quote or a backslash. */
static void
escape(struct kt_audit_put *p, unsigned char c)
{
	static const char shortest[] = "btn.fr";
	char hex[3], text[7];

	if (c == '"' || c == '\\') {
		(void)snprintf(text, sizeof(text), "\\%c", c); /* fits */
	} else if (c >= 8 && c <= 13 && c != 11) {
		(void)snprintf(text, sizeof(text), "\\%c", shortest[c - 8]);
	} else {
		kt_hex(&c, 1, hex);
		(void)snprintf(text, sizeof(text), "\\u00%s", hex);
	}
	raw(p, kt_span_of(text));
}

/* A text that is cut, or not plain from end to end. */
static void
put_spelt(struct kt_audit_put *p, struct kt_span text)
{
	size_t at = 0, used = 0;

	one(p, '"');
	while (at < text.len && p->rc == KT_OK) {
		unsigned char c = (unsigned char)text.ptr[at];
		struct kt_span left =
		    kt_span_sub(text, at, p->text_max - used);
		size_t n = kt_plain(left.ptr, 0, left.len);
		uint32_t cp;

		if (n == 0 && c >= 0x80)
			n = kt_utf8_decode(kt_span_sub(text, at, 4), &cp);
		if (used + (n > 0 ? n : c < 0x80 ? 1 : 3) > p->text_max)
			break;
		if (n > 0)
			raw(p, kt_span_sub(text, at, n));
		else if (c < 0x80)
			escape(p, c);
		else
			raw(p, KT_SPAN("\xef\xbf\xbd"));
		used += n > 0 ? n : c < 0x80 ? 1 : 3;
		at += n > 0 ? n : 1;
	}
	one(p, '"');
}

void
kt_audit_put_text(struct kt_audit_put *p, struct kt_span text)
{
	char *to;

	separate(p);
	if (text.len > p->text_max ||
	    kt_plain(text.ptr, 0, text.len) < text.len) {
		put_spelt(p, text);
		return;
	}
	to = room(p, text.len + 2);
	if (to == NULL)
		return;
	*to++ = '"';
	if (text.len > 0)
		memcpy(to, text.ptr, text.len);
	to[text.len] = '"';
}

void
kt_audit_put_int(struct kt_audit_put *p, uint64_t n)
{
	char text[20];

	separate(p);
	raw(p, kt_decimal(n < KT_AUDIT_INT_MAX ? n : KT_AUDIT_INT_MAX, text));
}

void
kt_audit_put_bool(struct kt_audit_put *p, bool b)
{
	separate(p);
	raw(p, b ? KT_SPAN("true") : KT_SPAN("false"));
}

void
kt_audit_put_null(struct kt_audit_put *p)
{
	separate(p);
	raw(p, KT_SPAN("null"));
}

/* ---- checking ---- */

struct scan {
	const char *at, *end;
	unsigned depth;
	kt_audit_member_fn *each;
	void *arg;
};

static bool value(struct scan *s);

/* How many bytes from here on are plain. */
static inline size_t
plain(const struct scan *s)
{
	return kt_plain(s->at, 0, (size_t)(s->end - s->at));
}

static inline bool
take(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static bool
word(struct scan *s, struct kt_span w)
{
	if ((size_t)(s->end - s->at) < w.len ||
	    memcmp(s->at, w.ptr, w.len) != 0)
		return false;
	s->at += w.len;
	return true;
}

/* No sign; at most 17 digits are read: with them no sum overflows. */
static bool
number(struct scan *s)
{
	const char *from = s->at;
	uint64_t n = 0;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9' &&
	    s->at - from < 17)
		n = n * 10 + (uint64_t)(*s->at++ - '0');
	if (s->at == from || s->at - from > 16 || n > KT_AUDIT_INT_MAX)
		return false;
	if (*from == '0')
		return s->at - from == 1;
	return true;
}

/* Only the escapes that a byte has no shorter spelling for. */
static bool
escaped(struct scan *s)
{
	uint8_t c;

	if (s->at == s->end)
		return false;
	if (*s->at != 'u')
		return strchr("\"\\btnfr", *s->at) != NULL && *s->at++ != '\0';
	if (s->end - s->at < 5 || memcmp(s->at, "u00", 3) != 0 ||
	    !kt_unhex(kt_span_sub((struct kt_span){ s->at, 5 }, 3, 2), &c, 1))
		return false;
	if (c >= 0x20 || (c >= 8 && c <= 13 && c != 11))
		return false;
	if (s->at[4] >= 'A' && s->at[4] <= 'F')
		return false;
	s->at += 5;
	return true;
}

static bool
text(struct scan *s)
{
	uint32_t cp;
	size_t n;

	if (!take(s, '"'))
		return false;
	for (;;) {
		s->at += plain(s);
		if (s->at == s->end)
			return false;
		if (take(s, '"'))
			return true;
		if (take(s, '\\')) {
			if (!escaped(s))
				return false;
			continue;
		}
		n = (unsigned char)*s->at < 0x80 ? 0 :
		    kt_utf8_decode((struct kt_span){ s->at,
			(size_t)(s->end - s->at) }, &cp);
		if (n == 0)
			return false;
		s->at += n;
	}
}

/* A name is plain ASCII and needs no escape. */
static bool
name(struct scan *s, struct kt_span *out)
{
	if (!take(s, '"'))
		return false;
	out->ptr = s->at;
	out->len = plain(s);
	s->at += out->len;
	return take(s, '"') && take(s, ':');
}

static inline bool
ascends(struct kt_span a, struct kt_span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order;

	if (n > 0 && *a.ptr != *b.ptr) /* most of the time */
		return (unsigned char)*a.ptr < (unsigned char)*b.ptr;
	order = memcmp(a.ptr, b.ptr, n);
	return order < 0 || (order == 0 && a.len < b.len);
}

static bool
object(struct scan *s)
{
	struct kt_span last = { .ptr = NULL }, now, v;

	if (take(s, '}'))
		return true;
	do {
		if (!name(s, &now))
			return false;
		if (last.ptr != NULL && !ascends(last, now))
			return false;
		v.ptr = s->at;
		if (!value(s))
			return false;
		v.len = (size_t)(s->at - v.ptr);
		if (s->depth == 1 && s->each != NULL &&
		    !s->each(s->arg, now, v))
			return false;
		last = now;
	} while (take(s, ','));
	return take(s, '}');
}

static bool
array(struct scan *s)
{
	if (take(s, ']'))
		return true;
	do {
		if (!value(s))
			return false;
	} while (take(s, ','));
	return take(s, ']');
}

static bool
value(struct scan *s)
{
	bool holds;

	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '"':
		return text(s);
	case '{':
	case '[':
		if (++s->depth > KT_AUDIT_DEPTH_MAX)
			return false;
		holds = *s->at++ == '{' ? object(s) : array(s);
		s->depth--;
		return holds;
	case 't':
		return word(s, KT_SPAN("true"));
	case 'f':
		return word(s, KT_SPAN("false"));
	case 'n':
		return word(s, KT_SPAN("null"));
	default:
		return number(s);
	}
}

enum kt_rc
kt_audit_canon_check(struct kt_span line, kt_audit_member_fn *each, void *arg,
    struct kt_err *err)
{
	struct scan s = {
		.at = line.ptr,
		.end = line.ptr + line.len,
		.each = each,
		.arg = arg,
	};

	if (line.len > KT_AUDIT_LINE_MAX)
		return kt_fail(err, KT_E_LIMIT, "line of %zu bytes", line.len);
	if (line.len == 0 || *line.ptr != '{' || !value(&s) || s.at != s.end)
		return kt_fail(err, KT_E_PARSE, "not canonical at byte %zu",
		    (size_t)(s.at - line.ptr));
	return KT_OK;
}

/* ---- the envelope ---- */

/* Without the quotes; empty when it is no text. */
static struct kt_span
unquote(struct kt_span v)
{
	if (v.len < 2 || v.ptr[0] != '"')
		return (struct kt_span){ .ptr = v.ptr };
	return kt_span_sub(v, 1, v.len - 2);
}

static bool
envelope_member(void *arg, struct kt_span n, struct kt_span v)
{
	struct kt_audit_line *to = arg;

	/* By the first letter and the length: this runs for every member. */
	if (n.len == 0)
		return true;
	switch (*n.ptr) {
	case 'b':
		if (kt_span_eq(n, KT_SPAN("boot")))
			to->boot = unquote(v);
		break;
	case 'c':
		if (kt_span_eq(n, KT_SPAN("clk")))
			to->clk = kt_span_sub(v, 0, *v.ptr == '{' ? v.len : 0);
		break;
	case 'm':
		if (kt_span_eq(n, KT_SPAN("mono")))
			to->mono = kt_span_sub(v, 0, *v.ptr >= '0' &&
			    *v.ptr <= '9' ? v.len : 0);
		break;
	case 'i':
		if (n.len == 1)
			to->index = v;
		break;
	case 'o':
		if (kt_span_eq(n, KT_SPAN("origin")))
			to->origin = unquote(v);
		break;
	case 'p':
		if (kt_span_eq(n, KT_SPAN("prev")))
			to->prev = unquote(v);
		break;
	case 't':
		if (kt_span_eq(n, KT_SPAN("ts")))
			to->ts = unquote(v);
		else if (kt_span_eq(n, KT_SPAN("type")))
			to->type = unquote(v);
		break;
	case 'v':
		if (n.len == 1)
			to->v = unquote(v);
		break;
	default:
		break;
	}
	return true;
}

enum kt_rc
kt_audit_line_parse(
    struct kt_span line, struct kt_audit_line *to, struct kt_err *err)
{
	enum kt_rc rc;
	bool has_index;

	*to = (struct kt_audit_line){ .i = 0 };
	rc = kt_audit_canon_check(line, envelope_member, to, err);
	if (rc < 0)
		return rc;
	has_index = kt_span_u64(to->index, &to->i);
	to->is_whole = has_index && to->prev.len == 64 && to->v.len > 0 &&
	    to->type.len > 0 && to->ts.len > 0 && to->boot.len > 0 &&
	    to->origin.len > 0 && to->clk.len > 0 && to->mono.len > 0;
	return KT_OK;
}
