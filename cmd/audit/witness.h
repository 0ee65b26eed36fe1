/*
 * witness - who has seen a log grow, and says so under its own key.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the folder of a witness, and C2SP tlog-witness: what is asked,
 *           what is checked, what is answered.
 * Does not: carry requests: they are texts, from wherever.
 * Promises: of one log it cosigns one history, each checkpoint of it an
 *           extension of the one before, which it keeps before it answers;
 *           two requests at a time are answered one after the other.
 */
#ifndef KT_WITNESS_H
#define KT_WITNESS_H
#include "audit/cosign.h"
#include "cmd/audit/find.h"

/* Makes the folder and its key.  KT_E_MISUSE: it has one. */
KT_MUSTCHECK enum kt_rc kt_witness_init(
    const char *folder, struct kt_span name, struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_witness_key(
    const char *folder, struct kt_audit_vkey *key, struct kt_err *err);
/* The log of this key may ask from now on. */
KT_MUSTCHECK enum kt_rc kt_witness_trust(
    const char *folder, struct kt_span vkey, struct kt_err *err);

enum kt_witness_status { /* as HTTP's */
	KT_WITNESS_ADDED = 200,
	KT_WITNESS_MALFORMED = 400,
	KT_WITNESS_UNSIGNED = 403,
	KT_WITNESS_UNKNOWN = 404,
	KT_WITNESS_CONFLICT = 409,
	KT_WITNESS_INCONSISTENT = 422,
};
/* A line that ends with a line feed. */
const char *kt_witness_meaning(enum kt_witness_status s);
/*
 * Answers a request of add-checkpoint: the line of the cosignature, or with
 * KT_WITNESS_CONFLICT the size that is known.  A failure is the folder's;
 * KT_E_MISUSE: another process answers one just now.
 */
KT_MUSTCHECK enum kt_rc kt_witness_add(const char *folder,
    struct kt_span request, enum kt_witness_status *status,
    struct kt_buf *answer, struct kt_err *err);

/* ---- the log's side ---- */

/* A request for the newest checkpoint of a directory. */
KT_MUSTCHECK enum kt_rc kt_witness_request(struct kt_audit_dir *d,
    uint64_t old, struct kt_buf *out, struct kt_err *err);
/* The checkpoint of a request together with its answer, into the directory. */
KT_MUSTCHECK enum kt_rc kt_witness_keep(const struct kt_audit_dir *d,
    struct kt_span request, struct kt_span answer,
    const struct kt_audit_vkey *key, struct kt_err *err);

struct kt_witnessed { /* what the directory has of a witness */
	struct kt_audit_vkey key;
	uint64_t size, seconds; /* size 0: nothing that holds */
	uint8_t root[KT_AUDIT_HASH];
};
/* Fills in all but the key. */
void kt_witness_read(const char *dir, struct kt_witnessed *w);

#endif
