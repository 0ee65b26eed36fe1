/*
 * What the starter holds back of an answer that has nothing to hide.
 *
 * Who reads a stream sees a held event one event late; so of clean prose
 * nothing is held but what begins a key or a number of somebody.
 */
#include "detect/detect_priv.h"
#include "tests/unit/exchange/drive.h"
#include "tests/unit/exchange/prose.h"

/* No word in it is the beginning of a key, so that none may be held. */
static const char clean[] =
    "The river comes down from the hills in spring and brings the cold with "
    "it. People whose homes are below the bridge know the sound of water before "
    "they wake, and they listen for the change in the voice of the stream. "
    "Nobody keeps count of the floods; there were more than the old men "
    "like to remember, yet the houses stand where they stood when their "
    "grandfathers built them.\n\nWhen you write the function, go back early "
    "on every error. The happy path then reads from the top to the bottom, "
    "with no nesting, which makes the review much easier. You could "
    "also move the parsing out of the handler: then you would check the "
    "parser without the network, and the handler would only glue both "
    "together. If there is something more that you would like, then please "
    "tell me, so we can look into the matter together. Of course, this was "
    "only the first of the three ways; the others are shown below, with "
    "their prices and their limits.";

/* What else there is in answers: lists, names, code, contractions. */
static const char ordinary[] =
    "It's a small change, but I wouldn't skip the tests.\n\n- Open a new "
    "terminal and check that the server isn't running\n- Add a line to the "
    "table, as shown\n- Don't forget the `test` target\n\n**Note:** Alice "
    "said that she'd be at the cafe by noon, that's all.  \"Be sure to bring "
    "a key,\" I added. NASA and the EU agree: access to data is a must. "
    "Discord, Okta, Square and Linear are names of companies; a linear "
    "model is not one, and neither is a square token. My password is none "
    "of your business -- ask me for it and I'll say no!\n\n```c\nstatic int "
    "add(int a, int b)\n{\n\treturn a + b; /* see https://example.org/a?b "
    "*/\n}\n```\n\nThe IBAN of a firm, or its tax number, isn't secret. Ciao "
    "bella, se vuoi parlare di soldi; das ist ein Satz, und noch einer; "
    "el d\303\255a es largo y la noche, corta.";

/* Rules without a literal in front that may hold a word without digits. */
static const char *const may_hold_a_word[] = {
	"mailchimp-key",     /* words of a to f: its key has no more in front */
	"it-codice-fiscale", /* words in capitals of at most six letters */
	"hk-id",             /* words in capitals of at most two letters */
	"password-told",     /* the word behind "password is" */
};

static char starter[1 << 16];

static bool
load_starter(struct world *w)
{
	const char *src = getenv("KT_SRCDIR");
	struct kt_err err = { 0 };
	struct kt_buf b;
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/policies/starter.yaml",
	    src != NULL ? src : ".");
	kt_buf_init(&b, sizeof(starter) - 1);
	if (!ok(kt_disk_read_file(&kt_disk_real, path, sizeof(starter) - 1, &b,
	            &err) == KT_OK))
		return false;
	memcpy(starter, b.ptr, b.len);
	starter[b.len] = '\0';
	kt_buf_fini(&b);
	return ok(world_init(w, starter));
}

/* Of the text, by the detectors of held. */
static struct hold
hold_of(struct world *w, const struct kt_detect_set *held, const char *text,
    enum cutting how)
{
	struct hold h = { 0 };

	ok(measure_hold(w->program->chain.detect, w->scratch->detect,
	    &w->program->chain.heard[KT_COMPONENT_COMPLETION], held,
	    kt_span_of(text), how, &h));
	ok(h.events > 100);
	return h;
}

