/*
 * stamp - DER as far as it goes, and no further: three levels down to a hash
 * and a time.  The signature is GnuTLS's to check, over the very bytes that
 * are read here.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>

#include "audit/stamp.h"

enum { INTEGER = 0x02, OCTETS = 0x04, OID = 0x06, TIME = 0x18, SEQUENCE = 0x30 };

static const char sha256[] = /* AlgorithmIdentifier, its parameters NULL */
    "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00";
static const char sha256_oid[] = "\x60\x86\x48\x01\x65\x03\x04\x02\x01";

#define SPAN_OF(text) ((struct kt_span){ (text), sizeof(text) - 1 })

enum kt_rc
kt_audit_stamp_ask(const uint8_t digest[KT_AUDIT_HASH],
    const uint8_t nonce[KT_AUDIT_STAMP_NONCE], struct kt_buf *out,
    struct kt_err *err)
{
	char n[KT_AUDIT_STAMP_NONCE];

	memcpy(n, nonce, sizeof(n));
	n[0] = (char)((n[0] & 0x3f) | 0x40); /* positive, and no shorter */
	if (kt_buf_add(out, SPAN_OF("\x30\x43\x02\x01\x01\x30\x31")) < 0 ||
	    kt_buf_add(out, SPAN_OF(sha256)) < 0 ||
	    kt_buf_add(out, SPAN_OF("\x04\x20")) < 0 ||
	    kt_buf_add(out, (struct kt_span){ (const char *)digest,
	        KT_AUDIT_HASH }) < 0 ||
	    kt_buf_add(out, SPAN_OF("\x02\x08")) < 0 ||
	    kt_buf_add(out, (struct kt_span){ n, sizeof(n) }) < 0 ||
	    kt_buf_add(out, SPAN_OF("\x01\x01\xff")) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	return KT_OK;
}

/* Takes one value off the front; false: there is none with this tag. */
static bool
take(struct kt_span *in, unsigned tag, struct kt_span *value)
{
	const uint8_t *at = (const uint8_t *)in->ptr;
	size_t head = 2, len;

	if (in->len < 2 || at[0] != tag)
		return false;
	len = at[1];
	if (len >= 0x80) {
		size_t n = len & 0x7f;

		if (n == 0 || n > 4 || in->len < 2 + n)
			return false;
		len = 0;
		for (size_t i = 0; i < n; i++)
			len = len << 8 | at[2 + i];
		head += n;
	}
	if (len > in->len - head)
		return false;
	*value = kt_span_sub(*in, head, len);
	*in = kt_span_sub(*in, head + len, in->len);
	return true;
}

/* GeneralizedTime in UTC; fractions of a second are left out. */
static bool
read_time(struct kt_span t, char out[static 21])
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	size_t at = 0;

	if (t.len < 15 || t.ptr[t.len - 1] != 'Z' ||
	    (t.ptr[14] != 'Z' && t.ptr[14] != '.'))
		return false;
	for (size_t i = 0; i < sizeof(form); i++) {
		out[i] = form[i];
		if (form[i] != 'd')
			continue;
		if (t.ptr[at] < '0' || t.ptr[at] > '9')
			return false;
		out[i] = t.ptr[at++];
	}
	return true;
}

/* version, policy, messageImprint, serialNumber, genTime, and more. */
static bool
read_info(struct kt_span der, struct kt_audit_stamp *out)
{
	struct kt_span info, imprint, algorithm, v;

	if (!take(&der, SEQUENCE, &info) || !take(&info, INTEGER, &v) ||
	    !take(&info, OID, &v) || !take(&info, SEQUENCE, &imprint) ||
	    !take(&info, INTEGER, &v) || !take(&info, TIME, &v) ||
	    !read_time(v, out->time))
		return false;
	if (!take(&imprint, SEQUENCE, &algorithm) ||
	    !take(&algorithm, OID, &v) || !kt_span_eq(v, SPAN_OF(sha256_oid)) ||
	    !take(&imprint, OCTETS, &v) || v.len != KT_AUDIT_HASH)
		return false;
	memcpy(out->digest, v.ptr, KT_AUDIT_HASH);
	return true;
}

/* PKIStatusInfo and the token: granted, or granted with changes. */
static enum kt_rc
take_token(struct kt_span answer, struct kt_span *token, struct kt_err *err)
{
	struct kt_span all, status, n;

	if (!take(&answer, SEQUENCE, &all) || answer.len > 0 ||
	    !take(&all, SEQUENCE, &status) || !take(&status, INTEGER, &n))
		return kt_fail(err, KT_E_PARSE, "not an answer of RFC 3161");
	if (n.len != 1 || (unsigned char)n.ptr[0] > 1)
		return kt_fail(err, KT_E_PARSE, "the time stamp was refused");
	*token = all;
	return all.len > 0 ? KT_OK :
	    kt_fail(err, KT_E_PARSE, "an answer without a time stamp");
}

static enum kt_rc
check(gnutls_pkcs7_t p7, struct kt_span trusted, struct kt_err *err)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TIME_STAMPING };
	gnutls_datum_t pem = { (unsigned char *)(uintptr_t)trusted.ptr,
		(unsigned)trusted.len };
	gnutls_x509_trust_list_t list;
	int rc;

	if (gnutls_x509_trust_list_init(&list, 0) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	rc = gnutls_x509_trust_list_add_trust_mem(
	    list, &pem, NULL, GNUTLS_X509_FMT_PEM, 0, 0);
	if (rc > 0) /* they end, and the stamp is to be good for longer */
		rc = gnutls_pkcs7_verify(p7, list, &purpose, 1, 0, NULL,
		    GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
		    GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS);
	else
		rc = GNUTLS_E_CERTIFICATE_ERROR;
	gnutls_x509_trust_list_deinit(list, 1);
	return rc >= 0 ? KT_OK : kt_fail(err, KT_E_PARSE, "the time stamp is not "
	    "by an authority that is trusted: %s", gnutls_strerror(rc));
}

enum kt_rc
kt_audit_stamp_read(struct kt_span answer, struct kt_span trusted,
    struct kt_audit_stamp *out, struct kt_err *err)
{
	struct kt_span token = { .ptr = NULL };
	gnutls_datum_t der, info = { NULL, 0 };
	gnutls_pkcs7_t p7;
	enum kt_rc rc;

	if (take_token(answer, &token, err) < 0)
		return err->rc;
	der = (gnutls_datum_t){ (unsigned char *)(uintptr_t)token.ptr,
		(unsigned)token.len };
	if (gnutls_pkcs7_init(&p7) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (gnutls_pkcs7_import(p7, &der, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_pkcs7_get_embedded_data(p7, 0, &info) < 0)
		rc = kt_fail(err, KT_E_PARSE, "not an answer of RFC 3161");
	else
		rc = check(p7, trusted, err);
	if (rc == KT_OK && !read_info((struct kt_span){
	    (const char *)info.data, info.size }, out))
		rc = kt_fail(err, KT_E_PARSE, "the time stamp is not over a "
		    "SHA-256");
	gnutls_free(info.data);
	gnutls_pkcs7_deinit(p7);
	return rc;
}
