/*
 * law - feeds a text in pieces and compares with the whole scan.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A stream finds what a whole scan finds, wherever it is cut, and gives out
 * no byte of it before.
 */
#ifndef KT_TEST_DETECT_LAW_H
#define KT_TEST_DETECT_LAW_H
#include "detect/stream.h"

static struct kt_detect *db;
static struct kt_detect_scratch *scratch;

#define FOUND_MAX 256
struct found {
	struct kt_finding v[FOUND_MAX];
	size_t n;
};

static void
collect(struct found *all, const struct kt_findings *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct kt_finding *f = &now->v[i];
		size_t k = 0;

		if (f->disguise != 0)
			continue; /* more than what stands there: disguise_test */
		while (k < all->n &&
		    (all->v[k].detector != f->detector ||
			all->v[k].start != f->start))
			k++;
		if (k == FOUND_MAX)
			KT_BUG("too many findings for the test");
		if (k == all->n)
			all->n++;
		all->v[k] = *f;
	}
}

static bool
same(const struct found *got, const struct kt_finding *want, size_t n)
{
	size_t seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (kt_detect_def(db, want[i].detector)->when ==
		    KT_DETECT_BLOCK)
			continue;
		seen++;
		size_t k = 0;
		while (k < got->n &&
		    (got->v[k].detector != want[i].detector ||
			got->v[k].start != want[i].start ||
			got->v[k].end != want[i].end || got->v[k].is_open ||
			got->v[k].confidence_pm != want[i].confidence_pm))
			k++;
		if (k == got->n)
			return false;
	}
	return seen == got->n;
}

/* Bytes of span findings that were released before they were reported. */
static size_t leaked;

struct feeder {
	struct kt_detect_stream *st;
	struct found all;
	struct kt_findings whole;
	uint64_t hold, released, fed;
	bool is_leaky; /* the negative control: releases all it has */
};

static bool
step(struct feeder *f, struct kt_span delta, bool is_end)
{
	struct kt_detect_step out;
	enum kt_rc rc;

	rc = is_end ? kt_detect_stream_end(f->st, scratch, &out)
		    : kt_detect_stream_feed(f->st, scratch, delta, &out);
	if (rc != KT_OK)
		return false;
	f->fed += delta.len;
	collect(&f->all, &out.findings);
	if (out.hold < f->hold || out.hold > f->fed ||
	    f->fed - out.hold > KT_HOLD_MAX)
		return false;
	f->hold = out.hold;
	f->released = f->is_leaky ? f->fed : out.hold;
	for (size_t i = 0; i < f->whole.n; i++) {
		const struct kt_finding *w = &f->whole.v[i];
		size_t k = 0;

		if (kt_detect_def(db, w->detector)->when != KT_DETECT_SPAN)
			continue;
		while (k < f->all.n &&
		    (f->all.v[k].detector != w->detector ||
			f->all.v[k].start != w->start))
			k++;
		if (k == f->all.n && w->start < f->released)
			leaked++;
	}
	return true;
}

/* Pieces of `first`, then of `each` bytes. */
static bool
streams_as_whole(struct kt_span text, size_t first, size_t each, bool leaky)
{
	static struct kt_finding want[FOUND_MAX];
	struct feeder f = { .is_leaky = leaky };
	bool is_same;

	if (kt_detect_scan(db, scratch, text, NULL, &f.whole) != KT_OK ||
	    f.whole.n > FOUND_MAX ||
	    kt_detect_stream_new(&f.st, db, NULL, NULL) != KT_OK)
		return false;
	if (f.whole.n > 0)
		memcpy(want, f.whole.v, f.whole.n * sizeof(*want));
	f.whole.v = want;
	is_same = true;
	for (size_t at = 0; at < text.len && is_same;) {
		size_t n = at == 0 ? first : each;

		if (n > text.len - at)
			n = text.len - at;
		is_same = step(&f, kt_span_sub(text, at, n), false);
		at += n;
	}
	is_same = is_same && step(&f, (struct kt_span){ 0 }, true) &&
	    f.hold == text.len && same(&f.all, want, f.whole.n);
	kt_detect_stream_free(&f.st);
	return is_same;
}

#endif
