/*
 * inspect_priv - from the texts of a body to edits and a verdict.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    one text, JSON in it, and a body in slices; which texts are clean.
 * Does not: know what is done then, nor in which order events come.
 * Promises: what failed is never told as clean.
 */
#ifndef KT_INSPECT_PRIV_H
#define KT_INSPECT_PRIV_H
#include "exchange/look.h"
#include "exchange/row_priv.h"
#include "json/json.h"
#include "json/text.h"

struct kt_x_clean;

/* Where an inspection of a whole body stands between turns. */
struct kt_x_inspection {
	struct kt_x_beside beside;
	struct kt_segments *segments; /* while it is under way */
	enum kt_format format;
	struct kt_measures measures;
	struct kt_x_counts {
		uint32_t count[KT_NCOMPONENTS];
		uint64_t bytes[KT_NCOMPONENTS];
	} counts;
	bool is_under_way;
};

/* inspect.c */
void kt_x_inspect_begin(struct kt_exchange *x, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json,
    struct kt_span text);
/* 1 done, 0 give the loop back, < 0 failed. */
KT_MUSTCHECK int kt_x_inspect(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_x_edits *edits);
void kt_x_inspect_end(struct kt_exchange *x); /* also in the middle */

/* One whole text and how it stands where edits will be made. */
struct kt_x_text {
	struct kt_span raw;
	size_t at; /* of raw, in what the edits count from */
	size_t stands_for; /* so much there: raw was read in it; 0: is it */
	bool is_plain; /* not the inside of a JSON string: markers go in bare */
	bool has_escapes;
	enum kt_component component;
	enum kt_segment_kind kind;
	struct kt_span label; /* the name of the member it stands in */
};
/* The string that a text was written in, and what surrounds that. */
struct kt_x_nest {
	const struct kt_x_text *text;
	const struct kt_json_map *map;
	const struct kt_x_nest *around;
};

/* clean.c: was it searched before, and nothing found?  If not, key is for
   kt_x_clean_keep once a whole search found nothing either. */
struct kt_x_clean_key {
	bool is_short;
	uint8_t hash[KT_AUDIT_HASH]; /* of what is not short */
};
bool kt_x_clean_has(struct kt_x_clean *c, const struct kt_x_text *t,
    struct kt_x_clean_key *key);
void kt_x_clean_keep(struct kt_x_clean *c, const struct kt_x_text *t,
    const struct kt_x_clean_key *key);

/* inspect.c: texts. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_text(struct kt_exchange *x,
    struct kt_x_verdict *v, const struct kt_x_text *t, struct kt_arena *mem,
    struct kt_x_edits *edits);
/* A string, name or number of an indexed text; edits are of that text. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_node(struct kt_exchange *x,
    struct kt_x_verdict *v, const struct kt_json *json, struct kt_span text,
    const struct kt_segment *s, enum kt_format format, struct kt_arena *mem,
    struct kt_x_edits *edits);
/* Out of an answer, or an event, of which something is edited. */
KT_MUSTCHECK enum kt_rc kt_x_drop_logprobs(enum kt_format format,
    const struct kt_json *j, struct kt_span text, struct kt_arena *mem,
    struct kt_x_edits *edits);
/* A tool call's arguments, once complete; edits are of the text itself. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_arguments(struct kt_exchange *x,
    struct kt_x_verdict *v, struct kt_span text, enum kt_component c,
    struct kt_arena *mem, struct kt_x_edits *edits);

/* edits.c */
/* Inside the string t, whose inside they edit. */
KT_MUSTCHECK enum kt_rc kt_x_nest_edits(const struct kt_x_edits *inner,
    const struct kt_x_text *t, const struct kt_json_map *map,
    struct kt_arena *mem, struct kt_x_edits *edits);

/* limits.c */
/* Texts that count, and whether a policy cuts because of how many. */
bool kt_x_has_limits(const struct kt_exchange *x);
/* The limits of a request, on a text that stands for all of it. */
void kt_x_apply_text_limits(struct kt_exchange *x, struct kt_x_verdict *v,
    struct kt_span text, enum kt_component c);
void kt_x_measure_answer(struct kt_exchange *x, struct kt_span raw);
bool kt_x_is_within_limits(
    struct kt_exchange *x, const struct kt_measures *m);
void kt_x_apply_limits(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_measures *m, bool is_answer);

/* judge.c: what could not be looked at, and where something was seen. */
/* What the policies together do about it: FLAG or BLOCK. */
enum kt_action kt_x_note_uninspectable(
    struct kt_exchange *x, struct kt_x_verdict *v, enum kt_component c);
/* The same about one string of the body, with its place. */
KT_MUSTCHECK enum kt_rc kt_x_note_unread(struct kt_exchange *x,
    struct kt_x_verdict *v, enum kt_component c, uint32_t node, size_t at,
    size_t length);
KT_MUSTCHECK enum kt_rc kt_x_note_sighting(
    struct kt_exchange *x, struct kt_sighting s);

/* medium.c */
/* Nothing but base64, of some length. */
bool kt_x_is_base64(struct kt_span raw);
/* Long enough for a picture or a cipher text, and nothing but base64. */
bool kt_x_is_payload(struct kt_span raw);

#endif
