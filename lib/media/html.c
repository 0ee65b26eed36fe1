/*
 * html - tags that are no more than a change of type are taken out, any other
 * ends a line.  A "<" that begins no tag is one, as in a program.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"
#include "media/markup.h"

#define TAG_MAX 65536 /* bytes; what is longer is none */
#define NAME_MAX 32

enum closing { COMMENT, SCRIPT, STYLE, NCLOSINGS };

struct html {
	struct kt_span s;
	size_t at;
	struct kt_markup *m;
	size_t no_tag;	/* none begins before this */
	bool is_open[NCLOSINGS]; /* and not closed up to the end */
	bool is_cut;	/* in a word, something was just taken out */
	bool is_joined; /* and the word went on */
};

static char
last_of(const struct kt_buf *b)
{
	return b->len > 0 ? b->ptr[b->len - 1] : '\n';
}

static bool
is_blank(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void
say(struct html *h, uint32_t c)
{
	h->is_joined |= h->is_cut && !is_blank(c);
	h->is_cut = false;
	kt_markup_add(h->m, &h->m->shown, c);
}

static void
cut(struct html *h)
{
	h->is_cut |= !is_blank((unsigned char)last_of(&h->m->shown));
}

static void
separate(struct html *h, char by)
{
	h->is_cut = false;
	kt_markup_separate(h->m, &h->m->shown, by);
}

/* ---- characters by name or number ---- */

static const struct {
	const char *name;
	uint32_t c;
} names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
	{ "apos", '\'' }, { "Tab", '\t' }, { "NewLine", '\n' }, { "excl", '!' },
	{ "num", '#' }, { "dollar", '$' }, { "percnt", '%' }, { "lpar", '(' },
	{ "rpar", ')' }, { "ast", '*' }, { "plus", '+' }, { "comma", ',' },
	{ "period", '.' }, { "sol", '/' }, { "colon", ':' }, { "semi", ';' },
	{ "equals", '=' }, { "quest", '?' }, { "commat", '@' }, { "lsqb", '[' },
	{ "lbrack", '[' }, { "bsol", '\\' }, { "rsqb", ']' }, { "rbrack", ']' },
	{ "lowbar", '_' }, { "lcub", '{' }, { "rcub", '}' }, { "ensp", ' ' },
	{ "emsp", ' ' }, { "thinsp", ' ' }, { "zwnj", 0x200c },
	{ "zwj", 0x200d }, { "hyphen", 0x2010 }, { "dash", 0x2010 },
	{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
	{ "bull", 0x2022 }, { "hellip", 0x2026 }, { "euro", 0x20ac },
	{ "minus", 0x2212 } };

static uint32_t
by_name(struct kt_span name)
{
	static const char *const upper[] = {
		"nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar",
		"sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg",
		"macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro",
		"para", "middot", "cedil", "sup1", "ordm", "raquo", "frac14",
		"frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc",
		"Atilde", "Auml", "Aring", "AElig", "Ccedil", "Egrave",
		"Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml",
		"ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml",
		"times", "Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml",
		"Yacute", "THORN", "szlig", "agrave", "aacute", "acirc",
		"atilde", "auml", "aring", "aelig", "ccedil", "egrave",
		"eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml",
		"eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml",
		"divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
		"yacute", "thorn", "yuml" };

	for (size_t i = 0; i < KT_NELEMS(names); i++)
		if (kt_span_eq(name, kt_span_of(names[i].name)))
			return names[i].c;
	for (size_t i = 0; i < KT_NELEMS(upper); i++)
		if (kt_span_eq(name, kt_span_of(upper[i])))
			return 0xa0 + (uint32_t)i;
	return 0;
}

static uint32_t
by_number(struct kt_span digits)
{
	bool is_hex = digits.len > 0 && (digits.ptr[0] | 32) == 'x';
	uint32_t v = 0;

	for (size_t i = is_hex; i < digits.len; i++) {
		char c = digits.ptr[i];
		bool is_digit = c >= '0' && c <= '9';

		if ((!is_digit && (!is_hex || (c | 32) < 'a' || (c | 32) > 'f')) ||
		    v > 0x10ffff)
			return 0;
		v = v * (is_hex ? 16 : 10) +
		    (uint32_t)(is_digit ? c - '0' : (c | 32) - 'a' + 10);
	}
	v = v < 0x100 ? kt_charset_western((unsigned char)v) : v;
	return v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) ||
	    kt_charset_is_control(v) ? 0 : v;
}

static bool
is_of_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* How long a reference to a character is at s; 0: there is none. */
static size_t
reference(struct kt_span s, uint32_t *c)
{
	size_t from = 1 + (s.len > 1 && s.ptr[1] == '#'), end = from;
	struct kt_span word;

	while (end < s.len && end - from < NAME_MAX && is_of_word(s.ptr[end]))
		end++;
	word = kt_span_sub(s, from, end - from);
	*c = word.len == 0 || end == s.len || s.ptr[end] != ';' ? 0 :
	    from == 2 ? by_number(word) : by_name(word);
	return *c != 0 ? end + 1 : 0;
}

/* ---- tags ---- */

/* Where the tag ends that begins at s, behind its ">"; 0: it does not, and
   nor does what looks like one inside of it. */
