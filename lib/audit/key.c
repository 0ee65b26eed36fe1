/*
 * key - Ed25519 by GnuTLS, and the lines that C2SP signed-note puts it in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A seed goes in as PKCS #8, of which Ed25519 has one fixed form: the raw
 * import of GnuTLS wants the public key beside it, which is what we ask for.
 */
#include "audit/key.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#define BLOB (4 + KT_AUDIT_SIG)
#define DASH "\xe2\x80\x94 "

/* ---- verifier keys ---- */

static void
make_id(struct kt_audit_vkey *k)
{
	char text[KT_AUDIT_KEY_NAME + 2 + KT_AUDIT_PUB];
	uint8_t digest[KT_AUDIT_HASH];
	size_t n = strlen(k->name);

	memcpy(text, k->name, n);
	text[n++] = '\n';
	text[n++] = 1; /* Ed25519 */
	memcpy(text + n, k->pub, KT_AUDIT_PUB);
	kt_audit_sha256((struct kt_span){ text, n + KT_AUDIT_PUB }, digest);
	memcpy(k->id, digest, sizeof(k->id));
}

/* Stricter than C2SP, which allows any letter but spaces and '+'. */
static bool
is_name(struct kt_span name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] <= ' ' || name.ptr[i] > '~' ||
		    name.ptr[i] == '+')
			return false;
	}
	return name.len > 0;
}

enum kt_rc
kt_audit_vkey_make(struct kt_audit_vkey *k, struct kt_span name,
    const uint8_t pub[KT_AUDIT_PUB], struct kt_err *err)
{
	if (name.len >= KT_AUDIT_KEY_NAME)
		return kt_fail(err, KT_E_LIMIT, "key: name too long");
	if (!is_name(name))
		return kt_fail(err, KT_E_PARSE, "key: not a name");
	memcpy(k->name, name.ptr, name.len);
	k->name[name.len] = '\0';
	memmove(k->pub, pub, KT_AUDIT_PUB);
	make_id(k);
	return KT_OK;
}

enum kt_rc
kt_audit_vkey_parse(
    struct kt_span text, struct kt_audit_vkey *k, struct kt_err *err)
{
	uint8_t blob[1 + KT_AUDIT_PUB];
	struct kt_span rest;
	char id[9];
	size_t n;

	if (kt_span_ends(text, KT_SPAN("\n")))
		text.len--;
	n = kt_span_find(text, '+');
	rest = kt_span_sub(text, n, text.len);
	if (rest.len != 1 + 8 + 1 + 44 || rest.ptr[9] != '+' ||
	    !kt_audit_unbase64(
		kt_span_sub(rest, 10, 44), blob, sizeof(blob)) ||
	    blob[0] != 1)
		return kt_fail(err, KT_E_PARSE, "not an Ed25519 verifier key: "
		    "NAME+8 digits+base64");
	if (kt_audit_vkey_make(k, kt_span_sub(text, 0, n), blob + 1, err) < 0)
		return err->rc;
	/* In the one way in which it is written. */
	kt_hex(k->id, sizeof(k->id), id);
	if (!kt_span_eq(kt_span_sub(rest, 1, 8), kt_span_of(id)))
		return kt_fail(err, KT_E_PARSE,
		    "verifier key: its id is not that of its name and key");
	return KT_OK;
}

void
kt_audit_vkey_text(
    const struct kt_audit_vkey *k, char out[KT_AUDIT_VKEY_TEXT])
{
	uint8_t blob[1 + KT_AUDIT_PUB] = { 1 };
	char id[9], key[45];

	memcpy(blob + 1, k->pub, KT_AUDIT_PUB);
	kt_hex(k->id, sizeof(k->id), id);
	kt_audit_base64(blob, sizeof(blob), key);
	(void)snprintf(out, KT_AUDIT_VKEY_TEXT, "%s+%s+%s", k->name, id, key);
}

/* ---- signing ---- */

