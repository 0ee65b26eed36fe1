/*
 * exchange_priv - the machine from inside.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Memory has three lifetimes: `mem` for decisions and the record, `turn`
 * reset by every feed, and buffers of their own for bodies, freed as soon as
 * nothing can need them.
 */
#ifndef KT_EXCHANGE_PRIV_H
#define KT_EXCHANGE_PRIV_H
#include "audit/record.h"
#include "audit/subject.h"
#include "config/callers.h"
#include "detect/stream.h"
#include "exchange/count.h"
#include "exchange/exchange.h"
#include "exchange/inspect_priv.h"
#include "exchange/program_priv.h"
#include "frame/header.h"
#include "frame/multipart.h"
#include "frame/sse.h"
#include "json/json.h"
#include "json/text.h"
#include "media/ask.h"
#include "policy/destination.h"
#include "policy/outside.h"
#include "policy/policy.h"
#include "policy/token.h"
#include "policy/tool.h"
#include "provider/provider.h"
#include "provider/translate.h"

#define KT_X_ORDERS_MAX 16
/* Silence in front of the client: where text is held back or translated, and
   where events go as they come, which the upstream's own pings keep alive. */
#define KT_X_PING_US 10000000
#define KT_X_STILL_US 60000000
#define KT_X_OPEN_MAX 8 /* more are told twice, and only in their count */

enum kt_x_phase {
	KT_X_HEAD = 0,  /* waiting for the request head */
	KT_X_UPLOAD,    /* collecting the request body */
	KT_X_INSPECT,   /* between turns of inspection */
	KT_X_OPENING,   /* its open record is being written */
	KT_X_ATTEMPT,   /* sent upstream, no head yet */
	KT_X_WHOLE,     /* collecting a whole answer */
	KT_X_STREAM,    /* events are flowing */
	KT_X_PIPE,      /* bytes are flowing, not inspected */
	KT_X_RECORDING, /* all is decided; the record is being written */
	KT_X_DONE,
};

/* Media of a request, which others read: jobs 1 to n. */
#define KT_X_MEDIA_MAX 1024 /* the rest is told as unread */
#define KT_X_MEDIA_AT_ONCE 4
struct kt_x_medium {
	uint32_t node;
	enum kt_component component;
	enum kt_job_kind job; /* MEDIA, or RECALL of an id */
	enum kt_media_encoding encoding;
	struct kt_span bytes, pieces[2]; /* in the body, and as ordered */
	struct kt_x_seen_medium *seen;   /* for the record, or NULL */
	size_t at, length;               /* of its string in the body */
	struct kt_buf answer;
	enum { KT_X_MEDIUM_LISTED = 0, KT_X_MEDIUM_ASKED,
		KT_X_MEDIUM_ANSWERED } state;
	enum kt_media_why why;
	bool is_of_result, is_late;
};
struct kt_x_media {
	struct kt_x_medium *v; /* in mem */
	size_t n, cap;
	uint32_t ordered, looked;    /* how many, each in order */
	struct kt_media_answer open; /* of the next one */
	uint64_t end_us;
	bool is_open, is_waiting;
};

/* Media that came with the request, read or not, for its record. */
struct kt_x_seen {
	struct kt_x_seen_medium {
		struct kt_audit_medium told;
		enum kt_component component;
		kt_class_set classes;
		enum kt_action action; /* the strongest about what is in it */
		bool is_read;
	} *v; /* in mem, the first KT_AUDIT_MEDIA_MAX */
	size_t n;
};

/* A tool call of an answer. */
enum kt_x_call_state { KT_X_CALL_OPEN = 0, KT_X_CALL_STAYS, KT_X_CALL_GOES };
struct kt_x_call {
	enum kt_call_side side;
	enum kt_x_call_state state;
	bool cannot_go; /* of a format that must keep it: it refuses all */
	bool is_whole;  /* Responses: what follows only repeats it */
	bool is_named, is_unclear; /* its name, arguments said in two ways */
	struct kt_span name, set, id; /* plain; a name in two ways is none */
	/* Streams: its arguments, or what the event that begins it has of
	 * them; where its choice lists it. */
	uint64_t block;
	struct kt_span begun, begun_leaves; /* said, and as the client gets it */
	const struct kt_x_slot *begun_in;   /* until that is inspected */
	uint32_t begun_at;
	uint32_t choice, call;
	struct kt_x_call *next;
};

