/*
 * The law: what a whole text shows in disguise a stream shows, too, wherever
 * it is cut, and gives out no byte of it before; but for the first digits of
 * a run of base64 or hexadecimal ones, and of a row, which may be words.
 *
 * Over the examples of the shipped detectors that hold their bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "detect/stream.h"
#include "tests/unit/detect/disguises.h"
#include "tests/unit/detect/shipped.h"
#include "tests/unit/tap.h"

#define LEAST_PC 95
#define RUN_FIRST 7
#define ROW_FIRST 3
#define FOUND_MAX 64

static struct kt_detect *db;
static struct kt_detect_scratch *scratch;

struct found {
	struct kt_finding v[FOUND_MAX];
	size_t n;
};

/* Bytes of what is in `want` that went out before it was told. */
struct leak {
	const struct found *want;
	bool is_row;
	uint64_t out;
	size_t bytes;
};

static bool
is_same(const struct kt_finding *a, const struct kt_finding *b)
{
	return a->detector == b->detector && a->start == b->start;
}

static void
note(struct found *all, const struct kt_findings *now)
{
	for (size_t i = 0; i < now->n; i++) {
		size_t k = 0;

		while (k < all->n && !is_same(&all->v[k], &now->v[i]))
			k++;
		if (k == FOUND_MAX)
			continue;
		all->n += k == all->n;
		all->v[k] = now->v[i];
	}
}

static void
note_leak(struct leak *l, const struct found *told)
{
	for (size_t i = 0; i < l->want->n; i++) {
		const struct kt_finding *w = &l->want->v[i];
		bool is_run = (w->disguise &
		    (KT_DISGUISE_BASE64 | KT_DISGUISE_HEX)) != 0;
		uint64_t from = w->start + (is_run ? RUN_FIRST : 0);
		size_t k = 0;

		if (l->is_row) /* each of the digits is two bytes then */
			from += from - w->start + ROW_FIRST;
		while (k < told->n && !is_same(&told->v[k], w))
			k++;
		if (k == told->n && l->out > from)
			l->bytes++;
	}
}

/* All that a stream tells of `made`, in pieces of n bytes. */
static bool
stream(size_t n, bool is_leaky, struct found *told, struct leak *leak)
{
	struct kt_span text = kt_buf_span(&made);
	struct kt_detect_stream *st;
	struct kt_detect_step step;
	enum kt_rc rc;

	told->n = 0;
	if (kt_detect_stream_new(&st, db, NULL, NULL) < 0)
		return false;
	for (size_t at = 0; at < text.len; at += n) {
		rc = kt_detect_stream_feed(
		    st, scratch, kt_span_sub(text, at, n), &step);
		if (rc < 0)
			break;
		note(told, &step.findings);
		leak->out = is_leaky ? at + n : step.hold;
		note_leak(leak, told);
	}
	rc = kt_detect_stream_end(st, scratch, &step);
	if (rc == KT_OK)
		note(told, &step.findings);
	kt_detect_stream_free(&st);
	return rc == KT_OK && step.hold == text.len;
}

/* What a search of the whole shows in disguise, of those that hold. */
static void
want_of(struct found *want)
{
	struct kt_findings f;

	want->n = 0;
	if (kt_detect_search(db, scratch, (struct kt_span){ 0 },
	        kt_buf_span(&made), NULL, &f) < 0)
		return;
	for (size_t i = 0; i < f.n && want->n < FOUND_MAX; i++)
		if (f.v[i].disguise != 0 &&
		    shipped[f.v[i].detector].when == KT_DETECT_SPAN)
			want->v[want->n++] = f.v[i];
}

static size_t
shown(const struct found *want, const struct found *told)
{
	size_t n = 0;

	for (size_t i = 0; i < want->n; i++) {
		size_t k = 0;

		while (k < told->n && !(is_same(&told->v[k], &want->v[i]) &&
		           told->v[k].end == want->v[i].end))
			k++;
		if (k == told->n && getenv("KT_TEST_TELL") != NULL)
			printf("# %s: %llu-%llu of %.*s\n",
			    shipped[want->v[i].detector].id,
			    (unsigned long long)want->v[i].start,
			    (unsigned long long)want->v[i].end,
			    KT_SPAN_ARG(kt_buf_span(&made)));
		n += k < told->n;
	}
	return n;
}

static bool
are_same(const struct found *a, const struct found *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			n += is_same(&a->v[i], &b->v[k]) &&
			    a->v[i].end == b->v[k].end &&
			    a->v[i].disguise == b->v[k].disguise;
	return n == a->n && n == b->n;
}

