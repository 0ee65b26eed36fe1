/*
 * exchange - one request and its answer, as a machine without I/O.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    which step follows which: authenticate, route, inspect, choose a
 *           destination, translate, stream, record.
 * Does not: read, write, wait, or tell the time; events bring all of that.
 * Promises: nothing goes upstream before the verdict; a call ends in exactly
 *           one record; an error, a full arena or a failed engine refuses;
 *           any cutting of the input gives the same verdict, output and record.
 */
#ifndef KT_EXCHANGE_H
#define KT_EXCHANGE_H
#include "exchange/program.h"
#include "exchange/summary.h"
#include "frame/header.h"
#include "token/drift.h"

/* Memory that all exchanges of one worker share.  Not thread-safe. */
struct kt_budget {
	size_t limit_bytes, used_bytes;
};

struct kt_peer {
	struct kt_span address; /* text, without port */
	bool is_tls;
	struct kt_span certificate; /* subject of a verified client certificate */
};

struct kt_exchange_options {
	const struct kt_program *program; /* outlives the exchange */
	struct kt_scratch *scratch;       /* of this program and thread */
	struct kt_budget *budget;         /* NULL: none */
	uint8_t seed[32];                 /* from the system's generator */
	struct kt_peer peer;              /* copied */
	bool is_audit_up;                 /* false: refuse with 503 */
	struct kt_audit_subjects *subjects; /* NULL: callers by their names */
	struct kt_drift *drift;             /* NULL: nothing is learned */
	size_t arena_bytes;               /* 0: KT_EXCHANGE_ARENA_MAX */
	/* Of a call that was recorded; NULL where it happens now.  All outlive
	   the exchange.  caller without an id was not let in; measures are
	   those of what stood there before the recording: request, answer. */
	const struct kt_caller *caller;
	const struct kt_measures *measures[2];
};

enum kt_fault { /* why an upstream attempt failed before its end */
	KT_FAULT_CONNECT = 1, /* resolve, connect, TLS: nothing was sent */
	KT_FAULT_RESET,       /* closed or reset, with or without a head */
	KT_FAULT_PROTOCOL,    /* not HTTP/1.1 as it must be */
	KT_FAULT_TIMEOUT,     /* of connecting; others come by DEADLINE */
};

enum kt_event_kind {
	KT_EVENT_REQUEST_HEAD,  /* method, target, headers */
	KT_EVENT_REQUEST_BODY,  /* bytes */
	KT_EVENT_REQUEST_END,
	KT_EVENT_UPSTREAM_SENT, /* the request is written; its spans are free */
	KT_EVENT_UPSTREAM_HEAD, /* status, headers */
	KT_EVENT_UPSTREAM_BODY, /* bytes, content coding removed by nobody */
	KT_EVENT_UPSTREAM_END,  /* complete as its framing said */
	KT_EVENT_UPSTREAM_FAIL, /* fault */
	KT_EVENT_SENT,          /* n bytes of the answer left towards the client */
	KT_EVENT_CLIENT_GONE,
	KT_EVENT_STOP,          /* the gateway stops and waits no longer */
	KT_EVENT_DEADLINE,      /* the time of the last DEADLINE order has come */
	KT_EVENT_RECORDED,      /* is_ok; bytes: receipt "<origin>#<index>;<hash>" */
	KT_EVENT_JOB_DONE,      /* job, bytes; empty: it could not be done */
	KT_EVENT_TURN,          /* go on after a TURN order */
};
struct kt_event {
	enum kt_event_kind kind;
	uint64_t mono_us, wall_us; /* of any origin; since 1970 */
	struct kt_span method, target; /* target in origin-form, as received */
	const struct kt_header *headers;
	size_t nheaders;
	bool has_body, is_ok; /* a body follows the head */
	struct kt_span bytes;
	size_t n;           /* SENT */
	unsigned status;    /* UPSTREAM_HEAD */
	struct kt_span tls_version, tls_spki; /* the same; empty: in clear */
	enum kt_fault fault;
	uint32_t job;
};

enum kt_order_kind {
	KT_ORDER_NONE = 0,
	KT_ORDER_UPSTREAM,        /* start: target, method, path, headers, body */
	KT_ORDER_UPSTREAM_BODY,   /* more of a streamed upload: bytes */
	KT_ORDER_UPSTREAM_FINISH, /* the streamed upload is complete */
	KT_ORDER_UPSTREAM_CANCEL, /* close its connection at once */
	KT_ORDER_UPSTREAM_PAUSE,  /* stop reading: the client is slow */
	KT_ORDER_UPSTREAM_RESUME,
	KT_ORDER_REQUEST_PAUSE,   /* stop reading the client's upload */
	KT_ORDER_REQUEST_RESUME,
	KT_ORDER_ANSWER_HEAD,     /* status, headers, length */
	KT_ORDER_ANSWER_BODY,     /* bytes: flush them as they are */
	KT_ORDER_ANSWER_END,
	KT_ORDER_ANSWER_ABORT,    /* break the connection: never a clean end */
	KT_ORDER_RECORD,          /* bytes: record body without envelope */
	KT_ORDER_OPEN,            /* the same, before anything goes up */
	KT_ORDER_JOB,             /* job, job_kind, pieces: slow work */
	KT_ORDER_JOB_CANCEL,      /* job: its pieces are free, no answer counts */
	KT_ORDER_DEADLINE,        /* at_us, replacing the one before; 0: none */
	KT_ORDER_TURN,            /* give the loop back, then feed TURN */
	KT_ORDER_END,             /* nothing follows; free the exchange */
};
/* Answers come in any order, or late, or never: a deadline is ordered too. */
enum kt_job_kind {
	KT_JOB_MEDIA = 1, /* a question of media/ask.h, and its answer */
	KT_JOB_RECALL,    /* an id, a program's hash: what was remembered, or "" */
	KT_JOB_GUARD,     /* POST to target, path, headers: the body of a 200 */
	KT_JOB_REMEMBER,  /* both and a text, for RECALL; not answered */
};
#define KT_LENGTH_CHUNKED UINT64_MAX
struct kt_order {
	enum kt_order_kind kind;
	const struct kt_target *target;
	struct kt_span method, path; /* path with query */
	const struct kt_header *headers;
	size_t nheaders;
	/* Body of UPSTREAM: valid until UPSTREAM_SENT, UPSTREAM_FAIL or CANCEL.
	 * Of JOB: until JOB_DONE, JOB_CANCEL or END.  Every other span of an
	 * order is valid until the next feed. */
	const struct kt_span *pieces;
	size_t npieces;
	uint64_t length; /* body of UPSTREAM or ANSWER_HEAD, or CHUNKED */
	struct kt_span bytes;
	unsigned status;
	uint32_t job;
	enum kt_job_kind job_kind;
	uint64_t at_us, keep_us; /* keep_us: so long a JOB's answer serves */
};

struct kt_exchange;
/* NULL: no memory; answer 503 and close. */
struct kt_exchange *kt_exchange_new(const struct kt_exchange_options *o);
void kt_exchange_free(struct kt_exchange **x);
/* After each feed, take all orders before the next one. */
void kt_exchange_feed(struct kt_exchange *x, const struct kt_event *ev);
bool kt_exchange_next(struct kt_exchange *x, struct kt_order *out);

/* Spans are valid until _free. */
void kt_exchange_summary(const struct kt_exchange *x, struct kt_summary *out);

#endif
