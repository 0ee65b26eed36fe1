/*
 * split - where the next piece ends, by each pattern.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The patterns, from the packages that publish the vocabularies; the first
 * alternative that matches wins, repetitions are greedy:
 *
 * claude  's|'t|'re|'ve|'m|'ll|'d
 *         | ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * cl100k  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}
 *         | ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * o200k   LEAD?HEAD*TAIL+CONTRACTION?|LEAD?HEAD+TAIL*CONTRACTION?
 *         |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *         with LEAD [^\r\n\p{L}\p{N}], HEAD [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}],
 *         TAIL [\p{Ll}\p{Lm}\p{Lo}\p{M}], CONTRACTION that of cl100k
 */
#include "token/split_priv.h"

#include "token/ascii_priv.h"

#define HEAD (KT_CHAR_UPPER | KT_CHAR_CASELESS | KT_CHAR_MARK)
#define TAIL (KT_CHAR_LOWER | KT_CHAR_CASELESS | KT_CHAR_MARK)
#define WORD (KT_CHAR_LETTER | KT_CHAR_NUMBER)

struct text {
	const uint8_t *p;
	size_t len;
};

/* End of text: no class, length 0. */
struct one {
	unsigned class;
	size_t len;
};

static inline struct one
look(struct text t, size_t at)
{
	struct one c = { .class = 0 };

	if (at < t.len)
		c.class = kt_char_class(t.p + at, &c.len);
	return c;
}

static inline bool
is_newline(struct text t, size_t at)
{
	return at < t.len && (t.p[at] == '\n' || t.p[at] == '\r');
}

static inline bool
is_other(struct one c)
{
	return c.len > 0 && (c.class & (WORD | KT_CHAR_SPACE)) == 0;
}

/* ASCII first, a byte at a time: nearly all of most texts. */
static inline size_t
ascii_run(struct text t, size_t at, unsigned classes, unsigned wanted)
{
	while (at < t.len && t.p[at] < 0x80 &&
	    ((kt_char_classes[0][t.p[at]] & classes) != 0) == wanted)
		at++;
	return at;
}

static inline size_t
run(struct text t, size_t at, unsigned classes)
{
	struct one c;

	at = ascii_run(t, at, classes, true);
	while (at < t.len && t.p[at] >= 0x80 &&
	    (c = look(t, at)).class & classes)
		at = ascii_run(t, at + c.len, classes, true);
	return at;
}

static inline size_t
run_of_others(struct text t, size_t at)
{
	struct one c;

	at = ascii_run(t, at, WORD | KT_CHAR_SPACE, false);
	while (at < t.len && t.p[at] >= 0x80 && is_other(c = look(t, at)))
		at = ascii_run(t, at + c.len, WORD | KT_CHAR_SPACE, false);
	return at;
}

static size_t
numbers(struct text t, size_t at)
{
	for (int i = 0; i < 3; i++) {
		struct one c = look(t, at);

		if ((c.class & KT_CHAR_NUMBER) == 0)
			break;
		at += c.len;
	}
	return at;
}

/* 's and its kin at an apostrophe; its length or 0. */
static size_t
contraction_at(struct text t, size_t at, bool any_case)
{
	static const char kinds[][3] = { "s", "t", "re", "ve", "m", "ll", "d" };
	static const uint8_t long_s[] = { 0xc5, 0xbf }; /* folds to s */
	const uint8_t *p = t.p + at + 1;
	size_t left;

	left = t.len - at - 1;
	for (size_t i = 0; i < KT_NELEMS(kinds); i++) {
		size_t n = strlen(kinds[i]);
		struct kt_span here = { .ptr = (const char *)p, .len = n };
		struct kt_span kind = { .ptr = kinds[i], .len = n };

		if (n <= left &&
		    (any_case ? kt_span_caseeq(here, kind) :
		                kt_span_eq(here, kind)))
			return 1 + n;
	}
	if (any_case && left >= 2 && memcmp(p, long_s, 2) == 0)
		return 3;
	return 0;
}

static inline size_t
contraction(struct text t, size_t at, bool any_case)
{
	return at < t.len && t.p[at] == '\'' ?
	    contraction_at(t, at, any_case) : 0;
}

/* \s+(?!\S)|\s+ */
static size_t
spaces(struct text t, size_t at)
{
	size_t last = at, end = at;
	struct one c;

	while ((c = look(t, end)).class & KT_CHAR_SPACE) {
		last = end;
		end += c.len;
	}
	return end == t.len || last == at ? end : last;
}

/* \s*[\r\n]+|\s+(?!\S)|\s+ */
static size_t
spaces_with_lines(struct text t, size_t at)
{
	size_t line_end = at;

	for (size_t i = at;;) {
		struct one c = look(t, i);

		if ((c.class & KT_CHAR_SPACE) == 0)
			break;
		if (is_newline(t, i))
			line_end = i + 1;
		i += c.len;
	}
	return line_end > at ? line_end : spaces(t, at);
}

