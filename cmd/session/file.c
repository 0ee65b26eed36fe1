/*
 * file - read whole, because a session is checked whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <sys/stat.h>

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
	struct kt_session_form form;

	if (kt_session_form_of(s, &form))
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
	if (l.rc == KT_OK && p->n == before)
		return kt_fail(err, KT_E_IO, "%s: there are no sessions in it",
		    path);
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

/* A file that ends too early is told like a last line that does. */
static void
note_cut(struct kt_session_file *f)
{
	struct kt_span text = kt_buf_span(&f->bytes);
	size_t n = 1;

	if (f->session.cut_line > 0)
		return;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	f->session.cut_line = n;
}

enum kt_rc
kt_session_file_open(struct kt_session_file *f, const char *path,
    const struct kt_session_key *key, struct kt_err *err)
{
	bool is_cut;

	*f = (struct kt_session_file){ 0 };
	kt_buf_init(&f->bytes, KT_SESSION_FILE_MAX);
	if (kt_disk_read_file(&kt_disk_real, path, KT_SESSION_FILE_MAX, &f->bytes,
	        err) < 0) {
		kt_session_file_close(f);
		return err->rc;
	}
	if (kt_session_unwrap(&f->bytes, key, &f->form, &is_cut, err) < 0 ||
	    kt_session_read(&f->session, kt_buf_span(&f->bytes), err) < 0) {
		kt_session_file_close(f);
		return kt_wrap(err, "%s", path);
	}
	if (is_cut)
		note_cut(f);
	return KT_OK;
}

enum kt_rc
kt_session_file_write(const char *path, struct kt_session_form form,
    struct kt_span lines, const struct kt_session_key *key, struct kt_err *err)
{
	struct kt_session_wrap w;
	struct kt_buf out;
	enum kt_rc rc;

	if (!form.is_packed && !form.is_sealed)
		return kt_disk_replace(
		    &kt_disk_real, path, lines, 0600, err);
	kt_buf_init(&out, 2 * (size_t)KT_SESSION_FILE_MAX);
	rc = kt_session_wrap_begin(&w, form, key, &out, err);
	if (rc == KT_OK)
		rc = kt_session_wrap_add(&w, lines, &out, err);
	if (rc == KT_OK)
		rc = kt_disk_replace(
		    &kt_disk_real, path, kt_buf_span(&out), 0600, err);
	kt_session_wrap_end(&w);
	kt_buf_fini(&out);
	return rc;
}

enum kt_rc
kt_session_file_save(const char *path, struct kt_span lines,
    const struct kt_session_key *key, struct kt_err *err)
{
	struct kt_session_form form;

	(void)kt_session_form_of(kt_span_of(path), &form); /* else plain */
	return kt_session_file_write(path, form, lines, key, err);
}

void
kt_session_file_close(struct kt_session_file *f)
{
	kt_session_fini(&f->session);
	kt_buf_fini(&f->bytes);
}
