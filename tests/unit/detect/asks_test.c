/*
 * The law: prose makes a stream ask few questions.  A detector whose
 * beginnings no table of literals holds is asked at each word, and that costs
 * more than all others together; nothing else would show it but time.
 *
 * Questions are counted where a pattern is matched: the linker puts this
 * file's function in front of the engine's.
 */
#include "detect/jit_priv.h"
#include "detect/stream.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define PIECE 64
#define DETECTORS_MAX 2048
#define LEAST 4 /* questions in a piece, of any detector that is not below */

/* Sentences with no word of their own: they are not asked of what people and
   models write, but of results, documents and files. */
static const struct {
	const char *id;
	unsigned most;
} known[] = {
	{ "speaks-to-the-model-other", 14 },
	{ "speaks-to-an-assistant", 11 },
	{ "order-for-machines", 8 },
};

static unsigned asked[DETECTORS_MAX];

int __real_kt_detect_jit_match(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    uint32_t options);
int __wrap_kt_detect_jit_match(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    uint32_t options);

int
__wrap_kt_detect_jit_match(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    uint32_t options)
{
	asked[r->def - shipped]++;
	return __real_kt_detect_jit_match(r, s, subject, from, options);
}

static unsigned
most_of(const char *id)
{
	for (size_t i = 0; i < KT_NELEMS(known); i++)
		if (strcmp(known[i].id, id) == 0)
			return known[i].most;
	return LEAST;
}

static size_t
streams(struct kt_detect *db, struct kt_span text)
{
	struct kt_detect_scratch *scratch;
	struct kt_detect_stream *s;
	struct kt_detect_step step;
	struct kt_err err;
	size_t n = 0;

	if (kt_detect_scratch_new(&scratch, db, &err) < 0)
		return 0;
	if (kt_detect_stream_new(&s, db, NULL, NULL) == KT_OK) {
		while ((n + 1) * PIECE <= text.len &&
		    kt_detect_stream_feed(s, scratch,
			kt_span_sub(text, n * PIECE, PIECE), &step) == KT_OK)
			n++;
		kt_detect_stream_free(&s);
	}
	kt_detect_scratch_free(&scratch);
	return n;
}

static void
prose_asks_few_questions(void)
{
	const char *src = getenv("KT_SRCDIR");
	struct kt_detect *db;
	struct kt_span text;
	struct kt_err err;
	char path[4096];
	unsigned all = 0;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/LICENSE",
	    src != NULL ? src : ".");
	text = read_whole(path);
	if (!ok(nshipped <= DETECTORS_MAX) ||
	    !ok(kt_detect_new(&db, shipped, nshipped, &err) == KT_OK))
		return;
	n = streams(db, text);
	ok(n == text.len / PIECE && n > 100);
	for (size_t i = 0; i < nshipped; i++) {
		all += asked[i];
		if (!ok(asked[i] <= most_of(shipped[i].id) * n))
			printf("# %s is asked %u times in %zu pieces\n",
			    shipped[i].id, asked[i], n);
	}
	ok(all > n); /* they are counted at all */
	kt_detect_free(&db);
}

int
main(void)
{
	if (!load_shipped())
		return EXIT_FAILURE;
	RUN(prose_asks_few_questions);
	kt_arena_free(&shipped_mem);
	return done();
}
