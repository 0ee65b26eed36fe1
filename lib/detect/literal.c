/*
 * literal - reads off a pattern the literals its matches begin with.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The author of a detector could be asked to list them, but a list beside a
 * pattern is a second truth that goes stale.  This reader knows the small
 * part of the syntax that provider tokens use (letters, escapes, small
 * classes, groups of alternatives, fixed counts) and stops at everything
 * else; stopping early only makes the literals shorter, never wrong.
 */
#include "detect/detect_priv.h"

#define WORDS_MAX 128
#define WORD_MAX 40

/* The words so far; an open one may still grow by what follows. */
struct words {
	char text[WORDS_MAX][WORD_MAX];
	uint8_t len[WORDS_MAX];
	bool is_open[WORDS_MAX];
	bool begins_word[WORDS_MAX]; /* \b stands before it */
	size_t n;
};

struct reader {
	const char *p;
	bool is_caseless;
	int depth;
};

static void read_alternatives(struct reader *rd, struct words *out);

static void
close_all(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->is_open[i] = false;
}

static bool
any_open(const struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->is_open[i])
			return true;
	return false;
}

/* What there is; a whole one is thousands of bytes. */
static void
copy(struct words *to, const struct words *from)
{
	memcpy(to->text, from->text, from->n * sizeof(*from->text));
	memcpy(to->len, from->len, from->n * sizeof(*from->len));
	memcpy(to->is_open, from->is_open, from->n * sizeof(*from->is_open));
	memcpy(to->begins_word, from->begins_word,
	    from->n * sizeof(*from->begins_word));
	to->n = from->n;
}

/* Each open word continues with the only one of b, in place. */
static void
extend_by_one(struct words *w, const struct words *b)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->is_open[i] && w->len[i] + b->len[0] > WORD_MAX) {
			close_all(w);
			return;
		}
	for (size_t i = 0; i < w->n; i++) {
		if (!w->is_open[i])
			continue;
		w->begins_word[i] |= w->len[i] == 0 && b->begins_word[0];
		memcpy(w->text[i] + w->len[i], b->text[0], b->len[0]);
		w->len[i] = (uint8_t)(w->len[i] + b->len[0]);
		w->is_open[i] = b->is_open[0];
	}
}

static void
extend_by_each(struct words *w, const struct words *b)
{
	struct words out;

	out.n = 0;
	for (size_t i = 0; i < w->n; i++) {
		size_t reps = w->is_open[i] ? b->n : 1;

		for (size_t j = 0; j < reps; j++) {
			size_t more = w->is_open[i] ? b->len[j] : 0;
			char *to;

			if (out.n == WORDS_MAX || w->len[i] + more > WORD_MAX) {
				close_all(w);
				return;
			}
			to = out.text[out.n];
			memcpy(to, w->text[i], w->len[i]);
			memcpy(to + w->len[i], b->text[j], more);
			out.len[out.n] = (uint8_t)(w->len[i] + more);
			out.is_open[out.n] = w->is_open[i] && b->is_open[j];
			out.begins_word[out.n] = w->begins_word[i] ||
			    (w->len[i] == 0 && b->begins_word[j]);
			out.n++;
		}
	}
	copy(w, &out);
}

/* Each open word continues with each of b; too many: they stay as they are. */
static void
extend(struct words *w, const struct words *b)
{
	if (b->n == 1)
		extend_by_one(w, b);
	else
		extend_by_each(w, b);
}

/* Behind the group or class that starts at p; NULL when it never ends. */
static const char *
skip_class(const char *p)
{
	p++;
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '[' && p[1] == ':')
			return NULL;
		else if (*p == ']')
			return p + 1;
	}
	return NULL;
}

static const char *
skip_group(const char *p)
{
	int depth = 0;

	while (p != NULL && *p != '\0') {
		if (*p == '\\' && p[1] != '\0') {
			p += 2;
		} else if (*p == '[') {
			p = skip_class(p);
		} else {
			depth += *p == '(';
			depth -= *p == ')';
			p++;
			if (depth == 0)
				return p;
		}
	}
	return NULL;
}

