/*
 * spared - what a detector is spared are attempts, never findings.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An anchor, "is a number" and what a pattern says ahead of itself are claims
 * of who wrote the detector.  Beside the shipped detectors stand the same
 * without any of them, and both look at texts made from each pattern.
 */
#include "detect/detect_priv.h"
#include "tests/unit/any.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define TEXTS 300 /* of each detector */
#define TEXT_MAX 2000
#define REPEATS_MAX 8

/* What these say ahead is in all that comes after it; by where that begins. */
static const struct {
	const char *id, *opening;
} said_ahead[] = {
	{ "asks-for-the-prompt", "(?=[a-z]{3,9}" },
	{ "iban", "(?=[A-Z]{2}" },
	{ "ipv6", "(?=[0-9A-Fa-f]{0,4}:" },
	{ "key-assigned", "(?=[\\w.-]{0,24}" },
	{ "key-plain", "(?=[\\w.-]{0,24}" },
	{ "password-assigned", "(?=[\\w.-]{0,24}" },
	{ "password-xml", "(?=\\w{0,16}" },
};

/*
 * Writes a text that a pattern describes; what looks around is left out, and
 * so may be wrong: most texts match, the others are as good.
 */
struct writer {
	char *out;
	size_t n;
	bool is_off; /* reads only */
};

static void
put(struct writer *w, char c)
{
	if (!w->is_off && w->n < TEXT_MAX)
		w->out[w->n++] = c;
}

static void
put_text(struct writer *w, const char *text)
{
	while (*text != '\0')
		put(w, *text++);
}

/* A byte of the class; one that is written in texts, where it has one. */
static char
any_in(const struct kt_detect_bytes *set)
{
	char c = '\0';

	for (int tries = 0; tries < 400; tries++) {
		c = (char)(tries < 200 ? ' ' + any_of(95) : any_of(256));
		if (kt_detect_bytes_has(set, c))
			break;
	}
	return c;
}

/* A class, or an escape of one. */
static void
put_class(struct writer *w, const char *from, size_t n)
{
	struct kt_detect_bytes set;
	char text[400];

	(void)snprintf(text, sizeof(text), *from == '[' ? "%.*s" : "[%.*s]",
	    (int)n, from); /* cut short it is no class */
	if (kt_detect_bytes_parse(text, &set))
		put(w, any_in(&set));
	else
		ok(!"a class can be read");
}

static const char *
put_escape(struct writer *w, const char *p)
{
	static const char kept[] = "nrt", means[] = "\n\r\t";
	const char *k = strchr(kept, p[1]);

	if (p[1] == 'x') {
		put(w, (char)strtol((char[]){ p[2], p[3], '\0' }, NULL, 16));
		return p + 4;
	}
	if (k != NULL)
		put(w, means[k - kept]);
	else if (strchr("dDsSwW", p[1]) != NULL)
		put_class(w, p, 2);
	else if (strchr("bBAz", p[1]) == NULL)
		put(w, p[1]);
	return p + 2;
}

static const char *
behind_class(const char *p)
{
	for (p += p[1] == '^' ? 2 : 1; *p != ']'; p++)
		p += *p == '\\';
	return p + 1;
}

static const char *put_any_of(struct writer *w, const char *p);

/* To behind its bracket. */
static const char *
put_group(struct writer *w, const char *p)
{
	bool was_off = w->is_off;

	if (strncmp(p, "(?i)", 4) == 0)
		return p + 4;
	w->is_off |= strncmp(p, "(?=", 3) == 0 || strncmp(p, "(?!", 3) == 0 ||
	    strncmp(p, "(?<", 3) == 0;
	p++;
	if (*p == '?') {
		p += strspn(p, "?<");
		p += strcspn(p, ":=!") + 1;
	}
	p = put_any_of(w, p);
	w->is_off = was_off;
	return p + 1;
}

static const char *
put_one(struct writer *w, const char *p)
{
	if (*p == '\\')
		return put_escape(w, p);
	if (*p == '(')
		return put_group(w, p);
	if (*p == '[') {
		const char *to = behind_class(p);

		put_class(w, p, (size_t)(to - p));
		return to;
	}
	if (*p == '.')
		put(w, (char)(' ' + any_of(95)));
	else if (*p != '^' && *p != '$')
		put(w, *p);
	return p + 1;
}

/* How often it is wanted, to behind the quantifier. */
static const char *
read_count(const char *p, size_t *n)
{
	unsigned long least = 1, most = 1;

	if (*p == '?' || *p == '*' || *p == '+') {
		least = *p == '+';
		most = *p == '?' ? 1 : REPEATS_MAX;
		p++;
	} else if (*p == '{') {
		char *q;

		least = most = strtoul(p + 1, &q, 10);
		if (*q == ',')
			most = q[1] == '}' ? least + REPEATS_MAX
			                   : strtoul(q + 1, NULL, 10);
		p = strchr(q, '}') + 1;
	}
	p += *p == '?' || *p == '+';
	*n = least;
	if (most > least && any_of(3) > 0)
		*n += any_of(most - least < REPEATS_MAX ? most - least + 1
		                                        : REPEATS_MAX + 1);
	return p;
}

static const char *
put_sequence(struct writer *w, const char *p)
{
	while (*p != '\0' && *p != '|' && *p != ')') {
		struct writer quiet = { .is_off = true };
		const char *from = p;
		size_t n;

		p = read_count(put_one(&quiet, from), &n);
		while (n-- > 0)
			(void)put_one(w, from); /* ends where the first did */
	}
	return p;
}