/* What the record tells of tools, and what policies count. */
struct kt_x_tools {
	struct kt_audit_tool *v; /* in mem, the first KT_AUDIT_TOOLS_MAX */
	size_t n;
	uint64_t before; /* calls of the conversation so far */
	bool is_heard;   /* by some policy */
};

/* Values of a request, and the tokens they went up as. */
#define KT_X_NO_VALUE UINT32_MAX
#define KT_X_LABELS_MAX 64
struct kt_x_value {
	const char *label;
	struct kt_span value;
	uint32_t number; /* 0: none yet */
};
struct kt_x_vault {
	struct kt_x_value *v; /* all in mem */
	uint32_t *slots;      /* by hash, 2 * cap: index and one; 0: free */
	size_t n, cap;
	struct kt_x_label {
		const char *label;
		uint32_t *values, n, cap; /* by number - 1 */
	} labels[KT_X_LABELS_MAX];
	size_t nlabels;
	bool is_numbered;
};

/* What an external classifier is asked, in one direction. */
#define KT_X_GUARD_JOB 0x10000u /* behind all media */
struct kt_x_asking {
	struct kt_buf body;
	struct kt_span piece;
	uint64_t key; /* of the text at its end; 0: none goes on */
	size_t ntexts;
	enum { KT_X_UNASKED = 0, KT_X_ASKED, KT_X_ANSWERED,
		KT_X_CONCLUDED } state;
	enum kt_policy_said said;
	uint64_t end_us;
	bool is_too_much;
};

/* In what string of a growing text, if it is JSON, its byte `at` stands. */
struct kt_x_quoting {
	uint64_t at, from; /* where the string begins */
	bool is_json, is_in_string, is_escaped;
	char first; /* of the string */
};
/* A growing text of a stream. */
struct kt_x_block {
	uint64_t key;
	struct kt_detect_stream *stream; /* NULL: collected, scanned at its end */
	struct kt_buf text;              /* collected, or what is undecided */
	uint64_t text_at;                /* offset of text in the block */
	uint64_t length, hold;           /* text seen, text that may go out */
	uint64_t decided;                /* text of which all is known */
	uint64_t released;
	enum kt_component component;
	bool is_inspected, is_collected, is_signed, is_ended;
	bool is_held; /* some policy may yet redact or cut it */
	bool is_awaited; /* for what other texts make of it */
	struct kt_x_quoting quoting;
	/* Findings that are only flagged, and whose tails still grow. */
	struct {
		uint64_t start;
		uint32_t detector;
	} open[KT_X_OPEN_MAX];
	size_t nopen;
	struct kt_x_redaction *first; /* by start, the longer ones first */
	struct kt_x_block *next;
};
struct kt_x_redaction {
	uint64_t start, end;
	uint32_t detector;
	bool is_open;
	struct kt_span marker;
	struct kt_x_redaction *next;
};

/* An event that is being looked at or held back. */
struct kt_x_slot {
	struct kt_buf raw; /* as received, or as edited */
	size_t raw_bytes; /* as received */
	size_t data_at, data_len, name_at, name_len;
	struct kt_buf joined; /* data, when it took several lines */
	bool is_joined, has_json;
	struct kt_json json;
	struct kt_arena *mem;
	struct kt_stream_event ev;
	struct kt_x_piece { /* per part of ev */
		struct kt_x_block *block; /* NULL: not a growing text */
		uint64_t start, end;      /* in the block's text */
	} *pieces;
	struct kt_x_edits edits; /* of data: at once, and on its way out */
	bool *repeats; /* per part of ev; NULL: none is one */
	struct kt_calls calls;       /* in data */
	struct kt_x_call **of_calls; /* one for each */
	struct kt_x_call *part_of;   /* all of it is of one call, or NULL */
	bool is_of_item; /* came while a call of a response was open */
	size_t nawaited; /* texts of its own, for what others make of them */
	struct kt_x_slot *next;
};

/* Texts that were said, by hash: while they grow, and complete. */
struct kt_x_repeats {
	struct kt_x_said *growing, *complete[64];
	size_t n;
};

