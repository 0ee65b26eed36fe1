/*
 * http1 - HTTP/1.1 as a client sees it: reads answers, writes request heads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    RFC 9112: status line, fields, and where a body ends (6.3).
 * Does not: own a connection, decode content, follow or retry anything.
 * Promises: any cutting of the input gives the same parts; what two readers
 *           could understand differently is refused (both length and coding,
 *           differing lengths, bare CR or LF, folded lines, NUL); a body that
 *           was cut off is never called complete; memory is bounded by
 *           KT_ANSWER_HEAD_MAX; no head is written that says more than was
 *           asked.
 */
#ifndef KT_FRAME_HTTP1_H
#define KT_FRAME_HTTP1_H
#include "base/base.h"
#include "frame/header.h"

struct kt_http1_head {
	int status; /* 200 to 599; interim answers are skipped */
	int minor;  /* 0 or 1 of HTTP/1.x */
	struct kt_span reason;
	const struct kt_header *headers; /* in order, repeats kept */
	size_t n_headers;
};

enum kt_http1_got { KT_HTTP1_HEAD, KT_HTTP1_BODY, KT_HTTP1_END };
struct kt_http1_part {
	enum kt_http1_got got;
	struct kt_http1_head head; /* HEAD: valid until the next call */
	struct kt_span body;       /* BODY: a part of the input, not empty */
};

/* What was asked decides whether a body follows the head. */
enum kt_http1_asked { KT_HTTP1_ASKED_ANY, KT_HTTP1_ASKED_HEAD };

struct kt_http1 {
	struct kt_buf line; /* the head, or one chunk line or trailer */
	size_t line_at;     /* where the line under way begins in it */
	struct kt_header *headers;
	size_t headers_cap;
	uint64_t left; /* bytes of the body or chunk still to come */
	size_t spent;  /* bytes of chunk extensions and trailers so far */
	int state, after_head;
	int status, minor;
	int interim; /* 1xx answers skipped */
	enum kt_http1_asked asked;
	enum kt_rc failed;
	bool is_reusable;
	bool has_begun; /* a byte of this answer was read */
};

void kt_http1_init(struct kt_http1 *h, enum kt_http1_asked asked);
/* Ready for the next answer on the same connection; keeps a little memory. */
void kt_http1_again(struct kt_http1 *h, enum kt_http1_asked asked);
void kt_http1_fini(struct kt_http1 *h);
/*
 * Takes bytes from the front of *in.  1 with a part, 0 when *in is empty and
 * more is needed, an enum kt_rc < 0 on a fault (then always).  After END
 * nothing more is taken: bytes left in *in were not asked for.
 */
KT_MUSTCHECK int kt_http1_next(struct kt_http1 *h, struct kt_span *in,
    struct kt_http1_part *part, struct kt_err *err);
/*
 * The peer has closed.  KT_OK when that is the end of the body, or the answer
 * was complete; else KT_E_PARSE: it was cut off.
 */
KT_MUSTCHECK enum kt_rc kt_http1_eof(struct kt_http1 *h, struct kt_err *err);
/* After END: the connection may carry another request. */
bool kt_http1_is_reusable(const struct kt_http1 *h);

/* Lengths of a body to be written that are not numbers of bytes. */
#define KT_HTTP1_CHUNKED UINT64_MAX
#define KT_HTTP1_NO_BODY (UINT64_MAX - 1)
/*
 * Appends a request head.  Headers keep their case and order; a given
 * Content-Length must be body_bytes and stays where it is, else the framing
 * is added at the end.  Transfer-Encoding, a missing or second Host, and any
 * byte that could end a line are KT_E_MISUSE, and nothing is appended.
 */
KT_MUSTCHECK enum kt_rc kt_http1_write_request(struct kt_buf *out,
    struct kt_span method, struct kt_span target,
    const struct kt_header *headers, size_t n_headers,
    uint64_t body_bytes, struct kt_err *err);

#endif
