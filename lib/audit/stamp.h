/*
 * stamp - that a checkpoint was there at a time, as RFC 3161 has it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    the request for a time stamp, and what an answer stamps.
 * Does not: send anything, or tell the time.
 * Promises: an answer counts where an authority that is trusted signed it for
 *           time stamping; nothing is taken from one that does not.
 * Does not promise: that certificates were in force at that time, or were not
 *           revoked: openssl ts -verify looks at more of them.
 */
#ifndef KT_AUDIT_STAMP_H
#define KT_AUDIT_STAMP_H
#include "audit/audit.h"

#define KT_AUDIT_STAMP_NONCE 8

struct kt_audit_stamp {
	uint8_t digest[KT_AUDIT_HASH]; /* SHA-256 of what was stamped */
	char time[21]; /* "2026-11-20T00:00:04Z", of the second */
};
/* Appends a TimeStampReq in DER, which asks for the certificate, too. */
KT_MUSTCHECK enum kt_rc kt_audit_stamp_ask(
    const uint8_t digest[KT_AUDIT_HASH],
    const uint8_t nonce[KT_AUDIT_STAMP_NONCE], struct kt_buf *out,
    struct kt_err *err);
/*
 * A TimeStampResp in DER; `trusted` are certificates in PEM.  KT_E_PARSE: it
 * is none, stamps nothing, or is not by one of them.
 */
KT_MUSTCHECK enum kt_rc kt_audit_stamp_read(struct kt_span answer,
    struct kt_span trusted, struct kt_audit_stamp *out, struct kt_err *err);

#endif
