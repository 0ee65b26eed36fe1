/*
 * needs - what bytes a pattern's matches are made of, begin with, stand behind
 * and cannot be without.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An address of mail has an '@', and nothing but letters, digits and dots
 * before it.  In a text without '@' no match is complete, and one that may
 * still come can only have begun in the last run of such bytes, and no more of
 * them back than may stand before the '@': there is no need to try the others.
 * Where the reader meets what it does not know, it says that any byte will do,
 * which costs time and is never wrong.
 */
#include "detect/detect_priv.h"

#define CLASS_MAX 128
#define DEPTH_MAX 16

/* A piece of a pattern: what it is never without, up to where that ends at the
   latest, and how long it can be.  In bytes, at most KT_DETECT_FAR. */
struct part {
	struct kt_detect_bytes set;
	uint32_t by, width;
	bool is_byte; /* one of set, nothing longer */
};

/* How often something is there; at most KT_DETECT_FAR. */
struct count {
	uint32_t least, most;
};

struct reader {
	const char *p;
	struct kt_detect_bytes body, *begin; /* begin[GLANCE] */
	/* Bit n: what comes next can be n bytes behind the start. */
	unsigned at;
	int depth;
	bool is_caseless, is_choice, is_lost; /* choice: of whole patterns */
	bool has_front;
};

static const struct kt_detect_bytes any = { { ~(uint64_t)0, ~(uint64_t)0,
    ~(uint64_t)0, ~(uint64_t)0 } };

static void
join(struct kt_detect_bytes *to, const struct kt_detect_bytes *more)
{
	for (size_t i = 0; i < KT_NELEMS(to->w); i++)
		to->w[i] |= more->w[i];
}

static void
leave_out(struct kt_detect_bytes *from, const struct kt_detect_bytes *what)
{
	for (size_t i = 0; i < KT_NELEMS(from->w); i++)
		from->w[i] &= ~what->w[i];
}

/* How often in text: letters and blanks are everywhere, digits are not. */
static int
weight(const struct kt_detect_bytes *set)
{
	static const uint64_t letters = UINT64_C(0x07fffffe07fffffe);
	static const uint64_t blanks =
	    UINT64_C(1) << ' ' | UINT64_C(1) << '\n';
	int sum = 0;

	for (size_t i = 0; i < KT_NELEMS(set->w); i++)
		sum += __builtin_popcountll(set->w[i]);
	return sum + 7 * __builtin_popcountll(set->w[1] & letters) +
	    63 * __builtin_popcountll(set->w[0] & blanks);
}

static void
fold(struct kt_detect_bytes *set)
{
	/* Bits 1 to 26 of the second word are 'A' to 'Z', and 32 on 'a'. */
	uint64_t letters = (set->w[1] | set->w[1] >> 32) & UINT64_C(0x07fffffe);

	set->w[1] |= letters | letters << 32;
}

static void
lose(struct reader *rd)
{
	rd->is_lost = true;
	rd->p += strlen(rd->p);
}

/* "[:alpha:]" and its like, which are not read here. */
static bool
has_named_class(const char *from, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (from[i] == '\\')
			i++;
		else if (from[i] == '[' && strchr(":.=", from[i + 1]) != NULL)
			return true;
	}
	return false;
}

/* A class, or an escape written as one. */
static void
read_class(struct reader *rd, const char *from, size_t len,
    struct kt_detect_bytes *out)
{
	char text[CLASS_MAX];

	if (len + 3 > sizeof(text) || has_named_class(from, len)) {
		lose(rd);
		return;
	}
	text[0] = '[';
	memcpy(text + 1, from, len);
	text[len + 1] = ']';
	text[len + 2] = '\0';
	if (!kt_detect_bytes_parse(text, out))
		lose(rd);
}

/* Bytes of set may come next, so often. */
static void
advance(struct reader *rd, const struct kt_detect_bytes *set,
    struct count count)
{
	unsigned at = rd->at, ends = count.least == 0 ? at : 0;

	for (uint32_t k = 1; k <= count.most && at != 0; k++) {
		for (unsigned n = 0; n < KT_DETECT_GLANCE; n++)
			if (at >> n & 1)
				join(&rd->begin[n], set);
		at = at << 1 & ((1u << KT_DETECT_GLANCE) - 1);
		if (k >= count.least)
			ends |= at;
	}
	rd->at = ends;
}

static void read_alternatives(struct reader *rd, struct part *out);

