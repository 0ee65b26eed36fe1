/*
 * session - recorded calls, read back: kt-session(5).
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the lines of a session file and what each must hold.
 * Does not: open files, run anything, or trust who wrote the file.
 * Promises: a file that is not what it must be is refused with its line; a
 *           last line that was cut is told and the rest is read; time and
 *           memory are linear in the file.
 */
#ifndef KT_SESSION_H
#define KT_SESSION_H
#include "exchange/exchange.h"
#include "media/ask.h"
#include "policy/policy.h"
#include "session/tape.h"

#define KT_SESSION_FORMAT "kts/1"

/* A part of a body: text with JSON escapes, or so many letters. */
struct kt_session_piece {
	struct kt_span raw;
	uint64_t fill; /* > 0: instead of raw */
};
struct kt_session_event {
	enum kt_session_event_kind kind;
	uint64_t at_us; /* since the request began */
	uint64_t n;     /* as in a tape */
	struct kt_span target;
	enum kt_format format; /* UP: the wire format that was spoken */
	const struct kt_header *headers;
	size_t nheaders;
	const struct kt_session_piece *pieces;
	size_t npieces;
};
/* What a medium of the request said, what was remembered of a file, or what a
   guard said. */
struct kt_session_said {
	enum kt_media_source source;
	uint32_t page;
	const struct kt_session_piece *pieces;
	size_t npieces;
};
struct kt_session_medium {
	uint64_t number; /* that stands in its place; 0: of a file */
	enum kt_media_why why;
	uint32_t pages;
	const struct kt_session_said *said;
	size_t nsaid;
	struct kt_span id, found; /* of a file */
	bool is_guard; /* id: who was asked what; found: the answer */
};
struct kt_session_call {
	uint64_t n, at_us, asked_us; /* at: since the session began */
	size_t line;                 /* of the request, from 1 */
	struct kt_span method, path, conversation;
	const struct kt_header *headers;
	size_t nheaders;
	struct kt_caller caller;
	bool is_tls, is_audit_up, has_body;
	bool has_gaps;    /* something in it was replaced by a stand-in */
	bool is_withheld; /* something could not be searched, and is missing */
	const struct kt_session_piece *pieces;
	size_t npieces;
	struct kt_session_event *events;
	size_t nevents;
	const struct kt_measures *measures[2];
	struct kt_session_medium *media;
	size_t nmedia;
	struct kt_span record; /* JSON: the body of its audit record */
};
struct kt_session_detector {
	struct kt_span id, digest;
};
struct kt_session {
	struct kt_arena *mem; /* of all below */
	struct kt_span text;  /* borrowed */
	struct kt_span id, kt, policy_hash, policy_version, source;
	uint64_t t0_us;
	bool is_facts_only;
	const struct kt_span *unavailable; /* targets without a secret then */
	size_t nunavailable;
	const struct kt_session_detector *detectors;
	size_t ndetectors;
	struct kt_session_call *calls;
	size_t ncalls;
	uint64_t nlost;   /* calls that the recorder had to drop */
	size_t cut_line;  /* > 0: this last line was cut, or its call */
};

/*
 * text outlives it; all else is freed by _fini, also after a failure.
 * KT_E_PARSE or KT_E_LIMIT: "line 7: ...".
 */
KT_MUSTCHECK enum kt_rc kt_session_read(
    struct kt_session *s, struct kt_span text, struct kt_err *err);
void kt_session_fini(struct kt_session *s);
/* Appends what the pieces say. */
KT_MUSTCHECK enum kt_rc kt_session_join(const struct kt_session_piece *p,
    size_t n, struct kt_buf *out);
/* What a detector is, in 16 digits: other digits, another detector. */
void kt_session_digest(const struct kt_detector *d, char out[static 17]);

#endif
