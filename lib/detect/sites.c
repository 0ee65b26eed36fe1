/*
 * sites - where a text may be disguised; most texts nowhere.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A site costs a second search of what is around it.  So what honest text is
 * full of is none by itself: typographic quotes and dashes, letters of other
 * scripts in words of their own, emoji with their joiners, \n in front of a
 * blank.  Inside the view that a site opens all of them are folded.
 *
 * Eight bytes are asked at once whether one of them is special, and one byte
 * in sixteen whether it stands in a long run: that is all plain text costs.
 */
#include "detect/bytes_priv.h"
#include "detect/search.h"
#include "detect/view_priv.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u
/* Eight bytes that begin at a multiple of eight are in every row. */
#define ROW_BEFORE (KT_DETECT_ROW_MIN - 8)

static bool
is_run_byte(char c)
{
	return kt_detect_digit64(c) >= 0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_graphic(char c)
{
	return c > ' ' && c < 127;
}

/* The byte before and the one behind, or a blank. */
static char
before(struct kt_span in, size_t at)
{
	return at > 0 ? in.ptr[at - 1] : ' ';
}
static char
behind(struct kt_span in, size_t at)
{
	return at < in.len ? in.ptr[at] : ' ';
}

static bool
is_word_of_ascii(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!kt_detect_is_alnum(p[i]))
			return false;
	return n > 0;
}

/* What parts of a key or an address are joined with. */
static bool
is_joint(char c)
{
	return c == '-' || c == '_' || c == '.' || c == '@' || c == '/';
}

static bool
is_cell_at(struct kt_span in, size_t at)
{
	uint32_t cp;

	return kt_utf8_decode(kt_span_sub(in, at, 4), &cp) == 3 &&
	    kt_detect_is_cell(cp);
}

/* The byte behind a row of characters that nobody sees, blanks among them.
   Only the first of a row is to ask for its end: linear. */
static char
behind_unseen(struct kt_span in, size_t at)
{
	char out[KT_DETECT_FOLD_MAX];
	uint32_t cp, disguise;
	size_t n;

	while (at < in.len && (unsigned char)in.ptr[at] >= 0x80) {
		size_t len = kt_utf8_decode(kt_span_sub(in, at, 4), &cp);

		if (len == 0 || !kt_detect_fold(cp, out, &n, &disguise) ||
		    n > 1 || (n == 1 && out[0] != ' '))
			break;
		at += len;
	}
	return behind(in, at);
}

/* What ends a sentence or a part of one. */
static bool
is_stop(char c)
{
	return strchr("!?;,.%()", c) != NULL;
}

/* A blank in [at, end) that parts words of ASCII, or a name from its value.
   French has one before other marks, and within its quotes. */
static bool
blank_hides(struct kt_span in, size_t at, size_t end)
{
	char a = before(in, at), b = behind(in, end);

	if (b == ':' || b == '=')
		return true;
	if (!is_graphic(a) && a != ' ')
		return false;
	b = behind_unseen(in, end);
	return is_graphic(b) && (b == '(' || !is_stop(b));
}

/* Full width and small. */
static bool
is_form(uint32_t cp)
{
	return (cp >= 0xff01 && cp <= 0xff5e) || (cp >= 0xfe50 && cp <= 0xfe6b);
}

/* A blank or mark in [at, end) that stands for c. */
static bool
mark_hides(struct kt_span in, size_t at, size_t end, uint32_t cp, char c)
{
	char a = before(in, at), b = behind(in, end);

	if (is_digit(a) || is_digit(b))
		return true;
	if (c == ' ')
		return blank_hides(in, at, end);
	if (!is_form(cp) || (is_stop(c) && c != '.'))
		return false;
	return is_graphic(a) || is_graphic(b) || (b == ' ' && end < in.len);
}

/* A character above ASCII: does it hide something here? */
static bool
hides(struct kt_span in, size_t at, uint32_t cp, size_t len)
{
	char a = before(in, at), b = behind(in, at + len);
	char out[KT_DETECT_FOLD_MAX];
	uint32_t disguise;
	size_t n;

	/* Words of many languages have a mark on a letter; none has two, or
	   one that the letter does not come with. */
	if (kt_detect_is_mark(in, at))
		return kt_detect_is_mark(in, at + len) ||
		    (kt_detect_is_alnum(a) && kt_detect_compose(
		                        (unsigned char)a, cp) == 0);
	/* One cell alone is a picture. */
	if (kt_detect_is_cell(cp))
		return (at > 2 && is_cell_at(in, at - 3)) ||
		    is_cell_at(in, at + len);
	if (!kt_detect_fold(cp, out, &n, &disguise))
		return false;
	if (n == 0) {
		if (!is_graphic(a) && a != ' ')
			return false;
		b = behind_unseen(in, at + len);
		/* A number may be written with blanks. */
		return is_graphic(a) ? is_graphic(b) || (kt_detect_is_alnum(a) && b == ' ')
				     : is_digit(b);
	}
	if (cp >= 0xe0000)
		return true;
	if (n == 1 && !kt_detect_is_alnum(out[0]))
		return mark_hides(in, at, at + len, cp, out[0]);
	if (!is_word_of_ascii(out, n))
		return is_digit(a) || is_digit(b);
	if (disguise & KT_DISGUISE_LOOKALIKE)
		return kt_detect_is_alnum(a) || kt_detect_is_alnum(b) ||
		    (is_joint(a) && at > 1 && kt_detect_is_alnum(in.ptr[at - 2])) ||
		    (is_joint(b) && kt_detect_is_alnum(behind(in, at + len + 1)));
	return true;
}