struct kt_x_streaming {
	struct kt_sse sse;
	struct kt_stream_reader reader;
	struct kt_stream_writer *writer;
	struct kt_x_block *blocks, *free_blocks;
	struct kt_x_redaction *free_redactions;
	struct kt_x_call *calls, *last_call; /* in the order they began */
	struct kt_x_call *open_call; /* Anthropic: of the open block */
	unsigned open_items; /* Responses: calls that are not complete */
	uint64_t ngone; /* blocks that were withheld */
	struct kt_x_slot *first, *last; /* held back, in order */
	size_t held_bytes;
	struct kt_buf tail; /* from the last event on, until recorded */
	struct kt_measures measures;
	struct kt_x_repeats repeats;
	bool is_guarded; /* held until all of it was judged, here or outside */
	/* Some policy may withhold or edit a call: none of it goes out before
	   all of it was seen, or a cut would leave a call without arguments. */
	bool holds_calls;
	bool is_inspected, has_tail, is_cut;
	uint64_t events, forwarded_bytes, withheld_bytes, cut_at_event;
};

/* Tokens of an answer, while it comes. */
#define KT_X_SPOKEN_MAX 192 /* thousands of streams are open */
struct kt_x_spoken {
	struct kt_sample sample;
	uint64_t block; /* whose end is in spoken_text */
	size_t n;       /* bytes of it */
	bool is_heard, is_lost;
};

struct kt_exchange {
	const struct kt_program *program;
	struct kt_scratch *scratch;
	struct kt_budget *budget;
	size_t budget_taken;
	bool has_own_arena; /* of another size than the usual one */
	enum kt_x_phase phase;
	uint64_t now_mono, now_wall;
	uint8_t seed[32];
	char call_id[27];
	struct kt_peer peer;
	bool is_audit_up;

	size_t norders, next_order; /* of this feed */
	uint64_t deadline_us;   /* as last ordered */
	size_t in_flight;       /* answer bytes not yet sent */
	bool is_upstream_paused, is_upstream_open, is_upstream_sent;
	bool is_request_complete, is_client_gone;

	/* the request */
	struct kt_span method, target_text;
	struct kt_header *headers;
	size_t nheaders;
	struct kt_surface surface;
	enum kt_format client_format; /* also of answers kt writes itself */
	struct kt_caller caller;
	const struct kt_caller *known; /* of a recorded call, or NULL */
	const struct kt_measures *measures[2]; /* the same */
	struct kt_audit_subjects *subjects;
	struct kt_audit_subject *subject; /* NULL: nobody by name */
	bool is_encoded, is_json;
	struct kt_buf body, wire; /* wire: as received when encoded */
	struct kt_json json;
	struct kt_err json_err;
	enum kt_rc json_rc;
	uint64_t bytes_in, bytes_out;
	struct kt_audit_hash hash;
	bool has_hash;
	struct kt_request_facts facts;
	char request_commit[KT_AUDIT_COMMIT_TEXT];
	char completion_commit[KT_AUDIT_COMMIT_TEXT];
	char content_commit[KT_AUDIT_COMMIT_TEXT]; /* of what went up */

	struct kt_x_inspection inspection; /* the one under way */
	struct kt_x_row row;
	struct kt_x_media media;
	struct kt_x_seen seen;
	struct kt_x_seen_medium *medium; /* whose text is at hand, or NULL */
	struct kt_x_asking asking[2]; /* by enum kt_direction */
	struct kt_x_shape *shape;     /* in mem; NULL: nobody asks for one */
	struct kt_multipart *upload; /* in mem; NULL: none that is held */
	struct kt_x_tools tools;
	struct kt_x_vault vault;
	struct kt_cached cached; /* of the request; marks in mem */
	char prefix_tag[17];     /* empty: nothing is marked, or nobody asks */
	const struct kt_config_group *group; /* of the caller, or NULL */
	struct kt_sightings *sightings; /* wanted by lib/exchange/look.c only */
	const struct kt_x_nest *nest;   /* around the text at hand, or NULL */
	uint32_t node;                  /* of the index that text is from */
	bool is_of_result;              /* and where that stands */
	bool is_repeat; /* of a stream: counted where it stood first */
	struct kt_x_counts request_counts;
	struct kt_count tally; /* as the family tallied counts */
	enum kt_count_effort tally_effort;
	enum kt_family tallied;
	bool is_tallied;
	struct kt_drift *drift; /* NULL: nobody keeps it */
	uint64_t json_seeds;       /* how many were given */
	struct kt_x_verdict request_verdict, answer_verdict;
	struct kt_x_edits edits;

