/*
 * stream - what one event of a streamed answer says.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the event grammar of each format, and which strings of which
 *           events are pieces of one growing text.
 * Does not: keep any text; the caller joins the pieces of a block.
 * Promises: every string value of an event's data is in exactly one part; a
 *           stream that breaks its grammar fails, finally; two pieces that a
 *           client would join have the same block.
 */
#ifndef KT_STREAM_H
#define KT_STREAM_H
#include "chat/chat.h"
#include "json/json.h"
#include "provider/facts.h"

enum kt_part_kind {
	KT_PART_FIXED = 0, /* structure, as KT_SEGMENT_FIXED */
	KT_PART_DELTA,     /* continues the text of its block */
	KT_PART_WHOLE,     /* a complete text of its own; block is 0 */
	KT_PART_SIGNED,    /* thinking; never edited.  Continues its block, or
	                      is complete where block is 0 */
	KT_PART_OPAQUE,
};
struct kt_part {
	uint32_t node;  /* string in the event's index */
	uint64_t block; /* same key: same growing text; 0: none */
	enum kt_component component;
	enum kt_part_kind kind;
};
enum kt_stream_kind {
	KT_STREAM_OTHER = 0, /* unknown, may have parts of every kind */
	KT_STREAM_START,
	KT_STREAM_BLOCK_START,
	KT_STREAM_DELTA,
	KT_STREAM_BLOCK_STOP,
	KT_STREAM_FINISH, /* carries a stop reason */
	KT_STREAM_STOP,   /* the last event of a complete answer */
	KT_STREAM_PING,
	KT_STREAM_ERROR,
};
struct kt_stream_event {
	enum kt_stream_kind kind;
	const struct kt_part *parts; /* in document order, in mem */
	size_t nparts;
	/* Texts that end with this event, after its parts are added; some
	 * may never have begun. */
	const uint64_t *ended;
	size_t nended;
	bool ends_all; /* every open text ends */
	/* What this event adds; empty spans, usage not known where it says
	 * nothing.  A known usage is that of the whole answer so far. */
	struct kt_answer_facts facts;
};

/* Is this key that of a text, or of a call, that ends with the event? */
bool kt_stream_ends(const struct kt_stream_event *ev, uint64_t block);

struct kt_stream_reader {
	enum kt_format format;
	bool is_started, is_finished, is_stopped, is_broken;
	bool has_open_block; /* Anthropic: exactly one may be open */
	uint64_t open_block, next_block; /* Anthropic: index */
	struct kt_usage usage;           /* so far */
	/* OpenAI: which choices spoke and finished, how many tool calls. */
	uint64_t seen[KT_STREAM_CHOICES_MAX / 64];
	uint64_t done[KT_STREAM_CHOICES_MAX / 64];
	uint32_t ncalls;
	uint64_t ended[KT_STREAM_ENDED_MAX]; /* Responses: the latest */
	unsigned next_ended;
};
void kt_stream_reader_init(struct kt_stream_reader *r, enum kt_format format);
/*
 * name and data are those of one SSE event; json is the index of data, or
 * NULL when data is empty, "[DONE]" or, in format NONE, not JSON: then it
 * has no parts and cannot be inspected.  KT_E_PARSE: the event breaks the
 * grammar of its format (delta for a block that is not open, text after the
 * stop): the stream cannot be trusted any further, every later call fails.
 */
KT_MUSTCHECK enum kt_rc kt_stream_read(struct kt_stream_reader *r,
    struct kt_span name, struct kt_span data, const struct kt_json *json,
    struct kt_arena *mem, struct kt_stream_event *out, struct kt_err *err);
/* Every choice has finished, the usage is told, and only "[DONE]" is missing,
 * which some servers never send: where the bytes end, the answer is whole. */
bool kt_stream_lacks_done(const struct kt_stream_reader *r);

#endif
