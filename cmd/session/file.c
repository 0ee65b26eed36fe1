/*
 * file - read whole, because a session is checked whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <zstd.h>

#include "cmd/session/file.h"
#include "disk/disk.h"

static enum kt_rc
add(struct kt_session_paths *p, struct kt_span folder, struct kt_span name,
    struct kt_err *err)
{
	size_t len = folder.len + name.len + 2;
	char *path = kt_alloc(len);
	void *at = p->at;

	if (path == NULL || kt_grow(&at, &p->cap, p->n + 1, sizeof(path)) < 0) {
		kt_free(path);
		return kt_fail(err, KT_E_LIMIT, "no memory");
	}
	p->at = at;
	(void)snprintf(path, len, "%.*s%s%.*s", KT_SPAN_ARG(folder),
	    folder.len > 0 ? "/" : "", KT_SPAN_ARG(name));
	p->at[p->n++] = path;
	return KT_OK;
}

struct listing {
	struct kt_session_paths *to;
	struct kt_span folder;
	struct kt_err *err;
	enum kt_rc rc;
};

static bool
take_name(void *arg, const char *name)
{
	struct listing *l = arg;
	struct kt_span s = kt_span_of(name);

	if (kt_span_ends(s, KT_SPAN(".kts")) ||
	    kt_span_ends(s, KT_SPAN(".kts.zst")))
		l->rc = add(l->to, l->folder, s, l->err);
	return l->rc == KT_OK;
}

static int
in_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum kt_rc
kt_session_paths_add(
    struct kt_session_paths *p, const char *path, struct kt_err *err)
{
	struct listing l = { p, kt_span_of(path), err, KT_OK };
	size_t before = p->n;
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return add(p, (struct kt_span){ 0 }, kt_span_of(path), err);
	if (kt_disk_list(&kt_disk_real, path, take_name, &l, err) < 0)
		return err->rc;
	if (p->n > before)
		qsort(p->at + before, p->n - before, sizeof(*p->at), in_order);
	return l.rc;
}

void
kt_session_paths_fini(struct kt_session_paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		kt_free(p->at[i]);
	kt_free(p->at);
	*p = (struct kt_session_paths){ 0 };
}

/* A stream may claim any size: what it gives is what counts. */
static enum kt_rc
unpack(struct kt_buf *out, struct kt_span packed, struct kt_err *err)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { packed.ptr, packed.len, 0 };
	size_t step = ZSTD_DStreamOutSize(), left = 1;
	enum kt_rc rc = z != NULL ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "no memory");

	while (rc == KT_OK && (in.pos < in.size || left > 0)) {
		ZSTD_outBuffer to = { .size = step };
		size_t before = in.pos;

		if (kt_buf_reserve(out, step) < 0) {
			rc = kt_fail(err, KT_E_LIMIT, "larger than %u bytes",
			    KT_SESSION_FILE_MAX);
			break;
		}
		to.dst = out->ptr + out->len;
		left = ZSTD_decompressStream(z, &to, &in);
		if (ZSTD_isError(left))
			rc = kt_fail(err, KT_E_PARSE, "not what zstd writes");
		else
			out->len += to.pos;
		/* Cut: the lines that came out are still lines. */
		if (to.pos == 0 && in.pos == before)
			break;
	}
	(void)ZSTD_freeDStream(z); /* also of NULL */
	return rc;
}

enum kt_rc
kt_session_file_bytes(struct kt_buf *out, const char *path, struct kt_err *err)
{
	static const char magic[] = { '\x28', '\xb5', '\x2f', '\xfd' };
	struct kt_buf packed;
	enum kt_rc rc;

	kt_buf_init(out, KT_SESSION_FILE_MAX);
	if (kt_disk_read_file(
	        &kt_disk_real, path, KT_SESSION_FILE_MAX, out, err) < 0) {
		kt_buf_fini(out);
		return err->rc;
	}
	if (out->len < 4 || memcmp(out->ptr, magic, 4) != 0)
		return KT_OK;
	packed = *out;
	kt_buf_init(out, KT_SESSION_FILE_MAX);
	rc = unpack(out, kt_buf_span(&packed), err);
	kt_buf_fini(&packed);
	if (rc < 0) {
		kt_buf_fini(out);
		return kt_wrap(err, "%s", path);
	}
	return KT_OK;
}

enum kt_rc
kt_session_file_open(
    struct kt_session_file *f, const char *path, struct kt_err *err)
{
	*f = (struct kt_session_file){ 0 };
	if (kt_session_file_bytes(&f->bytes, path, err) < 0)
		return err->rc;
	if (kt_session_read(&f->session, kt_buf_span(&f->bytes), err) == KT_OK)
		return KT_OK;
	kt_session_file_close(f);
	return kt_wrap(err, "%s", path);
}

void
kt_session_file_close(struct kt_session_file *f)
{
	kt_session_fini(&f->session);
	kt_buf_fini(&f->bytes);
}