	/* the destination */
	const struct kt_target *target;
	size_t next_target;
	struct kt_audit_attempt attempts[KT_ATTEMPTS_MAX];
	size_t nattempts;
	bool keeps_nothing; /* a target that was tried must */
	/* The latest that refused and was passed over; NULL: none did. */
	const struct kt_target *refused_by;
	unsigned refused_status;
	uint64_t attempt_us, inspect_us, inspect_mono;
	uint64_t asked_us; /* when the upstream had all we have, so far */
	struct kt_span *pieces;
	size_t npieces;
	struct kt_buf translated;
	struct kt_translation translation;
	struct kt_span untold; /* why a target could not be asked */
	struct kt_translate_options translate_options; /* of the answer */
	bool is_translated, is_offline;
	struct kt_buf offline; /* what it says, once has_offline */
	bool has_offline;

	/* the answer */
	unsigned upstream_status, status;
	struct kt_header *answer_headers;
	size_t nanswer_headers;
	struct kt_x_edits answer_edits;
	struct kt_x_streaming stream;
	struct kt_answer_facts answer_facts; /* spans in mem */
	struct kt_x_spoken spoken;
	struct kt_span upstream_request_id;
	struct kt_span tls_version, tls_spki; /* of the last head; in mem */
	bool is_answer_begun, is_answer_stream, is_head_only;
	uint64_t start_mono, start_wall, first_byte_mono, end_mono;
	uint64_t upstream_us, last_byte_mono, last_out_mono;

	/* how it ends */
	enum kt_audit_outcome outcome;
	enum kt_action decision;
	enum kt_reason reason;
	bool is_opened; /* what durability asks for before going up is done */
	bool is_recorded, is_call, is_truncated, is_error;
	bool is_out_lost; /* answer bytes did not fit: abort, never end */
	struct kt_x_kept kept;  /* once it is recorded */
	struct kt_span receipt;
	struct kt_span final_body; /* of the whole answer, sent once recorded */

	/*
	 * From here on nothing is cleared between two exchanges: one that is
	 * over leaves its memory to the next one of its scratch.
	 */
	struct kt_order orders[KT_X_ORDERS_MAX];
	char spoken_text[KT_X_SPOKEN_MAX]; /* as inside a JSON string */
	struct kt_exchange *spare;   /* the next one */
	struct kt_arena *mem, *turn; /* emptied */
	struct kt_buf out;           /* answer bytes of this feed */
	struct kt_buf record;        /* what was ordered to be recorded */
	struct kt_buf answer;
	struct kt_json answer_json;
};

/* memory.c */
/* A list in mem with room for one more of n, at most max; NULL: there is
   none. */
void *kt_x_more(struct kt_arena *mem, void *list, size_t n, size_t *cap,
    size_t max, size_t size);
/* Takes from the budget of the worker what the bodies hold now, or gives
 * back; false: there is not that much. */
bool kt_x_charge(struct kt_exchange *x);
void kt_x_drop_request(struct kt_exchange *x); /* body and index */
/* One that is over, empty but for its memory, or a new one; NULL: no memory. */
struct kt_exchange *kt_x_reuse(struct kt_scratch *s);
void kt_x_leave(struct kt_scratch *s, struct kt_exchange *x);

/* orders.c */
struct kt_order *kt_x_order(struct kt_exchange *x, enum kt_order_kind kind);
void kt_x_order_deadline(struct kt_exchange *x, uint64_t at_us); /* 0: none */
void kt_x_out(struct kt_exchange *x, struct kt_span bytes);
void kt_x_end(struct kt_exchange *x); /* nothing is under way any more */
void kt_x_cancel_upstream(struct kt_exchange *x); /* if there is one */
/* Nobody outside can know it; each call gives another one. */
void kt_x_seed_json(struct kt_exchange *x, struct kt_json *json);
/* A copy of headers whose spans point into the arena; false when full. */
bool kt_x_keep_headers(struct kt_exchange *x, const struct kt_header *from,
    size_t n, struct kt_header **out);
/* Of the request; empty: it has none of that name. */
struct kt_span kt_x_header(const struct kt_exchange *x, struct kt_span name);
bool kt_x_header_add(struct kt_header *list, size_t *n, size_t room,
    struct kt_span name, struct kt_span value);

