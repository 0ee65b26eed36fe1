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
	struct kt_span call_id, subject;
	const char *salted_as; /* what the salt is made for */
	struct kt_audit_line env;
	uint8_t secret[KT_AUDIT_HASH];
};

static enum kt_rc
read_record(struct kt_reveal *r, struct found *f, struct kt_span line,
    struct kt_err *err)
{
	bool is_request = strcmp(r->field, "request") == 0;
	struct kt_span mode;

	if (kt_audit_line_parse(line, &f->env, err) < 0)
		return err->rc;
	if (!kt_audit_member_of_text(line, "content", &mode) ||
	    !kt_audit_member_of_text(line, "call_id", &f->call_id) ||
	    !kt_audit_member_of_text(line, "principal.id", &f->subject))
		return kt_fail(err, KT_E_MISUSE, "record %llu: nothing of it "
		    "was to be kept", (unsigned long long)f->env.i);
	f->salted_as = r->field;
	if (is_request && kt_span_eq(mode, KT_SPAN("redacted"))) {
		f->salted_as = "content";
		(void)kt_audit_member_of_text(
		    line, "content_commit", &r->commit);
	} else {
		(void)kt_audit_member_of_text(line, is_request ?
		    "request_commit" : "completion_commit", &r->commit);
	}
	return KT_OK;
}

static enum kt_rc
find_secret(const char *dir, struct found *f, struct kt_err *err)
{
	char path[KT_PATH_MAX];

	if (kt_span_starts(f->subject, KT_SPAN("p:"))) {
		if (kt_vault_secret(
		    &kt_disk_real, dir, f->subject, f->secret))
			return KT_OK;
		return kt_fail(err, KT_E_MISUSE, "the secret of caller %.*s is "
		    "not there: erased, or not for you to read",
		    KT_SPAN_ARG(f->subject));
	}
	if (snprintf(path, sizeof(path), "%s/key/commit.key", dir) >=
	    (int)sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (kt_disk_read_secret(
	    &kt_disk_real, path, f->secret, sizeof(f->secret), err) < 0)
		return kt_fail(err, KT_E_MISUSE, "%s: not a key, or "
		    "not for you to read", path);
	return KT_OK;
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
	rc = kt_audit_find_at(d, f->env.i, &ignored, &at, err);
	if (rc == KT_OK)
		rc = kt_content_find(
		    d->dir, at.segment, f->env.i, &sealed, err);
	if (rc == KT_OK)
		rc = kt_content_open(kt_buf_span(&sealed), f->secret,
		    f->call_id, &r->plain, &c, err);
	if (rc == KT_OK) {
		r->bytes = strcmp(r->field, "request") == 0 ? c.request :
		                                              c.completion;
		if (r->bytes.len == 0)
			rc = kt_fail(err, KT_E_MISUSE,
			    "the %s is not kept", r->field);
		else if (!kt_content_is(r->bytes, r->commit, f->secret,
		    f->call_id, f->salted_as))
			rc = kt_fail(err, KT_E_PARSE, "what is kept is not "
			    "what the record commits to");
	}
	kt_audit_salt(f->secret, f->call_id, kt_span_of(f->salted_as), r->salt);
	kt_buf_fini(&sealed);
	kt_buf_fini(&ignored);
	return rc;
}

enum kt_exit
kt_reveal(struct kt_reveal *r, struct kt_audit_dir *d, struct kt_span line)
{
	struct found f = { .salted_as = NULL };
	struct kt_err err = { .rc = KT_OK };
	enum kt_exit e;
	enum kt_rc rc;

	kt_buf_init(&r->plain, 2 * (size_t)KT_CONTENT_CALL_MAX);
	rc = read_record(r, &f, line, &err);
	if (rc == KT_OK)
		rc = find_secret(d->dir, &f, &err);
	if (rc == KT_OK)
		rc = open_content(r, &f, d, &err);
	explicit_bzero(f.secret, sizeof(f.secret));
	if (rc < 0) {
		kt_say("%s", err.text);
		return rc == KT_E_PARSE ? KT_EXIT_NO : KT_EXIT_UNKNOWN;
	}
	e = kt_audit_order_reveal(d->dir, f.env.i, r->field, r->reason, r->by,
	    f.subject);
	if (e == KT_EXIT_YES)
		kt_say("record %llu commits to this %s (%.*s); an admin record "
		    "tells that it was shown", (unsigned long long)f.env.i,
		    r->field, KT_SPAN_ARG(r->commit));
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
