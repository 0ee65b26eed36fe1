/*
 * credential - would somebody choose this as a password, or draw it as a key?
 * SPDX-License-Identifier: Apache-2.0
 *
 * A name such as "password" says that a secret may follow; most of the time
 * code follows, or a sentence.  Three things tell: what a program reads
 * (variables, calls, paths) is none; what is made of words is a name; what
 * changes its kind of character all the time, or pairs letters as no word
 * does, was drawn by a machine.  Counting pairs against one bit each does as
 * well here as logarithms of frequencies, and is the same on every machine.
 */
#include "detect/detect_priv.h"

enum kind { LOWER, UPPER, DIGIT, OTHER };

static const uint32_t follows[26] = {
#define KT_LETTERS(row) row,
#include "detect/letters.def"
};

static enum kind
kind_of(char c)
{
	if (c >= 'a' && c <= 'z')
		return LOWER;
	if (c >= 'A' && c <= 'Z')
		return UPPER;
	return c >= '0' && c <= '9' ? DIGIT : OTHER;
}

static unsigned
letter(char c)
{
	return (unsigned)(c | 0x20) - 'a';
}

struct look {
	size_t letters, digits, others;
	size_t pairs; /* of characters beside each other, no OTHER */
	size_t odd; /* of those: no word has them, or a digit begins or ends */
	size_t humps; /* of those: "aB", where words in a name meet */
	size_t turns; /* from a digit to what is none, and back */
};

static struct look
look_at(struct kt_span s)
{
	struct look l = { 0 };
	enum kind was = OTHER;

	for (size_t i = 0; i < s.len; i++) {
		enum kind is = kind_of(s.ptr[i]);

		l.letters += is == LOWER || is == UPPER;
		l.digits += is == DIGIT;
		l.others += is == OTHER;
		l.turns += i > 0 && (is == DIGIT) != (was == DIGIT);
		if (is != OTHER && was != OTHER) {
			bool is_hump = was == LOWER && is == UPPER;

			l.pairs++;
			l.humps += is_hump;
			if (is == DIGIT || was == DIGIT)
				l.odd += is != was;
			else if (!is_hump)
				l.odd += !(follows[letter(s.ptr[i - 1])] >>
					letter(s.ptr[i]) &
				    1);
		}
		was = is;
	}
	return l;
}

/* Drawn, not written: two pairs of nine are odd (words: one in 20). */
static bool
is_drawn(const struct look *l, size_t least)
{
	/* Capitals in the middle are odd only where there are digits. */
	size_t odd = l->odd + (l->digits > 0 ? l->humps : 0);

	return odd >= least && odd * 9 >= l->pairs * 2;
}

static bool
has(struct kt_span s, const char *const *words, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		size_t len = strlen(words[k]);

		for (size_t i = 0; i + len <= s.len; i++)
			if (kt_span_caseeq(
				kt_span_sub(s, i, len), kt_span_of(words[k])))
				return true;
	}
	return false;
}

static bool
is_reference(struct kt_span s)
{
	static const char *const code[] = { "${", "$(", "{{", "}}", "<%", "%(",
		"#{", "::", "->", "()", "(\"", "('", "[\"", "['", "__", "env.",
		"environ", "://", "\\n", "%s", "%d" };
	static const char *const files[] = { ".pem", ".key", ".txt", ".json",
		".yaml", ".yml", ".py", ".js", ".html", ".conf", ".xml",
		".com", ".org", ".net", ".md", ".go", ".php", ".crt" };
	char first = s.ptr[0], last = s.ptr[s.len - 1];

	struct look l = look_at(s);

	/* A path has names in it, or a dot; base 64 may begin like one. */
	if (first == '/')
		return !is_drawn(&l, 5) || kt_span_find(s, '.') < s.len;
	if (s.len > 1 && kind_of(s.ptr[1]) != DIGIT &&
	    memchr("$<{[(.@~", first, 8) != NULL)
		return true;
	if (last == ')' || last == '}' || last == '>' || last == '(')
		return true;
	for (size_t i = 0; i < KT_NELEMS(files); i++) {
		size_t n = strlen(files[i]);

		if (s.len > n && kt_span_caseeq(kt_span_sub(s, s.len - n, n),
				     kt_span_of(files[i])))
			return true;
	}
	return has(s, code, KT_NELEMS(code));
}