/* Over a group that looks around; its bytes are not of the match. */
static void
skip_around(struct reader *rd)
{
	int depth = 0;

	do {
		if (*rd->p == '\\' && rd->p[1] != '\0')
			rd->p++;
		else if (*rd->p == '[')
			for (rd->p += rd->p[1] == ']' || rd->p[1] == '^' ? 2 : 1;
			     *rd->p != ']' && *rd->p != '\0'; rd->p++)
				rd->p += *rd->p == '\\' && rd->p[1] != '\0';
		else
			depth += (*rd->p == '(') - (*rd->p == ')');
		if (*rd->p != '\0')
			rd->p++;
	} while (depth > 0 && *rd->p != '\0');
}

/* What goes on from here is at the front of the text, or nowhere. */
static void
read_front(struct reader *rd)
{
	rd->has_front = true;
	rd->at = 0;
}

/* False: it takes no bytes. */
static bool
read_group(struct reader *rd, struct part *out)
{
	size_t head = rd->p[1] != '?' ? 1 : rd->p[2] == ':' ? 3 : 4;

	if (strncmp(rd->p, "(?=", 3) == 0 || strncmp(rd->p, "(?!", 3) == 0 ||
	    strncmp(rd->p, "(?<=", 4) == 0 || strncmp(rd->p, "(?<!", 4) == 0) {
		skip_around(rd);
		return false;
	}
	if (strncmp(rd->p, "(?i)", 4) == 0) {
		rd->is_caseless = true;
		rd->p += 4;
		return false;
	}
	if (strncmp(rd->p, "(?i:", 4) == 0)
		rd->is_caseless = true; /* from here on: more, never less */
	else if (strncmp(rd->p, "(?-i:", 5) == 0)
		head = 5; /* as it was before: more, never less */
	else if (rd->p[1] == '*' ||
	    (rd->p[1] == '?' && rd->p[2] != ':')) {
		lose(rd);
		return false;
	}
	rd->p += head;
	if (++rd->depth > DEPTH_MAX) {
		lose(rd);
		return false;
	}
	read_alternatives(rd, out);
	rd->depth--;
	if (*rd->p == ')')
		rd->p++;
	else
		lose(rd);
	return true;
}

static bool
read_element(struct reader *rd, struct part *out)
{
	const char *from = rd->p;

	*out = (struct part){ .by = 1, .width = 1, .is_byte = true };
	if (*from == '(')
		return read_group(rd, out);
	if (*from == '[') {
		const char *p = from + 1;

		p += *p == '^';
		if (*p == ']')
			lose(rd);
		for (; *p != ']' && *p != '\0'; p++)
			p += *p == '\\' && p[1] != '\0';
		if (*p == '\0') {
			lose(rd);
			return false;
		}
		rd->p = p + 1;
		read_class(rd, from + 1, (size_t)(p - from - 1), &out->set);
	} else if (*from == '\\') {
		if (from[1] == 'A')
			read_front(rd);
		if (strchr("bBAzZ", from[1]) != NULL && from[1] != '\0') {
			rd->p += 2;
			return false;
		}
		rd->p += from[1] != '\0' ? 2 : 1;
		read_class(rd, from, (size_t)(rd->p - from), &out->set);
	} else if (*from == '^' || *from == '$') {
		if (*from == '^')
			read_front(rd);
		rd->p++;
		return false;
	} else if (*from == '.') {
		rd->p++;
		out->set = any;
	} else {
		rd->p++;
		kt_detect_bytes_add(&out->set, *from);
	}
	if (rd->is_caseless)
		fold(&out->set);
	join(&rd->body, &out->set);
	return true;
}

static const char *
skip_digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Behind "{2,3}"; NULL: those are bytes like others. */
static const char *
skip_braces(const char *p)
{
	const char *q;

	if (*p != '{' || (q = skip_digits(p + 1)) == p + 1)
		return NULL;
	if (*q == ',')
		q = skip_digits(q + 1);
	return *q == '}' ? q + 1 : NULL;
}

static uint32_t
far(uint64_t bytes)
{
	return bytes < KT_DETECT_FAR ? (uint32_t)bytes : KT_DETECT_FAR;
}

/* "{2}", "{2,}" or "{2,3}" at p. */
static struct count
read_braces(const char *p)
{
	struct count n = { 0, 0 };

	for (p++; *p >= '0' && *p <= '9'; p++)
		n.least = far(n.least * UINT64_C(10) + (uint64_t)(*p - '0'));
	if (*p == '}' || p[1] == '}')
		n.most = *p == '}' ? n.least : KT_DETECT_FAR;
	else
		for (p++; *p != '}'; p++)
			n.most = far(n.most * UINT64_C(10) +
			    (uint64_t)(*p - '0'));
	return n;
}

