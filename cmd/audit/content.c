/*
 * content - one file for a segment, so that both go at the same time; each
 * entry has a key of its own, made of the caller's secret, so that erasing a
 * caller needs to touch none of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/content.h"

#include "session/seal.h"

#include <errno.h>

#define HEAD_LEN 16 /* index and length, the greatest byte first */
#define COUNT_LEN 8 /* of the request, before it */
#define SEALED_MAX (KT_CONTENT_CALL_MAX + 1024u)

static void
put_u64(uint64_t n, char out[static 8])
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		out[i] = (char)(n & 0xff);
}

static uint64_t
get_u64(const char *at)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | (unsigned char)at[i];
	return n;
}

/* No salt of a field is this, so showing one does not open the entry. */
static void
key_of(const uint8_t secret[KT_AUDIT_HASH], struct kt_span call_id,
    uint8_t key[KT_AUDIT_HASH])
{
	kt_audit_salt(secret, call_id, KT_SPAN("kept"), key);
}

static enum kt_rc
seal(struct kt_span plain, const uint8_t secret[KT_AUDIT_HASH],
    struct kt_span call_id, struct kt_buf *out, struct kt_err *err)
{
	uint8_t key[KT_SEAL_KEY], salt[KT_SEAL_SALT];
	struct kt_seal s;
	enum kt_rc rc = kt_disk_random(salt, sizeof(salt), err);

	if (rc < 0)
		return rc;
	key_of(secret, call_id, key);
	rc = kt_seal_begin(&s, key, salt, out, err);
	if (rc == KT_OK)
		rc = kt_seal_add(&s, plain, out, err);
	kt_seal_fini(&s);
	explicit_bzero(key, sizeof(key));
	return rc;
}

enum kt_rc
kt_content_put(const struct kt_content *c, uint64_t index,
    const uint8_t secret[KT_AUDIT_HASH], struct kt_span call_id,
    struct kt_buf *out, struct kt_err *err)
{
	char head[HEAD_LEN] = { 0 }, count[COUNT_LEN];
	size_t from = out->len;
	struct kt_buf plain;
	enum kt_rc rc;

	if (c->request.len + c->completion.len > KT_CONTENT_CALL_MAX)
		return kt_fail(err, KT_E_LIMIT, "too long to be kept");
	kt_buf_init(&plain, KT_CONTENT_CALL_MAX + COUNT_LEN);
	put_u64(c->request.len, count);
	put_u64(index, head);
	if (kt_buf_add(&plain, (struct kt_span){ count, COUNT_LEN }) < 0 ||
	    kt_buf_add(&plain, c->request) < 0 ||
	    kt_buf_add(&plain, c->completion) < 0 ||
	    kt_buf_add(out, (struct kt_span){ head, HEAD_LEN }) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no memory");
	else
		rc = seal(kt_buf_span(&plain), secret, call_id, out, err);
	kt_buf_fini(&plain);
	if (rc < 0)
		out->len = from;
	else
		put_u64(out->len - from - HEAD_LEN, out->ptr + from + 8);
	return rc;
}

enum kt_rc
kt_content_path(char path[static KT_PATH_MAX], const char *dir,
    uint64_t segment, struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/content/%012llu", dir,
	    (unsigned long long)segment);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	return KT_OK;
}

/* ---- reading ---- */

static enum kt_rc
read_entry(struct kt_disk_file *f, uint64_t at, uint64_t len,
    struct kt_buf *sealed, struct kt_err *err)
{
	size_t got = 0;

	kt_buf_reset(sealed);
	if (len > SEALED_MAX)
		return kt_fail(err, KT_E_PARSE, "an entry was changed");
	if (kt_buf_reserve(sealed, (size_t)len) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	if (kt_disk_read_at(f, at, sealed->ptr, (size_t)len, &got, err) < 0)
		return err->rc;
	sealed->len = got;
	return got == len ? KT_OK :
	    kt_fail(err, KT_E_MISUSE, "only half of the content is there");
}

static enum kt_rc
find(struct kt_disk_file *f, uint64_t index, struct kt_buf *sealed,
    struct kt_err *err)
{
	char head[HEAD_LEN];
	uint64_t at = 0, len;
	size_t got;

	for (;; at += len) {
		if (kt_disk_read_at(f, at, head, HEAD_LEN, &got, err) < 0)
			return err->rc;
		if (got < HEAD_LEN)
			break; /* the end, or where a crash left it */
		at += HEAD_LEN;
		len = get_u64(head + 8);
		if (get_u64(head) == index)
			return read_entry(f, at, len, sealed, err);
		if (len > SEALED_MAX)
			return kt_fail(err, KT_E_PARSE, "an entry was changed");
	}
	return kt_fail(err, KT_E_MISUSE, "nothing of it is kept");
}

enum kt_rc
kt_content_find(const char *dir, uint64_t segment, uint64_t index,
    struct kt_buf *sealed, struct kt_err *err)
{
	struct kt_disk_file f = KT_DISK_FILE_INIT;
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (kt_content_path(path, dir, segment, err) < 0)
		return err->rc;
	rc = kt_disk_open(&f, &kt_disk_real, path, KT_DISK_READ, err);
	if (rc == KT_E_IO && errno == ENOENT)
		return kt_fail(err, KT_E_MISUSE, "nothing of it is kept");
	if (rc == KT_OK && find(&f, index, sealed, err) < 0)
		rc = kt_wrap(err, "%s", path);
	kt_disk_close(&f);
	return rc;
}

enum kt_rc
kt_content_open(struct kt_span sealed, const uint8_t secret[KT_AUDIT_HASH],
    struct kt_span call_id, struct kt_buf *plain, struct kt_content *c,
    struct kt_err *err)
{
	uint8_t key[KT_SEAL_KEY];
	struct kt_span all;
	bool is_cut = false;
	enum kt_rc rc;

	key_of(secret, call_id, key);
	rc = kt_seal_open(sealed, key, plain, &is_cut, err);
	explicit_bzero(key, sizeof(key));
	if (rc < 0)
		return rc;
	all = kt_buf_span(plain);
	if (is_cut || all.len < COUNT_LEN ||
	    get_u64(all.ptr) > all.len - COUNT_LEN)
		return kt_fail(err, KT_E_PARSE, "was changed");
	c->request = kt_span_sub(all, COUNT_LEN, (size_t)get_u64(all.ptr));
	c->completion = kt_span_sub(all, COUNT_LEN + c->request.len, all.len);
	return KT_OK;
}

bool
kt_content_is(struct kt_span bytes, struct kt_span commit,
    const uint8_t salt[KT_AUDIT_HASH])
{
	char text[KT_AUDIT_COMMIT_TEXT] = "sha256:";
	uint8_t digest[KT_AUDIT_HASH];
	struct kt_audit_hash h;
	struct kt_err err;

	if (!kt_span_starts(commit, KT_SPAN("sha256s:"))) {
		kt_audit_sha256(bytes, digest);
		kt_hex(digest, sizeof(digest), text + strlen(text));
		return kt_span_eq(commit, kt_span_of(text));
	}
	if (kt_audit_hash_init(&h, &err) < 0)
		return false;
	kt_audit_commit_begin(&h, salt);
	kt_audit_hash_add(&h, bytes);
	kt_audit_commit_end(&h, text);
	kt_audit_hash_fini(&h);
	return kt_span_eq(commit, kt_span_of(text));
}