static enum kt_rc
read_public(gnutls_privkey_t key, uint8_t pub[KT_AUDIT_PUB])
{
	gnutls_datum_t x = { NULL, 0 }, k = { NULL, 0 };
	gnutls_ecc_curve_t curve;
	enum kt_rc rc = KT_E_ENGINE;

	if (gnutls_privkey_export_ecc_raw2(key, &curve, &x, NULL, &k, 0) < 0)
		return rc;
	if (curve == GNUTLS_ECC_CURVE_ED25519 && x.size == KT_AUDIT_PUB) {
		memcpy(pub, x.data, KT_AUDIT_PUB);
		rc = KT_OK;
	}
	if (k.data != NULL)
		explicit_bzero(k.data, k.size);
	gnutls_free(x.data);
	gnutls_free(k.data);
	return rc;
}

static enum kt_rc
import_seed(gnutls_privkey_t key, const uint8_t seed[KT_AUDIT_SEED])
{
	static const uint8_t pkcs8[16] = { 0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3,
		0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20 };
	uint8_t der[sizeof(pkcs8) + KT_AUDIT_SEED];
	gnutls_datum_t d = { der, sizeof(der) };
	int rc;

	memcpy(der, pkcs8, sizeof(pkcs8));
	memcpy(der + sizeof(pkcs8), seed, KT_AUDIT_SEED);
	rc = gnutls_privkey_import_x509_raw(
	    key, &d, GNUTLS_X509_FMT_DER, NULL, 0);
	explicit_bzero(der, sizeof(der));
	return rc < 0 ? KT_E_ENGINE : KT_OK;
}

enum kt_rc
kt_audit_signer_init(struct kt_audit_signer *s, struct kt_span name,
    const uint8_t seed[KT_AUDIT_SEED], struct kt_err *err)
{
	uint8_t pub[KT_AUDIT_PUB];
	gnutls_privkey_t key;

	s->state = NULL;
	if (gnutls_privkey_init(&key) < 0)
		return kt_fail(err, KT_E_ENGINE, "no memory for a key");
	if (import_seed(key, seed) < 0 || read_public(key, pub) < 0)
		(void)kt_fail(err, KT_E_ENGINE, "no Ed25519");
	else if (kt_audit_vkey_make(&s->vkey, name, pub, err) == KT_OK) {
		s->state = key;
		return KT_OK;
	}
	gnutls_privkey_deinit(key);
	return err->rc;
}

void
kt_audit_signer_fini(struct kt_audit_signer *s)
{
	if (s->state != NULL)
		gnutls_privkey_deinit(s->state);
	s->state = NULL;
}

enum kt_rc
kt_audit_signer_rename(
    struct kt_audit_signer *s, struct kt_span name, struct kt_err *err)
{
	return kt_audit_vkey_make(&s->vkey, name, s->vkey.pub, err);
}

enum kt_rc
kt_audit_sign(const struct kt_audit_signer *s, struct kt_span bytes,
    uint8_t sig[KT_AUDIT_SIG], struct kt_err *err)
{
	gnutls_datum_t data = { (unsigned char *)bytes.ptr,
		(unsigned)bytes.len };
	gnutls_datum_t out = { NULL, 0 };
	bool is_fit;

	if (gnutls_privkey_sign_data2(s->state, GNUTLS_SIGN_EDDSA_ED25519, 0,
	    &data, &out) < 0)
		return kt_fail(err, KT_E_ENGINE, "a checkpoint is not signed");
	is_fit = out.size == KT_AUDIT_SIG;
	if (is_fit)
		memcpy(sig, out.data, KT_AUDIT_SIG);
	gnutls_free(out.data);
	return is_fit ? KT_OK :
	    kt_fail(err, KT_E_ENGINE, "a signature of odd length");
}

enum kt_rc
kt_audit_note_sign(const struct kt_audit_signer *s, struct kt_buf *note,
    size_t text, struct kt_err *err)
{
	uint8_t blob[BLOB];
	char line[4 * ((BLOB + 2) / 3) + 1];

	memcpy(blob, s->vkey.id, 4);
	if (kt_audit_sign(s, kt_span_sub(kt_buf_span(note), 0, text), blob + 4,
	    err) < 0)
		return err->rc;
	kt_audit_base64(blob, sizeof(blob), line);
	if (kt_buf_printf(note, DASH "%s %s\n", s->vkey.name, line) < 0)
		return kt_fail(err, KT_E_LIMIT, "no room for a signature");
	return KT_OK;
}

