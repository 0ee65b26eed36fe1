/*
 * tls - the files are read and tried once at start, because libmicrohttpd
 * would only say that it could not start.  MHD asks clients for certificates
 * but lets any in: the verdict is taken here, by the one who serves.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "cmd/gateway/tls.h"
#include "disk/disk.h"

#define PEM_MAX (1u << 20)
#define SUBJECT_MAX 1024

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
try_pair(const struct kt_tls *tls, struct kt_err *err)
{
	gnutls_certificate_credentials_t c = NULL;
	gnutls_datum_t cert = datum(&tls->certificate), key = datum(&tls->key);
	int rc = gnutls_certificate_allocate_credentials(&c);

	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key_mem(
		    c, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && tls->has_client_ca) {
		gnutls_datum_t ca = datum(&tls->client_ca);

		rc = gnutls_certificate_set_x509_trust_mem(
		    c, &ca, GNUTLS_X509_FMT_PEM);
		if (rc == 0)
			rc = GNUTLS_E_NO_CERTIFICATE_FOUND;
	}
	if (c != NULL)
		gnutls_certificate_free_credentials(c);
	if (rc < 0)
		return kt_fail(err, KT_E_PARSE, "%s", gnutls_strerror(rc));
	return KT_OK;
}

enum kt_rc
kt_tls_new(struct kt_tls **out, const struct kt_config_tls *settings,
    struct kt_err *err)
{
	struct kt_tls *tls = kt_alloc(sizeof(*tls));
	enum kt_rc rc;

	*out = NULL;
	if (tls == NULL)
		return kt_fail(err, KT_E_LIMIT, "no memory for certificates");
	tls->has_client_ca = settings->client_ca.len > 0;
	tls->priorities = settings->min_version == KT_CONFIG_TLS_1_3
	    ? "NORMAL:-VERS-ALL:+VERS-TLS1.3"
	    : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	rc = read_pem(&tls->certificate, settings->certificate, err);
	if (rc == KT_OK)
		rc = read_pem(&tls->key, settings->private_key, err);
	if (rc == KT_OK && tls->has_client_ca)
		rc = read_pem(&tls->client_ca, settings->client_ca, err);
	if (rc == KT_OK)
		rc = try_pair(tls, err);
	if (rc < 0) {
		kt_tls_free(&tls);
		return kt_wrap(err, "gateway.tls");
	}
	*out = tls;
	return KT_OK;
}

void
kt_tls_free(struct kt_tls **tls)
{
	if (*tls == NULL)
		return;
	if ((*tls)->key.ptr != NULL)
		explicit_bzero((*tls)->key.ptr, (*tls)->key.cap);
	kt_buf_fini(&(*tls)->certificate);
	kt_buf_fini(&(*tls)->key);
	kt_buf_fini(&(*tls)->client_ca);
	kt_free(*tls);
	*tls = NULL;
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
