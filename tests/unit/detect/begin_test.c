/*
 * begin - what is learned of a pattern passes over no start of a match.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <strings.h>

#include "detect/detect_priv.h"
#include "tests/unit/any.h"
#include "tests/unit/tap.h"

#define PATTERNS 6000
#define PIECES 6
#define TEXTS 20
#define RULES 70 /* more than one word of a set */

static const char *const pieces[] = { "a", "b", "c", "-", "\\d", "\\w", "\\W",
	"[^\\D1]", "\\S+", ".",
	"[ab]", "[^a]", "[a-c1]", "b?", "a+", "\\d*?", "c{2}", "b{2,3}", "a{1,}",
	"(?:ab|c)", "(?:a|bc){2}", "(?:ab?)+", "(?:\\d-){0,2}", "(?:b|)",
	"(?:a|b(?:c|1){2})?", "(?=a)", "(?!b)", "(?i:aB)", "(?i)", "\\b",
	"\\s", "1?",
	"(?<!a)", "(?<![\\w-])", "(?<!\\d)", "(?<=b)", "^", "(?:^|b)", "\\A",
	"\\z", "(?-i:aB)", "(-a)", "|", "(a)" };
static const char letters[] = "abcABC12_- ";

static void
make_pattern(char *out)
{
	size_t n = 1 + any_of(PIECES);

	while (n-- > 0) {
		const char *piece = pieces[any_of(KT_NELEMS(pieces))];

		memcpy(out, piece, strlen(piece) + 1);
		out += strlen(piece);
	}
}

/* Does one match at `at`, or would it with more text behind? */
static bool
begins(const struct kt_detect_rule *r, pcre2_match_data *m,
    struct kt_span text, size_t at)
{
	int rc = pcre2_match(r->code, (PCRE2_SPTR)text.ptr, text.len, at,
	    PCRE2_ANCHORED | PCRE2_PARTIAL_HARD | PCRE2_NO_JIT, m, NULL);

	return rc >= 0 || rc == PCRE2_ERROR_PARTIAL;
}

static struct kt_span
make_text(char *out, size_t room)
{
	size_t n = 1 + any_of(room);

	for (size_t i = 0; i < n; i++)
		out[i] = letters[any_of(sizeof(letters) - 1)];
	return (struct kt_span){ out, n };
}

static struct kt_detect *
learn(const struct kt_detector *defs, size_t n)
{
	struct kt_err err = { 0 };
	struct kt_detect *db;

	return kt_detect_prepare(&db, defs, n, NULL, &err) == KT_OK ? db : NULL;
}

static size_t passed, begun, asked, differ, indexed, missed;

/* Does a literal of it stand there, or is one cut by the end? */
static bool
is_indexed(const struct kt_detect *db, const struct kt_detect_filter *filter,
    uint32_t rule, struct kt_span text, size_t at)
{
	const struct kt_detect_index *ix =
	    db->rules[rule].is_folded ? &db->folded : &db->exact;
	bool is_inside = at > 0 && kt_detect_is_word(text.ptr[at - 1]);
	struct kt_span t = kt_span_sub(text, at, text.len - at);
	bool is = false;

	for (size_t i = 0; i < ix->nlit; i++) {
		const struct kt_detect_literal *l = &ix->lit[i];
		size_t n = l->len < t.len ? l->len : t.len;

		if (l->rule == rule && !(is_inside && l->is_word))
			is |= ix->is_folded
			    ? strncasecmp(t.ptr, l->text, n) == 0
			    : memcmp(t.ptr, l->text, n) == 0;
	}
	return is && kt_detect_pairs_may(&filter->pairs, t.ptr, t.len, is_inside);
}

