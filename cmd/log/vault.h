/*
 * vault - who is behind a pseudonym, for as long as that may be known.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Knows:    vault/<32 digits>: a caller's secret and name, one file each.
 * Does not: decide who is to be forgotten, or write records.
 * Promises: a secret is durable before a record that depends on it is; one
 *           that was erased was overwritten before its file went.
 */
#ifndef KT_VAULT_H
#define KT_VAULT_H
#include "audit/subject.h"
#include "disk/disk.h"

/* Reads all of them.  KT_E_PARSE: one is no secret. */
KT_MUSTCHECK enum kt_rc kt_vault_load(struct kt_audit_subjects *to,
    const struct kt_disk_io *io, const char *dir, struct kt_err *err);
/* Stores what was added since; what fails is added again. */
KT_MUSTCHECK enum kt_rc kt_vault_store(struct kt_audit_subjects *from,
    const struct kt_disk_io *io, const char *dir, struct kt_err *err);
/* Overwrites and removes one, here and on disk. */
KT_MUSTCHECK enum kt_rc kt_vault_erase(struct kt_audit_subject *s,
    const struct kt_disk_io *io, const char *dir, struct kt_err *err);
/* The secret behind a pseudonym; false: it is not there, or not for us. */
bool kt_vault_secret(const struct kt_disk_io *io, const char *dir,
    struct kt_span pseudonym, uint8_t secret[KT_AUDIT_HASH]);
/* The pseudonym of `id`; false: there is none, or it cannot be read. */
bool kt_vault_pseudonym(const struct kt_disk_io *io, const char *dir,
    struct kt_span id, char out[KT_AUDIT_PSEUDONYM]);

#endif
