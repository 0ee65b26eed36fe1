/*
 * index_priv - the literals that matches begin with, as a tree.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    how to read literals off a pattern, and which of them start, or
 *           could still start, at a byte.
 * Does not: know rules, or leave the room.
 * Promises: every match of a pattern begins with one of its literals.
 */
#ifndef KT_DETECT_INDEX_PRIV_H
#define KT_DETECT_INDEX_PRIV_H
#include "detect/bytes_priv.h"
#include "detect/set.h"

struct kt_detect_literal {
	const char *text; /* folded when the index is */
	uint32_t len, rule;
	bool is_word; /* never begins inside a word */
};
struct kt_detect_node {
	uint32_t lo, term, hi; /* literals: [lo, term) end here, to hi below */
	uint32_t child, nchild; /* the first of them, which are neighbours */
};
/* One byte, and two, that some literal begins with; [1]: inside a word. */
struct kt_detect_pairs {
	struct kt_detect_bytes one[2];
	uint64_t two[2][1024];
};
struct kt_detect_index {
	struct kt_detect_literal *lit;
	struct kt_detect_node *node; /* 0 is no node */
	uint8_t *byte; /* of each node: the last of what leads to it */
	size_t nlit, lit_cap, nnode, node_cap, byte_cap;
	uint32_t root[256];
	struct kt_detect_pairs pairs;
	bool is_folded;
};
/* Literals [lo, hi) of an index begin at `at`; is_cut: or would, were there
   more text. */
struct kt_detect_hit {
	const struct kt_detect_index *ix;
	uint32_t lo, hi, at;
	bool is_cut;
};

/* Text of all literals a match of pattern can begin with; none when one of
   them is too short to be worth a look, and never one of a single byte.
   *caseless is raised by a leading (?i). */
KT_MUSTCHECK enum kt_rc kt_detect_literals_of(const char *pattern,
    struct kt_arena *mem, struct kt_detect_literal **out, size_t *n,
    bool *caseless);
/* Does \b stand before all that pattern matches? */
bool kt_detect_begins_word(const char *pattern);
/* Copies the text. */
KT_MUSTCHECK enum kt_rc kt_detect_index_add(struct kt_detect_index *ix,
    struct kt_arena *mem, struct kt_detect_literal lit);
KT_MUSTCHECK enum kt_rc kt_detect_index_build(struct kt_detect_index *ix);
/* Those of the literals of an index whose rules are on. */
void kt_detect_pairs_add(struct kt_detect_pairs *to,
    const struct kt_detect_index *ix, const struct kt_detect_set *on);
/* Of n bytes, one at least, only two are looked at. */
static inline bool
kt_detect_pairs_may(const struct kt_detect_pairs *pairs, const char *p,
    size_t n, bool is_inside)
{
	unsigned two;

	if (n == 1)
		return kt_detect_bytes_has(&pairs->one[is_inside], *p);
	two = (unsigned)(uint8_t)p[0] << 8 | (uint8_t)p[1];
	return pairs->two[is_inside][two >> 6] >> (two & 63) & 1;
}
void kt_detect_index_fini(struct kt_detect_index *ix);

#endif
