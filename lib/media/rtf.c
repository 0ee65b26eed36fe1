/*
 * rtf - groups on a stack, each with what holds inside of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "media/charset.h"
#include "media/markup.h"

#define DEEP_MAX 200 /* groups inside one another; editors make some twenty */
#define WORD_MAX 32  /* letters of a control word */

void
kt_markup_init(struct kt_markup *m, size_t limit)
{
	*m = (struct kt_markup){ 0 };
	kt_buf_init(&m->shown, limit);
	kt_buf_init(&m->beside, limit);
}

void
kt_markup_fini(struct kt_markup *m)
{
	kt_buf_fini(&m->shown);
	kt_buf_fini(&m->beside);
}

void
kt_markup_add(struct kt_markup *m, struct kt_buf *to, uint32_t c)
{
	m->is_full |= kt_charset_add(to, c) < 0;
}

void
kt_markup_separate(struct kt_markup *m, struct kt_buf *to, char by)
{
	char last = to->len > 0 ? to->ptr[to->len - 1] : '\n';

	if (last != '\n' && (last != by || by == '\n'))
		m->is_full |= kt_buf_addc(to, by) < 0;
}

struct group {
	bool is_beside; /* a destination of its own */
	bool is_hidden; /* text that is not shown */
	bool is_bytes;	/* of a picture or an object */
	uint32_t fallback; /* characters behind one in Unicode */
};

struct rtf {
	struct kt_span s;
	size_t at;
	struct kt_markup *m;
	struct group groups[DEEP_MAX], *now;
	uint32_t skip; /* so many characters were said already */
	uint32_t high; /* half of a pair whose other half comes next */
};

static void
say(struct rtf *r, uint32_t c)
{
	if (r->skip > 0)
		r->skip--;
	else if (!r->now->is_bytes && c != 0 && !kt_charset_is_control(c))
		kt_markup_add(r->m, r->now->is_beside || r->now->is_hidden ?
		    &r->m->beside : &r->m->shown, c);
}

static void
separate(struct rtf *r, char by)
{
	kt_markup_separate(r->m, r->now->is_beside || r->now->is_hidden ?
	    &r->m->beside : &r->m->shown, by);
}

static bool
open_group(struct rtf *r)
{
	if (r->now == r->groups + DEEP_MAX - 1)
		return false;
	r->now[1] = r->now[0];
	r->now++;
	r->skip = 0;
	return true;
}

static void
close_group(struct rtf *r)
{
	if (r->now->is_beside)
		separate(r, '\n');
	r->now--;
	r->skip = 0;
}

static const struct {
	const char *word;
	uint32_t is;
} chars[] = { { "par", '\n' }, { "line", '\n' }, { "sect", '\n' },
	{ "page", '\n' }, { "row", '\n' }, { "nestrow", '\n' },
	{ "cell", '\t' }, { "nestcell", '\t' }, { "tab", '\t' },
	{ "emdash", 0x2014 }, { "endash", 0x2013 }, { "lquote", 0x2018 },
	{ "rquote", 0x2019 }, { "ldblquote", 0x201c }, { "rdblquote", 0x201d },
	{ "bullet", 0x2022 }, { "emspace", ' ' }, { "enspace", ' ' },
	{ "qmspace", ' ' } };

static const char *const destinations[] = { "fonttbl", "colortbl",
	"stylesheet", "info", "header", "headerl", "headerr", "headerf", "footer",
	"footerl", "footerr", "footerf", "footnote", "annotation", "xe", "tc" };

static void
hide(struct rtf *r, bool is_hidden)
{
	if (r->now->is_hidden && !is_hidden)
		separate(r, '\n');
	r->now->is_hidden = is_hidden;
}

static void
obey(struct rtf *r, struct kt_span word, int64_t number)
{
	for (size_t i = 0; i < KT_NELEMS(chars); i++)
		if (kt_span_eq(word, kt_span_of(chars[i].word))) {
			if (chars[i].is == '\n' || chars[i].is == '\t')
				separate(r, (char)chars[i].is);
			else
				say(r, chars[i].is);
		}
	for (size_t i = 0; i < KT_NELEMS(destinations); i++)
		if (kt_span_eq(word, kt_span_of(destinations[i])))
			r->now->is_beside = true;
	if (kt_span_eq(word, KT_SPAN("pict")) ||
	    kt_span_eq(word, KT_SPAN("objdata")))
		r->now->is_bytes = r->m->has_media = true;
	else if (kt_span_eq(word, KT_SPAN("bin")))
		r->at += number > 0 && (uint64_t)number < r->s.len - r->at ?
		    (size_t)number : 0;
	else if (kt_span_eq(word, KT_SPAN("uc")))
		r->now->fallback = number >= 0 && number < 32 ?
		    (uint32_t)number : 1;
	else if (kt_span_eq(word, KT_SPAN("v")))
		hide(r, number != 0);
	else if (kt_span_eq(word, KT_SPAN("plain")))
		hide(r, false);
}