/* tally.c: fills in x->tally; false: the request cannot be counted.  All of
   it costs 10 ms a megabyte, so ask only where a decision needs it. */
bool kt_x_tally(struct kt_exchange *x, enum kt_count_effort effort,
    enum kt_family f);
/* For the record, as long as the body is there. */
void kt_x_tally_request(struct kt_exchange *x);
void kt_x_tally_event(struct kt_exchange *x, const struct kt_x_slot *slot,
    struct kt_span data);
void kt_x_tally_answer(struct kt_exchange *x, enum kt_format format);
void kt_x_tally_fill(struct kt_exchange *x, struct kt_audit_call *call);

/* inbound.c */
void kt_x_request_head(struct kt_exchange *x, const struct kt_event *ev);
void kt_x_request_body(struct kt_exchange *x, struct kt_span bytes);
void kt_x_request_end(struct kt_exchange *x);

/* inflate.c: from x->wire, where it is encoded; false: it was refused. */
bool kt_x_decode_body(struct kt_exchange *x);

/* medium.c */
/* Lists a string of the request, at `at` in the body, if it is a medium that
 * a policy wants read.  is_bytes: its place says that it is base64. */
bool kt_x_media_list(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span raw, size_t at, bool is_bytes);
/* The id of a file that may have been read when it went up. */
bool kt_x_media_list_id(struct kt_exchange *x, const struct kt_segment *s,
    struct kt_span id, size_t at);
/* A file by itself, as it is. */
bool kt_x_media_list_file(
    struct kt_exchange *x, enum kt_component c, struct kt_span bytes);

/* media.c */
/* Orders, and looks at what was answered: as kt_x_inspect, and 0 with
 * is_waiting set needs no turn. */
KT_MUSTCHECK int kt_x_media(struct kt_exchange *x, struct kt_x_verdict *v);
/* False: it came, and the budget has no room for it. */
KT_MUSTCHECK bool kt_x_media_answer(
    struct kt_exchange *x, uint32_t job, struct kt_span bytes);
void kt_x_media_cancel(struct kt_exchange *x); /* those under way */
void kt_x_media_free(struct kt_exchange *x);

/* seen.c */
/* A medium of the request; NULL: no medium, or more than are told. */
struct kt_x_seen_medium *kt_x_seen_add(struct kt_exchange *x,
    enum kt_component c, enum kt_media_encoding encoding,
    struct kt_span bytes);
/* Of pictures, or of all else, at most KT_AUDIT_MEDIA_MAX; both arguments
 * start zeroed.  KT_E_LIMIT: the turn is full. */
KT_MUSTCHECK enum kt_rc kt_x_seen_list(struct kt_exchange *x, bool is_image,
    const struct kt_audit_medium **out, size_t *n);

/* tools.c: after the texts of a whole body. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_tools(struct kt_exchange *x,
    struct kt_x_verdict *v, const struct kt_segments *s,
    struct kt_x_edits *edits);
/* BLOCK: it is to be taken out.  Judged is what leaves; edits are of what the
 * model said, in the turn, or NULL where there is nothing to edit. */
enum kt_action kt_x_judge_call(struct kt_exchange *x, struct kt_x_verdict *v,
    const struct kt_x_call *c, struct kt_span said, struct kt_span leaves,
    struct kt_x_edits *edits);
/* A value, unescaped where it is a string, without and with the edits (in
 * order, of the text) that lie in it; in the turn. */
KT_MUSTCHECK enum kt_rc kt_x_arguments(struct kt_exchange *x,
    const struct kt_json *j, struct kt_span text, uint32_t node,
    const struct kt_x_edits *edits, struct kt_span *said,
    struct kt_span *leaves);
/* The answer that had them is refused: none of them reached anybody. */
void kt_x_withhold_calls(struct kt_exchange *x, enum kt_reason reason);
/* One that was not judged, for it is not complete. */
void kt_x_withhold_call(struct kt_exchange *x, const struct kt_x_call *c,
    enum kt_reason reason);
/* All results that the request brought: their classes are weighed together. */
void kt_x_withhold_results(struct kt_exchange *x, enum kt_reason reason);
/* The array or object it is in; its parent may be its name. */
uint32_t kt_x_list_of(const struct kt_json *j, uint32_t node);
/* Out of an array or object: elements, or values with their names. */
KT_MUSTCHECK enum kt_rc kt_x_erase(const struct kt_json *j, uint32_t list,
    const uint32_t *gone, size_t n, struct kt_arena *mem,
    struct kt_x_edits *edits);
