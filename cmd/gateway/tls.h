/*
 * tls - what the listener shows and demands when it speaks TLS.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    certificate, key, the CA of clients, which versions are spoken.
 * Does not: own sessions; watch files: kt_tls_renew is told when.
 * Promises: nothing older than TLS 1.2; with a client CA, a certificate that
 *           is missing or was not issued by it is never taken for a peer;
 *           sessions keep what they began with.
 */
#ifndef KT_TLS_H
#define KT_TLS_H
#include "base/base.h"
#include "config/settings.h"

struct kt_tls;

/* What a daemon of libmicrohttpd wants to have before it starts. */
struct kt_tls_text {
	char *certificate, *key; /* PEM */
	const char *priorities;
};

/* Reads the files and checks that certificate and key belong together. */
KT_MUSTCHECK enum kt_rc kt_tls_new(struct kt_tls **out,
    const struct kt_config_tls *settings, struct kt_err *err);
/* When no session of it is left. */
void kt_tls_free(struct kt_tls **tls);
struct kt_tls_text kt_tls_text(const struct kt_tls *tls);

/*
 * For sessions from now on, while other threads begin some.  After a failure
 * they get what they got before.
 */
KT_MUSTCHECK enum kt_rc kt_tls_renew(struct kt_tls *tls,
    const struct kt_config_tls *settings, struct kt_err *err);
/*
 * Before the handshake of a session (gnutls_session_t).  *wants_peer: without
 * kt_tls_peer nothing of it is to be served.
 */
KT_MUSTCHECK enum kt_rc kt_tls_begin(
    const struct kt_tls *tls, void *session, bool *wants_peer);

/*
 * Whether the peer of a session (gnutls_session_t) showed a certificate of
 * the client CA; its subject is appended to `subject`.
 */
bool kt_tls_peer(void *session, struct kt_buf *subject);

#endif