static void
say_unicode(struct rtf *r, int64_t number)
{
	uint32_t c = (uint32_t)(number & 0xffff), high = r->high;

	r->skip = r->high = 0;
	if (c < 0xd800 || c > 0xdfff)
		say(r, c);
	else if (c < 0xdc00)
		r->high = c;
	else if (high != 0)
		say(r, 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00));
	r->skip = r->now->fallback;
}

/* Behind the backslash: letters, perhaps a number, perhaps a blank. */
static void
read_word(struct rtf *r)
{
	size_t from = r->at, to, digits;
	bool is_minus;
	int64_t n = -1;

	while (r->at < r->s.len && r->at - from < WORD_MAX &&
	    (r->s.ptr[r->at] | 32) >= 'a' && (r->s.ptr[r->at] | 32) <= 'z')
		r->at++;
	to = r->at;
	is_minus = r->at < r->s.len && r->s.ptr[r->at] == '-';
	r->at += is_minus;
	for (digits = 0; digits < 9 && r->at < r->s.len &&
	     r->s.ptr[r->at] >= '0' && r->s.ptr[r->at] <= '9'; digits++)
		n = (n < 0 ? 0 : n) * 10 + (r->s.ptr[r->at++] - '0');
	if (is_minus && n > 0)
		n = -n;
	if (r->at < r->s.len && r->s.ptr[r->at] == ' ')
		r->at++;
	if (to - from == 1 && r->s.ptr[from] == 'u' && digits > 0)
		say_unicode(r, n);
	else
		obey(r, kt_span_sub(r->s, from, to - from), n);
}

static int
digit(struct kt_span s, size_t at)
{
	char c = at < s.len ? s.ptr[at] : 'x';

	return c >= '0' && c <= '9' ? c - '0' :
	    (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static void
read_escape(struct rtf *r)
{
	char c = r->at < r->s.len ? r->s.ptr[r->at] : '-';
	int high = digit(r->s, r->at + 1), low = digit(r->s, r->at + 2);

	if ((c | 32) >= 'a' && (c | 32) <= 'z') {
		read_word(r);
		return;
	}
	r->at++;
	if (c == '\'' && high >= 0 && low >= 0) {
		r->at += 2;
		say(r, kt_charset_western((unsigned char)(high << 4 | low)));
	} else if (c == '*') {
		r->now->is_beside = true;
	} else if (c == '\n' || c == '\r') {
		separate(r, '\n');
	} else if (c == '\\' || c == '{' || c == '}') {
		say(r, (unsigned char)c);
	} else if (c == '~' || c == '_') {
		say(r, c == '~' ? ' ' : '-');
	}
}

static void
read_char(struct rtf *r)
{
	uint32_t c = 0;
	size_t n = kt_utf8_decode(kt_span_sub(r->s, r->at, r->s.len), &c);

	r->at += n > 0 ? n : 1;
	if (n > 0)
		say(r, c);
}

/* False: a group that is open, or too many. */
static bool
read_all(struct rtf *r)
{
	while (r->at < r->s.len) {
		switch (r->s.ptr[r->at]) {
		case '{':
			r->at++;
			if (!open_group(r))
				return false;
			break;
		case '}':
			r->at++;
			close_group(r);
			if (r->now == r->groups)
				return true; /* behind it is no RTF */
			break;
		case '\\':
			r->at++;
			read_escape(r);
			break;
		case '\r':
		case '\n':
			r->at++;
			break;
		default:
			read_char(r);
			break;
		}
	}
	return false;
}

bool
kt_markup_rtf(struct kt_span s, struct kt_markup *m)
{
	struct rtf r = { .s = s, .m = m, .groups = { { .fallback = 1 } } };

	r.now = r.groups;
	if (!kt_span_starts(s, KT_SPAN("{\\rtf")))
		return false;
	if (read_all(&r))
		return true;
	kt_buf_reset(&m->shown);
	kt_buf_reset(&m->beside);
	return false;
}