/* Words that name a secret, or stand for one, where one would be. */
static bool
is_said(struct kt_span s)
{
	static const char *const words[] = { "password", "passwd", "passwort",
		"secret", "token", "api_key", "apikey", "api-key", "your",
		"example", "placeholder", "changeme", "change-me", "change_me",
		"fake", "dummy", "sample", "xxxx", "***", "...", "redacted",
		"insert", "replace", "undefined", "required", "invalid",
		"credential", "<", ">", "null", "none", "string", "optional",
		"s3cret", "p4ssw0rd" };
	static const char *const forms[] = { "base64", "utf8", "utf-8",
		"sha256", "sha1", "sha512" };
	static const char *const rows[] = { "12345678", "abcdef0", "abcdefg",
		"0123456" };

	return has(s, words, KT_NELEMS(words)) ||
	    (s.len <= 24 && has(s, rows, KT_NELEMS(rows))) ||
	    (s.len <= 8 && has(s, forms, KT_NELEMS(forms)));
}

/* "_2W0Zi": what tools call a class of a style sheet. */
static bool
is_class_name(struct kt_span s)
{
	struct look l = look_at(s);

	return s.ptr[0] == '_' && s.len <= 8 && l.others == 1;
}

static bool
is_time(struct kt_span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr("0123456789-:.+TZ", s.ptr[i], 16) == NULL)
			return false;
	return kt_span_find(s, '-') < s.len;
}

/* "e.t0.next": what minified code reads a member of. */
static bool
is_member(struct kt_span s)
{
	size_t dots = 0, part = 0;

	for (size_t i = 0; i < s.len; i++) {
		enum kind is = kind_of(s.ptr[i]);

		if (s.ptr[i] == '.' && part > 0 && (dots > 0 || i <= 2)) {
			dots++;
			part = 0;
		} else if (is == OTHER || (is == DIGIT && part == 0)) {
			return false;
		} else {
			part++;
		}
	}
	return dots >= 2 && part > 0;
}

/* However many kinds of marks it has: a program, an expression, or where the
   secret is kept and what it is encrypted to. */
static bool
is_written(struct kt_span s)
{
	static const char *const code[] = { "){", "=>", "\",", "\":", ":\"",
		"(?=", "(?:", "(?!", "[A-Za-z", "[a-zA-Z", ");", "),", "];",
		"!0;", "&#x" };

	return kt_span_starts(s, KT_SPAN("function")) ||
	    kt_span_starts(s, KT_SPAN("/^")) ||
	    kt_span_starts(s, KT_SPAN("ENC[")) ||
	    kt_span_starts(s, KT_SPAN("@Microsoft.KeyVault(")) ||
	    is_class_name(s) || is_member(s) || is_time(s) ||
	    has(s, code, KT_NELEMS(code));
}

static size_t
kinds_in(struct kt_span s)
{
	struct kt_detect_bytes seen = { { 0 } };
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		n += !kt_detect_bytes_has(&seen, s.ptr[i]);
		kt_detect_bytes_add(&seen, s.ptr[i]);
	}
	return n;
}

/* More kinds of marks than any piece of code, or of a document, has. */
static bool
is_noise(struct kt_span s)
{
	struct kt_detect_bytes seen = { { 0 } };
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (kind_of(s.ptr[i]) != OTHER || (uint8_t)s.ptr[i] >= 0x80)
			continue;
		n += !kt_detect_bytes_has(&seen, s.ptr[i]);
		kt_detect_bytes_add(&seen, s.ptr[i]);
	}
	return n >= 7;
}