KT_MUSTCHECK enum kt_rc kt_x_correct_stop(const struct kt_json *j,
    struct kt_span text, uint32_t node, enum kt_format format,
    struct kt_arena *mem, struct kt_x_edits *edits);

/* stream_calls.c: calls while they flow. */
KT_MUSTCHECK enum kt_rc kt_x_take_calls(
    struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data);
/* The calls whose arguments end with this event, once it is inspected. */
KT_MUSTCHECK enum kt_rc kt_x_end_calls(
    struct kt_exchange *x, const struct kt_x_slot *slot, struct kt_span data);
/* The stream ends inside of calls: they are told of as withheld. */
void kt_x_cut_calls(struct kt_exchange *x, enum kt_reason reason);
KT_MUSTCHECK enum kt_rc kt_x_edit_calls(struct kt_exchange *x,
    struct kt_x_slot *slot, struct kt_span data, struct kt_x_edits *edits);

/* guard.c */
/* Texts of this component are to be judged outside. */
bool kt_x_guard_wants(const struct kt_exchange *x, enum kt_component c);
/* What an event of a streamed answer says. */
void kt_x_guard_add_event(
    struct kt_exchange *x, const struct kt_x_slot *slot);
/* Asks what was added.  1: it is judged, 0: the answer is not there. */
KT_MUSTCHECK int kt_x_guard(struct kt_exchange *x, enum kt_direction d,
    struct kt_x_verdict *v);
/* False: nobody asked, or not any more. */
bool kt_x_guard_answer(
    struct kt_exchange *x, uint32_t job, struct kt_span bytes);
uint64_t kt_x_guard_end(const struct kt_exchange *x); /* 0: nobody is asked */
bool kt_x_guard_cancel(struct kt_exchange *x); /* false: the same */
void kt_x_guard_free(struct kt_exchange *x);

/* shape.c */
#define KT_X_SHAPES_MAX 16 /* choices of one answer; more have no form */
/* Once an answer has begun.  True: no byte may go out before it is judged. */
bool kt_x_shape_begin(struct kt_exchange *x);
/* A whole answer, or one event of it. */
void kt_x_shape_add(struct kt_exchange *x, enum kt_format format,
    bool is_event, const struct kt_json *json, struct kt_span text);
/* All of it came: notes it where it has not the form it must have. */
void kt_x_shape_judge(struct kt_exchange *x);
void kt_x_shape_free(struct kt_exchange *x);

/* upload.c */
void kt_x_upload_begin(struct kt_exchange *x);
void kt_x_upload_body(struct kt_exchange *x, struct kt_span bytes);
/* All came; true: it is to be inspected as any body. */
bool kt_x_upload_end(struct kt_exchange *x);
/* The answer is read: orders that the id be remembered, if all of the file
 * was read, too. */
void kt_x_upload_remember(struct kt_exchange *x);

/* outbound.c */
void kt_x_dispatch(struct kt_exchange *x); /* to the first target */
/* Its open record is on disk, or cannot be. */
void kt_x_opened(struct kt_exchange *x, bool is_ok);
/* To the next target, or false when there is none left. */
bool kt_x_try_next(struct kt_exchange *x);
bool kt_x_has_next(struct kt_exchange *x);
bool kt_x_may_retry(const struct kt_exchange *x, unsigned status);

/* destinations.c: what policies say of where it may go. */
/* Finds what is marked to be cached, if any policy asks. */
KT_MUSTCHECK enum kt_rc kt_x_read_cached(struct kt_exchange *x);
bool kt_x_admits(const struct kt_exchange *x, const struct kt_target *t);
/* Why no target is left; NONE: not because of a policy. */
enum kt_reason kt_x_why_nowhere(
    const struct kt_exchange *x, const struct kt_policy **by);
/* It goes to t: what policies do on the way there, or would have done. */
void kt_x_note_target(struct kt_exchange *x, const struct kt_target *t);
/* The edits that take marks off for t, if a policy wants it. */
KT_MUSTCHECK enum kt_rc kt_x_unmark(struct kt_exchange *x,
    const struct kt_target *t, struct kt_x_edits *edits);
