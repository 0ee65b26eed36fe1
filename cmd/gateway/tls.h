/*
 * tls - what the listener shows and demands when it speaks TLS.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    certificate, key, the CA of clients, which versions are spoken.
 * Does not: own sessions.
 * Promises: nothing older than TLS 1.2; with a client CA, a certificate that
 *           is missing or was not issued by it is never taken for a peer.
 */
#ifndef KT_TLS_H
#define KT_TLS_H
#include "base/base.h"
#include "config/settings.h"

struct kt_tls {
	struct kt_buf certificate, key, client_ca; /* PEM, NUL behind it */
	const char *priorities;
	bool has_client_ca;
};

/* Reads the files and checks that certificate and key belong together. */
KT_MUSTCHECK enum kt_rc kt_tls_new(struct kt_tls **out,
    const struct kt_config_tls *settings, struct kt_err *err);
void kt_tls_free(struct kt_tls **tls);

/*
 * Whether the peer of a session (gnutls_session_t) showed a certificate of
 * the client CA; its subject is appended to `subject`.
 */
bool kt_tls_peer(void *session, struct kt_buf *subject);

#endif
