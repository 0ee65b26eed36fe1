/*
 * context - what is told by the begins of words is what is told by the text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/detect_priv.h"
#include "tests/unit/any.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define TEXTS 3000
#define PIECES 8
#define ROOM 512

static const char *const between[] = { " ", "_", "-", "", "", ": ", "12", "x",
	"X", "\xc3\xa9", "\xe5\x8d\xa1", "\xe5\x8d", ".", "the other " };

/* Words of one letter, and of letters that nothing divides. */
static const char *const letters[] = { "\xe5\x8d\xa1", "a\xe5\x8d\xa1", "x",
	"x \xe5\x8d\xa1" };
static const struct kt_detector own = { .id = "own", .pattern = "\\d",
	.context = letters, .ncontext = KT_NELEMS(letters) };

static const char *
any_word(const struct kt_detect *db)
{
	for (;;) {
		size_t i = any_of(8) == 0 ? db->n - 1 : any_of(db->n);
		const struct kt_detector *d = db->rules[i].def;

		if (d->ncontext > 0)
			return d->context[any_of(d->ncontext)];
	}
}

/* As prose, as code, or cut. */
static size_t
write_word(char *out, const char *word)
{
	bool is_code = any_of(2) == 0, is_up = any_of(3) == 0;
	size_t n = 0, most = any_of(8) == 0 ? any_of(5) : 100;

	for (; *word != '\0' && n < most; word++) {
		char c = *word;

		if (c == ' ' && is_code) {
			is_up = true;
			continue;
		}
		if (is_up && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		is_up = false;
		out[n++] = c;
	}
	return n;
}

static struct kt_span
make_text(const struct kt_detect *db, char *out)
{
	size_t n = 0;

	for (size_t i = 1 + any_of(PIECES); i > 0 && n + 120 < ROOM; i--) {
		const char *gap = between[any_of(KT_NELEMS(between))];

		n += write_word(out + n, any_word(db));
		memcpy(out + n, gap, strlen(gap));
		n += strlen(gap);
	}
	out[n++] = '7';
	return (struct kt_span){ out, n };
}

/* As a stream does: what it had found of less text stays found. */
static void
find(uint64_t *words, const struct kt_detect *db,
    struct kt_span text)
{
	size_t had = any_of(text.len + 1);

	kt_detect_words_find(
	    words, &db->filter.openings, kt_span_sub(text, 0, had), 0);
	kt_detect_words_find(words, &db->filter.openings, text,
	    had > KT_DETECT_OPENING ? had - KT_DETECT_OPENING : 0);
}

static void
words_tell_what_the_text_tells(void)
{
	struct kt_detector *defs;
	struct kt_err err = { 0 };
	struct kt_detect *db;
	size_t wrong = 0, alien = 0, asked = 0;
	char room[ROOM];

	if (!load_shipped() ||
	    (defs = kt_alloc_array(nshipped + 1, sizeof(*defs))) == NULL) {
		ok(false);
		return;
	}
	memcpy(defs, shipped, nshipped * sizeof(*defs));
	defs[nshipped] = own;
	if (kt_detect_prepare(&db, defs, nshipped + 1, NULL, &err) < 0) {
		ok(false);
		return;
	}
	for (size_t k = 0; k < TEXTS; k++) {
		struct kt_span text = make_text(db, room);
		uint64_t words[ROOM / 64] = { 0 };
		size_t at = any_of(3) == 0 ? any_of(text.len) : text.len - 1;

		find(words, db, text);
		for (size_t i = 0; i < db->n; i++) {
			const struct kt_detect_rule *r = &db->rules[i];
			bool is_alien, has;

			if (r->def->ncontext == 0 || r->code == NULL)
				continue;
			is_alien = kt_detect_rule_is_alien(
			    r, words, text, at);
			has = kt_detect_rule_has_context(
			    r, (struct kt_span){ 0 }, text, at);
			asked++;
			alien += is_alien;
			if (is_alien == has && wrong++ == 0)
				printf("# %s at %zu of '%.*s': %s\n",
				    r->def->id, at, (int)text.len, text.ptr,
				    has ? "missed" : "made up");
		}
	}
	printf("# %zu asked, %zu without a word\n", asked, alien);
	ok(wrong == 0);
	ok(alien > 1000 && asked - alien > 1000);
	kt_detect_free(&db);
	kt_free(defs);
	kt_arena_free(&shipped_mem);
}

int
main(void)
{
	RUN(words_tell_what_the_text_tells);
	return done();
}