/* Does the index know each start of a match of the others? */
static void
look_up(const struct kt_detect *db, const struct kt_detect_set *on,
    pcre2_match_data *m, struct kt_span text)
{
	for (size_t at = 0; at < text.len; at++)
		for (uint32_t k = 0; k < db->n; k++) {
			const struct kt_detect_rule *r = &db->rules[k];

			if (!r->is_literal || !kt_detect_set_has(on, k) ||
			    !begins(r, m, text, at))
				continue;
			indexed++;
			if (!is_indexed(db, on->filter, k, text, at) && missed++ == 0)
				printf("# %s is not known in '%.*s' at %zu\n",
				    r->def->pattern, (int)text.len, text.ptr,
				    at);
		}
}

/* Is each start of a match one where its rule is asked, alone as among all? */
static void
look(const struct kt_detect *db, const struct kt_detect_set *on,
    pcre2_match_data *m, struct kt_span text)
{
	for (size_t at = 0; at < text.len; at++)
		for (size_t k = 0; k < db->runs.n; k++) {
			const struct kt_detect_rule *r =
			    &db->rules[db->runs.rule[k]];
			uint64_t bit = (uint64_t)1 << (k & 63);
			uint32_t words = kt_detect_starts_at(
			    &on->filter->starts, text, at,
			    at > 0 ? kt_detect_kind(text.ptr[at - 1])
				   : KT_DETECT_MARK);
			uint64_t near = bit &
			    kt_detect_runs_near(&db->runs, k >> 6, at,
			        kt_detect_next_digit(text, at));
			bool is_asked = (words >> (k >> 6) & 1) != 0 &&
			    near != 0 &&
			    kt_detect_runs_at(&db->runs, k >> 6, near, text,
			        at) == bit;

			if (!kt_detect_set_has(on, db->runs.rule[k]))
				continue;
			asked += is_asked;
			differ += is_asked !=
			    kt_detect_rule_may_begin(r, text, at);
			if (!begins(r, m, text, at))
				continue;
			begun++;
			if (!is_asked && passed++ == 0)
				printf("# %s passed over in '%.*s' at %zu\n",
				    r->def->pattern, (int)text.len, text.ptr,
				    at);
		}
}

/* Half of them, with what a stream asks of those. */
static bool
choose(struct kt_detect_set *on, const struct kt_detect *db)
{
	if (kt_detect_set_init(on, db) < 0)
		return false;
	for (size_t i = 0; i < db->n; i++)
		if (any_of(2) == 0)
			kt_detect_set_add(on, i);
	return kt_detect_set_hasten(on, db) == KT_OK;
}

static void
no_start_is_passed_over(void)
{
	static char pattern[RULES][32 * PIECES];
	struct kt_detector defs[RULES] = { 0 };
	pcre2_match_data *m = pcre2_match_data_create(8, NULL);
	size_t n = 0, starts = 0;

	for (size_t i = 0; i < PATTERNS; i++) {
		struct kt_detector *d = &defs[n];
		struct kt_detect_set on;
		struct kt_detect *db;
		char text[24];

		make_pattern(pattern[n]);
		*d = (struct kt_detector){ .id = "x", .pattern = pattern[n],
			.is_caseless = any_of(3) == 0 };
		db = learn(d, 1);
		if (db == NULL) /* no pattern, by chance */
			continue;
		kt_detect_free(&db);
		if (++n < RULES)
			continue;
		db = learn(defs, n);
		if (!ok(db != NULL && choose(&on, db)))
			return;
		for (size_t k = 0; k < TEXTS; k++) {
			struct kt_span t = make_text(text, sizeof(text));

			look(db, &on, m, t);
			look_up(db, &on, m, t);
			starts += t.len * db->runs.n;
		}
		kt_detect_set_fini(&on);
		kt_detect_free(&db);
		n = 0;
	}
	ok(passed == 0);
	ok(differ == 0);
	ok(missed == 0);
	printf("# %zu starts, %zu asked, %zu begun; %zu of literals\n", starts,
	    asked, begun, indexed);
	ok(begun > 1000 && asked < starts && indexed > 1000);
	pcre2_match_data_free(m);
}

int
main(void)
{
	RUN(no_start_is_passed_over);
	return done();
}
