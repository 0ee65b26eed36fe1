/*
 * wire - one non-blocking connection, in clear or under TLS.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    sockets, GnuTLS sessions, and how each says "not now".
 * Does not: watch anything, retry, or know what the bytes mean.
 * Promises: no call blocks or raises SIGPIPE; a TLS stream that ends without
 *           being closed is KT_WIRE_BROKEN, never an end; no byte is sent
 *           before the peer's certificate and name were verified.
 */
#ifndef KT_WIRE_H
#define KT_WIRE_H
#include <sys/uio.h>

#include "cmd/gateway/upstream_priv.h"

struct kt_wire {
	gnutls_session_t tls; /* NULL: in clear */
	int fd;               /* -1: none */
	bool is_in_flight;    /* TLS holds a record that it could not send yet */
};

enum kt_wire_rc {
	KT_WIRE_OK,
	KT_WIRE_WANT_READ,
	KT_WIRE_WANT_WRITE,
	KT_WIRE_END,    /* the peer has closed, properly */
	KT_WIRE_BROKEN, /* reset, or anything else */
};

/* KT_WIRE_WANT_WRITE: connecting; then writable means kt_wire_connected. */
enum kt_wire_rc kt_wire_connect(
    struct kt_wire *w, const struct kt_address *to, struct kt_err *err);
enum kt_wire_rc kt_wire_connected(struct kt_wire *w, struct kt_err *err);
/* session: of an earlier connection to the same origin; may be empty. */
enum kt_wire_rc kt_wire_secure(struct kt_wire *w,
    const struct kt_origin *origin, gnutls_datum_t session, struct kt_err *err);
/* Again after it wanted something. */
enum kt_wire_rc kt_wire_handshake(struct kt_wire *w, struct kt_err *err);
/* OK with at least one byte in *n. */
enum kt_wire_rc kt_wire_read(
    struct kt_wire *w, char *to, size_t max, size_t *n, struct kt_err *err);
/* OK with *n bytes taken, at least one.  iov[0] is not empty. */
enum kt_wire_rc kt_wire_write(struct kt_wire *w, const struct iovec *iov,
    int n_iov, size_t *n, struct kt_err *err);
/* Nothing came, not even the peer's end: it may be written to. */
bool kt_wire_is_quiet(const struct kt_wire *w);
/* Bytes that the peer's system has had, of all so far; false: not known. */
bool kt_wire_acked(const struct kt_wire *w, uint64_t *bytes);
/* Bytes that were decrypted already, which no event will announce. */
bool kt_wire_has_more(const struct kt_wire *w);
/* What a later connection can begin with; empty when there is nothing. */
gnutls_datum_t kt_wire_session(const struct kt_wire *w);
void kt_wire_close(struct kt_wire *w);

#endif