/* Who is it?  Each detector alone. */
static void
tell_who_holds(struct world *w, const char *text, enum cutting how)
{
	const struct kt_detect *db = w->program->chain.detect;
	const struct kt_detect_set *all =
	    &w->program->chain.enforced[KT_COMPONENT_COMPLETION];

	for (size_t i = 0; i < kt_detect_count(db); i++) {
		struct kt_detect_set one;
		struct hold h;

		if (!kt_detect_set_has(all, i) ||
		    !ok(kt_detect_set_init(&one, db) == KT_OK))
			continue;
		kt_detect_set_add(&one, i);
		h = hold_of(w, &one, text, how);
		if (h.held > 0)
			printf("# %s: %zu events\n", kt_detect_def(db, i)->id,
			    h.held);
		kt_detect_set_fini(&one);
	}
}

static void
on_clean_prose_the_starter_holds_no_event(void)
{
	struct world w;

	if (!load_starter(&w))
		return;
	for (enum cutting how = WORDS; how <= TOKENS; how++) {
		struct hold h = hold_of(&w,
		    &w.program->chain.enforced[KT_COMPONENT_COMPLETION], clean,
		    how);

		if (!ok(h.held == 0 && h.bytes == 0)) {
			printf("# %zu of %zu events\n", h.held, h.events);
			tell_who_holds(&w, clean, how);
		}
	}
	world_fini(&w);
}

static void
on_any_prose_one_event_in_four_waits_for_the_next_one(void)
{
	struct world w;

	if (!load_starter(&w))
		return;
	for (enum cutting how = WORDS; how <= TOKENS; how++) {
		struct hold h = hold_of(&w,
		    &w.program->chain.enforced[KT_COMPONENT_COMPLETION],
		    ordinary, how);

		printf("# %zu of %zu events held, %zu bytes at most\n", h.held,
		    h.events, h.most);
		if (!ok(h.held * 4 <= h.events && h.held > 0))
			tell_who_holds(&w, ordinary, how);
		ok(h.most <= 8);
	}
	world_fini(&w);
}

static bool
is_listed(const char *id)
{
	for (size_t i = 0; i < KT_NELEMS(may_hold_a_word); i++)
		if (strcmp(may_hold_a_word[i], id) == 0)
			return true;
	return false;
}

static void
what_holds_a_word_has_a_literal_in_front_or_is_named(void)
{
	struct world w;
	const struct kt_detect *db;

	if (!load_starter(&w))
		return;
	db = w.program->chain.detect;
	for (size_t i = 0; i < kt_detect_count(db); i++) {
		struct kt_detect_set one;
		size_t held = 0;

		if (!kt_detect_set_has(
		        &w.program->chain.enforced[KT_COMPONENT_COMPLETION], i))
			continue;
		ok(kt_detect_set_init(&one, db) == KT_OK);
		kt_detect_set_add(&one, i);
		for (enum cutting how = WORDS; how <= TOKENS; how++) {
			held += hold_of(&w, &one, clean, how).held;
			held += hold_of(&w, &one, ordinary, how).held;
		}
		if (!ok(db->rules[i].is_literal ||
		        (held > 0) == is_listed(kt_detect_def(db, i)->id)))
			printf("# %s holds %zu events\n", kt_detect_def(db, i)->id,
			    held);
		kt_detect_set_fini(&one);
	}
	world_fini(&w);
}

#define MAIL "Joe met joe.doe@example.org when the passport was gone, "

static void
what_is_only_flagged_holds_nothing(void)
{
	struct world w;
	struct hold h;

	if (!load_starter(&w))
		return;
	h = hold_of(&w, &w.program->chain.enforced[KT_COMPONENT_COMPLETION],
	    MAIL MAIL MAIL MAIL MAIL MAIL MAIL MAIL,
	    TOKENS);
	ok(h.held == 0);
	world_fini(&w);
}

int
main(void)
{
	RUN(on_clean_prose_the_starter_holds_no_event);
	RUN(on_any_prose_one_event_in_four_waits_for_the_next_one);
	RUN(what_holds_a_word_has_a_literal_in_front_or_is_named);
	RUN(what_is_only_flagged_holds_nothing);
	return done();
}
