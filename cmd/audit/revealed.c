/*
 * revealed - bytes and salt as files of their own, so that cat and sha256sum
 * are enough.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/revealed.h"

#include "audit/canon.h"
#include "cmd/audit/content.h"

#include <errno.h>

const struct kt_revealed_field kt_revealed_fields[KT_REVEALED_FIELDS] = {
	{ "completion", "completion_commit" },
	{ "content", "content_commit" },
	{ "request", "request_commit" },
};

const struct kt_revealed_field *
kt_revealed_named(const char *name)
{
	for (size_t i = 0; i < KT_REVEALED_FIELDS; i++) {
		if (strcmp(kt_revealed_fields[i].name, name) == 0)
			return &kt_revealed_fields[i];
	}
	return NULL;
}

static enum kt_rc
path_of(const char *folder, uint64_t index, const char *name,
    const char *suffix, char path[static KT_PATH_MAX], struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s/%llu.%s%s", folder,
	    (unsigned long long)index, name, suffix);

	if (n < 0 || n >= KT_PATH_MAX)
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", folder);
	return KT_OK;
}

/* ---- writing ---- */

enum kt_rc
kt_revealed_write(const char *folder, uint64_t index,
    const struct kt_revealed_field *f, const uint8_t *salt,
    struct kt_span bytes, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (salt != NULL &&
	    (path_of(folder, index, f->name, ".salt", path, err) < 0 ||
		kt_disk_write_atomic(&kt_disk_real, path,
		    (struct kt_span){ (const char *)salt, KT_AUDIT_HASH },
		    0600, err) < 0))
		return err->rc;
	if (bytes.ptr == NULL)
		return KT_OK;
	if (path_of(folder, index, f->name, "", path, err) < 0)
		return err->rc;
	return kt_disk_write_atomic(&kt_disk_real, path, bytes, 0600, err);
}

static const char salted[] =
"\n"
"## What was said: `%s`\n"
"\n"
"The record commits to it: `%s` is `sha256s:` and what\n"
"\n"
"    (printf 'kt-commit-v1\\0'; cat %llu.%s.salt %llu.%s) | sha256sum\n"
"\n"
"prints.  The salt is for this field of this record and says nothing about\n"
"any other.%s\n";

static const char plain[] =
"\n"
"## What was said: `%s`\n"
"\n"
"The record commits to it: `%s` is `sha256:` and what\n"
"\n"
"    cat %llu.%s | sha256sum\n"
"\n"
"prints.%s\n";

enum kt_rc
kt_revealed_readme(uint64_t index, const struct kt_revealed_field *f,
    bool is_salted, bool has_bytes, struct kt_buf *out, struct kt_err *err)
{
	unsigned long long i = index;
	const char *more = has_bytes ? "" : "\nThe log has not kept it: put "
	    "the bytes that you have from elsewhere into that\nfile.";
	enum kt_rc rc;

	if (is_salted)
		rc = kt_buf_printf(out, salted, f->name, f->member, i, f->name,
		    i, f->name, more);
	else
		rc = kt_buf_printf(
		    out, plain, f->name, f->member, i, f->name, more);
	return rc < 0 ? kt_fail(err, KT_E_LIMIT, "no room for a text") : KT_OK;
}

/* ---- checking ---- */

static enum kt_rc
read_salt(const char *folder, uint64_t index, const char *name,
    uint8_t salt[KT_AUDIT_HASH], bool *is_there, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (path_of(folder, index, name, ".salt", path, err) < 0)
		return err->rc;
	rc = kt_disk_read_secret(
	    &kt_disk_real, path, salt, KT_AUDIT_HASH, err);
	*is_there = rc == KT_OK;
	if (rc == KT_E_PARSE)
		return kt_fail(err, rc, "%s: no salt", path);
	return rc == KT_E_IO && errno == ENOENT ? KT_OK : rc;
}

static enum kt_rc
read_bytes(const char *folder, uint64_t index, const char *name,
    struct kt_buf *bytes, bool *is_there, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (path_of(folder, index, name, "", path, err) < 0)
		return err->rc;
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_CONTENT_CALL_MAX, bytes, err);
	*is_there = rc == KT_OK;
	return rc == KT_E_IO && errno == ENOENT ? KT_OK : rc;
}

static enum kt_rc
check_field(struct kt_revealed *r, size_t k, const char *folder,
    uint64_t index, struct kt_span line, struct kt_buf *bytes,
    struct kt_err *err)
{
	const struct kt_revealed_field *f = &kt_revealed_fields[k];
	uint8_t salt[KT_AUDIT_HASH] = { 0 };
	bool has_salt, has_bytes;
	struct kt_span commit;

	if (read_salt(folder, index, f->name, salt, &has_salt, err) < 0 ||
	    read_bytes(folder, index, f->name, bytes, &has_bytes, err) < 0)
		return err->rc;
	if (!has_salt && !has_bytes)
		return KT_OK;
	if (!kt_audit_member_of_text(line, f->member, &commit))
		return kt_fail(err, KT_E_PARSE,
		    "the record commits to no %s", f->name);
	if (!has_bytes) {
		r->field[k].state = KT_REVEALED_SALT;
		return KT_OK;
	}
	if (!has_salt && kt_span_starts(commit, KT_SPAN("sha256s:")))
		return kt_fail(err, KT_E_MISUSE, "the %s cannot be checked: "
		    "its salt is not beside it", f->name);
	if (!kt_content_is(kt_buf_span(bytes), commit, salt))
		return kt_fail(err, KT_E_PARSE,
		    "the %s is not what the record commits to", f->name);
	r->field[k].state = KT_REVEALED_BYTES;
	r->field[k].bytes = bytes->len;
	return KT_OK;
}

enum kt_rc
kt_revealed_check(struct kt_revealed *r, const char *folder, uint64_t index,
    struct kt_span line, struct kt_err *err)
{
	struct kt_buf bytes;
	enum kt_rc rc = KT_OK;

	*r = (struct kt_revealed){ .field = { { 0 } } };
	kt_buf_init(&bytes, KT_CONTENT_CALL_MAX + 8192);
	for (size_t k = 0; k < KT_REVEALED_FIELDS && rc == KT_OK; k++)
		rc = check_field(r, k, folder, index, line, &bytes, err);
	kt_buf_fini(&bytes);
	return rc;
}
