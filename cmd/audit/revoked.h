/*
 * revoked - from which record on the keys of a log do not count.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the note that says so, kt-audit(5), Revocation.
 * Does not: find out that a key was stolen.
 * Promises: only a note by the recovery key that the log itself named counts.
 */
#ifndef KT_REVOKED_H
#define KT_REVOKED_H
#include "audit/verify.h"
#include "disk/disk.h"

#define KT_REVOKED_FILE "revocation"

struct kt_revoked {
	bool is_there;  /* and by the recovery key */
	bool has_other; /* a note that is no revocation of this log */
	uint64_t index; /* the first record that does not count; the least */
};
/* Takes a note into account. */
void kt_revoked_take(struct kt_revoked *r, const struct kt_audit_report *log,
    struct kt_span note);
/* That of the directory, if there is one.  KT_E_IO: it cannot be read. */
KT_MUSTCHECK enum kt_rc kt_revoked_read(struct kt_revoked *r,
    const struct kt_audit_report *log, const char *dir, struct kt_err *err);
/* The note.  KT_E_MISUSE: the key is not the log's recovery key. */
KT_MUSTCHECK enum kt_rc kt_revoked_write(const struct kt_audit_report *log,
    uint64_t index, const uint8_t seed[KT_AUDIT_SEED], struct kt_buf *note,
    struct kt_err *err);

#endif
