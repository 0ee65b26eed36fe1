/*
 * pieces - from bracket to bracket.  A string that does not end in its object
 * is none: so one bracket too many hides no other object.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"
#include "media/pieces.h"

#define TELLING_MIN 6 /* bytes; what is shorter names nothing and nobody */

static bool
is_at(const struct kt_pieces *p, size_t at, struct kt_span word)
{
	return p->s.len - at >= word.len &&
	    memcmp(p->s.ptr + at, word.ptr, word.len) == 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\0' || (c >= '\t' && c <= '\r');
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Behind the string in round brackets at p->at; 0: there is none. */
static size_t
end_of_text(struct kt_pieces *p)
{
	size_t at = p->at, deep = 0;

	if (at < p->no_text)
		return 0;
	for (; at < p->s.len && !is_at(p, at, KT_SPAN("endobj")); at++) {
		char c = p->s.ptr[at];

		if (c == '\\')
			at++;
		else if (c == '(')
			deep++;
		else if (c == ')' && --deep == 0)
			return at + 1;
	}
	p->no_text = at;
	return 0;
}

static size_t
end_of_hex(const struct kt_pieces *p)
{
	size_t at = p->at + 1;

	while (at < p->s.len &&
	    (digit(p->s.ptr[at]) >= 0 || is_blank(p->s.ptr[at])))
		at++;
	return at < p->s.len && p->s.ptr[at] == '>' ? at + 1 : 0;
}

/* Where the bytes of a stream begin whose keyword is at p->at; 0: it is none. */
static size_t
begin_of_stream(const struct kt_pieces *p)
{
	size_t at = p->at + 6;

	if (!is_at(p, p->at, KT_SPAN("stream")))
		return 0;
	at += is_at(p, at, KT_SPAN("\r"));
	return is_at(p, at, KT_SPAN("\n")) ? at + 1 : 0;
}

static size_t
find(const struct kt_pieces *p, size_t at, struct kt_span word)
{
	while (at < p->s.len && !is_at(p, at, word))
		at++;
	return at;
}

static void
skip_comment(struct kt_pieces *p)
{
	while (p->at < p->s.len && p->s.ptr[p->at] != '\n' &&
	    p->s.ptr[p->at] != '\r')
		p->at++;
}

/* Takes what is from p->at to `end`. */
static enum kt_piece
give(struct kt_pieces *p, size_t end, struct kt_span *piece)
{
	*piece = kt_span_sub(p->s, p->at, end - p->at);
	p->at = end;
	return KT_PIECE_STRING;
}

enum kt_piece
kt_pieces_next(
    struct kt_pieces *p, struct kt_span *piece, struct kt_span *about)
{
	*about = (struct kt_span){ 0 };
	for (; p->at < p->s.len; p->at++) {
		char c = p->s.ptr[p->at];
		size_t end = c == '(' ? end_of_text(p) :
		    c == '<' ? end_of_hex(p) :
		    c == 's' ? begin_of_stream(p) : 0;

		if (end > 0 && c == 's') {
			*about = kt_span_sub(
			    p->s, p->object, p->at - p->object);
			p->at = end;
			end = find(p, end, KT_SPAN("endstream"));
			(void)give(p, end, piece);
			p->object = p->at += is_at(p, end, KT_SPAN("end")) ?
			    9 : 0;
			return KT_PIECE_STREAM;
		}
		if (end > 0)
			return give(p, end, piece);
		if (c == '%')
			skip_comment(p);
		else if (c == 'o' && is_at(p, p->at, KT_SPAN("obj")))
			p->object = p->at;
	}
	return KT_PIECE_NONE;
}

/* ---- what it says ---- */

/* The byte behind a backslash at s[*at]; -1: none. */
static int
escaped(struct kt_span s, size_t *at)
{
	static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
	char c = s.ptr[*at];
	const char *found = memchr(from, c, sizeof(from) - 1);
	int v = 0;

	if (found != NULL)
		return to[found - from];
	if (c == '\r' || c == '\n')
		return -1;
	if (c < '0' || c > '7')
		return (unsigned char)c;
	for (size_t n = 0; n < 3 && *at < s.len && s.ptr[*at] >= '0' &&
	     s.ptr[*at] <= '7'; n++)
		v = v * 8 + (s.ptr[(*at)++] - '0');
	(*at)--;
	return v & 0xff;
}

static enum kt_rc
add_bytes(struct kt_span s, struct kt_buf *out)
{
	int high = -1;

	for (size_t at = 1; at + 1 < s.len; at++) {
		int c = (unsigned char)s.ptr[at], d = digit(s.ptr[at]);

		if (s.ptr[0] == '(' && c == '\\' && at + 2 < s.len) {
			at++;
			c = escaped(s, &at);
		} else if (s.ptr[0] == '<') {
			c = d >= 0 && high >= 0 ? high << 4 | d : -1;
			high = d < 0 ? high : high < 0 ? d : -1;
		}
		if (c >= 0 && kt_buf_addc(out, (char)c) < 0)
			return KT_E_LIMIT;
	}
	return KT_OK;
}

static bool
is_utf8(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (kt_charset_is_control((unsigned char)s.ptr[i]))
			return false;
	return kt_utf8_check(s) == s.len;
}

enum kt_rc
kt_pieces_say(struct kt_span string, struct kt_buf *out)
{
	enum kt_rc rc;
	struct kt_span s;
	struct kt_buf b;

	kt_buf_init(&b, string.len);
	rc = add_bytes(string, &b);
	s = kt_buf_span(&b);
	if (rc < 0 || s.len < TELLING_MIN || kt_span_starts(s, KT_SPAN("D:"))) {
		/* a date, and the like */
	} else if (is_utf8(s) || kt_charset_check(s) == s.len) {
		rc = is_utf8(s) ? kt_buf_add(out, s) :
		    kt_charset_decode(s, out);
		rc = rc < 0 ? rc : kt_buf_addc(out, '\n');
	}
	kt_buf_fini(&b);
	return rc;
}
