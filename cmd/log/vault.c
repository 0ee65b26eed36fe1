/*
 * vault - one file for each caller.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file of its own, so that erasing one overwrites exactly its bytes; named
 * by the pseudonym, so that the name of the file tells no more than the log.
 */
#include "cmd/log/vault.h"

#include <errno.h>

#define FILE_MAX (KT_AUDIT_HASH + KT_CALLER_NAME_MAX)

static enum kt_rc
path_of(const char *dir, const char *name, char path[static KT_PATH_MAX],
    struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/vault%s%s", dir,
	    *name != '\0' ? "/" : "", name);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	return KT_OK;
}

/* Without the "p:", which some tools take for a drive. */
static const char *
file_of(const struct kt_audit_subject *s)
{
	return s->pseudonym + 2;
}

/* In place first, so that the bytes themselves go and not only their name. */
static enum kt_rc
overwrite(const struct kt_disk_io *io, const char *path, struct kt_err *err)
{
	static const char zeros[256];
	struct kt_disk_file f;
	uint64_t size;
	enum kt_rc rc;

	rc = kt_disk_open(&f, io, path, KT_DISK_APPEND, err);
	if (rc < 0)
		return rc;
	size = f.size;
	for (f.size = 0; rc == KT_OK && f.size < size;) {
		size_t n = size - f.size < sizeof(zeros) ?
		    (size_t)(size - f.size) : sizeof(zeros);

		rc = kt_disk_append(&f, (struct kt_span){ zeros, n }, err);
	}
	if (rc == KT_OK)
		rc = kt_disk_sync(&f, err);
	kt_disk_close(&f);
	return rc;
}

/* ---- reading ---- */

struct loading {
	struct kt_audit_subjects *to; /* NULL: looking for `wanted` */
	const struct kt_disk_io *io;
	const char *dir;
	struct kt_span wanted;
	char *found;
	struct kt_err err;
};

static enum kt_rc
take_secret(struct loading *l, struct kt_span bytes)
{
	uint8_t secret[KT_AUDIT_HASH];
	struct kt_span id = kt_span_sub(bytes, KT_AUDIT_HASH, bytes.len);

	if (bytes.len <= KT_AUDIT_HASH)
		return kt_fail(&l->err, KT_E_PARSE, "not a secret");
	memcpy(secret, bytes.ptr, sizeof(secret));
	if (l->to == NULL && kt_span_eq(id, l->wanted))
		kt_audit_pseudonym(secret, l->found);
	else if (l->to != NULL &&
	    kt_audit_subject_load(l->to, id, secret) == NULL)
		(void)kt_fail(&l->err, KT_E_LIMIT, "no memory for callers");
	explicit_bzero(secret, sizeof(secret));
	return l->err.rc;
}

/* An erasure that was interrupted leaves the name with half a secret. */
static bool
is_whole(const char *name, struct kt_span bytes)
{
	char pseudonym[KT_AUDIT_PSEUDONYM];

	if (bytes.len <= KT_AUDIT_HASH)
		return true; /* no secret of ours: for others to say */
	kt_audit_pseudonym((const uint8_t *)bytes.ptr, pseudonym);
	return strcmp(pseudonym + 2, name) == 0;
}

/* What a crash left of a new one or of an erasure: nobody else finds it. */
static bool
drop(struct loading *l, const char *name)
{
	char path[KT_PATH_MAX];

	if (l->to == NULL)
		return true; /* only who writes may */
	if (path_of(l->dir, name, path, &l->err) < 0 ||
	    overwrite(l->io, path, &l->err) < 0)
		return false;
	if (l->io->unlink(l->io->arg, path) < 0)
		(void)kt_fail(&l->err, KT_E_IO, "%s: cannot be removed: %s",
		    path, strerror(errno));
	return l->err.rc == KT_OK;
}

static bool
see_file(void *arg, const char *name)
{
	struct loading *l = arg;
	char path[KT_PATH_MAX];
	struct kt_buf bytes;

	if (kt_span_ends(kt_span_of(name), KT_SPAN(".tmp")))
		return drop(l, name);
	if (strlen(name) != KT_AUDIT_PSEUDONYM - 3)
		return true;
	kt_buf_init(&bytes, FILE_MAX + 8192);
	if (path_of(l->dir, name, path, &l->err) == KT_OK &&
	    kt_disk_read_file(l->io, path, FILE_MAX, &bytes, &l->err) == KT_OK) {
		if (!is_whole(name, kt_buf_span(&bytes)))
			(void)drop(l, name); /* l->err says if not */
		else if (take_secret(l, kt_buf_span(&bytes)) < 0)
			(void)kt_wrap(&l->err, "%s", path);
	}
	if (bytes.ptr != NULL)
		explicit_bzero(bytes.ptr, bytes.cap);
	kt_buf_fini(&bytes);
	return l->err.rc == KT_OK && (l->found == NULL || *l->found == '\0');
}

