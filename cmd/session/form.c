/*
 * form - a frame of zstd for each part that is added, and one of the seal
 * around it: a stream over all parts would be smaller, and a crash would
 * leave its last parts in memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <zstd.h>

#include "cmd/session/form.h"
#include "disk/disk.h"

#define KEY_TEXT_MAX 80
#define LEVEL 3

/* ---- keys ---- */

static enum kt_rc
take_key(struct kt_session_key *key, struct kt_span text, const char *from,
    struct kt_err *err)
{
	key->is_there = kt_seal_key_of(text, key->bytes);
	return key->is_there ? KT_OK :
	    kt_fail(err, KT_E_PARSE, "%s: not a key of 64 hexadecimal digits",
	        from);
}

enum kt_rc
kt_session_key_read(
    struct kt_session_key *key, const char *path, struct kt_err *err)
{
	const char *value = getenv(KT_SESSION_KEY_VARIABLE);
	struct kt_buf text;
	enum kt_rc rc;

	if (path == NULL)
		return value == NULL || *value == '\0' ? KT_OK :
		    take_key(key, kt_span_of(value), KT_SESSION_KEY_VARIABLE, err);
	kt_buf_init(&text, 8192);
	rc = kt_disk_read_file(&kt_disk_real, path, KEY_TEXT_MAX, &text, err);
	if (rc == KT_OK)
		rc = take_key(key, kt_buf_span(&text), path, err);
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.cap);
	kt_buf_fini(&text);
	return rc;
}

void
kt_session_key_fini(struct kt_session_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

/* ---- names ---- */

static const char *const suffixes[2][2] = {
	/* [is_packed][is_sealed] */
	{ ".kts", ".kts.enc" },
	{ ".kts.zst", ".kts.zst.enc" },
};

const char *
kt_session_form_suffix(struct kt_session_form form)
{
	return suffixes[form.is_packed][form.is_sealed];
}

bool
kt_session_form_of(struct kt_span name, struct kt_session_form *form)
{
	for (int i = 0; i < 4; i++) {
		*form = (struct kt_session_form){ i & 1, i >> 1 };
		if (kt_span_ends(name, kt_span_of(kt_session_form_suffix(*form))))
			return true;
	}
	*form = (struct kt_session_form){ false, false };
	return false;
}

/* ---- to the disk ---- */

enum kt_rc
kt_session_wrap_begin(struct kt_session_wrap *w, struct kt_session_form form,
    const struct kt_session_key *key, struct kt_buf *out, struct kt_err *err)
{
	uint8_t salt[KT_SEAL_SALT];

	*w = (struct kt_session_wrap){ .form = form };
	kt_buf_init(&w->packed, ZSTD_compressBound(KT_SESSION_FILE_MAX));
	if (!form.is_sealed)
		return KT_OK;
	if (!key->is_there)
		return kt_fail(err, KT_E_MISUSE, "to encrypt a session takes a "
		    "key: --key or %s", KT_SESSION_KEY_VARIABLE);
	if (kt_disk_random(salt, sizeof(salt), err) < 0)
		return err->rc;
	return kt_seal_begin(&w->seal, key->bytes, salt, out, err);
}

static enum kt_rc
pack(struct kt_buf *out, struct kt_span lines, struct kt_err *err)
{
	size_t room = ZSTD_compressBound(lines.len), n;

	kt_buf_reset(out);
	if (kt_buf_reserve(out, room) < 0)
		return kt_fail(err, KT_E_LIMIT, "no memory");
	n = ZSTD_compress(out->ptr, room, lines.ptr, lines.len, LEVEL);
	if (ZSTD_isError(n))
		return kt_fail(err, KT_E_LIMIT, "zstd: %s", ZSTD_getErrorName(n));
	out->len = n;
	return KT_OK;
}

enum kt_rc
kt_session_wrap_add(struct kt_session_wrap *w, struct kt_span lines,
    struct kt_buf *out, struct kt_err *err)
{
	if (w->form.is_packed) {
		if (pack(&w->packed, lines, err) < 0)
			return err->rc;
		lines = kt_buf_span(&w->packed);
	}
	if (w->form.is_sealed)
		return kt_seal_add(&w->seal, lines, out, err);
	return kt_buf_add(out, lines) == KT_OK ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory");
}

void
kt_session_wrap_end(struct kt_session_wrap *w)
{
	kt_seal_fini(&w->seal);
	kt_buf_fini(&w->packed);
}

/* ---- and back ---- */

static enum kt_rc
unseal(struct kt_buf *bytes, const struct kt_session_key *key, bool *is_cut,
    struct kt_err *err)
{
	struct kt_buf sealed = *bytes;
	enum kt_rc rc;

	if (!key->is_there)
		return kt_fail(err, KT_E_PARSE, "encrypted: name its key with "
		    "--key or in %s", KT_SESSION_KEY_VARIABLE);
	kt_buf_init(bytes, KT_SESSION_FILE_MAX);
	rc = kt_seal_open(
	    kt_buf_span(&sealed), key->bytes, bytes, is_cut, err);
	kt_buf_fini(&sealed);
	return rc;
}

/* A stream may claim any size: what it gives is what counts. */
static enum kt_rc
unpack(struct kt_buf *bytes, bool *is_cut, struct kt_err *err)
{
	struct kt_buf packed = *bytes;
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { packed.ptr, packed.len, 0 };
	size_t step = ZSTD_DStreamOutSize(), left = 1;
	enum kt_rc rc = z != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory");

	kt_buf_init(bytes, KT_SESSION_FILE_MAX);
	while (rc == KT_OK && (in.pos < in.size || left > 0)) {
		ZSTD_outBuffer to = { .size = step };
		size_t before = in.pos;

		if (kt_buf_reserve(bytes, step) < 0) {
			rc = kt_fail(err, KT_E_LIMIT, "larger than %u bytes",
			    KT_SESSION_FILE_MAX);
			break;
		}
		to.dst = bytes->ptr + bytes->len;
		left = ZSTD_decompressStream(z, &to, &in);
		if (ZSTD_isError(left))
			rc = kt_fail(err, KT_E_PARSE, "not what zstd writes");
		else
			bytes->len += to.pos;
		if (rc == KT_OK && to.pos == 0 && in.pos == before) {
			*is_cut = true; /* what came out is still lines */
			break;
		}
	}
	(void)ZSTD_freeDStream(z); /* also of NULL */
	kt_buf_fini(&packed);
	return rc;
}

enum kt_rc
kt_session_unwrap(struct kt_buf *bytes, const struct kt_session_key *key,
    struct kt_session_form *form, bool *is_cut, struct kt_err *err)
{
	*form = (struct kt_session_form){
		.is_sealed = kt_seal_is(kt_buf_span(bytes)) };
	*is_cut = false;
	if (form->is_sealed && unseal(bytes, key, is_cut, err) < 0)
		return err->rc;
	form->is_packed =
	    kt_span_starts(kt_buf_span(bytes), KT_SPAN("\x28\xb5\x2f\xfd"));
	return form->is_packed ? unpack(bytes, is_cut, err) : KT_OK;
}
