/*
 * receipt - what a client keeps of an answer.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    "<origin>#<index>;<leaf hash>", as the gateway's header has it.
 * Does not: know a log, or whether the record is in it.
 * Promises: what is written is read as it was.
 */
#ifndef KT_AUDIT_RECEIPT_H
#define KT_AUDIT_RECEIPT_H
#include "audit/audit.h"

#define KT_AUDIT_RECEIPT_MAX 512 /* bytes */

struct kt_audit_receipt {
	uint64_t index;
	uint8_t leaf[KT_AUDIT_HASH];
};
KT_MUSTCHECK enum kt_rc kt_audit_receipt_parse(struct kt_span text,
    struct kt_audit_receipt *r, struct kt_span *origin, struct kt_err *err);
/* Into text; empty when the origin is too long. */
struct kt_span kt_audit_receipt_write(const struct kt_audit_receipt *r,
    struct kt_span origin, char text[static KT_AUDIT_RECEIPT_MAX]);

#endif
