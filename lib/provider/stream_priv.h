/*
 * stream_priv - one event on its way through its format's grammar.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what the three grammars share: type, parts, keys of blocks.
 * Does not: know any grammar.
 * Promises: a key is never 0; keys made from numbers and keys made from
 *           hashes never meet.
 */
#ifndef KT_STREAM_PRIV_H
#define KT_STREAM_PRIV_H
#include "provider/facts_priv.h"
#include "provider/places.h"
#include "provider/stream.h"

struct kt_stream_step {
	struct kt_stream_reader *r;
	struct kt_span type; /* what the event says it is; may be empty */
	struct kt_span text;
	const struct kt_json *json;
	uint32_t root;
	struct kt_arena *mem;
	struct kt_stream_event *out;
	struct kt_err *err;
	/* Found once per event, so that grow() costs the same for each part:
	 * objects whose own strings grow, and the start of hashed keys. */
	uint32_t inside[2];
	uint64_t trail;
	/* Responses: what the strings right in the event are. */
	enum kt_part_kind kind;
	bool is_tool_use;
};

/* Turns a part that may grow into a piece of its block, or leaves it. */
typedef enum kt_rc kt_grow_fn(struct kt_stream_step *s,
    const struct kt_segments_scope *leaf, struct kt_part *part);
KT_MUSTCHECK enum kt_rc kt_stream_collect(
    struct kt_stream_step *s, kt_grow_fn *grow);
/* One member of the event's object, or 0. */
uint32_t kt_stream_member(
    const struct kt_stream_step *s, uint32_t object, const char *name);
enum kt_rc kt_stream_refuse(struct kt_stream_step *s, const char *why);
/* The usage of the whole answer so far becomes a fact of this event. */
void kt_stream_take_usage(struct kt_stream_step *s, struct kt_usage usage);
void kt_stream_grow(struct kt_part *part, uint64_t block);

uint64_t kt_stream_key(uint64_t a, uint64_t b, unsigned slot);
uint64_t kt_stream_odd_key(uint64_t a, uint64_t b, uint64_t trail);

KT_MUSTCHECK enum kt_rc kt_stream_anthropic(struct kt_stream_step *s);
KT_MUSTCHECK enum kt_rc kt_stream_openai(struct kt_stream_step *s);
KT_MUSTCHECK enum kt_rc kt_stream_responses(struct kt_stream_step *s);

#endif