/* A class of at most eight plain bytes, as one-byte words. */
static bool
read_class(const char *p, const char *end, struct words *out)
{
	out->n = 0;
	for (p++; p < end - 1; p++) {
		char lo = *p, hi;

		if (lo == '^' || lo == '[')
			return false;
		if (lo == '\\') {
			lo = *++p;
			if ((lo >= 'a' && lo <= 'z') ||
			    (lo >= 'A' && lo <= 'Z') ||
			    (lo >= '0' && lo <= '9'))
				return false;
		}
		hi = lo;
		if (p[1] == '-' && p + 2 < end - 1) {
			hi = p[2];
			if (hi == '\\')
				return false;
			p += 2;
		}
		for (int c = lo; c <= hi; c++) {
			if (out->n == 8)
				return false;
			out->text[out->n][0] = (char)c;
			out->len[out->n] = 1;
			out->begins_word[out->n] = false;
			out->is_open[out->n++] = true;
		}
	}
	return out->n > 0;
}

/* Is there a count behind the element, and how often at least, at most? */
static bool
read_count(const char **pp, unsigned *least, unsigned *most)
{
	const char *p = *pp;
	unsigned n = 0;

	*least = *most = 1;
	if (*p == '?' || *p == '*') {
		*least = 0;
		return true;
	}
	if (*p == '+') {
		*most = 2;
		return true;
	}
	if (*p != '{' || p[1] < '0' || p[1] > '9')
		return false;
	for (p++; *p >= '0' && *p <= '9' && n < 1000; p++)
		n = n * 10 + (unsigned)(*p - '0');
	*least = n;
	*most = *p == '}' ? n : n + 1;
	if (*p == '}')
		p++;
	*pp = p;
	return true;
}

/* Skips what matches nothing by itself; false when p is not such. */
static bool
skip_empty(struct reader *rd)
{
	const char *p = rd->p, *q;

	if (p[0] == '\\' && (p[1] == 'b' || p[1] == 'B')) {
		rd->p += 2;
		return true;
	}
	if (strncmp(p, "(?<!", 4) == 0 || strncmp(p, "(?<=", 4) == 0 ||
	    strncmp(p, "(?!", 3) == 0 || strncmp(p, "(?=", 3) == 0) {
		q = skip_group(p);
		if (q == NULL)
			return false;
		rd->p = q;
		return true;
	}
	return false;
}

