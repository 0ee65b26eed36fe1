/*
 * hash - SHA-256 and the commitments made with it, by GnuTLS.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A reused handle instead of gnutls_hash_fast(): bodies arrive in pieces, and
 * a leaf is hashed with a byte in front that the line in memory lacks.
 */
#include "audit/audit.h"
#include "audit/mac.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum kt_rc
kt_audit_hash_init(struct kt_audit_hash *h, struct kt_err *err)
{
	gnutls_hash_hd_t hd;

	h->state = NULL;
	if (gnutls_hash_init(&hd, GNUTLS_DIG_SHA256) < 0)
		return kt_fail(err, KT_E_ENGINE, "no SHA-256");
	h->state = hd;
	return KT_OK;
}

void
kt_audit_hash_add(struct kt_audit_hash *h, struct kt_span bytes)
{
	if (bytes.len > 0 && gnutls_hash(h->state, bytes.ptr, bytes.len) < 0)
		KT_BUG("SHA-256 failed after it was set up");
}

void
kt_audit_hash_take(struct kt_audit_hash *h, uint8_t out[KT_AUDIT_HASH])
{
	gnutls_hash_output(h->state, out);
}

void
kt_audit_hash_fini(struct kt_audit_hash *h)
{
	if (h->state != NULL)
		gnutls_hash_deinit(h->state, NULL);
	h->state = NULL;
}

void
kt_audit_sha256(struct kt_span bytes, uint8_t out[KT_AUDIT_HASH])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.ptr, bytes.len, out) < 0)
		KT_BUG("no SHA-256 in the crypto library");
}

#define SALT_TEXT (2 * KT_AUDIT_TEXT_MAX + 1)

/* call_id and field are short names; what does not fit is hashed first. */
static struct kt_span
salt_text(struct kt_span call_id, struct kt_span field,
    char text[static SALT_TEXT])
{
	uint8_t digest[2][KT_AUDIT_HASH];
	size_t n = 0;

	if (call_id.len > KT_AUDIT_TEXT_MAX) {
		kt_audit_sha256(call_id, digest[0]);
		call_id = (struct kt_span){ (char *)digest[0], KT_AUDIT_HASH };
	}
	if (field.len > KT_AUDIT_TEXT_MAX) {
		kt_audit_sha256(field, digest[1]);
		field = (struct kt_span){ (char *)digest[1], KT_AUDIT_HASH };
	}
	if (call_id.len > 0)
		memcpy(text, call_id.ptr, call_id.len);
	n = call_id.len;
	text[n++] = '\0';
	if (field.len > 0)
		memcpy(text + n, field.ptr, field.len);
	return (struct kt_span){ text, n + field.len };
}

void
kt_audit_salt(const uint8_t key[KT_AUDIT_HASH], struct kt_span call_id,
    struct kt_span field, uint8_t salt[KT_AUDIT_HASH])
{
	char room[SALT_TEXT];
	struct kt_span text = salt_text(call_id, field, room);

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key, KT_AUDIT_HASH, text.ptr,
	        text.len, salt) < 0)
		KT_BUG("no HMAC-SHA256 in the crypto library");
}

enum kt_rc
kt_audit_mac_init(struct kt_audit_mac *m, const uint8_t key[KT_AUDIT_HASH],
    struct kt_err *err)
{
	gnutls_hmac_hd_t hd;

	m->state = NULL;
	if (gnutls_hmac_init(&hd, GNUTLS_MAC_SHA256, key, KT_AUDIT_HASH) < 0)
		return kt_fail(err, KT_E_ENGINE, "no HMAC-SHA256");
	m->state = hd;
	return KT_OK;
}

void
kt_audit_mac_fini(struct kt_audit_mac *m)
{
	if (m->state != NULL)
		gnutls_hmac_deinit(m->state, NULL);
	m->state = NULL;
}

void
kt_audit_mac(
    struct kt_audit_mac *m, struct kt_span text, uint8_t tag[KT_AUDIT_HASH])
{
	if (text.len > 0 && gnutls_hmac(m->state, text.ptr, text.len) < 0)
		KT_BUG("HMAC-SHA256 failed after it was set up");
	gnutls_hmac_output(m->state, tag); /* and it is as new */
}

void
kt_audit_mac_salt(struct kt_audit_mac *m, struct kt_span call_id,
    struct kt_span field, uint8_t salt[KT_AUDIT_HASH])
{
	char room[SALT_TEXT];

	kt_audit_mac(m, salt_text(call_id, field, room), salt);
}

void
kt_audit_commit_begin(
    struct kt_audit_hash *h, const uint8_t salt[KT_AUDIT_HASH])
{
	static const char tag[] = "kt-commit-v1"; /* its NUL included */

	kt_audit_hash_add(h, (struct kt_span){ tag, sizeof(tag) });
	kt_audit_hash_add(
	    h, (struct kt_span){ (const char *)salt, KT_AUDIT_HASH });
}

void
kt_audit_commit_end(struct kt_audit_hash *h, char out[KT_AUDIT_COMMIT_TEXT])
{
	static const char prefix[] = "sha256s:";
	uint8_t digest[KT_AUDIT_HASH];

	kt_audit_hash_take(h, digest);
	memcpy(out, prefix, sizeof(prefix) - 1);
	kt_hex(digest, sizeof(digest), out + sizeof(prefix) - 1);
}
