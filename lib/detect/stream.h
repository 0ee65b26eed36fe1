/*
 * stream - the same findings while the text is still arriving.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which findings are decided, and from where on a match of a span
 *           detector could still begin.
 * Does not: know events; the caller holds the bytes and releases them.
 * Promises: any cutting gives the findings of the whole text; no byte of a
 *           finding of a span detector lies below hold before the call that
 *           reports it; hold never moves back, and lags behind the end by
 *           at most KT_HOLD_MAX of what the text says, which are at most
 *           KT_DETECT_HOLD_WRITTEN_MAX as it is written, else rc is
 *           KT_E_LIMIT: cut.
 * Does not promise: to hold the first seven digits of a run of base64 or
 *           hexadecimal digits; to see a disguise that is none by itself
 *           (detect/search.h looks around sites, a stream behind them), nor
 *           to compose a letter with a mark behind it.
 *
 * Span detectors hold their bytes back.  Late ones are reported as soon as
 * they are decided and hold nothing.  Block ones are not looked at: the
 * caller keeps the block and scans it whole (kt_detect_needs_block).
 */
#ifndef KT_DETECT_STREAM_H
#define KT_DETECT_STREAM_H
#include "detect/detect.h"

/* \ud83d\ude00 says four bytes, \u0041 one. */
#define KT_DETECT_HOLD_WRITTEN_MAX (6 * KT_HOLD_MAX + 64)

/* One block of text.  About 1.5 KiB with the shipped detectors. */
struct kt_detect_stream;

struct kt_detect_step {
	/* Newly decided, and again (same detector, same start) each finding
	   whose open tail grew or closed; offsets in the block's text.  The
	   scratch's, until its next use. */
	struct kt_findings findings;
	/* Text before this may go out, less what the findings cover.  An open
	   finding covers everything from its start on. */
	uint64_t hold;
};

/*
 * db, enabled and held (NULL: all) outlive it.  What is enabled and not held
 * is late, whatever its definition says: it is only to be known.
 */
KT_MUSTCHECK enum kt_rc kt_detect_stream_new(struct kt_detect_stream **out,
    const struct kt_detect *db, const struct kt_detect_set *enabled,
    const struct kt_detect_set *held);
void kt_detect_stream_free(struct kt_detect_stream **st);

/* More text.  After an error every later call fails: cut. */
KT_MUSTCHECK enum kt_rc kt_detect_stream_feed(struct kt_detect_stream *st,
    struct kt_detect_scratch *s, struct kt_span delta,
    struct kt_detect_step *out);
/* The block is over: all is decided, hold is its end, nothing is open. */
KT_MUSTCHECK enum kt_rc kt_detect_stream_end(struct kt_detect_stream *st,
    struct kt_detect_scratch *s, struct kt_detect_step *out);

/* Is a block detector enabled? */
bool kt_detect_needs_block(
    const struct kt_detect *db, const struct kt_detect_set *enabled);

#endif