/* A backslash, percent sign or ampersand: is what it stands for hidden? */
static bool
escapes(struct kt_span in, size_t at)
{
	uint32_t cp;
	bool is_byte;
	size_t n = kt_detect_escape(in, at, &cp, &is_byte);
	char a = before(in, at), b = behind(in, at + n);

	bool is_named = n > 2 && in.ptr[at] == '&' && in.ptr[at + 1] != '#';

	if (n == 0)
		return false;
	if ((n > 2 && !is_named) || in.ptr[at] == '%')
		return true;
	switch (cp) {
	case '"':
		/* Prose has a blank on one side of it. */
		if (is_named && (at == 0 || is_graphic(a)) && is_graphic(b))
			return true;
		return a == ':' || a == '=' || b == ':' || b == '=' ||
		    (a == ' ' && at > 1 && in.ptr[at - 2] == ':') ||
		    (a == '\\' || b == '\\');
	/* Pages are full of these. */
	case '<':
	case '>':
	case '\'':
		return is_named ? false : kt_detect_is_alnum(b);
	case '&':
		return b == '#' || b == 'n' || b == 'q';
	case 0xa0:
		return mark_hides(in, at, at + n, cp, ' ');
	case '\\':
		/* Escaped twice: another one begins behind it. */
		return b == '"' || b == 'u' || b == '\\' ||
		    ((b == 'n' || b == 'r' || b == 't') &&
		        kt_detect_is_alnum(behind(in, at + n + 1)));
	case '/':
		return is_digit(a) || is_digit(b);
	default:
		return is_named || kt_detect_is_alnum(b);
	}
}

/*
 * Does a run of base64 or hex digits that says a text begin in the block that
 * ends at `last`?  All sixteen bytes of its begin reach to there; "0x" stands
 * in front of it.
 */
static size_t
run_in_block(struct kt_span in, size_t block, size_t last)
{
	size_t begin = last;

	while (begin > block && is_run_byte(in.ptr[begin - 1]))
		begin--;
	for (; begin <= last; begin++)
		if (kt_detect_begins_run(in, begin) &&
		    kt_detect_run_says(in, begin) != 0)
			return kt_detect_is_alnum(before(in, begin))
			    ? begin - 2
			    : begin;
	return in.len;
}

/*
 * Is every second byte the same and the others are not, or is there an equals
 * sign three bytes behind another one?  Each row has such eight bytes, wherever
 * the blocks begin.
 */
static bool
may_be_row(uint64_t w)
{
	static const uint64_t second = 0x000000ff00ff00ff;
	uint64_t twice = w ^ w >> 16, equals = w ^ ONES * '=';
	bool even = (twice & second) == 0, odd = (twice & second << 8) == 0;

	equals = (equals - ONES) & ~equals & HIGHS;
	return even != odd || (equals & equals >> 24) != 0;
}

/* The first row from `from` on that has the eight bytes at `at`, or some. */
static size_t
row_at(struct kt_span in, size_t from, size_t at)
{
	size_t begin = at - from > ROW_BEFORE ? at - ROW_BEFORE : from;

	for (; begin <= at; begin++)
		if (kt_detect_row_says(in, begin) >= KT_DETECT_ROW_SPACED)
			return begin;
	return in.len;
}

static uint64_t
special(uint64_t w)
{
	uint64_t percent = w ^ ONES * '%', backslash = w ^ ONES * '\\';
	uint64_t ampersand = w ^ ONES * '&';

	return (w | ((percent - ONES) & ~percent) |
	           ((ampersand - ONES) & ~ampersand) |
	           ((backslash - ONES) & ~backslash)) & HIGHS;
}

/* Is there a site among the special bytes of [from, to)? */
static size_t
special_site(struct kt_span in, size_t from, size_t to)
{
	for (size_t at = from; at < to; at++) {
		unsigned char c = (unsigned char)in.ptr[at];
		uint32_t cp;
		size_t len;

		if (kt_detect_begins_escape((char)c)) {
			if (escapes(in, at))
				return at;
		} else if (c >= 0xc2) {
			len = kt_utf8_decode(kt_span_sub(in, at, 4), &cp);
			if (len > 0 && hides(in, at, cp, len))
				return at;
		}
	}
	return in.len;
}

/* A run of RUN_MIN that begins in the block at `at` has all of the block's
   second half, or of the first half of the next one; words are shorter. */
static bool
may_be_run(struct kt_span in, size_t at)
{
	const char *p = in.ptr + at;

	return is_run_byte(p[KT_DETECT_RUN_MIN - 1]) &&
	    (!kt_detect_has_blank(p + 8) ||
	        (in.len - at >= KT_DETECT_RUN_MIN + 8 &&
	            !kt_detect_has_blank(p + KT_DETECT_RUN_MIN)));
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t
kt_detect_next_site(struct kt_span in, size_t from)
{
	size_t at = from, site;
	uint64_t w[2];

	for (; in.len - at >= KT_DETECT_RUN_MIN; at += KT_DETECT_RUN_MIN) {
		site = in.len;
		memcpy(w, in.ptr + at, sizeof(w));
		if (special(w[0]) | special(w[1]))
			site = special_site(in, at, at + KT_DETECT_RUN_MIN);
		if (may_be_run(in, at))
			site = least(site, run_in_block(in, at,
			    at + KT_DETECT_RUN_MIN - 1));
		if (may_be_row(w[0]))
			site = least(site, row_at(in, from, at));
		if (may_be_row(w[1]))
			site = least(site, row_at(in, from, at + 8));
		if (site < in.len)
			return site > from ? site : from;
	}
	site = special_site(in, at, in.len);
	if (in.len - at >= sizeof(*w)) {
		memcpy(w, in.ptr + at, sizeof(*w));
		if (may_be_row(w[0]))
			site = least(site, row_at(in, from, at));
	}
	return site;
}
