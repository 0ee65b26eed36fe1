/*
 * seal - frames of AES-256-GCM under keys that HKDF makes for one file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A frame's length has a tag of its own: without it a changed length would
 * pass for a file that was cut, which is only a warning.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "session/seal.h"

#define MAGIC "ktseal1\n"
#define MAGIC_LEN 8
#define NAME_LEN 8  /* tells whether a key fits */
#define HEAD_LEN (MAGIC_LEN + KT_SEAL_SALT + NAME_LEN)
#define COUNT_LEN 4 /* bytes of plain text, the greatest first */
#define LENGTH_TAG 12
#define TAG_LEN 16
#define NONCE_LEN 12

bool
kt_seal_key_of(struct kt_span text, uint8_t key[static KT_SEAL_KEY])
{
	while (text.len > 0 && (text.ptr[text.len - 1] == '\n' ||
	                           text.ptr[text.len - 1] == '\r'))
		text.len--;
	return kt_unhex(text, key, KT_SEAL_KEY);
}

bool
kt_seal_is(struct kt_span bytes)
{
	return kt_span_starts(bytes, KT_SPAN(MAGIC));
}

void
kt_seal_fini(struct kt_seal *s)
{
	explicit_bzero(s, sizeof(*s));
}

static bool
expand(const gnutls_datum_t *from, const char *what, void *to, size_t n)
{
	gnutls_datum_t info = { (unsigned char *)(uintptr_t)what,
		(unsigned)strlen(what) };

	return gnutls_hkdf_expand(GNUTLS_MAC_SHA256, from, &info, to, n) >= 0;
}

/* The keys of one file, and the name that its key has in it. */
static enum kt_rc
derive(struct kt_seal *s, const uint8_t *key, const uint8_t *salt,
    uint8_t name[static NAME_LEN], struct kt_err *err)
{
	uint8_t prk[32];
	gnutls_datum_t k = { (unsigned char *)(uintptr_t)key, KT_SEAL_KEY };
	gnutls_datum_t with = { (unsigned char *)(uintptr_t)salt,
		KT_SEAL_SALT };
	gnutls_datum_t from = { prk, sizeof(prk) };
	bool is_well = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &k, &with, prk) >=
	        0 &&
	    expand(&from, "kt session 1: frames", s->key, sizeof(s->key)) &&
	    expand(&from, "kt session 1: lengths", s->head_key,
	        sizeof(s->head_key)) &&
	    expand(&from, "kt session 1: name", name, NAME_LEN);

	explicit_bzero(prk, sizeof(prk));
	s->nframes = 0;
	return is_well ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "GnuTLS cannot derive a key");
}

enum kt_rc
kt_seal_begin(struct kt_seal *s, const uint8_t key[static KT_SEAL_KEY],
    const uint8_t salt[static KT_SEAL_SALT], struct kt_buf *out,
    struct kt_err *err)
{
	uint8_t name[NAME_LEN];

	if (derive(s, key, salt, name, err) < 0)
		return err->rc;
	if (kt_buf_add(out, KT_SPAN(MAGIC)) < 0 ||
	    kt_buf_add(out, (struct kt_span){ (const char *)salt,
	        KT_SEAL_SALT }) < 0 ||
	    kt_buf_add(out, (struct kt_span){ (const char *)name,
	        NAME_LEN }) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	return KT_OK;
}

/* ---- frames ---- */

/* What a frame begins with: how long it is, and that this is true. */
struct start {
	uint8_t count[COUNT_LEN], tag[LENGTH_TAG];
};

static bool
start_of(const struct kt_seal *s, const uint8_t count[static COUNT_LEN],
    struct start *out)
{
	uint8_t text[8 + COUNT_LEN], digest[32];

	for (int i = 0; i < 8; i++)
		text[i] = (uint8_t)(s->nframes >> (8 * (7 - i)));
	memcpy(text + 8, count, COUNT_LEN);
	memcpy(out->count, count, COUNT_LEN);
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, s->head_key,
	        sizeof(s->head_key), text, sizeof(text), digest) < 0)
		return false;
	memcpy(out->tag, digest, sizeof(out->tag));
	return true;
}

static bool
cipher(const struct kt_seal *s, gnutls_aead_cipher_hd_t *h,
    uint8_t nonce[static NONCE_LEN])
{
	gnutls_datum_t key = { (unsigned char *)(uintptr_t)s->key,
		sizeof(s->key) };

	memset(nonce, 0, NONCE_LEN);
	for (int i = 0; i < 8; i++)
		nonce[NONCE_LEN - 1 - i] = (uint8_t)(s->nframes >> (8 * i));
	return gnutls_aead_cipher_init(h, GNUTLS_CIPHER_AES_256_GCM, &key) >= 0;
}