/* Does the agreement hold now? */
bool kt_x_has_baa(const struct kt_exchange *x, const struct kt_target *t);

/* vault.c: has this policy a say about it, in this direction? */
bool kt_x_vault_hears(const struct kt_exchange *x,
    const struct kt_x_verdict *v, const struct kt_policy *p,
    const struct kt_finding *f, enum kt_component c,
    enum kt_segment_kind kind, struct kt_span matched);
/* It gives back what went away: nothing to tell of. */
bool kt_x_vault_restores(const struct kt_exchange *x,
    const struct kt_x_verdict *v, const struct kt_policy *p);
/* What stands where the matched text stood. */
KT_MUSTCHECK enum kt_rc kt_x_mark(struct kt_exchange *x,
    const struct kt_x_verdict *v, const struct kt_policy *by,
    const struct kt_finding *f, struct kt_span matched, struct kt_buf *out);
/* marker.c: the same, as the place takes it; all findings of one text. */
struct kt_x_markers {
	const struct kt_x_verdict *v;
	struct kt_span text;
	bool is_plain; /* the text is as it was written */
	const struct kt_finding *found; /* sorted */
	size_t n;
	uint8_t *depths; /* NULL: nobody has asked */
};
/* Of finding i, in mem; NULL: no memory. */
struct kt_span kt_x_marker(struct kt_exchange *x, struct kt_x_markers *m,
    size_t i, const struct kt_policy *by, struct kt_arena *mem);
/* Over the next bytes. */
void kt_x_quoting_go(struct kt_x_quoting *q, struct kt_span text);
/* What is to stand there instead of matched, which a token of s is. */
struct kt_span kt_x_quoting_put(struct kt_exchange *x,
    const struct kt_x_quoting *q, struct kt_span matched, struct kt_span s);

/* vault.c: once all edits of a request are known; json NULL: of a text. */
KT_MUSTCHECK enum kt_rc kt_x_vault_number(struct kt_exchange *x,
    const struct kt_json *json, struct kt_span text,
    struct kt_x_edits *edits);

/* trim.c: to max_messages of the target. */
KT_MUSTCHECK enum kt_rc kt_x_drop_old_messages(struct kt_exchange *x,
    const struct kt_target *t, struct kt_x_edits *edits);

/* answer_head.c */
void kt_x_answer_head(struct kt_exchange *x, unsigned status, uint64_t length);
/* Of the upstream's, as kept; ptr NULL: it has none of that name. */
struct kt_span kt_x_answer_header(
    const struct kt_exchange *x, struct kt_span name);

/* answer.c */
void kt_x_upstream_head(struct kt_exchange *x, unsigned status,
    const struct kt_header *headers, size_t n);
void kt_x_upstream_body(struct kt_exchange *x, struct kt_span bytes);
void kt_x_upstream_end(struct kt_exchange *x);
void kt_x_upstream_fail(struct kt_exchange *x, enum kt_fault fault);
void kt_x_upstream_slow(struct kt_exchange *x);
/* The external classifier answered, or will not. */
void kt_x_answer_guarded(struct kt_exchange *x);
/* Whatever the answer has come to, it will not be complete. */
void kt_x_give_up(struct kt_exchange *x, enum kt_reason reason);
/* An answer that began and cannot be ended well. */
void kt_x_break_off(struct kt_exchange *x, enum kt_reason reason);

/* stream.c */
void kt_x_stream_begin(struct kt_exchange *x);
void kt_x_stream_body(struct kt_exchange *x, struct kt_span bytes);
void kt_x_stream_end(struct kt_exchange *x);
void kt_x_stream_fail(struct kt_exchange *x, enum kt_reason reason);
void kt_x_stream_guarded(struct kt_exchange *x);
/* When the client has heard nothing for too long. */
uint64_t kt_x_ping_at(const struct kt_exchange *x);
void kt_x_stream_ping(struct kt_exchange *x);
void kt_x_stream_abandon(struct kt_exchange *x); /* the client is gone */
void kt_x_stream_free(struct kt_exchange *x);

/* repeat.c: fills in slot->repeats, before anybody counts. */
KT_MUSTCHECK enum kt_rc kt_x_find_repeats(
    struct kt_exchange *x, struct kt_x_slot *slot, struct kt_span data);
