/*
 * row_priv - texts that say more together than each by itself.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what one text of a message makes of another, and what begins in
 *           one text and ends in the next.
 * Does not: judge, nor search a text by itself.
 * Promises: time and memory grow with the texts only.
 */
#ifndef KT_ROW_PRIV_H
#define KT_ROW_PRIV_H
#include "detect/stream.h"
#include "exchange/verdict_priv.h"

struct kt_x_block;
struct kt_x_slot;

/*
 * What one text of a message makes of another: detect/detect.h.  A message's
 * texts with persons are looked at once more when all of it was read.
 */
struct kt_x_beside {
	struct kt_x_person {
		struct kt_segment s;
		uint32_t near, far; /* topics that would make more of it */
		uint32_t block;     /* topics of its block */
		/* Of a stream: its block of content, and what is held of it;
		   both NULL: it has gone, and one of its persons is told. */
		uint64_t of;
		struct kt_x_block *text;
		struct kt_x_slot *slot;
		struct kt_finding one;
		bool is_repeat;
	} *v; /* in mem */
	size_t n, cap, again; /* again: how many were */
	size_t open;          /* the first of the open block */
	uint32_t message_end, block_end; /* nodes */
	uint32_t message_topics, block_topics;
	uint32_t block_again; /* topics of the block that is looked at again */
	struct kt_x_edits edits;
	struct kt_detect_beside at_hand; /* of the segment */
	struct kt_finding person;        /* of those at hand */
	uint64_t of;                     /* of a stream: block of content */
	bool is_again, is_stream; /* stream: while a text of it is searched */
	bool has_close; /* a person that another block makes nothing of */
};

/* What was left undecided at the end of one text and goes on in the next. */
#define KT_X_TAIL (KT_HOLD_MAX + 128) /* of a text: a match and its context */
struct kt_x_row {
	struct kt_detect_stream *st; /* NULL: nothing is undecided */
	struct kt_buf text;          /* that findings may be of */
	uint64_t text_at, length, hold; /* offsets in the row */
	struct kt_x_stretch { /* of one text, from `at` on */
		uint64_t at;
		/* Of a stream: its block, NULL: nothing is held for it; where
		   in its text. */
		struct kt_x_block *block;
		uint64_t from;
		/* Of a body: its string, and where inside. */
		struct kt_segment s;
		size_t raw_at;
	} *v; /* in mem */
	size_t n, cap;
	struct kt_x_reach { /* findings of more than one, or that grow */
		uint64_t start;
		uint32_t detector;
		bool is_open, is_judged;
		enum kt_action action;
		const struct kt_policy *policy;
		struct kt_span marker;
	} *reaches; /* in mem */
	size_t nreaches, reaches_cap;
	enum kt_component component;
	/* Of a stream: the last block, and the end of its text, while nobody
	   knows yet what follows. */
	bool is_stream, is_waiting;
	uint64_t key;
	char *tail; /* in mem */
	size_t tail_len;
	/* Of a body: the text before; nodes, and the depth of blocks. */
	struct kt_segment before;
	uint32_t block_end, list_end;
	unsigned depth;
	bool has_text, had_text; /* has this block, had the one before? */
	struct kt_x_edits edits;
};

/* beside.c: while a body is inspected, what was found in a text is noted,
 * or becomes what the rest of its message makes of it. */
KT_MUSTCHECK enum kt_rc kt_x_beside_text(struct kt_exchange *x,
    enum kt_component c, struct kt_span text, struct kt_findings *found);
/* The segment that was just given is inspected. */
KT_MUSTCHECK enum kt_rc kt_x_beside_segment(
    struct kt_exchange *x, const struct kt_segment *s);
/* One to be looked at again before the next one is given. */
bool kt_x_beside_next(struct kt_exchange *x, struct kt_segment *s);
/* stream_beside.c: nothing is held for others any longer: they are over, or
 * it is too much. */
void kt_x_beside_let_go(struct kt_exchange *x);

/* seam.c: what begins in the text of one block and ends in that of the next;
 * of a body in row.edits.  A verdict that blocks is no failure. */
KT_MUSTCHECK enum kt_rc kt_x_row_segment(
    struct kt_exchange *x, struct kt_x_verdict *v, const struct kt_segment *s);
/* Of a stream: b was given text; b ended. */
KT_MUSTCHECK enum kt_rc kt_x_row_grow(
    struct kt_exchange *x, struct kt_x_block *b, struct kt_span text);
KT_MUSTCHECK enum kt_rc kt_x_row_ended(
    struct kt_exchange *x, struct kt_x_block *b);
/* No text follows. */
KT_MUSTCHECK enum kt_rc kt_x_row_end(
    struct kt_exchange *x, struct kt_x_verdict *v);
void kt_x_row_free(struct kt_exchange *x);
/* Over what is no text: a tool call, a thought. */
bool kt_x_row_goes_on(const struct kt_exchange *x);

#endif
