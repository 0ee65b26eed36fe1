/*
 * wire - GnuTLS may be asked to send one record and say "again": it then
 * holds the whole record and wants to be called without new bytes.  So a
 * record is composed from as many pieces as fit, which also puts head and
 * body of a small request into one packet.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <linux/tcp.h> /* that of the C library knows no tcpi_bytes_acked */
#include <unistd.h>

#include "cmd/gateway/wire.h"

#define RECORD_MAX 16384

static enum kt_wire_rc
broken(struct kt_err *err, const char *what, const char *why)
{
	(void)kt_fail(err, KT_E_IO, "%s: %s", what, why);
	return KT_WIRE_BROKEN;
}

enum kt_wire_rc
kt_wire_connect(
    struct kt_wire *w, const struct kt_address *to, struct kt_err *err)
{
	int on = 1;

	*w = (struct kt_wire){ .fd = -1 };
	w->fd = socket(to->at.any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return broken(err, "socket", strerror(errno));
	/* Without these it works too, only slower or longer. */
	(void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(w->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (connect(w->fd, &to->at.any, to->len) == 0)
		return KT_WIRE_OK;
	if (errno == EINPROGRESS)
		return KT_WIRE_WANT_WRITE;
	return broken(err, "connect", strerror(errno));
}

enum kt_wire_rc
kt_wire_connected(struct kt_wire *w, struct kt_err *err)
{
	int why = 0;
	socklen_t len = sizeof(why);

	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0)
		why = errno;
	return why == 0 ? KT_WIRE_OK : broken(err, "connect", strerror(why));
}

static bool
is_address(const char *name)
{
	unsigned char to[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, to) == 1 ||
	    inet_pton(AF_INET6, name, to) == 1;
}

enum kt_wire_rc
kt_wire_secure(struct kt_wire *w, const struct kt_origin *origin,
    gnutls_datum_t session, struct kt_err *err)
{
	const struct kt_trust *t = origin->trust;
	static const unsigned char http1[] = "http/1.1";
	const gnutls_datum_t alpn = { (unsigned char *)(uintptr_t)http1, 8 };
	int rc = gnutls_init(
	    &w->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (rc >= 0)
		rc = gnutls_priority_set(w->tls, t->priority);
	if (rc >= 0)
		rc = gnutls_credentials_set(
		    w->tls, GNUTLS_CRD_CERTIFICATE, t->credentials);
	if (rc >= 0 && !is_address(origin->tls_name))
		rc = gnutls_server_name_set(w->tls, GNUTLS_NAME_DNS,
		    origin->tls_name, strlen(origin->tls_name));
	if (rc >= 0)
		rc = gnutls_alpn_set_protocols(w->tls, &alpn, 1, 0);
	if (rc < 0)
		return broken(err, "tls", gnutls_strerror(rc));
	/* A session that cannot be resumed is only slower. */
	if (session.size > 0)
		(void)gnutls_session_set_data(
		    w->tls, session.data, session.size);
	gnutls_session_set_verify_cert(w->tls, origin->tls_name, 0);
	gnutls_transport_set_int(w->tls, w->fd);
	gnutls_handshake_set_timeout(w->tls, 0); /* the deadline is ours */
	return kt_wire_handshake(w, err);
}

static enum kt_wire_rc
not_now(const struct kt_wire *w)
{
	return gnutls_record_get_direction(w->tls) == 0 ? KT_WIRE_WANT_READ
	                                                : KT_WIRE_WANT_WRITE;
}

/* Why a certificate was refused, in words. */
static enum kt_wire_rc
refused(struct kt_wire *w, struct kt_err *err)
{
	unsigned status = gnutls_session_get_verify_cert_status(w->tls);
	gnutls_datum_t text = { NULL, 0 };

	if (gnutls_certificate_verification_status_print(
	        status, GNUTLS_CRT_X509, &text, 0) < 0)
		return broken(err, "tls", "certificate refused");
	(void)broken(err, "tls", (const char *)text.data);
	gnutls_free(text.data);
	return KT_WIRE_BROKEN;
}

enum kt_wire_rc
kt_wire_handshake(struct kt_wire *w, struct kt_err *err)
{
	int rc;

	do
		rc = gnutls_handshake(w->tls);
	while (rc == GNUTLS_E_INTERRUPTED ||
	    (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc)));
	if (rc == GNUTLS_E_SUCCESS)
		return KT_WIRE_OK;
	if (rc == GNUTLS_E_AGAIN)
		return not_now(w);
	if (rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		return refused(w, err);
	return broken(err, "tls handshake", gnutls_strerror(rc));
}

static enum kt_wire_rc
read_tls(struct kt_wire *w, char *to, size_t max, size_t *n, struct kt_err *err)
{
	ssize_t got;

	do
		got = gnutls_record_recv(w->tls, to, max);
	while (got == GNUTLS_E_INTERRUPTED || got == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (got > 0) {
		*n = (size_t)got;
		return KT_WIRE_OK;
	}
	if (got == 0)
		return KT_WIRE_END;
	if (got == GNUTLS_E_AGAIN)
		return not_now(w);
	/* Renegotiation is nothing that a server needs: refused. */
	return broken(err, "tls", gnutls_strerror((int)got));
}

enum kt_wire_rc
kt_wire_read(
    struct kt_wire *w, char *to, size_t max, size_t *n, struct kt_err *err)
{
	ssize_t got;

	if (w->tls != NULL)
		return read_tls(w, to, max, n, err);
	do
		got = recv(w->fd, to, max, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		*n = (size_t)got;
		return KT_WIRE_OK;
	}
	if (got == 0)
		return KT_WIRE_END;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return KT_WIRE_WANT_READ;
	return broken(err, "read", strerror(errno));
}

static size_t
gather(char *record, const struct iovec *iov, int n_iov)
{
	size_t len = 0;

	for (int i = 0; i < n_iov && len < RECORD_MAX; i++) {
		size_t n = iov[i].iov_len;

		if (n > RECORD_MAX - len)
			n = RECORD_MAX - len;
		memcpy(record + len, iov[i].iov_base, n);
		len += n;
	}
	return len;
}

static enum kt_wire_rc
write_tls(struct kt_wire *w, const struct iovec *iov, int n_iov, size_t *n,
    struct kt_err *err)
{
	char record[RECORD_MAX];
	size_t len = 0;
	ssize_t put;

	if (!w->is_in_flight)
		len = gather(record, iov, n_iov);
	do
		put = gnutls_record_send(w->tls, len > 0 ? record : NULL, len);
	while (put == GNUTLS_E_INTERRUPTED);
	if (put >= 0) {
		*n = (size_t)put;
		w->is_in_flight = false;
		return KT_WIRE_OK;
	}
	if (put != GNUTLS_E_AGAIN)
		return broken(err, "tls", gnutls_strerror((int)put));
	w->is_in_flight = true;
	return KT_WIRE_WANT_WRITE;
}

enum kt_wire_rc
kt_wire_write(struct kt_wire *w, const struct iovec *iov, int n_iov, size_t *n,
    struct kt_err *err)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)n_iov,
	};
	ssize_t put;

	if (w->tls != NULL)
		return write_tls(w, iov, n_iov, n, err);
	do
		put = sendmsg(w->fd, &msg, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put >= 0) {
		*n = (size_t)put;
		return KT_WIRE_OK;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return KT_WIRE_WANT_WRITE;
	return broken(err, "write", strerror(errno));
}

bool
kt_wire_is_quiet(const struct kt_wire *w)
{
	char byte;

	return recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool
kt_wire_acked(const struct kt_wire *w, uint64_t *bytes)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(w->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_acked) +
	        sizeof(info.tcpi_bytes_acked))
		return false;
	*bytes = info.tcpi_bytes_acked;
	return true;
}

bool
kt_wire_has_more(const struct kt_wire *w)
{
	return w->tls != NULL && gnutls_record_check_pending(w->tls) > 0;
}

gnutls_datum_t
kt_wire_session(const struct kt_wire *w)
{
	gnutls_datum_t session = { NULL, 0 };

	/* Without a ticket GnuTLS would wait for one. */
	if (w->tls == NULL || (gnutls_session_get_flags(w->tls) &
	                          GNUTLS_SFLAGS_SESSION_TICKET) == 0)
		return session;
	if (gnutls_session_get_data2(w->tls, &session) < 0)
		session = (gnutls_datum_t){ NULL, 0 };
	return session;
}

void
kt_wire_close(struct kt_wire *w)
{
	if (w->tls != NULL)
		gnutls_deinit(w->tls);
	w->tls = NULL;
	if (w->fd >= 0)
		(void)close(w->fd); /* what was not sent is not wanted */
	w->fd = -1;
}

static void
hash_key(const gnutls_datum_t *der, char out[static 65])
{
	gnutls_datum_t spki = { NULL, 0 };
	gnutls_x509_crt_t crt;
	gnutls_pubkey_t key;
	uint8_t digest[32];

	if (gnutls_x509_crt_init(&crt) < 0)
		return;
	if (gnutls_pubkey_init(&key) == 0) {
		if (gnutls_x509_crt_import(
		        crt, der, GNUTLS_X509_FMT_DER) == 0 &&
		    gnutls_pubkey_import_x509(key, crt, 0) == 0 &&
		    gnutls_pubkey_export2(
		        key, GNUTLS_X509_FMT_DER, &spki) == 0 &&
		    gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size,
		        digest) == 0)
			kt_hex(digest, sizeof(digest), out);
		gnutls_free(spki.data);
		gnutls_pubkey_deinit(key);
	}
	gnutls_x509_crt_deinit(crt);
}

void
kt_wire_peer(gnutls_session_t tls, struct kt_upstream_peer *out)
{
	const char *version = gnutls_protocol_get_name(
	    gnutls_protocol_get_version(tls));
	const gnutls_datum_t *chain;
	char hex[65] = "";
	unsigned n = 0;

	if (version == NULL)
		return;
	(void)snprintf(out->tls_version, sizeof(out->tls_version), "%s",
	    version);
	chain = gnutls_certificate_get_peers(tls, &n);
	if (chain != NULL && n > 0)
		hash_key(&chain[0], hex);
	if (hex[0] != '\0')
		(void)snprintf(out->spki, sizeof(out->spki), "sha256:%s", hex);
}
