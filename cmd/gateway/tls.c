/*
 * tls - libmicrohttpd reads a certificate once, when it starts; a certificate
 * is renewed more often than a gateway is started.  So each session is given
 * its credentials here, before its handshake, and they are not freed while
 * the gateway runs: a session may still need them, and there are a few a year.
 * MHD asks clients for certificates but lets any in: the verdict is taken
 * here, by the one who serves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdatomic.h>

#include "cmd/gateway/tls.h"
#include "disk/disk.h"

#define PEM_MAX (1u << 20)
#define SUBJECT_MAX 1024

/* Of one reading of the files. */
struct papers {
	struct kt_buf certificate, key, client_ca; /* PEM, NUL behind it */
	const char *versions;
	bool has_client_ca;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priorities;
	struct papers *before;
};

struct kt_tls {
	_Atomic(struct papers *) papers;
};

static void
free_papers(struct papers *p)
{
	if (p->credentials != NULL)
		gnutls_certificate_free_credentials(p->credentials);
	if (p->priorities != NULL)
		gnutls_priority_deinit(p->priorities);
	if (p->key.ptr != NULL)
		explicit_bzero(p->key.ptr, p->key.cap);
	kt_buf_fini(&p->certificate);
	kt_buf_fini(&p->key);
	kt_buf_fini(&p->client_ca);
	kt_free(p);
}

static enum kt_rc
read_pem(struct kt_buf *to, struct kt_span path, struct kt_err *err)
{
	enum kt_rc rc;

	kt_buf_init(to, PEM_MAX);
	rc = kt_disk_read_file(&kt_disk_real, path.ptr, PEM_MAX - 1, to, err);
	return rc < 0 ? rc : kt_buf_addc(to, '\0');
}

static gnutls_datum_t
datum(const struct kt_buf *b)
{
	return (gnutls_datum_t){ (unsigned char *)b->ptr,
		(unsigned)(b->len - 1) };
}

static enum kt_rc
make_credentials(struct papers *p, struct kt_err *err)
{
	gnutls_datum_t cert = datum(&p->certificate), key = datum(&p->key);
	int rc = gnutls_certificate_allocate_credentials(&p->credentials);

	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key_mem(
		    p->credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && p->has_client_ca) {
		gnutls_datum_t ca = datum(&p->client_ca);

		rc = gnutls_certificate_set_x509_trust_mem(
		    p->credentials, &ca, GNUTLS_X509_FMT_PEM);
		if (rc == 0)
			rc = GNUTLS_E_NO_CERTIFICATE_FOUND;
	}
	if (rc >= 0)
		rc = gnutls_priority_init(&p->priorities, p->versions, NULL);
	if (rc < 0)
		return kt_fail(err, KT_E_PARSE, "%s", gnutls_strerror(rc));
	return KT_OK;
}

static enum kt_rc
read_papers(struct papers *p, const struct kt_config_tls *settings,
    struct kt_err *err)
{
	enum kt_rc rc = read_pem(&p->certificate, settings->certificate, err);

	p->has_client_ca = settings->client_ca.len > 0;
	p->versions = settings->min_version == KT_CONFIG_TLS_1_3
	    ? "NORMAL:-VERS-ALL:+VERS-TLS1.3"
	    : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	if (rc == KT_OK)
		rc = read_pem(&p->key, settings->private_key, err);
	if (rc == KT_OK && p->has_client_ca)
		rc = read_pem(&p->client_ca, settings->client_ca, err);
	if (rc == KT_OK)
		rc = make_credentials(p, err);
	return rc;
}

static bool
is_same(const struct papers *a, const struct papers *b)
{
	return a->versions == b->versions &&
	    kt_span_eq(kt_buf_span(&a->certificate),
		kt_buf_span(&b->certificate)) &&
	    kt_span_eq(kt_buf_span(&a->key), kt_buf_span(&b->key)) &&
	    kt_span_eq(kt_buf_span(&a->client_ca), kt_buf_span(&b->client_ca));
}

enum kt_rc
kt_tls_renew(struct kt_tls *tls, const struct kt_config_tls *settings,
    struct kt_err *err)
{
	struct papers *p = kt_alloc(sizeof(*p));

	if (p == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for certificates");
	p->before = atomic_load(&tls->papers);
	if (read_papers(p, settings, err) < 0) {
		free_papers(p);
		return kt_wrap(err, "gateway.tls");
	}
	if (p->before != NULL && is_same(p, p->before))
		free_papers(p);
	else
		atomic_store(&tls->papers, p);
	return KT_OK;
}

enum kt_rc
kt_tls_new(struct kt_tls **out, const struct kt_config_tls *settings,
    struct kt_err *err)
{
	*out = kt_alloc(sizeof(**out));
	if (*out == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for certificates");
	if (kt_tls_renew(*out, settings, err) == KT_OK)
		return KT_OK;
	kt_tls_free(out);
	return err->rc;
}

void
kt_tls_free(struct kt_tls **tls)
{
	struct papers *p, *before;

	if (*tls == NULL)
		return;
	for (p = atomic_load(&(*tls)->papers); p != NULL; p = before) {
		before = p->before;
		free_papers(p);
	}
	kt_free(*tls);
	*tls = NULL;
}

struct kt_tls_text
kt_tls_text(const struct kt_tls *tls)
{
	const struct papers *p = atomic_load(&tls->papers);

	return (struct kt_tls_text){ p->certificate.ptr, p->key.ptr,
		p->versions };
}

enum kt_rc
kt_tls_begin(const struct kt_tls *tls, void *session, bool *wants_peer)
{
	const struct papers *p = atomic_load(&tls->papers);
	gnutls_session_t s = session;

	*wants_peer = p->has_client_ca;
	if (s == NULL || gnutls_priority_set(s, p->priorities) < 0 ||
	    gnutls_credentials_set(
		s, GNUTLS_CRD_CERTIFICATE, p->credentials) < 0)
		return KT_E_LIMIT;
	gnutls_certificate_server_set_request(
	    s, *wants_peer ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
	return KT_OK;
}

bool
kt_tls_peer(void *session, struct kt_buf *subject)
{
	/* One that is for servers alone is nobody's name as a client. */
	gnutls_typed_vdata_st as = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT };
	gnutls_session_t s = session;
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t crt = NULL;
	unsigned status = ~0u, n = 0;
	char name[SUBJECT_MAX];
	size_t len = sizeof(name);
	bool is_named;

	if (s == NULL ||
	    gnutls_certificate_verify_peers(s, &as, 1, &status) < 0 ||
	    status != 0)
		return false;
	chain = gnutls_certificate_get_peers(s, &n);
	if (chain == NULL || n == 0 || gnutls_x509_crt_init(&crt) < 0)
		return false;
	is_named = gnutls_x509_crt_import(
	               crt, &chain[0], GNUTLS_X509_FMT_DER) >= 0 &&
	    gnutls_x509_crt_get_dn(crt, name, &len) >= 0 &&
	    kt_buf_add(subject, (struct kt_span){ name, len }) == KT_OK;
	gnutls_x509_crt_deinit(crt);
	return is_named;
}