/* Where " ?[^\s\p{L}\p{N}]+" ends, or at. */
static size_t
others(struct text t, size_t at)
{
	size_t from = at + (at < t.len && t.p[at] == ' ');
	size_t end = run_of_others(t, from);

	return end > from ? end : at;
}

/* Words of ASCII letters: any, or capitals in front of small ones. */
enum ascii_word {
	ASCII_LETTERS,
	ASCII_HEADS_AND_TAILS
};

/*
 * Where the ASCII word at this place ends, or at: then the long way has to be
 * taken, as with a word that does not end here, or goes on in other letters.
 */
static inline size_t
ascii_word(struct text t, size_t at, enum ascii_word kind)
{
	struct kt_ascii a;
	size_t n;

	if (at + KT_ASCII_STEP > t.len)
		return at;
	a = kt_ascii_of(t.p + at);
	if (kind == ASCII_LETTERS) {
		n = kt_ascii_run(a.upper | a.lower);
	} else {
		n = kt_ascii_run(a.upper);
		n += kt_ascii_run(a.lower >> n);
	}
	return n < KT_ASCII_STEP && t.p[at + n] < 0x80 ? at + n : at;
}

size_t
kt_token_split_claude(const uint8_t *p, size_t len, size_t at)
{
	struct text t = { .p = p, .len = len };
	size_t from = at + (p[at] == ' ');
	size_t end = ascii_word(t, from, ASCII_LETTERS);
	struct one c;

	if (end > from)
		return end;
	end = contraction(t, at, false);
	if (end > 0)
		return at + end;
	c = look(t, from);
	if (c.class & KT_CHAR_LETTER)
		return run(t, from, KT_CHAR_LETTER);
	if (c.class & KT_CHAR_NUMBER)
		return run(t, from, KT_CHAR_NUMBER);
	end = others(t, at);
	return end > at ? end : spaces(t, at);
}

/* What all patterns but Claude's do with anything that is not a word. */
static size_t
rest(struct text t, size_t at, bool with_slash)
{
	size_t end = numbers(t, at);

	if (end > at)
		return end;
	end = others(t, at);
	if (end == at)
		return spaces_with_lines(t, at);
	while (is_newline(t, end) || (with_slash && end < t.len &&
	                                 t.p[end] == '/'))
		end++;
	return end;
}

static bool
may_lead(struct text t, size_t at, struct one c)
{
	return (c.class & WORD) == 0 && !is_newline(t, at);
}

size_t
kt_token_split_cl100k(const uint8_t *p, size_t len, size_t at)
{
	struct text t = { .p = p, .len = len };
	size_t end = contraction(t, at, true);
	struct one c = look(t, at);
	size_t from = at + (may_lead(t, at, c) ? c.len : 0);

	if (end > 0)
		return at + end;
	end = ascii_word(t, from, ASCII_LETTERS);
	if (end == from)
		end = run(t, from, KT_CHAR_LETTER);
	return end > from ? end : rest(t, at, false);
}

/*
 * HEAD*TAIL+: the heads take all they can, and give back until a tail is left
 * for TAIL+, which is what lies behind the heads or the last of them that can
 * be both.
 */
static size_t
heads_and_tails(struct text t, size_t at)
{
	size_t both = at; /* the end of the last head that is a tail as well */
	struct one c;
	size_t end;

	while ((c = look(t, at)).class & HEAD) {
		at += c.len;
		if (c.class & TAIL)
			both = at;
	}
	end = run(t, at, TAIL);
	return end > at ? end : both;
}

/* One of the two alternatives for words, with LEAD and without; or at. */
static size_t
word(struct text t, size_t at, size_t (*alternative)(struct text, size_t))
{
	struct one c = look(t, at);
	size_t from, end;

	if (may_lead(t, at, c)) {
		from = at + c.len;
		end = alternative(t, from);
		if (end > from)
			return end;
	}
	return alternative(t, at);
}

static size_t
heads(struct text t, size_t at)
{
	size_t end = run(t, at, HEAD);

	return end > at ? run(t, end, TAIL) : at;
}

size_t
kt_token_split_o200k(const uint8_t *p, size_t len, size_t at)
{
	struct text t = { .p = p, .len = len };
	struct one c = look(t, at);
	size_t from = at + (may_lead(t, at, c) ? c.len : 0);
	size_t end = ascii_word(t, from, ASCII_HEADS_AND_TAILS);

	if (end > from)
		return end + contraction(t, end, true);
	/* Each word begins with a head or a tail, or with one behind a lead. */
	if (!(c.class & (HEAD | TAIL)) &&
	    !(may_lead(t, at, c) &&
	        look(t, at + c.len).class & (HEAD | TAIL)))
		return rest(t, at, true);
	end = word(t, at, heads_and_tails);
	if (end == at)
		end = word(t, at, heads);
	if (end == at)
		return rest(t, at, true);
	return end + contraction(t, end, true);
}