static bool
is_possible(struct kt_span s)
{
	return s.len >= 5 && kinds_in(s) >= 4 && !is_written(s) &&
	    (is_noise(s) || (!is_reference(s) && !is_said(s)));
}

/* What is in passwords, and not in names. */
static size_t
count_marks(struct kt_span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += memchr("!@#$%^&*+=?~|;", s.ptr[i], 14) != NULL;
	return n;
}

/* In quotes behind the name of a password: something like hunter2. */
bool
kt_detect_is_password(struct kt_span s)
{
	struct look l;
	bool is_marked;

	if (!is_possible(s))
		return false;
	l = look_at(s);
	is_marked = count_marks(s) > 0;
	if (l.letters == 0)
		return false;
	return is_drawn(&l, 3) || is_marked ||
	    (l.digits > 0 && l.others == 0) || (l.digits > 1 && s.len > 8);
}

/* Without quotes it may be code: it has to look like more than a name. */
bool
kt_detect_is_plain_password(struct kt_span s)
{
	struct look l = look_at(s);

	return s.len >= 6 && l.digits > 0 && kt_detect_is_password(s) &&
	    (l.others == 0 || is_drawn(&l, 3) || count_marks(s) > 0);
}

/* In a sentence: a number or a word with one is what sentences have, too. */
bool
kt_detect_is_told_password(struct kt_span s)
{
	struct look l = look_at(s);
	bool has_dash = kt_span_find(s, '-') < s.len;

	return s.len >= 6 && l.digits > 0 && l.letters >= 3 &&
	    kt_detect_is_password(s) &&
	    ((l.others == 0 && (l.letters + l.digits >= 8 || l.odd >= 2)) ||
	        (!has_dash && is_drawn(&l, 2)) || is_drawn(&l, 3) ||
	        count_marks(s) > 0);
}

/* "name:password" */
bool
kt_detect_is_user_password(struct kt_span s)
{
	size_t at = kt_span_find(s, ':') + 1;

	return at < s.len &&
	    kt_detect_is_password(kt_span_sub(s, at, s.len - at));
}

/* Digits among the letters, or no words: of rows of two dozen letters and
   digits that a machine draws one in twelve has less than two digits. */
bool
kt_detect_is_random(struct kt_span s)
{
	struct look l = look_at(s);

	return l.letters > 0 && kt_detect_is_not_placeholder(s) &&
	    ((l.digits >= 2 && l.turns >= 3) || is_drawn(&l, 4));
}

/* Drawn by a machine, and long enough that it was not by chance. */
bool
kt_detect_is_key(struct kt_span s)
{
	struct look l = look_at(s);

	if (s.len >= 24 && l.letters >= 8 && is_noise(s))
		return !is_written(s);
	return s.len >= 10 && is_possible(s) && kinds_in(s) >= 7 &&
	    l.letters > 0 && is_drawn(&l, 4) && l.others * 3 <= s.len &&
	    (l.digits > 0 || s.len >= 16);
}

/*
 * What people write where a secret would be.  Words are only looked for where
 * a random token is unlikely to hold them: four letters or more.
 */
bool
kt_detect_is_not_placeholder(struct kt_span s)
{
	static const char *const words[] = { "example", "placeholder",
		"changeme", "change_me", "change-me", "your_", "your-",
		"yourkey", "yourtoken", "yoursecret", "yourpassword", "xxxx",
		"dummy", "redacted", "insert", "replace", "0000000000",
		"0123456789", "abcdefghij", "undefined", "sample", "not_a_real",
		"not-a-real", "notreal", "...", "****", "<", "${", "{{" };
	unsigned kinds = 0;
	bool seen[256] = { false };

	for (size_t i = 0; i < s.len; i++) {
		kinds += !seen[(uint8_t)s.ptr[i]];
		seen[(uint8_t)s.ptr[i]] = true;
	}
	if (kinds < 5)
		return false;
	for (size_t i = 0; i < KT_NELEMS(words); i++)
		if (kt_detect_contains(s, words[i]))
			return false;
	return true;
}
