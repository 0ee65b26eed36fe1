/*
 * index - finds which literals start, or could still start, at a byte.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A tree walked afresh from each position, not an automaton with failure
 * links: a stream asks about the few undecided bytes at its end only, most
 * walks stop at the second byte, and "the text ended inside this literal" is
 * what it needs to know, which the tree tells by where the walk stopped.
 */
#include <stdlib.h>

#include "detect/detect_priv.h"

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum kt_rc
kt_detect_index_add(struct kt_detect_index *ix, struct kt_arena *mem,
    struct kt_detect_literal lit)
{
	void *p = ix->lit;
	char *copy = kt_arena_alloc(mem, lit.len + 1);

	if (copy == NULL)
		return KT_E_LIMIT;
	for (size_t i = 0; i < lit.len; i++)
		copy[i] = ix->is_folded ? fold(lit.text[i]) : lit.text[i];
	lit.text = copy;
	if (kt_grow(&p, &ix->lit_cap, ix->nlit + 1, sizeof(*ix->lit)) < 0)
		return KT_E_LIMIT;
	ix->lit = p;
	ix->lit[ix->nlit++] = lit;
	return KT_OK;
}

static int
by_text(const void *x, const void *y)
{
	const struct kt_detect_literal *a = x, *b = y;
	size_t len = a->len < b->len ? a->len : b->len;
	int d = memcmp(a->text, b->text, len);

	if (d != 0)
		return d;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

/* A node for literals [lo, hi), which share their first `depth` bytes. */
static enum kt_rc
add_node(struct kt_detect_index *ix, uint32_t lo, uint32_t hi, uint32_t depth)
{
	void *p = ix->node, *q = ix->byte;
	uint32_t term = lo;

	if (kt_grow(&p, &ix->node_cap, ix->nnode + 1, sizeof(*ix->node)) < 0)
		return KT_E_LIMIT;
	ix->node = p;
	if (kt_grow(&q, &ix->byte_cap, ix->nnode + 1, sizeof(*ix->byte)) < 0)
		return KT_E_LIMIT;
	ix->byte = q;
	while (term < hi && ix->lit[term].len == depth)
		term++;
	ix->byte[ix->nnode] =
	    depth > 0 ? (uint8_t)ix->lit[lo].text[depth - 1] : 0;
	ix->node[ix->nnode++] =
	    (struct kt_detect_node){ .lo = lo, .term = term, .hi = hi };
	return KT_OK;
}

/* The nodes below one, first its children, then theirs. */
static enum kt_rc
build(struct kt_detect_index *ix, uint32_t self, uint32_t depth)
{
	uint32_t child = (uint32_t)ix->nnode, hi = ix->node[self].hi, n = 0;
	enum kt_rc rc = KT_OK;

	for (uint32_t i = ix->node[self].term, from = i; from < hi; from = i) {
		while (i < hi &&
		    ix->lit[i].text[depth] == ix->lit[from].text[depth])
			i++;
		if (add_node(ix, from, i, depth + 1) < 0)
			return KT_E_LIMIT;
		n++;
	}
	ix->node[self].child = child;
	ix->node[self].nchild = n;
	for (uint32_t i = 0; i < n && rc == KT_OK; i++)
		rc = build(ix, child + i, depth + 1);
	return rc;
}

static void
note_pair(struct kt_detect_pairs *to, char a, char b, bool is_word)
{
	unsigned pair = (unsigned)(uint8_t)a << 8 | (uint8_t)b;
	uint64_t bit = (uint64_t)1 << (pair & 63);

	for (int inside = 0; inside <= !is_word; inside++) {
		kt_detect_bytes_add(&to->one[inside], a);
		to->two[inside][pair >> 6] |= bit;
	}
}

static char
unfold(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

void
kt_detect_pairs_add(struct kt_detect_pairs *to,
    const struct kt_detect_index *ix, const struct kt_detect_set *on)
{
	for (size_t i = 0; i < ix->nlit; i++) {
		const struct kt_detect_literal *lit = &ix->lit[i];
		char a = lit->text[0], b = lit->text[1];

		if (!kt_detect_rule_is_on(on, lit->rule))
			continue;
		note_pair(to, a, b, lit->is_word);
		if (ix->is_folded) {
			note_pair(to, unfold(a), b, lit->is_word);
			note_pair(to, a, unfold(b), lit->is_word);
			note_pair(to, unfold(a), unfold(b), lit->is_word);
		}
	}
}

enum kt_rc
kt_detect_index_build(struct kt_detect_index *ix)
{
	if (ix->nlit == 0)
		return KT_OK;
	qsort(ix->lit, ix->nlit, sizeof(*ix->lit), by_text);
	if (add_node(ix, 0, 0, 0) < 0 ||
	    add_node(ix, 0, (uint32_t)ix->nlit, 0) < 0 || build(ix, 1, 0) < 0)
		return KT_E_LIMIT;
	for (uint32_t i = 0; i < ix->node[1].nchild; i++)
		ix->root[ix->byte[ix->node[1].child + i]] =
		    ix->node[1].child + i;
	kt_detect_pairs_add(&ix->pairs, ix, NULL);
	for (int c = 'A'; ix->is_folded && c <= 'Z'; c++)
		ix->root[c] = ix->root[c - 'A' + 'a'];
	return KT_OK;
}

void
kt_detect_index_fini(struct kt_detect_index *ix)
{
	kt_free(ix->lit);
	kt_free(ix->node);
	kt_free(ix->byte);
	ix->lit = NULL;
	ix->node = NULL;
	ix->byte = NULL;
}