/* One element as words; false when it is beyond this reader. */
static bool
read_element(struct reader *rd, struct words *e)
{
	const char *p = rd->p, *end;

	if (*p == '[') {
		end = skip_class(p);
		if (end == NULL || !read_class(p, end, e))
			return false;
		rd->p = end;
		return true;
	}
	if (*p == '(') {
		end = skip_group(p);
		if (end == NULL || rd->depth > 8)
			return false;
		if (p[1] == '?' && p[2] != ':')
			return false;
		rd->p = p + (p[1] == '?' ? 3 : 1);
		rd->depth++;
		read_alternatives(rd, e);
		rd->depth--;
		rd->p = end;
		return true;
	}
	if (*p == '\\') {
		p++;
		if (*p == '\0' || (*p >= '0' && *p <= '9') ||
		    (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
			return false;
	} else if (strchr(".^$*+?{}|)", *p) != NULL) {
		return false;
	}
	e->n = 1;
	e->text[0][0] = *p;
	e->len[0] = 1;
	e->is_open[0] = true;
	e->begins_word[0] = false;
	rd->p = p + 1;
	return true;
}

/* "\\s", as words of one byte. */
static bool
read_blank(struct reader *rd, struct words *out)
{
	static const char blanks[] = "\t\n\v\f\r ";

	if (strncmp(rd->p, "\\s", 2) != 0)
		return false;
	rd->p += 2;
	out->n = 0;
	for (const char *c = blanks; *c != '\0'; c++) {
		out->text[out->n][0] = *c;
		out->len[out->n] = 1;
		out->begins_word[out->n] = false;
		out->is_open[out->n++] = true;
	}
	return true;
}

/* It is there, or nothing is. */
static void
add_empty(struct words *w)
{
	w->len[w->n] = 0;
	w->is_open[w->n] = true;
	w->begins_word[w->n++] = false;
}

static void
read_sequence(struct reader *rd, struct words *w)
{
	struct words e;

	w->n = 1;
	w->len[0] = 0;
	w->is_open[0] = true;
	w->begins_word[0] = false;
	while (
	    *rd->p != '\0' && *rd->p != '|' && *rd->p != ')' && any_open(w)) {
		unsigned least, most;

		if (strncmp(rd->p, "\\b", 2) == 0)
			for (size_t i = 0; i < w->n; i++)
				w->begins_word[i] |= w->len[i] == 0;
		if (skip_empty(rd))
			continue;
		/* A blank tells more in front of bytes than behind them. */
		if (!(w->len[0] == 0 && read_blank(rd, &e)) &&
		    (!read_element(rd, &e) || e.n == 0))
			break;
		if (*rd->p == '?' && e.n < WORDS_MAX) {
			add_empty(&e);
			extend(w, &e);
			rd->p++;
			if (*rd->p == '?' || *rd->p == '+')
				rd->p++;
			continue;
		}
		if (!read_count(&rd->p, &least, &most)) {
			extend(w, &e);
			continue;
		}
		for (unsigned i = 0; i < least && i < 8 && any_open(w); i++)
			extend(w, &e);
		if (least != most || least > 8 || *rd->p == '?' ||
		    *rd->p == '+')
			break;
	}
	if (*rd->p != '\0' && *rd->p != '|' && *rd->p != ')')
		close_all(w);
}

/* To the next '|' of this group, or its end. */
static void
skip_to_alternative(struct reader *rd)
{
	while (*rd->p != '\0' && *rd->p != '|' && *rd->p != ')') {
		const char *q = NULL;

		if (*rd->p == '\\' && rd->p[1] != '\0')
			q = rd->p + 2;
		else if (*rd->p == '[')
			q = skip_class(rd->p);
		else if (*rd->p == '(')
			q = skip_group(rd->p);
		else
			q = rd->p + 1;
		rd->p = q != NULL ? q : rd->p + strlen(rd->p);
	}
}

static void
read_alternatives(struct reader *rd, struct words *out)
{
	struct words one;

	out->n = 0;
	for (;;) {
		read_sequence(rd, &one);
		skip_to_alternative(rd);
		if (out->n + one.n > WORDS_MAX) {
			out->n = 1;
			out->len[0] = 0;
			out->is_open[0] = out->begins_word[0] = false;
			return;
		}
		for (size_t i = 0; i < one.n; i++) {
			memcpy(out->text[out->n], one.text[i], one.len[i]);
			out->len[out->n] = one.len[i];
			out->begins_word[out->n] = one.begins_word[i];
			out->is_open[out->n++] = one.is_open[i];
		}
		if (*rd->p != '|')
			return;
		rd->p++;
	}
}

bool
kt_detect_begins_word(const char *pattern)
{
	struct reader rd = { .p = pattern };

	if (strncmp(rd.p, "(?i)", 4) == 0)
		rd.p += 4;
	if (strncmp(rd.p, "\\b", 2) != 0)
		return false;
	skip_to_alternative(&rd);
	return *rd.p == '\0';
}

/* "(?i)" or its like, which are of all that comes behind, also in other
   alternatives. */
static bool
has_option(const char *pattern)
{
	for (const char *p = strstr(pattern, "(?"); p != NULL;
	     p = strstr(p + 2, "(?")) {
		const char *q = p + 2;

		while (*q != '\0' && strchr("imnsxJU^-", *q) != NULL)
			q++;
		if (q > p + 2 && *q == ')')
			return true;
	}
	return false;
}

enum kt_rc
kt_detect_literals_of(const char *pattern, struct kt_arena *mem,
    struct kt_detect_literal **out, size_t *n, bool *caseless)
{
	struct reader rd = { .p = pattern };
	struct words w;

	*out = NULL;
	*n = 0;
	if (strncmp(rd.p, "(?i)", 4) == 0) {
		*caseless = true;
		rd.p += 4;
	}
	if (has_option(rd.p))
		return KT_OK;
	read_alternatives(&rd, &w);
	/* Two letters in either case are in every other word of prose. */
	for (size_t i = 0; i < w.n; i++)
		if (w.len[i] < (*caseless && !w.begins_word[i] ? 3 : 2))
			return KT_OK;
	*out = kt_arena_array(mem, w.n, sizeof(**out));
	if (*out == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < w.n; i++) {
		struct kt_span text = kt_arena_dup(
		    mem, (struct kt_span){ w.text[i], w.len[i] });

		if (text.ptr == NULL)
			return KT_E_LIMIT;
		(*out)[i] = (struct kt_detect_literal){ .text = text.ptr,
			.len = w.len[i],
			.is_word = w.begins_word[i] &&
			    kt_detect_is_word(text.ptr[0]) };
	}
	*n = w.n;
	return KT_OK;
}
