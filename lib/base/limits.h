/*
 * limits - every bound of the program, with its reason.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each name is reached by a test that mentions it (tests/rules/limits.sh).
 */
#ifndef KT_LIMITS_H
#define KT_LIMITS_H

/* JSON deeper than this has no honest use and costs stack elsewhere. */
#define KT_JSON_DEPTH_MAX 128
/* A body may hold this many values, or body/8 where that is more. */
#define KT_JSON_NODES_MIN 65536
#define KT_JSON_BYTES_PER_NODE 8
/* The vendors' own cap on messages; gateway.max_body_bytes lowers it. */
#define KT_BODY_MAX (32u << 20)
/* The vendors' own cap on file uploads. */
#define KT_FILE_MAX (500u << 20)
/* Whole answers are held to be inspected; a model's answer is far smaller. */
#define KT_ANSWER_MAX (32u << 20)
/* One event of a stream; the largest seen carry a whole tool result. */
#define KT_EVENT_MAX (4u << 20)
/* Bytes of text that a rule may keep undecided while it streams. */
#define KT_HOLD_MAX 512
/* Encodings inside encodings; honest text has one, or two. */
#define KT_DETECT_DEPTH_MAX 3
/* A value with its name is searched as one text; longer ones are texts of
   their own. */
#define KT_MEMBER_MAX 2048
/* Targets asked for one call, each with a place in its record: a client that
   waits for more has given up. */
#define KT_ATTEMPTS_MAX 16
/* Findings in one text; far more than a person could have meant. */
#define KT_FINDINGS_MAX 131072
/* Detectors in one database, and what stands in for each in a replay; each
   costs time at load and in every scan. */
#define KT_DETECTORS_MAX 2048
/* Decisions and record of one exchange. */
#define KT_EXCHANGE_ARENA_MAX (4u << 20)
/* What one event of an exchange may use for a moment. */
#define KT_EVENT_ARENA_MAX (64u << 20)
/* Inspection gives the loop back after this many bytes. */
#define KT_INSPECT_SLICE 131072
/* A schema of answers: written by hand, and read anew for each of them. */
#define KT_SCHEMA_BYTES_MAX 65536
#define KT_SCHEMA_DEPTH_MAX 32
#define KT_SCHEMA_PATTERNS_MAX 64
/* Comparisons for one value; a megabyte of members against ten properties
   needs a million. */
#define KT_SCHEMA_STEPS_MAX (4u << 20)
/* A pattern may go over its text many times; ids and dates are short. */
#define KT_SCHEMA_PATTERN_TEXT_MAX 4096
/* A header block that is larger is an attack or a mistake. */
#define KT_HEAD_MAX 16384
/* As much as common proxies take; a client's connection has room for it. */
#define KT_ANSWER_HEAD_MAX 8192
#define KT_HEADERS_MAX 128
/* Interim answers (1xx) before the real one; honest servers send one or two. */
#define KT_HTTP1_INTERIM_MAX 8
/* A chunk's size with its extensions, which nobody needs. */
#define KT_HTTP1_CHUNK_LINE_MAX 1024
/* Kept connections per origin and worker; more cost memory on both sides. */
#define KT_UPSTREAM_IDLE_MAX 256
/* Less than the 60 s after which common balancers drop theirs. */
#define KT_UPSTREAM_IDLE_SECONDS 50
/* Transfers of one curl_multi: finding a connection is linear in them. */
#define KT_CURL_SHARD 64
/* Addresses of one name that are tried in turn. */
#define KT_ADDRESSES_MAX 8
/* Names that are remembered, and for how long. */
#define KT_RESOLVER_NAMES_MAX 64
#define KT_RESOLVER_SECONDS 30
/* Text without any break, as one piece for a tokenizer; what it needs to
   remember is five times as much. */
#define KT_TOKEN_PIECE_MAX (8u << 20)
/* A text in normalisation form KC: one character may become 18. */
#define KT_TOKEN_NORMAL_MAX (128u << 20)
/* What a record says of the tokens of a call: so much of its text is counted
   whole, which costs a quarter of a millisecond, and so much more for each
   time that the text is twice as long. */
#define KT_TALLY_WHOLE (8u << 10)
#define KT_TALLY_STEP (2u << 10)
/* Models whose tokens are compared with what their vendors count: a gateway
   serves a dozen, and each call looks through all of them. */
