/*
 * signed_report - a signed note of three lines, as checkpoints are; whoever
 * can check those checks this with sha256sum beside it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/signed_report.h"

#define HEAD "kt-audit/1 report\n"
#define REPORT_MAX (64u << 20)

/* The text of the note, its empty line included. */
static enum kt_rc
write_text(const char *report, const char *origin, struct kt_buf *to,
    struct kt_err *err)
{
	uint8_t digest[KT_AUDIT_HASH];
	char hex[2 * KT_AUDIT_HASH + 1];
	struct kt_buf bytes;
	enum kt_rc rc;

	kt_buf_init(&bytes, 2 * (size_t)REPORT_MAX);
	rc = kt_disk_read_file(&kt_disk_real, report, REPORT_MAX, &bytes, err);
	kt_audit_sha256(kt_buf_span(&bytes), digest);
	kt_buf_fini(&bytes);
	kt_hex(digest, sizeof(digest), hex);
	if (rc == KT_OK &&
	    kt_buf_printf(to, HEAD "%s\n%s\n\n", origin, hex) < 0)
		rc = kt_fail(err, KT_E_LIMIT, "no memory");
	return rc;
}

static enum kt_rc
note_path(const char *report, char path[static KT_PATH_MAX], struct kt_err *err)
{
	int n = snprintf(path, KT_PATH_MAX, "%s.note", report);

	return n > 0 && n < KT_PATH_MAX ? KT_OK :
	    kt_fail(err, KT_E_LIMIT, "%s: path too long", report);
}

static enum kt_rc
take_key(const char *dir, const char *origin, struct kt_audit_signer *s,
    struct kt_err *err)
{
	uint8_t seed[KT_AUDIT_SEED];
	char path[KT_PATH_MAX];
	enum kt_rc rc;

	if (snprintf(path, sizeof(path), "%s/key/log.key", dir) >=
	    (int)sizeof(path))
		return kt_fail(err, KT_E_LIMIT, "%s: path too long", dir);
	if (kt_disk_read_secret(
	    &kt_disk_real, path, seed, sizeof(seed), err) < 0)
		return err->rc;
	rc = kt_audit_signer_init(s, kt_span_of(origin), seed, err);
	explicit_bzero(seed, sizeof(seed));
	return rc;
}

enum kt_rc
kt_report_sign(const char *report, const char *dir, const char *origin,
    struct kt_err *err)
{
	struct kt_audit_signer s = { .state = NULL };
	char path[KT_PATH_MAX];
	struct kt_buf note;
	enum kt_rc rc = note_path(report, path, err);

	kt_buf_init(&note, KT_AUDIT_NOTE_MAX);
	if (rc == KT_OK)
		rc = take_key(dir, origin, &s, err);
	if (rc == KT_OK)
		rc = write_text(report, origin, &note, err);
	if (rc == KT_OK)
		rc = kt_audit_note_sign(&s, &note, note.len - 1, err);
	if (rc == KT_OK)
		rc = kt_disk_replace(
		    &kt_disk_real, path, kt_buf_span(&note), 0644, err);
	kt_audit_signer_fini(&s);
	kt_buf_fini(&note);
	return rc;
}

/* The note says exactly what it would say of these bytes and this key. */
static enum kt_rc
check(const char *report, struct kt_span note, const struct kt_audit_vkey *k,
    struct kt_err *err)
{
	struct kt_audit_checker c = { .state = NULL };
	struct kt_buf text;
	enum kt_rc rc;

	kt_buf_init(&text, KT_AUDIT_NOTE_MAX);
	rc = write_text(report, k->name, &text, err);
	if (rc == KT_OK)
		rc = kt_audit_checker_init(&c, k, err);
	if (rc == KT_OK && !kt_span_starts(note, kt_buf_span(&text)))
		rc = kt_fail(err, KT_E_PARSE, "%s: its note is over other bytes, "
		    "or of another log", report);
	if (rc == KT_OK &&
	    kt_audit_note_check(&c, note) != KT_AUDIT_SIGNED_GOOD)
		rc = kt_fail(err, KT_E_PARSE, "%s: its note is not signed by "
		    "this key", report);
	kt_audit_checker_fini(&c);
	kt_buf_fini(&text);
	return rc;
}

enum kt_rc
kt_report_check(const char *report, struct kt_span vkey, struct kt_err *err)
{
	char path[KT_PATH_MAX];
	struct kt_audit_vkey k;
	struct kt_buf note;
	enum kt_rc rc;

	if (note_path(report, path, err) < 0 ||
	    kt_audit_vkey_parse(vkey, &k, err) < 0)
		return err->rc;
	kt_buf_init(&note, 4 * KT_AUDIT_NOTE_MAX);
	rc = kt_disk_read_file(
	    &kt_disk_real, path, KT_AUDIT_NOTE_MAX, &note, err);
	if (rc == KT_OK)
		rc = check(report, kt_buf_span(&note), &k, err);
	kt_buf_fini(&note);
	return rc;
}
