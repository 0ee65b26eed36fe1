/*
 * since - the note's own text says which log it is of, and a key that it is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/audit/since.h"

#include "disk/disk.h"

enum kt_rc
kt_since_read(struct kt_since *s, const char *path, struct kt_err *err)
{
	kt_buf_fini(&s->note); /* of one that was named before */
	kt_buf_init(&s->note, 4 * KT_AUDIT_NOTE_MAX);
	if (kt_disk_read_file(&kt_disk_real, path, KT_AUDIT_NOTE_MAX, &s->note,
	    err) < 0)
		return err->rc;
	if (kt_audit_checkpoint_parse(kt_buf_span(&s->note), &s->cp, err) < 0)
		return kt_wrap(err, "%s", path);
	return s->cp.size > 0 ? KT_OK : kt_fail(err, KT_E_PARSE,
	    "%s: a checkpoint of no records", path);
}

void
kt_since_fini(struct kt_since *s)
{
	kt_buf_fini(&s->note);
}

/* A key may be by the full origin, or by the name part of it. */
static bool
is_named(struct kt_span origin, const struct kt_audit_vkey *key)
{
	struct kt_span name = kt_span_of(key->name);

	return kt_span_starts(origin, name) && (origin.len == name.len ||
	    (origin.ptr[name.len] == '/' &&
		origin.len == name.len + 1 + KT_AUDIT_LOG_ID));
}

static enum kt_rc
check_note(const struct kt_since *s, struct kt_span vkey, struct kt_err *err)
{
	unsigned long long size = s->cp.size;
	struct kt_audit_checker c;
	struct kt_audit_vkey key;
	bool is_signed;

	if (kt_audit_vkey_parse(vkey, &key, err) < 0)
		return kt_wrap(err, "the key of this log");
	if (!is_named(s->cp.origin, &key))
		return kt_fail(err, KT_E_PARSE,
		    "the checkpoint of %llu records is of another log", size);
	if (kt_audit_vkey_make(&key, s->cp.origin, key.pub, err) < 0 ||
	    kt_audit_checker_init(&c, &key, err) < 0)
		return err->rc;
	is_signed = kt_audit_note_check(&c, kt_buf_span(&s->note)) ==
	    KT_AUDIT_SIGNED_GOOD;
	kt_audit_checker_fini(&c);
	return is_signed ? KT_OK : kt_fail(err, KT_E_PARSE, "the checkpoint "
	    "of %llu records is not signed by the key of this log", size);
}

enum kt_rc
kt_since_check(const struct kt_since *s, const char *dir,
    struct kt_span pinned, struct kt_err *err)
{
	struct kt_audit_dir d;
	enum kt_rc rc = kt_audit_dir_open(&d, dir, err);

	if (rc == KT_OK)
		rc = check_note(s, pinned.len > 0 ? pinned :
		    kt_buf_span(&d.log_vkey), err);
	kt_audit_dir_close(&d);
	return rc;
}

enum kt_rc
kt_since_was_met(const struct kt_since *s, const struct kt_audit_report *r,
    struct kt_err *err)
{
	if (r->nbreaks > 0 || r->known_size == s->cp.size)
		return KT_OK;
	return kt_fail(err, KT_E_PARSE, "the checkpoint of %llu records cannot "
	    "be held against what is left: its last record is gone; "
	    "--known-checkpoint compares it by the tiles",
	    (unsigned long long)s->cp.size);
}