#define KT_DRIFT_MODELS_MAX 64
/* Tokens in one list: every call with a token is compared with all of them. */
#define KT_TOKENS_MAX 4096
/* Some hundred bytes for each of them. */
#define KT_TOKENS_BYTES_MAX (4u << 20)
/* The name of a caller: the vault keeps it beside its secret, and no call of
   anybody is answered while a secret cannot be stored. */
#define KT_CALLER_NAME_MAX 4096
/* One audit line; a lineage tool must be able to read it in one piece. */
#define KT_AUDIT_LINE_MAX 32768
/* A word longer than this is not a misspelt name. */
#define KT_CONFIG_WORD_MAX 64
/* A file that people edit; the largest hold lists of terms. */
#define KT_CONFIG_BYTES_MAX (4u << 20)
/* Files that override one another. */
#define KT_CONFIG_FILES_MAX 64
/* The deepest section is at 7; the reader recurses. */
#define KT_CONFIG_DEPTH_MAX 32
/* Values in one file, so that a small file cannot become a large tree. */
#define KT_CONFIG_NODES_MAX 131072
/* More mistakes than anybody reads at once. */
#define KT_CONFIG_DIAGS_MAX 100
/* Findings of one run; a file with more has another problem. */
#define KT_REPORT_FINDINGS_MAX 65536
/* Of one code in a report for people, who fix the first ones first. */
#define KT_REPORT_PER_CODE_MAX 20
/* Rules compared with one another: beyond it the rest is told as not done. */
#define KT_LINT_PAIRS_MAX 500000
/* A path name of ours, its NUL included: what Linux takes. */
#define KT_PATH_MAX 4096
/* Text that a client sent as a name, in a record. */
#define KT_AUDIT_TEXT_MAX 256
/* Records that wait for the writer: beyond it the disk is too slow. */
#define KT_AUDIT_QUEUE_BYTES_MAX (16u << 20)
#define KT_AUDIT_QUEUE_MAX 16384
/* Days that records are kept at least, unless somebody says why not: half a
   year, as reviewers of incidents and AI Act 19(1) ask for. */
#define KT_AUDIT_RETENTION_MIN 183
/* And at most: a hundred years, so that no sum of times overflows. */
#define KT_AUDIT_RETENTION_MAX 36500
/* Segments that go at once: they are read before, and calls wait meanwhile. */
#define KT_AUDIT_RETAIN_SEGMENTS 4
/* A segment is closed at this size: what a restart has to read again. */
#define KT_AUDIT_SEGMENT_MAX (64u << 20)
/* A record nested deeper is not one of ours. */
#define KT_AUDIT_DEPTH_MAX 16
/* Signature lines of one note: C2SP asks for 16, witnesses need some more. */
#define KT_AUDIT_SIGNATURES_MAX 64
/* One note: room for that many lines with names. */
#define KT_AUDIT_NOTE_MAX 32768
/* What a witness is asked: a size, at most 63 hashes and a note. */
#define KT_WITNESS_REQUEST_MAX (KT_AUDIT_NOTE_MAX + 4096)
/* Witnesses that one command asks, and logs, witnesses and groups of a policy:
   what C2SP tlog-policy wants supported. */
#define KT_WITNESSES_MAX 32
/* Silence after which a log says that it lives. */
#define KT_AUDIT_HEARTBEAT_US 60000000u
/* Silence that is told: a disk may take half a minute for one write, and a
   busy machine some time to come to it. */
#define KT_AUDIT_SILENCE_US 120000000u
/* Breaks that a verifier lists before it only counts. */
#define KT_AUDIT_BREAKS_MAX 100
/* Threads of one command: beyond it the disk has no more to give. */
#define KT_JOBS_MAX 64
/* Choices of one streamed answer: the vendor's own bound on n. */
#define KT_STREAM_CHOICES_MAX 128
/* Tool calls that end with their choice; others end with the stream. */
#define KT_STREAM_CALLS_MAX 1024
/* Texts that ended lately, so that a late piece of one is refused; a vendor
   never has more than a few open at once. */
