/*
 * content - what was said in a call, encrypted, in a file beside its segment.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    content/NNNNNNNNNNNN, one entry for each call of the segment of
 *           that number (kt-audit(5), Content).
 * Does not: decide what is kept, or who may see it.
 * Promises: an entry opens with the secret of its caller and the id of its
 *           call only; one that was changed or moved does not open.
 */
#ifndef KT_CONTENT_H
#define KT_CONTENT_H
#include "audit/audit.h"
#include "disk/disk.h"

struct kt_content { /* empty: that part is not kept */
	struct kt_span request, completion;
};
/* Appends an entry.  KT_E_LIMIT: too long, or no memory. */
KT_MUSTCHECK enum kt_rc kt_content_put(const struct kt_content *c,
    uint64_t index, const uint8_t secret[KT_AUDIT_HASH],
    struct kt_span call_id, struct kt_buf *out, struct kt_err *err);
/* "<dir>/content/NNNNNNNNNNNN"; KT_E_LIMIT: too long. */
KT_MUSTCHECK enum kt_rc kt_content_path(char path[static KT_PATH_MAX],
    const char *dir, uint64_t segment, struct kt_err *err);
/* The sealed bytes of a record.  KT_E_MISUSE: none are kept. */
KT_MUSTCHECK enum kt_rc kt_content_find(const char *dir, uint64_t segment,
    uint64_t index, struct kt_buf *sealed, struct kt_err *err);
/* KT_E_PARSE: it was changed, or is another's.  c borrows from `plain`. */
KT_MUSTCHECK enum kt_rc kt_content_open(struct kt_span sealed,
    const uint8_t secret[KT_AUDIT_HASH], struct kt_span call_id,
    struct kt_buf *plain, struct kt_content *c, struct kt_err *err);
/*
 * Whether `commit` is a commitment to these bytes: sha256s: with the salt of
 * its field, sha256: of them alone.
 */
bool kt_content_is(struct kt_span bytes, struct kt_span commit,
    const uint8_t salt[KT_AUDIT_HASH]);

#endif