bool kt_x_is_repeat(const struct kt_x_slot *slot, size_t part);

/* block.c */
struct kt_x_block *kt_x_find_block(struct kt_exchange *x, uint64_t key);
/* The marker stands for what f covers, or for more of it than before. */
KT_MUSTCHECK enum kt_rc kt_x_block_cover(struct kt_exchange *x,
    struct kt_x_block *b, const struct kt_finding *f, struct kt_span marker);
KT_MUSTCHECK enum kt_rc kt_x_block_edit(struct kt_exchange *x,
    struct kt_x_block *b, const struct kt_x_edits *edits);
/* Its text, which is collected, with what is redacted; in the turn. */
KT_MUSTCHECK enum kt_rc kt_x_block_leaves(struct kt_exchange *x,
    const struct kt_x_block *b, struct kt_span *out);
/* All of a block that was collected; what is complete by itself. */
KT_MUSTCHECK enum kt_rc kt_x_scan_block(
    struct kt_exchange *x, struct kt_x_block *b);
KT_MUSTCHECK enum kt_rc kt_x_inspect_whole(struct kt_exchange *x,
    struct kt_x_slot *slot, struct kt_span data, const struct kt_segment *s,
    struct kt_x_edits *edits);
struct kt_span kt_x_slot_data(const struct kt_x_slot *slot);
/* A new one; NULL: no memory. */
struct kt_x_block *kt_x_block_add(
    struct kt_exchange *x, const struct kt_part *part);
/* Told before: only its tail grew. */
bool kt_x_block_knows(struct kt_x_block *b, const struct kt_finding *f);
KT_MUSTCHECK enum kt_rc kt_x_block_redact(struct kt_exchange *x,
    struct kt_x_block *b, uint64_t start, uint64_t end, uint32_t detector,
    bool is_open, struct kt_span marker);
/* Ended, and every byte of it is out: its memory serves the next one. */
void kt_x_blocks_retire(struct kt_exchange *x);
void kt_x_blocks_free(struct kt_exchange *x);

/* stream_text.c: < 0 for a failure, and where the verdict says cut. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_event(struct kt_exchange *x,
    struct kt_x_slot *slot, struct kt_span data);
/* What is no JSON: comments, names and ids of events. */
KT_MUSTCHECK enum kt_rc kt_x_inspect_frame(
    struct kt_exchange *x, struct kt_span raw);
/* Has all text of the event been decided? */
bool kt_x_may_go(const struct kt_x_slot *slot);
KT_MUSTCHECK enum kt_rc kt_x_apply_redactions(
    struct kt_exchange *x, struct kt_x_slot *slot);
void kt_x_forget_released(struct kt_exchange *x, struct kt_x_slot *slot);

/* refuse.c: the only place where an error or a verdict becomes a refusal. */
void kt_x_refuse(struct kt_exchange *x, enum kt_reason reason,
    const struct kt_policy *policy, const char *fmt, ...) KT_PRINTF(4, 5);
void kt_x_fail(struct kt_exchange *x, enum kt_rc rc);
/* What is said of a reason, in the client's words. */
struct kt_problem kt_x_problem(struct kt_exchange *x, enum kt_reason reason,
    const struct kt_policy *policy, bool is_answer);
/* There is no record: what was to be answered is not. */
void kt_x_lose_record(struct kt_exchange *x);
/* Of a call that ended for that reason. */
enum kt_audit_outcome kt_x_outcome_of(enum kt_reason reason);

/* commit.c */
void kt_x_upload_digest(struct kt_exchange *x); /* once, of all bytes */
void kt_x_commit_pieces(struct kt_exchange *x);
/* A commitment to content, in mem; empty: no memory. */
struct kt_span kt_x_commit(
    struct kt_exchange *x, struct kt_span field, struct kt_span content);
/* A fresh commitment to what is added to x->hash until _end. */
void kt_x_commit_begin(struct kt_exchange *x, struct kt_span field);
void kt_x_commit_end(struct kt_exchange *x, char out[KT_AUDIT_COMMIT_TEXT]);

/* record.c */
void kt_x_record(struct kt_exchange *x);
/* Before it goes up to `t`, the first one that will be tried. */
void kt_x_record_open(struct kt_exchange *x, const struct kt_target *t);
void kt_x_record_reject(struct kt_exchange *x);

#endif