static bool
find(uint32_t d, struct kt_span text, size_t *start, size_t *end)
{
	struct kt_findings f;
	size_t at = 0;

	if (shipped[d].when != KT_DETECT_SPAN ||
	    kt_detect_scan(db, scratch, text, NULL, &f) < 0)
		return false;
	while (at < f.n && f.v[at].detector != d)
		at++;
	if (at == f.n)
		return false;
	*start = f.v[at].start;
	*end = f.v[at].end;
	return true;
}

struct sum {
	size_t all, shown, leaked, other;
};

/* `made`, in pieces of 1, 2, 3, 5, 16 and 61 bytes. */
static void
sweep(struct sum *sum, bool is_row, bool is_leaky)
{
	static const size_t pieces[] = { 4096, 1, 2, 3, 5, 16, 61 };
	struct found want, told, first = { .n = 0 };
	struct leak leak = { .want = &want, .is_row = is_row };

	want_of(&want);
	for (size_t i = 0; i < KT_NELEMS(pieces); i++) {
		if (!ok(stream(pieces[i], is_leaky, &told, &leak)))
			continue;
		if (i == 0)
			first = told;
		sum->all += want.n;
		sum->shown += shown(&want, &told);
		if (!are_same(&first, &told)) {
			sum->other++;
			if (getenv("KT_TEST_TELL") != NULL)
				printf("# pieces of %zu: %.*s\n", pieces[i],
				    KT_SPAN_ARG(kt_buf_span(&made)));
		}
	}
	if (leak.bytes > 0 && !is_leaky && getenv("KT_TEST_TELL") != NULL)
		printf("# leak: %.*s\n", KT_SPAN_ARG(kt_buf_span(&made)));
	sum->leaked += leak.bytes;
}

static void
streams_look_through_disguises(void)
{
	for (size_t i = 0; i < KT_NELEMS(disguises); i++) {
		struct sum sum = { 0 };

		for (uint32_t d = 0; d < nshipped; d += stride()) {
			struct kt_span text = kt_span_of(
			    shipped[d].nexamples > 0 ? shipped[d].examples[0]
						     : "");
			size_t start, end;

			if (!suits(&disguises[i], text) ||
			    !find(d, text, &start, &end))
				continue;
			wear(&disguises[i], text, start, end);
			sweep(&sum, disguises[i].is_row, false);
		}
		printf("# %s: %zu of %zu, %zu leaks, %zu cut otherwise\n",
		    disguises[i].name, sum.shown, sum.all, sum.leaked,
		    sum.other);
		ok(sum.all > 30 / stride());
		/* One example may be another one to a stream, in each cutting. */
		ok((sum.all - sum.shown) * 100 <=
		    sum.all * (100 - LEAST_PC) + 700);
		ok(sum.leaked == 0);
		ok(sum.other == 0);
	}
}

static void
without_the_hold_they_leak(void)
{
	static void (*const put_on[])(struct kt_span) = { full_width, covered,
		quoted, braille, blanks_between };

	for (size_t i = 0; i < KT_NELEMS(put_on); i++) {
		struct sum sum = { 0 };

		kt_buf_reset(&made);
		put_on[i](KT_SPAN(
		    "key AKIAQ3EGRZTYW6PLMNBV and 4111 1111 1111 1111."));
		sweep(&sum, false, true);
		ok(sum.leaked > 20);
	}
}

/* A view ends when nothing was disguised for long: what a stream holds and
   costs is then as if nothing had been. */
static void
a_disguise_is_forgotten(void)
{
	struct kt_detect_stream *st;
	struct kt_detect_step step;
	uint64_t calls[2] = { 0 };

	ok(kt_detect_stream_new(&st, db, NULL, NULL) == KT_OK);
	for (int i = 0; i < 100; i++) {
		uint64_t before = kt_detect_scratch_calls(scratch);

		if (i == 20)
			ok(kt_detect_stream_feed(st, scratch,
			       KT_SPAN("4111%201111 "), &step) == KT_OK);
		ok(kt_detect_stream_feed(st, scratch,
		       KT_SPAN("the old man gave 12 to 4 of the men. "),
		       &step) == KT_OK);
		if (i == 10 || i == 90)
			calls[i / 90] =
			    kt_detect_scratch_calls(scratch) - before;
	}
	ok(calls[0] > 0 && calls[0] == calls[1]);
	kt_detect_stream_free(&st);
}

int
main(void)
{
	struct kt_err err;

	if (!load_shipped() ||
	    kt_detect_new(&db, shipped, nshipped, &err) < 0 ||
	    kt_detect_scratch_new(&scratch, db, &err) < 0)
		return EXIT_FAILURE;
	kt_buf_init(&made, 1u << 20);
	RUN(streams_look_through_disguises);
	RUN(without_the_hold_they_leak);
	RUN(a_disguise_is_forgotten);
	kt_buf_fini(&made);
	kt_detect_scratch_free(&scratch);
	kt_detect_free(&db);
	kt_arena_free(&shipped_mem);
	return done();
}
