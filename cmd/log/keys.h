/*
 * keys - the private keys of an audit directory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    key/log.key, which never changes, and key/epoch.key, which the
 *           log replaces when it begins a segment, and key/recovery.key,
 *           which is made once and taken away (kt-audit(5), Keys).
 * Does not: know which epoch the log is in: recover.c compares.
 * Promises: a key is on disk before a record names it; the one before is
 *           overwritten before it is unlinked.
 */
#ifndef KT_KEYS_H
#define KT_KEYS_H
#include "audit/key.h"
#include "disk/disk.h"

struct kt_keys {
	const struct kt_disk_io *io;
	char dir[KT_PATH_MAX]; /* "<audit directory>/key" */
	struct kt_audit_signer stable, epoch;
	struct kt_audit_signer next; /* state NULL: there is none */
	/* Who may revoke them: a vkey, or "" for a log from before. */
	char recovery[KT_AUDIT_VKEY_TEXT];
	bool is_new; /* made just now: nobody has seen the public part */
};
/*
 * Reads the keys of a log whose name part is `name`.  KT_E_PARSE: some are
 * missing or no keys.  `is_fresh`: there is no record yet, so make them.
 */
KT_MUSTCHECK enum kt_rc kt_keys_open(struct kt_keys *k,
    const struct kt_disk_io *io, const char *dir, struct kt_span name,
    bool is_fresh, struct kt_err *err);
void kt_keys_close(struct kt_keys *k);
/* Makes the next epoch's key and stores it beside the one in force. */
KT_MUSTCHECK enum kt_rc kt_keys_make_next(
    struct kt_keys *k, struct kt_err *err);
/* The next key is now in force; the one before is gone. */
KT_MUSTCHECK enum kt_rc kt_keys_promote(
    struct kt_keys *k, struct kt_err *err);
/* Thirty-two random bytes that stay the same from then on. */
KT_MUSTCHECK enum kt_rc kt_keys_secret(const struct kt_disk_io *io,
    const char *path, bool may_make, uint8_t secret[KT_AUDIT_SEED],
    bool *is_new, struct kt_err *err);

#endif
