/*
 * scrub - a text without what detectors find in it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    what in a body, an answer or a stream of events must not reach a
 *           disk, and what is put in its place (detect/standin.h).
 * Does not: know what a policy wants: every detector of the program counts.
 * Promises: what any of them finds is gone, also where it was cut into
 *           pieces of a stream; the same text has the same stand-in; what
 *           cannot be searched is withheld, and is told as such.
 */
#ifndef KT_SESSION_SCRUB_H
#define KT_SESSION_SCRUB_H
#include "exchange/look.h"

struct kt_scrub {
	struct kt_look *look; /* of a program made with KT_CHAIN_RECORD */
	const uint8_t *key;   /* 32 bytes, of this session, never written */
	bool is_facts_only;   /* no text at all stays */
};

/* One text, what came of it, and what it measured before. */
struct kt_scrubbed {
	struct kt_buf text;   /* the caller's to free */
	struct kt_measures measures;
	bool is_withheld;     /* fill of the same length */
	bool has_gaps;        /* something in it was replaced */
};
/* format NONE: any JSON or text. */
KT_MUSTCHECK enum kt_rc kt_scrub_body(const struct kt_scrub *s,
    enum kt_endpoint endpoint, enum kt_direction direction,
    struct kt_span text, struct kt_scrubbed *out);
/* The same for a request, whose media get the numbers of their jobs. */
struct kt_tape_job;
KT_MUSTCHECK enum kt_rc kt_scrub_request(const struct kt_scrub *s,
    enum kt_endpoint endpoint, struct kt_span text,
    const struct kt_tape_job *jobs, size_t njobs, struct kt_scrubbed *out);
/* A line of a session: its texts only, and what was the first found. */
KT_MUSTCHECK enum kt_rc kt_scrub_line(const struct kt_scrub *s,
    struct kt_span line, struct kt_buf *out, size_t *found,
    const struct kt_detector **first);
/* A header's value, a path: letters only go in. */
KT_MUSTCHECK enum kt_rc kt_scrub_text(
    const struct kt_scrub *s, struct kt_span text, struct kt_buf *out);
/* Of a text only what was found in it. */
KT_MUSTCHECK enum kt_rc kt_scrub_facts(
    const struct kt_scrub *s, struct kt_span text, struct kt_buf *out);
/*
 * Events as one text, with the ends of the pieces they came in, which are
 * moved along.  is_cut: a policy ended it, so that all in it was decided.
 */
KT_MUSTCHECK enum kt_rc kt_scrub_stream(const struct kt_scrub *s,
    enum kt_format format, bool is_cut, struct kt_span text, size_t *ends,
    size_t nends, struct kt_scrubbed *out);
/* The same for one that was recorded: only what is found changes. */
KT_MUSTCHECK enum kt_rc kt_scrub_stream_again(const struct kt_scrub *s,
    enum kt_format format, struct kt_span text, size_t *ends, size_t nends,
    struct kt_buf *out, size_t *found, const struct kt_detector **first);
/*
 * The lines of a session without what is found in its streams, and where:
 * the line that it ends in.  KT_E_PARSE: a stream cannot be searched.
 */
struct kt_session;
typedef void (*kt_scrub_told_fn)(void *arg, size_t line, size_t n,
    const struct kt_detector *first);
KT_MUSTCHECK enum kt_rc kt_scrub_streams(const struct kt_scrub *s,
    const struct kt_session *session, struct kt_buf *out,
    kt_scrub_told_fn told, void *arg, struct kt_err *err);
/* Fills out with as many bytes that say nothing. */
KT_MUSTCHECK enum kt_rc kt_scrub_withhold(
    size_t len, struct kt_scrubbed *out);

#endif