#define KT_STREAM_ENDED_MAX 16
/* What the offline model repeats: enough to read, too little to abuse. */
#define KT_OFFLINE_ECHO_MAX 4096
/* What an external classifier answers; a verdict is a line. */
#define KT_GUARD_ANSWER_MAX 65536
/* Files remembered by the id that a vendor gave them; a power of two. */
#define KT_FILES_KNOWN_MAX 32768
/* RFC 2046 allows no longer boundary. */
#define KT_MULTIPART_BOUNDARY_MAX 70
/* Parts of an upload: the file, and what is said of it. */
#define KT_MULTIPART_PARTS_MAX 16
/* The head of a part: a file name is the long one. */
#define KT_MULTIPART_HEAD_MAX 4096
/* One medium as it is sent to be read: a whole body may be one. */
#define KT_MEDIA_MAX KT_BODY_MAX
/* What was read from it: a long book, and the heads between its pages. */
#define KT_MEDIA_ANSWER_MAX (8u << 20)
/* A picture that is decoded: no camera's is larger, 160 MB once unpacked. */
#define KT_MEDIA_PIXELS_MAX 40000000
/* Pages of a document: what vendors take at most. */
#define KT_MEDIA_PAGES_MAX 600
/* All parts of an archive together, unpacked. */
#define KT_MEDIA_UNPACKED_MAX (64u << 20)
/* Parts of an archive; large office files have some hundred. */
#define KT_MEDIA_PARTS_MAX 4096
/* How long one medium may take to be read, by the clock. */
#define KT_MEDIA_SECONDS 20
/* Media of one gateway worker that are read at a time: one may hang. */
#define KT_MEDIA_READERS_MAX 4
/* Address space of a reader: the largest picture, and what an engine makes
   of it. */
#define KT_MEDIA_MEMORY_MAX (2ull << 30)
/* Tools that the offline model calls in one turn. */
#define KT_OFFLINE_CALLS_MAX 8

/* Bytes of the disk that the log holds, to tell with them that it is full: a
   segment's header, records of recovery and gap, two checkpoints and the tiles
   are 100 KiB at most, and what others write meanwhile is to leave some.  Of a
   disk of less than eight times that, an eighth. */
#define KT_AUDIT_RESERVE (1u << 20)
/* Percents of a disk that are told of when less is free: time to act, and not
   much of it.  As many points more end the alarm, so that it does not
   flutter. */
#define KT_AUDIT_SPACE_LOW 20
#define KT_AUDIT_SPACE_CRITICAL 5
#define KT_AUDIT_SPACE_POINTS 2
/* One call whose content is kept: as much as a recorder takes. */
#define KT_CONTENT_CALL_MAX (80u << 20)
/* Contents that wait to be written, in all: what is more is not kept. */
#define KT_CONTENT_QUEUE_MAX (256u << 20)
/* Percent of a disk that contents leave free: without room for records no
   call is answered. */
#define KT_CONTENT_FREE_PERCENT 5
/* One call as it is recorded: a body and an answer of the largest size. */
#define KT_SESSION_CALL_MAX (80u << 20)
/* Calls being recorded or waiting for it, in all: what is more is dropped. */
#define KT_SESSION_QUEUE_MAX (256u << 20)
/* A recorder closes a file at this size; a reader takes one in whole. */
#define KT_SESSION_FILE_MAX (256u << 20)
/* The largest body that is one text, with escapes: few need any. */
#define KT_SESSION_LINE_MAX (64u << 20)
/* Calls of one file: a week of an agent has some thousands. */
#define KT_SESSION_CALLS_MAX 65536
/* Parts of all bodies of a file: some hundred for each of its calls. */
#define KT_SESSION_PIECES_MAX (8u << 20)

/*
 * A worker whose turns take more work than the first for longer than the
 * second, without a pause of the third, has more work than it can do.  New
 * calls then begin in the first part of a turn only (SHARE) and are refused
 * (503, retry-after) in the rest of it.  A call takes four or five turns, and
 * each is at most some times that part, by calls under way and by refusals:
 * tens of milliseconds in all.
 */
#define KT_PACE_TURN_US 5000
#define KT_PACE_PATIENCE_US 100000
#define KT_PACE_REST_US 1000
#define KT_PACE_SHARE_US 2000
/*
 * A turn of less work than the first means that nobody waits: for the second
 * after it the part is the third, so that one large body does not cost the
 * calls behind it.
 */
#define KT_PACE_CALM_US 500
#define KT_PACE_CALM_FOR_US 10000
#define KT_PACE_CALM_SHARE_US 8000

#endif