static enum kt_rc
read_all(struct loading *l)
{
	char path[KT_PATH_MAX];
	struct kt_err err = { 0 };

	if (path_of(l->dir, "", path, &err) < 0 ||
	    (kt_disk_list(l->io, path, see_file, l, &err) < 0 &&
		errno != ENOENT))
		l->err = err;
	return l->err.rc;
}

enum kt_rc
kt_vault_load(struct kt_audit_subjects *to, const struct kt_disk_io *io,
    const char *dir, struct kt_err *err)
{
	struct loading l = { .to = to, .io = io, .dir = dir };

	if (read_all(&l) < 0) {
		*err = l.err;
		return err->rc;
	}
	return KT_OK;
}

bool
kt_vault_pseudonym(const struct kt_disk_io *io, const char *dir,
    struct kt_span id, char out[KT_AUDIT_PSEUDONYM])
{
	struct loading l = { .io = io, .dir = dir, .wanted = id, .found = out };

	*out = '\0';
	return read_all(&l) == KT_OK && *out != '\0';
}

bool
kt_vault_secret(const struct kt_disk_io *io, const char *dir,
    struct kt_span pseudonym, uint8_t secret[KT_AUDIT_HASH])
{
	char path[KT_PATH_MAX], name[KT_AUDIT_PSEUDONYM];
	uint8_t digits[(KT_AUDIT_PSEUDONYM - 3) / 2];
	struct kt_buf bytes;
	struct kt_err err;
	bool is_there;

	if (pseudonym.len != KT_AUDIT_PSEUDONYM - 1 ||
	    !kt_unhex(kt_span_sub(pseudonym, 2, pseudonym.len), digits,
		sizeof(digits)))
		return false;
	(void)snprintf(name, sizeof(name), "%.*s",
	    KT_SPAN_ARG(kt_span_sub(pseudonym, 2, pseudonym.len)));
	kt_buf_init(&bytes, FILE_MAX + 8192);
	is_there = path_of(dir, name, path, &err) == KT_OK &&
	    kt_disk_read_file(io, path, FILE_MAX, &bytes, &err) == KT_OK &&
	    bytes.len > KT_AUDIT_HASH && is_whole(name, kt_buf_span(&bytes));
	if (is_there)
		memcpy(secret, bytes.ptr, KT_AUDIT_HASH);
	if (bytes.ptr != NULL)
		explicit_bzero(bytes.ptr, bytes.cap);
	kt_buf_fini(&bytes);
	return is_there;
}

/* ---- writing ---- */

static enum kt_rc
store_one(const struct kt_audit_subject *s, const struct kt_disk_io *io,
    const char *dir, struct kt_err *err)
{
	char path[KT_PATH_MAX], bytes[FILE_MAX];
	size_t n = KT_AUDIT_HASH + s->id.len;
	enum kt_rc rc;

	if (n > sizeof(bytes))
		return kt_fail(err, KT_E_LIMIT, "a caller's name is too long");
	if (path_of(dir, file_of(s), path, err) < 0)
		return err->rc;
	memcpy(bytes, s->secret, KT_AUDIT_HASH);
	memcpy(bytes + KT_AUDIT_HASH, s->id.ptr, s->id.len);
	rc = kt_disk_write_atomic(
	    io, path, (struct kt_span){ bytes, n }, 0600, err);
	explicit_bzero(bytes, sizeof(bytes));
	return rc;
}

enum kt_rc
kt_vault_store(struct kt_audit_subjects *from, const struct kt_disk_io *io,
    const char *dir, struct kt_err *err)
{
	struct kt_audit_subject *s = kt_audit_subjects_fresh(from), *next;
	enum kt_rc rc = KT_OK;
	char path[KT_PATH_MAX];

	if (s == NULL)
		return KT_OK;
	if (path_of(dir, "", path, err) < 0 ||
	    kt_disk_mkdir(io, path, 0700, err) < 0)
		rc = err->rc;
	for (; s != NULL; s = next) {
		next = s->fresh;
		if (rc == KT_OK && !atomic_load(&s->is_forgotten))
			rc = store_one(s, io, dir, err);
		if (rc < 0)
			kt_audit_subject_again(from, s);
	}
	return rc;
}

enum kt_rc
kt_vault_erase(struct kt_audit_subject *s, const struct kt_disk_io *io,
    const char *dir, struct kt_err *err)
{
	char path[KT_PATH_MAX], vault[KT_PATH_MAX];
	uint8_t random[KT_AUDIT_HASH];

	if (path_of(dir, file_of(s), path, err) < 0 ||
	    path_of(dir, "", vault, err) < 0 ||
	    kt_disk_random(random, sizeof(random), err) < 0 ||
	    overwrite(io, path, err) < 0)
		return err->rc;
	if (io->unlink(io->arg, path) < 0)
		return kt_fail(err, KT_E_IO, "%s: cannot be removed: %s", path,
		    strerror(errno));
	kt_audit_subject_forget(s, random);
	return kt_disk_sync_dir(io, vault, err);
}
