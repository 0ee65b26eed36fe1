/*
 * segments - every string of a body, where it stands and what may be done.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which member of which format holds system text, messages, tools,
 *           media, thinking, structure.
 * Does not: decode or look into any text.
 * Promises: each string value of the index is given exactly once, in
 *           document order, and on request each name and long number too;
 *           time is linear, memory is this struct; unknown members and
 *           blocks are TEXT of the component around them.
 * Does not promise: that log probabilities of tokens restate a text in one
 *           segment: each token is one of its own.
 */
#ifndef KT_SEGMENTS_H
#define KT_SEGMENTS_H
#include "chat/chat.h"
#include "json/json.h"

enum kt_direction { KT_REQUEST = 0, KT_ANSWER };

struct kt_segments {
	const struct kt_json *json;
	struct kt_span text;
	enum kt_format format;
	enum kt_direction direction;
	uint32_t at; /* next node to look at */
	unsigned depth;
	/* The open arrays and objects, and what the next value will be. */
	struct kt_segments_scope {
		uint32_t end;      /* node index where this scope ends */
		uint8_t place;     /* row set that reads its members */
		uint8_t component; /* of texts below it */
		bool is_object, is_of_result;
		/* Only while an event is read: which growing text this is. */
		uint32_t choice, call;
		uint64_t trail;
	} scope[KT_JSON_DEPTH_MAX + 1], leaf;
	bool is_event, wants_all;
};
/* format NONE: every string is TEXT, a message or, in an answer, completion. */
void kt_segments_init(struct kt_segments *it, enum kt_format format,
    enum kt_direction direction, const struct kt_json *json, struct kt_span text);
/*
 * From here on also every name of a member, FIXED or NAME, of the component
 * of its value; and every number with KT_SEGMENT_DIGITS_MIN digits in front of its
 * point, which may be a card or an account.  Check the type of the node.
 */
void kt_segments_want_all(struct kt_segments *it);
#define KT_SEGMENT_DIGITS_MIN 8
bool kt_segment_is_long_number(struct kt_span raw);
/* Where what is around the last one ends, as an index of a node; 0: nothing
   is as deep.  Of a request, 3 is a message and 5 a block of its content. */
uint32_t kt_segments_end(const struct kt_segments *it, unsigned depth);
/* False at the end, and from then on always. */
bool kt_segments_next(struct kt_segments *it, struct kt_segment *out);

#endif
