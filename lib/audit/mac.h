/*
 * mac - HMAC-SHA256 of many short texts under one key.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    that setting up a key takes as long as the text that follows.
 * Does not: know whose key it is, or what the tags are for.
 * Promises: the salts of kt_audit_salt(), in half the time.
 */
#ifndef KT_AUDIT_MAC_H
#define KT_AUDIT_MAC_H
#include "audit/audit.h"

/* Holds memory from _init to _fini, and the key in it. */
struct kt_audit_mac {
	void *state;
};
KT_MUSTCHECK enum kt_rc kt_audit_mac_init(struct kt_audit_mac *m,
    const uint8_t key[KT_AUDIT_HASH], struct kt_err *err);
void kt_audit_mac_fini(struct kt_audit_mac *m);
/* The tag of a text. */
void kt_audit_mac(
    struct kt_audit_mac *m, struct kt_span text, uint8_t tag[KT_AUDIT_HASH]);
/* kt_audit_salt() under this key. */
void kt_audit_mac_salt(struct kt_audit_mac *m, struct kt_span call_id,
    struct kt_span field, uint8_t salt[KT_AUDIT_HASH]);

#endif
