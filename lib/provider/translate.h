/*
 * translate - one wire format said in another, losses told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    OpenAI chat completions and Anthropic messages, both ways:
 *           requests, answers, errors, streams event by event.
 * Does not: inspect.  It is fed what a policy let pass, and never makes text
 *           that was not in its input, nor gives text more authority.
 * Promises: what has no equivalent is listed, or refused in strict mode;
 *           everything it writes obeys the grammar of its format.
 */
#ifndef KT_TRANSLATE_H
#define KT_TRANSLATE_H
#include "provider/provider.h"

#define KT_TRANSLATION_MAX 32
struct kt_translation {
	bool is_strict;
	/* Names of fields, static or in the arena of the call. */
	struct kt_span dropped[KT_TRANSLATION_MAX];
	struct kt_span approximated[KT_TRANSLATION_MAX];
	unsigned ndropped, napproximated; /* may exceed the arrays: then cut */
};

/*
 * model replaces the client's where it is not empty; max_tokens is used when
 * the client names none.  KT_E_PARSE: cannot be said in the other format;
 * err names the field.
 */
struct kt_translate_options {
	struct kt_span model;
	uint64_t max_tokens;
	struct kt_span api_version; /* anthropic-version that will go up */
	uint64_t now_s;             /* for "created" */
};
KT_MUSTCHECK enum kt_rc kt_translate_request(enum kt_format from,
    enum kt_format to, const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_translate_answer(enum kt_format from,
    enum kt_format to, const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err);
/* Any body, JSON or not; *status may change.  Text is carried verbatim. */
KT_MUSTCHECK enum kt_rc kt_translate_error(enum kt_format from,
    enum kt_format to, unsigned *status, struct kt_span body,
    struct kt_span request_id, struct kt_arena *mem, struct kt_buf *out);

/*
 * The client's side of a stream.  Where the formats are equal, events go
 * through byte for byte and only the grammar is followed; elsewhere they are
 * translated.  Either way it knows how to end what the client has seen.
 */
struct kt_stream_writer;
struct kt_stream_writer *kt_stream_writer_new(enum kt_format from,
    enum kt_format to, bool wants_usage, const struct kt_translate_options *o);
void kt_stream_writer_free(struct kt_stream_writer **w);
/*
 * One event of the upstream that is released: raw as received (or as
 * edited), with what kt_stream_read said of it and its data and index.
 * Appends what the client gets, which may be nothing.
 */
KT_MUSTCHECK enum kt_rc kt_stream_write(struct kt_stream_writer *w,
    struct kt_span raw, const struct kt_stream_event *ev, struct kt_span data,
    const struct kt_json *json, struct kt_buf *out, struct kt_err *err);
/* Ends by policy, in valid grammar: policy_block or content_filter. */
KT_MUSTCHECK enum kt_rc kt_stream_write_cut(
    struct kt_stream_writer *w, const char *reason, struct kt_buf *out);
/* Ends by an error event; never looks like a clean end. */
KT_MUSTCHECK enum kt_rc kt_stream_write_error(struct kt_stream_writer *w,
    const struct kt_problem *p, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_stream_write_ping(
    struct kt_stream_writer *w, struct kt_buf *out);
/* The client has seen a complete answer. */
bool kt_stream_writer_is_complete(const struct kt_stream_writer *w);
const struct kt_translation *kt_stream_writer_report(
    const struct kt_stream_writer *w);

#endif