enum kt_rc
kt_seal_add(struct kt_seal *s, struct kt_span plain, struct kt_buf *out,
    struct kt_err *err)
{
	uint8_t count[COUNT_LEN], nonce[NONCE_LEN];
	gnutls_aead_cipher_hd_t h;
	struct start start;
	size_t n = plain.len + TAG_LEN;
	int rc;

	for (int i = 0; i < COUNT_LEN; i++)
		count[i] = (uint8_t)(plain.len >> (8 * (COUNT_LEN - 1 - i)));
	if (plain.len > KT_SESSION_FILE_MAX ||
	    kt_buf_reserve(out, sizeof(start) + n) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (!start_of(s, count, &start) || !cipher(s, &h, nonce))
		return kt_fail(err, KT_E_LIMIT, "GnuTLS cannot encrypt");
	rc = gnutls_aead_cipher_encrypt(h, nonce, sizeof(nonce), NULL, 0,
	    TAG_LEN, plain.ptr, plain.len, out->ptr + out->len + sizeof(start),
	    &n);
	gnutls_aead_cipher_deinit(h);
	if (rc < 0)
		return kt_fail(err, KT_E_LIMIT, "GnuTLS cannot encrypt");
	memcpy(out->ptr + out->len, &start, sizeof(start));
	out->len += sizeof(start) + n;
	s->nframes++;
	return KT_OK;
}

/* One frame at the front of *rest; *is_cut: it is not whole. */
static enum kt_rc
open_one(struct kt_seal *s, struct kt_span *rest, struct kt_buf *out,
    bool *is_cut, struct kt_err *err)
{
	const uint8_t *at = (const uint8_t *)rest->ptr;
	gnutls_aead_cipher_hd_t h;
	uint8_t nonce[NONCE_LEN];
	struct start start;
	size_t n = 0, len;
	int rc;

	*is_cut = rest->len < sizeof(start);
	if (*is_cut)
		return KT_OK;
	for (int i = 0; i < COUNT_LEN; i++)
		n = n << 8 | at[i];
	if (!start_of(s, at, &start))
		return kt_fail(err, KT_E_LIMIT, "GnuTLS cannot decrypt");
	if (gnutls_memcmp(&start, at, sizeof(start)) != 0)
		return kt_fail(err, KT_E_PARSE, "was changed");
	len = n + TAG_LEN;
	*is_cut = rest->len - sizeof(start) < len;
	if (*is_cut)
		return KT_OK;
	if (kt_buf_reserve(out, n + 1) < 0)
		return kt_fail(err, KT_E_LIMIT, "larger than %u bytes",
		    KT_SESSION_FILE_MAX);
	if (!cipher(s, &h, nonce))
		return kt_fail(err, KT_E_LIMIT, "GnuTLS cannot decrypt");
	rc = gnutls_aead_cipher_decrypt(h, nonce, sizeof(nonce), NULL, 0,
	    TAG_LEN, at + sizeof(start), len, out->ptr + out->len, &n);
	gnutls_aead_cipher_deinit(h);
	if (rc < 0)
		return kt_fail(err, KT_E_PARSE, "was changed");
	out->len += n;
	s->nframes++;
	*rest = kt_span_sub(*rest, sizeof(start) + len, rest->len);
	return KT_OK;
}

static enum kt_rc
open_head(struct kt_seal *s, struct kt_span sealed, const uint8_t *key,
    struct kt_err *err)
{
	const uint8_t *at = (const uint8_t *)sealed.ptr;
	uint8_t name[NAME_LEN];

	if (sealed.len < HEAD_LEN)
		return kt_fail(err, KT_E_PARSE, "encrypted, and cut before its "
		    "first call");
	if (derive(s, key, at + MAGIC_LEN, name, err) < 0)
		return err->rc;
	if (gnutls_memcmp(name, at + MAGIC_LEN + KT_SEAL_SALT, NAME_LEN) != 0)
		return kt_fail(err, KT_E_PARSE, "encrypted with another key, or "
		    "its first %d bytes were changed", HEAD_LEN);
	return KT_OK;
}

enum kt_rc
kt_seal_open(struct kt_span sealed, const uint8_t key[static KT_SEAL_KEY],
    struct kt_buf *out, bool *is_cut, struct kt_err *err)
{
	struct kt_seal s = { .nframes = 0 };
	struct kt_span rest = kt_span_sub(sealed, HEAD_LEN, sealed.len);
	enum kt_rc rc = open_head(&s, sealed, key, err);

	*is_cut = false;
	while (rc == KT_OK && rest.len > 0 && !*is_cut) {
		rc = open_one(&s, &rest, out, is_cut, err);
		if (rc == KT_E_PARSE)
			(void)kt_fail(err, rc, "byte %zu: frame %llu was changed "
			    "or does not belong here", sealed.len - rest.len,
			    (unsigned long long)s.nframes + 1);
	}
	kt_seal_fini(&s);
	return rc;
}
