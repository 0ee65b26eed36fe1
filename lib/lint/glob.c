/*
 * glob - patterns with * and ? as what they are, sets of texts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Inclusion and overlap are decided by walking both patterns as automata at
 * once.  Positions of a pattern are bits of one word; letters that stand in
 * neither behave all alike, so one of them is tried for all.
 */
#include "lint/lint_priv.h"

#define PATTERN_MAX 62 /* characters; longer ones are compared as text */
#define SEEN_MAX 1024  /* pairs of states; more is answered "no" */
#define OTHER 0x01     /* no name holds it */

bool
kt_lint_glob_is_plain(struct kt_span glob)
{
	return kt_span_find(glob, '*') == glob.len &&
	    kt_span_find(glob, '?') == glob.len;
}

/* What stands before the first sign must be the same, as far as both say. */
bool
kt_lint_glob_may_meet(struct kt_span a, struct kt_span b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++) {
		if (a.ptr[i] == '*' || a.ptr[i] == '?' || b.ptr[i] == '*' ||
		    b.ptr[i] == '?')
			return true;
		if (a.ptr[i] != b.ptr[i])
			return false;
	}
	return true;
}

/* Positions reachable without reading: past any run of stars. */
static uint64_t
closure(struct kt_span p, uint64_t set)
{
	for (size_t i = 0; i < p.len; i++) {
		if ((set >> i & 1) && p.ptr[i] == '*')
			set |= (uint64_t)1 << (i + 1);
	}
	return set;
}

static uint64_t
step(struct kt_span p, uint64_t set, char c)
{
	uint64_t next = 0;

	for (size_t i = 0; i < p.len; i++) {
		if (!(set >> i & 1))
			continue;
		if (p.ptr[i] == '*')
			next |= (uint64_t)1 << i;
		else if (p.ptr[i] == '?' || p.ptr[i] == c)
			next |= (uint64_t)1 << (i + 1);
	}
	return closure(p, next);
}

static bool
accepts(struct kt_span p, uint64_t set)
{
	return set >> p.len & 1;
}

struct pair {
	uint64_t a, b;
};
struct walk {
	struct kt_span a, b;
	struct pair seen[SEEN_MAX];
	size_t n;
};

static bool
push(struct walk *w, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->seen[i].a == a && w->seen[i].b == b)
			return true;
	}
	if (w->n == SEEN_MAX)
		return false;
	w->seen[w->n++] = (struct pair){ a, b };
	return true;
}

static void
begin(struct walk *w, struct kt_span a, struct kt_span b)
{
	w->a = a;
	w->b = b;
	w->n = 0;
	(void)push(w, closure(a, 1), closure(b, 1)); /* there is room */
}

static bool
push_steps(struct walk *w, size_t i, char c)
{
	uint64_t a = step(w->a, w->seen[i].a, c), b = step(w->b, w->seen[i].b, c);

	return b == 0 || push(w, a, b);
}

/* Every letter of either pattern, and one that is in neither. */
static bool
push_all(struct walk *w, size_t i)
{
	for (size_t k = 0; k < w->a.len; k++) {
		if (!push_steps(w, i, w->a.ptr[k]))
			return false;
	}
	for (size_t k = 0; k < w->b.len; k++) {
		if (!push_steps(w, i, w->b.ptr[k]))
			return false;
	}
	return push_steps(w, i, OTHER);
}

bool
kt_lint_glob_covers(struct kt_span wide, struct kt_span narrow)
{
	struct walk w; /* 16 KB: set up only when there is something to walk */

	if (kt_span_eq(wide, narrow) || kt_span_eq(wide, KT_SPAN("*")))
		return true;
	if (kt_lint_glob_is_plain(wide))
		return false;
	if (kt_lint_glob_is_plain(narrow))
		return kt_span_glob(wide, narrow);
	if (wide.len > PATTERN_MAX || narrow.len > PATTERN_MAX ||
	    !kt_lint_glob_may_meet(wide, narrow))
		return false;
	begin(&w, wide, narrow);
	for (size_t i = 0; i < w.n; i++) {
		if (accepts(narrow, w.seen[i].b) && !accepts(wide, w.seen[i].a))
			return false;
		if (!push_all(&w, i))
			return false;
	}
	return true;
}

bool
kt_lint_glob_meets(struct kt_span a, struct kt_span b)
{
	struct walk w;

	if (kt_lint_glob_is_plain(a))
		return kt_span_glob(b, a);
	if (kt_lint_glob_is_plain(b))
		return kt_span_glob(a, b);
	if (a.len > PATTERN_MAX || b.len > PATTERN_MAX ||
	    !kt_lint_glob_may_meet(a, b))
		return false;
	begin(&w, a, b);
	for (size_t i = 0; i < w.n; i++) {
		if (accepts(a, w.seen[i].a) && accepts(b, w.seen[i].b))
			return true;
		if (!push_all(&w, i))
			return false;
	}
	return false;
}
