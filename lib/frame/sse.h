/*
 * sse - server-sent events, cut out of a stream of bytes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    where an event ends (WHATWG HTML, section 9.2), its name and its
 *           data, and which bytes it was made of.
 * Does not: know what the data means, check UTF-8, or act on id and retry.
 * Promises: any cutting of the input gives the same events; the raw spans of
 *           all events and the rest, put together, are the input, byte for
 *           byte; no event larger than the limit is ever held; cost is linear.
 */
#ifndef KT_FRAME_SSE_H
#define KT_FRAME_SSE_H
#include "base/base.h"

struct kt_sse_event {
	/* Every byte of the frame, as received: comments, the blank line. */
	struct kt_span raw;
	struct kt_span name; /* value of the last event line; may be empty */
	/* Data lines joined by LF; a part of raw when there is exactly one. */
	struct kt_span data;
	size_t data_lines; /* 0: a browser would dispatch nothing */
	bool is_comment;   /* only comments and blank lines: safe keep-alive */
};

enum kt_sse_line_end { KT_SSE_START, KT_SSE_LF, KT_SSE_CR };

struct kt_sse {
	struct kt_buf held;   /* an event of which only a part has come */
	struct kt_buf joined; /* data of an event with several data lines */
	struct kt_span in;    /* borrowed, not yet looked at */
	size_t limit;
	size_t line;      /* bytes seen of the current line */
	bool after_cr;    /* the last byte seen was a CR: an LF belongs to it */
	bool is_blank;    /* ... and it ended a blank line that waits for it */
	bool was_held;    /* the last event given out lies in held */
	bool is_finished; /* no more input will come */
	bool is_first;    /* nothing was given out yet: a BOM may stand here */
	enum kt_sse_line_end last_end;
	enum kt_rc failed;
};

/* limit is KT_EVENT_MAX, except in tests. */
void kt_sse_init(struct kt_sse *s, size_t limit);
void kt_sse_fini(struct kt_sse *s);

/*
 * Hands over the next bytes.  They are borrowed until kt_sse_next has
 * returned 0 or failed; feeding before that is a bug.
 */
void kt_sse_feed(struct kt_sse *s, struct kt_span bytes);
/* No more bytes will come; kt_sse_next may have one event left to give. */
void kt_sse_finish(struct kt_sse *s);
/*
 * 1 with an event, 0 when more bytes are needed, an enum kt_rc < 0 when the
 * limit was reached (then always).  Spans of an event are valid until the
 * next call with s.
 */
KT_MUSTCHECK int kt_sse_next(
    struct kt_sse *s, struct kt_sse_event *ev, struct kt_err *err);
/* Bytes of an event that has not ended; valid until the next call with s. */
struct kt_span kt_sse_rest(const struct kt_sse *s);

#endif
