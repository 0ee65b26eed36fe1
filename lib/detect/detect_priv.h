/*
 * detect_priv - what the files of this room share.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    a compiled rule, the literal index, the attempt at one match.
 * Does not: leave the room.
 * Promises: an attempt that the engine cannot finish is KT_E_ENGINE.
 */
#ifndef KT_DETECT_PRIV_H
#define KT_DETECT_PRIV_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <hs/hs.h>
#include <pcre2.h>

#include "detect/detect.h"
#include "detect/filter_priv.h"
#include "detect/view_priv.h"

/* A stream keeps this much to the left of what is undecided. */
#define KT_DETECT_KEEP (KT_HOLD_MAX + KT_DETECT_CONTEXT_MAX + 8)
#define KT_DETECT_SLICE 4096 /* a delta is worked through in such pieces */
/* A block detector is only asked for whole blocks: it may be wider. */
#define KT_DETECT_WIDTH_MAX 4096
#define KT_DETECT_TAIL_END_MAX 64
/* How far a tail is looked back at; a stream has as much. */
#define KT_DETECT_TAIL_GAP_MAX (KT_DETECT_KEEP - KT_DETECT_SOLID)
#define KT_DETECT_DFA_ROOM 2048 /* for PCRE2, to find the ends of a head */
#define KT_DETECT_ENDS_MAX 64
#define KT_DETECT_WORDS_MAX (64u << 10) /* of a context, as a pattern */

struct kt_detect {
	struct kt_detect_rule *rules;
	struct kt_detect_jit *jits; /* one each */
	size_t n;
	/* Rules that came compiled, if any, and those compiled here. */
	hs_database_t *hs[2];
	size_t nhs;
	hs_database_t *numbers; /* patterns of those that are is_number; NULL */
	/* How wide they are at most; and with the words before them. */
	uint32_t number_reach, number_before;
	struct kt_detect_index exact, folded;
	struct kt_arena *mem; /* of the literals */
	struct kt_detect_runs runs; /* rules that are in no index */
	struct kt_detect_filter filter; /* of all */
	uint32_t *nears; /* rules that are is_near */
	size_t nnears, alone_max; /* the widest of them */
	uint32_t *models; /* rules without a pattern */
	uint32_t *joins; /* those that say what others mean together */
	size_t nmodels, njoins;
};

/* A part of a text, scanned for numbers. */
struct kt_detect_window {
	size_t from, to;
};

struct kt_detect_scratch {
	hs_scratch_t *hs;
	struct kt_detect_window *window;
	size_t nwindows, windows_cap;
	pcre2_match_data *match, *ends; /* ends: of a head */
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
	int dfa[KT_DETECT_DFA_ROOM];
	uint64_t *next; /* per rule: starts before it are settled */
	size_t next_cap;
	struct kt_finding *found;
	struct kt_finding *all; /* in the clear and in disguise: search.c */
	size_t nfound, found_cap, nall, all_cap;
	struct kt_detect_view view[KT_DETECT_DEPTH_MAX];
	uint64_t calls, fail_at; /* of engines; which one fails */
	struct kt_detect_hit *hits;
	struct kt_detect_spot *spots;
	size_t nhits, hits_cap, nspots, spots_cap;
	uint64_t words[(KT_DETECT_KEEP + KT_DETECT_SLICE) / 64 + 2];
	/* "label": "text"; the end of a stream, and what is new */
	char member[KT_MEMBER_MAX], work[KT_DETECT_KEEP + KT_DETECT_SLICE];
	char piece[KT_DETECT_SLICE + 256];
};

/* What was saved of the first n rules. */
struct kt_detect_saved {
	/* KT_DETECT_LEARNED, and what PCRE2 made: NULL when taken. */
	struct kt_detect_rule *v;
	size_t n;
	struct kt_detect_literal *lit; /* of those in an index */
	size_t nlit;
};
/* All but Vectorscan's part; then that, for the rules from `from` on. */
KT_MUSTCHECK enum kt_rc kt_detect_prepare(struct kt_detect **out,
    const struct kt_detector *defs, size_t n, struct kt_detect_saved *saved,
    struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_detect_compile_from(
    struct kt_detect **db, size_t from, struct kt_err *err);

/* beside.c: adds what the findings of s, all of text, mean together. */
KT_MUSTCHECK enum kt_rc kt_detect_joins_scan(const struct kt_detect *db,
    struct kt_detect_scratch *s, const struct kt_detect_set *enabled,
    struct kt_span text);

/* A match, in offsets of the subject. */
struct kt_detect_match {
	size_t start, end; /* of the whole pattern */
	size_t span_start, span_end; /* of capture 1, or the same */
	bool is_alone; /* the match is all of the text */
};
enum kt_detect_attempt {
	KT_DETECT_ATTEMPT_MISS = 0,
	KT_DETECT_ATTEMPT_HIT,
	KT_DETECT_ATTEMPT_OPEN, /* at start, more text could change it */
	KT_DETECT_ATTEMPT_ERROR,
};
/* The leftmost match that starts in [from, last].  is_end: nothing follows. */
enum kt_detect_attempt kt_detect_rule_attempt(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t from,
    size_t last, bool is_end, struct kt_detect_match *m);
/* The one that starts at `start`, where kt_detect_rule_may_begin. */
enum kt_detect_attempt kt_detect_rule_ask(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t start,
    bool is_end, struct kt_detect_match *m);
/* Finds the parts of text to be scanned for numbers. */
KT_MUSTCHECK enum kt_rc kt_detect_number_windows(const struct kt_detect *db,
    struct kt_detect_scratch *s, struct kt_span text);
/* False: it can be found away from all words of its context. */
bool kt_detect_near_learn(struct kt_detect_rule *r);
const char *kt_detect_near_words( /* as a pattern; NULL: no memory */
    const struct kt_detector *d, struct kt_arena *mem);
/* Where a match can start behind a word that ends at `end`; false: nowhere. */
bool kt_detect_near_starts(const struct kt_detect_rule *r, struct kt_span text,
    size_t end, size_t *first, size_t *last);
/* Could the whole text be one match?  there: the bytes it has. */
bool kt_detect_near_alone(const struct kt_detect_rule *r, struct kt_span text,
    const struct kt_detect_bytes *there);
/* Learns what stands before the span; nothing when it is not sure. */
void kt_detect_head_learn(struct kt_detect_rule *r, pcre2_compile_context *how,
    uint32_t options);
/* The first byte that can be of a span, of a match that begins at start;
   subject.len when none is there yet.  Never moves back as text comes. */
size_t kt_detect_head_end(const struct kt_detect_rule *r,
    struct kt_detect_scratch *s, struct kt_span subject, size_t start);
/* Do validators and context hold?  Then *confidence_pm is set. */
bool kt_detect_rule_accepts(const struct kt_detect_rule *r,
    struct kt_span label, struct kt_span subject,
    const struct kt_detect_match *m, uint16_t *confidence_pm);
/* How much of subject from `at` belongs to the tail; the tail began at
   `from`.  *is_over when it ends there whatever follows. */
size_t kt_detect_rule_tail(const struct kt_detect_rule *r,
    struct kt_span subject, size_t from, size_t at, bool *is_over);
/* Counts an engine call for the test hook; true when it is to fail. */
bool kt_detect_scratch_trips(struct kt_detect_scratch *s);
KT_MUSTCHECK enum kt_rc kt_detect_scratch_add(
    struct kt_detect_scratch *s, const struct kt_finding *f);
void kt_detect_sort(struct kt_finding *v, size_t n);

#endif
