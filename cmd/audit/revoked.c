/*
 * revoked - a signed note like a checkpoint, so that whoever can check the
 * one can check the other; its first line keeps the two apart.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/revoked.h"

#include <errno.h>

#define HEAD "kt-audit/1 revocation\n"

static bool
says(struct kt_span note, const char *origin, uint64_t *index)
{
	struct kt_span text, lines;
	size_t n = strlen(origin);

	if (!kt_audit_note_split(note, &text, &lines) ||
	    !kt_span_starts(text, KT_SPAN(HEAD)))
		return false;
	text = kt_span_sub(text, sizeof(HEAD) - 1, text.len);
	if (!kt_span_starts(text, kt_span_of(origin)) || text.len < n + 3 ||
	    text.ptr[n] != '\n' || text.ptr[text.len - 1] != '\n')
		return false;
	return kt_span_u64(
	    kt_span_sub(text, n + 1, text.len - n - 2), index);
}

void
kt_revoked_take(struct kt_revoked *r, const struct kt_audit_report *log,
    struct kt_span note)
{
	struct kt_audit_checker c = { .state = NULL };
	struct kt_err ignored; /* then it is nobody's */
	uint64_t index;

	if (log->has_recovery && says(note, log->origin, &index) &&
	    kt_audit_checker_init(&c, &log->recovery, &ignored) == KT_OK &&
	    kt_audit_note_check(&c, note) == KT_AUDIT_SIGNED_GOOD) {
		r->index = r->is_there && r->index < index ? r->index : index;
		r->is_there = true;
	} else {
		r->has_other = true;
	}
	kt_audit_checker_fini(&c);
}

enum kt_rc
kt_revoked_read(struct kt_revoked *r, const struct kt_audit_report *log,
    const char *dir, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_buf note;
	enum kt_rc rc;

	if (snprintf(path, sizeof(path), "%s/" KT_REVOKED_FILE, dir) >=
	    (int)sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note, err);
	if (rc == KT_OK)
		kt_revoked_take(r, log, kt_buf_span(&note));
	else if (rc == KT_E_IO && errno == ENOENT)
		rc = KT_OK;
	kt_buf_fini(&note);
	return rc;
}

enum kt_rc
kt_revoked_write(const struct kt_audit_report *log, uint64_t index,
    const uint8_t seed[KT_AUDIT_SEED], struct kt_buf *note, struct kt_err *err)
{
	struct kt_audit_signer s = { .state = NULL };
	size_t text;
	enum kt_rc rc;

	if (!log->has_recovery)
		return kt_fail(err, KT_E_MISUSE, "this log is from before there "
		    "were recovery keys");
	rc = kt_audit_signer_init(
	    &s, kt_span_of(log->recovery.name), seed, err);
	if (rc == KT_OK && memcmp(s.vkey.pub, log->recovery.pub,
	    KT_AUDIT_PUB) != 0)
		rc = kt_fail(err, KT_E_MISUSE, "this is not the recovery key "
		    "that the log named");
	if (rc == KT_OK && kt_buf_printf(note, HEAD "%s\n%llu\n\n",
	    log->origin, (unsigned long long)index) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no memory");
	text = note->len - (rc == KT_OK ? 1 : 0);
	if (rc == KT_OK)
		rc = kt_audit_note_sign(&s, note, text, err);
	kt_audit_signer_fini(&s);
	return rc;
}
