/*
 * audit_reveal - finds, opens and checks first, and has it recorded then: an
 * order that came to nothing would be a record of what never happened.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit_reveal.h"

#include "audit/canon.h"
#include "cmd/audit/content.h"
#include "cmd/audit_orders.h"
#include "cmd/log/vault.h"

struct found { /* members of the record, and the caller's secret */
	struct kt_span call_id, mode; /* mode: of what is kept, or nothing */
	uint8_t secret[KT_AUDIT_HASH];
};

static enum kt_rc
read_record(struct kt_reveal *r, struct found *f, struct kt_span line,
    struct kt_err *err)
{
	struct kt_audit_line env;

	if (kt_audit_line_parse(line, &env, err) < 0)
		return err->rc;
	r->index = env.i;
	if (!kt_audit_member_of_text(line, "content", &f->mode)) {
		f->mode = KT_SPAN("");
		if (!r->is_for_proof)
			return kt_fail(err, KT_E_MISUSE, "record %llu: nothing "
			    "of it was to be kept",
			    (unsigned long long)r->index);
	}
	r->field = kt_revealed_named(r->name);
	if (!r->is_for_proof && strcmp(r->name, "request") == 0 &&
	    kt_span_eq(f->mode, KT_SPAN("redacted")))
		r->field = kt_revealed_named("content");
	if (!kt_audit_member_of_text(line, "call_id", &f->call_id) ||
	    !kt_audit_member_of_text(line, "principal.id", &r->subject) ||
	    !kt_audit_member_of_text(line, r->field->member, &r->commit))
		return kt_fail(err, KT_E_MISUSE, "record %llu: it has no %s, "
		    "so there is no %s to show", (unsigned long long)r->index,
		    r->field->member, r->name);
	r->is_salted = kt_span_starts(r->commit, KT_SPAN("sha256s:"));
	return KT_OK;
}

static enum kt_rc
find_secret(const char *dir, struct kt_span subject,
    uint8_t secret[KT_AUDIT_HASH], struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (kt_span_starts(subject, KT_SPAN("p:"))) {
		if (kt_vault_secret(&kt_disk_real, dir, subject, secret))
			return KT_OK;
		return kt_fail(err, KT_E_MISUSE, "the secret of caller %.*s is "
		    "not there: erased, or not for you to read",
		    KT_SPAN_ARG(subject));
	}
	if (snprintf(path, sizeof(path), "%s/key/commit.key", dir) >=
	    (int)sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (kt_disk_read_secret(
	    &kt_disk_real, path, secret, KT_AUDIT_HASH, err) < 0)
		return kt_fail(err, KT_E_MISUSE, "%s: not a key, or "
		    "not for you to read", path);
	return KT_OK;
}

/* The part of what is kept that this field commits to; empty: neither. */
static struct kt_span
part_of(const struct kt_reveal *r, const struct found *f,
    const struct kt_content *c)
{
	bool is_redacted = kt_span_eq(f->mode, KT_SPAN("redacted"));

	if (strcmp(r->field->name, "completion") == 0)
		return c->completion;
	if (is_redacted == (strcmp(r->field->name, "content") == 0))
		return c->request;
	return (struct kt_span){ .len = 0 };
}

static enum kt_rc
open_content(struct kt_reveal *r, struct found *f, struct kt_audit_dir *d,
    struct kt_err *err)
{
	struct kt_content c = { .request = { 0 } };
	struct kt_audit_found at;
	struct kt_buf sealed, ignored;
	enum kt_rc rc;

	kt_buf_init(&ignored, 2 * KT_AUDIT_LINE_MAX);
	kt_buf_init(&sealed, 2 * (size_t)KT_CONTENT_CALL_MAX);
	rc = kt_audit_find_at(d, r->index, &ignored, &at, err);
	if (rc == KT_OK)
		rc = kt_content_find(
		    d->dir, at.segment, r->index, &sealed, err);
	if (rc == KT_OK)
		rc = kt_content_open(kt_buf_span(&sealed), f->secret,
		    f->call_id, &r->plain, &c, err);
	kt_buf_fini(&sealed);
	kt_buf_fini(&ignored);
	if (rc < 0)
		return rc;
	r->bytes = part_of(r, f, &c);
	if (r->bytes.len == 0)
		return kt_fail(
		    err, KT_E_MISUSE, "the %s is not kept", r->name);
	if (!kt_content_is(r->bytes, r->commit, r->salt))
		return kt_fail(err, KT_E_PARSE,
		    "what is kept is not what the record commits to");
	return KT_OK;
}

enum kt_rc
kt_reveal_open(struct kt_reveal *r, struct kt_audit_dir *d,
    struct kt_span line, struct kt_err *err)
{
	struct found f = { .call_id = { 0 } };
	enum kt_rc rc;

	kt_buf_init(&r->plain, 2 * (size_t)KT_CONTENT_CALL_MAX);
	rc = read_record(r, &f, line, err);
	if (rc == KT_OK)
		rc = find_secret(d->dir, r->subject, f.secret, err);
	if (rc == KT_OK) {
		kt_audit_salt(f.secret, f.call_id,
		    kt_span_of(r->field->name), r->salt);
		rc = open_content(r, &f, d, err);
		if (rc == KT_E_MISUSE && r->is_for_proof) {
			r->bytes = (struct kt_span){ .ptr = NULL };
			rc = KT_OK; /* somebody else may have it */
		}
	}
	explicit_bzero(f.secret, sizeof(f.secret));
	return rc;
}

enum kt_exit
kt_reveal_tell(const struct kt_reveal *r, const char *dir)
{
	enum kt_exit e = kt_audit_order_reveal(
	    dir, r->index, r->name, r->reason, r->by, r->subject);

	if (e != KT_EXIT_YES)
		return e;
	kt_say("record %llu commits to this %s (%.*s); an admin record tells "
	    "that it was shown", (unsigned long long)r->index, r->name,
	    KT_SPAN_ARG(r->commit));
	return e;
}

void
kt_reveal_fini(struct kt_reveal *r)
{
	explicit_bzero(r->salt, sizeof(r->salt));
	if (r->plain.ptr != NULL)
		explicit_bzero(r->plain.ptr, r->plain.len);
	kt_buf_fini(&r->plain);
}