/* Over how often the element is there: once, if nothing is said. */
static struct count
read_count(struct reader *rd)
{
	struct count n = { 1, 1 };
	const char *behind = skip_braces(rd->p);

	if (behind != NULL) {
		n = read_braces(rd->p);
	} else if (*rd->p == '?' || *rd->p == '*' || *rd->p == '+') {
		n.least = *rd->p == '+';
		n.most = *rd->p == '?' ? 1 : KT_DETECT_FAR;
		behind = rd->p + 1;
	} else {
		return n;
	}
	rd->p = behind;
	if (*rd->p == '?' || *rd->p == '+')
		rd->p++;
	return n;
}

/* A group that was at `at` is there again and again: any byte of the pattern
   so far may follow once it has ended. */
static void
repeat(struct reader *rd, unsigned at, struct count count)
{
	unsigned ends = rd->at;

	if (count.most > 1 && ends != 0) {
		rd->at = ends & -ends;
		advance(rd, &rd->body, (struct count){ 0, KT_DETECT_FAR });
	}
	if (count.least == 0)
		rd->at |= at;
}

/* One alternative: it needs the rarest of what it has for sure. */
static void
read_one(struct reader *rd, struct part *out)
{
	int least = weight(&any), is;

	*out = (struct part){ .set = any };
	while (*rd->p != '\0' && *rd->p != ')' && *rd->p != '|') {
		unsigned at = rd->at;
		struct part e;
		bool has_bytes = read_element(rd, &e);
		struct count count = read_count(rd);

		if (!has_bytes)
			continue;
		if (e.is_byte)
			advance(rd, &e.set, count);
		else
			repeat(rd, at, count);
		if (count.least > 0 && (is = weight(&e.set)) < least) {
			out->set = e.set;
			out->by = far((uint64_t)out->width + e.by);
			least = is;
		}
		out->width = far(
		    out->width + (uint64_t)e.width * count.most);
	}
}

static void
read_alternatives(struct reader *rd, struct part *out)
{
	unsigned at = rd->at, ends = 0;
	struct part one;

	*out = (struct part){ .by = 0 };
	for (;; rd->p++) {
		rd->at = at;
		read_one(rd, &one);
		ends |= rd->at;
		join(&out->set, &one.set);
		out->by = one.by > out->by ? one.by : out->by;
		out->width = one.width > out->width ? one.width : out->width;
		if (*rd->p != '|')
			break;
		rd->is_choice |= rd->depth == 0;
	}
	rd->at = ends;
}

/* "(?<![...])" or "(?<!\\w)" at p: what must not stand before, and behind it
   what comes next; or NULL. */
static const char *
read_behind(struct reader *rd, const char *p, struct kt_detect_bytes *out)
{
	struct part e = { .set = { { 0 } } };

	if (strncmp(p, "(?<!", 4) != 0 || (p[4] != '[' && p[4] != '\\'))
		return NULL;
	rd->p = p + 4;
	if (!read_element(rd, &e) || rd->is_lost || *rd->p != ')')
		return NULL;
	*out = e.set;
	return rd->p + 1;
}

/* What can stand before a match: not a letter before a word, and not what the
   pattern looks back at first. */
static void
learn_before(struct kt_detect_rule *r, bool is_choice)
{
	const char *p = r->def->pattern;
	struct kt_detect_bytes word = { { 0 } }, not;

	for (int c = 0; c < 256; c++)
		if (kt_detect_is_word((char)c))
			kt_detect_bytes_add(&word, (char)c);
	r->before = any;
	if (r->begins_word && kt_detect_bytes_within(&r->begin[0], &word))
		leave_out(&r->before, &word);
	while (!is_choice && p != NULL) {
		struct reader rd = { .is_caseless = false };

		p += strncmp(p, "\\b", 2) == 0 ? 2 : 0;
		p = read_behind(&rd, p, &not);
		if (p != NULL)
			leave_out(&r->before, &not);
	}
	if (r->def->is_caseless)
		fold(&r->before);
}

void
kt_detect_needs_learn(struct kt_detect_rule *r)
{
	struct reader rd = { .p = r->def->pattern,
		.begin = r->begin,
		.at = 1,
		.is_caseless = r->def->is_caseless };
	bool is_known;
	struct part all;

	read_alternatives(&rd, &all);
	is_known = !rd.is_lost && *rd.p == '\0';
	r->needs = is_known ? all.set : any;
	r->needs_by = all.by;
	r->body = is_known ? rd.body : any;
	r->has_front = rd.has_front;
	/* Behind the shortest match anything may stand. */
	rd.at = is_known ? rd.at & -rd.at : 1;
	advance(&rd, &any, (struct count){ 0, KT_DETECT_FAR });
	learn_before(r, !is_known || rd.is_choice);
}
