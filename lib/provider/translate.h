/*
 * translate - one wire format said in another, losses told.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    OpenAI chat completions and Anthropic messages, both ways:
 *           requests, answers, errors, streams event by event.
 * Does not: inspect.  It is fed what a policy let pass, and never gives text
 *           more authority; the only text of its own are markers for what
 *           the other format says by structure.
 * Promises: what has no equivalent is listed, or refused in strict mode;
 *           everything it writes obeys the grammar of its format; strings,
 *           numbers and schemas keep their bytes where they only move.
 * Does not promise: OpenAI responses in another format (KT_E_PARSE).
 */
#ifndef KT_TRANSLATE_H
#define KT_TRANSLATE_H
#include "frame/header.h"
#include "provider/provider.h"
#include "provider/stream.h"

#define KT_TRANSLATION_MAX 32
#define KT_TRANSLATION_MORE "and-others" /* the last name of a full list */
struct kt_translation {
	/* In: a request that would lose something is refused.  An answer
	 * never is, the client has no way to ask for another one. */
	bool is_strict;
	/* Names of fields, static or in the arena of the call; each once, of
	 * letters, digits and "._-" only, fit for a header. */
	struct kt_span dropped[KT_TRANSLATION_MAX];
	struct kt_span approximated[KT_TRANSLATION_MAX];
	unsigned ndropped, napproximated;
	/* OpenAI custom tools of the request (raw names, in its text): calls
	 * of them are unwrapped again in the answer. */
	const struct kt_span *custom_tools;
	size_t ncustom_tools;
	/* The request has functions in the deprecated way and no tools: the
	 * answer says its one call in that way too. */
	bool has_functions;
};

/* What FROM lists, TO lists too; the names stay where they are. */
void kt_translation_add(
    struct kt_translation *to, const struct kt_translation *from);

/* All of it is borrowed by the call, and by a stream writer for its life. */
struct kt_translate_options {
	struct kt_span model;       /* replaces the client's unless empty */
	uint64_t max_tokens; /* when the client names none; 0: by model */
	struct kt_span api_version; /* anthropic-version that will go up */
	uint64_t now_s;             /* for "created" */
	/* For answers: what the request's translation said, or NULL. */
	const struct kt_translation *request;
};
/* KT_E_PARSE: cannot be said in the other format; err names the field. */
KT_MUSTCHECK enum kt_rc kt_translate_request(enum kt_format from,
    enum kt_format to, const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_translate_answer(enum kt_format from,
    enum kt_format to, const struct kt_json *json, struct kt_span text,
    const struct kt_translate_options *o, struct kt_arena *mem,
    struct kt_buf *out, struct kt_translation *report, struct kt_err *err);
/*
 * Any body, JSON or not; *status may change.  Text is carried verbatim.  A
 * 402 becomes a 429, which must then go out with x-should-retry: false.
 */
KT_MUSTCHECK enum kt_rc kt_translate_error(enum kt_format from,
    enum kt_format to, unsigned *status, struct kt_span body,
    struct kt_span request_id, struct kt_arena *mem, struct kt_buf *out);
/* What a status alone says, as Anthropic has it; *status may change. */
const char *kt_translate_status(enum kt_format from, unsigned *status);
/*
 * Renames what tells how much may still be asked, and says its time in the
 * other way; any other header, and a time that cannot be read, stays.
 */
void kt_translate_header(enum kt_format from, struct kt_header *h,
    uint64_t now_s, struct kt_arena *mem);

/*
 * The client's side of a stream.  Where the formats are equal, events go
 * through byte for byte and only the grammar is followed; elsewhere they are
 * translated.  Either way it knows how to end what the client has seen.
 */
struct kt_stream_writer;
/* NULL without memory, or when the formats cannot be translated. */
struct kt_stream_writer *kt_stream_writer_new(enum kt_format from,
    enum kt_format to, bool wants_usage, const struct kt_translate_options *o);
void kt_stream_writer_free(struct kt_stream_writer **w);
/*
 * One event of the upstream that is released.  raw, data and json all say
 * what the client may see: of an edited event they are those of its edited
 * form, or a translation would carry the original.  json is NULL when data
 * is empty or "[DONE]"; kind is what kt_stream_read said: nobody here decides
 * again what is an error.
 * Appends what the client gets, which may be nothing; after a failure end by
 * kt_stream_write_error.  Nothing is ever appended behind an end.
 */
KT_MUSTCHECK enum kt_rc kt_stream_write(struct kt_stream_writer *w,
    struct kt_span raw, enum kt_stream_kind kind, struct kt_span data,
    const struct kt_json *json, struct kt_buf *out, struct kt_err *err);
/*
 * Ends by policy, in valid grammar: policy_block or content_filter.  An open
 * thinking block cannot be closed (it has no signature yet), and an OpenAI
 * choice that has finished cannot say so any more: error event.
 */
KT_MUSTCHECK enum kt_rc kt_stream_write_cut(
    struct kt_stream_writer *w, const char *reason, struct kt_buf *out);
/* Ends by an error event; never looks like a clean end. */
KT_MUSTCHECK enum kt_rc kt_stream_write_error(struct kt_stream_writer *w,
    const struct kt_problem *p, struct kt_buf *out);
KT_MUSTCHECK enum kt_rc kt_stream_write_ping(
    struct kt_stream_writer *w, struct kt_buf *out);
/* The client has seen the upstream's own end; a cut is none. */
bool kt_stream_writer_is_complete(const struct kt_stream_writer *w);
const struct kt_translation *kt_stream_writer_report(
    const struct kt_stream_writer *w);

#endif