/* One of the alternatives, to behind the last. */
static const char *
put_any_of(struct writer *w, const char *p)
{
	struct writer quiet = { .is_off = true };
	const char *from = p, *to;
	size_t n = 1, take;

	for (to = put_sequence(&quiet, p); *to == '|'; n++)
		to = put_sequence(&quiet, to + 1);
	if (w->is_off)
		return to;
	take = any_of(n);
	for (size_t i = 0; i < take; i++)
		from = put_sequence(&quiet, from) + 1;
	(void)put_sequence(w, from); /* to is behind all of them */
	return to;
}

/* A text with a match of the pattern, if chance will have it. */
static struct kt_span
make_text(const struct kt_detector *d, char *out)
{
	static const char *const before[] = { "", " ", "x ", "(", "\n", "a" };
	static const char *const behind[] = { "", " ", ".", "\n", "\"", ", b" };
	struct writer w = { .out = out };

	if (d->is_context_required && any_of(4) > 0)
		put_text(&w, d->context[any_of(d->ncontext)]);
	put_text(&w, before[any_of(KT_NELEMS(before))]);
	if (d->nexamples > 0 && any_of(2) > 0)
		put_text(&w, d->examples[any_of(d->nexamples)]);
	else
		(void)put_any_of(&w, d->pattern); /* to its end */
	put_text(&w, behind[any_of(KT_NELEMS(behind))]);
	if (any_of(3) == 0 && w.n > 0)
		out[any_of(w.n)] = (char)(' ' + any_of(95));
	return (struct kt_span){ out, w.n };
}

static struct kt_detect_scratch *scratch;

static struct kt_detect *
compile(const struct kt_detector *d)
{
	struct kt_detect *db = NULL;
	struct kt_err err = { 0 };

	if (kt_detect_new(&db, d, 1, &err) < 0 ||
	    (scratch == NULL && kt_detect_scratch_new(&scratch, db, &err) < 0) ||
	    kt_detect_scratch_grow(scratch, db, &err) < 0)
		printf("Bail out! %s\n", err.text);
	return db;
}

/* The pattern without the look ahead that begins there. */
static const char *
without(const char *pattern, const char *from, char *out, size_t room)
{
	struct writer quiet = { .is_off = true };
	int n = snprintf(out, room, "%.*s%s", (int)(from - pattern), pattern,
	    put_group(&quiet, from));

	return n > 0 && (size_t)n < room ? out : NULL;
}

static size_t found, differ;

static void
compare(const struct kt_detect *spared, const struct kt_detect *plain,
    struct kt_span text)
{
	static struct kt_finding want[64];
	struct kt_findings f;
	size_t n;

	if (!ok(kt_detect_scan(plain, scratch, text, NULL, &f) == KT_OK) ||
	    !ok(f.n <= KT_NELEMS(want)))
		return;
	n = f.n;
	if (n > 0)
		memcpy(want, f.v, n * sizeof(*want));
	found += n;
	if (!ok(kt_detect_scan(spared, scratch, text, NULL, &f) == KT_OK))
		return;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < f.n &&
		    (f.v[k].start != want[i].start ||
			f.v[k].end != want[i].end))
			k++;
		if (k == f.n && differ++ == 0)
			printf("# %s: not found in '%.*s'\n",
			    kt_detect_def(spared, 0)->id, KT_SPAN_ARG(text));
	}
}

/* What d finds, `plain` finds, and no more. */
static void
compare_detectors(
    const struct kt_detector *d, const struct kt_detector *plain)
{
	struct kt_detect *spared_db = compile(d), *plain_db = compile(plain);
	static char text[TEXT_MAX];

	found = differ = 0;
	for (size_t i = 0;
	     spared_db != NULL && plain_db != NULL && i < TEXTS; i++)
		compare(spared_db, plain_db, make_text(plain, text));
	if (!ok(found > 0 && differ == 0))
		printf("# %s: %zu found, %zu not\n", d->id, found, differ);
	kt_detect_free(&spared_db);
	kt_detect_free(&plain_db);
}

static void
an_anchor_is_in_all_that_is_found(void)
{
	size_t asked = 0;

	for (size_t i = 0; i < nshipped; i += stride()) {
		struct kt_detector plain = shipped[i];

		if (plain.pattern == NULL ||
		    (plain.anchor == NULL && !plain.is_number))
			continue;
		plain.anchor = NULL;
		plain.is_number = false;
		compare_detectors(&shipped[i], &plain);
		asked++;
	}
	printf("# %zu detectors\n", asked);
	ok(asked > 50 / stride());
}

static void
what_is_said_ahead_is_true_of_all_that_follows(void)
{
	static char pattern[8192];

	for (size_t i = 0; i < KT_NELEMS(said_ahead); i++) {
		struct kt_detector plain;
		const char *from = NULL;
		size_t k = 0;

		while (k < nshipped &&
		    strcmp(shipped[k].id, said_ahead[i].id) != 0)
			k++;
		if (k < nshipped)
			from = strstr(shipped[k].pattern, said_ahead[i].opening);
		if (!ok(from != NULL))
			continue;
		plain = shipped[k];
		plain.pattern =
		    without(plain.pattern, from, pattern, sizeof(pattern));
		if (ok(plain.pattern != NULL))
			compare_detectors(&shipped[k], &plain);
	}
}

int
main(void)
{
	if (!load_shipped())
		return EXIT_FAILURE;
	RUN(an_anchor_is_in_all_that_is_found);
	RUN(what_is_said_ahead_is_true_of_all_that_follows);
	kt_detect_scratch_free(&scratch);
	kt_arena_free(&shipped_mem);
	return done();
}
