/*
 * cosign - what a witness says about a checkpoint: C2SP tlog-cosignature.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    Ed25519 cosignatures, their keys and the text they are over.
 * Does not: decide whether a checkpoint deserves one.
 * Promises: a cosignature that holds fixes the checkpoint's text and the
 *           second it was given; a key of a log signs none.
 */
#ifndef KT_AUDIT_COSIGN_H
#define KT_AUDIT_COSIGN_H
#include "audit/key.h"

/* As kt_audit_vkey_*, of keys that cosign: type 0x04. */
KT_MUSTCHECK enum kt_rc kt_audit_covkey_make(struct kt_audit_vkey *k,
    struct kt_span name, const uint8_t pub[KT_AUDIT_PUB], struct kt_err *err);
KT_MUSTCHECK enum kt_rc kt_audit_covkey_parse(
    struct kt_span text, struct kt_audit_vkey *k, struct kt_err *err);
void kt_audit_covkey_text(
    const struct kt_audit_vkey *k, char out[KT_AUDIT_VKEY_TEXT]);

/* Appends the line of a cosignature over this note, LF and all, to `out`. */
KT_MUSTCHECK enum kt_rc kt_audit_cosign(const struct kt_audit_signer *s,
    struct kt_span note, uint64_t seconds, struct kt_buf *out,
    struct kt_err *err);
/* Whether a line of the note is by this witness; then since when. */
bool kt_audit_is_cosigned(const struct kt_audit_vkey *k, struct kt_span note,
    uint64_t *seconds);

#endif