/* ---- checking ---- */

enum kt_rc
kt_audit_checker_init(struct kt_audit_checker *c,
    const struct kt_audit_vkey *k, struct kt_err *err)
{
	gnutls_datum_t x;
	gnutls_pubkey_t key;

	c->vkey = *k;
	c->state = NULL;
	if (gnutls_pubkey_init(&key) < 0)
		return kt_fail(err, KT_E_ENGINE, "no memory for a key");
	x = (gnutls_datum_t){ c->vkey.pub, KT_AUDIT_PUB };
	if (gnutls_pubkey_import_ecc_raw(
	    key, GNUTLS_ECC_CURVE_ED25519, &x, NULL) < 0) {
		gnutls_pubkey_deinit(key);
		return kt_fail(err, KT_E_PARSE, "not an Ed25519 key");
	}
	c->state = key;
	return KT_OK;
}

void
kt_audit_checker_fini(struct kt_audit_checker *c)
{
	if (c->state != NULL)
		gnutls_pubkey_deinit(c->state);
	c->state = NULL;
}

bool
kt_audit_note_split(
    struct kt_span note, struct kt_span *text, struct kt_span *lines)
{
	for (size_t n = note.len; n >= 2; n--) { /* the last empty line */
		if (note.ptr[n - 1] != '\n' || note.ptr[n - 2] != '\n')
			continue;
		*text = kt_span_sub(note, 0, n - 1);
		*lines = kt_span_sub(note, n, note.len);
		return true;
	}
	return false;
}

bool
kt_audit_signature_holds(const struct kt_audit_checker *c,
    struct kt_span bytes, const uint8_t sig[KT_AUDIT_SIG])
{
	gnutls_datum_t data = { (unsigned char *)bytes.ptr,
		(unsigned)bytes.len };
	gnutls_datum_t s = { (unsigned char *)sig, KT_AUDIT_SIG };

	return gnutls_pubkey_verify_data2(c->state, GNUTLS_SIGN_EDDSA_ED25519,
	    0, &data, &s) >= 0;
}

static enum kt_audit_signed
check_line(const struct kt_audit_checker *c, struct kt_span text,
    struct kt_span base64)
{
	uint8_t blob[BLOB];

	if (!kt_audit_unbase64(base64, blob, sizeof(blob)) ||
	    memcmp(blob, c->vkey.id, 4) != 0)
		return KT_AUDIT_SIGNED_OTHER;
	return kt_audit_signature_holds(c, text, blob + 4) ?
	    KT_AUDIT_SIGNED_GOOD : KT_AUDIT_SIGNED_BAD;
}

/* One wrong line of a known key spoils the note, whatever others say. */
static enum kt_audit_signed
worse(enum kt_audit_signed a, enum kt_audit_signed b)
{
	if (a == KT_AUDIT_SIGNED_BAD || b == KT_AUDIT_SIGNED_BAD)
		return KT_AUDIT_SIGNED_BAD;
	return a > b ? a : b;
}

enum kt_audit_signed
kt_audit_note_check(const struct kt_audit_checker *c, struct kt_span note)
{
	enum kt_audit_signed all = KT_AUDIT_SIGNED_NOT;
	struct kt_span text, lines, name = kt_span_of(c->vkey.name);

	if (!kt_audit_note_split(note, &text, &lines))
		return KT_AUDIT_SIGNED_NOT;
	for (unsigned k = 0; lines.len > 0 && k < KT_AUDIT_SIGNATURES_MAX;
	    k++) {
		size_t n = kt_span_find(lines, '\n'), dash = sizeof(DASH) - 1;
		struct kt_span line = kt_span_sub(lines, 0, n);

		lines = kt_span_sub(lines, n + 1, lines.len);
		if (!kt_span_starts(line, KT_SPAN(DASH)))
			return KT_AUDIT_SIGNED_BAD;
		line = kt_span_sub(line, dash, line.len);
		n = kt_span_find(line, ' ');
		if (!kt_span_eq(kt_span_sub(line, 0, n), name))
			continue;
		all = worse(all, check_line(
		    c, text, kt_span_sub(line, n + 1, line.len)));
	}
	return all;
}