static size_t
end_of_tag(struct html *h, struct kt_span s)
{
	char quote = 0;
	size_t i = 1;

	for (; h->at >= h->no_tag && i < s.len && i < TAG_MAX; i++) {
		char c = s.ptr[i];

		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if ((c == '"' || c == '\'') && s.ptr[i - 1] == '=')
			quote = c;
		else if (c == '>')
			return i + 1;
		else if (c == '<')
			break;
	}
	h->no_tag = h->at + i > h->no_tag ? h->at + i : h->no_tag;
	return 0;
}

/* Where s is closed, and behind that; 0: nowhere, nor is any later one. */
static size_t
behind(struct html *h, struct kt_span s, enum closing by)
{
	static const struct kt_span ends[NCLOSINGS] = { KT_SPAN_INIT("-->"),
		KT_SPAN_INIT("</script"), KT_SPAN_INIT("</style") };
	struct kt_span end = ends[by];

	for (size_t at = 0; !h->is_open[by] && at + end.len <= s.len; at++)
		if (kt_case_eq(s.ptr + at, end.ptr, end.len))
			return at + end.len;
	h->is_open[by] = true;
	return 0;
}

/* Values with references in them: the source does not say them. */
static void
add_values(struct html *h, struct kt_span tag)
{
	struct kt_buf *to = &h->m->beside;
	uint32_t c;

	if (kt_span_find(tag, '&') == tag.len)
		return;
	for (size_t at = 0, n; at < tag.len; at += n) {
		n = tag.ptr[at] == '&' ?
		    reference(kt_span_sub(tag, at, tag.len), &c) : 0;
		h->is_joined |= n > 0;
		if (n == 0)
			n = kt_utf8_decode(kt_span_sub(tag, at, tag.len), &c);
		if (n > 0)
			kt_markup_add(h->m, to, c);
		else
			n = 1;
	}
	kt_markup_separate(h->m, to, '\n');
}

static bool
is_in(struct kt_span name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (kt_span_caseeq(name, kt_span_of(list[i])))
			return true;
	return false;
}

/* What is inside is for a program and not shown: how long it is. */
static size_t
length_of_raw(struct html *h, struct kt_span s, struct kt_span name)
{
	size_t end = kt_span_caseeq(name, KT_SPAN("script")) ?
	    behind(h, s, SCRIPT) :
	    kt_span_caseeq(name, KT_SPAN("style")) ? behind(h, s, STYLE) : 0;

	return end > 0 ? end - 2 - name.len : 0;
}

static const char *const runs[] = { "a", "abbr", "acronym", "b", "bdi", "bdo",
	"big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
	"kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span",
	"strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr" };
static const char *const cells[] = { "td", "th" };

/* How long the tag is at s; 0: there is none. */
static size_t
read_tag(struct html *h, struct kt_span s)
{
	size_t from = 1 + (s.len > 1 && s.ptr[1] == '/'), end = from, n;
	struct kt_span name;

	while (end < s.len && (is_of_word(s.ptr[end]) || s.ptr[end] == '-' ||
	        s.ptr[end] == ':'))
		end++;
	name = kt_span_sub(s, from, end - from);
	if (name.len == 0 || name.len > NAME_MAX || end == s.len ||
	    (s.ptr[from] >= '0' && s.ptr[from] <= '9') ||
	    !(is_blank((unsigned char)s.ptr[end]) || s.ptr[end] == '>' ||
	        s.ptr[end] == '/'))
		return 0;
	n = end_of_tag(h, s);
	if (n == 0)
		return 0;
	if (is_in(name, runs, KT_NELEMS(runs)))
		cut(h);
	else
		separate(h, is_in(name, cells, KT_NELEMS(cells)) ? '\t' : '\n');
	add_values(h, kt_span_sub(s, 0, n));
	return n + (from == 1 ?
	    length_of_raw(h, kt_span_sub(s, n, s.len), name) : 0);
}

/* The same for what else may begin with "<". */
static size_t
read_bracket(struct html *h, struct kt_span s)
{
	size_t n;

	if (kt_span_starts(s, KT_SPAN("<!--"))) {
		n = behind(h, s, COMMENT);
		if (n > 0)
			cut(h);
		return n;
	}
	if (kt_span_starts(s, KT_SPAN("<![CDATA["))) {
		cut(h);
		return 9;
	}
	if (kt_span_starts(s, KT_SPAN("<!")) || kt_span_starts(s, KT_SPAN("<?"))) {
		n = end_of_tag(h, s);
		if (n > 0)
			separate(h, '\n');
		return n;
	}
	return read_tag(h, s);
}

static void
read_one(struct html *h)
{
	struct kt_span s = kt_span_sub(h->s, h->at, h->s.len);
	uint32_t c = 0;
	size_t n = 0;

	if (s.ptr[0] == '<') {
		n = read_bracket(h, s);
	} else if (s.ptr[0] == '&') {
		n = reference(s, &c);
		if (n > 0) {
			h->is_joined = true;
			say(h, c);
		}
	} else if (kt_span_starts(s, KT_SPAN("]]>"))) {
		n = 3;
		cut(h);
	}
	if (n == 0) {
		n = kt_utf8_decode(s, &c);
		if (n > 0)
			say(h, c);
		else
			n = 1;
	}
	h->at += n;
}

bool
kt_markup_html(struct kt_span s, struct kt_markup *m)
{
	struct html h = { .s = s, .m = m };

	if (kt_span_find(s, '<') == s.len && kt_span_find(s, '&') == s.len)
		return false;
	while (h.at < s.len)
		read_one(&h);
	if (h.is_joined)
		return true;
	kt_buf_reset(&m->shown);
	kt_buf_reset(&m->beside);
	return false;
}
